//! How a phone tells the number: as a whole, key by key when it is asked (RFC 4730), or in INVITEs that grow (RFC 3578).

use std::collections::VecDeque;
use std::time::Duration;

use strowger_base::{Instant, Rng};

use super::{Phone, Sends, State, Way};
use crate::text::Text;

/// What a phone does when somebody dials on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Style {
    /// It sends the whole number.
    Whole,
    /// It sends INVITE at once and every key when it is asked for it.
    Keys,
    /// It sends a new INVITE when more was dialled and the last one has an answer.
    Growing,
}

/// A number that is being dialled.
#[derive(Debug)]
pub(super) struct Dialling {
    style: Style,
    /// Keys that somebody is going to press.
    plan: VecDeque<(Instant, char)>,
    /// Keys that were pressed and not told.
    pressed: String,
    /// What was told; of a growing number only.
    told: String,
    /// The last NOTIFY or INVITE has no answer: the next one would overtake it.
    waits: bool,
    /// The Dial key is pressed after the last key.
    completes: bool,
    /// The whole number was dialled on hook: no keys are told.
    refuses: bool,
    /// It knows a dialog only when a provisional response told of it.
    strict: bool,
    subscribed: bool,
    /// The server's tag and address, from its first message in the dialog.
    peer: Option<(String, String)>,
    /// The last SUBSCRIBE by CSeq, and its answer for copies of it.
    subscribe: Option<(u32, String)>,
    /// The server's tags in the dialogs of shorter numbers.
    former: Vec<String>,
}

impl Dialling {
    /// Somebody begins to dial; the digits of the first INVITE, and the rest.
    pub(super) fn begin(style: Style, number: &str, now: Instant, rng: &mut Rng) -> (String, Self) {
        // What a key calls is no number that somebody dials.
        let style = if number.starts_with("x-") { Style::Whole } else { style };
        let refuses = style == Style::Keys && rng.one_in(5);
        let length = number.len() as u64;
        let first = match style {
            Style::Whole => length,
            Style::Keys if refuses => length,
            Style::Keys => rng.below(length.min(3)),
            Style::Growing => 1 + rng.below(length),
        };
        let (first, rest) = number.split_at(first as usize);
        let mut at = now;
        let mut plan = VecDeque::new();
        for key in rest.chars() {
            // Some think in the middle of a number, and some of them for too long.
            let pause = if rng.one_in(12) { 18_000 } else { 1_500 };
            at += Duration::from_micros(40_000 + rng.below(pause * 1_000));
            plan.push_back((at, key));
        }
        let dialling = Dialling {
            style,
            plan,
            pressed: String::new(),
            told: first.to_owned(),
            waits: style == Style::Growing,
            completes: style == Style::Keys && rng.one_in(4),
            refuses,
            strict: rng.one_in(2),
            subscribed: false,
            peer: None,
            subscribe: None,
            former: Vec::new(),
        };
        (first.to_owned(), dialling)
    }

    pub(super) fn next_press(&self) -> Instant {
        self.plan.front().map_or(Instant::FAR_FUTURE, |(at, _)| *at)
    }

    /// The SUBSCRIBE for keys that holds in the dialog that an answer is of, and whether the last NOTIFY has no answer.
    pub(super) fn asked(&self, answer: &Text) -> Option<(u32, bool)> {
        let (peer, _) = self.peer.as_ref()?;
        self.subscribe.as_ref().filter(|_| tag_of(peer) == answer.tag("to"))?;
        self.subscribe.as_ref().filter(|_| self.subscribed).map(|(cseq, _)| (*cseq, self.waits))
    }

    pub(super) fn is_growing(&self) -> bool {
        self.style == Style::Growing
    }

    /// Where requests in the early dialog go: To and Request-URI.
    pub(super) fn peer(&self) -> Option<(String, String)> {
        self.peer.clone()
    }
}

impl Phone {
    /// Keys that are due are pressed.
    pub(super) fn press(&mut self, now: Instant, id: &str, sends: &mut Sends) {
        let Some(dialling) = self.dialogs.get_mut(id).and_then(|dialog| dialog.dialling.as_mut()) else {
            return;
        };
        while dialling.next_press() <= now {
            dialling.pressed.extend(dialling.plan.pop_front().map(|(_, key)| key));
        }
        self.tell(now, id, sends);
    }

    /// Tells what was pressed, as far as the way is free.
    fn tell(&mut self, now: Instant, id: &str, sends: &mut Sends) {
        let all = self.rng.one_in(3);
        let Some(dialog) = self.dialogs.get_mut(id).filter(|dialog| dialog.state == State::Calling) else {
            return;
        };
        let Some(dialling) = dialog.dialling.as_mut().filter(|dialling| !dialling.waits) else { return };
        match dialling.style {
            Style::Whole => {}
            Style::Keys if !dialling.subscribed || dialling.peer.is_none() => {}
            Style::Keys if !dialling.pressed.is_empty() => {
                let keys = if all { dialling.pressed.len() } else { 1 };
                let rest = dialling.pressed.split_off(keys);
                let keys = std::mem::replace(&mut dialling.pressed, rest);
                self.notify(now, id, "active;expires=200", &report(200, &keys), sends);
            }
            Style::Keys => {
                if dialling.plan.is_empty() && std::mem::take(&mut dialling.completes) {
                    self.notify(now, id, "active;expires=200", &report(423, ""), sends);
                }
            }
            Style::Growing if dialling.pressed.is_empty() => {}
            Style::Growing => {
                let more = std::mem::take(&mut dialling.pressed);
                dialling.told.push_str(&more);
                dialling.waits = true;
                // Each INVITE begins a dialog of its own: who asked for keys did so in the one before.
                (dialling.subscribed, dialling.subscribe) = (false, None);
                dialling.former.extend(dialling.peer.take().map(|(peer, _)| tag_of(&peer).to_owned()));
                let domain = &self.account.domain;
                dialog.target = format!("sip:{}@{domain}", dialling.told);
                dialog.remote = format!("<{}>", dialog.target);
                dialog.authorized = false;
                let (delayed, port) = (dialog.delayed, dialog.session.port);
                let body = if delayed { String::new() } else { self.describe_media(port, Way::BOTH, 1, "") };
                self.request(now, id, "INVITE", "", &body, sends);
            }
        }
    }

    fn notify(&mut self, now: Instant, id: &str, state: &str, body: &str, sends: &mut Sends) {
        if let Some(dialling) = self.dialogs.get_mut(id).and_then(|dialog| dialog.dialling.as_mut()) {
            dialling.waits = true;
        }
        let extra = format!("Event: kpml\r\nSubscription-State: {state}\r\n");
        self.request(now, id, "NOTIFY", &extra, body, sends);
    }

    /// A NOTIFY of ours has its answer.
    pub(super) fn notified(&mut self, now: Instant, id: &str, status: u16, sends: &mut Sends) {
        let Some(dialling) = self.dialogs.get_mut(id).and_then(|dialog| dialog.dialling.as_mut()) else {
            return;
        };
        dialling.waits = false;
        // One that was overtaken says nothing of the subscription (RFC 5057 §5.1).
        dialling.subscribed &= status < 300 || status == 500;
        self.tell(now, id, sends);
    }

    /// An INVITE of ours has a provisional response.
    pub(super) fn progressed(
        &mut self,
        now: Instant,
        id: &str,
        message: &Text,
        branch: &str,
        sends: &mut Sends,
    ) {
        let Some(dialog) = self.dialogs.get_mut(id) else { return };
        let current = dialog.branch == branch;
        if dialog.state == State::Calling && current {
            dialog.session.named(message);
            if !message.tag("to").is_empty() {
                dialog.early = message.header("to").to_owned();
            }
        }
        let Some(dialling) = &mut dialog.dialling else { return };
        let is_own = current || !dialling.is_growing();
        if message.status() > Some(100) && !message.tag("to").is_empty() && dialling.peer.is_none() && is_own
        {
            dialling.peer = Some((message.header("to").to_owned(), message.contact()));
        }
        if dialling.is_growing() && current {
            dialling.waits = false;
            self.tell(now, id, sends);
        }
    }

    /// A growing INVITE was refused; true when that is not the end of the call.
    pub(super) fn grows(
        &mut self,
        now: Instant,
        id: &str,
        status: u16,
        branch: &str,
        sends: &mut Sends,
    ) -> bool {
        let Some(dialog) = self.dialogs.get_mut(id) else { return false };
        let current = dialog.branch == branch;
        let Some(dialling) = dialog.dialling.as_mut().filter(|dialling| dialling.is_growing()) else {
            return false;
        };
        if !current {
            return true;
        }
        if status != 484 || (dialling.plan.is_empty() && dialling.pressed.is_empty()) {
            return false;
        }
        dialling.waits = false;
        self.tell(now, id, sends);
        true
    }

    /// The server asks for keys, or wants no more of them.
    pub(super) fn subscribed(&mut self, now: Instant, id: &str, message: &Text, sends: &mut Sends) {
        let contact = format!("sip:{}@{}", self.account.number, self.address);
        let (cseq, _) = message.cseq();
        let dialog = self.dialogs.get_mut(id).filter(|dialog| dialog.state == State::Calling);
        let dialling = dialog.and_then(|dialog| dialog.dialling.as_mut());
        let Some(dialling) = dialling.filter(|dialling| !dialling.strict || dialling.peer.is_some()) else {
            sends.push(message.response(481, "t", &contact, ""));
            return;
        };
        if dialling.former.iter().any(|former| *former == message.tag("from")) {
            sends.push(message.response(481, "t", &contact, ""));
            return;
        }
        match &dialling.subscribe {
            Some((last, answer)) if *last == cseq => return sends.push(answer.clone()),
            Some((last, _)) if *last > cseq => return sends.push(message.response(500, "t", &contact, "")),
            Some(_) | None => {}
        }
        let status = if dialling.refuses { 489 } else { 200 };
        let answer = message.response(status, "t", &contact, "");
        sends.push(answer.clone());
        dialling.subscribe = Some((cseq, answer));
        if dialling.refuses {
            return;
        }
        if dialling.peer.is_none() {
            dialling.peer = Some((message.header("from").to_owned(), message.contact()));
        }
        dialling.subscribed = message.header("expires") != "0";
        if dialling.subscribed {
            self.notify(now, id, "active;expires=200", "", sends);
        } else {
            self.notify(now, id, "terminated;reason=timeout", &report(487, ""), sends);
        }
    }
}

pub(super) fn report(code: u16, digits: &str) -> String {
    format!("<kpml-response version=\"1.0\" code=\"{code}\" text=\"\" digits=\"{digits}\"/>")
}

/// The tag of an address.
fn tag_of(address: &str) -> &str {
    address.split(";tag=").nth(1).and_then(|rest| rest.split(';').next()).unwrap_or("")
}
