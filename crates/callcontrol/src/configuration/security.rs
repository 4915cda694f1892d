//! What devices may do about keys of SRTP.

/// Whether keys may be told to a device, and taken from it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum SrtpRule {
    /// What it and the other side say about keys passes: whether media is encrypted is up to them.
    #[default]
    AsOffered,
    /// No key goes to it or comes from it: it is a trunk that is not allowed SRTP, or a phone whose keys would have to be
    /// secret and are not, since its signalling is in the clear.
    Never,
}

/// What becomes of calls whose media would not be encrypted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Unencrypted {
    /// They are like others.
    #[default]
    Allowed,
    /// They are refused, but for those to emergency services: the service parameter Block Unencrypted Calls.
    Blocked,
}
