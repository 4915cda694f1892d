//! Streams beside the first audio stream, in words.

use std::net::SocketAddr;

use strowger_base::journal::{StreamMedia, StreamNews, Way, WhyStreamRefused};

/// One step; `device` is the record's leg.
pub(crate) fn news(device: &str, news: &StreamNews<'_>) -> String {
    match news {
        StreamNews::Refused { media, protocol, why } => {
            let because = match why {
                WhyStreamRefused::Transport => "cannot pass through the relay that stands between the two",
                WhyStreamRefused::TooMany => "is one more than may pass through this server",
                WhyStreamRefused::NoPort => "finds no ports on this server",
                WhyStreamRefused::Region => "is not permitted between the regions of the two",
                WhyStreamRefused::NoBandwidth => "finds no bandwidth; the call goes on with audio",
                WhyStreamRefused::NoTime => "comes where nobody can wait for ports on this server",
            };
            format!("{} ({protocol}) is refused: it {because}.", first(*media))
        }
        StreamNews::Reserved { from, to, kbps } => {
            format!("{kbps} kbit/s are reserved for video between location {from} and location {to}.")
        }
        StreamNews::NotOpened { media, reason } => {
            format!("No ports could be opened for {}: {reason}.", word(*media))
        }
        StreamNews::Agreed { media, codec, offerer, answerer, way } => {
            let way = match way {
                Way::Relayed => "passes through ports of this server",
                Way::AtDevice => "passes through a router",
                Way::Direct => "does not pass this server",
            };
            let codec = if codec.is_empty() { String::new() } else { format!(" ({codec})") };
            format!(
                "{}{codec} is agreed and {way}, between {} and {}.",
                first(*media),
                address(*offerer),
                address(*answerer)
            )
        }
        StreamNews::Lost { media } => {
            format!(
                "The ports of this server for {} failed; both sides are asked again where they want it.",
                word(*media)
            )
        }
        StreamNews::Carried { media, packets, lost, sent } => {
            let lost = match lost {
                Some(lost) => format!(", {lost} were lost"),
                None => String::new(),
            };
            format!(
                "Of {}, {packets} packets came from {device}{lost}; {sent} were sent there.",
                word(*media)
            )
        }
    }
}

fn address(address: Option<SocketAddr>) -> String {
    address.map_or_else(|| "an address that is not known".to_owned(), |address| address.to_string())
}

const fn word(media: StreamMedia) -> &'static str {
    match media {
        StreamMedia::Audio => "further audio",
        StreamMedia::Video => "video",
        StreamMedia::Image => "fax",
        StreamMedia::Application => "the application stream",
        StreamMedia::Other => "a further stream",
    }
}

const fn first(media: StreamMedia) -> &'static str {
    match media {
        StreamMedia::Audio => "Further audio",
        StreamMedia::Video => "Video",
        StreamMedia::Image => "Fax",
        StreamMedia::Application => "The application stream",
        StreamMedia::Other => "A further stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_becomes_of_a_stream_is_said() {
        let check = |told: StreamNews<'_>, expect: &str| assert_eq!(news("Bob's phone", &told), expect);
        let video = StreamMedia::Video;
        let protocol = "RTP/AVP";
        check(
            StreamNews::Refused {
                media: StreamMedia::Application,
                protocol: "TCP/BFCP",
                why: WhyStreamRefused::Transport,
            },
            "The application stream (TCP/BFCP) is refused: it cannot pass through the relay that stands between the two.",
        );
        check(
            StreamNews::Refused { media: video, protocol, why: WhyStreamRefused::TooMany },
            "Video (RTP/AVP) is refused: it is one more than may pass through this server.",
        );
        check(
            StreamNews::Refused { media: video, protocol, why: WhyStreamRefused::NoPort },
            "Video (RTP/AVP) is refused: it finds no ports on this server.",
        );
        check(
            StreamNews::Refused { media: video, protocol, why: WhyStreamRefused::NoTime },
            "Video (RTP/AVP) is refused: it comes where nobody can wait for ports on this server.",
        );
        check(
            StreamNews::NotOpened { media: StreamMedia::Image, reason: "no port left" },
            "No ports could be opened for fax: no port left.",
        );
        check(
            StreamNews::Refused { media: video, protocol, why: WhyStreamRefused::NoBandwidth },
            "Video (RTP/AVP) is refused: it finds no bandwidth; the call goes on with audio.",
        );
        check(
            StreamNews::Refused { media: video, protocol, why: WhyStreamRefused::Region },
            "Video (RTP/AVP) is refused: it is not permitted between the regions of the two.",
        );
        check(
            StreamNews::Reserved { from: "Berlin", to: "Hub_None", kbps: 384 },
            "384 kbit/s are reserved for video between location Berlin and location Hub_None.",
        );
        let offerer = "192.0.2.1:6000".parse().ok();
        check(
            StreamNews::Agreed { media: video, codec: "H264", offerer, answerer: None, way: Way::Relayed },
            "Video (H264) is agreed and passes through ports of this server, between 192.0.2.1:6000 and an address that is not known.",
        );
        check(
            StreamNews::Agreed { media: video, codec: "", offerer, answerer: offerer, way: Way::Direct },
            "Video is agreed and does not pass this server, between 192.0.2.1:6000 and 192.0.2.1:6000.",
        );
        check(
            StreamNews::Lost { media: StreamMedia::Audio },
            "The ports of this server for further audio failed; both sides are asked again where they want it.",
        );
        check(
            StreamNews::Carried { media: video, packets: 700, lost: Some(3), sent: 650 },
            "Of video, 700 packets came from Bob's phone, 3 were lost; 650 were sent there.",
        );
        check(
            StreamNews::Carried { media: StreamMedia::Image, packets: 7, lost: None, sent: 6 },
            "Of fax, 7 packets came from Bob's phone; 6 were sent there.",
        );
    }
}
