//! What is wrong with the objects of a node file, told as what is wrong with the file.

use strowger_configuration::proposal::Mistake;
use strowger_configuration::{Kind, Path, Refusal};

use super::super::unusable;
use super::parameters::key_of;
use super::{Origin, TakenOver};
use crate::configuration::ChangeError;
use crate::keeper::PlanError;

impl TakenOver<'_> {
    /// Why the objects cannot be what a store begins with: everything that is wrong, each with its place in the file.
    pub(crate) fn explain(&self, error: &PlanError) -> anyhow::Error {
        match error {
            PlanError::Mistakes(mistakes) => {
                unusable(&mistakes.iter().map(|mistake| self.mistake(mistake)).collect::<Vec<String>>())
            }
            PlanError::Change(ChangeError::Refused(refusals)) => {
                unusable(&refusals.iter().map(|refusal| self.refusal(refusal)).collect::<Vec<String>>())
            }
            // These name the objects.
            PlanError::Refused(sentences) => unusable(sentences),
            PlanError::Change(error) => anyhow::anyhow!("{error}"),
            PlanError::History(error) => anyhow::anyhow!("{error}"),
        }
    }

    fn mistake(&self, mistake: &Mistake) -> String {
        let object = self.wanted.get(mistake.wanted).zip(self.origins.get(mistake.wanted));
        match object {
            Some((wanted, origin)) => {
                self.sentence(wanted.kind, *origin, &mistake.problem.path, &mistake.problem.wrong.to_string())
            }
            None => mistake.problem.to_string(),
        }
    }

    fn refusal(&self, refusal: &Refusal) -> String {
        let Refusal::Wrong { kind, key, problem, .. } = refusal else { return refusal.to_string() };
        match self.origin(*kind, key) {
            Some(origin) => self.sentence(*kind, origin, &problem.path, &problem.wrong.to_string()),
            None => refusal.to_string(),
        }
    }

    /// Where an object comes from that is called so.
    fn origin(&self, kind: Kind, called: &str) -> Option<Origin> {
        let objects = self.wanted.iter().zip(&self.origins);
        let mut named = objects.filter(|(wanted, _)| wanted.kind == kind && super::called(wanted) == called);
        named.next().map(|(_, origin)| *origin)
    }

    /// `file:line: [[section]] 3 (name): key is wrong`.
    fn sentence(&self, kind: Kind, origin: Origin, path: &Path, wrong: &str) -> String {
        let setting = path.to_string();
        let Origin::Section(section, at) = origin else {
            let source = &self.file.source;
            let parameter = setting.split(['.', '[']).next().unwrap_or_default();
            return match key_of(parameter) {
                Some((section, key)) => format!("{}[{section}] {key} {wrong}", source.key(section, key)),
                None => format!("{}: {setting} {wrong}", source.path.display()),
            };
        };
        let heading = self.file.section_heading(section, at);
        match key(kind, &setting) {
            key if key.is_empty() => format!("{heading} it {wrong}"),
            key => format!("{heading} {key} {wrong}"),
        }
    }
}

/// What the file calls a setting of an object.
fn key(kind: Kind, setting: &str) -> String {
    if kind == Kind::Line
        && let Some(forward) = setting.strip_prefix("forwards.")
    {
        let of_side = forward.replacen("_internal", ".internal", 1).replacen("_external", ".external", 1);
        return format!("forward.{}", of_side.replacen("all_secondary", "secondary", 1));
    }
    let renamed = KEYS.iter().find_map(|(of, from, to)| {
        let rest = setting.strip_prefix(from).filter(|_| *of == kind)?;
        let ends = rest.is_empty() || rest.starts_with(['.', '[']) || from.ends_with('.');
        ends.then(|| format!("{to}{rest}"))
    });
    renamed.unwrap_or_else(|| setting.to_owned())
}

/// Settings that file and object call differently.
const KEYS: &[(Kind, &str, &str)] = &[
    (Kind::ApplicationNumber, "pattern", "number"),
    (Kind::CallingTransformationPattern, "discard", "change.discard"),
    (Kind::CallingTransformationPattern, "mask", "change.mask"),
    (Kind::CallingTransformationPattern, "prefix", "change.prefix"),
    (Kind::CallingTransformationPattern, "calling_mask", "change.calling_mask"),
    (Kind::CallingTransformationPattern, "calling_prefix", "change.calling_prefix"),
    (Kind::CallingTransformationPattern, "present", "change.present"),
    (Kind::CallingTransformationPattern, "present_name", "change.present_name"),
    (Kind::CalledTransformationPattern, "calling_mask", "change.calling_mask"),
    (Kind::CalledTransformationPattern, "calling_prefix", "change.calling_prefix"),
    (Kind::CalledTransformationPattern, "discard", "change.discard"),
    (Kind::CalledTransformationPattern, "external_mask", "change.external_mask"),
    (Kind::CalledTransformationPattern, "mask", "change.mask"),
    (Kind::CalledTransformationPattern, "prefix", "change.prefix"),
    (Kind::CalledTransformationPattern, "present", "change.present"),
    (Kind::CalledTransformationPattern, "present_name", "change.present_name"),
    (Kind::DevicePool, "date_time_group", "zone"),
    (Kind::DevicePool, "mobility_search_space", "search_space"),
    (Kind::DevicePool, "transformation_spaces", "transformation_space"),
    (Kind::HuntList, "line_groups", "groups"),
    (Kind::HuntPilot, "exhausted_to", "exhausted"),
    (Kind::HuntPilot, "maximum_hunt_timer", "max_seconds"),
    (Kind::Line, "display", "name"),
    (Kind::Line, "no_answer", "no_answer_seconds"),
    (Kind::Line, "pattern", "number"),
    (Kind::LineGroup, "ring_no_answer_reversion", "ring_seconds"),
    (Kind::MatterCode, "name", "description"),
    (Kind::MobilityGroup, "name", "mobility_group"),
    (Kind::Phone, "credentials.", ""),
    (Kind::Phone, "lines[0].line", "number"),
    (Kind::Phone, "more.emergency_number", "emergency_number"),
    (Kind::Phone, "more.transformation_spaces", "transformation_space"),
    (Kind::Phone, "search_space", "device_search_space"),
    (Kind::PhysicalLocation, "name", "physical_location"),
    (Kind::RouteFilter, "clauses", "filter"),
    (Kind::RouteGroup, "members", "trunks"),
    (Kind::RouteList, "members", "groups"),
    (Kind::SavedDialling, "line", "from"),
    (Kind::SavedDialling, "first_trunk", "trunk"),
    (Kind::SavedDialling, "lines", "when"),
    (Kind::SavedDialling, "search_space", "from"),
    (Kind::SavedDialling, "trunk", "from"),
    (Kind::SavedDialling, "waits", "waits_seconds"),
    (Kind::SipRoutePattern, "pattern", "host"),
    (Kind::TimeSchedule, "periods", "hours"),
    (Kind::Trunk, "destinations", "destination"),
    (Kind::Trunk, "inbound.called", "incoming_called"),
    (Kind::Trunk, "inbound.calling", "incoming_calling"),
    (Kind::Trunk, "transformation_spaces", "transformation_space"),
    (Kind::VoiceMailProfile, "pilot", "voice_mail"),
];
