//! Plays a script of what devices tell against call control and prints what follows, in the words of the script.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use strowger_base::feature::FeatureCode;
use strowger_base::journal::{SetBy, UserSet, UserValue};
use strowger_base::leg::{
    Alert, AudioSource, BindingId, Digit, DigitsEnd, Diversion, Elsewhere, FurtherDigits, Origin, Party,
    Presentation, ReleaseReason, Setup,
};
use strowger_base::net::{Flow, ListenerId};
use strowger_base::{
    CallId, Cause, Country, Instant, LegId, LineName, Media, NodeId, Now, Rng, SessionDescription, ShardId,
    Signal, WallTime,
};
use strowger_callcontrol::configuration::{DivertTo, HoldMode};
use strowger_callcontrol::io::{Contact, Reach};
use strowger_callcontrol::{CallControl, Configuration, Input, Outbox, RelayMode};
use strowger_dialplan::codes::DisplayCode;
use strowger_media::control::{self, PortId, Report};
use strowger_media::statistics::{PortStatistics, StreamStatistics};

#[path = "features.rs"]
mod features;

#[path = "keys.rs"]
mod keys;

#[path = "numbers.rs"]
mod numbers;

#[path = "places.rs"]
mod places;

#[path = "plan.rs"]
mod plan;

#[path = "printed.rs"]
mod printed;

#[path = "recording.rs"]
mod recording;

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
    forks: Vec<PortId>,
    /// Ports that call control closed, or was told are no more: nothing is asked of them.
    gone: BTreeSet<PortId>,
    /// Ports of calls are told by their numbers, since a call has several.
    numbers_relays: bool,
    tickets: Vec<u64>,
    next_incoming: u64,
    /// To whom each key of the server was told first.
    own_keys: BTreeMap<String, LegId>,
    pub(crate) printed: String,
}

/// Streams beside audio: `a1&video`, `a1&no-video` when it is refused, `a1:refused&fax`, `a1:none&fax` where there is no line for audio.
fn streams_beside(names: &str, index: usize) -> String {
    names
        .split('&')
        .map(|name| stream_beside(name).replace("6???", &(6000 + 10 * index).to_string()))
        .collect()
}

fn stream_beside(name: &str) -> &'static str {
    match name {
        "" => "",
        "video" => "m=video 6??? RTP/AVP 97\r\nc=IN IP4 10.0.0.1\r\na=rtpmap:97 H264/90000\r\n",
        "no-video" => "m=video 0 RTP/AVP 97\r\n",
        "second" => "m=audio 6008 RTP/AVP 8\r\na=recvonly\r\n",
        "srtp-second" => {
            "m=audio 6008 RTP/SAVP 8\r\na=recvonly\r\na=crypto:3 AES_CM_128_HMAC_SHA1_80 inline:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n"
        }
        "second-paused" => "m=audio 6008 RTP/AVP 8\r\na=inactive\r\n",
        "secure-video" => {
            "m=video 6??? RTP/SAVP 97\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n"
        }
        "fax" => "m=image 6??? udptl t38\r\na=T38FaxVersion:0\r\n",
        "no-fax" => "m=image 0 udptl t38\r\n",
        "camera" => "m=application 6??? RTP/AVP 100\r\na=rtpmap:100 H224/4800\r\n",
        "floor" => "m=application 6??? UDP/BFCP *\r\n",
        "floor-tcp" => "m=application 6??? TCP/BFCP *\r\n",
        "no-floor" => "m=application 0 TCP/BFCP *\r\n",
        "srtp-audio" => {
            "m=audio 6002 RTP/SAVP 8\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n"
        }
        "no-srtp-audio" => "m=audio 0 RTP/SAVP 8\r\n",
        other => panic!("no stream {other}"),
    }
}

impl Driver {
    pub(crate) fn new() -> Self {
        let configuration = plan::configuration();
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
            forks: Vec::new(),
            gone: BTreeSet::new(),
            numbers_relays: false,
            tickets: Vec::new(),
            next_incoming: 0,
            own_keys: BTreeMap::new(),
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
            ["country", name] => {
                self.configuration.country = Country::from_name(name).unwrap();
                self.configure();
            }
            ["keys-of", device, method] => {
                features::keys_of(&mut self.configuration, device, method);
                self.configure();
            }
            ["announce-pattern", pattern, source] => {
                let source = AudioSource(source.parse().unwrap());
                let key = (Box::default(), (*pattern).into());
                self.configuration.pattern_announcements.insert(key, source);
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
            ["mask", line, mask] => {
                for phone in &mut self.configuration.lines.get_mut(line).unwrap().phones {
                    let mut dials = (*phone.dials).clone();
                    dials.external_mask = Some(mask.parse().unwrap());
                    phone.dials = dials.into();
                }
                self.configure();
            }
            ["speed-dials", line, numbers @ ..] => {
                for phone in &mut self.configuration.lines.get_mut(line).unwrap().phones {
                    let mut settings = (*phone.settings).clone();
                    settings.speed_dials = numbers.iter().map(|number| Box::from(*number)).collect();
                    phone.settings = settings.into();
                }
                self.configure();
            }
            ["recording", line, words @ ..] => {
                recording::set(&mut self.configuration, line, words);
                self.configure();
            }
            ["tells-messages", trunk] => {
                self.configuration.trunks.entry((*trunk).into()).or_default().tells_messages = true;
                self.configure();
            }
            ["call-back-time", seconds] => {
                self.configuration.call_back_time = Duration::from_secs(seconds.parse().unwrap());
                self.configure();
            }
            ["no-line", line] => {
                self.configuration.lines.remove(line);
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
            ["pickup-group" | "pickup-rings" | "pickup-notice" | "park-numbers" | "directed-park", ..] => {
                features::set(&mut self.configuration, &words);
                self.configure();
            }
            [
                "user-forwards" | "do-not-disturb" | "auto-answer" | "intercom" | "ring-idle"
                | "ring-in-call" | "distinctive" | "single-button",
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
            ["hunt-key", line, phone, binding] => {
                let phone = if *phone == "-" { "" } else { phone };
                let binding = BindingId(binding.parse().unwrap());
                self.handle(Input::HuntLog { line: &LineName::from(*line), phone, binding });
            }
            ["feature", pattern, code, rest @ ..] => {
                features::number(&mut self.configuration, pattern, code, rest);
                self.configure();
            }
            [
                "named" | "bridge" | "region" | "regions" | "regions-video" | "location" | "room" | "link"
                | "no-rooms" | "aar" | "aar-mask" | "aar-voice-mail",
                ..,
            ] => {
                places::set(&mut self.configuration, &words);
                self.configure();
            }
            ["resource" | "resource-group" | "resource-list" | "resource-multicast" | "uses", ..] => {
                resources::set(&mut self.configuration, &words);
                self.configure();
            }
            ["device", name, "is", "gone"] => self.handle(Input::Device { device: name, ability: None }),
            ["device", name, "has", rest @ ..] => {
                self.handle(Input::Device { device: name, ability: resources::ability(rest) });
            }
            ["resources"] => self.printed.push_str(&resources::uses(&self.control)),
            ["taken"] => self.printed.push_str(&places::taken(&self.control)),
            ["wait", seconds] => self.wait(Duration::from_secs(seconds.parse().unwrap())),
            ["drain", seconds] => {
                self.handle(Input::Drain { within: Duration::from_secs(seconds.parse().unwrap()) });
            }
            ["number-relays"] => self.numbers_relays = true,
            ["relay", number, what] if number.parse::<u64>().is_ok() => {
                let port = PortId(2 * number.parse::<u64>().unwrap());
                let at = |offset| SocketAddr::from(([198, 51, 100, 1], 20_000 + 50 * port.0 as u16 + offset));
                self.handle(Input::Media(match *what {
                    "opened" => Report::Opened { port, a: at(0), b: Some(at(2)) },
                    "failed" => Report::Failed { port, reason: "no port left".into() },
                    "closed" => Report::Closed { port, statistics: carried() },
                    other => panic!("relay {other}"),
                }));
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
            ["relay", "closed", which @ ..] => {
                let port = match which {
                    [] => *self.relays.last().unwrap(),
                    [place, ..] => self.relays[place.parse::<usize>().unwrap() - 1],
                };
                let mut statistics = Box::new(strowger_media::statistics::PortStatistics::default());
                statistics.b = Some(strowger_media::statistics::StreamStatistics::default());
                self.handle(Input::Media(Report::Closed { port, statistics }));
            }
            ["fork", what] => {
                let port = *self.forks.last().unwrap();
                let a = "198.51.100.1:30000".parse().unwrap();
                let b = Some("198.51.100.1:30002".parse().unwrap());
                let statistics = Box::default();
                self.handle(Input::Media(match *what {
                    "opened" => Report::Opened { port, a, b },
                    "failed" => Report::Failed { port, reason: "no port left".into() },
                    "closed" => Report::Closed { port, statistics },
                    other => panic!("no fork {other}"),
                }));
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
            [who, "redirects", status, to] => {
                let elsewhere = match to.split_once('@') {
                    Some((_, host)) => Elsewhere::Host(host.into()),
                    None if *to == "nobody" => Elsewhere::Nobody,
                    None => Elsewhere::Number((*to).into()),
                };
                let leg = self.legs[*who];
                self.handle(Input::Signal(leg, Signal::Redirected(elsewhere)));
                self.play(&format!("{who} refused {status}"));
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
    /// [diverted=NUMBER] [at=ADDRESS:PORT] [takes=a1/0]`
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
        let takes = flags.iter().find_map(|flag| flag.strip_prefix("takes="));
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
            behind_nat: flags.contains(&"nat"),
            srtp_fallback: flags.contains(&"falls-back"),
            takes: takes.map(|name| SessionDescription::new(self.description(name).as_bytes())),
            diversions: flags.iter().filter_map(|flag| diverted_by(flag)).collect(),
            further_digits: if flags.contains(&"keys") {
                FurtherDigits::Keys
            } else if flags.contains(&"again") {
                FurtherDigits::Again
            } else if flags.contains(&"beyond") {
                FurtherDigits::Beyond
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
            ["wants-metadata"] => Signal::MetadataRequested,
            ["refuses", cause] => Signal::MediaRefused(Cause(cause.parse().unwrap())),
            ["digit", key] => Signal::Digit(Digit { key: key.chars().next().unwrap(), duration_ms: 100 }),
            ["digits-complete"] => Signal::DigitsEnded(DigitsEnd::Complete),
            ["erases"] => Signal::DigitErased,
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
        let (name, beside) = name.split_once('&').unwrap_or((name, ""));
        let (codecs, direction) = name.split_once(':').unwrap_or((name, "sendrecv"));
        let codecs = codecs.split_once('/').map(|(_, codecs)| codecs.split('+').next().unwrap_or_default());
        let formats = codecs.map_or("8".to_owned(), |codecs| codecs.replace(',', " "));
        let index = self.ports.iter().position(|known| known == name).unwrap_or_else(|| {
            self.ports.push(name.to_owned());
            self.ports.len() - 1
        });
        let (port, direction) =
            if direction == "refused" { (0, "inactive") } else { (4000 + 2 * index, direction) };
        let session = "v=0\r\no=phone 7 7 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\n";
        if direction == "none" {
            return session.to_owned() + &streams_beside(beside, index);
        }
        let text = format!("{session}m=audio {port} RTP/AVP {formats}\r\na={direction}\r\n");
        let events = if formats.split(' ').any(|format| format == "96") { EVENTS } else { "" };
        let text = text + events;
        keys::add(name, text) + &streams_beside(beside, index)
    }

    fn handle(&mut self, input: Input<'_>) {
        if let Input::Media(Report::Closed { port, .. } | Report::Failed { port, .. }) = &input {
            self.gone.insert(*port);
        }
        let mut out = Outbox::default();
        self.control.handle(self.now, input, &mut out);
        for item in std::mem::take(&mut out.items) {
            self.output(item, &out);
        }
    }

    fn locate(&mut self, request: CallId, line: &LineName) {
        let contacts = self.phones.get(line.as_str()).cloned().unwrap_or_default();
        self.handle(Input::Located { request, line, contacts: &contacts });
    }
}

/// What a port carried.
fn carried() -> Box<PortStatistics> {
    let stream = StreamStatistics { packets: 7, sent: 5, ..StreamStatistics::default() };
    Box::new(PortStatistics { a: stream, b: Some(stream) })
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

/// `diverted` or `diverted=NUMBER`
fn diverted_by(flag: &str) -> Option<Diversion> {
    let number = flag.strip_prefix("diverted")?;
    let mut diversion = diverted();
    if let Some(number) = number.strip_prefix('=') {
        diversion.party.number = number.into();
    }
    Some(diversion)
}
