use strowger_base::Rng;

use super::*;
use crate::media::tests::parts;
use crate::media::{MediaThread, Parts};

fn queue(parts: &Parts) -> (Queue, MediaThread) {
    MediaThread::new(0, 1, Rng::new(1), parts.clone()).unwrap()
}

#[test]
fn a_thread_that_gets_on_before_it_is_replaced_keeps_its_place() {
    let (parts, _mailbox) = parts(62_000);
    let ((first, _its), (second, _thread)) = (queue(&parts), queue(&parts));
    let (progress, of_second) = (Arc::clone(&first.progress), Arc::clone(&second.progress));
    let (bell, bell_of_second) = (Arc::clone(&first.bell), Arc::clone(&second.bell));
    let lane = Lane::new(first, parts.figures(0), parts.commands);
    progress.begins();
    let round = lane.round();
    progress.ends();
    assert!(lane.pass(round, Some(second)).is_err());
    assert!(of_second.ends_now() && bell_of_second.read().is_ok(), "the successor ends, and hears of it");
    assert!(!progress.ends_now() && bell.read().is_err());
    assert_eq!(lane.term(), 0);
    // And one that does not.
    progress.begins();
    let port = strowger_media::control::PortId(2);
    assert_eq!(lane.command(Command::OpenRelay { port }), Ok(0));
    assert!(progress.takes());
    parts.commands.took();
    assert_eq!(lane.command(Command::Close { port }), Ok(0));
    bell.read().unwrap();
    let former = lane.pass(lane.round(), None).unwrap().unwrap();
    assert!(former.ends_now() && !former.takes() && bell.read().is_ok());
    assert_eq!((lane.term(), lane.round(), parts.commands.waiting()), (1, None, 0));
    assert!(lane.command(Command::Close { port }).is_err());
}
