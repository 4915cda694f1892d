//! What the node uses of the configuration objects: from a [`State`] to a [`Draft`], and from what is wrong with the draft back
//! to the objects.
//!
//! A draft refers by name, and names are those of the objects. What the draft is not told is the shell's: sockets, and the
//! name of the product.
//!
//! Objects have no order: where the draft's counts, as in which of two patterns is the older one, it is that of their kinds and names.

mod admission;
mod extent;
mod features;
mod hunting;
mod lines;
mod media;
mod origins;
mod parameters;
mod patterns;
mod places;
mod routing;
mod services;
mod stations;
mod trunks;
mod unserved;

use strowger_base::leg::{AudioSource, KeySignalling};
use strowger_base::{Country, Secret};
use strowger_callcontrol::configuration::{HoldSources, KeyMethod};
use strowger_configuration::kinds::{DtmfMethod, SipProfile};
use strowger_configuration::setting::{CountryName, Ref, Whole};
use strowger_configuration::{AnyObject, Id, Kind, Object, State};

use crate::configuration::{Draft, Place};

pub use self::extent::{Extent, extent};
pub use self::lines::{line, line_name, line_number};
pub use self::origins::{Fault, Origins};
pub use self::services::menu as service_menu;
pub use self::unserved::{Unserved, unserved, unserved_of};

/// Who can open what was sealed.
pub trait Secrets {
    /// The secret that was sealed for a setting, as in `credentials.secret`.
    ///
    /// # Errors
    /// Why it cannot be opened; never the secret itself.
    fn reveal(&self, setting: &str, sealed: &str) -> Result<Secret<Box<str>>, String>;
}

/// What the node takes of a state.
pub struct Translated {
    /// What to build the configuration of.
    pub draft: Draft,
    /// Which object each part of it came from.
    pub origins: Origins,
    /// What is wrong with objects so that the draft is without them: no configuration should be made of the rest.
    pub faults: Vec<Fault>,
}

/// Everything of a state that the node can use.
pub fn draft(state: &State, secrets: &dyn Secrets) -> Translated {
    let mut translation = Translation { state, secrets, translated: others(state, secrets) };
    translation.lines();
    translation.translated
}

/// Everything but the lines, at the cost of what there is beside them.
pub fn others(state: &State, secrets: &dyn Secrets) -> Translated {
    let translated = Translated { draft: Draft::default(), origins: Origins::default(), faults: Vec::new() };
    let mut translation = Translation { state, secrets, translated };
    translation.parameters();
    translation.plan();
    translation.places();
    translation.admission();
    translation.codes();
    translation.media();
    translation.trunks();
    translation.recorders();
    translation.routing();
    translation.hunting();
    translation.stations();
    translation.translated
}

/// A state on its way into a draft.
struct Translation<'t> {
    state: &'t State,
    secrets: &'t dyn Secrets,
    translated: Translated,
}

impl<'t> Translation<'t> {
    /// Adds what comes of every object of a type.
    fn each<T, D>(
        &mut self,
        list: impl Fn(&mut Draft) -> &mut Vec<D>,
        place: impl Fn(usize) -> Place,
        make: impl Fn(&'t State, &'t T) -> D,
    ) where
        T: Object + 't,
        &'t T: TryFrom<&'t AnyObject>,
    {
        for (id, object) in self.state.all::<T>() {
            let made = make(self.state, object);
            self.add(&list, &place, T::KIND, id, made);
        }
    }

    /// Adds a part to the draft, and where it came from.
    fn add<D>(
        &mut self,
        list: impl Fn(&mut Draft) -> &mut Vec<D>,
        place: impl Fn(usize) -> Place,
        kind: Kind,
        id: Id,
        made: D,
    ) {
        let list = list(&mut self.translated.draft);
        self.translated.origins.add(place(list.len()), kind, id);
        list.push(made);
    }

    fn fault(&mut self, kind: Kind, id: Id, setting: &str, why: impl Into<Box<str>>) {
        self.translated.faults.push(Fault::new(self.state, kind, id, setting, why));
    }
}

/// What an object is called, without its partition; empty when there is none.
fn name<T>(state: &State, reference: Option<Ref<T>>) -> Box<str> {
    let entry = reference.and_then(|reference| state.entry(reference.id()));
    entry.map_or("", |entry| entry.object().identity().name).into()
}

/// The country whose tones somebody hears.
fn country(it: Option<&CountryName>) -> Option<Country> {
    it.and_then(|it| Country::from_name(it.as_str()))
}

/// Audio sources as a device, a place or the system says them.
fn hold_sources(user: Option<Whole<1, 51>>, network: Option<Whole<1, 51>>) -> HoldSources {
    HoldSources { user: audio_source(user), network: audio_source(network) }
}

/// An audio source by its number.
fn audio_source(number: Option<Whole<1, 51>>) -> Option<AudioSource> {
    number.map(|number| AudioSource(u8::try_from(number.get()).unwrap_or_default()))
}

/// How keys that are pressed reach a device with this profile.
fn key_method(profile: Option<&SipProfile>) -> KeyMethod {
    match profile.map(|profile| profile.dtmf) {
        Some(DtmfMethod::Rtp) | None => KeyMethod::Media,
        Some(DtmfMethod::Info) => KeyMethod::Signalling(KeySignalling::Info),
        Some(DtmfMethod::Kpml) => KeyMethod::Signalling(KeySignalling::Kpml),
        Some(DtmfMethod::Notify) => KeyMethod::Signalling(KeySignalling::Notify),
        Some(DtmfMethod::Any) => KeyMethod::Either,
        Some(DtmfMethod::Both) => KeyMethod::Both,
        Some(DtmfMethod::InBand) => KeyMethod::InSound,
    }
}

/// A text that may be absent; empty then.
fn text(text: Option<&str>) -> Box<str> {
    text.unwrap_or_default().into()
}

#[cfg(test)]
mod tests;
