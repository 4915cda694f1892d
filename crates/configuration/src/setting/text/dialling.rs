//! Texts of the dial plan.

use super::{allowed, parsed};

text! {
    /// A pattern of the dial plan.
    PatternText, most 100, "a pattern of digits, X, !, ?, +, [..], ., @, *, # and \\+", example "9.1[2-9]XXXXXXXXX",
    |text| parsed::<strowger_dialplan::Pattern, _>(text)
}

text! {
    /// A pattern, or a name that is dialled in place of a number.
    PatternOrName, most 100, "a pattern of digits, X, !, ?, +, [..], ., @, *, # and \\+, or a name such as alice@example.com",
    example "9.1[2-9]XXXXXXXXX", |text| {
        if !strowger_dialplan::is_name(text) {
            return parsed::<strowger_dialplan::Pattern, _>(text);
        }
        if strowger_dialplan::is_pattern_in_small_letters(text) {
            return Err("a digit is written X, not x".to_owned());
        }
        allowed(is_dialled(text))
    }
}

text! {
    /// A mask: `X` keeps a digit, other symbols replace it.
    MaskText, most 50, "a mask of X, digits, *, # and a leading +", example "40855512XX",
    |text| parsed::<strowger_dialplan::Mask, _>(text)
}

text! {
    /// Digits that are put in front of a number.
    PrefixText, most 50, "digits, *, # and a leading +", example "+1408",
    |text| parsed::<strowger_dialplan::Digits, _>(text)
}

text! {
    /// A digit discard instruction.
    DiscardInstructions, most 60, "a digit discard instruction", example "PreDot",
    |text| parsed::<strowger_dialplan::Discard, _>(text)
}

text! {
    /// The clauses of a route filter for patterns with `@`.
    FilterClauses, most 1024, "clauses of a route filter", example "(AREA-CODE == 900)",
    |text| parsed::<strowger_dialplan::RouteFilter, _>(text)
}

text! {
    /// A time period.
    HoursText, most 60, "a time period", example "mo-fr 08:00-17:00",
    |text| parsed::<strowger_dialplan::schedule::TimePeriod, _>(text)
}

text! {
    /// An IANA time zone.
    ZoneName, most 50, "an IANA time zone", example "Europe/Berlin", |text| {
        strowger_dialplan::Zone::named(text).map(drop).map_err(|error| error.to_string())
    }
}

text! {
    /// A number that a call is sent to.
    NumberText, most 50, "a number of 1 to 50 characters without blanks", example "+4930123456", |text| {
        allowed(!text.is_empty() && !text.chars().any(|c| c.is_whitespace() || c.is_control()))
    }
}

text! {
    /// What is dialled to reach something: digits, or a name.
    DialledText, most 100, "digits, or a name without blanks and : , ; < > \"", example "9999", |text| {
        allowed(!text.is_empty() && is_dialled(text))
    }
}

text! {
    /// A moment.
    Moment, most 16, "a day and a time of it", example "2026-11-21T08:00", |text| {
        let parts = text.split_once('T').and_then(|(day, time)| {
            let mut day = day.split('-').map(|part| part.parse::<u16>().ok());
            let mut time = time.split(':').map(|part| part.parse::<u16>().ok());
            let read = (day.next()??, day.next()??, day.next()??, time.next()??, time.next()??);
            (day.next().is_none() && time.next().is_none()).then_some(read)
        });
        allowed(parts.is_some_and(|(year, month, day, hour, minute)| {
            year >= 1970 && (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60
        }))
    }
}

text! {
    /// What the dialled number analyzer says.
    Told, most 2000, "up to 2000 characters without line breaks", example "line 1001", |text| {
        allowed(!text.is_empty() && !text.chars().any(char::is_control))
    }
}

text! {
    /// What is put in front of a number that a trunk brings.
    IncomingPrefix, most 16, "up to 16 digits, *, # and a leading +", example "+49", |text| {
        allowed(strowger_dialplan::normalise::IncomingRule::new(0, text).is_ok())
    }
}

text! {
    /// A code that somebody keys in.
    CodeText, most 16, "1 to 16 digits", example "4711", |text| {
        allowed(!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
    }
}

text! {
    /// Somebody's address.
    UriText, most 254, "an address without scheme", example "alice@example.com", |text| {
        let Some((user, host)) = text.rsplit_once('@') else { return Err("the @ is missing".to_owned()) };
        let bad = |c: char| c.is_whitespace() || c.is_control() || ",;<>\":@".contains(c);
        allowed(!user.is_empty() && !user.chars().any(bad) && super::network::is_host(host))
    }
}

text! {
    /// The hosts that a route is for.
    HostText, most 253, "a domain, which stands for all below it too, or an IP network", example "example.com", |text| {
        let network = text.split_once('/').and_then(|(address, bits)| {
            Some(strowger_dialplan::mobility::Subnet::new(address.parse().ok()?, bits.parse().ok()?).is_ok())
        });
        allowed(network.unwrap_or_else(|| super::network::is_host(text)))
    }
}

/// What may stand in the user part of an address without being escaped by whoever writes it.
fn is_dialled(text: &str) -> bool {
    !text.chars().any(|c| c.is_whitespace() || c.is_control() || ":,;<>\"".contains(c))
}
