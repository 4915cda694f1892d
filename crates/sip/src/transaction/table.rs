//! The transactions of a shard: which machine a message belongs to, and the bytes that may be sent again.

use std::collections::BTreeSet;

use strowger_base::hash::give_back;
use strowger_base::net::{Flow, StreamId};
use strowger_base::{HashMap, HashSeed, Instant, LegId, TimerHandle, TimerQueue};

use super::{Effect, client, invite_client, invite_server, server};
use crate::core::Timer;
use crate::message::MethodKind;

/// Names a server transaction: a keyed hash of what RFC 3261 §17.2.3 compares.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ServerKey(pub u64);

/// Names a client transaction: the random part of the branch that we chose.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Branch(pub u64);

impl Branch {
    /// The key of the CANCEL that carries the branch of its INVITE (RFC 3261 §17.1.3 tells them apart by method).
    pub const fn of_cancel(self) -> Branch {
        Branch(!self.0)
    }
}

/// A request that somebody sent us.
#[derive(Debug)]
pub struct ServerTransaction {
    machine: ServerMachine,
    /// Where responses go.
    pub flow: Flow,
    /// The leg that it belongs to.
    pub leg: LegId,
    last: Box<[u8]>,
    timer: Option<TimerHandle>,
    deadline: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
enum ServerMachine {
    Invite(invite_server::State),
    Other(server::State),
}

/// A request that we sent.
#[derive(Debug)]
pub struct ClientTransaction {
    machine: ClientMachine,
    /// Where it went.
    pub flow: Flow,
    /// The leg that it belongs to.
    pub leg: LegId,
    /// Its method.
    pub method: MethodKind,
    /// Its CSeq number.
    pub cseq: u32,
    request: Box<[u8]>,
    /// `request` is the ACK of a failure by now.
    acknowledged: bool,
    timer: Option<TimerHandle>,
    deadline: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
enum ClientMachine {
    Invite(invite_client::State),
    Other(client::State),
}

/// What a response means to its transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ResponseClass {
    /// 1xx.
    Provisional,
    /// 2xx.
    Success,
    /// 3xx to 6xx.
    Failure,
}

impl ResponseClass {
    /// The class of a status code.
    pub const fn of(status: u16) -> Self {
        match status {
            0..=199 => ResponseClass::Provisional,
            200..=299 => ResponseClass::Success,
            300.. => ResponseClass::Failure,
        }
    }
}

/// All transactions of a shard.
#[derive(Debug)]
pub struct Transactions {
    servers: HashMap<ServerKey, ServerTransaction>,
    clients: HashMap<Branch, ClientTransaction>,
    /// Client transactions by the connection that they went out on.
    on_streams: BTreeSet<(StreamId, Branch)>,
}

impl Transactions {
    /// No transactions.
    pub fn new(seed: HashSeed) -> Self {
        Transactions {
            servers: HashMap::with_hasher(seed),
            clients: HashMap::with_hasher(seed),
            on_streams: BTreeSet::new(),
        }
    }

    /// Transactions of both kinds.
    pub fn len(&self) -> usize {
        self.servers.len() + self.clients.len()
    }

    /// True when there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Begins a server transaction; `first` is a provisional response that was sent already, or empty.
    pub fn begin_server(&mut self, key: ServerKey, method: MethodKind, flow: Flow, leg: LegId, first: &[u8]) {
        let machine = match method {
            MethodKind::Invite => ServerMachine::Invite(invite_server::State::Proceeding),
            _ => ServerMachine::Other(server::State::Trying),
        };
        let last = Box::from(first);
        self.servers.insert(key, ServerTransaction { machine, flow, leg, last, timer: None, deadline: None });
    }

    /// The server transaction of a key.
    pub fn server(&self, key: ServerKey) -> Option<&ServerTransaction> {
        self.servers.get(&key)
    }

    /// A copy of the request came again: the bytes to send once more, if any.
    pub fn retransmitted(&mut self, key: ServerKey, now: Instant) -> Option<(Flow, &[u8])> {
        let transaction = self.servers.get_mut(&key)?;
        let reliable = transaction.flow.transport().is_reliable();
        let effect = match &mut transaction.machine {
            ServerMachine::Invite(state) => {
                step(state, |s| s.on(invite_server::Input::Retransmission, now, reliable))
            }
            ServerMachine::Other(state) => {
                step(state, |s| s.on(server::Input::Retransmission, now, reliable))
            }
        };
        (effect == Effect::Resend && !transaction.last.is_empty())
            .then_some((transaction.flow, &*transaction.last))
    }

    /// The ACK of an INVITE transaction came. True when it has to go to the leg: it acknowledges a 2xx.
    pub fn acknowledged(&mut self, key: ServerKey, now: Instant, timers: &mut TimerQueue<Timer>) -> bool {
        let Some(transaction) = self.servers.get_mut(&key) else { return false };
        let reliable = transaction.flow.transport().is_reliable();
        let effect = match &mut transaction.machine {
            ServerMachine::Invite(state) => step(state, |s| s.on(invite_server::Input::Ack, now, reliable)),
            ServerMachine::Other(_) => Effect::None,
        };
        self.settle_server(key, timers);
        effect == Effect::Deliver
    }

    /// Notes a response that the user is about to send; `false` when the transaction no longer takes it.
    #[inline]
    pub fn respond(
        &mut self,
        key: ServerKey,
        status: u16,
        bytes: &[u8],
        now: Instant,
        timers: &mut TimerQueue<Timer>,
    ) -> bool {
        let Some(transaction) = self.servers.get_mut(&key) else { return false };
        let reliable = transaction.flow.transport().is_reliable();
        let class = ResponseClass::of(status);
        let effect = match &mut transaction.machine {
            ServerMachine::Invite(state) => {
                let input = match class {
                    ResponseClass::Provisional => invite_server::Input::Provisional,
                    ResponseClass::Success => invite_server::Input::Success,
                    ResponseClass::Failure => invite_server::Input::Failure,
                };
                step(state, |s| s.on(input, now, reliable))
            }
            ServerMachine::Other(state) => {
                let input = match class {
                    ResponseClass::Provisional => server::Input::Provisional,
                    ResponseClass::Success | ResponseClass::Failure => server::Input::Final,
                };
                step(state, |s| s.on(input, now, reliable))
            }
        };
        // A 2xx to INVITE is repeated by the leg, so the transaction need not keep it.
        let kept = match (&transaction.machine, class) {
            (ServerMachine::Invite(_), ResponseClass::Success) => &[],
            _ => bytes,
        };
        transaction.last = Box::from(kept);
        self.settle_server(key, timers);
        effect == Effect::Send
    }

    /// True while an INVITE server transaction has no final response.
    pub fn is_proceeding(&self, key: ServerKey) -> bool {
        self.servers.get(&key).is_some_and(|transaction| {
            matches!(transaction.machine, ServerMachine::Invite(invite_server::State::Proceeding))
        })
    }

    /// Begins a client transaction for a request that is being sent.
    #[expect(
        clippy::too_many_arguments,
        reason = "each is a different type; a struct would only name them twice"
    )]
    pub fn begin_client(
        &mut self,
        branch: Branch,
        method: MethodKind,
        cseq: u32,
        flow: Flow,
        leg: LegId,
        request: &[u8],
        now: Instant,
        timers: &mut TimerQueue<Timer>,
    ) {
        let reliable = flow.transport().is_reliable();
        let machine = match method {
            MethodKind::Invite => ClientMachine::Invite(invite_client::State::begin(now, reliable)),
            _ => ClientMachine::Other(client::State::begin(now, reliable)),
        };
        // A reliable transport never sends it again.
        let request = if reliable { Box::default() } else { Box::from(request) };
        let transaction = ClientTransaction {
            machine,
            flow,
            leg,
            method,
            cseq,
            request,
            acknowledged: false,
            timer: None,
            deadline: None,
        };
        self.clients.insert(branch, transaction);
        if let Flow::Stream { stream, .. } = flow {
            self.on_streams.insert((stream, branch));
        }
        self.settle_client(branch, timers);
    }

    /// The client transaction of a branch.
    pub fn client(&self, branch: Branch) -> Option<&ClientTransaction> {
        self.clients.get(&branch)
    }

    /// A response came.
    #[inline]
    pub fn answered(
        &mut self,
        branch: Branch,
        status: u16,
        now: Instant,
        timers: &mut TimerQueue<Timer>,
    ) -> Effect {
        let Some(transaction) = self.clients.get_mut(&branch) else { return Effect::None };
        let reliable = transaction.flow.transport().is_reliable();
        let class = ResponseClass::of(status);
        let effect = match &mut transaction.machine {
            ClientMachine::Invite(state) => {
                let input = match class {
                    ResponseClass::Provisional => invite_client::Input::Provisional,
                    ResponseClass::Success => invite_client::Input::Success,
                    ResponseClass::Failure => invite_client::Input::Failure,
                };
                let effect = step(state, |s| s.on(input, now, reliable));
                if effect == Effect::Deliver {
                    // Nothing is repeated any more once a response to an INVITE is there.
                    transaction.request = Box::default();
                }
                effect
            }
            ClientMachine::Other(state) => {
                let input = match class {
                    ResponseClass::Provisional => client::Input::Provisional,
                    ResponseClass::Success | ResponseClass::Failure => client::Input::Final,
                };
                let effect = step(state, |s| s.on(input, now, reliable));
                if class != ResponseClass::Provisional {
                    // From now on it only absorbs copies of the response.
                    transaction.request = Box::default();
                }
                effect
            }
        };
        self.settle_client(branch, timers);
        effect
    }

    /// Keeps the ACK of a failed INVITE, for copies of the failure that still come.
    pub fn keep_acknowledgement(&mut self, branch: Branch, bytes: &[u8]) {
        if let Some(transaction) = self.clients.get_mut(&branch) {
            transaction.request = Box::from(bytes);
            transaction.acknowledged = true;
        }
    }

    /// The ACK that was kept.
    pub fn acknowledgement(&self, branch: Branch) -> Option<(Flow, &[u8])> {
        let transaction = self.clients.get(&branch)?;
        transaction.acknowledged.then_some((transaction.flow, &*transaction.request))
    }

    /// Ends a client transaction at once.
    pub fn forget_client(&mut self, branch: Branch, timers: &mut TimerQueue<Timer>) {
        if let Some(transaction) = self.remove_client(branch)
            && let Some(timer) = transaction.timer
        {
            timers.cancel(timer);
        }
    }

    /// A connection is gone: ends the client transactions on it and names whom to tell.
    pub fn stream_closed(
        &mut self,
        stream: StreamId,
        timers: &mut TimerQueue<Timer>,
    ) -> Vec<(Branch, LegId, MethodKind)> {
        let range = (stream, Branch(0))..=(stream, Branch(u64::MAX));
        let branches: Vec<Branch> = self.on_streams.range(range).map(|entry| entry.1).collect();
        let mut told = Vec::with_capacity(branches.len());
        for branch in branches {
            if let Some(transaction) = self.clients.get(&branch) {
                told.push((branch, transaction.leg, transaction.method));
            }
            self.forget_client(branch, timers);
        }
        told
    }

    /// The timer of a server transaction fired. Returns what to send again, and the leg whose ACK never came.
    pub fn server_timer(
        &mut self,
        key: ServerKey,
        now: Instant,
        timers: &mut TimerQueue<Timer>,
        resend: impl FnOnce(Flow, &[u8]),
    ) -> Option<LegId> {
        let transaction = self.servers.get_mut(&key)?;
        transaction.timer = None;
        transaction.deadline = None;
        let reliable = transaction.flow.transport().is_reliable();
        let effect = match &mut transaction.machine {
            ServerMachine::Invite(state) => step(state, |s| s.on(invite_server::Input::Timer, now, reliable)),
            ServerMachine::Other(state) => step(state, |s| s.on(server::Input::Timer, now, reliable)),
        };
        if effect == Effect::Resend {
            resend(transaction.flow, &transaction.last);
        }
        let leg = transaction.leg;
        self.settle_server(key, timers);
        (effect == Effect::TimedOut).then_some(leg)
    }

    /// The timer of a client transaction fired. Returns what to send again, and whether nobody answered.
    pub fn client_timer(
        &mut self,
        branch: Branch,
        now: Instant,
        timers: &mut TimerQueue<Timer>,
        resend: impl FnOnce(Flow, &[u8]),
    ) -> Option<(LegId, MethodKind)> {
        let transaction = self.clients.get_mut(&branch)?;
        transaction.timer = None;
        transaction.deadline = None;
        let reliable = transaction.flow.transport().is_reliable();
        let effect = match &mut transaction.machine {
            ClientMachine::Invite(state) => step(state, |s| s.on(invite_client::Input::Timer, now, reliable)),
            ClientMachine::Other(state) => step(state, |s| s.on(client::Input::Timer, now, reliable)),
        };
        if effect == Effect::Resend {
            resend(transaction.flow, &transaction.request);
        }
        let told = (effect == Effect::TimedOut).then_some((transaction.leg, transaction.method));
        self.settle_client(branch, timers);
        told
    }

    fn remove_client(&mut self, branch: Branch) -> Option<ClientTransaction> {
        let transaction = self.clients.remove(&branch)?;
        give_back(&mut self.clients);
        if let Flow::Stream { stream, .. } = transaction.flow {
            self.on_streams.remove(&(stream, branch));
        }
        Some(transaction)
    }

    /// Keeps one timer per transaction at its machine's deadline and removes the finished.
    #[inline(always)]
    fn settle_server(&mut self, key: ServerKey, timers: &mut TimerQueue<Timer>) {
        let Some(transaction) = self.servers.get_mut(&key) else { return };
        let (deadline, gone) = match &transaction.machine {
            ServerMachine::Invite(state) => (state.deadline(), *state == invite_server::State::Terminated),
            ServerMachine::Other(state) => (state.deadline(), *state == server::State::Terminated),
        };
        rearm(&mut transaction.timer, &mut transaction.deadline, deadline, timers, || Timer::Server(key));
        if gone {
            self.servers.remove(&key);
            give_back(&mut self.servers);
        }
    }

    #[inline(always)]
    fn settle_client(&mut self, branch: Branch, timers: &mut TimerQueue<Timer>) {
        let Some(transaction) = self.clients.get_mut(&branch) else { return };
        let (deadline, gone) = match &transaction.machine {
            ClientMachine::Invite(state) => (state.deadline(), *state == invite_client::State::Terminated),
            ClientMachine::Other(state) => (state.deadline(), *state == client::State::Terminated),
        };
        rearm(&mut transaction.timer, &mut transaction.deadline, deadline, timers, || Timer::Client(branch));
        if gone {
            self.remove_client(branch);
        }
    }
}

/// Moves a machine on and returns its effect.
fn step<S: Copy>(state: &mut S, on: impl FnOnce(S) -> (S, Effect)) -> Effect {
    let (next, effect) = on(*state);
    *state = next;
    effect
}

fn rearm(
    timer: &mut Option<TimerHandle>,
    current: &mut Option<Instant>,
    wanted: Option<Instant>,
    timers: &mut TimerQueue<Timer>,
    what: impl FnOnce() -> Timer,
) {
    if *current == wanted {
        return;
    }
    if let Some(handle) = timer.take() {
        timers.cancel(handle);
    }
    *timer = wanted.map(|at| timers.set(at, what()));
    *current = wanted;
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use strowger_base::net::ListenerId;
    use strowger_base::{NodeId, Rng, ShardId};

    use super::*;
    use crate::transaction::{GIVE_UP, T4};

    #[test]
    fn when_the_last_copies_must_have_come_the_memory_of_a_burst_is_given_back() {
        let mut transactions = Transactions::new(HashSeed::new(&mut Rng::new(5)));
        let mut timers = TimerQueue::new();
        let leg = LegId::new(NodeId(1), ShardId(0), 4);
        let flow = Flow::Datagram { listener: ListenerId(0), peer: SocketAddr::from(([192, 0, 2, 1], 5060)) };
        let start = Instant::START;
        for number in 0..20_000 {
            let (key, branch) = (ServerKey(number), Branch(number));
            transactions.begin_server(key, MethodKind::Bye, flow, leg, b"");
            assert!(transactions.respond(key, 200, b"SIP/2.0 200 OK", start, &mut timers));
            let (method, bytes) = (MethodKind::Bye, b"BYE sip:a SIP/2.0");
            transactions.begin_client(branch, method, 1, flow, leg, bytes, start, &mut timers);
            assert_eq!(transactions.answered(branch, 200, start, &mut timers), Effect::Deliver);
        }
        assert!(transactions.clients.values().all(|client| client.request.is_empty()));
        let mut pass = |seconds, servers, clients| {
            while let Some((at, timer)) = timers.pop_due(start + seconds) {
                match timer {
                    Timer::Server(key) => _ = transactions.server_timer(key, at, &mut timers, |_, _| {}),
                    Timer::Client(branch) => {
                        _ = transactions.client_timer(branch, at, &mut timers, |_, _| {});
                    }
                    Timer::Leg(_) | Timer::Subscription(_) | Timer::Stream(_) => {}
                }
            }
            assert_eq!((transactions.servers.len(), transactions.clients.len()), (servers, clients));
        };
        pass(T4, 20_000, 0);
        pass(GIVE_UP, 0, 0);
        let room = transactions.servers.capacity().max(transactions.clients.capacity());
        assert!(room < 4_096, "room for {room}");
        assert!(timers.memory_bytes() < 128 * 1024, "{} bytes of timers", timers.memory_bytes());
    }
}
