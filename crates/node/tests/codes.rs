//! Codes from the key to the record: phones that tell their keys, and numbers that bring their codes.

#[path = "support/dialler.rs"]
mod dialler;
#[path = "support/world.rs"]
mod world;

use std::time::Duration;

use dialler::Dialler;
use strowger_base::Secret;
use strowger_base::journal::{AskedCode, CallRecord, Decision, Entry, Record, WhyCodeRefused, WhyRefused};
use strowger_media::control::{Command, Report};
use strowger_media::statistics::PortStatistics;
use strowger_node::Draft;
use strowger_node::configuration::{AuthorizationCodeDraft, ChangeDraft, MatterCodeDraft, RouteDraft};
use world::{Phone, World};

/// Routes to the carrier: `9.XXX` asks for a code of level 10, `8.!` for any and for a matter too.
fn draft() -> Draft {
    let mut draft = world::draft();
    let change = ChangeDraft { discard: "PreDot".into(), ..ChangeDraft::default() };
    let route = |pattern| RouteDraft { change: change.clone(), ..RouteDraft::new(pattern, "carrier") };
    draft.plan.routes = vec![
        RouteDraft { authorization_level: Some(10), ..route("9.XXX") },
        RouteDraft { authorization_level: Some(0), matter_code: true, ..route("8.!") },
    ];
    let code = |code: &str, name: &str, level| AuthorizationCodeDraft {
        code: Secret::new(code.into()),
        name: name.into(),
        level,
    };
    draft.codes.authorization = vec![code("471100", "Ada", 20), code("081500", "Bert", 5)];
    draft.codes.matter =
        vec![MatterCodeDraft { code: Secret::new("4712".into()), description: "Smith against Jones".into() }];
    draft
}

/// What the only record says of codes: name and level, matter code and description.
fn on_record(world: &World) -> (String, Vec<String>) {
    let calls = world.calls();
    let [CallRecord { called, codes, .. }] = &calls[..] else { panic!("{calls:?}") };
    let by = codes.authorization.map(|by| format!("{} {} {:?}", by.name, by.level, by.code));
    let matter = codes.matter.map(|matter| format!("{} {}", matter.code.reveal(), matter.description));
    ((*called).to_owned(), by.into_iter().chain(matter).collect())
}

/// Why the only call was refused.
fn refused(world: &World) -> Option<(AskedCode, WhyCodeRefused)> {
    world.records().iter().find_map(|record| match record.entry {
        Entry::Decision(Decision::Refused { why: WhyRefused::Code { code, why, .. }, .. }) => {
            Some((code, why))
        }
        _ => None,
    })
}

/// The trunk has its INVITE for this number, and refuses it.
#[track_caller]
fn trunk_is_rung(dialler: &mut Dialler, number: &str) {
    let [invite] = &dialler.elsewhere[..] else { panic!("{:?}", dialler.elsewhere) };
    assert!(invite.starts_with(&format!("INVITE sip:{number}@192.0.2.99:5060 SIP/2.0\r\n")), "{invite}");
    let trunk = Phone::new("4711", "192.0.2.99:5060");
    dialler.world.from(trunk.address, &trunk.respond(&invite.clone(), "486 Busy Here", ""));
    dialler.takes();
    assert_eq!(dialler.ended, Some(486));
}

fn presses(dialler: &mut Dialler, keys: &str) {
    for key in keys.chars() {
        assert!(dialler.elsewhere.is_empty() && dialler.ended.is_none(), "before {key}");
        dialler.world.pass(Duration::from_millis(300));
        dialler.presses(key);
    }
}

/// Ports that played tones close, and nothing is left.
fn settled(world: &mut World) {
    for command in std::mem::take(&mut world.media) {
        if let Command::Close { port } = command {
            let statistics = Box::new(PortStatistics::default());
            world.input(strowger_node::Input::Media(Report::Closed { port, statistics }));
        }
    }
    world.settled();
}

/// The machine has no port for whatever would ask or tell the caller something.
fn no_port_opens(world: &mut World) {
    while let Some(command) = world.media.pop() {
        if let Command::OpenEndpoint { port, .. } = command {
            let reason = "Too many open files".into();
            world.input(strowger_node::Input::Media(Report::Failed { port, reason }));
        }
    }
}

/// Status of a refused code, cause 21.
const REJECTED: u16 = 603;
const LEVEL: AskedCode = AskedCode::Authorization { level: 10 };

#[test]
fn a_phone_that_tells_keys_is_asked_after_the_number() {
    let mut dialler = Dialler::subscribed(&draft(), "");
    presses(&mut dialler, "9123");
    assert!(!dialler.cancelled, "keys are still wanted");
    presses(&mut dialler, "471100#");
    assert!(dialler.cancelled);
    trunk_is_rung(&mut dialler, "123");
    assert_eq!(on_record(&dialler.world), ("9123".to_owned(), vec!["Ada 20 None".to_owned()]));
    settled(&mut dialler.world);
}

#[test]
fn a_number_that_was_dialled_at_once_is_asked_for_both_codes() {
    let mut dialler = Dialler::lifts(&draft(), "8123%23");
    dialler.answers_subscribe("200 OK");
    dialler.tells("active;expires=300", None);
    presses(&mut dialler, "081500#4712#");
    trunk_is_rung(&mut dialler, "123");
    let codes = ["Bert 5 None", "4712 Smith against Jones"].map(str::to_owned);
    assert_eq!(on_record(&dialler.world), ("8123#".to_owned(), codes.to_vec()));
    settled(&mut dialler.world);
}

#[test]
fn silence_ends_a_code_and_its_lack_the_call() {
    let after = Duration::from_secs(15);
    let mut dialler = Dialler::subscribed(&draft(), "");
    presses(&mut dialler, "9123");
    assert_eq!(dialler.waits(), (after, REJECTED));
    assert_eq!(refused(&dialler.world), Some((LEVEL, WhyCodeRefused::Nothing)));
    settled(&mut dialler.world);

    let mut dialler = Dialler::subscribed(&draft(), "");
    presses(&mut dialler, "9123081500");
    assert_eq!(dialler.waits(), (after, REJECTED));
    assert_eq!(refused(&dialler.world), Some((LEVEL, WhyCodeRefused::LevelTooLow { has: 5 })));
    settled(&mut dialler.world);

    let mut dialler = Dialler::subscribed(&draft(), "");
    presses(&mut dialler, "9123471101#");
    assert_eq!(dialler.ended, Some(REJECTED));
    assert_eq!(refused(&dialler.world), Some((LEVEL, WhyCodeRefused::Unknown)));
    assert_eq!(on_record(&dialler.world), ("9123".to_owned(), vec![]));
    settled(&mut dialler.world);
}

#[test]
fn a_phone_that_tells_no_keys_and_cannot_be_heard_is_refused_at_once() {
    // The number is complete: it is asked once. The number could be longer: asked for its digits, then for the code.
    for (number, asked) in [("9123", 1), ("8123", 2)] {
        let mut dialler = Dialler::lifts(&draft(), number);
        for _ in 0..asked {
            dialler.answers_subscribe("489 Bad Event");
        }
        dialler.takes();
        assert_eq!(dialler.ended, None, "{number}: keys may come in its sound");
        no_port_opens(&mut dialler.world);
        dialler.takes();
        assert_eq!(dialler.ended, Some(REJECTED), "{number}");
        let (_, why) = refused(&dialler.world).unwrap();
        assert_eq!(why, WhyCodeRefused::NoKeys, "{number}");
        settled(&mut dialler.world);
    }
}

#[test]
fn a_caller_who_hangs_up_while_a_code_is_awaited_leaves_nothing_behind() {
    for keys in ["", "47"] {
        let mut dialler = Dialler::subscribed(&draft(), "");
        presses(&mut dialler, "9123");
        presses(&mut dialler, keys);
        let cancel = dialler.invite.replace("INVITE", "CANCEL");
        let cancel = cancel.split("\r\nContact").next().unwrap().to_owned() + "\r\nContent-Length: 0\r\n\r\n";
        dialler.world.from(dialler.phone.address, &cancel);
        dialler.takes();
        assert_eq!(dialler.ended, Some(487));
        dialler.tells("terminated;reason=noresource", Some((487, "")));
        assert_eq!(on_record(&dialler.world), ("9123".to_owned(), vec![]));
        settled(&mut dialler.world);
    }
}

/// Whoever watches the line is told the number alone.
#[test]
fn the_phones_of_the_line_are_not_told_the_codes() {
    let mut world = World::new(&draft());
    let mut alice = Phone::new("1001", "192.0.2.11:5060");
    let mut lamp = Phone::new("1001", "192.0.2.12:5060");
    lamp.peer = "1001".into();
    let wants = "Event: dialog\r\nExpires: 600\r\n";
    world.from(lamp.address, &lamp.request("SUBSCRIBE", wants, ""));
    let challenge = world.expect(&lamp, "SIP/2.0 401 ");
    let extra = format!("{wants}{}", lamp.authorization(&challenge, "SUBSCRIBE"));
    world.from(lamp.address, &lamp.request("SUBSCRIBE", &extra, ""));
    let taken = world.expect(&lamp, "SIP/2.0 200 ");
    lamp.remote_tag = world::tag_of(&taken, "To").to_owned();
    let notify = world.expect(&lamp, "NOTIFY ");
    world.from(lamp.address, &lamp.respond(&notify, "200 OK", ""));
    world.pass(Duration::from_secs(1));
    world.invite(&mut alice, "8123%23471100%234712%23");
    let (_, notify) =
        world.sent.iter().find(|(_, text)| text.starts_with("NOTIFY ")).expect("the line calls");
    let told = world::body_of(notify);
    assert!(told.contains("8123") && !told.contains("4711") && !told.contains("4712"), "{told}");
}

/// A phone that tells no keys dials number and codes in one string; only the string itself holds them.
#[test]
fn codes_behind_the_number_are_no_part_of_it() {
    let mut world = World::new(&draft());
    let mut alice = Phone::new("1001", "192.0.2.11:5060");
    world.invite(&mut alice, "8123%23471100%234712%23");
    let trunk = Phone::new("4711", "192.0.2.99:5060");
    let invite = world.expect(&trunk, "INVITE sip:123@192.0.2.99:5060 ");
    world.from(trunk.address, &trunk.respond(&invite, "603 Decline", ""));
    world.expect(&trunk, "ACK ");
    let declined = world.expect(&alice, "SIP/2.0 ");
    world.from(alice.address, &alice.acknowledge(&declined));
    let codes = ["Ada 20 None", "4712 Smith against Jones"].map(str::to_owned);
    assert_eq!(on_record(&world), ("8123#".to_owned(), codes.to_vec()));
    // Messages are kept as they came; nothing else tells the code.
    for bytes in &world.journal {
        let record = Record::decode(bytes).unwrap();
        let told = String::from_utf8_lossy(bytes).contains("471100");
        assert!(!told || matches!(record.entry, Entry::Message { .. }), "{record:?}");
    }
    settled(&mut world);

    let mut world = World::new(&draft());
    world.invite(&mut alice, "9123");
    no_port_opens(&mut world);
    let refusal = world.expect(&alice, &format!("SIP/2.0 {REJECTED} "));
    world.from(alice.address, &alice.acknowledge(&refusal));
    assert_eq!(refused(&world), Some((LEVEL, WhyCodeRefused::NoKeys)));
    settled(&mut world);
}
