use std::collections::BTreeMap;
use std::fmt::Write as _;

use strowger_base::Rng;

use super::*;

const EPOCH: u64 = 1_777_000_020;

fn at(seconds: u64) -> Now {
    Now {
        mono: Instant::from_nanos(seconds * 1_000_000_000),
        wall: WallTime::from_micros((EPOCH + seconds) * 1_000_000),
    }
}

fn file(sequence: u64) -> FileName {
    let name = format!("cdr_Lab_01_202604240307_{sequence}");
    name.parse().expect("a name")
}

fn failure(kind: &str) -> Failure {
    Failure {
        kind: kind.into(),
        sentence: format!("{kind}!"),
        remedy: "mend it".into(),
        evidence: Vec::new(),
    }
}

fn failed(kind: &str) -> Input {
    Input::Ended(Outcome::Failed(failure(kind)))
}

struct Bench {
    machine: Delivery,
    said: Vec<Output>,
}

impl Bench {
    fn new(settings: Settings) -> Bench {
        let mut said = Vec::new();
        let machine = Delivery::new(settings, &mut said);
        assert_eq!(said, [Output::Look]);
        Bench { machine, said: Vec::new() }
    }

    /// What it says to an input, in words.
    fn say(&mut self, seconds: u64, input: Input) -> String {
        self.machine.handle(at(seconds), input, &mut self.said);
        self.said.drain(..).map(|output| words(&output)).collect::<Vec<_>>().join(", ")
    }
}

fn words(output: &Output) -> String {
    match output {
        Output::Send(file) => format!("send {}", file.sequence),
        Output::Delivered(file) => format!("delivered {}", file.sequence),
        Output::GivenUp(file) => format!("given up {}", file.sequence),
        Output::Look => "look".into(),
        Output::Alarm(Alarm::Failed { failure, waiting, lag }) => {
            format!("ALARM {} {waiting} wait, lag {} s", failure.sentence, lag.as_secs())
        }
        Output::Alarm(Alarm::Lagging { failure, attempts, waiting, lag, .. }) => {
            format!(
                "ALARM still {} after {attempts}, {waiting} wait, lag {} s",
                failure.sentence,
                lag.as_secs()
            )
        }
        Output::Alarm(Alarm::GivenUp { failure, file, files }) => {
            format!("ALARM {} {} is given up, {files} files", failure.sentence, file.sequence)
        }
        Output::Alarm(Alarm::Waiting { is_enabled, waiting, lag }) => {
            let how = if *is_enabled { "slowly" } else { "switched off" };
            format!("ALARM {how}: {waiting} wait, lag {} s", lag.as_secs())
        }
        Output::Alarm(Alarm::Lost { file }) => format!("ALARM lost {}", file.sequence),
        Output::Alarm(Alarm::Ended { attempts, arrived, given_up: 0, .. }) => {
            format!("ALARM over: {attempts} failed, {arrived} arrived")
        }
        Output::Alarm(Alarm::Ended { attempts, arrived, given_up, .. }) => {
            format!("ALARM over: {attempts} failed, {arrived} arrived, {given_up} given up")
        }
    }
}

#[test]
fn files_go_one_by_one_in_their_order() {
    let mut bench = Bench::new(Settings::default());
    assert_eq!(bench.say(60, Input::Due(file(1))), "send 1");
    assert_eq!(bench.say(60, Input::Due(file(2))), "");
    assert_eq!(bench.say(60, Input::Due(file(1))), "");
    assert_eq!(bench.say(61, Input::Ended(Outcome::Arrived)), "delivered 1, send 2");
    assert_eq!(bench.say(62, Input::Ended(Outcome::Arrived)), "delivered 2");
    assert_eq!(bench.machine.next_timeout(), None);
    // An operator wants the first one again.
    assert_eq!(bench.say(63, Input::Due(file(1))), "send 1");
}

#[test]
fn the_first_failure_is_told_and_then_each_other_cause_and_each_doubled_lag() {
    let mut bench = Bench::new(Settings::default());
    assert_eq!(bench.say(0, Input::Due(file(1))), "send 1");
    let mut log = String::new();
    let mut seconds = 0;
    for attempt in 0..14 {
        let kind = if attempt == 3 { "timeout" } else { "negotiation" };
        let said = bench.say(seconds, failed(kind));
        if !said.is_empty() {
            writeln!(log, "{seconds} {said}").expect("text");
        }
        let until = bench.machine.next_timeout().expect("it tries again").as_nanos() / 1_000_000_000;
        assert_eq!(bench.say(until - 1, Input::Time), "");
        if attempt == 0 {
            assert_eq!(bench.say(until - 1, Input::Due(file(2))), "");
        }
        assert_eq!(bench.say(until, Input::Time), "send 1");
        let expect = [6, 12, 24, 48, 96, 120].get(attempt).copied().unwrap_or(120);
        assert_eq!(until - seconds, expect, "wait {attempt}");
        seconds = until;
    }
    assert_eq!(bench.say(seconds, Input::Ended(Outcome::Arrived)), "delivered 1, send 2");
    let said = bench.say(seconds + 1, Input::Ended(Outcome::Arrived));
    assert_eq!(said, "delivered 2, ALARM over: 14 failed, 2 arrived");
    let expect = "0 ALARM negotiation! 1 wait, lag 0 s\n\
                  42 ALARM timeout! 2 wait, lag 42 s\n\
                  306 ALARM still negotiation! after 7, 2 wait, lag 306 s\n\
                  666 ALARM still negotiation! after 10, 2 wait, lag 666 s\n";
    assert_eq!(log, expect);
    // The next trouble is told from its beginning.
    assert_eq!(bench.say(9000, Input::Due(file(3))), "send 3");
    assert!(bench.say(9001, failed("timeout")).starts_with("ALARM timeout!"));
}

#[test]
fn a_changed_destination_is_tried_at_once() {
    let mut bench = Bench::new(Settings { is_enabled: false, ..Settings::default() });
    assert_eq!(bench.say(0, Input::Due(file(1))), "");
    assert_eq!(bench.machine.status(at(0)).activity, Activity::Off);
    assert_eq!(bench.say(1, Input::Changed(Settings::default())), "send 1");
    bench.say(2, failed("path"));
    assert_eq!(bench.machine.status(at(4)).activity, Activity::Waiting(Duration::from_secs(4)));
    assert_eq!(bench.say(4, Input::Changed(Settings::default())), "send 1");
    // While an attempt is under way that began before the change.
    assert_eq!(bench.say(5, Input::Changed(Settings::default())), "");
    assert_eq!(bench.say(6, failed("path")), "send 1");
    bench.say(7, failed("path"));
    assert_eq!(bench.say(8, Input::Retry), "send 1");
    assert_eq!(bench.say(9, Input::Changed(Settings { is_enabled: false, ..Settings::default() })), "");
    assert_eq!(bench.say(9, failed("path")), "");
    assert_eq!((bench.machine.next_timeout(), bench.machine.status(at(9)).waiting), (None, 1));
}

#[test]
fn without_resend_files_that_fail_are_given_up_and_that_is_told_with_their_number() {
    let mut bench = Bench::new(Settings { resend: false, ..Settings::default() });
    for sequence in 1..=6 {
        bench.say(0, Input::Due(file(sequence)));
    }
    let mut seconds = 0;
    let mut said = Vec::new();
    for _ in 0..5 {
        said.push(bench.say(seconds, failed("space")));
        seconds = bench.machine.next_timeout().expect("it goes on").as_nanos() / 1_000_000_000;
        bench.say(seconds, Input::Time);
    }
    let expect = [
        "ALARM space! 1 is given up, 1 files, given up 1",
        "ALARM space! 2 is given up, 2 files, given up 2",
        "given up 3",
        "ALARM space! 4 is given up, 4 files, given up 4",
        "given up 5",
    ];
    assert_eq!(said, expect);
    assert_eq!(bench.machine.status(at(seconds)).totals.given_up, 5);
    let over = bench.say(seconds, Input::Ended(Outcome::Arrived));
    assert_eq!(over, "delivered 6, ALARM over: 5 failed, 1 arrived, 5 given up");
}

#[test]
fn a_clock_that_jumps_neither_makes_a_lag_nor_hides_one() {
    let jumped = |seconds: u64, wall: i64| Now {
        mono: Instant::from_nanos(seconds * 1_000_000_000),
        wall: WallTime::from_micros(EPOCH.saturating_add_signed(wall) * 1_000_000),
    };
    const DAY: i64 = 86_400;
    for jump in [DAY * 30, -DAY * 30] {
        let mut bench = Bench::new(Settings::default());
        bench.say(0, Input::Looked);
        bench.say(0, Input::Due(file(1)));
        bench.say(1, failed("timeout"));
        let lag = |bench: &Bench, seconds: u64| {
            bench.machine.status(jumped(seconds, jump + i64::try_from(seconds).expect("short"))).lag
        };
        assert_eq!(lag(&bench, 100), Duration::from_secs(100), "{jump}");
        let mut told = Vec::new();
        for seconds in [10, 100, 299, 301, 500] {
            let now = jumped(seconds, jump);
            bench.machine.handle(now, Input::Retry, &mut bench.said);
            bench.machine.handle(now, failed("timeout"), &mut bench.said);
            if bench.said.drain(..).any(|output| matches!(output, Output::Alarm(_))) {
                told.push(seconds);
            }
        }
        assert_eq!(told, [301], "{jump}");
        // Days that are delivered once more are due since that was ordered, and not since then.
        let mut bench = Bench::new(Settings::default());
        bench.say(0, Input::Looked);
        bench.machine.handle(jumped(50, jump), Input::Due(file(1)), &mut bench.said);
        assert_eq!(lag(&bench, 50), Duration::ZERO, "{jump}");
    }
    // What was due before the start is as old as it says.
    let mut bench = Bench::new(Settings::default());
    bench.say(3600, Input::Due(file(1)));
    assert_eq!(bench.machine.status(at(3600)).lag, Duration::from_secs(3600));
}

#[test]
fn a_file_whose_days_are_over_does_not_stop_the_others() {
    let mut bench = Bench::new(Settings::default());
    bench.say(0, Input::Due(file(1)));
    bench.say(0, Input::Due(file(2)));
    assert_eq!(bench.say(0, Input::Ended(Outcome::Gone)), "given up 1, ALARM lost 1, send 2");
}

#[test]
fn more_than_there_is_room_for_is_looked_up_again_in_its_order() {
    let mut bench = Bench::new(Settings::default());
    let most = limits::FILES_QUEUED as u64;
    for sequence in 0..most + 5 {
        bench.say(0, Input::Due(file(sequence)));
    }
    let status = bench.machine.status(at(0));
    assert_eq!((status.waiting, status.is_more), (limits::FILES_QUEUED, true));
    for sequence in 0..most {
        let expect = if sequence + 1 < most {
            format!("delivered {sequence}, send {}", sequence + 1)
        } else {
            format!("delivered {sequence}, look")
        };
        assert_eq!(bench.say(1, Input::Ended(Outcome::Arrived)), expect);
    }
    assert_eq!(bench.say(2, Input::Due(file(most))), format!("send {most}"));
}

/// Each state with each input: what follows, and what is said.
#[test]
fn the_whole_table() {
    let states: [(&str, &[Input]); 3] = [
        ("idle", &[]),
        ("sending", &[Input::Due(file(1))]),
        ("waiting", &[Input::Due(file(1)), Input::Ended(Outcome::Failed(failure("path")))]),
    ];
    let inputs = [
        ("due", Input::Due(file(2))),
        ("more", Input::More),
        ("looked", Input::Looked),
        ("arrived", Input::Ended(Outcome::Arrived)),
        ("gone", Input::Ended(Outcome::Gone)),
        ("failed", failed("path")),
        ("changed", Input::Changed(Settings::default())),
        ("retry", Input::Retry),
        ("time", Input::Time),
    ];
    let mut table = String::new();
    for (state, way) in states {
        for (name, input) in &inputs {
            let mut bench = Bench::new(Settings::default());
            for step in way {
                bench.say(0, step.clone());
            }
            let said = bench.say(6, input.clone());
            let then = match bench.machine.state {
                State::Idle => "idle".to_owned(),
                State::Sending { failures, is_changed } => format!("sending {failures} {is_changed}"),
                State::Waiting { failures, .. } => format!("waiting {failures}"),
            };
            let row = format!("{state:<8} {name:<8} -> {then:<16} {said}");
            writeln!(table, "{}", row.trim_end()).expect("text");
        }
    }
    assert_eq!(table, TABLE, "\n{table}");
}

const TABLE: &str = "\
idle     due      -> sending 0 false  send 2
idle     more     -> idle             look
idle     looked   -> idle
idle     arrived  -> idle
idle     gone     -> idle
idle     failed   -> idle
idle     changed  -> idle
idle     retry    -> idle
idle     time     -> idle
sending  due      -> sending 0 false
sending  more     -> sending 0 false
sending  looked   -> sending 0 false
sending  arrived  -> idle             delivered 1
sending  gone     -> idle             given up 1, ALARM lost 1
sending  failed   -> waiting 1        ALARM path! 1 wait, lag 6 s
sending  changed  -> sending 0 true
sending  retry    -> sending 0 true
sending  time     -> sending 0 false
waiting  due      -> waiting 1
waiting  more     -> waiting 1
waiting  looked   -> waiting 1
waiting  arrived  -> waiting 1
waiting  gone     -> waiting 1
waiting  failed   -> waiting 1
waiting  changed  -> sending 0 false  send 1
waiting  retry    -> sending 0 false  send 1
waiting  time     -> sending 1 false  send 1
";

/// A server that comes and goes, a node that is killed, a repository that remembers: nothing is lost, all arrives in its order.
#[test]
fn whatever_fails_everything_arrives_in_order() {
    for seed in 0..300 {
        let mut rng = Rng::new(seed);
        // The repository: what is due, oldest first. The server: what has arrived, in the order of first arrival.
        let mut due: BTreeMap<u64, ()> = BTreeMap::new();
        let mut there: Vec<u64> = Vec::new();
        let (mut next, mut seconds, mut alarms, mut ends) = (0_u64, 0_u64, 0_u32, 0_u32);
        let mut said = Vec::new();
        let mut machine = Delivery::new(Settings::default(), &mut said);
        let mut under_way: Option<FileName> = None;
        for step in 0..400 {
            let is_calm = step >= 300;
            let mut inputs = Vec::new();
            match rng.below(if is_calm { 2 } else { 5 }) {
                0 | 1 => inputs.push(Input::Time),
                2 => {
                    due.insert(next, ());
                    inputs.push(Input::Due(file(next)));
                    next += 1;
                }
                3 if rng.one_in(8) => {
                    // Killed: what it knew is gone. The file under way may have arrived, or not.
                    if let Some(file) = under_way.take().filter(|_| rng.one_in(2)) {
                        arrive(&mut there, file.sequence);
                    }
                    said.clear();
                    machine = Delivery::new(Settings::default(), &mut said);
                }
                _ => inputs.push(Input::Retry),
            }
            if let Some(file) = under_way.take() {
                if is_calm || rng.one_in(2) {
                    arrive(&mut there, file.sequence);
                    inputs.push(Input::Ended(Outcome::Arrived));
                } else {
                    inputs.push(failed("unreachable"));
                }
            }
            seconds += rng.below(30);
            let mut inputs: VecDeque<Input> = inputs.into();
            loop {
                for output in said.drain(..) {
                    match output {
                        Output::Send(file) => assert!(under_way.replace(file).is_none(), "two at once"),
                        Output::Delivered(file) => assert!(due.remove(&file.sequence).is_some(), "twice"),
                        Output::GivenUp(_) => panic!("nothing is given up"),
                        Output::Look => inputs.extend(due.keys().map(|sequence| Input::Due(file(*sequence)))),
                        Output::Alarm(Alarm::Ended { .. }) => ends += 1,
                        Output::Alarm(_) => alarms += 1,
                    }
                }
                let Some(input) = inputs.pop_front() else { break };
                machine.handle(at(seconds), input, &mut said);
            }
        }
        assert!(due.is_empty(), "seed {seed}: {due:?} did not arrive");
        assert_eq!(there, (0..next).collect::<Vec<_>>(), "seed {seed}");
        assert_eq!(machine.status(at(seconds)).trouble, None, "seed {seed}");
        assert!(ends <= alarms, "seed {seed}: ends without beginnings");
    }
}

/// A file of the same name takes the place of the one that is there.
fn arrive(there: &mut Vec<u64>, sequence: u64) {
    if there.last() != Some(&sequence) {
        there.push(sequence);
    }
}

#[test]
fn a_destination_that_is_slow_and_never_fails_is_told_of() {
    let mut bench = Bench::new(Settings::default());
    bench.say(0, Input::Due(file(0)));
    bench.say(0, Input::Looked);
    let mut told = Vec::new();
    // A file a minute comes, and each takes two on its way.
    for minute in 1..=120 {
        let mut said = bench.say(minute * 60, Input::Due(file(minute)));
        if minute % 2 == 0 {
            said = format!("{said}, {}", bench.say(minute * 60, Input::Ended(Outcome::Arrived)));
        }
        told.extend(said.split(", ").filter(|said| said.contains("ALARM")).map(str::to_owned));
    }
    assert_eq!(told, ["ALARM slowly: 16 wait", "ALARM slowly: 31 wait", "ALARM slowly: 61 wait"]);
}

#[test]
fn what_waits_for_a_destination_that_is_switched_off_is_told_after_a_day() {
    let mut bench = Bench::new(Settings { is_enabled: false, ..Settings::default() });
    bench.say(0, Input::Looked);
    let mut told = Vec::new();
    for hour in 0..60 {
        let said = bench.say(hour * 3600, Input::Due(file(hour)));
        told.extend((!said.is_empty()).then(|| format!("{hour} h: {said}")));
    }
    assert_eq!(
        told,
        ["24 h: ALARM switched off: 25 wait, lag 86400 s", "48 h: ALARM switched off: 49 wait, lag 172800 s"]
    );
    let said = bench.say(3600 * 60, Input::Changed(Settings::default()));
    assert!(said.starts_with("send 0"), "{said}");
}

#[test]
fn what_has_waited_for_a_server_that_was_down_is_not_slow() {
    let mut bench = Bench::new(Settings::default());
    // The name of the file is ten days old.
    let said = bench.say(864_000, Input::Due(file(1)));
    assert_eq!(said, "send 1");
    assert!(!bench.say(864_010, Input::Ended(Outcome::Arrived)).contains("ALARM"));
}
