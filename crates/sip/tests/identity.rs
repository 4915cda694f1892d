//! Whose call an INVITE is where trunks and phones share an address: behind one NAT, or in a lab.

mod support;

use std::net::SocketAddr;
use std::sync::Arc;

use strowger_base::leg::Origin;
use strowger_base::net::Transport;
use strowger_base::{NodeId, Rng, ShardId, Signal};
use strowger_sip::Sip;
use strowger_sip::io::Trunk;
use support::{Driver, alice, configuration};

/// A trunk that calls go to at an address, with the sources that it has besides.
fn trunk(name: &str, destination: &str, sources: &[&str]) -> Trunk {
    let source = |word: &&str| match word.parse::<SocketAddr>() {
        Ok(address) => (address.ip(), Some(address.port())),
        Err(_) => (word.parse().expect("an address"), None),
    };
    let destination = destination.parse().expect("an address");
    let sources = sources.iter().map(source).collect();
    Trunk { name: name.into(), destination, transport: Transport::Udp, sources }
}

/// Whose an INVITE with this From is taken for: that of a trunk, or of somebody who has to prove which line it is.
fn owner(trunks: &[Trunk], peer: &str, from: &str, extra: &str) -> String {
    let mut configuration = configuration();
    configuration.trunks = trunks.to_vec();
    let mut d = Driver::new();
    d.sip = Sip::new(NodeId(1), ShardId(0), 0, Rng::new(5), Arc::new(configuration));
    d.from(peer, &alice("INVITE", "inv1", 1, "", extra, "").replacen("sip:1001@strowger.test", from, 1));
    match d.signals.first() {
        Some((_, Signal::Setup(setup))) => match &setup.origin {
            Origin::Trunk(name) => name.to_string(),
            Origin::Line { line, .. } => format!("line {line}"),
        },
        _ => d.one().lines().next().unwrap_or_default().replace("SIP/2.0 ", ""),
    }
}

const ANYBODY: &str = "sip:4711@carrier.example";
const OURS: &str = "sip:1001@strowger.test";
const ASKED: &str = "401 Unauthorized";

#[test]
fn what_speaks_for_a_line_is_a_phone_though_a_trunk_has_its_address() {
    let carrier = [trunk("carrier", "192.0.2.20:5070", &["192.0.2.20"])];
    let check = |peer: &str, from: &str, expect: &str| {
        assert_eq!(owner(&carrier, peer, from, ""), expect, "{peer} {from}");
    };
    check("192.0.2.20:40000", OURS, ASKED);
    check("192.0.2.20:40000", "sip:1001@STROWGER.test:5060", ASKED);
    check("192.0.2.20:40000", "sip:1001@192.0.2.1", ASKED);
    // Neither a number that is no line, nor a line's number at a host that is not ours.
    check("192.0.2.20:40000", ANYBODY, "carrier");
    check("192.0.2.20:40000", "sip:4711@strowger.test", "carrier");
    check("192.0.2.20:40000", "sip:1001@carrier.example", "carrier");
    check("192.0.2.20:40000", "sip:anonymous@anonymous.invalid", "carrier");
    // From where its calls go a trunk may name whom it likes: one of ours whose call it forwards back.
    check("192.0.2.20:5070", OURS, "carrier");
    // Somewhere else it is nobody's.
    check("192.0.2.21:5070", ANYBODY, "401 Unauthorized");
}

#[test]
fn credentials_for_our_domain_say_that_it_is_a_phone() {
    let digest = |realm: &str| {
        format!(
            "Authorization: Digest username=\"1001\",realm=\"{realm}\",nonce=\"x\",uri=\"sip:a\",response=\"0\"\r\n"
        )
    };
    let check = |from: &str, extra: &str, expect: &str| {
        let carrier = [trunk("carrier", "192.0.2.20:5070", &["192.0.2.20"])];
        assert_eq!(owner(&carrier, "192.0.2.20:40000", from, extra), expect, "{from} {extra}");
    };
    check("sip:anonymous@anonymous.invalid", &digest("strowger.test"), ASKED);
    check("sip:anonymous@anonymous.invalid", &digest("carrier.example"), "carrier");
    check(ANYBODY, "", "carrier");
    // A phone that hides itself in From tells its server.
    let prefers = |user: &str| format!("P-Preferred-Identity: <sip:{user}@strowger.test>\r\n");
    check("sip:anonymous@anonymous.invalid", &prefers("1001"), ASKED);
    check("sip:anonymous@anonymous.invalid", &prefers("4711"), "carrier");
}

#[test]
fn address_and_port_go_before_an_address() {
    let both =
        [trunk("one", "192.0.2.20:5070", &["192.0.2.20"]), trunk("two", "192.0.2.20:5080", &["192.0.2.20"])];
    assert_eq!(owner(&both, "192.0.2.20:5070", ANYBODY, ""), "one");
    assert_eq!(owner(&both, "192.0.2.20:5080", ANYBODY, ""), "two");
    assert_eq!(owner(&both, "192.0.2.20:40000", ANYBODY, ""), "one");
    // Sources with ports take nothing else, not even what comes from the destination.
    let narrow = [
        trunk("one", "192.0.2.20:5070", &["192.0.2.20:5071"]),
        trunk("two", "192.0.2.30:5060", &["192.0.2.30"]),
    ];
    assert_eq!(owner(&narrow, "192.0.2.20:5071", ANYBODY, ""), "one");
    assert_eq!(owner(&narrow, "192.0.2.20:5070", ANYBODY, ""), ASKED);
    assert_eq!(owner(&narrow, "192.0.2.20:40000", ANYBODY, ""), ASKED);
}
