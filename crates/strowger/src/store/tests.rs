//! What survives what: cuts and damage at every byte, a stop between journal and index, a disk that is full.

use std::net::SocketAddr;

use strowger_base::feature::Forwarded;
use strowger_base::journal::{
    AuthorizationView, CallRecord, CodesView, Decision, DestinationView, ForwardedTo, Forwarding, LegOutcome,
    LegRecord, Lookup, MatterView, MediaPart, OnOff, OriginView, PartyView, PatternKind, Redirection,
    ReleasedBy, SetBy, TargetView, UserSet, UserValue, WhyEnded, WhyForwarded, WhyLookupEnded,
};
use strowger_base::leg::{BindingId, Presentation, Service};
use strowger_base::net::{Flow, ListenerId, StreamId, Transport};
use strowger_base::watch::MessageCounts;
use strowger_base::{CallId, Cause, LegId, NodeId, Pii, ShardId, WallTime};
use strowger_sip::io::Fingerprint;
use strowger_sip::registrar::BindingTexts;

use super::*;

mod carrying;
mod following;

use crate::mailbox::{Mailbox as Letters, mailbox};

/// A folder that goes when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        // Memory, where there is a file system in it: hundreds of stores are opened, and a disk syncs slowly.
        let memory = Path::new("/dev/shm");
        let place = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let path = place.join(format!("strowger-store-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    /// What another machine would find on this disk now.
    fn copy_to(&self, name: &str) -> Folder {
        let copy = Folder::new(name);
        fs::create_dir_all(copy.0.join("journal")).unwrap();
        for folder in ["", "journal"] {
            for entry in fs::read_dir(self.0.join(folder)).unwrap().flatten() {
                if entry.path().is_file() {
                    fs::copy(entry.path(), copy.0.join(folder).join(entry.file_name())).unwrap();
                }
            }
        }
        copy
    }

    fn segment(&self) -> PathBuf {
        segment::path_of(&self.0.join("journal"), 1)
    }

    fn without_index(self) -> Folder {
        for name in ["strowger.db", "strowger.db-wal", "strowger.db-shm"] {
            let _ = fs::remove_file(self.0.join(name));
        }
        self
    }

    fn open(&self) -> (Store, Recovered, Letters) {
        let (sender, letters) = mailbox().unwrap();
        let (_, store, recovered) = Store::open(&self.0, 1 << 30, sender).unwrap();
        (store, recovered, letters)
    }

    /// The latest calls with their causes.
    fn calls(&self) -> Vec<(String, u8)> {
        let index = Index::read(&self.0.join("strowger.db")).unwrap();
        index.calls(100).unwrap().into_iter().map(|row| (row.call, row.cause.unwrap())).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn call(number: u64) -> CallId {
    CallId::new(NodeId(1), ShardId(0), number)
}

fn leg(number: u64) -> LegId {
    LegId::new(NodeId(1), ShardId(0), number)
}

fn at(seconds: u64) -> WallTime {
    WallTime::from_micros(1_790_000_000_000_000 + seconds * 1_000_000)
}

fn party(number: &str) -> PartyView<'_> {
    PartyView { number, name: "", presentation: Presentation::Allowed }
}

fn peer() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], 5060))
}

fn encode(seconds: u64, call: CallId, leg: Option<LegId>, entry: Entry<'_>) -> Vec<u8> {
    let mut bytes = vec![];
    Record { at: at(seconds), call: Some(call), leg, entry }.encode(&mut bytes);
    bytes
}

fn began(number: u64) -> Vec<u8> {
    let entry = Decision::CallBegan {
        origin: OriginView::Line { line: "1001", phone: "" },
        calling: party("1001"),
        called: "9999",
        protocol_call_id: "a@b",
        flow: Flow::Datagram { listener: ListenerId(0), peer: peer() },
        media: MediaPart::Offer,
    };
    encode(number, call(number), Some(leg(number * 4)), Entry::Decision(entry))
}

fn rung(number: u64) -> Vec<u8> {
    let entry =
        Decision::Rung { target: TargetView::Service(Service::Echo), called: "9999", shown: party("1001") };
    encode(number, call(number), Some(leg(number * 4 + 3)), Entry::Decision(entry))
}

fn answered(number: u64) -> Vec<u8> {
    let entry = Decision::AnsweredBy { connected: party("9999") };
    encode(number + 1, call(number), Some(leg(number * 4 + 3)), Entry::Decision(entry))
}

fn ended(number: u64) -> Vec<u8> {
    let entry = Entry::Call(CallRecord {
        call: call(number),
        origin: OriginView::Line { line: "1001", phone: "" },
        calling_leg: leg(number * 4),
        calling: party("1001"),
        called: "9999",
        translated: "9999",
        sent: "9999",
        final_called: "9999",
        redirections: vec![],
        hunt_pilot: "",
        connected: party("9999"),
        codes: CodesView::default(),
        started_at: at(number),
        alerted_at: None,
        answered_at: Some(at(number + 1)),
        ended_at: at(number + 5),
        cause: Cause::NORMAL_CALL_CLEARING,
        released_by: ReleasedBy::Caller,
        legs: vec![LegRecord {
            leg: leg(number * 4 + 3),
            target: TargetView::Service(Service::Echo),
            rung_at: at(number),
            outcome: LegOutcome::Answered,
        }],
        moves: None,
        malicious: false,
    });
    encode(number + 5, call(number), None, entry)
}

/// A late message of a leg that names no call.
fn late(number: u64) -> Vec<u8> {
    let mut bytes = vec![];
    let entry = Entry::Told(strowger_base::journal::Told::Digit);
    Record { at: at(number + 6), call: None, leg: Some(leg(number * 4 + 3)), entry }.encode(&mut bytes);
    bytes
}

fn letters(mailbox: &Letters) -> Vec<String> {
    std::iter::from_fn(|| mailbox.take())
        .map(|letter| match letter {
            Letter::Persisted(ticket) => format!("kept {}", ticket.0),
            Letter::PersistFailed(ticket, _) => format!("failed {}", ticket.0),
            _ => "other".to_owned(),
        })
        .collect()
}

/// A folder with call 1 ended, call 2 ended, and call 3 up, their records mixed. The index knows the two.
fn busy_folder(name: &str) -> Folder {
    let folder = Folder::new(name);
    let (mut store, ..) = folder.open();
    for record in [began(1), began(2), rung(1), rung(2), answered(1), answered(2)] {
        store.take(Kept::Journal(&record));
    }
    store.take(Kept::Persist(Ticket(1), &ended(1)));
    store.settle();
    for record in [began(3), late(1), rung(3), answered(3)] {
        store.take(Kept::Journal(&record));
    }
    store.take(Kept::Persist(Ticket(2), &ended(2)));
    store.settle();
    folder
}

fn frame_ends(bytes: &[u8]) -> Vec<(usize, Vec<u8>)> {
    let mut ends = vec![];
    segment::each_frame(bytes, 0, |offset, frame| {
        ends.push((offset as usize + frame.length, frame.record.to_vec()));
    });
    ends
}

#[test]
fn the_story_of_a_call_is_its_records_and_no_others() {
    let folder = busy_folder("story");
    let segments = Segments::new(&folder.0);
    assert_eq!(segments.of_call(call(1)).unwrap(), [began(1), rung(1), answered(1), ended(1), late(1)]);
    assert_eq!(segments.of_call(call(2)).unwrap(), [began(2), rung(2), answered(2), ended(2)]);
    assert_eq!(segments.of_call(call(3)).unwrap(), [began(3), rung(3), answered(3)]);
    assert!(segments.of_call(call(4)).unwrap().is_empty());
    assert_eq!(folder.calls(), [("C1.0.2".to_owned(), 16), ("C1.0.1".to_owned(), 16)]);
}

#[test]
fn a_journal_cut_at_any_byte_keeps_every_whole_record_and_closes_what_it_leaves_open() {
    let folder = busy_folder("cut");
    let bytes = fs::read(folder.segment()).unwrap();
    let frames = frame_ends(&bytes);
    for cut in 0..=bytes.len() {
        let copy = folder.copy_to("cut-copy").without_index();
        fs::write(copy.segment(), &bytes[..cut]).unwrap();
        let (store, recovered, _) = copy.open();
        drop(store);
        let whole: Vec<&Vec<u8>> =
            frames.iter().filter(|(end, _)| *end <= cut).map(|(_, record)| record).collect();
        let expected: Vec<(String, u8)> = (1..=3)
            .rev()
            .filter(|number| whole.contains(&&began(*number)))
            .map(|number| (call(number).to_string(), if whole.contains(&&ended(number)) { 16 } else { 41 }))
            .collect();
        assert_eq!(copy.calls(), expected, "cut at {cut}");
        assert_eq!(
            recovered.closed,
            expected.iter().filter(|(_, cause)| *cause == 41).count(),
            "cut at {cut}"
        );
        // Writing goes on behind what is whole, and the next start finds nothing to mend.
        let (_, again, _) = copy.open();
        assert_eq!(again.closed, 0, "cut at {cut}");
        assert_eq!(copy.calls(), expected, "cut at {cut}");
    }
}

#[test]
fn a_damaged_byte_costs_its_frame_and_what_is_cut_off_at_the_end_is_kept() {
    let folder = busy_folder("damage");
    let bytes = fs::read(folder.segment()).unwrap();
    let frames = frame_ends(&bytes);
    for place in 0..bytes.len() {
        let copy = folder.copy_to("damage-copy").without_index();
        let mut damaged = bytes.clone();
        damaged[place] ^= 0x41;
        fs::write(copy.segment(), &damaged).unwrap();
        let (_, recovered, _) = copy.open();
        let kept = fs::read(copy.segment()).unwrap();
        let hit = frames.iter().position(|(end, _)| place < *end).unwrap();
        if place < segment::SEGMENT_HEAD as usize || hit + 1 == frames.len() {
            let whole = if place < segment::SEGMENT_HEAD as usize { 0 } else { frames[hit - 1].0 };
            assert!(whole == 0 || kept.starts_with(&bytes[..whole]), "byte {place}");
            let cut_off = fs::read(copy.segment().with_extension("cut")).unwrap();
            assert!(damaged.ends_with(&cut_off) && !cut_off.is_empty(), "byte {place}");
            continue;
        }
        assert!(kept.starts_with(&damaged), "byte {place}");
        let lost = frames[hit].0 - if hit == 0 { 8 } else { frames[hit - 1].0 };
        // Where its length is gone, first records of calls that follow are not known for sure either.
        assert!(recovered.damaged_bytes as usize >= lost, "byte {place}");
        let has =
            |number| copy.calls().iter().any(|(its, cause)| *its == call(number).to_string() && *cause == 16);
        for number in [1, 2] {
            assert!(has(number) || frames[hit].1 == ended(number), "byte {place}");
        }
    }
}

#[test]
fn a_stop_between_journal_and_index_is_caught_up() {
    let folder = busy_folder("behind");
    let (mut store, recovered, _) = folder.open();
    assert_eq!(recovered.closed, 1);
    for record in [began(4), ended(4), began(5)] {
        store.append(&record);
    }
    store.writer.flush().unwrap();
    drop(store);
    assert_eq!(folder.calls().first().unwrap().0, "C1.0.3");
    let (_, recovered, _) = folder.open();
    assert_eq!((recovered.closed, recovered.last_number), (1, 20));
    let calls = folder.calls();
    assert_eq!(calls[..2], [("C1.0.5".to_owned(), 41), ("C1.0.4".to_owned(), 16)]);
    assert_eq!(calls.len(), 5);
}

#[test]
fn the_record_of_a_call_that_a_restart_ended_says_what_was_known() {
    let folder = busy_folder("restart");
    folder.open();
    let records = Segments::new(&folder.0).of_call(call(3)).unwrap();
    assert_eq!(records[..3], [began(3), rung(3), answered(3)]);
    let why = Record::decode(&records[3]).unwrap().entry;
    let restarted = Decision::Ended {
        cause: Cause::TEMPORARY_FAILURE,
        by: ReleasedBy::System,
        why: WhyEnded::ServerRestarted,
    };
    assert_eq!(why, Entry::Decision(restarted));
    let record = final_of(&records[4]).unwrap();
    assert_eq!((record.called, record.connected.number), ("9999", "9999"));
    assert_eq!((record.started_at, record.answered_at), (at(3), Some(at(4))));
    // The server's last sign of life is the end of the call.
    assert_eq!(record.ended_at, at(7));
    assert_eq!(record.legs.len(), 1);
    assert_eq!(record.legs[0].outcome, LegOutcome::Answered);
}

#[test]
fn the_record_of_a_call_that_a_restart_ended_says_who_had_sent_it_on() {
    let folder = Folder::new("sent-on");
    let (mut store, ..) = folder.open();
    let decide = |decision| encode(1, call(1), None, Entry::Decision(decision));
    let looked_up = |digits| {
        decide(Decision::LookedUp(Lookup {
            digits,
            pattern: digits,
            partition: "",
            kind: PatternKind::Line,
            why: WhyLookupEnded::Complete,
            waited: Duration::ZERO,
            called: digits,
            calling: "1001",
        }))
    };
    let resolved = |digits, destination| {
        decide(Decision::NumberResolved { digits, pattern: digits, sent: digits, destination })
    };
    let redirection = Redirection { by: "1002", reason: 2, on_behalf_of: 5 };
    let why = WhyForwarded::NoAnswer;
    let forwarding = Forwarding { redirection, why, to: "8000", hop: 1, way_out: None };
    let records = [
        began(1),
        looked_up("1002"),
        resolved("1002", DestinationView::Line("1002")),
        decide(Decision::Forwarded(forwarding)),
        looked_up("8000"),
        resolved("8000", DestinationView::HuntList("all")),
        decide(Decision::HuntBegan { pilot: "8000", list: "all" }),
        decide(Decision::HuntConnected { group: "sales", member: "1003" }),
    ];
    for record in &records {
        store.take(Kept::Journal(record));
    }
    store.settle();
    drop(store);
    folder.open();
    let records = Segments::new(&folder.0).of_call(call(1)).unwrap();
    let record = records.iter().find_map(|bytes| final_of(bytes)).unwrap();
    assert_eq!(record.redirections, [redirection]);
    assert_eq!((record.translated, record.hunt_pilot, record.final_called), ("1002", "8000", "1003"));
}

#[test]
fn the_record_of_a_call_that_a_restart_ended_says_who_authorized_it() {
    let codes = CodesView {
        authorization: Some(AuthorizationView { name: "Ada", level: 20, code: None }),
        matter: Some(MatterView { code: Pii("77"), description: "Smith against Jones" }),
    };
    let accepted = encode(3, call(3), None, Entry::Decision(Decision::CodesAccepted(codes)));
    let closed = recovery::closing(call(3), &[began(3), accepted], at(9)).unwrap();
    assert_eq!(final_of(&closed[1]).unwrap().codes, codes);
}

#[test]
fn a_start_reads_nothing_before_the_checkpoint() {
    let folder = busy_folder("checkpoint");
    folder.open();
    let whole = fs::read(folder.segment()).unwrap();
    let mut damaged = whole.clone();
    // Were it read, this would cut the journal.
    damaged[40] ^= 1;
    fs::write(folder.segment(), &damaged).unwrap();
    let (_, recovered, _) = folder.open();
    assert_eq!(recovered.closed, 0);
    assert_eq!(fs::read(folder.segment()).unwrap(), damaged);
    assert_eq!(folder.calls().len(), 3);
}

fn binding(id: u64, flow: Flow) -> BindingRecord {
    let texts = BindingTexts {
        line: "1001",
        contact: "sip:1001@192.0.2.1:5060",
        instance: if id == 1 { "<urn:uuid:1>" } else { "" },
        call_id: "r@1",
        user_agent: "desk phone",
        path: "<sip:a;lr>,<sip:b;lr>",
    };
    BindingRecord {
        binding: BindingId(id),
        texts: texts.pack().unwrap(),
        phone: (id == 1).then(|| "desk".into()),
        reg_id: (id == 1).then_some(1),
        account: Fingerprint([u64::MAX, id]),
        flow,
        socket: Some("192.0.2.9:5060".parse().unwrap()),
        cseq: 7,
        expires_at: at(3_600),
    }
}

#[test]
fn registrations_come_back_except_those_on_connections() {
    let folder = Folder::new("bindings");
    let udp = Flow::Datagram { listener: ListenerId(0), peer: peer() };
    let tcp = Flow::Stream { stream: StreamId(9), peer: peer(), transport: Transport::Tcp };
    let (mut store, ..) = folder.open();
    for record in [binding(1, udp), binding(2, tcp), binding(3, udp), binding(4, udp)] {
        store.take(Kept::Store(StoreRecord::Bound(record)));
    }
    store.checkpoint().unwrap();
    // A phone that came by UDP and now comes over a connection, and one that is gone.
    store.take(Kept::Store(StoreRecord::Bound(binding(3, tcp))));
    store.take(Kept::Store(StoreRecord::Unbound(BindingId(4))));
    store.take(Kept::Store(StoreRecord::NumbersReserved(4_096)));
    store.checkpoint().unwrap();
    let (_, recovered, _) = folder.open();
    assert_eq!(recovered.bindings, [binding(1, udp)]);
    assert_eq!(recovered.last_number, 4_096);
}

#[test]
fn waiting_messages_come_back() {
    let folder = Folder::new("mailboxes");
    let (mut store, ..) = folder.open();
    let counts = MessageCounts { new: 2, old: 8, urgent_new: 1, urgent_old: 0 };
    let (lit, counted) =
        (Mailbox { waiting: true, counts: None }, Mailbox { waiting: true, counts: Some(counts) });
    let mut tell = |line: &str, mailbox| {
        store.take(Kept::Store(StoreRecord::Mailbox(line.into(), mailbox)));
        store.checkpoint().unwrap();
    };
    tell("1001", lit);
    tell("1002 in Sales", lit);
    tell("1003", lit);
    tell("1002 in Sales", counted);
    tell("1003", Mailbox::default());
    drop(store);
    let expect = [("1001".into(), lit), ("1002 in Sales".into(), counted)];
    assert_eq!(folder.open().1.mailboxes, expect);
}

#[test]
fn what_users_set_comes_back_after_a_crash_and_what_they_took_back_does_not() {
    let folder = Folder::new("usersettings");
    let set = |store: &mut Store, ticket: u64, value: UserValue<'_>| {
        let set = UserSet { line: "1001:internal", phone: "desk", value, by: SetBy::Phone };
        let mut record = Vec::new();
        let entry = Entry::UserSet(set);
        Record { at: at(ticket), call: None, leg: None, entry }.encode(&mut record);
        store.take(Kept::Persist(Ticket(ticket), &record));
        record
    };
    let forward = |to| UserValue::Forward { which: Forwarded::All, to };
    let (mut store, ..) = folder.open();
    set(&mut store, 1, UserValue::Disturb(OnOff::Off));
    set(&mut store, 2, forward(ForwardedTo::Number("1002")));
    store.settle();
    set(&mut store, 3, UserValue::Disturb(OnOff::On));
    let last = set(&mut store, 4, forward(ForwardedTo::VoiceMail));
    store.settle();
    // Nothing is closed properly: another machine finds what the disk has, with and without the index.
    for copy in [folder.copy_to("usersettings-copy"), folder.copy_to("usersettings-bare").without_index()] {
        let (_, recovered, _) = copy.open();
        assert_eq!(recovered.user_settings, std::slice::from_ref(&last));
    }
}

#[test]
fn registrations_that_cannot_be_compared_with_what_is_configured_do_not_come_back() {
    let folder = Folder::new("uncompared");
    let udp = Flow::Datagram { listener: ListenerId(0), peer: peer() };
    let (mut store, ..) = folder.open();
    store.take(Kept::Store(StoreRecord::Bound(binding(1, udp))));
    store.checkpoint().unwrap();
    drop(store);
    let database = rusqlite::Connection::open(folder.0.join("strowger.db")).unwrap();
    for column in ["phone", "socket", "account_md5", "account_sha256"] {
        database.execute(&format!("alter table registration drop column {column}"), []).unwrap();
    }
    drop(database);
    let (mut store, recovered, _) = folder.open();
    assert_eq!(recovered.bindings, []);
    store.take(Kept::Store(StoreRecord::Bound(binding(1, udp))));
    store.checkpoint().unwrap();
    drop(store);
    assert_eq!(folder.open().1.bindings, [binding(1, udp)]);
}

#[test]
fn a_full_disk_breaks_no_promise_and_what_waited_is_written_once_there_is_room() {
    let folder = Folder::new("full");
    let (mut store, _, mailbox) = folder.open();
    let file = store.writer.replace_file(fs::OpenOptions::new().write(true).open("/dev/full").unwrap());
    store.take(Kept::Journal(&began(1)));
    store.take(Kept::Persist(Ticket(1), &ended(1)));
    store.settle();
    assert_eq!(letters(&mailbox), ["failed 1"]);
    // Not asked again before its time.
    store.settle();
    assert!(letters(&mailbox).is_empty());
    // The node asks again for the same record; another one comes.
    store.take(Kept::Persist(Ticket(1), &ended(1)));
    store.take(Kept::Persist(Ticket(2), &ended(2)));
    store.trouble.as_mut().unwrap().retry_at = Clock::now();
    store.settle();
    assert_eq!(letters(&mailbox), ["failed 1", "failed 2"]);
    store.writer.replace_file(file);
    store.trouble.as_mut().unwrap().retry_at = Clock::now();
    store.settle();
    assert_eq!(letters(&mailbox), ["kept 1", "kept 2"]);
    assert!(store.trouble.is_none());
    let records: Vec<_> =
        frame_ends(&fs::read(folder.segment()).unwrap()).into_iter().map(|(_, r)| r).collect();
    assert_eq!(records, [began(1), ended(1), ended(2)]);
    assert_eq!(folder.calls().len(), 2);
}

#[test]
fn a_full_segment_is_followed_by_another_and_the_oldest_go() {
    let folder = Folder::new("turn");
    let (mut store, ..) = folder.open();
    store.limit_bytes = 1 << 20;
    store.take(Kept::Journal(&began(1)));
    let filler = encode(
        1,
        call(2),
        Some(leg(9)),
        Entry::Message {
            direction: strowger_base::journal::Direction::Sent,
            flow: Flow::Datagram { listener: ListenerId(0), peer: peer() },
            bytes: &vec![b'x'; 512 * 1024],
        },
    );
    for _ in 0..SEGMENT_BYTES / (512 * 1024) + 1 {
        store.take(Kept::Journal(&filler));
        store.settle();
    }
    assert_eq!(segment::segments_in(&folder.0.join("journal")).unwrap(), [2]);
    // The call goes on; its story is told from its beginning.
    store.take(Kept::Persist(Ticket(1), &ended(1)));
    store.settle();
    drop(store);
    assert_eq!(Segments::new(&folder.0).of_call(call(1)).unwrap(), [began(1), ended(1)]);
    let (_, recovered, _) = folder.open();
    // Of the other call nothing is left that says who called whom.
    assert_eq!(recovered.closed, 0);
}
