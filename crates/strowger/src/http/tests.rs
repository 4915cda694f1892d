use std::collections::BTreeSet;

use super::*;

#[test]
fn every_route_can_be_told_from_the_others() {
    let routes = routes();
    let ids: BTreeSet<&str> = routes.iter().map(|route| &*route.id).collect();
    assert_eq!(ids.len(), routes.len());
    let places: BTreeSet<(&str, &str)> =
        routes.iter().map(|route| (route.method.as_str(), &*route.path)).collect();
    assert_eq!(places.len(), routes.len());
}

#[test]
fn the_document_holds_every_route_with_its_refusals() {
    let routes = routes();
    let document = openapi::document(&routes);
    for route in &routes {
        let method = route.method.as_str().to_lowercase();
        let operation = &document["paths"][&*route.path][&method];
        assert_eq!(operation["operationId"], *route.id);
        for status in ["400", "421", "503"] {
            assert!(operation["responses"][status].is_object(), "{} {status}", route.id);
        }
        let rights = operation["responses"]["403"].is_object();
        assert_eq!(rights, route.needs.is_some() || route.refusals.contains(&403), "{}", route.id);
        let object = route.answers.iter().find(|answer| matches!(answer.shape, Shape::Object(_)));
        if let Some(answer) = object {
            let headers = &operation["responses"][answer.status.to_string()]["headers"];
            assert!(headers["ETag"].is_object(), "{}", route.id);
        }
        let has = |name: &str| {
            let all = operation["parameters"].as_array().unwrap();
            all.iter().any(|parameter| parameter["name"] == name && parameter["in"] == "header")
        };
        let is_conditional = route.refusals.contains(&412);
        assert_eq!(is_conditional, has("If-Match") && has("If-None-Match"), "{}", route.id);
        assert_eq!(route.is_repeatable, has("Idempotency-Key"), "{}", route.id);
        // A token is told once: who lost the answer has to make another one. What is done with a call is in no history, and meets
        // the call as it is then.
        let makes_changes = route.method != Method::GET
            && route.needs.is_some()
            && route.refusals.contains(&409)
            && !route.path.starts_with("/api/v1/calls/");
        assert_eq!(route.is_repeatable, makes_changes && route.id != "create_token", "{}", route.id);
        for field in route.query {
            let parameters = operation["parameters"].as_array().unwrap();
            assert!(parameters.iter().any(|parameter| parameter["name"] == field.name), "{}", field.name);
        }
    }
}

#[test]
fn only_the_owner_of_the_server_has_its_rights() {
    assert_eq!(user_name(0), "root");
    assert_eq!(user_name(u32::MAX - 1), format!("user {}", u32::MAX - 1));
}

#[test]
fn no_setting_has_the_name_of_what_answers_say_beside_settings() {
    for kind in strowger_configuration::Kind::ALL {
        for field in kind.fields() {
            assert!(!configuration::BESIDE_SETTINGS.contains(&field.name), "{kind}.{}", field.name);
        }
    }
}
