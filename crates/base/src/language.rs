//! Languages of phones and people.

use std::fmt;

/// Makes the list of languages: of each its code (ISO 639-1) and what CUCM's user locales call it.
macro_rules! languages {
    ($( $Name:ident = $code:literal, $name:literal, )*) => {
        /// A language that people read on their phones: the first part of a user locale of CUCM.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Language {
            $( #[doc = $name] $Name, )*
        }

        impl Language {
            /// All of them.
            pub const ALL: &'static [Language] = &[$( Language::$Name, )*];

            /// Its code (ISO 639-1).
            pub const fn code(self) -> &'static str {
                match self { $( Language::$Name => $code, )* }
            }

            /// What it is called in English.
            pub const fn name(self) -> &'static str {
                match self { $( Language::$Name => $name, )* }
            }
        }
    };
}

languages! {
    English = "en", "English",
    Arabic = "ar", "Arabic",
    Bulgarian = "bg", "Bulgarian",
    Catalan = "ca", "Catalan",
    Chinese = "zh", "Chinese",
    // As it is written in Hong Kong and Taiwan.
    TraditionalChinese = "zh-Hant", "Chinese (traditional)",
    Croatian = "hr", "Croatian",
    Czech = "cs", "Czech",
    Danish = "da", "Danish",
    Dutch = "nl", "Dutch",
    Estonian = "et", "Estonian",
    Finnish = "fi", "Finnish",
    French = "fr", "French",
    German = "de", "German",
    Greek = "el", "Greek",
    Hebrew = "he", "Hebrew",
    Hungarian = "hu", "Hungarian",
    Italian = "it", "Italian",
    Japanese = "ja", "Japanese",
    Korean = "ko", "Korean",
    Latvian = "lv", "Latvian",
    Lithuanian = "lt", "Lithuanian",
    Norwegian = "no", "Norwegian",
    Polish = "pl", "Polish",
    Portuguese = "pt", "Portuguese",
    Romanian = "ro", "Romanian",
    Russian = "ru", "Russian",
    Serbian = "sr", "Serbian",
    Slovak = "sk", "Slovak",
    Slovenian = "sl", "Slovenian",
    Spanish = "es", "Spanish",
    Swedish = "sv", "Swedish",
    Thai = "th", "Thai",
    Turkish = "tr", "Turkish",
    Ukrainian = "uk", "Ukrainian",
}

impl Language {
    /// The language of a locale such as `pl_PL`, or `Polish_Poland` as CUCM calls it; the case does not matter, and the country neither where
    /// the language is written in one way alone.
    pub fn of_locale(locale: &str) -> Option<Language> {
        let (language, country) = locale.split_once(['_', '-']).unwrap_or((locale, ""));
        let is = |known: &&Language| {
            known.code().eq_ignore_ascii_case(language) || known.name().eq_ignore_ascii_case(language)
        };
        let found = Language::ALL.iter().find(is).copied()?;
        let traditional = ["tw", "hk", "mo", "hant"].iter().any(|known| country.eq_ignore_ascii_case(known))
            || ["taiwan", "hong"].iter().any(|known| country.to_ascii_lowercase().starts_with(known));
        Some(if found == Language::Chinese && traditional { Language::TraditionalChinese } else { found })
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locale_names_its_language() {
        let check = |locale: &str, expect: Option<Language>| {
            assert_eq!(Language::of_locale(locale), expect, "{locale}");
        };
        check("pl_PL", Some(Language::Polish));
        check("Polish_Poland", Some(Language::Polish));
        check("ru", Some(Language::Russian));
        check("de-AT", Some(Language::German));
        check("zh_CN", Some(Language::Chinese));
        check("Chinese_Taiwan", Some(Language::TraditionalChinese));
        check("zh_HK", Some(Language::TraditionalChinese));
        check("", None);
        check("tlh", None);
    }
}
