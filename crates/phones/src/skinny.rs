//! Phones of Cisco that speak SCCP, with what a script can have their users do.

pub mod life;
pub mod phone;
mod shows;
pub mod wire;
mod words;
