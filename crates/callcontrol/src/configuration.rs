//! Everything about calls that an operator can set.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use strowger_base::{HashMap, HashSeed, Rng};
use strowger_dialplan::lint::{Origin, OriginKind};
use strowger_dialplan::route_list::{LocalRouteGroups, RouteListParameters};
use strowger_dialplan::{Caller, DialPlan};

pub use crate::call::TrunkList;

/// Settings of call control. Immutable; a change is a new value, and calls in progress keep the one they began with
/// where it would hurt them.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// What numbers mean.
    pub plan: DialPlan,
    /// The lines, by directory number.
    pub lines: HashMap<Box<str>, Line>,
    /// The trunks, by name. One that is not listed is there and sees what is in no partition.
    pub trunks: BTreeMap<Box<str>, Trunk>,
    /// Route lists, by name.
    pub route_lists: BTreeMap<Box<str>, Arc<TrunkList>>,
    /// After which causes another trunk of a route list is tried.
    pub route_lists_rule: Arc<RouteListParameters>,
    /// When media goes through a relay of ours.
    pub relay: RelayMode,
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
            // The keys are the configuration's, not a caller's: a fixed key is enough.
            lines: HashMap::with_hasher(HashSeed::new(&mut Rng::new(SEED))),
            trunks: BTreeMap::new(),
            route_lists: BTreeMap::new(),
            route_lists_rule: Arc::default(),
            relay: RelayMode::Never,
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            no_answer: NO_ANSWER_TRUNK,
        }
    }

    /// Everybody who dials, by name: what looks at the dial plan as a whole has to know.
    pub fn origins(&self) -> Vec<Origin> {
        let origin = |kind: OriginKind, name: &str, caller: &Arc<Caller>| Origin {
            kind,
            name: name.into(),
            caller: Arc::clone(caller),
        };
        let lines = self.lines.iter();
        let mut origins: Vec<Origin> =
            lines.map(|(name, line)| origin(OriginKind::Line, name, &line.caller)).collect();
        origins.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        origins.extend(self.trunks.iter().map(|(name, trunk)| {
            let kind = if trunk.overlap { OriginKind::OverlapTrunk } else { OriginKind::Trunk };
            origin(kind, name, &trunk.caller)
        }));
        origins
    }
}

/// What call control knows of a trunk.
#[derive(Clone, Debug)]
pub struct Trunk {
    /// What its calls see of the dial plan.
    pub caller: Arc<Caller>,
    /// It sends growing numbers, each as a new wish for the call (RFC 3578).
    pub overlap: bool,
    /// It has a far end. Calls to one that has none yet are refused, and say so.
    pub is_there: bool,
}

/// What call control knows of a line.
#[derive(Clone, Debug)]
pub struct Line {
    /// Display name; what others are shown, whatever the phone says.
    pub name: Box<str>,
    /// A call to the line finds it busy when it has this many calls; at least 1.
    pub busy_trigger: u32,
    /// Calls of the line at once, made and received; at least 1.
    pub calls_max: u32,
    /// How long its phones ring.
    pub no_answer: Duration,
    /// Who dials on it, as digit analysis knows it.
    pub caller: Arc<Caller>,
    /// What stands for local route groups when it calls.
    pub local_route_groups: LocalRouteGroups<Box<str>>,
    /// Its phones send growing numbers, each as a new wish for the call (RFC 3578).
    pub overlap: bool,
}

impl Default for Line {
    fn default() -> Self {
        Line {
            name: Box::from(""),
            busy_trigger: BUSY_TRIGGER,
            calls_max: CALLS_MAX,
            no_answer: NO_ANSWER_LINE,
            caller: Arc::default(),
            local_route_groups: LocalRouteGroups::default(),
            overlap: false,
        }
    }
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

const SEED: u64 = 0x4c49_4e45_5345_4544;
