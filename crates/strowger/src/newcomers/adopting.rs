//! What becomes of phones that were given a number when they came: somebody adopts them, or refuses them for good.

use serde_json::{Map, Value, json};
use strowger_configuration::kinds::{AutoRegistration, Phone};
use strowger_configuration::proposal::Wanted;
use strowger_configuration::reader::{Directory as _, Names as _};
use strowger_configuration::{Id, Kind, State};

/// What an adopted phone becomes.
#[derive(Clone, Default, Debug)]
pub(crate) struct Adoption {
    /// Its number, in place of the one that it was given.
    pub(crate) number: Option<String>,
    /// For people.
    pub(crate) description: Option<String>,
    /// Whose it is.
    pub(crate) owner: Option<String>,
    /// Who is shown to others who are called from it.
    pub(crate) display: Option<String>,
}

/// Whether nobody has adopted a phone yet that came by itself.
pub(crate) fn is_newcomer(phone: &Phone) -> bool {
    phone.more.as_deref().is_some_and(|more| more.auto_registered)
}

/// The phone with this name, when it came by itself and nobody has adopted it.
fn newcomer<'s>(state: &'s State, name: &str) -> Result<(Id, &'s Phone), String> {
    let found = state.find(Kind::Phone, name);
    let phone = found.and_then(|id| state.all::<Phone>().find(|(it, _)| *it == id));
    match phone {
        None => Err(format!("there is no phone {name:?}")),
        Some((_, phone)) if !is_newcomer(phone) => {
            Err(format!("the phone {name:?} did not come by itself, or is adopted already"))
        }
        Some(found) => Ok(found),
    }
}

/// The objects as they are when the phone is adopted.
///
/// # Errors
/// There is no such phone, or it is adopted.
pub(crate) fn adopt(state: &State, name: &str, adoption: &Adoption) -> Result<Vec<Wanted>, String> {
    let (id, phone) = newcomer(state, name)?;
    let mut table = settings(state, id);
    if let Some(Value::Object(more)) = table.get_mut("more") {
        more.remove("auto_registered");
    }
    put(&mut table, "description", adoption.description.as_ref());
    put(&mut table, "owner", adoption.owner.as_ref());
    let line = phone.lines.iter().next().map(|button| button.line.id());
    let mut wanted = vec![];
    if let Some(line) = line.filter(|_| adoption.number.is_some() || adoption.display.is_some()) {
        let mut changed = settings(state, line);
        let renamed_from = Some(state.name(Kind::Line, line));
        put(&mut changed, "pattern", adoption.number.as_ref());
        put(&mut changed, "display", adoption.display.as_ref());
        if let (Some(number), Some(Value::Array(lines))) = (&adoption.number, table.get_mut("lines")) {
            let partition = changed.get("partition").and_then(Value::as_str);
            let key = partition.map_or_else(|| number.clone(), |partition| format!("{partition}:{number}"));
            if let Some(Value::Object(button)) = lines.first_mut() {
                button.insert("line".to_owned(), json!(key));
            }
        }
        wanted.push(Wanted { kind: Kind::Line, renamed_from, table: changed });
    }
    wanted.push(Wanted { kind: Kind::Phone, renamed_from: None, table });
    Ok(wanted)
}

/// What is there when the phone is refused for good, and what is not any more: the phone, and lines that it alone has.
///
/// # Errors
/// There is no such phone, or it is adopted.
pub(crate) fn refuse(state: &State, name: &str) -> Result<(Vec<Wanted>, Vec<Id>), String> {
    let (id, phone) = newcomer(state, name)?;
    let others = || state.all::<Phone>().filter(|(other, _)| *other != id);
    let is_shared = |line: Id| others().any(|(_, other)| other.lines.iter().any(|it| it.line.id() == line));
    let mut removed: Vec<Id> =
        phone.lines.iter().map(|button| button.line.id()).filter(|line| !is_shared(*line)).collect();
    removed.push(id);
    let rules = state.all::<AutoRegistration>().next();
    let mut table = rules.map(|(id, _)| settings(state, id)).unwrap_or_default();
    let refused = table.entry("refused").or_insert_with(|| json!([]));
    if let Value::Array(names) = refused {
        names.push(json!(name));
    }
    Ok((vec![Wanted { kind: Kind::AutoRegistration, renamed_from: None, table }], removed))
}

/// An object as files write it.
fn settings(state: &State, id: Id) -> Map<String, Value> {
    state.entry(id).map(|entry| entry.object().write(state)).unwrap_or_default()
}

fn put(table: &mut Map<String, Value>, name: &str, value: Option<&String>) {
    if let Some(value) = value {
        table.insert(name.to_owned(), json!(value));
    }
}
