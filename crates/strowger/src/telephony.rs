//! What takes calls follows the configuration: objects become the tables of the node, and sockets are opened and closed.
//!
//! Of a change of lines and phones only these are built. Anything else is built as a whole. Both happen on the thread that made the
//! change: calls do not wait for it.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use strowger_base::Secret;
use strowger_base::net::{ListenerId, Transport};
use strowger_callcontrol::RelayMode;
use strowger_configuration::kinds::{Server, SipTransport};
use strowger_configuration::{Id, State};
use strowger_node::Draft;
use strowger_node::configuration::{Assembly, Configuration, ConfigurationError, Line, LineChange};
use strowger_node::objects::{self, Extent, Origins, Secrets, Translated};

use crate::consequences::Taken;
use crate::keeper::Users;
use crate::log;
use crate::mailbox::{Letter, Reconfiguration, Sender};
use crate::sockets::{SipSockets, ToRead, WantedSocket};
use crate::vault::Vault;

/// What the command line says for this run, whatever is configured.
#[derive(Clone, Default)]
pub(crate) struct ThisRun {
    /// The SIP sockets are those that were asked for.
    pub(crate) own_sockets: bool,
    /// When media goes through a relay.
    pub(crate) relay: Option<RelayMode>,
    /// How long lines ring.
    pub(crate) no_answer: Option<Duration>,
}

/// The user of the configuration that takes calls.
pub(crate) struct Telephony {
    vault: Arc<Vault>,
    decision: Sender,
    this_run: ThisRun,
    /// The sockets that were opened at the start: wanted as long as nobody configures others.
    first: Vec<WantedSocket>,
    inner: Mutex<Inner>,
    /// The dial plan that is in force.
    calls: Mutex<Option<Arc<strowger_callcontrol::Configuration>>>,
}

struct Inner {
    sockets: SipSockets,
    /// The thread that takes calls waits for letters.
    runs: bool,
    live: Option<Compiled>,
    /// The last one that was checked: mostly it is the next one that is put in force.
    candidate: Option<Compiled>,
}

/// A state, and what it means to the node.
#[derive(Clone)]
struct Compiled {
    state: State,
    assembly: Arc<Assembly>,
    sockets: Vec<WantedSocket>,
}

impl Telephony {
    /// Telephony over sockets that are open.
    pub(crate) fn new(vault: Arc<Vault>, decision: Sender, sockets: SipSockets, this_run: ThisRun) -> Self {
        let first = sockets.opened().map(WantedSocket::of).collect();
        let inner = Inner { sockets, runs: false, live: None, candidate: None };
        Telephony { vault, decision, this_run, first, inner: Mutex::new(inner), calls: Mutex::default() }
    }

    /// What is in force, with the sockets to read, for the thread that takes calls: from now on it is told of changes.
    ///
    /// # Errors
    /// Nothing is in force yet, or the system has no descriptors left.
    pub(crate) fn begin(&self) -> anyhow::Result<(Arc<Configuration>, ToRead)> {
        let mut inner = self.inner();
        inner.runs = true;
        let configuration = inner.configuration().context("nothing is configured")?;
        Ok((configuration, inner.sockets.to_read()?))
    }

    /// What is in force, for questions about the dial plan. Nobody waits here for a change that is under way.
    pub(crate) fn in_force_calls(&self) -> Option<Arc<strowger_callcontrol::Configuration>> {
        self.calls().clone()
    }

    fn calls(&self) -> MutexGuard<'_, Option<Arc<strowger_callcontrol::Configuration>>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the node takes of a state; `None` when it cannot take it.
    pub(crate) fn taken(&self, state: &State) -> Option<Taken> {
        let (live, candidate) = {
            let inner = self.inner();
            (inner.live.clone(), inner.candidate.clone())
        };
        let known = [&live, &candidate].into_iter().flatten().find(|it| it.state.hash() == state.hash());
        let compiled = match known {
            Some(known) => known.clone(),
            None => self.compile(live.as_ref(), state).ok()?,
        };
        let configuration = Arc::new(compiled.assembly.configuration().clone());
        Some(Taken { configuration, sockets: compiled.sockets })
    }

    /// Whether sockets are configured that do not count in this run.
    pub(crate) fn ignores_sockets(&self, state: &State) -> bool {
        self.this_run.own_sockets
            && state.all::<Server>().any(|(_, server)| server.sip_listeners.iter().next().is_some())
    }

    fn compile(&self, live: Option<&Compiled>, state: &State) -> Result<Compiled, Vec<String>> {
        let sockets = self.sockets(state);
        let assembly = match live {
            Some(live) => self.follow(live, state)?,
            None => self.assemble(state)?,
        };
        Ok(Compiled { state: state.clone(), assembly, sockets })
    }

    /// Makes of what is in force what shall be, at the cost of what differs where that is possible.
    fn follow(&self, live: &Compiled, state: &State) -> Result<Arc<Assembly>, Vec<String>> {
        match objects::extent(&live.state, state) {
            Extent::Nothing => Ok(Arc::clone(&live.assembly)),
            Extent::Lines(lines) => match self.lines(live, state, &lines)? {
                Some(assembly) => Ok(Arc::new(assembly)),
                None => self.assemble(state),
            },
            Extent::Whole => self.assemble(state),
        }
    }

    /// Changes these lines alone; `None` when that cannot be done.
    fn lines(
        &self,
        live: &Compiled,
        state: &State,
        lines: &BTreeSet<Id>,
    ) -> Result<Option<Assembly>, Vec<String>> {
        let mut changes = Vec::with_capacity(lines.len());
        let mut phones: Vec<(Id, Vec<Id>)> = Vec::with_capacity(lines.len());
        let mut faults = vec![];
        for id in lines {
            let before = objects::line(&live.state, *id, &*self.vault).and_then(|line| line.draft);
            let after = objects::line(state, *id, &*self.vault);
            faults.extend(after.iter().flat_map(|line| &line.faults).map(ToString::to_string));
            phones.push((*id, after.as_ref().map(|line| line.phones.clone()).unwrap_or_default()));
            let after = after.and_then(|line| line.draft).map(|line| self.this_run.line(line));
            changes.push(LineChange { before, after });
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        live.assembly.with_lines(&changes).map_err(|errors| {
            let origins = Origins::of_lines(phones.iter().map(|(line, phones)| (*line, phones.as_slice())));
            origins.faults(state, &errors).iter().map(ToString::to_string).collect()
        })
    }

    fn assemble(&self, state: &State) -> Result<Arc<Assembly>, Vec<String>> {
        assemble(state, &self.vault, &self.this_run)
    }

    /// The sockets that a state wants of this node: those of its server where it has any, the first ones otherwise.
    fn sockets(&self, state: &State) -> Vec<WantedSocket> {
        let mut servers = state.all::<Server>();
        let wanted: Vec<WantedSocket> = match (self.this_run.own_sockets, servers.next(), servers.next()) {
            (false, Some((_, server)), None) => server.sip_listeners.iter().map(wanted).collect(),
            // Which of several this one is nobody has said.
            (true, ..) | (false, None, _) | (false, Some(_), Some(_)) => vec![],
        };
        if wanted.is_empty() { self.first.clone() } else { wanted }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the thread that takes calls, and waits until it has heard.
    fn tell(&self, reconfiguration: impl FnOnce(std::sync::mpsc::SyncSender<()>) -> Reconfiguration) {
        let (done, heard) = sync_channel(1);
        if self.decision.send(Letter::Configure(Box::new(reconfiguration(done))))
            && heard.recv_timeout(HEARD_WITHIN).is_err()
        {
            log::warn("a change of the configuration is in force later than it should be")
                .effect("calls go on with what was configured before, until then")
                .write();
        }
    }
}

impl Users for Arc<Telephony> {
    fn check(&self, state: &State) -> Result<(), Vec<String>> {
        let live = self.inner().live.clone();
        let compiled = self.compile(live.as_ref(), state)?;
        let mut inner = self.inner();
        // At the start nobody is asked any more: what cannot be opened then is told and done without.
        if let Some(live) = &inner.live {
            let refused = inner.sockets.refusals(&compiled.sockets, &live.sockets);
            if !refused.is_empty() {
                return Err(refused);
            }
        }
        inner.candidate = Some(compiled);
        Ok(())
    }

    fn put_in_force(&self, state: &State) {
        let mut inner = self.inner();
        let known = inner.candidate.take().filter(|it| it.state.hash() == state.hash());
        let compiled = match known.map_or_else(|| self.compile(inner.live.as_ref(), state), Ok) {
            Ok(compiled) => compiled,
            // Every state was checked before it was accepted.
            Err(wrong) => {
                return log::error("a configuration that was accepted cannot be used")
                    .with("reason", wrong.join("; "))
                    .effect("calls go on with the one before")
                    .remedy("undo the change (strowger rollback), and please report this")
                    .write();
            }
        };
        let close = inner.sockets.close(&compiled.sockets);
        // What was in force is dropped here and not on the thread that takes calls: it may be large.
        let before = inner.live.replace(compiled.clone());
        *self.calls() = Some(Arc::clone(&compiled.assembly.configuration().calls));
        if inner.runs && !close.is_empty() {
            // Their ports are free when nobody reads from them any more.
            self.in_force(&inner, vec![], close);
        }
        let (open, refused) = inner.sockets.open_more(&compiled.sockets);
        for why in refused {
            log::error(format!("a SIP socket cannot be opened: {why}")).effect("it is done without").write();
        }
        if inner.runs && (!open.is_empty() || compiled.is_other_than(before.as_ref())) {
            self.in_force(&inner, open, vec![]);
        }
    }
}

impl Telephony {
    fn in_force(&self, inner: &Inner, open: ToRead, close: Vec<ListenerId>) {
        let Some(configuration) = inner.configuration() else { return };
        self.tell(|done| Reconfiguration { configuration, open, close, done });
    }
}

impl Inner {
    /// What is in force, over the sockets that are open.
    fn configuration(&self) -> Option<Arc<Configuration>> {
        let configuration = self.live.as_ref()?.assembly.configuration().clone();
        Some(Arc::new(configuration.with_listeners(self.sockets.listeners())))
    }
}

impl Compiled {
    fn is_other_than(&self, before: Option<&Compiled>) -> bool {
        before.is_none_or(|before| {
            !Arc::ptr_eq(&before.assembly, &self.assembly) || before.sockets != self.sockets
        })
    }
}

fn wanted(listener: &strowger_configuration::kinds::SipListener) -> WantedSocket {
    let transport = match listener.transport {
        SipTransport::Udp => Transport::Udp,
        SipTransport::Tcp => Transport::Tcp,
        SipTransport::Tls => Transport::Tls,
    };
    let address: IpAddr = listener.address.get();
    let advertise = listener.advertise.as_ref().map(|address| address.get());
    WantedSocket { transport, address: SocketAddr::new(address, listener.port.get() as u16), advertise }
}

impl Secrets for Vault {
    fn reveal(&self, setting: &str, sealed: &str) -> Result<Secret<Box<str>>, String> {
        self.open_text(setting, sealed)
    }
}

/// What a folder has in which no server runs, for questions about the dial plan.
///
/// # Errors
/// A server runs there after all, or what is there cannot be read or used.
pub(crate) fn of_folder(data: &Path) -> anyhow::Result<(State, Arc<strowger_callcontrol::Configuration>)> {
    let _lock = crate::server::lock(data)?;
    let vault = Vault::open(data)?;
    let state = crate::configuration::state_of_folder(data)?;
    let assembly = assemble(&state, &vault, &ThisRun::default())
        .map_err(|wrong| anyhow::anyhow!("the configuration cannot be used: {}", wrong.join("; ")))?;
    Ok((state, Arc::clone(&assembly.configuration().calls)))
}

fn assemble(state: &State, vault: &Vault, this_run: &ThisRun) -> Result<Arc<Assembly>, Vec<String>> {
    let (translated, _last) = drafted(state, vault)?;
    if !translated.faults.is_empty() {
        return Err(translated.faults.iter().map(ToString::to_string).collect());
    }
    let mut draft = Draft { product: PRODUCT.into(), ..translated.draft };
    draft.relay = this_run.relay.unwrap_or(draft.relay);
    draft.lines = draft.lines.into_iter().map(|line| this_run.line(line)).collect();
    let named = |errors: Vec<ConfigurationError>| {
        let faults = translated.origins.faults(state, &errors);
        faults.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    Assembly::new(draft).map(Arc::new).map_err(named)
}

/// A draft needs as much memory as the tables that are made of it, for a moment. On a thread of its own it is made in room of
/// its own, which goes back to the system as a whole; among the tables it would stay for ever.
///
/// The second value is to be dropped last: freeing something large lets the allocator look at the many small things before.
fn drafted(state: &State, vault: &Vault) -> Result<(Translated, Vec<u8>), Vec<String>> {
    let drafted = || {
        let last = vec![1; LARGE];
        (objects::draft(state, vault), last)
    };
    let drafted = std::thread::scope(|scope| scope.spawn(drafted).join());
    drafted.map_err(|_| vec!["the objects cannot be read; please report this".to_owned()])
}

impl ThisRun {
    fn line(&self, mut line: Line) -> Line {
        line.no_answer = self.no_answer.unwrap_or(line.no_answer);
        line
    }
}

/// From 64 KiB on the allocator of glibc puts free pieces together; from 128 KiB on it would ask the system for each by itself.
const LARGE: usize = 100 * 1024;
/// Value of Server and User-Agent.
const PRODUCT: &str = concat!("Strowger/", env!("CARGO_PKG_VERSION"));
/// The thread that takes calls looks into its letters many times a second.
const HEARD_WITHIN: Duration = Duration::from_secs(5);
