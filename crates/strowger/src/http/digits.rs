//! The dialed number analyzer over HTTP.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use strowger_base::WallTime;

use super::{Form, Shared, json, plain};
use crate::digits::{self, Codes, LinesAre, Mode, Question, Report};

/// What `/api/v1/digits` is asked.
#[derive(serde::Deserialize)]
pub(super) struct Dialling {
    from: String,
    number: String,
    mode: Option<Mode>,
    calling: Option<String>,
    #[serde(default)]
    when: LinesAre,
    at: Option<String>,
    code: Option<String>,
    matter: Option<String>,
    #[serde(default)]
    form: Form,
}

/// What `/api/v1/digits/lint` is asked.
#[derive(serde::Deserialize)]
pub(super) struct Linting {
    at: Option<String>,
}

pub(super) async fn digits(State(shared): State<Arc<Shared>>, Query(asked): Query<Dialling>) -> Response {
    let at = match time(asked.at.as_deref()) {
        Ok(at) => at,
        Err(error) => return refused(error),
    };
    let Dialling { from, number, mode, calling, when: lines, code, matter, form, .. } = asked;
    let question = Question { from, number, mode, calling, at, lines, codes: Codes { code, matter } };
    match digits::answer(&shared.site.calls, &question) {
        Ok(answer) => match form {
            Form::Json => json(StatusCode::OK, &answer.json()),
            Form::Text => plain(answer.text()),
        },
        Err(error) => refused(format!("{error:#}")),
    }
}

/// Seconds of work for a large plan: not on a thread that serves others.
pub(super) async fn lint(State(shared): State<Arc<Shared>>, Query(asked): Query<Linting>) -> Response {
    let at = match time(asked.at.as_deref()) {
        Ok(at) => at,
        Err(error) => return refused(error),
    };
    let calls = Arc::clone(&shared.site.calls);
    match tokio::task::spawn_blocking(move || Report::of(&calls, at).json()).await {
        Ok(report) => json(StatusCode::OK, &report),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn time(at: Option<&str>) -> Result<WallTime, String> {
    Ok(at.map(digits::time).transpose()?.unwrap_or_else(digits::now))
}

fn refused(error: String) -> Response {
    json(StatusCode::BAD_REQUEST, &serde_json::json!({ "error": error }))
}
