//! Phones that speak SCCP come to a fresh server over real connections, are given numbers and telephone, among themselves and with
//! baresip. tshark decodes what was said.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

use strowger_phones::skinny::phone::{self, Skinny};

use super::Context;
use super::baresip::Phone;
use super::capture::Capture;
use super::ports;
use super::process::until;
use super::server::Server;

mod hostile;
pub(super) mod outside;

pub(super) use hostile::hostile;

const PATIENCE: Duration = Duration::from_secs(15);

/// A phone at the end of a connection.
pub(super) struct Station {
    pub(super) phone: Skinny,
    stream: TcpStream,
}

impl Station {
    pub(super) fn comes(server: SocketAddr, name: &str, version: u8) -> Result<Station, String> {
        let stream = TcpStream::connect(server).map_err(|error| format!("{server}: {error}"))?;
        stream.set_read_timeout(Some(Duration::from_millis(20))).map_err(|error| error.to_string())?;
        let mut phone = Skinny::new(name, version, [127, 0, 0, 1]);
        phone.connects();
        Ok(Station { phone, stream })
    }

    /// Says what it wants to say, and hears what has come.
    fn goes_on(&mut self) -> Result<(), String> {
        let sends = std::mem::take(&mut self.phone.sends);
        self.stream.write_all(&sends).map_err(|error| error.to_string())?;
        let mut buffer = [0; 4096];
        match self.stream.read(&mut buffer) {
            Ok(count) => self.phone.hears(&buffer[..count]),
            Err(error)
                if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {}
            Err(error) => return Err(error.to_string()),
        }
        match self.phone.complaint.take() {
            Some(complaint) => Err(format!("{} complains: {complaint}", self.phone.name)),
            None => Ok(()),
        }
    }
}

/// Lets all go on until something holds of them.
pub(super) fn wait(
    stations: &mut [Station],
    what: &str,
    holds: impl Fn(&[Station]) -> bool,
) -> Result<(), String> {
    let found = until(PATIENCE, what, || {
        if let Err(error) = stations.iter_mut().try_for_each(Station::goes_on) {
            return Some(Err(error));
        }
        holds(stations).then_some(Ok(()))
    });
    let shown: Vec<String> =
        stations.iter().map(|it| format!("{} {}", it.phone.name, it.phone.display().join(", "))).collect();
    found.unwrap_or_else(Err).map_err(|error| format!("{error}; {}", shown.join("; ")))
}

fn press(station: &mut Station, key: &str) -> Result<(), String> {
    let keys = station.phone.shown_keys();
    station.phone.presses(key).then_some(()).ok_or_else(|| format!("there is no key {key} among {keys:?}"))
}

fn in_state(station: &Station, state: u32) -> bool {
    station.phone.calls.values().any(|call| call.state == state)
}

/// They come, are adopted and refused, call each other and baresip, hold and take back; nothing that was said is malformed.
///
/// # Errors
/// What was not as it should be.
pub(super) fn telephone(context: &Context) -> Result<String, String> {
    let port = ports::one()?;
    let server = Server::lab(context, &["--sccp-port", &port.to_string()])?;
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let capture = Capture::start(&context.folder, &[server.udp.port()])?;
    let mut stations =
        [Station::comes(address, "SEP00000000AB01", 17)?, Station::comes(address, "SEP00000000AB02", 11)?];
    wait(&mut stations, "two phones to know their lines and the time", |all| {
        all.iter().all(|it| it.phone.lines.len() == 1 && it.phone.clock[0] > 0)
    })?;
    let number = |station: &Station| station.phone.lines[&1][0].clone();
    let mut numbers = [number(&stations[0]), number(&stations[1])];
    numbers.sort();
    if numbers != ["1100", "1101"] {
        return Err(format!("they were given {numbers:?}"));
    }
    let news = server.ask(&["phone", "new"])?;
    if news["newcomers"].as_array().map(Vec::len) != Some(2) {
        return Err(format!("two wait to be adopted, and not {news}"));
    }
    // The first calls the second, holds it, takes it back, and hangs up.
    let called = number(&stations[1]);
    stations[0].phone.calls_number(&called);
    wait(&mut stations, "the second phone to ring", |all| in_state(&all[1], phone::RING_IN))?;
    press(&mut stations[1], "Answer")?;
    let talk =
        |all: &[Station]| all.iter().all(|it| in_state(it, phone::CONNECTED) && it.phone.sending.len() == 1);
    wait(&mut stations, "both to talk", talk)?;
    press(&mut stations[0], "Hold")?;
    wait(&mut stations, "the first to hold", |all| in_state(&all[0], phone::HOLD))?;
    press(&mut stations[0], "Resume")?;
    wait(&mut stations, "both to talk again", talk)?;
    stations[0].phone.puts_down();
    wait(&mut stations, "both to be idle", |all| all.iter().all(|it| it.phone.calls.is_empty()))?;
    server.explain_last()?.says(&["hung up"])?;
    // And baresip.
    let mut alice = Phone::register(&context.folder, &server.account("alice", "1001", 440))?;
    for digit in "1001".chars() {
        if stations[0].phone.calls.is_empty() {
            stations[0].phone.lifts();
            wait(&mut stations, "dial tone", |all| in_state(&all[0], phone::OFF_HOOK))?;
        }
        stations[0].phone.dials(&digit.to_string());
    }
    wait(&mut stations, "baresip to ring", |all| in_state(&all[0], phone::RING_OUT))?;
    alice.expect("CALL_INCOMING")?;
    alice.command("accept", "")?;
    wait(&mut stations, "the first and baresip to talk", |all| {
        in_state(&all[0], phone::CONNECTED) && all[0].phone.sending.len() == 1
    })?;
    alice.command("hangup", "")?;
    wait(&mut stations, "the first to be idle", |all| all[0].phone.calls.is_empty())?;
    // One stays, one goes for good.
    server.ask(&["phone", "adopt", "SEP00000000AB01", "--display", "Ruth"])?;
    server.ask(&["phone", "refuse", "SEP00000000AB02"])?;
    let mut again = [Station::comes(address, "SEP00000000AB02", 11)?];
    wait(&mut again, "it to be refused", |all| all[0].phone.rejected.is_some())?;
    let [first, _] = stations;
    drop(first);
    server.is_well()?;
    let captured = capture.finish()?;
    let frames = frames(&captured.file, port, 100)?;
    Ok(format!("two phones were given numbers and telephoned; {frames} SCCP messages, and none is malformed"))
}

/// How many messages the decoder sees on a port.
pub(super) fn frames(file: &std::path::Path, port: u16, least: usize) -> Result<usize, String> {
    let decode = format!("tcp.port=={port},skinny");
    let shown = format!("skinny || _ws.malformed && tcp.port == {port}");
    let mut command = Command::new("tshark");
    // It reads each part of a long document as XML of its own, and half a document is none.
    command.args(["--disable-protocol", "xml"]);
    command.arg("-n").arg("-r").arg(file).args(["-d", &decode, "-Y", &shown]);
    command.args(["-T", "fields", "-e", "_ws.malformed", "-e", "skinny.messageId", "-e", "_ws.col.Info"]);
    let output = command.output().map_err(|error| format!("tshark: {error}"))?;
    if !output.status.success() {
        return Err(format!("tshark: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let malformed: Vec<&str> = text.lines().filter(|line| !line.starts_with('\t')).collect();
    if !malformed.is_empty() {
        return Err(format!("malformed:\n{}", malformed.join("\n")));
    }
    let count =
        text.lines().filter_map(|line| line.split('\t').nth(1)).flat_map(|ids| ids.split(',')).count();
    if count < least { Err(format!("only {count} messages were decoded")) } else { Ok(count) }
}
