//! What a phone has beside sound: a camera, or a fax machine at its socket.

use super::Phone;

/// What goes on beside sound, or in place of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Beside {
    #[default]
    Nothing,
    Video,
    /// Video that there was before in the call.
    #[cfg_attr(not(test), expect(dead_code, reason = "only scripts take it away"))]
    VideoNoMore,
    /// In place of sound (ITU-T T.38).
    Fax,
}

impl Phone {
    /// The description with all streams of the offer, in its order (RFC 3264 §6); with those that the phone wants where it was offered
    /// nothing. `text` is what it says of sound.
    pub(super) fn with_streams(&self, text: &str, port: u16, offer: &str) -> String {
        let (session, sound) = text.split_at(text.find("m=audio ").unwrap_or(text.len()));
        let video = format!("m=video {} RTP/AVP 97\r\na=rtpmap:97 H264/90000\r\n", port + VIDEO);
        let fax = format!("m=image {} udptl t38\r\na=T38FaxVersion:0\r\n", port + FAX);
        if offer.is_empty() {
            return match self.beside {
                _ if self.srtp => text.to_owned(),
                Beside::Nothing => text.to_owned(),
                Beside::Video => format!("{text}{video}"),
                // A stream that there was keeps its line (RFC 3264 §8.2).
                Beside::VideoNoMore => format!("{text}m=video 0 RTP/AVP 97\r\n"),
                Beside::Fax => format!("{session}{fax}"),
            };
        }
        let mut answer = session.to_owned();
        for line in offer.lines().filter_map(|line| line.strip_prefix("m=")) {
            let refused = line.split(' ').nth(1) == Some("0");
            match line.split(' ').next() {
                Some("audio") if !refused => answer.push_str(sound),
                Some("video") if !refused && self.beside == Beside::Video && !self.srtp => {
                    answer.push_str(&video)
                }
                Some("image") if !refused => answer.push_str(&fax),
                _ => {
                    let words = line.split(' ').enumerate();
                    let words: Vec<&str> = words.map(|(at, word)| if at == 1 { "0" } else { word }).collect();
                    answer.push_str(&format!("m={}\r\n", words.join(" ")));
                }
            }
        }
        answer
    }
}

/// What the other side sends beside sound, as its description says.
pub(super) fn read(body: &str) -> Beside {
    let has = |kind: &str| {
        let mut lines = body.lines().filter_map(|line| line.strip_prefix(kind));
        lines.any(|rest| !rest.starts_with("0 "))
    };
    match () {
        () if has("m=image ") => Beside::Fax,
        () if has("m=video ") => Beside::Video,
        () => Beside::Nothing,
    }
}

/// Where video is, after the port of sound.
const VIDEO: u16 = 20_000;
/// Where fax is.
const FAX: u16 = 20_001;
