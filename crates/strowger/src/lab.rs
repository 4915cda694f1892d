//! `strowger lab`: writes a configuration with demo numbers into a fresh folder; everything after that is `serve`.

use std::fs;
use std::io::Write;
use std::net::IpAddr;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::config_file::{
    ConfigFile, ForwardSection, LineSection, Relay, SecretText, ServiceName, ServiceSection,
};
use crate::log;
use crate::telephony::ThisRun;

/// What can be chosen for the lab.
#[derive(clap::Args)]
pub(crate) struct LabOptions {
    /// Folder for everything that is written; used again when it is there.
    #[arg(long, default_value = "strowger-data")]
    pub(crate) data: PathBuf,
    /// Seconds that the demo phones ring before the call is given up.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=300))]
    pub(crate) no_answer: Option<u64>,
    #[command(flatten)]
    pub(crate) overrides: Overrides,
    /// Print one JSON line instead of the table, and stay in the foreground.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What the command line may say in place of the file.
#[derive(clap::Args)]
pub(crate) struct Overrides {
    /// Address to listen on for SIP and media; 0.0.0.0 is every interface.
    #[arg(long)]
    pub(crate) listen: Option<IpAddr>,
    /// SIP port, UDP and TCP; 0 takes a free one.
    #[arg(long)]
    pub(crate) sip_port: Option<u16>,
    /// TCP port for SCCP phones; 0 takes none, as does a SIP port that is given without this.
    #[arg(long)]
    pub(crate) sccp_port: Option<u16>,
    /// Port of the web interface on 127.0.0.1; 0 takes a free one.
    #[arg(long)]
    pub(crate) http_port: Option<u16>,
    /// UDP ports for media, for example 20000-20999.
    #[arg(long, value_parser = port_range)]
    pub(crate) rtp_ports: Option<(u16, u16)>,
    /// Which of the configured servers this is, in place of the file's; the only one when nobody says.
    #[arg(long, value_name = "NAME")]
    pub(crate) node_name: Option<String>,
    /// When media goes through a relay of the server.
    #[arg(long)]
    pub(crate) relay: Option<Relay>,
    /// How log lines are written.
    #[arg(long)]
    pub(crate) log: Option<log::Format>,
    /// What matters less is not logged.
    #[arg(long)]
    pub(crate) log_level: Option<log::Level>,
}

impl Overrides {
    /// What is wrong with the file itself is already told in the form that was asked for here.
    pub(crate) fn configure_log(&self) {
        log::configure(self.log_level.unwrap_or_default(), self.log.unwrap_or_default());
    }

    /// Puts them into the configuration of this run; the file stays as it is.
    pub(crate) fn apply(&self, file: &mut ConfigFile) {
        if let Some(listen) = self.listen {
            file.sip.listen = listen;
        }
        if let Some(port) = self.sip_port {
            file.sip.port = port;
        }
        match (self.sccp_port, self.sip_port) {
            (Some(port), _) => file.sccp.port = port,
            // Who chooses the port of SIP may have another server beside this one.
            (None, Some(_)) => file.sccp.port = 0,
            (None, None) => {}
        }
        if let Some(port) = self.http_port {
            file.http.port = port;
        }
        if let Some(ports) = self.rtp_ports {
            file.media.ports = ports;
        }
        if let Some(name) = &self.node_name {
            file.node.name = Some(name.clone());
        }
        if let Some(format) = self.log {
            file.log.format = format;
        }
        if let Some(level) = self.log_level {
            file.log.level = level;
        }
    }
}

impl Overrides {
    /// What they say about things that are configured.
    pub(crate) fn this_run(&self) -> ThisRun {
        ThisRun {
            // The file has it.
            node_name: None,
            own_sockets: self.listen.is_some() || self.sip_port.is_some(),
            own_http_port: self.http_port.is_some(),
            own_media_ports: self.rtp_ports.is_some(),
            relay: self.relay.map(Relay::mode),
            no_answer: None,
        }
    }
}

fn port_range(text: &str) -> Result<(u16, u16), String> {
    let parse = || {
        let (first, last) = text.split_once('-')?;
        let (first, last) = (first.parse().ok()?, last.parse().ok()?);
        (first < last && last - first >= 3).then_some((first, last))
    };
    parse().ok_or_else(|| "expected first-last with at least four ports, for example 20000-20999".to_owned())
}

/// Makes or finds the lab's configuration.
pub(crate) fn prepare(options: &LabOptions) -> anyhow::Result<(ConfigFile, PathBuf)> {
    fs::create_dir_all(&options.data).with_context(|| {
        format!("cannot make the folder {}; give another with --data", options.data.display())
    })?;
    let path = options.data.join("strowger.toml");
    if !path.exists() {
        write_private(&path, &toml::to_string(&fresh()?)?)
            .with_context(|| format!("cannot write {}; is the folder yours?", path.display()))?;
    }
    let mut file = ConfigFile::read(&path)?;
    options.overrides.apply(&mut file);
    Ok((file, options.data.clone()))
}

pub(crate) fn fresh() -> anyhow::Result<ConfigFile> {
    let mut file: ConfigFile = toml::from_str(LAB_PLAN)?;
    for (number, name) in [("1001", "Alice"), ("1002", "Bob"), ("1003", "Carol")] {
        file.lines.push(LineSection {
            number: number.to_owned(),
            name: name.to_owned(),
            secret: Some(SecretText::new(secret()?)),
            partition: "internal".to_owned(),
            search_space: "everything".to_owned(),
            external_mask: "+1408555XXXX".to_owned(),
            forward: Some(Box::new(ForwardSection::as_the_phone_sees())),
            zone: String::new(),
            local_route_group: String::new(),
            ..LineSection::default()
        });
    }
    file.services.push(ServiceSection { number: "9999".to_owned(), service: ServiceName::Echo });
    file.services.push(ServiceSection { number: "9998".to_owned(), service: ServiceName::Announcement });
    Ok(file)
}

/// A small but real dial plan: extensions, emergency, national and international numbers, brought into one form by
/// translation patterns, and a trunk that has no far end yet.
const LAB_PLAN: &str = include_str!("lab/plan.toml");

/// Sixteen letters and digits from the operating system; none that are easily confused.
fn secret() -> anyhow::Result<String> {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut bytes = [0u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no randomness from the system: {error}"))?;
    Ok(bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte & 31)])).collect())
}

/// Writes a file that only its owner may read.
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.set_permissions(fs::Permissions::from_mode(0o600))?;
    file.sync_all()
}
