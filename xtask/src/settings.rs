//! The page that tells every setting of the configuration, written from the declarations.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;
use strowger_configuration::form::{Field, Form, Word};
use strowger_configuration::{Kind, Naming};

use crate::workspace;

const PAGE: &str = "docs/configuration-reference.md";

/// `cargo xtask settings [--check]`.
///
/// # Errors
/// When the page cannot be written, or with `--check` when it is out of date.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let check_only = match arguments {
        [] => false,
        [only] if only == "--check" => true,
        _ => return Err("usage: cargo xtask settings [--check]".into()),
    };
    let path = workspace::root().join(PAGE);
    let text = page();
    if std::fs::read_to_string(&path).unwrap_or_default() == text {
        println!("{PAGE} is up to date");
        return Ok(());
    }
    if check_only {
        return Err(format!("{PAGE} is out of date: run `cargo xtask settings`"));
    }
    std::fs::write(&path, text).map_err(|error| format!("{PAGE}: {error}"))?;
    println!("{PAGE} written");
    Ok(())
}

const OPENING: &str = "# Every setting

Written by `cargo xtask settings` from the declarations in `crates/configuration/src/kinds`; do not edit. What nobody has given has its
default; a setting without one is **required**. `a.b` is the setting `b` in the table `a`, `a[].b` that of each entry of the list `a`.
Objects name each other by what they are called: by `name`; patterns by `partition:pattern`, or by the pattern alone where it
has no partition. A default that is marked with U and a number is not certain: public texts leave it open.

A kind that the server does not use yet can be configured, and is kept.
";

fn page() -> String {
    let mut page = OPENING.to_owned();
    page.push_str("\n| Kind | In files | What it is |\n|---|---|---|\n");
    for kind in Kind::ALL {
        let title = capital(kind.title());
        let _ =
            writeln!(page, "| [{title}](#{}) | `{}` | {} |", anchor(&title), kind.word(), cell(kind.doc()));
    }
    for kind in Kind::ALL {
        let brackets = if kind.naming() == Naming::Only { ("[", "]") } else { ("[[", "]]") };
        let _ = write!(
            page,
            "\n## {}\n\n{} In files `{}{}{}`, in addresses of the API `{}`.\n\n| Setting | Holds | Default | Meaning |\n|---|---|---|---|\n",
            capital(kind.title()),
            kind.doc(),
            brackets.0,
            kind.word(),
            brackets.1,
            kind.plural(),
        );
        Rows { page: &mut page, told: BTreeMap::new() }.of("", kind.fields());
    }
    page
}

/// The rows of one kind.
struct Rows<'p> {
    page: &'p mut String,
    /// Tables that were told already, by the names of their settings: where.
    told: BTreeMap<Vec<&'static str>, String>,
}

impl Rows<'_> {
    fn of(&mut self, way: &str, fields: &'static [Field]) {
        for field in fields {
            let way = format!("{way}{}", field.name);
            let mut meaning = cell(field.doc);
            let inner = table(&field.form);
            let again = inner.and_then(|(fields, _)| self.told.get(&names(fields)).cloned());
            if let Some(first) = &again {
                let _ = write!(meaning, " It has the settings of `{first}`.");
            }
            for word in words(&field.form) {
                let _ = write!(meaning, "<br>`{}`: {}", word.word, cell(word.doc));
            }
            let _ = writeln!(
                self.page,
                "| `{way}` | {} | {} | {meaning} |",
                cell(&holds(&field.form)),
                default(field)
            );
            if let (Some((fields, is_list)), None) = (inner, again) {
                let mark = if is_list { "[]" } else { "" };
                self.told.insert(names(fields), format!("{way}{mark}"));
                self.of(&format!("{way}{mark}."), fields);
            }
        }
    }
}

fn names(fields: &'static [Field]) -> Vec<&'static str> {
    fields.iter().map(|field| field.name).collect()
}

/// The settings inside of a setting, and whether there are several of them.
fn table(form: &Form) -> Option<(&'static [Field], bool)> {
    match form {
        Form::Record(fields) => Some((fields, false)),
        Form::List { of: Form::Record(fields), .. } => Some((fields, true)),
        _ => None,
    }
}

fn words(form: &Form) -> &'static [Word] {
    match form {
        Form::Choice(words) | Form::List { of: Form::Choice(words), .. } => words,
        Form::Either(Form::Choice(words), _) => words,
        _ => &[],
    }
}

/// What a setting may hold. The words of a choice stand with what they mean.
fn holds(form: &Form) -> String {
    match form {
        Form::Choice(_) => "one of the words".to_owned(),
        Form::Record(_) => "a table".to_owned(),
        Form::List { of, most } => match of {
            Form::Record(_) => format!("at most {most} tables"),
            Form::Choice(_) => format!("at most {most} of the words"),
            of => format!("at most {most}, each {}", holds(of)),
        },
        Form::Either(Form::Choice(_), other) => format!("one of the words, or {}", holds(other)),
        Form::Reference(kind) => kind.one(),
        form => form.expectation(),
    }
}

fn default(field: &Field) -> String {
    match field.default.map(|default| default()) {
        None => "**required**".to_owned(),
        Some(Value::Null) => String::new(),
        Some(Value::String(text)) if text.is_empty() => String::new(),
        Some(Value::Array(entries)) if entries.is_empty() => String::new(),
        Some(value) => format!("`{}`", cell(&value.to_string())),
    }
}

/// A bar would end the cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn capital(title: &str) -> String {
    let mut characters = title.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

/// As the page that shows the text makes it from a heading.
fn anchor(title: &str) -> String {
    let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-'));
    kept.map(|c| if c == ' ' { '-' } else { c }).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_has_a_row_with_its_form_default_and_meaning() {
        let page = page();
        for row in [
            "| `name` | a name of 1 to 50 letters, digits, spaces and . - _, for example \"branch-1\" | **required** | Its name. |",
            "| `servers` | at most 3, each a server | **required** | One to three nodes: the primary, then those that take over. |",
            "| `sip_listeners[].port` | a whole number from 0 to 65535 | `5060` | The port; 0 takes a free one. |",
            "## Date/Time group",
            "[Date/Time group](#datetime-group)",
        ] {
            assert!(page.contains(row), "{row}");
        }
    }

    #[test]
    fn the_page_of_settings_is_up_to_date() {
        let current = std::fs::read_to_string(workspace::root().join(PAGE)).unwrap_or_default();
        assert!(current == page(), "{PAGE} is out of date: run `cargo xtask settings`");
    }
}
