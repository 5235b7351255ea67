//! Reads: of all kinds of refs, of ranges, with preconditions.

use chrono::TimeDelta;
use futures::TryStreamExt as _;

use super::adapter::LakeFsStore;
use super::object_store::path::Path;
use super::object_store::{Attribute, Error, GetOptions, GetRange, ObjectStore as _, ObjectStoreExt as _};
use super::{stores, text};
use crate::support::{self, Fixture};

#[tokio::test]
async fn store_reads_every_kind_of_ref() {
    let fixture = Fixture::new().await;
    let main = fixture.main("read_references").await;
    let repository = &main.repository();
    main.object("data/a").upload("one").await.unwrap();
    let commit = main.commit("one").await.unwrap();
    support::create_tag(repository, "v1", "main").await;
    main.object("data/a").upload("two").await.unwrap();

    let store = LakeFsStore::new(repository);
    for (reference, expected) in [("main", "two"), ("main@", "one"), ("v1", "one"), (&*commit.id, "one")] {
        assert_eq!(text(&store, &format!("{reference}/data/a")).await, expected, "{reference}");
        let bound = LakeFsStore::at(repository.reference(reference));
        assert_eq!(text(&bound, "data/a").await, expected, "{reference}");

        let prefix = Path::parse(reference).unwrap();
        let listed: Vec<_> = store.list(Some(&prefix)).try_collect().await.unwrap();
        let locations: Vec<_> = listed.iter().map(|meta| meta.location.to_string()).collect();
        assert_eq!(locations, [format!("{reference}/data/a")]);
        let head = store.head(&listed[0].location).await.unwrap();
        assert_eq!(head, listed[0]);
        assert_eq!((head.size, head.version), (3, None));
        let below = store.list_with_delimiter(Some(&prefix)).await.unwrap();
        assert_eq!(below.common_prefixes, [prefix.join("data")]);
    }
    main.commit("two").await.unwrap();
    assert_eq!(text(&store, "main~1/data/a").await, "one");

    let everything = store.list(None).try_next().await.unwrap_err();
    assert!(matches!(everything, Error::NotSupported { .. }), "{everything}");
    let everything = store.list_with_delimiter(None).await.unwrap_err();
    assert!(matches!(everything, Error::NotSupported { .. }), "{everything}");
    let nowhere = store.list(Some(&Path::from("nowhere"))).try_next().await.unwrap_err();
    assert!(matches!(nowhere, Error::NotFound { .. }), "{nowhere}");
    for location in ["main", ""] {
        let no_object = store.head(&Path::from(location)).await.unwrap_err();
        assert!(matches!(no_object, Error::NotFound { .. }), "{no_object}");
    }
}

#[tokio::test]
async fn range_is_within_the_object_or_an_error() {
    let (_lake, _main, stores) = stores("ranges").await;
    let location = Path::from("digits");
    for store in &stores {
        store.put(&location, "0123456789".into()).await.unwrap();
        let range = |range: GetRange| GetOptions::new().with_range(Some(range));
        for (asked, expected) in [
            (GetRange::Bounded(2..4), Some((2..4, "23"))),
            (GetRange::Bounded(8..40), Some((8..10, "89"))),
            (GetRange::Bounded(10..11), None),
            (GetRange::Offset(7), Some((7..10, "789"))),
            (GetRange::Offset(10), None),
            (GetRange::Suffix(3), Some((7..10, "789"))),
            (GetRange::Suffix(30), Some((0..10, "0123456789"))),
            (GetRange::Suffix(0), Some((10..10, ""))),
        ] {
            let result = store.get_opts(&location, range(asked.clone())).await;
            match (result, expected) {
                (Ok(result), Some((bytes, text))) => {
                    assert_eq!((result.range.clone(), result.meta.size), (bytes, 10), "{asked:?}");
                    assert_eq!(result.bytes().await.unwrap(), text, "{asked:?}");
                }
                (Err(Error::Generic { store: "lakeFS", .. }), None) => {}
                (result, _) => panic!("{asked:?}: {result:?}"),
            }
        }
        let ranges = store.get_ranges(&location, &[5..7, 0..1, 9..12]).await.unwrap();
        assert_eq!(ranges, ["56", "0", "9"]);
        assert!(store.get_ranges(&location, &[0..1, 10..12]).await.is_err());

        store.put(&location, "".into()).await.unwrap();
        let last = store.get_opts(&location, range(GetRange::Suffix(8))).await.unwrap();
        assert_eq!((last.range.clone(), last.bytes().await.unwrap().len()), (0..0, 0));
    }
}

#[tokio::test]
async fn version_is_not_supported() {
    let (_lake, _main, [store, _]) = stores("version").await;
    let a = Path::from("a");
    store.put(&a, "one".into()).await.unwrap();
    let options = GetOptions::new().with_version(Some("1"));
    let error = store.get_opts(&a, options).await.unwrap_err();
    assert!(matches!(error, Error::NotSupported { .. }), "{error}");
}

/// Asserts which operations the test server has served since the last call. A real server does not record them.
fn served(fixture: &Fixture, expected: &[&str]) {
    if let Some(server) = &fixture.server {
        let served: Vec<_> = server.requests().iter().map(|request| request.operation).collect();
        assert_eq!(served, expected);
        server.clear_requests();
    }
}

#[tokio::test]
async fn range_is_read_with_one_request() {
    let (fixture, main, [store, _]) = stores("one_request").await;
    let digits = Path::from("digits");
    main.object("digits").upload("0123456789").content_type("text/csv").metadata("k", "v").await.unwrap();
    let head = store.head(&digits).await.unwrap();
    if let Some(server) = &fixture.server {
        server.clear_requests();
    }

    assert_eq!(store.get_range(&digits, 2..5).await.unwrap(), "234");
    served(&fixture, &["getObject"]);
    let ranged = |range: GetRange| GetOptions::new().with_range(Some(range));
    for (range, bytes, text) in [
        (GetRange::Bounded(2..4), 2..4, "23"),
        (GetRange::Bounded(8..40), 8..10, "89"),
        (GetRange::Offset(7), 7..10, "789"),
        (GetRange::Suffix(3), 7..10, "789"),
        (GetRange::Suffix(30), 0..10, "0123456789"),
    ] {
        let result = store.get_opts(&digits, ranged(range.clone())).await.unwrap();
        // The metadata are those of `head`.
        assert_eq!((&result.meta, &result.range), (&head, &bytes), "{range:?}");
        let media_type = result.attributes.get(&Attribute::ContentType).map(|value| value.to_string());
        assert_eq!(media_type.as_deref(), Some("text/csv"), "{range:?}");
        assert_eq!(result.bytes().await.unwrap(), text, "{range:?}");
        served(&fixture, &["getObject"]);
    }
}

#[tokio::test]
async fn precondition_of_a_range_needs_no_further_request() {
    let (fixture, main, [store, _]) = stores("one_request").await;
    let digits = Path::from("digits");
    main.object("digits").upload("0123456789").await.unwrap();
    let head = store.head(&digits).await.unwrap();
    let (tag, written) = (head.e_tag.as_deref().unwrap(), head.last_modified);
    let (before, after) = (written - TimeDelta::seconds(5), written + TimeDelta::seconds(5));
    if let Some(server) = &fixture.server {
        server.clear_requests();
    }
    let ranged = || GetOptions::new().with_range(Some(GetRange::Bounded(3..6)));
    let list = format!("\"other\", {tag}");
    for options in [
        ranged().with_if_match(Some(tag)),
        ranged().with_if_match(Some(&*list)),
        ranged().with_if_match(Some("*")),
        ranged().with_if_none_match(Some("\"other\"")),
        ranged().with_if_unmodified_since(Some(written)),
        ranged().with_if_modified_since(Some(before)),
    ] {
        let result = store.get_opts(&digits, options).await.unwrap();
        assert_eq!(result.meta, head);
        assert_eq!(result.bytes().await.unwrap(), "345");
        served(&fixture, &["getObject"]);
    }
    for options in
        [ranged().with_if_match(Some("\"other\"")), ranged().with_if_unmodified_since(Some(before))]
    {
        let error = store.get_opts(&digits, options).await.unwrap_err();
        assert!(matches!(&error, Error::Precondition { path, .. } if path == "digits"), "{error}");
        served(&fixture, &["getObject"]);
    }
    for options in [
        ranged().with_if_none_match(Some(tag)),
        ranged().with_if_none_match(Some("*")),
        ranged().with_if_modified_since(Some(written)),
        ranged().with_if_modified_since(Some(after)),
    ] {
        let error = store.get_opts(&digits, options).await.unwrap_err();
        assert!(matches!(&error, Error::NotModified { path, .. } if path == "digits"), "{error}");
        served(&fixture, &["getObject"]);
    }
    // A failed precondition is reported before a range that lies outside the object.
    let outside = GetOptions::new().with_range(Some(GetRange::Bounded(10..12)));
    let error = store.get_opts(&digits, outside.with_if_match(Some("\"other\""))).await.unwrap_err();
    assert!(matches!(error, Error::Precondition { .. }), "{error}");
    served(&fixture, &["getObject", "statObject"]);
    let error = store.get_range(&Path::from("nothing"), 0..1).await.unwrap_err();
    assert!(matches!(&error, Error::NotFound { path, .. } if path == "nothing"), "{error}");
    served(&fixture, &["getObject"]);
}

#[tokio::test]
async fn whole_object_is_read_with_its_metadata() {
    let (fixture, main, [store, _]) = stores("metadata").await;
    let a = Path::from("a");
    main.object("a").upload("x").content_type("text/csv").metadata("k", "v").await.unwrap();
    if let Some(server) = &fixture.server {
        server.clear_requests();
    }
    let expected =
        [(Attribute::ContentType, "text/csv"), (Attribute::Metadata("k".into()), "v")].into_iter().collect();
    let result = store.get(&a).await.unwrap();
    assert_eq!((&result.attributes, &result.range), (&expected, &(0..1)));
    // Both are requested at the same time, in any order.
    if let Some(server) = &fixture.server {
        let mut served: Vec<_> = server.requests().iter().map(|request| request.operation).collect();
        served.sort_unstable();
        assert_eq!(served, ["getObject", "statObject"]);
        server.clear_requests();
    }
    // `head` needs one request.
    let options = GetOptions::new().with_head(true).with_range(Some(GetRange::Bounded(0..1)));
    assert_eq!(store.get_opts(&a, options).await.unwrap().attributes, expected);
    served(&fixture, &["statObject"]);
}
