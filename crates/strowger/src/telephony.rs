//! What takes calls follows the configuration: objects become the tables of the node, and sockets are opened and closed.
//!
//! Of a change of lines and phones only these are built, of one of patterns, trunks and hunting all that is no line. Anything else is
//! built as a whole. All this happens on the thread that made the change: calls do not wait for it.

mod compile;
mod missing;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use strowger_base::net::{ListenerId, Protocol, Transport};
use strowger_callcontrol::RelayMode;
use strowger_configuration::State;
use strowger_configuration::kinds::SipTransport;
use strowger_node::configuration::{Assembly, Configuration};
use tokio::sync::watch;

use self::compile::Compiler;
use crate::consequences::Taken;
use crate::keeper::Users;
use crate::log;
use crate::mailbox::{Letter, Reconfiguration, Sender};
use crate::sockets::{Patience, SipSockets, ToRead, WantedSocket, refusal};
use crate::this_server::{Machine, Own};
use crate::vault::Vault;

pub(crate) use self::missing::watch_sockets;

/// What the command line says for this run, whatever is configured.
#[derive(Clone, Default)]
pub(crate) struct ThisRun {
    /// Which of the configured servers this is; the only one when nobody says. The node file may say it, too.
    pub(crate) node_name: Option<Box<str>>,
    /// The SIP sockets are those that were asked for.
    pub(crate) own_sockets: bool,
    /// The port of web pages and the API is the one that was asked for.
    pub(crate) own_http_port: bool,
    /// The ports for media are those that were asked for.
    pub(crate) own_media_ports: bool,
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
    /// What belongs to the machine, as the node file says it.
    base: Machine,
    /// The same as it is in force.
    machine: watch::Sender<Machine>,
    /// Sockets that are wanted and cannot be opened, and why.
    missing: watch::Sender<Vec<(WantedSocket, String)>>,
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
    pub(crate) fn new(
        vault: Arc<Vault>,
        decision: Sender,
        sockets: SipSockets,
        base: Machine,
        this_run: ThisRun,
    ) -> Self {
        let first = sockets.first();
        let inner = Inner { sockets, runs: false, live: None, candidate: None };
        Telephony {
            vault,
            decision,
            this_run,
            first,
            machine: watch::Sender::new(base.clone()),
            base,
            missing: watch::Sender::default(),
            inner: Mutex::new(inner),
            calls: Mutex::default(),
        }
    }

    /// What belongs to the machine, and every time that it changes.
    pub(crate) fn machine(&self) -> watch::Receiver<Machine> {
        self.machine.subscribe()
    }

    /// SIP sockets that are wanted and not open, each with the reason, and every time that there are others.
    pub(crate) fn missing(&self) -> watch::Receiver<Vec<(WantedSocket, String)>> {
        self.missing.subscribe()
    }

    /// Tries once more to open what is missing.
    pub(crate) fn open_missing(&self) {
        let mut inner = self.inner();
        let Some(wanted) = inner.live.as_ref().map(|live| live.sockets.clone()) else { return };
        let (open, refused) = inner.sockets.open_more(&wanted, Patience::None);
        if !open.is_empty() {
            if inner.runs {
                self.in_force(&inner, open);
            }
            self.tell_machine(&inner);
        }
        self.missing.send_replace(refused);
    }

    /// Which of the servers of a state this one is.
    pub(crate) fn own<'s>(&'s self, state: &'s State) -> Own<'s> {
        Own::of(state, self.this_run.node_name.as_deref())
    }

    /// What belongs to the machine, as a state and the node file say it.
    fn machine_of(&self, state: &State) -> Machine {
        let own = self.own(state).server();
        own.map_or_else(|| self.base.clone(), |server| self.base.with(server, &self.this_run))
    }

    /// Tells everybody who needs it what belongs to the machine now.
    fn tell_machine(&self, inner: &Inner) {
        let Some(live) = &inner.live else { return };
        let mut machine = self.machine_of(&live.state);
        if let Some(why) = machine.http_refusal() {
            log::error(why).effect("the web interface stays where the node file says").write();
            machine.http = self.base.http;
        }
        let first = || inner.sockets.opened().next().map(|listener| listener.advertised.ip());
        machine.media_address = machine.media_address.or_else(first);
        self.machine.send_if_modified(|it| {
            let is_other = *it != machine;
            *it = machine;
            is_other
        });
    }

    fn is_wanted(&self, socket: &WantedSocket) -> bool {
        self.inner().live.as_ref().is_some_and(|live| live.sockets.contains(socket))
    }

    /// SIP sockets that would be closed.
    pub(crate) fn closing(&self, wanted: &[WantedSocket]) -> Vec<ListenerId> {
        self.inner().sockets.closing(wanted)
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

    /// Where SCCP phones are taken.
    pub(crate) fn station_sockets(&self) -> Vec<SocketAddr> {
        self.inner().sockets.open_for(Protocol::Sccp).map(|listener| listener.bound).collect()
    }

    /// What is in force, for questions about the dial plan. Nobody waits here for a change that is under way.
    pub(crate) fn in_force_calls(&self) -> Option<Arc<strowger_callcontrol::Configuration>> {
        self.calls().clone()
    }

    /// A change under way, as long as this is held.
    #[cfg(test)]
    pub(crate) fn changing(&self) -> impl Drop {
        self.inner()
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
        Some(Taken { configuration, sockets: compiled.sockets, machine: self.machine_of(state) })
    }

    /// Whether sockets are configured that do not count in this run.
    pub(crate) fn ignores_sockets(&self, state: &State) -> bool {
        self.this_run.own_sockets
            && self.own(state).server().is_some_and(|server| server.sip_listeners.iter().next().is_some())
    }

    fn compile(&self, live: Option<&Compiled>, state: &State) -> Result<Compiled, Vec<String>> {
        let sockets = self.sockets(state);
        let assembly = match live {
            Some(live) => self.compiler().follow((&live.state, &live.assembly), state)?,
            None => self.compiler().assemble(state)?,
        };
        Ok(Compiled { state: state.clone(), assembly, sockets })
    }

    fn compiler(&self) -> Compiler<'_> {
        Compiler { vault: &self.vault, this_run: &self.this_run }
    }

    /// The sockets that a state wants of this node: those of its server where it has any, the first ones otherwise.
    fn sockets(&self, state: &State) -> Vec<WantedSocket> {
        let own = self.own(state).server().filter(|_| !self.this_run.own_sockets);
        let wanted: Vec<WantedSocket> =
            own.map_or_else(Vec::new, |server| server.sip_listeners.iter().map(wanted).collect());
        let mut wanted = if wanted.is_empty() { self.first.clone() } else { wanted };
        let port = self.own(state).server().and_then(|server| server.sccp_port);
        let everywhere = |port| SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
        let address = match port {
            Some(port) => u16::try_from(port.get()).ok().filter(|port| *port > 0).map(everywhere),
            None => self.base.sccp,
        };
        wanted.extend(address.map(stations));
        wanted
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
            let mut refused = inner.sockets.refusals(&compiled.sockets, &live.sockets);
            refused.extend(http_refusal(&self.machine_of(&live.state), &self.machine_of(state)));
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
        let patience = if close.is_empty() { Patience::None } else { Patience::Some };
        if inner.runs && !close.is_empty() {
            // Their ports are free when nobody reads from them any more. The node is told together with what takes their
            // place, so that phones move there.
            self.tell(|done| Reconfiguration { configuration: None, open: vec![], close, done });
        }
        let (open, refused) = inner.sockets.open_more(&compiled.sockets, patience);
        self.tell_machine(&inner);
        self.missing.send_replace(refused);
        if inner.runs && (!open.is_empty() || compiled.is_other_than(before.as_ref())) {
            self.in_force(&inner, open);
        }
    }
}

impl Telephony {
    fn in_force(&self, inner: &Inner, open: ToRead) {
        let Some(configuration) = inner.configuration() else { return };
        self.tell(|done| Reconfiguration { configuration: Some(configuration), open, close: vec![], done });
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

/// Why web pages could not be served where a change wants them; nothing when they stay where they are.
fn http_refusal(before: &Machine, after: &Machine) -> Option<String> {
    if after.http == before.http {
        return None;
    }
    after.http_refusal().or_else(|| {
        let mut tried = after.http;
        // Our own socket is closed before.
        if after.http.port() == before.http.port() {
            tried.set_port(0);
        }
        let error = std::net::TcpListener::bind(tried).err()?;
        Some(refusal("HTTP", "tcp", after.http, &error, "give another http_port"))
    })
}

fn wanted(listener: &strowger_configuration::kinds::SipListener) -> WantedSocket {
    let transport = match listener.transport {
        SipTransport::Udp => Transport::Udp,
        SipTransport::Tcp => Transport::Tcp,
        SipTransport::Tls => Transport::Tls,
    };
    let address: IpAddr = listener.address.get();
    let advertise = listener.advertise.as_ref().map(|address| address.get());
    let address = SocketAddr::new(address, listener.port.get() as u16);
    WantedSocket { protocol: Protocol::Sip, transport, address, advertise }
}

/// The socket for SCCP phones.
const fn stations(address: SocketAddr) -> WantedSocket {
    WantedSocket { protocol: Protocol::Sccp, transport: Transport::Tcp, address, advertise: None }
}

/// What a folder has in which no server runs, for questions about the dial plan.
///
/// # Errors
/// A server runs there after all, or what is there cannot be read or used.
pub(crate) fn of_folder(data: &Path) -> anyhow::Result<(State, Arc<strowger_callcontrol::Configuration>)> {
    let _lock = crate::server::lock(data)?;
    let vault = Vault::open(data)?;
    let state = crate::configuration::state_of_folder(data)?;
    let assembly = Compiler { vault: &vault, this_run: &ThisRun::default() }
        .assemble(&state)
        .map_err(|wrong| anyhow::anyhow!("the configuration cannot be used: {}", wrong.join("; ")))?;
    Ok((state, Arc::clone(&assembly.configuration().calls)))
}

/// The thread that takes calls looks into its letters many times a second.
const HEARD_WITHIN: Duration = Duration::from_secs(5);
