//! Each part of the draft by itself.

use std::time::Duration;

use strowger_base::leg::{AudioSource, CallTone, MulticastDirection};
use strowger_base::{Cause, LineName};
use strowger_callcontrol::RelayMode;
use strowger_callcontrol::configuration::{
    AnnouncedSound, AnnouncedTo, Announcement, Increment, MulticastMusic,
};
use strowger_dialplan::admission::{AudioCodec, MediaKind, Place as Where, VoiceMailInstead};
use strowger_dialplan::codes::DisplayCode;
use strowger_dialplan::forward::{BySide, CallSide, CfaPolicy, CfaSystemPolicy, Classification};
use strowger_dialplan::hunt::{Distribution, HuntOption, WhenExhausted};
use strowger_dialplan::route_list::RouteDistribution;
use strowger_dialplan::schedule::Precedence;
use strowger_dialplan::{ExternalMask, NegatedSetRule, Parameters, TieRule};

use super::*;
use crate::configuration::{ForwardDraft, ForwardTo, LineSecret, MessageDetail};

#[test]
fn nothing_is_the_default_of_everything() {
    let (_, translated) = translated("");
    let (draft, usual) = (translated.draft, Draft::default());
    assert_eq!(draft.domain, usual.domain);
    assert_eq!(draft.timers, usual.timers);
    assert_eq!(draft.forwarding, usual.forwarding);
    assert_eq!(format!("{:?}", draft.plan), format!("{:?}", usual.plan));
    // A draft by itself has none.
    assert_eq!(draft.relay, RelayMode::WhenBehindNat);
}

#[test]
fn service_parameters_without_settings_are_those_of_the_dial_plan() {
    let (_, translated) = translated("[service_parameters]\n");
    let (draft, usual) = (translated.draft, Draft::default());
    assert_eq!(draft.timers, usual.timers);
    assert_eq!(draft.forwarding, usual.forwarding);
    assert_eq!(draft.plan.parameters, Parameters::default());
    assert_eq!(draft.plan.route_lists_rule, usual.plan.route_lists_rule);
    assert_eq!(draft.digest_algorithms, usual.digest_algorithms);
    assert_eq!(draft.codes.refused_cause, usual.codes.refused_cause);
    // As in the node file: nothing but a phone behind a NAT needs a relay.
    assert_eq!(draft.relay, RelayMode::WhenBehindNat);
}

#[test]
fn service_parameters() {
    let (_, translated) = translated(
        r#"[service_parameters]
        domain = "pbx.example.com"
        aliases = ["cm1.example.com", "192.0.2.1"]
        interdigit_timer = 5
        tie_winner = "newest"
        negated_set = "digits-star-and-hash"
        hours_precedence = "any-period"
        code_timer = 7
        wrong_code_cause = 50
        show_authorization_code = true
        stop_routing_on_busy = false
        continue_routing_on = [3, 27]
        forward_hops_max = 5
        forward_all_policy = "line"
        ring_time = 20
        line_no_answer = 40
        trunk_no_answer = 90
        trunk_classification = "on-net"
        expires_max = 600
        expires_default = 300
        digest_algorithms = ["SHA-256", "MD5"]
        relay = "always"
        messages = "summary"
        [[service_parameters.announcements]]
        cause = 1
        audio_source = 7
        [[service_parameters.announcements]]
        cause = 17
        tone = "busy"
        to = "trunks"
        [[line]]
        pattern = "1001"
        "#,
    );
    let draft = translated.draft;
    assert_eq!(&*draft.domain, "pbx.example.com");
    assert_eq!(draft.aliases, ["cm1.example.com".into(), Box::<str>::from("192.0.2.1")]);
    assert_eq!(draft.plan.parameters.interdigit_timer, Duration::from_secs(5));
    assert_eq!(draft.plan.parameters.ties, TieRule::Newest);
    assert_eq!(draft.plan.parameters.negated_set, NegatedSetRule::DigitsStarAndHash);
    assert_eq!(draft.plan.hours_precedence, Precedence::AnyPeriod);
    assert_eq!(draft.codes.interdigit_timer, Some(Duration::from_secs(7)));
    assert_eq!((draft.codes.refused_cause, draft.codes.display), (Cause(50), DisplayCode::Yes));
    assert!(!draft.plan.route_lists_rule.stop_on_busy);
    assert_eq!(draft.plan.route_lists_rule.continue_on, [Cause(3), Cause(27)]);
    assert_eq!(draft.forwarding.hops_max, 5);
    assert_eq!(draft.forwarding.all_policy, CfaSystemPolicy::WithActivatingDeviceLineCss);
    assert_eq!(draft.forwarding.ring, Duration::from_secs(20));
    assert_eq!(draft.lines[0].no_answer, Duration::from_secs(40));
    assert_eq!(draft.timers.trunk_no_answer, Duration::from_secs(90));
    assert_eq!(draft.forwarding.trunks, CallSide::Internal);
    assert_eq!(draft.timers.expires_max, Duration::from_secs(600));
    assert_eq!(draft.timers.expires_default, Duration::from_secs(300));
    assert_eq!(format!("{:?}", draft.digest_algorithms), "[Sha256, Md5]");
    assert_eq!((draft.relay, draft.messages), (RelayMode::Always, MessageDetail::Summary));
    let source = AnnouncedSound::Source(AudioSource(7));
    let vacant = Announcement { sound: source, to: AnnouncedTo::Everybody };
    let busy = Announcement { sound: AnnouncedSound::Tone(CallTone::Busy), to: AnnouncedTo::Trunks };
    assert_eq!(draft.announcements, [((Cause(1), None), vacant), ((Cause(17), None), busy)].into());
}

#[test]
fn partitions_have_the_hours_of_their_schedule() {
    let (_, translated) = translated(
        r#"
        [[time_schedule]]
        name = "office"
        periods = ["mo-fr 08:00-17:00", "12-25 closed"]
        [[partition]]
        name = "day"
        time_schedule = "office"
        zone = "Europe/Berlin"
        [[partition]]
        name = "always"
        [[calling_search_space]]
        name = "all"
        partitions = ["day", "always"]
        "#,
    );
    let plan = translated.draft.plan;
    let partitions: Vec<(&str, usize, &str)> =
        plan.partitions.iter().map(|it| (&*it.name, it.hours.len(), &*it.zone)).collect();
    assert_eq!(partitions, [("always", 0, ""), ("day", 2, "Europe/Berlin")]);
    assert_eq!(plan.search_spaces[0].partitions, ["day".into(), Box::<str>::from("always")]);
}

#[test]
fn what_patterns_do_to_numbers() {
    let (_, translated) = translated(
        r#"
        [[route_filter]]
        name = "no-900"
        clauses = "(AREA-CODE == 408)"
        [[trunk]]
        name = "carrier"
        [[route_pattern]]
        pattern = "9.@"
        filter = "no-900"
        trunk = "carrier"
        outside_dial_tone = true
        authorization_level = 3
        matter_code = true
        emergency = true
        [route_pattern.change]
        discard = "PreDot"
        mask = "XXXX"
        prefix = "1"
        external_mask = "on"
        calling_mask = "5XX"
        calling_prefix = "2"
        present = "restricted"
        present_name = "allowed"
        [[translation_pattern]]
        pattern = "8XX"
        null_partition_only = true
        no_wait = true
        by_calling = true
        [[translation_pattern]]
        pattern = "7XX"
        urgent = false
        [[blocked_pattern]]
        pattern = "666"
        cause = 22
        [[calling_transformation_pattern]]
        pattern = "1XXX"
        external_mask = "off"
        prefix = "00"
        present_name = "restricted"
        [[called_transformation_pattern]]
        pattern = "2XXX"
        mask = "9XXX"
        "#,
    );
    let plan = translated.draft.plan;
    let [route] = plan.routes.as_slice() else { panic!("{:?}", plan.routes) };
    assert_eq!(&*route.pattern.filter, "(AREA-CODE == 408)");
    assert_eq!((&*route.trunk, &*route.route_list), ("carrier", ""));
    assert!(route.outside_dial_tone && route.matter_code && route.emergency);
    assert_eq!(route.authorization_level, Some(3));
    let change = &route.change;
    assert_eq!((&*change.discard, &*change.mask, &*change.prefix), ("PreDot", "XXXX", "1"));
    assert_eq!((&*change.calling_mask, &*change.calling_prefix), ("5XX", "2"));
    assert_eq!((&*change.present, &*change.present_name), ("restricted", "allowed"));
    assert_eq!(change.external_mask, ExternalMask::On);
    let found: Vec<_> = plan
        .translations
        .iter()
        .map(|it| (&*it.pattern.pattern, it.pattern.urgent, it.search_space.as_deref()))
        .collect();
    assert_eq!(found, [("7XX", false, None), ("8XX", true, Some(""))]);
    assert!(plan.translations[1].no_wait && plan.translations[1].by_calling);
    assert_eq!(plan.blocks[0].cause, Cause(22));
    let calling = &plan.calling_transformations[0].change;
    assert_eq!((&*calling.prefix, &*calling.present_name), ("00", "restricted"));
    assert_eq!(calling.external_mask, ExternalMask::Off);
    assert_eq!(&*plan.called_transformations[0].change.mask, "9XXX");
}

#[test]
fn codes_are_opened() {
    let (_, translated) = translated(
        "[[authorization_code]]\nname = \"alice\"\ncode = \"4711\"\nlevel = 7\n\
         [[matter_code]]\nname = \"project\"\ncode = \"0815\"\n",
    );
    let codes = translated.draft.codes;
    assert_eq!(&**codes.authorization[0].code.expose(), "4711");
    assert_eq!((&*codes.authorization[0].name, codes.authorization[0].level), ("alice", 7));
    assert_eq!(&**codes.matter[0].code.expose(), "0815");
    assert_eq!(&*codes.matter[0].description, "project");
}

const PLACE: &str = r#"
    [[date_time_group]]
    name = "berlin"
    zone = "Europe/Berlin"
    [[physical_location]]
    name = "building"
    [[mobility_group]]
    name = "germany"
    [[partition]]
    name = "numbers"
    [[calling_search_space]]
    name = "numbers"
    partitions = ["numbers"]
    [[trunk]]
    name = "carrier"
    device_pool = "berlin"
    destinations = ["192.0.2.1:5060"]
    [[route_group]]
    name = "carriers"
    distribution = "top-down"
    members = [{ trunk = "carrier" }]
    [[device_pool]]
    name = "berlin"
    date_time_group = "berlin"
    physical_location = "building"
    mobility_group = "germany"
    mobility_search_space = "numbers"
    local_route_group = "carriers"
    local_route_groups = [{ name = "fax", route_group = "carriers" }]
    transformation_spaces = { calling = "numbers", connected = "numbers" }
    emergency_number = "+49301"
    incoming_calling = { national = { strip = 1, prefix = "+49" } }
    incoming_called = { unknown = { prefix = "8" } }
    [[mobility_info]]
    name = "net"
    subnets = ["10.1.0.0/16"]
    device_pools = ["berlin"]
    emergency_number = "+49302"
"#;

#[test]
fn device_pools_and_mobility_infos() {
    let (_, translated) = translated(PLACE);
    let plan = &translated.draft.plan;
    let pool = &plan.device_pools[0];
    assert_eq!((&*pool.zone, &*pool.physical_location), ("Europe/Berlin", "building"));
    assert_eq!((&*pool.mobility_group, &*pool.search_space), ("germany", "numbers"));
    assert_eq!(&*pool.local_route_group, "carriers");
    assert_eq!(pool.local_route_groups.get("fax").map(|group| &**group), Some("carriers"));
    assert_eq!((&*pool.view.calling, &*pool.view.called, &*pool.view.connected), ("numbers", "", "numbers"));
    assert_eq!(&*pool.emergency_number, "+49301");
    let national = pool.incoming_calling.national.as_ref().map(|rule| (rule.strip, &*rule.prefix));
    assert_eq!(national, Some((1, "+49")));
    assert!(pool.incoming_called.national.is_none() && pool.incoming_called.unknown.is_some());
    let info = &plan.mobility_infos[0];
    assert_eq!((&*info.subnets[0], &*info.device_pools[0]), ("10.1.0.0/16", "berlin"));
    assert_eq!(&*info.emergency_number, "+49302");
    assert_eq!(plan.route_groups[0].distribution, RouteDistribution::TopDown);
}

#[test]
fn a_trunk_has_what_its_pool_says() {
    let configuration = built(PLACE);
    let trunk = &configuration.calls.trunks["carrier"];
    assert!(trunk.is_there);
    let pool = trunk.pool.as_ref().unwrap();
    assert_eq!(pool.local_route_groups.standard.as_ref().unwrap().name(), "carriers");
    assert_eq!(trunk.caller.zone, strowger_dialplan::Zone::named("Europe/Berlin").ok());
    assert!(trunk.view.as_ref().is_some_and(|view| view.calling.is_some() && view.called.is_none()));
    let of = |role, number| trunk.in_plan_form(role, number).number.into_owned();
    assert_eq!(of(strowger_base::journal::NumberRole::Called, "1001"), "81001");
    assert_eq!(of(strowger_base::journal::NumberRole::Calling, "030123"), "030123");
}

#[test]
fn trunks() {
    let check = |settings: &str, expect: &str| {
        let text = format!(
            "[[sip_trunk_security_profile]]\nname = \"tcp\"\ntransport = \"tcp\"\n\
             [[sip_trunk_security_profile]]\nname = \"tls\"\nmode = \"encrypted\"\ntransport = \"tls\"\n\
             [[sip_profile]]\nname = \"growing\"\noverlap = true\n\
             [[partition]]\nname = \"p\"\n[[calling_search_space]]\nname = \"s\"\npartitions = [\"p\"]\n\
             [[device_pool]]\nname = \"d\"\nincoming_calling = {{ national = {{ prefix = \"0\" }} }}\n\
             [[trunk]]\nname = \"t\"\n{settings}\n"
        );
        let (_, translated) = translated(&text);
        let draft = translated.draft;
        let far = draft.trunks.iter().map(|it| {
            let sources: Vec<String> = it
                .sources
                .iter()
                .map(|(address, port)| port.map_or(address.to_string(), |port| format!("{address}:{port}")))
                .collect();
            format!("{:?} {} from {}", it.transport, it.destination, sources.join(" "))
        });
        let planned = draft.trunks_planned.iter().map(|_| "planned".to_owned());
        assert_eq!(far.chain(planned).collect::<Vec<_>>(), [expect], "{settings}");
    };
    check("", "planned");
    check("destinations = [\"192.0.2.1:5060\"]", "Udp 192.0.2.1:5060 from 192.0.2.1");
    check("destinations = [\"[2001:db8::1]:5070\"]", "Udp [2001:db8::1]:5070 from 2001:db8::1");
    check(
        "destinations = [\"gw.example.com:5060\", \"192.0.2.1:5060\", \"192.0.2.2:5060\"]",
        "Udp 192.0.2.1:5060 from 192.0.2.1 192.0.2.2:5060 192.0.2.2",
    );
    check("destinations = [\"gw.example.com:5060\"]", "planned");
    check(
        "destinations = [\"192.0.2.1:5060\"]\nsources = [\"192.0.2.9\", \"192.0.2.10:5062\"]\nsecurity_profile = \"tcp\"",
        "Tcp 192.0.2.1:5060 from 192.0.2.9 192.0.2.10:5062",
    );
    check("destinations = [\"192.0.2.1:5060\"]\nsecurity_profile = \"tls\"", "planned");
}

#[test]
fn what_trunks_dial() {
    let (_, translated) = translated(
        r#"
        [[sip_profile]]
        name = "growing"
        overlap = true
        [[partition]]
        name = "p"
        [[calling_search_space]]
        name = "s"
        partitions = ["p"]
        [[calling_search_space]]
        name = "own"
        [[device_pool]]
        name = "d"
        incoming_calling = { international = { strip = 1 }, national = { prefix = "0" } }
        [[gateway]]
        name = "box"
        protocol = "mgcp"
        search_space = "s"
        [[trunk]]
        name = "t"
        destinations = ["192.0.2.1:5060"]
        device_pool = "d"
        sip_profile = "growing"
        search_space = "s"
        classification = "on-net"
        transformation_spaces = { called = "s" }
        [trunk.inbound]
        significant_digits = 4
        prefix = "8"
        calling = { national = { strip = 2, prefix = "00" }, subscriber = { search_space = "own" } }
        called = { unknown = { strip = 1 } }
        calling_transformations = "s"
        "#,
    );
    let dialling = &translated.draft.trunk_dialling[0];
    assert!(dialling.overlap);
    assert_eq!((&*dialling.search_space, &*dialling.device_pool), ("s", "d"));
    assert_eq!((dialling.significant_digits, &*dialling.prefix), (Some(4), "8"));
    assert_eq!(dialling.classification, Classification::OnNet);
    assert_eq!(&*dialling.view.called, "s");
    let rule = |rule: &Option<crate::configuration::IncomingRuleDraft>| {
        rule.as_ref().map(|rule| format!("{} {:?} {}", rule.strip, rule.prefix, rule.search_space))
    };
    // The trunk's own rule, then its pool's, then none: every number goes through the patterns.
    assert_eq!(rule(&dialling.incoming_calling.national).as_deref(), Some("2 \"00\" s"));
    assert_eq!(rule(&dialling.incoming_calling.international).as_deref(), Some("1 \"\" s"));
    assert_eq!(rule(&dialling.incoming_calling.subscriber).as_deref(), Some("0 \"\" own"));
    assert_eq!(rule(&dialling.incoming_calling.unknown).as_deref(), Some("0 \"\" s"));
    assert_eq!(rule(&dialling.incoming_called.unknown).as_deref(), Some("1 \"\" "));
    assert!(dialling.incoming_called.national.is_none());
    let gateway = &translated.draft.trunks_planned[0];
    assert_eq!((&*gateway.name, &*gateway.dialling.search_space), ("box", "s"));
}

const PEOPLE: &str = r#"
    [[partition]]
    name = "internal"
    [[calling_search_space]]
    name = "all"
    partitions = ["internal"]
    [[voice_mail_profile]]
    name = "mail"
    pilot = "7000"
    [[device_pool]]
    name = "home"
    [[sip_profile]]
    name = "growing"
    overlap = true
    [[line]]
    pattern = "1001"
    partition = "internal"
    display = "Alice"
    urgent = true
    search_space = "all"
    external_mask = "555XXXX"
    busy_trigger = 3
    calls_max = 5
    contacts_max = 2
    no_answer = 25
    voice_mail = "mail"
    [line.forwards]
    all = { number = "1002" }
    all_policy = "system"
    all_secondary_search_space = "all"
    busy_internal = { number = "1003", search_space = "all" }
    no_answer_external = { voice_mail = true }
    unregistered_internal = { number = "1004" }
    no_coverage_external = { number = "1005" }
    [[line]]
    pattern = '\+491002'
    [[phone]]
    name = "SEP000000000002"
    search_space = "all"
    device_pool = "home"
    sip_profile = "growing"
    lines = [{ line = "internal:1001", external_mask = "777XXXX" }, { line = '\+491002' }]
    credentials = { user = "alice", secret = "s3cret" }
    more = { transformation_spaces = { calling = "all" }, emergency_number = "+491", mobility = "on" }
    [[phone]]
    name = "SEP000000000001"
    lines = [{ line = '\+491002' }, { line = "internal:1001" }]
    credentials = { ha1_md5 = "0123456789ABCDEF0123456789abcdef" }
    [[phone]]
    name = "SEP000000000003"
    protocol = "sccp"
    lines = [{ line = "internal:1001" }]
    [[phone]]
    name = "no-credentials"
    lines = [{ line = "internal:1001" }]
"#;

#[test]
fn a_line_and_its_phones() {
    let (state, translated) = translated(PEOPLE);
    let line = translated.draft.lines.iter().find(|line| &*line.number == "1001").unwrap();
    assert_eq!((&*line.name, &*line.partition, line.urgent), ("Alice", "internal", true));
    assert_eq!((&*line.search_space, &*line.external_mask), ("all", "555XXXX"));
    assert_eq!((line.busy_trigger, line.calls_max, line.contacts_max), (3, 5, 2));
    assert_eq!((line.no_answer, &*line.voice_mail), (Duration::from_secs(25), "7000"));
    let forwards = line.forwards.as_deref().unwrap();
    let to = |number: &str, space: &str| {
        Some(ForwardDraft { to: ForwardTo::Number(number.into()), search_space: Some(space.into()) })
    };
    assert_eq!(forwards.all, to("1002", ""));
    assert_eq!(forwards.all_policy, CfaPolicy::UseSystemDefault);
    assert_eq!(&*forwards.secondary_search_space, "all");
    assert_eq!(forwards.busy, BySide { internal: to("1003", "all"), external: None });
    let mail = Some(ForwardDraft { to: ForwardTo::VoiceMail, search_space: Some("".into()) });
    assert_eq!(forwards.no_answer, BySide { internal: None, external: mail });
    assert_eq!(forwards.unregistered, BySide { internal: to("1004", ""), external: None });
    assert_eq!(forwards.no_coverage, BySide { internal: None, external: to("1005", "") });
    assert_eq!(forwards.ring, Some(Duration::from_secs(25)));
    let phones: Vec<(&str, Option<&str>, Option<&str>)> = line
        .phones
        .iter()
        .map(|phone| (&*phone.name, phone.username.as_deref(), phone.external_mask.as_deref()))
        .collect();
    let expect = [
        ("SEP000000000001", Some("+491002"), None),
        ("SEP000000000002", Some("alice"), Some("777XXXX")),
        ("SEP000000000003", None, None),
    ];
    assert_eq!(phones, expect);
    let [first, second, third] = line.phones.as_slice() else { panic!("three phones can register") };
    assert!(matches!(third.secret, LineSecret::Station), "it comes by its name");
    let [station] = translated.draft.stations.stations.as_slice() else { panic!("an SCCP phone") };
    assert_eq!((&*station.name, station.lines.as_slice()), ("SEP000000000003", &[line.line_name()][..]));
    assert!(!first.roams && !first.overlap && second.roams && second.overlap);
    assert_eq!((&*second.device_search_space, &*second.device_pool), ("all", "home"));
    assert_eq!((&*second.emergency_number, &*second.view.calling), ("+491", "all"));
    let LineSecret::Digests { md5, sha256 } = &first.secret else { panic!("digests were given") };
    assert_eq!(md5.expose(), &0x0123_4567_89ab_cdef_0123_4567_89ab_cdef_u128.to_be_bytes());
    assert_ne!(sha256.expose(), &[0; 32]);
    assert!(matches!(&second.secret, LineSecret::Password(secret) if &**secret.expose() == "s3cret"));
    // On its own first line a phone has the number of the line that is asked for.
    let other = translated.draft.lines.iter().find(|line| &*line.number == "+491002").unwrap();
    assert_eq!(other.phones[0].username, None);
    // One line by itself is the same.
    let id = translated.origins.object(Place::Line(1)).unwrap().1;
    let alone = super::super::line(&state, id, &Open).unwrap();
    assert_eq!(alone.draft.unwrap().number, translated.draft.lines[1].number);
    assert_eq!(alone.phones.len(), 3);
}

#[test]
fn hunting() {
    let (_, translated) = translated(
        r#"
        [[line]]
        pattern = "1001"
        [[line]]
        pattern = "10XX"
        [[line_group]]
        name = "sales"
        members = ["1001", "10XX"]
        distribution = "circular"
        ring_no_answer_reversion = 20
        on_busy = "stop"
        on_no_answer = "next-group"
        on_not_available = "next-member"
        [[line_group]]
        name = "nobody"
        [[hunt_list]]
        name = "support"
        line_groups = ["sales", "nobody"]
        [[hunt_pilot]]
        pattern = "5000"
        hunt_list = "support"
        urgent = true
        maximum_hunt_timer = 100
        exhausted = "forward"
        exhausted_to = { number = "1001" }
        [[hunt_pilot]]
        pattern = "5001"
        hunt_list = "support"
        exhausted = "no-coverage"
        [[hunt_pilot]]
        pattern = "5002"
        hunt_list = "support"
        "#,
    );
    let plan = &translated.draft.plan;
    let group = plan.line_groups.iter().find(|group| &*group.name == "sales").unwrap();
    assert_eq!(group.members, [LineName::from("1001")]);
    assert_eq!(group.options.distribution, Distribution::Circular);
    assert_eq!(group.options.ring_no_answer_reversion, Duration::from_secs(20));
    assert_eq!(group.options.on_busy, HuntOption::StopHunting);
    assert_eq!(group.options.on_no_answer, HuntOption::SkipToNextGroup);
    assert_eq!(group.options.on_not_available, HuntOption::NextMember);
    let exhausted: Vec<&WhenExhausted<Box<str>>> = plan.hunt_pilots.iter().map(|it| &it.exhausted).collect();
    let forward = WhenExhausted::Forward { number: "1001".into(), css: "".into() };
    assert_eq!(exhausted, [&forward, &WhenExhausted::PersonalNoCoverage, &WhenExhausted::NotForwarded]);
    assert!(plan.hunt_pilots[0].pattern.urgent);
    assert_eq!(plan.hunt_pilots[0].maximum, Duration::from_secs(100));
    // A hunt passes through a group without lines.
    assert!(translated.draft.build().is_ok());
}

#[test]
fn parameters_that_nobody_has_set_have_their_defaults() {
    let told = |toml: &str| {
        let draft = translated(toml).1.draft;
        let of_draft = (draft.domain, draft.aliases, draft.timers, draft.forwarding, draft.digest_algorithms);
        format!("{of_draft:?} {:?} {:?} {:?}", draft.relay, draft.messages, draft.plan.route_lists_rule)
    };
    let none = told("");
    assert_eq!(none, told("[service_parameters]\n"));
    // Phones behind NAT would not hear each other without anybody having said so.
    assert!(none.contains("WhenBehindNat"), "{none}");
}

#[test]
fn regions_locations_and_aar_groups_reach_call_control() {
    let toml = r#"
        [[codec_preference_list]]
        name = "narrow"
        codecs = ["g729", "ilbc"]
        [[region]]
        name = "Berlin"
        relations = [{ region = "Bonn", codecs = "narrow", audio = 24 }]
        [[region]]
        name = "Bonn"
        [[location]]
        name = "Berlin"
        audio = 240
        links = [{ audio = 160 }, { location = "Bonn", weight = 10, audio = "none" }]
        [[location]]
        name = "Bonn"
        [[aar_group]]
        name = "all"
        prefixes = [{ group = "all", prefix = "91" }]
        [[partition]]
        name = "outside"
        [[calling_search_space]]
        name = "outside"
        partitions = ["outside"]
        [[device_pool]]
        name = "berlin"
        region = "Berlin"
        location = "Berlin"
        aar_group = "all"
        aar_search_space = "outside"
        [service_parameters]
        aar = true
        region_audio_between = 32
        [[voice_mail_profile]]
        name = "mail"
        pilot = "6000"
        [[line]]
        pattern = "1001"
        voice_mail = "mail"
        aar = { destination_mask = "408555XXXX", voice_mail = true }
        [[line]]
        pattern = "1002"
        [[phone]]
        name = "desk"
        device_pool = "berlin"
        credentials = { secret = "secret" }
        lines = [{ line = "1001" }]
        [[phone]]
        name = "away"
        device_pool = "berlin"
        credentials = { secret = "secret" }
        lines = [{ line = "1002" }]
        more = { location = "Bonn" }
        [[trunk]]
        name = "carrier"
        device_pool = "berlin"
        location = "Bonn"
        destinations = ["192.0.2.1:5060"]
        [[media_resource]]
        name = "bridge"
        function = "conference-bridge"
        device_pool = "berlin"
        location = "Bonn"
        [[media_resource]]
        name = "anywhere"
        function = "conference-bridge"
    "#;
    let configuration = built(toml);
    let calls = &configuration.calls;
    let bridges: Vec<(&str, &str, &str)> = calls
        .bridges
        .iter()
        .map(|(name, site)| (&**name, site.region.as_deref().unwrap_or_default(), site.location()))
        .collect();
    assert_eq!(bridges, [("bridge", "Berlin", "Bonn")]);
    let site = |number: &str| {
        let site = &calls.lines.get(number).unwrap().phones[0].settings.site;
        (site.region.as_deref().unwrap_or_default().to_owned(), site.location().to_owned())
    };
    assert_eq!(site("1001"), ("Berlin".to_owned(), "Berlin".to_owned()));
    assert_eq!(site("1002"), ("Berlin".to_owned(), "Bonn".to_owned()));
    let trunk = &calls.trunks["carrier"];
    assert_eq!((trunk.site.location(), trunk.site.region.as_deref()), ("Bonn", Some("Berlin")));
    assert_eq!((trunk.aar.group.as_deref(), trunk.aar.search_space.is_some()), (Some("all"), true));
    let admission = &calls.admission;
    let (berlin, bonn) = (Arc::from("Berlin"), Arc::from("Bonn"));
    let limits = admission.limits(Some(&bonn), Some(&berlin)).unwrap();
    assert_eq!((limits.audio_kbps_max, limits.preference), (24, &[AudioCodec::G729, AudioCodec::Ilbc][..]));
    assert_eq!(admission.limits(None, Some(&berlin)).unwrap().audio_kbps_max, 32);
    assert_eq!(admission.limits(None, None).map(|limits| limits.audio_kbps_max), None);
    let rooms: Vec<(Where, u32)> = admission.locations.rooms(MediaKind::Audio).collect();
    let link = |one: &str, other: &str| Where::Link(one.into(), other.into());
    let expect = [
        (link("Berlin", "Hub_None"), 160),
        (Where::Location("Berlin".into()), 240),
        (link("Berlin", "Bonn"), 0),
    ];
    assert_eq!(rooms, expect);
    let aar = calls.lines.get("1001").unwrap().aar.as_ref().unwrap();
    assert_eq!((aar.destination_mask.is_some(), aar.voice_mail), (true, VoiceMailInstead::Yes));
    assert_eq!(admission.aar_groups.prefix(Some(&Arc::from("all")), Some(&Arc::from("all"))), "91");
}

#[test]
fn music_goes_out_to_all_where_resource_and_group_say_so() {
    let toml = r#"
        [[media_resource]]
        name = "moh1"
        function = "music-on-hold"
        multicast = "239.1.1.1"
        multicast_ttl = 4
        multicast_increment = "port"
        multicast_runs = "always"
        [[media_resource]]
        name = "moh2"
        function = "music-on-hold"
        [[media_resource_group]]
        name = "branch"
        resources = ["moh1"]
        multicast_music = true
        [[media_resource_group]]
        name = "main"
        resources = ["moh1", "moh2"]
        [[audio_source]]
        name = "spring"
        number = 2
        file = "spring.wav"
        [[audio_source]]
        name = "welcome"
        number = 3
        file = "welcome.wav"
        play = "from-start"
        [service_parameters]
        multicast_music_direction = "sendonly"
        [[trunk]]
        name = "carrier"
        destinations = ["192.0.2.1:5060"]
        [[trunk]]
        name = "branch"
        destinations = ["192.0.2.2:5060"]
        multicast_music = true
    "#;
    let configuration = built(toml);
    let calls = &configuration.calls;
    let media = &calls.media;
    let base = "239.1.1.1:16384".parse().unwrap();
    let music = MulticastMusic { base, increment: Increment::Port, ttl: 4, always: true };
    assert_eq!(media.multicast.iter().collect::<Vec<_>>(), [(&Arc::from("moh1"), &music)]);
    assert_eq!(media.multicast_groups.iter().map(|name| &**name).collect::<Vec<_>>(), ["branch"]);
    assert_eq!(media.multicast_direction, MulticastDirection::SendOnly);
    assert_eq!((&media.continuous, &media.from_start), (&[AudioSource(2)].into(), &[AudioSource(3)].into()));
    let alone = |trunk: &str| calls.trunks[trunk].media.unicast_music;
    assert_eq!((alone("carrier"), alone("branch")), (true, false));
}
