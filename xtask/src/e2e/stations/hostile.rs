//! Connections that mean no good, or cannot speak: each is refused for a reason that is counted, while two phones go on with their call.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use strowger_phones::skinny::phone::{self, Skinny};
use strowger_phones::skinny::wire::Frame;

use super::{Station, in_state, press, wait};
use crate::e2e::Context;
use crate::e2e::ports;
use crate::e2e::process::until;
use crate::e2e::server::Server;
use crate::e2e::wire;

/// A frame that does not end is waited for this long at most, and a little more.
const PATIENCE: Duration = Duration::from_secs(60);
/// Connections that say nothing.
const SILENT: usize = 200;
/// Keys that a phone which has gone mad presses.
const MAD: usize = 20_000;

/// What the server has counted.
struct Counted(String);

impl Counted {
    fn of(server: &Server) -> Result<Counted, String> {
        let (status, text) = wire::http_get(server.http, "/metrics")?;
        if status == 200 { Ok(Counted(text)) } else { Err(format!("/metrics says {status}")) }
    }

    fn get(&self, name: &str) -> u64 {
        let line = self.0.lines().find(|line| line.starts_with(name) && !line.starts_with('#'));
        line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or(0)
    }

    fn refused(&self, reason: &str) -> u64 {
        self.get(&format!("strowger_sccp_refused_total{{reason=\"{reason}\"}}"))
    }
}

fn connect(server: SocketAddr) -> Result<TcpStream, String> {
    let stream = TcpStream::connect(server).map_err(|error| format!("{server}: {error}"))?;
    stream.set_read_timeout(Some(Duration::from_millis(50))).map_err(|error| error.to_string())?;
    Ok(stream)
}

/// Says something over a connection of its own.
fn says(server: SocketAddr, bytes: &[u8]) -> Result<TcpStream, String> {
    let mut stream = connect(server)?;
    stream.write_all(bytes).map_err(|error| error.to_string())?;
    Ok(stream)
}

/// Whether the other side has closed it.
fn is_closed(stream: &mut TcpStream) -> bool {
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                return false;
            }
            Err(_) => return true,
        }
    }
}

/// What a phone says that comes.
fn registration(name: &str, version: u8) -> Vec<u8> {
    let mut phone = Skinny::new(name, version, [127, 0, 0, 1]);
    phone.connects();
    phone.sends
}

/// Two phones talk while others send what no phone sends.
///
/// # Errors
/// What was not as it should be.
pub(crate) fn hostile(context: &Context) -> Result<String, String> {
    let port = ports::one()?;
    let server = Server::lab(context, &["--sccp-port", &port.to_string()])?;
    let at = SocketAddr::from(([127, 0, 0, 1], port));
    // It begins first: the server waits half a minute for the rest.
    let mut slow = says(at, &registration("SEP0000000000F0", 17)[..20])?;
    let mut pair = [Station::comes(at, "SEP00000000CA01", 17)?, Station::comes(at, "SEP00000000CA02", 22)?];
    wait(&mut pair, "two phones to know their lines and the time", |all| {
        all.iter().all(|it| it.phone.lines.len() == 1 && it.phone.clock[0] > 0)
    })?;
    let called = pair[1].phone.lines[&1][0].clone();
    pair[0].phone.calls_number(&called);
    wait(&mut pair, "the second phone to ring", |all| in_state(&all[1], phone::RING_IN))?;
    press(&mut pair[1], "Answer")?;
    let talk =
        |all: &[Station]| all.iter().all(|it| in_state(it, phone::CONNECTED) && it.phone.sending.len() == 1);
    wait(&mut pair, "both to talk", talk)?;
    let before = Counted::of(&server)?;

    // What is no SCCP, what is too long, and what has no room for a message: closed at once.
    let broken: [&[u8]; 4] = [
        b"GET / HTTP/1.1\r\nHost: strowger\r\n\r\n",
        &[0xff, 0xff, 0xff, 0x7f, 0, 0, 0, 0, 1, 0, 0, 0],
        &[0, 0, 0, 0, 0, 0, 0, 0],
        &[3, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0],
    ];
    for bytes in broken {
        let mut stream = says(at, bytes)?;
        closes(&mut stream, "what is no frame", &mut pair)?;
    }
    // One that speaks a version that nobody ever shipped.
    let mut old = says(at, &registration("SEP0000000000F1", 2))?;
    closes(&mut old, "a version that is too old", &mut pair)?;
    // Wrong order: calls before there is a phone. Then it comes as it should.
    let mut early = Vec::new();
    for (id, words) in [(0x03, 3), (0x26, 3), (0x22, 5), (0x06, 2), (0x0e, 0)] {
        let frame = (0..words).fold(Frame::new(0, id), |frame, _| frame.word(1));
        early.extend(frame.end());
    }
    early.extend(registration("SEP00000000CA03", 17));
    let mut third = Station::comes(at, "SEP00000000CA03", 17)?;
    third.phone.sends = early;
    wait(std::slice::from_mut(&mut third), "the third phone to know the time", |all| {
        all[0].phone.clock[0] > 0
    })?;
    // Cut bodies of every message that a phone has, in a phone's own connection: what is too short is passed over.
    for id in 0..0x160 {
        third.stream.write_all(&Frame::new(0, id).end()).map_err(|error| error.to_string())?;
    }
    wait(&mut pair, "both to go on talking", talk)?;
    // Connections that say nothing, and some that are closed in the middle of a word.
    let silent: Vec<TcpStream> = (0..SILENT).map(|_| connect(at)).collect::<Result<_, _>>()?;
    for cut in 1..40 {
        drop(says(at, &registration("SEP0000000000F2", 17)[..cut])?);
    }
    // A phone that has gone mad: keys without end, and whole numbers between them, without listening to what comes back.
    let mut mad = Station::comes(at, "SEP00000000CA04", 17)?;
    wait(std::slice::from_mut(&mut mad), "the mad phone to know the time", |all| all[0].phone.clock[0] > 0)?;
    let mut keys = Frame::new(0, 0x06).word(1).word(0).end();
    for round in 0..MAD {
        keys.extend(Frame::new(0, 0x03).word(1).word(0).word(0).end());
        if round % 100 == 0 {
            keys.extend(Frame::new(0, 0x04).text("999999999999999999999999", 24).word(1).end());
        }
    }
    // It may be closed before all is said.
    let _ = mad.stream.set_write_timeout(Some(Duration::from_secs(5)));
    let _ = mad.stream.write_all(&keys);
    wait(&mut pair, "both to go on talking beside the mad phone", talk)?;
    until(PATIENCE, "the mad phone to be cut off", || {
        pair.iter_mut().for_each(|it| drop(it.goes_on()));
        let counted = Counted::of(&server).ok()?;
        (counted.get("strowger_sccp_gone_total{reason=\"throttled\"}") == 1).then_some(())
    })?;
    drop(mad);
    // All keys of the two still work.
    press(&mut pair[0], "Hold")?;
    wait(&mut pair, "the first to hold", |all| in_state(&all[0], phone::HOLD))?;
    press(&mut pair[0], "Resume")?;
    wait(&mut pair, "both to talk again", talk)?;
    let mut phones = pair;
    until(PATIENCE, "the frame that does not end to be given up", || {
        phones.iter_mut().for_each(|it| drop(it.goes_on()));
        is_closed(&mut slow).then_some(())
    })?;
    wait(&mut phones, "both to talk to the end", talk)?;
    phones[0].phone.puts_down();
    wait(&mut phones, "both to be idle", |all| all.iter().all(|it| it.phone.calls.is_empty()))?;
    drop(silent);
    let after = Counted::of(&server)?;
    let more = |reason: &str| after.refused(reason) - before.refused(reason);
    let found = [more("broken"), more("version"), more("slow")];
    if found != [4, 1, 1] {
        return Err(format!(
            "broken, version and slow connections were counted {found:?} times, and not [4, 1, 1]"
        ));
    }
    let passed_over =
        after.get("strowger_sccp_passed_over_total") - before.get("strowger_sccp_passed_over_total");
    // Each kind of message is told once for a connection.
    if passed_over < 10 {
        return Err(format!("only {passed_over} kinds of messages were passed over"));
    }
    server.is_well()?;
    Ok(format!(
        "{} bad connections and {SILENT} silent ones, {passed_over} kinds of messages passed over, {MAD} mad keys; the call beside them went on",
        broken.len() + 2
    ))
}

/// The server closes a connection, while two phones go on.
fn closes(stream: &mut TcpStream, what: &str, pair: &mut [Station]) -> Result<(), String> {
    until(Duration::from_secs(10), &format!("{what} to be closed"), || {
        let went = pair.iter_mut().try_for_each(Station::goes_on);
        if let Err(error) = went {
            return Some(Err(error));
        }
        is_closed(stream).then_some(Ok(()))
    })?
}
