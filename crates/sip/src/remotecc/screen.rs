//! Screens that a phone is shown: menus and texts of Cisco's XML objects, pushed in a `datapassthroughreq`.
//!
//! What the user chooses comes back as another `datapassthroughreq` (see [`super::read`]): the key below a menu first, where one was pressed,
//! and then the number of the item that was marked.

use strowger_base::feature::{Control, ParticipantList, QualityReason};

use super::tell::{Body, Part, escaped, request, screen};

/// Which kind of screen it is. The numbers are ours: a phone sends them back as they are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Application {
    /// Who is in the conference.
    Participants = 1,
    /// What is wrong with a call.
    Quality = 3,
}

/// Where a model of phone has its keys, from the left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Keys {
    /// The 79xx: what is done most comes first, Exit third.
    Old,
    /// All others: Exit comes first.
    New,
}

impl Keys {
    /// Those of a phone that calls itself this.
    pub(crate) fn of(user_agent: &str) -> Keys {
        if user_agent.contains("CP79") || user_agent.contains("CP-79") { Keys::Old } else { Keys::New }
    }

    const fn places(self) -> [u8; 4] {
        match self {
            Keys::Old => [3, 1, 2, 4],
            Keys::New => [1, 2, 3, 4],
        }
    }
}

/// A key below a screen: its word, and what the phone does.
type Key<'k> = (&'k str, String);

/// The menu of a conference. Who may not change it gets no keys for that, only one to look again.
pub(crate) fn participants(id: u32, list: &ParticipantList, keys: Keys) -> Body {
    let application = Application::Participants as u32;
    let items = list.participants.iter().take(ITEMS).map(|it| (it.shown(), it.number));
    let key = |word: &str| format!("UserCallDataSoftKey:Select:{application}:0:{id}:0:{word}");
    let update = format!("UserCallDataSoftKey:Update:{application}:0:{id}:0:Update");
    let below: Vec<Key<'_>> = match list.control {
        Control::Yes => {
            vec![("Exit", EXIT.into()), ("Remove", key("Remove")), ("Mute", key("Mute")), ("Update", update)]
        }
        Control::No => vec![("Exit", EXIT.into()), ("Update", update)],
    };
    menu((Application::Participants, id), ("Conference", "Please select"), items, &below, keys)
}

/// The menu of reasons for a report of bad quality.
pub(crate) fn reasons(id: u32, keys: Keys) -> Body {
    let items =
        QualityReason::ALL.into_iter().zip(1..).map(|(reason, number)| (reason.text().into(), number));
    let below: [Key<'_>; 2] = [("Exit", EXIT.into()), ("Select", "SoftKey:Select".into())];
    menu((Application::Quality, id), ("Quality report taken", "What is wrong?"), items, &below, keys)
}

/// Ends what a phone shows.
pub(crate) fn close() -> Body {
    let execute = "<CiscoIPPhoneExecute><ExecuteItem URL=\"Init:Services\"/></CiscoIPPhoneExecute>";
    Body::of(vec![passed(0, 0), screen(execute)])
}

fn menu(
    (application, id): (Application, u32),
    (title, prompt): (&str, &str),
    items: impl Iterator<Item = (String, u32)>,
    below: &[Key<'_>],
    keys: Keys,
) -> Body {
    let mut text = format!("<CiscoIPPhoneMenu><Title>{title}</Title><Prompt>{prompt}</Prompt>");
    let number = application as u32;
    for (name, item) in items {
        let name = escaped(&name);
        text.push_str(&format!(
            "<MenuItem><Name>{name}</Name><URL>UserCallData:{number}:0:{id}:0:{item}</URL></MenuItem>"
        ));
    }
    write_keys(&mut text, below, keys);
    text.push_str("</CiscoIPPhoneMenu>");
    Body::of(vec![passed(number, id), screen(&text)])
}

/// The keys below a screen; Exit is the first of them.
pub(super) fn write_keys(text: &mut String, below: &[Key<'_>], keys: Keys) {
    for ((word, url), place) in below.iter().zip(keys.places()) {
        text.push_str(&format!(
            "<SoftKeyItem><Name>{word}</Name><URL>{url}</URL><Position>{place}</Position></SoftKeyItem>"
        ));
    }
}

/// The request that goes before a screen.
pub(super) fn passed(application: u32, id: u32) -> Part {
    request(&format!(
        "<datapassthroughreq><applicationid>{application}</applicationid><transactionid>0</transactionid>\
         <stationsequence>StationSequenceLast</stationsequence><displaypriority>2</displaypriority>\
         <appinstance>0</appinstance><routingid>0</routingid><confid>{id}</confid></datapassthroughreq>"
    ))
}

pub(super) const EXIT: &str = "SoftKey:Exit";
/// Items that a menu has at most.
const ITEMS: usize = 100;
