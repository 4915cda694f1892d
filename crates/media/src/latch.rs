//! Where a peer really is: symmetric RTP, with care about who else might send.
//!
//! The address in a description is only a claim: behind NAT it is one that nobody can reach. So packets go
//! where the peer's packets come from, by these rules:
//!
//! 1. The described address is always believed: when packets come from it, they win over any other.
//! 2. Until the first valid packet, packets go to the described address.
//! 3. The first valid packet fixes the address. From then on others are dropped and counted as foreign.
//! 4. The address moves when the fixed one has been silent for [`SILENCE`] and a packet with the same SSRC comes from
//!    another: a NAT that lost its binding keeps the SSRC, a stranger does not know it.
//! 5. When the description changes, the address is learned anew. For [`GRACE`] the old address cannot
//!    be learned again, because its last packets are still on the way.
//! 6. Who was still sending to the call before on this port is not learned, unless the description names it.
//! 7. Nothing goes to an unspecified address (old-style hold), but what was learned is kept for the resumption.

use std::net::SocketAddr;
use std::time::Duration;

use strowger_base::Instant;

use crate::worker::Former;

/// The peer of one RTP socket.
#[derive(Clone, Debug, Default)]
pub(crate) struct Latch {
    described: Option<SocketAddr>,
    muted: Muted,
    learned: Option<Learned>,
    previous: Option<(SocketAddr, Instant)>,
    /// Who belongs to the call before.
    former: Option<Former>,
}

#[derive(Clone, Copy, Debug)]
struct Learned {
    address: SocketAddr,
    ssrc: u32,
    heard: Instant,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Muted {
    #[default]
    No,
    /// The last description had an unspecified address.
    Yes,
}

/// What becomes of a packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// It is the peer's.
    Ours,
    /// It is somebody else's.
    Foreign,
}

impl Latch {
    /// The peer described another address, or the same again.
    pub(crate) fn describe(&mut self, now: Instant, address: SocketAddr) {
        if address.ip().is_unspecified() || address.port() == 0 {
            self.muted = Muted::Yes;
            return;
        }
        self.muted = Muted::No;
        if self.described.replace(address) == Some(address) {
            return;
        }
        if let Some(learned) = self.learned.take() {
            self.previous = Some((learned.address, now));
        }
    }

    /// Somebody is still sending to the call that had this port before.
    pub(crate) const fn shun(&mut self, former: Former) {
        self.former = Some(former);
    }

    /// Judges a packet that is valid in all other respects.
    pub(crate) fn judge(&mut self, now: Instant, source: SocketAddr, ssrc: u32) -> Verdict {
        let fixed = Learned { address: source, ssrc, heard: now };
        if let Some(learned) = self.learned.as_mut() {
            let silent = now.saturating_since(learned.heard) >= SILENCE;
            if learned.address == source
                || is_same(self.described, source)
                || (silent && learned.ssrc == ssrc)
            {
                *learned = fixed;
                return Verdict::Ours;
            }
            return Verdict::Foreign;
        }
        if self.former.is_some_and(|former| former.is_stale(source, ssrc)) && !is_same(self.described, source)
        {
            return Verdict::Foreign;
        }
        match self.previous {
            Some((previous, since)) if previous == source && !is_same(self.described, source) => {
                if now.saturating_since(since) >= GRACE {
                    self.learned = Some(fixed);
                }
            }
            Some(_) | None => self.learned = Some(fixed),
        }
        Verdict::Ours
    }

    /// Where packets go.
    pub(crate) fn destination(&self) -> Option<SocketAddr> {
        match self.muted {
            Muted::Yes => None,
            Muted::No => self.peer().or(self.described),
        }
    }

    /// Where packets really come from.
    pub(crate) fn peer(&self) -> Option<SocketAddr> {
        self.learned.map(|learned| learned.address)
    }

    /// The address that was described last, if any.
    pub(crate) const fn described(&self) -> Option<SocketAddr> {
        self.described
    }

    /// True while the described address is the best that is known.
    pub(crate) fn is_as_described(&self) -> bool {
        self.peer().is_none_or(|peer| is_same(self.described, peer))
    }
}

/// The peer of an RTCP socket, which follows that of the RTP socket beside it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ControlLatch {
    described: Option<SocketAddr>,
    learned: Option<SocketAddr>,
}

impl ControlLatch {
    /// The peer described an address for RTCP.
    pub(crate) fn describe(&mut self, address: SocketAddr) {
        if address.ip().is_unspecified() || address.port() == 0 {
            return;
        }
        if self.described.replace(address) != Some(address) {
            self.learned = None;
        }
    }

    /// Judges a valid packet: it must come from the described address, or from the host that RTP comes from.
    pub(crate) fn judge(&mut self, source: SocketAddr, rtp: &Latch) -> Verdict {
        let host = rtp.peer().or(rtp.described).map(|address| address.ip().to_canonical());
        if !is_same(self.described, source) && host != Some(source.ip().to_canonical()) {
            return Verdict::Foreign;
        }
        self.learned = Some(source);
        Verdict::Ours
    }

    /// Where RTCP goes. Not to a described address when RTP came from elsewhere: it would not arrive.
    pub(crate) fn destination(&self, rtp: &Latch) -> Option<SocketAddr> {
        let described = self.described.filter(|_| rtp.is_as_described());
        self.learned.or(described).filter(|_| rtp.muted == Muted::No)
    }
}

/// Whether a described address is a packet's source, which a socket for both IP versions shows as an IPv4 address
/// mapped into IPv6 (RFC 4291 §2.5.5.2).
fn is_same(described: Option<SocketAddr>, source: SocketAddr) -> bool {
    described.is_some_and(|described| {
        described.port() == source.port() && described.ip().to_canonical() == source.ip().to_canonical()
    })
}

/// After this without a packet the peer's address may move.
const SILENCE: Duration = Duration::from_secs(1);
/// For this long after a new description the old address is not learned again.
const GRACE: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: u64) -> Instant {
        Instant::from_nanos(milliseconds * 1_000_000)
    }

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    /// Steps: `describe` or a packet with its source and SSRC, when, and where packets go afterwards.
    #[test]
    fn the_rules_in_order() {
        const PRIVATE: &str = "10.0.0.5:4000";
        const PUBLIC: &str = "192.0.2.1:61000";
        const MOVED: &str = "192.0.2.1:61007";
        const STRANGER: &str = "198.51.100.66:666";
        const HOLD: &str = "0.0.0.0:4000";
        const OTHER: &str = "10.0.0.6:4000";
        let mut latch = Latch::default();
        let mut check = |ms: u64, step: Result<&str, (&str, u32)>, verdict: Verdict, expect: Option<&str>| {
            match step {
                Ok(described) => latch.describe(at(ms), address(described)),
                Err((source, ssrc)) => {
                    assert_eq!(latch.judge(at(ms), address(source), ssrc), verdict, "{ms} ms");
                }
            }
            assert_eq!(latch.destination(), expect.map(address), "{ms} ms");
        };
        let ours = Verdict::Ours;
        let foreign = Verdict::Foreign;
        check(0, Ok(PRIVATE), ours, Some(PRIVATE));
        check(10, Err((PUBLIC, 7)), ours, Some(PUBLIC));
        check(20, Err((STRANGER, 8)), foreign, Some(PUBLIC));
        // Moving too early, then after silence, with and without knowing the SSRC.
        check(900, Err((MOVED, 7)), foreign, Some(PUBLIC));
        check(2000, Err((STRANGER, 8)), foreign, Some(PUBLIC));
        check(2010, Err((MOVED, 7)), ours, Some(MOVED));
        // Hold and resume with the same description keep what was learned.
        check(3000, Ok(HOLD), ours, None);
        check(4000, Ok(PRIVATE), ours, Some(MOVED));
        // Another description: the old address is heard but not learned until the new one shows itself.
        check(5000, Ok(OTHER), ours, Some(OTHER));
        check(5010, Err((MOVED, 7)), ours, Some(OTHER));
        check(5020, Err((PUBLIC, 9)), ours, Some(PUBLIC));
        check(5030, Err((MOVED, 7)), foreign, Some(PUBLIC));
        // The described address itself always wins.
        check(5040, Err((OTHER, 10)), ours, Some(OTHER));
        check(5050, Err((PUBLIC, 9)), foreign, Some(OTHER));
    }

    #[test]
    fn who_talks_to_the_call_before_is_not_learned() {
        let stale = address("192.0.2.1:61000");
        let mut latch = Latch::default();
        latch.shun(Former { address: stale, ssrc: Some(7) });
        let mut check = |ms: u64, source: &str, ssrc: u32, verdict: Verdict| {
            assert_eq!(latch.judge(at(ms), address(source), ssrc), verdict, "{source} {ssrc}");
        };
        // Before anything is described, and after.
        check(1, "192.0.2.1:61000", 7, Verdict::Foreign);
        latch.describe(at(2), address("10.0.0.5:4000"));
        let mut check = |ms: u64, source: &str, ssrc: u32, verdict: Verdict| {
            assert_eq!(latch.judge(at(ms), address(source), ssrc), verdict, "{source} {ssrc}");
        };
        check(3, "192.0.2.1:61000", 7, Verdict::Foreign);
        check(4, "192.0.2.1:61004", 7, Verdict::Foreign);
        // The phone calls again from its port.
        check(5, "192.0.2.1:61000", 8, Verdict::Ours);
        // It says where it is.
        latch.describe(at(7), stale);
        assert_eq!(latch.judge(at(8), stale, 7), Verdict::Ours);
    }

    #[test]
    fn a_mapped_address_is_the_described_one() {
        let mut latch = Latch::default();
        latch.describe(at(0), address("192.0.2.1:4000"));
        latch.judge(at(1), address("198.51.100.66:666"), 1);
        assert_eq!(latch.judge(at(2), address("[::ffff:192.0.2.1]:4000"), 7), Verdict::Ours);
        assert!(latch.is_as_described());
        let mut control = ControlLatch::default();
        assert_eq!(control.judge(address("192.0.2.1:9"), &latch), Verdict::Ours);
    }

    #[test]
    fn after_the_grace_the_old_address_may_be_the_new_one() {
        let mut latch = Latch::default();
        latch.describe(at(0), address("10.0.0.5:4000"));
        latch.judge(at(1), address("192.0.2.1:61000"), 7);
        latch.describe(at(10), address("10.0.0.5:4002"));
        latch.judge(at(2500), address("192.0.2.1:61000"), 7);
        assert_eq!(latch.destination(), Some(address("192.0.2.1:61000")));
    }
}
