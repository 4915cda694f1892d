//! Who watches lines: subscriptions of SIP meet what presence knows, and what call control says may be seen.

use strowger_base::leg::Origin;
use strowger_base::watch::{WatchId, WatchRefusal};
use strowger_base::{LineName, Now};
use strowger_presence::{Input, Output};

use crate::io::Outbox;
use crate::node::Node;

impl Node {
    /// Somebody wants to watch a line, or to go on with it.
    pub(crate) fn watch(
        &mut self,
        now: Now,
        watch: WatchId,
        watcher: &Origin,
        number: &str,
        out: &mut Outbox,
    ) {
        let found = self.calls.configuration().watched_line(watcher, number, now.wall);
        let (Ok((line, detail)), Origin::Line { line: own, .. }) = (&found, watcher) else {
            let refusal = found.err().unwrap_or(WatchRefusal::NotAllowed);
            self.tell_presence(Input::Unwatch(watch));
            return self.tell_sip(now, strowger_sip::Input::Watched(watch, Err(refusal)), out);
        };
        let registered = self.is_registered(line);
        self.tell_presence(Input::Watch { watch, watcher: own, line, detail: *detail, registered });
    }

    pub(crate) fn tell_presence(&mut self, input: Input<'_>) {
        self.presence.handle(input, &mut self.presence_out);
    }

    pub(crate) fn presence_said(&mut self, now: Now, item: Output, out: &mut Outbox) {
        let input = match item {
            Output::Watched(watch, answer) => strowger_sip::Input::Watched(watch, answer),
            Output::News(watch, news) => strowger_sip::Input::News(watch, news),
        };
        self.tell_sip(now, input, out);
    }

    /// A phone of a line registered, or is gone.
    pub(crate) fn registrations_changed(&mut self, line: &LineName) {
        if self.presence.is_watched(line.as_str()) {
            let registered = self.is_registered(line);
            self.tell_presence(Input::Registered { line, registered });
        }
    }

    fn is_registered(&self, line: &LineName) -> bool {
        self.sip.contacts_of(line.as_str()).next().is_some()
    }
}
