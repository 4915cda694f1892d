//! Saved diallings: what a number must lead to, kept beside the plan and run as tests.

use serde::{Deserialize, Serialize};
use strowger_base::nearest::nearest;
use strowger_callcontrol::Configuration;
use strowger_dialplan::Decision;

use super::from::from;
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

/// Runs all that a file has and prints what became of each.
///
/// # Errors
/// When one goes another way, or cannot be asked; the others are run all the same.
pub(super) fn check(file: &ConfigFile, configuration: &Configuration, json: bool) -> anyhow::Result<()> {
    let all = &file.expectations;
    let mut failed = 0;
    let mut rows = vec![];
    for (index, expect) in all.iter().enumerate() {
        let differences: Vec<String> = match expect.compare(configuration) {
            Ok(differences) => differences
                .iter()
                .map(|it| format!("{}: expected {}, found {}", it.what, it.expected, it.found))
                .collect(),
            Err(error) => vec![format!("cannot be asked: {error:#}")],
        };
        failed += usize::from(!differences.is_empty());
        let place = file.nth("expect", index);
        if json {
            rows.push(serde_json::json!({
                "place": place.trim_end_matches(':'), "from": expect.from, "number": expect.number,
                "passed": differences.is_empty(), "differences": differences,
            }));
            continue;
        }
        let became = if differences.is_empty() { "pass" } else { "FAIL" };
        line(format_args!("{became}  {place} {} dials {}", expect.from, expect.number))?;
        for difference in &differences {
            line(format_args!("        {difference}"))?;
        }
    }
    if json {
        line(serde_json::json!({ "expectations": rows, "failed": failed }))?;
    } else if all.is_empty() {
        line(
            "no dialling is saved; write one as [[expect]] with from, number and result into the node file",
        )?;
    } else {
        line(format_args!("{} of {} as expected", all.len() - failed, all.len()))?;
    }
    anyhow::ensure!(failed == 0, "{failed} of {} saved diallings went another way", all.len());
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
            let there = configuration.lines.get(number).is_some();
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

    fn compare(&self, configuration: &Configuration) -> anyhow::Result<Vec<Difference>> {
        let question = self.question(configuration)?;
        let answer = super::answer(configuration, &question)?;
        Ok(self.differences(&answer))
    }

    fn differences(&self, answer: &Answer<'_>) -> Vec<Difference> {
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
        let waits = self.waits_seconds.map(|seconds| seconds.to_string());
        let followed = answer.followed();
        let trunks = answer.trunks(followed.as_ref());
        let [expected_trunks, expected_members] =
            [&self.trunks, &self.members].map(|names| names.as_deref().map(listed));
        let compared: [(&'static str, &Option<String>, String); 10] = [
            ("result", &self.result, answer.result()),
            ("ends", &self.ends, answer.ends(followed.as_ref())),
            ("asks", &self.asks, answer.asks()),
            ("pattern", &self.pattern, pattern),
            ("called", &self.called, called),
            ("calling", &self.calling, calling),
            ("trunk", &self.trunk, trunks.first().cloned().unwrap_or_else(|| NONE.to_owned())),
            ("trunks", &expected_trunks, listed(&trunks)),
            ("members", &expected_members, listed(&answer.members(followed.as_ref()))),
            ("waits_seconds", &waits, waited.to_string()),
        ];
        let differs = |(what, expected, found): (&'static str, &Option<String>, String)| {
            let expected = expected.clone().filter(|expected| *expected != found)?;
            Some(Difference { what, expected, found })
        };
        compared.into_iter().filter_map(differs).collect()
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
