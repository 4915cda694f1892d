//! How calls are sent on and how hunts go, in sentences.

use strowger_base::journal::{
    Forwarding, HuntCondition, WayOut, WhyExhausted, WhyForwarded, WhyGroupLeft, WhyHunted, WhyNotRedirected,
    WhyPassedOver,
};

use crate::words;

pub(crate) fn forwarded(forwarding: &Forwarding<'_>) -> String {
    let (by, to) = (forwarding.redirection.by, forwarding.to);
    match (forwarding.way_out, forwarding.why) {
        (Some(WayOut::Loop), _) => format!(
            "All calls of {by} are forwarded in a circle; its forward for calls that nobody answers ends it and \
             leads to {to}."
        ),
        (Some(WayOut::HopLimit), _) => format!(
            "All calls of {by} are forwarded, which would be one redirection too many; its forward for calls that \
             nobody answers leads to {to}."
        ),
        (None, WhyForwarded::All) => format!("All calls of {by} are forwarded to {to}."),
        (None, WhyForwarded::Busy) => format!("{by} is busy and forwards such calls to {to}."),
        (None, WhyForwarded::NoAnswer) => format!("{by} forwards calls that nobody answers to {to}."),
        (None, WhyForwarded::Unregistered) => {
            format!("{by} forwards calls to {to} while none of its phones is registered.")
        }
        (None, WhyForwarded::NoCoverage) => {
            format!("{by} was called first and forwards calls that a hunt gives up to {to}.")
        }
        (None, WhyForwarded::CtiFailure) => {
            format!("The application of {by} is gone; its calls are forwarded to {to}.")
        }
        (None, WhyForwarded::HuntEnded) => format!("Hunt pilot {by} sends the call on to {to}."),
        (None, WhyForwarded::PickedUp) => format!("{to} picks up the call that rings at {by}."),
        (None, WhyForwarded::ParkRetrieved) => format!("{to} gets back the call that {by} parked."),
        (None, WhyForwarded::ParkReverted) => {
            format!("Nobody got the call back that {by} parked: it goes to {to}.")
        }
        (None, WhyForwarded::Redirected) => format!("What was called at {by} redirects the call to {to}."),
        (None, WhyForwarded::Diverted) => format!("{by} sends the call to voice mail at {to}."),
    }
}

pub(crate) fn not_followed(line: &str, because: WayOut) -> String {
    let why = match because {
        WayOut::Loop => "they lead back to a line that forwarded this call before",
        WayOut::HopLimit => "the call was redirected as often as it may be",
    };
    format!("{line} takes the call although all its calls are forwarded: {why}.")
}

/// A device wanted the call sent elsewhere, and that is not done.
pub(crate) fn not_redirected(device: &str, to: &str, why: WhyNotRedirected) -> String {
    let why = match why {
        WhyNotRedirected::NoNumber => "it names no number".to_owned(),
        WhyNotRedirected::OtherHost => format!("{to} is not this server"),
        WhyNotRedirected::Hunting => format!("the hunt goes on without {to}"),
        WhyNotRedirected::Media => {
            format!("it is just agreeing on media with the caller, who can be told nothing of {to}")
        }
        WhyNotRedirected::Feature => format!("it was rung for a feature that nobody has at {to}"),
        WhyNotRedirected::Nowhere => format!("{to} leads nowhere from there, or back"),
        WhyNotRedirected::Emergency => "help was called for, and there is another trunk to try".to_owned(),
    };
    crate::words::capital(format!("{device} wants the call sent elsewhere, which is not done: {why}."))
}

pub(crate) fn rings(group: &str, member: &str, members: u32, because: WhyHunted<'_>) -> String {
    let why = match because {
        WhyHunted::TopDown => "the first in the list that is free".to_owned(),
        WhyHunted::TurnAfter("") => "whose turn it is".to_owned(),
        WhyHunted::TurnAfter(last) => format!("whose turn comes after {last}"),
        WhyHunted::Idle(time) => format!("who has been idle longest, for {}", words::duration(time)),
        WhyHunted::Broadcast => {
            let who = words::count(members as usize, "member");
            return format!("Line group {group}: {who} at once, {member} for one.");
        }
    };
    format!("Line group {group}: {member} is offered the call, {why}.")
}

pub(crate) fn passed_over(group: &str, member: &str, because: WhyPassedOver) -> String {
    let why = match because {
        WhyPassedOver::Busy => "it is busy",
        WhyPassedOver::NotIdle => "it is on a call, and only idle members count",
        WhyPassedOver::NotAvailable => "none of its phones is registered",
        WhyPassedOver::LoggedOut => "it is logged out of hunt groups",
        WhyPassedOver::RefusedBusy => "it refused the call as busy",
        WhyPassedOver::RefusedNotAvailable => "it could not be reached",
    };
    format!("Line group {group}: {member} is passed over, because {why}.")
}

pub(crate) fn left(group: &str, because: WhyGroupLeft) -> String {
    format!("The hunt goes on with the next line group: {}.", why_left(&format!("of {group}"), because))
}

pub(crate) fn exhausted(pilot: &str, because: WhyExhausted) -> String {
    let why = match because {
        WhyExhausted::LastGroup(left) => why_left("of the last line group", left),
        WhyExhausted::LastMember(condition) => {
            format!("the last member of a line group {}, and then no other group is tried", did(condition))
        }
        WhyExhausted::Stopped(condition) => format!("a member {}, and then the hunt stops", did(condition)),
        WhyExhausted::MaximumTimer => "it took as long as it may".to_owned(),
    };
    format!("The hunt of {pilot} found nobody: {why}.")
}

fn why_left(of: &str, because: WhyGroupLeft) -> String {
    match because {
        WhyGroupLeft::MembersTried(condition) => {
            format!("all members {of} were tried, the last one {}", did(condition))
        }
        WhyGroupLeft::Skipped(condition) => {
            format!("a member {of} {}, and then the others are skipped", did(condition))
        }
        WhyGroupLeft::Empty => format!("there are no members {of}"),
    }
}

const fn did(condition: HuntCondition) -> &'static str {
    match condition {
        HuntCondition::NoAnswer => "rang in vain",
        HuntCondition::Busy => "was busy",
        HuntCondition::NotAvailable => "was not available",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use strowger_base::journal::Redirection;

    #[test]
    fn a_forward_says_whose_it_is_and_when_it_counts() {
        let check = |why, way_out, expect: &str| {
            let redirection = Redirection { by: "1002", reason: 0, on_behalf_of: 5 };
            let forwarding = Forwarding { redirection, why, to: "1003", hop: 1, way_out };
            assert_eq!(forwarded(&forwarding), expect);
        };
        check(WhyForwarded::All, None, "All calls of 1002 are forwarded to 1003.");
        check(WhyForwarded::Busy, None, "1002 is busy and forwards such calls to 1003.");
        check(WhyForwarded::NoAnswer, None, "1002 forwards calls that nobody answers to 1003.");
        check(
            WhyForwarded::Unregistered,
            None,
            "1002 forwards calls to 1003 while none of its phones is registered.",
        );
        check(
            WhyForwarded::NoCoverage,
            None,
            "1002 was called first and forwards calls that a hunt gives up to 1003.",
        );
        check(WhyForwarded::HuntEnded, None, "Hunt pilot 1002 sends the call on to 1003.");
        check(WhyForwarded::PickedUp, None, "1003 picks up the call that rings at 1002.");
        check(WhyForwarded::ParkRetrieved, None, "1003 gets back the call that 1002 parked.");
        check(
            WhyForwarded::ParkReverted,
            None,
            "Nobody got the call back that 1002 parked: it goes to 1003.",
        );
        check(WhyForwarded::Redirected, None, "What was called at 1002 redirects the call to 1003.");
        check(WhyForwarded::Diverted, None, "1002 sends the call to voice mail at 1003.");
        check(
            WhyForwarded::NoAnswer,
            Some(WayOut::Loop),
            "All calls of 1002 are forwarded in a circle; its forward for calls that nobody answers ends it and \
             leads to 1003.",
        );
        check(
            WhyForwarded::NoAnswer,
            Some(WayOut::HopLimit),
            "All calls of 1002 are forwarded, which would be one redirection too many; its forward for calls that \
             nobody answers leads to 1003.",
        );
        let check = |because, expect: &str| assert_eq!(not_followed("1002", because), expect);
        check(
            WayOut::Loop,
            "1002 takes the call although all its calls are forwarded: they lead back to a line that forwarded \
             this call before.",
        );
        check(
            WayOut::HopLimit,
            "1002 takes the call although all its calls are forwarded: the call was redirected as often as it \
             may be.",
        );
    }

    #[test]
    fn a_hunt_says_why_each_member_is_chosen_or_passed_over() {
        let check = |members, because, expect: &str| {
            assert_eq!(rings("sales", "2001", members, because), expect);
        };
        check(
            1,
            WhyHunted::TopDown,
            "Line group sales: 2001 is offered the call, the first in the list that is free.",
        );
        check(1, WhyHunted::TurnAfter(""), "Line group sales: 2001 is offered the call, whose turn it is.");
        check(
            1,
            WhyHunted::TurnAfter("2003"),
            "Line group sales: 2001 is offered the call, whose turn comes after 2003.",
        );
        check(
            1,
            WhyHunted::Idle(Duration::from_secs(90)),
            "Line group sales: 2001 is offered the call, who has been idle longest, for 90 s.",
        );
        check(3, WhyHunted::Broadcast, "Line group sales: 3 members at once, 2001 for one.");
        let check = |because, expect: &str| {
            let sentence = passed_over("sales", "2001", because);
            assert_eq!(sentence, format!("Line group sales: 2001 is passed over, because {expect}."));
        };
        check(WhyPassedOver::Busy, "it is busy");
        check(WhyPassedOver::NotIdle, "it is on a call, and only idle members count");
        check(WhyPassedOver::NotAvailable, "none of its phones is registered");
        check(WhyPassedOver::LoggedOut, "it is logged out of hunt groups");
        check(WhyPassedOver::RefusedBusy, "it refused the call as busy");
        check(WhyPassedOver::RefusedNotAvailable, "it could not be reached");
    }

    #[test]
    fn a_hunt_says_why_it_goes_on_or_ends() {
        let check = |because, expect: &str| {
            assert_eq!(
                left("sales", because),
                format!("The hunt goes on with the next line group: {expect}.")
            );
        };
        check(
            WhyGroupLeft::MembersTried(HuntCondition::NoAnswer),
            "all members of sales were tried, the last one rang in vain",
        );
        check(
            WhyGroupLeft::Skipped(HuntCondition::Busy),
            "a member of sales was busy, and then the others are skipped",
        );
        check(WhyGroupLeft::Empty, "there are no members of sales");
        let check = |because, expect: &str| {
            assert_eq!(exhausted("8000", because), format!("The hunt of 8000 found nobody: {expect}."));
        };
        check(
            WhyExhausted::LastGroup(WhyGroupLeft::MembersTried(HuntCondition::NotAvailable)),
            "all members of the last line group were tried, the last one was not available",
        );
        check(
            WhyExhausted::LastMember(HuntCondition::Busy),
            "the last member of a line group was busy, and then no other group is tried",
        );
        check(
            WhyExhausted::Stopped(HuntCondition::NoAnswer),
            "a member rang in vain, and then the hunt stops",
        );
        check(WhyExhausted::MaximumTimer, "it took as long as it may");
    }
}
