//! Lists of objects.

use lakefs::{Branch, Entry, ErrorKind, TryStreamExt as _};

use crate::support::{Lake, refused};

/// Uploads empty objects.
async fn fill(branch: &Branch, paths: &[&str]) {
    for path in paths {
        branch.object(*path).upload("").await.unwrap();
    }
}

async fn paths(list: lakefs::requests::ListObjects) -> Vec<String> {
    list.map_ok(|entry| entry.path().to_owned()).try_collect().await.unwrap()
}

#[tokio::test]
async fn obj_17_lists_are_bytewise_and_the_same_in_pages() {
    let lake = Lake::new().await;
    let main = lake.main("obj_17").await;
    fill(&main, &["é", "a/2", "a", "Z", "a/b/3", "a.txt", "b", "/lead", "a/1"]).await;
    main.commit("half").await.unwrap();
    fill(&main, &["a/0", "c//d"]).await;
    main.object("b").delete().await.unwrap();

    let all = ["/lead", "Z", "a", "a.txt", "a/0", "a/1", "a/2", "a/b/3", "c//d", "é"];
    assert_eq!(paths(main.objects()).await, all);
    for size in [1, 2, 3] {
        assert_eq!(paths(main.objects().page_size(size)).await, all, "{size} a page");
    }
    assert_eq!(paths(main.objects().prefix("a/")).await, ["a/0", "a/1", "a/2", "a/b/3"]);
    assert_eq!(paths(main.objects().prefix("nothing/")).await, [""; 0]);
    assert_eq!(paths(main.objects().after("a/1")).await, ["a/2", "a/b/3", "c//d", "é"]);
    assert_eq!(paths(main.objects().after("a/15")).await, ["a/2", "a/b/3", "c//d", "é"]);
    assert_eq!(paths(main.objects().prefix("a/").after("Z")).await, ["a/0", "a/1", "a/2", "a/b/3"]);

    // What is committed, without what is staged.
    let committed = main.repository().reference("main@").objects();
    assert_eq!(paths(committed).await, ["/lead", "Z", "a", "a.txt", "a/1", "a/2", "a/b/3", "b", "é"]);
}

#[tokio::test]
async fn obj_17_more_than_a_page() {
    let lake = Lake::new().await;
    let main = lake.main("obj_17").await;
    let all: Vec<_> = (0..1003).map(|number| format!("n/{number:04}")).collect();
    // Objects that share what the first one has: a thousand uploads take a while.
    let first = main.object(&all[0]).upload("x").await.unwrap();
    for path in &all[1..] {
        main.object(path).stage(&first.physical_address, &first.checksum, 1).await.unwrap();
    }
    assert_eq!(paths(main.objects()).await, all);
    let sizes: Vec<_> = main.objects().pages().map_ok(|page| page.items.len()).try_collect().await.unwrap();
    assert_eq!(sizes, [1000, 3]);
}

#[tokio::test]
async fn obj_17_a_list_read_ahead_is_the_same_list() {
    let lake = Lake::new().await;
    let main = lake.main("obj_17").await;
    let all = ["a", "b/1", "b/2", "c", "d", "e", "f"];
    fill(&main, &all).await;
    main.commit("one").await.unwrap();
    main.commit("two").allow_empty(true).await.unwrap();

    for size in [1, 3, 7, 1000] {
        let pages = |yes: bool| main.objects().page_size(size).prefetch(yes).pages().try_collect::<Vec<_>>();
        let (ahead, later) = (pages(true).await.unwrap(), pages(false).await.unwrap());
        assert_eq!(ahead, later, "{size} a page");
        assert_eq!(paths(main.objects().page_size(size).prefetch(true)).await, all, "{size} a page");
    }
    let log = main.log().page_size(1).prefetch(true).map_ok(|commit| commit.message);
    assert_eq!(log.try_collect::<Vec<_>>().await.unwrap(), ["two", "one", "Repository created"]);

    let missing = main.repository().reference("nope").objects().prefetch(true).try_collect::<Vec<_>>().await;
    refused(missing, "list_objects", 404, ErrorKind::NotFound, "not found");

    // How often a list asks, a real server does not say.
    let Some(server) = &lake.server else { return };
    for (yes, at_once, in_all) in [(false, 1, 3), (true, 2, 3)] {
        server.clear_requests();
        let asked = || server.requests_for("list_objects").len();
        let mut list = main.objects().page_size(3).prefetch(yes);
        assert_eq!(asked(), 0);
        for (place, path) in all.iter().enumerate() {
            assert_eq!(list.try_next().await.unwrap().unwrap().path(), *path);
            // What was asked for ahead is on its way.
            while place < 3 && asked() < at_once {
                tokio::task::yield_now().await;
            }
            assert!(asked() <= 1 + place / 3 + usize::from(yes), "at {path}");
        }
        assert!(list.try_next().await.unwrap().is_none());
        assert_eq!(asked(), in_all);
    }
}

#[tokio::test]
async fn obj_18_a_delimiter_makes_prefixes() {
    let lake = Lake::new().await;
    let main = lake.main("obj_18").await;
    fill(&main, &["a/1", "a/2", "a/b/3", "a/b/4", "c", "d/e/f/5"]).await;

    for size in [1, 2, 1000] {
        let list = |prefix: &str| main.objects().prefix(prefix).delimiter("/").page_size(size);
        assert_eq!(paths(list("")).await, ["a/", "c", "d/"], "{size} a page");
        assert_eq!(paths(list("a/")).await, ["a/1", "a/2", "a/b/"], "{size} a page");
        assert_eq!(paths(list("d")).await, ["d/"], "{size} a page");
    }
    assert_eq!(paths(main.objects().delimiter("/e/")).await, ["a/1", "a/2", "a/b/3", "a/b/4", "c", "d/e/"]);
    // Behind a prefix is behind all that begins so; inside of it, it is shown again.
    assert_eq!(paths(main.objects().delimiter("/").after("a/")).await, ["c", "d/"]);
    assert_eq!(paths(main.objects().delimiter("/").after("a/1")).await, ["a/", "c", "d/"]);

    let entries: Vec<_> = main.objects().delimiter("/").try_collect().await.unwrap();
    assert_eq!(entries[0], Entry::Prefix("a/".to_owned()));
    assert_eq!(entries[0].clone().into_object(), None);
    assert_eq!(entries[1].clone().into_object().unwrap().size_bytes, Some(0));
}

#[tokio::test]
async fn obj_18_an_object_is_listed_as_it_is_read() {
    let lake = Lake::new().await;
    let main = lake.main("obj_18").await;
    let object = main.object("a");
    object.upload("hello").content_type("text/plain").metadata("k", "v").await.unwrap();

    let listed: Vec<_> = main.objects().try_collect().await.unwrap();
    assert_eq!(listed, [Entry::Object(object.get().await.unwrap())]);

    let bare: Vec<_> = main.objects().user_metadata(false).try_collect().await.unwrap();
    let bare = bare.into_iter().next().unwrap().into_object().unwrap();
    assert!(bare.metadata.is_none_or(|metadata| metadata.is_empty()));
}

#[tokio::test]
async fn obj_19_what_is_not_there_cannot_be_listed() {
    let lake = Lake::new().await;
    let main = lake.main("obj_19").await;
    let repository = &main.repository();
    let list = |list: lakefs::requests::ListObjects| list.try_collect::<Vec<_>>();

    let missing = list(repository.reference("nope").objects()).await;
    refused(missing, "list_objects", 404, ErrorKind::NotFound, "not found");
    let nowhere = lake.client.repository(lake.name("obj_19")).reference("main");
    refused(list(nowhere.objects()).await, "list_objects", 404, ErrorKind::NotFound, "repository not found");
    assert_eq!(list(main.objects()).await.unwrap(), []);
}

#[tokio::test]
async fn obj_19_a_list_is_signed_where_the_storage_can() {
    let lake = Lake::new().await;
    let main = lake.main("obj_19").await;
    main.object("a").upload("x").await.unwrap();
    let signed = main.objects().presign(true).try_collect::<Vec<_>>().await;
    if lake.signs().await {
        let stats = signed.unwrap().remove(0).into_object().unwrap();
        assert!(stats.physical_address.starts_with("http"), "{}", stats.physical_address);
    } else {
        refused(signed, "list_objects", 400, ErrorKind::Unsupported, "not supported");
    }
}
