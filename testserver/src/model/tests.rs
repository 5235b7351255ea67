//! Tests of the model, with expectations observed on a real server.

use std::sync::Arc;

use super::catalog::Catalog;
use super::commit::{COMMIT_VERSION, Commit, CommitId};
use super::entry::{Entry, Location, Metadata, NewEntry};
use super::error::ErrorKind;
use super::log::LogQuery;
use super::merge::{MetaRange, Strategy, merge};
use super::time::Timestamp;
use super::tree::{Path, Tree};
use super::{MergeRequest, NewCommit, NewRepository, PageQuery, WriteOptions};

const REPOSITORY: &str = "example";

fn catalog_with_repository() -> Catalog {
    let mut catalog = Catalog::new("mem".into());
    let new = NewRepository {
        id: REPOSITORY.into(),
        storage_id: String::new(),
        namespace: "mem://example".into(),
        default_branch: String::new(),
        read_only: false,
        bare: false,
    };
    catalog.create_repository(new).unwrap();
    catalog
}

fn entry(content: &str) -> Entry {
    Entry::new(NewEntry {
        size: content.len().try_into().unwrap(),
        checksum: content.to_owned(),
        content_type: String::new(),
        metadata: Metadata::new(),
        modified: Timestamp::from_seconds(1),
        location: Location::Full(format!("mem://elsewhere/{content}")),
        content: None,
    })
}

fn put(catalog: &mut Catalog, branch: &str, path: &str, content: &str) {
    let path = Path::copy_from_slice(path.as_bytes());
    catalog.put_entry(REPOSITORY, branch, path, entry(content), WriteOptions::default()).unwrap();
}

fn commit(catalog: &mut Catalog, branch: &str, message: &str, date: i64) -> CommitId {
    let new =
        NewCommit { message: message.into(), date: Some(date), allow_empty: true, ..NewCommit::default() };
    catalog.commit(REPOSITORY, branch, new).unwrap().0
}

fn tree(entries: &[(&str, &str)]) -> Tree {
    let mut tree = Tree::default();
    for (path, content) in entries {
        tree.insert(&Path::copy_from_slice(path.as_bytes()), Arc::new(entry(content)));
    }
    tree
}

fn assert_id(commit: &Commit, id: &str) {
    assert_eq!(commit.id().as_str(), id);
}

#[test]
fn commit_ids_match_those_of_a_real_server() {
    let root = Commit::root(Timestamp { seconds: 1_795_476_969, nanos: 5 });
    let root_id = "5a500657ac70d2f7f64198c632561e9deb163f81e951954d119195d5d3400881";
    assert_id(&root, root_id);

    let first_id = "4a93970735d7ee44f08c8f6b4b2bd2e81bd66470322299f9dc41033c89875b47";
    let first = Commit {
        committer: "admin".into(),
        message: "first é".into(),
        created: Timestamp::from_seconds(1_700_000_000),
        metadata: [("b".to_owned(), "2".to_owned()), ("a".to_owned(), "1".to_owned())].into(),
        parents: vec![root_id.into()],
        generation: 2,
        version: COMMIT_VERSION,
        meta_range_id: "b319ac4417672825560bfc939816a0cb2a1d131667f510c6a5151c98a6e0a69e".into(),
        tree: Tree::default(),
    };
    assert_id(&first, first_id);

    let second_id = "d2c8b816912617b07a6a2e3e600946a5a99f54982b9ff390b7b29e1fd2b52eee";
    let second_content = "0b3dafd2c61a6862efcc6b76415829f64dd37918d2560a944a6dc01ce1db1e85";
    let second = Commit {
        message: "on d".into(),
        created: Timestamp::from_seconds(-1),
        metadata: Metadata::new(),
        parents: vec![first_id.into()],
        meta_range_id: second_content.into(),
        ..first
    };
    assert_id(&second, second_id);

    let merged = Commit {
        message: "Merge 'd' into 'main'".into(),
        created: Timestamp::from_seconds(1_795_476_969),
        metadata: [(".lakefs.merge.strategy".to_owned(), "default".to_owned())].into(),
        parents: vec![first_id.into(), second_id.into()],
        ..second
    };
    assert_id(&merged, "2f902cad9704343cc96a1414c6da55e9a34f115478dfb0a5136f5ede495ece7c");
}

#[test]
fn identity_does_not_cover_time_and_location() {
    let one = entry("x");
    let other = one.copied_to(Location::Relative("data/y".into()));
    assert_eq!(one.identity(), other.identity());
    assert_ne!(one.identity(), entry("y").identity());
    assert_ne!(one.identity(), one.with_metadata([("k".to_owned(), "v".to_owned())].into()).identity());
}

/// Returns the result of a merge at the path `p`. Empty content stands for no object.
fn merged(base: &str, ours: &str, theirs: &str, strategy: Strategy) -> Result<String, ErrorKind> {
    let side = |content: &str, own: &str| {
        // Other entries before and after, so that no side is empty.
        let mut entries = vec![("a", own), ("z", own)];
        entries.extend((!content.is_empty()).then_some(("p", content)));
        tree(&entries)
    };
    let (base, ours, theirs) = (side(base, "same"), side(ours, "same"), side(theirs, "same"));
    let mut ours = ours;
    ours.insert(&Path::from_static(b"b"), Arc::new(entry("ours")));
    let mut theirs = theirs;
    theirs.insert(&Path::from_static(b"c"), Arc::new(entry("theirs")));
    let ids = [&base, &ours, &theirs].map(Tree::meta_range_id);
    let content = |index: usize, tree| MetaRange { id: &ids[index], tree };
    let (tree, _) = merge(content(1, &ours), content(2, &theirs), content(0, &base), strategy, false)
        .map_err(|error| error.kind())?;
    assert!(tree.get(b"b").is_some() && tree.get(b"c").is_some());
    Ok(tree.get(b"p").map(|entry| entry.checksum.clone()).unwrap_or_default())
}

#[test]
fn merge_compares_both_sides_with_the_base() {
    // base, ours, theirs, and the result, where `None` is a conflict
    let table = [
        ("", "", "1", Some("1")),
        ("", "1", "", Some("1")),
        ("", "1", "1", Some("1")),
        ("", "1", "2", None),
        ("1", "1", "1", Some("1")),
        ("1", "1", "2", Some("2")),
        ("1", "2", "1", Some("2")),
        ("1", "2", "2", Some("2")),
        ("1", "2", "3", None),
        ("1", "", "1", Some("")),
        ("1", "1", "", Some("")),
        ("1", "", "", Some("")),
        ("1", "", "2", None),
        ("1", "2", "", None),
    ];
    for (base, ours, theirs, expected) in table {
        let case = format!("{base:?} {ours:?} {theirs:?}");
        let default = expected.map(str::to_owned).ok_or(ErrorKind::Conflict);
        assert_eq!(merged(base, ours, theirs, Strategy::Default), default, "{case}");
        let source = expected.unwrap_or(theirs).to_owned();
        assert_eq!(merged(base, ours, theirs, Strategy::SourceWins), Ok(source), "{case}");
        let destination = expected.unwrap_or(ours).to_owned();
        assert_eq!(merged(base, ours, theirs, Strategy::DestinationWins), Ok(destination), "{case}");
    }
}

#[test]
fn merge_without_changes_fails_unless_allowed() {
    let (one, two) = (tree(&[("a", "1")]), tree(&[("a", "2")]));
    let (one_id, two_id) = (one.meta_range_id(), two.meta_range_id());
    let one = MetaRange { id: &one_id, tree: &one };
    let two = MetaRange { id: &two_id, tree: &two };
    assert_eq!(merge(two, one, one, Strategy::Default, false).unwrap_err().kind(), ErrorKind::NoChanges);
    assert_eq!(merge(two, one, one, Strategy::Default, true).unwrap().1, two_id);
    assert_eq!(merge(one, two, one, Strategy::Default, false).unwrap().1, two_id);
}

#[test]
fn log_is_ordered_by_date_with_children_before_parents() {
    let mut catalog = catalog_with_repository();
    let first = commit(&mut catalog, "main", "first", 2_000_000_000);
    catalog.create_branch(REPOSITORY, "dev", "main", false, false).unwrap();
    let on_dev = commit(&mut catalog, "dev", "dev", 2_000_000_030);
    let second = commit(&mut catalog, "main", "second", 2_000_000_020);
    let older = commit(&mut catalog, "main", "older than its parent", 10);
    let request = MergeRequest { allow_empty: true, ..MergeRequest::default() };
    let merge = catalog.merge(REPOSITORY, "dev", "main", request).unwrap();
    let log = |query: LogQuery| {
        let query = LogQuery { amount: 100, ..query };
        let (commits, _) = catalog.log(REPOSITORY, "main", &query).unwrap();
        commits.into_iter().map(|(id, _)| id).collect::<Vec<_>>()
    };
    let all = log(LogQuery::default());
    assert_eq!(all[..5], [merge.clone(), on_dev.clone(), first.clone(), all[3].clone(), older.clone()]);
    assert_eq!(all[5], second);
    assert_eq!(log(LogQuery { first_parent: true, ..LogQuery::default() })[..3], [merge, older, second]);
    assert_eq!(log(LogQuery { after: on_dev.to_string(), ..LogQuery::default() })[0], first);
    assert_eq!(log(LogQuery { stop_at: on_dev.to_string(), ..LogQuery::default() }).len(), 2);
}

#[test]
fn ref_expressions_resolve_to_commits() {
    let mut catalog = catalog_with_repository();
    let root = catalog.branch_head(REPOSITORY, "main").unwrap();
    let head = commit(&mut catalog, "main", "head", 5);
    catalog.create_tag(REPOSITORY, "v1", "main", false).unwrap();
    let repository = catalog.repository(REPOSITORY).unwrap();
    let resolved = |expression: &str| repository.resolve(expression).map(|found| found.commit);
    for expression in
        ["main", "main@", "main$", "v1", "main~0", "main^0", head.as_str(), &head.as_str()[..40]]
    {
        assert_eq!(resolved(expression).unwrap(), head, "{expression}");
    }
    for expression in ["main~", "main^", "v1~1", "main^1~0"] {
        assert_eq!(resolved(expression).unwrap(), root, "{expression}");
    }
    for (expression, kind) in [
        ("main~2", ErrorKind::NotFound),
        ("main^2", ErrorKind::InvalidRef),
        ("v1@", ErrorKind::InvalidRef),
        ("main@~", ErrorKind::InvalidRef),
        ("nosuch", ErrorKind::NotFound),
        ("", ErrorKind::InvalidRef),
    ] {
        assert_eq!(resolved(expression).unwrap_err().kind(), kind, "{expression}");
    }
    assert_eq!(resolved(&head.as_str().to_uppercase()).unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn pages_of_a_long_listing_are_complete_and_sorted() {
    let mut catalog = catalog_with_repository();
    for index in 0..2000 {
        put(&mut catalog, "main", &format!("dir{}/file{index:04}", index % 4), "x");
        if index % 2 == 0 {
            commit(&mut catalog, "main", "some", index);
        }
    }
    let (mut query, mut seen) = (PageQuery { amount: 7, ..PageQuery::default() }, Vec::new());
    loop {
        let page = catalog.list_entries(REPOSITORY, "main", &query).unwrap();
        seen.extend(page.results.iter().map(|entry| entry.path().clone()));
        match page.results.last().filter(|_| page.has_more) {
            Some(last) => query.after = last.path().clone(),
            None => break,
        }
    }
    assert_eq!(seen.len(), 2000);
    assert!(seen.is_sorted());
    let query = PageQuery { delimiter: Path::from_static(b"/"), amount: 100, ..PageQuery::default() };
    let prefixes = catalog.list_entries(REPOSITORY, "main", &query).unwrap();
    assert_eq!(prefixes.results.len(), 4);
}
