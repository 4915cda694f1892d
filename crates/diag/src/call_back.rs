//! Sentences about call back.

use strowger_base::journal::{CallBackNews, WhyCallBackOver};

use crate::words;

/// How a call back goes on.
pub(crate) fn news(news: &CallBackNews<'_>) -> String {
    match news {
        CallBackNews::Free { line, rings } => {
            format!("{line} is free: whoever wanted to be told is called, in call {rings}.")
        }
        CallBackNews::Waits { line } => {
            format!("{line} is free, but whoever wanted to be told has a call; that is waited for.")
        }
        CallBackNews::NotRung { cause } => {
            format!(
                "Whoever wanted to be told could not be called ({}); it is tried again.",
                words::cause(*cause)
            )
        }
        CallBackNews::BusyAgain { line } => {
            format!("{line} was busy once more; it is waited for again.")
        }
        CallBackNews::Over { number, why } => {
            let why = match why {
                WhyCallBackOver::Reached => "somebody was reached there".into(),
                WhyCallBackOver::Cancelled => "it is not wanted any more".into(),
                WhyCallBackOver::Replaced => "another one was asked for".into(),
                WhyCallBackOver::Expired => "it took too long".into(),
                WhyCallBackOver::Declined => "whoever wanted it refused the call".into(),
                WhyCallBackOver::NotAnswered => "whoever wanted it did not answer".into(),
                WhyCallBackOver::NotReached(cause) => {
                    format!("nobody was reached there ({})", words::cause(*cause))
                }
                WhyCallBackOver::Removed => "one of the two lines is not to be had any more".into(),
            };
            format!("The call back of {number} is over: {why}.")
        }
    }
}

/// Whoever wanted to be told is called.
pub(crate) fn made(calling: &str, called: &str) -> String {
    format!("{called} is called, as it wanted: {calling}.")
}
