//! What becomes of contacts when the configuration is another one, while the node runs or while it was down.

use std::collections::BTreeMap;
use std::time::Duration;

use strowger_base::event::UnregisterReason;
use strowger_base::leg::BindingId;
use strowger_base::line::{lines_of, number_of};
use strowger_base::net::{Flow, ListenerId, is_behind_nat};
use strowger_base::{Now, Table, TableChange};

use super::texts::{BindingTexts, PackedTexts};
use super::{Binding, Change, Lost, PREFERENCE_DEFAULT, Registrar, index};
use crate::io::{BindingRecord, LineAccount, PhoneAccount, PhonePlace};
use crate::remotecc;
use crate::uri::Uri;

impl Registrar {
    /// Sockets take no datagrams any more. Phones that were reached over them are reached over those that take their
    /// place; where none does, they are not registered any more.
    pub fn listeners_closed(
        &mut self,
        now: Now,
        closed: &BTreeMap<ListenerId, Option<ListenerId>>,
        lines: &Table<LineAccount>,
        out: &mut Vec<Change>,
    ) {
        let over = |flow: Flow| match flow {
            Flow::Datagram { listener, .. } => closed.get(&listener).copied(),
            Flow::Stream { .. } => None,
        };
        let moved = self.bindings.iter().filter_map(|(id, it)| Some((*id, over(it.flow)?)));
        let mut moved: Vec<(BindingId, Option<ListenerId>)> = moved.collect();
        moved.sort_unstable();
        for (id, next) in moved {
            let Some(binding) = self.bindings.get_mut(&id) else { continue };
            match (next, &mut binding.flow) {
                (Some(next), Flow::Datagram { listener, .. }) => {
                    *listener = next;
                    let phone = lines.get(binding.line()).and_then(|account| account.phone(binding.phone));
                    out.push(Change::Bound(binding.record(id, now, phone, self.key)));
                }
                (Some(_) | None, _) => self.remove(id, UnregisterReason::SocketClosed, out),
            }
        }
    }

    /// The lines are others than before: contacts end of phones that are gone, or that prove themselves with something else now.
    /// A phone with another name is the same phone, and so is one whose line is in another partition now.
    pub fn reconfigure(
        &mut self,
        now: Now,
        (before, after): (&Table<LineAccount>, &Table<LineAccount>),
        out: &mut Vec<Change>,
    ) {
        let mut concerned: Vec<(BindingId, &PhoneAccount)> = Vec::new();
        for change in after.changes_since(before) {
            let (line, account) = match change {
                TableChange::Added(..) => continue,
                TableChange::Changed { name, before, .. } => (name, before),
                TableChange::Removed(name, before) => (name, before),
            };
            let phone = |(id, binding): (BindingId, &Binding)| Some((id, account.phone(binding.phone)?));
            concerned.extend(self.bindings_of(line).filter_map(phone));
        }
        // All of them are known before the first one moves to another line.
        for (id, phone) in concerned {
            self.find_phone(now, id, phone, after, out);
        }
    }

    /// The phone of a contact, which was `before`, is sought among the lines that there are now.
    fn find_phone(
        &mut self,
        now: Now,
        id: BindingId,
        before: &PhoneAccount,
        lines: &Table<LineAccount>,
        out: &mut Vec<Change>,
    ) {
        let Some(binding) = self.bindings.get_mut(&id) else { return };
        let found = seek(lines, binding.line(), |account| account.phone_like(before));
        let Some((line, place, phone)) = found else {
            return self.remove(id, UnregisterReason::Unconfigured, out);
        };
        binding.phone = place;
        let moved = *line != *binding.line();
        if moved {
            index::take_away(&mut self.by_line, binding.line(), id);
            let Some(texts) = on_line(line, &binding.texts) else {
                return self.remove(id, UnregisterReason::Unconfigured, out);
            };
            binding.texts = texts;
            index::add(&mut self.by_line, line.into(), id);
        }
        if moved || phone.name != before.name {
            out.push(Change::Bound(binding.record(id, now, Some(phone), self.key)));
        }
        if moved {
            self.sort_line(line);
        }
    }

    /// Takes a binding from before a restart. One that ended meanwhile, whose connection or socket went with the restart, or
    /// whose phone is not on the line any more or proves itself with something else now, is not taken; its line may
    /// be in another partition now. `listener` is the socket over which it is reached. That is told at the next
    /// [`Registrar::handle_timeout`], which is due at once.
    pub fn restore(
        &mut self,
        now: Now,
        record: BindingRecord,
        lines: &Table<LineAccount>,
        listener: Option<ListenerId>,
    ) {
        let id = record.binding;
        self.next = self.next.max(id.0.saturating_add(1));
        if self.bindings.contains_key(&id) {
            return;
        }
        let left = Duration::from_micros(record.expires_at.as_micros().saturating_sub(now.wall.as_micros()));
        let line: Box<str> = Box::from(record.texts.get().line);
        let mut lost =
            |reason| self.lost.push(Lost { since: now.mono, binding: id, line: line.clone(), reason });
        let Flow::Datagram { peer, .. } = record.flow else {
            return lost(UnregisterReason::ConnectionClosed);
        };
        if left.is_zero() {
            return lost(UnregisterReason::Expired);
        }
        let proven = |account: &LineAccount| account.phone_with(record.account, self.key);
        let found = seek(lines, &line, proven);
        let Some((line, phone, texts)) =
            found.and_then(|(line, phone, _)| Some((line, phone, on_line(line, &record.texts)?)))
        else {
            return lost(UnregisterReason::Unconfigured);
        };
        let Some(listener) = listener else { return lost(UnregisterReason::SocketClosed) };
        let flow = Flow::Datagram { listener, peer };
        let expires_at = now.mono + left;
        let timer = self.timers.set(expires_at, id);
        let BindingRecord { cseq, reg_id, .. } = record;
        let preference = PREFERENCE_DEFAULT;
        // Its Via is not kept; the next REGISTER shows it again.
        let contact = Uri::parse(texts.part(1).as_bytes()).ok().and_then(|uri| uri.address());
        let behind_nat = contact.is_some_and(|told| is_behind_nat(told, peer.ip()));
        let takes_control = remotecc::is_taken_by_agent(texts.get().user_agent);
        let binding = Binding {
            texts,
            phone,
            preference,
            cseq,
            reg_id,
            flow,
            behind_nat,
            takes_control,
            expires_at,
            timer,
        };
        self.bindings.insert(id, binding);
        index::add(&mut self.by_line, line.into(), id);
        self.sort_line(line);
    }
}

/// The phone that `is_it` finds: on the line itself, or on another one with the same number.
fn seek<'l>(
    lines: &'l Table<LineAccount>,
    line: &str,
    is_it: impl Fn(&LineAccount) -> Option<PhonePlace>,
) -> Option<(&'l str, PhonePlace, &'l PhoneAccount)> {
    let mut all = lines.get_key_value(line).into_iter().chain(lines_of(lines, number_of(line)));
    all.find_map(|(line, account)| {
        let place = is_it(account)?;
        Some((line, place, account.phone(place)?))
    })
}

/// The texts of a contact on this line; `None` when they would be too long.
fn on_line(line: &str, texts: &PackedTexts) -> Option<PackedTexts> {
    match texts.get().line == line {
        true => Some(texts.clone()),
        false => BindingTexts { line, ..texts.get() }.pack(),
    }
}
