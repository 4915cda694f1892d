//! The node file, `strowger.toml`: read, checked, and turned into what the node takes.

mod bootstrap;
mod codes;
mod csv;
mod dial_plan;
mod doubts;
mod forwards;
mod hunting;
mod incoming;
mod line;
mod lines_file;
mod mistakes;
mod mobility;
mod objects;
mod reading;
#[cfg(test)]
mod refusals;
mod text_or_table;
mod transformations;
mod trunk;

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use strowger_base::leg::Service;
use strowger_callcontrol::RelayMode;
use strowger_configuration::kinds::DOMAIN_DEFAULT;
use strowger_node::configuration::{self, Draft, MessageDetail, Place, PlannedTrunk, ServiceNumber, Timers};
use strowger_sip::io::DigestAlgorithm;

use crate::backup::NodeFiles;
use crate::log;
use crate::tls::{self, Certified};

pub(crate) use self::bootstrap::Begun;
pub(crate) use self::codes::{AuthorizationCodeSection, CodesSection, MatterCodeSection};
pub(crate) use self::dial_plan::{
    BlockSection, DialPlanSection, PartitionSection, RouteGroupSection, RouteListSection, RouteSection,
    SearchSpaceSection, TranslationSection,
};
pub(crate) use self::forwards::{ForwardSection, ForwardingSection, SideName};
pub(crate) use self::hunting::{HuntListSection, HuntPilotSection, LineGroupSection};
pub(crate) use self::incoming::IncomingSection;
pub(crate) use self::line::{LineSection, SecretText};
pub(crate) use self::mistakes::Source;
pub(crate) use self::mobility::{DevicePoolSection, MobilityInfoSection};
pub(crate) use self::transformations::{TransformationSection, TransformationSpaces};
pub(crate) use self::trunk::{TrunkSection, TrunkTransport};

use self::mistakes::{Rows, all_of, headings, keys, problems_of, unusable};
use self::reading::Reading;

/// The whole file.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfigFile {
    /// Further lines as CSV; relative to this file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) lines_file: Option<PathBuf>,
    /// Further authorization codes as CSV; relative to this file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) authorization_codes_file: Option<PathBuf>,
    /// Further matter codes as CSV; relative to this file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) matter_codes_file: Option<PathBuf>,
    #[serde(default)]
    pub(crate) node: NodeSection,
    #[serde(default)]
    pub(crate) sip: SipSection,
    #[serde(default)]
    pub(crate) media: MediaSection,
    #[serde(default)]
    pub(crate) http: HttpSection,
    #[serde(default)]
    pub(crate) journal: JournalSection,
    #[serde(default)]
    pub(crate) log: LogSection,
    #[serde(default)]
    pub(crate) dial_plan: DialPlanSection,
    #[serde(default)]
    pub(crate) codes: CodesSection,
    #[serde(default)]
    pub(crate) forward: ForwardingSection,
    #[serde(default, rename = "partition", skip_serializing_if = "Vec::is_empty")]
    pub(crate) partitions: Vec<PartitionSection>,
    #[serde(default, rename = "route_group", skip_serializing_if = "Vec::is_empty")]
    pub(crate) route_groups: Vec<RouteGroupSection>,
    #[serde(default, rename = "route_list", skip_serializing_if = "Vec::is_empty")]
    pub(crate) route_lists: Vec<RouteListSection>,
    #[serde(default, rename = "search_space", skip_serializing_if = "Vec::is_empty")]
    pub(crate) search_spaces: Vec<SearchSpaceSection>,
    #[serde(default, rename = "translation", skip_serializing_if = "Vec::is_empty")]
    pub(crate) translations: Vec<TranslationSection>,
    #[serde(default, rename = "block", skip_serializing_if = "Vec::is_empty")]
    pub(crate) blocks: Vec<BlockSection>,
    #[serde(default, rename = "calling_transformation", skip_serializing_if = "Vec::is_empty")]
    pub(crate) calling_transformations: Vec<TransformationSection>,
    #[serde(default, rename = "device_pool", skip_serializing_if = "Vec::is_empty")]
    pub(crate) device_pools: Vec<DevicePoolSection>,
    #[serde(default, rename = "mobility_info", skip_serializing_if = "Vec::is_empty")]
    pub(crate) mobility_infos: Vec<MobilityInfoSection>,
    #[serde(default, rename = "called_transformation", skip_serializing_if = "Vec::is_empty")]
    pub(crate) called_transformations: Vec<TransformationSection>,
    #[serde(default, rename = "service", skip_serializing_if = "Vec::is_empty")]
    pub(crate) services: Vec<ServiceSection>,
    #[serde(default, rename = "trunk", skip_serializing_if = "Vec::is_empty")]
    pub(crate) trunks: Vec<TrunkSection>,
    #[serde(default, rename = "route", skip_serializing_if = "Vec::is_empty")]
    pub(crate) routes: Vec<RouteSection>,
    #[serde(default, rename = "line_group", skip_serializing_if = "Vec::is_empty")]
    pub(crate) line_groups: Vec<LineGroupSection>,
    #[serde(default, rename = "hunt_list", skip_serializing_if = "Vec::is_empty")]
    pub(crate) hunt_lists: Vec<HuntListSection>,
    #[serde(default, rename = "hunt_pilot", skip_serializing_if = "Vec::is_empty")]
    pub(crate) hunt_pilots: Vec<HuntPilotSection>,
    #[serde(default, rename = "authorization_code", skip_serializing_if = "Vec::is_empty")]
    pub(crate) authorization_codes: Vec<AuthorizationCodeSection>,
    #[serde(default, rename = "matter_code", skip_serializing_if = "Vec::is_empty")]
    pub(crate) matter_codes: Vec<MatterCodeSection>,
    #[serde(default, rename = "line", skip_serializing_if = "Vec::is_empty")]
    pub(crate) lines: Vec<LineSection>,
    #[serde(default, rename = "expect", skip_serializing_if = "Vec::is_empty")]
    pub(crate) expectations: Vec<crate::digits::ExpectSection>,
    /// Where it was read.
    #[serde(skip)]
    pub(crate) source: Source,
}

/// `[node]`
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct NodeSection {
    /// Which of the configured servers this is; the only one when not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    /// Digest realm and domain of addresses.
    pub(crate) domain: String,
    /// Other names and addresses under which phones and trunks know the server.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) aliases: Vec<String>,
    /// Folder for everything that is written; relative to the file.
    pub(crate) data: PathBuf,
    /// How long calls may go on after the server was told to stop.
    pub(crate) drain_max_seconds: u64,
}

impl Default for NodeSection {
    fn default() -> Self {
        NodeSection {
            name: None,
            domain: DOMAIN_DEFAULT.to_owned(),
            aliases: Vec::new(),
            data: PathBuf::from("."),
            drain_max_seconds: 120,
        }
    }
}

/// `[sip]`
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SipSection {
    /// Address to listen on; `0.0.0.0` is every interface.
    pub(crate) listen: IpAddr,
    /// UDP and TCP port; 0 takes a free one.
    pub(crate) port: u16,
    /// The address that peers are told when `listen` is every interface.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) advertise: Option<IpAddr>,
    /// Digest algorithms in the order in which they are offered.
    pub(crate) digest: Vec<Digest>,
    /// Shortest registration that is granted.
    pub(crate) expires_min_seconds: u64,
    /// Longest registration that is granted.
    pub(crate) expires_max_seconds: u64,
}

impl Default for SipSection {
    fn default() -> Self {
        SipSection {
            listen: IpAddr::from([0, 0, 0, 0]),
            port: 5060,
            advertise: None,
            digest: vec![Digest::Md5],
            expires_min_seconds: 60,
            expires_max_seconds: 7200,
        }
    }
}

/// A digest algorithm by its name.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) enum Digest {
    /// MD5.
    #[serde(rename = "MD5")]
    Md5,
    /// SHA-256.
    #[serde(rename = "SHA-256")]
    Sha256,
}

/// `[media]`
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct MediaSection {
    /// First and last UDP port for RTP and RTCP.
    pub(crate) ports: (u16, u16),
    /// When calls go through a relay of ours.
    pub(crate) relay: Relay,
}

impl Default for MediaSection {
    fn default() -> Self {
        MediaSection { ports: (16_384, 32_767), relay: Relay::Nat }
    }
}

/// When media is relayed.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Relay {
    /// Phones talk to each other directly.
    Never,
    /// For phones whose packets come from another address than they name.
    Nat,
    /// For every call.
    Always,
}

impl Relay {
    /// As call control calls it.
    pub(crate) const fn mode(self) -> RelayMode {
        match self {
            Relay::Never => RelayMode::Never,
            Relay::Nat => RelayMode::WhenBehindNat,
            Relay::Always => RelayMode::Always,
        }
    }
}

/// `[http]`
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct HttpSection {
    /// Address to listen on; another one than loopback needs `tls`.
    pub(crate) listen: IpAddr,
    /// TCP port; 0 takes a free one.
    pub(crate) port: u16,
    /// Speaks TLS, with the certificate that is named or one of its own.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) tls: bool,
    /// Certificate and those that vouch for it, in PEM; relative to the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) certificate: Option<PathBuf>,
    /// Its private key, in PEM; relative to the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<PathBuf>,
    /// Other names under which it is reached.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) names: Vec<String>,
}

impl Default for HttpSection {
    fn default() -> Self {
        HttpSection {
            listen: IpAddr::from([127, 0, 0, 1]),
            port: 8080,
            tls: false,
            certificate: None,
            key: None,
            names: Vec::new(),
        }
    }
}

/// `[journal]`
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct JournalSection {
    /// The oldest segments go when the journal is larger than this.
    pub(crate) limit_mib: u64,
    /// How much of each message is kept.
    pub(crate) messages: Messages,
}

impl Default for JournalSection {
    fn default() -> Self {
        JournalSection { limit_mib: 1_024, messages: Messages::Full }
    }
}

/// How much of each message the journal keeps.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Messages {
    /// All of it.
    Full,
    /// First line and ids.
    Summary,
}

/// `[log]`
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LogSection {
    /// What matters less is not written.
    pub(crate) level: log::Level,
    /// Lines for people, or JSON.
    pub(crate) format: log::Format,
}

/// `[[service]]`
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServiceSection {
    pub(crate) number: String,
    pub(crate) service: ServiceName,
}

/// A service by its name.
#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ServiceName {
    /// Sends back what it hears.
    Echo,
    /// Plays a tone.
    Announcement,
}

impl ConfigFile {
    /// Reads a file.
    ///
    /// # Errors
    /// Names file, line, what was found and expected.
    pub(crate) fn read(path: &Path) -> anyhow::Result<ConfigFile> {
        let bytes = std::fs::read(path)
            .map_err(|error| anyhow::anyhow!("cannot read {}: {error}", path.display()))?;
        let text = String::from_utf8_lossy(&bytes);
        let mut reading = Reading::of(path, &text);
        let mut mistakes = std::mem::take(&mut reading.mistakes);
        let Some(mut file) = reading.file.take() else { return Err(all_of(&mistakes)) };
        let read = reading.text.as_deref().unwrap_or(&text);
        file.source =
            Source { path: path.to_owned(), headings: headings(read), keys: keys(read), ..Source::default() };
        let tables = file.read_tables(path);
        if !mistakes.is_empty() && tables.is_empty() {
            // What else is wrong is told in the same run.
            let problems = file.configuration().err().map_or_else(Vec::new, |error| problems_of(&error));
            let web = file.certificate().err().map(|error| error.to_string());
            mistakes.extend(reading.own(path, problems.into_iter().chain(web).collect()));
        }
        mistakes.extend(tables);
        if mistakes.is_empty() { Ok(file) } else { Err(all_of(&mistakes)) }
    }

    /// Reads the tables of comma-separated values that the file names; what is wrong with each.
    fn read_tables(&mut self, path: &Path) -> Vec<String> {
        let beside = |name: &PathBuf| path.parent().unwrap_or(Path::new("")).join(name);
        let mut wrong = Vec::new();
        let mut tell = |error: anyhow::Error| wrong.push(error.to_string());
        if let Some(path) = self.lines_file.as_ref().map(beside) {
            match lines_file::read(&path) {
                Ok(read) => self.source.lines = Rows::add(&mut self.lines, read, path),
                Err(error) => tell(error),
            }
        }
        if let Some(path) = self.authorization_codes_file.as_ref().map(beside) {
            match codes::read_authorization(&path) {
                Ok(read) => {
                    self.source.authorization_codes = Rows::add(&mut self.authorization_codes, read, path);
                }
                Err(error) => tell(error),
            }
        }
        if let Some(path) = self.matter_codes_file.as_ref().map(beside) {
            match codes::read_matter(&path) {
                Ok(read) => self.source.matter_codes = Rows::add(&mut self.matter_codes, read, path),
                Err(error) => tell(error),
            }
        }
        wrong
    }

    /// What the web interface proves itself with; nothing when it speaks no TLS.
    ///
    /// # Errors
    /// Certificate and key cannot be used, or only one of them is given.
    pub(crate) fn certified(&self, data: &Path, addresses: &[IpAddr]) -> anyhow::Result<Option<Certified>> {
        let Some(named) = self.certificate()? else { return Ok(None) };
        Certified::open(data, named, &self.web_names(addresses)).map(Some)
    }

    /// What others will not like about the web interface, without making anything.
    ///
    /// # Errors
    /// Why the server would not start with it.
    pub(crate) fn web_doubt(&self, data: &Path) -> anyhow::Result<Option<String>> {
        let Some(named) = self.certificate()? else { return Ok(None) };
        Ok(Certified::look(data, named)?.and_then(|it| it.doubt))
    }

    /// Whether the web interface speaks TLS, and the files of certificate and key when they are named.
    ///
    /// # Errors
    /// It must speak TLS where it listens, or only one of the files is given.
    fn certificate(&self) -> anyhow::Result<Option<Option<(PathBuf, PathBuf)>>> {
        let HttpSection { listen, tls, certificate, key, .. } = &self.http;
        if !tls {
            anyhow::ensure!(
                listen.is_loopback(),
                "{}[http] listen is {listen}, where others could read passwords: add tls = true, or use 127.0.0.1",
                self.source.key("http", "listen")
            );
            return Ok(None);
        }
        let beside = |path: &PathBuf| self.source.path.parent().unwrap_or(Path::new("")).join(path);
        match (certificate, key) {
            (Some(certificate), Some(key)) => Ok(Some(Some((beside(certificate), beside(key))))),
            (None, None) => Ok(Some(None)),
            (Some(_), None) | (None, Some(_)) => anyhow::bail!(
                "{}[http] certificate and key belong together: give both or none",
                self.source.key("http", "tls")
            ),
        }
    }

    /// What the web interface proves itself with once the configuration is known: its own certificate is made anew when that
    /// does not have a name that is configured. Addresses come and go by themselves, and are no reason.
    ///
    /// # Errors
    /// A file cannot be read or made.
    pub(crate) fn certified_for(
        &self,
        data: &Path,
        configured: &[String],
        addresses: &[IpAddr],
    ) -> anyhow::Result<Option<Certified>> {
        if !self.http.tls || self.http.certificate.is_some() {
            return Ok(None);
        }
        let wanted: Vec<String> = configured.iter().chain(&self.http.names).cloned().collect();
        Certified::with_names(data, &wanted, &tls::names("", &wanted, addresses))
    }

    /// Names and addresses under which the web interface is reached.
    pub(crate) fn web_names(&self, addresses: &[IpAddr]) -> Vec<String> {
        let others: Vec<String> = self.node.aliases.iter().chain(&self.http.names).cloned().collect();
        tls::names(&self.node.domain, &others, addresses)
    }

    /// This file and those that it names; nothing when it was not read from a file.
    pub(crate) fn files(&self) -> Option<NodeFiles> {
        let named = [&self.lines_file, &self.authorization_codes_file, &self.matter_codes_file];
        let named: Vec<&PathBuf> = named.into_iter().flatten().collect();
        let path = &self.source.path;
        (!path.as_os_str().is_empty()).then(|| NodeFiles::new(path, &named))
    }

    /// What the node takes, but for the sockets that it listens on.
    ///
    /// # Errors
    /// Everything that is wrong, each with its place.
    pub(crate) fn configuration(&self) -> anyhow::Result<configuration::Configuration> {
        let mut trunks = vec![];
        let mut trunk_dialling = vec![];
        let mut trunks_planned = vec![];
        let mut problems = vec![];
        for (index, section) in self.trunks.iter().enumerate() {
            let dialling = section.dialling();
            match section.trunk() {
                Ok(Some(trunk)) => {
                    trunks.push(trunk);
                    trunk_dialling.push(dialling);
                }
                Ok(None) => {
                    let name = section.name.as_str().into();
                    trunks_planned.push(PlannedTrunk { name, dialling });
                }
                Err(problem) => problems.push(format!("{} {problem}", self.nth("trunk", index))),
            }
        }
        let mut lines = Vec::with_capacity(self.lines.len());
        for (index, section) in self.lines.iter().enumerate() {
            match section.line(&self.sip.digest) {
                Ok(line) => lines.push(line),
                Err(problem) => problems.push(format!("{} {problem}", self.heading(Place::Line(index)))),
            }
        }
        if !problems.is_empty() {
            return Err(unusable(&problems));
        }
        let mut draft = Draft {
            domain: self.node.domain.as_str().into(),
            aliases: self.node.aliases.iter().map(|name| name.as_str().into()).collect(),
            lines,
            services: self.services.iter().map(ServiceSection::number).collect(),
            trunks,
            trunk_dialling,
            trunks_planned,
            plan: dial_plan::draft(self),
            codes: codes::draft(&self.codes, &self.authorization_codes, &self.matter_codes),
            forwarding: self.forward.draft(),
            relay: self.media.relay.mode(),
            messages: match self.journal.messages {
                Messages::Full => MessageDetail::Full,
                Messages::Summary => MessageDetail::Summary,
            },
            digest_algorithms: self.sip.digest.iter().map(|digest| digest.algorithm()).collect(),
            product: concat!("Strowger/", env!("CARGO_PKG_VERSION")).into(),
            ..Draft::default()
        };
        draft.timers.expires_min = Duration::from_secs(self.sip.expires_min_seconds);
        draft.timers.expires_max = Duration::from_secs(self.sip.expires_max_seconds);
        // The file has no key for it: it follows the two that it lies between.
        let Timers { expires_min, expires_max, expires_default, .. } = draft.timers;
        draft.timers.expires_default = expires_default.min(expires_max).max(expires_min);
        draft.build().map_err(|errors| self.explain(&errors))
    }
}

/// Serde wants a function for it.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde calls")]
fn is_false(value: &bool) -> bool {
    !*value
}

impl Digest {
    const fn algorithm(self) -> DigestAlgorithm {
        match self {
            Digest::Md5 => DigestAlgorithm::Md5,
            Digest::Sha256 => DigestAlgorithm::Sha256,
        }
    }
}

impl ServiceSection {
    fn number(&self) -> ServiceNumber {
        let service = match self.service {
            ServiceName::Echo => Service::Echo,
            ServiceName::Announcement => Service::Announcement,
        };
        ServiceNumber { number: self.number.as_str().into(), partition: Box::default(), service }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        let path = Path::new("node.toml");
        let read = super::reading::Reading::of(path, text);
        let error = match read.file.filter(|_| read.mistakes.is_empty()) {
            Some(file) => file.configuration().err().map(|error| error.to_string()),
            None => Some(read.mistakes.join("\n")),
        };
        error.unwrap_or_default()
    }

    #[test]
    fn a_broken_file_is_answered_with_line_column_and_expectation() {
        let check = |text: &str, expected: &[&str]| {
            let error = refused(text);
            for part in expected {
                assert!(error.contains(part), "{part:?} is not in: {error}");
            }
        };
        let port = "expected a whole number from 0 to 65535\n  found: port = \"x\"";
        check("[sip]\nport = \"x\"\n", &["node.toml:2:8:", port]);
        let ports = "expected two numbers, for example [16384, 32767]\n  found: ports";
        check("[media]\nports = \"16384-32767\"\n", &["node.toml:2:9:", ports]);
        check("[[route]]\npattern = \"\\+1!\"\n", &["node.toml:2:", "write a backslash twice"]);
        let trunk = "[[trunk]]\nname = \"a\"\ndestination = \"gw.example.com:5060\"\n";
        check(trunk, &["node.toml:3:15: no address; expected an IP address and a port"]);
        let list = |member: &str| format!("[[route_list]]\nname = \"a\"\ngroups = [{member}]\n");
        check(&list("{ grp = \"b\" }"), &["node.toml:3:13: unknown field `grp`", "`group`"]);
        check(&list("1"), &["node.toml:3:11: invalid type: integer", "the name of a route group, or {"]);
        check(&list("{ group = \"b\" }"), &["[[route_list]] 1", "\"b\""]);
        check("[sip]\nprot = 5060\n", &["node.toml:2:1:", "unknown field `prot`", "`port`"]);
        check("[[line]]\nnumber = \"1001\"\n", &["[[line]] 1 (1001): secret is missing; give one"]);
        check(
            "[[line]]\nnumber = 1001\nsecret = \"x\"\n",
            &["node.toml:2:10:", "string", "put it in quotes"],
        );
        check(
            "[[line]]\nnumber = \"1\"\nha1_md5 = \"12\"\n",
            &["(1): ha1_md5 has 2 characters, expected 32"],
        );
        let both = "[[line]]\nnumber = \"1\"\nsecret = \"x\"\nha1_md5 = \"12\"\n";
        check(both, &["(1): has a secret and a digest of one; leave one of them out"]);
        let md5 = "0123456789abcdef0123456789ABCDEF";
        let one = format!("[sip]\ndigest = [\"SHA-256\"]\n[[line]]\nnumber = \"1\"\nha1_md5 = \"{md5}\"\n");
        check(&one, &["(1): ha1_sha256 is missing, but [sip] digest offers it"]);
    }

    #[test]
    fn a_mistake_is_told_once_with_the_key_and_line_of_the_file() {
        let folder = std::env::temp_dir().join(format!("strowger-keys-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("node.toml");
        let check = |text: &str, expect: &str| {
            std::fs::write(&path, text).unwrap();
            let found = ConfigFile::read(&path).and_then(|file| file.configuration().map(drop));
            let found = found.err().map(|error| error.to_string().replace(&path.display().to_string(), "F"));
            assert_eq!(found.unwrap_or_default(), expect, "{text}");
        };
        let bounds = "the configuration cannot be used:\n  F:3: [sip] expires_min_seconds is 60 s, expected 1 s to 30 s";
        check("[sip]\nexpires_max_seconds = 30\nexpires_min_seconds = 60\n", bounds);
        check(
            "[sip]\nexpires_max_seconds = 30\n",
            "the configuration cannot be used:\n  F: [sip] expires_min_seconds is 60 s, expected 1 s to 30 s",
        );
        check("[sip]\nexpires_max_seconds = 1800\n", "");
        check("[sip]\nexpires_min_seconds = 5000\n", "");
        let domain = "the configuration cannot be used:\n  F:3: [node] domain is \"a b\": a domain has letters, digits, dots and hyphens only";
        check("\n[node]\ndomain = \"a b\"\n", domain);
        let zero = "F:2:10: a number begins with zero; what is dialled is text: put it in quotes\n  found: number = 0800";
        check("[[line]]\nnumber = 0800\n", zero);
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn certificates_are_looked_at_before_anything_starts() {
        let folder = std::env::temp_dir().join(format!("strowger-web-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let make = |name: &str, end: i32| {
            let pair = rcgen::KeyPair::generate().unwrap();
            let mut parameters = rcgen::CertificateParams::new(vec!["pbx.example".to_owned()]).unwrap();
            parameters.not_after = rcgen::date_time_ymd(end, 1, 2);
            let made = parameters.self_signed(&pair).unwrap();
            std::fs::write(folder.join(format!("{name}.crt")), made.pem()).unwrap();
            std::fs::write(folder.join(format!("{name}.key")), pair.serialize_pem()).unwrap();
        };
        make("good", 2060);
        make("old", 2020);
        std::fs::write(folder.join("garbage.crt"), "nothing").unwrap();
        let check = |http: &str, expect: &str| {
            let path = folder.join("node.toml");
            std::fs::write(&path, format!("[http]\n{http}\n")).unwrap();
            let found = match ConfigFile::read(&path).unwrap().web_doubt(&folder) {
                Ok(doubt) => doubt.unwrap_or_default(),
                Err(error) => format!("{error:#}"),
            };
            assert_eq!(found.is_empty(), expect.is_empty(), "{http}: {found}");
            assert!(found.contains(expect), "{http}: {found}");
        };
        let files = |certificate: &str, key: &str| {
            format!("tls = true\ncertificate = \"{certificate}.crt\"\nkey = \"{key}.key\"")
        };
        check("", "");
        check("tls = true", "");
        check(
            "listen = \"0.0.0.0\"",
            "node.toml:2: [http] listen is 0.0.0.0, where others could read passwords",
        );
        check("tls = true\nkey = \"good.key\"", "belong together: give both or none");
        check(&files("good", "good"), "");
        check(&files("good", "old"), "good.crt and ");
        check(&files("good", "missing"), "missing.key has no private key");
        check(&files("missing", "good"), "cannot read certificates from ");
        check(&files("garbage", "good"), "garbage.crt has no certificate");
        check(&files("old", "old"), "old.crt has expired on 2020-01-02: put another one in its place");
        assert!(!folder.join("https.crt").exists(), "nothing is made");
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn no_error_shows_a_secret() {
        for value in ["4711", "4711.5", "[4711]", "{ a = 4711 }", "\"4711", "4711-x"] {
            let error = refused(&format!("[[line]]\nnumber = \"1001\"\nsecret = {value}\n"));
            assert!(error.contains("node.toml:3") && !error.contains("4711"), "{value}: {error}");
        }
        let error = refused("[[line]]\nnumber = \"1001\"\nsecret = true\n");
        assert!(error.contains("a secret is a string: expected it in quotes"), "{error}");
    }

    #[test]
    fn a_digest_takes_the_place_of_a_secret() {
        let md5 = "0123456789abcdef0123456789ABCDEF";
        let text = format!("[[line]]\nnumber = \"1001\"\nha1_md5 = \"{md5}\"\n");
        let file: ConfigFile = toml::from_str(&text).unwrap();
        let Ok(configuration) = file.configuration() else { panic!("it can be used") };
        let account = configuration.sip.lines.get("1001").unwrap();
        let expect = 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef_u128.to_be_bytes();
        assert_eq!(account.phones[0].ha1_md5.expose(), &expect);
        assert_ne!(account.phones[0].ha1_sha256.expose(), &[0; 32]);
    }

    #[test]
    fn lines_of_a_lines_file_join_those_of_the_node_file_and_are_named_by_their_place() {
        let folder = std::env::temp_dir().join(format!("strowger-lines-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let node = folder.join("node.toml");
        let text = "lines_file = \"lines.csv\"\n[[line]]\nnumber = \"1001\"\nsecret = \"a\"\n";
        std::fs::write(&node, text).unwrap();
        let check = |rows: &str, expect: Result<usize, &str>| {
            std::fs::write(folder.join("lines.csv"), rows).unwrap();
            let found = ConfigFile::read(&node).and_then(|file| file.configuration());
            match (found, expect) {
                (Ok(found), Ok(lines)) => assert_eq!(found.sip.lines.len(), lines),
                (Err(error), Err(part)) => {
                    assert!(format!("{error}").contains(part), "{part} not in {error}")
                }
                (Ok(_), Err(part)) => panic!("no error where {part} was expected"),
                (Err(error), Ok(_)) => panic!("{error}"),
            }
        };
        check("number,name,secret\n1002,Bob,b\n1003,Carol,c\n", Ok(3));
        check("number,secret\n1002,b\n1001,c\n", Err("lines.csv:3: 1001: number is \"1001\", which"));
        check("number,secret,partition\n1002,b,x\n", Err("lines.csv:2: 1002: partition is \"x\", but none"));
        check("number,secret\n1002\n", Err("lines.csv:2:1: has 1 cells, expected 2"));
        std::fs::remove_file(folder.join("lines.csv")).unwrap();
        let error = ConfigFile::read(&node).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("lines.csv: No such file"), "{error}");
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn what_is_wrong_with_the_whole_is_named_with_its_place() {
        let text = "[[line]]\nnumber = \"1001\"\nsecret = \"a\"\n[[line]]\nnumber = \"1001\"\nsecret = \"b\"\n\
                    [[route]]\npattern = \"2XXX\"\ntrunk = \"nowhere\"\n";
        let file: ConfigFile = toml::from_str(text).unwrap();
        let error = file.configuration().err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("[[line]] 2 (1001)") && error.contains("nowhere"), "{error}");
    }

    #[test]
    fn the_sample_file_is_a_configuration() {
        let text = include_str!("../../../strowger.example.toml");
        let file: ConfigFile = toml::from_str(text).unwrap();
        assert!(file.configuration().is_ok());
    }
}
