//! Servers and clients on which cases run, and a run of a case.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lakefs::{Client, ClientBuilder, RetryPolicy};
use lakefs_testserver::Server;

use crate::case::{Case, Reader, Step};
use crate::world::World;

/// How long a client waits for a response that a fault may prevent.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(1);
/// How long the client checks an unknown outcome.
pub(crate) const RECONCILE_TIMEOUT: Duration = Duration::from_millis(300);
/// How long a call may take. No fault lasts longer than all attempts with this client.
const DEADLINE: Duration = Duration::from_secs(30);

/// A server, and a client of it. Cases run on repositories of their own.
pub(crate) struct Lab {
    server: Arc<Server>,
    /// Waits as long as it takes.
    client: Client,
    /// Waits only briefly.
    impatient: Client,
}

/// A case that is ready to be called.
pub(crate) struct Prepared {
    pub(crate) world: World,
    /// The value of the preparation, which the call needs.
    value: String,
    /// What the server contained before the call.
    pub(crate) before: String,
}

impl Lab {
    pub(crate) async fn new() -> Self {
        let server = Arc::new(Server::builder().presigned_storage().start().await.unwrap());
        let client = builder(&server, server.endpoint());
        let impatient = client.clone().response_timeout(RESPONSE_TIMEOUT).build().unwrap();
        Self { client: client.build().unwrap(), impatient, server }
    }

    pub(crate) fn server(&self) -> &Server {
        &self.server
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) fn impatient(&self) -> &Client {
        &self.impatient
    }

    /// Prepares a case on a new repository.
    pub(crate) async fn prepare(&self, case: &Case) -> Result<Prepared, String> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let (server, client) = (Arc::clone(&self.server), self.client.clone());
        let faults = server.faults();
        faults.clear();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().to_string();
        let response = |(status, body): (u16, &str)| (status, body.replace("NOW", &now));
        faults.emulate(case.operation(), case.emulated.iter().copied().map(response));
        for Reader { operation, before, after } in &case.readers {
            faults.emulate(operation, [response(*before)]);
            faults.emulate_after(case.operation(), operation, [response(*after)]);
        }
        let repository = format!("case-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let open_uploads = server.open_uploads();
        let world = World { server, client, repository, open_uploads };
        let failed = |error| format!("{}: cannot be prepared: {error}", case.name);
        if case.has_repository {
            world.create().await.map_err(failed)?;
        }
        let value = (case.prepare)(world.clone()).await.map_err(failed)?;
        let before = world.state();
        Ok(Prepared { world, value, before })
    }

    /// Removes the emulation of a case.
    pub(crate) fn clean_up(case: &Case, prepared: &Prepared) {
        let faults = prepared.world.server.faults();
        faults.clear();
        let readers = case.readers.iter().map(|reader| reader.operation);
        for operation in std::iter::once(case.operation()).chain(readers) {
            faults.emulate(operation, [(0, ""); 0]);
        }
    }
}

impl Prepared {
    /// Starts the operation, which does nothing before it is polled.
    pub(crate) fn start(&self, case: &Case) -> Step {
        (case.call)(self.world.clone(), self.value.clone())
    }

    /// Calls the operation. `None`: it does not end.
    pub(crate) async fn call(&self, case: &Case) -> Option<lakefs::Result<String>> {
        self.call_with(case, self.world.client.clone()).await
    }

    pub(crate) async fn call_with(&self, case: &Case, client: Client) -> Option<lakefs::Result<String>> {
        let call = (case.call)(self.world.with_client(client), self.value.clone());
        tokio::time::timeout(DEADLINE, call).await.ok()
    }

    /// How many requests for the operation took effect.
    pub(crate) fn applications(&self, case: &Case) -> usize {
        let requests = self.world.server.requests_for(case.operation());
        let took_effect = |status: u16| (200..400).contains(&status);
        requests
            .iter()
            .filter(|request| is_of(&request.path, &self.world.repository))
            .filter(|request| request.handled_status.is_some_and(took_effect))
            .count()
    }
}

/// Whether a path belongs to a repository, or to none.
pub(crate) fn is_of(path: &str, repository: &str) -> bool {
    let Some((_, rest)) = path.split_once("/repositories/") else { return true };
    rest.split('/').next() == Some(repository)
}

/// A client of a server at `endpoint`. Its many failures do not exhaust its retries.
pub(crate) fn builder(server: &Server, endpoint: &str) -> ClientBuilder {
    Client::builder()
        .endpoint(endpoint)
        .access_key(server.access_key_id(), server.secret_access_key())
        .retries(retries())
        .retry_budget(None)
}

pub(crate) fn retries() -> RetryPolicy {
    RetryPolicy::default()
        .max_attempts(4)
        .initial_backoff(Duration::from_millis(4))
        .max_backoff(Duration::from_millis(40))
        .reconcile_timeout(RECONCILE_TIMEOUT)
}
