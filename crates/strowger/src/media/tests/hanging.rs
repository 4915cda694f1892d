//! Threads that hang.

use std::sync::atomic::{AtomicU64, Ordering};

use strowger_base::leg::Digit;

use super::*;

/// Which latches hold.
pub(super) static HANGING: AtomicU64 = AtomicU64::new(0);
/// Whoever does something with this port fails.
pub(super) const FAILS: PortId = PortId(0x7100_0000_0000_0000);
const HANGS: u64 = 0x7000_0000_0000_0000;

/// Whoever is told to press a key of this port hangs until the latch is let go: each test has latches of its own.
pub(super) fn hanging(latch: u64, thread: u64) -> PortId {
    PortId(HANGS | latch << 32 | thread << 1)
}

pub(super) fn let_go(latch: u64) {
    HANGING.fetch_and(!(1 << latch), Ordering::SeqCst);
}

pub(super) fn press(port: PortId) -> Command {
    Command::Press { port, side: Side::A, digit: Digit { key: '1', duration_ms: 100 } }
}

/// A hang or a failure that a test wants.
pub(in crate::media) fn stumbles_at(command: &Command) {
    let port = command.port();
    assert!(port != FAILS, "as a test wants it");
    if port.0 & HANGS == HANGS && matches!(command, Command::Press { .. }) {
        while HANGING.load(Ordering::SeqCst) & 1 << (port.0 >> 32 & 63) != 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

fn fails_to_begin(_: usize, _: usize, _: Rng, _: Parts) -> std::io::Result<lane::Queue> {
    Err(std::io::Error::other("as a test wants it"))
}

#[test]
fn a_thread_that_hangs_is_replaced_and_ends_when_it_wakes() {
    let mut threads = Threads::start(54_000);
    let (a, b) = (phone("127.0.0.1:0"), phone("127.0.0.1:0"));
    let addresses = [a.local_addr().unwrap(), b.local_addr().unwrap()];
    // Both on the thread that will hang, and one on the other.
    let (port, other, next) = (PortId(2), PortId(4), PortId(6));
    threads.relay(port, addresses);
    threads.relay(other, addresses);
    assert!(threads.watch.look().is_empty(), "threads that wait do not hang");
    let former = threads.hang(0, 1);
    // What it is asked for meanwhile is lost as well.
    threads.sender.command(Command::OpenRelay { port: next });
    // The other one has nothing to do any more.
    threads.close(other);
    let idle = threads.watch.progress_of(0);
    until(|| idle.waits().then_some(()));
    assert_eq!(threads.look(), [1], "once, the thread that hangs");
    assert_eq!(threads.lost(), [port, next]);
    assert_eq!(threads.commands.waiting(), 0, "what it has left is not waited for");
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
    let figures = &threads.figures[1];
    assert_eq!((figures.hangs.get(), figures.hangs_now.get(), figures.sockets.get()), (1, 0, 4));
    let_go(0);
    // It wakes, says nothing of what it opened meanwhile, and ends: nobody else holds what it tells by.
    until(|| (Arc::strong_count(&former) == 1).then_some(()));
    assert_eq!((figures.sockets.get(), threads.commands.waiting()), (4, 0), "those of the successor");
    threads.close(port);
    assert!(threads.watch.look().is_empty());
    assert!(threads.lost().is_empty());
}

/// The decision thread may be waiting for a thread that hangs, and nobody reads what it is told.
#[test]
fn threads_that_hang_at_once_are_replaced_though_nobody_listens() {
    let mut threads = Threads::start(57_000);
    let (a, b) = (phone("127.0.0.1:0"), phone("127.0.0.1:0"));
    let addresses = [a.local_addr().unwrap(), b.local_addr().unwrap()];
    for port in [PortId(2), PortId(4)] {
        threads.relay(port, addresses);
    }
    while threads.decision.try_send(Letter::Stop).is_ok() {}
    for (latch, thread) in [(1, 0), (2, 1)] {
        threads.hang(latch, thread);
    }
    assert_eq!(threads.look(), [0, 1]);
    assert_eq!(threads.lost(), [PortId(4), PortId(2)]);
    [1, 2].into_iter().for_each(let_go);
    while threads.mailbox.take().is_some() {}
    for port in [PortId(6), PortId(8)] {
        threads.relay(port, addresses);
    }
}

#[test]
fn a_command_that_waited_for_a_thread_that_hangs_is_done_by_its_successor() {
    let mut threads = Threads::start(58_000);
    let thread = 1;
    threads.hang(3, thread);
    // Nobody knows this port: nothing happens.
    (0..COMMANDS).for_each(|_| threads.sender.command(press(PortId(2))));
    let port = PortId(6);
    std::thread::scope(|scope| {
        let sender = &mut threads.sender;
        let waits = scope.spawn(move || sender.command(Command::OpenRelay { port }));
        assert!(!waits.is_finished(), "its queue is full");
        let watch = &mut threads.watch;
        assert_eq!((0..6).flat_map(|_| watch.look()).collect::<Vec<_>>(), [1]);
    });
    assert!(matches!(threads.report(), Report::Opened { port: opened, .. } if opened == port));
    assert!(threads.lost().is_empty(), "it is open, and not lost with the former one");
    let_go(3);
    threads.close(port);
    until(|| (threads.commands.waiting() == 0).then_some(()));
}

#[test]
fn where_no_thread_can_begin_ports_fail_at_once_until_one_can() {
    let mut threads = Threads::start_of(59_000, 1);
    let begin = threads.watch.begin;
    let port = PortId(2);
    threads.relay(port, [phone("127.0.0.1:0"), phone("127.0.0.1:0")].map(|it| it.local_addr().unwrap()));
    threads.hang(4, 0);
    threads.watch.begin = fails_to_begin;
    assert!(threads.look().is_empty());
    let figures = &threads.figures[0];
    assert_eq!((figures.hangs.get(), figures.hangs_now.get()), (1, 1));
    assert_eq!(threads.lost(), [port]);
    // More than a queue holds: nobody waits.
    for number in 2..2 + COMMANDS as u64 {
        let port = PortId(2 * number);
        threads.sender.command(Command::OpenRelay { port });
        assert!(matches!(threads.sender.loss(), Some(Report::Failed { port: failed, .. }) if failed == port));
        threads.sender.command(Command::Close { port });
        assert_eq!(threads.sender.loss(), None);
    }
    assert_eq!((threads.commands.waiting(), threads.look(), figures.hangs_now.get()), (0, vec![], 1));
    threads.watch.begin = begin;
    assert_eq!(threads.watch.look(), [0]);
    assert_eq!((figures.hangs.get(), figures.hangs_now.get()), (1, 0));
    assert!(threads.lost().is_empty());
    let addresses = [phone("127.0.0.1:0"), phone("127.0.0.1:0")].map(|it| it.local_addr().unwrap());
    threads.relay(PortId(20_000), addresses);
    let_go(4);
}

#[test]
fn a_place_in_which_too_many_hang_is_served_again_when_some_have_woken() {
    let mut threads = Threads::start_of(60_000, 1);
    let mut formers = Vec::new();
    for latch in 5..8 {
        formers.push(threads.hang(latch, 0));
        assert_eq!(threads.look(), [0]);
    }
    formers.push(threads.hang(8, 0));
    assert!(threads.look().is_empty(), "three hang already");
    let figures = &threads.figures[0];
    assert_eq!((figures.hangs.get(), figures.hangs_now.get()), (4, 1));
    threads.sender.command(Command::OpenRelay { port: PortId(2) });
    assert!(matches!(threads.sender.loss(), Some(Report::Failed { .. })));
    assert!(threads.watch.look().is_empty());
    let_go(6);
    until(|| (Arc::strong_count(&formers[1]) == 1).then_some(()));
    // A test holds what a thread tells by as long as itself.
    formers.remove(1);
    assert_eq!(threads.watch.look(), [0]);
    assert_eq!((figures.hangs.get(), figures.hangs_now.get()), (4, 0));
    let addresses = [phone("127.0.0.1:0"), phone("127.0.0.1:0")].map(|it| it.local_addr().unwrap());
    threads.relay(PortId(4), addresses);
    [5, 7, 8].into_iter().for_each(let_go);
}

/// Where one of two places is empty, ports are opened in the other one, but for those that have to be with others.
#[test]
fn the_other_threads_open_what_need_not_be_beside_others() {
    use strowger_base::leg::Service;
    use strowger_base::{ConferenceId, NodeId, ShardId};

    let mut threads = Threads::start(61_000);
    threads.hang(9, 1);
    threads.watch.begin = fails_to_begin;
    assert!(threads.look().is_empty());
    let addresses = [phone("127.0.0.1:0"), phone("127.0.0.1:0")].map(|it| it.local_addr().unwrap());
    let (relay, fork, seat) = (PortId(2), PortId(6), PortId(3));
    threads.relay(relay, addresses);
    threads.sender.command(Command::OpenFork { port: fork, of: relay });
    assert!(matches!(threads.report(), Report::Opened { port, .. } if port == fork));
    threads.close(fork);
    threads.close(relay);
    let service = Service::Conference(ConferenceId::new(NodeId(1), ShardId(0), 7));
    threads.sender.command(Command::OpenEndpoint { port: seat, service });
    assert!(matches!(threads.sender.loss(), Some(Report::Failed { port, .. }) if port == seat));
    let_go(9);
}
