//! Keys of Cisco's phones that ask for a feature with a call, and what becomes of that; see [`crate::remotecc`].
//!
//! ```text
//! device                      leg                     call control
//!   | REFER, the key as XML    |                           |
//!   |------------------------->| FeatureRequested          |
//!   | 202                      |-------------------------->|
//!   |<-------------------------|                           |
//!   | NOTIFY with a code, or   |        FeatureAnswer      |
//!   | REFER with a text        |<--------------------------|
//!   |<-------------------------|                           |
//! ```

use strowger_base::feature::{FeatureAnswer, FeatureRequest};
use strowger_base::net::Flow;
use strowger_base::{LegId, Now, Signal, limits};

use super::{Leg, Request};
use crate::core::Shared;
use crate::dialog::Dialog;
use crate::io::Outbox;
use crate::message::{Message, MethodKind};
use crate::remotecc::{self, Feature};
use crate::transaction::table::ServerKey;
use crate::write;

/// A key that call control has not answered.
#[derive(Debug)]
pub(super) struct Asked {
    /// What it asks for, by the word of the feature.
    feature: &'static str,
    /// Where it is answered: what the REFER began.
    dialog: Dialog,
}

/// Keys of one call that may be unanswered; who presses more waits.
const ASKED: usize = 4;

impl Leg {
    /// A REFER outside of the call's dialog tells a key with this call.
    #[expect(clippy::too_many_arguments, reason = "a request has that many independent parts")]
    pub(crate) fn soft_key(
        &mut self,
        shared: &mut Shared,
        now: Now,
        refer: &Message<'_>,
        key: ServerKey,
        flow: Flow,
        (feature, with): (Feature, Vec<LegId>),
        out: &mut Outbox,
    ) {
        if self.asked.len() >= ASKED {
            return self.reply(shared, now, refer, key, flow, 491, out);
        }
        let mut contact = Vec::with_capacity(96);
        shared.write_contact(&flow, &self.dialog.contact_user, &mut contact);
        let head = shared.head_of(refer, &flow, self.dialog.local_tag);
        let accepted = Request { key, head, flow };
        self.respond(shared, now, &accepted, 202, |buffer| buffer.extend_from_slice(&contact), None, out);
        let request: FeatureRequest = feature.request(with);
        let dialog = Dialog::of_request(refer, self.dialog.local_tag, flow, false, shared);
        self.asked.push(Asked { feature: request.word(), dialog });
        self.signal(Signal::FeatureRequested(Box::new(request)), out);
    }

    /// Call control says what became of a feature that was asked for.
    pub(super) fn feature_answered(
        &mut self,
        shared: &mut Shared,
        now: Now,
        answer: &FeatureAnswer,
        out: &mut Outbox,
    ) {
        // Who asked in another way is answered in another way.
        let Some(place) = self.asked.iter().position(|asked| asked.feature == answer.request) else { return };
        let Asked { mut dialog, .. } = self.asked.remove(place);
        let text = text_of(answer);
        if answer.request == CONFERENCE {
            let code = if answer.result.is_ok() { 200 } else { 500 };
            let body = remotecc::response(code);
            let rest = |buffer: &mut Vec<u8>| {
                buffer.extend_from_slice(
                    b"Event: refer\r\nSubscription-State: terminated;reason=noresource\r\n",
                );
                write::finish(buffer, Some("application/x-cisco-remotecc-response+xml"), body.as_bytes());
            };
            self.send_beside(shared, now, &mut dialog, MethodKind::Notify, rest, out);
        }
        if !text.is_empty() {
            self.show_text(shared, now, dialog, &text, out);
        }
    }

    /// Shows a text on the phone for a while.
    fn show_text(&mut self, shared: &mut Shared, now: Now, asked: Dialog, text: &str, out: &mut Outbox) {
        let body = remotecc::status_line(text);
        let id = shared.new_call_id();
        let local_tag = self.dialog.local_tag;
        let address = |value: &str| value.split(";tag=").next().unwrap_or_default().to_owned();
        let (ours, theirs) = (address(&asked.local), address(&asked.remote));
        let rest = |buffer: &mut Vec<u8>| {
            remotecc::write_request(buffer, &ours, &id, &body);
        };
        let mut dialog = Dialog {
            call_id: shared.new_call_id(),
            local: write::with_tag(&ours, local_tag),
            remote: theirs.into(),
            remote_tag: Box::default(),
            local_cseq: 0,
            ..asked
        };
        self.send_beside(shared, now, &mut dialog, MethodKind::Refer, rest, out);
    }

    /// Sends a request to the phone that is no part of the call's dialog.
    fn send_beside(
        &mut self,
        shared: &mut Shared,
        now: Now,
        dialog: &mut Dialog,
        method: MethodKind,
        rest: impl FnOnce(&mut Vec<u8>),
        out: &mut Outbox,
    ) {
        dialog.local_cseq += 1;
        let (cseq, branch) = (dialog.local_cseq, shared.new_branch());
        let flow = shared.usable(dialog.flow, out);
        let bytes = out.arena.append_with(|buffer| {
            dialog.write_request(shared, method, cseq, branch, limits::MAX_FORWARDS, buffer);
            rest(buffer);
        });
        let text = out.arena.slice(bytes);
        let timers = &mut shared.timers;
        shared.transactions.begin_client(branch, method, cseq, flow, self.id, text, now.mono, timers);
        shared.transmit(flow, bytes, self.journal(), out);
    }
}

const CONFERENCE: &str = "conference";

/// What the phone shows.
fn text_of(answer: &FeatureAnswer) -> String {
    match (answer.request, answer.result) {
        (CONFERENCE, Ok(())) => String::new(),
        (CONFERENCE, Err(_)) if answer.text.is_empty() => remotecc::NO_CONFERENCE.to_owned(),
        ("park", Ok(())) => format!("{}{}", remotecc::PARKED_AT, answer.text),
        ("park", Err(_)) if answer.text.is_empty() => remotecc::NO_PARK_NUMBER.to_owned(),
        ("malicious-call", Ok(())) => remotecc::MARKED_MALICIOUS.to_owned(),
        (_, Err(cause)) if answer.text.is_empty() => cause.words().to_owned(),
        (_, Ok(()) | Err(_)) => answer.text.to_string(),
    }
}
