use strowger_callcontrol::configuration::Line;
use strowger_dialplan::SearchSpace;

use super::*;

mod codes;
mod onward;

fn lab() -> Configuration {
    let text = format!(
        "{}\n[[line]]\nnumber = \"1001\"\nname = \"Alice\"\nsecret = \"x\"\npartition = \"internal\"\n\
         search_space = \"everything\"\nexternal_mask = \"+1408555XXXX\"\n\
         [[block]]\npattern = \"9.1900XXXXXXX\"\npartition = \"emergency\"\ncause = 21\n\
         [[route]]\npattern = \"help@example.com\"\ntrunk = \"pstn\"\n",
        include_str!("../lab/plan.toml")
    );
    let file: ConfigFile = toml::from_str(&text).unwrap();
    Configuration::clone(&file.configuration().unwrap().calls)
}

fn ask(from: &str, number: &str, mode: Mode) -> Question {
    let (at, lines, codes) = (WallTime::from_micros(0), LinesAre::Free, Codes::default());
    let (from, number, mode) = (from.to_owned(), number.to_owned(), Some(mode));
    Question { from, number, mode, calling: None, address: None, at, lines, codes }
}

/// Runs one saved dialling.
fn saved(expect: &str, configuration: &Configuration) -> anyhow::Result<()> {
    let file: ConfigFile = toml::from_str(&format!("[[expect]]\n{expect}")).unwrap();
    expect::print(&report(&Saved::of_file(&file), configuration), false)
}

#[test]
fn the_walk_is_told_key_by_key_lookup_by_lookup() {
    let check = |number: &str, mode: Mode, expect: &str| {
        let question = ask("1001", number, mode);
        let configuration = lab();
        let text = answer(&configuration, &question).unwrap().text();
        assert!(text == expect, "{number} went like this:\n{text}");
    };
    check("95551234", Mode::Keys, include_str!("testdata/local.txt"));
    check("9011441632960000", Mode::Keys, include_str!("testdata/international.txt"));
    check("9911", Mode::Keys, include_str!("testdata/emergency.txt"));
    check("19", Mode::EnBloc, include_str!("testdata/nothing.txt"));
    check("help@example.com", Mode::EnBloc, include_str!("testdata/name.txt"));
}

/// Office hours in Berlin, a route list behind a carrier of its own and the caller's local one.
const OFFICE: &str = r#"
[[partition]]
name = "day"
hours = ["mo-fr 08:00-17:00", "12-25 closed"]
zone = "Europe/Berlin"

[[partition]]
name = "night"

[[search_space]]
name = "all"
partitions = ["day", "night"]

[[trunk]]
name = "t1"
destination = "192.0.2.1:5060"

[[trunk]]
name = "t2"

[[route_group]]
name = "carriers"
trunks = ["t1", "t2"]
distribution = "top-down"

[[route_group]]
name = "branch"
trunks = ["t2"]

[[route_list]]
name = "out"
groups = ["carriers", { group = "<Standard Local Route Group>", change = { prefix = "8", calling_mask = "5000" } }]

[[route]]
pattern = "0.!"
partition = "day"
route_list = "out"
change = { discard = "PreDot" }

[[block]]
pattern = "0.!"
partition = "night"
cause = 21

[[line]]
number = "1001"
secret = "x"
search_space = "all"
local_route_group = "branch"

[[expect]]
from = "1001"
number = "0123"
at = "2026-11-20T07:00"
result = "route list out"

[[expect]]
from = "1001"
number = "0123"
at = "2026-11-20T06:59"
result = "blocked, cause 21"

[[expect]]
from = "1001"
number = "0123"
at = "2026-12-25T10:00"
result = "blocked, cause 21"
"#;

#[test]
fn route_lists_and_office_hours_are_configured_and_told() {
    let file: ConfigFile = toml::from_str(OFFICE).unwrap();
    let configuration = file.configuration().unwrap().calls;
    expect::print(&report(&Saved::of_file(&file), &configuration), false).unwrap();
    let question = Question { at: time("2026-11-20T09:00").unwrap(), ..ask("1001", "0123", Mode::EnBloc) };
    let answer = answer(&configuration, &question).unwrap();
    let text = answer.text();
    let end = "result  route list out\ncalled  123\ncalling 1001\n  \
               1. carriers: t1, t2 (not there); called 123, calling 1001\n  \
               2. <Standard Local Route Group>: t2 (not there); called 80123, calling 5000\n";
    assert!(text.ends_with(end), "{text}");
    assert_eq!(answer.json()["attempts"][1]["called"], "80123");
}

/// A trunk from outside whose numbers become the plan's, and what is shown of who calls.
const NUMBERS: &str = r#"
[[trunk]]
name = "abroad"
destination = "192.0.2.1:5060"
incoming_calling = { unknown = { strip = 1, prefix = "+49" } }
incoming_called = { unknown = { strip = 3, prefix = "1" } }

[[route]]
pattern = "0.!"
trunk = "abroad"
change = { discard = "PreDot", calling_prefix = "55", present = "restricted", present_name = "allowed" }

[[line]]
number = "1001"
secret = "x"
"#;

#[test]
fn what_a_trunk_brings_is_told_before_and_after() {
    let file: ConfigFile = toml::from_str(NUMBERS).unwrap();
    let configuration = file.configuration().unwrap().calls;
    let check = |number: &str, calling: &str, expect: &str| {
        let calling = Some(calling.to_owned());
        let question = Question { calling, ..ask("trunk:abroad", number, Mode::EnBloc) };
        let answer = answer(&configuration, &question).unwrap();
        let text = answer.text();
        assert!(text.contains(expect), "{text}");
        answer.json()
    };
    let told = "brings  calling 0301234567, of unknown type → +49301234567, as the trunk says\n\
                brings  called 777001, of unknown type → 1001, as the trunk says\n\nlookup 1  1001 in";
    assert_eq!(check("777001", "0301234567", told)["incoming"][0]["after"], "+49301234567");
    let answer = check("777001", "+442079460000", "brings  called 777001");
    assert_eq!(answer["calling"], "+442079460000");
    // A line has its own number.
    let question = Question { calling: Some("4711".to_owned()), ..ask("1001", "0123", Mode::EnBloc) };
    assert!(super::answer(&configuration, &question).is_err());
}

#[test]
fn what_is_shown_of_who_calls_is_told() {
    let file: ConfigFile = toml::from_str(NUMBERS).unwrap();
    let configuration = file.configuration().unwrap().calls;
    let question = ask("1001", "0123", Mode::EnBloc);
    let answer = answer(&configuration, &question).unwrap();
    let text = answer.text();
    let steps = "  calling  prefix 55                   1001 → 551001\n  calling  number restricted\n  \
                 calling  name allowed\n\nresult  trunk abroad\ncalled  123\n\
                 calling 551001, number restricted, name allowed\n";
    assert!(text.ends_with(steps), "{text}");
    assert_eq!(answer.json()["present"], "restricted");
}

/// Numbers are known as +E.164; phones see them as they would dial them, the carrier as it wants them.
const LOCALISED: &str = r#"
[[partition]]
name = "phones"
[[partition]]
name = "carrier"
[[search_space]]
name = "phones"
partitions = ["phones"]
[[search_space]]
name = "carrier"
partitions = ["carrier"]

[[calling_transformation]]
pattern = "\\+49.!"
partition = "phones"
change = { discard = "PreDot", prefix = "0" }
[[calling_transformation]]
pattern = "1XXX"
partition = "carrier"
change = { external_mask = true, present_name = "restricted" }
[[called_transformation]]
pattern = "\\+49.!"
partition = "carrier"
change = { discard = "PreDot", prefix = "0" }

[[trunk]]
name = "pstn"
destination = "192.0.2.1:5060"
transformation_space = { calling = "carrier", called = "carrier" }
incoming_calling = { unknown = { prefix = "+49", search_space = "phones" } }

[[route_group]]
name = "carriers"
trunks = ["pstn"]
[[route_group]]
name = "spare"
trunks = ["pstn"]
[[route_list]]
name = "out"
groups = ["carriers", "spare"]
[[route]]
pattern = "\\+!"
route_list = "out"
[[route]]
pattern = "0.!"
trunk = "pstn"
change = { discard = "PreDot", prefix = "+49" }

[[line]]
number = "1001"
secret = "x"
external_mask = "+4930555XXXX"
transformation_space = { connected = "phones" }
[[line]]
number = "+49305551002"
secret = "x"
transformation_space = { calling = "phones" }
"#;

#[test]
fn every_transformation_is_told_with_who_sees_it() {
    let file: ConfigFile = toml::from_str(LOCALISED).unwrap();
    let configuration = file.configuration().unwrap().calls;
    let check = |from: &str, number: &str, calling: Option<&str>, expect: &str| {
        let calling = calling.map(str::to_owned);
        let question = Question { calling, ..ask(from, number, Mode::EnBloc) };
        let answer = answer(&configuration, &question).unwrap();
        let text = answer.text();
        assert!(text.contains(expect), "{text}");
        answer.json()
    };
    let sent = "\nseen by trunk pstn\n  called   +4930123 matches \\+49.! in carrier\n  \
                called   discard PreDot              +4930123 → 30123\n  \
                called   prefix 0                    30123 → 030123\n  \
                calling  1001 matches 1XXX in carrier\n  \
                calling  external mask +4930555XXXX  1001 → +49305551001\n  \
                calling  name restricted\n";
    let json = check("1001", "030123", None, sent);
    assert_eq!(json["seen"][0]["after"], "030123");
    assert_eq!(json["seen"][1]["present_name"], "restricted");
    // The trunk stands in two groups of the route list, and is told of once.
    let listed = check("1001", "+4930123", None, &format!("calling 1001{sent}"));
    assert_eq!(listed["seen"].as_array().map(Vec::len), Some(2));
    let answered = "\nseen by 1001\n  connected  +49305551002 matches \\+49.! in phones\n";
    check("1001", "+49305551002", None, answered);
    let brought = "brings  calling 30123, of unknown type → +4930123, as the trunk says\n  \
                   calling  +4930123 matches \\+49.! in phones\n  \
                   calling  discard PreDot              +4930123 → 30123\n  \
                   calling  prefix 0                    30123 → 030123\n";
    let json = check("trunk:pstn", "+49305551002", Some("30123"), brought);
    assert_eq!(
        (&json["calling"], &json["incoming"][0]["then"]["after"]),
        (&"030123".into(), &"030123".into())
    );
}

/// Two places in one mobility group, each with its gateway and its number for emergency calls.
const PLACES: &str = r#"
[[partition]]
name = "help"
[[partition]]
name = "bonn"
[[partition]]
name = "berlin"
[[search_space]]
name = "help"
partitions = ["help"]
[[search_space]]
name = "bonn"
partitions = ["bonn"]
[[search_space]]
name = "berlin"
partitions = ["berlin"]

[[trunk]]
name = "bonn-gw"
destination = "192.0.2.1:5060"
[[trunk]]
name = "berlin-gw"
destination = "192.0.2.2:5060"
[[route_group]]
name = "bonn"
trunks = ["bonn-gw"]
[[route_group]]
name = "berlin"
trunks = ["berlin-gw"]
[[route_list]]
name = "local"
groups = ["pots", "<Standard Local Route Group>"]
[[route]]
pattern = "112"
partition = "help"
route_list = "local"
urgent = true
emergency = true
[[route]]
pattern = "0.!"
partition = "bonn"
route_list = "local"
change = { discard = "PreDot", prefix = "0228" }
[[route]]
pattern = "0.!"
partition = "berlin"
route_list = "local"
change = { discard = "PreDot", prefix = "030" }

[[device_pool]]
name = "bonn"
physical_location = "Bonn"
mobility_group = "de"
local_route_group = "bonn"
emergency_number = "+49228110"
[[device_pool]]
name = "berlin"
physical_location = "Berlin"
mobility_group = "de"
search_space = "berlin"
local_route_group = "berlin"
local_route_groups = { pots = "berlin" }
zone = "Europe/Berlin"
emergency_number = "+4930110"
[[mobility_info]]
name = "bonn"
subnets = ["10.1.0.0/16", "2001:db8:1::/48"]
device_pools = ["bonn"]
[[mobility_info]]
name = "berlin"
subnets = ["10.2.0.0/16"]
device_pools = ["berlin"]
[[mobility_info]]
name = "upper floor"
subnets = ["10.2.7.0/24"]
device_pools = ["berlin"]
emergency_number = "+4930117"

[[line]]
number = "1001"
secret = "x"
search_space = "help"
device_search_space = "bonn"
device_pool = "bonn"
[[line]]
number = "1002"
secret = "x"
search_space = "help"
device_pool = "bonn"
emergency_number = "+49228117"
"#;

#[test]
fn a_phone_dials_as_those_of_the_place_where_it_is() {
    let file: ConfigFile = toml::from_str(PLACES).unwrap();
    let configuration = file.configuration().unwrap().calls;
    let check = |from: &str, number: &str, address: &str, expect: &[&str]| {
        let address = (!address.is_empty()).then(|| address.parse().unwrap());
        let question = Question { address, ..ask(from, number, Mode::EnBloc) };
        let answer = answer(&configuration, &question).unwrap();
        let text = answer.text();
        for part in expect {
            assert!(text.contains(part), "{part} is not in:\n{text}");
        }
        answer.json()
    };
    check("1001", "0123", "", &["called  0228123", "1. pots: no trunk", "bonn-gw; called 0228123"]);
    check("1001", "0123", "2001:db8:1::9", &["is in  bonn, device pool bonn: at home\n", "bonn-gw"]);
    let roams = "is in  berlin, device pool berlin: roams from bonn within its mobility group\n";
    let json = check(
        "1001",
        "0123",
        "10.2.3.4",
        &[roams, "sees  help, berlin", "1. pots: berlin-gw; called 030123"],
    );
    assert!(json["place"].as_str().unwrap().starts_with("berlin, device pool berlin"));
    check(
        "1001",
        "112",
        "10.1.2.3",
        &["calling +49228110, number allowed\nhelp    +49228110, of device pool bonn\n"],
    );
    check("1002", "112", "10.1.2.3", &["help    +49228117, the phone's own\n"]);
    check("1002", "112", "10.2.3.4", &["help    +4930110, of device pool berlin\n"]);
    let json = check("1002", "112", "10.2.7.9", &["help    +4930117, of mobility info upper floor\n"]);
    assert_eq!(
        (&json["calling"], &json["attempts"][0]["trunks"][0]),
        (&"+4930117".into(), &"berlin-gw".into())
    );
}

#[test]
fn a_call_from_a_trunk_leaves_by_the_gateways_of_its_device_pool() {
    let sees =
        PLACES.replacen("name = \"berlin-gw\"\n", "name = \"berlin-gw\"\nsearch_space = \"bonn\"\n", 1);
    let file: ConfigFile = toml::from_str(&sees).unwrap();
    let mut configuration = Configuration::clone(&file.configuration().unwrap().calls);
    let told = |configuration: &Configuration| {
        answer(configuration, &ask("berlin-gw", "0123", Mode::EnBloc)).unwrap().text()
    };
    let text = told(&configuration);
    assert!(text.contains("<Standard Local Route Group>: no trunk"), "{text}");
    let pool =
        configuration.lines.get("1001").unwrap().phones[0].settings.home.as_ref().unwrap().pool.clone();
    configuration.trunks.get_mut("berlin-gw").unwrap().pool = Some(pool);
    let text = told(&configuration);
    assert!(text.contains("<Standard Local Route Group>: bonn-gw; called 0228123"), "{text}");
}

#[test]
fn what_is_wrong_with_places_is_named_with_its_place() {
    let check = |change: (&str, &str), expect: &str| {
        assert!(PLACES.contains(change.0), "{change:?}");
        let file: ConfigFile = toml::from_str(&PLACES.replacen(change.0, change.1, 1)).unwrap();
        let error = file.configuration().err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains(expect), "{change:?}: {error}");
    };
    check(("device_pool = \"bonn\"", "device_pool = \"born\""), "[[line]] 1 (1001): device_pool is \"born\"");
    check(
        ("device_pools = [\"bonn\"]", "device_pools = [\"x\"]"),
        "[[mobility_info]] 1: device_pools is \"x\"",
    );
    check(
        ("device_pools = [\"bonn\"]", "device_pools = []"),
        "[[mobility_info]] 1: subnets is \"bonn\": device mobility info bonn names no",
    );
    check(
        ("10.1.0.0/16", "10.1.2.0/16"),
        "subnets is \"10.1.2.0/16\": 10.1.2.0/16: the address is not the first",
    );
    check(("10.1.0.0/16", "10.1.0.0/x"), "subnets is \"10.1.0.0/x\": expected a subnet like");
    check(
        ("10.2.7.0/24", "10.2.0.0/16"),
        "[[mobility_info]] 3: subnets is \"upper floor\": 10.2.0.0/16 leads to berlin already",
    );
    check(
        ("{ pots = \"berlin\" }", "{ pots = \"pots\" }"),
        "[[device_pool]] 2: local_route_groups is \"pots\", expected",
    );
    check(
        ("{ pots = \"berlin\" }", "{ bonn = \"berlin\" }"),
        "[[device_pool]] 2: local_route_groups is \"bonn\", which a route group",
    );
    check(
        ("emergency_number = \"+49228110\"", "emergency_number = \"1x\""),
        "[[device_pool]] 1: emergency_number is \"1x\"",
    );
    check(
        ("name = \"berlin\"\nphysical", "name = \"bonn\"\nphysical"),
        "[[device_pool]] 2: name is \"bonn\", which another",
    );
    check(("zone = \"Europe/Berlin\"", "zone = \"Berlin\""), "[[device_pool]] 2: zone is \"Berlin\"");
    check(
        ("search_space = \"berlin\"", "search_space = \"paris\""),
        "[[device_pool]] 2: search_space is \"paris\"",
    );
}

#[test]
fn what_is_wrong_with_transformations_is_named_with_its_place() {
    let check = |change: (&str, &str), expect: &str| {
        assert!(LOCALISED.contains(change.0), "{change:?}");
        let file: ConfigFile = toml::from_str(&LOCALISED.replacen(change.0, change.1, 1)).unwrap();
        let error = file.configuration().err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains(expect), "{change:?}: {error}");
    };
    let known = "expected one of: carrier, phones";
    check(
        ("{ calling = \"carrier\", ", "{ calling = \"carriers\", "),
        &format!("[[trunk]] 1: transformation_space is \"carriers\", {known}"),
    );
    check(
        ("search_space = \"phones\"", "search_space = \"phone\""),
        &format!("incoming_calling is \"phone\", {known}"),
    );
    check(
        ("partition = \"phones\"", "partition = \"x\""),
        "[[calling_transformation]] 1: partition is \"x\", expected one of: phones, carrier",
    );
    check(("1XXX", "1[23"), "[[calling_transformation]] 2: pattern is \"1[23\": the bracket at position 2");
    check(
        ("external_mask = true", "mask = \"55!\""),
        "[[calling_transformation]] 2: mask is \"55!\": '!' at position 3",
    );
    check(
        ("external_mask = true", "calling_mask = \"5\""),
        "2: calling_mask is \"5\": a transformation pattern changes the",
    );
    check(
        ("external_mask = true", "discard = \"PreDot\""),
        "2: discard is \"1XXX\": the discard instruction",
    );
    let called = "[[called_transformation]]\npattern = \"9\"\nchange = { present = \"allowed\" }\n[[trunk]]";
    check(("[[trunk]]", called), "[[called_transformation]] 2: present is \"allowed\": a called party");
    check(
        ("{ connected = ", "{ called = "),
        "[[line]] 1 (1001): transformation_space is \"phones\": phones are sent no",
    );
    let grows =
        "overlap = true\nincoming_called = { unknown = { search_space = \"phones\" } }\nincoming_calling";
    check(
        ("incoming_calling", grows),
        "incoming_called is \"phones\": with overlap the called number still grows",
    );
}

#[test]
fn what_is_wrong_with_numbers_is_named_with_its_place() {
    let check = |change: (&str, &str), expect: &str| {
        let error = match toml::from_str::<ConfigFile>(&NUMBERS.replacen(change.0, change.1, 1)) {
            Ok(file) => file.configuration().err().map(|error| error.to_string()),
            Err(error) => Some(error.to_string()),
        };
        assert!(error.clone().unwrap_or_default().contains(expect), "{change:?}: {error:?}");
    };
    check(
        ("strip = 1", "strip = 25"),
        "[[trunk]] 1: incoming_calling is \"+49\": digits to strip is 25; it must be 0 to 24",
    );
    check(("\"+49\"", "\"4+9\""), "incoming_calling is \"4+9\": the prefix has '+' at position 2");
    check(
        ("\"restricted\"", "\"hidden\""),
        "[[route]] 1: present is \"hidden\": expected allowed, restricted or default",
    );
    check(("unknown =", "unknwon ="), "unknown field `unknwon`");
}

#[test]
fn what_is_wrong_with_routing_is_named_with_its_place() {
    let check = |change: (&str, &str), expect: &str| {
        let file: ConfigFile = toml::from_str(&OFFICE.replacen(change.0, change.1, 1)).unwrap();
        let error = file.configuration().err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains(expect), "{change:?}: {error}");
    };
    check(("\"t1\", \"t2\"", "\"t1\", \"t9\""), "[[route_group]] 1: trunks is \"t9\"");
    check(("\"t1\", \"t2\"", "\"t1\", \"t1\""), "listed before already");
    check(("groups = [\"carriers\"", "groups = [\"carrier\""), "[[route_list]] 1: groups is \"carrier\"");
    check(("route_list = \"out\"", "route_list = \"in\""), "[[route]] 1: route_list is \"in\"");
    check(("mo-fr 08", "mon-fri 08"), "[[partition]] 1: hours is");
    check(("Europe/Berlin", "Europe/Berlyn"), "[[partition]] 1: zone is");
    check(("\"day\", \"night\"", "\"day\", \"dusk\""), "[[search_space]] 1");
    check(("0.!", "0.!["), "[[route]] 1: pattern is");
    check(("0.!", "0.xx!"), "[[route]] 1: pattern is \"0.xx!\": a digit is written X, not x");
    check(("PreDot", "PreDots"), "[[route]] 1: discard is");
    check(("5000", "50x0"), "[[route_list]] 1: calling_mask is");
    check(("local_route_group = \"branch\"", "local_route_group = \"b\""), "local_route_group is \"b\"");
}

#[test]
fn what_is_asked_is_read_as_whoever_dials_would_mean_it() {
    let file: ConfigFile = toml::from_str(OFFICE).unwrap();
    let configuration = file.configuration().unwrap().calls;
    let check = |from: &str, number: &str, mode: Option<Mode>, expect: &[&str]| {
        let at = time("2026-11-21T09:00").unwrap();
        let question = Question { mode, at, ..ask(from, number, Mode::Keys) };
        let text = answer(&configuration, &question).unwrap().text();
        for part in expect {
            assert!(text.contains(part), "{from} {number}: {part:?} is not in\n{text}");
        }
    };
    // A Saturday: the day has no hours.
    check("1001", "0123", None, &["1001 dials 0123 key by key\nsees  day (closed), night, no partition\n"]);
    check("t1", "0123", None, &["t1 dials 0123 en bloc\nsees  no partition\n", "result  no match"]);
    check("t1", "1001", Some(Mode::Keys), &["t1 dials 1001 key by key\n", "result  line 1001"]);
    check(
        "space:all",
        "01 23",
        None,
        &[
            "space:all dials 01 23 by name\n",
            "note    it was looked up as a name, for it is no number: ' ' at position 3 cannot be dialled",
        ],
    );
    check("1001", "alice", None, &["result  no match\n"]);
    check("1001", "0", None, &["  no pattern takes it as it is\n  after 15 s in which no key came\n"]);
}

#[test]
fn a_directory_number_may_be_urgent() {
    let check = |setting: &str, waits: u64| {
        let text = format!(
            "[[line]]\nnumber = \"100\"\nsecret = \"x\"\noverlap = true\n{setting}\n\
             [[block]]\npattern = \"100XX\"\n"
        );
        let file: ConfigFile = toml::from_str(&text).unwrap();
        let configuration = file.configuration().unwrap().calls;
        assert!(configuration.lines.get("100").unwrap().phones[0].settings.overlap);
        let json = answer(&configuration, &ask("100", "100", Mode::Keys)).unwrap().json();
        assert_eq!(
            (&json["result"], &json["waited_ms"]),
            (&"line 100".into(), &(waits * 1000).into()),
            "{text}"
        );
    };
    check("", 15);
    check("urgent = true", 0);
}

#[test]
fn filters_repeats_and_trunks_that_are_not_there_are_told() {
    let text = OFFICE
        .replace("\"t1\", \"t2\"", "\"t2\"")
        .replace("pattern = \"0.!\"\npartition = \"day\"", "pattern = \"0.@\"\nfilter = \"SERVICE EXISTS\"");
    let twice = "[[block]]\npattern = \"02X\"\npartition = \"day\"\n[[block]]\npattern = \"02X\"\npartition = \"night\"\n";
    let file: ConfigFile = toml::from_str(&format!("{text}{twice}")).unwrap();
    let configuration = file.configuration().unwrap().calls;
    let question = Question { at: time("2026-11-20T09:00").unwrap(), ..ask("1001", "0411", Mode::Keys) };
    let told = answer(&configuration, &question).unwrap();
    let (text, json) = (told.text(), told.json());
    let check = |part: &str| assert!(text.contains(part), "{part:?} is not in\n{text}");
    check("4 could still: ");
    check(
        "  wins     0.@ where SERVICE EXISTS (route pattern in no partition): takes 8 numbers of 4 digits\n",
    );
    check("note    no trunk of route list out is there yet: give one a destination in the configuration\n");
    check("02X in day");
    assert_eq!(
        json["lookups"][0]["called_changes"],
        serde_json::json!([{ "what": "discard", "value": "PreDot", "before": "0411", "after": "411" }])
    );
}

#[test]
fn json_says_the_same() {
    let configuration = lab();
    let question = ask("space:everything", "919005551234", Mode::Keys);
    let json = answer(&configuration, &question).unwrap().json();
    assert_eq!(json["result"], "blocked, cause 21");
    assert_eq!(json["cause"], 21);
    assert_eq!(json["keys"].as_array().map(Vec::len), Some(12));
    assert_eq!(json["lookups"][0]["candidates"][1]["lost_by"], "breadth");
}

#[test]
fn who_cannot_dial_is_said() {
    let configuration = lab();
    let error = |from: &str, number: &str| {
        answer(&configuration, &ask(from, number, Mode::Keys)).err().map(|error| error.to_string()).unwrap()
    };
    assert!(error("nobody", "1").contains("\"nobody\";"));
    assert!(error("trunk:pst", "1").contains("\"trunk:pst\" (did you mean \"trunk:pstn\"?);"));
    assert!(error("evrything", "1").contains("(did you mean \"everything\"?)"));
    assert!(error("trunk:1001", "1").contains("\"trunk:1001\""));
    assert!(error("1001", "").contains("no number"));
}

#[test]
fn a_phone_of_a_line_dials_in_its_own_way() {
    let mut configuration = lab();
    let settings = configuration.lines.get("1001 in internal").unwrap().clone();
    configuration.lines.remove("1001 in internal");
    let only = settings.phones[0].clone();
    let blind = Arc::new(Caller { search_space: SearchSpace::null(), ..Caller::clone(&only.dials) });
    let named = |name: &str| LinePhone { name: Some(name.into()), ..only.clone() };
    let mut set = |line: &str, phones: Vec<LinePhone>| {
        configuration.lines.insert(line, Line { phones: phones.into(), ..settings.clone() });
    };
    set("1001", vec![named("desk"), LinePhone { dials: blind, ..named("lobby") }]);
    set("1002", vec![named("desk"), named("mobile")]);
    set("1003", vec![]);
    let dial = |from: &str| match answer(&configuration, &ask(from, "9911", Mode::Keys)) {
        Ok(answer) => answer.json()["result"].as_str().unwrap().to_owned(),
        Err(error) => error.to_string(),
    };
    assert_eq!(dial("1001"), "the phones of line 1001 dial differently; say which: 1001/desk, 1001/lobby");
    assert_eq!(dial("line:1001/desk"), "trunk pstn");
    assert_eq!(dial("1001/lobby"), "no match");
    assert_eq!(dial("lobby"), "no match");
    assert_eq!(dial("phone:mobile"), "trunk pstn");
    assert_eq!(dial("desk"), "phone desk has several lines; say from which it dials: 1001/desk, 1002/desk");
    assert_eq!(dial("1002"), "trunk pstn");
    assert_eq!(dial("1003"), "line 1003 stands on no phone: nobody can dial from it");
    assert!(dial("1001/hall").starts_with("nobody can dial from \"1001/hall\""), "{}", dial("1001/hall"));
    let names: Vec<_> = configuration.origins().into_iter().map(|origin| origin.name).collect();
    assert!(
        ["1001/desk", "1001/lobby", "1002"].iter().all(|name| names.contains(&(*name).into())),
        "{names:?}"
    );
}

/// Companies A and B have 1001, B alone has 1002.
const TENANTS: &str = r#"
[[partition]]
name = "A"
[[partition]]
name = "B"
[[search_space]]
name = "of A"
partitions = ["A"]
[[search_space]]
name = "of B"
partitions = ["B"]
[[line]]
number = "1001"
secret = "a1"
partition = "A"
search_space = "of A"
[[line]]
number = "1001"
secret = "b1"
partition = "B"
search_space = "of B"
[line.forward]
busy = "5000"
search_space = "of B"
[[line]]
number = "1002"
secret = "b2"
partition = "B"
search_space = "of B"
[[line_group]]
name = "both"
members = ["1002", "1001 in A"]
distribution = "top-down"
[[hunt_list]]
name = "both"
groups = ["both"]
[[hunt_pilot]]
pattern = "5000"
partition = "B"
hunt_list = "both"
[[expect]]
from = "1001 in B"
number = "1002"
result = "line 1002 in B"
[[expect]]
from = "line:1002"
number = "1001"
result = "line 1001 in B"
when = "busy"
ends = "cause 17 at hunt pilot 5000"
[[expect]]
from = "1001 in B"
number = "5000"
members = ["1002", "1001 in A"]
"#;

#[test]
fn lines_with_one_number_are_told_apart_by_their_partitions() {
    let file: ConfigFile = toml::from_str(TENANTS).unwrap();
    let configuration = Configuration::clone(&file.configuration().unwrap().calls);
    let report = report(&Saved::of_file(&file), &configuration);
    assert_eq!(report["failed"], 0, "{report}");
    let dial = |from: &str, number: &str| match answer(&configuration, &ask(from, number, Mode::Keys)) {
        Ok(answer) => answer.json()["result"].as_str().unwrap().to_owned(),
        Err(error) => error.to_string(),
    };
    let check = |from: &str, number: &str, expect: &str| assert_eq!(dial(from, number), expect, "{from}");
    check("1001 in A", "1001", "line 1001 in A");
    check("line:1001 in B", "1001", "line 1001 in B");
    check("1001 in B", "1002", "line 1002");
    check("1001 in A", "1002", "no match");
    check("1002 in B", "1002", "line 1002");
    check(
        "SIP-1001",
        "1001",
        "nobody can dial from \"SIP-1001\"; expected a line, a phone, a trunk or a calling search \
                               space of the configuration",
    );
    check("1001", "1002", "several lines have the number 1001; say which: 1001 in A, 1001 in B");
    let text = answer(&configuration, &ask("1002", "5000", Mode::Keys)).unwrap().text();
    assert!(text.contains("both: 1002 rings") && text.contains("both: 1001 in A rings"), "{text}");
    let origins: Vec<_> = configuration.origins().into_iter().map(|origin| origin.name).collect();
    assert_eq!(origins, ["1001 in A".into(), "1001 in B".into(), Box::<str>::from("1002")]);
}

#[test]
fn a_saved_dialling_that_goes_another_way_fails() {
    let configuration = lab();
    let check = |text: &str, expect: bool| {
        assert_eq!(saved(text, &configuration).is_ok(), expect, "{text}");
    };
    check(
        "from = \"1001\"\nnumber = \"9911\"\nresult = \"trunk pstn\"\ncalled = \"911\"\nwaits_seconds = 0",
        true,
    );
    check("from = \"1001\"\nnumber = \"9911\"\nresult = \"no match\"", false);
    check("from = \"1001\"\nnumber = \"9911\"", false);
    check("from = \"1009\"\nnumber = \"9911\"\nresult = \"trunk pstn\"", false);
    check("from = \"1001\"\nnumber = \"95551234\"\npattern = \"9.XXXXXXX\"", false);
}

#[test]
fn a_saved_dialling_may_say_which_trunks_and_members_are_reached() {
    let file: ConfigFile = toml::from_str(OFFICE).unwrap();
    let office = Configuration::clone(&file.configuration().unwrap().calls);
    let dials = "from = \"1001\"\nnumber = \"0123\"\nat = \"2026-11-20T09:00\"\n";
    let check = |configuration: &Configuration, text: &str, expect: bool| {
        assert_eq!(saved(text, configuration).is_ok(), expect, "{text}");
    };
    // Of a route list those that are there, in their order.
    check(&office, &format!("{dials}trunk = \"t1\"\ntrunks = [\"t1\"]\nmembers = []"), true);
    check(&office, &format!("{dials}trunk = \"t2\""), false);
    check(&office, &format!("{dials}trunks = [\"t1\", \"t2\"]"), false);
    check(&office, &format!("{dials}trunk = \"none\""), false);
    check(&lab(), "from = \"1001\"\nnumber = \"911\"\ntrunk = \"none\"\ntrunks = []", true);
    // What nobody has is no test that fails, but one that cannot be asked.
    let unusable = |text: &str| {
        let file: ConfigFile = toml::from_str(&format!("{OFFICE}\n[[expect]]\n{text}")).unwrap();
        unusable(&file, &office).join("\n")
    };
    assert_eq!(unusable("from = \"1001\"\nnumber = \"1\"\nresult = \"no match\""), "");
    assert_eq!(
        unusable("from = \"trunk:t3\"\nnumber = \"1\"\nresult = \"no match\""),
        "[[expect]] 4: nobody can dial from \"trunk:t3\" (did you mean \"trunk:t1\"?); expected a line, a phone, a trunk or a \
         calling search space of the configuration"
    );
    assert_eq!(
        unusable("from = \"1001\"\nnumber = \"1\"\ntrunks = [\"t1\", \"t3\"]"),
        "[[expect]] 4: trunk is \"t3\", which is not in the configuration (did you mean \"t1\"?)"
    );
    assert_eq!(
        unusable("from = \"1001\"\nnumber = \"1\"\nmembers = [\"1009\"]"),
        "[[expect]] 4: members is \"1009\", which is not in the configuration"
    );
    assert!(unusable("from = \"1001\"\nnumber = \"1\"").contains("[[expect]] 4: nothing is expected of it"));
}

#[test]
fn what_nobody_finds_is_explained() {
    let configuration = lab();
    let check = |from: &str, number: &str, expect: Option<&str>| {
        let question = ask(from, number, Mode::EnBloc);
        let answer = answer(&configuration, &question).unwrap();
        assert_eq!(answer.json()["note"].as_str(), expect, "{from} {number}");
    };
    let blind = "pstn has no search_space, and sees only what stands in no partition";
    check("pstn", "5551001", Some(blind));
    check("space:everything", "5", None);
    check("1001", "5", None);
    let name = "it was looked up as a name, for it is no number: '(' at position 1 cannot be dialled; expected 0-9, *, #, \
                A-D or +";
    check("1001", "(408)555-1234", Some(name));
}

#[test]
fn a_phone_may_send_several_digits_and_dial_on() {
    let configuration = lab();
    let check = |number: &str, mode: Mode, expect: (&str, u64)| {
        let question = ask("1001", number, mode);
        let answer = answer(&configuration, &question).unwrap();
        let Way::Number(trace) = &answer.way else { panic!("{number} is a number") };
        let called = match trace.analysis().decision() {
            Some(Decision::Routed(routed)) => routed.called.to_string(),
            _ => answer.result(),
        };
        assert_eq!((&*called, trace.waited().as_secs()), expect, "{number} {mode:?}");
    };
    // What it sends at once is not cut off at an urgent pattern, and is then waited for like keys.
    check("99115555", Mode::Keys, ("911", 0));
    check("99115555", Mode::Kpml, ("+14089115555", 0));
    check("9011441632960000", Mode::EnBloc, ("+441632960000", 0));
    check("9011441632960000", Mode::Kpml, ("+441632960000", 15));
    check("95551", Mode::Kpml, ("incomplete", 15));
    check("95551", Mode::EnBloc, ("incomplete", 0));
    let question = ask("1001", "9011441632960000", Mode::Kpml);
    let text = answer(&configuration, &question).unwrap().text();
    assert!(text.starts_with("1001 dials 9011441632960000 at once, and may dial on (KPML)\n"), "{text}");
}

#[test]
fn the_lab_keeps_what_it_promises() {
    let mut file = crate::lab::fresh().unwrap();
    let configuration = file.configuration().unwrap().calls;
    assert!(file.expectations.len() >= 8);
    expect::print(&report(&Saved::of_file(&file), &configuration), false).unwrap();
    // Without its urgent emergency patterns the promise is broken, and that is found.
    file.routes.retain(|route| !route.emergency);
    let configuration = file.configuration().unwrap().calls;
    assert!(expect::print(&report(&Saved::of_file(&file), &configuration), false).is_err());
}

#[test]
fn a_time_is_read_in_utc() {
    let check = |text: &str, expect: Option<&str>| {
        assert_eq!(time(text).ok().map(|time| time.to_string()).as_deref(), expect, "{text}");
    };
    check("1970-01-01T00:00", Some("1970-01-01T00:00:00.000Z"));
    check("2024-02-29T23:59", Some("2024-02-29T23:59:00.000Z"));
    check("2026-02-29T00:00", None);
    check("2026-02-31T00:00", None);
    check("2026-04-31T00:00", None);
    check("1900-02-29T00:00", None);
    check("2026-11-21 08:05", Some("2026-11-21T08:05:00.000Z"));
    check("2026-13-01T00:00", None);
    check("noon", None);
}

/// A plan with something of each severity.
const DOUBTFUL: &str = r##"
[[partition]]
name = "help"
[[partition]]
name = "dark"
[[search_space]]
name = "all"
partitions = ["help"]
[[line]]
number = "1001"
secret = "x"
search_space = "all"
[[line]]
number = "1002"
secret = "x"
[[trunk]]
name = "pstn"
[[route]]
pattern = "112"
partition = "help"
trunk = "pstn"
urgent = true
emergency = true
[[route]]
pattern = "0!#"
partition = "dark"
trunk = "pstn"
[[route]]
pattern = "2!"
partition = "help"
trunk = "pstn"
"##;

#[test]
fn what_is_doubtful_is_told_with_a_command_that_shows_it() {
    let file: ConfigFile = toml::from_str(DOUBTFUL).unwrap();
    let configuration = file.configuration().unwrap().calls;
    let report = Report::of(&configuration, WallTime::from_micros(0));
    let text = report.text();
    assert!(text == include_str!("testdata/lint.txt"), "it went like this:\n{text}");
    let doubts = report.doubts();
    assert!(text.starts_with(&doubts) && doubts.len() < text.len(), "{doubts}");
    let json = report.json();
    assert_eq!(json["errors"], 1);
    assert_eq!(json["findings"][0]["kind"], "emergency-unreachable");
    assert_eq!(json["findings"][0]["patterns"][0]["pattern"], "112");
    assert_eq!(json["findings"][0]["example"]["from"], "line:1002");
    assert!(lint::run(&configuration, WallTime::from_micros(0), true).is_err());
}

#[test]
fn what_we_ship_is_not_doubtful() {
    let check = |what: &str, file: &ConfigFile| {
        let configuration = file.configuration().unwrap().calls;
        assert_eq!(Report::of(&configuration, WallTime::from_micros(0)).doubts(), "", "{what}");
        assert!(lint::run(&configuration, WallTime::from_micros(0), false).is_ok(), "{what}");
    };
    check("the lab", &crate::lab::fresh().unwrap());
    check("the sample", &toml::from_str(include_str!("../../../../strowger.example.toml")).unwrap());
}

#[test]
fn a_loop_is_refused_with_the_line_of_the_file() {
    let text = format!("{DOUBTFUL}\n[[translation]]\npattern = \"3XX\"\nchange = {{ mask = \"3XX\" }}\n");
    let file: ConfigFile = toml::from_str(&text).unwrap();
    let error = file.configuration().err().map(|error| error.to_string()).unwrap_or_default();
    let expect = "[[translation]] 1: pattern is \"3XX\", a translation loop: line:1001 dials 355";
    assert!(error.contains(expect), "{error}");
}
