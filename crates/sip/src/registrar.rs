//! The registrar: which phones can be reached on a line, and how (RFC 3261 §10.3, RFC 3327, RFC 5626).
//!
//! [`Registrar`] owns all bindings of a shard and the timers that end them. A REGISTER is read as a whole first
//! (`wanted`) and then carried out; when any part of it cannot be, nothing is changed.

mod binding;
mod index;
mod moves;
mod texts;
mod wanted;

use std::time::Duration;

use strowger_base::event::{Event, RefuseReason, UnregisterReason};
use strowger_base::leg::BindingId;
use strowger_base::line::number_of;
use strowger_base::net::{Flow, StreamId};
use strowger_base::{HashMap, HashSeed, Instant, LineName, Now, TimerQueue, limits};

pub use binding::Binding;
pub use texts::{BindingTexts, PackedTexts};

use crate::header::{Contact, number32};
use crate::io::{BindingRecord, Configuration, FingerprintKey, PhoneOnLine};
use crate::message::{Contacts, HeaderName, Message};
use crate::remotecc;
use crate::write;
use index::Ids;
use wanted::{Arrival, Known, Wanted, WantedList};

/// All bindings of a shard.
#[derive(Debug)]
pub struct Registrar {
    bindings: HashMap<BindingId, Binding>,
    /// The preferred and then the older first.
    by_line: HashMap<Box<str>, Ids>,
    by_stream: HashMap<StreamId, Ids>,
    timers: TimerQueue<BindingId>,
    /// Bindings from before a restart that are of no use any more and wait to be told of.
    lost: Vec<Lost>,
    next: u64,
    /// With it what phones prove themselves with is stored.
    key: FingerprintKey,
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
pub enum Refusal {
    /// A contact or Path that cannot be, or a `*` that does not stand alone with Expires 0.
    Malformed,
    /// More phones than the line may have.
    TooManyContacts,
    /// There is a Path and the phone does not know it.
    PathNotSupported,
    /// A contact wants to be registered for too short a time.
    IntervalTooBrief {
        /// The shortest time that is granted.
        minimum: Duration,
    },
    /// A later request of the same phone was here before.
    OutOfOrder,
}

impl Refusal {
    /// The status of the answer.
    pub const fn status(self) -> u16 {
        match self {
            Refusal::Malformed => 400,
            Refusal::TooManyContacts => 403,
            Refusal::PathNotSupported => 420,
            Refusal::IntervalTooBrief { .. } => 423,
            Refusal::OutOfOrder => 500,
        }
    }

    /// The headers that explain the status (RFC 3261 §20.23, §20.40).
    pub fn write_headers(self, out: &mut Vec<u8>) {
        match self {
            Refusal::Malformed | Refusal::TooManyContacts | Refusal::OutOfOrder => {}
            Refusal::PathNotSupported => out.extend_from_slice(b"Unsupported: path\r\n"),
            Refusal::IntervalTooBrief { minimum } => {
                out.extend_from_slice(b"Min-Expires: ");
                write::decimal(out, minimum.as_secs());
                out.extend_from_slice(b"\r\n");
            }
        }
    }
}

/// A binding from before a restart that cannot be used.
#[derive(Debug)]
struct Lost {
    since: Instant,
    binding: BindingId,
    line: Box<str>,
    reason: UnregisterReason,
}

impl Registrar {
    /// No bindings.
    pub fn new(seed: HashSeed) -> Self {
        Registrar {
            bindings: HashMap::with_hasher(seed),
            by_line: HashMap::with_hasher(seed),
            by_stream: HashMap::with_hasher(seed),
            timers: TimerQueue::new(),
            lost: Vec::new(),
            next: 1,
            key: FingerprintKey::default(),
        }
    }

    /// The key with which [`Fingerprint`](crate::io::Fingerprint)s are made: that of the run before.
    pub const fn fingerprint_with(&mut self, key: FingerprintKey) {
        self.key = key;
    }

    /// Takes a REGISTER of an authenticated phone; all of it or nothing (RFC 3261 §10.3).
    ///
    /// Each phone of a line sees and changes its own contacts alone, as if the line were an address of record of its own on
    /// each of them: a phone that begins with `Contact: *` must not silence the others.
    ///
    /// # Errors
    /// 400 for contacts that cannot be, 403 for too many, 420 for a Path that the phone does not know, 423 for too
    /// short a time, 500 for an old CSeq.
    pub fn register(
        &mut self,
        now: Now,
        request: &Message<'_>,
        flow: Flow,
        owner: PhoneOnLine<'_>,
        configuration: &Configuration,
        out: &mut Vec<Change>,
    ) -> Result<(), Refusal> {
        let first = match request.contact_kind() {
            // A question for the bindings there are (RFC 3261 §10.2.3).
            Contacts::None => return Ok(()),
            Contacts::Star => return self.remove_all(request, owner, out),
            Contacts::Malformed => return Err(Refusal::Malformed),
            Contacts::List(_) => request.first_contact(),
        };
        let others = request.values(HeaderName::Contact).skip(1).map(Contact::parse);
        let path = wanted::path(request)?;
        let arrival = Arrival { now, request, flow, owner, path: &path };
        let mut all = WantedList::default();
        for contact in std::iter::once(first).chain(others) {
            // Each of a line's contacts can be removed and another one added, which is all that can be asked for.
            if all.len() >= 2 * limits::CONTACTS_PER_LINE {
                return Err(too_many(&arrival, out));
            }
            let contact = contact.ok_or(Refusal::Malformed)?;
            let mut wanted = Wanted::of(contact, request, configuration)?;
            if wanted.texts(&arrival).len() > limits::BINDING_TEXT_BYTES {
                return Err(Refusal::Malformed);
            }
            wanted.known = self.known(&wanted, &arrival)?;
            all.add(wanted);
        }
        if self.count_after(owner.line, &all) > owner.account.contacts_max.clamp(1, limits::CONTACTS_PER_LINE)
        {
            return Err(too_many(&arrival, out));
        }
        for wanted in all.iter() {
            self.carry_out(&arrival, wanted, out);
        }
        Ok(())
    }

    /// `*` stands alone and removes all bindings of the phone; it must come with Expires 0 (RFC 3261 §10.3 step 6).
    fn remove_all(
        &mut self,
        request: &Message<'_>,
        owner: PhoneOnLine<'_>,
        out: &mut Vec<Change>,
    ) -> Result<(), Refusal> {
        let zero = request.first(HeaderName::Expires).and_then(number32) == Some(0);
        if !zero {
            return Err(Refusal::Malformed);
        }
        let late = self.bindings_on(owner).any(|(_, binding)| {
            binding.call_id() == request.call_id_value() && request.cseq_number() <= binding.cseq
        });
        if late {
            return Err(Refusal::OutOfOrder);
        }
        for id in self.bindings_on(owner).map(|(id, _)| id).collect::<Vec<_>>() {
            self.remove(id, UnregisterReason::ByPhone, out);
        }
        Ok(())
    }

    /// A connection is gone, and with it the phones that were reached over it (RFC 5626 §5.3).
    pub fn flow_closed(&mut self, _now: Now, stream: StreamId, out: &mut Vec<Change>) {
        for id in self.by_stream.remove(&stream).iter().flat_map(Ids::as_slice) {
            self.remove(*id, UnregisterReason::ConnectionClosed, out);
        }
    }

    /// Removes what was not refreshed in time.
    pub fn handle_timeout(&mut self, now: Now, out: &mut Vec<Change>) {
        for Lost { binding, line, reason, .. } in std::mem::take(&mut self.lost) {
            out.push(Change::Unbound(binding));
            let line = LineName::from(&*line);
            out.push(Change::Event(Event::Unregistered { line, binding, reason }));
        }
        while let Some((_, id)) = self.timers.pop_due(now.mono) {
            self.remove(id, UnregisterReason::Expired, out);
        }
    }

    /// When [`Registrar::handle_timeout`] is due.
    pub fn next_timeout(&self) -> Option<Instant> {
        let lost = self.lost.first().map(|lost| lost.since);
        lost.or_else(|| self.timers.next_deadline())
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
        all.sort_unstable_by_key(|entry| entry.0);
        all
    }

    /// The bindings of a line, the preferred and then the older first.
    pub fn contacts_of(&self, line: &str) -> impl Iterator<Item = BindingId> {
        self.by_line.get(line).map(Ids::as_slice).unwrap_or_default().iter().copied()
    }

    /// Whether a REGISTER with this Call-ID and CSeq was the last that changed a binding of the line.
    pub fn is_retransmission(&self, line: &str, call_id: &str, cseq: u32) -> bool {
        self.bindings_of(line).any(|(_, binding)| binding.cseq == cseq && binding.call_id() == call_id)
    }

    /// Writes the headers of a 200: every binding of the phone with the time that is left (RFC 3261 §10.3 step 8),
    /// the Path that was taken (RFC 3327 §5.3), and whether the flow of the request is kept (RFC 5626 §6).
    pub fn write_answer(&self, now: Now, owner: PhoneOnLine<'_>, request: &Message<'_>, out: &mut Vec<u8>) {
        let mut outbound = false;
        // Deviates from RFC 3261 §10.3 step 8: contacts of other phones are not told, which a phone might remove or report.
        for (_, binding) in self.bindings_on(owner) {
            write_contact(now, binding, out);
            outbound |= binding.reg_id.is_some()
                && binding.cseq == request.cseq_number()
                && binding.call_id() == request.call_id_value();
        }
        for path in request.all(HeaderName::Path) {
            write::header(out, b"Path", path);
        }
        out.extend_from_slice(b"Supported: path, outbound\r\n");
        if outbound {
            out.extend_from_slice(b"Require: outbound\r\n");
        }
    }

    /// Bytes that all bindings take with their indexes and timers, reckoned from the capacities of what holds them
    /// and without what the allocator adds.
    pub fn memory_bytes(&self) -> usize {
        let texts: usize = self.bindings.values().map(Binding::text_bytes).sum();
        let lines: usize = self.by_line.iter().map(|(line, ids)| line.len() + ids.heap_bytes()).sum();
        let streams: usize = self.by_stream.values().map(Ids::heap_bytes).sum();
        let tables = index::table_bytes(&self.bindings)
            + index::table_bytes(&self.by_line)
            + index::table_bytes(&self.by_stream);
        texts + lines + streams + tables + self.timers.memory_bytes()
    }
}

impl Registrar {
    fn bindings_of(&self, line: &str) -> impl Iterator<Item = (BindingId, &Binding)> {
        self.contacts_of(line).filter_map(|id| Some((id, self.bindings.get(&id)?)))
    }

    /// The bindings of one phone of a line.
    fn bindings_on(&self, owner: PhoneOnLine<'_>) -> impl Iterator<Item = (BindingId, &Binding)> {
        self.bindings_of(owner.line).filter(move |(_, binding)| binding.phone == owner.phone)
    }

    /// Finds the binding that a contact is about and judges the order of requests (RFC 3261 §10.3 step 7).
    fn known(&self, wanted: &Wanted<'_>, arrival: &Arrival<'_, '_>) -> Result<Known, Refusal> {
        let Some((id, binding)) = self.find(wanted, arrival.owner) else { return Ok(Known::No) };
        let request = arrival.request;
        if binding.call_id() == request.call_id_value() && request.cseq_number() <= binding.cseq {
            // A copy changes nothing; neither does one that somebody else sends again from elsewhere.
            let copy = request.cseq_number() == binding.cseq && arrival.flow == binding.flow;
            return if copy { Ok(Known::Repeated) } else { Err(Refusal::OutOfOrder) };
        }
        let same = binding.contact() == wanted.text
            || crate::uri::Uri::parse(binding.contact().as_bytes())
                .is_ok_and(|uri| uri.equivalent(&wanted.uri));
        Ok(if same { Known::Renews(id) } else { Known::Replaces(id) })
    }

    /// The binding with the same instance and `reg-id` (RFC 5626 §6), or else with the same URI (RFC 3261 §19.1.4).
    fn find(&self, wanted: &Wanted<'_>, owner: PhoneOnLine<'_>) -> Option<(BindingId, &Binding)> {
        if wanted.reg_id.is_some() {
            return self.bindings_on(owner).find(|(_, binding)| {
                binding.reg_id == wanted.reg_id
                    && binding.instance().is_some_and(|theirs| theirs.eq_ignore_ascii_case(wanted.instance))
            });
        }
        // A parameter that only one of two URIs has does not make them differ, so several may be equal to this one:
        // the one that is written the same is meant.
        self.bindings_on(owner).find(|(_, binding)| binding.contact() == wanted.text).or_else(|| {
            self.bindings_on(owner).find(|(_, binding)| {
                crate::uri::Uri::parse(binding.contact().as_bytes())
                    .is_ok_and(|uri| uri.equivalent(&wanted.uri))
            })
        })
    }

    /// How many bindings the line will have.
    fn count_after(&self, line: &str, all: &WantedList<'_>) -> usize {
        let present = self.contacts_of(line).count();
        all.iter().fold(present, |count, wanted| match wanted.known {
            Known::No if !wanted.expires.is_zero() => count + 1,
            Known::Renews(_) | Known::Replaces(_) if wanted.expires.is_zero() => count.saturating_sub(1),
            Known::No | Known::Renews(_) | Known::Replaces(_) | Known::Repeated => count,
        })
    }

    fn carry_out(&mut self, arrival: &Arrival<'_, '_>, wanted: &Wanted<'_>, out: &mut Vec<Change>) {
        let removed = wanted.expires.is_zero();
        match wanted.known {
            Known::Repeated => {}
            Known::No if removed => {}
            Known::No => self.bind(arrival, wanted, out),
            Known::Renews(id) | Known::Replaces(id) if removed => {
                self.remove(id, UnregisterReason::ByPhone, out);
            }
            Known::Renews(id) => self.renew(id, arrival, wanted, out),
            Known::Replaces(id) => {
                self.remove(id, UnregisterReason::Replaced, out);
                self.bind(arrival, wanted, out);
            }
        }
    }

    /// A new binding.
    fn bind(&mut self, arrival: &Arrival<'_, '_>, wanted: &Wanted<'_>, out: &mut Vec<Change>) {
        let &Arrival { now, request, flow, owner, .. } = arrival;
        let line = owner.line;
        // The length was checked before anything was changed.
        let Some(packed) = wanted.texts(arrival).pack() else { return };
        let id = BindingId(self.next);
        self.next += 1;
        let expires_at = now.mono + wanted.expires;
        let timer = self.timers.set(expires_at, id);
        let binding = Binding {
            texts: packed,
            phone: owner.phone,
            preference: wanted.preference,
            cseq: request.cseq_number(),
            reg_id: wanted.reg_id,
            flow,
            behind_nat: request.is_behind_nat(Some(wanted.uri), flow.peer().ip()),
            takes_control: remotecc::is_taken_by(request),
            expires_at,
            timer,
        };
        out.push(Change::Bound(binding.record(id, now, owner.phone(), self.key)));
        out.push(registered(id, &binding, wanted.expires));
        self.bindings.insert(id, binding);
        match self.by_line.get_mut(line) {
            Some(ids) => ids.push(id),
            None => _ = self.by_line.insert(Box::from(line), Ids::One(id)),
        }
        self.index_stream(flow, id);
        self.sort_line(line);
    }

    /// A refresh, perhaps from another address.
    fn renew(
        &mut self,
        id: BindingId,
        arrival: &Arrival<'_, '_>,
        wanted: &Wanted<'_>,
        out: &mut Vec<Change>,
    ) {
        let &Arrival { now, request, flow, owner, .. } = arrival;
        let Some(binding) = self.bindings.get_mut(&id) else { return };
        let before = binding.flow;
        let preference_before = binding.preference;
        binding.expires_at = now.mono + wanted.expires;
        self.timers.cancel(binding.timer);
        binding.timer = self.timers.set(binding.expires_at, id);
        binding.flow = flow;
        binding.behind_nat = request.is_behind_nat(Some(wanted.uri), flow.peer().ip());
        binding.takes_control = remotecc::is_taken_by(request);
        binding.cseq = request.cseq_number();
        binding.reg_id = wanted.reg_id;
        binding.preference = wanted.preference;
        binding.set_texts(&wanted.texts(arrival));
        out.push(Change::Bound(binding.record(id, now, owner.phone(), self.key)));
        if before != flow {
            out.push(registered(id, binding, wanted.expires));
            self.unindex_stream(before, id);
            self.index_stream(flow, id);
        }
        if preference_before != wanted.preference {
            self.sort_line(owner.line);
        }
    }

    fn remove(&mut self, id: BindingId, reason: UnregisterReason, out: &mut Vec<Change>) {
        let Some(binding) = self.bindings.remove(&id) else { return };
        self.timers.cancel(binding.timer);
        self.unindex_stream(binding.flow, id);
        index::take_away(&mut self.by_line, binding.line(), id);
        strowger_base::hash::give_back(&mut self.bindings);
        out.push(Change::Unbound(id));
        let line = LineName::from(binding.line());
        out.push(Change::Event(Event::Unregistered { line, binding: id, reason }));
    }

    fn sort_line(&mut self, line: &str) {
        let bindings = &self.bindings;
        let preference = |id: &BindingId| bindings.get(id).map_or(0, Binding::preference);
        if let Some(ids) = self.by_line.get_mut(line) {
            ids.as_mut_slice().sort_unstable_by_key(|id| (std::cmp::Reverse(preference(id)), *id));
        }
    }

    /// Whether a phone has registered by the connection.
    pub(crate) fn has_registered_on(&self, flow: Flow) -> bool {
        match flow {
            Flow::Stream { stream, .. } => self.by_stream.contains_key(&stream),
            Flow::Datagram { .. } => false,
        }
    }

    /// The phone that registered by the connection, when that is one alone: a proxy brings many.
    pub(crate) fn only_one_on(&self, flow: Flow) -> Option<BindingId> {
        let Flow::Stream { stream, .. } = flow else { return None };
        match self.by_stream.get(&stream)?.as_slice() {
            [only] => Some(*only),
            [] | [_, _, ..] => None,
        }
    }

    fn index_stream(&mut self, flow: Flow, id: BindingId) {
        if let Flow::Stream { stream, .. } = flow {
            index::add(&mut self.by_stream, stream, id);
        }
    }

    fn unindex_stream(&mut self, flow: Flow, id: BindingId) {
        if let Flow::Stream { stream, .. } = flow {
            index::take_away(&mut self.by_stream, &stream, id);
        }
    }
}

fn registered(id: BindingId, binding: &Binding, expires: Duration) -> Change {
    Change::Event(Event::Registered {
        line: binding.line().into(),
        binding: id,
        peer: binding.flow.peer(),
        transport: binding.flow.transport(),
        user_agent: Box::from(binding.user_agent()),
        expires,
    })
}

fn too_many(arrival: &Arrival<'_, '_>, out: &mut Vec<Change>) -> Refusal {
    out.push(Change::Event(Event::Refused {
        claimed: number_of(arrival.owner.line).into(),
        peer: arrival.flow.peer(),
        request: "REGISTER",
        reason: RefuseReason::TooManyContacts,
    }));
    Refusal::TooManyContacts
}

fn write_contact(now: Now, binding: &Binding, out: &mut Vec<u8>) {
    out.extend_from_slice(b"Contact: <");
    out.extend_from_slice(binding.contact().as_bytes());
    out.extend_from_slice(b">;expires=");
    // Zero would say that it is gone.
    write::decimal(out, binding.left(now).as_secs().max(1));
    if binding.preference != PREFERENCE_DEFAULT {
        out.extend_from_slice(b";q=0.");
        for divisor in [100, 10, 1] {
            out.push(b'0' + (binding.preference / divisor % 10) as u8);
        }
    }
    if let Some(instance) = binding.instance() {
        out.extend_from_slice(b";+sip.instance=\"<");
        out.extend_from_slice(instance.as_bytes());
        out.extend_from_slice(b">\"");
    }
    if let Some(reg_id) = binding.reg_id {
        out.extend_from_slice(b";reg-id=");
        write::decimal(out, u64::from(reg_id));
    }
    out.extend_from_slice(b"\r\n");
}

/// A contact without q is as good as can be.
const PREFERENCE_DEFAULT: u16 = 1000;

#[cfg(test)]
mod tests;
