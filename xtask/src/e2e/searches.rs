//! Call records, searched and handed to others.

use std::fs;
use std::process::Command;
use std::time::Duration;

use super::Context;
use super::configuration::Configuration;
use super::ports;
use super::process::until;
use super::server::Server;
use super::sipp::Sipp;
use crate::{peers, workspace};

/// Files of CUCM are imported twice and found once; what is exported has for the readers of Python what is in the files; what others put into
/// `trans` is found by itself; calls cost what the table says.
///
/// # Errors
/// What was not as it should be.
pub(super) fn search(context: &Context) -> Result<String, String> {
    peers::require(&[peers::PYTHON])?;
    let server = Server::lab(context, &[])?;
    let samples = workspace::root().join("crates/cdr/testdata/cucm");
    let given = samples.to_string_lossy().into_owned();
    let (first, again) = (server.ask(&["cdr", "import", &given])?, server.ask(&["cdr", "import", &given])?);
    if (first["rows"].as_u64(), again["rows"].as_u64(), again["known"].as_u64())
        != (Some(36), Some(0), Some(36))
    {
        return Err(format!("imported {first}, and again {again}"));
    }
    let rates = context.folder.join("rates.csv");
    fs::write(&rates, "prefix,currency,per_minute,increment\n1,USD,0.60,6\n")
        .map_err(|error| error.to_string())?;
    server.ask(&["cdr", "rates", &rates.to_string_lossy()])?;
    let files = ["csv", "json"].map(|end| context.folder.join(format!("calls.{end}")));
    for file in &files {
        server.ask(&["cdr", "export", "--output", &file.to_string_lossy()])?;
    }
    let read = Command::new("python3").args(["-c", READ]).arg(&samples).args(&files).output();
    let read = read.map_err(|error| format!("python3: {error}"))?;
    if !read.status.success() {
        return Err(String::from_utf8_lossy(&read.stderr).into_owned());
    }
    let counted = String::from_utf8_lossy(&read.stdout).trim().to_owned();
    let report = server.ask(&["cdr", "report", "top-talkers"])?;
    let all = &report["all"];
    let found = format!(
        "{} {} {}",
        all["calls"],
        all["seconds"],
        all["costs"][0]["amount"].as_str().unwrap_or_default()
    );
    if found != counted {
        return Err(format!("python counts {counted}, the report {found}"));
    }
    let shown = server.ask(&["cdr", "show", "2/25448"])?;
    let columns: Vec<usize> = shown["rows"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|row| row["columns"].as_array().map_or(0, Vec::len))
        .collect();
    if columns != [133, 48, 48] {
        return Err(format!("a call with how both legs sounded: {shown}"));
    }
    // A CUCM delivers.
    let trans = server.data.join("cdr_repository/trans");
    let sample = fs::read_to_string(samples.join(SAMPLE)).map_err(|error| error.to_string())?;
    let brought = sample.replace("18005550199", "18005550777").replace("1d4c4f74", "00000001");
    fs::write(trans.join("cdr_Other_03_202605041217_1"), brought).map_err(|error| error.to_string())?;
    until(Duration::from_secs(30), "what was brought to be found", || {
        let found = server.ask(&["cdr", "files"]).ok()?;
        (found["files"] == 7).then_some(())
    })?;
    until(Duration::from_secs(10), "what was brought to be moved into the repository", || {
        (fs::read_dir(&trans).map_or(1, Iterator::count) == 0).then_some(())
    })?;
    let brought = server.ask(&["cdr", "search", "--to", "18005550777"])?;
    if brought["calls"].as_array().map(Vec::len) != Some(1) {
        return Err(format!("the one call that is new: {brought}"));
    }
    server.is_well()?;
    Ok(format!("{counted} (calls, seconds, USD), counted by Python and by the report"))
}

/// Calls of sipp are written; DuckDB reads the files; another server imports them, and DuckDB reads what that exports as Parquet.
///
/// # Errors
/// What was not as it should be.
pub(super) fn duckdb(context: &Context) -> Result<String, String> {
    let python = peers::of_pypi("duckdb", DUCKDB)?.join("python");
    let (answerer, sip) = (ports::one()?, ports::one()?);
    let caller = ports::one()?;
    let mut configuration = Configuration::new("bench.test", sip);
    configuration.trunk("caller", caller);
    configuration.trunk("answerer", answerer);
    configuration.route("service", "answerer");
    let own = ["-i", "127.0.0.1", "-p", &answerer.to_string(), "-sn", "uas"];
    let mut answering = Sipp::start(&context.folder, "answerer", Duration::from_secs(120), &own)?;
    answering.ready(([127, 0, 0, 1], answerer).into())?;
    let writing = Server::serve(context, &configuration)?;
    let wanted = context.folder.join("wanted");
    fs::create_dir_all(&wanted).map_err(|error| error.to_string())?;
    fs::write(wanted.join("parameters.toml"), PARAMETERS).map_err(|error| error.to_string())?;
    writing.ask(&["apply", &wanted.to_string_lossy(), "--keep-others", "--message", "records"])?;
    let (to, from, most) = (writing.udp.to_string(), caller.to_string(), CALLS.to_string());
    // Each lasts two seconds, so that seconds are counted.
    let calls = [&to, "-i", "127.0.0.1", "-p", &from, "-sn", "uac", "-r", "50", "-d", "2000", "-m", &most];
    let calling = Sipp::start(&context.folder, "caller", Duration::from_secs(60), &calls)?;
    let counts = calling.finish(Duration::from_secs(60))?;
    if counts.successful != CALLS {
        return Err(format!("sipp counted {counts:?}"));
    }
    // Files that are written to are cut when a server stops.
    let mut writing = writing;
    writing.process.signal("TERM");
    writing.process.wait(Duration::from_secs(30))?;
    drop(answering);
    let repository = writing.data.join("cdr_repository");
    let folder = context.folder.join("billing");
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let billing = Server::lab_in(&folder, &folder.join("data"), &[])?;
    let imported = billing.ask(&["cdr", "import", &repository.to_string_lossy()])?;
    if (imported["wrong"].as_u64(), imported["rows"].as_u64() >= Some(CALLS)) != (Some(0), true) {
        return Err(format!("another server imported {imported}"));
    }
    let exported = context.folder.join("calls.parquet");
    billing.ask(&["cdr", "export", "--output", &exported.to_string_lossy()])?;
    let compared = Command::new(python).args(["-c", COMPARE]).arg(&repository).arg(&exported).output();
    let compared = compared.map_err(|error| format!("python: {error}"))?;
    if !compared.status.success() {
        return Err(String::from_utf8_lossy(&compared.stderr).into_owned());
    }
    let counted = String::from_utf8_lossy(&compared.stdout).trim().to_owned();
    if counted.split(' ').next() != Some(&most) {
        return Err(format!("DuckDB counts {counted}, sipp made {most} calls"));
    }
    billing.is_well()?;
    Ok(format!("{counted} (calls, seconds, columns) in files and in Parquet, as DuckDB {DUCKDB} reads both"))
}

/// What sipp calls.
const CALLS: u64 = 100;
const DUCKDB: &str = "2.0.0";
const PARAMETERS: &str =
    "[service_parameters]\ncall_records = true\nzero_duration_records = true\nquality_records = \"always\"\n";

/// Compares files of records, read strictly as CSV, with an export.
const COMPARE: &str = r#"
import sys, duckdb
files = f"read_csv('{sys.argv[1]}/p*/*/cdr_*', header=true, all_varchar=true, strict_mode=true, delim=',', quote='\"')"
rows = f"(select * from {files} where cdrRecordType <> 'INTEGER')"
export = f"read_parquet('{sys.argv[2]}')"
columns = len(duckdb.sql(f"select * from {files} limit 0").columns)
assert columns == 133, columns
pairs = """ r.pkid = e.pkid and callingPartyNumber = e.calling and originalCalledPartyNumber = e.called
    and finalCalledPartyNumber = e.reached and origDeviceName = e.orig_device and destDeviceName = e.dest_device
    and cast(duration as bigint) = e.seconds and (dateTimeConnect <> '0') = e.answered
    and make_timestamp(cast(dateTimeOrigination as bigint) * 1000000) = e.at at time zone 'UTC' """
count = lambda what: duckdb.sql(f"select count(*) from {what}").fetchall()[0][0]
alone = duckdb.sql(f"select r.pkid, r.callingPartyNumber from {rows} r anti join {export} e on {pairs}").fetchall()
assert not alone, (len(alone), alone[:3])
assert count(rows) == count(export), (count(rows), count(export))
print(count(export), duckdb.sql(f"select sum(seconds) from {export}").fetchall()[0][0], columns)
"#;

const SAMPLE: &str = "cdr_StrowgerLab_03_202605041216_517";

/// Counts what is in the files and in both exports, with readers that are not ours.
const READ: &str = r#"
import csv, glob, json, sys
from decimal import Decimal
rows = {}
for name in glob.glob(sys.argv[1] + "/cdr_*"):
    with open(name, newline="") as file:
        lines = list(csv.reader(file))
    for line in lines[2:]:
        row = dict(zip(lines[0], line))
        rows[row["pkid"]] = row
with open(sys.argv[2], newline="") as file:
    table = {row["pkid"]: row for row in csv.DictReader(file)}
with open(sys.argv[3]) as file:
    objects = {row["pkid"]: row for row in json.load(file)}
assert rows.keys() == table.keys() == objects.keys(), (len(rows), len(table), len(objects))
trunks = {row["destDeviceName"] for row in rows.values() if row.get("OutgoingProtocolID", "0") not in ("0", "")}
trunks |= {row["origDeviceName"] for row in rows.values() if row.get("IncomingProtocolID", "0") not in ("0", "")}
cost = Decimal(0)
for key, row in rows.items():
    one, other = table[key], objects[key]
    pairs = [("callingPartyNumber", "calling"), ("originalCalledPartyNumber", "called"), ("finalCalledPartyNumber", "reached"),
        ("origDeviceName", "orig_device"), ("destDeviceName", "dest_device"), ("duration", "seconds")]
    for theirs, ours in pairs:
        assert row[theirs] == one[ours] == str(other[ours]), (key, theirs, row[theirs], one[ours], other[ours])
    answered = row["dateTimeConnect"] != "0"
    assert other["answered"] is answered and one["answered"] == str(answered).lower(), key
    if answered and row["finalCalledPartyNumber"].startswith("1") and row["destDeviceName"] in trunks:
        charged = -(-int(row["duration"]) // 6) * 6
        due = Decimal("0.60") * charged / 60
        assert Decimal(one["cost"]) == due == Decimal(other["cost"]), (key, due, one["cost"])
        cost += due
    else:
        assert one["cost"] == "" and other["cost"] is None, key
print(len(rows), sum(int(row["duration"]) for row in rows.values()), f"{cost:.2f}")
"#;
