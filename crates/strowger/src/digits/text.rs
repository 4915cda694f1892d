//! The answer for people.

use std::fmt::Write;
use std::time::Duration;

use strowger_dialplan::{
    Candidate, ChangeKind, ChangeStep, Decision, HopTrace, KeyTrace, LostBy, NextHopBy, Presentation,
    Presented, Trace, Why,
};

use super::from::Incoming;
use super::{Answer, Way};

impl Answer<'_> {
    /// As it is printed in a terminal.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        let question = self.question;
        writeln!(out, "{} dials {} {}", question.from, question.number, question.mode.words())?;
        writeln!(out, "sees  {}", self.partitions(&self.caller.search_space))?;
        for incoming in &self.incoming {
            let Incoming { role, number_type, before, after, by } = incoming;
            writeln!(out, "brings  {role} {before}, of {number_type} type → {after}, as the {by} says")?;
        }
        match &self.way {
            Way::Number(trace) => self.number(out, trace)?,
            Way::Name(Some(found)) => {
                writeln!(out, "\n{} stands in {}", found.text, self.partition(found.partition))?;
            }
            Way::Name(None) => writeln!(out, "\nno name or host of the dial plan is {}", question.number)?,
        }
        writeln!(out, "\nresult  {}", self.result())?;
        if let Way::Number(trace) = &self.way {
            Self::outcome(out, trace)?;
        }
        for (index, attempt) in self.attempts().iter().enumerate() {
            let there = |(name, there): &(&str, bool)| {
                if *there { (*name).to_owned() } else { format!("{name} (not there)") }
            };
            let trunks: Vec<String> = attempt.trunks.iter().map(there).collect();
            let trunks = if trunks.is_empty() { "no trunk".to_owned() } else { trunks.join(", ") };
            let numbers = &attempt.numbers;
            let (called, calling) = (numbers.called, numbers.calling.number);
            let shown = presentation(&numbers.calling);
            writeln!(
                out,
                "  {}. {}: {trunks}; called {called}, calling {calling}{shown}",
                index + 1,
                attempt.group
            )?;
        }
        if let Some(remark) = self.remark() {
            writeln!(out, "note    {remark}")?;
        }
        Ok(())
    }

    fn number(&self, out: &mut String, trace: &Trace) -> std::fmt::Result {
        if !trace.keys.is_empty() {
            writeln!(out)?;
        }
        let width = trace.keys.last().map_or(0, |key| key.digits.len());
        for key in &trace.keys {
            self.key(out, key, width)?;
        }
        for (index, hop) in trace.hops().iter().enumerate() {
            self.hop(out, index, hop)?;
        }
        Ok(())
    }

    fn key(&self, out: &mut String, key: &KeyTrace, width: usize) -> std::fmt::Result {
        let now = match key.best {
            Some(best) => format!("{} matches", self.text_of(best)),
            None if key.waits.is_some() => "no match yet".to_owned(),
            None => String::new(),
        };
        write!(out, "  {:<width$}  ", key.digits.as_str())?;
        let Some(waits) = key.waits else { return writeln!(out, "decided") };
        let names: Vec<&str> = key.potential.first.iter().map(|id| self.text_of(*id)).collect();
        let more = if key.potential.count > names.len() { ", …" } else { "" };
        let count = if key.potential.more {
            format!("more than {}", key.potential.count)
        } else {
            key.potential.count.to_string()
        };
        let tone = if key.outside_dial_tone { "; outside dial tone" } else { "" };
        writeln!(
            out,
            "{now}; {count} could still: {}{more}; waits {}{tone}",
            names.join(", "),
            seconds(waits)
        )
    }

    fn hop(&self, out: &mut String, index: usize, trace: &HopTrace<'_>) -> std::fmt::Result {
        let hop = trace.hop;
        let by = if hop.by == NextHopBy::Calling { ", the calling number," } else { "" };
        writeln!(out, "\nlookup {}  {}{by} in {}", index + 1, hop.digits, self.partitions(trace.space))?;
        for candidate in &trace.candidates {
            self.candidate(out, candidate, hop.digits.len(), trace.candidates.first())?;
        }
        writeln!(out, "  {}", why(hop.why, hop.waited))?;
        for (whose, steps) in [("called", &trace.called), ("calling", &trace.calling)] {
            for step in steps {
                writeln!(out, "  {whose:<7}  {}", change(step))?;
            }
        }
        Ok(())
    }

    fn candidate(
        &self,
        out: &mut String,
        candidate: &Candidate,
        length: usize,
        winner: Option<&Candidate>,
    ) -> std::fmt::Result {
        let Some(row) = self.pattern(candidate.pattern) else { return Ok(()) };
        let partition = self.partition_of(candidate);
        let urgent = if row.urgent { ", urgent" } else { "" };
        let what = format!("{} ({}{urgent} in {partition})", row.pattern.text(), row.kind());
        let numbers = many(candidate.breadth);
        match (candidate.lost_by, winner) {
            (None, _) | (_, None) => {
                writeln!(out, "  wins     {what}: takes {numbers} of {length} digits")
            }
            (Some(LostBy::Breadth), Some(winner)) => {
                let than = many(winner.breadth);
                writeln!(out, "  loses    {what}: takes {numbers} of {length} digits, more than {than}")
            }
            (Some(LostBy::Partition), Some(winner)) => writeln!(
                out,
                "  loses    {what}: takes as many, and its partition comes after {}",
                self.partition_of(winner)
            ),
            (Some(LostBy::Age), Some(_)) => {
                writeln!(out, "  loses    {what}: takes as many in the same partition, and was added later")
            }
        }
    }

    fn outcome(out: &mut String, trace: &Trace) -> std::fmt::Result {
        if let Some(Decision::Routed(routed)) = trace.analysis().decision() {
            writeln!(out, "called  {}", routed.called)?;
            let shown = presentation(&routed.calling);
            if !routed.calling.number.is_empty() || !shown.is_empty() {
                writeln!(out, "calling {}{shown}", routed.calling.number)?;
            }
        }
        let waited = trace.waited();
        if waited > Duration::ZERO {
            writeln!(out, "waited  {}", seconds(waited))?;
        }
        Ok(())
    }

    fn partitions(&self, space: &strowger_dialplan::SearchSpace) -> String {
        let names: Vec<&str> = space.partitions().iter().map(|id| self.partition(*id)).collect();
        names.join(", ")
    }

    fn partition(&self, id: strowger_dialplan::PartitionId) -> &str {
        match self.configuration.plan.partition_name(id) {
            "" => "no partition",
            name => name,
        }
    }

    fn partition_of(&self, candidate: &Candidate) -> &str {
        match self.configuration.plan.partition_of(candidate.pattern) {
            "" => "no partition",
            name => name,
        }
    }
}

fn why(why: Why, waited: Duration) -> String {
    match why {
        Why::Urgent => "at once, because the winner is urgent".to_owned(),
        Why::Unambiguous => "at once, because nothing longer can match".to_owned(),
        Why::Timeout => format!("after {} in which no key came", seconds(waited)),
        Why::Complete => "at once, because the number came as a whole".to_owned(),
        Why::NoWait => "without waiting, as an earlier pattern or the way it came rules".to_owned(),
        Why::Terminator => "at once, because # ended dialling".to_owned(),
        Why::NoCandidate => "nothing matches, and nothing can".to_owned(),
    }
}

/// What a pattern said about who calls being shown; nothing where none did.
fn presentation(calling: &Presented) -> String {
    let said = |what: &str, presentation: Presentation| match presentation {
        Presentation::Default => String::new(),
        Presentation::Allowed | Presentation::Restricted => format!(", {what} {presentation}"),
    };
    said("number", calling.number_presentation) + &said("name", calling.name_presentation)
}

/// One change, before and after.
pub(super) fn change(step: &ChangeStep<'_>) -> String {
    let what = match step.what {
        ChangeKind::Discard(discard) => format!("discard {discard}"),
        ChangeKind::ExternalMask(mask) => format!("external mask {mask}"),
        ChangeKind::Mask(mask) => format!("mask {mask}"),
        ChangeKind::Prefix(prefix) => format!("prefix {prefix}"),
        ChangeKind::NumberPresentation(presentation) => return format!("number {presentation}"),
        ChangeKind::NamePresentation(presentation) => return format!("name {presentation}"),
    };
    format!("{what:<26}  {} → {}", step.before, step.after)
}

fn many(count: u128) -> String {
    match count {
        1 => "1 number".to_owned(),
        0..1_000_000 => format!("{count} numbers"),
        _ => format!("{:.1e} numbers", count as f64),
    }
}

fn seconds(time: Duration) -> String {
    format!("{} s", time.as_secs_f64())
}
