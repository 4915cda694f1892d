//! Services of ours (echo, announcement) as devices: call control rings them like any phone.
//!
//! The agent speaks [`Signal`] and [`base::Command`](strowger_base::Command) upwards and [`control`]
//! downwards. It sets no timer: every wait of a leg ends with a report of a worker, which always comes, or with a
//! command of call control, whose protocols have timers of their own.

mod group;
mod leg;

use std::collections::BTreeMap;

use strowger_base::leg::{Command, Digit, Media, ReleaseReason, Ring, Service, Signal, Target};
use strowger_base::{Cause, LegId, Now, ShardId};

use crate::codec::Codec;
use crate::control::{self, PortId, PortIds, PortOwner, Report, Talking};
use crate::negotiate::NegotiateError;
use crate::srtp::{KeySource, Suite};
use crate::statistics::StreamStatistics;
use group::{GroupLeg, Told};
use leg::ServiceLeg;

/// What can happen to the agent.
#[derive(Debug)]
pub enum Input {
    /// Call control commands a leg.
    Command(LegId, Command),
    /// A worker reports about a port with [`PortOwner::Agent`].
    Report(Report),
    /// A port that was asked for will be at a device, which speaks no more than this, and no SRTP. Said before it is open.
    AtDevice(PortId, Vec<Codec>),
}

/// What the agent wants done, in this order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Output {
    /// A leg tells call control.
    Signal(LegId, Signal),
    /// For the media workers.
    Media(control::Command),
    /// A service heard a key press. For the story only: the caller pressed it, so it is no signal of this leg.
    Heard(LegId, Digit),
    /// What a service received in its whole life, for the record. It comes after the leg has ended.
    Quality(LegId, Box<StreamStatistics>),
    /// The port of a service is gone although nobody closed it, and another one takes its place. Where there is none, the leg is
    /// released.
    PortLost(LegId),
    /// A service has no port, or none any more, so that its leg is released next.
    NoPort {
        /// The leg.
        leg: LegId,
        /// What the worker said.
        reason: Box<str>,
        /// Whether none could be opened, for the first time since one could.
        is_news: bool,
    },
}

/// Where outputs are put.
#[derive(Debug, Default)]
pub struct Outbox {
    /// What is wanted, in order.
    pub items: Vec<Output>,
}

impl Outbox {
    fn signal(&mut self, leg: LegId, signal: Signal) {
        self.items.push(Output::Signal(leg, signal));
    }

    fn media(&mut self, command: control::Command) {
        self.items.push(Output::Media(command));
    }
}

/// The services of one shard.
#[derive(Debug)]
pub struct Agent {
    legs: BTreeMap<LegId, ServiceLeg>,
    /// Those that have no port.
    groups: BTreeMap<LegId, GroupLeg>,
    /// Every port from `OpenEndpoint` until the worker reports it closed or failed.
    ports: BTreeMap<PortId, LegId>,
    ids: PortIds,
    last_session_id: u64,
    key_source: KeySource,
    /// It was told that there are no ports, and none was opened since.
    without_ports: bool,
}

impl Agent {
    /// An agent without legs. `key_source` makes the keys with which it speaks SRTP.
    pub const fn new(shard: ShardId, key_source: KeySource) -> Self {
        Agent {
            legs: BTreeMap::new(),
            groups: BTreeMap::new(),
            ports: BTreeMap::new(),
            ids: PortIds::new(shard, PortOwner::Agent),
            last_session_id: 0,
            key_source,
            without_ports: false,
        }
    }

    /// Takes one input; the outbox is complete when it returns.
    pub fn handle(&mut self, now: Now, input: Input, out: &mut Outbox) {
        match input {
            Input::Command(leg, Command::Ring(ring)) => self.ring(now, leg, *ring, out),
            Input::Command(leg, Command::Release(_)) => self.end(leg, out),
            // Pressed by the other side, and told beside its media.
            Input::Command(leg, Command::Digit(digit)) if self.legs.contains_key(&leg) => {
                out.items.push(Output::Heard(leg, digit));
            }
            Input::Command(leg, command) => self.command(leg, command, out),
            Input::Report(report) => self.report(report, out),
            Input::AtDevice(port, codecs) => {
                if let Some((_, device)) = self.device(port) {
                    device.is_at_device(codecs);
                }
            }
        }
    }

    /// The leg that a port serves now.
    pub fn leg_of(&self, port: PortId) -> Option<LegId> {
        self.ports.get(&port).copied()
    }

    /// Legs in progress.
    pub fn legs(&self) -> usize {
        self.legs.len() + self.groups.len()
    }

    /// Whether the conference hears something from the party that talks with a seat; the last half second is not known yet.
    pub fn talking(&self, leg: LegId) -> Talking {
        self.legs.get(&leg).map_or(Talking::No, ServiceLeg::talking)
    }

    /// Ports asked for and not yet reported closed or failed; zero when nothing is left behind.
    pub fn open_ports(&self) -> usize {
        self.ports.len()
    }

    fn ring(&mut self, now: Now, leg: LegId, ring: Ring, out: &mut Outbox) {
        let Target::Service(service) = ring.target else {
            strowger_base::never!("{leg}: the agent was asked to ring {:?}", ring.target);
            let reason = ReleaseReason::ProtocolError;
            return out.signal(leg, Signal::Released { cause: Cause::TEMPORARY_FAILURE, reason });
        };
        // Strictly rising, near the time of day as RFC 8866 §5.2 suggests.
        self.last_session_id = now.wall.as_micros().max(self.last_session_id + 1);
        if let Service::Multicast { address, ttl, payload_type, direction } = service {
            let told = Told { address, ttl, payload_type, direction };
            match GroupLeg::ring(told, leg, &ring, self.last_session_id, out) {
                Some(group) => _ = self.groups.insert(leg, group),
                None => {
                    let cause = Cause::BEARER_CAPABILITY_NOT_IMPLEMENTED;
                    let reason = ReleaseReason::Refused(cause.sip_status());
                    out.signal(leg, Signal::Released { cause, reason });
                }
            }
            return;
        }
        let port = self.ids.allocate();
        let keys = Suite::ALL.map(|suite| self.key_source.next_key(suite));
        let device = ServiceLeg::new(port, service, ring, self.last_session_id, Box::new(keys));
        if let Some(old) = self.legs.insert(leg, device) {
            strowger_base::never!("{leg} was rung twice");
            out.media(control::Command::Close { port: old.port() });
        }
        self.ports.insert(port, leg);
        out.media(control::Command::OpenEndpoint { port, service });
    }

    fn command(&mut self, leg: LegId, command: Command, out: &mut Outbox) {
        if let Some(group) = self.groups.get_mut(&leg) {
            let ended = group.command(leg, command, out);
            return self.release(leg, ended, out);
        }
        // A command may cross our release of the leg.
        let Some(device) = self.legs.get_mut(&leg) else { return };
        let ended = device.command(leg, command, out);
        self.release(leg, ended, out);
    }

    fn report(&mut self, report: Report, out: &mut Outbox) {
        match report {
            Report::Opened { port, a, b: _ } => {
                self.without_ports = false;
                let Some((leg, device)) = self.device(port) else { return };
                let ended = device.opened(leg, a, out);
                self.release(leg, ended, out);
            }
            Report::Failed { port, reason } => {
                let device = self.device(port).map(|(leg, _)| leg);
                self.ports.remove(&port);
                if let Some(leg) = device {
                    self.legs.remove(&leg);
                    let is_news = !std::mem::replace(&mut self.without_ports, true);
                    out.items.push(Output::NoPort { leg, reason, is_news });
                    let cause = Cause::RESOURCE_UNAVAILABLE;
                    let reason = ReleaseReason::Refused(cause.sip_status());
                    out.signal(leg, Signal::Released { cause, reason });
                }
            }
            Report::Digit { port, side: _, digit } => {
                let Some(&leg) = self.ports.get(&port) else { return };
                if self.device(port).is_some_and(|(_, device)| device.tells_keys()) {
                    return out.signal(leg, Signal::Digit(digit));
                }
                out.items.push(Output::Heard(leg, digit));
            }
            Report::Talking { port, talking } => {
                if let Some((_, device)) = self.device(port) {
                    device.set_talking(talking);
                }
            }
            Report::Finished { port } => {
                let Some((leg, _)) = self.device(port) else { return };
                let ended = Ended::Now { cause: Cause::NORMAL_CALL_CLEARING, reason: ReleaseReason::HungUp };
                self.release(leg, ended, out);
            }
            Report::Silent { port } => {
                let Some((leg, device)) = self.device(port) else { return };
                let ended = device.silent();
                self.release(leg, ended, out);
            }
            Report::Closed { port, statistics } => {
                let lost = self.device(port).map(|(leg, _)| leg);
                if let Some(leg) = self.ports.remove(&port) {
                    out.items.push(Output::Quality(leg, Box::new(statistics.a)));
                }
                if let Some(leg) = lost {
                    self.lost(leg, out);
                }
            }
        }
    }

    /// The port of a leg is closed, and we did not want that.
    fn lost(&mut self, leg: LegId, out: &mut Outbox) {
        let Some(device) = self.legs.get_mut(&leg) else { return };
        let port = self.ids.allocate();
        let (service, ended) = device.moves(port);
        match ended {
            Ended::No => {
                out.items.push(Output::PortLost(leg));
                self.ports.insert(port, leg);
                out.media(control::Command::OpenEndpoint { port, service });
            }
            Ended::Now { cause, reason } => {
                self.legs.remove(&leg);
                // That one was lost says nothing of others.
                out.items.push(Output::NoPort { leg, reason: LOST.into(), is_news: false });
                out.signal(leg, Signal::Released { cause, reason });
            }
        }
    }

    /// The leg that a port serves now; none when the leg has ended and the port is closing.
    fn device(&mut self, port: PortId) -> Option<(LegId, &mut ServiceLeg)> {
        let leg = *self.ports.get(&port)?;
        self.legs.get_mut(&leg).filter(|device| device.port() == port).map(|device| (leg, device))
    }

    fn release(&mut self, leg: LegId, ended: Ended, out: &mut Outbox) {
        match ended {
            Ended::No => {}
            Ended::Now { cause, reason } => {
                out.signal(leg, Signal::Released { cause, reason });
                self.end(leg, out);
            }
        }
    }

    /// Forgets a leg and closes its port, once.
    fn end(&mut self, leg: LegId, out: &mut Outbox) {
        self.groups.remove(&leg);
        if let Some(device) = self.legs.remove(&leg) {
            out.media(control::Command::Close { port: device.port() });
        }
    }
}

/// Why a leg has no port any more.
const LOST: &str = "it was lost, and what it did cannot go on at another one";

/// Whether a leg ended by what it did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Ended {
    No,
    Now { cause: Cause, reason: ReleaseReason },
}

/// What a phone shows for a service.
const fn name_of(service: Service) -> &'static str {
    match service {
        Service::Echo => "Echo test",
        Service::Announcement => "Announcement",
        Service::Sounds => "Sounds",
        Service::Confirmation => "Done",
        Service::Conference(_) => "Conference",
        Service::Annunciator(_) => "Annunciator",
        Service::Prompt => "Code",
        Service::Page { .. } => "Page",
        Service::Multicast { .. } => "Multicast",
    }
}

/// The offer of a ring; an answer cannot come first.
fn offer_of(media: Media) -> Option<strowger_base::SessionDescription> {
    match media {
        Media::Offer(offer) => Some(offer),
        Media::None => None,
        Media::Answer(_) => {
            strowger_base::never!("a ring carried an answer");
            None
        }
    }
}

/// Refuses an offer, or the wish for one, that came at the wrong moment; it may be tried again.
fn refuse_for_now(leg: LegId, out: &mut Outbox) -> Ended {
    out.signal(leg, Signal::MediaRefused(Cause::MESSAGE_NOT_COMPATIBLE_WITH_STATE));
    Ended::No
}

const fn cause_of(error: &NegotiateError) -> Cause {
    match error {
        NegotiateError::NoCommonCodec => Cause::BEARER_CAPABILITY_NOT_IMPLEMENTED,
        NegotiateError::NoCommonSuite
        | NegotiateError::Malformed(_)
        | NegotiateError::WrongStreams { .. } => Cause::INCOMPATIBLE_DESTINATION,
    }
}
