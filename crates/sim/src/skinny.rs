//! Phones of Cisco that speak SCCP, with what a script can have their users do.

pub(crate) mod phone;
mod wire;
