//! References: names of commits, and expressions of them.

use std::time::{Duration, UNIX_EPOCH};

use lakefs::{ErrorKind, Repository, TryStreamExt as _};

use crate::identity;
use crate::support::{Lake, commit, refused, stage, tag, text};

/// The commit that an expression names.
async fn named(repository: &Repository, expression: &str) -> String {
    repository.reference(expression).get_commit().await.unwrap().id
}

/// A branch may be called as a commit, before there is that commit. The commit comes first then.
#[tokio::test]
async fn ref_01_a_commit_comes_before_a_branch() {
    let lake = Lake::new().await;
    let main = lake.main("ref_01").await;
    let repository = &main.repository();
    let one = commit(&main, "one", &[("a", "1")]).await;
    let root = main.repository().reference("main~1").get_commit().await.unwrap();
    let other = repository.branch("other");
    other.create(&root.id).await.unwrap();

    // The commit to come, which is known when all of it is.
    let mut coming = one.clone();
    coming.message = "two".to_owned();
    coming.creation_date = 1_700_000_000;
    coming.parents = vec![root.id.clone()];
    let id = identity::commit(&coming);
    let namesake = repository.branch(&id);
    namesake.create(&root.id).await.unwrap();
    assert_eq!(named(repository, &id).await, root.id);

    let two = other
        .commit("two")
        .date(UNIX_EPOCH + Duration::from_secs(1_700_000_000))
        .source_metarange(&one.meta_range_id)
        .await
        .unwrap();
    assert_eq!(two.id, id);
    assert_eq!(named(repository, &id).await, id);
    assert_eq!(text(&repository.reference(&id).object("a")).await, "1");
    assert_eq!(namesake.get().await.unwrap().commit_id, root.id);
}

/// A branch comes before the beginning of an identifier, and so does a tag. A branch and a tag cannot share a name.
#[tokio::test]
async fn ref_01_names_come_before_beginnings_of_identifiers() {
    let lake = Lake::new().await;
    let main = lake.main("ref_01").await;
    let repository = &main.repository();
    let root = main.get_commit().await.unwrap().id;
    let one = commit(&main, "one", &[("a", "1")]).await.id;

    assert_eq!(named(repository, &one).await, one);
    assert_eq!(named(repository, &one[..20]).await, one);
    repository.branch(&one[..20]).create(&root).await.unwrap();
    tag(repository, &one[..21], &root).await;
    assert_eq!(named(repository, &one[..20]).await, root);
    assert_eq!(named(repository, &one[..21]).await, root);
    assert_eq!(named(repository, &one[..22]).await, one);
    assert_eq!(named(repository, &one).await, one);
}

#[tokio::test]
async fn ref_02_modifiers() {
    let lake = Lake::new().await;
    let main = lake.main("ref_02").await;
    let repository = &main.repository();
    let root = main.get_commit().await.unwrap().id;
    let branch = repository.branch("branch");
    branch.create("main").await.unwrap();
    let one = commit(&main, "one", &[("a", "1")]).await.id;
    let side = commit(&branch, "side", &[("b", "1")]).await.id;
    let merge = branch.merge_into("main").await.unwrap().reference;
    tag(repository, "v1", &merge).await;

    for (expression, expected) in [
        ("main", &merge),
        ("main@", &merge),
        ("main~0", &merge),
        ("main^0", &merge),
        ("main~", &one),
        ("main~1", &one),
        ("main^", &one),
        ("main^1", &one),
        ("main^2", &side),
        ("main~2", &root),
        ("main~1~1", &root),
        ("main^2~1", &root),
        ("main^2^1", &root),
        ("v1", &merge),
        ("v1~", &one),
        ("v1^2", &side),
        (&*merge, &merge),
        (&format!("{merge}^2"), &side),
        (&format!("{}~2", &merge[..20]), &root),
    ] {
        assert_eq!(named(repository, expression).await, *expected, "{expression}");
    }

    for (expression, status, kind) in [
        ("nowhere", 404, ErrorKind::NotFound),
        ("nowhere~1", 404, ErrorKind::NotFound),
        ("main~3", 404, ErrorKind::NotFound),
        ("main^3", 500, ErrorKind::InvalidRequest),
        ("main~x", 500, ErrorKind::InvalidRequest),
        ("main@~1", 500, ErrorKind::InvalidRequest),
        ("main~1@", 500, ErrorKind::InvalidRequest),
        ("v1@", 500, ErrorKind::InvalidRequest),
        ("main$", 500, ErrorKind::InvalidRequest),
        ("~1", 500, ErrorKind::InvalidRequest),
    ] {
        let commit = repository.reference(expression).get_commit().await;
        let error = refused(commit, "get_commit", status, kind, "");
        assert!(!error.message().is_empty(), "{expression}");
    }
}

#[tokio::test]
async fn ref_02_what_is_staged_and_what_is_committed() {
    let lake = Lake::new().await;
    let main = lake.main("ref_02").await;
    let repository = &main.repository();
    commit(&main, "one", &[("a", "1"), ("b", "1")]).await;
    stage(&main, &[("a", "2"), ("c", "2")]).await;
    main.object("b").delete().await.unwrap();

    for (expression, a, b, c) in [
        ("main", Some("2"), None, Some("2")),
        ("main$", Some("2"), None, Some("2")),
        ("main@", Some("1"), Some("1"), None),
        ("main~0", Some("1"), Some("1"), None),
        ("main~1", None, None, None),
    ] {
        for (path, expected) in [("a", a), ("b", b), ("c", c)] {
            let object = repository.reference(expression).object(path);
            if let Some(expected) = expected {
                assert_eq!(text(&object).await, expected, "{expression} {path}");
            } else {
                refused(object.read().await, "get_object", 404, ErrorKind::NotFound, "not found");
                assert_eq!(object.get_opt().await.unwrap(), None, "{expression} {path}");
            }
        }
    }
}

#[tokio::test]
async fn ref_03_beginnings_of_identifiers() {
    let lake = Lake::new().await;
    let main = lake.main("ref_03").await;
    let repository = &main.repository();
    let mut ids = vec![main.get_commit().await.unwrap().id];
    // With sixteen digits, two of seventeen commits begin alike.
    let twice = loop {
        let message = format!("commit {}", ids.len());
        let id = main.commit(message).allow_empty(true).await.unwrap().id;
        let twin = ids.iter().find(|other| other[..1] == id[..1]).cloned();
        ids.push(id.clone());
        if let Some(twin) = twin {
            break (twin, id);
        }
    };
    let ambiguous = repository.reference(&twice.0[..1]);
    refused(ambiguous.get_commit().await, "get_commit", 404, ErrorKind::NotFound, "not found");
    // The longest beginning that they share is as bad, the next digit tells them apart.
    let shared = twice.0.bytes().zip(twice.1.bytes()).take_while(|(a, b)| a == b).count();
    for id in [&twice.0, &twice.1] {
        assert_eq!(named(repository, &id[..=shared]).await, *id);
    }

    // One of many commits has a letter among its first digits.
    let id = ids.iter().find(|id| id[..20].contains(|digit: char| digit.is_alphabetic())).unwrap();
    assert_eq!(named(repository, &id[..20]).await, *id);
    for expression in [id[..20].to_uppercase(), id.to_uppercase(), format!("{id}0")] {
        let commit = repository.reference(expression).get_commit().await;
        refused(commit, "get_commit", 404, ErrorKind::NotFound, "not found");
    }
}

#[tokio::test]
async fn ref_04_a_tag_with_a_modifier_in_its_name_is_no_reference() {
    let lake = Lake::new().await;
    let main = lake.main("ref_04").await;
    let repository = &main.repository();
    let tag = tag(repository, "a~b", "main").await;
    let api = lake.client.api();
    let got = api.get_tag().repository(repository.name()).tag(tag.name()).send().await.unwrap().into_inner();
    assert_eq!((&*got.id, &*got.commit_id), ("a~b", &*main.get().await.unwrap().commit_id));
    refused(tag.get_commit().await, "get_commit", 500, ErrorKind::InvalidRequest, "");
    refused(tag.log().try_next().await, "log_commits", 400, ErrorKind::InvalidRequest, "");
    // A tag of another alphabet is as good as any.
    let tag = crate::support::tag(repository, "völlig-👍", "main").await;
    assert_eq!(tag.get_commit().await.unwrap().id, main.get().await.unwrap().commit_id);
}

/// Whatever a reference is called, it is one segment of the path of the request, and names nothing else.
///
/// lakeFS decodes such a segment twice, and the second time a plus is a space to it, unless the client spells it in a
/// way that avoids this.
#[tokio::test]
async fn ref_05_names_that_would_be_more_than_a_name() {
    let lake = Lake::new().await;
    let main = lake.main("ref_05").await;
    let repository = &main.repository();

    for name in ["v1.0+build", "+", "a%62", "100%", "%6Dain", "a&b=c;d", "a,b", "é+%", "a\"b<c>{d}|e'(f)!"] {
        let tag = tag(repository, name, "main").await;
        let got = lake.client.api().get_tag().repository(repository.name()).tag(name).send().await.unwrap();
        let got = got.into_inner();
        assert_eq!(got.id, name);
        assert_eq!(tag.get_commit().await.unwrap().id, got.commit_id, "{name}");
    }

    for name in [
        "a/b",
        "../main",
        "main/",
        "/",
        "a\\b",
        "..\\main",
        "main?",
        "main#",
        "main%",
        "m%61in",
        "%2e%2e",
        "é",
        "...",
        "a:b",
        "main+",
        "main main",
        "main\n",
        "\t",
    ] {
        let commit = repository.reference(name).get_commit().await;
        refused(commit, "get_commit", 404, ErrorKind::NotFound, "commit not found");
    }

    for name in ["", ".", ".."] {
        #[track_caller]
        fn unsent<T: std::fmt::Debug>(result: lakefs::Result<T>, operation: &str) {
            refused(result, operation, None, ErrorKind::InvalidRequest, "cannot be a name");
        }
        let reference = repository.reference(name);
        unsent(reference.get_commit().await, "get_commit");
        unsent(reference.object("a").read().await, "get_object");
        unsent(repository.branch(name).object("a").upload("1").await, "upload_object");
        unsent(reference.log().try_next().await, "log_commits");
        unsent(reference.merge_into("main").await, "merge_into_branch");
        assert_eq!(reference.object("a").get_opt().await.unwrap(), None);
    }
}
