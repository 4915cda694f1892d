//! Tables of comma-separated values that the node file names.

use std::path::Path;

pub(super) use strowger_configuration::csv::{Malformed, Reader};

/// Reads a file that the node file names with `key`, and takes its text apart.
///
/// # Errors
/// Everything that is wrong with its `what`, each with its place in the file.
pub(super) fn read<T>(
    path: &Path,
    key: &str,
    what: &str,
    parse: impl FnOnce(&str) -> Result<T, Vec<String>>,
) -> anyhow::Result<T> {
    let bytes = std::fs::read(path).map_err(|error| {
        anyhow::anyhow!("{key}: cannot read {}: {error}; mend the name or its rights", path.display())
    })?;
    let text = strowger_configuration::csv::text(bytes).map_err(|line| {
        anyhow::anyhow!("{}:{line}: not UTF-8; expected a file exported as “CSV UTF-8”", path.display())
    })?;
    parse(&text).map_err(|problems| {
        let shown = problems.iter().take(PROBLEMS_SHOWN);
        let mut lines: Vec<String> = shown.map(|problem| format!("{}:{problem}", path.display())).collect();
        if problems.len() > PROBLEMS_SHOWN {
            lines.push(format!("and {} more", problems.len() - PROBLEMS_SHOWN));
        }
        anyhow::anyhow!("the {what} cannot be used:\n  {}", lines.join("\n  "))
    })
}

/// A file that was exported wrongly is wrong in every row.
const PROBLEMS_SHOWN: usize = 20;
