//! What the decision side and the media workers say to each other.
//!
//! Workers own the RTP sockets; the decision side names endpoints and relays, the workers report the
//! addresses they opened, the digits they heard and the quality they measured.

use std::net::SocketAddr;
use std::sync::Arc;

use strowger_base::ShardId;
use strowger_base::leg::{Digit, Mute, Service, Tone};

use crate::codec::Codec;
use crate::fork::CopyTo;
use crate::rtp;
use crate::srtp::{KeyMaterial, SrtpKeys};
use crate::statistics::PortStatistics;

/// A media port of ours: an endpoint or a relay. Never used again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PortId(pub u64);

impl PortId {
    /// Who opened it, and so to whom its reports go.
    pub const fn owner(self) -> PortOwner {
        if self.0.is_multiple_of(2) { PortOwner::CallControl } else { PortOwner::Agent }
    }
}

/// Who asks for media ports. Both number theirs alone and never meet: the lowest bit of a [`PortId`] tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PortOwner {
    /// Call control: relays, even numbers.
    CallControl,
    /// [`crate::Agent`]: endpoints of services, odd numbers.
    Agent,
}

/// Hands out the port ids of one owner on one shard, rising and never used again.
///
/// Bits 48-63 name the shard, so that shards may share media workers.
#[derive(Clone, Debug)]
pub struct PortIds {
    next: u64,
}

impl PortIds {
    /// The ids of `owner` on `shard`.
    pub const fn new(shard: ShardId, owner: PortOwner) -> Self {
        let parity = match owner {
            PortOwner::CallControl => 0,
            PortOwner::Agent => 1,
        };
        PortIds { next: ((shard.0 as u64) << 48) + 2 + parity }
    }

    /// The next id.
    pub const fn allocate(&mut self) -> PortId {
        let port = PortId(self.next);
        self.next += 2;
        port
    }
}

/// One of the two sides of a relay.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Side {
    /// Towards the caller.
    A,
    /// Towards the called device.
    B,
}

impl Side {
    /// The side across.
    pub const fn other(self) -> Side {
        match self {
            Side::A => Side::B,
            Side::B => Side::A,
        }
    }
}

/// What a stream of RTP is made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StreamFormat {
    /// The codec.
    pub codec: Codec,
    /// Its RTP payload type, 0-127.
    pub payload_type: u8,
    /// The payload type of RFC 4733 events, when agreed.
    pub telephone_event: Option<u8>,
    /// Packet time in milliseconds, 10-60.
    pub ptime_ms: u8,
    /// The most bits a second that the peer wants on average, where it said so and the codec can heed it.
    pub bitrate_max: Option<u32>,
}

/// The payload types under which an endpoint of ours agreed to receive.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct PayloadTypes {
    /// Of G.711 µ-law.
    pub pcmu: Option<u8>,
    /// Of G.711 A-law.
    pub pcma: Option<u8>,
    /// Of G.722.
    pub g722: Option<u8>,
    /// Of Opus.
    pub opus: Option<u8>,
    /// Of G.729, where a resource that is not ours receives.
    pub g729: Option<u8>,
    /// Of RFC 4733 events on a clock of 8 kHz.
    pub telephone_event: Option<u8>,
    /// Of RFC 4733 events on the clock of Opus.
    pub telephone_event_48k: Option<u8>,
}

impl PayloadTypes {
    /// The codec that a packet of this type carries.
    pub fn codec_of(&self, payload_type: u8) -> Option<Codec> {
        let wanted = Some(payload_type);
        if self.pcmu == wanted {
            Some(Codec::Pcmu)
        } else if self.pcma == wanted {
            Some(Codec::Pcma)
        } else if self.g722 == wanted {
            Some(Codec::G722)
        } else if self.opus == wanted {
            Some(Codec::Opus)
        } else if self.g729 == wanted {
            Some(Codec::G729)
        } else {
            None
        }
    }

    /// The place of a codec's payload type.
    pub const fn slot(&mut self, codec: Codec) -> &mut Option<u8> {
        match codec {
            Codec::Pcmu => &mut self.pcmu,
            Codec::Pcma => &mut self.pcma,
            Codec::G722 => &mut self.g722,
            Codec::Opus => &mut self.opus,
            Codec::G729 => &mut self.g729,
        }
    }

    /// The clock of the events that a packet of this type carries, in Hz.
    pub fn event_clock_of(&self, payload_type: u8) -> Option<u32> {
        let wanted = Some(payload_type);
        if self.telephone_event == wanted {
            Some(rtp::EVENT_CLOCK_HZ)
        } else if self.telephone_event_48k == wanted {
            Some(Codec::Opus.rtp_clock_hz())
        } else {
            None
        }
    }

    /// The place of the payload type of events on this clock.
    pub const fn event_slot(&mut self, clock_hz: u32) -> &mut Option<u8> {
        if clock_hz == Codec::Opus.rtp_clock_hz() {
            &mut self.telephone_event_48k
        } else {
            &mut self.telephone_event
        }
    }
}

/// What one side of a relay that transcodes agreed to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Coding {
    /// What it sends.
    pub receive: PayloadTypes,
    /// What it is sent.
    pub format: StreamFormat,
}

/// Keys as events in media (RFC 4733).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KeyEvents {
    /// Their payload type.
    pub payload_type: u8,
    /// The clock that their durations and timestamps count, in Hz.
    pub clock_hz: u32,
}

/// Where the keys of one side of a relay are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyWay {
    /// In its media, as events.
    Events(KeyEvents),
    /// In its sound, as tones. Only a relay that decodes the sound hears and makes them.
    Sound,
    /// Beside its media: it is told by call control, which is told in turn what the other side presses.
    Signalled,
}

impl KeyWay {
    /// The events of a side that has its keys so.
    pub const fn events(self) -> Option<KeyEvents> {
        match self {
            KeyWay::Events(events) => Some(events),
            KeyWay::Sound | KeyWay::Signalled => None,
        }
    }
}

/// Where the keys of both sides of a relay are, when that is not the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KeyWays {
    /// Of side A.
    pub a: KeyWay,
    /// Of side B.
    pub b: KeyWay,
}

/// What both sides of a relay that transcodes agreed to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Codings {
    /// Of side A.
    pub a: Coding,
    /// Of side B.
    pub b: Coding,
}

/// Where an endpoint's RTCP goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RtcpWay {
    /// To an address of its own: the port after RTP's, or what `a=rtcp` says (RFC 3605).
    Address(SocketAddr),
    /// On the RTP port (RFC 5761).
    Mux,
}

/// What the workers shall do. Every opened port is closed exactly once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Command {
    /// Open an RTP and RTCP port for a service. Answered by [`Report::Opened`] or [`Report::Failed`], or by [`Report::Closed`] when the
    /// worker that was to open it is lost before it has answered.
    OpenEndpoint {
        /// The new port.
        port: PortId,
        /// What it does with media.
        service: Service,
    },
    /// Open a port from which a service sends to all who listen at a multicast address, until it is closed; nothing is heard
    /// there. Answered like [`Command::OpenEndpoint`].
    OpenMulticast {
        /// The new port.
        port: PortId,
        /// What is sent: [`Service::Sounds`] or a listening seat of a page.
        service: Service,
        /// Where to.
        to: Multicast,
    },
    /// Start, or change, what an endpoint sends and where.
    Connect {
        /// The endpoint.
        port: PortId,
        /// Where RTP goes; learned anew from the packets that arrive when the peer is behind NAT.
        remote: SocketAddr,
        /// Where RTCP goes; learned anew like RTP.
        rtcp: RtcpWay,
        /// What to send: codec and payload types.
        format: StreamFormat,
        /// What may arrive.
        receive: PayloadTypes,
        /// Whether the peer wants to hear something.
        send: bool,
    },
    /// How packets are protected from now on; until it is said they are not. Also while a relay is being opened. A key
    /// that stays the same goes on where it is.
    Protect {
        /// The port.
        port: PortId,
        /// The keys of both sides, which change together: nothing is sent in the clear in between.
        keys: Box<PortKeys>,
    },
    /// What an endpoint of [`Service::Sounds`] plays from now on, or what all of a conference hear once in which the endpoint
    /// has a seat.
    Play {
        /// The endpoint.
        port: PortId,
        /// What.
        tone: Tone,
    },
    /// Whether the others of a conference hear an endpoint that has a seat in it. At first they do.
    Mute {
        /// The endpoint.
        port: PortId,
        /// Whether.
        mute: Mute,
    },
    /// Open the two ports of a relay. Answered like [`Command::OpenEndpoint`], with both addresses.
    OpenRelay {
        /// The new port.
        port: PortId,
    },
    /// Open a relay at a device that does it in place of a worker, and decodes. Each side is opened for a codec, which is another one
    /// later where [`Command::Transcode`] says so. Of what a relay can be told a device knows [`Command::Direct`],
    /// [`Command::Transcode`], [`Command::Suspend`] and [`Command::Close`]. Answered like [`Command::OpenRelay`].
    OpenAt {
        /// The new port.
        port: PortId,
        /// The device, by its name.
        device: Arc<str>,
        /// What side A is opened for.
        a: Codec,
        /// What side B is opened for.
        b: Codec,
    },
    /// Open the two ports of a passage: a relay of datagrams that are no RTP, such as fax by UDPTL (ITU-T T.38). It is directed and
    /// closed like a relay, and does nothing else. Answered like [`Command::OpenRelay`].
    OpenPassage {
        /// The new port.
        port: PortId,
    },
    /// Tell a relay where one side's device wants its packets; also while it is being opened.
    Direct {
        /// The relay.
        port: PortId,
        /// Which side.
        side: Side,
        /// Where packets go, and what it sends.
        peer: RelayPeer,
    },
    /// From now on a relay decodes what each side says and encodes it as the other one agreed to hear it; with `None` packets pass
    /// as they are again. Also while the relay is being opened. Codings that stay the same go on where they are.
    Transcode {
        /// The relay.
        port: PortId,
        /// What the sides agreed to.
        codings: Option<Box<Codings>>,
    },
    /// Open the two ports from which copies go to a recorder of what passes a relay that is open. Answered like
    /// [`Command::OpenRelay`].
    OpenFork {
        /// The new port.
        port: PortId,
        /// The relay.
        of: PortId,
    },
    /// Where a fork copies what a side of its relay sends; nowhere when `None`, as at first. Also while it is being opened.
    Copy {
        /// The fork.
        port: PortId,
        /// Whose packets.
        side: Side,
        /// Where to.
        to: Option<CopyTo>,
    },
    /// With which keys the sides of a relay protect what passes it as it is: copies are opened with them. With none, as at first, they
    /// are what passes. Also while the fork is being opened.
    Unseal {
        /// The fork.
        port: PortId,
        /// The keys.
        keys: Box<SentKeys>,
    },
    /// What may be sent to one side of a relay, which shall hear a tone beside the other side: that it is recorded, that somebody else
    /// calls, or that something is done. It hears this one no more when `None`, as at first. Its other side hears nothing of it, nor do
    /// copies. At most [`crate::warning::TONES`] are heard at once.
    Warn {
        /// The relay.
        port: PortId,
        /// Who hears the tone.
        side: Side,
        /// Which. One that is heard already goes on where it is; one that has an end is over then.
        tone: Tone,
        /// Under which payload types this side receives.
        types: Option<PayloadTypes>,
    },
    /// Nothing passes a relay while it is suspended, and nothing that comes to it is counted: one side listens to something else, and the
    /// other one knows that nobody hears it. Afterwards the sequence numbers that passed meanwhile are no loss. At first it is not.
    Suspend {
        /// The relay.
        port: PortId,
        /// Whether.
        suspended: bool,
    },
    /// Where the keys of both sides are, which a relay carries over instead of letting them pass; with `None` all pass.
    Keys {
        /// The relay.
        port: PortId,
        /// The ways.
        ways: Option<KeyWays>,
    },
    /// Write a key into what a side of a relay hears; nothing happens when its keys are beside its media, or pass.
    Press {
        /// The relay.
        port: PortId,
        /// Who hears it.
        side: Side,
        /// Which key.
        digit: Digit,
    },
    /// Close it, in whatever state it is. Answered by exactly one [`Report::Closed`], and by nothing else for
    /// this port any more. Not wanted after [`Report::Failed`], and harmless when the two cross.
    Close {
        /// Which.
        port: PortId,
    },
}

impl Command {
    /// The port that it concerns, which says who has to do it.
    pub const fn port(&self) -> PortId {
        match self {
            Command::OpenEndpoint { port, .. }
            | Command::OpenMulticast { port, .. }
            | Command::Connect { port, .. }
            | Command::Protect { port, .. }
            | Command::Play { port, .. }
            | Command::Mute { port, .. }
            | Command::OpenRelay { port }
            | Command::OpenAt { port, .. }
            | Command::OpenPassage { port }
            | Command::Direct { port, .. }
            | Command::Transcode { port, .. }
            | Command::OpenFork { port, .. }
            | Command::Copy { port, .. }
            | Command::Unseal { port, .. }
            | Command::Warn { port, .. }
            | Command::Suspend { port, .. }
            | Command::Keys { port, .. }
            | Command::Press { port, .. }
            | Command::Close { port } => *port,
        }
    }
}

/// What a relay knows of a side from its description.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RelayPeer {
    /// Where RTP goes; learned anew from the packets that arrive when the peer is behind NAT.
    pub rtp: SocketAddr,
    /// Where RTCP goes (RFC 3605); learned anew like RTP.
    pub rtcp: SocketAddr,
    /// The payload type of Opus, which alone of the codecs that pass does not count 8,000 timestamps a second.
    pub opus: Option<u8>,
}

impl RelayPeer {
    /// One that has its RTCP on the port behind that of RTP (RFC 3550 §11) and sends no Opus.
    pub const fn new(rtp: SocketAddr) -> Self {
        RelayPeer { rtp, rtcp: SocketAddr::new(rtp.ip(), rtp.port().saturating_add(1)), opus: None }
    }
}

/// Where something goes out to all who listen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Multicast {
    /// The multicast address, with an even port for RTP; RTCP goes to the next one.
    pub address: SocketAddr,
    /// How many routers it may pass, and one more (RFC 8866 §5.7): 1 stays on the network of the server.
    pub ttl: u8,
    /// How it is coded; the payload type is that codec's static one, since nobody can ask.
    pub codec: Codec,
}

/// Whether somebody in a conference talks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Talking {
    /// Nothing is heard from there.
    #[default]
    No,
    /// The others hear something.
    Yes,
}

/// With what packets of a port are protected: `None` for RTP, or for SRTP whose keys only the devices know.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct PortKeys {
    /// Between us and side A of a relay, or the peer of an endpoint.
    pub a: Option<SrtpKeys>,
    /// Between us and side B of a relay.
    pub b: Option<SrtpKeys>,
}

/// With what each side of a relay protects the packets that it sends; `None` for RTP, or where the relay opens them.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct SentKeys {
    /// The key of side A.
    pub a: Option<KeyMaterial>,
    /// The key of side B.
    pub b: Option<KeyMaterial>,
}

/// What the workers tell. After [`Report::Failed`] or [`Report::Closed`] nothing that is told of a port means anything any more; it may
/// still come, from a worker that took its time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Report {
    /// The port is open.
    Opened {
        /// Which.
        port: PortId,
        /// The RTP address for side A, or of the endpoint; RTCP is the next port.
        a: SocketAddr,
        /// The RTP address for side B of a relay.
        b: Option<SocketAddr>,
    },
    /// No port could be opened.
    Failed {
        /// Which.
        port: PortId,
        /// What the operating system said.
        reason: Box<str>,
    },
    /// A digit arrived by RFC 4733.
    Digit {
        /// At which port.
        port: PortId,
        /// From which side of a relay; `A` at an endpoint.
        side: Side,
        /// Which digit.
        digit: Digit,
    },
    /// Somebody in a conference has begun to talk, or has ended. Of each seat it is said at most once in
    /// [`crate::conference::TALKING_INTERVAL`].
    Talking {
        /// The seat.
        port: PortId,
        /// Whether it is heard by the others now.
        talking: Talking,
    },
    /// The announcement has been played to its end.
    Finished {
        /// At which port.
        port: PortId,
    },
    /// An endpoint has heard nothing for [`crate::endpoint::SILENT_MAX`] though its peer wants to hear something. Said
    /// once until the next [`Command::Connect`].
    Silent {
        /// At which port.
        port: PortId,
    },
    /// The port is closed: as it was commanded, or because its sockets or its worker are lost. That may be in place of
    /// [`Report::Opened`]; whoever waits for the port waits in vain.
    Closed {
        /// Which.
        port: PortId,
        /// What it carried in its whole life.
        statistics: Box<PortStatistics>,
    },
}

impl Report {
    /// Which port it is about.
    pub const fn port(&self) -> PortId {
        match self {
            Report::Opened { port, .. }
            | Report::Failed { port, .. }
            | Report::Digit { port, .. }
            | Report::Talking { port, .. }
            | Report::Finished { port }
            | Report::Silent { port }
            | Report::Closed { port, .. } => *port,
        }
    }
}
