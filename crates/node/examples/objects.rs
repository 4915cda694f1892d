//! What it costs to make a draft of many configured phones, and of one of them: `objects 100000`.

use std::time::Duration;

use strowger_base::Secret;
use strowger_configuration::{Entry, Id, Kind, State};
use strowger_node::objects::{self, Secrets};

/// As often one line is made, for the mean.
const SOME: u32 = 1000;

/// Nothing is sealed here.
struct Open;

impl Secrets for Open {
    fn reveal(&self, _: &str, sealed: &str) -> Result<Secret<Box<str>>, String> {
        Ok(Secret::new(sealed.into()))
    }
}

fn main() {
    #[expect(clippy::disallowed_methods, reason = "an example is a program of its own")]
    let count = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(1000);
    let Some((state, line)) = state(count) else { return eprintln!("the objects are wrong") };
    let (whole, made) = timed(|| objects::draft(&state, &Open));
    println!("draft of {} objects: {whole:?}", state.len());
    // The allocator tidies up after the draft: the first lines pay for that.
    for _ in 0..2 {
        let (some, _) = timed(|| (0..SOME).filter_map(|_| objects::line(&state, line, &Open)).for_each(drop));
        println!("one line: {:?}", some / SOME);
    }
    let (built, configuration) = timed(|| made.draft.build());
    println!("build: {built:?}, good: {}", configuration.is_ok());
    let (told, unserved) = timed(|| objects::unserved(&state).count());
    println!("{unserved} without effect, found in {told:?}");
}

#[expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "an example is a program of its own")]
fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let from = std::time::Instant::now();
    let made = work();
    (from.elapsed(), made)
}

/// A partition, a search space, a device pool, and lines with a phone each; the last of the lines.
fn state(count: u64) -> Option<(State, Id)> {
    let id = |kind: u128, number: u64| Id::from_random(kind << 100 | u128::from(number));
    let (partition, space, pool) = (id(1, 0), id(2, 0), id(3, 0));
    let read = |kind, id, value: String| Entry::read(kind, id, &value).ok();
    let mut entries = vec![
        read(Kind::Partition, partition, "{\"name\":\"internal\"}".to_owned())?,
        read(
            Kind::CallingSearchSpace,
            space,
            format!("{{\"name\":\"all\",\"partitions\":[\"{partition}\"]}}"),
        )?,
        read(Kind::DevicePool, pool, "{\"name\":\"home\",\"emergency_number\":\"+4930110\"}".to_owned())?,
    ];
    for number in 0..count {
        let (line, phone) = (id(4, number), id(5, number));
        let dialled = 1_000_000 + number;
        let value = format!(
            "{{\"display\":\"User {dialled}\",\"forwards\":{{\"busy_internal\":{{\"number\":\"1000000\",\
             \"search_space\":\"{space}\"}}}},\"partition\":\"{partition}\",\"pattern\":\"{dialled}\",\
             \"search_space\":\"{space}\"}}"
        );
        entries.push(read(Kind::Line, line, value)?);
        let value = format!(
            "{{\"credentials\":{{\"secret\":\"secret of {dialled}\"}},\"device_pool\":\"{pool}\",\
             \"lines\":[{{\"line\":\"{line}\"}}],\"name\":\"SEP{number:012X}\"}}"
        );
        entries.push(read(Kind::Phone, phone, value)?);
    }
    Some((State::of(entries), id(4, count.checked_sub(1)?)))
}
