//! HTTP on loopback: health, counters, calls, phones. The command line is a client of it.

mod digits;
mod guard;

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use strowger_base::CallId;
use strowger_node::io::{Answer, CallView, PAGE, Question, Service};

use crate::mailbox::{Letter, Sender};
use crate::report;

/// What the pages are made from beside the node's own answers.
pub(crate) struct Site {
    /// Folder of the journal.
    pub(crate) data: PathBuf,
    /// The configuration in force, for questions about the dial plan.
    pub(crate) calls: Arc<strowger_callcontrol::Configuration>,
    /// The UDP port of SIP, for what the system counts of its socket.
    pub(crate) sip_port: u16,
}

struct Shared {
    decision: Sender,
    site: Site,
}

/// Serves until the listener is gone.
pub(crate) async fn serve(listener: tokio::net::TcpListener, decision: Sender, site: Site) {
    let listen = listener.local_addr().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |address| address.ip());
    let shared = Arc::new(Shared { decision, site });
    let router = Router::new()
        .route("/healthz", get(health))
        .route("/metrics", get(metrics))
        .route("/api/v1/calls", get(calls))
        .route("/api/v1/calls/{id}", get(call))
        .route("/api/v1/phones", get(phones))
        .route("/api/v1/digits", get(digits::digits))
        .route("/api/v1/digits/lint", get(digits::lint))
        .fallback(guard::nowhere)
        .layer(axum::middleware::from_fn(move |request, next| guard::guard(listen, request, next)))
        .with_state(shared);
    if let Err(error) = axum::serve(listener, router).await {
        crate::log::error("the web interface stopped").with("reason", error).effect("calls go on").write();
    }
}

/// Asks the node; it answers within a turn of its loop.
async fn ask(shared: &Shared, question: Question) -> Result<Answer, StatusCode> {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    if shared.decision.try_send(Letter::Ask(question, sender)).is_err() {
        return Err(StatusCode::SERVICE_UNAVAILABLE);
    }
    match tokio::time::timeout(Duration::from_secs(5), receiver).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(_)) | Err(_) => Err(StatusCode::SERVICE_UNAVAILABLE),
    }
}

async fn health(State(shared): State<Arc<Shared>>) -> Response {
    match ask(&shared, Question::Health).await {
        Ok(Answer::Health(health)) => {
            let (status, service) = match health.service {
                Service::Full => (StatusCode::OK, "full".to_owned()),
                Service::Shedding(what) => (StatusCode::OK, format!("shedding: {what}")),
                Service::Draining => (StatusCode::SERVICE_UNAVAILABLE, "draining".to_owned()),
            };
            let body = serde_json::json!({
                "service": service,
                "uptime_seconds": health.uptime.as_secs(),
                "calls": health.calls,
                "phones": health.phones,
                "records_waiting": health.records_waiting,
            });
            json(status, &body)
        }
        Ok(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Err(status) => status.into_response(),
    }
}

async fn metrics(State(shared): State<Arc<Shared>>) -> Response {
    match ask(&shared, Question::Metrics).await {
        Ok(Answer::Metrics(metrics)) => {
            let text = crate::exposition::everything(&metrics, shared.site.sip_port);
            ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
        }
        Ok(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Err(status) => status.into_response(),
    }
}

#[derive(serde::Deserialize)]
struct Limit {
    limit: Option<usize>,
}

async fn calls(State(shared): State<Arc<Shared>>, Query(limit): Query<Limit>) -> Response {
    let limit = limit.limit.unwrap_or(50).min(100_000);
    let live = match live_calls(&shared, limit).await {
        Ok(calls) => calls,
        Err(status) => return status.into_response(),
    };
    settle(&shared).await;
    let data = shared.site.data.clone();
    let ended = tokio::task::spawn_blocking(move || report::ended_calls(&data, limit)).await;
    match ended {
        Ok(Ok(ended)) => {
            let rows = report::merge(&live, ended, limit);
            json(StatusCode::OK, &serde_json::json!({ "calls": rows }))
        }
        Ok(Err(error)) => problem(&error),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Calls in progress, the newest first, page by page.
async fn live_calls(shared: &Shared, limit: usize) -> Result<Vec<CallView>, StatusCode> {
    let mut all: Vec<CallView> = Vec::new();
    loop {
        let wanted = (limit - all.len()).min(PAGE);
        let question = Question::Calls { before: all.last().map(|call| call.call), limit: wanted };
        let Answer::Calls(page) = ask(shared, question).await? else {
            return Err(StatusCode::INTERNAL_SERVER_ERROR);
        };
        let is_last = page.len() < wanted;
        all.extend(page);
        if is_last || all.len() >= limit {
            return Ok(all);
        }
    }
}

/// Waits, for a moment, until the records of calls that have just ended are where they can be read: such a call is
/// no longer live and not yet listed.
async fn settle(shared: &Shared) {
    for _ in 0..SETTLE_TRIES {
        match ask(shared, Question::Health).await {
            Ok(Answer::Health(health)) if health.records_waiting > 0 => {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            Ok(_) | Err(_) => return,
        }
    }
}

const SETTLE_TRIES: usize = 100;

/// How a story is wanted.
#[derive(serde::Deserialize)]
struct Telling {
    #[serde(default)]
    form: Form,
    #[serde(default)]
    messages: bool,
}

/// For programs or for people.
#[derive(Clone, Copy, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum Form {
    #[default]
    Json,
    Text,
}

async fn call(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    Query(telling): Query<Telling>,
) -> Response {
    let id = match id.as_str() {
        "last" => match latest(&shared).await {
            Ok(id) => id,
            Err(answer) => return answer,
        },
        _ => id,
    };
    let Ok(call) = id.parse::<CallId>() else {
        let body = serde_json::json!({ "error": format!("{id} is no call id; expected one like C1.0.42") });
        return json(StatusCode::BAD_REQUEST, &body);
    };
    let data = shared.site.data.clone();
    let told = tokio::task::spawn_blocking(move || match telling.form {
        Form::Json => Ok(report::story_json(&data, call)?.map(|story| json(StatusCode::OK, &story))),
        Form::Text => {
            let story = report::story_text(&data, call, telling.messages)?;
            Ok(story.map(plain))
        }
    });
    match told.await {
        Ok(Ok(Some(answer))) => answer,
        Ok(Ok(None)) => {
            let body = serde_json::json!({ "error": format!("no call {call} in the journal; `strowger calls` lists what there is") });
            json(StatusCode::NOT_FOUND, &body)
        }
        Ok(Err(error)) => problem(&error),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// The id of the newest call, in progress or ended.
async fn latest(shared: &Shared) -> Result<String, Response> {
    let live = live_calls(shared, 1).await.map_err(IntoResponse::into_response)?;
    settle(shared).await;
    let data = shared.site.data.clone();
    let live = live.first().map(|call| call.call);
    match tokio::task::spawn_blocking(move || report::latest(&data)).await {
        Ok(Ok(ended)) => live.max(ended).map(|call| call.to_string()).ok_or_else(|| {
            json(StatusCode::NOT_FOUND, &serde_json::json!({ "error": "there has been no call yet" }))
        }),
        Ok(Err(error)) => Err(problem(&error)),
        Err(_) => Err(StatusCode::INTERNAL_SERVER_ERROR.into_response()),
    }
}

async fn phones(State(shared): State<Arc<Shared>>) -> Response {
    let (mut rows, mut after) = (Vec::new(), Box::default());
    loop {
        match ask(&shared, Question::Phones { after }).await {
            Ok(Answer::Phones { phones, next }) => {
                rows.extend(report::phone_rows(&phones));
                match next {
                    Some(next) => after = next,
                    None => return json(StatusCode::OK, &serde_json::json!({ "phones": rows })),
                }
            }
            Ok(_) => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            Err(status) => return status.into_response(),
        }
    }
}

fn json(status: StatusCode, body: &serde_json::Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

fn plain(text: String) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}

fn problem(error: &anyhow::Error) -> Response {
    json(StatusCode::INTERNAL_SERVER_ERROR, &serde_json::json!({ "error": format!("{error:#}") }))
}
