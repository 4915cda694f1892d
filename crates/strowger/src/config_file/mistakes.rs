//! What is wrong with a file, and where it stands.

use std::path::{Path, PathBuf};

use strowger_configuration::Kind;
use strowger_node::configuration::{ConfigurationError, Place};

use super::{ConfigFile, objects};

impl ConfigFile {
    pub(super) fn explain(&self, errors: &[ConfigurationError]) -> anyhow::Error {
        let problems: Vec<String> = errors
            .iter()
            .map(|error| match (error.place, objects::key_of(error.setting)) {
                (Place::Node, Some((section, key))) => {
                    format!("{}[{section}] {key} {}", self.source.key(section, key), error.problem)
                }
                _ => format!("{} {} {}", self.heading(error.place), error.setting, error.problem),
            })
            .collect();
        unusable(&problems)
    }

    /// `file:line: [[kind]] 3 (name):` of an object, as much of it as is known.
    pub(super) fn heading(&self, place: Place) -> String {
        let (kind, index) = match place {
            // A line of the file is one phone as well.
            Place::Line(index) | Place::Phone(index, _) => ("line", index),
            Place::Service(index) => ("service", index),
            Place::Trunk(index) => ("trunk", self.trunk_place(index, true)),
            Place::PlannedTrunk(index) => ("trunk", self.trunk_place(index, false)),
            Place::Partition(index) => ("partition", index),
            Place::SearchSpace(index) => ("search_space", index),
            Place::Translation(index) => ("translation", index),
            Place::Route(index) => ("route", index),
            Place::Block(index) => ("block", index),
            Place::CallingTransformation(index) => ("calling_transformation", index),
            Place::CalledTransformation(index) => ("called_transformation", index),
            Place::DevicePool(index) => ("device_pool", index),
            Place::MobilityInfo(index) => ("mobility_info", index),
            Place::RouteGroup(index) => ("route_group", index),
            Place::RouteList(index) => ("route_list", index),
            Place::LineGroup(index) => ("line_group", index),
            Place::HuntList(index) => ("hunt_list", index),
            Place::HuntPilot(index) => ("hunt_pilot", index),
            Place::AuthorizationCode(index) => ("authorization_code", index),
            Place::MatterCode(index) => ("matter_code", index),
            Place::Feature(index) => ("feature_code", index),
            // The file has no locations.
            Place::Node | Place::Listener(_) | Place::DirectoryUri(_) | Place::Location(_) => {
                return format!("{}: {place}:", self.source.path.display());
            }
        };
        self.section_heading(kind, index)
    }

    /// `file:line: [[kind]] 3 (name):` of a section, as much of it as is known.
    pub(super) fn section_heading(&self, kind: &str, index: usize) -> String {
        let name = match kind {
            "line" => self.lines.get(index).map(|line| &line.number),
            "line_group" => self.line_groups.get(index).map(|group| &group.name),
            "hunt_list" => self.hunt_lists.get(index).map(|list| &list.name),
            "hunt_pilot" => self.hunt_pilots.get(index).map(|pilot| &pilot.pattern),
            "authorization_code" => self.authorization_codes.get(index).map(|code| &code.name),
            "matter_code" => self.matter_codes.get(index).map(|code| &code.description),
            _ => None,
        };
        let name = name.map_or("", String::as_str);
        let rows = match kind {
            "line" => self.source.lines.as_ref(),
            "authorization_code" => self.source.authorization_codes.as_ref(),
            "matter_code" => self.source.matter_codes.as_ref(),
            _ => None,
        };
        if let Some(rows) = rows
            && let Some(line) = index.checked_sub(rows.first).and_then(|row| rows.places.get(row))
        {
            let name = if name.is_empty() { String::new() } else { format!(" {name}:") };
            return format!("{}:{line}:{name}", rows.path.display());
        }
        let name = if name.is_empty() { String::new() } else { format!(" ({name})") };
        format!("{}[[{kind}]] {}{name}:", self.source.place(kind, index), index + 1)
    }

    /// `file:line: [[kind]] 3:` of a section.
    pub(crate) fn nth(&self, kind: &str, index: usize) -> String {
        format!("{}[[{kind}]] {}:", self.source.place(kind, index), index + 1)
    }

    /// Where a trunk stands among all, counted among those with or without a far end.
    fn trunk_place(&self, index: usize, has_far_end: bool) -> usize {
        let alike = self.trunks.iter().enumerate().filter(|(_, it)| it.destination.is_some() == has_far_end);
        alike.map(|(place, _)| place).nth(index).unwrap_or(index)
    }
}

pub(super) fn unusable(problems: &[String]) -> anyhow::Error {
    let mut shown: Vec<&str> = problems.iter().take(PROBLEMS_SHOWN).map(String::as_str).collect();
    let more = format!("and {} more", problems.len().saturating_sub(PROBLEMS_SHOWN));
    if problems.len() > PROBLEMS_SHOWN {
        shown.push(&more);
    }
    anyhow::anyhow!("the configuration cannot be used:\n  {}", shown.join("\n  "))
}

/// Everything that [`unusable`] was made of and tells.
pub(super) fn problems_of(error: &anyhow::Error) -> Vec<String> {
    error.to_string().lines().skip(1).map(|line| line.trim_start().to_owned()).collect()
}

/// Everything that keeps a file from being read.
pub(super) fn all_of(mistakes: &[String]) -> anyhow::Error {
    anyhow::anyhow!("{}", mistakes.join("\n"))
}

const PROBLEMS_SHOWN: usize = 50;

/// Says where a file is no TOML, or not ours. The line itself is shown unless a secret stands in it.
pub(super) fn explain_syntax(path: &Path, text: &str, error: &toml::de::Error) -> anyhow::Error {
    let (number, column) = place_of(text, error.span().map_or(0, |span| span.start));
    let line = text.lines().nth(number - 1).unwrap_or_default().trim();
    let found = if ["secret", "ha1", "code"].iter().any(|word| line.contains(word)) { "" } else { line };
    let found =
        if found.is_empty() { String::new() } else { format!("\n  found: {}", cut(found, FOUND_SHOWN)) };
    let (message, hint) = match error.message() {
        message if message.contains("leading zero") => ("a number begins with zero", QUOTES),
        message if message.contains("invalid type: integer") && message.contains("string") => {
            (message, QUOTES)
        }
        message if message.contains("escaped value") => (message, BACKSLASH),
        message if message.contains("socket address") => ("no address", ADDRESS),
        message if is_object(message) => (message, OBJECT),
        message => (message, ""),
    };
    let message = cut(&in_words(message), MESSAGE_SHOWN);
    anyhow::anyhow!("{}:{number}:{column}: {message}{hint}{found}", path.display())
}

/// The line of a byte, and the character in it, both counted from 1.
pub(super) fn place_of(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or_default();
    (1 + before.matches('\n').count(), 1 + before.chars().rev().take_while(|c| *c != '\n').count())
}

/// A text that is no longer than a few lines of a terminal: its begin and its end.
fn cut(text: &str, most: usize) -> String {
    let count = text.chars().count();
    if count <= most {
        return text.to_owned();
    }
    let begin: String = text.chars().take(most / 2).collect();
    let end: String = text.chars().skip(count - most / 2).collect();
    format!("{begin} ... {end}")
}

/// Characters of a line that are shown.
const FOUND_SHOWN: usize = 160;
/// All sections that there are have room.
const MESSAGE_SHOWN: usize = 1_000;

/// Whether what the file does not know is an object of the configuration.
fn is_object(message: &str) -> bool {
    let field = message.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next());
    field.is_some_and(|field| Kind::ALL.iter().any(|kind| kind.word() == field))
}

const OBJECT: &str = "; it is an object of the configuration, which is in force beside this file: `strowger export` writes it into files, where it \
                      can stand, and `strowger plan` and `strowger apply` take them";
const QUOTES: &str = "; what is dialled is text: put it in quotes";
const BACKSLASH: &str = "; write a backslash twice, or put the text in single quotes: '\\+1!'";
const ADDRESS: &str = "; expected an IP address and a port, for example \"192.0.2.1:5060\"";

/// What is expected where a file has something else, without the names that types have in Rust.
fn in_words(message: &str) -> String {
    const NUMBERS: [(&str, &str); 5] = [
        ("expected a tuple of size 2", "expected two numbers, for example [16384, 32767]"),
        ("expected u8", "expected a whole number from 0 to 255"),
        ("expected u16", "expected a whole number from 0 to 65535"),
        ("expected u32", "expected a whole number"),
        ("expected u64", "expected a whole number"),
    ];
    let found = NUMBERS.iter().find_map(|(type_name, words)| Some((message.strip_suffix(type_name)?, words)));
    found.map_or_else(|| message.to_owned(), |(before, words)| format!("{before}{words}"))
}

/// Where a configuration was read, so that what is wrong with it can be pointed at.
#[derive(Clone, Default)]
pub(crate) struct Source {
    pub(super) path: PathBuf,
    /// Line of each `[[kind]]` heading, in order.
    pub(super) headings: Vec<(String, usize)>,
    /// Section, key and line of what stands in `[section]`s.
    pub(super) keys: Vec<(String, String, usize)>,
    pub(super) lines: Option<Rows>,
    pub(super) authorization_codes: Option<Rows>,
    pub(super) matter_codes: Option<Rows>,
}

/// Where the rows of a CSV file stand.
#[derive(Clone)]
pub(super) struct Rows {
    path: PathBuf,
    /// Position of the first of them among all objects of their kind.
    first: usize,
    /// Line of the text, for each.
    places: Vec<u32>,
}

impl Rows {
    /// Adds what a file holds to what the node file holds.
    pub(super) fn add<T>(objects: &mut Vec<T>, read: Vec<(u32, T)>, path: PathBuf) -> Option<Rows> {
        let first = objects.len();
        let (places, rows): (Vec<u32>, Vec<T>) = read.into_iter().unzip();
        objects.extend(rows);
        Some(Rows { path, first, places })
    }
}

impl Source {
    /// `file:line: ` of a key, or `file: ` when it has its default.
    pub(super) fn key(&self, section: &str, key: &str) -> String {
        let line = self.keys.iter().find(|(of, name, _)| of == section && name == key).map(|found| found.2);
        match line {
            Some(line) => format!("{}:{line}: ", self.path.display()),
            None => format!("{}: ", self.path.display()),
        }
    }

    /// `file:line: ` of the object of a kind with this position; as much of it as is known.
    pub(super) fn place(&self, kind: &str, index: usize) -> String {
        let line = self.headings.iter().filter(|(name, _)| name == kind).nth(index).map(|(_, line)| *line);
        match line {
            Some(line) => format!("{}:{line}: ", self.path.display()),
            None if self.path.as_os_str().is_empty() => String::new(),
            None => format!("{}: ", self.path.display()),
        }
    }
}

/// The `[[kind]]` headings of a text and the lines where they stand.
pub(super) fn headings(text: &str) -> Vec<(String, usize)> {
    text.lines()
        .enumerate()
        .filter_map(|(index, line)| {
            let name = line.trim().strip_prefix("[[")?.split("]]").next()?;
            Some((name.trim().to_owned(), index + 1))
        })
        .collect()
}

/// The keys of the `[section]`s of a text.
pub(super) fn keys(text: &str) -> Vec<(String, String, usize)> {
    let mut section = "";
    let mut keys = vec![];
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(rest) = line.strip_prefix('[') {
            // Those of lists are found by their heading.
            section = rest.split(']').next().filter(|name| !name.starts_with('[')).unwrap_or("").trim();
        } else if let Some((key, _)) = line.split_once('=')
            && !section.is_empty()
        {
            keys.push((section.to_owned(), key.trim().to_owned(), index + 1));
        }
    }
    keys
}
