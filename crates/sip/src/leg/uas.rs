//! The leg of a caller: from the INVITE that came to its final response.

use strowger_base::leg::{Alert, Party, ReleaseReason};
use strowger_base::net::Flow;
use strowger_base::{Cause, LegId, Media, Now, SessionDescription, Signal};

use super::naming::{Naming, Shown};
use super::reliable::Outbound;
use super::{
    AwaitingAck, Carrier, Leg, Pending, Request, State, description_of, finish, write_abilities,
    write_reason, write_warning,
};
use crate::core::Shared;
use crate::dialog::{Dialog, Said};
use crate::io::Outbox;
use crate::message::Message;
use crate::session_timer;
use crate::transaction::table::ServerKey;
use crate::transaction::{GIVE_UP, T1};
use crate::write;

/// An INVITE that waits for its final response.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(super) request: Request,
    pub(super) cseq: u32,
    /// The INVITE carried no session description: we have to offer.
    pub(super) delayed_offer: bool,
    /// Whether and how the caller takes reliable provisional responses (RFC 3262).
    pub(super) reliable: Reliability,
    pub(super) outbound: Outbound,
    /// A description that went out in an unreliable provisional response; the 2xx repeats it.
    pub(super) preview: Option<SessionDescription>,
    /// Who the caller is told that it rings at.
    pub(super) shown: Option<Party>,
    /// Why the call fails, while the caller hears about it.
    pub(super) fails: Option<Cause>,
    /// Call control answered while a reliable provisional response with a description was open.
    pub(super) answer: Option<(Media, Party)>,
    /// What the 2xx says about the session timer.
    pub(super) timer: session_timer::Negotiated,
}

impl Incoming {
    pub(super) fn takes_reliable(&self) -> bool {
        self.reliable != Reliability::Unsupported
    }
}

/// Whether provisional responses can be confirmed (RFC 3262 §3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Reliability {
    Unsupported,
    Supported,
    Required,
}

impl Leg {
    /// Begins the leg of an INVITE; the caller of this sends `Signal::Setup` with the media returned.
    #[expect(clippy::too_many_arguments, reason = "an INVITE has that many independent parts")]
    pub(crate) fn incoming(
        shared: &mut Shared,
        now: Now,
        id: LegId,
        invite: &Message<'_>,
        key: ServerKey,
        flow: Flow,
        trust_contact: bool,
        out: &mut Outbox,
    ) -> (Leg, Media) {
        let local_tag = shared.new_tag(id);
        let head = shared.head_of(invite, &flow, local_tag);
        let reliable = if invite.requires("100rel") {
            Reliability::Required
        } else if invite.supports("100rel") {
            Reliability::Supported
        } else {
            Reliability::Unsupported
        };
        let offer = description_of(invite);
        let incoming = Incoming {
            request: Request { key, head, flow },
            cseq: invite.cseq_number(),
            delayed_offer: offer.is_none(),
            reliable,
            outbound: Outbound::new(shared.rng.below(1 << 30) as u32 + 1),
            preview: None,
            shown: None,
            fails: None,
            answer: None,
            timer: session_timer::Request::of(invite).answer(shared.configuration.session_expires, None),
        };
        let dialog = Dialog::of_request(invite, local_tag, flow, trust_contact, shared);
        let mut leg = Leg::new(id, dialog, State::Incoming(Box::new(incoming)));
        leg.hear_wish(invite);
        leg.dialog.said.heard(invite);
        leg.naming = Naming::of(Shown::Called, invite);
        leg.reads_call_info(crate::remotecc::is_taken_by(invite));
        leg.session_timer.heard(invite.min_se_seconds().unwrap_or(0));
        leg.received = offer.clone();
        let media = match offer {
            Some(offer) => {
                leg.pending = Pending::Theirs(Carrier::FirstResponse);
                Media::Offer(offer)
            }
            None => Media::None,
        };
        leg.provisional(shared, now, 100, None, |_| (), out);
        (leg, media)
    }

    /// The caller hears that it rings.
    pub(super) fn alert(
        &mut self,
        shared: &mut Shared,
        now: Now,
        (alert, media, shown): (Alert, Media, Option<Party>),
        out: &mut Outbox,
    ) {
        let State::Incoming(incoming) = &mut self.state else { return };
        if shown.is_some() {
            incoming.shown = shown;
        }
        let status = match alert {
            Alert::Ringing => 180,
            Alert::Progress => 183,
            Alert::Failing(cause) => {
                incoming.fails = Some(cause);
                183
            }
        };
        let body = match (&media, incoming.delayed_offer) {
            (Media::Answer(description), false) => Some(description.clone()),
            // An offer in a provisional response must be confirmed (RFC 3262 §5).
            (Media::Offer(description), true) if incoming.reliable != Reliability::Unsupported => {
                Some(description.clone())
            }
            (Media::Offer(_) | Media::Answer(_) | Media::None, _) => None,
        };
        let already_answered = !matches!(self.pending, Pending::Theirs(Carrier::FirstResponse));
        let reliably = match incoming.reliable {
            Reliability::Required => true,
            Reliability::Supported => body.is_some() && (incoming.delayed_offer || !already_answered),
            Reliability::Unsupported => false,
        };
        if reliably {
            self.alert_reliably(shared, now, status, body, out);
            return;
        }
        if let Some(description) = &body {
            incoming.preview = Some(description.clone());
        }
        self.provisional(shared, now, status, body.as_ref(), |_| (), out);
    }

    /// Sends a provisional response as it is.
    pub(super) fn provisional(
        &mut self,
        shared: &mut Shared,
        now: Now,
        status: u16,
        body: Option<&SessionDescription>,
        extra: impl FnOnce(&mut Vec<u8>),
        out: &mut Outbox,
    ) {
        let State::Incoming(incoming) = &self.state else { return };
        let contact = |buffer: &mut Vec<u8>, shared: &Shared| {
            shared.write_contact(&incoming.request.flow, &self.dialog.contact_user, buffer);
        };
        let bytes = out.arena.append_with(|buffer| {
            write::status_line(buffer, status);
            buffer.extend_from_slice(&incoming.request.head);
            if status > 100 {
                contact(buffer, shared);
                self.keys.write(self.dialog.said, &shared.configuration.domain, buffer);
                self.write_call_info(buffer);
            }
            if let Some(party) = &incoming.shown {
                self.naming.write(party, shared, buffer);
            }
            // Also in a provisional response: a trunk then knows what is heard (RFC 6432 §2).
            if let Some(cause) = incoming.fails {
                write_reason(cause, buffer);
            }
            extra(buffer);
            finish(buffer, body);
        });
        let text = out.arena.slice(bytes);
        if shared.transactions.respond(incoming.request.key, status, text, now.mono, &mut shared.timers) {
            shared.transmit(incoming.request.flow, bytes, self.journal(), out);
        }
        if let Some(description) = body {
            self.sent = Some(description.clone());
        }
    }

    /// The call is answered.
    pub(super) fn answer(
        &mut self,
        shared: &mut Shared,
        now: Now,
        media: Media,
        connected: Party,
        out: &mut Outbox,
    ) {
        let State::Incoming(incoming) = &mut self.state else { return };
        if incoming.outbound.holds_answer_back() {
            // RFC 3262 §3: no 2xx before a reliable response with a description is confirmed.
            incoming.answer = Some((media, connected));
            return;
        }
        let body = match (media, &self.pending) {
            (Media::Answer(description), Pending::Theirs(Carrier::FirstResponse)) => Some(description),
            // Settled with the caller in a reliable provisional response, and somebody else answered: the caller is
            // offered the other description as soon as it has the answer.
            (Media::Answer(description), Pending::None)
                if self.sent.as_ref().is_some_and(|sent| *sent != description) =>
            {
                self.sent = Some(description);
                self.change = super::Change::Retry { at: now.mono, purpose: super::Purpose::Realign };
                None
            }
            (Media::None, Pending::Theirs(Carrier::FirstResponse)) => incoming.preview.take(),
            (Media::Offer(description), Pending::None) if incoming.delayed_offer => {
                self.pending = Pending::Ours { preview: None };
                Some(description)
            }
            // The exchange was finished in a reliable provisional response (RFC 6337 §2.2).
            (Media::None | Media::Answer(_) | Media::Offer(_), _) => None,
        };
        if matches!(self.pending, Pending::Theirs(Carrier::FirstResponse)) {
            self.pending = Pending::None;
        }
        if let Some(description) = &body {
            self.sent = Some(description.clone());
        }
        let State::Incoming(incoming) = std::mem::replace(&mut self.state, State::Established) else {
            return;
        };
        let Incoming { request, cseq, timer, outbound, .. } = *incoming;
        self.unconfirmed = outbound.unconfirmed().map(|rseq| (rseq, cseq));
        self.session_timer.start(timer, now.mono);
        let naming = self.naming;
        if self.call_info.wanted {
            // It may have to be shown again with another lock.
            self.party = Some(Box::new(connected.clone()));
        }
        self.accept_invite(shared, now, &request, cseq, body, out, |buffer, shared| {
            naming.write(&connected, shared, buffer);
            timer.write_response(buffer);
        });
    }

    /// Sends the 2xx of an INVITE or re-INVITE and repeats it until the ACK.
    #[expect(clippy::too_many_arguments, reason = "a response has that many independent parts")]
    pub(super) fn accept_invite(
        &mut self,
        shared: &mut Shared,
        now: Now,
        request: &Request,
        cseq: u32,
        body: Option<SessionDescription>,
        out: &mut Outbox,
        extra: impl FnOnce(&mut Vec<u8>, &Shared),
    ) {
        let bytes = out.arena.append_with(|buffer| {
            write::status_line(buffer, 200);
            buffer.extend_from_slice(&request.head);
            shared.write_contact(&request.flow, &self.dialog.contact_user, buffer);
            write_abilities(buffer);
            self.keys.write(self.dialog.said, &shared.configuration.domain, buffer);
            buffer.extend_from_slice(b"Supported: 100rel, timer\r\n");
            self.write_call_info(buffer);
            extra(buffer, shared);
            finish(buffer, body.as_ref());
        });
        let text: Box<[u8]> = Box::from(out.arena.slice(bytes));
        shared.transactions.respond(request.key, 200, &text, now.mono, &mut shared.timers);
        shared.transmit(request.flow, bytes, self.journal(), out);
        self.awaiting_ack = Some(AwaitingAck {
            cseq,
            bytes: text,
            flow: request.flow,
            next: now.mono + T1,
            interval: T1,
            give_up: now.mono + GIVE_UP,
            release: None,
        });
    }

    /// Call control refuses the call, or something else makes it impossible.
    pub(super) fn refuse_call(&mut self, shared: &mut Shared, now: Now, cause: Cause, out: &mut Outbox) {
        self.final_failure(shared, now, cause.sip_status(), Some(cause), out);
    }

    /// Ends an unanswered INVITE with a status of 300 to 699.
    pub(super) fn final_failure(
        &mut self,
        shared: &mut Shared,
        now: Now,
        status: u16,
        cause: Option<Cause>,
        out: &mut Outbox,
    ) {
        // Whatever else of the caller waits would wait for ever (RFC 3261 §15.1.2). What it was asked to tell ends with the
        // dialog (RFC 4730 §3.1).
        self.refuse_pending(shared, now, 487, out);
        (self.collecting, self.keys.telling) = (None, None);
        let ending = State::Ending { until: now.mono + GIVE_UP, branch: None };
        let State::Incoming(incoming) = std::mem::replace(&mut self.state, ending) else { return };
        self.respond(
            shared,
            now,
            &incoming.request,
            status,
            |buffer| {
                if status == 503 {
                    crate::core::write_retry_after(buffer);
                }
                if let Some(cause) = cause {
                    write_reason(cause, buffer);
                    write_warning(cause, buffer);
                }
            },
            None,
            out,
        );
    }

    /// The caller gave up before the answer (RFC 3261 §9.2). The CANCEL itself is answered by the core.
    pub(crate) fn cancelled(&mut self, shared: &mut Shared, now: Now, out: &mut Outbox) {
        if !matches!(self.state, State::Incoming(_)) {
            // The final response was faster; the CANCEL has no effect.
            return;
        }
        self.final_failure(shared, now, 487, None, out);
        self.released(Cause::NORMAL_CALL_CLEARING, ReleaseReason::Cancelled, out);
    }

    /// The ACK of a 2xx came.
    pub(crate) fn acknowledge(&mut self, shared: &mut Shared, now: Now, ack: &Message<'_>, out: &mut Outbox) {
        let cseq = ack.cseq_number();
        let Some(awaiting) = self.awaiting_ack.take_if(|awaiting| awaiting.cseq == cseq) else { return };
        if let Pending::Ours { .. } = self.pending {
            self.pending = Pending::None;
            match description_of(ack) {
                Some(answer) => {
                    self.received = Some(answer.clone());
                    self.signal(Signal::Media(Media::Answer(answer)), out);
                }
                // RFC 3261 §13.2.2.4: the ACK must carry the answer; without it there is no session.
                None if awaiting.release.is_none() => {
                    self.hang_up(shared, now, Cause::MANDATORY_IE_MISSING, out);
                    self.released(Cause::MANDATORY_IE_MISSING, ReleaseReason::ProtocolError, out);
                }
                None => {}
            }
        }
        if let Some(cause) = awaiting.release {
            self.hang_up(shared, now, cause, out);
        }
        self.change_on(shared, now, out);
        self.rearm(shared);
    }
}

impl Dialog {
    /// The dialog that a request of a peer begins (RFC 3261 §12.1.1).
    pub(crate) fn of_request(
        invite: &Message<'_>,
        local_tag: u64,
        flow: Flow,
        trust_contact: bool,
        shared: &Shared,
    ) -> Dialog {
        let to = invite.to_value();
        let target = crate::dialog::first_contact(invite).unwrap_or_default();
        let routes: Vec<Box<str>> = invite.record_route_values().map(Box::from).collect();
        let flow = shared.way_to(routes.first().map_or(&*target, |route| route), flow, trust_contact);
        Dialog {
            call_id: Box::from(invite.call_id_value()),
            local: write::with_tag(to, local_tag),
            local_tag,
            remote: Box::from(invite.from_value()),
            remote_tag: Box::from(invite.from_tag()),
            local_cseq: 0,
            remote_cseq: Some(invite.cseq_number()),
            target,
            routes,
            flow,
            contact_user: invite.request_user().into_owned().into_boxed_str(),
            contact_features: "",
            said: Said::default(),
        }
    }
}
