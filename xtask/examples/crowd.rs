//! `crowd`: many phones that speak SCCP, each with a connection of its own, and what becomes of them. It is the generator of
//! `cargo xtask bench sccp`, which tells it on standard input what to do; each answer is a line of JSON.
//!
//! ```text
//! crowd --server 127.0.0.1:2000 --count 10000 --first 100000
//! come 500       they connect, so many a second; 0 is all at once; answered when all are registered
//! stay 60        they say that they are there, for so many seconds
//! drop           all connections break
//! back           all come back at once; `back tokens`: and ask whether they may
//! ```

use std::io::{BufRead as _, ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant as Clock};

use socket2::{Domain, Socket, Type};
use strowger_base::Instant;
use strowger_phones::device::{Device as _, Order};
use strowger_phones::skinny::life::Life;
use strowger_phones::skinny::phone::Skinny;

/// The longest time in which all have to be registered.
const PATIENCE: Duration = Duration::from_secs(300);
/// Connections that are opened before the others are looked after.
const AT_ONCE: usize = 64;

/// A phone and its connection.
struct Member {
    life: Life,
    address: Ipv4Addr,
    stream: Option<TcpStream>,
    /// What did not go out yet.
    unsent: Vec<u8>,
    /// When it was to come, and when it was in, in this act.
    wanted: Option<Clock>,
    came: Option<Clock>,
    /// It may not connect before it is told to.
    waits: bool,
}

struct Crowd {
    server: SocketAddr,
    members: Vec<Member>,
    began: Clock,
    /// Connections that broke or were given up.
    lost: usize,
    complaints: Vec<String>,
}

fn main() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().collect();
    let option = |name: &str| {
        let at = arguments.iter().position(|it| it == name).ok_or(format!("{name} is missing"))?;
        arguments.get(at + 1).cloned().ok_or(format!("{name} needs a value"))
    };
    let server = option("--server")?.parse().map_err(|error| format!("--server: {error}"))?;
    let number = |name: &str| option(name)?.parse::<usize>().map_err(|error| format!("{name}: {error}"));
    let (count, first) = (number("--count")?, number("--first")?);
    // Each has an address of its own, as phones do: the server gives no address more than half of its connections.
    let member = |at: usize| Member {
        life: Life::new(Skinny::new(&format!("SEP{:012}", first + at), 17, address(at)), false),
        address: address(at).into(),
        stream: None,
        unsent: Vec::new(),
        wanted: None,
        came: None,
        waits: true,
    };
    let mut crowd = Crowd {
        server,
        members: (0..count).map(member).collect(),
        began: Clock::now(),
        lost: 0,
        complaints: Vec::new(),
    };
    for line in std::io::stdin().lock().lines() {
        let line = line.map_err(|error| error.to_string())?;
        let words: Vec<&str> = line.split_whitespace().collect();
        crowd.lost = 0;
        match words[..] {
            ["come", rate] => crowd.come(rate.parse().map_err(|error| format!("{line}: {error}"))?),
            ["stay", seconds] => crowd.stay(seconds.parse().map_err(|error| format!("{line}: {error}"))?),
            ["drop"] => crowd.drop_all(),
            ["back"] => crowd.back(false),
            ["back", "tokens"] => crowd.back(true),
            _ => return Err(format!("there is no act {line:?}")),
        }
    }
    Ok(())
}

/// One of the loopback addresses, for the phone at this place.
fn address(at: usize) -> [u8; 4] {
    [127, 1, (at / 250) as u8, (at % 250) as u8 + 1]
}

fn connect(from: Ipv4Addr, server: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((from, 0)).into())?;
    socket.connect(&server.into())?;
    Ok(socket.into())
}

impl Crowd {
    fn now(&self) -> Instant {
        Instant::START + Duration::from_secs(1) + self.began.elapsed()
    }

    fn registered(&self) -> usize {
        self.members.iter().filter(|member| member.life.phone.registered).count()
    }

    /// Looks after all once; whether anything happened.
    fn look(&mut self) -> bool {
        let now = self.now();
        let mut opened = 0;
        let mut any = false;
        for member in self.members.iter_mut().filter(|member| !member.waits) {
            match member.look(self.server, now, &mut opened) {
                Ok(happened) => any |= happened,
                Err(_) => {
                    member.stream = None;
                    member.unsent.clear();
                    member.life.lost(now);
                    self.lost += 1;
                    any = true;
                }
            }
            if member.came.is_none() && member.life.phone.registered {
                member.came = Some(Clock::now());
            }
            if let Some(complaint) = member.life.complaint().filter(|_| self.complaints.len() < 10) {
                self.complaints.push(format!("{}: {complaint}", member.life.phone.name));
            }
        }
        any
    }

    fn come(&mut self, rate: usize) {
        let began = Clock::now();
        self.each_is_new();
        while self.registered() < self.members.len() && began.elapsed() < PATIENCE {
            let due = if rate == 0 {
                self.members.len()
            } else {
                (began.elapsed().as_secs_f64() * rate as f64) as usize
            };
            for member in self.members.iter_mut().take(due).filter(|member| member.waits) {
                (member.waits, member.wanted) = (false, Some(Clock::now()));
            }
            if !self.look() {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        self.tell("come", began);
    }

    fn stay(&mut self, seconds: u64) {
        let began = Clock::now();
        let answered = |crowd: &Crowd| -> u64 {
            crowd.members.iter().map(|member| u64::from(member.life.phone.answers_keepalive)).sum()
        };
        let before = answered(self);
        while began.elapsed() < Duration::from_secs(seconds) {
            if !self.look() {
                std::thread::sleep(Duration::from_millis(2));
            }
        }
        let keepalives = answered(self) - before;
        println!(
            "{{\"act\":\"stay\",\"registered\":{},\"seconds\":{:.3},\"keepalives\":{keepalives},\"lost\":{},\"complaints\":{:?}}}",
            self.registered(),
            began.elapsed().as_secs_f64(),
            self.lost,
            self.complaints
        );
    }

    fn drop_all(&mut self) {
        let (began, now) = (Clock::now(), self.now());
        for member in &mut self.members {
            if let Some(stream) = member.stream.take() {
                let _ = stream.shutdown(Shutdown::Both);
            }
            member.unsent.clear();
            member.life.lost(now);
            member.waits = true;
        }
        self.tell("drop", began);
    }

    /// All were told that their connection is gone at the same time, and come back as soon as they can.
    fn back(&mut self, tokens: bool) {
        for member in &mut self.members {
            // It is the same phone, which asks now or does not.
            let phone = std::mem::replace(&mut member.life.phone, Skinny::new("", 17, [0; 4]));
            member.life = Life::new(phone, tokens);
        }
        self.come(0);
    }

    fn each_is_new(&mut self) {
        for member in &mut self.members {
            (member.wanted, member.came) = (None, None);
        }
    }

    fn tell(&self, act: &str, began: Clock) {
        let mut took: Vec<u128> = self
            .members
            .iter()
            .filter_map(|member| Some(member.came?.duration_since(member.wanted?).as_micros()))
            .collect();
        took.sort_unstable();
        let part =
            |percent: usize| took.get(took.len().saturating_sub(1) * percent / 100).copied().unwrap_or(0);
        println!(
            "{{\"act\":{act:?},\"registered\":{},\"seconds\":{:.3},\"p50_us\":{},\"p99_us\":{},\"lost\":{},\"complaints\":{:?}}}",
            self.registered(),
            began.elapsed().as_secs_f64(),
            part(50),
            part(99),
            self.lost,
            self.complaints
        );
    }
}

impl Member {
    /// Hears what came, and does what is to be done; whether anything was. An error is a connection that is over.
    fn look(&mut self, server: SocketAddr, now: Instant, opened: &mut usize) -> std::io::Result<bool> {
        let mut any = self.hear(now)?;
        if self.life.next_timeout() <= now {
            self.life.timeout(now);
        }
        if self.stream.is_none() && *opened >= AT_ONCE {
            return Ok(true);
        }
        for order in self.life.orders(now) {
            any = true;
            match order {
                Order::Connect => {
                    *opened += 1;
                    let stream = connect(self.address, server)?;
                    stream.set_nonblocking(true)?;
                    stream.set_nodelay(true)?;
                    self.life.opened(now, stream.local_addr()?);
                    self.stream = Some(stream);
                }
                Order::Send(bytes) => self.unsent.extend(bytes),
                Order::Close(why) => return Err(std::io::Error::other(why)),
                Order::GiveUp(words) => return Err(std::io::Error::other(words)),
            }
        }
        self.send()?;
        Ok(any)
    }

    fn hear(&mut self, now: Instant) -> std::io::Result<bool> {
        let Some(stream) = &mut self.stream else { return Ok(false) };
        let mut buffer = [0; 4096];
        match stream.read(&mut buffer) {
            Ok(0) => Err(std::io::Error::from(ErrorKind::ConnectionReset)),
            Ok(count) => {
                self.life.gets(buffer.get(..count).unwrap_or_default());
                while self.life.hears_one(now) {}
                Ok(true)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn send(&mut self) -> std::io::Result<()> {
        let Some(stream) = &mut self.stream else { return Ok(()) };
        while !self.unsent.is_empty() {
            match stream.write(&self.unsent) {
                Ok(count) => drop(self.unsent.drain(..count)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
