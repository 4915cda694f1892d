//! Small phrases.

use std::borrow::Cow;
use std::time::Duration;

use strowger_base::leg::{AudioSource, CallTone, Service, Tone};
use strowger_base::{Cause, WallTime};

/// `4 s`, `0.3 s`, `2 min 5 s`.
pub(crate) fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    if time < Duration::from_secs(1) {
        format!("{:.1} s", time.as_secs_f64())
    } else if seconds < 120 {
        format!("{seconds} s")
    } else if seconds < 7200 {
        format!("{} min {} s", seconds / 60, seconds % 60)
    } else {
        format!("{} h {} min", seconds / 3600, seconds % 3600 / 60)
    }
}

/// The same of what a timer measured: it is told as it is set, though the clock may be a little behind.
pub(crate) fn timer(time: Duration) -> String {
    duration(time + Duration::from_millis(50))
}

/// Time from one moment to a later one.
pub(crate) fn between(from: WallTime, to: WallTime) -> Duration {
    Duration::from_micros(to.as_micros().saturating_sub(from.as_micros()))
}

/// The same in seconds.
pub(crate) fn seconds(from: WallTime, to: WallTime) -> f64 {
    between(from, to).as_secs_f64()
}

/// The first letter as a capital.
pub(crate) fn capital(text: String) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().collect::<String>() + characters.as_str(),
        None => text,
    }
}

/// `1 phone`, `2 phones`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// `cause 17 (user busy)`.
pub(crate) fn cause(cause: Cause) -> String {
    cause.to_string()
}

/// `486 Busy Here`.
pub(crate) fn status(status: u16) -> String {
    let reason = match status {
        301 => "Moved Permanently",
        302 => "Moved Temporarily",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        410 => "Gone",
        415 => "Unsupported Media Type",
        420 => "Bad Extension",
        480 => "Temporarily Unavailable",
        481 => "Call/Transaction Does Not Exist",
        482 => "Loop Detected",
        483 => "Too Many Hops",
        484 => "Address Incomplete",
        486 => "Busy Here",
        487 => "Request Terminated",
        488 => "Not Acceptable Here",
        491 => "Request Pending",
        500 => "Server Internal Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Server Time-out",
        600 => "Busy Everywhere",
        603 => "Decline",
        604 => "Does Not Exist Anywhere",
        606 => "Not Acceptable",
        _ => return status.to_string(),
    };
    format!("{status} {reason}")
}

/// The name of a service.
pub(crate) const fn service(service: Service) -> &'static str {
    match service {
        Service::Echo => "the echo test",
        Service::Announcement => "the announcement",
        Service::Sounds => "what is heard while waiting",
        Service::Conference(_) => "a conference",
        Service::Page { .. } => "a page",
        Service::Multicast { .. } => "what all hear who wait",
        Service::Confirmation => "the confirmation tone",
        Service::Annunciator(_) => "the annunciator",
        Service::Prompt => "the service that asks for codes",
    }
}

/// What somebody hears.
pub(crate) fn tone(tone: Tone) -> Cow<'static, str> {
    Cow::Borrowed(match tone {
        Tone::Silence => "nothing",
        Tone::Dial => "dial tone",
        Tone::OutsideDial => "outside dial tone",
        Tone::ZipZip => "the tone that asks for a code",
        Tone::Ringing => "ringing tone",
        Tone::Music => "music",
        Tone::Source(AudioSource(number)) => return format!("music of audio source {number}").into(),
        Tone::Hold => "the tone of hold",
        Tone::National { country, tone } => return format!("{} of {country}", call_tone(tone)).into(),
        Tone::Enter => "the tone of somebody who comes in",
        Tone::Leave => "the tone of somebody who leaves",
    })
}

const fn call_tone(tone: CallTone) -> &'static str {
    match tone {
        CallTone::Dial => "dial tone",
        CallTone::OutsideDial => "outside dial tone",
        CallTone::Ringing => "ringing tone",
        CallTone::Busy => "busy tone",
        CallTone::Reorder => "reorder tone",
        CallTone::CallWaiting => "call waiting tone",
        CallTone::Information => "the special information tone",
        CallTone::Confirmation => "confirmation tone",
        CallTone::Barge => "the tone of somebody who comes in",
        CallTone::Recording => "recording tone",
        CallTone::Zip => "a short beep",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_as_people_say_them() {
        let check = |millis: u64, expect: &str| {
            assert_eq!(duration(Duration::from_millis(millis)), expect);
        };
        check(0, "0.0 s");
        check(340, "0.3 s");
        check(4_900, "4 s");
        check(119_000, "119 s");
        check(125_000, "2 min 5 s");
        check(7_260_000, "2 h 1 min");
        assert_eq!(timer(Duration::from_millis(3_990)), "4 s");
        assert_eq!(timer(Duration::from_millis(4_000)), "4 s");
    }
}
