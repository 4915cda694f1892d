//! Three phones: one gets a call that rings at another one, that waits at a number, or that another one sends on to it.

use std::time::Duration;

use super::Context;
use super::baresip::Phone;
use super::capture::Capture;
use super::server::Server;

/// Long enough for a second of clean tone after the jitter buffers have settled.
const TALK: Duration = Duration::from_millis(2500);
const CLEAR: f64 = 0.9;

/// Three phones and what they are set up with.
struct Office {
    server: Server,
    capture: Capture,
    alice: Phone,
    bob: Phone,
    carol: Phone,
}

impl Office {
    fn open(context: &Context, table: Option<(&str, &str)>) -> Result<Office, String> {
        let server = Server::lab(context, &[])?;
        if let Some((name, rows)) = table {
            let file = context.folder.join(name);
            std::fs::write(&file, rows).map_err(|error| format!("{name}: {error}"))?;
            server.ask(&["import", &file.to_string_lossy(), "--message", "features"])?;
        }
        let capture = Capture::start(&context.folder, &[server.udp.port()])?;
        let phone =
            |name, number, tone| Phone::register(&context.folder, &server.account(name, number, tone));
        let (alice, bob) = (phone("alice", "1001", 440)?, phone("bob", "1002", 700)?);
        let carol = phone("carol", "1003", 900)?;
        Ok(Office { server, capture, alice, bob, carol })
    }

    /// Alice and Carol hear each other, and part.
    fn ends(mut self, words: &[&str], records: usize) -> Result<(), String> {
        self.alice.talk(2 * TALK);
        for (who, recording, tone) in
            [("alice", self.alice.heard()?, 900.0), ("carol", self.carol.heard()?, 440.0)]
        {
            let share = recording.last_seconds(2.0).share_of(tone);
            if share < CLEAR {
                return Err(format!("{who} heard {share:.2} of {tone} Hz at the end"));
            }
        }
        self.alice.command("hangup", "")?;
        self.alice.expect("CALL_CLOSED")?;
        self.carol.expect("CALL_CLOSED")?;
        let malformed = self.capture.finish()?.malformed()?;
        if !malformed.is_empty() {
            return Err(format!("tshark finds fault with: {}", malformed.join("; ")));
        }
        self.server.wait_for_records(records)?;
        self.server.explain_last()?.tells(words)?;
        self.server.is_well()
    }
}

/// The called phone parks the caller at a number; it hears music until a third phone dials the number.
///
/// # Errors
/// What was not as it should be.
pub(super) fn park(context: &Context) -> Result<String, String> {
    let rows = "pattern,partition\n88X,internal\n";
    let mut office = Office::open(context, Some(("call-parks.csv", rows)))?;
    office.alice.dial("1002")?;
    office.bob.expect("CALL_INCOMING")?;
    office.bob.command("accept", "")?;
    office.alice.expect("CALL_ESTABLISHED")?;
    office.bob.expect("CALL_ESTABLISHED")?;
    office.alice.talk(TALK);
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
    let mut office = Office::open(context, Some(("pickup-groups.csv", rows)))?;
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
    let mut office = Office::open(context, None)?;
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
