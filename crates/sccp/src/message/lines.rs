//! What the buttons of a phone stand for: lines, forwards, speed dials, features and services.

use crate::codes::{ButtonType, Instance};
use crate::wire::text::{Digits, Fixed, Place, Terminated, Text};
use crate::wire::{Coding, InWord, Reader, Wire, Writer};

message! {
    /// What is this line?
    LineStatReq = LINE_STAT_REQ, needs 4 {
        /// Which; also one that there is not.
        line: Instance,
    }
}

message! {
    /// What a line is.
    LineStat {
        /// Which.
        line: Instance,
        /// Its number; empty when there is no such line, for phones wait for an answer.
        number: Text,
        /// Whose it is.
        name: Text,
        /// What stands beside its key.
        label: Text,
        /// What is shown of calls: 1 number first called, 2 number that forwarded, 4 number and 8 name of the caller.
        display: u32,
    }
    form LINE_STAT[..17] { line, number as Fixed<24>, name as Fixed<40>, label as Fixed<40>, display, }
    form LINE_STAT_DYNAMIC[17..] {
        line, display, number as Terminated<24>, name as Terminated<120>, label as Terminated<120>,
    }
}

message! {
    /// What is this speed dial?
    SpeedDialStatReq = SPEED_DIAL_STAT_REQ, needs 4 {
        /// Which.
        index: Instance,
    }
}

message! {
    /// What a speed dial is. All phones understand the form that is chosen.
    SpeedDialStat {
        /// Which.
        index: Instance,
        /// What it dials; empty when there is none.
        number: Text,
        /// What stands beside its key.
        label: Text,
    }
    form SPEED_DIAL_STAT[3..] { index, number as Fixed<24>, label as Fixed<40>, }
    form SPEED_DIAL_STAT_DYNAMIC[..0] { index, number as Terminated<24>, label as Terminated<120>, }
}

message! {
    /// Where does this line forward to?
    ForwardStatReq = FORWARD_STAT_REQ, needs 4 {
        /// Which.
        line: Instance,
    }
}

message! {
    /// Where a line forwards to.
    ForwardStat = FORWARD_STAT {
        /// Whether it forwards anything.
        any: bool as Active,
        /// Which line.
        line: Instance,
        /// All calls.
        all: Forward,
        /// When it is busy.
        busy: Forward,
        /// When nobody answers.
        no_answer: Forward,
    }
}

record! {
    /// A forward.
    Forward {
        /// Whether it is on.
        active: bool as Active,
        /// Where to.
        number: Text as Digits,
    }
}

/// Four bytes, 0 for no. For yes 1, and from version 18 on 2, as was seen there.
struct Active;

impl Coding<bool> for Active {
    fn read(from: &mut Reader<'_>) -> bool {
        u32::read(from) != 0
    }

    fn write(value: &bool, to: &mut Writer<'_>) {
        let yes = if to.version() < 18 { 1 } else { 2 };
        (if *value { yes } else { 0u32 }).write(to);
    }
}

message! {
    /// What is this feature button?
    FeatureStatReq = FEATURE_STAT_REQ, needs 4 {
        /// Which.
        index: Instance,
        /// What the phone can show of it; of some loads only.
        capabilities: Option<u32>,
    }
}

message! {
    /// What a feature button is, and how things stand with it.
    FeatureStat {
        /// Which.
        index: Instance,
        /// What kind of button.
        kind: ButtonType,
        /// For busy lamps a [`crate::codes::BlfStatus`], for other buttons 0 off and 1 on.
        status: u32,
        /// What stands beside it.
        label: Text,
    }
    form FEATURE_STAT[..15] { index, kind as InWord, label as Fixed<40>, status, }
    form FEATURE_STAT_DYNAMIC[15..] { index, kind as InWord, status, label as Place<121, 124>, }
}

message! {
    /// What is this service button?
    ServiceUrlStatReq = SERVICE_URL_STAT_REQ, needs 4 {
        /// Which.
        index: Instance,
    }
}

message! {
    /// What a service button is.
    ServiceUrlStat {
        /// Which.
        index: Instance,
        /// What it gets.
        url: Text,
        /// What stands beside it.
        label: Text,
    }
    form SERVICE_URL_STAT[..7] { index, url as Fixed<256>, label as Fixed<40>, }
    form SERVICE_URL_STAT_DYNAMIC[7..] { index, url as Terminated<256>, label as Terminated<120>, }
}

message! {
    /// How am I configured?
    ConfigStatReq = CONFIG_STAT_REQ;
}

message! {
    /// How a phone is configured. All phones understand the form that is chosen.
    ConfigStat {
        /// The device's name.
        name: Text,
        /// 0.
        user: u32,
        /// 1.
        instance: u32,
        /// Whose phone it is.
        user_name: Text,
        /// Who serves it.
        server_name: Text,
        /// How many lines it has.
        lines: u32,
        /// How many speed dials it has.
        speed_dials: u32,
    }
    form CONFIG_STAT[3..] {
        name as Fixed<16>, user, instance, user_name as Fixed<40>, server_name as Fixed<40>, lines, speed_dials,
    }
    form CONFIG_STAT_DYNAMIC[..0] {
        name as Fixed<16>, user, instance, lines, speed_dials, user_name as Terminated<120>,
        server_name as Terminated<120>,
    }
}

message! {
    /// How many lines a phone can show.
    RegisterAvailableLines = REGISTER_AVAILABLE_LINES, needs 4 {
        /// So many.
        lines: u32,
    }
}
