//! What a phone does with the responses to its requests.

use std::time::Duration;

use strowger_base::Instant;

use super::keypad::Keypad;
use super::{Account, Phone, Sends, State, Way};
use crate::text::{Text, authorization, finish};

impl Phone {
    pub(super) fn response(&mut self, now: Instant, message: &Text, status: u16, sends: &mut Sends) {
        let via = message.header("via");
        let mut branch =
            via.split("branch=").nth(1).unwrap_or("").split([';', ',']).next().unwrap_or("").to_owned();
        let (_, method) = message.cseq();
        if method == "CANCEL" {
            branch.push_str("-cancel");
        }
        let id = message.header("call-id").to_owned();
        // A damaged response may name a request of ours and mean something else; it is not taken.
        let fits = self.requests.get(&branch).is_none_or(|request| {
            request.method == method && request.dialog.as_ref().is_none_or(|dialog| *dialog == id)
        });
        if !fits {
            return;
        }
        if method == "INVITE" && (200..300).contains(&status) {
            self.requests.remove(&branch);
            self.accepted(now, &id, message, sends);
            return;
        }
        let Some(request) = self.requests.get_mut(&branch) else {
            if method == "INVITE" && status >= 300 {
                self.acknowledge_failure(message, &branch, sends);
            }
            return;
        };
        if status < 200 {
            request.provisional = true;
            if method == "INVITE" {
                request.next = Instant::FAR_FUTURE;
                request.give_up = now + Duration::from_secs(200);
                self.progressed(now, &id, message, &branch, sends);
            }
            return;
        }
        let request = self.requests.remove(&branch);
        match method {
            "REGISTER" => self.registered(now, message, status, sends),
            "INVITE" => {
                self.acknowledge_failure(message, &branch, sends);
                let body = request.map(|request| request.text).unwrap_or_default();
                let body = body.split_once("\r\n\r\n").map_or("", |(_, body)| body).to_owned();
                if status != 401 && self.grows(now, &id, status, &branch, sends) {
                    return;
                }
                self.refused(now, &id, message, status, &body, sends);
            }
            "BYE" => {
                self.dialogs.remove(&id);
            }
            "INFO" | "NOTIFY" | "SUBSCRIBE" if self.key_taken(now, &id, message, sends) => {}
            "NOTIFY" => self.notified(now, &id, status, sends),
            "SUBSCRIBE" => self.watch_answered(now, &id, message, status, sends),
            "REFER" => _ = self.asked(now, &id, message, status, sends),
            _ => {}
        }
    }

    pub(super) fn registered(&mut self, now: Instant, message: &Text, status: u16, sends: &mut Sends) {
        match status {
            401 if message.header("www-authenticate") != self.registration.challenge => {
                self.registration.challenge = message.header("www-authenticate").to_owned();
                self.registration.nc = 0;
                self.register(now, sends);
            }
            200 => self.statistics.registered += 1,
            _ => {}
        }
    }

    pub(super) fn acknowledge_failure(&mut self, message: &Text, branch: &str, sends: &mut Sends) {
        let (cseq, _) = message.cseq();
        let target = self
            .dialogs
            .get(message.header("call-id"))
            .map_or_else(|| format!("sip:{}", self.account.domain), |dialog| dialog.target.clone());
        sends.push(finish(
            format!(
                "ACK {target} SIP/2.0\r\nVia: SIP/2.0/UDP {};branch={branch};rport\r\nMax-Forwards: 70\r\n\
                 From: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {cseq} ACK\r\n",
                self.address,
                message.header("from"),
                message.header("to"),
                message.header("call-id")
            ),
            "",
        ));
    }

    pub(super) fn refused(
        &mut self,
        now: Instant,
        id: &str,
        message: &Text,
        status: u16,
        body: &str,
        sends: &mut Sends,
    ) {
        let Some(dialog) = self.dialogs.get_mut(id) else { return };
        if status == 401 && !dialog.authorized {
            dialog.authorized = true;
            dialog.nc += 1;
            let (uri, nc) = (dialog.target.clone(), dialog.nc);
            let Account { user, secret, .. } = &self.account;
            let header = authorization(message.header("www-authenticate"), user, secret, "INVITE", &uri, nc);
            self.request(now, id, "INVITE", &header, body, sends);
            return;
        }
        match (dialog.state, status) {
            // A refused hold leaves the call as it was.
            (State::Talking, 403 | 488 | 491 | 500) => dialog.wants_held = None,
            _ => {
                self.statistics.refused += 1;
                self.dialogs.remove(id);
            }
        }
    }

    /// A 2xx to an INVITE of ours, the first or a copy.
    pub(super) fn accepted(&mut self, now: Instant, id: &str, message: &Text, sends: &mut Sends) {
        let omits = self.chance(self.manners.omits_ack);
        let fits = self.takes_offer(&message.body);
        let plan = now + Duration::from_millis(500 + self.rng.below(5_000));
        let Some(dialog) = self.dialogs.get_mut(id) else { return };
        dialog.remote = message.header("to").to_owned();
        dialog.target = message.contact();
        let first = dialog.state == State::Calling;
        if first {
            // Somebody may have asked for keys before it is heard that the call is answered.
            let asked = dialog.dialling.take().and_then(|dialling| dialling.asked(message));
            dialog.state = State::Talking;
            dialog.act_at = plan;
            dialog.pad.is_answered(now, self.keypad);
            if let Some((subscribe, waits)) = asked.filter(|_| self.keypad == Keypad::Kpml) {
                dialog.pad.is_wanted(subscribe, waits.then_some(dialog.cseq));
            }
            self.statistics.answered += 1;
        }
        let (cseq, _) = message.cseq();
        if dialog.session.is_answered(cseq) {
            dialog.session.described(&message.body);
            dialog.session.named(message);
            let before = dialog.held;
            dialog.held = dialog.wants_held.take().unwrap_or(before);
            dialog.session.ours = if dialog.held { Way::HOLD } else { Way::BOTH };
        }
        if omits && dialog.state != State::Leaving {
            return;
        }
        // A 200 with an offer (delayed offer) is answered in the ACK; a re-INVITE of ours always offers.
        let delayed = dialog.delayed && cseq == dialog.invite_cseq && !dialog.incoming;
        if delayed {
            dialog.session.ours = dialog.session.agrees(false);
        }
        let (port, way, version) = (dialog.session.port, dialog.session.ours, dialog.version);
        let body = match delayed {
            true if fits => self.describe_media(port, way, version, &message.body),
            // What it cannot do with is refused as a stream (RFC 3264 §6), and the call is over.
            true => self.describe_media(0, way, version, ""),
            false => String::new(),
        };
        let branch = self.token();
        let Some(dialog) = self.dialogs.get(id) else { return };
        sends.push(finish(
            format!(
                "ACK {} SIP/2.0\r\nVia: SIP/2.0/UDP {};branch=z9hG4bK{branch};rport\r\nMax-Forwards: 70\r\n\
                 From: {}\r\nTo: {}\r\nCall-ID: {id}\r\nCSeq: {cseq} ACK\r\n",
                dialog.target, self.address, dialog.local, dialog.remote
            ),
            &body,
        ));
        if dialog.state == State::Leaving || delayed && !fits {
            self.bye(now, id, sends);
        }
    }
}
