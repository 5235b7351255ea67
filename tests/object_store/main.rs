//! Repositories as stores for engines: the `object_store` crate's own tests, and what it does not test.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "../support/mod.rs"]
mod support;

mod copies;
mod lists;
mod reads;
mod scripted;
mod writes;

use std::sync::Arc;

use lakefs::{Branch, Error as LakeError, ErrorKind, LakeFsStore, Reference};
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{Error, ObjectStore, ObjectStoreExt as _, integration};

use support::Fixture;

/// A branch with nothing on it, and stores of it: bound to it, and of its repository below its name.
async fn stores(test: &str) -> (Fixture, Branch, [Arc<dyn ObjectStore>; 2]) {
    let fixture = Fixture::new().await;
    let main = fixture.main(test).await;
    let of_repository = PrefixStore::new(LakeFsStore::new(main.repository()), "main");
    let stores: [Arc<dyn ObjectStore>; 2] = [Arc::new(LakeFsStore::at(&main)), Arc::new(of_repository)];
    (fixture, main, stores)
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

/// Runs a test of the `object_store` crate on both kinds of store. Of its tests, all are run but `multipart`, which is for
/// those that are a `MultipartStore`.
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
async fn a_store_tells_what_it_is() {
    let client = lakefs::Client::builder().endpoint("http://localhost").build().unwrap();
    let repository = client.repository("example");
    assert_eq!(LakeFsStore::new(&repository).to_string(), "LakeFsStore(lakefs://example)");
    let reference: &Reference = &repository.branch("main");
    assert_eq!(LakeFsStore::at(reference).to_string(), "LakeFsStore(lakefs://example/main)");
}
