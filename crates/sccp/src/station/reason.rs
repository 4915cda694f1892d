//! Why stations come and go, in the words in which operators ask.

use crate::codes::{AlarmSeverity, DeviceType, LastReason, OutOfServiceReason, ResetType};
use crate::frame::FrameError;
use crate::message::registration::{Alarm, XmlAlarm};
use crate::wire::text::Text;

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
    /// It had no address any more: the lease of its DHCP server ended, or somebody else had the same one.
    AddressLost,
    /// A server did not answer its registration in time.
    RegistrationTimedOut,
    /// It could not register before.
    Refused,
    /// It has other firmware now, or could not get it.
    Firmware,
    /// It tells something else, by this number.
    Told(u32),
    /// It tells nothing.
    Untold,
}

impl From<LastReason> for WhyRegistered {
    fn from(told: LastReason) -> Self {
        use LastReason as Last;
        match told {
            Last::INITIALISED => WhyRegistered::Started,
            Last::SERVER_RESET_PHONE => WhyRegistered::ResetOrdered(ResetType::RESET),
            Last::SERVER_RESTARTED_PHONE => WhyRegistered::ResetOrdered(ResetType::RESTART),
            Last::USER_RESET_BY_KEYPAD => WhyRegistered::ResetByUser,
            Last::KEEPALIVE_TIMEOUT => WhyRegistered::KeepaliveLost,
            Last::TCP_CONNECT_TIMEOUT
            | Last::CLOSED_BAD_ACK
            | Last::SERVER_RESET_TCP
            | Last::SERVER_ABORTED_TCP
            | Last::TCP_CLOSED
            | Last::ICMP_UNREACHABLE
            | Last::SERVER_REJECTED_TCP
            | Last::CLOSED_UNKNOWN
            | Last::PHONE_ABORTED_TCP => WhyRegistered::ConnectionLost,
            Last::FAIL_BACK_TO_PRIMARY => WhyRegistered::Moved,
            Last::IP_CONFIGURATION_CHANGE => WhyRegistered::AddressChanged,
            Last::REGISTRATION_REJECTED => WhyRegistered::Refused,
            LastReason(0..=9) | Last::FILE_AUTHORISATION_FAILED => WhyRegistered::Firmware,
            LastReason(other) => WhyRegistered::Told(other),
        }
    }
}

impl From<OutOfServiceReason> for WhyRegistered {
    fn from(told: OutOfServiceReason) -> Self {
        use OutOfServiceReason as Reason;
        match told {
            Reason::TCP_TIMED_OUT
            | Reason::SERVER_RESET_TCP
            | Reason::SERVER_ABORTED_TCP
            | Reason::SERVER_CLOSED_TCP => WhyRegistered::ConnectionLost,
            Reason::KEEPALIVE_FAILED => WhyRegistered::KeepaliveLost,
            Reason::ADDRESS_LOST => WhyRegistered::AddressLost,
            Reason::REGISTRATION_TIMED_OUT => WhyRegistered::RegistrationTimedOut,
            Reason::HIGHER_PRIORITY_SERVER => WhyRegistered::Moved,
            Reason::USER_RESET => WhyRegistered::ResetByUser,
            Reason::SERVER_RESET_PHONE => WhyRegistered::ResetOrdered(ResetType::RESET),
            Reason::SERVER_RESTARTED_PHONE => WhyRegistered::ResetOrdered(ResetType::RESTART),
            Reason::REGISTRATION_REJECTED => WhyRegistered::Refused,
            OutOfServiceReason(other) => WhyRegistered::Told(other),
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
    /// It said more in a short time than any phone has to say ([`crate::station::io::Settings::events_max`]).
    Throttled,
    /// It is not configured any more.
    Removed,
}

impl WhyRegistered {
    /// The word by which it stands in the journal and in answers.
    pub const fn word(self) -> &'static str {
        match self {
            WhyRegistered::Started => "started",
            WhyRegistered::ResetOrdered(ResetType::RESET) => "reset-ordered",
            WhyRegistered::ResetOrdered(ResetType::APPLY_CONFIG) => "configuration-applied",
            WhyRegistered::ResetOrdered(_) => "restart-ordered",
            WhyRegistered::ResetByUser => "reset-by-user",
            WhyRegistered::KeepaliveLost => "keepalive-lost",
            WhyRegistered::ConnectionLost => "connection-lost",
            WhyRegistered::Moved => "moved",
            WhyRegistered::AddressChanged => "address-changed",
            WhyRegistered::AddressLost => "address-lost",
            WhyRegistered::RegistrationTimedOut => "registration-timed-out",
            WhyRegistered::Refused => "refused-before",
            WhyRegistered::Firmware => "firmware",
            WhyRegistered::Told(_) => "other",
            WhyRegistered::Untold => "untold",
        }
    }
}

impl WhyGone {
    /// The word by which it stands in the journal and in answers.
    pub const fn word(self) -> &'static str {
        match self {
            WhyGone::Left => "left",
            WhyGone::KeepaliveLost => "keepalive-lost",
            WhyGone::ConnectionLost => "connection-lost",
            WhyGone::ResetOrdered(ResetType::RESET) => "reset-ordered",
            WhyGone::ResetOrdered(ResetType::APPLY_CONFIG) => "configuration-applied",
            WhyGone::ResetOrdered(_) => "restart-ordered",
            WhyGone::RegisteredAnew => "registered-anew",
            WhyGone::Broken(_) => "broken",
            WhyGone::Throttled => "throttled",
            WhyGone::Removed => "removed",
        }
    }

    /// The number under which CUCM tells it in its alarms.
    pub const fn code(self) -> u8 {
        match self {
            WhyGone::Left => 10,
            WhyGone::KeepaliveLost => 13,
            WhyGone::ConnectionLost | WhyGone::Broken(_) => 6,
            WhyGone::ResetOrdered(ResetType::APPLY_CONFIG) => 17,
            WhyGone::ResetOrdered(_) => 9,
            WhyGone::RegisteredAnew => 16,
            WhyGone::Throttled => 12,
            WhyGone::Removed => 2,
        }
    }
}

/// The number under which CUCM tells why a station is gone that is told here by this word; `None` for another word.
pub fn code_of(word: &str) -> Option<u8> {
    let all = [
        WhyGone::Left,
        WhyGone::KeepaliveLost,
        WhyGone::ConnectionLost,
        WhyGone::ResetOrdered(ResetType::RESET),
        WhyGone::ResetOrdered(ResetType::RESTART),
        WhyGone::ResetOrdered(ResetType::APPLY_CONFIG),
        WhyGone::RegisteredAnew,
        WhyGone::Throttled,
        WhyGone::Removed,
    ];
    let broken = (word == "broken").then_some(6);
    all.into_iter().find(|why| why.word() == word).map(WhyGone::code).or(broken)
}

/// What a station told of itself with its last alarm.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct LastAlarm {
    /// How bad it is, by the number that it gave; `None` for an alarm that is a document.
    pub severity: Option<AlarmSeverity>,
    /// All of its text.
    pub text: Text,
    /// What depends on the alarm.
    pub parameters: [u32; 2],
}

impl From<Alarm> for LastAlarm {
    fn from(alarm: Alarm) -> Self {
        let parameters = [alarm.parameter1, alarm.parameter2];
        LastAlarm { severity: Some(alarm.severity), text: alarm.text, parameters }
    }
}

impl From<XmlAlarm> for LastAlarm {
    fn from(alarm: XmlAlarm) -> Self {
        LastAlarm { text: alarm.text, ..LastAlarm::default() }
    }
}

/// Why a connection was closed that had no registered station.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// No device of this name is configured.
    UnknownDevice,
    /// It is configured as a phone and comes as a media resource, or the other way round, or as a resource that does something else.
    OtherKind(DeviceType),
    /// It speaks a version that is too old.
    VersionTooOld(u8),
    /// As many stations are registered as there may be.
    TooManyStations,
    /// It said nothing for too long, or did not end a frame.
    TooSlow,
    /// It said more in a short time than any station has to say.
    TooFast,
    /// Its bytes cannot be followed.
    Broken(FrameError),
    /// There are as many connections as there may be.
    TooManyConnections,
}

impl Refusal {
    /// The word by which it stands in the journal and in answers.
    pub const fn word(self) -> &'static str {
        match self {
            Refusal::UnknownDevice => "unknown-device",
            Refusal::OtherKind(_) => "other-kind",
            Refusal::VersionTooOld(_) => "version-too-old",
            Refusal::TooManyStations => "too-many-stations",
            Refusal::TooSlow => "too-slow",
            Refusal::TooFast => "throttled",
            Refusal::Broken(_) => "broken",
            Refusal::TooManyConnections => "too-many-connections",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(alarm: &str, expect: Option<WhyRegistered>) {
        let alarm = Alarm { text: alarm.into(), ..Alarm::default() };
        assert_eq!(alarm.last_reason().map(WhyRegistered::from), expect, "{alarm:?}");
    }

    fn check_document(reason: &str, expect: Option<WhyRegistered>) {
        let document = format!(
            "<?xml version=\"1.0\"?>\n<x-cisco-alarm><Alarm Name=\"LastOutOfServiceInformation\"><ParameterList>\n\
             <String name=\"DeviceName\">SEP001122334455</String>\n{reason}</ParameterList></Alarm></x-cisco-alarm>"
        );
        let alarm = XmlAlarm { text: document.as_str().into() };
        assert_eq!(alarm.out_of_service_reason().map(WhyRegistered::from), expect, "{document}");
    }

    #[test]
    fn a_reset_and_a_lost_connection_are_told_apart() {
        check("25: Name=SEP001122334455 Load=9.4 Last=Initialized", Some(WhyRegistered::Started));
        check("17: Name=SEP001122334455 Last=KeepaliveTO", Some(WhyRegistered::KeepaliveLost));
        check("14: Name=SEP001122334455 Last=TCP-Closed", Some(WhyRegistered::ConnectionLost));
        check("22: Name=SEP001122334455", Some(WhyRegistered::ResetOrdered(ResetType::RESET)));
        check("20: Name=SEP001122334455", Some(WhyRegistered::ResetByUser));
        check("9: TFTP Error", Some(WhyRegistered::Firmware));
        check("29: DSP Alarm", Some(WhyRegistered::Told(29)));
        check("Name=SEP001122334455", None);
    }

    #[test]
    fn every_reason_has_the_number_of_its_word() {
        let check = |why: WhyGone| assert_eq!(code_of(why.word()), Some(why.code()), "{why:?}");
        check(WhyGone::Left);
        check(WhyGone::KeepaliveLost);
        check(WhyGone::ResetOrdered(ResetType::RESTART));
        check(WhyGone::ResetOrdered(ResetType::APPLY_CONFIG));
        check(WhyGone::Broken(FrameError::TooShort { length: 0 }));
        check(WhyGone::Throttled);
        check(WhyGone::Removed);
        assert_eq!(code_of("started"), None);
    }

    #[test]
    fn a_document_tells_it_by_numbers_of_its_own() {
        let reason = |number: &str| format!("<Enum name=\"ReasonForOutOfService\">{number}</Enum>\n");
        check_document(&reason("15"), Some(WhyRegistered::KeepaliveLost));
        check_document(&reason("16"), Some(WhyRegistered::AddressLost));
        check_document(&reason("17"), Some(WhyRegistered::RegistrationTimedOut));
        check_document(&reason("23"), Some(WhyRegistered::ResetOrdered(ResetType::RESTART)));
        check_document(&reason("99"), Some(WhyRegistered::Told(99)));
        check_document(&reason(""), None);
        check_document("", None);
        check_document("<Enum name=\"ReasonForOutOfService\">15", Some(WhyRegistered::KeepaliveLost));
    }
}
