//! Where the workspace is, which files belong to it and what cargo knows of its crates.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().map_or_else(|| manifest.to_path_buf(), Path::to_path_buf)
}

/// Where cargo puts what it builds.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |folder| root().join(folder))
}

/// The program that is shipped, or that of another build which is played with ([`played`]), as text for a command line.
pub(crate) fn release_binary() -> String {
    let folder = PLAYED.get().copied().unwrap_or("release");
    target().join(folder).join("strowger").to_string_lossy().into_owned()
}

/// From here on the program of the build in this folder (`debug`, `release`) is played with; the profile that makes it.
pub(crate) fn played(folder: &'static str) -> &'static str {
    match *PLAYED.get_or_init(|| folder) {
        "debug" => "dev",
        other => other,
    }
}

static PLAYED: OnceLock<&str> = OnceLock::new();

/// The cargo that runs us, so that a pinned toolchain stays the same in every step.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// A file of the project and its text.
pub(crate) struct TextFile {
    /// Path from the root, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// Every text file that is tracked or about to be: what git lists, or without git what lies there.
pub(crate) fn text_files() -> Vec<TextFile> {
    let root = root();
    let mut paths = git_files(&root).unwrap_or_else(|| {
        let mut found = Vec::new();
        walk(&root, &root, &mut found);
        found
    });
    paths.sort();
    paths
        .into_iter()
        .filter_map(|path| {
            let text = std::fs::read_to_string(root.join(&path)).ok()?;
            Some(TextFile { path, text })
        })
        .collect()
}

fn git_files(root: &Path) -> Option<Vec<String>> {
    let listing = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"])
        .current_dir(root)
        .stderr(Stdio::null())
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let names = String::from_utf8_lossy(&listing.stdout);
    Some(names.split('\0').filter(|name| !name.is_empty()).map(str::to_owned).collect())
}

fn walk(root: &Path, folder: &Path, found: &mut Vec<String>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if name == "target" || name == ".git" {
            continue;
        }
        if path.is_dir() {
            walk(root, &path, found);
        } else if let Ok(relative) = path.strip_prefix(root) {
            found.push(relative.to_string_lossy().replace('\\', "/"));
        }
    }
}

/// How a crate uses another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum EdgeKind {
    /// In what is shipped (build scripts included).
    Normal,
    /// Only in its tests.
    Test,
}

/// One crate uses another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Edge {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) kind: EdgeKind,
}

/// The crates of the workspace and all that they name in their manifests.
pub(crate) struct Graph {
    pub(crate) members: Vec<String>,
    pub(crate) edges: Vec<Edge>,
}

/// Reads the graph with `cargo metadata`, which knows workspace inheritance and target tables.
///
/// # Errors
/// When cargo cannot read the manifests.
pub(crate) fn graph() -> Result<Graph, String> {
    let output = cargo()
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .output()
        .map_err(|error| format!("cargo metadata does not start: {error}"))?;
    if !output.status.success() {
        return Err(format!("cargo metadata failed:\n{}", String::from_utf8_lossy(&output.stderr)));
    }
    let metadata: Value = serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
    let mut graph = Graph { members: Vec::new(), edges: Vec::new() };
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let from = package["name"].as_str().unwrap_or_default().to_owned();
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let kind = match dependency["kind"].as_str() {
                Some("dev") => EdgeKind::Test,
                Some(_) | None => EdgeKind::Normal,
            };
            let to = dependency["name"].as_str().unwrap_or_default().to_owned();
            graph.edges.push(Edge { from: from.clone(), to, kind });
        }
        graph.members.push(from);
    }
    graph.members.sort();
    Ok(graph)
}
