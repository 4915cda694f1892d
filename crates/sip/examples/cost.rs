//! Drives the SIP side alone, so that an instruction counter can be put on it.
//!
//! `cost register N`, `cost options N`, `cost call N`: N units; the difference of two runs is the cost of a unit.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use strowger_base::leg::{Party, Ring, RingStyle, Target};
use strowger_base::net::{ListenerId, Transport};
use strowger_base::{
    Command, Instant, LegId, Media, NodeId, Now, Rng, Secret, SessionDescription, ShardId, Signal, WallTime,
};
use strowger_sip::auth::{Challenge, ha1_md5, ha1_sha256};
use strowger_sip::io::{Configuration, DigestAlgorithm, LineAccount, Listener, PhoneAccount, Trunk};
use strowger_sip::{Input, Outbox, Output, Sip};

const SDP: &str = "v=0\r\no=bench 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 6000 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n";

fn main() {
    #[expect(clippy::disallowed_methods, reason = "an example is a program of its own")]
    let mut arguments = std::env::args().skip(1);
    let what = arguments.next().unwrap_or_default();
    let count: u64 = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(100);
    let mut bench = Bench::new(2_000);
    for unit in 0..count {
        match what.as_str() {
            "register" => bench.register(unit),
            "options" => bench.options(unit),
            "call" => bench.call(unit),
            _ => return eprintln!("usage: cost register|options|call N"),
        }
    }
    println!("{what} {count}: {:?}", bench.sip.sizes());
}

struct Bench {
    sip: Sip,
    out: Outbox,
    now: Now,
}

impl Bench {
    fn new(users: u64) -> Self {
        let domain = "bench.test";
        let line = |i: u64| {
            let number = (100_000 + i).to_string();
            let secret = format!("pw-{number}");
            let phone = PhoneAccount {
                name: None,
                username: number.as_str().into(),
                ha1_md5: Secret::new(ha1_md5(&number, domain, &secret)),
                ha1_sha256: Secret::new(ha1_sha256(&number, domain, &secret)),
            };
            (number.into_boxed_str(), LineAccount::with_one_phone("", 4, phone))
        };
        let trunk = |name: &str, port: u16| Trunk {
            name: name.into(),
            destination: SocketAddr::from(([127, 0, 0, 1], port)),
            transport: Transport::Udp,
            sources: vec![([127, 0, 0, 1].into(), Some(port))],
        };
        let configuration = Configuration {
            domain: domain.into(),
            aliases: vec![],
            listeners: vec![Listener {
                transport: Transport::Udp,
                bound: SocketAddr::from(([127, 0, 0, 1], 5060)),
                advertised: SocketAddr::from(([127, 0, 0, 1], 5060)),
                is_open: true,
            }],
            lines: (0..users).map(line).collect(),
            trunks: vec![trunk("caller", 5080), trunk("called", 5070)],
            expires_min: Duration::from_secs(60),
            expires_max: Duration::from_secs(7200),
            expires_default: Duration::from_secs(3600),
            nonce_lifetime: Duration::from_secs(300),
            digest_algorithms: vec![DigestAlgorithm::Md5, DigestAlgorithm::Sha256],
            session_expires: Duration::from_secs(1800),
            product: "Strowger".into(),
        };
        Bench {
            sip: Sip::new(NodeId(1), ShardId(0), 0, Rng::new(1), Arc::new(configuration)),
            out: Outbox::default(),
            now: Now { mono: Instant::START, wall: WallTime::from_micros(1_790_000_000_000_000) },
        }
    }

    /// Gives the SIP side a datagram; returns the last datagram that it sent and the signals.
    fn give(&mut self, port: u16, text: &str) -> (String, Vec<(LegId, Signal)>) {
        let source = SocketAddr::from(([127, 0, 0, 1], port));
        let bytes = text.as_bytes();
        self.take(Input::Datagram { listener: ListenerId(0), source, bytes })
    }

    fn take(&mut self, input: Input<'_>) -> (String, Vec<(LegId, Signal)>) {
        self.now.mono += Duration::from_micros(100);
        self.sip.handle(self.now, input, &mut self.out);
        let mut sent = String::new();
        let mut signals = vec![];
        for item in self.out.items.drain(..) {
            match item {
                Output::Datagram { bytes, .. } => {
                    sent.clear();
                    sent.push_str(std::str::from_utf8(self.out.arena.slice(bytes)).unwrap_or_default());
                }
                Output::Signal(leg, signal) => signals.push((leg, signal)),
                _ => {}
            }
        }
        self.out.arena.clear(1 << 20);
        (sent, signals)
    }

    fn register(&mut self, unit: u64) {
        let me = 100_000 + unit;
        let request = |cseq: u32, auth: &str| {
            format!(
                "REGISTER sip:bench.test SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5080;branch=z9hG4bK-b-{unit}-{cseq};rport\r\nMax-Forwards: 70\r\nFrom: <sip:{me}@bench.test>;tag=f{unit}\r\nTo: <sip:{me}@bench.test>\r\nCall-ID: reg-{unit}@bench\r\nCSeq: {cseq} REGISTER\r\nContact: <sip:{me}@127.0.0.1:5070>\r\nExpires: 3600\r\n{auth}User-Agent: strowger-bench\r\nContent-Length: 0\r\n\r\n"
            )
        };
        let (challenge, _) = self.give(5080, &request(1, ""));
        let header = challenge.lines().find_map(|line| line.strip_prefix("WWW-Authenticate: ")).unwrap_or("");
        let Some(parsed) = Challenge::parse(header.trim().as_bytes()) else { return };
        let answer =
            parsed.answer(&me.to_string(), &format!("pw-{me}"), "REGISTER", "sip:bench.test", 1, "ab12cd34");
        let (ok, _) = self.give(5080, &request(2, &format!("Authorization: {answer}\r\n")));
        assert!(ok.starts_with("SIP/2.0 200"), "{ok}");
    }

    fn options(&mut self, unit: u64) {
        let (ok, _) = self.give(5080, &format!(
            "OPTIONS sip:bench.test SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5080;branch=z9hG4bK-b-{unit}-1;rport\r\nMax-Forwards: 70\r\nFrom: <sip:100000@bench.test>;tag=f{unit}\r\nTo: <sip:bench.test>\r\nCall-ID: o-{unit}@bench\r\nCSeq: 1 OPTIONS\r\nContact: <sip:100000@127.0.0.1:5080>\r\nUser-Agent: strowger-bench\r\nContent-Length: 0\r\n\r\n"
        ));
        assert!(ok.starts_with("SIP/2.0 200"), "{ok}");
    }

    fn call(&mut self, unit: u64) {
        let request = |method: &str, cseq: u32, branch: u32, target: &str, to_tag: &str, body: &str| {
            let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
            format!(
                "{method} {target} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5080;branch=z9hG4bK-b-{unit}-{branch};rport\r\nMax-Forwards: 70\r\nFrom: <sip:100000@bench.test>;tag=f{unit}\r\nTo: <sip:105000@bench.test>{to_tag}\r\nCall-ID: c-{unit}@bench\r\nCSeq: {cseq} {method}\r\nContact: <sip:100000@127.0.0.1:5080>\r\nUser-Agent: strowger-bench\r\n{kind}Content-Length: {}\r\n\r\n{body}",
                body.len()
            )
        };
        let (_, signals) = self.give(5080, &request("INVITE", 1, 1, "sip:105000@bench.test", "", SDP));
        let Some((a, Signal::Setup(setup))) = signals.into_iter().next() else { return };
        let b = LegId::new(NodeId(1), ShardId(0), (unit + 1) * 4 + 2);
        let ring = Ring {
            target: Target::Trunk("called".into()),
            calling: setup.calling.clone(),
            called: setup.called.clone(),
            media: setup.media.clone(),
            hops_remaining: 69,
            reliable_provisional: false,
            diversions: vec![],
            srtp: strowger_base::leg::SrtpOffer::Clear,
            style: RingStyle::default(),
            records: None,
            takes: None,
            keys: strowger_base::leg::KeySignalling::default(),
        };
        let (invite, _) = self.take(Input::Command(b, Command::Ring(Box::new(ring))));
        let respond = |request: &str, status: u16, body: &str| {
            let mut out = format!("SIP/2.0 {status} X\r\n");
            for line in request.lines() {
                if ["Via:", "From:", "Call-ID:", "CSeq:"].iter().any(|name| line.starts_with(name)) {
                    out.push_str(line.trim_end());
                    out.push_str("\r\n");
                } else if line.starts_with("To:") {
                    let tag = if line.contains("tag=") { "" } else { ";tag=uas" };
                    out.push_str(&format!("{}{tag}\r\n", line.trim_end()));
                }
            }
            let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
            out.push_str(&format!(
                "Contact: <sip:bench@127.0.0.1:5070>\r\n{kind}Content-Length: {}\r\n\r\n{body}",
                body.len()
            ));
            out
        };
        self.give(5070, &respond(&invite, 180, ""));
        self.take(Input::Command(
            a,
            Command::Alert {
                alert: strowger_base::leg::Alert::Ringing,
                media: Media::None,
                shown: None,
                heard: strowger_base::leg::EarlyMedia::Unsaid,
            },
        ));
        self.give(5070, &respond(&invite, 200, SDP));
        let media = Media::Answer(SessionDescription::new(SDP.as_bytes()));
        let (ok, _) = self.take(Input::Command(a, Command::Answer { media, connected: Party::default() }));
        let to = ok.lines().find_map(|line| line.strip_prefix("To: ")).unwrap_or("");
        let tag = to.find(";tag=").and_then(|at| to.get(at..)).unwrap_or("");
        self.give(5080, &request("ACK", 1, 101, "sip:105000@127.0.0.1:5060", tag, ""));
        self.give(5080, &request("BYE", 2, 102, "sip:105000@127.0.0.1:5060", tag, ""));
        let (bye, _) =
            self.take(Input::Command(b, Command::Release(strowger_base::Cause::NORMAL_CALL_CLEARING)));
        self.give(5070, &respond(&bye, 200, ""));
        if unit.is_multiple_of(64) {
            self.now.mono += Duration::from_secs(33);
            self.take(Input::Timeout);
        }
    }
}
