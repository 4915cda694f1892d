//! What displays show, in words that hold for phones of either protocol.

use super::sorted;
use super::stations::other;
use crate::skinny::phone::{
    BUSY, CONGESTION, CONNECTED, Call, HOLD, IN_USE_REMOTELY, INVALID, OFF_HOOK, PROCEED, RING_IN, RING_OUT,
    Skinny,
};

/// The set of keys with which a call is shown that another phone of the line holds.
const STEALABLE: usize = 11;

/// What an SCCP phone shows, in the words in which scripts tell what SIP phones show. All of them know of recordings, and what they show of those
/// is compared where the SIP phone in its place `knows` of them too.
pub(super) fn of_station(phone: &Skinny, lamps: &[String], knows: bool) -> Vec<String> {
    let mut shown: Vec<String> =
        phone.calls.iter().filter_map(|(number, call)| of_call(phone, (*number, call), knows)).collect();
    // 2: in use.
    for (number, (status, _)) in lamps.iter().zip(phone.features.values()) {
        if *status == 2 {
            shown.push(format!("sees that {number} talks"));
        }
    }
    if phone.lamps.get(&(0x0f, 0)) == Some(&2) {
        shown.push("sees that messages wait".to_owned());
    }
    sorted(shown)
}

fn of_call(phone: &Skinny, (number, call): (u32, &Call), knows: bool) -> Option<String> {
    let who = |[number, name]: &[String; 2]| {
        if name.is_empty() { number.clone() } else { format!("{number} {name}") }
    };
    let keys = match &*call.heard {
        "" => String::new(),
        heard => with_keys(&format!(" and was told the keys {heard}")),
    };
    let recorded = if call.recorded && knows { " and is recorded" } else { "" };
    Some(match call.state {
        // Of a SIP phone whose receiver is lifted nobody knows; and what it hears of a call that failed it makes by itself.
        OFF_HOOK | BUSY | CONGESTION | INVALID => return None,
        // What other phones of its line do a SIP phone has to ask for.
        IN_USE_REMOTELY => return None,
        HOLD if call.set == STEALABLE => return None,
        PROCEED | RING_OUT => format!("calls {}", who(&call.called)),
        RING_IN => {
            let diverted = match &*call.original[0] {
                "" => String::new(),
                original if original == call.called[0] => String::new(),
                original => format!(" for {original}"),
            };
            format!("is called by {}{diverted}{}", who(&call.calling), ring(phone, number, call))
        }
        CONNECTED => {
            let mute = if phone.hears_in(number) { "" } else { " without a sound" };
            format!("talks with {}{mute}{keys}{recorded}", who(other(call)))
        }
        HOLD => format!("holds {}{keys}{recorded}", who(other(call))),
        state => format!("is in state {state}"),
    })
}

/// What a script says of a SIP phone, as an SCCP phone in its place shows it. `later` is with whom it talks next.
pub(super) fn of_script(shown: &str, later: Option<&str>) -> Vec<String> {
    let of_part = |part: &str| {
        // One that answers by itself has been answered by the server.
        if let Some((who, _)) =
            part.strip_prefix("is called by ").and_then(|rest| rest.split_once(" with the ring "))
            && part.contains("autoanswer")
        {
            return format!("talks with {who}");
        }
        // SCCP phones have no video here, and send no faxes.
        let part = part.replace(" in video", "").replace(" by fax", "");
        let (part, ring) = part.split_once(" with the ring ").unwrap_or((&part, ""));
        let ring = sip_ring(ring);
        // Why a call was sent on is a number in SCCP, which phones do not show.
        let part = part.split(" (").next().unwrap_or(part);
        // It is told while it rings that another party has come; a SIP phone is told when it answers.
        match (part.strip_prefix("is called by "), later) {
            (Some(_), Some(later)) if !part.contains(" for ") => format!("is called by {later}{ring}"),
            _ => with_keys(part) + ring,
        }
    };
    sorted(shown.split(", ").filter(|it| *it != "is idle").map(of_part))
}

/// How a call rings at an SCCP phone. One that waits beside another one may be heard by a tone in that.
fn ring(phone: &Skinny, number: u32, call: &Call) -> &'static str {
    let is_inside = call.calling[0].starts_with("100");
    match phone.rings.get(&number) {
        None if phone.calls.len() > 1 => "",
        None => " without a ring",
        Some(2) if is_inside => "",
        // SIP phones have no word for it.
        Some(3) if !is_inside => "",
        Some(2) => " as from inside",
        Some(3) => " as from outside",
        Some(4) => " with a ring of its own",
        Some(5) => " by light alone",
        Some(_) => " with a strange ring",
    }
}

/// The same of a SIP phone, by what stands in its Alert-Info.
fn sip_ring(told: &str) -> &'static str {
    match told.split_once("Bellcore-dr").map(|(_, which)| which) {
        Some(which) if which.starts_with('1') => "",
        Some(which) if which.starts_with('2') => " as from outside",
        Some(_) => " with a ring of its own",
        None if told.contains("Flashonly-Ring") => " by light alone",
        None => "",
    }
}

/// No phone of Cisco has the keys A to D: they are left out wherever they are told.
pub(super) fn with_keys(shown: &str) -> String {
    const TOLD: &str = "was told the keys ";
    match shown.split_once(TOLD) {
        Some((before, keys)) => {
            let keys: String = keys.chars().filter(|key| !('A'..='D').contains(key)).collect();
            format!("{before}{TOLD}{keys}")
        }
        None => shown.to_owned(),
    }
}
