//! The node file with all of its mistakes.
//!
//! A reader that knows its types stops at the first mistake. What is wrong is therefore blanked out, as if it was not given, and the
//! rest is read again until nothing is wrong with it. Lines and columns stay what they are.

use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::ConfigFile;
use super::mistakes::{explain_syntax, place_of};

/// What could be read of a file.
#[derive(Default)]
pub(super) struct Reading {
    /// The file without what is wrong; nothing when that cannot be told from what is right.
    pub(super) file: Option<ConfigFile>,
    /// What is wrong, in the order of places.
    pub(super) mistakes: Vec<String>,
    /// The text with spaces in place of that; nothing when nothing is wrong.
    pub(super) text: Option<String>,
    /// Lines of the sections that something is wrong with, counted from 1.
    broken: Vec<Range<usize>>,
    /// What is called so in these.
    unread: Vec<String>,
}

impl Reading {
    /// Reads a text.
    pub(super) fn of(path: &Path, text: &str) -> Reading {
        if !text.contains(char::REPLACEMENT_CHARACTER)
            && let Ok(file) = toml::from_str::<ConfigFile>(text)
        {
            return Reading { file: Some(file), ..Reading::default() };
        }
        let mut found: Vec<(usize, String)> = Vec::new();
        let mut blanked: Vec<Range<usize>> = Vec::new();
        if let Some(at) = text.find(char::REPLACEMENT_CHARACTER) {
            let (line, column) = place_of(text, at);
            let why = format!("{}:{line}:{column}: this is no UTF-8: save the file as UTF-8", path.display());
            found.push((at, why));
        }
        let mut rest = text.to_owned();
        for error in DeTable::parse_recoverable(text).1 {
            let at = error.span().map_or(0, |span| span.start);
            found.push((at, explain_syntax(path, text, &error).to_string()));
            let mut line = line_around(text, at..at);
            // Without its heading, what follows would belong to what stands before.
            if text.get(line.clone()).is_some_and(|line| line.trim_start().starts_with('[')) {
                let mut headings =
                    lines(text).filter(|it| text.get(it.clone()).and_then(name_of_heading).is_some());
                line.end = headings.find(|it| it.start > line.start).map_or(text.len(), |it| it.start);
            }
            blank(&mut rest, line, &mut blanked);
        }
        let mut file = None;
        while found.len() < MISTAKES_MAX {
            let error = match toml::from_str::<ConfigFile>(&rest) {
                Ok(read) => {
                    file = Some(read);
                    break;
                }
                Err(error) => error,
            };
            let span = error.span().unwrap_or(0..0);
            let explained = explain_syntax(path, text, &error).to_string();
            let is_known = found.iter().any(|(_, known)| *known == explained);
            let culprits = culprits(&rest, span.clone(), error.message());
            if is_known || culprits.is_empty() {
                break;
            }
            // What is missing because it was blanked out is there.
            let is_there = missing(error.message()).is_some_and(|name| {
                let section = section_around(text, span.start);
                let mut inside = blanked.iter().filter(|it| section.contains(&it.start));
                inside.any(|it| text.get(it.clone()).is_some_and(|it| it.trim_start().starts_with(name)))
            });
            if !is_there {
                found.push((span.start, explained));
            }
            for culprit in culprits {
                blank(&mut rest, culprit, &mut blanked);
            }
        }
        found.sort();
        let sections: Vec<Range<usize>> =
            blanked.into_iter().map(|range| section_around(text, range.start)).collect();
        let unread = sections.iter().flat_map(|section| names(text.get(section.clone()).unwrap_or_default()));
        Reading {
            file,
            mistakes: found.into_iter().map(|(_, explained)| explained).collect(),
            text: Some(rest),
            unread: unread.collect(),
            broken: sections
                .iter()
                .map(|section| place_of(text, section.start).0..place_of(text, section.end).0)
                .collect(),
        }
    }

    /// Of what is wrong with the rest, told as `file:line: ...`, that which does not only follow from what could not be read.
    pub(super) fn own(&self, path: &Path, problems: Vec<String>) -> Vec<String> {
        let line_of = |problem: &str| -> Option<usize> {
            let rest = problem.strip_prefix(&*path.to_string_lossy())?.strip_prefix(':')?;
            rest.split(':').next()?.parse().ok()
        };
        let follows = |problem: &String| {
            let is_inside =
                line_of(problem).is_some_and(|line| self.broken.iter().any(|it| it.contains(&line)));
            is_inside || self.unread.iter().any(|name| problem.contains(&format!("{name:?}")))
        };
        problems.into_iter().filter(|problem| !follows(problem)).collect()
    }
}

/// What has to go so that the rest can be read: a setting with its value, or sections.
fn culprits(text: &str, span: Range<usize>, message: &str) -> Vec<Range<usize>> {
    let line = line_around(text, span.start..span.start);
    let heading = |at: &Range<usize>| text.get(at.clone()).and_then(name_of_heading);
    if missing(message).is_some() {
        return vec![section_around(text, span.start)];
    }
    if let Some(name) = heading(&line) {
        let root = name.split('.').next().unwrap_or(name);
        let alike = lines(text).filter(|line| {
            heading(line).is_some_and(|name| {
                name == root || name.strip_prefix(root).is_some_and(|it| it.starts_with('.'))
            })
        });
        return alike.map(|line| section_around(text, line.start)).collect();
    }
    let (root, _) = DeTable::parse_recoverable(text);
    let setting = setting_around(text, root.get_ref(), &span);
    vec![setting.unwrap_or_else(|| line_around(text, span))].into_iter().filter(|it| !it.is_empty()).collect()
}

/// What a message says is missing.
fn missing(message: &str) -> Option<&str> {
    message.strip_prefix("missing field `")?.split('`').next()
}

/// The setting of a section that a mistake is in, with its value.
fn setting_around(text: &str, table: &DeTable<'_>, span: &Range<usize>) -> Option<Range<usize>> {
    table.iter().find_map(|(name, value)| {
        let (key, there) = (name.span(), value.span());
        let between = text.get(key.end..there.start).unwrap_or_default();
        if between.contains('=') {
            let whole = key.start..there.end;
            return (whole.start <= span.start && span.end <= whole.end).then_some(whole);
        }
        tables(value).into_iter().find_map(|table| setting_around(text, table, span))
    })
}

fn tables<'v, 'i>(value: &'v Spanned<DeValue<'i>>) -> Vec<&'v DeTable<'i>> {
    match value.get_ref() {
        DeValue::Table(table) => vec![table],
        DeValue::Array(all) => all.iter().filter_map(|value| value.get_ref().as_table()).collect(),
        _ => Vec::new(),
    }
}

/// From a heading to the next one that is none of its own parts.
fn section_around(text: &str, at: usize) -> Range<usize> {
    let headings: Vec<(usize, &str)> = lines(text)
        .filter_map(|line| Some((line.start, text.get(line).and_then(name_of_heading)?)))
        .collect();
    let of = |(_, name): &(usize, &str)| name.split('.').next().unwrap_or(name).to_owned();
    let is_part = |(_, name): &&(usize, &str)| name.contains('.');
    let before = headings.iter().rposition(|(start, _)| *start <= at);
    let Some(before) = before else { return 0..headings.first().map_or(text.len(), |(start, _)| *start) };
    let Some(heading) = headings.get(before) else { return 0..0 };
    let first =
        headings.iter().take(before + 1).rfind(|it| of(it) == of(heading) && !is_part(it)).unwrap_or(heading);
    let next = headings.iter().skip(before + 1).find(|it| !is_part(it) || of(it) != of(heading));
    first.0..next.map_or(text.len(), |(start, _)| *start)
}

/// The name in `[name]` or `[[name]]`.
fn name_of_heading(line: &str) -> Option<&str> {
    let name = line.trim_start().strip_prefix('[')?;
    let name = name.strip_prefix('[').unwrap_or(name);
    let (name, _) = name.split_once(']')?;
    let name = name.trim();
    // An entry of a list that begins its line is none.
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte)).then_some(name)
}

fn lines(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut end = 0;
    text.split_inclusive('\n').map(move |line| {
        let start = end;
        end += line.len();
        start..end
    })
}

/// The lines that a range stands in.
fn line_around(text: &str, range: Range<usize>) -> Range<usize> {
    let start = text.get(..range.start).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    let end =
        text.get(range.end..).and_then(|after| after.find('\n')).map_or(text.len(), |at| range.end + at);
    start..end
}

/// Puts spaces in place of everything in a range but the ends of lines.
fn blank(text: &mut String, range: Range<usize>, blanked: &mut Vec<Range<usize>>) {
    let Some(old) = text.get(range.clone()) else { return };
    let spaces: String = old.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect();
    text.replace_range(range.clone(), &spaces);
    blanked.push(range);
}

/// What things are called in a section.
fn names(section: &str) -> Vec<String> {
    let named = section.lines().filter_map(|line| {
        let (setting, value) = line.split_once('=')?;
        let is_name = ["name", "number", "pattern"].contains(&setting.trim());
        is_name.then(|| value.trim().trim_matches(['"', '\'']).to_owned())
    });
    named.collect()
}

/// Mistakes that are told: each costs a reading.
const MISTAKES_MAX: usize = 50;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_run_tells_everything() {
        fn check(text: &str, expect: &[&str]) {
            let folder = std::env::temp_dir().join(format!("strowger-reading-{}", std::process::id()));
            std::fs::create_dir_all(&folder).unwrap();
            let path = folder.join("node.toml");
            std::fs::write(&path, text).unwrap();
            let found = ConfigFile::read(&path).and_then(|file| file.configuration().map(drop));
            let found = found.err().map(|error| error.to_string()).unwrap_or_default();
            let found = found.replace(&path.display().to_string(), "F");
            let places: Vec<&str> = found.lines().filter_map(|line| line.trim().strip_prefix("F:")).collect();
            assert_eq!(places.len(), expect.len(), "{found}");
            for (found, expect) in places.iter().zip(expect) {
                assert!(found.starts_with(expect), "{expect:?} is not at the begin of {found:?}");
            }
            std::fs::remove_dir_all(&folder).unwrap();
        }
        let line = "[[line]]\nnumber = \"1001\"\nsecret = \"x\"\n";
        check(line, &[]);
        let port = "[sip]\nport = \"x\"\nprot = 3\n";
        check(
            &format!(
                "{port}[[lien]]\nnumber = \"2\"\n[[lien]]\nnumber = \"3\"\n[[line]]\nnumber = 0800\nsecret = \"x\"\n{line}partition = \"nowhere\"\n"
            ),
            &[
                "2:8: invalid type",
                "3:1: unknown field `prot`",
                "4:3: unknown field `lien`",
                "9:10: a number begins with zero",
                "11: [[line]] 1 (1001): partition is \"nowhere\"",
            ],
        );
        // What follows from what cannot be read is not told.
        check(
            &format!(
                "[[partition]]\nname = \"inside\"\nhours = 7\n{line}partition = \"inside\"\n[[service]]\nservice = \"echo\"\n"
            ),
            &["3:9: ", "8:1: missing field `number`"],
        );
        check("[media]\nports = [\n  1,\n  \"x\",\n]\n[http]\nport = -1\n", &["4:3: ", "7:8: "]);
        check(&format!("[[line\nnumber = \"1\"\n{port}"), &["1:", "4:8: ", "5:1: "]);
        check(
            "[[line]]\nnumber = \"1001\"\nsecret = \"x\"\n[line.forward]\nall = 7\nbsy = \"1\"\n",
            &["5:7: ", "6:1: "],
        );
    }

    #[test]
    fn a_file_that_is_no_text_is_told_with_the_rest() {
        let found = Reading::of(Path::new("F"), "[node]\ndomain = \"Z\u{fffd}rich\"\nprot = 1\n").mistakes;
        assert!(found[0].starts_with("F:2:12: this is no UTF-8"), "{found:?}");
        assert!(found[1].starts_with("F:3:1: unknown field `prot`"), "{found:?}");
    }

    #[test]
    fn a_long_line_is_cut() {
        let text = format!("[node]\ndomain = {}\n", "x".repeat(200_000));
        let found = Reading::of(Path::new("F"), &text).mistakes;
        assert!(found.len() == 1 && found[0].len() < 1_400 && found[0].contains("..."), "{}", found[0].len());
        let text = format!("[node]\ndrain_max_seconds = \"{}\"\n", "x".repeat(200_000));
        let found = Reading::of(Path::new("F"), &text).mistakes;
        assert!(found.len() == 1 && found[0].len() < 1_400 && found[0].contains("..."), "{}", found[0].len());
    }
}
