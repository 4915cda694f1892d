//! The lines file: many lines as CSV, named by `lines_file` of the node file (ADR 0003).

use std::borrow::Cow;
use std::path::Path;

use super::csv::{self, Reader};
use super::forwards::{Destination, Destinations, ForwardSection};
use super::line::{LineSection, SecretText};
use super::text_or_table::TextOrTable;

/// Reads the lines of a file, each with the line of the text where it stands.
///
/// # Errors
/// Everything that is wrong, each with file, line, column and what was expected.
pub(super) fn read(path: &Path) -> anyhow::Result<Vec<(u32, LineSection)>> {
    csv::read(path, "lines_file", "lines", parse)
}

fn parse(text: &str) -> Result<Vec<(u32, LineSection)>, Vec<String>> {
    let mut reader = Reader::new(text);
    let mut cells = Vec::new();
    let mut problems = Vec::new();
    let malformed =
        |error: super::csv::Malformed| format!("{}:{}: {}", error.line, error.cell, error.problem);
    let columns = match reader.next(&mut cells) {
        Ok(Some(line)) => header(line, &cells)?,
        Ok(None) => return Err(vec![format!("1:1: is empty; expected the names of columns: {}", names())]),
        Err(error) => return Err(vec![malformed(error)]),
    };
    let mut lines = Vec::new();
    loop {
        match reader.next(&mut cells) {
            Ok(None) => break,
            Ok(Some(line)) if lines.len() >= LINES_MAX => {
                problems.push(format!("{line}:1: more than {LINES_MAX} lines; expected at most so many"));
                break;
            }
            Ok(Some(line)) => match row(&columns, &cells) {
                Ok(section) => lines.push((line, section)),
                Err((cell, problem)) => problems.push(format!("{line}:{cell}: {problem}")),
            },
            Err(error) => problems.push(malformed(error)),
        }
    }
    if problems.is_empty() { Ok(lines) } else { Err(problems) }
}

/// What a column holds; named like the keys of `[[line]]`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Column {
    Number,
    Name,
    Secret,
    Ha1Md5,
    Ha1Sha256,
    BusyTrigger,
    CallsMax,
    NoAnswerSeconds,
    ContactsMax,
    Partition,
    SearchSpace,
    DeviceSearchSpace,
    ExternalMask,
    Zone,
    LocalRouteGroup,
    DevicePool,
    EmergencyNumber,
    Overlap,
    Urgent,
    VoiceMail,
    ForwardAll,
    ForwardBusy,
    ForwardNoAnswer,
    ForwardUnregistered,
    ForwardSearchSpace,
    ForwardRingSeconds,
}

const COLUMNS: [(&str, Column); 26] = [
    ("number", Column::Number),
    ("name", Column::Name),
    ("secret", Column::Secret),
    ("ha1_md5", Column::Ha1Md5),
    ("ha1_sha256", Column::Ha1Sha256),
    ("busy_trigger", Column::BusyTrigger),
    ("calls_max", Column::CallsMax),
    ("no_answer_seconds", Column::NoAnswerSeconds),
    ("contacts_max", Column::ContactsMax),
    ("partition", Column::Partition),
    ("search_space", Column::SearchSpace),
    ("device_search_space", Column::DeviceSearchSpace),
    ("external_mask", Column::ExternalMask),
    ("zone", Column::Zone),
    ("local_route_group", Column::LocalRouteGroup),
    ("device_pool", Column::DevicePool),
    ("emergency_number", Column::EmergencyNumber),
    ("overlap", Column::Overlap),
    ("urgent", Column::Urgent),
    ("voice_mail", Column::VoiceMail),
    ("forward_all", Column::ForwardAll),
    ("forward_busy", Column::ForwardBusy),
    ("forward_no_answer", Column::ForwardNoAnswer),
    ("forward_unregistered", Column::ForwardUnregistered),
    ("forward_search_space", Column::ForwardSearchSpace),
    ("forward_ring_seconds", Column::ForwardRingSeconds),
];

fn names() -> String {
    COLUMNS.map(|(name, _)| name).join(", ")
}

fn header(line: u32, cells: &[Cow<'_, str>]) -> Result<Vec<(&'static str, Column)>, Vec<String>> {
    let mut columns: Vec<(&'static str, Column)> = Vec::new();
    let mut problems = Vec::new();
    for (index, cell) in cells.iter().enumerate() {
        match COLUMNS.iter().find(|(name, _)| name.eq_ignore_ascii_case(cell)) {
            Some((name, column)) if columns.iter().any(|(_, there)| there == column) => {
                problems.push(format!("{line}:{}: column {name} stands twice; remove one", index + 1));
            }
            Some(column) => columns.push(*column),
            None => problems.push(format!(
                "{line}:{}: there is no column {cell:?}, expected one of: {}",
                index + 1,
                names()
            )),
        }
    }
    let has = |wanted: Column| columns.iter().any(|(_, column)| *column == wanted);
    if !has(Column::Number) {
        problems.push(format!("{line}:1: there is no column number; expected one"));
    }
    if ![Column::Secret, Column::Ha1Md5, Column::Ha1Sha256].into_iter().any(has) {
        problems.push(format!("{line}:1: there is no column secret, ha1_md5 or ha1_sha256; expected one"));
    }
    if problems.is_empty() { Ok(columns) } else { Err(problems) }
}

/// One line, or which cell is wrong and why.
fn row(columns: &[(&'static str, Column)], cells: &[Cow<'_, str>]) -> Result<LineSection, (usize, String)> {
    if cells.len() != columns.len() {
        let (found, expected) = (cells.len(), columns.len());
        return Err((
            found.min(expected),
            format!("has {found} cells, expected {expected} as the first line has"),
        ));
    }
    let mut section = LineSection::default();
    for (index, ((name, column), cell)) in columns.iter().zip(cells).enumerate() {
        let wrong = |problem: String| (index + 1, format!("{name} {problem}"));
        match column {
            Column::Number if cell.is_empty() => {
                return Err(wrong("is empty, expected a number like 1001".to_owned()));
            }
            Column::Number => section.number = cell.to_string(),
            Column::Name => section.name = cell.to_string(),
            Column::Secret => section.secret = secret(cell),
            Column::Ha1Md5 => section.ha1_md5 = secret(cell),
            Column::Ha1Sha256 => section.ha1_sha256 = secret(cell),
            Column::BusyTrigger => section.busy_trigger = whole(cell).map_err(wrong)?,
            Column::CallsMax => section.calls_max = whole(cell).map_err(wrong)?,
            Column::NoAnswerSeconds => section.no_answer_seconds = whole(cell).map_err(wrong)?,
            Column::ContactsMax => section.contacts_max = whole(cell).map_err(wrong)?,
            Column::Partition => section.partition = cell.to_string(),
            Column::SearchSpace => section.search_space = cell.to_string(),
            Column::DeviceSearchSpace => section.device_search_space = cell.to_string(),
            Column::ExternalMask => section.external_mask = cell.to_string(),
            Column::Zone => section.zone = cell.to_string(),
            Column::LocalRouteGroup => section.local_route_group = cell.to_string(),
            Column::DevicePool => section.device_pool = cell.to_string(),
            Column::EmergencyNumber => section.emergency_number = cell.to_string(),
            Column::Overlap => section.overlap = switch(cell).map_err(wrong)?,
            Column::Urgent => section.urgent = switch(cell).map_err(wrong)?,
            Column::VoiceMail => section.voice_mail = cell.to_string(),
            Column::ForwardAll
            | Column::ForwardBusy
            | Column::ForwardNoAnswer
            | Column::ForwardUnregistered
            | Column::ForwardSearchSpace
            | Column::ForwardRingSeconds
                if cell.is_empty() => {}
            Column::ForwardAll => forward(&mut section).all = Some(Destination::text(cell)),
            Column::ForwardBusy => forward(&mut section).busy = Some(Destinations::text(cell)),
            Column::ForwardNoAnswer => forward(&mut section).no_answer = Some(Destinations::text(cell)),
            Column::ForwardUnregistered => {
                forward(&mut section).unregistered = Some(Destinations::text(cell))
            }
            Column::ForwardSearchSpace => forward(&mut section).search_space = cell.to_string(),
            Column::ForwardRingSeconds => forward(&mut section).ring_seconds = whole(cell).map_err(wrong)?,
        }
    }
    if section.secret.is_none() && section.ha1_md5.is_none() && section.ha1_sha256.is_none() {
        let place = columns.iter().position(|(_, column)| *column == Column::Secret).map_or(1, |at| at + 1);
        return Err((place, "has no secret; expected a long random word, or its digest".to_owned()));
    }
    Ok(section)
}

fn forward(section: &mut LineSection) -> &mut ForwardSection {
    section.forward.get_or_insert_default()
}

fn secret(cell: &str) -> Option<SecretText> {
    (!cell.is_empty()).then(|| SecretText::new(cell))
}

/// An empty cell means no.
fn switch(cell: &str) -> Result<bool, String> {
    match cell {
        "true" => Ok(true),
        "false" | "" => Ok(false),
        _ => Err(format!("is {cell:?}, expected true, false, or nothing for false")),
    }
}

/// An empty cell means the default.
fn whole<N: std::str::FromStr>(cell: &str) -> Result<Option<N>, String> {
    if cell.is_empty() {
        return Ok(None);
    }
    cell.parse()
        .map(Some)
        .map_err(|_| format!("is {cell:?}, expected a whole number, or nothing for the default"))
}

/// More than any one server has phones for.
const LINES_MAX: usize = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_out_with_their_line_in_the_text() {
        let text = "Number,name,secret,no_answer_seconds,partition\n0800,\"Info, desk\",s3,,\n\n1002,,s4,20,internal\n";
        let Ok(lines) = parse(text) else { panic!("it is a lines file") };
        let shown: Vec<_> = lines
            .iter()
            .map(|(at, line)| {
                let secret = line.secret.as_ref().map_or("", |secret| secret.expose());
                (*at, &*line.number, &*line.name, secret, line.no_answer_seconds, &*line.partition)
            })
            .collect();
        assert_eq!(
            shown,
            [(2, "0800", "Info, desk", "s3", None, ""), (4, "1002", "", "s4", Some(20), "internal")]
        );
    }

    #[test]
    fn a_switch_is_true_or_false() {
        let check = |cell: &str, expect: Result<bool, &str>| {
            let found = parse(&format!("number,secret,urgent,overlap\n1001,x,{cell},\n"));
            let found = found.map(|lines| lines[0].1.urgent).map_err(|problems| problems.join(" "));
            assert_eq!(found, expect.map_err(str::to_owned), "{cell}");
        };
        check("true", Ok(true));
        check("false", Ok(false));
        check("", Ok(false));
        check("yes", Err("2:3: urgent is \"yes\", expected true, false, or nothing for false"));
    }

    #[test]
    fn simple_forwards_have_columns_and_an_empty_cell_sets_none() {
        let text = "number,secret,forward_all,forward_busy,forward_no_answer,forward_unregistered,\
                    forward_search_space,forward_ring_seconds,voice_mail\n\
                    1001,s,1002,1003,voice-mail,1004,all,20,7000\n1002,s,,,,,,,\n1003,s,,,1001,,,,\n";
        let Ok(lines) = parse(text) else { panic!("it is a lines file") };
        let told = |index: usize| {
            let line: &LineSection = &lines[index].1;
            let forward = line.forward.as_deref()?;
            let busy = |it: &Option<Destinations>| *it == Some(Destinations::text("1003"));
            let all = forward.all.as_ref().map(Destination::number).unwrap_or_default();
            Some((all, busy(&forward.busy), &*forward.search_space, forward.ring_seconds, &*line.voice_mail))
        };
        assert_eq!(told(0), Some(("1002", true, "all", Some(20), "7000")));
        assert!(told(1).is_none());
        assert_eq!(told(2), Some(("", false, "", None, "")));
        let problems = parse("number,secret,forward_ring_seconds\n1001,s,long\n").err().unwrap_or_default();
        assert!(problems[0].starts_with("2:3: forward_ring_seconds is \"long\""), "{problems:?}");
    }

    #[test]
    fn what_is_wrong_is_named_with_line_cell_and_expectation_and_no_secret_is_shown() {
        let check = |text: &str, expect: &[&str]| {
            let problems = parse(text).err().unwrap_or_default();
            assert_eq!(problems.len(), expect.len(), "{problems:?}");
            for (problem, expect) in problems.iter().zip(expect) {
                assert!(problem.contains(expect), "{expect:?} is not in {problem:?}");
                assert!(!problem.contains("s3cret"), "{problem}");
            }
        };
        check("", &["1:1: is empty; expected the names of columns: number, name, secret"]);
        check(
            "number,passwort\n",
            &["1:2: there is no column \"passwort\"", "1:1: there is no column secret"],
        );
        check("secret,secret\n", &["1:2: column secret stands twice", "1:1: there is no column number"]);
        check("number,secret\n,s3cret\n1001,\n", &["2:1: number is empty", "3:2: has no secret"]);
        check("number,secret\n1001,s3cret,x\n1002\n", &["2:2: has 3 cells, expected 2", "3:1: has 1 cells"]);
        check(
            "number,secret,calls_max\n1001,s3cret,many\n1002,\"s3cret\n",
            &["2:3: calls_max is \"many\", expected a whole number", "3:2: a quote is not closed"],
        );
    }
}
