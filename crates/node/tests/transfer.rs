//! Transfers through a node, as raw SIP (RFC 3515, RFC 3891, RFC 5589).

#![expect(clippy::unwrap_used, reason = "a test")]

#[path = "support/world.rs"]
mod world;

use std::collections::VecDeque;

use strowger_base::journal::Feature;
use strowger_callcontrol::configuration::HoldMode;
use strowger_node::Draft;
use world::{Phone, World, body_of, draft, header, tag_of};

struct Three {
    world: World,
    alice: Phone,
    bob: Phone,
    carol: Phone,
    /// The INVITE that Bob got from Alice.
    invite: String,
}

/// Alice and Bob talk; Carol is registered.
fn three() -> Three {
    let mut world = World::new(&Draft { hold: HoldMode::PassedOn, ..draft() });
    let mut alice = Phone::new("1001", "192.0.2.10:5060");
    let mut bob = Phone::new("1002", "192.0.2.20:5060");
    let mut carol = Phone::new("1003", "192.0.2.30:5060");
    for phone in [&mut alice, &mut bob, &mut carol] {
        world.register(phone);
    }
    let invite = talks(&mut world, &mut alice, &bob);
    Three { world, alice, bob, carol, invite }
}

/// One calls another, who answers. Returns the INVITE that arrived there.
fn talks(world: &mut World, caller: &mut Phone, called: &Phone) -> String {
    world.invite(caller, &called.number);
    let invite = world.expect(called, "INVITE ");
    world.from(called.address, &called.respond(&invite, "200 OK", &called.sdp()));
    world.expect(called, "ACK ");
    let ok = world.expect(caller, "SIP/2.0 200 ");
    caller.remote_tag = tag_of(&ok, "To").to_owned();
    let ack = caller.request("ACK", "", "");
    world.from(caller.address, &ack);
    world.silent();
    invite
}

impl Three {
    /// Bob asks for a transfer of Alice; returns after the 202.
    fn refers(&mut self, refer_to: &str) {
        let refer = self.bob.request_back(&self.invite, "REFER", "");
        let head = format!("Refer-To: {refer_to}\r\nContent-Length: 0");
        self.world.from(self.bob.address, &refer.replace("Content-Length: 0", &head));
        self.world.expect(&self.bob, "SIP/2.0 202 ");
        self.notified("SIP/2.0 100 ");
    }

    /// Bob is told how it goes.
    fn notified(&mut self, fragment: &str) {
        let notify = self.world.expect(&self.bob, "NOTIFY ");
        assert!(body_of(&notify).starts_with(fragment), "{notify}");
        self.world.from(self.bob.address, &self.bob.respond(&notify, "200 OK", ""));
    }

    /// A phone takes an offer and says where it listens; returns what was offered.
    fn answers(&mut self, invite: &str, who: Who) -> String {
        let phone = self.phone(who);
        let (address, ok) = (phone.address, phone.respond(invite, "200 OK", &phone.sdp()));
        self.world.from(address, &ok);
        body_of(invite).to_owned()
    }

    fn phone(&self, who: Who) -> &Phone {
        match who {
            Who::Alice => &self.alice,
            Who::Bob => &self.bob,
            Who::Carol => &self.carol,
        }
    }

    fn expect(&mut self, who: Who, start: &str) -> String {
        let phone = match who {
            Who::Alice => &self.alice,
            Who::Bob => &self.bob,
            Who::Carol => &self.carol,
        };
        self.world.expect(phone, start)
    }

    /// One hangs up, the other one hears of it, and nothing is left.
    fn ends(&mut self, who: Who, bye: &str, other: Who) {
        let address = self.phone(who).address;
        self.world.from(address, bye);
        self.expect(who, "SIP/2.0 200 ");
        let bye = self.expect(other, "BYE ");
        self.fine(other, &bye);
        self.world.settled();
    }

    /// A request is answered 200.
    fn fine(&mut self, who: Who, request: &str) {
        let phone = self.phone(who);
        let (address, ok) = (phone.address, phone.respond(request, "200 OK", ""));
        self.world.from(address, &ok);
    }
}

#[derive(Clone, Copy)]
enum Who {
    Alice,
    Bob,
    Carol,
}

/// The messages that were sent to a phone since the last look, whose order among others does not matter here.
fn sent_to(three: &mut Three, who: Who) -> Vec<String> {
    let address = three.phone(who).address;
    let (own, others) = std::mem::take(&mut three.world.sent).into_iter().partition(|sent| sent.0 == address);
    three.world.sent = others;
    let own: VecDeque<_> = own;
    own.into_iter().map(|sent| sent.1).collect()
}

#[test]
fn an_attended_transfer() {
    let mut three = three();
    let consultation = talks(&mut three.world, &mut three.bob, &three.carol);
    // As Bob's phone knows the dialog: its own tag is the From tag there.
    let call_id = "1002-1-call";
    let replaces = format!("{call_id}%3Bto-tag%3D{}%3Bfrom-tag%3Dt1002", three.bob.remote_tag);
    three.refers(&format!("<sip:1003@strowger.test?Replaces={replaces}>"));
    // Bob is out of both calls.
    let to_bob = sent_to(&mut three, Who::Bob);
    assert_eq!(to_bob.iter().filter(|text| text.starts_with("BYE ")).count(), 2, "{to_bob:#?}");
    for bye in to_bob.iter().filter(|text| text.starts_with("BYE ")) {
        three.fine(Who::Bob, bye);
    }
    // The last NOTIFY follows the answer to the first one.
    let last = to_bob.iter().find(|text| text.starts_with("NOTIFY "));
    let last = last.unwrap_or_else(|| panic!("{to_bob:#?}")).clone();
    assert!(body_of(&last).starts_with("SIP/2.0 200 "), "{last}");
    three.fine(Who::Bob, &last);
    // Each is shown the other; Carol is asked for an offer, and Alice is offered it.
    let mut to_carol = sent_to(&mut three, Who::Carol);
    let shown = to_carol.remove(0);
    assert_eq!(header(&shown, "P-Asserted-Identity"), "\"Alice\" <sip:1001@strowger.test>");
    let shown_to_alice = three.expect(Who::Alice, "INVITE ");
    assert_eq!(header(&shown_to_alice, "P-Asserted-Identity"), "\"Carol\" <sip:1003@strowger.test>");
    three.answers(&shown, Who::Carol);
    three.expect(Who::Carol, "ACK ");
    let asked = three.expect(Who::Carol, "INVITE ");
    three.answers(&shown_to_alice, Who::Alice);
    three.expect(Who::Alice, "ACK ");
    assert_eq!(body_of(&asked), "");
    three.answers(&asked, Who::Carol);
    let offered = three.expect(Who::Alice, "INVITE ");
    assert!(body_of(&offered).contains("c=IN IP4 192.0.2.30\r\n"), "{offered}");
    three.answers(&offered, Who::Alice);
    three.expect(Who::Alice, "ACK ");
    let ack = three.expect(Who::Carol, "ACK ");
    assert!(body_of(&ack).contains("c=IN IP4 192.0.2.10\r\n"), "{ack}");
    three.world.silent();
    let bye = three.carol.request_back(&consultation, "BYE", "");
    three.ends(Who::Carol, &bye, Who::Alice);
    records(&three.world, "1003");
}

/// Three records: two that ended by the transfer, and what they talked then, as part of the first.
fn records(world: &World, answered: &str) {
    let calls = world.calls();
    let told: Vec<_> = calls
        .iter()
        .map(|call| (call.calling.number, call.connected.number, call.cause.0, call.moves.unwrap()))
        .collect();
    let [first, second, third] = told.as_slice() else { panic!("{told:#?}") };
    assert_eq!((first.0, first.1, first.2, first.3.left_by), ("1001", "1002", 126, Some(Feature::Transfer)));
    assert_eq!(
        (second.0, second.1, second.2, second.3.left_by),
        ("1002", answered, 126, Some(Feature::Transfer))
    );
    assert_eq!((third.0, third.1, third.2, third.3.left_by), ("1001", "1003", 16, None));
    assert_eq!((third.3.joined_by, third.3.conversation), (Some(Feature::Transfer), calls[0].call));
}

#[test]
fn a_blind_transfer() {
    let mut three = three();
    three.refers("sip:1003@strowger.test");
    let invite = three.expect(Who::Carol, "INVITE ");
    assert!(body_of(&invite).contains("c=IN IP4 192.0.2.10\r\n"), "{invite}");
    assert!(header(&invite, "From").starts_with("\"Bob\" <sip:1002@"), "{invite}");
    let ringing = three.carol.respond(&invite, "180 Ringing", "");
    three.world.from(three.carol.address, &ringing);
    three.notified("SIP/2.0 200 ");
    let bye = three.expect(Who::Bob, "BYE ");
    three.fine(Who::Bob, &bye);
    let shown = three.expect(Who::Alice, "INVITE ");
    assert_eq!(header(&shown, "P-Asserted-Identity"), "\"Carol\" <sip:1003@strowger.test>");
    three.answers(&shown, Who::Alice);
    three.expect(Who::Alice, "ACK ");
    three.answers(&invite, Who::Carol);
    three.expect(Who::Carol, "ACK ");
    // Who calls her changed before she answered.
    let shown = three.expect(Who::Carol, "INVITE ");
    assert_eq!(header(&shown, "P-Asserted-Identity"), "\"Alice\" <sip:1001@strowger.test>");
    three.answers(&shown, Who::Carol);
    three.expect(Who::Carol, "ACK ");
    // What she was offered was not settled by her answers: she is asked for an offer.
    let asked = three.expect(Who::Carol, "INVITE ");
    assert_eq!(body_of(&asked), "");
    three.answers(&asked, Who::Carol);
    let offered = three.expect(Who::Alice, "INVITE ");
    assert!(body_of(&offered).contains("c=IN IP4 192.0.2.30\r\n"), "{offered}");
    three.answers(&offered, Who::Alice);
    three.expect(Who::Alice, "ACK ");
    let met = three.expect(Who::Carol, "ACK ");
    assert!(body_of(&met).contains("c=IN IP4 192.0.2.10\r\n"), "{met}");
    three.world.silent();
    let bye = three.carol.request_back(&invite, "BYE", "");
    three.ends(Who::Carol, &bye, Who::Alice);
    records(&three.world, "");
}

#[test]
fn a_blind_transfer_that_reaches_nobody_leaves_the_call_as_it_is() {
    let mut three = three();
    three.refers("sip:4711@strowger.test");
    three.notified("SIP/2.0 404 ");
    three.world.silent();
    three.refers("sip:1003@strowger.test");
    let invite = three.expect(Who::Carol, "INVITE ");
    let busy = three.carol.respond(&invite, "486 Busy Here", "");
    three.world.from(three.carol.address, &busy);
    three.expect(Who::Carol, "ACK ");
    three.notified("SIP/2.0 486 ");
    let bye = three.alice.request("BYE", "", "");
    three.ends(Who::Alice, &bye, Who::Bob);
    assert_eq!(three.world.calls().len(), 3);
}

#[test]
fn a_device_takes_the_place_of_another_one() {
    let mut three = three();
    // Bob's dialog, as seen by Carol's phone: Bob's tag is ours of it.
    let (ours, theirs) = (tag_of(&three.invite, "From").to_owned(), "u1002x5060");
    let call_id = header(&three.invite, "Call-ID").to_owned();
    let invite = three.world.authorized_invite(&mut three.carol, "1002");
    let replaces = format!("Replaces: {call_id};to-tag={ours};from-tag={theirs}\r\nContent-Type");
    three.world.from(three.carol.address, &invite.replace("Content-Type", &replaces));
    three.expect(Who::Carol, "SIP/2.0 100 ");
    let bye = three.expect(Who::Bob, "BYE ");
    three.fine(Who::Bob, &bye);
    let shown = three.expect(Who::Alice, "INVITE ");
    assert_eq!(header(&shown, "P-Asserted-Identity"), "\"Carol\" <sip:1003@strowger.test>");
    three.answers(&shown, Who::Alice);
    three.expect(Who::Alice, "ACK ");
    let offered = three.expect(Who::Alice, "INVITE ");
    assert!(body_of(&offered).contains("c=IN IP4 192.0.2.30\r\n"), "{offered}");
    three.answers(&offered, Who::Alice);
    three.expect(Who::Alice, "ACK ");
    let ok = three.expect(Who::Carol, "SIP/2.0 200 ");
    assert!(body_of(&ok).contains("c=IN IP4 192.0.2.10\r\n"), "{ok}");
    assert_eq!(header(&ok, "P-Asserted-Identity"), "\"Alice\" <sip:1001@strowger.test>");
    three.carol.remote_tag = tag_of(&ok, "To").to_owned();
    let ack = three.carol.request("ACK", "", "");
    three.world.from(three.carol.address, &ack);
    three.world.silent();
    let bye = three.carol.request("BYE", "", "");
    three.ends(Who::Carol, &bye, Who::Alice);
}
