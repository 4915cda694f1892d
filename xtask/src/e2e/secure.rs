//! Encrypted media: SRTP with keys in descriptions, as a softphone and tshark see it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Context;
use super::baresip::{Account, Phone};
use super::capture::{Capture, Captured};
use super::server::Server;

const TALK: Duration = Duration::from_millis(2500);
/// The part of the energy that a tone must have.
const CLEAR: f64 = 0.9;
/// 20 ms of µ-law with the RTP header; SRTP adds a tag.
const PLAIN_BYTES: usize = 172;
/// In a tone some bytes come often; in what is encrypted each is one of 256. The part of the commonest of a stream.
const COMMON: f64 = 0.01;

/// Two phones that insist on SRTP talk through the relay, before a hold and after it, and the echo test sends back what it
/// hears; nothing of it is in the clear on the wire.
///
/// # Errors
/// What was not as it should be.
pub(super) fn srtp(context: &Context) -> Result<String, String> {
    let server = Server::lab(context, &["--relay", "always"])?;
    let capture = Capture::start(&context.folder, &[server.udp.port()])?;
    let account = |name, number, tone| Account {
        media_encryption: Some("srtp-mand"),
        ..server.account(name, number, tone)
    };
    let mut alice = Phone::register(&context.folder, &account("alice", "1001", 440))?;
    let mut bob = Phone::register(&context.folder, &account("bob", "1002", 1500))?;
    alice.dial("1002")?;
    bob.expect("CALL_INCOMING")?;
    bob.command("accept", "")?;
    alice.expect("CALL_ESTABLISHED")?;
    bob.expect("CALL_ESTABLISHED")?;
    alice.talk(TALK);
    for (who, share) in [("alice", alice.heard()?.share_of(1500.0)), ("bob", bob.heard()?.share_of(440.0))] {
        if share < CLEAR {
            return Err(format!("{who} heard {share:.2} of the other one"));
        }
    }
    // This softphone keeps the keys that a call begins with, so that it cannot hear music, which has keys of its own; what
    // counts is that it hears the other one again.
    bob.command("hold", "")?;
    alice.talk(TALK);
    bob.command("resume", "")?;
    alice.talk(2 * TALK);
    let again = alice.heard()?.last_seconds(2.0).share_of(1500.0);
    if again < CLEAR {
        return Err(format!("after the hold, alice heard {again:.2} of bob"));
    }
    alice.command("hangup", "")?;
    alice.expect("CALL_CLOSED")?;
    bob.expect("CALL_CLOSED")?;
    let story = server.explain_last()?;
    story.tells(&["Media is encrypted from device to device (", "waits and hears music."])?;
    echo(context, &account("amber", "1003", 440))?;
    let captured = capture.finish()?;
    captured.is_clean()?;
    let packets = nothing_in_the_clear(&captured)?;
    server.is_well()?;
    Ok(format!(
        "tones and echo were heard; RTP/SAVP, and none of {packets} packets could be read on the wire"
    ))
}

fn echo(context: &Context, account: &Account<'_>) -> Result<(), String> {
    let mut phone = Phone::register(&context.folder, account)?;
    phone.dial("9999")?;
    phone.expect("CALL_ESTABLISHED")?;
    phone.talk(TALK);
    phone.command("hangup", "")?;
    phone.expect("CALL_CLOSED")?;
    let share = phone.heard()?.share_of(440.0);
    if share < CLEAR { Err(format!("the echo gave {share:.2} of the tone back")) } else { Ok(()) }
}

/// Every stream is described as RTP/SAVP and looks like noise; says how many packets there were.
fn nothing_in_the_clear(captured: &Captured) -> Result<usize, String> {
    let protocols = captured.sdp(&["sdp.media.proto"])?;
    if protocols.is_empty() || protocols.iter().any(|protocol| protocol != "RTP/SAVP") {
        return Err(format!("descriptions should say RTP/SAVP; seen: {protocols:?}"));
    }
    let mut streams: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut packets = 0;
    for row in captured.rtp(&["udp.srcport", "udp.dstport", "udp.length", "udp.payload"])? {
        let [from, to, length, payload] = row.split('|').collect::<Vec<_>>()[..] else {
            return Err(format!("tshark printed {row}"));
        };
        // Behind the UDP header.
        let bytes = length.parse::<usize>().unwrap_or_default().saturating_sub(8);
        if bytes <= PLAIN_BYTES {
            return Err(format!("a packet of {bytes} bytes from {from} to {to} has no room for a tag"));
        }
        packets += 1;
        let digits: String = payload.chars().filter(char::is_ascii_hexdigit).collect();
        let bytes = (24..digits.len().saturating_sub(1)).step_by(2);
        let bytes = bytes.filter_map(|at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok());
        streams.entry(format!("{from} to {to}")).or_default().extend(bytes);
    }
    for (stream, bytes) in &streams {
        let mut counts = [0usize; 256];
        bytes.iter().for_each(|&byte| counts[usize::from(byte)] += 1);
        let common = counts.into_iter().max().unwrap_or_default() as f64 / bytes.len().max(1) as f64;
        if bytes.len() > 20_000 && common > COMMON {
            return Err(format!("{stream}: one byte has {common:.3} of the stream, which is not encrypted"));
        }
    }
    if packets < 500 { Err(format!("only {packets} packets were seen")) } else { Ok(packets) }
}
