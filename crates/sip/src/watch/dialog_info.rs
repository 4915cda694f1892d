//! The document of a line's calls (RFC 4235 §4).

use strowger_base::leg::{Party, Presentation};
use strowger_base::watch::{CallDirection, CallPhase, Detail, LineCall, LineState};
use strowger_base::{HashMap, LegId};

use super::xml;
use crate::leg::Leg;
use crate::write;

/// What a document is about.
pub(super) struct About<'a> {
    /// The number that was subscribed to.
    pub(super) number: &'a str,
    pub(super) domain: &'a str,
    pub(super) version: u32,
    pub(super) detail: Detail,
    /// Our tag of the subscription.
    pub(super) tag: u64,
}

/// By what a watcher may name a call of a phone, to go on with it or to come into it.
#[derive(Clone, Copy)]
enum Named<'l> {
    /// By the dialog of the phone.
    Dialog(&'l Leg),
    /// The phone has none, as it does not speak SIP: by what this watcher alone is told.
    Watched,
    /// It is over.
    Nothing,
}

/// What stands for the Call-ID of a call whose phone does not speak SIP. Our tag of the subscription is known to nobody but its watcher.
pub(super) fn watched_call_id(leg: LegId, tag: u64) -> String {
    let mut text = format!("{leg}@").into_bytes();
    write::hex64(&mut text, tag);
    String::from_utf8_lossy(&text).into_owned()
}

/// The leg and the tag of such a Call-ID.
pub(super) fn watched(call_id: &str) -> Option<(LegId, u64)> {
    let (leg, tag) = call_id.split_once('@')?;
    Some((leg.parse().ok()?, write::parse_hex64(tag)?))
}

/// Writes how the calls of a line stand: all, or those that are not as they were told.
pub(super) fn write(
    out: &mut Vec<u8>,
    about: &About<'_>,
    legs: &HashMap<LegId, Box<Leg>>,
    state: &LineState,
    told: Option<&LineState>,
) {
    out.extend_from_slice(
        b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" \
          xmlns:sa=\"urn:ietf:params:xml:ns:sa-dialog-info\" version=\"",
    );
    write::decimal(out, u64::from(about.version));
    let whole: &[u8] = if told.is_some() { b"\" state=\"partial" } else { b"\" state=\"full" };
    out.extend_from_slice(whole);
    out.extend_from_slice(b"\" entity=\"");
    xml::address(out, about.number, about.domain);
    out.extend_from_slice(b"\">\n");
    let before = told.map_or(&[][..], |told| &told.calls);
    for call in state.calls.iter().filter(|call| !before.contains(call)) {
        let named = legs.get(&call.leg).map_or(Named::Watched, |leg| Named::Dialog(leg));
        dialog(out, about, named, call, phase(call.phase));
    }
    let is_over = |call: &&LineCall| !state.calls.iter().any(|other| other.leg == call.leg);
    for call in before.iter().filter(is_over) {
        dialog(out, about, Named::Nothing, call, "terminated");
    }
    out.extend_from_slice(b"</dialog-info>\n");
}

/// The words of RFC 4235 §3.7.1.
const fn phase(phase: CallPhase) -> &'static str {
    match phase {
        CallPhase::Trying => "trying",
        CallPhase::Early => "early",
        CallPhase::Confirmed => "confirmed",
    }
}

fn dialog(out: &mut Vec<u8>, about: &About<'_>, named: Named<'_>, call: &LineCall, phase: &str) {
    out.extend_from_slice(b"<dialog id=\"");
    write::decimal(out, call.leg.number);
    out.push(b'"');
    let detail = if call.private { Detail::States } else { about.detail };
    match (detail, named) {
        (Detail::Calls, Named::Dialog(leg)) => ids(out, leg),
        (Detail::Calls, Named::Watched) => {
            xml::attribute(out, "call-id", &watched_call_id(call.leg, about.tag));
            out.extend_from_slice(b" local-tag=\"");
            out.extend_from_slice(OTHER_TAG.as_bytes());
            out.extend_from_slice(b"\" remote-tag=\"");
            write::hex64(out, about.tag);
            out.push(b'"');
        }
        (Detail::Calls | Detail::States, _) => {}
    }
    let direction = match call.direction {
        CallDirection::Initiator => "initiator",
        CallDirection::Recipient => "recipient",
    };
    xml::attribute(out, "direction", direction);
    out.extend_from_slice(b"><state>");
    out.extend_from_slice(phase.as_bytes());
    out.extend_from_slice(b"</state><local><identity>");
    xml::address(out, about.number, about.domain);
    out.extend_from_slice(b"</identity><target uri=\"");
    xml::address(out, about.number, about.domain);
    // RFC 4235 §4.1.6.2: `no` says that the phone does not play what it hears, which is how a hold is told.
    let rendering: &[u8] = if call.holds { b"no" } else { b"yes" };
    out.extend_from_slice(b"\"><param pname=\"+sip.rendering\" pvalue=\"");
    out.extend_from_slice(rendering);
    out.extend_from_slice(b"\"/></target></local>");
    if detail == Detail::Calls {
        remote(out, about, &call.remote);
    }
    // RFC 7463 §5.2: nobody else may enter the call.
    if call.private {
        out.extend_from_slice(b"<sa:exclusive>true</sa:exclusive>");
    }
    out.extend_from_slice(b"</dialog>\n");
}

/// A phone that does not speak SIP has no tag.
pub(super) const OTHER_TAG: &str = "phone";

/// What names the dialog of the phone, as the phone itself has it: its tag is the local one.
fn ids(out: &mut Vec<u8>, leg: &Leg) {
    let dialog = &leg.dialog;
    xml::attribute(out, "call-id", &dialog.call_id);
    if !dialog.remote_tag.is_empty() {
        xml::attribute(out, "local-tag", &dialog.remote_tag);
    }
    out.extend_from_slice(b" remote-tag=\"");
    write::hex64(out, dialog.local_tag);
    out.push(b'"');
}

/// Who the other party is, as far as it may be shown (RFC 3323 §4.1.1.3).
fn remote(out: &mut Vec<u8>, about: &About<'_>, party: &Party) {
    if party.number.is_empty() || party.presentation == Presentation::Restricted {
        return;
    }
    out.extend_from_slice(b"<remote><identity");
    if !party.name.is_empty() {
        xml::attribute(out, "display", &party.name);
    }
    out.push(b'>');
    xml::address(out, &party.number, about.domain);
    out.extend_from_slice(b"</identity><target uri=\"");
    xml::address(out, &party.number, about.domain);
    out.extend_from_slice(b"\"/></remote>");
}
