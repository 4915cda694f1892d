//! Rules of lines and patterns.

use strowger_dialplan::{Discard, Pattern};

use super::{Findings, Least};
use crate::Id;
use crate::kinds::{
    DirectedCallPark, ForwardTarget, HuntExhausted, HuntPilot, Line, NumberChange, PagingGroup, PickupGroup,
    RouteFilter, RouteGroup, RouteList, RoutePattern, SavedDialling, SipRoutePattern, TranslationPattern,
};
use crate::problem::Segment;
use crate::setting::{Address, DiscardInstructions, Ref};

pub(super) fn line(it: &Line, found: &mut Findings) {
    let (busy, most) = (it.busy_trigger.get(), it.calls_max.get());
    if busy > most {
        found.wrong("busy_trigger", format!("is {busy}, but calls_max is {most}; give 1 to {most}"));
    }
    let has_voice_mail = it.voice_mail.is_some();
    if let Some(forwards) = &it.forwards {
        let forwards = [
            ("all", &forwards.all),
            ("busy_internal", &forwards.busy_internal),
            ("busy_external", &forwards.busy_external),
            ("no_answer_internal", &forwards.no_answer_internal),
            ("no_answer_external", &forwards.no_answer_external),
            ("unregistered_internal", &forwards.unregistered_internal),
            ("unregistered_external", &forwards.unregistered_external),
            ("no_coverage_internal", &forwards.no_coverage_internal),
            ("no_coverage_external", &forwards.no_coverage_external),
            ("cti_failure", &forwards.cti_failure),
        ];
        found.inside(Segment::Setting("forwards".into()), |found| {
            for (name, target) in
                forwards.into_iter().filter_map(|(name, target)| Some((name, target.as_ref()?)))
            {
                found.inside(Segment::Setting(name.into()), |found| forward(target, has_voice_mail, found));
            }
        });
    }
    if it.aar.as_ref().is_some_and(|aar| aar.voice_mail) && !has_voice_mail {
        found.inside(Segment::Setting("aar".into()), no_voice_mail);
    }
}

fn forward(it: &ForwardTarget, has_voice_mail: bool, found: &mut Findings) {
    found.exactly_one(&[("number", it.number.is_some()), ("voice_mail", it.voice_mail)]);
    if it.voice_mail && !has_voice_mail {
        no_voice_mail(found);
    }
}

fn no_voice_mail(found: &mut Findings) {
    found.wrong("voice_mail", "is true, but the line has no voice_mail; give it one, or forward to a number");
}

pub(super) fn translation(it: &TranslationPattern, found: &mut Findings) {
    filtered(it.pattern.as_str(), it.filter, found);
    changed(it.pattern.as_str(), it.change.as_deref(), found);
    let only = "null_partition_only says where the number is looked up";
    found.excluded("search_space", it.search_space.is_some() && it.null_partition_only, only);
}

pub(super) fn route(it: &RoutePattern, found: &mut Findings) {
    filtered(it.pattern.as_str(), it.filter, found);
    changed(it.pattern.as_str(), it.change.as_deref(), found);
    found.exactly_one(&[
        ("trunk", it.trunk.is_some()),
        ("gateway", it.gateway.is_some()),
        ("route_list", it.route_list.is_some()),
    ]);
    if it.overlap_sending {
        let why = "overlap_sending leaves no moment to ask for a code";
        found.excluded("authorization_level", it.authorization_level.is_some(), why);
        found.excluded("matter_code", it.matter_code, why);
    }
}

pub(super) fn sip_route(it: &SipRoutePattern, found: &mut Findings) {
    found.exactly_one(&[
        ("trunk", it.trunk.is_some()),
        ("route_list", it.route_list.is_some()),
        ("block", it.block),
    ]);
}

/// A route filter has a meaning only for `@`.
pub(super) fn filtered(pattern: &str, filter: Option<Ref<RouteFilter>>, found: &mut Findings) {
    let national = pattern.parse::<Pattern>().is_ok_and(|pattern| pattern.has_national_plan());
    found.excluded("filter", filter.is_some() && !national, "the pattern has no @ that it could apply to");
}

/// Discard instructions must find in the pattern what they speak of.
pub(super) fn discarded(pattern: &str, discard: Option<&DiscardInstructions>, found: &mut Findings) {
    let Some(text) = discard.map(DiscardInstructions::as_str) else { return };
    let parsed = (text.parse::<Discard>(), pattern.parse::<Pattern>());
    if let (Ok(discard), Ok(pattern)) = parsed
        && let Err(error) = discard.check(&pattern)
    {
        found.wrong("discard", format!("is {text:?}: {error}; change it, or the pattern"));
    }
}

fn changed(pattern: &str, change: Option<&NumberChange>, found: &mut Findings) {
    let Some(change) = change else { return };
    found.inside(Segment::Setting("change".into()), |found| {
        discarded(pattern, change.discard.as_ref(), found);
    });
}

pub(super) fn route_group(it: &RouteGroup, found: &mut Findings) {
    found.filled("members", &it.members);
    found.inside(Segment::Setting("members".into()), |found| {
        for (at, member) in it.members.iter().enumerate() {
            found.inside(Segment::Entry(at), |found| {
                found
                    .exactly_one(&[("trunk", member.trunk.is_some()), ("gateway", member.gateway.is_some())]);
            });
        }
    });
    let device = |trunk: Option<Id>, gateway: Option<Id>| trunk.or(gateway);
    let members = it.members.iter();
    found.distinct(
        "members",
        members.map(|member| device(member.trunk.map(|it| it.id()), member.gateway.map(|it| it.id()))),
    );
}

pub(super) fn route_list(it: &RouteList, found: &mut Findings) {
    found.filled("members", &it.members);
    found.inside(Segment::Setting("members".into()), |found| {
        for (at, member) in it.members.iter().enumerate() {
            found.inside(Segment::Entry(at), |found| {
                found.exactly_one(&[
                    ("route_group", member.route_group.is_some()),
                    ("local_route_group", member.local_route_group.is_some()),
                ]);
            });
        }
    });
    let group = |member: &crate::kinds::RouteListMember| {
        let own = member.route_group.map(|group| group.id());
        (own.is_some() || member.local_route_group.is_some()).then(|| (own, member.local_route_group.clone()))
    };
    found.distinct("members", it.members.iter().map(group));
}

pub(super) fn hunt_pilot(it: &HuntPilot, found: &mut Findings) {
    filtered(it.pattern.as_str(), it.filter, found);
    changed(it.pattern.as_str(), it.change.as_deref(), found);
    match (it.exhausted, &it.exhausted_to) {
        (HuntExhausted::Forward, None) => {
            found.wrong("exhausted_to", "is missing; give where calls go that nobody took");
        }
        (HuntExhausted::Release | HuntExhausted::NoCoverage, Some(_)) => {
            found.wrong("exhausted_to", "is given, but exhausted is not forward; leave one of the two out");
        }
        (HuntExhausted::Forward, Some(_)) | (HuntExhausted::Release | HuntExhausted::NoCoverage, None) => {}
    }
}

pub(super) fn directed_call_park(it: &DirectedCallPark, found: &mut Findings) {
    if it.retrieval_prefix.is_empty() {
        found.wrong("retrieval_prefix", "is empty; give digits, for example 21");
    }
    let nowhere = it.reversion_search_space.is_some() && it.reversion_number.is_none();
    found.excluded("reversion_search_space", nowhere, "reversion_number is not");
}

pub(super) fn pickup_group(id: Id, it: &PickupGroup, found: &mut Findings) {
    found.list("lines", &it.lines, Least::None, |it| it.id());
    found.list("others", &it.others, Least::None, |it| it.id());
    if it.others.iter().any(|other| other.id() == id) {
        found.wrong("others", "names the group itself; leave it out");
    }
}

pub(super) fn paging_group(it: &PagingGroup, found: &mut Findings) {
    found.list("lines", &it.lines, Least::None, |it| it.id());
    let reaches_devices = !it.lines.is_empty() || !it.numbers.is_empty() || !it.overhead.is_empty();
    if !reaches_devices && it.multicast.is_none() {
        let why = "are missing, and so are numbers, overhead and multicast; give at least one of them";
        found.wrong("lines", why);
    }
    multicast(it.multicast.as_ref(), found);
    if !it.multicast_port.get().is_multiple_of(2) {
        found.wrong("multicast_port", "is odd; give an even port, as RTP wants it");
    }
}

pub(super) fn saved_dialling(it: &SavedDialling, found: &mut Findings) {
    found.exactly_one(&[
        ("line", it.line.is_some()),
        ("trunk", it.trunk.is_some()),
        ("search_space", it.search_space.is_some()),
    ]);
    let expected = [
        &it.result,
        &it.ends,
        &it.asks,
        &it.pattern,
        &it.called,
        &it.calling,
        &it.first_trunk,
        &it.trunks,
        &it.members,
    ];
    if it.waits.is_none() && expected.iter().all(|text| text.is_none()) {
        found.wrong("result", "is missing, and nothing else is expected; give where the number leads");
    }
}

/// An address that many can listen to.
pub(super) fn multicast(address: Option<&Address>, found: &mut Findings) {
    let is_good = |address: &Address| {
        address.as_str().parse::<std::net::IpAddr>().is_ok_and(|address| address.is_multicast())
    };
    if address.is_some_and(|address| !is_good(address)) {
        found.wrong("multicast", "is no multicast address; give one such as 239.1.1.1");
    }
}
