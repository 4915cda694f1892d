//! What becomes of a call that a phone parked with the key ParkMonitor: it is told in NOTIFY, as CUCM tells its phones.
//!
//! ```text
//! device                      SIP side                call control
//!   | REFER, ParkMonitor       |                           |
//!   |------------------------->|                           |
//!   | 202                      | FeatureAnswer             |
//!   |<-------------------------|<--------------------------|
//!   | NOTIFY, parked           |                  ParkNews |
//!   |<-------------------------|<--------------------------|
//!   | NOTIFY, retrieved        |                  ParkNews |
//!   |<-------------------------|<--------------------------|
//! ```
//!
//! The NOTIFY is in the dialog that the REFER began, and has Event `refer`: so do the public patches for Asterisk that phones were
//! tried with. The document looks like dialog-info (RFC 4235), in namespaces that are misspelt in the phones.

use strowger_base::feature::ParkEvent;
use strowger_base::{LegId, Now, limits};

use super::tell::escaped;
use crate::core::{Shared, Sip};
use crate::dialog::Dialog;
use crate::io::Outbox;
use crate::message::MethodKind;
use crate::write;

/// A parked call that a phone is told of.
#[derive(Debug)]
pub(crate) struct Monitor {
    dialog: Dialog,
    version: u32,
}

impl Monitor {
    /// A leg whose phone wants to be told what becomes of the call that it parked; false when there are as many as there may be.
    pub(crate) fn begin(shared: &mut Shared, leg: LegId, asked: &Dialog) -> bool {
        if shared.monitors.len() >= limits::CALLS_PARKED {
            return false;
        }
        shared.monitors.insert(leg, Monitor { dialog: asked.clone(), version: 0 });
        true
    }
}

impl Sip {
    /// Tells a phone what became of the call that it parked, where it wants to know.
    pub(crate) fn park_news(
        &mut self,
        now: Now,
        leg: LegId,
        (number, event): (&str, ParkEvent),
        out: &mut Outbox,
    ) {
        let Some(Monitor { mut dialog, version }) = self.shared.monitors.remove(&leg) else { return };
        dialog.local_cseq += 1;
        let (cseq, branch) = (dialog.local_cseq, self.shared.new_branch());
        let flow = self.shared.usable(dialog.flow, out);
        let shared = &self.shared;
        let body = document(&shared.configuration.domain, number, version, event);
        let bytes = out.arena.append_with(|buffer| {
            dialog.write_request(shared, MethodKind::Notify, cseq, branch, limits::MAX_FORWARDS, buffer);
            buffer.extend_from_slice(b"Event: refer\r\n");
            buffer.extend_from_slice(if event.is_last() {
                b"Subscription-State: terminated;reason=noresource\r\n"
            } else {
                b"Subscription-State: active;expires=3600\r\n"
            });
            write::finish(buffer, Some("application/dialog-info+xml"), body.as_bytes());
        });
        let text = out.arena.slice(bytes);
        // Nobody waits for the answer: it is sent again until it comes or its time is over.
        let (owner, timers) = (self.leg_ids.allocate(), &mut self.shared.timers);
        let method = MethodKind::Notify;
        self.shared.transactions.begin_client(branch, method, cseq, flow, owner, text, now.mono, timers);
        self.shared.send(flow, bytes, out);
        if !event.is_last() {
            self.shared.monitors.insert(leg, Monitor { dialog, version: version + 1 });
        }
    }
}

/// The document: where the call was parked, and what became of it.
fn document(domain: &str, number: &str, version: u32, event: ParkEvent) -> String {
    let (number, domain) = (escaped(number), escaped(domain));
    let state = if event.is_last() { "terminated" } else { "confirmed" };
    let word = match event {
        ParkEvent::Parked => "parked",
        ParkEvent::Reverted => "reminder",
        ParkEvent::Retrieved => "retrieved",
        ParkEvent::Forwarded => "forwarded",
        ParkEvent::Abandoned => "abandoned",
    };
    let identity = format!("<identity display=\"\">sip:{number}@{domain}</identity>");
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <dialog-info xmlns=\"urn:ietf:parmams:xml:ns:dialog-info\" \
         xmlns:call=\"urn:x-cisco:parmams:xml:ns:dialog-info:dialog:callinfo-dialog\" \
         version=\"{version}\" state=\"full\" entity=\"{number}@{domain}\">\
         <dialog id=\"{number}\"><state>{state}</state><call:park><event>{word}</event></call:park>\
         <local>{identity}</local><remote>{identity}</remote></dialog></dialog-info>\n"
    )
}
