//! Immediate divert through a node: the key of a phone of Cisco, as raw SIP.

#[path = "support/world.rs"]
mod world;

use strowger_callcontrol::configuration::HoldMode;
use strowger_node::Draft;
use world::{Phone, World, draft, header, tag_of};

/// The divert key of a phone with the call of an INVITE that it was sent.
fn divert(phone: &Phone, invite: &str, cseq: u32) -> String {
    let (number, address) = (&phone.number, phone.address);
    let body = format!(
        "<x-cisco-remotecc-request><softkeyeventmsg><softkeyevent>IDivert</softkeyevent><dialogid><callid>{}</callid>\
         <localtag>u{number}x5060</localtag><remotetag>{}</remotetag></dialogid></softkeyeventmsg></x-cisco-remotecc-request>",
        header(invite, "Call-ID"),
        tag_of(invite, "From"),
    );
    format!(
        "REFER sip:{peer}@strowger.test SIP/2.0\r\nVia: SIP/2.0/UDP {address};branch=z9hG4bKkey{cseq}\r\n\
         Max-Forwards: 70\r\nFrom: <sip:{number}@strowger.test>;tag=k1\r\nTo: <sip:{number}@strowger.test>\r\n\
         Call-ID: key-{number}\r\nCSeq: {cseq} REFER\r\nContact: <sip:{number}@{address}>\r\nRefer-To: cid:1\r\n\
         Content-Type: application/x-cisco-remotecc-request+xml\r\nContent-Length: {length}\r\n\r\n{body}",
        peer = phone.peer,
        length = body.len(),
    )
}

/// It comes from where the phone registered, and is not challenged.
fn presses_divert(world: &mut World, phone: &Phone, invite: &str, cseq: u32) {
    world.from(phone.address, &divert(phone, invite, cseq));
    world.expect(phone, "SIP/2.0 202 ");
}

/// Bob's voice mail is at 1003.
fn office() -> (World, Phone, Phone, Phone) {
    let mut draft = Draft { hold: HoldMode::PassedOn, ..draft() };
    draft.lines[1].voice_mail = "1003".into();
    let mut world = World::new(&draft);
    let mut alice = Phone::new("1001", "192.0.2.10:5060");
    let mut bob = Phone::new("1002", "192.0.2.20:5060");
    let mut mail = Phone::new("1003", "192.0.2.30:5060");
    for phone in [&mut alice, &mut bob, &mut mail] {
        world.register(phone);
    }
    (world, alice, bob, mail)
}

#[test]
fn a_call_that_rings_goes_to_voice_mail() {
    let (mut world, mut alice, bob, mail) = office();
    world.invite(&mut alice, "1002");
    let invite = world.expect(&bob, "INVITE ");
    world.from(bob.address, &bob.respond(&invite, "180 Ringing", ""));
    world.expect(&alice, "SIP/2.0 180 ");
    presses_divert(&mut world, &bob, &invite, 1);
    let cancel = world.expect(&bob, "CANCEL ");
    world.from(bob.address, &bob.respond(&cancel, "200 OK", ""));
    world.from(bob.address, &bob.respond(&invite, "487 Request Terminated", ""));
    let offered = world.expect(&mail, "INVITE sip:1003@");
    let diversion = header(&offered, "Diversion");
    assert!(diversion.contains("sip:1002@") && diversion.contains("reason=deflection"), "{diversion}");
    world.expect(&bob, "ACK ");
    world.from(mail.address, &mail.respond(&offered, "200 OK", &mail.sdp()));
    world.expect(&mail, "ACK ");
    let ok = world.expect(&alice, "SIP/2.0 200 ");
    alice.remote_tag = tag_of(&ok, "To").to_owned();
    let ack = alice.request("ACK", "", "");
    world.from(alice.address, &ack);
    let bye = alice.request("BYE", "", "");
    world.from(alice.address, &bye);
    world.expect(&alice, "SIP/2.0 200 ");
    let bye = world.expect(&mail, "BYE ");
    world.from(mail.address, &mail.respond(&bye, "200 OK", ""));
    world.settled();
    let calls = world.calls();
    let [redirection] = calls[0].redirections.as_slice() else { panic!("{:?}", calls[0]) };
    assert_eq!((redirection.by, redirection.reason, redirection.on_behalf_of), ("1002", 50, 14));
    assert_eq!((calls[0].final_called, calls[0].connected.number), ("1003", "1003"));
}

#[test]
fn a_line_without_voice_mail_keeps_its_call() {
    let (mut world, mut alice, _, mail) = office();
    world.invite(&mut alice, "1003");
    let invite = world.expect(&mail, "INVITE ");
    world.from(mail.address, &mail.respond(&invite, "180 Ringing", ""));
    world.expect(&alice, "SIP/2.0 180 ");
    presses_divert(&mut world, &mail, &invite, 1);
    let told = world.expect(&mail, "REFER ");
    assert!(told.contains("<statustext>facility rejected</statustext>"), "{told}");
    world.from(mail.address, &mail.respond(&told, "202 Accepted", ""));
    world.from(mail.address, &mail.respond(&invite, "486 Busy Here", ""));
    world.expect(&mail, "ACK ");
    let busy = world.expect(&alice, "SIP/2.0 486 ");
    world.from(alice.address, &alice.acknowledge(&busy));
    world.settled();
}

/// The address and port of a registration speak for its phone, for nobody else and for no other line.
#[test]
fn a_key_from_elsewhere_is_challenged() {
    let (mut world, mut alice, bob, _) = office();
    world.invite(&mut alice, "1002");
    let invite = world.expect(&bob, "INVITE ");
    world.from(bob.address, &bob.respond(&invite, "180 Ringing", ""));
    world.expect(&alice, "SIP/2.0 180 ");
    let mut check = |number: &str, from: &str, cseq: u32, expect: &str| {
        let there = Phone::new(number, from);
        // Whoever it is names Bob's dialog.
        let key = divert(&there, &invite, cseq).replace(&format!("u{number}x"), "u1002x");
        world.from(there.address, &key);
        world.expect(&there, expect);
        world.silent();
    };
    check("1002", "192.0.2.20:5061", 1, "SIP/2.0 401 ");
    check("1002", "192.0.2.30:5060", 2, "SIP/2.0 401 ");
    check("1003", "192.0.2.30:5060", 3, "SIP/2.0 481 ");
    presses_divert(&mut world, &bob, &invite, 4);
    world.expect(&bob, "CANCEL ");
}
