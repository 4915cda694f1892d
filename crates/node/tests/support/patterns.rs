//! Numbers that are not decided at once, for phones that dial them in several ways.

#![allow(unreachable_pub, reason = "shared by tests")]

use std::time::Duration;

use strowger_base::Cause;

/// Time from key to key.
pub const GAP: Duration = Duration::from_millis(300);

/// Patterns that end a call with a status of their own, so that the decision is seen on the wire.
pub const PATTERNS: &[(&str, bool, Cause)] = &[
    ("7XXX", false, Cause::CALL_REJECTED),
    ("700XX", false, Cause::NUMBER_CHANGED),
    ("911", true, Cause::CALL_REJECTED),
    ("911XXX", false, Cause::NUMBER_CHANGED),
    ("9+22", false, Cause::CALL_REJECTED),
    ("52X?", false, Cause::NUMBER_CHANGED),
    ("53!#", false, Cause::CALL_REJECTED),
    ("53!", false, Cause::NUMBER_CHANGED),
    ("6[1-3]X", false, Cause::CALL_REJECTED),
    ("*5X", false, Cause::CALL_REJECTED),
    ("\\+49!", false, Cause::NUMBER_CHANGED),
];
