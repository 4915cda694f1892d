//! The answer for people.

use std::fmt::Write;
use std::time::Duration;

use strowger_base::WallTime;
use strowger_base::journal::{EmergencyFrom, MobilityView};
use strowger_dialplan::{
    Candidate, ChangeKind, ChangeStep, Decision, Emergency, HopTrace, KeyTrace, LostBy, NextHopBy,
    PartitionId, PatternId, Presentation, Presented, SearchSpace, TieRule, Trace, Why,
};

use super::from::Incoming;
use super::seen::{self, SeenNumber};
use super::{Answer, Mode, Way};

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
        let how = match &self.way {
            Way::Number(_) => self.mode.words(),
            Way::Name(_) => "by name",
        };
        writeln!(out, "{} dials {} {how}", question.from, question.number)?;
        writeln!(out, "sees  {}", self.partitions(&self.caller.search_space, question.at))?;
        if let Some(place) = self.place() {
            writeln!(out, "is in  {place}")?;
        }
        for incoming in &self.incoming {
            let Incoming { role, number_type, before, after, by, then } = incoming;
            let role = seen::role(*role);
            writeln!(out, "brings  {role} {before}, of {number_type} type → {after}, as the {by} says")?;
            if let Some(then) = then {
                steps(out, then)?;
            }
        }
        match &self.way {
            Way::Number(trace) => self.number(out, trace)?,
            Way::Name(Some(found)) => {
                let kind = strowger_dialplan::NumberPattern::kind_of(found.action);
                writeln!(out, "\n{} is a {kind} in {}", found.text, self.partition(found.partition))?;
            }
            Way::Name(None) => writeln!(out, "\nno name or host of the dial plan is {}", question.number)?,
        }
        writeln!(out, "\nresult  {}", self.result())?;
        if let Way::Number(trace) = &self.way {
            Self::outcome(out, trace)?;
            if let Some(number) = self.emergency(trace) {
                writeln!(out, "help    {number}")?;
            }
            self.write_codes(out)?;
        }
        let followed = self.followed();
        if let Some(followed) = &followed {
            self.onward(out, followed)?;
        }
        let last = self.last_trace(followed.as_ref());
        for (index, attempt) in self.attempts(last).iter().enumerate() {
            let there = |(name, there): &(&str, bool)| {
                if *there { (*name).to_owned() } else { format!("{name} (not there)") }
            };
            let trunks: Vec<String> = attempt.trunks.iter().map(there).collect();
            let trunks = if trunks.is_empty() { "no trunk".to_owned() } else { trunks.join(", ") };
            let numbers = &attempt.numbers;
            let (called, calling) = (numbers.called, numbers.calling.number);
            let shown = presentation(&numbers.calling);
            let calling = if calling.is_empty() { "nobody" } else { calling.as_str() };
            writeln!(
                out,
                "  {}. {}: {trunks}; called {called}, calling {calling}{shown}",
                index + 1,
                attempt.group
            )?;
        }
        let mut viewer = String::new();
        for seen in self.seen(last) {
            if seen.viewer != viewer {
                writeln!(out, "seen by {}", seen.viewer)?;
            }
            steps(out, &seen)?;
            viewer = seen.viewer;
        }
        if let Some(remark) = self.remark(followed.as_ref()) {
            writeln!(out, "note    {remark}")?;
        }
        Ok(())
    }

    /// Where the phone is, and what follows from that.
    pub(super) fn place(&self) -> Option<String> {
        let there = self.configuration.whereabouts(self.phone?, self.question.address);
        let what = match there.away()? {
            MobilityView::AtHome => "at home".to_owned(),
            MobilityView::SameGroup => format!("roams from {} within its mobility group", there.home()),
            MobilityView::OtherGroup => format!("roams from {} outside its mobility group", there.home()),
        };
        Some(format!("{}, device pool {}: {what}", there.info()?, there.pool()))
    }

    /// Whose number an emergency call sends for where the phone is.
    pub(super) fn emergency(&self, trace: &Trace) -> Option<String> {
        let Some(Decision::Routed(routed)) = trace.analysis().decision() else { return None };
        if routed.emergency == Emergency::No {
            return None;
        }
        let there = self.phone.map(|phone| self.configuration.whereabouts(phone, self.question.address));
        Some(match there.and_then(|there| there.emergency()) {
            Some((number, EmergencyFrom::Line)) => format!("{number}, the phone's own"),
            Some((number, EmergencyFrom::Subnet(name))) => format!("{number}, of mobility info {name}"),
            Some((number, EmergencyFrom::DevicePool(name))) => format!("{number}, of device pool {name}"),
            Some((_, EmergencyFrom::Nobody)) | None => {
                "no emergency_number is set for where the caller is".to_owned()
            }
        })
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
        let first = &key.potential.first;
        let text = |id: PatternId| self.text_of(id);
        // The same pattern may stand in several partitions.
        let names: Vec<String> = first
            .iter()
            .map(|id| match first.iter().any(|other| other != id && text(*other) == text(*id)) {
                true => format!("{} in {}", text(*id), self.partition_named(*id)),
                false => text(*id).to_owned(),
            })
            .collect();
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

    pub(super) fn hop(&self, out: &mut String, index: usize, trace: &HopTrace<'_>) -> std::fmt::Result {
        let hop = trace.hop;
        let by = if hop.by == NextHopBy::Calling { ", the calling number," } else { "" };
        writeln!(
            out,
            "\nlookup {}  {}{by} in {}",
            index + 1,
            hop.digits,
            self.partitions(trace.space, hop.at)
        )?;
        for candidate in &trace.candidates {
            self.candidate(out, candidate, hop.digits.len(), trace.candidates.first())?;
        }
        if trace.candidates.is_empty() && hop.why != Why::NoCandidate {
            writeln!(out, "  no pattern takes it as it is")?;
        }
        writeln!(out, "  {}", self.why(hop.why, hop.waited))?;
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
        let filter =
            row.filter.as_ref().map(|filter| format!(" where {}", filter.text())).unwrap_or_default();
        let what = format!("{}{filter} ({}{urgent} in {partition})", row.pattern.text(), row.kind());
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
                let added = match self.configuration.plan.parameters().ties {
                    TieRule::Oldest => "later",
                    TieRule::Newest => "earlier, where the newest wins",
                };
                writeln!(out, "  loses    {what}: takes as many in the same partition, and was added {added}")
            }
        }
    }

    pub(super) fn outcome(out: &mut String, trace: &Trace) -> std::fmt::Result {
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

    /// The partitions of a search space; those that are outside their hours say so.
    pub(super) fn partitions(&self, space: &SearchSpace, at: WallTime) -> String {
        let zone = self.caller.zone.as_ref();
        let name = |id: &PartitionId| match self.configuration.plan.is_open(*id, at, zone) {
            true => self.partition(*id).to_owned(),
            false => format!("{} (closed)", self.partition(*id)),
        };
        let names: Vec<String> = space.partitions().iter().map(name).collect();
        names.join(", ")
    }

    pub(super) fn partition(&self, id: strowger_dialplan::PartitionId) -> &str {
        match self.configuration.plan.partition_name(id) {
            "" => "no partition",
            name => name,
        }
    }

    fn partition_of(&self, candidate: &Candidate) -> &str {
        self.partition_named(candidate.pattern)
    }

    fn partition_named(&self, id: PatternId) -> &str {
        match self.configuration.plan.partition_of(id) {
            "" => "no partition",
            name => name,
        }
    }

    fn why(&self, why: Why, waited: Duration) -> String {
        match (why, self.mode) {
            (Why::NoWait, Mode::EnBloc | Mode::Application) => {
                "without waiting, because the number came as a whole".to_owned()
            }
            // More keys may come, and are of no use.
            (Why::Complete, Mode::Kpml) => self::why(Why::Unambiguous, waited),
            (why, _) => self::why(why, waited),
        }
    }
}

fn why(why: Why, waited: Duration) -> String {
    match why {
        Why::Urgent => "at once, because the winner is urgent".to_owned(),
        Why::Unambiguous => "at once, because nothing longer can match".to_owned(),
        Why::Timeout => format!("after {} in which no key came", seconds(waited)),
        Why::Complete => "at once, because the number came as a whole".to_owned(),
        Why::NoWait => "without waiting, because an earlier translation pattern says so (no_wait)".to_owned(),
        Why::Terminator => "at once, because # ended dialling".to_owned(),
        Why::NoCandidate => "nothing matches, and nothing can".to_owned(),
    }
}

/// What a transformation pattern did to a number, one by one.
fn steps(out: &mut String, seen: &SeenNumber) -> std::fmt::Result {
    let role = seen::role(seen.role);
    let partition = if seen.partition.is_empty() { "no partition" } else { &seen.partition };
    writeln!(out, "  {role:<7}  {} matches {} in {partition}", seen.before, seen.pattern)?;
    seen.steps.iter().try_for_each(|(step, _)| writeln!(out, "  {role:<7}  {step}"))
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
    let (what, value) = change_words(&step.what);
    let what = format!("{what} {value}");
    match step.what {
        ChangeKind::NumberPresentation(_) | ChangeKind::NamePresentation(_) => what,
        ChangeKind::Discard(_)
        | ChangeKind::ExternalMask(_)
        | ChangeKind::Mask(_)
        | ChangeKind::Prefix(_) => {
            format!("{what:<26}  {} → {}", step.before, step.after)
        }
    }
}

/// What one change does, and with what.
pub(super) fn change_words(what: &ChangeKind<'_>) -> (&'static str, String) {
    match what {
        ChangeKind::Discard(discard) => ("discard", discard.to_string()),
        ChangeKind::ExternalMask(mask) => ("external mask", mask.to_string()),
        ChangeKind::Mask(mask) => ("mask", mask.to_string()),
        ChangeKind::Prefix(prefix) => ("prefix", prefix.to_string()),
        ChangeKind::NumberPresentation(presentation) => ("number", presentation.to_string()),
        ChangeKind::NamePresentation(presentation) => ("name", presentation.to_string()),
    }
}

fn many(count: u128) -> String {
    match count {
        1 => "1 number".to_owned(),
        0..1_000_000 => format!("{count} numbers"),
        _ => format!("{:.1e} numbers", count as f64),
    }
}

pub(super) fn seconds(time: Duration) -> String {
    format!("{} s", time.as_secs_f64())
}
