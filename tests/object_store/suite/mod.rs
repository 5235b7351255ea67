//! The integration tests of the `object_store` crate, and further tests.

mod builder;
mod checksums;
mod contention;
mod copies;
mod creates;
mod lists;
mod prefixes;
mod presigned;
mod reads;
mod registries;
mod scripted;
#[cfg(feature = "signer")]
mod signatures;
mod writes;

use std::sync::Arc;

use lakefs::{Branch, Error as LakeError, ErrorKind};

use super::adapter::{self, LakeFsStore};
use super::object_store::path::Path;
use super::object_store::prefix::PrefixStore;
use super::object_store::{self, Error, ObjectStore, ObjectStoreExt as _, integration};
use crate::support::Fixture;

/// Returns an empty branch, and two stores of it: one of the branch, and one of the repository with the branch as prefix.
async fn stores(test: &str) -> (Fixture, Branch, [Arc<dyn ObjectStore>; 2]) {
    let fixture = Fixture::new().await;
    let main = fixture.main(test).await;
    let of_repository = PrefixStore::new(LakeFsStore::new(&main.repository()), "main");
    let stores: [Arc<dyn ObjectStore>; 2] = [Arc::new(LakeFsStore::at(&main)), Arc::new(of_repository)];
    (fixture, main, stores)
}

/// Returns the `lakefs::Error` that is the source of an error of the `object_store` crate.
fn cause(error: &Error) -> &LakeError {
    let cause = std::error::Error::source(error).expect("a cause");
    cause.downcast_ref().expect("the cause is an error of this crate")
}

async fn text(store: &dyn ObjectStore, location: &str) -> String {
    let bytes = store.get(&Path::parse(location).unwrap()).await.unwrap().bytes().await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Runs integration tests of the `object_store` crate on both kinds of store. Only `multipart` is missing, which needs a
/// `MultipartStore`.
macro_rules! integration {
    ($($test:ident($($argument:expr),*);)+) => {
        $(#[tokio::test]
        async fn $test() {
            // Each store gets a branch of its own, because some tests leave objects.
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
async fn store_displays_its_uri() {
    let client = lakefs::Client::builder().endpoint("http://localhost").anonymous().build().unwrap();
    let repository = client.repository("example");
    assert_eq!(LakeFsStore::new(&repository).to_string(), "LakeFsStore(lakefs://example)");
    assert_eq!(LakeFsStore::at(repository.branch("main")).to_string(), "LakeFsStore(lakefs://example/main)");
    assert_eq!(LakeFsStore::at(repository.tag("v1")).to_string(), "LakeFsStore(lakefs://example/v1)");
    let expression = repository.reference("main~1");
    assert_eq!(LakeFsStore::at(&expression).to_string(), "LakeFsStore(lakefs://example/main~1)");
    assert_eq!(LakeFsStore::at(expression).to_string(), "LakeFsStore(lakefs://example/main~1)");
}
