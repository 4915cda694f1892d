//! Numbers that ask for features: access codes, call park, pickup groups, conferences, paging; and what belongs to them.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use strowger_base::feature::{FeatureCode, FeatureNumber};
use strowger_base::limits;
use strowger_callcontrol::configuration::{
    self, NoticeSound, PageGateway, PagePriority, ParkRange, PickupNotice,
};
use strowger_configuration::kinds::{
    CallPark, DirectedCallPark, FeatureAccessCode, Line, MeetMe, MulticastCodec, OverheadGateway,
    PagingGroup, PagingPriority, Partition, PickupGroup, PickupNotification, PickupShows,
};
use strowger_configuration::reader::Names;
use strowger_configuration::setting::Ref;
use strowger_configuration::{Id, Kind};

use super::{Translation, lines, patterns};
use strowger_dialplan::Pattern;
use strowger_media::codec::Codec;
use strowger_media::control::Multicast;

use crate::configuration::{DirectedParkDraft, FeatureDraft, Place};

impl Translation<'_> {
    /// Every number that an object of a feature has.
    pub(super) fn feature_numbers(&mut self) {
        self.park_numbers();
        self.directed_park_numbers();
        self.pickup_groups();
        for (id, it) in self.state.all::<MeetMe>() {
            self.feature(Kind::MeetMe, id, (it.pattern.as_str(), it.partition), FeatureCode::MeetMe, "");
        }
        self.paging_groups();
        for (id, it) in self.state.all::<FeatureAccessCode>() {
            // Every word of the setting is one; the test of this file holds the two together.
            let Some(code) = FeatureCode::named(it.feature.word()) else { continue };
            let pattern = patterns::pattern(self.state, it.pattern.as_str(), it.partition, None, it.urgent);
            let made = FeatureDraft::access_code(pattern, code);
            let kind = Kind::FeatureAccessCode;
            self.add(|draft| &mut draft.plan.features, Place::Feature, kind, id, made);
        }
    }

    fn park_numbers(&mut self) {
        let kind = Kind::CallPark;
        for (id, it) in self.state.all::<CallPark>() {
            self.feature(kind, id, (it.pattern.as_str(), it.partition), FeatureCode::Retrieve, "");
            let object = self.state.name(kind, id).as_str().into();
            // What is no pattern is told with the number.
            let Ok(pattern) = it.pattern.as_str().parse::<Pattern>() else { continue };
            match pattern.numbers(limits::PARK_NUMBERS) {
                Some(numbers) => {
                    let numbers = numbers.iter().map(|number| number.as_str().into()).collect();
                    self.translated.draft.plan.park.ranges.push(ParkRange { object, numbers });
                }
                None => {
                    let why = format!(
                        "takes numbers of several lengths, or more than {}: give each office numbers of its own",
                        limits::PARK_NUMBERS
                    );
                    self.fault(kind, id, "pattern", why);
                }
            }
        }
    }

    fn directed_park_numbers(&mut self) {
        let kind = Kind::DirectedCallPark;
        for (id, it) in self.state.all::<DirectedCallPark>() {
            let number = (it.pattern.as_str(), it.partition);
            self.feature(kind, id, number, FeatureCode::DirectedPark, "");
            self.feature(kind, id, number, FeatureCode::Retrieve, it.retrieval_prefix.as_str());
            let object = self.state.name(kind, id).as_str().into();
            let space = super::name(self.state, it.reversion_search_space);
            let reversion = it.reversion_number.as_ref().map(|number| (number.as_str().into(), space));
            self.translated.draft.plan.park.directed.push(DirectedParkDraft { object, reversion });
        }
    }

    fn pickup_groups(&mut self) {
        let kind = Kind::PickupGroup;
        for (id, it) in self.state.all::<PickupGroup>() {
            let number = (it.pattern.as_str(), it.partition);
            self.feature(kind, id, number, FeatureCode::GroupPickUp, "");
            let name = self.state.name(kind, id);
            let line_name = |line: &Ref<Line>| lines::line_name(self.state, *line);
            let lines = it.lines.iter().filter_map(line_name).collect();
            let others = it.others.iter().map(|other| self.state.name(kind, other.id()));
            let others = others.map(|name| name.as_str().into()).collect();
            let is_shown =
                matches!(it.notification, PickupNotification::Visual | PickupNotification::VisualAndAudio);
            let sound = match it.notification {
                PickupNotification::Audio | PickupNotification::VisualAndAudio => NoticeSound::Beep,
                PickupNotification::None | PickupNotification::Visual => NoticeSound::None,
            };
            let notice = (it.notification != PickupNotification::None).then(|| PickupNotice {
                after: it.notification_timer.get(),
                is_shown,
                sound,
                names_calling: matches!(it.notification_shows, PickupShows::Calling | PickupShows::Both),
                names_called: matches!(it.notification_shows, PickupShows::Called | PickupShows::Both),
            });
            let group = configuration::PickupGroup { lines, others, notice };
            self.translated.draft.plan.pickup.add(name.as_str(), group);
        }
    }

    fn paging_groups(&mut self) {
        let kind = Kind::PagingGroup;
        for (id, it) in self.state.all::<PagingGroup>() {
            self.feature(kind, id, (it.pattern.as_str(), it.partition), FeatureCode::Page, "");
            let gateway = |gateway: &OverheadGateway| PageGateway {
                trunk: super::name(self.state, Some(gateway.trunk)),
                number: gateway.number.as_str().into(),
            };
            // That it is one, and a multicast address, is a rule of the object.
            let address = it.multicast.as_ref().and_then(|address| address.as_str().parse::<IpAddr>().ok());
            let multicast = address.map(|address| Multicast {
                address: SocketAddr::new(address, u16::try_from(it.multicast_port.get()).unwrap_or(u16::MAX)),
                ttl: u8::try_from(it.multicast_ttl.get()).unwrap_or(u8::MAX),
                codec: match it.multicast_codec {
                    MulticastCodec::G711Ulaw => Codec::Pcmu,
                    MulticastCodec::G711Alaw => Codec::Pcma,
                },
            });
            let group = configuration::PagingGroup {
                lines: it.lines.iter().filter_map(|line| lines::line_name(self.state, *line)).collect(),
                gateways: it.overhead.iter().map(gateway).collect(),
                numbers: it.numbers.iter().map(|number| number.as_str().into()).collect(),
                space: super::name(self.state, it.search_space),
                multicast,
                priority: match it.priority {
                    PagingPriority::Normal => PagePriority::Normal,
                    PagingPriority::Emergency => PagePriority::Emergency,
                },
                ..configuration::PagingGroup::default()
            };
            let name = self.state.name(kind, id).as_str().into();
            self.translated.draft.plan.paging.insert(name, Arc::new(group));
        }
    }

    /// A number of an object, behind a prefix.
    fn feature(
        &mut self,
        kind: Kind,
        id: Id,
        (number, partition): (&str, Option<Ref<Partition>>),
        code: FeatureCode,
        prefix: &str,
    ) {
        let digits = u8::try_from(prefix.len()).unwrap_or(u8::MAX);
        let object = self.state.name(kind, id).as_str().into();
        let text = format!("{prefix}{number}");
        let made = FeatureDraft {
            pattern: patterns::pattern(self.state, &text, partition, None, false),
            number: FeatureNumber { code, object, digits },
        };
        self.add(|draft| &mut draft.plan.features, Place::Feature, kind, id, made);
    }
}

#[cfg(test)]
mod tests {
    use strowger_configuration::Kind;
    use strowger_configuration::form::Form;

    use super::*;

    #[test]
    fn every_word_of_a_code_is_a_feature() {
        let fields = Kind::FeatureAccessCode.fields();
        let form = fields.iter().find(|field| field.name == "feature").map(|field| &field.form);
        let Some(Form::Choice(words)) = form else { panic!("{form:?}") };
        for word in *words {
            assert!(FeatureCode::named(word.word).is_some(), "{}", word.word);
        }
    }

    #[test]
    fn the_argument_begins_behind_the_keys_of_the_code() {
        let check = |pattern: &str, digits: u8| {
            let draft = crate::configuration::PatternDraft { pattern: pattern.into(), ..Default::default() };
            let code = FeatureDraft::access_code(draft, FeatureCode::CallBack);
            assert_eq!(code.number.digits, digits, "{pattern}");
        };
        check("*72!", 3);
        check("*73", 3);
        check("*7.2!", 2);
        check("**XXXX", 2);
        check("*72[12]XXX", 3);
        check("#\\+!", 1);
    }
}
