//! Answers about the state of now.

use std::sync::Arc;

use strowger_base::journal::MediaFunction;
use strowger_base::leg::BindingId;
use strowger_base::net::Flow;
use strowger_base::{CallId, LineName, Now, line};
use strowger_callcontrol::{Phase, ResourceUse};
use strowger_sccp::resources::io::{ResourceKind, Standing};
use strowger_sip::io::LineAccount;

use crate::counters::Messages;
use crate::io::{
    Answer, CallState, CallView, Health, Leftovers, Metric, MetricKind, PAGE, PhoneView, PushRefused,
    Question, ResourceStanding, Service, StationAlarm, StationView,
};
use crate::node::{Draining, Node, Overloaded};
use crate::sccp::{Past, Present, is_station};

impl Node {
    pub(crate) fn answer(&self, now: Now, question: &Question) -> Answer {
        match question {
            Question::Calls { before, limit } => Answer::Calls(self.call_views(*before, (*limit).min(PAGE))),
            Question::Phones { after } => self.phone_views(now, after),
            Question::PhonesOf { lines } => self.phone_views_of(now, lines),
            Question::Stations { after } => self.station_views(after),
            Question::UserSettings => Answer::UserSettings(self.user_settings()),
            // It is answered later; see `Node::set_for_user`.
            Question::Push(_) => Answer::Pushed(Err(PushRefused::NotRegistered)),
            Question::SetForUser(_) => Answer::SetForUser(Err("asked where nobody waits".into())),
            // It is answered where the phone is told; see `Node::begin_anew`.
            Question::BeginAnew { .. } => Answer::BegunAnew(Err("asked where nobody is told".into())),
            Question::Metrics => Answer::Metrics(self.metrics()),
            Question::Health => Answer::Health(self.health(now)),
            Question::Messages { line, .. } => {
                let line = self.line_called(line.as_str()).ok();
                Answer::Messages(line.map(|line| self.presence.mailbox(line.as_str())))
            }
            Question::MediaResources => Answer::MediaResources(self.calls.media_resources()),
            Question::Bandwidth => Answer::Bandwidth(self.calls.bandwidth()),
            Question::Leftovers => Answer::Leftovers(self.leftovers()),
        }
    }

    /// What exists now that an idle node does not have; for checkers.
    pub fn leftovers(&self) -> Leftovers {
        let calls = self.calls.sizes();
        let sip = self.sip.sizes();
        let presence = self.presence.sizes();
        Leftovers {
            calls: calls.calls,
            call_legs: calls.legs,
            call_timers: calls.timers,
            busy_lines: calls.busy_lines,
            dialing: calls.dialing,
            offered: calls.offered,
            parked: calls.parked,
            recordings: calls.recordings,
            forks: calls.forks,
            conferences: calls.conferences,
            pages: calls.pages,
            call_backs: calls.call_backs,
            records_waiting: calls.records_waiting,
            relays: calls.relays,
            places_taken: calls.places_taken,
            resources_taken: calls.resources_taken,
            music_streams: calls.music_streams,
            service_legs: self.agent.legs().max(self.service_legs.len()),
            service_ports: self.agent.open_ports(),
            sip_legs: sip.legs,
            sccp_legs: self.sccp.legs(),
            device_ports: self.sccp.ports(),
            transactions: sip.transactions,
            dialogs: sip.tags.max(sip.screens),
            sip_timers: sip.timers,
            // Those of SCCP phones last as long as their registrations.
            subscriptions: sip
                .subscriptions
                .max(presence.watches - self.sccp.watches().min(presence.watches)),
            line_legs: presence.legs,
        }
    }

    fn call_views(&self, before: Option<CallId>, limit: usize) -> Vec<CallView> {
        let view = |call: strowger_callcontrol::CallView<'_>| CallView {
            call: call.call,
            calling: call.calling.into(),
            called: call.called.into(),
            connected: call.connected.into(),
            state: match call.phase {
                Phase::Dialing => CallState::Dialing,
                Phase::Proceeding => CallState::Proceeding,
                Phase::Alerting => CallState::Alerting,
                Phase::Talking => CallState::Talking,
                Phase::Held => CallState::Held,
                Phase::Parked => CallState::Parked,
                Phase::Ended => CallState::Ended,
            },
            started_at: call.started_at,
            answered_at: call.answered_at,
            is_recorded: call.is_recorded,
        };
        self.calls.calls(before, limit).into_iter().map(view).collect()
    }

    fn phone_views(&self, now: Now, after: &str) -> Answer {
        let mut lines = self.lines.after(after);
        let mut phones = Vec::new();
        let mut last = None;
        for (line, account) in lines.by_ref().take(PAGE) {
            self.phones_of(now, line, account, &mut phones);
            last = Some(line);
        }
        let next = last.filter(|_| lines.next().is_some()).map(Into::into);
        Answer::Phones { phones, next }
    }

    fn phone_views_of(&self, now: Now, lines: &[LineName]) -> Answer {
        let mut phones = Vec::new();
        for (line, account) in
            lines.iter().take(PAGE).filter_map(|line| self.lines.get_key_value(line.as_str()))
        {
            self.phones_of(now, line, account, &mut phones);
        }
        Answer::Phones { phones, next: None }
    }

    fn phones_of(&self, now: Now, line: &str, account: &LineAccount, phones: &mut Vec<PhoneView>) {
        let view = |binding: BindingId| {
            if is_station(binding) {
                return self.station_view(now, line, binding);
            }
            let phone = self.sip.registrar().binding(binding)?;
            Some(PhoneView {
                line: phone.line().into(),
                shown: line::shown(&self.lines, phone.line()).into(),
                phone: account.phone_name(phone.phone()).cloned(),
                binding,
                contact: phone.contact().into(),
                peer: phone.flow().peer(),
                transport: match phone.flow() {
                    Flow::Datagram { .. } => strowger_base::net::Transport::Udp,
                    Flow::Stream { transport, .. } => transport,
                },
                listener: match phone.flow() {
                    Flow::Datagram { listener, .. } => Some(listener),
                    Flow::Stream { .. } => None,
                },
                user_agent: phone.user_agent().into(),
                expires_at: now.wall + phone.expires_at().saturating_since(now.mono),
            })
        };
        phones.extend(self.contacts_of(line).filter_map(view));
    }

    fn station_views(&self, after: &str) -> Answer {
        let mut devices = self.sccp.devices_after(after);
        let view = |device: &Present| StationView {
            device: device.name().into(),
            peer: device.peer,
            model: device.model.to_string().into(),
            load: device.load.as_str().into(),
            version: device.dialect.version.number(),
            is_ready: device.ready,
            lines: device
                .bindings()
                .map(|(line, _)| line::shown(&self.lines, line.as_str()).into())
                .collect(),
            calls: self.sccp.calls_of(device.name()),
            since: device.since,
            why: device.why.word(),
            period: self.sccp.past(device.name()).and_then(Past::period),
            alarm: self.sccp.past(device.name()).and_then(|past| past.alarm.as_ref()).map(|(at, alarm)| {
                StationAlarm {
                    at: *at,
                    severity: alarm.severity.map(|it| it.to_string()).unwrap_or_default().into(),
                    text: alarm.text.as_str().into(),
                    parameters: alarm.parameters,
                }
            }),
            passed_over: self
                .sccp
                .past(device.name())
                .into_iter()
                .flat_map(|past| &past.passed_over)
                .map(|(id, why)| format!("{id} ({:#06x}): {}", id.0, why.words()).into())
                .collect(),
            resource: self.sccp.resource(device.name()).map(|standing| resource_standing(&standing)),
        };
        let stations: Vec<StationView> = devices.by_ref().take(PAGE).map(view).collect();
        let last = stations.last().map(|station| station.device.clone());
        let next = last.filter(|_| devices.next().is_some());
        Answer::Stations { stations, connections: self.sccp.connections(), next }
    }

    fn station_view(&self, now: Now, line: &str, binding: BindingId) -> Option<PhoneView> {
        let device = self.sccp.device(binding)?;
        Some(PhoneView {
            line: line.into(),
            shown: line::shown(&self.lines, line).into(),
            phone: Some(Arc::clone(&device.name)),
            binding,
            contact: device.name().into(),
            peer: device.peer,
            transport: device.flow.transport(),
            listener: None,
            user_agent: device.describe().into(),
            expires_at: now.wall + self.sccp.patience(),
        })
    }

    fn health(&self, now: Now) -> Health {
        let calls = self.calls.sizes();
        let service = match (self.service.draining, self.service.overloaded, self.calls.full()) {
            (Draining::Yes, ..) => Service::Draining,
            (Draining::No, Overloaded::Yes, _) => Service::Shedding("the time of the decision thread"),
            (Draining::No, Overloaded::No, Some(what)) => Service::Shedding(what),
            (Draining::No, Overloaded::No, None) => Service::Full,
        };
        Health {
            service,
            uptime: now.mono.saturating_since(self.started.unwrap_or(now.mono)),
            calls: calls.calls,
            phones: self.sip.sizes().registrations + self.sccp.contacts(),
            records_waiting: calls.records_waiting,
        }
    }

    fn metrics(&self) -> Vec<Metric> {
        let mut list = MetricList(Vec::with_capacity(64));
        let sip = self.sip.counters();
        list.counter("sip_received_total", "SIP messages received that could be read.", sip.received);
        list.counter("sip_sent_total", "SIP messages sent.", sip.sent);
        list.counter(
            "sip_retransmissions_received_total",
            "SIP requests received again and absorbed.",
            sip.retransmissions,
        );
        list.counter("sip_malformed_total", "SIP messages that could not be read.", sip.malformed);
        list.counter("sip_rejected_total", "SIP requests refused before a transaction began.", sip.rejected);
        list.counter(
            "sip_unsent_messages_total",
            "SIP messages that could not be sent because their connection had gone.",
            sip.unsent,
        );
        list.counter(
            "sip_unfinished_messages_total",
            "Connections closed because a SIP message on them was never finished.",
            sip.unfinished,
        );
        list.counter("sip_stray_responses_total", "SIP responses that belong to no request.", sip.stray);
        list.counter("sip_challenges_total", "Digest challenges sent.", sip.challenges);
        list.counter("sip_unauthorized_total", "Requests refused because of credentials.", sip.unauthorized);
        list.counter("sip_registrations_total", "REGISTER requests granted.", sip.registrations);
        list.counter("sip_subscriptions_total", "SUBSCRIBE requests granted.", sip.subscribed);
        list.counter("sip_notifications_total", "NOTIFY requests of subscriptions sent.", sip.notified);
        let help = "Subscriptions whose watcher did not take a NOTIFY.";
        list.counter("sip_watchers_lost_total", help, sip.watchers_lost);
        self.station_metrics(&mut list);
        self.message_metrics(&mut list);
        self.event_metrics(&mut list);
        self.media_metrics(&mut list);
        self.resource_metrics(&mut list);
        let calls = self.calls.counters();
        list.counter("calls_begun_total", "Calls begun.", calls.begun);
        list.counter("calls_answered_total", "Calls answered.", calls.answered);
        list.counter("calls_ended_total", "Calls ended, answered or not.", calls.ended);
        list.counter("calls_refused_total", "Calls refused before anything rang.", calls.refused);
        let help = "Calls whose caller heard an announcement or a tone before it was told why they fail.";
        list.counter("calls_announced_total", help, calls.announced);
        list.counter(
            "calls_shed_total",
            "Calls turned away because something was full.",
            calls.shed + sip.shed + self.counters.stations_shed,
        );
        list.counter("relays_failed_total", "Media relays that could not be opened.", calls.relays_failed);
        let help =
            "Media ports of services (music, conferences, pages) that failed and got another in their place.";
        list.counter("service_ports_lost_total", help, self.counters.ports_lost);
        let help =
            "Services (music, conferences, pages) that ended or did not begin for want of a media port.";
        list.counter("service_ports_refused_total", help, self.counters.ports_refused);
        list.counter("recordings_total", "Recordings of calls begun.", calls.recordings);
        let help = "Recordings of calls that were given up: the recorder was not to be had, or the call could not be recorded.";
        list.counter("recordings_lost_total", help, calls.recordings_lost);
        let help = "Times that there was no bandwidth to a device.";
        list.counter("calls_without_bandwidth_total", help, calls.without_bandwidth);
        let help = "Calls that went over the public network for want of bandwidth.";
        list.counter("calls_rerouted_total", help, calls.rerouted);
        list.counter("pages_total", "Pages to paging groups.", calls.pages);
        let help = "Phones and overhead gateways that heard a page.";
        list.counter("page_listeners_total", help, calls.page_listeners);
        let help = "Streams of music begun that go out to multicast addresses.";
        list.counter("music_streams_total", help, calls.music_streams);
        let help = "Parties on hold that were told of one.";
        list.counter("music_streams_told_total", help, calls.music_streams_told);
        let help = "Streams of music to multicast addresses that failed or were lost.";
        list.counter("music_streams_failed_total", help, calls.music_streams_failed);
        let help = "Calls whose party was reported as malicious.";
        list.counter("calls_malicious_total", help, calls.malicious);
        let help = "Reports of bad quality by users of phones.";
        list.counter("quality_reports_total", help, calls.quality_reports);
        list.counter(
            "records_failed_total",
            "Times the disk did not take a call record.",
            calls.records_failed,
        );
        list.counter("journal_records_total", "Journal records written.", self.counters.journal_records);
        list.counter("journal_bytes_total", "Bytes of journal records.", self.counters.journal_bytes);
        self.size_metrics(&mut list);
        list.0
    }

    fn station_metrics(&self, list: &mut MetricList) {
        let sccp = self.sccp.counters();
        list.counter("sccp_received_total", "SCCP messages of calls received.", sccp.received);
        list.counter("sccp_sent_total", "SCCP messages of calls and lamps sent.", sccp.sent);
        let help = "SCCP messages that are not served, too short, or came too early.";
        list.counter("sccp_passed_over_total", help, sccp.passed_over);
        list.counter("sccp_screens_pushed_total", "Documents sent to screens of SCCP phones.", sccp.pushed);
        list.counter("sccp_registered_total", "SCCP devices that registered.", sccp.registered);
        let help = "SCCP devices that are no longer registered, by reason.";
        for (reason, count) in [
            ("wanted", sccp.gone_wanted),
            ("keepalive", sccp.gone_keepalive),
            ("connection", sccp.gone_connection),
            ("broken", sccp.gone_broken),
            ("throttled", sccp.gone_throttled),
        ] {
            list.labelled("sccp_gone_total", help, ("reason", reason), count);
        }
        let help = "Connections to the SCCP port that were refused, by reason.";
        for (reason, count) in [
            ("unknown_device", sccp.refused_unknown),
            ("version", sccp.refused_version),
            ("slow", sccp.refused_slow),
            ("broken", sccp.refused_broken),
            ("throttled", sccp.refused_throttled),
            ("full", sccp.refused_full),
        ] {
            list.labelled("sccp_refused_total", help, ("reason", reason), count);
        }
        list.gauge("sccp_devices", "Registered SCCP devices.", self.sccp.devices().count());
        let help = "Connections to the SCCP port, with those of devices that stand by.";
        list.gauge("sccp_connections", help, self.sccp.connections());
        list.gauge("sccp_legs", "Calls of SCCP phones.", self.sccp.legs());
    }

    fn message_metrics(&self, list: &mut MetricList) {
        let name_received = "call_messages_received_total";
        let name_sent = "call_messages_sent_total";
        let help_received = "SIP messages of calls received, by kind.";
        let help_sent = "SIP messages of calls sent, by kind.";
        for (name, help, messages) in [
            (name_received, help_received, &self.counters.received),
            (name_sent, help_sent, &self.counters.sent),
        ] {
            for (kind, value) in kinds(messages) {
                list.labelled(name, help, ("kind", kind), value);
            }
        }
    }

    fn media_metrics(&self, list: &mut MetricList) {
        let media = &self.counters.media;
        let mut counter = |name, help, value| list.counter(name, help, value);
        counter("media_streams_total", "Streams that came through the server and are over.", media.streams);
        counter("media_streams_poor_total", "Those with an estimated MOS below 3.1.", media.poor);
        counter("media_packets_total", "Their packets.", media.packets);
        counter("media_packets_lost_total", "Packets that never came.", media.lost);
        counter("media_packets_late_total", "Packets that came too late to be played.", media.late);
        counter("media_packets_foreign_total", "Packets from others, dropped.", media.foreign);
        let help = "Packets that were no RTP or had a payload type that was not agreed.";
        counter("media_packets_malformed_total", help, media.malformed);
        counter("media_packets_unsent_total", "Packets that the system did not take.", media.unsent);
    }

    fn resource_metrics(&self, list: &mut MetricList) {
        let resources = self.calls.media_resources();
        for function in MediaFunction::ALL {
            let of = |value: &dyn Fn(&ResourceUse) -> u64| {
                resources.iter().filter(|it| it.function == function).map(value).sum::<u64>()
            };
            let label = ("function", function.word());
            let help = "Seats of configured media resources that calls have, by what they do.";
            list.labelled_gauge("media_resources_in_use", help, label, of(&|it| it.in_use.into()));
            let help = "Seats of configured media resources that calls have had.";
            list.labelled("media_resources_allocated_total", help, label, of(&|it| it.allocated));
            let help = "Times that no media resource had room that may be used.";
            let counts = self.calls.resources_exhausted();
            let count = counts.filter(|(of, _)| *of == function).map(|(_, count)| count).sum();
            list.labelled("media_resources_exhausted_total", help, label, count);
        }
    }

    fn event_metrics(&self, list: &mut MetricList) {
        let counters = &self.counters;
        let help = "Phones that registered for the first time or from a new address.";
        list.counter("phones_registered_total", help, counters.registered);
        let help = "Phones that are no longer reachable, by reason.";
        let name = "phones_unregistered_total";
        list.labelled(name, help, ("reason", "wanted"), counters.unregistered_by_phone);
        list.labelled(name, help, ("reason", "lost"), counters.unregistered_lost);
        let help = "Requests refused before they became a registration or call, by reason.";
        let name = "requests_refused_total";
        list.labelled(name, help, ("reason", "credentials"), counters.refused_credentials);
        list.labelled(name, help, ("reason", "unknown_line"), counters.refused_unknown_line);
        list.labelled(name, help, ("reason", "too_many_phones"), counters.refused_contacts);
        list.labelled(name, help, ("reason", "watching"), counters.refused_watchers);
        list.labelled(name, help, ("reason", "overload"), counters.refused_overload);
        list.labelled(name, help, ("reason", "routing"), counters.refused_routing);
    }

    fn size_metrics(&self, list: &mut MetricList) {
        let calls = self.calls.sizes();
        let sip = self.sip.sizes();
        list.gauge("calls", "Calls in progress.", calls.calls);
        list.gauge("call_legs", "Legs of calls in progress.", calls.legs);
        list.gauge("busy_lines", "Lines that have calls.", calls.busy_lines);
        list.gauge("call_timers", "Timers of call control.", calls.timers);
        list.gauge("relays", "Media relays that are not closed.", calls.relays);
        list.gauge(
            "places_with_calls",
            "Locations and links of which calls have bandwidth.",
            calls.places_taken,
        );
        list.gauge("records_waiting", "Call records that wait for the disk.", calls.records_waiting);
        list.gauge("service_legs", "Legs of services.", self.agent.legs());
        list.gauge("service_ports", "Media ports of services.", self.agent.open_ports());
        list.gauge("phones", "Registered phones.", sip.registrations + self.sccp.contacts());
        list.gauge("sip_transactions", "SIP transactions in progress.", sip.transactions);
        list.gauge("sip_legs", "Dialogs of the SIP side, those that end included.", sip.legs);
        list.gauge("sip_subscriptions", "Subscriptions to lines.", sip.subscriptions);
        list.gauge("watched_lines", "Lines that have calls or are watched.", self.presence.sizes().lines);
        list.gauge("sip_streams", "Stream connections.", sip.streams);
        list.gauge("sip_timers", "Timers of the SIP side.", sip.timers);
    }
}

const fn kinds(messages: &Messages) -> [(&'static str, u64); 8] {
    [
        ("INVITE", messages.invite),
        ("ACK", messages.ack),
        ("BYE", messages.bye),
        ("CANCEL", messages.cancel),
        ("other", messages.other_requests),
        ("1xx", messages.provisional),
        ("2xx", messages.success),
        ("failure", messages.failure),
    ]
}

/// Metrics as they are listed.
struct MetricList(Vec<Metric>);

fn resource_standing(it: &Standing) -> ResourceStanding {
    ResourceStanding {
        function: match it.kind {
            ResourceKind::ConferenceBridge => "conference-bridge",
            ResourceKind::Transcoder => "transcoder",
            ResourceKind::TerminationPoint => "mtp",
        },
        codecs: it.codecs.iter().map(|codec| codec.to_string().into()).collect(),
        streams_max: it.streams_max,
        streams: it.streams,
        parties_max: it.parties_max,
        sessions: it.sessions,
        opened: it.opened,
        failed: it.failed,
    }
}

impl MetricList {
    fn counter(&mut self, name: &'static str, help: &'static str, value: u64) {
        self.0.push(Metric { name, help, kind: MetricKind::Counter, label: None, value });
    }

    fn labelled(
        &mut self,
        name: &'static str,
        help: &'static str,
        label: (&'static str, &'static str),
        value: u64,
    ) {
        self.0.push(Metric { name, help, kind: MetricKind::Counter, label: Some(label), value });
    }

    fn labelled_gauge(
        &mut self,
        name: &'static str,
        help: &'static str,
        label: (&'static str, &'static str),
        value: u64,
    ) {
        self.0.push(Metric { name, help, kind: MetricKind::Gauge, label: Some(label), value });
    }

    fn gauge(&mut self, name: &'static str, help: &'static str, value: usize) {
        self.0.push(Metric { name, help, kind: MetricKind::Gauge, label: None, value: value as u64 });
    }
}
