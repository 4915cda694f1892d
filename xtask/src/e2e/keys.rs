//! A gateway that is scripted by sipp, and a softphone: keys on their ways, and what a caller hears whose call fails.

use std::time::Duration;

use super::Context;
use super::baresip::Phone;
use super::capture::Capture;
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
    let (sip, rtp) = (ports::one()?, ports::block(4)?);
    let server = with_gateway(context, sip)?;
    let capture = Capture::start(&context.folder, &[server.udp.port()])?;
    let (port, media, script) = (sip.to_string(), rtp.to_string(), script_of("info.xml"));
    let arguments = ["-i", "127.0.0.1", "-p", &port, "-mp", &media, "-sf", &script, "-m", "1"];
    let mut gateway = Sipp::start(&context.folder, "gateway", LIMIT, &arguments)?;
    gateway.ready(([127, 0, 0, 1], sip).into())?;
    let mut alice = Phone::register(&context.folder, &server.account("alice", "1001", 440))?;
    alice.dial("8800")?;
    alice.expect("CALL_ESTABLISHED")?;
    for key in ["5", "#"] {
        let told = alice.expect("CALL_DTMF_START")?;
        if told["param"] != key {
            return Err(format!("the gateway pressed {key}, and the phone was told {told}"));
        }
    }
    for key in ["7", "*"] {
        alice.command("sndcode", key)?;
        alice.talk(Duration::from_millis(700));
    }
    alice.command("hangup", "")?;
    alice.expect("CALL_CLOSED")?;
    let counts = gateway.finish(LIMIT + LIMIT)?;
    if counts != ONE {
        return Err(format!("the gateway counted {counts:?}: it was not told 7 and * in INFO"));
    }
    let captured = capture.finish()?;
    captured.is_clean()?;
    server.wait_for_records(1)?;
    server.explain_last()?.tells(&["1001", "Keys are carried over"])?;
    server.is_well()?;
    Ok("5 and # went from INFO into RTP, 7 and * from RTP into INFO".into())
}

/// A gateway calls a number that leads nowhere, and hears the tone of its country for that.
///
/// # Errors
/// What was not as it should be.
pub(super) fn announced(context: &Context) -> Result<String, String> {
    let (sip, rtp) = (ports::one()?, ports::block(4)?);
    let server = with_gateway(context, sip)?;
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
fn with_gateway(context: &Context, sip: u16) -> Result<Server, String> {
    let server = Server::lab(context, &[])?;
    let text = format!(
        "[[sip_profile]]\nname = \"info\"\ndtmf = \"info\"\n\n\
         [[trunk]]\nname = \"gateway\"\ndestinations = [\"127.0.0.1:{sip}\"]\nsources = [\"127.0.0.1:{sip}\"]\n\
         sip_profile = \"info\"\n\n\
         [[route_pattern]]\npattern = \"8800\"\npartition = \"internal\"\ntrunk = \"gateway\"\n\n\
         [[service_parameters.announcements]]\ncause = 1\nto = \"trunks\"\n"
    );
    let conf = context.folder.join("conf");
    std::fs::create_dir_all(&conf).map_err(|error| error.to_string())?;
    std::fs::write(conf.join("gateway.toml"), text).map_err(|error| error.to_string())?;
    server.ask(&["apply", &conf.to_string_lossy(), "--keep-others", "--message", "gateway"])?;
    Ok(server)
}
