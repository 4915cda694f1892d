//! Why a call ended, for either side of it.

use strowger_base::journal::{CallRecord, Feature, LegOutcome, ReleasedBy, WhyEnded};
use strowger_base::leg::ReleaseReason;

use super::number_of_feature;
use super::story::{Device, Story};
use crate::cause::{CONFERENCE_FULL, CauseCode, DROPPED, SPLIT, marker_of};

/// What stands on either side. The side that ended the call has the cause, and the other one none.
pub(super) struct Causes {
    pub(super) orig: i64,
    pub(super) dest: i64,
    /// The feature that took the legs away; 0 when it was none.
    pub(super) on_behalf_of: i64,
}

pub(super) fn of(last: &CallRecord<'_>, story: &Story<'_>) -> Causes {
    let plain = |orig, dest| Causes { orig, dest, on_behalf_of: 0 };
    let cause = i64::from(last.cause.0);
    if let Some(feature) = last.moves.and_then(|moves| moves.left_by) {
        return Causes { orig: SPLIT, dest: SPLIT, on_behalf_of: number_of_feature(feature) };
    }
    if story.callee.device.conference().is_some() && last.answered_at.is_some() {
        // The bridge lets a party go when that hangs up, when it is put out, or when nobody is left to talk with.
        return match story.why_ended {
            Some(WhyEnded::PutOut(Feature::Conference | Feature::MeetMe)) => plain(DROPPED, SPLIT),
            _ => plain(cause, SPLIT),
        };
    }
    if story.is_conference_full {
        return plain(0, CONFERENCE_FULL);
    }
    match last.released_by {
        ReleasedBy::Caller => plain(cause, 0),
        ReleasedBy::Called => plain(0, failed(last, story).unwrap_or(cause)),
        // Nothing was rung: the number leads nowhere, and whoever dialled it is told so.
        ReleasedBy::System if story.callee.leg.is_none() => plain(cause, 0),
        ReleasedBy::System => plain(0, failed(last, story).unwrap_or(cause)),
    }
}

/// What the device said that was reached last, where it refused. A trunk says it with a final response of SIP, which CUCM writes too.
fn failed(last: &CallRecord<'_>, story: &Story<'_>) -> Option<i64> {
    match last.legs.last()?.outcome {
        LegOutcome::Failed { cause, reason } if last.answered_at.is_none() => {
            match (story.callee.device, reason) {
                (Device::Trunk(_), ReleaseReason::Refused(status)) if marker_of(status).is_some() => {
                    Some(CauseCode::Sip { status, q850: cause.0 }.number())
                }
                _ => Some(cause.0.into()),
            }
        }
        _ => None,
    }
}
