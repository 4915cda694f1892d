//! Messages without the keys that are in them: what stands in the journal is read by more people than may decrypt a call.

use std::sync::LazyLock;

use memchr::memmem::Finder;

/// Appends `message` with stars in place of all keys of SRTP (`a=crypto`, RFC 4568) and of the older line `k=`; appends nothing
/// when there are none. Its length stays.
pub(crate) fn write(message: &[u8], out: &mut Vec<u8>) {
    // Most messages have no body: one search instead of two.
    if HEAD_END.find(message).is_some_and(|end| end + 4 == message.len()) {
        return;
    }
    let start = out.len();
    for finder in [&*CRYPTO_LINES, &*KEY_LINES] {
        let prefix = finder.needle();
        let begun = out.len() > start;
        let text = if begun { out.get(start..).unwrap_or_default() } else { message };
        // Where the secret part of each line is.
        let found = finder.find_iter(text).map(|at| {
            let rest = text.get(at + prefix.len()..).unwrap_or_default();
            let line = rest.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
            // Tag and suite are told; what follows them is not, whatever it is.
            let told = if prefix.ends_with(b":") { told(line) } else { 0 };
            at + prefix.len() + told..at + prefix.len() + line.len()
        });
        let found: Vec<_> = found.collect();
        if !found.is_empty() && !begun {
            out.extend_from_slice(message);
        }
        for range in found {
            out.get_mut(start + range.start..start + range.end).unwrap_or_default().fill(b'*');
        }
    }
}

/// Bytes of the first two fields with what separates them from the third.
fn told(line: &[u8]) -> usize {
    let mut spaces = line.iter().enumerate().filter(|(_, byte)| **byte == b' ');
    spaces.nth(1).map_or(0, |(at, _)| at + 1)
}

// Prepared once: to prepare a search costs as much as the search through a message.
static HEAD_END: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(b"\r\n\r\n"));
static CRYPTO_LINES: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(b"\na=crypto:"));
static KEY_LINES: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(b"\nk="));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_starred_and_nothing_else() {
        let check = |message: &str, expect: &str| {
            let mut out = b"before".to_vec();
            write(message.as_bytes(), &mut out);
            assert_eq!(String::from_utf8_lossy(&out), format!("before{expect}"));
        };
        check("INVITE sip:a SIP/2.0\r\n\r\nv=0\r\na=rtpmap:0 PCMU/8000\r\n", "");
        check(
            "SIP/2.0 200 OK\r\n\r\nv=0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AbC/+9|2^20\r\na=crypto:2 X inline:YY KDR=1\r\na=x\r\n",
            "SIP/2.0 200 OK\r\n\r\nv=0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 ******************\r\na=crypto:2 X ***************\r\na=x\r\n",
        );
        check("INVITE sip:a SIP/2.0\r\na=crypto:1 X of a header\r\n\r\n", "");
        check("INVITE sip:a SIP/2.0\r\n\r\nk=a\r\n\r\n", "INVITE sip:a SIP/2.0\r\n\r\nk=*\r\n\r\n");
        check("x\n\nk=base64:AAAA\na=crypto:nonsense", "x\n\nk=***********\na=crypto:********");
    }
}
