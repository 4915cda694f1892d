//! An event as a line.

use std::fmt::Write;

use strowger_base::WallTime;

use super::{Event, Level, Value};

/// `TIME LEVEL message name=value …`, for people. A value with spaces or quotes stands in quotes.
pub(super) fn text(event: &Event, now: WallTime, colour: bool) -> String {
    let (before, after) = match event.level {
        Level::Error if colour => ("\x1b[31m", "\x1b[0m"),
        Level::Warn if colour => ("\x1b[33m", "\x1b[0m"),
        Level::Error | Level::Warn | Level::Info | Level::Debug => ("", ""),
    };
    let mut line = format!("{now} {before}{:5}{after} ", word(event.level));
    push_harmless(&mut line, &event.message);
    for (name, value) in &event.fields {
        // Writing to a string cannot fail.
        let _ = match value {
            Value::Count(count) => write!(line, " {name}={count}"),
            Value::Text(text) if is_plain(text) => write!(line, " {name}={text}"),
            Value::Text(text) => {
                let _ = write!(line, " {name}=\"");
                push_harmless(&mut line, &text.replace('\\', "\\\\").replace('"', "\\\""));
                line.write_char('"')
            }
        };
    }
    line.push('\n');
    line
}

/// One object a line, for programs: `time`, `level`, `message`, then the fields by their names.
pub(super) fn json(event: &Event, now: WallTime) -> String {
    let mut line = format!(
        r#"{{"time":"{now}","level":"{}","message":{}"#,
        word(event.level),
        serde_json::Value::from(&*event.message)
    );
    for (name, value) in &event.fields {
        // Writing to a string cannot fail.
        let _ = match value {
            Value::Count(count) => write!(line, r#","{name}":{count}"#),
            Value::Text(text) => write!(line, r#","{name}":{}"#, serde_json::Value::from(shortened(text))),
        };
    }
    line.push_str("}\n");
    line
}

const fn word(level: Level) -> &'static str {
    match level {
        Level::Error => "ERROR",
        Level::Warn => "WARN",
        Level::Info => "INFO",
        Level::Debug => "DEBUG",
    }
}

fn is_plain(text: &str) -> bool {
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && !['"', '=', '\\'].contains(&c);
    !text.is_empty() && text.len() <= TEXT_MAX && text.chars().all(plain)
}

/// Strangers choose some of it: nothing of it may move a terminal's cursor, begin a line, or fill the disk.
fn push_harmless(line: &mut String, text: &str) {
    line.extend(shortened(text).chars().map(|c| if c.is_control() { '?' } else { c }));
}

fn shortened(text: &str) -> &str {
    text.char_indices().nth(TEXT_MAX).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

/// Characters of a value; what the operating system or a peer says is shorter.
const TEXT_MAX: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(event: Event, expect_text: &str, expect_json: &str) {
        let now = WallTime::from_micros(1_795_219_200_000_000);
        assert_eq!(text(&event, now, false), format!("2026-11-21T00:00:00.000Z {expect_text}\n"));
        let line = json(&event, now);
        assert_eq!(line, format!("{{\"time\":\"2026-11-21T00:00:00.000Z\",{expect_json}}}\n"));
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["message"], *event.message, "it is one JSON object");
    }

    #[test]
    fn an_event_is_one_line_for_people_and_one_object_for_programs() {
        check(
            super::super::warn("registration refused")
                .number("1001")
                .address("192.0.2.1:5060".parse().unwrap())
                .with("reason", "wrong password"),
            "WARN  registration refused number=1001 address=192.0.2.1:5060 reason=\"wrong password\"",
            r#""level":"WARN","message":"registration refused","number":"1001","address":"192.0.2.1:5060","reason":"wrong password""#,
        );
        check(
            super::super::debug("call ended").call("C1.0.42".parse().unwrap()).count("talk_seconds", 7),
            "DEBUG call ended call=C1.0.42 talk_seconds=7",
            r#""level":"DEBUG","message":"call ended","call":"C1.0.42","talk_seconds":7"#,
        );
        check(super::super::info("ready"), "INFO  ready", r#""level":"INFO","message":"ready""#);
    }

    #[test]
    fn what_a_stranger_sent_stays_inside_its_value() {
        check(
            super::super::warn("registration refused").number("a\" x=\"y\n\x1b[2J\\"),
            r#"WARN  registration refused number="a\" x=\"y??[2J\\""#,
            r#""level":"WARN","message":"registration refused","number":"a\" x=\"y\n\u001b[2J\\""#,
        );
        check(
            super::super::error("x").number(""),
            "ERROR x number=\"\"",
            r#""level":"ERROR","message":"x","number":"""#,
        );
        let long = "é".repeat(10_000);
        let event = super::super::warn("x").number(&long);
        let now = WallTime::from_micros(0);
        assert!(text(&event, now, false).len() < 1_100 && json(&event, now).len() < 1_100);
    }

    #[test]
    fn colour_is_for_terminals_and_only_for_what_matters() {
        let now = WallTime::from_micros(0);
        let check = |event: Event, coloured: bool| {
            assert_eq!(text(&event, now, true).contains('\x1b'), coloured);
            assert!(!text(&event, now, false).contains('\x1b'));
        };
        check(super::super::error("x"), true);
        check(super::super::warn("x"), true);
        check(super::super::info("x"), false);
    }
}
