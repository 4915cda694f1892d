//! SCCP devices as an operator configures them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use strowger_base::LineName;
use strowger_sccp::Text;
use strowger_sccp::codes::Instance;
use strowger_sccp::station::device::{Assignment, Device};
use strowger_sccp::station::io::{Devices, Settings};

use super::build::Findings;
use super::{Draft, Place, Problem};

/// All SCCP devices.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct StationsDraft {
    /// What is the same for all.
    pub settings: Settings,
    /// The devices.
    pub stations: Vec<StationDraft>,
}

/// An SCCP device. It is a phone of its lines too, under the same name ([`super::LineSecret::Station`]).
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct StationDraft {
    /// Its name: SEP and its MAC address, for phones.
    pub name: Box<str>,
    /// What it is told of itself.
    pub device: Arc<Device>,
    /// Its lines, in the order of the lines among its buttons.
    pub lines: Vec<LineName>,
}

/// The devices as the node knows them.
#[derive(Clone, Default, Debug)]
pub struct StationConfiguration {
    /// What is the same for all.
    pub settings: Settings,
    /// What each is told of itself, by their names.
    pub devices: Arc<Devices>,
    lines: BTreeMap<Box<str>, Vec<StationLine>>,
}

/// A line of a device.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StationLine {
    /// Its button.
    pub instance: Instance,
    /// The line.
    pub line: LineName,
    /// Its number, as it is shown.
    pub number: Text,
    /// Whose it is.
    pub display: Text,
    /// The number of its voice mail; empty where it has none.
    pub voice_mail: Text,
}

impl StationConfiguration {
    /// The lines of a device.
    pub fn lines_of(&self, device: &str) -> &[StationLine] {
        self.lines.get(device).map_or(&[], Vec::as_slice)
    }

    /// Whether a device that stays is another one in a configuration that follows.
    pub(crate) fn differs(&self, next: &StationConfiguration, device: &str) -> bool {
        let (before, after) = (self.devices.get(device), next.devices.get(device));
        after.is_some() && (before != after || self.lines_of(device) != next.lines_of(device))
    }
}

pub(super) fn build(draft: &Draft, found: &mut Findings) -> StationConfiguration {
    let StationsDraft { settings, stations } = &draft.stations;
    let mut names = BTreeSet::new();
    let (mut devices, mut lines) = (Devices::new(), BTreeMap::new());
    for station in stations {
        if !names.insert(&*station.name) {
            let problem =
                Problem::Duplicate { found: station.name.clone(), there: "another SCCP device".into() };
            found.add(Place::Node, "stations", problem);
        }
        let buttons = station.device.buttons.iter().filter_map(|button| match button {
            Assignment::Line(line) => Some(line),
            _ => None,
        });
        let known = buttons.zip(&station.lines).zip(1..).map(|((button, line), instance)| StationLine {
            instance: Instance(instance),
            line: line.clone(),
            number: button.number.clone(),
            display: button.name.clone(),
            voice_mail: button.voice_mail.clone(),
        });
        lines.insert(station.name.clone(), known.collect());
        devices.insert(station.name.clone(), Arc::clone(&station.device));
    }
    StationConfiguration { settings: settings.clone(), devices: Arc::new(devices), lines }
}
