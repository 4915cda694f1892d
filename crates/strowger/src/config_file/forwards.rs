//! Call forwarding in the node file: `[forward]`, and `forward` of a `[[line]]`.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};
use strowger_dialplan::forward::{Breakout, BySide, CallSide, CfaPolicy, CfaSystemPolicy, Classification};
use strowger_node::configuration::{ForwardDraft, ForwardTo, ForwardingDraft, ForwardsDraft};

use super::text_or_table::{TextOrTable, text_or_table};

/// `[forward]`: what is said once about the forwards of all lines.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ForwardingSection {
    /// Most redirections of one call; 12 is not certain (U-10).
    pub(crate) hops_max: u64,
    /// What becomes of a call whose forward of all calls leads back.
    pub(crate) on_loop: BreakoutName,
    /// What becomes of a call whose forward of all calls would be one too many.
    pub(crate) on_hop_limit: BreakoutName,
    /// How long a line rings before its calls count as not answered.
    pub(crate) ring_seconds: u64,
    /// What a forward of all calls sees when its line leaves that to the system.
    pub(crate) all_policy: SystemPolicyName,
    /// Where the calls of a trunk come from that does not say it.
    pub(crate) trunks: SideName,
}

/// The way out of a loop.
#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum BreakoutName {
    /// The line rings.
    Ring,
    /// Its forward of calls that nobody answers takes the call at once.
    NoAnswerForward,
}

/// What forwards of all calls see.
#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SystemPolicyName {
    /// The search spaces of the forward.
    Configured,
    /// Those of the line and its phones.
    Line,
}

/// The same, as a line says it.
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PolicyName {
    /// The search spaces of the forward.
    #[default]
    Configured,
    /// Those of the line and its phones.
    Line,
    /// As `[forward]` says.
    System,
}

/// Where calls of a trunk come from.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SideName {
    /// From ours.
    OnNet,
    /// From the outside.
    OffNet,
}

/// `forward` of a `[[line]]`.
#[derive(Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ForwardSection {
    /// Where forwards are looked up that name no search space.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) search_space: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) secondary_search_space: String,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) all_policy: PolicyName,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ring_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) all: Option<Destination>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) busy: Option<Destinations>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) no_answer: Option<Destinations>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) unregistered: Option<Destinations>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) no_coverage: Option<Destinations>,
}

impl ForwardSection {
    /// No forward, but what users set sees what their phones see.
    pub(crate) fn as_the_phone_sees() -> Self {
        ForwardSection { all_policy: PolicyName::Line, ..ForwardSection::default() }
    }
}

/// `"1002"`, `"voice-mail"`, or `{ number = "1002", search_space = "…" }`.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum Destination {
    Number(String),
    InSpace { number: String, search_space: String },
}

/// The same; or `{ internal = …, external = … }`, of which one may be left out.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum Destinations {
    Both(Destination),
    BySide {
        #[serde(skip_serializing_if = "Option::is_none")]
        internal: Option<Destination>,
        #[serde(skip_serializing_if = "Option::is_none")]
        external: Option<Destination>,
    },
}

impl Default for ForwardingSection {
    fn default() -> Self {
        let usual = ForwardingDraft::default();
        let breakout = |breakout| match breakout {
            Breakout::Ring => BreakoutName::Ring,
            Breakout::NoAnswerForward => BreakoutName::NoAnswerForward,
        };
        ForwardingSection {
            hops_max: usual.hops_max,
            on_loop: breakout(usual.on_loop),
            on_hop_limit: breakout(usual.on_hop_limit),
            ring_seconds: usual.ring.as_secs(),
            all_policy: match usual.all_policy {
                CfaSystemPolicy::WithConfiguredCss => SystemPolicyName::Configured,
                CfaSystemPolicy::WithActivatingDeviceLineCss => SystemPolicyName::Line,
            },
            trunks: match usual.trunks {
                CallSide::Internal => SideName::OnNet,
                CallSide::External => SideName::OffNet,
            },
        }
    }
}

impl ForwardingSection {
    pub(super) fn draft(&self) -> ForwardingDraft {
        let breakout = |name| match name {
            BreakoutName::Ring => Breakout::Ring,
            BreakoutName::NoAnswerForward => Breakout::NoAnswerForward,
        };
        ForwardingDraft {
            hops_max: self.hops_max,
            on_loop: breakout(self.on_loop),
            on_hop_limit: breakout(self.on_hop_limit),
            ring: Duration::from_secs(self.ring_seconds),
            all_policy: match self.all_policy {
                SystemPolicyName::Configured => CfaSystemPolicy::WithConfiguredCss,
                SystemPolicyName::Line => CfaSystemPolicy::WithActivatingDeviceLineCss,
            },
            trunks: match self.trunks {
                SideName::OnNet => CallSide::Internal,
                SideName::OffNet => CallSide::External,
            },
        }
    }
}

impl SideName {
    /// How a trunk is classed that may say it.
    pub(super) const fn classification(side: Option<SideName>) -> Classification {
        match side {
            Some(SideName::OnNet) => Classification::OnNet,
            Some(SideName::OffNet) => Classification::OffNet,
            None => Classification::SystemDefault,
        }
    }
}

impl ForwardSection {
    pub(super) fn draft(&self) -> ForwardsDraft {
        let by_side = |written: &Option<Destinations>| match written {
            None => BySide::default(),
            Some(Destinations::Both(both)) => BySide::both(Some(both.draft())),
            Some(Destinations::BySide { internal, external }) => BySide {
                internal: internal.as_ref().map(Destination::draft),
                external: external.as_ref().map(Destination::draft),
            },
        };
        ForwardsDraft {
            search_space: self.search_space.as_str().into(),
            all: self.all.as_ref().map(Destination::draft),
            all_policy: match self.all_policy {
                PolicyName::Configured => CfaPolicy::WithConfiguredCss,
                PolicyName::Line => CfaPolicy::WithActivatingDeviceLineCss,
                PolicyName::System => CfaPolicy::UseSystemDefault,
            },
            secondary_search_space: self.secondary_search_space.as_str().into(),
            busy: by_side(&self.busy),
            no_answer: by_side(&self.no_answer),
            unregistered: by_side(&self.unregistered),
            no_coverage: by_side(&self.no_coverage),
            ring: self.ring_seconds.map(Duration::from_secs),
        }
    }
}

impl Destination {
    pub(super) fn number(&self) -> &str {
        match self {
            Destination::Number(number) | Destination::InSpace { number, .. } => number,
        }
    }

    pub(super) fn search_space(&self) -> Option<&str> {
        match self {
            Destination::Number(_) => None,
            Destination::InSpace { search_space, .. } => Some(search_space),
        }
    }

    fn draft(&self) -> ForwardDraft {
        let to = match self.number() {
            VOICE_MAIL => ForwardTo::VoiceMail,
            number => ForwardTo::Number(number.into()),
        };
        ForwardDraft { to, search_space: self.search_space().map(Into::into) }
    }
}

/// What can stand in the table in place of a text.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct DestinationTable {
    number: Option<String>,
    search_space: Option<String>,
}

/// The same where both sides may differ.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct DestinationsTable {
    number: Option<String>,
    search_space: Option<String>,
    internal: Option<Destination>,
    external: Option<Destination>,
}

impl TextOrTable for Destination {
    type Table = DestinationTable;
    const EXPECTED: &'static str =
        "a string like \"1002\" or \"voice-mail\", or { number = \"1002\", search_space = \"…\" }";

    fn text(text: &str) -> Self {
        Destination::Number(text.to_owned())
    }

    fn table(table: DestinationTable) -> Result<Self, &'static str> {
        let number = table.number.ok_or("number is missing")?;
        Ok(match table.search_space {
            Some(search_space) => Destination::InSpace { number, search_space },
            None => Destination::Number(number),
        })
    }
}

impl TextOrTable for Destinations {
    type Table = DestinationsTable;
    const EXPECTED: &'static str = "a string like \"1002\" or \"voice-mail\", { number = \"1002\", search_space = \"…\" }, \
                                    or these for each side as { internal = …, external = … }";

    fn text(text: &str) -> Self {
        Destinations::Both(Destination::text(text))
    }

    fn table(table: DestinationsTable) -> Result<Self, &'static str> {
        let DestinationsTable { number, search_space, internal, external } = table;
        match (&number, &search_space, &internal, &external) {
            (None, None, None, None) => Err("number is missing, or internal and external"),
            (None, None, _, _) => Ok(Destinations::BySide { internal, external }),
            (_, _, None, None) => {
                Destination::table(DestinationTable { number, search_space }).map(Destinations::Both)
            }
            _ => Err("number and search_space stand beside internal and external; put them into these"),
        }
    }
}

impl<'de> Deserialize<'de> for Destination {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text_or_table(deserializer)
    }
}

impl<'de> Deserialize<'de> for Destinations {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text_or_table(deserializer)
    }
}

fn is_default(policy: &PolicyName) -> bool {
    *policy == PolicyName::default()
}

/// In place of a number: the voice mail of the line.
pub(super) const VOICE_MAIL: &str = "voice-mail";

#[cfg(test)]
mod tests {
    use strowger_dialplan::forward::{ForwardDestination, ForwardKind};

    use super::super::ConfigFile;

    const OFFICE: &str = r#"
[forward]
hops_max = 5
on_loop = "ring"
trunks = "on-net"

[[partition]]
name = "inside"

[[search_space]]
name = "all"
partitions = ["inside"]

[[line]]
number = "1001"
secret = "x"
voice_mail = "7000"
[line.forward]
search_space = "all"
ring_seconds = 20
all = { number = "1002", search_space = "" }
busy = { internal = "1003", external = { number = "1004" } }
no_answer = "voice-mail"
unregistered = { external = "+14085551234" }

[[line]]
number = "1002"
secret = "x"
forward = { all = "1001", all_policy = "line", no_coverage = { number = "1003", search_space = "all" } }

[[trunk]]
name = "pstn"
destination = "192.0.2.1:5060"
classification = "off-net"

[[line_group]]
name = "sales"
members = ["1001", "1002"]
distribution = "broadcast"
ring_seconds = 5
on_busy = "next-group"

[[line_group]]
name = "rest"
members = ["1002"]

[[hunt_list]]
name = "shop"
groups = ["sales", "rest"]

[[hunt_pilot]]
pattern = "8000"
hunt_list = "shop"
max_seconds = 45
exhausted = { number = "1002", search_space = "all" }

[[hunt_pilot]]
pattern = "8001"
hunt_list = "shop"
exhausted = "no-coverage"
"#;

    #[test]
    fn forwards_and_hunts_are_read_in_every_form_and_written_as_they_were() {
        let file: ConfigFile = toml::from_str(OFFICE).unwrap();
        let calls = file.configuration().unwrap().calls;
        let told = |line: &str| {
            let forwards = calls.lines.get(line).unwrap().forwards.as_ref().unwrap();
            let mut told = String::new();
            for kind in [
                ForwardKind::All,
                ForwardKind::Busy,
                ForwardKind::NoAnswer,
                ForwardKind::Unregistered,
                ForwardKind::NoCoverage,
            ] {
                for side in [super::CallSide::Internal, super::CallSide::External] {
                    let target = forwards.target(kind, side);
                    let shown = target.map_or_else(
                        || "-".to_owned(),
                        |target| {
                            let number = match target.destination() {
                                ForwardDestination::Number(number) => number,
                                ForwardDestination::VoiceMail => "mail",
                            };
                            format!("{number}/{}", target.css().partitions().len())
                        },
                    );
                    told.push_str(&shown);
                    told.push(' ');
                }
            }
            told
        };
        let check = |line: &str, expect: &str| assert_eq!(told(line), expect, "{line}");
        check("1001", "1002/1 1002/1 1003/2 1004/2 mail/2 mail/2 - +14085551234/2 - - ");
        check("1002", "1001/1 1001/1 - - - - - - 1003/2 1003/2 ");
        assert_eq!(calls.forward_parameters.hop_limit.hops(), 5);
        assert_eq!(calls.trunk_side, super::CallSide::Internal);
        assert_eq!(calls.trunks["pstn"].classification, super::Classification::OffNet);
        let options = calls.hunt_lists["shop"].groups()[0].options();
        assert_eq!(options.ring_no_answer_reversion.as_secs(), 5);
        assert_eq!(calls.hunt_pilots["8000"].maximum_hunt_timer().as_secs(), 45);
        assert_ne!(calls.hunt_pilots["8000"], calls.hunt_pilots["8001"]);

        // The lab writes the file that it reads the next time.
        let written = toml::to_string(&file).unwrap();
        let again: ConfigFile = toml::from_str(&written).unwrap_or_else(|error| panic!("{error}\n{written}"));
        assert_eq!(toml::to_string(&again).unwrap(), written);
        assert_eq!(
            again.configuration().unwrap().calls.lines.get("1001").unwrap().forwards,
            calls.lines.get("1001").unwrap().forwards
        );
    }

    #[test]
    fn what_is_wrong_is_told_with_what_would_be_right() {
        let check = |change: (&str, &str), expect: &str| {
            let text = OFFICE.replacen(change.0, change.1, 1);
            assert_ne!(text, OFFICE, "{change:?}");
            let error = match toml::from_str::<ConfigFile>(&text) {
                Ok(file) => file.configuration().err().map(|error| error.to_string()),
                Err(error) => Some(error.to_string()),
            };
            let error = error.unwrap_or_default();
            assert!(error.contains(expect), "{change:?}: {error}");
        };
        check(("no_answer = \"voice-mail\"", "no_answer = 1002"), "expected a string like \"1002\"");
        check(
            ("no_answer = \"voice-mail\"", "no_answer = {}"),
            "number is missing, or internal and external",
        );
        check(("{ number = \"1004\" }", "{ search_space = \"all\" }"), "number is missing");
        check(("busy = {", "busy = { number = \"1\","), "number and search_space stand beside internal");
        check(("{ number = \"1004\" }", "{ numbr = \"1004\" }"), "unknown field `numbr`");
        check(("\"on-net\"", "\"inside\""), "unknown variant `inside`, expected `on-net` or `off-net`");
        check(
            ("\"broadcast\"", "\"all\""),
            "expected one of `top-down`, `circular`, `longest-idle`, `broadcast`",
        );
        check(
            ("\"all\"\nring", "\"al\"\nring"),
            "[[line]] 1 (1001): forward.search_space is \"al\", expected one of: all",
        );
        check(("hops_max = 5", "hops_max = 0"), "[forward] hops_max is 0, expected 1 to 60");
        check(
            ("voice_mail = \"7000\"", ""),
            "[[line]] 1 (1001): voice_mail is missing; give one, for example 7000",
        );
        check(
            ("\"1001\", \"1002\"]", "\"1001\", \"1020\"]"),
            "[[line_group]] 1 (sales): members is \"1020\", expected one of: 1001, 1002",
        );
        check(
            ("\"sales\", \"rest\"", "\"sale\""),
            "[[hunt_list]] 1 (shop): groups is \"sale\", expected one of: rest, sales",
        );
        check(
            ("hunt_list = \"shop\"", "hunt_list = \"shops\""),
            "[[hunt_pilot]] 1 (8000): hunt_list is \"shops\"",
        );
        check(
            ("max_seconds = 45", "max_seconds = 0"),
            "[[hunt_pilot]] 1 (8000): max_seconds is 0 s, expected 1 s to 3600 s",
        );
    }
}
