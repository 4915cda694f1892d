//! Keys that are pressed in a call, where stations tell them beside media.

use crate::codes::{ConferenceId, PartyId, Tone};

message! {
    /// A station heard a key, in RTP or as a tone.
    NotifyDtmfTone = NOTIFY_DTMF_TONE, needs 12 {
        /// Which.
        tone: Tone,
        /// The conference.
        conference: ConferenceId,
        /// The party.
        party: PartyId,
    }
}

message! {
    /// A station shall send a key.
    SendDtmfTone = SEND_DTMF_TONE {
        /// Which.
        tone: Tone,
        /// The conference.
        conference: ConferenceId,
        /// The party.
        party: PartyId,
    }
}

message! {
    /// A station shall tell the keys that it hears in RTP.
    SubscribeDtmfPayloadReq = SUBSCRIBE_DTMF_PAYLOAD_REQ {
        /// The payload type of keys.
        payload: u32,
        /// The conference.
        conference: ConferenceId,
        /// The party.
        party: PartyId,
        /// How keys are sent: 10.
        kind: u32,
    }
}

message! {
    /// It will.
    SubscribeDtmfPayloadRes = SUBSCRIBE_DTMF_PAYLOAD_RES {
        /// The payload type of keys.
        payload: u32,
        /// The conference.
        conference: ConferenceId,
        /// The party.
        party: PartyId,
    }
}

message! {
    /// It cannot.
    SubscribeDtmfPayloadErr = SUBSCRIBE_DTMF_PAYLOAD_ERR {
        /// The payload type of keys.
        payload: u32,
        /// The conference.
        conference: ConferenceId,
        /// The party.
        party: PartyId,
    }
}

message! {
    /// A station need not tell the keys any more.
    UnSubscribeDtmfPayloadReq = UN_SUBSCRIBE_DTMF_PAYLOAD_REQ {
        /// The payload type of keys.
        payload: u32,
        /// The conference.
        conference: ConferenceId,
        /// The party.
        party: PartyId,
        /// How keys are sent: 10.
        kind: u32,
    }
}

message! {
    /// It will not.
    UnSubscribeDtmfPayloadRes = UN_SUBSCRIBE_DTMF_PAYLOAD_RES {
        /// The payload type of keys.
        payload: u32,
        /// The conference.
        conference: ConferenceId,
        /// The party.
        party: PartyId,
    }
}

message! {
    /// It was not asked to.
    UnSubscribeDtmfPayloadErr = UN_SUBSCRIBE_DTMF_PAYLOAD_ERR {
        /// The payload type of keys.
        payload: u32,
        /// The conference.
        conference: ConferenceId,
        /// The party.
        party: PartyId,
    }
}
