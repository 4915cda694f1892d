//! Which phones have to restart before they know of a change: a phone reads its settings when it starts, and keeps them.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{Difference, Id, Kind, SettingDifference, State, What};

impl State {
    /// Phones that were there before and have to restart to take these differences up; what the system itself does otherwise
    /// takes effect without them. `self` is the state before.
    pub fn restarting(&self, differences: &[Difference], after: &State) -> BTreeSet<Id> {
        let mut phones = BTreeSet::new();
        for difference in differences {
            let settings = match &difference.what {
                What::Changed(settings) => settings,
                // What there is one of had its defaults before it was written down.
                What::Added(settings) | What::Removed(settings)
                    if difference.kind == Kind::ServiceParameters =>
                {
                    settings
                }
                What::Added(_) | What::Removed(_) => continue,
            };
            let read = read_by_phones(difference.kind);
            if settings.iter().any(|setting| read.iter().any(|name| concerns(setting, name))) {
                after.phones_below(difference.kind, difference.object, &mut phones);
            }
        }
        phones.retain(|phone| self.entry(*phone).is_some());
        phones
    }

    /// The phones that an object of a kind says something to.
    fn phones_below(&self, kind: Kind, object: Id, phones: &mut BTreeSet<Id>) {
        match kind {
            Kind::Phone => _ = phones.insert(object),
            Kind::ServiceParameters => phones.extend(self.of_kind(Kind::Phone).map(|phone| phone.id())),
            _ => {
                for user in self.users(object) {
                    let (of, id) = (user.object().kind(), user.id());
                    // The chain of references that leads to phones has no cycle.
                    if matches!(of, Kind::Phone | Kind::DevicePool | Kind::CallManagerGroup) {
                        self.phones_below(of, id, phones);
                    }
                }
            }
        }
    }
}

/// Whether a difference is one of this setting, of a part of it, or of a table that holds it.
fn concerns(difference: &SettingDifference, name: &str) -> bool {
    let path = difference.path.to_string();
    if let Some(inner) = name.strip_prefix(&path).and_then(|rest| rest.strip_prefix('.')) {
        let inside = |value: &Option<Value>| value.as_ref().and_then(|value| value.get(inner)).cloned();
        return inside(&difference.before) != inside(&difference.after);
    }
    path.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// Settings of a kind that stand in the files of phones.
const fn read_by_phones(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Phone => &[
            "name",
            "protocol",
            "device_pool",
            "lines",
            "credentials",
            "security_profile",
            "sip_profile",
            "button_template",
            "keys",
            "more.soft_key_template",
            "more.do_not_disturb",
            "more.load",
            "more.sccp_version",
            "more.user_locale",
        ],
        Kind::Line => &["pattern", "display", "voice_mail", "auto_answer", "busy_trigger", "calls_max"],
        Kind::DevicePool => &["callmanager_group", "date_time_group", "connection_monitor_duration"],
        Kind::CallManagerGroup => &["servers"],
        Kind::Server => &["name", "address", "sip_listeners", "sccp_port", "phone_services_port"],
        Kind::DateTimeGroup => &["zone", "date", "separator", "clock", "time_servers"],
        Kind::PhoneButtonTemplate => &["buttons"],
        Kind::SoftKeyTemplate => &["sets"],
        Kind::PhoneService => &["label", "url"],
        Kind::SipProfile => &[
            "dtmf",
            "dtmf_payload",
            "register_expires",
            "register_delta",
            "invite_expires",
            "keepalive",
            "timer_t1",
            "timer_t2",
            "media_ports",
        ],
        Kind::PhoneSecurityProfile => {
            &["mode", "transport", "digest", "encrypted_files", "exclude_secrets", "key"]
        }
        Kind::ServiceParameters => &["domain", "sip_station_keepalive"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use crate::proposal::{Scope, Wanted};
    use crate::reader::{AlreadySealed, Names};
    use crate::{Id, Kind, State};

    fn changed(state: &State, objects: &[(Kind, Value)], new_ids: u128) -> (State, Vec<crate::Operation>) {
        let mut last = new_ids;
        let mut new_id = || {
            last += 1;
            Id::from_random(last)
        };
        let wanted: Vec<Wanted> = objects
            .iter()
            .map(|(kind, value)| Wanted {
                kind: *kind,
                renamed_from: None,
                table: value.as_object().cloned().unwrap_or_else(Map::new),
            })
            .collect();
        let operations = state.proposal(&wanted, Scope::Objects, &AlreadySealed, &mut new_id).unwrap();
        (state.changed(&operations).unwrap(), operations)
    }

    #[test]
    fn every_setting_that_phones_read_exists() {
        for kind in Kind::ALL {
            for name in super::read_by_phones(*kind) {
                let mut fields = kind.fields();
                for part in name.split('.') {
                    let field = fields.iter().find(|field| field.name == part);
                    let field = field.unwrap_or_else(|| panic!("{} has no {name}", kind.word()));
                    if let crate::form::Form::Record(inner) = field.form {
                        fields = inner;
                    }
                }
            }
        }
    }

    #[test]
    fn phones_restart_for_what_they_read_and_for_nothing_else() {
        let (state, _) = changed(
            &State::default(),
            &[
                (Kind::Server, json!({ "name": "cm-1" })),
                (Kind::CallManagerGroup, json!({ "name": "group", "servers": ["cm-1"] })),
                (Kind::Partition, json!({ "name": "inside" })),
                (Kind::CallingSearchSpace, json!({ "name": "all", "partitions": ["inside"] })),
                (Kind::DevicePool, json!({ "name": "pool", "callmanager_group": "group" })),
                (Kind::Line, json!({ "pattern": "1001", "partition": "inside" })),
                (Kind::Line, json!({ "pattern": "1002", "partition": "inside" })),
                (
                    Kind::Phone,
                    json!({ "name": "desk", "device_pool": "pool", "lines": [{ "line": "inside:1001" }] }),
                ),
                (
                    Kind::Phone,
                    json!({ "name": "wall", "lines": [{ "line": "inside:1001" }, { "line": "inside:1002" }] }),
                ),
            ],
            0,
        );
        let check = |object: (Kind, Value), expect: &[&str]| {
            let text = object.1.to_string();
            let (after, operations) = changed(&state, &[object], 100);
            let restarting = state.restarting(&state.differences(&operations, &after), &after);
            let mut names: Vec<String> =
                restarting.iter().map(|phone| after.name(Kind::Phone, *phone)).collect();
            names.sort();
            assert_eq!(names, expect, "{text}");
        };
        let line = |settings: Value| {
            let mut line = json!({ "pattern": "1001", "partition": "inside" });
            line.as_object_mut().unwrap().extend(settings.as_object().cloned().unwrap());
            (Kind::Line, line)
        };
        check(line(json!({ "display": "Alice" })), &["desk", "wall"]);
        check(line(json!({ "search_space": "all", "description": "at the door" })), &[]);
        let two = json!([{ "line": "inside:1001" }, { "line": "inside:1002" }]);
        check((Kind::Phone, json!({ "name": "wall", "lines": two, "search_space": "all" })), &[]);
        check((Kind::Phone, json!({ "name": "wall", "lines": two, "more": { "load": "9-4-2" } })), &["wall"]);
        check(
            (Kind::Phone, json!({ "name": "wall", "lines": two, "more": { "emergency_number": "4711" } })),
            &[],
        );
        check((Kind::Phone, json!({ "name": "new", "lines": [{ "line": "inside:1002" }] })), &[]);
        check((Kind::Server, json!({ "name": "cm-1", "address": "192.0.2.1" })), &["desk"]);
        check((Kind::ServiceParameters, json!({ "domain": "pbx.example" })), &["desk", "wall"]);
        check((Kind::ServiceParameters, json!({ "interdigit_timer": 10 })), &[]);
    }
}
