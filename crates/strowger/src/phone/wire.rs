//! The connection of a terminal phone: a thread that reads it, and a way to write.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream, UdpSocket};
use std::sync::mpsc::Sender;
use std::time::Duration;

use super::desk::Happening;

/// What carries the phone's protocol.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Carrier {
    /// One connection; a refused one is told at once.
    Tcp,
    /// Datagrams.
    Udp,
}

/// An open connection. Each has a number, so that what an old one still says is not taken for the new one's.
pub(super) struct Wire {
    pub(super) number: u64,
    way: Way,
}

enum Way {
    Tcp(TcpStream),
    Udp(UdpSocket),
}

/// A server that does not answer is told after this.
const PATIENCE: Duration = Duration::from_secs(5);

impl Wire {
    /// Opens one, and begins to read; its own address comes back too.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub(super) fn open(
        carrier: Carrier,
        server: SocketAddr,
        number: u64,
        tell: Sender<Happening>,
    ) -> std::io::Result<(Wire, SocketAddr)> {
        let (way, local) = match carrier {
            Carrier::Tcp => {
                let stream = TcpStream::connect_timeout(&server, PATIENCE)?;
                stream.set_nodelay(true)?;
                let (local, mut reading) = (stream.local_addr()?, stream.try_clone()?);
                reads(number, tell, move |buffer| match reading.read(buffer)? {
                    0 => Err(std::io::Error::other("the server closed the connection")),
                    length => Ok(length),
                })?;
                (Way::Tcp(stream), local)
            }
            Carrier::Udp => {
                let any: SocketAddr =
                    if server.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0u16; 8], 0).into() };
                let socket = UdpSocket::bind(any)?;
                socket.connect(server)?;
                let (local, reading) = (socket.local_addr()?, socket.try_clone()?);
                reads(number, tell, move |buffer| reading.recv(buffer))?;
                (Way::Udp(socket), local)
            }
        };
        Ok((Wire { number, way }, local))
    }

    /// Sends bytes, or one datagram.
    ///
    /// # Errors
    /// When the connection is gone.
    pub(super) fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        match &mut self.way {
            Way::Tcp(stream) => stream.write_all(bytes),
            Way::Udp(socket) => socket.send(bytes).map(drop),
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if let Way::Tcp(stream) = &self.way {
            // The thread that reads ends with it.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

fn reads(
    number: u64,
    tell: Sender<Happening>,
    mut read: impl FnMut(&mut [u8]) -> std::io::Result<usize> + Send + 'static,
) -> std::io::Result<()> {
    let run = move || {
        let mut buffer = [0; 65_536];
        loop {
            match read(&mut buffer) {
                Ok(length) => {
                    let bytes = buffer.get(..length).unwrap_or_default().to_vec();
                    if tell.send(Happening::Bytes(number, bytes)).is_err() {
                        return;
                    }
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => {
                    let _ = tell.send(Happening::Lost(number, error.to_string()));
                    return;
                }
            }
        }
    };
    std::thread::Builder::new().name("wire".to_owned()).spawn(run).map(drop)
}
