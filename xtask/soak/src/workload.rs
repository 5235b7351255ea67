//! The tasks: each works on a branch of its own, merges it into `main`, and runs transactions on `main`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::TryStreamExt as _;
use futures::future::join_all;
use lakefs::{Branch, Error, Repository};

use crate::ledger::{Change, Ledger, Reported};

/// How long a call may take, with all its retries and checks.
const LIMIT: Duration = Duration::from_secs(240);

#[derive(Clone)]
pub(crate) struct Workload {
    repository: Repository,
    ledger: Arc<Ledger>,
}

/// One task.
struct Worker {
    workload: Workload,
    branch: Branch,
    random: fastrand::Rng,
    number: usize,
    step: usize,
    /// A readable object of the branch, with its content.
    written: Option<(String, String)>,
}

impl Workload {
    pub(crate) fn new(repository: Repository, ledger: Arc<Ledger>) -> Self {
        Self { repository, ledger }
    }

    /// Runs `tasks` tasks until `end`.
    pub(crate) async fn run(&self, tasks: usize, end: Instant, seed: u64) {
        let workers = (0..tasks).map(|number| {
            let mut worker = Worker {
                workload: self.clone(),
                branch: self.repository.branch(format!("task-{number}")),
                random: fastrand::Rng::with_seed(seed.wrapping_add(number as u64 + 1)),
                number,
                step: 0,
                written: None,
            };
            tokio::spawn(async move { worker.run(end).await })
        });
        join_all(workers.collect::<Vec<_>>()).await;
    }
}

impl Worker {
    async fn run(&mut self, end: Instant) {
        while let Err(error) = self.branch.create("main").exist_ok(true).await {
            self.workload.ledger.add_error(&error);
            if Instant::now() >= end {
                return;
            }
        }
        while Instant::now() < end {
            self.step += 1;
            let ledger = Arc::clone(&self.workload.ledger);
            if tokio::time::timeout(LIMIT, self.work()).await.is_err() {
                ledger.add_hung();
            }
        }
    }

    /// Makes one random call.
    async fn work(&mut self) {
        match self.random.u32(0..20) {
            0..8 => self.upload().await,
            8..12 => self.commit().await,
            12..14 => self.merge().await,
            14..16 => self.transaction().await,
            16 => self.tag().await,
            17 => self.read().await,
            _ => self.list().await,
        }
    }

    /// A name that nothing else in the repository has.
    fn unique(&self, kind: &str) -> String {
        format!("{kind}-{}-{}", self.number, self.step)
    }

    fn report<T>(&self, change: Change, result: &Result<T, Error>, is_idempotent: bool) {
        if let Err(error) = result {
            self.workload.ledger.add_error(error);
        }
        self.workload.ledger.add(change, Reported::of(result, is_idempotent));
    }

    async fn upload(&mut self) {
        let path = self.unique("object");
        let content = format!("{path} {}", self.random.u64(..)).repeat(self.random.usize(1..200));
        let result = self.branch.object(&path).upload(content.clone()).await;
        if result.is_ok() {
            self.written = Some((path.clone(), content.clone()));
        }
        let branch = self.branch.name().to_owned();
        self.report(Change::Object { branch, path, content }, &result, true);
    }

    async fn commit(&self) {
        let message = self.unique("commit");
        let result = self.branch.commit(&message).metadata("task", self.number.to_string()).await;
        self.report(Change::Commit { branch: self.branch.name().to_owned(), message }, &result, false);
    }

    async fn merge(&self) {
        let message = self.unique("merge");
        let main = self.workload.repository.branch("main");
        let result = self.branch.merge_into(&main).message(&message).await;
        self.report(Change::Merge { message }, &result, false);
    }

    async fn transaction(&self) {
        let message = self.unique("transaction");
        let content = message.clone();
        let paths: Vec<_> = (0..3).map(|number| format!("{message}/{number}")).collect();
        let main = self.workload.repository.branch("main");
        let result = main
            .transaction(&message)
            .run(async |branch| {
                for path in &paths {
                    branch.object(path).upload(content.clone()).await?;
                }
                Ok::<_, Error>(())
            })
            .await;
        self.report(Change::Transaction { message, paths, content }, &result, false);
    }

    async fn tag(&self) {
        let name = self.unique("tag");
        let result = self.workload.repository.tag(&name).create(&self.branch).await;
        self.report(Change::Tag { name }, &result, false);
    }

    /// Reads what this task has written.
    async fn read(&self) {
        let Some((path, content)) = &self.written else { return };
        match self.branch.object(path).read().await {
            Ok(read) if read == *content => self.workload.ledger.add_read(true),
            Ok(_) => {
                // The check at the end reports it.
                self.workload.ledger.add_read(false);
            }
            Err(error) => {
                self.workload.ledger.add_error(&error);
                self.workload.ledger.add_read(false);
            }
        }
    }

    async fn list(&self) {
        let listed: Result<Vec<_>, _> = self.branch.objects().try_collect().await;
        if let Err(error) = &listed {
            self.workload.ledger.add_error(error);
        }
        self.workload.ledger.add_read(listed.is_ok());
    }
}
