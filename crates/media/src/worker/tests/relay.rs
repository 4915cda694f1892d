//! Relays between two phones, and the life of ports.

use std::net::SocketAddr;
use std::time::Duration;

use strowger_base::leg::Service;
use strowger_base::{Instant, Now, Rng};

use super::world::{Faults, World, next_port};
use crate::control::{Command, PortId, RelayPeer, Report, Side};
use crate::rtp::ReportBlock;
use crate::statistics::PortStatistics;
use crate::worker::{Input, Outbox, Output, Worker};

pub(super) const PORT: PortId = PortId(2);

/// Two phones; B is behind NAT, so that its description names an address that nobody reaches.
pub(super) fn relayed(seed: u64) -> World {
    let mut world = World::new(seed);
    world.phone("192.0.2.5:6000", 8);
    world.phone("203.0.113.9:50123", 111);
    world.command(Command::OpenRelay { port: PORT });
    let Some((_, Report::Opened { port: PORT, a, b: Some(b) })) = world.reports.pop() else {
        panic!("not open")
    };
    world.phones[0].remote = Some(a);
    world.phones[1].remote = Some(b);
    let described = world.phones[0].address;
    world.command(Command::Direct { port: PORT, side: Side::A, peer: RelayPeer::new(described) });
    let private = "10.0.0.9:5004".parse().unwrap();
    world.command(Command::Direct { port: PORT, side: Side::B, peer: RelayPeer::new(private) });
    world
}

pub(super) fn hang_up(world: &mut World) -> PortStatistics {
    world.command(Command::Close { port: PORT });
    world.phones.iter_mut().for_each(|phone| phone.remote = None);
    world.run(1000);
    world.assert_idle();
    world.closed(PORT)
}

#[test]
fn both_phones_hear_each_other_unchanged() {
    let mut world = relayed(1);
    world.run(2000);
    let [a, b] = &world.phones[..] else { panic!("two phones") };
    for (talker, listener) in [(a, b), (b, a)] {
        assert!(listener.heard.len() >= 98, "{}", listener.heard.len());
        for (_, header, payload) in &listener.heard {
            assert!(talker.sent.contains(&(header.sequence, payload.clone())));
            assert_eq!((header.ssrc, header.payload_type), (talker.sender.ssrc(), talker.payload_type));
        }
    }
    let statistics = hang_up(&mut world);
    let (a, b) = (statistics.a, statistics.b.unwrap());
    assert_eq!((a.lost, a.malformed, a.foreign, b.lost, b.malformed, b.foreign), (0, 0, 0, 0, 0, 0));
    assert_eq!((a.packets, a.bytes), (b.sent, b.sent_bytes));
    assert_eq!((b.packets, b.bytes), (a.sent, a.sent_bytes));
    assert_eq!(b.peer, Some("203.0.113.9:50123".parse().unwrap()));
}

#[test]
fn nothing_leaves_before_a_side_is_known_and_never_more_than_came() {
    for seed in 0..50 {
        let mut world = World::new(seed);
        let mut rng = Rng::new(seed);
        world.command(Command::OpenRelay { port: PORT });
        let Some((_, Report::Opened { a, b: Some(b), .. })) = world.reports.pop() else { panic!("not open") };
        world.faults = Faults { lost_one_in: 10, doubled_one_in: 10, ..Faults::NONE };
        for _ in 0..300 {
            let from = SocketAddr::new([192, 0, 2, rng.below(4) as u8].into(), 6000 + rng.below(3) as u16);
            let to = [a, b, next_port(a), next_port(b)][rng.below(4) as usize];
            let mut bytes = vec![0x80; 12 + rng.below(40) as usize];
            bytes[1] = rng.next_u64() as u8;
            world.fly(from, to, bytes);
            if rng.one_in(40) {
                let side = if rng.one_in(2) { Side::A } else { Side::B };
                world.command(Command::Direct { port: PORT, side, peer: RelayPeer::new(from) });
            }
            world.run(rng.below(30));
            assert!(world.sent <= world.received, "seed {seed}");
        }
        assert!(world.sent > 0, "seed {seed} tried nothing");
    }
    // Only one side has ever been heard, and the other was never described.
    let mut world = World::new(1);
    world.command(Command::OpenRelay { port: PORT });
    let Some((_, Report::Opened { a, .. })) = world.reports.pop() else { panic!("not open") };
    world.phone("192.0.2.5:6000", 0);
    world.phones[0].remote = Some(a);
    world.run(1000);
    assert_eq!((world.sent, world.received), (0, 50));
}

#[test]
fn a_bad_line_is_counted_on_its_own_side() {
    let mut world = relayed(3);
    world.run(500);
    world.faults = Faults {
        delay: Duration::from_millis(20),
        spread: Duration::from_millis(45),
        lost_one_in: 10,
        doubled_one_in: 0,
    };
    world.run(20_000);
    world.faults = Faults::NONE;
    world.run(500);
    let sent: Vec<u64> = world.phones.iter().map(|phone| phone.sent.len() as u64).collect();
    let heard: Vec<u64> = world.phones.iter().map(|phone| phone.heard.len() as u64).collect();
    let statistics = hang_up(&mut world);
    let (a, b) = (statistics.a, statistics.b.unwrap());
    for (side, sent) in [(a, sent[0]), (b, sent[1])] {
        // The last packet may still be flying.
        assert!((sent - 1..=sent).contains(&(side.packets + side.lost)), "{side:?}");
        assert!((60..150).contains(&side.lost), "{side:?}");
        assert!(side.reordered > 50, "{side:?}");
    }
    assert!(heard[0] < a.sent && heard[1] < b.sent);
    // Of dynamic payload types the clock is not known.
    assert!(a.jitter > 40 && b.jitter == 0);
}

#[test]
fn rtcp_passes_and_tells_of_loss_at_the_far_end() {
    let mut world = relayed(4);
    world.run(500);
    let control = |index: usize| {
        let phone = &world.phones[index];
        (next_port(phone.address), next_port(phone.remote.unwrap()), phone.sender.ssrc())
    };
    let (a, b) = (control(0), control(1));
    for ((from, to, ours), theirs, lost) in [(a, b.2, 5), (b, a.2, 9), (a, b.2, 6)] {
        let block = ReportBlock { ssrc: theirs, cumulative_lost: lost, ..ReportBlock::default() };
        let mut bytes = Vec::new();
        crate::rtcp::write_report(&mut bytes, ours, None, Some(&block), b"phone");
        world.fly(from, to, bytes);
        world.run(50);
    }
    // The first report found no way: B's control port is behind NAT and had not been heard yet.
    let lost = |index: usize| -> Vec<i32> {
        world.phones[index].blocks.iter().map(|block| block.cumulative_lost).collect()
    };
    assert_eq!((lost(0), lost(1)), (vec![9], vec![6]));
    let statistics = hang_up(&mut world);
    assert_eq!((statistics.a.remote_lost, statistics.b.unwrap().remote_lost), (Some(6), Some(9)));
}

#[test]
fn rtcp_goes_where_a_side_says_that_it_has_it() {
    let mut world = relayed(6);
    // Its port 61000 is where the second phone has its RTCP.
    world.phone("203.0.113.9:60999", 0);
    let rtcp = next_port(world.phones[2].address);
    let peer = RelayPeer { rtcp, ..RelayPeer::new(world.phones[1].address) };
    world.command(Command::Direct { port: PORT, side: Side::B, peer });
    world.run(500);
    let phone = &world.phones[0];
    let (from, to) = (next_port(phone.address), next_port(phone.remote.unwrap()));
    let mut bytes = Vec::new();
    let block = ReportBlock { cumulative_lost: 5, ..ReportBlock::default() };
    crate::rtcp::write_report(&mut bytes, phone.sender.ssrc(), None, Some(&block), b"phone");
    world.fly(from, to, bytes);
    world.run(50);
    assert_eq!((world.phones[1].blocks.len(), world.phones[2].blocks.len()), (0, 1));
}

#[test]
fn hold_in_the_old_style_stops_one_way() {
    let mut world = relayed(5);
    world.run(500);
    world.command(Command::Direct {
        port: PORT,
        side: Side::A,
        peer: RelayPeer::new("0.0.0.0:6000".parse().unwrap()),
    });
    world.run(20);
    let before: Vec<_> = world.phones.iter().map(|phone| phone.heard.len()).collect();
    world.run(1000);
    assert_eq!(world.phones[0].heard.len(), before[0]);
    assert!(world.phones[1].heard.len() > before[1] + 45);
}

/// Video counts 90,000 timestamps a second: what audio's clock says of it is wrong.
#[test]
fn video_is_not_measured_with_the_clock_of_audio() {
    let mut world = relayed(5);
    (world.phones[0].payload_type, world.phones[1].payload_type) = (34, 97);
    world.faults = Faults { spread: Duration::from_millis(15), ..Faults::NONE };
    world.run(1000);
    world.faults = Faults::NONE;
    let statistics = hang_up(&mut world);
    for side in [statistics.a, statistics.b.unwrap()] {
        assert!(side.packets > 40 && side.sent > 40, "{side:?}");
        assert_eq!((side.jitter, side.opinion_score), (0, None));
    }
}

#[test]
fn what_is_said_while_a_relay_is_suspended_is_neither_heard_nor_lost() {
    let mut world = relayed(8);
    world.run(1000);
    world.command(Command::Suspend { port: PORT, suspended: true });
    let heard: Vec<_> = world.phones.iter().map(|phone| phone.heard.len()).collect();
    // A hears music elsewhere and sends there; B goes on here, though it knows that nobody listens.
    let relay = world.phones[0].remote.replace("198.51.100.99:7000".parse().unwrap());
    world.run(4000);
    for (phone, before) in world.phones.iter().zip(&heard) {
        // What flew when the relay was suspended still comes.
        assert!(phone.heard.len() <= before + 2, "{} after {before}", phone.heard.len());
    }
    world.command(Command::Suspend { port: PORT, suspended: false });
    world.phones[0].remote = relay;
    world.run(1000);
    assert!(world.phones.iter().zip(&heard).all(|(phone, before)| phone.heard.len() > before + 45));
    let statistics = hang_up(&mut world);
    let (a, b) = (statistics.a, statistics.b.unwrap());
    assert_eq!((a.lost, a.gaps, a.longest_gap, b.lost, b.gaps, b.longest_gap), (0, 0, 0, 0, 0, 0));
    assert!((98..=102).contains(&a.packets) && (98..=102).contains(&b.packets), "{a:?} {b:?}");
    assert_eq!(a.opinion_score, Some(441));
}

#[test]
fn every_open_and_close_is_answered_once_whatever_crosses() {
    let a: SocketAddr = "198.51.100.7:40000".parse().unwrap();
    let input = |name: &str| match name {
        "open" => Input::Command(Command::OpenEndpoint { port: PORT, service: Service::Echo }),
        "relay" => Input::Command(Command::OpenRelay { port: PORT }),
        "close" => Input::Command(Command::Close { port: PORT }),
        "opened" => Input::Opened { port: PORT, a, b: None },
        "failed" => Input::OpenFailed { port: PORT, reason: "port in use".into() },
        other => panic!("no input {other}"),
    };
    let name = |output: Output| match output {
        Output::OpenSockets { pairs, .. } => format!("open {pairs}"),
        Output::CloseSockets { .. } => "close".into(),
        Output::Send { .. } => "send".into(),
        Output::Report(Report::Opened { .. }) => "Opened".into(),
        Output::Report(Report::Failed { reason, .. }) => format!("Failed ({reason})"),
        Output::Report(Report::Closed { .. }) => "Closed".into(),
        Output::Report(
            Report::Digit { .. } | Report::Talking { .. } | Report::Finished { .. } | Report::Silent { .. },
        ) => "other".into(),
    };
    let check = |inputs: &str, expect: &str| {
        let mut worker = Worker::new(Rng::new(1));
        let mut out = Outbox::default();
        for word in inputs.split(' ') {
            worker.handle(Now::default(), input(word), &mut out);
        }
        let later = Now { mono: Instant::from_nanos(10_000_000_000), ..Now::default() };
        worker.handle(later, Input::Timeout, &mut out);
        let words: Vec<String> = out.items.drain(..).map(name).collect();
        assert_eq!(words.join(", "), expect, "{inputs}");
        assert_eq!((worker.ports(), worker.next_timeout()), (0, None), "{inputs}");
    };
    check("open opened close", "open 1, Opened, Closed, close");
    check("relay opened close", "open 2, Opened, Closed, close");
    check("open close opened", "open 1, close, Closed");
    check("open close failed", "open 1, Closed");
    check("open failed close", "open 1, Failed (port in use), Closed");
    check("close", "Closed");
}
