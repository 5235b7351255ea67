//! From a reference to a directory.

use std::path::Path;
use std::pin::pin;
use std::sync::Arc;

use futures::stream::{Stream, StreamExt as _, TryStreamExt as _};

use crate::handles::reference::Reference;
use crate::requests::support::awaits;
use crate::transfer::blocking;
use crate::transfer::dir::delete::delete_extraneous;
use crate::transfer::dir::files::{self, Sameness};
use crate::transfer::dir::kept::Kept;
use crate::transfer::dir::listing::{Listed, list};
use crate::transfer::dir::names::Names;
use crate::transfer::dir::options::{Options, directory, options};
use crate::transfer::dir::report::{Each, Outcomes, Step};
use crate::transfer::dir::{SyncAction, SyncReport};
use crate::{Error, ErrorKind, Result};

/// Downloads the objects under a prefix; see [`Reference::download_dir`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct DownloadDirRequest {
    reference: Reference,
    prefix: String,
    root: Arc<Path>,
    unverified: bool,
    fsync: bool,
    options: Options,
}

options!(DownloadDirRequest);

impl DownloadDirRequest {
    pub(crate) fn new(reference: Reference, prefix: String, root: &Path, skip_unchanged: bool) -> Self {
        let (prefix, options) = (directory(prefix), Options::new(skip_unchanged));
        Self { reference, prefix, root: root.into(), unverified: false, fsync: false, options }
    }

    /// Deletes the files below the directory that are no objects, before anything is downloaded; with them the directories
    /// that hold nothing else. Symbolic links are deleted, never followed. A file whose name is not Unicode stays.
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound): there is no object under the prefix, so that all would be deleted.
    pub fn delete_extraneous(mut self, yes: bool) -> Self {
        self.options.delete_extraneous = yes;
        self
    }

    /// Whether the bytes are held against the checksums of the objects, as they are unless it is said otherwise; see
    /// [`ReaderRequest::verify`](crate::ReaderRequest::verify).
    pub fn verify(mut self, yes: bool) -> Self {
        self.unverified = !yes;
        self
    }

    /// Whether each file is brought to the disk before it has its name. It is not unless it is said, as that takes most of
    /// the time where files are small: then a download that ends early still leaves no file that is torn, but a machine that
    /// loses its power may. [`Reference::sync_to_dir`] finds such a file, as it compares the contents.
    pub fn fsync(mut self, yes: bool) -> Self {
        self.fsync = yes;
        self
    }

    async fn send(mut self) -> Result<SyncReport> {
        self.pin().await?;
        let root = self.root.clone();
        let sameness = blocking(move || Ok(Sameness::at(&root))).await.map_err(|error| self.failed(error))?;
        let listed = self.look(sameness).await?;
        let Options { concurrency, dry_run, each, .. } = &self.options;
        let mut outcomes = Outcomes::new(&self.prefix, each);
        if self.options.delete_extraneous {
            let listed = listed.once_more(|| self.list_again(sameness));
            let deleted =
                delete_extraneous(&self.root, listed, *dry_run, &mut outcomes, &|error| self.failed(error))
                    .await;
            if let Err(error) = deleted {
                return Err(outcomes.broken(error));
            }
        }
        if !dry_run {
            let root = self.root.clone();
            let made = blocking(move || std::fs::create_dir_all(root)).await;
            made.map_err(|error| self.failed(error))?;
        }
        let listed = listed.again(|| self.list_again(sameness));
        let moved = outcomes.take_all(listed, *concurrency, |listed| self.step(listed));
        if let Err(error) = moved.await {
            return Err(outcomes.broken(error));
        }
        outcomes.end(|| self.action())
    }

    /// Stays at one commit where the expression leads to one: a branch itself can have objects that are in none.
    async fn pin(&mut self) -> Result<()> {
        if self.reference.expression().contains(['~', '^', '@']) {
            let commit = self.reference.get_commit().await?;
            self.reference = self.reference.repository().reference(commit.id);
        }
        Ok(())
    }

    /// Looks at what there is, before anything is written.
    async fn look(&self, sameness: Sameness) -> Result<Kept<Listed>> {
        let mut outcomes = Outcomes::new(&self.prefix, &self.options.each);
        let (mut kept, mut names) = (Kept::new(), Names::new(sameness));
        let mut objects = pin!(list(&self.reference, &self.prefix));
        let mut any = false;
        while let Some(listed) = objects.try_next().await? {
            if outcomes.leaves_rest() {
                break;
            }
            any = true;
            if let Err(why) = names.check(&listed.name, listed.bytes) {
                outcomes.refuse(&listed.name, why);
            } else {
                if !listed.is_directory() {
                    self.options.progress.expect(1, Some(listed.bytes));
                }
                kept.push(listed);
            }
        }
        outcomes.end(|| self.action())?;
        if self.options.delete_extraneous && !any {
            let message = "there is no object under the prefix, and all files would be deleted";
            return Err(Error::new(ErrorKind::NotFound, self.action(), message));
        }
        Ok(kept)
    }

    /// Lists once more. What has come in between is looked at, too.
    fn list_again(&self, sameness: Sameness) -> impl Stream<Item = Result<Listed>> + Send + use<> {
        let (action, mut names) = (self.action(), Names::new(sameness));
        list(&self.reference, &self.prefix).map(move |listed| {
            let listed = listed?;
            match names.check(&listed.name, listed.bytes) {
                Ok(()) => Ok(listed),
                Err(why) => Err(Error::invalid(&*action, format!("{:?}: {why}", listed.name))),
            }
        })
    }

    /// Does what there is to do for an object.
    async fn step(&self, listed: Listed) -> Option<Step> {
        if listed.is_directory() {
            if self.options.dry_run {
                return None;
            }
            let (root, inside) = (self.root.clone(), files::place(&self.root, &listed.name).join("inside"));
            let made = blocking(move || files::make_way(&root, &inside)).await;
            return made.err().map(|error| Step::One(listed.name, Err(self.failed(error))));
        }
        let name = listed.name.clone();
        let outcome = self.download(listed).await;
        Some(Step::One(name, outcome))
    }

    async fn download(&self, listed: Listed) -> Result<SyncAction> {
        let Listed { name, bytes, checksum } = listed;
        let Options { skip_unchanged, dry_run, progress, .. } = &self.options;
        let path = files::place(&self.root, &name);
        if *skip_unchanged {
            let (root, path, checksum) = (self.root.clone(), path.clone(), checksum.clone());
            let equal = blocking(move || Ok(files::is_equal(&root, &path, bytes, &checksum))).await;
            if equal.map_err(|error| self.failed(error))? {
                progress.advance(bytes);
                progress.finish_item();
                return Ok(SyncAction::Unchanged(bytes));
            }
        }
        if *dry_run {
            return Ok(SyncAction::Transferred(bytes));
        }
        let object = self.reference.object(format!("{}{name}", self.prefix));
        let reader = object.reader().verify(!self.unverified).shared_progress(&progress.of_part());
        let download =
            reader.download_to(path).below_root(self.root.clone(), self.fsync).expecting(bytes, checksum);
        Ok(SyncAction::Transferred(download.await?))
    }

    fn failed(&self, error: std::io::Error) -> Error {
        Error::invalid(self.action(), "the directory cannot be written").with_source(error)
    }

    fn action(&self) -> String {
        let (reference, repository) = (self.reference.expression(), self.reference.repository());
        let repository = repository.name();
        let (prefix, root) = (&self.prefix, self.root.display());
        format!("download {prefix:?} at {reference:?} of repository {repository:?} to directory {root}")
    }
}

awaits!(DownloadDirRequest => SyncReport);
