//! Who follows the journal reads all that is whole, and hears of what is not.

use super::recovery::Chain;
use super::*;

/// What a follower gives when it is asked until there is nothing, and what could not be read.
fn follow(follower: &mut Follower) -> (Vec<Vec<u8>>, Vec<String>) {
    let mut records = Vec::new();
    while follower.read(|_, followed| records.push(followed.record.to_vec())).unwrap() {}
    (records, follower.take_gaps().iter().map(ToString::to_string).collect())
}

/// A store with these records in its file, and who follows it from the beginning.
fn followed(folder: &Folder, records: &[Vec<u8>]) -> (Store, Follower) {
    let (mut store, ..) = folder.open();
    write(&mut store, records);
    let follower = Follower::new(&folder.0, Position::new(1, 8).0, store.extent());
    (store, follower)
}

fn write(store: &mut Store, records: &[Vec<u8>]) {
    records.iter().for_each(|record| store.take(Kept::Journal(record)));
    store.settle();
}

fn story() -> Vec<Vec<u8>> {
    vec![began(1), began(2), rung(1), rung(2), answered(1), late(1), ended(1), answered(2), ended(2)]
}

/// A message of another call that is as long as is said.
fn message(number: u64, bytes: &[u8]) -> Vec<u8> {
    let flow = Flow::Datagram { listener: ListenerId(0), peer: peer() };
    let direction = strowger_base::journal::Direction::Received;
    encode(1, call(number), Some(leg(9)), Entry::Message { direction, flow, bytes })
}

/// Goes on in another segment.
fn turn_over(store: &mut Store) {
    store.writer.turn_over().unwrap();
    store.checkpoint().unwrap();
}

fn damage(folder: &Folder, number: u32, place: usize) {
    let path = segment::path_of(&folder.0.join("journal"), number);
    let mut bytes = fs::read(&path).unwrap();
    bytes[place] ^= 0x41;
    fs::write(path, bytes).unwrap();
}

#[test]
fn what_is_still_being_written_is_not_there_and_no_damage() {
    let folder = Folder::new("follow-tail");
    let (mut store, mut follower) = followed(&folder, &[began(1), rung(1)]);
    assert_eq!(follow(&mut follower), (vec![began(1), rung(1)], vec![]));
    // A part of a frame, as a write leaves it that is under way.
    let path = folder.segment();
    let (before, mut more) = (fs::read(&path).unwrap(), fs::read(&path).unwrap());
    segment::put_frame(Position::new(1, 8), &ended(1), &mut more);
    for cut in before.len()..more.len() {
        fs::write(&path, &more[..cut]).unwrap();
        assert_eq!(follow(&mut follower), (vec![], vec![]), "cut at {cut}");
    }
    write(&mut store, &[ended(1)]);
    assert_eq!(follow(&mut follower), (vec![ended(1)], vec![]));
}

#[test]
fn damage_in_the_segment_that_is_written_costs_its_record_and_what_comes_is_followed() {
    let folder = Folder::new("follow-damage");
    drop(followed(&folder, &story()));
    let bytes = fs::read(folder.segment()).unwrap();
    let frames = frame_ends(&bytes);
    for place in segment::SEGMENT_HEAD as usize..bytes.len() {
        let copy = folder.copy_to("follow-damage-copy");
        let (mut store, _, _) = copy.open();
        let mut follower = Follower::new(&copy.0, Position::new(1, 8).0, store.extent());
        damage(&copy, 1, place);
        let hit = frames.iter().position(|(end, _)| place < *end).unwrap();
        let begin = if hit == 0 { segment::SEGMENT_HEAD as usize } else { frames[hit - 1].0 };
        let is_length = place < begin + 4;
        let (records, gaps) = follow(&mut follower);
        assert_eq!(gaps.len(), 1, "byte {place}");
        assert!(gaps[0].starts_with(&format!("000001.sj, bytes {begin} to ")), "byte {place}: {gaps:?}");
        for (nth, (_, record)) in frames.iter().enumerate() {
            // Where nothing says how long the damaged record was, one that has none before it in its call does not count as found.
            let is_anchored = !is_length || ![began(2), late(1)].contains(record);
            assert!(nth == hit || records.contains(record) || !is_anchored, "byte {place}, record {nth}");
        }
        assert!(!records.contains(&frames[hit].1), "byte {place}");
        write(&mut store, &[began(3), ended(3)]);
        assert_eq!(follow(&mut follower), (vec![began(3), ended(3)], vec![]), "byte {place}");
    }
}

#[test]
fn damage_up_to_the_end_of_what_is_written_is_passed_over() {
    let folder = Folder::new("follow-end");
    let (mut store, mut follower) = followed(&folder, &[began(1), rung(1)]);
    let bytes = fs::read(folder.segment()).unwrap();
    let end = frame_ends(&bytes)[0].0;
    fs::write(folder.segment(), [&bytes[..end], &vec![0xff; bytes.len() - end]].concat()).unwrap();
    let place = format!("000001.sj, bytes {end} to {}", bytes.len());
    assert_eq!(follow(&mut follower), (vec![began(1)], vec![place]));
    write(&mut store, &[ended(1)]);
    assert_eq!(follow(&mut follower), (vec![ended(1)], vec![]));
    // Somebody cut the file: what is written next stands behind a hole.
    fs::File::options().write(true).open(folder.segment()).unwrap().set_len(end as u64).unwrap();
    let mut again = Follower::new(&folder.0, Position::new(1, 8).0, store.extent());
    let (records, gaps) = follow(&mut again);
    assert_eq!((records, gaps.len()), (vec![began(1)], 1));
    write(&mut store, &[began(2)]);
    assert_eq!(follow(&mut again), (vec![began(2)], vec![]));
}

#[test]
fn damage_in_an_old_segment_is_told_and_passed_over() {
    let folder = Folder::new("follow-old");
    let (mut store, mut follower) = followed(&folder, &[began(1), rung(1), answered(1)]);
    turn_over(&mut store);
    write(&mut store, &[ended(1)]);
    let ends = frame_ends(&fs::read(folder.segment()).unwrap());
    damage(&folder, 1, ends[0].0 + 20);
    // The end of the segment, where the next one cannot be behind it.
    damage(&folder, 1, ends[1].0 + 1);
    let (from, to) = (ends[0].0, ends[2].0);
    let place = format!("000001.sj, bytes {from} to {to}");
    assert_eq!(follow(&mut follower), (vec![began(1), ended(1)], vec![place]));
}

#[test]
fn a_segment_that_goes_under_a_follower_is_told() {
    let folder = Folder::new("follow-gone");
    let (mut store, mut follower) = followed(&folder, &[began(1)]);
    assert_eq!(follow(&mut follower), (vec![began(1)], vec![]));
    write(&mut store, &[rung(1)]);
    for record in [answered(1), ended(1)] {
        turn_over(&mut store);
        write(&mut store, &[record]);
    }
    let journal = folder.0.join("journal");
    fs::remove_file(segment::path_of(&journal, 1)).unwrap();
    fs::remove_file(segment::path_of(&journal, 2)).unwrap();
    let (records, gaps) = follow(&mut follower);
    assert_eq!((records, gaps.len()), (vec![ended(1)], 1));
    assert!(gaps[0].ends_with("to the beginning of 000003.sj"), "{gaps:?}");
    // The one that is written: that is said until there is another one.
    write(&mut store, &[began(2)]);
    fs::remove_file(segment::path_of(&journal, 3)).unwrap();
    assert_eq!(follower.read(|_, _| {}).unwrap_err().kind(), io::ErrorKind::NotFound);
    turn_over(&mut store);
    write(&mut store, &[ended(2)]);
    let (records, gaps) = follow(&mut follower);
    assert_eq!((records, gaps.len()), (vec![ended(2)], 1));
}

#[test]
fn nothing_is_retired_that_is_still_to_be_followed() {
    let folder = Folder::new("follow-needed");
    let (mut store, mut follower) = followed(&folder, &[began(1)]);
    follower.release(Position::new(1, 8).0);
    turn_over(&mut store);
    store.writer.retire(1, store.extent.needed_segment(), |_| Ok(())).unwrap();
    assert_eq!(follow(&mut follower), (vec![began(1)], vec![]));
    follower.release(Position::new(2, 8).0);
    store.writer.retire(1, store.extent.needed_segment(), |_| Ok(())).unwrap();
    assert_eq!(segment::segments_in(&folder.0.join("journal")).unwrap(), [2]);
}

#[test]
fn what_somebody_wrote_into_a_message_is_no_record() {
    let folder = Folder::new("follow-forged");
    let mut forged = b"INFO sip:x".to_vec();
    segment::put_frame(Position::NONE, &ended(7), &mut forged);
    segment::put_frame(Position::new(1, 8), &ended(8), &mut forged);
    let records = [began(1), rung(1), message(1, &forged), answered(1), ended(1)];
    let (_store, mut follower) = followed(&folder, &records);
    let ends = frame_ends(&fs::read(folder.segment()).unwrap());
    damage(&folder, 1, ends[1].0);
    let (found, gaps) = follow(&mut follower);
    assert_eq!((found, gaps.len()), (vec![began(1), rung(1), answered(1), ended(1)], 1));
}

#[test]
fn the_records_of_a_call_are_found_on_both_sides_of_damage() {
    let folder = Folder::new("follow-chain");
    let (_store, mut follower) = followed(&folder, &story());
    let ends = frame_ends(&fs::read(folder.segment()).unwrap());
    // The third record says that the first call rang.
    damage(&folder, 1, ends[2].0 - 1);
    let mut chains = Vec::new();
    while follower
        .read(|follower, followed| {
            if Head::decode(followed.record).unwrap().kind == EntryKind::Call {
                chains.push(follower.call_until(&followed));
            }
        })
        .unwrap()
    {}
    let whole = |records: Vec<Vec<u8>>, is_whole| Chain { records, is_whole };
    let second = vec![began(2), rung(2), answered(2), ended(2)];
    assert_eq!(chains, [whole(vec![began(1), answered(1), ended(1)], false), whole(second, true)]);
}

#[test]
fn a_journal_that_was_cut_is_followed_from_where_it_goes_on() {
    let folder = Folder::new("follow-cut");
    drop(followed(&folder, &[began(1), rung(1), answered(1), began(2), rung(2)]));
    let bytes = fs::read(folder.segment()).unwrap();
    let ends = frame_ends(&bytes);
    let copy = folder.copy_to("follow-cut-copy").without_index();
    fs::write(copy.segment(), &bytes[..ends[2].0]).unwrap();
    let (store, recovered, _) = copy.open();
    assert_eq!(recovered.closed, 1);
    let mut follower = Follower::new(&copy.0, Position::new(1, bytes.len() as u32).0, store.extent());
    let (records, gaps) = follow(&mut follower);
    assert_eq!((records.len(), gaps.len()), (2, 0));
    assert!(final_of(&records[1]).is_some(), "the call that the stop ended has its record");
}

#[test]
fn a_call_of_which_damage_took_the_final_record_is_not_ended_twice() {
    let folder = busy_folder("follow-twice");
    let ends = frame_ends(&fs::read(folder.segment()).unwrap());
    let place = ends.iter().find(|(_, record)| *record == ended(1)).unwrap().0;
    // The checkpoint is before all of it.
    let copy = folder.copy_to("follow-twice-copy");
    damage(&copy, 1, place - 1);
    let (_, recovered, _) = copy.open();
    assert_eq!((recovered.closed, copy.calls().last().unwrap().1), (1, 16));
}
