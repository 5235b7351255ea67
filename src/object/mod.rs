//! Objects.

mod body;
mod reader;
mod upload;

pub use body::Body;
pub use reader::{ObjectReader, Open, Read};
pub use upload::Upload;

use crate::reference::Reference;
use crate::request::{When as _, awaits, flags, opt};
use crate::{Result, Uri, models};

/// An object by its path at a reference, whether it exists or not.
///
/// A path is one to 1024 bytes that mean nothing to the server: no part of it is decoded or normalised.
#[derive(Clone, Debug)]
pub struct Object {
    reference: Reference,
    path: String,
}

impl Object {
    pub(crate) fn new(reference: Reference, path: String) -> Self {
        Self { reference, path }
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The reference that it is looked up at.
    #[must_use]
    pub fn reference(&self) -> &Reference {
        &self.reference
    }

    /// Its address.
    #[must_use]
    pub fn uri(&self) -> Uri {
        Uri::of_object(self.reference.repository().name(), self.reference.expression(), &self.path)
    }

    /// Writes the object to its branch, in place of what was there. It is staged until it is committed.
    ///
    /// ```
    /// # async fn example(object: lakefs::Object) -> lakefs::Result<()> {
    /// use lakefs::Body;
    ///
    /// let stats = object.upload(Body::file("data.csv")).content_type("text/csv").metadata("origin", "lab").await?;
    /// println!("{} bytes, checksum {}", stats.size_bytes.unwrap_or_default(), stats.checksum);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the reference is not a branch.
    /// [`Protected`](crate::ErrorKind::Protected): the branch or the repository is.
    pub fn upload(&self, body: impl Into<Body>) -> Upload {
        Upload::new(self.clone(), body.into())
    }

    /// Reads the object into memory; [`reader`](Self::reader) is for those that are too large.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound); [`Gone`](crate::ErrorKind::Gone): its data are.
    pub fn read(&self) -> Read {
        Read::new(self.clone())
    }

    /// Opens the object, to be read as it arrives.
    ///
    /// # Errors
    /// As [`read`](Self::read), and in the middle if the connection breaks.
    pub fn reader(&self) -> Open {
        Open::new(self.clone())
    }

    /// Reads what is known of the object: size, checksum, time, metadata.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound), where [`get_opt`](Self::get_opt) answers `None`.
    pub fn stat(&self) -> Stat {
        Stat { object: self.clone(), user_metadata: None, presign: None }
    }

    /// What [`stat`](Self::stat) reads with no options.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound), where [`get_opt`](Self::get_opt) answers `None`.
    pub async fn get(&self) -> Result<models::ObjectStats> {
        self.stat().await
    }

    /// Reads what is known of the object, or `None` if there is no such object, or no such reference or repository.
    pub async fn get_opt(&self) -> Result<Option<models::ObjectStats>> {
        opt(self.get().await)
    }

    /// Whether it exists.
    pub async fn exists(&self) -> Result<bool> {
        Ok(self.get_opt().await?.is_some())
    }

    /// Deletes the object from its branch, whether it is there or not. That it is gone is staged until it is
    /// committed.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the reference is not a branch.
    pub fn delete(&self) -> DeleteObject {
        DeleteObject { object: self.clone(), force: None }
    }
}

/// Reads what is known of an object; see [`Object::stat`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct Stat {
    object: Object,
    user_metadata: Option<bool>,
    presign: Option<bool>,
}

impl Stat {
    /// Whether to read the metadata that users gave it: yes, unless said otherwise.
    pub fn user_metadata(mut self, yes: bool) -> Self {
        self.user_metadata = Some(yes);
        self
    }

    flags! {
        /// Makes the physical address a signed one, good for a while and for everybody. Not every storage can.
        presign => presign;
    }

    async fn send(self) -> Result<models::ObjectStats> {
        let reference = self.object.reference();
        let repository = reference.repository();
        let request = repository
            .client
            .api()
            .stat_object()
            .repository(repository.name())
            .ref_(reference.expression())
            .path(self.object.path())
            .when(self.user_metadata, |request, yes| request.user_metadata(yes))
            .when(self.presign, |request, presign| request.presign(presign));
        Ok(request.send().await?.into_inner())
    }
}

awaits!(Stat => models::ObjectStats);

/// Deletes an object; see [`Object::delete`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct DeleteObject {
    object: Object,
    force: Option<bool>,
}

impl DeleteObject {
    flags! {
        /// Deletes it even if the repository is read-only.
        force => force;
    }

    async fn send(self) -> Result<()> {
        let reference = self.object.reference();
        let repository = reference.repository();
        let request = repository
            .client
            .api()
            .delete_object()
            .repository(repository.name())
            .branch(reference.expression())
            .path(self.object.path())
            .when(self.force, |request, force| request.force(force));
        request.send().await?;
        Ok(())
    }
}

awaits!(DeleteObject => ());
