//! `[[line]]` in the node file, and a row of the lines file.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use strowger_base::{LineName, Secret};
use strowger_node::configuration::{Line, LineSecret, PhoneDraft};
use strowger_sip::auth;

use super::{Digest, ForwardSection, TransformationSpaces};

/// The lines of a file by what other sections call them: by number, or by number and partition as in `1001 in Sales` where
/// several lines have the number.
pub(super) struct LineNames<'f>(BTreeMap<&'f str, Vec<&'f str>>);

impl<'f> LineNames<'f> {
    pub(super) fn of(lines: &'f [LineSection]) -> Self {
        let mut partitions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for line in lines {
            partitions.entry(&line.number).or_default().push(&line.partition);
        }
        LineNames(partitions)
    }

    /// The line that is called so, or would be if it were there.
    pub(super) fn called(&self, text: &str) -> LineName {
        match self.0.get(text).map(Vec::as_slice) {
            Some([only]) => LineName::new(text, only),
            Some(_) | None => LineName::from(text),
        }
    }

    /// The same, when it is there.
    pub(super) fn get(&self, text: &str) -> Option<LineName> {
        let name = self.called(text);
        self.0.get(name.number())?.contains(&name.partition()).then_some(name)
    }
}

/// `[[line]]`
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LineSection {
    pub(crate) number: String,
    #[serde(default)]
    pub(crate) name: String,
    /// The password of its phones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) secret: Option<SecretText>,
    /// In place of the secret: MD5 of `number:domain:secret` in hexadecimal (RFC 7616 §3.4.2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ha1_md5: Option<SecretText>,
    /// In place of the secret: the same with SHA-256.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ha1_sha256: Option<SecretText>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) busy_trigger: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) calls_max: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) no_answer_seconds: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) contacts_max: Option<usize>,
    /// Partition of the number.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) partition: String,
    /// What the line sees of the dial plan.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) search_space: String,
    /// What its phones see, after what the line sees.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) device_search_space: String,
    /// IANA time zone of its phones, for partitions with opening hours.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) zone: String,
    /// The route group that stands for `<Standard Local Route Group>` when it calls.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) local_route_group: String,
    /// The device pool that its phones belong to.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) device_pool: String,
    /// The calling number of its emergency calls while its phones are at home.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) emergency_number: String,
    /// How its phones see numbers.
    #[serde(default, skip_serializing_if = "TransformationSpaces::is_none")]
    pub(crate) transformation_space: TransformationSpaces,
    /// External phone number mask.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) external_mask: String,
    /// Its phones send growing numbers, each as a new INVITE (RFC 3578).
    #[serde(default, skip_serializing_if = "super::is_false")]
    pub(crate) overlap: bool,
    /// Its number ends the collection of digits, although longer numbers begin alike.
    #[serde(default, skip_serializing_if = "super::is_false")]
    pub(crate) urgent: bool,
    /// Number of its voice mail.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) voice_mail: String,
    /// Where it sends calls that it does not take. The last, because it may be a table of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) forward: Option<Box<ForwardSection>>,
}

impl LineSection {
    /// Which line it is.
    pub(crate) fn line_name(&self) -> LineName {
        LineName::new(&self.number, &self.partition)
    }

    /// The line as the node takes it, when these digests are offered to phones.
    ///
    /// # Errors
    /// What is wrong with its secret, and what to do; never the secret itself.
    pub(super) fn line(&self, offered: &[Digest]) -> Result<Line, String> {
        let mut phone = PhoneDraft::new("", self.line_secret(offered)?);
        phone.device_search_space = self.device_search_space.as_str().into();
        phone.device_pool = self.device_pool.as_str().into();
        phone.emergency_number = self.emergency_number.as_str().into();
        phone.view = self.transformation_space.draft();
        phone.zone = self.zone.as_str().into();
        phone.overlap = self.overlap;
        phone.local_route_group = self.local_route_group.as_str().into();
        let mut line = Line::on(&self.number, &self.name, vec![phone]);
        line.busy_trigger = self.busy_trigger.unwrap_or(line.busy_trigger);
        line.calls_max = self.calls_max.unwrap_or(line.calls_max);
        line.contacts_max = self.contacts_max.unwrap_or(line.contacts_max);
        line.no_answer = self.no_answer_seconds.map_or(line.no_answer, Duration::from_secs);
        line.partition = self.partition.as_str().into();
        line.search_space = self.search_space.as_str().into();
        line.external_mask = self.external_mask.as_str().into();
        line.urgent = self.urgent;
        line.voice_mail = self.voice_mail.as_str().into();
        line.forwards = self.forward.as_ref().map(|forward| Box::new(forward.draft()));
        Ok(line)
    }

    fn line_secret(&self, offered: &[Digest]) -> Result<LineSecret, String> {
        match (&self.secret, &self.ha1_md5, &self.ha1_sha256) {
            (Some(secret), None, None) => Ok(LineSecret::Password(secret.0.clone())),
            // That nothing is there is found with everything else that is missing.
            (None, None, None) => Ok(LineSecret::Password(Secret::new("".into()))),
            (Some(_), ..) => Err("has a secret and a digest of one; leave one of them out".to_owned()),
            (None, md5, sha256) => {
                let wants = |digest: Digest| offered.contains(&digest);
                Ok(LineSecret::Digests {
                    md5: digest_of("ha1_md5", md5.as_ref(), wants(Digest::Md5))?,
                    sha256: digest_of("ha1_sha256", sha256.as_ref(), wants(Digest::Sha256))?,
                })
            }
        }
    }
}

/// A digest from its digits. One that is neither there nor offered becomes random: nobody can prove to know it.
fn digest_of<const N: usize>(
    name: &str,
    text: Option<&SecretText>,
    wanted: bool,
) -> Result<Secret<[u8; N]>, String> {
    let Some(text) = text else {
        if wanted {
            return Err(format!("{name} is missing, but [sip] digest offers it; add it, or give the secret"));
        }
        let mut bytes = [0; N];
        getrandom::fill(&mut bytes).map_err(|error| format!("no randomness from the system: {error}"))?;
        return Ok(Secret::new(bytes));
    };
    auth::digest_of_hex(text.expose()).map(Secret::new).ok_or_else(|| {
        format!("{name} has {} characters, expected {} hexadecimal digits", text.expose().len(), 2 * N)
    })
}

/// A secret as it stands in a file. It has no `Debug`, and no error shows it.
#[derive(Clone)]
pub(crate) struct SecretText(Secret<Box<str>>);

impl SecretText {
    pub(crate) fn new(text: impl Into<Box<str>>) -> Self {
        SecretText(Secret::new(text.into()))
    }

    /// The secret, for the lab that shows its own.
    pub(crate) fn expose(&self) -> &str {
        self.0.expose()
    }
}

/// The lab writes the file that it reads the next time.
impl Serialize for SecretText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.expose())
    }
}

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SecretVisitor)
    }
}

struct SecretVisitor;

/// Every form that a file can hold is answered here: the answers of `serde` repeat what they found.
impl<'de> Visitor<'de> for SecretVisitor {
    type Value = SecretText;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(EXPECTED)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<SecretText, E> {
        Ok(SecretText::new(text))
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<SecretText, E> {
        Err(E::custom(EXPECTED))
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<SecretText, E> {
        Err(E::custom(EXPECTED))
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<SecretText, E> {
        Err(E::custom(EXPECTED))
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<SecretText, E> {
        Err(E::custom(EXPECTED))
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, _: A) -> Result<SecretText, A::Error> {
        Err(de::Error::custom(EXPECTED))
    }

    fn visit_map<A: de::MapAccess<'de>>(self, _: A) -> Result<SecretText, A::Error> {
        Err(de::Error::custom(EXPECTED))
    }
}

const EXPECTED: &str = "a secret is a string: expected it in quotes";
