//! Registered phones.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use strowger_node::io::{Answer, Question};

use super::problem::Problem;
use super::route::{self, Ask, Route, Shape};
use super::{Site, json, unexpected};
use crate::report;

/// The routes about phones.
pub(super) fn routes() -> [Route; 1] {
    [Route {
        answers: vec![route::Answer {
            status: 200,
            shape: Shape::Json("Each phone with line, address and time left."),
        }],
        ..Route::question(
            "/api/v1/phones",
            "registered_phones",
            "The phones that are registered",
            |site, ask| Box::pin(list(site, ask)),
        )
    }]
}

async fn list(site: Arc<Site>, _: Ask) -> Result<Response, Problem> {
    let (mut rows, mut after) = (Vec::new(), Box::default());
    loop {
        let Answer::Phones { phones, next } = site.ask(Question::Phones { after }).await? else {
            return Err(unexpected());
        };
        rows.extend(report::phone_rows(&phones));
        match next {
            Some(next) => after = next,
            None => return Ok(json(StatusCode::OK, &serde_json::json!({ "phones": rows }))),
        }
    }
}
