//! Changes of the configuration: planned, applied, confirmed, taken back, looked at.

use std::sync::Arc;

use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};
use strowger_configuration::files::{Document, File};
use strowger_configuration::proposal::Scope;
use strowger_configuration::setting::{Description, List, Record, Seconds, Whole};
use strowger_configuration::{CommitError, Difference, Head, Purpose, What, choice, record};

use super::configuration::Changing;
use super::problem::Problem;
use super::route::{Answer, Ask, Body, Route, Shape};
use super::{Site, has_administrator, json, work};
use crate::access::Role;
use crate::configuration::{ChangeError, HistoryError, Summary};
use crate::keeper::{Order, Plan, PlanError, random_id};

/// The routes about changes.
pub(super) fn routes() -> Vec<Route> {
    let change = || {
        vec![Answer {
            status: 200,
            shape: Shape::Json("What it does; `change` is its number once it is made."),
        }]
    };
    let ordering = |path: &'static str, id: &'static str, summary: &'static str, handle| Route {
        method: Method::POST,
        needs: Some(Role::Administrator),
        query: Changing::FIELDS,
        answers: change(),
        refusals: &[404, 409, 422, 500],
        ..Route::question(path, id, summary, handle)
    };
    vec![
        Route {
            query: &[],
            body: Body::Settings(Files::FIELDS),
            ..ordering(
                "/api/v1/changes",
                "apply",
                "Makes the configuration what files say, or plans it",
                |site, ask| Box::pin(apply(site, ask)),
            )
        },
        Route {
            query: Past::FIELDS,
            answers: vec![Answer { status: 200, shape: Shape::Json("Changes, the newest first.") }],
            refusals: &[500],
            ..Route::question(
                "/api/v1/changes",
                "history",
                "What was changed, when, by whom and why",
                |site, ask| Box::pin(history(site, ask)),
            )
        },
        Route {
            refusals: &[404, 500],
            ..Route::question(
                "/api/v1/changes/{change}",
                "change",
                "One change, setting by setting",
                |site, ask| Box::pin(one(site, ask)),
            )
        },
        Route {
            refusals: &[404, 500],
            ..Route::question(
                "/api/v1/changes/{from}/to/{to}",
                "difference",
                "What is different between two changes",
                |site, ask| Box::pin(between(site, ask)),
            )
        },
        ordering(
            "/api/v1/changes/{change}/undo",
            "undo",
            "Takes one change back with a new one",
            |site, ask| Box::pin(undo(site, ask)),
        ),
        ordering(
            "/api/v1/changes/{change}/return",
            "return",
            "Brings back everything as it was after a change",
            |site, ask| Box::pin(return_to(site, ask)),
        ),
        Route {
            query: &[],
            ..ordering("/api/v1/trial/confirm", "confirm", "Confirms the change on trial", |site, ask| {
                Box::pin(confirm(site, ask))
            })
        },
        Route {
            query: &[],
            ..ordering(
                "/api/v1/trial/revert",
                "revert",
                "Takes the change on trial back at once",
                |site, ask| Box::pin(revert(site, ask)),
            )
        },
        Route {
            // Digests of secrets are as good as secrets to a phone.
            needs: Some(Role::Administrator),
            query: Exporting::FIELDS,
            refusals: &[404, 500],
            answers: vec![Answer { status: 200, shape: Shape::Json("Files with names and texts.") }],
            ..Route::question("/api/v1/export", "export", "The whole configuration as files", |site, ask| {
                Box::pin(export(site, ask))
            })
        },
    ]
}

record! {
    /// What somebody wants, as files.
    struct Files {
        /// Files of TOML.
        files: List<FileText, 10_000>,
        /// What goes that the files do not name.
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
    }
}

record! {
    /// A file.
    struct FileText {
        /// Its name, for what is told about it.
        name: Description,
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

record! {
    /// Which changes are listed.
    struct Past {
        /// The most changes to list.
        limit: Whole<1, 1000> = Whole::new(50),
        /// Only those before this one.
        before: Option<Whole<1, { u32::MAX }>> = None,
    }
}

record! {
    /// Which configuration is exported.
    struct Exporting {
        /// As it was after this change; as it is when not given.
        change: Option<Whole<0, { u32::MAX }>> = None,
    }
}

async fn apply(site: Arc<Site>, ask: Ask) -> Result<Response, Problem> {
    let wanted = ask.body::<Files>()?;
    let order = Order {
        id: random_id(),
        author: ask.principal.to_string().into(),
        message: wanted.message.as_str().into(),
        confirm_within: wanted.confirm_seconds.map(|seconds| seconds.get()),
    };
    work(move || {
        let files: Vec<File> = wanted
            .files
            .iter()
            .map(|file| File { name: file.name.as_str().to_owned(), text: file.text.0.clone() })
            .collect();
        let mistakes = |mistakes: Vec<_>| wrong_files(&mistakes);
        let document = Document::read(&files).map_err(mistakes)?;
        let scope = match wanted.scope {
            ScopeWord::Whole => Scope::Whole,
            ScopeWord::Objects => Scope::Objects,
        };
        let plan = match site.keeper.plan(document.wanted(), scope) {
            Ok(plan) => plan,
            Err(PlanError::Mistakes(found)) => {
                let mut located: Vec<_> = found.iter().map(|mistake| document.locate(mistake)).collect();
                located.sort();
                return Err(wrong_files(&located));
            }
            Err(error) => return Err(refused(&error)),
        };
        let moved_on = wanted.base.is_some_and(|base| u64::from(base.get()) != plan.base.sequence);
        let mut body = described(&plan);
        if moved_on && !wanted.dry_run {
            return Err(conflict(plan.base, body));
        }
        body["moved_on"] = json!(moved_on);
        if !wanted.dry_run && !plan.operations.is_empty() {
            let head = done(&site, plan, order, Purpose::Lasting)?;
            body["change"] = json!(head.sequence);
        }
        Ok(json(StatusCode::OK, &body))
    })
    .await
}

/// Everything that is wrong with files.
fn wrong_files(mistakes: &[strowger_configuration::files::FileMistake]) -> Problem {
    let sentences: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
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

/// Somebody else was faster: what the change would do now is told with it.
fn conflict(head: Head, rebased: Value) -> Problem {
    let why = format!(
        "the configuration is at change {} now, and not at the one that this was made from; look at what it would do \
         now, and apply it again if that is right",
        head.sequence
    );
    Problem { problems: vec![rebased], ..Problem::new(StatusCode::CONFLICT, why) }
}

async fn undo(site: Arc<Site>, ask: Ask) -> Result<Response, Problem> {
    let (sequence, changing) = (number(&ask, "change")?, ask.query::<Changing>()?);
    let order = changing.order(&ask);
    work(move || {
        let plan = site.keeper.plan_undo(sequence).map_err(|error| refused(&error))?;
        ordered(&site, plan, order, changing.dry_run, Purpose::Reversal { of: sequence })
    })
    .await
}

async fn return_to(site: Arc<Site>, ask: Ask) -> Result<Response, Problem> {
    let (sequence, changing) = (number(&ask, "change")?, ask.query::<Changing>()?);
    let order = changing.order(&ask);
    work(move || {
        let plan = site.keeper.plan_return(sequence).map_err(|error| refused(&error))?;
        ordered(&site, plan, order, changing.dry_run, Purpose::Return { to: sequence })
    })
    .await
}

fn ordered(
    site: &Site,
    plan: Plan,
    order: Order,
    dry_run: bool,
    purpose: Purpose,
) -> Result<Response, Problem> {
    let mut body = described(&plan);
    if !dry_run {
        let head = done(site, plan, order, purpose)?;
        body["change"] = json!(head.sequence);
    }
    Ok(json(StatusCode::OK, &body))
}

async fn confirm(site: Arc<Site>, ask: Ask) -> Result<Response, Problem> {
    let order = Order {
        id: random_id(),
        author: ask.principal.to_string().into(),
        message: "".into(),
        confirm_within: None,
    };
    work(move || {
        let head = site.keeper.confirm(&order).map_err(|error| refused(&error))?;
        Ok(json(StatusCode::OK, &json!({ "change": head.sequence })))
    })
    .await
}

async fn revert(site: Arc<Site>, ask: Ask) -> Result<Response, Problem> {
    let order = Order {
        id: random_id(),
        author: ask.principal.to_string().into(),
        message: "".into(),
        confirm_within: None,
    };
    work(move || {
        let trial = site.keeper.live().trial.map_or(0, |trial| trial.sequence);
        let not_on_trial = PlanError::Change(ChangeError::NoTrial { sequence: trial });
        if trial == 0 {
            return Err(refused(&not_on_trial));
        }
        let plan = site.keeper.plan_undo(trial).map_err(|error| refused(&error))?;
        ordered(&site, plan, order, false, Purpose::Reversal { of: trial })
    })
    .await
}

async fn history(site: Arc<Site>, ask: Ask) -> Result<Response, Problem> {
    let past = ask.query::<Past>()?;
    work(move || {
        let live = site.keeper.live();
        let up_to = past.before.map_or(live.head.sequence, |before| u64::from(before.get()) - 1);
        let found =
            site.keeper.history(up_to, past.limit.get() as usize).map_err(|error| of_history(&error))?;
        let changes: Vec<Value> = found.iter().map(summary).collect();
        let mut body = json!({ "changes": changes });
        if let Some(trial) = live.trial {
            body["trial"] = json!({ "change": trial.sequence, "until": time(trial.until) });
        }
        Ok(json(StatusCode::OK, &body))
    })
    .await
}

async fn one(site: Arc<Site>, ask: Ask) -> Result<Response, Problem> {
    let sequence = number(&ask, "change")?;
    work(move || {
        let (change, found) = site.keeper.change(sequence).map_err(|error| of_history(&error))?;
        let body = json!({
            "change": change.sequence,
            "id": change.id.to_string(),
            "author": change.author,
            "at": time(change.at),
            "message": change.message,
            "purpose": purpose(change.purpose),
            "state": format!("{:#}", change.state),
            "differences": differences(&found),
        });
        Ok(json(StatusCode::OK, &body))
    })
    .await
}

async fn between(site: Arc<Site>, ask: Ask) -> Result<Response, Problem> {
    let (from, to) = (number(&ask, "from")?, number(&ask, "to")?);
    work(move || {
        let found = site.keeper.differences(from, to).map_err(|error| of_history(&error))?;
        Ok(json(StatusCode::OK, &json!({ "from": from, "to": to, "differences": differences(&found) })))
    })
    .await
}

async fn export(site: Arc<Site>, ask: Ask) -> Result<Response, Problem> {
    let asked = ask.query::<Exporting>()?;
    work(move || {
        let live = site.keeper.live();
        let (change, state) = match asked.change.map(|change| u64::from(change.get())) {
            None => (live.head.sequence, live.state.clone()),
            Some(change) => (change, site.keeper.state_at(change).map_err(|error| of_history(&error))?),
        };
        let files: Vec<Value> =
            state.export().into_iter().map(|file| json!({ "name": file.name, "text": file.text })).collect();
        Ok(json(StatusCode::OK, &json!({ "change": change, "files": files })))
    })
    .await
}

/// Carries a plan out.
pub(super) fn done(site: &Site, plan: Plan, order: Order, purpose: Purpose) -> Result<Head, Problem> {
    // Without anybody who can log in, the interface would be open again to everybody on this machine.
    if has_administrator(&site.keeper.live().state) && !has_administrator(&plan.after) {
        let why = "it would leave no administrator who can log in; make another one first";
        return Err(Problem::new(StatusCode::CONFLICT, why));
    }
    site.keeper.carry_out(plan, order, purpose).map_err(|error| refused(&error))
}

/// Why something was not done.
pub(super) fn refused(error: &PlanError) -> Problem {
    match error {
        PlanError::Mistakes(mistakes) => {
            let problems: Vec<_> = mistakes.iter().map(|mistake| mistake.problem.clone()).collect();
            Problem::settings(StatusCode::UNPROCESSABLE_ENTITY, &problems)
        }
        PlanError::Refused(sentences) => sentences_of(sentences),
        PlanError::History(error) => of_history(error),
        PlanError::Change(error) => match error {
            ChangeError::Refused(refusals) => {
                sentences_of(&refusals.iter().map(ToString::to_string).collect::<Vec<_>>())
            }
            ChangeError::Conflict { .. }
            | ChangeError::OnTrial(_)
            | ChangeError::NoTrial { .. }
            | ChangeError::Empty => Problem::new(StatusCode::CONFLICT, error.to_string()),
            ChangeError::Log(CommitError::Conflict { .. }) => {
                Problem::new(StatusCode::CONFLICT, error.to_string())
            }
            ChangeError::Log(CommitError::Failed { .. } | CommitError::Unknown { .. }) => {
                Problem::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
            }
        },
    }
}

fn sentences_of(sentences: &[String]) -> Problem {
    Problem {
        problems: sentences.iter().map(|sentence| json!({ "reason": sentence })).collect(),
        ..Problem::new(StatusCode::UNPROCESSABLE_ENTITY, sentences.join("\n"))
    }
}

fn of_history(error: &HistoryError) -> Problem {
    let status = match error {
        HistoryError::NoSuchChange { .. } => StatusCode::NOT_FOUND,
        HistoryError::NothingToTakeBack { .. } | HistoryError::ChangedSince(_) => StatusCode::CONFLICT,
        HistoryError::Log(_) | HistoryError::NoState { .. } => StatusCode::INTERNAL_SERVER_ERROR,
    };
    Problem::new(status, error.to_string())
}

/// A plan, as programs read it.
fn described(plan: &Plan) -> Value {
    json!({ "base": plan.base.sequence, "differences": differences(&plan.differences) })
}

/// Differences, as programs read them.
pub(super) fn differences(found: &[Difference]) -> Vec<Value> {
    found
        .iter()
        .map(|difference| {
            let (what, settings) = match &difference.what {
                What::Added(settings) => ("added", settings),
                What::Removed(settings) => ("removed", settings),
                What::Changed(settings) => ("changed", settings),
            };
            let settings: Vec<Value> = settings
                .iter()
                .map(|setting| {
                    json!({
                        "setting": setting.path.to_string(),
                        "before": setting.before,
                        "after": setting.after,
                        "text": setting.to_string(),
                    })
                })
                .collect();
            json!({
                "kind": difference.kind.word(),
                "id": difference.object.to_string(),
                "key": difference.key,
                "what": what,
                "settings": settings,
            })
        })
        .collect()
}

fn summary(change: &Summary) -> Value {
    json!({
        "change": change.sequence,
        "author": change.author,
        "at": time(change.at),
        "message": change.message,
        "purpose": purpose(change.purpose),
        "objects": change.operations,
        "state": format!("{:#}", change.state),
    })
}

fn purpose(purpose: Purpose) -> Value {
    match purpose {
        Purpose::Lasting => json!("lasting"),
        Purpose::Trial { until } => json!({ "trial_until": time(until) }),
        Purpose::Confirmation { of } => json!({ "confirms": of }),
        Purpose::Reversal { of } => json!({ "takes_back": of }),
        Purpose::Return { to } => json!({ "returns_to": to }),
    }
}

fn time(at: strowger_base::WallTime) -> String {
    at.to_string()
}

/// The number of a change in a path.
fn number(ask: &Ask, name: &str) -> Result<u64, Problem> {
    let text = ask.path(name);
    text.parse()
        .map_err(|_| Problem::malformed(format!("{text:?} is no number of a change; `history` lists them")))
}

/// A text that is taken as it is.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Verbatim(String);

impl strowger_configuration::setting::Setting for Verbatim {
    const FORM: strowger_configuration::form::Form =
        strowger_configuration::form::Form::Text { most: 64 * 1024 * 1024, what: "a text", example: "" };

    fn read(value: &Value, reader: &mut strowger_configuration::reader::Reader<'_>) -> Option<Self> {
        let text = value.as_str();
        if text.is_none() {
            reader.unexpected(value, &Self::FORM);
        }
        text.map(|text| Verbatim(text.to_owned()))
    }

    fn write(&self, _: &dyn strowger_configuration::reader::Names) -> Value {
        Value::String(self.0.clone())
    }
}
