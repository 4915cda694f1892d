//! References from one object to another.

use std::fmt;
use std::marker::PhantomData;

use serde_json::Value;

use super::Setting;
use crate::form::Form;
use crate::reader::{Names, Reader};
use crate::{Id, Kind, Object};

/// Refers to an object of the kind `T`. It holds the id, so that the object may be renamed.
pub struct Ref<T> {
    id: Id,
    kind: PhantomData<fn() -> T>,
}

impl<T> Ref<T> {
    /// A reference to the object with this id.
    pub const fn new(id: Id) -> Self {
        Ref { id, kind: PhantomData }
    }

    /// Which object.
    pub const fn id(&self) -> Id {
        self.id
    }
}

impl<T: Object> Setting for Ref<T> {
    const FORM: Form = Form::Reference(T::KIND);

    fn read(value: &Value, reader: &mut Reader<'_>) -> Option<Self> {
        reader.reference(T::KIND, value).map(Ref::new)
    }

    fn write(&self, names: &dyn Names) -> Value {
        Value::String(names.name(T::KIND, self.id))
    }

    fn references(&self, found: &mut dyn FnMut(Kind, Id)) {
        found(T::KIND, self.id);
    }
}

// What a derive would ask of `T` is not needed.
impl<T> Clone for Ref<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Ref<T> {}

impl<T> PartialEq for Ref<T> {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl<T> Eq for Ref<T> {}

impl<T> fmt::Debug for Ref<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.id, f)
    }
}
