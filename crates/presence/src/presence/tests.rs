//! What watchers are told while legs come and go.

use strowger_base::leg::{
    Alert, BindingId, FurtherDigits, Media, Origin, ReleaseReason, Ring, RingStyle, Setup, Target,
};
use strowger_base::net::{Flow, ListenerId};
use strowger_base::watch::{CallDirection, CallPhase, LineState};
use strowger_base::{Cause, Command, NodeId, Party, SessionDescription, ShardId, Signal};

use super::*;

const ALICE: u64 = 8;
const BOB: u64 = 10;

fn leg(number: u64) -> LegId {
    LegId::new(NodeId(1), ShardId(0), number)
}

fn party(number: &str) -> Party {
    Party { number: number.into(), ..Party::default() }
}

fn setup(line: &str, called: &str) -> Signal {
    Signal::Setup(Box::new(Setup {
        origin: Origin::line(line),
        flow: Flow::Datagram { listener: ListenerId(0), peer: ([192, 0, 2, 1], 5060).into() },
        protocol_call_id: "x".into(),
        calling: party(line),
        called: called.into(),
        further_digits: FurtherDigits::None,
        media: Media::None,
        hops_remaining: 70,
        reliable_provisional: false,
        behind_nat: false,
        srtp_fallback: false,
        takes: None,
        diversions: Vec::new(),
        replaces: None,
        joins: None,
        feature: None,
    }))
}

fn ring(line: &str, calling: &str) -> Command {
    Command::Ring(Box::new(Ring {
        target: Target::Phone { line: line.into(), phone: None, binding: BindingId(1) },
        calling: party(calling),
        called: line.into(),
        media: Media::None,
        hops_remaining: 70,
        reliable_provisional: false,
        diversions: Vec::new(),
        srtp: strowger_base::leg::SrtpOffer::Clear,
        style: RingStyle::default(),
        records: None,
        takes: None,
        keys: strowger_base::leg::KeySignalling::default(),
    }))
}

fn offer(direction: &str) -> Signal {
    let text = format!(
        "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\na={direction}\r\n"
    );
    Signal::Media(Media::Offer(SessionDescription::new(text.as_bytes())))
}

const RINGS: Signal = Signal::Alerting { alert: Alert::Ringing, media: Media::None };
const GONE: Signal = Signal::Released { cause: Cause::NORMAL_CALL_CLEARING, reason: ReleaseReason::HungUp };

fn answered() -> Signal {
    Signal::Answered { media: Media::None, connected: Party::default() }
}

struct Office {
    presence: Presence,
    out: Vec<Output>,
}

impl Office {
    fn new() -> Self {
        Office { presence: Presence::new(&mut Rng::new(1)), out: Vec::new() }
    }

    fn signal(&mut self, number: u64, signal: &Signal) {
        self.presence.handle(Input::Signal(leg(number), signal), &mut self.out);
        if let Signal::Setup(setup) = signal {
            let dialled = setup.called.split('#').next().unwrap();
            self.presence.handle(Input::Dialled(leg(number), dialled), &mut self.out);
        }
    }

    fn command(&mut self, number: u64, command: &Command) {
        self.presence.handle(Input::Command(leg(number), command), &mut self.out);
    }

    fn watch(&mut self, number: u64, watcher: &str, line: &str) -> Result<Watched, WatchRefusal> {
        self.watch_for(Subject::Calls(Detail::Calls), number, watcher, line)
    }

    fn watch_for(
        &mut self,
        subject: Subject,
        number: u64,
        watcher: &str,
        line: &str,
    ) -> Result<Watched, WatchRefusal> {
        let input = Input::Watch {
            watch: WatchId(leg(number)),
            watcher: &watcher.into(),
            line: &line.into(),
            subject,
            registered: true,
        };
        self.presence.handle(input, &mut self.out);
        match self.out.pop() {
            Some(Output::Watched(id, answer)) if id == WatchId(leg(number)) => answer,
            other => panic!("{other:?}"),
        }
    }

    /// What each watcher is told now that all is settled.
    fn told(&mut self) -> Vec<(u64, String)> {
        self.presence.handle(Input::Settled, &mut self.out);
        let told = |output| match output {
            Output::News(id, News::Line(state)) => (id.0.number, words(&state)),
            other => panic!("{other:?}"),
        };
        self.out.drain(..).map(told).collect()
    }
}

/// `8 trying to 1002, 9 held from 1003`.
fn words(state: &LineState) -> String {
    let call = |call: &LineCall| {
        let phase = match (call.phase, call.holds) {
            (_, true) => "holds",
            (CallPhase::Trying, false) => "trying",
            (CallPhase::Early, false) => "early",
            (CallPhase::Confirmed, false) => "confirmed",
        };
        let way = match call.direction {
            CallDirection::Initiator => "to",
            CallDirection::Recipient => "from",
        };
        let private = if call.private { "private " } else { "" };
        format!("{} {private}{phase} {way} {}", call.leg.number, call.remote.number)
    };
    let calls: Vec<_> = state.calls.iter().map(call).collect();
    format!("{}{}", if state.registered { "" } else { "gone " }, calls.join(", "))
}

fn state(watched: Result<Watched, WatchRefusal>) -> String {
    match watched {
        Ok(Watched { news: News::Line(state), .. }) => words(&state),
        Ok(Watched { news: News::Messages(_), .. }) => panic!("nobody asked for messages"),
        Err(refusal) => format!("{refusal:?}"),
    }
}

#[test]
fn a_watcher_is_told_each_state_of_a_call_once_all_is_settled() {
    let mut office = Office::new();
    assert_eq!(state(office.watch(100, "1009", "1001")), "");
    assert_eq!(state(office.watch(104, "1009", "1002")), "");
    let mut check = |act: &mut dyn FnMut(&mut Office), expect: &[(u64, &str)]| {
        act(&mut office);
        let told = office.told();
        let told: Vec<_> = told.iter().map(|(watch, words)| (*watch, &**words)).collect();
        assert_eq!(told, expect);
    };
    check(&mut |it| it.signal(ALICE, &setup("1001", "1002#4711#")), &[(100, "8 trying to 1002")]);
    check(&mut |it| it.command(BOB, &ring("1002", "1001")), &[(104, "10 trying from 1001")]);
    let mut rings = |it: &mut Office| {
        it.signal(BOB, &RINGS);
        let alert = Command::Alert {
            alert: Alert::Ringing,
            media: Media::None,
            shown: None,
            heard: strowger_base::leg::EarlyMedia::Unsaid,
        };
        it.command(ALICE, &alert);
    };
    check(&mut rings, &[(104, "10 early from 1001"), (100, "8 early to 1002")]);
    // The same again says nothing new.
    check(&mut rings, &[]);
    let mut answer = |it: &mut Office| {
        it.signal(BOB, &answered());
        it.command(ALICE, &Command::Answer { media: Media::None, connected: party("1222") });
    };
    check(&mut answer, &[(104, "10 confirmed from 1001"), (100, "8 confirmed to 1222")]);
    let description = || SessionDescription::new(b"v=0\r\n");
    let takes = Command::Media(Media::Answer(description()));
    // It holds when that was answered, and does not when it was refused.
    check(&mut |it| it.signal(ALICE, &offer("sendonly")), &[]);
    check(&mut |it| it.command(ALICE, &Command::RefuseMedia(Cause::OUT_OF_BANDWIDTH)), &[]);
    check(&mut |it| it.command(ALICE, &takes), &[]);
    check(&mut |it| it.signal(ALICE, &offer("sendonly")), &[]);
    check(&mut |it| it.command(ALICE, &takes), &[(100, "8 holds to 1222")]);
    check(&mut |it| it.signal(ALICE, &offer("sendrecv")), &[]);
    check(&mut |it| it.command(ALICE, &Command::RefuseMedia(Cause::OUT_OF_BANDWIDTH)), &[]);
    check(&mut |it| it.signal(ALICE, &offer("sendrecv")), &[]);
    check(&mut |it| it.command(ALICE, &takes), &[(100, "8 confirmed to 1222")]);
    let hide = |it: &mut Office, turn| it.presence.handle(Input::Privacy(leg(ALICE), turn), &mut it.out);
    use strowger_base::feature::Turn;
    check(&mut |it| hide(it, Turn::Over), &[(100, "8 private confirmed to 1222")]);
    check(&mut |it| hide(it, Turn::On), &[]);
    check(&mut |it| hide(it, Turn::Off), &[(100, "8 confirmed to 1222")]);
    check(&mut |it| it.command(BOB, &Command::ShowParty(party("1003"))), &[(104, "10 confirmed from 1003")]);
    let mut over = |it: &mut Office| {
        it.signal(ALICE, &GONE);
        it.command(BOB, &Command::Release(Cause::NORMAL_CALL_CLEARING));
    };
    check(&mut over, &[(100, ""), (104, "")]);
    assert_eq!(office.presence.sizes(), Sizes { legs: 0, lines: 2, watches: 2 });
    office.presence.handle(Input::Unwatch(WatchId(leg(100))), &mut office.out);
    office.presence.handle(Input::Unwatch(WatchId(leg(104))), &mut office.out);
    assert_eq!(office.presence.sizes(), Sizes::default());
    assert!(office.presence.watchers.is_empty());
}

#[test]
fn who_comes_late_sees_what_is_and_the_others_hear_all_the_same() {
    let mut office = Office::new();
    office.signal(ALICE, &setup("1001", "1002"));
    assert_eq!(office.told(), []);
    assert_eq!(state(office.watch(100, "1009", "1001")), "8 trying to 1002");
    // A second watcher comes between a change and its settling.
    let alert = Command::Alert {
        alert: Alert::Ringing,
        media: Media::None,
        shown: None,
        heard: strowger_base::leg::EarlyMedia::Unsaid,
    };
    office.command(ALICE, &alert);
    assert_eq!(state(office.watch(104, "1009", "1001")), "8 early to 1002");
    let told = |number| (number, "8 early to 1002".to_owned());
    assert_eq!(office.told(), [told(100), told(104)]);
    let line = "1001".into();
    let input = Input::Registered { line: &line, registered: false };
    office.presence.handle(input, &mut office.out);
    let told = |number| (number, "gone 8 early to 1002".to_owned());
    assert_eq!(office.told(), [told(100), told(104)]);
}

#[test]
fn what_nobody_watches_leaves_only_its_legs() {
    let mut office = Office::new();
    office.command(BOB, &ring("1002", "1001"));
    office.signal(BOB, &RINGS);
    assert_eq!(office.told(), []);
    assert_eq!(office.presence.sizes(), Sizes { legs: 1, lines: 1, watches: 0 });
    office.command(BOB, &Command::Release(Cause::NORMAL_CALL_CLEARING));
    assert_eq!(office.presence.sizes(), Sizes::default());
}

#[test]
fn who_comes_when_the_others_have_left_sees_what_is() {
    // How the last one who saw the call leaves.
    let leaves: [fn(&mut Office); 3] = [
        |office| office.presence.handle(Input::Unwatch(WatchId(leg(100))), &mut office.out),
        |office| {
            office.watch_for(Subject::Messages, 104, "1009", "1001").unwrap();
            office.presence.handle(Input::Unwatch(WatchId(leg(100))), &mut office.out);
        },
        |office| _ = office.watch_for(Subject::Messages, 100, "1009", "1001").unwrap(),
    ];
    for (at, leave) in leaves.iter().enumerate() {
        for settles in [false, true] {
            let mut office = Office::new();
            assert_eq!(state(office.watch(100, "1009", "1001")), "");
            office.command(ALICE, &ring("1001", "1002"));
            if settles {
                assert_eq!(office.told().len(), 1);
            }
            leave(&mut office);
            assert_eq!(office.told(), [], "{at}");
            office.command(ALICE, &Command::Release(Cause::NORMAL_CALL_CLEARING));
            assert_eq!(office.told(), [], "{at}");
            assert_eq!(state(office.watch(108, "1010", "1001")), "", "{at}, settled before: {settles}");
        }
    }
}

#[test]
fn a_number_that_leads_elsewhere_after_a_refresh_is_watched_there() {
    let mut office = Office::new();
    assert_eq!(state(office.watch(100, "1009", "1001")), "");
    assert_eq!(state(office.watch(100, "1009", "1002")), "");
    assert!(!office.presence.is_watched("1001") && office.presence.is_watched("1002"));
    assert_eq!(office.presence.sizes(), Sizes { legs: 0, lines: 1, watches: 1 });
}

#[test]
fn watchers_and_shown_calls_have_limits() {
    let mut office = Office::new();
    for number in 0..limits::WATCHERS_PER_LINE as u64 {
        assert!(office.watch(1000 + number, &format!("2{number}"), "1001").is_ok());
    }
    assert_eq!(state(office.watch(99, "1009", "1001")), "Full");
    // Who watches already may ask again.
    assert!(office.watch(1000, "20", "1001").is_ok());
    for number in 0..limits::SUBSCRIPTIONS_PER_WATCHER as u64 {
        assert!(office.watch(10_000 + number, "1009", &format!("3{number}")).is_ok());
    }
    assert_eq!(state(office.watch(99, "1009", "1002")), "Full");
    for number in 0..=limits::CALLS_SHOWN as u64 {
        office.command(number, &ring("1001", "1002"));
    }
    let Ok(Watched { news: News::Line(state), .. }) = office.watch(1000, "20", "1001") else { panic!() };
    assert_eq!(state.calls.len(), limits::CALLS_SHOWN);
}

#[test]
fn messages_are_told_to_who_asked_and_to_who_keeps_them() {
    use strowger_base::feature::Turn;
    use strowger_base::watch::MessageCounts;
    let mut office = Office::new();
    let line: LineName = "1001".into();
    let watch = Watch { id: WatchId(leg(100)), subject: Subject::Messages };
    let (id, subject, watcher) = (watch.id, watch.subject, &line);
    let input = Input::Watch { watch: id, watcher, line: &line, subject, registered: true };
    office.presence.handle(input, &mut office.out);
    let told = Ok(Watched { detail: Detail::States, news: waiting(Mailbox::default()) });
    assert_eq!(office.out.drain(..).collect::<Vec<_>>(), [Output::Watched(id, told)]);
    let counts = MessageCounts { new: 2, old: 1, urgent_new: 1, urgent_old: 0 };
    let told = Mailbox { waiting: true, counts: Some(counts) };
    let uncounted = |waiting| Mailbox { waiting, counts: None };
    let mut check = |change: MailboxChange, expect: Option<Mailbox>| {
        office.presence.handle(Input::Messages { line: &line, change }, &mut office.out);
        let out: Vec<_> = office.out.drain(..).collect();
        let expect = expect.map(|it| [Output::News(id, waiting(it)), Output::Mailbox(line.clone(), it)]);
        assert_eq!(out, expect.into_iter().flatten().collect::<Vec<_>>(), "{change:?}");
        // Calls of the line are no news for who asked for messages.
        office.command(BOB, &ring("1001", "1002"));
        office.command(BOB, &Command::Release(Cause::NORMAL_CALL_CLEARING));
        assert_eq!(office.told(), []);
    };
    check(MailboxChange::Turn(Turn::On), Some(uncounted(true)));
    check(MailboxChange::Turn(Turn::On), None);
    check(MailboxChange::Told(told), Some(told));
    check(MailboxChange::Turn(Turn::On), None);
    check(MailboxChange::Turn(Turn::Over), Some(uncounted(false)));
    assert!(office.presence.mailboxes.is_empty());
    office.presence.handle(Input::Restore { line: &line, mailbox: told }, &mut office.out);
    assert_eq!(office.presence.mailbox("1001"), told);
}
