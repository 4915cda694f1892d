//! The media of one call: the port that a phone opens, what it sends, and what is owed to the other side.
//!
//! ```text
//! call control             channel                        phone
//!   | offer                   |                             |
//!   |------------------------>| OpenReceiveChannel          |
//!   |                         |---------------------------->|
//!   | answer                  |     OpenReceiveChannelAck   |
//!   |<------------------------|<----------------------------|
//!   |                         | StartMediaTransmission      |
//!   |                         |---------------------------->|
//! ```
//!
//! A phone opens its port for one codec, and says where only then: it is asked before anything is offered or answered. Where it is to hear
//! what goes out to all who listen at an address it has no port, and says whether it listens.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use strowger_base::Cause;

use super::io::{Direction, Format, Voice};
use crate::codes::{CallReference, Codec, ConferenceId, MediaStatus, PartyId};
use crate::message::ToStation;
use crate::message::media::{
    CloseReceiveChannel, OpenReceiveChannel, StartMediaTransmission, StopMediaTransmission,
};
use crate::message::multicast::{StartMulticastMediaReception, StopMulticastMediaReception};
use crate::wire::address::Address;

/// Keys in RTP, where the other side takes them.
pub(super) const EVENTS: u8 = 101;
/// How keys are sent: as in RFC 4733.
const EVENT_KIND: u32 = 10;
/// Expedited forwarding in the byte of the IP header that tells precedence.
const EXPEDITED: u32 = 184;
/// The direction of who receives and of who sends.
const RECEIVES: u32 = 1;
const SENDS: u32 = 2;

/// A codec and how it is packed, chosen for a port.
pub(super) type Chosen = Format;

/// The media of one call.
#[derive(Debug, Default)]
pub(super) struct Channel {
    receive: Receive,
    /// Where the phone sends to, what, and the payload type of its keys there, by the number of the port that it was told of with it.
    sends: Option<(PartyId, SocketAddr, Format, Option<u8>)>,
    /// What waits for the phone's port.
    waits: Option<Waits>,
    /// What the other side said last.
    remote: Option<Voice>,
    /// Where the phone's port was last, and for what.
    last: Option<(SocketAddr, Format)>,
    /// It has counted something since it was asked last.
    flow: Flow,
    /// The payload type of the phone's keys in RTP; `None` where it has none there.
    events: Option<u8>,
}

/// Whether the phone has sent anything by its port.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Flow {
    #[default]
    Nothing,
    Sent,
}

/// The port of the phone.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Receive {
    #[default]
    Closed,
    Opening(PartyId, Format),
    Open(PartyId, Format, SocketAddr),
    /// It was told to listen where all hear the same, and has not said whether it does.
    Joining(PartyId, Format, SocketAddr),
    /// It listens there, and sends nothing.
    Joined(PartyId, Format, SocketAddr),
}

/// What is told when the phone's port is open.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Waits {
    /// An offer of ours.
    Offer,
    /// The answer that is owed.
    Answer,
}

/// What becomes of a phone's port.
#[derive(Debug)]
pub(super) enum Opened {
    /// It is open: this is what was waited for.
    Tell(Waits, Voice),
    /// It is open, and nothing waited for it.
    Nothing,
    /// There is none, and why.
    Failed(Option<Waits>, Cause),
    /// It is not the port of this call.
    Other,
}

/// Whose channel it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Of {
    pub(super) call: CallReference,
    pub(super) party: PartyId,
}

impl Channel {
    /// Nothing is open; `events` is the payload type of the phone's keys in RTP.
    pub(super) fn with(events: Option<u8>) -> Self {
        Channel { events, ..Channel::default() }
    }

    /// Whether the phone hears or sends, and nothing is being changed.
    pub(super) fn flows(&self) -> bool {
        matches!(self.receive, Receive::Open(..) | Receive::Joined(..)) && self.waits.is_none()
    }

    /// What is answered to an offer that changes nothing; `None` when it changes something.
    pub(super) fn again(&self, offer: &Voice) -> Option<Voice> {
        let remote = self.remote.as_ref()?;
        let (Receive::Open(_, format, _) | Receive::Joined(_, format, _)) = self.receive else { return None };
        let same = (offer.address, offer.direction) == (remote.address, remote.direction)
            && offer.formats.iter().any(|offered| offered.codec == format.codec);
        self.voice().filter(|_| same)
    }

    /// What the other side hears and takes is known now.
    pub(super) fn heard(&mut self, voice: Voice) {
        self.remote = Some(voice);
    }

    /// The same; returns what was known before.
    pub(super) fn swap(&mut self, voice: Voice) -> Option<Voice> {
        self.remote.replace(voice)
    }

    /// What was said last is taken back.
    pub(super) fn restore(&mut self, before: Option<Voice>) {
        self.remote = before;
    }

    /// What the other side is told that offers something while the phone holds: the port that it had, and that nothing is heard.
    pub(super) fn kept(&self, format: Format) -> Option<Voice> {
        let hears = self.remote.as_ref()?.direction.hears();
        let direction = if hears { Direction::SendOnly } else { Direction::Inactive };
        Some(Voice { address: self.last?.0, formats: vec![format], events: self.events, direction })
    }

    /// What another side is told that is to be offered something while the phone holds: its port stays closed until its user
    /// takes the call back.
    pub(super) fn unheard(&self) -> Option<Voice> {
        let (address, format) = self.last?;
        let direction = Direction::SendOnly;
        Some(Voice { address, formats: vec![format], events: self.events, direction })
    }

    /// Whether keys go in RTP: where the phone has them there and the other side takes them.
    pub(super) fn has_keys(&self) -> bool {
        self.events.is_some() && self.remote.as_ref().is_none_or(|remote| remote.events.is_some())
    }

    /// Whether it is not known yet what the other side says to the phone's offer.
    pub(super) const fn is_unanswered(&self) -> bool {
        self.remote.is_none()
    }

    /// Whether its user only listens, as far as the other side has said.
    pub(super) fn only_hears(&self) -> bool {
        self.remote.as_ref().is_some_and(|remote| remote.direction == Direction::SendOnly)
    }

    /// Nothing is known of the other side any more: what is offered next is the phone's own choice.
    pub(super) fn forget(&mut self) {
        self.remote = None;
    }

    /// What the two spoke last.
    pub(super) fn spoken(&self) -> Option<Format> {
        self.last.map(|(_, format)| format)
    }

    /// The first codec of the other side that the phone has, or that of the open port where the other side takes it.
    pub(super) fn agreed(&self, capabilities: &[Codec]) -> Option<Format> {
        let takes = |open: &Format| {
            let remote = self.remote.as_ref();
            remote.is_some_and(|remote| remote.formats.iter().any(|format| format.codec == open.codec))
        };
        self.codec().filter(takes).or_else(|| self.common(capabilities))
    }

    /// The codec of the port, where it is open.
    pub(super) const fn codec(&self) -> Option<Format> {
        match self.receive {
            Receive::Open(_, format, _) | Receive::Opening(_, format) => Some(format),
            Receive::Closed | Receive::Joining(..) | Receive::Joined(..) => None,
        }
    }

    /// Whether there is something to be asked of its port, which is open; from now on there is not.
    pub(super) fn has_flowed(&mut self) -> bool {
        let flow = std::mem::take(&mut self.flow);
        flow == Flow::Sent && matches!(self.receive, Receive::Open(..))
    }

    /// Whether it sends.
    pub(super) const fn is_sending(&self) -> bool {
        self.sends.is_some()
    }

    /// Whether it sends by this port.
    pub(super) fn sends_by(&self, party: PartyId) -> bool {
        self.sends.is_some_and(|(sends, ..)| sends == party)
    }

    /// The port that was asked for is not wanted any more.
    pub(super) fn close_opening(&self, call: CallReference, tell: &mut Vec<ToStation>) {
        if self.is_opening() {
            self.receive.close(call, tell);
        }
    }

    /// Whether the phone was told to listen where all hear the same, and has not said whether it does.
    pub(super) const fn is_joining(&self) -> bool {
        matches!(self.receive, Receive::Joining(..))
    }

    /// What waits for the phone waits no more.
    pub(super) fn waits_no_more(&mut self) -> Option<Waits> {
        self.waits.take()
    }

    /// Whether the phone was asked for its port and has not said.
    pub(super) const fn is_opening(&self) -> bool {
        matches!(self.receive, Receive::Opening(..) | Receive::Joining(..))
    }

    /// The first codec of the other side that the phone has, in the other side's order.
    pub(super) fn common(&self, capabilities: &[Codec]) -> Option<Format> {
        let remote = self.remote.as_ref()?;
        remote.formats.iter().find(|format| capabilities.contains(&format.codec)).copied()
    }

    /// Has the phone open its port for this, to tell what waits. Returns what waits at once where it is open already.
    pub(super) fn open(
        &mut self,
        of: Of,
        format: Format,
        waits: Waits,
        tell: &mut Vec<ToStation>,
    ) -> Option<Opened> {
        self.waits = Some(waits);
        match self.receive {
            Receive::Open(_, open, _) if open == format => return Some(self.ready(waits)),
            before => before.close(of.call, tell),
        }
        self.receive = Receive::Opening(of.party, format);
        tell.push(
            OpenReceiveChannel {
                conference: ConferenceId(of.call.0),
                party: of.party,
                packet: format.packet,
                codec: format.codec,
                call: of.call,
                event_payload: self.events.map_or(0, u32::from),
                event_kind: EVENT_KIND,
                direction: RECEIVES,
                ..OpenReceiveChannel::default()
            }
            .into(),
        );
        None
    }

    /// Has the phone listen where all hear the same, in place of a port of its own, and send nothing. Returns what waits at once where it does so already.
    pub(super) fn join(
        &mut self,
        of: Of,
        (group, format): (SocketAddr, Format),
        waits: Option<Waits>,
        tell: &mut Vec<ToStation>,
    ) -> Option<Opened> {
        self.waits = waits;
        if let Receive::Joined(_, heard, at) = self.receive
            && (at, heard) == (group, format)
        {
            return Some(waits.map_or(Opened::Nothing, |waits| self.ready(waits)));
        }
        self.receive.close(of.call, tell);
        tell.extend(self.sends.take().map(|(party, ..)| ToStation::from(Channel::stop(of.call, party))));
        self.receive = Receive::Joining(of.party, format, group);
        tell.push(
            StartMulticastMediaReception {
                conference: ConferenceId(of.call.0),
                party: of.party,
                group: Address::from(group.ip()),
                port: u32::from(group.port()),
                packet: format.packet,
                codec: format.codec,
                echo_cancellation: false,
                codec_parameters: [0; 4],
                call: of.call,
            }
            .into(),
        );
        None
    }

    /// The phone says whether it listens there.
    pub(super) fn joined(&mut self, party: PartyId, status: MediaStatus) -> Opened {
        match self.receive {
            Receive::Joining(asked, format, group) if asked == party => {
                if status != MediaStatus::OK {
                    return self.failed(Cause::BEARER_CAPABILITY_NOT_IMPLEMENTED);
                }
                self.receive = Receive::Joined(party, format, group);
                self.waits.map_or(Opened::Nothing, |waits| self.ready(waits))
            }
            _ => Opened::Other,
        }
    }

    /// The phone says where its port is, or that it has none.
    pub(super) fn acknowledged(
        &mut self,
        party: PartyId,
        status: MediaStatus,
        at: Option<SocketAddr>,
    ) -> Opened {
        let Receive::Opening(asked, format) = self.receive else { return Opened::Other };
        if asked != party {
            return Opened::Other;
        }
        let Some(at) = at.filter(|_| status == MediaStatus::OK) else {
            return self.failed(Cause::RESOURCE_UNAVAILABLE);
        };
        self.receive = Receive::Open(party, format, at);
        self.last = Some((at, format));
        match self.waits {
            Some(waits) => self.ready(waits),
            None => Opened::Nothing,
        }
    }

    /// The phone has no port, or does not say so in time.
    pub(super) fn failed(&mut self, cause: Cause) -> Opened {
        self.receive = Receive::Closed;
        Opened::Failed(self.waits.take(), cause)
    }

    fn ready(&mut self, waits: Waits) -> Opened {
        self.waits = None;
        match self.voice() {
            Some(voice) => Opened::Tell(waits, voice),
            None => Opened::Nothing,
        }
    }

    /// What the phone hears and sends now, as the other side is told.
    fn voice(&self) -> Option<Voice> {
        let (format, address) = match self.receive {
            Receive::Open(_, format, address) => (format, address),
            // Who only listens says nothing of itself (RFC 3264 §6.2).
            Receive::Joined(_, format, address) => {
                let direction = Direction::ReceiveOnly;
                return Some(Voice { address, formats: vec![format], events: None, direction });
            }
            Receive::Closed | Receive::Opening(..) | Receive::Joining(..) => return None,
        };
        let direction = self.remote.as_ref().map_or(Direction::SendReceive, |remote| {
            Direction::of(remote.direction.hears(), remote.direction.sends())
        });
        Some(Voice { address, formats: vec![format], events: self.events, direction })
    }

    /// What the other side is told while the phone holds: nothing is heard here.
    pub(super) fn held(&self) -> Option<Voice> {
        // Nobody waits to hear whether it listens there once that was answered.
        let joins = matches!(self.receive, Receive::Joining(..)) && self.waits.is_none();
        if joins || matches!(self.receive, Receive::Joined(..)) {
            return Some(Voice { direction: Direction::Inactive, ..self.unheard()? });
        }
        let hears = self.remote.as_ref().is_some_and(|remote| remote.direction.hears());
        Some(Voice { direction: Direction::of(hears, false), ..self.voice()? })
    }

    /// Has the phone send to the other side what both agreed on, or nothing where it does not listen.
    pub(super) fn send(&mut self, of: Of, tell: &mut Vec<ToStation>) {
        let wanted = match (&self.remote, self.receive) {
            (Some(remote), Receive::Open(party, format, _)) if remote.direction.hears() => {
                Some((party, remote.address, format, remote.events.filter(|_| self.events.is_some())))
            }
            (Some(_) | None, _) => None,
        };
        if wanted == self.sends {
            return;
        }
        if let Some((party, ..)) = self.sends.take() {
            tell.push(Channel::stop(of.call, party).into());
        }
        let Some((party, address, format, events)) = wanted else { return };
        self.sends = wanted;
        self.flow = Flow::Sent;
        tell.push(
            StartMediaTransmission {
                conference: ConferenceId(of.call.0),
                party,
                address: Address::from(address.ip()),
                port: u32::from(address.port()),
                packet: format.packet,
                codec: format.codec,
                type_of_service: EXPEDITED,
                call: of.call,
                event_payload: events.map_or(0, u32::from),
                event_kind: EVENT_KIND,
                direction: SENDS,
                ..StartMediaTransmission::default()
            }
            .into(),
        );
    }

    /// Nothing is heard and nothing sent any more; what the other side said stays known.
    pub(super) fn close(&mut self, call: CallReference, tell: &mut Vec<ToStation>) {
        self.waits = None;
        let stop = self.sends.take().map(|(party, ..)| Channel::stop(call, party));
        std::mem::take(&mut self.receive).close(call, tell);
        tell.extend(stop.map(ToStation::from));
    }

    fn stop(call: CallReference, party: PartyId) -> StopMediaTransmission {
        StopMediaTransmission { conference: ConferenceId(call.0), party, call, port_handling: 0 }
    }
}

impl Receive {
    /// Has the phone hear nothing there any more.
    fn close(self, call: CallReference, tell: &mut Vec<ToStation>) {
        let conference = ConferenceId(call.0);
        match self {
            Receive::Closed => {}
            Receive::Opening(party, _) | Receive::Open(party, ..) => {
                tell.push(CloseReceiveChannel { conference, party, call, port_handling: 0 }.into());
            }
            Receive::Joining(party, ..) | Receive::Joined(party, ..) => {
                tell.push(StopMulticastMediaReception { conference, party, call }.into());
            }
        }
    }
}

/// What is opened where nothing is known of the other side.
pub(super) fn preferred(capabilities: &[Codec]) -> Option<Format> {
    let codec = PREFERRED.iter().find(|codec| capabilities.contains(codec)).or(capabilities.first())?;
    Some(Format { codec: *codec, packet: PACKET })
}

/// The same port for every codec of the phone: what the other side takes of them decides.
pub(super) fn with_all(mut voice: Voice, capabilities: &[Codec]) -> Voice {
    let Some(first) = voice.formats.first().copied() else { return voice };
    let more = capabilities.iter().filter(|codec| **codec != first.codec && is_voice(**codec));
    voice.formats.extend(more.map(|codec| Format { codec: *codec, packet: first.packet }));
    voice
}

/// What a phone is known to hear before it is asked where; `None` while it has said nothing of its codecs.
pub(super) fn known(at: IpAddr, events: Option<u8>, capabilities: &[Codec]) -> Option<Voice> {
    let preferred = preferred(capabilities).filter(|format| is_voice(format.codec))?;
    let address = SocketAddr::new(at, DISCARD);
    let direction = Direction::SendReceive;
    Some(with_all(Voice { address, formats: vec![preferred], events, direction }, capabilities))
}

/// Whether it is a codec of voice with a payload type of its own (RFC 3551).
const fn is_voice(codec: Codec) -> bool {
    matches!(
        codec,
        Codec::G711_ULAW_64K
            | Codec::G711_ALAW_64K
            | Codec::G722_64K
            | Codec::G729
            | Codec::G729_ANNEX_A
            | Codec::G729_ANNEX_B
            | Codec::G729_ANNEX_AW_ANNEX_B
    )
}

/// What every device has comes first: it need not be changed when the other side answers.
const PREFERRED: [Codec; 3] = [Codec::G711_ULAW_64K, Codec::G711_ALAW_64K, Codec::G722_64K];
/// How much a packet has where nobody says otherwise.
const PACKET: Duration = Duration::from_millis(20);
/// The port of the discard service, which says that nothing is heard there.
const DISCARD: u16 = 9;
