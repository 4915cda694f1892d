//! Calls that last longer than the journal is kept.

use strowger_base::journal::Direction;

use super::*;

fn heard(number: u64, leg_number: u64, text: &[u8]) -> Vec<u8> {
    let flow = Flow::Datagram { listener: ListenerId(0), peer: peer() };
    let direction = Direction::Received;
    encode(number, call(number), Some(leg(leg_number)), Entry::Message { direction, flow, bytes: text })
}

fn write(store: &mut Store, records: &[Vec<u8>]) {
    records.iter().for_each(|record| store.take(Kept::Journal(record)));
    store.settle();
}

/// A segment is full of other things, and another one begins; there is room for one.
fn turns_over(store: &mut Store) {
    store.limit_bytes = LIMIT;
    let (flow, direction) = (Flow::Datagram { listener: ListenerId(0), peer: peer() }, Direction::Received);
    let entry = Entry::Message { direction, flow, bytes: &vec![b'x'; LIMIT as usize] };
    let mut other = vec![];
    Record { at: at(2), call: None, leg: None, entry }.encode(&mut other);
    write(store, &[other]);
    store.writer.turn_over().unwrap();
    store.checkpoint().unwrap();
    store.retire().unwrap();
}

fn segments(folder: &Folder) -> (Vec<u32>, Vec<u32>) {
    let journal = folder.0.join("journal");
    (segment::segments_in(&journal).unwrap(), carried::files_in(&journal).unwrap())
}

/// A call with something in each of some segments, all of them retired but the last.
fn long_call(folder: &Folder) -> (Store, Vec<Vec<u8>>) {
    let (mut store, ..) = folder.open();
    let [caller, callee] = [4, 7];
    write(
        &mut store,
        &[
            began(1),
            heard(1, caller, b"first"),
            rung(1),
            heard(1, caller, b"second"),
            heard(1, callee, b"200"),
        ],
    );
    turns_over(&mut store);
    // Nothing but messages, and a segment without it.
    write(&mut store, &[heard(1, caller, b"third"), heard(1, callee, b"ack"), heard(1, callee, b"again")]);
    turns_over(&mut store);
    turns_over(&mut store);
    write(&mut store, &[answered(1)]);
    turns_over(&mut store);
    turns_over(&mut store);
    let story = [began(1), rung(1), heard(1, caller, b"second"), heard(1, callee, b"200")];
    let later = [heard(1, caller, b"third"), heard(1, callee, b"again"), answered(1)];
    (store, [&story[..], &later[..]].concat())
}

#[test]
fn a_call_that_outlasts_the_journal_has_its_story() {
    let folder = Folder::new("carried");
    let (mut store, mut story) = long_call(&folder);
    // The third and the fifth had nothing of it.
    assert_eq!(segments(&folder), (vec![6], vec![1, 2, 4]));
    store.take(Kept::Persist(Ticket(1), &ended(1)));
    store.settle();
    story.push(ended(1));
    let mut follower = Follower::new(&folder.0, Position::new(6, 8).0, store.extent());
    let mut chains = vec![];
    while follower.read(|follower, followed| chains.push(follower.call_until(&followed))).unwrap() {}
    let last = chains.pop().unwrap();
    assert!(last.is_whole);
    assert_eq!(last.records, story);
    assert_eq!(Segments::new(&folder.0).of_call(call(1)).unwrap(), story);
    let copy = Folder::new("carried-copy");
    copy::copy(&folder.0, &copy.0).unwrap();
    assert_eq!(Segments::new(&copy.0).of_call(call(1)).unwrap(), story);
}

#[test]
fn what_was_carried_goes_when_the_end_of_its_calls_does() {
    let folder = Folder::new("carried-over");
    let (mut store, _) = long_call(&folder);
    store.take(Kept::Persist(Ticket(1), &ended(1)));
    store.settle();
    // Late messages are waited for.
    turns_over(&mut store);
    assert!(segments(&folder).1.contains(&1));
    store.chains.remove(call(1));
    for _ in 0..3 {
        write(&mut store, &[began(2)]);
        turns_over(&mut store);
        store.chains.remove(call(2));
    }
    let (journal, carried) = segments(&folder);
    assert!(carried.iter().all(|number| *number > 5), "{journal:?} {carried:?}");
}

#[test]
fn a_call_that_ended_and_was_not_followed_yet_keeps_its_story() {
    let folder = Folder::new("carried-followed");
    let (mut store, ..) = folder.open();
    let mut follower = Follower::new(&folder.0, Position::new(1, 8).0, store.extent());
    write(&mut store, &[began(1), rung(1)]);
    turns_over(&mut store);
    while follower.read(|_, _| {}).unwrap() {}
    let place = store.writer.end().0;
    store.take(Kept::Persist(Ticket(1), &ended(1)));
    store.settle();
    follower.release(place);
    // Nobody waits for its late messages any more.
    store.chains.remove(call(1));
    turns_over(&mut store);
    assert_eq!(segments(&folder), (vec![2, 3], vec![1]));
    let mut chains = vec![];
    while follower.read(|follower, followed| chains.push(follower.call_until(&followed).records)).unwrap() {}
    assert!(chains.contains(&vec![began(1), rung(1), ended(1)]));
}

#[test]
fn nothing_goes_while_who_follows_is_far_behind() {
    let folder = Folder::new("carried-behind");
    let (mut store, ..) = folder.open();
    let follower = Follower::new(&folder.0, Position::new(1, 8).0, store.extent());
    (0..6).for_each(|_| turns_over(&mut store));
    follower.release(Position::new(2, 8).0);
    turns_over(&mut store);
    assert_eq!(segments(&folder).0, [1, 2, 3, 4, 5, 6, 7, 8]);
}

#[test]
fn a_stop_ends_a_call_that_outlasted_the_journal_with_all_that_is_known() {
    let folder = Folder::new("carried-stop");
    let (store, story) = long_call(&folder);
    drop(store);
    let (mut store, recovered, _) = folder.open();
    assert_eq!(recovered.closed, 1);
    let records = Segments::new(&folder.0).of_call(call(1)).unwrap();
    assert!(records.starts_with(&story));
    let last = final_of(records.last().unwrap()).unwrap();
    assert_eq!((last.called, last.started_at, last.answered_at), ("9999", at(1), Some(at(2))));
    // And one that was in progress at a start keeps its story as well.
    write(&mut store, &[began(2)]);
    turns_over(&mut store);
    store.chains.resume(call(2), Position::new(6, segment::SEGMENT_HEAD));
    assert!(store.chains.reach(1));
}

#[test]
fn calls_with_more_than_there_is_room_for_lose_the_oldest() {
    let folder = Folder::new("carried-room");
    let (mut store, ..) = folder.open();
    write(&mut store, &[began(1)]);
    for _ in 0..4 {
        // Of each leg a message stays, as far as its headers go.
        write(&mut store, &[4, 7, 8, 9].map(|leg| heard(1, leg, &[b'y'; 3_000])));
        turns_over(&mut store);
    }
    let kept = segments(&folder).1;
    assert!(kept.len() < 4 && !kept.contains(&1), "{kept:?}");
}

const LIMIT: u64 = 60_000;
