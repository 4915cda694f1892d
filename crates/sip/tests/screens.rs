//! Screens of Cisco's phones on the wire: what they are shown, and what is chosen there.

mod support;

use strowger_base::feature::{
    Control, FeatureAnswer, FeatureRequest, Participant, ParticipantList, QualityReason, Turn,
};
use strowger_base::leg::{Mute, Presentation};
use strowger_base::{Cause, Command, LegId, Party, Signal};
use strowger_sip::body;
use support::*;

/// The parts of a body with their types.
fn parts(message: &str) -> Vec<(String, String)> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let content_type = header(message, "Content-Type").as_bytes();
    body::parts(content_type, body_of(message).as_bytes())
        .map(|part| (text(part.content_type), text(part.body)))
        .collect()
}

/// A screen that a phone is shown: the request that goes before it, and what it has.
#[track_caller]
fn screen(refer: &str) -> (String, String) {
    assert!(refer.starts_with("REFER sip:1001@192.0.2.10:5060 SIP/2.0\r\n"), "{refer}");
    assert_eq!(header(refer, "Require"), "norefersub");
    assert_eq!(header(refer, "Content-Type"), "multipart/mixed;boundary=uniqueBoundary");
    let mut parts = parts(refer);
    assert_eq!(parts.len(), 2, "{refer}");
    let types: Vec<_> = parts.iter().map(|part| &*part.0).collect();
    assert_eq!(types, ["application/x-cisco-remotecc-request+xml", "application/x-cisco-remotecc-cm+xml"]);
    for (_, text) in &parts {
        roxmltree::Document::parse(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    }
    let shown = parts.remove(1).1;
    (parts.remove(0).1, shown)
}

/// A REFER of Alice's phone with this body.
fn refer(branch: &str, content_type: &str, body: &str) -> String {
    format!(
        "REFER sip:192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK{branch}\r\nMax-Forwards: 70\r\nFrom: <sip:1001@192.0.2.1>;tag=k1\r\nTo: <sip:1001@192.0.2.1>\r\nCall-ID: key-{branch}\r\nCSeq: 101 REFER\r\nContact: <sip:1001@192.0.2.10:5060>\r\nUser-Agent: Cisco-CP8845/12.8.1\r\nRefer-To: cid:1\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn press(branch: &str, key: &str, tag: &str) -> String {
    let dialog = format!(
        "<dialogid><callid>a1</callid><localtag>ta</localtag><remotetag>{tag}</remotetag></dialogid>"
    );
    let body = format!(
        "<x-cisco-remotecc-request><softkeyeventmsg><softkeyevent>{key}</softkeyevent>{dialog}</softkeyeventmsg></x-cisco-remotecc-request>"
    );
    refer(branch, "application/x-cisco-remotecc-request+xml", &body)
}

/// What is chosen on a screen.
fn choose(branch: &str, application: u32, screen: u32, chosen: &str) -> String {
    let body = format!(
        "--b\r\nContent-Type: application/x-cisco-remotecc-request+xml\r\n\r\n<x-cisco-remotecc-request><datapassthroughreq><applicationid>{application}</applicationid><transactionid>1</transactionid><confid>{screen}</confid></datapassthroughreq></x-cisco-remotecc-request>\r\n--b\r\nContent-Type: application/x-cisco-remotecc-cm+xml\r\n\r\n{chosen}\r\n--b--\r\n"
    );
    refer(branch, "multipart/mixed; boundary=b", &body)
}

fn answer(request: &'static str, result: Result<(), Cause>, text: &str) -> Command {
    Command::FeatureAnswer(Box::new(FeatureAnswer { request, result, text: text.into() }))
}

fn participant(number: u32, who: Party) -> Participant {
    Participant { number, party: who, is_starter: number == 1, is_asker: number == 1, mute: Mute::Off }
}

fn list(control: Control) -> Command {
    let mut carol = participant(3, party("1003", "Carol <3>"));
    carol.mute = Mute::On;
    let mut nobody = participant(4, party("4711", "Boss"));
    nobody.party.presentation = Presentation::Restricted;
    let participants =
        vec![participant(1, party("1001", "")), participant(2, party("1002", "Bob")), carol, nobody];
    Command::ShowParticipants(Box::new(ParticipantList { control, participants }))
}

/// Alice's phone takes what it is sent.
#[track_caller]
fn takes(d: &mut Driver) -> String {
    let refer = d.one();
    d.from(ALICE, &respond(&refer, 202, "k2", "", ""));
    refer
}

#[track_caller]
fn says(d: &mut Driver, text: &str, status: &str) {
    d.from(ALICE, text);
    let answer = d.one();
    assert!(answer.starts_with(&format!("SIP/2.0 {status} ")), "{answer}");
}

#[track_caller]
fn asks(d: &mut Driver, request: FeatureRequest) {
    assert_eq!(d.signal(), Signal::FeatureRequested(Box::new(request)));
}

fn hangs_up(mut d: Driver, leg: LegId) {
    d.command(leg, Command::Release(Cause::NORMAL_CALL_CLEARING));
    let bye = d.one();
    d.from(ALICE, &respond(&bye, 200, "", "", ""));
    d.settled();
    assert_eq!(d.sip.sizes().screens, 0);
}

#[test]
fn the_list_of_a_conference_is_a_menu_that_puts_out_and_mutes() {
    let mut d = Driver::new();
    let (leg, tag) = d.established("");
    says(&mut d, &press("l1", "ConfList", &tag), "202");
    asks(&mut d, FeatureRequest::Participants);
    d.command(leg, list(Control::Yes));
    let (passed, menu) = screen(&takes(&mut d));
    assert!(passed.contains("<applicationid>1</applicationid>") && passed.contains("<confid>1</confid>"));
    assert!(passed.contains("<stationsequence>StationSequenceLast</stationsequence>"), "{passed}");
    let items = [
        "1001 * (you)</Name><URL>UserCallData:1:0:1:0:1<",
        ">Bob</Name><URL>UserCallData:1:0:1:0:2<",
        ">[-] Carol &lt;3&gt;</Name><URL>UserCallData:1:0:1:0:3<",
        ">Anonymous 4</Name>",
    ];
    for item in items {
        assert!(menu.contains(item), "{item}: {menu}");
    }
    assert!(menu.contains("<Name>Exit</Name><URL>SoftKey:Exit</URL><Position>1</Position>"), "{menu}");
    assert!(
        menu.contains(
            "<Name>Remove</Name><URL>UserCallDataSoftKey:Select:1:0:1:0:Remove</URL><Position>2</Position>"
        ),
        "{menu}"
    );
    assert!(menu.contains("<URL>UserCallDataSoftKey:Update:1:0:1:0:Update</URL>"), "{menu}");
    // The text is for who has no screen.
    d.command(leg, answer("conference-list", Ok(()), "1 1001"));
    d.silent();

    // The key comes first, and then the item that was marked.
    says(&mut d, &choose("c1", 1, 1, "Remove"), "202");
    assert!(d.signals.is_empty());
    says(&mut d, &choose("c2", 1, 1, "2"), "202");
    asks(&mut d, FeatureRequest::Drop { participant: 2 });
    d.command(leg, answer("conference-drop", Ok(()), "2"));
    asks(&mut d, FeatureRequest::Participants);
    d.command(leg, list(Control::No));
    let (passed, menu) = screen(&takes(&mut d));
    assert!(passed.contains("<confid>1</confid>"), "{passed}");
    assert!(!menu.contains("Remove") && !menu.contains("Mute") && menu.contains(">Update<"), "{menu}");
    d.command(leg, answer("conference-list", Ok(()), ""));

    says(&mut d, &choose("c3", 1, 1, "Mute"), "202");
    says(&mut d, &choose("c4", 1, 1, "3"), "202");
    asks(&mut d, FeatureRequest::Mute { participant: 3, turn: Turn::Over });
    d.command(leg, answer("conference-mute", Err(Cause::CALL_REJECTED), ""));
    assert!(body_of(&takes(&mut d)).contains("<statustext>call rejected</statustext>"));
    // Nobody is put out by an item alone, and the key counts for one item.
    says(&mut d, &choose("c5", 1, 1, "3"), "202");
    asks(&mut d, FeatureRequest::Participants);
    // There is no conference any more: the screen is taken away.
    d.command(leg, answer("conference-list", Err(Cause::RESOURCE_UNAVAILABLE), ""));
    let (passed, closed) = screen(&takes(&mut d));
    assert!(passed.contains("<confid>0</confid>"), "{passed}");
    assert!(closed.contains("<ExecuteItem URL=\"Init:Services\"/>"), "{closed}");
    hangs_up(d, leg);
}

#[test]
fn old_phones_have_exit_in_the_third_place() {
    let mut d = Driver::new();
    let (leg, tag) = d.established("");
    let old = press("l1", "ConfDetails", &tag).replace("Cisco-CP8845", "Cisco-CP7962G");
    says(&mut d, &old, "202");
    d.command(leg, list(Control::Yes));
    let (_, menu) = screen(&takes(&mut d));
    assert!(menu.contains("<URL>SoftKey:Exit</URL><Position>3</Position>"), "{menu}");
    assert!(menu.contains(":Remove</URL><Position>1</Position>"), "{menu}");
}

#[test]
fn a_list_that_no_key_asked_for_is_not_shown() {
    let mut d = Driver::new();
    let (leg, _) = d.established("");
    d.command(leg, list(Control::Yes));
    d.command(leg, answer("conference-list", Ok(()), "1 1001"));
    d.silent();
}

#[test]
fn a_report_of_bad_quality_is_taken_and_may_have_a_reason() {
    let mut d = Driver::new();
    let (leg, tag) = d.established("");
    says(&mut d, &press("q1", "QRT", &tag), "202");
    asks(&mut d, FeatureRequest::ReportQuality(None));
    d.command(leg, answer("quality-report", Ok(()), "Quality report taken"));
    let (passed, menu) = screen(&takes(&mut d));
    assert!(passed.contains("<applicationid>3</applicationid>"), "{passed}");
    assert!(menu.contains("<Name>Choppy sound</Name><URL>UserCallData:3:0:1:0:3</URL>"), "{menu}");
    // What is no reason is nothing.
    says(&mut d, &choose("q2", 3, 1, "9"), "202");
    says(&mut d, &choose("q3", 3, 1, "Remove"), "202");
    d.silent();
    says(&mut d, &choose("q4", 3, 1, "3"), "202");
    asks(&mut d, FeatureRequest::ReportQuality(Some(QualityReason::Choppy)));
    d.command(leg, answer("quality-report", Ok(()), "Quality report taken"));
    assert!(body_of(&takes(&mut d)).contains("<statustext>Quality report taken</statustext>"));
    hangs_up(d, leg);
}

#[test]
fn a_choice_of_nobody_or_on_no_screen_is_refused() {
    let mut d = Driver::new();
    let (leg, tag) = d.established("");
    says(&mut d, &choose("c0", 1, 1, "Update"), "481");
    says(&mut d, &press("l1", "ConfList", &tag), "202");
    d.signals.clear();
    d.command(leg, list(Control::Yes));
    d.command(leg, answer("conference-list", Ok(()), ""));
    takes(&mut d);
    // Another screen, another kind of screen, another phone.
    says(&mut d, &choose("c1", 1, 2, "Update"), "481");
    says(&mut d, &choose("c2", 3, 1, "3"), "481");
    d.from(BOB, &choose("c3", 1, 1, "Update"));
    assert!(d.one().starts_with("SIP/2.0 481 "));
    // What cannot be read says what is wrong.
    for (body, why) in [
        (choose("c4", 1, 1, "Explode"), "the part with what was chosen is missing or unknown"),
        (choose("c5", 1, 1, "1").replace("<confid>1</confid>", "<confid>!</confid>"), "confid is missing"),
        (
            choose("c6", 1, 1, "1").replace("datapassthroughreq", "otherpassthroughre"),
            "neither softkeyeventmsg",
        ),
    ] {
        d.from(ALICE, &body);
        let refused = d.one();
        assert!(refused.starts_with("SIP/2.0 400 "), "{refused}");
        assert!(header(&refused, "Warning").contains(why), "{refused}");
    }
    assert!(d.signals.is_empty());
    hangs_up(d, leg);
}
