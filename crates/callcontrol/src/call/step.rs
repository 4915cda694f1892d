//! What a state can do while it takes one input: command legs, let them go, end the call.

use strowger_base::feature::ParkEvent;
use strowger_base::journal::{Decision, ReleasedBy, WhyEnded, WhyRefused, WhyReleased};
use strowger_base::leg::{Origin, ReleaseReason};
use strowger_base::{Cause, Command, LegId, Now};

use super::State;
use super::announcing::Ending;
use super::facts::{Facts, Progress, Rung, Transfer, Transferring};
use crate::io::{Outbox, Output};
use crate::relay::Relay;
use crate::shared::{Asked, Shared, Timer};

/// What a state works with while it takes one input.
pub(crate) struct Step<'s> {
    pub(crate) now: Now,
    pub(crate) facts: &'s mut Facts,
    pub(crate) shared: &'s mut Shared,
    pub(crate) out: &'s mut Outbox,
}

impl Step<'_> {
    /// The name of a line, or of a hunt pilot, as people are shown it.
    pub(super) fn shown<'n>(&self, line: &'n str) -> &'n str {
        self.shared.configuration.shown(line)
    }

    pub(crate) fn command(&mut self, leg: LegId, command: Command) {
        self.out.command(leg, command);
    }

    /// Commands the leg of a side; the called one is named by the caller of this.
    pub(super) fn decide(&mut self, leg: Option<LegId>, decision: Decision<'_>) {
        self.out.decide(self.now, self.facts.id, leg, decision);
    }

    pub(super) fn set_timer(&mut self, after: std::time::Duration) {
        self.cancel_timer();
        let at = self.now.mono + after;
        self.facts.timer = Some((self.shared.timers.set(at, Timer::Call(self.facts.id)), at));
    }

    pub(super) fn cancel_timer(&mut self) {
        if let Some((timer, _)) = self.facts.timer.take() {
            self.shared.timers.cancel(timer);
        }
    }

    /// Ends a leg. It is forgotten at once: what it still says goes nowhere.
    pub(super) fn release(&mut self, leg: LegId, cause: Cause, why: WhyReleased) {
        if self.shared.legs.remove(&leg).is_some() {
            self.command(leg, Command::Release(cause));
            self.decide(Some(leg), Decision::LegReleased { cause, why });
        }
    }

    /// Ends every called leg that was neither answered nor lost.
    pub(super) fn withdraw_all(&mut self, cause: Cause, why: WhyReleased) {
        self.withdraw(|_| true, cause, why);
    }

    /// Ends the called legs that are meant and were neither answered nor lost.
    pub(super) fn withdraw(&mut self, meant: impl Fn(&Rung) -> bool, cause: Cause, why: WhyReleased) {
        for index in 0..self.facts.rung.len() {
            let Some(rung) = self.facts.rung.get_mut(index) else { break };
            if rung.progress.is_open() && meant(rung) {
                rung.progress = Progress::Withdrawn(cause);
                let leg = rung.leg;
                self.release(leg, cause, why);
            }
        }
    }

    /// A leg is gone by itself.
    pub(super) fn forget(&mut self, leg: LegId) {
        self.shared.legs.remove(&leg);
    }

    /// Refuses the call to the caller.
    pub(super) fn refuse(&mut self, cause: Cause, why: WhyRefused<'_>) -> State {
        self.decide(None, Decision::Refused { cause, why });
        // Where a forward leads may refuse the call after something rang.
        if self.facts.rung.is_empty() {
            self.shared.counters.refused += 1;
        }
        let (by, released, ended) = (ReleasedBy::System, WhyReleased::CallRefused, WhyEnded::Refused);
        self.fail(Ending { cause, by, released, ended })
    }

    /// The caller gave up, or was lost, before the answer.
    pub(super) fn caller_gone(&mut self, cause: Cause, reason: ReleaseReason) -> State {
        let caller = self.facts.caller;
        self.forget(caller);
        self.withdraw_all(cause, WhyReleased::CallerGaveUp);
        let why = match reason {
            ReleaseReason::Cancelled | ReleaseReason::HungUp => WhyEnded::CallerGaveUp,
            ReleaseReason::Refused(_)
            | ReleaseReason::NoResponse
            | ReleaseReason::Unconfirmed
            | ReleaseReason::SessionExpired
            | ReleaseReason::TransportFailed
            | ReleaseReason::ProtocolError => WhyEnded::DeviceLost(reason),
        };
        self.end(cause, ReleasedBy::Caller, why)
    }

    /// Gives everything back and writes the final record. Every leg is released or gone before.
    pub(super) fn end(&mut self, cause: Cause, by: ReleasedBy, why: WhyEnded) -> State {
        self.cancel_timer();
        self.stop_listening();
        self.leave_place(ParkEvent::Abandoned);
        self.shared.intercoms.end(self.facts.id);
        self.close_relay();
        self.give_back_transcoder();
        self.give_back_points();
        self.give_back_bandwidth();
        self.give_back_annunciator();
        self.shared.dialing.remove(&self.facts.protocol_call_id);
        self.vacate_all_but(None);
        if std::mem::take(&mut self.facts.occupies_own)
            && let Origin::Line { line, .. } = &self.facts.origin
        {
            self.shared.vacate(line, self.now.mono);
        }
        self.write_record(cause, by, why);
        self.tell_of_the_end(cause);
        State::Ended
    }

    /// What other calls hear of the end of this one.
    pub(super) fn tell_of_the_end(&mut self, cause: Cause) {
        if let Some((conference, seated)) = self.facts.conference() {
            self.shared.asked.push_back(Asked::Left { conference, seated });
        }
        if let Some(Transferring { primary, by }) = self.facts.transfers.take() {
            self.shared.asked.push_back(Asked::TransferFailed { primary, by, cause });
        }
        if let Some(Transfer { secondary, by }) = self.facts.transfer.take() {
            // The party left by another way, so that whoever transfers stays in no call and still waits to hear of it.
            if self.facts.left_by.is_some() {
                self.command(by, Command::TransferEnded(Err(cause)));
            }
            self.shared.asked.push_back(Asked::Abandon { secondary, cause });
        }
    }

    pub(super) fn close_relay(&mut self) {
        self.close_carriers();
        let port = match std::mem::replace(&mut self.facts.relay, Relay::None) {
            Relay::None => return,
            Relay::Opening(port) => port,
            Relay::Open(ports) => ports.port,
        };
        self.forget_presses();
        self.shared.close_relay(port, self.out);
    }

    /// Adds a leg that this call rings.
    pub(super) fn adopt(&mut self, leg: LegId) {
        self.shared.legs.insert(leg, self.facts.id);
        self.out.items.push(Output::Joined { leg, call: self.facts.id });
    }
}
