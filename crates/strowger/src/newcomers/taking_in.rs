//! What a phone is given that nobody has configured.

use std::fmt;

use serde_json::{Map, Value, json};
use strowger_configuration::kinds::AutoRegistration;
use strowger_configuration::proposal::{Scope, Wanted};
use strowger_configuration::reader::{Directory as _, Names as _};
use strowger_configuration::setting::Ref;
use strowger_configuration::{Kind, Object, Purpose, State};
use strowger_node::io::Stranger;

use crate::configuration::ChangeError;
use crate::keeper::{Keeper, Order, PlanError, random_id};

/// Why a phone is not taken in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Refusal {
    /// It is configured by now.
    Known,
    /// Nobody is taken in.
    Off,
    /// It was refused for good.
    Refused,
    /// All numbers are given away.
    NoNumber {
        /// The first of them.
        first: Box<str>,
        /// The last.
        last: Box<str>,
    },
    /// The change was not accepted.
    NotStored(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Known => f.write_str("it is configured"),
            Refusal::Off => f.write_str("auto-registration is off"),
            Refusal::Refused => f.write_str(
                "it was refused for good; take it out of `refused` of auto_registration to let it come",
            ),
            Refusal::NoNumber { first, last } => {
                write!(f, "all numbers from {first} to {last} are given away; give auto_registration more")
            }
            Refusal::NotStored(why) => write!(f, "the configuration does not take it: {why}"),
        }
    }
}

/// Gives a phone a number, and returns that.
pub(super) fn take_in(keeper: &Keeper, stranger: &Stranger) -> Result<String, Refusal> {
    let mut passed_over = Vec::new();
    let mut conflicts = 0;
    loop {
        let live = keeper.live();
        let (number, wanted) = wanted(&live.state, stranger, &passed_over)?;
        let order = Order {
            id: random_id(),
            author: AUTHOR.into(),
            message: format!("{} came from {}", stranger.name, stranger.peer.ip()).into(),
            confirm_within: None,
        };
        let plan = keeper.plan(&live, &wanted, Scope::Objects);
        match plan.and_then(|plan| keeper.carry_out(plan, order, Purpose::Lasting)) {
            Ok(_) => return Ok(number),
            // Somebody else changed something: with that it may be another number.
            Err(PlanError::Change(ChangeError::Conflict { .. })) if conflicts < TRIES => conflicts += 1,
            // Something else has the number: the next one.
            Err(PlanError::Refused(_) | PlanError::Change(ChangeError::Refused(_)))
                if passed_over.len() < TRIES =>
            {
                passed_over.push(number);
            }
            Err(error) => return Err(Refusal::NotStored(why(&error))),
        }
    }
}

/// Why a plan is not carried out, for the log.
fn why(error: &PlanError) -> String {
    match error {
        PlanError::Mistakes(mistakes) => {
            let all: Vec<String> = mistakes.iter().map(|mistake| mistake.problem.to_string()).collect();
            all.join("; ")
        }
        PlanError::Refused(sentences) => sentences.join("; "),
        PlanError::Change(ChangeError::OnTrial(_)) => {
            "another change waits for its confirmation (strowger confirm, strowger revert)".to_owned()
        }
        PlanError::Change(error) => format!("{error:?}"),
        PlanError::History(error) => format!("{error:?}"),
    }
}

/// Who makes these changes, as the history has it.
const AUTHOR: &str = "auto-registration";
/// How often it is tried again when others change the configuration at the same time, and how many numbers are tried that something else has.
const TRIES: usize = 8;

/// The number that a phone gets, and the objects that it takes; those numbers are passed over that were tried before.
fn wanted(
    state: &State,
    stranger: &Stranger,
    passed_over: &[String],
) -> Result<(String, Vec<Wanted>), Refusal> {
    let name = &*stranger.name;
    let rules = state.all::<AutoRegistration>().next().map(|(_, it)| it).filter(|it| it.enabled);
    let rules = rules.ok_or(Refusal::Off)?;
    if state.find(Kind::Phone, name).is_some() {
        return Err(Refusal::Known);
    }
    if rules.refused.iter().any(|refused| refused.as_str() == name) {
        return Err(Refusal::Refused);
    }
    let partition = rules.partition.map(|it| reference(state, it));
    let key = |number: &str| match &partition {
        Some(partition) => format!("{partition}:{number}"),
        None => number.to_owned(),
    };
    let number = numbers(rules)
        .find(|number| !passed_over.contains(number) && state.find(Kind::Line, &key(number)).is_none());
    let number = number.ok_or_else(|| {
        let [first, last] = [&rules.first, &rules.last]
            .map(|it| it.as_ref().map(|it| it.as_str().into()).unwrap_or_default());
        Refusal::NoNumber { first, last }
    })?;
    let mut line = table(json!({ "pattern": number, "description": format!("given to {name}") }));
    put(&mut line, "partition", partition.as_ref());
    put(&mut line, "search_space", rules.search_space.map(|it| reference(state, it)).as_ref());
    let mut phone = table(json!({
        "name": name,
        "description": format!("came by itself from {}", stranger.peer.ip()),
        "protocol": "sccp",
        "lines": [{ "line": key(&number) }],
        "more": { "auto_registered": true },
    }));
    // What it says of itself may be anything.
    let is_word =
        |model: &str| !model.is_empty() && model.chars().all(|it| it.is_ascii_alphanumeric() || it == '-');
    put(&mut phone, "model", Some(stranger.model.to_string()).filter(|model| is_word(model)).as_ref());
    put(&mut phone, "device_pool", rules.device_pool.map(|it| reference(state, it)).as_ref());
    put(&mut phone, "button_template", rules.button_template.map(|it| reference(state, it)).as_ref());
    let object = |kind, table| Wanted { kind, renamed_from: None, table };
    Ok((number, vec![object(Kind::Line, line), object(Kind::Phone, phone)]))
}

/// All numbers that may be given away, in their order.
fn numbers(rules: &AutoRegistration) -> impl Iterator<Item = String> + use<> {
    let bounds = rules.first.as_ref().zip(rules.last.as_ref()).and_then(|(first, last)| {
        let width = first.as_str().len();
        Some((first.as_str().parse::<u64>().ok()?, last.as_str().parse::<u64>().ok()?, width))
    });
    bounds.into_iter().flat_map(|(first, last, width)| {
        (first..=last).take(NUMBERS_MAX).map(move |number| format!("{number:0width$}"))
    })
}

/// More numbers are not looked at to find one that is free.
const NUMBERS_MAX: usize = 100_000;

/// How an object is referred to.
fn reference<T: Object>(state: &State, of: Ref<T>) -> String {
    state.name(T::KIND, of.id())
}

fn table(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(table) => table,
        _ => Map::new(),
    }
}

fn put(table: &mut Map<String, Value>, name: &str, value: Option<&String>) {
    if let Some(value) = value {
        table.insert(name.to_owned(), json!(value));
    }
}
