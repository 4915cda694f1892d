//! The SFTP server: where it listens, its host keys, who is there.

use axum::http::StatusCode;

use super::json;
use super::route::{Answer, Route, Shape};

/// The route about it.
pub(super) fn routes() -> [Route; 1] {
    [Route {
        answers: vec![Answer {
            status: 200,
            shape: Shape::Json(
                "Where it listens, its host keys, the sessions that there are, and what it has done.",
            ),
        }],
        ..Route::question("/api/v1/sftp", "sftp", "How the SFTP server does", |site, _| {
            Box::pin(async move { Ok(json(StatusCode::OK, &site.files.report())) })
        })
    }]
}
