//! Who watches lines: subscriptions of SIP meet what presence knows, and what call control says may be seen.

use strowger_base::feature::Turn;
use strowger_base::leg::{BindingId, Origin, Target};
use strowger_base::watch::{
    Mailbox, MailboxChange, Messages, News, Package, WatchId, WatchRefusal, Watched, is_park_place,
};
use strowger_base::{Command, LegId, LineName, Now, Signal};
use strowger_presence::{Input, Output};

use crate::io::{Outbox, StoreRecord};
use crate::node::Node;
use crate::sccp::{self, is_station};

impl Node {
    /// Somebody wants to watch a line, or to go on with it.
    pub(crate) fn watch(
        &mut self,
        now: Now,
        watch: WatchId,
        watcher: &Origin,
        asked: (&str, Package),
        out: &mut Outbox,
    ) {
        let found = self.calls.configuration().watched_line(watcher, asked, now.wall);
        let (Ok((line, subject)), Origin::Line { line: own, .. }) = (&found, watcher) else {
            let refusal = found.err().unwrap_or(WatchRefusal::NotAllowed);
            self.tell_presence(Input::Unwatch(watch));
            // A lamp of an SCCP phone stays dark.
            if self.sccp.has_watch(watch) {
                return;
            }
            return self.tell_sip(now, strowger_sip::Input::Watched(watch, Err(refusal)), out);
        };
        // A number of call park is always there.
        let registered = is_park_place(line) || self.is_registered(line);
        self.tell_presence(Input::Watch { watch, watcher: own, line, subject: *subject, registered });
    }

    /// A phone tells something, which those hear who watch its line.
    pub(crate) fn overheard(&mut self, leg: LegId, signal: &Signal) {
        self.tell_presence(Input::Signal(leg, signal));
        if let Signal::Setup(setup) = signal {
            let phone = self.calls.configuration().calling_phone(&setup.origin);
            let private = phone.is_some_and(|phone| phone.settings.private);
            self.hide(leg, private);
        }
    }

    /// A phone has dialled: call control knows what is the number of it, and what are codes.
    pub(crate) fn overhear_number(&mut self, leg: LegId) {
        if let Some(number) = self.calls.dialled(leg) {
            self.presence.handle(Input::Dialled(leg, number), &mut self.presence_out);
        }
    }

    /// Something is wanted of a phone, which those hear who watch its line.
    pub(crate) fn commanded(&mut self, leg: LegId, command: &Command) {
        self.tell_presence(Input::Command(leg, command));
        if let Command::Ring(ring) = command
            && let Target::Phone { line, phone, .. } = &ring.target
        {
            let phone = self.calls.configuration().phone(line.as_str(), phone.as_deref());
            let private = phone.is_some_and(|phone| phone.settings.private);
            self.hide(leg, private);
        }
    }

    fn hide(&mut self, leg: LegId, private: bool) {
        if private {
            self.tell_presence(Input::Privacy(leg, Turn::On));
        }
    }

    pub(crate) fn tell_presence(&mut self, input: Input<'_>) {
        self.presence.handle(input, &mut self.presence_out);
    }

    pub(crate) fn presence_said(&mut self, now: Now, item: Output, out: &mut Outbox) {
        match item {
            Output::Watched(watch, Ok(Watched { news: News::Line(line), .. }))
            | Output::News(watch, News::Line(line))
                if self.sccp.has_watch(watch) =>
            {
                self.tell_sccp(now, sccp::Input::News(watch, &line));
            }
            Output::Watched(watch, _) | Output::News(watch, _) if self.sccp.has_watch(watch) => {}
            Output::Watched(watch, answer) => {
                let answer = answer.map(|it| Watched { news: self.with_account(watch, it.news), ..it });
                self.tell_sip(now, strowger_sip::Input::Watched(watch, answer), out);
            }
            Output::News(watch, news) => {
                let news = self.with_account(watch, news);
                self.tell_sip(now, strowger_sip::Input::News(watch, news), out);
            }
            Output::Mailbox(line, mailbox) => {
                self.show_messages(now, &line, None, out);
                out.items.push(crate::Output::Store(StoreRecord::Mailbox(line, mailbox)));
            }
        }
    }

    /// With the number that is called to hear messages.
    fn with_account(&self, watch: WatchId, news: News) -> News {
        match news {
            News::Line(_) => news,
            News::Messages(messages) => {
                let line = self.presence.watched_by(watch);
                let account = line.and_then(|line| self.calls.configuration().voice_mail_of(line.as_str()));
                News::Messages(Messages { account: account.cloned(), ..messages })
            }
        }
    }

    /// A voice mail tells what waits for a line.
    pub(crate) fn messages_told(
        &mut self,
        now: Now,
        (trunk, number): (&str, &str),
        mailbox: Mailbox,
    ) -> Result<(), WatchRefusal> {
        let line = self.calls.configuration().told_line(trunk, number, now.wall)?;
        self.tell_presence(Input::Messages { line: &line, change: MailboxChange::Told(mailbox) });
        Ok(())
    }

    /// What waits for a line, after a change; nothing when there is no such line.
    pub(crate) fn messages_of(&mut self, line: &LineName, change: Option<MailboxChange>) -> Option<Mailbox> {
        let line = &self.line_called(line.as_str()).ok()?;
        if let Some(change) = change {
            self.tell_presence(Input::Messages { line, change });
        }
        Some(self.presence.mailbox(line.as_str()))
    }

    /// What waited when the node stopped; of a line that is not there now it is kept, as it would be without a stop.
    pub(crate) fn restore_mailbox(&mut self, line: &LineName, mailbox: Mailbox) {
        self.tell_presence(Input::Restore { line, mailbox });
    }

    /// Tells phones of a line that do not subscribe what waits: one that has registered, or all of them.
    pub(crate) fn show_messages(
        &mut self,
        now: Now,
        line: &LineName,
        only: Option<BindingId>,
        out: &mut Outbox,
    ) {
        if only.is_none_or(is_station) {
            let waiting = self.presence.mailbox(line.as_str()).waiting;
            self.tell_sccp(now, sccp::Input::Messages { line, waiting });
        }
        let configuration = self.calls.configuration();
        let Some(settings) = configuration.lines.get(line.as_str()) else { return };
        if !settings.phones.iter().any(|phone| phone.settings.told_of_messages) {
            return;
        }
        let account = self.lines.get(line.as_str());
        let is_told = |binding: &BindingId| {
            let name = self.phone_name(account, *binding);
            settings.phone(name.as_deref()).is_some_and(|phone| phone.settings.told_of_messages)
        };
        let wanted = |binding: &BindingId| only.is_none_or(|only| only == *binding);
        let phones = self.sip.contacts_of(line.as_str()).filter(wanted).filter(is_told);
        let phones: Vec<BindingId> = phones.collect();
        let mailbox = self.presence.mailbox(line.as_str());
        let messages = Messages { mailbox, account: settings.voice_mail.clone() };
        for binding in phones {
            let messages = messages.clone();
            self.tell_sip(now, strowger_sip::Input::TellMessages { binding, messages }, out);
        }
    }

    /// A phone of a line registered, or is gone.
    pub(crate) fn registrations_changed(&mut self, line: &LineName) {
        if self.presence.is_watched(line.as_str()) {
            let registered = self.is_registered(line);
            self.tell_presence(Input::Registered { line, registered });
        }
    }

    fn is_registered(&self, line: &LineName) -> bool {
        self.contacts_of(line.as_str()).next().is_some()
    }
}
