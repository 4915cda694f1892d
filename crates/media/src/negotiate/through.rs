//! What the two sides of a relay that transcodes are told: each negotiates with us, with a codec of its own.
//!
//! The numbers of whoever offers are kept for what both can have, so that nothing has to be decoded when the other side takes that.
//! Keys are nobody's business here: what is told says nothing of them, and what was told is read as if it did not.

use std::net::SocketAddr;

use strowger_base::SessionDescription;

use super::{LocalMedia, NegotiateError, PTIME_DEFAULT_MS, answer, complete, offer_as};
use crate::codec::Codec;
use crate::control::{Coding, StreamFormat};
use crate::sdp::{self, Direction, Origin, Session, Wish};

/// What one side may be told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Beside<'a> {
    /// Where it sends.
    pub address: SocketAddr,
    /// What it may speak, best first.
    pub codecs: &'a [Codec],
}

/// What was agreed with both sides.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AgreedThrough {
    /// The answer to whoever offered.
    pub answer: SessionDescription,
    /// What both agreed to, unless packets can pass as they are: that of whoever offered first.
    pub codings: Option<(Coding, Coding)>,
    /// What both agreed to, whether packets can pass or not.
    pub sides: (Coding, Coding),
}

impl<'a> Beside<'a> {
    const fn local(&self, codecs: &'a [Codec], direction: Direction) -> LocalMedia<'a> {
        LocalMedia {
            // Whoever sends it on knows which session that is.
            origin: Origin { session_id: 0, version: 0, address: self.address.ip() },
            address: self.address,
            codecs,
            telephone_event: true,
            ptime_ms: PTIME_DEFAULT_MS,
            direction,
            keys: &[],
            offers: Wish::Clear,
        }
    }
}

/// What a side is offered in place of what the other one offers; `previous` is what it was told last in its session.
///
/// # Errors
/// When the offer cannot be read or has no audio, or the side may speak nothing.
pub fn offer_through(
    offer: &[u8],
    to: &Beside<'_>,
    previous: Option<&SessionDescription>,
) -> Result<SessionDescription, NegotiateError> {
    let theirs = Session::parse(offer)?;
    let audio = theirs.audio().and_then(|index| theirs.streams.get(index));
    let audio = audio.filter(|_| !to.codecs.is_empty()).ok_or(NegotiateError::NoCommonCodec)?;
    // What both can have comes first: then nothing has to be decoded.
    let mut codecs = to.codecs.to_vec();
    codecs.sort_by_key(|codec| !audio.formats.iter().any(|format| format.codec() == Some(*codec)));
    let local = to.local(&codecs, audio.direction);
    Ok(offer_as(&local, previous.map(clear).as_ref(), &audio.formats))
}

/// What whoever offered is answered: `told` is what the other side was offered in place of it, `answered` what that side says.
///
/// # Errors
/// When one of them cannot be read, or has no codec that its side may speak.
pub fn answer_through(
    offer: &[u8],
    to: &Beside<'_>,
    told: &SessionDescription,
    answered: &SessionDescription,
) -> Result<AgreedThrough, NegotiateError> {
    let (told, answered) = (clear(told), clear(answered));
    let there = complete(told.as_bytes(), answered.as_bytes())?;
    let theirs = Session::parse(answered.as_bytes())?;
    let stream = theirs.audio().and_then(|index| theirs.streams.get(index));
    let direction = stream.map(|stream| stream.direction).unwrap_or_default();
    let offer = clear(&SessionDescription::new(offer));
    let same = [there.format.codec];
    let both = to.codecs.contains(&there.format.codec);
    let as_there = both.then(|| answer(offer.as_bytes(), &to.local(&same, direction)));
    let (text, here) = match as_there {
        Some(Ok(agreed)) => agreed,
        Some(Err(_)) | None => answer(offer.as_bytes(), &to.local(to.codecs, direction))?,
    };
    let numbers = |format: &StreamFormat| (format.codec, format.payload_type, format.telephone_event);
    let events = |coding: &Coding| (coding.receive.telephone_event, coding.receive.telephone_event_48k);
    let here = Coding { receive: here.receive, format: here.format };
    let there = Coding { receive: there.receive, format: there.format };
    let alike = numbers(&here.format) == numbers(&there.format)
        && there.receive.codec_of(here.format.payload_type) == Some(here.format.codec)
        && events(&here) == events(&there);
    Ok(AgreedThrough { answer: text, codings: (!alike).then_some((here, there)), sides: (here, there) })
}

/// What a side agreed to that wrote `theirs` and was told `told`, whichever of the two was the answer.
///
/// # Errors
/// When one of them cannot be read, or they have no codec of ours in common.
pub fn coding_of(told: &SessionDescription, theirs: &SessionDescription) -> Result<Coding, NegotiateError> {
    let agreed = complete(clear(told).as_bytes(), clear(theirs).as_bytes())?;
    Ok(Coding { receive: agreed.receive, format: agreed.format })
}

/// What a side is offered on our own account.
pub fn offer_beside(to: &Beside<'_>) -> SessionDescription {
    offer_as(&to.local(to.codecs, Direction::SendReceive), None, &[])
}

/// What a side that offers is answered on our own account.
///
/// # Errors
/// When the offer cannot be read, or nothing in it can be taken.
pub fn answer_beside(
    offer: &[u8],
    to: &Beside<'_>,
    direction: Direction,
) -> Result<SessionDescription, NegotiateError> {
    let offer = clear(&SessionDescription::new(offer));
    answer(offer.as_bytes(), &to.local(to.codecs, direction)).map(|(text, _)| text)
}

fn clear(description: &SessionDescription) -> SessionDescription {
    sdp::set_crypto_as(description.as_bytes(), &[], Wish::Clear)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Codec; 4] = [Codec::G722, Codec::Opus, Codec::Pcma, Codec::Pcmu];

    fn beside(codecs: &[Codec]) -> Beside<'_> {
        Beside { address: "198.51.100.7:40000".parse().unwrap(), codecs }
    }

    fn description(port: u16, lines: &str) -> SessionDescription {
        let text = format!(
            "v=0\r\no=x 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio {port} {lines}"
        );
        SessionDescription::new(text.as_bytes())
    }

    fn audio(text: &SessionDescription) -> String {
        let text = String::from_utf8(text.as_bytes().to_vec()).unwrap();
        text.split_once("m=audio ").unwrap().1.lines().next().unwrap().to_owned()
    }

    /// Offers `offer`, is answered `answer`; what the other side is offered, and what whoever offered is answered.
    #[track_caller]
    fn check(offer: &str, permitted: (&[Codec], &[Codec]), answered: &str, expect: (&str, &str, &str)) {
        let offer = description(4000, offer);
        let told = offer_through(offer.as_bytes(), &beside(permitted.1), None).unwrap();
        assert_eq!(audio(&told), expect.0);
        let answered = description(5000, answered);
        let agreed = answer_through(offer.as_bytes(), &beside(permitted.0), &told, &answered).unwrap();
        assert_eq!(audio(&agreed.answer), expect.1);
        let codings = agreed.codings.map(|(here, there)| {
            let side = |coding: Coding| {
                let StreamFormat { codec, payload_type, telephone_event, .. } = coding.format;
                let back = coding.receive.telephone_event.or(coding.receive.telephone_event_48k);
                format!("{} {payload_type} {telephone_event:?} {back:?}", codec.name())
            };
            format!("{} / {}", side(here), side(there))
        });
        assert_eq!(codings.as_deref().unwrap_or("as they are"), expect.2);
    }

    #[test]
    fn each_side_has_a_codec_of_its_own() {
        let events = "a=rtpmap:101 telephone-event/8000\r\n";
        check(
            &format!("RTP/AVP 0 101\r\n{events}"),
            (&ALL, &ALL),
            "RTP/AVP 114 96\r\na=rtpmap:114 opus/48000/2\r\na=rtpmap:96 telephone-event/8000\r\n",
            (
                "40000 RTP/AVP 0 9 114 8 101 115",
                "40000 RTP/AVP 0 101",
                "PCMU 0 Some(101) Some(101) / opus 114 Some(96) Some(101)",
            ),
        );
        // What both have is not decoded.
        check(
            &format!("RTP/AVP 8 0 101\r\n{events}"),
            (&ALL, &ALL),
            &format!("RTP/AVP 0 101\r\n{events}"),
            ("40000 RTP/AVP 8 0 9 114 101 115", "40000 RTP/AVP 0 101", "as they are"),
        );
        // Regions.
        check(
            &format!("RTP/AVP 0 8 101\r\n{events}"),
            (&[Codec::Pcma], &[Codec::G722]),
            "RTP/AVP 9\r\n",
            ("40000 RTP/AVP 9 101", "40000 RTP/AVP 8 101", "PCMA 8 Some(101) Some(101) / G722 9 None None"),
        );
        // Numbers of whoever offers stay, unless the other side knows them as something else.
        check(
            "RTP/AVP 96 97\r\na=rtpmap:96 opus/48000/2\r\na=rtpmap:97 telephone-event/8000\r\n",
            (&ALL, &[Codec::Opus]),
            "RTP/AVP 96 97\r\na=rtpmap:96 opus/48000/2\r\na=rtpmap:97 telephone-event/8000\r\n",
            ("40000 RTP/AVP 96 97 115", "40000 RTP/AVP 96 97", "as they are"),
        );
    }

    #[test]
    fn encryption_is_somebody_elses() {
        let key = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n";
        let offer = description(4000, &format!("RTP/SAVP 0\r\n{key}"));
        let told = offer_through(offer.as_bytes(), &beside(&[Codec::G722]), None).unwrap();
        assert_eq!(audio(&told), "40000 RTP/AVP 9 101");
        let answered = description(5000, &format!("RTP/SAVP 9\r\n{key}"));
        let agreed = answer_through(offer.as_bytes(), &beside(&ALL), &told, &answered).unwrap();
        assert_eq!(audio(&agreed.answer), "40000 RTP/AVP 0");
    }

    #[test]
    fn directions_and_refused_streams_are_passed_on() {
        let offer = description(4000, "RTP/AVP 0\r\na=sendonly\r\nm=video 6000 RTP/AVP 99\r\n");
        let told = offer_through(offer.as_bytes(), &beside(&[Codec::G722]), None).unwrap();
        assert_eq!(sdp::peek(told.as_bytes()).unwrap().direction, Direction::SendOnly);
        let answered = description(5000, "RTP/AVP 9\r\na=recvonly\r\n");
        let agreed = answer_through(offer.as_bytes(), &beside(&ALL), &told, &answered).unwrap();
        let text = String::from_utf8(agreed.answer.as_bytes().to_vec()).unwrap();
        assert!(text.contains("a=recvonly") && text.contains("m=video 0 RTP/AVP 99"), "{text}");
        let held = answer_beside(offer.as_bytes(), &beside(&ALL), Direction::Inactive).unwrap();
        assert_eq!(sdp::peek(held.as_bytes()).unwrap().direction, Direction::Inactive);
        // Numbers that the side knows from before mean what they meant.
        let previous = description(7000, "RTP/AVP 114 9\r\na=rtpmap:114 telephone-event/8000\r\n");
        let opus = description(4000, "RTP/AVP 114\r\na=rtpmap:114 opus/48000/2\r\n");
        let again = offer_through(opus.as_bytes(), &beside(&[Codec::Opus]), Some(&previous)).unwrap();
        assert_eq!(audio(&again), "40000 RTP/AVP 115 114 116");
    }

    #[test]
    fn where_nothing_can_be_agreed() {
        let pcmu = description(4000, "RTP/AVP 0\r\n");
        assert!(offer_through(pcmu.as_bytes(), &beside(&[]), None).is_err());
        assert!(offer_through(b"v=0\r\no=x 1 1 IN IP4 192.0.2.1\r\n", &beside(&ALL), None).is_err());
        let told = offer_through(pcmu.as_bytes(), &beside(&[Codec::G722]), None).unwrap();
        let refused = description(0, "RTP/AVP 9\r\n");
        assert!(answer_through(pcmu.as_bytes(), &beside(&ALL), &told, &refused).is_err());
        let g729 = description(4000, "RTP/AVP 18\r\n");
        let answered = description(5000, "RTP/AVP 9\r\n");
        assert!(answer_through(g729.as_bytes(), &beside(&ALL), &told, &answered).is_err());
        assert!(answer_beside(g729.as_bytes(), &beside(&ALL), Direction::Inactive).is_err());
    }
}
