//! `[[trunk]]` of the node file.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};
use strowger_base::net::Transport;
use strowger_node::configuration::TrunkDialling;
use strowger_sip::io::Trunk;

use super::{IncomingSection, SideName, TransformationSpaces};

/// `[[trunk]]`
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrunkSection {
    pub(crate) name: String,
    /// Where its calls go; calls to a trunk without one are refused, and say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) destination: Option<SocketAddr>,
    /// It sends growing numbers, each as a new INVITE (RFC 3578).
    #[serde(default)]
    pub(crate) overlap: bool,
    /// What its calls see of the dial plan.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) search_space: String,
    /// How the calling numbers that it brings become the plan's.
    #[serde(default, skip_serializing_if = "IncomingSection::is_none")]
    pub(crate) incoming_calling: IncomingSection,
    /// The same for the called numbers.
    #[serde(default, skip_serializing_if = "IncomingSection::is_none")]
    pub(crate) incoming_called: IncomingSection,
    /// Whether its calls count as from inside or outside, where lines forward them differently.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) classification: Option<SideName>,
    /// How it sees numbers: what is sent to it.
    #[serde(default, skip_serializing_if = "TransformationSpaces::is_none")]
    pub(crate) transformation_space: TransformationSpaces,
    #[serde(default)]
    pub(crate) transport: TrunkTransport,
    /// Addresses whose calls are the trunk's; without a port, any port. The destination's address when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) sources: Vec<String>,
}

/// What carries a trunk's calls.
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TrunkTransport {
    #[default]
    Udp,
    Tcp,
}

impl TrunkSection {
    pub(super) fn dialling(&self) -> TrunkDialling {
        TrunkDialling {
            search_space: self.search_space.as_str().into(),
            overlap: self.overlap,
            incoming_calling: self.incoming_calling.draft(),
            incoming_called: self.incoming_called.draft(),
            classification: SideName::classification(self.classification),
            view: self.transformation_space.draft(),
            ..TrunkDialling::default()
        }
    }

    /// `None` when it has no far end yet.
    pub(super) fn trunk(&self) -> Result<Option<Trunk>, String> {
        let Some(destination) = self.destination else { return Ok(None) };
        let mut sources = vec![];
        for source in &self.sources {
            if let Ok(address) = source.parse::<SocketAddr>() {
                sources.push((address.ip(), Some(address.port())));
            } else if let Ok(address) = source.parse::<IpAddr>() {
                sources.push((address, None));
            } else {
                return Err(format!(
                    "sources holds {source:?}, expected an address like 192.0.2.1 or 192.0.2.1:5060"
                ));
            }
        }
        if sources.is_empty() {
            sources.push((destination.ip(), None));
        }
        let transport = match self.transport {
            TrunkTransport::Udp => Transport::Udp,
            TrunkTransport::Tcp => Transport::Tcp,
        };
        Ok(Some(Trunk { name: self.name.as_str().into(), destination, transport, sources }))
    }
}
