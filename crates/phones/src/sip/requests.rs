//! Requests of a phone: sent again until they are answered (RFC 3261 §17.1), and proved when that is asked for (RFC 7616).

use std::time::Duration;

use strowger_base::Instant;

use super::{GIVE_UP, PAUSE, Phone, Registered, T1, T2};
use crate::text::{Text, authorization, finish};

/// A request that has no final answer.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) method: &'static str,
    uri: String,
    /// Its own headers, from From on.
    head: String,
    body: String,
    /// The call that it is about.
    pub(super) call: Option<u32>,
    proved: bool,
    text: String,
    pub(super) next: Instant,
    interval: Duration,
    pub(super) give_up: Instant,
    /// Somebody has said that it came.
    pub(super) provisional: bool,
}

impl Request {
    pub(super) fn new(method: &'static str, uri: &str, head: &str, body: &str, call: Option<u32>) -> Self {
        let now = Instant::START;
        Request {
            method,
            uri: uri.to_owned(),
            head: head.to_owned(),
            body: body.to_owned(),
            call,
            proved: false,
            text: String::new(),
            next: now,
            interval: T1,
            give_up: now,
            provisional: false,
        }
    }
}

impl Phone {
    /// Sends a request; the branch by which it is known.
    pub(super) fn request(&mut self, now: Instant, mut request: Request) -> String {
        let branch = format!("z9hG4bK{}", self.token());
        request.text = self.written(&request, &branch);
        (request.next, request.interval, request.give_up) = (now + T1, T1, now + GIVE_UP);
        self.sends(&request.text.clone());
        self.requests.insert(branch.clone(), request);
        branch
    }

    /// Requests that nobody has answered are sent again, and in the end given up.
    pub(super) fn repeats(&mut self, now: Instant) {
        let due = |request: &Request| request.next.min(request.give_up) <= now;
        let all: Vec<String> = self
            .requests
            .iter()
            .filter(|(_, request)| due(request))
            .map(|(branch, _)| branch.clone())
            .collect();
        for branch in all {
            let Some(request) = self.requests.get_mut(&branch) else { continue };
            if request.give_up <= now {
                let Some(request) = self.requests.remove(&branch) else { continue };
                self.unanswered(now, &request);
                continue;
            }
            let longest = if request.method == "INVITE" { GIVE_UP } else { T2 };
            request.interval = (request.interval * 2).min(longest);
            request.next = now + request.interval;
            let text = request.text.clone();
            self.sends(&text);
        }
        self.answers_again(now);
    }

    fn unanswered(&mut self, now: Instant, request: &Request) {
        match (request.method, request.call) {
            ("REGISTER", _) => {
                self.registration.holds = false;
                self.registration.state = Registered::Out { again: now + PAUSE };
                self.text = format!("the server does not answer; asks again in {} s", PAUSE.as_secs());
            }
            ("INVITE", Some(call)) => self.fails(call, 408, "the server does not answer"),
            ("BYE" | "CANCEL", Some(call)) => _ = self.calls.remove(&call),
            _ => {}
        }
    }

    /// A response to something that it asked.
    pub(super) fn responded(&mut self, now: Instant, message: &Text, status: u16) {
        let via = message.header("via");
        let branch =
            via.split("branch=").nth(1).unwrap_or("").split([';', ',']).next().unwrap_or("").to_owned();
        let (cseq, method) = message.cseq();
        if method == "INVITE" && (200..300).contains(&status) {
            // Each 2xx has an ACK, copies too, whatever became of the request (RFC 3261 §13.2.2.4).
            let request = self.requests.remove(&branch);
            return self.accepted(now, message, cseq, request.is_some());
        }
        let key = if method == "CANCEL" { format!("{branch}-cancel") } else { branch.clone() };
        if method == "INVITE" && status >= 300 {
            self.acknowledges_failure(message, &branch, cseq);
        }
        let Some(request) = self.requests.get_mut(&key).filter(|request| request.method == method) else {
            return;
        };
        if status < 200 {
            request.provisional = true;
            if method == "INVITE" {
                request.next = Instant::FAR_FUTURE;
                // Three minutes of ringing are enough (timer C, RFC 3261 §16.6).
                request.give_up = now + Duration::from_secs(180);
                let call = request.call;
                self.progressed(now, call, message, status);
            } else {
                request.interval = T2;
            }
            return;
        }
        let Some(request) = self.requests.remove(&key) else { return };
        if matches!(status, 401 | 407) && self.proves(now, &request, message, status) {
            return;
        }
        match (request.method, request.call) {
            ("REGISTER", _) => self.registered(now, message, status),
            ("INVITE", Some(call)) => self.refused(now, call, message, status),
            ("BYE", Some(call)) => _ = self.calls.remove(&call),
            ("REFER", _) if status >= 300 => {
                self.text = format!("refused: {}", message.start.trim_start_matches("SIP/2.0 "));
            }
            // 481: the other side knows nothing of the call.
            (_, Some(call)) if status == 481 => _ = self.calls.remove(&call),
            _ => {}
        }
    }

    /// Asks again with a proof; false when it did so already, or cannot.
    fn proves(&mut self, now: Instant, request: &Request, message: &Text, status: u16) -> bool {
        let header = if status == 401 { "www-authenticate" } else { "proxy-authenticate" };
        let mut all = message.all(header);
        // A server may name several ways; this phone has MD5.
        let Some(challenge) = all.find(|it| !it.contains("algorithm=") || it.contains("MD5")) else {
            return false;
        };
        let is_new = !request.proved || challenge.to_ascii_lowercase().contains("stale=true");
        if !is_new {
            return false;
        }
        let (user, secret) = (self.account.user.clone(), self.account.secret.clone());
        let proof = authorization(challenge, &user, &secret, request.method, &request.uri, 1);
        let proof = if status == 401 { proof } else { format!("Proxy-{proof}") };
        let Some((before, rest)) = request.head.split_once("CSeq: ") else { return false };
        let Some((number, rest)) = rest.split_once(' ') else { return false };
        let number = number.parse::<u32>().unwrap_or(0) + 1;
        match request.call.and_then(|call| self.calls.get_mut(&call)) {
            Some(call) => call.cseq = call.cseq.max(number),
            None if request.method == "REGISTER" => self.registration.cseq = number,
            None => {}
        }
        let plain = rest.split("Authorization: ").next().unwrap_or(rest).trim_end_matches("Proxy-");
        let head = format!("{before}CSeq: {number} {plain}{proof}");
        let again = Request { head, proved: true, provisional: false, ..request.clone() };
        let branch = self.request(now, again);
        if let Some(call) = request.call.and_then(|call| self.calls.get_mut(&call))
            && request.method == "INVITE"
        {
            (call.branch, call.invite_cseq) = (branch, number);
        }
        true
    }

    /// Gives up an INVITE that somebody has answered provisionally (RFC 3261 §9.1).
    pub(super) fn cancels(&mut self, now: Instant, number: u32) {
        let Some(call) = self.calls.get(&number) else { return };
        let branch = call.branch.clone();
        let Some(invite) = self.requests.get(&branch).filter(|invite| invite.provisional) else { return };
        let head = invite.head.replace(" INVITE\r\n", " CANCEL\r\n");
        let head: String =
            head.lines().filter(|line| MINE.iter().any(|it| line.starts_with(it))).map(end).collect();
        let mut cancel = Request::new("CANCEL", &invite.uri.clone(), &head, "", Some(number));
        cancel.text = self.written(&cancel, &branch);
        (cancel.next, cancel.interval, cancel.give_up) = (now + T1, T1, now + GIVE_UP);
        self.sends(&cancel.text.clone());
        self.requests.insert(format!("{branch}-cancel"), cancel);
    }

    fn acknowledges_failure(&mut self, message: &Text, branch: &str, cseq: u32) {
        let call_id = message.header("call-id");
        let call = self.calls.values().find(|call| call.call_id == call_id);
        let uri = call.map_or_else(|| self.own(), |call| call.target.clone());
        let head = format!(
            "From: {}\r\nTo: {}\r\nCall-ID: {call_id}\r\nCSeq: {cseq} ACK\r\n",
            message.header("from"),
            message.header("to"),
        );
        let text = self.written(&Request::new("ACK", &uri, &head, "", None), branch);
        self.sends(&text);
    }

    fn written(&self, request: &Request, branch: &str) -> String {
        let Request { method, uri, head, body, .. } = request;
        let start = format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {};branch={branch};rport\r\nMax-Forwards: 70\r\n\
             User-Agent: {AGENT}\r\n{head}",
            self.address
        );
        finish(start, body)
    }

    /// Sends an ACK of a call, which nobody answers.
    pub(super) fn acknowledges(&mut self, uri: &str, head: &str, body: &str) {
        let branch = format!("z9hG4bK{}", self.token());
        let text = self.written(&Request::new("ACK", uri, head, body, None), &branch);
        self.sends(&text);
    }
}

fn end(line: &str) -> String {
    format!("{line}\r\n")
}

/// What a CANCEL takes over from its INVITE.
const MINE: [&str; 5] = ["From:", "To:", "Call-ID:", "CSeq:", "Route:"];

/// What it calls itself.
const AGENT: &str = "strowger-phone";
