//! The node file as a whole.

use super::*;

fn refused(text: &str) -> String {
    let path = Path::new("node.toml");
    let read = super::reading::Reading::of(path, text);
    let error = match read.file.filter(|_| read.mistakes.is_empty()) {
        Some(file) => file.configuration().err().map(|error| error.to_string()),
        None => Some(read.mistakes.join("\n")),
    };
    error.unwrap_or_default()
}

#[test]
fn a_broken_file_is_answered_with_line_column_and_expectation() {
    let check = |text: &str, expected: &[&str]| {
        let error = refused(text);
        for part in expected {
            assert!(error.contains(part), "{part:?} is not in: {error}");
        }
    };
    let port = "expected a whole number from 0 to 65535\n  found: port = \"x\"";
    check("[sip]\nport = \"x\"\n", &["node.toml:2:8:", port]);
    let ports = "expected two numbers, for example [16384, 32767]\n  found: ports";
    check("[media]\nports = \"16384-32767\"\n", &["node.toml:2:9:", ports]);
    check("[[route]]\npattern = \"\\+1!\"\n", &["node.toml:2:", "write a backslash twice"]);
    let trunk = "[[trunk]]\nname = \"a\"\ndestination = \"gw.example.com:5060\"\n";
    check(trunk, &["node.toml:3:15: no address; expected an IP address and a port"]);
    let list = |member: &str| format!("[[route_list]]\nname = \"a\"\ngroups = [{member}]\n");
    check(&list("{ grp = \"b\" }"), &["node.toml:3:13: unknown field `grp`", "`group`"]);
    check(&list("1"), &["node.toml:3:11: invalid type: integer", "the name of a route group, or {"]);
    check(&list("{ group = \"b\" }"), &["[[route_list]] 1", "\"b\""]);
    check("[[paging_group]]\npattern = \"8400\"\n", &["unknown field `paging_group`", "`strowger export`"]);
    check("[sip]\nprot = 5060\n", &["node.toml:2:1:", "unknown field `prot`", "`port`"]);
    check("[[line]]\nnumber = \"1001\"\n", &["[[line]] 1 (1001): secret is missing; give one"]);
    check("[[line]]\nnumber = 1001\nsecret = \"x\"\n", &["node.toml:2:10:", "string", "put it in quotes"]);
    check("[[line]]\nnumber = \"1\"\nha1_md5 = \"12\"\n", &["(1): ha1_md5 has 2 characters, expected 32"]);
    let both = "[[line]]\nnumber = \"1\"\nsecret = \"x\"\nha1_md5 = \"12\"\n";
    check(both, &["(1): has a secret and a digest of one; leave one of them out"]);
    let md5 = "0123456789abcdef0123456789ABCDEF";
    let one = format!("[sip]\ndigest = [\"SHA-256\"]\n[[line]]\nnumber = \"1\"\nha1_md5 = \"{md5}\"\n");
    check(&one, &["(1): ha1_sha256 is missing, but [sip] digest offers it"]);
}

#[test]
fn a_mistake_is_told_once_with_the_key_and_line_of_the_file() {
    let folder = std::env::temp_dir().join(format!("strowger-keys-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("node.toml");
    let check = |text: &str, expect: &str| {
        std::fs::write(&path, text).unwrap();
        let found = ConfigFile::read(&path).and_then(|file| file.configuration().map(drop));
        let found = found.err().map(|error| error.to_string().replace(&path.display().to_string(), "F"));
        assert_eq!(found.unwrap_or_default(), expect, "{text}");
    };
    let bounds =
        "the configuration cannot be used:\n  F:3: [sip] expires_min_seconds is 60 s, expected 1 s to 30 s";
    check("[sip]\nexpires_max_seconds = 30\nexpires_min_seconds = 60\n", bounds);
    check(
        "[sip]\nexpires_max_seconds = 30\n",
        "the configuration cannot be used:\n  F: [sip] expires_min_seconds is 60 s, expected 1 s to 30 s",
    );
    check("[sip]\nexpires_max_seconds = 1800\n", "");
    check("[sip]\nexpires_min_seconds = 5000\n", "");
    let domain = "the configuration cannot be used:\n  F:3: [node] domain is \"a b\": a domain has letters, digits, dots and hyphens only";
    check("\n[node]\ndomain = \"a b\"\n", domain);
    let zero = "F:2:10: a number begins with zero; what is dialled is text: put it in quotes\n  found: number = 0800";
    check("[[line]]\nnumber = 0800\n", zero);
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn certificates_are_looked_at_before_anything_starts() {
    let folder = std::env::temp_dir().join(format!("strowger-web-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let make = |name: &str, end: i32| {
        let pair = rcgen::KeyPair::generate().unwrap();
        let mut parameters = rcgen::CertificateParams::new(vec!["pbx.example".to_owned()]).unwrap();
        parameters.not_after = rcgen::date_time_ymd(end, 1, 2);
        let made = parameters.self_signed(&pair).unwrap();
        std::fs::write(folder.join(format!("{name}.crt")), made.pem()).unwrap();
        std::fs::write(folder.join(format!("{name}.key")), pair.serialize_pem()).unwrap();
    };
    make("good", 2060);
    make("old", 2020);
    std::fs::write(folder.join("garbage.crt"), "nothing").unwrap();
    let check = |http: &str, expect: &str| {
        let path = folder.join("node.toml");
        std::fs::write(&path, format!("[http]\n{http}\n")).unwrap();
        let found = match ConfigFile::read(&path).unwrap().web_doubt(&folder) {
            Ok(doubt) => doubt.unwrap_or_default(),
            Err(error) => format!("{error:#}"),
        };
        assert_eq!(found.is_empty(), expect.is_empty(), "{http}: {found}");
        assert!(found.contains(expect), "{http}: {found}");
    };
    let files = |certificate: &str, key: &str| {
        format!("tls = true\ncertificate = \"{certificate}.crt\"\nkey = \"{key}.key\"")
    };
    check("", "");
    check("tls = true", "");
    check("listen = \"0.0.0.0\"", "node.toml:2: [http] listen is 0.0.0.0, where others could read passwords");
    check("tls = true\nkey = \"good.key\"", "belong together: give both or none");
    check(&files("good", "good"), "");
    check(&files("good", "old"), "good.crt and ");
    check(&files("good", "missing"), "missing.key has no private key");
    check(&files("missing", "good"), "cannot read certificates from ");
    check(&files("garbage", "good"), "garbage.crt has no certificate");
    check(&files("old", "old"), "old.crt has expired on 2020-01-02: put another one in its place");
    assert!(!folder.join("https.crt").exists(), "nothing is made");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn no_error_shows_a_secret() {
    for value in ["4711", "4711.5", "[4711]", "{ a = 4711 }", "\"4711", "4711-x"] {
        let error = refused(&format!("[[line]]\nnumber = \"1001\"\nsecret = {value}\n"));
        assert!(error.contains("node.toml:3") && !error.contains("4711"), "{value}: {error}");
    }
    let error = refused("[[line]]\nnumber = \"1001\"\nsecret = true\n");
    assert!(error.contains("a secret is a string: expected it in quotes"), "{error}");
}

#[test]
fn a_digest_takes_the_place_of_a_secret() {
    let md5 = "0123456789abcdef0123456789ABCDEF";
    let text = format!("[[line]]\nnumber = \"1001\"\nha1_md5 = \"{md5}\"\n");
    let file: ConfigFile = toml::from_str(&text).unwrap();
    let Ok(configuration) = file.configuration() else { panic!("it can be used") };
    let account = configuration.sip.lines.get("1001").unwrap();
    let expect = 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef_u128.to_be_bytes();
    assert_eq!(account.phones[0].ha1_md5.expose(), &expect);
    assert_ne!(account.phones[0].ha1_sha256.expose(), &[0; 32]);
}

#[test]
fn lines_of_a_lines_file_join_those_of_the_node_file_and_are_named_by_their_place() {
    let folder = std::env::temp_dir().join(format!("strowger-lines-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let node = folder.join("node.toml");
    let text = "lines_file = \"lines.csv\"\n[[line]]\nnumber = \"1001\"\nsecret = \"a\"\n";
    std::fs::write(&node, text).unwrap();
    let check = |rows: &str, expect: Result<usize, &str>| {
        std::fs::write(folder.join("lines.csv"), rows).unwrap();
        let found = ConfigFile::read(&node).and_then(|file| file.configuration());
        match (found, expect) {
            (Ok(found), Ok(lines)) => assert_eq!(found.sip.lines.len(), lines),
            (Err(error), Err(part)) => {
                assert!(format!("{error}").contains(part), "{part} not in {error}")
            }
            (Ok(_), Err(part)) => panic!("no error where {part} was expected"),
            (Err(error), Ok(_)) => panic!("{error}"),
        }
    };
    check("number,name,secret\n1002,Bob,b\n1003,Carol,c\n", Ok(3));
    check("number,secret\n1002,b\n1001,c\n", Err("lines.csv:3: 1001: number is \"1001\", which"));
    check("number,secret,partition\n1002,b,x\n", Err("lines.csv:2: 1002: partition is \"x\", but none"));
    check("number,secret\n1002\n", Err("lines.csv:2:1: has 1 cells, expected 2"));
    std::fs::remove_file(folder.join("lines.csv")).unwrap();
    let error = ConfigFile::read(&node).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(error.contains("lines.csv: No such file"), "{error}");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn what_is_wrong_with_the_whole_is_named_with_its_place() {
    let text = "[[line]]\nnumber = \"1001\"\nsecret = \"a\"\n[[line]]\nnumber = \"1001\"\nsecret = \"b\"\n\
                [[route]]\npattern = \"2XXX\"\ntrunk = \"nowhere\"\n";
    let file: ConfigFile = toml::from_str(text).unwrap();
    let error = file.configuration().err().map(|error| error.to_string()).unwrap_or_default();
    assert!(error.contains("[[line]] 2 (1001)") && error.contains("nowhere"), "{error}");
}

#[test]
fn the_sample_file_is_a_configuration() {
    let text = include_str!("../../../../strowger.example.toml");
    let file: ConfigFile = toml::from_str(text).unwrap();
    assert!(file.configuration().is_ok());
}
