//! Phone services, and what others are doing.

use std::time::Duration;

use strowger_base::limits;

use crate::codes::{BlfStatus, CallReference, ConferenceId, Instance, SubscriptionCause};
use crate::version::Version;
use crate::wire::lists::{self, Data};
use crate::wire::text::{Fixed, Place, Text, ToEnd};
use crate::wire::{Coding, Reader, Seconds, Wire, Writer};

codes! {
    /// Which part of a document a message carries.
    Sequence: u32 {
        FIRST = 0 "first",
        MORE = 1 "more",
        LAST = 2 "last",
    }
}

/// A document on its way between an application and a phone, or from version 18 on a part of one that is too large.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct UserData {
    /// Which application.
    pub application: u32,
    /// The line.
    pub line: Instance,
    /// The call.
    pub call: CallReference,
    /// Which exchange of the application.
    pub transaction: u32,
    /// What only the newer messages (V1) say.
    pub delivery: Delivery,
    /// The document, most often XML.
    pub data: Data,
}

record! {
    /// How a document is delivered.
    Delivery {
        /// Which part it is.
        sequence: Sequence,
        /// 0 is shown at once, 1 when the phone is idle, 2 only if it is.
        priority: u32,
        /// The conference.
        conference: ConferenceId,
        /// Which instance of the application.
        application_instance: u32,
        /// Where it goes.
        routing: u32,
    }
}

/// Five words and the data.
struct Short;

/// Five words, how it is delivered, and the data. The length stands before that.
struct Extended;

impl UserData {
    fn read(from: &mut Reader<'_>, delivery: impl FnOnce(&mut Reader<'_>) -> Delivery) -> Self {
        let (application, line) = (u32::read(from), Instance::read(from));
        let (call, transaction) = (CallReference::read(from), u32::read(from));
        let length = lists::length(u32::read(from)).min(Data::BYTES);
        let delivery = delivery(from);
        let data = Data(from.bytes(length).to_vec());
        UserData { application, line, call, transaction, delivery, data }
    }

    fn write(&self, to: &mut Writer<'_>, delivery: Option<&Delivery>) {
        let data = self.data.sent();
        self.application.write(to);
        self.line.write(to);
        self.call.write(to);
        self.transaction.write(to);
        lists::count(data.len()).write(to);
        if let Some(delivery) = delivery {
            delivery.write(to);
        }
        to.bytes(data);
    }
}

impl UserData {
    /// A document for a phone of this version, as messages: one, or from version 18 on as many as it takes. `None` when one message has
    /// no room for it and the phone takes no more.
    pub fn messages(&self, version: Version) -> Option<Vec<UserToDeviceData>> {
        if self.data.0.len() > UserData::most(version) {
            return None;
        }
        // An empty document is sent all the same.
        let count = self.data.0.len().div_ceil(Data::BYTES).max(1);
        let part = |place: usize| {
            let data = self.data.0.chunks(Data::BYTES).nth(place).unwrap_or_default();
            let sequence = match place {
                _ if place + 1 == count => Sequence::LAST,
                0 => Sequence::FIRST,
                _ => Sequence::MORE,
            };
            let delivery = Delivery { sequence, ..self.delivery.clone() };
            UserToDeviceData { document: UserData { data: Data(data.to_vec()), delivery, ..self.clone() } }
        };
        Some((0..count).map(part).collect())
    }

    /// The longest document that a phone of this version takes, in bytes.
    pub const fn most(version: Version) -> usize {
        if version.number() < PARTS_SINCE { Data::BYTES } else { limits::SCREEN_BYTES }
    }
}

/// The first version that takes a document in parts.
const PARTS_SINCE: u8 = 18;

impl Coding<UserData> for Short {
    fn read(from: &mut Reader<'_>) -> UserData {
        UserData::read(from, |_| Delivery { sequence: Sequence::LAST, ..Delivery::default() })
    }

    fn write(value: &UserData, to: &mut Writer<'_>) {
        value.write(to, None);
    }
}

impl Coding<UserData> for Extended {
    fn read(from: &mut Reader<'_>) -> UserData {
        UserData::read(from, Delivery::read)
    }

    fn write(value: &UserData, to: &mut Writer<'_>) {
        value.write(to, Some(&value.delivery));
    }
}

message! {
    /// An application sends a document to a phone.
    UserToDeviceData {
        /// The document.
        document: UserData,
    }
    form USER_TO_DEVICE_DATA_V1[3..] { document as Extended, }
    form USER_TO_DEVICE_DATA[..0] { document as Short, }
}

message! {
    /// A phone sends a document to an application.
    DeviceToUserData, needs 20 {
        /// The document.
        document: UserData,
    }
    form DEVICE_TO_USER_DATA_V1[3..] { document as Extended, }
    form DEVICE_TO_USER_DATA[..0] { document as Short, }
}

message! {
    /// A phone answers to a document.
    DeviceToUserDataResponse, needs 20 {
        /// The answer.
        document: UserData,
    }
    form DEVICE_TO_USER_DATA_RESPONSE_V1[3..] { document as Extended, }
    form DEVICE_TO_USER_DATA_RESPONSE[..0] { document as Short, }
}

message! {
    /// A phone wants to know what somebody in one of its lists of calls is doing.
    SubscriptionStatReq = SUBSCRIPTION_STAT_REQ, needs 12 {
        /// By this the answer belongs to it.
        transaction: u32,
        /// 1 for busy lamps.
        feature: u32,
        /// For how long.
        duration: Duration as Seconds,
        /// Whom.
        number: Text as Subject,
    }
}

/// A text of 256 bytes; of some loads, of 64.
struct Subject;

impl Coding<Text> for Subject {
    fn read(from: &mut Reader<'_>) -> Text {
        <ToEnd<256> as Coding<Text>>::read(from)
    }

    fn write(value: &Text, to: &mut Writer<'_>) {
        <Fixed<256> as Coding<Text>>::write(value, to);
    }
}

message! {
    /// Whether a phone will be told.
    SubscriptionStat = SUBSCRIPTION_STAT {
        /// What was asked for.
        transaction: u32,
        /// 1 for busy lamps.
        feature: u32,
        /// For how long.
        duration: Duration as Seconds,
        /// How it went.
        cause: SubscriptionCause,
    }
}

message! {
    /// What somebody is doing now.
    Notification = NOTIFICATION {
        /// What was asked for.
        transaction: u32,
        /// 1 for busy lamps.
        feature: u32,
        /// What they are doing.
        status: BlfStatus,
        /// What is shown.
        text: Text as Place<97, 100>,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lengths of its parts, each with its place.
    fn parts(length: usize, version: u8) -> Option<Vec<(usize, Sequence)>> {
        let document = UserData { data: Data(vec![b'x'; length]), ..UserData::default() };
        let messages = document.messages(Version::new(version)?)?;
        let part = |it: UserToDeviceData| (it.document.data.0.len(), it.document.delivery.sequence);
        Some(messages.into_iter().map(part).collect())
    }

    #[test]
    fn a_document_goes_in_parts_to_phones_that_take_them() {
        const LAST: Sequence = Sequence::LAST;
        assert_eq!(parts(0, 17), Some(vec![(0, LAST)]));
        assert_eq!(parts(2000, 3), Some(vec![(2000, LAST)]));
        assert_eq!(parts(2001, 17), None);
        assert_eq!(parts(2001, 18), Some(vec![(2000, Sequence::FIRST), (1, LAST)]));
        let three = vec![(2000, Sequence::FIRST), (2000, Sequence::MORE), (2000, LAST)];
        assert_eq!(parts(6000, 22), Some(three));
        assert_eq!(parts(limits::SCREEN_BYTES + 1, 22), None);
    }
}
