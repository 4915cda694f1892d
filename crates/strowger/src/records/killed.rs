//! Kill -9 while records go from the spool into files, and files to whoever gets them: each row is in one file afterwards, and each file is due until it was
//! delivered.
//!
//! The writer is this test program again: it makes rows of their numbers, closes a segment every few rows, brings it into the repository and delivers, as
//! fast as it can, until it is killed.

use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use strowger_base::{Rng, WallTime};
use strowger_cdr::file::Reader;
use strowger_cdr::{Cdr, RecordKind};

use super::feeding::Feeding;
use super::repository::{Consumer, Repository};
use super::spool::Spool;

const ORDER: &str = "STROWGER_KILLED_RECORDS";
const DUE: [Consumer; 2] = [Consumer::Destination(1), Consumer::Analysis];
const LIVES: u32 = 200;
const ROWS_OF_SEGMENT: u64 = 3;

fn row(number: u64) -> Cdr {
    Cdr { global_call_id_call_id: i64::try_from(number).unwrap(), ..Cdr::default() }
}

#[test]
fn each_row_is_in_one_file_and_each_file_is_delivered() {
    if let Ok(folder) = std::env::var(ORDER) {
        write_until_killed(Path::new(&folder));
    }
    let folder = Folder(std::env::temp_dir().join(format!("strowger-killed-{}", std::process::id())));
    let _ = fs::remove_dir_all(&folder.0);
    fs::create_dir_all(&folder.0).unwrap();
    let mut rng = Rng::new(1);
    let (mut said, mut idle) = (0, 0);
    for life in 0..LIVES {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", TEST, "--nocapture", "--test-threads", "1"])
            .env(ORDER, &folder.0)
            .stdout(Stdio::piped())
            .stderr(fs::File::create(folder.0.join("writer.log")).unwrap())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let before = said;
        for _ in 0..1 + rng.below(6) {
            said = lines.next().and_then(|line| durable(&line.unwrap())).unwrap_or(said).max(said);
        }
        std::thread::sleep(Duration::from_micros(rng.below(8_000)));
        child.kill().unwrap();
        child.wait().unwrap();
        said = lines.filter_map(|line| durable(&line.unwrap())).fold(said, u64::max);
        idle = if said > before { 0 } else { idle + 1 };
        let log = || fs::read_to_string(folder.0.join("writer.log")).unwrap_or_default();
        assert!(idle < 20, "life {life}: the writer gets nowhere behind row {before}: {}", log());
    }
    let mut writer = Writer::open(&folder.0);
    writer.cut();
    writer.deliver();
    let rows = writer.spool.spooler.journal();
    assert!(rows >= said, "{said} rows were durable, {rows} are there");
    let mut numbers = Vec::new();
    let mut names = Vec::new();
    for stored in writer.repository.files().unwrap() {
        assert!(stored.processed, "{} was delivered to everybody", stored.name);
        let bytes = writer.repository.read(&stored.name).unwrap();
        let read = Reader::<Cdr>::new(&bytes).unwrap();
        numbers.extend(read.map(|row| row.unwrap().global_call_id_call_id));
        names.push(stored.name.to_string());
    }
    let expect: Vec<_> = (1..=rows).map(|number| row(number).global_call_id_call_id).collect();
    assert!(numbers == expect, "{} of {rows} rows, or some twice, or in another order", numbers.len());
    for consumer in DUE {
        assert!(writer.repository.due(consumer).unwrap().is_empty());
        let text = fs::read_to_string(arrivals(&folder.0, consumer)).unwrap();
        let arrived: Vec<&str> = text.lines().collect();
        // Who was killed between an arrival and its note delivers that file again, and at once.
        let mut once = arrived.clone();
        once.dedup();
        assert!(once == names, "{} files, {} arrived", names.len(), once.len());
        assert!(arrived.len() - once.len() <= LIVES as usize);
    }
    // Nothing is left of what was on its way.
    assert_eq!(fs::read_dir(folder.0.join("cdr")).unwrap().count(), 1);
    assert_eq!(fs::read_dir(folder.0.join("cdr_repository/tmp")).unwrap().count(), 0);
}

const TEST: &str = "records::killed::each_row_is_in_one_file_and_each_file_is_delivered";

/// Goes when the test ends.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

struct Writer {
    folder: PathBuf,
    repository: Repository,
    spool: Spool,
    feeding: Feeding,
}

impl Writer {
    fn open(folder: &Path) -> Writer {
        let repository = Repository::open(folder).unwrap();
        let (spool, closed) = Spool::open(folder, 7, 0).unwrap();
        let head = spool.spooler.head();
        let mut feeding = Feeding::new(1, (head.epoch, head.segment), closed, &repository).unwrap();
        feeding.bring(&repository, "lab", &DUE).unwrap();
        Writer { folder: folder.to_owned(), repository, spool, feeding }
    }

    /// Adds rows, and says up to which the disk has them.
    fn add(&mut self) {
        for _ in 0..ROWS_OF_SEGMENT {
            let number = self.spool.spooler.journal() + 1;
            self.spool.spooler.row(number, RecordKind::Cdr, &row(number));
        }
        self.spool.sync().unwrap();
        let mut out = std::io::stdout().lock();
        writeln!(out, "durable {}", self.spool.spooler.journal()).unwrap();
        out.flush().unwrap();
    }

    fn cut(&mut self) {
        let at = WallTime::from_micros((1_777_896_180 + self.spool.spooler.head().segment) * 1_000_000);
        self.feeding.put(self.spool.cut(at).unwrap());
        self.feeding.bring(&self.repository, "lab", &DUE).unwrap();
    }

    fn deliver(&self) {
        for consumer in DUE {
            let mut options = fs::File::options();
            let mut there = options.create(true).append(true).open(arrivals(&self.folder, consumer)).unwrap();
            for name in self.repository.due(consumer).unwrap() {
                there.write_all(format!("{name}\n").as_bytes()).unwrap();
                self.repository.delivered(consumer, &name).unwrap();
            }
        }
    }
}

fn write_until_killed(folder: &Path) -> ! {
    let mut writer = Writer::open(folder);
    loop {
        writer.add();
        writer.cut();
        writer.deliver();
    }
}

fn arrivals(folder: &Path, consumer: Consumer) -> PathBuf {
    folder.join(format!("arrived-{consumer:?}"))
}

fn durable(line: &str) -> Option<u64> {
    line.split_once("durable ")?.1.parse().ok()
}
