//! Codes that a phone dials: a malicious call is reported, a speed dial is called by its position.

use super::Context;
use super::office::{Office, TALK, dial_code, hears, talk};

/// The called phone holds its caller, reports the call by a code that is confirmed, and takes its caller back: both hear each other, and the
/// record carries the mark.
///
/// # Errors
/// What was not as it should be.
pub(super) fn malicious(context: &Context) -> Result<String, String> {
    let codes = "pattern,partition,feature\n*31,internal,malicious-call\n";
    let Office { server, capture, mut alice, mut bob, carol: _carol } =
        Office::open(context, &[("feature-codes.csv", codes)])?;
    talk(&mut alice, &mut bob, "1002")?;
    bob.command("hold", "")?;
    bob.talk(TALK / 2);
    dial_code(&mut bob, "*31")?;
    bob.command("resume", "")?;
    bob.talk(2 * TALK);
    hears("alice", &alice, 700.0)?;
    alice.command("hangup", "")?;
    alice.expect("CALL_CLOSED")?;
    bob.expect("CALL_CLOSED")?;
    capture.finish()?.is_clean()?;
    server.wait_for_records(2)?;
    // The call that was reported began first and ended last.
    let calls = server.ask(&["calls"])?;
    let call = calls["calls"].as_array().into_iter().flatten().find(|call| call["called"] == "1002");
    let id =
        call.and_then(|call| call["call"].as_str()).ok_or_else(|| format!("no call to 1002: {calls}"))?;
    let story = server.ask(&["explain", "call", id])?.to_string();
    if !story.contains("malicious") {
        return Err(format!("nothing is told of the report: {story}"));
    }
    server.is_well()?;
    Ok("the report was confirmed while the caller was held, stands in the story, and the two went on".into())
}

/// A phone dials the code for its second speed dial; the two hear each other. A position without one is refused.
///
/// # Errors
/// What was not as it should be.
pub(super) fn speed_dial(context: &Context) -> Result<String, String> {
    let codes = "pattern,partition,feature\n*31!,internal,speed-dial\n";
    let dials = "name,keys.speed_dials.1.number,keys.speed_dials.2.number\nSIP-1001,1002,1003\n";
    let mut office = Office::open(context, &[("feature-codes.csv", codes), ("phones.csv", dials)])?;
    office.alice.dial("*313")?;
    office.alice.expect("CALL_CLOSED")?;
    office.alice.dial("*312")?;
    office.carol.expect("CALL_INCOMING")?;
    office.carol.command("accept", "")?;
    office.alice.expect("CALL_ESTABLISHED")?;
    office.carol.expect("CALL_ESTABLISHED")?;
    office.ends(&["the feature speed-dial", "1003"], 2)?;
    Ok("the second speed dial rang where it leads, and each heard the other; the third one is not there"
        .into())
}
