//! The whole call in one sentence.

use std::time::Duration;

use strowger_base::journal::{
    CallRecord, Decision, Entry, Feature, LegOutcome, LegRecord, NotResolved, Record, ReleasedBy, TargetView,
    WhyEnded, WhyRefused,
};
use strowger_base::leg::{ReleaseReason, Service};
use strowger_base::{Cause, FeatureRequest, LegId};

use crate::names::Names;
use crate::{recordings, sentences, transfers, words};

/// What decided how the call ended.
#[derive(Debug, Default)]
struct Reasons<'a> {
    began: Option<(String, &'a str)>,
    not_resolved: Option<NotResolved<'a>>,
    refused: Option<WhyRefused<'a>>,
    /// Where the call was sent last.
    sent_on_to: Option<&'a str>,
    no_answer: Option<(&'a str, Duration)>,
    ended: Option<(ReleasedBy, WhyEnded)>,
    /// The number at which its caller waits.
    parked_at: Option<&'a str>,
    record: Option<&'a CallRecord<'a>>,
}

/// Who called whom, what became of it, and why.
pub(crate) fn headline(records: &[Record<'_>], names: &Names) -> String {
    let reasons = collect(records);
    let Some(record) = reasons.record else {
        return match &reasons.began {
            Some((calling, called)) => format!("{calling} called {called}; the call has not ended yet."),
            None => "The journal has nothing about this call.".to_owned(),
        };
    };
    if recordings::is_of_recorder(record) {
        return recordings::headline(record, names);
    }
    let caller = names.party(record.calling_leg);
    let called = called(record, names);
    let sent_on = match reasons.sent_on_to {
        Some(to) => format!(" (sent on to {to})"),
        None => String::new(),
    };
    let outcome = outcome(&reasons, record, names);
    // Who was brought into a call has called nobody.
    let by = match record.moves.and_then(|moves| moves.joined_by) {
        Some(Feature::Transfer) => "by transfer",
        Some(Feature::Conference) => "by conference",
        Some(Feature::Park) => "by call park",
        Some(Feature::Barge) if in_conference(record).is_some() => "by barge",
        Some(_) | None => return format!("{caller} called {called}{sent_on}{outcome}"),
    };
    format!("{caller} came {by} to {called}{sent_on}{outcome}")
}

/// Who was called, as people know it: who was brought into a conference called no number.
fn called(record: &CallRecord<'_>, names: &Names) -> String {
    match in_conference(record) {
        Some(leg) => names.party(leg),
        None if record.called.is_empty() => "no number".to_owned(),
        None => record.called.to_owned(),
    }
}

/// The leg to the conference into which the caller was brought, without having called its number.
fn in_conference(record: &CallRecord<'_>) -> Option<LegId> {
    let seat = |leg: &&LegRecord<'_>| match leg.target {
        TargetView::Service(Service::Conference(conference)) => conference.to_string() == record.called,
        TargetView::Service(_) | TargetView::Phone { .. } | TargetView::Trunk(_) => false,
    };
    record.legs.iter().find(seat).map(|leg| leg.leg)
}

/// What follows `1001 called 1002`.
fn outcome(reasons: &Reasons<'_>, record: &CallRecord<'_>, names: &Names) -> String {
    let Some((by, why)) = reasons.ended else { return fallback(record) };
    match why {
        WhyEnded::HungUp => talked(record, by, names),
        WhyEnded::CallerGaveUp => match (reasons.parked_at, record.answered_at) {
            (Some(number), None) => {
                let time = words::duration(words::between(record.started_at, record.ended_at));
                format!(", waited {time} at park number {number} and hung up.")
            }
            (Some(_) | None, _) => gave_up(record),
        },
        WhyEnded::Refused => refused(reasons, record, names),
        WhyEnded::NobodyTookIt => format!(": {}.", nobody_took_it(record, names)),
        WhyEnded::NoAnswer => match reasons.no_answer {
            Some((called, after)) => format!(": {called} did not answer within {}.", words::timer(after)),
            None => fallback(record),
        },
        WhyEnded::HuntExhausted => {
            format!(
                ": nobody behind hunt pilot {} took the call ({}).",
                record.hunt_pilot,
                record.cause.words()
            )
        }
        WhyEnded::PutOut(feature) => transfers::put_out(feature).to_owned(),
        // Who picks a call up has rung nobody.
        WhyEnded::MovedOn(Feature::PickUp) if record.legs.is_empty() => {
            ", picked a call up and goes on in that.".to_owned()
        }
        WhyEnded::MovedOn(feature) => transfers::ended(feature).to_owned(),
        WhyEnded::DeviceLost(reason) => lost(record, by, reason, names),
        WhyEnded::NoMedia => ", which answered, but without media to talk over.".to_owned(),
        WhyEnded::ServerRestarted => {
            let state = match (record.answered_at, reasons.parked_at) {
                (Some(_), _) => "they talked".to_owned(),
                (None, Some(number)) => format!("it was parked at {number}"),
                (None, None) => "it was being set up".to_owned(),
            };
            format!("; the server stopped while {state}.")
        }
        WhyEnded::Ordered => {
            let state =
                if record.answered_at.is_some() { "while they talked" } else { "before anybody answered" };
            format!("; an operator or program ended the call {state}.")
        }
        WhyEnded::ServerStopped => {
            let state =
                if record.answered_at.is_some() { "while they talked" } else { "before anybody answered" };
            format!("; the server was told to stop and ended the call {state}.")
        }
    }
}

fn collect<'a>(records: &'a [Record<'a>]) -> Reasons<'a> {
    let mut reasons = Reasons::default();
    for record in records {
        match &record.entry {
            Entry::Call(call) => reasons.record = Some(call),
            Entry::Decision(decision) => reasons.learn(decision),
            Entry::Message { .. }
            | Entry::Told(_)
            | Entry::Registration(_)
            | Entry::Alarm(_)
            | Entry::Quality(_)
            | Entry::UserSet(_) => {}
        }
    }
    reasons
}

impl<'a> Reasons<'a> {
    fn learn(&mut self, decision: &Decision<'a>) {
        match decision {
            Decision::CallBegan { calling, called, .. } => {
                self.began = Some((sentences::party(calling), called));
            }
            Decision::CallMade { calling, called, .. } => {
                self.began = Some((sentences::party(calling), called));
            }
            Decision::Joined(joined) => {
                self.began = Some((sentences::party(&joined.calling), joined.called));
            }
            Decision::NumberNotResolved { why, .. } => self.not_resolved = Some(*why),
            Decision::Refused { why, .. } => self.refused = Some(*why),
            Decision::NoAnswer { called, after } => self.no_answer = Some((called, *after)),
            Decision::Ended { by, why, .. } => self.ended = Some((*by, *why)),
            Decision::Forwarded(forwarding) => self.sent_on_to = Some(forwarding.to),
            Decision::FeatureDone { feature, text } => {
                if *feature == FeatureRequest::Park.word() {
                    self.parked_at = Some(text);
                }
            }
            Decision::ForwardNotFollowed { .. }
            | Decision::RedirectNotFollowed { .. }
            | Decision::HopLimitReached { .. }
            | Decision::HuntBegan { .. }
            | Decision::HuntRings { .. }
            | Decision::HuntSkipped { .. }
            | Decision::HuntLeftGroup { .. }
            | Decision::HuntConnected { .. }
            | Decision::HuntExhausted { .. }
            | Decision::Paging(_)
            | Decision::PhoneLocated { .. }
            | Decision::EmergencyCalled { .. }
            | Decision::NumberTransformed { .. }
            | Decision::NumberNormalised { .. }
            | Decision::RouteTried { .. }
            | Decision::TrunkSkipped { .. }
            | Decision::NoLocalRouteGroup { .. }
            | Decision::RouteListExhausted { .. }
            | Decision::LookedUp(_)
            | Decision::CodeAsked { .. }
            | Decision::CodesAccepted(_)
            | Decision::DigitsAwaited { .. }
            | Decision::NumberResolved { .. }
            | Decision::PhonesFound { .. }
            | Decision::Rung { .. }
            | Decision::CallerAlerted { .. }
            | Decision::AnsweredBy { .. }
            | Decision::LegReleased { .. }
            | Decision::LegFailed { .. }
            | Decision::Held
            | Decision::Resumed
            | Decision::MediaPath(_)
            | Decision::Keys(_)
            | Decision::MarkedMalicious { .. }
            | Decision::QualityReported { .. }
            | Decision::PickupGroupTold { .. }
            | Decision::Recording(_)
            | Decision::OfferRefused { .. }
            | Decision::PartyShown(_)
            | Decision::RelayWanted { .. }
            | Decision::RelayOpened { .. }
            | Decision::RelayNotOpened { .. }
            | Decision::RingsOn { .. }
            | Decision::NotPickedUp { .. }
            | Decision::CallBack(_)
            | Decision::Hears(_)
            | Decision::KeysCarried
            | Decision::KeysBetween { .. }
            | Decision::KeysNotCarried { .. }
            | Decision::Announced { .. }
            | Decision::NotAnnounced { .. }
            | Decision::Admission(_)
            | Decision::Resource(_)
            | Decision::TransferBegan { .. }
            | Decision::TransferWent(_)
            | Decision::PartyMoved(_)
            | Decision::FeatureRefused { .. }
            | Decision::Convened { .. }
            | Decision::StaysInConference { .. }
            | Decision::OnlyAudioRelayed
            | Decision::Stream(_)
            | Decision::Ordered { .. }
            | Decision::ForwardSetByUser { .. }
            | Decision::DoNotDisturb { .. }
            | Decision::Intercom(_)
            | Decision::HuntLoggedOut { .. }
            | Decision::TransferRefused { .. } => {}
        }
    }
}

fn fallback(record: &CallRecord<'_>) -> String {
    format!("; it ended with {}.", words::cause(record.cause))
}

fn refused(reasons: &Reasons<'_>, record: &CallRecord<'_>, names: &Names) -> String {
    // What was dialled stands before; what it became is said where that decided.
    let dialled = reasons.sent_on_to.unwrap_or(record.called);
    let sought = names.sought(dialled);
    // The key that ends dialling is part of what was dialled, and of no number.
    let same = sought == dialled || sought == dialled.trim_end_matches('#');
    let became = if same { String::new() } else { format!(" became {sought}, which") };
    match (reasons.not_resolved, reasons.refused) {
        (Some(NotResolved::NoMatch), _) => {
            format!(", which{became} leads nowhere: nothing in the dial plan matches it.")
        }
        (Some(NotResolved::Blocked { pattern, cause }), _) => {
            format!(", which{became} the pattern {pattern} forbids: {}.", words::cause(cause))
        }
        (Some(NotResolved::Malformed), _) => ": that cannot be dialled.".to_owned(),
        (Some(NotResolved::Incomplete), _) if !same => {
            format!(", which became {sought}: that is not complete, and no more digits came.")
        }
        (Some(NotResolved::Incomplete), _) => {
            ": the number is not complete, and no more digits came.".to_owned()
        }
        (Some(NotResolved::TooManyTranslations), _) => {
            ": its translation patterns lead round in a loop.".to_owned()
        }
        (Some(NotResolved::NotOffered { what }), _) => format!(", which needs {what}: not offered yet."),
        (None, Some(why)) => match sentences::refused(&why) {
            Some(sentence) => format!(": {}", uncapital(sentence)),
            None => fallback(record),
        },
        (None, None) => fallback(record),
    }
}

fn talked(record: &CallRecord<'_>, by: ReleasedBy, names: &Names) -> String {
    let answered = record.legs.iter().find(|leg| leg.outcome == LegOutcome::Answered);
    let other = answered.map_or_else(|| record.called.to_owned(), |leg| names.party(leg.leg));
    let time = record.answered_at.map(|at| words::between(at, record.ended_at)).unwrap_or_default();
    let who = match by {
        ReleasedBy::Caller => names.party(record.calling_leg),
        ReleasedBy::Called => other.clone(),
        ReleasedBy::System => "the server".to_owned(),
    };
    let time = words::duration(time);
    match answered {
        // Nobody talks with an announcement.
        Some(leg) if names.is_service(leg.leg) => {
            format!("; {other} answered, the call lasted {time}, and {who} hung up.")
        }
        Some(_) | None => format!("; {other} answered, they talked for {time}, and {who} hung up."),
    }
}

fn gave_up(record: &CallRecord<'_>) -> String {
    match record.alerted_at {
        Some(at) => {
            let time = words::duration(words::between(at, record.ended_at));
            format!(" and gave up after {time} of ringing.")
        }
        None => {
            let time = words::duration(words::between(record.started_at, record.ended_at));
            format!(" and gave up after {time}, before anything rang.")
        }
    }
}

/// Every device refused or failed: of one it is told what it did, of several what decided.
fn nobody_took_it(record: &CallRecord<'_>, names: &Names) -> String {
    let failures: Vec<(LegId, Cause, ReleaseReason)> = record
        .legs
        .iter()
        .filter_map(|leg| match leg.outcome {
            LegOutcome::Failed { cause, reason } => Some((leg.leg, cause, reason)),
            LegOutcome::Answered | LegOutcome::Withdrawn(_) => None,
        })
        .collect();
    // The one whose cause the caller was told.
    let decided = failures.iter().find(|failure| failure.1 == record.cause).or(failures.first());
    let Some(&(leg, cause, reason)) = decided else { return words::cause(record.cause) };
    let device = names.device(leg);
    let did = match reason {
        ReleaseReason::Refused(status) => {
            format!("{device} refused the call ({}, {})", words::status(status), cause.words())
        }
        ReleaseReason::HungUp
        | ReleaseReason::Cancelled
        | ReleaseReason::NoResponse
        | ReleaseReason::Unconfirmed
        | ReleaseReason::SessionExpired
        | ReleaseReason::TransportFailed
        | ReleaseReason::ProtocolError => format!("{device} {}", sentences::released(reason)),
    };
    let of_all = if record.legs.len() > 1 {
        format!("none of {} took the call, ", words::count(record.legs.len(), "phone"))
    } else {
        String::new()
    };
    if cause == Cause::USER_BUSY {
        format!("{of_all}{} is busy, {did}", names.party(leg))
    } else {
        format!("{of_all}{did}")
    }
}

fn lost(record: &CallRecord<'_>, by: ReleasedBy, reason: ReleaseReason, names: &Names) -> String {
    let who = match by {
        ReleasedBy::Caller | ReleasedBy::System => names.party(record.calling_leg),
        ReleasedBy::Called if record.connected.number.is_empty() => record.called.to_owned(),
        ReleasedBy::Called => record.connected.number.to_owned(),
    };
    let when = match record.answered_at {
        Some(at) => {
            let time = words::duration(words::between(at, record.ended_at));
            format!("was lost after it had been answered and {time} of talking")
        }
        None => "was lost before it was answered".to_owned(),
    };
    format!("; the call {when}: {who} {}.", sentences::released(reason))
}

/// A sentence in the middle of another; numbers and names keep their letters.
fn uncapital(sentence: String) -> String {
    match sentence.split_once(' ') {
        Some((first @ ("The" | "Too" | "No" | "What" | "Nobody"), rest)) => {
            format!("{} {rest}", first.to_lowercase())
        }
        Some(_) | None => sentence,
    }
}
