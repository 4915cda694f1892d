//! Two phones without a codec in common talk through a transcoder of the server.

use std::time::Duration;

use super::Context;
use super::baresip::{Account, Phone};
use super::capture::Capture;
use super::office::import;
use super::server::Server;

/// Long enough for seconds of clean tones after jitter buffers.
const TALK: Duration = Duration::from_secs(5);
/// What a tone has of the sound that is heard; two codecs and a jitter buffer leave nearly all.
const CLEAR: f64 = 0.9;

/// One phone has PCMU alone, the other one G.722 alone: without a transcoder their call is refused, with one each hears the other's tone,
/// also after a hold.
///
/// # Errors
/// What was not as it should be.
pub(super) fn transcode(context: &Context) -> Result<String, String> {
    let server = Server::lab(context, &[])?;
    let capture = Capture::start(&context.folder, &[server.udp.port()])?;
    let phone = |name, number, tone, codec| {
        let account = server.account(name, number, tone);
        Phone::register(&context.folder, &Account { codec, ..account })
    };
    let mut alice = phone("alice", "1001", 440, "PCMU/8000/1")?;
    let mut bob = phone("bob", "1002", 700, "G722/16000/1")?;
    alice.dial("1002")?;
    alice.expect("CALL_CLOSED")?;
    server.wait_for_records(1)?;
    let table = "name,function,capacity\nxcode1,transcoder,2\n";
    import(context, &server, &[("media-resources.csv", table)])?;
    alice.dial("1002")?;
    bob.expect("CALL_INCOMING")?;
    bob.command("accept", "")?;
    alice.expect("CALL_ESTABLISHED")?;
    bob.expect("CALL_ESTABLISHED")?;
    bob.talk(TALK);
    let first = hear_each_other(&alice, &bob)?;
    let used = &server.ask(&["resources"])?["resources"][0];
    if (&used["name"], &used["in_use"], &used["capacity"]) != (&"xcode1".into(), &1.into(), &2.into()) {
        return Err(format!("during the call the transcoder is {used}"));
    }
    alice.command("hold", "")?;
    alice.talk(Duration::from_secs(2));
    alice.command("resume", "")?;
    alice.talk(TALK);
    let second = hear_each_other(&alice, &bob)?;
    alice.command("hangup", "")?;
    bob.expect("CALL_CLOSED")?;
    capture.finish()?.is_clean()?;
    server.wait_for_records(2)?;
    server.explain_last()?.tells(&[
        "Transcoder xcode1 is taken for",
        "The caller speaks PCMU and the called G722",
        "hung up",
    ])?;
    let used = &server.ask(&["resources"])?["resources"][0];
    if (&used["in_use"], &used["allocated"]) != (&0.into(), &1.into()) {
        return Err(format!("after the call the transcoder is {used}"));
    }
    server.is_well()?;
    Ok(format!("PCMU and G.722 heard each other ({first}), also after a hold ({second})"))
}

fn hear_each_other(alice: &Phone, bob: &Phone) -> Result<String, String> {
    let mut shares = Vec::new();
    for (phone, name, tone) in [(alice, "alice", 700.0), (bob, "bob", 440.0)] {
        let share = phone.heard()?.last_seconds(2.0).share_of(tone);
        if share < CLEAR {
            return Err(format!("{name} heard {share:.2} of {tone} Hz"));
        }
        shares.push(format!("{name} {share:.2}"));
    }
    Ok(shares.join(", "))
}
