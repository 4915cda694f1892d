//! What phones show: pages that they get over HTTP, as curl gets them and Python reads them, and screens that are pushed to a phone over a
//! real connection.

use std::net::SocketAddr;
use std::process::Command;

use super::Context;
use super::capture::Capture;
use super::office::apply;
use super::ports;
use super::server::Server;
use super::stations::{Station, frames, wait};
use crate::peers;

const PHONE: &str = "SEP00000000CD01";

/// A phone opens its directory key, finds somebody, and is pushed a text that it answers to.
///
/// # Errors
/// What was not as it should be.
pub(super) fn screens(context: &Context) -> Result<String, String> {
    peers::require(&[peers::CURL, peers::PYTHON])?;
    let (sccp, pages) = (ports::one()?, ports::one()?);
    let server = Server::lab(context, &["--sccp-port", &sccp.to_string()])?;
    let people: String = (0..40)
        .map(|at| format!("[[line]]\npattern = \"5{at:03}\"\ndisplay = \"Person {at:02} <&> Söhne\"\n"))
        .collect();
    let text = format!(
        "[[server]]\nname = \"cm-1\"\naddress = \"127.0.0.1\"\nphone_services_port = {pages}\n\
         [[phone_service]]\nname = \"directories\"\nurl = \"/directories?name=#DEVICENAME#\"\nmenu = \"none\"\n\
         [[phone_service]]\nname = \"canteen\"\nlabel = \"Canteen\"\nurl = \"http://192.0.2.9/menu\"\neverybody = true\n\
         [[phone_button_template]]\nname = \"keys\"\nbuttons = [{{ feature = \"line\" }}, {{ feature = \"service\" }}]\n\
         [[phone]]\nname = \"{PHONE}\"\nprotocol = \"sccp\"\nlines = [{{ line = \"5000\" }}]\nbutton_template = \"keys\"\n\
         keys = {{ services = [{{ service = \"directories\", label = \"Names\" }}] }}\n{people}"
    );
    apply(context, &server, &text)?;
    let capture = Capture::start(&context.folder, &[server.udp.port()])?;
    let address = SocketAddr::from(([127, 0, 0, 1], sccp));
    let mut stations = [Station::comes(address, PHONE, 18)?];
    wait(&mut stations, "the phone to know its keys", |all| {
        all[0].phone.services.len() == 1 && all[0].phone.clock[0] > 0
    })?;
    let key = stations[0].phone.services[&1].clone();
    if key != [format!("http://127.0.0.1:{pages}/directories?name={PHONE}"), "Names".to_owned()] {
        return Err(format!("its key opens {key:?}"));
    }
    // From the key to the people, page by page, as the phone goes.
    let menu = page(&key[0])?;
    let form = page(&has(&menu, "CiscoIPPhoneMenu", "Corporate Directory")?)?;
    let found = has(&form, "CiscoIPPhoneInput", "")?;
    let first = page(&format!("{found}&l=person&f=&n="))?;
    let second = page(&has(&first, "CiscoIPPhoneDirectory", "Next")?)?;
    let entries = |page: &[String]| page.iter().filter(|line| line.starts_with("Person ")).count();
    if (entries(&first), entries(&second)) != (32, 8) || first[1] != "Person 00 <&> Söhne\t5000" {
        return Err(format!("40 people on two pages, and not {first:?} and {second:?}"));
    }
    has(&page(&format!("http://127.0.0.1:{pages}/services?name={PHONE}"))?, "CiscoIPPhoneMenu", "Canteen")?;
    refused(pages)?;
    let pushed = push(&server, &mut stations)?;
    server.is_well()?;
    let [station] = stations;
    drop(station);
    let captured = capture.finish()?;
    let frames = frames(&captured.file, sccp, 20)?;
    Ok(format!("40 people on two pages; {pushed}; {frames} SCCP messages, and none is malformed"))
}

/// A page in lines: its outermost element, then what is called something and what that opens.
fn page(url: &str) -> Result<Vec<String>, String> {
    let fetch =
        ["--silent", "--fail", "--show-error", "--max-time", "10", "--write-out", "\n%{content_type}", url];
    let got = Command::new("curl").args(fetch).output().map_err(|error| format!("curl: {error}"))?;
    if !got.status.success() {
        return Err(format!("{url}: {}", String::from_utf8_lossy(&got.stderr)));
    }
    let text = String::from_utf8_lossy(&got.stdout);
    let (document, kind) = text.rsplit_once('\n').unwrap_or_default();
    if kind != "text/xml" {
        return Err(format!("{url} is {kind}"));
    }
    let read = Command::new("python3").args(["-X", "utf8", "-c", READ, document]).output();
    let read = read.map_err(|error| format!("python3: {error}"))?;
    if !read.status.success() {
        return Err(format!("{url}: {document}: {}", String::from_utf8_lossy(&read.stderr)));
    }
    Ok(String::from_utf8_lossy(&read.stdout).lines().map(str::to_owned).collect())
}

/// Another reader of XML than ours.
const READ: &str = "import sys, xml.etree.ElementTree as E\nr = E.fromstring(sys.argv[1])\nprint(r.tag)\n\
    if r.find('URL') is not None: print('\\t' + r.find('URL').text)\n\
    for i in r:\n if i.find('Name') is not None: print(i.find('Name').text + '\\t' + i.find('Telephone' if i.tag == 'DirectoryEntry' else 'URL').text)\n";

/// What something on a page opens.
fn has(page: &[String], root: &str, name: &str) -> Result<String, String> {
    let opens = page.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix('\t'));
    match (page.first(), opens) {
        (Some(found), Some(opens)) if found == root => Ok(opens.to_owned()),
        _ => Err(format!("a {root} with {name:?}, and not {page:?}")),
    }
}

/// Nothing else is served there, and nothing under another name.
fn refused(port: u16) -> Result<(), String> {
    for (path, more, expect) in [
        ("/api/v1/phones", "Accept: */*", "404"),
        ("/healthz", "Accept: */*", "404"),
        ("/directories", "Host: evil.example", "421"),
    ] {
        let url = format!("http://127.0.0.1:{port}{path}");
        let fetch = ["--silent", "--output", "/dev/null", "--write-out", "%{http_code}", "-H", more, &url];
        let got = Command::new("curl").args(fetch).output().map_err(|error| format!("curl: {error}"))?;
        let status = String::from_utf8_lossy(&got.stdout).into_owned();
        if status != expect {
            return Err(format!("{path} with {more} is answered {status}, and not {expect}"));
        }
    }
    Ok(())
}

/// A text that needs several messages, an order, and what is refused.
fn push(server: &Server, stations: &mut [Station]) -> Result<String, String> {
    let text = format!("Fire in Söhne & Co. {}", "Leave the house. ".repeat(200));
    let answer = std::thread::scope(|scope| {
        let asked =
            scope.spawn(|| server.ask(&["phone", "push", PHONE, "--title", "Alarm", "--text", &text]));
        wait(stations, "the phone to show it", |all| {
            all[0].phone.display().iter().any(|shown| shown.contains("Alarm / Fire in Söhne & Co. Leave"))
        })?;
        wait(stations, "the answer to arrive", |_| asked.is_finished())?;
        asked.join().map_err(|_| "the command line panicked".to_owned())?
    })?;
    if answer["success"] != true || answer["answer"] != "Success" {
        return Err(format!("the phone took it, and not {answer}"));
    }
    for (arguments, expect) in [
        (vec!["SEP00000000CD99", "--text", "Hello"], "no SCCP phone SEP00000000CD99 is registered"),
        (vec![PHONE, "--url", "Dial:1001", "--text", "Hello"], "cannot be used with"),
        (vec![PHONE, "--text", &"x".repeat(4_001)], "4000"),
    ] {
        let said = server.ask(&[vec!["phone", "push"], arguments].concat()).err().unwrap_or_default();
        if !said.contains(expect) {
            return Err(format!("“{expect}” is not in {said}"));
        }
    }
    Ok(format!("{} characters were pushed", text.chars().count()))
}
