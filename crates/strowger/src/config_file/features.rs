//! `[[feature_code]]`: codes that are dialled to ask for features.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use strowger_base::FeatureCode;
use strowger_node::configuration::{FeatureDraft, PatternDraft};

/// `[[feature_code]]`
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FeatureSection {
    pub(crate) pattern: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) partition: String,
    pub(crate) feature: FeatureName,
    #[serde(default, skip_serializing_if = "super::is_false")]
    pub(crate) urgent: bool,
}

/// A feature by its word.
#[derive(Clone, Copy)]
pub(crate) struct FeatureName(pub(crate) FeatureCode);

impl FeatureSection {
    pub(super) fn draft(&self) -> FeatureDraft {
        let pattern = PatternDraft {
            pattern: self.pattern.as_str().into(),
            partition: self.partition.as_str().into(),
            filter: Box::default(),
            urgent: self.urgent,
        };
        FeatureDraft::access_code(pattern, self.feature.0)
    }
}

impl<'de> Deserialize<'de> for FeatureName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        FeatureCode::named(&word).map(FeatureName).ok_or_else(|| {
            let known: Vec<&str> = FeatureCode::ALL.iter().map(|code| code.word()).collect();
            let known = known.join(", ");
            serde::de::Error::custom(format!("feature is \"{word}\", expected one of: {known}"))
        })
    }
}

impl Serialize for FeatureName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.word())
    }
}
