//! What users set by themselves, at a phone or by a program: it stands beside the configuration and goes before it (ADR 0029).
//!
//! It counts from the moment that it is set, and is said to be done when the disk has it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use strowger_base::feature::Forwarded;
use strowger_base::journal::{ForwardedTo, OnOff, SetBy, UserSet, UserValue};
use strowger_base::leg::BindingId;
use strowger_base::{CallId, LegId, LineName, WallTime};
use strowger_dialplan::SearchSpace;
use strowger_dialplan::forward::{BySide, ForwardKind, ForwardTarget};

use crate::configuration::{Forwards, Line, UserForwardSpace};
use crate::io::Contact;

/// What users set.
#[derive(Debug, Default)]
pub(crate) struct UserSettings {
    /// Forwards of lines, by the line's name.
    forwards: BTreeMap<Box<str>, SetForwards>,
    /// Phones that do not want to be disturbed, by their name.
    undisturbed: BTreeMap<Box<str>, Made>,
    /// Phones that take no part in hunts, by their name.
    logged_out: BTreeMap<Box<str>, Made>,
    /// Who hears when the disk has it, by the ticket of the promise.
    waiting: BTreeMap<u64, Waiter>,
    /// The last promise of each owner and setting, as long as the disk has not kept it.
    promises: BTreeMap<(Box<str>, &'static str), u64>,
}

/// Who waits for the disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Waiter {
    /// The call in which it was set.
    Call(CallId),
    /// A device, which asked by a key in its call.
    Leg(LegId),
    /// A program that asked.
    Program(u64),
    /// A phone whose key changes whether it takes part in hunts: its contact, and whether it does.
    HuntKey(BindingId, OnOff),
}

/// Where, when and by whom something was set.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Made {
    line: Box<str>,
    pub(crate) phone: Box<str>,
    pub(crate) at: WallTime,
    /// The program's user; `None` at the phone.
    by: Option<Box<str>>,
}

/// The forwards of one line.
#[derive(Debug, Default)]
struct SetForwards {
    all: Option<SetForward>,
    busy: Option<SetForward>,
    no_answer: Option<SetForward>,
    unregistered: Option<SetForward>,
}

/// A forward that somebody set.
#[derive(Debug)]
struct SetForward {
    to: Destination,
    made: Made,
}

#[derive(Debug)]
enum Destination {
    Nowhere,
    Number(Box<str>),
    VoiceMail,
}

impl SetForwards {
    const fn of(&self, which: Forwarded) -> Option<&SetForward> {
        match which {
            Forwarded::All => self.all.as_ref(),
            Forwarded::Busy => self.busy.as_ref(),
            Forwarded::NoAnswer => self.no_answer.as_ref(),
            Forwarded::Unregistered => self.unregistered.as_ref(),
        }
    }

    const fn of_mut(&mut self, which: Forwarded) -> &mut Option<SetForward> {
        match which {
            Forwarded::All => &mut self.all,
            Forwarded::Busy => &mut self.busy,
            Forwarded::NoAnswer => &mut self.no_answer,
            Forwarded::Unregistered => &mut self.unregistered,
        }
    }

    const fn is_empty(&self) -> bool {
        self.all.is_none() && self.busy.is_none() && self.no_answer.is_none() && self.unregistered.is_none()
    }
}

impl Made {
    fn of(set: &UserSet<'_>, at: WallTime) -> Self {
        let by = match set.by {
            SetBy::Phone | SetBy::Server => None,
            SetBy::Program(name) => Some(name.into()),
        };
        Made { line: set.line.into(), phone: set.phone.into(), at, by }
    }

    fn view<'m>(&'m self, value: UserValue<'m>) -> (WallTime, UserSet<'m>) {
        let by = self.by.as_deref().map_or(SetBy::Phone, SetBy::Program);
        (self.at, UserSet { line: &self.line, phone: &self.phone, value, by })
    }
}

impl UserSettings {
    /// It is so from here on.
    pub(crate) fn set(&mut self, set: &UserSet<'_>, at: WallTime) {
        let owner = set.owner();
        let made = Made::of(set, at);
        match set.value {
            UserValue::Forward { which, to } => {
                let forwards = self.forwards.entry(owner.into()).or_default();
                *forwards.of_mut(which) = match to {
                    ForwardedTo::AsConfigured => None,
                    ForwardedTo::Nowhere => Some(SetForward { to: Destination::Nowhere, made }),
                    ForwardedTo::Number(number) => {
                        Some(SetForward { to: Destination::Number(number.into()), made })
                    }
                    ForwardedTo::VoiceMail => Some(SetForward { to: Destination::VoiceMail, made }),
                };
                if forwards.is_empty() {
                    self.forwards.remove(owner);
                }
            }
            UserValue::Disturb(OnOff::Off) => _ = self.undisturbed.insert(owner.into(), made),
            UserValue::Disturb(OnOff::On) => _ = self.undisturbed.remove(owner),
            UserValue::Hunted(OnOff::Off) => _ = self.logged_out.insert(owner.into(), made),
            UserValue::Hunted(OnOff::On) => _ = self.logged_out.remove(owner),
            // It is more than a setting: `call_back` has it.
            UserValue::CallBack(_) => {}
        }
    }

    /// The forwards of a line: what users set goes before what is configured.
    pub(crate) fn forwards<'c>(&self, name: &str, line: &'c Line) -> Option<Cow<'c, Forwards>> {
        let configured = line.forwards.as_deref();
        let Some(set) = self.forwards.get(name) else { return configured.map(Cow::Borrowed) };
        let mut forwards = configured.cloned().unwrap_or_default();
        let target = |which: Forwarded| {
            let set = set.of(which)?;
            let space = || line.user_forward_space.of(line, &set.made.phone);
            Some(match &set.to {
                Destination::Nowhere => None,
                Destination::VoiceMail => Some(ForwardTarget::voice_mail(space())),
                // What cannot be a destination was not taken as one.
                Destination::Number(number) => ForwardTarget::number(number, space()).ok(),
            })
        };
        if let Some(all) = target(Forwarded::All) {
            forwards.all = all;
        }
        let kinds = [
            (Forwarded::Busy, &mut forwards.busy),
            (Forwarded::NoAnswer, &mut forwards.no_answer),
            (Forwarded::Unregistered, &mut forwards.unregistered),
        ];
        for (which, place) in kinds {
            if let Some(both) = target(which) {
                *place = BySide::both(both);
            }
        }
        Some(Cow::Owned(forwards))
    }

    /// Where and when the forward was set that is for this; `None` for a configured one.
    pub(crate) fn forward_made(&self, line: &str, kind: ForwardKind) -> Option<&Made> {
        let which = match kind {
            ForwardKind::All => Forwarded::All,
            ForwardKind::Busy => Forwarded::Busy,
            ForwardKind::NoAnswer => Forwarded::NoAnswer,
            ForwardKind::Unregistered => Forwarded::Unregistered,
            ForwardKind::NoCoverage | ForwardKind::CtiFailure => return None,
        };
        self.forwards.get(line)?.of(which).map(|set| &set.made)
    }

    /// Whether calls disturb a phone of a line.
    pub(crate) fn is_disturbed(&self, line: &LineName, contact: &Contact) -> bool {
        self.undisturbed.is_empty() || !self.undisturbed.contains_key(phone_of(line, contact))
    }

    /// Whether a phone of a line takes part in hunts.
    pub(crate) fn is_hunted(&self, line: &LineName, contact: &Contact) -> bool {
        self.logged_out.is_empty() || !self.logged_out.contains_key(phone_of(line, contact))
    }

    /// Whether calls disturb the phone that is called this, and whether it takes part in hunts.
    pub(crate) fn phone(&self, name: &str) -> (bool, bool) {
        (!self.undisturbed.contains_key(name), !self.logged_out.contains_key(name))
    }

    /// Somebody waits until the disk has it.
    pub(crate) fn wait(&mut self, ticket: u64, waiter: Waiter) {
        self.waiting.insert(ticket, waiter);
    }

    /// The disk is to have it. Returns the promise before of the same setting, when the disk has not kept that.
    pub(crate) fn promised(&mut self, ticket: u64, set: &UserSet<'_>) -> Option<u64> {
        self.promises.insert((set.owner().into(), set.value.word()), ticket)
    }

    /// The disk has it.
    pub(crate) fn kept(&mut self, ticket: u64) {
        self.promises.retain(|_, last| *last != ticket);
    }

    /// Who waited for this promise.
    pub(crate) fn waited(&mut self, ticket: u64) -> Option<Waiter> {
        self.waiting.remove(&ticket)
    }

    /// Everything that is set, with the time when it was.
    pub(crate) fn all(&self) -> impl Iterator<Item = (WallTime, UserSet<'_>)> {
        let forwards = self.forwards.values().flat_map(|set| {
            KINDS.into_iter().filter_map(|which| {
                let SetForward { to, made } = set.of(which)?;
                let to = match to {
                    Destination::Nowhere => ForwardedTo::Nowhere,
                    Destination::Number(number) => ForwardedTo::Number(number),
                    Destination::VoiceMail => ForwardedTo::VoiceMail,
                };
                Some(made.view(UserValue::Forward { which, to }))
            })
        });
        let undisturbed = self.undisturbed.values().map(|made| made.view(UserValue::Disturb(OnOff::Off)));
        let logged_out = self.logged_out.values().map(|made| made.view(UserValue::Hunted(OnOff::Off)));
        forwards.chain(undisturbed).chain(logged_out)
    }
}

impl UserForwardSpace {
    /// What a forward sees of the dial plan that was set at a phone.
    pub(crate) fn of(&self, line: &Line, phone: &str) -> SearchSpace {
        let of_phone = || {
            let name = Some(phone).filter(|name| !name.is_empty());
            let phone = line.phone(name).or_else(|| line.phones.first())?;
            Some(phone.dials.search_space.clone())
        };
        match self {
            UserForwardSpace::Configured(space) => SearchSpace::clone(space),
            UserForwardSpace::Activating => of_phone().unwrap_or_else(SearchSpace::null),
            UserForwardSpace::Nothing => SearchSpace::null(),
        }
    }
}

fn phone_of<'p>(line: &'p LineName, contact: &'p Contact) -> &'p str {
    contact.phone.as_deref().unwrap_or(line.as_str())
}

/// Every kind of forward.
const KINDS: [Forwarded; 4] = [Forwarded::All, Forwarded::Busy, Forwarded::NoAnswer, Forwarded::Unregistered];
