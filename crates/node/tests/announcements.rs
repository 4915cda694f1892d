//! A caller hears why its call fails, before it is told.

#[path = "support/world.rs"]
mod world;

use strowger_base::Cause;
use strowger_base::leg::{AudioSource, CallTone, Service, Tone};
use strowger_callcontrol::configuration::{AnnouncedSound, AnnouncedTo, Announcement};
use strowger_media::control::{Command, Report};
use strowger_media::statistics::PortStatistics;
use strowger_node::{Draft, Input};
use world::{Phone, World, body_of, draft};

fn announcing() -> Draft {
    let mut draft = draft();
    let rows = [
        (Cause::UNALLOCATED_NUMBER, AnnouncedSound::Source(AudioSource(7)), AnnouncedTo::Everybody),
        (Cause::SUBSCRIBER_ABSENT, AnnouncedSound::Tone(CallTone::Reorder), AnnouncedTo::Trunks),
    ];
    draft.announcements =
        rows.into_iter().map(|(cause, sound, to)| ((cause, None), Announcement { sound, to })).collect();
    draft
}

#[test]
fn a_number_that_leads_nowhere_is_announced_in_early_media() {
    let mut world = World::new(&announcing());
    let mut alice = Phone::new("1001", "192.0.2.10:5060");
    world.register(&mut alice);
    world.invite(&mut alice, "4711");
    let Some(Command::OpenEndpoint { port, service }) = world.media.pop() else {
        panic!("{:?}", world.media)
    };
    assert_eq!(service, Service::Annunciator(Tone::Source(AudioSource(7))));
    let a = "192.0.2.1:30000".parse().unwrap();
    world.input(Input::Media(Report::Opened { port, a, b: None }));
    let early = world.expect(&alice, "SIP/2.0 183 ");
    assert!(early.contains("\r\nReason: Q.850;cause=1;text="), "{early}");
    assert!(body_of(&early).contains("m=audio 30000 RTP/AVP 8"), "{early}");
    assert!(matches!(world.media.pop(), Some(Command::Connect { send: true, .. })));
    world.input(Input::Media(Report::Finished { port }));
    assert_eq!(world.media.pop(), Some(Command::Close { port }));
    let refused = world.expect(&alice, "SIP/2.0 404 ");
    assert!(refused.contains("\r\nReason: Q.850;cause=1;"), "{refused}");
    world.from(alice.address, &alice.acknowledge(&refused));
    world.input(Input::Media(Report::Closed { port, statistics: Box::new(PortStatistics::default()) }));
    world.settled();
    let calls = world.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!((calls[0].cause, calls[0].answered_at), (Cause::UNALLOCATED_NUMBER, None));
}

#[test]
fn a_phone_makes_by_itself_what_only_trunks_hear() {
    let mut world = World::new(&announcing());
    let mut alice = Phone::new("1001", "192.0.2.10:5060");
    world.register(&mut alice);
    world.invite(&mut alice, "1002");
    let refused = world.expect(&alice, "SIP/2.0 480 ");
    world.from(alice.address, &alice.acknowledge(&refused));
    assert_eq!(world.media, []);
    world.settled();
}
