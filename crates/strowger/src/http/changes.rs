//! Changes of the configuration: planned, applied, confirmed, taken back, looked at.

mod files;
pub(super) mod told;

use std::sync::Arc;

use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use strowger_configuration::csv::Sheet;
use strowger_configuration::setting::{Record, Whole};
use strowger_configuration::{CommitError, Head, Purpose, State, access, record};

use super::configuration::Changing;
use super::problem::Problem;
use super::route::{Answer, Ask, Body, Route, Shape};
use super::{Site, has_administrator, json, work};
use crate::access::Role;
use crate::configuration::{ChangeError, HistoryError};
use crate::keeper::{Order, Plan, PlanError};

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
        is_repeatable: true,
        ..Route::question(path, id, summary, handle)
    };
    vec![
        Route {
            query: &[],
            body: Body::Settings(files::Files::FIELDS),
            ..ordering(
                "/api/v1/changes",
                "apply",
                "Makes the configuration what files say, or plans it",
                |site, ask| Box::pin(files::apply(site, ask)),
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
        Route::question(
            "/api/v1/progress",
            "progress",
            "How far the server is with a change of many objects",
            |site, _| Box::pin(async move { Ok(json(StatusCode::OK, &progress(&site))) }),
        ),
        Route {
            needs: Some(Role::Administrator),
            query: Exporting::FIELDS,
            refusals: &[404, 500],
            answers: vec![Answer { status: 200, shape: Shape::Text("text/csv") }],
            ..Route::question(
                "/api/v1/export/{sheet}",
                "export_csv",
                "All objects of a kind, or `phones-with-lines`, as comma-separated values",
                |site, ask| Box::pin(export_csv(site, ask)),
            )
        },
    ]
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
    let mut body = told::plan(&plan, usize::MAX);
    body["consequences"] = site.consequences(&plan);
    if !dry_run {
        let head = done(site, plan, order, purpose)?;
        body["change"] = json!(head.sequence);
    }
    Ok(json(StatusCode::OK, &body))
}

async fn confirm(site: Arc<Site>, ask: Ask) -> Result<Response, Problem> {
    let order = Order {
        id: ask.order,
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
        id: ask.order,
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
        let changes: Vec<Value> = found.iter().map(told::summary).collect();
        let mut body = json!({ "changes": changes });
        if let Some(trial) = live.trial {
            body["trial"] = json!({ "change": trial.sequence, "until": told::time(trial.until) });
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
            "at": told::time(change.at),
            "message": change.message,
            "purpose": told::purpose(change.purpose),
            "state": format!("{:#}", change.state),
            "differences": told::differences(&found),
        });
        Ok(json(StatusCode::OK, &body))
    })
    .await
}

async fn between(site: Arc<Site>, ask: Ask) -> Result<Response, Problem> {
    let (from, to) = (number(&ask, "from")?, number(&ask, "to")?);
    work(move || {
        let found = site.keeper.differences(from, to).map_err(|error| of_history(&error))?;
        Ok(json(StatusCode::OK, &json!({ "from": from, "to": to, "differences": told::differences(&found) })))
    })
    .await
}

async fn export(site: Arc<Site>, ask: Ask) -> Result<Response, Problem> {
    let asked = ask.query::<Exporting>()?;
    work(move || {
        let (change, state) = asked.state(&site)?;
        let files: Vec<Value> =
            state.export().into_iter().map(|file| json!({ "name": file.name, "text": file.text })).collect();
        Ok(json(StatusCode::OK, &json!({ "change": change, "files": files })))
    })
    .await
}

fn progress(site: &Site) -> Value {
    let (phase, done, total) = site.keeper.progress().now();
    json!({ "phase": phase.word(), "done": done, "total": total })
}

async fn export_csv(site: Arc<Site>, ask: Ask) -> Result<Response, Problem> {
    let asked = ask.query::<Exporting>()?;
    let sheet: Sheet = ask.path("sheet").parse().map_err(|error| Problem::absent(format!("{error}")))?;
    work(move || {
        let (change, state) = asked.state(&site)?;
        let file = state.export_csv(sheet);
        let about = [
            (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present".to_owned()),
            (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", file.name)),
            (header::ETAG, format!("\"{change}\"")),
        ];
        Ok((about, file.text).into_response())
    })
    .await
}

impl Exporting {
    /// The change and the state after it.
    fn state(&self, site: &Site) -> Result<(u64, State), Problem> {
        let live = site.keeper.live();
        match self.change.map(|change| u64::from(change.get())) {
            None => Ok((live.head.sequence, live.state.clone())),
            Some(change) => Ok((change, site.keeper.state_at(change).map_err(|error| of_history(&error))?)),
        }
    }
}

/// Carries a plan out.
pub(super) fn done(site: &Site, plan: Plan, order: Order, purpose: Purpose) -> Result<Head, Problem> {
    allowed(site, &plan)?;
    site.keeper.carry_out(plan, order, purpose).map_err(|error| refused(&error))
}

/// Whether a plan may be carried out.
fn allowed(site: &Site, plan: &Plan) -> Result<(), Problem> {
    // Without anybody who can log in, the interface would be open again to everybody on this machine.
    if has_administrator(&site.keeper.live().state) && !has_administrator(&plan.after) {
        let why = "it would leave no administrator who can log in; make another one first";
        return Err(Problem::new(StatusCode::CONFLICT, why));
    }
    if site.keeper.live().trial.is_some() && access::is_all(&plan.before, &plan.operations) {
        let without = site.keeper.without_trial(plan).map_err(|error| of_history(&error))?;
        if without.is_some_and(|without| !has_administrator(&without)) && has_administrator(&plan.after) {
            let why = "it would leave no administrator who can log in when the change on trial is taken back; confirm that first";
            return Err(Problem::new(StatusCode::CONFLICT, why));
        }
    }
    Ok(())
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
            | ChangeError::OtherContents { .. }
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
        HistoryError::NothingToTakeBack { .. }
        | HistoryError::TakenBack { .. }
        | HistoryError::ChangedSince(_) => StatusCode::CONFLICT,
        HistoryError::Log(_) | HistoryError::NoState { .. } => StatusCode::INTERNAL_SERVER_ERROR,
    };
    Problem::new(status, error.to_string())
}

/// The number of a change in a path.
fn number(ask: &Ask, name: &str) -> Result<u64, Problem> {
    let text = ask.path(name);
    text.parse()
        .map_err(|_| Problem::malformed(format!("{text:?} is no number of a change; `history` lists them")))
}
