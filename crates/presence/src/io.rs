//! What goes into presence and what comes out.

use strowger_base::feature::Turn;
use strowger_base::watch::{Mailbox, MailboxChange, News, Subject, WatchId, WatchRefusal, Watched};
use strowger_base::{Command, LegId, LineName, Signal};

/// Everything that can happen to presence.
#[derive(Debug)]
pub enum Input<'a> {
    /// A leg tells call control something.
    Signal(LegId, &'a Signal),
    /// Call control wants something of a leg.
    Command(LegId, &'a Command),
    /// What the phone of a leg dialled, as call control took it: without the codes that came behind the number.
    Dialled(LegId, &'a str),
    /// A leg of a line is hidden from the other phones of the line, or shown.
    Privacy(LegId, Turn),
    /// A party waits at a number of call park, or nobody does any more.
    Parked {
        /// The number, as [`strowger_base::watch::park_place`] calls it.
        place: &'a LineName,
        /// The leg of the party.
        leg: Option<LegId>,
    },
    /// Whether a line has a registered phone; told where [`crate::Presence::is_watched`].
    Registered {
        /// The line.
        line: &'a LineName,
        /// It has.
        registered: bool,
    },
    /// Somebody wants to watch a line, and may; asked again with a refresh.
    Watch {
        /// The subscription.
        watch: WatchId,
        /// Whose it is: the line of a phone.
        watcher: &'a LineName,
        /// What is watched.
        line: &'a LineName,
        /// What of it, and how much.
        subject: Subject,
        /// A phone of the line is registered.
        registered: bool,
    },
    /// A subscription is over.
    Unwatch(WatchId),
    /// The messages of a line changed.
    Messages {
        /// The line, which there is.
        line: &'a LineName,
        /// How.
        change: MailboxChange,
    },
    /// What waited for a line when the node stopped.
    Restore {
        /// The line.
        line: &'a LineName,
        /// Its messages.
        mailbox: Mailbox,
    },
    /// All that belongs together has been told: whoever watches hears what came of it.
    Settled,
}

/// Everything that presence wants told, in this order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Output {
    /// The answer to [`Input::Watch`].
    Watched(WatchId, Result<Watched, WatchRefusal>),
    /// Something changed.
    News(WatchId, News),
    /// What waits for a line changed: it shall survive a restart, and phones that do not ask are told.
    Mailbox(LineName, Mailbox),
}
