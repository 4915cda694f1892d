//! Codes that a phone dials: a malicious call is reported, a speed dial is called by its position, a call that not everybody may make is paid
//! for by somebody.

use std::time::Duration;

use super::Context;
use super::office::{CLEAR, Office, TALK, apply, dial_code, hears, talk};
use super::ports;
use super::sipp::{Sipp, script_of};

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

/// Keys of the codes are asked for by a tone before the call is answered, and heard in RTP (RFC 4733): with the right ones the call goes out to
/// the gateway under its number, and with others it is refused.
///
/// # Errors
/// What was not as it should be.
pub(super) fn authorization(context: &Context) -> Result<String, String> {
    let port = ports::one()?;
    let Office { server, capture, mut alice, .. } = Office::open(context, &[])?;
    let gateway = format!(
        "[[trunk]]\nname = \"carrier\"\ndestinations = [\"127.0.0.1:{port}\"]\nsources = [\"127.0.0.1:{port}\"]\n\n\
         [[route_pattern]]\npattern = \"9.XXXX\"\npartition = \"internal\"\ntrunk = \"carrier\"\nauthorization_level = 10\n\
         matter_code = true\nchange.discard = \"PreDot\"\n\n\
         [[authorization_code]]\nname = \"Ada\"\ncode = \"471100\"\nlevel = 20\n\n\
         [[matter_code]]\nname = \"Smith\"\ncode = \"4712\"\n"
    );
    apply(context, &server, &gateway)?;
    let (uas, port) = (script_of("answer.xml"), port.to_string());
    let arguments = ["-i", "127.0.0.1", "-p", &port, "-m", "1", "-sf", &uas];
    let carrier = Sipp::start(&context.folder, "carrier", LIMIT, &arguments)?;
    alice.dial("94444")?;
    alice.expect("CALL_PROGRESS")?;
    alice.talk(TALK);
    let prompt = alice.heard()?.most_of(480.0);
    // Beeps of 100 ms in windows of 250 ms.
    if prompt < CLEAR / 2.0 {
        return Err(format!(
            "at most {prompt:.2} of what was heard before the codes is the tone that asks for them"
        ));
    }
    keys(&mut alice, "471100#4712#")?;
    alice.expect("CALL_ESTABLISHED")?;
    alice.talk(TALK / 5);
    alice.command("hangup", "")?;
    alice.expect("CALL_CLOSED")?;
    let counts = carrier.finish(LIMIT)?;
    if (counts.successful, counts.failed) != (1, 0) {
        return Err(format!("the gateway counted {counts:?}"));
    }
    alice.dial("94444")?;
    alice.expect("CALL_PROGRESS")?;
    alice.talk(TALK / 2);
    keys(&mut alice, "99#")?;
    alice.expect_within("CALL_CLOSED", LIMIT)?;
    capture.finish()?.is_clean()?;
    server.wait_for_records(2)?;
    let calls = server.calls()?;
    let stories: Result<Vec<String>, String> = calls
        .iter()
        .filter_map(|call| call["call"].as_str())
        .map(|id| server.ask(&["explain", "call", id]).map(|story| story.to_string()))
        .collect();
    let stories = stories?.concat();
    for told in ["Ada", "Smith", "that was given for 94444 is not known"] {
        if !stories.contains(told) {
            return Err(format!("nothing is told of {told}"));
        }
    }
    if stories.contains("471100") {
        return Err("a story has the code itself".into());
    }
    server.is_well()?;
    Ok("two codes were asked for by a tone and heard, and the call went out; a wrong code was refused with a tone".into())
}

fn keys(phone: &mut super::baresip::Phone, keys: &str) -> Result<(), String> {
    for key in keys.chars() {
        phone.command("sndcode", &key.to_string())?;
        phone.talk(Duration::from_millis(400));
    }
    Ok(())
}

const LIMIT: Duration = Duration::from_secs(30);
