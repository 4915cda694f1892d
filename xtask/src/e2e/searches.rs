//! Call records, searched and handed to others.

use std::fs;
use std::process::Command;
use std::time::Duration;

use super::Context;
use super::process::until;
use super::server::Server;
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
