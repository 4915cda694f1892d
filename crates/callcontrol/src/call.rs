//! One call: a conversation of two parties, from the wish for it to its final record.
//!
//! [`Facts`] is what holds in every state; each state is a struct of its own in a file of its own, which takes
//! itself and returns the next state.

mod admitting;
mod asking;
mod authorizing;
mod blocking;
mod dialing;
mod early;
mod holding;
mod joined;
mod joining;
mod listening;
mod locating;
mod numbers;
mod opening;
mod parked;
mod participant;
mod permitting;
mod record;
mod ringing;
mod seating;
mod securing;
mod seen;
mod session;
mod setup;
mod stopping;
mod taking;
mod talking;
mod way;

use std::net::IpAddr;
use std::sync::Arc;

use strowger_base::journal::{Decision, Entry, Feature, ReleasedBy, Told, WhyEnded, WhyReleased};
use strowger_base::leg::{Diversion, FurtherDigits, Origin, Party, ReleaseReason, Setup, Signal, Target};
use strowger_base::{
    CallId, Cause, Command, ConferenceId, Instant, LegId, LineName, Now, Pii, SessionDescription,
    TimerHandle, WallTime,
};
use strowger_dialplan::codes::AcceptedCodes;
use strowger_dialplan::{Caller, LaterHops};
use strowger_media::control::{self, PortId, Report};

use crate::admission::Reserved;
use crate::configuration::{Site, SrtpRule};
use crate::exchange::Side;
use crate::io::{Contact, Outbox, Output, Reach};
use crate::outlet::Outlet;
use crate::relay::Relay;
use crate::shared::{Asked, Shared, Timer};
use asking::Asking;
pub(crate) use asking::Wanted;
use authorizing::Authorizing;
use dialing::Dialing;
use listening::Listening;
use locating::Locating;
use opening::Opening;
use parked::Parked;
pub(crate) use parked::Place;
pub(crate) use participant::{Device, Owes, Participant, Stage, conversation_of};
use ringing::Ringing;
use securing::Security;
pub(crate) use stopping::Stopped;
pub(crate) use taking::Taking;
use talking::Talking;
pub use way::TrunkList;
use way::{CallerMedia, Redirected, Way};

/// A call.
pub(crate) struct Call {
    pub(crate) facts: Facts,
    state: State,
}

/// Where it stands.
enum State {
    /// The number is analysed, or more of it is awaited.
    Dialing(Dialing),
    /// The number's way is known; codes are awaited.
    Authorizing(Authorizing),
    /// The number asks for a feature, which decides what becomes of the call.
    Asking(Asking),
    /// The party waits at a number.
    Parked(Parked),
    /// The number leads to lines whose phones are being looked up.
    Locating(Locating),
    /// The phones are known; the relay is not there yet.
    Opening(Opening),
    /// Something was rung.
    Ringing(Ringing),
    /// Answered.
    Talking(Talking),
    /// Over; what is left of it is its record.
    Ended,
}

/// What holds in every state.
pub(crate) struct Facts {
    pub(crate) id: CallId,
    pub(crate) caller: LegId,
    pub(crate) origin: Origin,
    /// How far the calling device is.
    caller_stage: Stage,
    /// What it owes to a call that it left.
    caller_owes: Owes,
    /// Where the caller's packets come from, as far as that is known.
    pub(crate) address: Option<IpAddr>,
    /// Who calls, as others are shown.
    pub(crate) calling: Party,
    /// The call's id in the caller's protocol, under which it may ask again.
    protocol_call_id: Box<str>,
    /// The number as it was dialled.
    pub(crate) called: Box<str>,
    /// Whether and how the caller's device can tell more digits.
    further_digits: FurtherDigits,
    /// It was asked to tell them.
    collects_digits: bool,
    /// Codes that came with the number.
    supplied_codes: Pii<String>,
    /// Codes that were accepted.
    codes: Option<Box<AcceptedCodes>>,
    /// The number as it entered the first pattern that decided.
    translated: Box<str>,
    /// The number as it is sent on.
    sent: Box<str>,
    /// The number that was reached last.
    final_called: Box<str>,
    /// Who dials, as digit analysis knows it, until somebody has the call.
    dials: Option<Arc<Caller>>,
    /// What the way the number was dialled leaves to the lookups after forwards.
    later_hops: LaterHops,
    /// Who answered, as the caller is shown.
    pub(crate) connected: Option<Party>,
    pub(crate) started_at: WallTime,
    pub(crate) alerted_at: Option<WallTime>,
    pub(crate) answered_at: Option<WallTime>,
    /// The caller's offer, until somebody has the call.
    offer: Option<SessionDescription>,
    /// Whether the caller sits behind NAT, as its offer and its packets show.
    caller_reach: Reach,
    /// Whether a device that is called sits behind NAT, as far as that is known.
    called_reach: Reach,
    caller_takes_reliable: bool,
    hops_remaining: u8,
    diversions: Vec<Diversion>,
    /// The lines that are called and count this call.
    occupied: Vec<LineName>,
    /// The caller's line counts this call.
    occupies_own: bool,
    /// What is tried now, and what comes next.
    way: Way,
    /// Who sent the call on, when somebody did.
    redirected: Option<Box<Redirected>>,
    /// What was agreed with the caller where the call was tried before.
    caller_media: CallerMedia,
    rung: Vec<Rung>,
    /// The called device asked for the call itself, and is not answered yet.
    called_waits: bool,
    to_caller: Outlet,
    to_called: Outlet,
    relay: Relay,
    /// How keys of SRTP are dealt with, where they do not just pass.
    security: Option<Box<Security>>,
    /// What the devices that are called may do about keys.
    called_rule: SrtpRule,
    /// It goes to an emergency service.
    emergency: bool,
    /// What it has of the bandwidth between locations.
    reserved: Reserved,
    /// The call with which the conversation began, when that is another one.
    conversation: Option<CallId>,
    /// Where its caller is parked.
    parked: Option<Box<Place>>,
    /// What brought its parties together, when not one of them called the other.
    joined_by: Option<Feature>,
    /// What took a party of it away.
    left_by: Option<Feature>,
    /// Who hears a service of ours in place of the other side.
    listening: Option<Box<Listening>>,
    /// Whom a caller that came from another call was shown last.
    shown_to_caller: Option<Party>,
    /// Where the device is that joins, while there is no caller.
    joins_from: Option<Box<Site>>,
    /// The conference to which the call goes.
    sits: Option<ConferenceId>,
    /// What its caller is shown when a feature is done that it asked for.
    pub(crate) confirms: Option<Box<str>>,
    /// It is made for a transfer, whose party joins it when somebody is reached.
    pub(crate) transfers: Option<Transferring>,
    /// Its party is being transferred.
    pub(crate) transfer: Option<Transfer>,
    timer: Option<(TimerHandle, Instant)>,
}

/// A call that is made for a transfer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Transferring {
    /// The call of which a party shall join.
    pub(crate) primary: CallId,
    /// The leg that transfers.
    pub(crate) by: LegId,
}

/// A transfer that is under way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Transfer {
    /// The leg that transfers.
    pub(crate) by: LegId,
    /// The call that is made to the one to whom it goes.
    pub(crate) secondary: CallId,
}

/// A leg that was rung.
pub(crate) struct Rung {
    leg: LegId,
    target: Target,
    at: WallTime,
    progress: Progress,
    /// An answer to the caller's offer that came before the device answered the call.
    early: Option<SessionDescription>,
    /// What it was offered, where others that ring with it were offered something else.
    outlet: Option<Box<Outlet>>,
}

impl Rung {
    /// Whether it is a phone of this line.
    fn is_of(&self, line: &LineName) -> bool {
        matches!(&self.target, Target::Phone { line: own, .. } if own == line)
    }
}

/// What became of a leg so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Progress {
    Trying,
    Alerting,
    Answered,
    Withdrawn(Cause),
    Failed { cause: Cause, reason: ReleaseReason },
}

impl Progress {
    const fn is_open(self) -> bool {
        match self {
            Progress::Trying | Progress::Alerting => true,
            Progress::Answered | Progress::Withdrawn(_) | Progress::Failed { .. } => false,
        }
    }
}

/// What a state works with while it takes one input.
pub(crate) struct Step<'s> {
    pub(crate) now: Now,
    pub(crate) facts: &'s mut Facts,
    pub(crate) shared: &'s mut Shared,
    pub(crate) out: &'s mut Outbox,
}

impl Call {
    /// Begins a call; it may be over at once.
    pub(crate) fn begin(
        now: Now,
        caller: LegId,
        setup: Setup,
        shared: &mut Shared,
        out: &mut Outbox,
    ) -> Self {
        let (mut facts, wish) = Facts::new(now, caller, setup, shared);
        let mut step = Step { now, facts: &mut facts, shared, out };
        let state = setup::begin(&mut step, wish);
        Call { facts, state }
    }

    /// Whether a wish for a call goes on with the number that is dialled here.
    pub(crate) fn goes_on_with(&self, setup: &Setup) -> bool {
        match &self.state {
            State::Dialing(_) => Dialing::goes_on_with(&self.facts, setup),
            State::Authorizing(_)
            | State::Asking(_)
            | State::Parked(_)
            | State::Locating(_)
            | State::Opening(_)
            | State::Ringing(_)
            | State::Talking(_)
            | State::Ended => false,
        }
    }

    /// The device asks again with a longer number.
    pub(crate) fn asked_again(
        &mut self,
        now: Now,
        leg: LegId,
        setup: Setup,
        shared: &mut Shared,
        out: &mut Outbox,
    ) {
        let mut step = Step { now, facts: &mut self.facts, shared, out };
        self.state = match std::mem::replace(&mut self.state, State::Ended) {
            State::Dialing(state) => state.asked_again(&mut step, leg, setup),
            other @ (State::Authorizing(_)
            | State::Asking(_)
            | State::Parked(_)
            | State::Locating(_)
            | State::Opening(_)
            | State::Ringing(_)
            | State::Talking(_)
            | State::Ended) => other,
        };
    }

    pub(crate) fn signal(
        &mut self,
        now: Now,
        leg: LegId,
        signal: Signal,
        shared: &mut Shared,
        out: &mut Outbox,
    ) {
        let service = self.facts.listening.as_ref().is_some_and(|listening| listening.leg() == leg);
        if !service {
            told(now, self.facts.id, leg, &signal, out);
        }
        let mut step = Step { now, facts: &mut self.facts, shared, out };
        if service {
            step.sound_told(signal);
            let state = std::mem::replace(&mut self.state, State::Ended);
            self.state = match state {
                State::Talking(talking) => talking.listened(&mut step),
                other @ (State::Dialing(_)
                | State::Authorizing(_)
                | State::Asking(_)
                | State::Parked(_)
                | State::Locating(_)
                | State::Opening(_)
                | State::Ringing(_)
                | State::Ended) => other,
            };
            return;
        }
        self.state = match std::mem::replace(&mut self.state, State::Ended) {
            State::Dialing(state) => state.signal(&mut step, signal),
            State::Authorizing(state) => state.signal(&mut step, signal),
            State::Asking(state) => state.signal(&mut step, signal),
            State::Parked(state) => state.signal(&mut step, signal),
            State::Locating(state) => state.signal(&mut step, signal),
            State::Opening(state) => state.signal(&mut step, signal),
            State::Ringing(state) => state.signal(&mut step, leg, signal),
            State::Talking(state) => state.signal(&mut step, leg, signal),
            State::Ended => State::Ended,
        };
    }

    pub(crate) fn located(
        &mut self,
        now: Now,
        (line, contacts): (&LineName, &[Contact]),
        shared: &mut Shared,
        out: &mut Outbox,
    ) {
        let mut step = Step { now, facts: &mut self.facts, shared, out };
        self.state = match std::mem::replace(&mut self.state, State::Ended) {
            State::Locating(state) => state.located(&mut step, line, contacts),
            other @ (State::Dialing(_)
            | State::Authorizing(_)
            | State::Asking(_)
            | State::Parked(_)
            | State::Opening(_)
            | State::Ringing(_)
            | State::Talking(_)
            | State::Ended) => other,
        };
    }

    pub(crate) fn relay(&mut self, now: Now, report: Report, shared: &mut Shared, out: &mut Outbox) {
        let mut step = Step { now, facts: &mut self.facts, shared, out };
        self.state = match std::mem::replace(&mut self.state, State::Ended) {
            State::Opening(state) => state.report(&mut step, report),
            State::Talking(state) => state.report(&mut step, &report),
            other @ (State::Dialing(_)
            | State::Authorizing(_)
            | State::Asking(_)
            | State::Parked(_)
            | State::Locating(_)
            | State::Ringing(_)
            | State::Ended) => other,
        };
    }

    pub(crate) fn timeout(&mut self, now: Now, shared: &mut Shared, out: &mut Outbox) {
        self.facts.timer = None;
        let mut step = Step { now, facts: &mut self.facts, shared, out };
        self.state = match std::mem::replace(&mut self.state, State::Ended) {
            State::Dialing(state) => state.timeout(&mut step),
            State::Authorizing(state) => state.timeout(&mut step),
            State::Parked(state) => state.timeout(&mut step),
            State::Opening(state) => state.timeout(&mut step),
            State::Ringing(state) => state.timeout(&mut step),
            State::Talking(state) => state.timeout(&mut step),
            other @ (State::Asking(_) | State::Locating(_) | State::Ended) => other,
        };
    }

    pub(crate) const fn is_over(&self) -> bool {
        matches!(self.state, State::Ended)
    }

    /// Whether it waits for the phones of a line.
    pub(crate) const fn is_locating(&self) -> bool {
        matches!(self.state, State::Locating(_))
    }

    pub(crate) fn phase(&self) -> Phase {
        match &self.state {
            State::Dialing(_) if !self.facts.was_sent_on() => Phase::Dialing,
            State::Authorizing(_) => Phase::Dialing,
            State::Parked(_) => Phase::Parked,
            State::Dialing(_) | State::Asking(_) | State::Locating(_) | State::Opening(_) => {
                Phase::Proceeding
            }
            State::Ringing(_) if self.facts.alerted_at.is_some() => Phase::Alerting,
            State::Ringing(_) => Phase::Proceeding,
            State::Talking(state) if state.is_held() => Phase::Held,
            State::Talking(_) => Phase::Talking,
            State::Ended => Phase::Ended,
        }
    }
}

/// Where a call stands, for who looks at it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// Digits are awaited.
    Dialing,
    /// Nothing alerts yet.
    Proceeding,
    /// A phone rings.
    Alerting,
    /// Both talk.
    Talking,
    /// One side holds the other.
    Held,
    /// A party waits at a number.
    Parked,
    /// It is over.
    Ended,
}

impl Step<'_> {
    /// The name of a line, or of a hunt pilot, as people are shown it.
    fn shown<'n>(&self, line: &'n str) -> &'n str {
        self.shared.configuration.shown(line)
    }

    pub(crate) fn command(&mut self, leg: LegId, command: Command) {
        self.out.command(leg, command);
    }

    /// Commands the leg of a side; the called one is named by the caller of this.
    fn decide(&mut self, leg: Option<LegId>, decision: Decision<'_>) {
        self.out.decide(self.now, self.facts.id, leg, decision);
    }

    fn set_timer(&mut self, after: std::time::Duration) {
        self.cancel_timer();
        let at = self.now.mono + after;
        self.facts.timer = Some((self.shared.timers.set(at, Timer::Call(self.facts.id)), at));
    }

    fn cancel_timer(&mut self) {
        if let Some((timer, _)) = self.facts.timer.take() {
            self.shared.timers.cancel(timer);
        }
    }

    /// Ends a leg. It is forgotten at once: what it still says goes nowhere.
    fn release(&mut self, leg: LegId, cause: Cause, why: WhyReleased) {
        if self.shared.legs.remove(&leg).is_some() {
            self.command(leg, Command::Release(cause));
            self.decide(Some(leg), Decision::LegReleased { cause, why });
        }
    }

    /// Ends every called leg that was neither answered nor lost.
    fn withdraw_all(&mut self, cause: Cause, why: WhyReleased) {
        self.withdraw(|_| true, cause, why);
    }

    /// Ends the called legs that are meant and were neither answered nor lost.
    fn withdraw(&mut self, meant: impl Fn(&Rung) -> bool, cause: Cause, why: WhyReleased) {
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
    fn forget(&mut self, leg: LegId) {
        self.shared.legs.remove(&leg);
    }

    /// Refuses the call to the caller.
    fn refuse(&mut self, cause: Cause, why: strowger_base::journal::WhyRefused<'_>) -> State {
        self.decide(None, Decision::Refused { cause, why });
        // Where a forward leads may refuse the call after something rang.
        if self.facts.rung.is_empty() {
            self.shared.counters.refused += 1;
        }
        if let Some(parked) = self.park_again() {
            return parked;
        }
        let caller = self.facts.caller;
        self.release(caller, cause, WhyReleased::CallRefused);
        self.end(cause, ReleasedBy::System, WhyEnded::Refused)
    }

    /// The caller gave up, or was lost, before the answer.
    fn caller_gone(&mut self, cause: Cause, reason: ReleaseReason) -> State {
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
    fn end(&mut self, cause: Cause, by: ReleasedBy, why: WhyEnded) -> State {
        self.cancel_timer();
        self.stop_listening();
        self.leave_place();
        self.close_relay();
        self.give_back_bandwidth();
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
    fn tell_of_the_end(&mut self, cause: Cause) {
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

    fn close_relay(&mut self) {
        let port = match std::mem::replace(&mut self.facts.relay, Relay::None) {
            Relay::None => return,
            Relay::Opening(port) => port,
            Relay::Open(ports) => ports.port,
        };
        self.out.media(control::Command::Close { port });
    }

    /// Adds a leg that this call rings.
    fn adopt(&mut self, leg: LegId) {
        self.shared.legs.insert(leg, self.facts.id);
        self.out.items.push(Output::Joined { leg, call: self.facts.id });
    }
}

impl Facts {
    /// What is shown to the other side about a leg's media, by side.
    const fn outlet(&mut self, to: Side) -> &mut Outlet {
        match to {
            Side::Caller => &mut self.to_caller,
            Side::Called => &mut self.to_called,
        }
    }

    const fn relay_port(&self) -> Option<PortId> {
        match self.relay {
            Relay::None => None,
            Relay::Opening(port) => Some(port),
            Relay::Open(ports) => Some(ports.port),
        }
    }

    /// What was rung with a leg.
    fn rung_on(&self, leg: LegId) -> Option<&Target> {
        self.rung.iter().find(|rung| rung.leg == leg).map(|rung| &rung.target)
    }

    fn rung_mut(&mut self, leg: LegId) -> Option<&mut Rung> {
        self.rung.iter_mut().find(|rung| rung.leg == leg)
    }
}

/// Writes what a device told into the journal, in short.
pub(crate) fn told(now: Now, call: CallId, leg: LegId, signal: &Signal, out: &mut Outbox) {
    let told = match signal {
        Signal::Setup(_) => return,
        Signal::Proceeding => Told::Proceeding,
        Signal::Alerting { alert, media } => Told::Alerting { alert: *alert, media: media.into() },
        Signal::Answered { media, connected } => {
            Told::Answered { media: media.into(), connected: connected.into() }
        }
        Signal::Media(media) => Told::Media(media.into()),
        Signal::MediaRequested => Told::MediaRequested,
        Signal::MediaRefused(cause) => Told::MediaRefused(*cause),
        Signal::Digit(_) => Told::Digit,
        Signal::DigitsEnded(end) => Told::DigitsEnded(*end),
        Signal::TransferRequested { destination, replaces } => {
            Told::TransferRequested { destination, replaces: *replaces }
        }
        Signal::FeatureRequested(request) => Told::FeatureRequested { feature: request.word() },
        Signal::TransferEnded(result) => Told::TransferEnded { failure: result.err() },
        Signal::Released { cause, reason } => Told::Released { cause: *cause, reason: *reason },
    };
    out.journal(now, Some(call), Some(leg), Entry::Told(told));
}
