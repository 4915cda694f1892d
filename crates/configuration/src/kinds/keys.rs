//! Templates: what the keys of a phone are.

use super::named;
use crate::setting::{Description, Label, List, Name, choice, record};

record! {
    /// What the keys of a phone are.
    pub struct PhoneButtonTemplate {
        /// Its name.
        name: Name,
        /// For people.
        description: Description = Description::default(),
        /// Keys, from the first.
        buttons: List<TemplateButton, 200>,
    }
}

record! {
    /// A key.
    pub struct TemplateButton {
        /// What it does.
        feature: ButtonFeature,
        /// What stands beside it, where the phone's own settings do not say.
        label: Label = Label::default(),
    }
}

choice! {
    /// What a key does.
    pub enum ButtonFeature {
        /// The next line of the phone.
        Line = "line",
        /// The next speed dial of the phone.
        SpeedDial = "speed-dial",
        /// The next busy lamp field of the phone.
        BusyLampField = "busy-lamp-field",
        /// The next service of the phone.
        Service = "service",
        /// An intercom line.
        Intercom = "intercom",
        /// Dials the last number again.
        Redial = "redial",
        /// Holds a call.
        Hold = "hold",
        /// Transfers a call.
        Transfer = "transfer",
        /// Forwards all calls.
        ForwardAll = "forward-all",
        /// Joins calls to a conference.
        Conference = "conference",
        /// Shows the parties of a conference.
        ConferenceList = "conference-list",
        /// Puts the last party out of a conference.
        RemoveLast = "remove-last",
        /// Opens a conference that others dial into.
        MeetMe = "meet-me",
        /// Parks a call.
        Park = "park",
        /// Takes a call that rings in the same group.
        Pickup = "pickup",
        /// Takes a call that rings in a group that is dialled.
        GroupPickup = "group-pickup",
        /// Takes a call that rings in an associated group.
        OtherPickup = "other-pickup",
        /// Calls back when somebody is free again.
        CallBack = "call-back",
        /// Do not disturb.
        DoNotDisturb = "do-not-disturb",
        /// Signs in and out of hunt groups.
        HuntLogout = "hunt-logout",
        /// Moves a call to a mobile phone.
        Mobility = "mobility",
        /// Hides calls on a shared line.
        Privacy = "privacy",
        /// Marks a call as malicious.
        MaliciousCall = "malicious-call",
        /// Reports the quality of a call.
        QualityReport = "quality-report",
        /// Records a call.
        Record = "record",
        /// Opens voice mail.
        Messages = "messages",
        /// Opens the directories.
        Directories = "directories",
        /// Opens the list of all calls.
        AllCalls = "all-calls",
        /// Answers the call that has rung longest.
        Answer = "answer",
        /// Nothing.
        None = "none",
    }
}

record! {
    /// Which soft keys a phone shows, for each state of a call.
    pub struct SoftKeyTemplate {
        /// Its name.
        name: Name,
        /// For people.
        description: Description = Description::default(),
        /// Sets of keys. A state without one has the keys of the system.
        sets: List<SoftKeySet, 12> = List::default(),
    }
}

record! {
    /// The soft keys in one state.
    pub struct SoftKeySet {
        /// The state.
        state: SoftKeyState,
        /// Keys, from the left.
        keys: List<SoftKey, 16>,
    }
}

choice! {
    /// A state of a phone in which it shows keys.
    pub enum SoftKeyState {
        /// On hook.
        OnHook = "on-hook",
        /// In a call.
        Connected = "connected",
        /// The call is on hold.
        OnHold = "on-hold",
        /// A call rings.
        RingIn = "ring-in",
        /// Off hook.
        OffHook = "off-hook",
        /// In the consultation before a transfer.
        ConnectedTransfer = "connected-transfer",
        /// After the first digit.
        DigitsAfterFirst = "digits-after-first",
        /// In the consultation before a conference.
        ConnectedConference = "connected-conference",
        /// The other side rings.
        RingOut = "ring-out",
        /// Off hook for a feature.
        OffHookWithFeature = "off-hook-with-feature",
        /// The shared line is in use elsewhere.
        RemoteInUse = "remote-in-use",
        /// In a call without features.
        ConnectedNoFeature = "connected-no-feature",
    }
}

choice! {
    /// A soft key.
    pub enum SoftKey {
        /// An empty place.
        Undefined = "undefined",
        /// Redial.
        Redial = "redial",
        /// NewCall.
        NewCall = "new-call",
        /// Hold.
        Hold = "hold",
        /// Transfer.
        Transfer = "transfer",
        /// CFwdAll.
        ForwardAll = "forward-all",
        /// The key that takes back a digit.
        Backspace = "backspace",
        /// EndCall.
        EndCall = "end-call",
        /// Resume.
        Resume = "resume",
        /// Answer.
        Answer = "answer",
        /// Confrn.
        Conference = "conference",
        /// Park.
        Park = "park",
        /// Join.
        Join = "join",
        /// MeetMe.
        MeetMe = "meet-me",
        /// PickUp.
        Pickup = "pickup",
        /// GPickUp.
        GroupPickup = "group-pickup",
        /// OPickUp.
        OtherPickup = "other-pickup",
        /// RmLstC.
        RemoveLast = "remove-last",
        /// CallBack.
        CallBack = "call-back",
        /// DND.
        DoNotDisturb = "do-not-disturb",
        /// QRT.
        QualityReport = "quality-report",
        /// MCID.
        MaliciousCall = "malicious-call",
        /// Select.
        Select = "select",
        /// ConfList.
        ConferenceList = "conference-list",
        /// iDivert.
        ImmediateDivert = "immediate-divert",
        /// HLog.
        HuntLogout = "hunt-logout",
        /// AbbrDial.
        AbbreviatedDial = "abbreviated-dial",
        /// Record.
        Record = "record",
        /// Barge.
        Barge = "barge",
        /// cBarge.
        ConferenceBarge = "conference-barge",
        /// Private.
        Private = "private",
        /// DirTrfr.
        DirectTransfer = "direct-transfer",
    }
}

named!(PhoneButtonTemplate, SoftKeyTemplate);
