//! Media threads with sockets of this machine.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::atomic::Ordering;

use strowger_media::control::{RelayPeer, Side};
use strowger_media::statistics::PortStatistics;

use super::*;
use crate::mailbox::{Mailbox, mailbox};
pub(super) use hanging::stumbles_at;
use hanging::{FAILS, HANGING, hanging as hangs, press};

/// Threads, and what they tell.
struct Threads {
    sender: MediaSender,
    mailbox: Mailbox,
    decision: Sender,
    watch: Watch,
    figures: &'static [counters::Media; counters::MEDIA_THREADS],
    commands: &'static counters::Queue,
}

impl Threads {
    fn start(first: u16) -> Threads {
        Threads::start_of(first, 2)
    }

    fn start_of(first: u16, count: usize) -> Threads {
        let (made, loops) = Threads::made(first, count);
        for thread in loops {
            std::thread::spawn(move || thread.run());
        }
        made
    }

    /// The same before they run.
    fn made(first: u16, count: usize) -> (Threads, Vec<MediaThread>) {
        let (parts, mailbox) = parts(first);
        let decision = parts.decision.clone();
        let (figures, commands) = (parts.figures, parts.commands);
        let (sender, loops, watch) = threads(count, Rng::new(1), &parts).unwrap();
        let threads = Threads { sender, mailbox, decision, watch, figures, commands };
        (threads, loops)
    }

    /// The ports that are told lost with a thread that hangs.
    fn lost(&mut self) -> Vec<PortId> {
        let losses = std::iter::from_fn(|| self.sender.loss());
        let port = |report| match report {
            Report::Closed { port, .. } => port,
            other => panic!("{other:?}"),
        };
        losses.map(port).collect()
    }

    /// Lets the thread of this place hang until it is let go.
    fn hang(&mut self, latch: u64, thread: u64) -> Arc<Progress> {
        let progress = self.watch.progress_of(thread as usize);
        HANGING.fetch_or(1 << latch, Ordering::SeqCst);
        self.sender.command(press(hangs(latch, thread)));
        until(|| progress.does_command().then_some(()));
        progress
    }

    /// Looks so often that a thread that hangs is found; returns which got a successor.
    fn look(&mut self) -> Vec<usize> {
        (0..6).flat_map(|_| self.watch.look()).collect()
    }

    fn report(&self) -> Report {
        until(|| match self.mailbox.take() {
            Some(Letter::Media(report)) => Some(report),
            Some(_) | None => None,
        })
    }

    /// A relay between these two; returns where they send to.
    fn relay(&mut self, port: PortId, phones: [SocketAddr; 2]) -> [SocketAddr; 2] {
        self.sender.command(Command::OpenRelay { port });
        let Report::Opened { a, b: Some(b), .. } = self.report() else { panic!("not open") };
        for (side, remote) in [Side::A, Side::B].into_iter().zip(phones) {
            self.sender.command(Command::Direct { port, side, peer: RelayPeer::new(remote) });
        }
        [a, b]
    }

    fn close(&mut self, port: PortId) -> PortStatistics {
        self.sender.command(Command::Close { port });
        let Report::Closed { statistics, .. } = self.report() else { panic!("not closed") };
        *statistics
    }
}

/// What threads need that have these thousand ports, and who is told.
pub(super) fn parts(first: u16) -> (Parts, Mailbox) {
    let (decision, mailbox) = mailbox().unwrap();
    let (_, machine) = watch::channel(Machine {
        media_bind: IpAddr::from([127, 0, 0, 1]),
        media_address: None,
        media_ports: (first, first + 999),
        media_quarantine: Duration::ZERO,
        sccp: None,
        phone_services: None,
        sftp: None,
        http: SocketAddr::from(([127, 0, 0, 1], 0)),
        http_tls: false,
        drain_max: Duration::ZERO,
        journal_limit_bytes: 0,
    });
    let (_, library) = watch::channel(Arc::default());
    let parts = Parts {
        machine,
        library,
        sockets_max: 100,
        decision,
        started: Clock::now(),
        figures: Box::leak(Box::default()),
        commands: Box::leak(Box::default()),
    };
    (parts, mailbox)
}

/// Asks until there is an answer.
fn until<T>(mut ask: impl FnMut() -> Option<T>) -> T {
    let end = Clock::now() + Duration::from_secs(20);
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Clock::now() < end, "waited in vain");
        std::thread::yield_now();
    }
}

fn phone(address: &str) -> UdpSocket {
    let socket = UdpSocket::bind(address).unwrap();
    socket.set_nonblocking(true).unwrap();
    socket
}

fn packet(sequence: u16) -> Vec<u8> {
    let mut bytes = vec![0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7];
    bytes[2..4].copy_from_slice(&sequence.to_be_bytes());
    bytes
}

#[test]
fn a_phone_that_is_not_there_yet_does_not_end_the_call() {
    let mut threads = Threads::start(51_000);
    // One on each thread.
    for port in [PortId(2), PortId(4)] {
        let (a, b) = (phone("127.0.0.1:0"), phone("127.0.0.1:0"));
        let (of_a, of_b) = (a.local_addr().unwrap(), b.local_addr().unwrap());
        let [to_a, to_b] = threads.relay(port, [of_a, of_b]);
        // Nobody listens there: the network answers each packet with "port unreachable".
        drop(b);
        for sequence in 0..20 {
            a.send_to(&packet(sequence), to_a).unwrap();
        }
        let b = phone(&of_b.to_string());
        let mut buffer = [0; 64];
        let mut sequence = 19;
        let (_, source) = until(|| {
            sequence += 1;
            a.send_to(&packet(sequence), to_a).unwrap();
            b.recv_from(&mut buffer).ok()
        });
        assert_eq!(source, to_b, "from the port that B knows");
        b.send_to(&packet(1), to_b).unwrap();
        assert_eq!(until(|| a.recv_from(&mut buffer).ok()).1, to_a);
        let statistics = threads.close(port);
        assert_eq!((statistics.a.lost, statistics.b.unwrap().unsent), (0, 0));
    }
}

#[test]
fn what_the_system_refuses_to_send_is_told_with_its_reason() {
    let mut threads = Threads::start(52_000);
    let a = phone("127.0.0.1:0");
    let [to_a, _] = threads.relay(PortId(2), [a.local_addr().unwrap(), "255.255.255.255:9".parse().unwrap()]);
    let figures = &threads.figures[1].traffic.dropped_out;
    let before = figures.get();
    a.send_to(&packet(1), to_a).unwrap();
    a.send_to(&packet(2), to_a).unwrap();
    until(|| (figures.get() >= before + 2).then_some(()));
    let b = threads.close(PortId(2)).b.unwrap();
    assert_eq!((b.sent, b.unsent, b.unsent_error), (0, 2, Some(Errno::EACCES as u16)));
}

#[test]
fn a_thread_that_fails_tells_that_its_ports_are_lost_and_goes_on() {
    let mut threads = Threads::start(53_000);
    let (a, b) = (phone("127.0.0.1:0"), phone("127.0.0.1:0"));
    let addresses = [a.local_addr().unwrap(), b.local_addr().unwrap()];
    let port = PortId(4);
    threads.relay(port, addresses);
    // No port is asked for twice: in a test that is a panic of the worker.
    threads.sender.command(Command::OpenRelay { port });
    let Report::Closed { port: lost, .. } = threads.report() else { panic!("not lost") };
    assert_eq!(lost, port);
    // The same thread, as its number says.
    let next = PortId(8);
    let [to_a, to_b] = threads.relay(next, addresses);
    let mut buffer = [0; 64];
    let mut sequence = 0;
    let (_, source) = until(|| {
        sequence += 1;
        a.send_to(&packet(sequence), to_a).unwrap();
        b.recv_from(&mut buffer).ok()
    });
    assert_eq!(source, to_b);
    threads.close(next);
    assert_eq!(threads.figures[0].failures.get(), 1);
}

/// A bell that is heard takes the commands along that came while others were done: nothing rings for them again.
#[test]
fn a_command_that_comes_while_others_are_done_does_not_wait_for_the_next() {
    let (mut threads, mut loops) = Threads::made(55_000, 2);
    let mut thread = loops.remove(0);
    let now = thread.now();
    threads.sender.command(Command::OpenRelay { port: PortId(4) });
    thread.wait().unwrap();
    assert!(matches!(thread.commands(now), Ok(1)));
    threads.sender.command(Command::OpenRelay { port: PortId(8) });
    assert!(matches!(thread.packets(now), Ok(1)));
    let told = std::iter::from_fn(|| threads.mailbox.take()).count();
    assert_eq!(told, 2, "both are open");
}

#[test]
fn a_port_at_whose_opening_a_thread_fails_is_told_lost() {
    let mut threads = Threads::start(56_000);
    for open in [
        Command::OpenRelay { port: FAILS },
        Command::OpenEndpoint { port: FAILS, service: strowger_base::leg::Service::Echo },
    ] {
        threads.sender.command(open);
        let Report::Closed { port, .. } = threads.report() else { panic!("not lost") };
        assert_eq!(port, FAILS);
        threads.sender.heard(&Report::Closed { port, statistics: Box::default() });
    }
    // Nothing is left of it: the next failure of that thread tells nothing more.
    threads.sender.command(press(FAILS));
    until(|| (threads.figures[0].failures.get() == 3).then_some(()));
    threads.relay(PortId(4), [phone("127.0.0.1:0"), phone("127.0.0.1:0")].map(|it| it.local_addr().unwrap()));
}

mod hanging;
