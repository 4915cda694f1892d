//! Countries whose networks have tones of their own.

use std::fmt;

/// Makes the list of countries. The number of each is what the journal keeps: new ones go to the end.
macro_rules! countries {
    ($( $Name:ident = $name:literal, )*) => {
        /// A country by whose tones somebody knows what a call does: the network locale of CUCM.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
        #[repr(u8)]
        pub enum Country {
            #[default]
            $( #[doc = $name] $Name, )*
        }

        impl Country {
            /// All of them.
            pub const ALL: &'static [Country] = &[$( Country::$Name, )*];

            /// What it is called, as CUCM calls its network locale.
            pub const fn name(self) -> &'static str {
                match self { $( Country::$Name => $name, )* }
            }
        }
    };
}

countries! {
    UnitedStates = "United States",
    Canada = "Canada",
    Argentina = "Argentina",
    Australia = "Australia",
    Austria = "Austria",
    Belgium = "Belgium",
    Brazil = "Brazil",
    Bulgaria = "Bulgaria",
    Chile = "Chile",
    China = "China",
    Croatia = "Croatia",
    CzechRepublic = "Czech Republic",
    Denmark = "Denmark",
    Estonia = "Estonia",
    Finland = "Finland",
    France = "France",
    Germany = "Germany",
    Greece = "Greece",
    HongKong = "Hong Kong",
    Hungary = "Hungary",
    Iceland = "Iceland",
    India = "India",
    Indonesia = "Indonesia",
    Ireland = "Ireland",
    Israel = "Israel",
    Italy = "Italy",
    Japan = "Japan",
    Korea = "Korea Republic",
    Latvia = "Latvia",
    Lithuania = "Lithuania",
    Luxembourg = "Luxembourg",
    Malaysia = "Malaysia",
    Mexico = "Mexico",
    Netherlands = "Netherlands",
    NewZealand = "New Zealand",
    Norway = "Norway",
    Philippines = "Philippines",
    Poland = "Poland",
    Portugal = "Portugal",
    Russia = "Russian Federation",
    Singapore = "Singapore",
    Slovakia = "Slovakia",
    Slovenia = "Slovenia",
    SouthAfrica = "South Africa",
    Spain = "Spain",
    Sweden = "Sweden",
    Switzerland = "Switzerland",
    Taiwan = "Taiwan",
    Thailand = "Thailand",
    Turkey = "Turkey",
    UnitedArabEmirates = "United Arab Emirates",
    UnitedKingdom = "United Kingdom",
    Venezuela = "Venezuela",
}

impl Country {
    /// The country of this name; the case does not matter.
    pub fn from_name(name: &str) -> Option<Country> {
        Country::ALL.iter().copied().find(|country| country.name().eq_ignore_ascii_case(name))
    }

    /// The number that stands for it in the journal.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The country with this number.
    pub fn from_number(number: u8) -> Option<Country> {
        Country::ALL.get(usize::from(number)).copied()
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_found_by_name_and_number() {
        for country in Country::ALL {
            assert_eq!(Country::from_name(&country.name().to_uppercase()), Some(*country));
            assert_eq!(Country::from_number(country.number()), Some(*country));
        }
        assert_eq!(Country::from_name("Atlantis"), None);
        assert_eq!(Country::from_number(200), None);
        // What the journal has must stay what it was.
        assert_eq!((Country::Germany.number(), Country::Venezuela.number()), (16, 52));
    }
}
