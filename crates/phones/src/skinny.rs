//! Phones of Cisco that speak SCCP, with what a script can have their users do, and media resources of IOS routers.

pub mod life;
pub mod phone;
pub mod router;
mod shows;
pub mod wire;
mod words;
