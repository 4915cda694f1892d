//! What the values of columns mean, in words.

use strowger_base::{Cause, WallTime};

use crate::cause::{CONFERENCE_FULL, CauseCode, DROPPED, SPLIT};
use crate::{address, codec};

/// What the value of a column means, where that is not what it says by itself: `destCause_value` 17 is `user busy`.
pub fn meaning(column: &str, value: &str) -> Option<String> {
    let number: i64 = value.parse().ok()?;
    let word = |word: Option<&str>| word.map(str::to_owned);
    match column {
        "origCause_value" | "destCause_value" => cause(number),
        "dateTimeOrigination" | "dateTimeConnect" | "dateTimeDisconnect" | "dateTimeStamp" => {
            let seconds = u64::try_from(number).ok().filter(|seconds| *seconds > 0)?;
            Some(WallTime::from_micros(seconds.checked_mul(1_000_000)?).to_string())
        }
        "origIpAddr"
        | "destIpAddr"
        | "origMediaTransportAddress_IP"
        | "destMediaTransportAddress_IP"
        | "origVideoTransportAddress_IP"
        | "destVideoTransportAddress_IP" => address::address_of(number).map(|it| it.to_string()),
        "origMediaCap_payloadCapability"
        | "destMediaCap_payloadCapability"
        | "origVideoCap_Codec"
        | "destVideoCap_Codec" => word(codec::name_of(number)),
        "origCallTerminationOnBehalfOf"
        | "destCallTerminationOnBehalfOf"
        | "origCalledPartyRedirectOnBehalfOf"
        | "lastRedirectRedirectOnBehalfOf"
        | "joinOnBehalfOf" => word(on_behalf_of(number)),
        "origCalledPartyRedirectReason" | "lastRedirectRedirectReason" => word(redirect_reason(number)),
        "calledPartyPatternUsage" => word(pattern_usage(number)),
        "origPrecedenceLevel" | "destPrecedenceLevel" => word(
            ["flash override", "flash", "immediate", "priority", "routine"]
                .get(usize::try_from(number).ok()?)
                .copied(),
        ),
        "callSecuredStatus" => {
            word(["not secured", "authenticated", "encrypted"].get(usize::try_from(number).ok()?).copied())
        }
        "origDTMFMethod" | "destDTMFMethod" => word(
            ["in the sound", "out of band", "RFC 2833", "both", "unknown"]
                .get(usize::try_from(number).ok()?)
                .copied(),
        ),
        "IncomingProtocolID" | "OutgoingProtocolID" => {
            word(["unknown", "SIP", "H.323", "CTI", "Q.931"].get(usize::try_from(number).ok()?).copied())
        }
        "cdrRecordType" => word(
            ["", "call detail record", "call management record"].get(usize::try_from(number).ok()?).copied(),
        ),
        _ => None,
    }
}

/// A cause in words; `None` for the side that did not end the call.
pub fn cause(number: i64) -> Option<String> {
    match CauseCode::of(number) {
        CauseCode::None => None,
        CauseCode::Q850(cause) => Some(Cause(cause).words().to_owned()),
        CauseCode::Sip { status, q850 } => Some(format!("{} (SIP {status})", Cause(q850).words())),
        CauseCode::Product(CONFERENCE_FULL) => Some("conference full".to_owned()),
        CauseCode::Product(SPLIT) => Some("the leg went on in another call".to_owned()),
        CauseCode::Product(DROPPED) => Some("dropped from the conference".to_owned()),
        CauseCode::Product(number) => Some(format!("a cause of its own, {number}")),
    }
}

/// A feature by its number.
pub fn on_behalf_of(number: i64) -> Option<&'static str> {
    let place = usize::try_from(number).ok()?;
    FEATURES.get(place).copied().filter(|word| !word.is_empty())
}

/// Why a call was sent on.
pub fn redirect_reason(number: i64) -> Option<&'static str> {
    REASONS.iter().find(|(known, _)| *known == number).map(|(_, word)| *word)
}

/// What kind of pattern a number matched.
pub fn pattern_usage(number: i64) -> Option<&'static str> {
    PATTERNS.get(usize::try_from(number).ok()?).copied()
}

const FEATURES: &[&str] = &[
    "",
    "CTI line",
    "media resource",
    "park",
    "conference",
    "forward",
    "meet-me",
    "meet-me intercept",
    "message waiting",
    "multicast media resource",
    "transfer",
    "SSAPI manager",
    "device",
    "call control",
    "immediate divert",
    "barge",
    "pickup",
    "refer",
    "replaces",
    "redirection",
    "call back",
    "path replacement",
    "authorization or matter code",
    "malicious call",
    "mobility",
    "AAR",
    "directed park",
    "recording",
    "monitoring",
    "call control discovery",
    "intercompany media engine",
    "fallback manager",
    "presence-enabled routing",
    "agent greeting",
    "native queuing",
    "mobile call type",
];

const REASONS: &[(i64, &str)] = &[
    (1, "forward on busy"),
    (2, "forward on no answer"),
    (4, "transfer"),
    (5, "pickup"),
    (7, "park"),
    (8, "park pickup"),
    (9, "out of order"),
    (10, "forward"),
    (11, "park reversion"),
    (15, "forward of all calls"),
    (18, "deflection"),
    (34, "blind transfer"),
    (50, "immediate divert"),
    (66, "alternate party"),
    (82, "forward on failure"),
    (98, "conference"),
    (114, "barge"),
    (129, "AAR"),
    (130, "refer"),
    (146, "replaces"),
    (162, "redirection of SIP"),
    (178, "forward of an unregistered phone"),
    (335, "follow me"),
    (354, "recording"),
    (370, "monitoring"),
    (399, "mobility IVR"),
    (415, "cell pickup"),
    (418, "click to conference"),
    (434, "forward without way back"),
    (450, "forward without way back"),
    (464, "call control discovery"),
    (738, "presence routing"),
    (752, "agent greeting"),
    (783, "NuRD"),
    (786, "queued"),
    (802, "taken from a queue"),
    (818, "no agent logged in"),
    (834, "queue full"),
    (850, "wait in queue exceeded"),
];

const PATTERNS: &[&str] = &[
    "park",
    "conference",
    "directory number",
    "translation",
    "pickup",
    "route pattern",
    "message waiting",
    "hunt pilot",
    "voice mail port",
    "domain route",
    "IP route",
    "device template",
    "directed park",
    "intercom",
    "intercom translation",
    "calling party transformation",
    "mobility handoff",
    "mobility DTMF",
    "mobility IVR",
    "intercom template",
    "called party transformation",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_put_into_words() {
        let check = |column: &str, value: &str, expect: Option<&str>| {
            assert_eq!(meaning(column, value).as_deref(), expect, "{column} {value}");
        };
        check("destCause_value", "17", Some("user busy"));
        check("destCause_value", "393216", Some("the leg went on in another call"));
        check("destCause_value", "1174405137", Some("user busy (SIP 486)"));
        check("origCause_value", "0", None);
        check("origIpAddr", "239138826", Some("10.248.64.14"));
        check("joinOnBehalfOf", "10", Some("transfer"));
        check("joinOnBehalfOf", "0", None);
        check("lastRedirectRedirectReason", "15", Some("forward of all calls"));
        check("calledPartyPatternUsage", "7", Some("hunt pilot"));
        check("dateTimeConnect", "1777896072", Some("2026-05-04T12:01:12.000Z"));
        check("dateTimeConnect", "0", None);
        check("callingPartyNumber", "2001", None);
        check("duration", "99999999999999999999", None);
    }
}
