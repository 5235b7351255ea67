//! Differences.

use lakefs::models::{Diff, DiffPathType, DiffType};
use lakefs::{Branch, ErrorKind, TryStreamExt as _};

use crate::support::{Lake, commit, entries, paths, refused, stage};

/// `main`, and `branch` that parted from it when there were `changed`, `removed` and `same`.
async fn parted(lake: &Lake, test: &str) -> (Branch, Branch) {
    let main = lake.main(test).await;
    commit(&main, "base", &[("changed", "1"), ("removed", "12"), ("same", "1")]).await;
    let branch = main.repository().branch("branch");
    branch.create("main").await.unwrap();
    (main, branch)
}

#[tokio::test]
async fn diff_01_what_is_staged() {
    let lake = Lake::new().await;
    let (_, branch) = parted(&lake, "diff_01").await;
    assert_eq!(entries(branch.uncommitted()).await, [""; 0]);
    stage(&branch, &[("added", "123"), ("changed", "1234"), ("came and went", "1")]).await;
    branch.object("removed").delete().await.unwrap();
    branch.object("came and went").delete().await.unwrap();

    let expected = ["added added", "changed changed", "removed removed"];
    for page_size in [1, 2, 1000] {
        assert_eq!(entries(branch.uncommitted().page_size(page_size)).await, expected);
    }
    assert_eq!(entries(branch.uncommitted().prefix("c")).await, ["changed changed"]);
    assert_eq!(entries(branch.uncommitted().after("added")).await, expected[1..]);
    let summary = branch.uncommitted().summary().await.unwrap();
    assert_eq!((summary.added, summary.changed, summary.removed), (1, 1, 1));
}

#[tokio::test]
async fn diff_02_sizes() {
    let lake = Lake::new().await;
    let (main, branch) = parted(&lake, "diff_02").await;
    stage(&branch, &[("added", "123"), ("changed", "1234")]).await;
    branch.object("removed").delete().await.unwrap();
    let sizes = |diff: Vec<Diff>| diff.into_iter().map(|entry| entry.size_bytes).collect::<Vec<_>>();

    // Of what is gone, only the diff of two references knows how large it was.
    let staged: Vec<_> = branch.uncommitted().try_collect().await.unwrap();
    assert!(staged.iter().all(|entry| entry.path_type == DiffPathType::Object && entry.right.is_none()));
    assert_eq!(sizes(staged), [Some(3), Some(4), Some(0)]);
    branch.commit("change").await.unwrap();
    let committed: Vec<_> = main.diff("branch").try_collect().await.unwrap();
    assert!(committed.iter().all(|entry| entry.path_type == DiffPathType::Object && entry.right.is_none()));
    assert_eq!(sizes(committed), [Some(3), Some(4), Some(2)]);
}

#[tokio::test]
async fn diff_03_three_dots_and_two() {
    let lake = Lake::new().await;
    let (main, branch) = parted(&lake, "diff_03").await;
    stage(&branch, &[("changed", "2"), ("right", "1")]).await;
    branch.object("removed").delete().await.unwrap();
    branch.commit("right").await.unwrap();
    commit(&main, "left", &[("left", "1")]).await;

    // What the right has done since they parted.
    let right = ["changed changed", "removed removed", "added right"];
    assert_eq!(entries(main.diff("branch")).await, right);
    assert_eq!(entries(branch.diff("main")).await, ["added left"]);
    // How they differ.
    let differ = ["changed changed", "removed left", "removed removed", "added right"];
    assert_eq!(entries(main.diff("branch").two_dot(true)).await, differ);
    let differ = ["changed changed", "added left", "added removed", "removed right"];
    assert_eq!(entries(branch.diff("main").two_dot(true)).await, differ);

    for same in ["main", "main@", "main~0"] {
        assert_eq!(entries(main.diff(same)).await, [""; 0]);
        assert_eq!(entries(main.diff(same).two_dot(true)).await, [""; 0]);
    }
    // What is behind has nothing new.
    assert_eq!(entries(main.diff("main~1")).await, [""; 0]);
    assert_eq!(entries(main.repository().reference("main~1").diff("main")).await, ["added left"]);
    assert_eq!(entries(main.diff("main~1").two_dot(true)).await, ["removed left"]);
    assert_eq!(entries(main.diff_from_parent()).await, ["added left"]);
    assert_eq!(entries(branch.diff_from_parent()).await, right);
}

#[tokio::test]
async fn diff_04_conflicts() {
    let lake = Lake::new().await;
    let (main, branch) = parted(&lake, "diff_04").await;
    stage(&branch, &[("changed", "2"), ("new", "2"), ("same", "2"), ("alike", "1"), ("right", "1")]).await;
    branch.object("removed").delete().await.unwrap();
    branch.commit("right").await.unwrap();
    stage(&main, &[("changed", "3"), ("new", "3"), ("removed", "3"), ("alike", "1")]).await;
    main.object("same").delete().await.unwrap();
    main.commit("left").await.unwrap();

    // Both have changed it, both have added it, one has removed what the other has changed; `alike` is the same on both.
    let expected = ["conflict changed", "conflict new", "conflict removed", "added right", "conflict same"];
    for page_size in [1, 1000] {
        assert_eq!(entries(main.diff("branch").page_size(page_size)).await, expected);
    }
    let summary = main.diff("branch").summary().await.unwrap();
    assert_eq!((summary.conflicts, summary.added), (4, 1));
    let differ = ["changed changed", "changed new", "removed removed", "added right", "added same"];
    assert_eq!(entries(main.diff("branch").two_dot(true)).await, differ);
}

#[tokio::test]
async fn diff_05_what_is_staged_is_not_compared_unless_asked_for() {
    let lake = Lake::new().await;
    let (main, branch) = parted(&lake, "diff_05").await;
    stage(&branch, &[("staged", "1")]).await;
    assert_eq!(entries(main.diff("branch")).await, [""; 0]);
    assert_eq!(entries(main.diff("branch").two_dot(true)).await, [""; 0]);
    assert_eq!(entries(main.diff("branch$").two_dot(true)).await, ["added staged"]);
    // On the left there must be a commit.
    let staged = main.repository().reference("branch$").diff("main").two_dot(true).try_next().await;
    refused(
        staged,
        "diff_refs",
        400,
        ErrorKind::InvalidRequest,
        "reference to staging area with $ is not a commit",
    );
}

const TREE: [(&str, &str); 9] = [
    ("a", "1"),
    ("a/1", "1"),
    ("a/2", "1"),
    ("a/b/3", "1"),
    ("a/c/4", "1"),
    ("a0", "1"),
    ("b", "1"),
    ("b.txt", "1"),
    ("c/5", "1"),
];

#[tokio::test]
async fn diff_06_prefixes_and_delimiters() {
    let lake = Lake::new().await;
    let main = lake.main("diff_06").await;
    let root = main.repository().reference("main~1");
    stage(&main, &TREE).await;
    let staged = main.uncommitted().prefix("a/").delimiter("/");
    assert_eq!(
        entries(staged).await,
        ["added a/1", "added a/2", "prefix_changed a/b/", "prefix_changed a/c/"]
    );
    main.commit("tree").await.unwrap();

    assert_eq!(paths(root.diff("main").prefix("a/")).await, ["a/1", "a/2", "a/b/3", "a/c/4"]);
    assert_eq!(paths(root.diff("main").prefix("b")).await, ["b", "b.txt"]);
    assert_eq!(paths(root.diff("main").prefix("nothing")).await, [""; 0]);
    let diff = root.diff("main").delimiter("/");
    let expected =
        ["added a", "prefix_changed a/", "added a0", "added b", "added b.txt", "prefix_changed c/"];
    assert_eq!(entries(diff).await, expected);
    let diff = root.diff("main").prefix("a/").delimiter("/");
    assert_eq!(entries(diff).await, ["added a/1", "added a/2", "prefix_changed a/b/", "prefix_changed a/c/"]);

    let prefix: Vec<_> = root.diff("main").prefix("c").delimiter("/").try_collect().await.unwrap();
    let [prefix] = &*prefix else { panic!("{prefix:?}") };
    assert_eq!((&prefix.path_type, &prefix.type_), (&DiffPathType::CommonPrefix, &DiffType::PrefixChanged));
    assert_eq!((prefix.size_bytes, &prefix.right), (None, &None));
    let summary = root.diff("main").delimiter("/").summary().await.unwrap();
    assert_eq!((summary.added, summary.prefixes), (4, 2));
}

#[tokio::test]
async fn diff_07_pages() {
    let lake = Lake::new().await;
    let main = lake.main("diff_07").await;
    commit(&main, "tree", &TREE).await;
    let root = main.repository().reference("main~1");
    let all = TREE.map(|(path, _)| path);
    for page_size in 1..=10 {
        assert_eq!(paths(root.diff("main").page_size(page_size)).await, all, "{page_size} a page");
    }
    for (number, path) in all.iter().enumerate() {
        assert_eq!(
            paths(root.diff("main").after(*path).page_size(2)).await,
            all[number + 1..],
            "after {path}"
        );
    }
    let pages: Vec<_> = root.diff("main").page_size(6).pages().try_collect().await.unwrap();
    let pages: Vec<_> = pages.iter().map(|page| (page.items.len(), page.next.as_deref())).collect();
    assert_eq!(pages, [(6, Some("a0")), (3, None)]);
}

/// lakeFS 1.84 pages through a diff with a delimiter by skipping all that begins with the last entry of a page: behind
/// `b` there would be no `b.txt`. The client does not let it.
#[tokio::test]
async fn diff_08_a_delimiter_loses_nothing_at_a_page_boundary() {
    let lake = Lake::new().await;
    let main = lake.main("diff_08").await;
    let root = main.repository().reference("main~1");
    let expected = ["a", "a/", "a0", "b", "b.txt", "c/"];
    stage(&main, &TREE).await;
    for page_size in 1..=10 {
        let diff = main.uncommitted().delimiter("/").page_size(page_size);
        assert_eq!(paths(diff).await, expected, "{page_size} a page");
    }
    main.commit("tree").await.unwrap();
    for page_size in 1..=10 {
        let diff = root.diff("main").delimiter("/").page_size(page_size);
        assert_eq!(paths(diff).await, expected, "{page_size} a page");
        let diff = root.diff("main").prefix("a").delimiter("/").page_size(page_size);
        assert_eq!(paths(diff).await, expected[..3], "{page_size} a page");
    }
    for (number, path) in expected.iter().enumerate() {
        let diff = root.diff("main").delimiter("/").after(*path).page_size(2);
        assert_eq!(paths(diff).await, expected[number + 1..], "after {path}");
    }
}

#[tokio::test]
async fn diff_09_the_objects_on_the_right() {
    let lake = Lake::new().await;
    let (main, branch) = parted(&lake, "diff_09").await;
    let removed = main.object("removed").stat().await.unwrap();
    let changed =
        branch.object("changed").upload("2").content_type("text/csv").metadata("k", "v").await.unwrap();
    branch.object("removed").delete().await.unwrap();
    branch.commit("change").await.unwrap();

    let diff: Vec<_> = main.diff("branch").right_stats(true).try_collect().await.unwrap();
    // What is not on the right is shown as it was on the left.
    for (entry, stats) in diff.iter().zip([changed, removed]) {
        let right = entry.right.as_ref().unwrap();
        assert_eq!(entry.path, stats.path);
        assert_eq!((&right.checksum, right.mtime), (&stats.checksum, stats.mtime));
        assert_eq!(Some(&right.content_type), stats.content_type.as_ref());
        let metadata = right.metadata.as_deref().cloned().unwrap_or_default();
        assert_eq!(&metadata, &**stats.metadata.as_ref().unwrap());
    }
    assert_eq!(diff.len(), 2);
}

#[tokio::test]
async fn diff_10_where_there_is_nothing_to_compare() {
    let lake = Lake::new().await;
    let main = lake.main("diff_10").await;
    let repository = &main.repository();
    let nowhere = repository.reference("nowhere");
    let missing = |result, words| refused(result, "diff_refs", 404, ErrorKind::NotFound, words);
    missing(main.diff("nowhere").try_next().await, "not found");
    missing(nowhere.diff("main").try_next().await, "not found");
    missing(main.diff("main~9").two_dot(true).try_next().await, "not found");
    // The first commit has nothing before it.
    missing(main.diff_from_parent().try_next().await, "not found");
    let other = lake.client.repository(lake.name("diff_10")).branch("main");
    missing(other.diff("main").try_next().await, "repository not found");

    let staged = repository.branch("nowhere").uncommitted().try_next().await;
    refused(staged, "diff_branch", 404, ErrorKind::NotFound, "branch not found");
    let staged = repository.branch("main~1").uncommitted().try_next().await;
    refused(staged, "diff_branch", 400, ErrorKind::InvalidRequest, "branch id");
    let diff = main.diff("main^x").try_next().await;
    refused(diff, "diff_refs", 400, ErrorKind::InvalidRequest, "invalid value");
}
