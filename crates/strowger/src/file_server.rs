//! The SFTP server: records by their days, records that other systems bring, and the folders that users are shown.
//!
//! It has a thread of its own. How SFTP is spoken is `strowger-transfer`'s affair; here is who may come, what he sees, and what is told of it.

mod board;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant as Clock};

use serde_json::json;
use strowger_configuration::State;
use strowger_configuration::kinds::{AlgorithmPolicy, SftpUser};
use strowger_transfer::server::{Access, Account, HostKeys, Place, Refusal, Rules, Share, Told, serve, tidy};
use strowger_transfer::{PinnedKey, Policy};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, spawn_blocking};

pub(crate) use self::board::{Board, Figures};
use crate::access::PasswordHash;
use crate::digits::now;
use crate::events::{Hub, Topic};
use crate::keeper::Live;
use crate::log;
use crate::records::repository;
use crate::sockets::refusal;
use crate::this_server::{Machine, SftpPlace};

/// The server, as long as the process runs: it follows the configuration.
pub(crate) struct FileServer {
    data: PathBuf,
    live: watch::Receiver<Arc<Live>>,
    machine: watch::Receiver<Machine>,
    teller: Arc<Teller>,
    /// Once they were needed.
    keys: Option<HostKeys>,
    open: Option<Open>,
}

struct Open {
    place: SftpPlace,
    rules: watch::Sender<Arc<Rules>>,
    serving: JoinHandle<std::io::Result<()>>,
}

impl FileServer {
    /// Prepares what [`FileServer::run`] needs; the board says how it does.
    pub(crate) fn new(
        data: &Path,
        live: watch::Receiver<Arc<Live>>,
        machine: watch::Receiver<Machine>,
        events: Arc<Hub>,
    ) -> (FileServer, Arc<Board>) {
        let board = Arc::new(Board::default());
        let teller = Arc::new(Teller { board: Arc::clone(&board), events, refused: Mutex::default() });
        (FileServer { data: data.to_owned(), live, machine, teller, keys: None, open: None }, board)
    }

    /// Runs until nobody has the configuration any more, which is when the server stops.
    pub(crate) fn run(mut self) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(BLOCKING_THREADS)
            .build();
        match runtime {
            Ok(runtime) => runtime.block_on(self.follow()),
            Err(error) => log::error("there is no SFTP server")
                .with("reason", error)
                .remedy("restart the server")
                .write(),
        }
    }

    async fn follow(&mut self) {
        let mut told: Option<(SftpPlace, String)> = None;
        loop {
            let place = self.machine.borrow_and_update().sftp;
            let live = Arc::clone(&self.live.borrow_and_update());
            let trouble = self.configure(place, &live.state).await.err();
            self.teller.board.trouble(trouble.clone());
            let failed = place.zip(trouble);
            if let Some((_, why)) = failed.as_ref().filter(|_| failed != told) {
                log::error(why.clone()).effect("no files are fetched or brought; it is tried again").write();
            }
            let again = if failed.is_some() { PAUSE } else { Duration::MAX };
            told = failed;
            let ended = async {
                match &mut self.open {
                    Some(open) => (&mut open.serving).await,
                    None => std::future::pending().await,
                }
            };
            let goes_on = tokio::select! {
                changed = self.machine.changed() => changed.is_ok(),
                changed = self.live.changed() => changed.is_ok(),
                () = tokio::time::sleep(again) => true,
                ended = ended => {
                    self.open = None;
                    self.teller.board.closed();
                    if let Ok(Err(error)) = ended {
                        log::error("the SFTP server stopped").with("reason", error).effect("it begins anew").write();
                    }
                    tokio::time::sleep(PAUSE).await;
                    true
                }
            };
            if !goes_on {
                return;
            }
        }
    }

    /// Opens, closes or moves it, and says who may come.
    async fn configure(&mut self, place: Option<SftpPlace>, state: &State) -> Result<(), String> {
        if let Some(open) = &self.open
            && place.map(|place| place.address) != Some(open.place.address)
            && let Some(open) = self.open.take()
        {
            open.serving.abort();
            // Only then its port is free. That it was cut short is what was wanted.
            let _ = open.serving.await;
            self.teller.board.closed();
            log::info("the SFTP server is off").address(open.place.address).write();
        }
        let Some(place) = place else { return Ok(()) };
        let keys = self.keys().await?;
        let rules = Arc::new(self.rules(&place, keys, state));
        if let Some(open) = &mut self.open {
            open.place = place;
            open.rules.send_replace(rules);
            return Ok(());
        }
        let listener = TcpListener::bind(place.address)
            .await
            .map_err(|error| refusal("SFTP", "tcp", place.address, &error, "give another sftp_port"))?;
        let address = listener.local_addr().unwrap_or(place.address);
        let prints: Vec<String> =
            rules.keys.fingerprints().into_iter().map(|(kind, print)| format!("{kind} {print}")).collect();
        log::info("listening")
            .with("transport", "sftp")
            .address(address)
            .with("host_keys", prints.join(", "))
            .write();
        self.teller.board.opened(address, rules.keys.clone());
        let (sender, receiver) = watch::channel(rules);
        let teller = Arc::clone(&self.teller);
        let serving = tokio::spawn(serve(listener, receiver, move |told| teller.tell(told)));
        self.open = Some(Open { place, rules: sender, serving });
        Ok(())
    }

    async fn keys(&mut self) -> Result<HostKeys, String> {
        if let Some(keys) = &self.keys {
            return Ok(keys.clone());
        }
        let data = self.data.clone();
        let incoming = repository::incoming(&self.data);
        let opened = spawn_blocking(move || {
            // What was on its way when the server ended is not whole.
            for folder in incoming.unwrap_or_default() {
                let _ = tidy(&folder);
            }
            HostKeys::open(&data)
        });
        let opened = opened.await.map_err(|_| "the host keys cannot be made".to_owned())?;
        let keys = opened.map_err(|error| error.to_string())?;
        self.keys = Some(keys.clone());
        Ok(keys)
    }

    fn rules(&self, place: &SftpPlace, keys: HostKeys, state: &State) -> Rules {
        let accounts = state.all::<SftpUser>().filter(|(_, it)| it.enabled);
        Rules {
            keys,
            algorithms: match place.algorithms {
                AlgorithmPolicy::Modern => Policy::Modern,
                AlgorithmPolicy::Legacy => Policy::Legacy,
            },
            accounts: accounts.map(|(_, it)| Arc::new(account(it, &self.data))).collect(),
            sessions: place.sessions,
            idle: place.idle,
            rejection: REJECTION,
            nobody: Arc::new(PasswordHash::nobodys),
        }
    }
}

fn account(it: &SftpUser, data: &Path) -> Account {
    let name = it.name.as_str().to_owned();
    let share = |name: &str, place, access| Share { name: name.to_owned(), place, access };
    let mut shares = Vec::new();
    if it.records {
        shares.push(share("records", Place::Days(repository::days(data)), Access::Read));
    }
    if it.incoming {
        let own = repository::incoming_of(data, &name);
        if let Err(error) = std::fs::create_dir_all(&own) {
            log::error("an SFTP user has no folder to bring files into")
                .with("user", &name)
                .with("folder", own.display())
                .with("reason", error)
                .remedy("make room or mend the folder's rights, and change the user or restart")
                .write();
        }
        shares.push(share("incoming", Place::Folder(own), Access::Bring));
    }
    for folder in it.folders.iter() {
        let path = PathBuf::from(folder.path.as_str());
        if is_private(&path, data) {
            log::error("an SFTP user is not shown a folder with secrets of the server")
                .with("user", &name)
                .with("folder", path.display())
                .remedy("give another path: neither the data folder, nor one in it or around it")
                .write();
            continue;
        }
        let access = if folder.writable { Access::Write } else { Access::Read };
        shares.push(share(folder.name.as_str(), Place::Folder(path), access));
    }
    let hash = it.password.as_ref().map(|hash| hash.expose().to_owned());
    let stamp = format!("{it:?} {}", hash.as_deref().unwrap_or_default());
    let check = |hash: String| -> strowger_transfer::server::PasswordCheck {
        Arc::new(move |text| PasswordHash::from_text(&hash).is(text))
    };
    Account {
        name,
        password: hash.map(check),
        keys: it.keys.iter().filter_map(|key| PinnedKey::parse(key.as_str()).ok()).collect(),
        sessions: it.sessions.get() as usize,
        shares,
        stamp,
    }
}

/// True for a folder from which the keys of the server can be reached.
fn is_private(path: &Path, data: &Path) -> bool {
    // What is not there yet is where the folder above it is.
    fn whole(path: &Path) -> PathBuf {
        match (path.canonicalize(), path.parent(), path.file_name()) {
            (Ok(whole), ..) => whole,
            (Err(_), Some(above), Some(name)) => whole(above).join(name),
            _ => path.to_owned(),
        }
    }
    let (path, data) = (whole(path), whole(data));
    // What the kernel shows of processes is no folder of files.
    let is_kernel = ["/proc", "/sys", "/dev"].iter().any(|kernel| path.starts_with(kernel));
    is_kernel || path.starts_with(&data) || data.starts_with(&path)
}

/// When a refusal was told last, and how often it was not since then.
type Held = (Clock, u64);

/// Tells of what happens: in the log, as events, and on the board.
struct Teller {
    board: Arc<Board>,
    events: Arc<Hub>,
    /// When somebody was told of last: whoever guesses does not fill the log.
    refused: Mutex<BTreeMap<(IpAddr, &'static str), Held>>,
}

impl Teller {
    fn tell(&self, told: Told) {
        self.board.take(&told);
        match told {
            Told::Refused { address, user, why } => self.refused(address, user.as_deref(), &why),
            Told::In { address, user, with, client, .. } => log::info("somebody has logged in for files")
                .with("user", user)
                .with("from", address)
                .with("with", with)
                .with("client", client)
                .write(),
            Told::Stored { user, path, bytes } => log::info("a file was brought")
                .with("user", user)
                .with("file", path)
                .count("bytes", bytes)
                .write(),
            Told::Cut { user, path, bytes } => {
                log::warn("a file that was on its way was cut off and is not kept")
                    .with("user", user)
                    .with("file", path)
                    .count("bytes", bytes)
                    .write()
            }
            Told::Out { user, files_read, files_written, bytes_read, bytes_written, why, .. } => {
                let event = log::info("somebody who had logged in for files has left")
                    .with("user", user)
                    .count("fetched", files_read)
                    .count("fetched_bytes", bytes_read)
                    .count("brought", files_written)
                    .count("brought_bytes", bytes_written);
                match why {
                    Some(why) => event.with("reason", why).write(),
                    None => event.write(),
                }
            }
        }
    }

    fn refused(&self, address: IpAddr, user: Option<&str>, why: &Refusal) {
        if *why == Refusal::Left {
            log::debug("somebody looked at the SFTP server and left").with("from", address).write();
            return;
        }
        let Some(held_back) = self.is_told(address, why.word()) else { return };
        let mut event =
            log::warn("somebody who wanted files was refused").with("from", address).with("reason", why);
        if let Some(user) = user {
            event = event.with("user", user);
        }
        let evidence = why.evidence();
        if !evidence.is_empty() {
            event = event.with("evidence", evidence.join("; "));
        }
        if held_back > 0 {
            event = event.count("held_back", held_back);
        }
        if let Some(remedy) = why.remedy() {
            event = event.remedy(remedy);
        }
        event.write();
        let told = json!({
            "alarm": "sftp-refused",
            "from": address.to_string(),
            "user": user,
            "kind": why.word(),
            "reason": why.to_string(),
            "evidence": evidence,
            "remedy": why.remedy(),
        });
        self.events.tell(Topic::Alarm, now(), told);
    }

    /// The same from the same address is told once a minute; how often it was not since then.
    fn is_told(&self, address: IpAddr, word: &'static str) -> Option<u64> {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let at = Clock::now();
        if let Some((last, held_back)) = refused.get_mut(&(address, word)) {
            if at.duration_since(*last) < SAME {
                *held_back += 1;
                return None;
            }
            *last = at;
            return Some(std::mem::take(held_back));
        }
        if refused.len() >= KEPT {
            refused.retain(|_, (last, _)| at.duration_since(*last) < SAME);
        }
        // Whoever comes from everywhere is counted, and told again when others are forgotten.
        if refused.len() >= KEPT {
            return None;
        }
        refused.insert((address, word), (at, 0));
        Some(0)
    }
}

/// Where it listens, for who prints it.
pub(crate) fn url(address: SocketAddr) -> String {
    format!("sftp://{address}")
}

/// Files and passwords are looked at on so many threads.
const BLOCKING_THREADS: usize = 4;
/// How long the answer to a wrong password takes at least.
const REJECTION: Duration = Duration::from_secs(1);
/// How long to wait when it cannot be opened.
const PAUSE: Duration = Duration::from_secs(5);
/// The same refusal is told once in this time.
const SAME: Duration = Duration::from_secs(60);
/// Refusals that are remembered for that.
const KEPT: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_shown_the_keys_of_the_server() {
        let data = std::env::temp_dir().join(format!("strowger-private-{}", std::process::id()));
        let beside = data.with_extension("beside");
        for folder in [&data, &beside] {
            let _ = std::fs::remove_dir_all(folder);
            std::fs::create_dir_all(folder).unwrap();
        }
        let link = beside.join("link");
        std::os::unix::fs::symlink(&data, &link).unwrap();
        let check = |path: &Path, expect: bool| assert_eq!(is_private(path, &data), expect, "{path:?}");
        check(&data, true);
        check(&data.join("cdr_repository"), true);
        check(data.parent().unwrap(), true);
        check(Path::new("/"), true);
        check(&link, true);
        check(&beside, false);
        check(&beside.join("not-there-yet"), false);
        for folder in [&data, &beside] {
            std::fs::remove_dir_all(folder).unwrap();
        }
    }

    #[test]
    fn who_guesses_is_told_once_a_minute() {
        let teller = Teller { board: Arc::default(), events: Hub::new(1), refused: Mutex::default() };
        let address = |last: u16| IpAddr::from([10, 0, (last >> 8) as u8, last as u8]);
        assert_eq!(teller.is_told(address(1), "password"), Some(0));
        assert_eq!(teller.is_told(address(1), "password"), None);
        assert_eq!(
            (teller.is_told(address(1), "user"), teller.is_told(address(2), "user")),
            (Some(0), Some(0))
        );
        for last in 0..5000 {
            teller.is_told(address(last), "password");
        }
        assert_eq!(teller.refused.lock().unwrap().len(), KEPT);
    }
}
