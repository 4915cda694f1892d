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
        let read = soft_key(body(key, more).as_bytes()).unwrap();
        assert_eq!(
            read,
            SoftKey { key: expect, dialog: Some(dialog("a@192.0.2.10", "theirs", "00ab")), others }
        );
    };
    let other = vec![dialog("b@192.0.2.10", "t2", "00cd")];
    check("Conference", consult, Key::Feature(Feature::Conference), other.clone());
    check("Join", consult, Key::Feature(Feature::Conference), other);
    check("Park", "", Key::Feature(Feature::Park), vec![]);
    check("StopRecording", "", Key::Feature(Feature::Record(Turn::Off)), vec![]);
    check("HLog", "", Key::HuntLog, vec![]);
    check("Select", "", Key::Told, vec![]);
    check("Teleport", "", Key::Unknown, vec![]);
}

#[test]
fn what_is_no_key_is_not_read() {
    let check = |text: &str| assert_eq!(soft_key(text.as_bytes()), None, "{text}");
    check("");
    check("<x-cisco-remotecc-request>");
    check("<x-cisco-remotecc-request/>");
    check("<other><softkeyeventmsg><softkeyevent>Park</softkeyevent></softkeyeventmsg></other>");
    check("<x-cisco-remotecc-request><softkeyeventmsg/></x-cisco-remotecc-request>");
    // Entities of one's own are how a small body becomes a large one.
    check(
        "<!DOCTYPE a [<!ENTITY b \"Park\">]><x-cisco-remotecc-request><softkeyeventmsg><softkeyevent>&b;</softkeyevent></softkeyeventmsg></x-cisco-remotecc-request>",
    );
    let many = "<x/>".repeat(NODES as usize);
    check(&format!(
        "<x-cisco-remotecc-request>{many}<softkeyeventmsg><softkeyevent>Park</softkeyevent></softkeyeventmsg></x-cisco-remotecc-request>"
    ));
    assert_eq!(soft_key(&[0xff, 0xfe, 0x00]), None);
}

#[test]
fn what_a_phone_is_answered_is_well_formed() {
    let code = response(500);
    let document = roxmltree::Document::parse(&code).unwrap();
    assert!(
        document.descendants().any(|node| node.tag_name().name() == "code" && node.text() == Some("500"))
    );
    let line = status_line("\u{80}! 8801 <&> Zürich 日");
    let found = line.windows(5).any(|part| part == b"\x80! 88");
    assert!(found, "{line:?}");
    let text: String = line.iter().map(|byte| char::from(*byte)).collect();
    let document = roxmltree::Document::parse(&text).unwrap();
    let shown = document.descendants().find(|node| node.tag_name().name() == "statustext").unwrap();
    assert_eq!(shown.text(), Some("\u{80}! 8801 <&> Zürich "));
}
