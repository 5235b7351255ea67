//! Short forms for what most tests do with objects, commits, tags and diffs.

use std::collections::BTreeMap;

use futures::{TryStream, TryStreamExt as _};
use lakefs::requests::ReadRequest;
use lakefs::{Branch, BranchObject, Entry, Error, Object, Repository, Tag, models};

/// Uploads objects to a branch and commits them.
pub(crate) async fn commit_objects(
    branch: &Branch,
    message: &str,
    objects: &[(&str, &'static str)],
) -> models::Commit {
    upload_objects(branch, objects).await;
    branch.commit(message).await.expect("the commit succeeds")
}

/// Uploads objects to a branch.
pub(crate) async fn upload_objects(branch: &Branch, objects: &[(&str, &'static str)]) {
    for (path, data) in objects {
        branch.object(*path).upload(*data).await.expect("the upload succeeds");
    }
}

/// Creates a tag.
pub(crate) async fn create_tag(repository: &Repository, name: &str, reference: &str) -> Tag {
    let tag = repository.tag(name);
    tag.create(reference).await.expect("the tag is created");
    tag
}

/// Returns the paths of a diff, in its order.
pub(crate) async fn changed_paths(diff: impl TryStream<Ok = models::Diff, Error = Error>) -> Vec<String> {
    diff.map_ok(|entry| entry.path).try_collect().await.expect("the diff is read")
}

/// Returns the types and paths of a diff, in its order: `added a/b`.
pub(crate) async fn changes(diff: impl TryStream<Ok = models::Diff, Error = Error>) -> Vec<String> {
    let entries = diff.map_ok(|entry| format!("{} {}", entry.type_, entry.path));
    entries.try_collect().await.expect("the diff is read")
}

/// Returns the paths of a list of objects, in its order.
pub(crate) async fn object_paths(list: impl TryStream<Ok = Entry, Error = Error>) -> Vec<String> {
    list.map_ok(|entry| entry.path().to_owned()).try_collect().await.expect("the list is read")
}

/// Returns pairs as a map, such as the metadata of a commit.
pub(crate) fn string_map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// Reads an object as text.
pub(crate) async fn read_text(object: impl Readable) -> String {
    String::from_utf8(object.read().await.expect("the object is read").to_vec()).unwrap()
}

/// An object that can be read: of a branch or of any other ref.
pub(crate) trait Readable {
    fn read(&self) -> ReadRequest;
}

impl Readable for &Object {
    fn read(&self) -> ReadRequest {
        Object::read(self)
    }
}

impl Readable for &BranchObject {
    fn read(&self) -> ReadRequest {
        BranchObject::read(self)
    }
}
