//! One call of a phone, from off-hook or ringing until it disappears from the display.

use strowger_base::leg::{Origin, RingSound, Signal};
use strowger_base::{Cause, FeatureCode};
use strowger_base::{Instant, LegId, TimerHandle};

use super::Shared;
use super::channel::{Channel, Of};
use super::display::{Display, Parties};
use crate::codes::{CallReference, CallType, Instance, KeyMode, PartyId, Phrase, Tone};
use crate::message::ToStation;

/// One call.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) reference: CallReference,
    pub(super) line: Instance,
    /// `None` when call control knows nothing of it any more.
    pub(super) leg: Option<LegId>,
    pub(super) kind: CallType,
    pub(super) state: State,
    pub(super) parties: Parties,
    pub(super) channel: Channel,
    /// How far numbers of ports have been used.
    pub(super) ports: u32,
    /// What its user hears from the phone itself.
    pub(super) tone: Option<Tone>,
    /// What was dialled.
    pub(super) dialled: String,
    /// Keys are to be told once the number is complete: they go in media otherwise.
    pub(super) keys: Keys,
    /// Why it was begun out of another call.
    pub(super) purpose: Purpose,
    /// The feature that it asked for.
    pub(super) feature: Option<FeatureCode>,
    /// The feature for which a number is keyed.
    pub(super) collects: Option<FeatureCode>,
    /// It changes a setting: its user sees and hears nothing of it, and is told what became of it.
    pub(super) is_silent: bool,
    /// The call in which its waiting is heard.
    waits_in: Option<Place>,
    /// Its user put it on hold or took it back, and the other side has not said anything to that.
    pub(super) asks: bool,
    /// What is known of it while its phone is away.
    pub(super) away: Option<Away>,
    /// How it rings when it no longer only waits in another call.
    pub(super) aloud: RingSound,
    /// It is recorded.
    pub(super) recorded: bool,
    /// Its media has to be agreed on anew: what was wanted of it could not be done while its phone was away.
    pub(super) owes: bool,
    /// The call that went on hold because the phone answered this one by itself: when this one is over its user goes on there.
    pub(super) interrupts: Option<CallReference>,
    /// Whether its user has chosen it for what is done with several calls.
    pub(super) selected: bool,
    /// Until the phone has to say where its port is, or the next key has to come.
    pub(super) patience: Option<TimerHandle>,
}

/// What is known of a call whose phone is away, or was.
#[derive(Clone, Debug)]
pub(super) struct Away {
    /// Its line as it was. Another one may stand at that button when the phone is back, and may have the same number.
    pub(super) line: Origin,
    /// Its leg, once it is over: how it sounded the phone tells when it is back.
    pub(super) ended: Option<LegId>,
    /// The leg of its party, where that is a phone that is away as well.
    pub(super) other: Option<LegId>,
}

/// A call by its line and number.
pub(super) type Place = (Instance, CallReference);

/// What becomes of keys that are pressed in a call whose number is complete.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Keys {
    /// They go in its media: to tell them here too would be to press them twice.
    #[default]
    InMedia,
    /// They are told.
    Told,
}

/// How far a call is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum State {
    /// The receiver is lifted and a number is awaited.
    Dialing,
    /// The number is complete.
    Proceeding,
    /// Somebody is rung.
    RingingOut,
    /// This phone is rung.
    RingingIn(RingSound),
    /// It was answered, and the phone opens its port.
    Answering,
    /// Its parties talk.
    Connected,
    /// Its user has put it on hold.
    Held,
    /// Its user takes it back, and the phone opens its port.
    Resuming,
    /// It came to nothing; its user hears that.
    Failed,
}

/// Why a call was begun out of another one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Purpose {
    /// It was not.
    None,
    /// The party of that call shall be transferred to this one's.
    Transfer(CallReference),
    /// The parties of both shall be in a conference.
    Conference(CallReference),
}

impl Purpose {
    fn first(self) -> Option<CallReference> {
        match self {
            Purpose::None => None,
            Purpose::Transfer(first) | Purpose::Conference(first) => Some(first),
        }
    }

    /// Whether a party shall be transferred.
    pub(super) const fn transfers(self) -> bool {
        matches!(self, Purpose::Transfer(_))
    }

    /// Whether it was begun out of this call.
    pub(super) fn is_for(self, call: CallReference) -> bool {
        self.first() == Some(call)
    }
}

impl Call {
    pub(super) fn new(
        events: Option<u8>,
        reference: CallReference,
        line: Instance,
        leg: LegId,
        kind: CallType,
        state: State,
    ) -> Self {
        Call {
            reference,
            line,
            leg: Some(leg),
            kind,
            state,
            parties: Parties::default(),
            channel: Channel::with(events),
            ports: 0,
            tone: None,
            dialled: String::new(),
            keys: Keys::default(),
            purpose: Purpose::None,
            feature: None,
            collects: None,
            is_silent: false,
            waits_in: None,
            asks: false,
            away: None,
            aloud: RingSound::Usual,
            recorded: false,
            owes: false,
            interrupts: None,
            selected: false,
            patience: None,
        }
    }

    /// Whether its user hears and talks, or is about to.
    pub(super) const fn is_active(&self) -> bool {
        !self.is_silent && !matches!(self.state, State::RingingIn(_) | State::Held)
    }

    pub(super) fn display<'a>(&self, tell: &'a mut Vec<ToStation>) -> Display<'a> {
        Display { line: self.line, call: self.reference, tell }
    }

    /// Nothing is waited for any more.
    pub(super) fn is_patient_no_more(&mut self, shared: &mut Shared) {
        if let Some(patience) = self.patience.take() {
            shared.timers.cancel(patience);
        }
    }

    /// It is waited for until then, and no longer for anything else.
    pub(super) fn waits_until(&mut self, shared: &mut Shared, device: &str, until: Instant) {
        self.is_patient_no_more(shared);
        self.patience = Some(shared.timers.set(until, (device.into(), self.reference)));
    }

    /// The port that its phone opened last.
    pub(super) const fn this_port(&self) -> Of {
        Of { call: self.reference, party: PartyId(self.reference.0 << 8 | self.ports & 0xff) }
    }

    /// The next port of its phone.
    pub(super) fn next_port(&mut self) -> Of {
        self.ports += 1;
        self.this_port()
    }

    /// What stands beside it while its parties talk.
    pub(super) const fn connected_phrase(&self) -> Phrase {
        if self.recorded { Phrase::RECORDING } else { Phrase::CONNECTED }
    }

    /// The keys while its parties talk.
    pub(super) const fn connected_keys(&self) -> KeyMode {
        match self.purpose {
            Purpose::None => KeyMode::CONNECTED,
            Purpose::Transfer(_) => KeyMode::CONNECTED_WITH_TRANSFER,
            Purpose::Conference(_) => KeyMode::CONNECTED_CONFERENCE,
        }
    }

    /// The keys while its user hears why it failed: whoever is busy can be called back.
    pub(super) fn failed_keys(&self, cause: Cause) -> KeyMode {
        let can_be_called_back =
            cause == Cause::USER_BUSY && self.feature.is_none() && !self.dialled.is_empty();
        if can_be_called_back { KeyMode::RING_OUT } else { KeyMode::OFF_HOOK }
    }

    /// Begins to ring. That it waits is heard in the call that its user talks in; where that has a tone of its own, which it would take
    /// away, the phone rings once.
    pub(super) fn ring(&mut self, sound: RingSound, talks: Option<Place>, tell: &mut Vec<ToStation>) {
        self.waits_in = talks.filter(|_| sound == RingSound::CallWaiting);
        let sound = self.heard_as(sound);
        self.rings_at(tell).ring(sound);
    }

    const fn heard_as(&self, sound: RingSound) -> RingSound {
        match sound {
            RingSound::CallWaiting if self.waits_in.is_none() => RingSound::Once,
            sound => sound,
        }
    }

    /// Whether another call can be heard to wait in it: it has no tone, and will have none before it is answered.
    pub(super) const fn has_room(&self) -> bool {
        matches!(self.state, State::Connected | State::Answering | State::Resuming)
    }

    /// Whether it rings only by a tone in another call.
    pub(super) const fn is_heard_to_wait(&self) -> bool {
        matches!(self.state, State::RingingIn(RingSound::CallWaiting))
    }

    pub(super) fn stop_ringing(&self, sound: RingSound, tell: &mut Vec<ToStation>) {
        let sound = self.heard_as(sound);
        self.rings_at(tell).stop_ringing(sound);
    }

    fn rings_at<'a>(&self, tell: &'a mut Vec<ToStation>) -> Display<'a> {
        let (line, call) = self.waits_in.unwrap_or((self.line, self.reference));
        Display { line, call, tell }
    }

    /// Plays a tone in place of the one before.
    pub(super) fn play(&mut self, tone: Option<Tone>, tell: &mut Vec<ToStation>) {
        if self.tone == tone {
            return;
        }
        let before = std::mem::replace(&mut self.tone, tone);
        let mut display = self.display(tell);
        match (before, tone) {
            (_, Some(tone)) => display.tone(tone),
            (Some(before), None) => display.silence(before),
            (None, None) => {}
        }
    }
}

/// The signal of a user who hangs up.
pub(super) const fn hang_up(state: State) -> Signal {
    use strowger_base::Cause;
    use strowger_base::leg::ReleaseReason;
    let reason = match state {
        State::Dialing | State::Proceeding | State::RingingOut | State::Failed => ReleaseReason::Cancelled,
        State::RingingIn(_) | State::Answering => ReleaseReason::Refused(DECLINED),
        State::Connected | State::Held | State::Resuming => ReleaseReason::HungUp,
    };
    let cause = match state {
        State::RingingIn(_) | State::Answering => Cause::CALL_REJECTED,
        State::Dialing
        | State::Proceeding
        | State::RingingOut
        | State::Failed
        | State::Connected
        | State::Held
        | State::Resuming => Cause::NORMAL_CALL_CLEARING,
    };
    Signal::Released { cause, reason }
}

/// The status of SIP that says that a user does not want a call; SCCP has none of its own.
const DECLINED: u16 = 603;
