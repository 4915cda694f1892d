//! Drives a whole node, so that an instruction counter can be put on `Node::handle`.
//!
//! `cost trunk N`: N calls from trunk to trunk; `cost phone N`: N calls from a trunk to a registered phone; `cost
//! hold N`: N calls that are answered and stay. The difference of two runs is the cost of a unit.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use strowger_base::net::{ListenerId, Transport};
use strowger_base::{Instant, NodeId, Now, Secret, ShardId, WallTime};
use strowger_node::configuration::{Line, LineSecret, PlanDraft, RouteDraft};
use strowger_node::io::PersistRecord;
use strowger_node::{Draft, Input, Node, Outbox, Output, Parameters};
use strowger_sip::auth::Challenge;
use strowger_sip::io::{DigestAlgorithm, Listener, Trunk};

const SDP: &str = "v=0\r\no=bench 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 6000 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n";
const LINE: &str = "205000";

fn main() {
    #[expect(clippy::disallowed_methods, reason = "an example is a program of its own")]
    let mut arguments = std::env::args().skip(1);
    let what = arguments.next().unwrap_or_default();
    let count: u64 = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(100);
    let Some(mut bench) = Bench::new() else { return eprintln!("the configuration is wrong") };
    let called = match what.as_str() {
        "trunk" | "hold" => "105000",
        "phone" => {
            bench.register();
            LINE
        }
        _ => return eprintln!("usage: cost trunk|phone|hold N"),
    };
    for unit in 0..count {
        bench.call(unit, called, what != "hold");
    }
    let sent = bench.persisted;
    println!("{what} {count}: {sent} records, {:?}", bench.node.leftovers());
}

struct Bench {
    node: Node,
    out: Outbox,
    now: Now,
    persisted: u64,
}

impl Bench {
    fn new() -> Option<Self> {
        let trunk = |name: &str, port: u16| Trunk {
            name: name.into(),
            destination: SocketAddr::from(([127, 0, 0, 1], port)),
            transport: Transport::Udp,
            sources: vec![([127, 0, 0, 1].into(), Some(port))],
        };
        let address = SocketAddr::from(([127, 0, 0, 1], 5060));
        let draft = Draft {
            domain: "bench.test".into(),
            listeners: vec![Listener {
                transport: Transport::Udp,
                bound: address,
                advertised: address,
                is_open: true,
            }],
            lines: vec![Line::new(LINE, "Bench", LineSecret::Password(Secret::new("secret".into())))],
            trunks: vec![trunk("caller", 5080), trunk("called", 5070)],
            plan: PlanDraft { routes: vec![RouteDraft::new("1XXXXX", "called")], ..PlanDraft::default() },
            digest_algorithms: vec![DigestAlgorithm::Md5],
            ..Draft::default()
        };
        let parameters = Parameters {
            node: NodeId(1),
            shard: ShardId(0),
            seed: [1, 2, 3, 4],
            key_seed: Secret::new([7; 32]),
            last_number: 0,
            fingerprints: (1, 2),
            configuration: Arc::new(draft.build().ok()?),
        };
        let wall = WallTime::from_micros(1_790_000_000_000_000);
        let now = Now { mono: Instant::START, wall };
        Some(Bench { node: Node::new(parameters), out: Outbox::default(), now, persisted: 0 })
    }

    /// Gives the node a datagram; returns what it sent, with the port where it went.
    fn give(&mut self, port: u16, text: &str) -> Vec<(u16, String)> {
        let source = SocketAddr::from(([127, 0, 0, 1], port));
        self.take(Input::Datagram { listener: ListenerId(0), source, bytes: text.as_bytes() })
    }

    fn take(&mut self, input: Input<'_>) -> Vec<(u16, String)> {
        self.now.mono += Duration::from_micros(100);
        self.node.handle(self.now, input, &mut self.out);
        let mut sent = vec![];
        let mut promises = vec![];
        for item in self.out.items.drain(..) {
            match item {
                Output::Datagram { destination, bytes, .. } => {
                    let text = String::from_utf8_lossy(self.out.arena.slice(bytes)).into_owned();
                    sent.push((destination.port(), text));
                }
                Output::Persist { ticket, record: PersistRecord::Call { .. } } => promises.push(ticket),
                _ => {}
            }
        }
        self.out.arena.clear(1 << 20);
        for ticket in promises {
            self.persisted += 1;
            sent.extend(self.take(Input::Persisted { ticket }));
        }
        sent
    }

    fn register(&mut self) {
        let request = |cseq: u32, auth: &str| {
            format!(
                "REGISTER sip:bench.test SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK-r-{cseq};rport\r\nMax-Forwards: 70\r\nFrom: <sip:{LINE}@bench.test>;tag=f\r\nTo: <sip:{LINE}@bench.test>\r\nCall-ID: reg@bench\r\nCSeq: {cseq} REGISTER\r\nContact: <sip:{LINE}@127.0.0.1:5071>\r\nExpires: 3600\r\n{auth}Content-Length: 0\r\n\r\n"
            )
        };
        let challenge = self.give(5071, &request(1, "")).pop().unwrap_or_default().1;
        let header = challenge.lines().find_map(|line| line.strip_prefix("WWW-Authenticate: ")).unwrap_or("");
        let Some(parsed) = Challenge::parse(header.trim().as_bytes()) else { return };
        let answer = parsed.answer(LINE, "secret", "REGISTER", "sip:bench.test", 1, "ab12cd34");
        self.give(5071, &request(2, &format!("Authorization: {answer}\r\n")));
    }

    fn call(&mut self, unit: u64, called: &str, hang_up: bool) {
        let port = if called == LINE { 5071 } else { 5070 };
        let request = |method: &str, cseq: u32, branch: u32, target: &str, to_tag: &str, body: &str| {
            let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
            format!(
                "{method} {target} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5080;branch=z9hG4bK-b-{unit}-{branch};rport\r\nMax-Forwards: 70\r\nFrom: <sip:100000@bench.test>;tag=f{unit}\r\nTo: <sip:{called}@bench.test>{to_tag}\r\nCall-ID: c-{unit}@bench\r\nCSeq: {cseq} {method}\r\nContact: <sip:100000@127.0.0.1:5080>\r\nUser-Agent: strowger-bench\r\n{kind}Content-Length: {}\r\n\r\n{body}",
                body.len()
            )
        };
        let sent = self.give(5080, &request("INVITE", 1, 1, &format!("sip:{called}@bench.test"), "", SDP));
        let invite = at(&sent, port);
        self.give(port, &respond(&invite, "180 Ringing", port, ""));
        let sent = self.give(port, &respond(&invite, "200 OK", port, SDP));
        let ok = at(&sent, 5080);
        assert!(ok.starts_with("SIP/2.0 200"), "{sent:?}");
        let to = ok.lines().find_map(|line| line.strip_prefix("To: ")).unwrap_or("");
        let tag = to.find(";tag=").and_then(|at| to.get(at..)).unwrap_or("");
        let target = format!("sip:{called}@127.0.0.1:5060");
        self.give(5080, &request("ACK", 1, 101, &target, tag, ""));
        if !hang_up {
            return;
        }
        let sent = self.give(5080, &request("BYE", 2, 102, &target, tag, ""));
        let bye = at(&sent, port);
        self.give(port, &respond(&bye, "200 OK", port, ""));
        if unit.is_multiple_of(64) {
            self.now.mono += Duration::from_secs(33);
            self.take(Input::Timeout);
        }
    }
}

/// The last message to a port.
fn at(sent: &[(u16, String)], port: u16) -> String {
    sent.iter().rfind(|(to, _)| *to == port).map(|(_, text)| text.clone()).unwrap_or_default()
}

fn respond(request: &str, status: &str, port: u16, body: &str) -> String {
    let mut out = format!("SIP/2.0 {status}\r\n");
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
        "Contact: <sip:bench@127.0.0.1:{port}>\r\n{kind}Content-Length: {}\r\n\r\n{body}",
        body.len()
    ));
    out
}
