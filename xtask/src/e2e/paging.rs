//! One phone speaks to all of a paging group: to phones, to an overhead gateway, and to whatever listens at a multicast address.

use std::time::Duration;

use super::Context;
use super::audio::Recording;
use super::baresip::Phone;
use super::capture::Capture;
use super::office::import;
use super::ports;
use super::server::Server;
use super::sipp::Sipp;

/// Long enough for seconds of clean tone after the jitter buffers have settled.
const TALK: Duration = Duration::from_secs(5);
const CLEAR: f64 = 0.9;
const TONE: f64 = 440.0;
const GROUP: &str = "239.255.84.1";
const LIMIT: Duration = Duration::from_secs(60);

/// Alice speaks; Bob's and Carol's phones, a gateway and a multicast address hear her, and she hears nothing.
///
/// # Errors
/// What was not as it should be.
pub(super) fn paging(context: &Context) -> Result<String, String> {
    let server = Server::lab(context, &[])?;
    let (hall, multicast) = (ports::one()?, ports::block(2)?);
    let trunk = format!("name,destinations.1\nhall,127.0.0.1:{hall}\n");
    let group = format!(
        "pattern,partition,lines.1,lines.2,overhead.1.trunk,overhead.1.number,multicast,multicast_port\n\
         8400,internal,internal:1002,internal:1003,hall,5555,{GROUP},{multicast}\n"
    );
    import(context, &server, &[("trunks.csv", &trunk), ("paging-groups.csv", &group)])?;
    let capture = Capture::start(&context.folder, &[server.udp.port()])?;
    // The amplifier: whatever calls it is answered, and takes what it is sent.
    let port = hall.to_string();
    let media = ports::block(2)?.to_string();
    let arguments = ["-sn", "uas", "-i", "127.0.0.1", "-p", &port, "-mi", "127.0.0.1", "-mp", &media];
    let mut gateway = Sipp::start(&context.folder, "hall", LIMIT, &arguments)?;
    gateway.ready(([127, 0, 0, 1], hall).into())?;
    let mut alice = Phone::register(&context.folder, &server.account("alice", "1001", 440))?;
    let mut bob = Phone::register(&context.folder, &server.account("bob", "1002", 700))?;
    let mut carol = Phone::register(&context.folder, &server.account("carol", "1003", 900))?;
    alice.dial("8400")?;
    for phone in [&mut bob, &mut carol] {
        phone.expect("CALL_INCOMING")?;
        // baresip 1.0 does not know that it is to answer by itself; that it was told so is seen on the wire.
        phone.command("accept", "")?;
        phone.expect("CALL_ESTABLISHED")?;
    }
    alice.expect("CALL_ESTABLISHED")?;
    alice.talk(TALK);
    for phone in [&bob, &carol] {
        phone.prints("incoming rtp for 'audio' established")?;
    }
    alice.command("hangup", "")?;
    for phone in [&mut alice, &mut bob, &mut carol] {
        phone.expect("CALL_CLOSED")?;
    }
    let amplified = gateway.stop()?;
    if (amplified.successful, amplified.failed) != (1, 0) {
        return Err(format!("the gateway had {amplified:?}"));
    }
    let captured = capture.finish()?;
    // baresip 1.0 records nothing of a call in which it only hears, so that what it was sent is looked at.
    let mut streams = captured.streams()?;
    streams.push(captured.payload_to(GROUP, multicast)?);
    // What she says to the server, and what goes to two phones, the gateway and the address; nothing goes to her.
    if streams.len() != 5 {
        return Err(format!("{} streams were on the wire in place of 5", streams.len()));
    }
    let mut shares = Vec::new();
    for stream in &streams {
        let share = Recording::of_mu_law(stream).last_seconds(2.0).share_of(TONE);
        shares.push(format!("{share:.2}"));
        if share < CLEAR {
            return Err(format!("{share:.2} of a stream was {TONE} Hz"));
        }
    }
    let told = captured.invites_with("sip.Call-Info contains \"answer-after=0\"")?;
    if told != 2 {
        return Err(format!("{told} phones were told to answer by themselves"));
    }
    captured.is_clean()?;
    server.wait_for_records(1)?;
    server.explain_last()?.tells(&[
        "is a page to group",
        "phone SIP-1002 of 1002 hears the page",
        "trunk hall hears the page",
        "goes out in PCMU to all who listen",
        "got no audio packet and sent",
    ])?;
    server.is_well()?;
    Ok(format!(
        "two phones, a gateway and a multicast address heard the caller ({}), who heard nothing",
        shares.join(", ")
    ))
}
