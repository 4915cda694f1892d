//! Section `mobility`: whose settings a phone has that is not where it belongs.

use serde::Deserialize;
use serde_json::Value;
use strowger_dialplan::Parameters;
use strowger_dialplan::mobility::{MobilityCase, PoolChoice, PoolPlace};

use super::{Difference, compare, read};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    home: Pool,
    roaming: Pool,
    line_css: Vec<String>,
    region_from: String,
    location_from: String,
    css: Vec<String>,
    aar_from: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pool {
    physical_location: String,
    group: String,
    #[serde(default)]
    device_css: Vec<String>,
    mobility_css: Option<Vec<String>>,
}

pub(super) fn run(vector: Value, _: &Parameters) -> Result<Vec<Difference>, String> {
    let vector: Vector = read(vector)?;
    let place = |pool: &Pool| PoolPlace {
        physical_location: Some(pool.physical_location.as_str().into()),
        mobility_group: Some(pool.group.as_str().into()),
    };
    let case = MobilityCase::of(&place(&vector.home), Some(&place(&vector.roaming)));
    let mobility = vector.roaming.mobility_css.as_deref();
    let css = case.partitions(&vector.line_css, &vector.home.device_css, mobility);
    let mut differences = Vec::new();
    let media = words(case.media_from());
    compare(&mut differences, "region from", vector.region_from.as_str(), media);
    compare(&mut differences, "location from", vector.location_from.as_str(), media);
    compare(&mut differences, "aar from", vector.aar_from.as_str(), words(case.dialling_from()));
    compare(&mut differences, "css", &vector.css, &css);
    Ok(differences)
}

const fn words(choice: PoolChoice) -> &'static str {
    match choice {
        PoolChoice::Home => "home",
        PoolChoice::Roaming => "roaming",
    }
}
