//! Floor 1: models of phones, without IO. The simulator, the tests and the phone of the command line have them.
//!
//! [`skinny::phone::Skinny`] is a phone of Cisco that speaks SCCP, and [`skinny::life::Life`] what it does about its connection; [`text`] is SIP as
//! phones read and write it, and [`sound`] the packets of their media. What their users do is an [`user::Act`], what they see
//! a [`display::Display`]; both are [`device::Device`]s to whoever owns them, and [`talk`] is their sound. All are written from the facts and the standards alone. This crate refuses to know the server: it shares no
//! layout, no parser and no digest with `strowger-sccp` and `strowger-sip`, so that each side checks the other.

pub mod device;
pub mod display;
pub mod sip;
pub mod skinny;
pub mod sound;
pub mod talk;
pub mod text;
pub mod user;
