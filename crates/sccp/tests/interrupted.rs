//! A call goes on hold because the phone answers another one by itself, a page or an intercom call: when that is over it goes on, unless its
//! user has done something else meanwhile.

mod support;

use std::time::Duration;

use strowger_base::Cause;
use strowger_base::leg::Command;
use strowger_sccp::calls::io::{Direction, Media};
use strowger_sccp::codes::{Codec, SoftKey};
use support::phone::{Bench, voice};

const OVER: Command = Command::Release(Cause::NORMAL_CALL_CLEARING);

fn paged() -> (Bench, Talk, Talk) {
    let mut bench = Bench::new();
    let first = bench.talks();
    let page = bench.is_paged(41);
    (bench, first, page)
}

type Talk = (strowger_base::LegId, strowger_sccp::codes::CallReference);

#[test]
fn it_goes_on_when_there_is_no_port_for_what_interrupted_it() {
    let (mut bench, first, _) = paged();
    bench.has_no_port();
    assert_eq!(bench.is_opening(), Some(first.1), "refused");
    let (mut bench, first, _) = paged();
    bench.waits(Duration::from_secs(10));
    assert_eq!(bench.is_opening(), Some(first.1), "not in time");
}

#[test]
fn it_goes_on_when_what_interrupted_it_fails() {
    let (mut bench, first, page) = paged();
    // Nothing that it was first offered can be heard.
    bench.media_of(page.0, Media::Offer(voice(&[Codec::G729], Direction::SendOnly)));
    assert_eq!(bench.is_opening(), Some(first.1), "other codecs");
    let (mut bench, first, page) = paged();
    bench.opens(24_002);
    bench.media_of(page.0, Media::Offer(voice(&[Codec::G711_ULAW_64K], Direction::SendReceive)));
    bench.opens(24_004);
    let party = bench.port;
    bench.say(strowger_sccp::message::media::MediaTransmissionFailure {
        party,
        ..strowger_sccp::message::media::MediaTransmissionFailure::default()
    });
    assert_eq!(bench.is_opening(), Some(first.1), "nothing can be sent");
}

#[test]
fn pages_that_interrupt_pages_lead_back_in_whatever_order_they_end() {
    for ends_first in [1, 2] {
        let (mut bench, first, page) = paged();
        bench.opens(24_002);
        let second = bench.is_paged(42);
        bench.opens(24_004);
        match ends_first {
            1 => {
                bench.command_of(page.0, &OVER, Media::None);
                assert_eq!(bench.is_opening(), None, "another one is heard");
                bench.command_of(second.0, &OVER, Media::None);
            }
            _ => {
                bench.command_of(second.0, &OVER, Media::None);
                assert_eq!(bench.is_opening(), Some(page.1));
                bench.opens(24_006);
                bench.command_of(page.0, &OVER, Media::None);
            }
        }
        assert_eq!(bench.is_opening(), Some(first.1), "{ends_first} first");
    }
}

#[test]
fn a_page_that_interrupts_one_whose_port_is_not_open_yet_leads_back_as_well() {
    let (mut bench, first, page) = paged();
    let second = bench.is_paged(42);
    bench.opens(24_004);
    bench.command_of(page.0, &OVER, Media::None);
    bench.command_of(second.0, &OVER, Media::None);
    assert_eq!(bench.is_opening(), Some(first.1));
}

#[test]
fn it_stays_on_hold_when_its_user_held_it() {
    // It was taken back in the page, and put on hold again; the page is taken back and ends.
    let (mut bench, first, page) = paged();
    bench.opens(24_002);
    bench.press_in(SoftKey::RESUME, first.1);
    bench.opens(24_004);
    bench.media_of(first.0, Media::Answer(voice(&[Codec::G711_ULAW_64K], Direction::SendReceive)));
    bench.press_in(SoftKey::HOLD, first.1);
    bench.press_in(SoftKey::RESUME, page.1);
    bench.opens(24_006);
    bench.command_of(page.0, &OVER, Media::None);
    assert_eq!(bench.is_opening(), None);
}

#[test]
fn it_stays_on_hold_when_its_user_turned_from_the_page() {
    // The page was put on hold, and nothing is heard any more.
    let (mut bench, _, page) = paged();
    bench.opens(24_002);
    bench.press_in(SoftKey::HOLD, page.1);
    bench.command_of(page.0, &OVER, Media::None);
    assert_eq!(bench.is_opening(), None, "held");
    // Another call was begun out of the page, and is over.
    let (mut bench, _, page) = paged();
    bench.opens(24_002);
    bench.press_in(SoftKey::NEW_CALL, page.1);
    bench.press(SoftKey::END_CALL);
    bench.command_of(page.0, &OVER, Media::None);
    assert_eq!(bench.is_opening(), None, "another call");
}
