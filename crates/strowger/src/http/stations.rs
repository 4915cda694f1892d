//! The registered SCCP devices.

use std::sync::Arc;

use axum::http::{Method, StatusCode};
use axum::response::Response;
use strowger_node::io::{Answer, BeginAnew, Question};

use super::problem::Problem;
use super::route::{self, Ask, Route, Shape};
use super::{Site, json, unexpected};
use crate::access::Role;
use crate::stations;

/// The routes about SCCP devices.
pub(super) fn routes() -> Vec<Route> {
    let order = |path: &'static str, operation, summary, run| Route {
        method: Method::POST,
        needs: Some(Role::Operator),
        answers: vec![route::Answer {
            status: 202,
            shape: Shape::Json("What becomes of it: `sent`, `when-idle` or `nothing-changed`."),
        }],
        refusals: &[404],
        ..Route::question(path, operation, summary, run)
    };
    vec![
        Route {
            answers: vec![route::Answer {
                status: 200,
                shape: Shape::Json(
                    "Each registered SCCP device with its address, model, firmware, version, lines and calls, and why it registered; and the media resources of routers, registered or not.",
                ),
            }],
            ..Route::question("/api/v1/stations", "stations", "The registered SCCP devices", |site, ask| {
                Box::pin(list(site, ask))
            })
        },
        order(
            "/api/v1/stations/{name}/reset",
            "reset_station",
            "Has an SCCP phone start anew, as if it had lost its power, when it has no call",
            |site, ask| Box::pin(begin_anew(site, ask, BeginAnew::Reset)),
        ),
        order(
            "/api/v1/stations/{name}/restart",
            "restart_station",
            "Has an SCCP phone register again and ask what it is, when it has no call",
            |site, ask| Box::pin(begin_anew(site, ask, BeginAnew::Restart)),
        ),
        order(
            "/api/v1/stations/{name}/apply",
            "apply_station",
            "Has an SCCP phone register again, when it has no call, if something has changed that it was not told of",
            |site, ask| Box::pin(begin_anew(site, ask, BeginAnew::Apply)),
        ),
    ]
}

async fn begin_anew(site: Arc<Site>, ask: Ask, how: BeginAnew) -> Result<Response, Problem> {
    let device: Box<str> = ask.path("name").into();
    let question = Question::BeginAnew { device: device.clone(), how, by: ask.principal.to_string().into() };
    match site.ask(question).await? {
        Answer::BegunAnew(Ok(begun)) => {
            let body = serde_json::json!({ "phone": device, "order": how.word(), "state": begun.word() });
            Ok(json(StatusCode::ACCEPTED, &body))
        }
        Answer::BegunAnew(Err(why)) => Err(Problem::absent(why)),
        other => {
            strowger_base::never!("the node answered {other:?} to an order");
            Err(unexpected())
        }
    }
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
            let Answer::MediaResources(all) = site.ask(Question::MediaResources).await? else {
                return Err(unexpected());
            };
            rows.extend(stations::absent(&all));
            let body = serde_json::json!({ "stations": rows, "connections": connections });
            return Ok(json(StatusCode::OK, &body));
        };
        after = next;
    }
}
