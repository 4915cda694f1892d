//! `cargo xtask vectors FILE`: runs a file of dial-plan vectors against `strowger-dialplan`, whoever wrote it.
//!
//! The format is described at the head of `crates/dialplan/testdata/vectors.yaml`. One module runs one section. A vector
//! that cannot be read, or has a field that its section does not know, fails like any other: nothing is passed over.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use strowger_dialplan::Parameters;

use parameters::ParametersRow;

mod admission;
mod forward;
mod hunt;
mod matching;
mod mobility;
mod parameters;
mod routing;
mod transform;

const USAGE: &str = "\
usage: cargo xtask vectors FILE [--json]

Runs dial-plan vectors: pass or fail for each id, then how many of each section and confidence.
The format stands at the head of crates/dialplan/testdata/vectors.yaml. A file or a vector may have
`parameters`, named as in [dial_plan] of the node file, for example {hash_is_digit: true}.
--json prints the same as one JSON object.
";

/// Runs one vector; the error says why it cannot be run.
type Runner = fn(Value, &Parameters) -> Result<Vec<Difference>, String>;

/// What each section is run by.
const SECTIONS: &[(&str, Runner)] = &[
    ("routing", routing::run),
    ("transform", transform::run),
    ("match", matching::run),
    ("hunt", hunt::run),
    ("forward", forward::run),
    ("forward_css", forward::run_search_space),
    ("mobility", mobility::run),
    ("cac", admission::run),
];

/// The only version there is.
const FORMAT: u64 = 1;

/// `cargo xtask vectors …`.
///
/// # Errors
/// When the file cannot be read, or a vector fails.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let (options, files): (Vec<&str>, Vec<&str>) =
        arguments.iter().map(String::as_str).partition(|argument| argument.starts_with('-'));
    if options.iter().any(|option| ["--help", "-h"].contains(option)) {
        print!("{USAGE}");
        return Ok(());
    }
    let [file] = files[..] else { return Err(USAGE.into()) };
    if options.iter().any(|option| *option != "--json") {
        return Err(USAGE.into());
    }
    let text = std::fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
    let report = Report::of(&text).map_err(|error| format!("{file}: {error}"))?;
    if options.is_empty() {
        report.print();
    } else {
        println!("{:#}", report.json(file));
    }
    match report.failed() {
        0 => Ok(()),
        failed => Err(format!("{failed} of {} vectors failed", report.verdicts.len())),
    }
}

/// Something that came out otherwise than the vector says.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Difference {
    what: String,
    expected: String,
    came: String,
}

/// What became of one vector.
struct Verdict {
    id: String,
    section: &'static str,
    confidence: String,
    title: String,
    outcome: Result<Vec<Difference>, String>,
}

impl Verdict {
    fn passed(&self) -> bool {
        self.outcome.as_ref().is_ok_and(Vec::is_empty)
    }

    fn run(
        section: &'static str,
        runner: Runner,
        of_file: &ParametersRow,
        vector: Value,
        index: usize,
    ) -> Verdict {
        let mut fields = match vector {
            Value::Object(fields) => fields,
            other => Map::from_iter([("id".to_owned(), other)]),
        };
        let mut words = |name: &str| match fields.remove(name) {
            Some(Value::String(words)) => Some(words),
            Some(_) | None => None,
        };
        let id = words("id").unwrap_or_else(|| format!("{section} {}", index + 1));
        let confidence = words("confidence").unwrap_or_else(|| UNMARKED.to_owned());
        let title = words("title").unwrap_or_default();
        // Where it comes from and what else is to be said of it.
        let _ = (words("source"), words("note"));
        let outcome = parameters(&mut fields)
            .and_then(|of_vector| of_vector.over(of_file).parameters())
            .and_then(|parameters| runner(Value::Object(fields), &parameters));
        Verdict { id, section, confidence, title, outcome }
    }
}

/// What became of a whole file.
struct Report {
    verdicts: Vec<Verdict>,
}

impl Report {
    fn of(text: &str) -> Result<Report, String> {
        let value: Value = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
        let Value::Object(mut file) = value else { return Err("it is no mapping of sections".into()) };
        match file.remove("format") {
            Some(version) if version.as_u64() == Some(FORMAT) => {}
            Some(other) => return Err(format!("it has format {other}, expected {FORMAT}")),
            None => return Err(format!("it does not say its format, expected {FORMAT}")),
        }
        let mut of_file = parameters(&mut file)?;
        if let Some(t302) = file.remove("t302_ms") {
            let millis = t302.as_u64().ok_or_else(|| format!("t302_ms is {t302}"))?;
            of_file.interdigit_timer = Some(Duration::from_millis(millis));
        }
        let mut verdicts = Vec::new();
        for (section, runner) in SECTIONS {
            let vectors = match file.remove(*section) {
                Some(Value::Array(vectors)) => vectors,
                Some(Value::Null) | None => continue,
                Some(_) => return Err(format!("section {section} is no list")),
            };
            for (index, vector) in vectors.into_iter().enumerate() {
                verdicts.push(Verdict::run(section, *runner, &of_file, vector, index));
            }
        }
        match file.keys().next() {
            Some(unknown) => Err(format!("there is no section {unknown:?}")),
            None => Ok(Report { verdicts }),
        }
    }

    fn failed(&self) -> usize {
        self.verdicts.iter().filter(|verdict| !verdict.passed()).count()
    }

    /// Passed and all, by section and confidence, in the order in which they come.
    fn counts(&self) -> Vec<(&'static str, &str, usize, usize)> {
        let mut counts: BTreeMap<(usize, &str), (usize, usize)> = BTreeMap::new();
        for verdict in &self.verdicts {
            let place = SECTIONS.iter().position(|(section, _)| *section == verdict.section).unwrap_or(0);
            let count = counts.entry((place, &verdict.confidence)).or_default();
            count.0 += usize::from(verdict.passed());
            count.1 += 1;
        }
        counts
            .into_iter()
            .map(|((place, confidence), (passed, all))| (SECTIONS[place].0, confidence, passed, all))
            .collect()
    }

    fn print(&self) {
        for verdict in &self.verdicts {
            let word = if verdict.passed() { "pass" } else { "FAIL" };
            println!("{word}  {:<8} {}", verdict.id, verdict.title);
            match &verdict.outcome {
                Err(reason) => println!("        cannot be run: {reason}"),
                Ok(differences) => {
                    for Difference { what, expected, came } in differences {
                        println!("        {what}: expected {expected}, came {came}");
                    }
                }
            }
        }
        println!("\n{:<12} {:<12} {:>6} {:>6}", "section", "confidence", "passed", "of");
        for (section, confidence, passed, all) in self.counts() {
            println!("{section:<12} {confidence:<12} {passed:>6} {all:>6}");
        }
        println!("{} passed, {} failed", self.verdicts.len() - self.failed(), self.failed());
    }

    fn json(&self, file: &str) -> Value {
        let vectors: Vec<Value> = self
            .verdicts
            .iter()
            .map(|verdict| {
                let mut row = json!({
                    "id": verdict.id,
                    "section": verdict.section,
                    "confidence": verdict.confidence,
                    "passed": verdict.passed(),
                });
                match &verdict.outcome {
                    Err(reason) => row["cannot_be_run"] = json!(reason),
                    Ok(differences) if !differences.is_empty() => {
                        let difference = |Difference { what, expected, came }: &Difference| {
                            json!({ "what": what, "expected": expected, "came": came })
                        };
                        row["differences"] = differences.iter().map(difference).collect();
                    }
                    Ok(_) => {}
                }
                row
            })
            .collect();
        let counts: Vec<Value> = self
            .counts()
            .into_iter()
            .map(|(section, confidence, passed, all)| {
                json!({ "section": section, "confidence": confidence, "passed": passed, "of": all })
            })
            .collect();
        let failed = self.failed();
        json!({
            "file": file,
            "vectors": vectors,
            "counts": counts,
            "passed": self.verdicts.len() - failed,
            "failed": failed,
        })
    }
}

/// Takes the parameters out of a file or vector.
fn parameters(fields: &mut Map<String, Value>) -> Result<ParametersRow, String> {
    fields.remove("parameters").map_or_else(|| Ok(ParametersRow::default()), read)
}

/// Reads what a vector says; every field must be one that the section knows.
fn read<T: DeserializeOwned>(value: Value) -> Result<T, String> {
    serde_json::from_value(value).map_err(|error| error.to_string())
}

/// Compares one thing.
fn compare<E: PartialEq + std::fmt::Debug + ?Sized>(
    differences: &mut Vec<Difference>,
    what: impl Into<String>,
    expected: &E,
    came: &E,
) {
    if expected != came {
        differences.push(Difference { what: what.into(), expected: shown(expected), came: shown(came) });
    }
}

/// As people write it: `Some(…)` says nothing to them.
fn shown<T: std::fmt::Debug + ?Sized>(value: &T) -> String {
    let text = format!("{value:?}");
    match text.strip_prefix("Some(").and_then(|rest| rest.strip_suffix(')')) {
        Some(inner) => inner.to_owned(),
        None if text == "None" => "nothing".to_owned(),
        None => text,
    }
}

/// Of vectors that do not say how sure they are.
const UNMARKED: &str = "unmarked";

#[cfg(test)]
mod tests;
