//! How a call sounded: one record for each time of media of a leg.

use strowger_base::journal::{Decision, Entry, MediaNews, Quality, Record, ReportedQuality, Told};
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
    if !matches!(record.entry, Entry::Told(Told::Quality(_)) | Entry::Quality(_)) {
        return None;
    }
    let call = before.iter().chain([record]).find_map(|record| record.call)?;
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
    let counts = match &record.entry {
        Entry::Told(Told::Quality(told)) => told_by_device(told),
        Entry::Quality(counted) => counted_here(counted, codec_of(leg, before)),
        _ => return None,
    };
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

/// What a relay or a service knows of a device that tells nothing. What the device sent was counted here; of what it heard its reports by RTCP tell, and nothing is
/// said of that where it sends none. How well it could be heard is no part of its own record.
fn counted_here(counted: &Quality, codec: Option<&str>) -> Cmr {
    let lost = counted.remote_lost.unwrap_or(0);
    let carried = counted.carried.unwrap_or_default();
    let sent = counted.packets.saturating_add(counted.lost);
    let received = counted.sent.saturating_sub(lost.into());
    let heard = carried.remote_jitter.map(|units| units / units_per_millisecond(codec));
    let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    Cmr {
        number_packets_sent: whole(sent),
        number_octets_sent: whole(share(carried.octets, sent, counted.packets)),
        number_packets_received: whole(received),
        number_octets_received: whole(share(carried.octets_sent, received, counted.sent)),
        number_packets_lost: lost.into(),
        jitter: heard.unwrap_or(0).into(),
        latency: counted.round_trip.map_or(0, |time| whole(time.as_millis() as u64 / 2)),
        ..Cmr::default()
    }
}

/// The bytes of so many packets, where these bytes were in so many: those that were lost are taken to be like the others.
fn share(octets: u64, packets: u64, of: u64) -> u64 {
    let share = u128::from(octets) * u128::from(packets) / u128::from(of.max(1));
    u64::try_from(share).unwrap_or(u64::MAX)
}

/// How many units of RTP timestamps are a millisecond. G.722 counts as if it had 8000 samples a second (RFC 3551 §4.5.2), Opus always as if it had 48000 (RFC 7587 §4.1).
fn units_per_millisecond(codec: Option<&str>) -> u32 {
    match codec {
        Some(codec) if codec.eq_ignore_ascii_case("opus") => 48,
        _ => 8,
    }
}

/// What a leg spoke last.
fn codec_of<'a>(leg: LegId, records: &[Record<'a>]) -> Option<&'a str> {
    let agreed = records.iter().rev().find_map(|record| match &record.entry {
        Entry::Decision(Decision::MediaPath(path))
            if [path.offerer.leg, path.answerer.leg].contains(&leg) =>
        {
            Some(path.codec)
        }
        _ => None,
    })?;
    let translated = records.iter().rev().find_map(|record| match &record.entry {
        Entry::Decision(Decision::Resource(MediaNews::Transcodes { caller, called })) => {
            Some((*caller, *called))
        }
        _ => None,
    });
    let translated = translated.filter(|(caller, called)| [*caller, *called].contains(&agreed));
    let calls = records.iter().any(|record| {
        let begins = matches!(
            record.entry,
            Entry::Decision(Decision::CallBegan { .. } | Decision::CallMade { .. } | Decision::Joined(_))
        );
        begins && record.leg == Some(leg)
    });
    Some(translated.map_or(agreed, |(caller, called)| if calls { caller } else { called }))
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

#[cfg(test)]
mod tests {
    use strowger_base::journal::{QualityCarried, QualityDetail};

    use super::*;

    #[test]
    fn what_was_counted_here_is_told_from_the_side_of_the_device() {
        let detail = QualityDetail { opinion_score: Some(210), ..QualityDetail::default() };
        let counted = Quality {
            packets: 90,
            lost: 10,
            // What it sent came badly, and what it was sent came well.
            jitter: 8 * 77,
            sent: 200,
            remote_lost: Some(20),
            round_trip: None,
            malformed: 0,
            foreign: 0,
            peer: None,
            detail: Some(detail),
            carried: Some(QualityCarried { octets: 14_400, octets_sent: 32_000, remote_jitter: Some(96) }),
        };
        let check = |codec, jitter| {
            let row = counted_here(&counted, codec);
            assert_eq!((row.number_packets_sent, row.number_octets_sent), (100, 16_000));
            assert_eq!((row.number_packets_received, row.number_octets_received), (180, 28_800));
            assert_eq!((row.number_packets_lost, row.jitter, &*row.var_vq_metrics), (20, jitter, ""));
        };
        check(Some("PCMU"), 12);
        check(Some("opus"), 2);
        // A device that reports nothing: its side is not known.
        let silent = counted_here(&Quality { remote_lost: None, carried: None, ..counted }, None);
        assert_eq!((silent.jitter, silent.number_packets_lost, silent.number_octets_sent), (0, 0, 0));
    }
}
