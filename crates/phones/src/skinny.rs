//! Phones of Cisco that speak SCCP, with what a script can have their users do.

pub mod phone;
pub mod wire;
