//! From a message to the part that it is for: transaction, leg, registrar, or an answer that leaves no state.

use strowger_base::hash::siphash24;
use strowger_base::leg::{FurtherDigits, Origin};
use strowger_base::net::Flow;
use strowger_base::watch::{CallDirection, CallPhase};
use strowger_base::{Event, FeatureCode, LegId, Now, event::RefuseReason, limits};

use crate::core::{Shared, Sip, matched_method, write_retry_after};
use crate::io::{Direction, Outbox, Output};
use crate::leg::Leg;
use crate::leg::transfer::Replacement;
use crate::message::{HeaderName, Message, MethodKind, StartLine};
use crate::session_timer::{self, TooSmall};
use crate::transaction::Effect;
use crate::transaction::table::{Branch, ServerKey};
use crate::uri::Uri;
use crate::watch::write_allow_events;
use crate::{body, join, recording, service_uri, validate, write};

impl Sip {
    /// Takes one whole message.
    pub(crate) fn receive(&mut self, now: Now, flow: Flow, bytes: &[u8], out: &mut Outbox) {
        if bytes.iter().all(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
            // A keepalive that only holds a NAT binding open.
            return;
        }
        let mut message = Message::unread();
        if let Err(error) = message.read(bytes) {
            self.shared.counters.malformed += 1;
            if let Some(status) = error.status() {
                self.refuse_broken(flow, status, bytes, out);
            }
            return;
        }
        if let Err(refusal) = validate::check(&message, flow.transport()) {
            self.shared.counters.rejected += 1;
            let is_ack = message.method_kind() == Some(MethodKind::Ack);
            if message.status().is_none() && !is_ack {
                self.refuse(&message, flow, refusal.status, |buffer| refusal.write_headers(buffer), out);
            }
            return;
        }
        self.shared.counters.received += 1;
        match message.start() {
            StartLine::Request { method, .. } => {
                self.request(now, flow, bytes, &message, method.kind(), out);
            }
            StartLine::Response { status, .. } => self.response(now, flow, bytes, &message, status, out),
        }
    }

    fn request(
        &mut self,
        now: Now,
        flow: Flow,
        bytes: &[u8],
        request: &Message<'_>,
        method: MethodKind,
        out: &mut Outbox,
    ) {
        // REGISTER and OPTIONS are answered without a transaction: the same request gives the same answer.
        if method == MethodKind::Register {
            self.register(now, flow, request, out);
            return;
        }
        let key = self.server_key(request, matched_method(method));
        match method {
            MethodKind::Ack => return self.ack(now, flow, bytes, request, key, out),
            MethodKind::Cancel => return self.cancel(now, flow, bytes, request, out),
            MethodKind::Invite
            | MethodKind::Bye
            | MethodKind::Options
            | MethodKind::Register
            | MethodKind::Prack
            | MethodKind::Update
            | MethodKind::Info
            | MethodKind::Refer
            | MethodKind::Notify
            | MethodKind::Subscribe
            | MethodKind::Message
            | MethodKind::Publish
            | MethodKind::Other => {}
        }
        if self.shared.transactions.server(key).is_some() {
            self.shared.counters.retransmissions += 1;
            if let Some((flow, again)) = self.shared.transactions.retransmitted(key, now.mono) {
                let again = out.arena.append(again);
                self.shared.send(flow, again, out);
            }
            return;
        }
        if request.to_tag().is_empty() {
            self.out_of_dialog(now, flow, bytes, request, method, key, out);
            return;
        }
        match self.leg_of(request.to_tag(), request) {
            Some(id) => {
                self.journal(id, flow, bytes, request, out);
                // RFC 3261 §8.2.2.3 and §8.2.3 hold for every request, in a dialog as well.
                let recorder = self.legs.get(&id).is_some_and(|leg| leg.is_recorders());
                if let Some(bad) = unsupported(request, recorder.then_some(recording::OPTION)) {
                    return self.refuse_extension(request, flow, &bad, out);
                }
                if matches!(method, MethodKind::Invite | MethodKind::Update | MethodKind::Prack)
                    && let Some((status, extra)) = unacceptable(request)
                    && !(recorder && status == 415 && recording::wants_metadata(request))
                {
                    self.shared.counters.rejected += 1;
                    return self.refuse(request, flow, status, |buffer| buffer.extend_from_slice(extra), out);
                }
                // What ends a call or confirms is always taken; anything else waits for better times.
                let full = self.shared.transactions.len() >= limits::TRANSACTIONS;
                if full && !matches!(method, MethodKind::Bye | MethodKind::Prack) {
                    self.shared.counters.shed += 1;
                    return self.refuse(request, flow, 503, write_retry_after, out);
                }
                let replacement =
                    if method == MethodKind::Refer { self.replacement(request) } else { Replacement::Nobody };
                self.shared.transactions.begin_server(key, method, flow, id, &[]);
                self.with_leg(id, now, |leg, shared| {
                    leg.request(shared, now, request, method, key, flow, replacement, out);
                });
            }
            None => {
                let subscribes = method == MethodKind::Subscribe;
                if !(subscribes && self.subscribe_again(flow, request, key, out)) {
                    self.refuse(request, flow, 481, |_| (), out);
                }
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "a request has that many independent parts")]
    fn out_of_dialog(
        &mut self,
        now: Now,
        flow: Flow,
        bytes: &[u8],
        request: &Message<'_>,
        method: MethodKind,
        key: ServerKey,
        out: &mut Outbox,
    ) {
        match method {
            MethodKind::Options => self.options(request, flow, out),
            MethodKind::Invite => self.invite(now, flow, bytes, request, key, out),
            MethodKind::Subscribe => self.subscribe(now, flow, request, key, out),
            MethodKind::Publish => self.refuse(request, flow, 489, write_allow_events, out),
            MethodKind::Bye | MethodKind::Update | MethodKind::Prack | MethodKind::Info => {
                self.refuse(request, flow, 481, |_| (), out)
            }
            MethodKind::Notify => self.notified_unasked(flow, request, out),
            MethodKind::Refer => self.remote_control(now, flow, bytes, request, key, out),
            MethodKind::Message => self.refuse(request, flow, 405, write_allow, out),
            MethodKind::Other => self.refuse(request, flow, 501, write_allow, out),
            MethodKind::Ack | MethodKind::Cancel | MethodKind::Register => {}
        }
    }

    /// What we can do, for whoever asks; also the keepalive of phones and trunks (RFC 3261 §11).
    fn options(&mut self, request: &Message<'_>, flow: Flow, out: &mut Outbox) {
        if let Some(bad) = unsupported(request, None) {
            self.refuse_extension(request, flow, &bad, out);
            return;
        }
        self.refuse(
            request,
            flow,
            200,
            |buffer| {
                write_allow(buffer);
                buffer.extend_from_slice(
                    b"Accept: application/sdp, application/dtmf-relay\r\nSupported: 100rel, timer\r\n",
                );
            },
            out,
        );
    }

    /// A new call.
    fn invite(
        &mut self,
        now: Now,
        flow: Flow,
        bytes: &[u8],
        invite: &Message<'_>,
        key: ServerKey,
        out: &mut Outbox,
    ) {
        if let Some((status, extra)) = unacceptable(invite) {
            self.shared.counters.rejected += 1;
            self.refuse(invite, flow, status, |buffer| buffer.extend_from_slice(extra), out);
            return;
        }
        if let Some(bad) = unsupported(invite, None) {
            self.refuse_extension(invite, flow, &bad, out);
            return;
        }
        let Some(identity) = self.identify(now, flow, invite, "INVITE", out) else { return };
        let hops = match invite.max_forwards_value() {
            Some(0) => {
                self.event_refused(invite, flow, "INVITE", RefuseReason::TooManyHops, out);
                self.refuse(invite, flow, 483, |_| (), out);
                return;
            }
            Some(hops) => hops - 1,
            None => limits::MAX_FORWARDS - 1,
        };
        if let Err(refused) = session_timer::Request::of(invite).check() {
            // RFC 4028 §9: the caller asks again with the interval that it is told.
            self.shared.counters.rejected += 1;
            self.refuse(invite, flow, TooSmall::STATUS, |buffer| refused.write_headers(buffer), out);
            return;
        }
        let merge_key = self.merge_key(invite);
        let ours = self.came_back(invite);
        if ours || self.shared.merges.contains_key(&merge_key) {
            // The same request came round by another way, or it is our own (RFC 3261 §8.2.2.2, §16.3).
            self.event_refused(invite, flow, "INVITE", RefuseReason::Loop, out);
            self.refuse(invite, flow, 482, |_| (), out);
            return;
        }
        let full = self.shared.transactions.len() >= limits::TRANSACTIONS;
        if self.draining || self.shedding || full {
            self.shared.counters.shed += 1;
            let reason = if self.draining { RefuseReason::Draining } else { RefuseReason::Overloaded };
            self.event_refused(invite, flow, "INVITE", reason, out);
            self.refuse(invite, flow, 503, write_retry_after, out);
            return;
        }
        let replaces = match self.replaced_by(invite) {
            Ok(replaces) => replaces,
            Err(status) => return self.refuse_dialog(invite, flow, status, out),
        };
        let joins = match self.joined_by(invite) {
            Ok(joins) => joins,
            Err(status) => return self.refuse_dialog(invite, flow, status, out),
        };
        let accepted = Accepted { identity, hops, merge_key, replaces, joins };
        self.begin_call(now, flow, bytes, invite, key, accepted, out);
    }

    #[expect(clippy::too_many_arguments, reason = "an INVITE has that many independent parts")]
    fn begin_call(
        &mut self,
        now: Now,
        flow: Flow,
        bytes: &[u8],
        invite: &Message<'_>,
        key: ServerKey,
        accepted: Accepted,
        out: &mut Outbox,
    ) {
        let id = self.leg_ids.allocate();
        self.journal(id, flow, bytes, invite, out);
        self.shared.transactions.begin_server(key, MethodKind::Invite, flow, id, &[]);
        self.shared.merges.insert(accepted.merge_key, key);
        let trust = matches!(accepted.identity, Origin::Trunk(_));
        let (mut leg, media) = Leg::incoming(&mut self.shared, now, id, invite, key, flow, trust, out);
        leg.merge_key = Some(accepted.merge_key);
        let calling = self.calling_party(&accepted.identity, invite);
        let reliable_provisional = leg.takes_reliable_provisional();
        let Dialled { called, further_digits, feature } = dialled(&accepted.identity, invite, &self.shared);
        self.legs.insert(id, Box::new(leg));
        let contact = invite.contact_uri().and_then(|uri| Uri::parse(uri.as_bytes()).ok());
        let setup = strowger_base::leg::Setup {
            origin: accepted.identity,
            flow,
            protocol_call_id: Box::from(invite.call_id_value()),
            calling,
            called,
            media,
            hops_remaining: accepted.hops,
            reliable_provisional,
            behind_nat: invite.is_behind_nat(contact, flow.peer().ip()),
            srtp_fallback: invite.supports("X-cisco-srtp-fallback"),
            takes: None,
            diversions: invite.diversion_list(),
            replaces: accepted.replaces,
            joins: accepted.joins,
            feature: accepted.joins.and_then(|_| join::wanted(invite)).or(feature),
            further_digits,
        };
        out.items.push(Output::Signal(id, strowger_base::Signal::Setup(Box::new(setup))));
    }

    fn ack(
        &mut self,
        now: Now,
        flow: Flow,
        bytes: &[u8],
        ack: &Message<'_>,
        key: ServerKey,
        out: &mut Outbox,
    ) {
        let for_failure = self.shared.transactions.server(key).map(|transaction| transaction.leg);
        let passes = self.shared.transactions.acknowledged(key, now.mono, &mut self.shared.timers);
        if let (Some(leg), false) = (for_failure, passes) {
            self.journal(leg, flow, bytes, ack, out);
            return;
        }
        if let Some(id) = self.leg_of(ack.to_tag(), ack) {
            self.journal(id, flow, bytes, ack, out);
            self.with_leg(id, now, |leg, shared| leg.acknowledge(shared, now, ack, out));
        }
    }

    /// RFC 3261 §9.2: the CANCEL is answered for itself, then the INVITE is ended if it still waits.
    fn cancel(&mut self, now: Now, flow: Flow, bytes: &[u8], cancel: &Message<'_>, out: &mut Outbox) {
        let key = self.server_key(cancel, MethodKind::Invite);
        let Some(id) = self.shared.transactions.server(key).map(|transaction| transaction.leg) else {
            self.refuse(cancel, flow, 481, |_| (), out);
            return;
        };
        self.journal(id, flow, bytes, cancel, out);
        let tag = self.legs.get(&id).map(|leg| leg.dialog.local_tag);
        let call = self.legs.get(&id).and_then(|leg| leg.call);
        let head = self.shared.head_of(cancel, &flow, tag.unwrap_or(0));
        let bytes = out.arena.append_with(|buffer| {
            write::status_line(buffer, 200);
            buffer.extend_from_slice(&head);
            write::finish(buffer, None, &[]);
        });
        self.shared.transmit(flow, bytes, (id, call), out);
        self.with_leg(id, now, |leg, shared| leg.cancelled(shared, now, out));
    }

    fn response(
        &mut self,
        now: Now,
        flow: Flow,
        bytes: &[u8],
        response: &Message<'_>,
        status: u16,
        out: &mut Outbox,
    ) {
        let method = response.cseq_method();
        let key = response.top_branch().and_then(|branch| branch.strip_prefix("z9hG4bK"));
        let Some(branch) = key.and_then(write::parse_hex64).map(Branch) else {
            self.shared.counters.stray += 1;
            return;
        };
        let key = if method == MethodKind::Cancel { branch.of_cancel() } else { branch };
        let Some(transaction) = self.shared.transactions.client(key) else {
            self.shared.counters.stray += 1;
            return;
        };
        let (id, cseq, sent_on) = (transaction.leg, transaction.cseq, transaction.flow);
        if transaction.method != method || cseq != response.cseq_number() {
            self.shared.counters.stray += 1;
            return;
        }
        // What subscriptions say is no part of a call.
        if method != MethodKind::Notify || self.legs.contains_key(&id) {
            self.journal(id, flow, bytes, response, out);
        }
        match self.shared.transactions.answered(key, status, now.mono, &mut self.shared.timers) {
            Effect::Deliver => {
                let is_leg = self
                    .with_leg(id, now, |leg, shared| leg.response(shared, now, response, method, key, out))
                    .is_some();
                if !is_leg {
                    self.notify_answered(now, id, key, response, status, out);
                }
            }
            Effect::Acknowledge { deliver: true } => {
                self.with_leg(id, now, |leg, shared| {
                    leg.failed(shared, now, response, key, cseq, sent_on, out);
                });
            }
            Effect::Acknowledge { deliver: false } => {
                if let Some((flow, again)) = self.shared.transactions.acknowledgement(key) {
                    let again = out.arena.append(again);
                    self.shared.send(flow, again, out);
                }
            }
            Effect::None | Effect::Resend | Effect::Send | Effect::TimedOut => {}
        }
    }

    /// The leg that a tag of ours names, when Call-ID and the peer's tag fit as well (RFC 3261 §12.2.2).
    fn leg_of(&self, our_tag: &str, message: &Message<'_>) -> Option<LegId> {
        let id = *self.shared.tags.get(&write::parse_hex64(our_tag)?)?;
        let dialog = &self.legs.get(&id)?.dialog;
        let same_call = *dialog.call_id == *message.call_id_value();
        let same_peer = dialog.remote_tag.is_empty() || *dialog.remote_tag == *message.from_tag();
        (same_call && same_peer).then_some(id)
    }

    /// Whether an INVITE is one of ours that came back for the same address: a loop. One that comes back for another address
    /// is a spiral, which is no error (RFC 3261 §6); Max-Forwards ends those that never end.
    fn came_back(&self, invite: &Message<'_>) -> bool {
        let sent = || {
            let id = self.shared.tags.get(&write::parse_hex64(invite.from_tag())?)?;
            self.legs.get(id).filter(|leg| *leg.dialog.call_id == *invite.call_id_value())
        };
        sent().is_some_and(|leg| leg.is_sent_to(invite.request_uri()))
    }

    /// The leg that an INVITE with Replaces shall take the place of, or the status that refuses it (RFC 3891 §3).
    fn replaced_by(&self, invite: &Message<'_>) -> Result<Option<LegId>, u16> {
        if invite.first(HeaderName::Replaces).is_none() {
            return Ok(None);
        }
        let replaces = invite.replaces_header().ok_or(400_u16)?;
        let Some(id) = self.leg_replaced(&replaces) else {
            // The phone that has it speaks another protocol.
            return match self.subscriptions.call_named(&replaces).ok_or(481_u16)? {
                (_, CallPhase::Confirmed, _) if replaces.early_only => Err(486),
                (leg, CallPhase::Confirmed, _) => Ok(Some(leg)),
                // What rings was begun by us, as its INVITE would have been: it is picked up. A call that the phone itself has begun is not there
                // to be taken before it is answered (RFC 3891 §3); the same holds for a leg of SIP.
                (leg, CallPhase::Early, CallDirection::Recipient) => Ok(Some(leg)),
                (_, CallPhase::Early, CallDirection::Initiator) | (_, CallPhase::Trying, _) => Err(481),
            };
        };
        self.legs.get(&id).ok_or(481_u16)?.accepts_replacement(&replaces)?;
        Ok(Some(id))
    }

    /// An INVITE names a dialog with which nothing can be done; of one that is not there nobody else could tell.
    fn refuse_dialog(&mut self, invite: &Message<'_>, flow: Flow, status: u16, out: &mut Outbox) {
        if status == 481 {
            self.event_refused(invite, flow, "INVITE", RefuseReason::NothingThere, out);
        }
        self.refuse(invite, flow, status, |_| (), out);
    }

    /// What the Refer-To of a REFER says of Replaces.
    fn replacement(&self, request: &Message<'_>) -> Replacement {
        match request.refer_to_replaces() {
            None if request.refer_to_has_replaces() => Replacement::Malformed,
            None => Replacement::Nobody,
            Some(replaces) => {
                let alive = |id: &LegId| {
                    self.legs.get(id).is_some_and(|leg| leg.accepts_replacement(&replaces).is_ok())
                };
                self.leg_replaced(&replaces).filter(alive).map_or(Replacement::Missing, Replacement::Leg)
            }
        }
    }

    /// The leg whose dialog has this Call-ID and these tags, ours and the peer's.
    pub(crate) fn leg_in_dialog(&self, call_id: &str, ours: &str, theirs: &str) -> Option<LegId> {
        let id = *self.shared.tags.get(&write::parse_hex64(ours)?)?;
        let dialog = &self.legs.get(&id)?.dialog;
        (*dialog.call_id == *call_id && *dialog.remote_tag == *theirs).then_some(id)
    }

    /// The leg that a Replaces names (RFC 3891 §3).
    pub(crate) fn leg_replaced(&self, replaces: &crate::header::Replaces<'_>) -> Option<LegId> {
        let find = |ours: &str, theirs: &str| self.leg_in_dialog(&replaces.call_id, ours, theirs);
        // Deviates from RFC 3891 §3: who learnt of the dialog by a dialog-info writes the tags as the phone has them that the
        // document is about (RFC 4235 §4.1.2), and means that phone.
        find(&replaces.to_tag, &replaces.from_tag).or_else(|| find(&replaces.from_tag, &replaces.to_tag))
    }

    /// Puts a received message into the ladder of its leg; credentials are blanked.
    pub(crate) fn journal(
        &self,
        id: LegId,
        flow: Flow,
        bytes: &[u8],
        message: &Message<'_>,
        out: &mut Outbox,
    ) {
        let call = self.legs.get(&id).and_then(|leg| leg.call);
        let span = out.arena.append_with(|buffer| {
            let start = buffer.len();
            buffer.extend_from_slice(bytes);
            for name in [HeaderName::Authorization, HeaderName::ProxyAuthorization] {
                for value in message.all(name) {
                    let from = start + (value.as_ptr() as usize).saturating_sub(bytes.as_ptr() as usize);
                    if let Some(secret) = buffer.get_mut(from..from + value.len()) {
                        secret.fill(b'*');
                    }
                }
            }
        });
        let direction = Direction::Received;
        out.items.push(Output::Message { leg: Some(id), call, direction, flow, bytes: span });
    }

    /// Names the server transaction of a request (RFC 3261 §17.2.3).
    fn server_key(&self, request: &Message<'_>, method: MethodKind) -> ServerKey {
        let mut text = [0u8; 256];
        let mut fill = Fill { text: &mut text, used: 0, spilled: 0 };
        match request.top_branch() {
            Some(branch) if branch.len() > 7 && branch.starts_with("z9hG4bK") => {
                fill.push(branch.as_bytes());
                fill.push(request.top_sent_by().as_bytes());
            }
            _ => {
                // A client of RFC 2543 puts nothing unique into Via.
                fill.push(request.request_uri().as_bytes());
                fill.push(request.from_tag().as_bytes());
                fill.push(request.call_id_value().as_bytes());
                fill.push(&request.cseq_number().to_be_bytes());
                fill.push(request.top_sent_by().as_bytes());
            }
        }
        fill.push(&[method as u8]);
        let Fill { used, spilled, .. } = fill;
        ServerKey(siphash24(self.shared.key, &text[..used]) ^ spilled)
    }

    /// What copies of one INVITE on different ways share (RFC 3261 §8.2.2.2).
    fn merge_key(&self, invite: &Message<'_>) -> u64 {
        let mut text = [0u8; 256];
        let mut fill = Fill { text: &mut text, used: 0, spilled: 0 };
        fill.push(invite.from_tag().as_bytes());
        fill.push(invite.call_id_value().as_bytes());
        fill.push(&invite.cseq_number().to_be_bytes());
        let Fill { used, spilled, .. } = fill;
        siphash24(self.shared.key, &text[..used]) ^ spilled
    }

    /// Answers a request without keeping any state of it (RFC 3261 §8.2.7).
    pub(crate) fn refuse(
        &mut self,
        request: &Message<'_>,
        flow: Flow,
        status: u16,
        extra: impl FnOnce(&mut Vec<u8>),
        out: &mut Outbox,
    ) {
        let tag = self.shared.stateless_tag(request);
        let product = &self.shared.configuration.product;
        let bytes = out.arena.append_with(|buffer| {
            write::status_line(buffer, status);
            write::response_head(buffer, request, Some(tag), flow.peer());
            extra(buffer);
            write::header(buffer, b"Server", product.as_bytes());
            write::finish(buffer, None, &[]);
        });
        let flow = self.reply_flow(request, flow);
        self.shared.send(flow, bytes, out);
    }

    /// Where a response goes (RFC 3261 §18.2.2, RFC 3581 §4).
    ///
    /// Deviates from RFC 3261 §18.2.2 for peers behind NAT: when the address in Via is not the one that the
    /// request came from, the response goes to the port that it came from, whether or not `rport` asks for it,
    /// since nothing else can reach the peer.
    pub(crate) fn reply_flow(&self, request: &Message<'_>, flow: Flow) -> Flow {
        let Flow::Datagram { listener, peer } = flow else { return flow };
        match request.top_via_port_if_at(peer.ip()) {
            Some(port) => Flow::Datagram { listener, peer: std::net::SocketAddr::new(peer.ip(), port) },
            None => flow,
        }
    }

    fn refuse_extension(&mut self, request: &Message<'_>, flow: Flow, bad: &str, out: &mut Outbox) {
        self.shared.counters.rejected += 1;
        self.refuse(request, flow, 420, |buffer| write::header(buffer, b"Unsupported", bad.as_bytes()), out);
    }

    /// Answers what is not a whole message, as far as its headers can be read.
    pub(crate) fn refuse_broken(&mut self, flow: Flow, status: u16, bytes: &[u8], out: &mut Outbox) {
        let mut written = false;
        let span = out.arena.append_with(|buffer| {
            written = write::salvaged_response(buffer, bytes, status, flow.peer());
        });
        if written {
            self.shared.send(flow, span, out);
        }
    }

    pub(crate) fn event_refused(
        &self,
        request: &Message<'_>,
        flow: Flow,
        name: &'static str,
        reason: RefuseReason,
        out: &mut Outbox,
    ) {
        let claimed = request.from_user().into_owned().into_boxed_str();
        out.items.push(Output::Event(Event::Refused { claimed, peer: flow.peer(), request: name, reason }));
    }
}

/// An INVITE that may become a call.
struct Accepted {
    identity: Origin,
    hops: u8,
    merge_key: u64,
    replaces: Option<LegId>,
    joins: Option<LegId>,
}

/// What is asked for.
struct Dialled {
    called: Box<str>,
    further_digits: FurtherDigits,
    feature: Option<FeatureCode>,
}

/// What was dialled so far, and whether the keys that follow can be asked for (RFC 4730).
///
/// Gateways name the package in every INVITE, for digits in a call; the number of a trunk is complete.
fn dialled(identity: &Origin, invite: &Message<'_>, shared: &Shared) -> Dialled {
    let user = invite.request_user();
    let is_line = matches!(identity, Origin::Line { .. });
    let keys = invite.values(HeaderName::AllowEvents).any(|event| event.eq_ignore_ascii_case(b"kpml"));
    let keys = keys && is_line;
    let further_digits = if keys { FurtherDigits::Keys } else { FurtherDigits::None };
    // A Cisco phone that goes off-hook and tells no digit says so in place of a number.
    if keys && user.eq_ignore_ascii_case("x-cisco-serviceuri-offhook") {
        return Dialled { called: Box::default(), further_digits, feature: None };
    }
    if let Some((code, argument)) = service_uri::feature(&user).filter(|_| is_line) {
        let feature = Some(code);
        return Dialled { called: argument.into(), further_digits: FurtherDigits::None, feature };
    }
    let (called, further_digits) = match elsewhere(&user, invite, shared) {
        Some(whole) => (whole, FurtherDigits::None),
        None => (user.into_owned().into_boxed_str(), further_digits),
    };
    Dialled { called, further_digits, feature: None }
}

/// `user@host` of somebody at a host that is not ours. What looks like a number is one, wherever it is asked for: phones
/// write the host that they register with, under whatever name they know it.
fn elsewhere(user: &str, invite: &Message<'_>, shared: &Shared) -> Option<Box<str>> {
    let looks_like_number = user.bytes().all(|byte| byte.is_ascii_digit() || b"*#+ABCD".contains(&byte));
    let uri = invite.parsed_request_uri().filter(|_| !looks_like_number)?;
    let is_elsewhere = uri.host().is_some_and(|host| !shared.is_own_host(host));
    is_elsewhere.then(|| format!("{user}@{}", uri.host_text()).into())
}

/// Collects what is hashed; what does not fit is folded, so that nothing is lost or allocated.
struct Fill<'a> {
    text: &'a mut [u8; 256],
    used: usize,
    spilled: u64,
}

impl Fill<'_> {
    fn push(&mut self, part: &[u8]) {
        match self.text.get_mut(self.used..self.used + part.len()) {
            Some(space) => {
                space.copy_from_slice(part);
                self.used += part.len();
            }
            None => self.spilled = self.spilled.rotate_left(9) ^ siphash24((1, 2), part),
        }
        if let Some(space) = self.text.get_mut(self.used) {
            *space = 0;
            self.used += 1;
        }
    }
}

pub(crate) fn write_allow(out: &mut Vec<u8>) {
    out.extend_from_slice(
        b"Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER, PRACK, UPDATE, INFO, REFER, SUBSCRIBE, NOTIFY\r\n",
    );
}

/// Extensions that the request demands and we do not have (RFC 3261 §8.2.2.3), ready for `Unsupported`; `also` is one that we have in this dialog.
fn unsupported(request: &Message<'_>, also: Option<&str>) -> Option<String> {
    let mut bad = String::new();
    let known = ["100rel", "timer", "norefersub"];
    for tag in request.required_options() {
        if !known.iter().copied().chain(also).any(|known| known.eq_ignore_ascii_case(tag)) {
            if !bad.is_empty() {
                bad.push_str(", ");
            }
            bad.push_str(tag);
        }
    }
    (!bad.is_empty()).then_some(bad)
}

/// Bodies and Accept headers that no call can come of (RFC 3261 §8.2.3, §21.4.7).
fn unacceptable(invite: &Message<'_>) -> Option<(u16, &'static [u8])> {
    if !invite.body().is_empty() && body::session_description(invite).is_none() {
        return Some((415, b"Accept: application/sdp\r\n"));
    }
    let mut accepts = invite.values(HeaderName::Accept).peekable();
    let takes_sdp = accepts.peek().is_none()
        || accepts.any(|range| {
            let range = range.split(|byte| *byte == b';').next().unwrap_or(range).trim_ascii();
            [&b"application/sdp"[..], b"application/*", b"*/*"].iter().any(|t| range.eq_ignore_ascii_case(t))
        });
    (!takes_sdp).then_some((406, b""))
}
