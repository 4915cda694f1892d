//! A gateway that is scripted by sipp, and a softphone: keys on their ways, and what a caller hears whose call fails.

use std::time::Duration;

use super::Context;
use super::baresip::Phone;
use super::capture::Capture;
use super::office::apply;
use super::ports;
use super::server::Server;
use super::sipp::{Counts, Sipp, script_of};

const LIMIT: Duration = Duration::from_secs(30);
const ONE: Counts = Counts { successful: 1, failed: 0 };

/// The gateway has its keys in INFO, the phone in RTP (RFC 4733): each gets what the other one presses, as it knows it.
///
/// # Errors
/// What was not as it should be.
pub(super) fn dtmf(context: &Context) -> Result<String, String> {
    between_media_and(context, "info", "info.xml")
}

/// The same with a gateway that has its keys in KPML (RFC 4730): each side asks the other one for them.
///
/// # Errors
/// What was not as it should be.
pub(super) fn kpml(context: &Context) -> Result<String, String> {
    between_media_and(context, "kpml", "kpml-call.xml")
}

fn between_media_and(context: &Context, method: &str, script: &str) -> Result<String, String> {
    let (sip, rtp) = (ports::one()?, ports::block(4)?);
    let server = with_gateway(context, sip, method)?;
    let capture = Capture::start(&context.folder, &[server.udp.port()])?;
    let (mut alice, gateway) = told_keys(context, &server, (sip, rtp), script)?;
    for key in ["7", "*"] {
        alice.command("sndcode", key)?;
        alice.talk(Duration::from_millis(700));
    }
    alice.command("hangup", "")?;
    alice.expect("CALL_CLOSED")?;
    let counts = gateway.finish(LIMIT + LIMIT)?;
    if counts != ONE {
        return Err(format!("the gateway counted {counts:?}: it was not told 7 and *"));
    }
    let captured = capture.finish()?;
    captured.is_clean()?;
    server.wait_for_records(1)?;
    server.explain_last()?.tells(&["1001", "Keys are carried over"])?;
    server.is_well()?;
    Ok(format!("5 and # went from {method} into RTP, 7 and * from RTP into {method}"))
}

/// The gateway has its keys in its sound alone: the phone is told of them in RTP (RFC 4733), and the gateway is sent sound and nothing else.
///
/// # Errors
/// What was not as it should be.
pub(super) fn in_band(context: &Context) -> Result<String, String> {
    let (sip, rtp) = (ports::one()?, ports::block(4)?);
    let server = with_gateway(context, sip, "in-band")?;
    let sound: Vec<u8> = [(770.0, 1336.0), (941.0, 1477.0)].into_iter().flat_map(tones).collect();
    std::fs::write(context.folder.join("keys.pcmu"), sound).map_err(|error| error.to_string())?;
    let capture = Capture::start(&context.folder, &[server.udp.port()])?;
    let (mut alice, gateway) = told_keys(context, &server, (sip, rtp), "in-band.xml")?;
    alice.command("sndcode", "7")?;
    alice.talk(Duration::from_millis(700));
    alice.command("hangup", "")?;
    alice.expect("CALL_CLOSED")?;
    let counts = gateway.finish(LIMIT + LIMIT)?;
    if counts != ONE {
        return Err(format!("the gateway counted {counts:?}"));
    }
    let captured = capture.finish()?;
    let heard = captured.rtp(&["udp.dstport", "rtp.p_type"])?;
    let to_gateway = format!("{rtp}|");
    let heard: Vec<&String> = heard.iter().filter(|row| row.starts_with(&to_gateway)).collect();
    if heard.len() < 50 || heard.iter().any(|row| **row != format!("{rtp}|0")) {
        return Err(format!("the gateway was sent {} packets, not all of them sound", heard.len()));
    }
    server.wait_for_records(1)?;
    server
        .explain_last()?
        .tells(&["Keys are carried over: the caller has them in its media, the called side in its sound"])?;
    server.is_well()?;
    Ok(format!("5 and # went from sound into RTP; {} packets of sound came back", heard.len()))
}

/// A phone calls a gateway that follows a script, and is told the keys that are pressed there: 5 and #.
fn told_keys(
    context: &Context,
    server: &Server,
    (sip, rtp): (u16, u16),
    script: &str,
) -> Result<(Phone, Sipp), String> {
    let (port, media, script) = (sip.to_string(), rtp.to_string(), script_of(script));
    let arguments = ["-i", "127.0.0.1", "-p", &port, "-mp", &media, "-sf", &script, "-m", "1"];
    let mut gateway = Sipp::start(&context.folder, "gateway", LIMIT, &arguments)?;
    gateway.ready(([127, 0, 0, 1], sip).into())?;
    let mut alice = Phone::register(&context.folder, &server.account("alice", "1001", 440))?;
    alice.dial("8800")?;
    alice.expect("CALL_ESTABLISHED")?;
    for key in ["5", "#"] {
        let told = alice.expect("CALL_DTMF_START")?;
        if told["param"] != key {
            return Err(format!("the gateway had the key {key}, and the phone was told {told}"));
        }
    }
    Ok((alice, gateway))
}

/// A quarter of a second of silence, a fifth of two tones, and silence again, in G.711 µ-law.
fn tones((low, high): (f64, f64)) -> Vec<u8> {
    let sample = |index: u32| {
        let time = f64::from(index) / 8000.0;
        let loud = if (2000..3600).contains(&index) { 5000.0 } else { 0.0 };
        let wave = |hz: f64| (std::f64::consts::TAU * hz * time).sin() * loud;
        mu_law((wave(low) + wave(high)) as i16)
    };
    (0..6400).map(sample).collect()
}

/// ITU-T G.711: sign, segment and step, all inverted.
fn mu_law(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80 } else { 0 };
    let biased = sample.unsigned_abs().min(32_635) + 0x84;
    let segment = biased.ilog2() - 7;
    let step = (biased >> (segment + 3)) & 0x0f;
    !(sign | ((segment as u8) << 4) | step as u8)
}

/// A gateway calls a number that leads nowhere, and hears the tone of its country for that.
///
/// # Errors
/// What was not as it should be.
pub(super) fn announced(context: &Context) -> Result<String, String> {
    let (sip, rtp) = (ports::one()?, ports::block(4)?);
    let server = with_gateway(context, sip, "info")?;
    let capture = Capture::start(&context.folder, &[server.udp.port()])?;
    let (port, media, script) = (sip.to_string(), rtp.to_string(), script_of("announced.xml"));
    let (address, domain) = (server.udp.to_string(), server.udp.ip().to_string());
    let arguments = [
        address.as_str(),
        "-i",
        "127.0.0.1",
        "-p",
        &port,
        "-mp",
        &media,
        "-sf",
        &script,
        "-m",
        "1",
        "-key",
        "domain",
        &domain,
    ];
    let counts = Sipp::start(&context.folder, "gateway", LIMIT, &arguments)?.finish(LIMIT + LIMIT)?;
    if counts != ONE {
        return Err(format!("the gateway counted {counts:?}"));
    }
    let captured = capture.finish()?;
    let heard = captured.rtp(&["udp.dstport", "rtp.p_type"])?;
    let heard = heard.iter().filter(|row| **row == format!("{rtp}|8")).count();
    // Six seconds in packets of 20 ms.
    if !(280..=310).contains(&heard) {
        return Err(format!("the gateway was sent {heard} packets before it was refused"));
    }
    server.wait_for_records(1)?;
    server.explain_last()?.tells(&["the special information tone"])?;
    server.is_well()?;
    Ok(format!("183 with cause 1 and {heard} packets of early media, then 404"))
}

/// A lab with a gateway at a port.
fn with_gateway(context: &Context, sip: u16, method: &str) -> Result<Server, String> {
    let server = Server::lab(context, &[])?;
    let text = format!(
        "[[sip_profile]]\nname = \"gateways\"\ndtmf = \"{method}\"\n\n\
         [[trunk]]\nname = \"gateway\"\ndestinations = [\"127.0.0.1:{sip}\"]\nsources = [\"127.0.0.1:{sip}\"]\n\
         sip_profile = \"gateways\"\n\n\
         [[route_pattern]]\npattern = \"8800\"\npartition = \"internal\"\ntrunk = \"gateway\"\n\n\
         [[service_parameters.announcements]]\ncause = 1\nto = \"trunks\"\n"
    );
    apply(context, &server, &text)?;
    Ok(server)
}
