//! `strowger phone push`: what is sent to the screen of a phone.

use std::path::PathBuf;

use anyhow::Context;
use serde_json::{Map, Value, json};

use crate::client::Place;
use crate::print;

/// What is sent, and where.
#[derive(clap::Args)]
#[command(group(clap::ArgGroup::new("what").required(true).args(["text", "url", "file"])))]
pub(crate) struct Push {
    #[command(flatten)]
    place: Place,
    /// Its name, such as SEP001122334455.
    name: String,
    /// A text that it shows.
    #[arg(long)]
    text: Option<String>,
    /// What stands above the text.
    #[arg(long, requires = "text")]
    title: Option<String>,
    /// What it opens: a page, or what phones do by themselves, such as Key:Services or Dial:1001.
    #[arg(long)]
    url: Option<String>,
    /// A file with an XML object, such as CiscoIPPhoneMenu.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// 0 at once, 1 when the phone is idle, 2 only if it is.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=2))]
    priority: u8,
    /// The number of the application that sends it.
    #[arg(long)]
    application: Option<u32>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Sends it, and tells what the phone answered.
///
/// # Errors
/// The file cannot be read, no server runs there, it refuses, or the phone does.
pub(super) fn run(push: &Push) -> anyhow::Result<()> {
    let mut body = Map::new();
    let file = match &push.file {
        None => None,
        Some(path) => {
            let text = std::fs::read_to_string(path);
            Some(text.with_context(|| format!("cannot read {}", path.display()))?)
        }
    };
    for (name, value) in
        [("text", &push.text), ("title", &push.title), ("url", &push.url), ("document", &file)]
    {
        body.extend(value.as_ref().map(|value| (name.to_owned(), json!(value))));
    }
    body.insert("priority".to_owned(), json!(push.priority));
    body.extend(push.application.map(|number| ("application".to_owned(), json!(number))));
    let safe: String =
        push.name.chars().filter(|it| it.is_ascii_alphanumeric() || ".-_".contains(*it)).collect();
    let path = format!("/api/v1/phones/{safe}/push");
    let answer = push.place.running_server()?.post(&path, &Value::Object(body))?;
    if push.json {
        return print::line(answer.to_string());
    }
    let told = told(&answer, &push.name);
    if answer["answered"] == true && answer["success"] != true {
        anyhow::bail!(told)
    } else {
        print::line(told)
    }
}

fn told(answer: &Value, name: &str) -> String {
    let words = answer["answer"].as_str().unwrap_or_default();
    match (answer["answered"].as_bool(), answer["success"].as_bool()) {
        (Some(true), Some(true)) => format!("{name} took it: {words}"),
        (Some(true), _) => format!("{name} did not take it: {words}"),
        _ => format!("it was sent to {name}, which has not answered"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_phone_answered_is_told() {
        let check = |answered: bool, success: bool, expect: &str| {
            let answer = json!({ "answered": answered, "success": success, "answer": "Success" });
            assert_eq!(told(&answer, "SEP0"), expect);
        };
        check(true, true, "SEP0 took it: Success");
        check(true, false, "SEP0 did not take it: Success");
        check(false, false, "it was sent to SEP0, which has not answered");
    }
}
