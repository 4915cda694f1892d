//! What users set by themselves, as raw SIP: by a code at the phone, by a program, and across a restart.

#[path = "support/world.rs"]
mod world;

use strowger_base::FeatureCode;
use strowger_base::feature::Forwarded;
use strowger_base::journal::{Decision, Entry};
use strowger_dialplan::hunt::{Distribution, LineGroupOptions};
use strowger_media::control::{Command, Report};
use strowger_media::statistics::PortStatistics;
use strowger_node::configuration::{
    FeatureDraft, HuntListDraft, HuntPilotDraft, LineGroupDraft, PatternDraft,
};
use strowger_node::io::{Answer, Question, UserSetting};
use strowger_node::{Draft, Input};
use world::{Phone, World, draft, header, tag_of};

/// `*72` and a number forwards all calls.
fn with_code() -> Draft {
    let mut draft = draft();
    let pattern = PatternDraft { pattern: "*72!".into(), ..PatternDraft::default() };
    draft.plan.features.push(FeatureDraft::access_code(pattern, FeatureCode::Forward(Forwarded::All)));
    draft
}

fn registered(draft: &Draft) -> (World, Phone, Phone, Phone) {
    let mut world = World::new(draft);
    let phones = register(&mut world);
    (world, phones.0, phones.1, phones.2)
}

fn register(world: &mut World) -> (Phone, Phone, Phone) {
    let mut alice = Phone::new("1001", "192.0.2.10:5060");
    let mut bob = Phone::new("1002", "192.0.2.20:5060");
    let mut carol = Phone::new("1003", "192.0.2.30:5060");
    for phone in [&mut alice, &mut bob, &mut carol] {
        world.register(phone);
    }
    (alice, bob, carol)
}

/// Alice calls a number, it rings somewhere, and she gives up; what rang.
fn rings(world: &mut World, alice: &mut Phone, called: &str, there: &Phone) -> String {
    let invite = world.invite(alice, called);
    let rung = world.expect(there, "INVITE ");
    world.from(there.address, &there.respond(&rung, "180 Ringing", ""));
    world.expect(alice, "SIP/2.0 180 ");
    let cancel = invite.replace("INVITE sip:", "CANCEL sip:").replace(" INVITE\r\n", " CANCEL\r\n");
    let (head, _) = cancel.split_once("\r\n\r\n").expect("a head");
    let head: Vec<&str> = head
        .lines()
        .filter(|line| !line.starts_with("Content-") && !line.starts_with("Authorization"))
        .collect();
    world.from(alice.address, &format!("{}\r\nContent-Length: 0\r\n\r\n", head.join("\r\n")));
    world.expect(alice, "SIP/2.0 200 ");
    let ended = world.expect(alice, "SIP/2.0 487 ");
    world.from(alice.address, &alice.acknowledge(&ended));
    let cancel = world.expect(there, "CANCEL ");
    world.from(there.address, &there.respond(&cancel, "200 OK", ""));
    world.from(there.address, &there.respond(&rung, "487 Request Terminated", ""));
    world.expect(there, "ACK ");
    rung
}

#[test]
fn a_forward_that_is_set_by_a_code_is_confirmed_and_survives_a_restart() {
    let draft = with_code();
    let (mut world, mut alice, mut bob, carol) = registered(&draft);
    world.invite(&mut bob, "*721003");
    let Some(Command::OpenEndpoint { port, .. }) = world.media.pop() else { panic!("{:?}", world.media) };
    let a = "192.0.2.1:30000".parse().unwrap();
    world.input(Input::Media(Report::Opened { port, a, b: None }));
    let ok = world.expect(&bob, "SIP/2.0 200 ");
    assert!(ok.contains("Forwarded to 1003"), "{ok}");
    bob.remote_tag = tag_of(&ok, "To").to_owned();
    let ack = bob.request("ACK", "", "");
    world.from(bob.address, &ack);
    // The tone is over.
    world.input(Input::Media(Report::Finished { port }));
    let bye = world.expect(&bob, "BYE ");
    world.from(bob.address, &bob.respond(&bye, "200 OK", ""));
    let statistics = Box::new(PortStatistics::default());
    world.input(Input::Media(Report::Closed { port, statistics }));

    let rung = rings(&mut world, &mut alice, "1002", &carol);
    assert_eq!(header(&rung, "Diversion"), "\"Bob\" <sip:1002@strowger.test>;reason=unconditional");
    let told = world
        .records()
        .into_iter()
        .any(|record| matches!(record.entry, Entry::Decision(Decision::ForwardSetByUser { .. })));
    assert!(told, "{:?}", world.records());
    world.settled();

    // Another server finds what the disk has.
    let kept: Vec<Vec<u8>> = world
        .journal
        .iter()
        .filter(|bytes| {
            strowger_base::journal::Record::decode(bytes)
                .is_ok_and(|record| matches!(record.entry, Entry::UserSet(_)))
        })
        .cloned()
        .collect();
    assert_eq!(kept.len(), 1);
    let mut world = World::new(&draft);
    world.input(Input::RestoreSetting(&kept[0]));
    let (mut alice, _bob, carol) = register(&mut world);
    rings(&mut world, &mut alice, "1002", &carol);
    world.settled();
}

fn setting(line: &str, phone: &str, setting: &str, value: &str) -> UserSetting {
    UserSetting {
        line: line.into(),
        phone: phone.into(),
        setting: setting.into(),
        value: value.into(),
        by: "ada".into(),
        at: Default::default(),
    }
}

#[test]
fn a_program_sets_what_users_set_and_is_told_what_is_wrong() {
    let (mut world, mut alice, bob, _carol) = registered(&draft());
    let Answer::SetForUser(Ok(())) =
        world.ask(Question::SetForUser(setting("1002", "", "do-not-disturb", "on")))
    else {
        panic!("not set")
    };
    let rung = rings(&mut world, &mut alice, "1002", &bob);
    assert_eq!(header(&rung, "Alert-Info"), "<file://Flashonly-Ring/>");
    let Answer::UserSettings(all) = world.ask(Question::UserSettings) else { panic!("no settings") };
    let told: Vec<_> = all.iter().map(|it| (&*it.line, &*it.setting, &*it.value, &*it.by)).collect();
    assert_eq!(told, [("1002", "do-not-disturb", "on", "ada")]);
    let mut check = |what: UserSetting, expect: &str| {
        let Answer::SetForUser(Err(why)) = world.ask(Question::SetForUser(what)) else { panic!("{expect}") };
        assert_eq!(&*why, expect);
    };
    check(setting("1009", "", "forward-all", "1001"), "there is no line 1009");
    check(setting("1002", "", "do-not-disturb", "maybe"), "do-not-disturb is on or off, not \"maybe\"");
    check(setting("1002", "", "hunt-log", ""), "hunt-log needs a value: on or off");
    check(
        setting("1002", "", "forward-al", "1001"),
        "there is no setting forward-al; expected one of forward-all, forward-busy, forward-no-answer, \
         forward-unregistered, do-not-disturb, hunt-log, call-back",
    );
    check(setting("", "", "hunt-log", "off"), "hunt-log is set for a phone; say which");
    check(setting("", "", "forward-all", "1001"), "forward-all is set for a line; say which");
    check(
        setting("1002", "", "forward-all", "99887"),
        "99887: that number leads nowhere that the line may forward to, which its forwards.search_space says, or its forwards.all_policy",
    );
    check(setting("1002", "", "forward-all", "10 01"), "the forward destination has ' ' at position 3");
    check(setting("", "desk", "hunt-log", "off"), "there is no phone desk");
    let Answer::SetForUser(Ok(())) =
        world.ask(Question::SetForUser(setting("1002", "", "do-not-disturb", "off")))
    else {
        panic!("not set")
    };
    let Answer::UserSettings(all) = world.ask(Question::UserSettings) else { panic!("no settings") };
    assert_eq!(all, []);
    world.settled();
}

/// The REFER by which a phone tells its key for hunts.
fn hunt_key(phone: &mut Phone) -> String {
    let body = "<x-cisco-remotecc-request><softkeyeventmsg><softkeyevent>HLog</softkeyevent></softkeyeventmsg></x-cisco-remotecc-request>";
    phone.remote_tag.clear();
    phone
        .request("REFER", "Refer-To: cid:1\r\n", body)
        .replace("application/sdp", "application/x-cisco-remotecc-request+xml")
}

/// A phone presses its key for hunts: it is accepted, and its lamp is told `status`.
#[track_caller]
fn presses_hunt_key(world: &mut World, phone: &mut Phone, status: &str) {
    let refer = hunt_key(phone);
    world.from(phone.address, &refer);
    world.expect(phone, "SIP/2.0 202 ");
    let told = world.expect(phone, "REFER ");
    assert_eq!(header(&told, "Require"), "norefersub");
    assert!(told.contains(&format!("<hlogupdate><status>{status}</status></hlogupdate>")), "{told}");
    world.from(phone.address, &phone.respond(&told, "202 Accepted", ""));
    // A copy is the same press.
    world.from(phone.address, &refer);
    world.expect(phone, "SIP/2.0 202 ");
    world.silent();
}

#[test]
fn a_key_logs_a_phone_out_of_hunts_and_in_again() {
    let mut draft = draft();
    draft.plan.line_groups = vec![LineGroupDraft {
        name: "sales".into(),
        members: vec!["1002".into(), "1003".into()],
        options: LineGroupOptions { distribution: Distribution::TopDown, ..LineGroupOptions::default() },
    }];
    draft.plan.hunt_lists = vec![HuntListDraft { name: "all".into(), groups: vec!["sales".into()] }];
    draft.plan.hunt_pilots = vec![HuntPilotDraft::new("5000", "all")];
    let (mut world, mut alice, mut bob, carol) = registered(&draft);
    rings(&mut world, &mut alice, "5000", &bob);
    presses_hunt_key(&mut world, &mut bob, "off");
    rings(&mut world, &mut alice, "5000", &carol);
    let Answer::UserSettings(all) = world.ask(Question::UserSettings) else { panic!("no settings") };
    let told: Vec<_> = all.iter().map(|it| (&*it.line, &*it.setting, &*it.value, &*it.by)).collect();
    assert_eq!(told, [("1002", "hunt-log", "off", "")]);
    presses_hunt_key(&mut world, &mut bob, "on");
    rings(&mut world, &mut alice, "5000", &bob);
    world.settled();

    // The disk takes nothing: it counts, and the phone is told both.
    world.disk_full = true;
    let refer = hunt_key(&mut bob);
    world.from(bob.address, &refer);
    world.expect(&bob, "SIP/2.0 202 ");
    for text in ["<hlogupdate><status>off</status></hlogupdate>", "<statustext>Not saved yet</statustext>"] {
        let told = world.expect(&bob, "REFER ");
        assert!(told.contains(text), "{told}");
        world.from(bob.address, &bob.respond(&told, "202 Accepted", ""));
    }
    world.silent();
}
