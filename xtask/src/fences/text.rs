//! Rules about the files themselves: size, unfinished work, traces of one machine, links.

use crate::workspace::TextFile;

/// A source file above this is refused.
const LINES_MAX: usize = 1200;
/// A source file above this is named, so that somebody asks why.
const LINES_WARN: usize = 500;

/// Tests and generated tables may be long; a person does not read them from top to bottom.
fn may_be_long(path: &str) -> bool {
    path.ends_with("/tests.rs")
        || path.contains("/tests/")
        || path.ends_with("tables.rs")
        || !path.ends_with(".rs")
}

fn lines(file: &TextFile) -> usize {
    file.text.lines().count()
}

/// Sources above the limit.
pub(crate) fn too_large_files(files: &[TextFile]) -> Vec<String> {
    let large = files.iter().filter(|file| !may_be_long(&file.path) && lines(file) > LINES_MAX);
    large
        .map(|file| format!("{} has {} lines, the limit is {LINES_MAX}: split it", file.path, lines(file)))
        .collect()
}

/// Sources that are not refused but should be split soon.
pub(crate) fn large_files(files: &[TextFile]) -> Vec<String> {
    let large = files.iter().filter(|file| !may_be_long(&file.path) && lines(file) > LINES_WARN);
    large.map(|file| format!("{} has {} lines: ask why", file.path, lines(file))).collect()
}

/// Unfinished work that no issue knows of. Written in two parts here, so that this file passes its own rule.
pub(crate) fn nameless_todos(files: &[TextFile]) -> Vec<String> {
    const MARKS: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X:")];
    in_lines(files, |path, line| {
        if !(path.ends_with(".rs") || path.ends_with(".toml")) {
            return None;
        }
        // A dial pattern such as 5XXX is no mark.
        let stands_alone = |at: usize| !line[..at].ends_with(|before: char| before.is_alphanumeric());
        let find = |mark: &str| line.find(mark).filter(|at| stands_alone(*at));
        let (mark, at) = MARKS.iter().find_map(|mark| find(mark).map(|at| (mark, at)))?;
        let after = &line[at + mark.len()..];
        let named =
            after.split_once('#').is_some_and(|(_, rest)| rest.starts_with(|c: char| c.is_ascii_digit()));
        (!named).then(|| format!("{mark} without an issue number"))
    })
}

/// Paths of one machine and hosts of package registries.
pub(crate) fn machine_traces(files: &[TextFile]) -> Vec<String> {
    const TRACES: [&str; 10] = [
        concat!("/wo", "rk/"),
        concat!("/fa", "rm/"),
        concat!("/ho", "me/"),
        concat!("/ro", "ot/"),
        concat!("/Us", "ers/"),
        concat!("crates", ".io/api"),
        concat!("static.", "crates"),
        concat!("registry.", "npmjs"),
        concat!("files.", "pythonhosted"),
        concat!("deb.", "debian.org"),
    ];
    in_lines(files, |path, line| {
        if path == "Cargo.lock" {
            return None;
        }
        TRACES.iter().find(|trace| line.contains(**trace)).map(|trace| format!("names `{trace}`"))
    })
}

/// Links of Markdown files to files that are not there.
pub(crate) fn broken_links(files: &[TextFile], exists: impl Fn(&str) -> bool) -> Vec<String> {
    in_lines(files, |path, line| {
        if !path.ends_with(".md") {
            return None;
        }
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        line.split("](").skip(1).find_map(|rest| {
            let target = rest.split([')', '#']).next().unwrap_or_default();
            if target.is_empty() || target.contains("://") {
                return None;
            }
            let resolved = resolve(folder, target);
            (!exists(&resolved)).then(|| format!("links to {resolved}, which is not there"))
        })
    })
}

/// Decisions that lack one of their four parts, or that the list of decisions does not name.
pub(crate) fn unfinished_decisions(files: &[TextFile]) -> Vec<String> {
    const PARTS: [&str; 4] = ["## Context", "## Decision", "## Consequences", "## Rejected"];
    let list = files.iter().find(|file| file.path == "docs/adr/README.md").map_or("", |file| &file.text);
    let mut found = Vec::new();
    for file in files {
        let Some(name) = file.path.strip_prefix("docs/adr/").filter(|name| *name != "README.md") else {
            continue;
        };
        for part in PARTS.iter().filter(|part| !file.text.lines().any(|line| line == **part)) {
            found.push(format!("{} lacks `{part}`", file.path));
        }
        if !list.contains(&format!("({name})")) {
            found.push(format!("docs/adr/README.md does not name {name}"));
        }
    }
    found
}

fn resolve(folder: &str, target: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            ".." => drop(parts.pop()),
            "." | "" => {}
            name => parts.push(name),
        }
    }
    parts.join("/")
}

fn in_lines(files: &[TextFile], complaint: impl Fn(&str, &str) -> Option<String>) -> Vec<String> {
    let mut found = Vec::new();
    for file in files {
        for (number, line) in file.text.lines().enumerate() {
            if let Some(words) = complaint(&file.path, line) {
                found.push(format!("{}:{}: {words}", file.path, number + 1));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> Vec<TextFile> {
        vec![TextFile { path: path.into(), text: text.into() }]
    }

    #[test]
    fn a_forged_large_file_is_found() {
        let long = "x\n".repeat(LINES_MAX + 1);
        assert_eq!(too_large_files(&file("crates/sip/src/parse.rs", &long)).len(), 1);
        assert_eq!(too_large_files(&file("crates/sip/src/parse/tests.rs", &long)).len(), 0);
        assert_eq!(too_large_files(&file("crates/media/src/codec/g722/tables.rs", &long)).len(), 0);
        assert_eq!(large_files(&file("crates/sip/src/parse.rs", &"x\n".repeat(501))).len(), 1);
        assert_eq!(large_files(&file("crates/sip/src/parse.rs", &"x\n".repeat(500))).len(), 0);
    }

    #[test]
    fn a_forged_todo_is_found() {
        let mark = concat!("TO", "DO");
        assert_eq!(nameless_todos(&file("a.rs", &format!("// {mark}: later\n"))).len(), 1);
        assert_eq!(nameless_todos(&file("a.rs", &format!("// {mark}(#12): later\n"))).len(), 0);
        let mark = concat!("XX", "X:");
        assert_eq!(nameless_todos(&file("a.rs", &format!("// {mark} later\n"))).len(), 1);
        assert_eq!(nameless_todos(&file("a.rs", &format!("loop 5{mark} dialled\n"))).len(), 0);
    }

    #[test]
    fn a_forged_machine_path_is_found() {
        let path = concat!("/ho", "me/somebody/strowger");
        assert_eq!(
            machine_traces(&file("docs/a.md", path)),
            [format!("docs/a.md:1: names `{}`", concat!("/ho", "me/"))]
        );
    }

    #[test]
    fn a_forged_decision_is_found() {
        let whole = "## Context\n## Decision\n## Consequences\n## Rejected\n";
        let mut files = file("docs/adr/0001-a.md", whole);
        files.extend(file("docs/adr/README.md", "[0001](0001-a.md)"));
        assert!(unfinished_decisions(&files).is_empty());
        files.extend(file("docs/adr/0002-b.md", "## Context\n"));
        assert_eq!(unfinished_decisions(&files).len(), 4);
    }

    #[test]
    fn a_forged_link_is_found() {
        let exists = |path: &str| path == "docs/adr/0001-a.md";
        assert_eq!(
            broken_links(
                &file("docs/x.md", "see [a](adr/0001-a.md#why) and [b](https://example.org)"),
                exists
            )
            .len(),
            0
        );
        assert_eq!(broken_links(&file("docs/adr/x.md", "[a](../adr/0001-a.md)"), exists).len(), 0);
        assert_eq!(broken_links(&file("README.md", "[a](docs/adr/0002-b.md)"), exists).len(), 1);
    }
}
