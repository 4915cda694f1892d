//! What the journal knows of a call that its rows need.

use std::net::{IpAddr, SocketAddr};

use strowger_base::journal::{
    CallRecord, Decision, DestinationView, Entry, Feature, KeyPlace, KeysOutcome, LegOutcome, LegRecord,
    Lookup, MediaFunction, MediaNews, NumberRole, OriginView, PatternKind, Record, StreamEnd, StreamMedia,
    StreamNews, TargetView, WhyEnded, WhyFeatureRefused, WhyRefused,
};
use strowger_base::leg::Service;
use strowger_base::line::{number_of, partition_of};
use strowger_base::net::Flow;
use strowger_base::{ConferenceId, LegId};

use super::{Controller, coded};
use crate::address;

/// What the journal knows of a call.
pub(super) struct Story<'a> {
    pub(super) caller: Side<'a>,
    pub(super) callee: Side<'a>,
    /// Lookups that decided, first to last, without translations on the way.
    pub(super) lookups: Vec<Lookup<'a>>,
    /// What was agreed last.
    codec: Option<&'a str>,
    /// What the caller speaks and what the called device does, where somebody translates.
    translated: Option<(&'a str, &'a str)>,
    /// The feature that was dialled last, by its word.
    pub(super) feature: Option<&'a str>,
    /// The number is that of a conference in which no seat is left.
    pub(super) is_conference_full: bool,
    /// It is a call of intercom lines.
    pub(super) is_intercom: bool,
    pub(super) video: Option<Video<'a>>,
    pub(super) encrypted: bool,
    pub(super) outpulsed: Outpulsed<'a>,
    pub(super) why_ended: Option<WhyEnded>,
    /// Who began the conference in which it has a seat.
    pub(super) convened: Option<Controller>,
}

/// One side of a call.
pub(super) struct Side<'a> {
    pub(super) leg: Option<LegId>,
    pub(super) device: Device<'a>,
    /// Its number: of the line, or what a trunk said.
    pub(super) number: &'a str,
    pub(super) signalling: Option<IpAddr>,
    pub(super) media: Option<SocketAddr>,
    /// How it has the keys that it presses.
    pub(super) keys: i64,
}

/// A device, as its leg names it.
#[derive(Clone, Copy)]
pub(super) enum Device<'a> {
    None,
    Phone { line: &'a str, phone: &'a str },
    Trunk(&'a str),
    Service(Service, u16),
}

/// The video of a call.
pub(super) struct Video<'a> {
    pub(super) codec: &'a str,
    pub(super) kbps: u32,
    pub(super) caller: Option<SocketAddr>,
    pub(super) callee: Option<SocketAddr>,
}

/// Numbers as a trunk was sent them.
#[derive(Default)]
pub(super) struct Outpulsed<'a> {
    pub(super) calling: &'a str,
    pub(super) called: &'a str,
}

impl<'a> Device<'a> {
    /// Its name: that of the phone, or of its line where it is the only one of that and has none.
    pub(super) fn name(&self) -> String {
        match self {
            Device::None => String::new(),
            Device::Phone { line, phone: "" } => (*line).to_owned(),
            Device::Phone { phone, .. } => (*phone).to_owned(),
            Device::Trunk(name) => (*name).to_owned(),
            Device::Service(service, node) => format!("{}_{node}", resource(service)),
        }
    }

    pub(super) const fn conference(&self) -> Option<ConferenceId> {
        match self {
            Device::Service(Service::Conference(conference), _) => Some(*conference),
            _ => None,
        }
    }

    pub(super) fn line(&self) -> Option<&'a str> {
        match self {
            Device::Phone { line, .. } => Some(line),
            _ => None,
        }
    }

    fn of_origin(origin: OriginView<'a>) -> Self {
        match origin {
            OriginView::Line { line, phone } => Device::Phone { line, phone },
            OriginView::Trunk(name) => Device::Trunk(name),
        }
    }

    pub(super) fn of_target(target: TargetView<'a>, node: u16) -> Self {
        match target {
            TargetView::Phone { line, phone, .. } => Device::Phone { line, phone },
            TargetView::Trunk(name) => Device::Trunk(name),
            TargetView::Service(service) => Device::Service(service, node),
        }
    }
}

/// The media resource that does the work of a service of ours, by the beginning of its name.
const fn resource(service: &Service) -> &'static str {
    match service {
        Service::Conference(_) | Service::Page { .. } => "CFB",
        Service::Sounds | Service::Multicast { .. } => "MOH",
        Service::Echo
        | Service::Announcement
        | Service::Confirmation
        | Service::Annunciator(_)
        | Service::Prompt => "ANN",
    }
}

impl Side<'_> {
    /// Its signalling address as a number.
    pub(super) fn signalling(&self) -> i64 {
        match self.signalling {
            Some(IpAddr::V4(ip)) => address::number_of(ip),
            Some(IpAddr::V6(_)) | None => 0,
        }
    }

    pub(super) fn signalling_text(&self) -> Box<str> {
        self.signalling.map(|ip| ip.to_string()).unwrap_or_default().into()
    }

    pub(super) fn media_address(&self) -> i64 {
        coded(self.media).0
    }

    pub(super) fn media_port(&self) -> i64 {
        coded(self.media).1
    }

    pub(super) fn partition(&self) -> &str {
        self.device.line().map_or("", partition_of)
    }
}

impl<'a> Story<'a> {
    pub(super) fn read(last: &CallRecord<'a>, records: &[Record<'a>]) -> Self {
        let callee = reached(last);
        let node = last.call.node.0;
        let calling = Device::of_origin(last.origin);
        let side = |leg, device: Device<'a>, number| Side {
            leg,
            device,
            number,
            signalling: None,
            media: None,
            keys: UNKNOWN,
        };
        let mut story = Story {
            caller: side(Some(last.calling_leg), calling, last.calling.number),
            callee: side(None, Device::None, last.connected.number),
            lookups: Vec::new(),
            codec: None,
            translated: None,
            feature: None,
            is_conference_full: false,
            is_intercom: false,
            video: None,
            encrypted: false,
            outpulsed: Outpulsed::default(),
            why_ended: None,
            convened: None,
        };
        if let Some(leg) = callee {
            let device = Device::of_target(leg.target, node);
            let number = device.line().map_or(last.connected.number, number_of);
            story.callee = side(Some(leg.leg), device, number);
        }
        for record in records {
            story.learn(record);
        }
        // A call that came to be by a feature has its parties from others, and their legs rang there.
        if let (None, Some(joined)) = (story.callee.leg, joined(records)) {
            story.callee =
                Side { leg: Some(joined.0), device: Device::of_target(joined.1, node), ..story.callee };
            records.iter().for_each(|record| story.learn(record));
        }
        if story.encrypted && last.answered_at.is_none() {
            story.encrypted = false;
        }
        story
    }

    /// What the caller spoke last, and what the called device did.
    pub(super) fn codecs(&self) -> Option<(&'a str, &'a str)> {
        let agreed = self.codec?;
        // What is agreed is what one of the two speaks; anything else came when nobody had to translate any more.
        let translated = self.translated.filter(|(caller, called)| [*caller, *called].contains(&agreed));
        Some(translated.unwrap_or((agreed, agreed)))
    }

    /// Nobody was called: somebody pressed the key that takes what rings elsewhere, and went on in the call that rang there, which has the record.
    pub(super) fn is_key_of_pickup(&self, last: &CallRecord<'_>) -> bool {
        self.callee.leg.is_none() && last.moves.and_then(|moves| moves.left_by) == Some(Feature::PickUp)
    }

    /// Who called, as the last pattern left it.
    pub(super) fn calling_number(&self, last: &CallRecord<'a>) -> &'a str {
        let changed =
            self.lookups.iter().rev().map(|lookup| lookup.calling).find(|calling| !calling.is_empty());
        changed.unwrap_or(last.calling.number)
    }

    fn learn(&mut self, record: &Record<'a>) {
        match &record.entry {
            Entry::Message { flow, .. } => self.heard_from(record.leg, *flow),
            Entry::Decision(decision) => self.decided(record.leg, decision),
            Entry::Told(_)
            | Entry::Registration(_)
            | Entry::Alarm(_)
            | Entry::Call(_)
            | Entry::Quality(_)
            | Entry::UserSet(_) => {}
        }
    }

    fn decided(&mut self, leg: Option<LegId>, decision: &Decision<'a>) {
        match decision {
            Decision::CallBegan { flow, .. } => self.heard_from(leg, *flow),
            Decision::LookedUp(lookup) => {
                let decides =
                    !matches!(lookup.kind, PatternKind::None | PatternKind::Translation | PatternKind::Block);
                if decides {
                    self.lookups.push(*lookup);
                }
            }
            Decision::MediaPath(path) => {
                self.codec = Some(path.codec);
                for StreamEnd { leg, address, .. } in [path.offerer, path.answerer] {
                    if let (Some(side), Some(address)) = (self.side(Some(leg)), address) {
                        side.media = Some(address);
                    }
                }
            }
            Decision::Resource(MediaNews::Transcodes { caller, called }) => {
                self.translated = Some((caller, called));
            }
            Decision::Resource(MediaNews::GivenBack { function: MediaFunction::Transcoder, .. })
                if self.why_ended.is_none() =>
            {
                self.translated = None;
            }
            Decision::Intercom(_) => self.is_intercom = true,
            Decision::NumberResolved { destination: DestinationView::Feature(word), .. } => {
                self.feature = Some(word)
            }
            Decision::Refused {
                why: WhyRefused::Feature { feature: MEET_ME, why: WhyFeatureRefused::Exhausted { .. } },
                ..
            } => {
                self.is_conference_full = self.callee.leg.is_none();
            }
            Decision::Stream(StreamNews::Agreed {
                media: StreamMedia::Video,
                codec,
                offerer,
                answerer,
                ..
            }) => {
                let kbps = self.video.take().map_or(0, |video| video.kbps);
                let (caller, callee) =
                    if leg == self.callee.leg { (*answerer, *offerer) } else { (*offerer, *answerer) };
                self.video = Some(Video { codec, kbps, caller, callee });
            }
            Decision::Stream(StreamNews::Reserved { kbps, .. }) => {
                if let Some(video) = &mut self.video {
                    video.kbps = *kbps;
                }
            }
            Decision::Keys(keys) => self.encrypted = matches!(keys.outcome, KeysOutcome::Passed),
            Decision::KeysBetween { caller, called } => {
                (self.caller.keys, self.callee.keys) = (method_of(*caller), method_of(*called));
            }
            Decision::Rung { target: TargetView::Trunk(_), called, shown } if leg == self.callee.leg => {
                self.outpulsed = Outpulsed { calling: shown.number, called };
            }
            Decision::NumberTransformed { role, after, .. } if leg.is_some() && leg == self.callee.leg => {
                if let Device::Trunk(_) = self.callee.device {
                    match role {
                        NumberRole::Calling => self.outpulsed.calling = after,
                        NumberRole::Called => self.outpulsed.called = after,
                        _ => {}
                    }
                }
            }
            Decision::Convened { by, device } => {
                let device = Device::of_origin(*device).name().into();
                self.convened = Some(Controller { number: by.number.into(), device });
            }
            Decision::Ended { why, .. } => self.why_ended = Some(*why),
            _ => {}
        }
    }

    fn heard_from(&mut self, leg: Option<LegId>, flow: Flow) {
        if let Some(side) = self.side(leg) {
            side.signalling = Some(flow.peer().ip());
        }
    }

    fn side(&mut self, leg: Option<LegId>) -> Option<&mut Side<'a>> {
        let leg = leg?;
        [&mut self.caller, &mut self.callee].into_iter().find(|side| side.leg == Some(leg))
    }
}

/// The leg that answered; else the one that was rung last.
fn reached<'r, 'a>(last: &'r CallRecord<'a>) -> Option<&'r LegRecord<'a>> {
    let answered = last.legs.iter().rev().find(|leg| leg.outcome == LegOutcome::Answered);
    answered.or(last.legs.last())
}

/// The called side of a call that a feature made.
fn joined<'a>(records: &[Record<'a>]) -> Option<(LegId, TargetView<'a>)> {
    records.iter().rev().find_map(|record| match &record.entry {
        Entry::Decision(Decision::Joined(joined)) => joined.other.map(|seat| (seat.leg, seat.target)),
        _ => None,
    })
}

/// Whose device a leg is, by what the journal says of its beginning.
pub(super) fn device_of<'a>(leg: LegId, records: &[Record<'a>]) -> Option<Device<'a>> {
    records.iter().rev().find_map(|record| {
        let Entry::Decision(decision) = &record.entry else { return None };
        let its_own = record.leg == Some(leg);
        match decision {
            Decision::CallBegan { origin, .. } | Decision::CallMade { origin, .. } if its_own => {
                Some(Device::of_origin(*origin))
            }
            Decision::Rung { target, .. } | Decision::RingsOn { target } if its_own => {
                Some(Device::of_target(*target, leg.node.0))
            }
            Decision::Joined(joined) if its_own => Some(Device::of_origin(joined.origin)),
            Decision::Joined(joined) => {
                let seat = joined.other.filter(|seat| seat.leg == leg)?;
                Some(Device::of_target(seat.target, leg.node.0))
            }
            _ => None,
        }
    })
}

/// How keys are told: 1 out of band, 2 by events in media (RFC 4733), 0 in the sound.
const fn method_of(place: KeyPlace) -> i64 {
    match place {
        KeyPlace::Signalling => 1,
        KeyPlace::Media => 2,
        KeyPlace::Sound => 0,
    }
}

/// The feature of those who call the number of a conference.
const MEET_ME: &str = "meet-me";
/// Nobody said how this side has its keys.
const UNKNOWN: i64 = 4;
