use super::*;
use crate::proposal::Scope;
use crate::reader::AlreadySealed;

fn file(name: &str, text: &str) -> File {
    File { name: name.to_owned(), text: text.to_owned() }
}

/// The state after tables, or everything that is wrong with them.
fn applied(state: &State, tables: &[(&str, &str)]) -> Result<State, Vec<String>> {
    let files: Vec<File> = tables.iter().map(|(name, text)| file(name, text)).collect();
    let named: Vec<(Sheet, &File)> = files.iter().map(|file| (file.name.parse().unwrap(), file)).collect();
    let sheets = Sheets::read(named, state);
    let mut mistakes = sheets.mistakes().to_vec();
    let mut last = state.len() as u128 * 1_000;
    let mut new_id = || {
        last += 1;
        Id::from_random(last)
    };
    let scope = Scope::Removing(sheets.removed());
    let operations =
        state.proposal(sheets.wanted(), scope, &AlreadySealed, &mut new_id).unwrap_or_else(|found| {
            mistakes.extend(found.iter().map(|mistake| sheets.locate(mistake)));
            Vec::new()
        });
    mistakes.sort();
    if !mistakes.is_empty() {
        return Err(mistakes.iter().map(ToString::to_string).collect());
    }
    state
        .changed(&operations)
        .map_err(|refused| sheets.locate_refusals(&refused).iter().map(ToString::to_string).collect())
}

fn objects(state: &State, kind: Kind) -> Vec<String> {
    let tables = state.of_kind(kind).map(|entry| entry.object().write(state));
    tables.map(|table| serde_json::Value::Object(table).to_string()).collect()
}

const PLACES: &[(&str, &str)] = &[
    ("partitions.csv", "name\ninternal\n"),
    ("device-pools.csv", "name\nhq\nbranch\n"),
    ("calling_search_spaces.csv", "name,partitions.1\nstaff,internal\n"),
];

const PHONES: &str = "\
name,description,device_pool,lines.1.label,credentials.user,credentials.secret,line.pattern,line.partition,line.display
SEP000000000001,Lobby,hq,Front,1001,one,1001,internal,\"Lobby, front\"
SEP000000000002,,hq,,1002,two,1002,internal,
SEP000000000003,Spare,branch,,,,,,
";

fn office() -> State {
    let state = applied(&State::default(), PLACES).unwrap();
    applied(&state, &[("phones.csv", PHONES)]).unwrap()
}

#[test]
fn a_row_makes_a_phone_and_its_line() {
    let state = office();
    assert_eq!(
        objects(&state, Kind::Phone),
        [
            "{\"credentials\":{\"secret\":\"one\",\"user\":\"1001\"},\"description\":\"Lobby\",\"device_pool\":\"hq\",\
             \"lines\":[{\"label\":\"Front\",\"line\":\"internal:1001\"}],\"name\":\"SEP000000000001\"}",
            "{\"credentials\":{\"secret\":\"two\",\"user\":\"1002\"},\"device_pool\":\"hq\",\
             \"lines\":[{\"line\":\"internal:1002\"}],\"name\":\"SEP000000000002\"}",
            "{\"description\":\"Spare\",\"device_pool\":\"branch\",\"name\":\"SEP000000000003\"}",
        ]
    );
    assert_eq!(
        objects(&state, Kind::Line),
        [
            "{\"display\":\"Lobby, front\",\"partition\":\"internal\",\"pattern\":\"1001\"}",
            "{\"partition\":\"internal\",\"pattern\":\"1002\"}",
        ]
    );
    assert_eq!(applied(&state, &[("phones.csv", PHONES)]).unwrap().hash(), state.hash());
}

#[test]
fn columns_that_are_left_out_change_nothing_and_empty_cells_give_defaults_back() {
    fn check(table: &str, expect: &str) {
        let state = applied(&office(), &[("phones.csv", table)]).unwrap();
        let phones = objects(&state, Kind::Phone);
        assert!(phones.iter().any(|phone| phone == expect), "{table}\n{phones:?}");
    }
    check(
        "name;device_pool\nSEP000000000001;branch\n",
        "{\"credentials\":{\"secret\":\"one\",\"user\":\"1001\"},\"description\":\"Lobby\",\"device_pool\":\"branch\",\
         \"lines\":[{\"label\":\"Front\",\"line\":\"internal:1001\"}],\"name\":\"SEP000000000001\"}",
    );
    // A line goes with its cells, and credentials when nothing is left of them.
    check(
        "\u{feff}name,lines.1.line,credentials.user,credentials.secret\r\nSEP000000000001,,,\r\n",
        "{\"description\":\"Lobby\",\"device_pool\":\"hq\",\"name\":\"SEP000000000001\"}",
    );
    check(
        "name,lines.1.label,more.privacy\nSEP000000000001,,TRUE\n",
        "{\"credentials\":{\"secret\":\"one\",\"user\":\"1001\"},\"description\":\"Lobby\",\"device_pool\":\"hq\",\
         \"lines\":[{\"line\":\"internal:1001\"}],\"more\":{\"privacy\":true},\"name\":\"SEP000000000001\"}",
    );
    // Entries move up over those that are empty.
    check(
        "name,lines.2.line,lines.4.line\nSEP000000000003,internal:1002,internal:1001\n",
        "{\"description\":\"Spare\",\"device_pool\":\"branch\",\"lines\":[{\"line\":\"internal:1002\"},\
         {\"line\":\"internal:1001\"}],\"name\":\"SEP000000000003\"}",
    );
    check(
        "name,renamed_from\nSEP00000000000A,SEP000000000003\n",
        "{\"description\":\"Spare\",\"device_pool\":\"branch\",\"name\":\"SEP00000000000A\"}",
    );
}

#[test]
fn rows_say_what_happens_to_their_objects() {
    let names = |state: &State, kind: Kind| -> Vec<String> {
        state.of_kind(kind).map(|entry| entry.object().identity().name.to_owned()).collect()
    };
    let state = applied(
        &office(),
        &[("phones.csv", "action,name,line.pattern,line.partition\nremove,SEP000000000001,1001,internal\nadd,SEP00000000000B,1002,internal\n")],
    )
    .unwrap();
    assert_eq!(names(&state, Kind::Phone), ["SEP000000000002", "SEP000000000003", "SEP00000000000B"]);
    assert_eq!(names(&state, Kind::Line), ["1002"]);
    // The line of a phone that goes stays as long as another phone has it.
    let state = applied(
        &state,
        &[("phones.csv", "action,name,line.pattern,line.partition\nremove,SEP000000000002,1002,internal\n")],
    )
    .unwrap();
    assert_eq!(names(&state, Kind::Line), ["1002"]);
    let wrong =
        applied(&state, &[("lines.csv", "action,pattern,partition\nremove,1002,internal\n")]).unwrap_err();
    assert_eq!(
        wrong,
        [
            "lines.csv:2:1: line: it is used by phone \"SEP00000000000B\"; change those first, or in the same change"
        ]
    );
}

#[test]
fn every_wrong_cell_is_told_in_one_run() {
    fn check(name: &str, table: &str, expect: &[&str]) {
        assert_eq!(applied(&office(), &[(name, table)]).map(|state| state.len()).unwrap_err(), expect);
    }
    check(
        "phones.csv",
        "name,device_pool,lines.1.line,lines.1.ring,more.privacy,action\n\
         SEP1,hq,internal:1003,loud,yes,\n\
         SEP000000000001,brunch,,,,\n\
         SEP000000000002,hq,internal:1002,ring,true,destroy\n\
         SEP000000000009,hq,,,,change\n\
         SEP000000000001,hq,,,,add\n\
         ,hq,,,,\n\
         SEP000000000003,hq,\"internal\"1002,,,\n\
         SEP000000000003,hq,,,,,,\n\
         SEP000000000003,Z\u{fffd}rich,,,,\n",
        &[
            "phones.csv:2:1: phone \"SEP1\": column name is \"SEP1\", expected SEP or ATA and the 12 hexadecimal digits of the \
             MAC address in capitals, or up to 15 letters, digits and . - _, for example \"SEP001122334455\"",
            "phones.csv:2:3: phone \"SEP1\": column lines.1.line names the line \"internal:1003\", which does not exist; did you \
             mean \"internal:1001\"?",
            "phones.csv:2:4: phone \"SEP1\": column lines.1.ring is \"loud\", expected one of: off, flash, ring-once, ring, beep-once",
            "phones.csv:2:5: phone \"SEP1\": column more.privacy is \"yes\", expected true or false",
            "phones.csv:3:2: phone \"SEP000000000001\": column device_pool names the device pool \"brunch\", which does not \
             exist; did you mean \"branch\"?",
            "phones.csv:4:6: column action is \"destroy\", expected add, change, remove, or nothing for either of the first two",
            "phones.csv:5:6: phone \"SEP000000000009\" does not exist; did you mean \"SEP000000000001\"?",
            "phones.csv:6:1: phone \"SEP000000000001\" stands in phones.csv:3 already; leave one of the two out",
            "phones.csv:7:1: phone: column name is empty",
            "phones.csv:8:3: a quote in the middle of a cell; expected the whole cell in quotes, and each quote in it twice",
            "phones.csv:9:7: has 8 cells, expected 6 as the first line has",
            "phones.csv:10:2: this is no UTF-8 (or the character U+FFFD, which stands for what is none): save the file as UTF-8",
        ],
    );
    check(
        "phones.csv",
        "name,line.pattern,line.partition,line.display,line.busy_trigger\n\
         SEP000000000001,1001,internal,One,\n\
         SEP000000000002,1001,internal,Two,\n\
         SEP000000000003,,internal,,\n\
         SEP000000000004,1004,internal,,300\n",
        &[
            "phones.csv:3:2: line \"internal:1001\" has other settings in phones.csv:2; write the same in both",
            "phones.csv:4:2: line: column line.pattern is empty, but other columns of the line are not",
            "phones.csv:5:5: line \"internal:1004\": column line.busy_trigger is 300, expected a whole number from 1 to 200",
        ],
    );
    // A wrong column hides nothing of the others.
    check(
        "phones.csv",
        "name,devicepool,owner\nSEP000000000001,hq,nobody\n",
        &[
            "phones.csv:1:2: \"devicepool\" is no column; did you mean device_pool?",
            "phones.csv:2:3: phone \"SEP000000000001\": column owner names the end user \"nobody\", which does not exist; add it, \
             or name another",
        ],
    );
    // What is wrong is told at the column that has it, although entries moved up.
    check(
        "phones.csv",
        "name,keys.speed_dials.2.number,keys.speed_dials.4.number\nSEP000000000003,1001,10 01 x\n",
        &[
            "phones.csv:2:3: phone \"SEP000000000003\": column keys.speed_dials.4.number is \"10 01 x\", expected a number of 1 \
             to 50 characters without blanks, for example \"+4930123456\"",
        ],
    );
    check(
        "phones.csv",
        "",
        &[
            "phones.csv:1:1: is empty; expected the names of columns, such as name, description, protocol, model, device_pool, \
         search_space, lines, credentials, security_profile, sip_profile, button_template, owner, keys, more",
        ],
    );
    check(
        "lines.csv",
        "number\n1001\n",
        &[
            "lines.csv:1:1: \"number\" is no column; there are: pattern, partition, description, display, urgent, search_space, \
         external_mask, busy_trigger, calls_max, contacts_max, no_answer, voice_mail, forwards, aar, user_hold_source, network_hold_source, auto_answer",
            "lines.csv:1:1: there is no column pattern, which tells what each row is about; columns are pattern, partition, \
         description, display, urgent, search_space, external_mask, busy_trigger, calls_max, contacts_max, no_answer, \
         voice_mail, forwards, aar, user_hold_source, network_hold_source, auto_answer",
        ],
    );
}

#[test]
fn what_is_exported_is_read_as_the_same() {
    let state = office();
    let phones = state.export_csv("phones-with-lines".parse().unwrap());
    assert_eq!(phones.name, "phones-with-lines.csv");
    assert_eq!(
        phones.text,
        "name,description,device_pool,line.pattern,line.partition,line.display,lines.1.label,credentials.user,credentials.secret\n\
         SEP000000000001,Lobby,hq,1001,internal,\"Lobby, front\",Front,1001,one\n\
         SEP000000000002,,hq,1002,internal,,,1002,two\n\
         SEP000000000003,Spare,branch,,,,,,\n"
    );
    assert_eq!(applied(&state, &[(&phones.name, &phones.text)]).unwrap().hash(), state.hash());
    assert_eq!(
        state.export_csv(Sheet::Objects(Kind::Phone)).text.lines().next(),
        Some("name,description,device_pool,lines.1.line,lines.1.label,credentials.user,credentials.secret")
    );
    // Into nothing as well, and every kind.
    let mut other = State::default();
    for kind in Kind::ALL {
        let file = state.export_csv(Sheet::Objects(*kind));
        if state.of_kind(*kind).next().is_some() {
            other = applied(&other, &[(&file.name, &file.text)]).unwrap();
        }
    }
    let exported = |state: &State| state.export().into_iter().map(|file| file.text).collect::<Vec<_>>();
    assert_eq!(exported(&other), exported(&state));
}

#[test]
fn sealed_secrets_stay_where_they_are() {
    let text = "name,credentials.user,credentials.secret\nSEP00000000000C,c,sealed:1:00\n";
    let state = applied(&State::default(), &[("phones.csv", text)]).unwrap();
    let exported = state.export_csv(Sheet::Objects(Kind::Phone));
    assert_eq!(exported.text, "name,credentials.user\nSEP00000000000C,c\n");
    assert_eq!(applied(&state, &[(&exported.name, &exported.text)]).unwrap().hash(), state.hash());
}

#[test]
fn names_of_sheets() {
    let check = |text: &str, expect: Result<Sheet, &str>| {
        assert_eq!(text.parse::<Sheet>().map_err(|error| error.to_string()), expect.map_err(str::to_owned));
    };
    check("phones.csv", Ok(Sheet::Objects(Kind::Phone)));
    check("end-users", Ok(Sheet::Objects(Kind::EndUser)));
    check("phones_with_lines.2026.csv", Ok(Sheet::PhonesWithLines));
    check("phnes.csv", Err("\"phnes\" is no kind of object; did you mean phones?"));
}
