//! Calls: what people do with a phone, and what the phone shows of it.

use crate::codes::{
    self, CallReference, CallSecurity, CallType, Disposition, Instance, Restrictions, SoftKey, Visibility,
};
use crate::wire::lists::{Slot, Slots};
use crate::wire::text::{Digits, Fixed, Terminated, Text};
use crate::wire::{Coding, Reader, Wire, Writer};

record! {
    /// Which call, where a phone tells it.
    LineCall {
        /// The line; 0 is whichever.
        line: Instance,
        /// The call; 0 is the current one.
        call: CallReference,
    }
}

message! {
    /// The handset was lifted, or the loudspeaker turned on.
    OffHook = OFF_HOOK {
        /// Which call; `None` of old loads.
        of: Option<LineCall>,
    }
}

message! {
    /// The handset was put down.
    OnHook = ON_HOOK {
        /// Which call; `None` of old loads.
        of: Option<LineCall>,
    }
}

message! {
    /// The hook of an analogue phone was pressed for a moment.
    HookFlash = HOOK_FLASH {
        /// Which call.
        of: LineCall,
    }
}

message! {
    /// A key of the keypad was pressed.
    KeypadButton = KEYPAD_BUTTON, needs 4 {
        /// 0 to 9; 10 to 13 are A to D, 14 is the star, 15 the pound and 16 the plus.
        key: u32,
        /// Which call; `None` of old loads, which mean the current one.
        of: Option<LineCall>,
    }
}

impl KeypadButton {
    /// The character of the key; `None` when there is no such key.
    pub fn character(&self) -> Option<char> {
        const KEYS: [char; 17] =
            ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', '*', '#', '+'];
        KEYS.get(usize::try_from(self.key).ok()?).copied()
    }
}

message! {
    /// A whole number was dialled.
    EnblocCall = ENBLOC_CALL, needs 1 {
        /// The number, and the line that it was dialled on.
        dialled: Dialled,
    }
}

/// A number that was dialled at once. Version 17 tells the line too; from version 18 on there is room for 25 characters, and
/// some phones put the line right behind them, others where it is aligned.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Dialled {
    /// The number.
    pub number: Text,
    /// The line; `None` when the phone does not tell it.
    pub line: Option<Instance>,
}

impl Dialled {
    /// Where an aligned line stands. It overlaps with the last byte of one that is not, which is 0 for every line that
    /// there may be.
    const ALIGNED: usize = 28;
}

impl Wire for Dialled {
    fn read(from: &mut Reader<'_>) -> Self {
        let body = from.rest();
        let has_line = from.version() >= 17 && body.len() >= 28;
        let aligned = body.get(Dialled::ALIGNED..).and_then(<[u8]>::first_chunk);
        let number = match body.len() {
            29.. => <Digits as Coding<Text>>::read(from),
            0..=28 => <Fixed<24> as Coding<Text>>::read(from),
        };
        if from.version() >= 18 && aligned.is_some_and(|line| *line != [0; 4]) {
            from.skip_to(Dialled::ALIGNED);
        }
        Dialled { number, line: has_line.then(|| Instance::read(from)) }
    }

    fn write(&self, to: &mut Writer<'_>) {
        let Some(line) = self.line.filter(|_| to.version() >= 17) else {
            return <Fixed<24> as Coding<Text>>::write(&self.number, to);
        };
        <Digits as Coding<Text>>::write(&self.number, to);
        if to.version() >= 18 && line.0 > 0x00ff_ffff {
            to.fill_to(Dialled::ALIGNED);
        }
        line.write(to);
    }
}

message! {
    /// A button was pressed.
    Stimulus = STIMULUS, needs 4 {
        /// What kind of button.
        stimulus: codes::Stimulus,
        /// Which of its kind.
        instance: Instance,
        /// The call on the display.
        call: CallReference,
        /// Of newer loads only.
        status: Option<u32>,
    }
}

message! {
    /// A soft key was pressed.
    SoftKeyEvent = SOFT_KEY_EVENT, needs 4 {
        /// Which, as the template calls it.
        event: SoftKey,
        /// The line of the call on the display; 0 when there is none.
        line: Instance,
        /// The call on the display; 0 when there is none.
        call: CallReference,
    }
}

message! {
    /// An analogue port seized its line and knows who calls.
    OffHookWithCallingParty = OFF_HOOK_WITH_CALLING_PARTY, needs 24 {
        /// Who calls.
        number: Text as Fixed<24>,
        /// Their voice mailbox.
        voicemail: Text as Fixed<24>,
        /// The line.
        line: Instance,
    }
}

message! {
    /// What has become of a call. It appears on the display with its first state and disappears when it is on-hook.
    CallState = CALL_STATE {
        /// What it is now.
        state: codes::CallState,
        /// The line.
        line: Instance,
        /// The call.
        call: CallReference,
        /// How much of it is shown.
        visibility: Visibility,
        /// Its precedence: 4 is routine.
        precedence_level: u32,
        /// The domain of its precedence.
        precedence_domain: u32,
    }
}

message! {
    /// Who talks with whom.
    CallInfo {
        /// The line.
        line: Instance,
        /// The call.
        call: CallReference,
        /// Where it came from.
        kind: CallType,
        /// The caller's number.
        calling_number: Text,
        /// The number by which to call back, where it is another one. Version 16 and later.
        alternate_calling_number: Text,
        /// The caller's name.
        calling_name: Text,
        /// The caller's voice mailbox.
        calling_voicemail: Text,
        /// The called party's number.
        called_number: Text,
        /// The called party's name.
        called_name: Text,
        /// The called party's voice mailbox.
        called_voicemail: Text,
        /// The number that was called first.
        original_called_number: Text,
        /// The name that was called first.
        original_called_name: Text,
        /// The voice mailbox that was called first.
        original_called_voicemail: Text,
        /// Why the first one forwarded the call.
        original_redirect_reason: u32,
        /// The number that forwarded the call last.
        last_redirecting_number: Text,
        /// The name that forwarded the call last.
        last_redirecting_name: Text,
        /// The voice mailbox of who forwarded the call last.
        last_redirecting_voicemail: Text,
        /// Why it was forwarded last.
        last_redirect_reason: u32,
        /// The number of the hunt pilot that was called. Version 16 and later.
        hunt_pilot_number: Text,
        /// Its name.
        hunt_pilot_name: Text,
        /// Which call of the line, from 1.
        call_instance: u32,
        /// How well it is protected.
        security: CallSecurity,
        /// What is not shown.
        restrictions: Restrictions,
    }
    form CALL_INFO[..8] {
        calling_name as Fixed<40>, calling_number as Fixed<24>,
        called_name as Fixed<40>, called_number as Fixed<24>,
        line, call, kind,
        original_called_name as Fixed<40>, original_called_number as Fixed<24>,
        last_redirecting_name as Fixed<40>, last_redirecting_number as Fixed<24>,
        original_redirect_reason, last_redirect_reason,
        calling_voicemail as Fixed<24>, called_voicemail as Fixed<24>,
        original_called_voicemail as Fixed<24>, last_redirecting_voicemail as Fixed<24>,
        call_instance, security, restrictions,
    }
    form CALL_INFO_DYNAMIC[8..] {
        line, call, kind, original_redirect_reason, last_redirect_reason, call_instance, security, restrictions,
        calling_number as Terminated<24>,
        [16..] alternate_calling_number as Terminated<24>,
        called_number as Terminated<24>,
        original_called_number as Terminated<24>,
        last_redirecting_number as Terminated<24>,
        calling_voicemail as Terminated<24>,
        called_voicemail as Terminated<24>,
        original_called_voicemail as Terminated<24>,
        last_redirecting_voicemail as Terminated<24>,
        calling_name as Terminated<120>,
        called_name as Terminated<120>,
        original_called_name as Terminated<120>,
        last_redirecting_name as Terminated<120>,
        [16..] hunt_pilot_number as Terminated<24>,
        [16..] hunt_pilot_name as Terminated<120>,
    }
}

message! {
    /// The number that was dialled, for the list of placed calls.
    DialedNumber = DIALED_NUMBER {
        /// The number.
        number: Text as Digits,
        /// The line.
        line: Instance,
        /// The call.
        call: CallReference,
    }
}

message! {
    /// The last digit that was dialled disappears from the display.
    BackSpaceRes = BACK_SPACE_RES {
        /// The line.
        line: Instance,
        /// The call.
        call: CallReference,
    }
}

message! {
    /// Whether a call is selected, to be joined with others.
    CallSelectStat = CALL_SELECT_STAT {
        /// 1 when it is.
        status: u32,
        /// The call.
        call: CallReference,
        /// The line.
        line: Instance,
    }
}

message! {
    /// In which list a phone keeps a call. Old phones do not know it.
    CallHistoryDisposition = CALL_HISTORY_DISPOSITION {
        /// Which list.
        disposition: Disposition,
        /// The line.
        line: Instance,
        /// The call.
        call: CallReference,
    }
}

message! {
    /// The calls of a line come to the front.
    ActivateCallPlane = ACTIVATE_CALL_PLANE {
        /// The line.
        line: Instance,
    }
}

message! {
    /// No line is at the front.
    DeactivateCallPlane = DEACTIVATE_CALL_PLANE;
}

message! {
    /// How many calls may my lines have? What else newer loads say in it is passed over.
    CallCountReq = CALL_COUNT_REQ;
}

message! {
    /// How many calls the lines of a phone may have.
    CallCountRes = CALL_COUNT_RES {
        /// How many lines there are.
        lines: u32,
        /// The first one that is told of.
        first: Instance,
        /// One after the other; at most 42.
        counts: Vec<CallCount> as Slots<42>,
    }
}

record! {
    /// How many calls a line may have.
    CallCount {
        /// The most.
        calls_max: u16,
        /// From how many on it is busy.
        busy_trigger: u16,
    }
}

impl Slot for CallCount {
    fn unused() -> Self {
        CallCount::default()
    }
}

message! {
    /// Whether a call is recorded.
    RecordingStatus = RECORDING_STATUS {
        /// The call.
        call: CallReference,
        /// 1 when it is.
        status: u32,
    }
}
