//! What the phones of a line are told of each other's calls, through the whole node.

#[path = "support/watcher.rs"]
mod watcher;
#[path = "support/world.rs"]
mod world;
#[path = "support/xml.rs"]
mod xml;

use strowger_base::Secret;
use strowger_callcontrol::configuration::HoldMode;
use strowger_node::Draft;
use strowger_node::configuration::{Line, LineSecret, PhoneDraft};
use watcher::*;
use world::*;

/// Alice's line on a desk phone and one in the lobby, and Bob's.
fn shared_line() -> Draft {
    let mut draft = draft();
    let phone = |name: &str| PhoneDraft {
        username: Some(name.into()),
        ..PhoneDraft::new(name, LineSecret::Password(Secret::new(world::password("1001").into())))
    };
    draft.lines[0] = Line::on("1001", "Alice", vec![phone("desk"), phone("lobby")]);
    draft
}

/// The desk talks with Bob, and the lobby watches.
#[track_caller]
fn desk_talks(world: &mut World) -> (Phone, Watcher, Phone, String) {
    let mut desk = Phone::new("1001", "192.0.2.10:5060");
    desk.user = "desk".into();
    let mut bob = Phone::new("1002", "192.0.2.20:5060");
    world.register(&mut desk);
    world.register(&mut bob);
    let mut lobby = Watcher::new("1001", "192.0.2.11:5060", "dialog");
    lobby.phone.user = "lobby".into();
    lobby.subscribe(world, "1001", "600");
    lobby.notified(world);
    let (_, rung) = call(world, &mut desk, &bob);
    world.from(bob.address, &bob.respond(&rung, "200 OK", &bob.sdp()));
    world.expect(&bob, "ACK ");
    let answered = world.expect(&desk, "SIP/2.0 200 ");
    desk.remote_tag = tag_of(&answered, "To").to_owned();
    world.from(desk.address, &desk.request("ACK", "", ""));
    world.pass(SECOND);
    (desk, lobby, bob, rung)
}

#[test]
fn the_phones_of_a_line_are_told_with_whom_it_talks_and_what_names_the_call() {
    let mut draft = shared_line();
    draft.lines[1].name = "Bob <the \"boss\"> & Co".into();
    let mut world = World::new(&draft);
    let mut desk = Phone::new("1001", "192.0.2.10:5060");
    desk.user = "desk".into();
    let mut bob = Phone::new("1002", "192.0.2.20:5060");
    world.register(&mut desk);
    world.register(&mut bob);
    let mut lobby = Watcher::new("1001", "192.0.2.11:5060", "dialog");
    lobby.phone.user = "lobby".into();
    lobby.subscribe(&mut world, "1001", "600");
    assert_eq!(calls(&lobby.notified(&mut world)), "0 full");
    world.pass(SECOND);
    let (invite, rung) = call(&mut world, &mut desk, &bob);
    let notify = lobby.notified(&mut world);
    assert_eq!(calls(&notify), "1 partial initiator trying sip:1002@strowger.test named");
    world.pass(SECOND);
    world.from(bob.address, &bob.respond(&rung, "200 OK", &bob.sdp()));
    world.expect(&bob, "ACK ");
    let answered = world.expect(&desk, "SIP/2.0 200 ");
    desk.remote_tag = tag_of(&answered, "To").to_owned();
    let notify = lobby.notified(&mut world);
    assert_eq!(calls(&notify), "2 partial initiator confirmed sip:1002@strowger.test named");
    let root = document(&notify, "application/dialog-info+xml");
    let dialog = root.at(&["dialog"]).unwrap();
    assert_eq!(dialog.attribute("call-id"), Some(header(&invite, "Call-ID")));
    assert_eq!(dialog.attribute("local-tag"), Some(tag_of(&invite, "From")));
    assert_eq!(dialog.attribute("remote-tag"), Some(tag_of(&answered, "To")));
    let display = dialog.at(&["remote", "identity"]).unwrap().attribute("display");
    assert_eq!(display, Some("Bob <the \"boss\"> & Co"));
    world.from(desk.address, &desk.request("ACK", "", ""));
    world.pass(SECOND);
    let hold = desk.sdp() + "a=sendonly\r\n";
    world.from(desk.address, &desk.request("INVITE", "", &hold));
    let notify = world.sent.iter().find(|(_, text)| text.starts_with("NOTIFY ")).unwrap().1.clone();
    assert_eq!(calls(&notify), "3 partial initiator confirmed holds sip:1002@strowger.test named");
}

#[test]
fn a_call_held_at_one_phone_of_a_line_goes_on_at_another_one() {
    // Without music, so that a hold is settled among the phones.
    let mut world = World::new(&Draft { hold: HoldMode::PassedOn, ..shared_line() });
    let (mut desk, mut lobby, mut bob, rung) = desk_talks(&mut world);
    assert_eq!(
        calls(&lobby.notified(&mut world)),
        "1 partial initiator confirmed sip:1002@strowger.test named"
    );
    let hold = desk.sdp() + "a=inactive\r\n";
    world.from(desk.address, &desk.request("INVITE", "", &hold));
    let reoffer = sent_to(&mut world, &bob).into_iter().find(|text| text.starts_with("INVITE ")).unwrap();
    world.from(bob.address, &bob.respond(&reoffer, "200 OK", &(bob.sdp() + "a=inactive\r\n")));
    assert!(sent_to(&mut world, &bob)[0].starts_with("ACK "));
    assert!(sent_to(&mut world, &desk).iter().any(|text| text.starts_with("SIP/2.0 200 ")));
    world.from(desk.address, &desk.request("ACK", "", ""));
    world.pass(SECOND);
    let notify = lobby.notified(&mut world);
    assert_eq!(calls(&notify), "2 partial initiator confirmed holds sip:1002@strowger.test named");
    // The lobby takes it, with the tags as the document has them.
    let root = document(&notify, "application/dialog-info+xml");
    let of = |name: &str| root.at(&["dialog"]).unwrap().attribute(name).unwrap().to_owned();
    let (call_id, local, remote) = (of("call-id"), of("local-tag"), of("remote-tag"));
    let replaces = format!("Replaces: {call_id};to-tag={local};from-tag={remote}\r\n");
    let mut taker = Phone::new("1001", "192.0.2.11:5060");
    (taker.user, taker.peer) = ("lobby".into(), "1001".into());
    taker.cseq_from(900);
    let sdp = taker.sdp();
    world.from(taker.address, &taker.request("INVITE", &replaces, &sdp));
    let challenge = world.expect(&taker, "SIP/2.0 401 ");
    world.from(taker.address, &taker.acknowledge(&challenge));
    let authorization = taker.authorization(&challenge, "INVITE");
    world.from(taker.address, &taker.request("INVITE", &format!("{replaces}{authorization}"), &sdp));
    // Bob is told who it is now, which is the same line, then offered the lobby's media.
    let mut offered = Vec::new();
    while let Some(offer) = sent_to(&mut world, &bob).into_iter().find(|text| text.starts_with("INVITE ")) {
        world.from(bob.address, &bob.respond(&offer, "200 OK", &bob.sdp()));
        offered.push(offer);
    }
    assert_eq!(offered.len(), 2);
    assert!(body_of(&offered[1]).contains("c=IN IP4 192.0.2.11\r\n"), "{offered:#?}");
    let answered: Vec<_> = sent_to(&mut world, &taker);
    let taken = answered.iter().find(|text| text.starts_with("SIP/2.0 200 ") && text.contains(" INVITE\r\n"));
    let taken = taken.unwrap_or_else(|| panic!("{answered:#?}"));
    assert!(body_of(taken).contains("c=IN IP4 192.0.2.20\r\n"), "{taken}");
    let bye = sent_to(&mut world, &desk).into_iter().find(|text| text.starts_with("BYE ")).unwrap();
    world.from(desk.address, &desk.respond(&bye, "200 OK", ""));
    taker.remote_tag = tag_of(taken, "To").to_owned();
    world.from(taker.address, &taker.request("ACK", "", ""));
    world.sent.clear();
    // It is one call of the line still, at the lobby, and its own words about it say so.
    lobby.subscribe(&mut world, "1001", "0");
    let notify = lobby.notified(&mut world);
    assert_eq!(calls(&notify), "0 full initiator confirmed sip:1002@strowger.test named");
    assert!(body_of(&notify).contains(&format!(" call-id=\"{}\"", header(taken, "Call-ID"))), "{notify}");
    world.from(bob.address, &bob.request_back(&rung, "BYE", ""));
    assert!(sent_to(&mut world, &taker).iter().any(|text| text.starts_with("BYE ")));
}

#[test]
fn a_private_call_is_told_as_a_call_and_no_more() {
    let mut draft = shared_line();
    draft.lines[0].phones[0].private = true;
    let mut world = World::new(&draft);
    let (mut desk, lobby, ..) = desk_talks(&mut world);
    let notify = lobby.notified(&mut world);
    assert_eq!(calls(&notify), "1 partial initiator confirmed");
    let root = document(&notify, "application/dialog-info+xml");
    let exclusive = root.at(&["dialog", "exclusive"]).unwrap();
    assert_eq!(exclusive.namespace, "urn:ietf:params:xml:ns:sa-dialog-info");
    assert_eq!(exclusive.text, "true");
    world.pass(SECOND);
    world.silent();
    world.from(desk.address, &desk.request("BYE", "", ""));
    let told = sent_to(&mut world, &lobby.phone);
    assert_eq!(calls(&told[0]), "2 partial initiator terminated");
}
