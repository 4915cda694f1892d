//! From a name and a port to a connection.

use std::io;

use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::destination::{Destination, Protocol};
use crate::failure::{Cause, Failure, Step, With};

impl Destination {
    /// The destination in words, without secrets.
    #[must_use]
    pub fn name(&self) -> String {
        match self.protocol {
            Protocol::Folder => format!("folder {}", self.folder),
            Protocol::Sftp | Protocol::Ftp | Protocol::Ftps | Protocol::FtpsImplicit => {
                let brackets = self.host.contains(':');
                let host = if brackets { format!("[{}]", self.host) } else { self.host.clone() };
                format!("{}://{}@{host}:{}", self.protocol.as_str(), self.user, self.port)
            }
        }
    }

    pub(crate) fn fail(&self, step: Step, cause: Cause) -> Failure {
        let with = With { destination: self.name(), ..With::default() };
        Failure { step, with: with.into(), cause }
    }
}

/// Connects; all addresses of a name are tried within the one limit.
///
/// # Errors
/// Why there is no connection.
pub(crate) async fn tcp(to: &Destination) -> Result<TcpStream, Failure> {
    let connecting = TcpStream::connect((to.host.as_str(), to.port));
    let cause = match timeout(to.patience.connect, connecting).await {
        Ok(Ok(socket)) => {
            // Many small packets go to and fro; nobody gains by their waiting for each other.
            let _ = socket.set_nodelay(true);
            return Ok(socket);
        }
        Ok(Err(error)) => Cause::Unreachable { said: words(&error) },
        Err(_) => Cause::Timeout { waited: to.patience.connect },
    };
    Err(to.fail(Step::Connect, cause))
}

fn words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "it refuses the connection; nobody listens at that port".into(),
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            format!("there is no way to it ({error})")
        }
        // Names that are not found have no kind of their own.
        _ => error.to_string(),
    }
}
