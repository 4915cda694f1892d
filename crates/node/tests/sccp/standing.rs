//! How phones come, are told to begin anew, and what they tell of themselves.

use std::time::Duration;

use strowger_base::journal::{Entry, Registration};
use strowger_node::io::{Answer, BeginAnew, BegunAnew, Question};
use strowger_phones::skinny::phone;

use crate::skinny;
use crate::skinny::{Skinnies, device, mixed};
use crate::world::World;
use crate::{scene, talk};

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
