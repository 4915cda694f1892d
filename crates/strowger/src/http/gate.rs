//! Who is let in: sessions, failed log-ins and the one-time token, with the clock and the randomness that they need.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant as Clock};

use axum::http::StatusCode;
use strowger_base::{Instant, WallTime};
use strowger_configuration::reader::Directory as _;
use strowger_configuration::{Kind, State};

use super::problem::Problem;
use super::sessions::role_of;
use crate::access::{
    Limiter, Lockouts, Origin, Policy, Principal, Proof, Sessions, token_digest, token_text,
};
use crate::keeper::Users;

/// Everything about access that changes while the server runs.
pub(crate) struct Gate {
    inner: Mutex<Inner>,
    started: Clock,
}

#[derive(Default)]
struct Inner {
    sessions: Sessions,
    limiter: Limiter,
    lockouts: Lockouts,
    /// The digest of the token for the first administrator, until it is used.
    first: Option<[u8; 32]>,
    /// When each API token was used last, and from where.
    tokens: BTreeMap<Box<str>, (WallTime, Origin)>,
}

/// Whichever way a user's password or role changes, and whoever takes the user away: the sessions hear of it here.
impl Users for Arc<Gate> {
    fn check(&self, _: &State) -> Result<(), Vec<String>> {
        Ok(())
    }

    fn put_in_force(&self, state: &State) {
        let mut held = self.hold();
        held.inner.sessions.end_without(|name, proof| role_of(state, name, proof));
        held.inner.lockouts.keep(|user| state.entry(user).is_some());
        held.inner.tokens.retain(|name, _| state.find(Kind::ApiToken, name).is_some());
    }
}

/// The gate, held for one step.
pub(super) struct Held<'g> {
    inner: MutexGuard<'g, Inner>,
    now: Instant,
}

impl Gate {
    /// A gate without sessions.
    pub(crate) fn new() -> Self {
        Gate { inner: Mutex::default(), started: Clock::now() }
    }

    /// Makes the token with which the first administrator can be made; it is worth something for an hour.
    ///
    /// # Errors
    /// The system has no randomness.
    pub(crate) fn first_token(&self) -> anyhow::Result<String> {
        let token = token_text(&random()?);
        self.hold().inner.first = Some(token_digest(&token));
        Ok(token)
    }

    pub(super) fn hold(&self) -> Held<'_> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let elapsed = u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        Held { inner, now: Instant::from_nanos(elapsed) }
    }
}

impl Held<'_> {
    /// Whether somebody may try to log in now.
    pub(super) fn may_try(&self, name: &str, origin: Origin) -> Result<(), Problem> {
        self.inner.limiter.may_try(self.now, name, address(origin)).map_err(|too_many| {
            let seconds = too_many.wait.as_secs() + 1;
            let why = format!("too many log-ins failed; try again in {seconds} s");
            Problem { retry_after: Some(seconds), ..Problem::new(StatusCode::TOO_MANY_REQUESTS, why) }
        })
    }

    /// A log-in failed.
    pub(super) fn failed(&mut self, name: &str, origin: Origin) {
        let now = self.now;
        self.inner.limiter.failed(now, name, address(origin));
    }

    /// Whether a user is locked out after wrong passwords.
    pub(super) fn is_locked(&self, proof: &Proof, policy: &Policy) -> bool {
        self.inner.lockouts.is_locked(self.now, proof.user, &proof.password, policy)
    }

    /// Somebody gave a wrong password for a user; whether the user is locked out by that.
    pub(super) fn mistaken(&mut self, proof: &Proof, policy: &Policy) -> bool {
        let now = self.now;
        self.inner.lockouts.failed(now, proof.user, &proof.password, policy)
    }

    /// Somebody logged in; the token of the session.
    pub(super) fn begin(
        &mut self,
        name: &str,
        principal: Principal,
        proof: Proof,
    ) -> Result<String, Problem> {
        let random = random().map_err(|error| Problem::internal(&error))?;
        let now = self.now;
        self.inner.limiter.succeeded(name);
        self.inner.lockouts.succeeded(proof.user);
        Ok(self.inner.sessions.begin(now, principal, proof, &random))
    }

    /// Whose session a token is, with the role of now.
    pub(super) fn find(&mut self, token: &str, state: &State) -> Option<Principal> {
        let now = self.now;
        self.inner.sessions.find(now, token, |name, proof| role_of(state, name, proof))
    }

    /// Somebody logged out.
    pub(super) fn end(&mut self, token: &str) {
        self.inner.sessions.end(token);
    }

    /// An API token was used.
    pub(super) fn used(&mut self, token: &str, at: WallTime, origin: Origin) {
        match self.inner.tokens.get_mut(token) {
            Some(last) => *last = (at, origin),
            None => _ = self.inner.tokens.insert(token.into(), (at, origin)),
        }
    }

    /// When an API token was used last since the server started, and from where.
    pub(super) fn last_use(&self, token: &str) -> Option<(WallTime, Origin)> {
        self.inner.tokens.get(token).copied()
    }

    /// Whether this is the token for the first administrator.
    pub(super) fn is_first_token(&self, token: &str) -> bool {
        self.now.as_nanos() < FIRST_FOR.as_nanos() as u64 && self.inner.first == Some(token_digest(token))
    }

    /// The first administrator is there.
    pub(super) fn use_up_first_token(&mut self) {
        self.inner.first = None;
    }
}

/// Where failures of somebody are counted; the socket in the data folder counts as this machine.
const fn address(origin: Origin) -> IpAddr {
    match origin {
        Origin::LocalSocket { .. } => IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
        Origin::Network(address) => address,
    }
}

pub(super) fn random() -> anyhow::Result<[u8; 32]> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no randomness from the system: {error}"))?;
    Ok(bytes)
}

const FIRST_FOR: Duration = Duration::from_secs(3600);

#[cfg(test)]
mod tests;
