//! Shared lines, what is set at a phone, and its buttons.

use std::time::Duration;

use strowger_callcontrol::configuration::{Barging, NoticeSound, PickupGroup, PickupNotice};
use strowger_node::configuration::{LineSecret, PhoneDraft};
use strowger_node::io::{Answer, Question, UserSetting};
use strowger_sccp::Text;
use strowger_sccp::codes::ButtonType;
use strowger_sccp::station::device::{Assignment, Device, WhenRung};

use crate::skinny;
use crate::skinny::{Skinnies, device, mixed};
use crate::world::World;
use crate::{scene, talk};

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
