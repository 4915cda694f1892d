//! Numbers that are not told at once, dialled by sipp.

use std::time::Duration;

use super::Context;
use super::configuration::Configuration;
use super::ports;
use super::server::Server;
use super::sipp::{Counts, Sipp, script_of};

const LIMIT: Duration = Duration::from_secs(20);
const DOMAIN: &str = "dial.test";
const SECRET: &str = "pw-1001";
/// Far above what it takes, far below the interdigit timer: nobody waited for a digit.
const AT_ONCE: Duration = Duration::from_secs(8);

/// A gateway in overlap (RFC 3578): 12, 123 and 12345 are one call.
///
/// # Errors
/// What was not as it should be.
pub(super) fn overlap(context: &Context) -> Result<String, String> {
    dial(context, "overlap.xml", "4711")
}

/// A phone that goes off-hook and tells every key when it is asked (RFC 4730).
///
/// # Errors
/// What was not as it should be.
pub(super) fn kpml(context: &Context) -> Result<String, String> {
    dial(context, "kpml.xml", "1001")
}

/// Dials 12345 as the script does it; the call has to reach the answering side under this number, once, and at once.
fn dial(context: &Context, script: &str, caller: &str) -> Result<String, String> {
    let (from, to) = (ports::one()?, ports::one()?);
    let mut configuration = Configuration::new(DOMAIN, 0);
    if caller == "1001" {
        configuration.line(caller, SECRET);
    } else {
        configuration.trunk("caller", from);
        configuration.overlap();
    }
    configuration.trunk("answerer", to);
    configuration.route("12XXX", "answerer");
    let server = Server::serve(context, &configuration)?;
    let (from, port) = (from.to_string(), to.to_string());
    let uas = script_of("answer.xml");
    let arguments = ["-i", "127.0.0.1", "-p", &port, "-sf", &uas];
    let mut answerer = Sipp::start(&context.folder, "answerer", LIMIT, &arguments)?;
    answerer.ready(([127, 0, 0, 1], to).into())?;
    let script = script_of(script);
    let (address, one) = (server.udp.to_string(), "1".to_owned());
    let arguments = [
        address.as_str(),
        "-i",
        "127.0.0.1",
        "-p",
        &from,
        "-sf",
        &script,
        "-m",
        &one,
        "-key",
        "domain",
        DOMAIN,
        "-au",
        caller,
        "-ap",
        SECRET,
    ];
    let begun = std::time::Instant::now();
    let dialled = Sipp::start(&context.folder, "dialler", LIMIT, &arguments)?.finish(LIMIT + LIMIT)?;
    let took = begun.elapsed();
    let answered = answerer.stop()?;
    let wanted = Counts { successful: 1, failed: 0 };
    if (dialled, answered) != (wanted, wanted) {
        return Err(format!("dialler {dialled:?}, answerer {answered:?}, wanted {wanted:?} of both"));
    }
    if took > AT_ONCE {
        return Err(format!("it took {took:?}: somebody waited for more digits"));
    }
    server.wait_for_records(1)?;
    let story = server.explain_last()?;
    story.says(&[caller, "12345"])?;
    let records = server.records()?;
    if records != 1 {
        return Err(format!("it is one call, but there are {records} records"));
    }
    server.is_well()?;
    Ok(format!("“{}”", story.headline))
}
