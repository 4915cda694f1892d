//! Media resources in use.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use strowger_node::io::{Answer, Question};

use super::problem::Problem;
use super::route::{self, Ask, Route, Shape};
use super::{Site, json, unexpected};
use crate::resources;

/// The routes about media resources.
pub(super) fn routes() -> [Route; 1] {
    [Route {
        answers: vec![route::Answer {
            status: 200,
            shape: Shape::Json(
                "Each media resource with the seats that calls have of it and have had, and how often it was full.",
            ),
        }],
        ..Route::question("/api/v1/resources", "resources", "The media resources in use", |site, ask| {
            Box::pin(list(site, ask))
        })
    }]
}

async fn list(site: Arc<Site>, _: Ask) -> Result<Response, Problem> {
    let Answer::MediaResources(resources) = site.ask(Question::MediaResources).await? else {
        return Err(unexpected());
    };
    Ok(json(StatusCode::OK, &serde_json::json!({ "resources": resources::rows(&resources) })))
}
