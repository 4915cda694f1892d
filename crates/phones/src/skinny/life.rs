//! What a phone does about its connection: it comes, says that it is there, notices that nobody answers, and comes back.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use strowger_base::Instant;

use super::phone::{Skinny, Token};
use crate::device::{Device, Order};
use crate::display::Display;
use crate::user::{Act, Refusal, Stream};

/// A phone with its connection.
#[derive(Debug)]
pub struct Life {
    /// The phone.
    pub phone: Skinny,
    /// Whether it asks for permission before it registers, as a phone does that goes back to its first server.
    asks: bool,
    state: State,
    /// How long it waits before it connects again.
    pause: Duration,
    /// Why its connection is closed, once.
    closes: Option<&'static str>,
    /// It is put away: its calls were ended, and then it asked to go.
    hangs_up: bool,
    unregisters: bool,
}

/// Where the connection stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// There is none; the next one is tried then.
    Away { again: Instant },
    /// One is being opened.
    Opening,
    /// It asked whether it may come, and asks again then where it may not yet.
    Asking { again: Instant },
    /// It has said who it is; when nothing came of it until then, it begins anew.
    Registering { until: Instant },
    /// It is in, and says next then that it is there. So many answers had come when it last looked, and so many times it said so since.
    In { keepalive: Instant, answers: u32, unanswered: u32 },
    /// It was refused.
    Refused,
}

/// As many keepalives without an answer, and the server is gone.
const MISSED: u32 = 3;
/// A server that takes a connection and says nothing is left after so long.
const SILENCE: Duration = Duration::from_secs(30);
/// The longest pause between two attempts.
const LONGEST: Duration = Duration::from_secs(30);

impl Life {
    /// A phone that wants to connect at once.
    pub fn new(phone: Skinny, asks: bool) -> Self {
        let again = Instant::START;
        Life {
            phone,
            asks,
            state: State::Away { again },
            pause: Duration::from_secs(1),
            closes: None,
            hangs_up: false,
            unregisters: false,
        }
    }

    fn registers(&mut self, now: Instant) {
        self.phone.connects();
        self.state = State::Registering { until: now + SILENCE };
    }

    /// It has no connection any more, and says why when it comes back.
    fn breaks(&mut self, now: Instant, number: u8, last: &str) {
        if matches!(self.state, State::Refused | State::Away { .. }) {
            return;
        }
        self.phone.told = format!("{number}: Name={} Load=9.4 Last={last}", self.phone.name);
        self.phone.forgets();
        self.state = State::Away { again: now + self.pause };
        self.pause = (self.pause * 2).min(LONGEST);
    }

    fn every(&self) -> Duration {
        Duration::from_secs(u64::from(self.phone.keepalive.max(1)))
    }
}

impl Device for Life {
    fn opened(&mut self, now: Instant, local: SocketAddr) {
        if let IpAddr::V4(ip) = local.ip() {
            self.phone.ip = ip.octets();
        }
        if self.asks {
            self.phone.asks_for_token();
            self.state = State::Asking { again: now + SILENCE };
        } else {
            self.registers(now);
        }
    }

    fn hears_one(&mut self, now: Instant) -> bool {
        let heard = self.phone.hears_one();
        match (self.state, self.phone.token) {
            (State::Asking { .. }, Token::Granted) => self.registers(now),
            (State::Asking { .. }, Token::Refused(seconds)) => {
                self.phone.token = Token::Unasked;
                self.state = State::Asking { again: now + Duration::from_secs(u64::from(seconds.max(1))) };
            }
            _ => {}
        }
        if matches!(self.state, State::Registering { .. }) && self.phone.registered {
            self.pause = Duration::from_secs(1);
            self.state = State::In { keepalive: now + self.every(), answers: 0, unanswered: 0 };
        }
        if let Some(kind) = self.phone.reset {
            // 1 is a reset, 2 a restart, 3 a new configuration, which this phone has from nowhere but the server: it comes back, and says why.
            let (number, last) = if kind == 1 { (22, "Reset-Reset") } else { (23, "Reset-Restart") };
            self.breaks(now, number, last);
            self.closes = Some("the server told it to begin anew");
        }
        if self.phone.garbled {
            self.breaks(now, 11, "Closed-Bad-Message");
            self.closes = Some("what came is no message of SCCP");
        }
        heard
    }

    fn lost(&mut self, now: Instant) {
        self.breaks(now, 14, "TCP-Closed");
    }

    fn timeout(&mut self, now: Instant) {
        match self.state {
            State::Asking { again } if again <= now => {
                self.phone.asks_for_token();
                self.state = State::Asking { again: now + SILENCE };
            }
            State::Registering { until } if until <= now => {
                self.breaks(now, 28, "Register-Timeout");
                self.closes = Some("the server does not answer");
            }
            State::In { keepalive, answers, unanswered } if keepalive <= now => {
                let heard = self.phone.answers_keepalive;
                let unanswered = if heard > answers { 0 } else { unanswered };
                if unanswered >= MISSED {
                    self.breaks(now, 17, "Keepalive-Timeout");
                    self.closes = Some("the server no longer answers that the phone is there");
                    return;
                }
                self.phone.says_that_it_is_there();
                let (keepalive, unanswered) = (now + self.every(), unanswered + 1);
                self.state = State::In { keepalive, answers: heard, unanswered };
            }
            State::Away { .. }
            | State::Opening
            | State::Asking { .. }
            | State::Registering { .. }
            | State::In { .. }
            | State::Refused => {}
        }
    }

    fn next_timeout(&self) -> Instant {
        match self.state {
            State::Away { again } | State::Asking { again } => again,
            State::Registering { until } => until,
            State::In { keepalive, .. } => keepalive,
            State::Opening | State::Refused => Instant::FAR_FUTURE,
        }
    }

    fn orders(&mut self, now: Instant) -> Vec<Order> {
        let mut orders = Vec::new();
        let bytes = std::mem::take(&mut self.phone.sends);
        if let Some(why) = self.closes.take() {
            orders.push(Order::Close(why));
        } else if !bytes.is_empty() {
            orders.push(Order::Send(bytes));
        }
        if self.state != State::Refused
            && let Some(words) = self.phone.rejected.take()
        {
            self.state = State::Refused;
            orders.push(Order::GiveUp(words));
        }
        if let State::Away { again } = self.state
            && again <= now
        {
            self.state = State::Opening;
            orders.push(Order::Connect);
        }
        orders
    }

    fn gets(&mut self, bytes: &[u8]) {
        self.phone.gets(bytes);
    }

    fn does(&mut self, _: Instant, act: &Act) -> Result<(), Refusal> {
        self.phone.does(act)
    }

    fn shows(&self) -> Display {
        self.phone.shows()
    }

    fn streams(&self) -> Vec<Stream> {
        self.phone.streams()
    }

    fn leaves(&mut self, _: Instant) {
        if !self.phone.registered {
            return;
        }
        if !std::mem::replace(&mut self.hangs_up, true) {
            self.phone.hangs_up_all();
        }
        // With calls a phone is not let go.
        if self.phone.calls.is_empty() && !std::mem::replace(&mut self.unregisters, true) {
            self.phone.unregisters();
        }
    }

    fn counts(&mut self, port: u16, [sent, bytes_sent, heard, bytes_heard, lost]: [u32; 5]) {
        self.phone.counted.insert(port, [sent, bytes_sent, heard, bytes_heard, lost, 0, 0]);
    }

    fn complaint(&mut self) -> Option<String> {
        self.phone.complaint.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::skinny::wire::Frame;

    const LOCAL: SocketAddr = SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 10)), 49_152);

    fn at(seconds: u64) -> Instant {
        Instant::START + Duration::from_secs(seconds)
    }

    fn life(asks: bool) -> Life {
        Life::new(Skinny::new("SEP001122334455", 17, [192, 0, 2, 10]), asks)
    }

    /// The ids of the messages that it sends.
    fn sent(orders: &[Order]) -> Vec<u32> {
        let mut ids = Vec::new();
        for order in orders {
            let Order::Send(bytes) = order else { continue };
            let mut rest = bytes.as_slice();
            while let crate::skinny::wire::First::Whole(message, length) = crate::skinny::wire::first(rest) {
                ids.push(message.id);
                rest = &rest[length..];
            }
        }
        ids
    }

    fn says(life: &mut Life, now: Instant, frame: Frame) -> Vec<u32> {
        life.phone.gets(&frame.end());
        while life.hears_one(now) {}
        sent(&life.orders(now))
    }

    /// The server takes it, with a keepalive of 30 s, and asks nothing; the time is told last.
    fn is_taken(life: &mut Life, now: Instant) {
        let acknowledged =
            Frame::new(0, 0x81).word(30).text("D/M/Y", 8).word(60).bytes(&[17, 0x20, 0xf1, 0xff]);
        says(life, now, acknowledged);
        says(life, now, Frame::new(17, 0x94).bytes(&[0; 36]));
        assert!(life.phone.registered);
    }

    #[test]
    fn a_phone_leaves_a_server_that_does_not_answer_three_keepalives() {
        let mut life = life(false);
        assert_eq!(life.orders(at(0)), [Order::Connect]);
        life.opened(at(0), LOCAL);
        assert_eq!(sent(&life.orders(at(0))), [0x20, 0x01]);
        is_taken(&mut life, at(0));
        for (seconds, answered) in [(30, true), (60, false), (90, false), (120, false)] {
            assert_eq!(life.next_timeout(), at(seconds));
            life.timeout(at(seconds));
            assert_eq!(sent(&life.orders(at(seconds))), [0x00], "{seconds}");
            if answered {
                says(&mut life, at(seconds), Frame::new(0, 0x100));
            }
        }
        life.timeout(at(150));
        assert!(matches!(&life.orders(at(150))[..], [Order::Close(_)]));
        assert_eq!((life.next_timeout(), life.phone.registered), (at(151), false));
        life.timeout(at(151));
        assert_eq!(life.orders(at(151)), [Order::Connect]);
        life.opened(at(151), LOCAL);
        let orders = life.orders(at(151));
        let [Order::Send(bytes)] = &orders[..] else { panic!("{orders:?}") };
        assert!(bytes.windows(3).any(|it| it == b"17:"), "it says that keepalives were not answered");
    }

    #[test]
    fn a_phone_that_may_not_come_yet_asks_again_when_it_was_told_to() {
        let mut life = life(true);
        life.orders(at(0));
        life.opened(at(0), LOCAL);
        assert_eq!(sent(&life.orders(at(0))), [0x29]);
        assert_eq!(says(&mut life, at(1), Frame::new(0, 0x11b).word(60)), [0; 0]);
        assert_eq!(life.next_timeout(), at(61));
        life.timeout(at(61));
        assert_eq!(sent(&life.orders(at(61))), [0x29]);
        assert_eq!(says(&mut life, at(61), Frame::new(0, 0x11a)), [0x20, 0x01]);
    }

    #[test]
    fn a_reset_closes_the_connection_and_a_refusal_is_the_end() {
        let mut one = life(false);
        one.orders(at(0));
        one.opened(at(0), LOCAL);
        is_taken(&mut one, at(0));
        one.phone.gets(&Frame::new(17, 0x9f).word(2).end());
        while one.hears_one(at(5)) {}
        assert!(matches!(&one.orders(at(5))[..], [Order::Close(_)]));
        assert!(one.phone.told.starts_with("23:"));
        let mut other = life(false);
        other.orders(at(0));
        other.opened(at(0), LOCAL);
        other.orders(at(0));
        other.phone.gets(&Frame::new(0, 0x9d).text("Device is not configured", 36).end());
        while other.hears_one(at(1)) {}
        assert_eq!(other.orders(at(1)), [Order::GiveUp("Device is not configured".to_owned())]);
        other.lost(at(2));
        assert_eq!(other.orders(at(9)), []);
    }

    #[test]
    fn what_is_no_message_ends_the_connection() {
        let mut life = life(false);
        life.orders(at(0));
        life.opened(at(0), LOCAL);
        life.orders(at(0));
        life.phone.gets(&[0xff; 12]);
        assert!(!life.hears_one(at(0)));
        assert!(matches!(&life.orders(at(0))[..], [Order::Close(_)]));
    }
}
