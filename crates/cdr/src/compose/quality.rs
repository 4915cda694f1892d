//! How a call sounded: one record for each time of media of a leg.

use strowger_base::journal::{Decision, Entry, Quality, Record, ReportedQuality, Told};
use strowger_base::line::{number_of, partition_of};
use strowger_base::{CallId, LegId, WallTime};

use super::session::session_of;
use super::story::{Device, device_of};
use super::{Rules, call_number, leg_number, pkid, seconds_between, seconds_of};
use crate::Cmr;

/// The record of what the last of these records says. What a device told itself goes before what was counted here.
pub(super) fn row(records: &[Record<'_>], rules: &Rules) -> Option<Cmr> {
    let (record, before) = records.split_last()?;
    let told_of = record.leg?;
    let call = before.iter().chain([record]).find_map(|record| record.call)?;
    let counts = match &record.entry {
        Entry::Told(Told::Quality(told)) => told_by_device(told),
        Entry::Quality(counted) => counted_here(counted),
        _ => return None,
    };
    let mut leg = told_of;
    let mut device = device_of(leg, before)?;
    if let Device::Service(..) = device {
        // What a service heard is what the device said that it talked with.
        leg = other_end(leg, before)?;
        device = device_of(leg, before)?;
    }
    let has_told = before.iter().any(|record| is_told_by(leg, record));
    if matches!(device, Device::Service(..)) || has_told && matches!(record.entry, Entry::Quality(_)) {
        return None;
    }
    let (began, ended) = time_of_media(leg, record, before);
    let line = device.line().unwrap_or_default();
    Some(Cmr {
        cdr_record_type: 2,
        global_call_id_call_manager_id: call.node.0.into(),
        global_call_id_call_id: call_number(conversation_of(call, before)),
        global_call_id_cluster_id: rules.cluster.clone(),
        node_id: leg.node.0.into(),
        directory_num: number_of(line).into(),
        directory_num_partition: partition_of(line).into(),
        call_identifier: leg_number(Some(leg)),
        date_time_stamp: seconds_of(ended),
        device_name: device.name().into(),
        duration: seconds_between(began, ended),
        local_session_id: session_of(Some(leg), before).into(),
        remote_session_id: session_of(other_end(leg, before), before).into(),
        pkid: pkid(2, leg.node.0, record.at, told_of.number),
        ..counts
    })
}

fn told_by_device(told: &ReportedQuality<'_>) -> Cmr {
    Cmr {
        number_packets_sent: told.packets_sent.into(),
        number_octets_sent: told.octets_sent.into(),
        number_packets_received: told.packets_received.into(),
        number_octets_received: told.octets_received.into(),
        number_packets_lost: told.packets_lost.into(),
        jitter: told.jitter_ms.into(),
        latency: told.latency_ms.into(),
        var_vq_metrics: told.voice.into(),
        ..Cmr::default()
    }
}

/// What a relay or a service knows of a device that tells nothing: of what it sent, and what it reported by RTCP.
fn counted_here(counted: &Quality) -> Cmr {
    let lost = counted.remote_lost.unwrap_or(0);
    let score = counted.detail.and_then(|detail| detail.opinion_score);
    let metrics = score.map(|score| format!("MLQK={}.{:02}", score / 100, score % 100));
    let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    Cmr {
        number_packets_sent: whole(counted.packets.saturating_add(counted.lost)),
        number_packets_received: whole(counted.sent.saturating_sub(lost.into())),
        number_packets_lost: lost.into(),
        jitter: (counted.jitter / JITTER_UNITS).into(),
        latency: counted.round_trip.map_or(0, |time| whole(time.as_millis() as u64 / 2)),
        var_vq_metrics: metrics.unwrap_or_default().into(),
        ..Cmr::default()
    }
}

/// Who a leg exchanged media with last.
fn other_end(leg: LegId, records: &[Record<'_>]) -> Option<LegId> {
    records.iter().rev().find_map(|record| match &record.entry {
        Entry::Decision(Decision::MediaPath(path)) if path.offerer.leg == leg => Some(path.answerer.leg),
        Entry::Decision(Decision::MediaPath(path)) if path.answerer.leg == leg => Some(path.offerer.leg),
        _ => None,
    })
}

fn is_told_by(leg: LegId, record: &Record<'_>) -> bool {
    record.leg == Some(leg) && matches!(record.entry, Entry::Told(Told::Quality(_)))
}

/// From when to when the media went that a record is about: from the first of it since the record before, which may be told when the next media goes already.
fn time_of_media(leg: LegId, record: &Record<'_>, before: &[Record<'_>]) -> (WallTime, WallTime) {
    let since = before.iter().rposition(|record| is_told_by(leg, record)).map_or(0, |place| place + 1);
    let begins = |record: &&Record<'_>| match &record.entry {
        Entry::Decision(Decision::MediaPath(path)) => [path.offerer.leg, path.answerer.leg].contains(&leg),
        Entry::Decision(Decision::Hears(_)) => record.leg == Some(leg),
        _ => false,
    };
    let own = before.get(since..).unwrap_or_default();
    let began =
        own.iter().find(begins).or_else(|| before.iter().rfind(begins)).map_or(record.at, |began| began.at);
    let over = before.iter().find_map(|record| match &record.entry {
        Entry::Call(call) => Some(call.ended_at),
        _ => None,
    });
    (began, over.map_or(record.at, |over| over.min(record.at)))
}

/// The call with which the conversation began that a call is part of.
fn conversation_of(call: CallId, records: &[Record<'_>]) -> CallId {
    let joined = records.iter().rev().find_map(|record| match &record.entry {
        Entry::Decision(Decision::Joined(joined)) => Some(joined.conversation),
        _ => None,
    });
    joined.unwrap_or(call)
}

/// The journal counts jitter in eighths of a millisecond.
const JITTER_UNITS: u32 = 8;
