//! Scenarios: each feature as people use it, with what their displays show at every step and what `strowger explain` tells of each call.
//!
//! A script holds what people do at the start of a line; what follows stands indented below it. The test plays the first and compares the
//! second. When a scenario is over everybody hangs up, and nothing may be left.

mod neutral;
mod records;
mod same;
mod sound;
mod stations;
mod wants;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::net::SocketAddr;
use std::time::Duration;

use strowger_base::CallId;
use strowger_base::feature::{FeatureRequest, Turn};
use strowger_base::journal::{Entry, Record, Registration};
use strowger_base::leg::Digit;
use strowger_base::watch::MailboxChange;
use strowger_callcontrol::RelayMode;
use strowger_callcontrol::io::{CallSide, Order, OrderKind};
use strowger_media::control::Side;
use strowger_node::Input;
use strowger_node::io::{Answer, Push, Pushed, QueryId, Question, UserSetting};

use self::wants::{GATEWAY, RECORDER, keypad, wanted};
use super::{Plan, SETTLE, World};
use crate::identities;
use crate::network::Weather;
use crate::phone::{Beside, Codecs, Manners, Phone, Watching};
use crate::setting;

/// A scenario that is being played.
struct Scenario {
    world: World,
    displays: BTreeMap<String, Vec<String>>,
    /// Records of the journal that were looked at for what screens told.
    looked: usize,
    /// Keys have the names that they have at SIP phones, wherever they are pressed.
    translates: bool,
    /// Lines that a phone watches for the names of calls there, without a lamp.
    unlit: Vec<(SocketAddr, String)>,
}

impl Scenario {
    /// Four lines with one phone, or two, and what else the script wants otherwise than usual.
    fn new(wants: &[&str]) -> Scenario {
        let stations: Vec<Extra> =
            wants.iter().filter_map(|want| wants::station(want)).map(Extra::new).collect();
        Scenario::with(wants, &stations)
    }

    /// The same with these SCCP phones in the place of SIP phones.
    fn with(wants: &[&str], stations: &[Extra]) -> Scenario {
        let phones_per_line = if wants.contains(&"two phones") { 2 } else { 1 };
        let plan = Plan {
            lines: 4,
            phones_per_line,
            apart: phones_per_line > 1,
            weather: Weather { jitter_us: 0, ..Weather::FAIR },
            manners: Manners::default(),
            crashes: 0,
            disk_failures: 0,
            relay: RelayMode::Never,
            interdigit_timer: Duration::from_secs(3),
            features: 0,
            ..Plan::of_seed(1, 0)
        };
        let mut draft = setting::draft(&plan.setting());
        draft.lines.iter_mut().for_each(|line| line.forwards = None);
        wants.iter().for_each(|want| wanted(want, &mut draft));
        stations.iter().for_each(|extra| {
            setting::station(&extra.name, &extra.lamps, setting::all_soft_keys(), &mut draft)
        });
        let mut world = World::with(plan, setting::built(draft), std::env::var_os("TRACE").is_some());
        (world.faults, world.network.weather.jitter_us) = (false, 0);
        for phone in &mut world.phones {
            (phone.still, phone.updates) = (true, true);
            phone.dials_whole();
        }
        for Extra { name, .. } in stations {
            let (number, second) = place_of(name);
            let second = second && !stations.iter().any(|other| other.name == number);
            let mut places =
                world.phones.iter().enumerate().filter(|(_, phone)| phone.account.number == number);
            let place = places.nth(usize::from(second)).map(|(place, _)| place);
            place.map(|place| world.phones.remove(place));
        }
        let by_gateway = |want: &&str| *want == "a trunk" || want.starts_with("the page goes to ");
        if wants.iter().any(by_gateway) {
            world.phones.push(Phone::trunk("5555", GATEWAY));
        }
        if wants.iter().any(|want| want.contains("recorded")) {
            world.phones.push(Phone::trunk("7000", RECORDER));
        }
        for (number, keypad) in wants.iter().filter_map(|want| keypad(want)) {
            let own = |phone: &&mut Phone| phone.account.number == number;
            world.phones.iter_mut().filter(own).for_each(|phone| phone.keypad = keypad);
        }
        if wants.contains(&"a bad network for media") {
            world.air.weather = Weather { loses: 20, repeats: 10, jitter_us: 30_000, damages: 0 };
        }
        let away = |phone: &&mut Phone| wants.contains(&format!("{} is away", phone.account.number).as_str());
        world.phones.iter_mut().filter(away).for_each(Phone::stays_away);
        let is_away = |name: &str| wants.contains(&format!("{name} is away").as_str());
        for (place, Extra { name, lamps, codecs }) in
            stations.iter().enumerate().filter(|(_, it)| !is_away(&it.name))
        {
            // Old and new ones; busy lamps are only where they are new.
            let version = [17, 22, 11, 5][if lamps.is_empty() { place % 4 } else { place % 2 }];
            world.station_comes(name, version).expect("a station");
            let station = world.stations.phones.get_mut(name).filter(|_| !codecs.is_empty());
            if let Some(it) = station {
                it.phone.codecs = codecs.to_vec();
            }
        }
        for (name, kind) in wants.iter().filter_map(|want| wants::router(want)) {
            world.router_comes(name, kind).expect("a router");
        }
        world.wait(Duration::from_secs(7)).expect("phones register");
        Scenario { world, displays: BTreeMap::new(), looked: 0, translates: false, unlit: Vec::new() }
    }

    fn phone(&mut self, name: &str) -> Option<&mut Phone> {
        let (number, second) = place_of(name);
        let place = usize::from(second && !self.world.stations.phones.contains_key(number));
        self.world.phones.iter_mut().filter(|phone| phone.account.number == number).nth(place)
    }

    /// One line of the script; what it brought about.
    fn plays(&mut self, line: &str) -> String {
        let done = match self.goes_on(line) {
            Did::Done => true,
            Did::NotNow => false,
            Did::Never(why) => panic!("{line}: {why}"),
        };
        let told = self.told();
        if done { self.news() + &told } else { "    it cannot be done now\n".to_owned() }
    }

    /// The same; whether it could be done.
    fn goes_on(&mut self, line: &str) -> Did {
        let began = self.world.now.mono;
        let (who, what) = line.split_once(' ').unwrap_or((line, ""));
        let mut settle = Duration::from_secs(2);
        let done = match who {
            "time" => {
                settle = Duration::from_secs(what.trim_start_matches("passes ").parse().expect("seconds"));
                Did::Done
            }
            "operator" => self.operator(what).into(),
            // Keys in the media of whoever hears a service of ours.
            "media" if self.translates && self.world.wires.services().is_empty() => {
                self.world.station_is_asked(what.trim_start_matches("has "))
            }
            "media" => {
                let port = self.world.wires.services().last().copied().expect("a service that is heard");
                what.trim_start_matches("has ").chars().for_each(|key| {
                    let (side, digit) = (Side::A, Digit { key, duration_ms: 160 });
                    let report = strowger_media::control::Report::Digit { port, side, digit };
                    self.world.give(Input::Media(report)).expect("the node goes on");
                });
                Did::Done
            }
            "a" if what.ends_with(" is lost") => {
                let wires = &self.world.wires;
                let ports = if what.starts_with("relay") { wires.relays() } else { wires.services() };
                self.world.lose_port(&ports).expect("the world goes on").into()
            }
            "mail" => {
                let (number, word) = what.split_once(' ').expect("a number and a word");
                let turn = if word == "waits" { Turn::On } else { Turn::Off };
                let change = Some(MailboxChange::Turn(turn));
                self.world
                    .ask(Question::Messages { line: number.into(), change })
                    .expect("an answer")
                    .is_some()
                    .into()
            }
            _ => self.somebody(who, what),
        };
        // What took its time is part of the step.
        let settle = settle.saturating_sub(self.world.now.mono - began);
        self.world.wait(settle).unwrap_or_else(|error| panic!("{line}: {error}"));
        done
    }

    fn somebody(&mut self, who: &str, what: &str) -> Did {
        let now = self.world.now.mono;
        if let Some(other) = what.strip_prefix("takes the call of ") {
            return self.takes(who, other);
        }
        if let Some((other, what)) = what.strip_prefix("and ").and_then(|rest| rest.split_once(' ')) {
            let all = [who, other].map(|who| self.somebody(who, what));
            return all.into_iter().find(|did| *did != Did::Done).unwrap_or(Did::Done);
        }
        if self.world.stations.routers.contains_key(who) {
            return self.world.router_does(who, what).into();
        }
        if self.world.stations.phones.contains_key(who) {
            if self.translates && what == "hangs up" {
                return self.world.station_leaves(who, None);
            }
            return match what.strip_prefix("presses ") {
                Some(key) if self.translates && !key.starts_with("the keys ") => {
                    self.world.station_presses(who, key)
                }
                _ => self.world.station_does(who, what),
            };
        }
        let Some(phone) = self.phone(who) else { panic!("nobody is called {who}") };
        match what.split_once(' ') {
            Some(("watches", line)) => phone.watches.push(Watching::new("dialog", line, now)),
            Some(("minds", "mail")) => {
                let own = phone.account.number.clone();
                phone.watches.push(Watching::new("message-summary", &own, now));
            }
            Some(("insists", "on SRTP")) => phone.srtp = true,
            Some(("has", "a camera")) => phone.beside = Beside::Video,
            Some(("has", "G.722 alone")) => phone.codecs = Codecs::only(&["9"]),
            Some(("has", "PCMA alone")) => phone.codecs = Codecs::only(&["8"]),
            Some(("has", "G.729 alone")) => phone.codecs = Codecs::only(&["18"]),
            Some(("has", "G.722 and G.711")) => phone.codecs = Codecs::only(&["9", "0", "8"]),
            Some(("has", "PCMU alone")) => phone.codecs = Codecs::only(&["0"]),
            Some(("offers", "nothing")) => phone.delays = true,
            Some(("knows", "of recordings")) => phone.aware = true,
            _ => {
                let mut sends = vec![];
                let done = phone.does(now, what, &mut sends);
                let address = phone.address;
                self.world.post(address, &mut sends);
                return done.into();
            }
        }
        Did::Done
    }

    /// A phone goes on with the call of another one.
    fn takes(&mut self, who: &str, other: &str) -> Did {
        let now = self.world.now.mono;
        let stations = &self.world.stations.phones;
        if stations.contains_key(who) {
            return self.world.station_takes(who, other);
        }
        let call = if stations.contains_key(other) {
            self.watched_call(who, other.trim_end_matches('b'))
        } else {
            self.phone(other).and_then(|phone| phone.named_call())
        };
        let Some(call) = call else { return Did::NotNow };
        let mut sends = vec![];
        let Some(phone) = self.phone(who) else { panic!("nobody is called {who}") };
        phone.takes(now, &call, &mut sends);
        let address = phone.address;
        self.world.post(address, &mut sends);
        Did::Done
    }

    /// How a SIP phone names the call of an SCCP phone of its line: as it is told of it.
    fn watched_call(&mut self, who: &str, line: &str) -> Option<(String, String)> {
        let now = self.world.now.mono;
        let phone = self.phone(who)?;
        if !phone.watches.iter().any(|watching| watching.number == line) {
            phone.watches.push(Watching::new("dialog", line, now));
            let address = phone.address;
            self.unlit.push((address, line.to_owned()));
            self.world.wait(stations::PAUSE).expect("the world goes on");
        }
        self.phone(who)?.watched_call(line)
    }

    /// What an operator wants of the calls, the oldest of which is 1.
    fn operator(&mut self, what: &str) -> bool {
        if let Some((setting, line, value)) = set(what) {
            let wanted = UserSetting {
                line: line.into(),
                phone: "".into(),
                setting: setting.into(),
                value: value.into(),
                by: "operator".into(),
                at: self.world.now.wall,
            };
            let answer = self.world.ask(Question::SetForUser(wanted));
            return matches!(answer, Ok(Some(Answer::SetForUser(Ok(())))));
        }
        if let Some((document, number)) =
            what.strip_prefix("pushes ").and_then(|rest| rest.rsplit_once(" to "))
        {
            let Some(station) = self.world.stations.phones.get(number) else { return false };
            let push = Push {
                device: station.phone.name.as_str().into(),
                application: 1,
                priority: 0,
                document: document.as_bytes().into(),
                by: "operator".into(),
            };
            return matches!(self.world.ask(Question::Push(push)), Ok(None));
        }
        let question = Question::Calls { before: None, limit: 100 };
        let Ok(Some(Answer::Calls(mut calls))) = self.world.ask(question) else { panic!("no calls") };
        calls.sort_by_key(|view| view.call);
        let of = |word: &str| -> CallId { calls[word.parse::<usize>().expect("a call") - 1].call };
        let side = |word: &str| if word == "caller" { CallSide::Calling } else { CallSide::Called };
        let words: Vec<&str> = what.split(' ').collect();
        let (call, what) = match words[..] {
            ["ends", call] => (of(call), OrderKind::Release),
            ["sends", party, "of", call, "to", to] => {
                (of(call), OrderKind::Transfer { party: side(party), to: to.into() })
            }
            ["confers", call, "and", other] => {
                let (party, other_party) = (CallSide::Calling, CallSide::Calling);
                (of(call), OrderKind::Confer { party, other: of(other), other_party })
            }
            [verb @ ("mutes" | "drops"), participant, "for", call] => {
                let participant = participant.parse().expect("a participant");
                let request = match verb {
                    "mutes" => FeatureRequest::Mute { participant, turn: Turn::On },
                    _ => FeatureRequest::Drop { participant },
                };
                (of(call), OrderKind::Feature { party: CallSide::Calling, request })
            }
            ["lets", call, "talk"] => {
                let request = FeatureRequest::Talk;
                (of(call), OrderKind::Feature { party: CallSide::Called, request })
            }
            ["diverts", call] => {
                let request = FeatureRequest::Divert;
                (of(call), OrderKind::Feature { party: CallSide::Called, request })
            }
            ["reports", call] => {
                let request = FeatureRequest::MaliciousCall;
                (of(call), OrderKind::Feature { party: CallSide::Called, request })
            }
            ["hides", call, ref at @ ..] => {
                let party = if at.is_empty() { CallSide::Calling } else { CallSide::Called };
                (of(call), OrderKind::Feature { party, request: FeatureRequest::Privacy(Turn::On) })
            }
            _ => panic!("the operator cannot {what}"),
        };
        let order = Box::new(Order { call, what, who: "operator".into() });
        self.world.give(Input::Order { query: QueryId(2), order }).expect("the node goes on");
        matches!(self.world.answer.take(), Some(Answer::Ordered(Ok(()))))
    }

    /// What an application is told that pushed something to the screen of a phone.
    fn told(&mut self) -> String {
        let mut told = String::new();
        if let Some(Answer::Pushed(Ok(Pushed { answer, .. }))) = &self.world.answer {
            let answer = answer.as_deref().map(|answer| String::from_utf8_lossy(answer).into_owned());
            let answer =
                answer.map_or_else(|| "nothing".to_owned(), |it| it.trim_end_matches('\0').to_owned());
            told.push_str(&format!("    the operator is answered {answer}\n"));
            self.world.answer = None;
        }
        let journal = self.world.disk.journal();
        for record in journal.iter().skip(self.looked) {
            if let Ok(Record {
                entry: Entry::Registration(Registration::ScreenTold { device, what: "choice", data, .. }),
                ..
            }) = Record::decode(record)
            {
                told.push_str(&format!("    the operator is told by {device}: {data}\n"));
            }
        }
        self.looked = journal.len();
        told
    }

    /// What displays show otherwise than before.
    fn news(&mut self) -> String {
        let mut news = String::new();
        let mut names = BTreeMap::new();
        for (number, it) in &self.world.stations.phones {
            names.insert(number.clone(), 1);
            let shown = sorted(it.phone.display());
            let before = self.displays.insert(number.clone(), shown.clone()).unwrap_or_default();
            if shown != before {
                let text = if shown.is_empty() { "is idle".to_owned() } else { shown.join(", ") };
                news.push_str(&format!("    {number} {text}\n"));
            }
        }
        for (name, it) in &self.world.stations.routers {
            let shown = sorted(it.router.shows());
            let before = self.displays.insert(name.clone(), shown.clone()).unwrap_or_default();
            if shown != before {
                let text = if shown.is_empty() { "is idle".to_owned() } else { shown.join(", ") };
                news.push_str(&format!("    {name} {text}\n"));
            }
        }
        for (name, shown) in self.sip_displays(&mut names) {
            let before = self.displays.insert(name.clone(), shown.clone()).unwrap_or_default();
            if shown != before {
                let text = if shown.is_empty() { "is idle".to_owned() } else { shown.join(", ") };
                news.push_str(&format!("    {name} {text}\n"));
            }
        }
        news
    }

    /// What SIP phones show, each by its name in scripts. Of lines that are named here the first phone is another one.
    fn sip_displays(&self, names: &mut BTreeMap<String, u32>) -> Vec<(String, Vec<String>)> {
        let mut all = Vec::new();
        for phone in &self.world.phones {
            let place: &mut u32 = names.entry(phone.account.number.clone()).or_default();
            let name = format!("{}{}", phone.account.number, if *place == 0 { "" } else { "b" });
            *place += 1;
            let lamp = |watching: &Watching| match (watching.is_lit(), watching.has_messages()) {
                (Some(true), _) => Some(format!("sees that {} talks", watching.number)),
                (_, Some(true)) => Some("sees that messages wait".to_owned()),
                _ => None,
            };
            let is_lamp = |watching: &&Watching| {
                !self.unlit.iter().any(|(at, line)| *at == phone.address && *line == watching.number)
            };
            let lamps = phone.watches.iter().filter(is_lamp).filter_map(lamp);
            let shown = phone.display().into_iter().chain(lamps);
            all.push((name, sorted(shown)));
        }
        all
    }

    /// What each phone hears, by its name in scripts: other phones and services. Of `lines` the first phone is an SCCP phone.
    fn hearing(&self, lines: &BTreeMap<String, u32>) -> BTreeMap<String, Vec<String>> {
        let mut names: BTreeMap<IpAddr, String> = BTreeMap::new();
        for (name, it) in &self.world.stations.phones {
            names.insert(it.phone.ip.into(), name.clone());
        }
        let mut places = lines.clone();
        for phone in &self.world.phones {
            let place: &mut u32 = places.entry(phone.account.number.clone()).or_default();
            let letter = if *place == 0 { "" } else { "b" };
            names.insert(phone.address.ip(), format!("{}{letter}", phone.account.number));
            *place += 1;
        }
        let name = |ip: IpAddr| names.get(&ip).cloned().unwrap_or_else(|| ip.to_string());
        let stations = self.world.stations.phones.values().map(|it| &it.phone);
        let heard = identities::hearing(&self.world.phones, stations, &self.world.wires);
        let words = |all: BTreeSet<Result<IpAddr, &str>>| {
            sorted(all.into_iter().map(|who| who.map_or_else(str::to_owned, name)))
        };
        heard.into_iter().map(|(who, all)| (name(who), words(all))).collect()
    }

    /// Everybody hangs up, and nothing may be left.
    fn goes_home(&mut self) {
        self.world.check_identities().unwrap_or_else(|error| panic!("{error}"));
        self.world.everybody_goes_home();
        let settled = self.world.wait(SETTLE).and_then(|()| self.world.check_watches());
        self.world.nobody_watches();
        let settled = settled.and_then(|()| self.world.wait(super::CALM));
        settled.and_then(|()| self.world.check_settled()).unwrap_or_else(|error| panic!("{error}"));
    }

    /// Everybody hangs up; the stories of all calls.
    fn ends(mut self) -> String {
        let last = self.world.now.wall;
        self.goes_home();
        let journal = self.world.disk.journal();
        let records: Vec<Record<'_>> =
            journal.iter().map(|it| Record::decode(it).expect("a record")).collect();
        let calls: BTreeSet<CallId> =
            records.iter().filter(|record| record.at <= last).filter_map(|record| record.call).collect();
        let mut text = String::new();
        for call in calls {
            let mut selector = strowger_diag::Selector::new(call);
            let own: Vec<Record<'_>> = records
                .iter()
                .filter(|record| selector.takes(record) && record.at <= last)
                .cloned()
                .collect();
            let story = strowger_diag::text(&strowger_diag::tell(&own), false);
            text.push('\n');
            for line in story.trim_end().lines() {
                let line = format!("    {line}");
                text.push_str(line.trim_end());
                text.push('\n');
            }
        }
        text
    }
}

/// An SCCP phone of a scenario: what it is called there, the numbers of its busy lamps, and its codecs; all that such a phone has where none are named.
#[derive(Clone, Debug)]
struct Extra {
    name: String,
    lamps: Vec<String>,
    codecs: &'static [u32],
}

impl Extra {
    fn new(name: &str) -> Self {
        Extra { name: name.to_owned(), lamps: Vec::new(), codecs: &[] }
    }
}

/// Whether something could be done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Did {
    Done,
    /// It cannot be done now.
    NotNow,
    /// A phone of this kind can never do it: why.
    Never(&'static str),
}

impl From<bool> for Did {
    fn from(done: bool) -> Self {
        if done { Did::Done } else { Did::NotNow }
    }
}

/// What a display shows, in one order. The same may stand there twice: two calls with the same party.
fn sorted(shown: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut all: Vec<String> = shown.into_iter().collect();
    all.sort_unstable();
    all
}

/// The number of a phone's line, and whether it is the second one of that.
fn place_of(name: &str) -> (&str, bool) {
    name.strip_suffix('b').map_or((name, false), |number| (number, true))
}

/// `sets forward-busy of 1002 to 1003`: what is set, of which line, and to what.
fn set(what: &str) -> Option<(&str, &str, &str)> {
    let (setting, rest) = what.strip_prefix("sets ")?.split_once(" of ")?;
    let (line, value) = rest.split_once(" to ")?;
    Some((setting, line, value))
}

fn check(file: &str, text: &str) {
    let (mut expected, mut actual) = (String::new(), String::new());
    let mut scenario: Option<Scenario> = None;
    let mut wants = Vec::new();
    for line in text.lines() {
        expected.push_str(line);
        expected.push('\n');
        if line.starts_with(' ') || line.is_empty() {
            continue;
        }
        if line.starts_with("# ") {
            actual.push_str(&scenario.take().map(Scenario::ends).unwrap_or_default());
            if !actual.is_empty() {
                actual.push('\n');
            }
            wants.clear();
        }
        actual.push_str(line);
        actual.push('\n');
        if let Some(want) = line.strip_prefix("with ") {
            wants.push(want);
        } else if !line.starts_with("# ") {
            let scenario = scenario.get_or_insert_with(|| Scenario::new(&wants));
            actual.push_str(&scenario.plays(line));
        }
    }
    actual.push_str(&scenario.map(Scenario::ends).unwrap_or_default());
    // What is meant to be otherwise from here on is looked at as a difference of the file.
    if std::env::var_os("BLESS").is_some() {
        let path = format!("{}/scenarios/{file}", env!("CARGO_MANIFEST_DIR"));
        std::fs::write(path, &actual).expect("the file can be written");
        return;
    }
    assert!(actual == expected, "{file} differs; it went like this:\n-----\n{actual}-----\n");
}

#[test]
fn hold_and_transfers() {
    check("transfers.txt", include_str!("../../scenarios/transfers.txt"));
}

#[test]
fn names() {
    check("names.txt", include_str!("../../scenarios/names.txt"));
}

#[test]
fn keys_in_calls() {
    check("keys.txt", include_str!("../../scenarios/keys.txt"));
}

#[test]
fn music() {
    check("music.txt", include_str!("../../scenarios/music.txt"));
}

#[test]
fn conferences() {
    check("conferences.txt", include_str!("../../scenarios/conferences.txt"));
}

#[test]
fn codes() {
    check("codes.txt", include_str!("../../scenarios/codes.txt"));
}

#[test]
fn park() {
    check("park.txt", include_str!("../../scenarios/park.txt"));
}

#[test]
fn call_back() {
    check("callback.txt", include_str!("../../scenarios/callback.txt"));
}

#[test]
fn intercom_and_divert() {
    check("intercom.txt", include_str!("../../scenarios/intercom.txt"));
}

#[test]
fn paging() {
    check("paging.txt", include_str!("../../scenarios/paging.txt"));
}

#[test]
fn pickup() {
    check("pickup.txt", include_str!("../../scenarios/pickup.txt"));
}

#[test]
fn forwards_and_hunts() {
    check("forwards.txt", include_str!("../../scenarios/forwards.txt"));
}

#[test]
fn lines_and_phones() {
    check("lines.txt", include_str!("../../scenarios/lines.txt"));
}

#[test]
fn lamps() {
    check("lamps.txt", include_str!("../../scenarios/lamps.txt"));
}

#[test]
fn streams() {
    check("streams.txt", include_str!("../../scenarios/streams.txt"));
}

#[test]
fn resources() {
    check("resources.txt", include_str!("../../scenarios/resources.txt"));
}

#[test]
fn lost_relays() {
    check("losses.txt", include_str!("../../scenarios/losses.txt"));
}

#[test]
fn rings() {
    check("rings.txt", include_str!("../../scenarios/rings.txt"));
}

#[test]
fn malicious_calls() {
    check("malicious.txt", include_str!("../../scenarios/malicious.txt"));
}

#[test]
fn recordings() {
    check("recording.txt", include_str!("../../scenarios/recording.txt"));
}

#[test]
fn security() {
    check("security.txt", include_str!("../../scenarios/security.txt"));
}

#[test]
fn admission() {
    check("admission.txt", include_str!("../../scenarios/admission.txt"));
}

#[test]
fn routers() {
    check("routers.txt", include_str!("../../scenarios/routers.txt"));
}

#[test]
fn sccp_phones() {
    check("sccp.txt", include_str!("../../scenarios/sccp.txt"));
}
