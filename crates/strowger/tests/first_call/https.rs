//! The interface over TLS, and tokens.

use crate::access::local;
use crate::server::{Folder, Server, command, strowger};

const NODE_FILE: &str = "[http]\ntls = true\n\n[[line]]\nnumber = \"1001\"\nsecret = \"s3cret\"\n";

/// A folder with a node file.
fn folder_with(name: &str, node_file: &str) -> Folder {
    let folder = Folder::new(name);
    std::fs::create_dir_all(folder.path()).expect("the folder can be made");
    std::fs::write(folder.path().join("strowger.toml"), node_file).expect("the file can be written");
    folder
}

#[test]
fn a_token_asks_over_tls_whom_it_knows_by_its_fingerprint_or_certificate() {
    let folder = folder_with("https", NODE_FILE);
    let server = Server::start(&folder);
    let port = server.address("http").port();
    let url = format!("https://127.0.0.1:{port}");
    let fingerprint = server.announcement()["fingerprint"].as_str().expect("a fingerprint").to_owned();
    let (code, said) =
        strowger(&folder, &["token", "create", "ci", "--role", "operator", "--expires", "90d"]);
    assert_eq!(code, 0, "{said}");
    let token = folder.path().join("token");
    std::fs::write(&token, said.lines().next().expect("a token")).expect("the file can be written");
    let token = token.to_str().expect("text");
    let check = |arguments: &[&str], expect: Result<&str, &str>| {
        let (code, said) = command(arguments);
        match (code, expect) {
            (0, Ok(part)) => assert!(said.contains(part), "{arguments:?}: {part:?} is not in {said}"),
            (1, Err(part)) => assert!(said.contains(part), "{arguments:?}: {part:?} is not in {said}"),
            _ => panic!("{arguments:?}: {code}, {said}"),
        }
    };
    let known = ["--token-file", token, "--fingerprint", &fingerprint];
    check(&[&["history", "--server", &url], &known[..]].concat(), Ok("token ci"));
    // Whoever vouches for it may be named in place of it.
    let certificate = folder.path().join("https.crt");
    let certificate = certificate.to_str().expect("text");
    let named = format!("https://localhost:{port}");
    check(&["phones", "--server", &named, "--token-file", token, "--ca-file", certificate], Ok("no phone"));
    check(
        &["phones", "--server", &url, "--token-file", token],
        Err(&format!("give --fingerprint {fingerprint}")),
    );
    let other = fingerprint.replace(|digit: char| digit.is_ascii_digit(), "0");
    let other = format!("SHA256:{}", &other[7..]);
    check(&["phones", "--server", &url, "--fingerprint", &other], Err("somebody may be in between"));
    check(
        &["phones", "--server", &url.replace("https", "http")],
        Err("with https:// when that has tls = true"),
    );
    // It may do what an operator may.
    let revoke = [&["token", "revoke", "ci", "--server", &url], &known[..]].concat();
    check(&revoke, Err("it needs the role administrator"));
    let (code, said) = strowger(&folder, &["token", "list", "--json"]);
    assert!(code == 0 && said.contains("\"last_used_from\":\"127.0.0.1\""), "{said}");
    let (code, said) = strowger(&folder, &["token", "revoke", "ci"]);
    assert_eq!(code, 0, "{said}");
    check(&[&["phones", "--server", &url], &known[..]].concat(), Err("the token is revoked, or never was"));
    // The certificate is that of before.
    assert!(server.stop());
    let again = Server::start(&folder);
    assert_eq!(again.announcement()["fingerprint"], fingerprint.as_str());
    // It is made anew for a name that it does not have, and then stays.
    let parameters = "/api/v1/configuration/service_parameters/service_parameters";
    let change = serde_json::json!({ "aliases": ["pbx.example"] });
    assert_eq!(local(&folder, "PUT", parameters, "", &change).0, 201);
    let started = |server: Server| {
        assert!(server.stop());
        let server = Server::start(&folder);
        let fingerprint = server.announcement()["fingerprint"].as_str().expect("a fingerprint").to_owned();
        (server, fingerprint)
    };
    let (server, second) = started(again);
    let (_server, third) = started(server);
    assert!(second != fingerprint && second == third);
}

#[test]
fn without_tls_nobody_is_served_but_this_machine() {
    let check = |http: &str, expect: &str| {
        let folder =
            folder_with("open-http", &format!("[sip]\nlisten = \"127.0.0.1\"\nport = 0\n\n[http]\n{http}\n"));
        let file = folder.path().join("strowger.toml");
        let (code, said) = command(&["serve", "--config", file.to_str().expect("text")]);
        assert!(code == 1 && said.contains(expect), "{http}: {code}, {said}");
    };
    check("listen = \"0.0.0.0\"", "add tls = true");
    check("tls = true\ncertificate = \"x.pem\"", "give both or none");
    check("tls = true\ncertificate = \"x.pem\"\nkey = \"x.key\"", "x.pem");
}
