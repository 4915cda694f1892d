//! SCCP phones: what their keys become.

use strowger_base::Language;
use strowger_sccp::codes::{ButtonType, SoftKey};
use strowger_sccp::station::device::{Assignment, Device, FeatureButton, WhenRung};
use strowger_sccp::{CodePage, Text, Version};

use super::*;

fn device(phone: &str, beside: &str) -> Arc<Device> {
    let (_, translated) = translated(&format!(
        r#"
        [[partition]]
        name = "internal"
        [[voice_mail_profile]]
        name = "mail"
        pilot = "7000"
        [[line]]
        pattern = "1001"
        partition = "internal"
        voice_mail = "mail"
        busy_trigger = 3
        calls_max = 5
        [[line]]
        pattern = "1002"
        partition = "internal"
        [[phone]]
        name = "SEP000000000003"
        protocol = "sccp"
        lines = [{{ line = "internal:1001" }}, {{ line = "internal:1002" }}]
        {phone}
        {beside}
        "#
    ));
    let [station] = translated.draft.stations.stations.as_slice() else { panic!("one SCCP phone") };
    Arc::clone(&station.device)
}

#[test]
fn a_line_tells_its_voice_mail_and_how_many_calls_it_has() {
    let device = device("", "");
    let told: Vec<(&str, Option<u16>, Option<u16>)> = device
        .buttons
        .iter()
        .filter_map(|button| match button {
            Assignment::Line(line) => Some((line.voice_mail.as_str(), line.calls_max, line.busy_trigger)),
            _ => None,
        })
        .collect();
    assert_eq!(told, [("7000", Some(5), Some(3)), ("", Some(4), Some(2))]);
}

#[test]
fn its_version_can_be_held_back() {
    assert_eq!(device("", "").highest_version, Version::HIGHEST);
    assert_eq!(device("more = { sccp_version = 11 }", "").highest_version.number(), 11);
}

#[test]
fn names_are_in_the_code_page_of_its_language() {
    let page = |phone: &str, beside: &str| device(phone, beside).code_page;
    assert_eq!(page("", ""), None);
    assert_eq!(page("more = { user_locale = \"Polish_Poland\" }", ""), CodePage::of(Language::Polish));
    assert_eq!(page("more = { user_locale = \"de_DE\" }", ""), None, "Latin-1");
    let all = "[service_parameters]\nuser_locale = \"ru_RU\"";
    assert_eq!(page("", all), CodePage::of(Language::Russian));
    let owner = format!("{all}\n[[end_user]]\nname = \"anna\"\nlast_name = \"Nowak\"\nlocale = \"pl_PL\"");
    assert_eq!(page("owner = \"anna\"", &owner), CodePage::of(Language::Polish));
}

#[test]
fn every_button_of_a_template_has_its_type_and_its_words() {
    let template = r#"
        [[phone_button_template]]
        name = "desk"
        buttons = [
            { feature = "do-not-disturb", label = "Quiet" }, { feature = "hunt-logout" }, { feature = "privacy" },
            { feature = "record", label = "Tape" }, { feature = "messages" }, { feature = "mobility" },
            { feature = "busy-lamp-field" }, { feature = "busy-lamp-field" },
        ]
    "#;
    let phone = r#"
        button_template = "desk"
        keys = { busy_lamp_fields = [{ number = "1", pickup = true }, { number = "2" }] }
    "#;
    let device = device(phone, template);
    let key = |kind, label: &str| Assignment::Key { kind, label: Text::from(label) };
    let feature = |button, label: &str| Assignment::Feature { button, label: Text::from(label) };
    let lamp = |number: &str, rung| {
        let (number, label) = (Text::from(number), Text::from(number));
        Assignment::BusyLamp { number, label, rung }
    };
    let expect = [
        key(ButtonType::DO_NOT_DISTURB, "Quiet"),
        key(ButtonType::H_LOG, "Hunt Group"),
        feature(FeatureButton::Privacy, "Privacy"),
        feature(FeatureButton::Record, "Tape"),
        key(ButtonType::VOICEMAIL, ""),
        // What these phones cannot do has no button.
        Assignment::Unused,
        lamp("1", WhenRung::PicksUp),
        lamp("2", WhenRung::Dials),
    ];
    assert_eq!(device.buttons, expect);
    // Buttons of which a phone asks the same question have numbers of their own.
    let instances: Vec<u8> =
        device.assigned(Version::HIGHEST).iter().map(|(button, _)| button.instance).collect();
    assert_eq!(instances, [1, 2, 3, 4, 1, 0, 5, 6]);
}

#[test]
fn every_soft_key_of_a_template_is_there() {
    let words = [
        "other-pickup",
        "remove-last",
        "quality-report",
        "malicious-call",
        "hunt-logout",
        "abbreviated-dial",
        "record",
        "barge",
        "conference-barge",
        "private",
        "direct-transfer",
    ];
    let keys = words.map(|word| format!("{word:?}")).join(", ");
    let template = format!(
        "[[soft_key_template]]\nname = \"keys\"\nsets = [{{ state = \"connected\", keys = [{keys}, \"end-call\"] }}]\n"
    );
    let device = device("more = { soft_key_template = \"keys\" }", &template);
    let expect = [
        SoftKey::OTHER_PICKUP,
        SoftKey::REMOVE_LAST,
        SoftKey::QUALITY_REPORT,
        SoftKey::MALICIOUS_CALL,
        SoftKey::HUNT_LOG,
        SoftKey::ABBREVIATED_DIAL,
        SoftKey::RECORD,
        SoftKey::BARGE,
        SoftKey::CONFERENCE_BARGE,
        SoftKey::PRIVATE,
        SoftKey::DIRECT_TRANSFER,
        SoftKey::END_CALL,
    ];
    let template = device.soft_keys.template();
    assert!(template.len() <= 32, "a phone has room for 32: {}", template.len());
    let set = &device.soft_keys.numbered_sets()[1];
    let of_set: Vec<SoftKey> = set
        .keys
        .iter()
        .take_while(|place| **place != 0)
        .map(|place| template[usize::from(*place) - 1].event)
        .collect();
    assert_eq!(of_set, expect);
    let unlabelled: Vec<_> = template.iter().filter(|key| key.label.is_empty()).collect();
    assert!(unlabelled.is_empty(), "{unlabelled:?}");
}
