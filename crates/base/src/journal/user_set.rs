//! What users set by themselves: it is kept beside the configuration.

use super::DecodeError;
use super::call_back::CallBackTo;
use super::wire::{Reader, Wire, wire_enum, wire_struct};
use crate::feature::Forwarded;

/// A user set something. The newest of each line, phone and kind of value counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UserSet<'a> {
    /// The line at which it was set, by its name; empty for what a program set at a phone.
    pub line: &'a str,
    /// The phone at which it was set, by its name; empty for what a program set at a line.
    pub phone: &'a str,
    /// What.
    pub value: UserValue<'a>,
    /// By whom.
    pub by: SetBy<'a>,
}

wire_struct!(UserSet<'a> { line, phone, value, by });

/// What users set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UserValue<'a> {
    /// Where such calls of the line go.
    Forward {
        /// Which calls.
        which: Forwarded,
        /// Where to.
        to: ForwardedTo<'a>,
    },
    /// Calls disturb the phone.
    Disturb(OnOff),
    /// The phone takes part in hunts.
    Hunted(OnOff),
    /// Whom the phone calls back.
    CallBack(CallBackTo<'a>),
}

wire_enum!(UserValue<'a> { Forward = 0 { which, to }, Disturb = 1 (on), Hunted = 2 (on), CallBack = 3 (to) });
wire_enum!(Forwarded { All = 0, Busy = 1, NoAnswer = 2, Unregistered = 3 });

/// Where a forward leads that a user set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ForwardedTo<'a> {
    /// Where the configuration says, if anywhere.
    AsConfigured,
    /// Nowhere, whatever the configuration says.
    Nowhere,
    /// To this number.
    Number(&'a str),
    /// To the voice mail of the line.
    VoiceMail,
}

wire_enum!(ForwardedTo<'a> { AsConfigured = 0, Nowhere = 1, Number = 2 (number), VoiceMail = 3 });

/// Whether something is so.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OnOff {
    /// It is.
    On,
    /// It is not.
    Off,
}

wire_enum!(OnOff { On = 0, Off = 1 });

impl OnOff {
    /// [`OnOff::On`] when it is so.
    pub const fn of(is_so: bool) -> Self {
        if is_so { OnOff::On } else { OnOff::Off }
    }
}

/// Who set something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SetBy<'a> {
    /// The user, at a phone.
    Phone,
    /// Somebody who asked a program; their name.
    Program(&'a str),
    /// The server, because what was wanted is done or cannot be done.
    Server,
}

wire_enum!(SetBy<'a> { Phone = 0, Program = 1 (name), Server = 2 });

impl UserValue<'_> {
    /// What is set, by its word: settings with another word do not touch each other.
    pub const fn word(&self) -> &'static str {
        match self {
            UserValue::Forward { which: Forwarded::All, .. } => "forward-all",
            UserValue::Forward { which: Forwarded::Busy, .. } => "forward-busy",
            UserValue::Forward { which: Forwarded::NoAnswer, .. } => "forward-no-answer",
            UserValue::Forward { which: Forwarded::Unregistered, .. } => "forward-unregistered",
            UserValue::Disturb(_) => "do-not-disturb",
            UserValue::Hunted(_) => "hunt-log",
            UserValue::CallBack(_) => "call-back",
        }
    }

    /// The value as people read and write it: a number, `voice-mail`, `nowhere`, `on` or `off`; empty for what is as configured.
    pub const fn text(&self) -> &str {
        match self {
            UserValue::Forward { to: ForwardedTo::AsConfigured, .. } => "",
            UserValue::Forward { to: ForwardedTo::Nowhere, .. } => "nowhere",
            UserValue::Forward { to: ForwardedTo::Number(number), .. } => number,
            UserValue::Forward { to: ForwardedTo::VoiceMail, .. } => "voice-mail",
            UserValue::Disturb(OnOff::Off) | UserValue::Hunted(OnOff::On) => "on",
            UserValue::Disturb(OnOff::On) | UserValue::Hunted(OnOff::Off) => "off",
            UserValue::CallBack(to) => to.number(),
        }
    }

    /// The setting of this word with this value, as people write it; `None` when there is no such setting or value.
    pub fn read<'t>(word: &str, text: &'t str) -> Option<UserValue<'t>> {
        let forward = |which| {
            let to = match text {
                "" => ForwardedTo::AsConfigured,
                "nowhere" => ForwardedTo::Nowhere,
                "voice-mail" => ForwardedTo::VoiceMail,
                number => ForwardedTo::Number(number),
            };
            Some(UserValue::Forward { which, to })
        };
        match (word, text) {
            ("forward-all", _) => forward(Forwarded::All),
            ("forward-busy", _) => forward(Forwarded::Busy),
            ("forward-no-answer", _) => forward(Forwarded::NoAnswer),
            ("forward-unregistered", _) => forward(Forwarded::Unregistered),
            ("do-not-disturb", "on") => Some(UserValue::Disturb(OnOff::Off)),
            ("do-not-disturb", "off") => Some(UserValue::Disturb(OnOff::On)),
            ("hunt-log", "on") => Some(UserValue::Hunted(OnOff::On)),
            ("hunt-log", "off") => Some(UserValue::Hunted(OnOff::Off)),
            ("call-back", "") => Some(UserValue::CallBack(CallBackTo::Nobody)),
            ("call-back", number) => Some(UserValue::CallBack(CallBackTo::WhenIdle(number))),
            (_, _) => None,
        }
    }

    /// Whether it is as everything is of which nothing was set.
    pub const fn is_usual(&self) -> bool {
        match self {
            UserValue::Forward { to, .. } => matches!(to, ForwardedTo::AsConfigured),
            UserValue::Disturb(on) | UserValue::Hunted(on) => matches!(on, OnOff::On),
            UserValue::CallBack(to) => matches!(to, CallBackTo::Nobody),
        }
    }

    /// Whether it is a matter of the line, and not of the phone.
    pub const fn is_of_line(&self) -> bool {
        match self {
            UserValue::Forward { .. } => true,
            UserValue::Disturb(_) | UserValue::Hunted(_) | UserValue::CallBack(_) => false,
        }
    }
}

impl<'a> UserSet<'a> {
    /// Whose it is: the line's name, or the phone's; a phone without a name is called like its line.
    pub const fn owner(&self) -> &'a str {
        if self.value.is_of_line() || self.phone.is_empty() { self.line } else { self.phone }
    }
}
