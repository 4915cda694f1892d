//! Packets of SFTP version 3 (draft-ietf-secsh-filexfer-02), for both sides.
//!
//! Handles and paths are bytes: servers choose handles freely, and names need not be UTF-8.

use std::io;

use strowger_base::limits;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// The version that everybody speaks.
pub(crate) const VERSION: u32 = 3;

/// Numbers of packets: section 3.
pub(crate) mod packet {
    pub(crate) const INIT: u8 = 1;
    pub(crate) const VERSION: u8 = 2;
    pub(crate) const OPEN: u8 = 3;
    pub(crate) const CLOSE: u8 = 4;
    pub(crate) const READ: u8 = 5;
    pub(crate) const WRITE: u8 = 6;
    pub(crate) const LSTAT: u8 = 7;
    pub(crate) const FSTAT: u8 = 8;
    pub(crate) const SETSTAT: u8 = 9;
    pub(crate) const FSETSTAT: u8 = 10;
    pub(crate) const OPENDIR: u8 = 11;
    pub(crate) const READDIR: u8 = 12;
    pub(crate) const REMOVE: u8 = 13;
    pub(crate) const MKDIR: u8 = 14;
    pub(crate) const RMDIR: u8 = 15;
    pub(crate) const REALPATH: u8 = 16;
    pub(crate) const STAT: u8 = 17;
    pub(crate) const RENAME: u8 = 18;
    pub(crate) const STATUS: u8 = 101;
    pub(crate) const HANDLE: u8 = 102;
    pub(crate) const DATA: u8 = 103;
    pub(crate) const NAME: u8 = 104;
    pub(crate) const ATTRS: u8 = 105;
    pub(crate) const EXTENDED: u8 = 200;
    pub(crate) const EXTENDED_REPLY: u8 = 201;
}

/// What a status says: section 7.
pub(crate) mod status {
    pub(crate) const OK: u32 = 0;
    pub(crate) const EOF: u32 = 1;
    pub(crate) const NO_SUCH_FILE: u32 = 2;
    pub(crate) const PERMISSION_DENIED: u32 = 3;
    pub(crate) const FAILURE: u32 = 4;
    pub(crate) const BAD_MESSAGE: u32 = 5;
    pub(crate) const NO_CONNECTION: u32 = 6;
    pub(crate) const CONNECTION_LOST: u32 = 7;
    pub(crate) const UNSUPPORTED: u32 = 8;
    // Later versions; some servers use them all the same.
    pub(crate) const FILE_EXISTS: u32 = 11;
    pub(crate) const WRITE_PROTECT: u32 = 12;
    pub(crate) const NO_SPACE: u32 = 14;
    pub(crate) const QUOTA_EXCEEDED: u32 = 15;
}

/// How a file is opened: section 6.3.
pub(crate) mod open {
    pub(crate) const READ: u32 = 1;
    pub(crate) const WRITE: u32 = 2;
    pub(crate) const APPEND: u32 = 4;
    pub(crate) const CREATE: u32 = 8;
    pub(crate) const TRUNCATE: u32 = 16;
    pub(crate) const EXCLUSIVE: u32 = 32;
}

/// What is known of a file: section 5. Owners and extensions are read over.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Attributes {
    pub(crate) size: Option<u64>,
    pub(crate) permissions: Option<u32>,
    /// When it was read and when it was written last, in seconds since 1970.
    pub(crate) times: Option<(u32, u32)>,
}

impl Attributes {
    /// True for a folder; `None` when the server does not tell.
    pub(crate) fn is_folder(self) -> Option<bool> {
        self.permissions.map(|mode| mode & 0o170_000 == 0o040_000)
    }
}

const HAS_SIZE: u32 = 1;
const HAS_OWNER: u32 = 2;
const HAS_PERMISSIONS: u32 = 4;
const HAS_TIMES: u32 = 8;

/// A packet that is being made.
pub(crate) struct Packet(Vec<u8>);

impl Packet {
    /// Begins one.
    pub(crate) fn new(kind: u8) -> Packet {
        let mut bytes = vec![0; 4];
        bytes.push(kind);
        Packet(bytes)
    }

    pub(crate) fn word(mut self, number: u32) -> Packet {
        self.0.extend(number.to_be_bytes());
        self
    }

    pub(crate) fn long(mut self, number: u64) -> Packet {
        self.0.extend(number.to_be_bytes());
        self
    }

    pub(crate) fn text(self, bytes: impl AsRef<[u8]>) -> Packet {
        let bytes = bytes.as_ref();
        // Nothing that long is ever sent: packets have a limit that is far below.
        let mut packet = self.word(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        packet.0.extend(bytes);
        packet
    }

    pub(crate) fn attributes(self, attributes: Attributes) -> Packet {
        let Attributes { size, permissions, times } = attributes;
        let flags = size.map_or(0, |_| HAS_SIZE)
            | permissions.map_or(0, |_| HAS_PERMISSIONS)
            | times.map_or(0, |_| HAS_TIMES);
        let packet = self.word(flags);
        let packet = match size {
            Some(size) => packet.long(size),
            None => packet,
        };
        let packet = match permissions {
            Some(permissions) => packet.word(permissions),
            None => packet,
        };
        match times {
            Some((read, written)) => packet.word(read).word(written),
            None => packet,
        }
    }

    /// Its bytes with the length in front.
    pub(crate) fn bytes(mut self) -> Vec<u8> {
        let length = u32::try_from(self.0.len().saturating_sub(4)).unwrap_or(u32::MAX);
        if let Some(front) = self.0.first_chunk_mut::<4>() {
            *front = length.to_be_bytes();
        }
        self.0
    }

    /// Sends it.
    pub(crate) async fn send(self, stream: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        stream.write_all(&self.bytes()).await?;
        stream.flush().await
    }
}

/// Receives a packet: its number and what is in it.
///
/// # Errors
/// When the stream ends or fails, or when the packet is empty or larger than [`limits::SFTP_PACKET_BYTES`].
pub(crate) async fn receive(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<(u8, Vec<u8>)> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).await?;
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if length == 0 || length > limits::SFTP_PACKET_BYTES {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("a packet of {length} bytes")));
    }
    let kind = stream.read_u8().await?;
    // Room is made for what comes, not for what is announced.
    let mut body = Vec::new();
    let rest = u64::try_from(length - 1).unwrap_or(0);
    stream.take(rest).read_to_end(&mut body).await?;
    if body.len() + 1 < length { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok((kind, body)) }
}

/// Reads what is in a packet; everything is `None` once something was missing.
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn word(&mut self) -> Option<u32> {
        let (number, rest) = self.0.split_first_chunk::<4>()?;
        self.0 = rest;
        Some(u32::from_be_bytes(*number))
    }

    pub(crate) fn long(&mut self) -> Option<u64> {
        let (number, rest) = self.0.split_first_chunk::<8>()?;
        self.0 = rest;
        Some(u64::from_be_bytes(*number))
    }

    pub(crate) fn text(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.word()?).ok()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(text)
    }

    pub(crate) fn attributes(&mut self) -> Option<Attributes> {
        let flags = self.word()?;
        let size = if flags & HAS_SIZE == 0 { None } else { Some(self.long()?) };
        if flags & HAS_OWNER != 0 {
            self.long()?;
        }
        let permissions = if flags & HAS_PERMISSIONS == 0 { None } else { Some(self.word()?) };
        let times = if flags & HAS_TIMES == 0 { None } else { Some((self.word()?, self.word()?)) };
        Some(Attributes { size, permissions, times })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let attributes = Attributes { size: Some(7), permissions: Some(0o100_644), times: Some((1, 2)) };
        let bytes =
            Packet::new(packet::ATTRS).word(9).text("a/b").attributes(attributes).long(u64::MAX).bytes();
        assert_eq!(bytes[..5], [0, 0, 0, 44, packet::ATTRS]);
        let mut reader = Reader(&bytes[5..]);
        assert_eq!(reader.word(), Some(9));
        assert_eq!(reader.text(), Some(&b"a/b"[..]));
        assert_eq!(reader.attributes(), Some(attributes));
        assert_eq!(reader.long(), Some(u64::MAX));
        assert_eq!(
            (reader.word(), reader.long(), reader.text(), reader.attributes()),
            (None, None, None, None)
        );
        assert_eq!(attributes.is_folder(), Some(false));
        assert_eq!(Reader(&[0, 0, 1, 0, 1]).text(), None);
    }

    #[tokio::test]
    async fn lengths_that_lie_make_no_room() {
        let got = |bytes: &'static [u8]| async move {
            receive(&mut &bytes[..]).await.map_err(|error| error.kind())
        };
        assert_eq!(got(&[0, 0, 0, 2, 5, 6]).await, Ok((5, vec![6])));
        assert_eq!(got(&[0xff, 0xff, 0xff, 0xff, 1]).await, Err(io::ErrorKind::InvalidData));
        assert_eq!(got(&[0, 0, 0, 0, 1]).await, Err(io::ErrorKind::InvalidData));
        assert_eq!(got(&[0, 3, 0, 0, 1, 2]).await, Err(io::ErrorKind::UnexpectedEof));
    }
}
