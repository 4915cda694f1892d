//! Cutting a stream into frames, and the twelve bytes before each message.
//!
//! A frame is three words of four bytes, the least significant first: how many bytes follow the second word, the version of the
//! header, and the message id; then the body.

use strowger_base::limits;

use crate::ids::MessageId;

/// Length and header version.
const PREFIX: usize = 8;
/// The message id, which the length counts.
const ID: usize = 4;
/// Versions are small numbers; whatever has more here is another protocol, or a frame whose length was wrong.
const HEADER_MAX: u32 = 0xff;

/// One message as it stands on the wire.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Frame<'b> {
    /// The version that the header names. Phones leave it 0; it must not choose a layout.
    pub header: u32,
    /// Which message it is.
    pub id: MessageId,
    /// What it says.
    pub body: &'b [u8],
}

/// Why a stream cannot be followed any more. The connection has to be closed: where the next frame begins is not known.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FrameError {
    /// The frame would be larger than [`limits::SCCP_FRAME_BYTES`].
    #[error("a frame announces {length} bytes, more than any message has: the connection is closed")]
    TooLong {
        /// What stands in its first word.
        length: u32,
    },
    /// The frame has no room for a message id.
    #[error("a frame announces {length} bytes, too few for a message id: the connection is closed")]
    TooShort {
        /// What stands in its first word.
        length: u32,
    },
    /// The second word is not a version.
    #[error(
        "{header:#x} stands where the header version should be, so this is not SCCP: the connection is closed"
    )]
    NotSccp {
        /// What stands in its second word.
        header: u32,
    },
}

/// Collects the bytes of one connection. An idle connection keeps no buffer.
#[derive(Debug, Default)]
pub struct Framer {
    buffer: Vec<u8>,
    /// Bytes of the buffer that were handed out.
    used: usize,
    broken: bool,
}

impl Framer {
    /// An empty framer.
    pub const fn new() -> Self {
        Framer { buffer: Vec::new(), used: 0, broken: false }
    }

    /// Adds bytes, cut anywhere. What is kept is what was added: read with [`Framer::next`] before more is added.
    pub fn feed(&mut self, bytes: &[u8]) {
        if !self.broken {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// The next frame; `None` when more bytes are needed, and for ever after an error.
    #[expect(
        clippy::should_implement_trait,
        reason = "frames borrow from the framer, which an iterator cannot say"
    )]
    pub fn next(&mut self) -> Option<Result<Frame<'_>, FrameError>> {
        if self.broken {
            return None;
        }
        let length = match whole(self.buffer.get(self.used..)?) {
            Ok(length) => length?,
            Err(error) => {
                self.broken = true;
                self.buffer = Vec::new();
                self.used = 0;
                return Some(Err(error));
            }
        };
        let frame = self.buffer.get(self.used..self.used + length)?;
        self.used += length;
        let (header, id) = (word(frame, 4)?, word(frame, PREFIX)?);
        Some(Ok(Frame { header, id: MessageId(id), body: frame.get(PREFIX + ID..)? }))
    }

    /// Forgets what was handed out; call it after the last [`Framer::next`].
    pub fn compact(&mut self) {
        if self.used >= self.buffer.len() {
            self.buffer = Vec::new();
        } else {
            self.buffer.drain(..self.used);
        }
        self.used = 0;
    }

    /// Bytes that wait for the rest of their frame: never as many as [`limits::SCCP_FRAME_BYTES`].
    pub const fn waiting_bytes(&self) -> usize {
        self.buffer.len() - self.used
    }
}

/// The bytes of the frame that begins here, when they are all here. What is wrong is told as soon as it can be seen.
fn whole(rest: &[u8]) -> Result<Option<usize>, FrameError> {
    let Some(length) = word(rest, 0) else { return Ok(None) };
    let bytes = usize::try_from(length).unwrap_or(usize::MAX);
    if bytes > limits::SCCP_FRAME_BYTES - PREFIX {
        return Err(FrameError::TooLong { length });
    }
    if bytes < ID {
        return Err(FrameError::TooShort { length });
    }
    match word(rest, 4) {
        Some(header) if header > HEADER_MAX => Err(FrameError::NotSccp { header }),
        Some(_) | None => Ok((rest.len() >= PREFIX + bytes).then_some(PREFIX + bytes)),
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|word| u32::from_le_bytes(*word))
}

/// Begins a frame at the end of `out`; tells where it begins, which [`end`] has to know.
pub(crate) fn begin(out: &mut Vec<u8>, header: u32, id: MessageId) -> usize {
    let start = out.len();
    for word in [0, header, id.0] {
        out.extend_from_slice(&word.to_le_bytes());
    }
    start
}

/// Ends the frame that begins at `start`: bodies are filled with zeros to whole words.
pub(crate) fn end(out: &mut Vec<u8>, start: usize) {
    let body = out.len() - start - PREFIX - ID;
    out.resize(start + PREFIX + ID + body.next_multiple_of(4), 0);
    let length = u32::try_from(out.len() - start - PREFIX).unwrap_or(u32::MAX);
    if let Some(prefix) = out.get_mut(start..).and_then(|frame| frame.first_chunk_mut()) {
        *prefix = length.to_le_bytes();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEEP_ALIVE: [u8; 12] = [4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    const KEYPAD: [u8; 16] = [8, 0, 0, 0, 17, 0, 0, 0, 3, 0, 0, 0, 5, 0, 0, 0];

    /// What comes out when a stream is cut into pieces of this size.
    fn cut(stream: &[u8], size: usize) -> Vec<Result<(u32, u32, usize), FrameError>> {
        let mut framer = Framer::new();
        let mut found = Vec::new();
        for piece in stream.chunks(size) {
            framer.feed(piece);
            while let Some(item) = framer.next() {
                found.push(item.map(|frame| (frame.header, frame.id.0, frame.body.len())));
            }
            framer.compact();
            assert!(framer.waiting_bytes() < limits::SCCP_FRAME_BYTES);
        }
        found
    }

    fn check(stream: &[u8], expect: &[Result<(u32, u32, usize), FrameError>]) {
        for size in [1, 2, 3, 5, 11, 12, 13, stream.len()] {
            assert_eq!(cut(stream, size), expect, "in pieces of {size} bytes");
        }
    }

    #[test]
    fn frames_are_found_wherever_the_stream_is_cut() {
        let stream = [&KEEP_ALIVE[..], &KEYPAD, &KEEP_ALIVE].concat();
        check(&stream, &[Ok((0, 0, 0)), Ok((17, 3, 4)), Ok((0, 0, 0))]);
        check(&KEEP_ALIVE[..11], &[]);
    }

    #[test]
    fn the_largest_frame_is_taken_and_a_larger_one_ends_the_stream() {
        let mut largest = vec![0; limits::SCCP_FRAME_BYTES];
        largest[..4].copy_from_slice(&8184u32.to_le_bytes());
        check(&[&largest[..], &KEYPAD].concat(), &[Ok((0, 0, 8180)), Ok((17, 3, 4))]);
        largest[..4].copy_from_slice(&8185u32.to_le_bytes());
        check(&largest, &[Err(FrameError::TooLong { length: 8185 })]);
        check(b"GET / HTTP/1.1\r\n\r\n", &[Err(FrameError::TooLong { length: 0x2054_4547 })]);
    }

    #[test]
    fn what_is_no_frame_ends_the_stream() {
        for length in 0..4u8 {
            let stream = [&KEEP_ALIVE[..], &[length, 0, 0, 0, 0, 0, 0, 0], &KEYPAD].concat();
            check(&stream, &[Ok((0, 0, 0)), Err(FrameError::TooShort { length: length.into() })]);
        }
        let stream = [&[4, 0, 0, 0, 0, 1, 0, 0], &KEYPAD[..]].concat();
        check(&stream, &[Err(FrameError::NotSccp { header: 256 })]);
    }

    #[test]
    fn an_idle_connection_keeps_no_buffer() {
        let mut framer = Framer::new();
        framer.feed(&KEYPAD);
        assert!(framer.next().is_some());
        framer.compact();
        assert_eq!((framer.waiting_bytes(), framer.buffer.capacity()), (0, 0));
    }

    #[test]
    fn a_frame_is_filled_to_whole_words() {
        let mut out = vec![7];
        let start = begin(&mut out, 22, MessageId(3));
        out.extend_from_slice(&[1, 2, 3, 4, 5]);
        end(&mut out, start);
        assert_eq!(out[1..], [12, 0, 0, 0, 22, 0, 0, 0, 3, 0, 0, 0, 1, 2, 3, 4, 5, 0, 0, 0]);
    }
}
