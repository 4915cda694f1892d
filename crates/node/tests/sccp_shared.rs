//! A line that SCCP phones share with SIP phones: those go on with a call that an SCCP phone holds.

#[path = "support/skinny.rs"]
#[expect(dead_code, reason = "it is there for other tests too")]
mod skinny;
#[path = "support/watcher.rs"]
mod watcher;
#[path = "support/world.rs"]
mod world;
#[path = "support/xml.rs"]
mod xml;

use skinny::{Skinnies, mixed};
use strowger_base::Secret;
use strowger_node::Draft;
use strowger_node::configuration::{LineSecret, PhoneDraft};
use watcher::*;
use world::*;

/// The line 2001 of an SCCP phone has a SIP phone in the lobby too.
fn shared() -> Draft {
    let mut draft = mixed();
    let password = LineSecret::Password(Secret::new(world::password("2001").into()));
    let lobby = PhoneDraft { username: Some("lobby".into()), ..PhoneDraft::new("lobby", password) };
    let line = draft.lines.iter_mut().find(|line| &*line.number == "2001").expect("a line");
    line.phones.push(lobby);
    draft
}

/// An INVITE of the lobby that names a dialog as a document does, with the answer to it.
fn takes(world: &mut World, taker: &mut Phone, replaces: &str) -> String {
    let sdp = taker.sdp();
    world.from(taker.address, &taker.request("INVITE", replaces, &sdp));
    let challenge = world.expect(taker, "SIP/2.0 401 ");
    world.from(taker.address, &taker.acknowledge(&challenge));
    let authorization = taker.authorization(&challenge, "INVITE");
    world.from(taker.address, &taker.request("INVITE", &format!("{replaces}{authorization}"), &sdp));
    let mut answers = sent_to(world, taker).into_iter().filter(|text| text.contains(" INVITE\r\n"));
    answers.next_back().unwrap_or_default()
}

/// RFC 4235 §4.1.2, RFC 3891 §3.
#[test]
fn a_sip_phone_of_the_line_goes_on_with_what_an_sccp_phone_holds() {
    let (mut world, mut phones) = (World::new(&shared()), Skinnies::new());
    phones.comes(&mut world, 11, "2001", 17);
    phones.comes(&mut world, 12, "2002", 22);
    let mut lobby = Watcher::new("2001", "192.0.2.40:5060", "dialog");
    lobby.phone.user = "lobby".into();
    lobby.subscribe(&mut world, "2001", "600");
    lobby.notified(&mut world);
    phones.does(&mut world, 11, |phone| phone.calls_number("2002"));
    phones.presses(&mut world, 12, "Answer");
    phones.presses(&mut world, 11, "Hold");
    lobby.subscribe(&mut world, "2001", "600");
    let notify = loop {
        let notify = lobby.notified(&mut world);
        if calls(&notify).contains("holds") {
            break notify;
        }
    };
    let root = document(&notify, "application/dialog-info+xml");
    let of = |name: &str| root.at(&["dialog"]).unwrap().attribute(name).unwrap().to_owned();
    let (call_id, local, remote) = (of("call-id"), of("local-tag"), of("remote-tag"));
    let replaces =
        |remote: &str, more: &str| format!("Replaces: {call_id};to-tag={local};from-tag={remote}{more}\r\n");
    let mut taker = Phone::new("2001", "192.0.2.40:5060");
    (taker.user, taker.peer) = ("lobby".into(), "2001".into());
    taker.cseq_from(900);
    world.sent.clear();
    // Whoever guesses, or wants it only while it rings, gets nothing.
    let guessed = format!("{}0", &remote[..remote.len() - 1]);
    let guessed = if guessed == remote { format!("{}1", &remote[..remote.len() - 1]) } else { guessed };
    assert!(takes(&mut world, &mut taker, &replaces(&guessed, "")).starts_with("SIP/2.0 481 "));
    assert!(takes(&mut world, &mut taker, &replaces(&remote, ";early-only")).starts_with("SIP/2.0 486 "));
    world.sent.clear();
    takes(&mut world, &mut taker, &replaces(&remote, ""));
    phones.settle(&mut world);
    let answers = sent_to(&mut world, &taker);
    let taken = answers.iter().find(|text| text.starts_with("SIP/2.0 200 ") && text.contains(" INVITE\r\n"));
    let taken = taken.unwrap_or_else(|| panic!("{answers:#?}"));
    taker.remote_tag = tag_of(taken, "To").to_owned();
    world.from(taker.address, &taker.request("ACK", "", ""));
    phones.settle(&mut world);
    assert!(body_of(taken).contains("c=IN IP4 192.0.2.12\r\n"), "{taken}");
    assert!(phones.phone(12).talks() && phones.phone(11).ports.is_empty());
    let shown = phones.phone(11).calls.values().map(|call| call.state).collect::<Vec<_>>();
    assert!(!shown.contains(&strowger_phones::skinny::phone::HOLD), "{shown:?}");
    // What has been taken is not there any more.
    let mut late = Phone::new("2001", "192.0.2.40:5060");
    (late.user, late.peer) = ("lobby".into(), "2001".into());
    late.cseq_from(950);
    world.sent.clear();
    assert!(takes(&mut world, &mut late, &replaces(&remote, "")).starts_with("SIP/2.0 481 "));
    phones.presses(&mut world, 12, "EndCall");
    assert!(sent_to(&mut world, &taker).iter().any(|text| text.starts_with("BYE ")));
}

/// What was shown of the other phones goes with the last of them.
#[test]
fn a_line_whose_other_phones_are_taken_from_it_is_shared_no_more() {
    let (mut world, mut phones) = (World::new(&shared()), Skinnies::new());
    phones.comes(&mut world, 11, "2001", 17);
    phones.comes(&mut world, 12, "2002", 22);
    phones.does(&mut world, 11, |phone| phone.calls_number("2002"));
    phones.presses(&mut world, 12, "Answer");
    let key = |phones: &mut Skinnies| phones.phone(11).shown_keys().iter().any(|key| key == "Private");
    assert!(key(&mut phones), "{:?}", phones.phone(11).shown_keys());
    let configuration = mixed().build().unwrap_or_else(|errors| panic!("{errors:?}"));
    world.input(strowger_node::Input::Configure(std::sync::Arc::new(configuration)));
    phones.settle(&mut world);
    assert!(!key(&mut phones), "{:?}", phones.phone(11).shown_keys());
}

/// RFC 3891 §3: who calls has begun its dialog itself, and it is not there to be taken before the answer; what rings is picked up.
#[test]
fn a_sip_phone_of_the_line_takes_what_rings_at_an_sccp_phone_and_not_what_that_is_calling() {
    for (caller, answer) in [(11, "SIP/2.0 481 "), (12, "SIP/2.0 200 ")] {
        let (mut world, mut phones) = (World::new(&shared()), Skinnies::new());
        phones.comes(&mut world, 11, "2001", 17);
        phones.comes(&mut world, 12, "2002", 22);
        let mut lobby = Watcher::new("2001", "192.0.2.40:5060", "dialog");
        lobby.phone.user = "lobby".into();
        let called = if caller == 11 { "2002" } else { "2001" };
        phones.does(&mut world, caller, |phone| phone.calls_number(called));
        phones.settle(&mut world);
        lobby.subscribe(&mut world, "2001", "600");
        let notify = lobby.notified(&mut world);
        let root = document(&notify, "application/dialog-info+xml");
        let of = |name: &str| root.at(&["dialog"]).unwrap().attribute(name).unwrap().to_owned();
        assert!(calls(&notify).contains("early"), "{}", calls(&notify));
        let replaces = format!(
            "Replaces: {};to-tag={};from-tag={}\r\n",
            of("call-id"),
            of("local-tag"),
            of("remote-tag")
        );
        let mut taker = Phone::new("2001", "192.0.2.40:5060");
        (taker.user, taker.peer) = ("lobby".into(), "2001".into());
        taker.cseq_from(900);
        world.sent.clear();
        let mut answers = vec![takes(&mut world, &mut taker, &replaces)];
        phones.settle(&mut world);
        answers.extend(sent_to(&mut world, &taker));
        assert!(answers.iter().any(|text| text.starts_with(answer)), "{caller}: {answers:#?}");
    }
}

/// RFC 3891 §3, RFC 3911 §4: what is not answered is not come into, and what is private or over is neither come into nor taken.
#[test]
fn a_call_of_an_sccp_phone_that_is_early_private_or_over_is_not_to_be_had() {
    let (mut world, mut phones) = (World::new(&shared()), Skinnies::new());
    phones.comes(&mut world, 11, "2001", 17);
    phones.comes(&mut world, 12, "2002", 22);
    let mut lobby = Watcher::new("2001", "192.0.2.40:5060", "dialog");
    lobby.phone.user = "lobby".into();
    phones.does(&mut world, 11, |phone| phone.calls_number("2002"));
    lobby.subscribe(&mut world, "2001", "600");
    let notify = lobby.notified(&mut world);
    let root = document(&notify, "application/dialog-info+xml");
    let of = |name: &str| root.at(&["dialog"]).unwrap().attribute(name).unwrap().to_owned();
    let named = format!("{};to-tag={};from-tag={}", of("call-id"), of("local-tag"), of("remote-tag"));
    let mut cseq = 900;
    let mut asks = |world: &mut World, phones: &mut Skinnies, header: &str| {
        let mut taker = Phone::new("2001", "192.0.2.40:5060");
        (taker.user, taker.peer) = ("lobby".into(), "2001".into());
        cseq += 10;
        taker.cseq_from(cseq);
        world.sent.clear();
        let answer = takes(world, &mut taker, &format!("{header}: {named}\r\n"));
        phones.settle(world);
        answer.get(..11).unwrap_or_default().to_owned()
    };
    assert_eq!(asks(&mut world, &mut phones, "Join"), "SIP/2.0 481", "it rings");
    phones.presses(&mut world, 12, "Answer");
    phones.presses(&mut world, 11, "Private");
    for header in ["Join", "Replaces"] {
        assert_eq!(asks(&mut world, &mut phones, header), "SIP/2.0 481", "it is private: {header}");
    }
    assert!(phones.phone(11).talks() && phones.phone(12).talks());
    phones.presses(&mut world, 11, "EndCall");
    for header in ["Join", "Replaces"] {
        assert_eq!(asks(&mut world, &mut phones, header), "SIP/2.0 481", "it is over: {header}");
    }
}
