use super::*;

const CORPUS: &str = include_str!("../../../crates/dialplan/testdata/vectors.yaml");

#[test]
fn every_vector_passes() {
    let report = Report::of(CORPUS).unwrap();
    let failed: Vec<String> = report
        .verdicts
        .iter()
        .filter(|verdict| !verdict.passed())
        .map(|verdict| format!("{}: {:?}", verdict.id, verdict.outcome))
        .collect();
    assert!(failed.is_empty(), "{failed:#?}");
    let counts: Vec<String> = report
        .counts()
        .into_iter()
        .map(|(section, confidence, passed, of)| format!("{section} {confidence} {passed}/{of}"))
        .collect();
    let expect = [
        "routing derived 21/21",
        "routing documented 71/71",
        "routing unverified 4/4",
        "transform derived 8/8",
        "transform documented 16/16",
        "match unmarked 11/11",
        "hunt documented 9/9",
        "forward documented 7/7",
        "forward_css derived 1/1",
        "forward_css documented 5/5",
        "mobility unverified 3/3",
        "cac unverified 4/4",
    ];
    assert_eq!(counts, expect);
    assert_eq!(report.verdicts.len(), 160);
}

/// One vector of a file, as text of a whole file.
fn changed(id: &str, change: impl FnOnce(&mut Value)) -> Report {
    let Value::Object(mut file) = serde_saphyr::from_str(CORPUS).unwrap() else { panic!() };
    let mut change = Some(change);
    for (section, _) in SECTIONS {
        let Some(Value::Array(vectors)) = file.get_mut(*section) else { panic!("{section}") };
        vectors.retain(|vector| vector["id"] == id);
        if let Some(vector) = vectors.first_mut() {
            change.take().unwrap()(vector);
        }
    }
    assert!(change.is_none(), "there is no {id}");
    // JSON is YAML.
    Report::of(&Value::Object(file).to_string()).unwrap()
}

#[test]
fn a_doubtful_vector_hangs_on_the_parameter_of_its_choice() {
    let check = |id: &str, parameters: Value, expect: Value| {
        let before = changed(id, |_| {});
        assert!(before.failed() == 0, "{id}: {:?}", before.verdicts[0].outcome);
        let other = changed(id, |vector| vector["parameters"] = parameters.clone());
        assert_eq!(other.failed(), 1, "{id} passes under {parameters} too");
        let other = changed(id, |vector| {
            vector["parameters"] = parameters.clone();
            vector["expect"] = expect;
        });
        assert_eq!(other.failed(), 0, "{id} under {parameters}: {:?}", other.verdicts[0].outcome);
    };
    check(
        "UV-01",
        json!({ "any_urgent_match_ends": true }),
        json!({
            "result": "route", "to": "n-911x", "keys_used": 4, "called": "9112", "calling": "2001",
            "hops": [{ "digits": "9112", "match": "n-911x", "wait_ms": 0, "why": "urgent" }],
        }),
    );
    check(
        "UV-02",
        json!({ "wait_after_en_bloc": true }),
        json!({
            "result": "route", "to": "rp-i", "keys_used": 10, "called": "+491234567", "calling": "2001",
            "hops": [
                { "digits": "9491234567", "match": "tp-n", "wait_ms": 0, "why": "complete" },
                { "digits": "+491234567", "match": "rp-i", "wait_ms": 15000, "why": "timeout" },
            ],
        }),
    );
    check(
        "UV-03",
        json!({ "hash_is_digit": true }),
        json!({
            "result": "reorder", "cause": 1, "keys_used": 10,
            "hops": [{ "digits": "901144207#", "match": null, "wait_ms": 0, "why": "no-candidate" }],
        }),
    );
    check(
        "TP-06",
        json!({ "translations_max": 2 }),
        json!({
            "result": "reorder", "cause": 25, "keys_used": 2,
            "hops": [
                { "digits": "10", "match": "t1", "wait_ms": 0, "why": "unambiguous" },
                { "digits": "20", "match": "t2", "wait_ms": 0, "why": "unambiguous" },
                { "digits": "10", "match": "t1", "wait_ms": 0, "why": "unambiguous" },
            ],
        }),
    );
}

/// What a vector expects, by section.
const EXPECTATIONS: &[&str] = &[
    "/expect",
    "/breadth",
    "/calls/0/ring",
    "/calls/1/ring",
    "/calls/2/ring",
    "/calls/0/together",
    "/ring_times_s",
    "/exhausted_at_s",
    "/accepted",
    "/ends_at",
    "/original_called",
    "/last_redirect",
    "/redirect_reasons",
    "/on_behalf_of",
    "/effective",
    "/region_from",
    "/location_from",
    "/css",
    "/aar_from",
];

/// Pointers to all single values below one.
fn leaves(value: &Value, path: String, found: &mut Vec<String>) {
    match value {
        Value::Array(list) => {
            list.iter()
                .enumerate()
                .for_each(|(index, value)| leaves(value, format!("{path}/{index}"), found));
        }
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| leaves(value, format!("{path}/{name}"), found));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => found.push(path),
    }
}

#[test]
fn whatever_a_vector_expects_is_compared() {
    let Value::Object(file) = serde_saphyr::from_str(CORPUS).unwrap() else { panic!() };
    let of_file = ParametersRow::default();
    let mut tried = 0;
    for (section, runner) in SECTIONS {
        for vector in file[*section].as_array().unwrap() {
            let mut paths = Vec::new();
            for path in EXPECTATIONS {
                // A hunt by calls has `css` of nothing; a forward's `css` is no expectation.
                if let Some(value) =
                    vector.pointer(path).filter(|_| !(*section == "forward_css" && *path == "/css"))
                {
                    leaves(value, (*path).to_owned(), &mut paths);
                }
            }
            for path in paths {
                let mut forged = vector.clone();
                let leaf = forged.pointer_mut(&path).unwrap();
                *leaf = match leaf {
                    Value::String(text) => json!(format!("{text}7")),
                    Value::Number(number) => json!(number.as_u64().unwrap() + 1),
                    Value::Bool(yes) => json!(!*yes),
                    Value::Null => json!("7"),
                    Value::Array(_) | Value::Object(_) => panic!("{path}"),
                };
                let verdict = Verdict::run(section, *runner, &of_file, forged, 0);
                assert!(!verdict.passed(), "{}: {path} may be anything", verdict.id);
                tried += 1;
            }
        }
    }
    assert!(tried > 1000, "{tried}");
}

#[test]
fn a_file_that_cannot_be_run_is_refused_or_fails() {
    let check = |text: &str, expect: Result<&str, &str>| {
        let found = Report::of(text).map(|report| {
            let verdict = &report.verdicts[0];
            format!("{} {} {:?}", verdict.id, verdict.confidence, verdict.outcome)
        });
        let found = found.as_ref().map(String::as_str).map_err(String::as_str);
        assert_eq!(found, expect, "{text}");
    };
    check("format: 2", Err("it has format 2, expected 1"));
    check("- 1", Err("it is no mapping of sections"));
    check("{format: 1, walking: []}", Err("there is no section \"walking\""));
    check("{format: 1, t302_ms: fast}", Err("t302_ms is \"fast\""));
    check("{format: 1, match: {}}", Err("section match is no list"));
    check(
        "{format: 1, match: [{pattern: '1X', 'yes': ['12', '1']}]}",
        Ok("match 1 unmarked Ok([Difference { what: \"takes 1\", expected: \"true\", came: \"false\" }, \
            Difference { what: \"routes 1\", expected: \"true\", came: \"false\" }])"),
    );
    check(
        "{format: 1, match: [{id: A, confidence: sure, pattern: '1X', maybe: ['1']}]}",
        Ok("A sure Err(\"unknown field `maybe`, expected one of `pattern`, `yes`, `no`, `breadth`\")"),
    );
    check(
        "{format: 1, t302_ms: 2000, match: [{pattern: '1'}]}",
        Ok("match 1 unmarked Err(\"the interdigit timer is 2s; expected 3s to 150s\")"),
    );
    check(
        "{format: 1, match: [{pattern: '1x'}]}",
        Ok(
            "match 1 unmarked Err(\"the character 'x' at position 2 is not allowed; expected 0-9, *, #, A-D, X, !, ?, +, [, ., @ or \\\\+\")",
        ),
    );
}
