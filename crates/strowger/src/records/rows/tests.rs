//! Rows are the same wherever following stops and goes on.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::thread;

use strowger_base::journal::{
    CallRecord, CodesView, Decision, LegOutcome, LegRecord, MediaPart, OriginView, PartyView, Quality,
    ReleasedBy, TargetView,
};
use strowger_base::leg::{Presentation, Service};
use strowger_base::net::{Flow, ListenerId};
use strowger_base::{CallId, Cause, NodeId, ShardId};
use strowger_cdr::QualityRecords;
use strowger_cdr::spool::{Entry as Framed, Segment};
use strowger_node::io::Ticket;

use super::*;
use crate::mailbox::mailbox;
use crate::store::{Extent, Store};

/// Goes when the test ends.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("strowger-rows-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    /// Runs a server's store until it has these.
    fn keeps(&self, records: &[Vec<u8>]) -> Extent {
        let (decision, _letters) = mailbox().unwrap();
        let (mut sender, store, _) = Store::open(&self.0, 1 << 30, decision).unwrap();
        let extent = store.extent();
        let running = thread::spawn(|| store.run());
        for (nth, record) in records.iter().enumerate() {
            match Head::decode(record).unwrap().kind {
                EntryKind::Call => sender.persist(Ticket(nth as u64), record),
                _ => sender.journal(record),
            }
        }
        sender.finish();
        drop(sender);
        running.join().unwrap();
        extent
    }
}

fn leg(call: u64, nth: u64) -> LegId {
    LegId::new(NodeId(1), ShardId(0), call * 4 + nth)
}

fn record(second: u64, call: Option<u64>, leg: Option<LegId>, entry: Entry<'_>) -> Vec<u8> {
    let at = WallTime::from_micros(1_790_000_000_000_000 + second * 1_000_000);
    let call = call.map(|number| CallId::new(NodeId(1), ShardId(0), number));
    let mut bytes = Vec::new();
    Record { at, call, leg, entry }.encode(&mut bytes);
    bytes
}

const fn party(number: &str) -> PartyView<'_> {
    PartyView { number, name: "", presentation: Presentation::Allowed }
}

/// A call of two seconds that begins there.
fn call(number: u64, second: u64) -> Vec<Vec<u8>> {
    let origin = OriginView::Line { line: "1001", phone: "desk" };
    let target = TargetView::Service(Service::Echo);
    let peer = SocketAddr::from(([192, 0, 2, 1], 5060));
    let began = Decision::CallBegan {
        origin,
        calling: party("1001"),
        called: "9999",
        protocol_call_id: "a@b",
        flow: Flow::Datagram { listener: ListenerId(0), peer },
        media: MediaPart::Offer,
    };
    let at = |second: u64| WallTime::from_micros(1_790_000_000_000_000 + second * 1_000_000);
    let last = CallRecord {
        call: CallId::new(NodeId(1), ShardId(0), number),
        origin,
        calling_leg: leg(number, 0),
        calling: party("1001"),
        called: "9999",
        translated: "9999",
        sent: "9999",
        final_called: "9999",
        redirections: vec![],
        hunt_pilot: "",
        connected: party("9999"),
        codes: CodesView::default(),
        started_at: at(second),
        alerted_at: None,
        answered_at: Some(at(second)),
        ended_at: at(second + 2),
        cause: Cause::NORMAL_CALL_CLEARING,
        released_by: ReleasedBy::Caller,
        legs: vec![LegRecord {
            leg: leg(number, 3),
            target,
            rung_at: at(second),
            outcome: LegOutcome::Answered,
        }],
        moves: None,
        malicious: false,
    };
    vec![
        record(second, Some(number), Some(leg(number, 0)), Entry::Decision(began)),
        record(second + 2, Some(number), None, Entry::Call(last)),
    ]
}

/// What the media port of a call's caller counted; it does not know the call any more.
fn sound(number: u64, second: u64) -> Vec<u8> {
    let counted = Quality {
        packets: 100,
        lost: 0,
        jitter: 0,
        sent: 100,
        remote_lost: None,
        round_trip: None,
        malformed: 0,
        foreign: 0,
        peer: None,
        detail: None,
        carried: None,
    };
    record(second, None, Some(leg(number, 0)), Entry::Quality(counted))
}

fn rules() -> Rules {
    Rules {
        cluster: "lab".into(),
        calls: true,
        zero_duration: true,
        quality: QualityRecords::WithCalls,
        show_hunt_member: false,
    }
}

/// What a server writes that follows from there on.
fn rows_from(folder: &Folder, from: u64, extent: &Extent) -> Vec<(u64, RecordKind, String)> {
    let mut follower = Follower::new(&folder.0, from, extent.clone());
    let mut rows = Rows::resume(&follower, &rules()).unwrap();
    let mut spooler = Spooler::new(1, from);
    while follower
        .read(|follower, followed| rows.take(follower, &followed, (&rules(), &Uris::default()), &mut spooler))
        .unwrap()
    {}
    let bytes = spooler.take();
    let segment = Segment::read(&bytes).unwrap();
    let rows = segment.frames.iter().filter_map(|frame| match frame.entry {
        Framed::Row(kind, row) => Some((frame.journal, kind, row.to_owned())),
        Framed::Mark | Framed::Closed(_) => None,
    });
    rows.collect()
}

#[test]
fn rows_are_the_same_wherever_following_stops_and_goes_on() {
    let folder = Folder::new("stops");
    let mut records = call(1, 0);
    records.extend(call(2, 1));
    records.extend([sound(1, 3), sound(2, 4)]);
    // This one comes so late that nobody waits for it.
    records.extend(call(3, 80));
    records.extend([sound(1, 83), sound(3, 83)]);
    drop(folder.keeps(&records));
    // The next run.
    let extent = folder.keeps(&[]);
    let mut places = Vec::new();
    let mut follower = Follower::new(&folder.0, 0, extent.clone());
    while follower.read(|_, followed| places.push(followed.next)).unwrap() {}
    assert_eq!(places.len(), records.len());
    let all = rows_from(&folder, 0, &extent);
    let kinds: Vec<RecordKind> = all.iter().map(|row| row.1).collect();
    let (cdr, cmr) = (RecordKind::Cdr, RecordKind::Cmr);
    assert_eq!(kinds, [cdr, cdr, cmr, cmr, cdr, cmr]);
    for place in places {
        let rest: Vec<_> = all.iter().filter(|row| row.0 > place).cloned().collect();
        assert_eq!(rows_from(&folder, place, &extent), rest, "stopped at {place:#x}");
    }
}
