//! What is doubtful about the whole plan, for people and for programs.

use std::fmt::Write;

use serde_json::{Value, json};
use strowger_base::WallTime;
use strowger_callcontrol::{Configuration, follow};
use strowger_dialplan::forward::ForwardKind;
use strowger_dialplan::lint::{Example, Finding, Kind, Lint, Severity, lint};
use strowger_dialplan::{Arrival, PatternId};

/// The findings with the plan that they are about.
pub(crate) struct Report<'c> {
    configuration: &'c Configuration,
    lint: Lint,
}

/// Answers on the command line.
///
/// # Errors
/// When calls fail that must not.
pub(super) fn run(configuration: &Configuration, at: WallTime, json: bool) -> anyhow::Result<()> {
    let report = Report::of(configuration, at);
    if json {
        crate::print::line(report.json())?;
    } else {
        crate::print::print(report.text())?;
    }
    fail_on(report.count(Severity::Error) as u64)
}

/// Prints what a server found.
///
/// # Errors
/// When calls fail that must not.
pub(super) fn print(answer: &str, json: bool) -> anyhow::Result<()> {
    crate::print::line(answer.trim_end())?;
    let errors = if json {
        serde_json::from_str::<Value>(answer)?["errors"].as_u64().unwrap_or(0)
    } else {
        // The last line counts.
        let counts = answer.trim_end().lines().next_back().and_then(|line| line.strip_prefix("errors "));
        counts.and_then(|line| line.split(',').next()?.parse().ok()).unwrap_or(0)
    };
    fail_on(errors)
}

fn fail_on(errors: u64) -> anyhow::Result<()> {
    anyhow::ensure!(errors == 0, "the dial plan has errors: {errors} of the findings above");
    Ok(())
}

/// A finding, to be told apart from others of another plan.
pub(crate) struct Doubt {
    /// What it is about: of many with the same cause only some are told.
    pub(crate) group: (Severity, Kind, Option<String>),
    /// The sentence without the number of lines that it concerns.
    pub(crate) is: String,
    /// That number; 0 when it has none.
    pub(crate) lines: usize,
    /// Further ones with the same cause.
    pub(crate) alike: usize,
    /// For people.
    pub(crate) sentence: String,
}

/// `3 lines cannot call` is the same as `one line cannot call`, of other lines.
fn without_count(sentence: &str) -> (String, usize) {
    let Some((kind, what)) = sentence.split_once(": ") else { return (sentence.to_owned(), 0) };
    if let Some(rest) = what.strip_prefix("one line ") {
        return (format!("{kind}: lines {rest}"), 1);
    }
    let counted = what.split_once(" lines ").and_then(|(count, rest)| Some((count.parse().ok()?, rest)));
    counted.map_or((sentence.to_owned(), 0), |(count, rest)| (format!("{kind}: lines {rest}"), count))
}

impl<'c> Report<'c> {
    pub(crate) fn of(configuration: &'c Configuration, at: WallTime) -> Self {
        let Configuration { plan, codes, .. } = configuration;
        let mut lint = lint(plan, &configuration.origins(), codes, at);
        let onward = follow::lint(configuration, at);
        lint.findings.extend(onward.findings);
        lint.findings.sort_by_key(|finding| (finding.severity, finding.kind));
        lint.incomplete.extend(onward.incomplete);
        Report { configuration, lint }
    }

    /// As it is printed in a terminal.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.write(&mut text);
        text
    }

    /// What is more than a note, for who did not ask.
    pub(crate) fn doubts(&self) -> String {
        let mut text = String::new();
        let doubtful = self.lint.findings.iter().filter(|finding| finding.severity != Severity::Note);
        for finding in doubtful {
            // Writing to a string cannot fail.
            let _ = write_finding(&mut text, finding);
        }
        text
    }

    /// Each finding that is more than a note.
    pub(crate) fn doubtful(&self) -> Vec<Doubt> {
        let doubtful = self.lint.findings.iter().filter(|finding| finding.severity != Severity::Note);
        let cause = |finding: &Finding| {
            let row = self.configuration.plan.pattern(*finding.patterns.get(1)?)?;
            Some(row.pattern.text().to_owned())
        };
        let doubt = |finding: &Finding| {
            let sentence = format!("{} {}: {}", finding.severity.word(), finding.kind.word(), finding.what);
            let (is, lines) = without_count(&sentence);
            let alike = finding.alike;
            Doubt { group: (finding.severity, finding.kind, cause(finding)), is, lines, alike, sentence }
        };
        doubtful.map(doubt).collect()
    }

    /// The same as [`Report::text`], as one JSON object.
    pub(crate) fn json(&self) -> Value {
        let findings: Vec<Value> = self.lint.findings.iter().map(|finding| self.finding(finding)).collect();
        json!({
            "findings": findings,
            "errors": self.count(Severity::Error),
            "warnings": self.count(Severity::Warning),
            "notes": self.count(Severity::Note),
            "incomplete": self.lint.incomplete,
        })
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        for finding in &self.lint.findings {
            write_finding(out, finding)?;
        }
        for what in &self.lint.incomplete {
            writeln!(out, "not all looked at: {what}")?;
        }
        let [errors, warnings, notes] =
            [Severity::Error, Severity::Warning, Severity::Note].map(|severity| self.count(severity));
        writeln!(out, "errors {errors}, warnings {warnings}, notes {notes}")
    }

    fn finding(&self, finding: &Finding) -> Value {
        let plan = &self.configuration.plan;
        let patterns: Vec<Value> = finding.patterns.iter().map(|id| self.pattern(*id)).collect();
        let example = finding.example.as_ref().map(|example| {
            json!({
                "from": &*example.from,
                "number": &*example.number,
                "mode": mode(example.arrival),
                "when": when(example).unwrap_or("free"),
            })
        });
        json!({
            "kind": finding.kind.word(),
            "severity": finding.severity.word(),
            "patterns": patterns,
            "names": finding.names,
            "partition": finding.partition.map(|id| plan.partition_name(id)),
            "search_space": &*finding.search_space,
            "example": example,
            "alike": finding.alike,
            "what": finding.what,
            "advice": finding.advice(),
        })
    }

    fn pattern(&self, id: PatternId) -> Value {
        let plan = &self.configuration.plan;
        let row = plan.pattern(id);
        json!({
            "pattern": row.map(|row| row.pattern.text()),
            "kind": row.map(|row| row.kind()),
            "partition": plan.partition_of(id),
        })
    }

    fn count(&self, severity: Severity) -> usize {
        let alike = self.lint.findings.iter().filter(|finding| finding.severity == severity);
        alike.map(|finding| 1 + finding.alike).sum()
    }
}

fn write_finding(out: &mut String, finding: &Finding) -> std::fmt::Result {
    writeln!(out, "{:<8} {}: {}", finding.severity.word(), finding.kind.word(), finding.what)?;
    if finding.alike > 0 {
        writeln!(out, "         and {} more like it", finding.alike)?;
    }
    if let Some(example) = &finding.example {
        writeln!(out, "         {}", command(example))?;
    }
    writeln!(out, "         {}", finding.advice())
}

/// The command that shows it.
fn command(example: &Example) -> String {
    let how = match mode(example.arrival) {
        "keys" => String::new(),
        mode => format!(" --mode {mode}"),
    };
    let number = &*example.number;
    // A shell takes these for itself.
    let quote = if number.contains(['#', '*']) { "'" } else { "" };
    let when = when(example).map(|when| format!(" --when {when}")).unwrap_or_default();
    format!("strowger digits {} {quote}{number}{quote}{how}{when}", example.from)
}

/// What the lines must be doing for it.
const fn when(example: &Example) -> Option<&'static str> {
    match example.forward {
        Some(ForwardKind::Busy) => Some("busy"),
        Some(ForwardKind::NoAnswer) => Some("no-answer"),
        Some(ForwardKind::Unregistered) => Some("unregistered"),
        Some(ForwardKind::All | ForwardKind::NoCoverage | ForwardKind::CtiFailure) | None => None,
    }
}

const fn mode(arrival: Arrival) -> &'static str {
    match arrival {
        Arrival::KeyByKey => "keys",
        Arrival::EnBloc => "en-bloc",
        Arrival::Application => "application",
        Arrival::ApplicationThroughSip => "kpml",
        Arrival::SpeedDial => "speed-dial",
    }
}
