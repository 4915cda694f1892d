//! NOTIFY without a subscription: from a voice mail that tells of messages, and to phones that do not subscribe.

use strowger_base::leg::{BindingId, Party};
use strowger_base::net::Flow;
use strowger_base::watch::{Messages, Package, WatchRefusal};
use strowger_base::{Now, limits};

use super::{message_summary, name_of};
use crate::core::Sip;
use crate::dialog::{Dialog, Said};
use crate::io::{Outbox, Output, Unanswered};
use crate::message::{Message, MethodKind};
use crate::write;

impl Sip {
    /// A NOTIFY in no dialog. A voice mail behind a trunk says so what waits for a line, without having been asked: RFC 6665 §4.1.3
    /// wants that refused, but that is how voice mails do it.
    pub(crate) fn notified_unasked(&mut self, flow: Flow, request: &Message<'_>, out: &mut Outbox) {
        let package = request.event_package().map_or("", |event| event.package);
        let summary = name_of(Package::MessageSummary);
        let trunk = self.trunk_of(flow, request).map(|trunk| trunk.name.clone());
        let (Some(trunk), true) = (trunk, package.eq_ignore_ascii_case(summary)) else {
            return self.refuse(request, flow, 481, |_| (), out);
        };
        if !request.content_type_is(message_summary::TYPE) {
            let accept =
                |buffer: &mut Vec<u8>| write::header(buffer, b"Accept", message_summary::TYPE.as_bytes());
            return self.refuse(request, flow, 415, accept, out);
        }
        let Some(mailbox) = message_summary::parse(request.body()) else {
            return self.refuse(request, flow, 400, |_| (), out);
        };
        // The same NOTIFY again says the same again, so that it is answered without a transaction.
        let head = self.shared.head_of(request, &flow, self.shared.stateless_tag(request));
        let number = request.request_user().into();
        out.items.push(Output::Messages { trunk, number, mailbox, asked: Unanswered { head, flow } });
    }

    /// What became of what a voice mail told.
    pub(crate) fn messages_taken(
        &mut self,
        asked: Unanswered,
        taken: Result<(), WatchRefusal>,
        out: &mut Outbox,
    ) {
        let Unanswered { head, flow } = asked;
        let status = taken.map_or_else(WatchRefusal::status, |()| 200);
        let bytes = out.arena.append_with(|buffer| {
            write::status_line(buffer, status);
            buffer.extend_from_slice(&head);
            write::header(buffer, b"Server", self.shared.configuration.product.as_bytes());
            write::finish(buffer, None, &[]);
        });
        self.shared.send(flow, bytes, out);
    }

    /// Tells a phone that does not subscribe what waits for its line.
    pub(crate) fn notify_unasked(
        &mut self,
        now: Now,
        binding: BindingId,
        messages: &Messages,
        out: &mut Outbox,
    ) {
        let mut body = self.shared.draft();
        message_summary::write(&mut body, &self.shared.configuration.domain, messages);
        let rest = |_: &Dialog, buffer: &mut Vec<u8>| {
            buffer.extend_from_slice(b"Event: message-summary\r\nSubscription-State: terminated\r\n");
            write::finish(buffer, Some(message_summary::TYPE), &body);
        };
        let is_sent = self.send_unasked(now, binding, MethodKind::Notify, rest, out);
        self.shared.keep_draft(body);
        self.shared.counters.notified += u64::from(is_sent);
    }

    /// Sends a request in no dialog to a phone; `rest` writes what follows the headers that each has. False when the phone is gone.
    pub(crate) fn send_unasked(
        &mut self,
        now: Now,
        binding: BindingId,
        method: MethodKind,
        rest: impl FnOnce(&Dialog, &mut Vec<u8>),
        out: &mut Outbox,
    ) -> bool {
        let Some(phone) = self.registrar.binding(binding) else { return false };
        let routes: Vec<Box<str>> = phone.path().map(Box::from).collect();
        let next = routes.first().map_or(phone.contact(), |route| route);
        let flow = self.shared.way_to(next, phone.flow(), false);
        let number: Box<str> = strowger_base::line::number_of(phone.line()).into();
        let target = phone.request_uri().into();
        let flow = self.shared.usable(flow, out);
        let tag = self.shared.rng.next_u64();
        let party = Party { number: number.clone(), ..Party::default() };
        let dialog = Dialog {
            call_id: self.shared.new_call_id(),
            local: self.shared.local_address(&party, tag),
            local_tag: tag,
            remote: self.shared.remote_address(&number),
            remote_tag: Box::default(),
            local_cseq: 1,
            remote_cseq: None,
            target,
            routes,
            flow,
            contact_user: number,
            contact_features: "",
            said: Said::default(),
        };
        let branch = self.shared.new_branch();
        let shared = &self.shared;
        let bytes = out.arena.append_with(|buffer| {
            dialog.write_request(shared, method, dialog.local_cseq, branch, limits::MAX_FORWARDS, buffer);
            rest(&dialog, buffer);
        });
        // Nobody waits for the answer: it is sent again until it comes or its time is over.
        let (id, timers) = (self.leg_ids.allocate(), &mut self.shared.timers);
        let text = out.arena.slice(bytes);
        self.shared.transactions.begin_client(branch, method, 1, flow, id, text, now.mono, timers);
        self.shared.send(flow, bytes, out);
        true
    }
}
