//! The phones of the command line, which share nothing with the server: two speak SIP, one SCCP, with baresip as the fourth. Each says a tone
//! of its own, and is heard by that.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{ChildStdin, Command};
use std::time::Duration;

use super::Context;
use super::audio::Recording;
use super::baresip::Phone;
use super::ports;
use super::process::{Process, until};
use super::server::{Server, program};

/// Longer than any command waits by itself.
const PATIENCE: Duration = Duration::from_secs(60);
/// Who is alone with somebody hears hardly anything else.
const ALONE_MIN: f64 = 0.8;
/// Each of the two others in a conference: both are brought to about the same level.
const EACH_MIN: f64 = 0.25;
/// A tone that is not to be heard.
const NOT_MAX: f64 = 0.05;

/// A phone of the command line at which somebody types.
pub(super) struct Terminal {
    name: &'static str,
    tone: u32,
    process: Process,
    keyboard: ChildStdin,
    folder: PathBuf,
    commands: u32,
}

impl Terminal {
    fn start(
        context: &Context,
        name: &'static str,
        tone: u32,
        options: impl FnOnce(&mut Command),
    ) -> Result<Terminal, String> {
        let mut command = program();
        command.arg("phone");
        options(&mut command);
        command.args(["--tone", &tone.to_string()]);
        let (process, keyboard) = Process::start_typing(name, &context.folder, &mut command)?;
        Ok(Terminal { name, tone, process, keyboard, folder: context.folder.clone(), commands: 0 })
    }

    /// Types commands, and waits until they are done.
    pub(super) fn does(&mut self, commands: &str) -> Result<(), String> {
        self.commands += 1;
        let done = format!("done {}", self.commands);
        writeln!(self.keyboard, "{commands}; say {done}").map_err(|error| self.tells(&error.to_string()))?;
        let said = until(PATIENCE, commands, || {
            let is_done = self.process.printed().lines().any(|line| line == done);
            if is_done { Some(true) } else { self.process.ended().map(|_| false) }
        });
        match said {
            Ok(true) => Ok(()),
            Ok(false) => Err(self.tells("it ended")),
            Err(error) => Err(self.tells(&error)),
        }
    }

    /// What it hears for some seconds, in a file of its own.
    fn hears(&mut self, what: &str) -> Result<Recording, String> {
        let path = self.folder.join(format!("{}-{what}.wav", self.name));
        self.does(&format!("record {}; hear 2; record off", path.display()))?;
        Recording::read(&path)
    }

    /// It hears this one, and hardly anything else.
    fn hears_alone(&mut self, what: &str, tone: u32) -> Result<(), String> {
        let share = self.hears(what)?.share_of(f64::from(tone));
        self.judges(share >= ALONE_MIN, &format!("{share:.2} of what it hears is {tone} Hz ({what})"))
    }

    /// It hears both, and not itself.
    fn hears_both(&mut self, what: &str, tones: [u32; 2]) -> Result<(), String> {
        // Gain control and the tone that says that somebody came are over then.
        self.does("hear 2")?;
        let heard = self.hears(what)?;
        let shares = tones.map(|tone| heard.share_of(f64::from(tone)));
        let own = heard.share_of(f64::from(self.tone));
        let fits = shares.iter().all(|share| *share >= EACH_MIN) && own <= NOT_MAX;
        self.judges(fits, &format!("of {tones:?} Hz it hears {shares:.2?}, and {own:.2} of itself ({what})"))
    }

    fn judges(&self, fits: bool, what: &str) -> Result<(), String> {
        if fits { Ok(()) } else { Err(format!("{}: {what}", self.name)) }
    }

    /// It is put away, and everything that it was told came to be.
    fn ends(mut self) -> Result<String, String> {
        writeln!(self.keyboard, "quit").map_err(|error| self.tells(&error.to_string()))?;
        let status = self.process.wait(PATIENCE)?;
        if !status.success() {
            return Err(self.tells(&format!("it ended with {status}")));
        }
        let printed = self.process.printed();
        // Whatever a phone does not understand is a mistake of somebody's.
        if let Some(complaint) = printed.lines().find(|line| line.starts_with("complaint: ")) {
            return Err(format!("{}: {complaint}", self.name));
        }
        printed.lines().last().map(str::to_owned).ok_or_else(|| "it printed nothing".to_owned())
    }

    fn tells(&self, why: &str) -> String {
        let printed = self.process.printed();
        let lines: Vec<&str> = printed.lines().collect();
        let last = lines.get(lines.len().saturating_sub(12)..).unwrap_or_default();
        format!("{}: {why}; it printed at last:\n{}", self.name, last.join("\n"))
    }
}

pub(super) fn sip(
    context: &Context,
    server: &Server,
    name: &'static str,
    number: &str,
    tone: u32,
) -> Result<Terminal, String> {
    let (address, secret) = (server.udp.to_string(), server.secret(number).to_owned());
    let mut phone = Terminal::start(context, name, tone, |command| {
        command.args(["sip", "--server", &address, "--user", number]).env("STROWGER_PHONE_PASSWORD", secret);
    })?;
    phone.does("wait registered")?;
    Ok(phone)
}

/// They call each other in both directions, hold, press keys, transfer across, and confer.
///
/// # Errors
/// What was not as it should be.
pub(super) fn telephone(context: &Context) -> Result<String, String> {
    let port = ports::one()?;
    let server = Server::lab(context, &["--sccp-port", &port.to_string()])?;
    let mut ruth = Terminal::start(context, "ruth", 440, |command| {
        command.args(["sccp", "--server", &format!("127.0.0.1:{port}"), "--name", "SEP00000000AC01"]);
    })?;
    ruth.does("wait idle; expect line 1 1100")?;
    let mut alice = sip(context, &server, "alice", "1001", 700)?;
    let mut carol = sip(context, &server, "carol", "1003", 900)?;
    let mut bob = Phone::register(&context.folder, &server.account("bob", "1002", 1200))?;
    held_and_back(&mut ruth, &mut alice)?;
    sends_across(&mut ruth, &mut alice, &mut carol, &mut bob)?;
    // A conference by the key of the phone that speaks SCCP, and then by that of one that speaks SIP.
    ruth.does("dial 1001")?;
    alice.does("wait ringin; answer; wait talking")?;
    ruth.does("wait talking; conf; wait offhook; 1003")?;
    carol.does("wait ringin; answer; wait talking")?;
    ruth.does("wait talking; conf")?;
    confer(&mut ruth, &mut alice, &mut carol, "by-sccp")?;
    ruth.does("onhook; wait idle")?;
    alice.hears_alone("without-ruth", 900)?;
    alice.does("onhook; wait idle")?;
    carol.does("wait idle")?;
    alice.does("dial 1003")?;
    carol.does("wait ringin; answer; wait talking")?;
    alice.does("wait talking; conf; wait hold; dial 1100")?;
    ruth.does("wait ringin; answer; wait talking")?;
    alice.does("wait talking; conf")?;
    confer(&mut ruth, &mut alice, &mut carol, "by-sip")?;
    for phone in [&mut alice, &mut carol, &mut ruth] {
        phone.does("onhook; wait idle")?;
    }
    server.is_well()?;
    drop(bob);
    let counted = [ruth.ends()?, alice.ends()?, carol.ends()?].join("; ");
    Ok(format!("four phones heard whom they should, two conferences of three among them ({counted})"))
}

fn held_and_back(ruth: &mut Terminal, alice: &mut Terminal) -> Result<(), String> {
    ruth.does("dial 1001")?;
    alice.does("wait ringin; answer; wait talking")?;
    ruth.does("wait talking")?;
    alice.hears_alone("from-ruth", 440)?;
    ruth.hears_alone("from-alice", 700)?;
    ruth.does("dtmf 12#")?;
    alice.does("expect dtmf 12#; dtmf 7*")?;
    ruth.does("expect dtmf 7*; hold; wait hold")?;
    let music = alice.hears("held")?;
    let share = music.share_of(440.0);
    alice.judges(
        share < 0.5,
        &format!("{share:.2} of what it hears while it is held is the one who holds it"),
    )?;
    ruth.does("resume; wait talking")?;
    alice.hears_alone("again", 440)?;
    // The other way round, and the other one holds.
    alice.does("onhook; wait idle; dial 1100")?;
    ruth.does("wait ringin; answer; wait talking")?;
    alice.does("wait talking; hold; wait hold; resume; wait connected")?;
    ruth.does("wait talking")?;
    ruth.hears_alone("back", 700)
}

/// Who speaks SIP sends who speaks SCCP to baresip, and who speaks SCCP sends baresip to who speaks SIP.
fn sends_across(
    ruth: &mut Terminal,
    alice: &mut Terminal,
    carol: &mut Terminal,
    bob: &mut Phone,
) -> Result<(), String> {
    alice.does("transfer; wait hold; dial 1002")?;
    bob.expect("CALL_INCOMING")?;
    bob.command("accept", "")?;
    alice.does("wait talking; transfer; wait idle")?;
    ruth.does("expect 1002")?;
    ruth.hears_alone("from-bob", 1200)?;
    ruth.does("onhook; wait idle")?;
    bob.expect("CALL_CLOSED")?;
    bob.dial("1100")?;
    ruth.does("wait ringin; answer; wait talking; transfer; wait offhook; 1003")?;
    carol.does("wait ringin; answer; wait talking")?;
    ruth.does("wait talking; transfer; wait idle")?;
    carol.hears_alone("from-bob", 1200)?;
    carol.does("onhook; wait idle")?;
    bob.expect("CALL_CLOSED").map(drop)
}

fn confer(ruth: &mut Terminal, alice: &mut Terminal, carol: &mut Terminal, what: &str) -> Result<(), String> {
    alice.hears_both(what, [440, 900])?;
    carol.hears_both(what, [440, 700])?;
    ruth.hears_both(what, [700, 900])
}

/// A wrong password, a server that is not there, and something that does not come to be are said, and end with 1.
///
/// # Errors
/// What was not said.
pub(super) fn refused(context: &Context) -> Result<String, String> {
    let server = Server::lab(context, &[])?;
    let (address, secret) = (server.udp.to_string(), server.secret("1001"));
    let free = format!("127.0.0.1:{}", ports::one()?);
    let check = |options: &[&str], password: &str, expect: &str| {
        let mut command = program();
        command.arg("phone").args(options).env("STROWGER_PHONE_PASSWORD", password);
        let output = command.output().map_err(|error| error.to_string())?;
        let said =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        if output.status.code() != Some(1) || !said.contains(expect) {
            return Err(format!(
                "{options:?} ended with {}, and does not say “{expect}”: {said}",
                output.status
            ));
        }
        Ok(())
    };
    let one = ["sip", "--server", &address, "--user", "1001", "-c"];
    let with = |script: &'static str| [&one[..], &[script]].concat();
    check(&with("wait registered"), "wrong", "or its password is another one")?;
    check(
        &with("wait registered; wait ringin 0.2; dial 1002"),
        secret,
        "`wait ringin 0.2`: that did not come to be",
    )?;
    check(&with("wait registered; line 2"), secret, "one line")?;
    check(&with("sing"), secret, "there is no command `sing`")?;
    check(&["sccp", "--server", &free, "-c", "wait registered 0.5"], "", "it is tried again")?;
    server.is_well()?;
    Ok("a wrong password, no server, no such command and what never happened are said".to_owned())
}
