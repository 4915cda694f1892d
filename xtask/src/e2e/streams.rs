//! Video, and then a fax, between two gateways that do not see each other.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::time::Duration;

use super::capture::Capture;
use super::configuration::Configuration;
use super::process::until;
use super::server::Server;
use super::sipp::Sipp;
use super::{Context, ports};
use crate::workspace;

/// Packets each way of each stream.
const PACKETS: u16 = 50;
/// How often each is sent at most, and how long it may be on its way.
const TRIES: u32 = 10;
const PATIENCE: Duration = Duration::from_millis(250);
const LIMIT: Duration = Duration::from_secs(60);

/// One end of a stream.
struct End {
    socket: UdpSocket,
    /// Where the server wants what this end sends.
    to: SocketAddr,
}

/// What passes: what each packet of an end is made of.
type Make = fn(number: u16, end: u8) -> Vec<u8>;

/// sipp calls sipp with video, then offers fax in place of sound; all media goes through the server, whose ports a generator here sends to
/// and hears from.
///
/// # Errors
/// What was not as it should be.
pub(super) fn streams(context: &Context) -> Result<String, String> {
    let (server_port, caller_port, answerer_port) = (ports::one()?, ports::one()?, ports::one()?);
    let mut configuration = Configuration::new("streams.test", server_port);
    configuration.relay_always();
    configuration.trunk("caller", caller_port);
    configuration.trunk("answerer", answerer_port);
    configuration.route("5XXX", "answerer");
    let server = Server::serve(context, &configuration)?;
    let capture = Capture::start(&context.folder, &[server.udp.port()])?;
    let gateway = |name: &'static str, port: u16| Gateway::new(context, name, port);
    let (caller, answerer) = (gateway("caller", caller_port)?, gateway("answerer", answerer_port)?);
    let mut answering = answerer.plays(context, "streams-answerer.xml", &[])?;
    answering.ready(([127, 0, 0, 1], answerer_port).into())?;
    let calling = caller.plays(context, "streams-caller.xml", &["-s", "5001", &server.udp.to_string()])?;
    let video = pass("video", (&caller, &answerer), video_packet)?;
    let fax = pass("image", (&caller, &answerer), fax_packet)?;
    for (name, sipp) in [("caller", calling), ("answerer", answering)] {
        let counts = sipp.finish(LIMIT)?;
        if (counts.successful, counts.failed) != (1, 0) {
            return Err(format!("{name}: {counts:?}"));
        }
    }
    server.wait_for_records(1)?;
    server.is_well()?;
    server.explain_last()?.tells(&[
        "Video (H264) is agreed and passes through ports of this server",
        "Fax (t38) is agreed and passes through ports of this server",
        "Of video,",
        "Of fax,",
    ])?;
    let captured = capture.finish()?;
    captured.is_clean()?;
    // Every address that one gateway is told is one of the server's.
    for [from, to] in [[&caller, &answerer], [&answerer, &caller]] {
        let seen = to.received()?;
        let told = |port: u16| [" ", "\r\n"].iter().any(|end| seen.contains(&format!(" {port}{end}")));
        if let Some(port) = [from.audio, from.video, from.fax].into_iter().find(|port| told(*port)) {
            return Err(format!("{} was told {port}, where {} has its media", to.name, from.name));
        }
    }
    Ok(format!(
        "{PACKETS} packets of video and of fax passed each way, {video} and {fax} from the server's ports"
    ))
}

/// A gateway that sipp plays, and whose media is sent here.
struct Gateway {
    name: &'static str,
    port: u16,
    audio: u16,
    video: u16,
    fax: u16,
    messages: std::path::PathBuf,
}

impl Gateway {
    fn new(context: &Context, name: &'static str, port: u16) -> Result<Gateway, String> {
        let first = ports::block(6)?;
        let messages = context.folder.join(format!("{name}-messages.log"));
        Ok(Gateway { name, port, audio: first, video: first + 2, fax: first + 4, messages })
    }

    fn plays(&self, context: &Context, script: &str, more: &[&str]) -> Result<Sipp, String> {
        let script = script_of(script);
        let (port, messages) = (self.port.to_string(), self.messages.display().to_string());
        let [audio, video, fax] = [self.audio, self.video, self.fax].map(|port| port.to_string());
        let mut arguments = vec!["-sf", &script, "-i", "127.0.0.1", "-p", &port, "-m", "1"];
        arguments.extend(["-trace_msg", "-message_file", &messages]);
        for (key, value) in [("audio", &audio), ("video", &video), ("fax", &fax)] {
            arguments.extend(["-key", key, value]);
        }
        arguments.extend(more);
        Sipp::start(&context.folder, self.name, LIMIT, &arguments)
    }

    /// What it was sent, as sipp wrote it down.
    fn received(&self) -> Result<String, String> {
        let text = read(&self.messages)?;
        let parts = text.split("-----------------------------------------------").map(str::to_owned);
        Ok(parts.filter(|part| part.contains("message received")).collect())
    }

    /// Its end of a stream, once it was told where the server wants that.
    fn end(&self, media: &str) -> Result<End, String> {
        let port = if media == "video" { self.video } else { self.fax };
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).map_err(|error| error.to_string())?;
        socket.set_read_timeout(Some(PATIENCE)).map_err(|error| error.to_string())?;
        let mark = format!("m={media} ");
        let told = until(LIMIT, &format!("{} to be told of {media}", self.name), || {
            let seen = self.received().unwrap_or_default();
            let ports = seen.split(&*mark).skip(1).filter_map(|rest| rest.split(' ').next()?.parse().ok());
            ports.filter(|port: &u16| *port != 0).last()
        })?;
        Ok(End { socket, to: (Ipv4Addr::LOCALHOST, told).into() })
    }
}

/// Packets go both ways, one after the other. One that does not come is sent again: who is told of a port may be faster than the port
/// is told of him.
fn pass(media: &str, (one, two): (&Gateway, &Gateway), make: Make) -> Result<String, String> {
    let (a, b) = (one.end(media)?, two.end(media)?);
    for number in 0..PACKETS {
        for (from, to, end) in [(&a, &b, 0), (&b, &a, 1)] {
            let bytes = make(number, end);
            let come = (0..TRIES).find_map(|_| send(&bytes, from, to));
            come.ok_or_else(|| format!("packet {number} of {media} did not come"))??;
        }
    }
    Ok(format!("{} and {}", a.to.port(), b.to.port()))
}

/// Whether it comes as it was sent, from where the other end was told to send; `None` when nothing comes.
fn send(bytes: &[u8], from: &End, to: &End) -> Option<Result<(), String>> {
    if let Err(error) = from.socket.send_to(bytes, from.to) {
        return Some(Err(error.to_string()));
    }
    let mut buffer = [0; 2048];
    let (length, source) = to.socket.recv_from(&mut buffer).ok()?;
    let is_it = source == to.to && buffer.get(..length) == Some(bytes);
    Some(if is_it { Ok(()) } else { Err(format!("something else came from {source}")) })
}

/// RTP (RFC 3550 §5.1) with a piece of a picture.
fn video_packet(number: u16, end: u8) -> Vec<u8> {
    let mut bytes = vec![0x80, 97];
    bytes.extend(number.to_be_bytes());
    bytes.extend((u32::from(number) * 3000).to_be_bytes());
    bytes.extend([0x76, 0x69, 0x64, end]);
    // The middle of a fragmented slice (RFC 6184 §5.8).
    bytes.extend([0x7c, 0x01]);
    bytes.extend((0..1100u16).map(|at| (at ^ number) as u8));
    bytes
}

/// UDPTL (ITU-T T.38 §9.1): a sequence number, a packet of indicators and no redundancy.
fn fax_packet(number: u16, end: u8) -> Vec<u8> {
    let mut bytes = number.to_be_bytes().to_vec();
    bytes.extend([0x01, end << 1, 0x00, 0x00]);
    bytes
}

fn script_of(name: &str) -> String {
    workspace::root().join("e2e/sipp").join(name).display().to_string()
}

fn read(file: &Path) -> Result<String, String> {
    std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))
}
