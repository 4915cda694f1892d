//! Phones and networks that do not behave, through a relay: the call goes on, and the statistics say what was wrong.

use std::net::SocketAddr;
use std::time::Duration;

use super::relay::{PORT, hang_up, relayed};
use super::world::{Faults, next_port};
use crate::control::Side;
use crate::rtcp::SenderInfo;
use crate::rtp::{Header, ReportBlock};
use crate::worker::{Channel, Input, SocketRef};

#[test]
fn five_percent_loss_and_reordering_pass_through_and_are_told() {
    let mut world = relayed(11);
    world.phones[1].payload_type = 0;
    world.run(500);
    let before: Vec<u64> = world.phones.iter().map(|phone| phone.heard.len() as u64).collect();
    world.faults = Faults {
        delay: Duration::from_millis(20),
        spread: Duration::from_millis(45),
        lost_one_in: 20,
        doubled_one_in: 0,
    };
    world.run(60_000);
    world.faults = Faults::NONE;
    world.run(500);
    // The way goes through the bad network twice: of 3,000 packets each way about nine in ten arrive.
    for (phone, before) in world.phones.iter().zip(before) {
        let heard = phone.heard.len() as u64 - before;
        assert!((2_550..2_850).contains(&heard), "{heard}");
    }
    let statistics = hang_up(&mut world);
    for side in [statistics.a, statistics.b.unwrap()] {
        assert!((100..200).contains(&side.lost), "{side:?}");
        assert!(side.reordered > 300 && side.gaps > 80 && side.longest_gap < 8, "{side:?}");
        assert_eq!((side.malformed, side.foreign), (0, 0));
        // Five of a hundred: 3.92 by G.107, less what came too late.
        let score = side.opinion_score.unwrap();
        assert!((370..=410).contains(&score), "{side:?}");
    }
}

#[test]
fn a_clean_call_has_the_best_score() {
    let mut world = relayed(12);
    world.run(10_000);
    let statistics = hang_up(&mut world);
    assert_eq!((statistics.a.opinion_score, statistics.a.payload_type), (Some(441), Some(8)));
    // Of a dynamic payload type nobody has told what it is.
    assert_eq!(statistics.b.unwrap().opinion_score, None);
}

#[test]
fn payload_types_that_nobody_agreed_pass_through_a_relay() {
    let mut world = relayed(13);
    world.run(1000);
    world.phones[0].payload_type = 99;
    world.run(1000);
    let types: Vec<u8> = world.phones[1].heard.iter().map(|(_, header, _)| header.payload_type).collect();
    assert!(
        types.iter().filter(|it| **it == 8).count() > 45 && types.iter().filter(|it| **it == 99).count() > 45
    );
    let statistics = hang_up(&mut world);
    assert_eq!((statistics.a.lost, statistics.a.malformed), (0, 0));
}

#[test]
fn another_source_is_the_same_phone_and_nothing_is_lost() {
    let mut world = relayed(14);
    world.run(1000);
    for _ in 0..5 {
        world.phones[0].change_source();
        world.run(1000);
    }
    let sources: std::collections::BTreeSet<u32> =
        world.phones[1].heard.iter().map(|(_, header, _)| header.ssrc).collect();
    assert_eq!(sources.len(), 6);
    let (sent, heard) = (world.phones[0].sent.len(), world.phones[1].heard.len());
    let statistics = hang_up(&mut world);
    assert!(sent - heard <= 2, "{sent} {heard}");
    assert_eq!((statistics.a.lost, statistics.a.foreign, statistics.a.opinion_score), (0, 0, Some(441)));
}

#[test]
fn after_silence_the_phone_is_heard_again_also_from_behind_another_door() {
    let mut world = relayed(15);
    world.run(1000);
    let to = world.phones[0].remote.take().unwrap();
    world.run(60_000);
    world.phones[0].remote = Some(to);
    let before = world.phones[1].heard.len();
    world.run(1000);
    assert!(world.phones[1].heard.len() > before + 45);
    // Its translator has forgotten it meanwhile and gives it another port.
    world.phones[0].remote = None;
    world.run(60_000);
    world.phones[0].address = "192.0.2.5:6666".parse().unwrap();
    world.phones[0].remote = Some(to);
    let (before, heard) = (world.phones[1].heard.len(), world.phones[0].heard.len());
    world.run(1000);
    assert!(world.phones[1].heard.len() > before + 45, "it is heard");
    assert!(world.phones[0].heard.len() > heard + 45, "and hears");
    let statistics = hang_up(&mut world);
    assert_eq!((statistics.a.lost, statistics.a.foreign), (0, 0));
}

#[test]
fn the_round_trip_is_measured_from_reports_that_pass() {
    let mut world = relayed(16);
    world.faults = Faults { delay: Duration::from_millis(40), ..Faults::NONE };
    world.run(1000);
    let report = |world: &super::world::World, index: usize| {
        let phone = &world.phones[index];
        (next_port(phone.address), next_port(phone.remote.unwrap()), phone.sender.ssrc())
    };
    let (a, b) = (report(&world, 0), report(&world, 1));
    let fly =
        |world: &mut super::world::World, (from, to, ssrc): (SocketAddr, SocketAddr, u32), info, block| {
            let mut bytes = Vec::new();
            crate::rtcp::write_report(&mut bytes, ssrc, info, block, b"phone");
            world.fly(from, to, bytes);
            world.run(100);
        };
    // B is heard once, so that reports find a way to it; then it answers the report of A 500 ms after it came.
    fly(&mut world, b, None, None);
    let info = SenderInfo { ntp: 7 << 16, ..SenderInfo::default() };
    fly(&mut world, a, Some(&info), None);
    world.run(480);
    let block =
        ReportBlock { ssrc: a.2, last_sender_report: 7, delay_since: 1 << 15, ..ReportBlock::default() };
    fly(&mut world, b, None, Some(&block));
    // A block about a report that never passed tells nothing.
    let stray = ReportBlock { ssrc: b.2, last_sender_report: 9, ..ReportBlock::default() };
    fly(&mut world, a, None, Some(&stray));
    let statistics = hang_up(&mut world);
    assert_eq!(statistics.a.round_trip, None);
    assert_eq!(statistics.b.unwrap().round_trip, Some(Duration::from_millis(80)));
}

#[test]
fn packets_that_cannot_be_sent_are_counted_with_the_reason_and_the_call_goes_on() {
    let mut world = relayed(18);
    world.run(1000);
    for error in [11, 101] {
        let socket = SocketRef { port: PORT, side: Side::B, channel: Channel::Rtp };
        world.give(Input::Unsent { socket, error });
    }
    let before = world.phones[1].heard.len();
    world.run(1000);
    assert!(world.phones[1].heard.len() > before + 45);
    let statistics = hang_up(&mut world);
    let b = statistics.b.unwrap();
    assert_eq!((statistics.a.unsent, b.unsent, b.unsent_error), (0, 2, Some(101)));
}

#[test]
fn what_is_no_rtp_is_counted_and_goes_nowhere() {
    let mut world = relayed(17);
    world.run(1000);
    let (from, to) = (world.phones[0].address, world.phones[0].remote.unwrap());
    let (sent, received) = (world.sent, world.received);
    for bytes in [vec![], vec![0x80; 11], vec![0; 100], vec![0xc0; 100]] {
        world.fly(from, to, bytes);
    }
    // A stranger's is foreign, however good it looks.
    let mut bytes = Vec::new();
    Header { marker: false, payload_type: 8, sequence: 1, timestamp: 1, ssrc: 1 }.write(&mut bytes);
    world.fly("203.0.113.77:7".parse().unwrap(), to, bytes);
    world.phones.iter_mut().for_each(|phone| phone.remote = None);
    world.run(10);
    let flying = world.received - received - 5;
    assert_eq!(world.sent - sent, flying, "what the phones had under way");
    let statistics = hang_up(&mut world);
    assert_eq!((statistics.a.malformed, statistics.a.foreign), (4, 1));
}
