//! Ports before there is media: a station can be asked for its port while no codec is chosen yet.

use crate::codes::{AddressType, CallReference, ConferenceId, PartyId};
use crate::wire::address::Address;

codes! {
    /// What a port is for.
    Transport: u32 {
        RTP = 1 "RTP",
        UDP = 2 "UDP",
        TCP = 3 "TCP",
    }
}

message! {
    /// Which port would you use? The last two words came with version 19; older phones pass over them.
    PortReq = PORT_REQ {
        /// The conference.
        conference: ConferenceId,
        /// The call.
        call: CallReference,
        /// The party.
        party: PartyId,
        /// What for.
        transport: Transport,
        /// The kind of address.
        address_type: AddressType,
        /// 1 for audio.
        media_type: u32,
    }
}

message! {
    /// The ports that a station would use.
    PortResponse = PORT_RESPONSE, needs 24 {
        /// The conference.
        conference: ConferenceId,
        /// The call.
        call: CallReference,
        /// The party.
        party: PartyId,
        /// The address.
        address: Address,
        /// The port for RTP.
        rtp_port: u32,
        /// The port for RTCP.
        rtcp_port: u32,
        /// 1 for audio.
        [19..] media_type: u32,
    }
}

message! {
    /// The port is not needed any more. The last word came with version 19; older phones pass over it.
    PortClose = PORT_CLOSE {
        /// The conference.
        conference: ConferenceId,
        /// The call.
        call: CallReference,
        /// The party.
        party: PartyId,
        /// 1 for audio.
        media_type: u32,
    }
}
