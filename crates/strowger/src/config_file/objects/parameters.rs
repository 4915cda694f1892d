//! `[node]`, `[sip]`, `[media]`, `[journal]`, `[dial_plan]`, `[codes]` and `[forward]`: the service parameters.

use strowger_configuration::Kind;

use super::super::{
    AutoRegistrationSection, CodesSection, ConfigFile, DialPlanSection, ForwardingSection, JournalSection,
    MediaSection, NodeSection, SipSection,
};
use super::table::{Table, once, word};
use super::{Origin, TakenOver};

/// Adds the service parameters, if any differs from its default.
pub(super) fn add(objects: &mut TakenOver<'_>) {
    let ConfigFile { node, sip, media, journal, dial_plan, codes, forward, .. } = objects.file;
    let table = of_node(Table::default(), node);
    let table = of_dial_plan(table, dial_plan);
    let table = of_codes(table, codes);
    let table = of_forwarding(table, forward);
    let table = of_sip(table, sip);
    let table = table.choice("relay", &media.relay, &usual(&MediaSection::default().relay)).choice(
        "messages",
        &journal.messages,
        &usual(&JournalSection::default().messages),
    );
    if !table.is_empty() {
        objects.put(Kind::ServiceParameters, Origin::Sections, table);
    }
    if let Some(section) = &objects.file.auto_registration {
        objects.put(Kind::AutoRegistration, Origin::Sections, of_auto_registration(section));
    }
}

/// Where the file has a service parameter.
pub(in super::super) fn key_of(parameter: &str) -> Option<(&'static str, &'static str)> {
    KEYS.iter().find(|(name, ..)| *name == parameter).map(|(_, section, key)| (*section, *key))
}

/// By the name of the service parameter, or what a `ConfigurationError` calls it.
const KEYS: [(&str, &str, &str); 35] = [
    ("domain", "node", "domain"),
    ("aliases", "node", "aliases"),
    ("interdigit_timer", "dial_plan", "interdigit_timer_seconds"),
    ("translations_max", "dial_plan", "translations_max"),
    ("urgent_match", "dial_plan", "any_urgent_match_ends"),
    ("en_bloc_lookups", "dial_plan", "wait_after_en_bloc"),
    ("hash", "dial_plan", "hash_is_digit"),
    ("waiting_keys", "dial_plan", "keys_join_later_hops"),
    ("speed_dial_wait", "dial_plan", "speed_dial_awaits_digits"),
    ("tie_winner", "dial_plan", "newest_wins_ties"),
    ("hours_checked", "dial_plan", "hours_checked_once"),
    ("negated_set", "dial_plan", "negated_set_takes_star_and_hash"),
    ("hours_precedence", "dial_plan", "any_period_opens"),
    ("stop_routing_on_busy", "dial_plan", "stop_routing_on_busy"),
    ("stop_routing_on_unallocated", "dial_plan", "stop_routing_on_unallocated"),
    ("stop_routing_on_out_of_bandwidth", "dial_plan", "stop_routing_on_out_of_bandwidth"),
    ("continue_routing_on", "dial_plan", "continue_routing_on"),
    ("code_timer", "codes", "interdigit_timer_seconds"),
    ("wrong_code_cause", "codes", "refused_cause"),
    ("show_authorization_code", "codes", "show_authorization_code"),
    ("forward_hops_max", "forward", "hops_max"),
    ("forward_on_loop", "forward", "on_loop"),
    ("forward_on_hop_limit", "forward", "on_hop_limit"),
    ("forward_all_policy", "forward", "all_policy"),
    ("ring_time", "forward", "ring_seconds"),
    ("trunk_classification", "forward", "trunks"),
    ("digest_algorithms", "sip", "digest"),
    ("expires_min", "sip", "expires_min_seconds"),
    ("expires_max", "sip", "expires_max_seconds"),
    // The file has no key for it: it follows the two that it lies between.
    ("expires_default", "sip", "expires_max_seconds"),
    ("relay", "media", "relay"),
    ("messages", "journal", "messages"),
    ("forward_ring", "forward", "ring_seconds"),
    ("codes_interdigit_timer", "codes", "interdigit_timer_seconds"),
    ("codes_refused_cause", "codes", "refused_cause"),
];

fn of_auto_registration(section: &AutoRegistrationSection) -> Table {
    Table::default()
        .set("enabled", true)
        .text("first", &section.first)
        .text("last", &section.last)
        .text("partition", &section.partition)
        .text("search_space", &section.search_space)
}

fn of_node(table: Table, node: &NodeSection) -> Table {
    table
        .unless("domain", node.domain.as_str(), &NodeSection::default().domain)
        .each_once("aliases", node.aliases.iter().map(String::as_str))
}

fn of_sip(table: Table, sip: &SipSection) -> Table {
    let usual = SipSection::default();
    let (least, most) = (sip.expires_min_seconds, sip.expires_max_seconds);
    let digest = (sip.digest != usual.digest).then(|| once(sip.digest.iter().map(word)));
    table
        .option("digest_algorithms", digest)
        .unless("expires_min", least, usual.expires_min_seconds)
        .unless("expires_max", most, usual.expires_max_seconds)
        .unless("expires_default", EXPIRES_DEFAULT.min(most).max(least), EXPIRES_DEFAULT)
}

fn of_dial_plan(table: Table, section: &DialPlanSection) -> Table {
    let usual = DialPlanSection::default();
    let chosen = |yes: bool, word: &'static str| yes.then_some(word);
    let continues = (section.continue_routing_on != usual.continue_routing_on)
        .then(|| once(section.continue_routing_on.iter().copied()));
    table
        .unless("interdigit_timer", section.interdigit_timer_seconds, usual.interdigit_timer_seconds)
        .unless("translations_max", section.translations_max, usual.translations_max)
        .option("urgent_match", chosen(section.any_urgent_match_ends, "any-match"))
        .option("en_bloc_lookups", chosen(section.wait_after_en_bloc, "wait"))
        .option("hash", chosen(section.hash_is_digit, "digit"))
        .option("waiting_keys", chosen(section.keys_join_later_hops, "join"))
        .option("speed_dial_wait", chosen(section.speed_dial_awaits_digits, "await-further-digits"))
        .option("tie_winner", chosen(section.newest_wins_ties, "newest"))
        .option("hours_checked", chosen(section.hours_checked_once, "first-lookup"))
        .option("hours_precedence", chosen(section.any_period_opens, "any-period"))
        .option("negated_set", chosen(section.negated_set_takes_star_and_hash, "digits-star-and-hash"))
        .unless("stop_routing_on_busy", section.stop_routing_on_busy, usual.stop_routing_on_busy)
        .unless(
            "stop_routing_on_unallocated",
            section.stop_routing_on_unallocated,
            usual.stop_routing_on_unallocated,
        )
        .unless(
            "stop_routing_on_out_of_bandwidth",
            section.stop_routing_on_out_of_bandwidth,
            usual.stop_routing_on_out_of_bandwidth,
        )
        .option("continue_routing_on", continues)
}

fn of_codes(table: Table, section: &CodesSection) -> Table {
    table
        .option("code_timer", section.interdigit_timer_seconds)
        .unless("wrong_code_cause", section.refused_cause, CodesSection::default().refused_cause)
        .flag("show_authorization_code", section.show_authorization_code)
}

fn of_forwarding(table: Table, section: &ForwardingSection) -> Table {
    let default = ForwardingSection::default();
    table
        .unless("forward_hops_max", section.hops_max, default.hops_max)
        .choice("forward_on_loop", &section.on_loop, &usual(&default.on_loop))
        .choice("forward_on_hop_limit", &section.on_hop_limit, &usual(&default.on_hop_limit))
        .choice("forward_all_policy", &section.all_policy, &usual(&default.all_policy))
        .unless("ring_time", section.ring_seconds, default.ring_seconds)
        .choice("trunk_classification", &section.trunks, &usual(&default.trunks))
}

/// The usual word of a choice.
fn usual(choice: &impl serde::Serialize) -> String {
    word(choice).as_str().unwrap_or_default().to_owned()
}

/// The registration of a phone that asks for no time, in seconds, where the bounds allow it.
const EXPIRES_DEFAULT: u64 = 3600;
