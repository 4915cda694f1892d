//! What a caller hears before the answer, and how a phone rings on whose user another call waits.

mod support;

use strowger_base::leg::{Alert, Command, EarlyMedia, RingSound, RingStyle};
use strowger_base::{Cause, Media as Sdp};
use strowger_sccp::ToStation;
use strowger_sccp::calls::io::{Direction, Media};
use strowger_sccp::codes::{Codec, RingMode, Tone};
use support::phone::{Bench, voice};

fn tones(bench: &Bench) -> Vec<Tone> {
    let tones = bench.told().filter_map(|message| match message {
        ToStation::StartTone(start) => Some(start.tone),
        _ => None,
    });
    tones.collect()
}

#[test]
fn who_hears_the_other_side_before_the_answer_hears_no_tone_beside_it() {
    let offer = || Media::Offer(voice(&[Codec::G711_ULAW_64K], Direction::SendReceive));
    let ringing = vec![Tone::ALERTING_TONE];
    let cases = [
        (Alert::Ringing, EarlyMedia::Unsaid, Media::None, ringing.clone()),
        // It had to describe itself, and may send nothing.
        (Alert::Ringing, EarlyMedia::Unsaid, offer(), ringing),
        (Alert::Ringing, EarlyMedia::Heard, offer(), vec![]),
        (Alert::Progress, EarlyMedia::Heard, offer(), vec![]),
    ];
    for (alert, heard, media, expect) in cases {
        let mut bench = Bench::new();
        bench.dials("1001");
        let case = format!("{alert:?} {heard:?} {media:?}");
        bench.command(&Command::Alert { alert, media: Sdp::None, shown: None, heard }, media);
        assert_eq!(tones(&bench), expect, "{case}");
    }
}

#[test]
fn a_tone_ends_when_the_other_side_is_heard_and_comes_again_when_it_is_not() {
    let alert = |heard| Command::Alert { alert: Alert::Ringing, media: Sdp::None, shown: None, heard };
    let mut bench = Bench::new();
    bench.dials("1001");
    bench.command(&alert(EarlyMedia::Unsaid), Media::None);
    assert_eq!(tones(&bench), [Tone::ALERTING_TONE]);
    bench.command(&alert(EarlyMedia::Heard), Media::None);
    assert!(bench.told().any(|message| matches!(message, ToStation::StopTone(_))));
    bench.command(&alert(EarlyMedia::Unsaid), Media::None);
    assert_eq!(tones(&bench), [Tone::ALERTING_TONE], "another device rings");
}

#[test]
fn a_call_from_outside_that_waited_rings_as_one() {
    let style =
        RingStyle { sound: RingSound::CallWaiting, aloud: RingSound::Outside, ..RingStyle::default() };
    let rings = |bench: &Bench| {
        let modes = bench.told().filter_map(|message| match message {
            ToStation::SetRinger(ringer) => Some(ringer.mode),
            _ => None,
        });
        modes.collect::<Vec<_>>()
    };
    let mut bench = Bench::new();
    bench.ring(40, style, Media::None);
    assert_eq!(rings(&bench), [RingMode::OUTSIDE], "nothing is heard in which it could wait");
    let mut bench = Bench::new();
    let (leg, _) = bench.talks();
    bench.ring(40, style, Media::None);
    assert_eq!(rings(&bench), []);
    bench.command_of(leg, &Command::Release(Cause::NORMAL_CALL_CLEARING), Media::None);
    assert_eq!(rings(&bench), [RingMode::OUTSIDE]);
}
