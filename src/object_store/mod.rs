//! Repositories for engines: the trait of the `object_store` crate.

mod copy;
mod delete;
mod error;
mod get;
mod list;
mod location;
mod multipart;
mod put;

use std::fmt;
use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::list::{PaginatedListOptions, PaginatedListResult, PaginatedListStore};
use object_store::path::Path;
use object_store::{
    CopyMode, CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, RenameTargetMode, Result,
};

use self::copy::Place;
use self::location::Root;
use crate::handles::branch_object::BranchObject;
use crate::handles::reference::Reference;
use crate::handles::repository::Repository;

/// A repository, or one reference of it, as an [`ObjectStore`] for what reads and writes through that trait, of version 0.13
/// of its crate: DataFusion 55, and the `parquet` crate, among others.
///
/// It reads at any reference, and writes to branches, where what is written is staged until it is committed.
///
/// ```
/// use lakefs::object_store::LakeFsStore;
/// use object_store::path::Path;
/// use object_store::{ObjectStore as _, ObjectStoreExt as _};
///
/// # async fn example(repository: lakefs::Repository) -> Result<(), Box<dyn std::error::Error>> {
/// // Of one branch, tag, commit or expression.
/// let experiment = LakeFsStore::at(&repository.branch("experiment1"));
/// experiment.put(&Path::from("data/a.csv"), "id\n1\n".into()).await?;
///
/// // Of a repository: the paths begin with the reference.
/// let store = LakeFsStore::new(&repository);
/// let before = store.get(&Path::parse("main~1/data/a.csv")?).await?.bytes().await?;
/// store.copy(&Path::from("v1/model.bin"), &Path::from("experiment1/model.bin")).await?;
/// # Ok(())
/// # }
/// ```
///
/// # Names
/// The text of a location is the path of the object, byte for byte: nothing is encoded or decoded. As everywhere in the
/// `object_store` crate, `Path::from` encodes some characters, the `~` of `main~1` among them, and `Path::parse` does not.
///
/// lakeFS has names that no location can have: with empty segments or those that are `.` or `..`, with control
/// characters, with a `/` at an end. In a list such an object is an [`InvalidPath`](object_store::Error::InvalidPath) error
/// that says its name, and the list goes on behind it; it is not left out. Left out is what stands for a directory: an
/// object with no data whose name ends in `/`.
///
/// # What it does
/// * **Reads of a range** with one request, whose reply says what the conditions need to know. Ranges that are read together
///   are of one version of the object. Only the media type comes with them, and no metadata: no reply to a read has them.
/// * **Reads of all** with two: the object is looked at, and bytes are given only if they are of the object that was seen.
/// * **Conditions on reads**, all of them, as lakeFS has only one.
/// * **`PutMode::Create`**, decided by the server: of many writers one wins.
/// * **Uploads in parts**, of any size: the parts go to the server as one body, in the order in which they were put, and
///   the object is there when the upload is complete. Of one that is dropped or aborted there is none. A part is held in
///   memory until it has gone; its future says when.
/// * **Media type and metadata**, both ways. lakeFS keeps the names of metadata in lower case.
/// * **Copies** within the repository, by the server; where there must be [nothing at the
///   destination](object_store::CopyMode::Create), the data pass through this program, as the server cannot do that.
///   A rename is a copy and a deletion, and not atomic.
/// * **Deletions** of what is there or not, 1000 at a time.
/// * **Lists** in the order of the locations; those with an offset begin there. Page by page, with
///   [`PaginatedListStore`].
///
/// # What it cannot do
/// * `PutMode::Update`, and attributes other than the above: `NotImplemented`. lakeFS has no place for them.
/// * `MultipartStore`, which the trait does not need: uploads whose parts are numbered and come in any order.
/// * Read a `version`, and list a repository without a reference: `NotSupported`.
/// * Write to a tag, a commit, or a branch that does not exist: `NotSupported`.
#[derive(Clone, Debug)]
pub struct LakeFsStore {
    root: Root,
}

impl LakeFsStore {
    /// The store of a repository. The first segment of a path is the reference.
    #[must_use]
    pub fn new(repository: &Repository) -> Self {
        Self { root: Root::Repository(repository.clone()) }
    }

    /// The store of one reference, such as a [`Branch`](crate::Branch) or a [`Tag`](crate::Tag).
    #[must_use]
    pub fn at(reference: impl Into<Reference>) -> Self {
        Self { root: Root::Reference(reference.into()) }
    }

    fn object(&self, location: &Path) -> Result<BranchObject> {
        self.root.object(location)
    }
}

impl fmt::Display for LakeFsStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let uri = match &self.root {
            Root::Repository(repository) => repository.uri(),
            Root::Reference(reference) => reference.uri(),
        };
        write!(f, "LakeFsStore({uri})")
    }
}

#[async_trait]
impl ObjectStore for LakeFsStore {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        put::put(&self.object(location)?, location, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        Ok(Box::new(multipart::begin(&self.object(location)?, location, &options)?))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        get::get(&self.object(location)?, location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        get::get_ranges(&self.object(location)?, location, ranges).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        delete::delete_stream(self.root.clone(), locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        list::list(&self.root, prefix, None)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        list::list(&self.root, prefix, Some(offset))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        list::list_with_delimiter(&self.root, prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        let (source, destination) = (self.object(from)?, self.object(to)?);
        let source = Place { object: &source, location: from };
        copy::copy(source, Place { object: &destination, location: to }, options.mode).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        let (source, destination) = (self.object(from)?, self.object(to)?);
        let source = Place { object: &source, location: from };
        let mode = match options.target_mode {
            RenameTargetMode::Overwrite => CopyMode::Overwrite,
            RenameTargetMode::Create => CopyMode::Create,
        };
        copy::rename(source, Place { object: &destination, location: to }, mode).await
    }
}

#[async_trait]
impl PaginatedListStore for LakeFsStore {
    async fn list_paginated(
        &self,
        prefix: Option<&str>,
        options: PaginatedListOptions,
    ) -> Result<PaginatedListResult> {
        list::page(&self.root, prefix, options).await
    }
}
