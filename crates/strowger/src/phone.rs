//! `strowger phone`: phones that came by themselves, and phones at a terminal, and what is sent to screens of phones.

mod desk;
mod push;
mod script;
mod sound;
mod terminal;
mod wire;

use serde_json::{Map, Value, json};

use crate::client::Place;
use crate::print;
use crate::table::{Table, terminal_width};

/// What is done.
#[derive(clap::Subcommand)]
pub(crate) enum PhoneCommand {
    /// List phones that came by themselves and that nobody has adopted.
    New {
        #[command(flatten)]
        place: Place,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Adopt a phone that came by itself: it stays, with its number or another one.
    Adopt {
        #[command(flatten)]
        place: Place,
        /// Its name, such as SEP001122334455.
        name: String,
        /// Its number, in place of the one that it was given.
        #[arg(long)]
        number: Option<String>,
        /// Who is shown to those who are called from it.
        #[arg(long)]
        display: Option<String>,
        /// For people.
        #[arg(long)]
        description: Option<String>,
        /// Whose it is: an end user.
        #[arg(long)]
        owner: Option<String>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Have an SCCP phone start anew, as if it had lost its power; it does so when it has no call.
    Reset(Order),
    /// Have an SCCP phone register again and ask what it is; it does so when it has no call.
    Restart(Order),
    /// Have an SCCP phone register again if something has changed that it was not told of; it does so when it has no call.
    Apply(Order),
    /// Be a phone that speaks SCCP: it shows its display, takes commands, speaks and hears.
    Sccp(terminal::SccpOptions),
    /// Be a phone that speaks SIP: it shows its calls, takes commands, speaks and hears.
    Sip(terminal::SipOptions),
    /// Remove a phone that came by itself with its line, and let it come no more.
    Refuse {
        #[command(flatten)]
        place: Place,
        /// Its name, such as SEP001122334455.
        name: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Send a text, a page or an XML object to the screen of an SCCP phone.
    Push(push::Push),
}

/// A phone that is told something.
#[derive(clap::Args)]
pub(crate) struct Order {
    #[command(flatten)]
    place: Place,
    /// Its name, such as SEP001122334455.
    name: String,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Does it.
///
/// # Errors
/// No server runs there, or it refuses.
pub(crate) fn run(command: &PhoneCommand) -> anyhow::Result<()> {
    match command {
        PhoneCommand::New { place, json } => {
            let body = place.running_server()?.get(PATH)?;
            if *json {
                return print::line(body);
            }
            print::print(list(&serde_json::from_str(&body)?, terminal_width()))
        }
        PhoneCommand::Sccp(options) => terminal::sccp(options),
        PhoneCommand::Sip(options) => terminal::sip(options),
        PhoneCommand::Reset(order) => begin_anew(order, "reset"),
        PhoneCommand::Restart(order) => begin_anew(order, "restart"),
        PhoneCommand::Apply(order) => begin_anew(order, "apply"),
        PhoneCommand::Adopt { place, name, number, display, description, owner, json } => {
            let given =
                [("number", number), ("display", display), ("description", description), ("owner", owner)];
            let body: Map<String, Value> = given
                .into_iter()
                .filter_map(|(setting, value)| Some((setting.to_owned(), json!(value.as_ref()?))))
                .collect();
            let answer = place.running_server()?.post(&path(name, "adopt"), &Value::Object(body))?;
            print::line(if *json { answer.to_string() } else { done(&answer, name, "is adopted") })
        }
        PhoneCommand::Refuse { place, name, json } => {
            let answer = place.running_server()?.post(&path(name, "refuse"), &json!({}))?;
            print::line(if *json { answer.to_string() } else { done(&answer, name, "is refused for good") })
        }
        PhoneCommand::Push(push) => push::run(push),
    }
}

fn begin_anew(order: &Order, what: &str) -> anyhow::Result<()> {
    let answer = order.place.running_server()?.post(&at(STATIONS, &order.name, what), &json!({}))?;
    print::line(if order.json { answer.to_string() } else { told(&answer, &order.name, what) })
}

/// What became of an order, in a sentence.
fn told(answer: &Value, name: &str, what: &str) -> String {
    match answer.get("state").and_then(Value::as_str).unwrap_or_default() {
        "when-idle" => format!("{name} has a call; the {what} follows when that is over"),
        "nothing-changed" => format!("{name} knows already what it is; nothing is to be applied"),
        _ if what == "apply" => format!("{name} was told to restart, to apply what has changed"),
        _ => format!("{name} was told to {what}"),
    }
}

fn done(answer: &Value, name: &str, what: &str) -> String {
    format!("{name} {what} (change {})", answer.get("change").and_then(Value::as_u64).unwrap_or_default())
}

/// A name is letters, digits and a few signs that addresses may have; others are refused by the server as unknown.
fn path(name: &str, what: &str) -> String {
    at(PATH, name, what)
}

fn at(path: &str, name: &str, what: &str) -> String {
    let safe: String = name.chars().filter(|it| it.is_ascii_alphanumeric() || ".-_".contains(*it)).collect();
    format!("{path}/{safe}/{what}")
}

fn list(body: &Value, width: Option<usize>) -> String {
    let mut table = Table::new(["Phone", "Model", "Line", "Description"], &[0, 2]);
    for row in body.get("newcomers").and_then(Value::as_array).into_iter().flatten() {
        let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        table.push([text("name"), text("model"), text("line"), text("description")]);
    }
    if table.is_empty() { "no phone waits to be adopted\n".to_owned() } else { table.text(width) }
}

const PATH: &str = "/api/v1/newcomers";
const STATIONS: &str = "/api/v1/stations";
