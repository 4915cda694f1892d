//! A phone with keys in its media, and a trunk with keys in INFO.

#[path = "support/world.rs"]
mod world;

use strowger_base::leg::Digit;
use strowger_callcontrol::configuration::KeyMethod;
use strowger_media::control::{Command, KeyWays, Report, Side};
use strowger_media::statistics::PortStatistics;
use strowger_node::Input;
use strowger_node::configuration::TrunkDialling;
use world::{Phone, World, body_of, draft, tag_of};

const EVENTS: &str = "a=rtpmap:96 telephone-event/8000\r\na=fmtp:96 0-16\r\n";

#[test]
fn keys_are_carried_over_between_media_and_info() {
    let mut draft = draft();
    draft.trunk_dialling = vec![TrunkDialling { keys: KeyMethod::Signalling, ..TrunkDialling::default() }];
    let mut world = World::new(&draft);
    let mut alice = Phone::new("1001", "192.0.2.10:5060");
    let mut carrier = Phone::new("0123", "192.0.2.99:5060");
    world.register(&mut alice);
    let offer = alice.sdp().replace("AVP 8 0", "AVP 8 0 96") + EVENTS;
    alice.peer = "0123".to_owned();
    alice.remote_tag.clear();
    let request = alice.request("INVITE", "", &offer);
    world.from(alice.address, &request);
    let challenge = world.expect(&alice, "SIP/2.0 401 ");
    world.from(alice.address, &alice.acknowledge(&challenge));
    let authorization = alice.authorization(&challenge, "INVITE");
    let request = alice.request("INVITE", &authorization, &offer);
    world.from(alice.address, &request);
    world.expect(&alice, "SIP/2.0 100 ");
    let Some(Command::OpenRelay { port }) = world.media.pop() else { panic!("{:?}", world.media) };
    let (a, b) = ("192.0.2.1:30000".parse().unwrap(), "192.0.2.1:30002".parse().unwrap());
    world.input(Input::Media(Report::Opened { port, a, b: Some(b) }));
    let invite = world.expect(&carrier, "INVITE ");
    assert!(!body_of(&invite).contains("telephone-event"), "{invite}");
    assert!(body_of(&invite).contains("m=audio 30002 RTP/AVP 8 0\r\n"), "{invite}");
    world.from(carrier.address, &carrier.respond(&invite, "200 OK", &carrier.sdp()));
    world.expect(&carrier, "ACK ");
    let ok = world.expect(&alice, "SIP/2.0 200 ");
    assert!(body_of(&ok).contains("m=audio 30000 RTP/AVP 8 0 96\r\n"), "{ok}");
    assert!(body_of(&ok).contains("a=rtpmap:96 telephone-event/8000\r\n"), "{ok}");
    alice.remote_tag = tag_of(&ok, "To").to_owned();
    let ack = alice.request("ACK", "", "");
    world.from(alice.address, &ack);
    let ways = Some(KeyWays { a: Some(96), b: None });
    assert!(world.media.contains(&Command::Keys { port, ways }), "{:?}", world.media);
    world.media.clear();
    // What the phone presses in its media goes out as INFO.
    let digit = Digit { key: '5', duration_ms: 120 };
    world.input(Input::Media(Report::Digit { port, side: Side::A, digit }));
    let info = world.expect(&carrier, "INFO ");
    assert!(info.contains("Content-Type: application/dtmf-relay\r\n"), "{info}");
    assert_eq!(body_of(&info), "Signal=5\r\nDuration=120\r\n");
    world.from(carrier.address, &carrier.respond(&info, "200 OK", ""));
    // What the trunk presses is written into the media of the phone, in both forms of INFO.
    for (kind, text, key, duration_ms) in
        [("dtmf-relay", "Signal=#\r\nDuration=250\r\n", '#', 250), ("dtmf", "7", '7', 0)]
    {
        let info = carrier
            .request_back(&invite, "INFO", text)
            .replace("application/sdp", &format!("application/{kind}"));
        world.from(carrier.address, &info);
        world.expect(&carrier, "SIP/2.0 200 ");
        let digit = Digit { key, duration_ms };
        assert_eq!(world.media.pop(), Some(Command::Press { port, side: Side::A, digit }));
    }
    world.silent();
    let bye = alice.request("BYE", "", "");
    world.from(alice.address, &bye);
    world.expect(&alice, "SIP/2.0 200 ");
    let bye = world.expect(&carrier, "BYE ");
    world.from(carrier.address, &carrier.respond(&bye, "200 OK", ""));
    assert_eq!(world.media.pop(), Some(Command::Close { port }));
    world.input(Input::Media(Report::Closed { port, statistics: Box::new(PortStatistics::default()) }));
    world.settled();
}
