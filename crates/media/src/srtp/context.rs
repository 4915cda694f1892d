//! One direction under one master key: the cryptographic contexts of its sources (RFC 3711 §3.2.3).

use strowger_base::limits;

use super::cipher::{Cipher, Place};
use super::window::Window;
use super::{Failure, KeyMaterial};
use crate::rtp::{self, Header};

/// Protects what goes out.
///
/// A packet that went out already is refused: the same key stream would cover two packets, which for GCM gives the
/// authentication key away (RFC 7714 §10.1).
#[derive(Debug)]
pub struct Protector(Context);

/// Checks and opens what comes in.
///
/// Who comes into a call that has gone on for a while does not know how often the sequence numbers of a source have begun anew: nothing
/// in a packet says so, and SDES does not either (RFC 4568 §6.4). The first packets of a source are therefore tried as if that had happened
/// never, then as often as under the key before, then more and more often.
#[derive(Debug)]
pub struct Unprotector {
    context: Context,
    /// What the next packet of a source that is not known yet is tried with first. One place for all of them: a stranger between its
    /// packets does not send the search for a source back to its beginning.
    search: u32,
    /// How far sources were under the key before.
    before: Vec<StreamState>,
    /// Room for the packet that is tried.
    tried: Vec<u8>,
}

/// How far a source is, so that another server can go on with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StreamState {
    /// The source.
    pub ssrc: u32,
    /// Highest index of its RTP packets: rollover counter in the upper 32 bits, sequence number in the lower 16.
    pub rtp: Option<u64>,
    /// Highest index of its RTCP packets.
    pub rtcp: Option<u32>,
}

#[derive(Debug)]
struct Context {
    material: KeyMaterial,
    cipher: Cipher,
    streams: Vec<Stream>,
    /// Packets protected with the key, of all sources.
    rtp_packets: u64,
    rtcp_packets: u64,
}

#[derive(Clone, Copy, Debug)]
struct Stream {
    ssrc: u32,
    rtp: Window,
    rtcp: Window,
}

impl Protector {
    /// A direction that begins.
    pub fn new(material: KeyMaterial) -> Self {
        Protector(Context::new(material))
    }

    /// Its master key.
    pub const fn material(&self) -> &KeyMaterial {
        &self.0.material
    }

    /// Protects the RTP packet that begins at `start` and ends with the buffer.
    ///
    /// # Errors
    /// When it is no packet, went out already, or the key is used up. The buffer is then as long as before or longer, and its end is
    /// of no use.
    pub fn rtp(&mut self, buffer: &mut Vec<u8>, start: usize) -> Result<(), Failure> {
        let packet = buffer.get(start..).ok_or(Failure::Malformed)?;
        let header = Header::peek(packet).ok_or(Failure::Malformed)?;
        let clear = rtp::clear_bytes(packet).ok_or(Failure::Malformed)?;
        let context = &mut self.0;
        if context.rtp_packets >= RTP_PACKETS_MAX {
            return Err(Failure::Exhausted);
        }
        let at = context.find_or_add(header.ssrc)?;
        let stream = context.streams.get_mut(at).ok_or(Failure::Exhausted)?;
        let index = stream.rtp.estimate(header.sequence).ok_or(Failure::Replayed)?;
        if index >= RTP_PACKETS_MAX {
            return Err(Failure::Exhausted);
        }
        if !stream.rtp.is_new(index) {
            return Err(Failure::Replayed);
        }
        stream.rtp.mark(index);
        context.rtp_packets += 1;
        let place = Place { ssrc: header.ssrc, index, clear };
        context.cipher.seal_rtp(buffer, start, place, context.material.mki_bytes())
    }

    /// Protects the RTCP packet that begins at `start` and ends with the buffer.
    ///
    /// # Errors
    /// As for RTP.
    pub fn rtcp(&mut self, buffer: &mut Vec<u8>, start: usize) -> Result<(), Failure> {
        let ssrc = rtcp_source(buffer.get(start..).unwrap_or_default())?;
        let context = &mut self.0;
        let at = context.find_or_add(ssrc)?;
        let stream = context.streams.get_mut(at).ok_or(Failure::Exhausted)?;
        let index = stream.rtcp.highest().map_or(0, |highest| highest + 1);
        if index >= RTCP_PACKETS_MAX || context.rtcp_packets >= RTCP_PACKETS_MAX {
            return Err(Failure::Exhausted);
        }
        stream.rtcp.mark(index);
        context.rtcp_packets += 1;
        let place = Place { ssrc, index, clear: RTCP_CLEAR_BYTES };
        context.cipher.seal_rtcp(buffer, start, place, context.material.mki_bytes())
    }

    /// Whether a packet of a source is older than any that may still come.
    pub(super) fn is_behind(&self, ssrc: u32, sequence: u16) -> bool {
        let stream = self.0.find(ssrc).and_then(|at| self.0.streams.get(at));
        stream.is_some_and(|stream| stream.rtp.is_behind(sequence))
    }

    /// Whether it has sent anything of a source.
    pub(super) fn knows(&self, ssrc: u32) -> bool {
        self.0.find(ssrc).is_some()
    }

    /// How far its sources are.
    pub fn states(&self) -> impl Iterator<Item = StreamState> {
        self.0.states()
    }

    /// Goes on with a source where another server left it.
    pub fn resume(&mut self, state: StreamState) {
        self.0.resume(state);
    }
}

impl Unprotector {
    /// A direction that begins.
    pub fn new(material: KeyMaterial) -> Self {
        Unprotector { context: Context::new(material), search: 1, before: Vec::new(), tried: Vec::new() }
    }

    /// A direction whose key is another one than before. Its sources may go on counting (RFC 3711 §3.3.1).
    pub fn following(&self, material: KeyMaterial) -> Self {
        let mut next = Unprotector::new(material);
        next.before = self.states().collect();
        next
    }

    /// Its master key.
    pub const fn material(&self) -> &KeyMaterial {
        &self.context.material
    }

    /// Checks and opens an RTP packet in place; says how many bytes it has then.
    ///
    /// # Errors
    /// When it is not from who has the key, or was there before. Its bytes are then of no use.
    pub fn rtp(&mut self, packet: &mut [u8]) -> Result<usize, Failure> {
        let header = Header::peek(packet).ok_or(Failure::Malformed)?;
        let clear = rtp::clear_bytes(packet).ok_or(Failure::Malformed)?;
        let context = &mut self.context;
        let known = context.find(header.ssrc).and_then(|at| context.streams.get_mut(at));
        // RTCP, which tells its index, may have come before.
        let Some(stream) = known.filter(|stream| stream.rtp.highest().is_some()) else {
            return self.begin(&header, clear, packet);
        };
        let index = stream.rtp.estimate(header.sequence).ok_or(Failure::Replayed)?;
        if index >= RTP_PACKETS_MAX || !stream.rtp.is_new(index) {
            return Err(Failure::Replayed);
        }
        let place = Place { ssrc: header.ssrc, index, clear };
        let length = context.cipher.open_rtp(packet, place, context.material.mki_bytes())?;
        stream.rtp.mark(index);
        Ok(length)
    }

    /// The first packet of a source, or one of which nothing could be opened yet.
    fn begin(&mut self, header: &Header, clear: usize, packet: &mut [u8]) -> Result<usize, Failure> {
        let before = self.before.iter().find(|state| state.ssrc == header.ssrc);
        let kept = before.and_then(|state| Window::after(state.rtp?).estimate(header.sequence));
        let first = self.search;
        let searched = (first..first + ROLLOVERS_A_PACKET).map(|rollover| rollover % ROLLOVERS_MAX);
        let tried = kept.map(|index| (index >> 16) as u32).into_iter().chain(searched);
        self.tried.clear();
        self.tried.extend_from_slice(packet);
        let mut failure = Failure::NotAuthentic;
        for rollover in std::iter::once(0).chain(tried) {
            let index = u64::from(rollover) << 16 | u64::from(header.sequence);
            let place = Place { ssrc: header.ssrc, index, clear };
            packet.copy_from_slice(&self.tried);
            match self.context.cipher.open_rtp(packet, place, self.context.material.mki_bytes()) {
                Ok(length) => {
                    // Who does not have the key makes us remember nothing.
                    let at = self.context.find_or_add(header.ssrc)?;
                    if let Some(stream) = self.context.streams.get_mut(at) {
                        stream.rtp.mark(index);
                    }
                    return Ok(length);
                }
                Err(Failure::NotAuthentic) => {}
                Err(other) => {
                    failure = other;
                    break;
                }
            }
        }
        self.search = (first + ROLLOVERS_A_PACKET) % ROLLOVERS_MAX;
        Err(failure)
    }

    /// Checks and opens an RTCP packet in place; says how many bytes it has then.
    ///
    /// # Errors
    /// As for RTP.
    pub fn rtcp(&mut self, packet: &mut [u8]) -> Result<usize, Failure> {
        let ssrc = rtcp_source(packet)?;
        let context = &mut self.context;
        let index = u64::from(context.cipher.rtcp_index(packet, context.material.mki_bytes())?);
        let known = context.find(ssrc);
        if known.and_then(|at| context.streams.get(at)).is_some_and(|stream| !stream.rtcp.is_new(index)) {
            return Err(Failure::Replayed);
        }
        let place = Place { ssrc, index, clear: RTCP_CLEAR_BYTES };
        let length = context.cipher.open_rtcp(packet, place, context.material.mki_bytes())?;
        let at = context.find_or_add(ssrc)?;
        if let Some(stream) = context.streams.get_mut(at) {
            stream.rtcp.mark(index);
        }
        Ok(length)
    }

    /// How far its sources are.
    pub fn states(&self) -> impl Iterator<Item = StreamState> {
        self.context.states()
    }

    /// Goes on with a source where another server left it. What it had received counts as received, and what it had
    /// missed cannot come any more.
    pub fn resume(&mut self, state: StreamState) {
        self.context.resume(state);
    }
}

impl Context {
    fn new(material: KeyMaterial) -> Self {
        let cipher = Cipher::new(&material);
        Context { material, cipher, streams: Vec::with_capacity(1), rtp_packets: 0, rtcp_packets: 0 }
    }

    fn find(&self, ssrc: u32) -> Option<usize> {
        // The newest sends, as a rule.
        self.streams.iter().rposition(|stream| stream.ssrc == ssrc)
    }

    /// The place of a source. One that was there is never forgotten: it would begin anew with indexes that were used.
    fn find_or_add(&mut self, ssrc: u32) -> Result<usize, Failure> {
        if let Some(at) = self.find(ssrc) {
            return Ok(at);
        }
        if self.streams.len() >= limits::SRTP_SOURCES {
            return Err(Failure::Exhausted);
        }
        self.streams.push(Stream { ssrc, rtp: Window::default(), rtcp: Window::default() });
        Ok(self.streams.len() - 1)
    }

    fn states(&self) -> impl Iterator<Item = StreamState> {
        self.streams.iter().map(|stream| StreamState {
            ssrc: stream.ssrc,
            rtp: stream.rtp.highest(),
            rtcp: stream.rtcp.highest().map(|index| index as u32),
        })
    }

    fn resume(&mut self, state: StreamState) {
        let Ok(at) = self.find_or_add(state.ssrc) else { return };
        if let Some(stream) = self.streams.get_mut(at) {
            stream.rtp = state.rtp.map_or(Window::default(), Window::after);
            stream.rtcp = state.rtcp.map_or(Window::default(), |index| Window::after(u64::from(index)));
        }
    }
}

/// Who sent an RTCP packet: the source of its first part.
fn rtcp_source(packet: &[u8]) -> Result<u32, Failure> {
    let [_, _, _, _, ssrc @ ..] = packet.first_chunk::<RTCP_CLEAR_BYTES>().ok_or(Failure::Malformed)?;
    Ok(u32::from_be_bytes(*ssrc))
}

/// The first header of an RTCP packet and its source stay readable (RFC 3711 §3.4).
const RTCP_CLEAR_BYTES: usize = 8;
/// How many further rollover counters a packet of an unknown source is tried with.
const ROLLOVERS_A_PACKET: u32 = 4;
/// How many are tried at all: at 50 packets a second they stand for 7 days, and are through after as many packets as three seconds
/// have. A prime, so that each of two sources that take turns is tried with all of them.
const ROLLOVERS_MAX: u32 = 509;
/// RFC 3711 §9.2.
const RTP_PACKETS_MAX: u64 = 1 << 48;
const RTCP_PACKETS_MAX: u64 = 1 << 31;
