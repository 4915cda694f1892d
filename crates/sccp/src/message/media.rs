//! Media: what a station receives, what it sends, and where.

use std::fmt;
use std::time::Duration;

use strowger_base::Secret;

use crate::codes::{AddressType, CallReference, Codec, ConferenceId, MediaStatus, PartyId, SrtpAlgorithm};
use crate::wire::address::Address;
use crate::wire::{InWord, Milliseconds, Reader, Wire, Writer, YesNo};

message! {
    /// A station shall open a port and tell which. The sender of what it will hear need not be known:
    /// 0.0.0.0 and port 0 is what all phones accept.
    OpenReceiveChannel = OPEN_RECEIVE_CHANNEL {
        /// The conference.
        conference: ConferenceId,
        /// The party.
        party: PartyId,
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
        /// How it is encrypted.
        encryption: Encryption,
        /// The stream.
        stream: u32,
        /// The stream that belongs to it.
        associated_stream: u32,
        /// The payload type of keys in RTP (RFC 4733); 0 for none.
        event_payload: u32,
        /// How keys are sent: 10.
        event_kind: u32,
        /// How it is mixed.
        mixing_mode: u32,
        /// 1 to receive.
        direction: u32,
        /// Who will send.
        source: Address,
        /// From which port.
        source_port: u32,
        /// The kind of address to open.
        [17..] address_type: AddressType,
        /// How loud.
        [22..] audio_level: u32,
        /// Fax and modem.
        [22..] latent: LatentCapabilities,
    }
}

message! {
    /// Which port a station opened, or why none.
    OpenReceiveChannelAck = OPEN_RECEIVE_CHANNEL_ACK, needs 16 {
        /// How it went.
        status: MediaStatus,
        /// The address.
        address: Address,
        /// The port.
        port: u32,
        /// The party: by this it belongs to what was asked for.
        party: PartyId,
        /// The call; `None` of old loads.
        call: Option<CallReference>,
    }
}

message! {
    /// A station shall send.
    StartMediaTransmission = START_MEDIA_TRANSMISSION {
        /// The conference.
        conference: ConferenceId,
        /// The party.
        party: PartyId,
        /// Where to.
        address: Address,
        /// To which port.
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
        /// How it is encrypted.
        encryption: Encryption,
        /// The stream.
        stream: u32,
        /// The stream that belongs to it.
        associated_stream: u32,
        /// The payload type of keys in RTP (RFC 4733); 0 for none.
        event_payload: u32,
        /// How keys are sent: 10.
        event_kind: u32,
        /// How it is mixed.
        mixing_mode: u32,
        /// 2 to send.
        direction: u32,
        /// Fax and modem.
        [22..] latent: LatentCapabilities,
    }
}

message! {
    /// A station sends, or why not. Old phones do not say so.
    StartMediaTransmissionAck = START_MEDIA_TRANSMISSION_ACK, needs 24 {
        /// The conference.
        conference: ConferenceId,
        /// The party.
        party: PartyId,
        /// The call.
        call: CallReference,
        /// From which address.
        address: Address,
        /// From which port.
        port: u32,
        /// How it went.
        status: MediaStatus,
    }
}

record! {
    /// The keys of encrypted media: a station that receives gets those of the sender.
    Encryption {
        /// How it is encrypted.
        algorithm: SrtpAlgorithm,
        /// Bytes of the key.
        key_length: u16,
        /// Bytes of the salt.
        salt_length: u16,
        /// The key.
        key: SrtpKey,
        /// The salt.
        salt: SrtpKey,
        /// Whether packets name the key.
        key_named: bool as YesNo,
        /// How often keys are derived anew.
        key_derivation_rate: u32,
    }
}

/// Room for a key or a salt. It is not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct SrtpKey(pub Secret<[u8; 16]>);

impl Default for SrtpKey {
    fn default() -> Self {
        SrtpKey(Secret::new([0; 16]))
    }
}

impl fmt::Debug for SrtpKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self.0.expose() == [0; 16] { "none" } else { "***" })
    }
}

impl Wire for SrtpKey {
    fn read(from: &mut Reader<'_>) -> Self {
        SrtpKey(Secret::new(Wire::read(from)))
    }

    fn write(&self, to: &mut Writer<'_>) {
        self.0.expose().write(to);
    }
}

record! {
    /// What a channel carries beside voice when a fax or a modem is heard.
    LatentCapabilities {
        /// 1 when anything of this counts.
        active: u32,
        /// Modem relay.
        modem_relay: [u32; 2],
        /// Simple packet relay transport.
        sprt: [u16; 4],
        /// State signalling events.
        sse: [u32; 2],
        /// Payload types.
        payloads: [u8; 8],
    }
}

message! {
    /// A station shall close the port that it opened for a party.
    CloseReceiveChannel = CLOSE_RECEIVE_CHANNEL {
        /// The conference.
        conference: ConferenceId,
        /// The party.
        party: PartyId,
        /// The call.
        call: CallReference,
        /// 1 to keep the port for later.
        port_handling: u32,
    }
}

message! {
    /// A station shall stop sending to a party.
    StopMediaTransmission = STOP_MEDIA_TRANSMISSION {
        /// The conference.
        conference: ConferenceId,
        /// The party.
        party: PartyId,
        /// The call.
        call: CallReference,
        /// 1 to keep the port for later.
        port_handling: u32,
    }
}

message! {
    /// A station cannot send any more.
    MediaTransmissionFailure = MEDIA_TRANSMISSION_FAILURE, needs 8 {
        /// The conference.
        conference: ConferenceId,
        /// The party.
        party: PartyId,
        /// Where to.
        address: Address,
        /// To which port.
        port: u32,
        /// The call.
        call: CallReference,
    }
}

message! {
    /// A station shall tell when it no longer hears a party.
    StartMediaFailureDetection = START_MEDIA_FAILURE_DETECTION {
        /// The conference.
        conference: ConferenceId,
        /// The party.
        party: PartyId,
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
