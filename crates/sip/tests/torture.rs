//! The messages of RFC 4475 against parser and checks as one unit, with the fields that each section speaks of.

use std::borrow::Cow;
use std::collections::BTreeMap;

use strowger_base::net::Transport;
use strowger_sip::framer::{Framer, Item};
use strowger_sip::header::{NameAddr, elements, text};
use strowger_sip::message::{Contacts, HeaderName, Message, MethodKind, StartLine};
use strowger_sip::uri::{Scheme, Uri};
use strowger_sip::{body, validate, write};

fn bytes_of(name: &str) -> Vec<u8> {
    let path = format!("{}/testdata/rfc4475/{name}", env!("CARGO_MANIFEST_DIR"));
    #[expect(clippy::disallowed_methods, reason = "a test reads its own data")]
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Name, size, and what is expected, of each message of the index.
fn index() -> Vec<(String, usize, String)> {
    let index = String::from_utf8(bytes_of("index.txt")).expect("the index is text");
    let entry = |line: &str| {
        let mut parts = line.splitn(4, ' ');
        let name = parts.next()?.to_owned();
        let size = parts.nth(1)?.parse().ok()?;
        Some((name, size, parts.next()?.to_owned()))
    };
    let lines = index.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| entry(line).unwrap_or_else(|| panic!("not an entry: {line}"))).collect()
}

/// `accept`, the status of the refusal, or `drop`.
fn outcome(bytes: &[u8], transport: Transport) -> String {
    match Message::parse(bytes) {
        Err(error) => error.status().map_or_else(|| "drop".into(), |status| status.to_string()),
        Ok(message) => match validate::check(&message, transport) {
            Ok(()) => "accept".into(),
            Err(_) if message.status().is_some() => "drop".into(),
            Err(refusal) => refusal.status.to_string(),
        },
    }
}

#[test]
fn the_index_names_every_message_with_its_size() {
    let index = index();
    assert_eq!(index.len(), 51, "49 messages and two more");
    for (name, size, _) in index {
        assert_eq!(bytes_of(&format!("{name}.dat")).len(), size, "{name}: line ends were changed");
    }
}

#[test]
fn every_message_is_taken_or_refused_as_its_section_says() {
    let mut classes = BTreeMap::<String, u32>::new();
    for (name, _, expected) in index() {
        // The last word is what is done here; the word before it is what the section leaves open.
        let done = expected.rsplit(' ').next().unwrap_or_default();
        let got = outcome(&bytes_of(&format!("{name}.dat")), Transport::Udp);
        assert_eq!(got, done, "{name}");
        *classes.entry(expected.split(' ').next().unwrap_or_default().to_owned()).or_default() += 1;
    }
    let classes: Vec<_> = classes.into_iter().collect();
    assert_eq!(classes, [("accept".into(), 26), ("either".into(), 12), ("reject".into(), 13)]);
}

/// Each thing that comes out of a stream: a message's outcome, or what else was found.
fn from_stream(bytes: &[u8], chunk: usize) -> Vec<String> {
    let mut framer = Framer::new();
    let mut seen = vec![];
    for piece in bytes.chunks(chunk) {
        framer.feed(piece);
        while let Some(item) = framer.next() {
            seen.push(match item {
                Item::Message(message) => outcome(message, Transport::Tcp),
                Item::Ping => "ping".into(),
                Item::Broken { status, .. } => format!("close {status}"),
            });
        }
        framer.compact();
    }
    if framer.waiting_bytes() > 0 {
        seen.push("waits".into());
    }
    seen
}

#[test]
fn on_a_stream_lengths_decide_and_the_rest_is_as_in_a_datagram() {
    for (name, _, expected) in index() {
        let bytes = bytes_of(&format!("{name}.dat"));
        let expected: Vec<&str> = match name.as_str() {
            // The body is shorter than Content-Length: the rest may still come.
            "clerr" | "baddn" => vec!["waits"],
            "ncl" | "mcl01" => vec!["close 400"],
            // What follows the second message's body is one byte of it too many, and no message.
            "dblreq" => vec!["accept", "accept", "drop"],
            // Without Content-Length there is no body, and what follows begins no message.
            "inv2543" => vec!["accept", "waits"],
            _ => vec![expected.rsplit(' ').next().unwrap_or_default()],
        };
        for chunk in [1, 7, 64, 100_000] {
            let mut got = from_stream(&bytes, chunk);
            if name == "test" {
                // It is not SIP at all; that nothing is taken is enough.
                got.retain(|item| item == "accept");
                assert!(got.is_empty(), "{name}: {got:?}");
                continue;
            }
            assert_eq!(got, expected, "{name} in pieces of {chunk}");
        }
    }
}

fn with(name: &str, look: impl FnOnce(&Message<'_>)) {
    let bytes = bytes_of(&format!("{name}.dat"));
    let message = Message::parse(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
    look(&message);
}

fn method<'b>(message: &Message<'b>) -> &'b str {
    match message.start() {
        StartLine::Request { method, .. } => method.as_str(),
        StartLine::Response { .. } => panic!("a response"),
    }
}

fn vias(message: &Message<'_>) -> Vec<String> {
    message
        .vias()
        .map(|via| {
            let branch = via.branch().map(text).unwrap_or("-");
            format!("{} {} {branch}", via.transport(), text(via.sent_by()))
        })
        .collect()
}

fn others<'b>(message: &Message<'b>, name: &str) -> Vec<&'b [u8]> {
    let named =
        |line: &strowger_sip::message::Header<'_>| line.raw_name.eq_ignore_ascii_case(name.as_bytes());
    message.headers().filter(named).map(|line| line.value).collect()
}

fn uri<'b>(address: Option<NameAddr<'b>>) -> Uri<'b> {
    Uri::parse(address.expect("an address").uri).expect("a URI")
}

#[test]
fn wsinv_is_read_through_all_its_white_space() {
    with("wsinv", |message| {
        assert_eq!(method(message), "INVITE");
        let request_uri = message.parsed_request_uri().unwrap();
        assert_eq!(request_uri.host_text(), "chair-dnrc.example.com");
        assert_eq!(request_uri.parameter("unknownparam"), Some(Cow::Borrowed(&b""[..])));
        assert_eq!(text(message.to().unwrap().uri), "sip:vivekg@chair-dnrc.example.com");
        assert_eq!(message.to_tag(), "1918181833n");
        assert_eq!(message.from().unwrap().display_name(), "J Rosenberg \\\"");
        assert_eq!(text(message.from().unwrap().uri), "sip:jdrosen@example.com");
        assert_eq!(message.from_tag(), "98asjd8");
        assert_eq!(message.max_forwards_value(), Some(68));
        assert_eq!(message.cseq(), Some((9, "INVITE")));
        assert_eq!(
            vias(message),
            [
                "UDP 192.0.2.2 390skdjuw",
                "TCP spindle.example.com z9hG4bK9ikj8",
                "UDP 192.168.255.111 z9hG4bK30239"
            ]
        );
        assert_eq!(message.first(HeaderName::Subject), Some(&b""[..]));
        let route = message.values(HeaderName::Route).next().and_then(NameAddr::parse);
        let route = uri(route);
        assert_eq!(route.host_text(), "services.example.com");
        let parameters: Vec<_> = route.parameters().iter().collect();
        assert_eq!(
            parameters,
            [(&b"lr"[..], None), (b"unknownwith", Some(&b"value"[..])), (b"unknown-no-value", None)]
        );
        assert_eq!(message.contact_kind(), Contacts::List(1));
        let contact = message.contacts().next().unwrap();
        assert_eq!(contact.address.display_name(), "Quoted string \"\"");
        assert_eq!(contact.preference(), 330);
        let parameters: Vec<_> = contact.address.parameters.iter().collect();
        assert_eq!(
            parameters,
            [(&b"newparam"[..], Some(&b"newvalue"[..])), (b"secondparam", None), (b"q", Some(b"0.33"))]
        );
        let mut unfolded = Vec::new();
        write::header(&mut unfolded, b"x", others(message, "NewFangledHeader")[0]);
        assert_eq!(text(&unfolded), "x: newfangled value continued newfangled value\r\n");
        assert_eq!(others(message, "UnknownHeaderWithUnusualValue"), [b";;,,;;,;"]);
        assert_eq!((message.body().len(), message.missing_bytes()), (150, 0));
        assert_eq!(body::session_description(message), Some(message.body()));
    });
}

#[test]
fn intmeth_keeps_every_unusual_character() {
    with("intmeth", |message| {
        assert_eq!(method(message), "!interesting-Method0123456789_*+`.%indeed'~");
        assert_eq!((method(message).len(), message.method_kind()), (43, Some(MethodKind::Other)));
        assert_eq!(message.cseq(), Some((139_122_385, method(message))));
        assert_eq!(message.to().unwrap().display_name(), "BEL:\x07 NUL:\0 DEL:\x7f");
        assert_eq!(message.from().unwrap().display_name(), "token1~` token2'+_ token3*%!.-");
        assert_eq!(message.from_tag(), "_token~1'+`*%!-.");
        let parameters = message.from().unwrap().parameters;
        assert_eq!(text(parameters.value("fromParam''~+*_!.-%").unwrap()), "\"работающий\"");
        assert_eq!(message.max_forwards_value(), Some(255));
        assert_eq!(message.call_id_value(), "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{");
        assert_eq!(others(message, "extensionHeader-!.%*+_`'~"), ["\u{feff}大停電".as_bytes()]);
        let user =
            "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)";
        let (user, password) = user.split_once(':').unwrap();
        let uri = message.parsed_request_uri().unwrap();
        assert_eq!((uri.user(), uri.password()), (Some(user.as_bytes()), Some(password.as_bytes())));
        assert_eq!(uri.host_text(), "example.com");
    });
}

#[test]
fn escapes_are_taken_out_once_and_only_where_they_are_escapes() {
    with("esc01", |message| {
        assert_eq!(message.request_user(), "sips:user@example.com");
        assert_eq!(message.parsed_request_uri().unwrap().host_text(), "example.net");
        assert_eq!((message.to_user(), message.from_user()), ("user".into(), "I have spaces".into()));
        let contact = message.contacts().next().unwrap().uri;
        assert_eq!(contact.user_decoded(), "caller");
        assert_eq!(contact.parameter("lr"), Some(Cow::Borrowed(&b""[..])));
        assert_eq!(contact.parameter("name").as_deref(), Some(&b"value%41"[..]));
    });
    with("escnull", |message| {
        assert_eq!((message.to_user(), message.from_user()), ("null-\0-null".into(), "null-\0-null".into()));
        let contacts: Vec<_> = message.contacts().map(|contact| contact.uri).collect();
        let users: Vec<_> = contacts.iter().map(Uri::user_decoded).collect();
        assert_eq!(users, ["\0", "\0\0"]);
        assert!(!contacts[0].equivalent(&contacts[1]), "they are two bindings");
    });
    with("esc02", |message| {
        assert_eq!((method(message), message.method_kind()), ("RE%47IST%45R", Some(MethodKind::Other)));
        assert_eq!(message.to().unwrap().display_name(), "%Z%45");
        assert_eq!(message.from().unwrap().display_name(), "%Z%45");
        let contacts: Vec<_> = message.contacts().map(|contact| contact.uri.user_decoded()).collect();
        assert_eq!(contacts, ["alias1", "alias3"]);
        assert_eq!(others(message, "C%6Fntact"), [b"<sip:alias2@host2.example.com>"]);
    });
}

#[test]
fn longreq_is_kept_whole() {
    with("longreq", |message| {
        let vias: Vec<_> = message.vias().collect();
        assert_eq!(vias.len(), 34);
        for (place, via) in vias.iter().take(33).enumerate() {
            assert_eq!(text(via.sent_by()), format!("sip{}.example.com", 33 - place));
            assert_eq!(via.branch(), None);
        }
        let branch = text(vias[33].branch().unwrap());
        assert!(branch.starts_with("verylonglong") && branch.len() > 200, "{branch}");
        assert_eq!(message.from_tag(), format!("12{}424", "982".repeat(50)));
        let unknown = message.headers().find(|line| line.raw_name.starts_with(b"Unknown-Long")).unwrap();
        assert_eq!((unknown.name, unknown.raw_name.len()), (HeaderName::Other, 93));
        let values: Vec<_> = elements(unknown.value).collect();
        assert_eq!(values.len(), 1);
        assert!(text(unknown.value).starts_with("unknown-longlong") && unknown.value.len() > 300);
        assert_eq!(
            message.from_user(),
            format!("{}callername", "amazinglylongcallername".repeat(4) + "amazinglylong")
        );
    });
}

#[test]
fn lists_bodies_and_ways_back_are_what_they_say() {
    with("lwsdisp", |message| {
        assert_eq!(message.from().unwrap().display_name(), "caller");
        assert_eq!(text(message.from().unwrap().uri), "sip:caller@example.com");
    });
    with("dblreq", |message| {
        assert_eq!((message.method_kind(), message.body()), (Some(MethodKind::Register), &b""[..]));
    });
    with("semiuri", |message| {
        let uri = message.parsed_request_uri().unwrap();
        assert_eq!((&*uri.user_decoded(), uri.host_text()), ("user;par=u@example.net", "example.com"));
        assert_eq!(uri.parameters().iter().count(), 0);
        let ranges: Vec<_> = message.values(HeaderName::Accept).map(text).collect();
        assert_eq!(
            ranges,
            [
                "application/sdp",
                "application/pkcs7-mime",
                "multipart/mixed",
                "multipart/signed",
                "message/sip",
                "message/sipfrag"
            ]
        );
    });
    with("transports", |message| {
        let transports: Vec<_> = message.vias().map(|via| via.transport()).collect();
        assert_eq!(transports, ["UDP", "SCTP", "TLS", "UNKNOWN", "TCP"]);
    });
    with("mpart01", |message| {
        assert_eq!(message.body().len(), 553);
        assert!(std::str::from_utf8(message.body()).is_err());
        let content_type = message.first(HeaderName::ContentType).unwrap();
        let parts: Vec<_> = body::parts(content_type, message.body()).collect();
        assert_eq!(parts.len(), 2);
        assert_eq!((parts[0].content_type, parts[0].body), (&b"text/plain"[..], &b"Hello"[..]));
        assert_eq!(parts[1].content_type, b"application/octet-stream");
        assert!(parts[1].body.starts_with(&[0x30, 0x82]));
    });
    with("unreason", |message| {
        let StartLine::Response { status, reason } = message.start() else { panic!("a request") };
        assert_eq!(status, 200);
        assert!(text(reason).starts_with("= 2**3 * 5**2 но сто девяносто девять"), "{}", text(reason));
    });
    with("noreason", |message| {
        assert_eq!(message.start(), StartLine::Response { status: 100, reason: b"" });
    });
}

#[test]
fn what_only_the_application_can_judge_is_there_to_be_judged() {
    with("unkscm", |message| {
        let uri = message.parsed_request_uri().unwrap();
        assert_eq!((uri.scheme(), uri.scheme_text()), (Scheme::Other, "nobodyKnowsThisScheme"));
    });
    with("novelsc", |message| {
        assert_eq!(message.parsed_request_uri().unwrap().scheme_text(), "soap.beep");
        assert_eq!(message.request_uri(), "soap.beep://192.0.2.103:3002");
    });
    with("unksm2", |message| {
        assert_eq!((uri(message.to()).scheme_text(), uri(message.from()).scheme_text()), ("isbn", "http"));
        assert_eq!(message.contacts().next().unwrap().uri.scheme_text(), "name");
        assert!(message.to_uri_scheme_is_not_sip());
    });
    with("bext01", |message| {
        let required: Vec<_> = message.required_options().collect();
        assert_eq!(required, ["nothingSupportsThis", "nothingSupportsThisEither"]);
        let proxies: Vec<_> = message.values(HeaderName::ProxyRequire).map(text).collect();
        assert_eq!(proxies, ["noProxiesSupportThis", "norDoAnyProxiesSupportThis"]);
    });
    with("invut", |message| {
        assert!(message.content_type_is("application/unknownformat"));
        assert_eq!((message.body().len(), body::session_description(message)), (40, None));
    });
    with("regaut01", |message| {
        let value = message.first(HeaderName::Authorization).unwrap();
        assert_eq!(text(value), "NoOneKnowsThisScheme opaque-data=here");
        assert!(strowger_sip::auth::credentials_for(message, "example.com").is_none());
    });
    with("bcast", |message| {
        assert_eq!(vias(message), ["UDP 192.0.2.198 z9hG4bK1324923", "UDP 255.255.255.255 z9hG4bK1saber23"]);
    });
    with("zeromf", |message| assert_eq!(message.max_forwards_value(), Some(0)));
    with("sdp01", |message| {
        let ranges: Vec<_> = message.values(HeaderName::Accept).map(text).collect();
        assert_eq!(ranges, ["text/nobodyKnowsThis"]);
    });
}

#[test]
fn contacts_keep_what_belongs_to_the_uri_apart_from_what_belongs_to_the_header() {
    with("cparam01", |message| {
        let contact = message.contacts().next().unwrap();
        assert_eq!(text(contact.address.uri), "sip:+19725552222@gw1.example.net");
        assert_eq!(contact.address.parameters.value("unknownparam"), Some(&b""[..]));
        assert_eq!(contact.uri.parameter("unknownparam"), None);
    });
    with("cparam02", |message| {
        let contact = message.contacts().next().unwrap();
        assert_eq!(contact.address.parameters.value("unknownparam"), None);
        assert_eq!(contact.uri.parameter("unknownparam"), Some(Cow::Borrowed(&b""[..])));
    });
    with("regescrt", |message| {
        let headers = message.contacts().next().unwrap().uri.headers();
        assert_eq!(strowger_sip::uri::decode(headers), b"Route=<sip:sip.example.com>");
        assert_eq!(message.count(HeaderName::Route), 0);
    });
}

#[test]
fn inv2543_lacks_what_rfc_2543_did_not_know() {
    with("inv2543", |message| {
        assert_eq!((message.top_branch(), message.from_tag()), (None, ""));
        assert_eq!(message.first(HeaderName::ContentLength), None);
        assert_eq!(message.max_forwards_value(), None);
        assert_eq!(message.body().len(), 105);
        assert_eq!(uri(message.from()).parameter("user").as_deref(), Some(&b"phone"[..]));
        // Without brackets the parameter is the header's (RFC 3261 §20).
        assert_eq!(uri(message.to()).parameter("user"), None);
        assert_eq!(message.to().unwrap().parameters.value("user"), Some(&b"phone"[..]));
    });
}
