//! Who is in the conference, as a menu on the phone's screen, and what its user chooses there.
//!
//! A key below the menu is told first, and then the number of the participant that was marked.

use strowger_base::feature::{Control, FeatureRequest, ParticipantList, Turn};

use super::Shared;
use super::io::Outbox;
use super::phone::PhoneCalls;
use crate::codes::CallReference;
use crate::message::services::{Delivery, Sequence, UserData, UserToDeviceData};
use crate::wire::lists::Data;

/// The application of these screens: phones send its number back. Others are free to be used by who pushes screens.
pub const PARTICIPANTS: u32 = 9_082;

/// The menu that a phone shows.
#[derive(Debug)]
pub(super) struct Menu {
    /// How many are in the conference.
    seats: usize,
    /// The key that was pressed below it.
    chosen: Option<Chosen>,
}

/// A key below the menu.
#[derive(Clone, Copy, Debug)]
enum Chosen {
    Remove,
    Mute,
}

impl PhoneCalls {
    /// Shows who is in the conference.
    pub(super) fn show_participants(
        &mut self,
        reference: CallReference,
        list: &ParticipantList,
        out: &mut Outbox,
    ) {
        let Some(call) = self.find(reference) else { return };
        let place = format!("{PARTICIPANTS}:{}:{}:{}", call.line.0, reference.0, reference.0);
        let line = call.line;
        self.menu = Some(Menu { seats: list.participants.len(), chosen: None });
        let document = UserData {
            application: PARTICIPANTS,
            line,
            call: reference,
            transaction: reference.0,
            delivery: Delivery { sequence: Sequence::LAST, priority: PRIORITY, ..Delivery::default() },
            data: Data(menu(list, &place).into_bytes()),
        };
        self.tell(vec![UserToDeviceData { document }.into()], out);
    }

    /// Its user has chosen something of the menu.
    pub(super) fn chooses(&mut self, shared: &mut Shared, said: &UserData, out: &mut Outbox) {
        if said.application != PARTICIPANTS {
            return;
        }
        let Some(menu) = &mut self.menu else { return };
        let text = String::from_utf8_lossy(&said.data.0);
        let (call, seats) = (said.call, menu.seats);
        match text.trim_end_matches('\0').trim() {
            "Remove" => menu.chosen = Some(Chosen::Remove),
            "Mute" => menu.chosen = Some(Chosen::Mute),
            "Update" => self.ask(shared, call, FeatureRequest::Participants, out),
            number => {
                let Ok(participant) = number.parse() else { return };
                let Some(chosen) = menu.chosen.take() else { return };
                let request = match chosen {
                    Chosen::Remove => FeatureRequest::Drop { participant },
                    Chosen::Mute => FeatureRequest::Mute { participant, turn: Turn::Over },
                };
                self.ask(shared, call, request, out);
                // Of two who are left nobody needs a list.
                if matches!(chosen, Chosen::Mute) || seats > 3 {
                    self.ask(shared, call, FeatureRequest::Participants, out);
                }
            }
        }
    }
}

/// The menu: as many as one message has room for. Who may not change the conference gets no keys for that.
fn menu(list: &ParticipantList, place: &str) -> String {
    let key = |word: &str, kind: &str| format!("UserCallDataSoftKey:{kind}:{place}:{word}");
    let mut keys = vec![("Exit", "SoftKey:Exit".to_owned(), 3), ("Update", key("Update", "Update"), 4)];
    if list.control == Control::Yes {
        keys.push(("Remove", key("Remove", "Select"), 1));
        keys.push(("Mute", key("Mute", "Select"), 2));
    }
    let mut end = String::new();
    for (word, url, position) in keys {
        end.push_str(&format!(
            "<SoftKeyItem><Name>{word}</Name><URL>{url}</URL><Position>{position}</Position></SoftKeyItem>"
        ));
    }
    end.push_str("</CiscoIPPhoneMenu>");
    let mut text = "<CiscoIPPhoneMenu><Title>Conference</Title><Prompt>Please select</Prompt>".to_owned();
    for participant in &list.participants {
        let name: String = participant.shown().chars().map(escaped).collect();
        let number = participant.number;
        let item =
            format!("<MenuItem><Name>{name}</Name><URL>UserCallData:{place}:{number}</URL></MenuItem>");
        if text.len() + item.len() + end.len() > Data::BYTES {
            break;
        }
        text.push_str(&item);
    }
    text + &end
}

fn escaped(character: char) -> String {
    match character {
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '&' => "&amp;".to_owned(),
        '"' => "&quot;".to_owned(),
        other => other.to_string(),
    }
}

/// It is shown at once, over what the screen shows.
const PRIORITY: u32 = 2;

#[cfg(test)]
mod tests {
    use super::*;
    use strowger_base::feature::Participant;
    use strowger_base::leg::{Mute, Party};

    fn participant(number: u32, name: &str) -> Participant {
        let party = Party { number: "1001".into(), name: name.into(), ..Party::default() };
        Participant { number, party, is_starter: number == 1, is_asker: false, mute: Mute::Off }
    }

    #[test]
    fn no_name_breaks_the_menu_and_no_conference_is_too_large_for_it() {
        let participants = vec![participant(1, "<A & \"B\">\n"), participant(2, "")];
        let few = menu(&ParticipantList { control: Control::No, participants }, "9082:1:7:7");
        assert!(few.contains("<Name>&lt;A &amp; &quot;B&quot;&gt; *</Name>"), "{few}");
        assert!(few.contains("<Name>1001</Name><URL>UserCallData:9082:1:7:7:2</URL>"), "{few}");
        assert!(!few.contains("Remove") && few.ends_with("</CiscoIPPhoneMenu>"), "{few}");
        let participants = (1..200).map(|number| participant(number, &"W".repeat(90))).collect();
        let many = menu(&ParticipantList { control: Control::Yes, participants }, "9082:1:7:7");
        assert!(many.len() <= Data::BYTES && many.ends_with("</CiscoIPPhoneMenu>"), "{}", many.len());
        assert!(many.contains("UserCallDataSoftKey:Select:9082:1:7:7:Mute"), "{many}");
    }
}
