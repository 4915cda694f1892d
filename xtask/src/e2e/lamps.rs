//! What a phone is told without calling: whether a line talks, and whether messages wait. sipp subscribes: of baresip 1.0 the one module
//! knows no dialogs, and the other one subscribes to messages over and over.

use std::time::Duration;

use super::Context;
use super::baresip::Phone;
use super::capture::Capture;
use super::office::{dial_code, import, talk};
use super::ports;
use super::process::until;
use super::server::Server;
use super::sipp::{Counts, Sipp, script_of};

const LIMIT: Duration = Duration::from_secs(60);

/// The busy lamp of a line at a third phone (RFC 4235): dark, lit while two talk, dark again.
///
/// # Errors
/// What was not as it should be.
pub(super) fn busy_lamp(context: &Context) -> Result<String, String> {
    let server = Server::lab(context, &[])?;
    let mut capture = Capture::start(&context.folder, &[server.udp.port()])?;
    let mut alice = Phone::register(&context.folder, &server.account("alice", "1001", 440))?;
    let mut bob = Phone::register(&context.folder, &server.account("bob", "1002", 700))?;
    let lamp = subscriber(context, &server, "lamp.xml")?;
    was_told(&mut capture, 1)?;
    talk(&mut alice, &mut bob, "1002")?;
    alice.command("hangup", "")?;
    alice.expect("CALL_CLOSED")?;
    bob.expect("CALL_CLOSED")?;
    saw_all(lamp)?;
    capture.finish()?.is_clean()?;
    server.is_well()?;
    Ok("the lamp was dark, lit while the two talked, and dark again".into())
}

/// A phone subscribes to the messages of its line (RFC 3842), and is told of new ones and that they are gone: by command, and by codes that
/// another phone dials.
///
/// # Errors
/// What was not as it should be.
pub(super) fn messages(context: &Context) -> Result<String, String> {
    let server = Server::lab(context, &[])?;
    let codes =
        "pattern,partition,feature\n*31!,internal,message-waiting-on\n*32!,internal,message-waiting-off\n";
    import(context, &server, &[("feature-codes.csv", codes)])?;
    let mut capture = Capture::start(&context.folder, &[server.udp.port()])?;
    let mut alice = Phone::register(&context.folder, &server.account("alice", "1001", 440))?;
    let phone = subscriber(context, &server, "messages.xml")?;
    was_told(&mut capture, 1)?;
    server.ask(&["messages", "1003 in internal", "--lamp", "on", "--new", "2"])?;
    was_told(&mut capture, 2)?;
    server.ask(&["messages", "1003 in internal", "--lamp", "off"])?;
    for (code, told) in [("*311003", 4), ("*321003", 5)] {
        was_told(&mut capture, told - 1)?;
        dial_code(&mut alice, code)?;
    }
    saw_all(phone)?;
    capture.finish()?.is_clean()?;
    server.wait_for_records(2)?;
    server
        .explain_last()?
        .tells(&["leads to the feature message-waiting-off", "Message lamp of 1003 out"])?;
    server.is_well()?;
    Ok("the phone saw no messages, two, and none again, by command; some, and none, by code".into())
}

/// A phone of 1003 that is there to be told things.
fn subscriber(context: &Context, server: &Server, script: &str) -> Result<Sipp, String> {
    let (script, own, address) = (script_of(script), ports::one()?, server.udp.to_string());
    let (port, domain) = (own.to_string(), server.udp.ip().to_string());
    let way = [address.as_str(), "-i", "127.0.0.1", "-p", &port, "-sf", &script, "-m", "1"];
    let who = ["-key", "domain", &domain, "-au", "1003", "-ap", server.secret("1003")];
    let arguments: Vec<&str> = way.into_iter().chain(who).collect();
    Sipp::start(&context.folder, "subscriber", LIMIT, &arguments)
}

/// Waits until the phone was told something so often, and said so.
fn was_told(capture: &mut Capture, times: usize) -> Result<(), String> {
    let answers = "sip.Status-Code == 200 and sip.CSeq.method == NOTIFY";
    until(LIMIT, "a NOTIFY and its answer", || {
        let told = capture.look().and_then(|seen| seen.sip(answers, &["frame.number"]));
        told.map_or_else(|error| Some(Err(error)), |rows| (rows.len() >= times).then_some(Ok(())))
    })?
}

fn saw_all(phone: Sipp) -> Result<(), String> {
    match phone.finish(LIMIT + LIMIT)? {
        Counts { successful: 1, failed: 0 } => Ok(()),
        counts => Err(format!("the phone was not told what its script expects: {counts:?}")),
    }
}
