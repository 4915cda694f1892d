use std::sync::Arc;

use strowger_callcontrol::configuration::LinePhone;

use super::super::{DevicePoolDraft, PartitionDraft, PlannedTrunk, RouteGroupDraft, SearchSpaceDraft};
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
        "line 1 phone 2: device_pool is \"berlin\", but none is configured; add it first",
        "line 1 phone 2: external_mask is \"1-\": '-' at position 2 is not allowed; expected \
            X, 0-9, *, #, A-D or +",
    ];
    check(vec![phone("desk", None), lost], &expect);
    let many = (0..=limits::PHONES_PER_LINE).map(|at| phone(&at.to_string(), Some(&at.to_string())));
    check(many.collect(), &["line 1: phones has 1001 entries, at most 1000 are allowed"]);
}

#[test]
fn nobody_registers_on_a_line_without_phones() {
    let configuration = draft(vec![]).build().unwrap_or_else(|errors| panic!("{errors:?}"));
    assert!(configuration.sip.lines.get("1001").unwrap().phones.is_empty());
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
    check(vec![line("1001", "a"), line("1001", "b"), line("1001", "")], &[]);
    check(
        vec![line("1001", "a"), line("1001", "a")],
        &[
            "line 2: number is \"1001\", which directory number 1001 has already; change or remove one of the two",
        ],
    );
}

/// A draft with partitions, spaces and route groups `a` and `b`, and a device pool with an emergency number and a zone.
fn with_a_plan(lines: Vec<Line>) -> Draft {
    let mut draft = Draft { lines, ..Draft::default() };
    for name in ["a", "b"] {
        draft.plan.partitions.push(PartitionDraft { name: name.into(), ..PartitionDraft::default() });
        let space = SearchSpaceDraft { name: name.into(), partitions: vec![name.into()] };
        draft.plan.search_spaces.push(space);
        let trunks = vec![name.into()];
        draft.plan.route_groups.push(RouteGroupDraft {
            name: name.into(),
            trunks,
            ..RouteGroupDraft::default()
        });
        draft.trunks_planned.push(PlannedTrunk { name: name.into(), ..PlannedTrunk::default() });
    }
    draft.plan.device_pools.push(DevicePoolDraft {
        name: "berlin".into(),
        local_route_group: "b".into(),
        zone: "Europe/Berlin".into(),
        emergency_number: "+4930110".into(),
        ..DevicePoolDraft::default()
    });
    draft
}

#[test]
fn each_phone_of_a_line_dials_in_its_own_way() {
    let (mut desk, mut soft) = (phone("desk", None), phone("soft", Some("alice")));
    desk.device_search_space = "b".into();
    desk.local_route_group = "a".into();
    desk.external_mask = Some("+4989XXXX".into());
    soft.device_pool = "berlin".into();
    soft.overlap = true;
    soft.roams = false;
    let mut line = Line::on("1001", "", vec![desk, soft]);
    line.search_space = "a".into();
    line.external_mask = "+4930XXXX".into();
    let calls = with_a_plan(vec![line]).build().unwrap_or_else(|errors| panic!("{errors:?}")).calls;
    let told = |name: &str| {
        let LinePhone { dials: caller, settings, .. } = calls.phone("1001", Some(name)).unwrap();
        let spaces = caller.search_space.partitions().iter().map(|id| calls.plan.partition_name(*id));
        let group = settings.local_route_groups.standard.as_ref().map(|group| group.name().to_owned());
        let home = settings.home.as_ref().map(|home| (home.pool.name.to_string(), home.roams));
        format!(
            "{} {} {:?} {} {group:?} {home:?} {}",
            spaces.collect::<Vec<_>>().join(":"),
            caller.external_mask.as_ref().unwrap(),
            caller.emergency_number.map(|number| number.to_string()),
            caller.zone.is_some(),
            settings.overlap,
        )
    };
    assert_eq!(told("desk"), "a:b: +4989XXXX None false Some(\"a\") None false");
    let soft = "a: +4930XXXX Some(\"+4930110\") true Some(\"b\") Some((\"berlin\", false)) true";
    assert_eq!(told("soft"), soft);
    assert_eq!(calls.mask_of("1001").unwrap().to_string(), "+4930XXXX");
    assert!(calls.phone("1001", None).is_none(), "nobody says which");
}

#[test]
fn what_phones_have_in_common_is_there_once() {
    let at_work = || PhoneDraft { device_pool: "berlin".into(), ..phone("desk", None) };
    let lines = [
        Line::on(
            "1001",
            "",
            vec![at_work(), PhoneDraft { name: "soft".into(), username: Some("a".into()), ..at_work() }],
        ),
        Line::on("1002", "", vec![at_work()]),
        Line::on("1003", "", vec![PhoneDraft { overlap: true, ..at_work() }]),
        Line { search_space: "a".into(), ..Line::on("1004", "", vec![at_work()]) },
    ];
    let configuration = with_a_plan(lines.into()).build().unwrap_or_else(|errors| panic!("{errors:?}"));
    let of = |line: &str| &*configuration.calls.lines.get(line).unwrap().phones;
    let [desk, soft] = of("1001") else { panic!() };
    assert!(desk.dials_as(soft));
    assert!(Arc::ptr_eq(&desk.settings, &of("1002")[0].settings));
    assert!(!Arc::ptr_eq(&desk.settings, &of("1003")[0].settings));
    assert!(!Arc::ptr_eq(&desk.settings, &of("1004")[0].settings), "home knows what the line sees");
    let name = |line: &str| of(line)[0].name.clone().unwrap();
    assert!(Arc::ptr_eq(&name("1001"), &name("1004")));
}

#[test]
fn what_is_no_matter_of_dialling_tells_phones_of_a_line_not_apart() {
    let soft = |phone: PhoneDraft| PhoneDraft { name: "soft".into(), username: Some("a".into()), ..phone };
    let alike = |desk: PhoneDraft, other: PhoneDraft| {
        let line = Line::on("1001", "", vec![desk, soft(other)]);
        let built = with_a_plan(vec![line]).build().unwrap_or_else(|errors| panic!("{errors:?}"));
        let [desk, soft] = &*built.calls.lines.get("1001").unwrap().phones else { panic!("two phones") };
        desk.dials_as(soft)
    };
    let usual = || phone("desk", None);
    assert!(alike(usual(), usual()));
    assert!(alike(PhoneDraft { private: true, told_of_messages: true, ..usual() }, usual()));
    assert!(!alike(PhoneDraft { overlap: true, ..usual() }, usual()));
    assert!(!alike(PhoneDraft { device_pool: "berlin".into(), ..usual() }, usual()));
    assert!(!alike(PhoneDraft { local_route_group: "a".into(), ..usual() }, usual()));
}
