//! Call records: what is written of calls, whatever happens to the server.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use super::Context;
use super::configuration::Configuration;
use super::ports;
use super::server::Server;
use super::sipp::Sipp;

/// How often the server is killed.
const KILLS: u64 = 20;
const PARAMETERS: &str = "[service_parameters]\ncall_records = true\nzero_duration_records = true\n";

/// kill -9 at any time while sipp calls and calls: each call has one row, and those that were answered say so.
///
/// # Errors
/// What was not as it should be.
pub(super) fn killed(context: &Context) -> Result<String, String> {
    let (caller, answerer, sip) = (ports::one()?, ports::one()?, ports::one()?);
    let mut configuration = Configuration::new("bench.test", sip);
    configuration.trunk("caller", caller);
    configuration.trunk("answerer", answerer);
    configuration.route("service", "answerer");
    let own = ["-i", "127.0.0.1", "-p", &answerer.to_string(), "-sn", "uas"];
    let mut answering = Sipp::start(&context.folder, "answerer", Duration::from_secs(240), &own)?;
    answering.ready(([127, 0, 0, 1], answerer).into())?;
    let mut server = Server::serve(context, &configuration)?;
    let wanted = context.folder.join("wanted");
    std::fs::create_dir_all(&wanted).map_err(|error| error.to_string())?;
    std::fs::write(wanted.join("parameters.toml"), PARAMETERS).map_err(|error| error.to_string())?;
    server.ask(&["apply", &wanted.to_string_lossy(), "--keep-others", "--message", "records"])?;
    for round in 0..KILLS {
        let (from, to) = (caller.to_string(), server.udp.to_string());
        let calls =
            [&to, "-i", "127.0.0.1", "-p", &from, "-sn", "uac", "-r", "100", "-d", "50", "-m", "100000"];
        let calling =
            Sipp::start(&context.folder, &format!("caller-{round}"), Duration::from_secs(60), &calls)?;
        // Anywhere between the first call and some hundred.
        sleep(Duration::from_millis(250 + round * 7919 % 1_000));
        server.process.kill();
        drop(calling);
        server = Server::serve(context, &configuration)?;
    }
    let told: BTreeMap<u64, bool> = server
        .calls()?
        .iter()
        .filter_map(|call| {
            let number = call["call"].as_str()?.rsplit('.').next()?.parse().ok()?;
            Some((number, call["talk_seconds"].is_u64()))
        })
        .collect();
    server.process.signal("TERM");
    server.process.wait(Duration::from_secs(30))?;
    drop(answering);
    let rows = rows(&context.folder.join("data/cdr_repository"))?;
    let mut numbers = BTreeSet::new();
    for (number, answered) in &rows {
        if !numbers.insert(*number) {
            return Err(format!("call {number} has two rows"));
        }
        if told.get(number).is_some_and(|talked| talked != answered) {
            return Err(format!("call {number} was answered, or was not, and its row says something else"));
        }
    }
    if let Some(lost) = told.keys().find(|number| !numbers.contains(number)) {
        return Err(format!("call {lost} has no row; there are {} of {} calls", rows.len(), told.len()));
    }
    let answered = rows.iter().filter(|(_, answered)| *answered).count();
    if answered < 200 {
        return Err(format!("of {} calls only {answered} were answered: that is no load", rows.len()));
    }
    Ok(format!(
        "{} calls in {KILLS} lives of the server, {answered} of them answered: each has one row",
        rows.len()
    ))
}

/// The numbers of calls in all files of a repository, and whether they were answered, as somebody reads them who knows nothing but the names of columns.
fn rows(repository: &Path) -> Result<Vec<(u64, bool)>, String> {
    let mut rows = Vec::new();
    let wrong = |error: std::io::Error| error.to_string();
    for place in ["preserve", "processed"] {
        for day in std::fs::read_dir(repository.join(place)).map_err(wrong)?.flatten() {
            for file in std::fs::read_dir(day.path()).map_err(wrong)?.flatten() {
                if !file.file_name().to_string_lossy().starts_with("cdr_") {
                    continue;
                }
                let text = std::fs::read_to_string(file.path()).map_err(wrong)?;
                let mut lines = text.lines();
                let columns: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
                let place = |name: &str| {
                    columns
                        .iter()
                        .position(|column| column.trim_matches('"') == name)
                        .ok_or_else(|| format!("no column {name}"))
                };
                let (id, connect) = (place("globalCallID_callId")?, place("dateTimeConnect")?);
                for line in lines.skip(1) {
                    let values: Vec<&str> = line.split(',').collect();
                    let number = |at: usize| values.get(at).and_then(|value| value.parse::<u64>().ok());
                    let (Some(id), Some(connect)) = (number(id), number(connect)) else {
                        return Err(format!("{}: {line}", file.path().display()));
                    };
                    rows.push((id, connect > 0));
                }
            }
        }
    }
    Ok(rows)
}
