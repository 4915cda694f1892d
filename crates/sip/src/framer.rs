//! Cutting a stream into messages (RFC 3261 §18.3, RFC 5626 §3.5.1).

use strowger_base::limits;

use crate::header::number;
use crate::message::{HeaderName, header_line};

/// Collects bytes of one connection. An idle connection keeps no buffer.
#[derive(Debug, Default)]
pub struct Framer {
    buffer: Vec<u8>,
    /// Bytes of the buffer that were handed out.
    used: usize,
    state: State,
}

/// What is known of the bytes after `used`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// The end of the headers is not among the first `searched` of them.
    Head { searched: usize },
    /// The message is this long; its body is still arriving.
    Body { total: usize },
    /// The stream cannot be followed; nothing is taken any more.
    Broken,
}

impl Default for State {
    fn default() -> Self {
        State::Head { searched: 0 }
    }
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
        Framer { buffer: Vec::new(), used: 0, state: State::Head { searched: 0 } }
    }

    /// Adds bytes, cut anywhere.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.state != State::Broken {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// The next thing in the stream; `None` when more bytes are needed or after [`Item::Broken`].
    #[expect(
        clippy::should_implement_trait,
        reason = "items borrow from the framer, which an iterator cannot say"
    )]
    pub fn next(&mut self) -> Option<Item<'_>> {
        let total = match self.state {
            State::Broken => return None,
            State::Body { total } => total,
            State::Head { searched } => {
                if self.skip_empty_lines() {
                    return Some(Item::Ping);
                }
                match self.find_head(searched) {
                    Head::Complete { total } => total,
                    Head::Incomplete => return None,
                    Head::Broken { status, len } => {
                        self.state = State::Broken;
                        let head = self.buffer.get(self.used..self.used + len)?;
                        return Some(Item::Broken { status, head });
                    }
                }
            }
        };
        let end = self.used + total;
        if self.buffer.len() < end {
            self.state = State::Body { total };
            return None;
        }
        let message = self.buffer.get(self.used..end)?;
        self.used = end;
        self.state = State::Head { searched: 0 };
        Some(Item::Message(message))
    }

    /// Steps over empty lines between messages (RFC 3261 §7.5); `true` when there were two, which is a ping.
    fn skip_empty_lines(&mut self) -> bool {
        loop {
            match self.buffer.get(self.used..).unwrap_or_default() {
                [b'\r', b'\n', b'\r', b'\n', ..] => {
                    self.used += 4;
                    return true;
                }
                [b'\r', b'\n', next, ..] if *next != b'\r' => self.used += 2,
                [b'\n', ..] => self.used += 1,
                [..] => return false,
            }
        }
    }

    /// Looks for the end of the headers, not again where it was looked for before.
    fn find_head(&mut self, searched: usize) -> Head {
        let rest = self.buffer.get(self.used..).unwrap_or_default();
        let from = searched.saturating_sub(3).min(rest.len());
        let found = memchr::memmem::find(rest.get(from..).unwrap_or_default(), b"\r\n\r\n");
        let Some(found) = found else {
            if rest.len() > limits::SIP_MESSAGE_BYTES {
                return Head::Broken { status: 513, len: limits::SIP_MESSAGE_BYTES };
            }
            self.state = State::Head { searched: rest.len() };
            return Head::Incomplete;
        };
        let len = from + found + 4;
        match content_length(rest.get(..len).unwrap_or_default()) {
            Err(()) => Head::Broken { status: 400, len },
            Ok(body) if len.saturating_add(body) > limits::SIP_MESSAGE_BYTES => {
                Head::Broken { status: 513, len }
            }
            Ok(body) => Head::Complete { total: len + body },
        }
    }

    /// Forgets what was handed out; call it after the last [`Framer::next`].
    pub fn compact(&mut self) {
        if self.used >= self.buffer.len() || self.state == State::Broken {
            self.buffer = Vec::new();
        } else {
            self.buffer.drain(..self.used);
        }
        self.used = 0;
    }

    /// Whether a message has begun and is not whole. Lone line ends, half a keepalive among them, begin none.
    pub fn is_within_message(&self) -> bool {
        let rest = self.buffer.get(self.used..).unwrap_or_default();
        rest.iter().any(|byte| !matches!(byte, b'\r' | b'\n'))
    }

    /// Bytes that wait for the rest of their message.
    pub const fn waiting_bytes(&self) -> usize {
        self.buffer.len() - self.used
    }
}

/// What the search for the end of the headers found.
enum Head {
    Complete { total: usize },
    Incomplete,
    Broken { status: u16, len: usize },
}

/// Content-Length of a head; it must not stand twice and must be a number (RFC 3261 §18.3). A missing one counts as
/// 0, as most stacks read it. Lines are cut as [`crate::message::Message::parse`] cuts them, so that both find the
/// same end.
fn content_length(head: &[u8]) -> Result<usize, ()> {
    let mut found = None;
    let mut position = next_line(head, 0)?;
    loop {
        match head.get(position..).unwrap_or_default() {
            [] => return Ok(found.unwrap_or(0)),
            // The headers end here for the parser; nothing may follow.
            [b'\r', b'\n'] | [b'\n'] => position = head.len(),
            [b'\r', b'\n', ..] | [b'\n', ..] => return Err(()),
            [b'l' | b'L' | b'c' | b'C', ..] => {
                let line = header_line(head, position).map_err(|_| ())?;
                position = line.end;
                if line.name == HeaderName::ContentLength {
                    let value = number(head.get(line.value_start..line.value_end).unwrap_or_default());
                    let value = value.and_then(|value| usize::try_from(value).ok()).ok_or(())?;
                    if found.replace(value).is_some() {
                        return Err(());
                    }
                }
            }
            [..] => position = next_line(head, position)?,
        }
    }
}

fn next_line(head: &[u8], position: usize) -> Result<usize, ()> {
    let newline = head.get(position..).and_then(|rest| memchr::memchr(b'\n', rest)).ok_or(())?;
    Ok(position + newline + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &[u8] = b"OPTIONS sip:a SIP/2.0\r\nl: 3\r\n\r\nabc";

    /// Everything that comes out of a stream given in these pieces, as text.
    fn items(framer: &mut Framer, pieces: &[&[u8]]) -> Vec<String> {
        let mut seen = vec![];
        for piece in pieces {
            framer.feed(piece);
            while let Some(item) = framer.next() {
                seen.push(match item {
                    Item::Message(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                    Item::Ping => "ping".into(),
                    Item::Broken { status, .. } => status.to_string(),
                });
            }
            framer.compact();
        }
        seen
    }

    #[test]
    fn messages_come_out_whole_wherever_the_stream_is_cut() {
        let mut stream = b"\r\n".to_vec();
        stream.extend_from_slice(ONE);
        stream.extend_from_slice(b"\r\n\r\n");
        stream.extend_from_slice(ONE);
        let one = String::from_utf8_lossy(ONE);
        let expect = [&*one, "ping", &*one];
        for cut in 0..stream.len() {
            let mut framer = Framer::new();
            let (before, after) = stream.split_at(cut);
            assert_eq!(items(&mut framer, &[before, after]), expect, "cut at {cut}");
            assert_eq!((framer.waiting_bytes(), framer.buffer.capacity()), (0, 0), "idle keeps no buffer");
            assert!(!framer.is_within_message());
        }
        let single: Vec<&[u8]> = stream.chunks(1).collect();
        assert_eq!(items(&mut Framer::new(), &single), expect, "byte by byte");
    }

    #[test]
    fn a_message_begins_with_its_first_byte_and_line_ends_begin_none() {
        let check = |bytes: &[u8], expect: bool| {
            let mut framer = Framer::new();
            items(&mut framer, &[bytes]);
            assert_eq!(framer.is_within_message(), expect, "{bytes:?}");
        };
        check(b"", false);
        check(b"\r\n", false);
        check(b"\r\n\r", false);
        check(b"\r\nO", true);
        check(b"O", true);
        check(&ONE[..ONE.len() - 1], true);
        check(ONE, false);
        check(&[ONE, b"\r\n"].concat(), false);
        check(&[ONE, b"O"].concat(), true);
    }

    #[test]
    fn a_length_is_found_in_every_form() {
        let check = |header: &str, body: &str| {
            let message = format!("OPTIONS sip:a SIP/2.0\r\nTo: x\r\n{header}\r\n\r\n{body}");
            let stream = format!("{message}OPTIONS");
            let mut framer = Framer::new();
            assert_eq!(items(&mut framer, &[stream.as_bytes()]), [message], "{header}");
            assert_eq!(framer.waiting_bytes(), 7);
        };
        check("L : 003", "abc");
        check("content-LENGTH:\r\n 3 ", "abc");
        check("X: y\r\n l: 3\r\nCall-ID: 1", "");
        check("Content-Lengthy: 3", "");
    }

    #[test]
    fn a_stream_that_cannot_be_followed_is_broken_once() {
        let check = |bytes: &[u8], status: u16| {
            let mut framer = Framer::new();
            assert_eq!(items(&mut framer, &[bytes, ONE]), [status.to_string()]);
            assert_eq!(framer.waiting_bytes(), 0);
        };
        check(b"OPTIONS sip:a SIP/2.0\r\nContent-Length: -5\r\n\r\n", 400);
        check(b"OPTIONS sip:a SIP/2.0\r\nContent-Length:\r\n5: 7\r\n\r\n", 400);
        check(b"OPTIONS sip:a SIP/2.0\r\nContent-Length 5\r\n\r\n", 400);
        check(b"OPTIONS sip:a SIP/2.0\r\nl: 1\r\nContent-Length: 2\r\n\r\nab", 400);
        check(b"OPTIONS sip:a SIP/2.0\r\nl: 1\r\n\nx\r\n\r\n", 400);
        check(b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 99999999\r\n\r\n", 513);
        check(b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 18446744073709551615\r\n\r\n", 400);
        check(b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 9223372036854775807\r\n\r\n", 513);
        check(&vec![b'x'; limits::SIP_MESSAGE_BYTES + 1], 513);
    }
}
