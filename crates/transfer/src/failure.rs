//! Why a file did not arrive: what happened, what it proves, what to do.

use std::fmt;
use std::time::Duration;

use crate::algorithms::{self, KINDS, Offer};

/// A step that did not succeed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// What we were about to do.
    pub step: Step,
    /// With whom.
    pub with: Box<With>,
    /// What went wrong.
    pub cause: Cause,
}

/// With whom we spoke.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct With {
    /// The destination in words: `sftp://billing@10.0.0.5:22`.
    pub destination: String,
    /// What the server calls itself, when it came so far.
    pub server: Option<String>,
    /// The owner of the pinned key that the server showed, or its fingerprint, when it came so far: which of several servers it was.
    pub peer: Option<String>,
}

/// What can be told apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Nobody answers there, or the connection was lost.
    Unreachable,
    /// The server shows a key or certificate that is not pinned.
    HostKey,
    /// Client and server have no algorithm of some kind in common.
    Negotiation,
    /// The server does not let this user in.
    Authentication,
    /// The user may not do that there.
    Permission,
    /// The folder is not there, or is called otherwise.
    Path,
    /// The server has no room.
    Space,
    /// No answer in time.
    Timeout,
    /// The server does something that we do not understand, or lacks what is needed.
    Protocol,
    /// The destination cannot be used as it is configured.
    Configuration,
}

impl Kind {
    /// The word for it, as it stands in JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Kind::Unreachable => "unreachable",
            Kind::HostKey => "host_key",
            Kind::Negotiation => "negotiation",
            Kind::Authentication => "authentication",
            Kind::Permission => "permission",
            Kind::Path => "path",
            Kind::Space => "space",
            Kind::Timeout => "timeout",
            Kind::Protocol => "protocol",
            Kind::Configuration => "configuration",
        }
    }
}

/// What went wrong, with the evidence.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Cause {
    /// The name is unknown, the port refuses, no route.
    Unreachable {
        /// What the system said.
        said: String,
    },
    /// The connection ended.
    Lost {
        /// What is known of the end.
        said: String,
    },
    /// A key that is not pinned.
    HostKey {
        /// Its kind, for example `ssh-ed25519` or `certificate`.
        kind: String,
        /// Its fingerprint.
        fingerprint: String,
        /// What is pinned, with owners.
        pinned: Vec<String>,
    },
    /// No algorithm in common.
    Negotiation {
        /// The kinds for which there is none.
        missing: Vec<algorithms::Kind>,
        /// What we offer.
        ours: Box<Offer>,
        /// What the server offers.
        theirs: Box<Offer>,
    },
    /// The log-in was refused.
    Authentication {
        /// What we tried.
        tried: Vec<String>,
        /// With what the server would go on.
        offered: Vec<String>,
        /// What it said.
        said: String,
    },
    /// Not allowed.
    Permission {
        /// The file or folder.
        path: String,
        /// What the server said.
        said: String,
    },
    /// No such folder.
    Path {
        /// What is configured.
        path: String,
        /// Where the server says that the user arrives.
        root: String,
        /// A folder that is there, and was probably meant.
        instead: Option<String>,
        /// What the server said.
        said: String,
    },
    /// No room.
    Space {
        /// The file or folder.
        path: String,
        /// Bytes that are left, when the server tells.
        free: Option<u64>,
        /// What the server said.
        said: String,
    },
    /// No answer in time.
    Timeout {
        /// How long we waited.
        waited: Duration,
    },
    /// Anything else.
    Protocol {
        /// What it was.
        said: String,
    },
    /// The destination cannot be used.
    Configuration {
        /// Why.
        said: String,
    },
}

/// The steps on the way of a file, in their order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Looking up the name and connecting.
    Connect,
    /// Agreeing on algorithms, or TLS.
    Handshake,
    /// Looking at the server's key.
    HostKey,
    /// Logging in.
    Authenticate,
    /// Going to the folder.
    Folder,
    /// Writing under a temporary name.
    Write,
    /// Giving the file its name.
    Rename,
    /// Reading it again; only in a rehearsal.
    ReadBack,
    /// Removing it; only in a rehearsal.
    Remove,
}

impl Step {
    /// As it is shown.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Step::Connect => "connect",
            Step::Handshake => "agree on algorithms",
            Step::HostKey => "check the server's key",
            Step::Authenticate => "log in",
            Step::Folder => "go to the folder",
            Step::Write => "write a file",
            Step::Rename => "rename it",
            Step::ReadBack => "read it again",
            Step::Remove => "remove it",
        }
    }
}

/// A failure for programs.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Report {
    /// What it counts as.
    pub kind: Kind,
    /// At which step.
    pub step: Step,
    /// What happened.
    pub sentence: String,
    /// What to do.
    pub remedy: String,
    /// What proves it.
    pub evidence: Vec<String>,
}

impl Failure {
    /// The same with a server that was met.
    pub(crate) fn with(mut self, server: Option<&str>, peer: Option<&str>) -> Failure {
        self.with.server = server.map(str::to_owned);
        self.with.peer = peer.map(str::to_owned);
        self
    }

    /// What it counts as.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self.cause {
            Cause::Unreachable { .. } | Cause::Lost { .. } => Kind::Unreachable,
            Cause::HostKey { .. } => Kind::HostKey,
            Cause::Negotiation { .. } => Kind::Negotiation,
            Cause::Authentication { .. } => Kind::Authentication,
            Cause::Permission { .. } => Kind::Permission,
            Cause::Path { .. } => Kind::Path,
            Cause::Space { .. } => Kind::Space,
            Cause::Timeout { .. } => Kind::Timeout,
            Cause::Protocol { .. } => Kind::Protocol,
            Cause::Configuration { .. } => Kind::Configuration,
        }
    }

    /// What happened, in one sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let there = &self.with.destination;
        match &self.cause {
            Cause::Unreachable { said } => format!("{there} cannot be reached: {said}"),
            Cause::Lost { said } => {
                format!("{there} ended the connection when we were about to {}: {said}", self.step.words())
            }
            Cause::HostKey { kind, fingerprint, pinned } if pinned.is_empty() => {
                format!("no key of {there} is pinned; it shows {kind} {fingerprint}")
            }
            Cause::HostKey { kind, fingerprint, .. } => {
                format!("{there} shows a key that is not pinned: {kind} {fingerprint}")
            }
            Cause::Negotiation { missing, .. } => {
                let kinds: Vec<&str> = missing.iter().map(|kind| kind.words()).collect();
                format!("{there} and this server have no {} algorithm in common", kinds.join(", no "))
            }
            Cause::Authentication { tried, offered, said } => {
                let tried = if tried.is_empty() { "nothing".to_owned() } else { tried.join(", ") };
                let offered = match offered.as_slice() {
                    [] => said.clone(),
                    offered => format!("it offers {}", offered.join(", ")),
                };
                format!("{there} does not let us in: we tried {tried}; {offered}")
            }
            Cause::Permission { path, said } => {
                format!("{there} does not allow us to {} in `{path}`: {said}", self.step.words())
            }
            Cause::Path { path, root, said, .. } => {
                format!("{there} has no folder `{path}`: {said}; its user arrives in `{root}`")
            }
            Cause::Space { path, free, said } => match free {
                Some(free) => format!("{there} has no room in `{path}`: {said}; {free} bytes are free"),
                None => format!("{there} has no room in `{path}`: {said}"),
            },
            Cause::Timeout { waited } => {
                let seconds = waited.as_secs_f32();
                format!(
                    "{there} did not answer within {seconds} s when we were about to {}",
                    self.step.words()
                )
            }
            Cause::Protocol { said } => {
                format!("{there} failed when we were about to {}: {said}", self.step.words())
            }
            Cause::Configuration { said } => format!("{there} cannot be used: {said}"),
        }
    }

    /// What to do about it, in one sentence.
    #[must_use]
    pub fn remedy(&self) -> String {
        match &self.cause {
            Cause::Unreachable { .. } => {
                "see that the server runs and that no firewall is between; check host and port of the destination".into()
            }
            Cause::Lost { .. } => match self.step {
                Step::Connect | Step::Handshake | Step::HostKey | Step::Authenticate => {
                    "look at the server's log: it may want no further connections, or none from here"
                }
                Step::Folder => {
                    "look at the server's log: it let the user in and could not go on; a folder named by ChrootDirectory may have the \
                     wrong owner, or its program for SFTP does not start"
                }
                Step::Write | Step::Rename | Step::ReadBack | Step::Remove => {
                    "look at the server's log: it may have been stopped; what was not finished is sent again"
                }
            }
            .into(),
            Cause::HostKey { fingerprint, pinned, .. } if pinned.is_empty() => format!(
                "compare the fingerprint with what the server's operator says, then add `{fingerprint}` to `host_keys` of the destination"
            ),
            Cause::HostKey { fingerprint, .. } => format!(
                "if a standby server took over or the server was installed anew, compare the fingerprint with what its operator says and \
                 add `{fingerprint}` to `host_keys`; otherwise somebody may stand between: nothing was sent"
            ),
            Cause::Negotiation { missing, ours, theirs } => negotiation_remedy(missing, ours, theirs),
            Cause::Authentication { offered, tried, .. } => {
                let usable = offered.iter().any(|method| tried.contains(method));
                if usable || offered.is_empty() {
                    "check user and password or key of the destination, and that the server lets this user in".into()
                } else {
                    format!("set what the server asks for in the destination: {}", offered.join(" or "))
                }
            }
            Cause::Permission { path, .. } => {
                format!("give the user the right to write and rename in `{path}` on the server, and see that it is not mounted read-only")
            }
            Cause::Path { instead: Some(instead), .. } => {
                format!("set `folder` of the destination to `{instead}`, as the server calls it")
            }
            Cause::Path { root, .. } => format!(
                "make the folder on the server, or set `folder` as the server calls it: empty for `{root}` itself, relative to it, or a \
                 whole path that begins as `{root}` does"
            ),
            Cause::Space { .. } => "make room on the server, or raise the user's quota; files wait here meanwhile".into(),
            Cause::Timeout { .. } => {
                "see how busy the server and the way to it are; the destination's `timeout` says how long we wait".into()
            }
            Cause::Protocol { .. } => "look at the server's log of that moment".into(),
            Cause::Configuration { .. } => "change the destination's settings".into(),
        }
    }

    /// What proves it, a line each: with which server we spoke, and both sides' lists.
    #[must_use]
    pub fn evidence(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(server) = &self.with.server {
            lines.push(format!("the server calls itself {server}"));
        }
        if let Some(peer) = &self.with.peer {
            lines.push(format!("its key is that of {peer}"));
        }
        match &self.cause {
            Cause::HostKey { pinned, .. } => lines.extend(pinned.iter().map(|key| format!("pinned: {key}"))),
            Cause::Negotiation { missing, ours, theirs } => {
                for kind in KINDS {
                    let verdict = if missing.contains(&kind) { "nothing in common" } else { "in common" };
                    let (theirs, ours) = (theirs.text(kind), ours.text(kind));
                    lines.push(format!(
                        "{}: {verdict}; the server offers {theirs}; we offer {ours}",
                        kind.words()
                    ));
                }
            }
            Cause::Authentication { said, .. } if !said.is_empty() => {
                lines.push(format!("the server said: {said}"))
            }
            Cause::Path { root, .. } => {
                lines.push(format!("the server calls the place where the user arrives `{root}`"))
            }
            Cause::Authentication { .. }
            | Cause::Unreachable { .. }
            | Cause::Lost { .. }
            | Cause::Permission { .. }
            | Cause::Space { .. }
            | Cause::Timeout { .. }
            | Cause::Protocol { .. }
            | Cause::Configuration { .. } => {}
        }
        lines
    }

    /// All of it, for programs.
    #[must_use]
    pub fn report(&self) -> Report {
        Report {
            kind: self.kind(),
            step: self.step,
            sentence: self.sentence(),
            remedy: self.remedy(),
            evidence: self.evidence(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence())
    }
}

impl std::error::Error for Failure {}

/// Old algorithms where they would help, and the server's configuration where they would not.
fn negotiation_remedy(missing: &[algorithms::Kind], ours: &Offer, theirs: &Offer) -> String {
    let old = Offer::of(crate::Policy::Legacy);
    let ours_is_old = ours.key_exchange == old.key_exchange;
    let enable = |kind: &algorithms::Kind| {
        let (word, list) = match kind {
            algorithms::Kind::KeyExchange => ("KexAlgorithms", &ours.key_exchange),
            algorithms::Kind::HostKey => ("HostKeyAlgorithms", &ours.host_key),
            algorithms::Kind::Cipher => ("Ciphers", &ours.cipher_to_server),
            algorithms::Kind::Mac => ("MACs", &ours.mac_to_server),
            algorithms::Kind::Compression => ("Compression", &ours.compression_to_server),
        };
        format!("{word} {}", list.first().map_or("", String::as_str))
    };
    let enable: Vec<String> = missing.iter().map(enable).collect();
    let server = format!("allow one of ours on the server, for example `{}`", enable.join("`, `"));
    if !ours_is_old && algorithms::missing(&old, theirs).is_empty() {
        format!("{server}; or set `algorithms = \"legacy\"` in the destination, which offers weaker ones too")
    } else {
        server
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Policy;

    fn failure(step: Step, cause: Cause) -> Failure {
        let destination = "sftp://billing@10.0.0.5:22".into();
        let with = With { destination, server: Some("SSH-2.0-Old_1".into()), peer: None };
        Failure { step, with: with.into(), cause }
    }

    #[test]
    fn both_lists_stand_in_the_evidence() {
        let mut theirs = Offer::of(Policy::Legacy);
        theirs.key_exchange.retain(|name| name == "diffie-hellman-group1-sha1");
        theirs.cipher_to_server = vec!["3des-cbc".into()];
        theirs.cipher_to_client = vec!["3des-cbc".into()];
        let ours = Offer::of(Policy::Modern);
        let missing = algorithms::missing(&ours, &theirs);
        let told = failure(
            Step::Handshake,
            Cause::Negotiation { missing, ours: ours.into(), theirs: theirs.into() },
        );
        let expect =
            "sftp://billing@10.0.0.5:22 and this server have no key exchange, no cipher algorithm in common";
        assert_eq!(told.sentence(), expect);
        assert!(
            told.remedy().contains("legacy") && told.remedy().contains("KexAlgorithms mlkem"),
            "{}",
            told.remedy()
        );
        let evidence = told.evidence();
        assert_eq!(evidence.len(), 6);
        assert_eq!(evidence[0], "the server calls itself SSH-2.0-Old_1");
        assert!(evidence[1].starts_with("key exchange: nothing in common; the server offers diffie-hellman-group1-sha1; we offer mlkem768x25519-sha256, curve"));
        assert!(
            evidence[3]
                .starts_with("cipher: nothing in common; the server offers 3des-cbc; we offer aes256-gcm")
        );
        assert!(evidence[4].starts_with("MAC: in common;"));
    }

    #[test]
    fn what_legacy_does_not_mend_is_not_told_so() {
        let ours = Offer::of(Policy::Modern);
        let mut theirs = ours.clone();
        theirs.key_exchange = vec!["sntrup761x25519-sha512@openssh.com".into()];
        let missing = algorithms::missing(&ours, &theirs);
        let told = failure(
            Step::Handshake,
            Cause::Negotiation { missing, ours: ours.into(), theirs: theirs.into() },
        );
        assert!(!told.remedy().contains("legacy"), "{}", told.remedy());
    }

    #[test]
    fn a_path_is_explained_with_what_the_server_calls_it() {
        let cause = Cause::Path {
            path: "C:/cdr".into(),
            root: "/C:/billing".into(),
            instead: Some("/C:/cdr".into()),
            said: "No such file".into(),
        };
        let report = failure(Step::Folder, cause).report();
        assert_eq!(
            report.sentence,
            "sftp://billing@10.0.0.5:22 has no folder `C:/cdr`: No such file; its user arrives in `/C:/billing`"
        );
        assert_eq!(report.remedy, "set `folder` of the destination to `/C:/cdr`, as the server calls it");
        let json = serde_json::to_value(&report).expect("plain");
        assert_eq!((json["kind"].as_str(), json["step"].as_str()), (Some("path"), Some("folder")));
    }

    #[test]
    fn a_method_that_we_do_not_have_is_named() {
        let refused = |tried: &[&str], offered: &[&str]| {
            let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect();
            let cause =
                Cause::Authentication { tried: names(tried), offered: names(offered), said: String::new() };
            failure(Step::Authenticate, cause).remedy()
        };
        assert!(refused(&["password"], &["publickey"]).ends_with("the destination: publickey"));
        assert!(refused(&["password"], &["publickey", "password"]).starts_with("check user and password"));
    }
}
