//! API tokens: made, listed and revoked; and who has one.

use std::sync::Arc;

use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde_json::{Map, Value, json};
use strowger_base::WallTime;
use strowger_configuration::kinds::{self, ApiToken};
use strowger_configuration::proposal::{Scope, Wanted};
use strowger_configuration::reader::Directory as _;
use strowger_configuration::setting::{Description, Name, Record, Whole};
use strowger_configuration::{Kind, Operation, Purpose, State, record};

use super::changes::{done, refused};
use super::gate::random;
use super::problem::Problem;
use super::route::{Answer, Ask, Body, Route, Shape};
use super::{Site, json, sessions, work};
use crate::access::{Origin, Principal, Role, token_digest, token_text};
use crate::digits;
use crate::keeper::Order;

/// The routes about tokens.
pub(super) fn routes() -> [Route; 3] {
    let administrators = |method, path, id, summary, handle| Route {
        method,
        needs: Some(Role::Administrator),
        ..Route::question(path, id, summary, handle)
    };
    [
        Route {
            body: Body::Settings(NewToken::FIELDS),
            answers: vec![Answer { status: 201, shape: Shape::Json("The token, which is told this once.") }],
            refusals: &[404, 409, 422, 500],
            ..administrators(
                Method::POST,
                "/api/v1/tokens",
                "create_token",
                "Makes an API token",
                |site, ask| Box::pin(create(site, ask)),
            )
        },
        Route {
            answers: vec![Answer {
                status: 200,
                shape: Shape::Json("The tokens, without what proves them."),
            }],
            ..administrators(Method::GET, "/api/v1/tokens", "tokens", "The API tokens", |site, _| {
                Box::pin(async move { Ok(json(StatusCode::OK, &list(&site))) })
            })
        },
        Route {
            answers: vec![Answer { status: 200, shape: Shape::Json("The change.") }],
            refusals: &[404, 409, 422, 500],
            is_repeatable: true,
            ..administrators(
                Method::DELETE,
                "/api/v1/tokens/{name}",
                "revoke_token",
                "Revokes an API token: it is worth nothing any more",
                |site, ask| Box::pin(revoke(site, ask)),
            )
        },
    ]
}

record! {
    /// A new token.
    struct NewToken {
        /// Its name, which the history shows.
        name: Name,
        /// For people.
        description: Description = Description::default(),
        /// What it may do.
        role: kinds::Role = kinds::Role::ReadOnly,
        /// After how many days it is worth nothing; it does not expire when not given.
        expires_days: Option<Whole<1, 3650>> = None,
    }
}

/// Whether this is an API token and not that of a session.
pub(super) fn is_one(token: &str) -> bool {
    token.starts_with(MARK)
}

/// Whose token this is.
pub(super) fn identify(site: &Site, token: &str, origin: Origin) -> Result<Principal, Problem> {
    let now = digits::now();
    let (name, role) = known(&site.keeper.live().state, token, now).map_err(|why| {
        Problem::new(StatusCode::UNAUTHORIZED, format!("{why}; `strowger token create NAME` makes a new one"))
    })?;
    site.access().used(&name, now, origin);
    Ok(Principal { name: format!("token {name}").into(), role, origin })
}

/// The name and role of a token that is worth something now.
fn known(state: &State, token: &str, now: WallTime) -> Result<(Box<str>, Role), String> {
    let digest: String = token_digest(token).iter().map(|byte| format!("{byte:02x}")).collect();
    let found = state.all::<ApiToken>().find(|(_, known)| known.digest.expose() == digest);
    let Some((_, known)) = found else { return Err("the token is revoked, or never was".into()) };
    match &known.expires {
        Some(expires) if is_over(expires.as_str(), now) => {
            Err(format!("the token {} expired {}", known.name.as_str(), expires.as_str()))
        }
        Some(_) | None => Ok((known.name.as_str().into(), sessions::role(known.role))),
    }
}

/// Whether a moment in UTC has come.
fn is_over(moment: &str, now: WallTime) -> bool {
    let mut parts = moment.split(['-', 'T', ':']).map(|part| part.parse::<i64>().unwrap_or(0));
    let moment: [i64; 5] = std::array::from_fn(|_| parts.next().unwrap_or(0));
    let now = now.civil();
    moment <= [now.year, now.month.into(), now.day.into(), now.hour.into(), now.minute.into()]
}

async fn create(site: Arc<Site>, ask: Ask) -> Result<Response, Problem> {
    let given = ask.body::<NewToken>()?;
    let token = format!("{MARK}{}", token_text(&random().map_err(|error| Problem::internal(&error))?));
    let digest: String = token_digest(&token).iter().map(|byte| format!("{byte:02x}")).collect();
    let expires = given.expires_days.map(|days| {
        let after = std::time::Duration::from_secs(u64::from(days.get()) * 86_400);
        (digits::now() + after).to_string().chars().take(MINUTE).collect::<String>()
    });
    let name = given.name.as_str().to_owned();
    let mut table = Map::from_iter([
        ("name".to_owned(), json!(name)),
        ("digest".to_owned(), json!(digest)),
        ("role".to_owned(), json!(sessions::role(given.role).word())),
    ]);
    if !given.description.is_empty() {
        table.insert("description".to_owned(), json!(given.description.as_str()));
    }
    if let Some(expires) = &expires {
        table.insert("expires".to_owned(), json!(expires));
    }
    let (author, id) = (ask.principal.to_string().into(), ask.order);
    work(move || {
        let live = site.keeper.live();
        if live.state.find(Kind::ApiToken, &name).is_some() {
            let why = format!("there is a token {name} already; revoke it first, or give another name");
            return Err(Problem::new(StatusCode::CONFLICT, why));
        }
        let wanted = Wanted { kind: Kind::ApiToken, renamed_from: None, table };
        let plan = site.keeper.plan(&live, &[wanted], Scope::Objects).map_err(|error| refused(&error))?;
        let message = format!("token {name}").into();
        let order = Order { id, author, message, confirm_within: None };
        let head = done(&site, plan, order, Purpose::Lasting)?;
        let role = sessions::role(given.role).word();
        let body =
            json!({ "token": token, "name": name, "role": role, "expires": expires, "change": head.sequence });
        Ok(json(StatusCode::CREATED, &body))
    })
    .await
}

fn list(site: &Site) -> Value {
    let (live, now) = (site.keeper.live(), digits::now());
    let access = site.access();
    let mut tokens: Vec<Value> = live
        .state
        .all::<ApiToken>()
        .map(|(_, token)| {
            let last = access.last_use(token.name.as_str());
            let expires = token.expires.as_ref().map(|expires| expires.as_str());
            json!({
                "name": token.name.as_str(),
                "description": token.description.as_str(),
                "role": sessions::role(token.role).word(),
                "expires": expires,
                "expired": expires.is_some_and(|expires| is_over(expires, now)),
                "last_used": last.map(|(at, _)| at.to_string()),
                "last_used_from": last.map(|(_, origin)| origin.to_string()),
            })
        })
        .collect();
    tokens.sort_by_key(|token| token["name"].to_string());
    json!({ "tokens": tokens })
}

async fn revoke(site: Arc<Site>, ask: Ask) -> Result<Response, Problem> {
    work(move || {
        let (live, name) = (site.keeper.live(), ask.path("name"));
        let entry = live.state.find(Kind::ApiToken, name).and_then(|id| live.state.entry(id));
        let entry = entry.ok_or_else(|| Problem::absent(format!("there is no token {name}")))?;
        let operation =
            Operation { kind: Kind::ApiToken, object: entry.id(), before: Some(entry.hash()), after: None };
        let plan = site.keeper.plan_operations(&live, vec![operation]).map_err(|error| refused(&error))?;
        let (author, message) = (ask.principal.to_string().into(), format!("token {name} revoked").into());
        let order = Order { id: ask.order, author, message, confirm_within: None };
        let head = done(&site, plan, order, Purpose::Lasting)?;
        Ok(json(StatusCode::OK, &json!({ "name": name, "change": head.sequence })))
    })
    .await
}

/// How every token begins, so that it is known where it leaks.
const MARK: &str = "strowger_";
/// The letters of a time up to its minute.
const MINUTE: usize = "2026-11-21T08:00".len();

#[cfg(test)]
mod tests {
    use super::*;
    use strowger_configuration::Id;

    #[test]
    fn tokens_are_known_until_they_expire() {
        let token = format!("{MARK}{}", "0".repeat(64));
        let digest: String = token_digest(&token).iter().map(|byte| format!("{byte:02x}")).collect();
        let with = |expires: Option<&str>| {
            let mut value = json!({ "name": "ci", "digest": digest, "role": "operator" });
            if let Some(expires) = expires {
                value["expires"] = json!(expires);
            }
            let after = Some(value.to_string().into());
            let object = Id::from_random(1);
            let operation = Operation { kind: Kind::ApiToken, object, before: None, after };
            State::default().changed(&[operation]).unwrap()
        };
        // 2026-11-21T08:00:00Z
        let now = WallTime::from_micros(1_795_248_000_000_000);
        assert_eq!(now.to_string(), "2026-11-21T08:00:00.000Z");
        let check = |expires: Option<&str>, token: &str, expect: Result<Role, &str>| match (
            known(&with(expires), token, now),
            expect,
        ) {
            (Ok((name, role)), Ok(expect)) => assert_eq!((&*name, role), ("ci", expect)),
            (Err(why), Err(expect)) => assert!(why.contains(expect), "{why}"),
            (found, expect) => panic!("{found:?}, expected {expect:?}"),
        };
        check(None, &token, Ok(Role::Operator));
        check(Some("2026-11-21T08:01"), &token, Ok(Role::Operator));
        check(Some("2027-1-1T0:00"), &token, Ok(Role::Operator));
        check(Some("2026-11-21T08:00"), &token, Err("expired 2026-11-21T08:00"));
        check(Some("2025-12-31T23:59"), &token, Err("expired"));
        check(None, &digest, Err("revoked, or never was"));
        check(None, &token.replace('0', "1"), Err("revoked, or never was"));
    }
}
