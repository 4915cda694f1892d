//! Logging in and out, passwords, and the first administrator.

use std::sync::Arc;

use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json};
use strowger_configuration::kinds::{ApplicationUser, EndUser};
use strowger_configuration::proposal::{Scope, Wanted};
use strowger_configuration::setting::{Description, Record, Ref, UserName};
use strowger_configuration::{Id, Identity, Kind, Purpose, State, kinds, record};

use super::changes::{done, refused};
use super::problem::Problem;
use super::route::{Answer, Ask, Body, Route, Shape};
use super::{Site, json, work};
use crate::access::{IDLE, Origin, PasswordHash, Policy, Principal, Proof, Role, WeakPassword, policy_of};
use crate::keeper::Order;

/// The routes about who somebody is.
pub(super) fn routes() -> Vec<Route> {
    let ordering = |path: &'static str, id: &'static str, summary: &'static str, handle| Route {
        method: Method::POST,
        needs: None,
        ..Route::question(path, id, summary, handle)
    };
    vec![
        Route {
            body: Body::Settings(Credentials::FIELDS),
            answers: vec![Answer { status: 201, shape: Shape::Json("A token for the requests to come.") }],
            refusals: &[401, 403, 409, 422, 429, 500],
            ..ordering("/api/v1/sessions", "log_in", "Logs in with name and password", |site, ask| {
                Box::pin(log_in(site, ask))
            })
        },
        Route {
            answers: vec![Answer { status: 200, shape: Shape::Json("Who asks, and what they may do.") }],
            ..Route::question("/api/v1/session", "who_am_i", "Who asks", |_, ask| {
                Box::pin(async move { Ok(json(StatusCode::OK, &described(&ask.principal))) })
            })
        },
        Route {
            method: Method::DELETE,
            answers: vec![Answer { status: 200, shape: Shape::Json("Nothing more.") }],
            ..Route::question(
                "/api/v1/session",
                "log_out",
                "Logs out: the token is worth nothing any more",
                |site, ask| Box::pin(log_out(site, ask)),
            )
        },
        Route {
            body: Body::Settings(First::FIELDS),
            answers: vec![Answer {
                status: 201,
                shape: Shape::Json("The administrator, who can log in now."),
            }],
            refusals: &[401, 409, 422, 429, 500],
            ..ordering(
                "/api/v1/first-administrator",
                "first_administrator",
                "Makes the first administrator, with the token that the server printed when it started",
                |site, ask| Box::pin(first(site, ask)),
            )
        },
        Route {
            body: Body::Settings(NewPassword::FIELDS),
            needs: Some(Role::ReadOnly),
            answers: vec![Answer { status: 200, shape: Shape::Json("The change.") }],
            is_repeatable: true,
            refusals: &[404, 409, 422, 500],
            ..ordering(
                "/api/v1/users/{name}/password",
                "set_password",
                "Sets a password: one's own, or that of anybody as an administrator",
                |site, ask| Box::pin(set_password(site, ask)),
            )
        },
    ]
}

record! {
    /// What somebody logs in with.
    struct Credentials {
        /// The name of an application user or end user.
        user: UserName,
        /// The password.
        password: Description,
        /// Another password, which is set then: one that has expired has to be changed.
        new_password: Option<Description> = None,
    }
}

record! {
    /// The first administrator.
    struct First {
        /// The token that the server printed when it started.
        token: Description,
        /// The name of the administrator.
        user: UserName,
        /// The password; what it must be says a credential policy in which everything has its default.
        password: Description,
    }
}

record! {
    /// A new password.
    struct NewPassword {
        /// The password; what it must be says the credential policy of the user.
        password: Description,
        /// Makes an application user with this role when there is none of the name.
        create_with_role: Option<kinds::Role> = None,
    }
}

/// Somebody who can log in.
struct Account {
    kind: Kind,
    user: Id,
    hash: Option<PasswordHash>,
    role: Option<Role>,
    policy: Policy,
}

impl Account {
    /// The user of this name; application users come first.
    fn of(state: &State, name: &str) -> Option<Account> {
        let identity = Identity { partition: None, name };
        let named = |kind| state.named(kind, identity).map(|id| (kind, id));
        let (kind, id) = named(Kind::ApplicationUser).or_else(|| named(Kind::EndUser))?;
        let program = || state.get(Ref::<ApplicationUser>::new(id));
        let person = || state.get(Ref::<EndUser>::new(id));
        let (password, role, policy) = match kind {
            Kind::ApplicationUser => {
                program().map(|user| (&user.password, Some(user.role), user.credential_policy))?
            }
            _ => person().map(|user| (&user.password, user.role, user.credential_policy))?,
        };
        let hash = password.as_ref().map(|hash| PasswordHash::from_text(hash.expose()));
        Some(Account { kind, user: id, hash, role: role.map(self::role), policy: policy_of(state, policy) })
    }
}

/// What somebody may do now who logged in before with this; nothing when the user is another one or gone, or has another
/// password now, or has lost the role.
pub(super) fn role_of(state: &State, name: &str, proof: &Proof) -> Option<Role> {
    let account = Account::of(state, name)?;
    let is_same = account.user == proof.user && account.hash.as_ref() == Some(&proof.password);
    account.role.filter(|_| is_same)
}

/// Whether somebody can log in who may change everything.
pub(crate) fn has_administrator(state: &State) -> bool {
    let program = |user: &ApplicationUser| user.password.is_some() && user.role == kinds::Role::Administrator;
    let person = |user: &EndUser| user.password.is_some() && user.role == Some(kinds::Role::Administrator);
    state.all::<ApplicationUser>().any(|(_, user)| program(user))
        || state.all::<EndUser>().any(|(_, user)| person(user))
}

pub(super) const fn role(role: kinds::Role) -> Role {
    match role {
        kinds::Role::ReadOnly => Role::ReadOnly,
        kinds::Role::Operator => Role::Operator,
        kinds::Role::Administrator => Role::Administrator,
    }
}

/// Passwords that are looked at at once.
static HASHING: tokio::sync::Semaphore = tokio::sync::Semaphore::const_new(2);

async fn log_in(site: Arc<Site>, ask: Ask) -> Result<Response, Problem> {
    let Credentials { user, password, new_password } = ask.body::<Credentials>()?;
    let (user, origin) = (user.as_str().to_owned(), ask.principal.origin);
    // Each needs 19 MiB and a processor for a while; and whoever tries many at once is counted one by one.
    let _turn = HASHING.acquire().await.map_err(|_| Problem::busy())?;
    site.access().may_try(&user, origin)?;
    let tried = {
        let (site, user) = (Arc::clone(&site), user.clone());
        work(move || Ok(tried(&site, &user, password.as_str()))).await?
    };
    let (role, mut proof, policy) = match tried {
        Tried::Right { role, proof, policy } => (role, proof, policy),
        Tried::Wrong(mistake) => return Err(mistaken(&site, &user, origin, mistake.as_ref())),
    };
    match new_password {
        Some(new) => {
            let author = format!("{user} ({origin})").into();
            let new = new.as_str().to_owned();
            set(Arc::clone(&site), user.clone(), new, None, (ask.order, author)).await?;
            let account = Account::of(&site.keeper.live().state, &user);
            proof.password = account.and_then(|account| account.hash).unwrap_or(proof.password);
        }
        None => unexpired(&site, proof.user, policy).await?,
    }
    let principal = Principal { name: user.as_str().into(), role, origin };
    let token = site.access().begin(&user, principal.clone(), proof)?;
    let mut body = described(&principal);
    body["token"] = json!(token);
    body["idle_seconds"] = json!(IDLE.as_secs());
    let mut response = json(StatusCode::CREATED, &body);
    // Scripts of pages cannot read it, and other sites cannot make a browser send it.
    let secure = if site.tls.is_some() { "; Secure" } else { "" };
    let cookie = format!("{COOKIE}={token}; HttpOnly; SameSite=Strict; Path=/{secure}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// What became of a password.
enum Tried {
    Right {
        role: Role,
        proof: Proof,
        policy: Policy,
    },
    /// With whose it is not, where somebody has the name and may be guessed at.
    Wrong(Option<(Proof, Policy)>),
}

/// Looks whether a password is right. A name that nobody has takes as long as a wrong password, and so does a user who is locked
/// out: then nobody learns which is right.
fn tried(site: &Site, user: &str, password: &str) -> Tried {
    let account = Account::of(&site.keeper.live().state, user);
    let Some(Account { user, hash: Some(kept), role, policy, .. }) = account else {
        PasswordHash::nobodys(password);
        return Tried::Wrong(None);
    };
    let proof = Proof { user, password: kept };
    if site.access().is_locked(&proof, &policy) {
        PasswordHash::nobodys(password);
        return Tried::Wrong(None);
    }
    match (proof.password.is(password), role) {
        (true, Some(role)) => Tried::Right { role, proof, policy },
        (true, None) => Tried::Wrong(None),
        (false, _) => Tried::Wrong(Some((proof, policy))),
    }
}

/// Counts a wrong password, and says that it was wrong.
fn mistaken(site: &Site, user: &str, origin: Origin, mistake: Option<&(Proof, Policy)>) -> Problem {
    let is_locked = {
        let mut access = site.access();
        access.failed(user, origin);
        mistake.is_some_and(|(proof, policy)| access.mistaken(proof, policy))
    };
    crate::log::warn("a log-in failed").with("user", user).with("from", origin).write();
    if is_locked {
        crate::log::warn("a user is locked out after wrong passwords")
            .with("user", user)
            .remedy("set another password to let him in at once: strowger password NAME")
            .write();
    }
    let why = "name or password is wrong, or the user has no role or is locked out after wrong passwords";
    Problem::new(StatusCode::UNAUTHORIZED, why)
}

/// Refuses a password that must be changed by now.
async fn unexpired(site: &Arc<Site>, user: Id, policy: Policy) -> Result<(), Problem> {
    let site = Arc::clone(site);
    let is_expired = work(move || {
        let found = site.keeper.is_password_expired(user, &policy, crate::digits::now());
        found.map_err(|error| Problem::internal(&error.into()))
    });
    if is_expired.await? {
        let why = "the password is right and has expired; log in once more with `new_password`, which sets another one";
        return Err(Problem::new(StatusCode::FORBIDDEN, why));
    }
    Ok(())
}

async fn log_out(site: Arc<Site>, ask: Ask) -> Result<Response, Problem> {
    if let Some(token) = token(|name| ask.header(name)) {
        site.access().end(token);
    }
    Ok(json(StatusCode::OK, &json!({})))
}

async fn first(site: Arc<Site>, ask: Ask) -> Result<Response, Problem> {
    let given = ask.body::<First>()?;
    let origin = ask.principal.origin;
    site.access().may_try(FIRST, origin)?;
    if !site.access().is_first_token(given.token.as_str()) {
        site.access().failed(FIRST, origin);
        let why = "this is not the token that the server printed when it started, or it was used, or an hour has passed; \
                   restart the server for a new one, or run `strowger password NAME --role administrator` on its machine";
        return Err(Problem::new(StatusCode::UNAUTHORIZED, why));
    }
    if has_administrator(&site.keeper.live().state) {
        site.access().use_up_first_token();
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "there is an administrator already; log in at /api/v1/sessions",
        ));
    }
    let _turn = HASHING.acquire().await.map_err(|_| Problem::busy())?;
    let name = given.user.as_str().to_owned();
    let author: Box<str> = format!("{name} ({origin})").into();
    let done = set(
        Arc::clone(&site),
        name,
        given.password.as_str().to_owned(),
        Some(kinds::Role::Administrator),
        (ask.order, author),
    )
    .await?;
    site.access().use_up_first_token();
    Ok(json(StatusCode::CREATED, &done))
}

async fn set_password(site: Arc<Site>, ask: Ask) -> Result<Response, Problem> {
    let given = ask.body::<NewPassword>()?;
    let name = ask.path("name").to_owned();
    let own = *ask.principal.name == *name && given.create_with_role.is_none();
    if !own && !ask.principal.may(Role::Administrator) {
        let why = "setting somebody else's password needs the role administrator";
        return Err(Problem::new(StatusCode::FORBIDDEN, why));
    }
    let _turn = HASHING.acquire().await.map_err(|_| Problem::busy())?;
    let order = (ask.order, ask.principal.to_string().into());
    let body = set(site, name, given.password.as_str().to_owned(), given.create_with_role, order).await?;
    Ok(json(StatusCode::OK, &body))
}

/// Sets a password, and makes the user if there is none and a role is given. All sessions of the user end: the gate sees the
/// change.
async fn set(
    site: Arc<Site>,
    name: String,
    password: String,
    create: Option<kinds::Role>,
    (id, author): (Id, Box<str>),
) -> Result<Value, Problem> {
    work(move || {
        let live = site.keeper.live();
        let there = Account::of(&live.state, &name);
        let kind = there.as_ref().map_or(Kind::ApplicationUser, |account| account.kind);
        let mut table = match &there {
            None if create.is_none() => {
                let why = format!("there is no user {name:?}; give a role to make one");
                return Err(Problem::absent(why));
            }
            None => serde_json::Map::from_iter([("name".to_owned(), json!(name))]),
            Some(_) => {
                let identity = Identity { partition: None, name: &name };
                let entry = live.state.named(kind, identity).and_then(|id| live.state.entry(id));
                entry.map(|entry| entry.object().write(&live.state)).unwrap_or_default()
            }
        };
        if let Some(role) = create {
            table.insert("role".to_owned(), json!(role.word()));
        }
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).map_err(|error| Problem::internal(&anyhow::anyhow!("{error}")))?;
        let policy = there.as_ref().map_or_else(Policy::default, |account| account.policy);
        let weak = |weak: WeakPassword| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, weak.to_string());
        let hash = PasswordHash::new(&name, &password, &salt, &policy).map_err(weak)?;
        if let Some(account) = there.filter(|_| policy.history > 0) {
            let former = site.keeper.passwords_of(account.user);
            let former = former.map_err(|error| Problem::internal(&error.into()))?;
            if former.iter().take(policy.history).any(|former| former.hash.is(&password)) {
                return Err(weak(WeakPassword::Used(policy.history)));
            }
        }
        table.insert("password".to_owned(), json!(hash.as_str()));
        let wanted = Wanted { kind, renamed_from: None, table };
        let plan = site.keeper.plan(&live, &[wanted], Scope::Objects).map_err(|error| refused(&error))?;
        let message = format!("password of {name}").into();
        let order = Order { id, author, message, confirm_within: None };
        let head = done(&site, plan, order, Purpose::Lasting)?;
        Ok(json!({ "user": name, "change": head.sequence }))
    })
    .await
}

/// The token that a request carries, in the header or as a cookie.
pub(super) fn token<'h>(header_of: impl Fn(header::HeaderName) -> Option<&'h str>) -> Option<&'h str> {
    let bearer = header_of(header::AUTHORIZATION).and_then(|text| {
        let (scheme, token) = text.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
    });
    let cookie = || {
        header_of(header::COOKIE)?.split(';').find_map(|cookie| {
            let (name, value) = cookie.trim().split_once('=')?;
            (name == COOKIE).then_some(value)
        })
    };
    bearer.or_else(cookie)
}

fn described(principal: &Principal) -> Value {
    let from = match principal.origin {
        Origin::LocalSocket { .. } => "local socket".to_owned(),
        Origin::Network(address) => address.to_string(),
    };
    json!({ "user": principal.name, "role": principal.role.word(), "from": from })
}

const COOKIE: &str = "strowger_session";
/// The name under which tries with the one-time token are counted.
const FIRST: &str = "(first administrator)";
