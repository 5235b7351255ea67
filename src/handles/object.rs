//! Objects.

use crate::handles::reference::Reference;
use crate::requests::objects::copy::CopyObjectRequest;
use crate::requests::objects::delete::DeleteObjectRequest;
use crate::requests::objects::head::Head;
use crate::requests::objects::staging::{Link, PhysicalAddressRequest, Stage};
use crate::requests::support::{When as _, awaits, flags, opt};
use crate::scope::ObjectScope;
use crate::transfer::read::request::{Open, Read};
use crate::transfer::write::body::Body;
use crate::transfer::write::upload::Upload;
use crate::transfer::write::writer::Write;
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

    pub(crate) fn scope(&self) -> ObjectScope {
        self.reference.scope().object(&*self.path)
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
    /// [`WriteProtected`](crate::ErrorKind::WriteProtected): the branch or the repository is.
    pub fn upload(&self, body: impl Into<Body>) -> Upload {
        Upload::new(self.clone(), body.into())
    }

    /// Opens the object, to be written as the data come. It is there when the writer is
    /// [finished](ObjectWriter::finish) or shut down; a writer that is dropped before has written nothing.
    ///
    /// ```
    /// # async fn example(object: lakefs::Object) -> Result<(), Box<dyn std::error::Error>> {
    /// use tokio::io::AsyncWriteExt as _;
    ///
    /// let mut writer = object.writer().content_type("text/csv").await?;
    /// for number in 0..1_000_000 {
    ///     writer.write_all(format!("{number}\n").as_bytes()).await?;
    /// }
    /// let stats = writer.finish().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`upload`](Self::upload), from the writer.
    pub fn writer(&self) -> Write {
        Write::new(self.clone())
    }

    /// Reads the object into memory; [`reader`](Self::reader) is for those that are too large.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound); [`DataDeleted`](crate::ErrorKind::DataDeleted): its data are.
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
        // Not by its headers: a failure to read them has no words, and a 404 could be that of a wrong endpoint.
        Ok(opt(self.stat().user_metadata(false).await)?.is_some())
    }

    /// Reads the headers that a read would have: size, media type, entity tag, time.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound). The server says nothing but the status.
    pub fn head(&self) -> Head {
        Head::new(self.clone())
    }

    /// Copies the object to a path on a branch of the same repository, with its media type and its metadata. The data
    /// do not pass through this program.
    ///
    /// ```
    /// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
    /// let released = repository.tag("v1").object("model.bin");
    /// released.copy_to("main", "models/v1.bin").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): there is no such object, or no such branch.
    pub fn copy_to(&self, branch: impl Into<String>, path: impl Into<String>) -> CopyObjectRequest {
        CopyObjectRequest::new(self.clone(), branch.into(), path.into())
    }

    /// Puts this metadata in the place of all that users gave the object, and reads what is known of it then.
    ///
    /// ```
    /// # async fn example(object: lakefs::Object) -> lakefs::Result<()> {
    /// object.update_metadata([("origin", "lab"), ("checked", "yes")]).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): there is no such object.
    /// [`WriteProtected`](crate::ErrorKind::WriteProtected): the branch or the repository is.
    pub async fn update_metadata<K, V>(
        &self,
        metadata: impl IntoIterator<Item = (K, V)>,
    ) -> Result<models::ObjectStats>
    where
        K: Into<String>,
        V: Into<String>,
    {
        let pairs = metadata.into_iter().map(|(key, value)| (key.into(), value.into()));
        let body = models::UpdateObjectUserMetadata { set: models::ObjectUserMetadata(pairs.collect()) };
        let repository = self.reference.repository();
        let request = repository
            .api()
            .update_object_user_metadata()
            .repository(repository.name())
            .branch(self.reference.expression())
            .path(self.path())
            .body(body);
        request.send().await?;
        // The server answers that all is well also for a repository that does not exist.
        self.get().await
    }

    /// Reads what the storage knows of the object.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound).
    pub async fn underlying_properties(&self) -> Result<models::UnderlyingObjectProperties> {
        let repository = self.reference.repository();
        let request = repository.api().get_underlying_properties().repository(repository.name());
        let request = request.ref_(self.reference.expression()).path(self.path());
        Ok(request.send().await?.into_inner())
    }

    /// Asks for a place in the storage, for a program that can write there by itself and then [link](Self::link)s what
    /// it wrote. The place is good for 24 hours, for this path of this branch.
    ///
    /// ```
    /// # async fn put(address: &str, data: &[u8]) {}
    /// # async fn example(object: lakefs::Object, data: &[u8], md5: &str) -> lakefs::Result<()> {
    /// let staging = object.physical_address().await?;
    /// put(staging.physical_address.as_deref().unwrap_or_default(), data).await;
    /// object.link(staging, md5, data.len() as u64).content_type("text/csv").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Unsupported`](crate::ErrorKind::Unsupported): the storage signs no addresses. Whether the branch exists is
    /// seen only when the data are linked.
    pub fn physical_address(&self) -> PhysicalAddressRequest {
        PhysicalAddressRequest::new(self.clone())
    }

    /// Makes the data at a [place in the storage](Self::physical_address) this object. It is staged until it is
    /// committed. Whether the data are there, and are as large as this, the server does not look.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the reference is not a branch.
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest): the place was given for another path or branch or too long
    /// ago, or there is no checksum. [`WriteProtected`](crate::ErrorKind::WriteProtected): the branch or the repository is.
    pub fn link(&self, staging: models::StagingLocation, checksum: impl Into<String>, size: u64) -> Link {
        Link::new(self.clone(), staging, checksum.into(), size)
    }

    /// Makes data anywhere in the storage this object, without a place from the server. Deprecated by lakeFS in favour
    /// of [`link`](Self::link).
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the reference is not a branch.
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest): the address is none of this storage.
    /// [`WriteProtected`](crate::ErrorKind::WriteProtected): the branch or the repository is.
    pub fn stage(
        &self,
        physical_address: impl Into<String>,
        checksum: impl Into<String>,
        size: u64,
    ) -> Stage {
        Stage::new(self.clone(), physical_address.into(), checksum.into(), size)
    }

    /// Deletes the object from its branch, whether it is there or not. That it is gone is staged until it is
    /// committed.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the reference is not a branch.
    pub fn delete(&self) -> DeleteObjectRequest {
        DeleteObjectRequest::new(self.clone())
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
