use strowger_configuration::files::{Document, File};
use strowger_configuration::proposal::Scope;
use strowger_configuration::reader::AlreadySealed;
use strowger_configuration::{Id, State};

use super::*;

const OFFICE: &str = r#"
    [[partition]]
    name = "internal"
    [[line]]
    pattern = "1001"
    partition = "internal"
    display = "Alice"
    [[line]]
    pattern = "1002"
    partition = "internal"
    display = "Meeting room Zürich"
    [[line]]
    pattern = "1003"
    partition = "internal"
    [[line]]
    pattern = "1004"
    partition = "internal"
    display = "Dora"
    [[end_user]]
    name = "alice"
    first_name = "Alice"
    last_name = "Archer"
    primary_line = "internal:1001"
    [[end_user]]
    name = "bob"
    first_name = "Bob"
    last_name = "O'Neil & <Sons>"
    telephone = "+4930123"
    [[end_user]]
    name = "dora"
    last_name = "Dorn"
    [[end_user]]
    name = "nobody"
    last_name = "Without"
    [[phone_service]]
    name = "weather"
    label = "Weather"
    url = "http://192.0.2.9/weather?phone=#DEVICENAME#"
    [[phone_service]]
    name = "lunch"
    url = "http://192.0.2.9/lunch"
    everybody = true
    [[phone_service]]
    name = "board"
    url = "/directories"
    menu = "directories"
    everybody = true
    [[phone]]
    name = "SEP001122334455"
    protocol = "sccp"
    owner = "dora"
    lines = [{ line = "internal:1004" }]
    keys = { services = [{ service = "weather", label = "Wetter" }] }
"#;

fn state(toml: &str) -> State {
    let files = [File { name: "all.toml".to_owned(), text: toml.to_owned() }];
    let document = Document::read(&files).unwrap_or_else(|wrong| panic!("{wrong:?}"));
    let mut last = 0;
    let mut new_id = || {
        last += 1;
        Id::from_random(last << 80 | last)
    };
    let operations = document
        .proposal(&State::default(), Scope::Whole, &AlreadySealed, &mut new_id)
        .unwrap_or_else(|wrong| panic!("{wrong:?}"));
    State::default().changed(&operations).unwrap_or_else(|refused| panic!("{refused:?}"))
}

/// A page, without its first line.
fn page(state: &State, page: Page, query: &str) -> String {
    let uri: axum::http::Uri = format!("/?{query}").parse().unwrap();
    let pairs = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&uri).unwrap().0;
    let asked = Asked::new("http://192.0.2.1:8080".to_owned(), Keys::Old, pairs);
    let document = page.make(state, &asked).write().unwrap();
    document.split_once('\n').unwrap().1.trim_end().to_owned()
}

#[test]
fn a_phone_finds_its_services_and_those_that_everybody_has() {
    let office = state(OFFICE);
    let menu = page(&office, Page::Services, "name=SEP001122334455");
    let (one, two) = (
        menu.find("<Name>Wetter</Name><URL>http://192.0.2.9/weather?phone=SEP001122334455</URL>"),
        menu.find("<Name>lunch</Name>"),
    );
    assert!(one.is_some() && two.is_some() && one < two, "{menu}");
    assert!(!menu.contains("board"), "it stands among the directories: {menu}");
    for unknown in ["name=SEPFFFFFFFFFFFF", "", "name=%3Cb%3E"] {
        let menu = page(&office, Page::Services, unknown);
        assert!(menu.contains("lunch") && !menu.contains("Wetter") && !menu.contains("weather"), "{menu}");
    }
    assert!(page(&State::default(), Page::Services, "").contains("No service is configured."));
}

#[test]
fn directories_begin_with_a_menu_and_lead_to_a_form() {
    let office = state(OFFICE);
    let menu = page(&office, Page::Directories, "name=SEP001122334455");
    assert_eq!(
        menu,
        "<CiscoIPPhoneMenu><Title>Directories</Title><Prompt>Select a directory</Prompt>\
         <MenuItem><Name>Corporate Directory</Name><URL>http://192.0.2.1:8080/directory?name=SEP001122334455</URL></MenuItem>\
         <MenuItem><Name>board</Name><URL>http://192.0.2.1:8080/directories</URL></MenuItem>\
         <SoftKeyItem><Name>Select</Name><URL>SoftKey:Select</URL><Position>1</Position></SoftKeyItem>\
         <SoftKeyItem><Name>Exit</Name><URL>SoftKey:Exit</URL><Position>3</Position></SoftKeyItem></CiscoIPPhoneMenu>"
    );
    let form = page(&office, Page::Search, "name=%3Cb%3E");
    assert!(form.contains("<URL>http://192.0.2.1:8080/directory/found?name=%3Cb%3E</URL>"), "{form}");
    assert_eq!(form.matches("<InputItem>").count(), 3, "{form}");
}

/// Names and numbers that are found, in their order.
fn found(state: &State, query: &str) -> Vec<String> {
    let document = page(state, Page::Found, query);
    let entries = document.split("<DirectoryEntry><Name>").skip(1);
    entries
        .map(|entry| entry.split("</Telephone>").next().unwrap().replace("</Name><Telephone>", " "))
        .collect()
}

#[test]
fn people_are_found_by_what_is_known_of_them() {
    let office = state(OFFICE);
    let check = |query: &str, expect: &[&str]| assert_eq!(found(&office, query), expect, "{query}");
    let (alice, bob) = ("Archer, Alice 1001", "O'Neil &amp; &lt;Sons&gt;, Bob +4930123");
    let (dora, room) = ("Dorn 1004", "Meeting room Z&#252;rich 1002");
    check("", &[alice, dora, room, bob]);
    check("l=arch", &[alice]);
    check("l=O%27N&f=b", &[bob]);
    check("f=ali", &[alice]);
    check("l=Z%C3%BC", &[room]);
    check("n=100", &[alice, dora, room]);
    check("n=100&l=d", &[dora]);
    check("l=nobody", &[]);
    check("l=arch&l=o", &[alice]);
    check(&format!("l={}", "a".repeat(5_000)), &[]);
    assert!(page(&office, Page::Found, "l=x").contains("Nobody is found."));
}

#[test]
fn who_does_not_fit_one_page_is_on_the_next() {
    let lines: String =
        (0..70).map(|at| format!("[[line]]\npattern = \"2{at:03}\"\ndisplay = \"P {at:03}\"\n")).collect();
    let office = state(&lines);
    let check = |query: &str, first: &str, count: usize, next: Option<&str>, previous: Option<&str>| {
        let document = page(&office, Page::Found, query);
        assert_eq!(
            (found(&office, query).first().map(String::as_str), found(&office, query).len()),
            (Some(first), count)
        );
        let link = |name: &str| {
            let from = document.find(&format!("<Name>{name}</Name><URL>"))?;
            let url = document[from..].split("<URL>").nth(1)?.split("</URL>").next()?;
            url.strip_prefix("http://192.0.2.1:8080/directory/found?")
        };
        assert_eq!((link("Next"), link("Previous")), (next, previous), "{document}");
    };
    check("l=p", "P 000 2000", 32, Some("l=p&amp;start=32"), None);
    check("l=p&start=32", "P 032 2032", 32, Some("l=p&amp;start=64"), Some("l=p&amp;start=0"));
    check("l=p&start=64", "P 064 2064", 6, None, Some("l=p&amp;start=32"));
    check("start=4000000000", "P 064 2064", 6, None, Some("start=32"));
    check("start=-1", "P 000 2000", 32, Some("start=32"), None);
}

#[test]
fn keys_are_where_the_model_has_them() {
    let check = |model: Option<&str>, expect: Keys| {
        let mut headers = HeaderMap::new();
        if let Some(model) = model {
            headers.insert("x-CiscoIPPhoneModelName", model.parse().unwrap());
        }
        assert_eq!(keys(&headers), expect, "{model:?}");
    };
    check(None, Keys::Old);
    check(Some("CP-7961G"), Keys::Old);
    check(Some("CP-8845"), Keys::New);
}
