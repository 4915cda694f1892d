//! How a phone sends requests: in calls and outside of them, again until they are answered.

use std::time::Duration;

use strowger_base::Instant;

use super::{Account, GIVE_UP, Keypad, Phone, Request, Sends, State, Style, T1, T2};
use crate::text::{authorization, finish};

impl Phone {
    pub(super) fn register(&mut self, now: Instant, sends: &mut Sends) {
        self.registration.refresh_at = now + Duration::from_secs(20 + self.rng.below(20));
        self.registration.cseq += 1;
        let uri = format!("sip:{}", self.account.domain);
        let auth = if self.registration.challenge.is_empty() {
            String::new()
        } else {
            self.registration.nc += 1;
            let nc = self.registration.nc;
            let Account { user, secret, .. } = &self.account;
            authorization(&self.registration.challenge, user, secret, "REGISTER", &uri, nc)
        };
        let Account { number, domain, .. } = &self.account;
        let head = format!(
            "From: <sip:{number}@{domain}>;tag=r\r\nTo: <sip:{number}@{domain}>\r\nCall-ID: {}\r\n\
             CSeq: {} REGISTER\r\nContact: <sip:{number}@{}>\r\nExpires: 60\r\n{auth}",
            self.registration.call_id, self.registration.cseq, self.address
        );
        self.send_request(now, None, "REGISTER", &uri, &head, "", sends);
    }

    pub(super) fn repeat(&mut self, now: Instant, branch: &str, sends: &mut Sends) {
        let Some(request) = self.requests.get_mut(branch) else { return };
        if request.give_up <= now {
            let dialog = request.dialog.clone();
            self.requests.remove(branch);
            if let Some(id) = dialog {
                self.dialogs.remove(&id);
            }
            return;
        }
        sends.push(request.text.clone());
        request.interval = match request.method {
            "INVITE" => request.interval * 2,
            _ => (request.interval * 2).min(T2),
        };
        request.next = now + request.interval;
    }

    /// Sends a request in a dialog.
    pub(super) fn request(
        &mut self,
        now: Instant,
        id: &str,
        method: &'static str,
        extra: &str,
        body: &str,
        sends: &mut Sends,
    ) -> Option<()> {
        let contact = format!("<sip:{}@{}>", self.account.number, self.address);
        let dialog = self.dialogs.get_mut(id)?;
        dialog.cseq += 1;
        let early = dialog.dialling.as_ref().filter(|_| method == "NOTIFY").and_then(|d| d.peer());
        let (remote, target) = early.unwrap_or((dialog.remote.clone(), dialog.target.clone()));
        let mut head = format!(
            "From: {}\r\nTo: {remote}\r\nCall-ID: {}\r\nCSeq: {} {method}\r\nContact: {contact}\r\n{extra}",
            dialog.local, dialog.call_id, dialog.cseq
        );
        if method == "INVITE" && dialog.state == State::Calling {
            dialog.invite_cseq = dialog.cseq;
            head.push_str(&dialog.extra);
            if self.style == Style::Keys || self.keypad == Keypad::Kpml {
                head.push_str("Allow-Events: kpml,dialog\r\n");
            }
        }
        if method == "INVITE" && self.updates {
            head.push_str(TAKES_UPDATE);
        }
        if method == "INVITE" {
            head.push_str(self.awareness());
        }
        let branch = self.send_request(now, Some(id), method, &target, &head, body, sends);
        if method == "INVITE"
            && let Some(dialog) = self.dialogs.get_mut(id)
        {
            dialog.branch = branch;
        }
        Some(())
    }

    #[expect(clippy::too_many_arguments, reason = "a request has that many independent parts")]
    pub(super) fn send_request(
        &mut self,
        now: Instant,
        dialog: Option<&str>,
        method: &'static str,
        uri: &str,
        head: &str,
        body: &str,
        sends: &mut Sends,
    ) -> String {
        let branch = format!("z9hG4bK{}", self.token());
        let text = finish(
            format!(
                "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {};branch={branch};rport\r\nMax-Forwards: 70\r\n{head}",
                self.address
            ),
            body,
        );
        sends.push(text.clone());
        let request = Request {
            dialog: dialog.map(str::to_owned),
            method,
            text,
            next: now + T1,
            interval: T1,
            give_up: now + GIVE_UP,
            provisional: false,
        };
        self.requests.insert(branch.clone(), request);
        branch
    }
}

/// What a phone says that takes UPDATE (RFC 3311 §5.1).
pub(super) const TAKES_UPDATE: &str =
    "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, NOTIFY, REFER, UPDATE, INFO\r\n";
