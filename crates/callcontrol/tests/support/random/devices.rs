//! What devices tell, in any order.

use strowger_base::feature::{FeatureCode, FeatureRequest, Turn};
use strowger_base::leg::{
    Alert, Digit, Elsewhere, FurtherDigits, Origin, Party, ReleaseReason, Setup, Signal,
};
use strowger_base::net::{Flow, ListenerId};
use strowger_base::{Cause, LegId, Media, NodeId, SessionDescription, ShardId};
use strowger_callcontrol::Input;

use super::{Devices, Leg, Role, World};

/// What is called.
const CALLED: [&str; 19] = [
    "", "10", "1001", "1002", "1003", "1004", "5000", "9999", "404", "51", "511", "5111#", "5111#1#", "8801",
    "8802", "881", "882", "*881", "*882",
];
/// What is called where people talk to each other.
const INSIDE: [&str; 7] = ["1001", "1002", "1001", "1002", "1001", "1002", "8801"];

/// What takes calls that ring.
const PICKUP: [FeatureCode; 3] = [FeatureCode::PickUp, FeatureCode::OtherPickUp, FeatureCode::DirectedPickUp];

/// What a device says that insists on SRTP.
const KEYS: &str = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n";

impl World {
    fn description(&mut self) -> SessionDescription {
        self.ports += 1;
        let directions: &[&str] = match self.devices {
            Devices::Any => &["sendrecv", "sendonly", "inactive", "recvonly"],
            // Whoever holds all the time confers with nobody.
            Devices::Calm { .. } => &["sendrecv", "sendrecv", "sendrecv", "sendonly"],
        };
        let direction = *self.pick(directions);
        let formats = *self.pick(&["0", "0 18", "18 9 0", "0"]);
        let secured = self.encrypts && (self.secret || self.rng.one_in(2));
        let (profile, keys) = if secured { ("SAVP", KEYS) } else { ("AVP", "") };
        let beside = match self.rng.below(12) {
            0 => "m=video 6000 RTP/AVP 97\r\n",
            1 => "m=image 6002 udptl t38\r\n",
            2 => "m=video 0 RTP/AVP 97\r\nm=application 6004 TCP/BFCP *\r\n",
            _ => "",
        };
        let text = format!(
            "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio {} RTP/{profile} {formats}\r\na={direction}\r\n{keys}{beside}",
            4000 + self.ports % 1000
        );
        SessionDescription::new(text.as_bytes())
    }

    pub(crate) fn begin(&mut self) {
        self.next_incoming += 1;
        let leg = LegId::new(NodeId(1), ShardId(0), 4 * self.next_incoming);
        let offer = self.rng.below(4) > 0;
        let media = if offer { Media::Offer(self.description()) } else { Media::None };
        let role = Role::Caller;
        self.legs.insert(leg, Leg { role, answered: false, owes: false, is_owed: offer, asked: false });
        let (called, comes) = match self.devices {
            Devices::Calm { come_in: Some(one_of) } => (&INSIDE[..], self.rng.one_in(one_of)),
            Devices::Calm { come_in: None } | Devices::Any => (&CALLED[..], false),
        };
        let (line, joins) = if comes { self.talking_leg() } else { None }.map_or_else(
            || (*self.pick::<&str>(&["1001", "1002"]), None),
            |(line, joins)| (line, Some(joins)),
        );
        self.callers.insert(leg, line);
        // Who wants another's place, or a feature, is mostly refused.
        let rarely = if self.devices == Devices::Any { 8 } else { 40 };
        let setup = Setup {
            origin: Origin::Line { line: line.into(), phone: self.rng.one_in(2).then(|| "desk".into()) },
            flow: Flow::Datagram { listener: ListenerId(0), peer: "10.0.0.1:5060".parse().unwrap() },
            protocol_call_id: "x".into(),
            calling: Party::default(),
            called: (*self.pick(called)).into(),
            media,
            hops_remaining: 70,
            reliable_provisional: self.rng.one_in(2),
            behind_nat: false,
            srtp_fallback: self.rng.one_in(4),
            takes: None,
            diversions: Vec::new(),
            replaces: if self.rng.one_in(rarely) { self.some_leg() } else { None },
            joins,
            feature: match self.rng.below(rarely) {
                0 => Some(*self.pick(&FeatureCode::ALL)),
                1 => Some(*self.pick(&PICKUP)),
                _ => None,
            },
            further_digits: *self.pick(&[
                FurtherDigits::None,
                FurtherDigits::Keys,
                FurtherDigits::Again,
                FurtherDigits::Beyond,
            ]),
        };
        self.handle(Input::Signal(leg, Signal::Setup(Box::new(setup))));
    }

    /// Media as a device would send it: an answer only when it owes one, an offer only when none of it is open.
    fn media(&mut self, id: LegId) -> Media {
        let leg = self.legs[&id];
        if leg.owes && self.rng.one_in(2) {
            let description = self.description();
            self.legs.get_mut(&id).unwrap().owes = false;
            return Media::Answer(description);
        }
        // Also while it owes an answer: the two offers meet.
        if !leg.is_owed && self.rng.one_in(2) {
            let description = self.description();
            self.legs.get_mut(&id).unwrap().is_owed = true;
            return Media::Offer(description);
        }
        Media::None
    }

    pub(crate) fn tell(&mut self) {
        let ids: Vec<LegId> = self.legs.keys().copied().collect();
        if ids.is_empty() {
            return;
        }
        let id = *self.pick(&ids);
        let leg = self.legs[&id];
        if leg.role == Role::Seat && !leg.answered {
            return self.take_seat(id);
        }
        let early = leg.role == Role::Called && !leg.answered;
        let signal = match self.rng.below(10) {
            0 if early => Signal::Proceeding,
            1 | 2 if early => {
                let alert = *self.pick(&[Alert::Ringing, Alert::Progress]);
                Signal::Alerting { alert, media: self.media(id) }
            }
            3 | 4 if early => {
                let media = self.media(id);
                self.legs.get_mut(&id).unwrap().answered = true;
                Signal::Answered { media, connected: Party::default() }
            }
            5 => Signal::Released {
                cause: *self.pick(&[Cause::NORMAL_CALL_CLEARING, Cause::USER_BUSY, Cause::CALL_REJECTED]),
                reason: *self.pick(&[
                    ReleaseReason::HungUp,
                    ReleaseReason::Refused(486),
                    ReleaseReason::Refused(603),
                    ReleaseReason::Refused(488),
                    ReleaseReason::TransportFailed,
                ]),
            },
            6 if early && self.rng.one_in(2) => {
                let to = *self.pick(&["1001", "1002", "1003", "1004", "5000", "9999", "404", "8801"]);
                let to = if self.rng.one_in(4) { Elsewhere::Nobody } else { Elsewhere::Number(to.into()) };
                self.handle(Input::Signal(id, Signal::Redirected(to)));
                Signal::Released { cause: Cause(31), reason: ReleaseReason::Refused(302) }
            }
            6 => Signal::Digit(Digit { key: *self.pick(&['1', '#']), duration_ms: 0 }),
            7 if self.rng.one_in(2) => Signal::TransferRequested {
                destination: (*self.pick(&[
                    "1001", "1002", "1004", "5000", "9999", "404", "51", "511", "8801", "881", "882",
                ]))
                .into(),
                replaces: None,
            },
            7 if self.rng.one_in(2) => {
                Signal::TransferRequested { destination: "1".into(), replaces: self.some_leg() }
            }
            7 => {
                let with: Vec<LegId> = self.some_leg().into_iter().collect();
                let request = match self.rng.below(8) {
                    0 => FeatureRequest::Conference { with },
                    1 => FeatureRequest::DropLast,
                    2 => FeatureRequest::Drop { participant: 1 },
                    3 => FeatureRequest::Mute { participant: 1, turn: Turn::Over },
                    4 => FeatureRequest::Participants,
                    5 => FeatureRequest::CallBack,
                    6 => FeatureRequest::Divert,
                    _ => FeatureRequest::Park,
                };
                Signal::FeatureRequested(Box::new(request))
            }
            8 if leg.owes || leg.asked => {
                let leg = self.legs.get_mut(&id).unwrap();
                (leg.owes, leg.asked) = (false, false);
                Signal::MediaRefused(Cause::INCOMPATIBLE_DESTINATION)
            }
            9 if !leg.owes && !leg.is_owed => Signal::MediaRequested,
            _ => Signal::Media(self.media(id)),
        };
        if matches!(signal, Signal::Released { .. }) {
            self.legs.remove(&id);
            self.gone.insert(id);
        }
        self.handle(Input::Signal(id, signal));
    }

    /// A device that mostly answers what it is asked and confers a lot.
    pub(crate) fn tell_calmly(&mut self) {
        let ids: Vec<LegId> = self.legs.keys().copied().collect();
        if ids.is_empty() {
            return;
        }
        let id = *self.pick(&ids);
        let leg = self.legs[&id];
        let signal = match (leg.role, self.rng.below(12)) {
            (Role::Seat, _) if !leg.answered => return self.take_seat(id),
            (Role::Called, 0..=3) if !leg.answered && self.secret && leg.owes => {
                self.legs.remove(&id);
                self.gone.insert(id);
                let (cause, reason) = (Cause::INCOMPATIBLE_DESTINATION, ReleaseReason::Refused(488));
                Signal::Released { cause, reason }
            }
            (Role::Called, 4..=7) if !leg.answered && self.secret => {
                Signal::Alerting { alert: Alert::Ringing, media: Media::None }
            }
            (Role::Called, _) if !leg.answered => {
                let media = if leg.owes {
                    Media::Answer(self.description())
                } else {
                    Media::Offer(self.description())
                };
                let leg = self.legs.get_mut(&id).unwrap();
                (leg.answered, leg.owes, leg.is_owed) = (true, false, !leg.owes);
                Signal::Answered { media, connected: Party::default() }
            }
            (_, 0..=6) if leg.owes || (leg.asked && !leg.is_owed) => {
                let description = self.description();
                let leg = self.legs.get_mut(&id).unwrap();
                let media = if leg.owes { Media::Answer(description) } else { Media::Offer(description) };
                (leg.owes, leg.is_owed, leg.asked) = (false, leg.is_owed || !leg.owes, false);
                Signal::Media(media)
            }
            (Role::Caller | Role::Called, 0..=5) => {
                let others = self.rng.below(3);
                let with: Vec<LegId> = (0..others).filter_map(|_| self.some_leg()).collect();
                let participant = self.rng.below(4) as u32;
                Signal::FeatureRequested(Box::new(match self.rng.below(8) {
                    0 => FeatureRequest::DropLast,
                    1 => FeatureRequest::Drop { participant },
                    2 => FeatureRequest::Mute { participant, turn: Turn::Over },
                    3 => FeatureRequest::Participants,
                    _ => FeatureRequest::Conference { with },
                }))
            }
            (Role::Caller | Role::Called, 6) => {
                Signal::TransferRequested { destination: "1".into(), replaces: self.some_leg() }
            }
            (Role::Caller | Role::Called, 7) => {
                Signal::TransferRequested { destination: "1001".into(), replaces: None }
            }
            (_, 8) if !leg.owes && !leg.is_owed && !leg.asked => Signal::Media(self.media(id)),
            // People have the patience to wait for an answer.
            (_, 9) if leg.answered || self.rng.one_in(8) => {
                self.legs.remove(&id);
                self.gone.insert(id);
                Signal::Released { cause: Cause::NORMAL_CALL_CLEARING, reason: ReleaseReason::HungUp }
            }
            _ => return,
        };
        self.handle(Input::Signal(id, signal));
    }

    /// A seat of a conference says nothing but that it is there, with a description, or that it is not to be had.
    fn take_seat(&mut self, id: LegId) {
        let (cause, reason) = (Cause::RESOURCE_UNAVAILABLE, ReleaseReason::Refused(503));
        if self.rng.one_in(10) {
            self.legs.remove(&id);
            self.gone.insert(id);
            return self.handle(Input::Signal(id, Signal::Released { cause, reason }));
        }
        let description = self.description();
        let leg = self.legs.get_mut(&id).unwrap();
        leg.answered = true;
        let media = if std::mem::take(&mut leg.owes) {
            Media::Answer(description)
        } else {
            leg.is_owed = true;
            Media::Offer(description)
        };
        self.handle(Input::Signal(id, Signal::Answered { media, connected: Party::default() }));
    }
}
