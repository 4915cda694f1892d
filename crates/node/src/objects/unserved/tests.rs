use strowger_configuration::files::{Document, File};
use strowger_configuration::proposal::Scope;
use strowger_configuration::reader::AlreadySealed;

use super::*;

fn told(toml: &str) -> Vec<String> {
    let files = [File { name: "all.toml".to_owned(), text: toml.to_owned() }];
    let mut last = 0;
    let mut new_id = || {
        last += 1;
        Id::from_random(last)
    };
    let before = State::default();
    let document = Document::read(&files).unwrap_or_else(|wrong| panic!("{wrong:?}"));
    let operations = document.proposal(&before, Scope::Whole, &AlreadySealed, &mut new_id);
    let operations = operations.unwrap_or_else(|wrong| panic!("{wrong:?}"));
    let state = before.changed(&operations).unwrap_or_else(|refused| panic!("{refused:?}"));
    Unserved::grouped(unserved(&state))
}

#[test]
fn what_is_set_and_has_no_effect() {
    let check = |toml: &str, expect: &[&str]| assert_eq!(told(toml), expect, "{toml}");
    check(
        "[[line]]\npattern = \"1001\"\ndisplay = \"Alice\"\nforwards = { all = { number = \"1\" } }\n",
        &[],
    );
    check(
        "[[line]]\npattern = \"1001\"\nauto_answer = \"headset\"\n\
         forwards = { all = { number = \"1\" }, cti_failure = { number = \"1\" } }\n",
        &["line 1001: forwards.cti_failure has no effect yet"],
    );
    check(
        "[[line]]\npattern = \"10XX\"\n",
        &["line 10XX: lines whose pattern is more than one number are not served yet"],
    );
    check(
        "[[line]]\npattern = \"1001\"\n[[phone]]\nname = \"a\"\nprotocol = \"sccp\"\n\
         lines = [{ line = \"1001\", label = \"x\" }]\n[[phone]]\nname = \"c\"\nlines = [{ line = \"1001\", label = \"x\" }]\n",
        &["phone c: lines.label has no effect yet", "phone c: without credentials it cannot register"],
    );
    check(
        "[[end_user]]\nname = \"a\"\npin = \"$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g\"\n",
        &["end user a: nothing asks for a PIN yet"],
    );
    check(
        "[[meet_me]]\npattern = \"88XX\"\n[[feature_code]]\npattern = \"*88!\"\nfeature = \"meet-me-open\"\n\
         [[feature_code]]\npattern = \"*87!\"\nfeature = \"meet-me\"\n",
        &[],
    );
    check(
        "[service_parameters]\nconnection_monitor_duration = 60\naar = true\nring_time = 20\n",
        &["service parameters: connection_monitor_duration has no effect yet"],
    );
    check(
        "[[trunk]]\nname = \"t\"\ndestinations = [\"192.0.2.1:5060\", \"192.0.2.2:5060\", \"a.example:5060\"]\n\
         inbound = { prefix = \"8\", diversion = false }\n",
        &[
            "trunk t: all calls go to the first destination yet",
            "trunk t: destinations that are names are not looked up yet: give addresses",
            "trunk t: inbound.diversion has no effect yet",
        ],
    );
    check(
        "[[gateway]]\nname = \"g\"\nprotocol = \"mgcp\"\n",
        &["gateway g: gateways are not served yet: calls to it are refused"],
    );
    check(
        "[[server]]\nname = \"cm1\"\naddress = \"192.0.2.1\"\ndrain_max = 3\nhttp_port = 80\n",
        &["server cm1: address has no effect yet"],
    );
    check(
        "[[server]]\nname = \"cm1\"\nsccp_port = 2000\nsip_listeners = [{ transport = \"tls\", port = 5061 }]\n",
        &["server cm1: SIP over TLS is not served yet: its listeners stay closed"],
    );
    check(
        "[[line]]\npattern = \"1001\"\n[[line_group]]\nname = \"g\"\nmembers = [\"1001\"]\n\
         [[hunt_list]]\nname = \"l\"\nline_groups = [\"g\"]\n\
         [[hunt_pilot]]\npattern = \"5000\"\nhunt_list = \"l\"\nqueue = { callers_max = 3 }\n",
        &["hunt pilot 5000: queue has no effect yet"],
    );
}

#[test]
fn every_served_setting_exists() {
    fn exists(fields: &[Field], path: &str) -> bool {
        let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
        let Some(field) = fields.iter().find(|field| field.name == first) else { return false };
        match (rest, &field.form) {
            (None, _) => true,
            (Some(rest), Form::Record(inner) | Form::List { of: Form::Record(inner), .. }) => {
                exists(inner, rest)
            }
            (Some(_), _) => false,
        }
    }
    for kind in Kind::ALL {
        if let Service::Settings(served) = service(*kind) {
            for path in served {
                assert!(exists(kind.fields(), path), "{kind:?} has no {path}");
            }
        }
    }
}
