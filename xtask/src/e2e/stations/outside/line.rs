//! A line that an SCCP phone shares with SIP phones: baresip, and sipp, which takes a call from hold as phones do that were told of it.

use std::net::SocketAddr;
use std::time::Duration;

use super::{Outside, program};
use crate::e2e::Context;
use crate::e2e::baresip::Phone;
use crate::e2e::office::{TALK, apply, hears};
use crate::e2e::ports;
use crate::e2e::server::Server;
use crate::e2e::sipp::{Counts, Sipp, script_of};

/// The versions of the phones that share the line, one after the other.
const VERSIONS: [u8; 4] = [3, 11, 17, 22];
const DESK: u32 = 700;
const BOB: u32 = 900;
const LIMIT: Duration = Duration::from_secs(60);

/// Both phones of a line ring. One answers, and the other sees the line in use; what one holds the other takes.
///
/// # Errors
/// What was not as it should be.
pub(crate) fn share(context: &Context) -> Result<String, String> {
    let (program, port) = (program()?, ports::one()?);
    let server = Server::lab(context, &["--sccp-port", &port.to_string()])?;
    let name = |version: u8| format!("SEP0000000000{version:02}");
    let phones: String = VERSIONS.iter().map(|version| desk(&name(*version))).collect();
    apply(context, &server, &phones)?;
    let at = SocketAddr::from(([127, 0, 0, 1], port));
    let mut alice = Phone::register(&context.folder, &server.account("alice", "1001", 440))?;
    let mut bob = Phone::register(&context.folder, &server.account("bob", "1002", BOB))?;
    for version in VERSIONS {
        let mut desk = Outside::comes(&program, &context.folder, at, &name(version), version, DESK)?;
        desk.tells("registered")?;
        (|| {
            the_desk_answers(&server, context, &mut alice, &mut bob, &mut desk)?;
            baresip_answers(&mut alice, &mut bob, &mut desk)?;
            desk.is_content()
        })()
        .map_err(|error| format!("version {version}: {error}"))?;
    }
    server.is_well()?;
    Ok(format!(
        "in {} versions both rang, one was in use at the other, and held calls were taken both ways",
        VERSIONS.len()
    ))
}

/// A phone of the line of baresip.
fn desk(name: &str) -> String {
    format!("[[phone]]\nname = \"{name}\"\nprotocol = \"sccp\"\nlines = [{{ line = \"internal:1001\" }}]\n")
}

/// Both ring and the SCCP phone answers; it holds, and the second SIP phone of the line, which was told so, goes on.
fn the_desk_answers(
    server: &Server,
    context: &Context,
    alice: &mut Phone,
    bob: &mut Phone,
    desk: &mut Outside,
) -> Result<(), String> {
    bob.dial("1001")?;
    alice.expect("CALL_INCOMING")?;
    desk.answers()?;
    alice.expect("CALL_CLOSED")?;
    bob.expect("CALL_ESTABLISHED")?;
    bob.talk(TALK);
    hears("bob", bob, f64::from(DESK))?;
    desk.hears("the desk", BOB)?;
    desk.does("key Hold")?;
    desk.tells("state Hold")?;
    let taker = taker(context, server)?;
    desk.tells("state RemoteMultiline")?;
    bob.talk(TALK);
    bob.command("hangup", "")?;
    bob.expect("CALL_CLOSED")?;
    desk.tells("state OnHook")?;
    match taker.finish(LIMIT)? {
        Counts { successful: 1, failed: 0 } => Ok(()),
        counts => Err(format!("the SIP phone did not take the call: {counts:?}")),
    }
}

/// Both ring and baresip answers: the SCCP phone sees the line in use. Baresip holds, and the SCCP phone goes on; baresip is in use then.
fn baresip_answers(alice: &mut Phone, bob: &mut Phone, desk: &mut Outside) -> Result<(), String> {
    bob.dial("1001")?;
    desk.tells("state RingIn")?;
    alice.expect("CALL_INCOMING")?;
    alice.command("accept", "")?;
    desk.tells("state RemoteMultiline")?;
    bob.expect("CALL_ESTABLISHED")?;
    alice.talk(TALK);
    hears("bob", bob, 440.0)?;
    alice.command("hold", "")?;
    desk.tells("state Hold")?;
    desk.does("key Resume Hold")?;
    desk.tells("state Connected")?;
    alice.expect("CALL_CLOSED")?;
    bob.talk(2 * TALK);
    hears("bob", bob, f64::from(DESK))?;
    desk.hears("the desk", BOB)?;
    desk.does("put")?;
    desk.tells("state OnHook")?;
    bob.expect("CALL_CLOSED")?;
    Ok(())
}

/// Another SIP phone of the line: subscribes to it, and takes what it is told of.
fn taker(context: &Context, server: &Server) -> Result<Sipp, String> {
    let (script, own, address) = (script_of("take.xml"), ports::one()?, server.udp.to_string());
    let (port, domain) = (own.to_string(), server.udp.ip().to_string());
    let way = [address.as_str(), "-i", "127.0.0.1", "-p", &port, "-sf", &script, "-m", "1"];
    let who = ["-key", "domain", &domain, "-au", "1001", "-ap", server.secret("1001")];
    let arguments: Vec<&str> = way.into_iter().chain(who).collect();
    Sipp::start(&context.folder, "taker", LIMIT, &arguments)
}
