//! What conferences may do.

/// The rules of conferences: service parameters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ConferenceRules {
    /// Parties of a conference that somebody begins with calls of his, himself included: 3-128.
    pub ad_hoc_parties: u32,
    /// Parties of a conference with a number: 2-128.
    pub meet_me_parties: u32,
    /// When a conference that somebody began ends although others are in it.
    pub ends: ConferenceEnds,
    /// Who may add and drop parties.
    pub control: ConferenceControl,
    /// Whether a tone says that somebody comes or has left.
    pub tones: ConferenceTones,
    /// How phones come into calls of their line that do not say it themselves.
    pub barge: Barging,
    /// What line keys of phones do while another phone of the line has a call, where these do not say it themselves.
    pub single_button_barge: Barging,
}

impl Default for ConferenceRules {
    fn default() -> Self {
        ConferenceRules {
            ad_hoc_parties: 4,
            meet_me_parties: 4,
            ends: ConferenceEnds::Never,
            control: ConferenceControl::Starter,
            tones: ConferenceTones::Yes,
            barge: Barging::Off,
            single_button_barge: Barging::Off,
        }
    }
}

/// When a conference ends although others are in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ConferenceEnds {
    /// Not before fewer than two are there.
    Never,
    /// When whoever began it leaves.
    WithStarter,
    /// When nobody is left who is called by a line of this system.
    WithLastLine,
}

/// Who may add and drop parties.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ConferenceControl {
    /// Whoever began it.
    Starter,
    /// Everybody who is in it (advanced ad hoc conference).
    Everybody,
}

/// Whether a tone says that somebody comes or has left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ConferenceTones {
    /// It does.
    Yes,
    /// Parties come and go silently.
    No,
}

/// How a phone comes into a call of another phone of its line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Barging {
    /// It does not.
    Off,
    /// As the third one, and nobody else.
    Barge,
    /// The call becomes a conference.
    Conference,
}
