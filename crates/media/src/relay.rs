//! A relay between two legs: it forwards RTP and RTCP both ways and counts them.
//!
//! One datagram in is at most one datagram out, of the same bytes. Nothing goes to a side before it is
//! known where the side is, and only what comes from a side's own address passes (`latch` has the rules).
//! Payloads are not looked at: any codec passes, and so does SRTP. Where a side's keys are ours too, its packets are opened and
//! checked when they come and protected when they go, so that the two sides may have different suites, or one of them none.
//! Where one side has its keys in media and the other one beside it, it tells and writes them (`keys`).
//! Where the two speak different codecs it decodes and encodes (`transcoding`): then packets leave in our time and not in theirs.

mod keys;
mod renaming;
mod transcoding;

use std::net::SocketAddr;
use std::time::Duration;

use strowger_base::leg::{Digit, Tone};
use strowger_base::{Instant, Now, Rng};

use crate::codec::Codec;
use crate::control::{Codings, KeyWays, PayloadTypes, PortId, PortKeys, RelayPeer, Report, Side};
use crate::fork::{FORKS_MAX, Fork};
use crate::latch::{ControlLatch, Latch, Verdict};
use crate::rtcp::{self, Compound};
use crate::rtp::{self, HEADER_BYTES, Header, Packet, Reception, ReportBlock, Timing};
use crate::sides::Sides;
use crate::srtp::{Failure, Protection};
use crate::statistics::{StreamStatistics, Unsent};
use crate::warning::Warnings;
use crate::worker::{Channel, Former, Outbox, SocketRef};
use keys::{Fate, Keys};
use renaming::Renaming;
use transcoding::Transcoding;

/// What can happen to a relay.
#[derive(Debug)]
pub enum Input<'a> {
    /// One side's device described where it wants its packets.
    Direct {
        /// Which side.
        side: Side,
        /// Where it has its RTP and RTCP; unspecified in old-style hold.
        peer: RelayPeer,
    },
    /// What may be sent to one side, which shall hear the tone of recordings; it hears none when `None`.
    Warn(Side, Tone, Option<PayloadTypes>),
    /// Whether nothing passes, as one side listens to something else.
    Suspend(bool),
    /// How both sides are protected.
    Protect(&'a PortKeys),
    /// What the sides speak, when that is not the same; `None` when packets pass as they are.
    Transcode(Option<&'a Codings>, Rng),
    /// A datagram arrived.
    Packet {
        /// From which side.
        side: Side,
        /// At which of the side's sockets.
        channel: Channel,
        /// From where.
        source: SocketAddr,
        /// The datagram.
        bytes: &'a [u8],
    },
    /// Which payload types carry keys that are told and written here.
    Keys(Option<KeyWays>, Rng),
    /// A key for a side.
    Press(Side, Digit),
    /// The time of `next_timeout` has come.
    Timeout,
}

/// One relay.
#[derive(Debug)]
pub struct Relay {
    port: PortId,
    sides: Sides<Half>,
    /// Nothing passes.
    suspended: bool,
    transcoding: Option<Box<Transcoding>>,
    /// Who gets copies.
    forks: Vec<Fork>,
    keys: Option<Box<Keys>>,
    /// Where the keys of both sides are, for whoever decodes their sound.
    key_ways: Option<KeyWays>,
    /// Room for what is opened.
    opened: Vec<u8>,
    /// Room for what is encoded.
    encoded: Vec<u8>,
    /// Room for what a tone is mixed into.
    mixed: Vec<u8>,
}

/// What is known of one side.
#[derive(Debug, Default)]
struct Half {
    rtp: Latch,
    rtcp: ControlLatch,
    /// The payload type of Opus.
    opus: Option<u8>,
    protection: Protection,
    /// How this side hears the other one's source.
    hears: Renaming,
    /// The tones that this side hears beside the other one.
    warnings: Warnings,
    reception: Reception,
    remote: Option<ReportBlock>,
    /// The middle of the NTP time of this side's last sender report, and when it passed.
    sender_report: Option<(u32, Instant)>,
    /// From here to this side and back.
    round_trip: Option<Duration>,
    malformed: u64,
    foreign: u64,
    sent: u64,
    sent_bytes: u64,
    unsent: Unsent,
}

impl Relay {
    /// A relay that knows neither side yet.
    pub fn new(port: PortId) -> Self {
        Relay {
            port,
            sides: Sides::default(),
            suspended: false,
            transcoding: None,
            forks: Vec::new(),
            keys: None,
            key_ways: None,
            opened: Vec::new(),
            encoded: Vec::new(),
            mixed: Vec::new(),
        }
    }

    /// When [`Input::Timeout`] is wanted; a relay that does not transcode, and in which no key is pressed, wants none.
    pub fn next_timeout(&self) -> Option<Instant> {
        let transcoded = self.transcoding.as_ref().and_then(|transcoding| transcoding.next_timeout());
        transcoded.into_iter().chain(self.keys.as_ref().and_then(|keys| keys.next_timeout())).min()
    }

    /// Takes one input; the outbox is complete when it returns.
    pub fn handle(&mut self, now: Now, input: Input<'_>, out: &mut Outbox) {
        match input {
            Input::Direct { side, peer } => {
                let half = self.sides.of_mut(side);
                half.rtp.describe(now.mono, peer.rtp);
                half.rtcp.describe(peer.rtcp);
                half.opus = peer.opus;
            }
            Input::Warn(side, tone, types) => {
                let half = self.sides.of_mut(side);
                half.warnings.warn(now.mono, tone, types);
            }
            Input::Suspend(suspended) => {
                self.suspended = suspended;
                for side in [Side::A, Side::B] {
                    self.sides.of_mut(side).reception.begin_anew();
                }
            }
            Input::Protect(keys) => {
                for (side, keys) in [(Side::A, &keys.a), (Side::B, &keys.b)] {
                    self.sides.of_mut(side).protection.change(keys.as_ref());
                }
            }
            Input::Transcode(codings, rng) => {
                let same = |known: &Transcoding| codings.is_some_and(|codings| known.is_for(codings));
                if !self.transcoding.as_deref().is_some_and(same) {
                    self.transcoding =
                        codings.map(|codings| Box::new(Transcoding::new(now.mono, *codings, rng)));
                    self.tell_key_ways();
                }
            }
            Input::Keys(ways, mut rng) => {
                match (&mut self.keys, ways) {
                    (Some(keys), Some(ways)) => keys.change(ways),
                    (keys, ways) => *keys = ways.map(|ways| Box::new(Keys::new(now.mono, ways, &mut rng))),
                }
                self.key_ways = ways;
                self.tell_key_ways();
            }
            Input::Press(side, digit) => self.press(now, side, digit, out),
            Input::Timeout => {
                self.send_transcoded(now, out);
                self.send_keys(now, out);
            }
            Input::Packet { side, channel, source, bytes } => {
                let mut opened = std::mem::take(&mut self.opened);
                let from = self.sides.of_mut(side);
                // Who has no key is nobody's peer, whatever its address.
                match from.protection.open(bytes, &mut opened) {
                    Ok(bytes) if channel == Channel::Rtp && !rtp::is_rtcp(bytes) => {
                        self.rtp(now, side, source, bytes, out);
                    }
                    Ok(bytes) => self.rtcp(now, side, channel, source, bytes, out),
                    Err(Failure::Malformed) => from.malformed += 1,
                    Err(_) => from.foreign += 1,
                }
                self.opened = opened;
            }
        }
    }

    fn tell_key_ways(&mut self) {
        if let Some(transcoding) = &mut self.transcoding {
            transcoding.set_keys(self.key_ways);
        }
    }

    /// Who transcodes has streams of its own, with the keys of both sides.
    fn press(&mut self, now: Now, side: Side, digit: Digit, out: &mut Outbox) {
        match (&mut self.transcoding, &mut self.keys) {
            (Some(transcoding), Some(_)) => transcoding.to(side).press(digit),
            (None, Some(keys)) => {
                keys.press(now.mono, side, digit);
                self.send_keys(now, out);
            }
            (_, None) => {}
        }
    }

    /// Copies what passes from now on; gives the fork back when there are as many as may be.
    pub(crate) fn hang(&mut self, fork: Box<Fork>) -> Option<Box<Fork>> {
        if self.forks.len() >= FORKS_MAX {
            return Some(fork);
        }
        self.forks.push(*fork);
        None
    }

    pub(crate) fn fork_mut(&mut self, port: PortId) -> Option<&mut Fork> {
        self.forks.iter_mut().find(|fork| fork.port() == port)
    }

    pub(crate) fn unhang(&mut self, port: PortId) -> Option<Fork> {
        let at = self.forks.iter().position(|fork| fork.port() == port)?;
        Some(self.forks.swap_remove(at))
    }

    /// Lets go of all forks.
    pub(crate) fn unhang_all(&mut self) -> Vec<Fork> {
        std::mem::take(&mut self.forks)
    }

    /// Somebody is still sending to the call that had this side's port before.
    pub(crate) fn shun(&mut self, side: Side, former: Former) {
        self.sides.of_mut(side).rtp.shun(former);
    }

    /// A datagram for this side could not be sent.
    pub(crate) fn unsent(&mut self, side: Side, error: u16) {
        self.sides.of_mut(side).unsent.add(error);
    }

    /// Who talks on this side, as far as is known.
    pub(crate) fn peer(&self, side: Side) -> Option<Former> {
        let half = self.sides.of(side);
        let address = half.rtp.peer().or(half.rtp.described())?;
        Some(Former { address, ssrc: half.reception.ssrc() })
    }

    /// What came from this side until now, and went to it.
    pub fn statistics(&self, side: Side) -> StreamStatistics {
        let half = self.sides.of(side);
        let mut statistics = StreamStatistics {
            remote_lost: half.remote.map(|block| block.cumulative_lost.max(0) as u32),
            remote_jitter: half.remote.map(|block| block.jitter),
            round_trip: half.round_trip,
            malformed: half.malformed,
            foreign: half.foreign,
            sent: half.sent.saturating_sub(half.unsent.packets),
            sent_bytes: half.sent_bytes,
            unsent: half.unsent.packets,
            unsent_error: half.unsent.error,
            peer: half.rtp.peer(),
            ..StreamStatistics::default()
        };
        if let Some(transcoding) = &self.transcoding {
            transcoding.fill(side, &mut statistics);
        }
        statistics.take_reception(&half.reception);
        statistics
    }

    /// Sends what is due to both sides, with the reports that are.
    fn send_transcoded(&mut self, now: Now, out: &mut Outbox) {
        let Some(mut transcoding) = self.transcoding.take() else { return };
        let (mut encoded, mut mixed) = (std::mem::take(&mut self.encoded), std::mem::take(&mut self.mixed));
        for side in [Side::A, Side::B] {
            let port = self.port;
            let to = self.sides.of_mut(side);
            let way = transcoding.to(side);
            while way.is_due(now.mono) {
                encoded.clear();
                if let Some(digit) = way.send(now.mono, &mut encoded) {
                    out.report(Report::Digit { port, side: side.other(), digit });
                }
                let Some(destination) = to.rtp.destination().filter(|_| !encoded.is_empty()) else {
                    continue;
                };
                let socket = SocketRef { port, side, channel: Channel::Rtp };
                let told = to.warnings.warned(now.mono, &encoded, &mut mixed);
                let write = |buffer: &mut Vec<u8>| buffer.extend_from_slice(told);
                if out.send_protected(&mut to.protection, socket, destination, write) {
                    to.sent += 1;
                    to.sent_bytes += (encoded.len() - HEADER_BYTES) as u64;
                }
            }
            if transcoding.reports(now.mono, side) {
                let way = transcoding.to(side);
                let destination = match way.channel {
                    Channel::Rtcp => to.rtcp.destination(&to.rtp),
                    Channel::Rtp => to.rtp.destination(),
                };
                let report = way.report(now, &mut to.reception);
                if let Some(destination) = destination {
                    let socket = SocketRef { port, side, channel: way.channel };
                    out.send_protected(&mut to.protection, socket, destination, |bytes| report.write(bytes));
                }
            }
        }
        (self.encoded, self.mixed) = (encoded, mixed);
        self.transcoding = Some(transcoding);
    }

    /// Sends what is due of keys to both sides.
    fn send_keys(&mut self, now: Now, out: &mut Outbox) {
        let Some(mut keys) = self.keys.take() else { return };
        let port = self.port;
        for side in [Side::A, Side::B] {
            let to = self.sides.of_mut(side);
            while let Some((header, payload)) = keys.due(now.mono, side) {
                let Some(destination) = to.rtp.destination() else { continue };
                let Some(ssrc) = to.hears.judge(&header, &to.protection) else { continue };
                let socket = SocketRef { port, side, channel: Channel::Rtp };
                let write = |buffer: &mut Vec<u8>| {
                    Header { ssrc, ..header }.write(buffer);
                    buffer.extend_from_slice(&payload);
                };
                if out.send_protected(&mut to.protection, socket, destination, write) {
                    to.sent += 1;
                    to.sent_bytes += payload.len() as u64;
                }
            }
        }
        self.keys = Some(keys);
    }

    /// A packet for the jitter buffer of the way to the other side.
    fn take_apart(&mut self, now: Now, side: Side, bytes: &[u8], out: &mut Outbox) {
        let port = self.port;
        let Some(mut transcoding) = self.transcoding.take() else { return };
        let way = transcoding.to(side.other());
        let from = self.sides.of_mut(side);
        match Packet::parse(bytes) {
            // What it says in a payload type that was not agreed is its own affair, and no reason to end a call.
            Ok(packet) if way.understands(packet.header.payload_type) => {
                let timing = way.timing(packet.header.payload_type);
                let arrival = from.reception.receive(now.mono, &packet.header, packet.payload.len(), timing);
                if let Some(digit) = way.receive(now.mono, &packet, arrival) {
                    out.report(Report::Digit { port, side, digit });
                }
            }
            Ok(_) | Err(_) => from.malformed += 1,
        }
        self.transcoding = Some(transcoding);
    }

    fn rtp(&mut self, now: Now, side: Side, source: SocketAddr, bytes: &[u8], out: &mut Outbox) {
        let port = self.port;
        let from = self.sides.of_mut(side);
        let Some(header) = Header::peek(bytes) else {
            from.malformed += 1;
            return;
        };
        match from.rtp.judge(now.mono, source, header.ssrc) {
            Verdict::Ours => {}
            Verdict::Foreign => {
                from.foreign += 1;
                return;
            }
        }
        if self.suspended {
            return;
        }
        if self.transcoding.is_some() {
            self.take_apart(now, side, bytes, out);
            return self.copy(side, &header, bytes, out);
        }
        let (fate, digit) = match &mut self.keys {
            Some(keys) => keys.pass(now.mono, side, bytes, header),
            None => (Fate::Passes(header), None),
        };
        if let Some(digit) = digit {
            out.report(Report::Digit { port, side, digit });
        }
        let from = self.sides.of_mut(side);
        let payload_bytes = bytes.len() - HEADER_BYTES;
        // Static payload types of audio have the 8 kHz clock, or nearly all of them; of the others that of Opus alone is known.
        let timing = match header.payload_type {
            ..VIDEO => Timing::Audio(STATIC_CLOCK_HZ),
            dynamic if from.opus == Some(dynamic) => Timing::Audio(Codec::Opus.rtp_clock_hz()),
            _ => Timing::Unusable,
        };
        from.reception.receive(now.mono, &header, payload_bytes, timing);
        let mut mixed = std::mem::take(&mut self.mixed);
        let to = self.sides.of_mut(side.other());
        if let Some(destination) = to.rtp.destination()
            && let Fate::Passes(header) = fate
            && let Some(source) = to.hears.judge(&header, &to.protection)
        {
            let socket = SocketRef { port, side: side.other(), channel: Channel::Rtp };
            let told = to.warnings.warned(now.mono, bytes, &mut mixed);
            let write = |buffer: &mut Vec<u8>| {
                let (head, rest) = told.split_at_checked(SOURCE_AT).unwrap_or_default();
                buffer.extend_from_slice(head.get(..2).unwrap_or_default());
                buffer.extend_from_slice(&header.sequence.to_be_bytes());
                buffer.extend_from_slice(head.get(4..).unwrap_or_default());
                buffer.extend_from_slice(&source.to_be_bytes());
                buffer.extend_from_slice(rest.get(4..).unwrap_or_default());
            };
            if out.send_protected(&mut to.protection, socket, destination, write) {
                to.sent += 1;
                to.sent_bytes += payload_bytes as u64;
            }
        }
        self.mixed = mixed;
        self.copy(side, &header, bytes, out);
    }

    /// What a side says goes to recorders as well, as the side said it.
    fn copy(&mut self, side: Side, header: &Header, bytes: &[u8], out: &mut Outbox) {
        for fork in &mut self.forks {
            fork.rtp(side, header.payload_type, bytes, out);
        }
    }

    fn rtcp(
        &mut self,
        now: Now,
        side: Side,
        channel: Channel,
        source: SocketAddr,
        bytes: &[u8],
        out: &mut Outbox,
    ) {
        let port = self.port;
        let from = self.sides.of_mut(side);
        if !rtp::is_rtcp(bytes) {
            from.malformed += 1;
            return;
        }
        let verdict = match channel {
            Channel::Rtcp => from.rtcp.judge(source, &from.rtp),
            Channel::Rtp if from.rtp.destination() == Some(source) => Verdict::Ours,
            Channel::Rtp => Verdict::Foreign,
        };
        match verdict {
            Verdict::Ours => {}
            Verdict::Foreign => {
                from.foreign += 1;
                return;
            }
        }
        if let Some(transcoding) = &mut self.transcoding {
            // What it reports is about a stream of ours, and what it sends is heard by nobody else.
            let way = transcoding.to(side);
            way.channel = channel;
            if let Ok(compound) = Compound::parse(bytes) {
                way.take(now, from.reception.ssrc(), compound);
            }
            self.copy_report(side, bytes, out);
            return;
        }
        self.copy_report(side, bytes, out);
        let (from, to) = self.sides.between(side);
        let checked = Compound::parse(bytes).is_ok();
        let renamed = if checked { renaming::renamed(bytes, &from.hears, &to.hears) } else { None };
        let bytes = renamed.as_deref().unwrap_or(bytes);
        if let Ok(compound) = Compound::parse(bytes) {
            from.take_reports(now.mono, compound, to);
        }
        let destination = match channel {
            Channel::Rtcp => to.rtcp.destination(&to.rtp),
            Channel::Rtp => to.rtp.destination(),
        };
        if let Some(destination) = destination {
            let socket = SocketRef { port, side: side.other(), channel };
            let protection = &mut to.protection;
            out.send_protected(protection, socket, destination, |buffer| buffer.extend_from_slice(bytes));
        }
    }

    fn copy_report(&mut self, side: Side, bytes: &[u8], out: &mut Outbox) {
        for fork in &mut self.forks {
            fork.rtcp(side, bytes, out);
        }
    }
}

impl Half {
    /// Keeps what this side reports of the other side's stream, and of when it sent its own report.
    fn take_reports(&mut self, now: Instant, compound: Compound<'_>, other: &Half) {
        for packet in compound.packets() {
            let reports = match packet {
                rtcp::Packet::SenderReport { ssrc: _, info, reports } => {
                    self.sender_report = Some((rtcp::ntp_middle(info.ntp), now));
                    reports
                }
                rtcp::Packet::ReceiverReport { ssrc: _, reports } => reports,
                rtcp::Packet::SourceDescription(_) | rtcp::Packet::Bye(_) | rtcp::Packet::Other(_) => {
                    continue;
                }
            };
            let of_other = |block: &ReportBlock| Some(block.ssrc) == other.reception.ssrc();
            if let Some(block) = reports.blocks().find(of_other) {
                self.remote = Some(block);
                self.measure(now, &block, other.sender_report);
            }
        }
    }

    /// The time since the other side's report went on from here, less what this side kept it (RFC 3550 §6.4.1).
    fn measure(&mut self, now: Instant, block: &ReportBlock, report: Option<(u32, Instant)>) {
        let Some((middle, passed_at)) = report else { return };
        let kept = Duration::from_nanos((u64::from(block.delay_since) * 1_000_000_000) >> 16);
        if block.last_sender_report == middle
            && let Some(round_trip) = now.saturating_since(passed_at).checked_sub(kept)
        {
            self.round_trip = Some(round_trip);
        }
    }
}

/// Where the source stands in an RTP packet.
const SOURCE_AT: usize = 8;
/// Payload types below are static ones of audio; from here on there is video, and what is agreed in each call (RFC 3551 §6).
const VIDEO: u8 = 24;
/// The clock of all audio with a static payload type that is still in use.
const STATIC_CLOCK_HZ: u32 = 8000;
