//! Writes: only to branches, and only whole objects.

use futures::{StreamExt as _, TryStreamExt as _, stream};
use lakefs::{Client, ErrorKind};
use lakefs_testserver::Server;

use super::adapter::LakeFsStore;
use super::object_store::path::Path;
use super::object_store::{
    Attribute, Attributes, Error, GetOptions, ObjectStore as _, ObjectStoreExt as _, PutMode, PutOptions,
};
use super::{cause, stores, text};
use crate::support::{self, Fixture};

#[tokio::test]
async fn write_to_a_tag_or_commit_is_rejected() {
    let fixture = Fixture::new().await;
    let main = fixture.main("write_references").await;
    let repository = &main.repository();
    let commit = support::commit_objects(&main, "one", &[("a", "one")]).await;
    support::create_tag(repository, "v1", "main").await;
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
async fn attributes_are_stored_or_rejected() {
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
        // A range is read with one request, whose response lacks the user metadata.
        let range = GetOptions::new().with_range(Some(0..1));
        let media_type = Attributes::from_iter([(Attribute::ContentType, "text/csv")]);
        assert_eq!(store.get_opts(&location, range).await.unwrap().attributes, media_type);
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
async fn upload_that_is_not_completed_stores_nothing() {
    let (_lake, main, stores) = stores("abandoned").await;
    let location = Path::from("abandoned");
    for store in &stores {
        let mut upload = store.put_multipart(&location).await.unwrap();
        upload.put_part(vec![b'x'; 1 << 20].into()).await.unwrap();
        upload.put_part("y".into()).await.unwrap();
        drop(upload);

        let mut upload = store.put_multipart(&location).await.unwrap();
        // Drop the future of the part.
        drop(upload.put_part(vec![b'x'; 1 << 20].into()));
        upload.abort().await.unwrap();
        let error = upload.complete().await.unwrap_err();
        assert!(matches!(error, Error::Generic { .. }), "{error}");
        upload.put_part("y".into()).await.unwrap_err();

        // A later write is visible, so an earlier one would be, too.
        store.put(&Path::from("later"), "z".into()).await.unwrap();
        assert!(!main.object("abandoned").exists().await.unwrap());
        let listed: Vec<_> = store.list(None).try_collect().await.unwrap();
        assert_eq!(listed.iter().map(|meta| meta.location.as_ref()).collect::<Vec<_>>(), ["later"]);
    }
}

#[tokio::test]
async fn parts_are_stored_in_the_order_of_put_part() {
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
    // Drop the future of one part, and await the others in reverse order.
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
async fn concurrent_creates_have_one_winner() {
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
async fn parts_are_sent_to_presigned_urls() {
    let server = Server::builder().presigned_storage().start().await.unwrap();
    let client = Client::builder()
        .endpoint(server.endpoint())
        .access_key(server.access_key_id(), server.secret_access_key())
        .build()
        .unwrap();
    let main = client.repository("signed").branch("main");
    main.repository().create("mem://signed").await.unwrap();
    let (store, location) = (LakeFsStore::at(&main), Path::from("parts"));
    let part = |number: u8| vec![number; 4 << 20];
    let asked = |operation: &str| server.requests_for(operation).len();

    let mut upload = store.put_multipart(&location).await.unwrap();
    let parts: Vec<_> = (0..3).map(|number| upload.put_part(part(number).into())).collect();
    for part in parts.into_iter().rev() {
        part.await.unwrap();
    }
    upload.complete().await.unwrap();
    // The parts of the storage have at least 5 MiB.
    assert_eq!((asked("storagePutPart"), asked("uploadObject")), (3, 0));
    let read = store.get(&location).await.unwrap().bytes().await.unwrap();
    assert!(read == (0..3).flat_map(part).collect::<Vec<_>>());

    let mut upload = store.put_multipart(&Path::from("aborted")).await.unwrap();
    upload.put_part(part(0).into()).await.unwrap();
    upload.put_part(part(1).into()).await.unwrap();
    upload.abort().await.unwrap();
    assert_eq!((server.open_uploads(), asked("uploadObject")), (0, 0));
    assert!(!main.object("aborted").exists().await.unwrap());
}
