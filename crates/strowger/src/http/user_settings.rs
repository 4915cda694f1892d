//! What users set by themselves, beside the configuration: to look at, and to set for them.

use std::sync::Arc;

use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde_json::{Value, json as table};
use strowger_base::{LineName, WallTime};
use strowger_configuration::setting::{Name, NumberText, PatternOrName, record};
use strowger_node::io::{self, Question};

use super::problem::Problem;
use super::route::{Answer, Ask, Body, Route, Shape};
use super::{Site, json, unexpected};
use crate::access::Role;

/// The routes about them.
pub(super) fn routes() -> [Route; 2] {
    let path = "/api/v1/user_settings";
    [
        Route {
            answers: vec![Answer {
                status: 200,
                shape: Shape::Json("Each setting with line or phone, value, who set it and when."),
            }],
            ..Route::question(path, "user_settings", "What users set by themselves", |site, _| {
                Box::pin(list(site))
            })
        },
        Route {
            method: Method::POST,
            needs: Some(Role::Operator),
            body: Body::Settings(<Set as strowger_configuration::setting::Record>::FIELDS),
            answers: vec![Answer { status: 200, shape: Shape::Json("The setting.") }],
            refusals: &[422],
            ..Route::question(path, "set_for_user", "Sets something for a user", |site, ask| {
                Box::pin(set(site, ask))
            })
        },
    ]
}

record! {
    /// Something that is set for a user.
    struct Set {
        /// The line, such as `internal:1001`; of a phone when not given.
        line: Option<PatternOrName> = None,
        /// The partition of the line; not needed where no other line has the same number.
        partition: Option<Name> = None,
        /// The phone that does not want to be disturbed, or takes no part in hunts.
        phone: Option<Name> = None,
        /// What: `forward-all`, `forward-busy`, `forward-no-answer`, `forward-unregistered`, `do-not-disturb`, `hunt-log` or `call-back`, which is
        /// only ended.
        setting: Name,
        /// A number, `voice-mail` or `nowhere` for forwards, as configured when not given; `on` or `off` for the others.
        value: Option<NumberText> = None,
    }
}

async fn list(site: Arc<Site>) -> Result<Response, Problem> {
    let io::Answer::UserSettings(settings) = site.ask(Question::UserSettings).await? else {
        return Err(unexpected());
    };
    let rows: Vec<Value> = settings.iter().map(row).collect();
    Ok(json(StatusCode::OK, &table!({ "user_settings": rows })))
}

fn row(setting: &io::UserSetting) -> Value {
    let line = LineName::from(&*setting.line);
    table!({
        "line": line.number(),
        "partition": line.partition(),
        "phone": setting.phone,
        "setting": setting.setting,
        "value": setting.value,
        "by": setting.by,
        "at": setting.at.to_string(),
    })
}

async fn set(site: Arc<Site>, ask: Ask) -> Result<Response, Problem> {
    let given = ask.body::<Set>()?;
    let partition = given.partition.as_ref().map_or("", |name| name.as_str());
    let line = given.line.as_ref().map(|number| LineName::new(number.as_str(), partition));
    let setting = io::UserSetting {
        line: line.map(|line| line.as_str().into()).unwrap_or_default(),
        phone: given.phone.as_ref().map_or("", |name| name.as_str()).into(),
        setting: given.setting.as_str().into(),
        value: given.value.as_ref().map_or("", |value| value.as_str()).into(),
        by: ask.principal.to_string().into(),
        at: WallTime::default(),
    };
    let done = table!({ "setting": setting.setting, "value": setting.value });
    match site.ask(Question::SetForUser(setting)).await? {
        io::Answer::SetForUser(Ok(())) => Ok(json(StatusCode::OK, &done)),
        io::Answer::SetForUser(Err(why)) => Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, why)),
        other => {
            strowger_base::never!("the node answered {other:?} to a setting");
            Err(unexpected())
        }
    }
}
