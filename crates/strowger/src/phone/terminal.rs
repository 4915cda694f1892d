//! How a terminal phone is started: what it is, where its server is, what it says, and who tells it what to do.

use std::io::{BufRead as _, IsTerminal as _};
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::PathBuf;
use std::sync::mpsc::channel;
use std::time::Duration;

use anyhow::Context as _;
use strowger_phones::device::Device;
use strowger_phones::sip::{Account, Phone};
use strowger_phones::skinny::life::Life;
use strowger_phones::skinny::phone::Skinny;

use super::desk::{Desk, Happening, Manner};
use super::script::Step;
use super::sound::{self, Sound};
use super::wire::Carrier;
use crate::print;

/// What can be said of a phone that speaks SCCP.
#[derive(clap::Args)]
pub(crate) struct SccpOptions {
    /// The server; port 2000 when none is given.
    #[arg(long, default_value = "127.0.0.1")]
    server: String,
    /// Its name: SEP and the MAC address.
    #[arg(long, default_value = "SEP001122334455", value_parser = device_name)]
    name: String,
    /// Its model, such as 7960, or the number of a type.
    #[arg(long = "type", default_value = "7941", value_parser = model)]
    kind: u32,
    /// The highest version of the protocol that it speaks.
    #[arg(long, default_value_t = 17, value_parser = clap::value_parser!(u8).range(3..=22))]
    version: u8,
    /// Ask for permission before it registers, as a phone does that returns to its first server.
    #[arg(long)]
    token: bool,
    #[command(flatten)]
    manner: UseOptions,
}

/// What can be said of a phone that speaks SIP.
#[derive(clap::Args)]
pub(crate) struct SipOptions {
    /// The server; port 5060 when none is given. It is spoken to over UDP.
    #[arg(long, default_value = "127.0.0.1")]
    server: String,
    /// The number of its line.
    #[arg(long, value_parser = word)]
    user: String,
    /// What it calls itself when it proves who it is, in place of the number.
    #[arg(long, value_parser = word)]
    auth_user: Option<String>,
    /// The server's name in addresses, in place of where it is.
    #[arg(long, value_parser = word)]
    domain: Option<String>,
    /// Who others are shown.
    #[arg(long, default_value = "")]
    name: String,
    /// A file with its password and nothing else. Without it the variable STROWGER_PHONE_PASSWORD is asked, and then whoever types.
    #[arg(long, value_name = "FILE", conflicts_with = "password")]
    password_file: Option<PathBuf>,
    /// Its password, for tests: everybody on this machine can read it here.
    #[arg(long)]
    password: Option<String>,
    #[command(flatten)]
    manner: UseOptions,
}

/// What can be said of every phone.
#[derive(clap::Args)]
pub(super) struct UseOptions {
    /// Do these commands and end; several are parted by semicolons.
    #[arg(short = 'c', long = "commands", value_name = "COMMANDS", conflicts_with = "script")]
    commands: Option<String>,
    /// Do the commands of a file and end.
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,
    /// Tell what happens as JSON, one event in a line.
    #[arg(long)]
    json: bool,
    /// Seconds that are waited for something where a command says no other time.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    patience: u64,
    /// What it says: a tone of so many hertz; 0 is a quiet room.
    #[arg(long, default_value_t = 440, value_parser = clap::value_parser!(u32).range(0..=3400))]
    tone: u32,
    /// What it says: a sound file (WAV), over and over.
    #[arg(long, value_name = "FILE.wav", conflicts_with = "tone")]
    play: Option<PathBuf>,
    /// Write what it hears into a file.
    #[arg(long, value_name = "FILE.wav")]
    record: Option<PathBuf>,
}

/// Is a phone that speaks SCCP.
///
/// # Errors
/// When the server refuses it, or something that was waited for did not come to be.
pub(crate) fn sccp(options: &SccpOptions) -> anyhow::Result<()> {
    let server = address(&options.server, 2000)?;
    // The protocol has IPv6, this phone does not.
    anyhow::ensure!(server.is_ipv4(), "{server} is no IPv4 address, and the phone has no other");
    let mut phone = Skinny::new(&options.name, options.version, [0; 4]);
    phone.kind = options.kind;
    // G.711 in both laws; what it cannot hear or say it does not promise.
    phone.codecs = vec![4, 2];
    // Its sound comes by its own ports alone.
    phone.hears_no_groups = true;
    start(&options.manner, server, Carrier::Tcp, |ports| {
        phone.own_ports = ports;
        Life::new(phone, options.token)
    })
}

/// Is a phone that speaks SIP.
///
/// # Errors
/// When the server refuses it, or something that was waited for did not come to be.
pub(crate) fn sip(options: &SipOptions) -> anyhow::Result<()> {
    let server = address(&options.server, 5060)?;
    let host = options.server.rsplit_once(':').map_or(&*options.server, |(host, _)| host);
    let account = Account {
        number: options.user.clone(),
        user: options.auth_user.clone().unwrap_or_else(|| options.user.clone()),
        secret: password(options)?,
        domain: options.domain.clone().unwrap_or_else(|| host.to_owned()),
        name: options.name.clone(),
    };
    let mut random = [0; 8];
    getrandom::fill(&mut random)
        .map_err(|error| anyhow::anyhow!("no randomness from the system: {error}"))?;
    start(&options.manner, server, Carrier::Udp, |ports| {
        Phone::new(account, ports, u64::from_ne_bytes(random))
    })
}

fn password(options: &SipOptions) -> anyhow::Result<String> {
    if let Some(file) = &options.password_file {
        let text =
            std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        return Ok(text.trim_end_matches(['\r', '\n']).to_owned());
    }
    let named = options.password.clone().or_else(|| std::env::var(PASSWORD).ok());
    match named {
        Some(password) => Ok(password),
        None => {
            let is_typed = std::io::stdin().is_terminal();
            anyhow::ensure!(
                is_typed,
                "no password is given: use --password-file, or the variable {PASSWORD}"
            );
            print::hidden_line(&format!("Password of {}: ", options.user))
        }
    }
}

/// The variable that may hold the password.
const PASSWORD: &str = "STROWGER_PHONE_PASSWORD";

/// Starts a phone and uses it until it is put away.
pub(super) fn start<D: Device>(
    options: &UseOptions,
    server: SocketAddr,
    carrier: Carrier,
    made: impl FnOnce(Vec<u16>) -> D,
) -> anyhow::Result<()> {
    let patience = Duration::from_secs(options.patience);
    let text = match (&options.commands, &options.script) {
        (Some(commands), _) => Some(commands.clone()),
        (None, Some(file)) => {
            Some(std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?)
        }
        (None, None) => None,
    };
    let steps = text.as_ref().map(|text| Step::read_all(text, patience)).transpose()?;
    let says = match &options.play {
        Some(file) => sound::file(file)?,
        None => sound::tone(options.tone),
    };
    let (tell, heard) = channel();
    let telling = tell.clone();
    // A phone that has been put away needs no reports.
    let sound = Sound::start(&says, move |report| _ = telling.send(Happening::Sound(report)))?;
    if let Some(file) = &options.record {
        sound.record(Some(file))?;
    }
    let typed = steps.is_none();
    // Nobody is there who would try again, unless somebody types.
    let strict = !typed || !std::io::stdin().is_terminal();
    let manner = Manner { server, carrier, json: options.json, strict, patience };
    let device = made(sound.ports.clone());
    if typed {
        let tell = tell.clone();
        std::thread::Builder::new().name("keyboard".to_owned()).spawn(move || {
            for line in std::io::stdin().lock().lines().map_while(Result::ok) {
                if tell.send(Happening::Line(line)).is_err() {
                    return;
                }
            }
            let _ = tell.send(Happening::NoMoreLines);
        })?;
    }
    let mut desk = Desk::new(device, manner, sound, steps.unwrap_or_default(), (tell, heard));
    if typed {
        desk.is_typed_at();
    }
    desk.run()
}

/// The address of a server; with the usual port where it has none.
pub(super) fn address(server: &str, port: u16) -> anyhow::Result<SocketAddr> {
    let found = match server.parse::<SocketAddr>() {
        Ok(address) => Some(address),
        Err(_) if server.contains(':') => server.to_socket_addrs()?.next(),
        Err(_) => (server, port).to_socket_addrs().ok().and_then(|mut all| all.next()),
    };
    found.with_context(|| format!("no address is known for `{server}`; give one such as 127.0.0.1:{port}"))
}

/// A name as phones have it: at most 15 letters, digits and signs.
fn device_name(text: &str) -> Result<String, String> {
    let plain = text.chars().all(|it| it.is_ascii_alphanumeric() || "-_.".contains(it));
    if plain && (1..=15).contains(&text.len()) {
        return Ok(text.to_owned());
    }
    Err("expected at most 15 letters and digits, such as SEP001122334455".to_owned())
}

/// A word that can stand in an address.
fn word(text: &str) -> Result<String, String> {
    let plain = text.chars().all(|it| it.is_ascii_alphanumeric() || "-_.+*#".contains(it));
    if plain && !text.is_empty() {
        Ok(text.to_owned())
    } else {
        Err("expected letters, digits and -_.+*#".to_owned())
    }
}

/// The number of a model.
fn model(text: &str) -> Result<u32, String> {
    let found = MODELS.iter().find(|(name, _)| *name == text).map(|(_, number)| *number);
    found.or_else(|| text.parse().ok()).ok_or_else(|| {
        let names: Vec<&str> = MODELS.iter().map(|(name, _)| *name).collect();
        format!("expected the number of a type, or one of {}", names.join(", "))
    })
}

/// Models by their names.
const MODELS: [(&str, u32); 20] = [
    ("7905", 20000),
    ("7906", 369),
    ("7910", 6),
    ("7911", 307),
    ("7912", 30007),
    ("7920", 30002),
    ("7921", 365),
    ("7931", 348),
    ("7940", 8),
    ("7941", 115),
    ("7942", 434),
    ("7945", 435),
    ("7960", 7),
    ("7961", 30018),
    ("7962", 404),
    ("7965", 436),
    ("7970", 30006),
    ("7971", 119),
    ("7975", 437),
    ("7985", 302),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_phone_is_told_to_be_is_read() {
        assert_eq!((model("7960"), model("30016")), (Ok(7), Ok(30016)));
        assert!(model("brick").is_err_and(|error| error.contains("7960")));
        assert!(device_name("SEP001122334455").is_ok() && device_name("SEP0011223344556").is_err());
        assert!(device_name("a b").is_err() && device_name("").is_err());
        let parsed = |text: &str| address(text, 2000).map(|it| it.to_string()).unwrap_or_default();
        assert_eq!(parsed("127.0.0.1"), "127.0.0.1:2000");
        assert_eq!(parsed("127.0.0.1:2001"), "127.0.0.1:2001");
        assert_eq!(parsed("[::1]:2001"), "[::1]:2001");
    }
}
