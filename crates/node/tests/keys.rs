//! A phone with keys in its media, and a trunk with keys in INFO.

#[path = "support/world.rs"]
mod world;

use std::net::SocketAddr;

use strowger_base::leg::{Digit, KeySignalling};
use strowger_callcontrol::configuration::KeyMethod;
use strowger_media::control::{Command, KeyEvents, KeyWay, KeyWays, PortId, Report, Side};
use strowger_media::statistics::PortStatistics;
use strowger_node::Input;
use strowger_node::configuration::TrunkDialling;
use world::{Phone, World, body_of, draft, header, tag_of};

const EVENTS: &str = "a=rtpmap:96 telephone-event/8000\r\na=fmtp:96 0-16\r\n";

/// A call of the phone to the trunk, which has its keys in signalling: they go through a relay.
struct Carried {
    world: World,
    alice: Phone,
    carrier: Phone,
    port: PortId,
    /// What the trunk was sent.
    invite: String,
}

fn carried(by: KeySignalling) -> Carried {
    let mut draft = draft();
    let keys = KeyMethod::Signalling(by);
    draft.trunk_dialling = vec![TrunkDialling { keys, ..TrunkDialling::default() }];
    let mut world = World::new(&draft);
    let mut alice = Phone::new("1001", "192.0.2.10:5060");
    let carrier = Phone::new("0123", "192.0.2.99:5060");
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
    let [a, b] = [30_000, 30_002].map(|port| SocketAddr::from(([192, 0, 2, 1], port)));
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
    let a = KeyWay::Events(KeyEvents { payload_type: 96, clock_hz: 8000 });
    let ways = Some(KeyWays { a, b: KeyWay::Signalled });
    assert!(world.media.contains(&Command::Keys { port, ways }), "{:?}", world.media);
    world.media.clear();
    Carried { world, alice, carrier, port, invite }
}

impl Carried {
    fn hang_up(self) {
        let Carried { mut world, mut alice, carrier, port, .. } = self;
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
}

#[test]
fn keys_are_carried_over_between_media_and_info() {
    let mut call = carried(KeySignalling::Info);
    let Carried { world, carrier, port, invite, .. } = &mut call;
    let port = *port;
    // What the phone presses in its media goes out as INFO.
    let digit = Digit { key: '5', duration_ms: 120 };
    world.input(Input::Media(Report::Digit { port, side: Side::A, digit }));
    let info = world.expect(carrier, "INFO ");
    assert!(info.contains("Content-Type: application/dtmf-relay\r\n"), "{info}");
    assert_eq!(body_of(&info), "Signal=5\r\nDuration=120\r\n");
    world.from(carrier.address, &carrier.respond(&info, "200 OK", ""));
    // What the trunk presses is written into the media of the phone, in both forms of INFO.
    for (kind, text, key, duration_ms) in
        [("dtmf-relay", "Signal=#\r\nDuration=250\r\n", '#', 250), ("dtmf", "7", '7', 0)]
    {
        let info = carrier
            .request_back(invite, "INFO", text)
            .replace("application/sdp", &format!("application/{kind}"));
        world.from(carrier.address, &info);
        world.expect(carrier, "SIP/2.0 200 ");
        let digit = Digit { key, duration_ms };
        assert_eq!(world.media.pop(), Some(Command::Press { port, side: Side::A, digit }));
    }
    call.hang_up();
}

#[test]
fn keys_are_carried_over_between_media_and_kpml() {
    let mut call = carried(KeySignalling::Kpml);
    let Carried { world, carrier, port, invite, .. } = &mut call;
    let port = *port;
    assert_eq!(header(invite, "Allow-Events"), "kpml");
    // The trunk is asked for its keys.
    let subscribe = world.expect(carrier, "SUBSCRIBE ");
    assert_eq!(header(&subscribe, "Event"), "kpml");
    let ok =
        carrier.respond(&subscribe, "200 OK", "").replace("Content-Length", "Expires: 300\r\nContent-Length");
    world.from(carrier.address, &ok);
    let as_kpml = |text: String, kind: &str, extra: &str| {
        let headers = format!("Event: kpml\r\n{extra}Content-Type: application/kpml-{kind}+xml");
        text.replace("Content-Type: application/sdp", &headers)
    };
    let report = "<kpml-response version=\"1.0\" code=\"200\" text=\"OK\" digits=\"3\"/>";
    let notify = carrier.request_back(invite, "NOTIFY", report);
    world.from(carrier.address, &as_kpml(notify, "response", "Subscription-State: active;expires=300\r\n"));
    world.expect(carrier, "SIP/2.0 200 ");
    let digit = Digit { key: '3', duration_ms: 0 };
    assert_eq!(world.media.pop(), Some(Command::Press { port, side: Side::A, digit }));
    // And it asks for those of the phone.
    let request = "<kpml-request version=\"1.0\"><pattern persist=\"persist\"><regex>[x*#]</regex></pattern></kpml-request>";
    let subscribe = carrier.request_back(invite, "SUBSCRIBE", request);
    world.from(carrier.address, &as_kpml(subscribe, "request", "Expires: 600\r\n"));
    world.expect(carrier, "SIP/2.0 200 ");
    let first = world.expect(carrier, "NOTIFY ");
    assert_eq!(header(&first, "Subscription-State"), "active;expires=600");
    world.from(carrier.address, &carrier.respond(&first, "200 OK", ""));
    let digit = Digit { key: '#', duration_ms: 120 };
    world.input(Input::Media(Report::Digit { port, side: Side::A, digit }));
    let told = world.expect(carrier, "NOTIFY ");
    assert!(body_of(&told).contains(" digits=\"#\"/>"), "{told}");
    world.from(carrier.address, &carrier.respond(&told, "200 OK", ""));
    call.hang_up();
}
