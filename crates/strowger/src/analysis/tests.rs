use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use strowger_cdr::analysis::{Cell, ReportKind, Sheet, Talker};

use super::*;
use crate::records::repository::{self, Consumer, Repository};

/// Goes when the test ends.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn folder(name: &str) -> Folder {
    let path = std::env::temp_dir().join(format!("strowger-analysis-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    Folder(path)
}

fn hub() -> Arc<Hub> {
    Hub::new(1)
}

/// The samples, in the order of their names or the other way round.
fn samples(is_turned: bool) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cdr/testdata/cucm");
    let mut files: Vec<(String, Vec<u8>)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .filter(|(name, _)| !name.ends_with(".yaml"))
        .collect();
    files.sort();
    if is_turned {
        files.reverse();
    }
    files
}

fn loaded(folder: &Folder, is_turned: bool) -> (Analysis, database::Database) {
    let mut database = database::Database::open(&folder.0).unwrap();
    for (name, bytes) in samples(is_turned) {
        let loaded = database.together(|database| database.load(&name, &bytes, 0)).unwrap().unwrap();
        assert_eq!((loaded.wrong, loaded.known, &*loaded.problems), (0, 0, &[][..]), "{name}");
    }
    (Analysis::new(&folder.0, || None, hub()).0, database)
}

fn column(sheet: &Sheet, name: &str) -> Vec<String> {
    let place = sheet.columns.iter().position(|column| *column == name).unwrap();
    sheet.rows.iter().map(|row| row[place].to_string()).collect()
}

/// The calls that a filter finds, by their ids.
fn found(analysis: &Analysis, filter: Filter) -> Vec<String> {
    let found = analysis.search(&filter, None, 100).unwrap();
    column(&found.sheet, "call")
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn the_samples_are_loaded_once_whichever_comes_first() {
    for is_turned in [false, true] {
        let folder = folder(if is_turned { "turned" } else { "straight" });
        let (analysis, mut database) = loaded(&folder, is_turned);
        for (name, bytes) in samples(false) {
            let again = database.together(|database| database.load(&name, &bytes, 0)).unwrap().unwrap();
            assert!(again.again && again.rows == 0, "{name}");
            // Under another name the rows are known by their keys.
            let other = database.together(|database| database.load("other", &bytes, 0)).unwrap().unwrap();
            assert_eq!((other.again, other.rows), (false, 0), "{name}");
            assert!(other.known > 0, "{name}");
        }
        let all = analysis.search(&Filter::default(), None, 1000).unwrap();
        assert_eq!((all.sheet.rows.len(), all.next), (29, None));
        let times = column(&all.sheet, "at");
        assert!(times.is_sorted_by(|newer, older| newer >= older), "{times:?}");
        // How calls sounded, whether it was told before or after them; of two legs the worse.
        let lossy = Filter { lost_over: Some(100), ..Filter::default() };
        let lossy = analysis.search(&lossy, None, 10).unwrap().sheet;
        assert_eq!(column(&lossy, "call"), ["2/25449"]);
        assert_eq!(
            (column(&lossy, "lost_percent"), column(&lossy, "mos")),
            (vec!["3.87".to_owned()], vec!["3.70".to_owned()])
        );
    }
}

#[test]
fn calls_are_found_by_what_is_known_of_them() {
    let folder = folder("filters");
    let (analysis, _database) = loaded(&folder, false);
    let with = |filter: Filter| found(&analysis, filter);
    assert_eq!(with(Filter { number: text("18005550199"), ..Filter::default() }), ["3/9001"]);
    assert_eq!(with(Filter { from: text("18005550199"), ..Filter::default() }), [""; 0]);
    assert_eq!(with(Filter { to: text("1800*"), ..Filter::default() }), ["3/9002", "3/9001"]);
    assert_eq!(with(Filter { number: text("[1]8005550199"), ..Filter::default() }), [""; 0]);
    assert_eq!(with(Filter { number: text("nobody'; drop table call; --"), ..Filter::default() }), [""; 0]);
    assert_eq!(with(Filter { cause: Some(17), ..Filter::default() }), ["2/25451"]);
    // A response of SIP counts as the cause that it was taken for; a logical partition says 63.
    assert_eq!(with(Filter { cause: Some(63), ..Filter::default() }), ["3/9002"]);
    assert_eq!(with(Filter { device: text("VM_SIP_1"), ..Filter::default() }), ["2/25464"]);
    assert_eq!(with(Filter { min_seconds: Some(360), ..Filter::default() }), ["2/25460"]);
    let unanswered_to_trunk = Filter {
        device: text("TRK_CUBE1"),
        answered: Some(false),
        max_seconds: Some(0),
        ..Filter::default()
    };
    assert_eq!(with(unanswered_to_trunk), ["3/9002", "3/9001"]);
    let minute = Filter {
        since: Some(moment("2026-05-04T12:01").unwrap()),
        until: Some(moment("2026-05-04T12:01:06").unwrap()),
        ..Filter::default()
    };
    assert_eq!(with(minute), ["2/25448"]);
    assert_eq!(with(Filter { since: Some(i64::MAX), ..Filter::default() }), [""; 0]);
}

#[test]
fn pages_follow_each_other_without_a_gap() {
    let folder = folder("pages");
    let (analysis, _database) = loaded(&folder, false);
    let whole = column(&analysis.search(&Filter::default(), None, 1000).unwrap().sheet, "pkid");
    let (mut pages, mut before) = (Vec::new(), None);
    loop {
        let page = analysis.search(&Filter::default(), before, 7).unwrap();
        pages.extend(column(&page.sheet, "pkid"));
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(pages, whole);
}

#[test]
fn a_row_is_shown_as_it_was_written() {
    let folder = folder("show");
    let (analysis, _database) = loaded(&folder, false);
    let call = analysis.show(Wanted::Call { node: Some(2), call: 25448 }).unwrap();
    assert_eq!(call.iter().map(|row| row.kind).collect::<Vec<_>>(), ["cdr", "cmr", "cmr"]);
    let value = |row: usize, name: &str| {
        let shown = serde_json::to_value(&call[row].columns).unwrap();
        let column = shown.as_array().unwrap().iter().find(|column| column["name"] == name).cloned().unwrap();
        (
            column["value"].as_str().unwrap().to_owned(),
            column["meaning"].as_str().unwrap_or_default().to_owned(),
        )
    };
    assert_eq!((call[0].columns.len(), call[1].columns.len()), (133, 48));
    assert_eq!(value(0, "destCause_value"), ("16".to_owned(), "normal call clearing".to_owned()));
    assert_eq!(value(1, "numberPacketsSent").0, "3250");
    let pkid = value(0, "pkid").0.parse().unwrap();
    let row = analysis.show(Wanted::Row(pkid)).unwrap();
    assert_eq!((row.len(), row[0].columns.len()), (1, 133));
    assert!(analysis.show(Wanted::Call { node: Some(9), call: 25448 }).unwrap().is_empty());
    assert!(analysis.show(Wanted::Row(strowger_cdr::record::Pkid(1))).unwrap().is_empty());
}

#[test]
fn reports_count_every_call_once() {
    let folder = folder("reports");
    let (analysis, mut database) = loaded(&folder, false);
    let table = b"prefix,name,currency,per_minute,increment\n1,North America,USD,0.60,6\n";
    check_rates(table).unwrap();
    database.together(|database| database.set("rates", Some(table))).unwrap();
    let all = Filter::default();
    for kind in [
        ReportKind::TopTalkers(Talker::Calling),
        ReportKind::Causes,
        ReportKind::Durations,
        ReportKind::BusyHours,
        ReportKind::Utilisation,
        ReportKind::Quality,
    ] {
        let report = analysis.report(&all, kind, 100, None).unwrap();
        assert_eq!((report.counted.calls, report.counted.seconds), (29, 1168), "{kind:?}");
        assert!(report.counted.without_rate.calls > 0, "numbers of other beginnings have no rate");
        // 6 s and 120 s to the trunk.
        assert_eq!(report.counted.costs.to_string(), "1.26 USD", "{kind:?}");
        let counted = matches!(kind, ReportKind::Causes | ReportKind::Durations | ReportKind::BusyHours);
        let sum: u64 = column(&report.sheet, "calls").iter().map(|calls| calls.parse::<u64>().unwrap()).sum();
        assert!(!counted || sum == 29, "{kind:?}: {sum}");
    }
    let causes = analysis.report(&all, ReportKind::Causes, 10, None).unwrap().sheet;
    assert!(
        causes.rows.iter().any(|row| row[..3] == [Cell::Whole(17), Cell::text("user busy"), Cell::Whole(1)])
    );
    let use_of = analysis.report(&all, ReportKind::Utilisation, 1, None).unwrap().sheet;
    assert_eq!(
        (column(&use_of, "device"), column(&use_of, "kind")),
        (vec!["TRK_CUBE1".to_owned()], vec!["trunk".to_owned()])
    );
    let one = Filter {
        number: text("14085550120"),
        min_seconds: Some(6),
        max_seconds: Some(6),
        ..Filter::default()
    };
    let priced = analysis.search(&one, None, 10).unwrap().sheet;
    assert_eq!(
        (column(&priced, "cost"), column(&priced, "rate")),
        (vec!["0.06".to_owned()], vec!["North America".to_owned()])
    );
    let hours = analysis
        .report(&all, ReportKind::BusyHours, 0, Some(&Zone::named("Europe/Berlin").unwrap()))
        .unwrap();
    let fourteen = hours.sheet.rows.iter().find(|row| row[0] == Cell::text("14:00")).unwrap();
    assert_ne!(fourteen[1], Cell::Whole(0), "12 o'clock UTC is 14 o'clock in Berlin in May");
}

#[test]
fn where_nothing_was_loaded_nothing_is_found() {
    let folder = folder("nothing");
    let analysis = Analysis::new(&folder.0, || None, hub()).0;
    assert!(found(&analysis, Filter::default()).is_empty());
    assert_eq!(analysis.report(&Filter::default(), ReportKind::Causes, 10, None).unwrap().counted.calls, 0);
    assert_eq!(analysis.overview().unwrap()["files"], 0);
    assert!(analysis.rates().unwrap().is_none());
    assert!(!database::Database::path(&folder.0).exists());
}

#[test]
fn wrong_rows_are_told_and_the_others_loaded() {
    let folder = folder("wrong");
    let mut database = database::Database::open(&folder.0).unwrap();
    let file = "\"cdrRecordType\",\"globalCallID_callManagerId\",\"globalCallID_callId\",\"origLegCallIdentifier\",\"dateTimeOrigination\",\"duration\"\n\
        INTEGER,INTEGER,INTEGER,INTEGER,INTEGER,INTEGER\n\
        1,1,10,5,1777896000,x\n1,1,11,6,1777896000,7\n1,1,12,7,-1,7\n1,1,11,6,1777896000,7\n1,1,13\n1,1,14,9,9223372036854775807,7\n";
    let loaded = database.together(|database| database.load("old", file.as_bytes(), 0)).unwrap().unwrap();
    // A release that writes no keys: the same row again is the same row.
    assert_eq!((loaded.rows, loaded.known, loaded.wrong), (1, 1, 4), "{:?}", loaded.problems);
    assert_eq!(loaded.problems[0], "line 3, column duration: \"x\": a whole number is expected");
    assert_eq!(loaded.problems[1], "line 5, column dateTimeOrigination: -1: seconds since 1970 are expected");
    let nonsense = database.together(|database| database.load("x", b"hello", 0)).unwrap();
    assert!(nonsense.is_err());
    let analysis = Analysis::new(&folder.0, || None, hub()).0;
    assert_eq!(found(&analysis, Filter::default()), ["1/11"]);
    let overview = analysis.overview().unwrap();
    assert_eq!((&overview["rows"], &overview["wrong_rows"]), (&1.into(), &4.into()));
}

#[test]
fn what_fails_half_way_leaves_nothing_behind() {
    let folder = folder("rollback");
    let mut database = database::Database::open(&folder.0).unwrap();
    let (name, bytes) = samples(false).remove(1);
    let failed = database.together(|database| {
        database.load(&name, &bytes, 0)?.unwrap();
        Err::<(), _>(rusqlite::Error::InvalidQuery)
    });
    assert!(failed.is_err());
    let analysis = Analysis::new(&folder.0, || None, hub()).0;
    assert!(found(&analysis, Filter::default()).is_empty());
    let loaded = database.together(|database| database.load(&name, &bytes, 0)).unwrap().unwrap();
    assert_eq!((loaded.rows, loaded.again), (7, false));
    assert_eq!(
        found(&analysis, Filter { number: text("2002"), cause: Some(16), ..Filter::default() }).len(),
        3
    );
}

#[test]
fn the_loader_takes_what_is_due_and_what_others_bring() {
    let folder = folder("loader");
    let repository = Repository::open(&folder.0).unwrap();
    let files = samples(false);
    let trans = folder.0.join("cdr_repository/trans");
    let put = |name: &str, bytes: &[u8]| fs::write(trans.join(name), bytes).unwrap();
    for (name, bytes) in &files[..2] {
        assert!(repository.accept(&name.parse().unwrap(), bytes, &[Consumer::Analysis]).unwrap());
    }
    let broken: strowger_cdr::FileName = "cdr_lab_01_202605041203_1".parse().unwrap();
    repository.accept(&broken, b"no records", &[Consumer::Analysis]).unwrap();
    // A file on a bad sector keeps no other one waiting either; memory that is not there is read as badly.
    let bad: strowger_cdr::FileName = "cdr_lab_01_202605041203_2".parse().unwrap();
    repository.accept(&bad, b"gone", &[Consumer::Analysis]).unwrap();
    let sector = folder.0.join("cdr_repository/preserve/20260504").join(bad.to_string());
    fs::remove_file(&sector).unwrap();
    std::os::unix::fs::symlink("/proc/self/mem", &sector).unwrap();
    // Each who brings files has a folder of his own.
    let users = [repository::incoming_of(&folder.0, "one"), repository::incoming_of(&folder.0, "other")];
    for (user, (name, bytes)) in users.iter().zip([&files[2], &("cdr_bad".to_owned(), b"bad".to_vec())]) {
        fs::create_dir_all(user).unwrap();
        fs::write(user.join(name), bytes).unwrap();
    }
    put("renamed.csv", &files[3].1);
    put("readme.txt", b"hello");
    put("half.tmp", &files[4].1);
    put(".hidden", &files[4].1);
    // A folder of the name of a file is no file; one that nobody may read keeps no other one waiting.
    std::os::unix::fs::symlink("nowhere", trans.join("cdr_aaa")).unwrap();
    // The clock of whoever wrote it says nothing.
    put(&files[5].0, &files[5].1);
    let ahead = SystemTime::now() + Duration::from_secs(3600);
    fs::File::options().write(true).open(trans.join(&files[5].0)).unwrap().set_modified(ahead).unwrap();
    let (analysis, mut loader) = Analysis::new(&folder.0, || None, hub());
    let begin = Instant::now();
    assert!(!loader.step(begin).unwrap());
    assert_eq!(analysis.overview().unwrap()["files"], 2, "what was brought may be written to yet");
    let later = begin + Duration::from_secs(100);
    assert!(!loader.step(later).unwrap());
    assert_eq!(analysis.overview().unwrap()["files"], 5);
    assert_eq!(repository.due(Consumer::Analysis).unwrap(), std::slice::from_ref(&bad));
    fs::remove_file(&sector).unwrap();
    fs::write(&sector, &files[4].1).unwrap();
    assert!(!loader.step(later).unwrap());
    assert_eq!(analysis.overview().unwrap()["files"], 6, "mended, it is loaded");
    assert!(repository.due(Consumer::Analysis).unwrap().is_empty());
    assert_eq!(fs::read_dir(&users[0]).unwrap().count(), 0);
    assert!(users[1].join("refused/cdr_bad").is_file());
    assert!(repository.files().unwrap().iter().all(|stored| stored.processed));
    let names = |folder: &Path| {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names(&trans), [".hidden", "cdr_aaa", "half.tmp", "loaded", "refused", "users"]);
    assert_eq!(
        (names(&trans.join("loaded")), names(&trans.join("refused"))),
        (vec!["renamed.csv".to_owned()], vec!["readme.txt".to_owned()])
    );
    // What was brought is kept among the files that everybody has, and is due to nobody.
    assert_eq!(repository.files().unwrap().len(), 6);
    assert!(repository.due(Consumer::Destination(1)).unwrap().is_empty());
}

#[test]
fn a_pattern_may_fit_any_number_of_words() {
    let folder = folder("wide");
    let mut database = database::Database::open(&folder.0).unwrap();
    let (_, bytes) = samples(false).remove(1);
    let sample = String::from_utf8(bytes).unwrap();
    let mut text_of = sample.lines().take(2).collect::<Vec<_>>().join("\n");
    let row = sample.lines().nth(2).unwrap();
    let called = found_column(&sample, "finalCalledPartyNumber");
    for number in 0..1000 {
        text_of += &format!(
            "\n{}",
            row.replace(&format!("\"{called}\""), &format!("\"0049{number:04}\"")).replacen(
                &found_column(&sample, "pkid")[..8],
                &format!("{number:08x}"),
                1
            )
        );
    }
    let loaded = database.together(|database| database.load("many", text_of.as_bytes(), 0)).unwrap().unwrap();
    assert_eq!((loaded.rows, loaded.wrong), (1000, 0), "{:?}", loaded.problems);
    let analysis = Analysis::new(&folder.0, || None, hub()).0;
    let count = |to: &str, from: Option<&str>| {
        let filter = Filter { to: text(to), from: from.and_then(text), ..Filter::default() };
        let searched = analysis.search(&filter, None, 5000).unwrap().sheet.rows.len();
        let counted = analysis.report(&filter, ReportKind::Causes, 10, None).unwrap().counted.calls;
        assert_eq!(searched as u64, counted, "{to}");
        searched
    };
    assert_eq!(count("0049*", None), 1000);
    assert_eq!(count("00490*", None), 1000);
    assert_eq!(count("0049?1??", None), 100);
    assert_eq!(count("004901*", None), 100);
    assert_eq!(count("0049020*", None), 10);
    assert_eq!(count("0049*", Some("*")), 1000);
    assert_eq!(count("0049*", Some("nobody")), 0);
}

/// What a column has in the first row of a file.
fn found_column(file: &str, name: &str) -> String {
    let mut lines = file.lines();
    let place = lines.next().unwrap().split(',').position(|column| column.trim_matches('"') == name).unwrap();
    lines.nth(1).unwrap().split(',').nth(place).unwrap().trim_matches('"').to_owned()
}

#[test]
fn a_device_is_judged_by_what_it_heard() {
    let folder = folder("heard");
    let (analysis, _database) = loaded(&folder, true);
    let devices = |folder: &Analysis| {
        let sheet = folder.report(&Filter::default(), ReportKind::Quality, 100, None).unwrap().sheet;
        let mut bad: Vec<(String, String, String)> = column(&sheet, "device")
            .into_iter()
            .zip(column(&sheet, "bad_calls"))
            .zip(column(&sheet, "worst_lost_percent"))
            .map(|((device, bad), lost)| (device, bad, lost))
            .filter(|(_, bad, _)| bad != "0")
            .collect();
        bad.sort();
        bad
    };
    let (orig, dest) =
        (devices(&analysis), analysis.show(Wanted::Call { node: Some(2), call: 25449 }).unwrap());
    assert_eq!(orig.len(), 1, "one side lost something: {orig:?}");
    assert_eq!(orig[0].2, "3.87");
    // The record of that says so itself.
    let lossy = dest.iter().filter(|row| row.kind == "cmr").find_map(|row| {
        let shown = serde_json::to_value(&row.columns).unwrap();
        let value = |name: &str| {
            let columns = shown.as_array().unwrap();
            let column = columns.iter().find(|column| column["name"] == name).unwrap();
            column["value"].as_str().unwrap().to_owned()
        };
        (value("numberPacketsLost") != "0").then(|| value("deviceName"))
    });
    assert_eq!(lossy.as_deref(), Some(&*orig[0].0));
}

#[test]
fn a_database_of_the_first_version_is_made_one_of_the_second() {
    let folder = folder("first-version");
    let (analysis, database) = loaded(&folder, false);
    let report = |analysis: &Analysis| {
        format!("{:?}", analysis.report(&Filter::default(), ReportKind::Quality, 100, None).unwrap().sheet)
    };
    let expect = (report(&analysis), found(&analysis, Filter::default()), analysis.overview().unwrap());
    drop(database);
    let before = rusqlite::Connection::open(database::Database::path(&folder.0)).unwrap();
    before
        .execute_batch(
            "alter table call drop column dest_lost; alter table call drop column dest_jitter;
             alter table call drop column dest_latency; alter table call drop column dest_mos;
             alter table call rename column orig_lost to lost; alter table call rename column orig_jitter to jitter;
             alter table call rename column orig_latency to latency; alter table call rename column orig_mos to mos;
             update call set lost = 999 where lost is not null;
             create table file_before (name text primary key, checksum integer not null, rows integer not null,
                 known integer not null, wrong integer not null, problem text, loaded integer not null) without rowid;
             insert into file_before select * from file; drop table file; alter table file_before rename to file;
             insert into setting values ('rates', cast('prefix,currency,per_minute' || char(10) || '1,USD,1' as blob));
             pragma user_version = 1;",
        )
        .unwrap();
    drop(before);
    let mut database = database::Database::open(&folder.0).unwrap();
    assert_eq!(
        expect,
        (report(&analysis), found(&analysis, Filter::default()), analysis.overview().unwrap())
    );
    assert!(analysis.rates().unwrap().unwrap().0.ends_with("1,USD,1"));
    let (name, bytes) = samples(false).remove(0);
    assert!(database.together(|database| database.load(&name, &bytes, 0)).unwrap().unwrap().again);
    // A file of the same name with something else in it is another file.
    let other =
        database.together(|database| database.load(&name, &bytes[..bytes.len() - 1], 0)).unwrap().unwrap();
    assert!(!other.again);
    // And what is newer than this program is left alone.
    rusqlite::Connection::open(database::Database::path(&folder.0))
        .unwrap()
        .pragma_update(None, "user_version", 3)
        .unwrap();
    let newer = database::Database::open(&folder.0).err().unwrap().to_string();
    assert!(newer.contains("newer version"), "{newer}");
}

#[test]
fn calls_are_forgotten_when_they_are_older_than_they_are_kept() {
    let folder = folder("forgotten");
    let (analysis, database) = loaded(&folder, false);
    drop(database);
    let rows = || {
        let database = rusqlite::Connection::open(database::Database::path(&folder.0)).unwrap();
        ["call", "quality", "word", "block", "trunk", "file"].map(|table| {
            database
                .query_row(&format!("select count(*) from {table}"), [], |row| row.get::<_, i64>(0))
                .unwrap()
        })
    };
    let before = rows();
    let second = moment("2026-05-04T12:21:40").unwrap();
    let old = analysis.search(&Filter { until: Some(second), ..Filter::default() }, None, 100).unwrap();
    let kept = found(&analysis, Filter { since: Some(second), ..Filter::default() });
    assert!(!old.sheet.rows.is_empty() && !kept.is_empty());
    let age = u64::try_from(super::query::now() - second).unwrap();
    let day = Duration::from_secs(86_400);
    let (forever, mut loader) = Analysis::new(&folder.0, || None, hub());
    assert!(!loader.step(Instant::now()).unwrap());
    assert_eq!(rows(), before);
    // Nothing is older than a day more than the oldest is.
    let (_, mut loader) = Analysis::new(&folder.0, move || Some(Duration::from_secs(age) + day), hub());
    assert!(!loader.step(Instant::now()).unwrap());
    assert_eq!(rows(), before);
    // There are minutes without calls before and after.
    let (_, mut loader) = Analysis::new(&folder.0, move || Some(Duration::from_secs(age)), hub());
    assert!(!loader.step(Instant::now()).unwrap());
    assert_eq!(found(&forever, Filter::default()), kept);
    let after = rows();
    assert!(after.iter().zip(before).all(|(after, before)| *after <= before), "{before:?} {after:?}");
    assert!(after[2] < before[2] && after[3] <= before[3], "{before:?} {after:?}");
    for row in column(&forever.search(&Filter::default(), None, 100).unwrap().sheet, "pkid") {
        assert_eq!(forever.show(Wanted::Row(row.parse().unwrap())).unwrap()[0].columns.len(), 133);
    }
    let (_, mut loader) = Analysis::new(&folder.0, || Some(Duration::from_secs(60)), hub());
    assert!(!loader.step(Instant::now()).unwrap());
    assert_eq!(rows(), [0; 6], "of what nobody has calls nothing is left");
}

#[test]
fn a_backup_has_the_rates_and_no_rows() {
    let folder = folder("copied");
    let (_, mut database) = loaded(&folder, false);
    let copies = folder.0.join("copies");
    fs::create_dir_all(&copies).unwrap();
    copy(&folder.0, &copies).unwrap();
    assert!(fs::read_dir(&copies).unwrap().next().is_none(), "without rates there is nothing to copy");
    let table = b"prefix,currency,per_minute\n1,USD,0.60\n";
    database
        .together(|database| {
            database.set("rates", Some(table))?;
            database.set("zone", Some(b"Europe/Berlin"))
        })
        .unwrap();
    copy(&folder.0, &copies).unwrap();
    let names: Vec<_> = fs::read_dir(&copies).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["cdr.db"]);
    let restored = Analysis::new(&copies, || None, hub()).0;
    let table = String::from_utf8(table.to_vec()).unwrap();
    assert_eq!(restored.rates().unwrap(), Some((table, "Europe/Berlin".to_owned())));
    assert!(found(&restored, Filter::default()).is_empty());
}

#[test]
fn a_user_is_who_was_logged_in_or_whose_device_it_is() {
    let folder = folder("users");
    let (analysis, _database) = loaded(&folder, false);
    let all = analysis.search(&Filter::default(), None, 100).unwrap().sheet;
    let device = column(&all, "orig_device")[0].clone();
    let of_device = found(&analysis, Filter { device: Some(device.clone()), ..Filter::default() });
    assert!(!of_device.is_empty());
    let owners = vec![("anna".to_owned(), device), ("bob".to_owned(), "SEP000000000000".to_owned())];
    let of = |user: &str| {
        found(&analysis, Filter { user: text(user), owners: owners.clone(), ..Filter::default() })
    };
    assert_eq!(of("anna"), of_device);
    assert_eq!(of("ann?"), of_device);
    assert_eq!(of("bob"), [""; 0]);
    assert_eq!(of("[a]nna"), [""; 0]);
}
