//! How long each body is in each version: what phones of that version expect.

mod support;

use strowger_sccp::{MessageId, Version};
use support::{Either, dialect};

/// From which version on a body has how many bytes, when all that may be left out is there and texts of any length are
/// empty.
type Row = (&'static str, &'static [(u8, usize)]);

const SIZES: &[Row] = &[
    ("KeepAlive", &[(3, 0)]),
    ("Register", &[(3, 172)]),
    ("IpPort", &[(3, 4)]),
    ("KeypadButton", &[(3, 12)]),
    ("EnblocCall", &[(3, 24), (17, 28), (18, 32)]),
    ("Stimulus", &[(3, 16)]),
    ("OffHook", &[(3, 8)]),
    ("OnHook", &[(3, 8)]),
    ("HookFlash", &[(3, 8)]),
    ("ForwardStatReq", &[(3, 4)]),
    ("SpeedDialStatReq", &[(3, 4)]),
    ("LineStatReq", &[(3, 4)]),
    ("ConfigStatReq", &[(3, 0)]),
    ("TimeDateReq", &[(3, 0)]),
    ("ButtonTemplateReq", &[(3, 0)]),
    ("VersionReq", &[(3, 0)]),
    ("CapabilitiesRes", &[(3, 292)]),
    ("MediaPortList", &[(3, 68)]),
    ("ServerReq", &[(3, 0)]),
    ("Alarm", &[(3, 92)]),
    ("MulticastMediaReceptionAck", &[(3, 12)]),
    ("OpenReceiveChannelAck", &[(3, 20), (17, 36)]),
    ("ConnectionStatisticsRes", &[(3, 664), (20, 668), (22, 68)]),
    ("OffHookWithCallingParty", &[(3, 52)]),
    ("SoftKeySetReq", &[(3, 0)]),
    ("SoftKeyEvent", &[(3, 12)]),
    ("Unregister", &[(3, 4)]),
    ("SoftKeyTemplateReq", &[(3, 0)]),
    ("RegisterTokenReq", &[(3, 52)]),
    ("MediaTransmissionFailure", &[(3, 20), (17, 36)]),
    ("HeadsetStatus", &[(3, 4)]),
    ("MediaResourceNotification", &[(3, 16)]),
    ("RegisterAvailableLines", &[(3, 4)]),
    ("DeviceToUserData", &[(3, 20)]),
    ("DeviceToUserDataResponse", &[(3, 20)]),
    ("UpdateCapabilities", &[(3, 1840)]),
    ("ClearConference", &[(3, 8)]),
    ("ServiceUrlStatReq", &[(3, 4)]),
    ("FeatureStatReq", &[(3, 8)]),
    ("CreateConferenceRes", &[(3, 12)]),
    ("DeleteConferenceRes", &[(3, 8)]),
    ("ModifyConferenceRes", &[(3, 12)]),
    ("AddParticipantRes", &[(3, 272)]),
    ("AuditConferenceRes", &[(3, 8)]),
    ("AuditParticipantRes", &[(3, 16)]),
    ("DeviceToUserDataV1", &[(3, 40)]),
    ("DeviceToUserDataResponseV1", &[(3, 40)]),
    ("UpdateCapabilitiesV2", &[(3, 2000)]),
    ("UpdateCapabilitiesV3", &[(3, 2100)]),
    ("PortResponse", &[(3, 24), (17, 40), (19, 44)]),
    ("SubscriptionStatReq", &[(3, 268)]),
    ("MediaPathEvent", &[(3, 12)]),
    ("MediaPathCapability", &[(3, 8)]),
    ("RegisterAck", &[(3, 20)]),
    ("StartTone", &[(3, 16)]),
    ("StopTone", &[(3, 8), (11, 12)]),
    ("SetRinger", &[(3, 16)]),
    ("SetLamp", &[(3, 12)]),
    ("SetHookFlashDetect", &[(3, 0)]),
    ("SetSpeakerMode", &[(3, 4)]),
    ("SetMicroMode", &[(3, 4)]),
    ("StartMediaTransmission", &[(3, 116), (17, 132), (22, 168)]),
    ("StopMediaTransmission", &[(3, 16)]),
    ("CallInfo", &[(3, 384)]),
    ("ForwardStat", &[(3, 92), (18, 96)]),
    ("SpeedDialStat", &[(3, 68)]),
    ("LineStat", &[(3, 112)]),
    ("ConfigStat", &[(3, 112)]),
    ("DefineTimeDate", &[(3, 36)]),
    ("ButtonTemplate", &[(3, 96)]),
    ("Version", &[(3, 16)]),
    ("DisplayText", &[(3, 32)]),
    ("ClearDisplay", &[(3, 0)]),
    ("CapabilitiesReq", &[(3, 0)]),
    ("RegisterReject", &[(3, 36)]),
    ("ServerRes", &[(3, 280), (17, 360)]),
    ("Reset", &[(3, 4)]),
    ("KeepAliveAck", &[(3, 0)]),
    ("StartMulticastMediaReception", &[(3, 36), (17, 52)]),
    ("StartMulticastMediaTransmission", &[(3, 44), (17, 60)]),
    ("StopMulticastMediaReception", &[(3, 12)]),
    ("StopMulticastMediaTransmission", &[(3, 12)]),
    ("OpenReceiveChannel", &[(3, 108), (17, 128), (22, 168)]),
    ("CloseReceiveChannel", &[(3, 16)]),
    ("ConnectionStatisticsReq", &[(3, 32), (19, 36)]),
    ("SoftKeyTemplateRes", &[(3, 652)]),
    ("SoftKeySetRes", &[(3, 780)]),
    ("SelectSoftKeys", &[(3, 16)]),
    ("CallState", &[(3, 24)]),
    ("DisplayPromptStatus", &[(3, 44)]),
    ("ClearPromptStatus", &[(3, 8)]),
    ("DisplayNotify", &[(3, 36)]),
    ("ClearNotify", &[(3, 0)]),
    ("ActivateCallPlane", &[(3, 4)]),
    ("DeactivateCallPlane", &[(3, 0)]),
    ("UnregisterAck", &[(3, 4)]),
    ("BackSpaceRes", &[(3, 8)]),
    ("RegisterTokenAck", &[(3, 0)]),
    ("RegisterTokenReject", &[(3, 4)]),
    ("StartMediaFailureDetection", &[(3, 28)]),
    ("DialedNumber", &[(3, 32), (18, 36)]),
    ("UserToDeviceData", &[(3, 20)]),
    ("FeatureStat", &[(3, 52)]),
    ("DisplayPriNotify", &[(3, 40)]),
    ("ClearPriNotify", &[(3, 4)]),
    ("StartAnnouncement", &[(3, 464)]),
    ("StopAnnouncement", &[(3, 4)]),
    ("AnnouncementFinish", &[(3, 8)]),
    ("NotifyDtmfTone", &[(3, 12)]),
    ("SendDtmfTone", &[(3, 12)]),
    ("SubscribeDtmfPayloadReq", &[(3, 16)]),
    ("SubscribeDtmfPayloadRes", &[(3, 12)]),
    ("SubscribeDtmfPayloadErr", &[(3, 12)]),
    ("UnSubscribeDtmfPayloadReq", &[(3, 16)]),
    ("UnSubscribeDtmfPayloadRes", &[(3, 12)]),
    ("UnSubscribeDtmfPayloadErr", &[(3, 12)]),
    ("ServiceUrlStat", &[(3, 300)]),
    ("CallSelectStat", &[(3, 12)]),
    ("CreateConferenceReq", &[(3, 76)]),
    ("DeleteConferenceReq", &[(3, 4)]),
    ("ModifyConferenceReq", &[(3, 72)]),
    ("AddParticipantReq", &[(3, 108)]),
    ("DropParticipantReq", &[(3, 8)]),
    ("AuditConferenceReq", &[(3, 0)]),
    ("AuditParticipantReq", &[(3, 4)]),
    ("ChangeParticipantReq", &[(3, 108)]),
    ("UserToDeviceDataV1", &[(3, 40)]),
    ("ConfigStatDynamic", &[(3, 36)]),
    ("DisplayDynamicNotify", &[(3, 8)]),
    ("DisplayDynamicPriNotify", &[(3, 12)]),
    ("DisplayDynamicPromptStatus", &[(3, 16)]),
    ("FeatureStatDynamic", &[(3, 136)]),
    ("LineStatDynamic", &[(3, 12)]),
    ("ServiceUrlStatDynamic", &[(3, 8)]),
    ("SpeedDialStatDynamic", &[(3, 8)]),
    ("CallInfoDynamic", &[(3, 44), (16, 48)]),
    ("PortReq", &[(3, 24)]),
    ("PortClose", &[(3, 16)]),
    ("SubscriptionStat", &[(3, 16)]),
    ("Notification", &[(3, 112)]),
    ("StartMediaTransmissionAck", &[(3, 24), (17, 40)]),
    ("CallHistoryDisposition", &[(3, 12)]),
    ("LocationInfo", &[(3, 2404)]),
    ("ExtensionDeviceCaps", &[(3, 164)]),
    ("XmlAlarm", &[(3, 0)]),
    ("CallCountReq", &[(3, 0)]),
    ("CallCountRes", &[(3, 180)]),
    ("RecordingStatus", &[(3, 8)]),
    ("SpcpRegisterTokenReq", &[(3, 36)]),
    ("SpcpRegisterTokenAck", &[(3, 4)]),
    ("SpcpRegisterTokenReject", &[(3, 4)]),
];

fn check(id: MessageId, version: Version, expect: usize) {
    let message = Either::decode(id, &[0; 2_700], dialect(version)).expect("zeros are a message");
    let mut out = Vec::new();
    message.encode_as(id, dialect(version), &mut out);
    assert_eq!(out.len() - 12, expect, "{id} {version:?}");
}

#[test]
fn every_body_is_as_long_as_phones_expect() {
    for id in Either::ids() {
        let row = SIZES.iter().find(|row| Some(row.0) == id.name());
        let (_, sizes) = row.unwrap_or_else(|| panic!("{id} has no size here"));
        for version in Version::all() {
            let size = sizes.iter().rev().find(|size| size.0 <= version.number());
            check(id, version, size.expect("the sizes begin with version 3").1);
        }
    }
    assert_eq!(SIZES.len(), Either::ids().count(), "every size is that of a message");
}

/// Which form phones of each version are told, where there are several.
#[test]
fn a_phone_is_told_the_form_that_its_version_knows() {
    const FORMS: &[(&str, &[(u8, &str)])] = &[
        ("DisplayPromptStatus", &[(3, "DisplayPromptStatus"), (8, "DisplayDynamicPromptStatus")]),
        ("DisplayNotify", &[(3, "DisplayNotify"), (8, "DisplayDynamicNotify")]),
        ("DisplayPriNotify", &[(3, "DisplayPriNotify"), (8, "DisplayDynamicPriNotify")]),
        ("CallInfo", &[(3, "CallInfo"), (8, "CallInfoDynamic")]),
        ("FeatureStat", &[(3, "FeatureStat"), (15, "FeatureStatDynamic")]),
        ("ServiceUrlStat", &[(3, "ServiceUrlStat"), (7, "ServiceUrlStatDynamic")]),
        ("LineStat", &[(3, "LineStat"), (17, "LineStatDynamic")]),
        ("SpeedDialStat", &[(3, "SpeedDialStat")]),
        ("ConfigStat", &[(3, "ConfigStat")]),
    ];
    for (name, forms) in FORMS {
        let id = Either::ids().find(|id| id.name() == Some(name)).expect("a message");
        for version in Version::all() {
            let message = Either::decode(id, &[0; 400], dialect(version)).expect("zeros are a message");
            let expect = forms.iter().rev().find(|form| form.0 <= version.number()).map(|form| form.1);
            assert_eq!(message.id(version).name(), expect, "{name} {version:?}");
        }
    }
}
