//! Keys in the sound of SCCP phones (RFC 4733).

use std::net::SocketAddr;
use std::time::Duration;

use crate::skinny::phone::CONNECTED;
use crate::sound::{KEYS, Packet, SAMPLES};
use crate::world::World;

/// The number that all phones here give to keys in media.
const EVENTS: u8 = 101;
/// Packets of a key, of which the last three say that it is over.
const PACKETS: u16 = 7;

impl World {
    /// Keys are pressed at a phone: where it was told to send them in its sound it does that.
    pub(super) fn station_sounds(&mut self, name: &str, keys: &str) {
        let now = self.now.mono;
        let Some(it) = self.stations.phones.get(name) else { return };
        let talks = |call: &u32| it.phone.calls.get(call).is_some_and(|call| call.state == CONNECTED);
        let Some(stream) = it.phone.streams().into_iter().find(|stream| talks(&stream.call)) else { return };
        let (Some(kind), Some(to)) = (stream.keys, stream.sends_to) else { return };
        let from = SocketAddr::from((it.phone.ip, stream.port));
        let began = (now.as_nanos() / 125_000) as u32;
        let (mut after, mut sequence) = (Duration::ZERO, (now.as_nanos() / 1_000_000_000) as u16 * 100);
        for (place, key) in keys.chars().enumerate() {
            let code = KEYS.find(key).unwrap_or_default() as u8;
            let timestamp = began.wrapping_add(place as u32 * 2_000);
            for part in 1..=PACKETS {
                let end = if part >= PACKETS - 2 { 0x80 } else { 0 };
                let [high, low] = (part.min(PACKETS - 2) * SAMPLES as u16).to_be_bytes();
                let payload = &[code, end | 10, high, low];
                let packet = Packet { kind, sequence, timestamp, source: u32::from(stream.port), payload };
                self.air.send(now + after, from, to, &packet.bytes(part == 1));
                sequence = sequence.wrapping_add(1);
                after += Duration::from_millis(20);
            }
            after += Duration::from_millis(60);
        }
    }

    /// Whether a packet of this payload type is looked at there.
    pub(in crate::world) fn station_listens(&self, to: SocketAddr, kind: u8) -> bool {
        kind == EVENTS
            && self.stations.phones.values().any(|it| to.ip() == SocketAddr::from((it.phone.ip, 0)).ip())
    }

    /// A packet of sound comes.
    pub(in crate::world) fn station_hears(&mut self, to: SocketAddr, bytes: &[u8]) {
        let here = |ip: [u8; 4]| SocketAddr::from((ip, 0)).ip() == to.ip();
        let Some(it) = self.stations.phones.values_mut().find(|it| here(it.phone.ip)) else { return };
        let Some(packet) = Packet::parse(bytes).filter(|packet| packet.kind == EVENTS) else { return };
        let key = packet.payload.first().and_then(|event| KEYS.chars().nth(usize::from(*event)));
        if let Some(key) = key
            && it.events.insert((packet.source, packet.timestamp))
        {
            it.phone.hears_key(to.port(), key);
        }
    }
}
