//! What to do about a finding in which a call for help takes part.
//!
//! No advice may lead to an emergency number that waits, that something else cuts off, or that is gone.

use std::collections::BTreeSet;

use super::finding::{Finding, Kind};
use crate::plan::PatternId;

impl Finding {
    /// What to do about it, in one sentence.
    pub fn advice(&self) -> &'static str {
        let calls_for_help = |id: &PatternId| self.emergency.contains(id);
        let about = self.patterns.first().is_some_and(calls_for_help);
        let beside = self.patterns.iter().skip(1).any(calls_for_help);
        match (self.kind, about, beside) {
            (Kind::EmergencyEnBlocOnly, ..) if self.patterns.len() < 2 => {
                "Write the emergency number into the pattern digit by digit, without ! or wildcards, and leave it urgent."
            }
            (Kind::EmergencyEnBlocOnly, _, true) => {
                "Both are for emergency calls: leave both urgent, and change the digits of one of them."
            }
            (Kind::EmergencyEnBlocOnly, _, false) | (Kind::NeverKeyByKey, true, false) => {
                "Take the urgency from the shorter pattern, or change its digits; the emergency pattern stays urgent."
            }
            (Kind::NeverKeyByKey, _, true) => {
                "Leave the emergency pattern urgent: the longer pattern needs digits that do not begin with it."
            }
            (Kind::CutsOff, true, _) => {
                "Leave the emergency pattern urgent: where the longer numbers are needed, give them other digits."
            }
            (Kind::Waits, true, _) => {
                "Make the emergency pattern urgent, and give the longer numbers other digits where they are needed."
            }
            (Kind::Waits, false, true) => {
                "Change its digits: were it urgent, it would cut off the emergency number."
            }
            (Kind::NeverMatches, true, false) => {
                "Make the emergency pattern closer than what takes its numbers, or put its partition before the other's."
            }
            (Kind::NeverMatches, false, true) => {
                "Take the pattern out, or change its digits: the emergency pattern has to keep its numbers."
            }
            (Kind::PartitionUnseen, true, _) => {
                "Add the partition to a calling search space: it has an emergency pattern."
            }
            (
                Kind::Loop
                | Kind::EmergencyUnreachable
                | Kind::EmergencyWaits
                | Kind::EmergencyAsksForCode
                | Kind::TrunkToTrunk
                | Kind::NeverMatches
                | Kind::NeverKeyByKey
                | Kind::NoSuchCode
                | Kind::PartitionUnseen
                | Kind::LeadsNowhere
                | Kind::FilterGroupEmpty
                | Kind::Waits
                | Kind::CutsOff
                | Kind::TakesItsResult
                | Kind::OpenLength
                | Kind::ForwardLoop
                | Kind::ForwardChain
                | Kind::ForwardNowhere
                | Kind::HuntNeverTried
                | Kind::HuntTimer,
                ..,
            ) => self.kind.advice(),
        }
    }
}

/// Leaves out what another finding says already: the same two patterns from the other side, or the same wait.
pub(super) fn without_repetitions(mut findings: Vec<Finding>) -> Vec<Finding> {
    let pair = |finding: &Finding| Some((*finding.patterns.first()?, *finding.patterns.get(1)?));
    let told = |kind: Kind| -> BTreeSet<(PatternId, PatternId)> {
        findings.iter().filter(|finding| finding.kind == kind).filter_map(pair).collect()
    };
    let (for_help, never) = (told(Kind::EmergencyEnBlocOnly), told(Kind::NeverKeyByKey));
    let waits: BTreeSet<PatternId> = findings
        .iter()
        .filter(|finding| finding.kind == Kind::EmergencyWaits)
        .filter_map(|finding| finding.patterns.first().copied())
        .collect();
    let mut cutting = BTreeSet::new();
    findings.retain(|finding| match (finding.kind, pair(finding)) {
        (Kind::NeverKeyByKey, Some(pair)) => !for_help.contains(&pair),
        (Kind::CutsOff, Some((by, cut))) => {
            // One number shows how it is with all that the pattern cuts off.
            !for_help.contains(&(cut, by)) && !never.contains(&(cut, by)) && cutting.insert(by)
        }
        (Kind::Waits, Some((id, _))) => !waits.contains(&id),
        _ => true,
    });
    findings
}
