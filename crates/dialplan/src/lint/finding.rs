//! One finding, and what to do about it.

use crate::analysis::Arrival;
use crate::forward::ForwardKind;
use crate::plan::{PartitionId, PatternId};

/// Something doubtful.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What it is.
    pub kind: Kind,
    /// How bad it is.
    pub severity: Severity,
    /// The patterns that take part, the one that it is about first.
    pub patterns: Vec<PatternId>,
    /// Those of them that are for emergency calls: other advice is right for these.
    pub emergency: Vec<PatternId>,
    /// The names and hosts that take part, the one that it is about first.
    pub names: Vec<Box<str>>,
    /// The partition that it is about.
    pub partition: Option<PartitionId>,
    /// The calling search space in which it shows; empty when it has no name.
    pub search_space: Box<str>,
    /// A dialling that shows it. Only an empty partition has none.
    pub example: Option<Example>,
    /// Further findings of this kind with the same cause, which are not told.
    pub alike: usize,
    /// What happens, in one sentence.
    pub what: String,
}

/// A dialling.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Example {
    /// Who dials: `line:1001`, `trunk:carrier` or `space:everything`.
    pub from: Box<str>,
    /// What: a number, or a name.
    pub number: Box<str>,
    /// How it arrives.
    pub arrival: Arrival,
    /// What the lines are doing that the call reaches: what this forward is for. They are free without.
    pub forward: Option<ForwardKind>,
}

/// How bad a finding is, the worst first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Severity {
    /// Calls fail that must not.
    Error,
    /// Hardly what was meant.
    Warning,
    /// Good to know.
    Note,
}

/// What is doubtful.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// Translations lead back to themselves, for ever.
    Loop,
    /// No emergency number can be dialled, or one of several cannot.
    EmergencyUnreachable,
    /// An emergency number works only when it comes as a whole.
    EmergencyEnBlocOnly,
    /// An emergency number waits for the interdigit timer.
    EmergencyWaits,
    /// An emergency number asks for a code.
    EmergencyAsksForCode,
    /// A call that came from a trunk can leave through a trunk.
    TrunkToTrunk,
    /// No number leads to the pattern.
    NeverMatches,
    /// No number that is dialled key by key leads to the pattern.
    NeverKeyByKey,
    /// A route pattern asks for a code that nobody has.
    NoSuchCode,
    /// No calling search space has the partition.
    PartitionUnseen,
    /// Nothing takes what a translation pattern makes.
    LeadsNowhere,
    /// A route filter has a group of clauses that leaves no dialling form.
    FilterGroupEmpty,
    /// A pattern waits for the interdigit timer, because longer ones could match.
    Waits,
    /// An urgent pattern ends the dialling of longer numbers.
    CutsOff,
    /// A translation pattern takes its own result.
    TakesItsResult,
    /// A pattern of open length waits for the interdigit timer.
    OpenLength,
    /// Forwards lead back to the line that sent the call on.
    ForwardLoop,
    /// A call is sent on more often than it may be.
    ForwardChain,
    /// The destination of a forward is not found in its search space, or blocked there.
    ForwardNowhere,
    /// No call comes to a line group of a hunt list.
    HuntNeverTried,
    /// A hunt ends when a member is given up, or before all members were tried.
    HuntTimer,
}

impl Severity {
    /// In one word.
    pub const fn word(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        }
    }
}

impl Kind {
    /// For programs: `never-matches`.
    pub const fn word(self) -> &'static str {
        match self {
            Kind::Loop => "loop",
            Kind::EmergencyUnreachable => "emergency-unreachable",
            Kind::EmergencyEnBlocOnly => "emergency-en-bloc-only",
            Kind::EmergencyWaits => "emergency-waits",
            Kind::EmergencyAsksForCode => "emergency-asks-for-code",
            Kind::NoSuchCode => "no-such-code",
            Kind::TrunkToTrunk => "trunk-to-trunk",
            Kind::NeverMatches => "never-matches",
            Kind::NeverKeyByKey => "never-key-by-key",
            Kind::PartitionUnseen => "partition-unseen",
            Kind::LeadsNowhere => "leads-nowhere",
            Kind::FilterGroupEmpty => "filter-group-empty",
            Kind::Waits => "waits",
            Kind::CutsOff => "cuts-off",
            Kind::TakesItsResult => "takes-its-result",
            Kind::OpenLength => "open-length",
            Kind::ForwardLoop => "forward-loop",
            Kind::ForwardChain => "forward-chain",
            Kind::ForwardNowhere => "forward-nowhere",
            Kind::HuntNeverTried => "hunt-never-tried",
            Kind::HuntTimer => "hunt-timer",
        }
    }

    /// What to do about it, in one sentence, as long as no emergency pattern takes part: see [`Finding::advice`].
    pub const fn advice(self) -> &'static str {
        match self {
            Kind::Loop => {
                "Give the translation pattern a search space that does not hold it, or another change of the number."
            }
            Kind::EmergencyUnreachable => {
                "Put the partition of the emergency pattern into the search space, before all others."
            }
            Kind::EmergencyEnBlocOnly => "Take the urgency from the shorter pattern, or change its digits.",
            Kind::EmergencyWaits => "Make the emergency pattern urgent, and every translation before it.",
            Kind::EmergencyAsksForCode => "Let the emergency pattern ask for no code.",
            Kind::NoSuchCode => "Add a code that will do, or let the route pattern ask for less.",
            Kind::TrunkToTrunk => {
                "Give the trunk a search space without route patterns, unless calls shall pass through at your cost."
            }
            Kind::NeverMatches => "Take the pattern out, or make it closer than what takes its numbers.",
            Kind::NeverKeyByKey => "Take the urgency from the shorter pattern, or change its digits.",
            Kind::PartitionUnseen => "Add the partition to a calling search space, or take it out.",
            Kind::LeadsNowhere => "Change the result or the search space so that a pattern takes it.",
            Kind::FilterGroupEmpty => "Correct the value in the group, or take the group out.",
            Kind::Waits => "Make it urgent, change its digits, or let the longer pattern leave them out.",
            Kind::CutsOff => "Take the urgency away where the longer numbers are needed.",
            Kind::TakesItsResult => {
                "Give the translation pattern a search space that does not hold it, unless this is meant."
            }
            Kind::ForwardLoop => "Let one of the lines forward to somebody who answers, or not at all.",
            Kind::ForwardChain => "Forward to the last of them at once, or raise [forward] hops_max.",
            Kind::ForwardNowhere => {
                "Correct the number, or give the forward a search space that finds it: that of the line plays no part."
            }
            Kind::HuntNeverTried => {
                "Let a group before it go on to the next group, or take it out of the hunt list."
            }
            Kind::HuntTimer => "Give the hunt pilot more time, and no multiple of what a member rings.",
            Kind::OpenLength => "Tell callers to end with #, with a second pattern that ends with it.",
        }
    }
}
