//! The server and the repository of one run of a case.

use std::sync::Arc;

use lakefs::api::builder;
use lakefs::{Branch, Client, Repository, Result, api};
use lakefs_testserver::Server;

/// A server, a client of it, and a repository for one run of a case.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) server: Arc<Server>,
    pub(crate) client: Client,
    pub(crate) repository: String,
    /// How many multipart uploads were open before.
    pub(crate) open_uploads: usize,
}

impl World {
    /// The same server and repository with another client.
    pub(crate) fn with_client(&self, client: Client) -> Self {
        Self { client, ..self.clone() }
    }

    pub(crate) fn repository(&self) -> Repository {
        self.client.repository(&self.repository)
    }

    pub(crate) fn main(&self) -> Branch {
        self.repository().branch("main")
    }

    pub(crate) fn exp(&self) -> Branch {
        self.repository().branch("exp")
    }

    pub(crate) fn api(&self) -> &api::Client {
        self.client.api()
    }

    pub(crate) fn namespace(&self) -> String {
        format!("mem://{}", self.repository)
    }

    /// Creates the repository, with the object `a` committed to `main`.
    pub(crate) async fn create(&self) -> Result<()> {
        self.repository().create(self.namespace()).await?;
        self.main().object("a").upload("0").await?;
        self.main().commit("zero").await?;
        Ok(())
    }

    /// Creates the branch `exp`, which is one commit ahead of `main`.
    pub(crate) async fn create_exp(&self) -> Result<()> {
        self.exp().create("main").await?;
        self.exp().object("b").upload("1").await?;
        self.exp().commit("one").await?;
        Ok(())
    }

    /// Commits `a` to `main` with a new content, and returns the id of the commit.
    pub(crate) async fn commit(&self, content: &'static str) -> Result<String> {
        self.main().object("a").upload(content).await?;
        Ok(self.main().commit(content).await?.id)
    }

    /// Returns the id of the head of `main`.
    pub(crate) async fn head(&self) -> Result<String> {
        Ok(self.main().get().await?.commit_id)
    }

    /// Creates a multipart upload to the path `large` on `main`, and returns its id and physical address with a space
    /// between.
    pub(crate) async fn create_multipart_upload(&self) -> Result<String> {
        let request: builder::CreatePresignMultipartUpload<'_> = self.api().create_presign_multipart_upload();
        let request = request.repository(&self.repository).branch("main").path("large").parts(1);
        let upload = request.send().await?.into_inner();
        Ok(format!("{} {}", upload.upload_id, upload.physical_address))
    }

    /// What the server contains: the summary of the repository without hidden branches, which are those of
    /// transactions, and the number of open uploads.
    pub(crate) fn state(&self) -> String {
        let summary = self.server.repository_summary(&self.repository);
        let summary = summary.unwrap_or_else(|| "no repository\n".to_owned());
        let lines: Vec<_> = summary.lines().filter(|line| !line.contains(" (hidden) ")).collect();
        let uploads = self.server.open_uploads() - self.open_uploads;
        format!("{}\nopen uploads {uploads}", lines.join("\n"))
    }
}
