//! Which store a URL resolves to.

use std::sync::{Arc, Barrier};
use std::thread;

use datafusion::execution::object_store::{ObjectStoreRegistry as _, ObjectStoreUrl};
use datafusion::prelude::{SessionConfig, SessionContext};
use lakefs::object_store_0_13::LakeFsStore;
use lakefs_engines::datafusion::{LakeFsObjectStoreRegistry, runtime_env_builder};
use lakefs_testserver::Server;
use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt as _};
use url::Url;

use crate::{Fixture, read};

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

#[tokio::test]
async fn tables_of_two_repositories_are_joined_with_nothing_registered() {
    let lake = Fixture::start().await;
    for (name, value) in [("first", 1), ("second", 2)] {
        lake.repository(name).await;
        lake.write(&format!("lakefs://{name}/main/data/part.parquet"), value).await;
        let location = format!("lakefs://{name}/main/data/");
        lake.sql(&format!("CREATE EXTERNAL TABLE {name}_table STORED AS PARQUET LOCATION '{location}'"))
            .await
            .unwrap();
    }
    let joined = "SELECT f.value AS first, s.value AS second FROM first_table f CROSS JOIN second_table s";
    let expected = "
+-------+--------+
| first | second |
+-------+--------+
| 1     | 2      |
+-------+--------+";
    assert_eq!(lake.sql(joined).await.unwrap(), expected.trim_start());
}

#[tokio::test]
async fn ref_of_a_url_is_a_branch_a_tag_a_commit_or_an_expression() {
    let lake = Fixture::start().await;
    let repository = lake.repository("refs").await;
    let main = repository.branch("main");
    lake.write("lakefs://refs/main/data/part.parquet", 1).await;
    let first = main.commit("first").await.unwrap();
    repository.tag("v1").create(&first).await.unwrap();
    lake.write("lakefs://refs/main/data/part.parquet", 2).await;
    main.commit("second").await.unwrap();
    lake.write("lakefs://refs/main/data/part.parquet", 3).await;

    for (reference, value) in [("main", 3), ("main@", 2), ("main~1", 1), ("v1", 1), (first.id.as_str(), 1)] {
        let read = lake.read(&format!("lakefs://refs/{reference}/data/")).await.unwrap();
        assert_eq!(read, value, "{reference}");
    }
}

#[tokio::test]
async fn first_use_of_a_missing_repository_fails_with_its_name() {
    let lake = Fixture::start().await;
    let registry = LakeFsObjectStoreRegistry::new(lake.client.clone());
    registry.get_store(&url("lakefs://nowhere/main/data/")).unwrap();

    let create = "CREATE EXTERNAL TABLE t STORED AS PARQUET LOCATION 'lakefs://nowhere/main/data/'";
    let write = "COPY (SELECT 1) TO 'lakefs://nowhere/main/data/part.parquet' STORED AS PARQUET";
    for statement in [create, write] {
        let message = lake.sql(statement).await.unwrap_err().to_string();
        assert!(message.contains("nowhere") && message.contains("not found"), "{message}");
    }
}

#[tokio::test]
async fn concurrent_first_uses_share_one_store() {
    let lake = Fixture::start().await;
    let registry = LakeFsObjectStoreRegistry::new(lake.client.clone());
    let barrier = Barrier::new(16);
    let stores: Vec<Arc<dyn ObjectStore>> = thread::scope(|scope| {
        let first_use = |path: String| {
            barrier.wait();
            registry.get_store(&url(&path)).unwrap()
        };
        let threads: Vec<_> =
            (0..16).map(|n| scope.spawn(move || first_use(format!("lakefs://shared/main/{n}")))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(stores.iter().all(|store| Arc::ptr_eq(store, &stores[0])));
    let other = registry.get_store(&url("lakefs://other/main")).unwrap();
    assert!(!Arc::ptr_eq(&other, &stores[0]));
}

#[tokio::test]
async fn other_schemes_are_passed_to_the_fallback() {
    let lake = Fixture::start().await;
    // Local files are in the default one.
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("part.parquet");
    lake.write(file.to_str().unwrap(), 7).await;
    assert_eq!(lake.read(file.to_str().unwrap()).await.unwrap(), 7);

    // A store that the session registers.
    let memory: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    assert!(lake.session.register_object_store(&url("memory://bucket"), memory.clone()).is_none());
    lake.write("memory://bucket/part.parquet", 8).await;
    memory.head(&"part.parquet".into()).await.unwrap();
    assert_eq!(lake.read("memory://bucket/part.parquet").await.unwrap(), 8);
    lake.session.runtime_env().deregister_object_store(&url("memory://bucket")).unwrap();

    let message = lake.read("memory://bucket/part.parquet").await.unwrap_err().to_string();
    assert!(message.contains("No suitable object store found for memory://bucket"), "{message}");
}

#[tokio::test]
async fn given_fallback_is_used() {
    let lake = Fixture::start().await;
    let fallback = LakeFsObjectStoreRegistry::new(lake.client.clone());
    let memory: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    fallback.register_store(&url("memory://bucket"), memory.clone());
    let registry = LakeFsObjectStoreRegistry::new(lake.client.clone()).with_fallback(Arc::new(fallback));
    assert!(Arc::ptr_eq(&registry.get_store(&url("memory://bucket/a")).unwrap(), &memory));
}

#[tokio::test]
async fn registered_store_of_a_repository_is_used_until_it_is_deregistered() {
    let lake = Fixture::start().await;
    let repository = lake.repository("settings").await;
    let registry = Arc::new(LakeFsObjectStoreRegistry::new(lake.client.clone()));
    let own: Arc<dyn ObjectStore> = Arc::new(LakeFsStore::new(&repository).with_verify(false));
    let root = url("lakefs://settings");
    assert!(registry.register_store(&root, own.clone()).is_none());
    assert!(Arc::ptr_eq(&registry.get_store(&url("lakefs://settings/main/a")).unwrap(), &own));

    let runtime = runtime_env_builder(registry.clone()).build_arc().unwrap();
    let session = SessionContext::new_with_config_rt(SessionConfig::default(), runtime);
    let store_url = ObjectStoreUrl::parse("lakefs://settings").unwrap();
    assert!(Arc::ptr_eq(&session.runtime_env().object_store(&store_url).unwrap(), &own));

    assert!(Arc::ptr_eq(&registry.deregister_store(&root).unwrap(), &own));
    let message = registry.deregister_store(&root).unwrap_err().to_string();
    assert!(message.contains("there is no store for repository \"settings\""), "{message}");
    assert!(!Arc::ptr_eq(&registry.get_store(&root).unwrap(), &own));
}

#[tokio::test]
async fn presigned_reads_take_all_data_from_the_storage() {
    let server = Server::builder().presigned_storage().start().await.unwrap();
    let lake = Fixture::on(server);
    lake.repository("presigned").await;
    lake.write("lakefs://presigned/main/data/part.parquet", 1).await;
    for (presign, from_storage) in [(true, true), (false, false)] {
        let registry =
            LakeFsObjectStoreRegistry::new(lake.client.clone()).with_presign(presign).with_verify(false);
        let runtime = runtime_env_builder(Arc::new(registry)).build_arc().unwrap();
        let session = SessionContext::new_with_config_rt(SessionConfig::default(), runtime);
        lake.server.clear_requests();
        assert_eq!(read(&session, "lakefs://presigned/main/data/").await.unwrap(), 1);
        assert_eq!(!lake.server.requests_for("storageGet").is_empty(), from_storage, "presign: {presign}");
        assert_eq!(lake.server.requests_for("getObject").is_empty(), from_storage, "presign: {presign}");
    }
}

#[tokio::test]
async fn url_that_names_no_repository_is_an_error_without_a_password() {
    let lake = Fixture::start().await;
    let registry = LakeFsObjectStoreRegistry::new(lake.client.clone());
    for (invalid, reason) in [
        ("lakefs:///main/a", "names no repository"),
        ("lakefs:main", "names no repository"),
        ("lakefs://repository:80/main/a", "has a port"),
        ("lakefs://user:secret@repository/main/a", "has a user name or a password"),
    ] {
        let message = registry.get_store(&url(invalid)).unwrap_err().to_string();
        assert!(message.contains(reason), "{invalid}: {message}");
        assert!(!message.contains("secret"), "{message}");
    }
    let debug = format!("{registry:?}");
    assert!(!debug.contains(lake.server.secret_access_key()), "{debug}");
}
