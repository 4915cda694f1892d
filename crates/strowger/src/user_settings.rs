//! `strowger user-settings`: what users set by themselves, and setting it for them.

use serde_json::{Value, json};

use crate::client::Place;
use crate::print;
use crate::table::Table;

/// `strowger user-settings`
#[derive(clap::Args)]
pub(crate) struct UserSettingsOptions {
    #[command(flatten)]
    place: Place,
    /// Set this in place of listing: forward-all, forward-busy, forward-no-answer, forward-unregistered, do-not-disturb, hunt-log; call-back, with an empty value, ends what
    /// was asked for at the phone.
    #[arg(long, value_name = "SETTING")]
    set: Option<String>,
    /// The number, voice-mail or nowhere for forwards, as configured when not given; on or off for the others.
    #[arg(long, requires = "set")]
    to: Option<String>,
    /// The line.
    #[arg(long, requires = "set")]
    line: Option<String>,
    /// The partition of the line, where several have the same number.
    #[arg(long, requires = "line")]
    partition: Option<String>,
    /// The phone.
    #[arg(long, requires = "set")]
    phone: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Lists what users set, or sets something for one.
///
/// # Errors
/// No server runs there, or it refuses.
pub(crate) fn run(options: &UserSettingsOptions) -> anyhow::Result<()> {
    let server = options.place.running_server()?;
    if let Some(setting) = &options.set {
        let mut body = json!({ "setting": setting });
        let given = [
            ("value", &options.to),
            ("line", &options.line),
            ("partition", &options.partition),
            ("phone", &options.phone),
        ];
        for (name, value) in given {
            if let Some(value) = value {
                body[name] = json!(value);
            }
        }
        let answer = server.post(PATH, &body)?;
        let to = options.to.as_deref().unwrap_or("as configured");
        return print::line(if options.json { answer.to_string() } else { format!("{setting}: {to}") });
    }
    let body = server.get(PATH)?;
    if options.json {
        return print::line(body);
    }
    print::print(text(&serde_json::from_str(&body)?))
}

fn text(body: &Value) -> String {
    let mut table = Table::new(["Line", "Phone", "Setting", "Value", "By", "Since (UTC)"], &[1]);
    for row in body.get("user_settings").and_then(Value::as_array).into_iter().flatten() {
        let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let by = if text("by").is_empty() { "phone".to_owned() } else { text("by") };
        table.push([text("line"), text("phone"), text("setting"), text("value"), by, text("at")]);
    }
    if table.is_empty() { "nobody has set anything\n".to_owned() } else { table.text(None) }
}

const PATH: &str = "/api/v1/user_settings";
