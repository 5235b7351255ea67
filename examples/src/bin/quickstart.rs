//! Creates a repository and a branch, uploads a file, commits it, and merges the branch.
//!
//! ```console
//! cargo run -p lakefs-examples --bin quickstart
//! ```
//!
//! Runs on an in-memory test server. To run it on your own server, set `LAKECTL_SERVER_ENDPOINT_URL`,
//! `LAKECTL_CREDENTIALS_ACCESS_KEY_ID`, `LAKECTL_CREDENTIALS_SECRET_ACCESS_KEY` and, unless the server uses local
//! storage, `LAKEFS_STORAGE_NAMESPACE`.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

use lakefs::models::{Commit, Diff, ObjectStats, Ref};
use lakefs::{Body, Branch, Repository, TryStreamExt as _, models};
use lakefs_examples::ExampleServer;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

const PATH: &str = "path/to/sample_data.csv";
const DATA: &str = "id,name\n1,axolotl\n2,quokka\n";

#[tokio::main]
async fn main() -> Result<()> {
    let server = ExampleServer::connect().await?;
    let (repository, storage_namespace) = server.new_repository("quickstart")?;
    let file = env::temp_dir().join(format!("{}.csv", repository.name()));
    fs::write(&file, DATA)?;

    // The file and the repository are deleted after a failure too.
    let result = run(&repository, &storage_namespace, &file).await;
    fs::remove_file(&file)?;
    if repository.exists().await? {
        heading("Clean up");
        repository.delete().await?;
        println!("deleted repository {}", repository.name());
    }
    result
}

async fn run(repository: &Repository, storage_namespace: &str, file: &Path) -> Result<()> {
    heading("Create a repository");
    print_repository(&repository.create(storage_namespace).default_branch("main").await?);
    let main = repository.branch("main");

    heading("List branches");
    print_branches(repository.branches().try_collect().await?);

    heading("Create branch experiment1 from main");
    let experiment = repository.branch("experiment1");
    println!("at commit {}", experiment.create("main").await?.commit_id);
    print_branches(repository.branches().try_collect().await?);

    heading("Upload a file");
    let object = experiment.object(PATH);
    print_object(
        &object.upload(Body::file(file)).content_type("text/csv").metadata("origin", "quickstart").await?,
    );

    heading("Uncommitted changes on experiment1");
    print_changes(experiment.uncommitted().try_collect().await?);

    heading("Commit");
    print_commit(&experiment.commit("Add sample data").metadata("using", "rust").await?);
    println!("uncommitted changes now:");
    print_changes(experiment.uncommitted().try_collect().await?);

    heading("Changes on experiment1 since main");
    print_changes(main.diff("experiment1").try_collect().await?);

    heading("Merge experiment1 into main");
    let merged = experiment.merge_into("main").await?;
    let counts = repository.reference(&merged.reference).diff_from_parent().summary().await?;
    println!("reference  {}", merged.reference);
    println!("paths      {} added, {} changed, {} removed", counts.added, counts.changed, counts.removed);
    println!("changes on experiment1 since main now:");
    print_changes(main.diff("experiment1").try_collect().await?);

    heading("Read the object from main");
    let bytes = main.object(PATH).read().await?;
    if bytes != DATA {
        return Err(format!("the {} bytes read differ from the uploaded ones", bytes.len()).into());
    }
    println!("{} bytes, equal to the uploaded ones", bytes.len());

    heading("Log of main");
    print_log(&main).await
}

fn heading(text: &str) {
    println!("\n== {text}");
}

fn print_repository(repository: &models::Repository) {
    println!("id                 {}", repository.id);
    println!("created            {}", date(repository.creation_date));
    println!("default branch     {}", repository.default_branch);
    println!("storage namespace  {}", repository.storage_namespace);
}

fn print_branches(branches: Vec<Ref>) {
    for branch in branches {
        println!("{:12} {}", branch.id, branch.commit_id);
    }
}

fn print_object(object: &ObjectStats) {
    println!("path              {}", object.path);
    println!("checksum          {}", object.checksum);
    println!("size              {} bytes", object.size_bytes.unwrap_or_default());
    println!("modified          {}", date(object.mtime));
    println!("physical address  {}", object.physical_address);
}

fn print_changes(changes: Vec<Diff>) {
    if changes.is_empty() {
        println!("(none)");
    }
    for change in changes {
        println!("{:9} {}", change.type_, change.path);
    }
}

fn print_commit(commit: &Commit) {
    println!("id          {}", commit.id);
    println!("parents     {}", commit.parents.join(", "));
    println!("committer   {}", commit.committer);
    println!("date        {}", date(commit.creation_date));
    println!("message     {}", commit.message);
    for (key, value) in &commit.metadata {
        println!("metadata    {key} = {value}");
    }
    println!("meta range  {}", commit.meta_range_id);
}

async fn print_log(branch: &Branch) -> Result<()> {
    let mut log = branch.log();
    while let Some(commit) = log.try_next().await? {
        println!("{:.12}  {}  {}", commit.id, date(commit.creation_date), commit.message);
    }
    Ok(())
}

/// Formats Unix seconds.
fn date(seconds: i64) -> String {
    chrono::DateTime::from_timestamp(seconds, 0).map_or_else(|| seconds.to_string(), |date| date.to_string())
}
