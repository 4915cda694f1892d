//! What an operator or a program wants done with a call that goes on.

use std::sync::Arc;

use axum::http::{Method, StatusCode};
use axum::response::Response;
use strowger_base::CallId;
use strowger_base::feature::{FeatureRequest, Turn};
use strowger_base::journal::{WhyApart, WhyTransferRefused};
use strowger_callcontrol::io::{CallSide, Order, OrderKind, OrderRefused};
use strowger_configuration::setting::{Description, NumberText, Record};
use strowger_configuration::{choice, record};
use strowger_node::io::Answer;

use super::problem::Problem;
use super::route::{self, Ask, Body, Handler, Route, Shape};
use super::{Site, json, unexpected};
use crate::access::Role;
use crate::mailbox::Letter;

/// The routes that do something with a call.
pub(super) fn routes() -> [Route; 5] {
    let order = |path, id, summary, body: Body, handle: Handler| Route {
        method: Method::POST,
        needs: Some(Role::Operator),
        body,
        answers: vec![route::Answer {
            status: 202,
            shape: Shape::Json("The call; its story tells what becomes of it."),
        }],
        refusals: &[404, 409],
        ..Route::question(path, id, summary, handle)
    };
    [
        order(
            "/api/v1/calls/{call}/release",
            "release_call",
            "Ends a call, wherever it stands",
            Body::Nothing,
            |site, ask| Box::pin(release(site, ask)),
        ),
        order(
            "/api/v1/calls/{call}/transfer",
            "transfer_call",
            "Sends a party of an answered call to a number; the other one is released when somebody is reached",
            Body::Settings(Transfer::FIELDS),
            |site, ask| Box::pin(transfer(site, ask)),
        ),
        order(
            "/api/v1/calls/{call}/join",
            "join_calls",
            "Lets a party of an answered call talk with one of another; the two others are released",
            Body::Settings(Join::FIELDS),
            |site, ask| Box::pin(join(site, ask)),
        ),
        order(
            "/api/v1/calls/{call}/conference",
            "confer_calls",
            "Makes one conference of two answered calls of a party, or takes the other party of the second call into the conference of the first",
            Body::Settings(Confer::FIELDS),
            |site, ask| Box::pin(confer(site, ask)),
        ),
        order(
            "/api/v1/calls/{call}/feature",
            "ask_feature",
            "Asks for a feature as if a party had pressed the key for it",
            Body::Settings(Feature::FIELDS),
            |site, ask| Box::pin(feature(site, ask)),
        ),
    ]
}

record! {
    /// Who of a call goes on, and to where.
    struct Transfer {
        /// Who goes on.
        party: Party,
        /// The number, as the other party could dial it.
        to: NumberText,
    }
}

record! {
    /// Who of two calls goes on with each other.
    struct Join {
        /// Who of this call goes on.
        party: Party,
        /// The id of the other call.
        other: Description,
        /// Who of the other call goes on.
        other_party: Party,
    }
}

record! {
    /// Who has two calls that become one conference.
    struct Confer {
        /// Who has this call.
        party: Party,
        /// The id of the other call.
        other: Description,
        /// Who it is in the other call.
        other_party: Party,
    }
}

record! {
    /// What is asked for, and for whom.
    struct Feature {
        /// For whom.
        party: Party,
        /// What for.
        feature: Key,
    }
}

choice! {
    /// One of the two parties of a call.
    enum Party {
        /// Who called.
        Calling = "calling",
        /// Who was called.
        Called = "called",
    }
}

choice! {
    /// What a key of a phone asks for during a call.
    enum Key {
        /// The other party waits at a free number of call park.
        Park = "park",
        /// The call goes to the voice mail of the line.
        Divert = "divert",
        /// Whoever came last leaves the conference.
        DropLast = "conference-drop-last",
        /// Whoever called and is not answered is called when the line is free.
        CallBack = "call-back",
        /// The call is reported as malicious.
        MaliciousCall = "malicious-call",
        /// Other phones of the line neither see nor enter the call.
        PrivacyOn = "privacy-on",
        /// They do again.
        PrivacyOff = "privacy-off",
        /// The call is recorded from here on.
        RecordOn = "record-on",
        /// It is recorded no more.
        RecordOff = "record-off",
        /// Whoever was called by intercom is heard from here on.
        Talk = "talk",
        /// The quality of the call is reported as bad.
        QualityReport = "quality-report",
    }
}

impl Party {
    const fn side(self) -> CallSide {
        match self {
            Party::Calling => CallSide::Calling,
            Party::Called => CallSide::Called,
        }
    }
}

impl Key {
    const fn request(self) -> FeatureRequest {
        match self {
            Key::Park => FeatureRequest::Park,
            Key::Divert => FeatureRequest::Divert,
            Key::DropLast => FeatureRequest::DropLast,
            Key::CallBack => FeatureRequest::CallBack,
            Key::MaliciousCall => FeatureRequest::MaliciousCall,
            Key::PrivacyOn => FeatureRequest::Privacy(Turn::On),
            Key::PrivacyOff => FeatureRequest::Privacy(Turn::Off),
            Key::RecordOn => FeatureRequest::Record(Turn::On),
            Key::RecordOff => FeatureRequest::Record(Turn::Off),
            Key::Talk => FeatureRequest::Talk,
            Key::QualityReport => FeatureRequest::ReportQuality(None),
        }
    }
}

async fn release(site: Arc<Site>, ask: Ask) -> Result<Response, Problem> {
    carry_out(&site, &ask, OrderKind::Release).await
}

async fn transfer(site: Arc<Site>, ask: Ask) -> Result<Response, Problem> {
    let Transfer { party, to } = ask.body()?;
    carry_out(&site, &ask, OrderKind::Transfer { party: party.side(), to: to.as_str().into() }).await
}

async fn join(site: Arc<Site>, ask: Ask) -> Result<Response, Problem> {
    let Join { party, other, other_party } = ask.body()?;
    let other = call_id(other.as_str())?;
    let what = OrderKind::Join { party: party.side(), other, other_party: other_party.side() };
    carry_out(&site, &ask, what).await
}

async fn confer(site: Arc<Site>, ask: Ask) -> Result<Response, Problem> {
    let Confer { party, other, other_party } = ask.body()?;
    let other = call_id(other.as_str())?;
    let what = OrderKind::Confer { party: party.side(), other, other_party: other_party.side() };
    carry_out(&site, &ask, what).await
}

async fn feature(site: Arc<Site>, ask: Ask) -> Result<Response, Problem> {
    let Feature { party, feature } = ask.body()?;
    carry_out(&site, &ask, OrderKind::Feature { party: party.side(), request: feature.request() }).await
}

async fn carry_out(site: &Site, ask: &Ask, what: OrderKind) -> Result<Response, Problem> {
    let call = match ask.path("call") {
        "last" => {
            let live = super::calls::live(site, 1).await?;
            live.first().map(|call| call.call).ok_or_else(|| Problem::absent("no call goes on"))?
        }
        id => call_id(id)?,
    };
    let order = Box::new(Order { call, what, who: ask.principal.name.clone() });
    match site.answered(|sender| Letter::Order(order, sender)).await? {
        Answer::Ordered(Ok(())) => {
            Ok(json(StatusCode::ACCEPTED, &serde_json::json!({ "call": call.to_string() })))
        }
        Answer::Ordered(Err(refused)) => Err(problem(&refused)),
        Answer::Calls(_)
        | Answer::Phones { .. }
        | Answer::Stations { .. }
        | Answer::UserSettings(_)
        | Answer::SetForUser(_)
        | Answer::BegunAnew(_)
        | Answer::Pushed(_)
        | Answer::Metrics(_)
        | Answer::Health(_)
        | Answer::Messages(_)
        | Answer::Bandwidth(_)
        | Answer::MediaResources(_)
        | Answer::Leftovers(_) => Err(unexpected()),
    }
}

fn call_id(text: &str) -> Result<CallId, Problem> {
    text.parse().map_err(|_| Problem::malformed(format!("{text} is no call id; expected one like C1.0.42")))
}

fn problem(refused: &OrderRefused) -> Problem {
    let conflict = |why: String| Problem::new(StatusCode::CONFLICT, why);
    match refused {
        OrderRefused::NoCall(call) => Problem::absent(format!(
            "no call {call} goes on; `strowger calls` lists those that do, and a call that was transferred goes on under another id"
        )),
        OrderRefused::NotAnswered(call) => conflict(format!("call {call} is not answered")),
        OrderRefused::Feature(why) => {
            conflict(format!("the feature is refused: {}", strowger_diag::because(why)))
        }
        OrderRefused::Transfer(why) => conflict(
            match why {
                WhyTransferRefused::NotTalking => "the call is not answered",
                WhyTransferRefused::UnderWay => "another transfer of this call is under way",
                WhyTransferRefused::SameCall => "that is the very same call",
                WhyTransferRefused::NotReady => "the other call is not answered",
                WhyTransferRefused::NobodyToJoin => "no device would be left, only services of the server",
                WhyTransferRefused::Intercom => "nobody is transferred from or into an intercom call",
                WhyTransferRefused::Congestion => "the server takes no new calls now",
                WhyTransferRefused::Page => "nobody else comes in the place of who speaks in a page",
                WhyTransferRefused::Apart(WhyApart::NoBandwidth) => {
                    "there is no bandwidth between the two that would be left"
                }
                WhyTransferRefused::Apart(WhyApart::NoCodec) => {
                    "the two that would be left have no codec in common"
                }
                WhyTransferRefused::Apart(WhyApart::Unencrypted) => {
                    "the media of the two that would be left could not be encrypted"
                }
            }
            .to_owned(),
        ),
    }
}
