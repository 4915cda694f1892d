//! What is said: the messages of both sides.

mod about;
pub mod alerting;
pub mod announcements;
pub mod calls;
pub mod capabilities;
pub mod conferences;
pub mod display;
pub mod dtmf;
pub mod keys;
pub mod lines;
pub mod media;
pub mod multicast;
pub mod ports;
pub mod registration;
pub mod services;
pub mod statistics;

use crate::frame;
use crate::ids::MessageId;
use crate::version::{Dialect, Version};
use crate::wire::{Reader, Writer};

use alerting::{SetHookFlashDetect, SetLamp, SetMicroMode, SetRinger, SetSpeakerMode, StartTone, StopTone};
use announcements::{AnnouncementFinish, StartAnnouncement, StopAnnouncement};
use calls::{
    ActivateCallPlane, BackSpaceRes, CallCountReq, CallCountRes, CallHistoryDisposition, CallInfo,
    CallSelectStat, CallState, DeactivateCallPlane, DialedNumber, EnblocCall, HookFlash, KeypadButton,
    OffHook, OffHookWithCallingParty, OnHook, RecordingStatus, SoftKeyEvent, Stimulus,
};
use capabilities::{
    CapabilitiesReq, CapabilitiesRes, ExtensionDeviceCaps, HeadsetStatus, LocationInfo, MediaPathCapability,
    MediaPathEvent, UpdateCapabilities,
};
use conferences::{
    AddParticipantReq, AddParticipantRes, AuditConferenceReq, AuditConferenceRes, AuditParticipantReq,
    AuditParticipantRes, ChangeParticipantReq, ClearConference, CreateConferenceReq, CreateConferenceRes,
    DeleteConferenceReq, DeleteConferenceRes, DropParticipantReq, MediaPortList, MediaResourceNotification,
    ModifyConferenceReq, ModifyConferenceRes,
};
use display::{
    ClearDisplay, ClearNotify, ClearPriNotify, ClearPromptStatus, DisplayNotify, DisplayPriNotify,
    DisplayPromptStatus, DisplayText,
};
use dtmf::{
    NotifyDtmfTone, SendDtmfTone, SubscribeDtmfPayloadErr, SubscribeDtmfPayloadReq, SubscribeDtmfPayloadRes,
    UnSubscribeDtmfPayloadErr, UnSubscribeDtmfPayloadReq, UnSubscribeDtmfPayloadRes,
};
use keys::{
    ButtonTemplate, ButtonTemplateReq, SelectSoftKeys, SoftKeySetReq, SoftKeySetRes, SoftKeyTemplateReq,
    SoftKeyTemplateRes,
};
use lines::{
    ConfigStat, ConfigStatReq, FeatureStat, FeatureStatReq, ForwardStat, ForwardStatReq, LineStat,
    LineStatReq, RegisterAvailableLines, ServiceUrlStat, ServiceUrlStatReq, SpeedDialStat, SpeedDialStatReq,
};
use media::{
    CloseReceiveChannel, MediaTransmissionFailure, OpenReceiveChannel, OpenReceiveChannelAck,
    StartMediaFailureDetection, StartMediaTransmission, StartMediaTransmissionAck, StopMediaTransmission,
};
use multicast::{
    MulticastMediaReceptionAck, StartMulticastMediaReception, StartMulticastMediaTransmission,
    StopMulticastMediaReception, StopMulticastMediaTransmission,
};
use ports::{PortClose, PortReq, PortResponse};
use registration::{
    Alarm, DefineTimeDate, IpPort, KeepAlive, KeepAliveAck, LoadVersion, Register, RegisterAck,
    RegisterReject, RegisterTokenAck, RegisterTokenReject, RegisterTokenReq, Reset, ServerReq, ServerRes,
    SpcpRegisterTokenAck, SpcpRegisterTokenReject, SpcpRegisterTokenReq, TimeDateReq, Unregister,
    UnregisterAck, VersionReq, XmlAlarm,
};
use services::{
    DeviceToUserData, DeviceToUserDataResponse, Notification, SubscriptionStat, SubscriptionStatReq,
    UserToDeviceData,
};
use statistics::{ConnectionStatisticsReq, ConnectionStatisticsRes};

/// A message and its layouts.
pub(crate) trait Layout: Sized {
    /// The ids of its layouts.
    const FORMS: &'static [MessageId];
    /// The shortest body that says what has to be said.
    const NEEDS: usize;
    /// The form in which a peer of this version is told it.
    fn form(&self, version: Version) -> MessageId;
    /// Reads a body that has this form.
    fn read(id: MessageId, from: &mut Reader<'_>) -> Self;
    /// Writes a body of this form.
    fn write(&self, id: MessageId, to: &mut Writer<'_>);
}

/// Why a frame is not a message. The next frame may be one: the connection goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DecodeError {
    /// It is no message that this side sends, or none that is served: it is passed over.
    #[error("message {id:?} is not served: it is passed over")]
    NotServed {
        /// Which.
        id: MessageId,
    },
    /// It ends before something that it cannot do without.
    #[error("message {id:?} has {bytes} bytes where {needs} are needed: it is passed over")]
    TooShort {
        /// Which.
        id: MessageId,
        /// How long its body is.
        bytes: usize,
        /// How long it has to be.
        needs: usize,
    },
}

fn read<M: Layout>(id: MessageId, body: &[u8], dialect: Dialect) -> Result<M, DecodeError> {
    if body.len() < M::NEEDS {
        return Err(DecodeError::TooShort { id, bytes: body.len(), needs: M::NEEDS });
    }
    Ok(M::read(id, &mut Reader::new(body, dialect)))
}

fn write<M: Layout>(message: &M, id: MessageId, dialect: Dialect, out: &mut Vec<u8>) {
    let id = if M::FORMS.contains(&id) { id } else { message.form(dialect.version) };
    // Phones expect these three as they were before there were versions.
    let header = match id {
        MessageId::REGISTER_ACK | MessageId::UNREGISTER_ACK | MessageId::KEEP_ALIVE_ACK => 0,
        MessageId(_) => dialect.version.header(),
    };
    let start = frame::begin(out, header, id);
    message.write(id, &mut Writer::new(out, dialect));
    frame::end(out, start);
}

side! {
    /// What stations (phones and media resources) send to a server.
    FromStation {
        KeepAlive,
        KeypadButton,
        SoftKeyEvent,
        OffHook,
        OnHook,
        Stimulus,
        OpenReceiveChannelAck,
        StartMediaTransmissionAck,
        ConnectionStatisticsRes,
        EnblocCall,
        HookFlash,
        OffHookWithCallingParty,
        Register,
        RegisterTokenReq,
        SpcpRegisterTokenReq,
        Unregister,
        Alarm,
        XmlAlarm,
        IpPort,
        ButtonTemplateReq,
        SoftKeyTemplateReq,
        SoftKeySetReq,
        LineStatReq,
        SpeedDialStatReq,
        ForwardStatReq,
        FeatureStatReq,
        ServiceUrlStatReq,
        ConfigStatReq,
        RegisterAvailableLines,
        VersionReq,
        ServerReq,
        TimeDateReq,
        CapabilitiesRes,
        UpdateCapabilities,
        HeadsetStatus,
        MediaPathEvent,
        MediaPathCapability,
        ExtensionDeviceCaps,
        LocationInfo,
        MediaTransmissionFailure,
        MulticastMediaReceptionAck,
        PortResponse,
        NotifyDtmfTone,
        SubscribeDtmfPayloadRes,
        SubscribeDtmfPayloadErr,
        UnSubscribeDtmfPayloadRes,
        UnSubscribeDtmfPayloadErr,
        DeviceToUserData,
        DeviceToUserDataResponse,
        SubscriptionStatReq,
        CallCountReq,
        MediaResourceNotification,
        MediaPortList,
        ClearConference,
        CreateConferenceRes,
        DeleteConferenceRes,
        ModifyConferenceRes,
        AddParticipantRes,
        AuditConferenceRes,
        AuditParticipantRes,
        AnnouncementFinish,
    }
}

side! {
    /// What a server sends to stations.
    ToStation {
        KeepAliveAck,
        CallState,
        CallInfo,
        SelectSoftKeys,
        DisplayPromptStatus,
        ClearPromptStatus,
        DisplayNotify,
        ClearNotify,
        DisplayPriNotify,
        ClearPriNotify,
        SetLamp,
        SetRinger,
        StartTone,
        StopTone,
        SetSpeakerMode,
        SetMicroMode,
        SetHookFlashDetect,
        ActivateCallPlane,
        DeactivateCallPlane,
        DialedNumber,
        BackSpaceRes,
        CallSelectStat,
        CallHistoryDisposition,
        RecordingStatus,
        CallCountRes,
        OpenReceiveChannel,
        CloseReceiveChannel,
        StartMediaTransmission,
        StopMediaTransmission,
        StartMediaFailureDetection,
        ConnectionStatisticsReq,
        StartMulticastMediaReception,
        StartMulticastMediaTransmission,
        StopMulticastMediaReception,
        StopMulticastMediaTransmission,
        PortReq,
        PortClose,
        SendDtmfTone,
        SubscribeDtmfPayloadReq,
        UnSubscribeDtmfPayloadReq,
        RegisterAck,
        RegisterReject,
        RegisterTokenAck,
        RegisterTokenReject,
        SpcpRegisterTokenAck,
        SpcpRegisterTokenReject,
        UnregisterAck,
        Reset,
        CapabilitiesReq,
        ButtonTemplate,
        SoftKeyTemplateRes,
        SoftKeySetRes,
        LineStat,
        SpeedDialStat,
        ForwardStat,
        FeatureStat,
        ServiceUrlStat,
        ConfigStat,
        LoadVersion,
        ServerRes,
        DefineTimeDate,
        DisplayText,
        ClearDisplay,
        UserToDeviceData,
        SubscriptionStat,
        Notification,
        CreateConferenceReq,
        DeleteConferenceReq,
        ModifyConferenceReq,
        AddParticipantReq,
        ChangeParticipantReq,
        DropParticipantReq,
        AuditConferenceReq,
        AuditParticipantReq,
        StartAnnouncement,
        StopAnnouncement,
    }
}
