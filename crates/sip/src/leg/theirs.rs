//! Changes that the peer asks for, by re-INVITE or UPDATE, and the answers that call control gives to its offers.

use strowger_base::leg::ReleaseReason;
use strowger_base::net::Flow;
use strowger_base::{Cause, Media, Now, SessionDescription, Signal};

use super::{Carrier, Change, Leg, Pending, Purpose, Request, State, description_of, write_warning};
use crate::core::Shared;
use crate::io::Outbox;
use crate::message::Message;
use crate::recording;
use crate::session_timer::Negotiated;
use crate::session_timer::machine::{Failure, Input};
use crate::transaction::table::ServerKey;

impl Leg {
    /// An offer or answer of call control outside ring and answer.
    pub(super) fn media(&mut self, shared: &mut Shared, now: Now, media: Media, out: &mut Outbox) {
        match media {
            Media::None => {}
            Media::Offer(description) => {
                if let Change::Theirs(..) = self.change {
                    self.accept_change(shared, now, description, true, out);
                } else {
                    self.modify(shared, now, Purpose::Offer(description), out);
                }
            }
            Media::Answer(description) => self.send_answer(shared, now, description, out),
        }
    }

    fn send_answer(&mut self, shared: &mut Shared, now: Now, answer: SessionDescription, out: &mut Outbox) {
        let Pending::Theirs(carrier) = std::mem::replace(&mut self.pending, Pending::None) else { return };
        self.sent = Some(answer.clone());
        match carrier {
            Carrier::FirstResponse => self.pending = Pending::Theirs(Carrier::FirstResponse),
            Carrier::Response => self.accept_change(shared, now, answer, false, out),
            Carrier::Ack { cseq } => self.send_ack(shared, cseq, Some(answer), out),
            Carrier::Update(request, timer) => {
                self.accept_update(shared, now, &request, timer, Some(&answer), out);
            }
            Carrier::Request(request) => {
                self.respond(shared, now, &request, 200, |_| (), Some(&answer), out);
            }
            Carrier::Prack { rseq, cseq, remote_tag } => {
                let confirms = |leg: &mut Leg| leg.send_prack(shared, now, rseq, cseq, Some(&answer), out);
                self.in_early_dialog(&remote_tag, confirms);
            }
        }
    }

    pub(super) fn reinvite(
        &mut self,
        shared: &mut Shared,
        now: Now,
        invite: &Message<'_>,
        key: ServerKey,
        flow: Flow,
        out: &mut Outbox,
    ) {
        if matches!(self.change, Change::Theirs(..)) || !matches!(self.state, State::Established) {
            // RFC 3261 §14.2: an earlier INVITE of the same peer has no final response yet.
            let head = shared.head_of(invite, &flow, self.dialog.local_tag);
            let wait = |buffer: &mut Vec<u8>| buffer.extend_from_slice(b"Retry-After: 3\r\n");
            self.respond(shared, now, &Request { key, head, flow }, 500, wait, None, out);
            return;
        }
        // An offer of ours that is to be tried again is open all the same: whoever made it waits for its answer.
        let ours = matches!(
            self.change,
            Change::Ours { .. } | Change::Retry { purpose: Purpose::Offer(_) | Purpose::Request, .. }
        );
        if ours || self.awaiting_ack.is_some() || !matches!(self.pending, Pending::None) {
            // Two changes met (RFC 3261 §14.2).
            self.reply(shared, now, invite, key, flow, 491, out);
            return;
        }
        // What else was to be tried again gives way; who the other party is, is told afterwards.
        if let Change::Retry { purpose: Purpose::ShowParty(party), .. } =
            std::mem::replace(&mut self.change, Change::None)
        {
            self.unshown.get_or_insert(party);
        }
        let head = shared.head_of(invite, &flow, self.dialog.local_tag);
        let request = Request { key, head, flow };
        let Some(timer) = self.session_asked(shared, now, invite, &request, out) else { return };
        self.dialog.refresh_target(invite);
        shared.follow(&mut self.dialog, flow);
        self.hear_wish(invite);
        let offer = description_of(invite);
        // What a recorder repeats is answered by who knows which of the keys that it was offered it has taken.
        let repeats = offer.is_some() && self.received == offer && self.records.is_none();
        match (offer, self.sent.clone()) {
            (Some(_), Some(sent)) if repeats => {
                // Nothing changes: a session refresh, answered without troubling the other leg (RFC 4028 §7.4).
                let cseq = invite.cseq_number();
                self.session_timer.start(timer, now.mono);
                self.accept_invite(shared, now, &request, cseq, Some(sent), out, |buffer, _| {
                    timer.write_response(buffer);
                });
            }
            (Some(offer), _) => {
                self.respond(shared, now, &request, 100, |_| (), None, out);
                self.received = Some(offer.clone());
                self.change = Change::Theirs(request, timer);
                self.pending = Pending::Theirs(Carrier::Response);
                self.signal(Signal::Media(Media::Offer(offer)), out);
            }
            // RFC 3261 §17.2.1: what waits for somebody else is answered 100 first, or it is sent again and again.
            (None, _) => {
                self.respond(shared, now, &request, 100, |_| (), None, out);
                self.change = Change::Theirs(request, timer);
                self.signal(Signal::MediaRequested, out);
            }
        }
        self.metadata_asked(invite, out);
    }

    /// A recorder may ask to be told everything again: that goes in a request of ours, behind the answer to this one (RFC 7866 §9.2).
    fn metadata_asked(&self, request: &Message<'_>, out: &mut Outbox) {
        if self.records.is_some() && recording::wants_metadata(request) {
            self.signal(Signal::MetadataRequested, out);
        }
    }

    pub(super) fn update(
        &mut self,
        shared: &mut Shared,
        now: Now,
        update: &Message<'_>,
        key: ServerKey,
        flow: Flow,
        out: &mut Outbox,
    ) {
        let head = shared.head_of(update, &flow, self.dialog.local_tag);
        let request = Request { key, head, flow };
        let Some(timer) = self.session_asked(shared, now, update, &request, out) else { return };
        self.dialog.refresh_target(update);
        shared.follow(&mut self.dialog, flow);
        self.hear_wish(update);
        let offer = description_of(update);
        let repeats = offer.is_some() && self.received == offer && self.records.is_none();
        match (offer, &self.pending) {
            (None, _) => self.accept_update(shared, now, &request, timer, None, out),
            (Some(_), Pending::None) if repeats && self.sent.is_some() => {
                let sent = self.sent.clone();
                self.accept_update(shared, now, &request, timer, sent.as_ref(), out);
            }
            (Some(offer), Pending::None) => {
                self.received = Some(offer.clone());
                self.pending = Pending::Theirs(Carrier::Update(request, timer));
                self.signal(Signal::Media(Media::Offer(offer)), out);
            }
            // RFC 3311 §5.2: our own offer is open.
            (Some(_), Pending::Ours { .. }) => self.respond(shared, now, &request, 491, |_| (), None, out),
            // RFC 3311 §5.2: an earlier offer of the peer has no answer yet.
            (Some(_), Pending::Theirs(_)) => {
                let wait = |buffer: &mut Vec<u8>| buffer.extend_from_slice(b"Retry-After: 3\r\n");
                self.respond(shared, now, &request, 500, wait, None, out);
            }
        }
        self.metadata_asked(update, out);
    }

    /// Accepts an UPDATE; one before the answer of the call starts no timer, the 2xx of the INVITE does.
    pub(super) fn accept_update(
        &mut self,
        shared: &mut Shared,
        now: Now,
        request: &Request,
        timer: Negotiated,
        body: Option<&SessionDescription>,
        out: &mut Outbox,
    ) {
        if matches!(self.state, State::Established) {
            self.session_timer.start(timer, now.mono);
        }
        // An UPDATE refreshes the target both ways, so Contact is mandatory (RFC 3311 §5.2).
        let mut extra = Vec::with_capacity(128);
        shared.write_contact_of(&self.dialog, &request.flow, &mut extra);
        timer.write_response(&mut extra);
        self.respond(shared, now, request, 200, |buffer| buffer.extend_from_slice(&extra), body, out);
    }

    /// Accepts the peer's re-INVITE with an answer, or with the offer that it asked for.
    fn accept_change(
        &mut self,
        shared: &mut Shared,
        now: Now,
        description: SessionDescription,
        offers: bool,
        out: &mut Outbox,
    ) {
        let Change::Theirs(request, timer) = std::mem::replace(&mut self.change, Change::None) else {
            return;
        };
        let cseq = self.dialog.remote_cseq.unwrap_or(0);
        if offers {
            self.pending = Pending::Ours { preview: None };
        }
        self.sent = Some(description.clone());
        self.session_timer.start(timer, now.mono);
        self.accept_invite(shared, now, &request, cseq, Some(description), out, |buffer, _| {
            timer.write_response(buffer);
        });
    }

    /// Call control refuses the peer's offer; the session stays as it was.
    pub(super) fn refuse_media(&mut self, shared: &mut Shared, now: Now, cause: Cause, out: &mut Outbox) {
        let status = cause.sip_status();
        match std::mem::replace(&mut self.pending, Pending::None) {
            Pending::Theirs(Carrier::FirstResponse) => {
                self.pending = Pending::Theirs(Carrier::FirstResponse);
            }
            Pending::Theirs(Carrier::Response) | Pending::None => {
                self.refuse_pending_for(shared, now, status, Some(cause), out)
            }
            Pending::Theirs(Carrier::Update(request, _) | Carrier::Request(request)) => {
                self.respond(shared, now, &request, status, |buffer| write_warning(cause, buffer), None, out);
            }
            // An ACK or PRACK cannot refuse; the call has no session any more (RFC 3261 §13.2.2.4).
            Pending::Theirs(Carrier::Ack { cseq }) => {
                self.send_ack(shared, cseq, None, out);
                self.hang_up(shared, now, cause, out);
                self.released(cause, ReleaseReason::ProtocolError, out);
            }
            Pending::Theirs(Carrier::Prack { .. }) => {
                self.cancel(shared, now, cause, out);
                self.released(cause, ReleaseReason::ProtocolError, out);
            }
            Pending::Ours { preview } => self.pending = Pending::Ours { preview },
        }
    }

    /// Ends whatever request of the peer still waits with a failure (RFC 3261 §15.1.2).
    pub(super) fn refuse_pending(&mut self, shared: &mut Shared, now: Now, status: u16, out: &mut Outbox) {
        self.refuse_pending_for(shared, now, status, None, out);
    }

    /// The same with what a cause says more than the status.
    fn refuse_pending_for(
        &mut self,
        shared: &mut Shared,
        now: Now,
        status: u16,
        cause: Option<Cause>,
        out: &mut Outbox,
    ) {
        let warn = |buffer: &mut Vec<u8>| {
            if let Some(cause) = cause {
                write_warning(cause, buffer);
            }
        };
        match std::mem::replace(&mut self.change, Change::None) {
            Change::Theirs(request, _) => {
                self.respond(shared, now, &request, status, warn, None, out);
                // A refresh of ours may have given way to it.
                self.session_timer.on(Input::Failed(Failure::Other), now.mono);
            }
            ours @ (Change::None | Change::Ours { .. } | Change::Retry { .. }) => self.change = ours,
        }
        match std::mem::replace(&mut self.pending, Pending::None) {
            Pending::Theirs(Carrier::Update(request, _) | Carrier::Request(request)) => {
                self.respond(shared, now, &request, status, warn, None, out);
            }
            other @ (Pending::None | Pending::Theirs(_) | Pending::Ours { .. }) => self.pending = other,
        }
        self.refuse_refer(shared, now, status, |_| (), out);
    }
}
