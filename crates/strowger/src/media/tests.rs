//! Media threads with sockets of this machine.

use std::net::{IpAddr, SocketAddr, UdpSocket};

use strowger_media::control::{RelayPeer, Side};
use strowger_media::statistics::PortStatistics;

use super::*;
use crate::mailbox::{Mailbox, mailbox};

/// Two threads, and what they tell.
struct Threads {
    sender: MediaSender,
    mailbox: Mailbox,
    watch: Watch,
    _machine: watch::Sender<Machine>,
    _library: watch::Sender<Arc<Library>>,
}

impl Threads {
    fn start(first: u16) -> Threads {
        let (made, loops) = Threads::made(first);
        for thread in loops {
            std::thread::spawn(move || thread.run());
        }
        made
    }

    /// The same before they run.
    fn made(first: u16) -> (Threads, Vec<MediaThread>) {
        let (decision, mailbox) = mailbox().unwrap();
        let (machine, of_machine) = watch::channel(Machine {
            media_bind: IpAddr::from([127, 0, 0, 1]),
            media_address: None,
            media_ports: (first, first + 999),
            media_quarantine: Duration::ZERO,
            http: SocketAddr::from(([127, 0, 0, 1], 0)),
            http_tls: false,
            drain_max: Duration::ZERO,
            journal_limit_bytes: 0,
        });
        let (library, of_library) = watch::channel(Arc::default());
        let parts = Parts {
            machine: of_machine,
            library: of_library,
            sockets_max: 100,
            decision,
            started: Clock::now(),
        };
        let (sender, loops, watch) = threads(2, Rng::new(1), &parts).unwrap();
        (Threads { sender, mailbox, watch, _machine: machine, _library: library }, loops)
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
    let figures = &counters::MEDIA[1].traffic.dropped_out;
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
    assert_eq!(counters::MEDIA[0].failures.get(), 1);
}

/// A bell that is heard takes the commands along that came while others were done: nothing rings for them again.
#[test]
fn a_command_that_comes_while_others_are_done_does_not_wait_for_the_next() {
    let (mut threads, mut loops) = Threads::made(55_000);
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

/// Whoever is told to press a key of this port hangs until the other end of the lock is let go.
const HANGS: PortId = PortId(0x7000_0000_0000_0002);
static LATCH: std::sync::Mutex<()> = std::sync::Mutex::new(());

/// A hang that a test wants.
pub(super) fn hangs_at(command: &Command) {
    if matches!(command, Command::Press { port: HANGS, .. }) {
        drop(LATCH.lock());
    }
}

#[test]
fn a_thread_that_hangs_is_replaced_and_ends_when_it_wakes() {
    use strowger_base::leg::Digit;

    let mut threads = Threads::start(54_000);
    let (a, b) = (phone("127.0.0.1:0"), phone("127.0.0.1:0"));
    let addresses = [a.local_addr().unwrap(), b.local_addr().unwrap()];
    // Both on the thread that will hang, and one on the other.
    let (port, other, next) = (PortId(2), PortId(4), PortId(6));
    threads.relay(port, addresses);
    threads.relay(other, addresses);
    assert!(threads.watch.look().is_empty(), "threads that wait do not hang");
    let latch = LATCH.lock().unwrap();
    let digit = Digit { key: '1', duration_ms: 100 };
    threads.sender.command(Command::Press { port: HANGS, side: Side::A, digit });
    // What it is asked for meanwhile is lost as well.
    threads.sender.command(Command::OpenRelay { port: next });
    let former = threads.watch.progress_of(1);
    until(|| former.does_command().then_some(()));
    // The other one has nothing to do any more.
    threads.close(other);
    let idle = threads.watch.progress_of(0);
    until(|| idle.waits().then_some(()));
    let looks: Vec<usize> = (0..6).flat_map(|_| threads.watch.look()).collect();
    assert_eq!(looks, [1], "once, the thread that hangs");
    for expected in [port, next] {
        let Report::Closed { port: lost, .. } = threads.report() else { panic!("not lost") };
        threads.sender.heard(&Report::Closed { port: lost, statistics: Box::default() });
        assert_eq!(lost, expected);
    }
    // The one that took its place serves.
    let port = PortId(10);
    let [to_a, to_b] = threads.relay(port, addresses);
    let mut buffer = [0; 64];
    let mut sequence = 0;
    let (_, source) = until(|| {
        sequence += 1;
        a.send_to(&packet(sequence), to_a).unwrap();
        b.recv_from(&mut buffer).ok()
    });
    assert_eq!(source, to_b);
    assert_eq!(counters::MEDIA[1].hangs.get(), 1);
    drop(latch);
    // It wakes, says nothing of what it opened meanwhile, and ends: nobody else holds what it tells by.
    until(|| (Arc::strong_count(&former) == 1).then_some(()));
    threads.close(port);
    assert!(threads.watch.look().is_empty());
}
