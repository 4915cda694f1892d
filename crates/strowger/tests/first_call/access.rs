//! Who is let in, and what a change costs whom: over the socket in the data folder, whose owner may do everything.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;

use serde_json::{Value, json};

use super::server::{Folder, PATIENCE, Server};

/// Status and body of a request over the socket in the data folder.
pub(crate) fn local(folder: &Folder, method: &str, path: &str, headers: &str, body: &Value) -> (u16, Value) {
    let mut stream = UnixStream::connect(folder.path().join("api.sock")).expect("the socket answers");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n{headers}\r\n",
        body.len()
    );
    stream.write_all((head + &body).as_bytes()).expect("it reads");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("it writes");
    let (head, body) = text.split_once("\r\n\r\n").expect("an HTTP answer");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}

fn changes(folder: &Folder) -> usize {
    let (_, history) = local(folder, "GET", "/api/v1/changes", "", &Value::Null);
    history["changes"].as_array().expect("changes is a list").len()
}

#[test]
fn a_request_that_is_sent_again_makes_its_change_once() {
    let folder = Folder::new("repeat");
    let server = Server::start(&folder);
    let key = |key: &str| format!("Idempotency-Key: {key}\r\n");
    let before = changes(&folder);
    let partition = "/api/v1/configuration/partitions/new";
    let put = |headers: &str| {
        local(
            &folder,
            "PUT",
            partition,
            &format!("If-None-Match: *\r\n{headers}"),
            &json!({ "description": "x" }),
        )
    };
    let (status, made) = put(&key("one"));
    assert_eq!((status, made["name"].as_str()), (201, Some("new")));
    // Without the key it would be refused: the object is there by now.
    assert_eq!(put("").0, 412);
    let (status, again) = put(&key("\"one\""));
    assert_eq!((status, &again), (200, &made));
    assert_eq!(put(&key("two")).0, 412);
    assert_eq!(put("Idempotency-Key: a b\r\n").0, 400);
    let remove = |headers: &str| local(&folder, "DELETE", partition, headers, &Value::Null);
    let (status, gone) = remove(&key("one"));
    assert_eq!(status, 200, "{gone}");
    let (status, again) = remove(&key("one"));
    assert_eq!((status, &again["change"], &again["repeated"]), (200, &gone["change"], &json!(true)));
    assert_eq!(remove(&key("two")).0, 404);
    // A restart forgets no key.
    assert!(server.stop());
    let server = Server::start(&folder);
    assert_eq!(remove(&key("one")), (200, again));
    assert_eq!(changes(&folder), before + 2);
    assert!(server.stop());
}

#[test]
fn a_server_that_starts_removes_the_copies_of_a_backup_that_was_killed() {
    let folder = Folder::new("copies");
    let left = folder.path().join("backup-0123456789abcdef.part");
    std::fs::create_dir_all(left.join("journal")).expect("it can be made");
    for name in ["lock", "node.key", "journal/000001.sj"] {
        std::fs::write(left.join(name), "").expect("it can be written");
    }
    let server = Server::start(&folder);
    assert!(!left.exists());
    assert!(server.stop());
}

#[test]
fn names_that_are_configured_are_names_of_the_web_interface_at_once() {
    let folder = Folder::new("names");
    let server = Server::start(&folder);
    let parameters = "/api/v1/configuration/service_parameters/service_parameters";
    let check = |names: &[(&str, u16)]| {
        for (name, expect) in names {
            assert_eq!(server.get_as(name, "/healthz").0, *expect, "{name}");
        }
    };
    check(&[("pbx.example", 421), ("strowger.lab", 200), ("203.0.113.5", 421)]);
    let change = json!({ "domain": "pbx.example", "aliases": ["203.0.113.5", "old.example"] });
    let (status, said) = local(&folder, "PUT", parameters, "", &change);
    assert_eq!(status, 201, "{said}");
    check(&[("pbx.example", 200), ("old.example:80", 200), ("203.0.113.5", 200), ("strowger.lab", 421)]);
}

#[test]
fn log_ins_are_as_the_credential_policy_says() {
    let folder = Folder::new("policy");
    let server = Server::start(&folder);
    let policy = json!({ "length_min": 12, "history": 2, "failures_max": 3, "lockout": 0 });
    assert_eq!(local(&folder, "PUT", "/api/v1/configuration/credential_policies/strict", "", &policy).0, 201);
    let set = |password: &str, role: Option<&str>, expect: Result<(), &str>| {
        let mut body = json!({ "password": password });
        if let Some(role) = role {
            body["create_with_role"] = json!(role);
        }
        let (status, said) = local(&folder, "POST", "/api/v1/users/boss/password", "", &body);
        match expect {
            Ok(()) => assert_eq!(status, 200, "{password}: {said}"),
            Err(part) => {
                assert!(status == 422 && said["detail"].to_string().contains(part), "{password}: {said}")
            }
        }
    };
    let log_in = |password: &str, new: Option<&str>| {
        let mut body = json!({ "user": "boss", "password": password });
        if let Some(new) = new {
            body["new_password"] = json!(new);
        }
        local(&folder, "POST", "/api/v1/sessions", "", &body)
    };
    // Without a policy everything has its default.
    set("seven77", Some("administrator"), Err("use 8 characters or more"));
    set("my horse 5678", Some("administrator"), Err("follow each other"));
    set("one of eight", Some("administrator"), Ok(()));
    let user = "/api/v1/configuration/application_users/boss";
    assert_eq!(local(&folder, "PATCH", user, "", &json!({ "credential_policy": "strict" })).0, 200);
    set("short horse", None, Err("use 12 characters or more"));
    set("one of eight", None, Err("the last 2 cannot be used again"));
    set("two of twelve", None, Ok(()));
    set("one of eight", None, Err("the last 2 cannot be used again"));
    // Who knows the password sets another one while logging in.
    assert_eq!(log_in("two of twelve", Some("one of eight")).0, 422);
    let (status, said) = log_in("two of twelve", Some("third of twelve"));
    assert_eq!((status, said["role"].as_str()), (201, Some("administrator")), "{said}");
    assert_eq!(log_in("third of twelve", None).0, 201);
    // Three wrong ones lock the user out, whatever comes then.
    for wrong in ["two of twelve", "guess", "guess"] {
        assert_eq!(log_in(wrong, None).0, 401);
    }
    let (status, said) = log_in("third of twelve", None);
    assert!(status == 401 && said["detail"].to_string().contains("locked out"), "{said}");
    let line = server.wait_for_log(|line| line.contains("a user is locked out"));
    assert!(line.contains("boss") && line.contains("strowger password"), "{line}");
    set("fourth of twelve", None, Ok(()));
    assert_eq!(log_in("fourth of twelve", None).0, 201);
    assert!(server.stop());
}

/// The status of a log-in over the network; the body is `Content-Length` bytes long, whatever it holds.
fn log_in(server: &Server, body: &str) -> u16 {
    let mut stream = TcpStream::connect(server.address("http")).expect("the web interface answers");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
    let head = format!(
        "POST /api/v1/sessions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    // It may answer before it has read everything.
    let _ = stream.write_all((head + body).as_bytes());
    let mut text = String::new();
    let _ = stream.read_to_string(&mut text);
    text.split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .unwrap_or_else(|| panic!("no answer: {text}"))
}

#[test]
fn strangers_send_no_more_than_a_log_in_takes() {
    let folder = Folder::new("strangers");
    let server = Server::start(&folder);
    let check = |bytes: usize, expect: u16| {
        let body = json!({ "user": "nobody", "password": "x", "more": "" }).to_string();
        let body = body.replace("\"\"", &format!("\"{}\"", "a".repeat(bytes - body.len())));
        assert_eq!((body.len(), log_in(&server, &body)), (bytes, expect));
    };
    // It is read, and has a setting that there is not.
    check(64 * 1024, 400);
    check(64 * 1024 + 1, 413);
    assert!(server.stop());
}

/// Each password that is looked at takes 19 MiB: were they looked at as they come, guessing would take the memory away.
#[test]
fn log_ins_are_looked_at_two_at_a_time() {
    let folder = Folder::new("guesses");
    let server = Server::start(&folder);
    let before = server.most_memory_kib();
    std::thread::scope(|scope| {
        for number in 0..16 {
            let server = &server;
            let body = json!({ "user": format!("guess-{number}"), "password": "x" }).to_string();
            scope.spawn(move || assert_eq!(log_in(server, &body), 401));
        }
    });
    let grown = server.most_memory_kib() - before;
    assert!(grown < 4 * 19 * 1024, "{grown} KiB for 16 log-ins");
    assert!(server.stop());
}
