//! Three phones: one gets a call that rings at another one, that waits at a number, or that another one sends on to it.

use super::Context;
use super::office::{CLEAR, Office, TALK};

/// The called phone parks the caller at a number; it hears music until a third phone dials the number.
///
/// # Errors
/// What was not as it should be.
pub(super) fn park(context: &Context) -> Result<String, String> {
    let rows = "pattern,partition\n88X,internal\n";
    let mut office = Office::open(context, &[("call-parks.csv", rows)])?;
    office.alice_calls_bob()?;
    office.bob.command("transfer", "880")?;
    office.bob.expect("CALL_CLOSED")?;
    office.alice.talk(2 * TALK);
    let music = office.alice.heard()?.last_seconds(3.0).share_between(150.0, 800.0);
    if music < CLEAR {
        return Err(format!("parked, alice heard {music:.2} of music"));
    }
    let calls = office.server.ask(&["calls"])?;
    let is_parked = |call: &serde_json::Value| call["state"] == "parked" && call["called"] == "880";
    if !calls["calls"].as_array().into_iter().flatten().any(is_parked) {
        return Err(format!("nothing is parked at 880: {calls}"));
    }
    office.carol.dial("880")?;
    office.carol.expect("CALL_ESTABLISHED")?;
    office.ends(&["1003", "leads to the feature park-retrieve", "goes on in call"], 4)?;
    Ok("the caller heard music at its number, and then the third phone, which heard it".into())
}

/// A call rings at one phone; another one of its group dials the number of the group and has it.
///
/// # Errors
/// What was not as it should be.
pub(super) fn pickup(context: &Context) -> Result<String, String> {
    let rows = "pattern,partition,lines.1,lines.2\n8600,internal,internal:1002,internal:1003\n";
    let mut office = Office::open(context, &[("pickup-groups.csv", rows)])?;
    office.alice.dial("1002")?;
    office.bob.expect("CALL_INCOMING")?;
    office.carol.dial("8600")?;
    office.bob.expect("CALL_CLOSED")?;
    office.carol.expect("CALL_ESTABLISHED")?;
    office.alice.expect("CALL_ESTABLISHED")?;
    office.ends(&["1003", "is the feature group-pickup", "goes on in call"], 2)?;
    Ok("the phone that rang stopped, and the caller and the one that asked heard each other".into())
}

/// A phone dials the code that sends its calls to another one; the next call rings there.
///
/// # Errors
/// What was not as it should be.
pub(super) fn forward(context: &Context) -> Result<String, String> {
    let mut office = Office::open(context, &[])?;
    office.bob.dial("*721003")?;
    office.bob.expect("CALL_ESTABLISHED")?;
    office.bob.expect("CALL_CLOSED")?;
    office.alice.dial("1002")?;
    office.carol.expect("CALL_INCOMING")?;
    office.carol.command("accept", "")?;
    office.alice.expect("CALL_ESTABLISHED")?;
    office.carol.expect("CALL_ESTABLISHED")?;
    office.ends(&["1001", "1002", "1003"], 2)?;
    Ok("the code was confirmed, and the next call to that phone rang at the other one".into())
}
