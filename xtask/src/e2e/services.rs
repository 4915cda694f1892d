//! What the server plays: echo, announcement and the tone of call waiting.

use std::time::Duration;

use super::Context;
use super::baresip::{Account, Phone};
use super::office::{Office, TALK, apply, hears, import, talk};
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

/// Two talk, and a third one calls one of them, whose phone makes no tone of call waiting: the server mixes it into what it hears, and the
/// other one hears nothing of it.
///
/// # Errors
/// What was not as it should be.
pub(super) fn call_waiting(context: &Context) -> Result<String, String> {
    let Office { server, capture, mut alice, mut bob, mut carol } = Office::open(context, &[])?;
    apply(context, &server, "[[sip_profile]]\nname = \"silent\"\ncall_waiting_tone = \"server\"\n")?;
    import(
        context,
        &server,
        &[("phones.csv", "name,sip_profile,more.network_locale\nSIP-1001,silent,Germany\n")],
    )?;
    talk(&mut alice, &mut bob, "1002")?;
    let before = alice.heard()?.most_of(425.0);
    carol.dial("1001")?;
    alice.expect("CALL_INCOMING")?;
    alice.talk(2 * TALK);
    let waits = alice.heard()?.last_seconds(7.0).most_of(425.0);
    // It is mixed into a voice that is twelve decibels louder.
    if before > 0.005 || waits < 0.02 {
        return Err(format!(
            "at most {waits:.3} of what alice hears is the tone of call waiting, and {before:.3} before"
        ));
    }
    hears("bob", &bob, 440.0)?;
    carol.command("hangup", "")?;
    alice.talk(TALK);
    hears("alice", &alice, 700.0)?;
    bob.command("hangup", "")?;
    bob.expect("CALL_CLOSED")?;
    capture.finish()?.is_clean()?;
    server.wait_for_records(2)?;
    server.is_well()?;
    Ok(format!(
        "while the third one rang, {waits:.2} of a quarter of a second was the tone; the other one heard none"
    ))
}
