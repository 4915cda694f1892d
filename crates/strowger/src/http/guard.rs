//! Around every page: only who named this machine itself is answered, and every refusal says why.

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::problem::{self, Problem};
use crate::keeper::Keeper;
use crate::tls;

/// Answers a request, or refuses it because of the name under which the server was reached.
///
/// A web page elsewhere could get a browser to ask under a name of its own that suddenly means this server (DNS rebinding),
/// but then Host has that name. An address cannot be made to mean another one.
pub(super) async fn guard(known: Arc<Known>, request: Request, next: Next) -> Response {
    if let Err(host) = addressed(request.headers(), known.listen, |name| known.has(name)) {
        let why = format!(
            "{host:?} is no name of this server; use its address or localhost, or make the name one of the aliases in service_parameters, \
             or of names in [http] of the node file"
        );
        return Problem::new(StatusCode::MISDIRECTED_REQUEST, why).into_response();
    }
    told_in_full(request, next).await
}

/// What this server is called.
pub(super) struct Known {
    /// The address that it listens on; every one of the machine when it is none.
    pub(super) listen: IpAddr,
    /// Names that are in no configuration.
    pub(super) names: Vec<String>,
    pub(super) keeper: Arc<Keeper>,
}

impl Known {
    /// Whether this is one of its names, by the configuration that is in force.
    fn has(&self, name: &str) -> bool {
        let live = self.keeper.live();
        let own = self.names.iter().map(String::as_str);
        tls::names_in(&live.state).chain(own).any(|known| known.eq_ignore_ascii_case(name))
    }
}

/// Answers a request; a refusal that has no words of ours gets some.
pub(super) async fn told_in_full(request: Request, next: Next) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    in_words(next.run(request).await, &method, &path).await
}

/// What a page that does not exist answers.
pub(super) async fn nowhere(request: Request) -> Response {
    let path = request.uri().path();
    Problem::absent(format!("there is no {path}; /api/v1/openapi.json says what there is")).into_response()
}

/// Browsers always send Host (RFC 9112 §3.2); what sends none is none.
fn addressed(headers: &HeaderMap, listen: IpAddr, is_name: impl Fn(&str) -> bool) -> Result<(), String> {
    for value in headers.get_all(header::HOST) {
        let text = String::from_utf8_lossy(value.as_bytes());
        let is_ours =
            value.to_str().ok().and_then(|text| text.parse::<Authority>().ok()).is_some_and(|name| {
                let host = name.host();
                let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
                match host.parse::<IpAddr>() {
                    Ok(address) => {
                        address.is_loopback() || address == listen || listen.is_unspecified() || is_name(host)
                    }
                    Err(_) => {
                        let host = host.trim_end_matches('.');
                        host.eq_ignore_ascii_case("localhost") || is_name(host)
                    }
                }
            });
        if !is_ours {
            return Err(text.chars().take(HOST_SHOWN).collect());
        }
    }
    Ok(())
}

/// Gives a refusal words.
async fn in_words(response: Response, method: &Method, path: &str) -> Response {
    let status = response.status();
    let kind = response.headers().get(header::CONTENT_TYPE);
    let has_words = kind.is_some_and(|kind| kind == problem::TYPE || kind == "application/json");
    if has_words || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let allow = response.headers().get(header::ALLOW).cloned();
    let said = to_bytes(response.into_body(), WORDS_MAX).await.unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    let words = match status {
        StatusCode::METHOD_NOT_ALLOWED => {
            let takes = allow.as_ref().and_then(|allow| allow.to_str().ok()).unwrap_or_default();
            other_method(method, path, takes)
        }
        _ if said.is_empty() => status.canonical_reason().unwrap_or("refused").to_owned(),
        _ => said.into_owned(),
    };
    let mut refused = Problem::new(status, words).into_response();
    if let Some(allow) = allow {
        refused.headers_mut().insert(header::ALLOW, allow);
    }
    refused
}

/// What to do in place of a method that a path does not take.
fn other_method(method: &Method, path: &str, takes: &str) -> String {
    let takes = takes.replace(',', ", ");
    let objects = path.strip_prefix("/api/v1/configuration/");
    let instead = match objects.map(|objects| objects.trim_end_matches('/').split('/').count()) {
        Some(1) => {
            "PUT creates or replaces one object at the path with its name added; POST /api/v1/changes makes many"
        }
        Some(_) => "PUT creates or replaces the object, PATCH changes some of its settings",
        None => "/api/v1/openapi.json says what each does",
    };
    let path: String = path.chars().take(HOST_SHOWN).collect();
    format!("{path} does not take {method}; it takes {takes}. {instead}")
}

const HOST_SHOWN: usize = 100;
const WORDS_MAX: usize = 4_096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_names_this_machine_is_answered() {
        let check = |hosts: &[&str], listen: &str, expect: bool| {
            let mut headers = HeaderMap::new();
            for host in hosts {
                headers.append(header::HOST, host.parse().unwrap());
            }
            let is_name =
                |name: &str| ["pbx.example", "203.0.113.5"].iter().any(|own| own.eq_ignore_ascii_case(name));
            assert_eq!(addressed(&headers, listen.parse().unwrap(), is_name).is_ok(), expect, "{hosts:?}");
        };
        for host in
            ["localhost", "LocalHost:8080", "localhost.:1", "127.0.0.1:8080", "127.0.0.2", "[::1]:8080"]
        {
            check(&[host], "127.0.0.1", true);
        }
        check(&[], "127.0.0.1", true);
        check(&["PBX.example.:8443"], "127.0.0.1", true);
        check(&["192.0.2.7:8443"], "0.0.0.0", true);
        check(&["203.0.113.5:8443"], "192.0.2.1", true);
        check(&["evil.example"], "0.0.0.0", false);
        check(&["192.0.2.1:8080"], "192.0.2.1", true);
        let wrong =
            ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "192.0.2.1", "", "x@y:z"];
        for host in wrong {
            check(&[host], "127.0.0.1", false);
        }
        check(&["localhost", "evil.example"], "127.0.0.1", false);
    }

    #[test]
    fn a_method_that_a_path_does_not_take_is_refused_with_what_to_do() {
        let check = |path: &str, expect: &str| {
            let said = other_method(&Method::POST, path, "GET,HEAD,PUT");
            assert!(
                said.starts_with(&format!("{path} does not take POST; it takes GET, HEAD, PUT. ")),
                "{said}"
            );
            assert!(said.contains(expect), "{said}");
        };
        check("/api/v1/configuration/lines", "POST /api/v1/changes makes many");
        check("/api/v1/configuration/lines/1001", "PATCH changes some");
        check("/api/v1/calls", "openapi.json");
    }
}
