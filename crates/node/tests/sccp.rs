//! Phones that speak SCCP, among themselves and with phones that speak SIP.

#[path = "support/skinny.rs"]
mod skinny;
#[path = "support/world.rs"]
mod world;

use std::sync::Arc;
use std::time::Duration;

use skinny::{Skinnies, device, mixed};
use strowger_base::journal::{Entry, Registration, ReportedQuality, Told};
use strowger_base::leg::AudioSource;
use strowger_base::net::StreamId;
use strowger_base::{Cause, Language};
use strowger_callcontrol::configuration::{
    AnnouncedSound, AnnouncedTo, Announcement, Barging, Increment, MulticastMusic, NoticeSound, PickupGroup,
    PickupNotice,
};
use strowger_dialplan::resources::{Function, Resource};
use strowger_media::control::{Command, Report};
use strowger_node::configuration::{LineSecret, PhoneDraft};
use strowger_node::io::{Answer, BeginAnew, BegunAnew, PushRefused, Pushed, Question, UserSetting};
use strowger_phones::skinny::phone;
use strowger_phones::skinny::phone::Skinny;
use strowger_sccp::codes::ButtonType;
use strowger_sccp::station::device::{Assignment, Device, WhenRung};
use strowger_sccp::{CodePage, Text};
use world::{Phone, World, body_of, header};

/// 2001 and 2002 at streams 11 and 12.
fn scene(version: u8) -> (World, Skinnies) {
    let (mut world, mut phones) = (World::new(&mixed()), Skinnies::new());
    phones.comes(&mut world, 11, "2001", version);
    phones.comes(&mut world, 12, "2002", version);
    (world, phones)
}

#[track_caller]
fn talk(phones: &Skinnies, one: u64, other: u64) {
    assert_eq!(
        (phones.shows(one).contains("Connected"), phones.shows(other).contains("Connected")),
        (true, true),
        "{} and {}",
        phones.shows(one),
        phones.shows(other)
    );
    let port = |of: u64| {
        let (_, port, codec) = phones.phone(of).ports.values().next().expect("an open port");
        (format!("192.0.2.{of}:{port}"), *codec)
    };
    let sends = |of: u64| {
        let (address, codec, _) = phones.phone(of).sending.values().next().expect("it sends");
        (address.clone(), *codec)
    };
    assert_eq!((sends(one), sends(other)), (port(other), port(one)));
}

#[test]
fn a_phone_of_every_generation_registers_and_calls_another() {
    for version in [3, 5, 8, 11, 15, 16, 17, 18, 20, 22] {
        let (mut world, mut phones) = scene(version);
        let phone = phones.phone(11);
        assert!(phone.registered, "version {version}");
        assert_eq!((phone.keepalive, phone.buttons.as_slice()), (30, &[(9, 1)][..]));
        assert_eq!(phone.lines[&1], ["2001", "Zoë", "2001"]);
        phones.does(&mut world, 11, |phone| phone.lifts());
        assert_eq!(phones.phone(11).calls.values().next().expect("a call").tone, 0x21, "dial tone");
        phones.does(&mut world, 11, |phone| phone.dials("2002"));
        assert_eq!(
            (phones.shows(11), phones.shows(12)),
            ("calls 2002".into(), "is called by Zoë 2001".into())
        );
        assert_eq!(
            (phones.phone(12).ringer, phones.phone(11).calls.values().next().expect("a call").tone),
            (2, 0x24)
        );
        phones.presses(&mut world, 12, "Answer");
        talk(&phones, 11, 12);
        phones.does(&mut world, 11, |phone| phone.puts_down());
        assert_eq!((phones.shows(11), phones.shows(12)), (String::new(), String::new()));
        assert!(!phones.phone(12).talks() && phones.phone(12).ports.is_empty());
        assert_eq!(world.calls().len(), 1);
        phones.settle(&mut world);
        world.settled();
    }
}

#[test]
fn it_calls_a_sip_phone_and_is_called_by_one() {
    let (mut world, mut phones) = scene(17);
    let mut alice = Phone::new("1001", "192.0.2.10:5060");
    world.register(&mut alice);
    phones.does(&mut world, 11, |phone| phone.calls_number("1001"));
    let invite = world.expect(&alice, "INVITE ");
    assert_eq!(body_of(&invite), "", "its own port is not known yet: {invite}");
    world.from(alice.address, &alice.respond(&invite, "180 Ringing", ""));
    phones.settle(&mut world);
    assert_eq!(phones.shows(11), "calls 1001");
    world.from(alice.address, &alice.respond(&invite, "200 OK", &alice.sdp()));
    phones.settle(&mut world);
    let ack = world.expect(&alice, "ACK ");
    let port = phones.phone(11).ports.values().next().expect("an open port").1;
    assert!(body_of(&ack).contains(&format!("m=audio {port} RTP/AVP 8")), "{ack}");
    let (address, codec, _) = phones.phone(11).sending.values().next().cloned().expect("it sends");
    assert_eq!((address.as_str(), codec), ("192.0.2.10:4000", 2));
    phones.presses(&mut world, 11, "EndCall");
    let bye = world.expect(&alice, "BYE ");
    world.from(alice.address, &alice.respond(&bye, "200 OK", ""));

    world.invite(&mut alice, "2001");
    phones.settle(&mut world);
    let ringing = world.expect(&alice, "SIP/2.0 180 ");
    assert_eq!(phones.shows(11), "is called by Alice 1001");
    phones.does(&mut world, 11, |phone| phone.lifts());
    let answer = world.expect(&alice, "SIP/2.0 200 ");
    assert!(body_of(&answer).contains("c=IN IP4 192.0.2.11"), "{answer}");
    alice.remote_tag = world::tag_of(&ringing, "To").to_owned();
    let ack = alice.request("ACK", "", "");
    world.from(alice.address, &ack);
    phones.settle(&mut world);
    assert!(phones.phone(11).talks());
    let bye = alice.request("BYE", "", "");
    world.from(alice.address, &bye);
    world.expect(&alice, "SIP/2.0 200 ");
    phones.settle(&mut world);
    assert_eq!(phones.shows(11), "");
    assert!(header(&answer, "Contact").contains("sip:"));
    phones.settle(&mut world);
    world.settled();
}

#[test]
fn a_new_registration_says_why_it_came_and_without_media_ends_the_calls_of_the_last_one() {
    let (mut world, mut phones) = scene(17);
    phones.does(&mut world, 11, |phone| phone.calls_number("2002"));
    phones.presses(&mut world, 12, "Answer");
    talk(&phones, 11, 12);
    drop(phones.is_cut(&mut world, 11));
    assert!(phones.phone(12).talks(), "what they say does not pass here");
    assert_eq!(world.registered(), [("2002".to_owned(), None)]);
    let mut again = phone::Skinny::new(&device("2001"), 17, [192, 0, 2, 13]);
    again.told = "14: Name=SEP Last=TCP-Closed".to_owned();
    phones.connects(&mut world, 13, again);
    assert_eq!(phones.shows(12), "");
    let told: Vec<String> = world
        .records()
        .iter()
        .filter_map(|record| match &record.entry {
            Entry::Registration(Registration::StationArrived { device, why, .. }) => {
                Some(format!("{device} came: {why}"))
            }
            Entry::Registration(Registration::StationGone { device, why, .. }) => {
                Some(format!("{device} went: {why}"))
            }
            _ => None,
        })
        .collect();
    let (one, other) = (device("2001"), device("2002"));
    assert_eq!(
        told,
        [
            format!("{one} came: started"),
            format!("{other} came: started"),
            format!("{one} went: connection-lost"),
            format!("{one} came: connection-lost"),
        ]
    );
    world.pass(Duration::from_secs(89));
    phones.settle(&mut world);
    assert_eq!(world.registered().len(), 2);
    world.pass(Duration::from_secs(2));
    assert_eq!(world.registered(), [], "nobody said that it is there");
}

#[test]
fn a_phone_that_nobody_has_configured_waits_until_somebody_does_and_calls() {
    let mut draft = mixed();
    let settings = &mut draft.stations.settings;
    settings.strangers = strowger_sccp::station::io::Strangers::Welcome;
    let all = draft.clone();
    // 2003 is not configured yet.
    draft.lines.retain(|line| *line.number != *"2003");
    draft.stations.stations.retain(|station| *station.name != *device("2003"));
    let (mut world, mut phones) = (World::new(&draft), Skinnies::new());
    phones.comes(&mut world, 11, "2001", 17);
    phones.comes(&mut world, 13, "2003", 17);
    let name: Box<str> = device("2003").into();
    assert_eq!((&world.strangers[..], phones.phone(13).registered), (&[name.clone()][..], false));
    let configuration = all.build().unwrap_or_else(|errors| panic!("{errors:?}"));
    world.input(strowger_node::Input::Configure(std::sync::Arc::new(configuration)));
    phones.settle(&mut world);
    assert_eq!((phones.phone(13).registered, phones.phone(13).reset), (true, None));
    phones.does(&mut world, 13, |phone| phone.calls_number("2001"));
    phones.presses(&mut world, 11, "Answer");
    talk(&phones, 13, 11);
    // And one that will not be.
    phones.comes(&mut world, 14, "2009", 17);
    assert_eq!(world.strangers.len(), 2);
    world.input(strowger_node::Input::Unwelcome { name: device("2009").into() });
    phones.settle(&mut world);
    assert_eq!(phones.phone(14).rejected.as_deref(), Some("Device is not configured"));
}

#[test]
fn a_call_is_held_and_taken_back() {
    let (mut world, mut phones) = scene(17);
    phones.does(&mut world, 11, |phone| phone.calls_number("2002"));
    phones.presses(&mut world, 12, "Answer");
    talk(&phones, 11, 12);
    phones.presses(&mut world, 11, "Hold");
    assert!(phones.phone(11).ports.is_empty(), "nothing is heard there");
    assert_eq!(phones.shows(11), "holds, Zoë 2001 to Yves 2002");
    assert!(phones.shows(12).contains("Connected"));
    phones.presses(&mut world, 11, "Resume");
    talk(&phones, 11, 12);
    phones.presses(&mut world, 12, "EndCall");
    assert_eq!((phones.shows(11), phones.shows(12)), (String::new(), String::new()));
    phones.settle(&mut world);
    world.settled();
}

/// What phones reported of how it sounded: packets sent, lost, and their own score.
/// Whoever is held hears what goes out to all at 239.1.1.1 and the addresses after it, where its phone does that.
fn with_multicast_music(wants: impl Fn(&str) -> bool) -> strowger_node::Draft {
    let mut draft = mixed();
    let media = &mut draft.media;
    media.in_use = true;
    let resource =
        Resource { function: Function::MusicOnHold, is_trusted: false, capacity: None, is_device: false };
    media.table.add("moh", resource);
    media.table.group("office", ["moh"]);
    media.table.list("all", ["office"]);
    let base = "239.1.1.1:16384".parse().expect("an address");
    let music = MulticastMusic { base, increment: Increment::Address, ttl: 4, always: false };
    media.multicast.insert("moh".into(), music);
    media.multicast_groups.insert("office".into());
    for line in &mut draft.lines {
        let unicast = !wants(&line.number);
        for phone in &mut line.phones {
            (phone.media.list, phone.media.unicast_music) = (Some("all".into()), unicast);
        }
    }
    draft
}

#[test]
fn who_is_held_listens_with_all_others_until_the_call_goes_on() {
    for version in [3, 11, 16, 17, 22] {
        let (mut world, mut phones) = (World::new(&with_multicast_music(|_| true)), Skinnies::new());
        phones.comes(&mut world, 11, "2001", version);
        phones.comes(&mut world, 12, "2002", version);
        phones.does(&mut world, 11, |phone| phone.calls_number("2002"));
        phones.presses(&mut world, 12, "Answer");
        talk(&phones, 11, 12);
        phones.presses(&mut world, 12, "Hold");
        let held = phones.phone(11);
        let hears: Vec<_> = held.listening.values().map(|(_, at, codec)| (at.as_str(), *codec)).collect();
        assert_eq!(hears, [("239.1.1.1:16384", 4)], "version {version}");
        assert!(held.ports.is_empty() && held.sending.is_empty());
        phones.presses(&mut world, 12, "Resume");
        talk(&phones, 11, 12);
        assert!(phones.phone(11).listening.is_empty());
        // The end of the call ends it too.
        phones.presses(&mut world, 12, "Hold");
        assert_eq!(phones.phone(11).listening.len(), 1);
        phones.presses(&mut world, 11, "EndCall");
        assert!(phones.phone(11).listening.is_empty() && phones.shows(11).is_empty());
        phones.settle(&mut world);
        world.settled();
    }
}

#[test]
fn who_cannot_listen_with_others_or_shall_not_is_sent_music_of_its_own() {
    let check = |draft: &strowger_node::Draft, deaf: bool| {
        let (mut world, mut phones) = (World::new(draft), Skinnies::new());
        let mut phone = Skinny::new(&device("2001"), 17, [192, 0, 2, 11]);
        phone.hears_no_groups = deaf;
        phones.connects(&mut world, 11, phone);
        phones.comes(&mut world, 12, "2002", 17);
        phones.does(&mut world, 11, |phone| phone.calls_number("2002"));
        phones.presses(&mut world, 12, "Answer");
        phones.presses(&mut world, 12, "Hold");
        let held = phones.phone(11);
        assert!(held.listening.is_empty());
        assert_eq!(held.ports.len(), 1, "it has a port for its own music");
        phones.presses(&mut world, 12, "Resume");
        talk(&phones, 11, 12);
        phones.presses(&mut world, 12, "EndCall");
        phones.settle(&mut world);
        world.settled();
    };
    check(&with_multicast_music(|_| true), true);
    check(&with_multicast_music(|number| number != "2001"), false);
}

#[test]
fn a_phone_without_utf_8_reads_names_in_its_code_page() {
    let mut draft = mixed();
    for station in &mut draft.stations.stations {
        let mut device = Device::clone(&station.device);
        device.code_page = CodePage::of(Language::Polish);
        for button in &mut device.buttons {
            if let Assignment::Line(line) = button {
                line.name = Text::from("Łódź");
            }
        }
        station.device = Arc::new(device);
    }
    let (mut world, mut phones) = (World::new(&draft), Skinnies::new());
    for (stream, number, old) in [(11, "2001", true), (12, "2002", false)] {
        let mut phone = Skinny::new(&device(number), 11, [192, 0, 2, stream as u8]);
        phone.no_utf_8 = old;
        phones.connects(&mut world, stream, phone);
    }
    // The bytes of ISO 8859-2, which the model takes for those of ISO 8859-1.
    assert_eq!(phones.phone(11).lines[&1][1], "£ód¼");
    assert_eq!(phones.phone(12).lines[&1][1], "Łódź");
}

fn reported(world: &World) -> Vec<(u32, u32, Option<u16>)> {
    let records = world.records();
    let of = |entry: &Entry<'_>| match entry {
        Entry::Told(Told::Quality(ReportedQuality { packets_sent, packets_lost, opinion_score, .. })) => {
            Some((*packets_sent, *packets_lost, *opinion_score))
        }
        _ => None,
    };
    records.iter().filter_map(|record| of(&record.entry)).collect()
}

#[test]
fn every_generation_tells_how_calls_sounded_and_nobody_waits_for_it() {
    for version in [3, 5, 8, 11, 15, 16, 17, 18, 19, 20, 21, 22] {
        let (mut world, mut phones) = scene(version);
        let score = (version > 8).then_some(450);
        phones.does(&mut world, 11, |phone| phone.calls_number("2002"));
        phones.presses(&mut world, 12, "Answer");
        phones.does(&mut world, 11, |phone| phone.puts_down());
        assert_eq!(reported(&world), [(500, 2, score), (500, 2, score)], "version {version}");
        phones.settle(&mut world);
        world.settled();
    }
    let (mut world, mut phones) = scene(17);
    phones.phones.values_mut().for_each(|phone| phone.mute_statistics = true);
    for _ in 0..20 {
        phones.does(&mut world, 11, |phone| phone.calls_number("2002"));
        phones.presses(&mut world, 12, "Answer");
        talk(&phones, 11, 12);
        phones.does(&mut world, 11, |phone| phone.puts_down());
        assert_eq!((phones.shows(11), phones.shows(12)), (String::new(), String::new()));
    }
    assert_eq!(reported(&world), []);
    phones.settle(&mut world);
    world.settled();
}

#[test]
fn a_party_is_transferred_with_and_without_consultation() {
    for consults in [true, false] {
        let (mut world, mut phones) = scene(22);
        phones.comes(&mut world, 13, "2003", 8);
        phones.does(&mut world, 11, |phone| phone.calls_number("2002"));
        phones.presses(&mut world, 12, "Answer");
        phones.presses(&mut world, 12, "Transfer");
        phones.does(&mut world, 12, |phone| phone.dials("2003"));
        assert_eq!(phones.shows(13), "is called by Yves 2002");
        if consults {
            phones.presses(&mut world, 13, "Answer");
            talk(&phones, 12, 13);
        }
        phones.presses(&mut world, 12, "Transfer");
        if !consults {
            assert_eq!(phones.shows(13), "is called by Zoë 2001");
            phones.presses(&mut world, 13, "Answer");
        }
        assert_eq!(phones.shows(12), "", "{consults}");
        talk(&phones, 11, 13);
        phones.presses(&mut world, 11, "EndCall");
        assert_eq!((phones.shows(11), phones.shows(13)), (String::new(), String::new()));
        phones.settle(&mut world);
        world.settled();
    }
}

#[test]
fn a_speed_dial_and_a_busy_lamp_call_and_messages_are_shown() {
    let mut draft = mixed();
    let mut device = strowger_sccp::station::device::Device::clone(&draft.stations.stations[0].device);
    let text = strowger_sccp::Text::from;
    let (number, label, rung) = (text("2002"), text("Yves"), Default::default());
    device.buttons.push(strowger_sccp::station::device::Assignment::BusyLamp { number, label, rung });
    let (number, label) = (text("2003"), text("Xena"));
    device.buttons.push(strowger_sccp::station::device::Assignment::SpeedDial { number, label });
    draft.stations.stations[0].device = std::sync::Arc::new(device);
    draft.lines.iter_mut().find(|line| &*line.number == "2001").expect("the line").phones[0].speed_dials =
        vec!["2003".into()];
    // Of an old phone a busy lamp is one more line, and its lamp says how it is.
    for (version, lamp, lights) in [(22, (0x15, 1), [1, 4, 2]), (11, (0x09, 2), [1, 5, 2])] {
        let (mut world, mut phones) = (World::new(&draft), Skinnies::new());
        phones.comes(&mut world, 11, "2001", version);
        phones.comes(&mut world, 12, "2002", version);
        phones.comes(&mut world, 13, "2003", version);
        if version < 15 {
            assert_eq!(phones.phone(11).lines[&2], ["2002", "Yves", "Yves"].map(str::to_owned));
        }
        phones.does(&mut world, 11, |phone| phone.pushes(lamp.0, lamp.1));
        assert_eq!(phones.shows(12), "is called by Zoë 2001", "version {version}");
        phones.does(&mut world, 11, |phone| phone.puts_down());
        phones.does(&mut world, 11, |phone| phone.pushes(0x02, 1));
        assert_eq!(phones.shows(13), "is called by Zoë 2001", "version {version}");
        phones.does(&mut world, 11, |phone| phone.puts_down());
        let lit = |phones: &Skinnies| match lamp {
            (0x15, place) => phones.phone(11).features.get(&place).map(|(status, _)| *status),
            _ => phones.phone(11).lamps.get(&lamp).copied(),
        };
        assert_eq!(lit(&phones), Some(lights[0]), "nobody talks there");
        phones.does(&mut world, 13, |phone| phone.calls_number("2002"));
        passes(&mut world, &mut phones);
        assert_eq!(lit(&phones), Some(lights[1]), "it rings there");
        phones.presses(&mut world, 12, "Answer");
        passes(&mut world, &mut phones);
        assert_eq!(lit(&phones), Some(lights[2]), "somebody talks there");
        phones.does(&mut world, 13, |phone| phone.puts_down());
        passes(&mut world, &mut phones);
        assert_eq!(lit(&phones), Some(lights[0]), "nobody talks there");
        let change = Some(strowger_base::watch::MailboxChange::Turn(strowger_base::feature::Turn::On));
        world.ask(strowger_node::io::Question::Messages { line: "2001".into(), change });
        phones.settle(&mut world);
        assert_eq!(phones.shows(11), "sees that messages wait");
        // It is shown to a phone that comes later, too.
        drop(phones.is_cut(&mut world, 11));
        phones.comes(&mut world, 14, "2001", version);
        assert_eq!(phones.shows(14), "sees that messages wait");
        phones.settle(&mut world);
        world.settled();
    }
}

#[test]
fn a_changed_phone_begins_anew_when_its_call_is_over() {
    let (mut world, mut phones) = scene(17);
    phones.does(&mut world, 11, |phone| phone.calls_number("2002"));
    let mut draft = mixed();
    draft.stations.stations[0] = skinny::station("2001", &[("2001", "Zoe")]);
    let configuration = draft.build().unwrap_or_else(|errors| panic!("{errors:?}"));
    world.input(strowger_node::Input::Configure(std::sync::Arc::new(configuration)));
    phones.settle(&mut world);
    assert_eq!(phones.phone(11).reset, None, "it has a call");
    phones.does(&mut world, 11, |phone| phone.puts_down());
    assert_eq!((phones.phone(11).reset, phones.phone(12).reset), (Some(2), None));
    phones.settle(&mut world);
    world.settled();
}

/// 2001 stands on the phones at streams 11 and 12, 2002 at 13; 1001 is that of SIP.
fn shared_draft(barge: Barging) -> strowger_node::Draft {
    let mut draft = mixed();
    draft.conferences.barge = barge;
    let phone = |number: &str| PhoneDraft::new(&device(number), LineSecret::Station);
    let line = draft.lines.iter_mut().find(|line| &*line.number == "2001").expect("a line");
    line.phones.push(phone("9001"));
    draft.stations.stations.push(skinny::station("9001", &[("2001", "Zoë")]));
    draft
}

fn shared_scene() -> (World, Skinnies) {
    shared_scene_with(Barging::Conference)
}

fn shared_scene_with(barge: Barging) -> (World, Skinnies) {
    let (mut world, mut phones) = (World::new(&shared_draft(barge)), Skinnies::new());
    phones.comes(&mut world, 11, "2001", 17);
    phones.comes(&mut world, 12, "9001", 8);
    phones.comes(&mut world, 13, "2002", 22);
    (world, phones)
}

/// What was told together is told.
fn passes(world: &mut World, phones: &mut Skinnies) {
    world.pass(Duration::from_secs(1));
    phones.settle(world);
}

#[test]
fn a_shared_line_is_seen_in_use_at_its_other_phone_which_comes_into_the_call_and_takes_it() {
    let (mut world, mut phones) = shared_scene();
    phones.does(&mut world, 13, |phone| phone.calls_number("2001"));
    assert_eq!(phones.shows(12), "is called by Yves 2002", "it rings at both");
    phones.presses(&mut world, 11, "Answer");
    passes(&mut world, &mut phones);
    assert_eq!(phones.shows(12), "sees the line in use");
    let call = phones.phone(12).calls.values().next().expect("a call");
    assert_eq!((call.prompt.as_str(), call.calling[0].as_str()), ("In Use Remote", "2002"));
    assert_eq!(phones.phone(12).lamps.get(&(9, 1)), Some(&2), "lit");
    assert_eq!(phones.phone(12).shown_keys(), ["NewCall", "Barge", "cBarge"]);
    // It is held here, and goes on there.
    phones.presses(&mut world, 11, "Hold");
    passes(&mut world, &mut phones);
    assert_eq!(phones.shows(12), "holds, Yves 2002 to Zoë 2001");
    assert_eq!(phones.phone(12).lamps.get(&(9, 1)), Some(&3), "it winks");
    phones.presses(&mut world, 12, "Resume");
    passes(&mut world, &mut phones);
    talk(&phones, 12, 13);
    assert_eq!(phones.shows(11), "sees the line in use");
    // The first phone comes into it.
    phones.presses(&mut world, 11, "cBarge");
    passes(&mut world, &mut phones);
    let (one, other) = (phones.shows(11), phones.shows(12));
    assert!(one.contains("Connected") && other.contains("Connected"), "{one} and {other}");
    for stream in [11, 12, 13] {
        phones.does(&mut world, stream, |phone| phone.hangs_up_all());
    }
    passes(&mut world, &mut phones);
    assert_eq!((phones.shows(11), phones.shows(12), phones.shows(13)), Default::default());
    assert_eq!(phones.phone(12).lamps.get(&(9, 1)), Some(&1), "dark");
    phones.settle(&mut world);
    world.settled();
}

#[test]
fn of_a_private_call_other_phones_see_that_there_is_one() {
    let (mut world, mut phones) = shared_scene();
    phones.does(&mut world, 11, |phone| phone.calls_number("2002"));
    phones.presses(&mut world, 13, "Answer");
    phones.presses(&mut world, 11, "Private");
    passes(&mut world, &mut phones);
    let call = phones.phone(12).calls.values().next().expect("a call").clone();
    assert_eq!((call.state, call.called[0].as_str()), (13, ""));
    assert!(!phones.phone(12).shown_keys().iter().any(|key| key == "Barge"));
    phones.presses(&mut world, 11, "Private");
    passes(&mut world, &mut phones);
    let call = phones.phone(12).calls.values().next().expect("a call").clone();
    assert_eq!((call.called[0].as_str(), phones.phone(12).shown_keys().len()), ("2002", 3));
    phones.does(&mut world, 11, |phone| phone.puts_down());
    passes(&mut world, &mut phones);
    assert_eq!(phones.shows(12), "");
    world.settled();
}

#[test]
fn the_keys_for_barge_are_there_where_phones_may_come_into_calls() {
    let (mut world, mut phones) = shared_scene_with(Barging::Off);
    phones.does(&mut world, 11, |phone| phone.calls_number("2002"));
    phones.presses(&mut world, 13, "Answer");
    passes(&mut world, &mut phones);
    let keys = |phones: &Skinnies| phones.phone(12).shown_keys().join(" ");
    assert_eq!(keys(&phones), "NewCall");
    // It is set while the phone is there.
    let configuration = shared_draft(Barging::Barge).build().expect("a draft that can be");
    world.input(strowger_node::Input::Configure(std::sync::Arc::new(configuration)));
    phones.settle(&mut world);
    assert_eq!(keys(&phones), "NewCall Barge cBarge");
}

fn set(world: &mut World, phones: &mut Skinnies, line: &str, phone: &str, what: (&str, &str)) {
    let (setting, value, by) = (what.0.into(), what.1.into(), "ada".into());
    let at = Default::default();
    let setting = UserSetting { line: line.into(), phone: phone.into(), setting, value, by, at };
    let answer = world.ask(Question::SetForUser(setting));
    assert!(matches!(answer, Answer::SetForUser(Ok(()))), "{answer:?}");
    phones.settle(world);
}

#[test]
fn what_is_set_by_its_key_and_elsewhere_stands_on_the_phone() {
    for version in [5, 11, 17, 22] {
        let (mut world, mut phones) = scene(version);
        phones.presses(&mut world, 11, "DND");
        passes(&mut world, &mut phones);
        // What was changed is shown for a while, and what stands is below it.
        assert_eq!(phones.shows(11), "reads for a while \"Do not disturb\"", "version {version}");
        assert_eq!((phones.phone(11).calls.len(), &*phones.phone(11).prompt), (0, "DND"));
        assert_eq!(phones.phone(11).lamps.get(&(0x82, 1)), Some(&2));
        // A phone that comes back shows it.
        drop(phones.is_cut(&mut world, 11));
        phones.comes(&mut world, 14, "2001", version);
        assert_eq!(phones.shows(14), "reads \"DND\"");
        set(&mut world, &mut phones, "", &device("2001"), ("do-not-disturb", "off"));
        assert_eq!((phones.shows(14), phones.phone(14).lamps.get(&(0x82, 1))), (String::new(), Some(&1)));
        set(&mut world, &mut phones, "2001", "", ("forward-all", "2002"));
        assert_eq!(phones.shows(14), "reads \"Forwarded to 2002\"");
        assert_eq!(phones.phone(14).forwards[&1], "2002");
        // The key ends it, and pressed again asks for a number.
        phones.presses(&mut world, 14, "CFwdALL");
        phones.does(&mut world, 14, |phone| phone.hangs_up_all());
        passes(&mut world, &mut phones);
        let (shows, phone) = (phones.shows(14), phones.phone(14));
        assert_eq!((&*shows, &*phone.forwards[&1]), ("reads for a while \"Not forwarded\"", ""));
        assert_eq!(phone.prompt, "Your current options");
        phones.presses(&mut world, 14, "CFwdALL");
        phones.does(&mut world, 14, |phone| phone.dials("1001#"));
        passes(&mut world, &mut phones);
        assert_eq!((phones.phone(14).calls.len(), &*phones.phone(14).forwards[&1]), (0, "1001"));
        phones.settle(&mut world);
        world.settled();
    }
}

/// The phone of 2001 at stream 11 has this button after its line, 2002 is at 12 and 2003 at 13.
fn with_button(version: u8, button: Assignment) -> (World, Skinnies) {
    let mut draft = mixed();
    let mut device = Device::clone(&draft.stations.stations[0].device);
    device.buttons.push(button);
    draft.stations.stations[0].device = std::sync::Arc::new(device);
    let lines = ["2001", "2002"].map(Into::into).to_vec();
    draft.plan.pickup.add("desks", PickupGroup { lines, ..PickupGroup::default() });
    let (mut world, mut phones) = (World::new(&draft), Skinnies::new());
    for (stream, number) in [(11, "2001"), (12, "2002"), (13, "2003")] {
        phones.comes(&mut world, stream, number, version);
    }
    (world, phones)
}

#[test]
fn the_button_of_a_busy_lamp_takes_what_rings_there() {
    let (number, label) = (Text::from("2002"), Text::from("Yves"));
    let button = Assignment::BusyLamp { number, label, rung: WhenRung::PicksUp };
    let (mut world, mut phones) = with_button(17, button);
    phones.does(&mut world, 13, |phone| phone.calls_number("2002"));
    passes(&mut world, &mut phones);
    phones.does(&mut world, 11, |phone| phone.pushes(0x15, 1));
    passes(&mut world, &mut phones);
    assert_eq!(phones.shows(12), "");
    talk(&phones, 11, 13);
    phones.does(&mut world, 13, |phone| phone.puts_down());
    passes(&mut world, &mut phones);
    // What does not ring is called.
    phones.does(&mut world, 11, |phone| phone.pushes(0x15, 1));
    assert_eq!(phones.shows(12), "is called by Zoë 2001");
}

#[test]
fn a_button_of_a_feature_has_its_words_and_shows_how_it_is_whenever_it_is_asked() {
    let label = Text::from("Quiet");
    let button = Assignment::Key { kind: ButtonType::DO_NOT_DISTURB, label };
    let (mut world, mut phones) = with_button(17, button);
    let shown = |phones: &Skinnies| phones.phone(11).features.get(&1).cloned();
    assert_eq!(shown(&phones), Some((0, "Quiet".into())));
    phones.does(&mut world, 11, |phone| phone.pushes(0x82, 1));
    phones.does(&mut world, 11, |phone| phone.hangs_up_all());
    passes(&mut world, &mut phones);
    assert_eq!(shown(&phones), Some((1, "Quiet".into())));
    assert_eq!(phones.phone(11).lamps.get(&(0x82, 1)), Some(&2));
    phones.does(&mut world, 11, |phone| phone.asks_of_feature(1));
    assert_eq!(shown(&phones), Some((1, "Quiet".into())));
    // The time does not put out what is lit.
    let change = Some(strowger_base::watch::MailboxChange::Turn(strowger_base::feature::Turn::On));
    world.ask(Question::Messages { line: "2001".into(), change });
    phones.settle(&mut world);
    let display = |phones: &Skinnies| {
        let phone = phones.phone(11);
        (phone.prompt.clone(), phone.lamps.get(&(15, 0)).copied())
    };
    assert_eq!(display(&phones), ("DND".into(), Some(2)));
    phones.does(&mut world, 11, |phone| phone.asks_the_time());
    assert_eq!(display(&phones), ("DND".into(), Some(2)));
}

#[test]
fn a_phone_that_never_asks_the_time_can_be_called_soon_after_it_came() {
    let (mut world, mut phones) = (World::new(&mixed()), Skinnies::new());
    phones.comes(&mut world, 12, "2002", 17);
    let mut phone = phone::Skinny::new(&device("2001"), 5, [192, 0, 2, 11]);
    phone.never_asks_the_time = true;
    phones.connects(&mut world, 11, phone);
    assert!(phones.phone(11).lines.contains_key(&1) && !phones.phone(11).registered);
    phones.does(&mut world, 12, |phone| phone.calls_number("2001"));
    assert_eq!(phones.shows(11), "", "it may still have something to ask");
    phones.does(&mut world, 12, |phone| phone.hangs_up_all());
    world.pass(Duration::from_secs(10));
    phones.settle(&mut world);
    phones.does(&mut world, 12, |phone| phone.calls_number("2001"));
    assert_eq!(phones.shows(11), "is called by Yves 2002");
}

#[test]
fn a_call_from_outside_rings_as_one() {
    let (mut world, mut phones) = scene(17);
    phones.does(&mut world, 12, |phone| phone.calls_number("2001"));
    assert_eq!((&*phones.shows(11), phones.phone(11).ringer), ("is called by Yves 2002", 2));
    phones.does(&mut world, 12, |phone| phone.hangs_up_all());
    let mut trunk = Phone::new("4711", "192.0.2.99:5060");
    trunk.peer = "2001".to_owned();
    let (sdp, address) = (trunk.sdp(), trunk.address);
    let request = trunk.request("INVITE", "", &sdp);
    world.from(address, &request);
    phones.settle(&mut world);
    assert_eq!((&*phones.shows(11), phones.phone(11).ringer), ("is called by The boss 4711", 3));
}

#[test]
fn a_caller_hears_why_its_call_fails_as_a_sip_phone_does() {
    let mut draft = mixed();
    let sound = AnnouncedSound::Source(AudioSource(7));
    let announcement = Announcement { sound, to: AnnouncedTo::Everybody };
    draft.announcements = [((Cause::UNALLOCATED_NUMBER, None), announcement)].into();
    let (mut world, mut phones) = (World::new(&draft), Skinnies::new());
    phones.comes(&mut world, 11, "2001", 17);
    let phone = phones.phones.get_mut(&11).expect("a phone");
    phone.calls_number("4711");
    let bytes = std::mem::take(&mut phone.sends);
    world.input(strowger_node::Input::StreamBytes { stream: StreamId(11), bytes: &bytes });
    let Some(Command::OpenEndpoint { port, .. }) = world.media.first().cloned() else {
        panic!("{:?}", world.media)
    };
    phones.settle(&mut world);
    let phone = phones.phone(11);
    assert_eq!((phone.ports.len(), phone.sending.len()), (1, 1), "{:?}", phone.calls);
    assert!(phone.calls.values().all(|call| call.tone == 0), "it hears the announcement: {:?}", phone.calls);
    world.input(strowger_node::Input::Media(Report::Finished { port }));
    phones.settle(&mut world);
    let phone = phones.phone(11);
    assert_eq!((phones.shows(11).contains("Unknown Number"), phone.ports.len()), (true, 0));
    phones.does(&mut world, 11, |phone| phone.hangs_up_all());
    phones.settle(&mut world);
    world.settled();
}

#[test]
fn what_a_trunk_lets_hear_before_the_answer_is_heard_and_gets_keys() {
    let (mut world, mut phones) = (World::new(&mixed()), Skinnies::new());
    let mut phone = phone::Skinny::new(&device("2001"), 17, [192, 0, 2, 11]);
    phone.no_keys_in_rtp = true;
    phones.connects(&mut world, 11, phone);
    phones.does(&mut world, 11, |phone| phone.calls_number("04711"));
    let trunk = Phone::new("4711", "192.0.2.99:5060");
    let invite = world.expect(&trunk, "INVITE ");
    assert!(body_of(&invite).is_empty() && header(&invite, "Supported").contains("100rel"), "{invite}");
    let early = trunk.respond(&invite, "183 Session Progress", &trunk.sdp());
    let early = early.replacen("Contact: ", "Require: 100rel\r\nRSeq: 1\r\nContact: ", 1);
    world.from(trunk.address, &early);
    phones.settle(&mut world);
    let prack = world.expect(&trunk, "PRACK ");
    assert!(body_of(&prack).contains("m=audio 24002 "), "{prack}");
    assert_eq!((phones.phone(11).ports.len(), phones.phone(11).sending.len()), (1, 1));
    world.from(trunk.address, &trunk.respond(&prack, "200 OK", ""));
    phones.does(&mut world, 11, |phone| phone.dials("5"));
    let info = world.expect(&trunk, "INFO ");
    assert!(body_of(&info).starts_with("Signal=5\r\n"), "{info}");
    world.from(trunk.address, &trunk.respond(&info, "200 OK", ""));
    let ok = trunk.respond(&invite, "200 OK", "");
    world.from(trunk.address, &ok);
    phones.settle(&mut world);
    world.expect(&trunk, "ACK ");
    assert!(phones.shows(11).contains("Connected"), "{}", phones.shows(11));
}

#[test]
fn a_phone_of_a_pickup_group_shows_a_call_that_rings_at_another_one() {
    let mut draft = mixed();
    let notice = PickupNotice {
        after: Duration::from_secs(6),
        is_shown: true,
        sound: NoticeSound::Beep,
        names_calling: true,
        names_called: true,
    };
    let lines = ["2002", "2003"].map(Into::into).to_vec();
    draft.plan.pickup.add("sales", PickupGroup { lines, notice: Some(notice), ..PickupGroup::default() });
    let (mut world, mut phones) = (World::new(&draft), Skinnies::new());
    for (stream, number, version) in [(11, "2001", 17), (12, "2002", 17), (13, "2003", 5)] {
        phones.comes(&mut world, stream, number, version);
    }
    phones.does(&mut world, 11, |phone| phone.calls_number("2002"));
    world.pass(Duration::from_secs(5));
    phones.settle(&mut world);
    assert_eq!(phones.shows(13), "");
    world.pass(Duration::from_secs(1));
    phones.settle(&mut world);
    assert_eq!(phones.shows(13), "reads for a while \"From 2001 to 2002\"");
    assert_eq!((&*phones.phone(13).beeps, phones.phone(12).beeps.len()), (&[0x31][..], 0));
    assert_eq!(phones.shows(12), "is called by Zoë 2001");
}

#[test]
fn a_notice_without_words_takes_none_away() {
    let mut draft = mixed();
    let notice = PickupNotice {
        after: Duration::from_secs(1),
        is_shown: false,
        sound: NoticeSound::Beep,
        names_calling: false,
        names_called: false,
    };
    let lines = ["2002", "2003"].map(Into::into).to_vec();
    draft.plan.pickup.add("sales", PickupGroup { lines, notice: Some(notice), ..PickupGroup::default() });
    let (mut world, mut phones) = (World::new(&draft), Skinnies::new());
    for (stream, number) in [(11, "2001"), (12, "2002"), (13, "2003")] {
        phones.comes(&mut world, stream, number, 17);
    }
    // Its user reads something, and does nothing.
    phones.phones.get_mut(&13).expect("a phone").notice = "read this".to_owned();
    phones.does(&mut world, 11, |phone| phone.calls_number("2002"));
    world.pass(Duration::from_secs(1));
    phones.settle(&mut world);
    assert_eq!((phones.phone(13).beeps.len(), &*phones.phone(13).notice), (1, "read this"));
}

#[test]
fn what_a_phone_tells_too_often_is_counted_and_told_once() {
    let (mut world, mut phones) = scene(17);
    let choice = [9, 0, 0, 0, 4, 0x6b6f];
    let told = |world: &World| {
        let records = world.records();
        let count = |what: &str| {
            let is_it = |record: &&strowger_base::journal::Record<'_>| {
                matches!(&record.entry, Entry::Registration(
                    Registration::StationTold { what: found, device: name, .. }
                    | Registration::ScreenTold { what: found, device: name, .. }
                ) if *found == what && **name == *device("2001"))
            };
            records.iter().filter(is_it).count()
        };
        (count("alarm"), count("choice"), count("left-out"))
    };
    let (alarms, ..) = told(&world);
    assert_eq!(alarms, 1, "the one with which it came");
    for _ in 0..100 {
        phones.does(&mut world, 11, |phone| phone.says(0x2e, &choice));
        phones.does(&mut world, 11, |phone| phone.says(0x20, &[2; 23]));
    }
    let (alarms, choices, left_out) = told(&world);
    assert_eq!((alarms + choices, left_out), (10, 0), "the others are counted");
    world.pass(Duration::from_secs(60));
    phones.settle(&mut world);
    phones.does(&mut world, 11, |phone| phone.says(0x2e, &choice));
    let (alarms, choices, left_out) = told(&world);
    assert_eq!((alarms + choices, left_out), (11, 1));
    let words = world.records().iter().find_map(|record| match &record.entry {
        Entry::Registration(Registration::StationTold { what: "left-out", words, .. }) => {
            Some(words.to_string())
        }
        _ => None,
    });
    assert_eq!(words.as_deref(), Some("191 alarms and choices in a minute"));
}

#[test]
fn the_button_of_hunts_is_lit_from_the_beginning() {
    let button = Assignment::Key { kind: ButtonType::H_LOG, label: Text::from("Hunt Group") };
    let (mut world, mut phones) = with_button(17, button);
    let shown = |phones: &Skinnies| phones.phone(11).features.get(&1).map(|(status, _)| *status);
    assert_eq!((shown(&phones), phones.phone(11).lamps.get(&(0x8b, 1))), (Some(1), Some(&2)));
    phones.does(&mut world, 11, |phone| phone.pushes(0x8b, 1));
    phones.does(&mut world, 11, |phone| phone.hangs_up_all());
    passes(&mut world, &mut phones);
    assert_eq!((shown(&phones), phones.phone(11).lamps.get(&(0x8b, 1))), (Some(0), Some(&1)));
    world.settled();
}

fn begins_anew(
    world: &mut World,
    phones: &mut Skinnies,
    device: &str,
    how: BeginAnew,
) -> Result<BegunAnew, String> {
    let question = Question::BeginAnew { device: device.into(), how, by: "ada".into() };
    let Answer::BegunAnew(begun) = world.ask(question) else { panic!("another answer") };
    phones.settle(world);
    begun.map_err(Into::into)
}

#[test]
fn a_phone_is_reset_restarted_or_told_what_has_changed_when_it_has_no_call() {
    let (mut world, mut phones) = scene(17);
    let device = device("2001");
    let nothing = begins_anew(&mut world, &mut phones, &device, BeginAnew::Apply);
    assert_eq!((nothing, phones.phone(11).reset), (Ok(BegunAnew::NothingChanged), None));
    phones.does(&mut world, 11, |phone| phone.calls_number("2002"));
    let waits = begins_anew(&mut world, &mut phones, &device, BeginAnew::Reset);
    assert_eq!((waits, phones.phone(11).reset), (Ok(BegunAnew::WhenIdle), None));
    phones.does(&mut world, 11, |phone| phone.puts_down());
    assert_eq!(phones.phone(11).reset, Some(1));
    let (mut world, mut phones) = scene(17);
    let sent = begins_anew(&mut world, &mut phones, &device, BeginAnew::Restart);
    assert_eq!((sent, phones.phone(11).reset), (Ok(BegunAnew::Sent), Some(2)));
    let nobody = begins_anew(&mut world, &mut phones, "SEP0", BeginAnew::Restart);
    assert_eq!(nobody, Err("SEP0 is no SCCP phone of this server".into()));
    drop(phones.is_cut(&mut world, 11));
    let away = begins_anew(&mut world, &mut phones, &device, BeginAnew::Restart);
    assert_eq!(away, Err(format!("{device} is not registered")));
    let told: Vec<String> = world
        .records()
        .iter()
        .filter_map(|record| match &record.entry {
            Entry::Registration(Registration::StationTold { device, what, words }) => {
                Some(format!("{device} {what} {words}"))
            }
            _ => None,
        })
        .collect();
    assert_eq!(told.last().map(String::as_str), Some(&*format!("{device} restart by ada")));
}

#[test]
fn what_a_phone_tells_of_itself_is_kept_whole_and_what_nobody_serves_is_told_once() {
    let (mut world, mut phones) = scene(17);
    let of_first = |world: &mut World| {
        let Answer::Stations { stations, .. } = world.ask(Question::Stations { after: "".into() }) else {
            panic!("another answer")
        };
        stations[0].clone()
    };
    phones.does(&mut world, 11, |phone| phone.says(0x7777, &[]));
    phones.does(&mut world, 11, |phone| phone.says(0x7777, &[]));
    let station = of_first(&mut world);
    let alarm = station.alarm.expect("an alarm");
    assert_eq!((&*alarm.text, alarm.parameters), ("25: Name=SEP Load=9.4 Last=Initialized", [0, 0]));
    assert_eq!(station.passed_over.len(), 1, "{:?}", station.passed_over);
    assert!(station.passed_over[0].ends_with("(0x7777): not served"), "{:?}", station.passed_over);
    drop(phones.is_cut(&mut world, 11));
    phones.comes(&mut world, 14, "2001", 17);
    phones.does(&mut world, 14, |phone| phone.says(0x7777, &[]));
    let told = world
        .records()
        .iter()
        .filter(|record| {
            matches!(
                &record.entry,
                Entry::Registration(Registration::StationTold { what: "passed-over", .. })
            )
        })
        .count();
    assert_eq!(told, 1, "once for the device");
}

/// A document for the phone of 2001.
fn push(document: &str) -> Question {
    Question::Push(strowger_node::io::Push {
        device: device("2001").into(),
        application: 7,
        priority: 1,
        document: document.as_bytes().into(),
        by: "test".into(),
    })
}

/// What became of it, once everything is said.
fn pushed(
    world: &mut World,
    phones: &mut Skinnies,
    question: Question,
) -> Option<Result<Pushed, PushRefused>> {
    let query = strowger_node::io::QueryId(9);
    world.input(strowger_node::Input::Ask { query, question });
    phones.settle(world);
    match world.answers.pop() {
        Some(Answer::Pushed(result)) => Some(result),
        None => None,
        Some(other) => panic!("{other:?}"),
    }
}

#[test]
fn a_screen_is_pushed_and_the_phone_answers() {
    for version in [3, 11, 17, 18, 22] {
        let (mut world, mut phones) = scene(version);
        let document =
            "<CiscoIPPhoneText><Title>Fire &amp; smoke</Title><Text>Leave</Text></CiscoIPPhoneText>";
        let answer = pushed(&mut world, &mut phones, push(document)).expect("an answer").expect("sent");
        assert_eq!(answer.transaction, 1);
        let said = String::from_utf8(answer.answer.expect("the phone answered").into()).unwrap();
        assert!(said.starts_with("<CiscoIPPhoneResponse>") && said.contains("Data=\"Success\""), "{said}");
        assert_eq!(phones.shows(11), "has on its screen \"Fire & smoke / Leave\"");
        let broken = pushed(&mut world, &mut phones, push("<html/>")).expect("an answer").expect("sent");
        let said = String::from_utf8(broken.answer.expect("the phone answered").into()).unwrap();
        assert_eq!((broken.transaction, said.as_str()), (2, "<CiscoIPPhoneError Number=\"1\"/>"));
        phones.does(&mut world, 11, phone::Skinny::leaves_screen);
        world.settled();
    }
}

#[test]
fn a_long_screen_goes_in_parts_to_phones_that_take_them_and_not_at_all_to_others() {
    let text = "x".repeat(4_000);
    let document = format!("<CiscoIPPhoneText><Text>{text}</Text></CiscoIPPhoneText>");
    let (mut world, mut phones) = scene(18);
    pushed(&mut world, &mut phones, push(&document)).expect("an answer").expect("sent");
    assert_eq!(phones.phone(11).documents, std::slice::from_ref(&document));
    let (mut world, mut phones) = scene(17);
    let refused = pushed(&mut world, &mut phones, push(&document)).expect("an answer");
    let (has, most, version) = (document.len(), 2000, 17);
    assert_eq!(refused, Err(PushRefused::TooLong { has, most, version }));
    assert_eq!(phones.phone(11).documents, [] as [&str; 0]);
    // What just fits is sent.
    let fits = format!("<CiscoIPPhoneText><Text>{}</Text></CiscoIPPhoneText>", "x".repeat(1_950));
    assert_eq!(fits.len(), 2_000);
    pushed(&mut world, &mut phones, push(&fits)).expect("an answer").expect("sent");
}

#[test]
fn who_pushes_is_answered_though_the_phone_is_not_there_does_not_answer_or_goes() {
    let mut draft = mixed();
    draft.stations.stations.truncate(2);
    let (mut world, mut phones) = (World::new(&draft), Skinnies::new());
    let document = "<CiscoIPPhoneText></CiscoIPPhoneText>";
    let answer = pushed(&mut world, &mut phones, push(document));
    assert_eq!(answer, Some(Err(PushRefused::NotRegistered)));
    phones.comes(&mut world, 11, "2001", 17);
    phones.does(&mut world, 11, |phone| phone.mute_documents = true);
    assert_eq!(pushed(&mut world, &mut phones, push(document)), None);
    world.pass(Duration::from_millis(2_999));
    assert!(world.answers.is_empty());
    world.pass(Duration::from_millis(1));
    let silent = |transaction| Answer::Pushed(Ok(Pushed { transaction, answer: None }));
    assert_eq!(world.answers.pop(), Some(silent(1)));
    for _ in 0..strowger_base::limits::SCREENS_PUSHED {
        assert_eq!(pushed(&mut world, &mut phones, push(document)), None);
    }
    assert_eq!(pushed(&mut world, &mut phones, push(document)), Some(Err(PushRefused::TooMany)));
    drop(phones.is_cut(&mut world, 11));
    assert_eq!(world.answers.len(), strowger_base::limits::SCREENS_PUSHED);
    assert!(world.answers.contains(&silent(2)));
    world.settled();
}

#[test]
fn what_the_user_of_a_phone_chooses_is_written_down_for_who_pushed() {
    let (mut world, mut phones) = scene(17);
    let menu = "<CiscoIPPhoneMenu><Title>Lunch</Title><MenuItem><Name>Soup</Name><URL>UserCallData:7:0:0:1:soup:hot</URL></MenuItem>\
                <MenuItem><Name>Call</Name><URL>Dial:2002</URL></MenuItem></CiscoIPPhoneMenu>";
    pushed(&mut world, &mut phones, push(menu)).expect("an answer").expect("sent");
    phones.does(&mut world, 11, |phone| assert!(phone.chooses(1)));
    let told: Vec<String> = world
        .records()
        .iter()
        .filter_map(|record| match &record.entry {
            Entry::Registration(Registration::ScreenPushed {
                device, application, transaction, by, ..
            }) => Some(format!("{device} {application} {transaction} by {by}")),
            Entry::Registration(Registration::ScreenTold {
                device,
                application,
                transaction,
                what,
                data,
            }) => Some(format!(
                "{device} {application} {transaction} {what} {}",
                data.chars().take(22).collect::<String>()
            )),
            _ => None,
        })
        .collect();
    let expect = [
        "SEP001122332001 7 1 by test",
        "SEP001122332001 7 1 answer <CiscoIPPhoneResponse>",
        "SEP001122332001 7 1 choice soup:hot",
    ];
    assert_eq!(told, expect);
}

#[test]
fn a_pushed_order_makes_the_phone_call() {
    let (mut world, mut phones) = scene(17);
    let order = "<CiscoIPPhoneExecute><ExecuteItem Priority=\"0\" URL=\"Dial:2002\"/></CiscoIPPhoneExecute>";
    pushed(&mut world, &mut phones, push(order)).expect("an answer").expect("sent");
    assert_eq!((phones.shows(11), phones.shows(12)), ("calls 2002".into(), "is called by Zoë 2001".into()));
    phones.does(&mut world, 11, |phone| phone.puts_down());
    phones.settle(&mut world);
    world.settled();
}

#[test]
fn service_buttons_say_what_they_open() {
    for version in [3, 7, 17] {
        let mut draft = mixed();
        let mut device = (*draft.stations.stations[0].device).clone();
        let button = |url: &str, label: &str| strowger_sccp::station::device::Assignment::Service {
            url: url.into(),
            label: label.into(),
        };
        device.buttons.push(button("http://192.0.2.9/lunch", "Lunch"));
        device.buttons.push(button("http://192.0.2.1:8080/directories", "Names"));
        draft.stations.stations[0].device = std::sync::Arc::new(device);
        let (mut world, mut phones) = (World::new(&draft), Skinnies::new());
        phones.comes(&mut world, 11, "2001", version);
        let phone = phones.phone(11);
        assert_eq!(phone.buttons, [(9, 1), (0x14, 1), (0x14, 2)], "version {version}");
        let shown: Vec<[&str; 2]> =
            phone.services.values().map(|[url, label]| [url.as_str(), label.as_str()]).collect();
        assert_eq!(
            shown,
            [["http://192.0.2.9/lunch", "Lunch"], ["http://192.0.2.1:8080/directories", "Names"]]
        );
    }
}

#[test]
fn a_phone_sees_in_its_lists_of_calls_what_people_do() {
    let (mut world, mut phones) = scene(17);
    phones.does(&mut world, 11, |phone| phone.asks_of_somebody(7, 3600, "2002"));
    assert_eq!(phones.phone(11).lists[&7], (0, Some(1)), "idle");
    phones.does(&mut world, 12, |phone| phone.calls_number("2001"));
    assert_eq!(phones.phone(11).lists[&7], (0, Some(2)), "in use");
    phones.does(&mut world, 12, |phone| phone.puts_down());
    assert_eq!(phones.phone(11).lists[&7], (0, Some(1)));
    // Asked again it is one question, and then none.
    phones.does(&mut world, 11, |phone| phone.asks_of_somebody(7, 3600, "2002"));
    phones.does(&mut world, 11, |phone| phone.asks_of_somebody(7, 0, "2002"));
    phones.does(&mut world, 12, |phone| phone.calls_number("2001"));
    assert_eq!(phones.phone(11).lists[&7], (0, None), "it wants no more");
    phones.does(&mut world, 12, |phone| phone.puts_down());
    phones.does(&mut world, 11, |phone| phone.asks_of_somebody(8, 3600, ""));
    assert_eq!(phones.phone(11).lists[&8], (1, None), "nobody");
    for transaction in 10..10 + strowger_base::limits::PHONE_WATCHES as u32 + 1 {
        phones.does(&mut world, 11, |phone| phone.asks_of_somebody(transaction, 60, "2002"));
    }
    let refused = phones.phone(11).lists.values().filter(|(cause, _)| *cause == 6).count();
    assert_eq!(refused, 1, "there is an end to it");
    // Who does not ask again is told no more.
    world.pass(Duration::from_secs(61));
    phones.settle(&mut world);
    phones.does(&mut world, 11, |phone| phone.asks_of_somebody(9, 60, "2002"));
    assert_eq!(phones.phone(11).lists[&9], (0, Some(1)));
    phones.settle(&mut world);
    world.settled();
}

#[test]
fn an_analogue_telephone_transfers_with_its_hook() {
    let (mut world, mut phones) = scene(11);
    phones.comes(&mut world, 13, "2003", 11);
    phones.does(&mut world, 11, |phone| phone.calls_number("2002"));
    phones.presses(&mut world, 12, "Answer");
    phones.does(&mut world, 11, |phone| phone.says(0x08, &[1, 0]));
    phones.does(&mut world, 11, |phone| phone.dials("2003"));
    world.pass(Duration::from_secs(15));
    phones.settle(&mut world);
    phones.presses(&mut world, 13, "Answer");
    phones.does(&mut world, 11, |phone| phone.says(0x08, &[1, 0]));
    talk(&phones, 12, 13);
    assert_eq!(phones.shows(11), "");
    phones.presses(&mut world, 12, "EndCall");
    // Dialled by mistake, and back; put down, and back; and put down while the next one rings, which transfers.
    phones.does(&mut world, 11, |phone| phone.calls_number("2002"));
    phones.presses(&mut world, 12, "Answer");
    let flash =
        |phones: &mut Skinnies, world: &mut World| phones.does(world, 11, |phone| phone.says(0x08, &[1, 0]));
    flash(&mut phones, &mut world);
    assert!(!phones.phone(11).talks(), "it is on hold");
    flash(&mut phones, &mut world);
    talk(&phones, 11, 12);
    flash(&mut phones, &mut world);
    phones.does(&mut world, 11, |phone| phone.puts_down());
    phones.does(&mut world, 11, |phone| phone.lifts());
    talk(&phones, 11, 12);
    flash(&mut phones, &mut world);
    phones.does(&mut world, 11, |phone| phone.dials("2003"));
    world.pass(Duration::from_secs(15));
    phones.settle(&mut world);
    phones.does(&mut world, 11, |phone| phone.puts_down());
    assert_eq!(phones.shows(11), "");
    phones.presses(&mut world, 13, "Answer");
    talk(&phones, 12, 13);
    phones.presses(&mut world, 12, "EndCall");
    phones.settle(&mut world);
    world.settled();
}

#[test]
fn the_list_of_a_conference_is_a_menu_by_which_people_are_muted_and_put_out() {
    for version in [11, 22] {
        let (mut world, mut phones) = scene(version);
        phones.comes(&mut world, 13, "2003", version);
        phones.does(&mut world, 11, |phone| phone.calls_number("2002"));
        phones.presses(&mut world, 12, "Answer");
        phones.presses(&mut world, 11, "Confrn");
        phones.does(&mut world, 11, |phone| phone.dials("2003"));
        world.pass(Duration::from_secs(15));
        phones.settle(&mut world);
        phones.presses(&mut world, 13, "Answer");
        phones.presses(&mut world, 11, "Confrn");
        phones.presses(&mut world, 11, "ConfList");
        let shows = |phones: &Skinnies, list: &str| {
            let shown = phones.shows(11);
            assert!(
                shown.contains(&format!("has on its screen \"Conference / {list}\"")),
                "{version}: {shown}"
            );
        };
        shows(&phones, "Zoë * (you) / Xena / Yves");
        let below = |phones: &mut Skinnies, world: &mut World, key: &str, item: usize| {
            phones.does(world, 11, |phone| assert!(phone.presses_below(key, item), "there is no key {key}"));
        };
        below(&mut phones, &mut world, "Mute", 2);
        shows(&phones, "Zoë * (you) / [-] Xena / Yves");
        below(&mut phones, &mut world, "Mute", 2);
        below(&mut phones, &mut world, "Update", 1);
        shows(&phones, "Zoë * (you) / Xena / Yves");
        // Who did not begin the conference may look.
        phones.presses(&mut world, 12, "ConfList");
        phones.does(&mut world, 12, |phone| assert!(!phone.presses_below("Remove", 1)));
        // Two who are left talk with each other, and need no list.
        below(&mut phones, &mut world, "Remove", 2);
        assert_eq!(phones.shows(13), "");
        assert!(phones.phone(11).talks() && phones.phone(12).talks());
        let choice = |record: &strowger_base::journal::Record<'_>| {
            matches!(&record.entry, Entry::Registration(Registration::ScreenTold { .. }))
        };
        assert!(!world.records().iter().any(choice), "it is no screen that somebody pushed");
    }
}
