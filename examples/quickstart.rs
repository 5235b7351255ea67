//! The first story: a repository, a branch, an upload, a commit, a merge.
//!
//! Without any set-up it runs on a lakeFS in memory. With `LAKECTL_SERVER_ENDPOINT_URL` and credentials in the
//! environment it runs on that server, under `LAKEFS_STORAGE_NAMESPACE` (`local://quickstart` unless said otherwise).

use std::error::Error;
use std::time::{SystemTime, UNIX_EPOCH};
use std::{env, fs, process};

use lakefs::models::{Commit, Diff, ObjectStats, Ref, Repository};
use lakefs::{Body, Branch, Client, TryStreamExt as _};
use lakefs_testserver::Server;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const PATH: &str = "path/to/sample_data.csv";
const DATA: &str = "id,name\n1,axolotl\n2,quokka\n";

#[tokio::main]
async fn main() -> Result<()> {
    let endpoint = env::var("LAKECTL_SERVER_ENDPOINT_URL").ok().filter(|url| !url.is_empty());
    // The server in memory lives as long as this value.
    let (client, _server, storage) = if let Some(url) = endpoint {
        println!("Running on the lakeFS at {url}.");
        let storage =
            env::var("LAKEFS_STORAGE_NAMESPACE").unwrap_or_else(|_| "local://quickstart".to_owned());
        (Client::from_env()?, None, storage)
    } else {
        let server = Server::start().await?;
        println!(
            "Running on a lakeFS in memory, started for this example; LAKECTL_SERVER_ENDPOINT_URL names a real one."
        );
        let client = Client::builder()
            .endpoint(server.endpoint())
            .access_key(server.access_key_id(), server.secret_access_key())
            .build()?;
        (client, Some(server), "mem://quickstart".to_owned())
    };

    let moment = SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros();
    let name = format!("quickstart-{moment}-{}", process::id());
    let repository = client.repository(&name);
    let file = env::temp_dir().join(format!("{name}.csv"));
    fs::write(&file, DATA)?;

    // What was begun is cleaned up, whether the story went well or not.
    let story = story(&repository, &format!("{storage}/{name}"), &file).await;
    fs::remove_file(&file)?;
    if repository.exists().await? {
        heading("Clean up");
        repository.delete().await?;
        println!("deleted repository {name}");
    }
    story
}

async fn story(
    repository: &lakefs::Repository,
    storage_namespace: &str,
    file: &std::path::Path,
) -> Result<()> {
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

    heading("What is not committed on experiment1");
    print_differences(experiment.uncommitted().try_collect().await?);

    heading("Commit");
    print_commit(&experiment.commit("Add sample data").metadata("using", "rust").await?);
    println!("not committed now:");
    print_differences(experiment.uncommitted().try_collect().await?);

    heading("What experiment1 has and main has not");
    print_differences(main.diff("experiment1").try_collect().await?);

    heading("Merge experiment1 into main");
    let merged = experiment.merge_into("main").await?;
    let counts = repository.reference(&merged.reference).diff_from_parent().summary().await?;
    println!("reference  {}", merged.reference);
    println!("paths      {} added, {} changed, {} removed", counts.added, counts.changed, counts.removed);
    println!("what experiment1 still has and main has not:");
    print_differences(main.diff("experiment1").try_collect().await?);

    heading("Read the object from main");
    let bytes = main.object(PATH).read().await?;
    if bytes != DATA {
        return Err(
            format!("{} bytes came back, and they are not those that were uploaded", bytes.len()).into()
        );
    }
    println!("{} bytes, the same that were uploaded", bytes.len());

    heading("Log of main");
    print_log(&main).await
}

fn heading(text: &str) {
    println!("\n== {text}");
}

fn print_repository(repository: &Repository) {
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

fn print_differences(differences: Vec<Diff>) {
    if differences.is_empty() {
        println!("(nothing)");
    }
    for difference in differences {
        println!("{:9} {}", difference.type_, difference.path);
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

/// Seconds since 1970, as people read them.
fn date(seconds: i64) -> String {
    chrono::DateTime::from_timestamp(seconds, 0).map_or_else(|| seconds.to_string(), |date| date.to_string())
}
