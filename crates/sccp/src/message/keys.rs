//! The keys of a phone: buttons beside the display and soft keys below it.

use crate::codes::{ButtonType, CallReference, Instance, KeyMode, SoftKey};
use crate::wire::lists::{Page, Paged, Slot};
use crate::wire::text::{Fixed, Text};

record! {
    /// What a button is.
    Button {
        /// Which of its type, from 1.
        instance: u8,
        /// Its type.
        kind: ButtonType,
    }
}

impl Slot for Button {
    fn unused() -> Self {
        Button { instance: 0, kind: ButtonType::UNDEFINED }
    }
}

record! {
    /// A soft key.
    SoftKeyDefinition {
        /// What stands on it: a phrase of the phone, or words.
        label: Text as Fixed<16>,
        /// What the phone tells when it is pressed.
        event: SoftKey,
    }
}

impl Slot for SoftKeyDefinition {
    fn unused() -> Self {
        SoftKeyDefinition::default()
    }
}

record! {
    /// The soft keys of one state of a call, in their order.
    SoftKeySet {
        /// Places in the template, from 1; 0 where there is no key.
        keys: [u8; 16],
        /// Numbers of help texts: 300 and the place in the template.
        help: [u16; 16],
    }
}

impl SoftKeySet {
    /// A set of keys, by their places in the template, from 1; what is more than 16 is left out.
    pub fn of(places: &[u8]) -> Self {
        let mut set = SoftKeySet::default();
        let slots = set.keys.iter_mut().zip(&mut set.help);
        for (place, (key, help)) in places.iter().zip(slots) {
            (*key, *help) = (*place, 300 + u16::from(*place));
        }
        set
    }
}

impl Slot for SoftKeySet {
    fn unused() -> Self {
        SoftKeySet::default()
    }
}

message! {
    /// What are my buttons?
    ButtonTemplateReq = BUTTON_TEMPLATE_REQ;
}

message! {
    /// What the buttons of a phone are; at most 42 in one message.
    ButtonTemplate = BUTTON_TEMPLATE {
        /// From the first button on.
        buttons: Page<Button> as Paged<42>,
    }
}

message! {
    /// Which soft keys are there?
    SoftKeyTemplateReq = SOFT_KEY_TEMPLATE_REQ;
}

message! {
    /// All soft keys; at most 32 in one message.
    SoftKeyTemplateRes = SOFT_KEY_TEMPLATE_RES {
        /// Sets name them by their places.
        keys: Page<SoftKeyDefinition> as Paged<32>,
    }
}

message! {
    /// Which sets of soft keys are there?
    SoftKeySetReq = SOFT_KEY_SET_REQ;
}

message! {
    /// The sets of soft keys, one for each [`KeyMode`] from 0 on; at most 16 in one message.
    SoftKeySetRes = SOFT_KEY_SET_RES {
        /// The set of on-hook first.
        sets: Page<SoftKeySet> as Paged<16>,
    }
}

message! {
    /// The soft keys of a call change; of the idle phone where line and call are 0.
    SelectSoftKeys = SELECT_SOFT_KEYS {
        /// The line.
        line: Instance,
        /// The call.
        call: CallReference,
        /// Which set.
        set: KeyMode,
        /// Bit n: the key at place n of the set, from 0, can be pressed.
        valid_keys: u32,
    }
}
