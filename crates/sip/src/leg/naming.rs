//! In which headers a peer is told who the other party is.

use strowger_base::leg::{Party, Presentation};

use crate::core::Shared;
use crate::message::{HeaderName, Message};

/// The headers of one peer.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Naming {
    pub(super) shown: Shown,
    /// It writes Remote-Party-ID (draft-ietf-sip-privacy-04), so that it is told in that as well: Cisco's phones read no other header.
    remote_party_id: bool,
}

/// Whom a peer is shown.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) enum Shown {
    /// Who called it.
    #[default]
    Calling,
    /// Whom it called.
    Called,
}

impl Naming {
    /// Of a peer of which this is the first message.
    pub(super) fn of(shown: Shown, message: &Message<'_>) -> Naming {
        let mut naming = Naming { shown, remote_party_id: false };
        naming.learn(message);
        naming
    }

    /// Looks at a further message of the peer.
    pub(super) fn learn(&mut self, message: &Message<'_>) {
        self.remote_party_id |= message.first(HeaderName::RemotePartyId).is_some();
    }

    /// Writes who the party is, unless that must not be shown (RFC 3325, RFC 3323).
    pub(super) fn write(self, party: &Party, shared: &Shared, out: &mut Vec<u8>) {
        if party.number.is_empty() {
            return;
        }
        let restricted = party.presentation == Presentation::Restricted;
        let write_address = |out: &mut Vec<u8>| match party.presentation {
            Presentation::Allowed => shared.write_name_addr(party, out),
            Presentation::Restricted => out.extend_from_slice(b"<sip:anonymous@anonymous.invalid>"),
        };
        out.extend_from_slice(b"P-Asserted-Identity: ");
        write_address(out);
        out.extend_from_slice(b"\r\n");
        if restricted {
            out.extend_from_slice(b"Privacy: id\r\n");
        }
        if self.remote_party_id {
            out.extend_from_slice(b"Remote-Party-ID: ");
            write_address(out);
            out.extend_from_slice(match self.shown {
                Shown::Calling => b";party=calling",
                Shown::Called => b";party=called",
            });
            out.extend_from_slice(if restricted { b";privacy=full" } else { b";privacy=off" });
            out.extend_from_slice(b";screen=yes\r\n");
        }
    }
}
