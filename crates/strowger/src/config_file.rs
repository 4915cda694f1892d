//! The node file, `strowger.toml`: read, checked, and turned into what the node takes.

mod bootstrap;
mod codes;
mod csv;
mod dial_plan;
mod doubts;
mod features;
mod forwards;
mod hunting;
mod incoming;
mod line;
mod lines_file;
mod mistakes;
mod mobility;
mod objects;
mod reading;
#[cfg(test)]
mod refusals;
mod sections;
mod text_or_table;
mod transformations;
mod trunk;
mod web;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use strowger_node::configuration::{self, Draft, MessageDetail, Place, PlannedTrunk, Timers};

use crate::backup::NodeFiles;

pub(crate) use self::bootstrap::Begun;
pub(crate) use self::codes::{AuthorizationCodeSection, CodesSection, MatterCodeSection};
pub(crate) use self::dial_plan::{
    BlockSection, DialPlanSection, PartitionSection, RouteGroupSection, RouteListSection, RouteSection,
    SearchSpaceSection, TranslationSection,
};
pub(crate) use self::features::FeatureSection;
pub(crate) use self::forwards::{ForwardSection, ForwardingSection, SideName};
pub(crate) use self::hunting::{HuntListSection, HuntPilotSection, LineGroupSection};
pub(crate) use self::incoming::IncomingSection;
pub(crate) use self::line::{LineSection, SecretText};
pub(crate) use self::mistakes::Source;
pub(crate) use self::mobility::{DevicePoolSection, MobilityInfoSection};
pub(crate) use self::sections::{
    AutoRegistrationSection, Digest, HttpSection, JournalSection, LogSection, MediaSection, Messages,
    NodeSection, Relay, SccpSection, ServiceName, ServiceSection, SipSection,
};
pub(crate) use self::transformations::{TransformationSection, TransformationSpaces};
pub(crate) use self::trunk::{TrunkSection, TrunkTransport};

use self::mistakes::{Rows, all_of, headings, keys, problems_of, unusable};
use self::reading::Reading;

/// The whole file.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfigFile {
    /// Further lines as CSV; relative to this file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) lines_file: Option<PathBuf>,
    /// Further authorization codes as CSV; relative to this file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) authorization_codes_file: Option<PathBuf>,
    /// Further matter codes as CSV; relative to this file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) matter_codes_file: Option<PathBuf>,
    #[serde(default)]
    pub(crate) node: NodeSection,
    #[serde(default)]
    pub(crate) sip: SipSection,
    #[serde(default)]
    pub(crate) sccp: SccpSection,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) auto_registration: Option<AutoRegistrationSection>,
    #[serde(default)]
    pub(crate) media: MediaSection,
    #[serde(default)]
    pub(crate) http: HttpSection,
    #[serde(default)]
    pub(crate) journal: JournalSection,
    #[serde(default)]
    pub(crate) log: LogSection,
    #[serde(default)]
    pub(crate) dial_plan: DialPlanSection,
    #[serde(default)]
    pub(crate) codes: CodesSection,
    #[serde(default)]
    pub(crate) forward: ForwardingSection,
    #[serde(default, rename = "partition", skip_serializing_if = "Vec::is_empty")]
    pub(crate) partitions: Vec<PartitionSection>,
    #[serde(default, rename = "route_group", skip_serializing_if = "Vec::is_empty")]
    pub(crate) route_groups: Vec<RouteGroupSection>,
    #[serde(default, rename = "route_list", skip_serializing_if = "Vec::is_empty")]
    pub(crate) route_lists: Vec<RouteListSection>,
    #[serde(default, rename = "search_space", skip_serializing_if = "Vec::is_empty")]
    pub(crate) search_spaces: Vec<SearchSpaceSection>,
    #[serde(default, rename = "translation", skip_serializing_if = "Vec::is_empty")]
    pub(crate) translations: Vec<TranslationSection>,
    #[serde(default, rename = "block", skip_serializing_if = "Vec::is_empty")]
    pub(crate) blocks: Vec<BlockSection>,
    #[serde(default, rename = "calling_transformation", skip_serializing_if = "Vec::is_empty")]
    pub(crate) calling_transformations: Vec<TransformationSection>,
    #[serde(default, rename = "device_pool", skip_serializing_if = "Vec::is_empty")]
    pub(crate) device_pools: Vec<DevicePoolSection>,
    #[serde(default, rename = "mobility_info", skip_serializing_if = "Vec::is_empty")]
    pub(crate) mobility_infos: Vec<MobilityInfoSection>,
    #[serde(default, rename = "called_transformation", skip_serializing_if = "Vec::is_empty")]
    pub(crate) called_transformations: Vec<TransformationSection>,
    #[serde(default, rename = "service", skip_serializing_if = "Vec::is_empty")]
    pub(crate) services: Vec<ServiceSection>,
    #[serde(default, rename = "feature_code", skip_serializing_if = "Vec::is_empty")]
    pub(crate) feature_codes: Vec<FeatureSection>,
    #[serde(default, rename = "trunk", skip_serializing_if = "Vec::is_empty")]
    pub(crate) trunks: Vec<TrunkSection>,
    #[serde(default, rename = "route", skip_serializing_if = "Vec::is_empty")]
    pub(crate) routes: Vec<RouteSection>,
    #[serde(default, rename = "line_group", skip_serializing_if = "Vec::is_empty")]
    pub(crate) line_groups: Vec<LineGroupSection>,
    #[serde(default, rename = "hunt_list", skip_serializing_if = "Vec::is_empty")]
    pub(crate) hunt_lists: Vec<HuntListSection>,
    #[serde(default, rename = "hunt_pilot", skip_serializing_if = "Vec::is_empty")]
    pub(crate) hunt_pilots: Vec<HuntPilotSection>,
    #[serde(default, rename = "authorization_code", skip_serializing_if = "Vec::is_empty")]
    pub(crate) authorization_codes: Vec<AuthorizationCodeSection>,
    #[serde(default, rename = "matter_code", skip_serializing_if = "Vec::is_empty")]
    pub(crate) matter_codes: Vec<MatterCodeSection>,
    #[serde(default, rename = "line", skip_serializing_if = "Vec::is_empty")]
    pub(crate) lines: Vec<LineSection>,
    #[serde(default, rename = "expect", skip_serializing_if = "Vec::is_empty")]
    pub(crate) expectations: Vec<crate::digits::ExpectSection>,
    /// Where it was read.
    #[serde(skip)]
    pub(crate) source: Source,
}

impl ConfigFile {
    /// Reads a file.
    ///
    /// # Errors
    /// Names file, line, what was found and expected.
    pub(crate) fn read(path: &Path) -> anyhow::Result<ConfigFile> {
        let bytes = std::fs::read(path)
            .map_err(|error| anyhow::anyhow!("cannot read {}: {error}", path.display()))?;
        let text = String::from_utf8_lossy(&bytes);
        let mut reading = Reading::of(path, &text);
        let mut mistakes = std::mem::take(&mut reading.mistakes);
        let Some(mut file) = reading.file.take() else { return Err(all_of(&mistakes)) };
        let read = reading.text.as_deref().unwrap_or(&text);
        file.source =
            Source { path: path.to_owned(), headings: headings(read), keys: keys(read), ..Source::default() };
        let tables = file.read_tables(path);
        if !mistakes.is_empty() && tables.is_empty() {
            // What else is wrong is told in the same run.
            let problems = file.configuration().err().map_or_else(Vec::new, |error| problems_of(&error));
            let web = file.certificate().err().map(|error| error.to_string());
            mistakes.extend(reading.own(path, problems.into_iter().chain(web).collect()));
        }
        mistakes.extend(tables);
        if mistakes.is_empty() { Ok(file) } else { Err(all_of(&mistakes)) }
    }

    /// Reads the tables of comma-separated values that the file names; what is wrong with each.
    fn read_tables(&mut self, path: &Path) -> Vec<String> {
        let beside = |name: &PathBuf| path.parent().unwrap_or(Path::new("")).join(name);
        let mut wrong = Vec::new();
        let mut tell = |error: anyhow::Error| wrong.push(error.to_string());
        if let Some(path) = self.lines_file.as_ref().map(beside) {
            match lines_file::read(&path) {
                Ok(read) => self.source.lines = Rows::add(&mut self.lines, read, path),
                Err(error) => tell(error),
            }
        }
        if let Some(path) = self.authorization_codes_file.as_ref().map(beside) {
            match codes::read_authorization(&path) {
                Ok(read) => {
                    self.source.authorization_codes = Rows::add(&mut self.authorization_codes, read, path);
                }
                Err(error) => tell(error),
            }
        }
        if let Some(path) = self.matter_codes_file.as_ref().map(beside) {
            match codes::read_matter(&path) {
                Ok(read) => self.source.matter_codes = Rows::add(&mut self.matter_codes, read, path),
                Err(error) => tell(error),
            }
        }
        wrong
    }

    /// This file and those that it names; nothing when it was not read from a file.
    pub(crate) fn files(&self) -> Option<NodeFiles> {
        let named = [&self.lines_file, &self.authorization_codes_file, &self.matter_codes_file];
        let named: Vec<&PathBuf> = named.into_iter().flatten().collect();
        let path = &self.source.path;
        (!path.as_os_str().is_empty()).then(|| NodeFiles::new(path, &named))
    }

    /// What the node takes, but for the sockets that it listens on.
    ///
    /// # Errors
    /// Everything that is wrong, each with its place.
    pub(crate) fn configuration(&self) -> anyhow::Result<configuration::Configuration> {
        let mut trunks = vec![];
        let mut trunk_dialling = vec![];
        let mut trunks_planned = vec![];
        let mut problems = vec![];
        for (index, section) in self.trunks.iter().enumerate() {
            let dialling = section.dialling();
            match section.trunk() {
                Ok(Some(trunk)) => {
                    trunks.push(trunk);
                    trunk_dialling.push(dialling);
                }
                Ok(None) => {
                    let name = section.name.as_str().into();
                    trunks_planned.push(PlannedTrunk { name, dialling });
                }
                Err(problem) => problems.push(format!("{} {problem}", self.nth("trunk", index))),
            }
        }
        let mut lines = Vec::with_capacity(self.lines.len());
        for (index, section) in self.lines.iter().enumerate() {
            match section.line(&self.sip.digest) {
                Ok(line) => lines.push(line),
                Err(problem) => problems.push(format!("{} {problem}", self.heading(Place::Line(index)))),
            }
        }
        if !problems.is_empty() {
            return Err(unusable(&problems));
        }
        let mut draft = Draft {
            domain: self.node.domain.as_str().into(),
            aliases: self.node.aliases.iter().map(|name| name.as_str().into()).collect(),
            lines,
            services: self.services.iter().map(ServiceSection::number).collect(),
            trunks,
            trunk_dialling,
            trunks_planned,
            plan: dial_plan::draft(self),
            codes: codes::draft(&self.codes, &self.authorization_codes, &self.matter_codes),
            forwarding: self.forward.draft(),
            relay: self.media.relay.mode(),
            messages: match self.journal.messages {
                Messages::Full => MessageDetail::Full,
                Messages::Summary => MessageDetail::Summary,
            },
            digest_algorithms: self.sip.digest.iter().map(|digest| digest.algorithm()).collect(),
            product: concat!("Strowger/", env!("CARGO_PKG_VERSION")).into(),
            ..Draft::default()
        };
        draft.timers.expires_min = Duration::from_secs(self.sip.expires_min_seconds);
        draft.timers.expires_max = Duration::from_secs(self.sip.expires_max_seconds);
        // The file has no key for it: it follows the two that it lies between.
        let Timers { expires_min, expires_max, expires_default, .. } = draft.timers;
        draft.timers.expires_default = expires_default.min(expires_max).max(expires_min);
        draft.build().map_err(|errors| self.explain(&errors))
    }
}

/// Serde wants a function for it.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde calls")]
fn is_false(value: &bool) -> bool {
    !*value
}

#[cfg(test)]
mod tests;
