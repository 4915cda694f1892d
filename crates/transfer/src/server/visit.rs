//! One connection: who it is, and then his files.

use std::net::{IpAddr, Shutdown};
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use russh::keys::{Algorithm, HashAlg, PublicKey};
use russh::server::{self, Auth, ChannelOpenHandle, Config, Msg, PublicKeyOffer, Session, VerifiedPublicKey};
use russh::{Channel, ChannelId, ChannelWriteHalf, Disconnect, MethodKind, MethodSet, SshId};
use tokio::io::{DuplexStream, duplex};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::{AbortHandle, spawn_blocking};
use tokio::time::{sleep, timeout};

use super::conversation::{QUESTIONS_BYTES_MAX, attend, take_in};
use super::doorstep::{Guest, Seat};
use super::files::{Files, Stored, Traffic};
use super::{Account, Refusal, Rules, Shared, Told};
use crate::algorithms::{Offer, missing, preferred};
use crate::destination::{PinnedKey, Policy};
use crate::kexinit::{self, printable};
use crate::ssh::overheard::Overheard;

/// What the two halves of a visit know of it.
#[derive(Default)]
struct Known {
    /// Who it is, and that he has a seat.
    inside: Option<(Arc<Account>, Seat)>,
    /// The name under which he tried last.
    tried: Option<String>,
    /// He was told why he may not come in.
    is_refused: bool,
    /// Why he had to go.
    ended: Option<&'static str>,
    /// He asked for files.
    is_served: bool,
    /// What takes in that he says, to be ended with the visit.
    intake: Option<AbortHandle>,
}

type Notes = Arc<Mutex<Known>>;

/// What a user says on his channel, taken in as it comes, and the way of the answers to him.
type Line = (DuplexStream, ChannelWriteHalf<Msg>);

struct Visitor {
    shared: Arc<Shared>,
    rules: Arc<Rules>,
    address: IpAddr,
    visit: u64,
    notes: Notes,
    traffic: Arc<Traffic>,
    /// Whom he has proved to be, and with what.
    proved: Option<(Arc<Account>, String)>,
    /// A key of his was not known.
    strange_key: Option<String>,
    /// Until files are asked for on it.
    channel: Option<Line>,
    /// His files were served, and that is over.
    over: Arc<Notify>,
    /// It has had a channel: there is one in a connection.
    had_channel: bool,
    guest: Option<Guest>,
}

/// Closes a connection when it is dropped, whoever still has it.
struct Closer(std::net::TcpStream);

impl Drop for Closer {
    fn drop(&mut self) {
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

/// Stays with a connection until it ends.
pub(super) async fn visit(shared: Arc<Shared>, socket: TcpStream, address: IpAddr, visit: u64, guest: Guest) {
    let notes = Notes::default();
    let traffic = Arc::new(Traffic::default());
    let over = Arc::new(Notify::new());
    let mut deadline = pin!(sleep(LOGIN_TIME));
    let mut changes = shared.rules.clone();
    let rules = Arc::clone(&changes.borrow_and_update());
    let Ok((socket, closer)) = two(socket) else { return };
    let (stream, heard) = Overheard::new(socket);
    let visitor = Visitor {
        shared: Arc::clone(&shared),
        rules: Arc::clone(&rules),
        address,
        visit,
        notes: Arc::clone(&notes),
        traffic: Arc::clone(&traffic),
        proved: None,
        strange_key: None,
        channel: None,
        over: Arc::clone(&over),
        had_channel: false,
        guest: Some(guest),
    };
    let known = || notes.lock().unwrap_or_else(PoisonError::into_inner);
    let mut ended = None;
    let mut is_slow = false;
    let started = tokio::select! {
        started = server::run_stream(Arc::new(config(&rules)), stream, visitor) => Some(started),
        () = &mut deadline => None,
    };
    match started {
        Some(Ok(session)) => {
            let handle = session.handle();
            let mut session = pin!(session);
            let mut goodbye = pin!(sleep(GOODBYE_TIME));
            let (mut waits, mut is_over) = (true, false);
            loop {
                tokio::select! {
                    result = &mut session => {
                        ended = Some(result);
                        break;
                    }
                    () = &mut deadline, if waits => {
                        waits = false;
                        let mut known = known();
                        if known.inside.is_none() {
                            is_slow = true;
                            break;
                        }
                        if !known.is_served {
                            known.ended = Some("no files were asked for");
                            break;
                        }
                    }
                    // Its one channel is over: a connection without one is of no use.
                    () = over.notified() => {
                        is_over = true;
                        goodbye.as_mut().reset(tokio::time::Instant::now() + GOODBYE_TIME);
                    }
                    () = &mut goodbye, if is_over => break,
                    changed = changes.changed() => {
                        let why = {
                            let new = changes.borrow_and_update();
                            let known = known();
                            let is_known = known.inside.as_ref().is_none_or(|(account, _)| new.has(account));
                            match (changed.is_ok() && is_known, new.algorithms == rules.algorithms) {
                                (true, true) => None,
                                (false, _) => Some("the user was changed"),
                                (true, false) => Some("the algorithms were changed"),
                            }
                        };
                        if let Some(why) = why {
                            known().ended = Some(why);
                            let said = why.to_owned();
                            let goodbye = async {
                                let _ = handle.disconnect(Disconnect::ByApplication, said, String::new()).await;
                                (&mut session).await
                            };
                            let _ = timeout(GOODBYE_TIME, goodbye).await;
                            break;
                        }
                    }
                }
            }
        }
        Some(Err(_)) => {}
        None => is_slow = true,
    }
    drop(closer);
    let (inside, tried, is_refused, why) = {
        let mut known = known();
        if let Some(intake) = known.intake.take() {
            intake.abort();
        }
        (known.inside.take(), known.tried.take(), known.is_refused, known.ended)
    };
    if let Some((account, seat)) = inside {
        drop(seat);
        let count = |figure: &std::sync::atomic::AtomicU64| figure.load(Ordering::Relaxed);
        (shared.tell)(Told::Out {
            visit,
            user: account.name.clone(),
            files_read: count(&traffic.files_read),
            files_written: count(&traffic.files_written),
            bytes_read: count(&traffic.read),
            bytes_written: count(&traffic.written),
            why,
        });
    } else if !is_refused {
        let negotiation = if matches!(ended, Some(Err(_))) { unmet(&heard.bytes(), &rules) } else { None };
        let why = negotiation.unwrap_or(if is_slow { Refusal::Slow } else { Refusal::Left });
        (shared.tell)(Told::Refused { address, user: tried, why });
    }
}

/// The socket for the library, and another hand on it that closes both ways.
fn two(socket: TcpStream) -> std::io::Result<(TcpStream, Closer)> {
    socket.set_nodelay(true)?;
    let socket = socket.into_std()?;
    let closer = Closer(socket.try_clone()?);
    Ok((TcpStream::from_std(socket)?, closer))
}

/// The algorithms that a client and we do not have in common, by what it said.
fn unmet(heard: &[u8], rules: &Rules) -> Option<Refusal> {
    let greeting = kexinit::read(heard);
    let theirs = greeting.offer?;
    let ours = Offer::of(rules.algorithms);
    let lacks = missing(&theirs, &ours);
    let legacy_helps = missing(&theirs, &Offer::of(Policy::Legacy)).is_empty();
    (!lacks.is_empty()).then(|| Refusal::Negotiation {
        missing: lacks,
        ours: ours.into(),
        theirs: theirs.into(),
        client: greeting.identification.unwrap_or_default(),
        legacy_helps,
    })
}

fn config(rules: &Rules) -> Config {
    Config {
        server_id: SshId::Standard(concat!("SSH-2.0-Strowger_", env!("CARGO_PKG_VERSION")).into()),
        methods: methods(),
        auth_rejection_time: rules.rejection,
        // The first question of many clients is which ways there are, and no try.
        auth_rejection_time_initial: Some(Duration::ZERO),
        keys: rules.keys.0.clone(),
        window_size: WINDOW_BYTES,
        channel_buffer_size: PACKETS_MAX,
        preferred: preferred(rules.algorithms, &[]),
        max_auth_attempts: TRIES_MAX,
        inactivity_timeout: Some(rules.idle),
        ..Config::default()
    }
}

fn methods() -> MethodSet {
    MethodSet::from([MethodKind::PublicKey, MethodKind::Password].as_slice())
}

fn rejected() -> Auth {
    // Whoever has mistyped his password may type it again.
    Auth::Reject { proceed_with_methods: Some(methods()), partial_success: false }
}

impl Visitor {
    /// As it is now, and not as it was when he came.
    fn account(&self, name: &str) -> Option<Arc<Account>> {
        self.shared.rules.borrow().accounts.iter().find(|account| account.name == name).cloned()
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell_refused(&self, user: &str, why: Refusal) {
        self.known().is_refused = true;
        let user = printable(user.as_bytes());
        (self.shared.tell)(Told::Refused { address: self.address, user: Some(user), why });
    }

    /// A try failed, which counts.
    fn failed(&self, user: &str, why: Refusal) -> Auth {
        self.shared.doorstep.failed(self.address, Instant::now());
        self.tell_refused(user, why);
        rejected()
    }

    /// The key of the account that this one is.
    fn key_of(account: &Account, key: &PublicKey) -> Option<PinnedKey> {
        let fingerprint = key.fingerprint(HashAlg::Sha256).to_string();
        account.keys.iter().find(|known| known.fingerprint == fingerprint).cloned()
    }

    fn is_old(&self, algorithm: &Algorithm) -> bool {
        matches!(algorithm, Algorithm::Rsa { hash: None }) && self.rules.algorithms == Policy::Modern
    }

    async fn is_password(&self, account: Option<&Account>, password: &str) -> bool {
        // Who does not exist, or has no password, takes as long as who has one.
        let check = account.and_then(|account| account.password.clone());
        let check = check.unwrap_or_else(|| Arc::clone(&self.rules.nobody));
        let Ok(_turn) = self.shared.passwords.acquire().await else { return false };
        let password = password.to_owned();
        spawn_blocking(move || check(&password)).await.unwrap_or(false)
            && account.is_some_and(|account| account.password.is_some())
    }
}

impl server::Handler for Visitor {
    type Error = russh::Error;

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, russh::Error> {
        self.known().tried = Some(printable(user.as_bytes()));
        let wait = self.shared.doorstep.wait(self.address, Instant::now());
        if !wait.is_zero() {
            self.tell_refused(user, Refusal::Pause { wait });
            return Ok(rejected());
        }
        let account = self.account(user);
        if password.len() <= PASSWORD_BYTES_MAX && self.is_password(account.as_deref(), password).await {
            self.proved = account.map(|account| (account, "password".to_owned()));
            return Ok(Auth::Accept);
        }
        let why = if account.is_some() { Refusal::Password } else { Refusal::User };
        Ok(self.failed(user, why))
    }

    async fn auth_publickey_offered(
        &mut self,
        user: &str,
        offer: PublicKeyOffer<'_>,
    ) -> Result<Auth, russh::Error> {
        self.known().tried = Some(printable(user.as_bytes()));
        let wait = self.shared.doorstep.wait(self.address, Instant::now());
        if !wait.is_zero() {
            self.tell_refused(user, Refusal::Pause { wait });
            return Ok(rejected());
        }
        let known = self.account(user).and_then(|account| Visitor::key_of(&account, offer.public_key));
        if known.is_none() {
            // Clients try all keys that they have: none of them is a guess.
            self.strange_key = Some(user.to_owned());
            return Ok(rejected());
        }
        if self.is_old(offer.algorithm) {
            self.tell_refused(user, Refusal::OldSignature);
            return Ok(rejected());
        }
        Ok(Auth::Accept)
    }

    async fn auth_publickey(&mut self, user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, russh::Error> {
        let account = self.account(user);
        let known = account.as_ref().and_then(|account| Visitor::key_of(account, key.public_key));
        match (account, known) {
            (Some(account), Some(known)) if !self.is_old(key.algorithm) => {
                self.proved = Some((account, known.to_string()));
                Ok(Auth::Accept)
            }
            _ => Ok(self.failed(user, Refusal::Key)),
        }
    }

    async fn auth_succeeded(&mut self, session: &mut Session) -> Result<(), russh::Error> {
        self.strange_key = None;
        let Some((account, with)) = self.proved.take() else { return Err(russh::Error::Inconsistent) };
        let seat = self.shared.doorstep.sit_down(&account, self.rules.sessions);
        let seat = match seat {
            Ok(seat) => seat,
            Err(why) => {
                let said = why.to_string();
                self.tell_refused(&account.name, why);
                session.disconnect(Disconnect::TooManyConnections, &said, "")?;
                return Ok(());
            }
        };
        {
            let mut known = self.known();
            known.is_refused = false;
            known.inside = Some((Arc::clone(&account), seat));
        }
        self.guest = None;
        // Who changed while he was proving himself; later changes find him inside.
        if !self.shared.rules.borrow().has(&account) {
            self.known().ended = Some("the user was changed");
            session.disconnect(Disconnect::ByApplication, "the user was changed", "")?;
        }
        (self.shared.tell)(Told::In {
            visit: self.visit,
            address: self.address,
            user: account.name.clone(),
            with,
            client: printable(session.remote_sshid()),
        });
        Ok(())
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), russh::Error> {
        if !self.had_channel && self.known().inside.is_some() {
            self.had_channel = true;
            // All that comes is taken in at once: what waits in the library holds up what is behind it, room for our answers too.
            let (said, answers) = channel.split();
            let (to, questions) = duplex(QUESTIONS_BYTES_MAX);
            self.known().intake = Some(tokio::spawn(take_in(said, to)).abort_handle());
            self.channel = Some((questions, answers));
            reply.accept().await;
        }
        Ok(())
    }

    async fn subsystem_request(
        &mut self,
        id: ChannelId,
        name: &str,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        let account = self.known().inside.as_ref().map(|(account, _)| Arc::clone(account));
        let channel = self.channel.take_if(|_| name == "sftp");
        let (Some(account), Some((questions, answers))) = (account, channel) else {
            return session.channel_failure(id);
        };
        self.known().is_served = true;
        session.channel_success(id)?;
        let (shared, user) = (Arc::clone(&self.shared), account.name.clone());
        let stored = Box::new(move |Stored { path, bytes, whole }| {
            let user = user.clone();
            (shared.tell)(if whole {
                Told::Stored { user, path, bytes }
            } else {
                Told::Cut { user, path, bytes }
            });
        });
        let seats = Arc::clone(&self.shared.seats);
        let files = Files::new(account, self.visit, seats, Arc::clone(&self.traffic), stored);
        let (handle, notes, idle) = (session.handle(), Arc::clone(&self.notes), self.rules.idle);
        let over = Arc::clone(&self.over);
        tokio::spawn(async move {
            let why = attend(questions, Box::pin(answers.make_writer()), files, idle).await;
            over.notify_one();
            if let Some(why) = why {
                notes.lock().unwrap_or_else(PoisonError::into_inner).ended = Some(why);
                let _ = handle.disconnect(Disconnect::ByApplication, why.to_owned(), String::new()).await;
                return;
            }
            // As a program that has done its work.
            let _ = handle.exit_status_request(id, 0).await;
            let _ = handle.eof(id).await;
            let _ = handle.close(id).await;
        });
        Ok(())
    }

    async fn exec_request(
        &mut self,
        id: ChannelId,
        _: &[u8],
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        session.channel_failure(id)
    }

    async fn shell_request(&mut self, id: ChannelId, session: &mut Session) -> Result<(), russh::Error> {
        session.channel_failure(id)
    }
}

impl Drop for Visitor {
    fn drop(&mut self) {
        if let Some(user) = self.strange_key.take()
            && !self.known().is_refused
        {
            self.shared.doorstep.failed(self.address, Instant::now());
            self.tell_refused(&user, Refusal::Key);
        }
    }
}

/// How long it may take to log in and to ask for files.
const LOGIN_TIME: Duration = Duration::from_secs(60);
/// How long a goodbye may take.
const GOODBYE_TIME: Duration = Duration::from_secs(2);
/// Tries in one connection.
const TRIES_MAX: usize = 5;
/// Longest password.
const PASSWORD_BYTES_MAX: usize = 1024;
/// Bytes that a client may send before they are taken.
const WINDOW_BYTES: u32 = 512 * 1024;
/// Packets of a channel that wait to be taken: of 32 KiB at most.
const PACKETS_MAX: usize = 16;
