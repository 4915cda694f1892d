//! From objects to where a dialled number leads.

use strowger_base::WallTime;
use strowger_base::leg::Answering;
use strowger_callcontrol::configuration::{Barging, PageGateway, PagePriority};
use strowger_dialplan::{Action, Analysis, Arrival, Decision, Digits, RouteTarget};
use strowger_media::codec::Codec;
use strowger_media::control::Multicast;
use strowger_sccp::station::device::Assignment;

use super::*;

/// `number as seen by the far side -> where` for what a line dials.
fn dialled(configuration: &Configuration, line: &str, number: &str) -> String {
    let calls = &configuration.calls;
    let caller = calls.lines.get(line).unwrap().phones[0].caller();
    let at = WallTime::from_micros(0);
    let name = |action: &Action| match action {
        Action::Line(line) => format!("line {line}"),
        Action::Route(route) => match &route.to {
            RouteTarget::Trunk(trunk) => format!("trunk {trunk}"),
            RouteTarget::RouteList(list) => format!("route list {list}"),
        },
        Action::Hunt { list } => format!("hunt {list}"),
        Action::Service(service) => format!("{service:?}"),
        Action::Feature(feature) => {
            format!("{} of {} with {:?}", feature.code, feature.object, feature.argument(number))
        }
        Action::Block(cause) => format!("blocked {}", cause.0),
        Action::Translate(_) => "translation".to_owned(),
    };
    let Ok(digits) = Digits::parse(number) else {
        let found = calls.plan.named(&caller.search_space, number, at, None);
        return found.map_or_else(|| "nowhere".to_owned(), |found| name(found.action));
    };
    let analysis = Analysis::of(&calls.plan, Arc::clone(&caller), Arrival::EnBloc, &digits, at);
    match analysis.decision() {
        Some(Decision::Routed(routed)) => {
            let action = &calls.plan.pattern(routed.pattern).unwrap().action;
            format!("{} as {}", name(action), routed.called)
        }
        Some(Decision::Blocked { cause, .. }) => format!("blocked {}", cause.0),
        Some(Decision::Rejected(reject)) => format!("rejected {}", reject.cause().0),
        None => "undecided".to_owned(),
    }
}

const OFFICE: &str = r#"
    [[partition]]
    name = "internal"
    [[partition]]
    name = "outside"
    [[partition]]
    name = "hidden"
    [[calling_search_space]]
    name = "staff"
    partitions = ["internal", "outside"]
    [[trunk]]
    name = "carrier"
    destinations = ["192.0.2.1:5060"]
    [[gateway]]
    name = "analogue"
    protocol = "mgcp"
    [[route_group]]
    name = "carriers"
    members = [{ trunk = "carrier" }, { gateway = "analogue" }]
    [[route_list]]
    name = "out"
    members = [
        { route_group = "carriers", change = { discard = "PreDot" } },
        { local_route_group = "<Standard Local Route Group>" },
    ]
    [[line]]
    pattern = "1001"
    partition = "internal"
    search_space = "staff"
    [[phone]]
    name = "desk"
    lines = [{ line = "internal:1001" }]
    credentials = { secret = "s3cret" }
    [[line]]
    pattern = "1002"
    partition = "hidden"
    [[line]]
    pattern = '\+493012'
    partition = "internal"
    [[line]]
    pattern = "reception"
    partition = "internal"
    [[route_pattern]]
    pattern = "carrier-desk"
    trunk = "carrier"
    [[blocked_pattern]]
    pattern = "nobody"
    [[directory_uri]]
    pattern = "Alice@example.com"
    partition = "internal"
    line = "internal:1001"
    [[application_number]]
    pattern = "9999"
    partition = "internal"
    service = "echo"
    [[application_number]]
    pattern = "weather"
    service = "announcement"
    [[translation_pattern]]
    pattern = "2XXX"
    partition = "internal"
    change = { mask = "1XXX" }
    [[route_pattern]]
    pattern = "0.!"
    partition = "outside"
    route_list = "out"
    [[route_pattern]]
    pattern = "112"
    partition = "outside"
    urgent = true
    emergency = true
    trunk = "carrier"
    [[route_pattern]]
    pattern = "3XX"
    gateway = "analogue"
    [[blocked_pattern]]
    pattern = "0900!"
    partition = "outside"
    urgent = true
    cause = 22
    [[sip_route_pattern]]
    pattern = "partner.example"
    partition = "outside"
    trunk = "carrier"
    [[sip_route_pattern]]
    pattern = "bad.partner.example"
    partition = "outside"
    block = true
    [[line_group]]
    name = "sales"
    members = ["internal:1001"]
    [[hunt_list]]
    name = "sales"
    line_groups = ["sales"]
    [[hunt_pilot]]
    pattern = "5000"
    partition = "internal"
    hunt_list = "sales"
"#;

#[test]
fn dialled_numbers_lead_where_the_objects_say() {
    let configuration = built(OFFICE);
    let check = |number: &str, expect: &str| {
        assert_eq!(dialled(&configuration, "1001 in internal", number), expect, "{number}");
    };
    check("1001", "line 1001 in internal as 1001");
    check("+493012", "line +493012 in internal as +493012");
    // Not in what it sees.
    check("1002", "rejected 1");
    check("2001", "line 1001 in internal as 1001");
    check("alice@example.com", "line 1001 in internal");
    check("bob@example.com", "nowhere");
    check("9999", "Echo as 9999");
    check("weather", "Announcement");
    check("reception", "line reception in internal");
    check("carrier-desk", "trunk carrier");
    check("nobody", "blocked 21");
    check("030123", "route list out as 030123");
    check("112", "trunk carrier as 112");
    check("0900123", "blocked 22");
    check("300", "trunk analogue as 300");
    check("bob@sub.partner.example", "trunk carrier");
    check("bob@bad.partner.example", "blocked 21");
    check("5000", "hunt sales as 5000");
    // The gateway is known, and takes no calls.
    assert!(!configuration.calls.trunks["analogue"].is_there);
    assert_eq!(configuration.calls.route_lists["out"].members().len(), 2);
}

#[test]
fn every_object_of_a_plan_is_where_its_part_came_from() {
    let (state, translated) = translated(OFFICE);
    let draft = &translated.draft;
    let check = |place: Place, expect: &str| {
        let (kind, id) = translated.origins.object(place).unwrap();
        assert_eq!(called(&state, kind, id), expect);
    };
    let line = draft.lines.iter().position(|line| &*line.number == "1001").unwrap();
    check(Place::Line(line), "line internal:1001");
    check(Place::Trunk(0), "trunk carrier");
    check(Place::PlannedTrunk(0), "gateway analogue");
    let host = draft.plan.routes.iter().position(|route| !route.host.is_empty()).unwrap();
    check(Place::Route(host), "SIP route pattern outside:partner.example");
    check(Place::DirectoryUri(0), "directory URI internal:Alice@example.com");
    check(Place::HuntPilot(0), "hunt pilot internal:5000");
    assert_eq!(translated.origins.object(Place::Node), None);
}

/// Two companies with the same numbers.
const TENANTS: &str = r#"
    [[partition]]
    name = "A"
    [[partition]]
    name = "B"
    [[calling_search_space]]
    name = "of A"
    partitions = ["A"]
    [[calling_search_space]]
    name = "of B"
    partitions = ["B"]
    [[calling_search_space]]
    name = "of both"
    partitions = ["B", "A"]
    [[line]]
    pattern = "1001"
    partition = "A"
    search_space = "of A"
    [[line]]
    pattern = "1001"
    partition = "B"
    search_space = "of B"
    forwards = { busy_internal = { number = "1002", search_space = "of B" } }
    [[line]]
    pattern = "1002"
    partition = "A"
    search_space = "of A"
    [[line]]
    pattern = "1002"
    partition = "B"
    search_space = "of both"
    [[phone]]
    name = "A1"
    lines = [{ line = "A:1001" }]
    credentials = { secret = "a1" }
    [[phone]]
    name = "A2"
    lines = [{ line = "A:1002" }]
    credentials = { secret = "a2" }
    [[phone]]
    name = "B1"
    lines = [{ line = "B:1001" }]
    credentials = { secret = "b1" }
    [[phone]]
    name = "B2"
    lines = [{ line = "B:1002" }]
    credentials = { secret = "b2" }
    [[directory_uri]]
    pattern = "one@b.example"
    partition = "B"
    line = "B:1001"
    [[line_group]]
    name = "both"
    members = ["A:1001", "B:1001"]
    [[hunt_list]]
    name = "both"
    line_groups = ["both"]
    [[hunt_pilot]]
    pattern = "5000"
    partition = "B"
    hunt_list = "both"
"#;

#[test]
fn a_number_is_another_line_in_another_partition() {
    let configuration = built(TENANTS);
    let check = |line: &str, number: &str, expect: &str| {
        assert_eq!(dialled(&configuration, line, number), expect, "{line} dials {number}");
    };
    check("1001 in A", "1002", "line 1002 in A as 1002");
    check("1001 in B", "1002", "line 1002 in B as 1002");
    check("1002 in A", "1001", "line 1001 in A as 1001");
    check("1002 in B", "1001", "line 1001 in B as 1001");
    check("1002 in B", "one@b.example", "line 1001 in B");
    check("1001 in A", "one@b.example", "nowhere");
    check("1001 in A", "5000", "rejected 1");
    check("1001 in B", "5000", "hunt both as 5000");
    let members = configuration.calls.hunt_lists["both"].groups()[0].members();
    assert_eq!(members.iter().map(|member| member.as_str()).collect::<Vec<_>>(), ["1001 in A", "1001 in B"]);
    let phone = |line: &str| configuration.sip.lines.get(line).unwrap().phones[0].name.clone().unwrap();
    assert_eq!((&*phone("1001 in A"), &*phone("1001 in B")), ("A1", "B1"));
}

#[test]
fn features_have_numbers() {
    let features = r#"
        [[call_park]]
        pattern = "88XX"
        partition = "internal"
        [[directed_call_park]]
        pattern = "87X"
        partition = "internal"
        retrieval_prefix = "*5"
        [[pickup_group]]
        pattern = "8600"
        partition = "internal"
        lines = ["internal:1001"]
        [[meet_me]]
        pattern = "85XX"
        partition = "internal"
        [[paging_group]]
        pattern = "8400"
        partition = "internal"
        lines = ["internal:1001"]
    "#;
    let configuration = built(&format!("{OFFICE}{features}"));
    let check = |number: &str, expect: &str| {
        assert_eq!(dialled(&configuration, "1001 in internal", number), expect, "{number}");
    };
    check("8801", "park-retrieve of internal:88XX with \"8801\" as 8801");
    check("871", "directed-park of internal:87X with \"871\" as 871");
    check("*5871", "park-retrieve of internal:87X with \"871\" as *5871");
    check("8600", "group-pickup of internal:8600 with \"8600\" as 8600");
    check("8512", "meet-me of internal:85XX with \"8512\" as 8512");
    check("8400", "page of internal:8400 with \"8400\" as 8400");
}

#[test]
fn paging_groups_reach_lines_gateways_and_an_address() {
    let groups = r#"
        [[paging_group]]
        pattern = "8400"
        partition = "internal"
        lines = ["internal:1001"]
        overhead = [{ trunk = "hall", number = "5555" }]
        multicast = "239.1.1.1"
        multicast_ttl = 4
        multicast_codec = "g711-alaw"
        priority = "emergency"
        numbers = ["1002", "95555"]
        search_space = "staff"
        [[trunk]]
        name = "hall"
        [[paging_group]]
        pattern = "8401"
        partition = "internal"
        multicast = "ff15::1"
        multicast_port = 5004
    "#;
    let configuration = built(&format!("{OFFICE}{groups}"));
    let group = |name: &str| configuration.calls.paging.get(name).cloned().unwrap();
    let all = group("internal:8400");
    assert_eq!(all.lines.iter().map(|line| line.as_str()).collect::<Vec<_>>(), ["1001 in internal"]);
    assert_eq!(all.gateways, [PageGateway { trunk: "hall".into(), number: "5555".into() }]);
    let address = "239.1.1.1:20480".parse().unwrap();
    assert_eq!(all.multicast, Some(Multicast { address, ttl: 4, codec: Codec::Pcma }));
    assert_eq!(all.priority, PagePriority::Emergency);
    assert_eq!(all.numbers, ["1002".into(), "95555".into()]);
    let space = all.search_space.as_ref().unwrap().partitions().iter();
    let partitions: Vec<&str> = space.map(|id| configuration.calls.plan.partition_name(*id)).collect();
    assert_eq!(partitions, ["internal", "outside", ""]);
    assert!(group("internal:8401").search_space.is_none());
    let address = "[ff15::1]:5004".parse().unwrap();
    assert_eq!(group("internal:8401").multicast, Some(Multicast { address, ttl: 1, codec: Codec::Pcmu }));
}

#[test]
fn lines_have_pickup_groups() {
    let groups = r#"
        [[pickup_group]]
        pattern = "8600"
        partition = "internal"
        lines = ["internal:1001"]
        others = ["internal:8601"]
        [[pickup_group]]
        pattern = "8601"
        partition = "internal"
        [service_parameters]
        auto_pickup = false
    "#;
    let configuration = built(&format!("{OFFICE}{groups}"));
    let pickup = &configuration.calls.pickup;
    assert_eq!(pickup.group_of(&"1001 in internal".into()), Some("internal:8600"));
    let group = pickup.group("internal:8600").unwrap();
    assert_eq!(group.lines.iter().map(|line| line.as_str()).collect::<Vec<_>>(), ["1001 in internal"]);
    assert_eq!(group.others.iter().map(|other| &**other).collect::<Vec<_>>(), ["internal:8601"]);
    assert!(!pickup.auto);
}

#[test]
fn calls_are_parked_at_numbers() {
    let numbers = r#"
        [[call_park]]
        pattern = "88[12]X"
        partition = "internal"
        [[call_park]]
        pattern = "870"
        partition = "internal"
        [[directed_call_park]]
        pattern = "86X"
        partition = "internal"
        retrieval_prefix = "*5"
        reversion_number = "1001"
        reversion_search_space = "staff"
        [service_parameters]
        park_reversion = 30
    "#;
    let configuration = built(&format!("{OFFICE}{numbers}"));
    let park = &configuration.calls.park;
    assert_eq!(park.reversion.as_secs(), 30);
    let [one, many] = park.ranges() else { panic!("{park:?}") };
    assert_eq!((&*one.object, &*one.numbers[0]), ("internal:870", "870"));
    assert_eq!((many.numbers.len(), &*many.numbers[0], &*many.numbers[19]), (20, "8810", "8829"));
    let (number, css) = park.directed["internal:86X"].reversion.as_ref().unwrap();
    assert_eq!(&**number, "1001");
    assert_ne!(*css, strowger_dialplan::SearchSpace::null());
}

#[test]
fn lines_in_an_intercom_partition_are_intercom_lines() {
    let desks = r#"
        [[partition]]
        name = "desks"
        usage = "intercom"
        [[calling_search_space]]
        name = "desks"
        partitions = ["desks"]
        [[line]]
        pattern = "901"
        partition = "desks"
        search_space = "desks"
        [[line]]
        pattern = "902"
        partition = "desks"
        search_space = "desks"
        auto_answer = "headset"
        [[phone]]
        name = "desk-1"
        search_space = "staff"
        credentials = { secret = "x" }
        lines = [{ line = "desks:901", intercom_target = "902" }]
    "#;
    let configuration = built(&format!("{OFFICE}{desks}"));
    let lines = &configuration.calls.lines;
    let (one, two) = (lines.get("901 in desks").unwrap(), lines.get("902 in desks").unwrap());
    assert_eq!(one.intercom.as_deref().map(|intercom| &*intercom.target), Some("902"));
    assert_eq!((one.busy_trigger, one.calls_max, one.auto_answer), (1, 1, Answering::Loudspeaker));
    assert_eq!(two.intercom.as_deref().map(|intercom| &*intercom.target), Some(""));
    assert_eq!(two.auto_answer, Answering::Headset);
    assert_eq!(lines.get("1001 in internal").unwrap().intercom, None);
    // What the phone sees besides is not the line's.
    assert_eq!(dialled(&configuration, "901 in desks", "902"), "line 902 in desks as 902");
    assert_eq!(dialled(&configuration, "901 in desks", "1001"), "rejected 1");
}

#[test]
fn phones_have_speed_dials_and_busy_lamps() {
    let keys = r#"
        [[phone]]
        name = "SEP00AABBCCDDEE"
        lines = [{ line = "internal:1001" }]
        keys = { speed_dials = [{ number = "1002", label = "Bob" }, { number = "0123" }], busy_lamp_fields = [{ line = "internal:1001", label = "Lobby" }] }
        [phone.credentials]
        user = "lobby"
        secret = "another long word"
    "#;
    let configuration = built(&format!("{OFFICE}{keys}"));
    let phone = configuration.calls.phone("1001 in internal", Some("SEP00AABBCCDDEE")).expect("the phone");
    let numbers: Vec<&str> = phone.settings.speed_dials.iter().map(|number| &**number).collect();
    assert_eq!(numbers, ["1002", "0123"]);
    let lamps: Vec<&str> = phone.settings.lamps.iter().map(|line| line.as_str()).collect();
    assert_eq!(lamps, ["1001 in internal"]);
}

#[test]
fn a_phone_has_single_button_barge_of_its_own_or_of_its_device_pool() {
    let check = |phone: &str, pool: &str, expect: Option<Barging>| {
        let words = format!(
            "[[device_pool]]\nname = \"berlin\"\nsingle_button_barge = \"{pool}\"\n\
             [[line]]\npattern = \"1042\"\npartition = \"internal\"\n\
             [[phone]]\nname = \"SEP000000000042\"\nprotocol = \"sip\"\nmodel = \"Generic\"\ndevice_pool = \"berlin\"\n\
             credentials = {{ secret = \"s3cret\" }}\nlines = [{{ line = \"internal:1042\" }}]\nmore = {{ single_button_barge = \"{phone}\" }}\n\
             [service_parameters]\nsingle_button_barge = \"cbarge\"\n"
        );
        let calls = &built(&format!("{OFFICE}{words}")).calls;
        let settings = &calls.lines.get("1042 in internal").unwrap().phones[0].settings;
        assert_eq!(settings.single_button_barge, expect, "{phone} {pool}");
        assert_eq!(calls.conferences.single_button_barge, Barging::Conference);
    };
    check("default", "default", None);
    check("default", "barge", Some(Barging::Barge));
    check("off", "barge", Some(Barging::Off));
    check("cbarge", "off", Some(Barging::Conference));
}

#[test]
fn the_service_keys_of_an_sccp_phone_are_its_services() {
    let words = |server: &str| {
        let rest = "[[line]]\npattern = \"1042\"\npartition = \"internal\"\n\
            [[phone_service]]\nname = \"lunch\"\nlabel = \"Lunch\"\nurl = \"http://192.0.2.9/lunch?of=#DEVICENAME#\"\n\
            [[phone_service]]\nname = \"book\"\nurl = \"/directories?name=#DEVICENAME#\"\n\
            [[phone_button_template]]\nname = \"keys\"\n\
            buttons = [{ feature = \"line\" }, { feature = \"service\" }, { feature = \"service\" }, { feature = \"service\" }]\n\
            [[phone]]\nname = \"SEP000000000042\"\nprotocol = \"sccp\"\nlines = [{ line = \"internal:1042\" }]\nbutton_template = \"keys\"\n\
            keys = { services = [{ service = \"book\", label = \"Names\" }, { service = \"lunch\" }] }\n";
        format!("{OFFICE}{server}{rest}")
    };
    let check = |server: &str, expect: [&str; 3]| {
        let words = words(server);
        let device = Arc::clone(&built(&words).sccp.devices["SEP000000000042"]);
        let shown = device.buttons.iter().skip(1).map(|button| match button {
            Assignment::Service { url, label } => format!("{} {}", label.as_str(), url.as_str()),
            other => format!("{other:?}"),
        });
        assert_eq!(shown.collect::<Vec<_>>(), expect);
        let told = unserved(&state(&words)).any(|one| one.kind == Kind::PhoneService);
        assert_eq!(told, expect[0] == "Unused", "what nobody can open is told");
    };
    let lunch = "Lunch http://192.0.2.9/lunch?of=SEP000000000042";
    let server = "[[server]]\nname = \"cm1\"\naddress = \"192.0.2.1\"\nphone_services_port = 8080\n";
    check(server, ["Names http://192.0.2.1:8080/directories?name=SEP000000000042", lunch, "Unused"]);
    check("", ["Unused", lunch, "Unused"]);
}
