//! How the SFTP server does, for who asks.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde_json::{Value, json};
use strowger_transfer::server::{HostKeys, Told};

use crate::digits::now;

/// What is known of it.
#[derive(Default)]
pub(crate) struct Board(Mutex<Known>);

#[derive(Default)]
struct Known {
    listening: Option<SocketAddr>,
    keys: Option<HostKeys>,
    trouble: Option<String>,
    sessions: BTreeMap<u64, Session>,
    figures: Figures,
}

#[derive(Serialize)]
struct Session {
    user: String,
    from: String,
    with: String,
    client: String,
    since: String,
}

/// What it has done since the start.
#[derive(Clone, Default, Serialize)]
pub(crate) struct Figures {
    /// Sessions now.
    pub(crate) sessions: u64,
    pub(crate) logins: u64,
    pub(crate) refused: BTreeMap<&'static str, u64>,
    pub(crate) files_fetched: u64,
    pub(crate) bytes_fetched: u64,
    pub(crate) files_brought: u64,
    pub(crate) bytes_brought: u64,
}

impl Board {
    pub(super) fn opened(&self, address: SocketAddr, keys: HostKeys) {
        let mut known = self.known();
        known.listening = Some(address);
        known.keys = Some(keys);
    }

    /// It listens no more, and nobody is there.
    pub(super) fn closed(&self) {
        let mut known = self.known();
        known.listening = None;
        known.sessions.clear();
    }

    pub(super) fn trouble(&self, trouble: Option<String>) {
        self.known().trouble = trouble;
    }

    pub(super) fn take(&self, told: &Told) {
        let mut known = self.known();
        match told {
            Told::Refused { why, .. } => *known.figures.refused.entry(why.word()).or_default() += 1,
            Told::In { visit, address, user, with, client } => {
                known.figures.logins += 1;
                let (user, with, client) = (user.clone(), with.clone(), client.clone());
                let (from, since) = (address.to_string(), now().to_string());
                known.sessions.insert(*visit, Session { user, from, with, client, since });
            }
            Told::Stored { .. } | Told::Cut { .. } => {}
            Told::Out { visit, files_read, files_written, bytes_read, bytes_written, .. } => {
                known.sessions.remove(visit);
                let figures = &mut known.figures;
                figures.files_fetched += files_read;
                figures.bytes_fetched += bytes_read;
                figures.files_brought += files_written;
                figures.bytes_brought += bytes_written;
            }
        }
    }

    /// What it has done since the start.
    pub(crate) fn figures(&self) -> Figures {
        let known = self.known();
        Figures { sessions: known.sessions.len() as u64, ..known.figures.clone() }
    }

    /// All of it.
    pub(crate) fn report(&self) -> Value {
        let figures = self.figures();
        let known = self.known();
        let keys = known.keys.as_ref().map_or_else(Vec::new, |keys| {
            let told = keys.fingerprints().into_iter().zip(keys.public());
            told.map(
                |((kind, print), public)| json!({ "kind": kind, "fingerprint": print, "public": public }),
            )
            .collect()
        });
        json!({
            "listening": known.listening.map(super::url),
            "trouble": known.trouble,
            "host_keys": keys,
            "sessions": known.sessions.values().collect::<Vec<_>>(),
            "figures": figures,
        })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
