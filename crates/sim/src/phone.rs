//! A SIP phone as the simulator imagines it: it registers, calls, answers, holds, hangs up and misbehaves.
//!
//! It is written from the RFCs with its own text handling, never with the server's encoder.

mod acting;
mod asking;
mod called;
mod calling;
mod codecs;
mod dialling;
mod keypad;
mod keys;
mod requests;
#[cfg(test)]
mod scripted;
mod session;
mod streams;
mod transferring;
mod watching;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use strowger_base::{Instant, Rng};

use self::asking::Ask;
pub(crate) use self::codecs::Codecs;
use self::dialling::Dialling;
pub(crate) use self::dialling::Style;
use self::keypad::Pad;
pub(crate) use self::keypad::{Flight, IN_CALL, Keypad};
pub(crate) use self::keys::KEYS;
pub(crate) use self::session::{Session, Way};
pub(crate) use self::streams::Beside;
pub(crate) use self::watching::Watching;
use crate::text::Text;

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
    /// The calls that rang here, those that are over among them.
    rung: BTreeSet<String>,
    /// Requests without a final response, by branch.
    requests: BTreeMap<String, Request>,
    /// What it asked for outside of calls, by Call-ID.
    asks: BTreeMap<String, Ask>,
    pub(crate) watches: Vec<Watching>,
    /// What it was told that cannot be.
    pub(crate) complaint: Option<String>,
    /// It does nothing by itself: nobody is at it.
    pub(crate) still: bool,
    /// It is a recorder.
    pub(crate) records: bool,
    /// It knows of recordings, and says so (RFC 7866 §6.3).
    pub(crate) aware: bool,
    /// It offers SRTP and nothing else.
    pub(crate) srtp: bool,
    pub(crate) codecs: Codecs,
    /// How it tells which keys are pressed in a call, and is told.
    pub(crate) keypad: Keypad,
    /// Keys that were pressed in its calls, and those that it was told, with when.
    pub(crate) pressed: Vec<(Instant, char)>,
    pub(crate) heard: Vec<(Instant, char)>,
    /// Packets of media that it wants to send.
    pub(crate) flights: Vec<Flight>,
    pub(crate) beside: Beside,
    /// It takes UPDATE, and says so.
    pub(crate) updates: bool,
    /// It leaves the offer to the other side (delayed offer), as far as anybody is at it one call in four.
    pub(crate) delays: bool,
    counter: u64,
    calls: u16,
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
    /// Stays in a call for minutes.
    pub(crate) lingers: bool,
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
    /// Keys that were told as such.
    pub(crate) keys: u64,
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

/// A 200 to an INVITE, sent again until its ACK comes (RFC 3261 §13.3.1.4).
#[derive(Debug)]
struct Answer {
    /// CSeq of the INVITE.
    cseq: u32,
    text: String,
    next: Instant,
    interval: Duration,
    give_up: Instant,
}

impl Answer {
    fn new(cseq: u32, text: String, now: Instant) -> Self {
        Self { cseq, text, next: now + T1, interval: T1, give_up: now + GIVE_UP }
    }
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
    /// How it was told to ring.
    ring: String,
    local: String,
    remote: String,
    target: String,
    call_id: String,
    cseq: u32,
    branch: String,
    invite: Option<Text>,
    /// The 200 that waits for its ACK.
    ok: Option<Answer>,
    act_at: Instant,
    /// The other side as the last ringing of a call of ours named it, with its tag.
    early: String,
    held: bool,
    /// What it asked for by an INVITE that is not answered.
    wants_held: Option<bool>,
    session: Session,
    version: u32,
    nc: u32,
    authorized: bool,
    ends_at: Instant,
    /// Our INVITE carried no offer, so the answer belongs into the ACK.
    delayed: bool,
    /// CSeq of the INVITE that began the call; its CANCEL has the same.
    invite_cseq: u32,
    /// What its INVITE says beside the usual.
    extra: String,
    /// The number is being dialled.
    dialling: Option<Box<Dialling>>,
    /// Keys that are pressed when it is answered.
    pad: Pad,
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
            rung: BTreeSet::new(),
            requests: BTreeMap::new(),
            asks: BTreeMap::new(),
            watches: vec![],
            complaint: None,
            still: false,
            records: false,
            aware: false,
            srtp: false,
            codecs: Codecs::G711,
            keypad: Keypad::Events,
            pressed: vec![],
            heard: vec![],
            flights: vec![],
            beside: Beside::Nothing,
            updates: rng.one_in(2),
            delays: false,
            counter: 0,
            calls: 0,
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
            let again = dialog.ok.as_ref().map_or(Instant::FAR_FUTURE, |ok| ok.next);
            let press =
                dialog.dialling.as_ref().map_or(Instant::FAR_FUTURE, |dialling| dialling.next_press());
            dialog.act_at.min(again).min(press).min(dialog.pad.asks_at())
        });
        let watches = self.watches.iter().map(|watching| watching.next);
        let others = watches.chain([self.registration.refresh_at]);
        requests.chain(dialogs).chain(others).min().unwrap_or(Instant::FAR_FUTURE)
    }

    /// What its messages with descriptions say of recordings: that it knows of them.
    const fn awareness(&self) -> &'static str {
        if self.aware { "Supported: record-aware\r\n" } else { "" }
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
                let Dialog { state, ring, act_at, .. } = dialog;
                format!("{incoming} {state:?} {ring} {id} acts at {act_at:?}")
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
        let (port, dialled, ends_at) = (self.media_port(), number.to_owned(), self.ends(now));
        let (number, dialling) = Dialling::begin(self.style, number, now, &mut self.rng);
        let at = if number.is_empty() { "" } else { "@" };
        let dialog = Dialog {
            state: State::Calling,
            incoming: false,
            ring: String::new(),
            local: format!("<sip:{}@{domain}>;tag={tag}", self.account.number),
            remote: format!("<sip:{number}{at}{domain}>"),
            target: format!("sip:{number}{at}{domain}"),
            call_id: call_id.clone(),
            cseq: 0,
            branch: String::new(),
            invite: None,
            ok: None,
            act_at,
            early: String::new(),
            held: false,
            wants_held: None,
            session: Session::new(port, &dialled, now),
            version: 1,
            nc: 0,
            authorized: false,
            ends_at,
            delayed: false,
            invite_cseq: 0,
            extra: String::new(),
            dialling: Some(Box::new(dialling)),
            pad: Pad::new(&mut self.rng),
        };
        self.dialogs.insert(call_id.clone(), dialog);
        // Every fourth call leaves the offer to the other side (delayed offer).
        let delayed = self.delays || !self.still && self.rng.one_in(4);
        if let Some(dialog) = self.dialogs.get_mut(&call_id) {
            dialog.delayed = delayed;
        }
        let body = if delayed { String::new() } else { self.describe_media(port, Way::BOTH, 1, "") };
        self.request(now, &call_id, "INVITE", "", &body, sends);
    }

    /// The time of `next_timeout` has come.
    pub(crate) fn timeout(&mut self, now: Instant, sends: &mut Sends) {
        if self.registration.refresh_at <= now {
            self.register(now, sends);
        }
        self.watch_on(now, sends);
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
            .filter(|(_, dialog)| dialog.act_at <= now || dialog.ok.as_ref().is_some_and(|ok| ok.next <= now))
            .map(|(id, _)| id.clone())
            .collect();
        for id in due {
            self.act(now, &id, sends);
        }
        self.ask_for_keys(now, sends);
        let pressed = |dialog: &Dialog| dialog.dialling.as_ref().is_some_and(|d| d.next_press() <= now);
        let due: Vec<String> =
            self.dialogs.iter().filter(|(_, dialog)| pressed(dialog)).map(|(id, _)| id.clone()).collect();
        for id in due {
            self.press(now, &id, sends);
        }
    }

    /// A datagram arrived.
    pub(crate) fn receive(&mut self, now: Instant, bytes: &[u8], damaged: bool, sends: &mut Sends) {
        if self.chance(self.manners.babbles) {
            sends.push("BABBLE sip:nobody SIP/2.0\r\nVia: ;;\r\n\r\n".to_owned());
        }
        let Some(message) = Text::parse(bytes) else { return };
        match message.status() {
            Some(status) => self.response(now, &message, status, sends),
            None => self.incoming(now, &message, damaged, sends),
        }
    }

    /// Where the sound of a call goes; each call has a port of its own.
    fn media_port(&mut self) -> u16 {
        self.calls = self.calls.wrapping_add(1);
        20_000 + self.calls % 10_000 * 2
    }

    /// Something that it sent or that was sent to it arrived otherwise: what it knows of its calls may be something else than what others
    /// know.
    pub(crate) fn doubt(&mut self) {
        for dialog in self.dialogs.values_mut() {
            dialog.session.doubtful = true;
        }
    }

    /// The sessions of its answered calls.
    pub(crate) fn sessions(&self) -> impl Iterator<Item = &Session> {
        self.dialogs.values().filter(|dialog| dialog.state == State::Talking).map(|dialog| &dialog.session)
    }

    /// When its user has had enough of a call.
    fn ends(&mut self, now: Instant) -> Instant {
        let longer = if self.manners.lingers { 60 } else { 0 };
        now + Duration::from_secs(2 + longer + self.rng.below(40))
    }

    fn token(&mut self) -> String {
        self.counter += 1;
        format!("{:x}.{}", self.rng.next_u64(), self.counter)
    }

    fn chance(&mut self, one_in: u64) -> bool {
        self.rng.one_in(one_in)
    }
}
