//! What stands on the display.

use std::time::Duration;

use crate::codes::{CallReference, Instance};
use crate::wire::Seconds;
use crate::wire::text::{Fixed, Terminated, Text};

message! {
    /// The prompt of a call; of the idle phone where line and call are 0.
    DisplayPromptStatus {
        /// How long it stays; zero is until another one comes.
        duration: Duration,
        /// The line.
        line: Instance,
        /// The call.
        call: CallReference,
        /// What it says.
        text: Text,
    }
    form DISPLAY_PROMPT_STATUS[..8] { duration as Seconds, text as Fixed<32>, line, call, }
    form DISPLAY_DYNAMIC_PROMPT_STATUS[8..] { duration as Seconds, line, call, text as Terminated<96>, }
}

message! {
    /// The prompt of a call disappears.
    ClearPromptStatus = CLEAR_PROMPT_STATUS {
        /// The line.
        line: Instance,
        /// The call.
        call: CallReference,
    }
}

message! {
    /// A notice in place of the prompt.
    DisplayNotify {
        /// How long it stays.
        duration: Duration,
        /// What it says.
        text: Text,
    }
    form DISPLAY_NOTIFY[..8] { duration as Seconds, text as Fixed<32>, }
    form DISPLAY_DYNAMIC_NOTIFY[8..] { duration as Seconds, text as Terminated<96>, }
}

message! {
    /// The notice disappears.
    ClearNotify = CLEAR_NOTIFY;
}

message! {
    /// A notice that stands before others.
    DisplayPriNotify {
        /// How long it stays.
        duration: Duration,
        /// Its priority: a lower number stands before a higher one.
        priority: u32,
        /// What it says.
        text: Text,
    }
    form DISPLAY_PRI_NOTIFY[..8] { duration as Seconds, priority, text as Fixed<32>, }
    form DISPLAY_DYNAMIC_PRI_NOTIFY[8..] { duration as Seconds, priority, text as Terminated<96>, }
}

message! {
    /// The notice of this priority disappears.
    ClearPriNotify = CLEAR_PRI_NOTIFY {
        /// Which.
        priority: u32,
    }
}

message! {
    /// Text on the display of old models.
    DisplayText = DISPLAY_TEXT {
        /// What it says.
        text: Text as Fixed<32>,
    }
}

message! {
    /// The display of old models is cleared.
    ClearDisplay = CLEAR_DISPLAY;
}
