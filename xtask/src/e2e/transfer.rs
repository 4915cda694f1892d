//! What phones do with a call: hold, and sending the other party to a third one.

use std::time::Duration;

use serde_json::Value;

use super::Context;
use super::baresip::Phone;
use super::capture::Capture;
use super::server::Server;

/// Long enough for a second of clean tone after the jitter buffers have settled.
const TALK: Duration = Duration::from_millis(2500);
const CLEAR: f64 = 0.9;

/// The called phone holds: the caller hears music, and none of the called one's tone; then they talk again.
///
/// # Errors
/// What was not as it should be.
pub(super) fn hold(context: &Context) -> Result<String, String> {
    let server = Server::lab(context, &[])?;
    let capture = Capture::start(&context.folder, &[server.udp.port()])?;
    let mut alice = Phone::register(&context.folder, &server.account("alice", "1001", 440))?;
    let mut bob = Phone::register(&context.folder, &server.account("bob", "1002", 1500))?;
    alice.dial("1002")?;
    bob.expect("CALL_INCOMING")?;
    bob.command("accept", "")?;
    alice.expect("CALL_ESTABLISHED")?;
    bob.expect("CALL_ESTABLISHED")?;
    alice.talk(TALK);
    bob.command("hold", "")?;
    alice.talk(2 * TALK);
    let music = alice.heard()?.last_seconds(3.0);
    let (notes, tone) = (music.share_between(150.0, 800.0), music.share_of(1500.0));
    if notes < CLEAR || tone > 1.0 - CLEAR {
        return Err(format!("held, alice heard {notes:.2} of music and {tone:.2} of the one who holds"));
    }
    bob.command("resume", "")?;
    alice.talk(2 * TALK);
    let again = alice.heard()?.last_seconds(2.0).share_of(1500.0);
    if again < CLEAR {
        return Err(format!("after the hold, alice heard {again:.2} of bob"));
    }
    let heard = bob.heard()?.last_seconds(2.0).share_of(440.0);
    if heard < CLEAR {
        return Err(format!("after the hold, bob heard {heard:.2} of alice"));
    }
    alice.command("hangup", "")?;
    alice.expect("CALL_CLOSED")?;
    bob.expect("CALL_CLOSED")?;
    let malformed = capture.finish()?.malformed()?;
    if !malformed.is_empty() {
        return Err(format!("tshark finds fault with: {}", malformed.join("; ")));
    }
    server.explain_last()?.tells(&["1001", "waits and hears music", "hung up"])?;
    server.is_well()?;
    Ok("music while held, and each other's tone before and after".into())
}

/// The called phone transfers the caller blindly (REFER); the two that remain hear each other.
///
/// That whoever transfers keeps its call when nobody is reached shows with other phones: this one hangs up then.
///
/// # Errors
/// What was not as it should be.
pub(super) fn blind(context: &Context) -> Result<String, String> {
    let server = Server::lab(context, &[])?;
    let capture = Capture::start(&context.folder, &[server.udp.port()])?;
    let account = |name, number, tone| server.account(name, number, tone);
    let mut alice = Phone::register(&context.folder, &account("alice", "1001", 440))?;
    let mut bob = Phone::register(&context.folder, &account("bob", "1002", 700))?;
    let mut carol = Phone::register(&context.folder, &account("carol", "1003", 900))?;
    alice.dial("1002")?;
    bob.expect("CALL_INCOMING")?;
    bob.command("accept", "")?;
    alice.expect("CALL_ESTABLISHED")?;
    bob.expect("CALL_ESTABLISHED")?;

    // Phones whose buffers have not filled once drop the packets of the next sender.
    alice.talk(TALK);
    bob.command("transfer", "1003")?;
    carol.expect("CALL_INCOMING")?;
    bob.expect("CALL_CLOSED")?;
    alice.talk(TALK);
    carol.command("accept", "")?;
    carol.expect("CALL_ESTABLISHED")?;
    alice.talk(TALK);
    let call = the_call(&server)?;
    if (&call["calling"], &call["connected"]) != (&"1001".into(), &"1003".into()) {
        return Err(format!("the call should be of 1001 with 1003: {call}"));
    }
    alice.command("hangup", "")?;
    alice.expect("CALL_CLOSED")?;
    carol.expect("CALL_CLOSED")?;
    for (who, recording, tone) in [("alice", alice.heard()?, 900), ("carol", carol.heard()?, 440)] {
        let share = recording.last_seconds(2.0).share_of(f64::from(tone));
        if share < CLEAR {
            return Err(format!("{who} heard {share:.2} of {tone} Hz at the end"));
        }
    }
    let malformed = capture.finish()?.malformed()?;
    if !malformed.is_empty() {
        return Err(format!("tshark finds fault with: {}", malformed.join("; ")));
    }
    server.explain_last()?.tells(&["1001", "by transfer", "1003", "hung up"])?;
    // The call that was transferred, the one that was made for it, and what followed.
    server.wait_for_records(3)?;
    server.is_well()?;
    Ok("the caller came to the third phone and each heard the other's tone".into())
}

/// An operator brings the two parties together with whom a phone has calls, and sends one of them on to the echo test.
///
/// # Errors
/// What was not as it should be.
pub(super) fn ordered(context: &Context) -> Result<String, String> {
    let server = Server::lab(context, &[])?;
    let capture = Capture::start(&context.folder, &[server.udp.port()])?;
    let account = |name, number, tone| server.account(name, number, tone);
    let mut alice = Phone::register(&context.folder, &account("alice", "1001", 440))?;
    let mut bob = Phone::register(&context.folder, &account("bob", "1002", 700))?;
    let mut carol = Phone::register(&context.folder, &account("carol", "1003", 900))?;
    alice.dial("1002")?;
    bob.expect("CALL_INCOMING")?;
    bob.command("accept", "")?;
    alice.expect("CALL_ESTABLISHED")?;
    bob.expect("CALL_ESTABLISHED")?;
    alice.talk(TALK);
    let first = the_call(&server)?["call"].as_str().unwrap_or_default().to_owned();
    bob.dial("1003")?;
    carol.expect("CALL_INCOMING")?;
    carol.command("accept", "")?;
    carol.expect("CALL_ESTABLISHED")?;
    carol.talk(TALK);
    let calls = server.ask(&["calls"])?;
    let second = calls["calls"].as_array().into_iter().flatten().find(|call| call["called"] == "1003");
    let second = second.and_then(|call| call["call"].as_str()).ok_or("bob's second call is not listed")?;
    server.ask(&["call", "join", &first, "calling", second, "called"])?;
    bob.expect("CALL_CLOSED")?;
    bob.expect("CALL_CLOSED")?;
    alice.talk(2 * TALK);
    for (who, recording, tone) in [("alice", alice.heard()?, 900), ("carol", carol.heard()?, 440)] {
        let share = recording.last_seconds(2.0).share_of(f64::from(tone));
        if share < CLEAR {
            return Err(format!("{who} heard {share:.2} of {tone} Hz after the two were brought together"));
        }
    }
    let third = the_call(&server)?["call"].as_str().unwrap_or_default().to_owned();
    server.ask(&["call", "transfer", &third, "calling", "9999"])?;
    carol.expect("CALL_CLOSED")?;
    alice.talk(2 * TALK);
    let own = alice.heard()?.last_seconds(2.0).share_of(440.0);
    if own < CLEAR {
        return Err(format!("alice heard {own:.2} of herself at the echo test"));
    }
    let fourth = the_call(&server)?["call"].as_str().unwrap_or_default().to_owned();
    server.ask(&["call", "release", &fourth])?;
    alice.expect("CALL_CLOSED")?;
    let malformed = capture.finish()?.malformed()?;
    if !malformed.is_empty() {
        return Err(format!("tshark finds fault with: {}", malformed.join("; ")));
    }
    server.explain_last()?.tells(&["ordered: the call ends", "by order"])?;
    server.is_well()?;
    Ok("two parties were brought together, one was sent on, and its call ended, each by an order".into())
}

/// The only call that has not ended.
fn the_call(server: &Server) -> Result<Value, String> {
    let answer = server.ask(&["calls"])?;
    let mut calls: Vec<Value> = answer["calls"].as_array().cloned().unwrap_or_default();
    calls.retain(|call| call["state"] != "ended");
    match calls.as_slice() {
        [call] => Ok(call.clone()),
        other => Err(format!("there should be one call: {other:?}")),
    }
}
