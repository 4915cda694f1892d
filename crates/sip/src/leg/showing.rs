//! Phones that know of recordings (RFC 7866 §6.3, §7.3): they are told with `a=record` in each description whether they are recorded,
//! and may say what they want with `a=recordpref`.

use memchr::memmem;
use strowger_base::feature::{FeatureRequest, Turn};
use strowger_base::recording::RecordingShown;
use strowger_base::{Media, Now, SessionDescription, Signal};

use super::{Change, Leg, Pending, Purpose, State};
use crate::core::Shared;
use crate::io::Outbox;
use crate::message::Message;

/// What is shown to a phone of recordings.
#[derive(Debug, Default)]
pub(super) struct Showing {
    /// The phone knows of recordings.
    aware: bool,
    /// What call control wants shown; `None` as long as there was nothing.
    wanted: Option<RecordingShown>,
    /// What the last description said.
    told: Option<RecordingShown>,
    /// What the phone wanted last.
    wish: Option<Turn>,
    /// The same, as long as call control does not know.
    unheard: Option<Turn>,
    /// By how much versions of our descriptions are higher than those of call control.
    bumps: u64,
}

impl Leg {
    /// The peer sent something: whether it knows of recordings, and what it wants.
    pub(super) fn hear_wish(&mut self, message: &Message<'_>) {
        let description = crate::body::session_description(message).unwrap_or_default();
        self.showing.aware |= is_aware(message, description);
        let wish = wish_of(description);
        if wish.is_some() && wish != self.showing.wish {
            (self.showing.wish, self.showing.unheard) = (wish, wish);
        }
    }

    /// Whether the call is recorded is shown from here on.
    pub(super) fn show_recording(&mut self, shown: RecordingShown) {
        self.showing.wanted = Some(shown);
    }

    /// Nothing is under way: call control hears what the phone wants, and the phone is told what is not shown yet.
    pub(super) fn show_on(&mut self, shared: &mut Shared, now: Now, out: &mut Outbox) {
        let free = matches!(self.state, State::Established)
            && matches!((&self.change, &self.pending), (Change::None, Pending::None))
            && self.awaiting_ack.is_none()
            && !self.silent;
        if !free {
            return;
        }
        if let Some(turn) = self.showing.unheard.take() {
            self.signal(Signal::FeatureRequested(Box::new(FeatureRequest::Record(turn))), out);
        }
        let showing = &self.showing;
        if showing.aware
            && showing.wanted.is_some()
            && showing.wanted != showing.told
            && let Some(sent) = self.sent.clone()
        {
            self.sent = Some(self.showing.stamp(&sent, Some(&sent)));
            self.modify(shared, now, Purpose::Realign, out);
        }
    }

    /// A description of call control as this phone is told it: nothing of what another one said about recordings, and what is to be shown.
    pub(super) fn stamped(&mut self, media: Media) -> Media {
        let sent = self.sent.clone();
        match media {
            Media::None => Media::None,
            Media::Offer(text) => Media::Offer(self.showing.stamp(&text, sent.as_ref())),
            Media::Answer(text) => Media::Answer(self.showing.stamp(&text, sent.as_ref())),
        }
    }
}

impl Showing {
    fn stamp(&mut self, text: &SessionDescription, sent: Option<&SessionDescription>) -> SessionDescription {
        let bytes = text.as_bytes();
        let shows = self.wanted.filter(|_| self.aware);
        let says = memmem::find(bytes, b"a=record").is_some();
        if shows.is_none() && !says && self.bumps == 0 {
            return text.clone();
        }
        // One of ours that is sent again has its version already.
        let is_sent = sent == Some(text);
        let write = |version: u64| {
            let mut out = Vec::with_capacity(bytes.len() + 16);
            let mut is_shown = shows.is_none();
            for line in bytes.split_inclusive(|byte| *byte == b'\n') {
                if line.starts_with(b"m=") && !is_shown {
                    out.extend_from_slice(line_of(shows));
                    is_shown = true;
                }
                match line {
                    line if line.starts_with(b"a=record") => {}
                    line if line.starts_with(b"o=") => write_origin(line, version, &mut out),
                    line => out.extend_from_slice(line),
                }
            }
            SessionDescription::new(&out)
        };
        let own = version_of(bytes).unwrap_or(0);
        let version = if is_sent { own } else { own + self.bumps };
        let mut written = write(version);
        if let Some(before) = sent.filter(|before| **before != written) {
            // RFC 3264 §8: what is different has a higher version.
            let least = version_of(before.as_bytes()).map_or(0, |before| before + 1);
            if least > version {
                self.bumps += least - version;
                written = write(least);
            }
        }
        self.told = shows;
        written
    }
}

/// Whether the sender of a message knows of recordings (RFC 7866 §6.3).
fn is_aware(message: &Message<'_>, description: &[u8]) -> bool {
    message.supports("record-aware")
        || [&b"a=recordaware"[..], b"a=recordpref:"]
            .iter()
            .any(|line| memmem::find(description, line).is_some())
}

/// A description of somebody who knows of recordings says so, whatever it was in the message that did. What he wants is no matter of
/// media: the description is the same with another wish.
pub(super) fn with_awareness(message: &Message<'_>, description: &[u8]) -> SessionDescription {
    if !is_aware(message, description) {
        return SessionDescription::new(description);
    }
    let mut out = Vec::with_capacity(description.len() + 16);
    let mut says = false;
    for line in description.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b"m=") && !std::mem::replace(&mut says, true) {
            out.extend_from_slice(b"a=recordaware\r\n");
        }
        if !line.starts_with(b"a=record") {
            out.extend_from_slice(line);
        }
    }
    SessionDescription::new(&out)
}

/// What the writer of a description wants of recordings (RFC 7866 §7.1.3). One that is to pause ends: nothing is recorded against a wish.
fn wish_of(description: &[u8]) -> Option<Turn> {
    const PREFERENCE: &[u8] = b"a=recordpref:";
    let at = memmem::find(description, PREFERENCE)? + PREFERENCE.len();
    let value = description.get(at..)?.split(|byte| matches!(byte, b'\r' | b'\n')).next()?;
    match value.trim_ascii() {
        b"on" => Some(Turn::On),
        b"off" | b"pause" => Some(Turn::Off),
        _ => None,
    }
}

const fn line_of(shown: Option<RecordingShown>) -> &'static [u8] {
    match shown {
        Some(RecordingShown::On) => b"a=record:on\r\n",
        Some(RecordingShown::Paused) => b"a=record:paused\r\n",
        Some(RecordingShown::Off) => b"a=record:off\r\n",
        None => b"",
    }
}

fn version_of(bytes: &[u8]) -> Option<u64> {
    let origin = bytes.split(|byte| *byte == b'\n').find(|line| line.starts_with(b"o="))?;
    std::str::from_utf8(origin.split(|byte| *byte == b' ').nth(2)?).ok()?.parse().ok()
}

fn write_origin(line: &[u8], version: u64, out: &mut Vec<u8>) {
    for (at, field) in line.split(|byte| *byte == b' ').enumerate() {
        if at > 0 {
            out.push(b' ');
        }
        if at == 2 {
            out.extend_from_slice(version.to_string().as_bytes());
        } else {
            out.extend_from_slice(field);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(description: &SessionDescription) -> String {
        String::from_utf8(description.as_bytes().to_vec()).unwrap()
    }

    #[test]
    fn versions_rise_with_what_is_shown() {
        let offer = SessionDescription::new(
            b"v=0\r\no=- 5 1 IN IP4 h\r\ns=-\r\na=recordaware\r\nm=audio 4 RTP/AVP 8\r\n",
        );
        let mut showing = Showing { aware: true, ..Showing::default() };
        let plain = showing.stamp(&offer, None);
        assert_eq!(text(&plain), "v=0\r\no=- 5 1 IN IP4 h\r\ns=-\r\nm=audio 4 RTP/AVP 8\r\n");
        showing.wanted = Some(RecordingShown::On);
        let on = showing.stamp(&plain, Some(&plain));
        assert_eq!(text(&on), "v=0\r\no=- 5 2 IN IP4 h\r\ns=-\r\na=record:on\r\nm=audio 4 RTP/AVP 8\r\n");
        assert_eq!(showing.told, Some(RecordingShown::On));
        showing.wanted = Some(RecordingShown::Off);
        let off = showing.stamp(&on, Some(&on));
        assert_eq!(text(&off), text(&on).replace("5 2", "5 3").replace("record:on", "record:off"));
        // The next one of call control, which has counted to 2.
        let next = SessionDescription::new(offer.as_bytes());
        let next = SessionDescription::new(text(&next).replace("5 1", "5 2").as_bytes());
        assert!(text(&showing.stamp(&next, Some(&off))).contains("o=- 5 4 IN"));
    }

    #[test]
    fn wishes_are_read() {
        let check = |line: &str, expect| assert_eq!(wish_of(format!("v=0\r\n{line}\r\n").as_bytes()), expect);
        check("a=recordpref:on", Some(Turn::On));
        check("a=recordpref:pause", Some(Turn::Off));
        check("a=recordpref:off ", Some(Turn::Off));
        check("a=recordpref:nopreference", None);
        check("a=record:on", None);
    }
}
