//! What is done with an input: each parser is asked everything it can be asked, and what it says is held against
//! what must always be true. A target panics when it is not; else it tells by a number what kind of input it was, so
//! that inputs of a new kind can be built on.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use strowger_base::net::Transport;
use strowger_base::{Instant, Now, Rng};
use strowger_sip::auth::{Challenge, Challenger, Credentials, Verdict};
use strowger_sip::framer::{Framer, Item};
use strowger_sip::header::{Contact, NameAddr, Parameters, Replaces, Via};
use strowger_sip::io::DigestAlgorithm;
use strowger_sip::kpml::report::Report;
use strowger_sip::message::{HeaderName, Message, StartLine};
use strowger_sip::uri::{Uri, decode};
use strowger_sip::{body, validate, write};

/// One target: its name, its words, and what it does.
pub type Target = (&'static str, &'static [&'static [u8]], fn(&[u8]) -> u64);

/// All of them.
pub const TARGETS: &[Target] = &[
    ("message", HEADERS, message),
    ("uri", URIS, uri),
    ("framer", HEADERS, framer),
    ("auth", FIELDS, auth),
    ("body", BOUNDARIES, body_parts),
    ("kpml", TAGS, key_report),
];

const HEADERS: &[&[u8]] = &[
    b"\r\n\r\n",
    b"\r\n ",
    b"\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1;rport\r\n",
    b"\r\nl: 10\r\n",
    b";tag=1",
    b";rport",
    b"\r\nContent-Length : 0\r\n",
    b"\r\nRoute: <sip:a;lr>\r\n",
    b"\r\nRecord-Route: <sip:a;lr>\r\n",
    b"\"\\\"\"",
    b"\r\nContact: *\r\n",
    b"\r\nReplaces: a;to-tag=1;from-tag=2\r\n",
    b"\r\nRAck: 1 2 INVITE\r\n",
    b"SIP/2.0",
    b"\r\nSession-Expires: 90;refresher=uac\r\n",
    b"\r\nEvent: a;id=1\r\n",
    b"\r\nDiversion: <sip:a@b>\r\n",
    b"INVITE",
    b";received=1.2.3.4",
    b"[2001:db8::1]",
    b"\r\nReason: Q.850;cause=16\r\n",
    b"\xc3\xa4",
    b"\r\nPrivacy: id\r\n",
];
const URIS: &[&[u8]] = &[
    b"sip:",
    b"sips:",
    b"tel:",
    b"urn:",
    b"%00",
    b"%41",
    b"[2001:db8::1]",
    b":5060",
    b";lr",
    b";transport=tcp",
    b"?a=b",
];
const FIELDS: &[&[u8]] = &[
    b"Digest ",
    b"username=\"1\"",
    b"realm=\"r\"",
    b"nonce=\"",
    b"uri=\"sip:r\"",
    b"response=\"",
    b"qop=auth",
    b"nc=00000001",
    b"cnonce=\"c\"",
    b"algorithm=SHA-256",
    b"stale=true",
    b", ",
    b"\\\"",
];
const BOUNDARIES: &[&[u8]] = &[
    b"--b",
    b"--b--",
    b"\r\n--b\r\n",
    b"\r\n\r\n",
    b"multipart/mixed;boundary=b",
    b"Content-Type: application/sdp\r\n",
];

const TAGS: &[&[u8]] = &[
    b"<kpml-response",
    b"</kpml-response>",
    b"/>",
    b">",
    b" code=\"200\"",
    b" digits='1*#A+'",
    b" text=\"OK\"",
    b"<!--",
    b"-->",
    b"<?xml ",
    b"?>",
    b"\xef\xbb\xbf",
    b"&#49;",
];

/// The number that a kind of input has.
fn kind(parts: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    parts.hash(&mut hasher);
    hasher.finish()
}

/// A message: parser, checks, all views, and the answer that it would get.
pub fn message(bytes: &[u8]) -> u64 {
    let source = "192.0.2.1:5060".parse().expect("it is an address");
    let message = match Message::parse(bytes) {
        Ok(message) => message,
        Err(error) => {
            assert!(error.offset <= bytes.len(), "{error}");
            let mut out = Vec::new();
            if write::salvaged_response(&mut out, bytes, 400, source) {
                let answer = Message::parse(&out).expect("an answer is a message");
                assert_eq!(answer.status(), Some(400));
            }
            return kind((error.expected, error.status(), out.is_empty()));
        }
    };
    lines_are_the_bytes(&message, bytes);
    look_at_everything(&message);
    let verdicts = [Transport::Udp, Transport::Tcp].map(|transport| validate::check(&message, transport));
    if verdicts[0].is_ok() {
        printing_and_parsing_gives_the_same(&message);
        if message.status().is_none() {
            let mut out = Vec::new();
            write::status_line(&mut out, 200);
            write::response_head(&mut out, &message, Some(1), source);
            write::finish(&mut out, None, &[]);
            let answer = Message::parse(&out).expect("an answer is a message");
            assert_eq!(validate::check(&answer, Transport::Udp), Ok(()), "{}", String::from_utf8_lossy(&out));
            assert_eq!(answer.cseq(), message.cseq());
            assert_eq!(answer.from_tag(), message.from_tag());
            assert_eq!(answer.top_branch(), message.top_branch());
            assert_eq!(answer.vias().count(), message.vias().count());
        }
    }
    let names: Vec<HeaderName> = message.headers().map(|line| line.name).collect();
    kind((message.method_kind(), message.status(), names, verdicts.map(|v| v.err().map(|v| v.problem))))
}

/// Start line, header lines, empty line and body are all there is, without gaps and in order.
fn lines_are_the_bytes(message: &Message<'_>, bytes: &[u8]) {
    let begin = bytes.as_ptr().addr();
    let mut at = None;
    for line in message.headers() {
        let start = line.line.as_ptr().addr() - begin;
        assert!(at.is_none_or(|at| at == start), "a gap before {start}");
        assert!(line.line.starts_with(line.raw_name) && line.line.ends_with(b"\n"));
        let value = line.value.as_ptr().addr() - begin;
        assert!(value > start && value + line.value.len() <= start + line.line.len());
        at = Some(start + line.line.len());
    }
    let body = message.body().as_ptr().addr() - begin;
    assert!(at.is_none_or(|at| (at + 1..=at + 2).contains(&body) || message.body().is_empty()));
    assert!(message.missing_bytes() == 0 || body + message.body().len() == bytes.len());
}

fn printing_and_parsing_gives_the_same(message: &Message<'_>) {
    let unfolded = |value: &[u8]| {
        let mut out = Vec::new();
        write::header(&mut out, b"x", value);
        out
    };
    let mut out = Vec::new();
    match message.start() {
        StartLine::Request { method, uri } => write::request_line(&mut out, method.as_str(), uri.as_bytes()),
        StartLine::Response { status, .. } => write::status_line(&mut out, status),
    }
    let lines = || message.headers().filter(|line| line.name != HeaderName::ContentLength);
    for line in lines() {
        write::header(&mut out, line.raw_name, line.value);
    }
    write::finish(&mut out, None, message.body());
    if out.len() > 65_535 {
        return;
    }
    let again = Message::parse(&out).expect("what was printed is a message");
    assert_eq!(validate::check(&again, Transport::Tcp), Ok(()), "{}", String::from_utf8_lossy(&out));
    assert_eq!((again.status(), again.method_text()), (message.status(), message.method_text()));
    assert_eq!((again.request_uri(), again.body()), (message.request_uri(), message.body()));
    assert_eq!(again.headers().count(), lines().count() + 1);
    for (one, other) in lines().zip(again.headers()) {
        assert_eq!((one.name, one.raw_name), (other.name, other.raw_name));
        assert_eq!(unfolded(one.value), unfolded(other.value));
    }
    assert_eq!((again.from_tag(), again.to_tag()), (message.from_tag(), message.to_tag()));
}

/// Every view is called; most only must not panic.
fn look_at_everything(message: &Message<'_>) {
    let parties = (message.from_party(), message.asserted_party(), message.diversion_list());
    let users = (message.request_user(), message.from_user(), message.to_user(), message.refer_to_user());
    let replaces = (message.replaces_header(), message.refer_to_replaces());
    let numbers = (
        message.rseq_number(),
        message.rack_numbers(),
        message.max_forwards_value(),
        message.min_se_seconds(),
    );
    let more = (message.session_expires(), message.expires_seconds(), message.retry_after_seconds());
    let flags = (
        message.asks_privacy(),
        message.requires("100rel"),
        message.supports("timer"),
        message.allows("BYE"),
    );
    let subscription = (message.event_package(), message.subscription_state(), message.q850_cause());
    let contacts = (message.contact_kind(), message.contacts().count(), message.contact_uri());
    let ways = (message.top_branch(), message.top_sent_by(), message.record_route_values().count());
    let port = message.top_via_port_if_at("192.0.2.1".parse().expect("it is an address"));
    let kinds =
        (message.content_type_is("application/sdp"), message.user_agent(), message.cseq_number(), port);
    std::hint::black_box((parties, users, replaces, numbers, more, flags, subscription));
    std::hint::black_box((contacts, ways, kinds));
    for line in message.headers() {
        assert_eq!(HeaderName::of(line.raw_name), line.name);
        elements(line.value);
    }
    if let Some(sdp) = body::session_description(message) {
        assert!(sdp.len() <= message.body().len());
    }
}

/// The grammar that headers share, on any value.
fn elements(value: &[u8]) {
    let mut covered = 0;
    for element in strowger_sip::header::elements(value) {
        covered += element.len() + 1;
        if let Some(via) = Via::parse(element) {
            assert_eq!(via.as_written(), element);
            assert!(via.sent_by().starts_with(via.host()) && !via.transport().is_empty());
        }
        if let Some(address) = NameAddr::parse(element) {
            address.display_name();
            address.tag();
            all_parameters(&address.parameters);
        }
        if let Some(contact) = Contact::parse(element) {
            assert!(contact.preference() <= 1000);
            std::hint::black_box((contact.expires(), contact.instance(), contact.reg_id()));
        }
        Replaces::parse(element).map(Replaces::into_owned);
    }
    assert!(covered <= value.len() + 1, "elements overlap");
}

fn all_parameters(parameters: &Parameters<'_>) {
    for (name, _) in parameters.iter().take(20) {
        let name = std::str::from_utf8(name).unwrap_or("x");
        assert!(name == "x" || parameters.value(name).is_some());
    }
    parameters.are_well_formed();
}

/// A URI; lines after the first are others that it is compared with.
pub fn uri(bytes: &[u8]) -> u64 {
    let mut all =
        bytes.split(|byte| *byte == b'\n').take(4).map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let first = all.next().unwrap_or_default();
    let one = match Uri::parse(first) {
        Ok(uri) => uri,
        Err(error) => return kind(error.to_string()),
    };
    assert!(one.equivalent(&one), "a URI equals itself");
    let decoded = one.user().map(decode).unwrap_or_default();
    assert!(decoded.len() <= first.len());
    let parts = (one.scheme_text(), one.password(), one.host(), one.host_text(), one.port(), one.headers());
    std::hint::black_box((parts, one.user_decoded()));
    all_parameters(&one.parameters());
    one.parameter("lr");
    let mut equal = 0;
    for other in all.filter_map(|text| Uri::parse(text).ok()) {
        let same = one.equivalent(&other);
        assert_eq!(same, other.equivalent(&one), "equality has no direction");
        equal += u64::from(same);
    }
    let shape = (one.scheme() as u8, one.user().is_some(), one.password().is_some(), one.port().is_some());
    kind((shape, one.parameters().iter().count(), one.headers().is_empty(), equal))
}

/// A stream: the first byte says how it is cut; the same must come out as when it is not cut.
pub fn framer(bytes: &[u8]) -> u64 {
    let Some((cut, stream)) = bytes.split_first() else { return 0 };
    let items = |chunk: usize| {
        let mut framer = Framer::new();
        let mut seen = vec![];
        for piece in stream.chunks(chunk) {
            framer.feed(piece);
            while let Some(item) = framer.next() {
                seen.push(match item {
                    Item::Message(bytes) => {
                        assert!(bytes.len() <= 65_535 && !bytes.is_empty());
                        (0, bytes.to_vec())
                    }
                    Item::Ping => (1, vec![]),
                    // How much of the head is there depends on the cut.
                    Item::Broken { status, .. } => (status, vec![]),
                });
            }
            framer.compact();
        }
        (seen, framer.waiting_bytes())
    };
    let (whole, waiting) = items(stream.len().max(1));
    let (pieces, waiting_of_pieces) = items(usize::from(*cut).max(1));
    // A lone CR LF is a ping's first half until more comes; both ways agree on all that is complete.
    assert_eq!(
        whole.iter().filter(|item| item.0 != 1).collect::<Vec<_>>(),
        pieces.iter().filter(|item| item.0 != 1).collect::<Vec<_>>()
    );
    assert!(waiting.abs_diff(waiting_of_pieces) <= 4, "{waiting} {waiting_of_pieces}");
    kind((whole.iter().map(|item| item.0).collect::<Vec<_>>(), waiting == 0))
}

/// Credentials and challenges; nothing of it may ever be accepted, since nobody knows the key of the nonces.
pub fn auth(bytes: &[u8]) -> u64 {
    let challenge = Challenge::parse(bytes);
    if let Some(challenge) = challenge {
        let answer = challenge.answer("1001", "secret", "REGISTER", "sip:r", 1, "c");
        assert!(Credentials::parse(answer.as_bytes()).is_some() || answer.contains('\\'), "{answer}");
    }
    let Some(credentials) = Credentials::parse(bytes) else { return kind(challenge.is_some()) };
    let mut challenger = Challenger::new(&mut Rng::new(1));
    let now = Now { mono: Instant::from_nanos(5_000_000_000), ..Now::default() };
    let mut out = Vec::new();
    challenger.challenge(now, "r", &[DigestAlgorithm::Md5, DigestAlgorithm::Sha256], false, false, &mut out);
    let lifetime = Duration::from_secs(300);
    let verdict = challenger.verify(now, "REGISTER", &credentials, &[0; 16], &[0; 32], lifetime, true);
    assert_ne!(verdict, Verdict::Accepted, "{credentials:?}");
    kind((verdict as u8, challenge.is_some(), credentials.username().is_empty()))
}

/// A multipart body; the first line is its Content-Type.
pub fn body_parts(bytes: &[u8]) -> u64 {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (content_type, body) = bytes.split_at(end);
    let parts: Vec<_> = body::parts(content_type, body).collect();
    let mut least = body.as_ptr().addr();
    for part in &parts {
        let start = part.body.as_ptr().addr();
        assert!(part.body.is_empty() || start >= least, "parts overlap");
        least = start + part.body.len();
    }
    assert!(parts.len() <= 16 && least <= body.as_ptr().addr() + body.len());
    kind(parts.iter().map(|part| (part.content_type.len(), part.body.len().min(3))).collect::<Vec<_>>())
}

/// The report of a phone that tells keys: what is read of it, written again, reads the same.
pub fn key_report(bytes: &[u8]) -> u64 {
    let Some(report) = Report::parse(bytes) else { return kind(bytes.is_empty()) };
    assert!(report.code <= 999 && report.digits.len() <= 64 && bytes.len() <= 4096);
    assert!(report.digits.bytes().all(|key| b"0123456789*#ABCD+".contains(&key)));
    let Report { code, digits } = report;
    let again = format!("<kpml-response code=\"{code:03}\" digits=\"{digits}\"/>");
    assert_eq!(Report::parse(again.as_bytes()), Some(report));
    kind((code, digits.len().min(3), bytes.contains(&b'?'), bytes.contains(&b'!')))
}
