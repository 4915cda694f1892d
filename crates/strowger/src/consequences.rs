//! What a change leads to beside what it says, told with its plan: phones that lose their registration or have to restart,
//! saved diallings that go another way, new doubts about the dial plan, sockets, and what has no effect yet.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use serde_json::{Value, json};
use strowger_base::line::{lines_of, number_of, shown};
use strowger_base::net::{ListenerId, Protocol};
use strowger_base::{LineName, TableChange};
use strowger_configuration::reader::Names;
use strowger_configuration::{Kind, State};
use strowger_node::configuration::Configuration;
use strowger_node::io::PhoneView;
use strowger_sip::io::Trunk;

use crate::digits::{self, Doubt, Report, Saved};
use crate::keeper::Plan;
use crate::sockets::WantedSocket;
use crate::telephony::Telephony;
use crate::this_server::{Machine, Own};

/// One thing that follows from a change.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Consequence {
    kind: &'static str,
    text: String,
    /// Whom it concerns, by the names that people know.
    concerned: Vec<String>,
}

/// A phone that is registered for a line.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Registered {
    pub(crate) line: LineName,
    /// Its name; none where the line has one phone that has none.
    pub(crate) phone: Option<Arc<str>>,
    /// Our socket, when it is reached by datagrams.
    pub(crate) listener: Option<ListenerId>,
    /// Where it is.
    pub(crate) address: Option<IpAddr>,
}

/// What the node takes of a state.
pub(crate) struct Taken {
    pub(crate) configuration: Arc<Configuration>,
    pub(crate) sockets: Vec<WantedSocket>,
    pub(crate) machine: Machine,
}

/// Everything that follows from a plan. `registered` tells which phones are registered now: for these lines, or all of them.
pub(crate) fn of(
    plan: &Plan,
    telephony: &Telephony,
    registered: impl Fn(Option<Vec<LineName>>) -> Vec<Registered>,
) -> Vec<Consequence> {
    let mut found = vec![];
    if plan.operations.is_empty() {
        return found;
    }
    let (Some(before), Some(after)) = (telephony.taken(&plan.before), telephony.taken(&plan.after)) else {
        return found;
    };
    sockets(&before.sockets, &after.sockets, telephony, &plan.after, &mut found);
    machine(&before.machine, &after.machine, &mut found);
    own_server(plan, telephony, &mut found);
    unregistered(&before, &after, telephony, &registered, &mut found);
    restarting(plan, &mut found);
    diallings(plan, &before, &after, &mut found);
    findings(&before, &after, &mut found);
    regions(&before.configuration, &after.configuration, &mut found);
    trunks_beside_phones(&before.configuration, &after.configuration, &registered, &mut found);
    found.extend(plan.without_effect().into_iter().map(|text| Consequence::new("unserved", text, vec![])));
    found
}

impl From<PhoneView> for Registered {
    fn from(phone: PhoneView) -> Self {
        let address = Some(phone.peer.ip().to_canonical());
        Registered { line: phone.line, phone: phone.phone, listener: phone.listener, address }
    }
}

impl Consequence {
    fn new(kind: &'static str, text: impl Into<String>, concerned: Vec<String>) -> Self {
        Consequence { kind, text: text.into(), concerned }
    }

    /// As programs read it.
    pub(crate) fn json(&self) -> Value {
        json!({
            "kind": self.kind,
            "text": self.text,
            "count": self.concerned.len(),
            "concerned": self.concerned.iter().take(CONCERNED).collect::<Vec<_>>(),
        })
    }
}

const fn spoken(socket: &WantedSocket) -> &'static str {
    match socket.protocol {
        Protocol::Sip => "SIP",
        Protocol::Sccp => "SCCP",
    }
}

fn sockets(
    before: &[WantedSocket],
    after: &[WantedSocket],
    telephony: &Telephony,
    state: &State,
    found: &mut Vec<Consequence>,
) {
    for socket in after.iter().filter(|socket| !before.iter().any(|it| it.is_same_place(socket))) {
        found.push(Consequence::new(
            "socket",
            format!("{} is taken at {socket} too", spoken(socket)),
            vec![],
        ));
    }
    for socket in before.iter().filter(|socket| !after.iter().any(|it| it.is_same_place(socket))) {
        let text = format!(
            "{} is not taken at {socket} any more: phones that are reached over it are unregistered until they register \
             elsewhere, and calls over it lose their signalling",
            spoken(socket)
        );
        found.push(Consequence::new("socket", text, vec![]));
    }
    if telephony.ignores_sockets(state) {
        let text = "sip_listeners count from the next start without --listen and --sip-port on";
        found.push(Consequence::new("socket", text, vec![]));
    }
}

/// What belongs to the machine and moves.
fn machine(before: &Machine, after: &Machine, found: &mut Vec<Consequence>) {
    let mut tell = |text: String| found.push(Consequence::new("machine", text, vec![]));
    if before.http != after.http {
        tell(format!(
            "web pages and the API are served at {} and no longer at {}: connections that are there go on",
            after.http, before.http
        ));
    }
    let where_media = |it: &Machine| (it.media_bind, it.media_address, it.media_ports);
    if where_media(before) != where_media(after) {
        let (first, last) = after.media_ports;
        let address =
            after.media_address.map_or("the address of the first SIP socket".to_owned(), |it| it.to_string());
        tell(format!(
            "media of new calls goes to {address}, ports {first}-{last}; that of calls in progress stays"
        ));
    }
    let ports = |it: &Machine| it.media_ports.1 - it.media_ports.0;
    if ports(after) > ports(before) {
        tell(
            "as many media sockets may be open as at the start; more of them after the next start".to_owned(),
        );
    }
}

/// Which of several servers this node is.
fn own_server(plan: &Plan, telephony: &Telephony, found: &mut Vec<Consequence>) {
    if !plan.operations.iter().any(|operation| operation.kind == Kind::Server) {
        return;
    }
    match telephony.own(&plan.after) {
        Own::Is(server) => {
            let name = server.name.as_str();
            let was = telephony.own(&plan.before).server().map(|server| server.name.as_str());
            if was != Some(name) {
                found.push(Consequence::new("server", format!("this node is the server {name}"), vec![]));
            }
        }
        Own::None => {}
        doubt @ (Own::Unsaid(_) | Own::Missing(_)) => {
            found.extend(doubt.doubt().map(|text| Consequence::new("server", text, vec![])));
        }
    }
}

/// Phones that cannot stay registered: of lines that go, those whose secrets change or that leave a line, and those behind a
/// socket that is closed.
fn unregistered(
    before: &Taken,
    after: &Taken,
    telephony: &Telephony,
    registered: impl Fn(Option<Vec<LineName>>) -> Vec<Registered>,
    found: &mut Vec<Consequence>,
) {
    let changes = after.configuration.sip.lines.changes_since(&before.configuration.sip.lines);
    let mut lost: BTreeSet<(LineName, Option<Arc<str>>)> = BTreeSet::new();
    for change in changes {
        let (line, account) = match change {
            TableChange::Removed(line, account) => (line, account),
            TableChange::Changed { name, before, .. } => (name, before),
            TableChange::Added(..) => continue,
        };
        // Its line may be in another partition now.
        let stays = |phone| {
            let mut lines = lines_of(&after.configuration.sip.lines, number_of(line));
            lines.any(|(_, account)| account.phone_like(phone).is_some())
        };
        let gone = account.phones.iter().filter(|phone| !stays(phone));
        lost.extend(gone.map(|phone| (line.into(), phone.name.clone())));
    }
    let closing = telephony.closing(&after.sockets);
    if lost.is_empty() && closing.is_empty() {
        return;
    }
    // Behind a socket may be any.
    let lines: Option<BTreeSet<&LineName>> =
        closing.is_empty().then(|| lost.iter().map(|(line, _)| line).collect());
    let lines = lines.map(|lines| lines.into_iter().cloned().collect());
    let now = registered(lines).into_iter().filter(|it| {
        let is_closed = it.listener.is_some_and(|listener| closing.contains(&listener));
        is_closed || lost.contains(&(it.line.clone(), it.phone.clone()))
    });
    let told = |line: &LineName| format!("of line {}", shown(&before.configuration.sip.lines, line.as_str()));
    let now = now
        .map(|Registered { line, phone, .. }| phone.map_or_else(|| told(&line), |phone| phone.to_string()));
    let now: BTreeSet<String> = now.collect();
    if !now.is_empty() {
        let now: Vec<String> = now.into_iter().collect();
        let (subject, verbs) = match now.len() {
            1 => (counted(&now, "phone", "phones"), "is registered and has"),
            _ => (counted(&now, "phone", "phones"), "are registered and have"),
        };
        found.push(Consequence::new("unregistered", format!("{subject} {verbs} to register anew"), now));
    }
}

fn restarting(plan: &Plan, found: &mut Vec<Consequence>) {
    let differences = plan.differences(usize::MAX);
    let phones = plan.before.restarting(&differences, &plan.after);
    if phones.is_empty() {
        return;
    }
    let mut names: Vec<String> = phones.iter().map(|phone| plan.after.name(Kind::Phone, *phone)).collect();
    names.sort_unstable();
    let text = format!("{} must restart to take it up", counted(&names, "phone", "phones"));
    found.push(Consequence::new("restart", text, names));
}

/// Saved diallings of which something else comes, or that are as expected and were not, or the other way round.
fn diallings(plan: &Plan, before: &Taken, after: &Taken, found: &mut Vec<Consequence>) {
    let were = Saved::of_state(&plan.before);
    for Saved { place, expect } in Saved::of_state(&plan.after) {
        let was = were.iter().find(|saved| saved.place == place);
        let wrong = expect.failures(&after.configuration.calls);
        let was_wrong = was.map_or_else(Vec::new, |was| was.expect.failures(&before.configuration.calls));
        let changes = match was {
            Some(was) => changes(
                &was.expect.outcome(&before.configuration.calls),
                &expect.outcome(&after.configuration.calls),
            ),
            None => vec![],
        };
        if changes.is_empty() && wrong == was_wrong {
            continue;
        }
        let became = match (was_wrong.is_empty(), wrong.is_empty()) {
            (true, true) => "changes, and is as expected".to_owned(),
            (false, true) => "leads where it shall again".to_owned(),
            (true, false) => format!("goes another way ({})", wrong.join("; ")),
            (false, false) => format!("still goes another way ({})", wrong.join("; ")),
        };
        let told = if changes.is_empty() { String::new() } else { format!(": {}", changes.join(", ")) };
        found.push(Consequence::new(
            "dialling",
            format!("saved dialling {place:?} {became}{told}"),
            vec![place],
        ));
    }
}

/// What of a dialling is another, as `result line 1002 before and no match after`.
fn changes(before: &Outcome, after: &Outcome) -> Vec<String> {
    match (before, after) {
        (Ok(before), Ok(after)) => {
            let differing = before.iter().zip(after).filter(|(before, after)| before != after);
            let told = |text: &str| if text.is_empty() { "nothing".to_owned() } else { text.to_owned() };
            let changes = differing.map(|((what, before), (_, after))| {
                format!("{what} {} before and {} after", told(before), told(after))
            });
            changes.collect()
        }
        // The other one's reason is told as what is wrong with it.
        (Err(_), Ok(_)) | (Ok(_), Err(_)) | (Err(_), Err(_)) => vec![],
    }
}

/// What comes of a dialling, or why it cannot be asked.
type Outcome = anyhow::Result<Vec<(&'static str, String)>>;

/// Doubts about the dial plan that were not there before.
fn findings(before: &Taken, after: &Taken, found: &mut Vec<Consequence>) {
    let (before, after) = (&before.configuration.calls, &after.configuration.calls);
    if Arc::ptr_eq(before, after) {
        return;
    }
    if after.plan.len() > LINTED {
        let text = format!(
            "the dial plan has more than {LINTED} patterns: what is doubtful about it is told by strowger digits --lint"
        );
        return found.push(Consequence::new("finding", text, vec![]));
    }
    let at = digits::now();
    let known = Report::of(before, at).doubtful();
    let doubts = Report::of(after, at).doubtful();
    let total = |all: &[Doubt], of: &Doubt| -> usize {
        all.iter().filter(|it| it.group == of.group).map(|it| 1 + it.alike).sum()
    };
    for doubt in &doubts {
        let text = match known.iter().find(|it| it.is == doubt.is) {
            Some(was) if was.lines >= doubt.lines => continue,
            Some(was) => format!("worse in the dial plan, of {} lines before: {}", was.lines, doubt.sentence),
            // Of many with one cause only some are told: another one of them is none that is new.
            None if known.iter().any(|it| it.group == doubt.group && it.alike > 0)
                && total(&doubts, doubt) <= total(&known, doubt) =>
            {
                continue;
            }
            None => format!("new in the dial plan: {}", doubt.sentence),
        };
        found.push(Consequence::new("finding", text, vec![]));
    }
}

/// Phones that are in no region while others are in one: hardly a codec is left between them.
fn regions(before: &Configuration, after: &Configuration, found: &mut Vec<Consequence>) {
    let outside = |configuration: &Configuration| {
        let mut is_in_region = false;
        let mut outside: BTreeSet<String> = BTreeSet::new();
        for (name, line) in configuration.calls.lines.iter() {
            for phone in &line.phones {
                match phone.settings.site.region {
                    Some(_) => is_in_region = true,
                    None => drop(outside.insert(phone.name.as_deref().unwrap_or(name).to_owned())),
                }
            }
        }
        if is_in_region { outside } else { BTreeSet::new() }
    };
    let named: Arc<str> = Arc::from("");
    let limits = after.calls.admission.limits(Some(&named), None);
    let kbps = limits.map_or(0, |limits| limits.audio_kbps_max);
    let now = outside(after);
    if kbps >= CODEC_OF_ALL_KBPS || now.is_empty() || now == outside(before) {
        return;
    }
    let now: Vec<String> = now.into_iter().collect();
    let are = if now.len() == 1 { "is" } else { "are" };
    let text = format!(
        "{} {are} in no region while others are in one: between the two at most {kbps} kbit/s for speech are permitted \
         (region_audio_between), which few phones have a codec for, so that they cannot call each other; give all device pools a region",
        counted(&now, "phone", "phones")
    );
    found.push(Consequence::new("region", text, now));
}

/// Trunks that take calls from every port of an address at which phones are: calls of those phones count as theirs.
fn trunks_beside_phones(
    before: &Configuration,
    after: &Configuration,
    registered: &impl Fn(Option<Vec<LineName>>) -> Vec<Registered>,
    found: &mut Vec<Consequence>,
) {
    let open = |configuration: &Configuration| -> BTreeSet<(String, IpAddr)> {
        let open = |trunk: &Trunk| {
            let any_port = trunk.sources.iter().filter(|(_, port)| port.is_none());
            let of = |(address, _): &(IpAddr, Option<u16>)| (trunk.name.to_string(), address.to_canonical());
            any_port.map(of).collect::<Vec<_>>()
        };
        configuration.sip.trunks.iter().flat_map(open).collect()
    };
    let known = open(before);
    let new: Vec<(String, IpAddr)> = open(after).into_iter().filter(|it| !known.contains(it)).collect();
    if new.is_empty() {
        return;
    }
    let phones: BTreeSet<IpAddr> = registered(None).into_iter().filter_map(|it| it.address).collect();
    for (trunk, address) in new.into_iter().filter(|(_, address)| phones.contains(address)) {
        let text = format!(
            "trunk {trunk} takes calls from every port of {address}, where phones are registered from: a call from there that neither has \
             credentials nor names a line counts as the trunk's; give the trunk sources with a port, or another address"
        );
        found.push(Consequence::new("trunk", text, vec![trunk]));
    }
}

fn counted(names: &[String], one: &str, many: &str) -> String {
    match names {
        [name] => format!("{one} {name}"),
        [first @ .., last] if names.len() <= NAMED => format!("{many} {} and {last}", first.join(", ")),
        names => {
            let shown = names.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
            format!("{} {many} ({shown}, ...)", names.len())
        }
    }
}

/// What the codecs need that all phones have.
const CODEC_OF_ALL_KBPS: u16 = 64;
/// Names in a sentence.
const NAMED: usize = 5;
/// Names in an answer.
const CONCERNED: usize = 1000;
/// Patterns up to which a plan looks for doubts: a fraction of a second.
const LINTED: usize = 5_000;

#[cfg(test)]
mod tests;
