//! Moments as people write them, in UTC: `2026-05-04`, `2026-05-04T12:03`, `2026-05-04T12:03:30Z`.

use crate::name::days_since_1970;

/// A moment in seconds since 1970; `None` when it is none of the years 1970 to 9999.
pub fn read(text: &str) -> Option<i64> {
    let text = text.trim_end_matches('Z');
    let (day, time) = text.split_once(['T', ' ']).unwrap_or((text, "00:00"));
    let number = |text: &str, digits: usize| {
        let is_number = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse::<i64>().ok()).flatten()
    };
    let mut day = day.split('-');
    let (year, month, of_month) = (number(day.next()?, 4)?, number(day.next()?, 2)?, number(day.next()?, 2)?);
    let mut time = time.split(':');
    let (hour, minute) = (number(time.next()?, 2)?, number(time.next()?, 2)?);
    let second = time.next().map_or(Some(0), |second| number(second, 2))?;
    let ends = day.next().is_none() && time.next().is_none();
    let fits = (1970..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&of_month);
    let fits = fits && hour < 24 && minute < 60 && second < 60;
    let days = days_since_1970(year, month, of_month);
    // The 31st of February is no day.
    let next_month = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    let is_day = days < days_since_1970(next_month.0, next_month.1, 1);
    (ends && fits && is_day).then_some(days * 86_400 + hour * 3_600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read() {
        let check = |text: &str, expect: Option<i64>| assert_eq!(read(text), expect, "{text}");
        check("1970-01-01", Some(0));
        check("2026-05-04T12:01:12Z", Some(1_777_896_072));
        check("2026-05-04 12:01", Some(1_777_896_060));
        check("2024-02-29", Some(1_709_164_800));
        let wrong = [
            "",
            "2023-02-29",
            "2026-5-4",
            "2026-05-04T24:00",
            "2026-05-04T12",
            "1969-12-31",
            "2026-05-04-01",
            "2026-13-01",
            "+026-05-04",
            "2026-05-04T12:01:12:00",
            "yesterday",
        ];
        for wrong in wrong {
            check(wrong, None);
        }
    }
}
