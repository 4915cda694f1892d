//! `cargo xtask bench cdr`: what call records cost to write and to load, and how fast questions about them are answered.
//!
//! A server of the release build imports made-up files over the socket in its data folder, as `strowger cdr import` sends them; then it is asked as an
//! operator asks. The times are those of the command, its start among them.

mod writing;

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use super::cost;
use crate::e2e::server::Server;
use crate::workspace;

const USAGE: &str = "\
usage: cargo xtask bench cdr [--debug] [--rows N]

Calls with and without records of them; import of N call records (1,000,000 when it is not said; rounded up to whole files of 10,000), and searches and reports over them.
Fails when a question takes more than 10 s at 10,000,000 rows and below. --debug plays with the ordinary build, to try this out: its figures say nothing.
";

/// `cargo xtask bench cdr …`.
///
/// # Errors
/// A question takes too long, is answered wrongly, or the program does not run.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let is_debug = arguments.first().is_some_and(|argument| argument == "--debug");
    let arguments = if is_debug { &arguments[1..] } else { arguments };
    let rows: u64 = match arguments {
        [] => 1_000_000,
        [option, number] if option == "--rows" => {
            number.parse().map_err(|error| format!("{option} {number}: {error}"))?
        }
        _ => return Err(USAGE.into()),
    };
    let profile = workspace::played(if is_debug { "debug" } else { "release" });
    let build = ["build", "--quiet", "--bin", "strowger", "--profile", profile];
    let status = workspace::cargo().args(build).status();
    if !status.is_ok_and(|status| status.success()) {
        return Err("the build failed".into());
    }
    let folder = workspace::target().join("bench/cdr");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    println!("cdr: {rows} call records, load average {:.2}", cost::load());
    if !is_debug {
        writing::run(&folder)?;
    }
    let data = folder.join("data");
    let mut server = Server::lab_in(&folder, &data, &[])?;
    let loaded = import(&folder, &server, rows)?;
    let seconds = loaded.took.as_secs_f64();
    println!(
        "  import   {} rows of {} bytes in {seconds:.1} s: {:.0} rows a second, {:.1} µs of the server's processor each",
        loaded.rows,
        loaded.bytes / loaded.rows.max(1),
        loaded.rows as f64 / seconds,
        loaded.processor * 1e6 / loaded.rows as f64
    );
    let size = |name: &str| std::fs::metadata(data.join(name)).map_or(0, |file| file.len());
    let stored = size("cdr.db") + size("cdr.db-wal");
    println!("           {:.0} bytes for each row in the database", stored as f64 / loaded.rows as f64);
    let rates = folder.join("rates.csv");
    std::fs::write(&rates, RATES).map_err(|error| error.to_string())?;
    server.ask(&["cdr", "rates", &rates.to_string_lossy()])?;
    let slowest = questions(&server, loaded.rows)?;
    server.process.signal("TERM");
    server.process.wait(Duration::from_secs(20))?;
    let _ = std::fs::remove_dir_all(&folder);
    if slowest > Duration::from_secs(10) && rows <= 10_000_000 {
        return Err(format!("a question took {:.1} s, and not 10", slowest.as_secs_f64()));
    }
    Ok(())
}

struct Loaded {
    rows: u64,
    bytes: u64,
    took: Duration,
    processor: f64,
}

/// Imports files a few at a time: all of them would have more room on the disk than the rows.
fn import(folder: &Path, server: &Server, rows: u64) -> Result<Loaded, String> {
    let mut maker = Maker::new()?;
    let files = folder.join("files");
    let mut loaded = Loaded { rows: 0, bytes: 0, took: Duration::ZERO, processor: 0.0 };
    while loaded.rows < rows {
        let _ = std::fs::remove_dir_all(&files);
        std::fs::create_dir_all(&files).map_err(|error| error.to_string())?;
        let mut written = 0;
        while written < FILES_AT_ONCE * ROWS && loaded.rows + written < rows {
            let (calls, heard) = maker.files();
            loaded.bytes += (calls.len() + heard.len()) as u64;
            for (kind, text) in [("cdr", calls), ("cmr", heard)] {
                let name = format!("{kind}_Bench_01_202605041203_{}", maker.made);
                std::fs::write(files.join(name), text).map_err(|error| error.to_string())?;
            }
            written += ROWS;
        }
        let before = cost::of(server.process.id()).cpu_seconds;
        let begin = Instant::now();
        let answer = server.ask(&["cdr", "import", &files.to_string_lossy()])?;
        loaded.took += begin.elapsed();
        loaded.processor += cost::of(server.process.id()).cpu_seconds - before;
        if answer["rows"].as_u64() != Some(written + written / HEARD * 2) {
            return Err(format!("{written} rows were imported: {answer}"));
        }
        loaded.rows += written;
    }
    let _ = std::fs::remove_dir_all(&files);
    Ok(loaded)
}

/// Asks, and prints how long each answer took; the longest.
fn questions(server: &Server, rows: u64) -> Result<Duration, String> {
    let day = ["--since", "2026-05-04", "--until", "2026-05-05"];
    let newest = server.ask(&["cdr", "search", "--limit", "1"])?;
    let key = newest["calls"][0]["pkid"].as_str().ok_or("no call is found")?.to_owned();
    let asked: [(&str, Vec<&str>); 18] = [
        ("a row by its key", vec!["show", &key]),
        ("newest 50", vec!["search"]),
        ("a busy number", vec!["search", "--number", "20001"]),
        ("a number inside that is rare", vec!["search", "--number", "39990"]),
        ("a number outside", vec!["search", "--number", "00491000123"]),
        ("a number that never was", vec!["search", "--number", "999"]),
        ("numbers with a beginning", vec!["search", "--to", "0049100012*"]),
        (
            "a device, a cause, a day",
            [&["search", "--device", "TRUNK_3", "--cause", "34"][..], &day].concat(),
        ),
        ("much lost, hardly any", vec!["search", "--lost-over", "50%"]),
        ("a million numbers, not answered", vec!["search", "--to", "0049*", "--unanswered"]),
        ("top talkers, with what they cost", vec!["report", "top-talkers"]),
        ("how devices sounded", vec!["report", "quality"]),
        ("those who called a million numbers", vec!["report", "top-talkers", "--to", "0049*"]),
        ("causes", vec!["report", "causes"]),
        ("busy hours", vec!["report", "busy-hours", "--zone", "Europe/Berlin"]),
        ("durations of a number", vec!["report", "durations", "--number", "20001"]),
        ("utilisation", vec!["report", "utilisation"]),
        ("causes of a day", [&["report", "causes"][..], &day].concat()),
    ];
    let mut slowest = Duration::ZERO;
    for (what, words) in asked {
        let words: Vec<&str> = [&["cdr"][..], &words].concat();
        let mut times = Vec::new();
        let mut found = String::new();
        for _ in 0..ROUNDS {
            let begin = Instant::now();
            let answer = server.ask(&words)?;
            times.push(begin.elapsed());
            found = match (answer["calls"].as_array(), answer["all"]["calls"].as_u64()) {
                (Some(calls), _) => format!("{} calls", calls.len()),
                (None, Some(calls)) => format!("of {calls} calls"),
                (None, None) if words.get(1) == Some(&"show") => "its columns".to_owned(),
                (None, None) => return Err(format!("{what}: {answer}")),
            };
            let counts_all = words.len() == 3 || what == "busy hours";
            if words.get(1) == Some(&"report") && counts_all && answer["all"]["calls"] != rows {
                return Err(format!("{what}: {rows} calls, and not {}", answer["all"]["calls"]));
            }
        }
        times.sort();
        let median = times.get(ROUNDS / 2).copied().unwrap_or_default();
        println!("  {what:<36} {:>8.0} ms  {found}", median.as_secs_f64() * 1e3);
        slowest = slowest.max(median);
    }
    Ok(slowest)
}

/// Makes files: 20,000 numbers inside of which some call more, a million outside, ten calls a second; of every tenth call both sides say how it sounded.
struct Maker {
    calls: Form,
    heard: Form,
    random: u64,
    made: u64,
}

/// A file in which some columns differ from row to row.
struct Form {
    header: String,
    row: Vec<String>,
    places: Vec<usize>,
}

impl Form {
    /// As this sample has them.
    fn of(sample: &str, columns: &[&str]) -> Result<Self, String> {
        let sample = workspace::root().join("crates/cdr/testdata/cucm").join(sample);
        let sample = std::fs::read_to_string(sample).map_err(|error| error.to_string())?;
        let mut lines = sample.lines();
        let (Some(names), Some(types), Some(row)) = (lines.next(), lines.next(), lines.next()) else {
            return Err("the sample has no row".into());
        };
        let known: Vec<&str> = names.split(',').map(|name| name.trim_matches('"')).collect();
        let place =
            |wanted: &&str| known.iter().position(|name| name == wanted).ok_or(format!("no column {wanted}"));
        let places = columns.iter().map(place).collect::<Result<Vec<usize>, String>>()?;
        let row = row.split(',').map(str::to_owned).collect();
        Ok(Form { header: format!("{names}\n{types}\n"), row, places })
    }

    fn write(&mut self, text: &mut String, values: impl IntoIterator<Item = String>) {
        for (place, value) in self.places.iter().zip(values) {
            self.row[*place] = value;
        }
        let _ = writeln!(text, "{}", self.row.join(","));
    }
}

/// A key as files have it.
fn key(random: u64, number: u64) -> String {
    let key = format!("{:032x}", u128::from(random) << 64 | u128::from(number));
    format!("\"{}-{}-{}-{}-{}\"", &key[..8], &key[8..12], &key[12..16], &key[16..20], &key[20..])
}

const HEARD_COLUMNS: [&str; 9] = [
    "globalCallID_callId",
    "callIdentifier",
    "dateTimeStamp",
    "numberPacketsReceived",
    "numberPacketsLost",
    "jitter",
    "latency",
    "pkid",
    "deviceName",
];

/// Columns of calls that differ from row to row.
const COLUMNS: [&str; 14] = [
    "globalCallID_callId",
    "origLegCallIdentifier",
    "destLegIdentifier",
    "dateTimeOrigination",
    "callingPartyNumber",
    "originalCalledPartyNumber",
    "finalCalledPartyNumber",
    "destCause_value",
    "dateTimeConnect",
    "dateTimeDisconnect",
    "pkid",
    "duration",
    "origDeviceName",
    "destDeviceName",
];

impl Maker {
    fn new() -> Result<Self, String> {
        Ok(Maker {
            calls: Form::of("cdr_StrowgerLab_02_202605041203_1001", &COLUMNS)?,
            heard: Form::of("cmr_StrowgerLab_02_202605041203_1002", &HEARD_COLUMNS)?,
            random: 0x9e37_79b9_7f4a_7c15,
            made: 0,
        })
    }

    /// A number below this one.
    fn below(&mut self, end: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 11) % end
    }

    /// A file of calls, and one of how some of them sounded.
    fn files(&mut self) -> (String, String) {
        let (mut text, mut heard) = (self.calls.header.clone(), self.heard.header.clone());
        for _ in 0..ROWS {
            self.made += 1;
            let number = self.made;
            let inside = |maker: &mut Self| maker.below(20_000).min(maker.below(20_000));
            let (calling, is_outside) = (inside(self), self.below(2) == 0);
            let (called, device) = match is_outside {
                true => (
                    format!("0049{}", 1_000_000 + self.below(1_000_000)),
                    format!("TRUNK_{}", self.below(12)),
                ),
                false => {
                    let called = inside(self);
                    (format!("{}", 20_000 + called), format!("SEP{called:012X}"))
                }
            };
            let is_answered = self.below(10) < 7;
            let seconds = if is_answered { self.below(60) * self.below(20) } else { 0 };
            let cause = if is_answered { 16 } else { [17, 19, 1, 34][self.below(4) as usize] };
            let at = FIRST + number / 10;
            let connect = if is_answered { at + 5 } else { 0 };
            let values = [
                (number % 16_777_216).to_string(),
                (number * 2).to_string(),
                (number * 2 + 1).to_string(),
                at.to_string(),
                format!("\"{}\"", 20_000 + calling),
                format!("\"{called}\""),
                format!("\"{called}\""),
                cause.to_string(),
                connect.to_string(),
                (at + 5 + seconds).to_string(),
                key(self.below(u64::MAX), number),
                seconds.to_string(),
                format!("\"SEP{calling:012X}\""),
                format!("\"{device}\""),
            ];
            self.calls.write(&mut text, values);
            if !number.is_multiple_of(HEARD) {
                continue;
            }
            for (leg, device) in
                [(number * 2, format!("\"SEP{calling:012X}\"")), (number * 2 + 1, format!("\"{device}\""))]
            {
                let lost = self.below(200).saturating_sub(190);
                let values = [
                    (number % 16_777_216).to_string(),
                    leg.to_string(),
                    (at + 5 + seconds).to_string(),
                    (seconds * 50).to_string(),
                    (lost * seconds / 10).to_string(),
                    self.below(12).to_string(),
                    self.below(60).to_string(),
                    key(self.below(u64::MAX), leg),
                    device,
                ];
                self.heard.write(&mut heard, values);
            }
        }
        (text, heard)
    }
}

const RATES: &str = "prefix,days,from,to,calls,currency,per_call,per_minute,increment\n0049,mon-fri,08:00,18:00,all,EUR,0.05,0.02,60\n0049,,,,all,EUR,,0.01,1\n00491000,,,,all,EUR,,0.12,1\n";

/// 2026-05-04.
const FIRST: u64 = 1_777_852_800;
const ROWS: u64 = 10_000;
/// One of so many calls has records of how it sounded.
const HEARD: u64 = 10;
const FILES_AT_ONCE: u64 = 20;
const ROUNDS: usize = 3;
