use strowger_base::Secret;
use strowger_dialplan::Action;
use strowger_dialplan::hunt::Distribution;

use super::super::{Line, LineSecret, PartitionDraft, SearchSpaceDraft};
use super::*;

fn draft() -> Draft {
    let line = |number: &str| Line::new(number, "", LineSecret::Password(Secret::new("secret".into())));
    let mut draft = Draft { lines: ["1001", "1002", "1003"].map(line).to_vec(), ..Draft::default() };
    draft.plan.partitions.push(PartitionDraft { name: "in".into(), ..PartitionDraft::default() });
    let space = SearchSpaceDraft { name: "all".into(), partitions: vec!["in".into()] };
    draft.plan.search_spaces.push(space);
    draft.plan.line_groups = vec![group("sales", &["1001", "1002"]), group("boss", &["1003"])];
    draft.plan.hunt_lists = vec![list("shop", &["sales", "boss"])];
    draft
}

fn group(name: &str, members: &[&str]) -> LineGroupDraft {
    let members = members.iter().map(|member| (*member).into()).collect();
    LineGroupDraft { name: name.into(), members, options: LineGroupOptions::default() }
}

fn list(name: &str, groups: &[&str]) -> HuntListDraft {
    HuntListDraft { name: name.into(), groups: groups.iter().map(|group| (*group).into()).collect() }
}

fn forward(number: &str, css: &str) -> WhenExhausted<Box<str>> {
    WhenExhausted::Forward { number: number.into(), css: css.into() }
}

fn errors(draft: &Draft) -> Vec<String> {
    draft.build().err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

#[test]
fn the_same_pattern_in_two_partitions_is_two_pilots() {
    let mut draft = draft();
    draft.plan.line_groups[1].options.distribution = Distribution::Broadcast;
    let mut inside = HuntPilotDraft::new("8000", "shop");
    inside.pattern.partition = "in".into();
    inside.maximum = Duration::from_secs(45);
    let mut outside = HuntPilotDraft::new("8000", "shop");
    outside.exhausted = forward("1003", "all");
    draft.plan.hunt_pilots = vec![inside, outside];
    let calls = draft.build().unwrap_or_else(|errors| panic!("{errors:?}")).calls;
    let list = &calls.hunt_lists["shop"];
    let members = list.groups().iter().map(|group| (group.name(), group.members().len()));
    assert_eq!(members.collect::<Vec<_>>(), [("sales", 2), ("boss", 1)]);
    assert_eq!(list.groups()[1].options().distribution, Distribution::Broadcast);
    let pilots = calls.plan.patterns().filter(|(_, row)| matches!(row.action, Action::Hunt { .. }));
    let pilots = pilots.map(|(id, row)| (calls.plan.partition_of(id), &calls.hunt_pilots[&*row.name]));
    let told: Vec<_> = pilots
        .map(|(partition, pilot)| {
            let exhausted = match pilot.exhausted() {
                WhenExhausted::Forward { number, css } => format!("{number}, {}", css.partitions().len()),
                WhenExhausted::NotForwarded => "not".to_owned(),
                WhenExhausted::PersonalNoCoverage => "personal".to_owned(),
            };
            (partition, pilot.maximum_hunt_timer().as_secs(), exhausted)
        })
        .collect();
    assert_eq!(told, [("in", 45, "not".to_owned()), ("", 1800, "1003, 2".to_owned())]);
}

#[test]
fn everything_that_is_wrong_is_named_with_its_place() {
    let mut draft = draft();
    draft.plan.line_groups.push(group("boss", &[]));
    draft.plan.line_groups.push(group("", &["1001", "1004", "1001"]));
    draft.plan.line_groups.push(LineGroupDraft {
        options: LineGroupOptions {
            ring_no_answer_reversion: Duration::from_secs(301),
            ..LineGroupOptions::default()
        },
        ..group("slow", &["1001"])
    });
    draft.plan.line_groups.push(group("all", &["1001"; limits::LINE_GROUP_MEMBERS + 1]));
    draft.plan.hunt_lists.push(list("shop", &["sales", "sale", "sales"]));
    draft.plan.hunt_lists.push(list("none", &[]));
    let mut slow = HuntPilotDraft::new("1001", "shop");
    slow.maximum = Duration::from_secs(3601);
    let mut strange = HuntPilotDraft::new("8001", "");
    strange.exhausted = forward("x", "some");
    draft.plan.hunt_pilots =
        vec![slow, strange, HuntPilotDraft::new("shop", "shops"), HuntPilotDraft::new("80[", "none")];
    assert_eq!(
        errors(&draft),
        [
            "line_group 3: name is \"boss\", which another line group has already; change or remove one of the two",
            "line_group 4: name is missing; give one, for example sales",
            "line_group 4: members is \"1001\", which the same list has already; change or remove one of the two",
            "line_group 4: members is \"1004\", expected one of: 1001, 1002, 1003",
            "line_group 5: ring_seconds is 301 s, expected 1 s to 300 s",
            "line_group 6: members is 101, expected 1 to 100",
            "hunt_list 2: name is \"shop\", which another hunt list has already; change or remove one of the two",
            "hunt_list 2: groups is \"sales\", which the same list has already; change or remove one of the two",
            "hunt_list 2: groups is \"sale\", expected one of: all, boss, sales, slow; did you mean \"sales\"?",
            "hunt_list 3: groups is missing; give one, for example sales",
            "hunt_pilot 1: pattern is \"1001\", which directory number 1001 has already; change or remove one of the two",
            "hunt_pilot 1: max_seconds is 3601 s, expected 1 s to 3600 s",
            "hunt_pilot 2: hunt_list is missing; give one, for example support",
            "hunt_pilot 2: exhausted.search_space is \"some\", expected one of: all",
            "hunt_pilot 2: exhausted is \"x\": 'x' at position 1 cannot be dialled; expected 0-9, *, #, A-D or +",
            "hunt_pilot 3: pattern is \"shop\": the character 's' at position 1 is not allowed; \
             expected 0-9, *, #, A-D, X, !, ?, +, [, ., @ or \\+",
            "hunt_pilot 3: hunt_list is \"shops\", expected one of: none, shop; did you mean \"shop\"?",
            "hunt_pilot 4: pattern is \"80[\": the bracket at position 3 has no partner",
        ]
    );
}

#[test]
fn of_many_names_the_nearest_are_told() {
    let mut draft = draft();
    for number in 2000..2050 {
        let number: Box<str> = number.to_string().into();
        draft.lines.push(Line::new(&number, "", LineSecret::Password(Secret::new("secret".into()))));
    }
    draft.plan.line_groups.push(group("more", &["204"]));
    assert_eq!(
        errors(&draft),
        [
            "line_group 3: members is \"204\", expected one of: 2040, 2041, 2042, 2043, 2044, 2045, 2046, 2047, \
          2048, 2049 and 43 more"
        ]
    );
}
