//! From a directory to a branch.

use std::fmt;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;

use futures::future;
use futures::stream::{BoxStream, Stream, StreamExt as _, TryStreamExt as _};
use tokio::sync::Semaphore;

use crate::Body;
use crate::error::FailedObject;
use crate::handles::branch::Branch;
use crate::requests::objects::delete::{LONGEST_PATH, Target};
use crate::requests::support::{When as _, awaits, flags};
use crate::transfer::blocking;
use crate::transfer::digest::Comparison;
use crate::transfer::dir::extraneous::{Work, gather};
use crate::transfer::dir::files::{self, Content};
use crate::transfer::dir::join::{Pair, join};
use crate::transfer::dir::kept::Kept;
use crate::transfer::dir::listing::{Listed, list};
use crate::transfer::dir::names::Above;
use crate::transfer::dir::options::{Options, directory, options};
use crate::transfer::dir::report::{Each, Outcomes, Step};
use crate::transfer::dir::walk::{Found, Kind, SymlinkPolicy, walk};
use crate::transfer::dir::{SyncAction, SyncReport};
use crate::{Error, ErrorKind, Progress, Result};

/// How many parts of large files are under way at once, whichever files they are of.
const PARTS: usize = 8;

/// Uploads a directory; see [`Branch::upload_dir`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct UploadDirRequest {
    branch: Branch,
    root: PathBuf,
    prefix: String,
    symlinks: SymlinkPolicy,
    skip_special: bool,
    media_types: MediaTypes,
    force: Option<bool>,
    slots: Arc<Semaphore>,
    options: Options,
}

options!(UploadDirRequest);

impl UploadDirRequest {
    pub(crate) fn new(branch: Branch, root: PathBuf, prefix: String, skip_unchanged: bool) -> Self {
        Self {
            branch,
            root,
            prefix: directory(prefix),
            symlinks: SymlinkPolicy::default(),
            skip_special: false,
            media_types: MediaTypes(None),
            force: None,
            slots: Arc::new(Semaphore::new(PARTS)),
            options: Options::new(skip_unchanged),
        }
    }

    /// What becomes of symbolic links below the directory. Unless said otherwise, one is an error.
    pub fn symlinks(mut self, policy: SymlinkPolicy) -> Self {
        self.symlinks = policy;
        self
    }

    /// Leaves out sockets, pipes and devices, of which one is an error otherwise.
    pub fn skip_special(mut self, yes: bool) -> Self {
        self.skip_special = yes;
        self
    }

    /// Deletes the objects under the prefix that have no file in the directory. What is left out there counts as being there.
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound): there is no file in the directory, so that all would be deleted.
    pub fn delete_extraneous(mut self, yes: bool) -> Self {
        self.options.delete_extraneous = yes;
        self
    }

    /// Tells the media type of a file by its path. For `None`, it is `application/octet-stream`.
    pub fn content_type(
        mut self,
        media_type: impl Fn(&Path) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.media_types = MediaTypes(Some(Arc::new(media_type)));
        self
    }

    flags! {
        /// Writes even if the repository is read-only.
        force => force;
    }

    async fn send(self) -> Result<SyncReport> {
        // Without the branch, each of the files would be told so.
        let (_, kept) = future::try_join(self.branch.get(), self.look()).await?;
        let found = kept.again(|| self.walk());
        let joined: BoxStream<'_, _> = if self.options.skip_unchanged || self.options.delete_extraneous {
            join(found, list(&self.branch, &self.prefix).boxed()).map_ok(|joined| joined.pair).boxed()
        } else {
            found.map_ok(Pair::Left).boxed()
        };
        let mut left_out = Above::default();
        let joined = joined.try_filter(|pair| future::ready(!self.is_left_out(pair, &mut left_out)));
        let mut outcomes = Outcomes::new(&self.prefix, &self.options.each);
        let moved = outcomes.take_all(gather(joined), self.options.concurrency, |work| self.step(work));
        if let Err(error) = moved.await {
            return Err(outcomes.broken(error));
        }
        outcomes.end(|| self.action())
    }

    /// Looks at what there is, before anything is moved.
    async fn look(&self) -> Result<Kept<Found>> {
        let mut outcomes = Outcomes::new(&self.prefix, &self.options.each);
        let (mut kept, mut walk) = (Kept::new(), pin!(self.walk()));
        let mut any = false;
        while let Some(found) = walk.try_next().await? {
            if outcomes.leaves_rest() {
                break;
            }
            any |= found.kind != Kind::Directory;
            if let Some(why) = self.refusal(&found) {
                outcomes.refuse(&found.name, why);
            } else {
                if let Kind::File { bytes } = found.kind {
                    self.options.progress.expect(1, Some(bytes));
                }
                kept.push(found);
            }
        }
        outcomes.end(|| self.action())?;
        if self.options.delete_extraneous && !any {
            let message = "there is no file in the directory, and all objects would be deleted";
            return Err(Error::new(ErrorKind::NotFound, self.action(), message));
        }
        Ok(kept)
    }

    /// Why what was found cannot be an object.
    fn refusal(&self, found: &Found) -> Option<String> {
        match &found.kind {
            kind if self.leaves_out(kind) => None,
            Kind::Refused(why) => Some(why.clone()),
            Kind::Link => Some("it is a symbolic link".to_owned()),
            Kind::Special => Some("it is no regular file".to_owned()),
            Kind::Directory => None,
            Kind::File { .. } => {
                let length = self.prefix.len() + found.name.len();
                (length > LONGEST_PATH)
                    .then(|| format!("a path has at most {LONGEST_PATH} bytes, and this one has {length}"))
            }
        }
    }

    fn leaves_out(&self, kind: &Kind) -> bool {
        match kind {
            Kind::Link => self.symlinks == SymlinkPolicy::Skip,
            Kind::Special => self.skip_special,
            Kind::File { .. } | Kind::Directory | Kind::Refused(_) => false,
        }
    }

    /// Whether it is to be left out. So is the object of what is left out in the directory, and all that is below it: it may
    /// well have a file behind a link that nobody has looked at.
    fn is_left_out(&self, pair: &Pair<Found, Listed>, before: &mut Above) -> bool {
        match pair {
            Pair::Left(found) | Pair::Both(found, _) => {
                let left_out = self.leaves_out(&found.kind);
                if left_out {
                    before.of(&found.name);
                    before.push(&found.name);
                }
                left_out
            }
            Pair::Right(listed) => !self.options.delete_extraneous || before.of(&listed.name).is_some(),
        }
    }

    fn walk(&self) -> impl Stream<Item = Result<Found>> + Send + use<> {
        let action = self.action();
        walk(self.root.clone(), self.symlinks == SymlinkPolicy::Follow)
            .map_err(move |error| Error::invalid(&*action, "the directory cannot be read").with_source(error))
    }

    async fn step(&self, work: Work) -> Option<Step> {
        let (found, listed) = match work {
            Work::Found(found, listed) => (found, listed),
            Work::Extraneous(names) => {
                let outcome = if self.options.dry_run { Ok(Vec::new()) } else { self.delete(&names).await };
                return Some(Step::Deleted(names, outcome));
            }
        };
        let outcome = match found.kind {
            Kind::File { bytes } => self.upload(&found.name, bytes, listed).await,
            // It has come between the two looks.
            Kind::Refused(_) | Kind::Link | Kind::Special => {
                Err(Error::invalid("", self.refusal(&found).unwrap_or_default()))
            }
            Kind::Directory => return None,
        };
        Some(Step::One(found.name, outcome))
    }

    /// Deletes a batch of objects, and tells which of them could not be.
    async fn delete(&self, names: &[String]) -> Result<Vec<FailedObject>> {
        let to = Target { branch: self.branch.clone(), force: self.force, no_tombstone: None };
        to.delete(names.iter().map(|name| format!("{}{name}", self.prefix)).collect()).await
    }

    async fn upload(&self, name: &str, bytes: u64, there: Option<Listed>) -> Result<SyncAction> {
        let Options { skip_unchanged, dry_run, progress, .. } = &self.options;
        let same_size = there.filter(|there| *skip_unchanged && there.bytes == bytes);
        let comparison = same_size.and_then(|there| Comparison::with(&there.checksum, bytes));
        if *dry_run && comparison.is_none() {
            return Ok(SyncAction::Transferred(bytes));
        }
        let path = files::place(&self.root, name);
        let content = if bytes <= files::SMALL || comparison.is_some() {
            let path = path.clone();
            let load = move || files::load(&path, bytes, comparison);
            let unreadable = |error| Error::invalid("", "it cannot be read").with_source(error);
            blocking(load).await.map_err(unreadable)?
        } else {
            Content::Large
        };
        let body = match content {
            Content::Equal => {
                progress.advance(bytes);
                progress.finish_item();
                return Ok(SyncAction::Unchanged(bytes));
            }
            _ if *dry_run => return Ok(SyncAction::Transferred(bytes)),
            Content::Small(data) => Body::from(data),
            Content::Large => Body::file(&path),
        };
        let media_type = self.media_types.0.as_ref().and_then(|media_type| media_type(&path));
        let upload = self.branch.object(format!("{}{name}", self.prefix)).upload(body);
        let stats = upload
            .progress(progress.of_part())
            .sharing(self.slots.clone())
            .force(self.force.is_some())
            .when(media_type, |upload, media_type| upload.content_type(media_type))
            .await?;
        Ok(SyncAction::Transferred(stats.size_bytes.and_then(|bytes| bytes.try_into().ok()).unwrap_or(bytes)))
    }

    fn action(&self) -> String {
        let (branch, repository) = (self.branch.name(), self.branch.repository().name());
        let (root, prefix) = (self.root.display(), &self.prefix);
        format!("upload directory {root} to {prefix:?} on branch {branch:?} of repository {repository:?}")
    }
}

awaits!(UploadDirRequest => SyncReport);

/// Who knows the media types of files.
#[derive(Clone)]
#[expect(clippy::type_complexity, reason = "what the option takes")]
struct MediaTypes(Option<Arc<dyn Fn(&Path) -> Option<String> + Send + Sync>>);

impl fmt::Debug for MediaTypes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "by a function" } else { "none" })
    }
}
