//! Paging groups: whom a page reaches.

use std::collections::BTreeMap;
use std::sync::Arc;

use strowger_base::LineName;
use strowger_dialplan::SearchSpace;
use strowger_media::control::Multicast;

/// All paging groups, by the name that their number says
/// ([`FeatureNumber::object`](strowger_base::FeatureNumber::object)).
pub type PagingGroups = BTreeMap<Box<str>, Arc<PagingGroup>>;

/// Whom a page reaches.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct PagingGroup {
    /// Lines whose phones are called, each with a stream of its own.
    pub lines: Vec<LineName>,
    /// Gateways of overhead amplifiers.
    pub gateways: Vec<PageGateway>,
    /// Numbers that are looked up when somebody pages: all phones of a line are called, and the gateway to which a route pattern sends it.
    pub numbers: Vec<Box<str>>,
    /// The name of what those numbers are looked up in; the null partition when empty.
    pub space: Box<str>,
    /// The search space of that name, as far as the plan is known.
    pub search_space: Option<SearchSpace>,
    /// Where it goes out besides, for phones that listen there by themselves.
    pub multicast: Option<Multicast>,
    /// What it goes before.
    pub priority: PagePriority,
}

/// A gateway with an overhead amplifier.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PageGateway {
    /// Its trunk, by name.
    pub trunk: Box<str>,
    /// The number that is sent there, which chooses the port.
    pub number: Box<str>,
}

/// What a page goes before.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum PagePriority {
    /// Phones in calls, and those whose users do not want to be disturbed, are passed over.
    #[default]
    Normal,
    /// They are not.
    Emergency,
}
