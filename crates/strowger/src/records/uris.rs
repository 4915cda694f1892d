//! Addresses of lines (`directory_uri`), which stand beside their numbers in call records.

use std::collections::BTreeMap;

use strowger_cdr::Cdr;
use strowger_configuration::State;
use strowger_configuration::kinds::{DirectoryUri, Line};

/// The address of each line that has one, by its number and partition. Of several it is the first.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct Uris(BTreeMap<(Box<str>, Box<str>), Box<str>>);

impl Uris {
    /// As they are configured.
    pub(super) fn of(state: &State) -> Self {
        let mut uris = BTreeMap::new();
        for (_, uri) in state.all::<DirectoryUri>() {
            let Some(line) = state.get::<Line>(uri.line) else { continue };
            let partition = line.partition.and_then(|partition| state.get(partition));
            let partition = partition.map_or("", |partition| partition.name.as_str());
            let key = (line.pattern.as_str().into(), partition.into());
            uris.entry(key).or_insert_with(|| uri.pattern.as_str().into());
        }
        Uris(uris)
    }

    /// Writes them beside the numbers of a row; what stands there stays.
    pub(super) fn fill(&self, row: &mut Cdr) {
        if self.0.is_empty() {
            return;
        }
        for (number, partition, uri) in [
            (
                &row.calling_party_number,
                &row.calling_party_number_partition,
                &mut row.calling_party_number_uri,
            ),
            (
                &row.original_called_party_number,
                &row.original_called_party_number_partition,
                &mut row.original_called_party_number_uri,
            ),
            (
                &row.final_called_party_number,
                &row.final_called_party_number_partition,
                &mut row.final_called_party_number_uri,
            ),
            (&row.last_redirect_dn, &row.last_redirect_dn_partition, &mut row.last_redirect_dn_uri),
        ] {
            if uri.is_empty()
                && let Some(found) = self.0.get(&(number.clone(), partition.clone()))
            {
                *uri = found.clone();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use strowger_configuration::Id;
    use strowger_configuration::files::{Document, File};
    use strowger_configuration::proposal::Scope;
    use strowger_configuration::reader::AlreadySealed;

    use super::*;

    const OFFICE: &str = r#"
        [[partition]]
        name = "internal"
        [[line]]
        pattern = "1001"
        partition = "internal"
        [[line]]
        pattern = "1002"
        [[directory_uri]]
        pattern = "alice@example.com"
        line = "internal:1001"
        [[directory_uri]]
        pattern = "bob@example.com"
        line = "1002"
    "#;

    #[test]
    fn a_line_is_known_by_its_number_and_its_partition() {
        let files = [File { name: "all.toml".to_owned(), text: OFFICE.to_owned() }];
        let document = Document::read(&files).unwrap();
        let mut last = 0;
        let mut new_id = || {
            last += 1;
            Id::from_random(last << 80 | last)
        };
        let operations =
            document.proposal(&State::default(), Scope::Whole, &AlreadySealed, &mut new_id).unwrap();
        let uris = Uris::of(&State::default().changed(&operations).unwrap());
        let mut row = Cdr {
            calling_party_number: "1001".into(),
            calling_party_number_partition: "internal".into(),
            original_called_party_number: "1001".into(),
            final_called_party_number: "1002".into(),
            last_redirect_dn: "1002".into(),
            last_redirect_dn_uri: "known@example.com".into(),
            ..Cdr::default()
        };
        uris.fill(&mut row);
        let filled = [
            row.calling_party_number_uri,
            row.original_called_party_number_uri,
            row.final_called_party_number_uri,
            row.last_redirect_dn_uri,
        ];
        // Without its partition 1001 is another number.
        assert_eq!(
            filled.map(String::from),
            ["alice@example.com", "", "bob@example.com", "known@example.com"]
        );
    }
}
