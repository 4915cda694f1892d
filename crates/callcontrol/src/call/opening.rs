//! The call knows whom to ring and waits for its relay, when it wants one.

use std::time::Duration;

use strowger_base::Command;
use strowger_base::journal::{Alarm, Decision, Entry, WhyOfferRefused, WhyRelay};
use strowger_base::leg::{Service, Signal, Target};
use strowger_base::{Cause, LegId, Media, limits};
use strowger_media::control::{self, PortKeys, Report};

use super::authorizing::Keyed;
use super::session::MediaSignal;
use super::way::Way;
use super::{Progress, Ringing, State, Step};
use crate::configuration::RelayMode;
use crate::io::Reach;
use crate::relay::{Ports, Relay};
use crate::shared::RelayUse;

/// The targets are known; the relay is not there yet.
pub(super) struct Opening {
    targets: Vec<Target>,
    /// Keys of codes that the caller told before whoever asks for them is there, at most [`limits::KEYS_WAITING`].
    keyed: Vec<Signal>,
}

impl Opening {
    /// Rings the targets, at once or when the relay is there.
    pub(super) fn prepare(step: &mut Step<'_>, targets: Vec<Target>, reach: Reach) -> State {
        match step.admit(targets) {
            Ok(targets) => Opening::admitted(step, targets, reach),
            Err(why) => step.not_admitted(&why),
        }
    }

    /// Rings targets of which all is known, when the relay is there that was asked for.
    pub(super) const fn awaiting(targets: Vec<Target>) -> State {
        State::Opening(Opening { targets, keyed: Vec::new() })
    }

    /// The same for targets that regions and locations permit.
    pub(super) fn admitted(step: &mut Step<'_>, targets: Vec<Target>, reach: Reach) -> State {
        step.facts.called_reach = reach;
        step.keys_reach(&targets);
        step.keys_from_caller();
        if let Some(refused) = step.keys_allow(&targets) {
            return refused;
        }
        if let Some(refused) = step.take_points(&targets) {
            return refused;
        }
        // A call that was tried elsewhere before may have its relay already.
        match step.facts.relay {
            Relay::Open(_) => return Opening { targets, keyed: Vec::new() }.ring(step),
            Relay::None | Relay::Opening(_) => {}
        }
        if step.open_relay(None, &targets) {
            Opening::awaiting(targets)
        } else {
            Ringing::begin(step, targets)
        }
    }

    pub(super) fn report(self, step: &mut Step<'_>, report: Report) -> State {
        match report {
            Report::Opened { .. } | Report::Failed { .. } => {
                if !step.carrier_reported(&report) {
                    step.relay_reported(&report);
                }
                self.ring(step)
            }
            Report::Digit { .. }
            | Report::Talking { .. }
            | Report::Finished { .. }
            | Report::Silent { .. }
            | Report::Closed { .. } => State::Opening(self),
        }
    }

    /// The relay is late.
    pub(super) fn timeout(self, step: &mut Step<'_>) -> State {
        if matches!(step.facts.relay, Relay::Opening(_)) {
            step.relay_is_late();
        }
        step.carriers_are_late();
        self.ring(step)
    }

    /// Only the caller is there to tell something.
    pub(super) fn signal(mut self, step: &mut Step<'_>, signal: Signal) -> State {
        if matches!(step.facts.way, Way::Prompt(_)) && Keyed::of(&signal).is_some() {
            if self.keyed.len() < limits::KEYS_WAITING {
                self.keyed.push(signal);
            }
            return State::Opening(self);
        }
        match step.before_ringing(signal) {
            Some(ended) => ended,
            None => State::Opening(self),
        }
    }

    /// Rings when all that was asked for is there, or is not to be had.
    fn ring(self, step: &mut Step<'_>) -> State {
        if step.waits_for_relays() {
            return State::Opening(self);
        }
        let offer = step.offered();
        if offer.is_some_and(|offer| step.opens_carriers(None, &offer)) {
            return State::Opening(self);
        }
        step.cancel_timer();
        let caller = step.facts.caller;
        self.keyed.into_iter().fold(Ringing::begin(step, self.targets), |state, keyed| match state {
            State::Ringing(ringing) => ringing.signal(step, caller, keyed),
            State::Authorizing(authorizing) => authorizing.signal(step, keyed),
            // All codes are there.
            other => other,
        })
    }
}

impl Step<'_> {
    /// Asks for a relay where the call wants one; `called` is the leg that it serves, when that is known, and `targets` is what will be
    /// rung.
    pub(super) fn open_relay(&mut self, called: Option<LegId>, targets: &[Target]) -> bool {
        let hidden =
            self.facts.called_reach == Reach::BehindNat || self.facts.caller_reach == Reach::BehindNat;
        let tones = self.plays_waiting_tone(targets);
        let why = match self.shared.configuration.relay {
            _ if self.transcodes() && !self.passes_on_at_device() => WhyRelay::Transcoder,
            _ if self.wants_points() => WhyRelay::Between,
            // A seat hides everybody's address already.
            RelayMode::Always if !self.takes_seat(targets) => WhyRelay::Configured,
            _ if self.keys_need_relay() => WhyRelay::Keys,
            RelayMode::WhenBehindNat if hidden => WhyRelay::BehindNat,
            _ if self.presses_need_relay() => WhyRelay::KeyPresses,
            _ if self.may_be_recorded(targets) => WhyRelay::Recorded,
            _ if tones => WhyRelay::CallWaiting,
            _ => return false,
        };
        self.decide(None, Decision::RelayWanted { why });
        let port = self.shared.port_ids.allocate();
        let user = RelayUse::new(self.facts.id, self.facts.caller, called);
        self.shared.relays.insert(port, user);
        self.facts.relay = Relay::Opening(port);
        self.facts.relay_keys = PortKeys::default();
        self.facts.relay_lost = false;
        let opens = self.opens_at_device(port).unwrap_or(control::Command::OpenRelay { port });
        self.out.media(opens);
        self.set_timer(PATIENCE);
        true
    }

    /// Whether the called side is, or will be, a seat in a conference.
    fn takes_seat(&self, targets: &[Target]) -> bool {
        let rung = self.facts.rung.iter().filter(|rung| rung.progress == Progress::Answered);
        let mut called = rung.map(|rung| &rung.target).chain(targets);
        called.any(|target| matches!(target, Target::Service(Service::Conference(_))))
    }

    /// The worker opened the relay, or could not.
    pub(super) fn relay_reported(&mut self, report: &Report) {
        // What was late is being closed.
        if self.facts.relay != Relay::Opening(report.port()) {
            return;
        }
        match report {
            Report::Opened { port, a, b: Some(b) } => {
                let (a, b) = (*a, *b);
                self.facts.relay = Relay::Open(Ports::new(*port, a, b));
                self.decide(None, Decision::RelayOpened { caller_side: a, called_side: b });
            }
            Report::Opened { b: None, .. } => self.go_without_relay("the worker opened one side only"),
            Report::Failed { reason, .. } => {
                // What failed is not to be closed.
                self.facts.relay = Relay::None;
                self.go_without_relay(reason);
            }
            Report::Digit { .. }
            | Report::Talking { .. }
            | Report::Finished { .. }
            | Report::Silent { .. }
            | Report::Closed { .. } => {}
        }
    }

    /// The worker does not answer; callers do not wait for it.
    pub(super) fn relay_is_late(&mut self) {
        self.go_without_relay("the media worker did not answer in time");
    }

    /// No relay is no reason to lose the call.
    fn go_without_relay(&mut self, reason: &str) {
        self.close_relay();
        self.shared.counters.relays_failed += 1;
        self.decide(None, Decision::RelayNotOpened { reason });
        let call = Some(self.facts.id);
        self.out.journal(self.now, call, None, Entry::Alarm(Alarm::RelayFailed { reason }));
    }

    /// What a caller tells while nothing rings yet; `Some` when that ends the call.
    pub(super) fn before_ringing(&mut self, signal: Signal) -> Option<State> {
        match signal {
            Signal::Released { cause, reason } => Some(self.caller_gone(cause, reason)),
            Signal::Media(Media::Offer(offer)) => {
                self.waiting_caller_told(MediaSignal::Offer(offer));
                None
            }
            Signal::Media(Media::Answer(answer)) => {
                self.waiting_caller_told(MediaSignal::Answer(answer));
                None
            }
            Signal::MediaRefused(cause) => {
                self.waiting_caller_told(MediaSignal::Refuse(cause));
                None
            }
            Signal::MediaRequested => {
                self.waiting_caller_told(MediaSignal::Request);
                None
            }
            Signal::Setup(_) | Signal::Proceeding | Signal::Alerting { .. } | Signal::Answered { .. } => {
                self.impossible("a caller told what only a called device can tell");
                None
            }
            Signal::MetadataRequested
            | Signal::TransferRequested { .. }
            | Signal::TransferEnded(_)
            | Signal::FeatureRequested(_) => {
                self.impossible("a feature is no matter of one call");
                None
            }
            Signal::Redirected(_)
            | Signal::Media(Media::None)
            | Signal::Digit(_)
            | Signal::DigitErased
            | Signal::DigitsEnded(_) => None,
        }
    }

    /// Refuses what a leg wants to change about media.
    pub(super) fn refuse_media(&mut self, leg: strowger_base::LegId, why: WhyOfferRefused) {
        let cause = Cause::MESSAGE_NOT_COMPATIBLE_WITH_STATE;
        self.command(leg, Command::RefuseMedia(cause));
        self.decide(Some(leg), Decision::OfferRefused { cause, why });
    }

    /// A state that cannot occur without a bug of ours: told, and gone on from.
    pub(super) fn impossible(&mut self, what: &'static str) {
        strowger_base::never!("{}: {what}", self.facts.id);
        self.out.journal(self.now, Some(self.facts.id), None, Entry::Alarm(Alarm::Contained { what }));
    }
}

/// How long a worker may take to open a relay. It takes well under a millisecond; more means that it is in trouble.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);
