//! Ports for the programs that we start.
//!
//! They come from below the range out of which the system serves everybody who asks for any port, and from below
//! the range in which the server opens media ports: between our look and the program's bind nobody takes them.

use std::net::{TcpListener, UdpSocket};
use std::sync::atomic::{AtomicU16, Ordering};

/// The ports that are given out.
const FIRST: u16 = 7000;
const LAST: u16 = 15_900;

/// Media ports of servers, up to where the system's own range begins.
const FIRST_MEDIA: u16 = 16_384;
/// Media ports of one server.
const RANGE: u16 = 512;
/// So many servers one after the other have ports of their own.
const RANGES: u16 = (32_768 - FIRST_MEDIA) / RANGE;

/// The first of so many ports in a row, free for UDP and TCP on loopback at this moment. It is even.
///
/// # Errors
/// When there are none.
pub(crate) fn block(count: u16) -> Result<u16, String> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Two runs at once begin at different places.
    let _ = NEXT.compare_exchange(0, start_of_this_process(), Ordering::Relaxed, Ordering::Relaxed);
    let step = count.next_multiple_of(2);
    for _ in 0..(LAST - FIRST) / step {
        let mut first = NEXT.fetch_add(step, Ordering::Relaxed) & !1;
        if !(FIRST..LAST - step).contains(&first) {
            NEXT.store(FIRST + step, Ordering::Relaxed);
            first = FIRST;
        }
        if (first..first + count).all(is_free) {
            return Ok(first);
        }
    }
    Err(format!("no {count} free ports in a row between {FIRST} and {LAST}"))
}

/// A range of media ports for one server, as `--rtp-ports` takes it: servers side by side send from ports of their own, so that what a
/// capture saw on a port was one server's.
pub(crate) fn media() -> String {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let _ = NEXT.compare_exchange(
        0,
        1 + std::process::id() as u16 % RANGES,
        Ordering::Relaxed,
        Ordering::Relaxed,
    );
    let first = FIRST_MEDIA + NEXT.fetch_add(1, Ordering::Relaxed) % RANGES * RANGE;
    format!("{first}-{}", first + RANGE - 1)
}

/// One free port.
///
/// # Errors
/// When there is none.
pub(crate) fn one() -> Result<u16, String> {
    block(1)
}

fn start_of_this_process() -> u16 {
    let places = (LAST - FIRST) / 100;
    FIRST + 100 * u16::try_from(std::process::id() % u32::from(places)).unwrap_or(0)
}

fn is_free(port: u16) -> bool {
    UdpSocket::bind(("127.0.0.1", port)).is_ok() && TcpListener::bind(("127.0.0.1", port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_server_has_media_ports_of_its_own() {
        let ranges: std::collections::BTreeSet<String> = (0..RANGES).map(|_| media()).collect();
        assert_eq!(ranges.len(), usize::from(RANGES));
        for range in ranges {
            let (first, last) = range.split_once('-').expect("a range");
            let (first, last): (u16, u16) = (first.parse().expect("a port"), last.parse().expect("a port"));
            assert!(first >= FIRST_MEDIA && last < 32_768 && last - first == RANGE - 1, "{range}");
        }
    }

    #[test]
    fn blocks_do_not_overlap_and_are_even() {
        let (first, second) = (block(20).expect("ports"), block(3).expect("ports"));
        assert!(first % 2 == 0 && second % 2 == 0);
        assert!(second >= first + 20 || second + 3 <= first);
    }
}
