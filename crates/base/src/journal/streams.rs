//! Streams beside the first audio stream of a call: video, fax, presentations.

use std::net::SocketAddr;

use super::DecodeError;
use super::path::Way;
use super::wire::{Reader, Wire, wire_enum};

/// What a stream is, as its `m=` line says (RFC 8866 §5.14).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum StreamMedia {
    /// A further audio stream.
    Audio,
    /// Video.
    Video,
    /// Fax (ITU-T T.38).
    Image,
    /// The control of a presentation, or of a camera.
    Application,
    /// Anything else.
    Other,
}

impl StreamMedia {
    /// What the first word of an `m=` line names.
    pub fn of(media: &str) -> Self {
        match media {
            "audio" => StreamMedia::Audio,
            "video" => StreamMedia::Video,
            "image" => StreamMedia::Image,
            "application" => StreamMedia::Application,
            _ => StreamMedia::Other,
        }
    }
}

wire_enum!(StreamMedia { Audio = 0, Video = 1, Image = 2, Application = 3, Other = 4 });

/// What becomes of a stream beside the first audio stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StreamNews<'a> {
    /// It is refused in what the other side is told.
    Refused {
        /// What it is.
        media: StreamMedia,
        /// Its transport protocol.
        protocol: &'a str,
        /// Why.
        why: WhyStreamRefused,
    },
    /// Bandwidth is reserved for video.
    Reserved {
        /// From this location.
        from: &'a str,
        /// To this one.
        to: &'a str,
        /// How much, in kbit/s.
        kbps: u32,
    },
    /// No ports are to be had for it.
    NotOpened {
        /// What it is.
        media: StreamMedia,
        /// What the operating system said.
        reason: &'a str,
    },
    /// It is agreed.
    Agreed {
        /// What it is.
        media: StreamMedia,
        /// The codec that the answer names first.
        codec: &'a str,
        /// Where the side wants it that offered; `None` when it gave a domain name.
        offerer: Option<SocketAddr>,
        /// Where the side wants it that answered.
        answerer: Option<SocketAddr>,
        /// Directly or through ports of this server.
        way: Way,
    },
    /// Its ports are gone although nobody closed them.
    Lost {
        /// What it is.
        media: StreamMedia,
    },
    /// What the record's leg sent of it until it ended, and was sent.
    Carried {
        /// What it is.
        media: StreamMedia,
        /// Packets that came from there.
        packets: u64,
        /// Packets that were lost on their way from there; `None` where they have no numbers.
        lost: Option<u64>,
        /// Packets that were sent there.
        sent: u64,
    },
}

wire_enum!(StreamNews<'a> {
    Refused = 0 { media, protocol, why },
    NotOpened = 1 { media, reason },
    Agreed = 2 { media, codec, offerer, answerer, way },
    Lost = 3 { media },
    Carried = 4 { media, packets, lost, sent },
    Reserved = 5 { from, to, kbps },
});

/// Why a stream is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WhyStreamRefused {
    /// What runs over TCP, or agrees on keys in its own stream, has to meet the other side itself.
    Transport,
    /// The call has as many streams through this server as it may.
    TooMany,
    /// No ports were to be had.
    NoPort,
    /// It comes where nobody can wait for ports: in early media, or in an answer.
    NoTime,
    /// The regions of the two permit no video.
    Region,
    /// Their locations have no room for it.
    NoBandwidth,
}

wire_enum!(WhyStreamRefused { Transport = 0, TooMany = 1, NoPort = 2, NoTime = 3, Region = 4, NoBandwidth = 5 });
