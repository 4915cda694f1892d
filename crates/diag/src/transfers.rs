//! What features that move parties from call to call did, in words.

use strowger_base::CallId;
use strowger_base::journal::{Feature, Joined, TransferNews, WhyApart, WhyTransferRefused};

use crate::{sentences, words};

/// A call is made on somebody's account.
pub(crate) fn made(calling: &str, called: &str) -> String {
    format!("{called} is called on account of {calling}, for the party that is transferred.")
}

/// Somebody transfers the other party.
pub(crate) fn began(device: &str, destination: &str, into: Option<CallId>, asks: Option<CallId>) -> String {
    match (into, asks) {
        (Some(call), _) => format!("{device} transfers the other party to {destination}, into call {call}."),
        (None, Some(call)) => format!(
            "{device} transfers the other party to {destination}; call {call} is made for that, and it joins when somebody is reached."
        ),
        (None, None) => format!("{device} transfers the other party to {destination}."),
    }
}

pub(crate) fn refused(device: &str, destination: &str, why: WhyTransferRefused) -> String {
    let why = match why {
        WhyTransferRefused::NotTalking => "its call is not answered",
        WhyTransferRefused::UnderWay => "another transfer of this call is under way",
        WhyTransferRefused::SameCall => "that is the very same call",
        WhyTransferRefused::NotReady => "the call that it names is not there, or in no state to be joined",
        WhyTransferRefused::Intercom => "nobody is transferred from or into an intercom call",
        WhyTransferRefused::Congestion => "the server takes no new calls now",
        WhyTransferRefused::Page => "nobody else comes in the place of who speaks in a page",
        WhyTransferRefused::Apart(why) => apart(why),
        WhyTransferRefused::NobodyToJoin => "no device would be left, only services of the server",
    };
    format!("{device} wanted a transfer to {destination} and was refused: {why}.")
}

/// Why two parties cannot talk with each other.
fn apart(why: WhyApart) -> &'static str {
    match why {
        WhyApart::NoBandwidth => "there is no bandwidth between the two that would be left",
        WhyApart::NoCodec => {
            "the two that would be left have no codec in common that their regions permit, and there is no transcoder for them"
        }
        WhyApart::Unencrypted => "the media of the two that would be left could not be encrypted",
    }
}

/// A device may not take the place of another one.
pub(crate) fn cannot_replace(why: WhyApart) -> String {
    format!("The device may not take the place of the other one: {}. That call goes on.", apart(why))
}

/// Two stay on the bridge.
pub(crate) fn stays(why: WhyApart) -> String {
    format!("Two are left in the conference and stay on its bridge: {}.", apart(why))
}

/// A transfer goes on.
pub(crate) fn went((first, device): (&str, &str), news: TransferNews) -> String {
    match news {
        TransferNews::Reached => format!("Somebody was reached: the part of {device} in this call is done."),
        TransferNews::Failed(cause) => {
            format!("Nobody was reached ({}): {device} keeps the call.", words::cause(cause))
        }
        TransferNews::Unattended => format!("{first} hung up before anybody was reached."),
    }
}

/// A party goes on in another call.
pub(crate) fn moved(device: &str, to: CallId) -> String {
    format!("{device} goes on in call {to}.")
}

/// Parties of other calls talk from here on.
pub(crate) fn joined(joined: &Joined<'_>, parked_at: Option<&str>) -> String {
    let calling = sentences::party(&joined.calling);
    let by = match joined.feature {
        Feature::Transfer => "by transfer",
        Feature::Replaces => "in the place of another device",
        Feature::Conference => "by conference",
        Feature::MeetMe => "into a meet-me conference",
        Feature::Park => "by call park",
        Feature::PickUp => "by pickup",
        Feature::Recording => "to be recorded",
        Feature::Divert => "by immediate divert",
        Feature::Barge => "by barge",
        Feature::CallBack => "by call back",
        Feature::Page => "by paging",
    };
    let before = joined.conversation;
    match (&joined.other, parked_at) {
        (Some(seat), _) => {
            let connected = sentences::party(&seat.connected);
            format!(
                "{calling} comes {by} and talks with {connected}; the conversation began with call {before}."
            )
        }
        (None, Some(number)) => format!(
            "{calling} comes {by} and waits at park number {number}; the conversation began with call {before}."
        ),
        (None, None) => format!(
            "{calling} comes {by} and waits for an answer; the conversation began with call {before}."
        ),
    }
}

/// What follows `1001 called 1002` when the call ended because its parties went on elsewhere.
pub(crate) const fn ended(feature: Feature) -> &'static str {
    match feature {
        Feature::Transfer => "; it was transferred and goes on in another call.",
        Feature::Replaces => "; another device took the place of one of them.",
        Feature::Conference | Feature::MeetMe => "; it goes on as a conference.",
        Feature::Park => "; a party was parked or got back.",
        Feature::PickUp => "; somebody else picked it up.",
        Feature::Recording => "; it was recorded.",
        Feature::Divert => "; it was diverted to voice mail.",
        Feature::Barge => "; another phone of the line came into it.",
        Feature::CallBack => "; who answered calls back.",
        Feature::Page => "; it was a page.",
    }
}

/// What follows `1001 called 1002` when a feature ended the call.
pub(crate) const fn put_out(feature: Feature) -> &'static str {
    match feature {
        Feature::Conference | Feature::MeetMe => "; it was dropped from the conference, or that was over.",
        Feature::Recording => "; it could not be recorded.",
        Feature::Barge => "; the conversation that it had come into was over.",
        Feature::Page => "; nobody heard the page any more.",
        Feature::Transfer
        | Feature::Replaces
        | Feature::Park
        | Feature::PickUp
        | Feature::Divert
        | Feature::CallBack => "; it was ended by a feature.",
    }
}
