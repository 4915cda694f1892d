//! One session: its legs, what they speak and where they send.

use std::net::SocketAddr;

use strowger_base::TimerHandle;

use super::io::{Leg, Spoken};
use crate::codes::{CallReference, ConferenceId, PartyId};
use crate::message::ToStation;
use crate::message::media::{
    CloseReceiveChannel, OpenReceiveChannel, StartMediaTransmission, StopMediaTransmission,
};
use crate::wire::address::Address;

/// How keys are sent in RTP: as in RFC 4733.
const EVENT_KIND: u32 = 10;
/// Expedited forwarding in the byte of the IP header that tells precedence.
const EXPEDITED: u32 = 184;
/// The direction of who receives and of who sends.
const RECEIVES: u32 = 1;
const SENDS: u32 = 2;
/// What becomes of a port that is closed.
const PORT_GOES: u32 = 0;
const PORT_STAYS: u32 = 1;

/// A session of a device.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) device: Box<str>,
    pub(super) conference: ConferenceId,
    /// What its owner calls the conference.
    pub(super) of: Option<u64>,
    /// Whoever wanted it knows where its legs hear.
    pub(super) is_open: bool,
    /// When it must be open.
    pub(super) patience: Option<TimerHandle>,
    legs: Vec<LegState>,
}

/// A leg.
#[derive(Debug)]
struct LegState {
    party: PartyId,
    receive: Receive,
    /// What it shall speak and where it shall send.
    wanted: (Spoken, Option<SocketAddr>),
    /// What it was told last to send, and where to.
    sends: Option<(Spoken, SocketAddr)>,
}

/// Where a leg hears.
#[derive(Clone, Copy, Debug)]
enum Receive {
    /// The device was asked, for the first time.
    Opening(Spoken),
    /// It said where, for this.
    Open(Spoken, SocketAddr),
    /// It was asked again, for another codec or keys under another number at the same port.
    Reopening(Spoken, SocketAddr),
}

/// What follows from what a device says of a port.
pub(super) enum Acknowledged {
    /// Nothing yet.
    Waits,
    /// All legs are open for the first time.
    Opened(SocketAddr, Option<SocketAddr>),
    /// There is no port.
    Refused,
    /// It is another port than before.
    Moved,
}

impl Session {
    pub(super) fn new(device: &str, conference: ConferenceId, of: Option<u64>) -> Self {
        let (is_open, patience, legs) = (false, None, Vec::new());
        Session { device: device.into(), conference, of, is_open, patience, legs }
    }

    /// One more leg. Returns what the device is told.
    pub(super) fn add(&mut self, party: PartyId, spoken: Spoken) -> ToStation {
        let (receive, wanted) = (Receive::Opening(spoken), (spoken, None));
        self.legs.push(LegState { party, receive, wanted, sends: None });
        open(self.conference, party, spoken)
    }

    /// What a leg speaks from now on, and where it sends.
    pub(super) fn direct(
        &mut self,
        leg: Leg,
        spoken: Spoken,
        to: Option<SocketAddr>,
        said: &mut Vec<ToStation>,
    ) {
        let conference = self.conference;
        let Some(leg) = self.leg(leg) else { return };
        leg.wanted = (spoken, to);
        leg.settle(conference, said);
    }

    /// Whether a port was asked for again.
    pub(super) fn reopens(&self) -> bool {
        self.legs.iter().any(|leg| matches!(leg.receive, Receive::Reopening(..)))
    }

    /// The device says where a leg hears, or that it has no port.
    pub(super) fn acknowledged(
        &mut self,
        leg: Leg,
        at: Option<SocketAddr>,
        said: &mut Vec<ToStation>,
    ) -> Acknowledged {
        let conference = self.conference;
        let Some(leg) = self.leg(leg) else { return Acknowledged::Waits };
        let Some(at) = at else { return Acknowledged::Refused };
        match leg.receive {
            Receive::Opening(spoken) => leg.receive = Receive::Open(spoken, at),
            Receive::Reopening(_, before) if before != at => return Acknowledged::Moved,
            Receive::Reopening(spoken, _) => leg.receive = Receive::Open(spoken, at),
            // Said twice.
            Receive::Open(..) => return Acknowledged::Waits,
        }
        leg.settle(conference, said);
        let mut places = self.legs.iter().map(LegState::place);
        if self.is_open || places.clone().any(|place| place.is_none()) {
            return Acknowledged::Waits;
        }
        self.is_open = true;
        let (a, b) = (places.next().flatten().unwrap_or(at), places.next().flatten());
        Acknowledged::Opened(a, b)
    }

    /// Everything ends.
    pub(super) fn close(&mut self, said: &mut Vec<ToStation>) {
        let conference = self.conference;
        for leg in &mut self.legs {
            said.push(close(conference, leg.party, PORT_GOES));
            if leg.sends.take().is_some() {
                said.push(stop(conference, leg.party));
            }
        }
    }

    fn leg(&mut self, leg: Leg) -> Option<&mut LegState> {
        let mut legs = self.legs.iter_mut();
        match leg {
            Leg::A => legs.next(),
            Leg::B => legs.nth(1),
        }
    }
}

impl LegState {
    const fn place(&self) -> Option<SocketAddr> {
        match self.receive {
            Receive::Opening(_) => None,
            Receive::Open(_, at) | Receive::Reopening(_, at) => Some(at),
        }
    }

    /// Brings about what is wanted, as far as the port is there; the rest follows when it is.
    fn settle(&mut self, conference: ConferenceId, said: &mut Vec<ToStation>) {
        let Receive::Open(open_for, at) = self.receive else { return };
        let (spoken, to) = self.wanted;
        let wanted = to.map(|to| (spoken, to));
        if self.sends.is_some() && self.sends != wanted {
            self.sends = None;
            said.push(stop(conference, self.party));
        }
        // Keys under another number would come to nobody.
        let other_keys = spoken.events.is_some() && spoken.events != open_for.events;
        if open_for.format != spoken.format || other_keys {
            self.receive = Receive::Reopening(spoken, at);
            said.push(close(conference, self.party, PORT_STAYS));
            said.push(open(conference, self.party, spoken));
            return;
        }
        if let (None, Some((spoken, to))) = (self.sends, wanted) {
            self.sends = wanted;
            said.push(start(conference, self.party, spoken, to));
        }
    }
}

fn open(conference: ConferenceId, party: PartyId, spoken: Spoken) -> ToStation {
    OpenReceiveChannel {
        conference,
        party,
        packet: spoken.format.packet,
        codec: spoken.format.codec,
        call: CallReference(party.0),
        event_payload: spoken.events.map_or(0, u32::from),
        event_kind: EVENT_KIND,
        direction: RECEIVES,
        ..OpenReceiveChannel::default()
    }
    .into()
}

fn start(conference: ConferenceId, party: PartyId, spoken: Spoken, to: SocketAddr) -> ToStation {
    StartMediaTransmission {
        conference,
        party,
        address: Address::from(to.ip()),
        port: u32::from(to.port()),
        packet: spoken.format.packet,
        codec: spoken.format.codec,
        type_of_service: EXPEDITED,
        call: CallReference(party.0),
        event_payload: spoken.events.map_or(0, u32::from),
        event_kind: EVENT_KIND,
        direction: SENDS,
        ..StartMediaTransmission::default()
    }
    .into()
}

fn close(conference: ConferenceId, party: PartyId, port_handling: u32) -> ToStation {
    CloseReceiveChannel { conference, party, call: CallReference(party.0), port_handling }.into()
}

fn stop(conference: ConferenceId, party: PartyId) -> ToStation {
    let call = CallReference(party.0);
    StopMediaTransmission { conference, party, call, port_handling: PORT_GOES }.into()
}
