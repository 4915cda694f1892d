//! Calls that go on without their phone: whose they are when it is back, and how long that may take.

mod support;

use std::time::Duration;

use strowger_base::Cause;
use strowger_base::feature::{FeatureAnswer, ParkEvent};
use strowger_base::leg::Command;
use strowger_sccp::calls::io::{Input, Media};
use strowger_sccp::codes::SoftKey;
use support::phone::{Bench, PHONE, line};

const SALES: &str = "2001 in Sales";
const OFFICE: &str = "2001 in Office";

#[test]
fn two_lines_of_one_number_have_each_their_own_calls_again() {
    for (lines, goes_on) in [([SALES, OFFICE], true), ([OFFICE, SALES], false)] {
        let mut bench = Bench::new();
        let both =
            |lines: [&str; 2]| [1, 2].into_iter().zip(lines).map(|(at, name)| line(at, name)).collect();
        bench.registers_with(both([SALES, OFFICE]), 0);
        let (_, first) = bench.talks_on(1);
        bench.press(SoftKey::HOLD);
        let (_, second) = bench.talks_on(2);
        bench.input(Input::Gone { device: PHONE, calls_go_on: true });
        bench.registers_with(both(lines), 1);
        bench.input(Input::Ready { device: PHONE });
        // What was on hold is over, as its port was closed.
        assert!(!bench.shown().iter().any(|(call, _)| *call == first));
        let expect = if goes_on { "connected" } else { "on-hook" };
        assert_eq!(bench.shown(), [(second, expect.to_owned())], "{lines:?}");
        assert_eq!(bench.calls.legs(), usize::from(goes_on));
    }
}

#[test]
fn who_is_away_is_not_told_what_becomes_of_a_call_that_it_parked() {
    let mut bench = Bench::new();
    let (leg, _) = bench.talks();
    bench.press(SoftKey::PARK);
    let told = FeatureAnswer { request: "park", result: Ok(()), text: "5001".into() };
    bench.command(&Command::FeatureAnswer(Box::new(told)), Media::None);
    bench.command(&Command::Release(Cause::NORMAL_CALL_CLEARING), Media::None);
    bench.input(Input::Gone { device: PHONE, calls_go_on: true });
    let news = |event| Input::ParkNews { leg, number: "5001", event };
    bench.input(news(ParkEvent::Reverted));
    assert_eq!(bench.out, []);
    // It has another registration, which has parked nothing.
    bench.registers(0);
    bench.input(news(ParkEvent::Retrieved));
    assert_eq!(bench.out, []);
    assert_eq!((bench.calls.legs(), bench.calls.next_timeout()), (0, None));
}

#[test]
fn a_call_whose_other_end_is_back_is_waited_for_as_long_as_any() {
    const HOUR: Duration = Duration::from_secs(3600);
    // Nobody is at the other end who could hang up, or somebody is.
    for both in [true, false] {
        let mut bench = Bench::new();
        let (leg, _) = bench.talks();
        bench.input(Input::Gone { device: PHONE, calls_go_on: true });
        assert!(bench.calls.is_preserved(leg));
        let other = strowger_base::LegId::new(strowger_base::NodeId(1), strowger_base::ShardId(0), 99);
        if both {
            bench.input(Input::BothAway { legs: [leg, other] });
        }
        // The other one is none of these phones any more, so that it is back: it is waited for on.
        bench.waits(HOUR * 2);
        bench.waits(HOUR * 10 - Duration::from_secs(1));
        assert_eq!((bench.calls.legs(), bench.out.len()), (1, 0), "{both}");
        bench.waits(Duration::from_secs(1));
        assert_eq!((bench.calls.legs(), bench.calls.next_timeout()), (0, None), "{both}");
    }
}

#[test]
fn abbreviated_dialling_is_shown_as_soon_as_its_number_is_complete() {
    use strowger_sccp::message::calls::KeypadButton;
    let mut bench = Bench::new();
    bench.press(SoftKey::ABBREVIATED_DIAL);
    assert_eq!(bench.shown()[0].1, "off-hook");
    bench.say(KeypadButton { key: 5, of: None });
    assert_eq!(bench.shown(), []);
    bench.say(KeypadButton { key: 15, of: None });
    let call = bench.call;
    assert_eq!(bench.shown(), [(call, "proceed".to_owned())]);
    assert!(bench.followed()[0].starts_with("Setup("), "{:?}", bench.followed());
    // Who is dialled with it comes with the answer, or fails at once.
    bench.command(&Command::Release(Cause::UNALLOCATED_NUMBER), Media::None);
    assert_ne!(bench.shown(), []);
}
