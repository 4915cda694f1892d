//! All calls of a shard: finds the call that an input is about.

use std::sync::Arc;
use std::time::Duration;

use strowger_base::hash::give_back;
use strowger_base::journal::{
    Alarm, Decision, Entry, MediaFunction, Quality, QualityCarried, QualityDetail, StreamMedia, StreamNews,
    UserSet,
};
use strowger_base::leg::Setup;
use strowger_base::{
    CallId, Cause, Command, ConferenceId, HashMap, HashSeed, Instant, LegId, NodeId, Now, Rng, ShardId,
    Signal, TimerHandle, WallTime, limits,
};
use strowger_dialplan::admission::Place;
use strowger_media::control::{PortId, Report};
use strowger_media::srtp::KeySource;
use strowger_media::statistics::{PortStatistics, StreamStatistics};

use crate::Configuration;
use crate::admission::PlaceUse;
use crate::call::{self, Call, Phase, Stopped};
use crate::features::Settled;
use crate::io::{Input, Outbox, Output};
use crate::resources::ResourceUse;
use crate::shared::{Asked, Shared, Timer};
use crate::streams::{self, Reported};

/// All calls of a shard.
///
/// Two entry points: [`CallControl::handle`] and [`CallControl::next_timeout`].
pub struct CallControl {
    pub(crate) shared: Shared,
    pub(crate) calls: HashMap<CallId, Box<Call>>,
    service: Service,
    /// Why new calls are refused, while they are; so that the alarm comes once.
    full: Option<&'static str>,
}

/// Whether new calls are taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Service {
    Full,
    /// Calls may end by themselves until then; `None` when that time is over.
    Draining(Option<(Instant, TimerHandle)>),
    /// [`Output::Drained`] has been said.
    Drained,
}

/// What has passed since the start.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Counters {
    /// Calls begun.
    pub begun: u64,
    /// Calls answered.
    pub answered: u64,
    /// Calls ended, answered or not.
    pub ended: u64,
    /// Calls refused before anything rang.
    pub refused: u64,
    /// Wishes for a call that were turned away because something was full; they have no record.
    pub shed: u64,
    /// Relays that could not be opened.
    pub relays_failed: u64,
    /// Times that the disk did not take a record.
    pub records_failed: u64,
    /// Recordings begun.
    pub recordings: u64,
    /// Recordings that were given up.
    pub recordings_lost: u64,
    /// Times that there was no bandwidth to a device.
    pub without_bandwidth: u64,
    /// Calls that went over the public network for want of bandwidth.
    pub rerouted: u64,
    /// Calls whose party was reported as malicious.
    pub malicious: u64,
    /// Reports of bad quality by users of phones.
    pub quality_reports: u64,
    /// Calls whose caller heard why they failed.
    pub announced: u64,
    /// Pages.
    pub pages: u64,
    /// Phones and gateways that heard one.
    pub page_listeners: u64,
    /// Streams of music begun that go out to multicast addresses.
    pub music_streams: u64,
    /// Parties that were told of one.
    pub music_streams_told: u64,
    /// Those streams that failed or were lost.
    pub music_streams_failed: u64,
}

/// How much of each thing exists.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Sizes {
    /// Calls in progress.
    pub calls: usize,
    /// Legs of them.
    pub legs: usize,
    /// Timers.
    pub timers: usize,
    /// Relays that are not closed yet.
    pub relays: usize,
    /// Lines that have calls.
    pub busy_lines: usize,
    /// Calls whose number is not complete.
    pub dialing: usize,
    /// Lines that calls are offered to, each as often as it is.
    pub offered: usize,
    /// Calls whose caller hears why they fail.
    pub announcing: usize,
    /// Numbers at which calls are parked.
    pub parked: usize,
    /// Conferences.
    pub conferences: usize,
    /// Intercom calls.
    pub intercoms: usize,
    /// Paging groups that somebody speaks to.
    pub pages: usize,
    /// Phones that wait for a line to be free.
    pub call_backs: usize,
    /// Parties that are recorded, or were to be.
    pub recordings: usize,
    /// Ports from which copies go to recorders, until the worker reports them closed.
    pub forks: usize,
    /// Phones that ring or talk and have the tone of call waiting from the server.
    pub waiting_tones: usize,
    /// Final records that wait for the disk.
    pub records_waiting: usize,
    /// Locations and links of which bandwidth is taken.
    pub places_taken: usize,
    /// Seats of media resources that calls have.
    pub resources_taken: usize,
    /// Streams of music that go out to multicast addresses.
    pub music_streams: usize,
}

/// A call in progress, for who looks at it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CallView<'a> {
    /// The call.
    pub call: CallId,
    /// Who calls.
    pub calling: &'a str,
    /// The number that was asked for.
    pub called: &'a str,
    /// Who answered; empty before.
    pub connected: &'a str,
    /// Where it stands.
    pub phase: Phase,
    /// When it began.
    pub started_at: WallTime,
    /// When it was answered.
    pub answered_at: Option<WallTime>,
    /// Whether a party of it is recorded at this moment.
    pub is_recorded: bool,
}

impl CallControl {
    /// Call control without calls. `last_number` is the highest number of a call or leg that this shard ever used.
    pub fn new(
        node: NodeId,
        shard: ShardId,
        last_number: u64,
        rng: &mut Rng,
        configuration: Arc<Configuration>,
    ) -> Self {
        let mut shared = Shared::new(node, shard, last_number, rng, configuration);
        shared.streams.configured();
        if shared.configuration.media.always_streams().next().is_some() {
            shared.streams.retry = Some(shared.timers.set(Instant::START, Timer::Streams));
        }
        CallControl {
            shared,
            calls: HashMap::with_hasher(HashSeed::new(rng)),
            service: Service::Full,
            full: None,
        }
    }

    /// Where the keys come from with which the server itself ends the encryption of a side. Without it no encryption ends here,
    /// and calls that need it are refused.
    pub fn make_keys_with(&mut self, source: KeySource) {
        self.shared.key_source = Some(source);
    }

    /// Takes one input; everything that follows from it is in `out` when this returns.
    pub fn handle(&mut self, now: Now, input: Input<'_>, out: &mut Outbox) {
        match input {
            Input::Signal(leg, signal) if self.shared.conferences.opens(leg) => {
                self.seat_told(now, leg, signal, out);
            }
            Input::Signal(leg, Signal::Setup(setup)) => self.setup(now, leg, *setup, out),
            Input::Signal(leg, signal) if self.recorder_told(now, leg, &signal, out) => {}
            Input::Signal(leg, Signal::TransferRequested { destination, replaces }) => {
                self.tell(
                    now,
                    leg,
                    &Signal::TransferRequested { destination: destination.clone(), replaces },
                    out,
                );
                self.transfer(now, leg, (&destination, replaces), out);
            }
            Input::Signal(leg, Signal::FeatureRequested(request)) => {
                self.tell(now, leg, &Signal::FeatureRequested(request.clone()), out);
                // A refusal has been told to the device, in whatever words it has.
                _ = self.requested(now, leg, &request, None, out);
            }
            Input::Signal(leg, signal @ Signal::Released { .. }) if self.transfers(leg) => {
                self.tell(now, leg, &signal, out);
                self.transfer_unattended(now, leg, out);
            }
            Input::Signal(leg, signal) => {
                // A leg that was released may have told something before it knew.
                if let Some(&call) = self.shared.legs.get(&leg) {
                    self.with_call(call, |call, shared| call.signal(now, leg, signal, shared, out));
                }
            }
            Input::Located { request, line, contacts } => {
                self.with_call(request, |call, shared| call.located(now, (line, contacts), shared, out));
            }
            Input::Media(report) => self.report(now, report, out),
            Input::Device { device, ability } => {
                if ability.is_none() {
                    self.shared.conferences.leave_bridge(device);
                }
                self.shared.resources.set_device(device, ability);
            }
            Input::Configure(configuration) => {
                self.shared.configure(now, configuration);
                self.reconfigure_recordings();
                self.recheck_call_backs(now, out);
            }
            Input::Restore { set, at } => self.restore(now, &set, at, out),
            Input::Set { asked, set } => self.set_by_program(now, &set, asked, out),
            Input::HuntLog { line, phone, binding } => self.hunt_log(now, line, phone, binding, out),
            Input::QualityReport { line } => self.trouble_reported(now, line, out),
            Input::Persisted { ticket } => {
                self.shared.persisted(ticket);
                self.setting_kept(now, ticket, true, out);
            }
            Input::PersistFailed { ticket, reason } => {
                self.shared.persist_failed(now, ticket, reason, out);
                self.setting_kept(now, ticket, false, out);
            }
            Input::Timeout => self.timeout(now, out),
            Input::Drain { within } => self.drain(now, within),
            Input::Order { number, order } => {
                let result = match self.ordered(now, number, &order, out) {
                    Ok(Settled::Now) => Some(Ok(())),
                    Ok(Settled::Later) => None,
                    Err(refused) => Some(Err(refused)),
                };
                out.items.extend(result.map(|result| Output::Ordered { number, result }));
            }
        }
        self.settle(now, out);
        self.give_back_seats();
        self.keep_streams(out);
        if let Service::Draining(end) = self.service
            && self.calls.is_empty()
            && self.shared.waiting.is_empty()
        {
            if let Some((_, timer)) = end {
                self.shared.timers.cancel(timer);
            }
            self.service = Service::Drained;
            self.shared.streams.end(out);
            out.items.push(Output::Drained);
        }
    }

    /// When [`Input::Timeout`] is due.
    pub fn next_timeout(&self) -> Option<Instant> {
        self.shared.timers.next_deadline()
    }

    /// The call that a leg belongs to.
    pub fn call_of(&self, leg: LegId) -> Option<CallId> {
        self.shared.legs.get(&leg).copied().or_else(|| self.shared.recordings.call_of(leg))
    }

    /// What the device of a leg dialled, without the codes that came behind the number; `None` when it called nobody.
    pub fn dialled(&self, leg: LegId) -> Option<&str> {
        let call = self.calls.get(self.shared.legs.get(&leg)?)?;
        (call.facts.caller == leg).then_some(&*call.facts.called)
    }

    /// The configuration in force.
    pub fn configuration(&self) -> &Configuration {
        &self.shared.configuration
    }

    /// The highest number that was given to a call.
    pub const fn last_call(&self) -> u64 {
        self.shared.last_call()
    }

    /// The calls in progress that are older than `before`, the newest first. Only those that are wanted are sorted: a
    /// full server is asked while it serves.
    pub fn calls(&self, before: Option<CallId>, limit: usize) -> Vec<CallView<'_>> {
        let older = |id: &CallId| before.is_none_or(|before| *id < before);
        let mut ids: Vec<CallId> = self.calls.keys().copied().filter(older).collect();
        if limit < ids.len() {
            ids.select_nth_unstable_by(limit, |a, b| b.cmp(a));
            ids.truncate(limit);
        }
        ids.sort_unstable_by(|a, b| b.cmp(a));
        ids.iter().filter_map(|id| self.calls.get(id)).map(|call| self.view(call)).collect()
    }

    fn view<'c>(&self, call: &'c Call) -> CallView<'c> {
        let facts = &call.facts;
        CallView {
            call: facts.id,
            calling: &facts.calling.number,
            called: &facts.called,
            connected: facts.connected.as_ref().map_or("", |party| &party.number),
            phase: call.phase(),
            started_at: facts.started_at,
            answered_at: facts.answered_at,
            is_recorded: self.is_recorded(facts.id),
        }
    }

    /// Calls that wait for the phones of a line. They have no timer, so that none may be left when whoever asks has answered.
    pub fn locating(&self) -> usize {
        self.calls.values().filter(|call| call.is_locating()).count()
    }

    /// What users set by themselves, each with the time when it was set.
    pub fn user_settings(&self) -> impl Iterator<Item = (WallTime, UserSet<'_>)> {
        self.shared.user_settings.all().chain(self.shared.call_backs.all())
    }

    /// What has passed since the start.
    pub const fn counters(&self) -> Counters {
        let streams = &self.shared.streams;
        Counters {
            music_streams: streams.begun,
            music_streams_told: streams.told,
            music_streams_failed: streams.failed,
            ..self.shared.counters
        }
    }

    /// How much of each thing exists now.
    pub fn sizes(&self) -> Sizes {
        Sizes {
            calls: self.calls.len(),
            legs: self.shared.legs.len(),
            timers: self.shared.timers.len(),
            relays: self.shared.relays.len(),
            busy_lines: self.shared.busy_lines(),
            dialing: self.shared.dialing.len(),
            offered: self.shared.offered.len(),
            announcing: self.shared.announcing.len(),
            parked: self.shared.slots.len(),
            conferences: self.shared.conferences.len(),
            intercoms: self.shared.intercoms.len(),
            pages: self.shared.pages.len(),
            call_backs: self.shared.call_backs.len(),
            recordings: self.shared.recordings.len(),
            forks: self.shared.recordings.forks(),
            waiting_tones: self.shared.waiting_tones.len(),
            records_waiting: self.shared.waiting.len(),
            places_taken: self.shared.bandwidth.places(),
            resources_taken: self.shared.resources.in_use() as usize,
            music_streams: self.shared.streams.len(),
        }
    }

    /// The use of every location and link that has bounds, or has been used or refused.
    pub fn bandwidth(&self) -> Vec<PlaceUse> {
        self.shared.bandwidth.uses(&self.shared.configuration.admission.locations)
    }

    /// What calls have of the room for video of locations and links, in kbit/s.
    pub fn video_bandwidth(&self) -> Vec<(Place, u32)> {
        self.shared.bandwidth.video_uses()
    }

    /// All media resources that are configured, with what is in use of each.
    pub fn media_resources(&self) -> Vec<ResourceUse> {
        let streams = &self.shared.streams;
        self.shared.resources.uses(&self.shared.configuration.media.table, |name| streams.of(name))
    }

    /// The device on which a conference takes place, when that is one of its own and is there.
    pub fn bridge_device(&self, conference: ConferenceId) -> Option<&Arc<str>> {
        let name = self.shared.conferences.bridge_device(conference)?;
        self.shared.resources.device(name).map(|(device, _)| device)
    }

    /// The call that a relay serves.
    pub fn call_of_port(&self, port: PortId) -> Option<CallId> {
        self.shared.relays.get(&port).map(|user| user.call)
    }

    /// How often each kind of media resource was asked for and not to be had.
    pub fn resources_exhausted(&self) -> impl Iterator<Item = (MediaFunction, u64)> {
        self.shared.resources.exhausted()
    }

    /// Why new calls are turned away, when they are.
    pub const fn full(&self) -> Option<&'static str> {
        self.full
    }

    fn setup(&mut self, now: Now, leg: LegId, setup: Setup, out: &mut Outbox) {
        // It is no new call, so that it cannot be one too many.
        if let Some(&dialing) = self.shared.dialing.get(&setup.protocol_call_id)
            && self.calls.get(&dialing).is_some_and(|call| call.goes_on_with(&setup))
        {
            return self.with_call(dialing, |call, shared| call.asked_again(now, leg, setup, shared, out));
        }
        if let Some(cause) = self.turned_away(now, out) {
            self.shared.counters.shed += 1;
            out.command(leg, Command::Release(cause));
            return;
        }
        let Some(setup) = self.replace(now, leg, setup, out) else { return };
        let Some(setup) = self.come_into(now, leg, setup, out) else { return };
        let call = Call::begin(now, leg, setup, &mut self.shared, out);
        self.keep(call);
    }

    /// Whether no call may begin now. It costs nothing and leaves nothing, so that it holds under any load.
    pub(crate) fn turned_away(&mut self, now: Now, out: &mut Outbox) -> Option<Cause> {
        let full = if self.calls.len() >= limits::CALLS {
            Some("calls")
        } else if self.shared.records_are_full() {
            Some("records that wait for the disk")
        } else {
            None
        };
        if full != self.full {
            self.full = full;
            let alarm = full.map_or(Alarm::OverloadEnded, |what| Alarm::Overloaded { what });
            out.journal(now, None, None, Entry::Alarm(alarm));
        }
        match self.service {
            Service::Full => full.map(|_| Cause::SWITCHING_EQUIPMENT_CONGESTION),
            Service::Draining(_) | Service::Drained => Some(Cause::SWITCHING_EQUIPMENT_CONGESTION),
        }
    }

    /// Keeps a call that has not ended.
    pub(crate) fn keep(&mut self, call: Call) {
        self.keep_boxed(Box::new(call));
    }

    /// Keeps a call that was taken out for a while.
    pub(crate) fn keep_boxed(&mut self, call: Box<Call>) {
        self.recordings_of(call.facts.id);
        if !call.is_over() {
            self.calls.insert(call.facts.id, call);
        }
    }

    /// Writes down what a device told that concerns more than its call.
    fn tell(&self, now: Now, leg: LegId, signal: &Signal, out: &mut Outbox) {
        if let Some(&call) = self.shared.legs.get(&leg) {
            call::told(now, call, leg, signal, out);
        }
    }

    pub(crate) fn with_call(&mut self, id: CallId, act: impl FnOnce(&mut Call, &mut Shared)) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        act(call, &mut self.shared);
        if call.is_over() {
            self.calls.remove(&id);
            give_back(&mut self.calls);
            self.shared.legs.give_back();
        }
        self.recordings_of(id);
    }

    /// What is recorded of a call, and what tones are heard beside it, follows what happened to it.
    fn recordings_of(&mut self, call: CallId) {
        let recorded =
            !self.shared.configuration.recording.profiles.is_empty() || self.shared.recordings.len() > 0;
        if recorded || !self.shared.waiting_tones.are_unused() {
            self.shared.asked.push_back(Asked::Recordings { call });
        }
    }

    fn report(&mut self, now: Now, report: Report, out: &mut Outbox) {
        if self.fork_reported(now, &report, out) {
            return;
        }
        match self.shared.streams.reported(now, &report, &mut self.shared.port_ids, out) {
            Reported::Other => {}
            Reported::Settled => return,
            Reported::Gone(calls) => {
                for call in calls {
                    self.with_call(call, |call, shared| call.stream_gone(now, shared, out));
                }
                if self.shared.streams.wants_retry() {
                    let again = self.shared.timers.set(now.mono + streams::RETRY, Timer::Streams);
                    self.shared.streams.retry = Some(again);
                }
                return;
            }
        }
        match report {
            Report::Closed { port, statistics } => self.relay_closed(now, port, &statistics, out),
            Report::Failed { port, .. } => {
                if let Some(used) = self.shared.relay_is_gone(port) {
                    self.with_call(used.call, |call, shared| call.relay(now, report, shared, out));
                }
            }
            Report::Opened { port, .. } | Report::Digit { port, .. } => {
                if let Some(&used) = self.shared.relays.get(&port) {
                    self.with_call(used.call, |call, shared| call.relay(now, report, shared, out));
                }
            }
            // Relays play nothing and wait for nobody.
            Report::Talking { .. } | Report::Finished { .. } | Report::Silent { .. } => {}
        }
    }

    /// What went through a relay, for the story; it comes after the call has ended.
    fn relay_closed(&mut self, now: Now, port: PortId, statistics: &PortStatistics, out: &mut Outbox) {
        let Some(used) = self.shared.relay_is_gone(port) else { return };
        let call = Some(used.call);
        let entry = |stream: &StreamStatistics| match used.beside {
            Some(media) => Entry::Decision(Decision::Stream(carried(media, stream))),
            None => Entry::Quality(quality(stream)),
        };
        out.journal(now, call, Some(used.caller), entry(&statistics.a));
        if let (Some(leg), Some(b)) = (used.called, &statistics.b) {
            out.journal(now, call, Some(leg), entry(b));
        }
        self.with_call(used.call, |call, shared| call.relay_lost(now, port, shared, out));
    }

    fn timeout(&mut self, now: Now, out: &mut Outbox) {
        while let Some((_, timer)) = self.shared.timers.pop_due(now.mono) {
            match timer {
                Timer::Call(id) => self.with_call(id, |call, shared| call.timeout(now, shared, out)),
                Timer::Page(id) => self.with_call(id, |call, shared| call.page_timeout(now, shared, out)),
                Timer::Record(ticket) => self.shared.persist_again(ticket, out),
                Timer::Recording(party) => self.recording_timeout(now, party, out),
                // What is done then is done after every input.
                Timer::Streams => self.shared.streams.retry = None,
                Timer::PickupNotice(id) => self.pickup_noticed(now, id, out),
                Timer::CallBack(id) => self.call_back_timeout(now, id, out),
                Timer::Drain => self.end_all(now, out),
            }
        }
    }

    /// Music goes out that always shall, as far as there are ports; it is tried again later where there are none.
    fn keep_streams(&mut self, out: &mut Outbox) {
        if matches!(self.service, Service::Drained) || self.shared.streams.retry.is_some() {
            return;
        }
        let configuration = Arc::clone(&self.shared.configuration);
        self.shared.streams.keep(|| configuration.media.always_streams(), &mut self.shared.port_ids, out);
    }

    fn drain(&mut self, now: Now, within: Duration) {
        let until = now.mono + within;
        let earlier = match self.service {
            Service::Full => None,
            Service::Draining(Some((end, timer))) if until < end => Some(timer),
            Service::Draining(_) | Service::Drained => return,
        };
        if let Some(timer) = earlier {
            self.shared.timers.cancel(timer);
        }
        self.service = Service::Draining(Some((until, self.shared.timers.set(until, Timer::Drain))));
    }

    /// Ends what has not ended by itself while the server drained, the oldest first.
    fn end_all(&mut self, now: Now, out: &mut Outbox) {
        self.service = Service::Draining(None);
        let mut calls: Vec<CallId> = self.calls.keys().copied().collect();
        calls.sort_unstable();
        for id in calls {
            self.with_call(id, |call, shared| call.stop(now, Stopped::WithServer, shared, out));
        }
    }
}

/// What the journal keeps of a stream beside the first audio stream.
fn carried(media: StreamMedia, stream: &StreamStatistics) -> StreamNews<'static> {
    // What is no RTP has neither payload types nor numbers.
    let lost = stream.payload_type.map(|_| stream.lost);
    StreamNews::Carried { media, packets: stream.packets, lost, sent: stream.sent }
}

/// What the journal keeps of a stream.
pub fn quality(stream: &StreamStatistics) -> Quality {
    Quality {
        packets: stream.packets,
        lost: stream.lost,
        jitter: stream.jitter,
        sent: stream.sent,
        remote_lost: stream.remote_lost,
        round_trip: stream.round_trip,
        malformed: stream.malformed,
        foreign: stream.foreign,
        peer: stream.peer,
        detail: Some(QualityDetail {
            reordered: stream.reordered,
            duplicates: stream.duplicates,
            late: stream.late,
            gaps: stream.gaps,
            longest_gap: stream.longest_gap,
            payload_type: stream.payload_type,
            opinion_score: stream.opinion_score,
            unsent: stream.unsent,
            unsent_error: stream.unsent_error,
        }),
        carried: Some(QualityCarried {
            octets: stream.bytes,
            octets_sent: stream.sent_bytes,
            remote_jitter: stream.remote_jitter,
        }),
    }
}
