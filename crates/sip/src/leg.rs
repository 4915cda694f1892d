//! One device's half of a call, spoken in SIP: the INVITE usage of a dialog.
//!
//! A leg begins with an INVITE that came ([`uas`]) or that call control wanted ([`uac`]). After the answer both
//! kinds are the same ([`session`]), and each side may change what was agreed on ([`ours`], [`theirs`]). Offers and
//! answers are tracked in [`Pending`] so that each offer gets exactly one answer, in the message where RFC 6337 §2
//! allows it.

mod call_info;
mod cancel;
mod collecting;
mod digits;
mod naming;
mod ours;
mod referring;
mod refresh;
mod reliable;
mod session;
mod showing;
mod softkeys;
mod style;
mod telling;
mod theirs;
mod timers;
pub(crate) mod transfer;
mod uac;
mod uas;

use std::sync::Arc;
use std::time::Duration;

use strowger_base::hash::give_back;
use strowger_base::leg::{Alert, Party, ReleaseReason};
use strowger_base::net::Flow;
use strowger_base::{
    CallId, Cause, Command, Instant, LegId, Now, RecordingMetadata, SessionDescription, Signal, TimerHandle,
    limits,
};

use self::call_info::{CallInfo, Progress};
use self::collecting::Collecting;
use self::digits::Keys;
use self::naming::Naming;
use self::referring::Referring;
use self::softkeys::{Asked, Shown};
use self::transfer::Referral;
use crate::core::{Shared, Timer};
use crate::dialog::Dialog;
use crate::io::{Outbox, Output};
use crate::message::{Message, MethodKind};
use crate::recording;
use crate::session_timer::{Negotiated, SessionTimer};
use crate::transaction::table::{Branch, ServerKey};
use crate::write;

/// A leg.
#[derive(Debug)]
pub(crate) struct Leg {
    pub(crate) id: LegId,
    pub(crate) call: Option<CallId>,
    pub(crate) dialog: Dialog,
    state: State,
    pending: Pending,
    /// The session description that we sent last; a refresh repeats it.
    sent: Option<SessionDescription>,
    /// The one that the peer sent last; a refresh of the peer repeats it.
    received: Option<SessionDescription>,
    change: Change,
    /// How often the change at hand met another one.
    retries: u8,
    /// The reliable provisional response that was not confirmed when the call was answered, by RSeq and CSeq: its PRACK is
    /// still taken (RFC 3262 §3).
    unconfirmed: Option<(u32, u32)>,
    /// A REFER of the peer.
    referral: Referral,
    /// A REFER of ours.
    referring: Option<Box<Referring>>,
    /// Keys that asked for a feature and have no answer.
    asked: Vec<Asked>,
    /// What its phone was shown to choose from.
    screen: Option<Shown>,
    /// Keys that the peer tells one by one.
    collecting: Option<Box<Collecting>>,
    /// How keys of the answered call go.
    keys: Keys,
    awaiting_ack: Option<AwaitingAck>,
    /// What the peer records.
    records: Option<Arc<RecordingMetadata>>,
    /// What the peer is shown of recordings.
    showing: showing::Showing,
    /// Our last ACK to a 2xx: its CSeq and its body.
    acknowledged: Option<(u32, Option<SessionDescription>)>,
    session_timer: SessionTimer,
    /// What waits for the end of a change that is under way: an offer, or the wish for one.
    queued: Option<Purpose>,
    /// Who the other party is, as call control said last.
    party: Option<Box<Party>>,
    /// The same, when the peer could not be told yet.
    unshown: Option<Party>,
    /// The peer refused the change that named the other party.
    misnamed: bool,
    /// UPDATEs of ours without final response, and what they are for.
    updates: Vec<(Branch, Purpose)>,
    /// The peer has said how the call sounded.
    has_sounded: bool,
    /// In which headers it is told who the other party is.
    naming: Naming,
    /// What it is told of the call in Call-Info.
    call_info: CallInfo,
    /// Call control has released the leg or was told that it is over.
    silent: bool,
    /// What a second copy of the INVITE on another way would hash to (RFC 3261 §8.2.2.2).
    pub(crate) merge_key: Option<u64>,
    timer: Option<TimerHandle>,
    deadline: Option<Instant>,
}

/// Where the leg stands.
#[derive(Debug)]
enum State {
    /// An INVITE came and has no final response.
    Incoming(Box<uas::Incoming>),
    /// An INVITE was sent and has no final response.
    Outgoing(Box<uac::Outgoing>),
    /// Answered.
    Established,
    /// Released; what was begun is finished. The leg is dropped at this time at the latest.
    Ending {
        until: Instant,
        /// The transaction whose end is waited for: BYE, or a cancelled INVITE.
        branch: Option<Branch>,
    },
}

/// An offer without an answer (RFC 3264 §4, RFC 6337 §2).
#[derive(Debug)]
enum Pending {
    None,
    /// The peer offered; our answer goes into this message.
    Theirs(Carrier),
    /// We offered, in the INVITE, re-INVITE, UPDATE, or a response to the peer's INVITE.
    Ours {
        /// An answer that came in an unreliable provisional response: good for early media only.
        preview: Option<SessionDescription>,
    },
}

/// The message that an answer to the peer's offer travels in.
#[derive(Debug)]
enum Carrier {
    /// A response to the first INVITE.
    FirstResponse,
    /// The 2xx of a re-INVITE.
    Response,
    /// The ACK of a 2xx.
    Ack { cseq: u32 },
    /// The 2xx of an UPDATE, which says this about the session timer.
    Update(Request, Negotiated),
    /// The 2xx of a PRACK.
    Request(Request),
    /// The PRACK of a reliable provisional response.
    Prack { rseq: u32, cseq: u32, remote_tag: Box<str> },
}

/// A request of the peer that waits for our response.
#[derive(Debug)]
struct Request {
    key: ServerKey,
    head: Box<[u8]>,
    flow: Flow,
}

/// A re-INVITE in progress; there is at most one in a dialog (RFC 3261 §14.1).
#[derive(Debug)]
enum Change {
    None,
    /// The peer's, without final response; its 2xx says this about the session timer.
    Theirs(Request, Negotiated),
    /// Ours, without final response.
    Ours {
        branch: Branch,
        cseq: u32,
        purpose: Purpose,
        /// Whom it names beside its purpose.
        names: Option<Party>,
    },
    /// Ours met the peer's (491); it is tried again at this time (RFC 3261 §14.1).
    Retry {
        at: Instant,
        purpose: Purpose,
    },
}

/// Why we sent a re-INVITE or UPDATE.
#[derive(Clone, Debug)]
enum Purpose {
    /// Call control offers.
    Offer(SessionDescription),
    /// Call control wants an offer.
    Request,
    /// The session timer.
    Refresh,
    /// To show who the other party is.
    ShowParty(Party),
    /// To bring what the peer was told early in line with what is true now: a description that came too late for the
    /// answer of the call.
    Realign,
}

/// A 2xx to INVITE that is repeated until its ACK comes (RFC 3261 §13.3.1.4).
#[derive(Debug)]
struct AwaitingAck {
    cseq: u32,
    bytes: Box<[u8]>,
    flow: Flow,
    /// The next repetition; over reliable transports too, since a proxy may lie between (RFC 3261 §13.3.1.4).
    next: Instant,
    interval: Duration,
    give_up: Instant,
    /// Call control hung up meanwhile; the BYE goes out after the ACK (RFC 3261 §15).
    release: Option<Cause>,
}

impl Leg {
    fn new(id: LegId, dialog: Dialog, state: State) -> Self {
        Leg {
            id,
            call: None,
            dialog,
            state,
            pending: Pending::None,
            sent: None,
            received: None,
            change: Change::None,
            retries: 0,
            unconfirmed: None,
            referral: Referral::None,
            referring: None,
            asked: Vec::new(),
            screen: None,
            collecting: None,
            keys: Keys::default(),
            awaiting_ack: None,
            records: None,
            showing: showing::Showing::default(),
            acknowledged: None,
            session_timer: SessionTimer::default(),
            queued: None,
            party: None,
            unshown: None,
            misnamed: false,
            updates: Vec::new(),
            has_sounded: false,
            naming: Naming::default(),
            call_info: CallInfo::default(),
            silent: false,
            merge_key: None,
            timer: None,
            deadline: None,
        }
    }

    /// True when nothing is left to do.
    pub(crate) fn is_gone(&self, now: Now) -> bool {
        match &self.state {
            // A re-INVITE of ours that is still open needs the leg for its ACK (RFC 3261 §17.1.1.3).
            State::Ending { until, branch } => {
                let changing = matches!(self.change, Change::Ours { .. });
                let owed = changing || self.referral.until().is_some();
                *until <= now.mono || (branch.is_none() && self.awaiting_ack.is_none() && !owed)
            }
            State::Incoming(_) | State::Outgoing(_) | State::Established => false,
        }
    }

    /// Call control wants something.
    pub(crate) fn command(&mut self, shared: &mut Shared, now: Now, command: Command, out: &mut Outbox) {
        // What became of something that it asked for is owed to the device even when its own call is over.
        if self.silent && !matches!(command, Command::TransferEnded(_) | Command::FeatureAnswer(_)) {
            return;
        }
        match command {
            Command::Ring(_) => strowger_base::never!("a leg is rung once"),
            Command::CollectDigits => self.collect_digits(shared, now, out),
            Command::StopCollecting => self.stop_collecting(shared, now, out),
            Command::KeysBy(by) => self.keys.go_by(by),
            // Phones of this protocol play the tones of dialling themselves.
            Command::Tone(_) => {}
            Command::Mute(_) => strowger_base::never!("a phone is no seat of a conference"),
            // Its phone is told by 180 or 183 with a description, and decides by what it hears.
            Command::Alert { alert, media, shown, heard: _ } => {
                let media = self.stamped(media);
                self.alert(shared, now, (alert, media, shown), out);
            }
            Command::Answer { media, connected } => {
                let media = self.stamped(media);
                self.answer(shared, now, media, connected, out);
            }
            Command::Media(media) => {
                let media = self.stamped(media);
                self.media(shared, now, media, out);
            }
            Command::ShowRecording(shown) => self.show_recording(shown),
            Command::Records(media, metadata) => {
                self.records = Some(metadata);
                self.media(shared, now, media, out);
            }
            Command::RequestMedia => self.modify(shared, now, Purpose::Request, out),
            Command::RefuseMedia(cause) => self.refuse_media(shared, now, cause, out),
            Command::ShowParty(party) => {
                self.party = Some(Box::new(party.clone()));
                self.modify(shared, now, Purpose::ShowParty(party), out);
            }
            Command::Digit(digit) => self.send_digit(shared, now, digit, out),
            Command::TransferResult(result) => self.transfer_result(shared, now, result, out),
            Command::RequestTransfer(destination) => {
                self.request_transfer(shared, now, &destination, out);
            }
            Command::FeatureAnswer(answer) => self.feature_answered(shared, now, &answer, out),
            Command::ShowParticipants(list) => self.show_participants(shared, now, &list, out),
            Command::TransferEnded(result) => self.transfer_ended(shared, now, result, out),
            Command::Release(cause) => {
                self.silent = true;
                self.release(shared, now, cause, out);
            }
        }
        self.change_on(shared, now, out);
        self.rearm(shared);
    }

    /// When an ending leg is given up: not before the last NOTIFY of a transfer.
    fn last_word(&self, until: Instant) -> Instant {
        self.referral.until().map_or(until, |owed| owed.max(until))
    }

    fn release(&mut self, shared: &mut Shared, now: Now, cause: Cause, out: &mut Outbox) {
        // Nobody can tell any more what becomes of a transfer.
        self.refer_ended(shared, now, cause.sip_status(), out);
        match &self.state {
            State::Incoming(_) => self.refuse_call(shared, now, cause, out),
            State::Outgoing(_) => {
                self.refuse_pending(shared, now, 487, out);
                self.cancel(shared, now, cause, out);
            }
            State::Established => self.hang_up(shared, now, cause, out),
            State::Ending { .. } => {}
        }
    }

    /// Tells call control that the leg is over.
    fn released(&mut self, cause: Cause, reason: ReleaseReason, out: &mut Outbox) {
        self.signal(Signal::Released { cause, reason }, out);
        self.silent = true;
    }

    fn signal(&self, signal: Signal, out: &mut Outbox) {
        if !self.silent {
            out.items.push(Output::Signal(self.id, signal));
        }
    }

    /// Sends a request in the dialog and begins its transaction.
    fn send_request(
        &mut self,
        shared: &mut Shared,
        now: Now,
        method: MethodKind,
        extra: impl FnOnce(&mut Vec<u8>),
        body: Option<&SessionDescription>,
        out: &mut Outbox,
    ) -> (Branch, u32) {
        let records = self.records.clone().filter(|_| body.is_some());
        let records = records.map(|records| (records, Arc::clone(&shared.configuration)));
        let rest = |buffer: &mut Vec<u8>| {
            extra(buffer);
            match &records {
                Some((records, configuration)) => {
                    recording::finish(buffer, body, records, &configuration.domain);
                }
                None => finish(buffer, body),
            }
        };
        self.send(shared, now, method, rest, out)
    }

    /// Sends a request in the dialog whose `rest` ends it with its body, and begins its transaction.
    fn send(
        &mut self,
        shared: &mut Shared,
        now: Now,
        method: MethodKind,
        rest: impl FnOnce(&mut Vec<u8>),
        out: &mut Outbox,
    ) -> (Branch, u32) {
        self.dialog.local_cseq += 1;
        let cseq = self.dialog.local_cseq;
        let branch = shared.new_branch();
        self.dialog.flow = shared.usable(self.dialog.flow, out);
        let flow = self.dialog.flow;
        let bytes = out.arena.append_with(|buffer| {
            self.dialog.write_request(shared, method, cseq, branch, limits::MAX_FORWARDS, buffer);
            rest(buffer);
        });
        let text = out.arena.slice(bytes);
        shared.transactions.begin_client(
            branch,
            method,
            cseq,
            flow,
            self.id,
            text,
            now.mono,
            &mut shared.timers,
        );
        shared.transmit(flow, bytes, self.journal(), out);
        (branch, cseq)
    }

    /// Acknowledges a 2xx, the first time or again.
    fn send_ack(
        &mut self,
        shared: &mut Shared,
        cseq: u32,
        body: Option<SessionDescription>,
        out: &mut Outbox,
    ) {
        let branch = shared.new_branch();
        self.dialog.flow = shared.usable(self.dialog.flow, out);
        let bytes = out.arena.append_with(|buffer| {
            self.dialog.write_request(shared, MethodKind::Ack, cseq, branch, limits::MAX_FORWARDS, buffer);
            finish(buffer, body.as_ref());
        });
        shared.transmit(self.dialog.flow, bytes, self.journal(), out);
        self.acknowledged = Some((cseq, body));
    }

    fn journal(&self) -> (LegId, Option<CallId>) {
        (self.id, self.call)
    }

    /// Tells in Call-Info how secure the call is, to a phone that reads that.
    fn write_call_info(&self, out: &mut Vec<u8>) {
        let progress = match &self.state {
            State::Incoming(_) => Progress::RingOut,
            State::Outgoing(_) => Progress::Untold,
            State::Established | State::Ending { .. } => Progress::Connected,
        };
        self.call_info.write(self.naming.shown, self.call, progress, out);
    }

    /// Responds to a request that is at hand.
    #[expect(clippy::too_many_arguments, reason = "a response has that many independent parts")]
    fn reply(
        &self,
        shared: &mut Shared,
        now: Now,
        request: &Message<'_>,
        key: ServerKey,
        flow: Flow,
        status: u16,
        out: &mut Outbox,
    ) {
        let head = shared.head_of(request, &flow, self.dialog.local_tag);
        let request = Request { key, head, flow };
        self.respond(shared, now, &request, status, |_| (), None, out);
    }

    /// Responds to a request that waited.
    #[expect(clippy::too_many_arguments, reason = "a response has that many independent parts")]
    fn respond(
        &self,
        shared: &mut Shared,
        now: Now,
        request: &Request,
        status: u16,
        extra: impl FnOnce(&mut Vec<u8>),
        body: Option<&SessionDescription>,
        out: &mut Outbox,
    ) {
        let bytes = out.arena.append_with(|buffer| {
            write::status_line(buffer, status);
            buffer.extend_from_slice(&request.head);
            extra(buffer);
            finish(buffer, body);
        });
        let text = out.arena.slice(bytes);
        if shared.transactions.respond(request.key, status, text, now.mono, &mut shared.timers) {
            shared.transmit(request.flow, bytes, self.journal(), out);
        }
    }

    /// Whether the peer is a recorder.
    pub(crate) const fn is_recorders(&self) -> bool {
        self.records.is_some()
    }

    /// Whether the caller can confirm provisional responses.
    pub(crate) fn takes_reliable_provisional(&self) -> bool {
        match &self.state {
            State::Incoming(incoming) => incoming.takes_reliable(),
            State::Outgoing(_) | State::Established | State::Ending { .. } => false,
        }
    }

    /// A failure of an INVITE of ours came for the first time: it is acknowledged, then acted on.
    #[expect(clippy::too_many_arguments, reason = "a response has that many independent parts")]
    pub(crate) fn failed(
        &mut self,
        shared: &mut Shared,
        now: Now,
        response: &Message<'_>,
        branch: Branch,
        cseq: u32,
        flow: Flow,
        out: &mut Outbox,
    ) {
        self.acknowledge_failure(shared, response, branch, cseq, flow, out);
        self.response(shared, now, response, MethodKind::Invite, branch, out);
    }

    /// Keeps one timer for the leg, at the earliest of its deadlines.
    pub(crate) fn rearm(&mut self, shared: &mut Shared) {
        let wanted = self.next_deadline();
        if wanted == self.deadline {
            return;
        }
        if let Some(handle) = self.timer.take() {
            shared.timers.cancel(handle);
        }
        self.timer = wanted.map(|at| shared.timers.set(at, Timer::Leg(self.id)));
        self.deadline = wanted;
    }

    /// Gives up what the leg holds in the tables of the shard.
    pub(crate) fn dismantle(&mut self, shared: &mut Shared) {
        if let Some(handle) = self.timer.take() {
            shared.timers.cancel(handle);
        }
        if let Change::Ours { branch, .. } = self.change {
            shared.transactions.forget_client(branch, &mut shared.timers);
        }
        if let State::Outgoing(outgoing) = &self.state {
            shared.transactions.forget_client(outgoing.branch, &mut shared.timers);
        }
        if let Some(screen) = &self.screen {
            shared.screens.remove(&screen.id);
        }
        shared.tags.remove(&self.dialog.local_tag);
        give_back(&mut shared.tags);
        if let Some(key) = self.merge_key {
            shared.merges.remove(&key);
            give_back(&mut shared.merges);
        }
    }
}

/// Ends a message with the body that a session description needs, or without one.
fn finish(out: &mut Vec<u8>, body: Option<&SessionDescription>) {
    match body {
        Some(description) => write::finish(out, Some("application/sdp"), description.as_bytes()),
        None => write::finish(out, None, &[]),
    }
}

/// The session description in a message: the body, or the SDP part of a multipart body.
fn description_of(message: &Message<'_>) -> Option<SessionDescription> {
    crate::body::session_description(message).map(|text| showing::with_awareness(message, text))
}

/// What an early response means to call control.
const fn alert_of(status: u16) -> Alert {
    match status {
        180 => Alert::Ringing,
        _ => Alert::Progress,
    }
}

/// Reason header with a Q.850 cause (RFC 3326), so that the far side learns more than a status says.
fn write_reason(cause: Cause, out: &mut Vec<u8>) {
    out.extend_from_slice(b"Reason: Q.850;cause=");
    write::decimal(out, u64::from(cause.0));
    out.extend_from_slice(b";text=\"");
    out.extend_from_slice(cause.words().as_bytes());
    out.extend_from_slice(b"\"\r\n");
}

/// Warning header, where the cause has one (RFC 3261 §20.43): a phone shows its text.
fn write_warning(cause: Cause, out: &mut Vec<u8>) {
    let Some((code, text)) = cause.sip_warning() else { return };
    out.extend_from_slice(b"Warning: ");
    write::decimal(out, u64::from(code));
    out.extend_from_slice(b" strowger \"");
    out.extend_from_slice(text.as_bytes());
    out.extend_from_slice(b"\"\r\n");
}

/// The cause that a peer gave in a Reason header, when it did.
fn reason_cause(message: &Message<'_>) -> Option<Cause> {
    message.q850_cause().map(Cause)
}

/// Options and methods that we understand, in every message that begins or changes a session.
fn write_abilities(out: &mut Vec<u8>) {
    out.extend_from_slice(
        b"Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, REFER, SUBSCRIBE, NOTIFY\r\n",
    );
}
