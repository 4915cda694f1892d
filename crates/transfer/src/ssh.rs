//! A connection to an SSH server, up to its file transfer.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use russh::client::{self, AuthResult, Config, Handle, KeyboardInteractiveAuthResponse};
use russh::keys::{HashAlg, PrivateKeyWithHashAlg, PublicKeyOrCertificate, decode_secret_key};
use russh::{ChannelMsg, ChannelStream, MethodKind, MethodSet, SshId};
use tokio::time::timeout;

use crate::algorithms::{self, Offer, preferred};
use crate::connect;
use crate::destination::{Destination, PinnedKey};
use crate::failure::{Cause, Failure, Step, With};
use crate::kexinit;

pub(crate) mod overheard;

/// A channel on which files are asked for.
pub(crate) type Channel = ChannelStream<client::Msg>;

/// A connection that is logged in.
pub(crate) struct Ssh {
    handle: Handle<Doorkeeper>,
    /// What the server calls itself.
    pub(crate) server: Option<String>,
    /// Whose pinned key it showed.
    pub(crate) peer: Option<String>,
}

/// Decides about the server's key.
struct Doorkeeper {
    pinned: Vec<PinnedKey>,
    seen: Seen,
}

/// The key that the server showed, and the pinned one that it is.
type Seen = Arc<Mutex<Option<(String, String, Option<PinnedKey>)>>>;

impl client::Handler for Doorkeeper {
    type Error = russh::Error;

    async fn check_server_key(&mut self, shown: &PublicKeyOrCertificate) -> Result<bool, russh::Error> {
        let key = match shown {
            PublicKeyOrCertificate::PublicKey { key, .. } => key.clone(),
            PublicKeyOrCertificate::Certificate(certificate) => certificate.public_key().clone().into(),
        };
        let fingerprint = key.fingerprint(HashAlg::Sha256).to_string();
        let pinned = self.pinned.iter().find(|pin| pin.fingerprint == fingerprint).cloned();
        let known = pinned.is_some();
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((key.algorithm().to_string(), fingerprint, pinned));
        Ok(known)
    }
}

impl Ssh {
    /// Connects, looks at the server's key and logs in; tells `passed` of each step that succeeded.
    ///
    /// # Errors
    /// The step that did not succeed.
    pub(crate) async fn open(to: &Destination, passed: &mut impl FnMut(Step)) -> Result<Ssh, Failure> {
        let socket = connect::tcp(to).await?;
        passed(Step::Connect);
        let (stream, heard) = overheard::Overheard::new(socket);
        let seen = Seen::default();
        let doorkeeper = Doorkeeper { pinned: to.host_keys.clone(), seen: Arc::clone(&seen) };
        let connecting = client::connect_stream(Arc::new(config(to)), stream, doorkeeper);
        let connected = timeout(to.patience.step, connecting).await;
        let shown = seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let greeting = kexinit::read(&heard.bytes());
        let fail = |step: Step, cause: Cause| {
            let peer =
                shown.as_ref().and_then(|(_, fingerprint, pinned)| owner(fingerprint, pinned.as_ref()));
            let server = greeting.identification.clone();
            Failure { step, with: With { destination: to.name(), server, peer }.into(), cause }
        };
        let handle = match (connected, &shown) {
            (Ok(Ok(handle)), _) => handle,
            (_, Some((kind, fingerprint, None))) => {
                let pinned = to.host_keys.iter().map(ToString::to_string).collect();
                let cause = Cause::HostKey { kind: kind.clone(), fingerprint: fingerprint.clone(), pinned };
                return Err(fail(Step::HostKey, cause));
            }
            (Err(_), _) => {
                let timeout = Cause::Timeout { waited: to.patience.step };
                return Err(fail(Step::Handshake, stranger(&greeting).unwrap_or(timeout)));
            }
            (Ok(Err(error)), _) => return Err(fail(Step::Handshake, handshake(&greeting, to, &error))),
        };
        passed(Step::Handshake);
        passed(Step::HostKey);
        let peer = shown.as_ref().and_then(|(_, fingerprint, pinned)| owner(fingerprint, pinned.as_ref()));
        let mut ssh = Ssh { handle, server: greeting.identification.clone(), peer };
        ssh.log_in(to).await.map_err(|cause| fail(Step::Authenticate, cause))?;
        passed(Step::Authenticate);
        Ok(ssh)
    }

    async fn log_in(&mut self, to: &Destination) -> Result<(), Cause> {
        let mut tried = Vec::new();
        let mut offered = MethodSet::empty();
        if let Some(key) = &to.key {
            tried.push("publickey".to_owned());
            match bounded(to.patience.step, self.with_key(to, key.reveal())).await?? {
                AuthResult::Success => return Ok(()),
                AuthResult::Failure { remaining_methods, .. } => offered = remaining_methods,
            }
        }
        if let Some(password) = &to.password {
            let password = password.reveal();
            if offered.is_empty() || offered.contains(&MethodKind::Password) {
                tried.push("password".to_owned());
                let asked = self.handle.authenticate_password(to.user.clone(), password);
                match bounded(to.patience.step, asked).await?.map_err(|error| lost(&error))? {
                    AuthResult::Success => return Ok(()),
                    AuthResult::Failure { remaining_methods, .. } => offered = remaining_methods,
                }
            }
            // Some servers take passwords only as the answer to a question: RFC 4256.
            // Where both are offered, a wrong password would count twice.
            if offered.contains(&MethodKind::KeyboardInteractive) && !offered.contains(&MethodKind::Password)
            {
                tried.push("keyboard-interactive".to_owned());
                match bounded(to.patience.step, self.answering(to, password)).await?? {
                    AuthResult::Success => return Ok(()),
                    AuthResult::Failure { remaining_methods, .. } => offered = remaining_methods,
                }
            }
        }
        let offered: Vec<String> = offered.iter().map(|method| <&str>::from(method).to_owned()).collect();
        let said = if tried.is_empty() {
            "the destination has neither password nor key"
        } else if offered.is_empty() {
            "it ended the connection"
        } else {
            ""
        };
        Err(Cause::Authentication { tried, offered, said: said.into() })
    }

    async fn with_key(&mut self, to: &Destination, text: &str) -> Result<AuthResult, Cause> {
        let passphrase = to.passphrase.as_ref().map(crate::Secret::reveal);
        let key = decode_secret_key(text, passphrase).map_err(|error| {
            let said = match (error, passphrase) {
                (russh::keys::Error::KeyIsEncrypted, _) => {
                    "its key is encrypted, and it has no passphrase".into()
                }
                (error, Some(_)) => format!("its key cannot be read with its passphrase: {error}"),
                (error, None) => format!("its key cannot be read: {error}"),
            };
            Cause::Configuration { said }
        })?;
        // The best that the server says it takes: RFC 8308 §3.1. Without a word SHA-256, but SHA-1 for old servers that were asked for.
        let said = self.handle.best_supported_rsa_hash().await.map_err(|error| lost(&error))?;
        let hash = match (said, to.algorithms) {
            (Some(Some(hash)), _) => Some(hash),
            (_, crate::Policy::Modern) => Some(HashAlg::Sha256),
            (Some(None) | None, crate::Policy::Legacy) => None,
        };
        let key = PrivateKeyWithHashAlg::new(Arc::new(key), hash);
        self.handle.authenticate_publickey(to.user.clone(), key).await.map_err(|error| lost(&error))
    }

    /// Gives the password to whatever is asked.
    async fn answering(&mut self, to: &Destination, password: &str) -> Result<AuthResult, Cause> {
        let started = self.handle.authenticate_keyboard_interactive_start(to.user.clone(), None).await;
        let mut state = started.map_err(|error| lost(&error))?;
        for _ in 0..QUESTIONS_MAX {
            let prompts = match state {
                KeyboardInteractiveAuthResponse::Success => return Ok(AuthResult::Success),
                KeyboardInteractiveAuthResponse::Failure { remaining_methods, partial_success } => {
                    return Ok(AuthResult::Failure { remaining_methods, partial_success });
                }
                KeyboardInteractiveAuthResponse::InfoRequest { prompts, .. } => prompts,
            };
            let answers = prompts.iter().map(|_| password.to_owned()).collect();
            let answered = self.handle.authenticate_keyboard_interactive_respond(answers).await;
            state = answered.map_err(|error| lost(&error))?;
        }
        Err(Cause::Protocol { said: "the server does not stop asking questions".into() })
    }

    /// Opens the channel for files.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) async fn files(&self, to: &Destination) -> Result<Channel, Cause> {
        bounded(to.patience.step, self.subsystem()).await?
    }

    async fn subsystem(&self) -> Result<Channel, Cause> {
        let mut channel = self.handle.channel_open_session().await.map_err(|error| lost(&error))?;
        channel.request_subsystem(true, "sftp").await.map_err(|error| lost(&error))?;
        while let Some(message) = channel.wait().await {
            match message {
                ChannelMsg::Success => return Ok(channel.into_stream()),
                ChannelMsg::Failure => {
                    return Err(Cause::Protocol { said: "the server has no SFTP (subsystem `sftp`)".into() });
                }
                _ => {}
            }
        }
        Err(Cause::Lost { said: "it closed the channel for SFTP".into() })
    }

    /// Says goodbye; does not wait for an answer.
    pub(crate) async fn close(&self) {
        let goodbye = self.handle.disconnect(russh::Disconnect::ByApplication, "", "");
        let _ = timeout(GOODBYE_TIME, goodbye).await;
    }
}

/// Why the handshake failed, told by what the server said and not by the library's words where that is possible.
fn handshake(greeting: &kexinit::Greeting, to: &Destination, error: &russh::Error) -> Cause {
    let ours = Offer::of(to.algorithms);
    if let Some(theirs) = &greeting.offer {
        let missing = algorithms::missing(&ours, theirs);
        if !missing.is_empty() {
            return Cause::Negotiation { missing, ours: ours.into(), theirs: theirs.clone().into() };
        }
    }
    if let Some(stranger) = stranger(greeting) {
        return stranger;
    }
    match error {
        _ if greeting.identification.is_none() => Cause::Lost { said: "it said nothing".into() },
        russh::Error::IO(_) | russh::Error::HUP | russh::Error::Disconnect => lost(error),
        other => Cause::Protocol { said: other.to_string() },
    }
}

/// What speaks there that is no SSH server.
fn stranger(greeting: &kexinit::Greeting) -> Option<Cause> {
    let other = greeting.other.as_ref().filter(|_| greeting.identification.is_none())?;
    Some(Cause::Protocol { said: format!("this is no SSH server, it says `{other}`") })
}

fn owner(fingerprint: &str, pinned: Option<&PinnedKey>) -> Option<String> {
    let pinned = pinned?;
    Some(if pinned.owner.is_empty() {
        fingerprint.to_owned()
    } else {
        format!("{} ({fingerprint})", pinned.owner)
    })
}

fn lost(error: &russh::Error) -> Cause {
    match error {
        // The library's way to say that the connection is gone.
        russh::Error::SendError | russh::Error::RecvError => Cause::Lost { said: "disconnected".into() },
        other => Cause::Lost { said: other.to_string() },
    }
}

async fn bounded<T>(time: Duration, work: impl Future<Output = T>) -> Result<T, Cause> {
    timeout(time, work).await.map_err(|_| Cause::Timeout { waited: time })
}

fn config(to: &Destination) -> Config {
    Config {
        client_id: SshId::Standard(concat!("SSH-2.0-Strowger_", env!("CARGO_PKG_VERSION")).into()),
        preferred: preferred(to.algorithms, &to.host_keys),
        // A server that is silent for so long is gone; steps have limits of their own.
        inactivity_timeout: Some(IDLE_TIME),
        nodelay: true,
        ..Config::default()
    }
}

/// Questions of one log-in that are answered.
const QUESTIONS_MAX: usize = 8;
/// How long a connection is kept on which nothing happens.
const IDLE_TIME: Duration = Duration::from_secs(300);
/// How long saying goodbye may take.
const GOODBYE_TIME: Duration = Duration::from_secs(1);
