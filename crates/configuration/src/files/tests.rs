use super::*;
use crate::reader::AlreadySealed;

fn files(texts: &[(&str, &str)]) -> Vec<File> {
    texts.iter().map(|(name, text)| File { name: (*name).to_owned(), text: (*text).to_owned() }).collect()
}

fn applied(state: &State, files: &[File]) -> Result<State, Vec<String>> {
    let words = |mistakes: Vec<FileMistake>| mistakes.iter().map(ToString::to_string).collect::<Vec<_>>();
    let document = Document::read(files).map_err(words)?;
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
        &["a.toml:3:16: expected a whole number, or a text in quotes"],
    );
    check(
        &[("a.toml", "[[line]]\npattern = \n\n[[line]]\n")],
        &["a.toml:2:11: string values must be quoted, expected literal string"],
    );
    check(
        &[("a.toml", "[[calling_search_space]]\nname = \"x\"\npartitions = [\n  \"y\",\n]\n")],
        &[
            "a.toml:4:3: calling search space \"x\": partitions[0] names the partition \"y\", which does not exist; add it, or name another",
        ],
    );
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
