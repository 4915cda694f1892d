//! Frames of SCCP as a phone reads and writes them, from the published layouts: little-endian words, texts of fixed size, and texts one
//! after the other. It shares nothing with the server's own reader and writer, so that each is a check of the other.

/// A frame that begins.
pub struct Frame {
    bytes: Vec<u8>,
}

impl Frame {
    /// Which message it is.
    pub fn id(&self) -> u32 {
        let id = self.bytes.get(8..12).and_then(|id| id.try_into().ok());
        id.map_or(0, u32::from_le_bytes)
    }

    /// A message of this number; phones may leave the version in the header 0.
    pub fn new(header: u32, id: u32) -> Self {
        let mut bytes = vec![0; 4];
        bytes.extend(header.to_le_bytes());
        bytes.extend(id.to_le_bytes());
        Frame { bytes }
    }

    /// A word of 32 bits.
    pub fn word(mut self, word: u32) -> Self {
        self.bytes.extend(word.to_le_bytes());
        self
    }

    /// Bytes as they are.
    pub fn bytes(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend(bytes);
        self
    }

    /// A text in a place of so many bytes.
    pub fn text(mut self, text: &str, room: usize) -> Self {
        let end = self.bytes.len() + room;
        self.bytes.extend(text.bytes().take(room));
        self.bytes.resize(end, 0);
        self
    }

    /// An IPv4 address as this version writes it.
    pub fn address(self, version: u8, ip: [u8; 4]) -> Self {
        if version < 17 { self.bytes(&ip) } else { self.word(0).bytes(&ip).bytes(&[0; 12]) }
    }

    /// The frame with its length, filled up to whole words.
    pub fn end(mut self) -> Vec<u8> {
        while !self.bytes.len().is_multiple_of(4) {
            self.bytes.push(0);
        }
        let length = self.bytes.len() as u32 - 8;
        self.bytes[..4].copy_from_slice(&length.to_le_bytes());
        self.bytes
    }
}

/// A message that has come.
pub struct Message<'b> {
    /// The version in its header; 0 below version 10 and before one was agreed on.
    pub header: u32,
    /// Which message it is.
    pub id: u32,
    /// What stands behind the head.
    pub body: &'b [u8],
}

/// What stands at the beginning of some bytes.
pub enum First<'b> {
    /// A message, with the length of its frame.
    Whole(Message<'b>, usize),
    /// Less than a frame.
    Part,
    /// No frame is so short, or so long as this.
    Nonsense(usize),
}

/// A frame has at least the number of its message, and phones take none that is longer than this.
const LENGTHS: std::ops::RangeInclusive<usize> = 12..=8192;

/// The first frame of some bytes.
pub fn first(bytes: &[u8]) -> First<'_> {
    let Some(length) = word(bytes, 0) else { return First::Part };
    let length = (length as usize).saturating_add(8);
    if !LENGTHS.contains(&length) {
        return First::Nonsense(length);
    }
    let parts = bytes.get(..length).and_then(|it| Some((word(it, 4)?, word(it, 8)?, it.get(12..)?)));
    let Some((header, id, body)) = parts else { return First::Part };
    First::Whole(Message { header, id, body }, length)
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|word| u32::from_le_bytes(*word))
}

impl Message<'_> {
    /// The word at an offset; what a short body lacks is 0.
    pub fn word(&self, at: usize) -> u32 {
        word(self.body, at).unwrap_or(0)
    }

    /// The byte at an offset; 0 where there is none.
    pub fn byte(&self, at: usize) -> u8 {
        self.body.get(at).copied().unwrap_or(0)
    }

    /// The text in a place of fixed size.
    pub fn text(&self, at: usize, room: usize) -> String {
        let rest = self.body.get(at..).unwrap_or_default();
        shown(rest.get(..room).unwrap_or(rest))
    }

    /// Texts one after the other from an offset on.
    pub fn texts(&self, at: usize) -> Vec<String> {
        self.body.get(at..).unwrap_or_default().split(|byte| *byte == 0).map(shown).collect()
    }

    /// An IPv4 address as this version writes it.
    pub fn address(&self, version: u8, at: usize) -> [u8; 4] {
        let at = if version < 17 { at } else { at + 4 };
        self.body.get(at..).and_then(<[u8]>::first_chunk).copied().unwrap_or_default()
    }
}

/// A text as the phone shows it in English.
fn shown(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let text = bytes.get(..end).unwrap_or_default();
    if let [table @ (0x80 | 0x1e), index, rest @ ..] = text {
        let phrases: &[(u8, &str)] = if *table == 0x80 { &PHRASES } else { &MORE_PHRASES };
        let phrase = phrases.iter().find(|(number, _)| number == index);
        let phrase = phrase.map_or_else(|| format!("<{index}>"), |(_, phrase)| (*phrase).to_owned());
        return phrase + &plain(rest);
    }
    plain(text)
}

fn plain(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    }
}

/// What a phone says in English for the numbers of its dictionary.
const PHRASES: [(u8, &str); 64] = [
    (1, "Redial"),
    (2, "NewCall"),
    (3, "Hold"),
    (4, "Transfer"),
    (5, "CFwdALL"),
    (6, "CFwdBusy"),
    (7, "CFwdNoAnswer"),
    (8, "<<"),
    (9, "EndCall"),
    (10, "Resume"),
    (11, "Answer"),
    (12, "Info"),
    (13, "Confrn"),
    (14, "Park"),
    (15, "Join"),
    (16, "MeetMe"),
    (17, "PickUp"),
    (18, "GPickUp"),
    (19, "Your current options"),
    (20, "Off Hook"),
    (21, "On Hook"),
    (22, "Ring out"),
    (23, "From"),
    (24, "Connected"),
    (25, "Busy"),
    (26, "Line In Use"),
    (27, "Call Waiting"),
    (28, "Call Transfer"),
    (29, "Call Park"),
    (30, "Call Proceed"),
    (31, "In Use Remote"),
    (32, "Enter number"),
    (33, "Call park At"),
    (35, "Temp Fail"),
    (36, "You Have VoiceMail"),
    (37, "Forwarded to"),
    (52, "Conference"),
    (53, "Park Number"),
    (54, "Private"),
    (55, "Not Enough Bandwidth"),
    (56, "Unknown Number"),
    (63, "DND"),
    (65, "CallBack"),
    (67, "Barge"),
    (38, "Can Not Complete Conference"),
    (39, "No Conference Bridge"),
    (45, "Key Is Not Active"),
    (68, "Failed To Setup Barge"),
    (71, "No Park Number Available"),
    (74, "High Traffic Try Again Later"),
    (82, "Can Not Complete Transfer"),
    (83, "Can Not Join Calls"),
    (93, "Logged Out Of Hunt Group"),
    (94, "Park Slot Unavailable"),
    (95, "No Call Available For Pickup"),
    (77, "DirTrfr"),
    (78, "Select"),
    (79, "ConfList"),
    (80, "iDivert"),
    (81, "cBarge"),
    (91, "OPickUp"),
    (92, "HLog"),
    (57, "RmLstC"),
    (76, "MCID"),
];

/// The same for its second dictionary.
const MORE_PHRASES: [(u8, &str); 7] = [
    (37, "No Resources"),
    (43, "Mobility"),
    (60, "AbbrDial"),
    (65, "Cannot Send Call To Mobile"),
    (67, "Record"),
    (79, "Recording"),
    (80, "Recording Failed"),
];
