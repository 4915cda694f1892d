//! What became of a dialled number, in sentences.

use std::time::Duration;

use strowger_base::journal::{
    DestinationView, Lookup, NormalisedBy, NotResolved, NumberRole, NumberType, PatternKind, WhyLookupEnded,
};

use crate::words;

/// A number of a trunk, before and after.
pub(crate) fn normalised(
    role: NumberRole,
    number_type: NumberType,
    (before, after): (&str, &str),
    by: NormalisedBy,
) -> String {
    let number_type = match number_type {
        NumberType::National => "a national number",
        NumberType::International => "an international number",
        NumberType::Subscriber => "a subscriber number",
        NumberType::Unknown => "a number of unknown type",
    };
    let by = match by {
        NormalisedBy::Trunk => "the trunk",
        NormalisedBy::DevicePool => "its device pool",
    };
    let after = if after.is_empty() { "nothing" } else { after };
    format!("The {} number {before}, {number_type}, became {after}, as {by} says.", whose(role))
}

/// One lookup; `None` when the sentence about the result says it all.
pub(crate) fn looked_up(lookup: &Lookup<'_>) -> Option<String> {
    let why = match lookup.why {
        WhyLookupEnded::Urgent => ", at once, because the pattern is urgent".to_owned(),
        WhyLookupEnded::Timeout => {
            format!(", after {} in which no more digits came", words::duration(lookup.waited))
        }
        WhyLookupEnded::Terminator => ", because # ended dialling".to_owned(),
        WhyLookupEnded::NoWait => ", without waiting for more digits".to_owned(),
        WhyLookupEnded::Unambiguous | WhyLookupEnded::Complete | WhyLookupEnded::NoCandidate => String::new(),
    };
    let partition = match lookup.partition {
        "" => String::new(),
        partition => format!(" in partition {partition}"),
    };
    let (digits, pattern) = (lookup.digits, lookup.pattern);
    let kind = match lookup.kind {
        PatternKind::None => return None,
        PatternKind::Translation => {
            let called = lookup.called;
            return Some(format!(
                "{digits} matched the translation pattern {pattern}{partition}{why} and became {called}."
            ));
        }
        PatternKind::Line => "directory number",
        PatternKind::Route => "route pattern",
        PatternKind::HuntPilot => "hunt pilot",
        PatternKind::Service => "service",
        PatternKind::Block => "blocking pattern",
    };
    if why.is_empty() && partition.is_empty() {
        return None;
    }
    Some(format!("{digits} matched the {kind} {pattern}{partition}{why}."))
}

pub(crate) fn awaited(digits: &str, timer: Duration, best: &str, potential: u32, example: &str) -> String {
    let others = match potential {
        0 | 1 => format!("{example} could still match"),
        many => format!("{many} patterns could still match, {example} for one"),
    };
    let now = match best {
        "" => "nothing matches yet".to_owned(),
        best => format!("{best} matches"),
    };
    format!(
        "After {digits}, {now} and {others}: more digits were waited for, {} at most.",
        words::duration(timer)
    )
}

pub(crate) fn resolved(digits: &str, pattern: &str, sent: &str, destination: &DestinationView<'_>) -> String {
    let to = match destination {
        DestinationView::Line(line) if *line == digits => "a line".to_owned(),
        DestinationView::Line(line) => format!("line {line}"),
        DestinationView::Trunk(name) if *sent != *digits => format!("trunk {name}, as {sent}"),
        DestinationView::Trunk(name) => format!("trunk {name}"),
        DestinationView::Service(service) => words::service(*service).to_owned(),
        DestinationView::RouteList(name) => format!("route list {name}"),
        DestinationView::HuntList(name) => format!("hunt list {name}"),
    };
    if digits == pattern {
        format!("{digits} is {to}.")
    } else {
        format!("{digits} matches the pattern {pattern} and leads to {to}.")
    }
}

pub(crate) fn not_resolved(digits: &str, why: &NotResolved<'_>) -> String {
    match why {
        NotResolved::NoMatch => format!("{digits} leads nowhere: nothing in the dial plan matches it."),
        NotResolved::Incomplete => format!("{digits} is not complete, and no more digits came."),
        NotResolved::TooManyTranslations => {
            format!("{digits} was translated again and again: the translation patterns form a loop.")
        }
        NotResolved::NotOffered { what } => {
            format!("{digits} leads to something that this server does not do yet: {what}.")
        }
        NotResolved::Blocked { pattern, cause } => {
            format!("The pattern {pattern} forbids {digits}: {}.", words::cause(*cause))
        }
        NotResolved::Malformed => "No number was dialled.".to_owned(),
    }
}

const fn whose(role: NumberRole) -> &'static str {
    match role {
        NumberRole::Calling => "calling",
        NumberRole::Called => "called",
    }
}
