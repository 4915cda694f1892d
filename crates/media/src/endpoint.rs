//! An RTP endpoint of ours: the echo test, the announcement, or what a party hears that waits.
//!
//! * Echo: a short beep says that it begins. Then every audio packet that arrives goes back at once, with our own source
//!   and with sequence numbers and timestamps that keep the distances of the peer's: what was lost or
//!   overtaken on the way here is missing or late on the way back, so that the user hears the line as it
//!   is. Key presses and comfort noise are not echoed.
//! * Announcement: [`tone::ANNOUNCEMENT`], then [`Report::Finished`].
//! * Annunciator: a source once from its beginning, or a tone for a while, then [`Report::Finished`].
//! * Sounds: the tone or the music that it is told, for as long as it is told so.
//!
//! * Conference: what arrives waits until the conference asks for it, and what is sent is what the conference makes; see `seat`.
//!
//! All report [`Report::Silent`] when nothing has come for [`SILENT_MAX`], and pause while the peer does not want to hear anything. Where packets go is said in `latch`.

mod control;
mod programme;
mod seat;

use std::net::SocketAddr;
use std::time::Duration;

use strowger_base::leg::{Mute, PageSeat, Service, Tone};
use strowger_base::{Instant, Now, Rng};

use crate::codec::{Codec, Speaker, Transcoder};
use crate::conference::Seat;
use crate::control::{PayloadTypes, PortId, Report, RtcpWay, Side, StreamFormat};
use crate::latch::{Latch, Verdict};
use crate::music::Music;
use crate::rtp::{self, Arrival, EventReceiver, Header, Packet, Reception, Sender, Timing};
use crate::srtp::{Failure, Protection, SrtpKeys};
use crate::statistics::{StreamStatistics, Unsent};
use crate::tone;
use crate::worker::{Channel, Former, Outbox, SocketRef};
use control::Control;
use programme::{Frame, Programme};

/// What can happen to an endpoint.
#[derive(Debug)]
pub enum Input<'a> {
    /// Start, or change, what it sends and where.
    Connect(Connection),
    /// How packets are protected; `None` for RTP.
    Protect(Option<&'a SrtpKeys>),
    /// What [`Service::Sounds`] plays from now on.
    Play(Tone),
    /// A datagram arrived at the RTP socket.
    Packet {
        /// From where.
        source: SocketAddr,
        /// The datagram.
        bytes: &'a [u8],
    },
    /// A datagram arrived at the RTCP socket.
    RtcpPacket {
        /// From where.
        source: SocketAddr,
        /// The datagram.
        bytes: &'a [u8],
    },
    /// The time of `next_timeout` has come.
    Timeout,
}

/// What was agreed with the peer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Connection {
    /// Where RTP goes.
    pub remote: SocketAddr,
    /// Where RTCP goes.
    pub rtcp: RtcpWay,
    /// What to send.
    pub format: StreamFormat,
    /// What may arrive.
    pub receive: PayloadTypes,
    /// Whether the peer wants to hear something.
    pub send: bool,
}

/// One endpoint.
#[derive(Debug)]
pub struct Endpoint {
    port: PortId,
    service: Service,
    /// What [`Service::Sounds`] plays.
    tone: Tone,
    rng: Rng,
    connection: Option<Connection>,
    state: State,
    latch: Latch,
    protection: Protection,
    /// Room for what is opened.
    opened: Vec<u8>,
    reception: Reception,
    events: EventReceiver,
    sender: Sender,
    control: Control,
    /// When RTP or RTCP of the peer came last.
    heard_at: Instant,
    /// When it is looked whether anything has come; a packet sets no timer.
    look_at: Option<Instant>,
    speaker: Speaker,
    transcoder: Option<Transcoder>,
    samples: Vec<i16>,
    /// Of [`Service::Conference`] and [`Service::Page`] only.
    seat: Option<Box<Seat>>,
    payload: Vec<u8>,
    malformed: u64,
    foreign: u64,
    unsent: Unsent,
}

/// What it does.
#[derive(Debug)]
enum State {
    /// Open, and nothing agreed yet.
    Waiting,
    /// Plays something; the next packet is due at `next`.
    Playing { programme: Programme, next: Instant, marker: bool },
    /// Plays something that the peer does not want to hear now.
    Paused { programme: Programme },
    /// Sends back what it hears.
    Echoing { shift: Option<Shift> },
    /// The announcement is over.
    Finished,
    /// Sends what its conference makes.
    Seated { marker: bool },
}

/// From the peer's numbers to ours.
#[derive(Clone, Copy, Debug)]
struct Shift {
    ssrc: u32,
    /// The peer's RTP clock and ours, in Hz.
    clocks: (u32, u32),
    sequence: u16,
    timestamp: u32,
}

impl Endpoint {
    /// An endpoint that waits for its first connection.
    pub fn new(port: PortId, service: Service, mut rng: Rng) -> Self {
        let sender = Sender::new(&mut rng);
        let control = Control::new(&mut rng);
        Endpoint {
            port,
            service,
            tone: Tone::Silence,
            rng,
            connection: None,
            state: State::Waiting,
            latch: Latch::default(),
            protection: Protection::None,
            opened: Vec::new(),
            reception: Reception::default(),
            events: EventReceiver::default(),
            sender,
            control,
            heard_at: Instant::START,
            look_at: None,
            speaker: Speaker::new(Codec::Pcmu),
            transcoder: None,
            samples: Vec::new(),
            seat: seat_of(service),
            payload: Vec::new(),
            malformed: 0,
            foreign: 0,
            unsent: Unsent::default(),
        }
    }

    /// Takes one input; the outbox is complete when it returns.
    pub fn handle(&mut self, now: Now, input: Input<'_>, music: &mut Music, out: &mut Outbox) {
        match input {
            Input::Connect(connection) => self.connect(now, connection),
            Input::Play(tone) => self.change_tone(tone),
            Input::Protect(keys) => self.protection.change(keys),
            Input::Packet { source, bytes } => self.datagram(now, Channel::Rtp, source, bytes, out),
            Input::RtcpPacket { source, bytes } => self.datagram(now, Channel::Rtcp, source, bytes, out),
            Input::Timeout => self.timeout(now, music, out),
        }
    }

    /// Says goodbye (RTCP BYE) and gives the final statistics.
    pub fn close(mut self, now: Now, out: &mut Outbox) -> StreamStatistics {
        self.send_report(now, control::Goodbye::Yes, out);
        self.statistics()
    }

    /// Somebody is still sending to the call that had this port before.
    pub(crate) fn shun(&mut self, former: Former) {
        self.latch.shun(former);
    }

    /// A datagram could not be sent.
    pub(crate) const fn unsent(&mut self, error: u16) {
        self.unsent.add(error);
    }

    /// Who talks to it, as far as is known.
    pub(crate) fn peer(&self) -> Option<Former> {
        let address = self.latch.peer().or(self.latch.described())?;
        Some(Former { address, ssrc: self.reception.ssrc() })
    }

    /// When [`Input::Timeout`] is wanted.
    pub fn next_timeout(&self) -> Option<Instant> {
        let frame = match &self.state {
            State::Playing { next, .. } => Some(*next),
            State::Waiting
            | State::Paused { .. }
            | State::Echoing { .. }
            | State::Finished
            | State::Seated { .. } => None,
        };
        frame.into_iter().chain(self.control.due()).chain(self.look_at).min()
    }

    /// What was received and sent until now.
    pub fn statistics(&self) -> StreamStatistics {
        let mut statistics = StreamStatistics {
            malformed: self.malformed,
            foreign: self.foreign,
            sent: self.sender.packets().saturating_sub(self.unsent.packets),
            sent_bytes: self.sender.bytes(),
            unsent: self.unsent.packets,
            unsent_error: self.unsent.error,
            peer: self.latch.peer(),
            ..StreamStatistics::default()
        };
        self.control.fill(&mut statistics);
        statistics.take_reception(&self.reception);
        statistics
    }

    fn connect(&mut self, now: Now, mut connection: Connection) {
        // A packet time of zero would never come to an end.
        connection.format.ptime_ms = connection.format.codec.ptime(connection.format.ptime_ms);
        self.latch.describe(now.mono, connection.remote);
        self.control.describe(connection.rtcp);
        self.control.start(now.mono, &mut self.rng);
        let format = connection.format;
        let bitrate_before = self.connection.map(|before| before.format.bitrate_max);
        if self.speaker.codec() != format.codec
            || bitrate_before.is_some_and(|before| before != format.bitrate_max)
        {
            self.speaker = Speaker::with_bitrate(format.codec, format.bitrate_max);
            self.transcoder = None;
            self.sender.set_clock(format.codec.rtp_clock_hz());
        }
        self.heard_at = now.mono;
        // Who holds is silent as long as it likes; who talks in a page is sent nothing and heard all the same.
        let heard = connection.send || self.service.is_talker();
        self.look_at = heard.then(|| now.mono + SILENT_MAX);
        let resumes = self.connection.is_some_and(|before| !before.send) && connection.send;
        self.connection = Some(connection);
        self.state = match std::mem::replace(&mut self.state, State::Finished) {
            State::Waiting => match self.service {
                Service::Echo => play_or_pause(Programme::cadence(&tone::BEEP), now.mono, &connection),
                Service::Announcement => {
                    play_or_pause(Programme::cadence(&tone::ANNOUNCEMENT), now.mono, &connection)
                }
                Service::Sounds => play_or_pause(Programme::of(self.tone), now.mono, &connection),
                Service::Prompt => play_or_pause(Programme::prompt(self.tone), now.mono, &connection),
                Service::Annunciator(tone) => {
                    play_or_pause(Programme::announcement(tone), now.mono, &connection)
                }
                Service::Confirmation => {
                    play_or_pause(Programme::cadence(&tone::CONFIRMATION), now.mono, &connection)
                }
                Service::Conference(_) | Service::Page { .. } => State::Seated { marker: true },
                // It is told of, and has no port.
                Service::Multicast { .. } => State::Finished,
            },
            State::Paused { programme } => play_or_pause(programme, now.mono, &connection),
            State::Playing { programme, .. } if !connection.send => State::Paused { programme },
            state @ State::Playing { .. } => state,
            // After a pause the peer's numbers have gone on or begun anew.
            State::Echoing { shift } => State::Echoing { shift: shift.filter(|_| !resumes) },
            State::Finished => State::Finished,
            State::Seated { marker } => State::Seated { marker },
        };
    }

    /// Another tone, from its beginning.
    fn change_tone(&mut self, tone: Tone) {
        if tone == self.tone {
            return;
        }
        self.tone = tone;
        match &mut self.state {
            State::Playing { programme, .. } | State::Paused { programme } => {
                let asks = self.service == Service::Prompt;
                *programme = if asks { Programme::prompt(tone) } else { Programme::of(tone) };
            }
            State::Waiting | State::Echoing { .. } | State::Finished | State::Seated { .. } => {}
        }
    }

    /// Opens a datagram and takes what it says.
    fn datagram(&mut self, now: Now, channel: Channel, source: SocketAddr, bytes: &[u8], out: &mut Outbox) {
        let mut opened = std::mem::take(&mut self.opened);
        match self.protection.open(bytes, &mut opened) {
            Ok(bytes) if channel == Channel::Rtcp || rtp::is_rtcp(bytes) => {
                self.control_packet(now, source, bytes);
            }
            Ok(bytes) => self.packet(now, source, bytes, out),
            Err(Failure::Malformed) => self.malformed += 1,
            Err(_) => self.foreign += 1,
        }
        self.opened = opened;
    }

    fn packet(&mut self, now: Now, source: SocketAddr, bytes: &[u8], out: &mut Outbox) {
        let Some(connection) = self.connection else {
            self.foreign += 1;
            return;
        };
        let Some((packet, content)) =
            Packet::parse(bytes).ok().and_then(|packet| Some((packet, Content::of(&packet, &connection)?)))
        else {
            self.malformed += 1;
            return;
        };
        let header = packet.header;
        match self.latch.judge(now.mono, source, header.ssrc) {
            Verdict::Ours => {}
            Verdict::Foreign => {
                self.foreign += 1;
                return;
            }
        }
        self.heard_at = now.mono;
        if header.ssrc == self.sender.ssrc() {
            self.sender.change_ssrc(&mut self.rng);
        }
        let timing = match content {
            Content::Audio(codec) => Timing::Audio(codec.rtp_clock_hz()),
            Content::Event(_) | Content::ComfortNoise => Timing::Unusable,
        };
        let arrival = self.reception.receive(now.mono, &header, packet.payload.len(), timing);
        let digit = match content {
            Content::Event(clock_hz) => self.events.receive(now.mono, clock_hz, &header, packet.payload),
            Content::Audio(_) | Content::ComfortNoise => self.events.expire(now.mono),
        };
        if let Some(digit) = digit {
            out.report(Report::Digit { port: self.port, side: Side::A, digit });
        }
        self.hear(now.mono, content, &packet, arrival);
        if connection.send {
            self.echo(now.mono, content, &packet, arrival, out);
        }
    }

    fn echo(
        &mut self,
        now: Instant,
        content: Content,
        packet: &Packet<'_>,
        arrival: Arrival,
        out: &mut Outbox,
    ) {
        let State::Echoing { shift } = &mut self.state else { return };
        let header = packet.header;
        let codec = match (arrival, content) {
            (Arrival::Duplicate | Arrival::FarOff, _) => return,
            (Arrival::First | Arrival::Advance | Arrival::Late, Content::Audio(codec)) => codec,
            (
                Arrival::First | Arrival::Advance | Arrival::Late,
                Content::Event(_) | Content::ComfortNoise,
            ) => {
                // It leaves no gap in our numbers.
                if let Some(shift) = shift {
                    shift.sequence = shift.sequence.wrapping_sub(1);
                }
                return;
            }
        };
        let (Some(destination), Some(connection)) = (self.latch.destination(), self.connection) else {
            return;
        };
        let clocks = (codec.rtp_clock_hz(), self.speaker.codec().rtp_clock_hz());
        let known = shift
            .filter(|shift| shift.ssrc == header.ssrc && shift.clocks == clocks && arrival != Arrival::First);
        let marker = header.marker || known.is_none();
        let shift = *shift.insert(known.unwrap_or_else(|| Shift::new(&header, clocks, &self.sender, now)));
        let header = Header {
            marker,
            payload_type: connection.format.payload_type,
            sequence: header.sequence.wrapping_add(shift.sequence),
            timestamp: shift.scaled(header.timestamp).wrapping_add(shift.timestamp),
            ssrc: self.sender.ssrc(),
        };
        let units = shift.scaled(codec.units_of(packet.payload));
        let (sender, speaker, transcoder) = (&mut self.sender, &mut self.speaker, &mut self.transcoder);
        let protection = &mut self.protection;
        out.send_protected(protection, socket(self.port, Channel::Rtp), destination, |bytes| {
            sender.write(now, header, units, bytes);
            let header_end = bytes.len();
            if codec == speaker.codec() {
                bytes.extend_from_slice(packet.payload);
            } else {
                // The peer may change between the codecs that it agreed to receive and to send.
                if transcoder.as_ref().is_some_and(|transcoder| transcoder.from() != codec) {
                    *transcoder = None;
                }
                let to = speaker.codec();
                let transcoder = transcoder.get_or_insert_with(|| Transcoder::new(codec, to));
                transcoder.transcode(packet.payload, speaker, bytes);
            }
            sender.carried(bytes.len() - header_end);
        });
    }

    fn timeout(&mut self, now: Now, music: &mut Music, out: &mut Outbox) {
        self.play(now.mono, music, out);
        if self.look_at.is_some_and(|at| at <= now.mono) {
            let silent_at = self.heard_at + SILENT_MAX;
            self.look_at = (now.mono < silent_at).then_some(silent_at);
            if self.look_at.is_none() {
                out.report(Report::Silent { port: self.port });
            }
        }
        if self.control.due().is_some_and(|due| due <= now.mono) {
            self.send_report(now, control::Goodbye::No, out);
            self.control.schedule(now.mono, &mut self.rng);
        }
    }

    /// Sends all packets of what is played that are due.
    fn play(&mut self, now: Instant, music: &mut Music, out: &mut Outbox) {
        let Some(connection) = self.connection else { return };
        let ptime = Duration::from_millis(u64::from(connection.format.ptime_ms));
        let units = connection.format.codec.units(connection.format.ptime_ms);
        while let State::Playing { programme, next, marker } = &mut self.state {
            if *next > now {
                return;
            }
            if programme.is_finished() {
                let next = *next;
                self.state = self.after_tone(next, out);
                // What comes next goes on where this ended.
                continue;
            }
            // After a stall of the thread the tone goes on where it was, later on the clock, without a flood.
            while now.saturating_since(*next) > CATCH_UP_MAX {
                self.sender.skip(units);
                *next += ptime;
            }
            let frame = Frame {
                format: &connection.format,
                at: *next,
                speaker: &mut self.speaker,
                samples: &mut self.samples,
            };
            self.payload.clear();
            programme.next(music, frame, &mut self.payload);
            *next += ptime;
            let marker = std::mem::replace(marker, false);
            match self.latch.destination() {
                Some(destination) => {
                    let (sender, payload) = (&mut self.sender, &self.payload);
                    let protection = &mut self.protection;
                    out.send_protected(protection, socket(self.port, Channel::Rtp), destination, |bytes| {
                        sender.write_next(now, connection.format.payload_type, marker, units, bytes);
                        sender.carried(payload.len());
                        bytes.extend_from_slice(payload);
                    });
                }
                None => self.sender.skip(units),
            }
        }
    }

    fn after_tone(&self, next: Instant, out: &mut Outbox) -> State {
        match self.service {
            Service::Echo => State::Echoing { shift: None },
            Service::Prompt if !Programme::says_why(self.tone) => {
                // What was asked is heard once; media goes on, so that nobody takes the caller for lost.
                let programme = Programme::of(Tone::Silence);
                State::Playing { programme, next, marker: false }
            }
            Service::Announcement | Service::Annunciator(_) | Service::Prompt | Service::Confirmation => {
                out.report(Report::Finished { port: self.port });
                State::Finished
            }
            Service::Sounds | Service::Multicast { .. } => State::Finished,
            Service::Conference(_) | Service::Page { .. } => State::Seated { marker: true },
        }
    }

    /// What it is for.
    pub(crate) const fn service(&self) -> Service {
        self.service
    }
}

impl Shift {
    /// Continues our numbers with the packet that has just come.
    fn new(header: &Header, clocks: (u32, u32), sender: &Sender, now: Instant) -> Shift {
        let timestamp = sender.timestamp_at(now).unwrap_or(sender.next_timestamp());
        Shift {
            ssrc: header.ssrc,
            clocks,
            sequence: sender.next_sequence().wrapping_sub(header.sequence),
            timestamp: timestamp.wrapping_sub(scaled(header.timestamp, clocks)),
        }
    }

    fn scaled(&self, units: u32) -> u32 {
        scaled(units, self.clocks)
    }
}

/// What a packet carries, when it is something that was agreed.
#[derive(Clone, Copy, Debug)]
enum Content {
    Audio(Codec),
    /// With its clock in Hz.
    Event(u32),
    ComfortNoise,
}

impl Content {
    fn of(packet: &Packet<'_>, connection: &Connection) -> Option<Content> {
        let payload_type = packet.header.payload_type;
        if let Some(clock_hz) = connection.receive.event_clock_of(payload_type) {
            return Some(Content::Event(clock_hz));
        }
        // Phones send static types that were not agreed, and those mean one thing only (RFC 3551 table 4); in silence comfort noise.
        match connection.receive.codec_of(payload_type).or_else(|| Codec::from_static(payload_type)) {
            Some(codec) => Some(Content::Audio(codec)),
            None if payload_type == COMFORT_NOISE => Some(Content::ComfortNoise),
            None => None,
        }
    }
}

fn play_or_pause(programme: Programme, now: Instant, connection: &Connection) -> State {
    if connection.send {
        State::Playing { programme, next: now, marker: true }
    } else {
        State::Paused { programme }
    }
}

/// Units of one clock in units of the other. From a faster to a slower one there is a jump when the faster wraps: after a
/// day of echo.
const fn scaled(units: u32, (from_hz, to_hz): (u32, u32)) -> u32 {
    if from_hz == to_hz { units } else { (units as u64 * to_hz as u64 / from_hz as u64) as u32 }
}

/// The seat of an endpoint that is in a conference or page. Nobody hears who is to listen to a page.
fn seat_of(service: Service) -> Option<Box<Seat>> {
    let mute = match service {
        Service::Conference(_) | Service::Page { seat: PageSeat::Talker, .. } => Mute::Off,
        Service::Page { seat: PageSeat::Listener | PageSeat::HiddenListener, .. } => Mute::On,
        Service::Echo
        | Service::Announcement
        | Service::Annunciator(_)
        | Service::Prompt
        | Service::Sounds
        | Service::Multicast { .. }
        | Service::Confirmation => return None,
    };
    let mut seat = Box::<Seat>::default();
    seat.set_mute(mute);
    Some(seat)
}

const fn socket(port: PortId, channel: Channel) -> SocketRef {
    SocketRef { port, side: Side::A, channel }
}

/// The static payload type of RFC 3389.
const COMFORT_NOISE: u8 = 13;
/// A thread that was away for longer lets the tone wait instead of sending all of it at once.
const CATCH_UP_MAX: Duration = Duration::from_millis(100);
/// Who sends neither RTP nor RTCP for so long has gone without a word: even a phone that suppresses silence reports
/// every few seconds (RFC 3550 §6.2).
pub const SILENT_MAX: Duration = Duration::from_secs(60);
