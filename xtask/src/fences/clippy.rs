//! Each core's `clippy.toml` against the one text that forbids clocks, sockets, files, threads and randomness.

use super::floors;

/// What every core's file must be. It replaces the root's file for that crate, so it repeats the root's rules.
const CANONICAL: &str = include_str!("core-clippy.toml");

/// What is missing, given the workspace's crates and a way to read a file.
pub(crate) fn complaints(members: &[String], read: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let cores = members.iter().filter(|name| floors::is_core(name));
    cores.filter_map(|name| complaint(name, &read)).collect()
}

fn complaint(name: &str, read: &impl Fn(&str) -> Option<String>) -> Option<String> {
    let path = format!("crates/{}/clippy.toml", name.trim_start_matches("strowger-"));
    let Some(text) = read(&path) else {
        return Some(format!("{path} is missing: copy xtask/src/fences/core-clippy.toml"));
    };
    let missing = CANONICAL.lines().find(|line| !text.lines().any(|other| other == *line))?;
    Some(format!("{path} lacks the line `{}`: copy xtask/src/fences/core-clippy.toml", missing.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: Option<&str>, expect: Option<&str>) {
        let found = complaints(&["strowger-sip".into(), "strowger".into()], |path| {
            assert_eq!(path, "crates/sip/clippy.toml", "shells are not asked");
            text.map(str::to_owned)
        });
        assert_eq!(found.len(), usize::from(expect.is_some()), "{found:?}");
        assert!(expect.is_none_or(|words| found[0].contains(words)), "{found:?}");
    }

    #[test]
    fn a_ban_that_was_dropped_is_found() {
        check(Some(CANONICAL), None);
        check(Some(&format!("{CANONICAL}# more of its own\n")), None);
        check(None, Some("missing"));
        let without_clock: String = CANONICAL
            .lines()
            .filter(|line| !line.contains("Instant::now"))
            .map(|line| format!("{line}\n"))
            .collect();
        check(Some(&without_clock), Some("std::time::Instant::now"));
    }
}
