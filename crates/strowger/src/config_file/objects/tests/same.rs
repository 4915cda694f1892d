//! A server that runs from the objects of a node file does what one does that runs from the file itself.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::net::IpAddr;

use strowger_base::Secret;
use strowger_dialplan::forward::{CallSide, ForwardDestination, ForwardKind};
use strowger_node::configuration::Configuration;
use strowger_node::objects;

use super::*;
use crate::digits::{self, Codes, LinesAre, Mode, Question};

impl objects::Secrets for Plain {
    fn reveal(&self, _: &str, sealed: &str) -> Result<Secret<Box<str>>, String> {
        Ok(Secret::new(sealed.into()))
    }
}

#[test]
fn the_objects_of_a_file_mean_what_the_file_means() {
    for (name, file) in samples() {
        let from_file = file.configuration().unwrap_or_else(|error| panic!("{name}: {error}"));
        let state = state_of(&file);
        let translated = objects::draft(&state, &Plain);
        let faults: Vec<String> = translated.faults.iter().map(ToString::to_string).collect();
        assert!(faults.is_empty(), "{name}: {faults:?}");
        let from_objects = translated.draft.build();
        let from_objects = from_objects.unwrap_or_else(|errors| panic!("{name}: {errors:?}"));
        same(&name, "the system", &system(&from_file), &system(&from_objects));
        same(&name, "lines", &lines(&from_file), &lines(&from_objects));
        let numbers = numbers(&file);
        for from in callers(&file) {
            for number in &numbers {
                let asked = |configuration| answers(&file, configuration, &from, number);
                same(&name, &format!("{from} dials {number}"), &asked(&from_file), &asked(&from_objects));
            }
        }
    }
}

fn same(file: &str, what: &str, one: &str, other: &str) {
    let differ = one.lines().zip(other.lines()).find(|(one, other)| one != other);
    assert!(
        one == other,
        "{what}: {differ:?}\n--- from the file\n{one}\n--- from its objects\n{other}\n--- {file}"
    );
}

/// What holds for all.
fn system(configuration: &Configuration) -> String {
    let (sip, calls) = (&configuration.sip, &configuration.calls);
    let mut trunks = sip.trunks.clone();
    trunks.sort_by(|one, other| one.name.cmp(&other.name));
    let mut told = format!("{:?}\n{} {:?} {:?}\n", configuration.messages, sip.domain, sip.aliases, trunks);
    let times =
        [sip.expires_min, sip.expires_max, sip.expires_default, sip.nonce_lifetime, sip.session_expires];
    let _ = writeln!(told, "{times:?} {:?}", sip.digest_algorithms);
    let _ = writeln!(told, "{:?} {:?} {:?}", calls.forward_parameters, calls.ring_time, calls.trunk_side);
    let _ = writeln!(told, "{:?} {:?} {:?}", calls.code_parameters, calls.relay, calls.no_answer);
    let _ = writeln!(told, "{:?}", calls.route_lists_rule);
    for (name, trunk) in &calls.trunks {
        let _ = writeln!(told, "{name} {} {} {:?}", trunk.overlap, trunk.is_there, trunk.classification);
    }
    told
}

/// Every line with its account.
fn lines(configuration: &Configuration) -> String {
    let mut told = String::new();
    let calls = &configuration.calls;
    for (number, line) in calls.lines.iter() {
        let rings =
            [CallSide::Internal, CallSide::External].map(|side| line.rings_for(side, calls.ring_time));
        let _ = writeln!(
            told,
            "{number} {:?} {} {} {rings:?} {} {:?}",
            line.name, line.busy_trigger, line.calls_max, line.phones[0].settings.overlap, line.voice_mail
        );
        for kind in [
            ForwardKind::All,
            ForwardKind::Busy,
            ForwardKind::NoAnswer,
            ForwardKind::Unregistered,
            ForwardKind::NoCoverage,
        ] {
            for side in [CallSide::Internal, CallSide::External] {
                let target = line.forwards.as_ref().and_then(|forwards| forwards.target(kind, side));
                let Some(target) = target else { continue };
                let number = match target.destination() {
                    ForwardDestination::Number(number) => number,
                    ForwardDestination::VoiceMail => "voice mail",
                };
                let sees: Vec<&str> =
                    target.css().partitions().iter().map(|id| calls.plan.partition_name(*id)).collect();
                let _ = writeln!(told, "  {kind:?} {side:?} {number} {sees:?}");
            }
        }
    }
    for (number, account) in configuration.sip.lines.iter() {
        let [phone] = &*account.phones else { panic!("a line of a file is one phone") };
        let digests = (phone.ha1_md5.expose(), phone.ha1_sha256.expose());
        let _ = writeln!(told, "{number} {} {} {digests:?}", phone.username, account.contacts_max);
    }
    told
}

/// Everybody who can dial.
fn callers(file: &ConfigFile) -> Vec<String> {
    let lines = file.lines.iter().map(|line| format!("line:{}", line.number));
    let trunks = file.trunks.iter().map(|trunk| format!("trunk:{}", trunk.name));
    let spaces = file.search_spaces.iter().map(|space| format!("space:{}", space.name));
    lines.chain(trunks).chain(spaces).collect()
}

/// Numbers and names of everything that the file has, and some of nothing.
fn numbers(file: &ConfigFile) -> BTreeSet<String> {
    let patterns = file.translations.iter().map(|it| &it.pattern);
    let patterns = patterns.chain(file.routes.iter().map(|it| &it.pattern));
    let patterns = patterns.chain(file.blocks.iter().map(|it| &it.pattern));
    let patterns = patterns.chain(file.hunt_pilots.iter().map(|it| &it.pattern));
    let hosts = file.routes.iter().filter(|it| !it.host.is_empty()).map(|it| format!("bob@{}", it.host));
    let mut numbers: BTreeSet<String> = patterns.map(|pattern| example(pattern)).chain(hosts).collect();
    numbers.extend(file.lines.iter().map(|line| line.number.clone()));
    numbers.extend(file.services.iter().map(|service| service.number.clone()));
    numbers.extend(["0", "911", "9911", "+4930123456", "0014085551234", "1234", "nobody"].map(str::to_owned));
    numbers.remove("");
    numbers
}

/// A number that a pattern takes, or one like it.
fn example(pattern: &str) -> String {
    if strowger_dialplan::is_name(pattern) {
        return pattern.to_owned();
    }
    let mut number = String::new();
    let mut rest = pattern.chars();
    while let Some(c) = rest.next() {
        match c {
            'X' => number.push('5'),
            '!' => number.push_str("123"),
            '@' => number.push_str("14085551234"),
            '[' => {
                let set: String = rest.by_ref().take_while(|c| *c != ']').collect();
                number.extend(set.chars().find(char::is_ascii_digit));
            }
            '\\' => number.extend(rest.next()),
            '.' | '?' | '+' => {}
            c => number.push(c),
        }
    }
    number
}

/// A line of an answer without what may differ: the order of patterns that could still match, which is that in which they were
/// added, and the name of a device pool, of which some are made for lines that differ from others of their pool.
fn comparable(line: &str) -> String {
    for (before, after) in [(" could still: ", ';'), (", device pool ", ':'), (", of device pool ", ';')] {
        if let Some((before, rest)) = line.split_once(before) {
            return format!("{before}{}\n", rest.split_once(after).map_or("", |(_, then)| then));
        }
    }
    format!("{line}\n")
}

/// What the analyzer says, however the number arrives and wherever the caller is.
fn answers(file: &ConfigFile, configuration: &Configuration, from: &str, number: &str) -> String {
    let networks = file.mobility_infos.iter().flat_map(|info| &info.subnets);
    let addresses = networks.filter_map(|network| network.split('/').next()?.parse::<IpAddr>().ok());
    let mut told = String::new();
    // Who is no line is nowhere.
    let addresses = addresses.filter(|_| from.starts_with("line:")).map(Some);
    for address in std::iter::once(None).chain(addresses) {
        let asked = [(None, "2026-11-21T08:00"), (Some(Mode::EnBloc), "2026-11-23T12:00")];
        // Where the caller is makes no difference to how the number arrives.
        for (mode, at) in asked.into_iter().skip(usize::from(address.is_some())) {
            let question = Question {
                from: from.to_owned(),
                number: number.to_owned(),
                mode,
                calling: from.starts_with("trunk:").then(|| "+4989123456".to_owned()),
                address,
                at: digits::time(at).unwrap_or_else(|error| panic!("{error}")),
                lines: LinesAre::NoAnswer,
                codes: Codes::default(),
            };
            match digits::answer(&configuration.calls, &question) {
                Ok(answer) => told.extend(answer.text().lines().map(comparable)),
                Err(error) => _ = writeln!(told, "{error:#}"),
            }
        }
    }
    told
}
