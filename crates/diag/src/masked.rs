//! What a caller dialled or keyed in as a code, taken out of the messages of a story: more people read it than know the code.

use strowger_base::journal::{Decision, Direction, Entry, Record, WhyRefused};

use crate::ladder::SCCP;

/// What is not shown of the messages of one call; nothing for most.
#[derive(Default)]
pub(crate) struct Masked {
    /// What was dialled with codes behind it, as messages write it, and what stands for it.
    dialled: Option<(String, String)>,
    /// The place of the first record after which keys are those of a code.
    keys_after: Option<usize>,
}

impl Masked {
    /// Of a call that was asked for codes.
    pub(crate) fn of(records: &[Record<'_>]) -> Masked {
        let is_asked = |record: &Record<'_>| match record.entry {
            Entry::Decision(decision) => matches!(
                decision,
                Decision::CodeAsked { .. }
                    | Decision::CodesAccepted(_)
                    | Decision::Refused { why: WhyRefused::Code { .. }, .. }
            ),
            _ => false,
        };
        let Some(asked) = records.iter().position(is_asked) else { return Masked::default() };
        let called = records.iter().find_map(|record| match record.entry {
            Entry::Decision(Decision::CallBegan { called, .. }) => Some(called),
            _ => None,
        });
        let user = records.iter().find_map(|record| match record.entry {
            Entry::Message { direction: Direction::Received, bytes, .. } => invited(bytes),
            _ => None,
        });
        let dialled = called.zip(user).and_then(|(called, user)| {
            let number = user.get(..behind(user, called)?)?;
            (number != user).then(|| (user.to_owned(), format!("{number}{MASK}")))
        });
        Masked { dialled, keys_after: Some(asked) }
    }

    /// A message, or a part of one, without codes; `place` is that of its record.
    pub(crate) fn text(&self, place: usize, text: String) -> String {
        let text = match &self.dialled {
            Some((dialled, shown)) => text.replace(dialled, shown),
            None => text,
        };
        match self.keys_after {
            Some(after) if place > after && text.starts_with(SCCP) => without_key(text),
            Some(after) if place > after => without_keys(text),
            Some(_) | None => text,
        }
    }
}

/// The user part of what an INVITE asks for.
fn invited(message: &[u8]) -> Option<&str> {
    let line = std::str::from_utf8(message.split(|byte| *byte == b'\r').next()?).ok()?;
    if line.starts_with(SCCP) {
        return line.split_once(" EnblocCall ").map(|(_, user)| user);
    }
    let (_, address) = line.strip_prefix("INVITE ")?.split_once(':')?;
    address.split_once('@').map(|(user, _)| user)
}

/// Where the number ends in a user part that begins with it; there `#` is written `%23` (RFC 3261 §25.1).
fn behind(user: &str, number: &str) -> Option<usize> {
    let mut rest = user;
    for character in number.chars() {
        rest = rest
            .strip_prefix(character)
            .or_else(|| rest.strip_prefix(&*format!("%{:02X}", u32::from(character))))
            .or_else(|| rest.strip_prefix(&*format!("%{:02x}", u32::from(character))))?;
    }
    Some(user.len() - rest.len())
}

/// A message that does not say which keys it tells of, in whatever form it does.
fn without_keys(text: String) -> String {
    if text.contains(REPORT) {
        return without_digits(&text);
    }
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return text };
    let head_in_small = head.to_ascii_lowercase();
    if body.is_empty() || !BODIES.iter().any(|of_keys| head_in_small.contains(of_keys)) {
        return text;
    }
    format!("{head}\r\n\r\n{MASK}")
}

/// A message of SCCP that does not say which key was pressed.
fn without_key(text: String) -> String {
    match text.split_once(" KeypadButton ") {
        Some((version, _)) => format!("{version} KeypadButton {MASK}\r\n"),
        None => text,
    }
}

/// A report of keys (RFC 4730 §5.3) that does not say which.
fn without_digits(text: &str) -> String {
    let mut parts = text.split("digits=");
    let mut masked = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        masked.push_str("digits=");
        let value = part.chars().next().filter(|quote| matches!(quote, '"' | '\'')).and_then(|quote| {
            let (_, rest) = part.get(1..)?.split_once(quote)?;
            Some((quote, rest))
        });
        match value {
            Some((quote, rest)) => masked.push_str(&format!("{quote}{MASK}{quote}{rest}")),
            None => masked.push_str(part),
        }
    }
    masked
}

const MASK: &str = "***";
/// Root of the documents in which phones report keys.
const REPORT: &str = "kpml-response";
/// What else is a key by itself: INFO in its two forms, and NOTIFY of the package `telephone-event`.
const BODIES: [&str; 3] = [": application/dtmf", ":application/dtmf", "audio/telephone-event"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_found_at_the_beginning_of_what_was_dialled() {
        let check = |user: &str, number: &str, expect: Option<&str>| {
            assert_eq!(behind(user, number).map(|at| &user[at..]), expect, "{user} {number}");
        };
        check("8123%23471100%23", "8123#", Some("471100%23"));
        check("8123#4711#", "8123#", Some("4711#"));
        check("%2b49%2A", "+49*", Some(""));
        check("8123", "8124", None);
        check("812", "8123", None);
    }

    #[test]
    fn keys_in_info_and_notify_are_not_shown() {
        let check = |head: &str, body: &str, expect: &str| {
            let text = without_keys(format!("INFO sip:a@b SIP/2.0\r\n{head}\r\n\r\n{body}"));
            assert_eq!(text.split_once("\r\n\r\n").unwrap().1, expect, "{head}");
        };
        check("Content-Type: application/dtmf-relay", "Signal=4\r\nDuration=160\r\n", "***");
        check("content-type: Application/DTMF", "4", "***");
        check("c:application/dtmf-relay", "Signal= 4\r\n", "***");
        check("Content-Type: audio/telephone-event", "\u{4}\n", "***");
        check("Content-Type: audio/telephone-event", "", "");
        check("Accept: application/dtmf-relayed\r\nContent-Type: application/sdp", "", "");
        check("Content-Type: application/sdp", "v=0\r\n", "v=0\r\n");
    }

    #[test]
    fn a_key_of_an_sccp_phone_is_not_told() {
        let masked = Masked { dialled: None, keys_after: Some(3) };
        let check = |place, text: &str, expect: &str| assert_eq!(masked.text(place, text.into()), expect);
        check(4, "SCCP/17 KeypadButton 5\r\nkey: 5,\r\n", "SCCP/17 KeypadButton ***\r\n");
        check(3, "SCCP/17 KeypadButton 5\r\nkey: 5,\r\n", "SCCP/17 KeypadButton 5\r\nkey: 5,\r\n");
        check(4, "SCCP/17 OnHook\r\n", "SCCP/17 OnHook\r\n");
        assert_eq!(invited(b"SCCP/17 EnblocCall 8123#47#\r\n"), Some("8123#47#"));
    }

    #[test]
    fn a_report_keeps_everything_but_its_digits() {
        let check = |text: &str, expect: &str| assert_eq!(without_digits(text), expect);
        check(
            "<kpml-response code=\"200\" digits=\"4\" tag='x'/>",
            "<kpml-response code=\"200\" digits=\"***\" tag='x'/>",
        );
        check("<kpml-response digits='47'/>", "<kpml-response digits='***'/>");
        check("<kpml-response/>", "<kpml-response/>");
        check("<kpml-response digits=\"4", "<kpml-response digits=\"4");
    }
}
