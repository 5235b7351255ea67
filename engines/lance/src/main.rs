//! Writes a Lance dataset to a branch, commits it, and reads it at a tag and at the branch.
//!
//! ```console
//! cargo run -p lakefs-lance
//! ```
//!
//! Lance finds the store of a URL in the registry of a session. The program adds a provider for
//! `lakefs://repository/ref/path` there. Lance 14 uses version 0.14 of `object_store`.
//!
//! Runs on an in-memory test server, or on your own server: see `engines/README.md`. It creates its own data, and fails if
//! a result is not the expected one. The build needs `protoc`.

use std::error::Error;
use std::sync::Arc;

use arrow_array::{Int64Array, RecordBatch, RecordBatchIterator, StringArray};
use arrow_schema::{DataType, Field, Schema};
use futures::TryStreamExt as _;
use lakefs::object_store::LakeFsStore;
use lakefs::{Client, Repository};
use lakefs_examples::ExampleServer;
use lance::dataset::builder::DatasetBuilder;
use lance::dataset::{Dataset, WriteMode, WriteParams};
use lance::session::Session;
use lance_io::object_store::{ObjectStore, ObjectStoreParams, ObjectStoreProvider, ObjectStoreRegistry};
use lance_table::io::commit::ConditionalPutCommitHandler;
use url::Url;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// The limits of the caches of a session, in bytes.
const CACHE_SIZE: usize = 64 << 20;

#[tokio::main]
async fn main() -> Result<()> {
    let server = ExampleServer::connect().await?;
    let (repository, storage_namespace) = server.new_repository("lance")?;
    repository.create(storage_namespace).default_branch("main").await?;
    // The repository is deleted after a failure too.
    let result = run(&server.client, &repository).await;
    repository.delete().await?;
    result
}

async fn run(client: &Client, repository: &Repository) -> Result<()> {
    let session = session(client);
    let main = repository.branch("main");
    let location = main.object("pets.lance").uri().to_string();

    println!("== Write a dataset, commit it, and tag the commit");
    write(&session, &location, WriteMode::Create, &[(1, "Asta"), (2, "Bello")]).await?;
    let commit = main.commit("Two pets").await?;
    repository.tag("v1").create(&commit).await?;

    println!("== Append to the dataset, and commit");
    write(&session, &location, WriteMode::Append, &[(3, "Cora")]).await?;
    main.commit("A third pet").await?;

    println!("== Read it at the tag and at the branch");
    let at_tag = repository.tag("v1").object("pets.lance").uri().to_string();
    check(&session, &at_tag, 1, &[(1, "Asta"), (2, "Bello")]).await?;
    check(&session, &location, 2, &[(1, "Asta"), (2, "Bello"), (3, "Cora")]).await?;

    println!("== Two writers: the second one appends after the first one");
    let (one, two) = tokio::join!(
        write(&session, &location, WriteMode::Append, &[(4, "Dina")]),
        write(&session, &location, WriteMode::Append, &[(5, "Emil")]),
    );
    (one?, two?);
    check(&session, &location, 4, &[(1, "Asta"), (2, "Bello"), (3, "Cora"), (4, "Dina"), (5, "Emil")]).await
}

/// Creates a session that resolves `lakefs://`.
fn session(client: &Client) -> Arc<Session> {
    let registry = ObjectStoreRegistry::default();
    registry.insert("lakefs", Arc::new(Stores { client: client.clone() }));
    Arc::new(Session::new(CACHE_SIZE, CACHE_SIZE, Arc::new(registry)))
}

/// Makes the stores of repositories. The first segment of a path is the ref.
#[derive(Debug)]
struct Stores {
    client: Client,
}

#[async_trait::async_trait]
impl ObjectStoreProvider for Stores {
    async fn new_store(&self, url: Url, params: &ObjectStoreParams) -> lance::Result<ObjectStore> {
        let repository = url
            .host_str()
            .ok_or_else(|| lance::Error::invalid_input(format!("{url} names no repository")))?;
        let store = LakeFsStore::new(&self.client.repository(repository));
        let (parallelism, retries) = (64, 3);
        Ok(ObjectStore::new(
            Arc::new(store),
            url,
            params.block_size,
            params.object_store_wrapper.clone(),
            params.use_constant_size_upload_parts,
            true,
            parallelism,
            retries,
            params.storage_options(),
        ))
    }
}

async fn write(session: &Arc<Session>, location: &str, mode: WriteMode, pets: &[(i64, &str)]) -> Result<()> {
    let schema = Arc::new(Schema::new(vec![
        Field::new("id", DataType::Int64, false),
        Field::new("name", DataType::Utf8, false),
    ]));
    let ids = Int64Array::from_iter_values(pets.iter().map(|(id, _)| *id));
    let names = StringArray::from_iter_values(pets.iter().map(|(_, name)| *name));
    let batch = RecordBatch::try_new(schema.clone(), vec![Arc::new(ids), Arc::new(names)])?;
    let params = WriteParams {
        mode,
        session: Some(session.clone()),
        // A version is created only if no other writer has created it: lakeFS supports that.
        commit_handler: Some(Arc::new(ConditionalPutCommitHandler)),
        ..WriteParams::default()
    };
    Dataset::write(RecordBatchIterator::new([Ok(batch)], schema), location, Some(params)).await?;
    Ok(())
}

/// Reads a dataset, and compares its version and its rows.
async fn check(session: &Arc<Session>, location: &str, version: u64, expected: &[(i64, &str)]) -> Result<()> {
    let dataset = DatasetBuilder::from_uri(location).with_session(session.clone()).load().await?;
    let batches: Vec<RecordBatch> = dataset.scan().try_into_stream().await?.try_collect().await?;
    let mut pets = Vec::new();
    for batch in &batches {
        let ids = batch["id"].as_any().downcast_ref::<Int64Array>().ok_or("the ids are no integers")?;
        let names = batch["name"].as_any().downcast_ref::<StringArray>().ok_or("the names are no text")?;
        pets.extend(ids.values().iter().copied().zip(names.iter().flatten().map(str::to_owned)));
    }
    pets.sort();
    println!("{location}: version {}, {pets:?}", dataset.version().version);
    let expected: Vec<_> = expected.iter().map(|(id, name)| (*id, (*name).to_owned())).collect();
    if (dataset.version().version, &pets) == (version, &expected) {
        Ok(())
    } else {
        Err(format!("expected version {version} with {expected:?}").into())
    }
}
