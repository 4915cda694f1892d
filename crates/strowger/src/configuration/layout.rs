//! The tables that people query, made from what the kinds declare: one for each kind, one for each list in it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;
use strowger_configuration::form::{Field, Form};
use strowger_configuration::{Kind, Naming};

use super::names::{Member, Names};

/// All tables, and how each kind fills them.
pub(super) struct Layout {
    tables: BTreeMap<String, Table>,
    kinds: BTreeMap<Kind, KindTable>,
}

/// One table.
#[derive(Default)]
struct Table {
    /// Name and SQL type.
    columns: Vec<(String, &'static str)>,
    /// The columns of the primary key.
    key: Vec<String>,
    indices: Vec<String>,
}

/// How objects of a kind become rows.
pub(super) struct KindTable {
    /// Puts the row in, in place of what has its id.
    pub(super) insert: String,
    pub(super) delete: String,
    pub(super) columns: Vec<Column>,
    pub(super) members: Vec<MemberTable>,
}

/// How a list in an object becomes rows.
pub(super) struct MemberTable {
    pub(super) insert: String,
    /// Takes away all rows of one object.
    pub(super) delete: String,
    pub(super) list: Column,
    pub(super) columns: Vec<Column>,
}

/// Where the contents of a column come from.
pub(super) struct Column {
    name: String,
    /// From the object, or the entry of a list, down; empty for the entry itself.
    path: Vec<&'static Field>,
    form: &'static Form,
    /// The name is CUCM's.
    known: bool,
    /// Other settings of the same column: of a trunk and a gateway, one is given.
    or: Vec<Column>,
}

impl Layout {
    /// The tables for all kinds that there are.
    pub(super) fn new() -> Self {
        let mut layout = Layout { tables: BTreeMap::new(), kinds: BTreeMap::new() };
        for kind in Kind::ALL {
            let rows = layout.add(*kind);
            layout.kinds.insert(*kind, rows);
        }
        layout
    }

    /// How objects of a kind become rows.
    pub(super) fn of(&self, kind: Kind) -> Option<&KindTable> {
        self.kinds.get(&kind)
    }

    /// The names of the tables.
    pub(super) fn tables(&self) -> impl Iterator<Item = &str> {
        self.tables.keys().map(String::as_str)
    }

    /// The statements that make the tables.
    pub(super) fn statements(&self) -> String {
        let mut sql = String::new();
        for (name, table) in &self.tables {
            let columns: Vec<String> =
                table.columns.iter().map(|(column, sort)| format!("{} {sort}", quoted(column))).collect();
            let key: Vec<String> = table.key.iter().map(|column| quoted(column)).collect();
            let _ = writeln!(
                sql,
                "create table {} ({}, primary key ({})){};",
                quoted(name),
                columns.join(", "),
                key.join(", "),
                // Short rows in the order of their key; a page would hold few of the long ones.
                if key.len() > 1 { " without rowid" } else { "" },
            );
            for column in &table.indices {
                let index = quoted(&format!("{name}_{column}"));
                let _ = writeln!(sql, "create index {index} on {} ({});", quoted(name), quoted(column));
            }
        }
        sql
    }

    /// Everything that decides about the rows, as text: when it changes, the rows are made anew.
    pub(super) fn fingerprint(&self) -> u32 {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(self.statements().as_bytes());
        for rows in self.kinds.values() {
            hasher.update(rows.insert.as_bytes());
            for column in &rows.columns {
                for field in &column.path {
                    hasher.update(field.name.as_bytes());
                    hasher.update(
                        field.default.map_or(Value::Null, |default| default()).to_string().as_bytes(),
                    );
                }
            }
            for member in &rows.members {
                hasher.update(member.insert.as_bytes());
            }
        }
        hasher.finalize()
    }

    fn add(&mut self, kind: Kind) -> KindTable {
        let names = Names::of(kind.word());
        let table = table_of(kind);
        let mut columns = Vec::new();
        let mut lists = Vec::new();
        let renamed = names.map_or(&[][..], |names| names.columns);
        flatten(kind.fields(), &mut Vec::new(), renamed, &mut columns, &mut lists);
        let columns = distinct(columns, &["pkid"]);
        let fixed = names.map_or(&[][..], |names| names.fixed);
        let main = self.tables.entry(table.clone()).or_default();
        main.add("pkid", "text not null");
        main.key = vec!["pkid".to_owned()];
        for (name, _) in fixed {
            main.add(name, "integer");
        }
        for column in &columns {
            main.add(&column.name, column.sort());
        }
        let naming = match kind.naming() {
            Naming::Name => Some("name"),
            Naming::PatternInPartition => Some("pattern"),
            Naming::Only => None,
        };
        let naming = columns.iter().find(|column| column.is_setting(naming));
        main.indices.extend(naming.map(|column| column.name.clone()));
        main.indices.sort_unstable();
        main.indices.dedup();
        let members = lists.into_iter().map(|list| self.add_member(&table, list, names)).collect();
        KindTable {
            insert: insert(&table, &["pkid"], fixed, &columns),
            delete: format!("delete from {} where \"pkid\" = ?1", quoted(&table)),
            columns,
            members,
        }
    }

    fn add_member(&mut self, owner: &str, list: Column, names: Option<&Names>) -> MemberTable {
        let path = list.path();
        let known: Option<&Member> = names
            .and_then(|names| names.members.iter().find(|(of, _)| *of == path))
            .map(|(_, member)| member);
        let table = known.map_or_else(|| format!("{owner}_{path}"), |known| known.table.to_owned());
        let order = known.map_or("sortorder", |known| known.order);
        let owner = match known {
            Some(Member { owner: named @ Some(_), .. }) => named.unwrap_or_default().to_owned(),
            Some(_) | None => format!("fk{owner}"),
        };
        let renamed = known.map_or(&[][..], |known| known.columns);
        let mut columns = Vec::new();
        let Form::List { of, .. } = list.form else { unreachable!("only lists get a table of their own") };
        match of {
            Form::Record(fields) => {
                let mut inner = Vec::new();
                flatten(fields, &mut Vec::new(), renamed, &mut columns, &mut inner);
                // A list in a list is one column of JSON.
                columns.extend(inner);
            }
            Form::Boolean
            | Form::Whole { .. }
            | Form::Text { .. }
            | Form::Choice(_)
            | Form::Reference(_)
            | Form::List { .. }
            | Form::Either(..) => columns.push(Column::new(Vec::new(), of, renamed)),
            Form::Secret => {}
        }
        let columns = distinct(columns, &[&owner, order]);
        let member = self.tables.entry(table.clone()).or_default();
        member.add(&owner, "text not null");
        member.add(order, "integer not null");
        member.key = vec![owner.clone(), order.to_owned()];
        for column in &columns {
            member.add(&column.name, column.sort());
            if let Form::Reference(_) = column.form
                && !member.indices.contains(&column.name)
            {
                member.indices.push(column.name.clone());
            }
        }
        MemberTable {
            insert: insert(&table, &[&owner, order], &[], &columns),
            delete: format!("delete from {} where {} = ?1", quoted(&table), quoted(&owner)),
            list,
            columns,
        }
    }
}

impl Table {
    fn add(&mut self, name: &str, sort: &'static str) {
        match self.columns.iter_mut().find(|(column, _)| column == name) {
            // Kinds that share a table and disagree about a column: text holds anything.
            Some((_, there)) if *there != sort => *there = "text",
            Some(_) => {}
            None => self.columns.push((name.to_owned(), sort)),
        }
    }
}

impl Column {
    fn new(path: Vec<&'static Field>, form: &'static Form, renamed: &[(&str, &'static str)]) -> Self {
        let mut column = Column { name: String::new(), path, form, known: false, or: Vec::new() };
        let path = column.path();
        let known = renamed.iter().find(|(of, _)| *of == path).map(|(_, name)| (*name).to_owned());
        column.known = known.is_some();
        column.name = known.unwrap_or_else(|| match form {
            Form::Reference(kind) => reference(*kind, &column.path),
            _ if path.is_empty() => "value".to_owned(),
            _ => path.replace('.', "_"),
        });
        column
    }

    /// The settings on the way, with dots between them.
    pub(super) fn path(&self) -> String {
        let names: Vec<&str> = self.path.iter().map(|field| field.name).collect();
        names.join(".")
    }

    fn is_setting(&self, name: Option<&str>) -> bool {
        matches!((&self.path[..], name), ([field], Some(name)) if field.name == name)
    }

    const fn sort(&self) -> &'static str {
        match self.form {
            Form::Whole { .. } => "integer",
            _ => "text",
        }
    }

    /// What stands there: the default where nothing does, nothing where what it belongs to is not set.
    pub(super) fn find(&self, from: &Value) -> Value {
        let found = self.find_first(from);
        if !found.is_null() {
            return found;
        }
        self.or.iter().map(|other| other.find_first(from)).find(|found| !found.is_null()).unwrap_or_default()
    }

    /// This setting, and those that share its column.
    #[cfg(test)]
    pub(super) fn settings(&self) -> impl Iterator<Item = &Column> {
        std::iter::once(self).chain(&self.or)
    }

    fn find_first(&self, from: &Value) -> Value {
        let mut place = std::borrow::Cow::Borrowed(from);
        for field in &self.path {
            let next = match place.get(field.name) {
                None if place.is_object() => field.default.map_or(Value::Null, |default| default()),
                None => return Value::Null,
                Some(there) => there.clone(),
            };
            place = std::borrow::Cow::Owned(next);
        }
        place.into_owned()
    }
}

/// The columns and the lists of settings; a secret has neither: who reads the tables has no use for it.
fn flatten(
    fields: &'static [Field],
    path: &mut Vec<&'static Field>,
    renamed: &[(&str, &'static str)],
    columns: &mut Vec<Column>,
    lists: &mut Vec<Column>,
) {
    for field in fields {
        path.push(field);
        match &field.form {
            Form::Secret => {}
            Form::Record(fields) => flatten(fields, path, renamed, columns, lists),
            Form::List { .. } => lists.push(Column::new(path.clone(), &field.form, renamed)),
            Form::Boolean
            | Form::Whole { .. }
            | Form::Text { .. }
            | Form::Choice(_)
            | Form::Reference(_)
            | Form::Either(..) => columns.push(Column::new(path.clone(), &field.form, renamed)),
        }
        path.pop();
    }
}

/// One column for each name. Those that CUCM keeps in one share it; others that would meet get the path behind their name.
fn distinct(columns: Vec<Column>, taken: &[&str]) -> Vec<Column> {
    let mut found: Vec<Column> = Vec::new();
    for mut column in columns {
        match found.iter_mut().find(|there| there.name == column.name) {
            Some(there) if there.known && column.known => {
                there.or.push(column);
                continue;
            }
            None if !taken.contains(&column.name.as_str()) => {}
            Some(_) | None => column.name = format!("{}_{}", column.name, column.path().replace('.', "_")),
        }
        found.push(column);
    }
    found
}

/// The table of a kind.
pub(super) fn table_of(kind: Kind) -> String {
    Names::of(kind.word()).map_or_else(|| kind.word().replace('_', ""), |names| names.table.to_owned())
}

/// `fkroutepartition` for a setting `partition`; `fkroutepartition_park` for a setting `park` that refers to one.
fn reference(kind: Kind, path: &[&'static Field]) -> String {
    let mut suffix: Vec<&str> = path.iter().map(|field| field.name).collect();
    suffix.pop_if(|last| *last == kind.word());
    let table = table_of(kind);
    // An entry of a list of references, or the one reference of its kind.
    if suffix.is_empty() { format!("fk{table}") } else { format!("fk{table}_{}", suffix.join("_")) }
}

fn insert(table: &str, first: &[&str], fixed: &[(&str, i64)], columns: &[Column]) -> String {
    let mut names: Vec<String> = first.iter().map(|name| quoted(name)).collect();
    names.extend(columns.iter().map(|column| quoted(&column.name)));
    let mut values: Vec<String> = (1..=names.len()).map(|at| format!("?{at}")).collect();
    for (name, value) in fixed {
        names.push(quoted(name));
        values.push(value.to_string());
    }
    let (table, names, values) = (quoted(table), names.join(", "), values.join(", "));
    format!("insert or replace into {table} ({names}) values ({values})")
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
