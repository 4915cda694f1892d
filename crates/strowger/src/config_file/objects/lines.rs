//! Lines, and the phone that each has in the node file.

use serde_json::Value;
use strowger_configuration::Kind;

use super::super::forwards::{Destination, Destinations, ForwardSection, VOICE_MAIL};
use super::super::{ConfigFile, LineSection};
use super::routing::{OVERLAP, spaces};
use super::table::{Names, Table, readable};
use super::{Origin, TakenOver, key, literal, places};

/// Adds the lines with their phones, and the places where these are.
pub(super) fn add(objects: &mut TakenOver<'_>) {
    let file = objects.file;
    let pools = places::add(objects);
    let mut boxes = Names::beside([]);
    let mut phones = PhoneNames::new(file);
    for (at, (section, pool)) in file.lines.iter().zip(&pools).enumerate() {
        let origin = Origin::Section("line", at);
        let voice_mail = voice_mail(objects, &mut boxes, origin, &section.voice_mail);
        objects.put(Kind::Line, origin, line(section, &voice_mail));
        let name = phones.of(at, &section.number);
        objects.put(Kind::Phone, origin, phone(file, section, &name, pool));
    }
}

/// The profile of a voice mail; one for each number.
fn voice_mail(
    objects: &mut TakenOver<'_>,
    boxes: &mut Names<String>,
    origin: Origin,
    number: &str,
) -> String {
    if number.is_empty() {
        return String::new();
    }
    let (name, is_new) = boxes.of(number.to_owned(), &format!("voice-mail {number}"));
    if is_new {
        let table = Table::default().set("name", name.as_str()).set("pilot", number);
        objects.put(Kind::VoiceMailProfile, origin, table);
    }
    name
}

fn line(section: &LineSection, voice_mail: &str) -> Table {
    Table::default()
        .set("pattern", literal(&section.number))
        .text("partition", &section.partition)
        .text("display", &section.name)
        .flag("urgent", section.urgent)
        .text("search_space", &section.search_space)
        .text("external_mask", &section.external_mask)
        .option("busy_trigger", section.busy_trigger)
        .option("calls_max", section.calls_max)
        .option("contacts_max", section.contacts_max)
        .option("no_answer", no_answer(section))
        .text("voice_mail", voice_mail)
        .table("forwards", section.forward.as_deref().map(forwards).unwrap_or_default())
}

/// How long a line rings: what its forwards say, and what it says itself unless unanswered calls are forwarded, which then
/// happens when the system says.
fn no_answer(section: &LineSection) -> Option<u64> {
    let forward = section.forward.as_deref();
    let is_forwarded = forward.is_some_and(|forward| match &forward.no_answer {
        None => false,
        Some(Destinations::Both(_)) => true,
        Some(Destinations::BySide { internal, external }) => internal.is_some() && external.is_some(),
    });
    let own = section.no_answer_seconds.filter(|_| !is_forwarded);
    forward.and_then(|forward| forward.ring_seconds).or(own)
}

fn forwards(section: &ForwardSection) -> Table {
    let mut table = Table::default()
        .text("search_space", &section.search_space)
        .option("all", section.all.as_ref().map(|all| target(section, all)))
        .choice("all_policy", &section.all_policy, "configured")
        .text("all_secondary_search_space", &section.secondary_search_space);
    let by_side = [
        ("busy", &section.busy),
        ("no_answer", &section.no_answer),
        ("unregistered", &section.unregistered),
        ("no_coverage", &section.no_coverage),
    ];
    for (name, written) in by_side {
        let (internal, external) = match written {
            None => continue,
            Some(Destinations::Both(both)) => (Some(both), Some(both)),
            Some(Destinations::BySide { internal, external }) => (internal.as_ref(), external.as_ref()),
        };
        for (side, destination) in [("internal", internal), ("external", external)] {
            let target = destination.map(|destination| target(section, destination));
            table = table.option(&format!("{name}_{side}"), target);
        }
    }
    table
}

/// One forward. The file may name the search space of all forwards of a line once; an empty one is none.
fn target(section: &ForwardSection, destination: &Destination) -> Table {
    let space = destination.search_space().unwrap_or(&section.search_space);
    let table = match destination.number() {
        VOICE_MAIL => Table::default().set("voice_mail", true),
        number => Table::default().set("number", number),
    };
    table.text("search_space", space)
}

/// The phone of a line. In the file whatever knows the line's secret is a phone of it.
fn phone(file: &ConfigFile, section: &LineSection, name: &str, pool: &str) -> Table {
    let secret =
        |secret: &Option<super::super::SecretText>| secret.as_ref().map(|it| Value::from(it.expose()));
    let credentials = Table::default()
        .option("secret", secret(&section.secret))
        .option("ha1_md5", secret(&section.ha1_md5))
        .option("ha1_sha256", secret(&section.ha1_sha256));
    // In the file all phones in pools travel; that means something only where there are places to travel to.
    let travels = !section.device_pool.is_empty() && !file.mobility_infos.is_empty();
    let more = Table::default()
        .table("transformation_spaces", spaces(&section.transformation_space))
        .text("emergency_number", &section.emergency_number)
        .option("mobility", travels.then_some("on"));
    let button = Table::default().set("line", key(&section.partition, &literal(&section.number)));
    Table::default()
        .set("name", name)
        .text("device_pool", pool)
        .text("search_space", &section.device_search_space)
        .list("lines", [button])
        .set("credentials", credentials)
        .option("sip_profile", section.overlap.then_some(OVERLAP))
        .table("more", more)
}

/// Names of phones that have none in the file: `SIP-1001` for the one of 1001.
struct PhoneNames {
    names: Names<usize>,
}

impl PhoneNames {
    /// Names beside those of trunks, which are devices too.
    fn new(file: &ConfigFile) -> Self {
        let trunks = file.trunks.iter().map(|trunk| trunk.name.as_str());
        PhoneNames { names: Names::beside(trunks).most(PHONE_NAME_MAX) }
    }

    /// Of a long number its end tells more than its beginning.
    fn of(&mut self, at: usize, number: &str) -> String {
        let plain: String = number.chars().map(|c| if c.is_ascii() { c } else { '-' }).collect();
        let plain = readable(&plain.replace(' ', "-"), usize::MAX);
        let skipped = plain.chars().count().saturating_sub(PHONE_NAME_MAX - PREFIX.len());
        let end: String = plain.chars().skip(skipped).collect();
        self.names.of(at, &format!("{PREFIX}{end}")).0
    }
}

const PREFIX: &str = "SIP-";
/// Most characters of the name of a phone.
const PHONE_NAME_MAX: usize = 15;
