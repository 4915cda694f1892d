//! Copies of what passes a relay.

use strowger_base::leg::{CallTone, Service, Tone};
use strowger_base::{Country, Secret};

use super::relay::{PORT, relayed};
use super::world::{World, next_port};
use crate::control::{Command, PayloadTypes, PortId, PortKeys, Report, RtcpWay, SentKeys, Side};
use crate::fork::CopyTo;
use crate::srtp::{KeyMaterial, KeySource, SrtpKeys, Suite};
use crate::worker::Input;

const FORK: PortId = PortId(4);
const RECORDED: Tone = Tone::National { country: Country::UnitedStates, tone: CallTone::Recording };

fn to(world: &World, phone: usize, payload_types: u128) -> Option<CopyTo> {
    let remote = world.phones[phone].address;
    Some(CopyTo { remote, rtcp: RtcpWay::Address(next_port(remote)), payload_types })
}

/// A relayed call of phones 0 and 1 that is copied to 2 and 3.
fn recorded(seed: u64, payload_types: u128) -> World {
    let mut world = relayed(seed);
    world.phone("198.51.100.9:30000", 0);
    world.phone("198.51.100.9:30002", 0);
    world.command(Command::OpenFork { port: FORK, of: PORT });
    assert!(matches!(world.reports.pop(), Some((_, Report::Opened { port: FORK, b: Some(_), .. }))));
    for (side, phone) in [(Side::A, 2), (Side::B, 3)] {
        let to = to(&world, phone, payload_types);
        world.command(Command::Copy { port: FORK, side, to });
    }
    world
}

fn end(world: &mut World) {
    world.phones.iter_mut().for_each(|phone| phone.remote = None);
    world.run(5000);
    world.assert_idle();
}

#[test]
fn a_recorder_hears_each_party_in_a_stream_of_its_own() {
    let mut world = recorded(1, u128::MAX);
    world.run(2000);
    let phones = &world.phones;
    for (talker, listener, recorder) in [(0, 1, 2), (1, 0, 3)] {
        let heard = &phones[recorder].heard;
        assert!(heard.len() >= 98, "{}", heard.len());
        for (_, header, payload) in heard {
            assert!(phones[talker].sent.contains(&(header.sequence, payload.clone())));
            assert_eq!(header.ssrc, phones[talker].sender.ssrc());
        }
        // Who talks hears nothing of it.
        assert!(phones[listener].heard.len() >= 98);
    }
    world.command(Command::Close { port: FORK });
    let copied = world.closed(FORK);
    assert_eq!(copied.a.sent, world.phones[2].heard.len() as u64);
    let (heard, talked) = (world.phones[2].heard.len(), world.phones[1].heard.len());
    world.run(200);
    assert_eq!(world.phones[2].heard.len(), heard, "a closed fork copies nothing");
    assert!(world.phones[1].heard.len() > talked, "the call goes on");
    world.command(Command::Close { port: PORT });
    end(&mut world);
}

#[test]
fn only_what_was_agreed_is_copied_and_only_while_it_is_wanted() {
    // Phone 0 sends type 8, phone 1 type 111.
    let mut world = recorded(2, 1 << 8);
    world.run(1000);
    assert!(world.phones[2].heard.len() > 45);
    assert!(world.phones[3].heard.is_empty());
    world.command(Command::Copy { port: FORK, side: Side::A, to: None });
    world.run(20);
    let heard = world.phones[2].heard.len();
    world.run(200);
    assert_eq!(world.phones[2].heard.len(), heard);
    // The relay goes first, as where a call is transferred.
    world.command(Command::Close { port: PORT });
    world.command(Command::Close { port: FORK });
    let copied = world.closed(FORK);
    assert_eq!((copied.a.sent, copied.b.unwrap().sent), (heard as u64, 0));
    assert!(copied.b.unwrap().malformed > 45, "what was not agreed is counted");
    end(&mut world);
}

#[test]
fn a_fork_whose_socket_breaks_is_closed_and_the_call_goes_on() {
    let mut world = recorded(5, u128::MAX);
    world.run(200);
    world.give(Input::Lost { port: FORK });
    assert!(world.closed(FORK).a.sent > 5, "it is told what was copied");
    let (copied, talked) = (world.phones[2].heard.len(), world.phones[1].heard.len());
    world.run(200);
    assert_eq!(world.phones[2].heard.len(), copied);
    assert!(world.phones[1].heard.len() > talked);
    world.command(Command::Close { port: PORT });
    end(&mut world);
}

#[test]
fn what_passes_encrypted_is_opened_for_the_copy_and_protected_for_the_recorder() {
    let suites = [Suite::AeadAes256Gcm, Suite::AesCm128HmacSha1_80];
    for (seed, suite) in (6..).zip(suites) {
        let mut source = KeySource::new(Secret::new([9; 32]));
        let mut next = || source.next_key(suite);
        let (a, b, own, far, unused) = (next(), next(), next(), next(), next());
        let mut world = recorded(seed, u128::MAX);
        // The phones have keys that the relay knows nothing of.
        let keys = |send: &KeyMaterial, receive: &KeyMaterial| {
            Some(SrtpKeys { send: send.clone(), receive: receive.clone() })
        };
        world.phones[0].protection.change(keys(&a, &b).as_ref());
        world.phones[1].protection.change(keys(&b, &a).as_ref());
        for (phone, key) in [(2, &own), (3, &far)] {
            world.phones[phone].protection.change(keys(&unused, key).as_ref());
        }
        let sent = SentKeys { a: Some(a.clone()), b: Some(b.clone()) };
        world.command(Command::Unseal { port: FORK, keys: Box::new(sent) });
        let protect = PortKeys { a: keys(&own, &unused), b: keys(&far, &unused) };
        world.command(Command::Protect { port: FORK, keys: Box::new(protect) });
        world.run(1000);
        for (talker, listener, recorder) in [(0, 1, 2), (1, 0, 3)] {
            let heard = &world.phones[recorder].heard;
            assert!(heard.len() >= 48 && world.phones[recorder].refused == 0, "{} heard", heard.len());
            assert!(heard.iter().all(|(_, header, payload)| {
                world.phones[talker].sent.contains(&(header.sequence, payload.clone()))
            }));
            assert!(world.phones[listener].heard.len() >= 48 && world.phones[listener].refused == 0);
        }
        // What the key of a side does not open is copied to nobody.
        let other = SentKeys { a: Some(unused.clone()), b: Some(b.clone()) };
        world.command(Command::Unseal { port: FORK, keys: Box::new(other) });
        world.run(20);
        let heard = world.phones[2].heard.len();
        world.run(200);
        assert_eq!(world.phones[2].heard.len(), heard);
        world.command(Command::Close { port: PORT });
        world.command(Command::Close { port: FORK });
        assert!(world.closed(FORK).a.foreign > 5, "it is counted");
        end(&mut world);
    }
}

#[test]
fn a_fork_of_nothing_is_opened_and_closed_like_any_port() {
    let mut world = World::new(3);
    world.command(Command::OpenFork { port: FORK, of: PORT });
    world.command(Command::Copy { port: FORK, side: Side::A, to: None });
    world.command(Command::OpenEndpoint { port: PortId(3), service: Service::Echo });
    world.command(Command::OpenFork { port: PortId(6), of: PortId(3) });
    for port in [FORK, PortId(3), PortId(6)] {
        world.command(Command::Close { port });
    }
    assert_eq!(world.closed(FORK).a.sent, 0);
    end(&mut world);
}

#[test]
fn one_party_hears_the_tone_and_its_recording_does_not() {
    hears_the_tone(relayed(4));
    // Where the relay has keys with both it opens what it mixes.
    let mut world = relayed(4);
    let mut source = KeySource::new(Secret::new([9; 32]));
    let mut pair = || {
        let [send, receive] = [(); 2].map(|()| source.next_key(Suite::AesCm128HmacSha1_80));
        SrtpKeys { send, receive }
    };
    let (a, b) = (pair(), pair());
    for (phone, keys) in [(0, &a), (1, &b)] {
        let theirs = SrtpKeys { send: keys.receive.clone(), receive: keys.send.clone() };
        world.phones[phone].protection.change(Some(&theirs));
    }
    let keys = PortKeys { a: Some(a), b: Some(b) };
    world.command(Command::Protect { port: PORT, keys: Box::new(keys) });
    hears_the_tone(world);
}

fn hears_the_tone(mut world: World) {
    world.phones[0].payload_type = 0;
    world.phone("198.51.100.9:30000", 0);
    world.command(Command::OpenFork { port: FORK, of: PORT });
    let copy = to(&world, 2, u128::MAX);
    world.command(Command::Copy { port: FORK, side: Side::A, to: copy });
    let types = PayloadTypes { pcmu: Some(0), ..PayloadTypes::default() };
    world.command(Command::Warn { port: PORT, side: Side::B, tone: RECORDED, types: Some(types) });
    world.run(2000);
    let said = |world: &World, phone: usize| {
        let heard = &world.phones[phone].heard;
        heard
            .iter()
            .filter(|(_, it, payload)| world.phones[0].sent.contains(&(it.sequence, payload.clone())))
            .count()
    };
    let (heard, same) = (world.phones[1].heard.len(), said(&world, 1));
    assert!(
        (23..=27).contains(&(heard - same)),
        "half a second of {heard} packets is changed, not {}",
        heard - same
    );
    assert_eq!(said(&world, 2), world.phones[2].heard.len(), "the recorder hears what was said");
    assert!(world.phones[2].heard.len() > 90 && world.phones[1].refused == 0);
    world.command(Command::Warn { port: PORT, side: Side::B, tone: RECORDED, types: None });
    world.command(Command::Close { port: PORT });
    world.command(Command::Close { port: FORK });
    end(&mut world);
}
