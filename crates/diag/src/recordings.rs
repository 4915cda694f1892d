//! Recordings in words.

use std::net::SocketAddr;

use strowger_base::journal::{
    CallRecord, Copies, Decision, Entry, Feature, Record, RecordingChange, RecordingNews, ToneFor,
    WhyNotRecorded, WhyRecorded, WhyRecordingEnded,
};
use strowger_base::recording::RecordingShown;

use strowger_base::{CallId, LegId};

use crate::names::Names;
use crate::{sentences, words};

/// How a recorder is called.
pub(crate) fn recorder(number: &str, trunk: &str) -> String {
    format!("recorder {number} (trunk {trunk})")
}

/// Whether it is the record of the call with a recorder, which people do not make.
pub(crate) fn is_of_recorder(call: &CallRecord<'_>) -> bool {
    call.moves.is_some_and(|moves| moves.joined_by == Some(Feature::Recording))
}

/// Where the rest is of what these records tell, when they are of a call with a recorder: they have its end alone. What else there is
/// stands with the conversation that it recorded, whose records are to be asked with [`Recorded::takes`].
pub fn recorded(records: &[Record<'_>]) -> Option<Recorded> {
    let call = records.iter().find_map(|record| match &record.entry {
        Entry::Call(call) if is_of_recorder(call) => Some(call),
        _ => None,
    })?;
    let conversation = call.moves?.conversation;
    let party = call.calling_leg;
    Some(Recorded { conversation, party, legs: call.legs.iter().map(|leg| leg.leg).collect() })
}

/// What a recorder recorded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recorded {
    /// The call with which the conversation began.
    pub conversation: CallId,
    party: LegId,
    legs: Vec<LegId>,
}

impl Recorded {
    /// Whether a record of the conversation tells of the recorder.
    pub fn takes(&self, record: &Record<'_>) -> bool {
        match (&record.entry, record.leg) {
            (Entry::Decision(Decision::Recording(_)), Some(leg)) => leg == self.party,
            (Entry::Message { .. } | Entry::Told(_), Some(leg)) => self.legs.contains(&leg),
            _ => false,
        }
    }
}

/// A call with a recorder in one sentence.
pub(crate) fn headline(call: &CallRecord<'_>, names: &Names) -> String {
    let recorder = call.legs.first().map_or_else(|| "a recorder".to_owned(), |leg| names.party(leg.leg));
    let time = call.answered_at.map(|at| words::between(at, call.ended_at)).unwrap_or_default();
    let conversation = call.moves.map(|moves| format!(" in call {}", moves.conversation)).unwrap_or_default();
    format!(
        "{} recorded {}{conversation} for {}; it is no call of people.",
        words::capital(recorder),
        sentences::party(&call.calling),
        words::duration(time)
    )
}

/// What happened with the recording of `device`, which a sentence begins with as `first`.
pub(crate) fn news((first, device): (&str, &str), news: &RecordingNews<'_>) -> String {
    match news {
        RecordingNews::Begins { trunk, number, because } => {
            let because = match because {
                WhyRecorded::Automatic => "every call of its line is recorded",
                WhyRecorded::OnDemand => "somebody asked for it",
            };
            format!("{first} is to be recorded, as {because}: recorder {number} on trunk {trunk} is called.")
        }
        RecordingNews::Runs { own, far } => {
            format!(
                "{first} is recorded: what it says goes to {} as well, what the other party says to {}.",
                place(*own),
                place(*far)
            )
        }
        RecordingNews::Changed(change) => {
            let what = match change {
                RecordingChange::Asked => {
                    return format!("The recorder of {device} asked to be told everything again, and was.");
                }
                RecordingChange::Held => "one party holds the other",
                RecordingChange::Resumed => "the parties talk again",
                RecordingChange::Parties => "other parties talk with each other now",
                RecordingChange::Media => "media is another",
                RecordingChange::Came => "somebody came into the conference",
                RecordingChange::Left => "somebody left the conference",
            };
            format!("The recorder of {device} was told that {what}.")
        }
        RecordingNews::Lost { cause, again: Some(again) } => format!(
            "The recorder of {device} is not to be had ({}); it is called again after {} s.",
            words::cause(*cause),
            again.as_secs()
        ),
        RecordingNews::Lost { cause, again: None } => format!(
            "The recorder of {device} is not to be had ({}), and not called again: {device} is not recorded.",
            words::cause(*cause)
        ),
        RecordingNews::CallReleased => {
            format!(
                "The recording profile of {device} has calls end that cannot be recorded: the call is released."
            )
        }
        RecordingNews::Refused(why) => format!("{first} is not recorded: {}.", because(why)),
        RecordingNews::Ended(why) => {
            let why = match why {
                WhyRecordingEnded::CallEnded => "the call is over",
                WhyRecordingEnded::Asked => "somebody asked for that",
                WhyRecordingEnded::Configured => "it is configured otherwise now",
            };
            format!("The recording of {device} has ended: {why}.")
        }
        RecordingNews::Tone { to, codec } => {
            format!("{} hears the recording tone, mixed into {codec}.", party((first, device), *to))
        }
        RecordingNews::NoTone { to, codec } => format!(
            "{} was to hear the recording tone, which cannot be mixed into {codec}: permit G.711, G.722 or Opus between the \
             regions of both, or nobody tells it that it is recorded.",
            party((first, device), *to)
        ),
        RecordingNews::NotTaken { cause, again: Some(again) } => format!(
            "The recorder of {device} does not take what has changed ({}); it is told again after {} s.",
            words::cause(*cause),
            again.as_secs()
        ),
        RecordingNews::NotTaken { cause, again: None } => format!(
            "The recorder of {device} does not take what has changed ({}): this call with it is given up, and it is called anew.",
            words::cause(*cause)
        ),
        RecordingNews::InClear => format!(
            "The recorder of {device} takes no keys: as its profile says, the encrypted call is copied to it in the clear."
        ),
        RecordingNews::NoToneSealed { to } => format!(
            "{} was to hear the recording tone, which cannot be mixed into a call that is encrypted from device to device: nobody tells it that it \
             is recorded.",
            party((first, device), *to)
        ),
        RecordingNews::PortsLost => {
            format!("The ports broke from which {device} was copied to its recorder: others are opened.")
        }
        RecordingNews::Paused => {
            format!("The recorder of {device} wants no media for now: nothing is copied to it.")
        }
        RecordingNews::Moved { own, far } => format!(
            "The recorder of {device} asked for a change: what it says goes to {} now, what the other party says to {}.",
            place(*own),
            place(*far)
        ),
        RecordingNews::ChangeRefused(cause) => format!(
            "The recorder of {device} asked for a change that it cannot have ({}): copies go where they went.",
            words::cause(*cause)
        ),
        RecordingNews::Routed { number, pattern, partition, to } => {
            let partition = match *partition {
                "" => "no partition".to_owned(),
                partition => format!("partition {partition}"),
            };
            format!(
                "The recorder of {device} has number {number}, which pattern {pattern} in {partition} sends to {to}."
            )
        }
        RecordingNews::Shown(shown) => {
            let what = match shown {
                RecordingShown::On => "the call is recorded",
                RecordingShown::Paused => "its recording is paused",
                RecordingShown::Off => "the call is not recorded any more",
            };
            format!("{first} knows of recordings, and is told that {what}.")
        }
        RecordingNews::NextRecorder { cause } => format!(
            "The recorder of {device} is not to be had ({}): the next one of the route list is called.",
            words::cause(*cause)
        ),
        RecordingNews::Copied { own, far } => {
            format!(
                "To the recorder of {device} went {} of what it said, and {} of the other party.",
                packets(own),
                packets(far)
            )
        }
    }
}

fn place(to: Option<SocketAddr>) -> String {
    to.map_or_else(|| "nowhere".to_owned(), |to| to.to_string())
}

fn packets(copies: &Copies) -> String {
    let Copies { sent, unsent, skipped, unopened } = *copies;
    let mut lost = Vec::new();
    if unsent > 0 {
        lost.push(format!("{unsent} the system did not take"));
    }
    if skipped > 0 {
        lost.push(format!("{skipped} the recorder did not agree to"));
    }
    if unopened > 0 {
        lost.push(format!("{unopened} no key opened"));
    }
    match lost.is_empty() {
        true => format!("{sent} packets"),
        false => format!("{sent} packets ({})", lost.join(", ")),
    }
}

fn party((first, device): (&str, &str), to: ToneFor) -> String {
    match to {
        ToneFor::Recorded => first.to_owned(),
        ToneFor::OtherParty => format!("Who talks with {device}"),
    }
}

fn because(why: &WhyNotRecorded<'_>) -> String {
    match why {
        WhyNotRecorded::NoRelay => "its media does not pass through this server".to_owned(),
        WhyNotRecorded::Encrypted => {
            "its media is encrypted with keys that this server does not know, and is copied to nobody".to_owned()
        }
        WhyNotRecorded::NoPort { reason } => format!("no media port could be opened for it: {reason}"),
        WhyNotRecorded::NoRecorder { profile } => {
            format!("recording profile {profile} names no recorder that can be called")
        }
        WhyNotRecorded::NoRoute { profile, number } => {
            format!("number {number} of recording profile {profile} leads to no trunk in its search space")
        }
        WhyNotRecorded::TooMany => "as many calls are recorded as may be".to_owned(),
        WhyNotRecorded::NoBandwidth => "there is no bandwidth to the recorder".to_owned(),
        WhyNotRecorded::NoKeys => {
            "the call is encrypted, and its recorder is sent no keys or takes none (encryption of the profile, srtp_allowed of the trunk)"
                .to_owned()
        }
    }
}
