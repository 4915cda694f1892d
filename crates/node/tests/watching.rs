//! Phones that watch lines, through the whole node: SUBSCRIBE and NOTIFY as text.

#![expect(clippy::unwrap_used, reason = "a test")]

#[path = "support/watcher.rs"]
mod watcher;
#[path = "support/world.rs"]
mod world;
#[path = "support/xml.rs"]
mod xml;

use std::collections::BTreeMap;
use std::time::Duration;

use strowger_base::event::RefuseReason;
use strowger_base::journal::{Entry, Registration};
use strowger_base::{FeatureCode, FeatureNumber, LineName, Rng, Secret};
use strowger_callcontrol::configuration::HoldMode;
use strowger_node::Draft;
use strowger_node::configuration::{
    DirectedParkDraft, FeatureDraft, Line, LineSecret, PartitionDraft, PatternDraft, SearchSpaceDraft,
};
use watcher::*;
use world::{Phone, World, body_of, draft, header, tag_of};

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
