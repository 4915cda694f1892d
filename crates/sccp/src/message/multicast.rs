//! Media that many hear: paging, and music on hold for all.

use std::time::Duration;

use crate::codes::{CallReference, Codec, ConferenceId, MediaStatus, PartyId};
use crate::wire::address::Address;
use crate::wire::{InWord, Milliseconds, YesNo};

message! {
    /// A station shall listen to a group.
    StartMulticastMediaReception = START_MULTICAST_MEDIA_RECEPTION {
        /// The conference.
        conference: ConferenceId,
        /// The party.
        party: PartyId,
        /// The group.
        group: Address,
        /// Its port.
        port: u32,
        /// How much a packet has.
        packet: Duration as Milliseconds,
        /// The codec.
        codec: Codec,
        /// Whether echo is cancelled.
        echo_cancellation: bool as YesNo,
        /// The bit rate of G.723.1, or what else belongs to the codec.
        codec_parameters: [u8; 4],
        /// The call.
        call: CallReference,
    }
}

message! {
    /// Whether a station listens.
    MulticastMediaReceptionAck = MULTICAST_MEDIA_RECEPTION_ACK, needs 8 {
        /// How it went.
        status: MediaStatus,
        /// The party.
        party: PartyId,
        /// The call.
        call: CallReference,
    }
}

message! {
    /// A station shall send to a group.
    StartMulticastMediaTransmission = START_MULTICAST_MEDIA_TRANSMISSION {
        /// The conference.
        conference: ConferenceId,
        /// The party.
        party: PartyId,
        /// The group.
        group: Address,
        /// Its port.
        port: u32,
        /// How much a packet has.
        packet: Duration as Milliseconds,
        /// The codec.
        codec: Codec,
        /// The byte of the IP header that tells precedence: 184 is expedited forwarding.
        type_of_service: u32,
        /// Whether silence is left out.
        silence_suppression: bool as YesNo,
        /// How many frames a packet has at most; 0 is whatever.
        frames_max: u16 as InWord,
        /// The bit rate of G.723.1, or what else belongs to the codec.
        codec_parameters: [u8; 4],
        /// The call.
        call: CallReference,
    }
}

message! {
    /// A station shall no longer listen.
    StopMulticastMediaReception = STOP_MULTICAST_MEDIA_RECEPTION {
        /// The conference.
        conference: ConferenceId,
        /// The party.
        party: PartyId,
        /// The call.
        call: CallReference,
    }
}

message! {
    /// A station shall no longer send.
    StopMulticastMediaTransmission = STOP_MULTICAST_MEDIA_TRANSMISSION {
        /// The conference.
        conference: ConferenceId,
        /// The party.
        party: PartyId,
        /// The call.
        call: CallReference,
    }
}
