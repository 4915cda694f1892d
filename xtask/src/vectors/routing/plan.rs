//! The plan that a vector describes.

use std::collections::{BTreeMap, BTreeSet};

use strowger_base::Cause;
use strowger_dialplan::schedule::{Days, Hours, PartitionZone, Precedence, TimePeriod, Weekday};
use strowger_dialplan::{
    Action, CodesRequired, DialPlan, DialPlanBuilder, MemberChange, NegatedSetRule, NextHopBy,
    NextSearchSpace, NumberPattern, OpeningHours, Parameters, Pattern, RouteFilter, RoutePattern,
    RouteTarget, SearchSpace, Translation, WaitOnNextHops,
};

use super::changes::ChangeRow;
use super::{PatternRow, Vector};

/// A plan with what stands around it.
pub(super) struct Built {
    pub(super) plan: DialPlan,
    pub(super) search_space: SearchSpace,
    /// Members of the route lists, by the pattern that leads to them.
    pub(super) lists: BTreeMap<String, Vec<(String, MemberChange)>>,
}

pub(super) fn build(vector: &Vector, parameters: Parameters) -> Result<Built, String> {
    let negated_set = parameters.negated_set;
    let mut builder = DialPlanBuilder::new(parameters);
    let of_caller = [&vector.caller.line_css, &vector.caller.device_css].into_iter().flatten();
    let of_patterns = vector.patterns.iter().flat_map(|row| row.css.iter().flatten().chain([&row.partition]));
    let named: BTreeSet<&String> = of_caller.chain(of_patterns).chain(&vector.closed_partitions).collect();
    for name in named.into_iter().filter(|name| !name.is_empty()) {
        let hours = vector.closed_partitions.contains(name).then(never_open).transpose()?;
        builder.partition(name, hours).map_err(|error| error.to_string())?;
    }
    let space = |builder: &DialPlanBuilder, names: &[String]| {
        builder.search_space_of("", names.iter().map(String::as_str)).map_err(|error| error.to_string())
    };
    let line = space(&builder, &vector.caller.line_css)?;
    let search_space = line.before(&space(&builder, &vector.caller.device_css)?);
    let mut lists = BTreeMap::new();
    for row in &vector.patterns {
        let own = space(&builder, row.css.as_deref().unwrap_or_default())?;
        let pattern = pattern(row, own, negated_set).map_err(|error| format!("{}: {error}", row.id))?;
        builder.add(&row.partition, pattern).map_err(|error| error.to_string())?;
        if let Some(members) = &row.route_list {
            let members = members.iter().map(|member| {
                let change =
                    MemberChange { called: member.transform.called()?, calling: member.transform.calling()? };
                Ok((member.group.clone(), change))
            });
            lists.insert(row.id.clone(), members.collect::<Result<_, String>>()?);
        }
    }
    Ok(Built { plan: builder.build(), search_space, lists })
}

fn pattern(row: &PatternRow, own: SearchSpace, negated_set: NegatedSetRule) -> Result<NumberPattern, String> {
    let filter = row.filter.as_ref().map(|forms| {
        let text = forms.iter().map(|form| format!("FORM {form}")).collect::<Vec<_>>().join(" OR ");
        text.parse::<RouteFilter>().map_err(|error| error.to_string())
    });
    Ok(NumberPattern {
        name: row.id.as_str().into(),
        pattern: Pattern::read(&row.pattern, negated_set).map_err(|error| format!("{error}"))?,
        filter: filter.transpose()?,
        urgent: row.urgent,
        action: action(row, own)?,
    })
}

fn action(row: &PatternRow, own: SearchSpace) -> Result<Action, String> {
    if row.block {
        return Ok(Action::Block(Cause(row.block_cause.ok_or("it blocks without a cause")?)));
    }
    let change = ChangeRow {
        discard: row.discard.clone(),
        called_mask: row.called_mask.clone(),
        called_prefix: row.called_prefix.clone(),
        use_external_mask: row.use_external_mask,
        calling_mask: row.calling_mask.clone(),
        calling_prefix: row.calling_prefix.clone(),
    };
    let (called, calling) = (change.called()?, change.calling()?);
    match row.kind.as_str() {
        "dn" => Ok(Action::Line(row.id.as_str().into())),
        "hunt" => Ok(Action::Hunt { list: row.id.as_str().into() }),
        "translation" => {
            let next =
                if row.use_originator_css { NextSearchSpace::Originator } else { NextSearchSpace::Own(own) };
            Ok(Action::from(Translation {
                called: called.unwrap_or_default(),
                calling: calling.unwrap_or_default(),
                next_hop_by: if row.by_calling { NextHopBy::Calling } else { NextHopBy::Called },
                wait: if row.dont_wait { WaitOnNextHops::Never } else { WaitOnNextHops::AsUsual },
                ..Translation::to(next)
            }))
        }
        "route" => {
            let name = row.id.as_str().into();
            let target = if row.route_list.is_some() {
                RouteTarget::RouteList(name)
            } else {
                RouteTarget::Trunk(name)
            };
            Ok(Action::from(RoutePattern {
                called: called.unwrap_or_default(),
                calling: calling.unwrap_or_default(),
                codes: CodesRequired { authorization_level: row.fac_level, client_matter: row.cmc },
                ..RoutePattern::to(target)
            }))
        }
        other => Err(format!("there is no kind {other:?}")),
    }
}

/// Hours of a partition that a vector names as closed.
fn never_open() -> Result<OpeningHours, String> {
    let period = TimePeriod::new("closed", Hours::NoOfficeHours, Days::Week(vec![Weekday::Monday]));
    let periods = vec![period.map_err(|error| error.to_string())?];
    OpeningHours::new(periods, PartitionZone::default(), Precedence::default())
        .map_err(|error| error.to_string())
}
