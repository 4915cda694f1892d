//! Recordings in words.

use strowger_base::journal::{
    Copies, RecordingChange, RecordingNews, ToneFor, WhyNotRecorded, WhyRecorded, WhyRecordingEnded,
};

use crate::words;

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
            let own = own.map_or_else(|| "nowhere".to_owned(), |to| to.to_string());
            let far = far.map_or_else(|| "nowhere".to_owned(), |to| to.to_string());
            format!(
                "{first} is recorded: what it says goes to {own} as well, what the other party says to {far}."
            )
        }
        RecordingNews::Changed(change) => {
            let what = match change {
                RecordingChange::Held => "one party holds the other",
                RecordingChange::Resumed => "the parties talk again",
                RecordingChange::Parties => "other parties talk with each other now",
                RecordingChange::Media => "media is another",
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
        RecordingNews::Copied { own, far } => {
            format!(
                "To the recorder of {device} went {} of what it said, and {} of the other party.",
                packets(own),
                packets(far)
            )
        }
    }
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
        WhyNotRecorded::TooMany => "as many calls are recorded as may be".to_owned(),
        WhyNotRecorded::NoBandwidth => "there is no bandwidth to the recorder".to_owned(),
        WhyNotRecorded::NoKeys => {
            "the call is encrypted, and its recorder is sent no keys or takes none (encryption of the profile, srtp_allowed of the trunk)"
                .to_owned()
        }
    }
}
