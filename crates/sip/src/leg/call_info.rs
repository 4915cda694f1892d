//! What phones of Cisco are told of a call in Call-Info: how secure it is, which lights their lock or shield, and which call it is.
//!
//! In answers of ours the header looks towards whom the phone called (`orientation=to`), in requests of ours to who called it (`from`). It
//! stands in INVITE, UPDATE, 18x and 200, and in a change of ours when the call is as secure as it was not before.

use strowger_base::{CallId, Now};

use super::{Leg, Purpose, State};
use crate::core::Shared;
use crate::io::{CallSecurity, Outbox};
use crate::leg::naming::Shown;
use crate::write;

/// What is known of the call of a phone.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct CallInfo {
    /// It reads the header.
    pub(super) wanted: bool,
    security: Option<CallSecurity>,
}

/// How far the call is, where the header says so.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Progress {
    /// Somebody else rings.
    RingOut,
    /// Both talk.
    Connected,
    /// The header does not say.
    Untold,
}

impl CallInfo {
    /// Writes the header for who reads it. Before the answer nobody knows how secure the call will be.
    pub(super) fn write(self, shown: Shown, call: Option<CallId>, progress: Progress, out: &mut Vec<u8>) {
        if !self.wanted {
            return;
        }
        out.extend_from_slice(b"Call-Info: <urn:x-cisco-remotecc:callinfo>; security=");
        out.extend_from_slice(match self.security {
            None => b"Unknown",
            Some(CallSecurity::NotAuthenticated) => b"NotAuthenticated",
            Some(CallSecurity::Authenticated) => b"Authenticated",
            Some(CallSecurity::Encrypted) => b"Encrypted",
        });
        out.extend_from_slice(match shown {
            Shown::Calling => b"; orientation=from",
            Shown::Called => b"; orientation=to",
        });
        out.extend_from_slice(match progress {
            Progress::RingOut => b"; ui-state=ringout",
            Progress::Connected => b"; ui-state=connected",
            Progress::Untold => b"",
        });
        if let Some(call) = call {
            out.extend_from_slice(b"; gci=");
            write::decimal(out, u64::from(call.node.0));
            out.push(b'-');
            write::decimal(out, call.number);
        }
        out.extend_from_slice(b"\r\n");
    }
}

impl Leg {
    /// Whether its own signalling keeps secrets, as far as the next hop.
    pub(crate) const fn is_secure(&self) -> bool {
        self.dialog.flow.transport().is_secure()
    }

    /// The phone reads Call-Info, or another message of it says so. Where its signalling is in the clear, no call of it is secure.
    pub(super) const fn reads_call_info(&mut self, reads: bool) {
        self.call_info.wanted |= reads;
        if self.call_info.security.is_none() && !self.dialog.flow.transport().is_secure() {
            self.call_info.security = Some(CallSecurity::NotAuthenticated);
        }
    }

    /// How secure the call is from here on.
    pub(crate) fn secured(
        &mut self,
        shared: &mut Shared,
        now: Now,
        security: CallSecurity,
        out: &mut Outbox,
    ) {
        let before = self.call_info.security.replace(security);
        let is_told = matches!(self.state, State::Incoming(_)) || before == Some(security);
        if !self.call_info.wanted || is_told || self.silent {
            return;
        }
        if let (State::Established, Some(party)) = (&self.state, &self.party) {
            let party = (**party).clone();
            self.modify(shared, now, Purpose::ShowParty(party), out);
            self.rearm(shared);
        }
    }
}
