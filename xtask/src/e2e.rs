//! End-to-end scenarios: the release binary, loopback, other people's programs.
//!
//! Each scenario has a folder and ports of its own, prints one line, and waits for nothing without a limit. Several run at once
//! (see `beside`). Folders of failed scenarios are kept under `target/e2e`.

use std::path::PathBuf;
use std::time::Instant;

use self::beside::Company;
use crate::ci::Tally;
use crate::{peers, workspace};

mod admission;
mod audio;
mod backup;
mod baresip;
mod beside;
mod callback;
mod capture;
mod codes;
mod conference;
pub(crate) mod configuration;
mod damage;
mod deliveries;
mod dialling;
mod fetching;
mod intercom;
mod interface;
mod keys;
mod lamps;
mod live;
mod load;
mod music;
mod office;
mod paging;
mod park;
mod phones;
mod ports;
pub(crate) mod process;
mod recording;
mod records;
mod refusals;
mod screens;
mod searches;
mod secure;
pub(crate) mod server;
mod services;
mod sipp;
mod skinny;
mod stations;
mod streams;
mod talk;
mod tenants;
mod torture;
mod transcode;
mod transfer;
mod wire;

/// Where a scenario works.
pub(crate) struct Context {
    /// A fresh folder, kept when the scenario fails.
    pub(crate) folder: PathBuf,
}

/// Runs and tells in one sentence what was seen.
type Scenario = fn(&Context) -> Result<String, String>;

/// Name, what it shows, how.
type Row = (&'static str, &'static str, Scenario);

const SCENARIOS: &[Row] = &[
    ("talk", "two phones talk, media direct", talk::direct),
    ("talk-relayed", "two phones talk through the relay", talk::relayed),
    ("talk-tcp", "two phones talk, signalling over TCP", talk::over_tcp),
    ("shared-line", "a third phone on the number rings too and stops", talk::shared_line),
    ("transfer", "the called phone sends the caller to a third one", transfer::blind),
    (
        "transfer-attended",
        "the called phone consults a third one, and sends it to the caller",
        transfer::attended,
    ),
    ("pickup", "a third phone gets calls that ring at others, in four ways", park::pickup),
    ("park", "the caller waits at a number until a third phone gets it back", park::park),
    ("callback", "a phone is rung when the line is free that it found busy", callback::callback),
    ("conference", "three phones meet at a number and hear each other", conference::meet_me),
    ("intercom", "a target hears its caller at once, and is heard when it talks", intercom::intercom),
    ("hold-multicast", "who is held is told of the music that goes out to all", music::multicast),
    ("paging", "one speaks to phones, a gateway and a multicast address", paging::paging),
    ("forward", "a phone sets by codes where which of its calls go, and they go there", park::forward),
    ("moved", "a gateway redirects its call, which rings there", park::moved),
    ("conference-ad-hoc", "two calls of a phone become one conference", conference::ad_hoc),
    ("barge", "a second phone of a number comes into its call", conference::barge),
    ("single-button-barge", "the line key of a second phone comes into the call", conference::single_button),
    ("malicious", "a phone reports the call that it holds, and goes on with it", codes::malicious),
    ("speed-dial", "a phone calls the second of its speed dials by a code", codes::speed_dial),
    ("authorization", "a call that needs codes is made with them, and not without", codes::authorization),
    (
        "call-waiting",
        "a phone without a tone of its own hears that somebody else calls",
        services::call_waiting,
    ),
    ("busy-lamp", "a phone sees that two others talk", lamps::busy_lamp),
    ("messages", "a phone sees that messages wait for it", lamps::messages),
    ("no-room", "a call without bandwidth is refused, and the next one with it is not", admission::no_room),
    ("streams", "video, and then a fax, through the server", streams::streams),
    ("transcode", "two phones without a codec in common hear each other", transcode::transcode),
    ("orders", "an operator brings parties together, sends one on, ends a call", transfer::ordered),
    ("hold", "who is held hears music, and the other one again afterwards", transfer::hold),
    ("srtp", "phones that insist on SRTP, through the relay and with services", secure::srtp),
    ("recording", "a recorder is sent what each party says, and who they are", recording::recording),
    ("recording-srtp", "the same of phones that insist on SRTP", recording::encrypted),
    ("echo", "the echo test sends back what it hears", services::echo),
    ("announcement", "the announcement is heard", services::announcement),
    ("dtmf", "keys between INFO and RTP, both ways", keys::dtmf),
    ("dtmf-in-band", "keys between a gateway's sound and RTP", keys::in_band),
    ("dtmf-kpml", "keys between KPML and RTP, both ways", keys::kpml),
    ("announced", "a caller hears why its call fails", keys::announced),
    ("busy", "a busy phone", refusals::busy),
    ("no-answer", "nobody answers", refusals::no_answer),
    ("cancel", "the caller gives up", refusals::cancel),
    ("reject", "the called person refuses", refusals::reject),
    ("absent", "no phone is registered on the number", refusals::absent),
    ("unknown-number", "the number leads nowhere", refusals::unknown_number),
    ("wrong-password", "a phone with a wrong password", refusals::wrong_password),
    ("overlap", "a gateway dials in INVITEs that grow", dialling::overlap),
    ("kpml", "a phone dials key by key, and the last key rings the other side", dialling::kpml),
    ("sipp-builtin", "sipp's own caller and answerer through the server", load::builtin),
    ("sipp-register", "1,000 first registrations and their refreshes", load::registrations),
    ("sipp-options", "1,000 OPTIONS", load::options),
    ("sipp-calls-trunk", "1,000 calls to a trunk", load::calls_to_trunk),
    ("sipp-calls-phones", "1,000 calls to registered phones", load::calls_to_phones),
    ("torture", "49 messages of RFC 4475 over UDP and TCP", torture::messages),
    ("sccp-dissector", "all SCCP messages in all versions, as Wireshark decodes them", skinny::dissector),
    (
        "sccp-phones",
        "SCCP phones come by themselves, are adopted or refused, and telephone; as Wireshark decodes it",
        stations::telephone,
    ),
    (
        "sccp-outside",
        "SCCP phones with other people's encoder and decoder call each other and baresip",
        stations::outside::telephone,
    ),
    (
        "sccp-outside-transfer",
        "such phones send baresip to each other, and baresip sends one of them to the other",
        stations::outside::transfer,
    ),
    (
        "sccp-outside-conference",
        "such a phone confers with another one and baresip",
        stations::outside::confer,
    ),
    (
        "sccp-outside-line",
        "such a phone and baresip share a line: in use at the other, and taken from hold there",
        stations::outside::share,
    ),
    (
        "phones",
        "the phones of the command line and baresip talk, hold, transfer and confer, in SCCP and SIP",
        phones::telephone,
    ),
    ("phone-refused", "a phone of the command line says why it cannot be used", phones::refused),
    (
        "sccp-hostile",
        "connections to the SCCP port that cannot speak or mean no good, beside a call",
        stations::hostile,
    ),
    ("screens", "an SCCP phone opens its directory key, and is pushed a text", screens::screens),
    ("broken-configuration", "names file, line and what was expected", damage::broken_configuration),
    ("changes", "a trial that lapses in a kill, two people at once, tables, a log-in", interface::changes),
    ("live", "numbers, phones and secrets change while people telephone", live::live),
    ("tenants", "two companies with the same numbers call each their own", tenants::tenants),
    (
        "cdr-search",
        "files of a CUCM are imported, searched, priced and exported, and Python counts the same",
        searches::search,
    ),
    (
        "cdr-duckdb",
        "what is written of calls is read by DuckDB, and by another server, whose Parquet DuckDB reads",
        searches::duckdb,
    ),
    (
        "cdr-delivery",
        "call records to OpenSSH, through fail-overs to other algorithms and to another key",
        deliveries::records,
    ),
    ("cdr-call", "two phones talk, and the row of their call is read at OpenSSH", deliveries::call),
    (
        "sftp-server",
        "OpenSSH's clients fetch records by date and bring some, and are refused what they may not do",
        fetching::fetching,
    ),
    (
        "sftp-openssh",
        "files to OpenSSH and vsftpd: whole, refused with the reason, killed in the middle",
        deliveries::servers,
    ),
    ("backup", "made while people talk, cut, restored, and a phone registers there", backup::backup),
    ("api-fuzz", "everything that the OpenAPI document allows, tried", interface::fuzz),
    ("port-in-use", "names the port and who may hold it", damage::port_in_use),
    ("unwritable-folder", "is said", damage::unwritable_folder),
    ("full-disk", "is said, and nothing accepted is lost", damage::full_disk),
    ("killed", "kill -9 in a call: one final record, earlier ones still there", damage::killed),
    ("records-killed", "kill -9 twenty times under load: each call has one call record", records::killed),
    ("drain", "SIGTERM lets the call in progress end", damage::drain),
    ("drain-twice", "a second SIGTERM ends the call in progress, with a record", damage::drain_twice),
];

/// `cargo xtask e2e [--debug] [NAME…]`: with the release binary, or with the one of the ordinary build, which is there sooner.
///
/// # Errors
/// When a scenario fails or there is none of that name.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    if arguments.iter().any(|argument| argument == "--list") {
        for (name, shows, _) in SCENARIOS {
            println!("{name:<22} {shows}");
        }
        return Ok(());
    }
    let is_debug = arguments.first().is_some_and(|argument| argument == "--debug");
    let arguments = if is_debug { &arguments[1..] } else { arguments };
    if let Some(unknown) = arguments.iter().find(|name| !SCENARIOS.iter().any(|row| row.0 == name.as_str())) {
        return Err(format!("there is no scenario `{unknown}`; --list names them"));
    }
    let profile = if is_debug { workspace::played("debug") } else { workspace::played("release") };
    let build = ["build", "--quiet", "--bin", "strowger", "--profile", profile];
    let status = workspace::cargo().args(build).status().map_err(|error| error.to_string())?;
    if !status.success() {
        return Err("the build failed".into());
    }
    let tally = play(arguments)?;
    println!("{} passed, {} failed", tally.passed, tally.failed);
    if tally.failed == 0 { Ok(()) } else { Err("end to end failed".into()) }
}

/// Plays the named scenarios, or all when none is named, with the release binary that is there.
///
/// # Errors
/// When outside peers are missing.
pub(crate) fn play(names: &[String]) -> Result<Tally, String> {
    peers::require(&[peers::SIPP, peers::BARESIP, peers::TSHARK])?;
    let wanted = |row: &&Row| names.is_empty() || names.iter().any(|name| name == row.0);
    let mut tally = Tally::default();
    for company in Company::ALL {
        let rows: Vec<&Row> =
            SCENARIOS.iter().filter(wanted).filter(|row| Company::of(row.0) == company).collect();
        let turn = |row: &&Row| beside::turn(row.0);
        beside::side_by_side(
            &rows,
            company.lanes(),
            turn,
            |row| perform(row),
            |row, (seconds, result)| {
                let tells = |verdict: &str, text: &str| {
                    println!("{verdict:<7} {:<22} {seconds:>5.1} s  {text}", row.0)
                };
                match result {
                    Ok(saw) => {
                        tally.passed += 1;
                        tells("ok", &saw);
                    }
                    Err(why) => {
                        tally.failed += 1;
                        tells("FAILED", &format!("{why}\n        logs: {}", folder(row.0).display()));
                    }
                }
            },
        );
    }
    Ok(tally)
}

/// Where a scenario works.
fn folder(name: &str) -> PathBuf {
    workspace::target().join("e2e").join(name)
}

/// Plays one scenario; how many seconds it took, and what was seen.
fn perform((name, _, scenario): &Row) -> (f64, Result<String, String>) {
    let folder = folder(name);
    let _ = std::fs::remove_dir_all(&folder);
    let started = Instant::now();
    let made = std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()));
    let result = made.and_then(|()| scenario(&Context { folder: folder.clone() }));
    if result.is_ok() {
        let _ = std::fs::remove_dir_all(&folder);
    }
    (started.elapsed().as_secs_f64(), result)
}
