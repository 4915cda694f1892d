//! Streams that are refused: their port is zero (RFC 3264 §6).

use strowger_base::SessionDescription;

use super::scan::{Lines, MediaLine};

/// Whether no stream is left that is not refused.
pub fn takes_nothing(bytes: &[u8]) -> bool {
    media_lines(bytes).all(|media| media.port == 0)
}

/// What is known of a side, as an answer to an offer: streams that the offer refuses are refused. `None` when they are not the same
/// streams, so that it is none (RFC 3264 §6: as many, of the same types and protocols; whether an audio stream is encrypted is
/// written later).
pub fn answer_like(known: &[u8], offer: &[u8]) -> Option<SessionDescription> {
    let mut offered = media_lines(offer);
    let mut known_lines = media_lines(known);
    loop {
        match (known_lines.next(), offered.next()) {
            (None, None) => break,
            (Some(known), Some(offered)) if is_like(&known, &offered) => {}
            (Some(_) | None, _) => return None,
        }
    }
    let mut ports = media_lines(offer).map(|media| media.port);
    let left = refuse_each(known, |_, media| ports.next() == Some(0) && media.port != 0);
    Some(left.unwrap_or_else(|| SessionDescription::new(known)))
}

fn is_like(known: &MediaLine<'_>, offered: &MediaLine<'_>) -> bool {
    let same = known.protocol.eq_ignore_ascii_case(offered.protocol);
    let both_rtp = known.is_audio() && is_rtp(known.protocol) && is_rtp(offered.protocol);
    known.kind == offered.kind && (same || both_rtp)
}

fn is_rtp(protocol: &[u8]) -> bool {
    let profiles: [&[u8]; 4] = [b"RTP/AVP", b"RTP/AVPF", b"RTP/SAVP", b"RTP/SAVPF"];
    profiles.iter().any(|profile| protocol.eq_ignore_ascii_case(profile))
}

fn media_lines(bytes: &[u8]) -> impl Iterator<Item = MediaLine<'_>> {
    Lines::new(bytes).filter(|line| line.kind == b'm').map(|line| MediaLine::parse(line.value))
}

/// Refuses those of the streams that are not refused yet of which `refuses` says so; `None` when it says so of none.
pub(super) fn refuse(
    bytes: &[u8],
    mut refuses: impl FnMut(usize, &MediaLine<'_>) -> bool,
) -> Option<SessionDescription> {
    refuse_each(bytes, |place, media| media.port != 0 && refuses(place, media))
}

/// The same; `refuses` is asked of all streams, in order, with their places.
fn refuse_each(
    bytes: &[u8],
    mut refuses: impl FnMut(usize, &MediaLine<'_>) -> bool,
) -> Option<SessionDescription> {
    let mut place = 0;
    let mut text = Vec::with_capacity(bytes.len());
    let (mut any, mut in_refused) = (false, false);
    for line in Lines::new(bytes) {
        let whole = bytes.get(line.start..line.end).unwrap_or_default();
        if line.kind != b'm' {
            match line.kind {
                b'c' if in_refused => text.extend_from_slice(NOWHERE),
                // A stream that is named by a group keeps its name (RFC 5888 §9.1).
                b'a' if in_refused && line.value.starts_with(b"mid:") => text.extend_from_slice(whole),
                _ if in_refused => {}
                _ => text.extend_from_slice(whole),
            }
            continue;
        }
        let media = MediaLine::parse(line.value);
        in_refused = refuses(place, &media);
        place += 1;
        any |= in_refused;
        if !in_refused {
            text.extend_from_slice(whole);
            continue;
        }
        let port = M_EQUALS + media.kind.len() + 1;
        text.extend_from_slice(whole.get(..port).unwrap_or_default());
        text.push(b'0');
        text.extend_from_slice(whole.get(port + media.port_text.len()..).unwrap_or_default());
    }
    any.then(|| SessionDescription::new(&text))
}

/// What stands before the value of an `m=` line.
const M_EQUALS: usize = 2;
/// The address of a stream that is none.
const NOWHERE: &[u8] = b"c=IN IP4 0.0.0.0\r\n";

#[cfg(test)]
mod tests {
    use super::*;

    const AUDIO: &str = "m=audio 4000 RTP/AVP 8\r\n";
    const SECURE: &str = "m=audio 4000 RTP/SAVP 8\r\n";
    const VIDEO: &str = "m=video 4002 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n";
    const NO_VIDEO: &str = "m=video 0 RTP/AVP 96\r\n";
    const FAX: &str = "m=image 4004 udptl t38\r\n";

    #[test]
    fn an_answer_has_the_streams_of_its_offer_and_refuses_what_that_refuses() {
        let check = |known: &[&str], offer: &[&str], expect: Option<&[&str]>| {
            let answer = answer_like(known.concat().as_bytes(), offer.concat().as_bytes());
            let answer = answer.map(|answer| String::from_utf8(answer.as_bytes().to_vec()).unwrap());
            assert_eq!(answer, expect.map(|expect| expect.concat()), "{known:?} to {offer:?}");
        };
        check(&[AUDIO], &[AUDIO], Some(&[AUDIO]));
        check(&[AUDIO, VIDEO], &[AUDIO, VIDEO], Some(&[AUDIO, VIDEO]));
        check(&[AUDIO, VIDEO], &[AUDIO, NO_VIDEO], Some(&[AUDIO, NO_VIDEO]));
        check(&[AUDIO, NO_VIDEO], &[AUDIO, VIDEO], Some(&[AUDIO, NO_VIDEO]));
        check(&[AUDIO], &[SECURE], Some(&[AUDIO]));
        check(&[AUDIO, VIDEO], &[VIDEO, AUDIO], None);
        check(&[AUDIO, VIDEO], &[AUDIO, FAX], None);
        check(&[AUDIO], &[AUDIO, VIDEO], None);
        check(&[AUDIO, VIDEO], &[AUDIO], None);
        check(&[VIDEO], &["m=video 4002 RTP/SAVP 96\r\n"], None);
    }

    #[test]
    fn something_is_taken_when_one_stream_is() {
        for (text, nothing) in [
            (NO_VIDEO, true),
            ("", true),
            (FAX, false),
            ("m=audio 0 RTP/AVP 8\r\nm=image 4004 udptl t38\r\n", false),
            ("m=audio 0 RTP/AVP 8\r\n", true),
        ] {
            assert_eq!(takes_nothing(text.as_bytes()), nothing, "{text}");
        }
    }
}
