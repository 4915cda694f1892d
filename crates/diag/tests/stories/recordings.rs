//! Recordings: the recorder's messages in the ladder of the call, and the call with the recorder.

use strowger_base::journal::{
    CallRecord, CodesView, Decision, Direction, Entry, Feature, LegOutcome, LegRecord, Moves, OriginView,
    Record, RecordingNews, ReleasedBy, TargetView, WhyEnded, WhyRecorded,
};
use strowger_base::{CallId, Cause, LegId, NodeId, ShardId};
use strowger_diag::{recorded, tell};

use crate::journal::{A, B1, CALL, Journal, at, party};

const RECORDER: LegId = LegId::new(NodeId(1), ShardId(0), 14);
const ITS_CALL: CallId = CallId::new(NodeId(1), ShardId(0), 43);

fn recorded_call() -> Journal {
    let begins = RecordingNews::Begins { trunk: "rec", number: "7000", because: WhyRecorded::Automatic };
    Journal::to_line(&[B1])
        .decide(100, Some(A), Decision::Recording(begins))
        .message(101, RECORDER, Direction::Sent, "192.0.2.9:5060", b"INVITE sip:7000@rec SIP/2.0\r\n\r\n")
        .message(
            102,
            RECORDER,
            Direction::Received,
            "192.0.2.9:5060",
            b"SIP/2.0 200 OK\r\nCSeq: 1 INVITE\r\n\r\n",
        )
        .end(
            9_000,
            (Cause::NORMAL_CALL_CLEARING, ReleasedBy::Caller, WhyEnded::HungUp),
            (Some(50), Some(90)),
            &[(B1, LegOutcome::Answered)],
        )
}

fn its_own() -> Record<'static> {
    let record = CallRecord {
        call: ITS_CALL,
        origin: OriginView::Line { line: "1001", phone: "" },
        calling_leg: A,
        calling: party("1001", "Alice"),
        called: "7000",
        translated: "7000",
        sent: "7000",
        final_called: "7000",
        redirections: Vec::new(),
        hunt_pilot: "",
        connected: party("7000", ""),
        codes: CodesView::default(),
        started_at: at(100),
        alerted_at: None,
        answered_at: Some(at(102)),
        ended_at: at(9_102),
        cause: Cause::NORMAL_CALL_CLEARING,
        released_by: ReleasedBy::System,
        legs: vec![LegRecord {
            leg: RECORDER,
            target: TargetView::Trunk("rec"),
            rung_at: at(100),
            outcome: LegOutcome::Answered,
        }],
        moves: Some(Moves { conversation: CALL, joined_by: Some(Feature::Recording), left_by: None }),
        malicious: false,
    };
    Record { at: at(9_102), call: Some(ITS_CALL), leg: None, entry: Entry::Call(record) }
}

#[test]
fn a_recorded_call_has_its_recorder_in_the_ladder() {
    let story = tell(&recorded_call().0);
    let names: Vec<&str> = story.parties.iter().map(|party| &*party.name).collect();
    assert_eq!(names, ["1001", "Strowger", "the phone of 1002", "recorder 7000 (trunk rec)"]);
    assert_eq!(story.ladder.len(), 2);
}

#[test]
fn a_call_with_a_recorder_says_what_it_is_and_has_what_was_said_to_it() {
    let own = [its_own()];
    let rest = recorded(&own).unwrap();
    assert_eq!(rest.conversation, CALL);
    let journal = recorded_call();
    assert!(recorded(&journal.0).is_none());
    let mut all: Vec<Record<'_>> = journal.0.into_iter().filter(|record| rest.takes(record)).collect();
    all.extend(own);
    let story = tell(&all);
    assert_eq!((&*story.call, &*story.calling, &*story.called), ("C1.0.43", "1001", "7000"));
    assert_eq!(
        story.headline,
        "Recorder 7000 (trunk rec) recorded 1001 (Alice) in call C1.0.42 for 9 s; it is no call of people."
    );
    let summaries: Vec<&str> = story.ladder.iter().map(|rung| &*rung.summary).collect();
    assert_eq!(summaries, ["INVITE 7000", "200 OK to INVITE"]);
    assert_eq!(story.lines.len(), 1);
}
