//! What a phone does with requests that come, and how it ends a call.

use std::time::Duration;

use strowger_base::Instant;

use super::session::{name_of, user_of};
use super::{Answer, Dialog, GIVE_UP, Pad, Phone, Request, Sends, Session, State, T1, Way};
use crate::text::{Text, finish};

impl Phone {
    pub(super) fn incoming(&mut self, now: Instant, message: &Text, damaged: bool, sends: &mut Sends) {
        let id = message.header("call-id").to_owned();
        match message.method() {
            "INVITE" => self.invited(now, &id, message, sends),
            "ACK" => self.acknowledged(now, &id, message),
            "CANCEL" => {
                sends.push(message.response(200, "t", "", ""));
                if self.dialogs.get(&id).is_some_and(|dialog| dialog.state == State::Ringing) {
                    self.refuse(&id, 487, sends);
                }
            }
            "BYE" => {
                if self.dialogs.contains_key(&id) && self.chance(self.manners.crosses) {
                    let (method, extra) = LATE[self.rng.below(LATE.len() as u64) as usize];
                    self.request(now, &id, method, extra, "", sends);
                }
                let known = self.dialogs.remove(&id).is_some();
                self.requests.retain(|_, request| request.dialog.as_deref() != Some(&id));
                sends.push(message.response(if known { 200 } else { 481 }, "t", "", ""));
            }
            "NOTIFY" if self.watch_told(now, &id, message, damaged, sends) => {}
            "INFO" | "NOTIFY" if self.key_told(now, &id, message, sends) => {}
            "SUBSCRIBE" if self.keys_wanted(now, &id, message, sends) => {}
            "NOTIFY" => {
                sends.push(message.response(200, "t", "", ""));
                self.transfer_told(now, &id, message);
            }
            "SUBSCRIBE" => self.subscribed(now, &id, message, sends),
            "UPDATE" => self.updated(&id, message, sends),
            _ => sends.push(message.response(200, "t", "", "")),
        }
    }

    pub(super) fn invited(&mut self, now: Instant, id: &str, message: &Text, sends: &mut Sends) {
        let contact = format!("sip:{}@{}", self.account.number, self.address);
        let fits = self.takes_offer(&message.body);
        if let Some(dialog) = self.dialogs.get_mut(id) {
            if message.tag("to").is_empty() || dialog.state == State::Leaving {
                // A copy of the INVITE: the answer that we gave is given again when there is one.
                if let Some(answer) = &dialog.ok {
                    sends.push(answer.text.clone());
                }
                return;
            }
            if self.requests.values().any(|r| r.method == "INVITE" && r.dialog.as_deref() == Some(id)) {
                sends.push(message.response(491, "t", &contact, ""));
                return;
            }
            let (cseq, _) = message.cseq();
            if cseq <= dialog.session.taken {
                // Late, or a copy: what was answered is answered again.
                match &dialog.ok {
                    Some(answer) if answer.cseq == cseq => sends.push(answer.text.clone()),
                    Some(_) | None if cseq == dialog.session.taken => {}
                    Some(_) | None => sends.push(message.response(500, "t", &contact, "")),
                }
                return;
            }
            if !fits {
                return sends.push(message.response(488, "t", &contact, ""));
            }
            dialog.session.taken = cseq;
            dialog.session.described(&message.body);
            dialog.session.named(message);
            // Asked for an offer, it offers what it has.
            let way = match message.body.is_empty() {
                true if dialog.held => Way::HOLD,
                true => Way::BOTH,
                false => dialog.session.agrees(dialog.held),
            };
            dialog.session.ours = way;
            dialog.version += 1;
            let (port, version) = (dialog.session.port, dialog.version);
            let body = self.describe_media(port, way, version, &message.body);
            let text = message.accepted("t", &contact, self.awareness(), &body);
            sends.push(text.clone());
            if let Some(dialog) = self.dialogs.get_mut(id) {
                dialog.ok = Some(Answer::new(cseq, text, now));
            }
            return;
        }
        if !message.tag("to").is_empty() {
            sends.push(message.response(481, "t", &contact, ""));
            return;
        }
        if !fits {
            sends.push(message.response(488, &self.token(), &contact, ""));
            return;
        }
        // A late copy of an INVITE that was done with: its transaction still takes it (RFC 6026 §7.1).
        if self.rung.contains(id) {
            return;
        }
        if self.dialogs.len() >= 2 {
            sends.push(message.response(486, &self.token(), &contact, ""));
            return;
        }
        self.ring(now, id, message, &contact, sends);
    }

    /// The ACK to an answer of ours; with it comes the answer to what was offered there.
    fn acknowledged(&mut self, now: Instant, id: &str, ack: &Text) {
        let plan = now + Duration::from_millis(500 + self.rng.below(5_000));
        let Some(dialog) = self.dialogs.get_mut(id) else { return };
        // By then an UPDATE may have come, so that the highest number says nothing.
        if dialog.ok.take_if(|answer| answer.cseq == ack.cseq().0).is_none() {
            return;
        }
        dialog.session.described(&ack.body);
        if dialog.state == State::Answering {
            dialog.state = State::Talking;
            dialog.act_at = plan;
            dialog.pad.is_answered(now, self.keypad);
        }
    }

    /// An UPDATE says who the other side is, or offers something before the call is answered (RFC 3311).
    fn updated(&mut self, id: &str, message: &Text, sends: &mut Sends) {
        let contact = format!("sip:{}@{}", self.account.number, self.address);
        let answers =
            self.requests.values().any(|it| it.method == "INVITE" && it.dialog.as_deref() == Some(id));
        let (cseq, _) = message.cseq();
        let fits = self.takes_offer(&message.body);
        let Some(dialog) = self.dialogs.get_mut(id) else {
            return sends.push(message.response(481, "t", &contact, ""));
        };
        if cseq < dialog.session.taken {
            return sends.push(message.response(500, "t", &contact, ""));
        }
        let offers = !message.body.is_empty();
        if offers && (answers && dialog.state == State::Talking || dialog.ok.is_some()) {
            return sends.push(message.response(491, "t", &contact, ""));
        }
        if !fits {
            return sends.push(message.response(488, "t", &contact, ""));
        }
        dialog.session.taken = cseq;
        dialog.session.named(message);
        if !offers {
            return sends.push(message.response(200, "t", &contact, ""));
        }
        dialog.session.described(&message.body);
        let way = dialog.session.agrees(dialog.held);
        dialog.session.ours = way;
        dialog.version += 1;
        let (port, version) = (dialog.session.port, dialog.version);
        let body = self.describe_media(port, way, version, &message.body);
        sends.push(message.accepted("t", &contact, self.awareness(), &body));
    }

    pub(super) fn ring(&mut self, now: Instant, id: &str, message: &Text, contact: &str, sends: &mut Sends) {
        let tag = self.token();
        sends.push(message.response(180, &tag, contact, ""));
        let act_at = if self.chance(self.manners.ignores) {
            Instant::FAR_FUTURE
        } else {
            now + Duration::from_millis(200 + self.rng.below(6_000))
        };
        let mut session = Session::new(self.media_port(), user_of(message.header("from")), now);
        session.taken = message.cseq().0;
        session.described(&message.body);
        session.name = name_of(message.header("from")).to_owned();
        session.named(message);
        let ends_at = self.ends(now);
        let dialog = Dialog {
            state: State::Ringing,
            incoming: true,
            ring: [message.header("alert-info"), message.header("call-info")].join(" ").trim().to_owned(),
            local: format!("{};tag={tag}", message.header("to")),
            remote: message.header("from").to_owned(),
            target: message.contact(),
            call_id: id.to_owned(),
            cseq: 0,
            branch: String::new(),
            invite: Some(message.clone()),
            ok: None,
            act_at,
            early: String::new(),
            held: false,
            wants_held: None,
            session,
            version: 1,
            nc: 0,
            authorized: true,
            ends_at,
            delayed: false,
            invite_cseq: 0,
            extra: String::new(),
            dialling: None,
            pad: Pad::new(&mut self.rng),
        };
        self.rung.insert(id.to_owned());
        self.dialogs.insert(id.to_owned(), dialog);
    }

    pub(super) fn pick_up(&mut self, now: Instant, id: &str, sends: &mut Sends) {
        let contact = format!("sip:{}@{}", self.account.number, self.address);
        let Some(dialog) = self.dialogs.get_mut(id) else { return };
        dialog.session.ours = dialog.session.agrees(false);
        let (port, way) = (dialog.session.port, dialog.session.ours);
        let Some(dialog) = self.dialogs.get(id) else { return };
        let offer = dialog.invite.as_ref().map_or("", |invite| &invite.body);
        let body = self.describe_media(port, way, 1, offer);
        // Whether UPDATE may come.
        let allows = if self.updates { "Allow: INVITE, ACK, CANCEL, BYE, UPDATE\r\n" } else { "" };
        let more = [allows, self.awareness()].concat();
        let Some(dialog) = self.dialogs.get_mut(id) else { return };
        let Some(invite) = &dialog.invite else { return };
        let tag = dialog.local.split(";tag=").nth(1).unwrap_or("").to_owned();
        let text = invite.accepted(&tag, &contact, &more, &body);
        sends.push(text.clone());
        dialog.ok = Some(Answer::new(invite.cseq().0, text, now));
        dialog.state = State::Answering;
        dialog.act_at = Instant::FAR_FUTURE;
        self.statistics.taken += 1;
    }

    pub(super) fn refuse(&mut self, id: &str, status: u16, sends: &mut Sends) {
        self.refuse_for(id, status, "", sends);
    }

    /// Names somebody else instead.
    pub(super) fn redirect(&mut self, id: &str, to: &str, sends: &mut Sends) {
        self.refuse_for(id, 302, to, sends);
    }

    fn refuse_for(&mut self, id: &str, status: u16, to: &str, sends: &mut Sends) {
        let Some(dialog) = self.dialogs.remove(id) else { return };
        let Some(invite) = &dialog.invite else { return };
        let tag = dialog.local.split(";tag=").nth(1).unwrap_or("").to_owned();
        sends.push(invite.response(status, &tag, to, ""));
    }

    pub(super) fn cancel(&mut self, now: Instant, id: &str, sends: &mut Sends) {
        let Some(dialog) = self.dialogs.get_mut(id) else { return };
        dialog.act_at = Instant::FAR_FUTURE;
        dialog.state = State::Leaving;
        let dialling = dialog.dialling.take();
        // Between two INVITEs of a growing number there is nothing to cancel.
        if dialling.is_some_and(|dialling| dialling.is_growing())
            && !self.requests.contains_key(&dialog.branch)
        {
            self.dialogs.remove(id);
            return;
        }
        if !self.requests.get(&dialog.branch).is_some_and(|request| request.provisional) {
            return;
        }
        let text = finish(
            format!(
                "CANCEL {} SIP/2.0\r\nVia: SIP/2.0/UDP {};branch={};rport\r\nMax-Forwards: 70\r\nFrom: {}\r\n\
                 To: {}\r\nCall-ID: {id}\r\nCSeq: {} CANCEL\r\n",
                dialog.target, self.address, dialog.branch, dialog.local, dialog.remote, dialog.invite_cseq
            ),
            "",
        );
        sends.push(text.clone());
        let request = Request {
            dialog: None,
            method: "CANCEL",
            text,
            next: now + T1,
            interval: T1,
            give_up: now + GIVE_UP,
            provisional: false,
        };
        let branch = format!("{}-cancel", dialog.branch);
        self.requests.insert(branch, request);
    }

    pub(super) fn bye(&mut self, now: Instant, id: &str, sends: &mut Sends) {
        if let Some(dialog) = self.dialogs.get_mut(id) {
            dialog.state = State::Leaving;
            dialog.act_at = Instant::FAR_FUTURE;
            dialog.ok = None;
        }
        self.request(now, id, "BYE", "", "", sends);
    }

    /// Ends every call now, as at the end of a day.
    pub(crate) fn go_home(&mut self, now: Instant, sends: &mut Sends) {
        let ids: Vec<(String, State)> =
            self.dialogs.iter().map(|(id, dialog)| (id.clone(), dialog.state)).collect();
        for (id, state) in ids {
            match state {
                State::Talking => self.bye(now, &id, sends),
                State::Calling => self.cancel(now, &id, sends),
                State::Ringing => self.refuse(&id, 486, sends),
                State::Answering | State::Leaving => {}
            }
        }
    }
}

/// What a phone may send just before it learns that the call is over.
const LATE: [(&str, &str); 4] =
    [("UPDATE", ""), ("INFO", ""), ("OPTIONS", ""), ("REFER", "Refer-To: <sip:1001@strowger.sim>\r\n")];
