//! The registrar: which phones can be reached on a line, and how (RFC 3261 §10.3, RFC 3327, RFC 5626).

use std::time::Duration;

use strowger_base::event::{Event, RefuseReason, UnregisterReason};
use strowger_base::leg::BindingId;
use strowger_base::net::{Flow, StreamId};
use strowger_base::{HashMap, HashSeed, Instant, Now, TimerHandle, TimerQueue, WallTime};

use crate::header::{NameAddr, number32, text};
use crate::io::{BindingRecord, Configuration, LineAccount};
use crate::message::{HeaderName, Message};
use crate::uri::{Host, Uri};
use crate::write;

/// All bindings of a shard.
#[derive(Debug)]
pub struct Registrar {
    bindings: HashMap<BindingId, Binding>,
    by_line: HashMap<Box<str>, Vec<BindingId>>,
    by_stream: HashMap<StreamId, Vec<BindingId>>,
    timers: TimerQueue<BindingId>,
    next: u64,
}

/// A contact of a line.
#[derive(Debug)]
pub struct Binding {
    line: Box<str>,
    contact: Box<str>,
    instance: Option<Box<str>>,
    path: Box<[Box<str>]>,
    call_id: Box<str>,
    user_agent: Box<str>,
    flow: Flow,
    cseq: u32,
    reg_id: Option<u32>,
    /// Preference in thousandths, 0 to 1000 (RFC 3261 §20.10).
    preference: u16,
    expires_at: Instant,
    timer: Option<TimerHandle>,
}

impl Binding {
    /// The line.
    pub fn line(&self) -> &str {
        &self.line
    }

    /// The contact URI as the phone wrote it.
    pub fn contact(&self) -> &str {
        &self.contact
    }

    /// The proxies on the way to it, outermost first.
    pub fn path(&self) -> impl Iterator<Item = &str> {
        self.path.iter().map(|route| &**route)
    }

    /// Where its REGISTER came from.
    pub const fn flow(&self) -> Flow {
        self.flow
    }

    /// Whether it names another address than its packets come from.
    pub fn is_behind_nat(&self) -> bool {
        let named = Uri::parse(self.contact.as_bytes()).ok().and_then(|uri| match uri.host()? {
            Host::V4(address) => Some(std::net::IpAddr::V4(address)),
            Host::V6(address) => Some(std::net::IpAddr::V6(address)),
            Host::Name(_) => None,
        });
        named.is_some_and(|address| address != self.flow.peer().ip())
    }

    /// What it calls itself.
    pub fn user_agent(&self) -> &str {
        &self.user_agent
    }

    /// When it ends.
    pub const fn expires_at(&self) -> Instant {
        self.expires_at
    }
}

/// What changed, for the store and for whoever wants to know.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// A binding is new or changed.
    Bound(BindingRecord),
    /// A binding is gone.
    Unbound(BindingId),
    /// Something to be told.
    Event(Event),
}

/// Why a REGISTER is refused; nothing was changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// 400, 403, 423 or 500.
    pub status: u16,
    min_expires: Option<u32>,
}

impl Refusal {
    const fn status(status: u16) -> Self {
        Refusal { status, min_expires: None }
    }

    /// Min-Expires of a 423 (RFC 3261 §20.23).
    pub fn write_headers(&self, out: &mut Vec<u8>) {
        if let Some(seconds) = self.min_expires {
            out.extend_from_slice(b"Min-Expires: ");
            write::decimal(out, u64::from(seconds));
            out.extend_from_slice(b"\r\n");
        }
    }
}

/// One contact of a REGISTER.
struct Wanted<'b> {
    uri: &'b str,
    instance: Option<&'b str>,
    reg_id: Option<u32>,
    preference: u16,
    expires: Duration,
    /// The binding that it renews or replaces.
    known: Option<BindingId>,
}

impl Registrar {
    /// No bindings.
    pub fn new(seed: HashSeed) -> Self {
        Registrar {
            bindings: HashMap::with_hasher(seed),
            by_line: HashMap::with_hasher(seed),
            by_stream: HashMap::with_hasher(seed),
            timers: TimerQueue::new(),
            next: 1,
        }
    }

    /// Bindings of all lines.
    pub fn len(&self) -> usize {
        self.bindings.len()
    }

    /// True when nobody is registered.
    pub fn is_empty(&self) -> bool {
        self.bindings.is_empty()
    }

    /// A binding.
    pub fn binding(&self, id: BindingId) -> Option<&Binding> {
        self.bindings.get(&id)
    }

    /// All bindings, in the order of their ids.
    pub fn all(&self) -> Vec<(BindingId, &Binding)> {
        let mut all: Vec<_> = self.bindings.iter().map(|(id, binding)| (*id, binding)).collect();
        all.sort_by_key(|entry| entry.0);
        all
    }

    /// The bindings of a line, the preferred and then the older first.
    pub fn contacts_of(&self, line: &str) -> impl Iterator<Item = BindingId> {
        self.by_line.get(line).into_iter().flatten().copied()
    }

    /// Whether a REGISTER with this Call-ID and CSeq was the last that changed a binding of the line.
    pub fn is_retransmission(&self, line: &str, call_id: &str, cseq: u32) -> bool {
        self.contacts_of(line)
            .filter_map(|id| self.bindings.get(&id))
            .any(|binding| *binding.call_id == *call_id && binding.cseq == cseq)
    }

    /// Takes a REGISTER of an authenticated phone; all of it or nothing (RFC 3261 §10.3).
    ///
    /// # Errors
    /// 400 for contacts that cannot be, 403 for too many, 423 for too short a time, 500 for an old CSeq.
    #[expect(clippy::too_many_arguments, reason = "a registration has that many independent parts")]
    pub fn register(
        &mut self,
        now: Now,
        request: &Message<'_>,
        flow: Flow,
        line: &str,
        account: &LineAccount,
        configuration: &Configuration,
        out: &mut Vec<Change>,
    ) -> Result<(), Refusal> {
        let mut values = request.values(HeaderName::Contact).peekable();
        if values.peek().is_none() {
            // A question for the bindings there are (RFC 3261 §10.2.3).
            return Ok(());
        }
        if values.peek() == Some(&&b"*"[..]) {
            let alone = request.values(HeaderName::Contact).count() == 1;
            let zero = request.first(HeaderName::Expires).and_then(number32) == Some(0);
            if !alone || !zero {
                return Err(Refusal::status(400));
            }
            return self.remove_all(request, line, out);
        }
        let mut wanted = Vec::with_capacity(1);
        for value in values {
            wanted.push(self.wanted(value, request, line, configuration)?);
        }
        let added = wanted.iter().filter(|w| w.known.is_none() && !w.expires.is_zero()).count();
        let removed = wanted.iter().filter(|w| w.known.is_some() && w.expires.is_zero()).count();
        let present = self.contacts_of(line).count();
        if present + added > account.contacts_max.max(1) + removed {
            out.push(Change::Event(Event::Refused {
                claimed: Box::from(line),
                peer: flow.peer(),
                request: "REGISTER",
                reason: RefuseReason::TooManyContacts,
            }));
            return Err(Refusal::status(403));
        }
        for contact in wanted {
            self.take(now, request, flow, line, contact, out);
        }
        Ok(())
    }

    /// Reads one contact and finds the binding that it is about.
    fn wanted<'b>(
        &self,
        value: &'b [u8],
        request: &Message<'b>,
        line: &str,
        configuration: &Configuration,
    ) -> Result<Wanted<'b>, Refusal> {
        let bad = Refusal::status(400);
        let address = NameAddr::parse(value).ok_or(bad)?;
        let uri = Uri::parse(address.uri).map_err(|_| bad)?;
        let own = address.parameters.value("expires").or_else(|| request.first(HeaderName::Expires));
        // RFC 3261 §20.19: a time that cannot be read counts as the default.
        let expires = own
            .and_then(crate::header::number)
            .map_or(configuration.expires_default, Duration::from_secs)
            .min(configuration.expires_max);
        if !expires.is_zero() && expires < configuration.expires_min {
            let seconds = u32::try_from(configuration.expires_min.as_secs()).unwrap_or(u32::MAX);
            return Err(Refusal { status: 423, min_expires: Some(seconds) });
        }
        let instance = address.parameters.value("+sip.instance").map(text).map(|t| t.trim_matches('"'));
        let reg_id = address.parameters.value("reg-id").and_then(number32);
        let known = self.contacts_of(line).find(|id| {
            self.bindings.get(id).is_some_and(|binding| match (instance, &binding.instance) {
                // RFC 5626 §6: the same phone on the same flow, wherever it is now.
                (Some(ours), Some(theirs)) if reg_id.is_some() => {
                    *ours == **theirs && reg_id == binding.reg_id
                }
                (Some(_) | None, Some(_) | None) => {
                    Uri::parse(binding.contact.as_bytes()).is_ok_and(|other| other.equivalent(&uri))
                }
            })
        });
        if let Some(binding) = known.and_then(|id| self.bindings.get(&id))
            && *binding.call_id == *request.call_id_value()
            && request.cseq_number() < binding.cseq
        {
            // RFC 3261 §10.3 step 7: an older request arrived late.
            return Err(Refusal::status(500));
        }
        let preference = address.parameters.value("q").map_or(1000, thousandths);
        Ok(Wanted { uri: text(address.uri), instance, reg_id, preference, expires, known })
    }

    fn take(
        &mut self,
        now: Now,
        request: &Message<'_>,
        flow: Flow,
        line: &str,
        wanted: Wanted<'_>,
        out: &mut Vec<Change>,
    ) {
        if wanted.expires.is_zero() {
            if let Some(id) = wanted.known {
                self.remove(id, UnregisterReason::ByPhone, out);
            }
            return;
        }
        let expires_at = now.mono + wanted.expires;
        let id = wanted.known.unwrap_or(BindingId(self.next));
        let mut moved = true;
        if let Some(binding) = self.bindings.get_mut(&id) {
            moved = binding.flow != flow || *binding.contact != *wanted.uri;
            if let Some(timer) = binding.timer.take() {
                self.timers.cancel(timer);
            }
            let old = binding.flow;
            binding.flow = flow;
            if moved {
                binding.contact = Box::from(wanted.uri);
                self.unindex_stream(old, id);
                self.index_stream(flow, id);
            }
        } else {
            self.next += 1;
            self.index_stream(flow, id);
            self.by_line.entry(Box::from(line)).or_default().push(id);
            let binding = Binding {
                line: Box::from(line),
                contact: Box::from(wanted.uri),
                instance: None,
                path: Box::default(),
                call_id: Box::default(),
                user_agent: Box::default(),
                flow,
                cseq: 0,
                reg_id: None,
                preference: 1000,
                expires_at,
                timer: None,
            };
            self.bindings.insert(id, binding);
        }
        let timer = self.timers.set(expires_at, id);
        let Some(binding) = self.bindings.get_mut(&id) else { return };
        binding.timer = Some(timer);
        binding.expires_at = expires_at;
        binding.cseq = request.cseq_number();
        binding.reg_id = wanted.reg_id;
        binding.preference = wanted.preference;
        set(&mut binding.call_id, request.call_id_value());
        set(&mut binding.user_agent, request.user_agent());
        binding.instance = wanted.instance.map(Box::from);
        binding.path = request.values(HeaderName::Path).map(|route| Box::from(text(route))).collect();
        out.push(Change::Bound(binding.record(id, now)));
        if moved {
            out.push(Change::Event(Event::Registered {
                line: Box::from(line),
                binding: id,
                peer: flow.peer(),
                transport: flow.transport(),
                user_agent: binding.user_agent.clone(),
                expires: wanted.expires,
            }));
        }
        self.sort_line(line);
    }

    fn remove_all(
        &mut self,
        request: &Message<'_>,
        line: &str,
        out: &mut Vec<Change>,
    ) -> Result<(), Refusal> {
        let ids: Vec<BindingId> = self.contacts_of(line).collect();
        let late = ids.iter().filter_map(|id| self.bindings.get(id)).any(|binding| {
            *binding.call_id == *request.call_id_value() && request.cseq_number() < binding.cseq
        });
        if late {
            return Err(Refusal::status(500));
        }
        for id in ids {
            self.remove(id, UnregisterReason::ByPhone, out);
        }
        Ok(())
    }

    fn remove(&mut self, id: BindingId, reason: UnregisterReason, out: &mut Vec<Change>) {
        let Some(binding) = self.bindings.remove(&id) else { return };
        if let Some(timer) = binding.timer {
            self.timers.cancel(timer);
        }
        self.unindex_stream(binding.flow, id);
        if let Some(ids) = self.by_line.get_mut(&binding.line) {
            ids.retain(|other| *other != id);
            if ids.is_empty() {
                self.by_line.remove(&binding.line);
            }
        }
        out.push(Change::Unbound(id));
        out.push(Change::Event(Event::Unregistered { line: binding.line, binding: id, reason }));
    }

    fn sort_line(&mut self, line: &str) {
        let bindings = &self.bindings;
        if let Some(ids) = self.by_line.get_mut(line).filter(|ids| ids.len() > 1) {
            let preference = |id: &BindingId| bindings.get(id).map_or(0, |binding| binding.preference);
            ids.sort_by_key(|id| (std::cmp::Reverse(preference(id)), *id));
        }
    }

    fn index_stream(&mut self, flow: Flow, id: BindingId) {
        if let Flow::Stream { stream, .. } = flow {
            self.by_stream.entry(stream).or_default().push(id);
        }
    }

    fn unindex_stream(&mut self, flow: Flow, id: BindingId) {
        if let Flow::Stream { stream, .. } = flow
            && let Some(ids) = self.by_stream.get_mut(&stream)
        {
            ids.retain(|other| *other != id);
            if ids.is_empty() {
                self.by_stream.remove(&stream);
            }
        }
    }

    /// Writes the headers of a 200: every binding of the line with the time that is left (RFC 3261 §10.3 step 8).
    pub fn write_answer(&self, now: Now, line: &str, out: &mut Vec<u8>) {
        for id in self.contacts_of(line) {
            let Some(binding) = self.bindings.get(&id) else { continue };
            out.extend_from_slice(b"Contact: <");
            out.extend_from_slice(binding.contact.as_bytes());
            out.extend_from_slice(b">;expires=");
            write::decimal(out, (binding.expires_at - now.mono).as_secs());
            if let Some(instance) = &binding.instance {
                out.extend_from_slice(b";+sip.instance=\"");
                out.extend_from_slice(instance.as_bytes());
                out.push(b'"');
            }
            if let Some(reg_id) = binding.reg_id {
                out.extend_from_slice(b";reg-id=");
                write::decimal(out, u64::from(reg_id));
            }
            out.extend_from_slice(b"\r\n");
        }
    }

    /// A connection is gone, and with it the phones that were reached over it (RFC 5626 §5.3).
    pub fn flow_closed(&mut self, _now: Now, stream: StreamId, out: &mut Vec<Change>) {
        for id in self.by_stream.remove(&stream).unwrap_or_default() {
            self.remove(id, UnregisterReason::ConnectionClosed, out);
        }
    }

    /// Lines are no longer configured.
    pub fn unconfigure(&mut self, _now: Now, lines: &[&str], out: &mut Vec<Change>) {
        for line in lines {
            let ids: Vec<BindingId> = self.contacts_of(line).collect();
            for id in ids {
                self.remove(id, UnregisterReason::Unconfigured, out);
            }
        }
    }

    /// Takes a binding from before a restart; one on a connection cannot be reached any more and is left out.
    pub fn restore(&mut self, now: Now, record: BindingRecord) {
        let left = record.expires_at.as_micros().saturating_sub(now.wall.as_micros());
        if left == 0 || matches!(record.flow, Flow::Stream { .. }) {
            return;
        }
        let expires_at = now.mono + Duration::from_micros(left);
        let id = record.binding;
        self.next = self.next.max(id.0 + 1);
        let timer = self.timers.set(expires_at, id);
        self.by_line.entry(record.line.clone()).or_default().push(id);
        let binding = Binding {
            line: record.line,
            contact: record.contact,
            instance: record.instance,
            path: record.path.into_boxed_slice(),
            call_id: record.call_id,
            user_agent: record.user_agent,
            flow: record.flow,
            cseq: record.cseq,
            reg_id: record.reg_id,
            preference: 1000,
            expires_at,
            timer: Some(timer),
        };
        self.bindings.insert(id, binding);
    }

    /// Removes what was not refreshed in time.
    pub fn handle_timeout(&mut self, now: Now, out: &mut Vec<Change>) {
        while let Some((_, id)) = self.timers.pop_due(now.mono) {
            if let Some(binding) = self.bindings.get_mut(&id) {
                binding.timer = None;
            }
            self.remove(id, UnregisterReason::Expired, out);
        }
    }

    /// When [`Registrar::handle_timeout`] is due.
    pub fn next_timeout(&self) -> Option<Instant> {
        self.timers.next_deadline()
    }
}

impl Binding {
    fn record(&self, id: BindingId, now: Now) -> BindingRecord {
        let left = self.expires_at - now.mono;
        let expires_at = WallTime::from_micros(now.wall.as_micros() + left.as_micros() as u64);
        BindingRecord {
            binding: id,
            line: self.line.clone(),
            contact: self.contact.clone(),
            instance: self.instance.clone(),
            reg_id: self.reg_id,
            path: self.path.to_vec(),
            flow: self.flow,
            call_id: self.call_id.clone(),
            cseq: self.cseq,
            expires_at,
            user_agent: self.user_agent.clone(),
        }
    }
}

/// Replaces a text only when it differs: a refresh allocates nothing.
fn set(field: &mut Box<str>, value: &str) {
    if **field != *value {
        *field = Box::from(value);
    }
}

/// A q value (RFC 3261 §25.1) in thousandths; what cannot be read counts as 1.
fn thousandths(value: &[u8]) -> u16 {
    match value {
        [b'0', b'.', digits @ ..] if digits.len() <= 3 && digits.iter().all(u8::is_ascii_digit) => {
            let mut sum = 0;
            for place in 0..3 {
                sum = sum * 10 + digits.get(place).map_or(0, |digit| u16::from(digit - b'0'));
            }
            sum
        }
        [b'0'] => 0,
        _ => 1000,
    }
}
