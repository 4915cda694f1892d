//! A line that other phones have too, until they do not.

mod support;

use strowger_base::leg::Party;
use strowger_base::watch::{CallDirection, CallPhase, LineCall};
use strowger_base::{LegId, NodeId, ShardId};
use strowger_sccp::ToStation;
use strowger_sccp::calls::io::Input;
use strowger_sccp::codes::{Instance, SoftKey};
use strowger_sccp::station::device::SoftKeys;
use support::phone::{Bench, PHONE};

fn is_shared(bench: &mut Bench, barges: Option<bool>) {
    bench.input(Input::Shared { device: PHONE, line: Instance(1), barges });
}

/// Whether the key for private calls is shown, where keys are told at all.
fn has_key(bench: &Bench) -> Option<bool> {
    let keys = bench.told().filter_map(|message| match message {
        ToStation::SelectSoftKeys(keys) => Some(keys),
        _ => None,
    });
    let keys = keys.last()?;
    let standard = SoftKeys::standard();
    let mut places = standard.of(keys.set).enumerate();
    places.find(|(_, key)| *key == SoftKey::PRIVATE).map(|(place, _)| keys.valid_keys >> place & 1 == 1)
}

#[test]
fn a_line_that_no_other_phone_has_any_more_is_private_by_itself() {
    let mut bench = Bench::new();
    bench.talks();
    is_shared(&mut bench, Some(true));
    assert_eq!(has_key(&bench), Some(true));
    is_shared(&mut bench, None);
    assert_eq!(has_key(&bench), Some(false));
}

#[test]
fn calls_of_phones_that_do_not_have_the_line_any_more_are_not_shown() {
    let mut bench = Bench::new();
    is_shared(&mut bench, Some(true));
    let there = LineCall {
        leg: LegId::new(NodeId(1), ShardId(0), 44),
        line: "2001".into(),
        phase: CallPhase::Confirmed,
        direction: CallDirection::Recipient,
        holds: false,
        private: false,
        remote: Party::default(),
    };
    bench.input(Input::Elsewhere { device: PHONE, line: Instance(1), calls: &[there] });
    let call = bench.call;
    is_shared(&mut bench, None);
    assert_eq!(bench.shown(), [(call, "on-hook".to_owned())]);
}
