//! What devices told, as the journal keeps it.

use strowger_base::journal::{Entry, Told};
use strowger_base::leg::Signal;
use strowger_base::{CallId, LegId, Now};

use crate::io::Outbox;

/// Writes what a device told into the journal, in short.
pub(crate) fn told(now: Now, call: CallId, leg: LegId, signal: &Signal, out: &mut Outbox) {
    let told = match signal {
        // What becomes of a redirection is told where that is decided.
        Signal::Setup(_) | Signal::Redirected(_) => return,
        Signal::Proceeding => Told::Proceeding,
        Signal::Alerting { alert, media } => Told::Alerting { alert: *alert, media: media.into() },
        Signal::Answered { media, connected } => {
            Told::Answered { media: media.into(), connected: connected.into() }
        }
        Signal::Media(media) => Told::Media(media.into()),
        Signal::MediaRequested => Told::MediaRequested,
        Signal::MediaRefused(cause) => Told::MediaRefused(*cause),
        Signal::MetadataRequested => Told::MetadataRequested,
        Signal::Digit(_) => Told::Digit,
        Signal::DigitErased => Told::DigitErased,
        Signal::DigitsEnded(end) => Told::DigitsEnded(*end),
        Signal::TransferRequested { destination, replaces } => {
            Told::TransferRequested { destination, replaces: *replaces }
        }
        Signal::FeatureRequested(request) => Told::FeatureRequested { feature: request.word() },
        Signal::TransferEnded(result) => Told::TransferEnded { failure: result.err() },
        Signal::Released { cause, reason } => Told::Released { cause: *cause, reason: *reason },
    };
    out.journal(now, Some(call), Some(leg), Entry::Told(told));
}
