//! Keys of Cisco's phones that ask for a feature with a call, and what becomes of that; see [`crate::remotecc`].
//!
//! ```text
//! device                      leg                     call control
//!   | REFER, the key as XML    |                           |
//!   |------------------------->| FeatureRequested          |
//!   | 202                      |-------------------------->|
//!   |<-------------------------|                           |
//!   | NOTIFY with a code, or   |        FeatureAnswer      |
//!   | REFER with a text or a   |<--------------------------|
//!   | screen                   |                           |
//!   |<-------------------------|                           |
//!   | REFER, what was chosen   |                           |
//!   |------------------------->| FeatureRequested …        |
//! ```

use strowger_base::feature::{FeatureAnswer, FeatureRequest, ParticipantList, QualityReason, Turn};
use strowger_base::net::Flow;
use strowger_base::{LegId, Now, Signal, limits};

use super::{Leg, Request};
use crate::core::Shared;
use crate::dialog::Dialog;
use crate::io::Outbox;
use crate::message::{Message, MethodKind};
use crate::remotecc::park::Monitor;
use crate::remotecc::read::{Choice, Chosen, Feature};
use crate::remotecc::screen::{self, Application, Keys};
use crate::remotecc::tell::{self, Body, SHOWN};
use crate::transaction::table::ServerKey;
use crate::write;

/// A key that call control has not answered.
#[derive(Debug)]
pub(super) struct Asked {
    /// What it asks for, by the word of the feature.
    feature: &'static str,
    /// What follows when it is done.
    then: Then,
    /// Where its model has the keys of a screen.
    keys: Keys,
    /// Where it is answered: what the REFER began.
    dialog: Dialog,
}

/// What a phone is shown when what it asked for is done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Then {
    /// A text.
    Text,
    /// Nothing: it has been shown a screen.
    Nothing,
    /// The reasons that a report may have.
    Reasons,
    /// What becomes of the call that it parked.
    Monitor,
    /// The participants, once more.
    List,
    /// Where there is nothing to be shown any more, its screen is taken away.
    Close,
}

/// A screen that the phone was shown.
#[derive(Debug)]
pub(super) struct Shown {
    /// Its number.
    pub(super) id: u32,
    application: Application,
    /// The key that was pressed before an item is chosen.
    key: Option<Chosen>,
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
        let then = match feature {
            Feature::Quality => Then::Reasons,
            Feature::ParkMonitored => Then::Monitor,
            _ => Then::Text,
        };
        let request = feature.request(with);
        self.ask_by_key(shared, now, refer, key, flow, (request, then), out);
    }

    /// Something was chosen on a screen that the phone was shown in this call.
    #[expect(clippy::too_many_arguments, reason = "a request has that many independent parts")]
    pub(crate) fn chosen(
        &mut self,
        shared: &mut Shared,
        now: Now,
        refer: &Message<'_>,
        key: ServerKey,
        flow: Flow,
        choice: Choice,
        out: &mut Outbox,
    ) {
        let shown = self
            .screen
            .as_mut()
            .filter(|shown| shown.id == choice.screen && shown.application as u32 == choice.application);
        let Some(shown) = shown else { return self.reply(shared, now, refer, key, flow, 481, out) };
        let marked = shown.key.take();
        let asks = match (shown.application, choice.chosen) {
            (Application::Participants, Chosen::Remove | Chosen::Mute) => {
                shown.key = Some(choice.chosen);
                None
            }
            (Application::Participants, Chosen::Item(participant)) => match marked {
                Some(Chosen::Remove) => Some((FeatureRequest::Drop { participant }, Then::List)),
                Some(Chosen::Mute) => {
                    Some((FeatureRequest::Mute { participant, turn: Turn::Over }, Then::List))
                }
                // Nobody is put out by a key that shows somebody.
                Some(_) | None => Some((FeatureRequest::Participants, Then::Close)),
            },
            (Application::Participants, Chosen::Update) => Some((FeatureRequest::Participants, Then::Close)),
            (Application::Quality, Chosen::Item(number)) => {
                let reason = QualityReason::numbered(number);
                reason.map(|reason| (FeatureRequest::ReportQuality(Some(reason)), Then::Text))
            }
            (Application::Participants | Application::Quality, _) => None,
        };
        match asks {
            Some(asks) => self.ask_by_key(shared, now, refer, key, flow, asks, out),
            None => self.reply(shared, now, refer, key, flow, 202, out),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "a request has that many independent parts")]
    fn ask_by_key(
        &mut self,
        shared: &mut Shared,
        now: Now,
        refer: &Message<'_>,
        key: ServerKey,
        flow: Flow,
        (request, then): (FeatureRequest, Then),
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
        let dialog = Dialog::of_request(refer, self.dialog.local_tag, flow, false, shared);
        let keys = Keys::of(refer.user_agent());
        self.asked.push(Asked { feature: request.word(), then, keys, dialog });
        self.signal(Signal::FeatureRequested(Box::new(request)), out);
    }

    /// Who is in the conference, for a phone that asked by a key.
    pub(super) fn show_participants(
        &mut self,
        shared: &mut Shared,
        now: Now,
        list: &ParticipantList,
        out: &mut Outbox,
    ) {
        let word = FeatureRequest::Participants.word();
        let Some(place) = self.asked.iter().position(|asked| asked.feature == word) else { return };
        let id = self.shown(shared, Application::Participants);
        let Some(asked) = self.asked.get_mut(place) else { return };
        asked.then = Then::Nothing;
        let body = screen::participants(id, list, asked.keys);
        let way = asked.dialog.clone();
        self.show(shared, now, way, &body, out);
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
        let Asked { mut dialog, then, keys, .. } = self.asked.remove(place);
        if answer.request == CONFERENCE {
            let code = if answer.result.is_ok() { 200 } else { 500 };
            let body = tell::response(code);
            let rest = |buffer: &mut Vec<u8>| {
                buffer.extend_from_slice(
                    b"Event: refer\r\nSubscription-State: terminated;reason=noresource\r\n",
                );
                write::finish(buffer, Some("application/x-cisco-remotecc-response+xml"), body.as_bytes());
            };
            self.send_beside(shared, now, &mut dialog, MethodKind::Notify, rest, out);
        }
        if (answer.request, answer.result) == (MALICIOUS_CALL, Ok(())) {
            self.show(shared, now, dialog.clone(), &tell::zip_zip().into(), out);
        }
        match (then, answer.result) {
            (Then::Nothing, Ok(())) => {}
            (Then::Close, Err(_)) => self.show(shared, now, dialog, &screen::close(), out),
            (Then::Reasons, Ok(())) => {
                let id = self.shown(shared, Application::Quality);
                self.show(shared, now, dialog, &screen::reasons(id, keys), out);
            }
            (Then::Monitor, Ok(())) if Monitor::begin(shared, self.id, &dialog) => {}
            (Then::List, Ok(())) => {
                let request = FeatureRequest::Participants;
                self.asked.push(Asked { feature: request.word(), then: Then::Close, keys, dialog });
                self.signal(Signal::FeatureRequested(Box::new(request)), out);
            }
            (Then::Text | Then::Close | Then::Monitor, _)
            | (Then::Nothing | Then::Reasons | Then::List, Err(_)) => {
                let text = text_of(answer);
                if !text.is_empty() {
                    self.show(shared, now, dialog, &tell::status_line(&text, SHOWN).into(), out);
                }
            }
        }
    }

    /// The number of the screen that the phone is shown; of several it has the last.
    fn shown(&mut self, shared: &mut Shared, application: Application) -> u32 {
        let id = self.screen.as_ref().map(|shown| shown.id);
        let id = id.unwrap_or_else(|| shared.new_screen(self.id));
        self.screen = Some(Shown { id, application, key: None });
        id
    }

    /// Shows something on the phone.
    fn show(&mut self, shared: &mut Shared, now: Now, asked: Dialog, body: &Body, out: &mut Outbox) {
        let id = shared.new_call_id();
        let local_tag = self.dialog.local_tag;
        let address = |value: &str| value.split(";tag=").next().unwrap_or_default().to_owned();
        let (ours, theirs) = (address(&asked.local), address(&asked.remote));
        let rest = |buffer: &mut Vec<u8>| tell::write_request(buffer, &ours, &id, body);
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
const MALICIOUS_CALL: &str = "malicious-call";

/// What the phone shows.
fn text_of(answer: &FeatureAnswer) -> String {
    match (answer.request, answer.result) {
        (CONFERENCE, Ok(())) => String::new(),
        (CONFERENCE, Err(_)) if answer.text.is_empty() => tell::NO_CONFERENCE.to_owned(),
        ("park", Ok(())) => format!("{}{}", tell::PARKED_AT, answer.text),
        ("park", Err(_)) if answer.text.is_empty() => tell::NO_PARK_NUMBER.to_owned(),
        (MALICIOUS_CALL, Ok(())) => tell::MARKED_MALICIOUS.to_owned(),
        (_, Err(cause)) if answer.text.is_empty() => cause.words().to_owned(),
        (_, Ok(()) | Err(_)) => answer.text.to_string(),
    }
}
