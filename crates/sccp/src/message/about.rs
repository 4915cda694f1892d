//! Which call a message is about, for the one who tells the story of that call.

use super::calls::LineCall;
use super::{FromStation, ToStation};
use crate::codes::{CallReference, PartyId};

impl FromStation {
    /// The call that it names; `None` when it names none.
    pub fn call(&self) -> Option<CallReference> {
        use FromStation as From;
        let of = |of: &Option<LineCall>| of.as_ref().map(|of| of.call);
        let call = match self {
            From::OffHook(message) => of(&message.of),
            From::OnHook(message) => of(&message.of),
            From::KeypadButton(message) => of(&message.of),
            From::HookFlash(message) => Some(message.of.call),
            From::SoftKeyEvent(message) => Some(message.call),
            From::Stimulus(message) => Some(message.call),
            From::OpenReceiveChannelAck(message) => Some(of_party(message.party)),
            From::StartMediaTransmissionAck(message) => Some(message.call),
            From::MediaTransmissionFailure(message) => Some(message.call),
            From::ConnectionStatisticsRes(message) => Some(message.statistics.call),
            From::PortResponse(message) => Some(message.call),
            _ => None,
        };
        call.filter(|call| *call != CallReference(0))
    }

    /// Whether its user did something with a hook, a key or a button.
    pub const fn is_pressed(&self) -> bool {
        use FromStation as From;
        matches!(
            self,
            From::OffHook(_)
                | From::OnHook(_)
                | From::KeypadButton(_)
                | From::EnblocCall(_)
                | From::HookFlash(_)
                | From::SoftKeyEvent(_)
                | From::Stimulus(_)
                | From::OffHookWithCallingParty(_)
        )
    }
}

impl ToStation {
    /// The call that it names; `None` when it names none.
    pub fn call(&self) -> Option<CallReference> {
        use ToStation as To;
        let call = match self {
            To::CallState(message) => message.call,
            To::CallInfo(message) => message.call,
            To::SelectSoftKeys(message) => message.call,
            To::DisplayPromptStatus(message) => message.call,
            To::ClearPromptStatus(message) => message.call,
            To::SetRinger(message) => message.call,
            To::StartTone(message) => message.call,
            To::StopTone(message) => message.call,
            To::DialedNumber(message) => message.call,
            To::BackSpaceRes(message) => message.call,
            To::CallHistoryDisposition(message) => message.call,
            To::RecordingStatus(message) => message.call,
            To::OpenReceiveChannel(message) => message.call,
            To::CloseReceiveChannel(message) => message.call,
            To::StartMediaTransmission(message) => message.call,
            To::StopMediaTransmission(message) => message.call,
            To::ConnectionStatisticsReq(message) => message.call,
            To::SendDtmfTone(message) => CallReference(message.conference.0),
            _ => return None,
        };
        Some(call).filter(|call| *call != CallReference(0))
    }
}

/// A port's number is made of its call's; see [`crate::calls`].
const fn of_party(party: PartyId) -> CallReference {
    CallReference(party.0 >> 8)
}
