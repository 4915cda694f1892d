//! What a server says of itself when it serves.

use strowger_sip::auth::ha1_md5;

use crate::config_file::{ConfigFile, LineSection, ServiceName};
use crate::log;
use crate::print;
use crate::server::Opened;
use crate::table::{Table, terminal_width};

/// Says that the server serves, and how to use it. `sip` is what is in force, which may be other than the file says.
pub(crate) fn announce(opened: &Opened, sip: &strowger_sip::Configuration, json: bool, lab: bool) {
    let mut said = Ok(());
    if json {
        said = print::line(to_json(opened, sip, lab));
    } else if lab {
        said = print::print(text(opened, sip));
    } else {
        for (what, address) in opened.listeners() {
            log::info("listening").with("transport", what).address(address).write();
        }
        if let Some(fingerprint) = opened.fingerprint() {
            log::info("the web interface speaks TLS").with("certificate", fingerprint).write();
        }
        for text in &opened.unopened {
            log::warn(text.clone()).write();
        }
    }
    if let Err(error) = said {
        log::warn(format!("{error:#}")).effect("calls are served").write();
    }
}

fn to_json(opened: &Opened, sip: &strowger_sip::Configuration, lab: bool) -> String {
    let file = opened.file();
    // The lab made its secrets and tells them; those of an operator stay in their file.
    let secret = |line: &LineSection| secret(line, sip).filter(|_| lab).map(str::to_owned);
    let numbers: Vec<_> = there(file, sip)
        .map(|line| serde_json::json!({"number": line.number, "name": line.name, "secret": secret(line), "kind": "line"}))
        .chain(file.services.iter().map(|service| {
            serde_json::json!({"number": service.number, "name": service_name(service.service), "kind": "service"})
        }))
        .collect();
    let listeners: Vec<_> = opened
        .listeners()
        .into_iter()
        .map(|(what, address)| {
            serde_json::json!({"transport": what, "address": address.ip(), "port": address.port()})
        })
        .collect();
    serde_json::json!({
        "numbers": numbers,
        "listeners": listeners,
        "unopened": opened.unopened,
        "server": opened.advertised(),
        "domain": sip.domain,
        "data": opened.data(),
        "http": opened.web_url(),
        "fingerprint": opened.fingerprint(),
    })
    .to_string()
}

const fn service_name(service: ServiceName) -> &'static str {
    match service {
        ServiceName::Echo => "echo test: you hear yourself",
        ServiceName::Announcement => "tones, then hangs up",
    }
}

fn text(opened: &Opened, sip: &strowger_sip::Configuration) -> String {
    let file = opened.file();
    let mut text = format!("Strowger lab\n\n{}\n", numbers(file, sip, terminal_width()));
    text.push_str(&format!("Register a phone:  server {}  (UDP or TCP)\n", opened.advertised()));
    text.push_str(&format!("                   user and number as above, domain {}\n\n", sip.domain));
    for (what, address) in opened.listeners() {
        text.push_str(&format!("open      {what:5} {address}\n"));
    }
    for refused in &opened.unopened {
        text.push_str(&format!("NOT open  {refused}\n"));
    }
    text.push_str(&format!("media     udp   {}-{}\n", file.media.ports.0, file.media.ports.1));
    text.push_str(&format!("folder    {}\n\n", opened.data().display()));
    let data = opened.data().display();
    text.push_str(&format!("strowger calls --data {data}\nstrowger explain call last --data {data}\n"));
    text
}

/// The lines of the file that are there still.
fn there<'f>(
    file: &'f ConfigFile,
    sip: &strowger_sip::Configuration,
) -> impl Iterator<Item = &'f LineSection> {
    file.lines.iter().filter(|line| sip.lines.contains_key(line.line_name().as_str()))
}

/// What the file says is a line's secret, as long as its phone proves itself with that.
fn secret<'f>(line: &'f LineSection, sip: &strowger_sip::Configuration) -> Option<&'f str> {
    let secret = line.secret.as_ref()?.expose();
    let digest = ha1_md5(&line.number, &sip.domain, secret);
    let phones = &sip.lines.get(line.line_name().as_str())?.phones;
    let is_right = phones.iter().any(|it| *it.username == *line.number && *it.ha1_md5.expose() == digest);
    is_right.then_some(secret)
}

/// Numbers with their secrets: who tries the lab types them into a phone.
fn numbers(file: &ConfigFile, sip: &strowger_sip::Configuration, width: Option<usize>) -> String {
    let mut table = Table::new(["Number", "Name", "Secret"], &[1]);
    for line in there(file, sip) {
        let secret = secret(line, sip).unwrap_or("(changed)");
        table.push([line.number.clone(), line.name.clone(), secret.to_owned()]);
    }
    for service in &file.services {
        table.push([service.number.clone(), service_name(service.service).to_owned(), String::new()]);
    }
    table.text(width)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_the_lab_at_two_widths() {
        let name = "Alice of the department with the longest name of all departments in this company";
        let file: ConfigFile = toml::from_str(&format!(
            "[[line]]\nnumber = \"1001\"\nname = \"{name}\"\nsecret = \"abcdefgh23456789\"\n\
             [[service]]\nnumber = \"9999\"\nservice = \"echo\"\n"
        ))
        .unwrap();
        let sip = file.configuration().unwrap().sip;
        let check = |width: Option<usize>, expect: &str| assert_eq!(numbers(&file, &sip, width), expect);
        check(Some(80), include_str!("../testdata/tables/lab-80.txt"));
        check(Some(120), include_str!("../testdata/tables/lab-120.txt"));
        check(None, include_str!("../testdata/tables/lab-whole.txt"));
    }

    #[test]
    fn what_was_changed_since_is_not_told_as_it_was() {
        let file = |lines: &[(&str, &str)]| -> ConfigFile {
            let line = |(number, secret): &(&str, &str)| {
                format!("[[line]]\nnumber = \"{number}\"\nname = \"N\"\nsecret = \"{secret}\"\n")
            };
            toml::from_str(&lines.iter().map(line).collect::<String>()).unwrap()
        };
        let first = file(&[("1001", "abcdefgh23456789"), ("1002", "bcdefgh234567892")]);
        let check = |now: &[(&str, &str)], expect: &[&str]| {
            let sip = file(now).configuration().unwrap().sip;
            let told = numbers(&first, &sip, None);
            let told: Vec<String> = told
                .lines()
                .skip(1)
                .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
                .collect();
            assert_eq!(told, expect);
        };
        let other = "cdefgh2345678923";
        check(
            &[("1001", other), ("1002", "bcdefgh234567892")],
            &["1001 N (changed)", "1002 N bcdefgh234567892"],
        );
        check(&[("1001", "abcdefgh23456789"), ("1003", other)], &["1001 N abcdefgh23456789"]);
    }
}
