//! The operations of a sequence, and how they are generated.

use lakefs::MergeStrategy;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::listing::View;
use crate::model::{Content, MergeOptions, Ref};

type Name = &'static str;

/// One call of the client. Every commit gets a message of its own, so that no two commits get the same id.
#[derive(Clone, Debug)]
pub(crate) enum Operation {
    Upload { branch: Name, path: Name, content: Content },
    UploadNew { branch: Name, path: Name, content: Content },
    SetMetadata { branch: Name, path: Name, value: Name },
    Copy { source: Ref, from: Name, branch: Name, to: Name },
    Delete { branch: Name, path: Name },
    DeleteMany { branch: Name, paths: Vec<Name> },
    DeletePrefix { branch: Name, prefix: Name },
    Reset { branch: Name },
    ResetObject { branch: Name, path: Name },
    ResetPrefix { branch: Name, prefix: Name },
    HardReset { branch: Name, target: Ref },
    Commit { branch: Name, allow_empty: bool },
    CreateBranch { branch: Name, source: Ref },
    DeleteBranch { branch: Name },
    CreateTag { tag: Name, source: Ref },
    DeleteTag { tag: Name },
    Merge { source: Ref, branch: Name, options: MergeOptions },
    Revert { commit: Ref, parent: usize, branch: Name },
    Read { reference: Ref, path: Name },
    List { reference: Ref, view: View },
    Uncommitted { branch: Name, view: View },
    Diff { left: Ref, right: Ref, two_dot: bool, view: View },
    Log { reference: Ref, first_parent: bool, page_size: u16, limit: Option<u64> },
    LogOfObject { reference: Ref, path: Name, page_size: u16 },
    MergeBase { left: Ref, right: Ref },
}

/// Names that mean something to a URL, a path or a delimiter, and few of them, so that operations meet.
pub(crate) const PATHS: [Name; 10] =
    ["a", "a/", "a/b", "a/b/c", "a b", "a+b", "%41", "A?x=1&y#z", "é", "a.txt"];
const PREFIXES: [Name; 8] = ["", "a", "a/", "a/b", "a ", "%4", "é", "nothing"];
const PAGE_SIZES: [u16; 4] = [1, 2, 3, 1000];

impl Content {
    /// Returns the content with metadata that no object at another path has.
    ///
    /// A merge of lakeFS 1.84 looks up an object of the merge base by the first path that is not before the path of the
    /// object, and does not compare the paths. If the two objects are equal, it drops the object, or a conflict.
    pub(crate) fn at(&self, path: Name) -> Self {
        Self { metadata: metadata_at(&self.metadata, path), ..self.clone() }
    }
}

/// Returns a value that no object at another path has.
pub(crate) fn metadata_at(start: &str, path: Name) -> String {
    format!("{start}{}", PATHS.iter().position(|other| *other == path).unwrap())
}

fn branch() -> impl Strategy<Value = Name> {
    prop_oneof![5 => Just("main"), 4 => Just("dev"), 1 => Just("other")]
}

fn tag() -> impl Strategy<Value = Name> {
    select(vec!["v1", "v2"])
}

fn path() -> impl Strategy<Value = Name> {
    // Most sequences are short, so most paths are the first ones.
    prop_oneof![3 => select(&PATHS[..3]), 2 => select(&PATHS[..])]
}

fn prefix() -> impl Strategy<Value = Name> {
    select(&PREFIXES[..])
}

fn reference() -> impl Strategy<Value = Ref> {
    prop_oneof![
        6 => branch().prop_map(Ref::Branch),
        2 => branch().prop_map(Ref::Committed),
        2 => (branch(), 0..3_usize).prop_map(|(branch, steps)| Ref::Ancestor(branch, steps)),
        2 => tag().prop_map(Ref::Tag),
        3 => (0..20_usize).prop_map(Ref::Commit),
    ]
}

fn content() -> impl Strategy<Value = Content> {
    let data = prop_oneof![1 => Just(""), 3 => Just("1"), 3 => Just("2")];
    let media_type = prop_oneof![4 => Just("application/octet-stream"), 1 => Just("text/plain")];
    (data, media_type, metadata()).prop_map(|(data, media_type, metadata)| Content {
        data,
        media_type,
        metadata: metadata.to_owned(),
    })
}

/// The start of the metadata of an object: see [`Content::at`].
fn metadata() -> impl Strategy<Value = Name> {
    prop_oneof![3 => Just("p"), 1 => Just("q")]
}

fn view() -> impl Strategy<Value = View> {
    let delimiter = prop_oneof![2 => Just(""), 2 => Just("/"), 1 => Just("b")];
    let after = prop_oneof![2 => Just(""), 1 => select(&PATHS[..]), 1 => select(vec!["a0", "a/a", "b"])];
    (prefix(), delimiter, after, select(&PAGE_SIZES[..]))
        .prop_map(|(prefix, delimiter, after, page_size)| View { prefix, delimiter, after, page_size })
}

fn options() -> impl Strategy<Value = MergeOptions> {
    let strategy = prop_oneof![
        3 => Just(None),
        1 => Just(Some(MergeStrategy::SourceWins)),
        1 => Just(Some(MergeStrategy::DestinationWins)),
    ];
    (strategy, prop::bool::weighted(0.2), prop::bool::weighted(0.2))
        .prop_map(|(strategy, squash, allow_empty)| MergeOptions { strategy, squash, allow_empty })
}

/// Changes of objects on a branch.
fn write() -> impl Strategy<Value = Operation> {
    use Operation::*;
    let put = || (branch(), path(), content());
    prop_oneof![
        8 => put().prop_map(|(branch, path, content)| Upload { branch, path, content }),
        1 => put().prop_map(|(branch, path, content)| UploadNew { branch, path, content }),
        1 => (branch(), path(), metadata())
            .prop_map(|(branch, path, value)| SetMetadata { branch, path, value }),
        2 => (reference(), path(), branch(), path())
            .prop_map(|(source, from, branch, to)| Copy { source, from, branch, to }),
        3 => (branch(), path()).prop_map(|(branch, path)| Delete { branch, path }),
        1 => (branch(), vec(path(), 0..4)).prop_map(|(branch, paths)| DeleteMany { branch, paths }),
        1 => (branch(), prefix()).prop_map(|(branch, prefix)| DeletePrefix { branch, prefix }),
        1 => branch().prop_map(|branch| Reset { branch }),
        1 => (branch(), path()).prop_map(|(branch, path)| ResetObject { branch, path }),
        1 => (branch(), prefix()).prop_map(|(branch, prefix)| ResetPrefix { branch, prefix }),
    ]
}

/// Changes of branches, tags and history.
fn version() -> impl Strategy<Value = Operation> {
    use Operation::*;
    prop_oneof![
        8 => (branch(), prop::bool::weighted(0.1))
            .prop_map(|(branch, allow_empty)| Commit { branch, allow_empty }),
        5 => (reference(), branch(), options())
            .prop_map(|(source, branch, options)| Merge { source, branch, options }),
        3 => (reference(), 0..3_usize, branch())
            .prop_map(|(commit, parent, branch)| Revert { commit, parent, branch }),
        1 => (branch(), reference()).prop_map(|(branch, target)| HardReset { branch, target }),
        2 => (branch(), reference()).prop_map(|(branch, source)| CreateBranch { branch, source }),
        1 => branch().prop_map(|branch| DeleteBranch { branch }),
        2 => (tag(), reference()).prop_map(|(tag, source)| CreateTag { tag, source }),
        1 => tag().prop_map(|tag| DeleteTag { tag }),
    ]
}

/// Calls that change nothing.
fn read() -> impl Strategy<Value = Operation> {
    use Operation::*;
    let page_size = || select(&PAGE_SIZES[..]);
    prop_oneof![
        2 => (reference(), path()).prop_map(|(reference, path)| Read { reference, path }),
        3 => (reference(), view()).prop_map(|(reference, view)| List { reference, view }),
        2 => (branch(), view()).prop_map(|(branch, view)| Uncommitted { branch, view }),
        4 => (reference(), reference(), any::<bool>(), view())
            .prop_map(|(left, right, two_dot, view)| Diff { left, right, two_dot, view }),
        2 => (reference(), any::<bool>(), page_size(), option::of(0..5_u64))
            .prop_map(|(reference, first_parent, page_size, limit)| {
                Log { reference, first_parent, page_size, limit }
            }),
        1 => (reference(), path(), page_size())
            .prop_map(|(reference, path, page_size)| LogOfObject { reference, path, page_size }),
        1 => (reference(), reference()).prop_map(|(left, right)| MergeBase { left, right }),
    ]
}

/// Commits to two branches, often of one path, then a diff and a merge.
fn divergence() -> impl Strategy<Value = Vec<Operation>> {
    use Operation::*;
    let change = || {
        prop_oneof![
            3 => (path(), content()).prop_map(|(path, content)| (path, Some(content))),
            1 => path().prop_map(|path| (path, None)),
        ]
    };
    (change(), change(), view(), options()).prop_map(|(ours, theirs, view, options)| {
        let commit = |branch, (path, content): (Name, Option<Content>)| {
            let change = match content {
                Some(content) => Upload { branch, path, content },
                None => Delete { branch, path },
            };
            [change, Commit { branch, allow_empty: false }]
        };
        let [left, right] = ["main", "dev"].map(Ref::Branch);
        let merge = Merge { source: right.clone(), branch: "main", options };
        let diff = Diff { left, right, two_dot: false, view };
        commit("main", ours).into_iter().chain(commit("dev", theirs)).chain([diff, merge]).collect()
    })
}

/// Generates sequences of 1 to 30 steps, most of which are one operation.
pub(crate) fn sequences() -> impl Strategy<Value = Vec<Operation>> {
    let one = prop_oneof![5 => write(), 5 => version(), 3 => read()];
    let step = prop_oneof![12 => one.prop_map(|operation| vec![operation]), 1 => divergence()];
    vec(step, 1..=30).prop_map(|steps| steps.concat())
}
