//! The contents of a file in chunks of 64 KiB, each sealed with its number and whether it is the last: none can be changed,
//! moved, doubled or left out.

use std::io::{self, Read, Write};

use chacha20poly1305::aead::{AeadInPlace, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};

use super::damaged;

/// Seals what is written to it.
pub(in crate::backup) struct Writer<W> {
    file: W,
    cipher: ChaCha20Poly1305,
    chunk: Vec<u8>,
    number: u64,
}

/// Opens what it reads.
pub(in crate::backup) struct Reader<R> {
    file: R,
    cipher: ChaCha20Poly1305,
    /// The chunk that is open.
    chunk: Vec<u8>,
    /// How much of it was read.
    read: usize,
    /// The first byte of the chunk behind it.
    next: Option<u8>,
    number: u64,
    state: Reading,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    Begins,
    Goes,
    /// The last chunk is open.
    Ended,
    Failed,
}

impl<W: Write> Writer<W> {
    pub(super) fn new(file: W, key: &[u8; 32]) -> Self {
        let cipher = ChaCha20Poly1305::new(Key::from_slice(key));
        Writer { file, cipher, chunk: Vec::with_capacity(CHUNK + TAG), number: 0 }
    }

    /// Writes the last chunk, and gives the file back.
    pub(in crate::backup) fn finish(mut self) -> io::Result<W> {
        self.give(Place::Last)?;
        Ok(self.file)
    }

    fn give(&mut self, place: Place) -> io::Result<()> {
        let nonce = nonce(self.number, place);
        let sealed = self.cipher.encrypt_in_place(&nonce, b"", &mut self.chunk);
        sealed.map_err(|_| io::Error::other("a chunk is too long"))?;
        self.file.write_all(&self.chunk)?;
        self.chunk.clear();
        self.number += 1;
        Ok(())
    }
}

impl<W: Write> Write for Writer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A full chunk waits until something follows it: only then it is not the last.
        if self.chunk.len() == CHUNK && !bytes.is_empty() {
            self.give(Place::Within)?;
        }
        let taken = bytes.len().min(CHUNK - self.chunk.len());
        self.chunk.extend_from_slice(bytes.get(..taken).unwrap_or_default());
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl<R: Read> Reader<R> {
    pub(super) fn new(file: R, key: &[u8; 32]) -> Self {
        let cipher = ChaCha20Poly1305::new(Key::from_slice(key));
        Reader { file, cipher, chunk: vec![], read: 0, next: None, number: 0, state: Reading::Begins }
    }

    /// Opens the next chunk.
    fn advance(&mut self) -> io::Result<()> {
        self.chunk.clear();
        self.read = 0;
        self.chunk.extend(self.next.take());
        let whole = CHUNK + TAG + 1;
        let missing = whole - self.chunk.len();
        self.file.by_ref().take(missing as u64).read_to_end(&mut self.chunk)?;
        if self.chunk.len() == whole {
            self.next = self.chunk.pop();
        }
        let place = if self.next.is_some() { Place::Within } else { Place::Last };
        let nonce = nonce(self.number, place);
        self.cipher.decrypt_in_place(&nonce, b"", &mut self.chunk).map_err(|_| damaged(CUT))?;
        // What is empty has one chunk; everything else ends with one that is not.
        if self.chunk.is_empty() && self.number > 0 {
            return Err(damaged(CUT));
        }
        self.number += 1;
        self.state = if place == Place::Last { Reading::Ended } else { Reading::Goes };
        Ok(())
    }
}

impl<R: Read> Read for Reader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.read == self.chunk.len() {
            match self.state {
                Reading::Ended => return Ok(0),
                Reading::Failed => return Err(damaged(CUT)),
                Reading::Begins | Reading::Goes => {
                    if let Err(error) = self.advance() {
                        self.state = Reading::Failed;
                        self.chunk.clear();
                        return Err(error);
                    }
                }
            }
        }
        let rest = self.chunk.get(self.read..).unwrap_or_default();
        let given = rest.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..given), rest.get(..given)) {
            to.copy_from_slice(from);
        }
        self.read += given;
        Ok(given)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Within,
    Last,
}

/// The number of a chunk in eleven bytes, and one that marks the last.
fn nonce(number: u64, place: Place) -> Nonce {
    let mut nonce = [0; 12];
    if let Some(counter) = nonce.get_mut(3..11) {
        counter.copy_from_slice(&number.to_be_bytes());
    }
    if let (Place::Last, Some(mark)) = (place, nonce.last_mut()) {
        *mark = 1;
    }
    nonce.into()
}

/// What is said of contents that are not what was written.
pub(super) const CUT: &str = "it is cut or damaged";
const CHUNK: usize = 64 * 1024;
const TAG: usize = 16;
