use strowger_base::leg::Service;
use strowger_base::net::Transport;
use strowger_sip::auth::digest_of_hex;
use strowger_sip::io::Trunk;

use super::super::{
    ChangeDraft, LineSecret, PartitionDraft, PatternDraft, RouteDraft, SearchSpaceDraft, ServiceNumber,
    TranslationDraft,
};
use super::*;

fn line(number: &str) -> Line {
    Line::new(number, "", LineSecret::Password(Secret::new("secret".into())))
}

fn trunk(name: &str) -> Trunk {
    Trunk {
        name: name.into(),
        destination: "192.0.2.1:5060".parse().unwrap(),
        transport: Transport::Udp,
        sources: Vec::new(),
    }
}

#[test]
fn a_password_becomes_the_digests_of_rfc_7616() {
    // RFC 7616 §3.9.1: user Mufasa, realm http-auth@example.org, password Circle of Life.
    let (md5, sha256) = digests("Mufasa", "http-auth@example.org", "Circle of Life");
    assert_eq!(Some(*md5.expose()), digest_of_hex("3d78807defe7de2157e2b0b6573a855f"));
    assert_eq!(
        Some(*sha256.expose()),
        digest_of_hex("7987c64c30e25f1b74be53f966b49b90f2808aa92faf9a00262392d7b4794232")
    );
}

#[test]
fn a_good_draft_becomes_both_parts() {
    let mut draft = Draft { lines: vec![line("1001"), line("1002")], ..Draft::default() };
    draft.trunks.push(trunk("carrier"));
    draft.plan.routes.push(RouteDraft::new("0!", "carrier"));
    draft.services.push(ServiceNumber {
        number: "9999".into(),
        partition: "".into(),
        service: Service::Echo,
    });
    let configuration = draft.build().unwrap_or_else(|errors| panic!("{errors:?}"));
    assert_eq!(configuration.sip.lines.len(), 2);
    assert_eq!(configuration.calls.plan.len(), 4);
    assert_eq!(
        configuration.sip.lines.get("1001").unwrap().phones[0].ha1_md5.expose(),
        digests("1001", "strowger.lab", "secret").0.expose()
    );
}

#[test]
fn a_translation_loop_is_refused_with_its_place() {
    let translation = |pattern: &str, mask: &str| TranslationDraft {
        pattern: PatternDraft { pattern: pattern.into(), ..PatternDraft::default() },
        change: ChangeDraft { mask: mask.into(), ..ChangeDraft::default() },
        ..TranslationDraft::default()
    };
    let check = |translations: Vec<TranslationDraft>, expect: &[&str]| {
        let mut draft = Draft { lines: vec![line("1001")], ..Draft::default() };
        draft.plan.translations = translations;
        let errors = draft.build().err().unwrap_or_default();
        assert_eq!(errors.iter().map(ToString::to_string).collect::<Vec<_>>(), expect);
    };
    check(vec![translation("5XXX", "1001")], &[]);
    // One hop and there: no loop, though nobody has the number.
    check(vec![translation("5XXX", "6XXX")], &[]);
    check(
        vec![translation("7", "1001"), translation("5X", "6X"), translation("6X", "5X")],
        &["translation 2: pattern is \"5X\", a translation loop: line:1001 dials 55, and 55 never arrives: \
            translation pattern 5X, then translation pattern 6X leads back to itself. \
            Give the translation pattern a search space that does not hold it, or another change of the number."],
    );
}

#[test]
fn a_loop_at_some_hours_is_refused_at_all() {
    let check = |hours: &str, expect: bool| {
        let hours = if hours.is_empty() { Vec::new() } else { vec![hours.into()] };
        let day = PartitionDraft { name: "day".into(), hours, ..PartitionDraft::default() };
        let all = PartitionDraft { name: "all".into(), ..PartitionDraft::default() };
        let mut draft = Draft { lines: vec![line("1001")], ..Draft::default() };
        draft.lines[0].search_space = "s".into();
        draft.plan.partitions = vec![day, all];
        let partitions = vec!["day".into(), "all".into()];
        draft.plan.search_spaces = vec![SearchSpaceDraft { name: "s".into(), partitions }];
        // By day the number is a line's; by night it is its own translation.
        draft.lines.push(line("55"));
        draft.lines[1].partition = "day".into();
        draft.plan.translations = vec![TranslationDraft {
            pattern: PatternDraft {
                pattern: "55".into(),
                partition: "all".into(),
                ..PatternDraft::default()
            },
            ..TranslationDraft::default()
        }];
        assert_eq!(draft.build().is_ok(), expect, "{hours:?}", hours = draft.plan.partitions[0].hours);
    };
    check("", true);
    check("mo-fr 08:00-17:00", false);
    check("mo-su 00:00-24:00", true);
    // A quarter of an hour is enough.
    check("mo-su 00:00-23:45", false);
}

#[test]
fn everything_that_is_wrong_is_named_with_its_place() {
    let mut draft = Draft { lines: vec![line("1001"), line("1001"), line("10 1")], ..Draft::default() };
    draft.lines[0].busy_trigger = 5;
    draft.lines[1].phones[0].secret = LineSecret::Password(Secret::new("".into()));
    draft.trunks = vec![trunk("a"), trunk("a")];
    draft.trunks[1].destination = "0.0.0.0:0".parse().unwrap();
    draft.plan.routes.push(RouteDraft::new("0[1", "b"));
    draft.services.push(ServiceNumber {
        number: "1001".into(),
        partition: "".into(),
        service: Service::Echo,
    });
    draft.timers.session_expires = Duration::from_secs(30);
    draft.digest_algorithms.clear();
    let Err(errors) = draft.build() else { panic!("it was accepted") };
    let text: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(
        text,
        [
            "the node: digest_algorithms is missing; give one, for example SHA-256",
            "the node: session_expires is 30 s, expected 90 s to 86400 s",
            "line 1: busy_trigger is 5, expected 1 to 4",
            "line 2: number is \"1001\", which directory number 1001 has already; change or remove one of the two",
            "line 2 phone 1: secret is missing; give one, for example a long random word",
            "line 3: number is \"10 1\": the character ' ' is not allowed in a name",
            "service 1: number is \"1001\", which directory number 1001 has already; change or remove one of the two",
            "trunk 2: name is \"a\", which another trunk has already; change or remove one of the two",
            "trunk 2: destination is \"0.0.0.0:0\": calls must go to an address and a port, for example 192.0.2.1:5060",
            "route 1: pattern is \"0[1\": the bracket at position 2 has no partner",
            "route 1: trunk is \"b\", expected one of: a",
        ]
    );
}
