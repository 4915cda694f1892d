//! Codes that people know.

use std::collections::BTreeMap;
use std::fmt;

/// All codes of the system. Whoever reads one can call on somebody else's account: `Debug` shows only how many there are.
#[derive(Clone, Default)]
pub struct CodeTable {
    authorization: BTreeMap<Box<str>, AuthorizationCode>,
    matter: BTreeMap<Box<str>, MatterCode>,
}

/// What is known about an authorization code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuthorizationCode {
    /// Whose it is; in call records in the code's stead.
    pub name: Box<str>,
    /// What it allows, 0 to 255: patterns of this level and of lower ones.
    pub level: u8,
}

/// What is known about a client matter code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MatterCode {
    /// What the call is about.
    pub description: Box<str>,
}

/// Why a code cannot be added. It does not repeat the code.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CodeError {
    /// Nobody can dial nothing.
    #[error("the code of {name:?} is empty")]
    Empty {
        /// Name or description.
        name: Box<str>,
    },
    /// It has too many digits.
    #[error("the code of {name:?} has {length} digits; it may have {CODE_DIGITS}")]
    TooLong {
        /// Name or description.
        name: Box<str>,
        /// How many.
        length: usize,
    },
    /// It has something that is no digit.
    #[error("the code of {name:?} has something at position {position} that is no digit")]
    NoDigit {
        /// Name or description.
        name: Box<str>,
        /// Counted from 1.
        position: usize,
    },
    /// It is somebody else's already.
    #[error("the code of {name:?} is that of {there:?} already")]
    Duplicate {
        /// Name or description.
        name: Box<str>,
        /// Whose it is.
        there: Box<str>,
    },
    /// The name is too long.
    #[error("the name {name:?} has more than {NAME_CHARACTERS} characters")]
    NameTooLong {
        /// The name.
        name: Box<str>,
    },
    /// There are too many.
    #[error("there are {CODES_MAX} codes already, which is all that there may be")]
    TooMany,
}

/// Most digits of a code.
pub const CODE_DIGITS: usize = 16;
/// Longest name or description, in characters.
pub const NAME_CHARACTERS: usize = 50;
/// Most codes of a kind. Of authorization codes no source gives a figure; that of matter codes is used.
pub const CODES_MAX: usize = 60_000;

impl CodeTable {
    /// No codes.
    pub const fn new() -> Self {
        CodeTable { authorization: BTreeMap::new(), matter: BTreeMap::new() }
    }

    /// Adds an authorization code of 1 to 16 digits.
    ///
    /// # Errors
    /// When the code or name is malformed, the code is somebody's, or there are too many.
    pub fn add_authorization(&mut self, code: &str, name: &str, level: u8) -> Result<(), CodeError> {
        check(code, name)?;
        if let Some(there) = self.authorization.get(code) {
            return Err(CodeError::Duplicate { name: name.into(), there: there.name.clone() });
        }
        if self.authorization.len() >= CODES_MAX {
            return Err(CodeError::TooMany);
        }
        self.authorization.insert(code.into(), AuthorizationCode { name: name.into(), level });
        Ok(())
    }

    /// Adds a client matter code of 1 to 16 digits.
    ///
    /// # Errors
    /// When the code or description is malformed, the code is there, or there are too many.
    pub fn add_matter(&mut self, code: &str, description: &str) -> Result<(), CodeError> {
        check(code, description)?;
        if let Some(there) = self.matter.get(code) {
            return Err(CodeError::Duplicate { name: description.into(), there: there.description.clone() });
        }
        if self.matter.len() >= CODES_MAX {
            return Err(CodeError::TooMany);
        }
        self.matter.insert(code.into(), MatterCode { description: description.into() });
        Ok(())
    }

    /// The highest level of any authorization code; `None` when there is none.
    pub fn highest_level(&self) -> Option<u8> {
        self.authorization.values().map(|code| code.level).max()
    }

    /// Whether there is any client matter code.
    pub fn has_matters(&self) -> bool {
        !self.matter.is_empty()
    }

    /// Whose authorization code this is.
    pub fn authorization(&self, code: &str) -> Option<&AuthorizationCode> {
        self.authorization.get(code)
    }

    /// What this client matter code stands for.
    pub fn matter(&self, code: &str) -> Option<&MatterCode> {
        self.matter.get(code)
    }
}

impl fmt::Debug for CodeTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CodeTable")
            .field("authorization", &self.authorization.len())
            .field("matter", &self.matter.len())
            .finish()
    }
}

fn check(code: &str, name: &str) -> Result<(), CodeError> {
    if name.chars().count() > NAME_CHARACTERS {
        return Err(CodeError::NameTooLong { name: name.into() });
    }
    let name = || Box::from(name);
    if code.is_empty() {
        return Err(CodeError::Empty { name: name() });
    }
    if let Some(position) = code.chars().position(|character| !character.is_ascii_digit()) {
        return Err(CodeError::NoDigit { name: name(), position: position + 1 });
    }
    if code.len() > CODE_DIGITS {
        return Err(CodeError::TooLong { name: name(), length: code.len() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_a_code_says_why_and_not_which() {
        let mut table = CodeTable::new();
        table.add_authorization("1234", "Ada", 10).unwrap();
        table.add_matter("1234", "Smith against Jones").unwrap();
        let mut check = |code: &str, name: &str, expect: &str| {
            assert_eq!(table.add_authorization(code, name, 0).unwrap_err().to_string(), expect);
            let matter = table.add_matter(code, name).unwrap_err().to_string();
            assert_eq!(matter, expect.replace("\"Ada\"", "\"Smith against Jones\""));
        };
        check("", "Bob", "the code of \"Bob\" is empty");
        check("12345678901234567", "Bob", "the code of \"Bob\" has 17 digits; it may have 16");
        check("12*4", "Bob", "the code of \"Bob\" has something at position 3 that is no digit");
        check("1234", "Bob", "the code of \"Bob\" is that of \"Ada\" already");
        let long = "x".repeat(51);
        check("1235", &long, &format!("the name {long:?} has more than 50 characters"));
        assert_eq!(format!("{table:?}"), "CodeTable { authorization: 1, matter: 1 }");
    }

    #[test]
    fn both_tables_end_somewhere() {
        let mut table = CodeTable::new();
        for code in 0..CODES_MAX {
            table.add_authorization(&code.to_string(), "x", 0).unwrap();
            table.add_matter(&code.to_string(), "x").unwrap();
        }
        assert_eq!(table.add_authorization("999999", "x", 0), Err(CodeError::TooMany));
        assert_eq!(table.add_matter("999999", "x"), Err(CodeError::TooMany));
    }
}
