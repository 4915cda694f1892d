//! The answer for programs.

use serde_json::{Value, json};
use strowger_dialplan::{Decision, HopTrace, LostBy, NextHopBy, Trace, Why};

use super::seen::{self, SeenNumber};
use super::{Answer, Way, text};

impl Answer<'_> {
    /// The same as [`Answer::text`], as one JSON object.
    pub(crate) fn json(&self) -> Value {
        let names: Vec<&str> =
            self.caller.search_space.partitions().iter().map(|id| self.name_of(*id)).collect();
        let followed = self.followed();
        let last = self.last_trace(followed.as_ref());
        let mut answer = json!({
            "from": self.question.from,
            "number": self.question.number,
            "mode": self.mode,
            "at": self.question.at.to_string(),
            "partitions": names,
            "result": self.result(),
            "when": self.question.lines,
            "ends": self.ends(followed.as_ref()),
            "note": self.remark(followed.as_ref()),
        });
        if let (Some(followed), Value::Object(fields)) = (&followed, &mut answer) {
            let (steps, otherwise) = self.onward_json(followed);
            fields.insert("onward".to_owned(), steps);
            fields.insert("otherwise".to_owned(), otherwise);
        }
        if let (Some(place), Value::Object(fields)) = (self.place(), &mut answer) {
            fields.insert("place".to_owned(), json!(place));
        }
        if let (false, Value::Object(fields)) = (self.incoming.is_empty(), &mut answer) {
            let incoming = self.incoming.iter().map(|it| {
                let role = seen::role(it.role);
                let then = it.then.as_ref().map(seen_number);
                json!({ "role": role, "then": then, "type": it.number_type, "before": it.before, "after": it.after, "by": it.by })
            });
            fields.insert("incoming".to_owned(), incoming.collect());
        }
        if let (Way::Number(trace), Value::Object(fields)) = (&self.way, &mut answer) {
            fields.insert("emergency".to_owned(), json!(self.emergency(trace)));
            fields.insert("keys".to_owned(), self.keys(trace));
            let hops = trace.hops();
            fields.insert("lookups".to_owned(), hops.iter().map(|hop| self.lookup(hop)).collect());
            fields.insert("waited_ms".to_owned(), json!(trace.waited().as_millis() as u64));
            let attempts = self.attempts(last).into_iter().map(|attempt| {
                json!({
                    "group": attempt.group,
                    "trunks": attempt.trunks.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
                    "called": attempt.numbers.called.as_str(),
                    "calling": attempt.numbers.calling.number.as_str(),
                    "present": attempt.numbers.calling.number_presentation.to_string(),
                    "present_name": attempt.numbers.calling.name_presentation.to_string(),
                })
            });
            fields.insert("attempts".to_owned(), attempts.collect());
            fields.insert("seen".to_owned(), self.seen(last).iter().map(seen_number).collect());
            fields.insert("keys_used".to_owned(), json!(trace.analysis().keys_used()));
            match trace.analysis().decision() {
                Some(Decision::Routed(routed)) => {
                    fields.insert("pattern".to_owned(), json!(self.text_of(routed.pattern)));
                    fields.insert("called".to_owned(), json!(routed.called.as_str()));
                    if routed.codes.any() {
                        fields.insert("codes".to_owned(), self.codes_json());
                    }
                    let calling = &routed.calling;
                    fields.insert("calling".to_owned(), json!(calling.number.as_str()));
                    fields.insert("present".to_owned(), json!(calling.number_presentation.to_string()));
                    fields.insert("present_name".to_owned(), json!(calling.name_presentation.to_string()));
                }
                Some(Decision::Blocked { pattern, cause }) => {
                    fields.insert("pattern".to_owned(), json!(self.text_of(*pattern)));
                    fields.insert("cause".to_owned(), json!(cause.0));
                }
                Some(Decision::Rejected(reject)) => {
                    fields.insert("cause".to_owned(), json!(reject.cause().0));
                }
                None => {}
            }
        }
        answer
    }

    fn keys(&self, trace: &Trace) -> Value {
        let keys = trace.keys.iter().map(|key| {
            let first: Vec<&str> = key.potential.first.iter().map(|id| self.text_of(*id)).collect();
            json!({
                "key": key.key.to_string(),
                "digits": key.digits.as_str(),
                "matches": key.best.map(|id| self.text_of(id)),
                "could_match": key.potential.count,
                "could_match_more": key.potential.more,
                "for_example": first,
                "waits_ms": key.waits.map(|time| time.as_millis() as u64),
                "outside_dial_tone": key.outside_dial_tone,
            })
        });
        keys.collect()
    }

    pub(super) fn lookup(&self, trace: &HopTrace<'_>) -> Value {
        let hop = trace.hop;
        let candidates: Vec<Value> = trace
            .candidates
            .iter()
            .map(|candidate| {
                json!({
                    "pattern": self.text_of(candidate.pattern),
                    "partition": self.configuration.plan.partition_of(candidate.pattern),
                    "kind": self.pattern(candidate.pattern).map(|row| row.kind()),
                    "urgent": self.pattern(candidate.pattern).is_some_and(|row| row.urgent),
                    "numbers": candidate.breadth.to_string(),
                    "lost_by": candidate.lost_by.map(|lost| match lost {
                        LostBy::Breadth => "breadth",
                        LostBy::Partition => "partition",
                        LostBy::Age => "age",
                    }),
                })
            })
            .collect();
        let steps =
            |steps: &[strowger_dialplan::ChangeStep<'_>]| -> Vec<Value> { steps.iter().map(step).collect() };
        json!({
            "digits": hop.digits.as_str(),
            "by": match hop.by { NextHopBy::Called => "called", NextHopBy::Calling => "calling" },
            "partitions": trace.space.partitions().iter().map(|id| self.name_of(*id)).collect::<Vec<_>>(),
            "candidates": candidates,
            "why": why(hop.why),
            "waited_ms": hop.waited.as_millis() as u64,
            "called": hop.called.as_str(),
            "calling": hop.calling.as_str(),
            "called_changes": steps(&trace.called),
            "calling_changes": steps(&trace.calling),
        })
    }

    fn name_of(&self, id: strowger_dialplan::PartitionId) -> &str {
        self.configuration.plan.partition_name(id)
    }
}

/// One change, in parts.
pub(super) fn step(step: &strowger_dialplan::ChangeStep<'_>) -> Value {
    let (what, value) = text::change_words(&step.what);
    json!({ "what": what, "value": value, "before": step.before.as_str(), "after": step.after.as_str() })
}

fn seen_number(seen: &SeenNumber) -> Value {
    json!({
        "role": seen::role(seen.role),
        "by": seen.viewer,
        "pattern": seen.pattern,
        "partition": seen.partition,
        "before": seen.before,
        "after": seen.after.number.as_str(),
        "present": seen.after.number_presentation.to_string(),
        "present_name": seen.after.name_presentation.to_string(),
        "changes": seen.steps.iter().map(|(_, step)| step).collect::<Vec<_>>(),
    })
}

/// In the words of the test vectors.
const fn why(why: Why) -> &'static str {
    match why {
        Why::Urgent => "urgent",
        Why::Unambiguous => "unambiguous",
        Why::Timeout => "timeout",
        Why::Complete => "complete",
        Why::NoWait => "no-wait",
        Why::Terminator => "terminator",
        Why::NoCandidate => "no-candidate",
    }
}
