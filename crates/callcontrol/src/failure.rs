//! Which failure the caller is told when several phones failed in different ways.

use strowger_base::Cause;
use strowger_base::leg::ReleaseReason;

/// How one called device failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Failure {
    pub(crate) cause: Cause,
    pub(crate) reason: ReleaseReason,
}

impl Failure {
    /// Speaks for the user, not only for one phone: no other phone need ring on (RFC 3261 §16.7, 6xx).
    pub(crate) const fn is_global(self) -> bool {
        matches!(self.reason, ReleaseReason::Refused(600..=699))
    }

    /// The one of two that tells the caller more. Of equals the first.
    pub(crate) fn or(self, other: Failure) -> Failure {
        if other.rank() < self.rank() { other } else { self }
    }

    fn rank(self) -> usize {
        if self.is_global() {
            return 0;
        }
        TABLE.iter().position(|cause| *cause == self.cause).map_or(TABLE.len() + 1, |place| place + 1)
    }
}

/// What tells the caller most comes first: what a user did, then what is wrong with the number, then what is wrong
/// with the call, then what is wrong with a device or with us. A phone without power must not hide that another one
/// of the line is busy.
const TABLE: &[Cause] = &[
    Cause::USER_BUSY,
    Cause::CALL_REJECTED,
    Cause::NO_ANSWER_FROM_USER,
    Cause::NUMBER_CHANGED,
    Cause::UNALLOCATED_NUMBER,
    Cause::INVALID_NUMBER_FORMAT,
    Cause::OUTGOING_CALLS_BARRED,
    Cause::BEARER_CAPABILITY_NOT_IMPLEMENTED,
    Cause::INCOMPATIBLE_DESTINATION,
    Cause::SERVICE_NOT_IMPLEMENTED,
    Cause::EXCHANGE_ROUTING_ERROR,
    Cause::NORMAL_CALL_CLEARING,
    Cause::SUBSCRIBER_ABSENT,
    Cause::NO_USER_RESPONDING,
    Cause::DESTINATION_OUT_OF_ORDER,
    Cause::RESOURCE_UNAVAILABLE,
    Cause::SWITCHING_EQUIPMENT_CONGESTION,
    Cause::TEMPORARY_FAILURE,
    Cause::RECOVERY_ON_TIMER_EXPIRY,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_user_did_goes_before_what_a_device_failed_to_do() {
        let of = |status: u16| Failure {
            cause: Cause::from_sip_status(status),
            reason: ReleaseReason::Refused(status),
        };
        let check = |statuses: &[u16], expect: u16| {
            let best = statuses.iter().map(|status| of(*status)).reduce(Failure::or);
            assert_eq!(best, Some(of(expect)), "{statuses:?}");
        };
        check(&[486, 486], 486);
        check(&[480, 486], 486);
        check(&[486, 408], 486);
        check(&[486, 603], 603);
        check(&[603, 600], 603);
        check(&[500, 488, 404], 404);
        check(&[503, 408], 408);
        check(&[503, 699], 699);
        check(&[599, 503], 503);
        check(&[480, 403], 403);
    }
}
