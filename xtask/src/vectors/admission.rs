//! Section `cac`: whether locations have room for calls.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use strowger_dialplan::Parameters;
use strowger_dialplan::admission::{AudioCodec, Bandwidth, Ledger, Locations, Pool, Pools};

use super::{Difference, compare, read};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    /// `null` is without limit.
    locations_kbps: BTreeMap<String, Option<u32>>,
    calls: Vec<Call>,
    expect: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Call {
    from: String,
    to: String,
    codec: String,
}

pub(super) fn run(vector: Value, _: &Parameters) -> Result<Vec<Difference>, String> {
    let vector: Vector = read(vector)?;
    let mut locations = Locations::new();
    for (name, kbps) in &vector.locations_kbps {
        let audio = kbps.map_or(Pool::Unlimited, Pool::Kbps);
        locations.add(name, Pools { audio, ..Pools::default() }).map_err(|error| error.to_string())?;
    }
    let find = |name: &str| locations.find(name).ok_or_else(|| format!("there is no location {name}"));
    let mut ledger = Ledger::new();
    let mut calls = Vec::new();
    let mut came = Vec::new();
    for call in &vector.calls {
        let codec = match call.codec.as_str() {
            "G.711" => AudioCodec::G711Ulaw,
            "G.729" => AudioCodec::G729,
            other => return Err(format!("there is no codec {other:?}")),
        };
        let audio = codec.accounted_kbps(Default::default());
        let bandwidth = Bandwidth { audio, ..Bandwidth::default() };
        match ledger.admit(&locations, find(&call.from)?, find(&call.to)?, bandwidth) {
            Ok(reservation) => {
                calls.push(reservation);
                came.push("admit".to_owned());
            }
            Err(_) => came.push("refuse".to_owned()),
        }
    }
    for reservation in calls {
        ledger.release(reservation);
    }
    let mut differences = Vec::new();
    compare(&mut differences, "calls", &vector.expect, &came);
    Ok(differences)
}
