//! The first call through the real binary: over UDP and TCP, to a service and from phone to phone, with what the
//! command line and the web interface say of it; and what a restart and a power cut leave.

mod access;
mod events;
mod forwards;
mod https;
mod phone;
mod server;

use std::net::UdpSocket;

use phone::Phone;
use serde_json::Value;
use server::{Folder, PATIENCE, Server, command, strowger, unheard};

fn audio() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port is free");
    socket.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
    socket
}

/// An RTP packet of 20 ms of G.711 (RFC 3550 §5.1).
fn rtp(sequence: u16) -> Vec<u8> {
    let mut packet = vec![0x80, 0];
    packet.extend_from_slice(&sequence.to_be_bytes());
    packet.extend_from_slice(&(u32::from(sequence) * 160).to_be_bytes());
    packet.extend_from_slice(&0x5eed_u32.to_be_bytes());
    packet.resize(12 + 160, 0x55);
    packet
}

fn calls(value: &Value) -> &[Value] {
    value["calls"].as_array().map_or(&[], Vec::as_slice)
}

#[test]
fn a_phone_registers_talks_to_the_echo_and_the_call_is_explained() {
    let folder = Folder::new("echo");
    let server = Server::start(&folder);
    assert_eq!(server.announcement()["unopened"], serde_json::json!([]));
    let mut alice = Phone::udp("1001", &server.secret("1001"), server.address("udp"));
    assert_eq!(alice.register(), 200);
    let phones = server.get_json("/api/v1/phones");
    assert_eq!(phones["phones"][0]["line"], "1001", "{phones}");
    let health = server.get_json("/healthz");
    assert_eq!((&health["service"], &health["phones"]), (&Value::from("full"), &Value::from(1)));

    let audio = audio();
    let call = alice.call("9999", audio.local_addr().unwrap()).expect("the echo answers");
    for sequence in 0..5 {
        audio.send_to(&rtp(sequence), call.media).unwrap();
    }
    let mut heard = [0; 2_048];
    let (length, from) = audio.recv_from(&mut heard).expect("the echo is heard");
    assert_eq!((from, length), (call.media, 172));
    let talking = server.get_json("/api/v1/calls");
    assert_eq!(calls(&talking)[0]["state"], "talking");
    let id = calls(&talking)[0]["call"].as_str().expect("an id");
    server.wait_for("/api/v1/calls/last", |story| story["call"] == id);
    let (code, text) = strowger(&folder, &["explain", "call", "last"]);
    assert!(code == 0 && text.contains(id), "{text}");
    alice.hang_up(&call);

    let ended = server.wait_for("/api/v1/calls", |answer| calls(answer)[0]["state"] == "ended");
    assert_eq!((&ended["calls"][0]["called"], &ended["calls"][0]["cause"]), (&"9999".into(), &16.into()));
    let id = ended["calls"][0]["call"].as_str().expect("an id").to_owned();
    let (code, text) = strowger(&folder, &["explain", "call", &id]);
    assert!(code == 0 && text.contains(&id) && text.contains("INVITE") && text.contains("BYE"), "{text}");
    let (code, json) = strowger(&folder, &["calls", "--json"]);
    let listed: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((code, calls(&listed).len()), (0, 1), "{json}");
    let (status, metrics) = server.get("/metrics");
    assert!(status == 200 && metrics.contains("# TYPE strowger_"), "{metrics}");
    for moved in ["udp_received_packets", "udp_sent_bytes", "media_received_packets", "media_sent_bytes"] {
        let line = metrics.lines().find(|line| line.starts_with(&format!("strowger_{moved}_total ")));
        assert!(line.is_some_and(|line| !line.ends_with(" 0")), "{moved}: {line:?}");
    }
    assert_eq!(server.get("/api/v1/calls/C1.0.999999").0, 404);
    let (status, lint) = server.get("/api/v1/digits/lint");
    assert!(status == 200 && lint.contains("\"errors\":0") && lint.contains("\"open-length\""), "{lint}");
    assert_eq!(server.get("/api/v1/digits/lint?at=noon").0, 400);
    let (code, text) = strowger(&folder, &["digits", "--lint"]);
    assert!(code == 0 && text.ends_with("errors 0, warnings 0, notes 8\n"), "{text}");
    assert!(server.stop(), "it ends well");

    // The folder alone tells the same.
    let (code, text) = strowger(&folder, &["explain", "call", "last"]);
    assert!(code == 0 && text.contains(&id), "{text}");
}

#[test]
fn two_phones_talk_one_over_udp_and_one_over_tcp() {
    let folder = Folder::new("two");
    let server = Server::start(&folder);
    let mut alice = Phone::udp("1001", &server.secret("1001"), server.address("udp"));
    let mut bob = Phone::tcp("1002", &server.secret("1002"), server.address("tcp"));
    assert_eq!((alice.register(), bob.register()), (200, 200));
    let (hers, his) = (audio(), audio());
    let his_address = his.local_addr().unwrap();
    let bob = std::thread::spawn(move || {
        bob.answer(his_address);
        let bye = bob.expect("BYE ");
        bob.respond(&bye, "200 OK", "");
    });
    let call = alice.call("1002", hers.local_addr().unwrap()).expect("Bob answers");
    assert_eq!(call.media, his_address, "media flows from phone to phone");
    alice.hang_up(&call);
    bob.join().expect("Bob sees the BYE");
    let ended = server.wait_for("/api/v1/calls", |answer| calls(answer)[0]["state"] == "ended");
    assert_eq!(ended["calls"][0]["connected"], "1002");
    assert!(server.stop());
}

#[test]
fn a_wrong_secret_and_an_unknown_number_are_refused() {
    let folder = Folder::new("refused");
    let server = Server::start(&folder);
    let mut thief = Phone::udp("1001", "wrong", server.address("udp"));
    assert!(matches!(thief.register(), 401 | 403));
    let mut alice = Phone::udp("1001", &server.secret("1001"), server.address("udp"));
    let nowhere = audio().local_addr().unwrap();
    assert_eq!(alice.call("7777", nowhere).err(), Some(404));
    // Registered nowhere.
    assert_eq!(alice.call("1003", nowhere).err(), Some(480));
    let (_, text) = strowger(&folder, &["calls"]);
    assert!(text.contains("7777") && text.contains("unallocated number"), "{text}");
    let line = server.wait_for_log(|line| line.contains("registration refused"));
    for part in [" WARN  registration refused number=1001 address=127.0.0.1:", " reason=\"wrong password\""] {
        assert!(line.contains(part), "{part} is not in {line}");
    }
}

#[test]
fn a_log_of_json_lines_tells_of_refusals_and_calls_but_never_a_secret() {
    let folder = Folder::new("log");
    let server = Server::start_with(&folder, &["--log", "json", "--log-level", "debug"]);
    let mut thief = Phone::udp("1001", "guessed", server.address("udp"));
    assert!(matches!(thief.register(), 401 | 403));
    let mut alice = Phone::udp("1001", &server.secret("1001"), server.address("udp"));
    assert_eq!(alice.register(), 200);
    assert_eq!(alice.call("7777", audio().local_addr().unwrap()).err(), Some(404));
    let check = |message: &str, level: &str, fields: &[(&str, &str)]| {
        let line = server.wait_for_log(|line| line.contains(message));
        let line: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error} in {line}"));
        assert_eq!((&line["message"], &line["level"]), (&message.into(), &level.into()), "{line}");
        for (name, value) in fields {
            assert_eq!(line[name], *value, "{name} in {line}");
        }
    };
    check("registration refused", "WARN", &[("number", "1001"), ("reason", "wrong password")]);
    check("phone registered", "INFO", &[("number", "1001"), ("transport", "UDP")]);
    check("call ended", "DEBUG", &[("calling", "1001"), ("called", "7777")]);
    let secrets = ["1001", "1002", "1003"].map(|number| server.secret(number));
    for line in server.log().lines() {
        assert!(serde_json::from_str::<Value>(line).is_ok_and(|line| line["time"].is_string()), "{line}");
        assert!(!secrets.iter().any(|secret| line.contains(secret)) && !line.contains("guessed"), "{line}");
    }
}

#[test]
fn a_power_cut_leaves_registrations_and_a_record_of_the_call_that_was_up() {
    let folder = Folder::new("cut");
    let server = Server::start(&folder);
    let mut alice = Phone::udp("1001", &server.secret("1001"), server.address("udp"));
    assert_eq!(alice.register(), 200);
    let talk = audio();
    alice.call("9999", talk.local_addr().unwrap()).expect("the echo answers");
    let id = calls(&server.get_json("/api/v1/calls"))[0]["call"].as_str().expect("an id").to_owned();
    server.wait_for(&format!("/api/v1/calls/{id}"), |story| {
        story["lines"].as_array().is_some_and(|l| l.len() > 3)
    });
    server.wait_for_stored_phone(&folder);
    let sip = server.address("udp");
    server.kill();

    let server = Server::start_at(&folder, sip);
    let phones = server.get_json("/api/v1/phones");
    assert_eq!(phones["phones"][0]["line"], "1001", "{phones}");
    let listed = server.get_json("/api/v1/calls");
    assert_eq!((&listed["calls"][0]["call"], &listed["calls"][0]["cause"]), (&id.clone().into(), &41.into()));
    let (_, text) = strowger(&folder, &["explain", "call", &id]);
    assert!(text.contains("cause 41"), "{text}");
    // And it serves as before, with ids that were never used.
    let mut alice = Phone::udp("1001", &server.secret("1001"), server.address("udp"));
    let call = alice.call("9999", talk.local_addr().unwrap()).expect("the echo answers");
    alice.hang_up(&call);
    let listed = server.wait_for("/api/v1/calls", |answer| calls(answer).len() == 2);
    assert_ne!(listed["calls"][0]["call"], listed["calls"][1]["call"]);
    assert!(server.stop());
}

#[test]
fn a_reader_that_has_heard_enough_is_no_error() {
    let folder = Folder::new("pipe");
    let server = Server::start(&folder);
    let data = folder.path().to_str().expect("the folder's name is text");
    let check = |arguments: &[&str], code: i32| {
        let (found, text) = unheard(arguments);
        assert_eq!((found, text.as_str()), (code, ""), "{arguments:?}");
    };
    check(&["completions", "bash"], 0);
    check(&["calls", "--json", "--data", data], 0);
    check(&["phones", "--data", data], 0);
    check(&["digits", "1001", "9999", "--data", data], 0);
    drop(server);
}

#[test]
fn idle_connections_leave_descriptors_for_everybody_else() {
    let folder = Folder::new("idle");
    let server = Server::start_limited(&folder, 120);
    let idle: Vec<_> =
        (0..130).filter_map(|_| std::net::TcpStream::connect(server.address("tcp")).ok()).collect();
    let (status, health) = server.get("/healthz");
    assert!(status == 200, "{status} {health}");
    let mut alice = Phone::tcp("1001", &server.secret("1001"), server.address("tcp"));
    assert_eq!(alice.register(), 200);
    let more: Vec<_> =
        (0..130).filter_map(|_| std::net::TcpStream::connect(server.address("tcp")).ok()).collect();
    let call = alice.call("9999", audio().local_addr().unwrap()).expect("her connection is still there");
    alice.hang_up(&call);
    let (_, metrics) = server.get("/metrics");
    let closed = metrics.lines().find_map(|line| line.strip_prefix("strowger_tcp_closed_idle_total "));
    assert!(
        closed.is_some_and(|closed| closed.parse::<u64>().is_ok_and(|closed| closed > 200)),
        "{closed:?}"
    );
    let line = server.wait_for_log(|line| line.contains("few files may be open"));
    assert!(line.contains(" limit=120 ") && line.contains("LimitNOFILE="), "{line}");
    drop((idle, more));
}

#[test]
fn the_web_interface_refuses_in_json_and_answers_nobody_who_names_another_server() {
    let folder = Folder::new("http");
    let server = Server::start(&folder);
    let check = |host: &str, path: &str, status: u16, part: &str| {
        let (found, body) = server.get_as(host, path);
        let words = serde_json::from_str::<Value>(&body).map(|body| body["detail"].to_string());
        let words = words.unwrap_or_else(|error| panic!("{error} in {body:?}"));
        assert!(found == status && words.contains(part), "{host} {path}: {found} {words}");
    };
    check("localhost", "/nothing", 404, "there is no /nothing; /api/v1/openapi.json");
    check("localhost", "/api/v1/calls?limit=many", 400, "limit");
    check("localhost", "/api/v1/calls/42", 400, "expected one like C1.0.42");
    for path in ["/healthz", "/metrics", "/api/v1/calls", "/api/v1/phones", "/nothing"] {
        check("evil.example", path, 421, "evil.example");
    }
    assert_eq!(server.get_as("127.0.0.1:8080", "/healthz").0, 200);
}

#[test]
fn call_numbers_go_on_where_a_clean_stop_left_them() {
    let folder = Folder::new("numbers");
    let number = |expect: usize| {
        let server = Server::start(&folder);
        let mut alice = Phone::udp("1001", &server.secret("1001"), server.address("udp"));
        assert_eq!(alice.call("7777", audio().local_addr().unwrap()).err(), Some(404));
        let listed = server.wait_for("/api/v1/calls", |answer| calls(answer).len() == expect);
        assert!(server.stop());
        let id = calls(&listed)[0]["call"].as_str().expect("an id").to_owned();
        id.rsplit('.').next().and_then(|number| number.parse::<u64>().ok()).expect("a number")
    };
    let (first, second) = (number(1), number(2));
    assert!(first < second && second < first + 20, "{first}, {second}");
}

#[test]
fn a_second_signal_ends_the_calls_that_a_drain_waits_for_and_keeps_their_records() {
    let folder = Folder::new("drain");
    let server = Server::start(&folder);
    let mut alice = Phone::udp("1001", &server.secret("1001"), server.address("udp"));
    assert_eq!(alice.register(), 200);
    let talk = audio();
    alice.call("9999", talk.local_addr().unwrap()).expect("the echo answers");
    server.terminate();
    let line = server.wait_for_log(|line| line.contains("draining"));
    assert!(line.contains(" calls=1 seconds_max=120 "), "{line}");
    let (status, health) = server.get("/healthz");
    assert!(status == 503 && health.contains("draining"), "{status} {health}");
    server.terminate();
    let bye = alice.expect("BYE ");
    alice.respond(&bye, "200 OK", "");
    assert!(server.ended(), "it ends well");
    let (code, text) = strowger(&folder, &["explain", "call", "last"]);
    assert!(code == 0 && text.contains("told to stop") && text.contains("cause 41"), "{text}");
}

#[test]
fn a_signal_that_comes_as_soon_as_a_server_says_that_it_is_ready_stops_it_well() {
    let folder = Folder::new("ready");
    for _ in 0..10 {
        assert!(Server::start(&folder).stop(), "the signal ended it like a power cut");
    }
}

#[test]
fn the_command_line_asks_a_server_by_its_address_and_says_what_is_wrong_with_it() {
    let folder = Folder::new("client");
    let server = Server::start(&folder);
    let mut alice = Phone::udp("1001", &server.secret("1001"), server.address("udp"));
    assert_eq!(alice.register(), 200);
    let url = format!("http://{}", server.address("http"));
    let check = |arguments: &[&str], code: i32, parts: &[&str]| {
        let (found, text) = command(&[arguments, &["--server", &url]].concat());
        for part in parts {
            assert!(
                found == code && text.contains(part),
                "{arguments:?}: {found}, {part:?} is not in {text}"
            );
        }
        assert!(!text.contains('\x1b'), "no colour where there is no terminal: {text}");
    };
    check(&["calls"], 0, &["no calls yet"]);
    check(&["explain", "call", "last"], 1, &["there has been no call yet"]);
    assert_eq!(alice.call("7777", audio().local_addr().unwrap()).err(), Some(404));
    check(&["calls"], 0, &["Started (UTC)", "7777", "unallocated number"]);
    check(&["calls", "--json"], 0, &["\"called\":\"7777\""]);
    check(&["phones"], 0, &["1001", "UDP"]);
    check(&["explain", "call", "last"], 0, &["1001", "7777", "|", "INVITE 7777"]);
    check(&["explain", "call", "last", "--messages"], 0, &["Max-Forwards: 70"]);
    check(&["explain", "call", "last", "--json"], 0, &["{\"", "\"headline\":"]);
    check(&["digits", "1001", "1002"], 0, &["1001 dials 1002 key by key", "result  line 1002"]);
    let dialled = ["digits", "1001", "9011441632960000#", "--json", "--at", "2026-11-21T08:05"];
    check(&dialled, 0, &["\"called\":\"+441632960000\"", "\"at\":\"2026-11-21T08:05:00.000Z\""]);
    check(&["digits", "1001", "+49", "--mode", "en-bloc"], 0, &["1001 dials +49 en bloc"]);
    check(&["digits", "nobody", "1002"], 1, &["answered 400: nobody can dial from \"nobody\""]);
    check(&["explain", "call", "C1.0.999999"], 1, &["no call C1.0.999999", "`strowger calls`"]);
    assert!(server.stop());
    check(&["calls"], 1, &["no server answers at http://127.0.0.1", "Is it running"]);
    let (code, text) = command(&["calls", "--server", "ftp://pbx"]);
    assert!(code == 2 && text.contains("https://HOST:PORT"), "{code} {text}");
    // The folder of a server that is not running.
    let (code, text) = strowger(&folder, &["phones"]);
    assert!(code == 1 && text.contains("no server is running on") && text.contains("--server"), "{text}");
    let (code, text) = strowger(&folder, &["calls"]);
    assert!(code == 0 && text.contains("7777"), "{text}");
}

#[test]
fn a_second_server_on_the_same_folder_is_refused_with_the_reason() {
    let folder = Folder::new("lock");
    let _server = Server::start(&folder);
    let (code, text) = strowger(&folder, &["lab", "--sip-port", "0", "--http-port", "0", "--json"]);
    assert!(code != 0 && text.contains("another strowger is running"), "{code}: {text}");
}
