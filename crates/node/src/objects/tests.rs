mod extents;
mod faults;
mod parts;
mod stations;
mod ways;

use std::sync::Arc;

use strowger_configuration::files::{Document, File};
use strowger_configuration::proposal::Scope;
use strowger_configuration::reader::{AlreadySealed, Names};

use super::*;
use crate::configuration::Configuration;

/// Nothing is sealed here; what begins with `!` cannot be opened.
struct Open;

impl Secrets for Open {
    fn reveal(&self, setting: &str, sealed: &str) -> Result<Secret<Box<str>>, String> {
        match sealed.strip_prefix('!') {
            Some(_) => Err(format!("the {setting} was sealed elsewhere")),
            None => Ok(Secret::new(sealed.into())),
        }
    }
}

/// What becomes of `before` with this text.
fn changed(before: &State, toml: &str) -> State {
    let files = [File { name: "all.toml".to_owned(), text: toml.to_owned() }];
    let document = Document::read(&files).unwrap_or_else(|wrong| panic!("{wrong:?}"));
    let mut last = before.len() as u128 + 1000 * before.hash().to_string().len() as u128;
    let mut new_id = || {
        last += 1;
        Id::from_random(last << 80 | last)
    };
    let operations = document
        .proposal(before, Scope::Whole, &AlreadySealed, &mut new_id)
        .unwrap_or_else(|wrong| panic!("{wrong:?}"));
    before.changed(&operations).unwrap_or_else(|refused| panic!("{refused:?}"))
}

/// What people call an object.
fn called(state: &State, kind: Kind, id: Id) -> String {
    format!("{} {}", kind.title(), state.name(kind, id))
}

fn state(toml: &str) -> State {
    changed(&State::default(), toml)
}

fn translated(toml: &str) -> (State, Translated) {
    let state = state(toml);
    let translated = draft(&state, &Open);
    assert_eq!(translated.faults.iter().map(ToString::to_string).collect::<Vec<_>>(), [] as [&str; 0]);
    (state, translated)
}

/// The configuration that a text gives.
fn built(toml: &str) -> Arc<Configuration> {
    let (state, translated) = translated(toml);
    let built = translated.draft.build();
    Arc::new(built.unwrap_or_else(|errors| panic!("{:#?}", translated.origins.faults(&state, &errors))))
}
