use super::*;

fn frame(title: &str, keys: &[(&str, &str, u8)]) -> Frame {
    let key = |(name, url, position): &(&str, &str, u8)| Key {
        name: (*name).to_owned(),
        url: (*url).to_owned(),
        position: *position,
    };
    Frame { title: title.to_owned(), prompt: String::new(), keys: keys.iter().map(key).collect() }
}

/// A document is what is expected after its first line.
fn check(object: Object, expect: &str) {
    let written = object.write().unwrap();
    let (first, rest) = written.split_once('\n').unwrap();
    assert_eq!(first, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
    assert_eq!(rest.trim_end(), expect);
    assert!(written.is_ascii());
    pushed(&written).unwrap();
}

#[test]
fn objects_are_written_as_phones_read_them() {
    let pair = |one: &str, other: &str| (one.to_owned(), other.to_owned());
    check(
        Object::Menu(Menu {
            frame: frame("R&D", &[("Exit", "SoftKey:Exit", 3)]),
            items: vec![pair("Zoë <\"1\">", "http://a/?x=1&y=2")],
        }),
        "<CiscoIPPhoneMenu><Title>R&amp;D</Title><MenuItem><Name>Zo&#235; &lt;&quot;1&quot;&gt;</Name><URL>http://a/?x=1&amp;y=2</URL></MenuItem>\
         <SoftKeyItem><Name>Exit</Name><URL>SoftKey:Exit</URL><Position>3</Position></SoftKeyItem></CiscoIPPhoneMenu>",
    );
    check(
        Object::Text(Text { frame: frame("", &[]), text: "two\nlines\u{1b}\u{0}".to_owned() }),
        "<CiscoIPPhoneText><Text>two\nlines</Text></CiscoIPPhoneText>",
    );
    let field =
        |kind| Field { name: "Name".to_owned(), parameter: "l".to_owned(), value: String::new(), kind };
    check(
        Object::Input(Input {
            frame: frame("Find", &[]),
            url: "http://a/".to_owned(),
            fields: vec![field(FieldKind::Plain)],
        }),
        "<CiscoIPPhoneInput><Title>Find</Title><URL>http://a/</URL><InputItem><DisplayName>Name</DisplayName><QueryStringParam>l</QueryStringParam>\
         <DefaultValue></DefaultValue><InputFlags>A</InputFlags></InputItem></CiscoIPPhoneInput>",
    );
    check(
        Object::Directory(Directory { frame: frame("", &[]), entries: vec![pair("Bob", "1002")] }),
        "<CiscoIPPhoneDirectory><DirectoryEntry><Name>Bob</Name><Telephone>1002</Telephone></DirectoryEntry></CiscoIPPhoneDirectory>",
    );
    check(
        Object::Execute(Execute { items: vec![("Key:Services".to_owned(), Priority::OnlyIfIdle)] }),
        "<CiscoIPPhoneExecute><ExecuteItem Priority=\"2\" URL=\"Key:Services\"/></CiscoIPPhoneExecute>",
    );
    check(
        Object::Status(Status { text: "Alarm".to_owned(), seconds: 20 }),
        "<CiscoIPPhoneStatus><Text>Alarm</Text><Timer>20</Timer><LocationX>0</LocationX><LocationY>0</LocationY><Width>106</Width>\
         <Height>21</Height><Depth>2</Depth><Data></Data></CiscoIPPhoneStatus>",
    );
}

#[test]
fn more_than_phones_take_is_refused() {
    let refused = |object: Object, most: usize| match object.write() {
        Err(Unfit::TooMuch { has, most: told, .. }) => assert_eq!((has, told), (most + 1, most)),
        other => panic!("{other:?}"),
    };
    let pairs = |count: usize| vec![(String::new(), String::new()); count];
    let menu = |count| Object::Menu(Menu { items: pairs(count), ..Menu::default() });
    menu(100).write().unwrap();
    refused(menu(101), 100);
    let directory = |count| Object::Directory(Directory { entries: pairs(count), ..Directory::default() });
    directory(32).write().unwrap();
    refused(directory(33), 32);
    let text = |count| Object::Text(Text { text: "ë".repeat(count), ..Text::default() });
    text(4_000).write().unwrap();
    refused(text(4_001), 4_000);
    let execute = |items: Vec<usize>| {
        let item = |length| ("x".repeat(length), Priority::Now);
        Object::Execute(Execute { items: items.into_iter().map(item).collect() })
    };
    execute(vec![300]).write().unwrap();
    refused(execute(vec![1, 1, 1, 1]), 3);
    let long = execute(vec![500]).write();
    assert!(matches!(long, Err(Unfit::TooMuch { what: "characters", most: 512, .. })), "{long:?}");
}

#[test]
fn what_others_made_is_looked_at() {
    let check = |document: &str, expect: &str| {
        let found = pushed(document).map_or_else(|unfit| unfit.to_string(), |pushed| pushed.root.to_string());
        assert!(found.contains(expect), "{document}: {found}");
    };
    check(
        "<CiscoIPPhoneImageFile><URL>http://a/b.png</URL></CiscoIPPhoneImageFile>",
        "CiscoIPPhoneImageFile",
    );
    check("<startMedia/>", "startMedia");
    check("<html/>", "it is <html>, and phones know");
    check("<CiscoIPPhoneText>", "not well-formed");
    check("", "not well-formed");
    check("<!DOCTYPE a [<!ENTITY b \"c\">]><CiscoIPPhoneText>&b;</CiscoIPPhoneText>", "not well-formed");
    check(&format!("<CiscoIPPhoneText>{}</CiscoIPPhoneText>", "<a/>".repeat(5_000)), "not well-formed");
}

#[test]
fn answers_are_read_with_patience() {
    let check = |answer: &[u8], expect: Result<&str, Unreadable>, success: bool| {
        let read = Answer::read(answer);
        assert_eq!(read.as_ref().map(|it| it.words()).map_err(|error| *error), expect.map(str::to_owned));
        assert_eq!(read.is_ok_and(|it| it.is_success()), success);
    };
    let response = |items: &str| format!("<CiscoIPPhoneResponse>{items}</CiscoIPPhoneResponse>\0\0");
    check(
        response("<ResponseItem Status=\"0\" Data=\"Success\" URL=\"Key:Soft1\"/>").as_bytes(),
        Ok("Success"),
        true,
    );
    check(
        response("<ResponseItem STATUS=\"4\" Data=\"Failure\" URL=\"\"/>").as_bytes(),
        Ok("Failure (status 4)"),
        false,
    );
    check(response("").as_bytes(), Ok("done"), true);
    check(b"<CiscoIPPhoneError Number=\"4\" />", Ok("error 4: the phone lets nobody push"), false);
    check(b"<CiscoIPPhoneError Number=\"many\"/>", Ok("error 0"), false);
    check(b"<html/>", Err(Unreadable), false);
    check(b"", Err(Unreadable), false);
    check(&[0xff; 100], Err(Unreadable), false);
    let many = "<ResponseItem Status=\"0\"/>".repeat(20);
    assert!(
        matches!(Answer::read(response(&many).as_bytes()), Ok(Answer::Response(items)) if items.len() == 8)
    );
}
