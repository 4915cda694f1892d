//! Two people talk.

use std::collections::BTreeMap;
use std::time::Duration;

use super::baresip::{Account, Phone};
use super::capture::{Capture, Captured};
use super::server::Server;
use super::{Context, audio::Recording};

/// Long enough for a second of clean tone after the jitter buffers have settled.
const TALK: Duration = Duration::from_millis(2500);
/// The part of the energy that the other side's tone must have. G.711 leaves more than 0.99 of a sine.
const CLEAR: f64 = 0.9;
/// RTP packets each way in a talk, at fifty a second, with a margin for a loaded machine.
const PACKETS_MIN: usize = 60;

/// Two phones over UDP; media from phone to phone.
///
/// # Errors
/// What was not as it should be.
pub(super) fn direct(context: &Context) -> Result<String, String> {
    let server = Server::lab(context, &[])?;
    let ways = conversation(context, &server, ("udp", "PCMU/8000/1"), DIRECT)?;
    // From one phone's port to the other's and back: nobody stands between.
    let [(from, to), (back_from, back_to)] = ways[..] else {
        return Err(format!("media should flow directly, one way each; seen: {ways:?}"));
    };
    if (from, to) != (back_to, back_from) {
        return Err(format!("media should flow directly from phone to phone; seen: {ways:?}"));
    }
    Ok("each side heard the other's tone; RTP went from phone to phone; nothing malformed on the wire".into())
}

/// The same with the relay between them.
///
/// # Errors
/// What was not as it should be.
pub(super) fn relayed(context: &Context) -> Result<String, String> {
    let server = Server::lab(context, &["--relay", "always"])?;
    let ways = conversation(context, &server, ("udp", "PCMU/8000/1"), RELAYED)?;
    // Phone to relay and relay to phone, for each of the two.
    if ways.len() != 4 {
        return Err(format!("through a relay media flow four ways; seen: {ways:?}"));
    }
    Ok("each side heard the other's tone through the relay; nothing malformed on the wire".into())
}

/// The same with signalling over TCP.
///
/// # Errors
/// What was not as it should be.
pub(super) fn over_tcp(context: &Context) -> Result<String, String> {
    let server = Server::lab(context, &[])?;
    conversation(context, &server, ("tcp", "PCMA/8000/1"), DIRECT)?;
    Ok("each side heard the other's tone, in A-law; nothing malformed on the wire".into())
}

/// The ports between which RTP flowed, one pair for each way.
type Ways = Vec<(u16, u16)>;

/// What the story says of media from phone to phone, and of media through the relay.
const DIRECT: &str = "does not pass this server: 1001 sends to 1002";
const RELAYED: &str = "goes through the relay of this server: what 1001 sends goes on to 1002";

fn conversation(
    context: &Context,
    server: &Server,
    (transport, codec): (&str, &str),
    media: &str,
) -> Result<Ways, String> {
    let capture = Capture::start(&context.folder, &[server.udp.port(), server.tcp.port()])?;
    let [tone_a, tone_b] = [440, 700];
    let address = if transport == "tcp" { server.tcp } else { server.udp };
    let account = |name, number, tone| Account {
        server: address,
        transport,
        codec,
        ..server.account(name, number, tone)
    };
    let mut alice = Phone::register(&context.folder, &account("alice", "1001", tone_a))?;
    let mut bob = Phone::register(&context.folder, &account("bob", "1002", tone_b))?;
    alice.dial("1002")?;
    bob.expect("CALL_INCOMING")?;
    alice.expect("CALL_RINGING")?;
    bob.command("accept", "")?;
    alice.expect("CALL_ESTABLISHED")?;
    bob.expect("CALL_ESTABLISHED")?;
    alice.talk(TALK);
    alice.command("hangup", "")?;
    alice.expect("CALL_CLOSED")?;
    bob.expect("CALL_CLOSED")?;
    heard("alice", &alice.heard()?, tone_b, tone_a)?;
    heard("bob", &bob.heard()?, tone_a, tone_b)?;
    let captured = capture.finish()?;
    captured.is_clean()?;
    let story = server.explain_last()?;
    story.says(&["1001", "1002", "talked", "hung up"])?;
    story.tells(&[media])?;
    server.is_well()?;
    ways(&captured)
}

fn ways(captured: &Captured) -> Result<Ways, String> {
    let mut count: BTreeMap<(u16, u16), usize> = BTreeMap::new();
    for row in captured.rtp(&["udp.srcport", "udp.dstport"])? {
        let mut ports = row.split('|').filter_map(|port| port.parse().ok());
        if let (Some(from), Some(to)) = (ports.next(), ports.next()) {
            *count.entry((from, to)).or_default() += 1;
        }
    }
    if let Some((way, packets)) = count.iter().find(|row| *row.1 < PACKETS_MIN) {
        return Err(format!("only {packets} RTP packets went {way:?}"));
    }
    Ok(count.into_keys().collect())
}

fn heard(who: &str, recording: &Recording, wanted: u32, own: u32) -> Result<(), String> {
    let share = recording.share_of(f64::from(wanted));
    if share < CLEAR {
        return Err(format!(
            "{who} heard {share:.2} of {wanted} Hz in {:.1} s (its own {own} Hz: {:.2})",
            recording.seconds(),
            recording.share_of(f64::from(own)),
        ));
    }
    Ok(())
}

/// A number with two phones: both ring, one answers, the other one stops and nothing is left behind.
///
/// # Errors
/// What was not as it should be.
pub(super) fn shared_line(context: &Context) -> Result<String, String> {
    let server = Server::lab(context, &[])?;
    let capture = Capture::start(&context.folder, &[server.udp.port()])?;
    let account = |name, number, tone| server.account(name, number, tone);
    let mut alice = Phone::register(&context.folder, &account("alice", "1001", 440))?;
    let mut bob = Phone::register(&context.folder, &account("bob", "1002", 700))?;
    let mut carol = Phone::register(&context.folder, &account("carol", "1002", 900))?;
    alice.dial("1002")?;
    bob.expect("CALL_INCOMING")?;
    carol.expect("CALL_INCOMING")?;
    carol.command("accept", "")?;
    carol.expect("CALL_ESTABLISHED")?;
    alice.expect("CALL_ESTABLISHED")?;
    bob.expect("CALL_CLOSED")?;
    alice.talk(TALK);
    heard_nothing(&bob)?;
    carol.command("hangup", "")?;
    alice.expect("CALL_CLOSED")?;
    carol.expect("CALL_CLOSED")?;
    heard("alice", &alice.heard()?, 900, 440)?;
    heard("carol", &carol.heard()?, 440, 900)?;
    let ladder = capture.finish()?.ladder()?;
    if !ladder.iter().any(|line| line.starts_with("CANCEL"))
        || !ladder.iter().any(|line| line == "487 INVITE")
    {
        return Err(format!("the loser was not cancelled: {}", ladder.join(", ")));
    }
    server.explain_last()?.tells(&["2 phones of 1002", "answered elsewhere"])?;
    Ok("both phones rang, one answered, the other one was cancelled".into())
}

fn heard_nothing(phone: &Phone) -> Result<(), String> {
    match phone.heard() {
        Err(_) => Ok(()),
        Ok(recording) if recording.samples.is_empty() => Ok(()),
        Ok(recording) => Err(format!("the phone that lost heard {:.1} s of the call", recording.seconds())),
    }
}
