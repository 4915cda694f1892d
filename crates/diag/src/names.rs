//! What the legs of a call are called in its story.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use strowger_base::journal::{
    CallRecord, Decision, Direction, Entry, OriginView, Paging, PartyView, PatternKind, Record,
    RecordingNews, TargetView, WhyReleased,
};
use strowger_base::{FeatureRequest, LegId};

use crate::{recordings, words};

/// Names of the legs, from what the journal says of them.
#[derive(Debug, Default)]
pub(crate) struct Names {
    caller: Option<LegId>,
    /// The number grew by further wishes (RFC 3578): each has a leg, and all are the caller's.
    grew: bool,
    /// How the caller is called in sentences: its number, or its trunk.
    caller_name: String,
    called: BTreeMap<LegId, Called>,
    /// In which order legs were rung.
    order: Vec<LegId>,
    addresses: BTreeMap<LegId, SocketAddr>,
    /// The number at which the caller waits, or waited.
    parked_at: Option<String>,
    /// What was looked up last, where nothing came of it: the number after its translations.
    sought: Option<String>,
}

#[derive(Debug)]
struct Called {
    /// The line, trunk or service.
    owner: String,
    kind: Kind,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Kind {
    /// With its name; empty where it has none.
    Phone(String),
    Trunk,
    /// The server itself talks.
    Service,
}

impl Names {
    pub(crate) fn collect(records: &[Record<'_>]) -> Self {
        let mut names = Names::default();
        let mut recorder = None;
        for record in records {
            if let Entry::Call(call) = &record.entry
                && recordings::is_of_recorder(call)
            {
                names.records(call);
            }
            if let Entry::Decision(Decision::LookedUp(lookup)) = &record.entry {
                let in_vain = matches!(lookup.kind, PatternKind::None | PatternKind::Block);
                names.sought = in_vain.then(|| lookup.digits.to_owned());
            }
            if let Entry::Decision(Decision::FeatureDone { feature, text }) = &record.entry
                && *feature == FeatureRequest::Park.word()
            {
                names.parked_at = Some((*text).to_owned());
            }
            let Some(leg) = record.leg else { continue };
            match &record.entry {
                Entry::Decision(
                    Decision::CallBegan { origin, calling, .. } | Decision::CallMade { origin, calling, .. },
                ) => names.calls(leg, origin, calling),
                Entry::Decision(Decision::Joined(joined)) => {
                    names.calls(leg, &joined.origin, &joined.calling);
                    if let Some(seat) = &joined.other {
                        names.called.insert(seat.leg, Called::new(&seat.target));
                        names.order.push(seat.leg);
                    }
                }
                Entry::Decision(Decision::Rung { target, .. } | Decision::RingsOn { target }) => {
                    names.called.insert(leg, Called::new(target));
                    names.order.push(leg);
                }
                Entry::Decision(Decision::Paging(Paging::Heard { seat, .. })) => {
                    let owner = format!("the page to {}", names.device(leg));
                    names.called.insert(*seat, Called { owner, kind: Kind::Service });
                }
                Entry::Decision(Decision::Paging(Paging::Multicast { address, .. })) => {
                    let owner = format!("the page to {address}");
                    names.called.insert(leg, Called { owner, kind: Kind::Service });
                }
                Entry::Decision(Decision::LegReleased { why: WhyReleased::NumberIncomplete, .. }) => {
                    names.grew = true;
                }
                Entry::Decision(Decision::Recording(RecordingNews::Begins { trunk, number, .. })) => {
                    recorder = Some(recordings::recorder(number, trunk));
                }
                Entry::Message { direction, flow, bytes } => {
                    // Of the legs of a call that of a recorder alone is told of by nothing but the recording.
                    if let Some(owner) = &recorder
                        && *direction == Direction::Sent
                        && bytes.starts_with(b"INVITE ")
                        && !names.is_known(leg)
                    {
                        names.called.insert(leg, Called { owner: owner.clone(), kind: Kind::Trunk });
                        names.order.push(leg);
                    }
                    names.addresses.entry(leg).or_insert_with(|| flow.peer());
                }
                Entry::Decision(_)
                | Entry::Told(_)
                | Entry::Registration(_)
                | Entry::Alarm(_)
                | Entry::Call(_)
                | Entry::Quality(_)
                | Entry::UserSet(_) => {}
            }
        }
        names
    }

    /// The call is one with a recorder.
    fn records(&mut self, call: &CallRecord<'_>) {
        self.calls(call.calling_leg, &call.origin, &call.calling);
        for leg in &call.legs {
            let TargetView::Trunk(trunk) = leg.target else { continue };
            let owner = recordings::recorder(call.called, trunk);
            self.called.insert(leg.leg, Called { owner, kind: Kind::Trunk });
            self.order.push(leg.leg);
        }
    }

    fn is_known(&self, leg: LegId) -> bool {
        self.is_caller(leg) || self.called.contains_key(&leg)
    }

    /// This leg is the caller's.
    fn calls(&mut self, leg: LegId, origin: &OriginView<'_>, calling: &PartyView<'_>) {
        self.caller = Some(leg);
        self.caller_name = match origin {
            OriginView::Line { line, .. } => (*line).to_owned(),
            OriginView::Trunk(name) if calling.number.is_empty() => format!("trunk {name}"),
            OriginView::Trunk(name) => format!("{} (trunk {name})", calling.number),
        };
    }

    /// The number that led nowhere, or was forbidden: what translations made of the one that was dialled.
    pub(crate) fn sought<'n>(&'n self, dialled: &'n str) -> &'n str {
        self.sought.as_deref().unwrap_or(dialled)
    }

    /// The leg that called.
    pub(crate) const fn caller(&self) -> Option<LegId> {
        self.caller
    }

    /// Whether a leg is the caller's; a number that grew has many.
    pub(crate) fn is_caller(&self, leg: LegId) -> bool {
        Some(leg) == self.caller || (self.grew && !self.called.contains_key(&leg))
    }

    /// The number of call park at which the caller waits, or waited.
    pub(crate) fn parked_at(&self) -> Option<&str> {
        self.parked_at.as_deref()
    }

    /// Legs that were rung, in that order.
    pub(crate) fn rung(&self) -> &[LegId] {
        &self.order
    }

    pub(crate) fn address(&self, leg: LegId) -> Option<SocketAddr> {
        self.addresses.get(&leg).copied()
    }

    /// Who it is that talks: a number, a trunk or a service.
    pub(crate) fn party(&self, leg: LegId) -> String {
        if self.is_caller(leg) {
            return self.caller_name.clone();
        }
        match self.called.get(&leg) {
            Some(called) => called.owner.clone(),
            None => format!("leg {leg}"),
        }
    }

    /// Whether the other end of the leg is this server itself.
    pub(crate) fn is_service(&self, leg: LegId) -> bool {
        self.called.get(&leg).is_some_and(|called| called.kind == Kind::Service)
    }

    /// Which device it is: `the phone of 1002`, `phone 2 of 1002`, `phone SEP001122334455 of 1002`, `trunk carrier`.
    pub(crate) fn device(&self, leg: LegId) -> String {
        if self.is_caller(leg) {
            return self.caller_name.clone();
        }
        let Some(called) = self.called.get(&leg) else { return format!("leg {leg}") };
        let Kind::Phone(name) = &called.kind else { return called.owner.clone() };
        let is_same = |other: &&LegId| {
            self.called.get(other).is_some_and(|it| it.owner == called.owner && it.kind == called.kind)
        };
        let same: Vec<LegId> = self.order.iter().filter(is_same).copied().collect();
        let place = same.iter().position(|other| *other == leg).map_or(0, |place| place + 1);
        let owner = &called.owner;
        match (same.len() < 2, &**name) {
            (true, "") => format!("the phone of {owner}"),
            (false, "") => format!("phone {place} of {owner}"),
            (true, name) => format!("phone {name} of {owner}"),
            // Of one phone with several contacts.
            (false, name) => format!("phone {name} ({place}) of {owner}"),
        }
    }

    /// The same at the beginning of a sentence.
    pub(crate) fn device_first(&self, leg: LegId) -> String {
        words::capital(self.device(leg))
    }
}

impl Called {
    fn new(target: &TargetView<'_>) -> Self {
        match target {
            TargetView::Phone { line, phone, .. } => {
                Called { owner: (*line).to_owned(), kind: Kind::Phone((*phone).to_owned()) }
            }
            TargetView::Trunk(name) => Called { owner: format!("trunk {name}"), kind: Kind::Trunk },
            TargetView::Service(service) => {
                Called { owner: words::service(*service).to_owned(), kind: Kind::Service }
            }
        }
    }
}
