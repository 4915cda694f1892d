//! The configuration of a node, checked as a whole before anything uses it.
//!
//! A [`Draft`] is what an operator wrote, already typed; the shell fills it from its file. [`Draft::build`] finds
//! everything that is wrong with it, not only the first thing, and names each [`Place`] so that the shell can
//! show the line of the file.

mod admission;
mod assembly;
mod bounds;
mod build;
mod codes;
mod dialling;
mod features;
mod forwards;
mod hunting;
mod incoming;
mod lines;
mod loops;
mod mobility;
mod phones;
mod plan;
mod route_lists;
mod stations;
mod transformations;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use strowger_base::Country;
use strowger_base::leg::Service;
use strowger_callcontrol::RelayMode;
use strowger_callcontrol::configuration::{
    Announcements, CALL_BACK_TIME, ConferenceRules, DivertTo, HoldMode, HoldSources, KeyMethod,
    MediaResources, MediaUse, NO_ANSWER_TRUNK, Recording, SrtpRule, Unencrypted,
};
use strowger_dialplan::forward::{BySide, Classification};
use strowger_sip::io::{DigestAlgorithm, Listener, Trunk};

pub use self::admission::{
    AarGroupDraft, AdmissionDraft, LineAarDraft, LinkDraft, LocationDraft, RegionDraft, SiteDraft,
};
pub use self::assembly::{Assembly, LineChange};
pub use self::codes::{AuthorizationCodeDraft, CodesDraft, MatterCodeDraft};
pub use self::features::{DirectedParkDraft, FeatureDraft, ParkDraft};
pub use self::forwards::{ForwardDraft, ForwardTo, ForwardingDraft, ForwardsDraft};
pub use self::hunting::{HuntListDraft, HuntPilotDraft, LineGroupDraft};
pub use self::incoming::{IncomingDraft, IncomingRuleDraft};
pub use self::lines::{Line, LineSecret, PhoneDraft};
pub use self::mobility::{DevicePoolDraft, MobilityInfoDraft};
pub use self::plan::{
    BlockDraft, ChangeDraft, DirectoryUriDraft, PartitionDraft, PatternDraft, PlanDraft, RouteDraft,
    SearchSpaceDraft, TranslationDraft,
};
pub use self::route_lists::{RouteGroupDraft, RouteListDraft, RouteListMemberDraft};
pub use self::stations::{StationConfiguration, StationDraft, StationLine, StationsDraft};
pub use self::transformations::{NumberViewDraft, TransformationDraft};
pub use strowger_callcontrol::configuration::{DoNotDisturb, IntercomLine};

/// A checked configuration, in the parts that the domains read.
#[derive(Clone)]
pub struct Configuration {
    /// For the SIP side.
    pub sip: Arc<strowger_sip::Configuration>,
    /// For the SCCP side.
    pub sccp: Arc<StationConfiguration>,
    /// For call control.
    pub calls: Arc<strowger_callcontrol::Configuration>,
    /// How much of each message goes into the journal.
    pub messages: MessageDetail,
}

impl Configuration {
    /// The same for these sockets: what an operator wrote is checked before any is opened.
    #[must_use]
    pub fn with_listeners(mut self, listeners: Vec<Listener>) -> Self {
        // One that is closed is told to nobody, as long as another is open.
        if let Some(listener) = listeners.iter().find(|it| it.is_open).or(listeners.first()) {
            Arc::make_mut(&mut self.calls).address = listener.advertised.ip();
        }
        Arc::make_mut(&mut self.sip).listeners = listeners;
        self
    }
}

/// What an operator wrote. `Draft::default()` has every default and no lines.
#[derive(Clone)]
pub struct Draft {
    /// Digest realm, and the domain of addresses we write.
    pub domain: Box<str>,
    /// Further names and addresses that mean this node.
    pub aliases: Vec<Box<str>>,
    /// The bound sockets, in the order of their [`strowger_base::net::ListenerId`].
    pub listeners: Vec<Listener>,
    /// The lines.
    pub lines: Vec<Line>,
    /// The SCCP devices.
    pub stations: StationsDraft,
    /// Numbers of services.
    pub services: Vec<ServiceNumber>,
    /// The trunks.
    pub trunks: Vec<Trunk>,
    /// How calls from each trunk are dialled, in the order of `trunks`; trunks beyond its end have every default.
    pub trunk_dialling: Vec<TrunkDialling>,
    /// Trunks that have no far end yet.
    pub trunks_planned: Vec<PlannedTrunk>,
    /// Partitions, search spaces, patterns.
    pub plan: PlanDraft,
    /// Forced authorization codes and client matter codes.
    pub codes: CodesDraft,
    /// Regions, locations and AAR groups.
    pub admission: AdmissionDraft,
    /// What is said once about the forwards of all lines.
    pub forwarding: ForwardingDraft,
    /// When media goes through a relay of ours.
    pub relay: RelayMode,
    /// What becomes of calls whose media would not be encrypted.
    pub unencrypted: Unencrypted,
    /// What a party hears that waits.
    pub hold: HoldMode,
    /// Which of their distinctive rings, 1 to 5, phones have for calls from inside and outside.
    pub distinctive: BySide<Option<u8>>,
    /// Whose voice mail gets calls that phones divert.
    pub divert_to: DivertTo,
    /// Whose tones are heard where nobody else says it.
    pub country: Country,
    /// Which audio sources are heard where nobody else says it.
    pub hold_sources: HoldSources,
    /// What callers hear whose call fails.
    pub announcements: Announcements,
    /// Media resources, and what becomes of calls that get none.
    pub media: MediaResources,
    /// Recorders, and who hears that calls are recorded.
    pub recording: Recording,
    /// How long a call back is waited for.
    pub call_back_time: Duration,
    /// What conferences may do.
    pub conferences: ConferenceRules,
    /// How much of each message goes into the journal.
    pub messages: MessageDetail,
    /// Times.
    pub timers: Timers,
    /// Digest algorithms in the order in which they are offered; at least one.
    pub digest_algorithms: Vec<DigestAlgorithm>,
    /// Value of Server and User-Agent.
    pub product: Box<str>,
}

/// How much of the messages of a call the journal keeps.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum MessageDetail {
    /// The whole message: `explain` can show it, and so can who finds the journal.
    #[default]
    Full,
    /// First line, Call-ID and CSeq: the ladder without what people are called, where they are and what they agreed.
    Summary,
}

/// How calls from a trunk are dialled.
#[derive(Clone, Default, Debug)]
pub struct TrunkDialling {
    /// What they see of the dial plan; the null partition alone when empty.
    pub search_space: Box<str>,
    /// The trunk sends growing numbers, each as a new INVITE (RFC 3578).
    pub overlap: bool,
    /// How the calling numbers that it brings become the plan's.
    pub incoming_calling: IncomingDraft,
    /// How the called numbers that it brings become the plan's.
    pub incoming_called: IncomingDraft,
    /// Whether its calls come from inside or outside, where lines forward them differently.
    pub classification: Classification,
    /// How many digits of the called number count, from the right, once it is the plan's; all when `None`.
    pub significant_digits: Option<u8>,
    /// What is put in front of the called number then.
    pub prefix: Box<str>,
    /// How the trunk sees numbers: what is sent to it.
    pub view: NumberViewDraft,
    /// The device pool that it belongs to, which says what it does not say itself; none when empty.
    pub device_pool: Box<str>,
    /// It may tell which messages wait for lines (NOTIFY outside of a subscription).
    pub tells_messages: bool,
    /// What it may do about keys of SRTP.
    pub srtp: SrtpRule,
    /// How keys that are pressed reach it.
    pub keys: KeyMethod,
    /// Where it is, as far as it says so itself.
    pub site: SiteDraft,
    /// Which media resources its calls use.
    pub media: MediaUse,
}

/// A trunk that has no far end yet.
#[derive(Clone, Default, Debug)]
pub struct PlannedTrunk {
    /// Its name.
    pub name: Box<str>,
    /// How calls from it will be dialled.
    pub dialling: TrunkDialling,
}

/// A number that leads to a service.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServiceNumber {
    /// The number or name.
    pub number: Box<str>,
    /// Its partition; the null partition when empty.
    pub partition: Box<str>,
    /// The service.
    pub service: Service,
}

/// Times that an operator can set.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Timers {
    /// Shortest registration; a shorter one gets 423.
    pub expires_min: Duration,
    /// Longest registration; a longer one is cut.
    pub expires_max: Duration,
    /// Registration time when the phone asks for none.
    pub expires_default: Duration,
    /// How long a nonce may be used.
    pub nonce_lifetime: Duration,
    /// Session timer, at least 90 s (RFC 4028 §5).
    pub session_expires: Duration,
    /// How long a trunk or service may ring.
    pub trunk_no_answer: Duration,
}

impl Default for Timers {
    fn default() -> Self {
        Timers {
            expires_min: Duration::from_secs(60),
            expires_max: Duration::from_secs(7200),
            expires_default: Duration::from_secs(3600),
            nonce_lifetime: Duration::from_secs(300),
            session_expires: Duration::from_secs(1800),
            trunk_no_answer: NO_ANSWER_TRUNK,
        }
    }
}

impl Default for Draft {
    fn default() -> Self {
        Draft {
            domain: "strowger.lab".into(),
            aliases: Vec::new(),
            listeners: Vec::new(),
            lines: Vec::new(),
            stations: StationsDraft::default(),
            services: Vec::new(),
            trunks: Vec::new(),
            trunk_dialling: Vec::new(),
            trunks_planned: Vec::new(),
            plan: PlanDraft::default(),
            codes: CodesDraft::default(),
            admission: AdmissionDraft::default(),
            forwarding: ForwardingDraft::default(),
            relay: RelayMode::default(),
            unencrypted: Unencrypted::Allowed,
            hold: HoldMode::default(),
            distinctive: BySide { internal: None, external: None },
            divert_to: DivertTo::default(),
            country: Country::default(),
            hold_sources: HoldSources::default(),
            recording: Recording::default(),
            announcements: Announcements::default(),
            media: MediaResources::default(),
            call_back_time: CALL_BACK_TIME,
            conferences: ConferenceRules::default(),
            messages: MessageDetail::default(),
            timers: Timers::default(),
            digest_algorithms: vec![DigestAlgorithm::Md5],
            product: "Strowger".into(),
        }
    }
}

impl Draft {
    /// Checks the whole.
    ///
    /// # Errors
    /// Everything that is wrong, in the order of the draft.
    pub fn build(&self) -> Result<Configuration, Vec<ConfigurationError>> {
        build::build(self).map(|built| built.configuration)
    }
}

/// One thing that is wrong with a draft.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConfigurationError {
    /// Where.
    pub place: Place,
    /// Which setting there.
    pub setting: &'static str,
    /// What is wrong with it.
    pub problem: Problem,
}

/// An object of a [`Draft`]; numbers are positions in its lists.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Place {
    /// The node itself.
    Node,
    /// A socket.
    Listener(usize),
    /// A line.
    Line(usize),
    /// A phone of a line: the position of the line, and the phone's among those of the line.
    Phone(usize, usize),
    /// A service.
    Service(usize),
    /// A trunk.
    Trunk(usize),
    /// A trunk without a far end.
    PlannedTrunk(usize),
    /// A partition.
    Partition(usize),
    /// A calling search space.
    SearchSpace(usize),
    /// A translation pattern.
    Translation(usize),
    /// A route pattern.
    Route(usize),
    /// A pattern that blocks.
    Block(usize),
    /// A number that asks for a feature.
    Feature(usize),
    /// A directory URI.
    DirectoryUri(usize),
    /// A calling party transformation pattern.
    CallingTransformation(usize),
    /// A called party transformation pattern.
    CalledTransformation(usize),
    /// A device pool.
    DevicePool(usize),
    /// A device mobility info.
    MobilityInfo(usize),
    /// A route group.
    RouteGroup(usize),
    /// A route list.
    RouteList(usize),
    /// A line group.
    LineGroup(usize),
    /// A hunt list.
    HuntList(usize),
    /// A hunt pilot.
    HuntPilot(usize),
    /// A forced authorization code.
    AuthorizationCode(usize),
    /// A client matter code.
    MatterCode(usize),
    /// A location.
    Location(usize),
}

/// What is wrong, and what to do about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Problem {
    /// Nothing is given.
    Missing {
        /// For example `1001`.
        example: &'static str,
    },
    /// The value has characters that cannot be there, or is no pattern.
    Malformed {
        /// What was found.
        found: Box<str>,
        /// Why it cannot be.
        why: Box<str>,
    },
    /// Something else has the same number, pattern or name.
    Duplicate {
        /// What was found.
        found: Box<str>,
        /// What has it.
        there: Box<str>,
    },
    /// It is outside what is allowed.
    OutOfRange {
        /// What was found.
        found: Box<str>,
        /// The least.
        least: Box<str>,
        /// The most.
        most: Box<str>,
    },
    /// Translations lead back to it for ever.
    Loop {
        /// The pattern.
        found: Box<str>,
        /// A dialling that never arrives.
        shown: Box<str>,
        /// What it goes through.
        why: Box<str>,
    },
    /// It names something that does not exist.
    Unknown {
        /// What was found.
        found: Box<str>,
        /// What exists, or the first of it.
        known: Box<str>,
        /// What may have been meant; empty when nothing is close.
        nearest: Box<str>,
    },
    /// There are more than there may be.
    TooMany {
        /// How many.
        found: usize,
        /// How many may be.
        most: usize,
    },
    /// What was found is a secret, and is not shown.
    Secret {
        /// What is wrong with it, and what to do.
        why: Box<str>,
    },
    /// Two settings of which one rules out the other.
    Contradicts {
        /// The other.
        other: &'static str,
    },
}

impl Place {
    /// What it is sorted by: what is wrong with a phone stands with its line.
    const fn whole(self) -> Place {
        match self {
            Place::Phone(line, _) => Place::Line(line),
            other => other,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Node => f.write_str("the node"),
            Place::Listener(index) => write!(f, "listener {}", index + 1),
            Place::Line(index) => write!(f, "line {}", index + 1),
            Place::Phone(line, index) => write!(f, "line {} phone {}", line + 1, index + 1),
            Place::Service(index) => write!(f, "service {}", index + 1),
            Place::Trunk(index) => write!(f, "trunk {}", index + 1),
            Place::PlannedTrunk(index) => write!(f, "planned trunk {}", index + 1),
            Place::Partition(index) => write!(f, "partition {}", index + 1),
            Place::SearchSpace(index) => write!(f, "search_space {}", index + 1),
            Place::Translation(index) => write!(f, "translation {}", index + 1),
            Place::Route(index) => write!(f, "route {}", index + 1),
            Place::Block(index) => write!(f, "block {}", index + 1),
            Place::Feature(index) => write!(f, "feature {}", index + 1),
            Place::DirectoryUri(index) => write!(f, "directory_uri {}", index + 1),
            Place::CallingTransformation(index) => write!(f, "calling_transformation {}", index + 1),
            Place::CalledTransformation(index) => write!(f, "called_transformation {}", index + 1),
            Place::DevicePool(index) => write!(f, "device_pool {}", index + 1),
            Place::MobilityInfo(index) => write!(f, "mobility_info {}", index + 1),
            Place::RouteGroup(index) => write!(f, "route_group {}", index + 1),
            Place::RouteList(index) => write!(f, "route_list {}", index + 1),
            Place::LineGroup(index) => write!(f, "line_group {}", index + 1),
            Place::HuntList(index) => write!(f, "hunt_list {}", index + 1),
            Place::HuntPilot(index) => write!(f, "hunt_pilot {}", index + 1),
            Place::AuthorizationCode(index) => write!(f, "authorization_code {}", index + 1),
            Place::MatterCode(index) => write!(f, "matter_code {}", index + 1),
            Place::Location(index) => write!(f, "location {}", index + 1),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Missing { example } => write!(f, "is missing; give one, for example {example}"),
            Problem::Malformed { found, why } => write!(f, "is {found:?}: {why}"),
            Problem::Duplicate { found, there } => {
                write!(f, "is {found:?}, which {there} has already; change or remove one of the two")
            }
            Problem::OutOfRange { found, least, most } => {
                write!(f, "is {found}, expected {least} to {most}")
            }
            Problem::Loop { found, shown, why } => {
                let advice = strowger_dialplan::lint::Kind::Loop.advice();
                write!(f, "is {found:?}, a translation loop: {shown}, and {why}. {advice}")
            }
            Problem::Unknown { found, known, .. } if known.is_empty() => {
                write!(f, "is {found:?}, but none is configured; add it first")
            }
            Problem::Unknown { found, known, nearest } if nearest.is_empty() => {
                write!(f, "is {found:?}, expected one of: {known}")
            }
            Problem::Unknown { found, known, nearest } => {
                write!(f, "is {found:?}, expected one of: {known}; did you mean {nearest:?}?")
            }
            Problem::TooMany { found, most } => write!(f, "has {found} entries, at most {most} are allowed"),
            Problem::Secret { why } => f.write_str(why),
            Problem::Contradicts { other } => {
                write!(f, "is given beside {other}; leave out one of the two")
            }
        }
    }
}

impl fmt::Display for ConfigurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {}", self.place, self.setting, self.problem)
    }
}

impl std::error::Error for ConfigurationError {}

#[cfg(test)]
mod tests {
    use strowger_base::net::Transport;

    use super::*;

    #[test]
    fn peers_are_told_an_address_that_takes_messages() {
        let listener = |address: &str, is_open: bool| Listener {
            transport: Transport::Udp,
            bound: address.parse().unwrap(),
            advertised: address.parse().unwrap(),
            is_open,
        };
        let check = |listeners: Vec<Listener>, expect: &str| {
            let assembly = Assembly::new(Draft::default()).unwrap_or_else(|wrong| panic!("{wrong:?}"));
            let configuration = assembly.configuration().clone().with_listeners(listeners);
            assert_eq!(configuration.calls.address.to_string(), expect);
        };
        let (first, second) = ("192.0.2.1:5060", "192.0.2.2:5060");
        check(vec![listener(first, true), listener(second, true)], "192.0.2.1");
        check(vec![listener(first, false), listener(second, true)], "192.0.2.2");
        check(vec![listener(first, false)], "192.0.2.1");
    }
}
