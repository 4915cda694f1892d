//! Screens that are pushed, lists that phones ask for, and the buttons of services.

use std::time::Duration;

use strowger_base::journal::{Entry, Registration};
use strowger_node::io::{Answer, PushRefused, Pushed, Question};
use strowger_phones::skinny::phone;

use crate::scene;
use crate::skinny::{Skinnies, device, mixed};
use crate::world::World;

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
