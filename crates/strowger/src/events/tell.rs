//! What events say, as JSON.

use serde_json::{Value, json};
use strowger_base::event::UnregisterReason;
use strowger_base::journal::{
    Alarm, CallRecord, Decision, Entry, PartyView, Record, Registration, ReleasedBy,
};

use super::Topic;
use crate::configuration::Summary;
use crate::store::refused;

/// What a record of the journal tells; nothing when it is none of these things.
pub(super) fn record(record: &Record<'_>) -> Option<(Topic, Value)> {
    Some(match &record.entry {
        Entry::Registration(registration) => (Topic::Registration, of_registration(registration)),
        Entry::Alarm(alarm) => (Topic::Alarm, of_alarm(alarm)),
        Entry::Call(call) => (Topic::Call, of_end(call)),
        Entry::Decision(decision) => {
            let mut told = of_decision(decision)?;
            told["call"] = record.call?.to_string().into();
            (Topic::Call, told)
        }
        Entry::Message { .. } | Entry::Told(_) | Entry::Quality(_) | Entry::UserSet(_) => return None,
    })
}

/// A change of the configuration.
pub(crate) fn change(summary: &Summary) -> Value {
    json!({ "change": summary.sequence, "author": summary.author, "message": summary.message })
}

fn of_registration(registration: &Registration<'_>) -> Value {
    match registration {
        Registration::Registered { line, peer, transport, user_agent, expires, .. } => json!({
            "state": "registered",
            "line": line,
            "address": peer.to_string(),
            "transport": transport.to_string(),
            "user_agent": user_agent,
            "expires_seconds": expires.as_secs(),
        }),
        Registration::Unregistered { line, reason, .. } => {
            let why = match reason {
                UnregisterReason::ByPhone => "the phone said so",
                UnregisterReason::Expired => "not refreshed in time",
                UnregisterReason::ConnectionClosed => "connection closed",
                UnregisterReason::Replaced => "a newer one took its place",
                UnregisterReason::Unconfigured => "no longer in the configuration",
                UnregisterReason::SocketClosed => "the socket that it was reached over is closed",
                UnregisterReason::ResetOrdered => "it was told to begin anew",
                UnregisterReason::Broken => "what it sent could not be followed",
            };
            json!({ "state": "gone", "line": line, "reason": why })
        }
        Registration::Refused { claimed, peer, request, reason } => json!({
            "state": "refused",
            "line": claimed,
            "address": peer.to_string(),
            "request": request,
            "reason": refused(*reason),
        }),
        Registration::StationArrived { device, peer, model, version, load, why } => json!({
            "state": "station-registered",
            "device": device,
            "address": peer.to_string(),
            "model": model,
            "version": version,
            "load": load,
            "reason": why,
        }),
        Registration::StationGone { device, peer, why } => json!({
            "state": "station-gone",
            "device": device,
            "address": peer.to_string(),
            "reason": why,
            "code": strowger_node::io::reason_code(why),
        }),
        Registration::StationRefused { device, peer, why } => json!({
            "state": "station-refused",
            "device": device,
            "address": peer.to_string(),
            "reason": why,
        }),
        Registration::StationTold { device, what, words } => json!({
            "state": "station-told",
            "device": device,
            "what": what,
            "words": words,
        }),
        Registration::ScreenPushed { device, application, transaction, bytes, by } => json!({
            "state": "screen-pushed",
            "device": device,
            "application": application,
            "transaction": transaction,
            "bytes": bytes,
            "by": by,
        }),
        Registration::ScreenTold { device, application, transaction, what, data } => json!({
            "state": "screen-told",
            "device": device,
            "application": application,
            "transaction": transaction,
            "what": what,
            "data": data,
        }),
    }
}

fn of_decision(decision: &Decision<'_>) -> Option<Value> {
    Some(match decision {
        Decision::CallBegan { calling, called, .. } => {
            json!({ "state": "began", "calling": party(calling), "called": called })
        }
        Decision::CallerAlerted { .. } => json!({ "state": "alerting" }),
        Decision::AnsweredBy { connected } => json!({ "state": "answered", "connected": party(connected) }),
        Decision::Held => json!({ "state": "held" }),
        Decision::Resumed => json!({ "state": "resumed" }),
        _ => return None,
    })
}

fn of_end(call: &CallRecord<'_>) -> Value {
    let talked =
        call.answered_at.map(|at| call.ended_at.as_micros().saturating_sub(at.as_micros()) / 1_000_000);
    let by = match call.released_by {
        ReleasedBy::Caller => "caller",
        ReleasedBy::Called => "called",
        ReleasedBy::System => "system",
    };
    json!({
        "state": "ended",
        "call": call.call.to_string(),
        "calling": party(&call.calling),
        "called": call.called,
        "connected": party(&call.connected),
        "cause": call.cause.0,
        "cause_words": call.cause.words(),
        "released_by": by,
        "talk_seconds": talked,
    })
}

fn party(party: &PartyView<'_>) -> Value {
    json!({ "number": party.number, "name": party.name })
}

fn of_alarm(alarm: &Alarm<'_>) -> Value {
    match alarm {
        Alarm::RelayFailed { reason } => json!({ "alarm": "relay-failed", "reason": reason }),
        Alarm::RecordNotStored { reason, waiting } => {
            json!({ "alarm": "record-not-stored", "reason": reason, "waiting": waiting })
        }
        Alarm::Overloaded { what } => json!({ "alarm": "overloaded", "full": what }),
        Alarm::MusicStreamFailed { address, reason } => {
            json!({ "alarm": "music-stream-failed", "address": address.to_string(), "reason": reason })
        }
        Alarm::NoServicePort { reason } => json!({ "alarm": "no-service-port", "reason": reason }),
        Alarm::OverloadEnded => json!({ "alarm": "overload-ended" }),
        Alarm::NotRecorded { profile, cause } => {
            json!({ "alarm": "not-recorded", "profile": profile, "cause": cause.0 })
        }
        Alarm::MaliciousCall { by, party } => {
            json!({ "alarm": "malicious-call", "by": by, "party": party })
        }
        Alarm::QualityReported { by, reason } => {
            json!({ "alarm": "quality-reported", "by": by, "reason": reason })
        }
        Alarm::Contained { what } => json!({ "alarm": "contained", "found": what }),
    }
}
