//! A request that is sent again because its answer was lost makes its change once.

use std::sync::Arc;

use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::json;
use sha2::{Digest, Sha256};
use strowger_configuration::{Id, Kind};

use super::problem::Problem;
use super::{Site, configuration, json, work};
use crate::keeper::Made;

/// The header in which a client names a request (draft-ietf-httpapi-idempotency-key-header).
pub(super) const HEADER: &str = "Idempotency-Key";

/// The key of a request.
pub(super) fn key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut given = headers.get_all(HEADER).iter();
    let Some(first) = given.next() else { return Ok(None) };
    let text = first.to_str().ok().filter(|_| given.next().is_none()).map(str::trim);
    // The draft writes it as a string with quotes; many clients write it without.
    let bare =
        text.map(|text| text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text));
    let key = bare.filter(|key| (1..=KEY_MAX).contains(&key.len()) && key.bytes().all(is_plain));
    key.map(Some).ok_or_else(|| {
        Problem::malformed(format!(
            "{HEADER} is not one word of 1 to {KEY_MAX} letters, digits and signs; a random UUID does"
        ))
    })
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\' | b',')
}

/// The id of the change that this request makes: the same for the same request of the same client with the same key, and for
/// nothing else. The id is shown in the history: without `secret` nobody finds out by it what a body said.
pub(super) fn order(secret: &[u8; 32], key: &str, who: &str, parts: &Parts, body: &[u8]) -> Id {
    let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
    let mut digest = Sha256::new();
    digest.update(secret);
    for part in [key.as_bytes(), who.as_bytes(), parts.method.as_str().as_bytes(), target.as_bytes(), body] {
        digest.update(part.len().to_be_bytes());
        digest.update(part);
    }
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(digest.finalize()).for_each(|(byte, digit)| *byte = digit);
    Id::from_random(u128::from_be_bytes(bytes))
}

/// The answer to a request whose change is made; nothing when it is not.
pub(super) async fn answer(
    site: &Arc<Site>,
    order: Id,
    subject: Option<Kind>,
) -> Result<Option<Response>, Problem> {
    let site = Arc::clone(site);
    work(move || {
        let made = site.keeper.made(order).map_err(|error| Problem::internal(&error.into()))?;
        let Some(Made { sequence, object }) = made else { return Ok(None) };
        let state = &site.keeper.live().state;
        // What it became; others may have changed it since.
        let entry = object.and_then(|object| state.entry(object));
        let entry = entry.filter(|entry| subject == Some(entry.object().kind()));
        Ok(Some(match entry {
            Some(entry) => configuration::with_tag(StatusCode::OK, state, entry),
            None => json(StatusCode::OK, &json!({ "change": sequence, "repeated": true })),
        }))
    })
    .await
}

const KEY_MAX: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    #[test]
    fn keys_with_and_without_quotes() {
        let check = |given: &[&str], expect: Result<Option<&str>, ()>| {
            let mut headers = HeaderMap::new();
            for one in given {
                headers.append(HEADER, one.parse().unwrap());
            }
            assert_eq!(key(&headers).map_err(|_| ()), expect, "{given:?}");
        };
        check(&[], Ok(None));
        check(&["8e03978e-40d5-43dd-bc93-6894a57f9324"], Ok(Some("8e03978e-40d5-43dd-bc93-6894a57f9324")));
        check(&["\"8e03978e\""], Ok(Some("8e03978e")));
        for wrong in [&[""][..], &["\"\""], &["a b"], &["a,b"], &["a", "a"], &[&"a".repeat(129)]] {
            check(wrong, Err(()));
        }
    }

    #[test]
    fn an_order_is_one_request_of_one_client() {
        let made = |key: &str, who: &str, method: &str, target: &str, body: &str| {
            let request = Request::builder().method(method).uri(target).body(()).unwrap();
            order(&[7; 32], key, who, &request.into_parts().0, body.as_bytes())
        };
        let first = made("k", "alice", "PUT", "/a?b=1", "{}");
        assert_eq!(first, made("k", "alice", "PUT", "/a?b=1", "{}"));
        for other in [
            made("l", "alice", "PUT", "/a?b=1", "{}"),
            made("k", "bob", "PUT", "/a?b=1", "{}"),
            made("k", "alice", "PATCH", "/a?b=1", "{}"),
            made("k", "alice", "PUT", "/a?b=2", "{}"),
            made("k", "alice", "PUT", "/a?b=1", "{ }"),
            made("ka", "lice", "PUT", "/a?b=1", "{}"),
        ] {
            assert_ne!(first, other);
        }
        // Who reads it in the history cannot make it of a guessed body.
        let request = Request::builder().method("PUT").uri("/a?b=1").body(()).unwrap();
        assert_ne!(first, order(&[8; 32], "k", "alice", &request.into_parts().0, b"{}"));
    }
}
