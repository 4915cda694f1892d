//! What stands in the number table.

use std::sync::Arc;

use strowger_base::leg::Service;
use strowger_base::{Cause, FeatureNumber, LineName};

use super::SearchSpace;
use crate::national::RouteFilter;
use crate::pattern::Pattern;
use crate::transform::{CalledChange, CallingChange};

/// A row of the number table: a pattern and what it does.
#[derive(Clone, Debug)]
pub struct NumberPattern {
    /// What the operator calls it, unique in the plan; in traces, tests and answers.
    pub name: Arc<str>,
    /// What it takes.
    pub pattern: Pattern,
    /// Which forms its `@` takes; all but seven digits without one.
    pub filter: Option<RouteFilter>,
    /// Ends the collection of digits at once when it is the best match.
    pub urgent: bool,
    /// What happens to a number that it takes.
    pub action: Action,
}

/// What a pattern does. Most rows of a large plan are lines: what others have beside lies elsewhere.
#[derive(Clone, Debug)]
pub enum Action {
    /// A directory number: the phones of a line ring.
    Line(LineName),
    /// A translation pattern: the number changes and is looked up again.
    Translate(Box<Translation>),
    /// A route pattern: the number changes and leaves the system.
    Route(Box<RoutePattern>),
    /// A hunt pilot: the members of a hunt list are tried.
    Hunt {
        /// The hunt list by its name.
        list: Box<str>,
    },
    /// A service of the node.
    Service(Box<Service>),
    /// A feature: something is done with calls.
    Feature(Box<FeatureNumber>),
    /// Nothing: whoever dials it is released with the cause.
    Block(Cause),
}

/// What a translation pattern does.
#[derive(Clone, Debug)]
pub struct Translation {
    /// Where the changed number is looked up.
    pub next: NextSearchSpace,
    /// Change of the called number.
    pub called: CalledChange,
    /// Change of the calling number.
    pub calling: CallingChange,
    /// Which number the next lookup is for.
    pub next_hop_by: NextHopBy,
    /// Whether later lookups wait for the interdigit timer.
    pub wait: WaitOnNextHops,
    /// Who is called is an emergency service.
    pub emergency: Emergency,
}

/// Where a translated number is looked up.
#[derive(Clone, Debug)]
pub enum NextSearchSpace {
    /// In a search space of the pattern; without any, in the null partition.
    Own(SearchSpace),
    /// In that of the caller.
    Originator,
}

/// Which number the lookup after a translation is for.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum NextHopBy {
    /// The called number.
    #[default]
    Called,
    /// The calling number; the called number is kept for the lookup after.
    Calling,
}

/// Whether lookups after this pattern wait when more digits could follow.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum WaitOnNextHops {
    /// They do, as a lookup does.
    #[default]
    AsUsual,
    /// None of the later ones does.
    Never,
}

/// Whether a pattern leads to an emergency service. Such calls are the last to be shed.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Emergency {
    /// It does not.
    #[default]
    No,
    /// It does; the caller's emergency location number, when there is one, is shown to it.
    Yes,
}

/// What a route pattern does.
#[derive(Clone, Debug)]
pub struct RoutePattern {
    /// Where the call goes.
    pub to: RouteTarget,
    /// Change of the called number.
    pub called: CalledChange,
    /// Change of the calling number.
    pub calling: CallingChange,
    /// Codes that are asked for before the call goes on.
    pub codes: CodesRequired,
    /// Whether digits go out as they come.
    pub overlap: OverlapSending,
    /// The caller hears a second dial tone as soon as only such patterns are left.
    pub outside_dial_tone: bool,
    /// Who is called is an emergency service.
    pub emergency: Emergency,
}

/// Where a route pattern leads.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RouteTarget {
    /// A trunk or gateway by its name.
    Trunk(Box<str>),
    /// A route list by its name.
    RouteList(Box<str>),
}

/// Codes that are asked for after a route pattern is chosen: the authorization code first, then the matter code.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct CodesRequired {
    /// A forced authorization code of at least this level, 0-255.
    pub authorization_level: Option<u8>,
    /// A client matter code.
    pub client_matter: bool,
}

impl CodesRequired {
    /// Whether there is any to ask for.
    pub const fn any(self) -> bool {
        self.authorization_level.is_some() || self.client_matter
    }
}

/// Whether a route pattern passes digits on as they arrive. It excludes codes.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum OverlapSending {
    /// The number is sent as a whole.
    #[default]
    No,
    /// Digits follow the match as they come.
    Yes,
}

impl NumberPattern {
    /// A pattern that is named after itself, without filter or urgency.
    pub fn new(pattern: Pattern, action: Action) -> Self {
        NumberPattern { name: pattern.shared_text(), pattern, filter: None, urgent: false, action }
    }

    /// What it is called in the field.
    pub const fn kind(&self) -> &'static str {
        Self::kind_of(&self.action)
    }

    /// What something that does this is called in the field.
    pub const fn kind_of(action: &Action) -> &'static str {
        match action {
            Action::Line(_) => "directory number",
            Action::Translate(_) => "translation pattern",
            Action::Route(_) => "route pattern",
            Action::Hunt { .. } => "hunt pilot",
            Action::Service(_) => "service",
            Action::Feature(_) => "feature number",
            Action::Block(_) => "block",
        }
    }
}

impl From<Translation> for Action {
    fn from(translation: Translation) -> Self {
        Action::Translate(Box::new(translation))
    }
}

impl From<RoutePattern> for Action {
    fn from(route: RoutePattern) -> Self {
        Action::Route(Box::new(route))
    }
}

impl Translation {
    /// A translation that changes nothing and looks up in a search space.
    pub fn to(next: NextSearchSpace) -> Self {
        Translation {
            next,
            called: CalledChange::default(),
            calling: CallingChange::default(),
            next_hop_by: NextHopBy::default(),
            wait: WaitOnNextHops::default(),
            emergency: Emergency::default(),
        }
    }
}

impl RoutePattern {
    /// A route pattern that changes nothing.
    pub fn to(to: RouteTarget) -> Self {
        RoutePattern {
            to,
            called: CalledChange::default(),
            calling: CallingChange::default(),
            codes: CodesRequired::default(),
            overlap: OverlapSending::default(),
            outside_dial_tone: false,
            emergency: Emergency::default(),
        }
    }
}
