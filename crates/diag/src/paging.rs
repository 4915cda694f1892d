//! What happens in a page, in words.

use strowger_base::journal::{Paging, WhyNotPaged};

use crate::{features, words};

/// One step; `device` is the record's leg.
pub(crate) fn news(device: &str, news: &Paging<'_>) -> String {
    match news {
        Paging::Began { group, lines, gateways } => {
            let lines = words::count(*lines as usize, "line");
            let gateways = match gateways {
                0 => String::new(),
                count => format!(" and {}", words::count(*count as usize, "overhead gateway")),
            };
            format!("The call is a page to group {group}, of {lines}{gateways}.")
        }
        Paging::PassedOver { whom, phone, why } => {
            let whom = features::phone_of(whom, phone);
            format!("{whom} does not hear the page: {}.", because(*why))
        }
        Paging::Multicast { address, ttl, codec } => {
            format!("The page goes out in {codec} to all who listen at {address} (TTL {ttl}).")
        }
        Paging::NotMulticast { reason } => {
            format!("The page does not go out to its multicast address: {reason}.")
        }
        Paging::Heard { address: Some(address), codec, .. } => {
            format!("{device} hears the page, in {codec} at {address}.")
        }
        Paging::Heard { address: None, .. } => {
            format!("{device} answered the page and wants to hear nothing of it.")
        }
        Paging::NobodyLeft => "Nobody hears the page any more: it is over.".to_owned(),
    }
}

const fn because(why: WhyNotPaged) -> &'static str {
    match why {
        WhyNotPaged::InCall => "there is a call already",
        WhyNotPaged::DoNotDisturb => "nothing is to disturb there",
        WhyNotPaged::NotRegistered => "no phone is registered",
        WhyNotPaged::NotThere => "it is not there",
        WhyNotPaged::NoDevice => "the number leads to no line and to no gateway",
        WhyNotPaged::TooMany => "as many phones hear it as may",
        WhyNotPaged::NoBandwidth => "there is no bandwidth for it",
        WhyNotPaged::NoCodec => "the regions leave no codec for it",
        WhyNotPaged::NoMedia => "no media could be agreed, or no port is left",
        WhyNotPaged::NoAnswer => "it was not answered in time",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_says_whom_it_is_about() {
        let check = |step: Paging<'_>, expect: &str| assert_eq!(news("The phone of 1002", &step), expect);
        check(
            Paging::Began { group: "internal:8400", lines: 2, gateways: 0 },
            "The call is a page to group internal:8400, of 2 lines.",
        );
        check(
            Paging::Began { group: "internal:8400", lines: 1, gateways: 1 },
            "The call is a page to group internal:8400, of 1 line and 1 overhead gateway.",
        );
        check(
            Paging::PassedOver { whom: "1003", phone: "desk", why: WhyNotPaged::InCall },
            "1003 on desk does not hear the page: there is a call already.",
        );
        let address = "239.1.1.1:20480".parse().unwrap_or_else(|_| unreachable!());
        check(
            Paging::Multicast { address, ttl: 4, codec: "PCMU" },
            "The page goes out in PCMU to all who listen at 239.1.1.1:20480 (TTL 4).",
        );
        let seat = strowger_base::LegId::new(strowger_base::NodeId(1), strowger_base::ShardId(0), 7);
        check(
            Paging::Heard { seat, address: Some(address), codec: "G722" },
            "The phone of 1002 hears the page, in G722 at 239.1.1.1:20480.",
        );
    }
}
