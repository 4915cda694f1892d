//! What a change concerns.

use strowger_configuration::Operation;

use super::*;

const OFFICE: &str = r#"
[[partition]]
name = "p"

[[line]]
pattern = "1001"

[[line]]
pattern = "1002"

[[line]]
pattern = "1003"

[[line_group]]
name = "g"
members = ["1003"]

[[phone]]
name = "one"
lines = [{ line = "1001" }, { line = "1002" }]

[[end_user]]
name = "alice"

[[end_user]]
name = "zoe"

[[phone]]
name = "SEP001122334455"
protocol = "sccp"
owner = "zoe"

[[location]]
name = "Berlin"

[[route_pattern]]
pattern = "0!"
trunk = "t"

[[trunk]]
name = "t"
"#;

/// What it concerns when a part of the text becomes another.
fn check(part: &str, becomes: &str, expect: &str) {
    let before = state(OFFICE);
    assert!(OFFICE.contains(part), "{part}");
    let after = changed(&before, &OFFICE.replacen(part, becomes, 1));
    let told = match extent(&before, &after) {
        Extent::Nothing => "nothing".to_owned(),
        Extent::Whole => "whole".to_owned(),
        Extent::Others(lines) if lines.is_empty() => "others".to_owned(),
        Extent::Others(_) => "others and lines".to_owned(),
        Extent::Lines(lines) => {
            let name = |id: &Id| {
                let state = if after.entry(*id).is_some() { &after } else { &before };
                let kind = state.entry(*id).unwrap().object().kind();
                called(state, kind, *id)
            };
            let mut names: Vec<String> = lines.iter().map(name).collect();
            names.sort();
            names.join(", ")
        }
    };
    assert_eq!(told, expect, "{part:?} becomes {becomes:?}");
}

#[test]
fn extents() {
    check("name = \"alice\"", "name = \"alice\"\nfirst_name = \"Alice\"", "nothing");
    check("[[end_user]]\nname = \"alice\"\n", "", "nothing");
    // An SCCP phone shows whose it is.
    check("name = \"zoe\"\n", "name = \"zoe\"\nfirst_name = \"Zoe\"\n", "others");
    check("pattern = \"1001\"", "pattern = \"1001\"\ndisplay = \"Alice\"", "line 1001");
    check("{ line = \"1001\" }, { line = \"1002\" }", "{ line = \"1001\" }", "line 1001, line 1002");
    check("name = \"one\"", "name = \"one\"\nprotocol = \"sccp\"", "others and lines");
    check(
        "[[phone]]\nname = \"one\"\nlines = [{ line = \"1001\" }, { line = \"1002\" }]\n",
        "",
        "line 1001, line 1002",
    );
    check(
        "[[line]]\npattern = \"1003\"",
        "[[line]]\npattern = \"1003\"\n\n[[line]]\npattern = \"1004\"",
        "line 1004",
    );
    check("pattern = \"0!\"", "pattern = \"0!\"\nurgent = true", "others");
    check("pattern = \"0!\"", "pattern = \"9!\"", "others");
    check("[[trunk]]\nname = \"t\"", "[[trunk]]\nname = \"t\"\nclassification = \"on-net\"", "others");
    check("name = \"Berlin\"", "name = \"Berlin\"\naudio = 240", "others");
    check("[[location]]\nname = \"Berlin\"\n", "", "others");
    check("name = \"p\"", "name = \"p\"\nzone = \"Europe/Berlin\"", "whole");
    check("[[line_group]]\nname = \"g\"", "[[line_group]]\nname = \"g\"\non_busy = \"stop\"", "others");
    check(
        "[[line_group]]\nname = \"g\"\nmembers = [\"1003\"]\n\n[[phone]]\nname = \"one\"",
        "[[phone]]\nname = \"one\"\nprotocol = \"sccp\"",
        "others and lines",
    );
    // Its line group knows it by its number and partition; what else it is does not matter there.
    check("pattern = \"1003\"", "pattern = \"1003\"\ndisplay = \"Carol\"", "line 1003");
}

#[test]
fn a_new_number_of_the_first_line_is_the_user_name_on_the_others() {
    let renamed = |from: &str, into_partition: bool, expect: &[&str]| {
        let before = state(OFFICE);
        let partition = before.of_kind(Kind::Partition).next().unwrap().id();
        let after = match into_partition {
            true => format!("{{\"pattern\":\"{from}\",\"partition\":\"{partition}\"}}"),
            false => "{\"pattern\":\"2000\"}".to_owned(),
        };
        let id =
            before.all::<strowger_configuration::kinds::Line>().find(|(_, it)| it.pattern.as_str() == from);
        let id = id.unwrap().0;
        let entry = before.entry(id).unwrap();
        let operation = Operation {
            kind: Kind::Line,
            object: id,
            before: Some(entry.hash()),
            after: Some(after.as_str().into()),
        };
        let after = before.changed(std::slice::from_ref(&operation)).unwrap();
        let told = match extent(&before, &after) {
            Extent::Lines(lines) => lines.iter().map(|id| before.name(Kind::Line, *id)).collect::<Vec<_>>(),
            Extent::Others(lines) => {
                let lines = lines.iter().map(|id| before.name(Kind::Line, *id));
                std::iter::once("others".to_owned()).chain(lines).collect()
            }
            Extent::Nothing => vec!["nothing".to_owned()],
            Extent::Whole => vec!["whole".to_owned()],
        };
        assert_eq!(told, expect, "{from}");
    };
    renamed("1001", false, &["1001", "1002"]);
    renamed("1002", true, &["1001", "1002"]);
    // Its line group knows it by both.
    renamed("1003", false, &["others", "1003"]);
    renamed("1003", true, &["others", "1003"]);
}
