//! A SIP phone as the simulator imagines it: it registers, calls, answers, holds, hangs up and misbehaves.
//!
//! It is written from the RFCs with its own text handling, never with the server's encoder.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use strowger_base::{Instant, Rng};

use crate::text::{Text, authorization, finish, sdp};

/// What a phone is set up with.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) number: String,
    pub(crate) secret: String,
    pub(crate) domain: String,
}

/// A phone.
#[derive(Debug)]
pub(crate) struct Phone {
    pub(crate) account: Account,
    pub(crate) address: SocketAddr,
    registration: Registration,
    dialogs: BTreeMap<String, Dialog>,
    /// Requests without a final response, by branch.
    requests: BTreeMap<String, Request>,
    counter: u64,
    pub(crate) rng: Rng,
    pub(crate) manners: Manners,
    pub(crate) statistics: Statistics,
}

/// How badly a phone behaves, as chances of one in so many; 0 is never.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Manners {
    /// Loses its memory of a call and says nothing.
    pub(crate) forgets: u64,
    /// Sends bytes that are not SIP.
    pub(crate) babbles: u64,
    /// Never acknowledges an answer.
    pub(crate) omits_ack: u64,
    /// Refuses a call.
    pub(crate) rejects: u64,
    /// Does not answer.
    pub(crate) ignores: u64,
    /// Gives a call up while it rings.
    pub(crate) cancels: u64,
}

/// What a phone has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Statistics {
    pub(crate) registered: u64,
    pub(crate) placed: u64,
    pub(crate) answered: u64,
    pub(crate) taken: u64,
    pub(crate) refused: u64,
    pub(crate) holds: u64,
}

#[derive(Debug)]
struct Registration {
    call_id: String,
    cseq: u32,
    challenge: String,
    nc: u32,
    refresh_at: Instant,
}

#[derive(Debug)]
struct Request {
    dialog: Option<String>,
    method: &'static str,
    text: String,
    next: Instant,
    interval: Duration,
    give_up: Instant,
    provisional: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Calling,
    Ringing,
    /// Our 200 waits for its ACK.
    Answering,
    Talking,
    Leaving,
}

#[derive(Debug)]
struct Dialog {
    state: State,
    incoming: bool,
    local: String,
    remote: String,
    target: String,
    call_id: String,
    cseq: u32,
    branch: String,
    invite: Option<Text>,
    ok: Option<(String, Instant, Duration, Instant)>,
    act_at: Instant,
    held: bool,
    version: u32,
    nc: u32,
    authorized: bool,
    ends_at: Instant,
    /// Our INVITE carried no offer, so the answer belongs into the ACK.
    delayed: bool,
}

/// Datagrams that a phone wants to send.
pub(crate) type Sends = Vec<String>;

const T1: Duration = Duration::from_millis(500);
const T2: Duration = Duration::from_secs(4);
const GIVE_UP: Duration = Duration::from_secs(32);

impl Phone {
    pub(crate) fn new(account: Account, address: SocketAddr, manners: Manners, mut rng: Rng) -> Self {
        let call_id = format!("reg-{:x}@{}", rng.next_u64(), address.ip());
        let refresh_at = Instant::START + Duration::from_millis(rng.below(5_000));
        Phone {
            account,
            address,
            registration: Registration { call_id, cseq: 0, challenge: String::new(), nc: 0, refresh_at },
            dialogs: BTreeMap::new(),
            requests: BTreeMap::new(),
            counter: 0,
            rng,
            manners,
            statistics: Statistics::default(),
        }
    }

    /// When the phone wants to act next.
    pub(crate) fn next_timeout(&self) -> Instant {
        let requests = self.requests.values().map(|request| request.next.min(request.give_up));
        let dialogs = self.dialogs.values().map(|dialog| {
            let again = dialog.ok.as_ref().map_or(Instant::FAR_FUTURE, |ok| ok.1);
            dialog.act_at.min(again)
        });
        requests.chain(dialogs).chain([self.registration.refresh_at]).min().unwrap_or(Instant::FAR_FUTURE)
    }

    /// True when the phone is in no call.
    pub(crate) fn is_idle(&self) -> bool {
        self.dialogs.is_empty()
    }

    /// Where its calls stand, for a failure's text.
    pub(crate) fn describe(&self) -> String {
        let text: Vec<String> = self
            .dialogs
            .iter()
            .map(|(id, dialog)| {
                let incoming = if dialog.incoming { "incoming" } else { "outgoing" };
                format!("{incoming} {:?} {id} acts at {:?}", dialog.state, dialog.act_at)
            })
            .collect();
        text.join("; ")
    }

    /// Calls a number.
    pub(crate) fn call(&mut self, now: Instant, number: &str, sends: &mut Sends) {
        self.statistics.placed += 1;
        let call_id = format!("{}@{}", self.token(), self.address.ip());
        let tag = self.token();
        let domain = self.account.domain.clone();
        let act_at = match self.chance(self.manners.cancels) {
            true => now + Duration::from_millis(500 + self.rng.below(4_000)),
            false => Instant::FAR_FUTURE,
        };
        let dialog = Dialog {
            state: State::Calling,
            incoming: false,
            local: format!("<sip:{}@{domain}>;tag={tag}", self.account.number),
            remote: format!("<sip:{number}@{domain}>"),
            target: format!("sip:{number}@{domain}"),
            call_id: call_id.clone(),
            cseq: 0,
            branch: String::new(),
            invite: None,
            ok: None,
            act_at,
            held: false,
            version: 1,
            nc: 0,
            authorized: false,
            ends_at: now + Duration::from_secs(2 + self.rng.below(40)),
            delayed: false,
        };
        self.dialogs.insert(call_id.clone(), dialog);
        // Every fourth call leaves the offer to the other side (delayed offer).
        let delayed = self.rng.one_in(4);
        if let Some(dialog) = self.dialogs.get_mut(&call_id) {
            dialog.delayed = delayed;
        }
        let body = if delayed { String::new() } else { self.offer("sendrecv", 1) };
        self.request(now, &call_id, "INVITE", "", &body, sends);
    }

    /// The time of `next_timeout` has come.
    pub(crate) fn timeout(&mut self, now: Instant, sends: &mut Sends) {
        if self.registration.refresh_at <= now {
            self.register(now, sends);
        }
        let due: Vec<String> = self
            .requests
            .iter()
            .filter(|(_, request)| request.next.min(request.give_up) <= now)
            .map(|(branch, _)| branch.clone())
            .collect();
        for branch in due {
            self.repeat(now, &branch, sends);
        }
        let due: Vec<String> = self
            .dialogs
            .iter()
            .filter(|(_, dialog)| dialog.act_at <= now || dialog.ok.as_ref().is_some_and(|ok| ok.1 <= now))
            .map(|(id, _)| id.clone())
            .collect();
        for id in due {
            self.act(now, &id, sends);
        }
    }

    fn repeat(&mut self, now: Instant, branch: &str, sends: &mut Sends) {
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

    /// Does what a dialog planned: answer, repeat an answer, hold, resume, cancel, hang up.
    fn act(&mut self, now: Instant, id: &str, sends: &mut Sends) {
        let forgets = self.chance(self.manners.forgets);
        let hold_next = self.rng.one_in(3);
        let pause = Duration::from_millis(500 + self.rng.below(5_000));
        let rejects = self.chance(self.manners.rejects);
        let Some(dialog) = self.dialogs.get_mut(id) else { return };
        if let Some((text, next, interval, give_up)) = &mut dialog.ok
            && *next <= now
        {
            if *give_up <= now {
                self.dialogs.remove(id);
                return;
            }
            sends.push(text.clone());
            *interval = (*interval * 2).min(T2);
            *next = now + *interval;
            return;
        }
        if dialog.act_at > now {
            return;
        }
        match dialog.state {
            State::Ringing if rejects => self.refuse(id, 603, sends),
            State::Ringing => self.pick_up(now, id, sends),
            State::Calling => self.cancel(now, id, sends),
            State::Talking if forgets => {
                self.dialogs.remove(id);
            }
            State::Talking if dialog.ends_at <= now => self.bye(now, id, sends),
            State::Talking if hold_next => {
                dialog.held = !dialog.held;
                dialog.version += 1;
                dialog.act_at = now + pause;
                let direction = if dialog.held { "sendonly" } else { "sendrecv" };
                let version = dialog.version;
                self.statistics.holds += 1;
                let body = self.offer(direction, version);
                self.request(now, id, "INVITE", "", &body, sends);
            }
            State::Talking => dialog.act_at = (now + pause).min(dialog.ends_at.max(now + T1)),
            State::Answering | State::Leaving => dialog.act_at = Instant::FAR_FUTURE,
        }
    }

    fn register(&mut self, now: Instant, sends: &mut Sends) {
        self.registration.refresh_at = now + Duration::from_secs(20 + self.rng.below(20));
        self.registration.cseq += 1;
        let uri = format!("sip:{}", self.account.domain);
        let auth = if self.registration.challenge.is_empty() {
            String::new()
        } else {
            self.registration.nc += 1;
            let nc = self.registration.nc;
            let Account { number, secret, .. } = &self.account;
            authorization(&self.registration.challenge, number, secret, "REGISTER", &uri, nc)
        };
        let Account { number, domain, .. } = &self.account;
        let head = format!(
            "From: <sip:{number}@{domain}>;tag=r\r\nTo: <sip:{number}@{domain}>\r\nCall-ID: {}\r\n\
             CSeq: {} REGISTER\r\nContact: <sip:{number}@{}>\r\nExpires: 60\r\n{auth}",
            self.registration.call_id, self.registration.cseq, self.address
        );
        self.send_request(now, None, "REGISTER", &uri, &head, "", sends);
    }

    /// Sends a request in a dialog.
    fn request(
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
        let head = format!(
            "From: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {} {method}\r\nContact: {contact}\r\n{extra}",
            dialog.local, dialog.remote, dialog.call_id, dialog.cseq
        );
        let target = dialog.target.clone();
        let branch = self.send_request(now, Some(id), method, &target, &head, body, sends);
        if method == "INVITE"
            && let Some(dialog) = self.dialogs.get_mut(id)
        {
            dialog.branch = branch;
        }
        Some(())
    }

    #[expect(clippy::too_many_arguments, reason = "a request has that many independent parts")]
    fn send_request(
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

    /// A datagram arrived.
    pub(crate) fn receive(&mut self, now: Instant, bytes: &[u8], sends: &mut Sends) {
        if self.chance(self.manners.babbles) {
            sends.push("BABBLE sip:nobody SIP/2.0\r\nVia: ;;\r\n\r\n".to_owned());
        }
        let Some(message) = Text::parse(bytes) else { return };
        match message.status() {
            Some(status) => self.response(now, &message, status, sends),
            None => self.incoming(now, &message, sends),
        }
    }

    fn response(&mut self, now: Instant, message: &Text, status: u16, sends: &mut Sends) {
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
                self.refused(now, &id, message, status, &body, sends);
            }
            "BYE" => {
                self.dialogs.remove(&id);
            }
            _ => {}
        }
    }

    fn registered(&mut self, now: Instant, message: &Text, status: u16, sends: &mut Sends) {
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

    fn acknowledge_failure(&mut self, message: &Text, branch: &str, sends: &mut Sends) {
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

    fn refused(
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
            let Account { number, secret, .. } = &self.account;
            let header =
                authorization(message.header("www-authenticate"), number, secret, "INVITE", &uri, nc);
            self.request(now, id, "INVITE", &header, body, sends);
            return;
        }
        match (dialog.state, status) {
            // A refused hold leaves the call as it was.
            (State::Talking, 488 | 491 | 500) => {}
            _ => {
                self.statistics.refused += 1;
                self.dialogs.remove(id);
            }
        }
    }

    /// A 2xx to an INVITE of ours, the first or a copy.
    fn accepted(&mut self, now: Instant, id: &str, message: &Text, sends: &mut Sends) {
        let omits = self.chance(self.manners.omits_ack);
        let plan = now + Duration::from_millis(500 + self.rng.below(5_000));
        let Some(dialog) = self.dialogs.get_mut(id) else { return };
        dialog.remote = message.header("to").to_owned();
        dialog.target = message.contact();
        let first = dialog.state == State::Calling;
        if first {
            dialog.state = State::Talking;
            dialog.act_at = plan;
            self.statistics.answered += 1;
        }
        if omits && dialog.state != State::Leaving {
            return;
        }
        // A 200 with an offer (delayed offer) is answered in the ACK; a re-INVITE of ours always offers.
        let (cseq, _) = message.cseq();
        let delayed = dialog.delayed && dialog.cseq - u32::from(dialog.authorized) <= 1 && !dialog.incoming;
        let version = dialog.version;
        let body = if delayed { self.offer("sendrecv", version) } else { String::new() };
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
        if dialog.state == State::Leaving {
            self.bye(now, id, sends);
        }
    }

    fn incoming(&mut self, now: Instant, message: &Text, sends: &mut Sends) {
        let id = message.header("call-id").to_owned();
        match message.method() {
            "INVITE" => self.invited(now, &id, message, sends),
            "ACK" => {
                let plan = now + Duration::from_millis(500 + self.rng.below(5_000));
                if let Some(dialog) = self.dialogs.get_mut(&id)
                    && dialog.ok.take().is_some()
                    && dialog.state == State::Answering
                {
                    dialog.state = State::Talking;
                    dialog.act_at = plan;
                }
            }
            "CANCEL" => {
                sends.push(message.response(200, "t", "", ""));
                if self.dialogs.get(&id).is_some_and(|dialog| dialog.state == State::Ringing) {
                    self.refuse(&id, 487, sends);
                }
            }
            "BYE" => {
                let known = self.dialogs.remove(&id).is_some();
                self.requests.retain(|_, request| request.dialog.as_deref() != Some(&id));
                sends.push(message.response(if known { 200 } else { 481 }, "t", "", ""));
            }
            _ => sends.push(message.response(200, "t", "", "")),
        }
    }

    fn invited(&mut self, now: Instant, id: &str, message: &Text, sends: &mut Sends) {
        let contact = format!("sip:{}@{}", self.account.number, self.address);
        if let Some(dialog) = self.dialogs.get_mut(id) {
            if message.tag("to").is_empty() || dialog.state == State::Leaving {
                // A copy of the INVITE: the answer that we gave is given again when there is one.
                if let Some((text, ..)) = &dialog.ok {
                    sends.push(text.clone());
                }
                return;
            }
            if self.requests.values().any(|r| r.method == "INVITE" && r.dialog.as_deref() == Some(id)) {
                sends.push(message.response(491, "t", &contact, ""));
                return;
            }
            let direction = if message.body.contains("a=sendonly") { "recvonly" } else { "sendrecv" };
            dialog.version += 1;
            let version = dialog.version;
            let body = self.offer(direction, version);
            let text = message.response(200, "t", &contact, &body);
            sends.push(text.clone());
            if let Some(dialog) = self.dialogs.get_mut(id) {
                dialog.ok = Some((text, now + T1, T1, now + GIVE_UP));
            }
            return;
        }
        if !message.tag("to").is_empty() {
            sends.push(message.response(481, "t", &contact, ""));
            return;
        }
        if self.dialogs.len() >= 2 {
            sends.push(message.response(486, &self.token(), &contact, ""));
            return;
        }
        self.ring(now, id, message, &contact, sends);
    }

    fn ring(&mut self, now: Instant, id: &str, message: &Text, contact: &str, sends: &mut Sends) {
        let tag = self.token();
        sends.push(message.response(180, &tag, contact, ""));
        let act_at = if self.chance(self.manners.ignores) {
            Instant::FAR_FUTURE
        } else {
            now + Duration::from_millis(200 + self.rng.below(6_000))
        };
        let dialog = Dialog {
            state: State::Ringing,
            incoming: true,
            local: format!("{};tag={tag}", message.header("to")),
            remote: message.header("from").to_owned(),
            target: message.contact(),
            call_id: id.to_owned(),
            cseq: 0,
            branch: String::new(),
            invite: Some(message.clone()),
            ok: None,
            act_at,
            held: false,
            version: 1,
            nc: 0,
            authorized: true,
            ends_at: now + Duration::from_secs(2 + self.rng.below(40)),
            delayed: false,
        };
        self.dialogs.insert(id.to_owned(), dialog);
    }

    fn pick_up(&mut self, now: Instant, id: &str, sends: &mut Sends) {
        let body = self.offer("sendrecv", 1);
        let contact = format!("sip:{}@{}", self.account.number, self.address);
        let Some(dialog) = self.dialogs.get_mut(id) else { return };
        let Some(invite) = &dialog.invite else { return };
        let tag = dialog.local.split(";tag=").nth(1).unwrap_or("").to_owned();
        let text = invite.response(200, &tag, &contact, &body);
        sends.push(text.clone());
        dialog.ok = Some((text, now + T1, T1, now + GIVE_UP));
        dialog.state = State::Answering;
        dialog.act_at = Instant::FAR_FUTURE;
        self.statistics.taken += 1;
    }

    fn refuse(&mut self, id: &str, status: u16, sends: &mut Sends) {
        let Some(dialog) = self.dialogs.remove(id) else { return };
        let Some(invite) = &dialog.invite else { return };
        let tag = dialog.local.split(";tag=").nth(1).unwrap_or("").to_owned();
        sends.push(invite.response(status, &tag, "", ""));
    }

    fn cancel(&mut self, now: Instant, id: &str, sends: &mut Sends) {
        let Some(dialog) = self.dialogs.get_mut(id) else { return };
        dialog.act_at = Instant::FAR_FUTURE;
        dialog.state = State::Leaving;
        if !self.requests.get(&dialog.branch).is_some_and(|request| request.provisional) {
            return;
        }
        let text = finish(
            format!(
                "CANCEL {} SIP/2.0\r\nVia: SIP/2.0/UDP {};branch={};rport\r\nMax-Forwards: 70\r\nFrom: {}\r\n\
                 To: {}\r\nCall-ID: {id}\r\nCSeq: {} CANCEL\r\n",
                dialog.target, self.address, dialog.branch, dialog.local, dialog.remote, dialog.cseq
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

    fn bye(&mut self, now: Instant, id: &str, sends: &mut Sends) {
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

    fn offer(&self, direction: &str, version: u32) -> String {
        sdp(self.address.ip(), 20_000 + self.address.port() % 1000 * 2, version, direction)
    }

    fn token(&mut self) -> String {
        self.counter += 1;
        format!("{:x}.{}", self.rng.next_u64(), self.counter)
    }

    fn chance(&mut self, one_in: u64) -> bool {
        self.rng.one_in(one_in)
    }
}
