//! What a server says before anything is encrypted: its identification and its lists of algorithms.
//!
//! The library tells at most one list when two sides have nothing in common. So we keep the first bytes that the server sent, on the very
//! connection that failed (behind one address there may be several servers), and read them ourselves.

use crate::algorithms::{Offer, is_announcement};

/// The first bytes of a server, read.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Greeting {
    /// `SSH-2.0-…`, when it came (RFC 4253 §4.2).
    pub(crate) identification: Option<String>,
    /// Its lists, when they came.
    pub(crate) offer: Option<Offer>,
    /// The first line when it is no identification: perhaps this is no SSH server, or it says why it does not want us.
    pub(crate) other: Option<String>,
}

/// Reads what was heard; what is missing or broken is left out.
#[must_use]
pub(crate) fn read(heard: &[u8]) -> Greeting {
    let mut greeting = Greeting::default();
    let mut rest = heard;
    // Other lines may come before the identification: RFC 4253 §4.2.
    for _ in 0..LINES_MAX {
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
            if greeting.other.is_none() && !rest.is_empty() {
                greeting.other = Some(printable(rest));
            }
            return greeting;
        };
        let (line, after) = rest.split_at(end);
        rest = after.get(1..).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.starts_with(b"SSH-") {
            greeting.identification = Some(printable(line));
            greeting.offer = key_exchange_init(rest);
            return greeting;
        }
        greeting.other.get_or_insert_with(|| printable(line));
    }
    greeting
}

/// The lists of a binary packet with `SSH_MSG_KEXINIT`: RFC 4253 §6 and §7.1.
fn key_exchange_init(packet: &[u8]) -> Option<Offer> {
    let (length, rest) = word(packet)?;
    let packet = rest.get(..length)?;
    let (&padding, rest) = packet.split_first()?;
    let payload = rest.get(..rest.len().checked_sub(usize::from(padding))?)?;
    let (&message, rest) = payload.split_first()?;
    if message != SSH_MSG_KEXINIT {
        return None;
    }
    let mut rest = rest.get(COOKIE_BYTES..)?;
    let mut next = || {
        let (length, after) = word(rest)?;
        let list = after.get(..length)?;
        rest = after.get(length..)?;
        let names = list.split(|byte| *byte == b',').filter(|name| !name.is_empty());
        Some(names.take(NAMES_MAX).map(printable).collect::<Vec<_>>())
    };
    let mut offer = Offer {
        key_exchange: next()?,
        host_key: next()?,
        cipher_to_server: next()?,
        cipher_to_client: next()?,
        mac_to_server: next()?,
        mac_to_client: next()?,
        compression_to_server: next()?,
        compression_to_client: next()?,
    };
    offer.key_exchange.retain(|name| !is_announcement(name));
    Some(offer)
}

fn word(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (number, rest) = bytes.split_first_chunk::<4>()?;
    Some((usize::try_from(u32::from_be_bytes(*number)).ok()?, rest))
}

/// ASCII that can be printed, at most 255 characters.
pub(crate) fn printable(bytes: &[u8]) -> String {
    let shown = |byte: &u8| if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '?' };
    bytes.iter().take(255).map(shown).collect()
}

/// Lines before the identification that are read.
const LINES_MAX: usize = 20;
/// Names of one list that are kept.
const NAMES_MAX: usize = 128;
const SSH_MSG_KEXINIT: u8 = 20;
const COOKIE_BYTES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(lists: &[&str]) -> Vec<u8> {
        let mut payload = vec![SSH_MSG_KEXINIT];
        payload.extend([7; COOKIE_BYTES]);
        for list in lists {
            payload.extend(u32::try_from(list.len()).expect("short").to_be_bytes());
            payload.extend(list.as_bytes());
        }
        payload.extend([0; 5]);
        let mut packet = u32::try_from(payload.len() + 5).expect("short").to_be_bytes().to_vec();
        packet.push(4);
        packet.extend(payload);
        packet.extend([0; 4]);
        packet
    }

    fn heard() -> Vec<u8> {
        let mut heard = b"welcome\r\nSSH-2.0-OpenSSH_9.2p1 Debian\r\n".to_vec();
        let lists = [
            "ecdh-x,kex-strict-s-v00@openssh.com",
            "ssh-dss",
            "a,b",
            "c",
            "d",
            "",
            "none",
            "none,zlib",
            "",
            "",
        ];
        heard.extend(packet(&lists));
        heard
    }

    #[test]
    fn lists_are_read() {
        let greeting = read(&heard());
        assert_eq!(greeting.identification.as_deref(), Some("SSH-2.0-OpenSSH_9.2p1 Debian"));
        assert_eq!(greeting.other.as_deref(), Some("welcome"));
        let offer = greeting.offer.expect("lists");
        assert_eq!(offer.key_exchange, ["ecdh-x"]);
        assert_eq!(offer.cipher_to_server, ["a", "b"]);
        assert_eq!(offer.cipher_to_client, ["c"]);
        assert!(offer.mac_to_client.is_empty());
        assert_eq!(offer.compression_to_client, ["none", "zlib"]);
    }

    #[test]
    fn what_is_cut_or_wrong_is_left_out() {
        let whole = heard();
        for end in 0..whole.len() {
            assert_eq!(read(&whole[..end]).offer, None, "{end}");
        }
        let ftp = read(b"220 ready\r\n");
        assert_eq!((ftp.identification, ftp.other.as_deref()), (None, Some("220 ready")));
        assert_eq!(read(b"Not allowed at this time").other.as_deref(), Some("Not allowed at this time"));
        assert_eq!(read(b"\x16\x03\x01\n").other.as_deref(), Some("???"));
        // Lengths that lie.
        for lie in [[0xff; 4], [0, 0, 0, 1], [0, 0, 0, 0]] {
            let mut bytes = b"SSH-2.0-x\n".to_vec();
            bytes.extend(lie);
            bytes.extend([0xff; 64]);
            assert_eq!(read(&bytes).offer, None);
        }
    }
}
