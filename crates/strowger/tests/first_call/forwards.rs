//! Forwards and hunts as an operator writes them: refused with their place, told by the analyzer from the file and from the
//! running server alike.

use crate::audio;
use crate::phone::Phone;
use crate::server::{Folder, Server, command, strowger};

const PLAN: &str = r#"
[[line]]
number = "1001"
secret = "a"
forward = { busy = "1002", unregistered = "9999" }

[[line]]
number = "1002"
secret = "b"
voice_mail = "9999"
[line.forward]
all = "1003"
no_answer = "voice-mail"

[[line]]
number = "1003"
secret = "c"
forward = { all = "1002", no_answer = "9999" }

[[line_group]]
name = "desk"
members = ["1001", "1003"]
distribution = "top-down"

[[hunt_list]]
name = "office"
groups = ["desk"]

[[hunt_pilot]]
pattern = "8000"
hunt_list = "office"
max_seconds = 25
exhausted = "9999"

[[service]]
number = "9999"
service = "echo"

[[expect]]
from = "1001"
number = "8000"
when = "busy"
ends = "service echo"
"#;

#[test]
fn forwards_and_hunts_are_told_alike_from_the_file_and_by_the_server() {
    let folder = Folder::new("forwards");
    std::fs::create_dir_all(folder.path()).expect("the folder can be made");
    std::fs::write(folder.path().join("strowger.toml"), PLAN).expect("the file can be written");
    let server = Server::start(&folder);
    let url = format!("http://{}", server.address("http"));
    let check = |arguments: &[&str], parts: &[&str]| {
        let asked = [&["digits"], arguments].concat();
        let (code, by_file) = strowger(&folder, &asked);
        let (_, by_server) = command(&[&asked[..], &["--server", &url]].concat());
        assert_eq!(by_file, by_server, "{arguments:?}");
        for part in parts {
            assert!(code == 0 && by_file.contains(part), "{part:?} is not in {by_file}");
        }
    };
    let at = ["--mode", "en-bloc", "--at", "2026-11-21T08:00"];
    check(
        &[&["1001", "1002"], &at[..]].concat(),
        &[
            "line 1002 forwards all calls to 1003; redirection 1 of 12",
            "line 1003 forwards calls that nobody answers to 9999, because its forward of all calls would lead back",
            "ends    service echo",
        ],
    );
    check(
        &[&["1001", "8000"], &at[..]].concat(),
        &[
            "10 s  desk: 1003 rings, the next in the list",
            "then  the call goes to 9999",
            "ends    hunt pilot 8000",
        ],
    );
    check(&[&["1003", "1001", "--when", "unregistered"], &at[..]].concat(), &["ends    service echo"]);
    check(
        &[&["1003", "8000", "--when", "no-answer", "--json"], &at[..]].concat(),
        &["\"ends\":\"service echo\"", "\"event\":\"exhausted\""],
    );
    let (code, text) = strowger(&folder, &["digits", "--check"]);
    assert!(code == 0 && text.contains("1 of 1 as expected"), "{text}");
    let (code, text) = strowger(&folder, &["digits", "--lint"]);
    assert!(code == 0 && text.contains("forward-loop: all calls go round: 1002, then 1003"), "{text}");
    assert!(server.stop());
}

#[test]
fn a_call_goes_where_the_analyzer_says() {
    let folder = Folder::new("forwarded");
    std::fs::create_dir_all(folder.path()).expect("the folder can be made");
    std::fs::write(folder.path().join("strowger.toml"), PLAN).expect("the file can be written");
    let server = Server::start(&folder);
    let mut carol = Phone::udp("1003", "c", server.address("udp"));
    assert_eq!(carol.register(), 200);
    let audio = audio();
    let mut call = |number: &str, when: &str| {
        let told = ["digits", "1003", number, "--mode", "en-bloc", "--when", when];
        let (_, text) = strowger(&folder, &told);
        assert!(text.contains("ends    service echo"), "{text}");
        let call =
            carol.call(number, audio.local_addr().expect("it has an address")).expect("the echo answers");
        carol.hang_up(&call);
    };
    // Nobody is registered at 1001.
    call("1001", "unregistered");
    // 1002 and 1003 forward to each other: the way out leads to the voice mail of neither, but to the echo.
    call("1002", "free");
    let ended =
        server.wait_for("/api/v1/calls", |answer| answer["calls"].as_array().is_some_and(|it| it.len() == 2));
    for call in ended["calls"].as_array().expect("a list") {
        assert_eq!(call["cause"], 16, "{call}");
    }
    let (_, text) = strowger(&folder, &["explain", "call", "last"]);
    assert!(text.contains("1003") && text.contains("9999"), "{text}");
    assert!(server.stop());
}

#[test]
fn what_is_wrong_with_forwards_and_hunts_is_refused_with_its_line() {
    let folder = Folder::new("forwards-refused");
    std::fs::create_dir_all(folder.path()).expect("the folder can be made");
    let path = folder.path().join("node.toml");
    let wrong = PLAN
        .replace("busy = \"1002\"", "busy = \"10-02\"")
        .replace("\"1001\", \"1003\"]", "\"1001\", \"1030\"]")
        .replace("groups = [\"desk\"]", "groups = [\"desks\"]")
        .replace("max_seconds = 25", "max_seconds = 4000");
    std::fs::write(&path, wrong).expect("the file can be written");
    let path = path.to_str().expect("the name is text");
    let (code, text) = command(&["check-config", path]);
    let expect = [
        format!(
            "{path}:2: [[line]] 1 (1001): forward.busy is \"10-02\": '-' at position 3 cannot be dialled"
        ),
        format!("{path}:20: [[line_group]] 1 (desk): members is \"1030\", "),
        format!("{path}:25: [[hunt_list]] 1 (office): groups is \"desks\", "),
        format!("{path}:29: [[hunt_pilot]] 1 (8000): max_seconds is 4000 s, expected 1 s to 3600 s"),
    ];
    for part in expect {
        assert!(code == 1 && text.contains(&part), "{part:?} is not in {text}");
    }
}
