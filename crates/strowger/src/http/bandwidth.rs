//! Bandwidth of locations and links.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use strowger_node::io::{Answer, Question};

use super::problem::Problem;
use super::route::{self, Ask, Route, Shape};
use super::{Site, json, unexpected};
use crate::bandwidth;

/// The routes about bandwidth.
pub(super) fn routes() -> [Route; 1] {
    [Route {
        answers: vec![route::Answer {
            status: 200,
            shape: Shape::Json(
                "Each location and link with what calls have of it, in kbit/s, and how many found no room.",
            ),
        }],
        ..Route::question("/api/v1/bandwidth", "bandwidth", "The bandwidth that calls have", |site, ask| {
            Box::pin(list(site, ask))
        })
    }]
}

async fn list(site: Arc<Site>, _: Ask) -> Result<Response, Problem> {
    let Answer::Bandwidth(places) = site.ask(Question::Bandwidth).await? else { return Err(unexpected()) };
    Ok(json(StatusCode::OK, &serde_json::json!({ "places": bandwidth::rows(&places) })))
}
