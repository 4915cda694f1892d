//! Three phones: one gets a call that rings at another one, that waits at a number, or that another one sends on to it.

use std::time::Duration;

use super::Context;
use super::office::{CLEAR, Office, TALK, apply, dial_code, hears};
use super::ports;
use super::sipp::{Sipp, script_of};

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

/// A call rings at one phone; another one takes it: by the code for groups of others, by that for a line with its number, by the number of
/// its group, and by the code for the own group.
///
/// # Errors
/// What was not as it should be.
pub(super) fn pickup(context: &Context) -> Result<String, String> {
    let bobs = "pattern,partition,lines.1\n8601,internal,internal:1002\n";
    let carols = "pattern,partition,lines.1,lines.2,others.1\n8600,internal,internal:1001,internal:1003,internal:8601\n";
    let codes = "pattern,partition,feature\n*31,internal,pickup\n*32,internal,other-pickup\n*33!,internal,directed-pickup\n";
    let tables = [("pickup-groups.csv", bobs), ("pickup-groups.csv", carols), ("feature-codes.csv", codes)];
    let mut office = Office::open(context, &tables)?;
    let ways = [("*32", "is the feature other-pickup"), ("*331002", "the feature directed-pickup")];
    let ways = ways.into_iter().chain([("8601", "is the feature group-pickup")]);
    for (nth, (dials, words)) in ways.enumerate() {
        office.alice.dial("1002")?;
        office.bob.expect("CALL_INCOMING")?;
        office.carol.dial(dials)?;
        office.bob.expect("CALL_CLOSED")?;
        office.carol.expect("CALL_ESTABLISHED")?;
        office.alice.expect("CALL_ESTABLISHED")?;
        office.hear_each_other(&["1003", words, "goes on in call"], 2 * (nth + 1))?;
    }
    let Office { server, capture, mut alice, mut bob, mut carol } = office;
    bob.dial("1001")?;
    alice.expect("CALL_INCOMING")?;
    carol.dial("*31")?;
    alice.expect("CALL_CLOSED")?;
    carol.expect("CALL_ESTABLISHED")?;
    bob.expect("CALL_ESTABLISHED")?;
    bob.talk(2 * TALK);
    hears("bob", &bob, 900.0)?;
    hears("carol", &carol, 700.0)?;
    bob.command("hangup", "")?;
    bob.expect("CALL_CLOSED")?;
    carol.expect("CALL_CLOSED")?;
    capture.finish()?.is_clean()?;
    server.wait_for_records(8)?;
    server.explain_last()?.tells(&["1003", "is the feature pickup", "goes on in call"])?;
    server.is_well()?;
    Ok("four times the phone that rang stopped, and the caller and the one that asked heard each other"
        .into())
}

/// A phone dials the codes that send its calls to another one: all of them, those that find it busy, and those that it does not answer.
///
/// # Errors
/// What was not as it should be.
pub(super) fn forward(context: &Context) -> Result<String, String> {
    let lines = "pattern,partition,busy_trigger,no_answer\n1002,internal,1,4\n";
    let mut office = Office::open(context, &[("lines.csv", lines)])?;
    dial_code(&mut office.bob, "*721003")?;
    office.alice.dial("1002")?;
    office.carol_answers(&["1001", "1002", "1003"], 2)?;
    dial_code(&mut office.bob, "*73")?;
    // He listens to himself, and has one call at most.
    dial_code(&mut office.bob, "*901003")?;
    office.bob.dial("9999")?;
    office.bob.expect("CALL_ESTABLISHED")?;
    office.alice.dial("1002")?;
    // Of his call there is no record yet.
    office.carol_answers(&["1002 is busy", "1003"], 5)?;
    office.bob.command("hangup", "")?;
    office.bob.expect("CALL_CLOSED")?;
    dial_code(&mut office.bob, "*91")?;
    dial_code(&mut office.bob, "*921003")?;
    office.alice.dial("1002")?;
    office.bob.expect("CALL_INCOMING")?;
    office.carol.expect("CALL_INCOMING")?;
    office.bob.expect("CALL_CLOSED")?;
    office.carol.command("accept", "")?;
    office.alice.expect("CALL_ESTABLISHED")?;
    office.carol.expect("CALL_ESTABLISHED")?;
    office.ends(&["1001", "Nobody at 1002 answered within 4 s", "1003"], 9)?;
    Ok("the codes were confirmed, and calls to that phone rang at the other one: all, when it was busy, when nobody answered".into())
}

/// A gateway answers with 302: the call rings at the number that it names.
///
/// # Errors
/// What was not as it should be.
pub(super) fn moved(context: &Context) -> Result<String, String> {
    let port = ports::one()?;
    let mut office = Office::open(context, &[])?;
    let gateway = format!(
        "[[trunk]]\nname = \"gateway\"\ndestinations = [\"127.0.0.1:{port}\"]\nsources = [\"127.0.0.1:{port}\"]\n\
         search_space = \"everything\"\n\n\
         [[route_pattern]]\npattern = \"8800\"\npartition = \"internal\"\ntrunk = \"gateway\"\n"
    );
    apply(context, &office.server, &gateway)?;
    let (uas, port, address) = (script_of("moved.xml"), port.to_string(), office.server.udp.to_string());
    let arguments = ["-i", "127.0.0.1", "-p", &port, "-m", "1", "-sf", &uas, "-key", "server", &address];
    let gateway = Sipp::start(&context.folder, "gateway", LIMIT, &arguments)?;
    office.alice.dial("8800")?;
    office.carol_answers(&["8800", "1003"], 1)?;
    let counts = gateway.finish(LIMIT)?;
    if (counts.successful, counts.failed) != (1, 0) {
        return Err(format!("the gateway counted {counts:?}"));
    }
    office.capture.finish()?.is_clean()?;
    office.server.is_well()?;
    Ok("302 of a gateway rang where it said".into())
}

const LIMIT: Duration = Duration::from_secs(30);

impl Office {
    /// Carol answers what rings there; Alice and she hear each other, and part.
    fn carol_answers(&mut self, words: &[&str], records: usize) -> Result<(), String> {
        self.carol.expect("CALL_INCOMING")?;
        self.carol.command("accept", "")?;
        self.alice.expect("CALL_ESTABLISHED")?;
        self.carol.expect("CALL_ESTABLISHED")?;
        self.hear_each_other(words, records)
    }
}
