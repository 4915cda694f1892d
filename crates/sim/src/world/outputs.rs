//! What the node and the media worker want done.

use std::net::SocketAddr;
use std::time::Duration;

use strowger_media::control::PortId;
use strowger_media::worker;
use strowger_node::{Input, Output};

use super::{Failure, World};
use crate::setting::SERVER;

impl World {
    /// Gives the node an input and does what it wants done.
    pub(super) fn give(&mut self, input: Input<'_>) -> Result<(), Failure> {
        self.node.handle(self.now, input, &mut self.out);
        let items = std::mem::take(&mut self.out.items);
        let arena = std::mem::take(&mut self.out.arena);
        for item in items {
            match item {
                Output::Datagram { destination, bytes, .. } => {
                    let bytes = arena.slice(bytes);
                    self.note("sent", bytes);
                    self.checker.sends(bytes);
                    let from = SERVER.parse().unwrap_or(destination);
                    self.network.send(self.now.mono, from, destination, bytes);
                }
                Output::Journal(span) => {
                    let bytes = arena.slice(span);
                    self.journal(bytes)?;
                    self.disk.append(bytes);
                }
                Output::Persist { ticket, record } => {
                    let strowger_node::io::PersistRecord::Call { record, .. } = record;
                    let bytes = arena.slice(record);
                    self.journal(bytes)?;
                    let fails = self
                        .disk_failures
                        .iter()
                        .any(|(from, to)| *from <= self.now.mono && self.now.mono < *to);
                    self.disk.persist(self.now.mono, ticket, bytes, fails, &mut self.rng);
                }
                Output::Store(record) => self.disk.store(record),
                Output::Media(command) => self.commands.push_back(command),
                Output::Answer { answer, .. } => self.answer = Some(answer),
                Output::Drained => {}
                Output::Stranger(_) => {
                    return Err("a phone waits, and strangers are not welcome here".to_owned());
                }
                Output::StreamSend { stream, bytes } => {
                    let bytes = arena.slice(bytes);
                    self.note("sent", bytes);
                    self.stations.sent(self.now.mono, stream, bytes);
                }
                Output::StreamNeeded { .. } => {}
                Output::StreamConnect { .. } | Output::StreamClose { .. } => {
                    return Err("the node used a connection, but there is none here".to_owned());
                }
            }
        }
        self.out.arena = arena;
        self.out.arena.clear(1 << 20);
        self.checker.handled()?;
        self.command()
    }

    /// The media worker gets what it was told in the order in which it was told, also what follows from its own reports.
    fn command(&mut self) -> Result<(), Failure> {
        if std::mem::replace(&mut self.commanding, true) {
            return Ok(());
        }
        while let Some(command) = self.commands.pop_front() {
            self.media(worker::Input::Command(command))?;
        }
        self.commanding = false;
        Ok(())
    }

    /// The sockets of one of these ports fail, as when the system takes its address away; false when none is open.
    pub(super) fn lose_port(&mut self, among: &[PortId]) -> Result<bool, Failure> {
        let pause = self.plan.media.losses.max(1);
        self.next_loss = self.now.mono + Duration::from_millis(pause / 2 + self.rng.below(pause));
        let any = self.rng.below((among.len() as u64).max(1)) as usize;
        let Some(port) = among.get(any).copied() else { return Ok(false) };
        self.report.losses += 1;
        self.wires.lost(port);
        self.media(worker::Input::Lost { port }).map(|()| true)
    }

    /// Gives the media worker an input and does what it wants done.
    pub(super) fn media(&mut self, input: worker::Input<'_>) -> Result<(), Failure> {
        if !matches!(input, worker::Input::Timeout | worker::Input::Packet { .. }) {
            self.trace_line("media", &format!("{input:?}"));
        }
        match &input {
            worker::Input::Command(command) => self.wires.commanded(command),
            worker::Input::Opened { port, a, b } => self.wires.opened(*port, *a, *b),
            _ => {}
        }
        self.worker.handle(self.now, input, &mut self.media_out);
        let items = std::mem::take(&mut self.media_out.items);
        let mut arena = std::mem::take(&mut self.media_out.arena);
        for item in items {
            match item {
                worker::Output::OpenSockets { port, pairs, .. } => {
                    let input = if self.faults && self.rng.one_in(20) {
                        worker::Input::OpenFailed { port, reason: "no port is free".into() }
                    } else {
                        let mut address = || {
                            self.next_media_port = self.next_media_port.checked_add(2).unwrap_or(16_384);
                            SocketAddr::from(([192, 0, 2, 1], self.next_media_port))
                        };
                        let a = address();
                        let b = (pairs > 1).then(&mut address);
                        worker::Input::Opened { port, a, b }
                    };
                    self.media(input)?;
                }
                worker::Output::Report(report) => self.give(Input::Media(report))?,
                worker::Output::Send { socket, destination, bytes } => {
                    self.fly(socket, destination, arena.slice(bytes));
                }
                worker::Output::CloseSockets { .. } => {}
            }
        }
        arena.clear(1 << 16);
        self.media_out.arena = arena;
        Ok(())
    }
}
