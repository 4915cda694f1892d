//! What is sent to the screens of phones.

use std::sync::Arc;

use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde_json::json as table;
use strowger_configuration::setting::{
    DisplayName, Record, ScreenDocument, ScreenText, ServiceUrl, Whole, record,
};
use strowger_node::io::{self, PushRefused, Question};
use strowger_provision::screen::{self, Execute, Frame, Key, Object, Priority, Text, Unfit};

use super::problem::Problem;
use super::route::{Answer, Ask, Body, Route, Shape};
use super::{Site, json, unexpected};
use crate::access::Role;

/// The route to them.
pub(super) fn routes() -> [Route; 1] {
    [Route {
        method: Method::POST,
        needs: Some(Role::Operator),
        body: Body::Settings(<Push as Record>::FIELDS),
        answers: vec![Answer {
            status: 200,
            shape: Shape::Json(
                "The number of the exchange, whether the phone answered within three seconds, and what it answered, in words and as it is.",
            ),
        }],
        refusals: &[404, 422, 503],
        ..Route::question(
            "/api/v1/phones/{name}/push",
            "push_to_phone",
            "Sends a text, a page or an XML object to the screen of an SCCP phone",
            |site, ask| Box::pin(push(site, ask)),
        )
    }]
}

record! {
    /// What is sent to the screen of a phone: a text, something that it opens, or an XML object as it is.
    struct Push {
        /// A text that it shows. Exactly one of text, url and document is given.
        text: Option<ScreenText> = None,
        /// What stands above the text.
        title: DisplayName = DisplayName::default(),
        /// What it opens: a page, or what phones do by themselves, such as `Key:Services` or `Dial:1001`.
        url: Option<ServiceUrl> = None,
        /// An XML object, such as `CiscoIPPhoneMenu`.
        document: Option<ScreenDocument> = None,
        /// 0 at once, 1 when the phone is idle, 2 only if it is.
        priority: Whole<0, 2> = Whole::new(0),
        /// The number of the application that sends it. What the phone's user chooses comes with it, as the event `screen-told`.
        application: Whole<1, 2_147_483_647> = Whole::new(1),
    }
}

async fn push(site: Arc<Site>, ask: Ask) -> Result<Response, Problem> {
    let given = ask.body::<Push>()?;
    let unfit = |unfit: Unfit| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, unfit.to_string());
    let document = document(&given).map_err(unfit)?;
    let document = document.ok_or_else(|| {
        let why = "give exactly one of text, url and document";
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, why)
    })?;
    let name = ask.path("name").to_owned();
    let push = io::Push {
        device: name.as_str().into(),
        application: given.application.get(),
        priority: given.priority.get() as u8,
        document: document.into_bytes().into(),
        by: ask.principal.to_string().into(),
    };
    let pushed = match site.ask(Question::Push(push)).await? {
        io::Answer::Pushed(Ok(pushed)) => pushed,
        io::Answer::Pushed(Err(why)) => return Err(refused(why, &name)),
        other => {
            strowger_base::never!("the node answered {other:?} to a push");
            return Err(unexpected());
        }
    };
    let data =
        pushed.answer.as_deref().map(|data| String::from_utf8_lossy(data).trim_end_matches('\0').to_owned());
    let read = pushed.answer.as_deref().map(screen::Answer::read);
    let words = match &read {
        None => "",
        Some(Ok(answer)) => &answer.words(),
        Some(Err(unreadable)) => &unreadable.to_string(),
    };
    let body = table!({
        "phone": name,
        "transaction": pushed.transaction,
        "answered": read.is_some(),
        "success": matches!(&read, Some(Ok(answer)) if answer.is_success()),
        "answer": words,
        "data": data,
    });
    Ok(json(StatusCode::OK, &body))
}

/// What is sent; nothing when not exactly one thing is given.
fn document(given: &Push) -> Result<Option<String>, Unfit> {
    let priority = match given.priority.get() {
        0 => Priority::Now,
        1 => Priority::WhenIdle,
        _ => Priority::OnlyIfIdle,
    };
    match (&given.text, &given.url, &given.document) {
        (Some(text), None, None) => {
            let exit = Key { name: "Exit".to_owned(), url: "SoftKey:Exit".to_owned(), position: 3 };
            let title = given.title.as_str().to_owned();
            let frame = Frame { title, prompt: String::new(), keys: vec![exit] };
            Object::Text(Text { frame, text: text.as_str().to_owned() }).write().map(Some)
        }
        (None, Some(url), None) => {
            Object::Execute(Execute { items: vec![(url.as_str().to_owned(), priority)] }).write().map(Some)
        }
        (None, None, Some(document)) => {
            screen::pushed(document.as_str())?;
            Ok(Some(document.as_str().to_owned()))
        }
        _ => Ok(None),
    }
}

fn refused(why: PushRefused, name: &str) -> Problem {
    match why {
        PushRefused::NotRegistered => Problem::absent(format!(
            "no SCCP phone {name} is registered; `strowger show sccp` lists those that are. SIP phones are not sent screens"
        )),
        PushRefused::NoScreen | PushRefused::TooLong { .. } => {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, why.to_string())
        }
        PushRefused::TooMany => {
            let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, why.to_string());
            Problem { retry_after: Some(1), ..problem }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_one_thing_is_sent() {
        let check = |body: serde_json::Value, expect: &str| {
            let table = body.as_object().cloned().unwrap_or_default();
            let mut reader = strowger_configuration::reader::Reader::new(
                strowger_configuration::Id::from_random(0),
                &strowger_configuration::reader::ByIdOnly,
                &strowger_configuration::reader::AlreadySealed,
            );
            let given = Push::read_table(&table, &mut reader).unwrap();
            let said = match document(&given) {
                Ok(Some(document)) => document,
                Ok(None) => "not exactly one".to_owned(),
                Err(unfit) => unfit.to_string(),
            };
            assert!(said.contains(expect), "{body}: {said}");
        };
        check(
            table!({ "text": "a < b", "title": "T" }),
            "<Title>T</Title><Text>a &lt; b</Text><SoftKeyItem>",
        );
        check(
            table!({ "url": "Dial:1001", "priority": 2 }),
            "<ExecuteItem Priority=\"2\" URL=\"Dial:1001\"/>",
        );
        check(table!({ "document": "<CiscoIPPhoneMenu/>" }), "<CiscoIPPhoneMenu/>");
        check(table!({ "document": "<html/>" }), "it is <html>");
        check(table!({ "document": "<CiscoIPPhoneMenu>" }), "not well-formed");
        check(table!({}), "not exactly one");
        check(table!({ "text": "a", "url": "Dial:1001" }), "not exactly one");
        check(table!({ "text": "x".repeat(4_000) }), "<Text>xxx");
    }
}
