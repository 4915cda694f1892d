//! What a phone asks about itself, and what it is answered. A phone waits for each answer: there is one for every question, also for one
//! about what there is not.

use std::collections::BTreeMap;

use strowger_base::WallTime;

use super::device::{Assignment, Device, Line};
use super::io::Settings;
use crate::codes::{ButtonType, CallReference, Instance, KeyMode, LampMode, Phrase, Stimulus};
use crate::message::ToStation;
use crate::message::alerting::SetLamp;
use crate::message::calls::{CallCount, CallCountRes};
use crate::message::display::DisplayPromptStatus;
use crate::message::keys::{ButtonTemplate, SelectSoftKeys, SoftKeySetRes, SoftKeyTemplateRes};
use crate::message::lines::{
    ConfigStat, FeatureStat, Forward, ForwardStat, LineStat, ServiceUrlStat, SpeedDialStat,
};
use crate::message::registration::{DefineTimeDate, LoadVersion, ServerRes};
use crate::version::Version;
use crate::wire::lists::Page;
use crate::wire::text::Text;

/// Shows number and name of the caller, and both numbers of a forwarded call.
const SHOW_ALL: u32 = 15;
/// The most buttons that one message tells of.
const BUTTONS: usize = 42;

/// What a phone asks about itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Question {
    Buttons,
    SoftKeys,
    SoftKeySets,
    Configuration,
    Line(Instance),
    Forwards(Instance),
    SpeedDial(Instance),
    Feature(Instance),
    Service(Instance),
    Load,
    Servers,
    Time,
    CallCounts,
}

/// Who asks.
pub(super) struct Asking<'a> {
    pub(super) name: &'a Text,
    pub(super) device: &'a Device,
    pub(super) version: Version,
    /// The firmware that it says it runs.
    pub(super) load: &'a Text,
    /// What it was told since it came.
    pub(super) shown: &'a Shown,
}

/// What a phone was told and shows until it is told otherwise: it is answered that when it asks again.
#[derive(Default, Debug)]
pub(super) struct Shown {
    /// What its feature buttons and busy lamps show.
    features: BTreeMap<Instance, u32>,
    /// Where calls of its lines go.
    forwards: BTreeMap<Instance, ForwardStat>,
    /// What stands on its display while it has no call.
    prompt: Option<Text>,
    /// Its message lamp.
    messages: Option<LampMode>,
}

impl Shown {
    /// Keeps what it is told.
    pub(super) fn note(&mut self, message: &ToStation) {
        match message {
            ToStation::FeatureStat(stat) => {
                self.features.insert(stat.index, stat.status);
            }
            ToStation::ForwardStat(stat) => {
                self.forwards.insert(stat.line, stat.clone());
            }
            ToStation::DisplayPromptStatus(prompt)
                if (prompt.line, prompt.call) == (Instance(0), CallReference(0)) =>
            {
                self.prompt = Some(prompt.text.clone());
            }
            ToStation::SetLamp(lamp)
                if (lamp.stimulus, lamp.instance) == (Stimulus::VOICE_MAIL, Instance(0)) =>
            {
                self.messages = Some(lamp.mode);
            }
            _ => {}
        }
    }
}

impl Asking<'_> {
    /// The answer, as messages in their order.
    pub(super) fn answer(&self, question: Question, now: WallTime, settings: &Settings) -> Vec<ToStation> {
        match question {
            Question::Buttons => self.buttons(),
            Question::SoftKeys => {
                vec![SoftKeyTemplateRes { keys: Page::whole(self.device.soft_keys.template()) }.into()]
            }
            Question::SoftKeySets => vec![
                SoftKeySetRes { sets: Page::whole(self.device.soft_keys.numbered_sets()) }.into(),
                idle_keys().into(),
            ],
            Question::Configuration => vec![self.configuration(settings).into()],
            Question::Line(line) => vec![self.line(line).into()],
            Question::Forwards(line) => vec![self.forwards(line).into()],
            Question::SpeedDial(index) => vec![self.speed_dial(index).into()],
            Question::Feature(index) => vec![self.feature(index).into()],
            Question::Service(index) => vec![self.service(index).into()],
            Question::Load => {
                let load = self.device.load.as_ref().unwrap_or(self.load).clone();
                vec![LoadVersion { load }.into()]
            }
            Question::Servers => vec![servers(settings).into()],
            Question::Time => self.time(now),
            Question::CallCounts => vec![self.call_counts(settings).into()],
        }
    }

    /// More buttons than one message has room for go in several.
    fn buttons(&self) -> Vec<ToStation> {
        let assigned: Vec<_> =
            self.device.assigned(self.version).into_iter().map(|(button, _)| button).collect();
        let total = u32::try_from(assigned.len()).unwrap_or(u32::MAX);
        let page = |(number, entries): (usize, &[_])| {
            let offset = u32::try_from(number * BUTTONS).unwrap_or(u32::MAX);
            ButtonTemplate { buttons: Page { offset, total, entries: entries.to_vec() } }.into()
        };
        if assigned.is_empty() {
            return vec![ButtonTemplate::default().into()];
        }
        assigned.chunks(BUTTONS).enumerate().map(page).collect()
    }

    fn configuration(&self, settings: &Settings) -> ConfigStat {
        let assigned = self.device.assigned(self.version);
        let count = |kind| {
            let count = assigned.iter().filter(|(button, _)| button.kind == kind).count();
            u32::try_from(count).unwrap_or(u32::MAX)
        };
        ConfigStat {
            name: self.name.clone(),
            user: 0,
            instance: 1,
            user_name: self.device.user_name.clone(),
            server_name: settings.servers.first().map(|server| server.name.clone()).unwrap_or_default(),
            lines: count(ButtonType::LINE),
            speed_dials: count(ButtonType::SPEED_DIAL),
        }
    }

    fn find(&self, kind: ButtonType, instance: Instance) -> Option<&Assignment> {
        self.device.button(kind, instance, self.version).map(|(_, assignment)| assignment)
    }

    fn known_line(&self, line: Instance) -> Option<Line> {
        match self.find(ButtonType::LINE, line) {
            Some(Assignment::Line(known)) => Some(known.clone()),
            // A busy lamp of an old phone.
            Some(Assignment::BusyLamp { number, label, .. }) => {
                let shown = if label.is_empty() { number } else { label }.clone();
                Some(Line { number: number.clone(), name: shown.clone(), label: shown, ..Line::default() })
            }
            Some(_) | None => None,
        }
    }

    fn line(&self, line: Instance) -> LineStat {
        let Line { number, name, label, .. } = self.known_line(line).unwrap_or_default();
        LineStat { line, number, name, label, display: SHOW_ALL }
    }

    fn forwards(&self, line: Instance) -> ForwardStat {
        if let Some(shown) = self.shown.forwards.get(&line) {
            return shown.clone();
        }
        let known = self.known_line(line).unwrap_or_default();
        let forward = |to: Option<Text>| Forward { active: to.is_some(), number: to.unwrap_or_default() };
        let all = forward(known.forward_all);
        let busy = forward(known.forward_busy);
        let no_answer = forward(known.forward_no_answer);
        ForwardStat { any: all.active || busy.active || no_answer.active, line, all, busy, no_answer }
    }

    fn speed_dial(&self, index: Instance) -> SpeedDialStat {
        match self.find(ButtonType::SPEED_DIAL, index) {
            Some(Assignment::SpeedDial { number, label }) => {
                SpeedDialStat { index, number: number.clone(), label: label.clone() }
            }
            Some(_) | None => SpeedDialStat { index, ..SpeedDialStat::default() },
        }
    }

    /// What a button shows; until it was told that is nothing.
    fn feature(&self, index: Instance) -> FeatureStat {
        let status = self.shown.features.get(&index).copied().unwrap_or_default();
        match self.device.button(ButtonType::FEATURE, index, self.version) {
            Some((
                button,
                Assignment::BusyLamp { label, .. }
                | Assignment::Feature { label, .. }
                | Assignment::Key { label, .. },
            )) => FeatureStat { index, kind: button.kind, status, label: label.clone() },
            Some(_) | None => FeatureStat { index, ..FeatureStat::default() },
        }
    }

    fn service(&self, index: Instance) -> ServiceUrlStat {
        match self.find(ButtonType::SERVICE_URL, index) {
            Some(Assignment::Service { url, label }) => {
                ServiceUrlStat { index, url: url.clone(), label: label.clone() }
            }
            Some(_) | None => ServiceUrlStat { index, ..ServiceUrlStat::default() },
        }
    }

    /// The time, and with it the display of a phone on which nothing happens.
    fn time(&self, now: WallTime) -> Vec<ToStation> {
        let configured = if self.device.messages_waiting { LampMode::ON } else { LampMode::OFF };
        let mode = self.shown.messages.unwrap_or(configured);
        let text = self.shown.prompt.clone();
        let text = text.unwrap_or_else(|| Text::phrase(Phrase::YOUR_CURRENT_OPTIONS, ""));
        vec![
            local_time(now, self.device.clock.offset_minutes(now)).into(),
            DisplayPromptStatus { text, ..Default::default() }.into(),
            SetLamp { stimulus: Stimulus::VOICE_MAIL, instance: Instance(0), mode }.into(),
        ]
    }

    fn call_counts(&self, settings: &Settings) -> CallCountRes {
        let lines = self.device.buttons.iter().filter_map(|assignment| match assignment {
            Assignment::Line(line) => Some(CallCount {
                calls_max: line.calls_max.unwrap_or(settings.calls_per_line),
                busy_trigger: line.busy_trigger.unwrap_or(settings.busy_trigger),
            }),
            _ => None,
        });
        let counts: Vec<CallCount> = lines.collect();
        CallCountRes { lines: u32::try_from(counts.len()).unwrap_or(u32::MAX), first: Instance(1), counts }
    }
}

fn idle_keys() -> SelectSoftKeys {
    SelectSoftKeys { line: Instance(0), call: CallReference(0), set: KeyMode::ON_HOOK, valid_keys: u32::MAX }
}

fn servers(settings: &Settings) -> ServerRes {
    let mut answer = ServerRes::default();
    let places = answer.names.iter_mut().zip(&mut answer.ports).zip(&mut answer.addresses);
    for (server, ((name, port), address)) in settings.servers.iter().zip(places) {
        *name = server.name.clone();
        *port = u32::from(server.port);
        *address = server.address.into();
    }
    answer
}

pub(super) fn local_time(now: WallTime, utc_offset_minutes: i32) -> DefineTimeDate {
    let ahead = i64::from(utc_offset_minutes) * 60_000_000;
    let local = WallTime::from_micros(now.as_micros().saturating_add_signed(ahead)).civil();
    DefineTimeDate {
        year: u32::try_from(local.year).unwrap_or_default(),
        month: local.month,
        weekday: local.weekday,
        day: local.day,
        hour: local.hour,
        minute: local.minute,
        second: local.second,
        millisecond: local.micros / 1000,
        unix_time: u32::try_from(now.as_secs()).unwrap_or(u32::MAX),
    }
}
