//! Names on phones that know no UTF-8: the code page of the language for which the phone is loaded, with one or two bytes for a character.
//!
//! What a code page cannot say is written with its base letter, and where it has none as a question mark.

use std::fmt;

use encoding_rs::{
    BIG5, EUC_KR, EncoderResult, Encoding, GBK, ISO_8859_2, ISO_8859_5, ISO_8859_6, ISO_8859_7, ISO_8859_8,
    ISO_8859_13, SHIFT_JIS, WINDOWS_874, WINDOWS_1254,
};
use strowger_base::Language;

/// The code page of a phone.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CodePage(&'static Encoding);

impl CodePage {
    /// That of phones for this language: of the ISO 8859 family, where the language has one there. `None` where it is Latin-1.
    pub const fn of(language: Language) -> Option<CodePage> {
        use Language as L;
        Some(CodePage(match language {
            L::Polish | L::Czech | L::Slovak | L::Slovenian | L::Croatian | L::Hungarian | L::Romanian => {
                ISO_8859_2
            }
            L::Bulgarian | L::Russian | L::Serbian | L::Ukrainian => ISO_8859_5,
            L::Arabic => ISO_8859_6,
            L::Greek => ISO_8859_7,
            L::Hebrew => ISO_8859_8,
            // ISO 8859-9 and ISO 8859-11, with some characters more.
            L::Turkish => WINDOWS_1254,
            L::Thai => WINDOWS_874,
            L::Estonian | L::Latvian | L::Lithuanian => ISO_8859_13,
            L::Japanese => SHIFT_JIS,
            L::Korean => EUC_KR,
            L::Chinese => GBK,
            L::TraditionalChinese => BIG5,
            L::English
            | L::Catalan
            | L::Danish
            | L::Dutch
            | L::Finnish
            | L::French
            | L::German
            | L::Italian
            | L::Norwegian
            | L::Portuguese
            | L::Spanish
            | L::Swedish => return None,
        }))
    }

    /// Writes a character; tells how many bytes that were, none when the page cannot say it. No character begins like a phrase of the phone.
    pub(crate) fn encode(self, character: char, to: &mut [u8; ROOM]) -> Option<usize> {
        let mut text = [0; 4];
        let text = character.encode_utf8(&mut text);
        let mut encoder = self.0.new_encoder();
        let (result, _, written) = encoder.encode_from_utf8_without_replacement(text, to, true);
        let begins_phrase = to[0] == PHRASE;
        (result == EncoderResult::InputEmpty && !begins_phrase).then_some(written)
    }

    /// Reads bytes; what is none of its characters is read as U+FFFD.
    pub(crate) fn decode(self, bytes: &[u8]) -> String {
        self.0.decode_without_bom_handling(bytes).0.into_owned()
    }
}

impl fmt::Debug for CodePage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

/// Room for a character in any code page.
pub(crate) const ROOM: usize = 8;
/// The byte that stands before the index of a phrase.
const PHRASE: u8 = 0x80;

/// What is read of a character where it cannot be written: its base letter, or what people type instead.
pub(crate) fn base_of(character: char) -> Option<&'static str> {
    let row = BASES.iter().find(|(_, characters)| characters.contains(character));
    row.map(|(base, _)| *base)
}

/// Letters of Europe, and punctuation that typewriters lack.
const BASES: [(&str, &str); 73] = [
    ("A", "ÀÁÂÃÅĀĂĄǍ"),
    ("a", "àáâãåāăąǎª"),
    ("Ae", "ÄÆ"),
    ("ae", "äæ"),
    ("C", "ÇĆĈĊČ"),
    ("c", "çćĉċč"),
    ("D", "ĎĐÐ"),
    ("d", "ďđð"),
    ("E", "ÈÉÊËĒĔĖĘĚ"),
    ("e", "èéêëēĕėęě"),
    ("G", "ĜĞĠĢ"),
    ("g", "ĝğġģ"),
    ("H", "ĤĦ"),
    ("h", "ĥħ"),
    ("I", "ÌÍÎÏĨĪĬĮİ"),
    ("i", "ìíîïĩīĭįı"),
    ("IJ", "Ĳ"),
    ("ij", "ĳ"),
    ("J", "Ĵ"),
    ("j", "ĵ"),
    ("K", "Ķ"),
    ("k", "ķĸ"),
    ("L", "ĹĻĽĿŁ"),
    ("l", "ĺļľŀł"),
    ("N", "ÑŃŅŇŊ"),
    ("n", "ñńņňŉŋ"),
    ("O", "ÒÓÔÕØŌŎŐǑ"),
    ("o", "òóôõøōŏőǒº"),
    ("Oe", "ÖŒ"),
    ("oe", "öœ"),
    ("R", "ŔŖŘ"),
    ("r", "ŕŗř"),
    ("S", "ŚŜŞŠȘ"),
    ("s", "śŝşšșſ"),
    ("ss", "ß"),
    ("T", "ŢŤŦȚ"),
    ("t", "ţťŧț"),
    ("Th", "Þ"),
    ("th", "þ"),
    ("U", "ÙÚÛŨŪŬŮŰŲǓ"),
    ("u", "ùúûũūŭůűųǔµ"),
    ("Ue", "Ü"),
    ("ue", "ü"),
    ("W", "Ŵ"),
    ("w", "ŵ"),
    ("Y", "ÝŶŸ"),
    ("y", "ýÿŷ"),
    ("Z", "ŹŻŽ"),
    ("z", "źżž"),
    ("Г", "Ґ"),
    ("г", "ґ"),
    ("Е", "Ё"),
    ("е", "ё"),
    ("И", "Й"),
    ("и", "й"),
    ("EUR", "€"),
    ("GBP", "£"),
    ("(c)", "©"),
    ("(r)", "®"),
    ("TM", "™"),
    ("No.", "№"),
    ("...", "…"),
    ("'", "‘’‚‛′´"),
    ("\"", "“”„‟″«»"),
    ("<", "‹"),
    (">", "›"),
    ("-", "‐‑‒–—―−"),
    ("*", "•·"),
    (" ", "\u{a0}\u{2002}\u{2003}\u{2009}\u{202f}"),
    ("x", "×"),
    ("!", "¡"),
    ("?", "¿"),
    ("1/2", "½"),
];
