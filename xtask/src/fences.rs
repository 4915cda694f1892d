//! The fences: rules of the style guide that a machine can keep. Each is a function from what is there to a
//! list of complaints, so that a test can feed it something forged; the tests below feed it the real tree.

mod clippy;
mod external;
mod floors;
mod text;

use crate::workspace;

/// `cargo xtask fences`: the same rules as the tests below, without the wait, and the list of files to split soon.
///
/// # Errors
/// When a rule is broken.
pub(crate) fn run() -> Result<(), String> {
    let graph = workspace::graph()?;
    let files = workspace::text_files();
    for warning in text::large_files(&files) {
        println!("{warning}");
    }
    let mut found = floors::complaints(&graph);
    found.extend(external::complaints(&graph));
    found.extend(clippy::complaints(&graph.members, read));
    found.extend(text::too_large_files(&files));
    found.extend(text::nameless_todos(&files));
    found.extend(text::machine_traces(&files));
    found.extend(text::unfinished_decisions(&files));
    found.extend(text::broken_links(&files, exists));
    if found.is_empty() {
        println!("every fence stands");
        return Ok(());
    }
    Err(found.join("\n"))
}

fn read(path: &str) -> Option<String> {
    std::fs::read_to_string(workspace::root().join(path)).ok()
}

fn exists(path: &str) -> bool {
    workspace::root().join(path).exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nothing_wrong(complaints: Vec<String>) {
        assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
    }

    #[test]
    fn every_edge_between_our_crates_goes_down() {
        nothing_wrong(floors::complaints(&workspace::graph().expect("manifests are readable")));
    }

    #[test]
    fn outside_crates_stay_on_their_floor() {
        nothing_wrong(external::complaints(&workspace::graph().expect("manifests are readable")));
    }

    #[test]
    fn every_core_carries_the_bans() {
        nothing_wrong(clippy::complaints(&workspace::graph().expect("manifests are readable").members, read));
    }

    #[test]
    fn files_keep_to_their_size() {
        nothing_wrong(text::too_large_files(&workspace::text_files()));
    }

    #[test]
    fn every_todo_names_its_issue() {
        nothing_wrong(text::nameless_todos(&workspace::text_files()));
    }

    #[test]
    fn no_machine_path_or_registry_host_is_tracked() {
        nothing_wrong(text::machine_traces(&workspace::text_files()));
    }

    #[test]
    fn every_decision_has_its_four_parts_and_is_listed() {
        nothing_wrong(text::unfinished_decisions(&workspace::text_files()));
    }

    #[test]
    fn every_link_between_documents_leads_somewhere() {
        nothing_wrong(text::broken_links(&workspace::text_files(), exists));
    }

    #[test]
    fn every_member_forbids_unsafe_and_takes_the_lints() {
        let members = workspace::text_files();
        // Those have workspaces of their own.
        let apart = |path: &str| path.starts_with("fuzz/") || path.starts_with("xtask/outside/");
        let manifests = members.iter().filter(|file| {
            file.path.ends_with("Cargo.toml") && file.path != "Cargo.toml" && !apart(&file.path)
        });
        let bare: Vec<_> = manifests
            .filter(|file| !file.text.contains("[lints]\nworkspace = true"))
            .map(|file| &file.path)
            .collect();
        assert!(bare.is_empty(), "these manifests lack `[lints] workspace = true`: {bare:?}");
    }
}
