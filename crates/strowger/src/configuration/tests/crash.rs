//! Kill -9 while changes are made: by a signal from outside, and at a byte of a file.
//!
//! The writer is this test program again: it says each change that was accepted in a line, until it is killed. `cargo xtask
//! crashes` does the same for longer.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::resource::{Resource, setrlimit};
use strowger_base::Rng;
use strowger_configuration::{Head, Purpose};

use super::writer::Writer;
use super::*;

/// A change that the writer was told is durable.
type Accepted = (u64, String);

#[test]
fn killed_at_any_moment() {
    if let Some(order) = Order::given() {
        order.obey();
    }
    let run = Run::new("killed", 500);
    let folder = Folder::new("killed");
    let mut rng = Rng::new(run.seed);
    let mut last: Accepted = (0, String::new());
    let mut idle = 0;
    while last.0 < run.changes {
        let before = last.0;
        let mut child = run.start(&folder, rng.next_u64(), None);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // Changes that it may make first, and then some more time: within a change as well as between two.
        for _ in 0..1 + rng.below(40) {
            let Some(line) = lines.next() else { break };
            last = accepted(&line.unwrap()).unwrap_or(last);
        }
        std::thread::sleep(Duration::from_micros(rng.below(3_000)));
        child.kill().unwrap();
        child.wait().unwrap();
        // What it was told before the end stands in the pipe.
        for line in lines {
            last = accepted(&line.unwrap()).unwrap_or(last);
        }
        last = verified(&folder, &last, run.seed);
        // Killed before its first change now and then; always, it could make none.
        idle = if last.0 > before { 0 } else { idle + 1 };
        let said = || fs::read_to_string(folder.0.join(WRITER_SAID)).unwrap_or_default();
        assert!(idle < 20, "seed {}: the writer gets nowhere behind change {before}: {}", run.seed, said());
    }
}

/// A limit on the length of files stops the writer at a byte: the kernel writes up to there, and kills.
#[test]
fn killed_at_any_byte() {
    if let Some(order) = Order::given() {
        order.obey();
    }
    let run = Run::new("bytes", 40);
    let mut rng = Rng::new(run.seed);
    let folder = Folder::new("bytes");
    drop(four_changes(&folder));
    let length = fs::metadata(folder.0.join(super::super::engine::FILE)).unwrap().len();
    let mut last: Accepted = (4, String::new());
    let mut kills = 0;
    for _ in 0..run.changes {
        // One in four while the database is opened, the others as it grows.
        let limit = if rng.one_in(4) { 1 + rng.below(length) } else { length + rng.below(400_000) };
        let mut child = run.start(&folder, rng.next_u64(), Some(limit));
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            last = accepted(&line.unwrap()).unwrap_or(last);
        }
        kills += u64::from(child.wait().unwrap().code().is_none());
        last = verified(&folder, &last, run.seed);
    }
    assert_eq!(kills, run.changes, "seed {}: every writer met its limit", run.seed);
}

/// Nothing that was accepted is lost, nothing is half there, and what is there is what the log says.
fn verified(folder: &Folder, last: &Accepted, seed: u64) -> Accepted {
    let (store, opened) =
        ConfigurationStore::open(&folder.0, at(20), id(u128::from(seed) + 1_000 * u128::from(last.0)))
            .unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    let Head { sequence, state } = store.head();
    // At most the one change whose answer nobody heard, and the end of a trial.
    let more = 1 + u64::from(opened.reverted.is_some());
    assert!(
        (last.0..=last.0 + more).contains(&sequence),
        "seed {seed}: {} accepted, {sequence} there",
        last.0
    );
    assert_eq!(store.state().hash(), state, "seed {seed}");
    let heard = last.0.checked_sub(1).filter(|_| !last.1.is_empty()).map(|_| store.change(last.0).unwrap());
    assert!(
        heard.is_none_or(|heard| format!("{:#}", heard.state) == last.1),
        "seed {seed}: change {}",
        last.0
    );
    if let Some(trial) = opened.reverted {
        assert_eq!(
            store.state_at(trial - 1).unwrap().hash(),
            state,
            "seed {seed}: trial {trial} is taken back"
        );
    }
    store.check().unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    (sequence, format!("{state:#}"))
}

/// How long and with which seed.
struct Run {
    test: &'static str,
    seed: u64,
    changes: u64,
}

impl Run {
    /// The run of the gate, or the one that `cargo xtask crashes` wants.
    fn new(test: &'static str, changes: u64) -> Run {
        Run { test, seed: seed(), changes: changes * times() }
    }

    fn start(&self, folder: &Folder, seed: u64, limit: Option<u64>) -> Child {
        let test = match self.test {
            "killed" => "configuration::tests::crash::killed_at_any_moment",
            _ => "configuration::tests::crash::killed_at_any_byte",
        };
        let order = format!("{seed} {} {}", limit.unwrap_or(0), folder.0.display());
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture", "--test-threads", "1"])
            .env("STROWGER_CRASHES_WRITER", order)
            .stdout(Stdio::piped())
            .stderr(fs::File::create(folder.0.join(WRITER_SAID)).unwrap())
            .spawn()
            .unwrap()
    }
}

/// What the writer says when it fails.
const WRITER_SAID: &str = "writer.log";

/// What the writer shall do.
struct Order {
    seed: u64,
    /// No file may get longer; 0 for no limit.
    limit: u64,
    folder: PathBuf,
}

impl Order {
    fn given() -> Option<Order> {
        let order = std::env::var("STROWGER_CRASHES_WRITER").ok()?;
        let mut words = order.splitn(3, ' ');
        let mut number = || words.next().unwrap().parse().unwrap();
        Some(Order { seed: number(), limit: number(), folder: words.next().unwrap().into() })
    }

    /// Makes changes until somebody kills.
    fn obey(&self) -> ! {
        if self.limit > 0 {
            setrlimit(Resource::RLIMIT_CORE, 0, 0).unwrap();
            setrlimit(Resource::RLIMIT_FSIZE, self.limit, self.limit).unwrap();
        }
        let mut writer = Writer(Rng::new(self.seed));
        let (mut store, _) = ConfigurationStore::open(&self.folder, at(30), writer.id()).unwrap();
        loop {
            let change = writer.next(&store);
            let head = store.commit(change, at(40)).unwrap();
            say(head);
            if let Some(trial) = store.trial() {
                say(store.confirm(trial.sequence, writer.id(), "writer", at(50)).unwrap());
            }
        }
    }
}

fn say(head: Head) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "accepted {} {:#}", head.sequence, head.state).unwrap();
    out.flush().unwrap();
}

fn accepted(line: &str) -> Option<Accepted> {
    // The test program has lines of its own, and may have begun one.
    let (sequence, state) = line.split_once("accepted ")?.1.split_once(' ')?;
    Some((sequence.parse().ok()?, state.to_owned()))
}

/// The purposes are all there, or the crashes show nothing of trials.
#[test]
fn the_writer_tries_and_confirms() {
    let folder = Folder::new("writer");
    let mut writer = Writer(Rng::new(1));
    let mut store = folder.open();
    let mut trials = 0;
    for _ in 0..40 {
        let change = writer.next(&store);
        trials += usize::from(matches!(change.purpose, Purpose::Trial { .. }));
        store.commit(change, at(40)).unwrap();
        if let Some(trial) = store.trial() {
            store.confirm(trial.sequence, writer.id(), "writer", at(50)).unwrap();
        }
    }
    assert!(trials > 0 && store.state().len() > 10, "{trials} trials, {} objects", store.state().len());
}
