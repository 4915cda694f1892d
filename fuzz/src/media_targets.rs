//! The parsers of media: session descriptions, RTP and RTCP. The same as in `targets.rs`: what a parser says is held against
//! what must always be true.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;

use strowger_base::Instant;
use strowger_media::rtp::EventReceiver;
use strowger_media::sdp::{self, Session};
use strowger_media::{rtcp, rtp};

/// One target: its name, its words, and what it does.
pub type MediaTarget = (&'static str, &'static [&'static [u8]], fn(&[u8]) -> u64);

/// All of them.
pub const MEDIA_TARGETS: &[MediaTarget] =
    &[("sdp", LINES, description), ("rtp", PACKETS, packet), ("rtcp", PACKETS, compound)];

const LINES: &[&[u8]] = &[
    b"\r\na=sendonly\r\n",
    b"\r\na=inactive\r\n",
    b"\r\nc=IN IP4 0.0.0.0\r\n",
    b"\r\nc=IN IP6 2001:db8::1\r\n",
    b"\r\nm=audio 4000 RTP/AVP 0 8 101\r\n",
    b"\r\nm=audio 0 RTP/AVP 0\r\n",
    b"\r\nm=video 5000 RTP/AVP 96\r\n",
    b"\r\na=rtpmap:101 telephone-event/8000\r\n",
    b"\r\na=rtpmap:9 G722/8000\r\n",
    b"\r\na=fmtp:101 0-15\r\n",
    b"\r\na=rtcp-mux\r\n",
    b"\r\na=rtcp:4001\r\n",
    b"\r\na=ptime:20\r\n",
    b"\r\no=- 1 2 IN IP4 h\r\n",
    b"65536",
    b"4294967296",
    b"\n",
];
const PACKETS: &[&[u8]] = &[
    &[0x80, 0x00],
    &[0x80, 0xc8],
    &[0x81, 0xc9],
    &[0x90],
    &[0xa0],
    &[0x8f],
    &[0xbe, 0xde, 0x00, 0x01],
    &[0xff, 0xff],
    &[0x00, 0x00, 0x00, 0x00],
];

fn kind(parts: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    parts.hash(&mut hasher);
    hasher.finish()
}

/// A session description: both readers, and what is written from it.
pub fn description(bytes: &[u8]) -> u64 {
    let hold = sdp::hold_of(bytes);
    let session = Session::parse(bytes);
    let peeked = sdp::peek(bytes);
    let address = SocketAddr::from(([198, 51, 100, 1], 40_000));
    let moved = sdp::set_media_address(bytes, address);
    // What is sent on in our name grows by a few lines at most, and stays as readable as it was.
    assert!(moved.as_bytes().len() <= bytes.len() * 2 + 4096);
    if let Ok(session) = &session
        && session.audio().is_some()
    {
        assert!(Session::parse(moved.as_bytes()).is_ok(), "what could be read can be read when it has moved");
    }
    kind((
        session.is_ok(),
        session.ok().map(|session| session.streams.len()),
        peeked.is_ok(),
        format!("{hold:?}"),
    ))
}

/// An RTP packet: parts lie inside it, and what is written from it is read as the same.
pub fn packet(bytes: &[u8]) -> u64 {
    let peeked = rtp::Header::peek(bytes);
    let parsed = rtp::Packet::parse(bytes);
    let Ok(packet) = parsed else { return kind((false, peeked.is_some(), rtp::is_rtcp(bytes))) };
    assert_eq!(peeked, Some(packet.header));
    assert!(packet.payload.len() + 12 <= bytes.len());
    let mut written = Vec::new();
    packet.write(&mut written);
    let again = rtp::Packet::parse(&written).expect("what was written is a packet");
    assert_eq!((again.header, again.payload), (packet.header, packet.payload));
    let mut events = EventReceiver::default();
    let digit = events.receive(Instant::START, 8000, &packet.header, packet.payload);
    kind((true, packet.header.payload_type, packet.payload.len().min(20), digit.is_some()))
}

/// An RTCP compound packet: as many packets as there is room for.
pub fn compound(bytes: &[u8]) -> u64 {
    let Ok(compound) = rtcp::Compound::parse(bytes) else { return kind((false, rtp::is_rtcp(bytes))) };
    let packets = compound.packets().count();
    assert!((1..=bytes.len() / 4).contains(&packets));
    kind((true, packets, format!("{:?}", compound.packets().next()).len()))
}
