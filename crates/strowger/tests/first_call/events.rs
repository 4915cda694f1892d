//! Events as they happen, over both ways.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::audio;
use crate::phone::Phone;
use crate::server::{Folder, PATIENCE, Server};

/// Asks, and reads the head of the answer.
fn begin(server: &Server, path: &str, headers: &str) -> (String, BufReader<TcpStream>) {
    let mut stream = TcpStream::connect(server.address("http")).expect("the web interface answers");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n").expect("it reads");
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut head).expect("it writes") > 0, "{head}");
    }
    (head, reader)
}

/// The next event that is told; lengths between the lines are passed over.
fn next(reader: &mut BufReader<TcpStream>) -> Value {
    loop {
        let mut line = String::new();
        assert!(reader.read_line(&mut line).expect("it goes on") > 0, "it ended");
        if let Some(data) = line.strip_prefix("data: ") {
            return serde_json::from_str(data).expect("JSON");
        }
    }
}

/// The next text message of a WebSocket (RFC 6455 §5.2): servers do not mask.
fn next_message(reader: &mut BufReader<TcpStream>) -> Value {
    loop {
        let mut head = [0; 2];
        reader.read_exact(&mut head).expect("it goes on");
        let length = match head[1] {
            126 => {
                let mut length = [0; 2];
                reader.read_exact(&mut length).expect("a length");
                usize::from(u16::from_be_bytes(length))
            }
            length => usize::from(length),
        };
        let mut bytes = vec![0; length];
        reader.read_exact(&mut bytes).expect("a message");
        if head[0] == 0x81 {
            return serde_json::from_slice(&bytes).expect("JSON");
        }
    }
}

#[test]
fn phones_and_calls_are_told_as_they_come_and_who_comes_back_misses_nothing() {
    let folder = Folder::new("events");
    let server = Server::start(&folder);
    let (head, mut all) = begin(&server, "/api/v1/events", "");
    assert!(head.starts_with("HTTP/1.1 200") && head.contains("text/event-stream"), "{head}");
    let (_, mut calls) = begin(&server, "/api/v1/events?types=call", "");
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let (head, mut socket) = begin(&server, "/api/v1/events/ws?types=registration", upgrade);
    // The answer of RFC 6455 §1.3 to its own example of a key.
    assert!(head.starts_with("HTTP/1.1 101") && head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{head}");

    let mut alice = Phone::udp("1001", &server.secret("1001"), server.address("udp"));
    assert_eq!(alice.register(), 200);
    let registered = next(&mut all);
    assert_eq!((&registered["type"], &registered["state"]), (&"registration".into(), &"registered".into()));
    assert_eq!(registered["line"], "1001", "{registered}");
    assert_eq!(next_message(&mut socket), registered);

    let audio = audio();
    let call = alice.call("9999", audio.local_addr().unwrap()).expect("the echo answers");
    let began = next(&mut calls);
    assert_eq!((&began["state"], &began["called"]), (&"began".into(), &"9999".into()), "{began}");
    assert_eq!(began["calling"]["number"], "1001");
    let answered = std::iter::from_fn(|| Some(next(&mut calls))).find(|told| told["state"] == "answered");
    alice.hang_up(&call);
    let ended = std::iter::from_fn(|| Some(next(&mut calls))).find(|told| told["state"] == "ended").unwrap();
    assert_eq!((&ended["call"], &ended["cause"]), (&began["call"], &16.into()), "{ended}");
    assert_eq!(answered.unwrap()["call"], began["call"]);

    // Who was away gets what happened since, and who was away too long is told so.
    let last = format!("Last-Event-ID: {}\r\n", began["id"].as_str().expect("an id"));
    let (_, mut again) = begin(&server, "/api/v1/events?types=call", &last);
    assert!(std::iter::from_fn(|| Some(next(&mut again))).any(|told| told == ended));
    let (_, mut long) = begin(&server, "/api/v1/events", "Last-Event-ID: of-another-run\r\n");
    assert_eq!(next(&mut long)["type"], "lagged");

    let foreign = format!("{upgrade}Origin: https://evil.example\r\n");
    let (head, _) = begin(&server, "/api/v1/events/ws", &foreign);
    assert!(head.starts_with("HTTP/1.1 403"), "{head}");
    let (status, refused) = server.get("/api/v1/events?types=calls");
    assert!(status == 400 && refused.contains("expected registration, call, alarm or change"), "{refused}");
    let (status, refused) = server.get("/api/v1/events/ws");
    assert!(status == 426 && refused.contains("use /api/v1/events"), "{refused}");
}

#[test]
fn the_command_line_follows_changes() {
    let folder = Folder::new("follow");
    let _server = Server::start(&folder);
    let mut child = Command::new(env!("CARGO_BIN_EXE_strowger"))
        .args(["events", "--type", "change", "--after", "the-beginning", "--data"])
        .arg(folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    let mut line = || lines.next().expect("it goes on").expect("a line");
    // It follows from now on.
    assert_eq!(line(), "some events are lost");
    let (code, said) = crate::strowger(&folder, &["token", "create", "ci"]);
    assert_eq!(code, 0, "{said}");
    let told = line();
    assert!(told.contains("change") && told.contains("message=\"token ci\""), "{told}");
    child.kill().expect("it can be ended");
    child.wait().expect("it ends");
}
