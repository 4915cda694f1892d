//! Routes that ask for codes, as the analyzer tells of them.

use super::*;

const CODES: &str = r#"
[[trunk]]
name = "carrier"

[[route]]
pattern = "9.XXX"
trunk = "carrier"
authorization_level = 10
change = { discard = "PreDot" }

[[route]]
pattern = "8.!"
trunk = "carrier"
authorization_level = 0
matter_code = true

[[authorization_code]]
code = "4711"
name = "Ada"
level = 20

[[authorization_code]]
code = "0815"
name = "Bert"
level = 5

[[matter_code]]
code = "77"
description = "Smith against Jones"

[codes]
refused_cause = 57

[[line]]
number = "1001"
secret = "x"

[[expect]]
from = "1001"
number = "9123"
asks = "authorization 10"

[[expect]]
from = "1001"
number = "812"
asks = "authorization 0, matter"

[[expect]]
from = "1001"
number = "1001"
asks = "nothing"
"#;

fn codes() -> Configuration {
    let file: ConfigFile = toml::from_str(CODES).unwrap();
    Configuration::clone(&file.configuration().unwrap().calls)
}

/// What is said of the codes of a number, by these.
fn told(from: &str, number: &str, mode: Mode, code: Option<&str>, matter: Option<&str>) -> Vec<String> {
    let codes = Codes { code: code.map(str::to_owned), matter: matter.map(str::to_owned) };
    let question = Question { codes, ..ask(from, number, mode) };
    let configuration = self::codes();
    let text = answer(&configuration, &question).unwrap().text();
    let mut lines = text.lines().skip_while(|line| !line.starts_with("asks for")).map(str::to_owned);
    let first = lines.next();
    let then = lines.next().filter(|line| line.starts_with("then for"));
    first.into_iter().chain(then).collect()
}

#[test]
fn codes_that_a_route_asks_for_are_told_in_their_order() {
    let check = |told: Vec<String>, expect: &[&str]| assert_eq!(told, expect);
    let level = "asks for  an authorization code of level 10 or higher: ";
    let any = "asks for  an authorization code of level 0 or higher: ";
    let matter = "then for  a matter code: ";
    let keyed = "keyed in, # at its end; 15 s for each key";
    let keys = |number, code, matter| told("1001", number, Mode::Keys, code, matter);
    check(keys("9123", None, None), &[&format!("{level}{keyed}")]);
    check(keys("812", None, None), &[&format!("{any}{keyed}"), &format!("{matter}{keyed}")]);
    check(keys("1001", Some("4711"), None), &[]);

    let ada = "accepted, that of Ada, level 20";
    let smith = "accepted, Smith against Jones";
    check(keys("9123", Some("4711"), None), &[&format!("{level}{ada}")]);
    check(keys("812", None, Some("77")), &[&format!("{any}{keyed}"), &format!("{matter}{smith}")]);
    let refused = "refused with cause 57: ";
    check(keys("9123", Some("0815"), None), &[&format!("{level}{refused}it has level 5")]);
    check(keys("9123", Some("1"), None), &[&format!("{level}{refused}it is not known")]);
    check(keys("9123", Some(""), None), &[&format!("{level}{refused}it is empty")]);
    let long = "12345678901234567";
    check(keys("9123", Some(long), None), &[&format!("{level}{refused}it is longer than any code")]);

    // Behind the number, and by those who cannot be asked.
    check(keys("91234711#", None, None), &[&format!("{level}{ada}")]);
    let bloc = |from, number| told(from, number, Mode::EnBloc, None, None);
    check(bloc("1001", "91234711#"), &[&format!("{level}{ada}")]);
    check(bloc("1001", "812#4711#77#"), &[&format!("{any}{ada}"), &format!("{matter}{smith}")]);
    let nobody = "none is behind the number, and whoever dials so cannot be asked";
    check(bloc("1001", "9123"), &[&format!("{level}{refused}{nobody}")]);
    check(bloc("1001", "812#4711#"), &[&format!("{any}{ada}"), &format!("{matter}{refused}{nobody}")]);
    check(told("carrier", "9123", Mode::Keys, None, None), &[&format!("{level}{refused}{nobody}")]);
}

#[test]
fn the_number_is_what_stands_before_its_codes() {
    let configuration = codes();
    for (number, mode) in [("91234711#", Mode::EnBloc), ("91234711#", Mode::Keys), ("9123", Mode::Keys)] {
        let question = ask("1001", number, mode);
        let json = answer(&configuration, &question).unwrap().json();
        assert_eq!((&json["result"], &json["called"]), (&"trunk carrier".into(), &"123".into()), "{number}");
    }
}

#[test]
fn programs_are_told_the_same_and_no_code() {
    let configuration = codes();
    let codes = Codes { code: Some("0815".to_owned()), matter: Some("77".to_owned()) };
    let question = Question { codes, ..ask("1001", "812", Mode::Keys) };
    let json = answer(&configuration, &question).unwrap().json();
    let expect = serde_json::json!([
        { "kind": "authorization", "level": 0, "verdict": "accepted", "name": "Bert", "has_level": 5 },
        { "kind": "matter", "level": null, "verdict": "accepted", "description": "Smith against Jones" },
    ]);
    assert_eq!(json["codes"], expect);
    let codes = Codes { code: Some("0815".to_owned()), matter: None };
    let question = Question { codes, ..ask("1001", "9123", Mode::Keys) };
    let json = answer(&configuration, &question).unwrap().json();
    let expect = serde_json::json!([
        { "kind": "authorization", "level": 10, "verdict": "refused", "why": "level too low", "cause": 57 },
    ]);
    assert_eq!(json["codes"], expect);
    assert!(!json.to_string().contains("0815"), "{json}");
    assert!(answer(&configuration, &ask("1001", "1001", Mode::Keys)).unwrap().json().get("codes").is_none());
}

#[test]
fn what_a_number_asks_for_can_be_saved() {
    let file: ConfigFile = toml::from_str(CODES).unwrap();
    expect::print(&report(&Saved::of_file(&file), &codes()), false).unwrap();
}
