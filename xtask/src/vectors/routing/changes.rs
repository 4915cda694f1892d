//! Number changes as vectors write them.

use serde::Deserialize;
use strowger_dialplan::{CalledChange, CallingChange, Digits, ExternalMask, Mask};

/// What a pattern, or a member of a route list, does to both numbers.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::vectors) struct ChangeRow {
    pub(in crate::vectors) discard: Option<String>,
    pub(in crate::vectors) called_mask: Option<String>,
    pub(in crate::vectors) called_prefix: Option<String>,
    pub(in crate::vectors) use_external_mask: Option<bool>,
    pub(in crate::vectors) calling_mask: Option<String>,
    pub(in crate::vectors) calling_prefix: Option<String>,
}

impl ChangeRow {
    /// `None` when nothing is set.
    pub(in crate::vectors) fn called(&self) -> Result<Option<CalledChange>, String> {
        if self.discard.is_none() && self.called_mask.is_none() && self.called_prefix.is_none() {
            return Ok(None);
        }
        let discard = self.discard.as_deref().unwrap_or_default();
        Ok(Some(CalledChange {
            discard: discard.parse().map_err(|error| format!("{discard}: {error}"))?,
            mask: mask(self.called_mask.as_deref())?,
            prefix: prefix(self.called_prefix.as_deref())?,
        }))
    }

    /// `None` when nothing is set.
    pub(in crate::vectors) fn calling(&self) -> Result<Option<CallingChange>, String> {
        if self.use_external_mask.is_none() && self.calling_mask.is_none() && self.calling_prefix.is_none() {
            return Ok(None);
        }
        Ok(Some(CallingChange {
            external_mask: match self.use_external_mask {
                Some(true) => ExternalMask::On,
                Some(false) => ExternalMask::Off,
                None => ExternalMask::Default,
            },
            mask: mask(self.calling_mask.as_deref())?,
            prefix: prefix(self.calling_prefix.as_deref())?,
            ..CallingChange::default()
        }))
    }
}

pub(in crate::vectors) fn mask(text: Option<&str>) -> Result<Option<Mask>, String> {
    text.map(|text| text.parse().map_err(|error| format!("mask {text:?}: {error}"))).transpose()
}

fn prefix(text: Option<&str>) -> Result<Digits, String> {
    let text = text.unwrap_or_default();
    Digits::parse(text).map_err(|error| format!("prefix {text:?}: {error}"))
}
