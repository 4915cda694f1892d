//! Phones that came by themselves: to look at, adopt, and refuse.

use std::sync::Arc;

use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde_json::{Value, json as table};
use strowger_configuration::kinds::Phone;
use strowger_configuration::proposal::Scope;
use strowger_configuration::reader::Names as _;
use strowger_configuration::setting::{Description, DisplayName, NumberText, Record, UserName, record};
use strowger_configuration::{Kind, Purpose};

use super::changes::refused;
use super::configuration::Changing;
use super::problem::Problem;
use super::route::{Answer, Ask, Body, Route, Shape};
use super::{Site, json, work};
use crate::access::Role;
use crate::newcomers::{self, Adoption};

/// The routes about them.
pub(super) fn routes() -> [Route; 3] {
    let path = "/api/v1/newcomers";
    let told = || vec![Answer { status: 200, shape: Shape::Json("The number of the change.") }];
    [
        Route {
            answers: vec![Answer {
                status: 200,
                shape: Shape::Json("Each phone that came by itself and is not adopted, with its number."),
            }],
            ..Route::question(path, "newcomers", "Phones that came by themselves", |site, _| {
                Box::pin(list(site))
            })
        },
        Route {
            method: Method::POST,
            needs: Some(Role::to_change(Kind::Phone)),
            body: Body::Settings(<Adopt as Record>::FIELDS),
            query: Changing::FIELDS,
            answers: told(),
            refusals: &[404, 409, 422, 500],
            is_repeatable: true,
            ..Route::question(
                "/api/v1/newcomers/{name}/adopt",
                "adopt_newcomer",
                "Adopts a phone that came by itself",
                |site, ask| Box::pin(adopt(site, ask)),
            )
        },
        Route {
            method: Method::POST,
            needs: Some(Role::to_change(Kind::Phone)),
            query: Changing::FIELDS,
            answers: told(),
            refusals: &[404, 409, 422, 500],
            is_repeatable: true,
            ..Route::question(
                "/api/v1/newcomers/{name}/refuse",
                "refuse_newcomer",
                "Removes a phone that came by itself, and lets it come no more",
                |site, ask| Box::pin(refuse(site, ask)),
            )
        },
    ]
}

record! {
    /// What an adopted phone becomes.
    struct Adopt {
        /// Its number; the one that it was given when not given.
        number: Option<NumberText> = None,
        /// For people; as it is when not given.
        description: Option<Description> = None,
        /// Whose it is.
        owner: Option<UserName> = None,
        /// Who is shown to those who are called from it.
        display: Option<DisplayName> = None,
    }
}

async fn list(site: Arc<Site>) -> Result<Response, Problem> {
    let live = site.keeper.live();
    let state = &live.state;
    let rows: Vec<Value> = state
        .all::<Phone>()
        .filter(|(_, phone)| newcomers::is_newcomer(phone))
        .map(|(_, phone)| {
            let line = phone.lines.iter().next().map(|button| state.name(Kind::Line, button.line.id()));
            table!({
                "name": phone.name.as_str(),
                "model": phone.model.as_ref().map_or("", |model| model.as_str()),
                "line": line.unwrap_or_default(),
                "description": phone.description.as_str(),
            })
        })
        .collect();
    Ok(json(StatusCode::OK, &table!({ "newcomers": rows })))
}

async fn adopt(site: Arc<Site>, ask: Ask) -> Result<Response, Problem> {
    let given = ask.body::<Adopt>()?;
    let adoption = Adoption {
        number: given.number.as_ref().map(|it| it.as_str().to_owned()),
        description: given.description.as_ref().map(|it| it.as_str().to_owned()),
        owner: given.owner.as_ref().map(|it| it.as_str().to_owned()),
        display: given.display.as_ref().map(|it| it.as_str().to_owned()),
    };
    change(site, ask, "adopts", move |state, name| Ok((newcomers::adopt(state, name, &adoption)?, vec![])))
        .await
}

async fn refuse(site: Arc<Site>, ask: Ask) -> Result<Response, Problem> {
    change(site, ask, "refuses", newcomers::refuse).await
}

type Change = (Vec<strowger_configuration::proposal::Wanted>, Vec<strowger_configuration::Id>);

/// Makes a change of the phone that the path names.
async fn change(
    site: Arc<Site>,
    ask: Ask,
    what: &str,
    of: impl FnOnce(&strowger_configuration::State, &str) -> Result<Change, String> + Send + 'static,
) -> Result<Response, Problem> {
    let changing = ask.query::<Changing>()?;
    let mut order = changing.order(&ask);
    if order.message.is_empty() {
        order.message = format!("{what} {}", ask.path("name")).into();
    }
    let name = ask.path("name").to_owned();
    let dry_run = changing.dry_run;
    work(move || {
        let live = site.keeper.live();
        let (wanted, removed) = of(&live.state, &name).map_err(Problem::absent)?;
        let plan =
            site.keeper.plan(&live, &wanted, Scope::Removing(&removed)).map_err(|error| refused(&error))?;
        let mut sequence = live.head.sequence;
        if !dry_run {
            sequence = site
                .keeper
                .carry_out(plan, order, Purpose::Lasting)
                .map_err(|error| refused(&error))?
                .sequence;
        }
        Ok(json(StatusCode::OK, &table!({ "phone": name, "change": sequence, "dry_run": dry_run })))
    })
    .await
}
