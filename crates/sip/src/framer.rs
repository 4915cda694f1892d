//! Cutting a stream into messages (RFC 3261 §18.3, RFC 5626 §3.5.1).

use strowger_base::limits;

use crate::message::HeaderName;

/// Collects bytes of one connection. An idle connection keeps no buffer.
#[derive(Debug, Default)]
pub struct Framer {
    buffer: Vec<u8>,
    /// Bytes of the buffer that were handed out.
    used: usize,
    /// Bytes after `used` that were searched for the end of the headers in vain.
    searched: usize,
}

/// What was found in the stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Item<'b> {
    /// A whole message.
    Message(&'b [u8]),
    /// A keepalive that wants one CRLF back.
    Ping,
    /// The stream cannot be followed any more: answer with the status if the head can be read, and close.
    Broken {
        /// 400 or 513.
        status: u16,
        /// What stands there.
        head: &'b [u8],
    },
}

impl Framer {
    /// An empty framer.
    pub const fn new() -> Self {
        Framer { buffer: Vec::new(), used: 0, searched: 0 }
    }

    /// Adds bytes, cut anywhere.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next thing in the stream; `None` when more bytes are needed.
    #[expect(
        clippy::should_implement_trait,
        reason = "items borrow from the framer, which an iterator cannot say"
    )]
    pub fn next(&mut self) -> Option<Item<'_>> {
        loop {
            let rest = self.buffer.get(self.used..).unwrap_or_default();
            if rest.starts_with(b"\r\n\r\n") {
                self.used += 4;
                return Some(Item::Ping);
            }
            match rest {
                [b'\r', b'\n', next, ..] if *next != b'\r' => self.used += 2,
                [b'\n', ..] => self.used += 1,
                _ => break,
            }
        }
        let from = self.used;
        let rest = self.buffer.get(from..).unwrap_or_default();
        let search_from = self.searched.saturating_sub(3);
        let found = memchr::memmem::find(rest.get(search_from..).unwrap_or_default(), b"\r\n\r\n");
        let Some(found) = found else {
            self.searched = rest.len();
            let too_long = rest.len() > limits::SIP_MESSAGE_BYTES;
            return too_long.then_some(Item::Broken { status: 513, head: rest });
        };
        let head_end = search_from + found + 4;
        let head = rest.get(..head_end).unwrap_or_default();
        let total = match content_length(head) {
            Ok(length) => head_end.saturating_add(length),
            Err(()) => return Some(Item::Broken { status: 400, head }),
        };
        if total > limits::SIP_MESSAGE_BYTES {
            return Some(Item::Broken { status: 513, head });
        }
        if rest.len() < total {
            // So that the search finds the end of this head again.
            self.searched = head_end - 1;
            return None;
        }
        self.used += total;
        self.searched = 0;
        self.buffer.get(from..from + total).map(Item::Message)
    }

    /// Forgets what was handed out; call it after the last [`Framer::next`].
    pub fn compact(&mut self) {
        self.buffer.drain(..self.used.min(self.buffer.len()));
        self.used = 0;
        if self.buffer.is_empty() {
            self.buffer = Vec::new();
        }
    }

    /// Bytes that wait for the rest of their message.
    pub const fn waiting_bytes(&self) -> usize {
        self.buffer.len() - self.used
    }
}

/// Content-Length of a head; on a stream it must be there once and be a number (RFC 3261 §18.3). A missing one
/// counts as 0, as most stacks read it.
fn content_length(head: &[u8]) -> Result<usize, ()> {
    let mut found = None;
    for line in head.split(|byte| *byte == b'\n').skip(1) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let name = line.get(..colon).unwrap_or_default().trim_ascii_end();
        if !matches!(name.len(), 1 | 14) || HeaderName::of(name) != HeaderName::ContentLength {
            continue;
        }
        let value = line.get(colon + 1..).unwrap_or_default().trim_ascii();
        let value = crate::header::number(value).and_then(|value| usize::try_from(value).ok()).ok_or(())?;
        if found.replace(value).is_some() {
            return Err(());
        }
    }
    Ok(found.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &[u8] = b"OPTIONS sip:a SIP/2.0\r\nl: 3\r\n\r\nabc";

    #[test]
    fn messages_come_out_whole_wherever_the_stream_is_cut() {
        let mut stream = b"\r\n".to_vec();
        stream.extend_from_slice(ONE);
        stream.extend_from_slice(b"\r\n\r\n");
        stream.extend_from_slice(ONE);
        for cut in 0..stream.len() {
            let mut framer = Framer::new();
            let mut seen = vec![];
            for part in [&stream[..cut], &stream[cut..]] {
                framer.feed(part);
                while let Some(item) = framer.next() {
                    seen.push(format!("{item:?}"));
                }
                framer.compact();
            }
            let whole = format!("{:?}", Item::Message(ONE));
            assert_eq!(seen, [whole.clone(), "Ping".into(), whole], "cut at {cut}");
            assert_eq!(framer.waiting_bytes(), 0);
        }
    }

    #[test]
    fn a_stream_that_cannot_be_followed_is_broken() {
        let check = |bytes: &[u8], status: u16| {
            let mut framer = Framer::new();
            framer.feed(bytes);
            assert!(matches!(framer.next(), Some(Item::Broken { status: s, .. }) if s == status));
        };
        check(b"OPTIONS sip:a SIP/2.0\r\nContent-Length: -5\r\n\r\n", 400);
        check(b"OPTIONS sip:a SIP/2.0\r\nl: 1\r\nContent-Length: 2\r\n\r\nab", 400);
        check(b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 99999999\r\n\r\n", 513);
        check(&vec![b'x'; limits::SIP_MESSAGE_BYTES + 1], 513);
    }
}
