//! Regions and locations through a node, as raw SIP: codecs of offers, and calls without bandwidth.

#![expect(clippy::unwrap_used, reason = "a test")]

#[path = "support/world.rs"]
mod world;

use strowger_base::Cause;
use strowger_dialplan::admission::{Place, Pool, Pools};
use strowger_node::Draft;
use strowger_node::configuration::{DevicePoolDraft, LocationDraft, RegionDraft, SiteDraft};
use strowger_node::io::{Answer, Question};
use world::{Phone, World, body_of, draft, header, tag_of};

/// Lines whose phones are in the device pools berlin, bonn and berlin; the link to the rest of the world bears one call.
fn two_places(room: u32) -> Draft {
    let mut draft = draft();
    let pool = |name: &str| DevicePoolDraft {
        name: name.into(),
        site: SiteDraft { region: name.into(), location: name.into(), ..SiteDraft::default() },
        ..DevicePoolDraft::default()
    };
    draft.plan.device_pools = vec![pool("berlin"), pool("bonn")];
    for (line, pool) in draft.lines.iter_mut().zip(["berlin", "bonn", "berlin"]) {
        line.phones[0].device_pool = pool.into();
    }
    let region = |name: &str| RegionDraft { name: name.into(), ..RegionDraft::default() };
    draft.admission.regions = vec![region("berlin"), region("bonn")];
    let location = |name: &str, room| LocationDraft {
        name: name.into(),
        pools: Pools { audio: room, ..Pools::default() },
        ..LocationDraft::default()
    };
    draft.admission.locations = vec![location("berlin", Pool::Unlimited), location("bonn", Pool::Kbps(room))];
    draft
}

fn phones(world: &mut World) -> [Phone; 3] {
    let mut phones = [("1001", "192.0.2.10:5060"), ("1002", "192.0.2.20:5060"), ("1003", "192.0.2.30:5060")]
        .map(|(number, address)| Phone::new(number, address));
    phones.iter_mut().for_each(|phone| world.register(phone));
    phones
}

fn description(phone: &Phone, formats: &str) -> String {
    let address = phone.address.ip();
    format!(
        "v=0\r\no=- 1 1 IN IP4 {address}\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\nm=audio 4000 RTP/AVP {formats}\r\n\
         a=rtpmap:101 telephone-event/8000\r\na=fmtp:18 annexb=no\r\n"
    )
}

/// Sends an INVITE with these codecs, past its challenge.
fn invites(world: &mut World, phone: &mut Phone, called: &str, formats: &str) {
    let request = world.authorized_invite(phone, called);
    let sdp = description(phone, formats);
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let length = |body: &str| format!("Content-Length: {}", body.len());
    let request = format!("{}\r\n\r\n{sdp}", head.replace(&length(body), &length(&sdp)));
    world.from(phone.address, &request);
    world.expect(phone, "SIP/2.0 100 ");
}

fn media(message: &str) -> &str {
    body_of(message).lines().find(|line| line.starts_with("m=")).unwrap()
}

/// What is taken of a location.
fn taken(world: &mut World, name: &str) -> (u32, u64) {
    let Answer::Bandwidth(places) = world.ask(Question::Bandwidth) else { panic!("another answer") };
    let place = Place::Location(name.into());
    places.iter().find(|used| used.place == place).map_or((0, 0), |used| (used.taken, used.refused))
}

#[test]
fn a_call_between_two_regions_speaks_what_is_slow_enough() {
    let mut world = World::new(&two_places(1000));
    let [mut alice, mut bob, _] = phones(&mut world);
    invites(&mut world, &mut alice, "1002", "0 8 101 18");
    let invite = world.expect(&bob, "INVITE ");
    assert_eq!(media(&invite), "m=audio 4000 RTP/AVP 18 101");
    assert!(invite.contains("a=fmtp:18 annexb=no"), "{invite}");
    assert_eq!(taken(&mut world, "bonn"), (24, 0));
    let answer = description(&bob, "18 101");
    world.from(bob.address, &bob.respond(&invite, "200 OK", &answer));
    world.expect(&bob, "ACK ");
    let ok = world.expect(&alice, "SIP/2.0 200 ");
    assert_eq!(media(&ok), "m=audio 4000 RTP/AVP 18 101");
    alice.remote_tag = tag_of(&ok, "To").to_owned();
    let ack = alice.request("ACK", "", "");
    world.from(alice.address, &ack);
    // A change that leaves nothing is refused, and the call goes on.
    let offer = description(&bob, "8 0");
    let change = bob.request_back(&invite, "INVITE", &offer);
    world.from(bob.address, &change);
    world.expect(&bob, "SIP/2.0 100 ");
    let refused = world.expect(&bob, "SIP/2.0 488 ");
    assert_eq!(header(&refused, "Warning"), "305 strowger \"Incompatible media format\"");
    let ack = bob.request_back(&invite, "ACK", "");
    world.from(bob.address, &ack);
    world.silent();
    let bye = bob.request_back(&invite, "BYE", "");
    world.from(bob.address, &bye);
    world.expect(&bob, "SIP/2.0 200 ");
    let bye = world.expect(&alice, "BYE ");
    world.from(alice.address, &alice.respond(&bye, "200 OK", ""));
    assert_eq!(taken(&mut world, "bonn"), (0, 0));
    world.settled();
}

#[test]
fn a_call_whose_codecs_are_all_too_fast_is_refused_and_says_so() {
    let mut world = World::new(&two_places(1000));
    let [mut alice, _, carol] = phones(&mut world);
    invites(&mut world, &mut alice, "1002", "0 8 101");
    let refused = world.expect(&alice, "SIP/2.0 488 ");
    assert_eq!(header(&refused, "Warning"), "305 strowger \"Incompatible media format\"");
    let acknowledgement = alice.acknowledge(&refused);
    world.from(alice.address, &acknowledgement);
    // Within the region there is no such bound.
    invites(&mut world, &mut alice, "1003", "0 8 101");
    let invite = world.expect(&carol, "INVITE ");
    assert_eq!(media(&invite), "m=audio 4000 RTP/AVP 0 8 101");
    assert_eq!(taken(&mut world, "bonn"), (0, 0));
}

#[test]
fn the_second_call_over_a_way_for_one_is_refused_with_words_for_the_display() {
    let mut world = World::new(&two_places(24));
    let [mut alice, bob, mut carol] = phones(&mut world);
    invites(&mut world, &mut alice, "1002", "18 101");
    world.expect(&bob, "INVITE ");
    invites(&mut world, &mut carol, "1002", "18 101");
    let refused = world.expect(&carol, "SIP/2.0 488 ");
    assert_eq!(header(&refused, "Warning"), "370 strowger \"Not Enough Bandwidth\"");
    assert_eq!(header(&refused, "Reason"), "Q.850;cause=125;text=\"out of bandwidth\"");
    let acknowledgement = carol.acknowledge(&refused);
    world.from(carol.address, &acknowledgement);
    assert_eq!(taken(&mut world, "bonn"), (24, 1));
    let causes: Vec<Cause> = world.calls().iter().map(|call| call.cause).collect();
    assert_eq!(causes, [Cause::OUT_OF_BANDWIDTH]);
}
