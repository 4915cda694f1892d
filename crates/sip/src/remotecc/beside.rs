//! Keys that are about no call of the phone: it takes part in hunts of its lines, or no more; it reports trouble.
//!
//! ```text
//! device                      SIP side                call control
//!   | REFER, HLog as XML       |                           |
//!   |------------------------->| HuntLog                   |
//!   | 202                      |-------------------------->| counts at once
//!   |<-------------------------|                           |
//!   | REFER, hlogupdate        |                TellHunted | the disk has it
//!   |<-------------------------|<--------------------------|
//! ```

use strowger_base::journal::OnOff;
use strowger_base::leg::BindingId;
use strowger_base::net::Flow;
use strowger_base::{Now, limits};

use super::tell::{Body, SHOWN, hunt_update, status_line, write_request};
use crate::core::{Sip, write_retry_after};
use crate::io::{Outbox, Output};
use crate::message::{Message, MethodKind};
use crate::transaction::table::ServerKey;
use crate::write;

/// What a phone shows when the disk does not take what its key changed.
const NOT_KEPT: &str = "Not saved yet";
/// What it shows when its trouble has been told.
const QUALITY: &str = "Quality report taken";

impl Sip {
    /// The key is pressed. It turns over what is, so that a copy of the REFER must not count: unlike other keys without a call it has
    /// a transaction.
    pub(super) fn hunt_key(
        &mut self,
        now: Now,
        flow: Flow,
        refer: &Message<'_>,
        key: ServerKey,
        out: &mut Outbox,
    ) {
        if let Some(binding) = self.accept_beside(now, flow, refer, key, out) {
            out.items.push(Output::HuntLog { binding });
        }
    }

    /// The key of the quality report tool, without a call: an operator is told which phone has trouble.
    pub(super) fn quality_key(
        &mut self,
        now: Now,
        flow: Flow,
        refer: &Message<'_>,
        key: ServerKey,
        out: &mut Outbox,
    ) {
        if let Some(binding) = self.accept_beside(now, flow, refer, key, out) {
            out.items.push(Output::QualityReport { binding });
            self.refer_unasked(now, binding, &status_line(QUALITY, SHOWN).into(), out);
        }
    }

    /// Accepts a key that is about no call; its phone, or `None` when it has been refused.
    fn accept_beside(
        &mut self,
        now: Now,
        flow: Flow,
        refer: &Message<'_>,
        key: ServerKey,
        out: &mut Outbox,
    ) -> Option<BindingId> {
        // A phone that names none of its lines is known by its connection.
        let phone = self.registered_at(flow, refer).or_else(|| self.registrar.only_one_on(flow));
        let Some(binding) = phone.filter(|id| !self.shares_its_way(*id)) else {
            self.refuse(refer, flow, 603, |_| (), out);
            return None;
        };
        if self.shared.transactions.len() >= limits::TRANSACTIONS {
            self.shared.counters.shed += 1;
            self.refuse(refer, flow, 503, write_retry_after, out);
            return None;
        }
        let shared = &mut self.shared;
        let head = shared.head_of(refer, &flow, shared.stateless_tag(refer));
        shared.transactions.begin_server(key, MethodKind::Refer, flow, self.leg_ids.allocate(), &[]);
        let bytes = out.arena.append_with(|buffer| {
            write::status_line(buffer, 202);
            buffer.extend_from_slice(&head);
            shared.write_contact(&flow, &refer.request_user(), buffer);
            write::header(buffer, b"Server", shared.configuration.product.as_bytes());
            write::finish(buffer, None, &[]);
        });
        let text = out.arena.slice(bytes);
        if shared.transactions.respond(key, 202, text, now.mono, &mut shared.timers) {
            shared.send(flow, bytes, out);
        }
        Some(binding)
    }

    /// Whether another phone of its line is reached in the same way, as behind a proxy: which of them pressed a key nobody knows.
    fn shares_its_way(&self, binding: BindingId) -> bool {
        let Some(phone) = self.registrar.binding(binding) else { return false };
        let mut others = self.registrar.contacts_of(phone.line()).filter_map(|id| self.registrar.binding(id));
        others.any(|other| other.flow() == phone.flow() && other.phone() != phone.phone())
    }

    /// A phone is told what its key changed: its lamp shows what counts.
    pub(crate) fn tell_hunted(
        &mut self,
        now: Now,
        binding: BindingId,
        hunted: OnOff,
        is_kept: bool,
        out: &mut Outbox,
    ) {
        self.refer_unasked(now, binding, &hunt_update(hunted).into(), out);
        if !is_kept {
            self.refer_unasked(now, binding, &status_line(NOT_KEPT, SHOWN).into(), out);
        }
    }

    /// Asks a phone for something that it did not ask for.
    pub(crate) fn refer_unasked(&mut self, now: Now, binding: BindingId, body: &Body, out: &mut Outbox) {
        let id = self.shared.new_call_id();
        self.send_unasked(
            now,
            binding,
            MethodKind::Refer,
            |dialog, buffer| {
                let ours = dialog.local.split(";tag=").next().unwrap_or_default();
                write_request(buffer, ours, &id, body);
            },
            out,
        );
    }
}
