//! What is wrong, in the words of the objects.

use super::*;

/// Everything that is wrong with a text, however it is found.
fn wrong(toml: &str) -> Vec<String> {
    let state = state(toml);
    let translated = draft(&state, &Open);
    let errors = translated.draft.build().err().unwrap_or_default();
    let later = translated.origins.faults(&state, &errors);
    translated.faults.iter().chain(&later).map(ToString::to_string).collect()
}

fn check(toml: &str, expect: &[&str]) {
    assert_eq!(wrong(toml), expect, "{toml}");
}

const PARTITIONS: &str = "[[partition]]\nname = \"a\"\n[[partition]]\nname = \"b\"\n";

#[test]
fn lines_with_one_number_that_nothing_tells_apart() {
    let text = |phones: &str| {
        format!(
            "{PARTITIONS}[[line]]\npattern = \"1001\"\npartition = \"a\"\n[[line]]\npattern = \"1001\"\npartition = \"b\"\n\
             {phones}"
        )
    };
    check(&text(""), &[]);
    let phone = |name: &str, line: &str, secret: &str| {
        format!("[[phone]]\nname = \"{name}\"\nlines = [{line}]\ncredentials = {{ secret = \"{secret}\" }}\n")
    };
    let (a, b) = ("{ line = \"a:1001\" }", "{ line = \"b:1001\" }");
    check(&text(&(phone("one", a, "x") + &phone("two", b, "y"))), &[]);
    check(
        &text(&(phone("one", a, "x") + &phone("two", b, "x"))),
        &[
            "phone two: credentials.user is \"1001\": a phone of line 1001 in a proves itself with the same user name and \
           secret, and nothing else tells which of the two lines is meant; give one of the phones another",
        ],
    );
    check(
        &text(&phone("one", &format!("{a}, {b}"), "x")),
        &[
            "phone one: credentials.user is \"1001\": the phone has line 1001 in a too, and registers both as 1001; \
           put one of them on another phone",
        ],
    );
}

#[test]
fn secrets_that_cannot_be_opened() {
    check(
        "[[line]]\npattern = \"1001\"\n[[phone]]\nname = \"one\"\nlines = [{ line = \"1001\" }]\n\
         credentials = { secret = \"!\" }\n",
        &[
            "phone one: credentials.secret cannot be opened: the credentials.secret was sealed elsewhere; set it again",
        ],
    );
}

#[test]
fn digests_that_are_offered_and_missing() {
    let digest = "0123456789abcdef".repeat(4);
    check(
        &format!(
            "[[line]]\npattern = \"1001\"\n[[phone]]\nname = \"one\"\nlines = [{{ line = \"1001\" }}]\n\
             credentials = {{ ha1_sha256 = \"{digest}\" }}\n"
        ),
        &[
            "phone one: credentials.ha1_md5 is missing, but the service parameter digest_algorithms has MD5; add it, \
           or give the secret",
        ],
    );
    check(
        &format!(
            "[service_parameters]\ndigest_algorithms = [\"SHA-256\"]\n\
             [[line]]\npattern = \"1001\"\n[[phone]]\nname = \"one\"\nlines = [{{ line = \"1001\" }}]\n\
             credentials = {{ ha1_sha256 = \"{digest}\" }}\n"
        ),
        &[],
    );
}

#[test]
fn errors_of_the_draft_name_object_and_setting() {
    check(
        "[[line]]\npattern = \"1001\"\nvoice_mail = \"mail\"\n[[voice_mail_profile]]\nname = \"mail\"\npilot = \"7O00\"\n",
        &[
            "line 1001: voice_mail is \"7O00\": 'O' at position 2 cannot be dialled; expected 0-9, *, #, A-D or +",
        ],
    );
    check(
        "[[line]]\npattern = \"1001\"\n[line.forwards]\nno_answer_internal = { number = \"nowhere\" }\n",
        &[
            "line 1001: forwards.no_answer_internal is \"nowhere\": 'n' at position 1 cannot be dialled; expected 0-9, *, #, A-D or +",
        ],
    );
    // What two phones must not share on a line of both is said of the second.
    check(
        "[[line]]\npattern = \"1001\"\n[[phone]]\nname = \"one\"\nlines = [{ line = \"1001\" }]\n\
         credentials = { secret = \"x\" }\n[[phone]]\nname = \"two\"\nlines = [{ line = \"1001\" }]\n\
         credentials = { secret = \"y\" }\n",
        &["phone two: credentials.user is \"1001\", which another phone of the line has already; \
           change or remove one of the two"],
    );
    check(
        "[[sip_profile]]\nname = \"growing\"\noverlap = true\n[[trunk]]\nname = \"t\"\nsip_profile = \"growing\"\n\
         inbound = { significant_digits = 4 }\n",
        &["trunk t: inbound.significant_digits is given beside overlap; leave out one of the two"],
    );
    check(
        "[[trunk]]\nname = \"t\"\n[[route_group]]\nname = \"g\"\nmembers = [{ trunk = \"t\" }]\n\
         [[route_list]]\nname = \"l\"\nmembers = [{ local_route_group = \"fax\" }]\n",
        &["route list l: members is \"fax\", expected one of: g, <Standard Local Route Group>"],
    );
    check(
        "[[translation_pattern]]\npattern = \"5X\"\nchange = { mask = \"6X\" }\n\
         [[translation_pattern]]\npattern = \"6X\"\nchange = { mask = \"5X\" }\n[[line]]\npattern = \"1001\"\n\
         [[phone]]\nname = \"one\"\nlines = [{ line = \"1001\" }]\ncredentials = { secret = \"x\" }\n",
        &[
            "translation pattern 5X: pattern is \"5X\", a translation loop: line:1001 dials 55, and 55 never arrives: \
           translation pattern 5X, then translation pattern 6X leads back to itself. Give the translation pattern \
           a search space that does not hold it, or another change of the number.",
        ],
    );
    check(
        "[service_parameters]\ncontinue_routing_on = [17]\n",
        &[
            "service parameters: continue_routing_on is \"17\": stop_routing_on_busy says what happens after this cause",
        ],
    );
}

#[test]
fn numbers_of_call_park_can_be_counted() {
    let why = "takes numbers of several lengths, or more than 10000: give each office numbers of its own";
    let check = |pattern: &str, wrong: bool| {
        let expect = format!("call park number {pattern}: pattern {why}");
        let expect: &[&str] = if wrong { &[&expect] } else { &[] };
        check(&format!("[[call_park]]\npattern = \"{pattern}\"\n"), expect);
    };
    check("8XXXX", false);
    check("XXXXX", true);
    check("88!", true);
}
