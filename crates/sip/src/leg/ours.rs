//! Changes of ours, by re-INVITE or UPDATE: sending them, trying them again, and what their answers mean.

use std::time::Duration;

use strowger_base::leg::ReleaseReason;
use strowger_base::{Cause, Media, Now, Signal, limits};

use super::{Carrier, Change, Leg, Pending, Purpose, State, description_of, reason_cause};
use crate::core::Shared;
use crate::io::Outbox;
use crate::message::{Message, MethodKind};
use crate::session_timer::machine::{Effect, Ended, Failure, Input};
use crate::transaction::table::Branch;

impl Leg {
    /// Begins a change of ours: a re-INVITE once the call is answered, an UPDATE before and for display only.
    pub(super) fn modify(&mut self, shared: &mut Shared, now: Now, purpose: Purpose, out: &mut Outbox) {
        let established = matches!(self.state, State::Established);
        let early = !established && self.dialog.said.update && !self.dialog.remote_tag.is_empty();
        let blocked = !matches!(self.change, Change::None)
            || !matches!(self.pending, Pending::None)
            || self.awaiting_ack.is_some();
        let by_update = match &purpose {
            Purpose::Offer(_) => early,
            Purpose::Request | Purpose::Realign => false,
            Purpose::Refresh | Purpose::ShowParty(_) => self.dialog.said.update,
        };
        if let Purpose::ShowParty(party) = &purpose
            && established
            && self.awaiting_ack.is_some()
        {
            // Over UDP it may overtake the answer, and who that names would stay on the display.
            self.unshown = Some(party.clone());
        } else if by_update && matches!(purpose, Purpose::Refresh | Purpose::ShowParty(_)) {
            self.send_update(shared, now, purpose, out);
        } else if blocked && established {
            match (&self.change, &purpose) {
                (_, Purpose::ShowParty(party)) => self.unshown = Some(party.clone()),
                // What only repeats the session ends soon, and says nothing against another offer.
                (
                    Change::Ours {
                        purpose: Purpose::Refresh | Purpose::ShowParty(_) | Purpose::Realign, ..
                    },
                    Purpose::Offer(_) | Purpose::Request,
                ) if self.queued.is_none() => self.queued = Some(purpose),
                // Nothing crosses it: it goes when the ACK to the answer of the call is here.
                (Change::None, Purpose::Offer(_) | Purpose::Request) if self.awaiting_ack.is_some() => {
                    if self.queued.replace(purpose).is_some() {
                        // Whoever made the one that is overtaken is told.
                        let cause = Cause::MESSAGE_NOT_COMPATIBLE_WITH_STATE;
                        self.signal(Signal::MediaRefused(cause), out);
                    }
                }
                (Change::None | Change::Retry { .. }, _) => self.retry_later(shared, now, purpose, out),
                // Another change is under way: it refreshes the session when it succeeds.
                (Change::Theirs(..) | Change::Ours { .. }, Purpose::Refresh | Purpose::Realign) => {
                    self.session_timer.on(Input::Failed(Failure::Other), now.mono);
                }
                // An offer cannot cross it.
                (Change::Theirs(..) | Change::Ours { .. }, Purpose::Offer(_) | Purpose::Request) => {
                    self.signal(Signal::MediaRefused(Cause::MESSAGE_NOT_COMPATIBLE_WITH_STATE), out);
                }
            }
        } else if by_update && !blocked {
            self.send_update(shared, now, purpose, out);
        } else if established {
            self.send_reinvite(shared, now, purpose, out);
        } else if matches!(purpose, Purpose::Offer(_) | Purpose::Request) {
            // Before the answer a device that takes no UPDATE cannot be offered anything new.
            self.signal(Signal::MediaRefused(Cause::MESSAGE_NOT_COMPATIBLE_WITH_STATE), out);
        } else if let (Purpose::ShowParty(party), State::Outgoing(_)) = (purpose, &self.state) {
            // Nor told anything: it hears with its answer.
            self.unshown = Some(party);
        }
    }

    /// Goes on with what waited for the end of a change.
    pub(super) fn change_on(&mut self, shared: &mut Shared, now: Now, out: &mut Outbox) {
        let free = matches!(self.state, State::Established)
            && matches!(self.change, Change::None)
            && matches!(self.pending, Pending::None)
            && self.awaiting_ack.is_none();
        if !free || self.silent {
            return;
        }
        let next = self.queued.take().or_else(|| self.unshown.take().map(Purpose::ShowParty));
        match next {
            Some(purpose) => self.modify(shared, now, purpose, out),
            None => self.show_on(shared, now, out),
        }
    }

    fn send_update(&mut self, shared: &mut Shared, now: Now, purpose: Purpose, out: &mut Outbox) {
        let body = match &purpose {
            Purpose::Offer(description) => Some(description.clone()),
            Purpose::Request | Purpose::Refresh | Purpose::ShowParty(_) | Purpose::Realign => None,
        };
        if let Some(description) = &body {
            self.pending = Pending::Ours { preview: None };
            self.sent = Some(description.clone());
        }
        let mut extra = Vec::with_capacity(128);
        extra.extend_from_slice(b"Supported: timer\r\n");
        if let Purpose::ShowParty(party) = &purpose {
            self.naming.write(party, shared, &mut extra);
        }
        self.write_call_info(&mut extra);
        self.session_timer.write_refresh(&mut extra);
        let write_extra = |buffer: &mut Vec<u8>| buffer.extend_from_slice(&extra);
        let (branch, _) = self.send_request(shared, now, MethodKind::Update, write_extra, body.as_ref(), out);
        self.updates.push((branch, purpose));
    }

    fn send_reinvite(&mut self, shared: &mut Shared, now: Now, purpose: Purpose, out: &mut Outbox) {
        let body = match &purpose {
            Purpose::Offer(description) => Some(description.clone()),
            Purpose::Request => None,
            Purpose::Refresh | Purpose::ShowParty(_) | Purpose::Realign => self.sent.clone(),
        };
        if let Some(description) = &body {
            self.pending = Pending::Ours { preview: None };
            self.sent = Some(description.clone());
        }
        let mut extra = Vec::with_capacity(256);
        super::write_abilities(&mut extra);
        extra.extend_from_slice(b"Supported: timer\r\n");
        let unshown = self.unshown.take();
        let party = match &purpose {
            Purpose::ShowParty(party) => Some(party),
            Purpose::Offer(_) | Purpose::Request | Purpose::Refresh | Purpose::Realign => {
                unshown.as_ref().or_else(|| self.party.as_deref().filter(|_| self.misnamed))
            }
        };
        if let Some(party) = party {
            self.naming.write(party, shared, &mut extra);
        }
        self.write_call_info(&mut extra);
        self.session_timer.write_refresh(&mut extra);
        let write_extra = |buffer: &mut Vec<u8>| buffer.extend_from_slice(&extra);
        let (branch, cseq) =
            self.send_request(shared, now, MethodKind::Invite, write_extra, body.as_ref(), out);
        self.change = Change::Ours { branch, cseq, purpose, names: unshown };
    }

    /// RFC 3261 §14.1: the side that made the Call-ID waits 2.1 to 4 s, the other up to 2 s, in steps of 10 ms.
    pub(super) fn retry_later(&mut self, shared: &mut Shared, now: Now, purpose: Purpose, out: &mut Outbox) {
        if let Change::Retry { purpose: waiting, .. } = &self.change
            && matches!(waiting, Purpose::Offer(_) | Purpose::Request)
        {
            if !matches!(purpose, Purpose::Offer(_) | Purpose::Request) {
                // What waits refreshes and shows just as well.
                return;
            }
            // Whoever made the offer that is overtaken is told, or it would wait for its answer for ever.
            self.signal(Signal::MediaRefused(Cause::MESSAGE_NOT_COMPATIBLE_WITH_STATE), out);
        }
        // Who the other party is goes with the offer that takes its turn.
        if let Change::Retry { purpose: Purpose::ShowParty(party), .. } = &self.change
            && !matches!(purpose, Purpose::ShowParty(_))
        {
            self.unshown.get_or_insert_with(|| party.clone());
        }
        self.retries += 1;
        if self.retries > limits::CHANGE_RETRIES {
            self.retries = 0;
            match purpose {
                Purpose::Offer(_) | Purpose::Request => {
                    self.signal(Signal::MediaRefused(Cause::MESSAGE_NOT_COMPATIBLE_WITH_STATE), out);
                }
                Purpose::Refresh | Purpose::ShowParty(_) | Purpose::Realign => {
                    self.session_timer.on(Input::Failed(Failure::Other), now.mono);
                }
            }
            return;
        }
        let ours = self.dialog.call_id.ends_with(&*shared.call_id_suffix);
        let steps = if ours { 210 + shared.rng.below(191) } else { shared.rng.below(201) };
        self.change = Change::Retry { at: now.mono + Duration::from_millis(steps * 10), purpose };
    }

    /// The time to try a change again has come.
    pub(super) fn retry_timer(&mut self, shared: &mut Shared, now: Now, out: &mut Outbox) {
        match std::mem::replace(&mut self.change, Change::None) {
            Change::Retry { at, purpose } if at <= now.mono => self.modify(shared, now, purpose, out),
            other => self.change = other,
        }
    }

    /// A response to our re-INVITE.
    pub(super) fn change_answered(
        &mut self,
        shared: &mut Shared,
        now: Now,
        response: &Message<'_>,
        status: u16,
        out: &mut Outbox,
    ) {
        if status < 200 {
            return;
        }
        let Change::Ours { cseq, purpose, names, .. } = std::mem::replace(&mut self.change, Change::None)
        else {
            return;
        };
        if matches!(self.state, State::Ending { .. }) {
            // The call is over already; a 2xx that crossed our BYE is acknowledged all the same.
            if status < 300 {
                self.send_ack(shared, cseq, None, out);
            }
            return;
        }
        let pending = std::mem::replace(&mut self.pending, Pending::None);
        if status >= 300 {
            self.unshown = self.unshown.take().or(names);
            self.change_refused(shared, now, response, status, purpose, out);
            return;
        }
        self.retries = 0;
        // Each of ours names whom the last one did not.
        self.misnamed = false;
        self.hear_wish(response);
        self.dialog.refresh_target(response);
        self.session_agreed(shared, now, response);
        match (pending, description_of(response)) {
            (Pending::Ours { .. }, Some(answer)) => {
                self.send_ack(shared, cseq, None, out);
                let changed = self.received.as_ref() != Some(&answer);
                self.received = Some(answer.clone());
                match purpose {
                    Purpose::Offer(_) => self.signal(Signal::Media(Media::Answer(answer)), out),
                    Purpose::Refresh | Purpose::ShowParty(_) | Purpose::Realign if changed => {
                        // The answer to a refresh moved something; the other leg is told as if it were offered.
                        self.signal(Signal::Media(Media::Answer(answer)), out);
                    }
                    Purpose::Refresh | Purpose::ShowParty(_) | Purpose::Realign | Purpose::Request => {}
                }
            }
            (Pending::Ours { .. }, None) => {
                self.send_ack(shared, cseq, None, out);
                self.signal(Signal::MediaRefused(Cause::MANDATORY_IE_MISSING), out);
            }
            (Pending::None | Pending::Theirs(_), Some(offer)) => {
                self.received = Some(offer.clone());
                self.pending = Pending::Theirs(Carrier::Ack { cseq });
                self.signal(Signal::Media(Media::Offer(offer)), out);
            }
            (Pending::None | Pending::Theirs(_), None) => {
                self.send_ack(shared, cseq, None, out);
                self.signal(Signal::MediaRefused(Cause::MANDATORY_IE_MISSING), out);
            }
        }
    }

    /// A response to an UPDATE of ours.
    pub(super) fn update_answered(
        &mut self,
        shared: &mut Shared,
        now: Now,
        response: &Message<'_>,
        branch: Branch,
        status: u16,
        out: &mut Outbox,
    ) {
        if status < 200 {
            return;
        }
        let Some(position) = self.updates.iter().position(|update| update.0 == branch) else { return };
        let (_, purpose) = self.updates.swap_remove(position);
        let offered = matches!(purpose, Purpose::Offer(_)) && matches!(self.pending, Pending::Ours { .. });
        if offered {
            self.pending = Pending::None;
        }
        if status >= 300 {
            self.update_refused(shared, now, response, status, purpose, out);
            return;
        }
        self.retries = 0;
        self.dialog.refresh_target(response);
        if matches!(self.state, State::Established) {
            self.session_agreed(shared, now, response);
        }
        match description_of(response) {
            Some(answer) if offered => {
                self.received = Some(answer.clone());
                self.signal(Signal::Media(Media::Answer(answer)), out);
            }
            // RFC 3311 §5.1: the 2xx must carry the answer.
            None if offered => self.signal(Signal::MediaRefused(Cause::MANDATORY_IE_MISSING), out),
            Some(_) | None => {}
        }
    }

    fn update_refused(
        &mut self,
        shared: &mut Shared,
        now: Now,
        response: &Message<'_>,
        status: u16,
        purpose: Purpose,
        out: &mut Outbox,
    ) {
        if matches!(status, 405 | 501) {
            // Its Allow said otherwise; a refresh goes by re-INVITE instead.
            self.dialog.said.update = false;
            if matches!((&purpose, &self.state), (Purpose::Refresh, State::Established)) {
                self.modify(shared, now, purpose, out);
                return;
            }
        }
        self.change_refused(shared, now, response, status, purpose, out);
    }

    /// A re-INVITE or UPDATE of ours got a failure.
    pub(super) fn change_refused(
        &mut self,
        shared: &mut Shared,
        now: Now,
        response: &Message<'_>,
        status: u16,
        purpose: Purpose,
        out: &mut Outbox,
    ) {
        let failure = self.session_timer.failure(response, status);
        match self.session_timer.on(Input::Failed(failure), now.mono) {
            Effect::Refresh | Effect::Again => return self.modify(shared, now, purpose, out),
            // RFC 3261 §12.2.1.2: the peer has lost the dialog; or no interval is ever large enough for it.
            Effect::End(Ended::Gone | Ended::TooSmall | Ended::Expired) => {
                let cause = reason_cause(response).unwrap_or(Cause::from_sip_status(status));
                self.hang_up(shared, now, cause, out);
                self.released(cause, ReleaseReason::Refused(status), out);
                return;
            }
            Effect::None => {}
        }
        let established = matches!(self.state, State::Established);
        match purpose {
            // It met another change, or came behind a later one (RFC 3261 §12.2.2), and nobody else is to be named meanwhile.
            Purpose::ShowParty(party)
                if matches!(status, 491 | 500) && self.party.as_deref() == Some(&party) =>
            {
                if established && matches!(self.change, Change::None) {
                    self.retry_later(shared, now, Purpose::ShowParty(party), out);
                } else {
                    self.unshown = Some(party);
                }
            }
            Purpose::Offer(_) | Purpose::Request if !(established && status == 491) => {
                self.signal(Signal::MediaRefused(Cause::from_sip_status(status)), out);
            }
            Purpose::Offer(_)
            | Purpose::Request
            | Purpose::Refresh
            | Purpose::ShowParty(_)
            | Purpose::Realign
                if established && status == 491 && matches!(self.change, Change::None) =>
            {
                self.retry_later(shared, now, purpose, out);
            }
            // It may have been for the session that it repeats: the next change names him.
            Purpose::ShowParty(_) => {
                self.misnamed = true;
                self.session_timer.on(Input::Failed(Failure::Other), now.mono);
            }
            // The session goes on; the refresher tries again.
            Purpose::Offer(_) | Purpose::Request | Purpose::Refresh | Purpose::Realign => {
                self.session_timer.on(Input::Failed(Failure::Other), now.mono);
            }
        }
    }
}
