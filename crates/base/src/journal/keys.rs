//! Keys of SRTP: what two sides said about them, and what became of it.

use super::DecodeError;
use super::wire::{Reader, Wire, wire_enum, wire_struct};

/// What two sides said about keys. The record's leg offered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Keys<'a> {
    /// The suites that were offered, in order, with commas between them; empty when none was.
    pub offered: &'a str,
    /// Those of the answer; empty when there was none, or no answer.
    pub answered: &'a str,
    /// What became of it.
    pub outcome: KeysOutcome<'a>,
}

wire_struct!(Keys<'a> { offered, answered, outcome });

/// What became of the wish for encrypted media, or of its absence.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeysOutcome<'a> {
    /// Both sides encrypt with keys that this server passed on.
    Passed,
    /// The offering side encrypts, as far as this server; the other does not.
    ToServer,
    /// Media is not encrypted, though keys were offered beside it.
    NotTaken,
    /// The other side cannot have keys, for this reason; media of the offering one may not be encrypted either.
    Withheld(WhyNoKeys<'a>),
    /// The call is not to be had: its media would not be encrypted, which the service parameter forbids.
    Blocked,
    /// The call is not to be had: one side wants encryption alone, which the other may not have and this server cannot end.
    NotToBeHad(WhyNoKeys<'a>),
    /// The record's leg refused what it was offered: encrypted media alone.
    Refused,
    /// Those who refused encrypted media alone are tried again without; that of the record's leg ends here, or is RTP.
    TriedWithout,
    /// The record's leg has RTP although it offered SRTP alone: it takes that (X-cisco-srtp-fallback).
    FellBack,
    /// Both sides encrypt, each as far as this server, with keys of its own.
    BothToServer,
}

wire_enum!(KeysOutcome<'a> {
    Passed = 0,
    ToServer = 1,
    NotTaken = 2,
    Withheld = 3 (why),
    Blocked = 4,
    NotToBeHad = 5 (why),
    Refused = 6,
    TriedWithout = 7,
    FellBack = 8,
    BothToServer = 9,
});

/// Why a device is told no keys.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WhyNoKeys<'a> {
    /// SRTP is not allowed on this trunk.
    Trunk(&'a str),
    /// The security profile of a phone of this line promises that keys are secret, and its signalling is in the clear.
    ClearSignalling(&'a str),
    /// No relay is to be had that could end the encryption.
    NoRelay,
}

wire_enum!(WhyNoKeys<'a> { Trunk = 0 (name), ClearSignalling = 1 (line), NoRelay = 2 });
