//! Calls of three, in which phones of either protocol have a part.

use std::net::SocketAddr;

use super::{Outside, PAIRS, TONES, program};
use crate::e2e::Context;
use crate::e2e::baresip::Phone;
use crate::e2e::conference::{self, hears_the_others};
use crate::e2e::office::{TALK, hears};
use crate::e2e::ports;
use crate::e2e::server::Server;

/// What baresip says, in hertz.
const ALICE: u32 = 440;

/// A server, baresip at 1001, and the two phones that are there.
struct Three {
    alice: Phone,
    one: Outside,
    other: Outside,
    /// The number of the one.
    own: String,
    /// The number of the other.
    called: String,
}

impl Three {
    /// The one and baresip talk; whether the one called.
    fn talk(&mut self, one_calls: bool) -> Result<(), String> {
        if one_calls {
            self.one.does("call 1001")?;
            self.alice.expect("CALL_INCOMING")?;
            self.alice.command("accept", "")?;
            self.one.tells("state Connected")?;
        } else {
            self.alice.dial(&self.own)?;
            self.one.answers()?;
        }
        self.alice.expect("CALL_ESTABLISHED")?;
        self.alice.talk(TALK);
        hears("baresip", &self.alice, f64::from(TONES[0]))?;
        self.one.hears("the one", ALICE)
    }

    /// The one asks the other by a key for two calls, and the other answers.
    fn consults(&mut self, key: &str) -> Result<(), String> {
        self.one.does(key)?;
        self.one.tells("state OffHook")?;
        self.one.does(&format!("dial {}", self.called))?;
        self.other.answers()?;
        self.one.tells("state Connected")?;
        Ok(())
    }

    /// Baresip and the other talk; baresip hangs up.
    fn end_with_alice(&mut self) -> Result<(), String> {
        // A recording begins anew with each call, and a call whose media moves goes on with it.
        self.alice.talk(2 * TALK);
        hears("baresip", &self.alice, f64::from(TONES[1]))?;
        self.other.hears("the other", ALICE)?;
        self.alice.command("hangup", "")?;
        self.alice.expect("CALL_CLOSED")?;
        self.other.tells("state OnHook")?;
        Ok(())
    }
}

fn with_each_pair(
    context: &Context,
    mut plays: impl FnMut(&mut Three) -> Result<(), String>,
) -> Result<(), String> {
    let (program, port) = (program()?, ports::one()?);
    let server = Server::lab(context, &["--sccp-port", &port.to_string()])?;
    let at = SocketAddr::from(([127, 0, 0, 1], port));
    let mut alice = Phone::register(&context.folder, &server.account("alice", "1001", ALICE))?;
    for pair in PAIRS {
        let ([one, other], [own, called]) = Outside::pair(&program, &context.folder, at, pair)?;
        let mut three = Three { alice, one, other, own, called };
        plays(&mut three).map_err(|error| format!("versions {:?}: {error}", pair.0))?;
        three.one.is_content()?;
        three.other.is_content()?;
        alice = three.alice;
    }
    server.is_well()
}

/// Transfers across: a phone of either protocol is sent on by one of the other, after the third was asked and without; all hear whom they
/// are with.
///
/// # Errors
/// What was not as it should be.
pub(crate) fn transfer(context: &Context) -> Result<String, String> {
    with_each_pair(context, |three| {
        // SCCP sends SIP on to SCCP, when the other has answered.
        three.talk(false)?;
        three.consults("key Transfer")?;
        three.one.does("key Transfer")?;
        three.one.tells("state OnHook")?;
        three.end_with_alice()?;
        // The same while it rings there.
        three.talk(true)?;
        three.one.does("key Transfer")?;
        three.one.tells("state OffHook")?;
        three.one.does(&format!("dial {}", three.called))?;
        three.one.tells("state RingOut")?;
        three.one.does("key Transfer")?;
        three.one.tells("state OnHook")?;
        three.other.answers()?;
        three.end_with_alice()?;
        // SIP sends SCCP on to SCCP.
        three.talk(true)?;
        three.alice.command("transfer", &three.called)?;
        three.other.answers()?;
        three.alice.expect("CALL_CLOSED")?;
        three.alice.talk(TALK);
        three.one.hears("the one", TONES[1])?;
        three.other.hears("the other", TONES[0])?;
        three.other.does("put")?;
        three.one.tells("state OnHook")?;
        Ok(())
    })?;
    let count = 3 * PAIRS.len();
    Ok(format!("{count} transfers between SCCP in six versions and SIP; each heard whom it came to"))
}

/// A conference of both: an SCCP phone brings baresip and another SCCP phone together; each hears the two others. Then baresip leaves, and
/// the two that are left hear each other.
///
/// # Errors
/// What was not as it should be.
pub(crate) fn confer(context: &Context) -> Result<String, String> {
    let mut shares = Vec::new();
    with_each_pair(context, |three| {
        three.talk(true)?;
        three.consults("key Conference")?;
        three.one.does("key Conference")?;
        let shown = three.one.tells(&format!("parties {} \"\" to B", three.own))?;
        if !shown.contains("Conference") {
            return Err(format!("the conference is shown as {shown}"));
        }
        three.alice.talk(conference::TALK);
        let [one, other] = TONES;
        let recordings = [
            ("the one", three.one.heard(3.0)?, [ALICE, other], one),
            ("the other", three.other.heard(3.0)?, [ALICE, one], other),
            ("baresip", three.alice.heard()?.last_seconds(3.0), TONES, ALICE),
        ];
        for (who, heard, others, own) in &recordings {
            shares.push(hears_the_others(who, heard, others, *own)?);
        }
        three.alice.command("hangup", "")?;
        three.alice.expect("CALL_CLOSED")?;
        three.alice.talk(TALK);
        three.one.hears("the one", other)?;
        three.other.hears("the other", one)?;
        three.one.does("put")?;
        three.one.tells("state OnHook")?;
        three.other.tells("state OnHook")?;
        Ok(())
    })?;
    Ok(format!("each of three heard the two others ({}), and then the two that were left", shares.join(", ")))
}
