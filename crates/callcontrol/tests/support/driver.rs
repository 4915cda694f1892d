//! Plays a script of what devices tell against call control and prints what follows, in the words of the script.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use strowger_base::feature::FeatureCode;
use strowger_base::journal::{
    CallRecord, CodesView, Decision, Entry, OriginView, Record, SetBy, UserSet, UserValue,
};
use strowger_base::leg::{
    Alert, BindingId, Digit, DigitsEnd, Diversion, FurtherDigits, Origin, Party, Presentation, ReleaseReason,
    Service, Setup, SrtpOffer, Target,
};
use strowger_base::net::{Flow, ListenerId};
use strowger_base::recording::RecordedParty;
use strowger_base::{
    CallId, Cause, Command, Instant, LegId, LineName, Media, NodeId, Now, RecordingMetadata, Rng,
    SessionDescription, ShardId, Signal, WallTime,
};
use strowger_callcontrol::configuration::{DivertTo, HoldMode, Line, Trunk, TrunkList};
use strowger_callcontrol::io::{Contact, Reach};
use strowger_callcontrol::{CallControl, Configuration, Input, Outbox, Output, RelayMode};
use strowger_dialplan::codes::{CodeTable, DisplayCode};
use strowger_dialplan::route_list::{GroupReference, RouteDistribution, RouteGroup, RouteListMember};
use strowger_dialplan::{
    Action, CalledChange, CodesRequired, DialPlanBuilder, MemberChange, NextSearchSpace, NumberPattern,
    Parameters, RoutePattern, RouteTarget, Translation,
};
use strowger_media::control::{self, PortId, Report};
use strowger_media::sdp::{self, Direction};

#[path = "features.rs"]
mod features;

#[path = "keys.rs"]
mod keys;

#[path = "numbers.rs"]
mod numbers;

#[path = "places.rs"]
mod places;

#[path = "resources.rs"]
mod resources;

#[path = "ways.rs"]
mod ways;

pub(crate) struct Driver {
    control: CallControl,
    configuration: Configuration,
    groups: ways::Groups,
    now: Now,
    /// Names of legs, by the order in which they appear: `A`, `A2` for callers, `B1`, `B2` for called.
    legs: BTreeMap<String, LegId>,
    phones: BTreeMap<String, Vec<Contact>>,
    /// Ports stand for descriptions: the text `a1` is always written with the same port.
    ports: Vec<String>,
    relays: Vec<PortId>,
    tickets: Vec<u64>,
    next_incoming: u64,
    pub(crate) printed: String,
}

fn configuration() -> Configuration {
    let mut configuration = Configuration::empty();
    let mut plan = DialPlanBuilder::new(Parameters::default());
    for (number, name) in [("1001", "Alice"), ("1002", "Bob"), ("1003", "Carol")] {
        plan.literal("", number, Action::Line(number.into())).unwrap();
        let line = Line { name: name.into(), ..Line::default() };
        configuration.lines.insert(number, line);
    }
    plan.literal("", "9999", Action::Service(Service::Echo)).unwrap();
    ways::prepare(&mut plan, &mut configuration);
    places::prepare(&mut plan);
    let mut pattern = |pattern: &str, action| {
        plan.add("", NumberPattern::new(pattern.parse().unwrap(), action)).unwrap();
    };
    pattern("0!", Action::from(RoutePattern::to(RouteTarget::Trunk("carrier".into()))));
    pattern("00!", Action::Block(Cause::OUTGOING_CALLS_BARRED));
    let mut outside = RoutePattern::to(RouteTarget::Trunk("carrier".into()));
    outside.called.discard = "PreDot".parse().unwrap();
    outside.outside_dial_tone = true;
    pattern("8.XXX", Action::from(outside.clone()));
    pattern("8.XX!", Action::from(outside));
    let mut translation = Translation::to(NextSearchSpace::Originator);
    translation.called.mask = Some("1002".parse().unwrap());
    pattern("77", Action::from(translation));
    let mut waits = Translation::to(NextSearchSpace::Originator);
    waits.called.mask = Some("8123".parse().unwrap());
    pattern("*9", Action::from(waits));
    let mut round = Translation::to(NextSearchSpace::Originator);
    round.called.prefix = "".parse().unwrap();
    pattern("66", Action::from(round));
    pattern("3.!", {
        let mut route = RoutePattern::to(RouteTarget::RouteList("outside".into()));
        route.called.discard = "PreDot".parse().unwrap();
        Action::from(route)
    });
    pattern("9.XXX", Action::from(asking(Some(10), false, RouteTarget::Trunk("carrier".into()))));
    pattern("2.!", Action::from(asking(Some(0), true, RouteTarget::RouteList("outside".into()))));
    pattern("6[1-3]X", Action::from(asking(None, true, RouteTarget::Trunk("carrier".into()))));
    let mut beside = Translation::to(NextSearchSpace::Originator);
    beside.called.mask = Some("2555".parse().unwrap());
    pattern("55", Action::from(beside));
    let name = asking(Some(10), false, RouteTarget::Trunk("carrier".into()));
    plan.name("", "operator", Action::from(name)).unwrap();
    let mut codes = CodeTable::new();
    codes.add_authorization("1234", "Ada", 10).unwrap();
    codes.add_authorization("77", "Bert", 3).unwrap();
    codes.add_matter("567", "Smith against Jones").unwrap();
    configuration.codes = Arc::new(codes);
    let carrier = Action::from(RoutePattern::to(RouteTarget::Trunk("carrier".into())));
    plan.host("", "example.com", carrier).unwrap();
    configuration.route_lists.insert("outside".into(), route_list());
    let gone = Trunk { is_there: false, ..Trunk::default() };
    configuration.trunks.insert("planned".into(), gone);
    numbers::add(&mut plan, &mut configuration);
    configuration.plan = plan.build();
    configuration.address = "198.51.100.1".parse().unwrap();
    configuration
}

/// A route that asks for codes.
fn asking(authorization_level: Option<u8>, client_matter: bool, to: RouteTarget) -> RoutePattern {
    let mut route = RoutePattern::to(to);
    if authorization_level.is_some() {
        route.called.discard = "PreDot".parse().unwrap();
    }
    route.codes = CodesRequired { authorization_level, client_matter };
    route
}

/// Two trunks from the top, then two in turns with an 8 before the number.
fn route_list() -> Arc<TrunkList> {
    let group = |name: &str, trunks: &[&str], distribution| {
        let trunks = trunks.iter().map(|trunk| Box::from(*trunk)).collect();
        GroupReference::Group(Arc::new(RouteGroup::new(name, trunks, distribution).unwrap()))
    };
    let called = CalledChange { prefix: "8".parse().unwrap(), ..CalledChange::default() };
    let changed = MemberChange { called: Some(called), calling: None };
    let members = vec![
        RouteListMember {
            group: group("first", &["planned", "t1"], RouteDistribution::TopDown),
            transformation: MemberChange::default(),
        },
        RouteListMember { group: GroupReference::StandardLocal, transformation: MemberChange::default() },
        RouteListMember {
            group: group("second", &["t2", "t3"], RouteDistribution::Circular),
            transformation: changed,
        },
    ];
    Arc::new(TrunkList::new("outside", members).unwrap())
}

impl Driver {
    pub(crate) fn new() -> Self {
        let configuration = configuration();
        let shared = Arc::new(configuration.clone());
        Driver {
            control: CallControl::new(NodeId(1), ShardId(0), 0, &mut Rng::new(1), shared),
            configuration,
            groups: ways::Groups::new(),
            now: Now { mono: Instant::START, wall: WallTime::from_micros(1_000_000_000) },
            legs: BTreeMap::new(),
            phones: BTreeMap::new(),
            ports: Vec::new(),
            relays: Vec::new(),
            tickets: Vec::new(),
            next_incoming: 0,
            printed: String::new(),
        }
    }

    /// Takes one line of a script.
    pub(crate) fn play(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["phones", line, count] => self.phones(line, count.parse().unwrap(), Reach::Direct),
            ["phones", line, count, "behind-nat"] => {
                self.phones(line, count.parse().unwrap(), Reach::BehindNat);
            }
            ["relay-mode", mode] => {
                self.configuration.relay = match *mode {
                    "always" => RelayMode::Always,
                    "behind-nat" => RelayMode::WhenBehindNat,
                    other => panic!("relay mode {other}"),
                };
                self.configure();
            }
            ["music"] => {
                self.configuration.hold = HoldMode::Music;
                self.configure();
            }
            ["keys-of", device, method] => {
                features::keys_of(&mut self.configuration, device, method);
                self.configure();
            }
            ["announce", cause, sound @ ..] => {
                features::announce(&mut self.configuration, cause, sound);
                self.configure();
            }
            ["srtp", ..] => {
                keys::set(&mut self.configuration, &mut self.control, &words);
                self.configure();
            }
            ["divert-to", "original"] => {
                self.configuration.divert_to = DivertTo::Original;
                self.configure();
            }
            ["conferences", rules @ ..] => {
                self.configuration.conferences = features::rules(rules);
                self.configure();
            }
            ["limits", line, trigger, max] => {
                let line = self.configuration.lines.get_mut(line).unwrap();
                line.busy_trigger = trigger.parse().unwrap();
                line.calls_max = max.parse().unwrap();
                self.configure();
            }
            ["display-codes"] => {
                self.configuration.code_parameters.display = DisplayCode::Yes;
                self.configure();
            }
            ["forget-codes"] => {
                self.configuration.codes = Arc::default();
                self.configure();
            }
            [who, "keys", keys] => keys.chars().for_each(|key| self.play(&format!("{who} digit {key}"))),
            [
                "forward" | "rings" | "voice-mail" | "hop-limit" | "group" | "hunt-list" | "pilot" | "inside",
                ..,
            ] => {
                ways::set(&mut self.configuration, &mut self.groups, &words);
                self.configure();
            }
            ["order", call, words @ ..] => {
                let order = features::order(&self.legs, call, words);
                self.handle(Input::Order { number: 1, order: Box::new(order) });
            }
            ["paging-group", name, words @ ..] => {
                features::paging_group(&mut self.configuration, name, words);
                self.configure();
            }
            ["pickup-group" | "pickup-rings" | "park-numbers" | "directed-park", ..] => {
                features::set(&mut self.configuration, &words);
                self.configure();
            }
            [
                "user-forwards" | "do-not-disturb" | "auto-answer" | "intercom" | "ring-idle"
                | "ring-in-call" | "distinctive",
                ..,
            ] => {
                features::set_lines(&mut self.configuration, &words);
                self.configure();
            }
            ["set" | "restore", line, phone, word, value] => {
                let text = |word: &str| if word == "-" { String::new() } else { word.to_owned() };
                let (line, phone, value) = (text(line), text(phone), text(value));
                let value = UserValue::read(word, &value).unwrap();
                let set = UserSet { line: &line, phone: &phone, value, by: SetBy::Program("ada") };
                let at = self.now.wall;
                self.handle(if words.first() == Some(&"set") {
                    Input::Set { asked: 7, set }
                } else {
                    Input::Restore { set, at }
                });
            }
            ["feature", pattern, code, rest @ ..] => {
                features::number(&mut self.configuration, pattern, code, rest);
                self.configure();
            }
            [
                "named" | "bridge" | "region" | "regions" | "location" | "room" | "link" | "no-rooms" | "aar"
                | "aar-mask" | "aar-voice-mail",
                ..,
            ] => {
                places::set(&mut self.configuration, &words);
                self.configure();
            }
            ["resource" | "resource-group" | "resource-list" | "uses", ..] => {
                resources::set(&mut self.configuration, &words);
                self.configure();
            }
            ["resources"] => self.printed.push_str(&resources::uses(&self.control)),
            ["taken"] => self.printed.push_str(&places::taken(&self.control)),
            ["wait", seconds] => self.wait(Duration::from_secs(seconds.parse().unwrap())),
            ["drain", seconds] => {
                self.handle(Input::Drain { within: Duration::from_secs(seconds.parse().unwrap()) });
            }
            ["relay", "opened"] => {
                let port = *self.relays.last().unwrap();
                let a = "198.51.100.1:20000".parse().unwrap();
                let b = Some("198.51.100.1:20002".parse().unwrap());
                self.handle(Input::Media(Report::Opened { port, a, b }));
            }
            ["relay", "heard", side, key] => {
                let port = *self.relays.last().unwrap();
                let side = if *side == "A" { control::Side::A } else { control::Side::B };
                let digit = Digit { key: key.chars().next().unwrap(), duration_ms: 100 };
                self.handle(Input::Media(Report::Digit { port, side, digit }));
            }
            ["relay", "failed"] => {
                let port = *self.relays.last().unwrap();
                self.handle(Input::Media(Report::Failed { port, reason: "no port left".into() }));
            }
            ["relay", "closed"] => {
                let port = *self.relays.last().unwrap();
                let mut statistics = Box::new(strowger_media::statistics::PortStatistics::default());
                statistics.b = Some(strowger_media::statistics::StreamStatistics::default());
                self.handle(Input::Media(Report::Closed { port, statistics }));
            }
            ["persisted"] => {
                let ticket = self.tickets.remove(0);
                self.handle(Input::Persisted { ticket });
            }
            ["persisted", "all"] => {
                for ticket in std::mem::take(&mut self.tickets) {
                    self.handle(Input::Persisted { ticket });
                }
            }
            ["disk-full"] => {
                let ticket = self.tickets.remove(0);
                self.handle(Input::PersistFailed { ticket, reason: "No space left on device" });
            }
            ["idle"] => {
                let sizes = self.control.sizes();
                assert_eq!(sizes, strowger_callcontrol::Sizes::default(), "something is left");
            }
            [who, "setup", rest @ ..] => {
                let setup = self.setup(rest);
                let leg = LegId::new(NodeId(1), ShardId(0), 4 + 4 * self.next_incoming);
                self.next_incoming += 1;
                self.legs.insert((*who).to_owned(), leg);
                self.handle(Input::Signal(leg, Signal::Setup(Box::new(setup))));
            }
            [who, rest @ ..] => {
                let leg = *self.legs.get(*who).unwrap_or_else(|| panic!("no leg {who}"));
                let signal = self.signal(rest);
                self.handle(Input::Signal(leg, signal));
            }
            [] => {}
        }
    }

    fn configure(&mut self) {
        self.handle(Input::Configure(Arc::new(self.configuration.clone())));
    }

    fn phones(&mut self, line: &str, count: u64, reach: Reach) {
        // Where phones have names, each has one contact.
        let named = self.configuration.lines.get(line).map_or(&[][..], |line| &line.phones);
        let name = |n: u64| named.get(n as usize - 1).and_then(|phone| phone.name.clone());
        let contact = |n| Contact { phone: name(n), binding: BindingId(n), reach };
        let contacts = (1..=count).map(contact).collect();
        self.phones.insert(line.to_owned(), contacts);
    }

    fn wait(&mut self, time: Duration) {
        let end = self.now.mono + time;
        while let Some(at) = self.control.next_timeout().filter(|at| *at <= end) {
            self.advance(at);
            self.handle(Input::Timeout);
        }
        self.advance(end);
    }

    fn advance(&mut self, at: Instant) {
        self.now.wall = self.now.wall + (at - self.now.mono);
        self.now.mono = at;
    }

    /// `[from 1001|from LINE/PHONE|from-trunk carrier] 1002 none|offer(a1) [reliable] [anonymous] [nat] [replaces=LEG] [joins=LEG] [calling=NUMBER]
    /// [diverted=NUMBER] [at=ADDRESS:PORT]`
    fn setup(&mut self, words: &[&str]) -> Setup {
        let mut words = words.iter();
        let mut word = *words.next().unwrap();
        let mut origin = Origin::line("1001");
        if word == "from" {
            let (line, phone) = words.next().map(|name| name.split_once('/').unwrap_or((name, ""))).unwrap();
            let phone = (!phone.is_empty()).then(|| phone.into());
            origin = Origin::Line { line: line.into(), phone };
            word = words.next().unwrap();
        } else if word == "from-trunk" {
            origin = Origin::Trunk((*words.next().unwrap()).into());
            word = words.next().unwrap();
        }
        let media = self.media(words.next().unwrap());
        let flags: Vec<&str> = words.copied().collect();
        let source = if flags.contains(&"nat") { "203.0.113.9:5060" } else { "10.0.0.1:5060" };
        let hidden = flags.contains(&"anonymous");
        let place = flags.iter().find_map(|flag| flag.strip_prefix("at="));
        let calling = flags.iter().find_map(|flag| flag.strip_prefix("calling=")).unwrap_or("4711");
        Setup {
            origin,
            flow: Flow::Datagram { listener: ListenerId(0), peer: place.unwrap_or(source).parse().unwrap() },
            protocol_call_id: "id@host".into(),
            calling: Party {
                number: calling.into(),
                name: "I am the boss".into(),
                presentation: if hidden { Presentation::Restricted } else { Presentation::Allowed },
            },
            called: word.trim_matches('"').into(),
            media,
            hops_remaining: 69,
            reliable_provisional: flags.contains(&"reliable"),
            srtp_fallback: flags.contains(&"falls-back"),
            diversions: flags.iter().filter_map(|flag| diverted_by(flag)).collect(),
            further_digits: if flags.contains(&"keys") {
                FurtherDigits::Keys
            } else if flags.contains(&"again") {
                FurtherDigits::Again
            } else {
                FurtherDigits::None
            },
            replaces: self.leg_named(&flags, "replaces="),
            joins: self.leg_named(&flags, "joins="),
            feature: flags
                .iter()
                .find_map(|flag| flag.strip_prefix("feature="))
                .map(|word| FeatureCode::named(word).unwrap()),
        }
    }

    /// The leg that a flag such as `replaces=B1` names.
    fn leg_named(&self, flags: &[&str], flag: &str) -> Option<LegId> {
        let name = flags.iter().find_map(|word| word.strip_prefix(flag))?;
        Some(self.legs.get(name).copied().unwrap_or(NOBODY))
    }

    fn signal(&mut self, words: &[&str]) -> Signal {
        match words {
            ["proceeding"] => Signal::Proceeding,
            ["ringing"] => Signal::Alerting { alert: Alert::Ringing, media: Media::None },
            ["ringing", media] => Signal::Alerting { alert: Alert::Ringing, media: self.media(media) },
            ["progress", media] => Signal::Alerting { alert: Alert::Progress, media: self.media(media) },
            ["answered", media, rest @ ..] => {
                let hidden = rest.contains(&"anonymous");
                let connected = Party {
                    number: "666".into(),
                    name: "Somebody else".into(),
                    presentation: if hidden { Presentation::Restricted } else { Presentation::Allowed },
                };
                let connected = if rest.contains(&"nameless") { Party::default() } else { connected };
                Signal::Answered { media: self.media(media), connected }
            }
            ["media", media] => Signal::Media(self.media(media)),
            ["wants-offer"] => Signal::MediaRequested,
            ["refuses", cause] => Signal::MediaRefused(Cause(cause.parse().unwrap())),
            ["digit", key] => Signal::Digit(Digit { key: key.chars().next().unwrap(), duration_ms: 100 }),
            ["digits-complete"] => Signal::DigitsEnded(DigitsEnd::Complete),
            ["digits-lost"] => Signal::DigitsEnded(DigitsEnd::Lost),
            ["transfer", number] => {
                Signal::TransferRequested { destination: (*number).into(), replaces: None }
            }
            ["transfer", number, "replacing", leg] => {
                let replaces = Some(self.legs.get(*leg).copied().unwrap_or(NOBODY));
                Signal::TransferRequested { destination: (*number).into(), replaces }
            }
            ["asks", words @ ..] => Signal::FeatureRequested(Box::new(features::request(&self.legs, words))),
            ["hangs-up"] => released(16, ReleaseReason::HungUp),
            ["gives-up"] => released(16, ReleaseReason::Cancelled),
            ["refused", status] => {
                let status = status.parse().unwrap();
                released(Cause::from_sip_status(status).0, ReleaseReason::Refused(status))
            }
            ["lost"] => released(27, ReleaseReason::TransportFailed),
            ["silent"] => released(18, ReleaseReason::NoResponse),
            other => panic!("no signal {other:?}"),
        }
    }

    /// `none`, `offer(a1)`, `answer(b1)`, with `offer(a1:sendonly)` for another direction and `offer(a1/0,18)` for other codecs.
    fn media(&mut self, text: &str) -> Media {
        if text == "none" {
            return Media::None;
        }
        let (kind, name) = text.strip_suffix(')').and_then(|t| t.split_once('(')).unwrap();
        let description = SessionDescription::new(self.description(name).as_bytes());
        match kind {
            "offer" => Media::Offer(description),
            "answer" => Media::Answer(description),
            other => panic!("no media {other}"),
        }
    }

    fn description(&mut self, name: &str) -> String {
        let (codecs, direction) = name.split_once(':').unwrap_or((name, "sendrecv"));
        let codecs = codecs.split_once('/').map(|(_, codecs)| codecs.split('+').next().unwrap_or_default());
        let formats = codecs.map_or("8".to_owned(), |codecs| codecs.replace(',', " "));
        let index = self.ports.iter().position(|known| known == name).unwrap_or_else(|| {
            self.ports.push(name.to_owned());
            self.ports.len() - 1
        });
        let (port, direction) =
            if direction == "refused" { (0, "inactive") } else { (4000 + 2 * index, direction) };
        let text = format!(
            "v=0\r\no=phone 7 7 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\n\
             m=audio {port} RTP/AVP {formats}\r\na={direction}\r\n"
        );
        let events = if formats.split(' ').any(|format| format == "96") { EVENTS } else { "" };
        let text = text + events;
        keys::add(name, text)
    }

    fn handle(&mut self, input: Input<'_>) {
        let mut out = Outbox::default();
        self.control.handle(self.now, input, &mut out);
        for item in std::mem::take(&mut out.items) {
            self.output(item, &out);
        }
    }

    fn output(&mut self, item: Output, out: &Outbox) {
        match item {
            Output::Command(leg, Command::Ring(ring)) => {
                let called = self.legs.keys().filter(|name| name.starts_with('B')).count();
                self.legs.insert(format!("B{}", called + 1), leg);
                let target = match &ring.target {
                    Target::Phone { line, phone, binding } => {
                        let name = phone.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
                        format!("phone {line}/{}{name}", binding.0)
                    }
                    Target::Trunk(name) => format!("trunk {name}"),
                    Target::Service(service) => format!("service {service:?}"),
                };
                let srtp = match ring.srtp {
                    SrtpOffer::Clear => "",
                    SrtpOffer::Beside => " srtp-beside",
                    SrtpOffer::Alone => " srtp",
                };
                let reliable = if ring.reliable_provisional { " reliable" } else { "" };
                let by =
                    |diversion: &Diversion| format!(" from {} {}", diversion.party.number, diversion.reason);
                let text = format!(
                    "ring {target} {} by {} {}{reliable}{srtp}{}{}",
                    ring.called,
                    party(&ring.calling),
                    self.show(&ring.media),
                    ring.diversions.iter().map(by).collect::<String>(),
                    features::style(ring.style)
                );
                self.print(leg, &text);
            }
            Output::Command(leg, command) => {
                let text = match command {
                    Command::Ring(_) => unreachable!("taken above"),
                    Command::Alert { alert, media, shown } => {
                        format!(
                            "alert {} {}{}",
                            match alert {
                                Alert::Ringing => "ringing".to_owned(),
                                Alert::Progress => "progress".to_owned(),
                                Alert::Failing(cause) => format!("failing {}", cause.0),
                            },
                            self.show(&media),
                            shown.map(|shown| format!(" as {}", party(&shown))).unwrap_or_default()
                        )
                    }
                    Command::Answer { media, connected } => {
                        format!("answer {} {}", party(&connected), self.show(&media))
                    }
                    Command::Media(media) => format!("media {}", self.show(&media)),
                    Command::CollectDigits => "collect-digits".to_owned(),
                    Command::StopCollecting => "stop-collecting".to_owned(),
                    Command::KeysBy(by) => format!("keys-by {by:?}").to_lowercase(),
                    Command::Tone(tone) => format!("tone {tone:?}").to_lowercase(),
                    Command::Mute(mute) => format!("mute {mute:?}").to_lowercase(),
                    Command::RequestMedia => "wants-offer".to_owned(),
                    Command::RefuseMedia(cause) => format!("refuses {}", cause.0),
                    Command::ShowParty(shown) => format!("show {}", party(&shown)),
                    Command::Digit(digit) => format!("digit {}", digit.key),
                    Command::TransferResult(result) => format!("transfer-result {result:?}"),
                    Command::TransferEnded(result) => format!("transfer-ended {result:?}"),
                    Command::Records(media, told) => {
                        let RecordingMetadata { own, far, .. } = &*told;
                        let who =
                            |it: &RecordedParty| format!("{} {:?}", it.party.number, it.flow).to_lowercase();
                        format!("records {}, {} {}", who(own), who(far), self.show(&media))
                    }
                    Command::RequestTransfer(number) => format!("request-transfer {number}"),
                    Command::FeatureAnswer(answer) => {
                        format!("{} {:?} {}", answer.request, answer.result, answer.text)
                            .trim_end()
                            .to_owned()
                    }
                    Command::Release(cause) => format!("release {}", cause.0),
                };
                self.print(leg, &text);
            }
            Output::Joined { .. } => {}
            Output::Locate { request, line } => self.locate(request, &line),
            Output::Media(command) => {
                if let control::Command::OpenRelay { port } | control::Command::OpenMulticast { port, .. } =
                    command
                {
                    self.relays.push(port);
                }
                let text = match command {
                    control::Command::OpenRelay { .. } => "open".to_owned(),
                    control::Command::OpenMulticast { service, to, .. } => {
                        format!("open {service:?} to {} ttl {} {:?}", to.address, to.ttl, to.codec)
                    }
                    control::Command::Direct { side, peer, .. } => {
                        format!("direct {side:?} to {}", self.name_of(peer.rtp))
                    }
                    control::Command::Close { .. } => "close".to_owned(),
                    control::Command::Protect { keys, .. } => keys::relay(&keys),
                    control::Command::Transcode { codings, .. } => resources::codings(codings.as_deref()),
                    control::Command::Keys { ways, .. } => match ways {
                        Some(ways) => format!("keys A {:?} B {:?}", ways.a, ways.b),
                        None => "keys pass".to_owned(),
                    },
                    control::Command::Press { side, digit, .. } => {
                        format!("press {} for {side:?}", digit.key)
                    }
                    other => format!("{other:?}"),
                };
                writeln!(self.printed, "  relay <- {text}").unwrap();
            }
            Output::Journal(span) => self.journal(&Record::decode(out.arena.slice(span)).unwrap()),
            Output::Persist { ticket, record, .. } => {
                self.tickets.push(ticket);
                self.journal(&Record::decode(out.arena.slice(record)).unwrap());
            }
            // Whoever looks at the lamp is told what the story tells.
            Output::Parked { .. } => {}
            Output::Privacy { leg, turn } => {
                self.printed.push_str(&format!("  privacy of {leg}: {turn:?}\n"));
            }
            Output::Messages { line, turn } => {
                self.printed.push_str(&format!("  messages of {line}: {turn:?}\n"));
            }
            Output::SettingKept { asked, is_kept } => {
                writeln!(self.printed, "  answer {asked}: kept {is_kept}").unwrap();
            }
            Output::Drained => self.printed.push_str("  drained\n"),
            Output::Ordered { result, .. } => writeln!(self.printed, "  ordered {result:?}").unwrap(),
        }
    }

    fn locate(&mut self, request: CallId, line: &LineName) {
        let contacts = self.phones.get(line.as_str()).cloned().unwrap_or_default();
        self.handle(Input::Located { request, line, contacts: &contacts });
    }

    fn journal(&mut self, record: &Record<'_>) {
        let subject = record.leg.map(|leg| format!("{} ", self.leg_name(leg))).unwrap_or_default();
        let text = match &record.entry {
            // Told is what the script says already; what began and was rung is in the commands.
            Entry::Told(_)
            | Entry::Decision(
                Decision::CallBegan { .. } | Decision::Rung { .. } | Decision::CallerAlerted { .. },
            ) => {
                return;
            }
            Entry::Decision(Decision::MediaPath(path)) => format!(
                "media {} {:?} with {} {:?}, {}, {:?}",
                self.leg_name(path.offerer.leg),
                path.offerer.flow,
                self.leg_name(path.answerer.leg),
                path.answerer.flow,
                path.codec,
                path.way
            ),
            Entry::Decision(decision) => format!("{decision:?}"),
            Entry::Call(call) => {
                let legs: Vec<String> = call
                    .legs
                    .iter()
                    .map(|leg| format!("{} {:?}", self.leg_name(leg.leg), leg.outcome))
                    .collect();
                let calling = match call.origin {
                    OriginView::Line { phone, .. } if !phone.is_empty() => {
                        format!("{} ({phone})", call.calling.number)
                    }
                    OriginView::Line { .. } | OriginView::Trunk(_) => call.calling.number.to_owned(),
                };
                let record = format!(
                    "RECORD {} to {}, connected {:?}, alerted {}, answered {}, cause {}, by {:?}; {}",
                    calling,
                    call.called,
                    call.connected.number,
                    call.alerted_at.is_some(),
                    call.answered_at.is_some(),
                    call.cause.0,
                    call.released_by,
                    legs.join("; ")
                );
                let malicious = if call.malicious { ", malicious" } else { "" };
                record + malicious + &codes(&call.codes) + &ways::redirections(call) + &moves(call)
            }
            Entry::Alarm(alarm) => format!("ALARM {alarm:?}"),
            Entry::Quality(_) => "quality".to_owned(),
            Entry::UserSet(set) => {
                format!("SET {} at {:?} {} to {:?}", set.value.word(), set.line, set.phone, set.value.text())
            }
            Entry::Message { .. } | Entry::Registration(_) => panic!("not call control's"),
        };
        writeln!(self.printed, "  * {subject}{text}").unwrap();
    }

    fn show(&self, media: &Media) -> String {
        let (kind, description) = match media {
            Media::None => return "none".to_owned(),
            Media::Offer(description) => ("offer", description),
            Media::Answer(description) => ("answer", description),
        };
        let peek = sdp::peek(description.as_bytes()).unwrap();
        let version = std::str::from_utf8(peek.origin.version).unwrap();
        assert_eq!(peek.origin.address, b"198.51.100.1", "our own o= line");
        let name = self.name_of(peek.audio.unwrap());
        // Where a script says which codecs there are, it wants to see which are left.
        let translated = name.starts_with("relay") && resources::are_there(&self.configuration);
        let codecs =
            if name.contains('/') || translated { format!(" as {}", peek.codecs) } else { String::new() };
        let keys = keys::show(description);
        // Where one side is told of the other that it sends only, or receives only.
        let as_written = name.split_once(':').map_or("sendrecv", |(_, direction)| direction);
        let told = match peek.direction {
            Direction::SendOnly => "sendonly",
            Direction::ReceiveOnly => "recvonly",
            Direction::SendReceive | Direction::Inactive => as_written,
        };
        let told = if told == as_written { String::new() } else { format!(" {told}") };
        let events = match sdp::telephone_event(description.as_bytes()) {
            // Where a script says which codecs there are, they are among those.
            Some(event) if codecs.is_empty() || !codecs.contains("event") => format!(" events {event}"),
            Some(_) | None => String::new(),
        };
        format!("{kind}({name}{codecs}{events}) v{version}{told}{keys}")
    }

    fn name_of(&self, address: SocketAddr) -> String {
        if address.ip().to_string() == "198.51.100.1" {
            return format!("relay:{}", address.port());
        }
        let index = usize::from(address.port() - 4000) / 2;
        self.ports[index].clone()
    }

    fn leg_name(&self, leg: LegId) -> String {
        let name = self.legs.iter().find(|(_, id)| **id == leg).map(|(name, _)| name.clone());
        name.unwrap_or_else(|| "new leg".to_owned())
    }

    fn print(&mut self, leg: LegId, text: &str) {
        let name = self.leg_name(leg);
        writeln!(self.printed, "  {name} <- {text}").unwrap();
    }
}

/// How a call hangs together with others.
fn moves(call: &CallRecord<'_>) -> String {
    let Some(moves) = &call.moves else { return String::new() };
    let mut text = String::new();
    if let Some(feature) = moves.joined_by {
        write!(text, ", joined by {feature:?} as part of {}", moves.conversation).unwrap();
    }
    if let Some(feature) = moves.left_by {
        write!(text, ", ended by {feature:?}").unwrap();
    }
    text
}

fn codes(codes: &CodesView<'_>) -> String {
    let mut text = String::new();
    if let Some(by) = codes.authorization {
        write!(text, ", authorized by {} ({})", by.name, by.level).unwrap();
        if let Some(code) = by.code {
            write!(text, " with {}", code.reveal()).unwrap();
        }
    }
    if let Some(matter) = codes.matter {
        write!(text, ", matter {} ({})", matter.code.reveal(), matter.description).unwrap();
    }
    text
}

/// Keys in media.
const EVENTS: &str = "a=rtpmap:96 telephone-event/8000\r\na=fmtp:96 0-16\r\n";
/// A leg that is not there.
const NOBODY: LegId = LegId::new(NodeId(1), ShardId(0), 999);

fn diverted() -> Diversion {
    let party = Party { number: "5551".into(), ..Party::default() };
    Diversion { party, reason: "deflection".into() }
}

fn released(cause: u8, reason: ReleaseReason) -> Signal {
    Signal::Released { cause: Cause(cause), reason }
}

fn party(party: &Party) -> String {
    let hidden = if party.presentation == Presentation::Restricted { " hidden" } else { "" };
    format!("{:?} {}{hidden}", party.name, party.number)
}

/// `diverted` or `diverted=NUMBER`
fn diverted_by(flag: &str) -> Option<Diversion> {
    let number = flag.strip_prefix("diverted")?;
    let mut diversion = diverted();
    if let Some(number) = number.strip_prefix('=') {
        diversion.party.number = number.into();
    }
    Some(diversion)
}
