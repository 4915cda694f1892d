//! How layouts are declared: each message once, as a struct whose fields stand in the order of the wire.
//!
//! A field is written as its type says ([`crate::wire::Wire`]), or as what follows `as` says ([`crate::wire::Coding`]). A range in
//! brackets before it tells the versions that have it. A message that has several layouts, each with an id of its own,
//! declares its fields and then a `form` for each. Reading and writing both follow from the declaration.
//!
//! What a short body lacks is read as zero, as phones mean it; `needs` says how many bytes must be there all the same.

/// Declares numbers of the wire with the names that they have. Others keep their number.
macro_rules! codes {
    ($(#[$doc:meta])* $name:ident: $int:ty { $($code:ident = $value:literal $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub $int);

        impl $name {
            $(
                #[doc = concat!("“", $text, "”.")]
                pub const $code: $name = $name($value);
            )+
            /// Every one that has a name.
            pub const ALL: &'static [$name] = &[$($name::$code),+];

            /// The name that the field uses; `None` for a number that has none.
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some($text),)+
                    _ => None,
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self.name() {
                    Some(name) => f.write_str(name),
                    None => write!(f, "{:#x}", self.0),
                }
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self.name() {
                    Some(name) => write!(f, "{name} ({:#x})", self.0),
                    None => write!(f, "{:#x}", self.0),
                }
            }
        }

        impl $crate::wire::Wire for $name {
            fn read(from: &mut $crate::wire::Reader<'_>) -> Self {
                $name($crate::wire::Wire::read(from))
            }

            fn write(&self, to: &mut $crate::wire::Writer<'_>) {
                $crate::wire::Wire::write(&self.0, to);
            }
        }
    };
}

/// Declares the numbers by which peers mean a thing; each is a type of its own, so that two are not taken for each other.
macro_rules! references {
    ($($(#[$doc:meta])* $name:ident,)+) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
        pub struct $name(pub u32);

        impl $crate::wire::Wire for $name {
            fn read(from: &mut $crate::wire::Reader<'_>) -> Self {
                $name($crate::wire::Wire::read(from))
            }

            fn write(&self, to: &mut $crate::wire::Writer<'_>) {
                self.0.write(to);
            }
        }
    )+ };
}

/// Reads one field.
macro_rules! read_field {
    ($from:ident) => {
        $crate::wire::Wire::read($from)
    };
    ($from:ident, $coding:ty) => {
        <$coding as $crate::wire::Coding<_>>::read($from)
    };
}

/// Writes one field.
macro_rules! write_field {
    ($to:ident, $value:expr) => {
        $crate::wire::Wire::write(&$value, $to)
    };
    ($to:ident, $value:expr, $coding:ty) => {
        <$coding as $crate::wire::Coding<_>>::write(&$value, $to)
    };
}

/// Declares a part of messages: fields in the order of the wire.
macro_rules! record {
    (
        $(#[$doc:meta])*
        $name:ident {
            $($(#[$field_doc:meta])* $([$($versions:tt)+])? $field:ident: $type:ty $(as $coding:ty)?,)+
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Default, Debug)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)+
        }

        impl $crate::wire::Wire for $name {
            fn read(from: &mut $crate::wire::Reader<'_>) -> Self {
                $name {
                    $($field: if true $(&& ($($versions)+).contains(&from.version()))? {
                        read_field!(from $(, $coding)?)
                    } else {
                        Default::default()
                    },)+
                }
            }

            fn write(&self, to: &mut $crate::wire::Writer<'_>) {
                $(if true $(&& ($($versions)+).contains(&to.version()))? {
                    write_field!(to, self.$field $(, $coding)?);
                })+
            }
        }
    };
}

/// Declares a message.
macro_rules! message {
    // Without a body.
    ($(#[$doc:meta])* $name:ident = $id:ident;) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
        pub struct $name;

        impl $crate::message::Layout for $name {
            const FORMS: &'static [$crate::ids::MessageId] = &[$crate::ids::MessageId::$id];
            const NEEDS: usize = 0;

            fn form(&self, _: $crate::version::Version) -> $crate::ids::MessageId {
                $crate::ids::MessageId::$id
            }

            fn read(_: $crate::ids::MessageId, _: &mut $crate::wire::Reader<'_>) -> Self {
                $name
            }

            fn write(&self, _: $crate::ids::MessageId, _: &mut $crate::wire::Writer<'_>) {}
        }
    };
    // With one layout.
    (
        $(#[$doc:meta])*
        $name:ident = $id:ident $(, needs $needs:literal)? { $($fields:tt)+ }
    ) => {
        record! { $(#[$doc])* $name { $($fields)+ } }

        impl $crate::message::Layout for $name {
            const FORMS: &'static [$crate::ids::MessageId] = &[$crate::ids::MessageId::$id];
            const NEEDS: usize = 0 $(+ $needs)?;

            fn form(&self, _: $crate::version::Version) -> $crate::ids::MessageId {
                $crate::ids::MessageId::$id
            }

            fn read(_: $crate::ids::MessageId, from: &mut $crate::wire::Reader<'_>) -> Self {
                $crate::wire::Wire::read(from)
            }

            fn write(&self, _: $crate::ids::MessageId, to: &mut $crate::wire::Writer<'_>) {
                $crate::wire::Wire::write(self, to);
            }
        }
    };
    // With several, of which the version chooses.
    (
        $(#[$doc:meta])*
        $name:ident $(, needs $needs:literal)? {
            $($(#[$field_doc:meta])* $field:ident: $type:ty,)+
        }
        $(form $form:ident[$($chosen:tt)+] {
            $($([$($versions:tt)+])? $place:ident $(as $coding:ty)?,)+
        })+
    ) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Default, Debug)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)+
        }

        impl $crate::message::Layout for $name {
            const FORMS: &'static [$crate::ids::MessageId] = &[$($crate::ids::MessageId::$form),+];
            const NEEDS: usize = 0 $(+ $needs)?;

            fn form(&self, version: $crate::version::Version) -> $crate::ids::MessageId {
                $(if ($($chosen)+).contains(&version.number()) {
                    return $crate::ids::MessageId::$form;
                })+
                Self::FORMS[0]
            }

            fn read(id: $crate::ids::MessageId, from: &mut $crate::wire::Reader<'_>) -> Self {
                let mut value = Self::default();
                $(if id == $crate::ids::MessageId::$form {
                    $(if true $(&& ($($versions)+).contains(&from.version()))? {
                        value.$place = read_field!(from $(, $coding)?);
                    })+
                })+
                value
            }

            fn write(&self, id: $crate::ids::MessageId, to: &mut $crate::wire::Writer<'_>) {
                $(if id == $crate::ids::MessageId::$form {
                    $(if true $(&& ($($versions)+).contains(&to.version()))? {
                        write_field!(to, self.$place $(, $coding)?);
                    })+
                })+
            }
        }
    };
}

/// Declares all messages that one side sends, as one type.
macro_rules! side {
    ($(#[$doc:meta])* $side:ident { $($name:ident,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Debug)]
        pub enum $side {
            $(#[doc = concat!("See [`", stringify!($name), "`].")] $name($name),)+
        }

        impl $side {
            /// The ids of all of them: some messages have several forms.
            pub const FORMS: &'static [&'static [MessageId]] = &[$(<$name as Layout>::FORMS),+];

            /// Reads a message.
            ///
            /// # Errors
            /// When it is none of this side, none that is served, or lacks what it cannot do without.
            pub fn decode(id: MessageId, body: &[u8], dialect: Dialect) -> Result<Self, DecodeError> {
                $(if <$name as Layout>::FORMS.contains(&id) {
                    return read(id, body, dialect).map($side::$name);
                })+
                Err(DecodeError::NotServed { id })
            }

            /// The form in which a peer of this version is told it.
            pub fn id(&self, version: Version) -> MessageId {
                match self {
                    $($side::$name(message) => message.form(version),)+
                }
            }

            /// Writes it as a frame at the end of `out`, in a form that is not that of the version: [`Self::id`] when
            /// the message has no such form.
            pub fn encode_as(&self, id: MessageId, dialect: Dialect, out: &mut Vec<u8>) {
                match self {
                    $($side::$name(message) => write(message, id, dialect, out),)+
                }
            }

            /// Writes it as a frame at the end of `out`.
            pub fn encode(&self, dialect: Dialect, out: &mut Vec<u8>) {
                self.encode_as(self.id(dialect.version), dialect, out);
            }
        }

        $(impl From<$name> for $side {
            fn from(message: $name) -> Self {
                $side::$name(message)
            }
        })+
    };
}
