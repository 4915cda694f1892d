//! The registered SCCP devices.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use strowger_node::io::{Answer, Question};

use super::problem::Problem;
use super::route::{self, Ask, Route, Shape};
use super::{Site, json, unexpected};
use crate::stations;

/// The routes about SCCP devices.
pub(super) fn routes() -> [Route; 1] {
    [Route {
        answers: vec![route::Answer {
            status: 200,
            shape: Shape::Json(
                "Each registered SCCP device with its address, model, firmware, version, lines and calls, and why it registered.",
            ),
        }],
        ..Route::question("/api/v1/stations", "stations", "The registered SCCP devices", |site, ask| {
            Box::pin(list(site, ask))
        })
    }]
}

async fn list(site: Arc<Site>, _: Ask) -> Result<Response, Problem> {
    let mut rows = vec![];
    let mut after = Box::default();
    loop {
        let question = Question::Stations { after };
        let Answer::Stations { stations, connections, next } = site.ask(question).await? else {
            return Err(unexpected());
        };
        rows.extend(stations::rows(&stations));
        let Some(next) = next else {
            let body = serde_json::json!({ "stations": rows, "connections": connections });
            return Ok(json(StatusCode::OK, &body));
        };
        after = next;
    }
}
