//! A line that an SCCP phone shares with baresip.

use std::net::SocketAddr;

use super::{Outside, program};
use crate::e2e::Context;
use crate::e2e::baresip::Phone;
use crate::e2e::office::{TALK, apply, hears};
use crate::e2e::ports;
use crate::e2e::server::Server;

/// The versions of the phones that share the line, one after the other.
const VERSIONS: [u8; 4] = [3, 11, 17, 22];
const DESK: u32 = 700;
const BOB: u32 = 900;

/// Both phones of a line ring. One answers, and the other sees the line in use and takes what is held there.
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
            the_desk_answers(&mut alice, &mut bob, &mut desk)?;
            baresip_answers(&mut alice, &mut bob, &mut desk)?;
            desk.is_content()
        })()
        .map_err(|error| format!("version {version}: {error}"))?;
    }
    server.is_well()?;
    Ok(format!(
        "in {} versions both rang, one was in use at the other, and took the call that was held there",
        VERSIONS.len()
    ))
}

/// A phone of the line of baresip.
fn desk(name: &str) -> String {
    format!("[[phone]]\nname = \"{name}\"\nprotocol = \"sccp\"\nlines = [{{ line = \"internal:1001\" }}]\n")
}

/// Both ring and the SCCP phone answers; it holds, and goes on.
fn the_desk_answers(alice: &mut Phone, bob: &mut Phone, desk: &mut Outside) -> Result<(), String> {
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
    desk.does("key Resume")?;
    desk.tells("state Connected")?;
    bob.command("hangup", "")?;
    bob.expect("CALL_CLOSED")?;
    desk.tells("state OnHook")?;
    Ok(())
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
