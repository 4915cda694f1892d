//! Calls of a phone that speaks SIP (RFC 3261 §12 to §15): how they begin, change and end.

use std::time::Duration;

use strowger_base::Instant;

use super::description::{Theirs, Way, read, written};
use super::requests::Request;
use super::{GIVE_UP, Phone, T1, T2};
use crate::text::Text;
use crate::user::Stream;

/// A call.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) state: State,
    pub(super) incoming: bool,
    /// Held from here, or about to be.
    pub(super) held: bool,
    /// Number and name of the other side.
    pub(super) party: [String; 2],
    /// What stands beside it.
    pub(super) text: String,
    local: String,
    remote: String,
    pub(super) target: String,
    /// Route headers, whole (RFC 3261 §12.1).
    route: String,
    pub(super) call_id: String,
    pub(super) cseq: u32,
    /// The INVITE of ours that is under way, or was last.
    pub(super) branch: String,
    pub(super) invite_cseq: u32,
    /// CSeq of the last request of the other side that changed the call.
    taken: u32,
    invite: Option<Text>,
    pub(super) answer: Option<Answer>,
    pub(super) port: u16,
    version: u32,
    pub(super) theirs: Option<Theirs>,
    ours: Way,
    /// What was held and agreed on before a change of ours that has no answer yet.
    before: Option<(bool, Way)>,
}

/// A 2xx of ours, sent until its ACK comes (RFC 3261 §13.3.1.4).
#[derive(Debug)]
pub(super) struct Answer {
    text: String,
    pub(super) next: Instant,
    interval: Duration,
    give_up: Instant,
    cseq: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum State {
    /// Our INVITE has no answer.
    Calling,
    RingsThere,
    RingsHere,
    Talks,
    /// Nobody took it: why stands there until the receiver is put down.
    Failed(u16),
    /// We hung up, and wait for an answer to that.
    Leaving,
}

impl Call {
    pub(super) const fn state_name(&self) -> &'static str {
        match self.state {
            State::Calling => "proceed",
            State::RingsThere => "ringout",
            State::RingsHere => "ringin",
            State::Talks if self.held => "hold",
            State::Talks => "connected",
            State::Failed(486 | 600) => "busy",
            State::Failed(404 | 484 | 604) => "invalid",
            State::Failed(_) => "congestion",
            State::Leaving => "ends",
        }
    }

    /// Its sound, while there is any.
    pub(super) fn stream(&self, call: u32) -> Option<Stream> {
        let theirs = self.theirs.as_ref()?;
        let speaks = self.state == State::Talks && self.ours.speaks && theirs.way.listens;
        let is_open = matches!(self.state, State::Talks | State::RingsThere | State::Calling);
        is_open.then(|| Stream {
            call,
            port: self.port,
            sends_to: theirs.address.filter(|_| speaks),
            kind: theirs.formats.first().copied().unwrap_or(0),
            keys: theirs.keys,
        })
    }
}

impl Phone {
    /// Calls a number.
    pub(super) fn calls(&mut self, now: Instant, number: &str) -> Option<u32> {
        let port = self.free_port()?;
        let (tag, call_id) = (self.token(), self.token());
        let target = format!("sip:{number}@{}", self.account.domain);
        let name = match &*self.account.name {
            "" => String::new(),
            name => format!("\"{}\" ", name.replace(['"', '\\', '\r', '\n'], "")),
        };
        let call = Call {
            state: State::Calling,
            incoming: false,
            held: false,
            party: [number.to_owned(), String::new()],
            text: String::new(),
            local: format!("{name}<{}>;tag={tag}", self.own()),
            remote: format!("<{target}>"),
            target,
            route: String::new(),
            call_id,
            cseq: 0,
            branch: String::new(),
            invite_cseq: 0,
            taken: 0,
            invite: None,
            answer: None,
            port,
            version: 1,
            theirs: None,
            ours: Way::BOTH,
            before: None,
        };
        self.counter += 1;
        self.calls.insert(self.counter, call);
        let body = written(self.address.ip(), port, 1, Way::BOTH, None);
        self.asks(now, self.counter, "INVITE", "", &body);
        Some(self.counter)
    }

    /// Sends a request in a call.
    pub(super) fn asks(&mut self, now: Instant, number: u32, method: &'static str, extra: &str, body: &str) {
        let contact = self.contact();
        let Some(call) = self.calls.get_mut(&number) else { return };
        call.cseq += 1;
        let head = format!(
            "From: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {} {method}\r\nContact: <{contact}>\r\n{}{ALLOW}{extra}",
            call.local, call.remote, call.call_id, call.cseq, call.route
        );
        let (uri, cseq) = (call.target.clone(), call.cseq);
        let branch = self.request(now, Request::new(method, &uri, &head, body, Some(number)));
        if let Some(call) = self.calls.get_mut(&number)
            && method == "INVITE"
        {
            (call.branch, call.invite_cseq) = (branch, cseq);
        }
    }

    /// Our INVITE is under way.
    pub(super) fn progressed(&mut self, now: Instant, call: Option<u32>, message: &Text, status: u16) {
        let Some((number, call)) = call.and_then(|number| Some((number, self.calls.get_mut(&number)?)))
        else {
            return;
        };
        match call.state {
            State::Calling | State::RingsThere => {
                if status >= 180 {
                    call.state = State::RingsThere;
                    name(&mut call.party, message);
                }
                // Early media is heard.
                if let Some(theirs) = read(&message.body) {
                    call.theirs = Some(theirs);
                }
            }
            // It was given up before anybody had said that it came.
            State::Leaving => self.cancels(now, number),
            State::RingsHere | State::Talks | State::Failed(_) => {}
        }
    }

    /// A 2xx to an INVITE of ours, or a copy of one.
    pub(super) fn accepted(&mut self, now: Instant, message: &Text, cseq: u32, first: bool) {
        let call_id = message.header("call-id");
        let Some((&number, call)) = self.calls.iter_mut().find(|(_, call)| call.call_id == call_id) else {
            return;
        };
        if first {
            if !call.incoming && call.state != State::Talks {
                call.remote = message.header("to").to_owned();
                // The way back is the way there, from our end (RFC 3261 §12.1.2).
                let all: Vec<&str> = message.all("record-route").flat_map(|it| it.split(',')).collect();
                call.route = all.into_iter().rev().map(|it| format!("Route: {}\r\n", it.trim())).collect();
            }
            call.target = message.contact();
            call.before = None;
            name(&mut call.party, message);
            if let Some(theirs) = read(&message.body) {
                call.theirs = Some(theirs);
            }
        }
        let head = format!(
            "From: {}\r\nTo: {}\r\nCall-ID: {call_id}\r\nCSeq: {cseq} ACK\r\n{}",
            call.local, call.remote, call.route
        );
        let (uri, state) = (call.target.clone(), call.state);
        if first && state != State::Leaving {
            (call.state, call.text) = (State::Talks, String::new());
        }
        self.acknowledges(&uri, &head, "");
        if first && state == State::Leaving {
            // It was taken while we gave it up.
            self.asks(now, number, "BYE", "", "");
        }
    }

    /// An INVITE of ours was refused.
    pub(super) fn refused(&mut self, now: Instant, number: u32, message: &Text, status: u16) {
        let Some(call) = self.calls.get_mut(&number) else { return };
        let said = message.start.trim_start_matches("SIP/2.0 ").to_owned();
        match call.state {
            State::Leaving => _ = self.calls.remove(&number),
            // A change that was refused leaves the call as it was; both at once try again (RFC 3261 §14.1).
            State::Talks => {
                if let Some(before) = call.before.take() {
                    (call.held, call.ours) = before;
                }
                call.text = said;
                if status == 481 || status == 408 {
                    self.asks(now, number, "BYE", "", "");
                }
            }
            State::Calling | State::RingsThere | State::RingsHere | State::Failed(_) => {
                self.fails(number, status, &said)
            }
        }
    }

    /// A call did not come to be.
    pub(super) fn fails(&mut self, number: u32, status: u16, said: &str) {
        if let Some(call) = self.calls.get_mut(&number) {
            (call.state, call.text, call.theirs) = (State::Failed(status), said.to_owned(), None);
        }
    }

    /// Holds a call, or goes on with it; a description with the same ports and another direction says so (RFC 3264 §8.4).
    pub(super) fn holds(&mut self, now: Instant, number: u32, holds: bool) {
        let ip = self.address.ip();
        let Some(call) = self.calls.get_mut(&number) else { return };
        call.version += 1;
        call.before = Some((call.held, call.ours));
        call.held = holds;
        call.ours = Way { speaks: true, listens: !holds };
        let body = written(ip, call.port, call.version, call.ours, None);
        self.asks(now, number, "INVITE", "", &body);
    }

    /// Takes a call that rings.
    pub(super) fn takes(&mut self, now: Instant, number: u32) {
        let (ip, contact) = (self.address.ip(), self.contact());
        let Some(call) = self.calls.get_mut(&number) else { return };
        let Some(invite) = call.invite.clone() else { return };
        call.ours = Way::of(call.theirs.as_ref(), false);
        let body = written(ip, call.port, call.version, call.ours, call.theirs.as_ref());
        let tag = call.local.split(";tag=").nth(1).unwrap_or_default().to_owned();
        let text = named(&invite.accepted(&tag, &contact, ALLOW, &body), 200);
        call.answer = Some(Answer::new(now, &text, invite.cseq().0));
        (call.state, call.text) = (State::Talks, String::new());
        self.sends(&text);
    }

    /// Ends a call, whatever it does.
    pub(super) fn ends(&mut self, now: Instant, number: u32) {
        let Some(call) = self.calls.get_mut(&number) else { return };
        match call.state {
            State::Calling | State::RingsThere => {
                call.state = State::Leaving;
                self.cancels(now, number);
            }
            State::RingsHere => {
                let invite = call.invite.clone();
                let tag = call.local.split(";tag=").nth(1).unwrap_or_default().to_owned();
                self.calls.remove(&number);
                if let Some(invite) = invite {
                    self.sends(&named(&invite.response(486, &tag, "", ""), 486));
                }
            }
            State::Talks => {
                (call.state, call.answer) = (State::Leaving, None);
                self.asks(now, number, "BYE", "", "");
            }
            State::Failed(_) => _ = self.calls.remove(&number),
            State::Leaving => {}
        }
    }

    /// A request came.
    pub(super) fn asked(&mut self, now: Instant, message: &Text) {
        let call_id = message.header("call-id").to_owned();
        let found = self.calls.iter().find(|(_, call)| call.call_id == call_id).map(|(number, _)| *number);
        match (message.method(), found) {
            ("INVITE", None) if message.tag("to").is_empty() => self.invited(now, message),
            ("INVITE" | "UPDATE", Some(number)) => self.changed(now, number, message),
            ("ACK", Some(number)) => self.acknowledged(number, message),
            ("ACK", None) => {}
            ("CANCEL", Some(number)) => {
                self.replies(message, 200);
                let Some(call) = self.calls.get(&number).filter(|call| call.state == State::RingsHere) else {
                    return;
                };
                let tag = call.local.split(";tag=").nth(1).unwrap_or_default().to_owned();
                let invite = call.invite.clone();
                self.calls.remove(&number);
                if let Some(invite) = invite {
                    self.sends(&named(&invite.response(487, &tag, "", ""), 487));
                }
            }
            ("BYE", Some(number)) => {
                self.replies(message, 200);
                self.calls.remove(&number);
                self.requests.retain(|_, request| request.call != Some(number));
            }
            ("NOTIFY", Some(number)) => {
                self.replies(message, 200);
                self.told(now, number, message);
            }
            ("OPTIONS" | "NOTIFY" | "INFO" | "MESSAGE", _) => self.replies(message, 200),
            ("INVITE" | "UPDATE" | "BYE" | "CANCEL", None) => self.replies(message, 481),
            _ => self.replies(message, 405),
        }
    }

    /// Somebody calls.
    fn invited(&mut self, now: Instant, message: &Text) {
        let theirs = read(&message.body);
        if theirs.is_none() && !message.body.is_empty() {
            return self.replies(message, 488);
        }
        let Some(port) = self.free_port().filter(|_| !self.leaving) else {
            return self.replies(message, 486);
        };
        let (tag, contact) = (self.token(), self.contact());
        let mut party = party_of(message.header("from"));
        name(&mut party, message);
        // The way back is the way that the INVITE came (RFC 3261 §12.1.1).
        let route = message.all("record-route").map(|it| format!("Route: {it}\r\n")).collect();
        let call = Call {
            state: State::RingsHere,
            incoming: true,
            held: false,
            party,
            text: String::new(),
            local: format!("{};tag={tag}", message.header("to")),
            remote: message.header("from").to_owned(),
            target: message.contact(),
            route,
            call_id: message.header("call-id").to_owned(),
            cseq: 0,
            branch: String::new(),
            invite_cseq: 0,
            taken: message.cseq().0,
            invite: Some(message.clone()),
            answer: None,
            port,
            version: 1,
            theirs,
            ours: Way::BOTH,
            before: None,
        };
        self.counter += 1;
        self.calls.insert(self.counter, call);
        self.sends(&named(&message.response(180, &tag, &contact, ""), 180));
        // A header of Cisco's and of others: the phone takes the call by itself.
        let says =
            format!("{} {}", message.header("alert-info"), message.header("call-info")).to_ascii_lowercase();
        if says.contains("auto-answer") || says.contains("answer-after=0") {
            self.takes(now, self.counter);
        }
    }

    /// Something is otherwise in a call: who is there, or where its sound goes.
    fn changed(&mut self, now: Instant, number: u32, message: &Text) {
        let (ip, contact) = (self.address.ip(), self.contact());
        let cseq = message.cseq().0;
        let waits = |request: &Request| request.method == "INVITE" && request.call == Some(number);
        let own_under_way = self.requests.values().any(waits);
        let Some(call) = self.calls.get_mut(&number) else { return };
        let invites = message.method() == "INVITE";
        if invites && cseq <= call.taken {
            // A copy: the answer that there is was sent, and is sent again by its own timer.
            return;
        }
        if message.tag("to").is_empty() {
            return self.replies(message, 482);
        }
        let offers = !message.body.is_empty();
        if (invites || offers) && (own_under_way && call.state == State::Talks || call.answer.is_some()) {
            return self.replies(message, 491);
        }
        let theirs = read(&message.body);
        if offers && theirs.is_none() {
            return self.replies(message, 488);
        }
        call.taken = cseq;
        name(&mut call.party, message);
        let mut body = String::new();
        if offers || invites {
            let asked = theirs.or_else(|| call.theirs.clone().filter(|_| offers));
            call.ours = Way::of(asked.as_ref(), call.held);
            call.version += 1;
            body = written(ip, call.port, call.version, call.ours, asked.as_ref());
            call.theirs = asked.or(call.theirs.take());
        }
        let text = named(&message.accepted("", &contact, ALLOW, &body), 200);
        if invites {
            call.answer = Some(Answer::new(now, &text, cseq));
        }
        self.sends(&text);
    }

    fn acknowledged(&mut self, number: u32, message: &Text) {
        let Some(call) = self.calls.get_mut(&number) else { return };
        if call.answer.as_ref().is_some_and(|answer| answer.cseq == message.cseq().0) {
            call.answer = None;
            // What it was offered in our answer it answers here.
            if let Some(theirs) = read(&message.body) {
                call.theirs = Some(theirs);
            }
        }
    }

    /// Answers whose ACK did not come are sent again.
    pub(super) fn answers_again(&mut self, now: Instant) {
        let mut texts = Vec::new();
        let mut given_up = Vec::new();
        for (number, call) in &mut self.calls {
            let Some(answer) = call.answer.as_mut().filter(|answer| answer.next <= now) else { continue };
            if answer.give_up <= now {
                call.answer = None;
                given_up.push(*number);
                continue;
            }
            answer.interval = (answer.interval * 2).min(T2);
            answer.next = now + answer.interval;
            texts.push(answer.text.clone());
        }
        texts.iter().for_each(|text| self.sends(text));
        given_up.into_iter().for_each(|number| self.ends(now, number));
    }

    /// How a transfer goes (RFC 3515 §2.4.4): when it is done the phone leaves the call.
    fn told(&mut self, now: Instant, number: u32, message: &Text) {
        let said = message.body.trim().trim_start_matches("SIP/2.0 ").to_owned();
        if !message.header("event").starts_with("refer") || said.is_empty() {
            return;
        }
        let is_done = said.starts_with('2');
        if let Some(call) = self.calls.get_mut(&number) {
            call.text = if is_done { "transferred".to_owned() } else { format!("transfer: {said}") };
        }
        if is_done {
            self.ends(now, number);
        }
    }

    fn replies(&mut self, message: &Text, status: u16) {
        let tag = self.token();
        self.sends(&named(&message.response(status, &tag, "", ""), status));
    }

    /// Who takes the place of the phone in a call (RFC 3891), as a REFER names it.
    pub(super) fn instead_of(&self, number: u32) -> Option<String> {
        let call = self.calls.get(&number)?;
        let (local, remote) = (tag_of(&call.local), tag_of(&call.remote));
        let id = call.call_id.replace('@', "%40");
        let replaces = format!("{id}%3Bto-tag%3D{remote}%3Bfrom-tag%3D{local}");
        Some(format!("<sip:{}@{}?Replaces={replaces}>", call.party[0], self.account.domain))
    }

    /// A call as keys of Cisco's phones name it.
    pub(super) fn as_dialog(&self, name: &str, number: u32) -> String {
        let Some(call) = self.calls.get(&number) else { return String::new() };
        let (id, local, remote) = (&call.call_id, tag_of(&call.local), tag_of(&call.remote));
        format!(
            "<{name}><callid>{id}</callid><localtag>{local}</localtag><remotetag>{remote}</remotetag></{name}>"
        )
    }
}

impl Answer {
    fn new(now: Instant, text: &str, cseq: u32) -> Self {
        Answer { text: text.to_owned(), next: now + T1, interval: T1, give_up: now + GIVE_UP, cseq }
    }
}

/// Number and name of an address.
fn party_of(header: &str) -> [String; 2] {
    let number = header.split("sip:").nth(1).unwrap_or("").split(['@', '>', ';']).next().unwrap_or("");
    let quoted = header.strip_prefix('"').and_then(|rest| rest.split('"').next()).unwrap_or("");
    [number.to_owned(), quoted.to_owned()]
}

/// Who the server says is there (RFC 3325 §9.1).
fn name(party: &mut [String; 2], message: &Text) {
    let asserted = message.header("p-asserted-identity");
    if asserted.contains("sip:") {
        *party = party_of(asserted);
    }
}

fn tag_of(address: &str) -> String {
    address.split(";tag=").nth(1).unwrap_or("").split(';').next().unwrap_or("").to_owned()
}

/// A response with the words of its status.
fn named(text: &str, status: u16) -> String {
    let words = match status {
        180 => "Ringing",
        200 => "OK",
        405 => "Method Not Allowed",
        481 => "Call/Transaction Does Not Exist",
        482 => "Loop Detected",
        486 => "Busy Here",
        487 => "Request Terminated",
        488 => "Not Acceptable Here",
        491 => "Request Pending",
        _ => "Error",
    };
    text.replacen(" X\r\n", &format!(" {words}\r\n"), 1)
}

/// What it takes.
const ALLOW: &str = "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, NOTIFY, REFER, UPDATE, INFO\r\n";
