//! A phone that speaks SIP over UDP, with a user at it: it registers with digest, calls, answers, holds, transfers and hangs up.
//!
//! It has one line. Its conference is the key of Cisco's phones, which asks the server for it.

mod acting;
mod calls;
mod description;
mod requests;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use strowger_base::Instant;

use self::calls::{Call, State};
use self::requests::Request;
use crate::device::{Device, Order};
use crate::display::{self, Display};
use crate::text::{Text, wire};
use crate::user::{Act, Refusal, Stream};

/// What a phone is set up with.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its number.
    pub number: String,
    /// What it calls itself when it proves who it is.
    pub user: String,
    /// Its password.
    pub secret: String,
    /// The server's name in addresses.
    pub domain: String,
    /// What others are shown; may be empty.
    pub name: String,
}

/// A phone.
#[derive(Debug)]
pub struct Phone {
    account: Account,
    /// Ports for its media, one for each call.
    ports: Vec<u16>,
    address: SocketAddr,
    registration: Registration,
    calls: BTreeMap<u32, Call>,
    /// How many calls there were.
    counter: u32,
    /// Requests without a final response, by branch.
    requests: BTreeMap<String, Request>,
    inbox: VecDeque<Vec<u8>>,
    orders: Vec<Order>,
    random: u64,
    /// What happened last, beside calls.
    text: String,
    complaint: Option<String>,
    leaving: bool,
}

/// Where its registration stands.
#[derive(Debug)]
struct Registration {
    call_id: String,
    cseq: u32,
    state: Registered,
    /// The server has it; while it asks again it stays so.
    holds: bool,
    /// In seconds, as it asks for it.
    expires: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Registered {
    /// There is no socket; one is wanted then.
    Away {
        again: Instant,
    },
    Opening,
    /// It asks to be registered.
    Asking,
    /// It is, and asks again then.
    In {
        again: Instant,
    },
    /// It is not, and asks again then.
    Out {
        again: Instant,
    },
    Refused,
}

const T1: Duration = Duration::from_millis(500);
const T2: Duration = Duration::from_secs(4);
/// Timers B, F and H (RFC 3261 §17).
const GIVE_UP: Duration = Duration::from_secs(32);
/// How long it waits before it asks a server again that did not answer.
const PAUSE: Duration = Duration::from_secs(10);

impl Phone {
    /// A phone that wants to register at once, with ports for its media; `random` makes its tags others than those of other phones.
    pub fn new(account: Account, ports: Vec<u16>, random: u64) -> Self {
        let again = Instant::START;
        let registration = Registration {
            call_id: String::new(),
            cseq: 0,
            state: Registered::Away { again },
            holds: false,
            expires: 300,
        };
        let mut phone = Phone {
            account,
            ports,
            address: SocketAddr::from(([0, 0, 0, 0], 0)),
            registration,
            calls: BTreeMap::new(),
            counter: 0,
            requests: BTreeMap::new(),
            inbox: VecDeque::new(),
            orders: Vec::new(),
            random,
            text: String::new(),
            complaint: None,
            leaving: false,
        };
        phone.registration.call_id = phone.token();
        phone
    }

    fn sends(&mut self, text: &str) {
        self.orders.push(Order::Send(wire(text)));
    }

    /// A tag, branch or identification that nobody guesses (splitmix64).
    fn token(&mut self) -> String {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.random ^ self.random >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        format!("{:016x}", mixed ^ mixed >> 31)
    }

    fn own(&self) -> String {
        format!("sip:{}@{}", self.account.number, self.account.domain)
    }

    fn contact(&self) -> String {
        format!("sip:{}@{}", self.account.number, self.address)
    }

    fn registers(&mut self, now: Instant) {
        self.registration.state = Registered::Asking;
        self.registration.cseq += 1;
        let expires = if self.leaving { 0 } else { self.registration.expires };
        let uri = format!("sip:{}", self.account.domain);
        let head = format!(
            "From: <{own}>;tag=reg\r\nTo: <{own}>\r\nCall-ID: {}\r\nCSeq: {} REGISTER\r\nContact: <{}>\r\nExpires: {expires}\r\n",
            self.registration.call_id,
            self.registration.cseq,
            self.contact(),
            own = self.own(),
        );
        self.request(now, Request::new("REGISTER", &uri, &head, "", None));
    }

    /// An answer to its registration.
    fn registered(&mut self, now: Instant, message: &Text, status: u16) {
        self.registration.holds = (200..300).contains(&status) && !self.leaving;
        let seconds = |name: &str| message.header(name).trim().parse::<u32>().ok();
        let later = |seconds: u32| now + Duration::from_secs(u64::from(seconds));
        match status {
            200..300 if self.leaving => self.registration.state = Registered::Refused,
            200..300 => {
                let contact = self.contact();
                // Each contact has a time of its own (RFC 3261 §10.2.4).
                let ours =
                    message.all("contact").flat_map(|all| all.split(',')).find(|it| it.contains(&contact));
                let told =
                    ours.and_then(|it| it.split("expires=").nth(1)?.split(';').next()?.trim().parse().ok());
                let expires = told.or_else(|| seconds("expires")).unwrap_or(self.registration.expires);
                self.registration.state = Registered::In { again: later((expires / 2).max(1)) };
            }
            423 => {
                self.registration.expires =
                    seconds("min-expires").unwrap_or(3600).max(self.registration.expires);
                self.registration.state = Registered::Out { again: now };
            }
            // Whoever is overloaded is asked again.
            500 | 503 | 408 => {
                let wait = seconds("retry-after").unwrap_or(10).clamp(1, 3600);
                self.registration.state = Registered::Out { again: later(wait) };
                self.text =
                    format!("{}; asks again in {wait} s", message.start.trim_start_matches("SIP/2.0 "));
            }
            _ => {
                self.registration.state = Registered::Refused;
                let said = message.start.trim_start_matches("SIP/2.0 ").to_owned();
                let remedy = match status {
                    401 | 407 => ": the number, user name or password is not what the server has",
                    403 => ": the line is not for this phone, or its password is another one",
                    404 => ": the server has no such number",
                    _ => "",
                };
                self.orders.push(Order::GiveUp(format!("{said}{remedy}")));
            }
        }
    }

    /// A port that no call has.
    fn free_port(&self) -> Option<u16> {
        self.ports.iter().copied().find(|port| self.calls.values().all(|call| call.port != *port))
    }
}

impl Device for Phone {
    fn opened(&mut self, now: Instant, local: SocketAddr) {
        self.address = local;
        self.registers(now);
    }

    fn lost(&mut self, now: Instant) {
        if self.registration.state != Registered::Refused {
            self.requests.clear();
            self.registration.holds = false;
            self.registration.state = Registered::Away { again: now + PAUSE };
        }
    }

    fn gets(&mut self, bytes: &[u8]) {
        self.inbox.push_back(bytes.to_vec());
    }

    fn hears_one(&mut self, now: Instant) -> bool {
        let Some(bytes) = self.inbox.pop_front() else { return false };
        // What keeps a hole in a firewall open says nothing.
        if bytes.iter().all(|byte| matches!(byte, 0 | b'\r' | b'\n')) {
            return true;
        }
        match Text::parse(&bytes) {
            None => self.complaint = Some("a datagram came that is no SIP".to_owned()),
            Some(message) => match message.status() {
                Some(status) => self.responded(now, &message, status),
                None => self.asked(now, &message),
            },
        }
        true
    }

    fn timeout(&mut self, now: Instant) {
        match self.registration.state {
            Registered::In { again } | Registered::Out { again } if again <= now => self.registers(now),
            Registered::In { .. }
            | Registered::Out { .. }
            | Registered::Away { .. }
            | Registered::Opening
            | Registered::Asking
            | Registered::Refused => {}
        }
        self.repeats(now);
    }

    fn next_timeout(&self) -> Instant {
        let registration = match self.registration.state {
            Registered::Away { again } | Registered::In { again } | Registered::Out { again } => again,
            Registered::Opening | Registered::Asking | Registered::Refused => Instant::FAR_FUTURE,
        };
        let requests = self.requests.values().map(|request| request.next.min(request.give_up));
        let answers = self.calls.values().filter_map(|call| call.answer.as_ref().map(|answer| answer.next));
        requests.chain(answers).chain([registration]).min().unwrap_or(Instant::FAR_FUTURE)
    }

    fn orders(&mut self, now: Instant) -> Vec<Order> {
        let mut orders = std::mem::take(&mut self.orders);
        if let Registered::Away { again } = self.registration.state
            && again <= now
        {
            self.registration.state = Registered::Opening;
            orders.push(Order::Connect);
        }
        orders
    }

    fn does(&mut self, now: Instant, act: &Act) -> Result<(), Refusal> {
        self.acts(now, act)
    }

    fn shows(&self) -> Display {
        let registered = self.registration.holds;
        let line = [self.account.number.clone(), self.account.name.clone()];
        let rings = self.calls.values().any(|call| call.state == State::RingsHere);
        Display {
            registered,
            lines: if registered { BTreeMap::from([(1, line)]) } else { BTreeMap::new() },
            calls: self.calls.iter().map(|(number, call)| (*number, self.shown(call))).collect(),
            keys: vec!["NewCall".to_owned()],
            text: self.text.clone(),
            lamps: BTreeMap::new(),
            ringer: if rings { "inside".to_owned() } else { String::new() },
        }
    }

    fn streams(&self) -> Vec<Stream> {
        self.calls.iter().filter_map(|(number, call)| call.stream(*number)).collect()
    }

    fn leaves(&mut self, now: Instant) {
        if self.leaving && !self.calls.is_empty() {
            return;
        }
        if !self.leaving {
            self.leaving = true;
            let calls: Vec<u32> = self.calls.keys().copied().collect();
            calls.into_iter().for_each(|number| self.ends(now, number));
        }
        if self.calls.is_empty()
            && !matches!(self.registration.state, Registered::Asking | Registered::Refused)
        {
            self.registers(now);
        }
    }

    fn counts(&mut self, _: u16, _: [u32; 5]) {}

    fn complaint(&mut self) -> Option<String> {
        self.complaint.take()
    }
}

impl Phone {
    fn shown(&self, call: &Call) -> display::Call {
        let own = [self.account.number.clone(), self.account.name.clone()];
        let (calling, called) =
            if call.incoming { (call.party.clone(), own) } else { (own, call.party.clone()) };
        let tone = match call.state {
            State::RingsThere if call.theirs.is_none() => "alerting",
            State::Failed(486 | 600) => "line busy",
            State::Failed(_) => "reorder",
            _ => "",
        };
        display::Call {
            line: 1,
            state: call.state_name().to_owned(),
            text: call.text.clone(),
            calling,
            called,
            keys: self.keys_of(call).into_iter().map(str::to_owned).collect(),
            tone: tone.to_owned(),
            heard: String::new(),
        }
    }
}

#[cfg(test)]
mod tests;
