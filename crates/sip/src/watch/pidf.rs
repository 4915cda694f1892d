//! The presence document of a line (RFC 3863, RFC 4479, RFC 4480).

use strowger_base::watch::{CallDirection, CallPhase, LineState};

use super::xml;

/// Writes how a line is to whoever asked for `number`.
pub(super) fn write(out: &mut Vec<u8>, number: &str, domain: &str, state: &LineState) {
    out.extend_from_slice(
        b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<presence xmlns=\"urn:ietf:params:xml:ns:pidf\" \
          xmlns:dm=\"urn:ietf:params:xml:ns:pidf:data-model\" \
          xmlns:rpid=\"urn:ietf:params:xml:ns:pidf:rpid\" entity=\"",
    );
    xml::address(out, number, domain);
    out.extend_from_slice(b"\">\n<tuple id=\"line\"><status><basic>");
    out.extend_from_slice(if state.registered { b"open" } else { b"closed" });
    out.extend_from_slice(b"</basic></status><contact>");
    xml::address(out, number, domain);
    out.extend_from_slice(b"</contact></tuple>\n<dm:person id=\"person\"><rpid:activities>");
    if talks(state) {
        out.extend_from_slice(b"<rpid:on-the-phone/>");
    }
    out.extend_from_slice(b"</rpid:activities></dm:person>\n</presence>\n");
}

/// Whether both are told alike.
pub(super) fn says_the_same(one: &LineState, other: &LineState) -> bool {
    one.registered == other.registered && talks(one) == talks(other)
}

/// Whether somebody is on the phone: a line that only rings is free as far as its user is concerned.
fn talks(state: &LineState) -> bool {
    state.calls.iter().any(|call| match (call.direction, call.phase) {
        (CallDirection::Initiator, _) | (CallDirection::Recipient, CallPhase::Confirmed) => true,
        (CallDirection::Recipient, CallPhase::Trying | CallPhase::Early) => false,
    })
}
