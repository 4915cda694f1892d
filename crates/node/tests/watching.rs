//! Phones that watch lines, through the whole node: SUBSCRIBE and NOTIFY as text.

#![expect(clippy::unwrap_used, reason = "a test")]

#[path = "support/world.rs"]
mod world;
#[path = "support/xml.rs"]
mod xml;

use std::collections::BTreeMap;
use std::time::Duration;

use strowger_base::event::RefuseReason;
use strowger_base::feature::Turn;
use strowger_base::journal::{Entry, Registration};
use strowger_base::watch::{Mailbox, MailboxChange, MessageCounts};
use strowger_base::{FeatureCode, FeatureNumber, LineName, Rng, Secret};
use strowger_callcontrol::configuration::HoldMode;
use strowger_node::Draft;
use strowger_node::configuration::{
    DirectedParkDraft, FeatureDraft, Line, LineSecret, PartitionDraft, PatternDraft, PhoneDraft,
    SearchSpaceDraft, TrunkDialling,
};
use strowger_node::io::{Answer, Question, StoreRecord};
use world::{Phone, World, body_of, draft, header, tag_of};
use xml::Element;

/// A phone that watches; its SUBSCRIBE dialog is its own.
struct Watcher {
    phone: Phone,
    event: &'static str,
}

impl Watcher {
    fn new(number: &str, address: &str, event: &'static str) -> Self {
        let mut phone = Phone::new(number, address);
        phone.cseq_from(500);
        Watcher { phone, event }
    }

    fn event_and(&self, expires: &str) -> String {
        format!("Event: {}\r\nExpires: {expires}\r\n", self.event)
    }

    /// Subscribes; returns the answer, whatever it is.
    #[track_caller]
    fn subscribe(&mut self, world: &mut World, line: &str, expires: &str) -> String {
        self.phone.peer = line.to_owned();
        self.phone.remote_tag.clear();
        let extra = self.event_and(expires);
        let request = self.phone.request("SUBSCRIBE", &extra, "");
        world.from(self.phone.address, &request);
        let (_, answer) = world.sent.pop_front().unwrap();
        if !answer.starts_with("SIP/2.0 401 ") {
            return answer;
        }
        let authorization = self.phone.authorization(&answer, "SUBSCRIBE");
        let request = self.phone.request("SUBSCRIBE", &format!("{extra}{authorization}"), "");
        world.from(self.phone.address, &request);
        let (_, answer) = world.sent.pop_front().unwrap();
        if answer.starts_with("SIP/2.0 200 ") {
            self.phone.remote_tag = tag_of(&answer, "To").to_owned();
        }
        answer
    }

    /// Subscribes again in the dialog.
    #[track_caller]
    fn again(&mut self, world: &mut World, expires: &str) -> String {
        let extra = self.event_and(expires);
        let request = self.phone.request("SUBSCRIBE", &extra, "");
        world.from(self.phone.address, &request);
        world.sent.pop_front().unwrap().1
    }

    /// The next NOTIFY, which is answered.
    #[track_caller]
    fn notified(&self, world: &mut World) -> String {
        let notify = world.expect(&self.phone, "NOTIFY sip:");
        world.from(self.phone.address, &self.phone.respond(&notify, "200 OK", ""));
        notify
    }
}

/// What a dialog-info says: version, whether it is whole, and the calls.
#[track_caller]
fn calls(notify: &str) -> String {
    let root = document(notify, "application/dialog-info+xml");
    assert_eq!((&*root.namespace, &*root.name), ("urn:ietf:params:xml:ns:dialog-info", "dialog-info"));
    let call = |dialog: &Element| {
        let state = &dialog.at(&["state"]).unwrap().text;
        let rendering = dialog.at(&["local", "target", "param"]).unwrap();
        assert_eq!(rendering.attribute("pname"), Some("+sip.rendering"));
        let held = if rendering.attribute("pvalue") == Some("no") { " holds" } else { "" };
        let remote = dialog.at(&["remote", "identity"]).map(|it| format!(" {}", it.text));
        let ids = dialog.attribute("call-id").map_or("", |_| " named");
        let direction = dialog.attribute("direction").unwrap();
        format!(" {direction} {state}{held}{}{ids}", remote.unwrap_or_default())
    };
    let all: String = root.all("dialog").map(call).collect();
    format!("{} {}{all}", root.attribute("version").unwrap(), root.attribute("state").unwrap())
}

#[track_caller]
fn document(notify: &str, content: &str) -> Element {
    assert_eq!(header(notify, "Content-Type"), content);
    xml::parse(body_of(notify))
}

/// `open on-the-phone`.
#[track_caller]
fn presence(notify: &str) -> String {
    let root = document(notify, "application/pidf+xml");
    assert_eq!((&*root.namespace, &*root.name), ("urn:ietf:params:xml:ns:pidf", "presence"));
    let basic = &root.at(&["tuple", "status", "basic"]).unwrap().text;
    let activities = root.at(&["person", "activities"]).unwrap();
    let names: Vec<_> = activities.children.iter().map(|it| &*it.name).collect();
    format!("{basic} {}", names.join(" "))
}

const SECOND: Duration = Duration::from_secs(1);

/// Alice calls Bob, who answers; returns both INVITEs.
fn call(world: &mut World, alice: &mut Phone, bob: &Phone) -> (String, String) {
    let invite = world.invite(alice, "1002");
    let rung = world.expect(bob, "INVITE sip:1002@");
    world.from(bob.address, &bob.respond(&rung, "100 Trying", ""));
    (invite, rung)
}

#[test]
fn a_busy_lamp_follows_a_call_from_its_first_ring_to_its_end() {
    let mut world = World::new(&draft());
    let (mut alice, mut bob) = (Phone::new("1001", "192.0.2.10:5060"), Phone::new("1002", "192.0.2.20:5060"));
    world.register(&mut alice);
    world.register(&mut bob);
    let mut carol = Watcher::new("1003", "192.0.2.30:5060", "dialog");
    let answer = carol.subscribe(&mut world, "1002", "600");
    assert!(answer.starts_with("SIP/2.0 200 "), "{answer}");
    assert_eq!(header(&answer, "Expires"), "600");
    let notify = carol.notified(&mut world);
    assert_eq!(calls(&notify), "0 full");
    assert_eq!(header(&notify, "Event"), "dialog");
    assert_eq!(header(&notify, "Subscription-State"), "active;expires=600");
    assert!(body_of(&notify).contains(" entity=\"sip:1002@strowger.test\""), "{notify}");
    world.pass(SECOND);
    let (_, rung) = call(&mut world, &mut alice, &bob);
    // Who calls is nothing that a lamp tells.
    assert_eq!(calls(&carol.notified(&mut world)), "1 partial recipient trying");
    // Ringing and the answer come within a second: what came of it is told when that is over.
    world.from(bob.address, &bob.respond(&rung, "180 Ringing", ""));
    world.expect(&alice, "SIP/2.0 180 ");
    world.from(bob.address, &bob.respond(&rung, "200 OK", &bob.sdp()));
    world.expect(&bob, "ACK ");
    let answered = world.expect(&alice, "SIP/2.0 200 ");
    alice.remote_tag = tag_of(&answered, "To").to_owned();
    world.from(alice.address, &alice.request("ACK", "", ""));
    world.silent();
    world.pass(SECOND);
    assert_eq!(calls(&carol.notified(&mut world)), "2 partial recipient confirmed");
    // A refresh is told everything.
    let answer = carol.again(&mut world, "600");
    assert!(answer.starts_with("SIP/2.0 200 "), "{answer}");
    assert_eq!(calls(&carol.notified(&mut world)), "3 full recipient confirmed");
    world.pass(SECOND);
    world.from(alice.address, &alice.request("BYE", "", ""));
    world.expect(&alice, "SIP/2.0 200 ");
    let bye = world.expect(&bob, "BYE ");
    assert_eq!(calls(&carol.notified(&mut world)), "4 partial recipient terminated");
    world.from(bob.address, &bob.respond(&bye, "200 OK", ""));
    // The end of the subscription is told with the state there is.
    let answer = carol.again(&mut world, "0");
    assert!(answer.starts_with("SIP/2.0 200 "), "{answer}");
    let last = carol.notified(&mut world);
    assert_eq!(calls(&last), "5 full");
    assert_eq!(header(&last, "Subscription-State"), "terminated;reason=timeout");
    world.settled();
}

#[test]
fn presence_says_whether_somebody_is_there_and_free() {
    let mut world = World::new(&draft());
    let (mut alice, mut bob) = (Phone::new("1001", "192.0.2.10:5060"), Phone::new("1002", "192.0.2.20:5060"));
    world.register(&mut alice);
    let mut carol = Watcher::new("1003", "192.0.2.30:5060", "presence");
    carol.subscribe(&mut world, "1002", "600");
    assert_eq!(presence(&carol.notified(&mut world)), "closed ");
    world.pass(SECOND);
    let request = bob.request("REGISTER", "", "");
    world.from(bob.address, &request);
    let challenge = world.expect(&bob, "SIP/2.0 401 ");
    let authorization = bob.authorization(&challenge, "REGISTER");
    let request = bob.request("REGISTER", &authorization, "");
    world.from(bob.address, &request);
    world.expect(&bob, "SIP/2.0 200 ");
    assert_eq!(presence(&carol.notified(&mut world)), "open ");
    world.pass(SECOND);
    // That it rings is nothing that presence tells.
    let (_, rung) = call(&mut world, &mut alice, &bob);
    world.pass(SECOND);
    world.silent();
    world.from(bob.address, &bob.respond(&rung, "200 OK", &bob.sdp()));
    world.expect(&bob, "ACK ");
    let answered = world.expect(&alice, "SIP/2.0 200 ");
    assert_eq!(presence(&carol.notified(&mut world)), "open on-the-phone");
    alice.remote_tag = tag_of(&answered, "To").to_owned();
    world.from(alice.address, &alice.request("ACK", "", ""));
}

#[test]
fn a_fetch_is_told_once() {
    let mut world = World::new(&draft());
    let mut carol = Watcher::new("1003", "192.0.2.30:5060", "dialog;id=a7");
    let answer = carol.subscribe(&mut world, "1002", "0");
    assert!(answer.starts_with("SIP/2.0 200 "), "{answer}");
    assert_eq!(header(&answer, "Expires"), "0");
    let notify = carol.notified(&mut world);
    assert_eq!(header(&notify, "Event"), "dialog;id=a7");
    assert_eq!(header(&notify, "Subscription-State"), "terminated;reason=timeout");
    assert_eq!(calls(&notify), "0 full");
    world.settled();
}

#[test]
fn a_subscription_that_is_not_refreshed_ends_and_says_so() {
    let mut world = World::new(&draft());
    let mut carol = Watcher::new("1003", "192.0.2.30:5060", "dialog");
    carol.subscribe(&mut world, "1002", "60");
    carol.notified(&mut world);
    world.pass(60 * SECOND);
    let last = carol.notified(&mut world);
    assert_eq!(header(&last, "Subscription-State"), "terminated;reason=timeout");
    // RFC 6665 §4.2.1.2: there is no such subscription any more.
    let answer = carol.again(&mut world, "60");
    assert!(answer.starts_with("SIP/2.0 481 "), "{answer}");
    world.settled();
}

#[test]
fn a_watcher_that_does_not_answer_is_dropped() {
    let mut world = World::new(&draft());
    let mut carol = Watcher::new("1003", "192.0.2.30:5060", "dialog");
    let check = |world: &mut World, carol: &mut Watcher, status: &str| {
        carol.subscribe(world, "1002", "600");
        let notify = world.expect(&carol.phone, "NOTIFY sip:");
        if !status.is_empty() {
            world.from(carol.phone.address, &carol.phone.respond(&notify, status, ""));
        }
        world.pass(40 * SECOND);
        // Copies of the NOTIFY while nobody answered (RFC 3261 §17.1.2.2).
        let copies = world.sent.drain(..).filter(|(_, text)| text.starts_with("NOTIFY ")).count();
        assert_eq!(copies, if status.is_empty() { 10 } else { 0 }, "{status}");
        world.settled();
    };
    check(&mut world, &mut carol, "");
    check(&mut world, &mut carol, "481 Subscription Does Not Exist");
    check(&mut world, &mut carol, "489 Bad Event");
}

#[test]
fn a_watcher_that_is_overloaded_is_told_everything_later() {
    let mut world = World::new(&draft());
    let mut carol = Watcher::new("1003", "192.0.2.30:5060", "dialog");
    carol.subscribe(&mut world, "1002", "600");
    let notify = world.expect(&carol.phone, "NOTIFY sip:");
    let busy = carol.phone.respond(&notify, "503 Service Unavailable", "");
    world.from(carol.phone.address, &busy.replace("Contact:", "Retry-After: 20\r\nContact:"));
    // What happens meanwhile does not bring it forward.
    let (mut alice, mut bob) = (Phone::new("1001", "192.0.2.10:5060"), Phone::new("1002", "192.0.2.20:5060"));
    world.register(&mut alice);
    world.register(&mut bob);
    call(&mut world, &mut alice, &bob);
    world.pass(19 * SECOND);
    world.silent();
    world.pass(SECOND);
    assert_eq!(calls(&carol.notified(&mut world)), "1 full recipient trying");
    world.silent();
}

#[test]
fn what_cannot_be_subscribed_to_is_refused() {
    let mut world = World::new(&draft());
    let mut port = 5060;
    let mut check = |world: &mut World, event: &'static str, line: &str, expires: &str, expect: &str| {
        port += 1;
        let mut carol = Watcher::new("1003", &format!("192.0.2.30:{port}"), event);
        let answer = carol.subscribe(world, line, expires);
        assert!(answer.starts_with(expect), "{event} {line} {expires}: {answer}");
        world.silent();
        answer
    };
    let answer = check(&mut world, "conference", "1002", "600", "SIP/2.0 489 ");
    assert_eq!(header(&answer, "Allow-Events"), "dialog, presence, message-summary");
    let answer = check(&mut world, "dialog", "1002", "59", "SIP/2.0 423 ");
    assert_eq!(header(&answer, "Min-Expires"), "60");
    check(&mut world, "dialog", "1044", "600", "SIP/2.0 404 ");
    // A trunk's number is no line.
    check(&mut world, "dialog", "0123", "600", "SIP/2.0 404 ");
    let answer = check(&mut world, "dialog\r\nAccept: text/plain", "1002", "600", "SIP/2.0 406 ");
    assert_eq!(header(&answer, "Accept"), "application/dialog-info+xml");
    let answer = check(&mut world, "dialog\r\nRequire: eventlist", "1002", "600", "SIP/2.0 420 ");
    assert_eq!(header(&answer, "Unsupported"), "eventlist");
    // A trunk is no phone.
    let mut carrier = Watcher::new("0123", "192.0.2.99:5060", "dialog");
    let answer = carrier.subscribe(&mut world, "1002", "600");
    assert!(answer.starts_with("SIP/2.0 403 "), "{answer}");
    world.settled();
}

/// Bob's line is in a partition of its own; Alice's desk sees it, Carol may only watch it, Eve has a busy lamp for it, Dora none.
fn partitioned() -> Draft {
    let mut draft = draft();
    draft.plan.partitions.push(PartitionDraft { name: "bobs".into(), ..PartitionDraft::default() });
    let space = SearchSpaceDraft { name: "bob".into(), partitions: vec!["bobs".into()] };
    draft.plan.search_spaces.push(space);
    draft.lines[0].search_space = "bob".into();
    draft.lines[1].partition = "bobs".into();
    draft.lines[2].phones[0].subscribe_search_space = "bob".into();
    let eve = LineSecret::Password(Secret::new(world::password("1005").into()));
    draft.lines.push(Line::new("1005", "Eve", eve));
    draft.lines[3].phones[0].lamps = vec![LineName::new("1002", "bobs")];
    let secret = LineSecret::Password(Secret::new(world::password("1004").into()));
    draft.lines.push(Line::new("1004", "Dora", secret));
    draft
}

#[test]
fn a_phone_watches_what_it_may_call_or_what_it_is_given_to_watch() {
    let mut world = World::new(&partitioned());
    let mut port = 5060;
    let mut check = |world: &mut World, watcher: &str, line: &str, expect: &str| {
        port += 1;
        let mut watcher = Watcher::new(watcher, &format!("192.0.2.30:{port}"), "dialog");
        let answer = watcher.subscribe(world, line, "0");
        assert!(answer.starts_with(expect), "{} {line}: {answer}", watcher.phone.number);
        if expect.starts_with("SIP/2.0 200 ") {
            watcher.notified(world);
        }
        world.silent();
    };
    check(&mut world, "1001", "1002", "SIP/2.0 200 ");
    check(&mut world, "1003", "1002", "SIP/2.0 200 ");
    check(&mut world, "1004", "1002", "SIP/2.0 403 ");
    // A busy lamp is given with its line.
    check(&mut world, "1005", "1002", "SIP/2.0 200 ");
    // What is in no partition is everybody's, and its own line is each phone's.
    check(&mut world, "1003", "1001", "SIP/2.0 200 ");
    check(&mut world, "1002", "1002", "SIP/2.0 200 ");
    let refused = world.records().into_iter().filter_map(|record| match record.entry {
        Entry::Registration(Registration::Refused { claimed, request, reason, .. }) => {
            Some((claimed, request, reason))
        }
        _ => None,
    });
    let expect = [("1004", "SUBSCRIBE", RefuseReason::NotToBeWatched)];
    assert_eq!(refused.collect::<Vec<_>>(), expect);
    world.settled();
}

#[test]
fn who_may_not_watch_any_more_is_told_at_the_next_refresh() {
    let mut world = World::new(&partitioned());
    let mut alice = Watcher::new("1001", "192.0.2.30:5060", "dialog");
    alice.subscribe(&mut world, "1002", "600");
    alice.notified(&mut world);
    let mut after = partitioned();
    after.lines[0].search_space = "".into();
    let configuration = after.build().unwrap_or_else(|errors| panic!("{errors:?}"));
    world.input(strowger_node::Input::Configure(std::sync::Arc::new(configuration)));
    let answer = alice.again(&mut world, "600");
    assert!(answer.starts_with("SIP/2.0 403 "), "{answer}");
    let last = alice.notified(&mut world);
    assert_eq!(header(&last, "Subscription-State"), "terminated;reason=rejected");
    assert_eq!(body_of(&last), "");
    world.settled();
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

/// What everybody was sent.
fn sent_to(world: &mut World, phone: &Phone) -> Vec<String> {
    let (theirs, others): (Vec<_>, Vec<_>) = world.sent.drain(..).partition(|(to, _)| *to == phone.address);
    world.sent = others.into();
    theirs.into_iter().map(|(_, text)| text).collect()
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

/// What a watcher makes of the documents, as RFC 4235 §3.8 wants it.
#[derive(Default)]
struct View {
    version: Option<u32>,
    cseq: u32,
    calls: BTreeMap<String, String>,
    /// Messages in a row that were lost.
    lost: u32,
}

impl View {
    /// Takes a NOTIFY that arrived; copies change nothing.
    fn take(&mut self, notify: &str) {
        let cseq: u32 = header(notify, "CSeq").split(' ').next().unwrap().parse().unwrap();
        if cseq <= self.cseq {
            return;
        }
        self.cseq = cseq;
        let root = document(notify, "application/dialog-info+xml");
        let version: u32 = root.attribute("version").unwrap().parse().unwrap();
        match root.attribute("state").unwrap() {
            "full" => self.calls.clear(),
            // A change says nothing to who has missed the one before.
            _ => assert_eq!(self.version.map(|version| version + 1), Some(version)),
        }
        self.version = Some(version);
        for dialog in root.all("dialog") {
            let id = dialog.attribute("id").unwrap().to_owned();
            match &*dialog.at(&["state"]).unwrap().text {
                "terminated" => _ = self.calls.remove(&id),
                state => _ = self.calls.insert(id, state.to_owned()),
            }
        }
    }

    /// Lets time pass, then takes what has come as far as it is not lost, and answers as far as that is not lost.
    fn wait(&mut self, world: &mut World, watcher: &Watcher, rng: &mut Rng, losses: u64) {
        world.pass(Duration::from_millis(rng.below(1500)));
        for notify in sent_to(world, &watcher.phone) {
            let mut loses = |view: &mut View| {
                let lost = view.lost < 4 && rng.one_in(losses);
                view.lost = if lost { view.lost + 1 } else { 0 };
                lost
            };
            if loses(self) {
                continue;
            }
            self.take(&notify);
            if !loses(self) {
                world.from(watcher.phone.address, &watcher.phone.respond(&notify, "200 OK", ""));
            }
        }
    }
}

/// A message that a phone was sent, among others.
#[track_caller]
fn find(world: &mut World, phone: &Phone, start: &str) -> String {
    let all = sent_to(world, phone);
    all.iter().find(|text| text.starts_with(start)).unwrap_or_else(|| panic!("no {start}: {all:#?}")).clone()
}

#[test]
fn states_are_right_in_the_end_whatever_is_lost_on_the_way() {
    let mut talks = 0;
    for seed in 0..60 {
        let mut rng = Rng::new(seed);
        let mut world = World::new(&draft());
        let (mut alice, mut bob) =
            (Phone::new("1001", "192.0.2.10:5060"), Phone::new("1002", "192.0.2.20:5060"));
        world.register(&mut alice);
        world.register(&mut bob);
        let mut carol = Watcher::new("1003", "192.0.2.30:5060", "dialog");
        carol.subscribe(&mut world, "1002", "3600");
        let mut view = View::default();
        for round in 0..8 {
            let losses = if round == 7 { 0 } else { 3 };
            let mut wait = |world: &mut World, rng: &mut Rng| view.wait(world, &carol, rng, losses);
            alice.peer = "1002".into();
            alice.remote_tag.clear();
            alice.cseq_from(100 * (round + 1));
            let sdp = alice.sdp();
            world.from(alice.address, &alice.request("INVITE", "", &sdp));
            let challenge = find(&mut world, &alice, "SIP/2.0 401 ");
            world.from(alice.address, &alice.acknowledge(&challenge));
            let authorization = alice.authorization(&challenge, "INVITE");
            world.from(alice.address, &alice.request("INVITE", &authorization, &sdp));
            let rung = find(&mut world, &bob, "INVITE ");
            world.from(bob.address, &bob.respond(&rung, "100 Trying", ""));
            wait(&mut world, &mut rng);
            if rng.one_in(2) {
                world.from(bob.address, &bob.respond(&rung, "180 Ringing", ""));
                wait(&mut world, &mut rng);
            }
            if rng.one_in(3) {
                world.from(bob.address, &bob.respond(&rung, "486 Busy Here", ""));
                let busy = find(&mut world, &alice, "SIP/2.0 486 ");
                world.from(alice.address, &alice.acknowledge(&busy));
                wait(&mut world, &mut rng);
                continue;
            }
            world.from(bob.address, &bob.respond(&rung, "200 OK", &bob.sdp()));
            let answered = find(&mut world, &alice, "SIP/2.0 200 ");
            alice.remote_tag = tag_of(&answered, "To").to_owned();
            world.from(alice.address, &alice.request("ACK", "", ""));
            wait(&mut world, &mut rng);
            // The last call may still be there in the end.
            if round < 7 || rng.one_in(2) {
                world.from(alice.address, &alice.request("BYE", "", ""));
                let bye = find(&mut world, &bob, "BYE ");
                world.from(bob.address, &bob.respond(&bye, "200 OK", ""));
                wait(&mut world, &mut rng);
            }
        }
        for _ in 0..20 {
            view.wait(&mut world, &carol, &mut rng, 0);
        }
        world.sent.clear();
        let mut fetches = Watcher::new("1003", "192.0.2.31:5060", "dialog");
        fetches.subscribe(&mut world, "1002", "0");
        let mut truth = View::default();
        truth.take(&fetches.notified(&mut world));
        assert_eq!(view.calls, truth.calls, "seed {seed}");
        talks += usize::from(view.calls.values().any(|state| state == "confirmed"));
    }
    assert!((10..50).contains(&talks), "{talks} of 60 end in a call");
}

#[test]
fn a_subscription_is_no_larger_than_a_registration() {
    let mut world = World::new(&draft());
    let check = |world: &mut World, address: &str, bytes: usize, status: &str| {
        let event = format!("dialog;id={}", "a".repeat(bytes)).leak();
        let mut carol = Watcher::new("1003", address, event);
        let answer = carol.subscribe(world, "1002", "600");
        assert!(answer.starts_with(&format!("SIP/2.0 {status} ")), "{bytes}: {answer}");
        world.sent.clear();
    };
    check(&mut world, "192.0.2.30:5060", 3000, "200");
    check(&mut world, "192.0.2.30:5062", 4100, "400");
}

#[test]
fn a_lamp_of_call_park_shows_whether_somebody_waits_there() {
    let mut draft = Draft { hold: HoldMode::PassedOn, ..draft() };
    let number = |pattern: &str, code, digits| FeatureDraft {
        pattern: PatternDraft { pattern: pattern.into(), ..PatternDraft::default() },
        number: FeatureNumber { code, object: "place".into(), digits },
    };
    draft.plan.features =
        vec![number("870", FeatureCode::DirectedPark, 0), number("*5870", FeatureCode::Retrieve, 2)];
    draft.plan.park.directed = vec![DirectedParkDraft { object: "place".into(), reversion: None }];
    let mut world = World::new(&draft);
    let mut alice = Phone::new("1001", "192.0.2.10:5060");
    let mut bob = Phone::new("1002", "192.0.2.20:5060");
    for phone in [&mut alice, &mut bob] {
        world.register(phone);
    }
    // The number where one is parked and the one with the prefix that gets him back are one lamp.
    let mut at_place = Watcher::new("1003", "192.0.2.30:5060", "dialog");
    let mut with_prefix = Watcher::new("1003", "192.0.2.31:5060", "dialog");
    with_prefix.phone.cseq_from(900);
    for (watcher, place) in [(&mut at_place, "870"), (&mut with_prefix, "*5870")] {
        let answer = watcher.subscribe(&mut world, place, "600");
        assert!(answer.starts_with("SIP/2.0 200 "), "{answer}");
        assert_eq!(calls(&watcher.notified(&mut world)), "0 full");
    }
    let (_, rung) = call(&mut world, &mut alice, &bob);
    world.from(bob.address, &bob.respond(&rung, "200 OK", &bob.sdp()));
    world.expect(&bob, "ACK ");
    let ok = world.expect(&alice, "SIP/2.0 200 ");
    alice.remote_tag = tag_of(&ok, "To").to_owned();
    let ack = alice.request("ACK", "", "");
    world.from(alice.address, &ack);
    world.silent();
    // What both lamps are told; everything else is answered.
    let lamps = |world: &mut World| -> Vec<String> {
        let mut lamps = Vec::new();
        // Lamps change once a second at most.
        for turn in 0.. {
            let Some((to, text)) = world.sent.pop_front() else {
                if turn > 100 {
                    break;
                }
                world.pass(SECOND / 20);
                continue;
            };
            let phones = [&alice, &bob, &at_place.phone, &with_prefix.phone];
            let phone = phones.into_iter().find(|phone| phone.address == to).unwrap();
            if text.starts_with("NOTIFY ") && header(&text, "Event").starts_with("dialog") {
                lamps.push(calls(&text));
            }
            if !text.starts_with("SIP/2.0 ") && !text.starts_with("ACK ") {
                world.from(to, &phone.respond(&text, "200 OK", ""));
            }
        }
        lamps
    };
    let mut bob = Phone::new("1002", "192.0.2.20:5060");
    bob.cseq_from(40);
    let refer = bob.request_back(&rung, "REFER", "");
    let refer = refer.replacen("Content-Length", "Refer-To: <sip:870@strowger.test>\r\nContent-Length", 1);
    world.from(bob.address, &refer);
    assert_eq!(lamps(&mut world), ["1 partial recipient confirmed", "1 partial recipient confirmed"]);
    let gone = alice_hangs_up(&ok);
    world.from(alice.address, &gone);
    assert_eq!(lamps(&mut world), ["2 partial recipient terminated", "2 partial recipient terminated"]);
}

/// The BYE of who called, for the call that was answered with this.
fn alice_hangs_up(ok: &str) -> String {
    let mut alice = Phone::new("1001", "192.0.2.10:5060");
    (alice.peer, alice.remote_tag) = ("1002".to_owned(), tag_of(ok, "To").to_owned());
    alice.cseq_from(70);
    let bye = alice.request("BYE", "", "");
    bye.replacen(header(&bye, "Call-ID"), header(ok, "Call-ID"), 1)
}
