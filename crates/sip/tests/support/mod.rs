//! A driver for the SIP side: messages in and out as text, signals and commands, virtual time.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "shared by tests; each file uses its part"
)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use strowger_base::leg::{Party, Ring, Target};
use strowger_base::net::{ListenerId, Transport};
use strowger_base::{
    Command, Instant, LegId, Media, NodeId, Now, Rng, Secret, SessionDescription, ShardId, Signal, WallTime,
};
use strowger_sip::io::{Configuration, DigestAlgorithm, LineAccount, Listener, PhoneAccount, Trunk};
use strowger_sip::{Input, Outbox, Output, RtpStatistics, Sip};

pub const ALICE: &str = "192.0.2.10:5060";
pub const BOB: &str = "192.0.2.20:5070";
pub const SDP_A: &str =
    "v=0\r\no=a 1 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
pub const SDP_B: &str =
    "v=0\r\no=b 1 1 IN IP4 192.0.2.20\r\ns=-\r\nc=IN IP4 192.0.2.20\r\nt=0 0\r\nm=audio 5000 RTP/AVP 0\r\n";

pub struct Driver {
    pub sip: Sip,
    pub now: Now,
    pub out: Outbox,
    /// How calls sounded, as their phones said.
    pub statistics: Vec<RtpStatistics>,
    /// Datagrams sent, oldest first: destination and text.
    pub sent: Vec<(SocketAddr, String)>,
    pub signals: Vec<(LegId, Signal)>,
    pub others: Vec<String>,
}

impl Driver {
    pub fn new() -> Self {
        let configuration = Arc::new(configuration());
        let sip = Sip::new(NodeId(1), ShardId(0), 0, Rng::new(7), configuration);
        Driver {
            sip,
            now: Now { mono: Instant::START, wall: WallTime::from_micros(1_790_000_000_000_000) },
            out: Outbox::default(),
            statistics: vec![],
            sent: vec![],
            signals: vec![],
            others: vec![],
        }
    }

    pub fn input(&mut self, input: Input<'_>) {
        self.sip.handle(self.now, input, &mut self.out);
        for item in std::mem::take(&mut self.out.items) {
            match item {
                Output::Datagram { destination, bytes, .. } => {
                    let text = String::from_utf8_lossy(self.out.arena.slice(bytes)).into_owned();
                    assert!(text.ends_with("\r\n") || text.contains("\r\n\r\n"), "{text}");
                    self.sent.push((destination, text));
                }
                Output::Statistics(_, statistics) => self.statistics.push(statistics),
                Output::Signal(leg, signal) => self.signals.push((leg, signal)),
                Output::Message { .. } => {}
                other => self.others.push(format!("{other:?}")),
            }
        }
        self.out.arena.clear(1 << 20);
    }

    /// A datagram from a peer.
    pub fn from(&mut self, peer: &str, text: &str) {
        let source = peer.parse().unwrap();
        self.input(Input::Datagram { listener: ListenerId(0), source, bytes: text.as_bytes() });
    }

    pub fn command(&mut self, leg: LegId, command: Command) {
        self.input(Input::Command(leg, command));
    }

    /// Lets time pass; every timer on the way fires at its moment.
    pub fn pass(&mut self, duration: Duration) {
        let end = self.now.mono + duration;
        while let Some(at) = self.sip.next_timeout().filter(|at| *at <= end) {
            self.advance_to(at);
            self.input(Input::Timeout);
        }
        self.advance_to(end);
    }

    fn advance_to(&mut self, at: Instant) {
        let step = at - self.now.mono;
        self.now = Now { mono: at.max(self.now.mono), wall: self.now.wall + step };
    }

    /// The only message that was sent since the last look.
    #[track_caller]
    pub fn one(&mut self) -> String {
        assert_eq!(self.sent.len(), 1, "{:#?}", self.sent);
        self.sent.remove(0).1
    }

    /// The next message that was sent.
    #[track_caller]
    pub fn next(&mut self) -> String {
        assert!(!self.sent.is_empty(), "nothing was sent");
        self.sent.remove(0).1
    }

    #[track_caller]
    pub fn signal(&mut self) -> Signal {
        assert!(!self.signals.is_empty(), "no signal came");
        self.signals.remove(0).1
    }

    #[track_caller]
    pub fn silent(&mut self) {
        assert!(self.sent.is_empty(), "{:#?}", self.sent);
        assert!(self.signals.is_empty(), "{:#?}", self.signals);
    }

    /// After a while nothing may be left behind.
    #[track_caller]
    pub fn settled(&mut self) {
        self.pass(Duration::from_secs(100));
        let sizes = self.sip.sizes();
        assert_eq!((sizes.legs, sizes.transactions, sizes.timers, sizes.tags), (0, 0, 0, 0), "{sizes:?}");
    }

    /// An INVITE from Alice's trunk arrives; returns its leg.
    pub fn invite(&mut self, extra: &str, body: &str) -> LegId {
        self.from(ALICE, &alice("INVITE", "inv1", 1, "", extra, body));
        let (leg, signal) = self.signals.remove(0);
        assert!(matches!(signal, Signal::Setup(_)), "{signal:?}");
        assert!(self.next().starts_with("SIP/2.0 100 "));
        leg
    }

    /// A call of Alice that is answered and acknowledged; returns leg and our tag.
    pub fn established(&mut self, extra: &str) -> (LegId, String) {
        let leg = self.invite(extra, SDP_A);
        self.command(leg, Command::Answer { media: answer(SDP_B), connected: party("", "") });
        let tag = tag_of(&self.one(), "To").to_owned();
        self.from(ALICE, &alice("ACK", "ack1", 1, &tag, "", ""));
        (leg, tag)
    }

    /// Bob's trunk is rung; returns the leg and the INVITE.
    pub fn ring(&mut self, media: Media, reliable: bool) -> (LegId, String) {
        let leg = LegId::new(NodeId(1), ShardId(0), 2);
        self.command(leg, Command::Ring(Box::new(ring_bob(media, reliable))));
        let invite = self.one();
        assert!(invite.starts_with("INVITE sip:1002@192.0.2.20:5070 SIP/2.0\r\n"), "{invite}");
        (leg, invite)
    }
}

pub fn offer(text: &str) -> Media {
    Media::Offer(SessionDescription::new(text.as_bytes()))
}

pub fn answer(text: &str) -> Media {
    Media::Answer(SessionDescription::new(text.as_bytes()))
}

pub fn party(number: &str, name: &str) -> Party {
    Party { number: number.into(), name: name.into(), ..Party::default() }
}

pub fn ring_bob(media: Media, reliable: bool) -> Ring {
    Ring {
        target: Target::Trunk("bob".into()),
        calling: party("1001", "Alice"),
        called: "1002".into(),
        media,
        hops_remaining: 68,
        reliable_provisional: reliable,
        diversions: vec![],
        srtp: strowger_base::leg::SrtpOffer::Clear,
        style: strowger_base::leg::RingStyle::default(),
        records: None,
        takes: None,
        keys: strowger_base::leg::KeySignalling::default(),
    }
}

/// A request of Alice, whose call has Call-ID `a1` and From tag `ta`.
pub fn alice(method: &str, branch: &str, cseq: u32, to_tag: &str, extra: &str, body: &str) -> String {
    let to_tag = if to_tag.is_empty() { String::new() } else { format!(";tag={to_tag}") };
    let cseq_method = method;
    let content = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
    format!(
        "{method} sip:1002@strowger.test SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK{branch}\r\n\
         Max-Forwards: 70\r\nFrom: \"Alice\" <sip:1001@strowger.test>;tag=ta\r\nTo: <sip:1002@strowger.test>{to_tag}\r\n\
         Call-ID: a1\r\nCSeq: {cseq} {cseq_method}\r\nContact: <sip:1001@192.0.2.10:5060>\r\n{extra}{content}\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A response to a request that we sent; `tag` is added to To when it has none.
pub fn respond(request: &str, status: u16, tag: &str, extra: &str, body: &str) -> String {
    let mut out = format!("SIP/2.0 {status} Test\r\n");
    for name in ["Via", "From", "To", "Call-ID", "CSeq"] {
        let value = header(request, name);
        let tag = if name == "To" && !value.contains(";tag=") && !tag.is_empty() && status > 100 {
            format!(";tag={tag}")
        } else {
            String::new()
        };
        out.push_str(&format!("{name}: {value}{tag}\r\n"));
    }
    out.push_str("Contact: <sip:bob@192.0.2.20:5070>\r\n");
    out.push_str(extra);
    if !body.is_empty() {
        out.push_str("Content-Type: application/sdp\r\n");
    }
    out.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
    out
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

pub fn configuration() -> Configuration {
    let account = |number: &str, name: &str| {
        (
            Arc::from(number),
            // Its password is not needed: these tests use trunks.
            LineAccount::with_one_phone(
                name,
                4,
                PhoneAccount {
                    name: None,
                    username: number.into(),
                    ha1_md5: Secret::new([0; 16]),
                    ha1_sha256: Secret::new([0; 32]),
                },
            ),
        )
    };
    let trunk = |name: &str, address: &str| {
        let destination: SocketAddr = address.parse().unwrap();
        Trunk {
            name: name.into(),
            destination,
            transport: Transport::Udp,
            sources: vec![(destination.ip(), None)],
        }
    };
    let lines = [account("1001", "Alice"), account("1002", "Bob")].into_iter().collect();
    Configuration {
        domain: "strowger.test".into(),
        aliases: vec![],
        listeners: vec![Listener {
            transport: Transport::Udp,
            bound: "0.0.0.0:5060".parse().unwrap(),
            advertised: "192.0.2.1:5060".parse().unwrap(),
            is_open: true,
        }],
        lines,
        trunks: vec![trunk("alice", ALICE), trunk("bob", BOB)],
        expires_min: Duration::from_secs(60),
        expires_max: Duration::from_secs(3600),
        expires_default: Duration::from_secs(3600),
        nonce_lifetime: Duration::from_secs(300),
        digest_algorithms: vec![DigestAlgorithm::Md5, DigestAlgorithm::Sha256],
        session_expires: Duration::from_secs(1800),
        product: "Strowger".into(),
    }
}
