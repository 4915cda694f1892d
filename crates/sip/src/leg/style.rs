//! How a phone lets its user know of a call, as headers of the INVITE.
//!
//! Where RFC 7462 §9 has a word it is used. For the rest no standard says how; these are the words that phones of most makers understand
//! (RFC 3261 §20.4 leaves them open).

use strowger_base::leg::{Answering, RingSound, RingStyle};

use crate::write::decimal;

/// Writes `Alert-Info` and `Call-Info`; nothing for a phone that rings as it always does.
pub(super) fn write_style(style: RingStyle, host: &str, out: &mut Vec<u8>) {
    match style.sound {
        RingSound::Usual | RingSound::Outside => {}
        RingSound::Distinctive(which) => {
            out.extend_from_slice(b"Alert-Info: <file://Bellcore-dr");
            decimal(out, u64::from(which));
            out.extend_from_slice(b"/>\r\n");
        }
        RingSound::Once => out.extend_from_slice(b"Alert-Info: <urn:alert:duration:short>\r\n"),
        RingSound::CallWaiting => {
            out.extend_from_slice(b"Alert-Info: <urn:alert:service:call-waiting>\r\n");
        }
        RingSound::Silent => out.extend_from_slice(b"Alert-Info: <file://Flashonly-Ring/>\r\n"),
    }
    let into = match style.answer {
        Answering::User => return,
        Answering::Headset => &b";intercom=headset"[..],
        Answering::Loudspeaker => b"",
    };
    // The first is what Snom, Grandstream and baresip obey, the second what Yealink and Polycom do.
    out.extend_from_slice(b"Call-Info: <sip:");
    out.extend_from_slice(host.as_bytes());
    out.extend_from_slice(b">;answer-after=0");
    out.extend_from_slice(into);
    out.extend_from_slice(b"\r\nAlert-Info: <http://");
    out.extend_from_slice(host.as_bytes());
    out.extend_from_slice(b">;info=alert-autoanswer;delay=0\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_style_is_words_that_phones_know() {
        let check = |sound, answer, expect: &str| {
            let mut out = Vec::new();
            write_style(RingStyle { sound, answer, ..RingStyle::default() }, "pbx.example", &mut out);
            assert_eq!(std::str::from_utf8(&out), Ok(expect), "{sound:?} {answer:?}");
        };
        check(RingSound::Usual, Answering::User, "");
        check(RingSound::Distinctive(3), Answering::User, "Alert-Info: <file://Bellcore-dr3/>\r\n");
        check(RingSound::Once, Answering::User, "Alert-Info: <urn:alert:duration:short>\r\n");
        check(RingSound::CallWaiting, Answering::User, "Alert-Info: <urn:alert:service:call-waiting>\r\n");
        check(RingSound::Silent, Answering::User, "Alert-Info: <file://Flashonly-Ring/>\r\n");
        check(
            RingSound::Usual,
            Answering::Loudspeaker,
            "Call-Info: <sip:pbx.example>;answer-after=0\r\n\
             Alert-Info: <http://pbx.example>;info=alert-autoanswer;delay=0\r\n",
        );
        check(
            RingSound::Distinctive(1),
            Answering::Headset,
            "Alert-Info: <file://Bellcore-dr1/>\r\n\
             Call-Info: <sip:pbx.example>;answer-after=0;intercom=headset\r\n\
             Alert-Info: <http://pbx.example>;info=alert-autoanswer;delay=0\r\n",
        );
    }
}
