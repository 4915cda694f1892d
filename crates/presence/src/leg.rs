//! A leg of a line's phone, as far as it is told to others.

use strowger_base::leg::{Alert, Media, Origin, Party, Target};
use strowger_base::watch::{CallDirection, CallPhase, LineCall};
use strowger_base::{Command, LegId, LineName, Signal};
use strowger_media::sdp::{self, HoldState};

/// A leg of a line's phone.
#[derive(Debug)]
pub(crate) struct Leg {
    /// What is told of it.
    pub(crate) call: LineCall,
    /// Whether it will hold once its offer is answered; `None` while nothing is offered. One that is refused changes nothing.
    offers: Option<bool>,
}

/// What a signal or command means for a leg.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Effect {
    /// Nothing that is told.
    None,
    /// It is another one now.
    Changed,
    /// It is over.
    Over,
}

/// The leg that a signal begins, when it is a line's.
pub(crate) fn begun_by_signal(leg: LegId, signal: &Signal) -> Option<Leg> {
    let Signal::Setup(setup) = signal else { return None };
    let Origin::Line { line, .. } = &setup.origin else { return None };
    // Codes may come behind the number, which are nobody's business: call control says what was dialled.
    Some(begun(leg, line, CallDirection::Initiator, Party::default()))
}

/// The leg that a command begins, when it is a line's.
pub(crate) fn begun_by_command(leg: LegId, command: &Command) -> Option<Leg> {
    let Command::Ring(ring) = command else { return None };
    let Target::Phone { line, .. } = &ring.target else { return None };
    Some(begun(leg, line, CallDirection::Recipient, ring.calling.clone()))
}

fn begun(leg: LegId, line: &LineName, direction: CallDirection, remote: Party) -> Leg {
    let call = LineCall {
        leg,
        line: line.clone(),
        phase: CallPhase::Trying,
        direction,
        holds: false,
        private: false,
        remote,
    };
    Leg { call, offers: None }
}

/// What the phone dialled.
pub(crate) fn dialled(leg: &mut Leg, number: &str) -> Effect {
    if !leg.call.remote.number.is_empty() || number.is_empty() {
        return Effect::None;
    }
    leg.call.remote.number = number.into();
    Effect::Changed
}

/// A phone told something.
pub(crate) fn signal(leg: &mut Leg, signal: &Signal) -> Effect {
    let call = &mut leg.call;
    match signal {
        Signal::Alerting { .. } => raise(call, CallPhase::Early),
        Signal::Answered { .. } => raise(call, CallPhase::Confirmed),
        Signal::Media(media) if call.phase == CallPhase::Confirmed => described(leg, media),
        Signal::Released { .. } => Effect::Over,
        Signal::Setup(_)
        | Signal::Proceeding
        | Signal::Media(_)
        | Signal::MediaRequested
        | Signal::MediaRefused(_)
        | Signal::Digit(_)
        | Signal::DigitErased
        | Signal::DigitsEnded(_)
        | Signal::Redirected(_)
        | Signal::TransferRequested { .. }
        | Signal::FeatureRequested(_)
        | Signal::MetadataRequested
        | Signal::TransferEnded(_) => Effect::None,
    }
}

/// Call control wants something of a phone.
pub(crate) fn command(leg: &mut Leg, command: &Command) -> Effect {
    let call = &mut leg.call;
    match command {
        Command::Alert { alert, shown, .. } => {
            let shown = shown.as_ref().map_or(Effect::None, |party| show(call, party));
            match alert {
                Alert::Ringing => raise(call, CallPhase::Early).or(shown),
                // What is heard before it rings may be that the number is wrong; it is no ringing yet.
                Alert::Progress | Alert::Failing(_) => shown,
            }
        }
        Command::Answer { connected, .. } => {
            let shown = show(call, connected);
            raise(call, CallPhase::Confirmed).or(shown)
        }
        Command::ShowParty(party) => show(call, party),
        Command::Release(_) => Effect::Over,
        Command::Media(Media::Answer(_)) => match leg.offers.take() {
            Some(holds) => hold(call, holds),
            None => Effect::None,
        },
        // As it was before the offer (RFC 3261 §14.1).
        Command::RefuseMedia(_) => {
            leg.offers = None;
            Effect::None
        }
        Command::Ring(_)
        | Command::CollectDigits
        | Command::StopCollecting
        | Command::KeysBy(_)
        | Command::Tone(_)
        | Command::Mute(_)
        | Command::Media(Media::Offer(_) | Media::None)
        | Command::RequestMedia
        | Command::Digit(_)
        | Command::TransferResult(_)
        | Command::TransferEnded(_)
        | Command::FeatureAnswer(_)
        | Command::ShowParticipants(_)
        | Command::Records(..)
        | Command::ShowRecording(_)
        | Command::RequestTransfer(_) => Effect::None,
    }
}

/// A call goes on and never back.
fn raise(call: &mut LineCall, phase: CallPhase) -> Effect {
    if call.phase >= phase {
        return Effect::None;
    }
    call.phase = phase;
    Effect::Changed
}

fn show(call: &mut LineCall, party: &Party) -> Effect {
    // Who answered may not say who it is; what is known stays.
    if party.number.is_empty() && party.name.is_empty() || call.remote == *party {
        return Effect::None;
    }
    call.remote = party.clone();
    Effect::Changed
}

/// What the phone says about the way that its media flows.
fn described(leg: &mut Leg, media: &Media) -> Effect {
    let state = |description: &strowger_base::SessionDescription| sdp::hold_of(description.as_bytes());
    match media {
        Media::None => Effect::None,
        Media::Offer(offer) => {
            leg.offers = match state(offer) {
                HoldState::Holding | HoldState::Inactive => Some(true),
                HoldState::Active | HoldState::Held => Some(false),
                HoldState::NoAudio => None,
            };
            Effect::None
        }
        // An answer may be silent because the other side holds: only what goes beyond that says something.
        Media::Answer(answer) => match state(answer) {
            HoldState::Holding => hold(&mut leg.call, true),
            HoldState::Active => hold(&mut leg.call, false),
            HoldState::Held | HoldState::Inactive | HoldState::NoAudio => Effect::None,
        },
    }
}

fn hold(call: &mut LineCall, holds: bool) -> Effect {
    if call.holds == holds {
        return Effect::None;
    }
    call.holds = holds;
    Effect::Changed
}

impl Effect {
    const fn or(self, other: Effect) -> Effect {
        match self {
            Effect::None => other,
            Effect::Changed | Effect::Over => self,
        }
    }
}
