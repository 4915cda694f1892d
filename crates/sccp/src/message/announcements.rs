//! Announcements of an annunciator.

use crate::codes::{ConferenceId, PartyId};
use crate::wire::YesNo;

codes! {
    /// How often an announcement is played.
    AnnouncementMode: u32 {
        AS_CONFIGURED = 0 "as configured",
        ONCE = 1 "once",
        LOOP = 2 "loop",
    }
}

record! {
    /// One of the announcements that are played one after the other.
    Announcement {
        /// The language.
        locale: u32,
        /// The country.
        country: u32,
        /// Which.
        number: u32,
    }
}

message! {
    /// An annunciator shall play.
    StartAnnouncement = START_ANNOUNCEMENT {
        /// What, one after the other.
        announcements: [Announcement; 32],
        /// Whether it tells when it has ended.
        acknowledged: bool as YesNo,
        /// The conference.
        conference: ConferenceId,
        /// The parties.
        parties: [PartyId; 16],
        /// Who of them hears it, a bit for each.
        hearing: u32,
        /// How often.
        mode: AnnouncementMode,
    }
}

message! {
    /// An annunciator shall stop.
    StopAnnouncement = STOP_ANNOUNCEMENT {
        /// The conference.
        conference: ConferenceId,
    }
}

message! {
    /// An announcement has ended.
    AnnouncementFinish = ANNOUNCEMENT_FINISH, needs 4 {
        /// The conference.
        conference: ConferenceId,
        /// 0 when all went well.
        status: u32,
    }
}
