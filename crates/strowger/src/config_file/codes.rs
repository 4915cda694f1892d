//! Codes in the node file: `[codes]`, `[[authorization_code]]`, `[[matter_code]]`, and the CSV files of many of them.

use std::borrow::Cow;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use strowger_base::{Cause, Secret};
use strowger_dialplan::codes::{CODES_MAX, CodeParameters, DisplayCode};
use strowger_node::configuration::{AuthorizationCodeDraft, CodesDraft, MatterCodeDraft};

use super::csv;
use super::line::SecretText;

/// `[codes]`: how codes are asked for.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct CodesSection {
    /// T302: how long the next key of a code is waited for; that of `[dial_plan]` when it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) interdigit_timer_seconds: Option<u64>,
    /// Q.850 cause that the caller of a wrong code is released with.
    pub(crate) refused_cause: u8,
    /// Call records show the authorization code itself, not only whose it is.
    pub(crate) show_authorization_code: bool,
}

impl Default for CodesSection {
    fn default() -> Self {
        CodesSection {
            interdigit_timer_seconds: None,
            refused_cause: CodeParameters::default().refused_cause.0,
            show_authorization_code: false,
        }
    }
}

/// `[[authorization_code]]`
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuthorizationCodeSection {
    pub(crate) code: SecretText,
    /// Whose it is.
    #[serde(default)]
    pub(crate) name: String,
    /// Routes of this level and of lower ones may be called with it.
    #[serde(default)]
    pub(crate) level: u8,
}

/// `[[matter_code]]`
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MatterCodeSection {
    pub(crate) code: SecretText,
    /// What it stands for.
    #[serde(default)]
    pub(crate) description: String,
}

/// All codes of a file.
pub(super) fn draft(
    section: &CodesSection,
    authorization: &[AuthorizationCodeSection],
    matter: &[MatterCodeSection],
) -> CodesDraft {
    let secret = |code: &SecretText| Secret::new(Box::from(code.expose()));
    CodesDraft {
        authorization: authorization
            .iter()
            .map(|written| AuthorizationCodeDraft {
                code: secret(&written.code),
                name: written.name.as_str().into(),
                level: written.level,
            })
            .collect(),
        matter: matter
            .iter()
            .map(|written| MatterCodeDraft {
                code: secret(&written.code),
                description: written.description.as_str().into(),
            })
            .collect(),
        interdigit_timer: section.interdigit_timer_seconds.map(Duration::from_secs),
        refused_cause: Cause(section.refused_cause),
        display: if section.show_authorization_code { DisplayCode::Yes } else { DisplayCode::No },
    }
}

/// Reads `authorization_codes_file`, each code with the line of the text where it stands.
///
/// # Errors
/// Everything that is wrong, each with file, line, column and what was expected.
pub(super) fn read_authorization(path: &Path) -> anyhow::Result<Vec<(u32, AuthorizationCodeSection)>> {
    csv::read(path, "authorization_codes_file", "codes", |text| {
        table(text, ["code", "name", "level"], |[code, name, level]| {
            let level = match level {
                "" => 0,
                level => level
                    .parse()
                    .map_err(|_| (2, format!("level is {level:?}, expected a whole number from 0 to 255")))?,
            };
            Ok(AuthorizationCodeSection { code: code_of(code)?, name: name.to_owned(), level })
        })
    })
}

/// Reads `matter_codes_file`, each code with the line of the text where it stands.
///
/// # Errors
/// Everything that is wrong, each with file, line, column and what was expected.
pub(super) fn read_matter(path: &Path) -> anyhow::Result<Vec<(u32, MatterCodeSection)>> {
    csv::read(path, "matter_codes_file", "codes", |text| {
        table(text, ["code", "description"], |[code, description]| {
            Ok(MatterCodeSection { code: code_of(code)?, description: description.to_owned() })
        })
    })
}

fn code_of(cell: &str) -> Result<SecretText, (usize, String)> {
    match cell {
        "" => Err((0, "code is empty; expected 1 to 16 digits".to_owned())),
        code => Ok(SecretText::new(code)),
    }
}

/// The rows of a text whose columns have these names, in any order; all but the first may be missing. What `row` refuses
/// it refuses with the place of the column among `names`.
fn table<const N: usize, T>(
    text: &str,
    names: [&str; N],
    row: impl Fn([&str; N]) -> Result<T, (usize, String)>,
) -> Result<Vec<(u32, T)>, Vec<String>> {
    let mut reader = csv::Reader::new(text);
    let mut cells: Vec<Cow<'_, str>> = Vec::new();
    let malformed = |error: csv::Malformed| format!("{}:{}: {}", error.line, error.cell, error.problem);
    match reader.next(&mut cells) {
        Ok(Some(_)) => {}
        Ok(None) => {
            return Err(vec![format!("1:1: is empty; expected the names of columns: {}", names.join(", "))]);
        }
        Err(error) => return Err(vec![malformed(error)]),
    }
    let header = cells.clone();
    let places = header_places(&header, names)?;
    let (mut rows, mut problems) = (Vec::new(), Vec::new());
    loop {
        match reader.next(&mut cells) {
            Ok(None) => break,
            Ok(Some(line)) if rows.len() >= CODES_MAX => {
                problems.push(format!("{line}:1: more than {CODES_MAX} codes; expected at most so many"));
                break;
            }
            Ok(Some(line)) if cells.len() != header.len() => {
                let (found, expected) = (cells.len(), header.len());
                problems
                    .push(format!("{line}:1: has {found} cells, expected {expected} as the first line has"));
            }
            Ok(Some(line)) => {
                let cell =
                    |place: &Option<usize>| place.and_then(|at| cells.get(at)).map_or("", |cell| &**cell);
                match row(places.each_ref().map(cell)) {
                    Ok(read) => rows.push((line, read)),
                    Err((column, problem)) => {
                        let at = places.get(column).copied().flatten().unwrap_or(0) + 1;
                        problems.push(format!("{line}:{at}: {problem}"));
                    }
                }
            }
            Err(error) => problems.push(malformed(error)),
        }
    }
    if problems.is_empty() { Ok(rows) } else { Err(problems) }
}

/// Where each column stands.
fn header_places<const N: usize>(
    header: &[Cow<'_, str>],
    names: [&str; N],
) -> Result<[Option<usize>; N], Vec<String>> {
    let mut problems = Vec::new();
    let mut places = [None; N];
    for (index, cell) in header.iter().enumerate() {
        let place = names.iter().zip(&mut places).find(|(name, _)| name.eq_ignore_ascii_case(cell));
        match place {
            Some((name, Some(_))) => {
                problems.push(format!("1:{}: column {name} stands twice; remove one", index + 1));
            }
            Some((_, place)) => *place = Some(index),
            None => problems.push(format!(
                "1:{}: there is no column {cell:?}, expected one of: {}",
                index + 1,
                names.join(", ")
            )),
        }
    }
    if let (Some(None), Some(name)) = (places.first(), names.first()) {
        problems.push(format!("1:1: there is no column {name}; expected one"));
    }
    if problems.is_empty() { Ok(places) } else { Err(problems) }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::super::ConfigFile;

    /// A node file beside CSV files of codes.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str, node: &str) -> Self {
            let folder =
                Folder(std::env::temp_dir().join(format!("strowger-codes-{name}-{}", std::process::id())));
            std::fs::create_dir_all(&folder.0).unwrap();
            folder.write("node.toml", node);
            folder
        }

        fn write(&self, name: &str, text: &str) {
            std::fs::write(self.0.join(name), text).unwrap();
        }

        /// What is said of it; the folder is left out.
        fn refused(&self) -> String {
            let found = ConfigFile::read(&self.0.join("node.toml")).and_then(|file| file.configuration());
            let told = found.err().map(|error| error.to_string()).unwrap_or_default();
            told.replace(&format!("{}/", self.0.display()), "")
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    const BOTH: &str = "authorization_codes_file = \"fac.csv\"\nmatter_codes_file = \"cmc.csv\"\n\
                        [codes]\ninterdigit_timer_seconds = 5\nrefused_cause = 57\nshow_authorization_code = true\n\
                        [[trunk]]\nname = \"carrier\"\n\
                        [[route]]\npattern = \"0!\"\ntrunk = \"carrier\"\nauthorization_level = 10\nmatter_code = true\n\
                        [[authorization_code]]\ncode = \"0815\"\nname = \"Ada\"\nlevel = 20\n\
                        [[matter_code]]\ncode = \"1\"\ndescription = \"a case\"\n";

    #[test]
    fn codes_of_the_node_file_and_of_files_beside_it_come_together() {
        let folder = Folder::new("both", BOTH);
        folder.write("fac.csv", "Name;Code;Level\nBert;4711;3\nCarl;4712;\n");
        folder.write("cmc.csv", "code,description\n77,\"Smith, against Jones\"\n78,\n");
        let file = ConfigFile::read(&folder.0.join("node.toml")).unwrap();
        let calls = file.configuration().ok().unwrap().calls;
        let level = |code: &str| calls.codes.authorization(code).map(|known| (&*known.name, known.level));
        assert_eq!(level("0815"), Some(("Ada", 20)));
        assert_eq!(level("4711"), Some(("Bert", 3)));
        assert_eq!(level("4712"), Some(("Carl", 0)));
        let matter = |code: &str| calls.codes.matter(code).map(|known| &*known.description);
        assert_eq!(
            [matter("1"), matter("77"), matter("78")],
            [Some("a case"), Some("Smith, against Jones"), Some("")]
        );
        let parameters = calls.code_parameters;
        assert_eq!((parameters.interdigit_timer.as_secs(), parameters.refused_cause.0), (5, 57));
        assert_eq!(parameters.display, strowger_dialplan::codes::DisplayCode::Yes);
    }

    #[test]
    fn what_is_wrong_has_its_place_and_no_code_is_shown() {
        let folder = Folder::new("wrong", BOTH);
        let check = |fac: &str, cmc: &str, expect: &str| {
            folder.write("fac.csv", fac);
            folder.write("cmc.csv", cmc);
            let told = folder.refused();
            assert_eq!(told, expect);
            assert!(!told.contains("4711") && !told.contains("0815"), "{told}");
        };
        let good = "code\n2\n";
        check(good, good, "");
        check(
            "name,code\nBert,4711\nCarl,4711x\nDora,0815\n",
            "code\n1\n47114711471147114711\n",
            "the configuration cannot be used:\n  \
             fac.csv:3: Carl: code has something at position 5 that is no digit; give digits only\n  \
             fac.csv:4: Dora: code is that of \"Ada\" already; change or remove one of the two\n  \
             cmc.csv:2: code is that of \"a case\" already; change or remove one of the two\n  \
             cmc.csv:3: code has 20 digits, at most 16 are allowed",
        );
        let unusable = |problems: &str| format!("the codes cannot be used:\n  {problems}");
        check("", good, &unusable("fac.csv:1:1: is empty; expected the names of columns: code, name, level"));
        check(
            "name,level,pin,name\n",
            good,
            &unusable(
                "fac.csv:1:3: there is no column \"pin\", expected one of: code, name, level\n  \
                 fac.csv:1:4: column name stands twice; remove one\n  \
                 fac.csv:1:1: there is no column code; expected one",
            ),
        );
        check(
            "level,code\nhigh,4711\n256,4711\n,\n1,\n2\n1,\"4711\n",
            good,
            &unusable(
                "fac.csv:2:1: level is \"high\", expected a whole number from 0 to 255\n  \
                 fac.csv:3:1: level is \"256\", expected a whole number from 0 to 255\n  \
                 fac.csv:5:2: code is empty; expected 1 to 16 digits\n  \
                 fac.csv:6:1: has 1 cells, expected 2 as the first line has\n  \
                 fac.csv:7:2: a quote is not closed; expected another one before the end of the file",
            ),
        );
    }

    #[test]
    fn what_is_wrong_in_the_node_file_has_its_line_and_no_code_is_shown() {
        let check = |node: &str, expect: &str| {
            let folder = Folder::new("node", node);
            let told = folder.refused();
            assert_eq!(told, expect);
            assert!(!told.contains("4711"), "{told}");
        };
        check(
            "[codes]\nrefused_cause = 128\ninterdigit_timer_seconds = 1\n[[authorization_code]]\ncode = \"4711#\"\n\
             name = \"Ada\"\n",
            "the configuration cannot be used:\n  \
             node.toml:3: [codes] interdigit_timer_seconds is 1 s, expected 3 s to 150 s\n  \
             node.toml:2: [codes] refused_cause is 128, expected 1 to 127\n  \
             node.toml:4: [[authorization_code]] 1 (Ada): code has something at position 5 that is no digit; give \
             digits only",
        );
        check("[[matter_code]]\ncode = 4711\n", "node.toml:2:8: a secret is a string: expected it in quotes");
        check(
            "[[authorization_code]]\ncode = \"4711\"\nlevel = 256\n",
            "node.toml:3:9: invalid value: integer `256`, expected a whole number from 0 to 255\n  found: level = 256",
        );
    }
}
