//! A call for which a location has no room.

use super::Context;
use super::baresip::{Account, Phone};
use super::capture::Capture;
use super::office::{hears, import, talk};
use super::server::Server;

/// A phone in a place with room for nobody is called: the caller is refused with the cause and the story says what was missing. With
/// room the next call is one like any other.
///
/// # Errors
/// What was not as it should be.
pub(super) fn no_room(context: &Context) -> Result<String, String> {
    let server = Server::lab(context, &[])?;
    let tables = [
        ("locations.csv", "name,audio\nhut,40\n"),
        ("lines.csv", "pattern,partition,search_space\n2002,internal,everything\n"),
        (
            "phones.csv",
            "name,lines.1.line,credentials.secret,more.location\nhut-1,internal:2002,far-away,hut\n",
        ),
    ];
    import(context, &server, &tables)?;
    let capture = Capture::start(&context.folder, &[server.udp.port()])?;
    let mut alice = Phone::register(&context.folder, &server.account("alice", "1001", 440))?;
    let bob =
        Account { number: "2002", user: "2002", secret: "far-away", ..server.account("bob", "1002", 700) };
    let mut bob = Phone::register(&context.folder, &bob)?;
    alice.dial("2002")?;
    let closed = alice.expect("CALL_CLOSED")?;
    if !closed["param"].as_str().unwrap_or_default().contains("488") {
        return Err(format!("the phone should show why it was refused: {closed}"));
    }
    server.wait_for_records(1)?;
    let story = server.explain_last()?;
    story.says(&["not enough bandwidth", "needs 80 kbit/s", "location hut has 40 kbit/s left"])?;
    import(context, &server, &[("locations.csv", "name,audio\nhut,80\n")])?;
    talk(&mut alice, &mut bob, "2002")?;
    hears("alice", &alice, 700.0)?;
    hears("bob", &bob, 440.0)?;
    alice.command("hangup", "")?;
    alice.expect("CALL_CLOSED")?;
    bob.expect("CALL_CLOSED")?;
    let captured = capture.finish()?;
    captured.is_clean()?;
    let reasons = captured.sip("sip.Reason", &["sip.Status-Code", "sip.Reason"])?;
    if !reasons.iter().any(|row| row.starts_with("488|") && row.contains("cause=125")) {
        return Err(format!("the refusal should name cause 125: {reasons:?}"));
    }
    server.wait_for_records(2)?;
    server.is_well()?;
    Ok(format!("“{}”; with more room the two heard each other", story.headline))
}
