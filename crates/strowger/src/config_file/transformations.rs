//! `[[calling_transformation]]`, `[[called_transformation]]`, and `transformation_space` of what sees numbers.

use serde::{Deserialize, Serialize};
use strowger_node::configuration::{NumberViewDraft, PatternDraft, TransformationDraft};

use super::dial_plan::ChangeSection;

/// `[[calling_transformation]]` and `[[called_transformation]]`
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TransformationSection {
    pub(crate) pattern: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) partition: String,
    pub(crate) change: ChangeSection,
}

/// The search space of transformation patterns for each number that a device sees.
#[derive(Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TransformationSpaces {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) calling: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) called: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) connected: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) redirecting: String,
}

impl TransformationSection {
    pub(super) fn draft(&self) -> TransformationDraft {
        let (pattern, partition) = (self.pattern.as_str().into(), self.partition.as_str().into());
        let pattern = PatternDraft { pattern, partition, ..PatternDraft::default() };
        TransformationDraft { pattern, change: self.change.draft() }
    }
}

impl TransformationSpaces {
    pub(super) fn is_none(&self) -> bool {
        *self == TransformationSpaces::default()
    }

    pub(super) fn draft(&self) -> NumberViewDraft {
        NumberViewDraft {
            calling: self.calling.as_str().into(),
            called: self.called.as_str().into(),
            connected: self.connected.as_str().into(),
            redirecting: self.redirecting.as_str().into(),
        }
    }
}
