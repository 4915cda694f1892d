//! Messages made up at random, printed in all the ways that the grammar allows, and read back.

use strowger_base::Rng;
use strowger_sip::header::{NameAddr, text};
use strowger_sip::message::{HeaderName, Message, StartLine};
use strowger_sip::uri::Uri;
use strowger_sip::write;

/// What a message says.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Model {
    start: Start,
    /// Transport, host, port, branch, whether rport is asked for.
    vias: Vec<(String, String, Option<u16>, String, bool)>,
    from: Address,
    to: Address,
    call_id: String,
    cseq: (u32, String),
    max_forwards: u8,
    contacts: Vec<Address>,
    routes: Vec<Address>,
    /// Headers without a type, with their values.
    others: Vec<(String, String)>,
    body: Vec<u8>,
}

#[derive(Clone, PartialEq, Debug)]
enum Start {
    Request(String, String),
    Response(u16, Vec<u8>),
}

/// Display name, user and host of the URI, header parameters (a value with a blank is quoted).
#[derive(Clone, PartialEq, Debug)]
struct Address {
    name: String,
    user: String,
    host: String,
    parameters: Vec<(String, Option<String>)>,
}

impl Model {
    pub(crate) fn new(rng: &mut Rng) -> Self {
        let method =
            pick(rng, &["INVITE", "BYE", "REGISTER", "OPTIONS", "MESSAGE", "X-New.Method"]).to_owned();
        let cseq = (rng.next_u64() as u32, method.clone());
        let start = if rng.one_in(3) {
            Start::Response(100 + rng.below(600) as u16, string(rng, "OK ä=*", 9).into_bytes())
        } else {
            Start::Request(method, format!("sip:{}@{}", token(rng), host(rng)))
        };
        let via = |rng: &mut Rng| {
            let transport = pick(rng, &["UDP", "TCP", "TLS", "WSS", "x-new"]).to_owned();
            let port = rng.one_in(2).then(|| rng.next_u64() as u16);
            (transport, host(rng), port, format!("z9hG4bK{}", token(rng)), rng.one_in(2))
        };
        Model {
            start,
            vias: some(rng, 1, 4, via),
            from: Address::new(rng, true),
            to: Address::new(rng, true),
            call_id: format!("{}@{}", token(rng), host(rng)),
            cseq,
            max_forwards: rng.next_u64() as u8,
            contacts: some(rng, 0, 3, |rng| Address::new(rng, false)),
            routes: some(rng, 0, 3, |rng| Address::new(rng, false)),
            others: some(rng, 0, 5, |rng| (format!("X-{}", token(rng)), string(rng, "aB0 ;,=\"<>:é", 30))),
            body: (0..rng.below(100)).map(|_| rng.next_u64() as u8).collect(),
        }
    }

    /// One of the many ways to write it.
    pub(crate) fn print(&self, rng: &mut Rng) -> Vec<u8> {
        let mut lines: Vec<Vec<(HeaderName, String)>> = vec![
            list(rng, HeaderName::Via, &self.vias, print_via),
            list(rng, HeaderName::Contact, &self.contacts, |rng, address| address.print(rng)),
            list(rng, HeaderName::Route, &self.routes, |rng, address| address.print(rng)),
            vec![(HeaderName::From, self.from.print(rng))],
            vec![(HeaderName::To, self.to.print(rng))],
            vec![(HeaderName::CallId, self.call_id.clone())],
            vec![(HeaderName::CSeq, format!("{:04}{}{}", self.cseq.0, space(rng, true), self.cseq.1))],
            vec![(HeaderName::MaxForwards, format!("{:03}", self.max_forwards))],
            vec![(HeaderName::ContentLength, self.body.len().to_string())],
        ];
        let mut out = Vec::new();
        match &self.start {
            Start::Request(method, uri) => write::request_line(&mut out, method, uri.as_bytes()),
            Start::Response(status, reason) => {
                out.extend_from_slice(format!("SIP/2.0 {status} ").as_bytes());
                out.extend_from_slice(reason);
                out.extend_from_slice(b"\r\n");
            }
        }
        // Any order will do, as long as lines of one name keep theirs (RFC 3261 §7.3.1).
        let mut others = self.others.iter().peekable();
        while !lines.is_empty() || others.peek().is_some() {
            let which = rng.below(lines.len() as u64 + 1) as usize;
            match lines.get_mut(which) {
                Some(group) => {
                    if group.is_empty() {
                        lines.swap_remove(which);
                    } else {
                        let (name, value) = group.remove(0);
                        let name = spelled(rng, name);
                        header(rng, &mut out, &name, &value);
                    }
                }
                None => {
                    if let Some((name, value)) = others.next() {
                        header(rng, &mut out, name, value);
                    }
                }
            }
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(&self.body);
        out
    }

    /// What a message says, as its views tell it.
    pub(crate) fn read(message: &Message<'_>) -> Self {
        let list =
            |name| message.values(name).filter_map(NameAddr::parse).map(|a| Address::read(&a)).collect();
        let via = |via: strowger_sip::header::Via<'_>| {
            let branch = text(via.branch().unwrap_or_default()).to_owned();
            (via.transport().into(), text(via.host()).into(), via.port(), branch, via.wants_port())
        };
        let mut others = vec![];
        for line in message.headers().filter(|line| line.name == HeaderName::Other) {
            let mut unfolded = Vec::new();
            write::header(&mut unfolded, b"", line.value);
            let value = text(&unfolded).strip_prefix(": ").and_then(|value| value.strip_suffix("\r\n"));
            others.push((text(line.raw_name).into(), value.unwrap_or_default().into()));
        }
        let (number, method) = message.cseq().unwrap_or_default();
        Model {
            start: match message.start() {
                StartLine::Request { method, uri } => Start::Request(method.as_str().into(), uri.into()),
                StartLine::Response { status, reason } => Start::Response(status, reason.into()),
            },
            vias: message.vias().map(via).collect(),
            from: message.from().map(|address| Address::read(&address)).expect("a From"),
            to: message.to().map(|address| Address::read(&address)).expect("a To"),
            call_id: message.call_id_value().into(),
            cseq: (number, method.into()),
            max_forwards: message.max_forwards_value().expect("Max-Forwards"),
            contacts: list(HeaderName::Contact),
            routes: list(HeaderName::Route),
            others,
            body: message.body().into(),
        }
    }
}

impl Address {
    fn new(rng: &mut Rng, with_tag: bool) -> Self {
        let value = |rng: &mut Rng| match rng.below(3) {
            0 => None,
            1 => Some(token(rng)),
            _ => Some(string(rng, "a b;c,<>=\"\\é", 12)),
        };
        let mut parameters = some(rng, 0, 3, |rng| (format!("p{}", token(rng)), value(rng)));
        if with_tag {
            parameters.push(("tag".into(), Some(token(rng))));
        }
        Address {
            name: string(rng, "Ab \"\\,;<>é", 12),
            user: string(rng, "a0 @:%é;", 8),
            host: host(rng),
            parameters,
        }
    }

    fn print(&self, rng: &mut Rng) -> String {
        let mut address = Vec::new();
        write::name_addr(&mut address, &self.name, &self.user, &self.host);
        let mut out = text(&address).to_owned();
        // A user part with a semicolon must stand in brackets, as must anything with a name.
        if self.name.is_empty() && !self.user.contains(';') && rng.one_in(2) {
            out = out.trim_matches(['<', '>']).to_owned();
        }
        for (name, value) in &self.parameters {
            out.push_str(&format!("{};{}{}", space(rng, false), space(rng, false), cased(rng, name)));
            if let Some(value) = value {
                out.push_str(&format!("{}={}", space(rng, false), space(rng, false)));
                let plain = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_alphanumeric());
                if plain {
                    out.push_str(value);
                } else {
                    out.push_str(&format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")));
                }
            }
        }
        out
    }

    fn read(address: &NameAddr<'_>) -> Self {
        let uri = Uri::parse(address.uri).expect("a URI");
        let value = |value: &[u8]| match value {
            [b'"', .., b'"'] => {
                let quoted = NameAddr { display: value, uri: b"", parameters: address.parameters };
                quoted.display_name().into_owned()
            }
            plain => text(plain).to_owned(),
        };
        Address {
            name: address.display_name().into_owned(),
            user: uri.user_decoded().into_owned(),
            host: uri.host_text().into(),
            parameters: address
                .parameters
                .iter()
                .map(|(name, v)| (text(name).to_ascii_lowercase(), v.map(value)))
                .collect(),
        }
    }
}

fn print_via(rng: &mut Rng, via: &(String, String, Option<u16>, String, bool)) -> String {
    let (transport, host, port, branch, rport) = via;
    let mut gap = |must| space(rng, must);
    let mut out = format!(
        "SIP{}/{}2.0{}/{}{transport}{}{host}",
        gap(false),
        gap(false),
        gap(false),
        gap(false),
        gap(true)
    );
    if let Some(port) = port {
        out.push_str(&format!("{}:{}{port}", gap(false), gap(false)));
    }
    let branch = format!("{};{}branch{}={}{branch}", gap(false), gap(false), gap(false), gap(false));
    let rport = if *rport { format!("{};rport", gap(false)) } else { String::new() };
    out.push_str(&if rng.one_in(2) { format!("{branch}{rport}") } else { format!("{rport}{branch}") });
    out
}

/// The elements of a list, in one line or in several.
fn list<T>(
    rng: &mut Rng,
    name: HeaderName,
    elements: &[T],
    print: impl Fn(&mut Rng, &T) -> String,
) -> Vec<(HeaderName, String)> {
    let mut lines: Vec<(HeaderName, String)> = vec![];
    for element in elements {
        let text = print(rng, element);
        match lines.last_mut() {
            Some((_, line)) if rng.one_in(2) => {
                line.push_str(&format!("{},{}{text}", space(rng, false), space(rng, false)));
            }
            Some(_) | None => lines.push((name, text)),
        }
    }
    lines
}

fn header(rng: &mut Rng, out: &mut Vec<u8>, name: &str, value: &str) {
    let after = if rng.one_in(4) { space(rng, false) } else { " ".into() };
    let before = pick(rng, &["", "", "", " ", "\t"]);
    let trailing = pick(rng, &["", "", "", " "]);
    out.extend_from_slice(format!("{name}{before}:{after}{value}{trailing}\r\n").as_bytes());
}

/// The name or its compact form, in any case.
fn spelled(rng: &mut Rng, name: HeaderName) -> String {
    let compact = match name {
        HeaderName::Via => "v",
        HeaderName::From => "f",
        HeaderName::To => "t",
        HeaderName::CallId => "i",
        HeaderName::Contact => "m",
        HeaderName::ContentLength => "l",
        _ => name.as_str(),
    };
    let name = if rng.one_in(2) { compact } else { name.as_str() };
    cased(rng, name)
}

fn cased(rng: &mut Rng, text: &str) -> String {
    match rng.below(3) {
        0 => text.to_ascii_uppercase(),
        1 => text.to_ascii_lowercase(),
        _ => text.to_owned(),
    }
}

/// White space, perhaps with a fold (RFC 3261 §25.1, LWS and SWS).
fn space(rng: &mut Rng, must: bool) -> String {
    if !must && !rng.one_in(4) {
        return String::new();
    }
    pick(rng, &[" ", "  ", "\t", "\r\n ", " \r\n\t "]).to_owned()
}

fn some<T>(rng: &mut Rng, least: u64, most: u64, mut one: impl FnMut(&mut Rng) -> T) -> Vec<T> {
    let count = least + rng.below(most - least + 1);
    (0..count).map(|_| one(rng)).collect()
}

fn pick<'t>(rng: &mut Rng, all: &[&'t str]) -> &'t str {
    all[rng.below(all.len() as u64) as usize]
}

/// Up to so many of these characters, without white space at the ends.
fn string(rng: &mut Rng, characters: &str, most: u64) -> String {
    let characters: Vec<char> = characters.chars().collect();
    let count = rng.below(most + 1);
    let text: String = (0..count).map(|_| characters[rng.below(characters.len() as u64) as usize]).collect();
    text.trim().to_owned()
}

fn token(rng: &mut Rng) -> String {
    let mut token = string(rng, "abcxyz0189", 12);
    token.push('t');
    token
}

fn host(rng: &mut Rng) -> String {
    match rng.below(3) {
        0 => format!("192.0.2.{}", rng.below(256)),
        1 => format!("[2001:db8::{:x}]", rng.below(65_536)),
        _ => format!("{}.example.com", token(rng)),
    }
}
