//! What devices call the session of a call (RFC 7989): each has a name of its own for it, of 32 hexadecimal digits.

use strowger_base::LegId;
use strowger_base::journal::{Direction, Entry, Record};

/// What the device of a leg said last; empty when it says nothing, as SCCP phones and most SIP phones do, or when messages are not kept.
pub(super) fn session_of<'a>(leg: Option<LegId>, records: &[Record<'a>]) -> &'a str {
    let said = |record: &Record<'a>| match record.entry {
        Entry::Message { direction: Direction::Received, bytes, .. } if record.leg == leg => local(bytes),
        _ => None,
    };
    leg.and_then(|_| records.iter().rev().find_map(said)).unwrap_or_default()
}

/// The name that whoever sent a message gives the session, of its header `Session-ID` (RFC 7989 §5).
fn local(message: &[u8]) -> Option<&str> {
    let lines = message.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let value = lines.take_while(|line| !line.is_empty()).find_map(|line| {
        let (name, value) = line.split_at_checked(NAME.len())?;
        let value = value.trim_ascii_start().strip_prefix(b":")?;
        name.eq_ignore_ascii_case(NAME).then_some(value)
    })?;
    let own = value.split(|byte| *byte == b';').next()?.trim_ascii();
    let is_name = own.len() == 32 && own.iter().all(u8::is_ascii_hexdigit);
    // Zeros stand for one that is not known (§4.2).
    let is_known = own.iter().any(|digit| *digit != b'0');
    str::from_utf8(own).ok().filter(|_| is_name && is_known)
}

const NAME: &[u8] = b"session-id";

#[cfg(test)]
mod tests {
    use strowger_base::net::{Flow, ListenerId};
    use strowger_base::{NodeId, ShardId, WallTime};

    use super::*;

    #[test]
    fn what_a_device_said_last_counts_and_not_what_it_was_told() {
        let leg = |number| LegId { node: NodeId(1), shard: ShardId(0), number };
        let message = |of, direction, bytes: &'static [u8]| Record {
            at: WallTime::default(),
            call: None,
            leg: Some(leg(of)),
            entry: Entry::Message {
                direction,
                flow: Flow::Datagram { listener: ListenerId(0), peer: ([192, 0, 2, 1], 5060).into() },
                bytes,
            },
        };
        let records = [
            message(
                1,
                Direction::Received,
                b"INVITE\r\nSession-ID: 1111111111111111111111111111111a\r\n\r\n",
            ),
            message(
                1,
                Direction::Received,
                b"UPDATE\r\nSession-ID: 1111111111111111111111111111111b\r\n\r\n",
            ),
            message(1, Direction::Sent, b"BYE\r\nSession-ID: 2222222222222222222222222222222a\r\n\r\n"),
            message(2, Direction::Received, b"SIP/2.0 200 OK\r\n\r\n"),
        ];
        assert_eq!(session_of(Some(leg(1)), &records), "1111111111111111111111111111111b");
        assert_eq!(session_of(Some(leg(2)), &records), "");
        assert_eq!(session_of(None, &records), "");
    }

    #[test]
    fn the_name_of_a_session_is_that_of_who_sent_the_message() {
        let of = |header: &str| {
            let message =
                format!("BYE sip:a@b SIP/2.0\r\nTo: x\r\n{header}\r\n\r\nSession-ID: in the body\r\n");
            local(message.as_bytes()).map(str::to_owned)
        };
        let name = "ab30317f1a784dc48ff824d0d3715d86";
        for right in [
            format!("Session-ID: {name};remote=47755a9de7794ba387653f2099600ef2"),
            format!("session-id :{name}"),
            format!("SESSION-ID:  {name} ;remote=00000000000000000000000000000000"),
        ] {
            assert_eq!(of(&right).as_deref(), Some(name), "{right}");
        }
        for wrong in ["", "Session-ID: 0", "Session-ID", "X-Session-ID: ab30317f1a784dc48ff824d0d3715d86"] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
        assert_eq!(
            of("Session-ID: 00000000000000000000000000000000;remote=ab30317f1a784dc48ff824d0d3715d86"),
            None
        );
        assert_eq!(local(b""), None);
    }
}
