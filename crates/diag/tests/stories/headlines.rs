//! The sentence that says what became of a call and why.

use std::time::Duration;

use strowger_base::journal::{
    AskedCode, Decision, Entry, Feature, Forwarding, LegOutcome, Lookup, NotResolved, PatternKind,
    Redirection, ReleasedBy, WhyCodeRefused, WhyEnded, WhyForwarded, WhyLookupEnded, WhyRefused, WhyReleased,
};
use strowger_base::leg::ReleaseReason;
use strowger_base::{Cause, LegId};
use strowger_diag::tell;

use crate::journal::{A, B1, B2, Journal, refused};

#[test]
fn the_headline_says_what_became_of_the_call_and_why() {
    let check = |journal: Journal, expect: &str| assert_eq!(tell(&journal.0).headline, expect);
    let clearing = Cause::NORMAL_CALL_CLEARING;
    let none = (None, None);

    check(
        Journal::to_line(&[B1]).end(
            13_400,
            (clearing, ReleasedBy::Called, WhyEnded::HungUp),
            (Some(50), Some(3_200)),
            &[(B1, LegOutcome::Answered)],
        ),
        "1001 called 1002; 1002 answered, they talked for 10 s, and 1002 hung up.",
    );
    // A number that grew: the leg that was answered is not the one that it began with.
    let incomplete = Cause::INVALID_NUMBER_FORMAT;
    let grew = Decision::LegReleased { cause: incomplete, why: WhyReleased::NumberIncomplete };
    let mut grown = Journal::to_line(&[B1]).decide(1, Some(A), grew).end(
        13_400,
        (clearing, ReleasedBy::Caller, WhyEnded::HungUp),
        (Some(50), Some(3_200)),
        &[(B1, LegOutcome::Answered)],
    );
    for record in &mut grown.0 {
        if let Entry::Call(call) = &mut record.entry {
            call.calling_leg = B2;
        }
    }
    check(grown, "1001 called 1002; 1002 answered, they talked for 10 s, and 1001 hung up.");
    check(
        Journal::to_line(&[B1]).end(
            4_050,
            (clearing, ReleasedBy::Caller, WhyEnded::CallerGaveUp),
            (Some(50), None),
            &[(B1, LegOutcome::Withdrawn(clearing))],
        ),
        "1001 called 1002 and gave up after 4 s of ringing.",
    );
    check(
        Journal::to_line(&[B1]).end(900, (clearing, ReleasedBy::Caller, WhyEnded::CallerGaveUp), none, &[]),
        "1001 called 1002 and gave up after 0.9 s, before anything rang.",
    );
    // Nobody else took a call that rang nowhere: whoever asked for it did.
    let split = (Cause::CALL_SPLIT, ReleasedBy::System, WhyEnded::MovedOn(Feature::PickUp));
    check(
        Journal::call("*81").end(900, split, none, &[]),
        "1001 called *81, picked a call up and goes on in that.",
    );
    let parked =
        || Journal::call("8801").decide(5, None, Decision::FeatureDone { feature: "park", text: "8801" });
    check(
        parked().end(8_100, (clearing, ReleasedBy::Caller, WhyEnded::CallerGaveUp), none, &[]),
        "1001 called 8801, waited 8 s at park number 8801 and hung up.",
    );
    check(
        parked().end(
            8_100,
            (Cause::TEMPORARY_FAILURE, ReleasedBy::System, WhyEnded::ServerRestarted),
            none,
            &[],
        ),
        "1001 called 8801; the server stopped while it was parked at 8801.",
    );
    let no_answer = Cause::NO_ANSWER_FROM_USER;
    check(
        Journal::to_line(&[B1])
            .decide(60_000, None, Decision::NoAnswer { called: "1002", after: Duration::from_secs(60) })
            .end(60_000, (no_answer, ReleasedBy::System, WhyEnded::NoAnswer), none, &[]),
        "1001 called 1002: 1002 did not answer within 60 s.",
    );
    let lost = ReleaseReason::SessionExpired;
    check(
        Journal::to_line(&[B1]).end(
            90_000,
            (Cause::RECOVERY_ON_TIMER_EXPIRY, ReleasedBy::Caller, WhyEnded::DeviceLost(lost)),
            (None, Some(1_000)),
            &[(B1, LegOutcome::Answered)],
        ),
        "1001 called 1002; the call was lost after it had been answered and 89 s of talking: 1001 did not refresh \
         the session in time.",
    );
    let told = (Cause::TEMPORARY_FAILURE, ReleasedBy::System, WhyEnded::ServerStopped);
    check(
        Journal::to_line(&[B1]).end(5_000, told, (None, Some(1_000)), &[(B1, LegOutcome::Answered)]),
        "1001 called 1002; the server was told to stop and ended the call while they talked.",
    );
    check(
        Journal::to_line(&[B1]).end(5_000, told, none, &[]),
        "1001 called 1002; the server was told to stop and ended the call before anybody answered.",
    );
    let stopped = (Cause::TEMPORARY_FAILURE, ReleasedBy::System, WhyEnded::ServerRestarted);
    check(
        Journal::to_line(&[B1]).end(5_000, stopped, (None, Some(1_000)), &[(B1, LegOutcome::Answered)]),
        "1001 called 1002; the server stopped while they talked.",
    );
    check(
        Journal::to_line(&[B1]).end(
            50,
            (Cause::MANDATORY_IE_MISSING, ReleasedBy::System, WhyEnded::NoMedia),
            none,
            &[],
        ),
        "1001 called 1002, which answered, but without media to talk over.",
    );
    check(Journal::to_line(&[B1]), "1001 (Alice) called 1002; the call has not ended yet.");
    check(Journal(Vec::new()), "The journal has nothing about this call.");
}

#[test]
fn the_headline_says_where_a_call_was_sent_on() {
    let check = |journal: Journal, expect: &str| assert_eq!(tell(&journal.0).headline, expect);
    let sent_on = |journal: Journal, to: &'static str, why, reason| {
        let redirection = Redirection { by: "1002", reason, on_behalf_of: 5 };
        let forwarding = Forwarding { redirection, why, to, hop: 1, way_out: None };
        journal.decide(12_000, None, Decision::Forwarded(forwarding))
    };
    let no_answer = Cause::NO_ANSWER_FROM_USER;
    let nobody = |called: &'static str| Decision::NoAnswer { called, after: Duration::from_secs(12) };
    let journal = Journal::to_line(&[B1]).decide(12_000, None, nobody("1002"));
    check(
        sent_on(journal, "1003", WhyForwarded::NoAnswer, 2).decide(24_000, None, nobody("1003")).end(
            24_000,
            (no_answer, ReleasedBy::System, WhyEnded::NoAnswer),
            (Some(50), None),
            &[],
        ),
        "1001 called 1002 (sent on to 1003): 1003 did not answer within 12 s.",
    );
    let refused = |why| Decision::Refused { cause: Cause::EXCHANGE_ROUTING_ERROR, why };
    let why = (Cause::EXCHANGE_ROUTING_ERROR, ReleasedBy::System, WhyEnded::Refused);
    check(
        sent_on(Journal::call("1002"), "1002", WhyForwarded::Unregistered, 178)
            .decide(1, None, refused(WhyRefused::TooManyRedirections { hops: 12 }))
            .end(1, why, (None, None), &[]),
        "1001 called 1002 (sent on to 1002): the call was redirected 12 times, which is all that it may be.",
    );
    let hunt = || Journal::call("8000").decide(0, None, Decision::HuntBegan { pilot: "8000", list: "all" });
    check(
        hunt().decide(1, None, refused(WhyRefused::NobodyToHunt { pilot: "8000" })).end(
            1,
            why,
            (None, None),
            &[],
        ),
        "1001 called 8000: nobody behind hunt pilot 8000 can be offered the call.",
    );
    let exhausted = (Cause::USER_BUSY, ReleasedBy::System, WhyEnded::HuntExhausted);
    check(
        hunt().end(20_000, exhausted, (Some(50), None), &[]),
        "1001 called 8000: nobody behind hunt pilot 8000 took the call (user busy).",
    );
}

#[test]
fn the_headline_names_the_phone_that_decided() {
    let check = |legs: &[(LegId, LegOutcome)], cause: Cause, expect: &str| {
        let ids: Vec<LegId> = legs.iter().map(|leg| leg.0).collect();
        let end = (cause, ReleasedBy::Called, WhyEnded::NobodyTookIt);
        let journal = Journal::to_line(&ids).end(200, end, (None, None), legs);
        assert_eq!(tell(&journal.0).headline, format!("1001 called 1002: {expect}."));
    };
    check(
        &[(B1, refused(603))],
        Cause::CALL_REJECTED,
        "the phone of 1002 refused the call (603 Decline, call rejected)",
    );
    check(
        &[(B1, refused(486))],
        Cause::USER_BUSY,
        "1002 is busy, the phone of 1002 refused the call (486 Busy Here, user busy)",
    );
    let silent = LegOutcome::Failed { cause: Cause::NO_USER_RESPONDING, reason: ReleaseReason::NoResponse };
    check(&[(B1, silent)], Cause::NO_USER_RESPONDING, "the phone of 1002 did not respond at all");
    check(
        &[(B1, silent), (B2, refused(486))],
        Cause::USER_BUSY,
        "none of 2 phones took the call, 1002 is busy, phone 2 of 1002 refused the call (486 Busy Here, user busy)",
    );
}

#[test]
fn the_headline_says_why_a_call_was_refused() {
    let check = |called: &'static str, decisions: &[Decision<'static>], cause: Cause, expect: &str| {
        let mut journal = Journal::call(called);
        for decision in decisions {
            journal = journal.decide(0, None, *decision);
        }
        let end = (cause, ReleasedBy::System, WhyEnded::Refused);
        assert_eq!(tell(&journal.end(0, end, (None, None), &[]).0).headline, expect);
    };
    let refused = |cause: Cause, why: WhyRefused<'static>| Decision::Refused { cause, why };
    let unallocated = Cause::UNALLOCATED_NUMBER;
    check(
        "5555",
        &[
            Decision::NumberNotResolved { digits: "5555", why: NotResolved::NoMatch },
            refused(unallocated, WhyRefused::NumberNotResolved),
        ],
        unallocated,
        "1001 called 5555, which leads nowhere: nothing in the dial plan matches it.",
    );
    // What its translations made of it is what nothing matches.
    let lookup = |digits, kind, called| {
        Decision::LookedUp(Lookup {
            digits,
            pattern: if kind == PatternKind::None { "" } else { "8.XXXX" },
            partition: "",
            kind,
            why: WhyLookupEnded::Complete,
            waited: Duration::ZERO,
            called,
            calling: "1001",
        })
    };
    let translated = [
        lookup("85555", PatternKind::Translation, "5555"),
        lookup("5555", PatternKind::None, ""),
        Decision::NumberNotResolved { digits: "85555", why: NotResolved::NoMatch },
        refused(unallocated, WhyRefused::NumberNotResolved),
    ];
    check(
        "85555",
        &translated,
        unallocated,
        "1001 called 85555, which became 5555, which leads nowhere: nothing in the dial plan matches it.",
    );
    let mut journal = Journal::call("85555");
    for decision in translated {
        journal = journal.decide(0, None, decision);
    }
    let end = (unallocated, ReleasedBy::System, WhyEnded::Refused);
    let story = tell(&journal.end(0, end, (None, None), &[]).0);
    let told: Vec<&str> = story.lines.iter().map(|line| &*line.text).collect();
    assert!(told.contains(&"5555 leads nowhere: nothing in the dial plan matches it."), "{told:?}");
    let barred = Cause::OUTGOING_CALLS_BARRED;
    let blocked = NotResolved::Blocked { pattern: "00!", cause: barred };
    check(
        "0012",
        &[
            Decision::NumberNotResolved { digits: "0012", why: blocked },
            refused(barred, WhyRefused::NumberNotResolved),
        ],
        barred,
        "1001 called 0012, which the pattern 00! forbids: cause 52 (outgoing calls barred).",
    );
    check(
        "",
        &[Decision::NumberNotResolved { digits: "", why: NotResolved::Malformed }],
        Cause::INVALID_NUMBER_FORMAT,
        "1001 called no number: that cannot be dialled.",
    );
    check(
        "1003",
        &[refused(Cause::SUBSCRIBER_ABSENT, WhyRefused::NotRegistered { line: "1003" })],
        Cause::SUBSCRIBER_ABSENT,
        "1001 called 1003: 1003 is not registered: there is no phone to ring.",
    );
    check(
        "1002",
        &[refused(Cause::USER_BUSY, WhyRefused::BusyTrigger { line: "1002", calls: 2, limit: 2 })],
        Cause::USER_BUSY,
        "1001 called 1002: 1002 is busy: it has 2 calls, and its busy trigger is 2.",
    );
    check(
        "1002",
        &[refused(Cause::SWITCHING_EQUIPMENT_CONGESTION, WhyRefused::RecordsWaiting)],
        Cause::SWITCHING_EQUIPMENT_CONGESTION,
        "1001 called 1002: too many call records wait for the disk.",
    );
}

#[test]
fn the_headline_says_which_code_was_refused_and_what_to_do() {
    let check = |code: AskedCode, why: WhyCodeRefused, expect: &str| {
        let cause = Cause::CALL_REJECTED;
        let why = WhyRefused::Code { number: "90551", code, why };
        let end = (cause, ReleasedBy::System, WhyEnded::Refused);
        let journal = Journal::call("90551").decide(0, None, Decision::Refused { cause, why });
        let headline = tell(&journal.end(0, end, (None, None), &[]).0).headline;
        assert_eq!(headline, format!("1001 called 90551: {expect}"));
    };
    let level = AskedCode::Authorization { level: 10 };
    check(level, WhyCodeRefused::Unknown, "the authorization code that was given for 90551 is not known.");
    check(
        AskedCode::Matter,
        WhyCodeRefused::TooLong,
        "what was given as matter code for 90551 is longer than any code.",
    );
    check(
        AskedCode::Matter,
        WhyCodeRefused::Nothing,
        "no matter code was given for 90551, which asks for one.",
    );
    check(
        level,
        WhyCodeRefused::LevelTooLow { has: 5 },
        "the authorization code that was given has level 5, and 90551 asks for an authorization code of level 10 or \
         higher.",
    );
    check(
        level,
        WhyCodeRefused::NoKeys,
        "90551 asks for an authorization code of level 10 or higher, and the calling device tells no keys: dial \
         90551 from a phone that sends keys, or dial it with the code and # behind it.",
    );
    check(
        AskedCode::Matter,
        WhyCodeRefused::Redirected,
        "90551 asks for a matter code, and the call was redirected to it, so that nobody can be asked: call 90551 \
         directly.",
    );
}
