//! Call back: a phone that found another one busy is rung when that is free, and its answer calls it.

use std::time::Duration;

use super::Context;
use super::baresip::Phone;
use super::server::Server;

/// Long enough for a second of clean tone after the jitter buffers have settled.
const TALK: Duration = Duration::from_millis(2500);
const CLEAR: f64 = 0.9;

/// Alice finds Bob busy, dials the code for call back, is rung when Bob hangs up, answers, and talks with him; another call back is
/// cancelled.
///
/// # Errors
/// What was not as it should be.
pub(super) fn callback(context: &Context) -> Result<String, String> {
    let server = Server::lab(context, &[])?;
    let mut alice = Phone::register(&context.folder, &server.account("alice", "1001", 440))?;
    let mut bob = Phone::register(&context.folder, &server.account("bob", "1002", 700))?;
    let mut carol = Phone::register(&context.folder, &server.account("carol", "1003", 1000))?;
    carol.dial("1002")?;
    bob.expect("CALL_INCOMING")?;
    bob.command("accept", "")?;
    carol.expect("CALL_ESTABLISHED")?;
    bob.expect("CALL_ESTABLISHED")?;
    // He does not take her call beside the one that he has.
    alice.dial("1002")?;
    bob.expect("CALL_INCOMING")?;
    alice.command("hangup", "")?;
    alice.expect("CALL_CLOSED")?;
    bob.expect("CALL_CLOSED")?;
    alice.dial("*66")?;
    alice.expect("CALL_ESTABLISHED")?;
    alice.expect("CALL_CLOSED")?;
    let waits = server.ask(&["user-settings"])?.to_string();
    if !waits.contains("\"call-back\"") || !waits.contains("\"1002\"") {
        return Err(format!("nobody waits for 1002: {waits}"));
    }
    carol.command("hangup", "")?;
    carol.expect("CALL_CLOSED")?;
    bob.expect("CALL_CLOSED")?;
    alice.expect("CALL_INCOMING")?;
    alice.command("accept", "")?;
    bob.expect("CALL_INCOMING")?;
    bob.command("accept", "")?;
    bob.expect("CALL_ESTABLISHED")?;
    alice.talk(2 * TALK);
    let heard = bob.heard()?.last_seconds(2.0).share_of(440.0);
    if heard < CLEAR {
        return Err(format!("{heard:.2} of what bob heard was alice"));
    }
    bob.command("hangup", "")?;
    bob.expect("CALL_CLOSED")?;
    alice.expect("CALL_CLOSED")?;
    server.wait_for_records(5)?;
    server.explain_last()?.tells(&["by call back", "1002 answered"])?;
    // Bob did not answer her, and she wants to be told no more.
    alice.dial("1002")?;
    bob.expect("CALL_INCOMING")?;
    alice.command("hangup", "")?;
    bob.expect("CALL_CLOSED")?;
    alice.expect("CALL_CLOSED")?;
    for code in ["*66", "*86"] {
        alice.dial(code)?;
        alice.expect("CALL_ESTABLISHED")?;
        alice.expect("CALL_CLOSED")?;
    }
    server.wait_for_records(8)?;
    let waits = server.ask(&["user-settings"])?.to_string();
    if waits.contains("\"call-back\"") {
        return Err(format!("somebody still waits: {waits}"));
    }
    server.is_well()?;
    Ok("whoever found a line busy was rung when it was free, and talked with it; a second one was cancelled"
        .into())
}
