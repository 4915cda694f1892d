use strowger_base::feature::Turn;
use strowger_base::journal::OnOff;

use super::read::{Chosen, NODES, Unreadable, read};
use super::tell::{Body, hunt_update, response, status_line};
use super::*;

/// The body that a phone sends for a key.
fn body(key: &str, more: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<x-cisco-remotecc-request>
 <softkeyeventmsg>
  <softkeyevent>{key}</softkeyevent>
  <dialogid><callid>a@192.0.2.10</callid><localtag>theirs</localtag><remotetag>00ab</remotetag></dialogid>
  <linenumber>0</linenumber><participantnum>0</participantnum>{more}
 </softkeyeventmsg>
</x-cisco-remotecc-request>
"#
    )
}

fn dialog(call_id: &str, local: &str, remote: &str) -> DialogId {
    DialogId { call_id: call_id.into(), local_tag: local.into(), remote_tag: remote.into() }
}

#[test]
fn a_key_is_read_with_its_dialogs() {
    let consult = "<consultdialogid><callid>b@192.0.2.10</callid><localtag>t2</localtag><remotetag>00cd</remotetag></consultdialogid><state>false</state><joindialogid><callid></callid><localtag></localtag><remotetag></remotetag></joindialogid>";
    let check = |key: &str, more: &str, expect: Key, others: Vec<DialogId>| {
        let read = read(body(key, more).as_bytes(), None);
        assert_eq!(
            read,
            Ok(Asks::Key(SoftKey {
                key: expect,
                dialog: Some(dialog("a@192.0.2.10", "theirs", "00ab")),
                others
            }))
        );
    };
    let other = vec![dialog("b@192.0.2.10", "t2", "00cd")];
    check("Conference", consult, Key::Feature(Feature::Conference), other.clone());
    check("Join", consult, Key::Feature(Feature::Conference), other);
    check("Park", "", Key::Feature(Feature::Park), vec![]);
    check("StopRecording", "", Key::Feature(Feature::Record(Turn::Off)), vec![]);
    check("ParkMonitor", "", Key::Feature(Feature::ParkMonitored), vec![]);
    check("QRT", "", Key::Feature(Feature::Quality), vec![]);
    check("HLog", "", Key::HuntLog, vec![]);
    check("Select", "", Key::Told, vec![]);
    check("Teleport", "", Key::Unknown, vec![]);
}

#[test]
fn what_is_no_key_is_not_read() {
    let check = |text: &str, why: Unreadable| assert_eq!(read(text.as_bytes(), None), Err(why), "{text}");
    check("", Unreadable::NotXml);
    check("<x-cisco-remotecc-request>", Unreadable::NotXml);
    check("<x-cisco-remotecc-request/>", Unreadable::NoRequest);
    check(
        "<other><softkeyeventmsg><softkeyevent>Park</softkeyevent></softkeyeventmsg></other>",
        Unreadable::NoRequest,
    );
    check(
        "<x-cisco-remotecc-request><softkeyeventmsg/></x-cisco-remotecc-request>",
        Unreadable::Missing("softkeyevent"),
    );
    // Entities of one's own are how a small body becomes a large one.
    check(
        "<!DOCTYPE a [<!ENTITY b \"Park\">]><x-cisco-remotecc-request><softkeyeventmsg><softkeyevent>&b;</softkeyevent></softkeyeventmsg></x-cisco-remotecc-request>",
        Unreadable::NotXml,
    );
    let many = "<x/>".repeat(NODES as usize);
    check(
        &format!(
            "<x-cisco-remotecc-request>{many}<softkeyeventmsg><softkeyevent>Park</softkeyevent></softkeyeventmsg></x-cisco-remotecc-request>"
        ),
        Unreadable::NotXml,
    );
    assert_eq!(read(&[0xff, 0xfe, 0x00], None), Err(Unreadable::NotText));
}

#[test]
fn a_choice_is_read_with_its_screen() {
    let passed = |inner: &str| {
        format!(
            "<x-cisco-remotecc-request><datapassthroughreq>{inner}</datapassthroughreq></x-cisco-remotecc-request>"
        )
    };
    let check = |inner: &str, data: Option<&str>, expect: Result<(u32, u32, Chosen), Unreadable>| {
        let found = read(passed(inner).as_bytes(), data.map(str::as_bytes));
        let expect =
            expect.map(|(application, screen, chosen)| Asks::Choice(Choice { application, screen, chosen }));
        assert_eq!(found, expect, "{inner} {data:?}");
    };
    let ids = "<applicationid>1</applicationid><transactionid>0</transactionid><confid>7</confid>";
    check(ids, Some("Remove"), Ok((1, 7, Chosen::Remove)));
    check(ids, Some("\r\n12\r\n"), Ok((1, 7, Chosen::Item(12))));
    check(ids, Some("Dial"), Ok((1, 7, Chosen::Dial)));
    for data in [None, Some(""), Some("Explode"), Some("12a"), Some("99999999999999"), Some("-1")] {
        check(ids, data, Err(Unreadable::NoChoice));
    }
    check(ids, Some(&"1".repeat(65)), Err(Unreadable::NoChoice));
    check("<confid>7</confid>", Some("1"), Err(Unreadable::Missing("applicationid")));
    check(
        "<applicationid>1</applicationid><confid>x</confid>",
        Some("1"),
        Err(Unreadable::Missing("confid")),
    );
    check("<applicationid>-1</applicationid>", Some("1"), Err(Unreadable::Missing("applicationid")));
}

/// The parts of a request as a phone would take it apart.
fn written(body: &Body) -> Vec<(String, Vec<u8>)> {
    let mut buffer = b"REFER sip:1001@h SIP/2.0\r\n".to_vec();
    tell::write_request(&mut buffer, "<sip:h>", "7@h", body);
    let message = Message::parse(&buffer).unwrap();
    let content_type = message.first(crate::message::HeaderName::ContentType).unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let parts: Vec<_> = crate::body::parts(content_type, message.body())
        .map(|part| (text(part.content_type), part.body.to_vec()))
        .collect();
    if parts.is_empty() { vec![(text(content_type), message.body().to_vec())] } else { parts }
}

#[test]
fn what_a_phone_is_told_is_well_formed() {
    let code = response(500);
    let document = roxmltree::Document::parse(&code).unwrap();
    assert!(
        document.descendants().any(|node| node.tag_name().name() == "code" && node.text() == Some("500"))
    );
    let line = status_line("\u{80}! 8801 <&> Zürich 日\u{7}", 10);
    let parts = written(&line.into());
    let [(content_type, line)] = &parts[..] else { panic!("{parts:?}") };
    assert_eq!(content_type, "application/x-cisco-remotecc-request+xml");
    assert!(line.windows(5).any(|part| part == b"\x80! 88"), "{line:?}");
    let text: String = line.iter().map(|byte| char::from(*byte)).collect();
    let document = roxmltree::Document::parse(&text).unwrap();
    let shown = document.descendants().find(|node| node.tag_name().name() == "statustext").unwrap();
    assert_eq!(shown.text(), Some("\u{80}! 8801 <&> Zürich "));
    let two = Body::of(vec![hunt_update(OnOff::On), hunt_update(OnOff::Off)]);
    let parts = written(&two);
    assert_eq!(parts.len(), 2);
    for ((content_type, bytes), status) in parts.iter().zip(["on", "off"]) {
        assert_eq!(content_type, "application/x-cisco-remotecc-request+xml");
        let text = String::from_utf8_lossy(bytes);
        let document = roxmltree::Document::parse(&text).unwrap();
        let found = document.descendants().find(|node| node.tag_name().name() == "status").unwrap();
        assert_eq!(found.text(), Some(status));
    }
}
