//! sipp by the thousand: not one call may fail.

use std::time::Duration;

use super::Context;
use super::configuration::Configuration;
use super::ports;
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
    /// A trunk for the calling side and one for the answering side, as many lines as wanted, and a route for
    /// what is no line.
    fn set(context: &Context, lines: usize, route: &str) -> Result<Stage, String> {
        let (caller, answerer) = (ports::one()?, ports::one()?);
        let mut configuration = Configuration::new("bench.test", 0);
        configuration.trunk("caller", caller);
        configuration.trunk("answerer", answerer);
        configuration.route(route, "answerer");
        for user in FIRST_USER..FIRST_USER + lines {
            configuration.line(&user.to_string(), &format!("pw-{user}"));
        }
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

    fn register(&self, context: &Context) -> Result<(), String> {
        let (script, contact) = (scenario("w1_register.xml"), self.answerer_port.to_string());
        let arguments = [
            "-sf",
            script.as_str(),
            "-cid_str",
            "reg-%u@bench",
            "-inf",
            &self.users,
            "-key",
            "expires",
            "3600",
            "-key",
            "cport",
            &contact,
        ];
        self.play(context, "register", &arguments)
    }

    fn call(&self, context: &Context) -> Result<(), String> {
        let (caller, answerer) = (scenario("w3_uac.xml"), scenario("w3_uas.xml"));
        let answering = self.answerer(context, &["-sf", &answerer])?;
        self.play(context, "calls", &["-sf", &caller, "-inf", &self.pairs, "-d", "0"])?;
        all_well("answerer", answering.stop()?)?;
        self.server.wait_for_records(USERS)?;
        let records = self.server.records()?;
        if records != USERS {
            return Err(format!("{USERS} calls ended, but there are {records} records"));
        }
        self.server.is_well()
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
    let stage = Stage::set(context, 0, "service")?;
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
    let stage = Stage::set(context, USERS, "9!")?;
    stage.register(context)?;
    let (script, contact) = (scenario("w2_refresh.xml"), stage.answerer_port.to_string());
    for round in ["1", "2"] {
        let arguments = [
            "-sf",
            script.as_str(),
            "-key",
            "round",
            round,
            "-cid_str",
            "reg-%u@bench",
            "-inf",
            &stage.users,
            "-key",
            "expires",
            "3600",
            "-key",
            "cport",
            &contact,
        ];
        stage.play(context, &format!("refresh-{round}"), &arguments)?;
    }
    let phones = stage.server.ask(&["phones"])?;
    let count = phones["phones"].as_array().map_or(0, Vec::len);
    if count != USERS {
        return Err(format!("{USERS} phones registered, {count} are listed"));
    }
    stage.server.is_well()?;
    Ok(format!("{USERS} first registrations and {} refreshes, none failed", 2 * USERS))
}

/// OPTIONS to the server.
///
/// # Errors
/// What was not as it should be.
pub(super) fn options(context: &Context) -> Result<String, String> {
    let stage = Stage::set(context, 0, "9!")?;
    let file = scenario("w2_options.xml");
    stage.play(context, "options", &["-sf", &file, "-inf", &stage.users])?;
    Ok(format!("{USERS} OPTIONS, none failed"))
}

/// Complete calls to a trunk.
///
/// # Errors
/// What was not as it should be.
pub(super) fn calls_to_trunk(context: &Context) -> Result<String, String> {
    let stage = Stage::set(context, 0, "1XXXXX")?;
    stage.call(context)?;
    Ok(format!("{USERS} calls to a trunk, none failed, {USERS} records"))
}

/// Complete calls to registered phones.
///
/// # Errors
/// What was not as it should be.
pub(super) fn calls_to_phones(context: &Context) -> Result<String, String> {
    let stage = Stage::set(context, USERS, "9!")?;
    stage.register(context)?;
    stage.call(context)?;
    Ok(format!("{USERS} calls to registered phones, none failed, {USERS} records"))
}
