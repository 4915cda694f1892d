//! Calls of phones of every generation, among themselves and with SIP phones, and how they sounded.

use std::sync::Arc;
use std::time::Duration;

use strowger_base::journal::{Entry, ReportedQuality, Told};
use strowger_base::leg::AudioSource;
use strowger_base::net::StreamId;
use strowger_base::{Cause, Language};
use strowger_callcontrol::configuration::{
    AnnouncedSound, AnnouncedTo, Announcement, Increment, MulticastMusic,
};
use strowger_dialplan::resources::{Function, Resource};
use strowger_media::control::{Command, Report};
use strowger_phones::skinny::phone;
use strowger_phones::skinny::phone::Skinny;
use strowger_sccp::station::device::{Assignment, Device};
use strowger_sccp::{CodePage, Text};

use crate::skinny::{Skinnies, device, mixed};
use crate::world;
use crate::world::{Phone, World, body_of, header};
use crate::{scene, talk};

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

/// What phones reported of how it sounded: packets sent, lost, and their own score.
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
