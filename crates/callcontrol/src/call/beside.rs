//! Streams beside the first audio stream: video, fax, presentations, further audio.
//!
//! Where a relay stands in the way so that the two sides do not see each other's addresses, or since those of one side mean nothing to the
//! other, each of them passes through ports of its own, which are opened before the other side is told of it. What cannot be passed on
//! is refused (RFC 3264 §6). Where the relay stands there for another reason they pass from device to device.

use strowger_base::journal::{Alarm, Decision, Entry, StreamMedia, StreamNews, Way, WhyStreamRefused};
use strowger_base::{LegId, SessionDescription};
use strowger_media::control::{self, PortId, Report};
use strowger_media::sdp::{self, Carrier, StreamBeside};

use super::Step;
use super::opening::PATIENCE;
use crate::configuration::RelayMode;
use crate::exchange::Side;
use crate::io::Reach;
use crate::outlet::{Led, Part};
use crate::relay::Relay;
use crate::shared::RelayUse;

impl Step<'_> {
    /// Whether the addresses of one side are not for the other one.
    fn hides_addresses(&self) -> bool {
        let behind_nat = [self.facts.caller_reach, self.facts.called_reach].contains(&Reach::BehindNat);
        let wanted = self.shared.configuration.relay == RelayMode::Always || self.wants_points();
        matches!(self.facts.relay, Relay::Open(_)) && (behind_nat || wanted)
    }

    /// Asks for what shall carry the streams of an offer; whether that has to be waited for. `called` is the leg that it serves, when
    /// that is known.
    pub(super) fn opens_carriers(&mut self, called: Option<LegId>, offer: &SessionDescription) -> bool {
        // With a transcoder each side negotiates with us, who speak audio alone.
        if !self.hides_addresses() || self.transcodes() {
            return false;
        }
        for wanted in self.facts.beside.missing_of(offer.as_bytes()) {
            let port = self.shared.port_ids.allocate();
            let (call, caller) = (self.facts.id, self.facts.caller);
            let used = RelayUse { beside: Some(wanted.media), ..RelayUse::new(call, caller, called) };
            self.shared.relays.insert(port, used);
            self.facts.beside.opening(wanted, port);
            self.out.media(match wanted.carrier {
                Carrier::Relay => control::Command::OpenRelay { port },
                Carrier::Passage => control::Command::OpenPassage { port },
            });
        }
        let waits = self.facts.beside.is_opening();
        if waits {
            self.set_timer(PATIENCE);
        }
        waits
    }

    /// Whether something waits for the worker.
    pub(super) fn waits_for_relays(&self) -> bool {
        matches!(self.facts.relay, Relay::Opening(_)) || self.facts.beside.is_opening()
    }

    /// The worker opened a port, or could not; whether it is for a stream beside the first audio stream.
    pub(super) fn carrier_reported(&mut self, report: &Report) -> bool {
        match report {
            Report::Opened { port, a, b: Some(b) } => self.facts.beside.opened(*port, *a, *b),
            Report::Failed { port, reason } => match self.facts.beside.failed(*port) {
                Some(media) => {
                    self.goes_without(media, reason);
                    true
                }
                None => false,
            },
            Report::Opened { b: None, .. }
            | Report::Digit { .. }
            | Report::Talking { .. }
            | Report::Finished { .. }
            | Report::Silent { .. }
            | Report::Closed { .. } => false,
        }
    }

    /// The worker does not answer; nobody waits for it.
    pub(super) fn carriers_are_late(&mut self) {
        for (port, media) in self.facts.beside.late() {
            self.shared.close_relay(port, self.out);
            self.goes_without(media, "the media worker did not answer in time");
        }
    }

    fn goes_without(&mut self, media: StreamMedia, reason: &str) {
        self.shared.counters.relays_failed += 1;
        self.decide(None, Decision::Stream(StreamNews::NotOpened { media, reason }));
        let alarm = Alarm::RelayFailed { reason };
        self.out.journal(self.now, Some(self.facts.id), None, Entry::Alarm(alarm));
    }

    /// A port is gone that carried a stream: both sides are asked anew, which opens another one.
    pub(super) fn carrier_is_lost(&mut self, port: PortId) {
        if let Some(media) = self.facts.beside.lost(port) {
            self.facts.relay_lost = true;
            self.shared.counters.relays_failed += 1;
            self.decide(None, Decision::Stream(StreamNews::Lost { media }));
            let alarm = Alarm::RelayFailed { reason: super::lost::CLOSED };
            self.out.journal(self.now, Some(self.facts.id), None, Entry::Alarm(alarm));
        }
    }

    /// No stream is carried any more beside the first audio stream.
    pub(super) fn close_carriers(&mut self) {
        for port in self.facts.beside.take() {
            self.shared.close_relay(port, self.out);
        }
    }

    /// The relay, and what carries other streams, serve this called leg.
    pub(super) fn relay_serves(&mut self, leg: LegId) {
        for port in self.facts.relay_ports() {
            self.shared.relay_serves(port, leg);
        }
    }

    /// The same for somebody who comes in place of the caller.
    pub(super) fn relay_serves_caller(&mut self) {
        let caller = self.facts.caller;
        for port in self.facts.relay_ports() {
            if let Some(used) = self.shared.relays.get_mut(&port) {
                used.caller = caller;
            }
        }
    }

    /// `side` wrote this description: what is for it goes there from now on.
    pub(super) fn direct(&mut self, side: Side, description: &SessionDescription) {
        self.facts.relay.direct(side, description.as_bytes(), self.out);
        self.facts.beside.direct(side, description.as_bytes(), self.out);
    }

    /// Where the streams of a description lead a side.
    pub(super) fn leads(&self, side: Side, description: &SessionDescription) -> Led {
        let mut led = Led::from(self.facts.relay.address_for(side));
        if self.hides_addresses() {
            let streams = sdp::streams_beside(description.as_bytes());
            led.beside = self.facts.beside.addresses_for(side, &streams);
        }
        led
    }

    /// What the other side is told of streams that cannot be passed on, in place of what `from` wrote.
    pub(super) fn without_others(
        &mut self,
        (from, part): (Side, Part),
        description: &SessionDescription,
        left: Option<SessionDescription>,
    ) -> Option<SessionDescription> {
        if !self.hides_addresses() {
            return left;
        }
        let told = left.as_ref().unwrap_or(description);
        let streams = sdp::streams_beside(told.as_bytes());
        let carried = self.facts.beside.addresses_for(from.other(), &streams);
        let carried: Vec<usize> = carried.into_iter().map(|(place, _)| place).collect();
        let Some(refused) = sdp::refuse_others(told.as_bytes(), &carried) else { return left };
        if part == Part::Offer {
            self.tell_refused(from, streams.iter().filter(|stream| !carried.contains(&stream.place)));
        }
        Some(refused)
    }

    /// The other side is offered all streams that its session ever had, and answered with those that it offered.
    pub(super) fn with_as_many_streams(
        &mut self,
        (from, part): (Side, Part),
        description: &SessionDescription,
        left: Option<SessionDescription>,
    ) -> Option<SessionDescription> {
        let told = left.as_ref().unwrap_or(description);
        let changed = match part {
            Part::Offer => self.facts.outlet(from.other()).with_all_streams(told),
            Part::Answer => {
                let offered = self.facts.outlet(from).source().map(|offer| sdp::streams(offer.as_bytes()));
                offered.and_then(|offered| sdp::first_streams(told.as_bytes(), offered))
            }
        };
        changed.or(left)
    }

    /// Whether a relay stands in the way of all that `from` offers.
    pub(super) fn carries_nothing_of(&mut self, from: Side, offer: &SessionDescription) -> bool {
        if !self.hides_addresses()
            || sdp::takes_nothing(offer.as_bytes())
            || !sdp::audio_formats(offer.as_bytes()).is_empty()
        {
            return false;
        }
        let streams = sdp::streams_beside(offer.as_bytes());
        if !self.facts.beside.addresses_for(from.other(), &streams).is_empty() {
            return false;
        }
        self.tell_refused(from, streams.iter());
        true
    }

    fn tell_refused<'s>(&mut self, from: Side, streams: impl Iterator<Item = &'s StreamBeside<'s>>) {
        let leg = match from {
            Side::Caller => Some(self.facts.caller),
            Side::Called => None,
        };
        for stream in streams {
            let why = match stream.carrier {
                None => WhyStreamRefused::Transport,
                Some(_) if self.facts.beside.is_missing(stream) => WhyStreamRefused::NoPort,
                Some(_) if self.facts.beside.is_full() => WhyStreamRefused::TooMany,
                Some(_) => WhyStreamRefused::NoTime,
            };
            let (media, protocol) = (StreamMedia::of(stream.media), stream.protocol);
            self.decide(leg, Decision::Stream(StreamNews::Refused { media, protocol, why }));
        }
    }

    /// An offer is answered: what no stream needs any more is closed. What the story tells of the streams that there are.
    pub(super) fn settle_carriers<'d>(
        &mut self,
        offer: &SessionDescription,
        answer: &'d SessionDescription,
    ) -> Vec<StreamNews<'d>> {
        let offered = sdp::streams_beside(offer.as_bytes());
        let mut agreed = sdp::streams_beside(answer.as_bytes());
        agreed.retain(|stream| offered.iter().any(|offered| offered.place == stream.place));
        for port in self.facts.beside.keep(&agreed) {
            self.shared.close_relay(port, self.out);
        }
        let hidden = self.hides_addresses();
        let carried = self.facts.beside.addresses_for(Side::Caller, &agreed);
        agreed.retain(|stream| !hidden || carried.iter().any(|(place, _)| *place == stream.place));
        let way = if hidden { Way::Relayed } else { Way::Direct };
        self.settle_room_for_video(&agreed);
        let news = |stream: &StreamBeside<'d>| {
            let offerer = offered.iter().find(|offered| offered.place == stream.place);
            StreamNews::Agreed {
                media: StreamMedia::of(stream.media),
                codec: stream.codecs.names().next().unwrap_or_default(),
                offerer: offerer.and_then(|offered| offered.address),
                answerer: stream.address,
                way,
            }
        };
        agreed.iter().map(news).collect()
    }
}
