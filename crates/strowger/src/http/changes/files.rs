//! Changes that somebody wants as files: a folder of TOML, or tables of comma-separated values.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};
use strowger_configuration::csv::{Sheet, Sheets};
use strowger_configuration::files::{Document, File, FileMistake};
use strowger_configuration::form::Form;
use strowger_configuration::proposal::{Mistake, Scope};
use strowger_configuration::reader::{Names, Reader};
use strowger_configuration::setting::{Description, List, Seconds, Setting, Whole, Word};
use strowger_configuration::{Purpose, Refusal, choice, record};

use super::super::problem::Problem;
use super::super::route::Ask;
use super::super::{Site, json, work};
use super::{of_history, refused, told};
use crate::configuration::{ChangeError, LAPSED, Phase, Summary};
use crate::keeper::{Conflict, Live, Order, Plan, PlanError};

record! {
    /// What somebody wants, as files.
    pub(super) struct Files {
        /// Files of TOML, or tables of comma-separated values.
        files: List<FileText, 10_000>,
        /// What goes that the files do not name. Tables of comma-separated values change nothing else, whatever is said here.
        scope: ScopeWord = ScopeWord::Whole,
        /// The number of the change that the files were made from; with it, a change that somebody else made since is a
        /// conflict.
        base: Option<Whole<0, { u32::MAX }>> = None,
        /// Why, for the history.
        message: Description = Description::default(),
        /// Only say what it would do.
        dry_run: bool = false,
        /// Take it back when nobody confirms it within so many seconds.
        confirm_seconds: Option<Seconds<5, 3600>> = None,
        /// Of objects that are added, changed and removed, the most of each in the answer; all when not given.
        shown: Option<Whole<0, 1_000_000>> = None,
    }
}

record! {
    /// A file.
    struct FileText {
        /// Its name, for what is told about it. One that ends with `.csv` is a table of comma-separated values, of what the
        /// name says: `phones.csv`, `end-users.csv`.
        name: Description,
        /// It is a table of this: a kind, as in `phones`, whatever its name.
        kind: Option<Word> = None,
        /// What stands in it.
        text: Verbatim,
    }
}

choice! {
    /// What goes that files do not name.
    enum ScopeWord {
        /// Everything.
        Whole = "whole",
        /// Nothing.
        Objects = "objects",
    }
}

pub(super) async fn apply(site: Arc<Site>, ask: Ask) -> Result<Response, Problem> {
    let wanted = ask.body::<Files>()?;
    let order = Order {
        id: ask.order,
        author: ask.principal.to_string().into(),
        message: wanted.message.as_str().into(),
        confirm_within: wanted.confirm_seconds.map(|seconds| seconds.get()),
    };
    work(move || {
        let _busy = site.keeper.progress().busy();
        let files: Vec<File> = wanted
            .files
            .iter()
            .map(|file| File { name: file.name.as_str().to_owned(), text: file.text.0.clone() })
            .collect();
        let (plan, unchanged) = planned(&site, &wanted, &files)?;
        let most = wanted.shown.map_or(usize::MAX, |shown| shown.get() as usize);
        let mut body = told::plan(&plan, most);
        body["counts"]["unchanged"] = json!(unchanged);
        // Whoever brings in a hundred thousand has seen them with the plan.
        if wanted.dry_run || plan.operations.len() <= APPLIED_TOLD {
            body["consequences"] = site.consequences(&plan);
        }
        if let Some(found) = met(&site, &wanted, &plan)? {
            if !wanted.dry_run {
                return Err(conflict(&found));
            }
            body["conflict"] = told::conflict(&found, CONFLICT_SHOWN);
        }
        if !wanted.dry_run && !plan.operations.is_empty() {
            body["change"] = json!(carried_out(&site, &wanted, &files, plan, order)?);
        }
        Ok(json(StatusCode::OK, &body))
    })
    .await
}

/// Operations of a change up to which its consequences are told when it is applied, too.
const APPLIED_TOLD: usize = 1_000;

/// The change that a plan became; somebody else may have been faster while it was made.
fn carried_out(
    site: &Site,
    wanted: &Files,
    files: &[File],
    plan: Plan,
    order: Order,
) -> Result<u64, Problem> {
    let base = plan.base.sequence;
    super::allowed(site, &plan)?;
    match site.keeper.carry_out(plan, order, Purpose::Lasting) {
        Ok(head) => Ok(head.sequence),
        Err(PlanError::Change(ChangeError::Conflict { .. })) => {
            let (plan, _) = planned(site, wanted, files)?;
            let found = site.keeper.conflict(base, &plan).map_err(|error| of_history(&error))?;
            Err(conflict(&found))
        }
        Err(error) => Err(refused(&error)),
    }
}

/// What others did since what the files were made from, if that is not what is in force.
fn met(site: &Site, wanted: &Files, plan: &Plan) -> Result<Option<Conflict>, Problem> {
    let began = wanted.base.map(|base| u64::from(base.get())).filter(|base| *base != plan.base.sequence);
    // Files that say what is in force take nothing back.
    let Some(began) = began.filter(|_| !plan.operations.is_empty()) else { return Ok(None) };
    let found = site.keeper.conflict(began, plan).map_err(|error| of_history(&error))?;
    // What was confirmed, or changed and changed back, is what it was.
    Ok(Some(found).filter(|found| !found.meanwhile.is_empty()))
}

/// Somebody else was faster: what was done meanwhile, and what the change would do now, are told with it.
fn conflict(found: &Conflict) -> Problem {
    let mut why = format!(
        "the configuration is at change {} now, and not at change {}, which this was made from; look at what it would do \
         now, and order it again with this base if that is right",
        found.head.sequence, found.began
    );
    let taken_back = |change: &Summary| match change.purpose {
        Purpose::Reversal { of } if &*change.message == LAPSED => Some(of),
        _ => None,
    };
    if let Some(of) = found.changes.iter().find_map(taken_back) {
        why.push_str(&format!("; change {of} was on trial and was taken back: {LAPSED}"));
    }
    let told = told::conflict(found, CONFLICT_SHOWN);
    Problem { conflict: Some(told), ..Problem::new(StatusCode::CONFLICT, why) }
}

/// What it takes to have what files say now, and of how many objects they say what is there already.
fn planned(site: &Site, wanted: &Files, files: &[File]) -> Result<(Plan, usize), Problem> {
    let live = site.keeper.live();
    let of_table = |(file, text): (&FileText, &File)| -> Option<Result<Sheet, FileMistake>> {
        let is_table = file.kind.is_some() || text.name.to_ascii_lowercase().ends_with(".csv");
        let stem = text.name.rsplit('/').next().unwrap_or_default();
        let named = file.kind.as_ref().map_or(stem, Word::as_str);
        is_table.then(|| {
            named.parse::<Sheet>().map_err(|error| FileMistake {
                file: text.name.clone(),
                line: 1,
                column: 1,
                sentence: format!(
                    "{error}; name the file like a kind, as in phones.csv, or give the kind by itself"
                ),
            })
        })
    };
    let sheets: Vec<Option<Result<Sheet, FileMistake>>> =
        wanted.files.iter().zip(files).map(of_table).collect();
    if sheets.iter().all(Option::is_none) {
        return of_documents(site, &live, wanted, files);
    }
    if sheets.iter().any(Option::is_none) {
        let why =
            "tables of comma-separated values and files of TOML cannot be one change: send each by itself";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, why));
    }
    let sheets: Result<Vec<Sheet>, FileMistake> = sheets.into_iter().flatten().collect();
    let sheets = sheets.map_err(|mistake| wrong_files(vec![mistake]))?;
    of_tables(site, &live, sheets.into_iter().zip(files))
}

fn of_documents(site: &Site, live: &Live, wanted: &Files, files: &[File]) -> Result<(Plan, usize), Problem> {
    site.keeper.progress().begin(Phase::Reading, 0);
    let document = Document::of(files);
    let scope = match wanted.scope {
        ScopeWord::Whole => Scope::Whole,
        ScopeWord::Objects => Scope::Objects,
    };
    site.keeper.progress().begin(Phase::Checking, 0);
    let plan = match site.keeper.plan(live, document.wanted(), scope) {
        // What is wrong with files themselves and what is wrong with their objects are told together.
        Err(PlanError::Mistakes(found)) => return Err(wrong_files(document.with_mistakes(&found))),
        _ if !document.mistakes().is_empty() => return Err(wrong_files(document.mistakes().to_vec())),
        plan => plan,
    };
    let plan = plan.map_err(|error| {
        located(&error, |mistake| document.locate(mistake), |refusals| document.locate_refusals(refusals))
    })?;
    Ok(counted(plan, document.wanted().len()))
}

fn of_tables<'f>(
    site: &Site,
    live: &Live,
    tables: impl IntoIterator<Item = (Sheet, &'f File)>,
) -> Result<(Plan, usize), Problem> {
    site.keeper.progress().begin(Phase::Reading, 0);
    let sheets = Sheets::read(tables, &live.state);
    site.keeper.progress().begin(Phase::Checking, 0);
    let plan = site.keeper.plan(live, sheets.wanted(), Scope::Removing(sheets.removed()));
    let plan = match plan {
        // What is wrong with rows themselves and what is wrong with their objects are told together.
        Err(PlanError::Mistakes(found)) => {
            let found = found.iter().map(|mistake| sheets.locate(mistake));
            return Err(wrong_files(sheets.mistakes().iter().cloned().chain(found).collect()));
        }
        _ if !sheets.mistakes().is_empty() => return Err(wrong_files(sheets.mistakes().to_vec())),
        plan => plan,
    };
    let plan = plan.map_err(|error| {
        located(&error, |mistake| sheets.locate(mistake), |refusals| sheets.locate_refusals(refusals))
    })?;
    Ok(counted(plan, sheets.wanted().len()))
}

fn counted(plan: Plan, wanted: usize) -> (Plan, usize) {
    let counts = plan.counts();
    let unchanged = wanted.saturating_sub(counts.added + counts.changed);
    (plan, unchanged)
}

/// Why there is no plan, with the places in the files.
fn located(
    error: &PlanError,
    locate: impl Fn(&Mistake) -> FileMistake,
    locate_refusals: impl Fn(&[Refusal]) -> Vec<FileMistake>,
) -> Problem {
    match error {
        PlanError::Mistakes(found) => wrong_files(found.iter().map(locate).collect()),
        PlanError::Change(ChangeError::Refused(refusals)) => wrong_files(locate_refusals(refusals)),
        PlanError::Refused(_) | PlanError::Change(_) | PlanError::History(_) => refused(error),
    }
}

/// Everything that is wrong with files.
fn wrong_files(mut mistakes: Vec<FileMistake>) -> Problem {
    mistakes.sort();
    let more = mistakes.len().saturating_sub(MISTAKES_TOLD);
    mistakes.truncate(MISTAKES_TOLD);
    let mut sentences: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    if more > 0 {
        sentences.push(format!("and {more} more"));
    }
    let problems = mistakes.iter().map(|mistake| {
        json!({
            "file": mistake.file, "line": mistake.line, "column": mistake.column, "reason": mistake.sentence,
        })
    });
    Problem {
        problems: problems.collect(),
        ..Problem::new(StatusCode::UNPROCESSABLE_ENTITY, sentences.join("\n"))
    }
}

/// A text that is taken as it is.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Verbatim(String);

impl Setting for Verbatim {
    const FORM: Form = Form::Text { most: 64 * 1024 * 1024, what: "a text", example: "" };

    fn read(value: &Value, reader: &mut Reader<'_>) -> Option<Self> {
        let text = value.as_str();
        if text.is_none() {
            reader.unexpected(value, &Self::FORM);
        }
        text.map(|text| Verbatim(text.to_owned()))
    }

    fn write(&self, _: &dyn Names) -> Value {
        Value::String(self.0.clone())
    }
}

/// Of each part of a conflict.
const CONFLICT_SHOWN: usize = 500;
/// A table that was exported wrongly is wrong in every row.
const MISTAKES_TOLD: usize = 10_000;
