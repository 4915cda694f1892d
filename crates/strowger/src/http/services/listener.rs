//! Connections of phones: so many at once, and none for long. Nobody says here who he is.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Sleep;

/// A listener with room for so many connections: others wait in the system's queue.
pub(super) struct Limited {
    listener: TcpListener,
    room: Arc<Semaphore>,
    hosts: Hosts,
}

/// How many connections each address has.
#[derive(Clone, Default)]
struct Hosts(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// A connection of an address.
struct OfHost {
    hosts: Hosts,
    host: IpAddr,
}

impl Hosts {
    /// `None` when the address has as many as it may.
    fn take(&self, host: IpAddr) -> Option<OfHost> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(host).or_default();
        if *count >= OF_A_HOST {
            return None;
        }
        *count += 1;
        Some(OfHost { hosts: self.clone(), host })
    }
}

impl Drop for OfHost {
    fn drop(&mut self) {
        let mut counts = self.hosts.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.host) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.host);
            }
        }
    }
}

/// A connection that ends when its time is over.
pub(super) struct Held {
    stream: TcpStream,
    until: Pin<Box<Sleep>>,
    _permit: OwnedSemaphorePermit,
    _of_host: OfHost,
}

impl Limited {
    pub(super) fn new(listener: TcpListener) -> Self {
        Limited { listener, room: Arc::new(Semaphore::new(CONNECTIONS)), hosts: Hosts::default() }
    }
}

impl axum::serve::Listener for Limited {
    type Io = Held;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Held, SocketAddr) {
        loop {
            let Ok(permit) = Arc::clone(&self.room).acquire_owned().await else {
                // Nobody closes it.
                std::future::pending::<()>().await;
                continue;
            };
            match self.listener.accept().await {
                Ok((stream, peer)) => {
                    // One that has as many as it may is closed: it takes no room from others.
                    let Some(of_host) = self.hosts.take(peer.ip().to_canonical()) else { continue };
                    let until = Box::pin(tokio::time::sleep(LIFE));
                    return (Held { stream, until, _permit: permit, _of_host: of_host }, peer);
                }
                // No file may be opened any more, most often: somebody closes one.
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl Held {
    fn over(&mut self, context: &mut Context<'_>) -> bool {
        self.until.as_mut().poll(context).is_ready()
    }
}

impl AsyncRead for Held {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.over(context) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl AsyncWrite for Held {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.over(context) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// Connections at the same time.
const CONNECTIONS: usize = 256;
/// Of them of one address, behind which there may be a site.
const OF_A_HOST: usize = 32;
/// How long one lasts; phones make one for each page.
const LIFE: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_so_many_and_takes_none_of_others() {
        let hosts = Hosts::default();
        let [one, other] = [1, 2].map(|host| IpAddr::from([192, 0, 2, host]));
        let mut taken: Vec<OfHost> = (0..OF_A_HOST).filter_map(|_| hosts.take(one)).collect();
        assert_eq!(taken.len(), OF_A_HOST);
        assert!(hosts.take(one).is_none());
        assert!(hosts.take(other).is_some());
        taken.pop();
        assert!(hosts.take(one).is_some(), "one was closed");
        taken.clear();
        assert!(hosts.0.lock().unwrap().is_empty(), "nothing is remembered of who has left");
    }
}
