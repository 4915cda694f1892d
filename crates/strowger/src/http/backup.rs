//! Copies for a backup. What packs them runs where they are: the command line on the server's machine.

use std::sync::Arc;

use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde_json::json;
use strowger_configuration::record;
use strowger_configuration::setting::{Description, Record};

use super::problem::Problem;
use super::route::{Answer, Ask, Body, Route, Shape};
use super::{Site, json, work};
use crate::access::Role;
use crate::backup;

/// The route about copies.
pub(super) fn routes() -> [Route; 1] {
    [Route {
        method: Method::POST,
        needs: Some(Role::Administrator),
        body: Body::Settings(Copies::FIELDS),
        answers: vec![Answer { status: 200, shape: Shape::Json("What belongs to the copies.") }],
        refusals: &[404, 500],
        ..Route::question(
            "/api/v1/backup/copies",
            "copy",
            "Copies everything that a backup holds into a folder that `strowger backup` made on this machine",
            |site, ask| Box::pin(copy(site, ask)),
        )
    }]
}

record! {
    /// Where copies go.
    struct Copies {
        /// The name of a folder in the data folder, as `strowger backup` makes it.
        folder: Description,
    }
}

async fn copy(site: Arc<Site>, ask: Ask) -> Result<Response, Problem> {
    let given = ask.body::<Copies>()?;
    let Some(folder) = backup::known_place(&site.data, given.folder.as_str()) else {
        return Err(Problem::absent(
            "there is no such folder; use `strowger backup` on the server's machine",
        ));
    };
    crate::log::info("a backup is made").with("by", &ask.principal).write();
    work(move || {
        backup::make_copies(&site.data, &site.node_files, &folder)
            .map_err(|error| Problem::internal(&error))?;
        let files = &site.node_files;
        Ok(json(StatusCode::OK, &json!({ "node_file": files.node_file(), "notes": files.notes })))
    })
    .await
}
