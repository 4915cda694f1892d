//! Forwards and hunts for people.

use std::fmt::Write;

use strowger_base::LineName;
use strowger_callcontrol::Configuration;
use strowger_callcontrol::follow::{End, Followed, Forwarded, HuntEvent, Hunted, Lookup, Step, When};
use strowger_dialplan::SearchSpace;
use strowger_dialplan::forward::BreakoutBecause;
use strowger_dialplan::hunt::{HuntPilot, LineGroup, LineGroupOptions, Output, WhenExhausted};

use super::super::Answer;
use super::super::text::seconds;
use super::{LinesAre, distribution, exhausted, forwards, left, option, rings, shown, skipped};

impl Answer<'_> {
    /// What comes after the number's own result.
    pub(in crate::digits) fn onward(&self, out: &mut String, followed: &Followed<'_>) -> std::fmt::Result {
        let says_nothing = followed.others.iter().all(|other| other.result.is_err());
        if followed.steps.is_empty() && says_nothing && self.question.lines == LinesAre::Free {
            return Ok(());
        }
        for step in &followed.steps {
            writeln!(out)?;
            match step {
                Step::Forwarded(forwarded) => self.forwarded(out, forwarded)?,
                Step::NotFollowed { line, because } => {
                    writeln!(
                        out,
                        "line {} forwards all calls, but {}: it rings",
                        self.configuration.shown(line),
                        not_followed(*because)
                    )?;
                }
                Step::Hunted(hunted) => self.hunted(out, hunted)?,
            }
        }
        writeln!(out, "\nends    {}", self.ends(Some(followed)))?;
        if let (Some(trace), End::Elsewhere(_)) = (self.last_trace(Some(followed)), &followed.end) {
            Self::outcome(out, trace)?;
        }
        for other in &followed.others {
            let after = other.after.map(|after| format!(" after {}", seconds(after))).unwrap_or_default();
            let what = match &other.result {
                Ok(forwarded) => {
                    let way_out = forwarded.way_out.map(words_of_way_out).unwrap_or_default();
                    format!("{} → {}{way_out}", forwarded.to, self.leads_to(&forwarded.lookup))
                }
                Err(cause) => format!("not forwarded, cause {}", cause.0),
            };
            writeln!(out, "  {:<29}{what}", format!("{}{after}", if_lines(other.when)))?;
        }
        Ok(())
    }

    fn forwarded(&self, out: &mut String, forwarded: &Forwarded<'_>) -> std::fmt::Result {
        let Forwarded { by, kind, hop, way_out, to, css, lookup } = forwarded;
        let (who, by) = (if kind.is_some() { "line" } else { "hunt pilot" }, self.configuration.shown(by));
        let limit = self.configuration.forward_parameters.hop_limit.hops();
        let way_out = way_out.map(words_of_way_out).unwrap_or_default();
        writeln!(
            out,
            "{who} {by} forwards {} to {to}{way_out}; redirection {hop} of {limit}",
            forwards(*kind)
        )?;
        match lookup {
            Lookup::Number(trace) => {
                for (index, hop) in trace.hops().iter().enumerate() {
                    self.hop(out, index, hop)?;
                }
            }
            Lookup::Name(found) => {
                let stands =
                    found.as_ref().map(|found| format!("stands in {}", self.partition(found.partition)));
                let stands = stands
                    .unwrap_or_else(|| format!("is no name in {}", self.partitions(css, self.question.at)));
                writeln!(out, "{to} {stands}")?;
            }
        }
        writeln!(out, "leads to {}", self.leads_to(lookup))
    }

    fn hunted(&self, out: &mut String, hunted: &Hunted<'_>) -> std::fmt::Result {
        let most = seconds(hunted.settings.maximum_hunt_timer());
        writeln!(out, "hunt pilot {} hunts through {}, {most} at most", hunted.pilot, hunted.list.name())?;
        for group in hunted.list.groups() {
            writeln!(out, "  {}", settings(self.configuration, group))?;
        }
        if self.question.lines == LinesAre::Free {
            writeln!(out, "  when nobody answers, and no line was offered a call before:")?;
        }
        for event in &hunted.events {
            if let Some(what) = happens(self.configuration, hunted, event) {
                writeln!(out, "  {:>7}  {what}", seconds(event.after))?;
            }
        }
        writeln!(out, "  {:>7}  {}", "then", self.then(&hunted.settings))
    }

    /// What the pilot does with a call that nobody took.
    fn then(&self, pilot: &HuntPilot<SearchSpace>) -> String {
        match pilot.exhausted() {
            WhenExhausted::NotForwarded => "the call ends".to_owned(),
            WhenExhausted::Forward { number, css } => {
                format!("the call goes to {number} in {}", self.partitions(css, self.question.at))
            }
            WhenExhausted::PersonalNoCoverage => {
                "the call goes where the line says that was called originally".to_owned()
            }
        }
    }
}

/// A group; of its options those that are not the usual ones.
fn settings(configuration: &Configuration, group: &LineGroup<LineName>) -> String {
    let options = group.options();
    let usual = LineGroupOptions::default();
    let mut text = format!(
        "{}: {}; {}, {} each",
        group.name(),
        shown(configuration, group.members()).join(", "),
        distribution(options.distribution),
        seconds(options.ring_no_answer_reversion),
    );
    let said = [
        ("no answer", options.on_no_answer, usual.on_no_answer),
        ("busy", options.on_busy, usual.on_busy),
        ("not available", options.on_not_available, usual.on_not_available),
    ];
    for (after, chosen, usual) in said {
        if chosen != usual {
            text.push_str(&format!("; after {after} {}", option(chosen)));
        }
    }
    text
}

/// One thing that a hunt does; `None` for what is told by what follows.
fn happens(configuration: &Configuration, hunted: &Hunted<'_>, event: &HuntEvent) -> Option<String> {
    let name = |position: usize| hunted.list.groups().get(position).map_or("", |group| group.name());
    Some(match &event.what {
        Output::Ring { members, group, because, .. } => {
            let ring = if members.len() == 1 { "rings" } else { "ring" };
            {
                let members = shown(configuration, members).join(", ");
                format!("{}: {members} {ring}, {}", name(*group), rings(configuration, because))
            }
        }
        Output::Skipped { member, group, because } => {
            let member = configuration.shown(member.as_str());
            format!("{}: {member} is passed over, {}", name(*group), skipped(*because))
        }
        Output::LeftGroup { group, because } => format!("{}: {}", name(*group), left(*because)),
        Output::Exhausted { because, .. } => exhausted(*because),
        Output::Withdraw { .. } | Output::Connected { .. } => return None,
    })
}

const fn if_lines(when: When) -> &'static str {
    match when {
        When::Free => "free",
        When::Busy => "if busy",
        When::NoAnswer => "if not answered",
        When::Unregistered => "if unregistered",
    }
}

const fn not_followed(because: BreakoutBecause) -> &'static str {
    match because {
        BreakoutBecause::Loop => "that would lead back",
        BreakoutBecause::HopLimit => "that would be one redirection too many",
    }
}

const fn words_of_way_out(because: BreakoutBecause) -> &'static str {
    match because {
        BreakoutBecause::Loop => ", because its forward of all calls would lead back",
        BreakoutBecause::HopLimit => ", because its forward of all calls would be one redirection too many",
    }
}
