//! Everything about calls that an operator can set.

mod announcements;
mod conferences;
mod forwarding;
mod hold;
mod incoming;
mod media;
mod mobility;
mod names;
mod paging;
mod park;
mod phone;
mod pickup;
mod places;
mod pressing;
mod recording;
mod security;
mod view;
mod watching;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use strowger_base::leg::Answering;
use strowger_base::{Country, LineName, ShortText, Table};
use strowger_dialplan::codes::{CodeParameters, CodeTable};
use strowger_dialplan::forward::{
    BySide, CallSide, Classification, ForwardKind, ForwardParameters, LineForwards, RingTime,
};
use strowger_dialplan::hunt::{HuntList, HuntPilot};
use strowger_dialplan::lint::{Origin, OriginKind};
use strowger_dialplan::route_list::{LocalRouteGroups, RouteListParameters};
use strowger_dialplan::{Caller, DialPlan, Mask, NumberView, SearchSpace, Transformations};

pub use self::announcements::{
    AnnouncedSound, AnnouncedTo, Announcement, Announcements, PatternAnnouncements,
};
pub use self::conferences::{Barging, ConferenceControl, ConferenceEnds, ConferenceRules, ConferenceTones};
pub use self::hold::{HoldKind, HoldSources};
pub use self::incoming::IncomingNumbers;
pub use self::media::{EarlyOffer, Increment, MediaResources, MediaUse, MulticastMusic, WaitingTone};
pub(crate) use self::media::{MediaLists, MusicStream};
pub use self::mobility::{DevicePool, Home, Mobility, Whereabouts};
pub use self::paging::{PageGateway, PagePriority, PagingGroup, PagingGroups};
pub use self::park::{DirectedPark, PARK_REVERSION, ParkNumbers, ParkRange};
pub use self::phone::{LinePhone, PhoneSettings, RingSetting, Rings};
pub use self::pickup::{NoticeSound, PickupGroup, PickupGroups, PickupNotice};
pub use self::places::{AarCaller, Admission, LineAar, Site};
pub use self::pressing::KeyMethod;
pub use self::recording::{
    LineRecording, RecorderEncryption, Recording, RecordingOption, RecordingProfile, RecordingTone,
    Unrecorded,
};
pub use self::security::{SrtpRule, Unencrypted};
pub use crate::call::TrunkList;

/// The forwards of a line; each names what it sees of the plan.
pub type Forwards = LineForwards<SearchSpace>;
/// A hunt list of lines.
pub type LineList = HuntList<LineName>;
/// What a hunt pilot says about its hunts.
pub type Pilot = HuntPilot<SearchSpace>;

/// Settings of call control. Immutable; a change is a new value, and calls in progress keep the one they began with
/// where it would hurt them.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// What numbers mean.
    pub plan: DialPlan,
    /// How devices see numbers; what chooses among them is the view of each device.
    pub transformations: Transformations,
    /// Where phones are, by their address.
    pub mobility: Mobility,
    /// Which codecs calls use, what bandwidth they take, and where they go without.
    pub admission: Arc<Admission>,
    /// The lines, each by its [`LineName`].
    pub lines: Table<Line>,
    /// The trunks, by name. One that is not listed is there and sees what is in no partition.
    pub trunks: BTreeMap<Box<str>, Trunk>,
    /// Route lists, by name.
    pub route_lists: BTreeMap<Box<str>, Arc<TrunkList>>,
    /// After which causes another trunk of a route list is tried.
    pub route_lists_rule: Arc<RouteListParameters>,
    /// Hunt lists, by the name that [`strowger_dialplan::Action::Hunt`] says.
    pub hunt_lists: BTreeMap<Box<str>, Arc<LineList>>,
    /// Hunt pilots, by the name of their pattern ([`strowger_dialplan::NumberPattern::name`]). One that is not listed has
    /// [`HuntPilot::default`].
    pub hunt_pilots: BTreeMap<Box<str>, Arc<Pilot>>,
    /// How far calls are forwarded.
    pub forward_parameters: ForwardParameters,
    /// How long a line that forwards unanswered calls rings where it does not say so itself: the service parameter.
    pub ring_time: RingTime,
    /// Which side the calls of a trunk come from that is classed [`Classification::SystemDefault`]: the service parameter.
    pub trunk_side: CallSide,
    /// Codes that people know: forced authorization codes and client matter codes.
    pub codes: Arc<CodeTable>,
    /// Lines whose calls others may take.
    pub pickup: Arc<PickupGroups>,
    /// Numbers at which calls are parked.
    pub park: Arc<ParkNumbers>,
    /// Whom pages reach.
    pub paging: Arc<PagingGroups>,
    /// Which recorders there are, and who hears that calls are recorded.
    pub recording: Arc<Recording>,
    /// How codes are asked for.
    pub code_parameters: CodeParameters,
    /// Media resources, with their groups and lists.
    pub media: Arc<MediaResources>,
    /// When media goes through a relay of ours.
    pub relay: RelayMode,
    /// What becomes of calls whose media would not be encrypted.
    pub unencrypted: Unencrypted,
    /// What a party hears that waits.
    pub hold: HoldMode,
    /// Which of their distinctive rings, 1 to 5, phones have for calls from inside and outside: the service parameters.
    pub distinctive: BySide<Option<u8>>,
    /// Whose voice mail gets calls that phones divert: the service parameter.
    pub divert_to: DivertTo,
    /// Whose tones are heard where nobody else says it: the service parameter.
    pub country: Country,
    /// Which audio sources are heard where nobody else says it: the service parameters.
    pub hold_sources: HoldSources,
    /// What callers hear whose call fails.
    pub announcements: Announcements,
    /// What callers hear of patterns that block.
    pub pattern_announcements: PatternAnnouncements,
    /// How long a call back is waited for: the service parameter.
    pub call_back_time: Duration,
    /// What conferences may do.
    pub conferences: ConferenceRules,
    /// Where each conference bridge is, by its name.
    pub bridges: BTreeMap<Box<str>, Site>,
    /// An address of ours, written into the `o=` line of session descriptions.
    pub address: IpAddr,
    /// How long a trunk or service may ring.
    pub no_answer: Duration,
}

impl Configuration {
    /// A configuration in which nothing can be called.
    pub fn empty() -> Self {
        Configuration {
            plan: DialPlan::default(),
            transformations: Transformations::default(),
            mobility: Mobility::default(),
            admission: Arc::default(),
            lines: Table::new(),
            trunks: BTreeMap::new(),
            route_lists: BTreeMap::new(),
            route_lists_rule: Arc::default(),
            hunt_lists: BTreeMap::new(),
            hunt_pilots: BTreeMap::new(),
            forward_parameters: ForwardParameters::default(),
            ring_time: RingTime::default(),
            trunk_side: CallSide::External,
            codes: Arc::default(),
            pickup: Arc::default(),
            park: Arc::default(),
            paging: Arc::default(),
            recording: Arc::default(),
            code_parameters: CodeParameters::default(),
            media: Arc::default(),
            relay: RelayMode::Never,
            unencrypted: Unencrypted::Allowed,
            hold: HoldMode::PassedOn,
            distinctive: BySide { internal: None, external: None },
            divert_to: DivertTo::default(),
            country: Country::default(),
            hold_sources: HoldSources::default(),
            announcements: Announcements::default(),
            pattern_announcements: PatternAnnouncements::default(),
            call_back_time: CALL_BACK_TIME,
            conferences: ConferenceRules::default(),
            bridges: BTreeMap::new(),
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            no_answer: NO_ANSWER_TRUNK,
        }
    }

    /// Everybody who dials, by name, and phones of a line that dial differently each by itself: what looks at the dial plan as a whole has
    /// to know. Lines that dial alike but for their numbers have the caller of the first of them.
    pub fn origins(&self) -> Vec<Origin> {
        let mut callers: BTreeMap<*const Caller, Arc<Caller>> = BTreeMap::new();
        self.origins_with(|phone| {
            let caller = callers.entry(Arc::as_ptr(&phone.dials)).or_insert_with(|| phone.caller());
            Some(Arc::clone(caller))
        })
    }

    /// The same without lines that dial alike but for their numbers, except the first of them.
    pub fn origins_unlike(&self) -> Vec<Origin> {
        let mut seen: BTreeSet<*const Caller> = BTreeSet::new();
        self.origins_with(|phone| seen.insert(Arc::as_ptr(&phone.dials)).then(|| phone.caller()))
    }

    /// Those who dial; lines as far as there is a caller for their phones.
    fn origins_with(&self, mut caller: impl FnMut(&LinePhone) -> Option<Arc<Caller>>) -> Vec<Origin> {
        let mut origins: Vec<Origin> = Vec::new();
        let mut add = |kind: OriginKind, name: &str, caller: Option<Arc<Caller>>| {
            origins.extend(caller.map(|caller| Origin { kind, name: name.into(), caller }));
        };
        for (name, line) in self.lines.iter() {
            let name = self.shown(name);
            let kind = if line.intercom.is_some() { OriginKind::Intercom } else { OriginKind::Line };
            match line.phones.split_first() {
                None => {}
                Some((first, others)) if others.iter().all(|other| first.dials_as(other)) => {
                    add(kind, name, caller(first));
                }
                Some(_) => {
                    for phone in line.dialling_phones() {
                        add(kind, &phone.on(name), caller(phone));
                    }
                }
            }
        }
        origins.extend(self.trunk_origins());
        origins
    }

    /// All trunks.
    pub fn trunk_origins(&self) -> impl Iterator<Item = Origin> {
        self.trunks.iter().map(|(name, trunk)| Origin {
            kind: if trunk.overlap { OriginKind::OverlapTrunk } else { OriginKind::Trunk },
            name: name.clone(),
            caller: Arc::clone(&trunk.caller),
        })
    }
}

/// What call control knows of a trunk. By default it is there, and sees what is in no partition.
#[derive(Clone, Debug)]
pub struct Trunk {
    /// What its calls see of the dial plan.
    pub caller: Arc<Caller>,
    /// It sends growing numbers, each as a new wish for the call (RFC 3578).
    pub overlap: bool,
    /// It has a far end. Calls to one that has none yet are refused, and say so.
    pub is_there: bool,
    /// It may tell which messages wait for lines, as a voice mail does.
    pub tells_messages: bool,
    /// Whether its calls count as internal or external where lines forward them differently.
    pub classification: Classification,
    /// How the numbers that it brings become the plan's.
    pub incoming: IncomingNumbers,
    /// How it sees numbers; as they are when `None`.
    pub view: Option<Arc<NumberView>>,
    /// Its device pool: how numbers that it brings become the plan's where it does not say so, and what stands for local
    /// route groups when its calls leave again.
    pub pool: Option<Arc<DevicePool>>,
    /// What it may do about keys of SRTP.
    pub srtp: SrtpRule,
    /// Which media resources its calls use.
    pub media: MediaUse,
    /// How keys that are pressed reach it.
    pub keys: KeyMethod,
    /// Its region and its location.
    pub site: Site,
    /// How its calls go over the public network when there is no bandwidth.
    pub aar: AarCaller,
}

impl Trunk {
    /// What stands for local route groups when a call that it brought leaves again.
    pub fn local_route_groups(&self) -> Option<&LocalRouteGroups<Box<str>>> {
        self.pool.as_ref().map(|pool| &pool.local_route_groups)
    }
}

impl Default for Trunk {
    fn default() -> Self {
        Trunk {
            caller: Arc::default(),
            overlap: false,
            is_there: true,
            tells_messages: false,
            classification: Classification::default(),
            incoming: IncomingNumbers::default(),
            view: None,
            pool: None,
            srtp: SrtpRule::AsOffered,
            media: MediaUse::default(),
            keys: KeyMethod::default(),
            site: Site::default(),
            aar: AarCaller::default(),
        }
    }
}

/// What call control knows of a line.
#[derive(Clone, Debug)]
pub struct Line {
    /// Display name; what others are shown, whatever the phone says.
    pub name: ShortText,
    /// A call to the line finds it busy when it has this many calls; at least 1.
    pub busy_trigger: u32,
    /// Calls of the line at once, made and received; at least 1.
    pub calls_max: u32,
    /// How long its phones ring before the call is given up. A ring time of its forwards goes before it; see
    /// [`Line::rings_for`].
    pub no_answer: Duration,
    /// How the outside sees its number, whatever its phones say.
    pub external_mask: Option<Mask>,
    /// Where it sends calls that it does not take; `None` for most lines.
    pub forwards: Option<Box<Forwards>>,
    /// Who answers calls to it while it has no other.
    pub auto_answer: Answering,
    /// What forwards see of the plan that users set.
    pub user_forward_space: UserForwardSpace,
    /// The pilot number of its voice mail profile, which a forward to voice mail is a forward to.
    pub voice_mail: Option<Arc<str>>,
    /// What an intercom line has; `None` for an ordinary one.
    pub intercom: Option<Box<IntercomLine>>,
    /// How it is reached over the public network; by its external mask when `None`.
    pub aar: Option<Box<LineAar>>,
    /// The phones that it stands on, each with a name of its own.
    pub phones: Box<[LinePhone]>,
}

impl Line {
    /// How long its phones ring for a call from `side`: the ring time of its forwards; where these have none but send
    /// unanswered calls of that side on, the service parameter `ring_time`; its no answer timer otherwise.
    pub fn rings_for(&self, side: CallSide, ring_time: RingTime) -> Duration {
        self.rings_with(self.forwards.as_deref(), side, ring_time)
    }

    /// The same with these forwards in place of its own.
    pub(crate) fn rings_with(
        &self,
        forwards: Option<&Forwards>,
        side: CallSide,
        ring_time: RingTime,
    ) -> Duration {
        let Some(forwards) = forwards else { return self.no_answer };
        match (forwards.ring_time, forwards.target(ForwardKind::NoAnswer, side)) {
            (Some(own), _) => own.duration(),
            (None, Some(_)) => ring_time.duration(),
            (None, None) => self.no_answer,
        }
    }
}

impl Default for Line {
    /// A line with every default and one phone without a name.
    fn default() -> Self {
        Line {
            name: ShortText::default(),
            busy_trigger: BUSY_TRIGGER,
            calls_max: CALLS_MAX,
            no_answer: NO_ANSWER_LINE,
            external_mask: None,
            forwards: None,
            auto_answer: Answering::User,
            user_forward_space: UserForwardSpace::default(),
            voice_mail: None,
            intercom: None,
            aar: None,
            phones: Box::new([LinePhone::default()]),
        }
    }
}

/// What an intercom line has: it calls such lines only, and only they call it. It stands on one phone, and answers by itself.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct IntercomLine {
    /// The number that its key calls; empty when one is dialled.
    pub target: Box<str>,
}

/// What forwards see of the dial plan that users set: as a forward of all calls that is configured for the line, by its policy.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum UserForwardSpace {
    /// What is in no partition.
    #[default]
    Nothing,
    /// What the phone sees at which the forward was set.
    Activating,
    /// This.
    Configured(Box<SearchSpace>),
}

/// What do not disturb does at a phone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum DoNotDisturb {
    /// Calls are shown there and do not ring.
    #[default]
    RingerOff,
    /// Calls find it busy.
    Reject,
}

/// Whose voice mail gets a call that a phone diverts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum DivertTo {
    /// That of its line.
    #[default]
    Diverting,
    /// That of the line which was called originally, where it has one.
    Original,
}

/// What a party hears that is held, or waits for somebody who is rung for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum HoldMode {
    /// Music and ringing tone of ours.
    #[default]
    Music,
    /// What the one who holds sends, which mostly is nothing.
    PassedOn,
}

/// When media goes through a relay of ours.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum RelayMode {
    /// Never: media flows from phone to phone.
    #[default]
    Never,
    /// In every call.
    Always,
    /// When a device names another address for its media than its packets come from.
    WhenBehindNat,
}

/// Busy trigger of a line that sets none.
pub const BUSY_TRIGGER: u32 = 2;
/// Maximum number of calls of a line that sets none.
pub const CALLS_MAX: u32 = 4;
/// No answer timer of a line that sets none.
pub const NO_ANSWER_LINE: Duration = Duration::from_secs(60);
/// No answer timer of trunks and services: T301 of Q.931, "at least three minutes".
pub const NO_ANSWER_TRUNK: Duration = Duration::from_secs(180);
/// How long a call back is waited for where nobody says it.
pub const CALL_BACK_TIME: Duration = Duration::from_secs(7200);

#[cfg(test)]
mod tests {
    use super::*;
    use strowger_dialplan::forward::ForwardTarget;

    #[test]
    fn a_line_rings_as_long_as_its_forwards_say() {
        let check = |own: Option<u64>, sends_on: bool, expect: u64| {
            let to = || ForwardTarget::number("1002", SearchSpace::null()).ok();
            let forwards = Forwards {
                ring_time: own.and_then(|seconds| RingTime::from_secs(seconds).ok()),
                no_answer: BySide { internal: None, external: sends_on.then(to).flatten() },
                ..Forwards::default()
            };
            let line = Line { forwards: Some(Box::new(forwards)), ..Line::default() };
            let seconds = |side| line.rings_for(side, RingTime::default()).as_secs();
            assert_eq!(seconds(CallSide::External), expect, "{own:?} {sends_on}");
            assert_eq!(seconds(CallSide::Internal), own.unwrap_or(60), "{own:?} {sends_on}");
        };
        check(None, false, 60);
        check(None, true, 12);
        check(Some(20), false, 20);
        check(Some(20), true, 20);
        assert_eq!(Line::default().rings_for(CallSide::Internal, RingTime::default()), NO_ANSWER_LINE);
    }
}
