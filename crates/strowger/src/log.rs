//! What the operator reads on standard error: one line each, with time and severity; JSON lines on request.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use strowger_base::WallTime;

static JSON: AtomicBool = AtomicBool::new(false);

/// Chooses JSON lines.
pub(crate) fn use_json() {
    JSON.store(true, Ordering::Relaxed);
}

/// Needs a human.
pub(crate) fn error(text: &str) {
    line("ERROR", "\x1b[31m", text);
}

/// Healed itself.
pub(crate) fn warn(text: &str) {
    line("WARN", "\x1b[33m", text);
}

/// Answers an operator's action.
pub(crate) fn info(text: &str) {
    line("INFO", "", text);
}

fn line(severity: &str, colour: &str, text: &str) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let time = WallTime::from_micros(u64::try_from(now.as_micros()).unwrap_or(0));
    let mut out = std::io::stderr().lock();
    // Nobody is left to tell when standard error is gone.
    let _ = if JSON.load(Ordering::Relaxed) {
        writeln!(
            out,
            "{}",
            serde_json::json!({"time": time.to_string(), "severity": severity, "message": text})
        )
    } else if std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none() && !colour.is_empty()
    {
        writeln!(out, "{time} {colour}{severity:5}\x1b[0m {text}")
    } else {
        writeln!(out, "{time} {severity:5} {text}")
    };
}
