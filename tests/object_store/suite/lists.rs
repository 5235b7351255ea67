//! Lists: long ones, page by page, and of paths without a location.

use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::adapter::LakeFsStore;
use super::object_store::list::{PaginatedListOptions, PaginatedListStore as _};
use super::object_store::path::Path;
use super::object_store::{Error, ObjectStore as _, integration};
use super::stores;

#[tokio::test]
async fn list_paginated() {
    let (_lake, main, _) = stores("list_paginated").await;
    let store = LakeFsStore::at(&main);
    integration::list_paginated(&store, &store).await;

    // The integration test leaves objects `fo…` on `main`. List them through the store of the repository.
    let store = LakeFsStore::new(&main.repository());
    let page = async |prefix, offset: Option<&str>, page_token| {
        let (offset, max_keys) = (offset.map(str::to_owned), Some(2));
        let options =
            PaginatedListOptions { offset, max_keys, page_token, ..PaginatedListOptions::default() };
        let page = store.list_paginated(Some(prefix), options).await?;
        let locations = page.result.objects.iter().map(|meta| meta.location.to_string());
        Ok((locations.collect::<Vec<_>>(), page.page_token))
    };
    let (locations, next) = page("main/fo", None, None).await.unwrap();
    assert_eq!(locations, ["main/fob/banana", "main/fongle/banana"]);
    let (locations, _) = page("main/fo", None, next).await.unwrap();
    assert_eq!(locations, ["main/foo/bar", "main/foo/bax"]);
    let (locations, _) = page("main/", Some("main/foo/bax"), None).await.unwrap();
    assert_eq!(locations, ["main/foo/baz/banana", "main/foo/baz/bar"]);
    assert_eq!(page("main/", Some("main"), None).await.unwrap().0.len(), 2);
    assert_eq!(page("main/", Some("other/a"), None).await.unwrap(), (Vec::new(), None));
    for prefix in ["main", "", "/"] {
        let error: Error = page(prefix, None, None).await.unwrap_err();
        assert!(matches!(error, Error::NotSupported { .. }), "{prefix:?}: {error}");
    }
}

#[tokio::test]
async fn long_list_is_complete() {
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
        let after: Vec<_> = store
            .list_with_offset(Some(&part), &Path::from("part/01999"))
            .map_ok(|meta| meta.location.to_string())
            .try_collect()
            .await
            .unwrap();
        assert!(after == names[2000..], "{} objects", after.len());
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
async fn path_without_a_location_is_an_error_in_the_list() {
    let (_lake, main, stores) = stores("names").await;
    for name in ["/a", "b//c", "d/../e", "f/g", "h/", "i\n"] {
        main.object(name).upload("x").await.unwrap();
    }
    // Directory markers.
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
