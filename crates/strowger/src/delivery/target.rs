//! A billing destination as it is configured, with its secrets opened.

use std::time::Duration;

use strowger_cdr::delivery::Settings;
use strowger_configuration::kinds::{AlgorithmPolicy, BillingDestination, DeliveryProtocol};
use strowger_transfer::{
    Destination, Kind, Patience, PinnedKey, Policy, Protocol, Rehearsal, Report, Secret, Step,
};

use crate::vault::Vault;

/// What a sender has to know.
pub(super) struct Target {
    configured: BillingDestination,
    pub(super) name: String,
    pub(super) settings: Settings,
    /// Where to, or why it cannot be used.
    pub(super) destination: Result<Destination, String>,
}

impl Target {
    pub(super) fn of(it: &BillingDestination, vault: &Vault) -> Target {
        Target {
            configured: it.clone(),
            name: it.name.as_str().to_owned(),
            settings: Settings {
                is_enabled: it.enabled,
                resend: it.resend,
                wait_first: it.retry_first.get(),
                wait_most: it.retry_most.get(),
            },
            destination: destination(it, vault),
        }
    }

    /// True when nothing has changed.
    pub(super) fn is_as(&self, other: &Target) -> bool {
        self.configured == other.configured
    }

    /// A rehearsal that had nothing to begin with.
    pub(super) fn unusable(&self, kind: Kind, why: &str) -> Rehearsal {
        let failure = Report {
            kind,
            step: Step::Connect,
            sentence: format!("{} cannot be used: {why}", self.name),
            remedy: "check the destination's settings".into(),
            evidence: Vec::new(),
        };
        Rehearsal {
            destination: self.name.clone(),
            passed: Vec::new(),
            server: None,
            peer: None,
            failure: Some(failure),
        }
    }

    /// Protocol and place, in words.
    pub(super) fn place(&self) -> String {
        match &self.destination {
            Ok(destination) => destination.name(),
            Err(_) => self.configured.protocol.word().to_owned(),
        }
    }
}

fn destination(it: &BillingDestination, vault: &Vault) -> Result<Destination, String> {
    let open = |setting: &str, sealed: String| match vault.open_text(setting, &sealed) {
        Ok(secret) => Ok(Secret::new(&**secret.expose())),
        Err(why) => Err(format!("its {setting} cannot be opened: {why}")),
    };
    let protocol = match it.protocol {
        DeliveryProtocol::Sftp => Protocol::Sftp,
        DeliveryProtocol::Ftp => Protocol::Ftp,
        DeliveryProtocol::Ftps => Protocol::Ftps,
        DeliveryProtocol::FtpsImplicit => Protocol::FtpsImplicit,
        DeliveryProtocol::Local => Protocol::Folder,
    };
    let port = it.port.as_ref().map(|port| u16::try_from(port.get()).unwrap_or(u16::MAX));
    let keys: Result<Vec<PinnedKey>, String> = it
        .host_keys
        .iter()
        .map(|key| PinnedKey::parse(key.as_str()).map_err(|why| format!("a host key {why}")))
        .collect();
    Ok(Destination {
        protocol,
        host: it.host.as_ref().map_or_else(String::new, |host| host.as_str().to_owned()),
        port: port.unwrap_or(protocol.port()),
        user: it.user.as_ref().map_or_else(String::new, |user| user.as_str().to_owned()),
        password: it.password.as_ref().map(|sealed| open("password", sealed.text())).transpose()?,
        key: it.private_key.as_ref().map(|sealed| open("private_key", sealed.text())).transpose()?,
        passphrase: it.passphrase.as_ref().map(|sealed| open("passphrase", sealed.text())).transpose()?,
        host_keys: keys?,
        folder: it.path.as_str().to_owned(),
        algorithms: match it.algorithms {
            AlgorithmPolicy::Modern => Policy::Modern,
            AlgorithmPolicy::Legacy => Policy::Legacy,
        },
        patience: Patience { step: it.timeout.get(), connect: it.timeout.get().min(CONNECT_MOST) },
    })
}

/// Who does not take a connection within this does not answer at all.
const CONNECT_MOST: Duration = Duration::from_secs(10);
