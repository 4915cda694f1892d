//! What is written of calls: each kind of call once, with the rows that it gives.

use std::collections::BTreeMap;

use strowger_base::CallId;
use strowger_base::journal::{Entry, Record};
use strowger_cdr::file::{header, line};
use strowger_cdr::record::Record as Row;
use strowger_cdr::{QualityRecords, Rules, words};

use super::Scenario;

/// Plays a file of scenarios; what stands below each is the rows of its calls.
fn check(file: &str, text: &str) {
    let (mut expected, mut actual) = (String::new(), String::new());
    let mut scenario: Option<Scenario> = None;
    let mut wants = Vec::new();
    let mut rules = usual();
    let over = |scenario: Option<Scenario>, rules: &Rules| {
        scenario.map(|scenario| rows_of(scenario, rules)).unwrap_or_default()
    };
    for line in text.lines() {
        expected.push_str(line);
        expected.push('\n');
        if line.starts_with(' ') || line.is_empty() {
            continue;
        }
        if line.starts_with("# ") {
            actual.push_str(&over(scenario.take(), &rules));
            if !actual.is_empty() {
                actual.push('\n');
            }
            wants.clear();
            rules = usual();
        }
        actual.push_str(line);
        actual.push('\n');
        if let Some(want) = line.strip_prefix("with ") {
            match want {
                "records name the member of a hunt" => rules.show_hunt_member = true,
                "no records of what took no time" => rules.zero_duration = false,
                _ => wants.push(want),
            }
        } else if !line.starts_with("# ") {
            // What displays show has its place in the other files.
            scenario.get_or_insert_with(|| Scenario::new(&wants)).plays(line);
        }
    }
    actual.push_str(&over(scenario, &rules));
    if std::env::var_os("BLESS").is_some() {
        let path = format!("{}/scenarios/{file}", env!("CARGO_MANIFEST_DIR"));
        std::fs::write(path, &actual).expect("the file can be written");
        return;
    }
    assert!(actual == expected, "{file} differs; it went like this:\n-----\n{actual}-----\n");
}

/// Everything is written.
fn usual() -> Rules {
    Rules {
        cluster: "StrowgerLab".into(),
        calls: true,
        zero_duration: true,
        quality: QualityRecords::WithCalls,
        show_hunt_member: false,
    }
}

fn rows_of(mut scenario: Scenario, rules: &Rules) -> String {
    scenario.goes_home();
    let journal = scenario.world.disk.journal();
    let records: Vec<Record<'_>> = journal.iter().map(|it| Record::decode(it).expect("a record")).collect();
    let mut text = String::new();
    let mut calls: BTreeMap<CallId, Vec<Record<'_>>> = BTreeMap::new();
    for record in records {
        let call = record.call.or_else(|| {
            let leg = record.leg?;
            calls
                .iter()
                .rev()
                .find(|(_, own)| own.iter().any(|it| it.leg == Some(leg)))
                .map(|(call, _)| *call)
        });
        let Some(call) = call else { continue };
        let ends = matches!(record.entry, Entry::Call(_));
        let own = calls.entry(call).or_default();
        own.push(record);
        if ends {
            text.push_str(&rules.call(own).map(|row| shown("CDR", &row)).unwrap_or_default());
        } else {
            text.push_str(&rules.quality(own).map(|row| shown("CMR", &row)).unwrap_or_default());
        }
    }
    text
}

/// A row: its columns that say something, each with what it means.
fn shown<R: Row>(title: &str, row: &R) -> String {
    let file = format!("{}{}\n", header::<R>(), line(row));
    let lines: Vec<&str> = file.lines().collect();
    let values = fields(lines[2]);
    let mut text = format!("\n    {title}\n");
    for (column, value) in R::COLUMNS.iter().zip(values) {
        if value.is_empty()
            || value == "0"
            || matches!(column.name, "cdrRecordType" | "globalCallId_ClusterID")
        {
            continue;
        }
        // All times are some seconds after the simulator's beginning.
        let meaning =
            words::meaning(column.name, value).map(|words| format!("  ({words})")).unwrap_or_default();
        text.push_str(&format!("      {} {value}{meaning}\n", column.name));
    }
    text
}

/// The fields of a line, without quotes. None of these has a comma in it.
fn fields(line: &str) -> Vec<&str> {
    line.split(',').map(|field| field.trim_matches('"')).collect()
}

#[test]
fn each_kind_of_call_gives_its_rows() {
    check("records.txt", include_str!("../../../scenarios/records.txt"));
    check("records-sent-on.txt", include_str!("../../../scenarios/records-sent-on.txt"));
}
