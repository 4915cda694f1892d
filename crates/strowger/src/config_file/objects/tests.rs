//! What becomes of node files.

mod same;

use strowger_configuration::proposal::{Mistake, Scope};
use strowger_configuration::{Id, State};

use super::*;
use crate::configuration::ChangeError;
use crate::keeper::PlanError;

/// Seals nothing, so that tests see what was there.
struct Plain;

impl strowger_configuration::reader::Vault for Plain {
    fn seal(&self, _: Id, _: &str, text: &str) -> Result<String, String> {
        Ok(text.to_owned())
    }
}

/// The vault of another node.
struct Other;

impl strowger_configuration::reader::Vault for Other {
    fn seal(&self, _: Id, _: &str, text: &str) -> Result<String, String> {
        Ok(format!("sealed {text}"))
    }
}

/// The state that a fresh store has after it took a file over.
fn state_of(file: &ConfigFile) -> State {
    let objects = file.taken_over();
    let mut next = 0;
    let mut new_id = || {
        next += 1;
        Id::from_random(next)
    };
    let proposal = State::default().proposal(objects.wanted(), Scope::Whole, &Plain, &mut new_id);
    let told = |mistakes: Vec<Mistake>| format!("{mistakes:#?}");
    let operations = proposal.map_err(told).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let state = State::default().changed(&operations);
    state.unwrap_or_else(|refused| panic!("{refused:#?}"))
}

fn parsed(text: &str) -> ConfigFile {
    toml::from_str(text).unwrap_or_else(|error| panic!("{error}"))
}

/// Every node file of this repository that can be used: samples, documents, and the texts of tests.
fn samples() -> Vec<(String, ConfigFile)> {
    let everything = include_str!("testdata/everything.toml");
    let mut found = vec![
        ("lab".to_owned(), crate::lab::fresh().unwrap()),
        ("one of everything".to_owned(), parsed(everything)),
    ];
    let whole = [
        include_str!("../../../../../strowger.example.toml"),
        include_str!("../../digits/testdata/onward/plan.toml"),
        include_str!("../../digits/testdata/onward/doubtful.toml"),
    ];
    let parts = [
        ("dial-plan.md", include_str!("../../../../../docs/dial-plan.md"), "```toml\n", "```"),
        ("operations.md", include_str!("../../../../../docs/operations.md"), "```toml\n", "```"),
        ("forwards", include_str!("../forwards.rs"), "r#\"", "\"#"),
        ("refusals", include_str!("../refusals.rs"), "r#\"", "\"#"),
        ("digits", include_str!("../../digits/tests.rs"), "r#\"", "\"#"),
        ("codes", include_str!("../../digits/tests/codes.rs"), "r#\"", "\"#"),
    ];
    let whole = whole.into_iter().map(|text| ("sample", text));
    let parts = parts.into_iter().flat_map(|(name, text, begin, end)| {
        text.split(begin).skip(1).filter_map(move |part| Some((name, part.split(end).next()?)))
    });
    for (name, text) in whole.chain(parts) {
        // Examples name what they do not show.
        let Ok(file) = toml::from_str::<ConfigFile>(text) else { continue };
        if file.configuration().is_ok() {
            found.push((format!("{name}: {text}"), file));
        }
    }
    found
}

#[test]
fn every_node_file_that_can_be_used_is_taken_over() {
    let samples = samples();
    assert!(samples.len() >= 10, "{}", samples.len());
    for (name, file) in samples {
        let state = state_of(&file);
        assert!(file.lines.is_empty() || state.entries().count() > file.lines.len(), "{name}");
    }
}

/// The objects of a file, each as `kind {settings}`.
fn told(text: &str) -> Vec<String> {
    let file = parsed(text);
    state_of(&file);
    let objects = file.taken_over();
    let table = |wanted: &Wanted| serde_json::Value::Object(wanted.table.clone()).to_string();
    objects
        .wanted()
        .iter()
        .map(|wanted| format!("{} {}", wanted.kind, table(wanted).replace('"', "")))
        .collect()
}

#[test]
fn sections_become_the_objects_that_a_person_would_write() {
    let check = |text: &str, expect: &[&str]| assert_eq!(told(text), expect, "{text}");
    check("", &[]);
    check(
        "[node]\ndomain = \"pbx.example\"\n[sip]\nexpires_max_seconds = 1800\n[dial_plan]\nhash_is_digit = true\n",
        &["service_parameters {domain:pbx.example,expires_default:1800,expires_max:1800,hash:digit}"],
    );
    check("[dial_plan]\ncontinue_routing_on = []\n", &["service_parameters {continue_routing_on:[]}"]);
    check(
        "[node]\naliases = [\"a\", \"a\"]\n[dial_plan]\ncontinue_routing_on = [27, 34, 27]\n[[partition]]\nname = \"p\"\n\
         [[search_space]]\nname = \"s\"\npartitions = [\"p\", \"p\"]\n",
        &[
            "service_parameters {aliases:[a],continue_routing_on:[27,34]}",
            "partition {name:p}",
            "calling_search_space {name:s,partitions:[p]}",
        ],
    );
    check(
        "[[partition]]\nname = \"day\"\nhours = [\"mo-fr 08:00-17:00\"]\n[[partition]]\nname = \"desk\"\n\
         hours = [\"mo-fr 08:00-17:00\"]\nzone = \"Europe/Berlin\"\n",
        &[
            "time_schedule {name:day,periods:[mo-fr 08:00-17:00]}",
            "partition {name:day,time_schedule:day}",
            "partition {name:desk,time_schedule:day,zone:Europe/Berlin}",
        ],
    );
    check(
        "[[translation]]\npattern = \"9.@\"\nfilter = \"(AREA-CODE == 900)\"\nsearch_space = \"\"\n\
         change = { discard = \"PreDot\", present = \"default\" }\n[[block]]\npattern = \"alice\"\n",
        &[
            "route_filter {clauses:(AREA-CODE == 900),name:AREA-CODE 900}",
            "translation_pattern {change:{discard:PreDot},filter:AREA-CODE 900,null_partition_only:true,pattern:9.@}",
            "blocked_pattern {pattern:alice}",
        ],
    );
    check(
        "[[trunk]]\nname = \"a\"\ndestination = \"192.0.2.1:5060\"\ntransport = \"tcp\"\noverlap = true\n\
         incoming_calling = { unknown = { strip = 1, prefix = \"+\" } }\n[[trunk]]\nname = \"b\"\n\
         [[route_group]]\nname = \"g\"\ntrunks = [\"a\", \"b\"]\n\
         [[route_list]]\nname = \"l\"\ngroups = [\"<Standard Local Route Group>\", { group = \"g\" }]\n\
         [[route]]\npattern = \"0.!\"\nroute_list = \"l\"\n[[route]]\nhost = \"example.com\"\ntrunk = \"a\"\n",
        &[
            "route_pattern {pattern:0.!,route_list:l}",
            "sip_route_pattern {pattern:example.com,trunk:a}",
            "sip_profile {name:overlap,overlap:true}",
            "sip_trunk_security_profile {name:tcp,transport:tcp}",
            "trunk {destinations:[192.0.2.1:5060],inbound:{calling:{unknown:{prefix:+,strip:1}}},name:a,security_profile:tcp,sip_profile:overlap}",
            "trunk {name:b}",
            "route_group {members:[{trunk:a},{trunk:b}],name:g}",
            "route_list {members:[{local_route_group:<Standard Local Route Group>},{route_group:g}],name:l}",
        ],
    );
}

#[test]
fn lines_become_a_line_and_a_phone_each() {
    let check = |text: &str, expect: &[&str]| assert_eq!(told(text), expect, "{text}");
    check(
        "[[line]]\nnumber = \"1001\"\nname = \"Alice\"\nsecret = \"x\"\n",
        &[
            "line {display:Alice,pattern:1001}",
            "phone {credentials:{secret:x},lines:[{line:1001}],name:SIP-1001}",
        ],
    );
    let long = "[[partition]]\nname = \"e164\"\n[[line]]\nnumber = \"+4930123456789\"\nsecret = \"x\"\npartition = \"e164\"\n\
                voice_mail = \"7000\"\noverlap = true\nno_answer_seconds = 20\n[line.forward]\nbusy = \"voice-mail\"\n\
                no_answer = { external = { number = \"1002\", search_space = \"all\" } }\n\
                [[line]]\nnumber = \"930123456789\"\nsecret = \"x\"\n[[line_group]]\nname = \"g\"\nmembers = [\"+4930123456789\"]\n\
                [[search_space]]\nname = \"all\"\npartitions = [\"e164\"]\n";
    check(
        long,
        &[
            "partition {name:e164}",
            "calling_search_space {name:all,partitions:[e164]}",
            "sip_profile {name:overlap,overlap:true}",
            "voice_mail_profile {name:voice-mail 7000,pilot:7000}",
            "line {forwards:{busy_external:{voice_mail:true},busy_internal:{voice_mail:true},no_answer_external:{number:1002,search_space:all}},no_answer:20,partition:e164,pattern:\\\\+4930123456789,voice_mail:voice-mail 7000}",
            "phone {credentials:{secret:x},lines:[{line:e164:\\\\+4930123456789}],name:SIP-30123456789,sip_profile:overlap}",
            "line {pattern:930123456789}",
            "phone {credentials:{secret:x},lines:[{line:930123456789}],name:SIP-301234567-2}",
            "line_group {members:[e164:\\\\+4930123456789],name:g}",
        ],
    );
    let pools = "[[route_group]]\nname = \"g\"\ntrunks = [\"t\"]\n[[trunk]]\nname = \"t\"\n\
                 [[device_pool]]\nname = \"p\"\nzone = \"Europe/Berlin\"\nphysical_location = \"b\"\n\
                 [[mobility_info]]\nname = \"m\"\nsubnets = [\"192.0.2.1\"]\ndevice_pools = [\"p\"]\n\
                 [[line]]\nnumber = \"1\"\nsecret = \"x\"\ndevice_pool = \"p\"\nzone = \"Europe/Berlin\"\n\
                 [[line]]\nnumber = \"2\"\nsecret = \"x\"\ndevice_pool = \"p\"\nlocal_route_group = \"g\"\n\
                 [[line]]\nnumber = \"3\"\nsecret = \"x\"\nzone = \"Asia/Tokyo\"\n\
                 [[line]]\nnumber = \"4\"\nsecret = \"x\"\nzone = \"Asia/Tokyo\"\n";
    let found: Vec<String> = told(pools).into_iter().filter(|told| !told.starts_with("line")).collect();
    let expect = [
        "trunk {name:t}",
        "route_group {members:[{trunk:t}],name:g}",
        "physical_location {name:b}",
        "date_time_group {name:Europe-Berlin,zone:Europe/Berlin}",
        "device_pool {date_time_group:Europe-Berlin,name:p,physical_location:b}",
        "device_pool {date_time_group:Europe-Berlin,local_route_group:g,name:p g,physical_location:b}",
        "date_time_group {name:Asia-Tokyo,zone:Asia/Tokyo}",
        "device_pool {date_time_group:Asia-Tokyo,name:Asia-Tokyo}",
        "mobility_info {device_pools:[p,p g],name:m,subnets:[192.0.2.1/32]}",
        "phone {credentials:{secret:x},device_pool:p,lines:[{line:1}],more:{mobility:on},name:SIP-1}",
        "phone {credentials:{secret:x},device_pool:p g,lines:[{line:2}],more:{mobility:on},name:SIP-2}",
        "phone {credentials:{secret:x},device_pool:Asia-Tokyo,lines:[{line:3}],name:SIP-3}",
        "phone {credentials:{secret:x},device_pool:Asia-Tokyo,lines:[{line:4}],name:SIP-4}",
    ];
    assert_eq!(found, expect);
}

#[test]
fn codes_and_saved_diallings_get_names() {
    let check = |text: &str, expect: &[&str]| assert_eq!(told(text), expect, "{text}");
    check(
        "[[authorization_code]]\ncode = \"1234\"\n[[authorization_code]]\ncode = \"12\"\nname = \"Sales\"\nlevel = 3\n\
         [[authorization_code]]\ncode = \"13\"\nname = \"Sales\"\n[[matter_code]]\ncode = \"5\"\ndescription = \"Acme, Inc.\"\n",
        &[
            "authorization_code {code:1234,name:code 1}",
            "authorization_code {code:12,level:3,name:Sales}",
            "authorization_code {code:13,name:Sales-2}",
            "matter_code {code:5,name:Acme- Inc.}",
        ],
    );
    check(
        "[[trunk]]\nname = \"t\"\n[[expect]]\nfrom = \"t\"\nnumber = \"+1\"\nresult = \"no match\"\nwhen = \"busy\"\n\
         at = \"2026-11-21 08:00\"\nwaits_seconds = 0\n",
        &[
            "trunk {name:t}",
            "saved_dialling {at:2026-11-21T08:00,lines:busy,name:t dials 1,number:+1,result:no match,trunk:t,waits:0}",
        ],
    );
    check(
        "[[trunk]]\nname = \"t\"\n[[expect]]\nfrom = \"t\"\nnumber = \"1\"\nmode = \"kpml\"\ntrunk = \"none\"\n\
         trunks = []\nmembers = [\"1\", \"2\"]\n",
        &[
            "trunk {name:t}",
            "saved_dialling {first_trunk:none,members:1, 2,mode:kpml,name:t dials 1,number:1,trunk:t,trunks:none}",
        ],
    );
}

/// What is wrong with a file, as it is told.
fn wrong(text: &str) -> String {
    let file = parsed(text);
    let objects = file.taken_over();
    let mut next = 0;
    let mut new_id = || {
        next += 1;
        Id::from_random(next)
    };
    let proposal = State::default().proposal(objects.wanted(), Scope::Whole, &Plain, &mut new_id);
    let error = match proposal {
        Err(mistakes) => PlanError::Mistakes(mistakes),
        Ok(operations) => match State::default().changed(&operations) {
            Err(refusals) => PlanError::Change(ChangeError::Refused(refusals)),
            Ok(_) => return String::new(),
        },
    };
    objects.explain(&error).to_string().replacen("the configuration cannot be used:\n  ", "", 1)
}

#[test]
fn what_is_wrong_is_told_in_the_words_of_the_file() {
    let check = |text: &str, expect: &str| {
        let found = wrong(text);
        assert!(found.starts_with(expect), "{text}\n{found}");
    };
    check("", "");
    check("[node]\ndomain = \"a b\"\n", ": [node] domain is \"a b\", expected a domain name");
    check("[forward]\nring_seconds = 301\n", ": [forward] ring_seconds is 301, expected whole seconds");
    check(
        "[[line]]\nnumber = \"1\"\nsecret = \"x\"\npartition = \"intern\"\n[[partition]]\nname = \"internal\"\n",
        "[[line]] 1 (1): partition names the partition \"intern\", which does not exist; did you mean \"internal\"?",
    );
    check(
        "[[line]]\nnumber = \"1\"\n",
        "[[line]] 1 (1): secret is missing; give exactly one of secret, ha1_md5",
    );
    check(
        "[[line]]\nnumber = \"1\"\nsecret = \"x\"\nforward = { busy = \"voice-mail\" }\n",
        "[[line]] 1 (1): forward.busy.internal.voice_mail is true, but the line has no voice_mail",
    );
    check(
        "[[line]]\nnumber = \"1\"\nsecret = \"x\"\n[[service]]\nnumber = \"1\"\nservice = \"echo\"\n",
        "[[service]] 1: number is \"1\", which a line has already",
    );
    check(
        "[[route_group]]\nname = \"g\"\ntrunks = [\"a\"]\n",
        "[[route_group]] 1: trunks[0].trunk names the trunk \"a\", which does not exist",
    );
    check(
        "[[line]]\nnumber = \"1\"\nsecret = \"x\"\nzone = \"Nowhere\"\n",
        "[[line]] 1 (1): zone is \"Nowhere\", expected an IANA time zone",
    );
    check("[[trunk]]\nname = \"a/b\"\n", "[[trunk]] 1: name is \"a/b\", expected a name of 1 to 50 letters");
    check(
        "[[expect]]\nfrom = \"1\"\nnumber = \"1\"\nresult = \"x\"\n",
        "[[expect]] 1: from names the line \"1\"",
    );
}

#[test]
fn a_fingerprint_tells_what_has_changed_and_no_secret() {
    let text = "[[line]]\nnumber = \"1001\"\nsecret = \"first\"\n[log]\nlevel = \"warn\"\n";
    let message = parsed(text).taken_over().message(&Plain);
    let check = |change: (&str, &str), expect: Option<bool>| {
        let file = parsed(&text.replacen(change.0, change.1, 1));
        assert_eq!(file.taken_over().is_changed(&message, &Plain), expect, "{change:?}");
    };
    check(("", ""), Some(false));
    check(("warn", "info"), Some(false));
    check(("first", "second"), Some(true));
    check(("1001", "1002"), Some(true));
    check(("[[line]]", "[node]\ndomain = \"a\"\n[[line]]"), Some(true));
    check(("[[line]]", "[node]\ndomain = \"a b\"\n[[line]]"), Some(true));
    // What is sealed with another key is another fingerprint: it cannot be tried out without the key.
    let of_another_node = parsed(text).taken_over().message(&Other);
    assert_ne!(of_another_node, message);
    assert!(message.starts_with("taken over from ") && !message.contains("first"), "{message}");
    let file = parsed(text);
    assert_eq!(file.taken_over().is_changed("more phones", &Plain), None);
    let other_version = message.replacen("fingerprint 1-", "fingerprint 0-", 1);
    assert_eq!(file.taken_over().is_changed(&other_version, &Plain), None);
}
