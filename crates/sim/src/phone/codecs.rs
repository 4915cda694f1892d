//! Which codecs a phone has, and what it does about an offer that has none of them.

use super::{Phone, Way};
use crate::text::sdp;

/// What a phone has, by static payload type (RFC 3551 §6), best first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Codecs {
    formats: &'static [&'static str],
    /// It answers with those of the offer only; others name all they have (RFC 3264 §6.1 allows both).
    exact: bool,
}

impl Codecs {
    /// G.711 in both laws.
    pub(crate) const G711: Codecs = Codecs { formats: &["0", "8"], exact: false };
    /// What phones of a mixed fleet have; most can talk with each other.
    pub(crate) const MIXED: [Codecs; 6] = [
        Codecs::G711,
        Codecs { exact: true, ..Codecs::G711 },
        Codecs::only(&["8", "0"]),
        Codecs::only(&["9", "0"]),
        Codecs::only(&["9"]),
        Codecs::only(&["8"]),
    ];

    /// These and no others.
    pub(crate) const fn only(formats: &'static [&'static str]) -> Codecs {
        Codecs { formats, exact: true }
    }

    /// Whether it has this one.
    pub(super) fn has(self, format: u8) -> bool {
        self.formats.contains(&format.to_string().as_str())
    }

    /// Those of an offer, or all where there is none.
    fn among(self, offer: &str) -> Vec<&'static str> {
        let offered = formats(offer);
        let all = self.formats.iter().copied();
        if offered.is_empty() || !self.exact {
            all.collect()
        } else {
            all.filter(|it| offered.contains(it)).collect()
        }
    }

    /// Whether it has one of those that are offered.
    fn takes(self, offer: &str) -> bool {
        let offered = formats(offer);
        offered.is_empty() || self.formats.iter().any(|it| offered.contains(it))
    }
}

/// The only suite of these phones, and the key of the examples (RFC 4568 §6.1).
const SUITE: &str = "AES_CM_128_HMAC_SHA1_80";
const KEY: &str = "inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz";

/// Under which tag a suite is offered.
fn tag_of<'o>(offer: &'o str, suite: &str) -> Option<&'o str> {
    let mut offered = offer.lines().filter_map(|line| line.strip_prefix("a=crypto:"));
    offered
        .find_map(|line| line.split_once(' ').filter(|(_, rest)| rest.starts_with(suite)))
        .map(|(tag, _)| tag)
}

/// The payload types of the audio of a description; none without one.
pub(super) fn formats(description: &str) -> Vec<&str> {
    let line = description.lines().find(|line| line.starts_with("m=audio ")).unwrap_or("");
    line.split(' ').skip(3).collect()
}

impl Phone {
    /// What it offers, or answers to an offer.
    pub(super) fn describe_media(&self, port: u16, way: Way, version: u32, offer: &str) -> String {
        let text = sdp(self.address.ip(), port, version, way.attribute(), &self.codecs.among(offer));
        let text = if self.keypad.has_events() { text } else { without_events(&text) };
        let text = if offer.contains(SECOND_STREAM) { with_second_stream(&text, port) } else { text };
        let text = if self.srtp { encrypted(&text, offer) } else { text };
        match offer.contains("m=video ") || offer.contains("m=image ") || offer.is_empty() {
            true => self.with_streams(&text, port, offer),
            false => text,
        }
    }

    /// Whether it can do with what it is offered; it is asked for an offer of its own with none.
    pub(super) fn takes_offer(&self, offer: &str) -> bool {
        let encrypted = offer.contains("RTP/SAVP");
        let fits = encrypted == self.srtp && (!encrypted || tag_of(offer, SUITE).is_some());
        offer.is_empty() || fits && self.codecs.takes(offer)
    }
}

/// The same with a key of SRTP for each stream.
fn encrypted(text: &str, offer: &str) -> String {
    // An answer names the line of the offer that it takes (RFC 4568 §5.1.2).
    let tag = tag_of(offer, SUITE).unwrap_or("1");
    let line = format!("a=crypto:{tag} {SUITE} {KEY}\r\n");
    let text = text.replace("RTP/AVP", "RTP/SAVP") + &line;
    match text.rfind("m=audio ").filter(|_| offer.contains(SECOND_STREAM)) {
        Some(second) => format!("{}{line}{}", &text[..second], &text[second..]),
        None => text,
    }
}

/// A description that names no keys in media.
fn without_events(text: &str) -> String {
    text.replace(" 101\r\n", "\r\n").replace("a=rtpmap:101 telephone-event/8000\r\n", "")
}

/// What a recorder is offered has a stream for each party (RFC 7866 §7.1.1): it takes both.
fn with_second_stream(text: &str, port: u16) -> String {
    let second = text.find("m=audio ").map_or("", |at| &text[at..]);
    let (own, far) = (format!("m=audio {port} "), format!("m=audio {} ", port.wrapping_add(2)));
    format!("{text}{}", second.replace(&own, &far))
}

const SECOND_STREAM: &str = "a=label:2";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_what_both_have() {
        let check = |codecs: Codecs, offered: &str, takes: bool, expect: &[&str]| {
            let offer = format!("v=0\r\nm=audio 4000 RTP/AVP {offered}\r\na=sendrecv\r\n");
            assert_eq!((codecs.takes(&offer), &*codecs.among(&offer)), (takes, expect), "{offered}");
        };
        check(Codecs::G711, "8 101", true, &["0", "8"]);
        check(Codecs::only(&["8", "0"]), "0 101", true, &["0"]);
        check(Codecs::only(&["8", "0"]), "0 8", true, &["8", "0"]);
        check(Codecs::only(&["9"]), "0 8 101", false, &[]);
        assert_eq!(Codecs::only(&["9"]).among(""), ["9"]);
        let offer = "a=crypto:1 AEAD_AES_256_GCM inline:x\r\na=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:y\r\n";
        assert_eq!((tag_of(offer, SUITE), tag_of("", SUITE)), (Some("2"), None));
    }
}
