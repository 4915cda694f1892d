//! What people asked for by a code or key, and what became of it, in words.

use strowger_base::Cause;
use strowger_base::journal::WhyFeatureRefused;

use crate::words;

/// Somebody does not get a feature.
pub(crate) fn refused(device: &str, feature: &str, cause: Cause, why: &WhyFeatureRefused<'_>) -> String {
    format!("{device} asked for {feature} and does not get it: {} ({}).", because(why), words::cause(cause))
}

/// Why not, as the end of a sentence.
pub(crate) fn because(why: &WhyFeatureRefused<'_>) -> String {
    match why {
        WhyFeatureRefused::NotServed => "this version does not have it".to_owned(),
        WhyFeatureRefused::NotTalking => "the call is not far enough for it".to_owned(),
        WhyFeatureRefused::NothingThere => "there is no call to do it with".to_owned(),
        WhyFeatureRefused::Argument { argument: "" } => "a number is missing behind the code".to_owned(),
        WhyFeatureRefused::Argument { argument } => format!("{argument} means nothing there"),
        WhyFeatureRefused::NotConfigured { what } => format!("{what} is not configured"),
        WhyFeatureRefused::NotAllowed { rule } => (*rule).to_owned(),
        WhyFeatureRefused::Exhausted { what } => format!("no {what} is left"),
        WhyFeatureRefused::Congestion => "the server takes no new calls now".to_owned(),
        WhyFeatureRefused::TooLate => "somebody else was faster".to_owned(),
        WhyFeatureRefused::Taken => "it is in use".to_owned(),
    }
}

/// A feature is done.
pub(crate) fn done(feature: &str, text: &str) -> String {
    if text.is_empty() { format!("Done: {feature}.") } else { format!("Done: {feature}, {text}.") }
}
