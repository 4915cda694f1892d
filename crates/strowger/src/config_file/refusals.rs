//! Everything about the dial plan that a node file is refused for, with its line, what is wrong and what would do.

use std::collections::BTreeMap;
use std::time::Duration;

use strowger_base::Cause;
use strowger_dialplan::route_list::RouteListParameters;
use strowger_dialplan::{
    EnBlocHops, HashRule, HoursRule, KeysOnLaterHops, NegatedSetRule, Parameters, SpeedDialRule, TieRule,
    UrgentRule,
};

use super::ConfigFile;

/// A small plan that is right: each case breaks one thing of it.
const GOOD: &str = r#"[dial_plan]
interdigit_timer_seconds = 10
[[partition]]
name = "internal"
[[partition]]
name = "outside"
hours = ["mo-fr 08:00-17:00"]
zone = "Europe/Berlin"
[[search_space]]
name = "all"
partitions = ["internal", "outside"]
[[trunk]]
name = "planned"
[[trunk]]
name = "pstn"
destination = "192.0.2.1:5060"
[[route_group]]
name = "carriers"
trunks = ["pstn", "planned"]
[[route_list]]
name = "out"
groups = ["carriers"]
[[route]]
pattern = "9.@"
partition = "outside"
route_list = "out"
filter = "AREA-CODE == 900"
change = { discard = "PreDot" }
[[translation]]
pattern = "8.XXX"
partition = "internal"
search_space = "all"
change = { discard = "PreDot", mask = "1XXX", prefix = "" }
[[block]]
pattern = "00!"
partition = "outside"
[[line]]
number = "1001"
secret = "x"
partition = "internal"
search_space = "all"
"#;

/// Breaks one thing, and compares what is said of it.
fn check(change: (&str, &str), expect: &str) {
    let folder = std::env::temp_dir().join(format!("strowger-refusals-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    // Tests run side by side.
    let path = folder.join(format!("{:?}.toml", std::thread::current().id()));
    assert!(GOOD.contains(change.0), "{} is not in the plan", change.0);
    std::fs::write(&path, GOOD.replacen(change.0, change.1, 1)).unwrap();
    let found = ConfigFile::read(&path).and_then(|file| file.configuration().map(drop));
    let found = found.err().map(|error| error.to_string().replace(&path.display().to_string(), "F"));
    let found = found.unwrap_or_default();
    let found = found.strip_prefix("the configuration cannot be used:\n  ").unwrap_or(&found);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(found, expect, "{change:?}");
}

#[test]
fn the_plan_itself_is_right() {
    check(("", ""), "");
}

#[test]
fn every_parameter_sets_what_it_names() {
    let text = "[dial_plan]\ninterdigit_timer_seconds = 7\ntranslations_max = 3\nany_urgent_match_ends = true\n\
                wait_after_en_bloc = true\nnewest_wins_ties = true\nhash_is_digit = true\nkeys_join_later_hops = true\n\
                stop_routing_on_busy = false\nstop_routing_on_unallocated = false\n\
                stop_routing_on_out_of_bandwidth = true\ncontinue_routing_on = [21]\nhours_checked_once = true\n\
                negated_set_takes_star_and_hash = true\nany_period_opens = true\nspeed_dial_awaits_digits = true\n\
                [[partition]]\nname = \"day\"\nhours = [\"daily 08:00-17:00\", \"12-25 closed\"]\n";
    let read = |text: &str| {
        let file: ConfigFile = toml::from_str(text).unwrap();
        file.configuration().unwrap().calls
    };
    let calls = read(text);
    let expected = Parameters {
        interdigit_timer: Duration::from_secs(7),
        translations_max: 3,
        urgent: UrgentRule::AnyMatch,
        en_bloc_hops: EnBlocHops::Wait,
        hash: HashRule::Digit,
        keys_on_later_hops: KeysOnLaterHops::Join,
        speed_dial: SpeedDialRule::AwaitFurtherDigits,
        ties: TieRule::Newest,
        hours: HoursRule::FirstLookup,
        negated_set: NegatedSetRule::DigitsStarAndHash,
    };
    assert_eq!(*calls.plan.parameters(), expected);
    let rule = RouteListParameters {
        stop_on_busy: false,
        stop_on_unallocated: false,
        stop_on_out_of_bandwidth: true,
        continue_on: vec![Cause(21)],
    };
    assert_eq!(*calls.route_lists_rule, rule);
    let christmas = crate::digits::time("2026-12-25T10:00").unwrap();
    let is_open = |calls: &strowger_callcontrol::Configuration| {
        let (day, _) = calls.plan.partitions().next().unwrap();
        calls.plan.is_open(day, christmas, None)
    };
    assert!(is_open(&calls));
    // Without any of them, everything is as documented.
    let usual = read("[[partition]]\nname = \"day\"\nhours = [\"daily 08:00-17:00\", \"12-25 closed\"]\n");
    assert_eq!(*usual.plan.parameters(), Parameters::default());
    assert_eq!(*usual.route_lists_rule, RouteListParameters::default());
    assert!(!is_open(&usual));
}

/// The table of the documentation has every parameter, and no other.
#[test]
fn every_parameter_is_documented_with_its_default() {
    let text = include_str!("../../../../docs/dial-plan.md");
    let table = text.split("### Parameters").nth(1).and_then(|rest| rest.split("\n## ").next()).unwrap();
    let documented = table.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split(" | ");
        let name = cells.next()?.trim_end_matches('`').to_owned();
        Some((name, cells.next()?.replace(", ", ",")))
    });
    let documented: BTreeMap<String, String> = documented.collect();
    let section = serde_json::to_value(super::DialPlanSection::default()).unwrap();
    let settable = section.as_object().unwrap().iter().map(|(name, value)| {
        let value = value.to_string();
        (name.clone(), value.trim_matches(['[', ']']).to_owned())
    });
    assert_eq!(documented, settable.collect());
}

#[test]
fn parameters_out_of_their_bounds() {
    let timer = |value: &str, expect: &str| {
        check(("interdigit_timer_seconds = 10", value), expect);
    };
    timer(
        "interdigit_timer_seconds = 2",
        "F:2: [dial_plan] interdigit_timer_seconds is 2 s, expected 3 s to 150 s",
    );
    timer(
        "interdigit_timer_seconds = 151",
        "F:2: [dial_plan] interdigit_timer_seconds is 151 s, expected 3 s to 150 s",
    );
    timer("translations_max = 0", "F:2: [dial_plan] translations_max is 0, expected 1 to 1000");
    timer(
        "continue_routing_on = [34, 17]",
        "F:2: [dial_plan] continue_routing_on is \"17\": stop_routing_on_busy says what happens after this cause",
    );
    timer(
        "continue_routing_on = [200]",
        "F:2: [dial_plan] continue_routing_on is \"200\": a cause is a number from 1 to 127",
    );
    timer(
        "newest_wins_ties = 1",
        "F:2:20: invalid type: integer `1`, expected a boolean\n  found: newest_wins_ties = 1",
    );
}

#[test]
fn names_of_what_does_not_exist() {
    check(
        ("partitions = [\"internal\", \"outside\"]", "partitions = [\"internal\", \"outsied\", \"dusk\"]"),
        "F:9: [[search_space]] 1: partitions is \"outsied\", expected one of: internal, outside; did you mean \"outside\"?\n  \
         F:9: [[search_space]] 1: partitions is \"dusk\", expected one of: internal, outside",
    );
    check(
        ("pattern = \"00!\"\npartition = \"outside\"", "pattern = \"00!\"\npartition = \"out-side\""),
        "F:34: [[block]] 1: partition is \"out-side\", expected one of: internal, outside; did you mean \"outside\"?",
    );
    check(
        ("secret = \"x\"\npartition = \"internal\"", "secret = \"x\"\npartition = \"intern\""),
        "F:37: [[line]] 1 (1001): partition is \"intern\", expected one of: internal, outside; did you mean \"internal\"?",
    );
    check(
        (
            "partition = \"internal\"\nsearch_space = \"all\"\nchange",
            "partition = \"internal\"\nsearch_space = \"al\"\nchange",
        ),
        "F:29: [[translation]] 1: search_space is \"al\", expected one of: all; did you mean \"all\"?",
    );
    check(
        ("route_list = \"out\"", "route_list = \"outt\""),
        "F:23: [[route]] 1: route_list is \"outt\", expected one of: out; did you mean \"out\"?",
    );
    check(
        ("route_list = \"out\"", "trunk = \"pstm\""),
        "F:23: [[route]] 1: trunk is \"pstm\", expected one of: planned, pstn; did you mean \"pstn\"?",
    );
    check(
        ("groups = [\"carriers\"]", "groups = [\"carrier\"]"),
        "F:20: [[route_list]] 1: groups is \"carrier\", \
         expected one of: carriers, <Standard Local Route Group>; did you mean \"carriers\"?",
    );
    check(
        ("trunks = [\"pstn\", \"planned\"]", "trunks = [\"pstn\", \"planed\"]"),
        "F:17: [[route_group]] 1: trunks is \"planed\", expected one of: planned, pstn; did you mean \"planned\"?",
    );
    check(
        ("name = \"planned\"", "name = \"planned\"\nsearch_space = \"alll\""),
        "F:12: [[trunk]] 1: search_space is \"alll\", expected one of: all; did you mean \"all\"?",
    );
}

#[test]
fn patterns_that_cannot_be() {
    let pattern = |text: &str, expect: &str| {
        check(("8.XXX", text), &format!("F:29: [[translation]] 1: pattern {expect}"))
    };
    pattern("", "is missing; give one, for example 1001");
    pattern("8.[2", "is \"8.[2\": the bracket at position 3 has no partner");
    pattern("8.[5-2]", "is \"8.[5-2]\": the range at position 5 does not go from a lower to a higher digit");
    pattern("8.X.X", "is \"8.X.X\": '.' stands again at position 4; a pattern has at most one");
    pattern(
        "8.X??",
        "is \"8.X??\": '?' at position 5 repeats the element before it, and there is none; a plus sign is written \\+",
    );
    pattern(
        "8 .X",
        "is \"8 .X\": the character ' ' at position 2 is not allowed; expected 0-9, *, #, A-D, X, !, ?, +, [, ., @ or \\+",
    );
    pattern(
        &format!("8.{}", "X".repeat(49)),
        &format!("is \"8.{}\": it is longer than 50 characters", "X".repeat(49)),
    );
}

#[test]
fn names_that_are_no_numbers() {
    check(
        ("pattern = \"8.XXX\"", "pattern = \"sales\""),
        "F:29: [[translation]] 1: pattern is \"sales\": it is a name, and names are not translated; \
         give it to a line, a trunk or a block",
    );
    let route = |to: &str, expect: &str| {
        check(("[[block]]", &format!("[[route]]\npattern = \"sales\"\n{to}\n[[block]]")), expect);
    };
    route(
        "route_list = \"out\"",
        "F:34: [[route]] 2: pattern is \"sales\": it is no number, and what is none leads to one trunk; \
         give a trunk in place of a route list",
    );
    route(
        "trunk = \"pstn\"\nchange = { calling_prefix = \"9\" }",
        "F:34: [[route]] 2: pattern is \"sales\": it is no number, and what is none is sent as it is; leave out change",
    );
    route("trunk = \"pstn\"", "");
    let host = |to: &str, expect: &str| {
        check(("[[block]]", &format!("[[route]]\ntrunk = \"pstn\"\n{to}\n[[block]]")), expect);
    };
    host("host = \"example.com\"\npartition = \"outside\"", "");
    host("host = \"*.example.com\"\n[[route]]\nhost = \"192.0.2.0/24\"\ntrunk = \"planned\"", "");
    host(
        "host = \"example.com\"\npattern = \"8\"",
        "F:34: [[route]] 2: host is given beside pattern; leave out one of the two",
    );
    host(
        "host = \"192.0.2.0/99\"",
        "F:34: [[route]] 2: host is \"192.0.2.0/99\": it is no network; expected for example 192.0.2.0/24",
    );
    host(
        "host = \"example.com\"\nchange = { prefix = \"9\" }",
        "F:34: [[route]] 2: host is \"example.com\": it is no number, and what is none is sent as it is; leave out change",
    );
    host(
        "host = \"example.com\"\n[[route]]\nhost = \"*.Example.com\"\ntrunk = \"planned\"",
        "F:37: [[route]] 3: host is \"*.Example.com\", which example.com has already; change or remove one of the two",
    );
    host("", "F:34: [[route]] 2: pattern is missing; give one, for example 1001");
    check(
        ("[[block]]\npattern = \"00!\"", "[[block]]\npattern = \"a b\""),
        "F:34: [[block]] 1: pattern is \"a b\": the character ' ' is not allowed in a name",
    );
}

#[test]
fn changes_that_do_not_fit() {
    let change = |text: &str, expect: &str| {
        check(
            ("discard = \"PreDot\", mask = \"1XXX\", prefix = \"\"", text),
            &format!("F:29: [[translation]] 1: {expect}"),
        );
    };
    change(
        "mask = \"1X!X\"",
        "mask is \"1X!X\": '!' at position 3 is not allowed; expected X, 0-9, *, #, A-D or +",
    );
    change("mask = \"1+X\"", "mask is \"1+X\": the plus sign at position 2 is not the first character");
    let long = "1".repeat(64);
    change(
        &format!("mask = \"{long}\""),
        &format!("mask is \"{long}\": it is longer than the 63 symbols that a number can have"),
    );
    change(
        "discard = \"PreAt\"",
        "discard is \"8.XXX\": the discard instruction of 8.XXX does not fit: PreAt needs a pattern with @",
    );
    change(
        "discard = \"Predot\"",
        "discard is \"Predot\": \"Predot\" is no discard instruction; expected NoDigits, PreDot, PreAt, Trailing-#, \
         10-10-Dialing, 11D->10D, 11/10D->7D or IntlTollBypass",
    );
    change(
        "prefix = \"1x\"",
        "prefix is \"1x\": 'x' at position 2 cannot be dialled; expected 0-9, *, #, A-D or +",
    );
    check(
        ("discard = \"PreDot\", mask = \"1XXX\", prefix = \"\"", "external_mask = \"yes\""),
        "F:33:28: invalid value: string \"yes\", expected true, false or \"default\"\n  found: change = { external_mask = \"yes\" }",
    );
    change("present = \"hidden\"", "present is \"hidden\": expected allowed, restricted or default");
    check(
        (
            "groups = [\"carriers\"]",
            "groups = [{ group = \"carriers\", change = { discard = \"PreAt\" } }]\n[[route]]\npattern = \"7!\"\nroute_list = \"out\"",
        ),
        "F:23: [[route]] 1: route_list is \"out\": PreAt needs a pattern with @, and member carriers of it discards so",
    );
}

#[test]
fn filters_that_leave_nothing_or_stand_nowhere() {
    let filter = |text: &str, expect: &str| {
        check(("AREA-CODE == 900", text), &format!("F:23: [[route]] 1: filter {expect}"))
    };
    filter(
        "TOWN == 5",
        "is \"TOWN == 5\": \"TOWN\" is no tag of the numbering plan; expected for example AREA-CODE",
    );
    filter("AREA-CODE == 100", "is \"9.@\": the route filter of 9.@ leaves no dialling form");
    check(
        ("pattern = \"9.@\"", "pattern = \"9.!\""),
        "F:23: [[route]] 1: filter is \"9.!\": 9.! has a route filter, which acts on @ alone",
    );
    check(
        (
            "[[block]]\npattern = \"00!\"",
            "[[block]]\npattern = \"carol@example.com\"\nfilter = \"SERVICE EXISTS\"",
        ),
        "F:34: [[block]] 1: filter is \"SERVICE EXISTS\": a route filter acts on @ in a pattern, and this is a name",
    );
}

#[test]
fn what_is_there_twice() {
    check(
        ("[[block]]\npattern = \"00!\"", "[[block]]\npattern = \"9.@\"\nfilter = \"AREA-CODE == 900\""),
        "F:34: [[block]] 1: pattern is \"9.@\", which route pattern 9.@ has already; change or remove one of the two",
    );
    check(
        (
            "[[block]]\npattern = \"00!\"\npartition = \"outside\"",
            "[[block]]\npattern = \"1001\"\npartition = \"internal\"",
        ),
        "F:34: [[block]] 1: pattern is \"1001\", which directory number 1001 has already; change or remove one of the two",
    );
    check(
        ("name = \"outside\"", "name = \"internal\""),
        "F:5: [[partition]] 2: name is \"internal\", which another partition has already; change or remove one of the two\n  \
         F:9: [[search_space]] 1: partitions is \"outside\", expected one of: internal\n  \
         F:23: [[route]] 1: partition is \"outside\", expected one of: internal\n  \
         F:34: [[block]] 1: partition is \"outside\", expected one of: internal",
    );
    check(
        ("[[trunk]]\nname = \"planned\"", "[[trunk]]\nname = \"pstn\"\n[[trunk]]\nname = \"planned\""),
        "F:12: [[trunk]] 1: name is \"pstn\", which another trunk has already; change or remove one of the two",
    );
    check(
        ("route_list = \"out\"", "route_list = \"out\"\ntrunk = \"pstn\""),
        "F:23: [[route]] 1: route_list is given beside trunk; leave out one of the two",
    );
    check(
        ("route_list = \"out\"\n", ""),
        "F:23: [[route]] 1: trunk is missing; give one, for example carrier",
    );
}

#[test]
fn hours_and_zones() {
    check(
        ("mo-fr 08:00-17:00", "mo-fr 17:00-08:00"),
        "F:5: [[partition]] 2: hours is \"mo-fr 17:00-08:00\": time period mo-fr 17:00-08:00 ends when it begins or before; \
         one over midnight is two periods",
    );
    check(
        ("mo-fr 08:00-17:00", "02-30 closed"),
        "F:5: [[partition]] 2: hours is \"02-30 closed\": month 2, day 30 is no day of a year",
    );
    check(
        ("Europe/Berlin", "Europe/Bärlin"),
        "F:5: [[partition]] 2: zone is \"Europe/Bärlin\": \"Europe/Bärlin\" is no time zone; \
         expected a name of the IANA database, for example Europe/London",
    );
}

#[test]
fn more_than_there_may_be() {
    let names = |count: usize| {
        let names: Vec<String> =
            (0..count).map(|index| format!("\"p{index:04}-{}\"", "x".repeat(40))).collect();
        names
    };
    let partitions: String = names(30).iter().map(|name| format!("[[partition]]\nname = {name}\n")).collect();
    let space =
        format!("{partitions}[[search_space]]\nname = \"wide\"\npartitions = [{}]\n", names(30).join(", "));
    check(
        ("[[trunk]]\nname = \"planned\"", &format!("{space}[[trunk]]\nname = \"planned\"")),
        "F:72: [[search_space]] 2: partitions is \"wide\": its partitions' names have 1409 characters together; \
         at most 1024 are allowed",
    );
    let halves: String = [(0, 20), (10, 30)]
        .iter()
        .enumerate()
        .map(|(index, (from, to))| {
            format!(
                "[[search_space]]\nname = \"half{index}\"\npartitions = [{}]\n",
                names(30)[*from..*to].join(", ")
            )
        })
        .collect();
    let line = "[[line]]\nnumber = \"1002\"\nsecret = \"x\"\nsearch_space = \"half0\"\ndevice_search_space = \"half1\"\n";
    check(
        (
            "[[trunk]]\nname = \"planned\"",
            &format!("{partitions}{halves}{line}[[trunk]]\nname = \"planned\""),
        ),
        "F:78: [[line]] 1 (1002): device_search_space is \"half1\": behind the line's search space, \
         its partitions' names have 1409 characters together; at most 1024 are allowed",
    );
    // Where a phone may roam to, it sees the search space of the pool there in place of its own.
    let roams = |pool: &str, more: &str| {
        let text = format!(
            "{partitions}{halves}[[device_pool]]\nname = \"home\"\nphysical_location = \"here\"\nmobility_group = \"g\"\n\
             [[device_pool]]\nname = \"away\"\nphysical_location = \"there\"\nsearch_space = \"half1\"\n{pool}\
             [[line]]\nnumber = \"1002\"\nsecret = \"x\"\nsearch_space = \"half0\"\ndevice_pool = \"home\"\n{more}\
             [[trunk]]\nname = \"planned\""
        );
        text
    };
    let planned = "[[trunk]]\nname = \"planned\"";
    check(
        (planned, &roams("mobility_group = \"g\"\n", "")),
        "F:87: [[line]] 1 (1002): device_pool is \"home\": where its phone roams to device pool away, behind the line's \
         search space, its partitions' names have 1409 characters together; at most 1024 are allowed",
    );
    // Outside its mobility group it keeps its own.
    check((planned, &roams("mobility_group = \"far\"\n", "")), "");
    let trunks: String = (0..251).map(|index| format!("\"t{index}\", ")).collect();
    check(
        ("trunks = [\"pstn\", \"planned\"]", &format!("trunks = [{trunks}]")),
        "F:17: [[route_group]] 1: trunks has 251 entries, at most 250 are allowed",
    );
    let groups = "\"carriers\", ".repeat(251);
    check(
        ("groups = [\"carriers\"]", &format!("groups = [{groups}]")),
        "F:20: [[route_list]] 1: groups has 251 entries, at most 250 are allowed",
    );
    let spaces: String = (0..10_000)
        .map(|index| format!("[[search_space]]\nname = \"s{index}\"\npartitions = []\n"))
        .collect();
    check(
        ("[[block]]", &format!("{spaces}[[block]]")),
        "F: the node: search_space has 10001 entries, at most 10000 are allowed",
    );
}

#[test]
fn loops() {
    check(
        ("pattern = \"8.XXX\"\npartition = \"internal\"", "pattern = \"1.XXX\"\npartition = \"internal\""),
        "F:29: [[translation]] 1: pattern is \"1.XXX\", a translation loop: line:1001 dials 1555, and 1555 never arrives: \
         translation pattern 1.XXX in internal leads back to itself. \
         Give the translation pattern a search space that does not hold it, or another change of the number.",
    );
}
