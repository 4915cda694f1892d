//! `incoming_calling` and `incoming_called` of `[[trunk]]`: how the numbers that it brings become the plan's.

use serde::{Deserialize, Serialize};
use strowger_node::configuration::{IncomingDraft, IncomingRuleDraft};

/// One rule for each type of number. SIP tells two of them: `international` numbers begin with `+`, all others are of
/// `unknown` type.
#[derive(Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct IncomingSection {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) national: Option<IncomingRule>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) international: Option<IncomingRule>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) subscriber: Option<IncomingRule>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) unknown: Option<IncomingRule>,
}

/// Digits to take away, then a prefix, then the transformation patterns of a search space.
#[derive(Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct IncomingRule {
    pub(super) strip: u64,
    pub(super) prefix: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) search_space: String,
}

impl IncomingSection {
    pub(super) fn is_none(&self) -> bool {
        *self == IncomingSection::default()
    }

    pub(super) fn draft(&self) -> IncomingDraft {
        let draft = |rule: &Option<IncomingRule>| {
            let rule = rule.as_ref()?;
            let (prefix, search_space) = (rule.prefix.as_str().into(), rule.search_space.as_str().into());
            Some(IncomingRuleDraft { strip: rule.strip, prefix, search_space })
        };
        IncomingDraft {
            national: draft(&self.national),
            international: draft(&self.international),
            subscriber: draft(&self.subscriber),
            unknown: draft(&self.unknown),
        }
    }
}
