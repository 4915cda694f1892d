//! The four transaction machines of RFC 3261 §17, with the `Accepted` state of RFC 6026.
//!
//! A machine knows time and states, never bytes: it tells its owner what to do. The tables that find a
//! machine for a message, and the bytes that are sent again, are in [`table`].

pub mod client;
pub mod invite_client;
pub mod invite_server;
pub mod server;
pub mod table;

use std::time::Duration;

/// Round-trip time estimate (RFC 3261 §17.1.1.1).
pub const T1: Duration = Duration::from_millis(500);
/// Longest interval between retransmissions of a non-INVITE request or a response (RFC 3261 §17.1.2.2).
pub const T2: Duration = Duration::from_secs(4);
/// How long a message may stay in the network (RFC 3261 §17.1.2.2).
pub const T4: Duration = Duration::from_secs(5);
/// 64*T1: when a side gives up.
pub const GIVE_UP: Duration = Duration::from_secs(32);

/// What the owner of a machine has to do after an input.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Nothing.
    None,
    /// Hand the message to the transaction's user.
    Deliver,
    /// Send the last message once more.
    Resend,
    /// Acknowledge a final response other than 2xx, and hand it to the user when it is the first.
    Acknowledge {
        /// It is the first one.
        deliver: bool,
    },
    /// Send the response that came with the input.
    Send,
    /// Tell the user that nobody answered or confirmed.
    TimedOut,
}

/// Helpers of the table tests.
#[cfg(test)]
pub(crate) mod table_test {
    use strowger_base::Instant;

    pub(crate) fn at(seconds: u64) -> Instant {
        Instant::from_nanos(seconds * 1_000_000_000)
    }

    /// Compares a machine's whole table with the reviewed one under `testdata/tables`.
    pub(crate) fn check(name: &str, table: &str, reviewed: &str) {
        assert!(
            table == reviewed,
            "testdata/tables/{name}.txt is not the machine's table, which is:\n{table}"
        );
    }
}
