//! Numbers that ask for features: call park, pickup groups, conferences, paging.

use strowger_base::feature::{FeatureCode, FeatureNumber};
use strowger_configuration::kinds::{
    CallPark, DirectedCallPark, MeetMe, PagingGroup, Partition, PickupGroup,
};
use strowger_configuration::reader::Names;
use strowger_configuration::setting::Ref;
use strowger_configuration::{Id, Kind};

use super::{Translation, patterns};
use crate::configuration::{FeatureDraft, Place};

impl Translation<'_> {
    /// Every number that an object of a feature has.
    pub(super) fn feature_numbers(&mut self) {
        for (id, it) in self.state.all::<CallPark>() {
            self.feature(Kind::CallPark, id, (it.pattern.as_str(), it.partition), FeatureCode::Retrieve, "");
        }
        for (id, it) in self.state.all::<DirectedCallPark>() {
            let (kind, number) = (Kind::DirectedCallPark, (it.pattern.as_str(), it.partition));
            self.feature(kind, id, number, FeatureCode::DirectedPark, "");
            self.feature(kind, id, number, FeatureCode::Retrieve, it.retrieval_prefix.as_str());
        }
        for (id, it) in self.state.all::<PickupGroup>() {
            let number = (it.pattern.as_str(), it.partition);
            self.feature(Kind::PickupGroup, id, number, FeatureCode::GroupPickUp, "");
        }
        for (id, it) in self.state.all::<MeetMe>() {
            self.feature(Kind::MeetMe, id, (it.pattern.as_str(), it.partition), FeatureCode::MeetMe, "");
        }
        for (id, it) in self.state.all::<PagingGroup>() {
            self.feature(Kind::PagingGroup, id, (it.pattern.as_str(), it.partition), FeatureCode::Page, "");
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
