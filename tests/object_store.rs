//! Repositories as stores for engines: the `object_store` crate's own tests, and what it does not test.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[expect(dead_code, reason = "it is made for the contract suite")]
#[path = "contract/support.rs"]
mod support;

#[expect(dead_code, reason = "this test needs a part of it")]
#[path = "support/mod.rs"]
mod script;

use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use lakefs::{Branch, Error as LakeError, ErrorKind, LakeFsStore, Reference};
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{
    Attribute, Attributes, Error, GetOptions, GetRange, ObjectStore, ObjectStoreExt as _, PutMode,
    PutOptions, integration,
};

use script::{Reply, Script};
use support::Lake;

/// A branch with nothing on it, and stores of it: bound to it, and of its repository below its name.
async fn stores(test: &str) -> (Lake, Branch, [Arc<dyn ObjectStore>; 2]) {
    let lake = Lake::new().await;
    let main = lake.main(test).await;
    let of_repository = PrefixStore::new(LakeFsStore::new(main.repository()), "main");
    let stores: [Arc<dyn ObjectStore>; 2] = [Arc::new(LakeFsStore::at(&main)), Arc::new(of_repository)];
    (lake, main, stores)
}

/// The error of this crate below one of the `object_store` crate.
fn cause(error: &Error) -> &LakeError {
    let cause = std::error::Error::source(error).expect("a cause");
    cause.downcast_ref().expect("the cause is an error of this crate")
}

async fn text(store: &dyn ObjectStore, location: &str) -> String {
    let bytes = store.get(&Path::parse(location).unwrap()).await.unwrap().bytes().await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Runs a test of the `object_store` crate on both kinds of store.
macro_rules! integration {
    ($($test:ident($($argument:expr),*);)+) => {
        $(#[tokio::test]
        async fn $test() {
            // Some leave objects behind.
            for kind in 0..2 {
                let (_lake, _main, stores) = stores(stringify!($test)).await;
                integration::$test(&stores[kind], $($argument),*).await;
            }
        })+
    };
}

integration! {
    put_get_delete_list();
    put_get_attributes();
    get_opts();
    put_opts(false);
    list_uses_directories_correctly();
    list_with_delimiter();
    list_with_offset_exclusivity();
    stream_get();
    multipart_out_of_order();
    multipart_race_condition(true);
    rename_and_copy();
    copy_if_not_exists();
    copy_rename_nonexistent_object();
}

#[tokio::test]
async fn get_nonexistent_object() {
    let (_lake, _main, stores) = stores("get_nonexistent_object").await;
    for store in &stores {
        let error = integration::get_nonexistent_object(store, None).await.unwrap_err();
        assert!(matches!(error, Error::NotFound { .. }), "{error}");
        assert_eq!(cause(&error).kind(), ErrorKind::NotFound);
    }
}

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
async fn what_is_no_branch_is_not_written() {
    let lake = Lake::new().await;
    let main = lake.main("write_references").await;
    let repository = main.repository();
    let commit = support::commit(&main, "one", &[("a", "one")]).await;
    support::tag(repository, "v1", "main").await;
    let store = LakeFsStore::new(repository);
    for reference in ["v1", "nowhere", &*commit.id] {
        let a = Path::from(format!("{reference}/a"));
        let refused = [
            store.put(&a, "two".into()).await.err(),
            store.put_opts(&a, "two".into(), PutMode::Create.into()).await.err(),
            store.delete(&a).await.err(),
            store.copy(&Path::from("main/a"), &a).await.err(),
            store.rename(&Path::from("main/a"), &a).await.err(),
            store.rename(&Path::from(format!("{reference}/a")), &Path::from("main/b")).await.err(),
        ];
        for error in refused.into_iter().map(Option::unwrap) {
            assert!(matches!(error, Error::NotSupported { .. }), "{reference}: {error}");
            assert_eq!(cause(&error).kind(), ErrorKind::NotFound, "{error}");
        }
        let mut parts = store.put_multipart(&a).await.unwrap();
        drop(parts.put_part("two".into()));
        let error = parts.complete().await.unwrap_err();
        assert!(matches!(error, Error::NotSupported { .. }), "{reference}: {error}");
        let error = parts.put_part("three".into()).await.unwrap_err();
        assert!(matches!(error, Error::NotSupported { .. }), "{reference}: {error}");
        let batch = stream::iter([a.clone(), Path::from(format!("{reference}/b"))]).map(Ok).boxed();
        let outcomes: Vec<_> = store.delete_stream(batch).collect().await;
        assert_eq!(outcomes.len(), 2);
        for outcome in outcomes {
            assert!(matches!(outcome, Err(Error::NotSupported { .. })), "{reference}: {outcome:?}");
        }
    }
    let expression = store.put(&Path::parse("main~1/a").unwrap(), "two".into()).await.unwrap_err();
    assert!(matches!(expression, Error::Generic { store: "lakeFS", .. }), "{expression}");
    assert_eq!(cause(&expression).kind(), ErrorKind::InvalidRequest);
    assert_eq!(text(&store, "main/a").await, "one");
    assert!(!main.object("b").exists().await.unwrap());
}

#[tokio::test]
async fn attributes_go_both_ways_or_nowhere() {
    let (_lake, main, stores) = stores("attributes").await;
    let attributes = Attributes::from_iter([
        (Attribute::ContentType, "text/csv"),
        (Attribute::Metadata("origin".into()), "lab 7"),
    ]);
    for (store, name) in stores.iter().zip(["bound", "of-repository"]) {
        let location = Path::from(name);
        let written = store.put_opts(&location, "a,b".into(), attributes.clone().into()).await.unwrap();
        let read = store.get(&location).await.unwrap();
        assert_eq!(read.attributes, attributes);
        assert_eq!(read.meta.e_tag, written.e_tag);
        let range = GetOptions::new().with_range(Some(0..1));
        assert_eq!(store.get_opts(&location, range).await.unwrap().attributes, attributes);
        let head = store.get_opts(&location, GetOptions::new().with_head(true)).await.unwrap();
        assert_eq!((head.attributes, head.meta.size), (attributes.clone(), 3));
        assert_eq!(main.object(name).get().await.unwrap().content_type.as_deref(), Some("text/csv"));

        let language = Attributes::from_iter([(Attribute::ContentLanguage, "en")]);
        let options = PutOptions { attributes: language, ..PutOptions::default() };
        let lost = store.put_opts(&Path::from("lost"), "a".into(), options).await.unwrap_err();
        assert!(matches!(lost, Error::NotImplemented { .. }), "{lost}");
        assert!(!main.object("lost").exists().await.unwrap());
    }
}

#[tokio::test]
async fn an_upload_that_is_not_completed_leaves_nothing() {
    let (_lake, main, stores) = stores("abandoned").await;
    let location = Path::from("abandoned");
    for store in &stores {
        let mut upload = store.put_multipart(&location).await.unwrap();
        upload.put_part(vec![b'x'; 1 << 20].into()).await.unwrap();
        upload.put_part("y".into()).await.unwrap();
        drop(upload);

        let mut upload = store.put_multipart(&location).await.unwrap();
        // Put and not waited for.
        drop(upload.put_part(vec![b'x'; 1 << 20].into()));
        upload.abort().await.unwrap();
        let error = upload.complete().await.unwrap_err();
        assert!(matches!(error, Error::Generic { .. }), "{error}");
        upload.put_part("y".into()).await.unwrap_err();

        // What came later has come, so what was dropped before it would have, too.
        store.put(&Path::from("later"), "z".into()).await.unwrap();
        assert!(!main.object("abandoned").exists().await.unwrap());
        let listed: Vec<_> = store.list(None).try_collect().await.unwrap();
        assert_eq!(listed.iter().map(|meta| meta.location.as_ref()).collect::<Vec<_>>(), ["later"]);
    }
}

#[tokio::test]
async fn parts_come_in_the_order_in_which_they_were_put() {
    let (_lake, main, [store, _]) = stores("parts").await;
    let attributes = Attributes::from_iter([
        (Attribute::ContentType, "text/csv"),
        (Attribute::Metadata("origin".into()), "lab 7"),
    ]);
    let location = Path::from("parts");
    let mut upload = store.put_multipart_opts(&location, attributes.clone().into()).await.unwrap();
    let mut expected = Vec::new();
    let mut parts = Vec::new();
    for number in 0..20_u8 {
        let part = vec![number; 100_000 + usize::from(number)];
        expected.extend_from_slice(&part);
        parts.push(upload.put_part(part.into()));
    }
    // One is not waited for, and the others from the last to the first.
    drop(parts.remove(7));
    for part in parts.into_iter().rev() {
        part.await.unwrap();
    }
    assert!(!main.object("parts").exists().await.unwrap());
    let completed = upload.complete().await.unwrap();
    upload.put_part("more".into()).await.unwrap_err();
    upload.abort().await.unwrap_err();

    let read = store.get(&location).await.unwrap();
    assert_eq!((&read.attributes, &read.meta.e_tag), (&attributes, &completed.e_tag));
    assert!(read.bytes().await.unwrap() == expected);

    let mut empty = store.put_multipart(&location).await.unwrap();
    empty.complete().await.unwrap();
    assert_eq!(store.head(&location).await.unwrap().size, 0);
}

#[tokio::test]
async fn of_many_who_create_one_wins() {
    let (_lake, _main, stores) = stores("create_race").await;
    for (store, name) in stores.iter().zip(["bound", "of-repository"]) {
        let location = Path::from(name);
        let writers = (0..10).map(|writer| {
            let location = &location;
            async move {
                let outcome =
                    store.put_opts(location, writer.to_string().into(), PutMode::Create.into()).await;
                (writer, outcome)
            }
        });
        let outcomes = futures::future::join_all(writers).await;
        let (won, lost): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(|(_, outcome)| outcome.is_ok());
        assert_eq!(won.len(), 1, "{won:?}");
        for (_, outcome) in lost {
            assert!(matches!(outcome, Err(Error::AlreadyExists { .. })), "{outcome:?}");
        }
        assert_eq!(text(store, name).await, won[0].0.to_string());
    }
}

#[tokio::test]
async fn of_many_who_copy_to_nothing_one_wins() {
    let (_lake, main, [store, _]) = stores("copy_race").await;
    for source in 0..5 {
        let upload = main.object(format!("from/{source}")).upload(source.to_string());
        upload.content_type("text/plain").metadata("number", source.to_string()).await.unwrap();
    }
    let to = Path::from("to");
    let copies = (0..5).map(|source| {
        let (store, to) = (&store, &to);
        async move { (source, store.copy_if_not_exists(&Path::from(format!("from/{source}")), to).await) }
    });
    let outcomes = futures::future::join_all(copies).await;
    let (won, lost): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(|(_, outcome)| outcome.is_ok());
    assert_eq!(won.len(), 1, "{won:?}");
    for (_, outcome) in lost {
        assert!(matches!(outcome, Err(Error::AlreadyExists { .. })), "{outcome:?}");
    }
    let winner = won[0].0.to_string();
    assert_eq!(text(&store, "to").await, winner);
    let stats = main.object("to").get().await.unwrap();
    assert_eq!(stats.content_type.as_deref(), Some("text/plain"));
    assert_eq!(stats.metadata.unwrap().0["number"], winner);
}

#[tokio::test]
async fn an_object_is_not_lost_by_a_rename_to_itself() {
    let (_lake, _main, [store, _]) = stores("rename_itself").await;
    let a = Path::from("a");
    store.put(&a, "one".into()).await.unwrap();
    store.rename(&a, &a).await.unwrap();
    let exists = store.rename_if_not_exists(&a, &a).await.unwrap_err();
    assert!(matches!(exists, Error::AlreadyExists { .. }), "{exists}");
    assert_eq!(text(&store, "a").await, "one");
}

#[tokio::test]
async fn copies_and_renames_go_from_reference_to_branch() {
    let lake = Lake::new().await;
    let main = lake.main("copy_references").await;
    support::commit(&main, "one", &[("a", "one")]).await;
    support::tag(main.repository(), "v1", "main").await;
    let experiment = main.repository().branch("experiment");
    experiment.create("main").await.unwrap();
    let store = LakeFsStore::new(main.repository());
    store.copy(&Path::from("v1/a"), &Path::from("experiment/copied")).await.unwrap();
    store.rename(&Path::from("main/a"), &Path::from("experiment/renamed")).await.unwrap();
    for path in ["copied", "renamed"] {
        assert_eq!(support::text(&experiment.object(path)).await, "one");
    }
    assert!(!main.object("a").exists().await.unwrap());
}

#[tokio::test]
async fn lists_are_long() {
    let (_lake, main, stores) = stores("long_list").await;
    let names: Vec<_> = (0..2500).map(|number| format!("part/{number:05}")).collect();
    let uploads = names.iter().map(|name| main.object(name).upload("x").into_future());
    stream::iter(uploads).buffer_unordered(16).try_for_each(|_| async { Ok(()) }).await.unwrap();
    main.object("other").upload("x").await.unwrap();

    let part = Path::from("part");
    for store in &stores {
        let listed: Vec<_> =
            store.list(Some(&part)).map_ok(|meta| meta.location.to_string()).try_collect().await.unwrap();
        assert!(listed == names, "{} objects", listed.len());
        let behind: Vec<_> = store
            .list_with_offset(Some(&part), &Path::from("part/01999"))
            .map_ok(|meta| meta.location.to_string())
            .try_collect()
            .await
            .unwrap();
        assert!(behind == names[2000..], "{} objects", behind.len());
        let below = store.list_with_delimiter(Some(&part)).await.unwrap();
        assert_eq!((below.objects.len(), below.common_prefixes.len()), (2500, 0));
    }

    let [store, _] = stores;
    let nothing = Err(Error::NotImplemented { operation: "this".into(), implementer: "nobody".into() });
    let locations = stream::iter(names.clone().into_iter().map(|name| Ok(Path::from(name))).chain([nothing]));
    let outcomes: Vec<_> = store.delete_stream(locations.boxed()).collect().await;
    assert_eq!(outcomes.len(), 2501);
    for (outcome, name) in outcomes.iter().zip(&names) {
        assert_eq!(outcome.as_ref().unwrap().as_ref(), name);
    }
    assert!(matches!(outcomes[2500], Err(Error::NotImplemented { .. })), "{:?}", outcomes[2500]);
    let left: Vec<_> = store.list(None).try_collect().await.unwrap();
    assert_eq!(left.iter().map(|meta| meta.location.as_ref()).collect::<Vec<_>>(), ["other"]);
}

#[tokio::test]
async fn names_that_are_no_locations_are_told() {
    let (_lake, main, stores) = stores("names").await;
    for name in ["/a", "b//c", "d/../e", "f/g", "h/", "i\n"] {
        main.object(name).upload("x").await.unwrap();
    }
    // Directories, as other programs leave them.
    for name in ["f/", "j/k/"] {
        main.object(name).upload("").await.unwrap();
    }
    for store in &stores {
        let (mut locations, mut errors) = (Vec::new(), Vec::new());
        let mut list = store.list(None);
        while let Some(entry) = list.next().await {
            match entry {
                Ok(meta) => locations.push(meta.location.to_string()),
                Err(error @ Error::InvalidPath { .. }) => errors.push(error.to_string()),
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(locations, ["f/g"]);
        assert_eq!(errors.len(), 5, "{errors:?}");
        for (error, name) in errors.iter().zip(["/a", "b//c", "d/../e", "h/", "i\n"]) {
            assert!(error.contains(name), "{name:?}: {error}");
        }
        let below = store.list_with_delimiter(Some(&Path::from("f"))).await.unwrap();
        assert_eq!(below.objects.len(), 1);
        let directories = store.list_with_delimiter(Some(&Path::from("j"))).await.unwrap();
        assert_eq!(directories.common_prefixes, [Path::from("j/k")]);
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

#[tokio::test]
async fn a_store_tells_what_it_is() {
    let client = lakefs::Client::builder().endpoint("http://localhost").build().unwrap();
    let repository = client.repository("example");
    assert_eq!(LakeFsStore::new(&repository).to_string(), "LakeFsStore(lakefs://example)");
    let reference: &Reference = &repository.branch("main");
    assert_eq!(LakeFsStore::at(reference).to_string(), "LakeFsStore(lakefs://example/main)");
}

/// What a server knows of an object with this tag.
fn stats(tag: &str, size: usize) -> Reply {
    let body = format!(
        r#"{{"checksum":"{tag}","mtime":1700000000,"path":"a","path_type":"object","physical_address":"mem://a","size_bytes":{size}}}"#
    );
    Reply::json(200, body)
}

/// The object.
fn object(tag: &str, text: &str) -> Reply {
    Reply::new(200, "text/plain", text).header("ETag", &format!("\"{tag}\""))
}

/// Two bytes of it.
fn part(tag: &str, text: &str, first: usize, size: usize) -> Reply {
    let range = format!("bytes {first}-{}/{size}", first + 1);
    Reply::new(206, "text/plain", text).header("ETag", &format!("\"{tag}\"")).header("Content-Range", &range)
}

/// The store of a branch on a server with a script.
async fn scripted(replies: impl IntoIterator<Item = Reply>) -> (Script, LakeFsStore) {
    let script = Script::start(replies).await;
    let store = LakeFsStore::at(&script.client().repository("example").branch("main"));
    (script, store)
}

#[tokio::test]
async fn bytes_are_of_the_object_that_the_conditions_held_for() {
    let a = Path::from("a");
    let (old, new) = (stats("old", 3), stats("new", 5));
    let came = object("new", "three");
    let (script, store) = scripted([old.clone(), came.clone(), new.clone(), came.clone()]).await;
    let read = store.get(&a).await.unwrap();
    assert_eq!((read.meta.size, read.range.clone()), (5, 0..5));
    assert_eq!(read.meta.e_tag.as_deref(), Some("\"new\""));
    assert_eq!(read.bytes().await.unwrap(), "three");
    assert_eq!(script.requests().len(), 4);

    // The condition held for what was seen, and not for what came.
    let (script, store) = scripted([old.clone(), came.clone(), new]).await;
    let options = GetOptions::new().with_if_match(Some("\"old\""));
    let error = store.get_opts(&a, options).await.unwrap_err();
    assert!(matches!(error, Error::Precondition { .. }), "{error}");
    assert_eq!(script.requests().len(), 3);

    let (script, store) = scripted((0..5).flat_map(|_| [old.clone(), came.clone()])).await;
    let error = store.get(&a).await.unwrap_err();
    assert!(matches!(error, Error::Generic { .. }), "{error}");
    assert_eq!(script.requests().len(), 10);
}

#[tokio::test]
async fn ranges_that_are_read_together_are_of_one_version() {
    // So far from each other that they are not read as one.
    let (far, size) = (2 << 20, 3 << 20);
    let (_script, store) = scripted([
        stats("old", size),
        part("old", "11", 0, size),
        part("new", "22", far, size),
        stats("new", size),
        part("new", "22", 0, size),
        part("new", "22", far, size),
    ])
    .await;
    let far = far as u64;
    let read = store.get_ranges(&Path::from("a"), &[0..2, far..far + 2]).await.unwrap();
    assert_eq!(read, ["22", "22"]);
}

#[tokio::test]
async fn of_a_batch_those_fail_that_the_server_names() {
    let branch = Reply::json(200, r#"{"id":"main","commit_id":"c"}"#);
    let failed =
        r#"{"errors":[{"path":"b","status_code":403,"message":"cannot write to protected branch"}]}"#;
    let (_script, store) = scripted([branch.clone(), Reply::json(200, failed)]).await;
    let locations = || stream::iter(["a", "b", "c"].map(|name| Ok(Path::from(name)))).boxed();
    let outcomes: Vec<_> = store.delete_stream(locations()).collect().await;
    let [Ok(_), Err(error @ Error::PermissionDenied { .. }), Ok(_)] = &*outcomes else {
        panic!("{outcomes:?}")
    };
    assert_eq!(cause(error).kind(), ErrorKind::Protected);

    let (_script, store) = scripted([branch, Reply::json(500, r#"{"message":"no disk"}"#)]).await;
    let outcomes: Vec<_> = store.delete_stream(locations()).collect().await;
    for outcome in &outcomes {
        assert!(matches!(outcome, Err(Error::Generic { .. })), "{outcome:?}");
    }
    assert_eq!(outcomes.len(), 3);
}
