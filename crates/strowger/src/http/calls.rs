//! Calls in progress and ended, and the story of one.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::Response;
use strowger_base::CallId;
use strowger_configuration::setting::{Record, Whole};
use strowger_configuration::{choice, record};
use strowger_node::io::{Answer, CallView, PAGE, Question};

use super::problem::Problem;
use super::route::{self, Ask, Route, Shape};
use super::{Site, json, plain, unexpected, work};
use crate::report;

/// The routes about calls.
pub(super) fn routes() -> [Route; 2] {
    [
        Route {
            query: Limit::FIELDS,
            answers: vec![route::Answer { status: 200, shape: Shape::Json("Calls, the newest first.") }],
            refusals: &[500],
            ..Route::question("/api/v1/calls", "calls", "The latest calls", |site, ask| {
                Box::pin(list(site, ask))
            })
        },
        Route {
            query: Telling::FIELDS,
            answers: vec![route::Answer {
                status: 200,
                shape: Shape::Json("What happened, entry by entry; text on demand."),
            }],
            refusals: &[404, 500],
            ..Route::question("/api/v1/calls/{call}", "explain_call", "The story of a call", |site, ask| {
                Box::pin(explain(site, ask))
            })
        },
    ]
}

record! {
    /// How many calls are listed.
    struct Limit {
        /// The most calls to list.
        limit: Whole<1, 100_000> = Whole::new(50),
    }
}

record! {
    /// How a story is told.
    struct Telling {
        /// For programs or for people.
        form: Form = Form::Json,
        /// With whole messages instead of their first lines.
        messages: bool = false,
    }
}

choice! {
    /// For programs or for people.
    pub(super) enum Form {
        /// JSON.
        Json = "json",
        /// Text for a terminal.
        Text = "text",
    }
}

async fn list(site: Arc<Site>, ask: Ask) -> Result<Response, Problem> {
    let limit = ask.query::<Limit>()?.limit.get() as usize;
    let live = live(&site, limit).await?;
    settle(&site).await;
    let data = site.data.clone();
    let ended = blocking(move || report::ended_calls(&data, limit)).await?;
    let rows = report::merge(&live, ended, limit);
    Ok(json(StatusCode::OK, &serde_json::json!({ "calls": rows })))
}

async fn explain(site: Arc<Site>, ask: Ask) -> Result<Response, Problem> {
    let telling = ask.query::<Telling>()?;
    let call = match ask.path("call") {
        "last" => latest(&site).await?,
        id => id.parse::<CallId>().map_err(|_| {
            Problem::malformed(format!("{id} is no call id; expected one like C1.0.42, or last"))
        })?,
    };
    let data = site.data.clone();
    let told = blocking(move || match telling.form {
        Form::Json => Ok(report::story_json(&data, call)?.map(|story| json(StatusCode::OK, &story))),
        Form::Text => Ok(report::story_text(&data, call, telling.messages)?.map(plain)),
    });
    told.await?.ok_or_else(|| {
        Problem::absent(format!("no call {call} in the journal; `strowger calls` lists what there is"))
    })
}

/// Calls in progress, the newest first, page by page.
pub(super) async fn live(site: &Site, limit: usize) -> Result<Vec<CallView>, Problem> {
    let mut all: Vec<CallView> = Vec::new();
    loop {
        let wanted = (limit - all.len()).min(PAGE);
        let question = Question::Calls { before: all.last().map(|call| call.call), limit: wanted };
        let Answer::Calls(page) = site.ask(question).await? else { return Err(unexpected()) };
        let is_last = page.len() < wanted;
        all.extend(page);
        if is_last || all.len() >= limit {
            return Ok(all);
        }
    }
}

/// Waits, for a moment, until the records of calls that have just ended are where they can be read: such a call is
/// no longer live and not yet listed.
async fn settle(site: &Site) {
    for _ in 0..SETTLE_TRIES {
        match site.ask(Question::Health).await {
            Ok(Answer::Health(health)) if health.records_waiting > 0 => {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            Ok(_) | Err(_) => return,
        }
    }
}

/// The newest call, in progress or ended.
async fn latest(site: &Site) -> Result<CallId, Problem> {
    let live = live(site, 1).await?;
    settle(site).await;
    let data = site.data.clone();
    let ended = blocking(move || report::latest(&data)).await?;
    let live = live.first().map(|call| call.call);
    live.max(ended).ok_or_else(|| Problem::absent("there has been no call yet"))
}

/// Work on the disk.
async fn blocking<T: Send + 'static>(
    read: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
) -> Result<T, Problem> {
    work(move || read().map_err(|error| Problem::internal(&error))).await
}

const SETTLE_TRIES: usize = 100;
