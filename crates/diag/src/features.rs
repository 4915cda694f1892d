//! What people asked for by a code or key, and what became of it, in words.

use strowger_base::Cause;
use strowger_base::WallTime;
use strowger_base::feature::{Forwarded, QualityReason};
use strowger_base::journal::{
    CallBackTo, ForwardedTo, Intercom, OnOff, SetBy, Undisturbed, UserSet, UserValue, WhyFeatureRefused,
};
use strowger_base::line::number_of;

use crate::words;

/// Somebody does not get a feature.
pub(crate) fn refused(device: &str, feature: &str, cause: Cause, why: &WhyFeatureRefused<'_>) -> String {
    format!("{device} asked for {feature} and does not get it: {} ({}).", because(why), words::cause(cause))
}

/// Why not, as the end of a sentence.
pub fn because(why: &WhyFeatureRefused<'_>) -> String {
    match why {
        WhyFeatureRefused::NotServed => "this version does not have it".to_owned(),
        WhyFeatureRefused::NotTalking => "the call is not far enough for it".to_owned(),
        WhyFeatureRefused::NothingThere => "there is no call to do it with".to_owned(),
        WhyFeatureRefused::Argument { argument: "" } => "a number is missing behind the code".to_owned(),
        WhyFeatureRefused::Argument { argument } => format!("{argument} means nothing there"),
        WhyFeatureRefused::NotConfigured { what } => format!("{what} is not configured"),
        WhyFeatureRefused::NotAllowed { rule } => (*rule).to_owned(),
        // `call backs`, `seats of the conference`.
        WhyFeatureRefused::Exhausted { what }
            if what.split(' ').any(|word| matches!(word, "seats" | "backs" | "ports")) =>
        {
            format!("no {what} are left")
        }
        WhyFeatureRefused::Exhausted { what } => format!("no {what} is left"),
        WhyFeatureRefused::Congestion => "the server takes no new calls now".to_owned(),
        WhyFeatureRefused::TooLate => "somebody else was faster".to_owned(),
        WhyFeatureRefused::Taken => "it is in use".to_owned(),
        WhyFeatureRefused::NoCodec => "regions leave a party no codec of the bridge".to_owned(),
        WhyFeatureRefused::NotOpen => "nobody has opened that conference".to_owned(),
        WhyFeatureRefused::Unencrypted => {
            "media would not be encrypted, and Block Unencrypted Calls is set".to_owned()
        }
        WhyFeatureRefused::NoBandwidth => "there is no bandwidth to the other party".to_owned(),
        WhyFeatureRefused::Unreached { .. } => "nobody of those whom it is for could be reached".to_owned(),
    }
}

/// An intercom call went on.
pub(crate) fn intercom(news: &Intercom<'_>) -> String {
    match news {
        Intercom::Whispers => {
            "It is an intercom call: its target hears the caller at once, and is not heard before it talks."
                .to_owned()
        }
        Intercom::Overrides { phone: "" } => {
            "Its target does not want to be disturbed; intercom calls do so all the same.".to_owned()
        }
        Intercom::Overrides { phone } => {
            format!("{phone} does not want to be disturbed; intercom calls do so all the same.")
        }
        Intercom::Talks => "The target talks: both hear each other from here on.".to_owned(),
        Intercom::StillWhispers => {
            "The target wanted to talk, and a device refused that: it is still not heard.".to_owned()
        }
        Intercom::Target(number) => format!("Nothing was dialled: the target of its key is {number}."),
    }
}

/// A feature is done.
pub(crate) fn done(feature: &str, text: &str) -> String {
    if feature == strowger_base::feature::ENTERED {
        return format!("{} comes into the call by barge.", words::capital(text.to_owned()));
    }
    if text.is_empty() { format!("Done: {feature}.") } else { format!("Done: {feature}, {text}.") }
}

/// A user reports bad quality.
pub(crate) fn quality(device: &str, reason: &str) -> String {
    match QualityReason::named(reason) {
        Some(reason) => format!("{device} reports bad quality: \"{}\".", reason.text()),
        None if reason.is_empty() => format!("{device} reports bad quality."),
        None => format!("{device} reports bad quality ({reason})."),
    }
}

/// A user set something.
pub(crate) fn set(set: &UserSet<'_>) -> String {
    let owner = number_of(set.owner());
    let what = match set.value {
        UserValue::Forward { which, to } => {
            let calls = match which {
                Forwarded::All => "all calls",
                Forwarded::Busy => "calls that find it busy",
                Forwarded::NoAnswer => "calls that nobody answers",
                Forwarded::Unregistered => "calls that find no phone",
            };
            match to {
                ForwardedTo::AsConfigured => format!("{owner} forwards {calls} as configured"),
                ForwardedTo::Nowhere => format!("{owner} does not forward {calls}"),
                ForwardedTo::Number(number) => format!("{owner} forwards {calls} to {number}"),
                ForwardedTo::VoiceMail => format!("{owner} forwards {calls} to its voice mail"),
            }
        }
        UserValue::Disturb(OnOff::Off) => format!("{owner} does not want to be disturbed"),
        UserValue::Disturb(OnOff::On) => format!("{owner} may be disturbed"),
        UserValue::Hunted(OnOff::On) => format!("{owner} takes part in hunts"),
        UserValue::Hunted(OnOff::Off) => format!("{owner} takes no part in hunts"),
        UserValue::CallBack(CallBackTo::Nobody) => format!("{owner} waits for nobody to call back"),
        UserValue::CallBack(CallBackTo::WhenIdle(number)) => {
            format!("{owner} is called as soon as {number} is free")
        }
        UserValue::CallBack(CallBackTo::AfterUse(number)) => {
            format!("{owner} is called as soon as {number} was used and is free")
        }
    };
    match set.by {
        SetBy::Phone => format!("From here on {what}; that was set at the phone."),
        SetBy::Program(name) => format!("From here on {what}; {name} set that."),
        SetBy::Server => format!("From here on {what}."),
    }
}

/// The forward that follows is a user's.
pub(crate) fn forward_set(phone: &str, at: WallTime) -> String {
    match phone {
        "" => format!("A user's forward goes before the configured one; it was set at {at}."),
        phone => {
            format!("A user's forward goes before the configured one; it was set from phone {phone} at {at}.")
        }
    }
}

/// A phone does not want to be disturbed.
pub(crate) fn undisturbed(line: &str, phone: &str, mode: Undisturbed) -> String {
    let phone = phone_of(line, phone);
    match mode {
        Undisturbed::Rejected => {
            format!("{phone} does not want to be disturbed: the call is not offered there.")
        }
        Undisturbed::Silent => {
            format!("{phone} does not want to be disturbed: it shows the call and does not ring.")
        }
    }
}

/// A phone of a line.
pub(crate) fn phone_of(line: &str, phone: &str) -> String {
    if phone.is_empty() { line.to_owned() } else { format!("{line} on {phone}") }
}
