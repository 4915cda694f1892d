//! Sound files for music on hold: listed, put there and removed.

use std::sync::Arc;

use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde_json::json;

use super::problem::Problem;
use super::route::{Answer, Ask, Body, Route, Shape};
use super::{Site, json, work};
use crate::access::Role;
use crate::sounds::AddError;

/// The routes about sound files.
pub(super) fn routes() -> [Route; 3] {
    let one = |method, id, summary, handle| Route {
        method,
        needs: Some(Role::Operator),
        ..Route::question("/api/v1/sounds/{name}", id, summary, handle)
    };
    [
        Route {
            answers: vec![Answer {
                status: 200,
                shape: Shape::Json("The files, each with the audio sources that play it."),
            }],
            refusals: &[500],
            ..Route::question("/api/v1/sounds", "sounds", "Sound files for music on hold", |site, _| {
                Box::pin(list(site))
            })
        },
        Route {
            body: Body::File("audio/wav"),
            answers: vec![Answer { status: 200, shape: Shape::Json("For how long it plays.") }],
            refusals: &[422, 500],
            ..one(
                Method::PUT,
                "add_sound",
                "Puts a sound file there, in place of one of the same name",
                |site, ask| Box::pin(add(site, ask)),
            )
        },
        Route {
            answers: vec![Answer { status: 200, shape: Shape::Json("What was removed.") }],
            refusals: &[404, 422, 500],
            ..one(
                Method::DELETE,
                "remove_sound",
                "Removes a sound file that no audio source plays",
                |site, ask| Box::pin(remove(site, ask)),
            )
        },
    ]
}

async fn list(site: Arc<Site>) -> Result<Response, Problem> {
    work(move || {
        let listed =
            site.sounds.list(&site.keeper.live().state).map_err(|error| Problem::internal(&error))?;
        let sounds: Vec<_> = listed
            .iter()
            .map(|it| {
                json!({
                    "name": it.name,
                    "bytes": it.bytes,
                    "milliseconds": it.milliseconds,
                    "sources": it.sources,
                })
            })
            .collect();
        Ok(json(StatusCode::OK, &json!({ "sounds": sounds })))
    })
    .await
}

async fn add(site: Arc<Site>, ask: Ask) -> Result<Response, Problem> {
    work(move || {
        let name = ask.path("name");
        let added = site.sounds.add(name, &ask.file, &site.keeper.live().state);
        let milliseconds = added.map_err(refused)?;
        crate::log::info("a sound file was added").with("file", name).with("by", &ask.principal).write();
        Ok(json(StatusCode::OK, &json!({ "name": name, "milliseconds": milliseconds })))
    })
    .await
}

async fn remove(site: Arc<Site>, ask: Ask) -> Result<Response, Problem> {
    work(move || {
        let name = ask.path("name");
        if !site.sounds.remove(name, &site.keeper.live().state).map_err(refused)? {
            return Err(Problem::absent(format!(
                "there is no sound file {name}; `strowger sounds list` lists them"
            )));
        }
        crate::log::info("a sound file was removed").with("file", name).with("by", &ask.principal).write();
        Ok(json(StatusCode::OK, &json!({ "name": name })))
    })
    .await
}

fn refused(error: AddError) -> Problem {
    match error {
        AddError::Wrong(why) | AddError::Used(why) => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, why),
        AddError::Disk(error) => Problem::internal(&error),
    }
}
