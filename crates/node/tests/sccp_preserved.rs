//! Calls of SCCP phones that lose their connection while their users talk.

#[path = "support/skinny.rs"]
mod skinny;
#[path = "support/world.rs"]
mod world;

use std::time::Duration;

use skinny::{Skinnies, mixed};

use strowger_base::journal::{Entry, Registration, Told};
use strowger_phones::skinny::phone::Skinny;
use world::{Phone, World, tag_of};

/// 2001 and 2002 talk, and 2001 loses its connection.
fn cut() -> (World, Skinnies, Skinny) {
    let (mut world, mut phones) = (World::new(&mixed()), Skinnies::new());
    phones.comes(&mut world, 11, "2001", 17);
    phones.comes(&mut world, 12, "2002", 22);
    phones.does(&mut world, 11, |phone| phone.calls_number("2002"));
    phones.presses(&mut world, 12, "Answer");
    let phone = phones.is_cut(&mut world, 11);
    assert_eq!(phone.display(), ["goes on, Zoë 2001 to Yves 2002"]);
    assert!(phone.talks() && phones.phone(12).talks(), "what they say does not pass here");
    (world, phones, phone)
}

/// Everybody is idle, and nothing is left of any call.
fn all_is_over(world: &mut World, phones: &mut Skinnies, streams: &[u64]) {
    phones.settle(world);
    for stream in streams {
        let phone = phones.phone(*stream);
        assert_eq!((phones.shows(*stream), phone.ports.len(), phone.speaker), (String::new(), 0, false));
    }
    world.settled();
}

#[test]
fn a_phone_that_comes_back_with_its_media_has_its_call_again() {
    let (mut world, mut phones, phone) = cut();
    phones.connects(&mut world, 13, phone);
    assert_eq!(phones.shows(13), "reads \"Connected\", Zoë 2001 to Yves 2002");
    phones.presses(&mut world, 13, "Hold");
    assert_eq!(phones.shows(13), "holds, Zoë 2001 to Yves 2002");
    assert!(!phones.phone(13).talks());
    phones.presses(&mut world, 13, "Resume");
    assert!(phones.phone(13).talks() && phones.phone(12).talks());
    phones.presses(&mut world, 13, "EndCall");
    all_is_over(&mut world, &mut phones, &[12, 13]);
}

#[test]
fn its_receiver_put_down_ends_the_call_that_it_took_back() {
    let (mut world, mut phones, phone) = cut();
    phones.connects(&mut world, 13, phone);
    phones.does(&mut world, 13, |phone| phone.puts_down());
    all_is_over(&mut world, &mut phones, &[12, 13]);
}

#[test]
fn a_phone_whose_user_hung_up_meanwhile_ends_the_call_when_it_comes_back() {
    let (mut world, mut phones, mut phone) = cut();
    phone.puts_down();
    assert!(!phone.talks());
    phones.connects(&mut world, 13, phone);
    all_is_over(&mut world, &mut phones, &[12, 13]);
}

#[test]
fn the_party_hangs_up_while_the_phone_is_away() {
    let (mut world, mut phones, phone) = cut();
    phones.presses(&mut world, 12, "EndCall");
    all_is_over(&mut world, &mut phones, &[12]);
    // It is told when it is back.
    assert!(phone.talks());
    phones.connects(&mut world, 13, phone);
    all_is_over(&mut world, &mut phones, &[12, 13]);
}

/// Cut between what its user did and what the other side says to that.
#[test]
fn a_call_that_was_being_taken_back_is_heard_again_when_the_phone_is_there() {
    let (mut world, mut phones) = (World::new(&mixed()), Skinnies::new());
    let mut alice = Phone::new("1001", "192.0.2.10:5060");
    world.register(&mut alice);
    phones.comes(&mut world, 11, "2001", 17);
    phones.does(&mut world, 11, |phone| phone.calls_number("1001"));
    let invite = world.expect(&alice, "INVITE ");
    world.from(alice.address, &alice.respond(&invite, "200 OK", &alice.sdp()));
    phones.settle(&mut world);
    world.expect(&alice, "ACK ");
    phones.presses(&mut world, 11, "Hold");
    let held = world.expect(&alice, "INVITE ");
    world.from(alice.address, &alice.respond(&held, "200 OK", &alice.sdp()));
    phones.settle(&mut world);
    world.expect(&alice, "ACK ");
    phones.presses(&mut world, 11, "Resume");
    let resumed = world.expect(&alice, "INVITE ");
    let phone = phones.is_cut(&mut world, 11);
    world.from(alice.address, &alice.respond(&resumed, "200 OK", &alice.sdp()));
    phones.settle(&mut world);
    world.expect(&alice, "ACK ");
    phones.connects(&mut world, 12, phone);
    let again = world.expect(&alice, "INVITE ");
    world.from(alice.address, &alice.respond(&again, "200 OK", &alice.sdp()));
    phones.settle(&mut world);
    world.expect(&alice, "ACK ");
    assert!(phones.phone(12).talks(), "{:?}", phones.phone(12));
    phones.presses(&mut world, 12, "EndCall");
    let bye = world.expect(&alice, "BYE ");
    world.from(alice.address, &alice.respond(&bye, "200 OK", ""));
    all_is_over(&mut world, &mut phones, &[12]);
}

/// The party is parked while the phone is away, and got back by somebody else: the phone that comes back hears who is there now.
#[test]
fn who_is_moved_while_the_phone_is_away_is_heard_when_it_is_back() {
    let (mut world, mut phones) = (World::new(&mixed()), Skinnies::new());
    for (stream, number) in [(11, "2001"), (12, "2002"), (13, "2003")] {
        phones.comes(&mut world, stream, number, 17);
    }
    phones.does(&mut world, 11, |phone| phone.calls_number("2002"));
    phones.presses(&mut world, 12, "Answer");
    let phone = phones.is_cut(&mut world, 11);
    phones.presses(&mut world, 12, "Transfer");
    phones.does(&mut world, 12, |phone| phone.dials("2003"));
    world.pass(Duration::from_secs(15));
    phones.settle(&mut world);
    phones.presses(&mut world, 13, "Answer");
    phones.presses(&mut world, 12, "Transfer");
    phones.connects(&mut world, 14, phone);
    assert_eq!(phones.shows(14), "reads \"Connected\", Zoë 2001 to Xena 2003");
    // Nobody was there who could have been told where it hears: it was put on hold.
    phones.presses(&mut world, 13, "Resume");
    let port = |of: u64| {
        let phone = phones.phone(of);
        let (_, port, _) = phone.ports.values().next().expect("an open port");
        format!("{}:{port}", std::net::Ipv4Addr::from(phone.ip))
    };
    let sends = |of: u64| {
        phones.phone(of).sending.values().next().unwrap_or_else(|| panic!("{:?}", phones.phone(of))).0.clone()
    };
    assert_eq!((sends(13), sends(14)), (port(14), port(13)));
    phones.presses(&mut world, 14, "EndCall");
    all_is_over(&mut world, &mut phones, &[12, 13, 14]);
}

#[test]
fn the_party_can_hold_the_call_and_take_it_back_when_the_phone_is_there_again() {
    let (mut world, mut phones, phone) = cut();
    phones.presses(&mut world, 12, "Hold");
    phones.presses(&mut world, 12, "Resume");
    assert!(phones.shows(12).starts_with("holds, "), "the phone cannot be told of a new port");
    phones.connects(&mut world, 13, phone);
    phones.presses(&mut world, 12, "Resume");
    assert!(phones.phone(13).talks() && phones.phone(12).talks());
    phones.presses(&mut world, 12, "EndCall");
    all_is_over(&mut world, &mut phones, &[12, 13]);
}

#[test]
fn a_phone_that_loses_its_connection_twice_has_its_call_still() {
    let (mut world, mut phones, phone) = cut();
    phones.connects(&mut world, 13, phone);
    let phone = phones.is_cut(&mut world, 13);
    assert!(phone.talks() && phones.phone(12).talks());
    phones.connects(&mut world, 14, phone);
    phones.presses(&mut world, 14, "EndCall");
    all_is_over(&mut world, &mut phones, &[12, 14]);
}

#[test]
fn both_lose_their_connections_and_both_come_back() {
    let (mut world, mut phones, one) = cut();
    let other = phones.is_cut(&mut world, 12);
    assert!(one.talks() && other.talks());
    phones.connects(&mut world, 13, one);
    phones.connects(&mut world, 14, other);
    phones.presses(&mut world, 14, "EndCall");
    all_is_over(&mut world, &mut phones, &[13, 14]);
}

#[test]
fn what_rings_and_what_is_held_ends_with_the_connection() {
    let (mut world, mut phones) = (World::new(&mixed()), Skinnies::new());
    phones.comes(&mut world, 11, "2001", 17);
    phones.comes(&mut world, 12, "2002", 17);
    phones.does(&mut world, 11, |phone| phone.calls_number("2002"));
    phones.is_cut(&mut world, 12);
    assert_ne!(phones.shows(11), "calls Yves 2002", "nobody rings any more");
    phones.does(&mut world, 11, |phone| phone.puts_down());
    all_is_over(&mut world, &mut phones, &[11]);
}

/// Minutes in which a phone says all the while that it is there.
fn keeps(world: &mut World, phones: &mut Skinnies, stream: u64, minutes: u64) {
    for _ in 0..minutes * 2 {
        world.pass(Duration::from_secs(30));
        phones.does(world, stream, Skinny::says_that_it_is_there);
    }
}

#[test]
fn nobody_holds_a_call_for_ever_whose_phone_never_comes_back() {
    let (mut world, mut phones, _) = cut();
    keeps(&mut world, &mut phones, 12, 12 * 60 - 1);
    assert!(phones.phone(12).talks());
    keeps(&mut world, &mut phones, 12, 2);
    all_is_over(&mut world, &mut phones, &[12]);
}

#[test]
fn the_story_of_the_call_tells_it() {
    let (world, ..) = cut();
    let records = world.records();
    let told = records.iter().any(|record| match &record.entry {
        Entry::Message { bytes, .. } => {
            String::from_utf8_lossy(bytes).contains("connection-lost, the call goes on")
        }
        _ => false,
    });
    assert!(told, "{records:?}");
    let gone = records
        .iter()
        .any(|record| matches!(&record.entry, Entry::Registration(Registration::StationGone { .. })));
    assert!(gone);
}

#[test]
fn a_sip_phone_is_refused_a_change_and_may_say_the_same_again() {
    let (mut world, mut phones) = (World::new(&mixed()), Skinnies::new());
    let mut alice = Phone::new("1001", "192.0.2.10:5060");
    world.register(&mut alice);
    phones.comes(&mut world, 11, "2001", 17);
    world.invite(&mut alice, "2001");
    phones.settle(&mut world);
    let ringing = world.expect(&alice, "SIP/2.0 180 ");
    phones.presses(&mut world, 11, "Answer");
    world.expect(&alice, "SIP/2.0 200 ");
    alice.remote_tag = tag_of(&ringing, "To").to_owned();
    let ack = alice.request("ACK", "", "");
    world.from(alice.address, &ack);
    phones.settle(&mut world);
    let phone = phones.is_cut(&mut world, 11);
    assert!(phone.talks());
    let elsewhere = alice.sdp().replace("m=audio 4000", "m=audio 4002");
    for (sdp, expect) in [(elsewhere, "SIP/2.0 4"), (alice.sdp(), "SIP/2.0 200 ")] {
        let again = alice.request("INVITE", "", &sdp);
        world.from(alice.address, &again);
        phones.settle(&mut world);
        world.expect(&alice, "SIP/2.0 100 ");
        world.expect(&alice, expect);
        let ack = alice.request("ACK", "", "");
        world.from(alice.address, &ack);
    }
    let bye = alice.request("BYE", "", "");
    world.from(alice.address, &bye);
    world.expect(&alice, "SIP/2.0 200 ");
    all_is_over(&mut world, &mut phones, &[]);
}

#[test]
fn a_phone_that_comes_anew_as_by_the_clock_is_told_of_once() {
    let (mut world, mut phones) = (World::new(&mixed()), Skinnies::new());
    phones.comes(&mut world, 11, "2001", 17);
    for stream in 12..18 {
        let mut phone = phones.is_cut(&mut world, stream - 1);
        phone.told = "14: Name=SEP Last=TCP-Closed".to_owned();
        world.pass(Duration::from_secs(3600));
        phones.connects(&mut world, stream, phone);
    }
    let told: Vec<String> = world
        .records()
        .iter()
        .filter_map(|record| match &record.entry {
            Entry::Registration(Registration::StationTold { what: "comes-regularly", words, .. }) => {
                Some((*words).to_owned())
            }
            _ => None,
        })
        .collect();
    assert_eq!(told, ["it comes anew every 3600 s, as with the lease of its address"]);
}

#[test]
fn how_a_call_sounded_that_ended_meanwhile_is_told_of_that_call() {
    let (mut world, mut phones, phone) = cut();
    let reported = |world: &World| {
        let reported = |entry: &Entry<'_>| matches!(entry, Entry::Told(Told::Quality(_)));
        let records = world.records();
        let of = records.iter().filter(|record| reported(&record.entry));
        of.map(|record| record.leg.expect("a leg")).collect::<Vec<_>>()
    };
    let caller = world.records().iter().find_map(|record| record.call.and(record.leg)).expect("a leg");
    phones.presses(&mut world, 12, "EndCall");
    phones.settle(&mut world);
    assert!(!reported(&world).contains(&caller), "nobody is there who could tell");
    phones.connects(&mut world, 13, phone);
    all_is_over(&mut world, &mut phones, &[12, 13]);
    assert!(reported(&world).contains(&caller), "{:?}", reported(&world));
}

/// Nobody is left who would hang up: the call is over after two hours, unless one of the two is back by then.
#[test]
fn a_call_whose_both_phones_are_gone_for_good_does_not_last_for_ever() {
    for comes_back in [false, true] {
        let (mut world, mut phones, phone) = cut();
        let other = phones.is_cut(&mut world, 12);
        assert!(phone.talks() && other.talks());
        if comes_back {
            phones.connects(&mut world, 13, other);
            keeps(&mut world, &mut phones, 13, 119);
            assert!(phones.phone(13).talks());
            keeps(&mut world, &mut phones, 13, 2);
            assert_eq!((world.calls().len(), phones.phone(13).talks()), (0, true));
            phones.presses(&mut world, 13, "EndCall");
            phones.settle(&mut world);
        } else {
            world.pass(Duration::from_secs(2 * 3600 - 1));
            assert_eq!(world.calls().len(), 0);
            world.pass(Duration::from_secs(1));
        }
        assert_eq!(world.calls().len(), 1);
        world.settled();
    }
}
