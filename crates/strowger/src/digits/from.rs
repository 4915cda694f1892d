//! Who dials, and what of it is settled before the first digit is looked up.

use std::borrow::Cow;
use std::sync::Arc;

use strowger_base::journal::NumberRole;
use strowger_base::line::lines_of;
use strowger_base::nearest::nearest;
use strowger_callcontrol::Configuration;
use strowger_callcontrol::configuration::{Line, LinePhone, Trunk};
use strowger_dialplan::forward::CallSide;
use strowger_dialplan::normalise::{NormalisedBy, NumberType};
use strowger_dialplan::route_list::LocalRouteGroups;
use strowger_dialplan::{Caller, Digits, Presented};

use super::seen::{SeenNumber, Viewer};
use super::{Mode, Question};

/// Who dials, and the number as digit analysis takes it.
pub(super) struct From<'c> {
    pub(super) caller: Arc<Caller>,
    pub(super) phone: Option<&'c LinePhone>,
    /// What stands for local route groups.
    pub(super) local_groups: Option<&'c LocalRouteGroups<Box<str>>>,
    pub(super) side: CallSide,
    pub(super) incoming: Vec<Incoming>,
    pub(super) number: Cow<'c, str>,
    /// How the number arrives, as it was asked or as is usual.
    pub(super) mode: Mode,
    /// It can be asked for further keys.
    pub(super) tells_keys: bool,
}

/// What a trunk's settings made of a number that it brought.
pub(super) struct Incoming {
    pub(super) role: NumberRole,
    pub(super) number_type: &'static str,
    pub(super) before: String,
    pub(super) after: String,
    pub(super) by: &'static str,
    /// What the transformation patterns that the rule names made of it then.
    pub(super) then: Option<SeenNumber>,
}

/// The origin of a dialling by its name.
enum Origin<'c> {
    Phone(&'c LinePhone),
    Trunk(&'c Trunk),
    Space(Caller),
}

/// Finds who dials: what stands before the colon says where to look, otherwise lines, trunks, search spaces and phones, in
/// this order.
///
/// # Errors
/// When nobody is called so, when it can be several that dial differently, or a calling number is given for a line, which
/// has its own.
pub(super) fn from<'c>(configuration: &'c Configuration, question: &'c Question) -> anyhow::Result<From<'c>> {
    let number = Cow::Borrowed(&*question.number);
    let calling = question.calling.as_deref();
    let mode = |usual: Mode| question.mode.unwrap_or(usual);
    match origin(configuration, &question.from)? {
        Origin::Phone(phone) => {
            anyhow::ensure!(calling.is_none(), "a line calls with its own number; leave --calling out");
            let there = configuration.whereabouts(phone, question.address);
            Ok(From {
                caller: there.caller(),
                phone: Some(phone),
                local_groups: Some(there.local_route_groups()),
                side: CallSide::Internal,
                incoming: Vec::new(),
                number,
                mode: mode(Mode::Keys),
                tells_keys: !phone.settings.overlap,
            })
        }
        Origin::Trunk(trunk) => {
            let zone = trunk.caller.zone.as_ref();
            let viewer = Viewer { configuration, name: &question.from, zone, at: question.at };
            let mut caller = Caller::clone(&trunk.caller);
            let mut incoming = Vec::new();
            if let Some(calling) = calling {
                let calling = brought(&viewer, trunk, (NumberRole::Calling, calling), &mut incoming);
                caller.number = Digits::parse(&calling).unwrap_or_default();
            }
            let number = brought(&viewer, trunk, (NumberRole::Called, &question.number), &mut incoming);
            let mode = mode(if trunk.overlap { Mode::Keys } else { Mode::EnBloc });
            let side = trunk.classification.side(configuration.trunk_side);
            let (caller, local_groups) = (Arc::new(caller), trunk.local_route_groups());
            Ok(From { caller, phone: None, local_groups, side, incoming, number, mode, tells_keys: false })
        }
        Origin::Space(mut caller) => {
            caller.number = calling.map(Digits::parse).transpose()?.unwrap_or_default();
            let (side, mode) = (CallSide::Internal, mode(Mode::Keys));
            let (caller, incoming) = (Arc::new(caller), Vec::new());
            let (phone, local_groups, tells_keys) = (None, None, true);
            Ok(From { caller, phone, local_groups, side, incoming, number, mode, tells_keys })
        }
    }
}

fn origin<'c>(configuration: &'c Configuration, from: &str) -> anyhow::Result<Origin<'c>> {
    let line = |name: &str| on_line(configuration, name);
    let trunk = |name: &str| configuration.trunks.get(name).map(Origin::Trunk);
    let space = |name: &str| {
        let space = configuration.plan.search_space(name)?;
        Some(Origin::Space(Caller::new(Digits::EMPTY, space.clone())))
    };
    let found = match from.split_once(':') {
        Some(("line", name)) => line(name)?,
        Some(("phone", name)) => on_phone(configuration, name)?,
        Some(("trunk", name)) => trunk(name),
        Some(("space", name)) => space(name),
        Some(_) | None => match line(from)?.or_else(|| trunk(from)).or_else(|| space(from)) {
            None => on_phone(configuration, from)?,
            found => found,
        },
    };
    found.ok_or_else(|| {
        let meant = meant(configuration, from).map(|name| format!(" (did you mean {name:?}?)"));
        anyhow::anyhow!(
            "nobody can dial from {from:?}{}; expected a line, a phone, a trunk or a calling search space of the configuration",
            meant.unwrap_or_default()
        )
    })
}

/// The line that is called so: by its number, or by number and partition as in `1001 in Sales`.
///
/// # Errors
/// When several lines have the number.
pub(super) fn line_called<'c>(
    configuration: &'c Configuration,
    name: &str,
) -> anyhow::Result<Option<(&'c str, &'c Line)>> {
    if let Some(line) = configuration.lines.get_key_value(name) {
        return Ok(Some(line));
    }
    let lines: Vec<_> = lines_of(&configuration.lines, name).collect();
    match &*lines {
        [] => Ok(None),
        [only] => Ok(Some(*only)),
        [..] => {
            let names = lines.iter().map(|(name, _)| (*name).to_owned());
            anyhow::bail!("several lines have the number {name}; say which: {}", some_of(names))
        }
    }
}

/// A line, when all its phones dial alike, or `LINE/PHONE`.
fn on_line<'c>(configuration: &'c Configuration, name: &str) -> anyhow::Result<Option<Origin<'c>>> {
    let Some((_, line)) = line_called(configuration, name)? else {
        let Some((line, phone)) = name.rsplit_once('/') else { return Ok(None) };
        let phone = line_called(configuration, line)?.and_then(|(_, line)| line.phone(Some(phone)));
        return Ok(phone.map(Origin::Phone));
    };
    let phones: Vec<&LinePhone> = line.dialling_phones().collect();
    match &*phones {
        [] => anyhow::bail!("line {name} stands on no phone: nobody can dial from it"),
        [phone] => Ok(Some(Origin::Phone(phone))),
        [..] => {
            let phones = line.phones.iter().map(|phone| phone.on(name));
            anyhow::bail!("the phones of line {name} dial differently; say which: {}", some_of(phones))
        }
    }
}

/// The phone with this name, when it stands on one line.
fn on_phone<'c>(configuration: &'c Configuration, name: &str) -> anyhow::Result<Option<Origin<'c>>> {
    let on = |(called, line): (&'c str, &'c Line)| Some((called, line.phone(Some(name))?));
    let found: Vec<(&str, &LinePhone)> = configuration.lines.iter().filter_map(on).collect();
    match &*found {
        [] => Ok(None),
        [(_, phone)] => Ok(Some(Origin::Phone(phone))),
        [..] => {
            let lines = found.iter().map(|(line, phone)| phone.on(configuration.shown(line)));
            anyhow::bail!("phone {name} has several lines; say from which it dials: {}", some_of(lines))
        }
    }
}

/// The first names, and how many there are more.
fn some_of(names: impl ExactSizeIterator<Item = String>) -> String {
    let more = names.len().saturating_sub(NAMES_SHOWN);
    let shown: Vec<String> = names.take(NAMES_SHOWN).collect();
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("{}{more}", shown.join(", "))
}

const NAMES_SHOWN: usize = 10;

/// The name that is closest, with what stood before it.
fn meant(configuration: &Configuration, from: &str) -> Option<String> {
    let trunks = || configuration.trunks.keys().map(|name| &**name);
    let spaces = || configuration.plan.search_spaces().map(|(name, _)| name);
    let (kind, name) = from.split_once(':').unwrap_or(("", from));
    // Of numbers many are close.
    if !name.contains(char::is_alphabetic) {
        return None;
    }
    let name = match kind {
        "trunk" => nearest(name, trunks()),
        "space" => nearest(name, spaces()),
        _ => nearest(name, trunks().chain(spaces())),
    };
    let before = if kind.is_empty() { String::new() } else { format!("{kind}:") };
    name.map(|name| format!("{before}{name}"))
}

/// A number that a trunk brings, in the plan's form.
fn brought<'n>(
    viewer: &Viewer<'_>,
    trunk: &'n Trunk,
    (role, number): (NumberRole, &'n str),
    told: &mut Vec<Incoming>,
) -> Cow<'n, str> {
    let normalised = trunk.in_plan_form(role, number);
    let by = match normalised.why {
        NormalisedBy::Trunk => "trunk",
        NormalisedBy::DevicePool => "device pool",
        NormalisedBy::Nobody | NormalisedBy::NoNumber => return normalised.number,
    };
    let then = normalised.space.and_then(|space| {
        let number = Presented::plain(Digits::parse(&normalised.number).ok()?);
        viewer.look(space, role, number, None)
    });
    let number_now =
        then.as_ref().map_or(normalised.number.clone(), |then| then.after.number.to_string().into());
    told.push(Incoming {
        role,
        number_type: match NumberType::in_sip(number) {
            NumberType::National => "national",
            NumberType::International => "international",
            NumberType::Subscriber => "subscriber",
            NumberType::Unknown => "unknown",
        },
        before: number.to_owned(),
        after: normalised.number.into_owned(),
        by,
        then,
    });
    number_now
}
