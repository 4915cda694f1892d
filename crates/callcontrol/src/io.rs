//! What goes into call control and what comes out.

use std::sync::Arc;
use std::time::Duration;

use strowger_base::feature::ParkEvent;
use strowger_base::journal::{
    Decision, Entry, OnOff, Record, UserSet, WhyFeatureRefused, WhyTransferRefused,
};
use strowger_base::leg::{BindingId, Origin, Target};
use strowger_base::phone::PhoneChange;
use strowger_base::{
    ByteArena, CallId, Command, FeatureRequest, LegId, LineName, Now, Signal, Span, WallTime,
};
use strowger_media::control;

use crate::Configuration;
use crate::DeviceAbility;
use crate::configuration::NoticeSound;

/// Everything that can happen to call control.
#[derive(Debug)]
pub enum Input<'a> {
    /// A leg tells something.
    Signal(LegId, Signal),
    /// The phones of a line, as [`Output::Locate`] asked.
    Located {
        /// Which request.
        request: CallId,
        /// The line that was asked about, by its name.
        line: &'a LineName,
        /// Those that can be rung now, the preferred first.
        contacts: &'a [Contact],
    },
    /// A media worker reports about a relay of ours.
    Media(control::Report),
    /// A device that is a media resource can do this now; nothing any more when `None`. What it did for calls is told by a report of
    /// each of its ports.
    Device {
        /// Its name.
        device: &'a str,
        /// What.
        ability: Option<DeviceAbility>,
    },
    /// The configuration is now this.
    Configure(Arc<Configuration>),
    /// A user set this before the start.
    Restore {
        /// What.
        set: UserSet<'a>,
        /// When.
        at: WallTime,
    },
    /// A program sets something for a user; [`Output::SettingKept`] answers.
    Set {
        /// Names the question.
        asked: u64,
        /// What.
        set: UserSet<'a>,
    },
    /// A phone takes part in hunts when it did not, and no more when it did; [`Output::HuntLogged`] answers.
    HuntLog {
        /// A line of it.
        line: &'a LineName,
        /// Its name; empty for the only one of the line.
        phone: &'a str,
        /// Its contact, for the answer.
        binding: BindingId,
    },
    /// The user of a phone reports trouble while it has no call.
    QualityReport {
        /// A line of it.
        line: &'a LineName,
    },
    /// A final record is safe on the disk.
    Persisted {
        /// Which.
        ticket: u64,
    },
    /// The disk did not take it.
    PersistFailed {
        /// Which.
        ticket: u64,
        /// What the operating system said.
        reason: &'a str,
    },
    /// Somebody who is no party wants something done with a call. Answered by [`Output::Ordered`] before this returns.
    Order {
        /// Names the order.
        number: u64,
        /// What is wanted.
        order: Box<Order>,
    },
    /// The time of `next_timeout` has come.
    Timeout,
    /// Take no new calls; [`Output::Drained`] says when the last has ended. Said again with less time, that counts.
    Drain {
        /// Calls that have not ended by themselves within this time are ended.
        within: Duration,
    },
}

/// A contact of a line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Contact {
    /// The name of its phone; `None` for the only phone of the line.
    pub phone: Option<Arc<str>>,
    /// Which.
    pub binding: BindingId,
    /// How it is reached.
    pub reach: Reach,
}

impl Contact {
    /// Where it is rung.
    pub fn of(&self, line: &LineName) -> Target {
        Target::Phone { line: line.clone(), phone: self.phone.clone(), binding: self.binding }
    }

    /// Whether it is the phone, as one of `line`, whose call has this origin.
    pub(crate) fn calls_as(&self, line: &LineName, origin: &Origin) -> bool {
        match origin {
            Origin::Line { line: own, phone: None } => self.phone.is_none() && own == line,
            Origin::Line { phone: Some(own), .. } => self.phone.as_ref() == Some(own),
            Origin::Trunk(_) => false,
        }
    }
}

/// How a phone is reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reach {
    /// At the address that it knows of itself.
    Direct,
    /// It believes to be at another address than its packets come from.
    BehindNat,
}

impl Reach {
    /// How phones are reached when media takes the same way to all of them: as the one that is hardest to reach.
    pub(crate) fn of_all(contacts: &[Contact]) -> Self {
        contacts.iter().map(|contact| contact.reach).fold(Reach::Direct, Reach::or)
    }

    /// The harder one of two.
    pub(crate) const fn or(self, other: Reach) -> Reach {
        match (self, other) {
            (Reach::Direct, Reach::Direct) => Reach::Direct,
            (Reach::BehindNat, _) | (_, Reach::BehindNat) => Reach::BehindNat,
        }
    }
}

/// Everything that call control wants done, in this order.
#[derive(Debug)]
pub enum Output {
    /// Something is wanted of a leg.
    Command(LegId, Command),
    /// A leg belongs to a call.
    Joined {
        /// The leg.
        leg: LegId,
        /// Its call.
        call: CallId,
    },
    /// Which phones does this line have? A call may ask about several lines at once, and has no timer while it waits: whoever
    /// takes this answers with [`Input::Located`] before it returns, whatever the line is.
    Locate {
        /// Names the request.
        request: CallId,
        /// The line.
        line: LineName,
    },
    /// A phone hides its call from the other phones of its line, or shows it again.
    Privacy {
        /// The leg of the phone.
        leg: LegId,
        /// Whether it is hidden.
        turn: strowger_base::feature::Turn,
    },
    /// A party waits at a number of call park, or nobody does any more.
    Parked {
        /// The number, as [`strowger_base::watch::park_place`] calls it.
        place: LineName,
        /// The leg of the party.
        leg: Option<LegId>,
    },
    /// What becomes of a call that a device parked by a key.
    ParkNews {
        /// The leg that the device had, which is over meanwhile.
        leg: LegId,
        /// The number where the call was parked.
        number: Box<str>,
        /// What.
        event: ParkEvent,
    },
    /// What users set is otherwise than before, which phones may show.
    PhoneChanged {
        /// The line, by its name; empty for a setting of a phone that a program set.
        line: Box<str>,
        /// The name of the phone; empty for the only one of the line, and for a setting of a line that a program set.
        phone: Box<str>,
        /// What has changed.
        change: PhoneChange,
        /// A contact that is told in another way.
        except: Option<BindingId>,
    },
    /// Whether media is encrypted between the two sides of an answered call, the first time and when that changes.
    Security {
        /// Who called.
        caller: LegId,
        /// Who was called.
        called: LegId,
        /// What is true of media.
        media: MediaSecurity,
    },
    /// Phones of a pickup group are told of a call that rings at one of its lines.
    PickupNotice {
        /// The other lines of the group, and what is heard there.
        lines: Vec<(LineName, NoticeSound)>,
        /// What is shown; empty for nothing.
        text: Box<str>,
        /// How long.
        shown_for: Duration,
    },
    /// The message lamp of a line is turned on or off by a number (message waiting numbers).
    Messages {
        /// The line, which there is.
        line: LineName,
        /// How.
        turn: strowger_base::feature::Turn,
    },
    /// For the media workers.
    Media(control::Command),
    /// An encoded journal record in the arena.
    Journal(Span),
    /// The final record of a call, or what a user set. Answered by [`Input::Persisted`] or [`Input::PersistFailed`].
    Persist {
        /// Names the promise.
        ticket: u64,
        /// The call; `None` for what a user set.
        call: Option<CallId>,
        /// The encoded journal record in the arena.
        record: Span,
    },
    /// The disk has what a program set, or does not take it now; then it counts all the same, and is tried again.
    SettingKept {
        /// The question.
        asked: u64,
        /// Whether the disk has it.
        is_kept: bool,
    },
    /// The disk has whether a phone takes part in hunts, or does not take it now; then it counts all the same, and is tried again.
    HuntLogged {
        /// The contact that asked.
        binding: BindingId,
        /// Whether it takes part.
        hunted: OnOff,
        /// Whether the disk has it.
        is_kept: bool,
    },
    /// The last call has ended and its record is safe, after [`Input::Drain`].
    Drained,
    /// Whether an [`Input::Order`] is carried out. What becomes of it in the end the call's story tells.
    Ordered {
        /// Which.
        number: u64,
        /// Why not, when it is not.
        result: Result<(), OrderRefused>,
    },
}

/// What somebody wants of a call who is no party of it: an operator, or a program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Order {
    /// The call.
    pub call: CallId,
    /// What is wanted.
    pub what: OrderKind,
    /// Who orders it, for the story.
    pub who: Box<str>,
}

/// What is wanted of a call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum OrderKind {
    /// It ends.
    Release,
    /// One party goes on with somebody else; the other one is released when somebody is reached.
    Transfer {
        /// Who goes on.
        party: CallSide,
        /// The number of the one with whom it goes on, as the other party could dial it.
        to: Box<str>,
    },
    /// A party of this call and one of another call go on with each other; the two others are released.
    Join {
        /// Who of this call goes on.
        party: CallSide,
        /// The other call.
        other: CallId,
        /// Who of that one goes on.
        other_party: CallSide,
    },
    /// A party of this call and both others, that of this call and that of another one which the party has too, hear each other.
    Confer {
        /// Who has both calls.
        party: CallSide,
        /// The other call.
        other: CallId,
        /// Who it is there.
        other_party: CallSide,
    },
    /// The same as when a party had asked for it by a key.
    Feature {
        /// Which party.
        party: CallSide,
        /// For what.
        request: FeatureRequest,
    },
}

/// One of the two parties of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CallSide {
    /// Who called.
    Calling,
    /// Who was called.
    Called,
}

/// Why an order is not carried out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OrderRefused {
    /// There is no such call in progress.
    NoCall(CallId),
    /// It is not answered.
    NotAnswered(CallId),
    /// It cannot be transferred, or not so.
    Transfer(WhyTransferRefused),
    /// The feature is refused to the party.
    Feature(WhyFeatureRefused<'static>),
}

/// Whether media is encrypted on all of its way through the server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MediaSecurity {
    /// It is not, or only as far as the server on one side.
    Clear,
    /// From device to device, or on both sides as far as the server.
    Encrypted,
}

/// Where outputs are put. The node lends its arena for the time of one call.
#[derive(Debug, Default)]
pub struct Outbox {
    /// Bytes of journal records.
    pub arena: ByteArena,
    /// What is wanted, in order.
    pub items: Vec<Output>,
}

impl Outbox {
    pub(crate) fn command(&mut self, leg: LegId, command: Command) {
        self.items.push(Output::Command(leg, command));
    }

    pub(crate) fn media(&mut self, command: control::Command) {
        self.items.push(Output::Media(command));
    }

    /// Writes a decision into the journal; `leg` is the one that it is about.
    pub(crate) fn decide(&mut self, now: Now, call: CallId, leg: Option<LegId>, decision: Decision<'_>) {
        self.journal(now, Some(call), leg, Entry::Decision(decision));
    }

    #[inline(always)]
    pub(crate) fn journal(&mut self, now: Now, call: Option<CallId>, leg: Option<LegId>, entry: Entry<'_>) {
        let span = self.encode(now, call, leg, entry);
        self.items.push(Output::Journal(span));
    }

    #[inline(always)]
    pub(crate) fn encode(
        &mut self,
        now: Now,
        call: Option<CallId>,
        leg: Option<LegId>,
        entry: Entry<'_>,
    ) -> Span {
        self.arena.append_with(|bytes| Record { at: now.wall, call, leg, entry }.encode(bytes))
    }
}
