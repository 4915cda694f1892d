use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::form::{Field, Form};
use crate::reader::{AlreadySealed, ByIdOnly, Reader};
use crate::{AnyObject, Id, Kind, Naming};

/// Every setting of every kind, those inside of others too, with the way to it.
fn settings(told: &mut dyn FnMut(&str, &Field)) {
    fn record(way: &str, fields: &'static [Field], told: &mut dyn FnMut(&str, &Field)) {
        for field in fields {
            let way = format!("{way}.{}", field.name);
            told(&way, field);
            inside(&way, &field.form, told);
        }
    }
    fn inside(way: &str, form: &Form, told: &mut dyn FnMut(&str, &Field)) {
        match form {
            Form::Record(fields) => record(way, fields, told),
            Form::List { of, .. } => inside(way, of, told),
            Form::Either(one, other) => {
                inside(way, one, told);
                inside(way, other, told);
            }
            Form::Boolean
            | Form::Whole { .. }
            | Form::Text { .. }
            | Form::Choice(_)
            | Form::Reference(_)
            | Form::Secret => {}
        }
    }
    for kind in Kind::ALL {
        record(kind.word(), kind.fields(), told);
    }
}

#[test]
fn everything_has_a_sentence() {
    fn check(what: &str, doc: &str) {
        assert!(doc.ends_with('.') && doc.len() > 2 && !doc.contains("  "), "{what}: {doc:?}");
    }
    for kind in Kind::ALL {
        check(kind.word(), kind.doc());
    }
    settings(&mut |way, field| {
        check(way, field.doc);
        if let Form::Choice(words) = field.form {
            words.iter().for_each(|word| check(&format!("{way} {}", word.word), word.doc));
        }
        // Where a number of something is counted, the sentence says of what.
        if let Form::Whole { unit, .. } = field.form
            && !unit.is_empty()
        {
            let word = unit.trim_end_matches('s');
            assert!(field.doc.contains(word) || field.doc.contains("mebibyte"), "{way}: {}", field.doc);
        }
    });
}

#[test]
fn every_default_is_a_value_that_may_be_written() {
    settings(&mut |way, field| {
        let Some(default) = field.default else { return };
        let fits = match (field.form, default()) {
            (_, Value::Null) | (Form::Boolean, Value::Bool(_)) | (Form::Record(_), Value::Object(_)) => true,
            (Form::Whole { least, most, .. }, Value::Number(number)) => {
                number.as_u64().is_some_and(|number| (least..=most).contains(&number))
            }
            (Form::Text { most, .. }, Value::String(text)) => text.chars().count() <= most,
            (Form::Choice(words), Value::String(word)) => words.iter().any(|known| known.word == word),
            (Form::List { most, .. }, Value::Array(entries)) => entries.len() <= most,
            (Form::Either(..), Value::String(_)) => true,
            (_, _) => false,
        };
        assert!(fits, "{way}: {:?} is {}", field.form, default());
    });
}

/// A table with every setting of a kind: defaults that are written out, and something where there is none.
fn written_out(fields: &[Field]) -> Map<String, Value> {
    fn value(form: &Form) -> Value {
        match form {
            Form::Boolean => json!(true),
            Form::Whole { least, .. } => json!(least),
            Form::Text { example: "", .. } => json!("x"),
            Form::Text { example, .. } => json!(example),
            Form::Choice(words) => json!(words.first().map(|word| word.word)),
            Form::Reference(_) => json!(Id::from_random(7).to_string()),
            Form::List { of, .. } => json!([value(of)]),
            Form::Record(fields) => {
                let required = fields.iter().filter(|field| field.is_required());
                Value::Object(required.map(|field| (field.name.to_owned(), value(&field.form))).collect())
            }
            Form::Either(one, _) => value(one),
            Form::Secret => json!("sealed"),
        }
    }
    let setting = |field: &Field| match field.default.map(|default| default()) {
        Some(Value::Null) | None => value(&field.form),
        Some(default) => default,
    };
    fields.iter().map(|field| (field.name.to_owned(), setting(field))).collect()
}

#[test]
fn every_default_and_example_has_the_syntax_of_its_setting() {
    for kind in Kind::ALL {
        let mut reader = Reader::new(Id::from_random(1), &ByIdOnly, &AlreadySealed);
        AnyObject::read(*kind, &written_out(kind.fields()), &mut reader);
        let problems: Vec<String> = reader
            .into_problems()
            .iter()
            .filter(|problem| !matches!(problem.wrong, crate::Wrong::Contradiction { .. }))
            .map(ToString::to_string)
            // Of a digest or hash there is no example.
            .filter(|problem| {
                !["digest of", "Argon2id", "code of"].iter().any(|hidden| problem.contains(hidden))
            })
            .collect();
        assert!(problems.is_empty(), "{kind}: {problems:?}");
    }
}

#[test]
fn no_two_kinds_are_called_alike() {
    let mut seen = BTreeSet::new();
    for kind in Kind::ALL {
        assert!(seen.insert(kind.word()), "{kind}");
        assert!(kind.plural() == kind.word() || seen.insert(kind.plural()), "{kind}");
        assert_eq!(kind.plural() == kind.word(), kind.naming() == Naming::Only, "{kind}");
        assert_eq!(kind.word().parse(), Ok(*kind));
        assert_eq!(kind.plural().replace('_', "-").parse(), Ok(*kind));
    }
}

/// Nothing contains itself: what refers to objects of its own or a later kind is listed here, and none of it is a way in
/// which something is inside of something else.
#[test]
fn references_lead_upwards_but_for_these() {
    let mut found = BTreeSet::new();
    settings(&mut |way, field| {
        let mut form = &field.form;
        if let Form::List { of, .. } = form {
            form = of;
        }
        let owner = way.split('.').next().and_then(|word| word.parse::<Kind>().ok());
        if let (Form::Reference(kind), Some(owner)) = (form, owner)
            && *kind >= owner
        {
            found.insert(format!("{way} -> {kind}"));
        }
    });
    let expect = [
        // Pairs of two regions, locations or AAR groups, and groups that stand beside each other.
        "aar_group.prefixes.group -> aar_group",
        "location.links.location -> location",
        "pickup_group.others -> pickup_group",
        "region.relations.region -> region",
        // Devices have a pool, and pools name the devices that serve theirs.
        "device_pool.local_route_group -> route_group",
        "device_pool.local_route_groups.route_group -> route_group",
        "device_pool.media_resource_group_list -> media_resource_group_list",
        // People have phones, and phones people.
        "phone.owner -> end_user",
    ];
    assert_eq!(found, expect.map(str::to_owned).into_iter().collect());
}

#[test]
fn defaults_are_those_of_the_dial_plan() {
    use strowger_dialplan::{Parameters, admission, forward, hunt, route_list};

    fn check(setting: &str, expect: impl Into<Value>) {
        let mut found = None;
        settings(&mut |way, field| {
            if way == setting {
                found = field.default.map(|default| default());
            }
        });
        assert_eq!(found, Some(expect.into()), "{setting}");
    }
    let plan = Parameters::default();
    check("service_parameters.interdigit_timer", plan.interdigit_timer.as_secs());
    check("service_parameters.translations_max", plan.translations_max);
    let routing = route_list::RouteListParameters::default();
    check("service_parameters.stop_routing_on_busy", routing.stop_on_busy);
    check("service_parameters.stop_routing_on_unallocated", routing.stop_on_unallocated);
    check("service_parameters.stop_routing_on_out_of_bandwidth", routing.stop_on_out_of_bandwidth);
    let causes: BTreeSet<u8> = routing.continue_on.iter().map(|cause| cause.0).collect();
    check("service_parameters.continue_routing_on", causes.into_iter().collect::<Vec<u8>>());
    check("service_parameters.forward_hops_max", forward::HOP_LIMIT.hops());
    check("service_parameters.ring_time", forward::RING_TIME.duration().as_secs());
    let regions = admission::RegionDefaults::default();
    check("service_parameters.region_audio_within", regions.audio_kbps_within);
    check("service_parameters.region_audio_between", regions.audio_kbps_between);
    check("service_parameters.region_video", regions.video_kbps);
    check("service_parameters.codec_overhead", admission::AccountingParameters::default().overhead_kbps);
    check("line_group.ring_no_answer_reversion", hunt::RING_NO_ANSWER_REVERSION.as_secs());
    check("hunt_pilot.maximum_hunt_timer", hunt::MAXIMUM_HUNT_TIMER.as_secs());
    check("hunt_pilot.queue.callers_max", hunt::CALLERS_MAX);
    check("hunt_pilot.queue.wait_max", hunt::WAIT_MAX.as_secs());
}
