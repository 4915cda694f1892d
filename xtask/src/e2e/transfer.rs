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

/// The called phone holds: the caller hears music, and none of the called one's tone; then they talk again. Held once more it hears
/// the music that an operator has loaded meanwhile.
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
    load_music(context, &server)?;
    bob.command("hold", "")?;
    alice.talk(2 * TALK);
    let own = alice.heard()?.last_seconds(3.0).share_of(700.0);
    if own < CLEAR {
        return Err(format!("held, alice heard {own:.2} of the file that bob's line has as music"));
    }
    alice.command("hangup", "")?;
    alice.expect("CALL_CLOSED")?;
    bob.expect("CALL_CLOSED")?;
    let malformed = capture.finish()?.malformed()?;
    if !malformed.is_empty() {
        return Err(format!("tshark finds fault with: {}", malformed.join("; ")));
    }
    let story = server.explain_last()?;
    story.tells(&["1001", "waits and hears music.", "hears music of audio source 2", "hung up"])?;
    server.is_well()?;
    Ok("music while held, the operator's own after a change, and each other's tone before and between".into())
}

/// A sound file with a tone of 700 Hz becomes the music of bob's line, while the two talk.
fn load_music(context: &Context, server: &Server) -> Result<(), String> {
    let place = |name: &str| context.folder.join(name);
    let write = |name: &str, bytes: &[u8]| {
        std::fs::write(place(name), bytes).map_err(|error| format!("{name}: {error}"))?;
        Ok::<_, String>(place(name).to_string_lossy().into_owned())
    };
    let file = write("seven.wav", &tone_file(700.0))?;
    let broken = write("broken.wav", &tone_file(700.0)[..1000])?;
    let refused = server.ask(&["sounds", "add", &broken]).err().unwrap_or_default();
    if !refused.contains("it is cut off") {
        return Err(format!("a sound file that is cut off was not refused with the reason: {refused}"));
    }
    server.ask(&["sounds", "add", &file])?;
    let sources = write("audio-sources.csv", b"name,number,file\nseven,2,seven.wav\n")?;
    let lines = write("lines.csv", b"pattern,partition,user_hold_source\n1002,internal,2\n")?;
    server.ask(&["import", &sources, &lines, "--message", "music"])?;
    let refused = server.ask(&["sounds", "remove", "seven.wav"]).err().unwrap_or_default();
    if !refused.contains("the audio source seven plays") {
        return Err(format!("a sound file that is played was not kept with the reason: {refused}"));
    }
    Ok(())
}

/// Two seconds of a tone as a studio would send it: 44.1 kHz, stereo, 24 bits.
fn tone_file(hz: f64) -> Vec<u8> {
    let mut data = Vec::new();
    for index in 0..2 * 44_100u32 {
        let sample = (f64::from(index) * hz / 44_100.0 * std::f64::consts::TAU).sin() * 2_000_000.0;
        let [low, middle, high, _] = (sample as i32).to_le_bytes();
        data.extend_from_slice(&[low, middle, high, low, middle, high]);
    }
    let mut file = b"RIFF".to_vec();
    file.extend_from_slice(&(36 + data.len() as u32).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x02\0");
    file.extend_from_slice(&44_100u32.to_le_bytes());
    file.extend_from_slice(&(44_100u32 * 6).to_le_bytes());
    file.extend_from_slice(b"\x06\0\x18\0data");
    file.extend_from_slice(&(data.len() as u32).to_le_bytes());
    [file, data].concat()
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
