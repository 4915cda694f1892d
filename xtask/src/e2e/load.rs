//! sipp by the thousand: not one call may fail.

use std::fmt::Write as _;
use std::time::Duration;

use super::Context;
use super::baresip::free_port;
use super::configuration::Configuration;
use super::server::Server;
use super::sipp::{Counts, Sipp, scenario};
use crate::bench::data::{self, FIRST_USER};

/// Users of the load scenarios, and so units of each.
const USERS: usize = 1000;
/// Units a second; a modest laptop does ten times that.
const RATE: &str = "200";
const LIMIT: Duration = Duration::from_secs(60);

/// Ports and server of one load.
struct Stage {
    server: Server,
    caller_port: String,
    answerer_port: u16,
    server_address: String,
    users: String,
    pairs: String,
}

impl Stage {
    /// 1,000 lines, a trunk for the calling side, and a trunk to the answering side for `route`.
    fn set(context: &Context, route: &str) -> Result<Stage, String> {
        let (caller, answerer) = (free_port()?, free_port()?);
        let mut configuration = Configuration::new("bench.test");
        for user in FIRST_USER..FIRST_USER + USERS {
            configuration.line(&user.to_string(), &format!("pw-{user}"));
        }
        configuration.trunk("caller", caller);
        configuration.trunk("answerer", answerer);
        configuration.route(route, "answerer");
        let server = Server::serve(context, &configuration)?;
        let (users, pairs) = data::sipp(&context.folder, USERS)?;
        Ok(Stage {
            server_address: server.udp.to_string(),
            server,
            caller_port: caller.to_string(),
            answerer_port: answerer,
            users: users.display().to_string(),
            pairs: pairs.display().to_string(),
        })
    }

    fn play(&self, context: &Context, name: &str, arguments: &[&str]) -> Result<(), String> {
        let mut all = vec![self.server_address.as_str(), "-i", "127.0.0.1", "-p", &self.caller_port];
        let count = USERS.to_string();
        all.extend(["-r", RATE, "-m", &count, "-key", "domain", "bench.test"]);
        all.extend(arguments);
        let counts =
            Sipp::start(&context.folder, name, LIMIT, &all)?.finish(LIMIT + Duration::from_secs(10))?;
        all_well(name, counts)
    }

    fn answerer(&self, context: &Context, arguments: &[&str]) -> Result<Sipp, String> {
        let port = self.answerer_port.to_string();
        let mut all = vec!["-i", "127.0.0.1", "-p", &port];
        all.extend(arguments);
        let mut sipp = Sipp::start(&context.folder, "answerer", LIMIT + LIMIT, &all)?;
        sipp.ready(([127, 0, 0, 1], self.answerer_port).into())?;
        Ok(sipp)
    }
}

fn all_well(name: &str, counts: Counts) -> Result<(), String> {
    let wanted = Counts { successful: USERS as u64, failed: 0 };
    if counts == wanted { Ok(()) } else { Err(format!("{name}: {counts:?}, wanted {wanted:?}")) }
}

/// sipp's built-in caller calls sipp's built-in answerer, which is the user `service`.
///
/// # Errors
/// What was not as it should be.
pub(super) fn builtin(context: &Context) -> Result<String, String> {
    let stage = Stage::set(context, "service")?;
    let answerer = stage.answerer(context, &["-sn", "uas"])?;
    stage.play(context, "caller", &["-sn", "uac"])?;
    let answered = answerer.stop()?;
    stage.server.is_well()?;
    all_well("answerer", answered)?;
    Ok(format!("{USERS} calls between sipp's own caller and answerer, none failed"))
}

/// First registrations with digest, then two passes of refreshes.
///
/// # Errors
/// What was not as it should be.
pub(super) fn registrations(context: &Context) -> Result<String, String> {
    let stage = Stage::set(context, "1XXXXX")?;
    let contact = stage.answerer_port.to_string();
    let common = ["-inf", &stage.users, "-key", "expires", "3600", "-key", "cport", &contact];
    let mut first = vec!["-sf"];
    let register = scenario("w1_register.xml");
    first.extend([register.as_str(), "-cid_str", "reg-%u@bench"]);
    first.extend(common);
    stage.play(context, "register", &first)?;
    let refresh = scenario("w2_refresh.xml");
    for round in ["1", "2"] {
        let mut again = vec!["-sf", refresh.as_str(), "-key", "round", round, "-cid_str", "reg-%u@bench"];
        again.extend(common);
        stage.play(context, &format!("refresh-{round}"), &again)?;
    }
    stage.server.is_well()?;
    Ok(format!("{USERS} first registrations and {} refreshes, none failed", 2 * USERS))
}

/// OPTIONS to the server.
///
/// # Errors
/// What was not as it should be.
pub(super) fn options(context: &Context) -> Result<String, String> {
    let stage = Stage::set(context, "1XXXXX")?;
    let file = scenario("w2_options.xml");
    stage.play(context, "options", &["-sf", &file, "-inf", &stage.users])?;
    Ok(format!("{USERS} OPTIONS, none failed"))
}

/// Complete calls, to a trunk and then to registered phones.
///
/// # Errors
/// What was not as it should be.
pub(super) fn calls(context: &Context) -> Result<String, String> {
    let stage = Stage::set(context, "1XXXXX")?;
    let (caller, answerer) = (scenario("w3_uac.xml"), scenario("w3_uas.xml"));
    let answering = stage.answerer(context, &["-sf", &answerer])?;
    stage.play(context, "calls", &["-sf", &caller, "-inf", &stage.pairs, "-d", "0"])?;
    all_well("answerer", answering.stop()?)?;
    let records = stage.server.records()?;
    if records != USERS {
        return Err(format!("{USERS} calls ended, but there are {records} records"));
    }
    stage.server.is_well()?;
    let mut saw = String::new();
    let _ = write!(saw, "{USERS} calls through a trunk, none failed, {records} records");
    Ok(saw)
}
