//! Citations of RFCs in the code: that they can be read, and the table of what is obeyed where.
//!
//! A citation reads `RFC 3261 §17.1.1.2`. The table names files, not lines, so that it changes only when
//! the code starts or stops to obey something.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::workspace::{self, TextFile};

mod titles;

const COVERAGE: &str = "docs/rfc-coverage.md";

/// `cargo xtask rfc [--check]`.
///
/// # Errors
/// When a citation cannot be read, or with `--check` when the table is out of date.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let check_only = match arguments {
        [] => false,
        [only] if only == "--check" => true,
        _ => return Err("usage: cargo xtask rfc [--check]".into()),
    };
    let files = workspace::text_files();
    let bad = complaints(&files);
    if !bad.is_empty() {
        return Err(bad.join("\n"));
    }
    let text = coverage(&files);
    let path = workspace::root().join(COVERAGE);
    let current = std::fs::read_to_string(&path).unwrap_or_default();
    if current == text {
        println!("{COVERAGE} is up to date");
        return Ok(());
    }
    if check_only {
        return Err(format!("{COVERAGE} is out of date: run `cargo xtask rfc`"));
    }
    std::fs::write(&path, text).map_err(|error| format!("{COVERAGE}: {error}"))?;
    println!("{COVERAGE} written");
    Ok(())
}

/// One place where a standard is named.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Citation {
    rfc: u32,
    /// `17.1.1.2`, or empty for the whole document.
    section: String,
}

fn is_cited_from(path: &str) -> bool {
    path.ends_with(".rs") && !path.starts_with("xtask/src/rfc")
}

/// What is wrong with the citations.
fn complaints(files: &[TextFile]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files.iter().filter(|file| is_cited_from(&file.path)) {
        for (number, line) in file.text.lines().enumerate() {
            for citation in citations(line) {
                let problem = match citation {
                    Ok(citation) if titles::title(citation.rfc).is_none() => {
                        format!(
                            "RFC {} is not in xtask/src/rfc/titles.rs: a typing error, or add it",
                            citation.rfc
                        )
                    }
                    Ok(_) => continue,
                    Err(problem) => problem,
                };
                found.push(format!("{}:{}: {problem}", file.path, number + 1));
            }
        }
    }
    found
}

/// The citations of one line. `RFC 3261 §8.1.1 and §20.10` names two sections.
fn citations(line: &str) -> Vec<Result<Citation, String>> {
    let mut found = Vec::new();
    let mut rest = line;
    while let Some(at) = rest.find("RFC") {
        let before = rest[..at].chars().next_back();
        rest = &rest[at + 3..];
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '`') {
            continue;
        }
        if rest.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '_') {
            found.push(Err(format!("write `RFC 3261 §17.1`, not `RFC{}`", first_word(rest))));
            continue;
        }
        let Some(after) = rest.strip_prefix(' ') else { continue };
        let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let Ok(rfc) = after[..digits].parse::<u32>() else { continue };
        rest = &after[digits..];
        found.extend(sections(rfc, rest));
    }
    found
}

fn first_word(text: &str) -> &str {
    text.split_whitespace().next().unwrap_or_default()
}

/// The sections that follow `RFC 3261`, up to the next RFC.
fn sections(rfc: u32, text: &str) -> Vec<Result<Citation, String>> {
    let text = text.split("RFC").next().unwrap_or_default();
    if let Some(after) = text.trim_start_matches([',', ' ']).strip_prefix("section ")
        && after.starts_with(|c: char| c.is_ascii_digit())
    {
        return vec![Err(format!("write `RFC {rfc} §{}`, not `section`", first_word(after)))];
    }
    let mut found = Vec::new();
    for part in text.split('§').skip(1) {
        let end = part.find(|c: char| !(c.is_ascii_alphanumeric() || c == '.')).unwrap_or(part.len());
        let section = part[..end].trim_end_matches('.');
        if section.is_empty() {
            found.push(Err(format!("RFC {rfc}: nothing follows the §")));
        } else {
            found.push(Ok(Citation { rfc, section: section.to_owned() }));
        }
    }
    if found.is_empty() {
        found.push(Ok(Citation { rfc, section: String::new() }));
    }
    found
}

fn is_test_file(path: &str) -> bool {
    path.contains("/tests/") || path.ends_with("/tests.rs")
}

/// Where sections are cited: in the code that obeys, and in tests.
#[derive(Default)]
struct Places {
    code: BTreeSet<String>,
    tests: BTreeSet<String>,
}

/// Sorts `17.1.10` after `17.1.9`.
fn section_order(section: &str) -> Vec<(u32, String)> {
    section.split('.').map(|part| (part.parse().unwrap_or(u32::MAX), part.to_owned())).collect()
}

/// A standard's sections in their order, with the places that cite each.
type Sections = BTreeMap<Vec<(u32, String)>, (String, Places)>;

fn gather(files: &[TextFile]) -> BTreeMap<u32, Sections> {
    let mut table: BTreeMap<u32, Sections> = BTreeMap::new();
    for file in files.iter().filter(|file| is_cited_from(&file.path)) {
        let mut in_tests = is_test_file(&file.path);
        for line in file.text.lines() {
            in_tests |= line.trim_start().starts_with("#[cfg(test)]");
            for citation in citations(line).into_iter().flatten() {
                let sections = table.entry(citation.rfc).or_default();
                let (_, places) = sections
                    .entry(section_order(&citation.section))
                    .or_insert_with(|| (citation.section.clone(), Places::default()));
                let side = if in_tests { &mut places.tests } else { &mut places.code };
                side.insert(file.path.clone());
            }
        }
    }
    table
}

/// The table as Markdown.
fn coverage(files: &[TextFile]) -> String {
    let mut text = String::from(
        "# Which standard is obeyed where\n\n\
         Written by `cargo xtask rfc` from the citations in the code; do not edit. A section without a test is\n\
         obeyed on somebody's word.\n",
    );
    for (rfc, sections) in gather(files) {
        let title = titles::title(rfc).unwrap_or("unknown");
        let _ = write!(text, "\n## RFC {rfc}: {title}\n\n| Section | Code | Tests |\n|---|---|---|\n");
        for (section, places) in sections.values() {
            let section = if section.is_empty() { "whole".to_owned() } else { format!("§{section}") };
            let _ = writeln!(text, "| {section} | {} | {} |", names(&places.code), names(&places.tests));
        }
    }
    text
}

fn names(paths: &BTreeSet<String>) -> String {
    let short = paths.iter().map(|path| format!("`{}`", path.replace("/src/", "/").replace("crates/", "")));
    short.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expect: &[&str]) {
        let found: Vec<String> = citations(line)
            .into_iter()
            .map(|citation| match citation {
                Ok(citation) => format!("{}#{}", citation.rfc, citation.section),
                Err(_) => "bad".into(),
            })
            .collect();
        assert_eq!(found, expect, "{line}");
    }

    #[test]
    fn citations_are_read() {
        check(
            "/// RFC 3261 §17.2.1 with the `Accepted` state of RFC 6026 §7.1.",
            &["3261#17.2.1", "6026#7.1"],
        );
        check("// RFC 3261 §8.1.1 and §20.10, RFC 4028.", &["3261#8.1.1", "3261#20.10", "4028#"]);
        check("// Deviates from RFC 3261 §16.7: we answer alone", &["3261#16.7"]);
        check("// the RFC says so", &[]);
        check(concat!("// see RFC", "3261"), &["bad"]);
        check(concat!("// see RFC 3261 sec", "tion 17"), &["bad"]);
        check(concat!("// see RFC 3261 ", "§ 17"), &["bad"]);
    }

    #[test]
    fn a_number_that_is_no_known_standard_is_found() {
        let files = [TextFile { path: "a.rs".into(), text: concat!("// RFC", " 3216 §1\n").into() }];
        assert_eq!(complaints(&files).len(), 1);
    }

    #[test]
    fn sections_stand_in_their_order_with_code_and_tests_apart() {
        let text =
            concat!("// RFC", " 3261 §17.10\n// RFC", " 3261 §17.9\n#[cfg(test)]\n// RFC", " 3261 §17.9\n");
        let table = coverage(&[TextFile { path: "crates/sip/src/a.rs".into(), text: text.into() }]);
        let rows: Vec<&str> = table.lines().filter(|line| line.starts_with("| §")).collect();
        assert_eq!(rows, ["| §17.9 | `sip/a.rs` | `sip/a.rs` |", "| §17.10 | `sip/a.rs` |  |"]);
    }

    #[test]
    fn every_citation_of_the_tree_can_be_read() {
        let bad = complaints(&workspace::text_files());
        assert!(bad.is_empty(), "\n{}\n", bad.join("\n"));
    }

    #[test]
    fn the_coverage_table_is_up_to_date() {
        let current = std::fs::read_to_string(workspace::root().join(COVERAGE)).unwrap_or_default();
        assert!(
            current == coverage(&workspace::text_files()),
            "{COVERAGE} is out of date: run `cargo xtask rfc`"
        );
    }
}
