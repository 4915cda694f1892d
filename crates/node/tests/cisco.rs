//! What phones of Cisco ask and are told beside their calls, as raw SIP: reports of quality, monitored parking, settings that are
//! changed elsewhere. Other phones are told none of it.

#[path = "support/world.rs"]
mod world;

use std::net::SocketAddr;
use std::time::Duration;

use strowger_base::FeatureNumber;
use strowger_base::feature::FeatureCode;
use strowger_base::journal::{Alarm, Decision, Entry, Record};
use strowger_callcontrol::configuration::{HoldMode, NoticeSound, ParkRange, PickupGroup, PickupNotice};
use strowger_media::control::{Command, Report};
use strowger_media::statistics::PortStatistics;
use strowger_node::configuration::{FeatureDraft, PatternDraft};
use strowger_node::io::{Answer, Question, UserSetting};
use strowger_node::{Draft, Input};
use world::{Phone, World, body_of, draft, header, tag_of};

const CISCO: &str = "Supported: replaces,norefersub,X-cisco-callinfo,X-cisco-escapecodes\r\nUser-Agent: Cisco-CP8845/12.8.1\r\n";

/// Registers a phone of Cisco; what it is told at once.
fn register(world: &mut World, phone: &mut Phone) -> String {
    let request = phone.request("REGISTER", CISCO, "");
    world.from(phone.address, &request);
    let challenge = world.expect(phone, "SIP/2.0 401 ");
    let authorization = phone.authorization(&challenge, "REGISTER");
    let request = phone.request("REGISTER", &format!("{CISCO}{authorization}"), "");
    world.from(phone.address, &request);
    world.expect(phone, "SIP/2.0 200 ");
    takes(world, phone)
}

/// The phone takes a REFER of the server.
#[track_caller]
fn takes(world: &mut World, phone: &Phone) -> String {
    let told = world.expect(phone, "REFER ");
    assert_eq!(header(&told, "Require"), "norefersub");
    world.from(phone.address, &phone.respond(&told, "202 Accepted", ""));
    told
}

/// A phone with a Cisco load, and one without.
fn registered(draft: &Draft) -> (World, Phone, Phone) {
    let mut world = World::new(draft);
    let mut alice = Phone::new("1001", "192.0.2.10:5060");
    let mut bob = Phone::new("1002", "192.0.2.20:5060");
    world.register(&mut alice);
    register(&mut world, &mut bob);
    (world, alice, bob)
}

fn sets(world: &mut World, line: &str, what: &str, value: &str) {
    let setting = UserSetting {
        line: line.into(),
        phone: "".into(),
        setting: what.into(),
        value: value.into(),
        by: "ada".into(),
        at: Default::default(),
    };
    // Whoever is told is told at once; the answer comes when the disk has it.
    let Answer::SetForUser(Ok(())) = world.ask(Question::SetForUser(setting)) else { panic!("not set") };
}

/// The REFER by which a phone tells a key.
fn press(phone: &mut Phone, key: &str, dialog: &str) -> String {
    let body = format!(
        "<x-cisco-remotecc-request><softkeyeventmsg><softkeyevent>{key}</softkeyevent>{dialog}</softkeyeventmsg></x-cisco-remotecc-request>"
    );
    phone
        .request("REFER", "Refer-To: cid:1\r\n", &body)
        .replace("application/sdp", "application/x-cisco-remotecc-request+xml")
}

/// The call of an INVITE that a phone answered, as it names it.
fn dialog(phone: &Phone, invite: &str) -> String {
    let (call_id, ours) = (header(invite, "Call-ID"), tag_of(invite, "From"));
    let theirs = format!("u{}x{}", phone.number, phone.address.port());
    format!(
        "<dialogid><callid>{call_id}</callid><localtag>{theirs}</localtag><remotetag>{ours}</remotetag></dialogid>"
    )
}

/// Alice calls Bob, and they talk; the INVITE that he had.
fn talk(world: &mut World, alice: &mut Phone, bob: &Phone) -> String {
    world.invite(alice, "1002");
    let invite = world.expect(bob, "INVITE ");
    world.from(bob.address, &bob.respond(&invite, "200 OK", &bob.sdp()));
    world.expect(bob, "ACK ");
    let ok = world.expect(alice, "SIP/2.0 200 ");
    alice.remote_tag = tag_of(&ok, "To").to_owned();
    let ack = alice.request("ACK", "", "");
    world.from(alice.address, &ack);
    invite
}

fn hangs_up(world: &mut World, alice: &mut Phone, bob: &Phone) {
    let bye = alice.request("BYE", "", "");
    world.from(alice.address, &bye);
    world.expect(alice, "SIP/2.0 200 ");
    let bye = world.expect(bob, "BYE ");
    world.from(bob.address, &bob.respond(&bye, "200 OK", ""));
}

#[test]
fn a_phone_is_told_its_settings_when_it_registers_and_when_they_change_elsewhere() {
    let mut world = World::new(&draft());
    let mut bob = Phone::new("1002", "192.0.2.20:5060");
    sets(&mut world, "1002", "forward-all", "1003");
    let told = register(&mut world, &mut bob);
    assert_eq!(header(&told, "Content-Type"), "multipart/mixed;boundary=uniqueBoundary");
    assert!(
        told.contains("<dndupdate><state>disable</state><option>ringeroff</option></dndupdate>"),
        "{told}"
    );
    assert!(told.contains("<hlogupdate><status>on</status></hlogupdate>"), "{told}");
    assert!(
        told.contains(
            "<bulkupdate><contact line=\"1\"><mwi>no</mwi><emwi><voice-msg new=\"0\" old=\"0\"/></emwi>\
             <cfwdallupdate><fwdaddress>1003</fwdaddress><tovoicemail>off</tovoicemail></cfwdallupdate></contact></bulkupdate>"
        ),
        "{told}"
    );
    // A refresh over the same way tells nothing.
    let request = bob.request("REGISTER", CISCO, "");
    world.from(bob.address, &request);
    let challenge = world.expect(&bob, "SIP/2.0 401 ");
    let authorization = bob.authorization(&challenge, "REGISTER");
    let request = bob.request("REGISTER", &format!("{CISCO}{authorization}"), "");
    world.from(bob.address, &request);
    world.expect(&bob, "SIP/2.0 200 ");
    world.silent();

    let mut alice = Phone::new("1001", "192.0.2.10:5060");
    world.register(&mut alice);
    let mut check = |line: &str, what: &str, value: &str, expect: &str| {
        sets(&mut world, line, what, value);
        if !expect.is_empty() {
            let told = takes(&mut world, &bob);
            assert!(body_of(&told).contains(expect), "{told}");
        }
        world.silent();
    };
    check(
        "1002",
        "do-not-disturb",
        "on",
        "<dndupdate><state>enable</state><option>ringeroff</option></dndupdate>",
    );
    check("1002", "do-not-disturb", "off", "<dndupdate><state>disable</state>");
    check("1002", "hunt-log", "off", "<hlogupdate><status>off</status></hlogupdate>");
    check(
        "1002",
        "forward-all",
        "1001",
        "<cfwdallupdate><linenumber>1</linenumber><fwdaddress>1001</fwdaddress><tovoicemail>off</tovoicemail></cfwdallupdate>",
    );
    check("1002", "forward-all", "", "<fwdaddress></fwdaddress><tovoicemail>off</tovoicemail>");
    // These are shown nowhere, and that phone shows nothing.
    check("1002", "forward-busy", "1001", "");
    check("1001", "do-not-disturb", "on", "");
    world.settled();
}

fn is_alarm(record: &Record<'_>) -> bool {
    matches!(record.entry, Entry::Alarm(Alarm::QualityReported { .. }))
}

#[test]
fn a_report_of_bad_quality_is_in_the_story_and_an_alarm() {
    let (mut world, mut alice, mut bob) = registered(&Draft { hold: HoldMode::PassedOn, ..draft() });
    // Without a call: trouble of the phone itself.
    let refer = press(&mut bob, "QRT", "");
    world.from(bob.address, &refer);
    world.expect(&bob, "SIP/2.0 202 ");
    let told = takes(&mut world, &bob);
    assert!(told.contains("<statustext>Quality report taken</statustext>"), "{told}");
    // What is pressed again at once is the same trouble, and a minute later it is not.
    for (again, pause) in [(1, 0), (2, 61)] {
        world.pass(Duration::from_secs(pause));
        let refer = press(&mut bob, "QRT", "");
        world.from(bob.address, &refer);
        world.expect(&bob, "SIP/2.0 202 ");
        takes(&mut world, &bob);
        let alarms = world.records().iter().filter(|record| is_alarm(record)).count();
        assert_eq!(alarms, again, "after {pause} s");
    }
    let invite = talk(&mut world, &mut alice, &bob);
    let own = dialog(&bob, &invite);
    let refer = press(&mut bob, "QRT", &own);
    world.from(bob.address, &refer);
    world.expect(&bob, "SIP/2.0 202 ");
    let menu = takes(&mut world, &bob);
    assert!(menu.contains("<Name>Choppy sound</Name><URL>UserCallData:3:0:1:0:3</URL>"), "{menu}");
    let body = "--b\r\nContent-Type: application/x-cisco-remotecc-request+xml\r\n\r\n<x-cisco-remotecc-request><datapassthroughreq><applicationid>3</applicationid><confid>1</confid></datapassthroughreq></x-cisco-remotecc-request>\r\n--b\r\nContent-Type: application/x-cisco-remotecc-cm+xml\r\n\r\n3\r\n--b--\r\n";
    let refer = bob.request("REFER", "Refer-To: cid:1\r\n", body);
    world.from(bob.address, &refer.replace("application/sdp", "multipart/mixed; boundary=b"));
    world.expect(&bob, "SIP/2.0 202 ");
    takes(&mut world, &bob);
    hangs_up(&mut world, &mut alice, &bob);
    let told: Vec<String> = world
        .records()
        .iter()
        .filter_map(|record| match record.entry {
            Entry::Decision(Decision::QualityReported { reason }) => Some(format!("report {reason}")),
            Entry::Alarm(Alarm::QualityReported { by, reason }) => Some(format!("alarm {by} {reason}")),
            _ => None,
        })
        .collect();
    let in_call = ["report ", "alarm 1002 ", "report choppy", "alarm 1002 choppy"];
    assert_eq!(told, [&["alarm 1002 "; 2][..], &in_call].concat());
    let metrics = world.ask(Question::Metrics);
    assert!(format!("{metrics:?}").contains("quality_reports_total"));
    world.settled();
}

#[test]
fn a_phone_that_monitors_its_parked_call_is_told_that_it_was_abandoned() {
    let mut draft = Draft { hold: HoldMode::PassedOn, ..draft() };
    let pattern = PatternDraft { pattern: "8800".into(), ..PatternDraft::default() };
    let number = FeatureNumber { code: FeatureCode::Retrieve, object: "lobby".into(), digits: 0 };
    draft.plan.features.push(FeatureDraft { pattern, number });
    draft.plan.park.ranges.push(ParkRange { object: "lobby".into(), numbers: vec!["8800".into()] });
    let (mut world, mut alice, mut bob) = registered(&draft);
    let invite = talk(&mut world, &mut alice, &bob);
    let own = dialog(&bob, &invite);
    let refer = press(&mut bob, "ParkMonitor", &own);
    world.from(bob.address, &refer);
    world.expect(&bob, "SIP/2.0 202 ");
    let bye = world.expect(&bob, "BYE ");
    world.from(bob.address, &bob.respond(&bye, "200 OK", ""));
    let parked = world.expect(&bob, "NOTIFY ");
    assert_eq!(header(&parked, "Event"), "refer");
    assert!(
        parked.contains("<dialog id=\"8800\"><state>confirmed</state><call:park><event>parked</event>"),
        "{parked}"
    );
    world.from(bob.address, &bob.respond(&parked, "200 OK", ""));
    world.sent.clear();
    let bye = alice.request("BYE", "", "");
    world.from(alice.address, &bye);
    let answer = std::mem::take(&mut world.sent);
    let gone = answer.iter().find(|(to, text)| *to == bob.address && text.starts_with("NOTIFY "));
    let (_, gone) = gone.unwrap_or_else(|| panic!("{answer:#?}"));
    assert_eq!(header(gone, "Subscription-State"), "terminated;reason=noresource");
    assert!(gone.contains("<state>terminated</state><call:park><event>abandoned</event>"), "{gone}");
    world.from(bob.address, &bob.respond(gone, "200 OK", ""));
    media_ends(&mut world);
    world.settled();
}

/// The workers do what they are told.
fn media_ends(world: &mut World) {
    while !world.media.is_empty() {
        for command in std::mem::take(&mut world.media) {
            match command {
                Command::OpenEndpoint { port, .. } => {
                    let a = SocketAddr::from(([192, 0, 2, 1], 30_000));
                    world.input(Input::Media(Report::Opened { port, a, b: None }));
                }
                Command::Close { port } => {
                    let statistics = Box::new(PortStatistics::default());
                    world.input(Input::Media(Report::Closed { port, statistics }));
                }
                _ => {}
            }
        }
    }
}

#[test]
fn after_a_restart_a_phone_is_known_by_its_user_agent() {
    let (world, _, bob) = registered(&draft());
    let bound = world.stored.iter().rev().find_map(|record| match record {
        strowger_node::io::StoreRecord::Bound(record) => Some(record.clone()),
        _ => None,
    });
    let mut again = World::new(&draft());
    again.input(Input::Restore(bound.expect("what the disk has")));
    sets(&mut again, "1002", "do-not-disturb", "on");
    let told = takes(&mut again, &bob);
    assert!(told.contains("<state>enable</state>"), "{told}");
}

#[test]
fn phones_of_a_pickup_group_are_told_of_a_call_that_rings_at_another_one() {
    let mut draft = Draft { hold: HoldMode::PassedOn, ..draft() };
    let notice = PickupNotice {
        after: Duration::from_secs(6),
        is_shown: true,
        sound: NoticeSound::Beep,
        names_calling: true,
        names_called: true,
    };
    let lines = ["1002", "1003"].map(Into::into).to_vec();
    draft.plan.pickup.add("sales", PickupGroup { lines, notice: Some(notice), ..PickupGroup::default() });
    let (mut world, mut alice, bob) = registered(&draft);
    let mut carol = Phone::new("1003", "192.0.2.30:5060");
    register(&mut world, &mut carol);
    // A phone of the same line without remote control is told nothing.
    let mut other = Phone::new("1003", "192.0.2.31:5060");
    other.cseq_from(900);
    world.register(&mut other);
    world.invite(&mut alice, "1002");
    let invite = world.expect(&bob, "INVITE ");
    world.from(bob.address, &bob.respond(&invite, "180 Ringing", ""));
    world.expect(&alice, "SIP/2.0 180 ");
    world.pass(Duration::from_secs(5));
    world.silent();
    world.pass(Duration::from_secs(1));
    let told = takes(&mut world, &carol);
    assert!(
        told.contains("<statustext>From 1001 to 1002</statustext><displaytimeout>6</displaytimeout>"),
        "{told}"
    );
    assert!(told.contains("<playtonereq><tonetype>DtZipZip</tonetype>"), "{told}");
    world.pass(Duration::from_secs(3));
    world.silent();
    let told = world.records().iter().any(|record| {
        matches!(record.entry, Entry::Decision(Decision::PickupGroupTold { group: "sales", lines: 1 }))
    });
    assert!(told);
    // Whoever does not want to be disturbed is not, and a call that is answered in time is nobody's business.
    world.from(bob.address, &bob.respond(&invite, "486 Busy Here", ""));
    world.expect(&bob, "ACK ");
    let busy = world.expect(&alice, "SIP/2.0 486 ");
    world.from(alice.address, &alice.acknowledge(&busy));
    sets(&mut world, "1003", "do-not-disturb", "on");
    takes(&mut world, &carol);
    world.invite(&mut alice, "1002");
    let invite = world.expect(&bob, "INVITE ");
    world.from(bob.address, &bob.respond(&invite, "180 Ringing", ""));
    world.expect(&alice, "SIP/2.0 180 ");
    world.pass(Duration::from_secs(7));
    world.silent();
    world.from(bob.address, &bob.respond(&invite, "486 Busy Here", ""));
    world.expect(&bob, "ACK ");
    let busy = world.expect(&alice, "SIP/2.0 486 ");
    world.from(alice.address, &alice.acknowledge(&busy));
    world.settled();
}
