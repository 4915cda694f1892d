//! What the first row of a table names.

use crate::form::{Field, Form};
use crate::problem::{Path, Segment, nearest};
use crate::{Kind, Naming};

/// The columns of a table.
#[derive(Debug, Default)]
pub(super) struct Columns {
    /// Their names, by position.
    names: Vec<String>,
    /// They tell what each row is about.
    pub(super) is_keyed: bool,
    /// What happens to the object of a row.
    pub(super) action: Option<usize>,
    /// What the object was called so far.
    pub(super) renamed_from: Option<usize>,
    /// Settings of the object.
    pub(super) object: Fields,
    /// Settings of the line that the row makes beside its phone.
    pub(super) line: Option<Fields>,
}

/// Settings that have columns.
#[derive(Debug, Default)]
pub(super) struct Fields {
    pub(super) of: Vec<(&'static str, Node)>,
    /// Settings that must be given, whether they have a column or not.
    pub(super) required: Vec<&'static str>,
}

/// What columns say about a setting.
#[derive(Debug)]
pub(super) enum Node {
    /// A column holds it.
    Cell { cell: usize, form: &'static Form },
    /// Columns hold settings of it.
    Record(Fields),
    /// Columns hold entries of it: by position from 0, in ascending order.
    List(Vec<(usize, Node)>),
}

/// Something that is wrong with the first row: the position of the cell, and a sentence.
pub(super) type Wrong = (usize, String);

impl Columns {
    /// Reads the first row of a table of objects of a kind, with everything that is wrong with it.
    pub(super) fn read(kind: Kind, header: &[&str]) -> (Columns, Vec<Wrong>) {
        let mut columns = Columns { object: Fields::of(kind.fields()), ..Columns::default() };
        let mut wrong = Vec::new();
        for (cell, name) in header.iter().enumerate() {
            columns.names.push((*name).to_owned());
            if header.iter().take(cell).any(|before| before == name) {
                wrong.push((cell, format!("the column {name:?} stands there twice; leave one of them out")));
                continue;
            }
            if let Err(sentence) = columns.column(kind, cell, name) {
                wrong.push((cell, sentence));
            }
        }
        let first_line = "lines.1.line";
        let given = columns.cell_of(first_line);
        if let (Some(_), Some(cell)) = (&columns.line, given) {
            let why = format!(
                "{first_line} is made by the columns of the line, {LINE}pattern and others; leave it out"
            );
            wrong.push((cell, why));
        } else if columns.line.is_some() {
            // What the line is called stands in a cell behind the others.
            let steps: Vec<&str> = first_line.split('.').collect();
            let _ = columns.object.add(header.len(), first_line, &steps, Kind::Phone.fields());
        }
        let without_key = columns.without_key(kind);
        columns.is_keyed = without_key.is_none();
        wrong.extend(without_key.map(|sentence| (0, sentence)));
        (columns, wrong)
    }

    /// The position of the column with this name.
    pub(super) fn cell_of(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|column| column == name)
    }

    /// How many there are.
    pub(super) const fn len(&self) -> usize {
        self.names.len()
    }

    fn column(&mut self, kind: Kind, cell: usize, name: &str) -> Result<(), String> {
        match name {
            "" => Err("a column without a name; name the setting that it holds, or leave it out".to_owned()),
            ACTION => {
                self.action = Some(cell);
                Ok(())
            }
            RENAMED_FROM => {
                self.renamed_from = Some(cell);
                Ok(())
            }
            _ => match name.strip_prefix(LINE).filter(|_| kind == Kind::Phone) {
                Some(setting) => {
                    let steps: Vec<&str> = setting.split('.').collect();
                    let fields = Kind::Line.fields();
                    self.line.get_or_insert_with(|| Fields::of(fields)).add(cell, name, &steps, fields)
                }
                None => {
                    let steps: Vec<&str> = name.split('.').collect();
                    self.object.add(cell, name, &steps, kind.fields())
                }
            },
        }
    }

    /// Without the column that tells which object a row is about there is nothing to begin with.
    fn without_key(&self, kind: Kind) -> Option<String> {
        let missing = |naming: Naming, prefix: &str, fields: &Fields| {
            let key = match naming {
                Naming::Name => "name",
                Naming::PatternInPartition => "pattern",
                Naming::Only => return None,
            };
            let is_there = fields.of.iter().any(|(name, _)| *name == key);
            (!is_there).then(|| format!("{prefix}{key}"))
        };
        let line = self.line.as_ref().and_then(|line| missing(Naming::PatternInPartition, LINE, line));
        let key = missing(kind.naming(), "", &self.object).or(line)?;
        let known: Vec<&str> = kind.fields().iter().map(|field| field.name).collect();
        Some(format!(
            "there is no column {key}, which tells what each row is about; columns are {}",
            known.join(", ")
        ))
    }
}

impl Fields {
    fn of(fields: &'static [Field]) -> Fields {
        let required = fields.iter().filter(|field| field.is_required()).map(|field| field.name);
        Fields { of: Vec::new(), required: required.collect() }
    }

    /// Takes a column in that names a setting of these by its steps.
    fn add(
        &mut self,
        cell: usize,
        name: &str,
        steps: &[&str],
        fields: &'static [Field],
    ) -> Result<(), String> {
        let Some((step, rest)) = steps.split_first() else { return Ok(()) };
        let Some(field) = fields.iter().find(|field| field.name == *step) else {
            return Err(unknown(name, steps, fields));
        };
        if let Some((_, node)) = self.of.iter_mut().find(|(name, _)| *name == field.name) {
            return node.add(cell, name, rest, &field.form);
        }
        let node = Node::new(cell, name, rest, &field.form)?;
        self.of.push((field.name, node));
        Ok(())
    }
}

impl Node {
    fn new(cell: usize, name: &str, rest: &[&str], form: &'static Form) -> Result<Node, String> {
        let mut node = match form {
            Form::Record(fields) => Node::Record(Fields::of(fields)),
            Form::List { .. } => Node::List(Vec::new()),
            Form::Boolean
            | Form::Whole { .. }
            | Form::Text { .. }
            | Form::Choice(_)
            | Form::Reference(_)
            | Form::Either(..)
            | Form::Secret => {
                return match rest {
                    [] => Ok(Node::Cell { cell, form }),
                    [..] => Err(format!(
                        "the column {name:?} goes further than its setting; {}",
                        ends(name, rest)
                    )),
                };
            }
        };
        node.add(cell, name, rest, form).map(|()| node)
    }

    fn add(&mut self, cell: usize, name: &str, rest: &[&str], form: &'static Form) -> Result<(), String> {
        match (self, form) {
            (Node::Record(inner), Form::Record(fields)) => match rest {
                [] => {
                    let names: Vec<String> =
                        fields.iter().map(|field| format!("{name}.{}", field.name)).collect();
                    Err(format!("{name} holds several settings; columns of it are {}", names.join(", ")))
                }
                [..] => inner.add(cell, name, rest, fields),
            },
            (Node::List(entries), Form::List { of, most }) => {
                let Some((number, rest)) = rest.split_first() else {
                    return Err(format!(
                        "{name} is a list; number the columns of its entries, as in {name}.1"
                    ));
                };
                let position = number.parse::<usize>().ok().filter(|number| (1..=*most).contains(number));
                let Some(position) = position else {
                    return Err(format!(
                        "the column {name:?} has {number:?} for the number of an entry; expected 1 to {most}"
                    ));
                };
                match entries.binary_search_by_key(&(position - 1), |(at, _)| *at) {
                    Ok(at) => match entries.get_mut(at) {
                        Some((_, node)) => node.add(cell, name, rest, of),
                        None => Ok(()),
                    },
                    Err(at) => {
                        entries.insert(at, (position - 1, Node::new(cell, name, rest, of)?));
                        Ok(())
                    }
                }
            }
            // Two columns of one name were refused before; what is left goes further than a setting.
            (_, _) => Err(format!("the column {name:?} goes further than its setting; {}", ends(name, rest))),
        }
    }
}

/// The name of the column of a setting.
pub(super) fn name(path: &Path, is_line: bool) -> String {
    let mut name = if is_line { LINE.to_owned() } else { String::new() };
    for (at, segment) in path.segments().iter().enumerate() {
        if at > 0 {
            name.push('.');
        }
        match segment {
            Segment::Setting(setting) => name.push_str(setting),
            Segment::Entry(at) => name.push_str(&(at + 1).to_string()),
        }
    }
    name
}

fn unknown(name: &str, steps: &[&str], fields: &[Field]) -> String {
    let step = steps.first().copied().unwrap_or_default();
    let before: Vec<&str> = name.split('.').collect();
    let before = before.get(..before.len() - steps.len()).unwrap_or_default();
    let whole = |field: &str| before.iter().copied().chain([field]).collect::<Vec<&str>>().join(".");
    let known = fields.iter().map(|field| field.name);
    match nearest(step, known.clone()) {
        Some(near) => {
            let rest = steps.get(1..).unwrap_or_default();
            let meant: Vec<String> =
                std::iter::once(whole(near)).chain(rest.iter().map(|s| (*s).to_owned())).collect();
            format!("{name:?} is no column; did you mean {}?", meant.join("."))
        }
        None => {
            let known: Vec<String> = known.map(whole).collect();
            format!("{name:?} is no column; there are: {}", known.join(", "))
        }
    }
}

/// What to write in place of a column that goes further than its setting.
fn ends(name: &str, rest: &[&str]) -> String {
    let further: usize = rest.iter().map(|step| step.len() + 1).sum();
    format!("write {}", name.get(..name.len().saturating_sub(further)).unwrap_or(name))
}

/// What happens to the object of a row.
pub(super) const ACTION: &str = "action";
const RENAMED_FROM: &str = "renamed_from";
/// How the columns of the line begin that a row of phones makes.
pub(super) const LINE: &str = "line.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_row_is_told_everything_that_is_wrong_with_it() {
        let check = |kind: Kind, header: &str, expect: &[(usize, &str)]| {
            let header: Vec<&str> = header.split(',').collect();
            let (_, wrong) = Columns::read(kind, &header);
            let found: Vec<(usize, &str)> = wrong.iter().map(|(cell, why)| (*cell, why.as_str())).collect();
            assert_eq!(found, expect);
        };
        check(Kind::Phone, "name,description,lines.1.line,lines.2.line,credentials.user,action", &[]);
        check(Kind::Phone, "name,line.pattern,line.forwards.all.number,lines.1.label,lines.2.line", &[]);
        check(
            Kind::Phone,
            "name,devicepool,name,lines,lines.0.line,lines.1.lable,credentials,description.x,",
            &[
                (1, "\"devicepool\" is no column; did you mean device_pool?"),
                (2, "the column \"name\" stands there twice; leave one of them out"),
                (3, "lines is a list; number the columns of its entries, as in lines.1"),
                (4, "the column \"lines.0.line\" has \"0\" for the number of an entry; expected 1 to 200"),
                (5, "\"lines.1.lable\" is no column; did you mean lines.1.label?"),
                (
                    6,
                    "credentials holds several settings; columns of it are credentials.user, credentials.secret, \
                     credentials.ha1_md5, credentials.ha1_sha256",
                ),
                (7, "the column \"description.x\" goes further than its setting; write description"),
                (8, "a column without a name; name the setting that it holds, or leave it out"),
            ],
        );
        check(
            Kind::CallingSearchSpace,
            "description,partitions.1,partitions.1.x",
            &[
                (2, "the column \"partitions.1.x\" goes further than its setting; write partitions.1"),
                (
                    0,
                    "there is no column name, which tells what each row is about; columns are name, description, partitions",
                ),
            ],
        );
        check(
            Kind::Phone,
            "name,line.pattern,lines.1.line",
            &[(2, "lines.1.line is made by the columns of the line, line.pattern and others; leave it out")],
        );
        check(
            Kind::Line,
            "pattern,forwards.al.number",
            &[(1, "\"forwards.al.number\" is no column; did you mean forwards.all.number?")],
        );
    }
}
