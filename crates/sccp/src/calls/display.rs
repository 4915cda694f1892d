//! What a phone shows, plays and lights for a call in each of its states.

use std::time::Duration;

use strowger_base::leg::{Party, Presentation, RingSound};
use strowger_base::{Cause, FeatureCode, leg};

use crate::codes::{
    self, CallReference, CallState, CallType, Disposition, Instance, KeyMode, LampMode, Phrase, Restrictions,
    RingDuration, RingMode, Stimulus, Tone, ToneDirection, Visibility,
};
use crate::message::ToStation;
use crate::message::alerting::{SetLamp, SetRinger, StartTone, StopTone};
use crate::message::calls::{CallHistoryDisposition, CallInfo, CallState as CallStateMessage, DialedNumber};
use crate::message::display::{ClearPromptStatus, DisplayPromptStatus};
use crate::message::keys::SelectSoftKeys;
use crate::wire::text::Text;

/// Routine: the precedence of every call that has none.
const ROUTINE: u32 = 4;
/// Every key of a set can be pressed.
const ALL_KEYS: u32 = u32::MAX;

/// What is told of one call.
pub(super) struct Display<'a> {
    pub(super) line: Instance,
    pub(super) call: CallReference,
    pub(super) tell: &'a mut Vec<ToStation>,
}

/// Who talks with whom.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Parties {
    pub(super) calling: Party,
    pub(super) called: Party,
    /// Who was called first, where the call was sent on.
    pub(super) original: Option<Party>,
    /// Who sent it on last.
    pub(super) redirecting: Option<Party>,
}

impl Display<'_> {
    pub(super) fn state(&mut self, state: CallState) {
        self.tell.push(
            CallStateMessage {
                state,
                line: self.line,
                call: self.call,
                visibility: Visibility::DEFAULT,
                precedence_level: ROUTINE,
                precedence_domain: 0,
            }
            .into(),
        );
    }

    pub(super) fn keys(&mut self, set: KeyMode) {
        self.tell.push(SelectSoftKeys { line: self.line, call: self.call, set, valid_keys: ALL_KEYS }.into());
    }

    pub(super) fn lamp(&mut self, mode: LampMode) {
        self.tell.push(SetLamp { stimulus: Stimulus::LINE, instance: self.line, mode }.into());
    }

    pub(super) fn prompt(&mut self, phrase: Phrase, words: &str) {
        let text = Text::phrase(phrase, words);
        self.say(text);
    }

    /// Who calls, beside a call that rings.
    pub(super) fn from(&mut self, calling: &Party) {
        let from = match calling.presentation {
            Presentation::Allowed if !calling.name.is_empty() => &*calling.name,
            Presentation::Allowed => &*calling.number,
            Presentation::Restricted => "",
        };
        if from.is_empty() {
            self.prompt(Phrase::PRIVATE, "");
        } else {
            self.prompt(Phrase::FROM, &format!(" {from}"));
        }
    }

    pub(super) fn say(&mut self, text: Text) {
        let (line, call) = (self.line, self.call);
        self.tell.push(DisplayPromptStatus { duration: Duration::ZERO, line, call, text }.into());
    }

    pub(super) fn tone(&mut self, tone: Tone) {
        let direction = ToneDirection::USER;
        self.tell.push(StartTone { tone, direction, line: self.line, call: self.call }.into());
    }

    pub(super) fn silence(&mut self, tone: Tone) {
        self.tell.push(StopTone { line: self.line, call: self.call, tone }.into());
    }

    pub(super) fn ring(&mut self, sound: RingSound) {
        let (mode, duration) = match sound {
            RingSound::Usual => (RingMode::INSIDE, RingDuration::NORMAL),
            RingSound::Distinctive(1) => (RingMode::INSIDE, RingDuration::NORMAL),
            RingSound::Outside | RingSound::Distinctive(2) => (RingMode::OUTSIDE, RingDuration::NORMAL),
            RingSound::Distinctive(_) => (RingMode::FEATURE, RingDuration::NORMAL),
            RingSound::Once => (RingMode::INSIDE, RingDuration::SINGLE),
            RingSound::CallWaiting => return self.tone(Tone::CALL_WAITING_TONE),
            RingSound::Silent => (RingMode::FLASH_ONLY, RingDuration::NORMAL),
        };
        self.tell.push(SetRinger { mode, duration, line: self.line, call: self.call }.into());
    }

    pub(super) fn stop_ringing(&mut self, sound: RingSound) {
        match sound {
            RingSound::CallWaiting => self.silence(Tone::CALL_WAITING_TONE),
            RingSound::Usual
            | RingSound::Outside
            | RingSound::Distinctive(_)
            | RingSound::Once
            | RingSound::Silent => {
                let (mode, duration) = (RingMode::OFF, RingDuration::NORMAL);
                self.tell.push(SetRinger { mode, duration, line: self.line, call: self.call }.into());
            }
        }
    }

    pub(super) fn dialled(&mut self, number: &str) {
        let number = Text::from(number);
        self.tell.push(DialedNumber { number, line: self.line, call: self.call }.into());
    }

    pub(super) fn parties(&mut self, kind: CallType, parties: &Parties) {
        let number = |party: &Party| shown(party, &party.number);
        let name = |party: &Party| shown(party, &party.name);
        let of = |party: &Option<Party>, what: fn(&Party) -> &str| {
            party.as_ref().map(|party| shown(party, what(party))).unwrap_or_default()
        };
        self.tell.push(
            CallInfo {
                line: self.line,
                call: self.call,
                kind,
                calling_number: number(&parties.calling),
                calling_name: name(&parties.calling),
                called_number: number(&parties.called),
                called_name: name(&parties.called),
                original_called_number: of(&parties.original, |party| &party.number),
                original_called_name: of(&parties.original, |party| &party.name),
                last_redirecting_number: of(&parties.redirecting, |party| &party.number),
                last_redirecting_name: of(&parties.redirecting, |party| &party.name),
                call_instance: 1,
                restrictions: Restrictions::default(),
                ..CallInfo::default()
            }
            .into(),
        );
    }

    /// Somebody else has taken the call: it is none that was missed. Phones that do not know the message take a call that was connected
    /// for one that was not.
    pub(super) fn answered_elsewhere(&mut self) {
        let (line, call) = (self.line, self.call);
        self.tell.push(CallHistoryDisposition { disposition: Disposition::IGNORE, line, call }.into());
        self.state(CallState::CONNECTED);
    }

    /// The call disappears.
    pub(super) fn gone(&mut self) {
        self.state(CallState::ON_HOOK);
        self.tell.push(ClearPromptStatus { line: self.line, call: self.call }.into());
        self.tell.push(
            SelectSoftKeys {
                line: Instance(0),
                call: CallReference(0),
                set: KeyMode::ON_HOOK,
                valid_keys: ALL_KEYS,
            }
            .into(),
        );
    }
}

/// What may be shown.
fn shown(party: &Party, what: &str) -> Text {
    match party.presentation {
        Presentation::Allowed => Text::from(what),
        Presentation::Restricted => Text::default(),
    }
}

/// What a phone shows and plays when its call fails.
pub(super) struct Failure {
    pub(super) state: CallState,
    pub(super) tone: Tone,
    pub(super) phrase: Phrase,
}

impl Failure {
    pub(super) fn of(cause: Cause, feature: Option<FeatureCode>) -> Self {
        if let Some(feature) = feature {
            let phrase = refusal(feature.word(), cause);
            return Failure { state: CallState::CONGESTION, tone: Tone::REORDER_TONE, phrase };
        }
        match cause {
            Cause::USER_BUSY => {
                Failure { state: CallState::BUSY, tone: Tone::LINE_BUSY_TONE, phrase: Phrase::BUSY }
            }
            Cause::UNALLOCATED_NUMBER | Cause::INVALID_NUMBER_FORMAT | Cause::NO_ROUTE_TO_DESTINATION => {
                Failure {
                    state: CallState::INVALID_NUMBER,
                    tone: Tone::REORDER_TONE,
                    phrase: Phrase::UNKNOWN_NUMBER,
                }
            }
            Cause::OUT_OF_BANDWIDTH => Failure {
                state: CallState::CONGESTION,
                tone: Tone::REORDER_TONE,
                phrase: Phrase::NOT_ENOUGH_BANDWIDTH,
            },
            _ => {
                Failure { state: CallState::CONGESTION, tone: Tone::REORDER_TONE, phrase: Phrase::TEMP_FAIL }
            }
        }
    }
}

/// Why a key does not do what it says.
pub(super) fn refusal(asked: &str, cause: Cause) -> Phrase {
    match (asked, cause) {
        (_, Cause::OUT_OF_BANDWIDTH) => Phrase::NOT_ENOUGH_BANDWIDTH,
        (_, Cause::SWITCHING_EQUIPMENT_CONGESTION) => Phrase::HIGH_TRAFFIC_TRY_AGAIN_LATER,
        ("pickup" | "group-pickup" | "other-pickup" | "directed-pickup", Cause::UNALLOCATED_NUMBER) => {
            Phrase::NO_CALL_AVAILABLE_FOR_PICKUP
        }
        ("barge" | "conference-barge", _) => Phrase::FAILED_TO_SETUP_BARGE,
        ("park", Cause::RESOURCE_UNAVAILABLE) => Phrase::NO_PARK_NUMBER_AVAILABLE,
        ("directed-park", Cause::USER_BUSY) => Phrase::PARK_SLOT_UNAVAILABLE,
        ("conference" | "meet-me-open" | "meet-me", Cause::RESOURCE_UNAVAILABLE) => {
            Phrase::NO_CONFERENCE_BRIDGE
        }
        ("conference", _) => Phrase::CAN_NOT_COMPLETE_CONFERENCE,
        (_, Cause::UNALLOCATED_NUMBER | Cause::INVALID_NUMBER_FORMAT | Cause::NO_ROUTE_TO_DESTINATION) => {
            Phrase::UNKNOWN_NUMBER
        }
        (_, _) => Phrase::KEY_IS_NOT_ACTIVE,
    }
}

/// The tone of a phone for one of call control's; `None` where it hears nothing.
pub(super) const fn tone_of(tone: leg::Tone) -> Option<Tone> {
    use strowger_base::leg::CallTone;
    Some(match tone {
        leg::Tone::Silence => return None,
        leg::Tone::Dial | leg::Tone::National { tone: CallTone::Dial, .. } => Tone::INSIDE_DIAL_TONE,
        leg::Tone::OutsideDial | leg::Tone::National { tone: CallTone::OutsideDial, .. } => {
            Tone::OUTSIDE_DIAL_TONE
        }
        leg::Tone::ZipZip => Tone::ZIP_ZIP,
        leg::Tone::Ringing | leg::Tone::National { tone: CallTone::Ringing, .. } => Tone::ALERTING_TONE,
        leg::Tone::Music | leg::Tone::Source(_) => Tone::MUSIC_TONE,
        leg::Tone::Hold => Tone::HOLD_TONE,
        leg::Tone::National { tone: CallTone::Busy, .. } => Tone::LINE_BUSY_TONE,
        leg::Tone::National { tone: CallTone::Reorder, .. } => Tone::REORDER_TONE,
        leg::Tone::National { tone: CallTone::CallWaiting, .. } => Tone::CALL_WAITING_TONE,
        leg::Tone::National { tone: CallTone::Information, .. } => Tone::NO_SUCH_NUMBER_TONE,
        leg::Tone::National { tone: CallTone::Confirmation, .. } => Tone::CONFIRMATION_TONE,
        leg::Tone::National { tone: CallTone::Barge, .. } => Tone::BARG_IN,
        leg::Tone::National { tone: CallTone::Recording, .. } => Tone::RECORDER_WARNING_TONE,
        leg::Tone::National { tone: CallTone::Zip, .. } | leg::Tone::Enter | leg::Tone::Leave => Tone::ZIP,
    })
}

/// The tone by which a phone tells and is told a key.
pub(super) fn key_tone(key: char) -> Option<Tone> {
    Some(match key {
        '0' => Tone::DTMF_0,
        '1'..='9' => Tone(key as u32 - '0' as u32),
        '*' => Tone::DTMF_STAR,
        '#' => Tone::DTMF_POUND,
        'A'..='D' => Tone(codes::Tone::DTMF_A.0 + (key as u32 - 'A' as u32)),
        _ => return None,
    })
}
