//! Two companies on one server, each with the same numbers.

use super::Context;
use super::baresip::{Account, Phone};
use super::live::{phones, write};
use super::server::Server;

/// Each calls its own 1002; a partition gets another name while all are registered, and they still do.
///
/// # Errors
/// What was not as it should be.
pub(super) fn tenants(context: &Context) -> Result<String, String> {
    let server = Server::lab(context, &[])?;
    let files = context.folder.join("conf");
    let folder = files.to_string_lossy().into_owned();
    server.ask(&["export", &folder])?;
    write(&files, "tenants.toml", &companies("A", "B"))?;
    server.ask(&["apply", &folder, "--message", "two companies"])?;
    let phone = |name: &'static str, number: &'static str, tone| {
        let account = Account { secret: name, ..server.account(name, number, tone) };
        Phone::register(&context.folder, &account)
    };
    let mut a = [phone("a1-secret", "1001", 440)?, phone("a2-secret", "1002", 500)?];
    let mut b = [phone("b1-secret", "1001", 600)?, phone("b2-secret", "1002", 700)?];
    are_registered(&server, &["1001 in A", "1001 in B", "1002 in A", "1002 in B"])?;
    call(&mut a, &mut b)?;
    server.explain_last()?.tells(&["1001 in A", "1002 in A"])?;
    call(&mut b, &mut a)?;
    server.explain_last()?.tells(&["1001 in B", "1002 in B"])?;

    let before = server.ask(&["phones"])?;
    write(&files, "tenants.toml", &companies("A", "C"))?;
    server.ask(&["apply", &folder, "--message", "B is called C"])?;
    are_registered(&server, &["1001 in A", "1001 in C", "1002 in A", "1002 in C"])
        .map_err(|error| format!("{error}; before: {before}"))?;
    call(&mut b, &mut a)?;
    server.explain_last()?.tells(&["1001 in C", "1002 in C"])?;
    server.is_well()?;
    Ok("each company's 1001 reached its own 1002, and nobody else's phone rang".into())
}

/// The first phone calls the second one; the others hear nothing of it.
fn call([caller, called]: &mut [Phone; 2], others: &mut [Phone; 2]) -> Result<(), String> {
    caller.dial("1002")?;
    called.expect("CALL_INCOMING")?;
    called.command("accept", "")?;
    caller.expect("CALL_ESTABLISHED")?;
    caller.talk(std::time::Duration::from_millis(300));
    caller.command("hangup", "")?;
    caller.expect("CALL_CLOSED")?;
    called.expect("CALL_CLOSED")?;
    match others.iter_mut().any(|phone| phone.was_told("CALL_INCOMING")) {
        true => Err("a phone of the other company rang".into()),
        false => Ok(()),
    }
}

fn are_registered(server: &Server, expect: &[&str]) -> Result<(), String> {
    let found = phones(server)?;
    if found == expect { Ok(()) } else { Err(format!("registered are {found:?}, expected {expect:?}")) }
}

/// Two companies by the names of their partitions, each with 1001 and 1002.
fn companies(first: &str, second: &str) -> String {
    let company = |(partition, prefix): (&str, &str)| {
        let lines: Vec<String> = ["1", "2"]
            .into_iter()
            .map(|at| {
                format!(
                    "[[line]]\npattern = \"100{at}\"\npartition = \"{partition}\"\nsearch_space = \"of {prefix}\"\n\
                     [[phone]]\nname = \"{prefix}-{at}\"\nlines = [{{ line = \"{partition}:100{at}\" }}]\n\
                     credentials = {{ secret = \"{prefix}{at}-secret\" }}\n"
                )
            })
            .collect();
        format!(
            "[[partition]]\nname = \"{partition}\"\n\
             [[calling_search_space]]\nname = \"of {prefix}\"\npartitions = [\"{partition}\"]\n{}",
            lines.concat()
        )
    };
    [(first, "a"), (second, "b")].map(company).concat()
}
