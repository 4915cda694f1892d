//! Users that are keys: Cisco's phones call `x-cisco-serviceuri-WORD-ARGUMENT` for features that they have a key for.

use strowger_base::feature::{FeatureCode, Forwarded};

/// What such a user asks for, and its argument; `None` for every other user.
pub(crate) fn feature(user: &str) -> Option<(FeatureCode, &str)> {
    let after =
        user.get(PREFIX.len()..).filter(|_| user.as_bytes()[..PREFIX.len()].eq_ignore_ascii_case(PREFIX))?;
    let (word, argument) = after.split_once('-').unwrap_or((after, ""));
    let code = match word.to_ascii_lowercase().as_str() {
        "pickup" => FeatureCode::PickUp,
        "opickup" => FeatureCode::OtherPickUp,
        "gpickup" => FeatureCode::GroupPickUp,
        "blfpickup" => FeatureCode::DirectedPickUp,
        "meetme" => FeatureCode::OpenMeetMe,
        "dpark" => FeatureCode::DirectedPark,
        "abbrdial" => FeatureCode::SpeedDial,
        "cfwdall" if argument.is_empty() => FeatureCode::CancelForward(Forwarded::All),
        "cfwdall" => FeatureCode::Forward(Forwarded::All),
        _ => return None,
    };
    Some((code, argument))
}

const PREFIX: &[u8] = b"x-cisco-serviceuri-";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_a_feature_with_its_argument() {
        let check =
            |user: &str, expect: Option<(FeatureCode, &str)>| assert_eq!(feature(user), expect, "{user}");
        check("x-cisco-serviceuri-pickup", Some((FeatureCode::PickUp, "")));
        check("X-Cisco-ServiceURI-gpickup-8801", Some((FeatureCode::GroupPickUp, "8801")));
        check("x-cisco-serviceuri-meetme-8000", Some((FeatureCode::OpenMeetMe, "8000")));
        check("x-cisco-serviceuri-cfwdall-1002", Some((FeatureCode::Forward(Forwarded::All), "1002")));
        check("x-cisco-serviceuri-cfwdall", Some((FeatureCode::CancelForward(Forwarded::All), "")));
        check("x-cisco-serviceuri-abbrdial-12", Some((FeatureCode::SpeedDial, "12")));
        check("x-cisco-serviceuri-offhook", None);
        check("x-cisco-serviceuri-", None);
        check("1002", None);
        check("äx-cisco-serviceuri-pickup", None);
        check("x-cisco-serviceurä-pickup", None);
    }
}
