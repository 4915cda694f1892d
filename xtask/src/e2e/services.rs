//! The destinations inside the server: echo and announcement.

use std::time::Duration;

use super::Context;
use super::baresip::{Account, Phone};
use super::server::Server;

/// The part of the energy that an echoed tone must have.
const CLEAR: f64 = 0.9;
/// The tone of the announcement by which a line is measured.
const MILLIWATT: f64 = 1004.0;

/// 9999 sends back what it hears, in µ-law, A-law and G.722.
///
/// # Errors
/// What was not as it should be.
pub(super) fn echo(context: &Context) -> Result<String, String> {
    let server = Server::lab(context, &[])?;
    for (name, codec) in [("alice", "PCMU/8000/1"), ("amber", "PCMA/8000/1"), ("anton", "G722/16000/1")] {
        let account = Account { codec, ..server.account(name, "1001", 440) };
        let mut phone = Phone::register(&context.folder, &account)?;
        phone.dial("9999")?;
        phone.expect("CALL_ESTABLISHED")?;
        phone.talk(Duration::from_millis(2500));
        phone.command("hangup", "")?;
        phone.expect("CALL_CLOSED")?;
        let share = phone.heard()?.share_of(440.0);
        if share < CLEAR {
            return Err(format!("{codec}: only {share:.2} of what came back was the tone"));
        }
    }
    server.explain_last()?.tells(&["1001", "9999", "echo"])?;
    Ok("the tone came back in µ-law, A-law and G.722".into())
}

/// 9998 plays something and hangs up by itself.
///
/// # Errors
/// What was not as it should be.
pub(super) fn announcement(context: &Context) -> Result<String, String> {
    let server = Server::lab(context, &[])?;
    let mut phone = Phone::register(&context.folder, &server.account("alice", "1001", 440))?;
    phone.dial("9998")?;
    phone.expect("CALL_ESTABLISHED")?;
    phone.expect_within("CALL_CLOSED", Duration::from_secs(60))?;
    let recording = phone.heard()?;
    let share = recording.share_of(MILLIWATT);
    if share < CLEAR {
        return Err(format!(
            "only {share:.2} of the loudest of {:.1} s is {MILLIWATT} Hz",
            recording.seconds()
        ));
    }
    server.explain_last()?.tells(&["1001", "9998", "announcement"])?;
    Ok(format!("{:.1} s were heard, the milliwatt tone in them, and the server hung up", recording.seconds()))
}
