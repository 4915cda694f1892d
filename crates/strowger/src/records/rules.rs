//! What the configuration says of call records.

use std::time::Duration;

use strowger_cdr::{QualityRecords, Rules};
use strowger_configuration::State;
use strowger_configuration::kinds::{BillingDestination, CallRecordDetail, ServiceParameters};

use super::repository::{Consumer, Room};
use super::uris::Uris;

/// What is written, how long files are written to, and how long they are kept.
pub(super) struct Keeping {
    pub(super) rules: Rules,
    pub(super) interval: Duration,
    pub(super) retention: Duration,
    pub(super) room: Room,
    /// Who gets the files.
    pub(super) due: Vec<Consumer>,
    /// What stands beside numbers of lines.
    pub(super) uris: Uris,
}

impl Keeping {
    /// Where nobody said anything: nothing is written.
    fn nothing() -> Self {
        Keeping {
            rules: Rules {
                cluster: "StandAloneCluster".into(),
                calls: false,
                zero_duration: false,
                quality: QualityRecords::Never,
                show_hunt_member: false,
            },
            interval: Duration::from_secs(60),
            retention: Duration::from_secs(30 * 86_400),
            room: Room { most: 4096 * MEBIBYTE, high: 80, low: 40 },
            due: Vec::new(),
            uris: Uris::default(),
        }
    }
}

pub(super) fn keeping(state: &State) -> Keeping {
    // Who waits for records does so whether any are written or not.
    let due = state
        .all::<BillingDestination>()
        .filter_map(|(_, it)| u8::try_from(it.number.get()).ok())
        .map(Consumer::Destination)
        .chain([Consumer::Analysis])
        .collect();
    let Some((_, parameters)) = state.all::<ServiceParameters>().next() else {
        return Keeping { due, ..Keeping::nothing() };
    };
    Keeping {
        rules: Rules {
            cluster: parameters.cluster_id.as_str().into(),
            calls: parameters.call_records,
            zero_duration: parameters.zero_duration_records,
            quality: match parameters.quality_records {
                CallRecordDetail::Never => QualityRecords::Never,
                CallRecordDetail::WithCallRecords => QualityRecords::WithCalls,
                CallRecordDetail::Always => QualityRecords::Always,
            },
            show_hunt_member: parameters.show_hunt_member,
        },
        interval: parameters.record_file_interval.get(),
        retention: Duration::from_secs(u64::from(parameters.record_retention.get()) * 86_400),
        room: Room {
            most: u64::from(parameters.record_room.get()) * MEBIBYTE,
            high: u64::from(parameters.record_high_water.get()),
            low: u64::from(parameters.record_low_water.get()),
        },
        due,
        uris: Uris::of(state),
    }
}

/// How long calls are found by searches; `None` is for ever.
pub(crate) fn search_retention(state: &State) -> Option<Duration> {
    let (_, parameters) = state.all::<ServiceParameters>().next()?;
    let days = u64::from(parameters.record_search_retention.get());
    (days > 0).then(|| Duration::from_secs(days * 86_400))
}

const MEBIBYTE: u64 = 1024 * 1024;
