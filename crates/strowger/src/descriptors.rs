//! How many files and sockets the process may have open, and who gets how many of them.

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use strowger_base::limits;

use crate::log;

/// Who gets how many descriptors.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Budget {
    /// All of them.
    pub(crate) limit: u64,
    /// TCP connections.
    pub(crate) streams: usize,
    /// Sockets for RTP and RTCP.
    pub(crate) media: usize,
}

impl Budget {
    /// Raises the limit as far as this user may, and says what there is. `ports` are those for media.
    pub(crate) fn claim(ports: (u16, u16)) -> Budget {
        let wanted = usize::from(ports.1.saturating_sub(ports.0)) + 1;
        let budget = Budget::of(raise(), wanted);
        let event = if budget.media < wanted || budget.streams < FEW {
            log::warn("few files may be open").effect("few TCP connections and media ports").remedy(format!(
                "raise the limit: LimitNOFILE= of the systemd unit, or ulimit -n; {} are enough for all",
                limits::STREAMS + limits::STREAMS / 16 + wanted + RESERVED
            ))
        } else {
            log::info("files that may be open")
        };
        event
            .count("limit", budget.limit)
            .count("tcp_connections", budget.streams as u64)
            .count("media_sockets", budget.media as u64)
            .write();
        budget
    }

    fn of(limit: u64, media_wanted: usize) -> Budget {
        let all = usize::try_from(limit).unwrap_or(usize::MAX);
        // Journal, index, HTTP and the threads' own.
        let free = all - RESERVED.min(all / 2);
        let media = media_wanted.min(free / 2);
        // Connections of our own may be a sixteenth more.
        let streams = limits::STREAMS.min((free - media) / 17 * 16);
        Budget { limit, streams, media }
    }
}

/// The limit as it is after it was raised; what cannot be raised stays.
fn raise() -> u64 {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return UNKNOWN };
    if soft < hard && setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_err() {
        return soft;
    }
    hard
}

/// What POSIX systems give at least by default.
const UNKNOWN: u64 = 1_024;
const RESERVED: usize = 256;
/// Fewer connections than this are worth a warning.
const FEW: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_gets_what_others_need() {
        let check = |limit: u64, media_wanted: usize, expect: (usize, usize)| {
            let budget = Budget::of(limit, media_wanted);
            assert_eq!((budget.streams, budget.media), expect, "{limit}");
            let spent = budget.streams + budget.streams / 16 + budget.media;
            assert!(limit == 0 || spent < limit as usize, "{limit}: {spent}");
        };
        check(0, 16_384, (0, 0));
        check(120, 16_384, (16, 30));
        check(1_024, 16_384, (352, 384));
        check(1_024, 100, (624, 100));
        check(65_536, 16_384, (46_016, 16_384));
        check(1_048_576, 16_384, (limits::STREAMS, 16_384));
        check(u64::MAX, 65_536, (limits::STREAMS, 65_536));
    }
}
