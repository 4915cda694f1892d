//! Media resources through a node, as raw SIP: a transcoder between phones without a codec in common, and an early offer.

#![expect(clippy::unwrap_used, reason = "a test")]

#[path = "support/world.rs"]
mod world;

use strowger_base::journal::MediaFunction;
use strowger_base::leg::{Service, Tone};
use strowger_callcontrol::configuration::{EarlyOffer, Increment, MulticastMusic};
use strowger_dialplan::resources::{Function, Resource};
use strowger_media::codec::Codec;
use strowger_media::control::{Command, Multicast, Report};
use strowger_node::Draft;
use strowger_node::io::{Answer, Input, Question};
use world::{Phone, World, body_of, draft, tag_of};

fn with(function: Function, capacity: u32) -> Draft {
    let mut draft = draft();
    draft.media.in_use = true;
    draft
        .media
        .table
        .add("one", Resource { function, is_trusted: false, capacity: Some(capacity), is_device: false });
    draft
}

fn phones(world: &mut World) -> [Phone; 2] {
    let mut phones = [("1001", "192.0.2.10:5060"), ("1002", "192.0.2.20:5060")]
        .map(|(number, address)| Phone::new(number, address));
    phones.iter_mut().for_each(|phone| world.register(phone));
    phones
}

fn description(phone: &Phone, formats: &str) -> String {
    let address = phone.address.ip();
    format!(
        "v=0\r\no=- 1 1 IN IP4 {address}\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\nm=audio 4000 RTP/AVP {formats}\r\n"
    )
}

/// Sends an INVITE with this description, or none, past its challenge.
fn invites(world: &mut World, phone: &mut Phone, called: &str, sdp: &str) {
    let request = world.authorized_invite(phone, called);
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let length = |body: &str| format!("Content-Length: {}", body.len());
    let mut head = head.replace(&length(body), &length(sdp));
    if sdp.is_empty() {
        head = head.lines().filter(|line| !line.starts_with("Content-Type")).collect::<Vec<_>>().join("\r\n");
    }
    let request = format!("{head}\r\n\r\n{sdp}");
    world.from(phone.address, &request);
    world.expect(phone, "SIP/2.0 100 ");
}

fn media(message: &str) -> &str {
    body_of(message).lines().find(|line| line.starts_with("m=")).unwrap()
}

/// The relay that was asked for is open.
fn relay_opens(world: &mut World) {
    let opened = std::mem::take(&mut world.media);
    let Some(Command::OpenRelay { port }) =
        opened.into_iter().find(|it| matches!(it, Command::OpenRelay { .. }))
    else {
        panic!("no relay was asked for")
    };
    let a = "198.51.100.7:20000".parse().unwrap();
    let b = Some("198.51.100.7:20002".parse().unwrap());
    world.input(Input::Media(Report::Opened { port, a, b }));
}

/// The relay is told to close, and does.
fn relay_closes(world: &mut World) {
    let commands = std::mem::take(&mut world.media);
    let Some(Command::Close { port }) = commands.last() else { panic!("it is not closed: {commands:?}") };
    let statistics = Box::default();
    world.input(Input::Media(Report::Closed { port: *port, statistics }));
}

fn in_use(world: &mut World) -> (MediaFunction, u32, u64) {
    let Answer::MediaResources(resources) = world.ask(Question::MediaResources) else {
        panic!("another answer")
    };
    let one = resources.first().unwrap();
    (one.function, one.in_use, one.allocated)
}

/// Alice hangs up, and the relay goes.
#[track_caller]
fn hang_up(world: &mut World, alice: &mut Phone, bob: &Phone) {
    let bye = alice.request("BYE", "", "");
    world.from(alice.address, &bye);
    world.expect(alice, "SIP/2.0 200 ");
    let bye = world.expect(bob, "BYE ");
    world.from(bob.address, &bob.respond(&bye, "200 OK", ""));
    relay_closes(world);
}

#[test]
fn phones_without_a_codec_in_common_speak_through_a_transcoder() {
    let mut world = World::new(&with(Function::Transcoder, 1));
    let [mut alice, bob] = phones(&mut world);
    let offer = description(&alice, "0");
    invites(&mut world, &mut alice, "1002", &offer);
    let invite = world.expect(&bob, "INVITE ");
    assert_eq!(media(&invite), "m=audio 4000 RTP/AVP 0");
    world.from(bob.address, &bob.respond(&invite, "488 Not Acceptable Here", ""));
    world.expect(&bob, "ACK ");
    relay_opens(&mut world);
    assert_eq!(in_use(&mut world), (MediaFunction::Transcoder, 1, 1));
    let invite = world.expect(&bob, "INVITE ");
    assert_eq!(media(&invite), "m=audio 20002 RTP/AVP 0 9 114 8 101 115");
    let answer = description(&bob, "9");
    world.from(bob.address, &bob.respond(&invite, "200 OK", &answer));
    world.expect(&bob, "ACK ");
    let ok = world.expect(&alice, "SIP/2.0 200 ");
    assert_eq!(media(&ok), "m=audio 20000 RTP/AVP 0");
    let told = world.media.iter().find_map(|command| match command {
        Command::Transcode { codings: Some(codings), .. } => Some(**codings),
        _ => None,
    });
    let codecs = told.map(|codings| (codings.a.format.codec.name(), codings.b.format.codec.name()));
    assert_eq!(codecs, Some(("PCMU", "G722")));
    alice.remote_tag = tag_of(&ok, "To").to_owned();
    let ack = alice.request("ACK", "", "");
    world.from(alice.address, &ack);
    hang_up(&mut world, &mut alice, &bob);
    assert_eq!(in_use(&mut world), (MediaFunction::Transcoder, 0, 1));
    world.settled();
}

#[test]
fn a_phone_is_offered_something_although_the_caller_has_no_offer() {
    let mut draft = with(Function::TerminationPoint, 1);
    draft.lines[1].phones[0].media.early_offer = EarlyOffer::Mandatory;
    let mut world = World::new(&draft);
    let [mut alice, bob] = phones(&mut world);
    invites(&mut world, &mut alice, "1002", "");
    relay_opens(&mut world);
    let invite = world.expect(&bob, "INVITE ");
    assert_eq!(media(&invite), "m=audio 20002 RTP/AVP 9 114 8 0 101 115");
    let answer = description(&bob, "8");
    world.from(bob.address, &bob.respond(&invite, "200 OK", &answer));
    world.expect(&bob, "ACK ");
    let ok = world.expect(&alice, "SIP/2.0 200 ");
    assert_eq!(media(&ok), "m=audio 20000 RTP/AVP 8");
    alice.remote_tag = tag_of(&ok, "To").to_owned();
    let answer = description(&alice, "8");
    let ack = alice.request("ACK", "", &answer);
    world.from(alice.address, &ack);
    world.silent();
    hang_up(&mut world, &mut alice, &bob);
    assert_eq!(in_use(&mut world), (MediaFunction::TerminationPoint, 0, 1));
    world.settled();
}

#[test]
fn a_call_that_must_have_a_termination_point_is_refused_without() {
    let mut draft = with(Function::TerminationPoint, 0);
    draft.lines[1].phones[0].media.early_offer = EarlyOffer::Mandatory;
    let mut world = World::new(&draft);
    let [mut alice, _] = phones(&mut world);
    invites(&mut world, &mut alice, "1002", "");
    let refused = world.expect(&alice, "SIP/2.0 503 ");
    assert!(refused.contains("Q.850;cause=47"), "{refused}");
    let acknowledgement = alice.acknowledge(&refused);
    world.from(alice.address, &acknowledgement);
    world.settled();
}

/// Music goes out at 239.1.1.1 and what follows, to whoever can listen there.
fn with_multicast() -> Draft {
    let mut draft = draft();
    let media = &mut draft.media;
    media.in_use = true;
    let resource =
        Resource { function: Function::MusicOnHold, is_trusted: false, capacity: None, is_device: false };
    media.table.add("moh", resource);
    media.table.group("office", ["moh"]);
    media.table.list("all", ["office"]);
    let base = "239.1.1.1:16384".parse().unwrap();
    let music = MulticastMusic { base, increment: Increment::Address, ttl: 4, always: false };
    media.multicast.insert("moh".into(), music);
    media.multicast_groups.insert("office".into());
    for phone in draft.lines.iter_mut().flat_map(|line| &mut line.phones) {
        phone.media.list = Some("all".into());
    }
    draft
}

/// RFC 3264 §5.2, §6.2 and RFC 8866 §5.7.
#[test]
fn who_is_held_is_told_of_the_music_that_goes_out_to_all() {
    let mut world = World::new(&with_multicast());
    let [mut alice, mut bob] = phones(&mut world);
    let offer = description(&alice, "8 0");
    invites(&mut world, &mut alice, "1002", &offer);
    let invite = world.expect(&bob, "INVITE ");
    world.from(bob.address, &bob.respond(&invite, "200 OK", &description(&bob, "8 0")));
    world.expect(&bob, "ACK ");
    let ok = world.expect(&alice, "SIP/2.0 200 ");
    alice.remote_tag = tag_of(&ok, "To").to_owned();
    let ack = alice.request("ACK", "", "");
    world.from(alice.address, &ack);
    world.media.clear();

    let held = description(&bob, "8 0") + "a=sendonly\r\n";
    let hold = bob.request_back(&invite, "INVITE", &held);
    world.from(bob.address, &hold);
    world.expect(&bob, "SIP/2.0 100 ");
    world.expect(&bob, "SIP/2.0 200 ");
    let ack = bob.request_back(&invite, "ACK", "");
    world.from(bob.address, &ack);
    let to = Multicast { address: "239.1.1.2:16384".parse().unwrap(), ttl: 4, codec: Codec::Pcma };
    let [Command::OpenMulticast { port, service: Service::Sounds, to: told }] = world.media[..] else {
        panic!("{:?}", world.media)
    };
    assert_eq!(told, to);
    let music = world.expect(&alice, "INVITE ");
    let body = body_of(&music);
    let lines: Vec<&str> = body.lines().skip(3).collect();
    let expect = [
        "c=IN IP4 239.1.1.2/4",
        "t=0 0",
        "m=audio 16384 RTP/AVP 8",
        "a=rtpmap:8 PCMA/8000",
        "a=ptime:20",
        "a=recvonly",
    ];
    assert_eq!(lines, expect);
    world.input(Input::Media(Report::Opened { port, a: "192.0.2.1:20000".parse().unwrap(), b: None }));
    assert!(world.media.contains(&Command::Play { port, tone: Tone::Music }), "{:?}", world.media);
    // It listens there, and says so with the same address and direction.
    let answer = format!("v=0\r\no=- 1 2 IN IP4 192.0.2.10\r\ns=-\r\n{}\r\n", expect.join("\r\n"));
    world.from(alice.address, &alice.respond(&music, "200 OK", &answer));
    world.expect(&alice, "ACK ");

    let again = description(&bob, "8 0");
    let resumed = bob.request_back(&invite, "INVITE", &again);
    world.from(bob.address, &resumed);
    world.expect(&bob, "SIP/2.0 100 ");
    let reinvite = world.expect(&alice, "INVITE ");
    assert!(body_of(&reinvite).contains("c=IN IP4 192.0.2.20\r\n"), "{reinvite}");
    assert!(world.media.contains(&Command::Close { port }), "{:?}", world.media);
    world.from(alice.address, &alice.respond(&reinvite, "200 OK", &description(&alice, "8 0")));
    world.expect(&alice, "ACK ");
    let ok = world.expect(&bob, "SIP/2.0 200 ");
    // The group is no address of Alice.
    assert!(body_of(&ok).contains("c=IN IP4 192.0.2.10\r\n"), "{ok}");
    let ack = bob.request_back(&invite, "ACK", "");
    world.from(bob.address, &ack);
    world.input(Input::Media(Report::Closed { port, statistics: Box::default() }));
    let bye = alice.request("BYE", "", "");
    world.from(alice.address, &bye);
    world.expect(&alice, "SIP/2.0 200 ");
    let bye = world.expect(&bob, "BYE ");
    world.from(bob.address, &bob.respond(&bye, "200 OK", ""));
    world.settled();
}
