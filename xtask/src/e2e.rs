//! End to end.
pub(crate) mod audio;
pub(crate) mod baresip;
pub(crate) mod capture;
pub(crate) mod process;
pub(crate) mod sipp;
