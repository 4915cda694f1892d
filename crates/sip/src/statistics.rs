//! How a call sounded, as phones say it when it ends: the header P-RTP-Stat of Cisco's phones, in a BYE or in the response to one.

use crate::message::Message;

/// What a phone counted of the media of its call.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct RtpStatistics {
    /// Packets that it sent (PS).
    pub packets_sent: u32,
    /// Bytes of them (OS).
    pub octets_sent: u32,
    /// Packets that it got (PR).
    pub packets_received: u32,
    /// Bytes of them (OR).
    pub octets_received: u32,
    /// Packets that it missed (PL).
    pub packets_lost: u32,
    /// Interarrival jitter in milliseconds (JI).
    pub jitter_ms: u32,
    /// Delay in milliseconds (LA).
    pub latency_ms: u32,
}

impl RtpStatistics {
    /// What a message says of it; `None` when it says nothing. What cannot be read counts as 0.
    pub(crate) fn of(message: &Message<'_>) -> Option<Self> {
        let header = message.headers().find(|header| header.raw_name.eq_ignore_ascii_case(b"P-RTP-Stat"))?;
        let mut statistics = RtpStatistics::default();
        let mut said = false;
        for pair in header.value.split(|byte| *byte == b',') {
            let Some((name, value)) = std::str::from_utf8(pair).ok().and_then(|pair| pair.split_once('='))
            else {
                continue;
            };
            let Ok(number) = value.trim().parse::<u32>() else { continue };
            let field = match name.trim() {
                "PS" => &mut statistics.packets_sent,
                "OS" => &mut statistics.octets_sent,
                "PR" => &mut statistics.packets_received,
                "OR" => &mut statistics.octets_received,
                "PL" => &mut statistics.packets_lost,
                "JI" => &mut statistics.jitter_ms,
                "LA" => &mut statistics.latency_ms,
                // How long is known from the call.
                _ => continue,
            };
            (*field, said) = (number, true);
        }
        said.then_some(statistics)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_phones_say_is_read_and_the_rest_passed_over() {
        let check = |header: &str, expect: Option<[u32; 7]>| {
            let text = format!(
                "BYE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n{header}Content-Length: 0\r\n\r\n"
            );
            let message = Message::parse(text.as_bytes()).expect("a message");
            let read = RtpStatistics::of(&message).map(|it| {
                let RtpStatistics {
                    packets_sent,
                    octets_sent,
                    packets_received,
                    octets_received,
                    packets_lost,
                    jitter_ms,
                    latency_ms,
                } = it;
                [
                    packets_sent,
                    octets_sent,
                    packets_received,
                    octets_received,
                    packets_lost,
                    jitter_ms,
                    latency_ms,
                ]
            });
            assert_eq!(read, expect, "{header}");
        };
        check(
            "P-RTP-Stat: PS=151,OS=24160,PR=150,OR=24000,PL=1,JI=3,LA=12,DU=3\r\n",
            Some([151, 24_160, 150, 24_000, 1, 3, 12]),
        );
        check("p-rtp-stat: PR=7, PS=x, QQ=1\r\n", Some([0, 0, 7, 0, 0, 0, 0]));
        check("P-RTP-Stat: \r\n", None);
        check("P-RTP-Stat: PS=99999999999,\u{e4}\r\n", None);
        check("", None);
    }
}
