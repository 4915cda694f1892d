//! Stories of journals made by hand: the headline of each way a call can end, and two whole stories as text.

use std::net::SocketAddr;
use std::time::Duration;

use strowger_base::journal::{
    AskedCode, AudioFlow, AuthorizationView, CallRecord, CodesView, Decision, DestinationView, Direction,
    Entry, Forwarding, LegOutcome, LegRecord, Lookup, MatterView, MediaPart, MediaPath, NotResolved,
    OriginView, PartyView, PatternKind, Quality, QualityDetail, Record, Redirection, ReleasedBy, StreamEnd,
    TargetView, Told, Way, WhyCodeRefused, WhyEnded, WhyForwarded, WhyLookupEnded, WhyRefused, WhyRelay,
    WhyReleased,
};
use strowger_base::leg::{Alert, BindingId, Presentation, ReleaseReason, Service};
use strowger_base::net::{Flow, ListenerId};
use strowger_base::{CallId, Cause, LegId, NodeId, Pii, ShardId, WallTime};
use strowger_diag::{Selector, tell, text};

const CALL: CallId = CallId::new(NodeId(1), ShardId(0), 42);
const A: LegId = LegId::new(NodeId(1), ShardId(0), 4);
const B1: LegId = LegId::new(NodeId(1), ShardId(0), 6);
const B2: LegId = LegId::new(NodeId(1), ShardId(0), 10);
const BEGAN: u64 = 1_790_000_000_000_000;

/// A journal in the making.
struct Journal(Vec<Record<'static>>);

impl Journal {
    /// 1001 (Alice) calls a number.
    fn call(called: &'static str) -> Self {
        let began = Decision::CallBegan {
            origin: OriginView::Line { line: "1001", phone: "" },
            calling: party("1001", "Alice"),
            called,
            protocol_call_id: "x@y",
            flow: flow("192.0.2.10:5060"),
            media: MediaPart::Offer,
        };
        Journal(Vec::new()).and(0, Some(A), Entry::Decision(began))
    }

    /// 1001 calls 1002, whose phones are rung.
    fn to_line(legs: &[LegId]) -> Self {
        let destination = DestinationView::Line("1002");
        let resolved =
            Decision::NumberResolved { digits: "1002", pattern: "1002", sent: "1002", destination };
        let found = Decision::PhonesFound { line: "1002", phones: legs.len() as u32 };
        let mut journal = Journal::call("1002").decide(0, None, resolved).decide(0, None, found);
        for (index, leg) in legs.iter().enumerate() {
            let target = TargetView::Phone { line: "1002", phone: "", binding: BindingId(index as u64) };
            let rung = Decision::Rung { target, called: "1002", shown: party("1001", "Alice") };
            journal = journal.decide(1, Some(*leg), rung);
        }
        journal
    }

    fn and(mut self, ms: u64, leg: Option<LegId>, entry: Entry<'static>) -> Self {
        self.0.push(Record { at: at(ms), call: Some(CALL), leg, entry });
        self
    }

    fn decide(self, ms: u64, leg: Option<LegId>, decision: Decision<'static>) -> Self {
        self.and(ms, leg, Entry::Decision(decision))
    }

    fn told(self, ms: u64, leg: LegId, told: Told<'static>) -> Self {
        self.and(ms, Some(leg), Entry::Told(told))
    }

    fn message(self, ms: u64, leg: LegId, direction: Direction, peer: &str, bytes: &'static [u8]) -> Self {
        self.and(ms, Some(leg), Entry::Message { direction, flow: flow(peer), bytes })
    }

    /// The end, with what became of the legs.
    fn end(
        self,
        ms: u64,
        (cause, by, why): (Cause, ReleasedBy, WhyEnded),
        (alerted, answered): (Option<u64>, Option<u64>),
        outcomes: &[(LegId, LegOutcome)],
    ) -> Self {
        let called = self.0.iter().find_map(|record| match record.entry {
            Entry::Decision(Decision::CallBegan { called, .. }) => Some(called),
            _ => None,
        });
        let target = |leg| {
            self.0.iter().find_map(|record| match record.entry {
                Entry::Decision(Decision::Rung { target, .. }) if record.leg == Some(leg) => Some(target),
                _ => None,
            })
        };
        let legs = outcomes.iter().map(|(leg, outcome)| LegRecord {
            leg: *leg,
            target: target(*leg).unwrap_or(TargetView::Trunk("?")),
            rung_at: at(1),
            outcome: *outcome,
        });
        let pilot = self.0.iter().find_map(|record| match record.entry {
            Entry::Decision(Decision::HuntBegan { pilot, .. }) => Some(pilot),
            _ => None,
        });
        let connected = if answered.is_some() { party("1002", "Bob") } else { PartyView::default() };
        let record = CallRecord {
            call: CALL,
            origin: OriginView::Line { line: "1001", phone: "" },
            calling_leg: A,
            calling: party("1001", "Alice"),
            called: called.unwrap_or(""),
            translated: called.unwrap_or(""),
            sent: called.unwrap_or(""),
            final_called: called.unwrap_or(""),
            redirections: vec![],
            hunt_pilot: pilot.unwrap_or(""),
            connected,
            codes: CodesView::default(),
            started_at: at(0),
            alerted_at: alerted.map(at),
            answered_at: answered.map(at),
            ended_at: at(ms),
            cause,
            released_by: by,
            legs: legs.collect(),
            moves: None,
            malicious: false,
        };
        self.decide(ms, None, Decision::Ended { cause, by, why }).and(ms, None, Entry::Call(record))
    }
}

fn at(ms: u64) -> WallTime {
    WallTime::from_micros(BEGAN + ms * 1000)
}

fn flow(peer: &str) -> Flow {
    let peer: SocketAddr = peer.parse().unwrap_or(SocketAddr::from(([0, 0, 0, 0], 0)));
    Flow::Datagram { listener: ListenerId(0), peer }
}

fn party(number: &'static str, name: &'static str) -> PartyView<'static> {
    PartyView { number, name, presentation: Presentation::Allowed }
}

fn refused(status: u16) -> LegOutcome {
    LegOutcome::Failed { cause: Cause::from_sip_status(status), reason: ReleaseReason::Refused(status) }
}

#[test]
fn the_headline_says_what_became_of_the_call_and_why() {
    let check = |journal: Journal, expect: &str| assert_eq!(tell(&journal.0).headline, expect);
    let clearing = Cause::NORMAL_CALL_CLEARING;
    let none = (None, None);

    check(
        Journal::to_line(&[B1]).end(
            13_400,
            (clearing, ReleasedBy::Called, WhyEnded::HungUp),
            (Some(50), Some(3_200)),
            &[(B1, LegOutcome::Answered)],
        ),
        "1001 called 1002; 1002 answered, they talked for 10 s, and 1002 hung up.",
    );
    // A number that grew: the leg that was answered is not the one that it began with.
    let incomplete = Cause::INVALID_NUMBER_FORMAT;
    let grew = Decision::LegReleased { cause: incomplete, why: WhyReleased::NumberIncomplete };
    let mut grown = Journal::to_line(&[B1]).decide(1, Some(A), grew).end(
        13_400,
        (clearing, ReleasedBy::Caller, WhyEnded::HungUp),
        (Some(50), Some(3_200)),
        &[(B1, LegOutcome::Answered)],
    );
    for record in &mut grown.0 {
        if let Entry::Call(call) = &mut record.entry {
            call.calling_leg = B2;
        }
    }
    check(grown, "1001 called 1002; 1002 answered, they talked for 10 s, and 1001 hung up.");
    check(
        Journal::to_line(&[B1]).end(
            4_050,
            (clearing, ReleasedBy::Caller, WhyEnded::CallerGaveUp),
            (Some(50), None),
            &[(B1, LegOutcome::Withdrawn(clearing))],
        ),
        "1001 called 1002 and gave up after 4 s of ringing.",
    );
    check(
        Journal::to_line(&[B1]).end(900, (clearing, ReleasedBy::Caller, WhyEnded::CallerGaveUp), none, &[]),
        "1001 called 1002 and gave up after 0.9 s, before anything rang.",
    );
    let no_answer = Cause::NO_ANSWER_FROM_USER;
    check(
        Journal::to_line(&[B1])
            .decide(60_000, None, Decision::NoAnswer { called: "1002", after: Duration::from_secs(60) })
            .end(60_000, (no_answer, ReleasedBy::System, WhyEnded::NoAnswer), none, &[]),
        "1001 called 1002: 1002 did not answer within 60 s.",
    );
    let lost = ReleaseReason::SessionExpired;
    check(
        Journal::to_line(&[B1]).end(
            90_000,
            (Cause::RECOVERY_ON_TIMER_EXPIRY, ReleasedBy::Caller, WhyEnded::DeviceLost(lost)),
            (None, Some(1_000)),
            &[(B1, LegOutcome::Answered)],
        ),
        "1001 called 1002; the call was lost after it had been answered and 89 s of talking: 1001 did not refresh \
         the session in time.",
    );
    let told = (Cause::TEMPORARY_FAILURE, ReleasedBy::System, WhyEnded::ServerStopped);
    check(
        Journal::to_line(&[B1]).end(5_000, told, (None, Some(1_000)), &[(B1, LegOutcome::Answered)]),
        "1001 called 1002; the server was told to stop and ended the call while they talked.",
    );
    check(
        Journal::to_line(&[B1]).end(5_000, told, none, &[]),
        "1001 called 1002; the server was told to stop and ended the call before anybody answered.",
    );
    let stopped = (Cause::TEMPORARY_FAILURE, ReleasedBy::System, WhyEnded::ServerRestarted);
    check(
        Journal::to_line(&[B1]).end(5_000, stopped, (None, Some(1_000)), &[(B1, LegOutcome::Answered)]),
        "1001 called 1002; the server stopped while they talked.",
    );
    check(
        Journal::to_line(&[B1]).end(
            50,
            (Cause::MANDATORY_IE_MISSING, ReleasedBy::System, WhyEnded::NoMedia),
            none,
            &[],
        ),
        "1001 called 1002, which answered, but without media to talk over.",
    );
    check(Journal::to_line(&[B1]), "1001 (Alice) called 1002; the call has not ended yet.");
    check(Journal(Vec::new()), "The journal has nothing about this call.");
}

#[test]
fn the_headline_says_where_a_call_was_sent_on() {
    let check = |journal: Journal, expect: &str| assert_eq!(tell(&journal.0).headline, expect);
    let sent_on = |journal: Journal, to: &'static str, why, reason| {
        let redirection = Redirection { by: "1002", reason, on_behalf_of: 5 };
        let forwarding = Forwarding { redirection, why, to, hop: 1, way_out: None };
        journal.decide(12_000, None, Decision::Forwarded(forwarding))
    };
    let no_answer = Cause::NO_ANSWER_FROM_USER;
    let nobody = |called: &'static str| Decision::NoAnswer { called, after: Duration::from_secs(12) };
    let journal = Journal::to_line(&[B1]).decide(12_000, None, nobody("1002"));
    check(
        sent_on(journal, "1003", WhyForwarded::NoAnswer, 2).decide(24_000, None, nobody("1003")).end(
            24_000,
            (no_answer, ReleasedBy::System, WhyEnded::NoAnswer),
            (Some(50), None),
            &[],
        ),
        "1001 called 1002 (sent on to 1003): 1003 did not answer within 12 s.",
    );
    let refused = |why| Decision::Refused { cause: Cause::EXCHANGE_ROUTING_ERROR, why };
    let why = (Cause::EXCHANGE_ROUTING_ERROR, ReleasedBy::System, WhyEnded::Refused);
    check(
        sent_on(Journal::call("1002"), "1002", WhyForwarded::Unregistered, 178)
            .decide(1, None, refused(WhyRefused::TooManyRedirections { hops: 12 }))
            .end(1, why, (None, None), &[]),
        "1001 called 1002 (sent on to 1002): the call was redirected 12 times, which is all that it may be.",
    );
    let hunt = || Journal::call("8000").decide(0, None, Decision::HuntBegan { pilot: "8000", list: "all" });
    check(
        hunt().decide(1, None, refused(WhyRefused::NobodyToHunt { pilot: "8000" })).end(
            1,
            why,
            (None, None),
            &[],
        ),
        "1001 called 8000: nobody behind hunt pilot 8000 can be offered the call.",
    );
    let exhausted = (Cause::USER_BUSY, ReleasedBy::System, WhyEnded::HuntExhausted);
    check(
        hunt().end(20_000, exhausted, (Some(50), None), &[]),
        "1001 called 8000: nobody behind hunt pilot 8000 took the call (user busy).",
    );
}

#[test]
fn the_headline_names_the_phone_that_decided() {
    let check = |legs: &[(LegId, LegOutcome)], cause: Cause, expect: &str| {
        let ids: Vec<LegId> = legs.iter().map(|leg| leg.0).collect();
        let end = (cause, ReleasedBy::Called, WhyEnded::NobodyTookIt);
        let journal = Journal::to_line(&ids).end(200, end, (None, None), legs);
        assert_eq!(tell(&journal.0).headline, format!("1001 called 1002: {expect}."));
    };
    check(
        &[(B1, refused(603))],
        Cause::CALL_REJECTED,
        "the phone of 1002 refused the call (603 Decline, call rejected)",
    );
    check(
        &[(B1, refused(486))],
        Cause::USER_BUSY,
        "1002 is busy, the phone of 1002 refused the call (486 Busy Here, user busy)",
    );
    let silent = LegOutcome::Failed { cause: Cause::NO_USER_RESPONDING, reason: ReleaseReason::NoResponse };
    check(&[(B1, silent)], Cause::NO_USER_RESPONDING, "the phone of 1002 did not respond at all");
    check(
        &[(B1, silent), (B2, refused(486))],
        Cause::USER_BUSY,
        "none of 2 phones took the call, 1002 is busy, phone 2 of 1002 refused the call (486 Busy Here, user busy)",
    );
}

#[test]
fn the_headline_says_why_a_call_was_refused() {
    let check = |called: &'static str, decisions: &[Decision<'static>], cause: Cause, expect: &str| {
        let mut journal = Journal::call(called);
        for decision in decisions {
            journal = journal.decide(0, None, *decision);
        }
        let end = (cause, ReleasedBy::System, WhyEnded::Refused);
        assert_eq!(tell(&journal.end(0, end, (None, None), &[]).0).headline, expect);
    };
    let refused = |cause: Cause, why: WhyRefused<'static>| Decision::Refused { cause, why };
    let unallocated = Cause::UNALLOCATED_NUMBER;
    check(
        "5555",
        &[
            Decision::NumberNotResolved { digits: "5555", why: NotResolved::NoMatch },
            refused(unallocated, WhyRefused::NumberNotResolved),
        ],
        unallocated,
        "1001 called 5555, which leads nowhere: nothing in the dial plan matches it.",
    );
    // What its translations made of it is what nothing matches.
    let lookup = |digits, kind, called| {
        Decision::LookedUp(Lookup {
            digits,
            pattern: if kind == PatternKind::None { "" } else { "8.XXXX" },
            partition: "",
            kind,
            why: WhyLookupEnded::Complete,
            waited: Duration::ZERO,
            called,
            calling: "1001",
        })
    };
    let translated = [
        lookup("85555", PatternKind::Translation, "5555"),
        lookup("5555", PatternKind::None, ""),
        Decision::NumberNotResolved { digits: "85555", why: NotResolved::NoMatch },
        refused(unallocated, WhyRefused::NumberNotResolved),
    ];
    check(
        "85555",
        &translated,
        unallocated,
        "1001 called 85555, which became 5555, which leads nowhere: nothing in the dial plan matches it.",
    );
    let mut journal = Journal::call("85555");
    for decision in translated {
        journal = journal.decide(0, None, decision);
    }
    let end = (unallocated, ReleasedBy::System, WhyEnded::Refused);
    let story = tell(&journal.end(0, end, (None, None), &[]).0);
    let told: Vec<&str> = story.lines.iter().map(|line| &*line.text).collect();
    assert!(told.contains(&"5555 leads nowhere: nothing in the dial plan matches it."), "{told:?}");
    let barred = Cause::OUTGOING_CALLS_BARRED;
    let blocked = NotResolved::Blocked { pattern: "00!", cause: barred };
    check(
        "0012",
        &[
            Decision::NumberNotResolved { digits: "0012", why: blocked },
            refused(barred, WhyRefused::NumberNotResolved),
        ],
        barred,
        "1001 called 0012, which the pattern 00! forbids: cause 52 (outgoing calls barred).",
    );
    check(
        "",
        &[Decision::NumberNotResolved { digits: "", why: NotResolved::Malformed }],
        Cause::INVALID_NUMBER_FORMAT,
        "1001 called no number: that cannot be dialled.",
    );
    check(
        "1003",
        &[refused(Cause::SUBSCRIBER_ABSENT, WhyRefused::NotRegistered { line: "1003" })],
        Cause::SUBSCRIBER_ABSENT,
        "1001 called 1003: 1003 is not registered: there is no phone to ring.",
    );
    check(
        "1002",
        &[refused(Cause::USER_BUSY, WhyRefused::BusyTrigger { line: "1002", calls: 2, limit: 2 })],
        Cause::USER_BUSY,
        "1001 called 1002: 1002 is busy: it has 2 calls, and its busy trigger is 2.",
    );
    check(
        "1002",
        &[refused(Cause::SWITCHING_EQUIPMENT_CONGESTION, WhyRefused::RecordsWaiting)],
        Cause::SWITCHING_EQUIPMENT_CONGESTION,
        "1001 called 1002: too many call records wait for the disk.",
    );
}

#[test]
fn the_headline_says_which_code_was_refused_and_what_to_do() {
    let check = |code: AskedCode, why: WhyCodeRefused, expect: &str| {
        let cause = Cause::CALL_REJECTED;
        let why = WhyRefused::Code { number: "90551", code, why };
        let end = (cause, ReleasedBy::System, WhyEnded::Refused);
        let journal = Journal::call("90551").decide(0, None, Decision::Refused { cause, why });
        let headline = tell(&journal.end(0, end, (None, None), &[]).0).headline;
        assert_eq!(headline, format!("1001 called 90551: {expect}"));
    };
    let level = AskedCode::Authorization { level: 10 };
    check(level, WhyCodeRefused::Unknown, "the authorization code that was given for 90551 is not known.");
    check(
        AskedCode::Matter,
        WhyCodeRefused::TooLong,
        "what was given as matter code for 90551 is longer than any code.",
    );
    check(
        AskedCode::Matter,
        WhyCodeRefused::Nothing,
        "no matter code was given for 90551, which asks for one.",
    );
    check(
        level,
        WhyCodeRefused::LevelTooLow { has: 5 },
        "the authorization code that was given has level 5, and 90551 asks for an authorization code of level 10 or \
         higher.",
    );
    check(
        level,
        WhyCodeRefused::NoKeys,
        "90551 asks for an authorization code of level 10 or higher, and the calling device tells no keys: dial \
         90551 from a phone that sends keys, or dial it with the code and # behind it.",
    );
    check(
        AskedCode::Matter,
        WhyCodeRefused::Redirected,
        "90551 asks for a matter code, and the call was redirected to it, so that nobody can be asked: call 90551 \
         directly.",
    );
}

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
    check_text(&journal, true, include_str!("../testdata/codes.txt"));
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
    check_text(&long_story(), false, include_str!("../testdata/long.txt"));
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
    check_text(&journal, true, include_str!("../testdata/short.txt"));
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
