//! Documents that somebody else made, before they are pushed to a phone.

use roxmltree::{Document, ParsingOptions};

use super::Unfit;

/// A document that phones may know.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pushed {
    /// Its outermost element.
    pub root: Box<str>,
}

/// Looks at a document that is to be pushed: whether it is XML, and one of what phones show. How much of it they take they say themselves.
///
/// # Errors
/// Why it is not.
pub fn pushed(document: &str) -> Result<Pushed, Unfit> {
    let malformed = |why: String| Unfit::Malformed { why };
    // No document type: nothing in it grows.
    let options = ParsingOptions { nodes_limit: NODES, ..ParsingOptions::default() };
    let read =
        Document::parse_with_options(document, options).map_err(|error| malformed(error.to_string()))?;
    let root = read.root_element().tag_name().name();
    if !root.starts_with("CiscoIPPhone") && !OTHERS.contains(&root) {
        return Err(Unfit::Unknown { root: root.chars().take(SHOWN).collect() });
    }
    Ok(Pushed { root: root.into() })
}

/// What is pushed to phones beside what they show.
const OTHERS: [&str; 4] = ["startMedia", "stopMedia", "setBackground", "setRingTone"];
/// Elements and texts of a document; a menu of 100 items has 700.
const NODES: u32 = 4_096;
/// Characters of a name that are told.
const SHOWN: usize = 40;
