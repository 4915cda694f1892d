use super::super::PartitionDraft;
use super::*;

fn phone(name: &str, username: Option<&str>) -> PhoneDraft {
    let secret = LineSecret::Password(Secret::new("secret".into()));
    PhoneDraft { username: username.map(Into::into), ..PhoneDraft::new(name, secret) }
}

fn draft(phones: Vec<PhoneDraft>) -> Draft {
    Draft { lines: vec![Line::on("1001", "", phones)], ..Draft::default() }
}

#[test]
fn phones_of_a_line_are_told_apart() {
    let check = |phones: Vec<PhoneDraft>, expect: &[&str]| {
        let errors = draft(phones).build().err().unwrap_or_default();
        assert_eq!(errors.iter().map(ToString::to_string).collect::<Vec<_>>(), expect);
    };
    check(vec![], &[]);
    check(vec![phone("", None)], &[]);
    check(vec![phone("desk", None), phone("soft", Some("alice"))], &[]);
    check(
        vec![phone("desk", None), phone("", Some("alice"))],
        &["line 1 phone 2: name is missing; give one, for example SEP001122334455"],
    );
    check(
        vec![phone("desk", None), phone("desk", Some("1001"))],
        &[
            "line 1 phone 2: name is \"desk\", which another phone of the line has already; \
                change or remove one of the two",
            "line 1 phone 2: username is \"1001\", which another phone of the line has already; \
                change or remove one of the two",
        ],
    );
    let mut lost = phone("soft", Some("a\"b"));
    lost.external_mask = Some("1-".into());
    lost.device_pool = "berlin".into();
    let expect = [
        "line 1 phone 2: username is \"a\\\"b\": a digest user name has no quote, colon, backslash or control \
            character",
        "line 1 phone 2: external_mask is \"1-\": '-' at position 2 is not allowed; expected \
            X, 0-9, *, #, A-D or +",
        "line 1 phone 2: device_pool is \"berlin\", but none is configured; add it first",
    ];
    check(vec![phone("desk", None), lost], &expect);
    let many = (0..=limits::PHONES_PER_LINE).map(|at| phone(&at.to_string(), Some(&at.to_string())));
    check(many.collect(), &["line 1: phones has 1001 entries, at most 1000 are allowed"]);
}

#[test]
fn a_line_without_phones_is_no_account() {
    let configuration = draft(vec![]).build().unwrap_or_else(|errors| panic!("{errors:?}"));
    assert!(configuration.sip.lines.is_empty());
    assert_eq!(configuration.calls.plan.len(), 1);
}

#[test]
fn two_lines_with_one_number() {
    let line =
        |number: &str, partition: &str| Line { partition: partition.into(), ..Line::on(number, "", vec![]) };
    let check = |lines: Vec<Line>, expect: &[&str]| {
        let mut draft = Draft { lines, ..Draft::default() };
        draft.plan.partitions =
            ["a", "b"].map(|name| PartitionDraft { name: name.into(), ..PartitionDraft::default() }).into();
        let errors = draft.build().err().unwrap_or_default();
        assert_eq!(errors.iter().map(ToString::to_string).collect::<Vec<_>>(), expect);
    };
    check(vec![line("1001", "a"), line("1002", "b")], &[]);
    check(
        vec![line("1001", "a"), line("1001", "b")],
        &[
            "line 2: number is \"1001\", which a line of another partition has already; change or remove one of the two",
        ],
    );
    check(
        vec![line("1001", "a"), line("1001", "a")],
        &[
            "line 2: number is \"1001\", which directory number 1001 has already; change or remove one of the two",
        ],
    );
}
