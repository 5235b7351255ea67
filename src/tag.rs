//! Tags.

use std::ops::Deref;

use crate::reference::Reference;

/// A tag by its name, whether it exists or not. It can do all that a [`Reference`] can.
#[derive(Clone, Debug)]
pub struct Tag(Reference);

impl Deref for Tag {
    type Target = Reference;

    fn deref(&self) -> &Reference {
        &self.0
    }
}

impl Tag {
    pub(crate) fn new(reference: Reference) -> Self {
        Self(reference)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.expression()
    }
}
