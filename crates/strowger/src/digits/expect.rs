//! Saved diallings: what a number must lead to, kept beside the plan and run as tests.

use std::fmt::Write;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use strowger_base::LineName;
use strowger_base::nearest::nearest;
use strowger_callcontrol::Configuration;
use strowger_configuration::State;
use strowger_configuration::kinds::{Dialling, LinesAre as Lines, SavedDialling};
use strowger_configuration::setting::Told;
use strowger_dialplan::Decision;
use strowger_node::objects::line_name;

use super::from::{from, line_called};
use super::{Answer, Codes, LinesAre, Mode, Question, Way};
use crate::config_file::ConfigFile;
use crate::print::line;

/// `[[expect]]` of the node file. What is not given is not compared.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExpectSection {
    /// Who dials.
    pub(crate) from: String,
    /// What is dialled.
    pub(crate) number: String,
    /// How it arrives; as is usual for who dials, unless it is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) mode: Option<Mode>,
    /// Where the phone is that dials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) address: Option<std::net::IpAddr>,
    /// When, in UTC: `2026-11-21T08:00`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) at: Option<String>,
    /// Where it leads: `line 1001`, `trunk pstn`, `no match`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) result: Option<String>,
    /// What the lines are doing that the call reaches.
    #[serde(default, skip_serializing_if = "is_free")]
    pub(crate) when: LinesAre,
    /// Where the call ends after forwards and hunts: `line 1002`, `cause 17 at line 1001`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ends: Option<String>,
    /// Which codes are asked for: `authorization 10, matter`, or `nothing`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) asks: Option<String>,
    /// The pattern that decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) pattern: Option<String>,
    /// The called number as it is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) called: Option<String>,
    /// The calling number as it is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) calling: Option<String>,
    /// The trunk that gets the call first, of those that are there; `none`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) trunk: Option<String>,
    /// All trunks that are there, in the order in which they are tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) trunks: Option<Vec<String>>,
    /// The members of the last hunt that ring, in the order in which they ring as long as nobody answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) members: Option<Vec<String>>,
    /// Seconds that are waited for keys that do not come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) waits_seconds: Option<u64>,
}

/// One thing that went another way.
struct Difference {
    what: &'static str,
    expected: String,
    found: String,
}

/// A saved dialling, and how people find it: its place in a file, or its name.
pub(crate) struct Saved {
    pub(crate) place: String,
    pub(crate) expect: ExpectSection,
}

impl Saved {
    /// All that a file has.
    pub(crate) fn of_file(file: &ConfigFile) -> Vec<Saved> {
        let all = file.expectations.iter().enumerate();
        let saved = all.map(|(index, expect)| {
            let place = file.nth("expect", index).trim_end_matches(':').to_owned();
            Saved { place, expect: expect.clone() }
        });
        saved.collect()
    }

    /// All that are configured.
    pub(crate) fn of_state(state: &State) -> Vec<Saved> {
        let saved = state.all::<SavedDialling>();
        let saved = saved.map(|(_, it)| Saved {
            place: it.name.as_str().to_owned(),
            expect: ExpectSection::of(state, it),
        });
        saved.collect()
    }
}

/// Runs all of them; what became of each, for programs and for [`text`].
pub(crate) fn report(all: &[Saved], configuration: &Configuration) -> Value {
    let mut failed = 0;
    let rows = all.iter().map(|Saved { place, expect }| {
        let differences = expect.failures(configuration);
        failed += usize::from(!differences.is_empty());
        json!({
            "place": place, "from": expect.from, "number": expect.number,
            "passed": differences.is_empty(), "differences": differences,
        })
    });
    let rows: Vec<Value> = rows.collect();
    json!({ "expectations": rows, "failed": failed })
}

/// A report for people.
pub(crate) fn text(report: &Value) -> String {
    let mut text = String::new();
    let rows = report.get("expectations").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for row in rows {
        let word = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
        let passed = row.get("passed").and_then(Value::as_bool).unwrap_or(false);
        let became = if passed { "pass" } else { "FAIL" };
        _ = writeln!(text, "{became}  {}: {} dials {}", word("place"), word("from"), word("number"));
        let differences = row.get("differences").and_then(Value::as_array).map(Vec::as_slice);
        for difference in differences.unwrap_or_default() {
            _ = writeln!(text, "        {}", difference.as_str().unwrap_or_default());
        }
    }
    let failed = report.get("failed").and_then(Value::as_u64).unwrap_or(0) as usize;
    if rows.is_empty() {
        text.push_str(
            "no dialling is saved; write one as [[expect]] with from, number and result into the node file, or as an \
             object saved_dialling\n",
        );
    } else {
        _ = writeln!(text, "{} of {} as expected", rows.len() - failed, rows.len());
    }
    text
}

/// Prints a report.
///
/// # Errors
/// When one went another way.
pub(super) fn print(report: &Value, json: bool) -> anyhow::Result<()> {
    if json {
        line(report)?
    } else {
        crate::print::print(text(report))?
    }
    let all = report.get("expectations").and_then(Value::as_array).map_or(0, Vec::len);
    let failed = report.get("failed").and_then(Value::as_u64).unwrap_or(0);
    anyhow::ensure!(failed == 0, "{failed} of {all} saved diallings went another way");
    Ok(())
}

/// Those of a file that cannot be asked, each with its place; they are not run.
pub(crate) fn unusable(file: &ConfigFile, configuration: &Configuration) -> Vec<String> {
    let wrong = |(index, expect): (usize, &ExpectSection)| {
        let question = expect.question(configuration);
        let error = question.and_then(|question| from(configuration, &question).map(drop)).err()?;
        Some(format!("{} {error:#}", file.nth("expect", index)))
    };
    file.expectations.iter().enumerate().filter_map(wrong).collect()
}

impl ExpectSection {
    /// What is asked.
    ///
    /// # Errors
    /// When nothing is expected, or something that this configuration does not have.
    fn question(&self, configuration: &Configuration) -> anyhow::Result<Question> {
        let texts =
            [&self.result, &self.ends, &self.asks, &self.pattern, &self.called, &self.calling, &self.trunk];
        let lists = [&self.trunks, &self.members];
        anyhow::ensure!(
            self.waits_seconds.is_some()
                || texts.iter().any(|it| it.is_some())
                || lists.iter().any(|it| it.is_some()),
            "nothing is expected of it; give it for example a result"
        );
        let trunk = self.trunk.iter().filter(|name| *name != NONE);
        for name in trunk.chain(self.trunks.iter().flatten()) {
            known("trunk", name, configuration.trunks.contains_key(&**name), configuration.trunks.keys())?;
        }
        for number in self.members.iter().flatten() {
            let there = line_called(configuration, number)?.is_some();
            known("members", number, there, std::iter::empty::<&str>())?;
        }
        let at = self.at.as_deref().map(super::time).transpose().map_err(anyhow::Error::msg)?;
        Ok(Question {
            from: self.from.clone(),
            number: self.number.clone(),
            mode: self.mode,
            calling: None,
            address: self.address,
            at: at.unwrap_or_else(super::now),
            lines: self.when,
            codes: Codes::default(),
        })
    }

    /// The one of an object.
    fn of(state: &State, it: &SavedDialling) -> Self {
        let told = |told: &Option<Told>| told.as_ref().map(|told| told.as_str().to_owned());
        let names = |told: &Told| {
            let names = told.as_str().split(',').map(|name| name.trim().to_owned());
            names.filter(|name| !name.is_empty() && name != NONE).collect()
        };
        let identity = |id| state.entry(id).map_or("", |entry| entry.object().identity().name);
        let from = match (it.line, it.trunk, it.search_space) {
            (Some(line), ..) => {
                format!("line:{}", line_name(state, line).as_ref().map_or("", LineName::as_str))
            }
            (None, Some(trunk), _) => format!("trunk:{}", identity(trunk.id())),
            (None, None, space) => format!("space:{}", space.map_or("", |space| identity(space.id()))),
        };
        ExpectSection {
            from,
            number: it.number.as_str().to_owned(),
            mode: it.mode.map(Into::into),
            address: it.address.as_ref().map(|address| address.get()),
            at: it.at.as_ref().map(|at| at.as_str().to_owned()),
            result: told(&it.result),
            when: it.lines.into(),
            ends: told(&it.ends),
            asks: told(&it.asks),
            pattern: told(&it.pattern),
            called: told(&it.called),
            calling: told(&it.calling),
            trunk: told(&it.first_trunk),
            trunks: it.trunks.as_ref().map(names),
            members: it.members.as_ref().map(names),
            waits_seconds: it.waits.map(|waits| waits.get().as_secs()),
        }
    }

    /// What goes another way than expected, a sentence each; empty when nothing does.
    pub(crate) fn failures(&self, configuration: &Configuration) -> Vec<String> {
        match self.compare(configuration) {
            Ok(differences) => {
                let told =
                    |it: &Difference| format!("{}: expected {}, found {}", it.what, it.expected, it.found);
                differences.iter().map(told).collect()
            }
            Err(error) => vec![format!("cannot be asked: {error:#}")],
        }
    }

    fn compare(&self, configuration: &Configuration) -> anyhow::Result<Vec<Difference>> {
        let question = self.question(configuration)?;
        let answer = super::answer(configuration, &question)?;
        Ok(self.differences(&answer))
    }

    /// What comes of it, whether it is expected or not: what it is called, and what it is.
    ///
    /// # Errors
    /// It cannot be asked.
    pub(crate) fn outcome(
        &self,
        configuration: &Configuration,
    ) -> anyhow::Result<Vec<(&'static str, String)>> {
        let question = self.question(configuration)?;
        let answer = super::answer(configuration, &question)?;
        Ok(found(&answer).into())
    }

    fn differences(&self, answer: &Answer<'_>) -> Vec<Difference> {
        let waits = self.waits_seconds.map(|seconds| seconds.to_string());
        let trunks = self.trunks.as_deref().map(listed);
        let members = self.members.as_deref().map(|names| {
            listed(&names.iter().map(|name| answer.configuration.shown(name).to_owned()).collect::<Vec<_>>())
        });
        let as_shown =
            |text: &Option<String>| text.as_deref().map(|text| as_shown(answer.configuration, text));
        let (result, ends) = (as_shown(&self.result), as_shown(&self.ends));
        let expected = [
            &result,
            &ends,
            &self.asks,
            &self.pattern,
            &self.called,
            &self.calling,
            &self.trunk,
            &trunks,
            &members,
            &waits,
        ];
        let differs = |((what, found), expected): ((&'static str, String), &Option<String>)| {
            let expected = expected.clone().filter(|expected| *expected != found)?;
            Some(Difference { what, expected, found })
        };
        found(answer).into_iter().zip(expected).filter_map(differs).collect()
    }
}

/// What comes of a dialling, in the order in which it is compared.
fn found(answer: &Answer<'_>) -> [(&'static str, String); 10] {
    let (mut pattern, mut called, mut calling, mut waited) = Default::default();
    match &answer.way {
        Way::Name(found) => pattern = found.map_or_else(String::new, |found| found.text.to_owned()),
        Way::Number(trace) => {
            waited = trace.waited().as_secs();
            match trace.analysis().decision() {
                Some(Decision::Routed(routed)) => {
                    pattern = answer.text_of(routed.pattern).to_owned();
                    called = routed.called.to_string();
                    calling = routed.calling.number.to_string();
                }
                Some(Decision::Blocked { pattern: id, .. }) => pattern = answer.text_of(*id).to_owned(),
                Some(Decision::Rejected(_)) | None => {}
            }
        }
    }
    let followed = answer.followed();
    let trunks = answer.trunks(followed.as_ref());
    [
        ("result", answer.result()),
        ("ends", answer.ends(followed.as_ref())),
        ("asks", answer.asks()),
        ("pattern", pattern),
        ("called", called),
        ("calling", calling),
        ("trunk", trunks.first().cloned().unwrap_or_else(|| NONE.to_owned())),
        ("trunks", listed(&trunks)),
        ("members", listed(&answer.members(followed.as_ref()))),
        ("waits_seconds", waited.to_string()),
    ]
}

/// Objects and the interface have the same words as the command line.
impl From<Dialling> for Mode {
    fn from(mode: Dialling) -> Self {
        match mode {
            Dialling::Keys => Mode::Keys,
            Dialling::EnBloc => Mode::EnBloc,
            Dialling::Kpml => Mode::Kpml,
            Dialling::SpeedDial => Mode::SpeedDial,
            Dialling::Application => Mode::Application,
        }
    }
}

impl From<Lines> for LinesAre {
    fn from(lines: Lines) -> Self {
        match lines {
            Lines::Free => LinesAre::Free,
            Lines::Busy => LinesAre::Busy,
            Lines::NoAnswer => LinesAre::NoAnswer,
            Lines::Unregistered => LinesAre::Unregistered,
        }
    }
}

/// Something that is named and not there is a mistake of the test, not of the plan.
fn known<'n>(
    key: &str,
    name: &str,
    is_there: bool,
    names: impl Iterator<Item = &'n (impl AsRef<str> + ?Sized + 'n)>,
) -> anyhow::Result<()> {
    let meant = || {
        let meant = nearest(name, names.map(AsRef::as_ref))?;
        Some(format!(" (did you mean {meant:?}?)"))
    };
    anyhow::ensure!(
        is_there,
        "{key} is {name:?}, which is not in the configuration{}",
        meant().unwrap_or_default()
    );
    Ok(())
}

/// `line 1001 in Sales` as it is told where no other line has the number.
fn as_shown(configuration: &Configuration, text: &str) -> String {
    match text.rsplit_once("line ") {
        Some((before, name)) if configuration.lines.contains_key(name) => {
            format!("{before}line {}", configuration.shown(name))
        }
        Some(_) | None => text.to_owned(),
    }
}

/// Names as they are compared.
pub(crate) fn listed(names: &[String]) -> String {
    if names.is_empty() { NONE.to_owned() } else { names.join(", ") }
}

/// Where there is no trunk and no member.
const NONE: &str = "none";

/// Serde wants a function for it.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde calls")]
fn is_free(lines: &LinesAre) -> bool {
    *lines == LinesAre::Free
}
