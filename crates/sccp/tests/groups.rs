//! A phone is to listen where all hear the same: it says so, or never does, or its connection breaks meanwhile.

mod support;

use std::time::Duration;

use strowger_base::Cause;
use strowger_base::leg::Command;
use strowger_sccp::ToStation;
use strowger_sccp::calls::io::{Direction, Input, Media};
use strowger_sccp::codes::{Codec, MediaStatus, SoftKey};
use support::phone::{Bench, PHONE, group, voice};

const PORT_TIME: Duration = Duration::from_secs(10);

fn both() -> Media {
    Media::Offer(voice(&[Codec::G711_ULAW_64K], Direction::SendReceive))
}

fn refused(cause: Cause) -> Vec<String> {
    vec![format!("MediaRefused({cause:?})")]
}

/// Whether the phone was told to listen there.
fn is_sent_there(bench: &Bench) -> bool {
    bench.told().any(|message| matches!(message, ToStation::StartMulticastMediaReception(_)))
}

#[test]
fn a_phone_that_does_not_say_that_it_listens_is_waited_for_once() {
    let mut bench = Bench::new();
    let (leg, _) = bench.talks();
    bench.media_of(leg, Media::Offer(group()));
    assert!(is_sent_there(&bench));
    bench.waits(PORT_TIME);
    assert_eq!(bench.followed(), refused(Cause::RECOVERY_ON_TIMER_EXPIRY));
    bench.media_of(leg, both());
    bench.opens(24_002);
    // The next hold is refused at once, and it hears music of its own.
    bench.media_of(leg, Media::Offer(group()));
    assert!(!is_sent_there(&bench));
    assert_eq!(bench.followed(), refused(Cause::BEARER_CAPABILITY_NOT_IMPLEMENTED));
    assert_eq!(bench.calls.next_timeout(), None, "nothing is waited for");
    // So is what answers its own end of a hold.
    bench.media_of(leg, both());
    bench.opens(24_004);
    bench.press(SoftKey::HOLD);
    bench.media_of(leg, Media::Answer(voice(&[Codec::G711_ULAW_64K], Direction::ReceiveOnly)));
    bench.press(SoftKey::RESUME);
    bench.opens(24_006);
    bench.media_of(leg, Media::Answer(group()));
    assert_eq!(bench.followed(), refused(Cause::BEARER_CAPABILITY_NOT_IMPLEMENTED));
    // Another registration may be that of another load.
    bench.input(Input::Gone { device: PHONE, calls_go_on: false });
    bench.registers(0);
    let (leg, _) = bench.talks();
    bench.media_of(leg, Media::Offer(group()));
    assert!(is_sent_there(&bench));
}

#[test]
fn a_phone_that_says_so_late_or_refuses_is_asked_again() {
    let asked = |act: fn(&mut Bench)| {
        let mut bench = Bench::new();
        let (leg, _) = bench.talks();
        bench.media_of(leg, Media::Offer(group()));
        act(&mut bench);
        bench.media_of(leg, both());
        bench.opens(24_002);
        bench.media_of(leg, Media::Offer(group()));
        assert!(is_sent_there(&bench));
    };
    asked(|bench| {
        bench.waits(PORT_TIME);
        bench.listens(MediaStatus::OK);
        assert_eq!(bench.out, []);
    });
    asked(|bench| bench.listens(MediaStatus(1)));
}

#[test]
fn a_port_that_is_never_named_says_nothing_of_groups() {
    let mut bench = Bench::new();
    let (leg, _) = bench.talks();
    bench.press(SoftKey::HOLD);
    bench.press(SoftKey::RESUME);
    bench.waits(PORT_TIME);
    bench.press(SoftKey::RESUME);
    bench.opens(24_002);
    bench.media_of(leg, Media::Answer(voice(&[Codec::G711_ULAW_64K], Direction::SendReceive)));
    bench.media_of(leg, Media::Offer(group()));
    assert!(is_sent_there(&bench));
}

#[test]
fn nobody_waits_for_a_port_that_a_hold_has_closed() {
    let mut bench = Bench::new();
    let (leg, _) = bench.talks();
    bench.press(SoftKey::HOLD);
    bench.media_of(leg, Media::Answer(voice(&[Codec::G711_ULAW_64K], Direction::ReceiveOnly)));
    bench.press(SoftKey::RESUME);
    bench.opens(24_002);
    bench.media_of(leg, Media::Answer(group()));
    bench.waits(PORT_TIME / 2);
    bench.press(SoftKey::HOLD);
    assert_eq!(bench.calls.next_timeout(), None);
    // The next port has all its time.
    bench.press(SoftKey::RESUME);
    bench.waits(PORT_TIME - Duration::from_millis(1));
    assert_eq!(bench.out, []);
    bench.opens(24_004);
    assert_eq!(bench.media().len(), 1);
}

#[test]
fn a_call_goes_on_whose_phone_leaves_while_it_is_to_listen_with_others() {
    // It was offered: what is owed is refused, since nobody can say any more whether it listens.
    let mut bench = Bench::new();
    let (leg, call) = bench.talks();
    bench.media_of(leg, Media::Offer(group()));
    bench.input(Input::Gone { device: PHONE, calls_go_on: true });
    assert_eq!(bench.followed(), refused(Cause::INCOMPATIBLE_DESTINATION));
    assert_eq!(bench.calls.calls_of(PHONE), 1);
    comes_back(&mut bench, call);
    // It was an answer: nothing is owed, and it is agreed on anew.
    let mut bench = Bench::new();
    let (leg, call) = bench.talks();
    bench.press(SoftKey::HOLD);
    bench.media_of(leg, Media::Answer(voice(&[Codec::G711_ULAW_64K], Direction::ReceiveOnly)));
    bench.press(SoftKey::RESUME);
    bench.opens(24_002);
    bench.media_of(leg, Media::Answer(group()));
    bench.input(Input::Gone { device: PHONE, calls_go_on: true });
    assert_eq!(bench.followed(), [] as [&str; 0]);
    comes_back(&mut bench, call);
    // Where no call goes on, nothing is left of it.
    let mut bench = Bench::new();
    let (leg, _) = bench.talks();
    bench.media_of(leg, Media::Offer(group()));
    bench.input(Input::Gone { device: PHONE, calls_go_on: false });
    assert_eq!((bench.calls.legs(), bench.calls.next_timeout()), (0, None));
}

#[track_caller]
fn comes_back(bench: &mut Bench, call: strowger_sccp::codes::CallReference) {
    bench.registers(1);
    bench.input(Input::Ready { device: PHONE });
    assert_eq!(bench.is_opening(), Some(call));
    assert!(bench.told().any(|message| matches!(message, ToStation::StopMulticastMediaReception(_))));
    bench.opens(24_010);
    assert!(matches!(bench.media()[..], [Media::Offer(_)]), "{:?}", bench.media());
    let over = Command::Release(Cause::NORMAL_CALL_CLEARING);
    bench.command(&over, Media::None);
    assert_eq!((bench.calls.legs(), bench.calls.next_timeout()), (0, None));
}
