//! What most scenarios with two or three phones begin and end with.

use std::time::Duration;

use serde_json::Value;

use super::Context;
use super::baresip::Phone;
use super::capture::Capture;
use super::server::Server;

/// Long enough for a second of clean tone after the jitter buffers have settled.
pub(super) const TALK: Duration = Duration::from_millis(2500);
/// What a tone has of the sound that is heard; G.711 leaves more than 0.99 of a sine.
pub(super) const CLEAR: f64 = 0.9;

/// Three phones of the lab's numbers, each with a tone of its own.
pub(super) struct Office {
    pub(super) server: Server,
    pub(super) capture: Capture,
    /// 1001, 440 Hz.
    pub(super) alice: Phone,
    /// 1002, 700 Hz.
    pub(super) bob: Phone,
    /// 1003, 900 Hz.
    pub(super) carol: Phone,
}

impl Office {
    /// The lab with these tables, and its three phones.
    pub(super) fn open(context: &Context, tables: &[(&str, &str)]) -> Result<Office, String> {
        let server = Server::lab(context, &[])?;
        import(context, &server, tables)?;
        let capture = Capture::start(&context.folder, &[server.udp.port()])?;
        let phone =
            |name, number, tone| Phone::register(&context.folder, &server.account(name, number, tone));
        let (alice, bob) = (phone("alice", "1001", 440)?, phone("bob", "1002", 700)?);
        let carol = phone("carol", "1003", 900)?;
        Ok(Office { server, capture, alice, bob, carol })
    }

    /// Alice calls Bob, and they talk.
    pub(super) fn alice_calls_bob(&mut self) -> Result<(), String> {
        talk(&mut self.alice, &mut self.bob, "1002")
    }

    /// Alice and Carol hear each other, and part; of so many calls the last one's story has these words.
    pub(super) fn hear_each_other(&mut self, words: &[&str], records: usize) -> Result<(), String> {
        self.alice.talk(2 * TALK);
        hears("alice", &self.alice, 900.0)?;
        hears("carol", &self.carol, 440.0)?;
        self.alice.command("hangup", "")?;
        self.alice.expect("CALL_CLOSED")?;
        self.carol.expect("CALL_CLOSED")?;
        self.server.wait_for_records(records)?;
        self.server.explain_last()?.tells(words)
    }

    /// The same for the last time.
    pub(super) fn ends(mut self, words: &[&str], records: usize) -> Result<(), String> {
        self.hear_each_other(words, records)?;
        self.capture.finish()?.is_clean()?;
        self.server.is_well()
    }
}

/// Brings tables into the configuration, one after the other.
pub(super) fn import(context: &Context, server: &Server, tables: &[(&str, &str)]) -> Result<(), String> {
    for (name, rows) in tables {
        let file = context.folder.join(name);
        std::fs::write(&file, rows).map_err(|error| format!("{name}: {error}"))?;
        server.ask(&["import", &file.to_string_lossy(), "--message", "for the scenario"])?;
    }
    Ok(())
}

/// Brings objects into the configuration beside those that are there.
pub(super) fn apply(context: &Context, server: &Server, text: &str) -> Result<(), String> {
    let conf = context.folder.join("conf");
    std::fs::create_dir_all(&conf).map_err(|error| error.to_string())?;
    std::fs::write(conf.join("scenario.toml"), text).map_err(|error| error.to_string())?;
    server.ask(&["apply", &conf.to_string_lossy(), "--keep-others", "--message", "for the scenario"])?;
    Ok(())
}

/// One calls the other, who answers, and they talk for a while: phones whose buffers have not filled once drop the packets of whoever
/// sends next.
pub(super) fn talk(caller: &mut Phone, called: &mut Phone, dials: &str) -> Result<(), String> {
    caller.dial(dials)?;
    called.expect("CALL_INCOMING")?;
    called.command("accept", "")?;
    caller.expect("CALL_ESTABLISHED")?;
    called.expect("CALL_ESTABLISHED")?;
    called.talk(TALK);
    Ok(())
}

/// A phone dials a code, which is confirmed.
pub(super) fn dial_code(phone: &mut Phone, code: &str) -> Result<(), String> {
    phone.dial(code)?;
    phone.expect("CALL_ESTABLISHED")?;
    phone.expect("CALL_CLOSED")?;
    Ok(())
}

/// A phone has heard this tone for the last two seconds, and nothing else.
pub(super) fn hears(who: &str, phone: &Phone, tone: f64) -> Result<(), String> {
    let share = phone.heard()?.last_seconds(2.0).share_of(tone);
    if share < CLEAR { Err(format!("{who} heard {share:.2} of {tone} Hz at the end")) } else { Ok(()) }
}

/// The only call that has not ended.
pub(super) fn the_call(server: &Server) -> Result<Value, String> {
    let answer = server.ask(&["calls"])?;
    let mut calls: Vec<Value> = answer["calls"].as_array().cloned().unwrap_or_default();
    calls.retain(|call| call["state"] != "ended");
    match calls.as_slice() {
        [call] => Ok(call.clone()),
        other => Err(format!("there should be one call: {other:?}")),
    }
}
