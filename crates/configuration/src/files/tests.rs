use super::*;
use crate::reader::AlreadySealed;

fn files(texts: &[(&str, &str)]) -> Vec<File> {
    texts.iter().map(|(name, text)| File { name: (*name).to_owned(), text: (*text).to_owned() }).collect()
}

fn applied(state: &State, files: &[File]) -> Result<State, Vec<String>> {
    let words = |mistakes: Vec<FileMistake>| mistakes.iter().map(ToString::to_string).collect::<Vec<_>>();
    let document = Document::of(files);
    let mut last = 0;
    let mut new_id = || {
        last += 1;
        Id::from_random(last)
    };
    let operations = document.proposal(state, Scope::Whole, &AlreadySealed, &mut new_id).map_err(words)?;
    state.changed(&operations).map_err(|refused| words(document.locate_refusals(&refused)))
}

const LINES: &str = "\
# A directory number: what is dialled to reach phones, and how calls to it are treated.

[[line]]
pattern = \"1001\"
partition = \"internal\"
display = \"Alice \\\"A\\\" Smith\"

[[line]]
pattern = \"10XX\"
partition = \"internal\"
busy_trigger = 3
";

const PARTITIONS: &str = "\
# Numbers that are seen together or not at all.

[[partition]]
name = \"internal\"
";

#[test]
fn what_is_exported_is_read_as_the_same() {
    // The order of files, and the file a table stands in, do not matter.
    let mixed = files(&[("b.toml", LINES), ("deep/a.toml", PARTITIONS)]);
    let state = applied(&State::default(), &mixed).unwrap();
    let exported = state.export();
    let expect = files(&[("partitions.toml", PARTITIONS), ("lines.toml", LINES)]);
    assert_eq!(exported, expect);
    let again = applied(&state, &exported).unwrap();
    assert_eq!(again.hash(), state.hash());
    assert_eq!(Document::read(&exported).unwrap().wanted().len(), 3);
}

#[test]
fn a_long_list_has_a_line_for_each_entry() {
    let names: Vec<String> = (0..20).map(|number| format!("partition-{number:02}")).collect();
    let mut text: String = names.iter().map(|name| format!("[[partition]]\nname = \"{name}\"\n")).collect();
    let listed: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    _ = std::fmt::Write::write_fmt(
        &mut text,
        format_args!("[[calling_search_space]]\nname = \"all\"\npartitions = [{}]\n", listed.join(",")),
    );
    let state = applied(&State::default(), &files(&[("a.toml", &text)])).unwrap();
    let exported = state.export();
    let spaces = exported.iter().find(|file| file.name == "calling_search_spaces.toml").unwrap();
    assert!(spaces.text.contains("partitions = [\n    \"partition-00\",\n"), "{}", spaces.text);
    assert_eq!(applied(&state, &exported).unwrap().hash(), state.hash());
}

#[test]
fn mistakes_have_a_place() {
    fn check(texts: &[(&str, &str)], expect: &[&str]) {
        let found = applied(&State::default(), &files(texts)).map(|state| state.len()).unwrap_err();
        assert_eq!(found, expect);
    }
    check(
        &[
            ("a.toml", "[[lines]]\npattern = \"1\"\n[[prtition]]\nname = \"x\"\n"),
            ("b.toml", "[line]\nx = 1\n"),
        ],
        &[
            "a.toml:3:3: \"prtition\" is no kind of object; did you mean partitions?",
            "b.toml:1:2: there can be several: write each line as [[line]]",
        ],
    );
    check(
        &[(
            "a.toml",
            "[[partition]]\nname = \"a\"\n\n[[line]]\npattern = \"1001\"\npartition = \"b\"\nbusy_triger = 1\n",
        )],
        &[
            "a.toml:6:1: line \"b:1001\": partition names the partition \"b\", which does not exist; did you mean \"a\"?",
            "a.toml:7:1: line \"b:1001\": busy_triger is no setting; did you mean busy_trigger?",
        ],
    );
    check(
        &[("a.toml", "[[line]]\npattern = 1001\nbusy_trigger = 1.5\n")],
        &[
            "a.toml:2:1: line: pattern is 1001, expected a pattern of digits, X, !, ?, +, [..], ., @, *, # and \\+, or a name such as alice@example.com, for example \"9.1[2-9]XXXXXXXXX\"",
            "a.toml:3:16: expected a whole number, or a text in quotes",
        ],
    );
    check(
        &[("a.toml", "[[line]]\npattern = \n\n[[line]]\n")],
        &[
            "a.toml:2:11: string values must be quoted, expected literal string",
            "a.toml:4:1: line: pattern is missing; expected a pattern of digits, X, !, ?, +, [..], ., @, *, # and \\+, or a name such as alice@example.com, for example \"9.1[2-9]XXXXXXXXX\"",
        ],
    );
    check(
        &[("a.toml", "[[calling_search_space]]\nname = \"x\"\npartitions = [\n  \"y\",\n]\n")],
        &[
            "a.toml:4:3: calling search space \"x\": partitions[0] names the partition \"y\", which does not exist; add it, or name another",
        ],
    );
}

/// What follows only from what could not be read is not told: who refers to a broken table is right.
#[test]
fn one_run_tells_what_is_wrong_in_all_files() {
    fn check(texts: &[(&str, &str)], expect: &[&str]) {
        let found = applied(&State::default(), &files(texts)).map(|state| state.len()).unwrap_err();
        let found: Vec<&str> = found.iter().map(|it| it.split(' ').next().unwrap_or_default()).collect();
        assert_eq!(found, expect, "{texts:?}");
    }
    let spaces = |partition: &str| {
        format!(
            "[[calling_search_space]]\nname = \"all\"\npartitions = [\"{partition}\", \"nowhere\"]\ncolour = 1\n"
        )
    };
    let good = spaces("inside");
    // An unknown table; a broken one, and one that is left open; one that should be a list.
    for broken in [
        "[[partitoin]]\nname = \"inside\"\n",
        "[[partition]]\nname = \"inside\"\ndescription = oh no\n",
        "[[partition]]\nname = \"inside\"\ndescription = \"oh\n",
        "[partition]\nname = \"inside\"\n",
        "[[partition]\nname = \"inside\"\n",
    ] {
        let place = applied(&State::default(), &files(&[("a.toml", broken)])).unwrap_err();
        let place = place[0].split(' ').next().unwrap().to_owned();
        check(&[("a.toml", broken), ("b.toml", &good)], &[&place, "b.toml:3:25:", "b.toml:4:1:"]);
    }
    // What stands behind the mistake in the same file is looked at too.
    let both = format!("[[partition]]\nname = \"inside\"\ndescription = \n{good}");
    check(&[("a.toml", &both)], &["a.toml:3:15:", "a.toml:6:25:", "a.toml:7:1:"]);
    // Bytes that are no UTF-8, as whoever read the file has put them.
    let bytes = "[[partition]]\nname = \"inside\"\ndescription = \"Z\u{fffd}rich\"\n";
    check(&[("a.toml", bytes), ("b.toml", &good)], &["a.toml:3:17:", "b.toml:3:25:", "b.toml:4:1:"]);
    // What readable objects may not be to each other.
    let numbers = "[[line]]\npattern = \"1001\"\n\n[[translation_pattern]]\npattern = \"1001\"\n";
    check(
        &[("a.toml", numbers), ("b.toml", &good)],
        &["a.toml:5:1:", "b.toml:3:15:", "b.toml:3:25:", "b.toml:4:1:"],
    );
    // A value that is none of TOML's that we take hides only what it is the value of.
    let float = "[[partition]]\nname = 1.5\ncolour = 1\n";
    check(&[("a.toml", float)], &["a.toml:2:8:", "a.toml:3:1:"]);
}

/// Every one of many mistakes has its place, without looking through the file for each: this would take minutes.
#[test]
fn thousands_of_mistakes_are_told() {
    let line =
        |number: usize| format!("[[line]]\npattern = \"{number}\"\npartition = \"partition-{number}\"\n");
    let text: String = (10_000..18_000).map(line).collect();
    let found =
        applied(&State::default(), &files(&[("a.toml", &text)])).map(|state| state.len()).unwrap_err();
    assert_eq!(found.len(), 8_000);
    assert!(
        found[0].starts_with("a.toml:3:1: line \"partition-10000:10000\": partition names"),
        "{}",
        found[0]
    );
    assert!(found[7_999].starts_with("a.toml:24000:1: "), "{}", found[7_999]);
    // Names that are much alike are compared for the first few that nothing has.
    let alike: String =
        (20_000..28_000).map(|number| format!("[[partition]]\nname = \"partition-{number}\"\n")).collect();
    let both = files(&[("a.toml", &text), ("b.toml", &alike)]);
    let found = applied(&State::default(), &both).map(|state| state.len()).unwrap_err();
    assert_eq!(found.iter().filter(|mistake| mistake.contains("did you mean")).count(), 50);
}

#[test]
fn what_objects_may_not_be_to_each_other_has_a_place() {
    let text = "[[line]]\npattern = \"1001\"\n\n[[translation_pattern]]\npattern = \"1001\"\n";
    let found = applied(&State::default(), &files(&[("a.toml", text)])).map(|state| state.len()).unwrap_err();
    assert!(found.iter().any(|mistake| mistake.starts_with("a.toml:5:1: ")), "{found:?}");
}

#[test]
fn a_rename_is_said_in_the_file() {
    let state = applied(&State::default(), &files(&[("a.toml", PARTITIONS), ("b.toml", LINES)])).unwrap();
    let partitions =
        PARTITIONS.replace("name = \"internal\"", "name = \"inside\"\nrenamed_from = \"internal\"");
    let lines = LINES.replace("\"internal\"", "\"inside\"");
    let renamed = applied(&state, &files(&[("a.toml", &partitions), ("b.toml", &lines)])).unwrap();
    let id =
        |state: &State, name: &str| crate::reader::Directory::find(state, Kind::Partition, name).unwrap();
    assert_eq!(id(&state, "internal"), id(&renamed, "inside"));
    assert_eq!(renamed.len(), 3);
}
