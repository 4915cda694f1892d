//! Every kind of object, with all that can be set on it.

mod plan;
mod system;

pub use plan::{CallingSearchSpace, Line, Partition, TimeSchedule};
pub use system::{ServiceParameters, UrgentMatch};

/// Objects that are called by their name.
macro_rules! named {
    ($($Type:ident),* $(,)?) => {
        $(
            impl $crate::Object for $Type {
                const KIND: $crate::Kind = $crate::Kind::$Type;
                const NAMING: $crate::Naming = $crate::Naming::Name;

                fn identity(&self) -> $crate::Identity<'_> {
                    $crate::Identity { partition: None, name: self.name.as_str() }
                }
            }
        )*
    };
}

/// Objects that are called by their pattern in its partition.
macro_rules! patterns {
    ($($Type:ident),* $(,)?) => {
        $(
            impl $crate::Object for $Type {
                const KIND: $crate::Kind = $crate::Kind::$Type;
                const NAMING: $crate::Naming = $crate::Naming::PatternInPartition;

                fn identity(&self) -> $crate::Identity<'_> {
                    let partition = self.partition.map(|partition| partition.id());
                    $crate::Identity { partition, name: self.pattern.as_str() }
                }
            }
        )*
    };
}

/// Objects of which there is one.
macro_rules! single {
    ($($Type:ident),* $(,)?) => {
        $(
            impl $crate::Object for $Type {
                const KIND: $crate::Kind = $crate::Kind::$Type;
                const NAMING: $crate::Naming = $crate::Naming::Only;

                fn identity(&self) -> $crate::Identity<'_> {
                    $crate::Identity { partition: None, name: <Self as $crate::Object>::KIND.word() }
                }
            }
        )*
    };
}

pub(crate) use {named, patterns, single};
