//! Saved diallings: what numbers must lead to, whatever else changes.

use super::{CallingSearchSpace, Line, Trunk, named};
use crate::setting::{Address, Description, DialledText, Moment, Name, Ref, Seconds, Told, choice, record};

record! {
    /// What a dialled number must lead to. What is not given is not compared.
    pub struct SavedDialling {
        /// Its name.
        name: Name,
        /// For people.
        description: Description = Description::default(),
        /// The line that dials. Exactly one of line, trunk and search_space is given.
        line: Option<Ref<Line>> = None,
        /// The trunk that brings the number.
        trunk: Option<Ref<Trunk>> = None,
        /// What somebody sees of the dial plan who dials without being a line.
        search_space: Option<Ref<CallingSearchSpace>> = None,
        /// What is dialled: digits, or a name.
        number: DialledText,
        /// How it arrives; as a whole from a trunk and key by key from all others when not given.
        mode: Option<Dialling> = None,
        /// Where the phone is that dials: the address that its packets come from.
        address: Option<Address> = None,
        /// When it is dialled, in UTC; now when not given.
        at: Option<Moment> = None,
        /// What the lines are doing that the call reaches.
        lines: LinesAre = LinesAre::Free,
        /// Where it leads: `line 1001`, `trunk pstn`, `no match`.
        result: Option<Told> = None,
        /// Where the call ends after forwards and hunts: `line 1002`, `cause 17 at line 1001`.
        ends: Option<Told> = None,
        /// Which codes are asked for: `authorization 10, matter`, or `nothing`.
        asks: Option<Told> = None,
        /// The pattern that decides.
        pattern: Option<Told> = None,
        /// The called number as it is sent.
        called: Option<Told> = None,
        /// The calling number as it is sent.
        calling: Option<Told> = None,
        /// The trunk that gets the call first, of those that are there; `none`.
        first_trunk: Option<Told> = None,
        /// All trunks that are there, in the order in which they are tried: `carrier, backup`, or `none`.
        trunks: Option<Told> = None,
        /// The members of the last hunt that ring, in the order in which they ring as long as nobody answers: `1001, 1002`, or
        /// `none`.
        members: Option<Told> = None,
        /// How long keys are waited for that do not come, in seconds.
        waits: Option<Seconds<0, 3600>> = None,
    }
}

choice! {
    /// How a number arrives.
    pub enum Dialling {
        /// One key after another, then silence.
        Keys = "keys",
        /// As a whole, as SIP phones and trunks send it.
        EnBloc = "en-bloc",
        /// Several digits at once, from a phone that tells the keys after them (KPML).
        Kpml = "kpml",
        /// From a speed dial.
        SpeedDial = "speed-dial",
        /// From an application.
        Application = "application",
    }
}

choice! {
    /// What lines are doing that a call reaches.
    pub enum LinesAre {
        /// They ring.
        Free = "free",
        /// They are busy.
        Busy = "busy",
        /// They ring, and nobody answers.
        NoAnswer = "no-answer",
        /// None of their phones is registered.
        Unregistered = "unregistered",
    }
}

named!(SavedDialling);
