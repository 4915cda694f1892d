//! What the configuration costs, for `cargo xtask bench store`: every figure in a process of its own.

use std::path::{Path, PathBuf};
use std::time::{Instant as Clock, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use strowger_base::{Rng, WallTime};
use strowger_configuration::{Id, Kind, Operation, Purpose, State};

use super::{Change, ConfigurationStore};

/// What is measured.
#[derive(clap::Args)]
pub(crate) struct MeasureOptions {
    /// The data folder of a stopped server, with phones in it.
    #[arg(long)]
    data: PathBuf,
}

/// Measures, and gives the figures by their names.
///
/// # Errors
/// The configuration cannot be opened or changed.
pub(crate) fn measure(options: &MeasureOptions) -> anyhow::Result<Value> {
    // Ids of another run would be taken for the same changes.
    let mut rng = Rng::new(now().as_micros());
    start(&options.data, &mut rng)
}

/// What a server does with it: opens it, holds it, changes one phone at a time.
fn start(folder: &Path, rng: &mut Rng) -> anyhow::Result<Value> {
    let empty = pss_bytes();
    let begin = Clock::now();
    let (mut store, _) = ConfigurationStore::open(folder, now(), id(rng))?;
    let opened = begin.elapsed();
    // Nothing was done before: it is what the start has cost.
    let processor = processor_seconds();
    let held = pss_bytes().saturating_sub(empty);
    let phones: Vec<Id> = store.state().of_kind(Kind::Phone).map(|entry| entry.id()).collect();
    let (mut live, mut durable) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let phone = phones.get(rng.below(phones.len().max(1) as u64) as usize).copied();
        let operation = phone.and_then(|phone| described(store.state(), phone, rng));
        let operations = vec![operation.ok_or_else(|| anyhow::anyhow!("there is no phone"))?];
        let begin = Clock::now();
        let after = store.state().changed(&operations).map_err(|why| anyhow::anyhow!("{:?}", why.first()))?;
        live.push(begin.elapsed().as_secs_f64() * 1e3);
        drop(after);
        let begin = Clock::now();
        commit(&mut store, operations, rng)?;
        durable.push(begin.elapsed().as_secs_f64() * 1e3);
    }
    let begin = Clock::now();
    let checked = store.log.check()?;
    let spread = |mut times: Vec<f64>| {
        times.sort_by(f64::total_cmp);
        let at = |part: usize| times.get(times.len() * part / 100).copied().unwrap_or_default();
        json!({ "median": at(50), "p99": at(99) })
    };
    Ok(json!({
        "start_seconds": opened.as_secs_f64(),
        "start_processor_seconds": processor,
        "objects": store.state().len(),
        "phones": phones.len(),
        "held_bytes": held,
        "live_milliseconds": spread(live),
        "durable_milliseconds": spread(durable),
        "check_seconds": begin.elapsed().as_secs_f64(),
        "rows": checked.rows,
    }))
}

/// A phone with another description.
fn described(state: &State, phone: Id, rng: &mut Rng) -> Option<Operation> {
    let entry = state.entry(phone)?;
    let mut value: Value = serde_json::from_str(&entry.value()).ok()?;
    value.as_object_mut()?.insert("description".to_owned(), json!(format!("moved {}", rng.next_u64())));
    Some(Operation {
        kind: Kind::Phone,
        object: phone,
        before: Some(entry.hash()),
        after: Some(value.to_string().into()),
    })
}

fn commit(store: &mut ConfigurationStore, operations: Vec<Operation>, rng: &mut Rng) -> anyhow::Result<()> {
    let change = Change {
        id: id(rng),
        base: store.head().sequence,
        author: "bench".into(),
        message: "".into(),
        purpose: Purpose::Lasting,
        operations,
    };
    store.commit(change, now())?;
    Ok(())
}

fn id(rng: &mut Rng) -> Id {
    Id::from_random(u128::from(rng.next_u64()) << 64 | u128::from(rng.next_u64()))
}

fn now() -> WallTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    WallTime::from_micros(u64::try_from(since.as_micros()).unwrap_or(0))
}

/// What this process has taken of the processor, for itself and in the kernel.
fn processor_seconds() -> f64 {
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::TimeValLike;
    getrusage(UsageWho::RUSAGE_SELF).map_or(0.0, |usage| {
        (usage.user_time().num_microseconds() + usage.system_time().num_microseconds()) as f64 / 1e6
    })
}

/// The proportional set size of this process.
fn pss_bytes() -> u64 {
    let text = std::fs::read_to_string("/proc/self/smaps_rollup").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("Pss:"));
    let kib =
        line.and_then(|line| line.split_whitespace().nth(1)).and_then(|field| field.parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

/// Changes of one phone.
const ROUNDS: usize = 200;
