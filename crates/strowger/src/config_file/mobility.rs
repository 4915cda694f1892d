//! `[[device_pool]]` and `[[mobility_info]]`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use strowger_node::configuration::{DevicePoolDraft, MobilityInfoDraft};

use super::TransformationSpaces;

/// `[[device_pool]]`
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct DevicePoolSection {
    pub(crate) name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) physical_location: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) mobility_group: String,
    /// What phones of the same mobility group see while they roam here, in place of their device's search space.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) search_space: String,
    /// The route group that stands for `<Standard Local Route Group>`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) local_route_group: String,
    /// The same for local route groups of other names.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) local_route_groups: BTreeMap<String, String>,
    /// How its phones see numbers.
    #[serde(skip_serializing_if = "TransformationSpaces::is_none")]
    pub(crate) transformation_space: TransformationSpaces,
    /// IANA time zone of its phones.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) zone: String,
    /// The calling number of emergency calls from there.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) emergency_number: String,
}

/// `[[mobility_info]]`
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct MobilityInfoSection {
    pub(crate) name: String,
    /// Such as `10.1.0.0/16`.
    pub(crate) subnets: Vec<String>,
    /// The home pool of a phone rules where it is listed, otherwise the first.
    pub(crate) device_pools: Vec<String>,
    /// The calling number of emergency calls from there; the device pool's when it is not given.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) emergency_number: String,
}

impl DevicePoolSection {
    pub(super) fn draft(&self) -> DevicePoolDraft {
        let text = |text: &String| text.as_str().into();
        DevicePoolDraft {
            name: text(&self.name),
            physical_location: text(&self.physical_location),
            mobility_group: text(&self.mobility_group),
            search_space: text(&self.search_space),
            local_route_group: text(&self.local_route_group),
            local_route_groups: self
                .local_route_groups
                .iter()
                .map(|(name, group)| (text(name), text(group)))
                .collect(),
            view: self.transformation_space.draft(),
            zone: text(&self.zone),
            emergency_number: text(&self.emergency_number),
            ..DevicePoolDraft::default()
        }
    }
}

impl MobilityInfoSection {
    pub(super) fn draft(&self) -> MobilityInfoDraft {
        let texts = |texts: &[String]| texts.iter().map(|text| text.as_str().into()).collect();
        MobilityInfoDraft {
            name: self.name.as_str().into(),
            subnets: texts(&self.subnets),
            device_pools: texts(&self.device_pools),
            emergency_number: self.emergency_number.as_str().into(),
        }
    }
}
