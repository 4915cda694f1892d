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
}

impl Protection {
    /// Protection by these keys, or by none. A direction whose key stays goes on where it is: indexes are never used
    /// twice with a key (RFC 3711 §9.1).
    pub fn change(&mut self, keys: Option<&SrtpKeys>) {
        let before = std::mem::take(self);
        let Some(keys) = keys else { return };
        let (send, receive) = match before {
            Protection::None => (None, None),
            Protection::Srtp(contexts) => (Some(contexts.send), Some(contexts.receive)),
        };
        let send = send.filter(|context| *context.material() == keys.send);
        let receive = receive.filter(|context| *context.material() == keys.receive);
        *self = Protection::Srtp(Box::new(Contexts {
            send: send.unwrap_or_else(|| Protector::new(keys.send.clone())),
            receive: receive.unwrap_or_else(|| Unprotector::new(keys.receive.clone())),
        }));
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
        let opened = if rtp::is_rtcp(datagram) {
            contexts.receive.rtcp(scratch)
        } else {
            contexts.receive.rtp(scratch)
        };
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
