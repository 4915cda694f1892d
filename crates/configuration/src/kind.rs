//! The kinds of objects, and what all of them can do.

use std::fmt;
use std::str::FromStr;

use serde_json::{Map, Value};

use crate::form::Field;
use crate::reader::{Names, Reader};
use crate::setting::Record;
use crate::{Id, kinds};

/// What every kind of object can do beside being a [`Record`].
pub trait Object: Record + Clone + PartialEq + fmt::Debug {
    /// Its kind.
    const KIND: Kind;

    /// How its name comes about.
    const NAMING: Naming;

    /// What tells it from others of its kind.
    fn identity(&self) -> Identity<'_>;
}

/// How the objects of a kind are called.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Naming {
    /// By their setting `name`.
    Name,
    /// By their setting `pattern`, in a partition after its name and a colon: `internal:1001`.
    PatternInPartition,
    /// There is one, and it is called like its kind.
    Only,
}

/// What tells an object from others of its kind.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Identity<'o> {
    /// The partition of a pattern that is in one.
    pub partition: Option<Id>,
    /// The name, or the pattern.
    pub name: &'o str,
}

/// Makes the list of kinds, and the type that holds an object of any.
macro_rules! kinds {
    ($( $(#[doc = $doc:literal])+ $Type:ident = $word:literal, $plural:literal, $title:literal; )*) => {
        /// The kinds of objects, in the order in which they can be created: references lead upwards, but for few.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Kind {
            $( $(#[doc = $doc])+ $Type, )*
        }

        impl Kind {
            /// All kinds, in their order.
            pub const ALL: &'static [Kind] = &[$( Kind::$Type, )*];

            /// The word for one object of the kind in files, commands and tables.
            pub const fn word(self) -> &'static str {
                match self { $( Kind::$Type => $word, )* }
            }

            /// The word for all objects of the kind: file names and addresses of the API.
            pub const fn plural(self) -> &'static str {
                match self { $( Kind::$Type => $plural, )* }
            }

            /// What people call it.
            pub const fn title(self) -> &'static str {
                match self { $( Kind::$Type => $title, )* }
            }

            /// What it is for.
            pub const fn doc(self) -> &'static str {
                match self { $( Kind::$Type => concat!($($doc),+).trim_ascii(), )* }
            }

            /// How its objects are called.
            pub const fn naming(self) -> Naming {
                match self { $( Kind::$Type => <kinds::$Type as Object>::NAMING, )* }
            }

            /// The settings of its objects.
            pub const fn fields(self) -> &'static [Field] {
                match self { $( Kind::$Type => <kinds::$Type as Record>::FIELDS, )* }
            }
        }

        /// An object of any kind.
        #[derive(Clone, PartialEq, Eq, Debug)]
        pub enum AnyObject {
            $( #[doc = concat!("A ", $title, ".")] $Type(Box<kinds::$Type>), )*
        }

        impl AnyObject {
            /// Its kind.
            pub const fn kind(&self) -> Kind {
                match self { $( AnyObject::$Type(_) => Kind::$Type, )* }
            }

            /// What tells it from others of its kind.
            pub fn identity(&self) -> Identity<'_> {
                match self { $( AnyObject::$Type(object) => object.identity(), )* }
            }

            /// Reads an object; `None` when something is wrong with it, which the reader knows.
            pub fn read(kind: Kind, table: &Map<String, Value>, reader: &mut Reader<'_>) -> Option<Self> {
                match kind {
                    $( Kind::$Type => {
                        kinds::$Type::read_table(table, reader).map(Box::new).map(AnyObject::$Type)
                    } )*
                }
            }

            /// Writes what differs from the defaults.
            pub fn write(&self, names: &dyn Names) -> Map<String, Value> {
                match self { $( AnyObject::$Type(object) => object.write_table(names), )* }
            }

            /// Names everything that it refers to.
            pub fn references(&self, found: &mut dyn FnMut(Kind, Id)) {
                match self { $( AnyObject::$Type(object) => Record::references(&**object, found), )* }
            }
        }

        $(
            impl From<kinds::$Type> for AnyObject {
                fn from(object: kinds::$Type) -> Self {
                    AnyObject::$Type(Box::new(object))
                }
            }

            impl<'o> TryFrom<&'o AnyObject> for &'o kinds::$Type {
                type Error = WrongKind;

                fn try_from(object: &'o AnyObject) -> Result<Self, WrongKind> {
                    match object {
                        AnyObject::$Type(object) => Ok(object),
                        #[allow(unreachable_patterns, clippy::match_wildcard_for_single_variants,
                            reason = "the same for every kind, however many there are")]
                        _ => Err(WrongKind),
                    }
                }
            }
        )*
    };
}

kinds! {
    /// Timers, limits and choices that hold for the whole system.
    ServiceParameters = "service_parameters", "service_parameters", "set of service parameters";
    /// When phone numbers in a partition exist.
    TimeSchedule = "time_schedule", "time_schedules", "time schedule";
    /// Numbers that are seen together or not at all.
    Partition = "partition", "partitions", "partition";
    /// Partitions in the order in which somebody's dialled numbers are looked up in them.
    CallingSearchSpace = "calling_search_space", "calling_search_spaces", "calling search space";
    /// A directory number: what is dialled to reach phones, and how calls to it are treated.
    Line = "line", "lines", "line";
}

/// An object of another kind was expected.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("an object of another kind")]
pub struct WrongKind;

/// No kind has this name.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{found:?} is no kind of object{}", nearest.map_or_else(String::new, |kind| format!("; did you mean {}?", kind.plural())))]
pub struct NoKind {
    /// What was found.
    pub found: Box<str>,
    /// What was probably meant.
    pub nearest: Option<Kind>,
}

/// Either word, singular or plural, with underscores or hyphens.
impl FromStr for Kind {
    type Err = NoKind;

    fn from_str(text: &str) -> Result<Self, NoKind> {
        let word = text.replace('-', "_");
        let named =
            |name: &str| Kind::ALL.iter().copied().find(|kind| kind.word() == name || kind.plural() == name);
        named(&word).ok_or_else(|| {
            let all = Kind::ALL.iter().flat_map(|kind| [kind.word(), kind.plural()]);
            NoKind { found: text.into(), nearest: crate::problem::nearest(&word, all).and_then(named) }
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}
