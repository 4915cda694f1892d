//! A node, its disk, and phones that speak SIP as text, in virtual time.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "shared by tests; each file uses its part"
)]

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use strowger_base::journal::{CallRecord, Entry, Record};
use strowger_base::leg::Service;
use strowger_base::net::{ListenerId, StreamId, Transport};
use strowger_base::{Instant, NodeId, Now, Secret, ShardId, WallTime};
use strowger_media::control;
use strowger_node::configuration::{Line, LineSecret, PlanDraft, RouteDraft, ServiceNumber};
use strowger_node::io::{Answer, Leftovers, PersistRecord, QueryId, Question, StoreRecord, Ticket};
use strowger_node::{Draft, Input, Node, Outbox, Output, Parameters};
use strowger_sip::auth::Challenge;
use strowger_sip::io::{Listener, Trunk};

pub const SDP: &str =
    "v=0\r\no=phone 7 7 IN IP4 ADDRESS\r\ns=-\r\nc=IN IP4 ADDRESS\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8 0\r\n";

pub struct World {
    pub node: Node,
    pub now: Now,
    pub sent: VecDeque<(SocketAddr, String)>,
    /// What went out on connections, and those that were closed.
    pub streams: Vec<(StreamId, Vec<u8>)>,
    pub closed: Vec<StreamId>,
    pub journal: Vec<Vec<u8>>,
    pub media: Vec<control::Command>,
    pub stored: Vec<StoreRecord>,
    pub answers: Vec<Answer>,
    /// Phones that nobody has configured and that wait, by their names.
    pub strangers: Vec<Box<str>>,
    pub drained: bool,
    pub disk_full: bool,
    /// Where packets arrive.
    pub at: ListenerId,
}

pub fn draft() -> Draft {
    let line = |number: &str, name: &str| {
        let mut line = Line::new(number, name, LineSecret::Password(Secret::new(password(number).into())));
        line.contacts_max = 4;
        line
    };
    let destination: SocketAddr = "192.0.2.99:5060".parse().unwrap();
    Draft {
        domain: "strowger.test".into(),
        listeners: vec![Listener {
            transport: Transport::Udp,
            bound: "0.0.0.0:5060".parse().unwrap(),
            advertised: "192.0.2.1:5060".parse().unwrap(),
            is_open: true,
        }],
        lines: vec![line("1001", "Alice"), line("1002", "Bob"), line("1003", "Carol")],
        services: vec![ServiceNumber { number: "9999".into(), partition: "".into(), service: Service::Echo }],
        trunks: vec![Trunk {
            name: "carrier".into(),
            destination,
            transport: Transport::Udp,
            sources: vec![(destination.ip(), None)],
        }],
        plan: PlanDraft { routes: vec![RouteDraft::new("0!", "carrier")], ..PlanDraft::default() },
        ..Draft::default()
    }
}

pub fn password(number: &str) -> String {
    format!("secret-{number}")
}

pub fn parameters(draft: &Draft) -> Parameters {
    let configuration = draft.build().unwrap_or_else(|errors| panic!("{errors:?}"));
    Parameters {
        node: NodeId(1),
        shard: ShardId(0),
        seed: [1, 2, 3, 4],
        key_seed: Secret::new([7; 32]),
        last_number: 0,
        fingerprints: (1, 2),
        configuration: Arc::new(configuration),
    }
}

impl World {
    pub fn new(draft: &Draft) -> Self {
        World::with(parameters(draft))
    }

    pub fn with(parameters: Parameters) -> Self {
        World {
            node: Node::new(parameters),
            now: Now { mono: Instant::START, wall: WallTime::from_micros(1_790_000_000_000_000) },
            sent: VecDeque::new(),
            streams: Vec::new(),
            closed: Vec::new(),
            journal: Vec::new(),
            media: Vec::new(),
            stored: Vec::new(),
            answers: Vec::new(),
            strangers: Vec::new(),
            drained: false,
            disk_full: false,
            at: ListenerId(0),
        }
    }

    pub fn input(&mut self, input: Input<'_>) {
        let mut out = Outbox::default();
        self.node.handle(self.now, input, &mut out);
        let mut promises = Vec::new();
        for item in out.items {
            match item {
                Output::Datagram { destination, bytes, .. } => {
                    let text = String::from_utf8(out.arena.slice(bytes).to_vec()).unwrap();
                    self.sent.push_back((destination, text));
                }
                Output::Journal(span) => self.journal.push(out.arena.slice(span).to_vec()),
                Output::Persist { ticket, record: PersistRecord::Call { record, .. } } => {
                    promises.push((ticket, out.arena.slice(record).to_vec()));
                }
                Output::Media(command) => self.media.push(command),
                Output::Store(record) => self.stored.push(record),
                Output::Answer { answer, .. } => self.answers.push(answer),
                Output::Stranger(stranger) => self.strangers.push(stranger.name),
                Output::Drained => self.drained = true,
                Output::StreamSend { stream, bytes } => {
                    self.streams.push((stream, out.arena.slice(bytes).to_vec()));
                }
                Output::StreamClose { stream } => self.closed.push(stream),
                Output::StreamNeeded { .. } => {}
                Output::StreamConnect { .. } => panic!("nobody is connected to"),
            }
        }
        for (ticket, record) in promises {
            self.promise(ticket, record);
        }
    }

    fn promise(&mut self, ticket: Ticket, record: Vec<u8>) {
        if self.disk_full {
            self.input(Input::PersistFailed { ticket, reason: "No space left on device".into() });
        } else {
            self.journal.push(record);
            self.input(Input::Persisted { ticket });
        }
    }

    /// The phones that are registered, by line, with the socket over which they are reached.
    pub fn registered(&mut self) -> Vec<(String, Option<ListenerId>)> {
        let Answer::Phones { phones, .. } = self.ask(Question::Phones { after: Box::default() }) else {
            panic!("no phones")
        };
        phones.iter().map(|phone| (phone.line.to_string(), phone.listener)).collect()
    }

    pub fn ask(&mut self, question: Question) -> Answer {
        self.input(Input::Ask { query: QueryId(1), question });
        self.answers.pop().unwrap()
    }

    pub fn from(&mut self, peer: SocketAddr, text: &str) {
        self.input(Input::Datagram { listener: self.at, source: peer, bytes: text.as_bytes() });
    }

    /// Lets time pass; every timer on the way fires at its moment.
    pub fn pass(&mut self, time: Duration) {
        let end = self.now.mono + time;
        while let Some(at) = self.node.next_timeout().filter(|at| *at <= end) {
            self.advance(at);
            self.input(Input::Timeout);
        }
        self.advance(end);
    }

    fn advance(&mut self, at: Instant) {
        let step = at - self.now.mono;
        self.now = Now { mono: at.max(self.now.mono), wall: self.now.wall + step };
    }

    /// The next message sent, which must be for this phone and begin like this.
    #[track_caller]
    pub fn expect(&mut self, phone: &Phone, start: &str) -> String {
        let Some((destination, text)) = self.sent.pop_front() else {
            panic!("nothing was sent, not {start}")
        };
        assert!(
            destination == phone.address && text.starts_with(start),
            "expected {start}, got for {destination}:\n{text}"
        );
        text
    }

    #[track_caller]
    pub fn silent(&self) {
        assert!(self.sent.is_empty(), "{:#?}", self.sent);
    }

    /// Registers a phone.
    #[track_caller]
    pub fn register(&mut self, phone: &mut Phone) {
        let request = phone.request("REGISTER", "", "");
        self.from(phone.address, &request);
        let challenge = self.expect(phone, "SIP/2.0 401 ");
        let authorization = phone.authorization(&challenge, "REGISTER");
        let request = phone.request("REGISTER", &authorization, "");
        self.from(phone.address, &request);
        self.expect(phone, "SIP/2.0 200 ");
    }

    /// Sends an INVITE that is refused with 503 before it becomes a call; returns the refusal.
    #[track_caller]
    pub fn refused_invite(&mut self, phone: &mut Phone, called: &str) -> String {
        let request = self.authorized_invite(phone, called);
        self.from(phone.address, &request);
        let refused = self.expect(phone, "SIP/2.0 503 ");
        self.from(phone.address, &phone.acknowledge(&refused));
        refused
    }

    /// Sends an INVITE, answers its challenge, and takes the 100. Returns the INVITE that was accepted.
    #[track_caller]
    pub fn invite(&mut self, phone: &mut Phone, called: &str) -> String {
        let request = self.authorized_invite(phone, called);
        self.from(phone.address, &request);
        self.expect(phone, "SIP/2.0 100 ");
        request
    }

    /// Sends an INVITE and returns the one that answers its challenge.
    #[track_caller]
    pub fn authorized_invite(&mut self, phone: &mut Phone, called: &str) -> String {
        phone.peer = called.to_owned();
        phone.call_id += 1;
        phone.remote_tag.clear();
        let sdp = phone.sdp();
        let request = phone.request("INVITE", "", &sdp);
        self.from(phone.address, &request);
        let challenge = self.expect(phone, "SIP/2.0 401 ");
        let acknowledgement = phone.acknowledge(&challenge);
        self.from(phone.address, &acknowledgement);
        let authorization = phone.authorization(&challenge, "INVITE");
        phone.request("INVITE", &authorization, &sdp)
    }

    /// The decoded journal.
    pub fn records(&self) -> Vec<Record<'_>> {
        self.journal.iter().map(|bytes| Record::decode(bytes).unwrap()).collect()
    }

    /// The final records.
    pub fn calls(&self) -> Vec<CallRecord<'_>> {
        self.journal
            .iter()
            .filter_map(|bytes| match Record::decode(bytes).unwrap().entry {
                Entry::Call(call) => Some(call),
                _ => None,
            })
            .collect()
    }

    /// After a while nothing may be left behind.
    #[track_caller]
    pub fn settled(&mut self) {
        self.pass(Duration::from_secs(100));
        assert_eq!(self.node.leftovers(), Leftovers::default());
    }
}

/// A phone that writes and reads SIP by hand.
pub struct Phone {
    pub number: String,
    pub address: SocketAddr,
    /// What it calls itself in digest.
    pub user: String,
    pub password: String,
    /// The number it calls or that called it.
    pub peer: String,
    pub remote_tag: String,
    /// The address in Contact, when it is not the one that packets come from.
    pub contact: Option<SocketAddr>,
    /// The same of Via.
    pub via: Option<SocketAddr>,
    cseq: u32,
    call_id: u32,
    branch: u32,
}

impl Phone {
    pub fn new(number: &str, address: &str) -> Self {
        Phone {
            number: number.to_owned(),
            address: address.parse().unwrap(),
            user: number.to_owned(),
            password: password(number),
            peer: number.to_owned(),
            remote_tag: String::new(),
            contact: None,
            via: None,
            cseq: 0,
            call_id: 0,
            branch: 0,
        }
    }

    /// Counts on from here, as another phone of the same line does with a Call-ID of its own.
    pub const fn cseq_from(&mut self, cseq: u32) {
        self.cseq = cseq;
        self.call_id = cseq;
    }

    pub fn sdp(&self) -> String {
        SDP.replace("ADDRESS", &self.address.ip().to_string())
    }

    /// A request of this phone, in its current call; ACK to a 2xx and CANCEL keep the CSeq.
    pub fn request(&mut self, method: &str, extra: &str, body: &str) -> String {
        if !matches!(method, "ACK" | "CANCEL") {
            self.cseq += 1;
        }
        if method != "CANCEL" {
            self.branch += 1;
        }
        let (uri, to) = if method == "REGISTER" {
            ("sip:strowger.test".to_owned(), self.number.clone())
        } else {
            (format!("sip:{}@strowger.test", self.peer), self.peer.clone())
        };
        let tag =
            if self.remote_tag.is_empty() { String::new() } else { format!(";tag={}", self.remote_tag) };
        let content = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        let (number, address, cseq) = (&self.number, self.address, self.cseq);
        format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {via};branch=z9hG4bK{number}x{}x{};rport\r\n\
             Max-Forwards: 70\r\nFrom: \"The boss\" <sip:{number}@strowger.test>;tag=t{number}\r\n\
             To: <sip:{to}@strowger.test>{tag}\r\nCall-ID: {number}-{}-{method_id}\r\nCSeq: {cseq} {method}\r\n\
             Contact: <sip:{number}@{contact}>\r\n{extra}{content}Content-Length: {}\r\n\r\n{body}",
            self.address.port(),
            self.branch,
            self.call_id,
            body.len(),
            contact = self.contact.unwrap_or(address),
            via = self.via.unwrap_or(address),
            method_id = if method == "REGISTER" { "registration" } else { "call" },
        )
    }

    /// The ACK of a failure, in the transaction of the INVITE.
    pub fn acknowledge(&self, response: &str) -> String {
        let (number, address) = (&self.number, self.address);
        format!(
            "ACK sip:{}@strowger.test SIP/2.0\r\nVia: SIP/2.0/UDP {address};branch=z9hG4bK{number}x{}x{};rport\r\n\
             Max-Forwards: 70\r\nFrom: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {} ACK\r\nContent-Length: 0\r\n\r\n",
            self.peer,
            self.address.port(),
            self.branch,
            header(response, "From"),
            header(response, "To"),
            header(response, "Call-ID"),
            self.cseq,
        )
    }

    pub fn authorization(&self, challenge: &str, method: &str) -> String {
        let challenge = Challenge::parse(header(challenge, "WWW-Authenticate").as_bytes()).unwrap();
        let uri = if method == "REGISTER" {
            "sip:strowger.test".to_owned()
        } else {
            format!("sip:{}@strowger.test", self.peer)
        };
        let answer = challenge.answer(&self.user, &self.password, method, &uri, 1, "c");
        format!("Authorization: {answer}\r\n")
    }

    /// A response of this phone.
    pub fn respond(&self, request: &str, status: &str, body: &str) -> String {
        let mut text = format!("SIP/2.0 {status}\r\n");
        for name in ["Via", "From", "To", "Call-ID", "CSeq"] {
            let value = header(request, name);
            let tag = if name == "To" && !value.contains(";tag=") && !status.starts_with("100") {
                format!(";tag=u{}x{}", self.number, self.address.port())
            } else {
                String::new()
            };
            text.push_str(&format!("{name}: {value}{tag}\r\n"));
        }
        text.push_str(&format!("Contact: <sip:{}@{}>\r\n", self.number, self.address));
        if !body.is_empty() {
            text.push_str("Content-Type: application/sdp\r\n");
        }
        text.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
        text
    }

    /// A request of this phone in the dialog of an INVITE that it received.
    pub fn request_back(&mut self, invite: &str, method: &str, body: &str) -> String {
        self.branch += 1;
        if method != "ACK" {
            self.cseq += 1;
        }
        let (number, address) = (&self.number, self.address);
        let target = header(invite, "Contact").trim_matches(['<', '>']);
        let content = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        format!(
            "{method} {target} SIP/2.0\r\nVia: SIP/2.0/UDP {address};branch=z9hG4bK{number}x{}y{};rport\r\n\
             Max-Forwards: 70\r\nFrom: {};tag=u{number}x{}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {} {method}\r\n\
             Contact: <sip:{number}@{address}>\r\n{content}Content-Length: {}\r\n\r\n{body}",
            self.address.port(),
            self.branch,
            header(invite, "To"),
            self.address.port(),
            header(invite, "From"),
            header(invite, "Call-ID"),
            self.cseq,
            body.len(),
        )
    }
}

/// The first value of a header, by its full name.
#[track_caller]
pub fn header<'a>(message: &'a str, name: &str) -> &'a str {
    message
        .split("\r\n")
        .find_map(|line| line.strip_prefix(name).and_then(|rest| rest.strip_prefix(": ")))
        .unwrap_or_else(|| panic!("no {name} in {message}"))
}

pub fn tag_of<'a>(message: &'a str, name: &str) -> &'a str {
    header(message, name).split(";tag=").nth(1).unwrap_or("")
}

pub fn body_of(message: &str) -> &str {
    message.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}
