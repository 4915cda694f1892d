//! The SCCP side of a node: stations and their calls, in the words in which SIP speaks with it.
//!
//! [`Sccp`] is to phones that speak SCCP what [`strowger_sip::Sip`] is to the others: bytes of streams and commands go in, bytes
//! and signals come out, and lines have contacts. Who is registered and what calls a phone has are two machines of the protocol's
//! crate, which meet here; their media is translated ([`crate::voice`]), since call control speaks of it in SDP (RFC 8866).

mod allowance;
mod io;
mod lists;
mod past;
mod present;
mod pushing;
mod routers;
mod sharing;
mod standing;
mod story;

use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

use strowger_base::journal::Direction;
use strowger_base::leg::{BindingId, Signal};
use strowger_base::net::StreamId;
use strowger_base::phone::{PhoneChange, PhoneState};
use strowger_base::timer::TimerQueue;
use strowger_base::watch::{LineState, WatchId};
use strowger_base::{
    Command, Event, Instant, LegId, LineName, Media as Sdp, Now, SessionDescription, TimerHandle,
};
use strowger_media::control::PortId;
use strowger_sccp::calls::{LegIds, PARTICIPANTS};
use strowger_sccp::codes::{BlfStatus, Instance, LampMode, ResetType, Stimulus, Tone};
use strowger_sccp::message::alerting::{SetLamp, StartTone};
use strowger_sccp::message::display::DisplayNotify;
use strowger_sccp::resources::io::Standing;
use strowger_sccp::station::io::{Input as ToStations, Output as OfStations};
use strowger_sccp::station::reason::WhyGone;
use strowger_sccp::{Calls, FromStation, Stations, Text, ToStation, calls, resources};

use crate::configuration::StationConfiguration;
use crate::io::{BeginAnew, BegunAnew};
use crate::voice;

use allowance::Passage;
pub(crate) use io::{Counters, Input, News, Outbox, Output};
pub(crate) use past::Past;
pub(crate) use present::Present;
use pushing::Pushes;
use routers::{Routers, Said};

/// All stations of a node.
pub(crate) struct Sccp {
    stations: Stations,
    calls: Calls,
    routers: Routers,
    configuration: Arc<StationConfiguration>,
    /// The registered devices, by their names.
    present: BTreeMap<Box<str>, Present>,
    /// What is remembered of configured devices, by their names.
    past: BTreeMap<Box<str>, Past>,
    /// Where lines can be rung.
    lines: BTreeMap<LineName, BTreeSet<BindingId>>,
    /// Which device a contact is.
    bindings: BTreeMap<BindingId, Box<str>>,
    bindings_given: u64,
    /// What watches, with its device.
    watches: BTreeMap<WatchId, (Box<str>, Watcher)>,
    /// Phones that have not asked for all that they can be told.
    arriving: TimerQueue<Box<str>>,
    /// What devices watch for a time.
    lists: TimerQueue<WatchId>,
    /// Documents that devices have not answered to.
    pushes: Pushes,
    /// Rises with every session description.
    descriptions: u64,
    counters: Counters,
}

/// What of a device watches a line.
#[derive(Clone, Copy, Debug)]
enum Watcher {
    /// A busy lamp, by its button.
    Lamp(Instance),
    /// A line that it shares with other phones, by its button.
    Line(Instance),
    /// Somebody in one of its lists of calls.
    List {
        /// The number that it gave its question.
        transaction: u32,
        /// When it has to have asked again.
        until: TimerHandle,
    },
}

/// After this a phone that asks nothing more is taken to have all that it wants.
const ASKS_MAX: Duration = Duration::from_secs(10);

/// Set in the number of every contact that speaks SCCP: the registrar of SIP never comes that far.
const SCCP_BINDING: u64 = 1 << 63;

/// Whether a contact speaks SCCP.
pub(crate) const fn is_station(binding: BindingId) -> bool {
    binding.0 & SCCP_BINDING != 0
}

impl Sccp {
    /// No station is there; `leg_ids` are those of SCCP.
    pub(crate) fn new(leg_ids: LegIds, configuration: Arc<StationConfiguration>) -> Self {
        let stations = Stations::new(configuration.settings.clone(), Arc::clone(&configuration.devices));
        Sccp {
            stations,
            calls: Calls::new(leg_ids),
            routers: Routers::default(),
            configuration,
            present: BTreeMap::new(),
            past: BTreeMap::new(),
            lines: BTreeMap::new(),
            bindings: BTreeMap::new(),
            bindings_given: 0,
            watches: BTreeMap::new(),
            arriving: TimerQueue::new(),
            lists: TimerQueue::new(),
            pushes: Pushes::default(),
            descriptions: 0,
            counters: Counters::default(),
        }
    }

    /// Takes what happened; what follows is in `out` in its order.
    pub(crate) fn handle(&mut self, now: Now, input: Input<'_>, out: &mut Outbox) {
        match input {
            Input::StreamOpened { stream, peer } => {
                self.tell_stations(now, ToStations::StreamOpened { stream, peer }, out);
            }
            Input::StreamBytes { stream, bytes } => {
                self.tell_stations(now, ToStations::StreamBytes { stream, bytes }, out);
            }
            Input::StreamClosed { stream } => {
                self.tell_stations(now, ToStations::StreamClosed { stream }, out);
            }
            Input::Configure(configuration) => self.configure(now, configuration, out),
            Input::Unwelcome(device) => {
                self.tell_stations(now, ToStations::Unwelcome { device: &device }, out);
            }
            Input::Command(leg, command) => {
                let takes = match &command {
                    Command::Ring(ring) => ring.takes.as_ref(),
                    _ => None,
                };
                let media = voice::of_sdp(media_of(&command), takes);
                self.tell_calls(now, calls::io::Input::Command(leg, &command, media), Some(leg), out);
            }
            Input::Messages { line, waiting } => self.show_messages(now, line, waiting, out),
            Input::Shared { line, barges } => self.share(now, line, barges, out),
            Input::Alone(line) => self.is_alone(now, line, out),
            Input::BothAway(legs) => {
                self.tell_calls(now, calls::io::Input::BothAway { legs }, None, out);
            }
            Input::State { binding, state, change } => self.show_state(now, binding, (state, change), out),
            Input::Notice { binding, text, shown_for, beep } => {
                self.show_notice(now, binding, (text, shown_for, beep), out);
            }
            Input::ParkNews { leg, number, event } => {
                self.tell_calls(now, calls::io::Input::ParkNews { leg, number, event }, None, out);
            }
            Input::News(watch, line) => match self.watches.get(&watch).cloned() {
                Some((device, Watcher::Lamp(index))) => self.show_lamp(now, &device, index, line, out),
                Some((device, Watcher::Line(instance))) => {
                    let (device, calls) = (&*device, &*line.calls);
                    let input = calls::io::Input::Elsewhere { device, line: instance, calls };
                    self.tell_calls(now, input, None, out);
                }
                Some((device, Watcher::List { transaction, .. })) => {
                    self.show_in_list(now, &device, transaction, line, out);
                }
                None => {}
            },
            Input::Push(query, push) => self.push(now, query, push, out),
            Input::OpenSeat { port, device, conference } => {
                let mut said = Vec::new();
                self.routers.open_seat(now, (port, device), conference, &mut said);
                self.routers_said(now, said, out);
            }
            Input::Media(command) => {
                let mut said = Vec::new();
                self.routers.command(now, command, &mut said);
                self.routers_said(now, said, out);
            }
            Input::Timeout => {
                self.unanswered(now.mono, out);
                while let Some((_, watch)) = self.lists.pop_due(now.mono) {
                    self.watches_no_more(watch, out);
                }
                while let Some((_, device)) = self.arriving.pop_due(now.mono) {
                    // It never asks for the time, which others do last.
                    self.is_ready(now, &device, out);
                }
                self.tell_stations(now, ToStations::Timer, out);
                self.tell_calls(now, calls::io::Input::Timeout, None, out);
                self.tell_routers(now, resources::io::Input::Timeout, out);
            }
        }
    }

    /// When [`Input::Timeout`] is due.
    pub(crate) fn next_timeout(&self) -> Option<Instant> {
        let (stations, calls) = (self.stations.next_timeout(), self.calls.next_timeout());
        let others = self.pushes.next_timeout().into_iter().chain(self.routers.next_timeout());
        let arriving = self.arriving.next_deadline().into_iter().chain(self.lists.next_deadline());
        stations.into_iter().chain(calls).chain(others).chain(arriving).min()
    }

    /// Whether a connection is one of these.
    pub(crate) fn has_stream(&self, stream: StreamId) -> bool {
        self.stations.has(stream)
    }

    /// Whether a media port is at a device.
    pub(crate) fn has_port(&self, port: PortId) -> bool {
        self.routers.has_port(port)
    }

    /// Media ports at devices.
    pub(crate) fn ports(&self) -> usize {
        self.routers.ports()
    }

    /// How a device stands that is a media resource.
    pub(crate) fn resource(&self, device: &str) -> Option<Standing> {
        self.routers.standing(device)
    }

    /// Whether a leg is one of a phone here.
    pub(crate) fn has_leg(&self, leg: LegId) -> bool {
        self.calls.has(leg)
    }

    /// Whether a busy lamp here watches by this name.
    pub(crate) fn has_watch(&self, watch: WatchId) -> bool {
        self.watches.contains_key(&watch)
    }

    /// How many busy lamps and shared lines watch.
    pub(crate) fn watches(&self) -> usize {
        self.watches.len()
    }

    /// The contacts of a line.
    pub(crate) fn contacts_of(&self, line: &str) -> impl Iterator<Item = BindingId> + '_ {
        self.lines.get(line).into_iter().flatten().copied()
    }

    /// The legs of calls that go on without their phones.
    pub(crate) fn preserved(&self) -> impl Iterator<Item = LegId> + '_ {
        self.calls.preserved()
    }

    /// The device that a contact is.
    pub(crate) fn device(&self, binding: BindingId) -> Option<&Present> {
        self.present.get(self.bindings.get(&binding)?)
    }

    /// How many contacts there are.
    pub(crate) fn contacts(&self) -> usize {
        self.bindings.len()
    }

    /// How long a device may be silent.
    pub(crate) fn patience(&self) -> Duration {
        self.configuration.settings.keepalive * present::KEEPALIVES
    }

    /// The registered devices.
    pub(crate) fn devices(&self) -> impl Iterator<Item = &Present> {
        self.present.values()
    }

    /// The registered devices whose names come after this one.
    pub(crate) fn devices_after(&self, name: &str) -> impl Iterator<Item = &Present> {
        let after = (Bound::Excluded(name), Bound::Unbounded);
        self.present.range::<str, _>(after).map(|(_, present)| present)
    }

    /// The calls of a device.
    pub(crate) fn calls_of(&self, device: &str) -> usize {
        self.calls.calls_of(device)
    }

    /// Connections, with those that stand by.
    pub(crate) fn connections(&self) -> usize {
        self.stations.connections()
    }

    /// How many legs there are.
    pub(crate) fn legs(&self) -> usize {
        self.calls.legs()
    }

    pub(crate) const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// What is remembered of a device; `None` for one that is not configured.
    pub(crate) fn past(&self, device: &str) -> Option<&Past> {
        self.past.get(device)
    }

    fn past_of(&mut self, device: &str) -> Option<&mut Past> {
        if !self.configuration.devices.contains_key(device) {
            return None;
        }
        Some(self.past.entry(device.into()).or_default())
    }

    /// A station shall begin anew, as somebody ordered; it does so when it has no call.
    ///
    /// # Errors
    /// No such station is registered.
    pub(crate) fn begin_anew(
        &mut self,
        now: Now,
        (device, how, by): (&str, BeginAnew, &str),
        out: &mut Outbox,
    ) -> Result<BegunAnew, Box<str>> {
        let Some(present) = self.present.get(device) else {
            let configured = self.configuration.devices.contains_key(device);
            let why = if configured { "is not registered" } else { "is no SCCP phone of this server" };
            return Err(format!("{device} {why}").into());
        };
        let is_told =
            present.is_told(self.configuration.devices.get(device), self.configuration.lines_of(device));
        let kind = match how {
            BeginAnew::Reset => ResetType::RESET,
            BeginAnew::Restart => ResetType::RESTART,
            BeginAnew::Apply if is_told => return Ok(BegunAnew::NothingChanged),
            // What phones take by themselves when they are told to apply their configuration (3) is not known for any load.
            BeginAnew::Apply => ResetType::RESTART,
        };
        let words = format!("by {by}").into();
        let device_name = Text::from(device);
        out.push(Output::News(News::Told { device: device_name, what: how.word(), words }));
        self.tell_stations(now, ToStations::Reset { device, kind }, out);
        Ok(if self.calls.calls_of(device) > 0 { BegunAnew::WhenIdle } else { BegunAnew::Sent })
    }

    fn tell_stations(&mut self, now: Now, input: ToStations<'_>, out: &mut Outbox) {
        let mut said = Vec::new();
        self.stations.handle(now, input, &mut said);
        for item in said {
            self.station_said(now, item, out);
        }
    }

    fn station_said(&mut self, now: Now, item: OfStations, out: &mut Outbox) {
        match item {
            OfStations::Send { stream, bytes } => out.push(Output::Send { stream, bytes }),
            OfStations::Close { stream } => out.push(Output::Close { stream }),
            OfStations::Registered(registered) => {
                self.counters.registered += 1;
                let name = registered.device.as_str();
                let usual = Arc::default();
                let device = self.configuration.devices.get(name).unwrap_or(&usual);
                let configured = (self.configuration.lines_of(name), device);
                let mut given = || {
                    self.bindings_given += 1;
                    BindingId(SCCP_BINDING | self.bindings_given)
                };
                out.push(Output::Needed { stream: registered.stream });
                let mut present = Present::new(now.wall, &registered, configured, &mut given);
                let resource = device.resource;
                let why = registered.why;
                let past = self.past_of(registered.device.as_str());
                let period = past.and_then(|past| past.came(now.wall, why));
                let (streams_max, device) = (registered.streams_max, registered.device.clone());
                out.push(Output::News(News::Arrived { registered: Box::new(registered) }));
                if let Some(period) = period {
                    let words = format!(
                        "it comes anew every {} s, as with the lease of its address",
                        period.as_secs()
                    );
                    out.push(Output::News(News::Told {
                        device,
                        what: "comes-regularly",
                        words: words.into(),
                    }));
                }
                if let Some(kind) = resource {
                    let device = present.name();
                    let input = resources::io::Input::Registered { device, kind, streams_max };
                    self.tell_routers(now, input, out);
                } else {
                    present.asks = Some(self.arriving.set(now.mono + ASKS_MAX, present.name().into()));
                    self.tell_calls(now, calls::io::Input::Registered(present.phone()), None, out);
                }
                self.present.insert(present.name().into(), present);
            }
            OfStations::Ready { device } => self.is_ready(now, device.as_str(), out),
            OfStations::Gone { device, why } => {
                self.counters.gone(why);
                let Some(present) = self.present.remove(device.as_str()) else { return };
                if let Some(asks) = present.asks {
                    self.arriving.cancel(asks);
                }
                present.watches.iter().for_each(|watch| self.watches_no_more(*watch, out));
                for (line, binding) in present.bindings() {
                    self.bindings.remove(&binding);
                    if let Some(contacts) = self.lines.get_mut(line)
                        && contacts.remove(&binding)
                    {
                        if contacts.is_empty() {
                            self.lines.remove(line);
                        }
                        let reason = present::unregistered(why);
                        out.push(Output::Event(Event::Unregistered { line: line.clone(), binding, reason }));
                    }
                }
                self.unanswered_by(device.as_str(), out);
                let left_out = self.past_of(device.as_str()).and_then(|past| past.allowance.end());
                out.extend(left_out.map(|count| left_out_of(device.as_str(), count)));
                out.push(Output::News(News::Gone { device: device.clone(), peer: present.peer, why }));
                if self.routers.resources.has(device.as_str()) {
                    let input = resources::io::Input::Gone { device: device.as_str() };
                    self.tell_routers(now, input, out);
                } else {
                    self.phone_is_gone(now, &present, why, out);
                }
            }
            OfStations::Stranger { device, peer, model } => {
                out.push(Output::Stranger { device, peer, model: present::model_of(model) });
            }
            OfStations::Refused { peer, device, why, .. } => {
                self.counters.refused(why);
                out.push(Output::News(News::Refused { device: device.unwrap_or_default(), peer, why }));
            }
            OfStations::Said { device, message } => self.heard(now, device.as_str(), &message, out),
            OfStations::PassedOver { device, id, why, .. } => {
                self.counters.passed_over += 1;
                let Some(device) = device else { return };
                let news = self.past_of(device.as_str()).is_some_and(|past| past.passes_over(id, why));
                if news {
                    let words = format!("{id} ({:#06x}): {}", id.0, why.words()).into();
                    out.push(Output::News(News::Told { device, what: "passed-over", words }));
                }
            }
            OfStations::Alarm { device, alarm } => {
                let words = alarm.text.as_str().into();
                let Some(past) = self.past_of(device.as_str()) else { return };
                past.alarm = Some((now.wall, alarm));
                if self.is_written(now, device.as_str(), out) {
                    out.push(Output::News(News::Told { device, what: "alarm", words }));
                }
            }
        }
    }

    /// Its calls are over, or go on without it, which their stories tell.
    fn phone_is_gone(&mut self, now: Now, present: &Present, why: WhyGone, out: &mut Outbox) {
        let (device, flow) = (present.name(), present.flow);
        let legs = self.calls.legs_of(device);
        let calls_go_on = match why {
            WhyGone::KeepaliveLost
            | WhyGone::ConnectionLost
            | WhyGone::RegisteredAnew
            | WhyGone::Broken(_)
            | WhyGone::Throttled => true,
            WhyGone::Left | WhyGone::ResetOrdered(_) | WhyGone::Removed => false,
        };
        self.tell_calls(now, calls::io::Input::Gone { device, calls_go_on }, None, out);
        for leg in legs.into_iter().filter(|leg| self.calls.has(*leg)) {
            let text = story::goes_on(why, present.dialect.version);
            out.push(Output::Message { leg, direction: Direction::Received, flow, text });
            if self.calls.is_preserved(leg) {
                out.push(Output::GoesOn(leg));
            }
        }
    }

    /// Whether what a device tells of itself is written down. What is not is counted, and told once.
    fn is_written(&mut self, now: Now, device: &str, out: &mut Outbox) -> bool {
        let Some(past) = self.past_of(device) else { return true };
        let Passage { left_out, written } = past.allowance.passes(now.mono);
        out.extend(left_out.map(|count| left_out_of(device, count)));
        written
    }

    /// A registered station says something of its abilities, calls or media.
    fn heard(&mut self, now: Now, device: &str, message: &FromStation, out: &mut Outbox) {
        if self.routers.resources.has(device) {
            self.counters.received += 1;
            return self.tell_routers(now, resources::io::Input::Said { device, message }, out);
        }
        match message {
            // The conference's list is the calls' own.
            FromStation::DeviceToUserDataResponse(said) if said.document.application == PARTICIPANTS => {
                return;
            }
            FromStation::DeviceToUserData(said) if said.document.application == PARTICIPANTS => {}
            FromStation::DeviceToUserDataResponse(said) => {
                return self.answers(now, device, &said.document, out);
            }
            FromStation::DeviceToUserData(said) => return self.chooses(now, device, &said.document, out),
            FromStation::SubscriptionStatReq(asked) => return self.asks_of_somebody(now, device, asked, out),
            _ => {}
        }
        if message.is_pressed() {
            // One that never asks for the time has all that it wants.
            self.is_ready(now, device, out);
        }
        let named = message.call().and_then(|call| self.calls.leg_of(call));
        let mut said = Vec::new();
        self.calls.handle(now, calls::io::Input::Said { device, message }, &mut said);
        let first = || said.iter().find_map(|item| self.leg_of(item));
        if let (Some(leg), Some(present)) = (named.or_else(first), self.present.get(device)) {
            let text = story::received(message, present.dialect.version);
            self.counters.received += 1;
            out.push(Output::Message { leg, direction: Direction::Received, flow: present.flow, text });
        }
        self.calls_said(now, said, named, out);
    }

    fn tell_routers(&mut self, now: Now, input: resources::io::Input<'_>, out: &mut Outbox) {
        let mut said = Vec::new();
        self.routers.handle(now, input, &mut said);
        self.routers_said(now, said, out);
    }

    /// What devices are told goes out before anybody hears what follows.
    fn routers_said(&mut self, now: Now, said: Vec<Said>, out: &mut Outbox) {
        for item in said {
            match item {
                Said::Device(resources::io::Output::Tell { device, message }) => {
                    self.counters.sent += 1;
                    let input = ToStations::Tell { device: &device, message: &message };
                    self.tell_stations(now, input, out);
                }
                Said::Device(resources::io::Output::Sessions { device, any }) => {
                    self.tell_stations(now, ToStations::Calls { device: &device, any }, out);
                }
                Said::Device(_) => {}
                Said::Report(report) => out.push(Output::Report(report)),
                Said::Seat(port, codecs) => out.push(Output::Seat(port, codecs)),
                Said::Able(device, ability) => {
                    if let Some(present) = self.present.get_mut(&device) {
                        present.ready = ability.is_some();
                    }
                    out.push(Output::Able { device, ability });
                }
                Said::Lost(port, device, reason) => out.push(Output::PortLost { port, device, reason }),
            }
        }
    }

    fn tell_calls(&mut self, now: Now, input: calls::io::Input<'_>, leg: Option<LegId>, out: &mut Outbox) {
        let mut said = Vec::new();
        self.calls.handle(now, input, &mut said);
        self.calls_said(now, said, leg, out);
    }

    /// What phones are told goes out as a whole, and before anything that call control hears after it.
    fn calls_said(
        &mut self,
        now: Now,
        said: Vec<calls::io::Output>,
        mut leg: Option<LegId>,
        out: &mut Outbox,
    ) {
        let mut sent = Vec::new();
        for item in said {
            leg = self.leg_of(&item).or(leg);
            match item {
                calls::io::Output::Tell { device, message } => {
                    self.note_sent(device.as_str(), &message, leg, out);
                    let input = ToStations::Tell { device: device.as_str(), message: &message };
                    self.stations.handle(now, input, &mut sent);
                }
                calls::io::Output::Calls { device, any } => {
                    self.stations.handle(now, ToStations::Calls { device: device.as_str(), any }, &mut sent);
                }
                calls::io::Output::Statistics(leg, statistics) => {
                    out.push(Output::Statistics(leg, statistics));
                }
                calls::io::Output::Signal(leg, signal, media) => {
                    for item in mem::take(&mut sent) {
                        self.station_said(now, item, out);
                    }
                    self.descriptions += 1;
                    let sdp = voice::to_sdp(&media, leg.number, self.descriptions);
                    let takes = voice::taken(&media, leg.number, self.descriptions);
                    out.push(Output::Signal(leg, with_media(signal, sdp, takes)));
                }
            }
        }
        for item in sent {
            self.station_said(now, item, out);
        }
    }

    /// The leg that something is about.
    fn leg_of(&self, item: &calls::io::Output) -> Option<LegId> {
        match item {
            calls::io::Output::Tell { message, .. } => self.calls.leg_of(message.call()?),
            calls::io::Output::Signal(leg, ..) | calls::io::Output::Statistics(leg, _) => Some(*leg),
            calls::io::Output::Calls { .. } => None,
        }
    }

    fn note_sent(&mut self, device: &str, message: &ToStation, leg: Option<LegId>, out: &mut Outbox) {
        self.counters.sent += 1;
        let (Some(leg), Some(present)) = (leg, self.present.get(device)) else { return };
        let text = story::sent(message, present.dialect.version);
        out.push(Output::Message { leg, direction: Direction::Sent, flow: present.flow, text });
    }

    /// A station knows what it is: its lines can be rung.
    fn is_ready(&mut self, now: Now, device: &str, out: &mut Outbox) {
        let expires = self.patience();
        let Some(present) = self.present.get_mut(device).filter(|present| !present.ready) else { return };
        present.ready = true;
        if let Some(asks) = present.asks.take() {
            self.arriving.cancel(asks);
        }
        let input = calls::io::Input::Ready { device };
        self.tell_calls(now, input, None, out);
        let Some(present) = self.present.get_mut(device) else { return };
        for (line, binding) in present.bindings() {
            self.bindings.insert(binding, device.into());
            self.lines.entry(line.clone()).or_default().insert(binding);
            out.push(Output::Event(Event::Registered {
                line: line.clone(),
                binding,
                peer: present.peer,
                transport: present.flow.transport(),
                user_agent: present.describe().into(),
                expires,
            }));
        }
        let Some((watcher, lamps)) = present.lamps() else { return };
        let mut watches = Vec::with_capacity(lamps.len());
        for (instance, number, _) in lamps {
            let watch = WatchId(self.calls.allocate());
            watches.push(watch);
            self.watches.insert(watch, (device.into(), Watcher::Lamp(*instance)));
            let (watcher, number) = (watcher.clone(), number.as_str().into());
            out.push(Output::Watch { watch, watcher, number });
        }
        present.watches.extend(watches);
    }

    /// A busy lamp shows how its line is.
    fn show_lamp(&mut self, now: Now, device: &str, index: Instance, line: &LineState, out: &mut Outbox) {
        let Some(present) = self.present.get(device) else { return };
        let status = present::lamp_of(line);
        let message = present.lights(index, status);
        self.counters.sent += 1;
        let picks_up = present.picking.contains(&index);
        self.tell_stations(now, ToStations::Tell { device, message: &message }, out);
        if picks_up {
            let rings = status == BlfStatus::ALERTING;
            self.tell_calls(now, calls::io::Input::Rung { device, lamp: index, rings }, None, out);
        }
    }

    /// What was set for a phone or its line stands on its display.
    fn show_state(
        &mut self,
        now: Now,
        binding: BindingId,
        (state, change): (&PhoneState, Option<PhoneChange>),
        out: &mut Outbox,
    ) {
        let Some(device) = self.bindings.get(&binding).cloned() else { return };
        let Some(present) = self.present.get_mut(&device) else { return };
        let Some((line, messages)) = present.state(binding, state, change) else { return };
        for message in messages {
            self.counters.sent += 1;
            self.tell_stations(now, ToStations::Tell { device: &device, message: &message }, out);
        }
        let forwards = state.forward.is_some();
        let input = calls::io::Input::Forwards { device: &device, line, forwards };
        self.tell_calls(now, input, None, out);
    }

    /// A phone shows something for a while.
    fn show_notice(
        &mut self,
        now: Now,
        binding: BindingId,
        (text, shown_for, beep): (&str, Duration, bool),
        out: &mut Outbox,
    ) {
        let Some(device) = self.bindings.get(&binding).cloned() else { return };
        // Nothing to read takes nothing away that is read.
        let notice = DisplayNotify { duration: shown_for, text: Text::from(text) };
        let notice = (!text.is_empty()).then(|| ToStation::from(notice));
        let line = self.present.get(&device).and_then(|present| present.button(binding)).unwrap_or_default();
        let tone = StartTone { tone: Tone::ZIP_ZIP, line, ..StartTone::default() };
        let tone = beep.then(|| ToStation::from(tone));
        for message in notice.into_iter().chain(tone) {
            self.counters.sent += 1;
            self.tell_stations(now, ToStations::Tell { device: &device, message: &message }, out);
        }
    }

    /// Whether there is such a device, registered or not, with this line; with any where that is empty.
    pub(crate) fn is_configured(&self, device: &str, line: &LineName) -> bool {
        let lines = self.configuration.lines_of(device);
        lines.iter().any(|known| line.as_str().is_empty() || known.line == *line)
    }

    /// Lines of registered devices that other phones have too.
    pub(crate) fn shared_lines(&self) -> BTreeSet<LineName> {
        self.present.values().flat_map(Present::shared_lines).cloned().collect()
    }

    /// A line of a registered device, by the device's name.
    pub(crate) fn line_of(&self, device: &str) -> Option<&LineName> {
        self.present.get(device)?.bindings().next().map(|(line, _)| line)
    }

    /// A station whose keys or lines are others now begins anew as soon as it has no call.
    fn configure(&mut self, now: Now, configuration: Arc<StationConfiguration>, out: &mut Outbox) {
        let before = mem::replace(&mut self.configuration, Arc::clone(&configuration));
        self.past.retain(|device, _| configuration.devices.contains_key(device));
        // Not those that waited for this: they are told what they are when they ask.
        let changed: Vec<Box<str>> =
            self.present.keys().filter(|name| before.differs(&configuration, name)).cloned().collect();
        self.tell_stations(now, ToStations::Settings(configuration.settings.clone()), out);
        self.tell_stations(now, ToStations::Devices(Arc::clone(&configuration.devices)), out);
        for device in changed {
            let kind = ResetType::RESTART;
            self.tell_stations(now, ToStations::Reset { device: &device, kind }, out);
        }
    }

    /// The lamp of every phone on a line that tells of messages.
    fn show_messages(&mut self, now: Now, line: &LineName, waiting: bool, out: &mut Outbox) {
        let contacts: Vec<BindingId> = self.contacts_of(line.as_str()).collect();
        for binding in contacts {
            let Some(device) = self.bindings.get(&binding).cloned() else { continue };
            let Some(present) = self.present.get_mut(&device) else { continue };
            let Some((instance, any)) = present.messages(line, waiting) else { continue };
            let lamp = |instance, is_on| {
                let mode = if is_on { LampMode::ON } else { LampMode::OFF };
                ToStation::from(SetLamp { stimulus: Stimulus::VOICE_MAIL, instance, mode })
            };
            for message in [lamp(Instance(0), any), lamp(instance, waiting)] {
                self.counters.sent += 1;
                self.tell_stations(now, ToStations::Tell { device: &device, message: &message }, out);
            }
        }
    }
}

/// So much that a device told was not written down.
fn left_out_of(device: &str, count: u32) -> Output {
    let words = format!("{count} alarms and choices in a minute").into();
    Output::News(News::Told { device: Text::from(device), what: "left-out", words })
}

/// What a command says of media.
fn media_of(command: &Command) -> &Sdp {
    match command {
        Command::Ring(ring) => &ring.media,
        Command::Alert { media, .. }
        | Command::Answer { media, .. }
        | Command::Media(media)
        | Command::Records(media, _) => media,
        _ => &Sdp::None,
    }
}

/// A signal with what it says of media.
fn with_media(signal: Signal, sdp: Sdp, takes: Option<SessionDescription>) -> Signal {
    match signal {
        Signal::Setup(mut setup) => {
            (setup.media, setup.takes) = (sdp, takes);
            Signal::Setup(setup)
        }
        Signal::Alerting { alert, .. } => Signal::Alerting { alert, media: sdp },
        Signal::Answered { connected, .. } => Signal::Answered { media: sdp, connected },
        Signal::Media(_) => Signal::Media(sdp),
        other => other,
    }
}
