//! What a message is about, for one who does not serve calls.

use super::answers::Question;
use super::reason::{LastAlarm, WhyRegistered};
use crate::message::FromStation;
use crate::message::registration::Register;
use crate::wire::text::Text;

/// What a station wants.
pub(super) enum Concern {
    /// It is there.
    KeepAlive,
    /// It tells what happened to it.
    Alarm(Option<WhyRegistered>, Box<LastAlarm>),
    /// It wants to be served.
    Register(Register),
    /// It asks whether it may come.
    Token(Token),
    /// It leaves.
    Leave,
    /// It asks about itself.
    Question(Question),
    /// It tells something that somebody else serves.
    Other(FromStation),
    /// Nothing follows from it.
    Nothing,
}

/// Who asks whether it may come.
pub(super) struct Token {
    pub(super) name: Text,
    /// Phones for small businesses have messages of their own.
    pub(super) small_business: bool,
}

impl From<FromStation> for Concern {
    fn from(message: FromStation) -> Self {
        use FromStation as From;
        match message {
            From::KeepAlive(_) => Concern::KeepAlive,
            From::Alarm(alarm) => {
                Concern::Alarm(alarm.last_reason().map(WhyRegistered::from), Box::new(alarm.into()))
            }
            From::XmlAlarm(alarm) => {
                Concern::Alarm(alarm.out_of_service_reason().map(WhyRegistered::from), Box::new(alarm.into()))
            }
            From::Register(register) => Concern::Register(register),
            From::RegisterTokenReq(ask) => Concern::Token(Token { name: ask.name, small_business: false }),
            From::SpcpRegisterTokenReq(ask) => Concern::Token(Token { name: ask.name, small_business: true }),
            From::Unregister(_) => Concern::Leave,
            From::ButtonTemplateReq(_) => Concern::Question(Question::Buttons),
            From::SoftKeyTemplateReq(_) => Concern::Question(Question::SoftKeys),
            From::SoftKeySetReq(_) => Concern::Question(Question::SoftKeySets),
            From::ConfigStatReq(_) => Concern::Question(Question::Configuration),
            From::LineStatReq(ask) => Concern::Question(Question::Line(ask.line)),
            From::ForwardStatReq(ask) => Concern::Question(Question::Forwards(ask.line)),
            From::SpeedDialStatReq(ask) => Concern::Question(Question::SpeedDial(ask.index)),
            From::FeatureStatReq(ask) => Concern::Question(Question::Feature(ask.index)),
            From::ServiceUrlStatReq(ask) => Concern::Question(Question::Service(ask.index)),
            From::VersionReq(_) => Concern::Question(Question::Load),
            From::ServerReq(_) => Concern::Question(Question::Servers),
            From::TimeDateReq(_) => Concern::Question(Question::Time),
            From::CallCountReq(_) => Concern::Question(Question::CallCounts),
            From::IpPort(_) | From::RegisterAvailableLines(_) => Concern::Nothing,
            message @ (From::KeypadButton(_)
            | From::SoftKeyEvent(_)
            | From::OffHook(_)
            | From::OnHook(_)
            | From::Stimulus(_)
            | From::OpenReceiveChannelAck(_)
            | From::StartMediaTransmissionAck(_)
            | From::ConnectionStatisticsRes(_)
            | From::EnblocCall(_)
            | From::HookFlash(_)
            | From::OffHookWithCallingParty(_)
            | From::CapabilitiesRes(_)
            | From::UpdateCapabilities(_)
            | From::HeadsetStatus(_)
            | From::MediaPathEvent(_)
            | From::MediaPathCapability(_)
            | From::ExtensionDeviceCaps(_)
            | From::LocationInfo(_)
            | From::MediaTransmissionFailure(_)
            | From::MulticastMediaReceptionAck(_)
            | From::PortResponse(_)
            | From::NotifyDtmfTone(_)
            | From::SubscribeDtmfPayloadRes(_)
            | From::SubscribeDtmfPayloadErr(_)
            | From::UnSubscribeDtmfPayloadRes(_)
            | From::UnSubscribeDtmfPayloadErr(_)
            | From::DeviceToUserData(_)
            | From::DeviceToUserDataResponse(_)
            | From::SubscriptionStatReq(_)
            | From::MediaResourceNotification(_)
            | From::MediaPortList(_)
            | From::ClearConference(_)
            | From::CreateConferenceRes(_)
            | From::DeleteConferenceRes(_)
            | From::ModifyConferenceRes(_)
            | From::AddParticipantRes(_)
            | From::AuditConferenceRes(_)
            | From::AuditParticipantRes(_)
            | From::AnnouncementFinish(_)) => Concern::Other(message),
        }
    }
}
