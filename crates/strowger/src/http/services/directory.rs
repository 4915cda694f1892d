//! The directory of all people here: users with a number, and lines that show a name and belong to nobody.

use std::collections::BTreeSet;

use strowger_configuration::kinds::{EndUser, Line, Phone};
use strowger_configuration::setting::Ref;
use strowger_configuration::{Id, State};
use strowger_node::objects::line_number;

/// Who is sought; what is empty does not count.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct Sought {
    /// How the last name begins.
    pub(super) last: String,
    /// How the first name begins.
    pub(super) first: String,
    /// How the number begins.
    pub(super) number: String,
}

/// Somebody with a number.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) number: String,
}

/// Whom it finds, by their names.
pub(super) fn found(state: &State, sought: &Sought) -> Vec<Entry> {
    let lower = |text: &str| text.to_lowercase();
    let sought =
        Sought { last: lower(&sought.last), first: lower(&sought.first), number: sought.number.clone() };
    let mut lines_of_users: BTreeSet<Id> = BTreeSet::new();
    let mut numbers_of_owners: std::collections::BTreeMap<Id, Ref<Line>> = std::collections::BTreeMap::new();
    for (_, phone) in state.all::<Phone>() {
        if let (Some(owner), Some(first)) = (phone.owner, phone.lines.iter().next()) {
            numbers_of_owners.entry(owner.id()).or_insert(first.line);
        }
    }
    let mut found = Vec::new();
    for (id, user) in state.all::<EndUser>() {
        let line = user.primary_line.or_else(|| numbers_of_owners.get(&id).copied());
        lines_of_users.extend(line.map(|line| line.id()));
        let (last, first) = (user.last_name.as_str(), user.first_name.as_str());
        let own = user.telephone.as_ref().map(|number| number.as_str().to_owned());
        let Some(number) = own.or_else(|| line_number(state.get(line?)?)) else { continue };
        let name = match (last, first) {
            ("", "") => user.name.as_str().to_owned(),
            (only, "") | ("", only) => only.to_owned(),
            (last, first) => format!("{last}, {first}"),
        };
        let begins = |text: &str, with: &str| text.to_lowercase().starts_with(with);
        if begins(last, &sought.last) && begins(first, &sought.first) && number.starts_with(&sought.number) {
            found.push(Entry { name, number });
        }
    }
    for (id, line) in state.all::<Line>() {
        let name = line.display.as_str();
        if name.is_empty() || lines_of_users.contains(&id) {
            continue;
        }
        let Some(number) = line_number(line).filter(|number| number.starts_with(&sought.number)) else {
            continue;
        };
        let lower = name.to_lowercase();
        let has = |with: &str| with.is_empty() || lower.split(' ').any(|word| word.starts_with(with));
        if has(&sought.last) && has(&sought.first) {
            found.push(Entry { name: name.to_owned(), number });
        }
    }
    found.sort_by_cached_key(|entry| (entry.name.to_lowercase(), entry.number.clone()));
    found
}
