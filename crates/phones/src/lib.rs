//! Floor 1: models of phones, without IO. The simulator, the tests and the phone of the command line have them.
//!
//! [`skinny::phone::Skinny`] is a phone of Cisco that speaks SCCP; [`text`] is SIP as phones read and write it, and [`sound`] the packets
//! of their media. They are written from the facts and the standards alone. This crate refuses to know the server: it shares no
//! layout, no parser and no digest with `strowger-sccp` and `strowger-sip`, so that each side checks the other.

pub mod skinny;
pub mod sound;
pub mod text;
