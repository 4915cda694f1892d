//! What displays show, in words that hold for phones of either protocol.

use std::collections::BTreeSet;

use super::stations::other;
use crate::skinny::phone::{
    BUSY, CONGESTION, CONNECTED, Call, HOLD, IN_USE_REMOTELY, INVALID, OFF_HOOK, PROCEED, RING_IN, RING_OUT,
    Skinny,
};

/// The set of keys with which a call is shown that another phone of the line holds.
const STEALABLE: usize = 11;

/// What an SCCP phone shows, in the words in which scripts tell what SIP phones show. All of them know of recordings, and what they show of those
/// is compared where the SIP phone in its place `knows` of them too.
pub(super) fn of_station(phone: &Skinny, lamps: &[String], knows: bool) -> BTreeSet<String> {
    let mut shown: BTreeSet<String> =
        phone.calls.iter().filter_map(|(number, call)| of_call(phone, (*number, call), knows)).collect();
    // 2: in use.
    for (number, (status, _)) in lamps.iter().zip(phone.features.values()) {
        if *status == 2 {
            shown.insert(format!("sees that {number} talks"));
        }
    }
    if phone.lamps.get(&(0x0f, 0)) == Some(&2) {
        shown.insert("sees that messages wait".to_owned());
    }
    shown
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
            format!("is called by {}{diverted}", who(&call.calling))
        }
        CONNECTED => {
            let mute =
                if phone.ports.values().any(|(of, ..)| *of == number) { "" } else { " without a sound" };
            format!("talks with {}{mute}{keys}{recorded}", who(other(call)))
        }
        HOLD => format!("holds {}{keys}{recorded}", who(other(call))),
        state => format!("is in state {state}"),
    })
}

/// What a script says of a SIP phone, as an SCCP phone in its place shows it. `later` is with whom it talks next.
pub(super) fn of_script(shown: &str, later: Option<&str>) -> BTreeSet<String> {
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
        // How it rings it is told in a message of its own, and not in words.
        let part = part.split(" with the ring ").next().unwrap_or(&part);
        // Why a call was sent on is a number in SCCP, which phones do not show.
        let part = part.split(" (").next().unwrap_or(part);
        // It is told while it rings that another party has come; a SIP phone is told when it answers.
        match (part.strip_prefix("is called by "), later) {
            (Some(_), Some(later)) if !part.contains(" for ") => format!("is called by {later}"),
            _ => with_keys(part),
        }
    };
    shown.split(", ").filter(|it| *it != "is idle").map(of_part).collect()
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
