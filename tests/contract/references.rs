//! Ref expressions: names of branches, tags and commits, and modifiers.

use std::time::{Duration, UNIX_EPOCH};

use lakefs::{ErrorKind, Repository, TryStreamExt as _};

use crate::identity;
use crate::support::{Fixture, commit_objects, create_tag, expect_error, read_text, upload_objects};

/// Returns the identifier of the commit that an expression names.
async fn resolve(repository: &Repository, expression: &str) -> String {
    repository.reference(expression).get_commit().await.unwrap().id
}

/// A branch can get the identifier of a future commit as its name. Once the commit exists, the name means the commit.
#[tokio::test]
async fn ref_01_commit_takes_precedence_over_branch() {
    let fixture = Fixture::new().await;
    let main = fixture.main("ref_01").await;
    let repository = &main.repository();
    let one = commit_objects(&main, "one", &[("a", "1")]).await;
    let root = main.repository().reference("main~1").get_commit().await.unwrap();
    let other = repository.branch("other");
    other.create(&root.id).await.unwrap();

    // The identifier of the future commit, which is computed from all its fields.
    let mut future = one.clone();
    future.message = "two".to_owned();
    future.creation_date = 1_700_000_000;
    future.parents = vec![root.id.clone()];
    let id = identity::commit_id(&future);
    let namesake = repository.branch(&id);
    namesake.create(&root.id).await.unwrap();
    assert_eq!(resolve(repository, &id).await, root.id);

    let two = other
        .commit("two")
        .date(UNIX_EPOCH + Duration::from_secs(1_700_000_000))
        .source_metarange(&one.meta_range_id)
        .await
        .unwrap();
    assert_eq!(two.id, id);
    assert_eq!(resolve(repository, &id).await, id);
    assert_eq!(read_text(&repository.reference(&id).object("a")).await, "1");
    assert_eq!(namesake.get().await.unwrap().commit_id, root.id);
}

/// Names of branches and tags take precedence over abbreviated identifiers. A branch and a tag cannot share a name.
#[tokio::test]
async fn ref_01_names_take_precedence_over_abbreviated_identifiers() {
    let fixture = Fixture::new().await;
    let main = fixture.main("ref_01").await;
    let repository = &main.repository();
    let root = main.get_commit().await.unwrap().id;
    let one = commit_objects(&main, "one", &[("a", "1")]).await.id;

    assert_eq!(resolve(repository, &one).await, one);
    assert_eq!(resolve(repository, &one[..20]).await, one);
    repository.branch(&one[..20]).create(&root).await.unwrap();
    create_tag(repository, &one[..21], &root).await;
    assert_eq!(resolve(repository, &one[..20]).await, root);
    assert_eq!(resolve(repository, &one[..21]).await, root);
    assert_eq!(resolve(repository, &one[..22]).await, one);
    assert_eq!(resolve(repository, &one).await, one);
}

#[tokio::test]
async fn ref_02_modifiers_select_ancestors() {
    let fixture = Fixture::new().await;
    let main = fixture.main("ref_02").await;
    let repository = &main.repository();
    let root = main.get_commit().await.unwrap().id;
    let branch = repository.branch("branch");
    branch.create("main").await.unwrap();
    let one = commit_objects(&main, "one", &[("a", "1")]).await.id;
    let side = commit_objects(&branch, "side", &[("b", "1")]).await.id;
    let merge = branch.merge_into("main").await.unwrap().reference;
    create_tag(repository, "v1", &merge).await;

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
        assert_eq!(resolve(repository, expression).await, *expected, "{expression}");
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
        let error = expect_error(commit, "get_commit", status, kind, "");
        assert!(!error.message().is_empty(), "{expression}");
    }
}

#[tokio::test]
async fn ref_02_at_sign_reads_committed_and_dollar_sign_uncommitted_objects() {
    let fixture = Fixture::new().await;
    let main = fixture.main("ref_02").await;
    let repository = &main.repository();
    commit_objects(&main, "one", &[("a", "1"), ("b", "1")]).await;
    upload_objects(&main, &[("a", "2"), ("c", "2")]).await;
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
                assert_eq!(read_text(&object).await, expected, "{expression} {path}");
            } else {
                expect_error(object.read().await, "get_object", 404, ErrorKind::NotFound, "not found");
                assert_eq!(object.get_opt().await.unwrap(), None, "{expression} {path}");
            }
        }
    }
}

#[tokio::test]
async fn ref_03_unambiguous_abbreviation_of_an_identifier_is_a_ref() {
    let fixture = Fixture::new().await;
    let main = fixture.main("ref_03").await;
    let repository = &main.repository();
    let mut ids = vec![main.get_commit().await.unwrap().id];
    // There are sixteen digits, so two of at most seventeen identifiers have the same first digit.
    let twins = loop {
        let message = format!("commit {}", ids.len());
        let id = main.commit(message).allow_empty(true).await.unwrap().id;
        let twin = ids.iter().find(|other| other[..1] == id[..1]).cloned();
        ids.push(id.clone());
        if let Some(twin) = twin {
            break (twin, id);
        }
    };
    let ambiguous = repository.reference(&twins.0[..1]);
    expect_error(ambiguous.get_commit().await, "get_commit", 404, ErrorKind::NotFound, "not found");
    // One digit more than they share makes the abbreviation unambiguous.
    let shared = twins.0.bytes().zip(twins.1.bytes()).take_while(|(a, b)| a == b).count();
    for id in [&twins.0, &twins.1] {
        assert_eq!(resolve(repository, &id[..=shared]).await, *id);
    }

    // At least one identifier has a letter among its first digits.
    let id = ids.iter().find(|id| id[..20].contains(|digit: char| digit.is_alphabetic())).unwrap();
    assert_eq!(resolve(repository, &id[..20]).await, *id);
    for expression in [id[..20].to_uppercase(), id.to_uppercase(), format!("{id}0")] {
        let commit = repository.reference(expression).get_commit().await;
        expect_error(commit, "get_commit", 404, ErrorKind::NotFound, "not found");
    }
}

#[tokio::test]
async fn ref_04_tag_with_a_modifier_in_its_name_cannot_be_used_as_a_ref() {
    let fixture = Fixture::new().await;
    let main = fixture.main("ref_04").await;
    let repository = &main.repository();
    let tag = create_tag(repository, "a~b", "main").await;
    let api = fixture.client.api();
    let got = api.get_tag().repository(repository.name()).tag(tag.name()).send().await.unwrap().into_inner();
    assert_eq!((&*got.id, &*got.commit_id), ("a~b", &*main.get().await.unwrap().commit_id));
    expect_error(tag.get_commit().await, "get_commit", 500, ErrorKind::InvalidRequest, "");
    expect_error(tag.log().try_next().await, "log_commits", 400, ErrorKind::InvalidRequest, "");
    // A tag name may have characters of any script.
    let tag = create_tag(repository, "völlig-👍", "main").await;
    assert_eq!(tag.get_commit().await.unwrap().id, main.get().await.unwrap().commit_id);
}

/// Every ref is one segment of the path of the request, whatever its characters.
///
/// lakeFS decodes such a segment twice, and the second time it reads a plus as a space, unless the client encodes it in a
/// way that avoids this.
#[tokio::test]
async fn ref_05_name_with_special_characters_is_one_path_segment() {
    let fixture = Fixture::new().await;
    let main = fixture.main("ref_05").await;
    let repository = &main.repository();

    for name in ["v1.0+build", "+", "a%62", "100%", "%6Dain", "a&b=c;d", "a,b", "é+%", "a\"b<c>{d}|e'(f)!"] {
        let tag = create_tag(repository, name, "main").await;
        let got = fixture
            .client
            .api()
            .get_tag()
            .repository(repository.name())
            .tag(name)
            .send()
            .await
            .unwrap()
            .into_inner();
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
        expect_error(commit, "get_commit", 404, ErrorKind::NotFound, "commit not found");
    }

    for name in ["", ".", ".."] {
        #[track_caller]
        fn expect_not_sent<T: std::fmt::Debug>(result: lakefs::Result<T>, operation: &str) {
            expect_error(result, operation, None, ErrorKind::InvalidRequest, "cannot be a name");
        }
        let reference = repository.reference(name);
        expect_not_sent(reference.get_commit().await, "get_commit");
        expect_not_sent(reference.object("a").read().await, "get_object");
        expect_not_sent(repository.branch(name).object("a").upload("1").await, "upload_object");
        expect_not_sent(reference.log().try_next().await, "log_commits");
        expect_not_sent(reference.merge_into("main").await, "merge_into_branch");
        assert_eq!(reference.object("a").get_opt().await.unwrap(), None);
    }
}
