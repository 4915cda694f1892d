//! What the journal keeps of a message when it is to keep little.

use strowger_sip::message::{HeaderName, Message};

/// Writes first line, Call-ID and CSeq, each as it was: enough to draw a ladder and to find the message elsewhere.
pub(crate) fn write(message: &[u8], out: &mut Vec<u8>) {
    // Of a message of SCCP version and name alone: what follows them may be what was dialled.
    if message.starts_with(b"SCCP/") {
        let words = message.split(|byte| matches!(byte, b' ' | b'\r')).take(2);
        out.extend_from_slice(&words.collect::<Vec<_>>().join(&b' '));
        return out.extend_from_slice(b"\r\n");
    }
    let end = message.iter().position(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(message.len());
    out.extend_from_slice(message.get(..end).unwrap_or_default());
    out.extend_from_slice(b"\r\n");
    // What cannot be read was answered without its headers, too.
    if let Ok(parsed) = Message::parse(message) {
        for (name, header) in [(HeaderName::CallId, "Call-ID: "), (HeaderName::CSeq, "CSeq: ")] {
            if let Some(value) = parsed.first(name) {
                out.extend_from_slice(header.as_bytes());
                out.extend_from_slice(value);
                out.extend_from_slice(b"\r\n");
            }
        }
    }
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_has_the_ids_and_nothing_else() {
        let check = |message: &str, expect: &str| {
            let mut out = Vec::new();
            write(message.as_bytes(), &mut out);
            assert_eq!(String::from_utf8_lossy(&out), expect);
        };
        check(
            "INVITE sip:1002@pbx SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: \"Alice\" <sip:1001@pbx>;tag=a\r\n\
             To: <sip:1002@pbx>\r\ni: c1@192.0.2.1\r\nCSeq: 7  INVITE\r\nMax-Forwards: 70\r\n\
             Authorization: Digest response=\"0123\"\r\nContent-Length: 3\r\n\r\nv=0",
            "INVITE sip:1002@pbx SIP/2.0\r\nCall-ID: c1@192.0.2.1\r\nCSeq: 7  INVITE\r\n\r\n",
        );
        check("SIP/2.0 200 OK\r\n\r\n", "SIP/2.0 200 OK\r\n\r\n");
        check("not SIP", "not SIP\r\n\r\n");
        check("", "\r\n\r\n");
        check("SCCP/17 EnblocCall 1002\r\nnumber: 1002\r\n", "SCCP/17 EnblocCall\r\n");
        check("SCCP/17 OffHook\r\nof: None\r\n", "SCCP/17 OffHook\r\n");
    }
}
