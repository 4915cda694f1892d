use super::*;

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
    Question { from: from.to_owned(), number: number.to_owned(), mode, at: WallTime::from_micros(0) }
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
    assert!(error("nobody", "1").contains("\"nobody\""));
    assert!(error("trunk:1001", "1").contains("\"trunk:1001\""));
    assert!(error("1001", "").contains("no number"));
}

#[test]
fn a_saved_dialling_that_goes_another_way_fails() {
    let configuration = lab();
    let check = |text: &str, expect: bool| {
        let section: ExpectSection = toml::from_str(text).unwrap();
        assert_eq!(expect::check(&[section], &configuration, false).is_ok(), expect, "{text}");
    };
    check(
        "from = \"1001\"\nnumber = \"9911\"\nresult = \"trunk pstn\"\ncalled = \"911\"\nwaits_seconds = 0",
        true,
    );
    check("from = \"1001\"\nnumber = \"9911\"\nresult = \"no match\"", false);
    check("from = \"1001\"\nnumber = \"95551234\"\npattern = \"9.XXXXXXX\"", false);
}

#[test]
fn the_lab_keeps_what_it_promises() {
    let mut file = crate::lab::fresh().unwrap();
    let configuration = file.configuration().unwrap().calls;
    assert!(file.expectations.len() >= 8);
    expect::check(&file.expectations, &configuration, false).unwrap();
    // Without its urgent emergency patterns the promise is broken, and that is found.
    file.routes.retain(|route| !route.emergency);
    let configuration = file.configuration().unwrap().calls;
    assert!(expect::check(&file.expectations, &configuration, false).is_err());
}

#[test]
fn a_time_is_read_in_utc() {
    let check = |text: &str, expect: Option<&str>| {
        assert_eq!(time(text).ok().map(|time| time.to_string()).as_deref(), expect, "{text}");
    };
    check("1970-01-01T00:00", Some("1970-01-01T00:00:00.000Z"));
    check("2024-02-29T23:59", Some("2024-02-29T23:59:00.000Z"));
    check("2026-11-21 08:05", Some("2026-11-21T08:05:00.000Z"));
    check("2026-13-01T00:00", None);
    check("noon", None);
}
