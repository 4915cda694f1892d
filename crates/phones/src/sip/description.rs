//! Session descriptions as a phone makes and reads them (RFC 4566, RFC 3264): one stream of sound in G.711, and keys (RFC 4733).

use std::net::{IpAddr, SocketAddr};

use crate::text;

/// Which ways sound goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Way {
    pub(super) speaks: bool,
    pub(super) listens: bool,
}

/// What the other side said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Theirs {
    /// Where it wants sound; `None` when nowhere.
    pub(super) address: Option<SocketAddr>,
    pub(super) way: Way,
    /// Those of its payload types that this phone has, in its order.
    pub(super) formats: Vec<u8>,
    /// Under which number it has keys.
    pub(super) keys: Option<u8>,
}

/// What this phone can hear and say, best first.
pub(super) const FORMATS: [u8; 2] = [0, 8];

impl Way {
    pub(super) const BOTH: Way = Way { speaks: true, listens: true };

    const fn attribute(self) -> &'static str {
        match (self.speaks, self.listens) {
            (true, true) => "sendrecv",
            (true, false) => "sendonly",
            (false, true) => "recvonly",
            (false, false) => "inactive",
        }
    }

    /// What is answered to what was offered (RFC 3264 §6.1), or offered where nothing was.
    pub(super) fn of(theirs: Option<&Theirs>, holds: bool) -> Way {
        let theirs = theirs.map_or(Way::BOTH, |theirs| theirs.way);
        Way { speaks: theirs.listens, listens: theirs.speaks && !holds }
    }
}

/// What this phone says: to an offer with what both have, otherwise all.
pub(super) fn written(ip: IpAddr, port: u16, version: u32, way: Way, offer: Option<&Theirs>) -> String {
    let formats = offer.map_or(&FORMATS[..], |offer| offer.formats.as_slice());
    let formats: Vec<String> = formats.iter().map(u8::to_string).collect();
    let formats: Vec<&str> = formats.iter().map(String::as_str).collect();
    let text = text::sdp(ip, port, version, way.attribute(), &formats);
    match offer.map(|offer| offer.keys) {
        None | Some(Some(101)) => text,
        // The number of the offer is the number for both ways (RFC 3264 §6.1).
        Some(Some(keys)) => {
            text.replace(" 101\r\n", &format!(" {keys}\r\n")).replace(":101 ", &format!(":{keys} "))
        }
        Some(None) => text.replace(" 101\r\n", "\r\n").replace("a=rtpmap:101 telephone-event/8000\r\n", ""),
    }
}

/// Reads a description; `None` when there is none with sound that this phone can do with.
pub(super) fn read(body: &str) -> Option<Theirs> {
    let (session, media) = body.split_once("m=audio ")?;
    let media = media.split("\nm=").next().unwrap_or(media);
    let line = |kind: &str| {
        let find = |part: &str| part.lines().find_map(|line| line.strip_prefix(kind).map(str::to_owned));
        find(media).or_else(|| find(session))
    };
    let mut words = media.lines().next()?.split(' ');
    let port: u16 = words.next()?.parse().ok()?;
    // Only plain RTP: this phone has no keys for another one.
    (words.next()? == "RTP/AVP").then_some(())?;
    let formats: Vec<u8> = words.filter_map(|word| word.trim().parse().ok()).collect();
    let keys = media.lines().filter_map(|line| line.strip_prefix("a=rtpmap:")).find_map(|line| {
        let (number, name) = line.split_once(' ')?;
        let number = number.parse().ok().filter(|number| formats.contains(number))?;
        name.trim().eq_ignore_ascii_case("telephone-event/8000").then_some(number)
    });
    let formats: Vec<u8> = formats.into_iter().filter(|it| FORMATS.contains(it)).collect();
    (port == 0 || !formats.is_empty()).then_some(())?;
    let host: Option<IpAddr> = line("c=IN IP4 ").and_then(|host| host.trim().parse().ok());
    let address = host.filter(|ip| !ip.is_unspecified() && port != 0).map(|ip| SocketAddr::new(ip, port));
    let attributes: Vec<&str> = media.lines().chain(session.lines()).map(str::trim).collect();
    // What stands with the stream counts before what stands for all.
    let way = attributes.iter().find_map(|line| match *line {
        "a=sendrecv" => Some(Way::BOTH),
        "a=sendonly" => Some(Way { speaks: true, listens: false }),
        "a=recvonly" => Some(Way { speaks: false, listens: true }),
        "a=inactive" => Some(Way { speaks: false, listens: false }),
        _ => None,
    });
    let way = way.unwrap_or(Way::BOTH);
    let way = Way { speaks: way.speaks && port != 0, listens: way.listens && address.is_some() };
    Some(Theirs { address, way, formats, keys })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_phone_says_another_understands() {
        let ip: IpAddr = [192, 0, 2, 10].into();
        let offer = written(ip, 4000, 1, Way::BOTH, None);
        let theirs = read(&offer).expect("sound");
        let expect = Theirs {
            address: Some(SocketAddr::new(ip, 4000)),
            way: Way::BOTH,
            formats: vec![0, 8],
            keys: Some(101),
        };
        assert_eq!(theirs, expect);
        let held = Way::of(Some(&theirs), true);
        assert_eq!(read(&written(ip, 4002, 1, held, Some(&theirs))).map(|it| it.way), Some(held));
    }

    #[test]
    fn what_a_stream_says_counts_before_the_whole_and_other_codecs_are_left_out() {
        let text = "v=0\r\nc=IN IP4 192.0.2.1\r\na=sendrecv\r\nm=audio 4000 RTP/AVP 96 8 97\r\nc=IN IP4 192.0.2.7\r\n\
                    a=rtpmap:97 telephone-event/8000\r\na=sendonly\r\nm=video 5000 RTP/AVP 99\r\na=inactive\r\n";
        let theirs = read(text).expect("sound");
        assert_eq!(theirs.address, Some(SocketAddr::from(([192, 0, 2, 7], 4000))));
        assert_eq!((theirs.formats.as_slice(), theirs.keys), (&[8][..], Some(97)));
        assert_eq!(theirs.way, Way { speaks: true, listens: false });
        let answer = written([192, 0, 2, 10].into(), 4002, 1, Way::of(Some(&theirs), false), Some(&theirs));
        assert!(
            answer.contains("RTP/AVP 8 97\r\n") && answer.contains("a=rtpmap:97 telephone-event"),
            "{answer}"
        );
        assert!(answer.contains("a=recvonly"), "{answer}");
        for none in ["", "m=audio", "m=audio 4000 RTP/SAVP 0\r\n", "m=audio 4000 RTP/AVP 9\r\n"] {
            assert_eq!(read(none), None, "{none}");
        }
    }
}
