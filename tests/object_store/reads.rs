//! Reads: of any reference, in part.

use futures::TryStreamExt as _;
use lakefs::LakeFsStore;
use object_store::path::Path;
use object_store::{Error, GetOptions, GetRange, ObjectStore as _, ObjectStoreExt as _};

use crate::support::{self, Lake};
use crate::{stores, text};

#[tokio::test]
async fn every_kind_of_reference_is_read() {
    let lake = Lake::new().await;
    let main = lake.main("read_references").await;
    let repository = main.repository();
    main.object("data/a").upload("one").await.unwrap();
    let commit = main.commit("one").await.unwrap();
    support::tag(repository, "v1", "main").await;
    main.object("data/a").upload("two").await.unwrap();

    let store = LakeFsStore::new(repository);
    for (reference, expected) in [("main", "two"), ("main@", "one"), ("v1", "one"), (&*commit.id, "one")] {
        assert_eq!(text(&store, &format!("{reference}/data/a")).await, expected, "{reference}");
        let bound = LakeFsStore::at(&repository.reference(reference));
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
async fn ranges_are_of_the_object_that_was_asked_for() {
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
async fn a_version_is_not_taken_for_the_newest() {
    let (_lake, _main, [store, _]) = stores("version").await;
    let a = Path::from("a");
    store.put(&a, "one".into()).await.unwrap();
    let options = GetOptions::new().with_version(Some("1"));
    let error = store.get_opts(&a, options).await.unwrap_err();
    assert!(matches!(error, Error::NotSupported { .. }), "{error}");
}
