//! A phone that speaks SCCP as its user has it: what it shows, and what is done at it.

use super::phone::{CONNECTED, HOLD, Skinny};
use super::words;
use crate::display::{self, Display};
use crate::user::{Act, Refusal};

/// Kinds of buttons.
const LINE: u32 = 9;
const SPEED_DIAL: u32 = 2;
const BUSY_LAMP: u32 = 0x15;

impl Skinny {
    /// What its user sees.
    pub fn shows(&self) -> Display {
        let call = |(number, call): (&u32, &super::phone::Call)| {
            let shown = display::Call {
                line: call.line,
                state: words::state(call.state),
                text: call.prompt.clone(),
                calling: call.calling.clone(),
                called: call.called.clone(),
                keys: self.keys_of(*number),
                tone: words::tone(call.tone),
                heard: if call.state == CONNECTED { self.played.clone() } else { String::new() },
            };
            (*number, shown)
        };
        let lamps = self.lamps.iter().filter(|(_, mode)| !matches!(mode, 0 | 1));
        let lamps =
            lamps.map(|((kind, instance), mode)| (words::button(*kind, *instance), words::lamp(*mode)));
        let busy_lamps =
            self.buttons.iter().filter(|(kind, _)| u32::from(*kind) == BUSY_LAMP).filter_map(|(_, place)| {
                let (status, _) = self.features.get(&u32::from(*place))?;
                (*status > 1).then(|| {
                    (words::button(BUSY_LAMP, u32::from(*place)), words::busy_lamp(*status).to_owned())
                })
            });
        let text = if self.notice.is_empty() { &self.prompt } else { &self.notice };
        Display {
            registered: self.registered,
            lines: self
                .lines
                .iter()
                .map(|(at, [number, name, _])| (*at, [number.clone(), name.clone()]))
                .collect(),
            calls: self.calls.iter().map(call).collect(),
            keys: self.keys_of(0),
            text: text.clone(),
            lamps: lamps.chain(busy_lamps).collect(),
            ringer: words::ringer(self.ringer),
        }
    }

    /// Does what its user does.
    ///
    /// # Errors
    /// When there is no such key or button, now or ever.
    pub fn does(&mut self, act: &Act) -> Result<(), Refusal> {
        if !self.registered {
            return Err(Refusal::NotNow("the phone is not registered".to_owned()));
        }
        match act {
            Act::Dial(number) => self.calls_number(number),
            Act::Digits(keys) => {
                // Who dials without lifting the receiver has it lifted for him.
                if self.calls.values().all(|call| call.state == HOLD) {
                    self.lifts();
                }
                self.dials(keys);
            }
            Act::Tones(keys) => self.dials(keys),
            Act::OffHook => self.lifts(),
            Act::OnHook => self.puts_down(),
            Act::Key(name) => {
                let offered = self.shown_keys();
                let same = |key: &&String| key.eq_ignore_ascii_case(name) || alike(key, name);
                let Some(key) = offered.iter().find(same) else {
                    let now =
                        if offered.is_empty() { "there are none".to_owned() } else { offered.join(", ") };
                    return Err(Refusal::NotNow(format!("there is no key {name} now; the keys are: {now}")));
                };
                self.presses(key);
            }
            Act::Line(place) => {
                self.has_button(LINE, *place)?;
                self.pushes(LINE, *place);
            }
            Act::SpeedDial(place) if self.has_button(BUSY_LAMP, *place).is_ok() => {
                self.pushes(BUSY_LAMP, *place)
            }
            Act::SpeedDial(place) => {
                self.has_button(SPEED_DIAL, *place)?;
                self.pushes(SPEED_DIAL, *place);
            }
        }
        Ok(())
    }

    fn has_button(&self, kind: u32, place: u32) -> Result<(), Refusal> {
        let found = self.buttons.iter().any(|(of, at)| (u32::from(*of), u32::from(*at)) == (kind, place));
        found
            .then_some(())
            .ok_or_else(|| Refusal::Never(format!("the phone has no button {}", words::button(kind, place))))
    }
}

/// Labels that loads spell differently.
fn alike(key: &str, name: &str) -> bool {
    let plain = |text: &str| match &*text.to_ascii_lowercase() {
        "trnsfer" => "transfer".to_owned(),
        "conf" | "conference" => "confrn".to_owned(),
        other => other.to_owned(),
    };
    plain(key) == plain(name)
}
