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
        FeatureCode::named(&word).filter(|code| is_code(*code)).map(FeatureName).ok_or_else(|| {
            let known: Vec<&str> =
                FeatureCode::ALL.iter().filter(|code| is_code(**code)).map(|code| code.word()).collect();
            let known = known.join(", ");
            serde::de::Error::custom(format!("feature is \"{word}\", expected one of: {known}"))
        })
    }
}

/// Whether a code asks for it: pages and directed call park have numbers of their own.
const fn is_code(code: FeatureCode) -> bool {
    !matches!(code, FeatureCode::Page | FeatureCode::DirectedPark)
}

impl Serialize for FeatureName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.word())
    }
}

#[cfg(test)]
mod tests {
    use strowger_configuration::form::Form;
    use strowger_configuration::kinds::FeatureWord;
    use strowger_configuration::setting::Setting;

    use super::*;

    #[test]
    fn what_the_file_takes_as_a_feature_is_what_objects_take() {
        let Form::Choice(words) = FeatureWord::FORM else { panic!("no choice") };
        for code in FeatureCode::ALL {
            let is_word = words.iter().any(|word| word.word == code.word());
            assert_eq!(is_code(code), is_word, "{code}");
            let text = format!("pattern = \"*1\"\nfeature = \"{code}\"");
            assert_eq!(toml::from_str::<FeatureSection>(&text).is_ok(), is_word, "{code}");
        }
    }
}
