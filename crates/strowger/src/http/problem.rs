//! Why a request was not answered as it was meant (RFC 9457).

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use strowger_configuration as configuration;

/// A refusal, with everything that is wrong and what to do.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Problem {
    /// The status of the answer.
    pub(crate) status: StatusCode,
    /// A sentence for people.
    pub(crate) detail: String,
    /// Each thing that is wrong by itself, with the setting that it is about.
    pub(crate) problems: Vec<Value>,
    /// What others did since the change that a request was made from, and what it would do now.
    pub(crate) conflict: Option<Value>,
    /// After how many seconds it is worth to ask again.
    pub(crate) retry_after: Option<u64>,
}

impl Problem {
    /// A refusal with one sentence.
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Problem { status, detail: detail.into(), problems: Vec::new(), conflict: None, retry_after: None }
    }

    /// The request cannot be understood.
    pub(crate) fn malformed(detail: impl Into<String>) -> Self {
        Problem::new(StatusCode::BAD_REQUEST, detail)
    }

    /// What was asked for is not there.
    pub(crate) fn absent(detail: impl Into<String>) -> Self {
        Problem::new(StatusCode::NOT_FOUND, detail)
    }

    /// The server cannot answer now.
    pub(crate) fn busy() -> Self {
        Problem {
            retry_after: Some(1),
            ..Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "the server is too busy to answer; try again in a moment",
            )
        }
    }

    /// Something is wrong with the server itself.
    pub(crate) fn internal(error: &anyhow::Error) -> Self {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}"))
    }

    /// Settings of a query or body are wrong.
    pub(crate) fn settings(status: StatusCode, problems: &[configuration::Problem]) -> Self {
        let sentences: Vec<String> = problems.iter().map(ToString::to_string).collect();
        Problem {
            problems: problems.iter().map(of_setting).collect(),
            ..Problem::new(status, sentences.join("; "))
        }
    }
}

/// One wrong setting, as programs read it.
fn of_setting(problem: &configuration::Problem) -> Value {
    json!({ "setting": problem.path.to_string(), "reason": problem.wrong.to_string() })
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or("refused"),
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        if let (false, Some(body)) = (self.problems.is_empty(), body.as_object_mut()) {
            body.insert("problems".to_owned(), Value::Array(self.problems));
        }
        if let (Some(conflict), Some(body)) = (self.conflict, body.as_object_mut()) {
            body.insert("conflict".to_owned(), conflict);
        }
        let mut response = (self.status, [(header::CONTENT_TYPE, TYPE)], body.to_string()).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// Media type of a problem.
pub(crate) const TYPE: &str = "application/problem+json";
