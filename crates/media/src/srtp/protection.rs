//! What an endpoint or a side of a relay does with packets because of keys.

use super::{Failure, Protector, SrtpKeys, Unprotector};
use crate::rtp;

/// How the packets between us and one peer are protected.
#[derive(Debug, Default)]
pub enum Protection {
    /// Not at all, or by keys that we have no business to know: they pass as they are.
    #[default]
    None,
    /// SRTP and SRTCP.
    Srtp(Box<Contexts>),
}

/// Both directions.
#[derive(Debug)]
pub struct Contexts {
    send: Protector,
    receive: Unprotector,
    /// The key before, for packets that were on their way when it changed.
    former: Option<Former>,
}

#[derive(Debug)]
struct Former {
    receive: Unprotector,
    /// Packets of the new key after which no more of this one are expected.
    new: u8,
    /// Packets of this key that are still taken.
    old: u8,
}

impl Contexts {
    /// Goes on receiving a source where it is.
    #[cfg(test)]
    pub(super) fn resume_receiving(&mut self, state: super::StreamState) {
        self.receive.resume(state);
    }
}

impl Protection {
    /// Protection by these keys, or by none. A direction whose key stays goes on where it is: indexes are never used
    /// twice with a key (RFC 3711 §9.1).
    pub fn change(&mut self, keys: Option<&SrtpKeys>) {
        let before = std::mem::take(self);
        let Some(keys) = keys else { return };
        let mut next = Contexts {
            send: Protector::new(keys.send.clone()),
            receive: Unprotector::new(keys.receive.clone()),
            former: None,
        };
        if let Protection::Srtp(before) = before {
            if *before.send.material() == keys.send {
                next.send = before.send;
            }
            if *before.receive.material() == keys.receive {
                (next.receive, next.former) = (before.receive, before.former);
            } else {
                next.receive = before.receive.following(keys.receive.clone());
                next.former =
                    Some(Former { receive: before.receive, new: FORMER_PACKETS, old: FORMER_PACKETS });
            }
        }
        *self = Protection::Srtp(Box::new(next));
    }

    /// What a datagram of the peer says: itself, or what is left in `scratch` when it was opened.
    ///
    /// # Errors
    /// When it is not from who has the key, or was there before.
    pub fn open<'b>(&mut self, datagram: &'b [u8], scratch: &'b mut Vec<u8>) -> Result<&'b [u8], Failure> {
        let contexts = match self {
            Protection::None => return Ok(datagram),
            Protection::Srtp(contexts) => contexts,
        };
        scratch.clear();
        scratch.extend_from_slice(datagram);
        let opened = open(&mut contexts.receive, datagram, scratch);
        let Some(former) = &mut contexts.former else {
            return opened.map(|length| scratch.get(..length).unwrap_or_default());
        };
        let opened = match opened {
            Err(Failure::NotAuthentic | Failure::OtherKey) => {
                scratch.clear();
                scratch.extend_from_slice(datagram);
                open(&mut former.receive, datagram, scratch).inspect(|_| former.old -= 1)
            }
            opened => opened.inspect(|_| former.new -= 1),
        };
        if former.new == 0 || former.old == 0 {
            contexts.former = None;
        }
        opened.map(|length| scratch.get(..length).unwrap_or_default())
    }

    /// Whether a packet of a source is older than any that may still come, so that it cannot be sent.
    pub(crate) fn is_behind(&self, ssrc: u32, sequence: u16) -> bool {
        match self {
            Protection::None => false,
            Protection::Srtp(contexts) => contexts.send.is_behind(ssrc, sequence),
        }
    }

    /// Whether a source has been sent with the key.
    pub(crate) fn knows(&self, ssrc: u32) -> bool {
        match self {
            Protection::None => false,
            Protection::Srtp(contexts) => contexts.send.knows(ssrc),
        }
    }

    /// Protects what stands at the end of a buffer, from `start` on, for the peer.
    ///
    /// # Errors
    /// When it cannot be sent with this key: nothing stands there any more.
    pub fn seal(&mut self, buffer: &mut Vec<u8>, start: usize) -> Result<(), Failure> {
        let contexts = match self {
            Protection::None => return Ok(()),
            Protection::Srtp(contexts) => contexts,
        };
        let sealed = if rtp::is_rtcp(buffer.get(start..).unwrap_or_default()) {
            contexts.send.rtcp(buffer, start)
        } else {
            contexts.send.rtp(buffer, start)
        };
        if sealed.is_err() {
            buffer.truncate(start);
        }
        sealed
    }
}

fn open(receive: &mut Unprotector, datagram: &[u8], packet: &mut [u8]) -> Result<usize, Failure> {
    if rtp::is_rtcp(datagram) { receive.rtcp(packet) } else { receive.rtp(packet) }
}

/// About a second of speech: the new key is in use then, and whoever has but the old one is heard no longer.
const FORMER_PACKETS: u8 = 50;
