//! A SIP phone as the simulator imagines it: it registers, calls, answers, holds, hangs up and misbehaves.
//!
//! It is written from the RFCs with its own text handling, never with the server's encoder.

mod called;
mod calling;
mod dialling;
mod transferring;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use strowger_base::{Instant, Rng};

use self::dialling::Dialling;
pub(crate) use self::dialling::Style;
use crate::text::{Text, authorization, finish, sdp};

/// What a phone is set up with.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) number: String,
    /// What it calls itself when it proves who it is.
    pub(crate) user: String,
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
    style: Style,
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
    /// Sends one more request in a dialog when its BYE has come already.
    pub(crate) crosses: u64,
    /// Transfers the other party.
    pub(crate) transfers: u64,
    /// Sends BYE for a call that rings, which no phone may (RFC 3261 §15).
    pub(crate) byes_early: u64,
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
    pub(crate) transfers: u64,
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
    /// CSeq of the INVITE that began the call; its CANCEL has the same.
    invite_cseq: u32,
    /// The number is being dialled.
    dialling: Option<Box<Dialling>>,
}

/// Datagrams that a phone wants to send.
pub(crate) type Sends = Vec<String>;

const T1: Duration = Duration::from_millis(500);
const T2: Duration = Duration::from_secs(4);
const GIVE_UP: Duration = Duration::from_secs(32);

impl Phone {
    pub(crate) fn new(
        account: Account,
        address: SocketAddr,
        manners: Manners,
        style: Style,
        mut rng: Rng,
    ) -> Self {
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
            style,
        }
    }

    /// When the phone wants to act next.
    pub(crate) fn next_timeout(&self) -> Instant {
        let requests = self.requests.values().map(|request| request.next.min(request.give_up));
        let dialogs = self.dialogs.values().map(|dialog| {
            let again = dialog.ok.as_ref().map_or(Instant::FAR_FUTURE, |ok| ok.1);
            let press =
                dialog.dialling.as_ref().map_or(Instant::FAR_FUTURE, |dialling| dialling.next_press());
            dialog.act_at.min(again).min(press)
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
        let (number, dialling) = Dialling::begin(self.style, number, now, &mut self.rng);
        let at = if number.is_empty() { "" } else { "@" };
        let dialog = Dialog {
            state: State::Calling,
            incoming: false,
            local: format!("<sip:{}@{domain}>;tag={tag}", self.account.number),
            remote: format!("<sip:{number}{at}{domain}>"),
            target: format!("sip:{number}{at}{domain}"),
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
            invite_cseq: 0,
            dialling: Some(Box::new(dialling)),
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
        let pressed = |dialog: &Dialog| dialog.dialling.as_ref().is_some_and(|d| d.next_press() <= now);
        let due: Vec<String> =
            self.dialogs.iter().filter(|(_, dialog)| pressed(dialog)).map(|(id, _)| id.clone()).collect();
        for id in due {
            self.press(now, &id, sends);
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
        let transfers = self.chance(self.manners.transfers);
        let byes_early = self.chance(self.manners.byes_early);
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
            State::Ringing if byes_early && dialog.incoming => {
                // What becomes of the INVITE is for the other side to find out: it gets its CANCEL answered.
                dialog.act_at = Instant::FAR_FUTURE;
                self.request(now, id, "BYE", "", "", sends);
            }
            State::Ringing => self.pick_up(now, id, sends),
            State::Calling => self.cancel(now, id, sends),
            State::Talking if forgets => {
                self.dialogs.remove(id);
            }
            State::Talking if dialog.ends_at <= now => self.bye(now, id, sends),
            State::Talking if transfers => self.transfer(now, id, sends),
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
        let early = dialog.dialling.as_ref().filter(|_| method == "NOTIFY").and_then(|d| d.peer());
        let (remote, target) = early.unwrap_or((dialog.remote.clone(), dialog.target.clone()));
        let mut head = format!(
            "From: {}\r\nTo: {remote}\r\nCall-ID: {}\r\nCSeq: {} {method}\r\nContact: {contact}\r\n{extra}",
            dialog.local, dialog.call_id, dialog.cseq
        );
        if method == "INVITE" && dialog.state == State::Calling {
            dialog.invite_cseq = dialog.cseq;
            if self.style == Style::Keys {
                head.push_str("Allow-Events: kpml,dialog\r\n");
            }
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
