//! A server of SFTP: users log in with a password or a key and see the folders that are shown to them, and nothing else.
//!
//! There is no shell, no forwarding and no path out: [`Account`]s have [`Share`]s, whose folders are walked without following links. Who comes, is
//! refused or leaves is [`Told`]. Which algorithms there are is the same [`Policy`] as for deliveries.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use strowger_base::limits;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

pub use self::keys::{HostKeys, KeyTrouble};
use crate::algorithms::{Kind, Offer};
use crate::destination::{PinnedKey, Policy};
use doorstep::Doorstep;

mod conversation;
mod doorstep;
mod files;
mod keys;
mod listing;
mod tree;
mod visit;

/// What holds for everybody who comes. It may be replaced while the server runs: sessions of accounts that are gone or changed end.
pub struct Rules {
    /// With what the server proves who it is.
    pub keys: HostKeys,
    /// Which algorithms there are.
    pub algorithms: Policy,
    /// Who may come.
    pub accounts: Vec<Arc<Account>>,
    /// Sessions at once, of all users together.
    pub sessions: usize,
    /// How long a session is kept in which nothing happens.
    pub idle: Duration,
    /// How long an answer to a wrong password or key takes at least.
    pub rejection: Duration,
    /// Looks at a password that nobody has, in the time that a real one takes.
    pub nobody: PasswordCheck,
}

impl Rules {
    /// Somebody may still come as he did.
    fn has(&self, account: &Account) -> bool {
        self.accounts.iter().any(|it| it.name == account.name && it.stamp == account.stamp)
    }
}

/// Whether a text is the password. It may take its time: it is never asked where others wait.
pub type PasswordCheck = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// Somebody who may come.
pub struct Account {
    /// What he logs in as.
    pub name: String,
    /// His password, when he may log in with one.
    pub password: Option<PasswordCheck>,
    /// His keys.
    pub keys: Vec<PinnedKey>,
    /// His sessions at once.
    pub sessions: usize,
    /// What he sees.
    pub shares: Vec<Share>,
    /// Another one when anything of it has changed, his password as well.
    pub stamp: String,
}

/// A folder as a user sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Share {
    /// As he calls it.
    pub name: String,
    /// What it stands for.
    pub place: Place,
    /// What he may do there.
    pub access: Access,
}

/// What a share stands for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Place {
    /// A folder with all that is below it.
    Folder(PathBuf),
    /// Folders with folders `YYYYMMDD` in them: they are shown together as `YYYY-MM-DD`, and are never written.
    Days(Vec<PathBuf>),
}

/// What may be done in a share.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// Look and fetch.
    Read,
    /// Everything.
    Write,
    /// As [`Access::Write`], but a file is there only when it is whole: one that was cut off is not kept.
    Bring,
}

/// What happens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Told {
    /// Somebody was turned away, or one try of his.
    Refused {
        /// From where.
        address: IpAddr,
        /// As whom, when he said so.
        user: Option<String>,
        /// Why.
        why: Refusal,
    },
    /// Somebody has logged in.
    In {
        /// Which visit it is.
        visit: u64,
        /// From where.
        address: IpAddr,
        /// As whom.
        user: String,
        /// `password`, or the fingerprint and owner of the key.
        with: String,
        /// What his program calls itself.
        client: String,
    },
    /// A file was brought, whole.
    Stored {
        /// By whom.
        user: String,
        /// As he calls it.
        path: String,
        /// Bytes that were written.
        bytes: u64,
    },
    /// A file that was on its way to where files are brought whole was cut off, and is not kept.
    Cut {
        /// By whom.
        user: String,
        /// As he calls it.
        path: String,
        /// Bytes that came.
        bytes: u64,
    },
    /// Somebody who was logged in has left.
    Out {
        /// Which visit it was.
        visit: u64,
        /// Who.
        user: String,
        /// Files that he fetched.
        files_read: u64,
        /// Files that he brought.
        files_written: u64,
        /// Bytes that he fetched.
        bytes_read: u64,
        /// Bytes that he brought.
        bytes_written: u64,
        /// Why, unless he wanted it.
        why: Option<&'static str>,
    },
}

/// Why somebody was turned away.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// Not this password.
    Password,
    /// There is no such user.
    User,
    /// None of his keys.
    Key,
    /// His key signs with SHA-1, which only the old algorithms have.
    OldSignature,
    /// Too many tries failed from his address.
    Pause {
        /// How long no try is heard from there.
        wait: Duration,
    },
    /// There are too many sessions.
    Sessions {
        /// So many there may be.
        most: usize,
    },
    /// The user has too many sessions.
    UserSessions {
        /// So many he may have.
        most: usize,
    },
    /// There are too many connections, from everywhere or from this address.
    Connections,
    /// No algorithm in common.
    Negotiation {
        /// For what.
        missing: Vec<Kind>,
        /// What we offer.
        ours: Box<Offer>,
        /// What the client offers.
        theirs: Box<Offer>,
        /// What it calls itself.
        client: String,
        /// The old algorithms would help.
        legacy_helps: bool,
    },
    /// He did not log in in time.
    Slow,
    /// He left before he had logged in, or was never a client of SSH.
    Left,
}

impl Refusal {
    /// One word, the same for the same reason.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Refusal::Password => "password",
            Refusal::User => "user",
            Refusal::Key => "key",
            Refusal::OldSignature => "old-signature",
            Refusal::Pause { .. } => "pause",
            Refusal::Sessions { .. } => "sessions",
            Refusal::UserSessions { .. } => "user-sessions",
            Refusal::Connections => "connections",
            Refusal::Negotiation { .. } => "negotiation",
            Refusal::Slow => "slow",
            Refusal::Left => "left",
        }
    }

    /// What to do, where somebody can do something.
    #[must_use]
    pub const fn remedy(&self) -> Option<&'static str> {
        match self {
            Refusal::Password => Some("compare the password, or set another one"),
            Refusal::User => Some("compare the name with those of the file users"),
            Refusal::Key => Some("give the user this key, if it is his"),
            Refusal::OldSignature => Some(
                "let the client sign with rsa-sha2-256, give it an Ed25519 key, or set sftp_algorithms to legacy",
            ),
            Refusal::Pause { .. } => Some("mend what tries there, and wait"),
            Refusal::Sessions { .. } | Refusal::UserSessions { .. } => {
                Some("end sessions that nobody needs, or allow more")
            }
            Refusal::Negotiation { legacy_helps: true, .. } => {
                Some("renew the client, or set sftp_algorithms to legacy")
            }
            Refusal::Negotiation { legacy_helps: false, .. } => Some("renew the client"),
            Refusal::Connections | Refusal::Slow | Refusal::Left => None,
        }
    }

    /// What proves it.
    #[must_use]
    pub fn evidence(&self) -> Vec<String> {
        let Refusal::Negotiation { missing, ours, theirs, client, .. } = self else { return Vec::new() };
        let lists = missing.iter().map(|kind| {
            format!(
                "{}: nothing in common; the client offers {}; we offer {}",
                kind.words(),
                theirs.text(*kind),
                ours.text(*kind)
            )
        });
        std::iter::once(format!("the client is {client}")).chain(lists).collect()
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Password => f.write_str("wrong password"),
            Refusal::User => f.write_str("there is no such user"),
            Refusal::Key => f.write_str("none of his keys"),
            Refusal::OldSignature => f.write_str("his key signs with SHA-1 (ssh-rsa)"),
            Refusal::Pause { wait } => {
                write!(f, "too many tries failed from there; none is heard for {} s", wait.as_secs().max(1))
            }
            Refusal::Sessions { most } => write!(f, "there are {most} sessions already"),
            Refusal::UserSessions { most } => write!(f, "he has {most} sessions already"),
            Refusal::Connections => f.write_str("there are too many connections"),
            Refusal::Negotiation { missing, .. } => {
                let kinds: Vec<&str> = missing.iter().map(|kind| kind.words()).collect();
                write!(f, "no algorithm in common for {}", kinds.join(", "))
            }
            Refusal::Slow => f.write_str("he did not log in in time"),
            Refusal::Left => f.write_str("he left without a log-in"),
        }
    }
}

/// What all visits share.
struct Shared {
    rules: watch::Receiver<Arc<Rules>>,
    tell: Box<dyn Fn(Told) + Send + Sync>,
    doorstep: Doorstep,
    /// Passwords are looked at a few at a time: each takes memory.
    passwords: Semaphore,
    visits: AtomicU64,
    seats: Arc<files::Seats>,
}

/// Serves until it is dropped, and all sessions with it. Wants a runtime with time, network and threads for blocking work.
///
/// What `tell` does must not take long.
///
/// # Errors
/// The socket does not take connections any more.
pub async fn serve(
    listener: TcpListener,
    rules: watch::Receiver<Arc<Rules>>,
    tell: impl Fn(Told) + Send + Sync + 'static,
) -> std::io::Result<()> {
    let shared = Arc::new(Shared {
        rules,
        tell: Box::new(tell),
        doorstep: Doorstep::default(),
        passwords: Semaphore::new(PASSWORDS_AT_ONCE),
        visits: AtomicU64::new(0),
        seats: Arc::default(),
    });
    let mut visits = JoinSet::new();
    loop {
        while visits.try_join_next().is_some() {}
        let (socket, from) = match listener.accept().await {
            Ok(accepted) => accepted,
            // Out of descriptors, or a connection that was gone already: those that are there go on.
            Err(error) if is_passing(&error) => {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            Err(error) => return Err(error),
        };
        let address = unmapped(from);
        let refuse = |why| (shared.tell)(Told::Refused { address, user: None, why });
        if visits.len() >= limits::SFTP_CONNECTIONS {
            refuse(Refusal::Connections);
            continue;
        }
        match shared.doorstep.enter(address, std::time::Instant::now()) {
            Ok(guest) => {
                let visit = shared.visits.fetch_add(1, Ordering::Relaxed);
                visits.spawn(visit::visit(Arc::clone(&shared), socket, address, visit, guest));
            }
            Err(why) => refuse(why),
        }
    }
}

/// Removes what is left of files that were on their way into a folder of [`Access::Bring`] when the server ended; how many that were.
///
/// # Errors
/// The folder cannot be read, or something in it not be removed.
pub fn tidy(folder: &Path) -> std::io::Result<usize> {
    files::remove_staged(folder)
}

fn is_passing(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted, OutOfMemory, WouldBlock};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted | OutOfMemory | WouldBlock)
        || matches!(error.raw_os_error(), Some(EMFILE | ENFILE))
}

/// An IPv4 address that comes through a socket for IPv6 is one.
fn unmapped(from: SocketAddr) -> IpAddr {
    from.ip().to_canonical()
}

const PASSWORDS_AT_ONCE: usize = 2;
/// How long to wait when no connection can be taken.
const PAUSE: Duration = Duration::from_millis(200);
const EMFILE: i32 = 24;
const ENFILE: i32 = 23;
