//! Message waiting lamps, through the whole node: by subscription, and of phones that do not subscribe.

#![expect(clippy::unwrap_used, reason = "a test")]

#[path = "support/watcher.rs"]
mod watcher;
#[path = "support/world.rs"]
mod world;
#[path = "support/xml.rs"]
mod xml;

use strowger_base::feature::Turn;
use strowger_base::watch::{Mailbox, MailboxChange, MessageCounts};
use strowger_node::Draft;
use strowger_node::configuration::TrunkDialling;
use strowger_node::io::{Answer, Question, StoreRecord};
use watcher::*;
use world::*;

/// Line 1001 has a voice mail at 8000, which is behind the trunk.
fn with_voice_mail() -> Draft {
    let mut draft = draft();
    draft.lines[0].voice_mail = "8000".into();
    draft.trunk_dialling = vec![TrunkDialling { tells_messages: true, ..TrunkDialling::default() }];
    draft
}

/// What a voice mail tells; the answer to it.
#[track_caller]
fn tell(world: &mut World, line: &str, body: &str) -> String {
    let mut carrier = Phone::new("8000", "192.0.2.99:5060");
    carrier.cseq_from(1 + world.stored.len() as u32);
    carrier.peer = line.to_owned();
    let extra = "Event: message-summary\r\nSubscription-State: active\r\n\
                 Content-Type: application/simple-message-summary\r\n";
    let request = carrier.request("NOTIFY", extra, "");
    let request = request
        .replace("Content-Length: 0\r\n\r\n", &format!("Content-Length: {}\r\n\r\n{body}", body.len()));
    world.from(carrier.address, &request);
    let at = world.sent.iter().position(|(to, _)| *to == carrier.address).unwrap();
    world.sent.remove(at).unwrap().1
}

#[test]
fn a_message_lamp_is_lit_by_the_voice_mail_and_survives_a_restart() {
    let mut world = World::new(&with_voice_mail());
    let mut alice = Watcher::new("1001", "192.0.2.10:5060", "message-summary");
    let answer = alice.subscribe(&mut world, "1001", "600");
    assert!(answer.starts_with("SIP/2.0 200 "), "{answer}");
    let notify = alice.notified(&mut world);
    assert_eq!(header(&notify, "Content-Type"), "application/simple-message-summary");
    let account = "Message-Account: sip:8000@strowger.test\r\n";
    assert_eq!(body_of(&notify), format!("Messages-Waiting: no\r\n{account}"));
    world.pass(SECOND);
    let told = "Messages-Waiting: yes\r\nMessage-Account: sip:x@elsewhere\r\nVoice-Message: 2/8 (1/2)\r\n";
    let answer = tell(&mut world, "1001", told);
    assert!(answer.starts_with("SIP/2.0 200 "), "{answer}");
    let expect = format!("Messages-Waiting: yes\r\n{account}Voice-Message: 2/8 (1/2)\r\n");
    assert_eq!(body_of(&alice.notified(&mut world)), expect);
    // The same again is no news.
    tell(&mut world, "1001", told);
    world.pass(SECOND);
    world.silent();
    let stored: Vec<_> = world.stored.drain(..).collect();
    let mut world = World::new(&with_voice_mail());
    for record in stored {
        if let StoreRecord::Mailbox(line, mailbox) = record {
            world.input(strowger_node::Input::RestoreMailbox(line, mailbox));
        }
    }
    // Its key for messages calls the voice mail, and it asks by that number.
    let answer = alice.subscribe(&mut world, "8000", "0");
    assert!(answer.starts_with("SIP/2.0 200 "), "{answer}");
    assert_eq!(body_of(&alice.notified(&mut world)), expect);
    // Another line's messages are nobody's business.
    let answer = alice.subscribe(&mut world, "1002", "600");
    assert!(answer.starts_with("SIP/2.0 403 "), "{answer}");
    world.settled();
}

#[test]
fn messages_are_taken_from_those_alone_who_may_tell_them() {
    let mut world = World::new(&with_voice_mail());
    let ok = "Messages-Waiting: yes\r\n";
    let check = |world: &mut World, line: &str, body: &str, expect: &str| {
        world.stored.push(StoreRecord::NumbersReserved(0));
        let answer = tell(world, line, body);
        assert!(answer.starts_with(expect), "{line} {body}: {answer}");
    };
    check(&mut world, "1044", ok, "SIP/2.0 404 ");
    check(&mut world, "1001", "Voice-Message: 1/0\r\n", "SIP/2.0 400 ");
    check(&mut world, "1001", ok, "SIP/2.0 200 ");
    let mut without = with_voice_mail();
    without.trunk_dialling.clear();
    let mut world = World::new(&without);
    check(&mut world, "1001", ok, "SIP/2.0 403 ");
    // A phone that sends it is in no subscription.
    let mut bob = Phone::new("1002", "192.0.2.20:5060");
    bob.peer = "1001".into();
    world.from(bob.address, &bob.request("NOTIFY", "Event: message-summary\r\n", ""));
    world.expect(&bob, "SIP/2.0 481 ");
}

#[test]
fn a_phone_that_does_not_subscribe_is_told_when_it_registers_and_when_that_changes() {
    let mut draft = with_voice_mail();
    draft.lines[0].phones[0].told_of_messages = true;
    let mut world = World::new(&draft);
    let line = || "1001".into();
    let counts = MessageCounts { new: 1, ..MessageCounts::default() };
    let mailbox = Mailbox { waiting: true, counts: Some(counts) };
    let change = Some(MailboxChange::Told(mailbox));
    assert_eq!(world.ask(Question::Messages { line: line(), change }), Answer::Messages(Some(mailbox)));
    let mut alice = Phone::new("1001", "192.0.2.10:5060");
    let request = alice.request("REGISTER", "", "");
    world.from(alice.address, &request);
    let challenge = world.expect(&alice, "SIP/2.0 401 ");
    let authorization = alice.authorization(&challenge, "REGISTER");
    let request = alice.request("REGISTER", &authorization, "");
    world.from(alice.address, &request);
    world.expect(&alice, "SIP/2.0 200 ");
    let notify = world.expect(&alice, "NOTIFY sip:1001@192.0.2.10:5060 ");
    let account = "Message-Account: sip:8000@strowger.test\r\n";
    assert_eq!(header(&notify, "Event"), "message-summary");
    assert_eq!(body_of(&notify), format!("Messages-Waiting: yes\r\n{account}Voice-Message: 1/0 (0/0)\r\n"));
    world.from(alice.address, &alice.respond(&notify, "200 OK", ""));
    let change = Some(MailboxChange::Turn(Turn::Off));
    world.ask(Question::Messages { line: line(), change });
    let notify = world.expect(&alice, "NOTIFY sip:1001@192.0.2.10:5060 ");
    assert_eq!(body_of(&notify), format!("Messages-Waiting: no\r\n{account}"));
    world.from(alice.address, &alice.respond(&notify, "200 OK", ""));
    assert_eq!(world.ask(Question::Messages { line: "1044".into(), change }), Answer::Messages(None));
    world.settled();
}
