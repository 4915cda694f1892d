//! What people want done with calls: by a number that they dial, a key of their phone, or a program.

use std::fmt;
use std::sync::Arc;

use crate::LegId;
use crate::leg::{Mute, Party, Presentation};

/// What a number does that reaches nobody by itself: a feature access code, or a number of call park, pickup, a conference or paging.
///
/// Some want an argument, which is dialled behind the code: whom to forward to, whose call to pick up.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum FeatureCode {
    /// Takes a call that rings in the own pickup group.
    PickUp,
    /// Takes a call that rings in the pickup group whose number is the argument.
    GroupPickUp,
    /// Takes a call that rings in a group that is associated with the own one.
    OtherPickUp,
    /// Takes the call that rings at the line that is the argument.
    DirectedPickUp,
    /// Gets back the call that is parked at the argument.
    Retrieve,
    /// Parks the other party at the number that is the argument (directed call park): who is transferred to it waits there.
    DirectedPark,
    /// Joins the meet-me conference whose number is the argument.
    MeetMe,
    /// Opens the meet-me conference whose number is the argument.
    OpenMeetMe,
    /// Sends calls to the argument, which is of the kind said here.
    Forward(Forwarded),
    /// Ends that.
    CancelForward(Forwarded),
    /// Calls do not disturb.
    DoNotDisturb(Turn),
    /// The phone takes part in the hunts of its lines.
    HuntLogin(Turn),
    /// Calls the speed dial of the phone whose position is the argument.
    SpeedDial,
    /// Calls the argument back as soon as it is free.
    CallBack,
    /// Ends that.
    CancelCallBack,
    /// Speaks to all phones of the paging group whose number is the argument.
    Page,
    /// The message waiting lamp of the line that is the argument.
    MessageWaiting(Turn),
    /// The call of another phone of the own line is entered.
    Barge,
    /// The same, as a conference that more may enter and anybody may leave.
    ConferenceBarge,
    /// The party of the call that the phone has, on hold meanwhile, is reported as malicious.
    MaliciousCall,
    /// The call that the phone has, on hold meanwhile, is recorded, or not any more.
    Record(Turn),
}

/// Which calls are forwarded.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Forwarded {
    /// All.
    All,
    /// Those that find the line busy.
    Busy,
    /// Those that nobody answers.
    NoAnswer,
    /// Those that find no phone registered.
    Unregistered,
}

/// What becomes of something that is on or off.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Turn {
    /// It is on from here on.
    On,
    /// It is off from here on.
    Off,
    /// It becomes what it was not.
    Over,
}

impl Turn {
    /// What it is after that.
    pub const fn of(self, before: bool) -> bool {
        match self {
            Turn::On => true,
            Turn::Off => false,
            Turn::Over => !before,
        }
    }
}

impl FeatureCode {
    /// Every feature that a number can ask for.
    pub const ALL: [FeatureCode; 35] = [
        FeatureCode::SpeedDial,
        FeatureCode::PickUp,
        FeatureCode::GroupPickUp,
        FeatureCode::OtherPickUp,
        FeatureCode::DirectedPickUp,
        FeatureCode::Retrieve,
        FeatureCode::DirectedPark,
        FeatureCode::MeetMe,
        FeatureCode::OpenMeetMe,
        FeatureCode::Forward(Forwarded::All),
        FeatureCode::Forward(Forwarded::Busy),
        FeatureCode::Forward(Forwarded::NoAnswer),
        FeatureCode::Forward(Forwarded::Unregistered),
        FeatureCode::CancelForward(Forwarded::All),
        FeatureCode::CancelForward(Forwarded::Busy),
        FeatureCode::CancelForward(Forwarded::NoAnswer),
        FeatureCode::CancelForward(Forwarded::Unregistered),
        FeatureCode::DoNotDisturb(Turn::On),
        FeatureCode::DoNotDisturb(Turn::Off),
        FeatureCode::DoNotDisturb(Turn::Over),
        FeatureCode::HuntLogin(Turn::On),
        FeatureCode::HuntLogin(Turn::Off),
        FeatureCode::HuntLogin(Turn::Over),
        FeatureCode::CallBack,
        FeatureCode::CancelCallBack,
        FeatureCode::Page,
        FeatureCode::MessageWaiting(Turn::On),
        FeatureCode::MessageWaiting(Turn::Off),
        FeatureCode::MessageWaiting(Turn::Over),
        FeatureCode::Barge,
        FeatureCode::ConferenceBarge,
        FeatureCode::MaliciousCall,
        FeatureCode::Record(Turn::On),
        FeatureCode::Record(Turn::Off),
        FeatureCode::Record(Turn::Over),
    ];

    /// What it is called in settings, records and answers.
    pub const fn word(self) -> &'static str {
        match self {
            FeatureCode::PickUp => "pickup",
            FeatureCode::GroupPickUp => "group-pickup",
            FeatureCode::OtherPickUp => "other-pickup",
            FeatureCode::DirectedPickUp => "directed-pickup",
            FeatureCode::Retrieve => "park-retrieve",
            FeatureCode::DirectedPark => "directed-park",
            FeatureCode::MeetMe => "meet-me",
            FeatureCode::OpenMeetMe => "meet-me-open",
            FeatureCode::Forward(Forwarded::All) => "forward-all",
            FeatureCode::Forward(Forwarded::Busy) => "forward-busy",
            FeatureCode::Forward(Forwarded::NoAnswer) => "forward-no-answer",
            FeatureCode::Forward(Forwarded::Unregistered) => "forward-unregistered",
            FeatureCode::CancelForward(Forwarded::All) => "forward-all-cancel",
            FeatureCode::CancelForward(Forwarded::Busy) => "forward-busy-cancel",
            FeatureCode::CancelForward(Forwarded::NoAnswer) => "forward-no-answer-cancel",
            FeatureCode::CancelForward(Forwarded::Unregistered) => "forward-unregistered-cancel",
            FeatureCode::DoNotDisturb(Turn::On) => "do-not-disturb-on",
            FeatureCode::DoNotDisturb(Turn::Off) => "do-not-disturb-off",
            FeatureCode::DoNotDisturb(Turn::Over) => "do-not-disturb",
            FeatureCode::HuntLogin(Turn::On) => "hunt-log-in",
            FeatureCode::HuntLogin(Turn::Off) => "hunt-log-out",
            FeatureCode::HuntLogin(Turn::Over) => "hunt-log",
            FeatureCode::SpeedDial => "speed-dial",
            FeatureCode::CallBack => "call-back",
            FeatureCode::CancelCallBack => "call-back-cancel",
            FeatureCode::Page => "page",
            FeatureCode::MessageWaiting(Turn::On) => "message-waiting-on",
            FeatureCode::MessageWaiting(Turn::Off) => "message-waiting-off",
            FeatureCode::MessageWaiting(Turn::Over) => "message-waiting",
            FeatureCode::Barge => "barge",
            FeatureCode::ConferenceBarge => "conference-barge",
            FeatureCode::MaliciousCall => "malicious-call",
            FeatureCode::Record(Turn::On) => "record-on",
            FeatureCode::Record(Turn::Off) => "record-off",
            FeatureCode::Record(Turn::Over) => "record",
        }
    }

    /// The feature that is called this.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.word() == word)
    }
}

impl fmt::Display for FeatureCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A number of the dial plan that asks for a feature.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FeatureNumber {
    /// What for.
    pub code: FeatureCode,
    /// The configured object that it belongs to: a pickup group, numbers of call park, a paging group; empty for an access code.
    pub object: Box<str>,
    /// How many digits of the number are the code: what comes behind them is the argument. With none the whole number is.
    pub digits: u8,
}

impl FeatureNumber {
    /// What of a number that this takes is the argument.
    pub fn argument<'n>(&self, number: &'n str) -> &'n str {
        number.char_indices().nth(usize::from(self.digits)).map_or("", |(at, _)| &number[at..])
    }
}

/// What a device asks for during a call, by a key or by what its protocol has for it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FeatureRequest {
    /// The parties of this call and of those other legs of the device talk with each other and with it.
    Conference {
        /// The device's legs in its other calls; empty when only the conference is wanted into which others are taken later.
        with: Vec<LegId>,
    },
    /// The party that came last into the conference leaves it.
    DropLast,
    /// A participant leaves the conference.
    Drop {
        /// Which, as the list of participants numbers them.
        participant: u32,
    },
    /// A participant is heard no more, or again.
    Mute {
        /// Which, as the list of participants numbers them.
        participant: u32,
        /// Whether.
        turn: Turn,
    },
    /// The device wants to be shown who is in the conference.
    Participants,
    /// The other party is parked at a free number.
    Park,
    /// The call goes to the voice mail of the line at once.
    Divert,
    /// Whoever was called and is busy is called back when he is free.
    CallBack,
    /// The call is reported as malicious.
    MaliciousCall,
    /// Other phones of the line are shown this call, and may enter it, or not.
    Privacy(Turn),
    /// The call is recorded.
    Record(Turn),
    /// Whoever was called by intercom talks, and is heard from here on.
    Talk,
    /// What is heard in the call is bad: an operator is to know, with the reason when the user gave one.
    ReportQuality(Option<QualityReason>),
}

/// What is wrong with what is heard in a call: the reasons that Cisco's quality report tool has for a call in progress.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum QualityReason {
    /// The user hears himself.
    Echo,
    /// The other one hears himself.
    RemoteEcho,
    /// What is heard has holes.
    Choppy,
    /// Voices sound like a machine.
    Robotic,
    /// Answers come late.
    Delay,
    /// It is not loud enough.
    LowVolume,
    /// The other one is not heard.
    NothingHeard,
    /// The user is not heard by the other one.
    NotHeard,
}

impl QualityReason {
    /// All of them, in the order in which they are offered: the first one is number 1.
    pub const ALL: [QualityReason; 8] = [
        QualityReason::Echo,
        QualityReason::RemoteEcho,
        QualityReason::Choppy,
        QualityReason::Robotic,
        QualityReason::Delay,
        QualityReason::LowVolume,
        QualityReason::NothingHeard,
        QualityReason::NotHeard,
    ];

    /// What it is called in records, alarms and orders.
    pub const fn word(self) -> &'static str {
        match self {
            QualityReason::Echo => "echo",
            QualityReason::RemoteEcho => "remote-echo",
            QualityReason::Choppy => "choppy",
            QualityReason::Robotic => "robotic",
            QualityReason::Delay => "delay",
            QualityReason::LowVolume => "low-volume",
            QualityReason::NothingHeard => "nothing-heard",
            QualityReason::NotHeard => "not-heard",
        }
    }

    /// What the user of the phone reads.
    pub const fn text(self) -> &'static str {
        match self {
            QualityReason::Echo => "I hear an echo",
            QualityReason::RemoteEcho => "The other end hears an echo",
            QualityReason::Choppy => "Choppy sound",
            QualityReason::Robotic => "Robotic sound",
            QualityReason::Delay => "Long delays",
            QualityReason::LowVolume => "Low volume",
            QualityReason::NothingHeard => "I cannot hear the other end",
            QualityReason::NotHeard => "The other end cannot hear me",
        }
    }

    /// The reason with this number, from 1.
    pub fn numbered(number: u32) -> Option<Self> {
        let place = usize::try_from(number).ok()?.checked_sub(1)?;
        Self::ALL.get(place).copied()
    }

    /// The reason that is called this.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.word() == word)
    }
}

impl FeatureRequest {
    /// What it is called in records and answers.
    pub const fn word(&self) -> &'static str {
        match self {
            FeatureRequest::Conference { .. } => "conference",
            FeatureRequest::DropLast => "conference-drop-last",
            FeatureRequest::Drop { .. } => "conference-drop",
            FeatureRequest::Mute { .. } => "conference-mute",
            FeatureRequest::Participants => "conference-list",
            FeatureRequest::Park => "park",
            FeatureRequest::Divert => "divert",
            FeatureRequest::CallBack => "call-back",
            FeatureRequest::MaliciousCall => "malicious-call",
            FeatureRequest::Privacy(_) => "privacy",
            FeatureRequest::Record(_) => "record",
            FeatureRequest::Talk => "talk",
            FeatureRequest::ReportQuality(_) => "quality-report",
        }
    }
}

/// What records call it in the call of which another phone of the line becomes a party by barge; the text says which.
pub const ENTERED: &str = "entered";

/// What a device is told that asked for a feature.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FeatureAnswer {
    /// What it asked for, by its word.
    pub request: &'static str,
    /// Whether it is done.
    pub result: Result<(), crate::Cause>,
    /// What people are shown, such as the number where a call is parked; empty when there is nothing to say.
    pub text: Arc<str>,
}

/// What becomes of a call that a device parked by a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ParkEvent {
    /// It waits at its number, or does again.
    Parked,
    /// Nobody got it back in time: it rings where it came from, or where its number sends it.
    Reverted,
    /// Somebody got it back.
    Retrieved,
    /// It was answered where its number sent it.
    Forwarded,
    /// The party that waited is gone.
    Abandoned,
}

impl ParkEvent {
    /// Whether nothing more comes.
    pub const fn is_last(self) -> bool {
        match self {
            ParkEvent::Parked | ParkEvent::Reverted => false,
            ParkEvent::Retrieved | ParkEvent::Forwarded | ParkEvent::Abandoned => true,
        }
    }
}

/// Who is in a conference, for a device that asked for the list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParticipantList {
    /// Whether the device that asked may drop and mute others.
    pub control: Control,
    /// Who sits there, in the order in which they came.
    pub participants: Vec<Participant>,
}

/// Whether a participant may change who is in the conference.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Control {
    /// It may.
    Yes,
    /// It may only look, and drop or mute itself.
    No,
}

/// One who sits in a conference.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Participant {
    /// What [`FeatureRequest::Drop`] and [`FeatureRequest::Mute`] call it.
    pub number: u32,
    /// Who it is.
    pub party: Party,
    /// Whether it began the conference.
    pub is_starter: bool,
    /// Whether it is the one that asked.
    pub is_asker: bool,
    /// Whether it is heard.
    pub mute: Mute,
}

impl Participant {
    /// Who it is, as a menu shows it: with a mark before who is not heard, and behind who began the conference and who asks.
    pub fn shown(&self) -> String {
        let Participant { number, party, is_starter, is_asker, mute } = self;
        let who = match party.presentation {
            Presentation::Allowed if !party.name.is_empty() => party.name.to_string(),
            Presentation::Allowed if !party.number.is_empty() => party.number.to_string(),
            Presentation::Allowed | Presentation::Restricted => format!("Anonymous {number}"),
        };
        let who: String = who.chars().filter(|character| !character.is_control()).take(SHOWN_NAME).collect();
        let muted = if *mute == Mute::On { "[-] " } else { "" };
        let starter = if *is_starter { " *" } else { "" };
        let asker = if *is_asker { " (you)" } else { "" };
        format!("{muted}{who}{starter}{asker}")
    }
}

/// Characters of a name in a menu.
const SHOWN_NAME: usize = 48;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_a_word_and_a_number() {
        for (place, reason) in QualityReason::ALL.into_iter().enumerate() {
            assert_eq!(QualityReason::named(reason.word()), Some(reason));
            assert_eq!(QualityReason::numbered(place as u32 + 1), Some(reason));
        }
        assert_eq!(QualityReason::numbered(0), None);
        assert_eq!(QualityReason::numbered(9), None);
        assert_eq!(QualityReason::named("loud"), None);
    }

    #[test]
    fn each_feature_has_a_word_of_its_own() {
        for code in FeatureCode::ALL {
            assert_eq!(FeatureCode::named(code.word()), Some(code), "{code}");
        }
        assert_eq!(FeatureCode::named("pick-up"), None);
    }

    #[test]
    fn the_argument_is_what_comes_behind_the_code() {
        let check = |digits: u8, number: &str, expect: &str| {
            let row = FeatureNumber { code: FeatureCode::DirectedPickUp, object: Box::default(), digits };
            assert_eq!(row.argument(number), expect, "{digits} of {number}");
        };
        check(3, "*811002", "1002");
        check(3, "*81", "");
        check(3, "*8", "");
        check(0, "8801", "8801");
    }
}
