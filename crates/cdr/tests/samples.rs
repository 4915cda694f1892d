//! Files as CUCM writes them: each is read to what its description says, and written again as it was.

use std::collections::BTreeMap;

use serde_json::Value;
use strowger_cdr::address::address_of;
use strowger_cdr::cause::CauseCode;
use strowger_cdr::file::{FileError, Reader, header, line};
use strowger_cdr::record::{Record, ValueError};
use strowger_cdr::{Cdr, Cmr, FileName, RecordKind};

const SAMPLES: [(&str, &str); 6] = [
    (
        "cdr_StrowgerLab_02_202605041203_1001",
        include_str!("../testdata/cucm/cdr_StrowgerLab_02_202605041203_1001"),
    ),
    (
        "cdr_StrowgerLab_02_202605041213_1004",
        include_str!("../testdata/cucm/cdr_StrowgerLab_02_202605041213_1004"),
    ),
    (
        "cdr_StrowgerLab_03_202605041216_517",
        include_str!("../testdata/cucm/cdr_StrowgerLab_03_202605041216_517"),
    ),
    (
        "cdr_StandAloneCluster_01_202605041230_9",
        include_str!("../testdata/cucm/cdr_StandAloneCluster_01_202605041230_9"),
    ),
    (
        "cmr_StrowgerLab_02_202605041203_1002",
        include_str!("../testdata/cucm/cmr_StrowgerLab_02_202605041203_1002"),
    ),
    (
        "cmr_StrowgerLab_03_202605041216_518",
        include_str!("../testdata/cucm/cmr_StrowgerLab_03_202605041216_518"),
    ),
];

fn described() -> Value {
    let text = include_str!("../testdata/cucm/expected.yaml");
    serde_saphyr::from_str(text).expect("the description is YAML")
}

fn records<R: Record>(name: &str, text: &str) -> Vec<R> {
    let reader = Reader::<R>::new(text.as_bytes()).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(reader.unknown_columns(), 0, "{name}");
    reader.map(|record| record.unwrap_or_else(|error| panic!("{name}: {error}"))).collect()
}

fn utc(seconds: i64) -> String {
    let at = strowger_base::WallTime::from_micros(seconds as u64 * 1_000_000);
    at.to_string().replace(".000Z", "Z")
}

/// What the description calls a fact of a record, as it is in one.
fn fact(it: &Cdr, name: &str) -> Option<Value> {
    let number = |number: i64| Some(Value::from(number));
    let text = |text: &str| Some(Value::from(text));
    let cleared = match (it.orig_cause_value, it.dest_cause_value) {
        (0, _) => "called",
        _ => "calling",
    };
    let cause =
        CauseCode::of(if it.orig_cause_value == 0 { it.dest_cause_value } else { it.orig_cause_value });
    match name {
        "call" => number(it.global_call_id_call_id),
        "from" => text(&it.calling_party_number),
        "to" => text(&it.final_called_party_number),
        "seconds" => number(it.duration),
        "origin_utc" => text(&utc(it.date_time_origination)),
        "orig_ip" if it.orig_ip_addr == 0 => text(&it.orig_ipv4v6_addr),
        "orig_ip" => text(&address_of(it.orig_ip_addr)?.to_string()),
        "dest_ip" => text(&address_of(it.dest_ip_addr)?.to_string()),
        "orig_ip_raw" => number(it.orig_ip_addr),
        "cleared_by" => text(cleared),
        "answered" => Some(Value::from(it.date_time_connect != 0)),
        "billable" => Some(Value::from(it.duration > 0)),
        "zero_duration" => Some(Value::from(it.duration == 0)),
        "cause" => number(i64::from(cause.q850()?)),
        "q850" => number(i64::from(cause.q850()?)),
        "cause_family" => match cause {
            CauseCode::Sip { status, .. } => text(&format!("SIP {status}")),
            other => text(&format!("{other:?}")),
        },
        "dest_cause" => number(it.dest_cause_value),
        "unsigned" => number(i64::from(it.dest_cause_value as i32 as u32)),
        "dest_leg" => number(it.dest_leg_identifier),
        "orig_conversation" => number(it.orig_conversation_id),
        "dest_video_kbps" => number(it.dest_video_cap_bandwidth),
        "secured" => text(["none", "authenticated", "encrypted"][it.call_secured_status as usize]),
        "video" => text(if it.orig_video_cap_codec == 103 { "H.264" } else { "other" }),
        "codec" => text(if it.orig_media_cap_payload_capability == 11 { "G.729" } else { "other" }),
        "flag" => text(if &*it.comment == "callFlag=MALICIOUS" { "malicious" } else { "none" }),
        "authorization" => Some(serde_json::json!({
            "name": &*it.auth_code_description,
            "level": it.authorization_level,
            "matter": &*it.client_matter_code,
        })),
        // Words for people.
        "meaning" | "note" | "kind" => None,
        other => panic!("the description has {other}, which nothing here checks"),
    }
}

#[test]
fn every_sample_is_read_to_what_its_description_says() {
    let described = described();
    let files = described["files"].as_object().expect("files");
    assert_eq!(files.len(), SAMPLES.len());
    for (name, text) in SAMPLES {
        let expect = &files[name];
        let file: FileName = name.parse().expect("a name");
        assert_eq!(expect["kind"].as_str(), Some(file.kind.word()), "{name}");
        assert_eq!(expect["node"].as_u64(), Some(u64::from(file.node)), "{name}");
        assert_eq!(expect["sequence"].as_u64(), Some(file.sequence), "{name}");
        let columns = text.lines().next().unwrap_or_default().split(',').count() as u64;
        assert_eq!(expect["columns"].as_u64(), Some(columns), "{name}");
        let count = match file.kind {
            RecordKind::Cdr => records::<Cdr>(name, text).len(),
            RecordKind::Cmr => records::<Cmr>(name, text).len(),
        };
        assert_eq!(expect["records"].as_u64(), Some(count as u64), "{name}");
        if file.kind == RecordKind::Cmr {
            continue;
        }
        let found = records::<Cdr>(name, text);
        for row in expect["rows"].as_array().into_iter().flatten() {
            let row = row.as_object().expect("facts by their names");
            let it = found.iter().find(|it| row["call"] == it.global_call_id_call_id).expect("its call");
            for (name, value) in row {
                if let Some(fact) = fact(it, name) {
                    assert_eq!(&fact, value, "{name} of call {}", it.global_call_id_call_id);
                }
            }
        }
    }
}

#[test]
fn rows_of_one_story_hang_together_by_call_and_leg() {
    let all: Vec<Cdr> = records(SAMPLES[1].0, SAMPLES[1].1);
    let of = |call: i64| all.iter().filter(|it| it.global_call_id_call_id == call).collect::<Vec<_>>();
    // A consults B about C and brings the two together: 393216 at both ends of the first two, and B's leg goes on.
    let transfer: Vec<&Cdr> = [25_460, 25_461].into_iter().flat_map(of).collect();
    assert_eq!(transfer.len(), 3);
    let last = transfer.iter().find(|it| it.join_on_behalf_of == 10).expect("the joined row");
    assert_eq!((&*last.calling_party_number, &*last.final_called_party_number), ("14085550120", "2002"));
    assert_eq!(last.duration, 360);
    for split in transfer.iter().filter(|it| it.join_on_behalf_of == 0) {
        let causes = [split.orig_cause_value, split.dest_cause_value].map(CauseCode::of);
        assert_eq!(causes, [CauseCode::Product(strowger_cdr::cause::SPLIT); 2]);
    }
    assert!(transfer.iter().any(|it| it.dest_leg_identifier == last.orig_leg_call_identifier));
    // Forwarded by everybody who could.
    let forwarded = of(25_464)[0];
    assert_eq!((&*forwarded.original_called_party_number, &*forwarded.last_redirect_dn), ("1000", "2000"));
    let reasons = [forwarded.orig_called_party_redirect_reason, forwarded.last_redirect_redirect_reason];
    assert_eq!((reasons, &*forwarded.final_called_party_number), ([15, 2], "6000"));
    // Two calls become a conference of three.
    let conference: Vec<&Cdr> = [25_465, 25_466].into_iter().flat_map(of).collect();
    assert_eq!(conference.len(), 5);
    let bridge = conference.iter().filter(|it| &*it.final_called_party_number == "b0019901001");
    let parties: BTreeMap<&str, &str> = bridge.map(|it| (&*it.calling_party_number, &*it.comment)).collect();
    assert_eq!(parties.keys().copied().collect::<Vec<_>>(), ["2001", "2002", "2003"]);
    assert!(parties.values().all(|comment| comment.contains("ConfControllerDeviceName=SEP001122AA0001")));
    let queued = of(25_467)[0];
    assert_eq!(
        (&*queued.hunt_pilot_dn, queued.was_call_queued, queued.total_wait_time_in_queue),
        ("5000", 1, 42)
    );
}

#[test]
fn quality_hangs_on_the_leg_it_is_of() {
    let calls: Vec<Cdr> = records(SAMPLES[0].0, SAMPLES[0].1);
    let quality: Vec<Cmr> = records(SAMPLES[4].0, SAMPLES[4].1);
    for it in &quality {
        let legs = calls
            .iter()
            .filter(|call| call.global_call_id_call_id == it.global_call_id_call_id)
            .flat_map(|call| [call.orig_leg_call_identifier, call.dest_leg_identifier]);
        assert!(legs.into_iter().any(|leg| leg == it.call_identifier), "{it:?}");
    }
    let lossy = quality.iter().find(|it| it.call_identifier == 47_874_241).expect("the lossy leg");
    assert_eq!((lossy.number_packets_lost, lossy.number_packets_received, lossy.jitter), (60, 1490, 24));
    assert_eq!((lossy.video_duration, lossy.number_video_packets_lost), (None, None), "it had none");
    let video: Vec<Cmr> = records(SAMPLES[5].0, SAMPLES[5].1);
    assert_eq!(video[0].number_video_packets_lost, Some(14));
    let held: i64 = video.iter().filter(|it| it.global_call_id_call_id == 9004).map(|it| it.duration).sum();
    assert_eq!(held, 23, "one for each period of media");
}

fn written_again<R: Record>(text: &str, name: &str) {
    let again: String = header::<R>() + &records::<R>(name, text).iter().map(line).collect::<String>();
    assert_eq!(again.trim_end(), text.trim_end(), "{name}");
}

#[test]
fn what_has_all_columns_is_written_byte_by_byte_as_it_was() {
    for (name, text) in SAMPLES {
        match name.parse::<FileName>().expect("a name").kind {
            RecordKind::Cdr if !name.contains("StandAlone") => written_again::<Cdr>(text, name),
            RecordKind::Cdr => {}
            RecordKind::Cmr => written_again::<Cmr>(text, name),
        }
    }
}

#[test]
fn what_is_wrong_says_where_and_the_rest_is_read() {
    let sample = SAMPLES[0].1;
    let check = |text: &str, expect: &[Result<i64, FileError>]| {
        let read = match Reader::<Cdr>::new(text.as_bytes()) {
            Ok(reader) => reader.map(|it| it.map(|it| it.global_call_id_call_id)).collect(),
            Err(error) => vec![Err(error)],
        };
        assert_eq!(read, expect, "{}", text.chars().take(300).collect::<String>());
    };
    let mut lines: Vec<String> = sample.lines().take(5).map(str::to_owned).collect();
    lines[2] = lines[2].replacen("1,2,25448,", "1,2,many,", 1);
    lines[3].truncate(200);
    let why = ValueError::NoNumber;
    let wrong = FileError::Field { line: 3, column: "globalCallID_callId", value: "many".into(), why };
    let fields = csv_fields(&lines[3]);
    let cut = FileError::OtherLength { line: 4, fields, columns: 133 };
    check(&lines.join("\n"), &[Err(wrong), Err(cut), Ok(25_450)]);
    // A quotation mark that is missing costs its own line and no other.
    let mut lines: Vec<String> = sample.lines().take(5).map(str::to_owned).collect();
    lines[3] = lines[3].replacen("\",", ",", 1);
    let open = FileError::OpenQuote { line: 4 };
    check(&lines.join("\n"), &[Ok(25_448), Err(open), Ok(25_450)]);
    check("", &[Err(FileError::NoHeader)]);
    check("hello, world\n1,2\n", &[Err(FileError::NoHeader)]);
    let other = FileError::OtherRecords { missing: "origLegCallIdentifier" };
    check(SAMPLES[4].1, &[Err(other)]);
    // Without types in the second line, with a mark of the order of bytes, and lines that end as on Windows.
    let mut lines: Vec<&str> = sample.lines().take(4).collect();
    lines.remove(1);
    check(&format!("\u{feff}{}\r\n\r\n", lines.join("\r\n")), &[Ok(25_448), Ok(25_449)]);
    let long = format!("{}\n{}\n{}", sample.lines().next().unwrap(), "x".repeat(70_000), lines[1]);
    check(&long, &[Err(FileError::TooLong { line: 2 }), Ok(25_448)]);
}

fn csv_fields(line: &str) -> usize {
    line.split(',').count()
}
