//! What a server knows of a device before it comes: its buttons, its soft keys, its clock.

use std::sync::Arc;

use strowger_base::WallTime;

use crate::code_page::CodePage;
use crate::codes::{ButtonType, Instance, KeyMode, Phrase, SoftKey};
use crate::message::keys::{Button, SoftKeyDefinition, SoftKeySet};
use crate::resources::io::ResourceKind;
use crate::version::Version;
use crate::wire::text::Text;

/// The first version that shows what somebody else is doing beside a button.
const BUSY_LAMPS_SINCE: u8 = 15;

/// Keys that the template of a phone has room for.
const KEYS_MAX: usize = 32;

/// A phone or media resource as it is configured.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Device {
    /// What its buttons are, in their order. Instances follow from it.
    pub buttons: Vec<Assignment>,
    /// Its soft keys; the same for many devices.
    pub soft_keys: Arc<SoftKeys>,
    /// The highest version to speak with it: lower than it could when its firmware misbehaves.
    pub highest_version: Version,
    /// How it writes text where it knows no UTF-8; Latin-1 when `None`.
    pub code_page: Option<CodePage>,
    /// The firmware that it should run; `None` for whichever it has.
    pub load: Option<Text>,
    /// Whose it is.
    pub user_name: Text,
    /// How far its clock is ahead of UTC; the same for many devices.
    pub clock: Arc<Clock>,
    /// How it writes dates: the letters D, M and Y with what separates them, and A at the end for a clock of 12 hours.
    pub date_template: Text,
    /// Whether its message lamp is on when it comes.
    pub messages_waiting: bool,
    /// What it does with media, when it is a media resource and no phone.
    pub resource: Option<ResourceKind>,
}

impl Default for Device {
    fn default() -> Self {
        Device {
            buttons: Vec::new(),
            soft_keys: Arc::new(SoftKeys::standard()),
            highest_version: Version::HIGHEST,
            code_page: None,
            load: None,
            user_name: Text::default(),
            clock: Arc::new(Clock::default()),
            date_template: Text::from("D/M/Y"),
            messages_waiting: false,
            resource: None,
        }
    }
}

/// How far clocks of a place are ahead of UTC, which changes with summer time.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Clock {
    /// From when on it is so far, in minutes, the earliest first. Before the first it is that of UTC.
    pub offsets: Vec<(WallTime, i32)>,
}

impl Clock {
    /// How far they are ahead of UTC at a time, in minutes.
    pub fn offset_minutes(&self, at: WallTime) -> i32 {
        let later = self.offsets.partition_point(|(from, _)| *from <= at);
        later.checked_sub(1).and_then(|place| self.offsets.get(place)).map_or(0, |(_, minutes)| *minutes)
    }

    /// When they are put forward or back next.
    pub fn changes_after(&self, at: WallTime) -> Option<WallTime> {
        let later = self.offsets.partition_point(|(from, _)| *from <= at);
        self.offsets.get(later).map(|(from, _)| *from)
    }
}

/// What a button is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Assignment {
    /// A line.
    Line(Line),
    /// A speed dial.
    SpeedDial {
        /// What it dials.
        number: Text,
        /// What stands beside it.
        label: Text,
    },
    /// A speed dial that shows what the other side is doing. Phones below version 15 have it as one more line, whose lamp shows that.
    BusyLamp {
        /// What it dials.
        number: Text,
        /// What stands beside it.
        label: Text,
        /// What it does while a call rings there.
        rung: WhenRung,
    },
    /// A phone service.
    Service {
        /// What it gets.
        url: Text,
        /// What stands beside it.
        label: Text,
    },
    /// A feature of the server.
    Feature {
        /// Which.
        button: FeatureButton,
        /// What stands beside it.
        label: Text,
    },
    /// A feature that phones know by its type of button.
    Key {
        /// The type.
        kind: ButtonType,
        /// What stands beside it, where the phone asks for that; it has words of its own for most.
        label: Text,
    },
    /// Nothing.
    Unused,
}

/// What the button of a busy lamp does while a call rings there.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum WhenRung {
    /// It calls the number, as always.
    #[default]
    Dials,
    /// It takes the call.
    PicksUp,
}

/// A feature of the server that has no type of button of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FeatureButton {
    /// Other phones of the line are shown the call, or not.
    Privacy,
    /// The call is recorded, or not any more.
    Record,
}

/// A line of a phone.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Line {
    /// Its number.
    pub number: Text,
    /// Whose it is.
    pub name: Text,
    /// What stands beside it.
    pub label: Text,
    /// The number of its voice mail; empty where it has none.
    pub voice_mail: Text,
    /// The calls that it may have; `None` for what holds for all lines.
    pub calls_max: Option<u16>,
    /// From how many calls on it is busy; `None` for what holds for all lines.
    pub busy_trigger: Option<u16>,
    /// Where all its calls go; `None` when they come here.
    pub forward_all: Option<Text>,
    /// Where calls go when it is busy.
    pub forward_busy: Option<Text>,
    /// Where calls go that nobody answers.
    pub forward_no_answer: Option<Text>,
}

impl Assignment {
    /// What a phone of this version is told that the button is.
    fn kind(&self, version: Version) -> ButtonType {
        match self {
            Assignment::Line(_) => ButtonType::LINE,
            Assignment::SpeedDial { .. } => ButtonType::SPEED_DIAL,
            Assignment::BusyLamp { .. } if version.number() < BUSY_LAMPS_SINCE => ButtonType::LINE,
            Assignment::BusyLamp { .. } => ButtonType::BUSY_LAMP_FIELD_SPEEDDIAL,
            Assignment::Service { .. } => ButtonType::SERVICE_URL,
            Assignment::Feature { .. } => ButtonType::FEATURE,
            Assignment::Key { kind, .. } => *kind,
            Assignment::Unused => ButtonType::UNDEFINED,
        }
    }
}

/// Buttons of which phones ask the same question are counted together, so that it has one answer.
fn counted_with(kind: ButtonType) -> ButtonType {
    match kind {
        ButtonType::BUSY_LAMP_FIELD_SPEEDDIAL | ButtonType::DO_NOT_DISTURB | ButtonType::H_LOG => {
            ButtonType::FEATURE
        }
        other => other,
    }
}

impl Device {
    /// The buttons with their instances, as a phone of this version is told.
    pub fn assigned(&self, version: Version) -> Vec<(Button, &Assignment)> {
        let mut assigned: Vec<(Button, &Assignment)> = Vec::with_capacity(self.buttons.len());
        let lines = self.buttons.iter().filter(|button| matches!(button, Assignment::Line(_))).count();
        for assignment in &self.buttons {
            let kind = assignment.kind(version);
            let same = |(button, _): &&(Button, &Assignment)| counted_with(button.kind) == counted_with(kind);
            let before = assigned.iter().filter(same).count();
            let is_lamp = |it: &Assignment| matches!(it, Assignment::BusyLamp { .. });
            let alike = |(_, it): &&(Button, &Assignment)| is_lamp(it) == is_lamp(assignment);
            let instance = match assignment {
                Assignment::Unused => 0,
                // Lines keep their instances, whatever stands between them.
                _ if kind == ButtonType::LINE => {
                    let before = assigned.iter().filter(same).filter(alike).count();
                    let lines = if is_lamp(assignment) { lines } else { 0 };
                    u8::try_from(lines + before + 1).unwrap_or(u8::MAX)
                }
                Assignment::Key { .. } if counted_with(kind) != ButtonType::FEATURE => 1,
                _ => u8::try_from(before + 1).unwrap_or(u8::MAX),
            };
            assigned.push((Button { instance, kind }, assignment));
        }
        assigned
    }

    /// What stands at an instance of a type of button.
    pub fn button(
        &self,
        kind: ButtonType,
        instance: Instance,
        version: Version,
    ) -> Option<(Button, &Assignment)> {
        let asked = |button: &Button| {
            counted_with(button.kind) == counted_with(kind) && u32::from(button.instance) == instance.0
        };
        self.assigned(version).into_iter().find(|(button, _)| asked(button))
    }
}

/// The soft keys of a phone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SoftKeys {
    /// Each key that there is, and what stands on it.
    pub keys: Vec<(SoftKey, Text)>,
    /// Which of them there are in each [`KeyMode`], from 0 on; others are left out.
    pub sets: Vec<Vec<SoftKey>>,
}

impl SoftKeys {
    /// The keys with the labels that phones have in their own language, and the sets of a call's usual states.
    pub fn standard() -> Self {
        use SoftKey as K;
        let own = (SoftKey::REDIAL.0..=SoftKey::GROUP_PICKUP.0).map(|number| {
            let phrase = Phrase(Phrase::REDIAL.0 + number as u16 - 1);
            (SoftKey(number), phrase)
        });
        let more = [
            (K::BARGE, Phrase::BARGE),
            (K::DIRECT_TRANSFER, Phrase::DIRTRFR),
            (K::SELECT, Phrase::SELECT),
            (K::CONFERENCE_LIST, Phrase::CONFLIST),
            (K::IMMEDIATE_DIVERT, Phrase::IDIVERT),
            (K::CONFERENCE_BARGE, Phrase::CBARGE),
            (K::CALL_BACK, Phrase::CALLBACK),
            (K::DO_NOT_DISTURB, Phrase::DND),
            (K::OTHER_PICKUP, Phrase::OPICKUP),
            (K::PRIVATE, Phrase::PRIVATE),
        ];
        let keys = own.chain(more).map(|(key, phrase)| (key, Text::phrase(phrase, ""))).collect();
        let sets = KeyMode::ALL.iter().map(|mode| standard_set(*mode).to_vec()).collect();
        SoftKeys { keys, sets }
    }

    /// All keys, as a phone is told.
    pub fn template(&self) -> Vec<SoftKeyDefinition> {
        let define =
            |(event, label): &(SoftKey, Text)| SoftKeyDefinition { label: label.clone(), event: *event };
        self.keys.iter().map(define).collect()
    }

    /// Adds a key. Where there is no room for it one that stands in no set gives way.
    pub fn add(&mut self, key: SoftKey, label: Text) {
        if self.keys.iter().any(|(known, _)| *known == key) {
            return;
        }
        if self.keys.len() < KEYS_MAX {
            return self.keys.push((key, label));
        }
        let SoftKeys { keys, sets } = self;
        let unused = |key: &SoftKey| !sets.iter().any(|set| set.contains(key));
        if let Some(place) = keys.iter_mut().find(|(known, _)| unused(known)) {
            *place = (key, label);
        }
    }

    /// The keys of a set in their places, as a phone is told of them.
    pub fn of(&self, set: KeyMode) -> impl Iterator<Item = SoftKey> + '_ {
        let chosen = usize::try_from(set.0).ok().and_then(|set| self.sets.get(set));
        chosen.into_iter().flatten().copied().filter(|key| self.place(*key).is_some())
    }

    fn place(&self, key: SoftKey) -> Option<usize> {
        self.keys.iter().position(|(known, _)| *known == key)
    }

    /// All sets, as a phone is told: keys by their places in the template.
    pub fn numbered_sets(&self) -> Vec<SoftKeySet> {
        let place = |key: &SoftKey| self.place(*key);
        let places = |set: &Vec<SoftKey>| {
            let places = set.iter().filter_map(place).filter_map(|place| u8::try_from(place + 1).ok());
            SoftKeySet::of(&places.collect::<Vec<_>>())
        };
        self.sets.iter().map(places).collect()
    }
}

fn standard_set(mode: KeyMode) -> &'static [SoftKey] {
    use SoftKey as K;
    match mode {
        KeyMode::ON_HOOK => {
            &[K::REDIAL, K::NEW_CALL, K::FORWARD_ALL, K::PICKUP, K::GROUP_PICKUP, K::DO_NOT_DISTURB]
        }
        KeyMode::CONNECTED => &[
            K::HOLD,
            K::END_CALL,
            K::TRANSFER,
            K::PARK,
            K::CONFERENCE,
            K::CONFERENCE_LIST,
            K::SELECT,
            K::JOIN,
            K::DIRECT_TRANSFER,
            K::PRIVATE,
        ],
        KeyMode::ON_HOLD => &[K::RESUME, K::NEW_CALL, K::DIRECT_TRANSFER, K::SELECT, K::JOIN],
        KeyMode::RING_IN => &[K::ANSWER, K::IMMEDIATE_DIVERT],
        KeyMode::OFF_HOOK => {
            &[K::REDIAL, K::END_CALL, K::FORWARD_ALL, K::PICKUP, K::GROUP_PICKUP, K::OTHER_PICKUP, K::MEET_ME]
        }
        KeyMode::CONNECTED_WITH_TRANSFER => &[K::END_CALL, K::TRANSFER],
        KeyMode::DIGITS_FOLLOWING => &[K::BACKSPACE, K::END_CALL],
        KeyMode::CONNECTED_CONFERENCE => &[K::HOLD, K::END_CALL, K::CONFERENCE],
        KeyMode::RING_OUT => &[K::END_CALL, K::TRANSFER, K::CALL_BACK],
        KeyMode::OFF_HOOK_WITH_FEATURE => &[K::REDIAL, K::END_CALL],
        KeyMode::IN_USE_HINT => &[K::NEW_CALL, K::BARGE, K::CONFERENCE_BARGE],
        KeyMode::ON_HOOK_CALL_STEALABLE => &[K::REDIAL, K::NEW_CALL, K::RESUME],
        KeyMode::HOLD_CONFERENCE => &[K::RESUME, K::NEW_CALL],
        KeyMode(_) => &[],
    }
}
