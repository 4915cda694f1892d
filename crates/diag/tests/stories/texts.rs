//! Whole stories as text and as data.

use std::time::Duration;

use strowger_base::journal::{
    AskedCode, AudioFlow, AuthorizationView, CodesView, Decision, DestinationView, Direction, Entry,
    LegOutcome, MatterView, MediaPart, MediaPath, OriginView, Quality, QualityDetail, Record, ReleasedBy,
    StreamEnd, TargetView, Told, Way, WhyEnded, WhyRelay, WhyReleased,
};
use strowger_base::leg::{Alert, BindingId, ReleaseReason, Service};
use strowger_base::{CallId, Cause, LegId, NodeId, Pii, ShardId};
use strowger_diag::{Selector, tell, text};

use crate::journal::{A, B1, B2, CALL, Journal, at, flow, party};

#[test]
fn a_story_with_codes_shows_none_of_them() {
    let level = AskedCode::Authorization { level: 10 };
    let timer = Duration::from_secs(15);
    let codes = CodesView {
        authorization: Some(AuthorizationView { name: "Ada", level: 20, code: Some(Pii("4711")) }),
        matter: Some(MatterView { code: Pii("4712"), description: "Smith against Jones" }),
    };
    let destination = DestinationView::Trunk("carrier");
    let resolved = Decision::NumberResolved { digits: "90551", pattern: "9.0551", sent: "0551", destination };
    let journal = Journal::call("90551#")
        .message(
            0,
            A,
            Direction::Received,
            "192.0.2.10:5060",
            b"INVITE sip:90551%234711@pbx SIP/2.0\r\nTo: <sip:90551%234711@pbx>\r\n\r\n",
        )
        .decide(0, None, Decision::CodeAsked { code: level, timer })
        .message(
            900,
            A,
            Direction::Received,
            "192.0.2.10:5060",
            b"NOTIFY sip:pbx SIP/2.0\r\n\r\n<kpml-response digits=\"7\"/>",
        )
        .told(900, A, Told::Digit)
        .decide(1_000, None, Decision::CodeAsked { code: AskedCode::Matter, timer })
        .decide(3_000, None, Decision::CodesAccepted(codes))
        .decide(3_000, None, resolved);
    check_text(&journal, true, include_str!("../../testdata/codes.txt"));
}

const RINGING: &[u8] = b"SIP/2.0 180 Ringing\r\nCSeq: 1 INVITE\r\n\r\n";
const OK: &[u8] = b"SIP/2.0 200 OK\r\ncseq : 1 INVITE\r\n\r\n";
const SDP_A: &str =
    "v=0\r\no=- 1 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8 0\r\n";

fn media(way: Way, flows: (AudioFlow, AudioFlow)) -> Decision<'static> {
    let end = |leg, text: &str, flow| StreamEnd { leg, address: text.parse().ok(), flow };
    Decision::MediaPath(MediaPath {
        offerer: end(A, "192.0.2.10:4000", flows.0),
        answerer: end(B2, "192.0.2.21:5000", flows.1),
        codec: "PCMA",
        way,
    })
}

/// Two phones ring, the second answers, hold and resume through a relay, the caller hangs up.
fn long_story() -> Journal {
    use Direction::{Received, Sent};
    let invite: &'static [u8] =
        format!("INVITE sip:1002@pbx SIP/2.0\r\nCSeq: 1 INVITE\r\n\r\n{SDP_A}").into_bytes().leak();
    let answered = (Some(300), Some(4_000));
    let elsewhere = Cause::NON_SELECTED_USER_CLEARING;
    let mut journal = Journal(Vec::new()).message(0, A, Received, "192.0.2.10:5060", invite);
    journal.0.extend(Journal::to_line(&[B1, B2]).0);
    journal
        .decide(1, None, Decision::RelayWanted { why: WhyRelay::Configured })
        .message(1, B1, Sent, "192.0.2.20:5060", b"INVITE sip:1002@192.0.2.20 SIP/2.0\r\n\r\n")
        .message(1, B2, Sent, "192.0.2.21:5060", b"INVITE sip:1002@192.0.2.21 SIP/2.0\r\n\r\n")
        .message(300, B1, Received, "192.0.2.20:5060", RINGING)
        .told(300, B1, Told::Alerting { alert: Alert::Ringing, media: MediaPart::Nothing })
        .decide(300, None, Decision::CallerAlerted { alert: Alert::Ringing, media: MediaPart::Nothing })
        .message(300, A, Sent, "192.0.2.10:5060", RINGING)
        .told(900, B1, Told::Alerting { alert: Alert::Ringing, media: MediaPart::Nothing })
        .message(4_000, B2, Received, "192.0.2.21:5060", OK)
        .told(4_000, B2, Told::Answered { media: MediaPart::Answer, connected: party("", "") })
        .decide(
            4_000,
            Some(B1),
            Decision::LegReleased { cause: elsewhere, why: WhyReleased::AnsweredElsewhere },
        )
        .decide(4_000, Some(B2), Decision::AnsweredBy { connected: party("1002", "Bob") })
        .decide(4_000, None, media(Way::Relayed, (AudioFlow::Both, AudioFlow::Both)))
        .message(4_000, B1, Sent, "192.0.2.20:5060", b"CANCEL sip:1002@192.0.2.20 SIP/2.0\r\n\r\n")
        .message(4_000, A, Sent, "192.0.2.10:5060", OK)
        .decide(9_000, None, media(Way::Relayed, (AudioFlow::SendOnly, AudioFlow::ReceiveOnly)))
        .decide(9_000, Some(A), Decision::Held)
        .decide(15_500, Some(A), Decision::Resumed)
        .message(20_000, A, Received, "192.0.2.10:5060", b"BYE sip:1002@192.0.2.1 SIP/2.0\r\n\r\n")
        .told(20_000, A, Told::Released { cause: Cause::NORMAL_CALL_CLEARING, reason: ReleaseReason::HungUp })
        .end(
            20_000,
            (Cause::NORMAL_CALL_CLEARING, ReleasedBy::Caller, WhyEnded::HungUp),
            answered,
            &[(B1, LegOutcome::Withdrawn(elsewhere)), (B2, LegOutcome::Answered)],
        )
        .and(20_010, Some(A), Entry::Quality(quality(800, 8)))
        .and(20_010, Some(B2), Entry::Quality(quality(0, 0)))
}

fn quality(packets: u64, lost: u64) -> Quality {
    Quality {
        packets,
        lost,
        jitter: 4,
        sent: 790,
        remote_lost: None,
        round_trip: None,
        malformed: 0,
        foreign: 0,
        peer: None,
        detail: None,
        carried: None,
    }
}

#[test]
fn what_is_unusual_about_packets_is_told() {
    let check = |quality: Quality, expect: &str| {
        let rung = Decision::Rung {
            target: TargetView::Phone { line: "1002", phone: "", binding: BindingId(1) },
            called: "1002",
            shown: party("1001", "Alice"),
        };
        let journal =
            Journal::call("1002").decide(1, Some(B2), rung).and(2, Some(B2), Entry::Quality(quality));
        let lines = tell(&journal.0).lines;
        assert_eq!(lines.last().map(|line| &*line.text), Some(expect));
    };
    let detail = QualityDetail { opinion_score: Some(440), ..QualityDetail::default() };
    let good = Quality { detail: Some(detail), ..quality(800, 0) };
    check(
        good,
        "From 1002 arrived 800 audio packets, 0 lost (0.0 %); 790 were sent to it. Jitter 0.5 ms, MOS 4.40 (estimated).",
    );
    let bad = QualityDetail {
        reordered: 1,
        duplicates: 2,
        late: 3,
        gaps: 4,
        longest_gap: 5,
        payload_type: Some(8),
        opinion_score: Some(305),
        unsent: 6,
        unsent_error: Some(101),
    };
    let round_trip = Some(Duration::from_millis(180));
    check(
        Quality { malformed: 1, foreign: 7, round_trip, detail: Some(bad), ..quality(800, 8) },
        "From 1002 arrived 800 audio packets, 8 lost (1.0 %); 790 were sent to it. 1 was no RTP or had a payload type \
         that was not agreed. 7 came from somebody else and were dropped. 3 came too late to be played. 1 was overtaken \
         by later ones. 2 came twice. Up to 5 were lost in a row. The round trip took 180 ms. Jitter 0.5 ms, MOS 3.05 (estimated). 6 \
         packets to it could not be sent: Network is unreachable (os error 101).",
    );
    let wrong = Quality { malformed: 50, detail: Some(QualityDetail::default()), ..quality(0, 0) };
    check(
        wrong,
        "No audio packet arrived from 1002; 790 were sent to it. 50 were no RTP or had a payload type that was not agreed.",
    );
}

#[test]
fn phones_with_names_are_called_by_them() {
    let began = Decision::CallBegan {
        origin: OriginView::Line { line: "1001", phone: "desk" },
        calling: party("1001", "Alice"),
        called: "1002",
        protocol_call_id: "x@y",
        flow: flow("192.0.2.10:5060"),
        media: MediaPart::Offer,
    };
    let target = TargetView::Phone { line: "1002", phone: "SEP1", binding: BindingId(1) };
    let rung = Decision::Rung { target, called: "1002", shown: party("1001", "Alice") };
    let journal = Journal(Vec::new()).and(0, Some(A), Entry::Decision(began)).decide(1, Some(B1), rung);
    let told = text(&tell(&journal.0), false);
    for sentence in [
        "1001 (Alice) on phone desk called 1002 from 192.0.2.10:5060.",
        "Ringing phone SEP1 of 1002; it is shown 1001 (Alice).",
    ] {
        assert!(told.contains(sentence), "{told}");
    }
    let twice = journal.decide(1, Some(B2), rung);
    assert!(text(&tell(&twice.0), false).contains("Ringing phone SEP1 (2) of 1002;"));
}

#[track_caller]
fn check_text(journal: &Journal, messages: bool, expect: &str) {
    let actual = text(&tell(&journal.0), messages);
    assert!(actual == expect, "the story is now:\n-----\n{actual}-----\n");
}

#[test]
fn a_whole_story() {
    check_text(&long_story(), false, include_str!("../../testdata/long.txt"));
}

#[test]
fn a_short_story_with_whole_messages() {
    let service = TargetView::Service(Service::Echo);
    let destination = DestinationView::Service(Service::Echo);
    let options: &'static [u8] = b"INVITE sip:9999@pbx SIP/2.0\r\nCall-ID: x\r\n\r\n";
    let journal = Journal::call("9999")
        .message(0, A, Direction::Received, "192.0.2.10:5060", options)
        .decide(
            0,
            None,
            Decision::NumberResolved { digits: "9999", pattern: "9999", sent: "9999", destination },
        )
        .decide(
            0,
            Some(B1),
            Decision::Rung { target: service, called: "9999", shown: party("1001", "Alice") },
        );
    check_text(&journal, true, include_str!("../../testdata/short.txt"));
}

#[test]
fn a_story_is_data_too() {
    fn can_be_written<T: serde::Serialize>(_: &T) {}
    let story = tell(&long_story().0);
    can_be_written(&story);
    assert_eq!((&*story.call, story.talk_seconds, story.in_progress), ("C1.0.42", Some(16.0), false));
    assert_eq!((story.cause, &*story.cause_words), (Some(16), "normal call clearing"));
    assert_eq!(story.ladder.len(), 9);
    let first = &story.ladder[0];
    assert_eq!((first.from, first.to, &*first.media), (0, 1, "PCMA,PCMU 192.0.2.10:4000"));
    assert_eq!(first.summary, "INVITE 1002");
}

#[test]
fn a_selector_takes_what_legs_say_after_the_call() {
    let mut selector = Selector::new(CALL);
    let record = |call: Option<CallId>, leg: Option<LegId>| Record {
        at: at(0),
        call,
        leg,
        entry: Entry::Told(Told::Proceeding),
    };
    assert!(!selector.takes(&record(None, Some(A))), "the leg is not known yet");
    assert!(selector.takes(&record(Some(CALL), Some(A))));
    assert!(selector.takes(&record(None, Some(A))));
    assert!(!selector.takes(&record(None, Some(B1))));
    assert!(!selector.takes(&record(Some(CallId::new(NodeId(1), ShardId(0), 43)), Some(A))));
    assert!(!selector.takes(&record(None, None)));
}

#[test]
fn media_is_told_as_it_flows() {
    let check = |target: TargetView<'static>, way: Way, expect: &[&str]| {
        let rung = Decision::Rung { target, called: "1002", shown: party("1001", "Alice") };
        let answered = Decision::AnsweredBy { connected: party("1002", "") };
        let journal = Journal::call("1002")
            .decide(1, Some(B2), rung)
            .decide(2, Some(B2), answered)
            .decide(2, None, media(way, (AudioFlow::Both, AudioFlow::Both)))
            .and(20_010, Some(B2), Entry::Quality(quality(800, 8)))
            .and(20_011, Some(B2), Entry::Quality(quality(0, 0)));
        let end = (Cause::NORMAL_CALL_CLEARING, ReleasedBy::Caller, WhyEnded::HungUp);
        let journal = journal.end(20_000, end, (None, Some(2)), &[(B2, LegOutcome::Answered)]);
        let story = tell(&journal.0);
        let lines: Vec<&str> = story.lines.iter().map(|line| &*line.text).collect();
        let told: Vec<&str> =
            lines.into_iter().filter(|line| line.contains("Media") || line.contains("packet")).collect();
        assert_eq!([&[&*story.headline], &told[..]].concat(), expect, "{way:?}");
    };
    let phone = TargetView::Phone { line: "1002", phone: "", binding: BindingId(1) };
    let talked = "1001 called 1002; 1002 answered, they talked for 19 s, and 1001 hung up.";
    let of_phone = [
        "From 1002 arrived 800 audio packets, 8 lost (1.0 %); 790 were sent to it.",
        "No audio packet arrived from 1002; 790 were sent to it.",
    ];
    check(
        phone,
        Way::Direct,
        &[
            talked,
            "Media is agreed (PCMA) and does not pass this server: 1001 sends to 1002 at 192.0.2.21:5000; 1002 sends to \
             1001 at 192.0.2.10:4000.",
            of_phone[0],
            of_phone[1],
        ],
    );
    check(
        phone,
        Way::Relayed,
        &[
            talked,
            "Media is agreed (PCMA) and goes through the relay of this server: what 1001 sends goes on to 1002 at \
             192.0.2.21:5000; what 1002 sends goes on to 1001 at 192.0.2.10:4000.",
            of_phone[0],
            of_phone[1],
        ],
    );
    check(
        TargetView::Service(Service::Announcement),
        Way::Direct,
        &[
            "1001 called 1002; the announcement answered, the call lasted 19 s, and 1001 hung up.",
            "Media is agreed (PCMA): 1001 sends to the announcement at 192.0.2.21:5000; the announcement sends to 1001 \
             at 192.0.2.10:4000.",
            "The announcement got 800 audio packets, 8 lost (1.0 %), and sent 790.",
            "The announcement got no audio packet and sent 790.",
        ],
    );
}
