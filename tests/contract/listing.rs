//! Lists of objects.

use lakefs::{Branch, Entry, ErrorKind, TryStreamExt as _};

use crate::support::{Fixture, expect_error, object_paths, wait_until};

/// Uploads empty objects.
async fn upload_empty_objects(branch: &Branch, paths: &[&str]) {
    for path in paths {
        branch.object(*path).upload("").await.unwrap();
    }
}

#[tokio::test]
async fn obj_17_list_is_in_byte_order_whatever_the_page_size() {
    let fixture = Fixture::new().await;
    let main = fixture.main("obj_17").await;
    upload_empty_objects(&main, &["é", "a/2", "a", "Z", "a/b/3", "a.txt", "b", "/lead", "a/1"]).await;
    main.commit("half").await.unwrap();
    upload_empty_objects(&main, &["a/0", "c//d"]).await;
    main.object("b").delete().await.unwrap();

    let all = ["/lead", "Z", "a", "a.txt", "a/0", "a/1", "a/2", "a/b/3", "c//d", "é"];
    assert_eq!(object_paths(main.objects()).await, all);
    for size in [1, 2, 3] {
        assert_eq!(object_paths(main.objects().page_size(size)).await, all, "page size {size}");
    }
    assert_eq!(object_paths(main.objects().prefix("a/")).await, ["a/0", "a/1", "a/2", "a/b/3"]);
    assert_eq!(object_paths(main.objects().prefix("nothing/")).await, [""; 0]);
    assert_eq!(object_paths(main.objects().after("a/1")).await, ["a/2", "a/b/3", "c//d", "é"]);
    assert_eq!(object_paths(main.objects().after("a/15")).await, ["a/2", "a/b/3", "c//d", "é"]);
    assert_eq!(object_paths(main.objects().prefix("a/").after("Z")).await, ["a/0", "a/1", "a/2", "a/b/3"]);

    // The committed objects, without uncommitted changes.
    let committed = main.repository().reference("main@").objects();
    assert_eq!(object_paths(committed).await, ["/lead", "Z", "a", "a.txt", "a/1", "a/2", "a/b/3", "b", "é"]);
}

#[tokio::test]
async fn obj_17_default_page_has_1000_objects() {
    let fixture = Fixture::new().await;
    let main = fixture.main("obj_17").await;
    let all: Vec<_> = (0..1003).map(|number| format!("n/{number:04}")).collect();
    // The objects share the data of the first one, because a thousand uploads take long.
    let first = main.object(&all[0]).upload("x").await.unwrap();
    for path in &all[1..] {
        main.object(path).stage(&first.physical_address, &first.checksum, 1).await.unwrap();
    }
    assert_eq!(object_paths(main.objects()).await, all);
    let sizes: Vec<_> = main.objects().pages().map_ok(|page| page.items.len()).try_collect().await.unwrap();
    assert_eq!(sizes, [1000, 3]);
}

#[tokio::test]
async fn obj_17_prefetched_list_has_the_same_pages() {
    let fixture = Fixture::new().await;
    let main = fixture.main("obj_17").await;
    let all = ["a", "b/1", "b/2", "c", "d", "e", "f"];
    upload_empty_objects(&main, &all).await;
    main.commit("one").await.unwrap();
    main.commit("two").allow_empty(true).await.unwrap();

    for size in [1, 3, 7, 1000] {
        let pages = |yes: bool| main.objects().page_size(size).prefetch(yes).pages().try_collect::<Vec<_>>();
        let (ahead, later) = (pages(true).await.unwrap(), pages(false).await.unwrap());
        assert_eq!(ahead, later, "page size {size}");
        assert_eq!(
            object_paths(main.objects().page_size(size).prefetch(true)).await,
            all,
            "page size {size}"
        );
    }
    let log = main.log().page_size(1).prefetch(true).map_ok(|commit| commit.message);
    assert_eq!(log.try_collect::<Vec<_>>().await.unwrap(), ["two", "one", "Repository created"]);

    let missing = main.repository().reference("nope").objects().prefetch(true).try_collect::<Vec<_>>().await;
    expect_error(missing, "list_objects", 404, ErrorKind::NotFound, "not found");

    // Only the test server counts requests.
    let Some(server) = &fixture.server else { return };
    for (prefetch, on_first_page, in_total) in [(false, 1, 3), (true, 2, 3)] {
        server.clear_requests();
        let request_count = || server.requests_for("list_objects").len();
        let mut list = main.objects().page_size(3).prefetch(prefetch);
        assert_eq!(request_count(), 0);
        for (index, path) in all.iter().enumerate() {
            assert_eq!(list.try_next().await.unwrap().unwrap().path(), *path);
            // The next page is requested in the background.
            if index < 3 {
                wait_until("the next page is requested", async || request_count() >= on_first_page).await;
            }
            assert!(request_count() <= 1 + index / 3 + usize::from(prefetch), "at {path}");
        }
        assert!(list.try_next().await.unwrap().is_none());
        assert_eq!(request_count(), in_total);
    }
}

#[tokio::test]
async fn obj_18_delimiter_groups_objects_under_common_prefixes() {
    let fixture = Fixture::new().await;
    let main = fixture.main("obj_18").await;
    upload_empty_objects(&main, &["a/1", "a/2", "a/b/3", "a/b/4", "c", "d/e/f/5"]).await;

    for size in [1, 2, 1000] {
        let list = |prefix: &str| main.objects().prefix(prefix).delimiter("/").page_size(size);
        assert_eq!(object_paths(list("")).await, ["a/", "c", "d/"], "page size {size}");
        assert_eq!(object_paths(list("a/")).await, ["a/1", "a/2", "a/b/"], "page size {size}");
        assert_eq!(object_paths(list("d")).await, ["d/"], "page size {size}");
    }
    assert_eq!(
        object_paths(main.objects().delimiter("/e/")).await,
        ["a/1", "a/2", "a/b/3", "a/b/4", "c", "d/e/"]
    );
    // A list after a common prefix starts after all objects under it. A list after one of these objects has the prefix.
    assert_eq!(object_paths(main.objects().delimiter("/").after("a/")).await, ["c", "d/"]);
    assert_eq!(object_paths(main.objects().delimiter("/").after("a/1")).await, ["a/", "c", "d/"]);

    let entries: Vec<_> = main.objects().delimiter("/").try_collect().await.unwrap();
    assert_eq!(entries[0], Entry::Prefix("a/".to_owned()));
    assert_eq!(entries[0].clone().into_object(), None);
    assert_eq!(entries[1].clone().into_object().unwrap().size_bytes, Some(0));
}

#[tokio::test]
async fn obj_18_entry_has_the_statistics_of_its_object() {
    let fixture = Fixture::new().await;
    let main = fixture.main("obj_18").await;
    let object = main.object("a");
    object.upload("hello").content_type("text/plain").metadata("k", "v").await.unwrap();

    let listed: Vec<_> = main.objects().try_collect().await.unwrap();
    assert_eq!(listed, [Entry::Object(object.get().await.unwrap())]);

    let bare: Vec<_> = main.objects().user_metadata(false).try_collect().await.unwrap();
    let bare = bare.into_iter().next().unwrap().into_object().unwrap();
    assert!(bare.metadata.is_none_or(|metadata| metadata.is_empty()));
}

#[tokio::test]
async fn obj_19_list_of_a_missing_ref_is_not_found() {
    let fixture = Fixture::new().await;
    let main = fixture.main("obj_19").await;
    let repository = &main.repository();
    let list = |list: lakefs::requests::ListObjects| list.try_collect::<Vec<_>>();

    let missing = list(repository.reference("nope").objects()).await;
    expect_error(missing, "list_objects", 404, ErrorKind::NotFound, "not found");
    let nowhere = fixture.client.repository(fixture.unique_name("obj_19")).reference("main");
    expect_error(
        list(nowhere.objects()).await,
        "list_objects",
        404,
        ErrorKind::NotFound,
        "repository not found",
    );
    assert_eq!(list(main.objects()).await.unwrap(), []);
}

#[tokio::test]
async fn obj_19_list_has_presigned_urls_if_the_storage_supports_them() {
    let fixture = Fixture::new().await;
    let main = fixture.main("obj_19").await;
    main.object("a").upload("x").await.unwrap();
    let signed = main.objects().presign(true).try_collect::<Vec<_>>().await;
    if fixture.presigns().await {
        let stats = signed.unwrap().remove(0).into_object().unwrap();
        assert!(stats.physical_address.starts_with("http"), "{}", stats.physical_address);
    } else {
        expect_error(signed, "list_objects", 400, ErrorKind::Unsupported, "not supported");
    }
}
