//! Plain sentences for what call control decided and learned.

use std::time::Duration;

use strowger_base::journal::{
    Alarm, AudioFlow, Decision, DestinationView, Entry, LegOutcome, MediaPart, NotResolved, OriginView,
    PartyView, Record, ReleasedBy, TargetView, Told, Way, WhyEnded, WhyOfferRefused, WhyRefused, WhyRelay,
    WhyReleased,
};
use strowger_base::leg::{Alert, ReleaseReason, Service};
use strowger_base::{Cause, LegId};

use crate::story::{Cast, Story, seconds};

/// Learns who is who.
pub(crate) fn learn(record: &Record<'_>, cast: &mut Cast, story: &mut Story) {
    match (&record.entry, record.leg) {
        (Entry::Decision(Decision::CallBegan { origin, calling, called, .. }), Some(leg)) => {
            cast.add(leg, origin_name(origin));
            story.calling = calling.number.to_owned();
            story.called = (*called).to_owned();
        }
        (Entry::Decision(Decision::Rung { target, .. }), Some(leg)) => cast.add(leg, target_name(target)),
        (Entry::Decision(Decision::AnsweredBy { connected }), _) => {
            story.connected = connected.number.to_owned();
        }
        _ => {}
    }
}

fn origin_name(origin: &OriginView<'_>) -> String {
    match origin {
        OriginView::Line(line) => (*line).to_owned(),
        OriginView::Trunk(name) => format!("trunk {name}"),
    }
}

fn target_name(target: &TargetView<'_>) -> String {
    match target {
        TargetView::Phone { line, .. } => (*line).to_owned(),
        TargetView::Trunk(name) => format!("trunk {name}"),
        TargetView::Service(service) => service_name(*service).to_owned(),
    }
}

const fn service_name(service: Service) -> &'static str {
    match service {
        Service::Echo => "the echo test",
        Service::Announcement => "the announcement",
    }
}

/// The sentence of a record; nothing for what is said elsewhere.
pub(crate) fn of(record: &Record<'_>, cast: &Cast) -> Option<String> {
    let who = cast.name(record.leg);
    match &record.entry {
        Entry::Decision(decision) => Some(decided(decision, who, cast)),
        Entry::Told(told) => told_text(told, who),
        Entry::Alarm(alarm) => Some(alarm_text(alarm)),
        Entry::Quality(quality) => Some(format!(
            "Audio of {who}: {} packets received, {} lost, jitter {} units; {} sent.",
            quality.packets, quality.lost, quality.jitter, quality.sent
        )),
        Entry::Message { .. } | Entry::Registration(_) | Entry::Call(_) => None,
    }
}

fn decided(decision: &Decision<'_>, who: &str, cast: &Cast) -> String {
    match decision {
        Decision::CallBegan { origin, calling, called, flow, media, .. } => {
            let offer = match media {
                MediaPart::Offer => "with an offer for audio",
                MediaPart::Answer | MediaPart::Nothing => "and wants to be offered audio",
            };
            format!(
                "{} ({}) calls {called} from {} over {}, {offer}.",
                party(calling),
                origin_name(origin),
                flow.peer(),
                flow.transport()
            )
        }
        Decision::NumberResolved { digits, pattern, destination } => {
            let to = match destination {
                DestinationView::Line(line) => format!("line {line}"),
                DestinationView::Trunk(name) => format!("trunk {name}"),
                DestinationView::Service(service) => service_name(*service).to_owned(),
            };
            format!("{digits} matches {pattern} and leads to {to}.")
        }
        Decision::NumberNotResolved { digits, why } => match why {
            NotResolved::NoMatch => format!("{digits} matches nothing in the dial plan."),
            NotResolved::Blocked { pattern, cause } => format!("{digits} is blocked by {pattern}: {cause}."),
            NotResolved::Malformed => format!("{digits:?} is no number."),
        },
        Decision::PhonesFound { line, phones: 0 } => format!("No phone of {line} is registered."),
        Decision::PhonesFound { line, phones: 1 } => format!("One phone of {line} is registered."),
        Decision::PhonesFound { line, phones } => format!("{phones} phones of {line} are registered."),
        Decision::Rung { shown, .. } => format!("{who} is rung and shown {} as the caller.", party(shown)),
        Decision::CallerAlerted { alert: Alert::Ringing, .. } => "The caller hears that it rings.".to_owned(),
        Decision::CallerAlerted { alert: Alert::Progress, media } => match media {
            MediaPart::Nothing => "The caller is told that the call makes progress.".to_owned(),
            MediaPart::Offer | MediaPart::Answer => "The caller hears early media.".to_owned(),
        },
        Decision::AnsweredBy { connected } => {
            format!("{who} answers; the caller is shown {}.", party(connected))
        }
        Decision::LegReleased { cause, why } => {
            format!("{who} is released, because {}: {cause}.", released(*why))
        }
        Decision::LegFailed { cause, reason, left } => {
            let rest = match left {
                0 => "nothing else rings".to_owned(),
                1 => "one other phone still rings".to_owned(),
                count => format!("{count} other phones still ring"),
            };
            format!("{who} {}: {cause}; {rest}.", reason_text(*reason))
        }
        Decision::NoAnswer { called, after } => format!("{called} did not answer within {}.", time(*after)),
        Decision::Refused { cause, why } => {
            format!("The call is refused, because {}: {cause}.", refused(why))
        }
        Decision::Held => format!("{who} puts the call on hold."),
        Decision::Resumed => format!("{who} takes the call back from hold."),
        Decision::MediaPath(path) => {
            let way = match path.way {
                Way::Direct => "directly",
                Way::Relayed => "through a relay of the server",
            };
            let end = |leg: LegId, address: Option<std::net::SocketAddr>, flow: AudioFlow| {
                let address = address.map_or("nowhere".to_owned(), |address| address.to_string());
                format!("{} receives at {address} ({})", cast.name(Some(leg)), flow_text(flow))
            };
            format!(
                "Audio is agreed: {}, {way}; {}; {}.",
                path.codec,
                end(path.offerer.leg, path.offerer.address, path.offerer.flow),
                end(path.answerer.leg, path.answerer.address, path.answerer.flow)
            )
        }
        Decision::OfferRefused { cause, why } => {
            let why = match why {
                WhyOfferRefused::Glare => "both sides wanted to change it at once",
                WhyOfferRefused::OtherNotReady => "the other side has no audio yet that could change",
                WhyOfferRefused::OtherRefused => "the other side does not want it",
                WhyOfferRefused::Malformed => "it is no session description",
            };
            format!("A change of audio that {who} wants is refused, because {why}: {cause}.")
        }
        Decision::PartyShown(shown) => format!("{who} is shown {} as the other party.", party(shown)),
        Decision::RelayWanted { why: WhyRelay::Configured } => {
            "Audio goes through a relay, as configured.".to_owned()
        }
        Decision::RelayWanted { why: WhyRelay::BehindNat } => {
            "Audio goes through a relay: a phone is behind NAT.".to_owned()
        }
        Decision::RelayOpened { caller_side, called_side } => {
            format!(
                "The relay is open: {caller_side} towards the caller, {called_side} towards the called side."
            )
        }
        Decision::RelayNotOpened { reason } => {
            format!("No relay could be opened ({reason}); audio goes directly.")
        }
        Decision::TransferRefused { cause, destination } => {
            format!("{who} wants the call transferred to {destination}; that is refused: {cause}.")
        }
        Decision::Ended { cause, by, why } => format!("The call is over: {}: {cause}.", ended(*why, *by)),
    }
}

fn told_text(told: &Told<'_>, who: &str) -> Option<String> {
    match told {
        Told::Proceeding => Some(format!("{who} has the call.")),
        Told::Alerting { alert: Alert::Ringing, .. } => Some(format!("{who} rings.")),
        Told::Alerting { alert: Alert::Progress, media: MediaPart::Nothing } => {
            Some(format!("{who} makes progress."))
        }
        Told::Alerting { alert: Alert::Progress, .. } => Some(format!("{who} sends early media.")),
        Told::Digit => Some(format!("{who} presses a key.")),
        Told::MediaRefused(cause) => Some(format!("{who} refuses a change of audio: {cause}.")),
        Told::Released { cause, reason } => Some(format!("{who} {}: {cause}.", reason_text(*reason))),
        Told::TransferRequested { destination, .. } => {
            Some(format!("{who} asks for a transfer to {destination}."))
        }
        Told::MediaRequested => Some(format!("{who} asks to be offered audio anew.")),
        // Said by the decision that follows.
        Told::Answered { .. } | Told::Media(_) => None,
    }
}

fn alarm_text(alarm: &Alarm<'_>) -> String {
    match alarm {
        Alarm::RelayFailed { reason } => format!("ALARM: no relay could be opened: {reason}."),
        Alarm::RecordNotStored { reason, waiting } => {
            format!("ALARM: the disk does not take records ({reason}); {waiting} wait.")
        }
        Alarm::Overloaded { what } => format!("ALARM: new calls are refused: {what}."),
        Alarm::OverloadEnded => "New calls are taken again.".to_owned(),
        Alarm::Contained { what } => format!("ALARM: a defect was contained to this call: {what}."),
    }
}

const fn flow_text(flow: AudioFlow) -> &'static str {
    match flow {
        AudioFlow::Both => "talks and listens",
        AudioFlow::SendOnly => "talks only",
        AudioFlow::ReceiveOnly => "listens only",
        AudioFlow::Nothing => "neither talks nor listens",
    }
}

fn party(party: &PartyView<'_>) -> String {
    match (party.number, party.name) {
        ("", "") => "an unknown party".to_owned(),
        (number, "") => number.to_owned(),
        ("", name) => name.to_owned(),
        (number, name) => format!("{name} <{number}>"),
    }
}

const fn released(why: WhyReleased) -> &'static str {
    match why {
        WhyReleased::AnsweredElsewhere => "another phone answered",
        WhyReleased::CallerGaveUp => "the caller gave up",
        WhyReleased::NoAnswer => "nobody answered in time",
        WhyReleased::RefusedElsewhere => "another phone of the line refused the call",
        WhyReleased::OtherPartyGone => "the other party is gone",
        WhyReleased::CallRefused => "the call was refused",
        WhyReleased::NoMedia => "its audio could not be passed on",
    }
}

fn refused(why: &WhyRefused<'_>) -> String {
    match why {
        WhyRefused::NumberNotResolved => "the number leads nowhere".to_owned(),
        WhyRefused::NotRegistered { line } => format!("no phone of {line} is registered"),
        WhyRefused::BusyTrigger { line, calls, limit } => {
            format!("{line} is busy: it has {calls} calls and is busy from {limit} on")
        }
        WhyRefused::CallsMax { line, limit } => format!("{line} may have no more than {limit} calls"),
        WhyRefused::Congestion => "the server has as many calls as it can hold".to_owned(),
        WhyRefused::RecordsWaiting => "too many call records wait for the disk".to_owned(),
        WhyRefused::Draining => "the server goes out of service".to_owned(),
        WhyRefused::ReplacesNotOffered => "taking a call over is not offered yet".to_owned(),
    }
}

fn reason_text(reason: ReleaseReason) -> String {
    match reason {
        ReleaseReason::HungUp => "hangs up".to_owned(),
        ReleaseReason::Cancelled => "gives up before an answer".to_owned(),
        ReleaseReason::Refused(status) => format!("refuses the call with {status}"),
        ReleaseReason::NoResponse => "does not respond at all".to_owned(),
        ReleaseReason::Unconfirmed => "never confirms the answer (its ACK is missing)".to_owned(),
        ReleaseReason::SessionExpired => "is gone: no session refresh came".to_owned(),
        ReleaseReason::TransportFailed => "cannot be reached: its connection is gone".to_owned(),
        ReleaseReason::ProtocolError => "breaks its protocol".to_owned(),
    }
}

fn ended(why: WhyEnded, by: ReleasedBy) -> String {
    let who = match by {
        ReleasedBy::Caller => "the caller",
        ReleasedBy::Called => "the called side",
        ReleasedBy::System => "the server",
    };
    match why {
        WhyEnded::HungUp => format!("{who} hung up"),
        WhyEnded::CallerGaveUp => "the caller gave up before an answer".to_owned(),
        WhyEnded::Refused => "it was refused before anything rang".to_owned(),
        WhyEnded::NobodyTookIt => "no phone took it".to_owned(),
        WhyEnded::NoAnswer => "nobody answered in time".to_owned(),
        WhyEnded::DeviceLost(reason) => format!("a device {}", reason_text(reason)),
        WhyEnded::NoMedia => "audio could not be agreed".to_owned(),
        WhyEnded::ServerRestarted => "the server was started anew while it was in progress".to_owned(),
    }
}

fn time(duration: Duration) -> String {
    format!("{} s", duration.as_secs())
}

/// What became of the call and why, in one sentence.
pub(crate) fn headline(records: &[Record<'_>], cast: &Cast, story: &Story) -> String {
    let (from, to) = (&story.calling, &story.called);
    let call = records.iter().find_map(|record| match &record.entry {
        Entry::Call(call) => Some(call),
        _ => None,
    });
    let Some(call) = call else {
        return format!("{from} calls {to}; the call is in progress.");
    };
    let decisions = || {
        records.iter().filter_map(|record| match &record.entry {
            Entry::Decision(decision) => Some((record.leg, decision)),
            _ => None,
        })
    };
    if let Some(answered) = call.answered_at {
        let by = match call.released_by {
            ReleasedBy::Caller => from.as_str(),
            ReleasedBy::Called => "the called side",
            ReleasedBy::System => "the server",
        };
        let talked = seconds(answered, call.ended_at);
        let service = call.legs.iter().find_map(|leg| match (leg.outcome, &leg.target) {
            (LegOutcome::Answered, TargetView::Service(service)) => Some(service_name(*service)),
            _ => None,
        });
        let whom = service.unwrap_or(call.connected.number);
        let why = decisions().find_map(|(_, decision)| match decision {
            Decision::Ended { why: WhyEnded::DeviceLost(reason), .. } => Some(*reason),
            _ => None,
        });
        return match why {
            Some(reason) => format!(
                "{from} called {to}; {whom} answered, and after {talked:.1} s one side {}.",
                reason_text(reason)
            ),
            None => format!(
                "{from} called {to}; {whom} answered, they talked for {talked:.1} s, and {by} hung up ({}).",
                call.cause
            ),
        };
    }
    for (leg, decision) in decisions() {
        match decision {
            Decision::NumberNotResolved { why, .. } => {
                return match why {
                    NotResolved::NoMatch => {
                        format!("{from} called {to}, which is no number here ({}).", call.cause)
                    }
                    NotResolved::Blocked { pattern, .. } => {
                        format!("{from} called {to}, which {pattern} blocks ({}).", call.cause)
                    }
                    NotResolved::Malformed => format!("{from} called {to:?}, which is no number at all."),
                };
            }
            Decision::Refused { why, cause } => {
                return format!("{from} could not call {to}: {} ({cause}).", refused(why));
            }
            Decision::NoAnswer { called, after } => {
                return format!(
                    "{from} called {to}: {called} did not answer within {} ({}).",
                    time(*after),
                    call.cause
                );
            }
            Decision::Ended { why: WhyEnded::CallerGaveUp, .. } => {
                let rang = seconds(call.started_at, call.ended_at);
                return format!(
                    "{from} called {to} and gave up after {rang:.1} s, before an answer ({}).",
                    call.cause
                );
            }
            Decision::Ended { why: WhyEnded::ServerRestarted, .. } => {
                return format!(
                    "{from} called {to}; the server was started anew while the call was in progress ({}).",
                    call.cause
                );
            }
            Decision::Ended { why: WhyEnded::NobodyTookIt, .. } => {
                return nobody(call, cast, from, to, leg);
            }
            _ => {}
        }
    }
    format!("{from} called {to} without an answer ({}).", call.cause)
}

/// Every phone refused or failed: the one that the cause came from is named.
fn nobody(
    call: &strowger_base::journal::CallRecord<'_>,
    cast: &Cast,
    from: &str,
    to: &str,
    _leg: Option<LegId>,
) -> String {
    let failed = call.legs.iter().find_map(|leg| match leg.outcome {
        LegOutcome::Failed { cause, reason } if cause == call.cause => Some((leg.leg, reason)),
        LegOutcome::Failed { .. } | LegOutcome::Answered | LegOutcome::Withdrawn(_) => None,
    });
    match failed {
        Some((_, ReleaseReason::Refused(status))) if call.cause == Cause::USER_BUSY => {
            format!("{from} called {to}, which is busy: its phone said so ({status}, {}).", call.cause)
        }
        Some((leg, ReleaseReason::Refused(status))) => {
            format!(
                "{from} called {to}: the phone of {} refused the call ({status}, {}).",
                cast.name(Some(leg)),
                call.cause
            )
        }
        Some((leg, reason)) => {
            format!("{from} called {to}: {} {} ({}).", cast.name(Some(leg)), reason_text(reason), call.cause)
        }
        None => format!("{from} called {to}, and no phone took the call ({}).", call.cause),
    }
}
