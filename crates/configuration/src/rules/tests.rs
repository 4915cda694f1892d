use serde_json::{Value, json};

use crate::proposal::{Scope, Wanted};
use crate::reader::{AlreadySealed, Directory, Names};
use crate::{Id, Kind, State};

fn wanted(objects: &[(Kind, Value)]) -> Vec<Wanted> {
    let table = |value: &Value| value.as_object().cloned().unwrap();
    objects
        .iter()
        .map(|(kind, value)| Wanted { kind: *kind, renamed_from: None, table: table(value) })
        .collect()
}

/// The state with these objects too, or all that is wrong with them.
fn with(state: &State, objects: &[(Kind, Value)]) -> Result<State, Vec<String>> {
    let mut last = state.len() as u128;
    let mut new_id = || {
        last += 1;
        Id::from_random(last)
    };
    let operations = state
        .proposal(&wanted(objects), Scope::Objects, &AlreadySealed, &mut new_id)
        .map_err(|mistakes| mistakes.iter().map(|mistake| mistake.problem.to_string()).collect::<Vec<_>>())?;
    state.changed(&operations).map_err(|refused| refused.iter().map(ToString::to_string).collect())
}

/// What others refer to.
fn small() -> State {
    let objects = [
        (Kind::Server, json!({ "name": "cm-1" })),
        (Kind::Region, json!({ "name": "north" })),
        (Kind::Region, json!({ "name": "south", "relations": [{ "region": "north", "audio": 24 }] })),
        (Kind::Location, json!({ "name": "harbour" })),
        (Kind::Location, json!({ "name": "tower", "links": [{ "location": "harbour" }, {}] })),
        (Kind::Partition, json!({ "name": "internal" })),
        (Kind::CallingSearchSpace, json!({ "name": "all", "partitions": ["internal"] })),
        (Kind::RouteFilter, json!({ "name": "services", "clauses": "(SERVICE EXISTS)" })),
        (Kind::VoiceMailProfile, json!({ "name": "mail", "pilot": "8000" })),
        (Kind::PhoneSecurityProfile, json!({ "name": "sip" })),
        (Kind::PhoneSecurityProfile, json!({ "name": "sccp", "protocol": "sccp" })),
        (Kind::DevicePool, json!({ "name": "pool" })),
        (Kind::MobilityInfo, json!({ "name": "here", "subnets": ["10.1.0.0/16"], "device_pools": ["pool"] })),
        (Kind::MediaResource, json!({ "name": "music", "function": "music-on-hold" })),
        (Kind::Trunk, json!({ "name": "carrier", "destinations": ["192.0.2.1:5060"] })),
        (Kind::Gateway, json!({ "name": "box", "protocol": "mgcp" })),
        (
            Kind::RouteGroup,
            json!({ "name": "out", "members": [{ "trunk": "carrier" }, { "gateway": "box" }] }),
        ),
        (Kind::RouteList, json!({ "name": "ways", "members": [{ "route_group": "out" }] })),
        (Kind::Line, json!({ "pattern": "1001", "partition": "internal", "voice_mail": "mail" })),
        (Kind::Line, json!({ "pattern": "1002", "partition": "internal" })),
        (Kind::Line, json!({ "pattern": "1003", "partition": "internal" })),
        (Kind::LineGroup, json!({ "name": "desk", "members": ["internal:1001", "internal:1002"] })),
        (Kind::HuntList, json!({ "name": "hunt", "line_groups": ["desk"] })),
        (Kind::PickupGroup, json!({ "pattern": "7001", "lines": ["internal:1001"] })),
        (Kind::CtiPort, json!({ "name": "LCP1", "lines": [{ "line": "internal:1003" }] })),
        (
            Kind::Phone,
            json!({
                "name": "SEP001122334455", "protocol": "sccp", "security_profile": "sccp",
                "lines": [{ "line": "internal:1001" }, { "line": "internal:1002", "label": "Desk" }],
            }),
        ),
        (Kind::EndUser, json!({ "name": "asmith", "devices": [{ "phone": "SEP001122334455" }] })),
    ];
    with(&State::default(), &objects).unwrap()
}

fn check(state: &State, objects: &[(Kind, Value)], expect: &[&str]) {
    let found = with(state, objects).err().unwrap_or_default();
    assert_eq!(found, expect, "{objects:?}");
}

/// What is wrong inside of one object, as it is said when a file is read.
fn check_own(state: &State, kind: Kind, value: Value, expect: &[&str]) {
    check(state, &[(kind, value)], expect);
}

#[test]
fn a_line_and_its_forwards() {
    let state = small();
    let check = |value, expect: &[&str]| check_own(&state, Kind::Line, value, expect);
    check(json!({ "pattern": "1", "busy_trigger": 4 }), &[]);
    check(
        json!({ "pattern": "1", "busy_trigger": 5 }),
        &["busy_trigger is 5, but calls_max is 4; give 1 to 4"],
    );
    check(
        json!({ "pattern": "1", "calls_max": 1, "forwards": { "all": {}, "busy_internal": { "number": "2", "voice_mail": true } } }),
        &[
            "busy_trigger is 2, but calls_max is 1; give 1 to 1",
            "forwards.all.number is missing; give exactly one of number, voice_mail",
            "forwards.busy_internal.voice_mail is given beside number; give exactly one of number, voice_mail",
            "forwards.busy_internal.voice_mail is true, but the line has no voice_mail; give it one, or forward to a number",
        ],
    );
    check(
        json!({
            "pattern": "1", "voice_mail": "mail", "aar": { "voice_mail": true },
            "forwards": { "all": { "voice_mail": true } },
        }),
        &[],
    );
}

#[test]
fn patterns() {
    let state = small();
    let check = |kind, value, expect: &[&str]| check_own(&state, kind, value, expect);
    let route = Kind::RoutePattern;
    check(route, json!({ "pattern": "9.@", "filter": "services", "trunk": "carrier" }), &[]);
    check(
        route,
        json!({ "pattern": "9.!", "filter": "services" }),
        &[
            "filter is given, but the pattern has no @ that it could apply to; leave it out",
            "trunk is missing; give exactly one of trunk, gateway, route_list",
        ],
    );
    check(
        route,
        json!({
            "pattern": "91", "trunk": "carrier", "route_list": "ways", "overlap_sending": true,
            "authorization_level": 3, "change": { "discard": "PreDot" },
        }),
        &[
            "change.discard is \"PreDot\": PreDot needs a pattern with a dot; change it, or the pattern",
            "route_list is given beside trunk; give exactly one of trunk, gateway, route_list",
            "authorization_level is given, but overlap_sending leaves no moment to ask for a code; leave it out",
        ],
    );
    check(
        Kind::TranslationPattern,
        json!({ "pattern": "2", "search_space": "all", "null_partition_only": true }),
        &["search_space is given, but null_partition_only says where the number is looked up; leave it out"],
    );
    check(
        Kind::SipRoutePattern,
        json!({ "pattern": "2001:db8::/32", "trunk": "carrier", "block": true }),
        &["block is given beside trunk; give exactly one of trunk, route_list, block"],
    );
    check(
        Kind::HuntPilot,
        json!({ "pattern": "5", "hunt_list": "hunt", "exhausted": "forward" }),
        &["exhausted_to is missing; give where calls go that nobody took"],
    );
    check(
        Kind::RouteGroup,
        json!({ "name": "x", "members": [{ "trunk": "carrier" }, {}, { "trunk": "carrier" }] }),
        &[
            "members[1].trunk is missing; give exactly one of trunk, gateway",
            "members[2] is the same as members[0]; list each once",
        ],
    );
    check(Kind::RouteList, json!({ "name": "x", "members": [] }), &["members is empty; list at least one"]);
    let local = json!({ "local_route_group": "<Standard Local Route Group>" });
    check(
        Kind::RouteList,
        json!({ "name": "x", "members": [local, { "route_group": "out" }, local] }),
        &["members[2] is the same as members[0]; list each once"],
    );
}

#[test]
fn a_number_stands_in_its_partition_once() {
    let state = small();
    let taken = |kind: &str, of: &str| {
        vec![format!("{kind} \"1001\": pattern is \"1001\", which {of} has already; change one of the two")]
    };
    let in_internal = "route pattern \"internal:1001\": pattern is \"internal:1001\", which a line has already; change one of the two";
    check(
        &state,
        &[(Kind::RoutePattern, json!({ "pattern": "1001", "partition": "internal", "trunk": "carrier" }))],
        &[in_internal],
    );
    // Transformation patterns stand beside what is dialled, and beside each other.
    let in_internal = json!({ "pattern": "1001", "partition": "internal" });
    check(
        &state,
        &[
            (Kind::CallingTransformationPattern, in_internal.clone()),
            (Kind::CalledTransformationPattern, in_internal),
        ],
        &[],
    );
    // Without a partition it is another place; two that come together are told once.
    let translation = (Kind::TranslationPattern, json!({ "pattern": "1001" }));
    let block = (Kind::BlockedPattern, json!({ "pattern": "1001" }));
    check(&state, std::slice::from_ref(&translation), &[]);
    let found = with(&state, &[translation, block]).unwrap_err();
    assert_eq!(found, taken("blocked pattern", "a translation pattern"));
    check(
        &state,
        &[(Kind::CtiPort, json!({ "name": "carrier" }))],
        &["CTI port \"carrier\": name is \"carrier\", which a trunk has already; change one of the two"],
    );
    check(
        &state,
        &[(Kind::ApplicationUser, json!({ "name": "asmith" }))],
        &[
            "application user \"asmith\": name is \"asmith\", which an end user has already; change one of the two",
        ],
    );
}

#[test]
fn a_network_is_found_by_its_name() {
    let network = json!({ "pattern": "2001:db8::/32", "trunk": "carrier" });
    let inside = json!({ "pattern": "2001:db8::/32", "partition": "internal", "trunk": "carrier" });
    let state = with(&small(), &[(Kind::SipRoutePattern, network), (Kind::SipRoutePattern, inside)]).unwrap();
    for (id, expect) in [(28, "2001:db8::/32"), (29, "internal:2001:db8::/32")] {
        let id = Id::from_random(id);
        assert_eq!(state.name(Kind::SipRoutePattern, id), expect);
        assert_eq!(state.find(Kind::SipRoutePattern, expect), Some(id));
    }
}

#[test]
fn phones() {
    let state = small();
    let check = |value, expect: &[&str]| check_own(&state, Kind::Phone, value, expect);
    let digest = "0123456789abcdef0123456789ABCDEF";
    check(json!({ "name": "desk", "credentials": { "ha1_md5": digest } }), &[]);
    check(
        json!({ "name": "SEP00112233445g" }),
        &[
            "name is \"SEP00112233445g\", expected SEP or ATA and the 12 hexadecimal digits of the MAC address in capitals, or up to 15 letters, digits and . - _, for example \"SEP001122334455\"",
        ],
    );
    for (name, capitals) in [
        ("sep00112233445a", "SEP00112233445A"),
        ("SEP00112233445a", "SEP00112233445A"),
        ("Ata001122334455", "ATA001122334455"),
    ] {
        let expect = format!(
            "name is {name:?}, expected SEP or ATA and the 12 hexadecimal digits of the MAC address in capitals, or up to 15 letters, digits and . - _, for example \"SEP001122334455\" (in capitals: {capitals})"
        );
        check(json!({ "name": name }), &[&expect]);
    }
    check(json!({ "name": "september-desk" }), &[]);
    check(
        json!({ "name": "desk", "credentials": { "secret": "x", "ha1_md5": digest } }),
        &["credentials.ha1_md5 is given beside secret; give exactly one of secret, ha1_md5"],
    );
    check(
        json!({ "name": "desk", "credentials": {} }),
        &["credentials.secret is missing; give exactly one of secret, ha1_md5"],
    );
    check(
        json!({ "name": "desk", "protocol": "sccp", "credentials": { "secret": "x" } }),
        &["credentials is given, but the phone speaks SCCP; leave it out"],
    );
    check(
        json!({ "name": "desk", "lines": [{ "line": "internal:1001" }, { "line": "internal:1001" }], "keys": { "busy_lamp_fields": [{}] } }),
        &[
            "lines[1] is the same as lines[0]; list each once",
            "keys.busy_lamp_fields[0].line is missing; give exactly one of line, number",
        ],
    );
    check(
        json!({ "name": "desk", "security_profile": "sccp" }),
        &[
            "phone \"desk\": security_profile is the phone security profile \"sccp\", which is for sccp, but the phone speaks sip; name one for sip",
        ],
    );
    check_own(
        &state,
        Kind::PhoneSecurityProfile,
        json!({ "name": "sccp" }),
        &[
            "phone security profile \"sccp\": protocol is sip, but the phone \"SEP001122334455\" uses the profile and speaks another",
        ],
    );
}

#[test]
fn nothing_that_was_a_secret_is_repeated() {
    let check = |credentials: Value, expect: &str| {
        let phone = json!({ "name": "desk", "credentials": credentials });
        let found = with(&State::default(), &[(Kind::Phone, phone)]).unwrap_err();
        assert_eq!(found, [expect]);
    };
    check(
        json!({ "ha1_md5": "s3cret" }),
        "credentials.ha1_md5 expected a digest of 32 hexadecimal digits, in quotes",
    );
    check(json!({ "secret": 4711 }), "credentials.secret expected a secret of 1 to 1024 bytes, in quotes");
    let code =
        |code: Value| with(&State::default(), &[(Kind::MatterCode, json!({ "name": "case", "code": code }))]);
    assert!(code(json!("0123456789012345")).is_ok());
    for wrong in [json!("47a1"), json!(4711), json!(""), json!("01234567890123456")] {
        assert_eq!(code(wrong).unwrap_err(), ["code expected a code of 1 to 16 digits, in quotes"]);
    }
    let user = |password: &str| {
        let user = json!({ "name": "root", "role": "administrator", "password": password });
        with(&State::default(), &[(Kind::ApplicationUser, user)])
    };
    let hash = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$RdescudvJCsgt3ub+b0dWRWJTmaaJObG";
    assert!(user(hash).is_ok());
    for wrong in ["s3cret", "$argon2i$v=19$m=19456,t=2,p=1$c29t$Rdes", "$argon2id$v=19$m=0,t=2,p=1$c29t$Rdes"]
    {
        let found = user(wrong).unwrap_err();
        assert!(
            found.len() == 1 && found[0].contains("Argon2id") && !found[0].contains("s3cret"),
            "{found:?}"
        );
    }
}

#[test]
fn hunts_reach_no_applications() {
    let state = small();
    let expect = "line group \"desk\": members[1] is a line of the CTI port \"LCP1\", which cannot be hunted for; take it out";
    check_own(
        &state,
        Kind::LineGroup,
        json!({ "name": "desk", "members": ["internal:1002", "internal:1003"] }),
        &[expect],
    );
    check_own(
        &state,
        Kind::CtiRoutePoint,
        json!({ "name": "CRP", "lines": [{ "line": "internal:1002" }] }),
        &[
            "CTI route point \"CRP\": lines have the line \"internal:1002\", a member of the line group \"desk\", where no CTI device can be; take it out of one",
        ],
    );
    check_own(
        &state,
        Kind::PickupGroup,
        json!({ "pattern": "7002", "lines": ["internal:1002", "internal:1001"] }),
        &[
            "pickup group \"7002\": lines[1] is in the pickup group \"7001\" already; a line is in one group only",
        ],
    );
}

#[test]
fn places() {
    let state = small();
    let check = |kind, value, expect: &[&str]| check_own(&state, kind, value, expect);
    check(
        Kind::Region,
        json!({ "name": "north", "relations": [{ "region": "north" }, { "region": "south" }] }),
        &[
            "region \"north\": relations[1] is written in the region \"south\" already; leave one of the two out",
        ],
    );
    check(
        Kind::Location,
        json!({ "name": "harbour", "links": [{ "location": "tower" }] }),
        &[
            "location \"harbour\": links[0] is written in the location \"tower\" already; leave one of the two out",
        ],
    );
    check(
        Kind::Location,
        json!({ "name": "harbour", "links": [{ "location": "harbour" }] }),
        &["links has a link from the location to itself; leave it out"],
    );
    check(
        Kind::Location,
        json!({ "name": "Hub_None", "audio": "none", "video": 0 }),
        &["video is 0, expected one of: unlimited, none, or whole kbit/s, 1 to 10000000"],
    );
    check(
        Kind::Location,
        json!({ "name": "Hub_None" }),
        &["name is \"Hub_None\", which is always there; give another name"],
    );
    check(
        Kind::MobilityInfo,
        json!({ "name": "there", "subnets": ["10.2.0.0/16", "10.1.0.0/16"], "device_pools": ["pool"] }),
        &[
            "device mobility info \"there\": subnets[1] names a network of the device mobility info \"here\" too; leave it out of one",
        ],
    );
    check(
        Kind::CallManagerGroup,
        json!({ "name": "g", "servers": ["cm-1", "cm-1"] }),
        &["servers[1] is the same as servers[0]; list each once"],
    );
    let four = json!({ "name": "g", "servers": ["cm-1", "cm-1", "cm-1", "cm-1"] });
    check(
        Kind::CallManagerGroup,
        four,
        &["servers is a list of 4, expected a list of at most 3, each the name of a server"],
    );
}

#[test]
fn search_spaces_have_a_longest_clause() {
    // 25 names of 40 characters with one between each two: as many as there may be.
    let name = |at: usize| format!("{at:02}-{}", "x".repeat(37));
    let names: Vec<String> = (0..25).map(name).collect();
    let mut objects: Vec<(Kind, Value)> =
        names.iter().map(|name| (Kind::Partition, json!({ "name": name }))).collect();
    objects.push((Kind::CallingSearchSpace, json!({ "name": "all", "partitions": names })));
    let state = with(&State::default(), &objects).unwrap();
    let expect = |length: usize| {
        format!(
            "calling search space \"all\": partitions have names of {length} characters together, with one between each two; at most 1024 are allowed"
        )
    };
    let mut longer = wanted(&[(Kind::Partition, json!({ "name": "y".repeat(41) }))]);
    longer[0].renamed_from = Some(name(0));
    let operations =
        state.proposal(&longer, Scope::Objects, &AlreadySealed, &mut || Id::from_random(99)).unwrap();
    let found = state.changed(&operations).unwrap_err();
    assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), [expect(1025)]);
    let more: Vec<String> = (0..26).map(name).collect();
    check(
        &state,
        &[
            (Kind::Partition, json!({ "name": name(25) })),
            (Kind::CallingSearchSpace, json!({ "name": "all", "partitions": more })),
        ],
        &[&expect(1065)],
    );
}

#[test]
fn the_system() {
    let state = small();
    let check = |kind, value, expect: &[&str]| check_own(&state, kind, value, expect);
    let parameters = Kind::ServiceParameters;
    check(parameters, json!({ "expires_max": 1800, "expires_default": 1800 }), &[]);
    check(
        parameters,
        json!({ "expires_max": 1800, "record_low_water": 90, "digest_algorithms": [] }),
        &[
            "digest_algorithms is empty; list at least one",
            "expires_default lies outside of expires_min and expires_max; give 60 to 1800",
            "record_low_water is 90, but record_high_water is 80; give less than that",
        ],
    );
    check(
        parameters,
        json!({ "expires_max": 30 }),
        &["expires_min is 60, but expires_max is 30; give at most 30"],
    );
    check(
        Kind::Server,
        json!({ "name": "x", "sip_listeners": [{ "transport": "udp" }, { "transport": "tcp" }, { "transport": "udp" }] }),
        &["sip_listeners[2] is the same as sip_listeners[0]; list each once"],
    );
    check(
        Kind::AutoRegistration,
        json!({ "enabled": true, "first": "2000", "last": "1999" }),
        &["last is \"1999\", but first is \"2000\"; give a greater number"],
    );
    check(
        Kind::SipTrunkSecurityProfile,
        json!({ "name": "x", "mode": "encrypted" }),
        &["transport is not tls, which the mode needs; give tls, or the mode non-secure"],
    );
    check(
        Kind::SoftKeyTemplate,
        json!({ "name": "x", "sets": [{ "state": "connected", "keys": ["hold", "hold"] }] }),
        &[
            "sets[0].keys[1] is the same as keys[0]; list each once",
            "sets[0].keys has no end-call, which connected needs",
        ],
    );
    check(
        Kind::MediaResource,
        json!({ "name": "x", "function": "transcoder", "multicast": "10.0.0.1" }),
        &[
            "multicast is given, but only music on hold goes to many at once; leave it out",
            "multicast is no multicast address; give one such as 239.1.1.1",
        ],
    );
    check(
        Kind::Gateway,
        json!({ "name": "x", "protocol": "h323" }),
        &["address is missing; an H.323 gateway does not register, so give its address or name"],
    );
    check(
        Kind::EndUser,
        json!({ "name": "x", "devices": [{ "phone": "SEP001122334455", "cti_port": "LCP1" }] }),
        &["devices[0].cti_port is given beside phone; give exactly one of phone, cti_port, cti_route_point"],
    );
}

#[test]
fn billing_destinations() {
    let sftp = |name: String| {
        let number: u32 = name.trim_start_matches("billing-").parse().unwrap();
        let number = number.min(8);
        let value = json!({ "name": name, "number": number, "host": "billing.example.com", "path": "/", "user": "cdr", "password": "x" });
        (Kind::BillingDestination, value)
    };
    let eight: Vec<(Kind, Value)> = (1..=8).map(|at| sftp(format!("billing-{at}"))).collect();
    let state = with(&State::default(), &eight).unwrap();
    check(
        &state,
        &[sftp("billing-9".to_owned())],
        &[
            "billing destination \"billing-9\": it would be one of 9; there may be 8",
            "billing destination \"billing-9\": number is 8, as that of the billing destination \"billing-8\"",
        ],
    );
    check(&state, &[sftp("billing-8".to_owned())], &[]);
    let check =
        |value, expect: &[&str]| check_own(&State::default(), Kind::BillingDestination, value, expect);
    check(json!({ "name": "x", "protocol": "local", "path": "/srv/cdr" }), &[]);
    check(
        json!({ "name": "x", "protocol": "local", "path": "/srv/cdr", "retry_first": 121, "passphrase": "p" }),
        &[
            "retry_most is 120, but retry_first is 121; give at least as much",
            "passphrase is given, but there is no private_key that it could open; leave it out",
        ],
    );
    check(
        json!({ "name": "x", "protocol": "local", "path": "/srv/cdr", "host": "a", "user": "b" }),
        &[
            "host is given, but files go into a folder of this machine; leave it out",
            "user is given, but files go into a folder of this machine; leave it out",
        ],
    );
    check(
        json!({ "name": "x", "protocol": "ftp", "path": "/", "host_keys": ["SHA256:x"] }),
        &[
            "host_keys[0] is \"SHA256:x\", expected a public key as known_hosts has it, or its SHA256 fingerprint, for example \"SHA256:uNiVztksCsDhcc0u9e8BrrbQ0A1fw0IJ8YQVZbEJrs8\"",
        ],
    );
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";
    check(
        json!({ "name": "x", "protocol": "ftps", "path": "/", "host": "h", "host_keys": [format!("{key} the standby")] }),
        &["user is missing; give whom files are delivered as", "password is missing; give it"],
    );
    check(
        json!({ "name": "x", "protocol": "ftp", "path": "/", "host": "h", "host_keys": [key] }),
        &[
            "user is missing; give whom files are delivered as",
            "host_keys is given, but plain FTP proves nothing; leave it out",
            "password is missing; give it",
        ],
    );
}

#[test]
fn sftp_users() {
    let check = |value, expect: &[&str]| check_own(&State::default(), Kind::SftpUser, value, expect);
    let key = "SHA256:uNiVztksCsDhcc0u9e8BrrbQ0A1fw0IJ8YQVZbEJrs8";
    check(json!({ "name": "cucm", "keys": [key], "incoming": true }), &[]);
    check(
        json!({ "name": "x" }),
        &[
            "password is missing; give it, or keys",
            "folders is missing, and so are records and incoming; give something that he sees",
        ],
    );
    let folder = |name: &str, path: &str| json!({ "name": name, "path": path });
    check(json!({ "name": "x", "keys": [key], "folders": [folder("firmware", "/srv/firmware")] }), &[]);
    check(
        json!({ "name": "x", "keys": [key], "folders": [folder("records", "/srv"), folder(".x", "srv"), folder("y", "/srv/../etc"), folder("z", "//")] }),
        &[
            "folders [0] has the name \"records\", which is taken or hidden; give another one",
            "folders [1] has the name \".x\", which is taken or hidden; give another one",
            "folders [1] has the path \"srv\"; give an absolute path below /",
            "folders [2] has the path \"/srv/../etc\"; give an absolute path below /",
            "folders [3] has the path \"//\"; give an absolute path below /",
        ],
    );
}

#[test]
fn intercom_lines_stand_apart() {
    let objects = [
        (Kind::Partition, json!({ "name": "desk-talk", "usage": "intercom" })),
        (Kind::CallingSearchSpace, json!({ "name": "desks", "partitions": ["desk-talk"] })),
        (Kind::Line, json!({ "pattern": "901", "partition": "desk-talk", "search_space": "desks" })),
        (Kind::Line, json!({ "pattern": "902", "partition": "desk-talk", "search_space": "desks" })),
        (
            Kind::Phone,
            json!({ "name": "desk-1", "lines": [{ "line": "desk-talk:901", "intercom_target": "902" }] }),
        ),
    ];
    let state = with(&small(), &objects).unwrap();
    let check = |objects: &[(Kind, Value)], expect: &[&str]| check(&state, objects, expect);
    check(&[(Kind::Phone, json!({ "name": "desk-2", "lines": [{ "line": "desk-talk:902" }] }))], &[]);
    // One device has it.
    check(
        &[(Kind::Phone, json!({ "name": "desk-2", "lines": [{ "line": "desk-talk:901" }] }))],
        &[
            "phone \"desk-2\": lines[0].line is the line \"desk-talk:901\", an intercom line, which cannot be shared: the phone \"desk-1\" has it",
        ],
    );
    let line = |more: Value| {
        let mut line = json!({ "pattern": "903", "partition": "desk-talk" });
        line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        (Kind::Line, line)
    };
    check(
        &[
            line(json!({})),
            (Kind::Phone, json!({ "name": "desk-2", "lines": [{ "line": "desk-talk:903" }] })),
            (Kind::Phone, json!({ "name": "desk-3", "lines": [{ "line": "desk-talk:903" }] })),
        ],
        &[
            "line \"desk-talk:903\": it is an intercom line and cannot be shared, but the phone \"desk-2\" and the phone \"desk-3\" have it",
        ],
    );
    // Its calls go nowhere else.
    check(
        &[line(json!({ "voice_mail": "mail", "aar": {}, "forwards": { "all": { "number": "1001" } } }))],
        &["forwards", "voice_mail", "aar"].map(|setting| {
            format!("line \"desk-talk:903\": {setting} is given, but calls of an intercom line go nowhere else; leave it out")
        }).each_ref().map(|text| text.as_str()),
    );
    // Nobody else sees such partitions, and intercom lines see nothing else.
    check(
        &[line(json!({ "search_space": "all" }))],
        &[
            "line \"desk-talk:903\": search_space is the calling search space \"all\", but an intercom line sees partitions of intercom lines only",
        ],
    );
    check(
        &[(Kind::Line, json!({ "pattern": "1009", "partition": "internal", "search_space": "desks" }))],
        &[
            "line \"internal:1009\": search_space is the calling search space \"desks\", whose partitions only intercom lines see",
        ],
    );
    check(
        &[(Kind::CallingSearchSpace, json!({ "name": "both", "partitions": ["internal", "desk-talk"] }))],
        &[
            "calling search space \"both\": partitions mix partitions of intercom lines with others; make a search space for each",
        ],
    );
    check(
        &[(Kind::CallingSearchSpace, json!({ "name": "desks", "partitions": ["internal"] }))],
        &[
            "calling search space \"desks\": partitions are not for intercom lines, but the line \"desk-talk:901\" has the search space and is one",
        ],
    );
    check(
        &[(Kind::Phone, json!({ "name": "desk-2", "search_space": "desks" }))],
        &[
            "phone \"desk-2\": it names the calling search space \"desks\", which is for intercom lines alone; take it out",
        ],
    );
    check(
        &[(Kind::TranslationPattern, json!({ "pattern": "8XX", "partition": "desk-talk" }))],
        &[
            "translation pattern \"desk-talk:8XX\": it names the partition \"desk-talk\", which is for intercom lines alone; take it out",
        ],
    );
    check(
        &[(Kind::PickupGroup, json!({ "pattern": "7002", "lines": ["desk-talk:901"] }))],
        &[
            "pickup group \"7002\": it names the line \"desk-talk:901\", which is for intercom lines alone; take it out",
        ],
    );
    check(
        &[(Kind::Partition, json!({ "name": "internal", "usage": "intercom" }))],
        &[
            "partition \"internal\": usage cannot change while the calling search space \"all\" is in it or sees it; make another one",
        ],
    );
    check(
        &[(
            Kind::Phone,
            json!({ "name": "desk-2", "lines": [{ "line": "internal:1003", "intercom_target": "902" }] }),
        )],
        &[
            "phone \"desk-2\": lines[0].intercom_target is given, but the line is no intercom line; leave it out",
        ],
    );
}
