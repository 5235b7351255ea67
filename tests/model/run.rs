//! Runs a sequence on a server and on the model, and compares them after each operation.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::future::IntoFuture;
use std::time::Duration;

use lakefs::{Branch, Entry, Error, Reference, Repository, StreamExt as _, TryStreamExt as _, models};
use tokio::time::timeout;

use crate::listing::{PREFIX, PREFIX_CHANGED, View};
use crate::model::{Content, Model, Outcome, Ref};
use crate::operations::{Operation, metadata_at};

/// A difference between the server and the model.
pub(crate) type Difference = String;

/// After so many operations the whole state is compared.
const INTERVAL: usize = 10;

/// A server that is slower than this does not respond.
const LIMIT: Duration = Duration::from_secs(60);

/// A repository on a server, and its model.
struct Run {
    repository: Repository,
    model: Model,
    /// The ids of the commits of the model.
    ids: Vec<String>,
}

/// Runs a sequence in a new repository, which has the branches `main` and `dev`.
pub(crate) async fn run(repository: Repository, operations: &[Operation]) -> Result<(), Difference> {
    let root = limited(repository.branch("main").get()).await?.map_err(|error| error.to_string())?;
    let mut run = Run { repository, model: Model::new(), ids: vec![root.commit_id] };
    let start = Operation::CreateBranch { branch: "dev", source: Ref::Branch("main") };
    for (index, operation) in [&start].into_iter().chain(operations).enumerate() {
        let at = |difference| format!("operation {index}, {operation:?}: {difference}");
        Box::pin(run.step(index, operation)).await.map_err(at)?;
        if index % INTERVAL == INTERVAL - 1 {
            run.compare().await.map_err(at)?;
        }
    }
    run.compare().await.map_err(|difference| format!("at the end: {difference}"))
}

/// Waits for a call, but not forever.
async fn limited<T>(call: impl IntoFuture<Output = T>) -> Result<T, Difference> {
    timeout(LIMIT, Box::pin(call.into_future())).await.map_err(|_| format!("no result after {LIMIT:?}"))
}

/// Compares the result of a call with that of the model.
#[expect(clippy::needless_pass_by_value, reason = "both results are made for the comparison")]
fn same<T: Debug + PartialEq>(expected: Outcome<T>, actual: Result<T, Error>) -> Result<(), Difference> {
    match (&expected, &actual) {
        (Ok(expected), Ok(actual)) if expected == actual => Ok(()),
        (Err(expected), Err(actual)) if *expected == actual.kind() => Ok(()),
        _ => Err(format!("the model has {expected:?}, the server {actual:?}")),
    }
}

impl Run {
    fn branch(&self, name: &str) -> Branch {
        self.repository.branch(name)
    }

    /// Returns the ref expression of a ref.
    fn text(&self, reference: &Ref) -> String {
        match reference {
            Ref::Branch(name) | Ref::Tag(name) => (*name).to_owned(),
            Ref::Committed(name) => format!("{name}@"),
            Ref::Ancestor(name, steps) => format!("{name}~{steps}"),
            Ref::Commit(number) => self.ids[number % self.ids.len()].clone(),
        }
    }

    fn reference(&self, reference: &Ref) -> Reference {
        self.repository.reference(self.text(reference))
    }

    async fn step(&mut self, index: usize, operation: &Operation) -> Result<(), Difference> {
        use Operation as Op;
        match operation {
            Op::Upload { branch, path, content } => {
                let content = content.at(path);
                let upload = with_content(self.branch(branch).object(*path).upload(content.data), &content);
                let actual = limited(upload).await?.map(|_| ());
                same(self.model.put(branch, path, content), actual)
            }
            Op::UploadNew { branch, path, content } => {
                let content = content.at(path);
                let upload = with_content(self.branch(branch).object(*path).upload(content.data), &content);
                let actual = limited(upload.if_none_match("*")).await?.map(|_| ());
                // The client takes an equal object of the same second that is committed for its own: a commit during the
                // request would explain the refusal.
                if actual.is_ok() && self.model.is_committed(branch, path, &content) {
                    return Ok(());
                }
                same(self.model.put_new(branch, path, content), actual)
            }
            Op::SetMetadata { branch, path, value } => {
                self.set_metadata(branch, path, metadata_at(value, path)).await
            }
            Op::Copy { source, from, branch, to } => {
                let copy = self.reference(source).object(*from).copy_to(*branch, *to);
                let actual = limited(copy).await?.map(|_| ());
                let expected = self.model.copy(source, from, branch, to);
                same(expected, actual)?;
                if expected.is_ok() && from != to {
                    self.set_metadata(branch, to, metadata_at("copy", to)).await?;
                }
                Ok(())
            }
            Op::Delete { branch, path } => {
                let actual = limited(self.branch(branch).object(*path).delete()).await?;
                same(self.model.delete(branch, &[(*path).to_owned()]), actual)
            }
            Op::DeleteMany { branch, paths } => {
                let paths: Vec<_> = paths.iter().map(|path| (*path).to_owned()).collect();
                let actual = limited(self.branch(branch).delete_objects(paths.clone())).await?;
                same(self.model.delete(branch, &paths), actual)
            }
            Op::DeletePrefix { branch, prefix } => {
                let actual = limited(self.branch(branch).delete_prefix(*prefix)).await?;
                same(self.model.delete_prefix(branch, prefix), actual)
            }
            Op::Reset { branch } => {
                let actual = limited(self.branch(branch).reset()).await?;
                same(self.model.reset(branch, |_| true), actual)
            }
            Op::ResetObject { branch, path } => {
                let actual = limited(self.branch(branch).reset().object(*path)).await?;
                same(self.model.reset(branch, |other| other == *path), actual)
            }
            Op::ResetPrefix { branch, prefix } => {
                let actual = limited(self.branch(branch).reset().prefix(*prefix)).await?;
                same(self.model.reset(branch, |path| path.starts_with(prefix)), actual)
            }
            _ => Box::pin(self.change_history(index, operation)).await,
        }
    }

    async fn set_metadata(
        &mut self,
        branch: &'static str,
        path: &'static str,
        value: String,
    ) -> Result<(), Difference> {
        let metadata = [("k", value.clone())];
        let actual = limited(self.branch(branch).object(path).update_metadata(metadata)).await?;
        same(self.model.set_metadata(branch, path, value), actual.map(|_| ()))
    }

    async fn change_history(&mut self, index: usize, operation: &Operation) -> Result<(), Difference> {
        use Operation as Op;
        let message = format!("message {index}");
        match operation {
            Op::HardReset { branch, target } => {
                // A hard reset keeps uncommitted changes, unless the server has sealed them, and fails then.
                let reset = self.model.reset(branch, |_| true);
                same(reset, limited(self.branch(branch).reset()).await?)?;
                let actual = limited(self.branch(branch).hard_reset(self.text(target))).await?;
                same(self.model.hard_reset(branch, target), actual)
            }
            Op::Commit { branch, allow_empty } => {
                let commit = self.branch(branch).commit(&message).allow_empty(*allow_empty);
                let actual = limited(commit).await?.map(|commit| commit.id);
                self.committed(self.model.clone().commit(branch, &message, *allow_empty), actual)?;
                self.model.commit(branch, &message, *allow_empty).ok();
                self.compare_commit(branch).await
            }
            Op::Merge { source, branch, options } => {
                self.settle(branch).await?;
                let mut merge = self.reference(source).merge_into(*branch).message(&message);
                merge = merge.squash(options.squash).allow_empty(options.allow_empty);
                if let Some(strategy) = options.strategy {
                    merge = merge.strategy(strategy);
                }
                let actual = limited(merge).await?.map(|merged| merged.reference);
                let expected = self.model.merge(source, branch, &message, *options);
                self.committed(expected, actual)?;
                self.compare_commit(branch).await
            }
            Op::Revert { commit, parent, branch } => {
                self.settle(branch).await?;
                let mut revert = self.branch(branch).revert(self.text(commit)).message(&message);
                if *parent > 0 {
                    revert = revert.parent_number(u32::try_from(*parent).unwrap());
                }
                let actual = match limited(revert).await? {
                    Ok(()) => limited(self.branch(branch).get()).await?.map(|branch| branch.commit_id),
                    Err(error) => Err(error),
                };
                let expected = self.model.revert(commit, *parent, branch, &message);
                self.committed(expected, actual)?;
                self.compare_commit(branch).await
            }
            Op::CreateBranch { branch, source } => {
                let actual = limited(self.branch(branch).create(self.text(source))).await?.map(|_| ());
                same(self.model.create_branch(branch, source), actual)
            }
            Op::DeleteBranch { branch } => {
                let actual = limited(self.branch(branch).delete()).await?;
                same(self.model.delete_branch(branch), actual)
            }
            Op::CreateTag { tag, source } => {
                let actual = limited(self.repository.tag(*tag).create(self.text(source))).await?;
                let expected = self.model.create_tag(tag, source).map(|commit| self.ids[commit].clone());
                same(expected, actual.map(|tag| tag.commit_id))
            }
            Op::DeleteTag { tag } => {
                let actual = limited(self.repository.tag(*tag).delete()).await?;
                same(self.model.delete_tag(tag), actual)
            }
            _ => Box::pin(self.read(operation)).await,
        }
    }

    async fn read(&mut self, operation: &Operation) -> Result<(), Difference> {
        use Operation as Op;
        match operation {
            Op::Read { reference, path } => {
                let object = self.reference(reference).object(*path);
                let expected = self.model.read(reference, path);
                let exists = limited(object.exists()).await?;
                same(Ok(expected.is_ok()), exists)?;
                let data =
                    limited(object.read()).await?.map(|data| String::from_utf8_lossy(&data).into_owned());
                same(expected.clone().map(|content| content.data.to_owned()), data)?;
                same(
                    expected.map(|content| described(&content)),
                    limited(object.stat()).await?.map(attributes),
                )
            }
            Op::List { reference, view } => {
                let mut list =
                    self.reference(reference).objects().prefix(view.prefix).page_size(view.page_size);
                if !view.delimiter.is_empty() {
                    list = list.delimiter(view.delimiter);
                }
                if !view.after.is_empty() {
                    list = list.after(view.after);
                }
                let list = list.map_ok(|entry| match entry {
                    Entry::Object(object) => format!("object {}", object.path),
                    Entry::Prefix(prefix) => format!("{PREFIX} {prefix}"),
                });
                let paths = self.model.view(reference).map(|tree| {
                    let paths = tree.into_keys().map(|path| (path, "object".to_owned())).collect();
                    view.items(paths, PREFIX)
                });
                same(paths, limited(list.try_collect()).await?)
            }
            Op::Uncommitted { branch, view } => {
                let mut diff =
                    self.branch(branch).uncommitted().prefix(view.prefix).page_size(view.page_size);
                if !view.after.is_empty() {
                    diff = diff.after(view.after);
                }
                let diff = diff.delimiter(view.delimiter).map_ok(described_change);
                let expected = self.model.uncommitted(branch).map(|changes| items(view, changes));
                same(expected, limited(diff.try_collect()).await?)
            }
            Op::Diff { left, right, two_dot, view } => {
                let mut diff =
                    self.reference(left).diff(self.text(right)).two_dot(*two_dot).prefix(view.prefix);
                if !view.after.is_empty() {
                    diff = diff.after(view.after);
                }
                let diff = diff.delimiter(view.delimiter).page_size(view.page_size).map_ok(described_change);
                let expected = self.model.diff(left, right, *two_dot).map(|changes| items(view, changes));
                same(expected, limited(diff.try_collect()).await?)
            }
            Op::Log { reference, first_parent, page_size, limit } => {
                let mut log =
                    self.reference(reference).log().first_parent(*first_parent).page_size(*page_size);
                if let Some(limit) = limit {
                    log = log.limit(*limit);
                }
                let log = log.map_ok(|commit| commit.id);
                let count = limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap());
                let expected = self.model.log(reference, *first_parent).map(|log| self.ids_of(log, count));
                // A log without commits sends no request, so it finds no error.
                let expected = if count == 0 { Ok(Vec::new()) } else { expected };
                same(expected, limited(log.try_collect()).await?)
            }
            Op::LogOfObject { reference, path, page_size } => {
                let log = self.reference(reference).log().object(*path).page_size(*page_size);
                let log = log.map_ok(|commit| commit.id);
                let expected = self.model.log(reference, false).map(|log| {
                    let log = log.into_iter().filter(|commit| self.model.touches(*commit, path)).collect();
                    self.ids_of(log, usize::MAX)
                });
                same(expected, limited(log.try_collect()).await?)
            }
            Op::MergeBase { left, right } => {
                let base = limited(self.reference(left).merge_base(self.text(right))).await?;
                let expected = self.model.resolve(left).and_then(|left| {
                    let right = self.model.resolve(right)?;
                    Ok(self.ids[self.model.merge_base(left, right)].clone())
                });
                same(expected, base.map(|base| base.base_commit_id))
            }
            _ => Err("the operation is not run".to_owned()),
        }
    }

    fn ids_of(&self, log: Vec<usize>, count: usize) -> Vec<String> {
        log.into_iter().take(count).map(|commit| self.ids[commit].clone()).collect()
    }

    /// Discards what the server may keep of writes that change nothing: whether a merge finds uncommitted changes then
    /// depends on its bookkeeping.
    async fn settle(&mut self, branch: &'static str) -> Result<(), Difference> {
        if self.model.is_uncertain(branch) {
            same(self.model.reset(branch, |_| true), limited(self.branch(branch).reset()).await?)?;
        }
        Ok(())
    }

    /// Compares the outcome of an operation that creates a commit, and keeps the id.
    fn committed(
        &mut self,
        expected: Outcome<usize>,
        actual: Result<String, Error>,
    ) -> Result<(), Difference> {
        if let (Ok(commit), Ok(id)) = (&expected, &actual) {
            assert_eq!(*commit, self.ids.len(), "each commit has an id");
            self.ids.push(id.clone());
        }
        same(expected.map(|commit| self.ids.get(commit).cloned().unwrap_or_default()), actual)
    }

    /// Compares the head of a branch.
    async fn compare_commit(&self, branch: &'static str) -> Result<(), Difference> {
        let actual = limited(self.branch(branch).get_commit()).await?;
        let expected = self.model.branch(branch).map(|branch| {
            let commit = &self.model.commits[branch.head];
            let parents = self.ids_of(commit.parents.clone(), usize::MAX);
            (self.ids[branch.head].clone(), commit.message.clone(), parents, commit.generation)
        });
        let generation = |commit: &models::Commit| commit.generation.and_then(|it| usize::try_from(it).ok());
        same(
            expected,
            actual.map(|commit| {
                let generation = generation(&commit).unwrap_or_default();
                (commit.id, commit.message, commit.parents, generation)
            }),
        )
    }

    /// Compares everything that the repository holds.
    async fn compare(&self) -> Result<(), Difference> {
        let id = |commit: usize| self.ids[commit].clone();
        let pair = |item: models::Ref| (item.id, item.commit_id);
        let branches = limited(self.repository.branches().map_ok(pair).try_collect::<Vec<_>>()).await?;
        let expected = self.model.branches.iter().map(|(name, branch)| ((*name).to_owned(), id(branch.head)));
        same(Ok(expected.collect()), branches)?;
        let tags = limited(self.repository.tags().page_size(1).map_ok(pair).try_collect::<Vec<_>>()).await?;
        let expected = self.model.tags.iter().map(|(name, commit)| ((*name).to_owned(), id(*commit)));
        same(Ok(expected.collect()), tags)?;
        for name in self.model.branches.keys() {
            self.compare_branch(name).await.map_err(|difference| format!("branch {name}: {difference}"))?;
        }
        Ok(())
    }

    async fn compare_branch(&self, name: &'static str) -> Result<(), Difference> {
        let branch = self.branch(name);
        let expected = self.model.uncommitted(name).map(|changes| items(&EVERYTHING, changes));
        same(expected, limited(branch.uncommitted().map_ok(described_change).try_collect()).await?)?;
        let expected = self.model.log(&Ref::Branch(name), false).map(|log| self.ids_of(log, usize::MAX));
        same(expected, limited(branch.log().map_ok(|commit| commit.id).try_collect()).await?)?;
        let objects = branch.objects().page_size(2).filter_map(async |entry| match entry {
            Ok(entry) => entry.into_object().map(|object| Ok((object.path.clone(), attributes(object)))),
            Err(error) => Some(Err(error)),
        });
        let tree = self.model.view(&Ref::Branch(name));
        let describe =
            |(path, object): (&String, &crate::model::Object)| (path.clone(), described(&object.content));
        let expected = tree.clone().map(|tree| tree.iter().map(describe).collect::<BTreeMap<_, _>>());
        same(expected, limited(objects.try_collect()).await?)?;
        for (path, object) in tree.unwrap_or_default() {
            let data = limited(branch.object(&path).read()).await?;
            let data = data.map(|data| String::from_utf8_lossy(&data).into_owned());
            same(Ok(object.content.data.to_owned()), data)
                .map_err(|difference| format!("{path}: {difference}"))?;
        }
        Ok(())
    }
}

const EVERYTHING: View = View { prefix: "", delimiter: "", after: "", page_size: 1000 };

/// Sets the attributes of an upload.
fn with_content(
    upload: lakefs::requests::UploadRequest,
    content: &Content,
) -> lakefs::requests::UploadRequest {
    upload.content_type(content.media_type).metadata("k", &content.metadata)
}

/// Describes the size and the attributes of an object.
fn described(content: &Content) -> String {
    format!("{} bytes, {}, {:?}", content.data.len(), content.media_type, Some(&*content.metadata))
}

fn attributes(object: models::ObjectStats) -> String {
    let (size, media_type) = (object.size_bytes.unwrap_or_default(), object.content_type.unwrap_or_default());
    let metadata = object.metadata.as_ref().and_then(|all| all.get("k")).map(|value| &**value);
    format!("{size} bytes, {media_type}, {metadata:?}")
}

#[expect(clippy::needless_pass_by_value, reason = "maps the items of a stream")]
fn described_change(change: models::Diff) -> String {
    format!("{} {}", change.type_, change.path)
}

fn items(view: &View, changes: Vec<(String, &'static str)>) -> Vec<String> {
    let changes = changes.into_iter().map(|(path, kind)| (path, kind.to_owned())).collect();
    view.items(changes, PREFIX_CHANGED)
}
