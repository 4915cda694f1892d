//! Who was called, who sent the call on, and who was reached.

use strowger_base::journal::{CallRecord, Feature, Lookup, PatternKind, Redirection};
use strowger_base::line::{number_of, partition_of};

use super::bridge_number;
use super::story::{Device, Story};
use crate::Cdr;

/// A number with what was matched for it.
#[derive(Clone, Default)]
struct Number {
    number: Box<str>,
    partition: Box<str>,
    pattern: Box<str>,
}

/// The called side of a row.
pub(super) struct Called {
    original: Number,
    last_redirect: Number,
    reached: Number,
    hunt_pilot: Number,
    usage: i64,
    first: Option<(i64, i64)>,
    last: Option<(i64, i64)>,
}

impl Called {
    pub(super) fn of(
        last: &CallRecord<'_>,
        story: &Story<'_>,
        controller: Option<&str>,
        show_hunt_member: bool,
    ) -> Self {
        if let Some(conference) = story.callee.device.conference() {
            return Called::bridge(last, bridge_number(conference.node.0, conference.number), controller);
        }
        let first = story.lookups.first().map(matched);
        let dialled = if last.translated.is_empty() { last.called } else { last.translated };
        let original = first
            .or_else(|| of_device(story))
            .unwrap_or_else(|| Number { number: number_of(dialled).into(), ..Number::default() });
        let mut reached = reached(last, story).unwrap_or_else(|| original.clone());
        let pilot = story
            .lookups
            .iter()
            .rev()
            .find(|lookup| lookup.kind == PatternKind::HuntPilot)
            .filter(|_| !last.hunt_pilot.is_empty());
        let hunt_pilot = pilot.map(matched).unwrap_or_default();
        let member = pilot.is_some()
            && story.lookups.last().is_some_and(|lookup| lookup.kind == PatternKind::HuntPilot);
        if member && !show_hunt_member {
            reached.number.clone_from(&hunt_pilot.number);
            reached.partition.clone_from(&hunt_pilot.partition);
            reached.pattern.clone_from(&hunt_pilot.pattern);
        }
        let by = |redirection: &Redirection<'_>| {
            let (number, partition): (Box<str>, Box<str>) =
                (number_of(redirection.by).into(), partition_of(redirection.by).into());
            let lookup = story.lookups.iter().rev().find(|lookup| *lookup.called == *number);
            let pattern = lookup.map_or_else(|| number.clone(), |lookup| lookup.pattern.into());
            let partition = lookup.map_or(partition, |lookup| lookup.partition.into());
            Number { number, partition, pattern }
        };
        let last_redirect = match last.redirections.last() {
            Some(redirection) => by(redirection),
            // Nobody sent it on: a hunt pilot stands for its members, anybody else for itself.
            None if member => hunt_pilot.clone(),
            None => original.clone(),
        };
        let pair =
            |redirection: &Redirection<'_>| (redirection.reason.into(), redirection.on_behalf_of.into());
        // What is sent to a recorder is sent on by nobody, and still has a reason.
        let recorded = last.moves.and_then(|moves| moves.joined_by) == Some(Feature::Recording);
        let recorded = recorded.then(|| (RECORDING_REASON, super::number_of_feature(Feature::Recording)));
        // Nor is who takes the place of somebody.
        let replaces = last.moves.and_then(|moves| moves.joined_by) == Some(Feature::Replaces);
        let replaces = replaces.then(|| (REPLACES_REASON, super::number_of_feature(Feature::Replaces)));
        let joined = recorded.or(replaces);
        Called {
            usage: usage(last, story),
            original,
            last_redirect,
            reached,
            hunt_pilot,
            first: last.redirections.first().map(pair).or(joined),
            last: last.redirections.last().map(pair).or(joined),
        }
    }

    /// A party of a conference: it is called by its bridge.
    fn bridge(last: &CallRecord<'_>, number: String, controller: Option<&str>) -> Self {
        let feature = last.moves.and_then(|moves| moves.joined_by).unwrap_or(Feature::MeetMe);
        let bridge = Number { number: number.into(), ..Number::default() };
        let by_number = feature == Feature::MeetMe;
        // Who dials a number of its own for the conference called that first.
        let original = if by_number {
            Number { number: number_of(last.called).into(), ..Number::default() }
        } else {
            bridge.clone()
        };
        let reason = match feature {
            Feature::MeetMe => 0,
            Feature::Barge => BARGE_REASON,
            _ => CONFERENCE_REASON,
        };
        let sent_by = |number: &str| Number { number: number.into(), ..Number::default() };
        let why = Some((reason, super::number_of_feature(feature)));
        Called {
            original,
            last_redirect: controller.map_or_else(|| bridge.clone(), sent_by),
            reached: bridge,
            hunt_pilot: Number::default(),
            usage: CONFERENCE_PATTERN,
            first: why,
            last: why,
        }
    }

    pub(super) fn write(self, cdr: &mut Cdr) {
        cdr.original_called_party_number = self.original.number;
        cdr.original_called_party_number_partition = self.original.partition;
        cdr.original_called_party_pattern = self.original.pattern;
        cdr.last_redirect_dn = self.last_redirect.number;
        cdr.last_redirect_dn_partition = self.last_redirect.partition;
        cdr.last_redirecting_party_pattern = self.last_redirect.pattern;
        cdr.final_called_party_number = self.reached.number;
        cdr.final_called_party_number_partition = self.reached.partition;
        cdr.final_called_party_pattern = self.reached.pattern;
        cdr.hunt_pilot_dn = self.hunt_pilot.number;
        cdr.hunt_pilot_partition = self.hunt_pilot.partition;
        cdr.hunt_pilot_pattern = self.hunt_pilot.pattern;
        cdr.called_party_pattern_usage = self.usage;
        if let Some((reason, by)) = self.first {
            (cdr.orig_called_party_redirect_reason, cdr.orig_called_party_redirect_on_behalf_of) =
                (reason, by);
        }
        if let Some((reason, by)) = self.last {
            (cdr.last_redirect_redirect_reason, cdr.last_redirect_redirect_on_behalf_of) = (reason, by);
        }
    }
}

/// Who was reached: the line of the device, or what the last pattern made of the number.
fn reached(last: &CallRecord<'_>, story: &Story<'_>) -> Option<Number> {
    let by_pattern = story.lookups.last().map(matched);
    match (of_device(story), by_pattern) {
        // A hunt list has members that no pattern of this call names.
        (Some(device), Some(matched)) if *device.number == *matched.number => Some(matched),
        (Some(device), _) => Some(device),
        (None, Some(matched)) => Some(matched),
        (None, None) if !last.final_called.is_empty() => Some(Number {
            number: number_of(last.final_called).into(),
            partition: partition_of(last.final_called).into(),
            ..Number::default()
        }),
        (None, None) => None,
    }
}

/// The line of the called device.
fn of_device(story: &Story<'_>) -> Option<Number> {
    match story.callee.device {
        Device::Phone { line, .. } => {
            let number: Box<str> = number_of(line).into();
            Some(Number { partition: partition_of(line).into(), pattern: number.clone(), number })
        }
        Device::Trunk(_) if story.lookups.is_empty() => {
            Some(Number { number: story.callee.number.into(), ..Number::default() })
                .filter(|it| !it.number.is_empty())
        }
        Device::Trunk(_) | Device::Service(..) | Device::None => None,
    }
}

fn matched(lookup: &Lookup<'_>) -> Number {
    Number {
        number: lookup.called.into(),
        partition: lookup.partition.into(),
        pattern: lookup.pattern.into(),
    }
}

/// What kind of pattern led to who was reached.
fn usage(last: &CallRecord<'_>, story: &Story<'_>) -> i64 {
    let sent_on = last.redirections.last().map_or(0, |redirection| redirection.on_behalf_of);
    let parked = sent_on == Feature::Park.on_behalf_of();
    match (story.lookups.last().map(|lookup| lookup.kind), story.callee.device) {
        _ if parked => PARK_PATTERN,
        _ if sent_on == DIRECTED_PARK => DIRECTED_PARK_PATTERN,
        (Some(PatternKind::Feature), Device::None) if story.feature == Some("directed-park") => {
            DIRECTED_PARK_PATTERN
        }
        _ if story.is_intercom => INTERCOM_PATTERN,
        (Some(PatternKind::Line), _) => LINE_PATTERN,
        (Some(PatternKind::HuntPilot), _) => HUNT_PATTERN,
        (None, Device::Phone { .. }) => LINE_PATTERN,
        _ => ROUTE_PATTERN,
    }
}

/// What sends a call on that was parked at a number to which it was sent.
const DIRECTED_PARK: u16 = 26;
const CONFERENCE_REASON: i64 = 98;
const BARGE_REASON: i64 = 114;
const RECORDING_REASON: i64 = 354;
const REPLACES_REASON: i64 = 146;
const PARK_PATTERN: i64 = 0;
const CONFERENCE_PATTERN: i64 = 1;
const LINE_PATTERN: i64 = 2;
const ROUTE_PATTERN: i64 = 5;
const HUNT_PATTERN: i64 = 7;
const DIRECTED_PARK_PATTERN: i64 = 12;
const INTERCOM_PATTERN: i64 = 13;
