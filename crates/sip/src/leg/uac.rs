//! The leg of a called device: from our INVITE to its final response.

use strowger_base::leg::{Diversion, Elsewhere, Party, Presentation, ReleaseReason, Ring, Target};
use strowger_base::net::Flow;
use strowger_base::{Cause, Instant, LegId, Media, Now, SessionDescription, Signal, limits};

use super::style::write_style;
use super::{Carrier, Leg, Pending, State, alert_of, description_of, finish, reason_cause, write_abilities};
use crate::core::{Destination, Shared};
use crate::dialog::{Dialog, Said, first_contact};
use crate::io::Outbox;
use crate::message::{Message, MethodKind};
use crate::recording;
use crate::session_timer;
use crate::transaction::GIVE_UP;
use crate::transaction::table::Branch;
use crate::uri::Host;

/// An INVITE of ours that waits for a final response.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) branch: Branch,
    pub(super) cseq: u32,
    /// What was asked for; a 422 makes us ask again.
    ring: Box<Ring>,
    /// Shortest session interval that the device accepts, once it said so (RFC 4028 §7.3).
    min_se: u32,
    /// How often it said so.
    raised: u8,
    pub(super) cancel: Cancel,
    /// When the final response to a cancelled INVITE is no longer waited for (RFC 3261 §9.1).
    pub(super) give_up: Option<Instant>,
    /// Further early dialogs, when a proxy forked our INVITE; the first one is the leg's own.
    forks: Vec<Dialog>,
    /// The early dialog whose reliable answer settled the exchange.
    settled_by: Box<str>,
    /// Reliable answers of other early dialogs, by the peer's tag: whoever takes the call, its own answer counts.
    answers: Vec<(Box<str>, SessionDescription)>,
    /// Highest RSeq of each early dialog, by the peer's tag (RFC 3262 §4).
    confirmed: Vec<(Box<str>, u32)>,
    /// Some provisional response came, so a CANCEL may be sent (RFC 3261 §9.1).
    pub(super) provisional: bool,
    /// Target and routes of the INVITE, once an early dialog has taken others: CANCEL and the ACK of a
    /// failure go where the INVITE went (RFC 3261 §9.1, §17.1.1.3).
    pub(super) first_way: Option<(Box<str>, Vec<Box<str>>)>,
}

impl Outgoing {
    /// The early dialog in which requests may go, where that is wanted, by the peer's tag: whose answer is heard, or the first that was confirmed.
    pub(super) fn talks_in(&self) -> Option<Box<str>> {
        let (first, _) = self.confirmed.first().filter(|_| matches!(self.cancel, Cancel::No))?;
        Some(if self.settled_by.is_empty() { first.clone() } else { self.settled_by.clone() })
    }
}

/// Whether the call was given up before its answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Cancel {
    No,
    /// As soon as a provisional response came.
    Wanted(Cause),
    Sent,
}

impl Leg {
    /// Rings a device.
    pub(crate) fn outgoing(
        shared: &mut Shared,
        now: Now,
        id: LegId,
        ring: Box<Ring>,
        destination: Destination,
        out: &mut Outbox,
    ) -> Leg {
        let local_tag = shared.new_tag(id);
        let user = match ring.calling.presentation {
            Presentation::Allowed => &*ring.calling.number,
            Presentation::Restricted => "anonymous",
        };
        let dialog = Dialog {
            call_id: shared.new_call_id(),
            local: shared.local_address(&ring.calling, local_tag),
            local_tag,
            remote: shared.remote_address(&ring.called),
            remote_tag: Box::from(""),
            local_cseq: 0,
            remote_cseq: None,
            target: destination.uri,
            routes: destination.routes,
            flow: destination.flow,
            contact_user: Box::from(user),
            contact_features: if ring.records.is_some() { recording::CONTACT_FEATURE } else { "" },
            said: Said::default(),
        };
        let outgoing = Outgoing {
            branch: Branch(0),
            cseq: 0,
            ring,
            min_se: session_timer::MIN_SE,
            raised: 0,
            cancel: Cancel::No,
            give_up: None,
            forks: Vec::new(),
            settled_by: Box::from(""),
            answers: Vec::new(),
            confirmed: Vec::new(),
            provisional: false,
            first_way: None,
        };
        let (records, keys) = (outgoing.ring.records.clone(), outgoing.ring.keys);
        let shows = destination.reads_call_info.then(|| Box::new(outgoing.ring.calling.clone()));
        let media = outgoing.ring.media.clone();
        let mut leg = Leg::new(id, dialog, State::Outgoing(Box::new(outgoing)));
        leg.reads_call_info(destination.reads_call_info);
        leg.party = shows;
        let media = leg.stamped(media);
        if let State::Outgoing(outgoing) = &mut leg.state {
            outgoing.ring.media = media;
        }
        leg.records = records;
        leg.keys.go_by(keys);
        leg.send_invite(shared, now, out);
        leg.rearm(shared);
        leg
    }

    fn send_invite(&mut self, shared: &mut Shared, now: Now, out: &mut Outbox) {
        self.dialog.local_cseq += 1;
        let State::Outgoing(outgoing) = &mut self.state else { return };
        let ring = &outgoing.ring;
        let cseq = self.dialog.local_cseq;
        let branch = shared.new_branch();
        outgoing.branch = branch;
        outgoing.cseq = cseq;
        self.dialog.flow = shared.usable(self.dialog.flow, out);
        let flow = self.dialog.flow;
        let body = match &ring.media {
            Media::Offer(description) => Some(description),
            Media::None | Media::Answer(_) => None,
        };
        self.pending = match body {
            Some(_) => Pending::Ours { preview: None },
            None => Pending::None,
        };
        let bytes = out.arena.append_with(|buffer| {
            self.dialog.write_request(shared, MethodKind::Invite, cseq, branch, ring.hops_remaining, buffer);
            write_abilities(buffer);
            self.keys.write(self.dialog.said, &shared.configuration.domain, buffer);
            self.call_info.write(self.naming.shown, self.call, super::Progress::Untold, buffer);
            // Early media can only be negotiated when the caller takes part, or when the answer is the
            // device's alone because we offered.
            let reliable = ring.reliable_provisional || body.is_some();
            let supported: &[u8] =
                if reliable { b"Supported: 100rel, timer\r\n" } else { b"Supported: timer\r\n" };
            buffer.extend_from_slice(supported);
            session_timer::write_request(shared.configuration.session_expires, outgoing.min_se, buffer);
            if matches!(ring.target, Target::Trunk(_)) {
                self.naming.write(&ring.calling, shared, buffer);
            } else if ring.calling.presentation == Presentation::Restricted {
                buffer.extend_from_slice(b"Privacy: id\r\n");
            }
            for diversion in &ring.diversions {
                write_diversion(diversion, shared, buffer);
            }
            let domain = &shared.configuration.domain;
            write_style(ring.style, domain, buffer);
            match &self.records {
                Some(records) => {
                    buffer.extend_from_slice(recording::REQUIRE);
                    recording::finish(buffer, body, records, domain);
                }
                None => finish(buffer, body),
            }
        });
        self.sent = body.cloned();
        let text = out.arena.slice(bytes);
        let timers = &mut shared.timers;
        let method = MethodKind::Invite;
        shared.transactions.begin_client(branch, method, cseq, flow, self.id, text, now.mono, timers);
        shared.transmit(flow, bytes, self.journal(), out);
    }

    /// A response to the INVITE that began the leg.
    pub(super) fn invite_answered(
        &mut self,
        shared: &mut Shared,
        now: Now,
        response: &Message<'_>,
        status: u16,
        out: &mut Outbox,
    ) {
        match status {
            0..=199 => self.invite_provisional(shared, now, response, status, out),
            200..=299 => self.invite_accepted(shared, now, response, out),
            300.. => self.invite_refused(shared, now, response, status, out),
        }
    }

    fn invite_provisional(
        &mut self,
        shared: &mut Shared,
        now: Now,
        response: &Message<'_>,
        status: u16,
        out: &mut Outbox,
    ) {
        let State::Outgoing(outgoing) = &mut self.state else { return };
        let first = !outgoing.provisional;
        outgoing.provisional = true;
        if let Cancel::Wanted(cause) = outgoing.cancel {
            self.cancel(shared, now, cause, out);
            return;
        }
        if status == 100 {
            if first {
                self.signal(Signal::Proceeding, out);
            }
            return;
        }
        self.naming.learn(response);
        self.join_early_dialog(response);
        self.in_early_dialog(response.to_tag(), |leg| leg.dialog.said.heard(response));
        let description = description_of(response);
        let media = match response.rseq_number().filter(|_| response.requires("100rel")) {
            Some(rseq) => {
                if !self.is_next_rseq(response, rseq) {
                    return;
                }
                self.confirm(shared, now, response, rseq, description, out)
            }
            None => match (description, &mut self.pending) {
                // Heard early, but binding only when the 2xx repeats it (RFC 6337 §2.2).
                (Some(answer), Pending::Ours { preview }) => {
                    *preview = Some(answer.clone());
                    Media::Answer(answer)
                }
                (Some(_) | None, Pending::None | Pending::Theirs(_) | Pending::Ours { .. }) => Media::None,
            },
        };
        let alert = alert_of(status);
        self.signal(Signal::Alerting { alert, media }, out);
    }

    /// Takes a reliable provisional response and confirms it, at once or when call control has the answer.
    fn confirm(
        &mut self,
        shared: &mut Shared,
        now: Now,
        response: &Message<'_>,
        rseq: u32,
        description: Option<SessionDescription>,
        out: &mut Outbox,
    ) -> Media {
        let State::Outgoing(outgoing) = &mut self.state else { return Media::None };
        let cseq = outgoing.cseq;
        let remote_tag: Box<str> = Box::from(response.to_tag());
        match (description, &self.pending) {
            (Some(answer), Pending::Ours { .. }) => {
                outgoing.settled_by.clone_from(&remote_tag);
                self.pending = Pending::None;
                self.received = Some(answer.clone());
                self.in_early_dialog(&remote_tag, |leg| leg.send_prack(shared, now, rseq, cseq, None, out));
                Media::Answer(answer)
            }
            (Some(offer), Pending::None) if self.sent.is_none() => {
                self.pending = Pending::Theirs(Carrier::Prack { rseq, cseq, remote_tag });
                self.received = Some(offer.clone());
                Media::Offer(offer)
            }
            (description, Pending::None | Pending::Theirs(_) | Pending::Ours { .. }) => {
                if let Some(answer) = description.filter(|_| remote_tag != outgoing.settled_by) {
                    // As many as there are early dialogs, which are limited.
                    outgoing.answers.retain(|(tag, _)| *tag != remote_tag);
                    outgoing.answers.push((remote_tag.clone(), answer));
                }
                self.in_early_dialog(&remote_tag, |leg| leg.send_prack(shared, now, rseq, cseq, None, out));
                Media::None
            }
        }
    }

    /// Does something in the early dialog of this tag, which may be that of another fork (RFC 3261 §12.1.2): each has a remote target, a tag
    /// and numbers of its own. Nothing is done where there is no such dialog.
    pub(super) fn in_early_dialog(&mut self, tag: &str, does: impl FnOnce(&mut Self)) {
        if tag == &*self.dialog.remote_tag {
            return does(self);
        }
        let State::Outgoing(outgoing) = &mut self.state else { return };
        let Some(place) = outgoing.forks.iter().position(|fork| &*fork.remote_tag == tag) else { return };
        let fork = outgoing.forks.swap_remove(place);
        let own = std::mem::replace(&mut self.dialog, fork);
        does(self);
        let fork = std::mem::replace(&mut self.dialog, own);
        if let State::Outgoing(outgoing) = &mut self.state {
            outgoing.forks.push(fork);
        }
    }

    /// RFC 3262 §4: only the next RSeq of an early dialog is taken; copies and gaps are not.
    fn is_next_rseq(&mut self, response: &Message<'_>, rseq: u32) -> bool {
        let State::Outgoing(outgoing) = &mut self.state else { return false };
        let tag = response.to_tag();
        let full = outgoing.confirmed.len() >= FORKS_MAX;
        match outgoing.confirmed.iter_mut().find(|entry| &*entry.0 == tag) {
            Some(entry) => {
                let next = rseq == entry.1.wrapping_add(1);
                if next {
                    entry.1 = rseq;
                }
                next
            }
            None if !full => {
                outgoing.confirmed.push((Box::from(tag), rseq));
                true
            }
            None => false,
        }
    }

    /// The first tagged response makes the leg's own early dialog, others are forks (RFC 3261 §12.1.2, §13.2.2.1).
    fn join_early_dialog(&mut self, response: &Message<'_>) {
        let tag = response.to_tag();
        if tag.is_empty() || tag == &*self.dialog.remote_tag {
            return;
        }
        let State::Outgoing(outgoing) = &mut self.state else { return };
        if self.dialog.remote_tag.is_empty() {
            outgoing.first_way = Some((self.dialog.target.clone(), self.dialog.routes.clone()));
            adopt(&mut self.dialog, response);
            return;
        }
        if outgoing.forks.len() < FORKS_MAX && outgoing.forks.iter().all(|fork| &*fork.remote_tag != tag) {
            let mut fork = self.dialog.clone_for_fork(outgoing.cseq);
            adopt(&mut fork, response);
            outgoing.forks.push(fork);
        }
    }

    fn invite_accepted(&mut self, shared: &mut Shared, now: Now, response: &Message<'_>, out: &mut Outbox) {
        let ending = State::Ending { until: now.mono + GIVE_UP, branch: None };
        let State::Outgoing(mut outgoing) = std::mem::replace(&mut self.state, ending) else { return };
        let tag = response.to_tag();
        if *self.dialog.remote_tag != *tag && !self.dialog.remote_tag.is_empty() {
            // What was confirmed, told or said there counts; nothing of that where nobody was heard of before.
            let place = outgoing.forks.iter().position(|fork| *fork.remote_tag == *tag);
            let answered = place.map(|place| outgoing.forks.swap_remove(place));
            self.dialog = answered.unwrap_or_else(|| self.dialog.clone_for_fork(outgoing.cseq));
        }
        adopt(&mut self.dialog, response);
        // RFC 3261 §12.2.1.1: from here on requests go to the first route, or to the Contact of the 2xx. A phone's own
        // address is not believed where its packets come from elsewhere.
        let trusted = !self.dialog.routes.is_empty() || matches!(outgoing.ring.target, Target::Trunk(_));
        let next: &str = self.dialog.routes.first().map_or(&self.dialog.target, |route| route);
        self.dialog.flow = shared.way_to(next, self.dialog.flow, trusted);
        self.dialog.said.heard(response);
        self.naming.learn(response);
        self.hear_wish(response);
        let cseq = outgoing.cseq;
        if outgoing.cancel != Cancel::No {
            // The answer crossed our CANCEL: take the call and hang up (RFC 3261 §9.1, §13.3.1.4).
            self.send_ack(shared, cseq, None, out);
            self.state = State::Established;
            self.hang_up(shared, now, Cause::NORMAL_CALL_CLEARING, out);
            return;
        }
        self.state = State::Established;
        if outgoing.raised > 0 {
            self.session_timer.heard(outgoing.min_se);
        }
        self.session_agreed(shared, now, response);
        let description = description_of(response);
        if !outgoing.settled_by.is_empty() && *outgoing.settled_by != *self.dialog.remote_tag {
            // Another early dialog had settled the exchange; in this one our offer is answered by its own answer
            // (RFC 3261 §13.2.1, RFC 3262 §5).
            let own = outgoing.answers.iter().position(|(tag, _)| **tag == *self.dialog.remote_tag);
            let preview = own.map(|own| outgoing.answers.swap_remove(own).1);
            self.received = None;
            self.pending = Pending::Ours { preview };
        }
        let media = match (std::mem::replace(&mut self.pending, Pending::None), description) {
            (Pending::Ours { .. }, Some(answer)) => {
                self.received = Some(answer.clone());
                self.send_ack(shared, cseq, None, out);
                Media::Answer(answer)
            }
            (Pending::Ours { preview: Some(answer) }, None) => {
                // The answer stands only in the provisional response; what was heard already is taken as binding.
                let news = outgoing.settled_by.is_empty();
                self.received = Some(answer.clone());
                self.send_ack(shared, cseq, None, out);
                if news { Media::None } else { Media::Answer(answer) }
            }
            (Pending::None, Some(offer)) if self.sent.is_none() && self.received.is_none() => {
                self.received = Some(offer.clone());
                self.pending = Pending::Theirs(Carrier::Ack { cseq });
                Media::Offer(offer)
            }
            (Pending::None | Pending::Theirs(_), _) if self.received.is_some() => {
                self.send_ack(shared, cseq, None, out);
                Media::None
            }
            (Pending::None | Pending::Theirs(_) | Pending::Ours { .. }, _) => {
                // Neither offer nor answer anywhere: there is no session to talk over (RFC 3261 §13.2.2.4).
                self.send_ack(shared, cseq, None, out);
                self.hang_up(shared, now, Cause::MANDATORY_IE_MISSING, out);
                self.released(Cause::MANDATORY_IE_MISSING, ReleaseReason::ProtocolError, out);
                return;
            }
        };
        let connected = asserted_party(response);
        self.signal(Signal::Answered { media, connected }, out);
    }

    /// A 2xx came again, or from another branch of a fork, after the call was answered.
    pub(super) fn further_2xx(
        &mut self,
        shared: &mut Shared,
        now: Now,
        response: &Message<'_>,
        out: &mut Outbox,
    ) {
        if response.to_tag() == &*self.dialog.remote_tag {
            if let Some((cseq, body)) = self.acknowledged.clone()
                && cseq == response.cseq_number()
            {
                self.send_ack(shared, cseq, body, out);
            }
            return;
        }
        // RFC 3261 §13.2.2.4: another phone behind the proxy answered too; it is taken and hung up.
        let mut other = self.dialog.clone_for_fork(response.cseq_number());
        adopt(&mut other, response);
        std::mem::swap(&mut self.dialog, &mut other);
        let before = self.acknowledged.take();
        self.send_ack(shared, response.cseq_number(), None, out);
        self.send_request(shared, now, MethodKind::Bye, |_| (), None, out);
        self.acknowledged = before;
        std::mem::swap(&mut self.dialog, &mut other);
    }

    fn invite_refused(
        &mut self,
        shared: &mut Shared,
        now: Now,
        response: &Message<'_>,
        status: u16,
        out: &mut Outbox,
    ) {
        if status == 422
            && let State::Outgoing(outgoing) = &mut self.state
            && outgoing.cancel == Cancel::No
            && outgoing.raised < limits::SESSION_INTERVAL_RAISES
            && let Some(min_se) = response.min_se_seconds().filter(|wanted| *wanted > outgoing.min_se)
        {
            // RFC 4028 §7.3: asked again with the larger interval, but not for ever.
            outgoing.min_se = min_se;
            outgoing.raised += 1;
            outgoing.provisional = false;
            if let Some((target, routes)) = outgoing.first_way.take() {
                self.dialog.target = target;
                self.dialog.routes = routes;
                self.dialog.remote = Box::from(without_tag(&self.dialog.remote));
                self.dialog.remote_tag = Box::from("");
            }
            self.send_invite(shared, now, out);
            return;
        }
        let cause = reason_cause(response).unwrap_or(Cause::from_sip_status(status));
        self.refuse_pending(shared, now, 487, out);
        self.state = State::Ending { until: now.mono, branch: None };
        // RFC 3261 §21.3: with the others there is nothing to be called.
        if matches!(status, 300 | 301 | 302 | 305) {
            self.signal(Signal::Redirected(elsewhere(response, self.dialog.flow, shared)), out);
        }
        self.released(cause, ReleaseReason::Refused(status), out);
    }

    /// Nobody answered our INVITE, or it could not be sent.
    pub(super) fn invite_failed(&mut self, now: Now, cause: Cause, reason: ReleaseReason, out: &mut Outbox) {
        self.state = State::Ending { until: now.mono, branch: None };
        self.released(cause, reason, out);
    }
}

/// Whom a redirection names: the Contact that is preferred most, and of equals the first (RFC 3261 §20.10). A phone may write its own
/// address, or the one under which it knows us, for a number of ours.
fn elsewhere(response: &Message<'_>, flow: Flow, shared: &Shared) -> Elsewhere {
    let best = response.contacts().reduce(
        |best, next| {
            if next.preference() > best.preference() { next } else { best }
        },
    );
    let Some(contact) = best else { return Elsewhere::Nobody };
    let user = contact.uri.number_or_user();
    let is_ours = |host: Host<'_>| {
        let own = contact.uri.address().is_some_and(|address| address == flow.peer().ip());
        own || shared.is_own_host(host)
    };
    match contact.uri.host() {
        _ if user.is_empty() => Elsewhere::Nobody,
        Some(host) if !is_ours(host) => Elsewhere::Host(contact.uri.host_text().into()),
        Some(_) | None => Elsewhere::Number(user.into()),
    }
}

/// Takes tag, target and route set of the dialog that a response makes (RFC 3261 §12.1.2).
fn adopt(dialog: &mut Dialog, response: &Message<'_>) {
    dialog.remote = Box::from(response.to_value());
    dialog.remote_tag = Box::from(response.to_tag());
    if let Some(contact) = first_contact(response) {
        dialog.target = contact;
    }
    let mut routes: Vec<Box<str>> = response.record_route_values().map(Box::from).collect();
    routes.reverse();
    dialog.routes = routes;
}

/// A To or From value without its tag.
pub(super) fn without_tag(value: &str) -> &str {
    match value.rfind(";tag=") {
        Some(position) if !value[position..].contains('>') => &value[..position],
        _ => value,
    }
}

/// Who answered, as the device asserts it (RFC 3325).
fn asserted_party(response: &Message<'_>) -> Party {
    response.asserted_party()
}

fn write_diversion(diversion: &Diversion, shared: &Shared, out: &mut Vec<u8>) {
    out.extend_from_slice(b"Diversion: ");
    shared.write_name_addr(&diversion.party, out);
    out.extend_from_slice(b";reason=");
    out.extend_from_slice(diversion.reason.as_bytes());
    if diversion.party.presentation == Presentation::Restricted {
        out.extend_from_slice(b";privacy=full");
    }
    out.extend_from_slice(b"\r\n");
}

/// Early dialogs of one INVITE that are remembered; answers of more are taken and hung up all the same.
const FORKS_MAX: usize = 16;
