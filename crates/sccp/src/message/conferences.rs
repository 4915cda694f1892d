//! Conference bridges and other media resources.

use crate::codes::{CallReference, ConferenceId, DeviceType, Restrictions};
use crate::wire::YesNo;
use crate::wire::lists::{Data, List, Slots};
use crate::wire::text::{Fixed, Text};

/// The most conferences or participants that one message lists.
const LISTED: usize = 100;

codes! {
    /// What a resource does with a conference.
    ConferenceKind: u32 {
        CONFERENCE = 0 "conference",
        IVR = 1 "IVR",
    }
}

codes! {
    /// How the making of a conference went.
    CreateResult: u32 {
        OK = 0 "ok",
        NO_RESOURCE = 1 "no resource",
        EXISTS = 2 "conference exists",
        SYSTEM_ERROR = 3 "system error",
    }
}

codes! {
    /// How the change of a conference went.
    ModifyResult: u32 {
        OK = 0 "ok",
        NO_RESOURCE = 1 "no resource",
        NO_CONFERENCE = 2 "no such conference",
        BAD_PARAMETER = 3 "bad parameter",
        MORE_CALLS_THAN_RESERVED = 4 "more calls than reserved",
        BAD_KIND = 5 "bad kind of resource",
        SYSTEM_ERROR = 6 "system error",
    }
}

codes! {
    /// How the end of a conference went.
    DeleteResult: u32 {
        OK = 0 "ok",
        NO_CONFERENCE = 1 "no such conference",
        SYSTEM_ERROR = 2 "system error",
    }
}

codes! {
    /// How the coming of a participant went.
    AddResult: u32 {
        OK = 0 "ok",
        NO_RESOURCE = 1 "no resource",
        NO_CONFERENCE = 2 "no such conference",
        DUPLICATE = 3 "duplicate",
        SYSTEM_ERROR = 4 "system error",
    }
}

message! {
    /// What a media resource has room for now.
    MediaResourceNotification = MEDIA_RESOURCE_NOTIFICATION, needs 8 {
        /// What it is.
        device: DeviceType,
        /// How many streams it can have.
        streams_in_service: u32,
        /// How many a conference can have.
        streams_per_conference: u32,
        /// How many it cannot have though it should.
        streams_out_of_service: u32,
    }
}

message! {
    /// The RTP ports of an old bridge.
    MediaPortList = MEDIA_PORT_LIST, needs 4 {
        /// At most 16.
        ports: Vec<u32> as Slots<16>,
    }
}

message! {
    /// A resource ended a conference.
    ClearConference = CLEAR_CONFERENCE, needs 4 {
        /// Which.
        conference: ConferenceId,
        /// The service that it was for.
        service: u32,
    }
}

message! {
    /// A conference shall be made.
    CreateConferenceReq = CREATE_CONFERENCE_REQ {
        /// By this it is known.
        conference: ConferenceId,
        /// For how many.
        reserved: u32,
        /// What for.
        kind: ConferenceKind,
        /// Which application it belongs to.
        application: u32,
        /// What the application calls it.
        application_conference: Text as Fixed<32>,
        /// What the application has to say of it.
        application_data: Text as Fixed<24>,
        /// What is passed through.
        data: Data,
    }
}

message! {
    /// How it went.
    CreateConferenceRes = CREATE_CONFERENCE_RES, needs 8 {
        /// Which.
        conference: ConferenceId,
        /// How it went.
        result: CreateResult,
        /// What is passed through.
        data: Data,
    }
}

message! {
    /// A conference shall be changed.
    ModifyConferenceReq = MODIFY_CONFERENCE_REQ {
        /// Which.
        conference: ConferenceId,
        /// For how many.
        reserved: u32,
        /// Which application it belongs to.
        application: u32,
        /// What the application calls it.
        application_conference: Text as Fixed<32>,
        /// What the application has to say of it.
        application_data: Text as Fixed<24>,
        /// What is passed through.
        data: Data,
    }
}

message! {
    /// How it went.
    ModifyConferenceRes = MODIFY_CONFERENCE_RES, needs 8 {
        /// Which.
        conference: ConferenceId,
        /// How it went.
        result: ModifyResult,
        /// What is passed through.
        data: Data,
    }
}

message! {
    /// A conference shall end.
    DeleteConferenceReq = DELETE_CONFERENCE_REQ {
        /// Which.
        conference: ConferenceId,
    }
}

message! {
    /// How it went.
    DeleteConferenceRes = DELETE_CONFERENCE_RES, needs 8 {
        /// Which.
        conference: ConferenceId,
        /// How it went.
        result: DeleteResult,
    }
}

record! {
    /// Who takes part.
    Participant {
        /// The conference.
        conference: ConferenceId,
        /// The call.
        call: CallReference,
        /// What of them is not shown.
        restrictions: Restrictions,
        /// Their name.
        name: Text as Fixed<40>,
        /// Their number.
        number: Text as Fixed<24>,
        /// The conference's name.
        conference_name: Text as Fixed<32>,
    }
}

message! {
    /// Somebody comes into a conference.
    AddParticipantReq = ADD_PARTICIPANT_REQ {
        /// Who.
        participant: Participant,
    }
}

message! {
    /// How it went.
    AddParticipantRes = ADD_PARTICIPANT_RES, needs 12 {
        /// The conference.
        conference: ConferenceId,
        /// The call.
        call: CallReference,
        /// How it went.
        result: AddResult,
        /// What the bridge calls the participant.
        bridge_participant: Text as Fixed<257>,
    }
}

message! {
    /// Somebody in a conference is shown otherwise.
    ChangeParticipantReq = CHANGE_PARTICIPANT_REQ {
        /// Who.
        participant: Participant,
    }
}

message! {
    /// Somebody leaves a conference. There is no answer.
    DropParticipantReq = DROP_PARTICIPANT_REQ {
        /// The conference.
        conference: ConferenceId,
        /// The call.
        call: CallReference,
    }
}

message! {
    /// Which conferences are there?
    AuditConferenceReq = AUDIT_CONFERENCE_REQ;
}

record! {
    /// A conference of a bridge.
    AuditedConference {
        /// By this it is known.
        conference: ConferenceId,
        /// What for.
        kind: ConferenceKind,
        /// For how many.
        reserved: u32,
        /// How many take part.
        active: u32,
        /// Which application it belongs to.
        application: u32,
        /// What the application calls it.
        application_conference: Text as Fixed<32>,
        /// What the application has to say of it.
        application_data: Text as Fixed<24>,
    }
}

message! {
    /// The conferences of a bridge.
    AuditConferenceRes = AUDIT_CONFERENCE_RES, needs 8 {
        /// Whether no other message follows.
        last: bool as YesNo,
        /// At most 100.
        conferences: Vec<AuditedConference> as List<LISTED>,
    }
}

message! {
    /// Who takes part in this conference?
    AuditParticipantReq = AUDIT_PARTICIPANT_REQ {
        /// Which.
        conference: ConferenceId,
    }
}

message! {
    /// Who takes part in a conference.
    AuditParticipantRes = AUDIT_PARTICIPANT_RES, needs 16 {
        /// 0 when there is such a conference.
        result: u32,
        /// Whether no other message follows.
        last: bool as YesNo,
        /// Which.
        conference: ConferenceId,
        /// Their calls; at most 100.
        calls: Vec<CallReference> as List<LISTED>,
    }
}
