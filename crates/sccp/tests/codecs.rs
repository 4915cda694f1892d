//! What a phone has said of its codecs, and what follows for calls that come and go before.

mod support;

use strowger_base::Cause;
use strowger_base::leg::{RingSound, RingStyle};
use strowger_sccp::calls::io::{Direction, Media};
use strowger_sccp::codes::{Codec, SoftKey};
use support::phone::{Bench, voice};

#[test]
fn nobody_is_refused_for_codecs_before_the_phone_has_said_its_own() {
    for (said, rings) in [(None, true), (Some(Codec::G729), true), (Some(Codec::G711_ULAW_64K), false)] {
        for media in [Media::Offer, Media::Takes] {
            let mut bench = Bench::new();
            if let Some(codec) = said {
                bench.has_codecs(&[codec]);
            }
            bench.ring(40, RingStyle::default(), media(voice(&[Codec::G729], Direction::SendReceive)));
            let followed = bench.followed();
            assert_eq!(
                followed.iter().any(|told| told.starts_with("Alerting")),
                rings,
                "{said:?}: {followed:?}"
            );
        }
    }
}

#[test]
fn what_has_no_codec_at_all_is_refused_by_every_phone() {
    let mut bench = Bench::new();
    bench.ring(40, RingStyle::default(), Media::Offer(voice(&[], Direction::SendReceive)));
    assert_eq!(bench.followed(), [refused()]);
}

#[test]
fn who_said_its_codecs_while_it_rang_answers_in_one_of_them_or_not_at_all() {
    for (said, answers) in [(Some(Codec::G729), true), (Some(Codec::G722_64K), false), (None, false)] {
        let mut bench = Bench::new();
        let style = RingStyle { sound: RingSound::Usual, ..RingStyle::default() };
        bench.ring(40, style, Media::Offer(voice(&[Codec::G729], Direction::SendReceive)));
        if let Some(codec) = said {
            bench.has_codecs(&[codec]);
        }
        bench.press(SoftKey::ANSWER);
        if answers {
            bench.opens(24_000);
            assert!(bench.followed()[0].starts_with("Answered"), "{:?}", bench.followed());
        } else {
            assert_eq!(bench.followed(), [refused()], "{said:?}");
        }
    }
}

#[test]
fn a_call_that_begins_before_says_nothing_of_codecs() {
    let mut bench = Bench::new();
    bench.dials("1001");
    assert_eq!(bench.media(), [Media::None]);
    let mut bench = Bench::new();
    bench.has_codecs(&[Codec::G729]);
    bench.dials("1001");
    assert!(matches!(&bench.media()[..], [Media::Takes(voice)] if voice.formats[0].codec == Codec::G729));
}

fn refused() -> String {
    let cause = Cause::BEARER_CAPABILITY_NOT_IMPLEMENTED;
    format!("Released {{ cause: {cause:?}, reason: Refused({}) }}", cause.sip_status())
}
