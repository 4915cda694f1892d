//! Calls that do not come about: each must end as a voice engineer expects, and the story must say why.

use super::Context;
use super::baresip::{Account, Phone};
use super::capture::Capture;
use super::configuration::Configuration;
use super::server::Server;
use super::sipp::{self, Sipp};

/// What the wire and the story must show after a call that failed.
struct Expected<'a> {
    /// In the ladder, in this order.
    ladder: &'a [&'a str],
    /// In the sentence that tells why.
    words: &'a [&'a str],
}

fn judge(server: &Server, capture: Capture, expected: &Expected<'_>) -> Result<String, String> {
    let captured = capture.finish()?;
    let ladder = captured.ladder()?;
    let mut rest = ladder.iter();
    for wanted in expected.ladder {
        if !rest.any(|line| line == wanted) {
            return Err(format!("`{wanted}` is not (or not there) in the ladder: {}", ladder.join(", ")));
        }
    }
    captured.is_clean()?;
    let story = server.explain_last()?;
    story.says(expected.words)?;
    server.is_well()?;
    Ok(format!("“{}”", story.headline))
}

/// The called phone is busy and says so.
///
/// # Errors
/// What was not as it should be.
pub(super) fn busy(context: &Context) -> Result<String, String> {
    let server = Server::lab(context, &[])?;
    let capture = Capture::start(&context.folder, &[server.udp.port()])?;
    let mut alice = Phone::register(&context.folder, &server.account("alice", "1001", 440))?;
    let _bob = answerer(context, &server, "1002", "busy.xml")?;
    alice.dial("1002")?;
    alice.expect("CALL_CLOSED")?;
    judge(
        &server,
        capture,
        &Expected { ladder: &["486 INVITE", "486 INVITE"], words: &["1001", "1002", "busy"] },
    )
}

/// The called person refuses.
///
/// # Errors
/// What was not as it should be.
pub(super) fn reject(context: &Context) -> Result<String, String> {
    let server = Server::lab(context, &[])?;
    let capture = Capture::start(&context.folder, &[server.udp.port()])?;
    let mut alice = Phone::register(&context.folder, &server.account("alice", "1001", 440))?;
    let _bob = answerer(context, &server, "1002", "reject.xml")?;
    alice.dial("1002")?;
    alice.expect("CALL_CLOSED")?;
    judge(
        &server,
        capture,
        &Expected { ladder: &["603 INVITE", "603 INVITE"], words: &["1001", "1002", "refused"] },
    )
}

/// It rings and nobody answers.
///
/// # Errors
/// What was not as it should be.
pub(super) fn no_answer(context: &Context) -> Result<String, String> {
    let mut configuration = Configuration::new("strowger.test", 0);
    configuration.line("1001", "secret-of-1001");
    configuration.line("1002", "secret-of-1002");
    configuration.no_answer(2);
    let mut server = Server::serve(context, &configuration)?;
    server.set_secret("1001", "secret-of-1001");
    server.set_secret("1002", "secret-of-1002");
    let capture = Capture::start(&context.folder, &[server.udp.port()])?;
    let mut alice = Phone::register(&context.folder, &server.account("alice", "1001", 440))?;
    let mut bob = Phone::register(&context.folder, &server.account("bob", "1002", 700))?;
    alice.dial("1002")?;
    bob.expect("CALL_INCOMING")?;
    alice.expect("CALL_RINGING")?;
    alice.expect("CALL_CLOSED")?;
    bob.expect("CALL_CLOSED")?;
    let expected =
        Expected { ladder: &["180 INVITE", "CANCEL 1002", "480 INVITE"], words: &["1001", "1002", "answer"] };
    judge(&server, capture, &expected)
}

/// The caller gives up while it rings.
///
/// # Errors
/// What was not as it should be.
pub(super) fn cancel(context: &Context) -> Result<String, String> {
    let server = Server::lab(context, &[])?;
    let capture = Capture::start(&context.folder, &[server.udp.port()])?;
    let mut alice = Phone::register(&context.folder, &server.account("alice", "1001", 440))?;
    let mut bob = Phone::register(&context.folder, &server.account("bob", "1002", 700))?;
    alice.dial("1002")?;
    bob.expect("CALL_INCOMING")?;
    alice.expect("CALL_RINGING")?;
    alice.command("hangup", "")?;
    alice.expect("CALL_CLOSED")?;
    bob.expect("CALL_CLOSED")?;
    let expected = Expected {
        ladder: &["180 INVITE", "CANCEL 1002", "487 INVITE"],
        words: &["1001", "1002", "gave up"],
    };
    judge(&server, capture, &expected)
}

/// The number exists, but no phone is registered on it.
///
/// # Errors
/// What was not as it should be.
pub(super) fn absent(context: &Context) -> Result<String, String> {
    let server = Server::lab(context, &[])?;
    let capture = Capture::start(&context.folder, &[server.udp.port()])?;
    let mut alice = Phone::register(&context.folder, &server.account("alice", "1001", 440))?;
    alice.dial("1003")?;
    alice.expect("CALL_CLOSED")?;
    judge(
        &server,
        capture,
        &Expected { ladder: &["INVITE 1003", "480 INVITE"], words: &["1003", "registered"] },
    )
}

/// The number leads nowhere.
///
/// # Errors
/// What was not as it should be.
pub(super) fn unknown_number(context: &Context) -> Result<String, String> {
    let server = Server::lab(context, &[])?;
    let capture = Capture::start(&context.folder, &[server.udp.port()])?;
    let mut alice = Phone::register(&context.folder, &server.account("alice", "1001", 440))?;
    alice.dial("4711")?;
    alice.expect("CALL_CLOSED")?;
    judge(
        &server,
        capture,
        &Expected { ladder: &["INVITE 4711", "404 INVITE"], words: &["1001", "4711", "nowhere"] },
    )
}

/// A phone with a wrong password is refused, is not registered, and the operator can see who tried.
///
/// # Errors
/// What was not as it should be.
pub(super) fn wrong_password(context: &Context) -> Result<String, String> {
    let server = Server::lab(context, &[])?;
    let capture = Capture::start(&context.folder, &[server.udp.port()])?;
    let account = Account { secret: "not-this-one", ..server.account("mallory", "1001", 440) };
    let mallory = Phone::start(&context.folder, &account)?;
    mallory.prints("403 Forbidden")?;
    let ladder = capture.finish()?.ladder()?;
    if ladder.iter().any(|line| line == "200 REGISTER") {
        return Err(format!("a wrong password was accepted: {}", ladder.join(", ")));
    }
    if !ladder.iter().any(|line| line == "403 REGISTER" || line == "401 REGISTER") {
        return Err(format!("the phone was not refused: {}", ladder.join(", ")));
    }
    let said = server.refusal("1001")?;
    Ok(format!("“{said}”"))
}

/// A phone played by sipp: it registers with its secret, then handles calls as the scenario says.
fn answerer(context: &Context, server: &Server, number: &str, scenario: &str) -> Result<Sipp, String> {
    let port = super::ports::one()?;
    sipp::register(context, server, number, port)?;
    let (file, port_text) = (sipp::script_of(scenario), port.to_string());
    let limit = std::time::Duration::from_secs(30);
    let arguments = ["-sf", &file, "-i", "127.0.0.1", "-p", &port_text];
    let mut sipp = Sipp::start(&context.folder, "answerer", limit, &arguments)?;
    sipp.ready(([127, 0, 0, 1], port).into())?;
    Ok(sipp)
}
