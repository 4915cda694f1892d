//! Keys: relays between suites, services that speak SRTP, and who has no key.

use strowger_base::Secret;
use strowger_base::leg::Service;

use super::world::{World, connect};
use super::{PCMU, call};
use crate::control::{Command, PortId, PortKeys, RelayPeer, Report, Side};
use crate::srtp::{KeySource, SrtpKeys, Suite};

const PORT: PortId = PortId(2);

/// The keys of a stream as we and as the phone have them.
fn keys(source: &mut KeySource, suite: Suite) -> (SrtpKeys, SrtpKeys) {
    let ours = SrtpKeys { send: source.next_key(suite), receive: source.next_key(suite) };
    let theirs = SrtpKeys { send: ours.receive.clone(), receive: ours.send.clone() };
    (ours, theirs)
}

/// Two phones and a relay between them, each side with keys of this suite, or none.
fn relayed(suites: [Option<Suite>; 2]) -> World {
    let mut source = KeySource::new(Secret::new([3; 32]));
    let mut world = World::new(1);
    world.phone("192.0.2.5:6000", 8);
    world.phone("192.0.2.6:6000", 8);
    world.command(Command::OpenRelay { port: PORT });
    let Some((_, Report::Opened { a, b: Some(b), .. })) = world.reports.pop() else { panic!("not open") };
    let mut protect = |index: usize, world: &mut World| {
        let (ours, theirs) = keys(&mut source, suites[index]?);
        world.phones[index].protection.change(Some(&theirs));
        Some(ours)
    };
    let keys = PortKeys { a: protect(0, &mut world), b: protect(1, &mut world) };
    world.command(Command::Protect { port: PORT, keys: Box::new(keys) });
    for (index, (side, at)) in [(Side::A, a), (Side::B, b)].into_iter().enumerate() {
        world.phones[index].remote = Some(at);
        let remote = world.phones[index].address;
        world.command(Command::Direct { port: PORT, side, peer: RelayPeer::new(remote) });
    }
    world
}

#[test]
fn every_suite_meets_every_other_and_none() {
    let suites = || Suite::ALL.into_iter().map(Some).chain([None]);
    for both in suites().flat_map(|a| suites().map(move |b| [a, b])) {
        let mut world = relayed(both);
        world.run(1000);
        let [a, b] = &world.phones[..] else { panic!("two phones") };
        for (talker, listener) in [(a, b), (b, a)] {
            assert!(listener.heard.len() >= 48, "{both:?}: {}", listener.heard.len());
            assert_eq!(listener.refused, 0, "{both:?}");
            for (_, header, payload) in &listener.heard {
                assert!(talker.sent.contains(&(header.sequence, payload.clone())), "{both:?}");
            }
        }
    }
}

#[test]
fn keys_that_only_the_phones_know_pass_untouched() {
    let mut world = relayed([None, None]);
    let (one, other) = keys(&mut KeySource::new(Secret::new([5; 32])), Suite::AeadAes256Gcm);
    world.phones[0].protection.change(Some(&one));
    world.phones[1].protection.change(Some(&other));
    world.run(1000);
    assert!(world.phones.iter().all(|phone| phone.heard.len() >= 48 && phone.refused == 0));
}

#[test]
fn who_has_no_key_is_not_heard_and_moves_no_stream() {
    let mut world = relayed([Some(Suite::AesCm128HmacSha1_80), None]);
    world.run(1000);
    // The same source from elsewhere after silence: without keys that is a NAT that lost its binding.
    let at = world.phones[0].remote.take().unwrap();
    world.run(5000);
    world.phones[1].forget();
    let ssrc = world.phones[0].sender.ssrc();
    for sequence in 0..50u16 {
        let mut bytes = Vec::new();
        crate::rtp::Header { marker: false, payload_type: 8, sequence, timestamp: 0, ssrc }.write(&mut bytes);
        bytes.resize(182, 0x55);
        world.fly("203.0.113.66:1".parse().unwrap(), at, bytes);
    }
    world.run(1000);
    assert_eq!(world.phones[1].heard.len(), 0);
    let sent = world.phones[0].heard.len();
    assert!(sent >= 340, "the phone is still sent to where it is: {sent}");
    world.command(Command::Close { port: PORT });
    assert_eq!(world.closed(PORT).a.foreign, 50);
}

#[test]
fn the_echo_speaks_every_suite() {
    for suite in Suite::ALL {
        let mut world = call(1, Service::Echo, PCMU);
        let (ours, theirs) = keys(&mut KeySource::new(Secret::new([3; 32])), suite);
        world.phones[0].protection.change(Some(&theirs));
        let port = super::PORT;
        let protect = |keys| Command::Protect { port, keys: Box::new(PortKeys { a: keys, b: None }) };
        world.command(protect(Some(ours.clone())));
        world.run(2000);
        let phone = &world.phones[0];
        assert!(world.phones[0].echoes().len() >= 80, "{suite}: {}", world.phones[0].echoes().len());
        // The packets of the beep that left before there were keys.
        assert!(phone.refused <= 1, "{suite}: {}", phone.refused);
        // The same keys again, as hold and resume say them, change nothing.
        world.command(protect(Some(ours)));
        world.command(connect(port, world.phones[0].address, PCMU));
        let before = world.phones[0].refused;
        world.run(1000);
        assert_eq!(world.phones[0].refused, before, "{suite}");
        // RTP is nothing that it takes now.
        world.phones[0].protection.change(None);
        world.phones[0].forget();
        world.run(1000);
        assert_eq!(world.phones[0].echoes().len(), 0, "{suite}");
    }
}

#[test]
fn who_begins_anew_with_the_same_source_is_heard_by_who_has_keys() {
    for suite in Suite::ALL {
        let mut world = relayed([None, Some(suite)]);
        let begun = world.phones[0].sender.clone();
        world.run(10_000);
        let mut names = vec![begun.ssrc()];
        for _ in 0..3 {
            world.phones[0].sender = begun.clone();
            world.phones[1].forget();
            world.run(1000);
            let phone = &world.phones[1];
            // The first packet only shows that it began anew.
            assert!(phone.heard.len() >= 46, "{suite}: {}", phone.heard.len());
            assert_eq!(phone.refused, 0, "{suite}");
            let name = phone.heard.last().unwrap().1.ssrc;
            assert!(!names.contains(&name), "{suite}: {name:x} was heard before");
            names.push(name);
            for (_, header, payload) in &phone.heard {
                assert!(world.phones[0].sent.contains(&(header.sequence, payload.clone())), "{suite}");
            }
            world.run(9000);
        }
        // What it hears of how that arrived is about the source that it has.
        let (from, to) = (world.phones[1].address, world.phones[1].remote.unwrap());
        let mut report = vec![0x81, 201, 0, 7, 1, 2, 3, 4];
        report.extend(names.last().unwrap().to_be_bytes());
        report.resize(32, 0);
        world.phones[1].protection.seal(&mut report, 0).unwrap();
        world.fly(from, to, report);
        world.run(100);
        let reported = world.phones[0].blocks.last().map(|block| block.ssrc);
        assert_eq!(reported, Some(begun.ssrc()), "{suite}");
    }
}
