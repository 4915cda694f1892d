//! A registered station.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

use strowger_base::event::UnregisterReason;
use strowger_base::leg::{BindingId, Origin};
use strowger_base::net::{Flow, Transport};
use strowger_base::watch::{CallDirection, CallPhase, LineCall, LineState, WatchId};
use strowger_base::{LineName, TimerHandle, WallTime};
use strowger_sccp::calls::io::{Phone, PhoneLine};
use strowger_sccp::codes::{BlfStatus, ButtonType, DeviceType, Instance, LampMode, Stimulus};
use strowger_sccp::message::alerting::SetLamp;
use strowger_sccp::message::lines::FeatureStat;
use strowger_sccp::station::device::{Assignment, Device, FeatureButton, WhenRung};
use strowger_sccp::station::io::Registered;
use strowger_sccp::station::reason::{WhyGone, WhyRegistered};
use strowger_sccp::{Dialect, Features, Text, ToStation, Version};

use super::standing::Standing;
use crate::configuration::StationLine;

/// How many intervals of its keepalive a station may be silent.
pub(crate) const KEEPALIVES: u32 = 3;

/// The button of a busy lamp, what it watches, and what stands beside it.
pub(crate) type BusyLamp = (Instance, Text, Text);

/// A registered station.
pub(crate) struct Present {
    /// Its name, which is that of the phone in call control.
    pub(crate) name: Arc<str>,
    pub(crate) peer: SocketAddr,
    pub(crate) flow: Flow,
    pub(crate) dialect: Dialect,
    abilities: Features,
    pub(crate) model: DeviceType,
    pub(crate) load: Text,
    pub(crate) why: WhyRegistered,
    pub(crate) since: WallTime,
    /// It knows all that it asked for.
    pub(crate) ready: bool,
    /// Until when that is waited for.
    pub(super) asks: Option<TimerHandle>,
    lines: Vec<PresentLine>,
    /// What its busy lamp buttons dial.
    dials: Vec<(Stimulus, Instance, Text)>,
    /// What its buttons do that have no type of their own.
    feature_buttons: Vec<(Instance, FeatureButton, Text)>,
    /// Its busy lamps whose button takes the call that rings there.
    pub(super) picking: BTreeSet<Instance>,
    /// Its busy lamps: what each shows, and what stands beside it.
    lamps: Vec<BusyLamp>,
    /// What they watch.
    pub(crate) watches: Vec<WatchId>,
    /// Its lines for which messages wait.
    waiting: BTreeSet<LineName>,
    /// Its lines that other phones have too, which are watched.
    shared: BTreeSet<Instance>,
    pub(super) standing: Standing,
    /// RTP streams that outlived its last registration.
    streams_active: u32,
    /// What it was told of itself.
    told: Arc<Device>,
}

/// A line of it, and where that is rung.
struct PresentLine {
    configured: StationLine,
    binding: BindingId,
}

impl Present {
    pub(crate) fn new(
        now: WallTime,
        registered: &Registered,
        (lines, configured): (&[StationLine], &Arc<Device>),
        given: &mut dyn FnMut() -> BindingId,
    ) -> Self {
        let Registered { device, stream, peer, model, dialect, abilities, load, why, streams_active, .. } =
            registered;
        let flow = Flow::Stream { stream: *stream, peer: *peer, transport: Transport::Tcp };
        let lines =
            lines.iter().map(|line| PresentLine { configured: line.clone(), binding: given() }).collect();
        Present {
            name: device.as_str().into(),
            peer: *peer,
            flow,
            dialect: *dialect,
            abilities: *abilities,
            model: *model,
            load: load.clone(),
            why: *why,
            since: now,
            ready: false,
            asks: None,
            lines,
            dials: dials(configured, dialect.version),
            feature_buttons: feature_buttons(configured, dialect.version),
            picking: picking(configured, dialect.version),
            lamps: lamps(configured, dialect.version),
            watches: Vec::new(),
            waiting: BTreeSet::new(),
            shared: BTreeSet::new(),
            streams_active: *streams_active,
            told: Arc::clone(configured),
            standing: Standing::of(configured, dialect.version),
        }
    }

    /// Whether it was told when it came what it is now.
    pub(super) fn is_told(&self, device: Option<&Arc<Device>>, lines: &[StationLine]) -> bool {
        let same = self.lines.len() == lines.len()
            && self.lines.iter().zip(lines).all(|(known, line)| known.configured == *line);
        same && device.is_none_or(|device| **device == *self.told)
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The phone as its calls know it.
    pub(crate) fn phone(&self) -> Phone {
        let line = |line: &PresentLine| {
            let StationLine { instance, line: name, number, display, voice_mail } = &line.configured;
            PhoneLine {
                instance: *instance,
                origin: Origin::Line { line: name.clone(), phone: Some(Arc::clone(&self.name)) },
                binding: line.binding,
                number: number.clone(),
                name: display.clone(),
                voice_mail: voice_mail.clone(),
            }
        };
        Phone {
            device: Text::from(&*self.name),
            flow: self.flow,
            abilities: self.abilities,
            lines: self.lines.iter().map(line).collect(),
            soft_keys: Arc::clone(&self.told.soft_keys),
            dials: self.dials.clone(),
            feature_buttons: self.feature_buttons.clone(),
            streams_active: self.streams_active,
        }
    }

    /// Its lines, and where each is rung.
    pub(crate) fn bindings(&self) -> impl Iterator<Item = (&LineName, BindingId)> {
        self.lines.iter().map(|line| (&line.configured.line, line.binding))
    }

    /// Who watches for its busy lamps, and what they show.
    pub(crate) fn lamps(&self) -> Option<(Origin, &[BusyLamp])> {
        let watcher = self.origin().filter(|_| !self.lamps.is_empty())?;
        Some((watcher, &self.lamps))
    }

    /// It, on its first line.
    pub(super) fn origin(&self) -> Option<Origin> {
        let line = self.lines.first()?.configured.line.clone();
        Some(Origin::Line { line, phone: Some(Arc::clone(&self.name)) })
    }

    /// Its lines that other phones have too.
    pub(super) fn shared_lines(&self) -> impl Iterator<Item = &LineName> {
        let shared = |line: &&PresentLine| self.shared.contains(&line.configured.instance);
        self.lines.iter().filter(shared).map(|line| &line.configured.line)
    }

    /// A line of it is shared: which button that is, who watches, and whether it did not do so before.
    pub(crate) fn share(&mut self, line: &LineName) -> Option<(Instance, Origin, bool)> {
        let instance = self.lines.iter().find(|known| known.configured.line == *line)?.configured.instance;
        let watcher = Origin::Line { line: line.clone(), phone: Some(Arc::clone(&self.name)) };
        Some((instance, watcher, self.shared.insert(instance)))
    }

    /// A line of it has no other phone any more: which button that is, where it was shared.
    pub(super) fn is_alone(&mut self, line: &LineName) -> Option<Instance> {
        let instance = self.lines.iter().find(|known| known.configured.line == *line)?.configured.instance;
        self.shared.remove(&instance).then_some(instance)
    }

    /// The button of the line that is rung by this.
    pub(super) fn button(&self, binding: BindingId) -> Option<Instance> {
        Some(self.lines.iter().find(|line| line.binding == binding)?.configured.instance)
    }

    /// A busy lamp shows this. Phones that have it as one more line know a lamp alone.
    pub(crate) fn lights(&self, lamp: Instance, status: BlfStatus) -> ToStation {
        if self.told.button(ButtonType::LINE, lamp, self.dialect.version).is_some_and(|(_, it)| is_lamp(it)) {
            let mode = match status {
                BlfStatus::IN_USE => LampMode::ON,
                BlfStatus::ALERTING => LampMode::BLINK,
                _ => LampMode::OFF,
            };
            return SetLamp { stimulus: Stimulus::LINE, instance: lamp, mode }.into();
        }
        let found = self.lamps.iter().find(|(instance, ..)| *instance == lamp);
        let label = found.map(|(_, _, label)| label.clone()).unwrap_or_default();
        let kind = ButtonType::BUSY_LAMP_FIELD_SPEEDDIAL;
        FeatureStat { index: lamp, kind, status: status.0, label }.into()
    }

    /// What it calls itself: `Cisco 7961 (SCCP41.9-4-2SR3-1S)`.
    pub(crate) fn describe(&self) -> String {
        let model = model_of(self.model);
        if self.load.is_empty() { model.into() } else { format!("{model} ({})", self.load.as_str()) }
    }

    /// Messages wait for a line of it, or no more: which button that is, and whether any wait for any of its lines. `None` when that
    /// is shown already.
    pub(crate) fn messages(&mut self, line: &LineName, waiting: bool) -> Option<(Instance, bool)> {
        let instance = self.lines.iter().find(|known| known.configured.line == *line)?.configured.instance;
        let changed = if waiting { self.waiting.insert(line.clone()) } else { self.waiting.remove(line) };
        changed.then_some((instance, !self.waiting.is_empty()))
    }
}

/// What the buttons beside lines dial. Busy lamps are lines of old phones, and newer ones count them with the features. A speed dial that waits between its keys is left to call control, which knows it by that.
fn dials(device: &Device, version: Version) -> Vec<(Stimulus, Instance, Text)> {
    let mut dials = Vec::new();
    for (button, assignment) in device.assigned(version) {
        let instance = Instance(u32::from(button.instance));
        let stimulus = match button.kind {
            ButtonType::SPEED_DIAL => Stimulus::SPEED_DIAL,
            ButtonType::LINE => Stimulus::LINE,
            _ => Stimulus::BLF_SPEED_DIAL,
        };
        match assignment {
            Assignment::SpeedDial { number, .. } if number.as_str().contains(',') => {}
            Assignment::BusyLamp { number, .. } | Assignment::SpeedDial { number, .. } => {
                dials.push((stimulus, instance, number.clone()));
            }
            _ => {}
        }
    }
    dials
}

/// What its buttons do that have no type of their own.
fn feature_buttons(device: &Device, version: Version) -> Vec<(Instance, FeatureButton, Text)> {
    let assigned = device.assigned(version).into_iter();
    let features = assigned.filter_map(|(button, assignment)| match assignment {
        Assignment::Feature { button: feature, label } => {
            Some((Instance(button.instance.into()), *feature, label.clone()))
        }
        _ => None,
    });
    features.collect()
}

/// The busy lamps whose button takes the call that rings there.
fn picking(device: &Device, version: Version) -> BTreeSet<Instance> {
    let assigned = device.assigned(version).into_iter();
    let picking = assigned.filter_map(|(button, assignment)| match assignment {
        Assignment::BusyLamp { rung: WhenRung::PicksUp, .. } => Some(Instance(button.instance.into())),
        _ => None,
    });
    picking.collect()
}

const fn is_lamp(assignment: &Assignment) -> bool {
    matches!(assignment, Assignment::BusyLamp { .. })
}

/// The busy lamps of a phone of this version.
fn lamps(device: &Device, version: Version) -> Vec<BusyLamp> {
    let assigned = device.assigned(version).into_iter();
    let lamps = assigned.filter_map(|(button, assignment)| match assignment {
        Assignment::BusyLamp { number, label, .. } => {
            Some((Instance(u32::from(button.instance)), number.clone(), label.clone()))
        }
        _ => None,
    });
    lamps.collect()
}

/// What a busy lamp shows of a line.
pub(crate) fn lamp_of(line: &LineState) -> BlfStatus {
    let phases = || line.calls.iter().map(|call| call.phase);
    let rings =
        |call: &LineCall| call.phase == CallPhase::Early && call.direction == CallDirection::Recipient;
    if phases().any(|phase| phase == CallPhase::Confirmed) {
        BlfStatus::IN_USE
    } else if line.calls.iter().any(rings) {
        BlfStatus::ALERTING
    } else if phases().next().is_some() {
        BlfStatus::IN_USE
    } else if line.registered {
        BlfStatus::IDLE
    } else {
        BlfStatus::UNKNOWN
    }
}

/// What a model is called, or its number where nobody knows it.
pub(crate) fn model_of(model: DeviceType) -> Box<str> {
    model.name().map_or_else(|| format!("SCCP device {}", model.0).into(), Into::into)
}

/// Why a line can no longer be rung at a station.
pub(crate) const fn unregistered(why: WhyGone) -> UnregisterReason {
    match why {
        WhyGone::Left => UnregisterReason::ByPhone,
        WhyGone::KeepaliveLost => UnregisterReason::Expired,
        WhyGone::ConnectionLost => UnregisterReason::ConnectionClosed,
        WhyGone::ResetOrdered(_) => UnregisterReason::ResetOrdered,
        WhyGone::RegisteredAnew => UnregisterReason::Replaced,
        WhyGone::Broken(_) | WhyGone::Throttled => UnregisterReason::Broken,
        WhyGone::Removed => UnregisterReason::Unconfigured,
    }
}
