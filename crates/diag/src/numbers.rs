//! What became of a dialled number, in sentences.

use std::time::Duration;

use strowger_base::journal::{
    DestinationView, EmergencyFrom, Lookup, MobilityView, NormalisedBy, NotResolved, NumberRole, NumberType,
    PatternKind, WhyLookupEnded,
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

/// A number as a device sees it.
pub(crate) fn transformed(
    role: NumberRole,
    (pattern, partition): (&str, &str),
    (before, after): (&str, &str),
    device: &str,
) -> String {
    let partition = if partition.is_empty() { String::new() } else { format!(" in partition {partition}") };
    let after = if after.is_empty() { "nothing" } else { after };
    let whose = whose(role);
    let what = if before == after {
        format!("leaves the {whose} number {before}")
    } else {
        format!("makes the {whose} number {before} {after}")
    };
    format!("For {device}, the transformation pattern {pattern}{partition} {what}.")
}

/// Where the calling phone is.
pub(crate) fn located(info: &str, pool: &str, home: &str, away: MobilityView) -> String {
    let what = match away {
        MobilityView::AtHome => "it is at home".to_owned(),
        MobilityView::SameGroup => {
            format!(
                "it roams from {home} within its mobility group, and dials and leaves as the phones there do"
            )
        }
        MobilityView::OtherGroup => {
            format!("it roams from {home} outside its mobility group, and leaves through the gateways there")
        }
    };
    format!("The phone is in {info}, where device pool {pool} rules: {what}.")
}

/// The calling number of a call for help.
pub(crate) fn emergency(number: &str, from: &EmergencyFrom<'_>) -> String {
    let whose = match from {
        EmergencyFrom::Line => "the phone".to_owned(),
        EmergencyFrom::Subnet(name) => format!("device mobility info {name}"),
        EmergencyFrom::DevicePool(name) => format!("device pool {name}"),
        EmergencyFrom::Nobody => {
            return "An emergency service is called; no number says where the phone is.".to_owned();
        }
    };
    format!("An emergency service is called, with the number {number} of {whose} for where the phone is.")
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
        PatternKind::Feature => "feature number",
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
        DestinationView::Feature(word) => format!("the feature {word}"),
    };
    if digits == pattern {
        format!("{digits} is {to}.")
    } else {
        format!("{digits} matches the pattern {pattern} and leads to {to}.")
    }
}

/// `sought` is what was looked up last, after all translations.
pub(crate) fn not_resolved(digits: &str, sought: &str, why: &NotResolved<'_>) -> String {
    match why {
        NotResolved::NoMatch => format!("{sought} leads nowhere: nothing in the dial plan matches it."),
        NotResolved::Incomplete => format!("{sought} is not complete, and no more digits came."),
        NotResolved::TooManyTranslations => {
            format!("{digits} was translated again and again: the translation patterns form a loop.")
        }
        NotResolved::NotOffered { what } => {
            format!("{digits} leads to something that this server does not do yet: {what}.")
        }
        NotResolved::Blocked { pattern, cause } => {
            format!("The pattern {pattern} forbids {sought}: {}.", words::cause(*cause))
        }
        NotResolved::Malformed => "No number was dialled.".to_owned(),
    }
}

const fn whose(role: NumberRole) -> &'static str {
    match role {
        NumberRole::Calling => "calling",
        NumberRole::Called => "called",
        NumberRole::Connected => "connected",
        NumberRole::Redirecting => "redirecting",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_became_of_a_number_is_a_sentence() {
        let check = |found: String, expect: &str| assert_eq!(found, expect);
        check(
            normalised(NumberRole::Calling, NumberType::Unknown, ("030123", "+4930123"), NormalisedBy::Trunk),
            "The calling number 030123, a number of unknown type, became +4930123, as the trunk says.",
        );
        check(
            normalised(NumberRole::Called, NumberType::International, ("+49", ""), NormalisedBy::DevicePool),
            "The called number +49, an international number, became nothing, as its device pool says.",
        );
        let pattern = (r"\+49.!", "localise");
        check(
            transformed(NumberRole::Redirecting, pattern, ("+4930123", "030123"), "1002 (Bob)"),
            "For 1002 (Bob), the transformation pattern \\+49.! in partition localise makes the redirecting number \
             +4930123 030123.",
        );
        check(
            located("floor 2", "berlin", "bonn", MobilityView::OtherGroup),
            "The phone is in floor 2, where device pool berlin rules: it roams from bonn outside its mobility group, and \
             leaves through the gateways there.",
        );
        check(
            emergency("+49305550112", &EmergencyFrom::Subnet("floor 2")),
            "An emergency service is called, with the number +49305550112 of device mobility info floor 2 for where the \
             phone is.",
        );
        check(
            emergency("", &EmergencyFrom::Nobody),
            "An emergency service is called; no number says where the phone is.",
        );
        check(
            transformed(NumberRole::Connected, ("10XX", ""), ("1002", "1002"), "trunk pstn"),
            "For trunk pstn, the transformation pattern 10XX leaves the connected number 1002.",
        );
    }
}
