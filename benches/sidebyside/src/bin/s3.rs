//! Reads ranges with the S3 client of the crate `object_store`, on the S3 gateway of lakeFS.

use lakefs_bench::{BoxError, Invocation, Job, read_ranges};
use object_store::aws::AmazonS3Builder;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let Invocation { repository, branch, job } = Invocation::from_args()?;
    let Job::Ranges { path, count, concurrency } = job else {
        return Err("this contender only reads ranges".into());
    };
    let store = AmazonS3Builder::new()
        .with_endpoint(std::env::var("LAKECTL_SERVER_ENDPOINT_URL")?)
        .with_allow_http(true)
        .with_region("us-east-1")
        .with_access_key_id(std::env::var("LAKECTL_CREDENTIALS_ACCESS_KEY_ID")?)
        .with_secret_access_key(std::env::var("LAKECTL_CREDENTIALS_SECRET_ACCESS_KEY")?)
        .with_bucket_name(repository)
        .build()?;
    read_ranges(&store, &format!("{branch}/{path}"), count, concurrency).await
}
