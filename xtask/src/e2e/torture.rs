//! The messages of RFC 4475 against the running server.
//!
//! Over UDP an answer goes to the address that the datagram came from and the port that its top Via names, 5060
//! when it names none (RFC 3261 §18.2.2). So each message has a loopback address of its own with sockets on all the
//! ports that the corpus names: no port of the machine is in the way, and a late answer cannot be taken for
//! another message's.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use super::wire;
use super::{Context, server::Server};
use crate::workspace;

/// Every port that a top Via of the corpus names.
const VIA_PORTS: [u16; 3] = [5060, 5050, 5070];
/// How long silence has to last until it is believed; answers come within a millisecond.
const SILENCE: Duration = Duration::from_millis(400);
/// How long a connection may take to close after the answer.
const CLOSING: Duration = Duration::from_millis(150);
/// How many messages the corpus has.
const MESSAGES: usize = 49;

struct Expectation {
    name: String,
    udp: String,
    tcp: String,
}

/// Sends every message over UDP and TCP and compares the answers with `e2e/torture.txt`.
///
/// # Errors
/// The messages that were answered otherwise, or that the server no longer answers.
pub(super) fn messages(context: &Context) -> Result<String, String> {
    let server = Server::lab(context, &[])?;
    let expectations = read_expectations()?;
    let mut wrong = Vec::new();
    for (index, expectation) in expectations.iter().enumerate() {
        let bytes = message(&expectation.name)?;
        let own = Ipv4Addr::new(127, 0, 77, u8::try_from(index + 1).map_err(|error| error.to_string())?);
        let over_udp = answers_over_udp(own, server.udp, &bytes)?;
        compare(&expectation.name, "UDP", &expectation.udp, &over_udp, &mut wrong);
        let over_tcp = answers_over_tcp(server.tcp, &bytes)?;
        compare(&expectation.name, "TCP", &expectation.tcp, &over_tcp, &mut wrong);
        wire::options(server.udp).map_err(|error| format!("after {}: {error}", expectation.name))?;
    }
    wire::options_over_tcp(server.tcp)?;
    server.is_well()?;
    if !wrong.is_empty() {
        return Err(wrong.join("\n"));
    }
    Ok(format!(
        "{} messages over UDP and TCP answered as their sections ask; OPTIONS still answered",
        expectations.len()
    ))
}

fn read_expectations() -> Result<Vec<Expectation>, String> {
    let path = workspace::root().join("e2e/torture.txt");
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let rows: Vec<Expectation> = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let mut words = line.split_whitespace().map(str::to_owned);
            Some(Expectation { name: words.next()?, udp: words.next()?, tcp: words.next()? })
        })
        .collect();
    if rows.len() == MESSAGES { Ok(rows) } else { Err(format!("e2e/torture.txt has {} rows", rows.len())) }
}

fn message(name: &str) -> Result<Vec<u8>, String> {
    let path = workspace::root().join(format!("crates/sip/testdata/rfc4475/{name}.dat"));
    std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Every final status that came, and `close` when the connection was ended.
type Answers = Vec<String>;

fn compare(name: &str, over: &str, expected: &str, answers: &Answers, wrong: &mut Vec<String>) {
    if !agrees(expected, answers) {
        wrong.push(format!("{name} over {over}: expected {expected}, got {answers:?}"));
    }
}

/// The first answer decides; `close` is wanted or tolerated after a refusal.
fn agrees(expected: &str, answers: &Answers) -> bool {
    let statuses: Vec<&str> =
        answers.iter().map(String::as_str).filter(|answer| *answer != "close").collect();
    if expected == "-" {
        return statuses.is_empty();
    }
    let must_close = expected.contains("close");
    let right = statuses.first().is_some_and(|first| expected.split('|').any(|status| status == *first));
    right && (!must_close || answers.iter().any(|answer| answer == "close"))
}

fn answers_over_udp(own: Ipv4Addr, server: SocketAddr, message: &[u8]) -> Result<Answers, String> {
    let bind = |port: u16| {
        let address = SocketAddr::new(IpAddr::V4(own), port);
        UdpSocket::bind(address).map_err(|error| format!("{address}: {error}"))
    };
    let sockets = VIA_PORTS.iter().map(|port| bind(*port)).collect::<Result<Vec<_>, _>>()?;
    for socket in &sockets {
        socket.set_nonblocking(true).map_err(|error| error.to_string())?;
    }
    let first = sockets.first().ok_or("no socket")?;
    first.send_to(message, server).map_err(|error| error.to_string())?;
    let mut answers = Answers::new();
    let mut buffer = vec![0; 65_536];
    let end = Instant::now() + SILENCE;
    while Instant::now() < end && !answers.iter().any(|answer| is_final(answer)) {
        for socket in &sockets {
            if let Ok(length) = socket.recv(&mut buffer) {
                answers.extend(statuses(&buffer[..length]));
            }
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    answers.retain(|answer| is_final(answer));
    Ok(answers)
}

fn answers_over_tcp(server: SocketAddr, message: &[u8]) -> Result<Answers, String> {
    let mut stream = TcpStream::connect(server).map_err(|error| format!("TCP to {server}: {error}"))?;
    stream.set_read_timeout(Some(Duration::from_millis(50))).map_err(|error| error.to_string())?;
    stream.write_all(message).map_err(|error| error.to_string())?;
    let mut received = Vec::new();
    let mut buffer = vec![0; 65_536];
    let mut closed = false;
    let mut end = Instant::now() + SILENCE;
    while Instant::now() < end && !closed {
        match stream.read(&mut buffer) {
            Ok(0) => closed = true,
            Ok(length) => {
                received.extend_from_slice(&buffer[..length]);
                end = end.min(Instant::now() + CLOSING);
            }
            Err(error) => closed = !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        }
    }
    let mut answers: Answers = statuses(&received).into_iter().filter(|answer| is_final(answer)).collect();
    if closed {
        answers.push("close".into());
    }
    Ok(answers)
}

fn is_final(status: &str) -> bool {
    !status.starts_with('1')
}

/// The status of every response in these bytes.
fn statuses(bytes: &[u8]) -> Answers {
    let text = String::from_utf8_lossy(bytes);
    text.split("SIP/2.0 ").skip(1).filter_map(first_number).collect()
}

fn first_number(text: &str) -> Option<String> {
    // A Via says `SIP/2.0/UDP`, so only a status line has a blank and a number here.
    text.get(..3).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit())).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(expected: &str, answers: &[&str], right: bool) {
        let answers: Answers = answers.iter().map(|answer| (*answer).to_owned()).collect();
        assert_eq!(agrees(expected, &answers), right, "{expected} {answers:?}");
    }

    #[test]
    fn answers_are_judged() {
        check("400", &["400"], true);
        check("400", &["400", "close"], true);
        check("400", &["200"], false);
        check("400", &[], false);
        check("501|405", &["405"], true);
        check("-", &[], true);
        check("-", &["close"], true);
        check("-", &["400"], false);
        check("400|close", &["400", "close"], true);
        check("400|close", &["400"], false);
    }

    #[test]
    fn statuses_are_read_from_a_stream() {
        let text = b"SIP/2.0 100 Trying\r\nVia: SIP/2.0/UDP a\r\n\r\nSIP/2.0 401 Unauthorized\r\n\r\n";
        assert_eq!(statuses(text), ["100", "401"]);
    }

    #[test]
    fn every_message_of_the_corpus_is_expected_to_do_something() {
        assert_eq!(read_expectations().map(|rows| rows.len()), Ok(MESSAGES));
    }
}
