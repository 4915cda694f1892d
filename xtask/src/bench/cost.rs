//! What a server costs, read from the kernel: CPU time and memory of a process and all that it started.

use std::collections::BTreeMap;
use std::process::Command;

/// A reading of a process tree.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(crate) struct Cost {
    /// User and system time since the processes began, in seconds.
    pub(crate) cpu_seconds: f64,
    /// Proportional set size: shared pages are counted once.
    pub(crate) pss_kib: u64,
}

/// Reads the cost of `root` and its descendants.
pub(crate) fn of(root: u32) -> Cost {
    let ticks_per_second = clock_ticks();
    let mut cost = Cost::default();
    for process in tree(root) {
        if let Some(stat) = Stat::of(process) {
            cost.cpu_seconds += stat.ticks as f64 / ticks_per_second;
        }
        cost.pss_kib += pss(process);
    }
    cost
}

/// Time that the hypervisor gave to somebody else, in seconds since boot, all cores.
pub(crate) fn stolen_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    let first = text.lines().next().unwrap_or_default();
    let steal = first.split_whitespace().nth(8).and_then(|field| field.parse::<f64>().ok());
    steal.unwrap_or(0.0) / clock_ticks()
}

/// Load average of the last minute.
pub(crate) fn load() -> f64 {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().and_then(|field| field.parse().ok()).unwrap_or(0.0)
}

struct Stat {
    parent: u32,
    ticks: u64,
}

impl Stat {
    fn of(process: u32) -> Option<Stat> {
        Stat::parse(&std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?)
    }

    /// The program's name may hold blanks and brackets, so fields are counted after the last bracket.
    fn parse(text: &str) -> Option<Stat> {
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
        Some(Stat { parent: number(1)? as u32, ticks: number(11)? + number(12)? })
    }
}

fn tree(root: u32) -> Vec<u32> {
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        if let Some(process) = entry.file_name().to_str().and_then(|name| name.parse().ok())
            && let Some(stat) = Stat::of(process)
        {
            children.entry(stat.parent).or_default().push(process);
        }
    }
    let mut found = vec![root];
    let mut at = 0;
    while let Some(process) = found.get(at) {
        found.extend(children.remove(process).unwrap_or_default());
        at += 1;
    }
    found
}

fn pss(process: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/smaps_rollup")).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("Pss:"));
    line.and_then(|line| line.split_whitespace().nth(1)).and_then(|field| field.parse().ok()).unwrap_or(0)
}

fn clock_ticks() -> f64 {
    static TICKS: std::sync::OnceLock<f64> = std::sync::OnceLock::new();
    *TICKS.get_or_init(|| {
        let output = Command::new("getconf").arg("CLK_TCK").output().ok();
        output.and_then(|output| String::from_utf8_lossy(&output.stdout).trim().parse().ok()).unwrap_or(100.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_does_not_shift_the_fields() {
        let text = "7 (a) b) S 3 7 7 0 -1 4194560 1 0 0 0 40 2 0 0 20 0 1 0 5 6 7";
        let stat = Stat::parse(text).expect("fields");
        assert_eq!((stat.parent, stat.ticks), (3, 42));
    }

    #[test]
    fn this_very_process_costs_something() {
        assert!(of(std::process::id()).pss_kib > 100);
    }
}
