//! Forced authorization codes and client matter codes.

use strowger_configuration::Kind;

use super::table::{Names, Table};
use super::{Origin, TakenOver};

/// Adds the codes. In the file their names may be missing, or stand at several codes; those of objects do not.
pub(super) fn add(objects: &mut TakenOver<'_>) {
    let file = objects.file;
    let mut names = Names::beside([]);
    for (at, section) in file.authorization_codes.iter().enumerate() {
        let table = Table::default()
            .set("name", named(&mut names, at, &section.name, "code"))
            .set("code", section.code.expose())
            .unless("level", section.level, 0);
        objects.put(Kind::AuthorizationCode, Origin::Section("authorization_code", at), table);
    }
    let mut names = Names::beside([]);
    for (at, section) in file.matter_codes.iter().enumerate() {
        let table = Table::default()
            .set("name", named(&mut names, at, &section.description, "matter"))
            .set("code", section.code.expose());
        objects.put(Kind::MatterCode, Origin::Section("matter_code", at), table);
    }
}

fn named(names: &mut Names<usize>, at: usize, name: &str, nameless: &str) -> String {
    if name.is_empty() { names.of(at, &format!("{nameless} {}", at + 1)).0 } else { names.of(at, name).0 }
}
