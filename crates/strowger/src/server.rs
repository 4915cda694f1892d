//! One server: opens what it needs, starts the threads, and stays until it is told to stop.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Instant as Clock;

use anyhow::Context;
use nix::fcntl::{Flock, FlockArg};
use strowger_base::net::{ListenerId, Protocol, Transport};
use strowger_base::watch::Mailbox;
use strowger_base::{LineName, NodeId, Rng, Secret, ShardId};
use strowger_configuration::State;
use strowger_node::{Input, Node, Outbox, Parameters};
use strowger_sip::io::{BindingRecord, Listener};

use crate::analysis::Analysis;
use crate::backup::{self, NodeFiles};
use crate::config_file::{Begun, ConfigFile};
use crate::configuration::ConfigurationStore;
use crate::counters;
use crate::decision::Decision;
use crate::delivery::Deliveries;
use crate::descriptors::Budget;
use crate::digits;
use crate::events::Hub;
use crate::file_server::FileServer;
use crate::http;
use crate::keeper::{self, Keeper, random_id};
use crate::log;
use crate::mailbox::{Sender, mailbox};
use crate::media;
use crate::newcomers;
use crate::records::RecordThread;
use crate::shutdown::Signals;
use crate::sockets::{SipSocket, SipSockets, refusal};
use crate::sounds::Sounds;
use crate::store::Store;
use crate::streams;
use crate::telephony::{self, Telephony, ThisRun};
use crate::this_server::Machine;
use crate::tls::Certified;
use crate::vault::Vault;

/// The number of this server in its cluster.
const NODE: NodeId = NodeId(1);

/// Everything that was opened, before anything runs.
pub(crate) struct Opened {
    file: ConfigFile,
    data: PathBuf,
    /// Until telephony has them.
    sip: SipSockets,
    /// The SIP sockets, as the node knows them.
    listeners: Vec<Listener>,
    /// Where SCCP phones are taken.
    stations: Vec<SocketAddr>,
    this_run: ThisRun,
    http: Option<TcpListener>,
    /// What the web interface proves itself with, when it speaks TLS.
    tls: Option<Certified>,
    /// Why the web interface is not where the node file says.
    http_refused: Option<String>,
    /// The socket of the command line.
    local: Option<UnixListener>,
    /// Held until the process ends: one server for each folder.
    _lock: Flock<std::fs::File>,
    /// What could not be opened, each with its remedy.
    pub(crate) unopened: Vec<String>,
}

impl Opened {
    /// Opens folder and sockets.
    ///
    /// # Errors
    /// When the folder or the SIP port cannot be had; everything else is told and done without.
    pub(crate) fn open(file: ConfigFile, data: PathBuf, this_run: ThisRun) -> anyhow::Result<Opened> {
        // Calls, hashes and keys are nobody else's: what is written from here on is for the owner alone.
        nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o077));
        let lock = lock(&data)?;
        backup::remove_left(&data);
        let wanted = SocketAddr::new(file.sip.listen, file.sip.port);
        let (sip, mut unopened) = SipSockets::open(wanted, file.sip.advertise)?;
        let listeners = sip.listeners();
        let wanted = SocketAddr::new(file.http.listen, file.http.port);
        let (http, http_refused) = open_http(wanted);
        let mut addresses: Vec<IpAddr> = listeners.iter().map(|listener| listener.advertised.ip()).collect();
        addresses.push(file.http.listen);
        let tls = file.certified(&data, &addresses)?;
        if let Some(doubt) = tls.as_ref().and_then(|certified| certified.doubt.clone()) {
            log::warn(doubt).write();
        }
        let local = match open_local(&data) {
            Ok(listener) => Some(listener),
            Err(error) => {
                let path = data.join(LOCAL_SOCKET);
                unopened.push(format!(
                    "command line: {} cannot be opened ({error}): give a data folder with a shorter path, on a local disk",
                    path.display()
                ));
                None
            }
        };
        let this_run = ThisRun { node_name: file.node.name.as_deref().map(Into::into), ..this_run };
        Ok(Opened {
            file,
            data,
            sip,
            listeners,
            stations: vec![],
            this_run,
            http,
            tls,
            http_refused,
            local,
            _lock: lock,
            unopened,
        })
    }

    /// The sockets that are open: what, and where.
    pub(crate) fn listeners(&self) -> Vec<(&'static str, SocketAddr)> {
        let word = |transport| if transport == Transport::Udp { "udp" } else { "tcp" };
        let sip = self.listeners.iter().filter(|listener| listener.is_open);
        let mut all: Vec<_> = sip.map(|listener| (word(listener.transport), listener.bound)).collect();
        all.extend(self.stations.iter().map(|address| ("sccp", *address)));
        all.extend(self.http_address().map(|address| ("http", address)));
        all
    }

    /// The address that phones are told.
    pub(crate) fn advertised(&self) -> SocketAddr {
        let first = self.listeners.iter().find(|listener| listener.is_open);
        first.map_or(SocketAddr::from(([127, 0, 0, 1], self.file.sip.port)), |listener| listener.advertised)
    }

    pub(crate) fn http_address(&self) -> Option<SocketAddr> {
        self.http.as_ref().and_then(|http| http.local_addr().ok())
    }

    /// The address of the web interface as browsers have it.
    pub(crate) fn web_url(&self) -> Option<String> {
        self.http_address().map(|address| http::url(address, self.tls.is_some()))
    }

    /// The fingerprint of the web interface's certificate.
    pub(crate) fn fingerprint(&self) -> Option<&str> {
        self.tls.as_ref().map(|certified| certified.fingerprint.as_str())
    }

    pub(crate) const fn file(&self) -> &ConfigFile {
        &self.file
    }

    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// Runs the server until it is told to stop. `ready` is called when it serves.
    pub(crate) fn run(
        mut self,
        ready: impl FnOnce(&Opened, &strowger_sip::Configuration),
    ) -> anyhow::Result<()> {
        let started = Clock::now();
        let (sender, letters) = mailbox()?;
        let limit = self.file.journal.limit_mib * 1024 * 1024;
        let (store_sender, mut store, recovered) = Store::open(&self.data, limit, sender.clone())
            .with_context(|| format!("cannot open the store in {}", self.data.display()))?;
        let events = Hub::new(seed()?[0] as u32);
        store.tell(Arc::clone(&events));
        if recovered.torn_bytes > 0 {
            log::warn("the journal ended in the middle of a record; the rest is kept in a file beside it")
                .count("bytes", recovered.torn_bytes)
                .write();
        }
        if recovered.damaged_bytes > 0 {
            log::error("a part of the journal is damaged; what stands behind it was read")
                .count("bytes", recovered.damaged_bytes)
                .effect("calls whose records stood there have none, or an incomplete one")
                .remedy("look at the disk; a backup may have what is lost")
                .write();
        }
        if recovered.closed > 0 {
            log::warn("calls were in progress when the server stopped last; they have a final record now")
                .count("calls", recovered.closed as u64)
                .write();
        }
        let extent = store.extent();
        let gate = Arc::new(http::Gate::new());
        let (keeper, telephony) = self.configuration(&sender, &gate)?;
        let machine = telephony.machine();
        self.move_http(machine.borrow().http);
        self.tell_first_token(&gate, &keeper)?;
        let (configuration, sockets) = telephony.begin()?;
        self.listeners.clone_from(&configuration.sip.listeners);
        self.stations = telephony.station_sockets();
        self.have_names(&keeper.live().state)?;
        let missing = telephony.missing();
        self.unopened.extend(missing.borrow().iter().map(|(_, why)| why.clone()));
        if let Some(doubt) = telephony.own(&keeper.live().state).doubt() {
            log::warn(doubt).write();
        }
        store.obey(machine.clone());
        let sip = Arc::clone(&configuration.sip);
        let epoch = seed()?[0];
        let records =
            RecordThread::new(&self.data, NODE.0.into(), epoch, extent, keeper.watch(), Arc::clone(&events));
        let (deliveries, deliveries_desk) = Deliveries::new(&self.data, keeper.watch(), Arc::clone(&events))
            .context("call records cannot be delivered")?;
        let live = keeper.watch();
        let keep = move || crate::records::search_retention(&live.borrow().state);
        let (analysis, loader) = Analysis::new(&self.data, keep, Arc::clone(&events));
        let (files, files_board) =
            FileServer::new(&self.data, keeper.watch(), machine.clone(), Arc::clone(&events));
        let sounds = Arc::new(Sounds::new(&self.data));
        let library = sounds.library();
        let (followed, live) = (Arc::clone(&sounds), keeper.watch());
        let (strangers, taking_in) = newcomers::newcomers(Arc::clone(&keeper), sender.clone());
        thread::Builder::new().name("newcomers".into()).spawn(move || taking_in.run())?;
        let site = http::Site {
            decision: sender.clone(),
            data: self.data.clone(),
            gate,
            keeper,
            telephony,
            node_files: self.node_files(),
            events,
            sounds,
            deliveries: deliveries_desk,
            files: files_board,
            analysis,
            names: crate::tls::names("", &self.file.http.names, &[self.advertised().ip()]),
            tls: self.tls.clone(),
            sip_port: self.advertised().port(),
        };
        let mut node = Node::new(Parameters {
            node: NODE,
            shard: ShardId(0),
            seed: seed()?,
            key_seed: Secret::new(random()?),
            last_number: recovered.last_number,
            fingerprints: Vault::open(&self.data)?.fingerprints(),
            configuration,
        });
        restore(&mut node, recovered.bindings, recovered.mailboxes, &recovered.user_settings);
        let media_ports = machine.borrow().media_ports;
        let budget = Budget::claim(media_ports);
        let rng = Rng::from_key(seed()?);
        let parts = media::Parts {
            machine: machine.clone(),
            library,
            sockets_max: budget.media,
            decision: sender.clone(),
            started,
            figures: &counters::MEDIA,
            commands: &counters::MEDIA_COMMANDS,
        };
        let (media_sender, media_threads, watch) =
            media::threads(media::threads_wanted(media_ports), rng, &parts)?;
        let (stream_sender, connections) = streams::connections(budget.streams);
        let (records_go_on, records_stop) = std::sync::mpsc::channel();
        let records_thread =
            beside("records", "call records are not written", move || records.run(&records_stop))?;
        beside("delivery", "call records are not delivered", move || deliveries.run())?;
        beside("files", "files are served to nobody over SFTP", move || files.run())?;
        beside("loader", "call records are not loaded for searches", move || loader.run())?;
        let store_thread = thread::Builder::new().name("store".into()).spawn(move || store.run())?;
        thread::Builder::new().name("sounds".into()).spawn(move || {
            if let Err(error) = followed.follow(live) {
                log::error("sound files are not read").with("reason", error).write();
            }
        })?;
        for (index, media_thread) in media_threads.into_iter().enumerate() {
            thread::Builder::new().name(format!("media {index}")).spawn(move || media_thread.run())?;
        }
        thread::Builder::new().name("media watch".into()).spawn(move || watch.run())?;
        let (mut udp, mut tcp) = (vec![], vec![]);
        for (listener, socket) in sockets {
            match socket {
                SipSocket::Udp(socket) => udp.push((listener, socket)),
                SipSocket::Tcp(socket) => tcp.push((listener, socket, Protocol::Sip)),
                SipSocket::Stations(socket) => tcp.push((listener, socket, Protocol::Sccp)),
            }
        }
        let http = self.http.as_ref().map(TcpListener::try_clone).transpose()?;
        let local = self.local.as_ref().map(UnixListener::try_clone).transpose()?;
        let decision = Decision {
            node,
            sockets: udp,
            mailbox: letters,
            media: media_sender,
            store: store_sender,
            streams: stream_sender,
            strangers,
            started,
        };
        let shell = sender.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let signals = {
            let _inside = runtime.enter();
            Signals::receive().context("cannot receive signals")?
        };
        let stop = signals.stop(sender.clone(), machine);
        thread::Builder::new().name("io".into()).spawn(move || {
            if let Err(error) = asynchronous(&runtime, tcp, (http, local), connections, shell, site, stop) {
                log::error("the connection side stopped")
                    .with("reason", error)
                    .effect("no TCP, HTTP or signals")
                    .remedy("restart the server")
                    .write();
            }
        })?;
        if let Some(url) = self.web_url() {
            http::write_run_file(&self.data, &url)?;
        }
        ready(&self, &sip);
        // While it is open here, too, nobody else could have its port when it moves.
        drop(self.http);
        // It holds secrets as they were written, and what the server needs of it is in the configuration, which will be
        // another one soon.
        drop((self.file, sip));
        decision.run()?;
        // The store thread ends when the last batch is written.
        drop(sender);
        let _ = store_thread.join();
        // The journal is whole: what is in it goes into call records.
        drop(records_go_on);
        let _ = records_thread.join();
        log::info("stopped").write();
        let _ = std::fs::remove_file(self.data.join("run"));
        let _ = std::fs::remove_file(self.data.join(LOCAL_SOCKET));
        Ok(())
    }

    /// Opens what is configured, and takes back what nobody confirmed before the server ended. Where nothing was ever
    /// configured, the node file is what it begins with.
    fn configuration(
        &mut self,
        decision: &Sender,
        gate: &Arc<http::Gate>,
    ) -> anyhow::Result<(Arc<Keeper>, Arc<Telephony>)> {
        let vault = Arc::new(Vault::open(&self.data)?);
        let (store, found) = ConfigurationStore::open(&self.data, digits::now(), random_id())
            .map_err(|error| anyhow::anyhow!("{error}"))?;
        if let Some(sequence) = found.reverted {
            log::warn("a change was on trial when the server ended; it is taken back")
                .count("change", sequence)
                .write();
        }
        let sip = std::mem::take(&mut self.sip);
        let base = Machine::of_file(&self.file);
        let telephony =
            Telephony::new(Arc::clone(&vault), decision.clone(), sip, base, self.this_run.clone());
        let telephony = Arc::new(telephony);
        let users = Box::new((Arc::clone(&telephony), Arc::clone(gate)));
        let keeper = Keeper::new(store, Arc::clone(&vault), users).map_err(|wrong| {
            anyhow::anyhow!("the configuration cannot be put in force: {}", wrong.join("; "))
        })?;
        match self.file.begin(&keeper, &*vault)? {
            Begun::TakenOver(0) | Begun::Stored(None) => {}
            Begun::TakenOver(objects) => log::info("the node file was taken over as change 1")
                .count("objects", objects as u64)
                .remedy("from now on: strowger export, plan, apply")
                .write(),
            Begun::Stored(Some(told)) => log::warn(told).write(),
        }
        Ok((Arc::new(keeper), telephony))
    }

    /// The node file, for backups; the lab writes one that it has not read.
    fn node_files(&self) -> NodeFiles {
        let own = self.data.join("strowger.toml");
        match self.file.files() {
            None if own.exists() => NodeFiles::new(&own, &[]),
            files => files.unwrap_or_default(),
        }
    }

    /// Has a certificate for the names that are configured.
    fn have_names(&mut self, state: &State) -> anyhow::Result<()> {
        let configured: Vec<String> = crate::tls::names_in(state).map(str::to_owned).collect();
        let http = self.http_address().map_or(self.file.http.listen, |address| address.ip());
        let addresses = [http, self.advertised().ip()];
        let Some(made) = self.file.certified_for(&self.data, &configured, &addresses)? else { return Ok(()) };
        log::warn(
            "the web interface has a new certificate: the old one was not for all names that are configured",
        )
        .with("certificate", &made.fingerprint)
        .remedy("give this one to whoever knew the old one by --fingerprint or --ca-file")
        .write();
        self.tls = Some(made);
        Ok(())
    }

    /// Tells the token with which the first administrator can be made, when there is none.
    fn tell_first_token(&self, gate: &http::Gate, keeper: &Keeper) -> anyhow::Result<()> {
        if let (Some(url), false) = (self.web_url(), http::has_administrator(&keeper.live().state)) {
            log::info("nobody can log in over HTTP yet; this token makes the first administrator, once and within an hour")
                .with("token", gate.first_token()?)
                .with("post", format!("{url}/api/v1/first-administrator"))
                .remedy("or run on this machine: strowger password NAME --role administrator")
                .write();
        }
        Ok(())
    }

    /// Opens the web interface where the configuration wants it, when that is elsewhere than the node file says.
    fn move_http(&mut self, wanted: SocketAddr) {
        if wanted != SocketAddr::new(self.file.http.listen, self.file.http.port) {
            // It may be another address with the same port.
            self.http = None;
            (self.http, self.http_refused) = open_http(wanted);
        }
        self.unopened.extend(self.http_refused.take());
    }
}

fn open_http(wanted: SocketAddr) -> (Option<TcpListener>, Option<String>) {
    match TcpListener::bind(wanted) {
        Ok(listener) => (Some(listener), None),
        Err(error) => {
            let why = refusal("HTTP", "tcp", wanted, &error, "give another port with --http-port");
            (None, Some(why))
        }
    }
}

fn restore(
    node: &mut Node,
    bindings: Vec<BindingRecord>,
    mailboxes: Vec<(LineName, Mailbox)>,
    user_settings: &[Vec<u8>],
) {
    let mut out = Outbox::default();
    let wall = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let now = strowger_base::Now {
        mono: strowger_base::Instant::START,
        wall: strowger_base::WallTime::from_micros(u64::try_from(wall.as_micros()).unwrap_or(0)),
    };
    for record in bindings {
        node.handle(now, Input::Restore(record), &mut out);
    }
    for (line, mailbox) in mailboxes {
        node.handle(now, Input::RestoreMailbox(line, mailbox), &mut out);
    }
    for record in user_settings {
        node.handle(now, Input::RestoreSetting(record), &mut out);
    }
}

/// TCP, HTTP and signals, on a runtime with one thread.
fn asynchronous(
    runtime: &tokio::runtime::Runtime,
    tcp: Vec<(ListenerId, TcpListener, Protocol)>,
    (http, local): (Option<TcpListener>, Option<UnixListener>),
    connections: streams::Connections,
    decision: crate::mailbox::Sender,
    site: http::Site,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let site = Arc::new(site);
    runtime.block_on(async move {
        let http = match http {
            None => None,
            Some(listener) => {
                listener.set_nonblocking(true)?;
                Some(tokio::net::TcpListener::from_std(listener)?)
            }
        };
        tokio::spawn(http::serve_where_wanted(http, Arc::clone(&site)));
        tokio::spawn(http::serve_phone_services(Arc::clone(&site)));
        tokio::spawn(telephony::watch_sockets(Arc::clone(&site.telephony), Arc::clone(&site.events)));
        if let Some(listener) = local {
            listener.set_nonblocking(true)?;
            let listener = tokio::net::UnixListener::from_std(listener)?;
            tokio::spawn(http::serve_local(listener, Arc::clone(&site)));
        }
        tokio::spawn(keeper::watch_trials(Arc::clone(&site.keeper)));
        tokio::spawn(http::tell_changes(Arc::clone(&site)));
        tokio::spawn(stop);
        connections.run(tcp, decision).await;
        Ok(())
    })
}

/// Opens the socket of the command line for the owner of the folder alone. The lock is held: a socket that is there is one
/// that a killed server left behind.
fn open_local(data: &Path) -> io::Result<UnixListener> {
    let (path, fresh) = (data.join(LOCAL_SOCKET), data.join(format!("{LOCAL_SOCKET}.new")));
    let _ = std::fs::remove_file(&fresh);
    let listener = UnixListener::bind(&fresh)?;
    // It has its rights before anybody knows it by its name.
    std::fs::set_permissions(&fresh, std::fs::Permissions::from_mode(0o600))?;
    std::fs::rename(&fresh, &path)?;
    Ok(listener)
}

/// The socket of the command line, in the data folder.
pub(crate) const LOCAL_SOCKET: &str = "api.sock";

/// Takes the folder for this process.
pub(crate) fn lock(data: &Path) -> anyhow::Result<Flock<std::fs::File>> {
    std::fs::create_dir_all(data)
        .with_context(|| format!("cannot make the folder {}; choose another one", data.display()))?;
    let path = data.join("lock");
    let file = std::fs::OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .with_context(|| {
            format!("the folder {} cannot be written; mend its rights or choose another one", data.display())
        })?;
    Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|_| {
        anyhow::anyhow!(
            "another strowger is running on {}; stop it, or choose another folder with --data",
            data.display()
        )
    })
}

fn random() -> anyhow::Result<[u8; 32]> {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no randomness from the system: {error}"))?;
    Ok(bytes)
}

fn seed() -> anyhow::Result<[u64; 4]> {
    let bytes = random()?;
    let (words, _) = bytes.as_chunks::<8>();
    Ok(std::array::from_fn(|i| words.get(i).map_or(0, |word| u64::from_le_bytes(*word))))
}
/// Starts a thread that works beside calls. One that ends by a fault of ours is told, with what does not go on then.
fn beside(
    name: &'static str,
    effect: &'static str,
    run: impl FnOnce() + Send + 'static,
) -> io::Result<thread::JoinHandle<()>> {
    thread::Builder::new().name(name.into()).spawn(move || {
        if std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).is_err() {
            log::error("a part of the server ended by a fault in this program")
                .with("part", name)
                .effect(effect)
                .remedy(
                    "restart the server: what is on the disk is taken up again; and report the lines above",
                )
                .write();
        }
    })
}
