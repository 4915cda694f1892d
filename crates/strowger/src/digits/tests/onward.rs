//! Forwards and hunts after the number's own result.

use super::*;

const PLAN: &str = include_str!("../testdata/onward/plan.toml");

fn office() -> Arc<Configuration> {
    let file: ConfigFile = toml::from_str(PLAN).unwrap();
    file.configuration().unwrap().calls
}

fn ask_when(from: &str, number: &str, lines: LinesAre) -> Question {
    Question { lines, ..ask(from, number, Mode::EnBloc) }
}

#[test]
fn the_way_is_told_redirection_by_redirection_and_member_by_member() {
    let check = |from: &str, number: &str, lines: LinesAre, expect: &str| {
        let (configuration, question) = (office(), ask_when(from, number, lines));
        let text = answer(&configuration, &question).unwrap().text();
        assert!(text == expect, "{from} {number} {lines:?} went like this:\n{text}");
    };
    check("1006", "1001", LinesAre::Free, include_str!("../testdata/onward/free.txt"));
    check("trunk:carrier", "1001", LinesAre::Busy, include_str!("../testdata/onward/busy.txt"));
    check("1006", "1002", LinesAre::NoAnswer, include_str!("../testdata/onward/no-answer.txt"));
    check("1006", "1004", LinesAre::Free, include_str!("../testdata/onward/loop.txt"));
    check("1006", "8000", LinesAre::Free, include_str!("../testdata/onward/hunt.txt"));
    check("1006", "1006", LinesAre::Free, include_str!("../testdata/onward/nothing.txt"));
}

#[test]
fn json_tells_the_same() {
    let (configuration, question) = (office(), ask_when("1006", "1001", LinesAre::Free));
    let json = answer(&configuration, &question).unwrap().json();
    assert_eq!(
        (&json["result"], &json["ends"], &json["when"]),
        (&"line 1001".into(), &"line 1002".into(), &"free".into())
    );
    let step = &json["onward"][0];
    assert_eq!(
        (&step["by"], &step["kind"], &step["leads_to"]),
        (&"1001".into(), &"all".into(), &"line 1002".into())
    );
    assert_eq!(step["lookups"][0]["digits"], "1002");
    assert_eq!(json["otherwise"][0]["leads_to"], "line 1003");
    assert_eq!(
        (&json["otherwise"][1]["after_ms"], &json["otherwise"][2]["cause"]),
        (&20_000.into(), &20.into())
    );

    let question = ask_when("1006", "8000", LinesAre::Busy);
    let json = answer(&configuration, &question).unwrap().json();
    let hunt = &json["onward"][0];
    assert_eq!(
        (&hunt["groups"][0]["on_busy"], &hunt["exhausted"]["to"]),
        (&"next-group".into(), &"0180".into())
    );
    let events: Vec<&str> =
        hunt["events"].as_array().unwrap().iter().filter_map(|it| it["event"].as_str()).collect();
    assert_eq!(events, ["skip", "leave-group", "skip", "skip", "exhausted"]);
    assert_eq!(json["ends"], "trunk carrier");
}

#[test]
fn a_saved_dialling_may_say_where_the_call_ends() {
    let file: ConfigFile = toml::from_str(PLAN).unwrap();
    let configuration = office();
    expect::print(&report(&Saved::of_file(&file), &configuration), false).unwrap();
    let check = |from: &str, number: &str, when: &str, expect: &str| {
        let text =
            format!("from = \"{from}\"\nnumber = \"{number}\"\nwhen = \"{when}\"\nends = \"{expect}\"");
        saved(&text, &configuration).unwrap_or_else(|error| panic!("{error}: {text}"));
    };
    check("1006", "1002", "busy", "no match");
    check("1006", "1002", "unregistered", "cause 20 at line 1002");
    check("1006", "1003", "busy", "no match");
    check("1006", "1003", "no-answer", "no match");
    check("1006", "1006", "unregistered", "cause 20 at line 1006");
    check("1006", "8001", "no-answer", "cause 19 at hunt pilot 8001");
    check("1006", "0170", "busy", "trunk carrier");
    let hunt = "from = \"1006\"\nnumber = \"8001\"\n";
    saved(&format!("{hunt}members = [\"1002\", \"1003\", \"1006\"]\ntrunk = \"none\""), &configuration)
        .unwrap();
    saved(&format!("{hunt}when = \"unregistered\"\nmembers = []"), &configuration).unwrap();
    assert!(saved(&format!("{hunt}members = [\"1002\", \"1006\", \"1003\"]"), &configuration).is_err());
    assert!(saved("from = \"1006\"\nnumber = \"1001\"\nends = \"line 1001\"", &configuration).is_err());
}

#[test]
fn the_command_line_asks_a_server_the_same() {
    #[derive(clap::Parser)]
    struct CommandLine {
        #[command(flatten)]
        options: DigitsOptions,
    }
    let check = |arguments: &[&str], expect: &str| {
        let line: CommandLine = clap::Parser::parse_from([&["digits"], arguments].concat());
        assert_eq!(line.options.path(), expect);
    };
    check(&["1001", "1002"], "/api/v1/digits?from=1001&number=1002&form=text");
    check(
        &[
            "trunk:a b",
            "+49#",
            "--when",
            "no-answer",
            "--mode",
            "en-bloc",
            "--json",
            "--at",
            "2026-11-21T08:05",
            "--calling",
            "+1",
        ],
        "/api/v1/digits?from=trunk%3Aa%20b&number=%2B49%23&form=json&mode=en-bloc&when=no-answer&calling=%2B1&at=2026-11-21T08%3A05",
    );
}

#[test]
fn forwards_and_hunts_that_are_doubtful_are_told_with_a_command_that_shows_it() {
    let file: ConfigFile = toml::from_str(include_str!("../testdata/onward/doubtful.toml")).unwrap();
    let configuration = file.configuration().unwrap().calls;
    let report = Report::of(&configuration, WallTime::from_micros(0));
    let text = report.text();
    assert!(text == include_str!("../testdata/onward/doubtful.txt"), "it went like this:\n{text}");
    let json = report.json();
    assert_eq!(json["findings"][0]["kind"], "forward-loop");
    assert_eq!(json["findings"][0]["example"]["when"], "busy");
}
