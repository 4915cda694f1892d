//! Sections of the node file about the node itself, and numbers of services.

use std::net::IpAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use strowger_base::leg::Service;
use strowger_callcontrol::RelayMode;
use strowger_configuration::kinds::DOMAIN_DEFAULT;
use strowger_node::configuration::ServiceNumber;
use strowger_sip::io::DigestAlgorithm;

use crate::log;

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

/// `[sccp]`
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SccpSection {
    /// TCP port for SCCP phones, at the address of `[sip] listen`; 0 takes none. What a configured server says goes before it.
    pub(crate) port: u16,
}

/// `[auto_registration]`: what a phone gets that nobody has configured.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AutoRegistrationSection {
    /// The first number that is given away.
    pub(crate) first: String,
    /// The last one.
    pub(crate) last: String,
    /// The partition of these numbers.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) partition: String,
    /// What these lines see of the dial plan.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) search_space: String,
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
    /// How long nothing may have come to a port of an ended call before another call gets it; more than 60 count as 60.
    pub(crate) quarantine_seconds: u64,
    /// When calls go through a relay of ours.
    pub(crate) relay: Relay,
}

impl Default for MediaSection {
    fn default() -> Self {
        MediaSection { ports: (16_384, 32_767), quarantine_seconds: 3, relay: Relay::Nat }
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

impl Digest {
    pub(super) const fn algorithm(self) -> DigestAlgorithm {
        match self {
            Digest::Md5 => DigestAlgorithm::Md5,
            Digest::Sha256 => DigestAlgorithm::Sha256,
        }
    }
}

impl ServiceSection {
    pub(super) fn number(&self) -> ServiceNumber {
        let service = match self.service {
            ServiceName::Echo => Service::Echo,
            ServiceName::Announcement => Service::Announcement,
        };
        ServiceNumber { number: self.number.as_str().into(), partition: Box::default(), service }
    }
}
