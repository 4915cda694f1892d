//! What changes do, for people.

use std::fmt::Write;

use serde_json::Value;

/// What a change does; after what others did since what it was made from, if they did something.
pub(super) fn story(answer: &Value) -> String {
    let mut text = String::new();
    match answer.get("conflict") {
        Some(met) => text.push_str(&conflict(met)),
        None => {
            for difference in list(answer, "differences") {
                tell(difference, "", &mut text);
            }
            more(answer, &mut text);
        }
    }
    for consequence in list(answer, "consequences") {
        _ = writeln!(text, "! {}", consequence.get("text").and_then(Value::as_str).unwrap_or_default());
    }
    let [added, removed, changed] = SORTS.map(|sort| sort.count(answer));
    if added + removed + changed == 0 {
        return "nothing changes\n".to_owned();
    }
    _ = write!(text, "{added} added, {changed} changed, {removed} removed");
    let unchanged = answer.get("counts").and_then(|counts| counts.get("unchanged")).and_then(Value::as_u64);
    if let Some(unchanged) = unchanged.filter(|unchanged| *unchanged > 0) {
        _ = write!(text, ", {unchanged} already as wanted");
    }
    text.push('\n');
    text
}

/// How much is not told one by one.
fn more(answer: &Value, text: &mut String) {
    let more: Vec<String> = SORTS
        .iter()
        .map(|sort| (sort.word(), sort.count(answer).saturating_sub(sort.shown(answer))))
        .filter(|(_, more)| *more > 0)
        .map(|(word, more)| format!("{more} more {word}"))
        .collect();
    if !more.is_empty() {
        _ = writeln!(text, "... and {}", more.join(", "));
    }
}

/// What others did meanwhile, and what would be done now.
pub(super) fn conflict(conflict: &Value) -> String {
    let number = |name: &str| conflict.get(name).and_then(Value::as_u64).unwrap_or(0);
    let mut text = format!("since change {}:\n", number("base"));
    for change in list(conflict, "changes") {
        let word = |name: &str| change.get(name).and_then(Value::as_str).unwrap_or_default();
        let sequence = change.get("change").and_then(Value::as_u64).unwrap_or(0);
        let message = word("message");
        let of = change.get("purpose").and_then(|purpose| purpose.get("takes_back")).and_then(Value::as_u64);
        let why = match (of, message) {
            (None, "") => String::new(),
            (None, message) => format!(": {message}"),
            (Some(of), "") => format!(": takes back change {of}"),
            (Some(of), message) => format!(": takes back change {of}: {message}"),
        };
        _ = writeln!(text, "  change {sequence}, {} by {}{why}", word("at"), word("author"));
    }
    for difference in list(conflict, "meanwhile") {
        tell(difference, "    ", &mut text);
    }
    rest(number("meanwhile_count"), list(conflict, "meanwhile").count(), &mut text);
    text.push_str("what was ordered would now do:\n");
    for difference in list(conflict, "rebased") {
        tell(difference, "    ", &mut text);
        if let Some(undone) = difference.get("undoes") {
            let author = undone.get("author").and_then(Value::as_str).unwrap_or_default();
            let change = undone.get("change").and_then(Value::as_u64).unwrap_or(0);
            _ = writeln!(text, "      ! takes back what change {change} of {author} did");
        }
    }
    rest(number("rebased_count"), list(conflict, "rebased").count(), &mut text);
    text
}

fn rest(all: u64, shown: usize, text: &mut String) {
    let more = all.saturating_sub(shown as u64);
    if more > 0 {
        _ = writeln!(text, "    ... and {more} more");
    }
}

/// What becomes of one object.
fn tell(difference: &Value, indent: &str, text: &mut String) {
    let word = |name: &str| difference.get(name).and_then(Value::as_str).unwrap_or_default();
    let sort = Sort::of(difference);
    let sign = match sort {
        Sort::Added => '+',
        Sort::Removed => '-',
        Sort::Changed => '~',
    };
    _ = writeln!(text, "{indent}{sign} {} {}", word("kind").replace('_', " "), word("key"));
    // What goes is named; all that it had would hide what changes.
    if sort == Sort::Removed {
        return;
    }
    for setting in list(difference, "settings") {
        let word = |name: &str| setting.get(name).and_then(Value::as_str).unwrap_or_default();
        match setting.get("after") {
            // What something new would be without the setting does not matter.
            Some(after) if sort == Sort::Added => {
                _ = writeln!(text, "{indent}    {}: {after}", word("setting"))
            }
            Some(_) | None => _ = writeln!(text, "{indent}    {}", word("text")),
        }
    }
}

/// What becomes of an object.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Added,
    Removed,
    Changed,
}

const SORTS: [Sort; 3] = [Sort::Added, Sort::Removed, Sort::Changed];

impl Sort {
    fn of(difference: &Value) -> Sort {
        match difference.get("what").and_then(Value::as_str) {
            Some("added") => Sort::Added,
            Some("removed") => Sort::Removed,
            Some(_) | None => Sort::Changed,
        }
    }

    /// How many of an answer are of this sort; not all of them need to be shown in it.
    fn count(self, answer: &Value) -> u64 {
        let counted = answer.get("counts").and_then(|counts| counts.get(self.word())).and_then(Value::as_u64);
        counted.unwrap_or_else(|| self.shown(answer))
    }

    fn shown(self, answer: &Value) -> u64 {
        list(answer, "differences").filter(|difference| Sort::of(difference) == self).count() as u64
    }

    const fn word(self) -> &'static str {
        match self {
            Sort::Added => "added",
            Sort::Removed => "removed",
            Sort::Changed => "changed",
        }
    }
}

/// The entries of a list in an answer.
pub(super) fn list<'v>(value: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    value.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default().iter()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_change_reads_like_a_list() {
        let answer = json!({ "differences": [
            { "kind": "route_pattern", "key": "0!", "what": "added", "settings": [
                { "setting": "pattern", "after": "0!", "text": "pattern: nothing -> \"0!\"" },
            ] },
            { "kind": "line", "key": "internal:1001", "what": "changed", "settings": [
                { "text": "busy_trigger: 2 -> 3" },
            ] },
            { "kind": "line", "key": "internal:1002", "what": "removed", "settings": [
                { "text": "pattern: \"1002\" -> nothing" },
            ] },
        ] });
        let expect = "+ route pattern 0!\n    pattern: \"0!\"\n~ line internal:1001\n    busy_trigger: 2 -> 3\n\
                      - line internal:1002\n1 added, 1 changed, 1 removed\n";
        assert_eq!(story(&answer), expect);
        assert_eq!(story(&json!({ "differences": [] })), "nothing changes\n");
    }

    #[test]
    fn of_a_long_change_the_first_is_told_and_the_rest_is_counted() {
        let answer = json!({
            "counts": { "added": 3, "changed": 2, "removed": 0, "unchanged": 7 },
            "differences": [
                { "kind": "line", "key": "1001", "what": "added", "settings": [] },
                { "kind": "line", "key": "1002", "what": "changed", "settings": [] },
            ],
        });
        let expect = "+ line 1001\n~ line 1002\n... and 2 more added, 1 more changed\n\
                      3 added, 2 changed, 0 removed, 7 already as wanted\n";
        assert_eq!(story(&answer), expect);
    }

    #[test]
    fn a_conflict_says_who_did_what_and_what_would_be_taken_back() {
        let line = |what: &str, text: &str| json!({ "kind": "line", "key": "1001", "what": what, "settings": [{ "text": text, "after": 1 }] });
        let mut rebased = line("changed", "display: \"Alice\" -> \"One\"");
        rebased["undoes"] = json!({ "change": 6, "author": "alice" });
        let answer = json!({
            "base": 5, "head": 6,
            "changes": [{ "change": 6, "at": "2026-11-21T12:00:00Z", "author": "alice", "message": "new name" }],
            "meanwhile": [line("changed", "display: \"One\" -> \"Alice\"")], "meanwhile_count": 1,
            "rebased": [rebased], "rebased_count": 3,
        });
        let expect = "since change 5:\n  change 6, 2026-11-21T12:00:00Z by alice: new name\n    ~ line 1001\n        \
                      display: \"One\" -> \"Alice\"\nwhat was ordered would now do:\n    ~ line 1001\n        \
                      display: \"Alice\" -> \"One\"\n      ! takes back what change 6 of alice did\n    ... and 2 more\n";
        assert_eq!(conflict(&answer), expect);
    }
}
