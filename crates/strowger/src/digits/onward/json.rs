//! Forwards and hunts for programs.

use serde_json::{Value, json};
use strowger_base::LineName;
use strowger_callcontrol::Configuration;
use strowger_callcontrol::follow::{Followed, Forwarded, Hunted, Lookup, Step};
use strowger_dialplan::SearchSpace;
use strowger_dialplan::hunt::{LineGroup, Output, WhenExhausted};

use super::super::Answer;
use super::{distribution, exhausted, kind, left, option, rings, shown, skipped, way_out, when};

impl Answer<'_> {
    /// The steps after the number's own result, and what else the line says where they end.
    pub(in crate::digits) fn onward_json(&self, followed: &Followed<'_>) -> (Value, Value) {
        let steps = followed.steps.iter().map(|step| match step {
            Step::Forwarded(forwarded) => self.forwarded_json(forwarded),
            Step::NotFollowed { line, because } => {
                json!({ "step": "forward-not-followed", "by": self.configuration.shown(line), "because": way_out(*because) })
            }
            Step::Hunted(hunted) => self.hunted_json(hunted),
        });
        let others = followed.others.iter().map(|other| {
            json!({
                "when": when(other.when),
                "after_ms": other.after.map(|after| after.as_millis() as u64),
                "to": other.result.as_ref().ok().map(|forwarded| forwarded.to),
                "leads_to": other.result.as_ref().ok().map(|forwarded| self.leads_to(&forwarded.lookup)),
                "cause": other.result.as_ref().err().map(|cause| cause.0),
            })
        });
        (steps.collect(), others.collect())
    }

    fn forwarded_json(&self, forwarded: &Forwarded<'_>) -> Value {
        let Forwarded { by, kind: by_kind, hop, way_out: out, to, css, lookup } = forwarded;
        let lookups: Value = match lookup {
            Lookup::Number(trace) => trace.hops().iter().map(|hop| self.lookup(hop)).collect(),
            Lookup::Name(_) => json!([]),
        };
        json!({
            "step": "forwarded",
            "by": self.configuration.shown(by),
            "kind": kind(*by_kind),
            "redirection": hop,
            "way_out": out.map(way_out),
            "to": to,
            "partitions": self.names(css),
            "lookups": lookups,
            "leads_to": self.leads_to(lookup),
        })
    }

    fn hunted_json(&self, hunted: &Hunted<'_>) -> Value {
        let configuration = self.configuration;
        let name = |position: usize| hunted.list.groups().get(position).map(|group| group.name());
        let events = hunted.events.iter().filter_map(|event| {
            let mut told = match &event.what {
                Output::Ring { members, group, because, .. } => {
                    json!({ "event": "ring", "group": name(*group), "members": shown(configuration, members), "because": rings(configuration, because) })
                }
                Output::Skipped { member, group, because } => {
                    json!({ "event": "skip", "group": name(*group), "members": [configuration.shown(member.as_str())], "because": skipped(*because) })
                }
                Output::LeftGroup { group, because } => {
                    json!({ "event": "leave-group", "group": name(*group), "because": left(*because) })
                }
                Output::Exhausted { because, .. } => {
                    json!({ "event": "exhausted", "because": exhausted(*because), "cause": because.cause().0 })
                }
                Output::Withdraw { .. } | Output::Connected { .. } => return None,
            };
            told["after_ms"] = json!(event.after.as_millis() as u64);
            Some(told)
        });
        json!({
            "step": "hunt",
            "pilot": hunted.pilot,
            "hunt_list": hunted.list.name(),
            "max_ms": hunted.settings.maximum_hunt_timer().as_millis() as u64,
            "groups": hunted.list.groups().iter().map(|group| settings(configuration, group)).collect::<Vec<_>>(),
            "events": events.collect::<Vec<_>>(),
            "exhausted": match hunted.settings.exhausted() {
                WhenExhausted::NotForwarded => Value::Null,
                WhenExhausted::Forward { number, css } => json!({ "to": number, "partitions": self.names(css) }),
                WhenExhausted::PersonalNoCoverage => json!("no-coverage"),
            },
        })
    }

    fn names(&self, css: &SearchSpace) -> Vec<&str> {
        css.partitions().iter().map(|id| self.configuration.plan.partition_name(*id)).collect()
    }
}

fn settings(configuration: &Configuration, group: &LineGroup<LineName>) -> Value {
    let options = group.options();
    json!({
        "name": group.name(),
        "members": shown(configuration, group.members()),
        "distribution": distribution(options.distribution),
        "ring_ms": options.ring_no_answer_reversion.as_millis() as u64,
        "on_no_answer": option(options.on_no_answer),
        "on_busy": option(options.on_busy),
        "on_not_available": option(options.on_not_available),
    })
}
