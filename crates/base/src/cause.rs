//! Release causes: one table of Q.850 value, SIP status and words.

use std::fmt;

/// Why a call or leg ended: a Q.850 cause value (0-127). Unknown values survive.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cause(pub u8);

macro_rules! causes {
    ($($(#[$doc:meta])* $name:ident = $value:literal, $status:literal, $words:literal;)*) => {
        impl Cause {
            $($(#[$doc])* pub const $name: Cause = Cause($value);)*
        }

        /// The one table: Q.850 value, SIP status that says it, words.
        const TABLE: &[(u8, u16, &str)] = &[$(($value, $status, $words)),*];
    };
}

causes! {
    /// The number leads nowhere.
    UNALLOCATED_NUMBER = 1, 404, "unallocated number";
    /// No way to the transit network.
    NO_ROUTE_TO_TRANSIT_NETWORK = 2, 404, "no route to transit network";
    /// The number is known but there is no way to it.
    NO_ROUTE_TO_DESTINATION = 3, 404, "no route to destination";
    /// Somebody hung up.
    NORMAL_CALL_CLEARING = 16, 480, "normal call clearing";
    /// The line is busy.
    USER_BUSY = 17, 486, "user busy";
    /// The device never answered the call set-up.
    NO_USER_RESPONDING = 18, 408, "no user responding";
    /// It rang, nobody answered.
    NO_ANSWER_FROM_USER = 19, 480, "no answer from user";
    /// No phone of the line is registered.
    SUBSCRIBER_ABSENT = 20, 480, "subscriber absent";
    /// The user refused the call.
    CALL_REJECTED = 21, 603, "call rejected";
    /// The number was changed.
    NUMBER_CHANGED = 22, 410, "number changed";
    /// The call went round in circles or through too many hops.
    EXCHANGE_ROUTING_ERROR = 25, 483, "exchange routing error";
    /// Answered elsewhere: another phone of the line took the call.
    NON_SELECTED_USER_CLEARING = 26, 480, "answered elsewhere";
    /// The device cannot be reached.
    DESTINATION_OUT_OF_ORDER = 27, 502, "destination out of order";
    /// The number is incomplete or malformed.
    INVALID_NUMBER_FORMAT = 28, 484, "invalid number format (address incomplete)";
    /// The feature was refused.
    FACILITY_REJECTED = 29, 501, "facility rejected";
    /// Nothing more precise is known.
    NORMAL_UNSPECIFIED = 31, 480, "normal, unspecified";
    /// No channel or port is free.
    NO_CIRCUIT_AVAILABLE = 34, 503, "no circuit or channel available";
    /// Something broke for a while; also a bug contained to one call.
    TEMPORARY_FAILURE = 41, 500, "temporary failure";
    /// Load is shed.
    SWITCHING_EQUIPMENT_CONGESTION = 42, 503, "switching equipment congestion";
    /// A media resource is exhausted.
    RESOURCE_UNAVAILABLE = 47, 503, "resource unavailable";
    /// Policy forbids it.
    OUTGOING_CALLS_BARRED = 52, 403, "outgoing calls barred";
    /// Not allowed for this caller.
    BEARER_CAPABILITY_NOT_AUTHORIZED = 57, 403, "bearer capability not authorized";
    /// The codecs or media kinds have nothing in common.
    BEARER_CAPABILITY_NOT_IMPLEMENTED = 65, 488, "bearer capability not implemented (no common codec)";
    /// The device wants something that does not exist here.
    SERVICE_NOT_IMPLEMENTED = 79, 501, "service or option not implemented";
    /// The other side cannot do this.
    INCOMPATIBLE_DESTINATION = 88, 488, "incompatible destination";
    /// A message lacks something that it must have.
    MANDATORY_IE_MISSING = 96, 400, "mandatory information element missing";
    /// Two changes of the session crossed each other; try again.
    MESSAGE_NOT_COMPATIBLE_WITH_STATE = 101, 491, "message not compatible with call state";
    /// A timer ran out.
    RECOVERY_ON_TIMER_EXPIRY = 102, 504, "recovery on timer expiry";
    /// The device broke its protocol.
    PROTOCOL_ERROR = 111, 500, "protocol error, unspecified";
    /// The way between two places has no bandwidth left (beyond Q.850, as CUCM numbers it).
    OUT_OF_BANDWIDTH = 125, 488, "out of bandwidth";
    /// A party of the call went on in another one.
    CALL_SPLIT = 126, 500, "call split: a party went on in another call";
    /// Another network did something that it cannot name.
    INTERWORKING = 127, 500, "interworking, unspecified";
}

impl Cause {
    /// The words of Q.850, in plain English.
    pub fn words(self) -> &'static str {
        self.row().map_or("cause not in the table", |row| row.2)
    }

    /// The status with which a SIP leg that is not answered yet is refused (RFC 3398 §8.2.6.1 and
    /// what phones show for it); 500 when the table has no row.
    pub fn sip_status(self) -> u16 {
        self.row().map_or(500, |row| row.1)
    }

    /// The cause that a final SIP response stands for (RFC 3398 §7.2.4.1).
    pub const fn from_sip_status(status: u16) -> Cause {
        match status {
            401 | 402 | 403 | 407 | 603 | 607 | 608 => Cause::CALL_REJECTED,
            404 | 485 | 604 => Cause::UNALLOCATED_NUMBER,
            410 => Cause::NUMBER_CHANGED,
            408 => Cause::NO_USER_RESPONDING,
            480 => Cause::NO_ANSWER_FROM_USER,
            482 | 483 => Cause::EXCHANGE_ROUTING_ERROR,
            484 => Cause::INVALID_NUMBER_FORMAT,
            486 | 600 => Cause::USER_BUSY,
            487 => Cause::NORMAL_CALL_CLEARING,
            488 | 606 | 415 => Cause::BEARER_CAPABILITY_NOT_IMPLEMENTED,
            400 | 481 | 500 | 493 => Cause::TEMPORARY_FAILURE,
            405 | 420 | 421 | 501 => Cause::SERVICE_NOT_IMPLEMENTED,
            491 => Cause::MESSAGE_NOT_COMPATIBLE_WITH_STATE,
            502 => Cause::DESTINATION_OUT_OF_ORDER,
            503 => Cause::SWITCHING_EQUIPMENT_CONGESTION,
            504 => Cause::RECOVERY_ON_TIMER_EXPIRY,
            _ => Cause::INTERWORKING,
        }
    }

    /// The code and the text of a SIP Warning that says more than the status does (RFC 3261 §20.43); phones show the text.
    pub const fn sip_warning(self) -> Option<(u16, &'static str)> {
        match self {
            Cause::OUT_OF_BANDWIDTH => Some((370, "Not Enough Bandwidth")),
            Cause::BEARER_CAPABILITY_NOT_IMPLEMENTED => Some((305, "Incompatible media format")),
            _ => None,
        }
    }

    fn row(self) -> Option<&'static (u8, u16, &'static str)> {
        TABLE.binary_search_by_key(&self.0, |row| row.0).ok().and_then(|i| TABLE.get(i))
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cause({} {})", self.0, self.words())
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cause {} ({})", self.0, self.words())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_every_status_is_a_failure() {
        assert!(TABLE.is_sorted_by_key(|row| row.0));
        assert!(TABLE.iter().all(|row| (400..=699).contains(&row.1)));
    }

    #[test]
    fn busy_survives_the_way_through_sip() {
        assert_eq!(Cause::from_sip_status(Cause::USER_BUSY.sip_status()), Cause::USER_BUSY);
        assert_eq!(Cause::USER_BUSY.words(), "user busy");
        assert_eq!(Cause(99).words(), "cause not in the table");
    }
}
