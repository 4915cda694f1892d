//! Why stations come and go, in the words in which operators ask.

use crate::codes::{LastReason, ResetType};
use crate::frame::FrameError;

/// Why a station registered. It tells itself, in the alarm that it sends before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WhyRegistered {
    /// It was started, or lost power.
    Started,
    /// It was ordered to begin anew.
    ResetOrdered(ResetType),
    /// Its user reset it.
    ResetByUser,
    /// The server did not answer its keepalives: it registers again, and was not reset.
    KeepaliveLost,
    /// Its connection broke: it registers again, and was not reset.
    ConnectionLost,
    /// It came back to the server that stands first in its list.
    Moved,
    /// It got another address.
    AddressChanged,
    /// It could not register before.
    Refused,
    /// It has other firmware now, or could not get it.
    Firmware,
    /// It tells something else.
    Told(LastReason),
    /// It tells nothing.
    Untold,
}

impl From<Option<LastReason>> for WhyRegistered {
    fn from(told: Option<LastReason>) -> Self {
        use LastReason as Last;
        match told {
            None => WhyRegistered::Untold,
            Some(Last::INITIALISED) => WhyRegistered::Started,
            Some(Last::SERVER_RESET_PHONE) => WhyRegistered::ResetOrdered(ResetType::RESET),
            Some(Last::SERVER_RESTARTED_PHONE) => WhyRegistered::ResetOrdered(ResetType::RESTART),
            Some(Last::USER_RESET_BY_KEYPAD) => WhyRegistered::ResetByUser,
            Some(Last::KEEPALIVE_TIMEOUT) => WhyRegistered::KeepaliveLost,
            Some(
                Last::TCP_CONNECT_TIMEOUT
                | Last::CLOSED_BAD_ACK
                | Last::SERVER_RESET_TCP
                | Last::SERVER_ABORTED_TCP
                | Last::TCP_CLOSED
                | Last::ICMP_UNREACHABLE
                | Last::SERVER_REJECTED_TCP
                | Last::CLOSED_UNKNOWN
                | Last::PHONE_ABORTED_TCP,
            ) => WhyRegistered::ConnectionLost,
            Some(Last::FAIL_BACK_TO_PRIMARY) => WhyRegistered::Moved,
            Some(Last::IP_CONFIGURATION_CHANGE) => WhyRegistered::AddressChanged,
            Some(Last::REGISTRATION_REJECTED) => WhyRegistered::Refused,
            Some(LastReason(0..=9) | Last::FILE_AUTHORISATION_FAILED) => WhyRegistered::Firmware,
            Some(other) => WhyRegistered::Told(other),
        }
    }
}

/// Why a station is no longer registered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WhyGone {
    /// It said good-bye.
    Left,
    /// It said nothing for three intervals of its keepalive.
    KeepaliveLost,
    /// Its connection was closed or broke.
    ConnectionLost,
    /// It was ordered to begin anew, and went.
    ResetOrdered(ResetType),
    /// It registered over another connection, or may come back over one.
    RegisteredAnew,
    /// Its bytes cannot be followed.
    Broken(FrameError),
    /// It is not configured any more.
    Removed,
}

impl WhyGone {
    /// The number under which CUCM tells it in its alarms.
    pub const fn code(self) -> u8 {
        match self {
            WhyGone::Left => 10,
            WhyGone::KeepaliveLost => 13,
            WhyGone::ConnectionLost | WhyGone::Broken(_) => 6,
            WhyGone::ResetOrdered(ResetType::APPLY_CONFIG) => 17,
            WhyGone::ResetOrdered(_) => 9,
            WhyGone::RegisteredAnew => 16,
            WhyGone::Removed => 2,
        }
    }
}

/// Why a connection was closed that had no registered station.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// No device of this name is configured.
    UnknownDevice,
    /// It speaks a version that is too old.
    VersionTooOld(u8),
    /// As many stations are registered as there may be.
    TooManyStations,
    /// It said nothing for too long, or did not end a frame.
    TooSlow,
    /// Its bytes cannot be followed.
    Broken(FrameError),
    /// There are as many connections as there may be.
    TooManyConnections,
}
