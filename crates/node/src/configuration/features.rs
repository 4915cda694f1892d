//! Numbers that ask for features, as an operator writes them.

use strowger_base::{FeatureCode, FeatureNumber};

use super::PatternDraft;

/// A number that asks for a feature.
#[derive(Clone, Debug)]
pub struct FeatureDraft {
    /// The pattern.
    pub pattern: PatternDraft,
    /// What it asks for.
    pub number: FeatureNumber,
}

impl FeatureDraft {
    /// A feature access code: the argument is what comes behind the keys that the pattern begins with, or behind its dot.
    pub fn access_code(pattern: PatternDraft, code: FeatureCode) -> Self {
        let is_key = |symbol: &char| symbol.is_ascii_digit() || matches!(symbol, '*' | '#' | 'A'..='D');
        let digits = pattern.pattern.chars().take_while(is_key).count();
        let digits = u8::try_from(digits).unwrap_or(u8::MAX);
        FeatureDraft { pattern, number: FeatureNumber { code, object: Box::default(), digits } }
    }
}
