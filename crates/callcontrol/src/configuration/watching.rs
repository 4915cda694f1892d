//! Who may watch which line, and whose messages a voice mail tells.

use std::sync::Arc;

use strowger_base::leg::Origin;
use strowger_base::line::lines_of;
use strowger_base::watch::{Detail, Package, Subject, WatchRefusal, park_place};
use strowger_base::{FeatureCode, LineName, WallTime};
use strowger_dialplan::Caller;

use super::Configuration;

impl Configuration {
    /// The line that a phone means with a number that it wants to watch, and what it may see: the calls of its own line, and of
    /// another one whether there are any, as far as it could call it. Messages are those of its own line, whether it asks by its number
    /// or by that of its voice mail.
    ///
    /// # Errors
    /// When there is no such line, or the phone may not call it.
    pub fn watched_line(
        &self,
        watcher: &Origin,
        (number, package): (&str, Package),
        at: WallTime,
    ) -> Result<(LineName, Subject), WatchRefusal> {
        let Origin::Line { line: own, .. } = watcher else { return Err(WatchRefusal::NotAllowed) };
        let Some(phone) = self.calling_phone(watcher) else { return Err(WatchRefusal::NotAllowed) };
        match package {
            Package::MessageSummary => {
                let pilot = self.voice_mail_of(own.as_str());
                let is_own = own.number() == number || pilot.is_some_and(|pilot| **pilot == *number);
                return is_own.then(|| (own.clone(), Subject::Messages)).ok_or(WatchRefusal::NotAllowed);
            }
            Package::Dialog | Package::Presence => {}
        }
        // A phone need not be able to call its own line.
        if own.number() == number {
            return Ok((own.clone(), Subject::Calls(Detail::Calls)));
        }
        // A busy lamp that the operator gave it.
        if let Some(line) = phone.settings.lamps.iter().find(|line| line.number() == number) {
            return Ok((line.clone(), Subject::Calls(Detail::States)));
        }
        let caller = match &phone.settings.watches {
            None => phone.caller(),
            Some(space) => Arc::new(Caller { search_space: space.clone(), ..Caller::clone(&phone.caller()) }),
        };
        if let Some(place) = self.park_place_behind(number, &caller, at) {
            return Ok((place, Subject::Calls(Detail::States)));
        }
        match self.line_behind(number, caller, at) {
            Some(line) if line == *own => Ok((line, Subject::Calls(Detail::Calls))),
            Some(line) => Ok((line, Subject::Calls(Detail::States))),
            None => Err(self.not_seen(number)),
        }
    }

    /// The number of call park that a number is, or leads to with the prefix that gets a party back from it.
    fn park_place_behind(&self, number: &str, caller: &Arc<Caller>, at: WallTime) -> Option<LineName> {
        let feature = self.feature_behind(number, Arc::clone(caller), at)?;
        let is_park = matches!(feature.code, FeatureCode::Retrieve | FeatureCode::DirectedPark);
        // A code says no object: which number is meant stands behind it.
        (is_park && !feature.object.is_empty()).then(|| park_place(&feature.object, feature.argument(number)))
    }

    /// The line whose messages a voice mail behind a trunk tells.
    ///
    /// # Errors
    /// When the trunk may not tell, or the number leads it to no line.
    pub fn told_line(&self, trunk: &str, number: &str, at: WallTime) -> Result<LineName, WatchRefusal> {
        let trunk = self.trunks.get(trunk).filter(|trunk| trunk.tells_messages);
        let Some(trunk) = trunk else { return Err(WatchRefusal::NotAllowed) };
        self.line_behind(number, Arc::clone(&trunk.caller), at).ok_or_else(|| self.not_seen(number))
    }

    /// The pilot number of a line's voice mail.
    pub fn voice_mail_of(&self, line: &str) -> Option<&Arc<str>> {
        self.lines.get(line)?.voice_mail.as_ref()
    }

    fn not_seen(&self, number: &str) -> WatchRefusal {
        match lines_of(&self.lines, number).next() {
            Some(_) => WatchRefusal::NotAllowed,
            None => WatchRefusal::NoSuchLine,
        }
    }
}
