//! Who may watch which line.

use std::sync::Arc;

use strowger_base::leg::Origin;
use strowger_base::line::lines_of;
use strowger_base::watch::{Detail, WatchRefusal};
use strowger_base::{LineName, WallTime};
use strowger_dialplan::Caller;

use super::Configuration;

impl Configuration {
    /// The line that a phone means with a number that it wants to watch, and how much it may see: the calls of its own line,
    /// and of another one whether there are any, as far as it could call it.
    ///
    /// # Errors
    /// When there is no such line, or the phone may not call it.
    pub fn watched_line(
        &self,
        watcher: &Origin,
        number: &str,
        at: WallTime,
    ) -> Result<(LineName, Detail), WatchRefusal> {
        let Origin::Line { line: own, .. } = watcher else { return Err(WatchRefusal::NotAllowed) };
        let Some(phone) = self.calling_phone(watcher) else { return Err(WatchRefusal::NotAllowed) };
        // A phone need not be able to call its own line.
        if own.number() == number {
            return Ok((own.clone(), Detail::Calls));
        }
        let caller = match &phone.settings.watches {
            None => phone.caller(),
            Some(space) => Arc::new(Caller { search_space: space.clone(), ..Caller::clone(&phone.caller()) }),
        };
        match self.line_behind(number, caller, at) {
            Some(line) if line == *own => Ok((line, Detail::Calls)),
            Some(line) => Ok((line, Detail::States)),
            None if lines_of(&self.lines, number).next().is_some() => Err(WatchRefusal::NotAllowed),
            None => Err(WatchRefusal::NoSuchLine),
        }
    }
}
