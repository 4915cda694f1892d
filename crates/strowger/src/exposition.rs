//! `/metrics` in the text format of Prometheus, version 0.0.4: the node's figures, then the shell's.

use std::fmt::Write;

use strowger_node::io::{Metric, MetricKind};

use crate::counters::{self, Figure, Queue, Traffic};
use crate::delivery::Report;
use crate::file_server::Figures;
use crate::{decision, log, mailbox, media, process, store, streams};

/// Everything that is measured.
pub(crate) fn everything(
    of_node: &[Metric],
    sip_port: u16,
    destinations: &[Report],
    files: &Figures,
) -> String {
    let mut text = Exposition::default();
    text.node(of_node);
    text.udp(sip_port);
    text.media();
    text.streams();
    text.queues();
    text.store();
    text.deliveries(destinations);
    text.files(files);
    text.log();
    text.process();
    text.0
}

/// The text as far as it is written.
#[derive(Default)]
struct Exposition(String);

impl Exposition {
    fn node(&mut self, metrics: &[Metric]) {
        let mut last = "";
        for metric in metrics {
            let name = format!("strowger_{}", metric.name);
            if metric.name != last {
                last = metric.name;
                let kind = match metric.kind {
                    MetricKind::Counter => "counter",
                    MetricKind::Gauge => "gauge",
                };
                self.family(&name, kind, metric.help);
            }
            let label =
                metric.label.map(|(label, value)| format!("{{{label}=\"{value}\"}}")).unwrap_or_default();
            self.sample(&name, &label, metric.value);
        }
    }

    fn udp(&mut self, port: u16) {
        self.traffic("strowger_udp", "SIP over UDP", &[&counters::UDP]);
        if let Some(socket) = process::udp_socket(port) {
            let name = "strowger_udp_receive_dropped_total";
            let help = "Datagrams that the system dropped because the SIP socket was full.";
            self.one(name, "counter", help, socket.dropped);
            let help = "Bytes that wait in the SIP socket.";
            self.one("strowger_udp_receive_queue_bytes", "gauge", help, socket.waiting_bytes);
        }
    }

    fn media(&mut self) {
        self.traffic(
            "strowger_media",
            "RTP and RTCP",
            &counters::MEDIA.each_ref().map(|media| &media.traffic),
        );
        let help = "Media sockets that are open.";
        let sockets = counters::MEDIA.iter().map(|media| media.sockets.get()).sum();
        self.one("strowger_media_sockets", "gauge", help, sockets);
        let help = "Times that a media thread failed, lost its ports and began anew.";
        let failures = counters::MEDIA.iter().map(|media| media.failures.get()).sum();
        self.one("strowger_media_thread_failures_total", "counter", help, failures);
        let help = "Times that a media thread hung, and another one took its place where that was possible.";
        let hangs = counters::MEDIA.iter().map(|media| media.hangs.get()).sum();
        self.one("strowger_media_thread_hangs_total", "counter", help, hangs);
    }

    fn streams(&mut self) {
        let mut counter = |name: &str, help: &str, figure: &Figure| {
            self.one(&format!("strowger_tcp_{name}_total"), "counter", help, figure.get());
        };
        counter("accepted", "TCP connections accepted.", &counters::STREAMS_ACCEPTED);
        counter("refused", "TCP connections refused because there are too many.", &counters::STREAMS_REFUSED);
        let help = "TCP connections without a phone closed to make room for others.";
        counter("closed_idle", help, &counters::STREAMS_CLOSED_IDLE);
        let help = "TCP connections that the system did not let us accept.";
        counter("accept_failures", help, &counters::STREAMS_FAILED);
        let help = "TCP connections closed because the other end reads too slowly.";
        counter("too_slow", help, &counters::STREAMS_TOO_SLOW);
        counter("received_bytes", "Bytes received over TCP.", &counters::STREAM_BYTES_IN);
        counter("sent_bytes", "Bytes sent over TCP.", &counters::STREAM_BYTES_OUT);
        self.one("strowger_tcp_connections", "gauge", "TCP connections.", counters::STREAMS.get());
        let help = "TCP connections that there may be.";
        self.one("strowger_tcp_connections_max", "gauge", help, counters::STREAMS_MAX.get());
    }

    fn queues(&mut self) {
        let queues: [(&str, &Queue, usize); 4] = [
            ("decision", &counters::LETTERS, mailbox::LETTERS),
            ("media", &counters::MEDIA_COMMANDS, media::COMMANDS),
            ("connections", &counters::STREAM_ORDERS, streams::ORDERS),
            ("store", &counters::STORE_BATCHES, store::BATCHES),
        ];
        let name = "strowger_queue_length";
        self.family(name, "gauge", "What waits for a thread, by thread.");
        for (thread, queue, _) in queues {
            self.sample(name, &format!("{{thread=\"{thread}\"}}"), queue.waiting());
        }
        let name = "strowger_queue_length_max";
        self.family(name, "gauge", "What may wait for a thread, by thread.");
        for (thread, _, limit) in queues {
            self.sample(name, &format!("{{thread=\"{thread}\"}}"), limit as u64);
        }
        let help = "Datagrams that are read before timers and other threads have their turn.";
        self.one("strowger_decision_turn_datagrams_max", "gauge", help, decision::DATAGRAMS_A_TURN as u64);
    }

    fn deliveries(&mut self, destinations: &[Report]) {
        let mut family = |name: &str, kind: &str, help: &str, figure: fn(&Report) -> u64| {
            let name = format!("strowger_cdr_{name}");
            self.family(&name, kind, help);
            for report in destinations {
                self.sample(&name, &format!("{{destination=\"{}\"}}", report.number), figure(report));
            }
        };
        let help = "Files of call records that wait for a billing destination, by its number.";
        family("files_waiting", "gauge", help, |report| report.waiting as u64);
        let help = "How long the oldest file is due that waits for a billing destination.";
        family("delivery_lag_seconds", "gauge", help, |report| report.lag_seconds);
        let help = "1 while delivery to a billing destination fails.";
        family("delivery_failing", "gauge", help, |report| report.trouble.is_some().into());
        let help = "Files that arrived at a billing destination.";
        family("files_delivered_total", "counter", help, |report| report.arrived);
        let help = "Attempts to deliver a file to a billing destination that failed.";
        family("delivery_failures_total", "counter", help, |report| report.failed);
        let help =
            "Files that a billing destination did not get and that are not tried again (resend = false).";
        family("files_given_up_total", "counter", help, |report| report.given_up);
    }

    fn files(&mut self, files: &Figures) {
        self.one("strowger_sftp_sessions", "gauge", "Sessions of the SFTP server.", files.sessions);
        self.one("strowger_sftp_logins_total", "counter", "Log-ins to the SFTP server.", files.logins);
        let name = "strowger_sftp_refused_total";
        self.family(
            name,
            "counter",
            "Connections, log-ins and sessions that the SFTP server refused, by reason.",
        );
        for (reason, count) in &files.refused {
            self.sample(name, &format!("{{reason=\"{reason}\"}}"), *count);
        }
        for (way, words, figure, bytes) in [
            ("fetched", "fetched over SFTP", files.files_fetched, files.bytes_fetched),
            ("brought", "brought over SFTP", files.files_brought, files.bytes_brought),
        ] {
            let help = format!("Files {words} in sessions that are over.");
            self.one(&format!("strowger_sftp_files_{way}_total"), "counter", &help, figure);
            let help = format!("Bytes {words} in sessions that are over.");
            self.one(&format!("strowger_sftp_{way}_bytes_total"), "counter", &help, bytes);
        }
    }

    fn store(&mut self) {
        let help = "Age of the oldest record of the last write when it was on its way to the disk.";
        let name = "strowger_store_lag_seconds";
        self.family(name, "gauge", help);
        let lag = counters::STORE_LAG.get();
        self.sample(name, "", format_args!("{}.{:06}", lag / 1_000_000, lag % 1_000_000));
        let help = "Bytes that the decision thread holds for the store.";
        self.one("strowger_store_gathered_bytes", "gauge", help, counters::STORE_GATHERED.get());
        let help = "Bytes written to the journal.";
        self.one("strowger_store_written_bytes_total", "counter", help, counters::STORE_BYTES.get());
        let help = "Writes that the disk refused.";
        self.one("strowger_store_failures_total", "counter", help, counters::STORE_FAILURES.get());
        let help = "Parts of the journal that could not be read for call records.";
        self.one("strowger_store_damage_total", "counter", help, counters::JOURNAL_GAPS.get());
        let help = "Calls without a call record because their part of the journal could not be read.";
        self.one("strowger_cdr_calls_lost_total", "counter", help, counters::CALLS_LOST.get());
        let help =
            "Journal records left out because the store was hopelessly behind; final records never are.";
        self.one("strowger_store_left_out_total", "counter", help, counters::STORE_LEFT_OUT.get());
    }

    fn log(&mut self) {
        let name = "strowger_log_lines_total";
        self.family(name, "counter", "Log lines: written, held back as too many, lost with standard error.");
        for (fate, value) in log::counters() {
            self.sample(name, &format!("{{fate=\"{fate}\"}}"), value);
        }
    }

    /// By the names that every Prometheus client library gives them.
    fn process(&mut self) {
        let Some(usage) = process::usage() else { return };
        let help = "Processor time used.";
        let name = "process_cpu_seconds_total";
        self.family(name, "counter", help);
        self.sample(
            name,
            "",
            format_args!("{}.{:02}", usage.cpu_centiseconds / 100, usage.cpu_centiseconds % 100),
        );
        let help = "Memory that is resident.";
        self.one("process_resident_memory_bytes", "gauge", help, usage.resident_bytes);
        self.one("process_open_fds", "gauge", "File descriptors that are open.", usage.descriptors);
        self.one("process_threads", "gauge", "Threads.", usage.threads);
    }

    /// What several threads count of one kind of traffic, summed up.
    fn traffic(&mut self, prefix: &str, what: &str, traffic: &[&Traffic]) {
        let mut counter = |name: &str, help: String, figure: fn(&Traffic) -> &Figure| {
            let sum = traffic.iter().map(|traffic| figure(traffic).get()).sum();
            self.one(&format!("{prefix}_{name}_total"), "counter", &help, sum);
        };
        counter("received_packets", format!("Packets received: {what}."), |of| &of.packets_in);
        counter("received_bytes", format!("Bytes received: {what}."), |of| &of.bytes_in);
        counter("sent_packets", format!("Packets sent: {what}."), |of| &of.packets_out);
        counter("sent_bytes", format!("Bytes sent: {what}."), |of| &of.bytes_out);
        let help = format!("Packets that the system did not take: {what}.");
        counter("send_dropped", help, |of| &of.dropped_out);
    }

    fn one(&mut self, name: &str, kind: &str, help: &str, value: u64) {
        self.family(name, kind, help);
        self.sample(name, "", value);
    }

    fn family(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &str, value: impl std::fmt::Display) {
        let _ = writeln!(self.0, "{name}{labels} {value}");
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Panics unless every sample stands below HELP and TYPE of its family, once.
    fn check(text: &str) -> Vec<String> {
        let (mut families, mut samples) = (BTreeSet::new(), BTreeSet::new());
        let (mut helped, mut typed) = ("", ("", ""));
        let mut ordered = vec![];
        assert!(text.ends_with('\n'));
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, help) = rest.split_once(' ').unwrap_or_else(|| panic!("{line}"));
                assert!(help.ends_with('.') && !help.contains('\\'), "{line}");
                assert!(families.insert(name), "{name} stands twice");
                ordered.push(name.to_owned());
                helped = name;
            } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                typed = rest.split_once(' ').unwrap_or_else(|| panic!("{line}"));
                assert_eq!(typed.0, helped, "TYPE follows HELP");
                let is_counter = typed.0.ends_with("_total");
                assert_eq!(typed.1, if is_counter { "counter" } else { "gauge" }, "{line}");
            } else {
                let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line}"));
                let name = series.split('{').next().unwrap_or_default();
                assert_eq!(name, typed.0, "{line} stands below its own TYPE");
                assert!(
                    name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'),
                    "{name}"
                );
                assert!(value.parse::<f64>().is_ok(), "{line}");
                assert!(samples.insert(series), "{series} stands twice");
            }
        }
        ordered
    }

    #[test]
    fn every_family_has_help_and_type_and_the_shells_own_are_documented() {
        let metric =
            |name, label, value| Metric { name, help: "A help.", kind: MetricKind::Counter, label, value };
        let metrics = [
            metric("a_total", None, 1),
            metric("b_total", Some(("kind", "x")), 2),
            metric("b_total", Some(("kind", "y")), 3),
        ];
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let text = everything(
            &metrics,
            socket.local_addr().unwrap().port(),
            &[Report::default()],
            &Figures::default(),
        );
        assert!(text.contains("strowger_b_total{kind=\"x\"} 2\nstrowger_b_total{kind=\"y\"} 3\n"), "{text}");
        let families = check(&text);
        let operations = include_str!("../../../docs/operations.md");
        for family in families.iter().skip(2) {
            assert!(operations.contains(&format!("`{family}`")), "docs/operations.md does not name {family}");
        }
        assert!(families.len() > 30, "{families:?}");
    }
}
