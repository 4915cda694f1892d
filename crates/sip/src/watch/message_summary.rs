//! The document of waiting messages (RFC 3842 §5.2).

use strowger_base::watch::{Mailbox, MessageCounts, Messages};

use crate::write;

/// Its media type.
pub(super) const TYPE: &str = "application/simple-message-summary";

/// Writes what waits.
pub(super) fn write(out: &mut Vec<u8>, domain: &str, messages: &Messages) {
    let waiting: &[u8] = if messages.mailbox.waiting { b"yes" } else { b"no" };
    write::header(out, b"Messages-Waiting", waiting);
    if let Some(account) = &messages.account {
        out.extend_from_slice(b"Message-Account: sip:");
        write::escaped_user(out, account);
        out.push(b'@');
        out.extend_from_slice(domain.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    if let Some(MessageCounts { new, old, urgent_new, urgent_old }) = messages.mailbox.counts {
        out.extend_from_slice(b"Voice-Message: ");
        pair(out, new, old);
        out.extend_from_slice(b" (");
        pair(out, urgent_new, urgent_old);
        out.extend_from_slice(b")\r\n");
    }
}

fn pair(out: &mut Vec<u8>, new: u32, old: u32) {
    write::decimal(out, u64::from(new));
    out.push(b'/');
    write::decimal(out, u64::from(old));
}

/// Reads what waits; nothing where the line that says it at all is missing. Other kinds of messages are passed over: a line has
/// one lamp, for what is heard.
pub(super) fn parse(text: &[u8]) -> Option<Mailbox> {
    let mut waiting = None;
    let mut counts = None;
    for line in text.split(|byte| *byte == b'\n').take(LINES_MAX) {
        let line = std::str::from_utf8(line).ok()?;
        // A blank line ends the summary; headers of single messages follow.
        if waiting.is_some() && line.trim().is_empty() {
            break;
        }
        let Some((name, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        if name.trim().eq_ignore_ascii_case("Messages-Waiting") {
            waiting = Some(value.eq_ignore_ascii_case("yes"));
        } else if name.trim().eq_ignore_ascii_case("Voice-Message") {
            counts = Some(counts_of(value)?);
        }
    }
    Some(Mailbox { waiting: waiting?, counts })
}

/// `2/8 (0/2)`; the urgent ones may be missing.
fn counts_of(value: &str) -> Option<MessageCounts> {
    let pair = |text: &str| {
        let (new, old) = text.trim().split_once('/')?;
        Some((new.trim().parse().ok()?, old.trim().parse().ok()?))
    };
    let (all, urgent) = value.split_once('(').unwrap_or((value, "0/0)"));
    let ((new, old), (urgent_new, urgent_old)) = (pair(all)?, pair(urgent.trim_end().strip_suffix(')')?)?);
    Some(MessageCounts { new, old, urgent_new, urgent_old })
}

/// Lines that are looked at.
const LINES_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    const COUNTS: MessageCounts = MessageCounts { new: 2, old: 8, urgent_new: 0, urgent_old: 2 };

    #[test]
    fn what_is_written_says_what_is_known_and_reads_back() {
        let check = |waiting: bool, counts: Option<MessageCounts>, account: Option<&str>, expect: &str| {
            let mailbox = Mailbox { waiting, counts };
            let mut out = Vec::new();
            write(&mut out, "example.com", &Messages { mailbox, account: account.map(Into::into) });
            assert_eq!(String::from_utf8_lossy(&out), expect);
            assert_eq!(parse(&out), Some(mailbox));
        };
        check(false, None, None, "Messages-Waiting: no\r\n");
        check(
            true,
            Some(COUNTS),
            Some("8000"),
            "Messages-Waiting: yes\r\nMessage-Account: sip:8000@example.com\r\nVoice-Message: 2/8 (0/2)\r\n",
        );
    }

    #[test]
    fn what_others_write_is_read_as_far_as_it_is_about_voice() {
        let check = |text: &str, expect: Option<(bool, Option<MessageCounts>)>| {
            let expect = expect.map(|(waiting, counts)| Mailbox { waiting, counts });
            assert_eq!(parse(text.as_bytes()), expect, "{text}");
        };
        check("messages-waiting : YES\r\nvoice-message: 2/8(0/2)", Some((true, Some(COUNTS))));
        let plain = MessageCounts { urgent_old: 0, ..COUNTS };
        check("Messages-Waiting: yes\nFax-Message: x\nVoice-Message:2/8\n", Some((true, Some(plain))));
        // What belongs to single messages is not looked at.
        check("Messages-Waiting: no\r\n\r\nVoice-Message: 9/9\r\n", Some((false, None)));
        check("Voice-Message: 1/0\r\n", None);
        check("Messages-Waiting: yes\r\nVoice-Message: many\r\n", None);
        check("Messages-Waiting: yes\r\nVoice-Message: 1/99999999999\r\n", None);
        check("Messages-Waiting: yes\r\nVoice-Message: 1/2 (3/4\r\n", None);
        check("\u{fffd}", None);
    }
}
