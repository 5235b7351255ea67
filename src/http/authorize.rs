//! The `Authorization` header of requests, and the renewal of credentials.

use std::future::ready;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use reqwest::header::HeaderValue;
use tokio::time::{Instant, timeout};

use crate::error::{Error, ErrorKind, Result};
use crate::http::credential::{Credential, CredentialError, CredentialProvider};
use crate::single_flight::SingleFlight;

/// What a renewal does, for messages.
const ACTION: &str = "get credentials";

const UNSENDABLE: &str = "contain characters that cannot be sent in a header";

/// The longest duration of a renewal.
const LIMIT: Duration = Duration::from_secs(300);

/// The longest time before its expiry at which a credential is renewed, unless the credential sets it.
const MAX_RENEW_BEFORE: Duration = Duration::from_secs(300);

/// The longest time before its expiry from which a credential is not used any more, so that it does not expire on the
/// way to the server.
const MAX_MARGIN: Duration = Duration::from_secs(10);

/// How long rejections are ignored after the provider returned a rejected credential again.
const REPEATED_BACKOFF: Duration = Duration::from_secs(1);

/// Adds credentials to requests, and renews them.
#[derive(Debug)]
pub(crate) struct Authorizer {
    /// `None` if the credential is never renewed.
    provider: Option<Arc<dyn CredentialProvider>>,
    current: Arc<Mutex<Option<Current>>>,
    renewal: SingleFlight<HeaderValue>,
    clock: fn() -> SystemTime,
}

/// The credential in use.
#[derive(Debug)]
struct Current {
    credential: Credential,
    header: HeaderValue,
    times: Option<Times>,
    state: State,
    /// Rejections before this time are ignored, because the provider has no other credential.
    ignore_rejections_until: Option<Instant>,
}

/// The times at which a credential that expires is replaced.
#[derive(Clone, Copy, Debug)]
struct Times {
    /// From here on, it is renewed in the background.
    renew: SystemTime,
    /// From here on, it is not used.
    end: SystemTime,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Valid,
    /// The provider has another one.
    Changed,
    /// The server rejected it.
    Rejected,
}

impl Authorizer {
    /// Sends one credential, which is never renewed.
    pub(crate) fn fixed(credential: Credential) -> Result<Self> {
        let current = Current::new(credential, SystemTime::now(), None)
            .map_err(|_| Error::config(format!("the credentials {UNSENDABLE}")))?;
        Ok(Self { current: Arc::new(Mutex::new(Some(current))), ..Self::with(None) })
    }

    /// Sends the credentials of a provider.
    pub(crate) fn new(provider: Arc<dyn CredentialProvider>) -> Self {
        Self::with(Some(provider))
    }

    fn with(provider: Option<Arc<dyn CredentialProvider>>) -> Self {
        let (current, renewal) = (Arc::default(), SingleFlight::default());
        Self { provider, current, renewal, clock: SystemTime::now }
    }

    /// Returns the value of the header for the next request.
    pub(crate) async fn authorization(&self) -> Result<HeaderValue> {
        let Some(provider) = &self.provider else { return self.fixed_value() };
        if self.usable().is_some() && provider.has_changed().await {
            self.set_state(State::Valid, State::Changed);
        }
        let start = || self.renew(provider);
        match self.usable() {
            Some(Usable { header, needs_renewal: None }) => Ok(header),
            Some(Usable { header, needs_renewal: Some(Renewal::Background) }) => {
                let is_needed = || self.usable().is_none_or(|usable| usable.needs_renewal.is_some());
                self.renewal.start(is_needed, start);
                Ok(header)
            }
            Some(Usable { header, needs_renewal: Some(Renewal::First) }) => {
                // The new one may be incomplete: a file that is being written.
                Ok(self.renewal.get(|| self.ready(), start).await.unwrap_or(header))
            }
            None => self.renewal.get(|| self.ready(), start).await,
        }
    }

    /// Whether a rejected value can be renewed.
    pub(crate) fn renews(&self) -> bool {
        self.provider.is_some()
    }

    /// Records that the server rejected a value with status 401. The next call of
    /// [`authorization`](Self::authorization) renews it, unless that has happened already.
    pub(crate) fn reject(&self, value: &HeaderValue) {
        if let Some(current) = &mut *self.lock()
            && current.header == value
            && current.ignore_rejections_until.is_none_or(|until| until <= Instant::now())
        {
            current.state = State::Rejected;
        }
    }

    fn fixed_value(&self) -> Result<HeaderValue> {
        let current = self.lock();
        let header = current.as_ref().map(|current| current.header.clone());
        header.ok_or_else(|| Error::new(ErrorKind::Unauthenticated, ACTION, "there are none"))
    }

    /// The credential in use, unless it is rejected or expired.
    fn usable(&self) -> Option<Usable> {
        let current = self.lock();
        let current = current.as_ref()?;
        let now = (self.clock)();
        let is_after = |time: fn(Times) -> SystemTime| current.times.is_some_and(|times| time(times) <= now);
        let needs_renewal = match current.state {
            State::Rejected => return None,
            _ if is_after(|times| times.end) => return None,
            State::Changed => Some(Renewal::First),
            State::Valid => is_after(|times| times.renew).then_some(Renewal::Background),
        };
        Some(Usable { header: current.header.clone(), needs_renewal })
    }

    /// The value to use without waiting for a renewal.
    fn ready(&self) -> Option<HeaderValue> {
        let usable = self.usable()?;
        (!matches!(usable.needs_renewal, Some(Renewal::First))).then_some(usable.header)
    }

    fn set_state(&self, from: State, to: State) {
        if let Some(current) = &mut *self.lock()
            && current.state == from
        {
            current.state = to;
        }
    }

    /// Gets a credential from the provider, and puts it in use.
    fn renew(&self, provider: &Arc<dyn CredentialProvider>) -> BoxFuture<'static, Result<HeaderValue>> {
        let (provider, shared, clock) = (Arc::clone(provider), Arc::clone(&self.current), self.clock);
        async move {
            let rejected = {
                let current = shared.lock().unwrap_or_else(PoisonError::into_inner);
                let rejected = current.as_ref().filter(|current| current.state == State::Rejected);
                rejected.map(|current| current.credential.clone())
            };
            let credential = timeout(LIMIT, provider.credential(rejected.as_ref())).await;
            let credential = credential.unwrap_or_else(|_| {
                Err(Error::new(ErrorKind::Timeout, ACTION, "the provider did not return in 5 minutes").into())
            });
            let renewed = ready(credential.map_err(provider_error))
                .await
                .and_then(|credential| Current::new(credential, clock(), rejected.as_ref()));
            match renewed {
                Ok(renewed) => {
                    let header = renewed.header.clone();
                    *shared.lock().unwrap_or_else(PoisonError::into_inner) = Some(renewed);
                    Ok(header)
                }
                Err(error) => {
                    tracing::warn!(%error, "the credentials cannot be renewed");
                    Err(error)
                }
            }
        }
        .boxed()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Current>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A credential that can be sent.
struct Usable {
    header: HeaderValue,
    needs_renewal: Option<Renewal>,
}

/// When a usable credential is renewed.
enum Renewal {
    /// While it is used.
    Background,
    /// Before the next request.
    First,
}

impl Current {
    fn new(credential: Credential, now: SystemTime, rejected: Option<&Credential>) -> Result<Self> {
        let header = credential.header().ok_or_else(|| {
            Error::new(ErrorKind::Unauthenticated, ACTION, format!("the credentials {UNSENDABLE}"))
        })?;
        let times = Times::of(&credential, now);
        let is_repeated = rejected == Some(&credential);
        let ignore_rejections_until = is_repeated.then(|| Instant::now() + REPEATED_BACKOFF);
        Ok(Self { credential, header, times, state: State::Valid, ignore_rejections_until })
    }
}

impl Times {
    /// `None` if the credential does not expire. A credential that seems to be expired when it arrives is used until
    /// the server rejects it, because the clock of this machine is more likely to be wrong.
    fn of(credential: &Credential, now: SystemTime) -> Option<Self> {
        let expires = credential.expiry()?;
        let Ok(lifetime) = expires.duration_since(now) else {
            tracing::warn!("a new credential has expired already; check the clock of this machine");
            return None;
        };
        let renew_before = match credential.renewal_time() {
            Some(time) => time.min(lifetime / 2),
            None => MAX_RENEW_BEFORE.min(lifetime / 4),
        };
        let before = |time| expires.checked_sub(time).unwrap_or(expires);
        Some(Self { renew: before(renew_before), end: before(MAX_MARGIN.min(lifetime / 10)) })
    }
}

/// The error of a provider. An error of this crate stays as it is.
fn provider_error(error: CredentialError) -> Error {
    match error.downcast::<Error>() {
        Ok(error) => *error,
        Err(error) => Error::new(ErrorKind::Unauthenticated, ACTION, error.to_string()).with_source(error),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

    use futures::future::join_all;
    use tokio::time::{advance, sleep};

    use super::*;

    /// A clock that runs with the one of tokio, which the tests pause.
    fn paused_clock() -> SystemTime {
        static START: OnceLock<SystemTime> = OnceLock::new();
        thread_local!(static ORIGIN: OnceLock<Instant> = const { OnceLock::new() });
        let elapsed = ORIGIN.with(|origin| origin.get_or_init(Instant::now).elapsed());
        *START.get_or_init(SystemTime::now) + elapsed
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// Returns the tokens `1`, `2` and so on, each after half a second.
    #[derive(Debug, Default)]
    struct Tokens {
        lifetime: Option<Duration>,
        calls: AtomicU32,
        rejected: Mutex<Vec<Credential>>,
        /// Fails instead.
        fails: std::sync::atomic::AtomicBool,
        /// Always returns the first token.
        repeats: bool,
        changed: std::sync::atomic::AtomicBool,
    }

    impl CredentialProvider for Tokens {
        fn credential<'a>(
            &'a self,
            rejected: Option<&'a Credential>,
        ) -> BoxFuture<'a, Result<Credential, CredentialError>> {
            self.rejected.lock().unwrap().extend(rejected.cloned());
            let call = self.calls.fetch_add(1, SeqCst) + 1;
            async move {
                sleep(Duration::from_millis(500)).await;
                if self.fails.load(SeqCst) {
                    return Err(format!("failure {call}").into());
                }
                self.changed.store(false, SeqCst);
                let credential = Credential::bearer(if self.repeats { 1 } else { call }.to_string());
                Ok(match self.lifetime {
                    Some(lifetime) => credential.expires_at(paused_clock() + lifetime),
                    None => credential,
                })
            }
            .boxed()
        }

        fn has_changed(&self) -> BoxFuture<'_, bool> {
            ready(self.changed.load(SeqCst)).boxed()
        }
    }

    fn authorizer(tokens: Tokens) -> (Arc<Tokens>, Authorizer) {
        let tokens = Arc::new(tokens);
        let provider: Arc<dyn CredentialProvider> = Arc::clone(&tokens) as _;
        (tokens, Authorizer { clock: paused_clock, ..Authorizer::new(provider) })
    }

    /// The token of the next request.
    async fn token(authorizer: &Authorizer) -> String {
        let value = authorizer.authorization().await.unwrap();
        value.to_str().unwrap().strip_prefix("Bearer ").unwrap().to_owned()
    }

    fn calls(tokens: &Tokens) -> u32 {
        tokens.calls.load(SeqCst)
    }

    #[tokio::test(start_paused = true)]
    async fn concurrent_calls_share_one_renewal() {
        let (tokens, authorizer) = authorizer(Tokens::default());
        let start = Instant::now();
        let all = join_all((0..20).map(|_| token(&authorizer))).await;
        assert!(all.iter().all(|token| token == "1"), "{all:?}");
        assert_eq!((calls(&tokens), start.elapsed()), (1, Duration::from_millis(500)));
        advance(seconds(1_000_000)).await;
        assert_eq!((token(&authorizer).await.as_str(), calls(&tokens)), ("1", 1));
    }

    #[tokio::test(start_paused = true)]
    async fn concurrent_calls_share_one_failure() {
        let (tokens, authorizer) = authorizer(Tokens { fails: true.into(), ..Tokens::default() });
        let start = Instant::now();
        for result in join_all((0..20).map(|_| authorizer.authorization())).await {
            let error = result.unwrap_err();
            assert_eq!((error.kind(), error.message()), (ErrorKind::Unauthenticated, "failure 1"));
        }
        assert_eq!((calls(&tokens), start.elapsed()), (1, Duration::from_millis(500)));
        // Another call a moment later gets the same error at once.
        assert_eq!(authorizer.authorization().await.unwrap_err().message(), "failure 1");
        assert_eq!((calls(&tokens), start.elapsed()), (1, Duration::from_millis(500)));
        tokens.fails.store(false, SeqCst);
        advance(seconds(1)).await;
        assert_eq!(token(&authorizer).await, "2");
    }

    #[tokio::test(start_paused = true)]
    async fn credential_is_renewed_in_the_background_before_it_expires() {
        let lifetime = Some(seconds(1000));
        let (tokens, authorizer) = authorizer(Tokens { lifetime, ..Tokens::default() });
        assert_eq!(token(&authorizer).await, "1");
        advance(seconds(749)).await;
        assert_eq!((token(&authorizer).await.as_str(), calls(&tokens)), ("1", 1));
        advance(seconds(1)).await;
        let start = Instant::now();
        for _ in 0..20 {
            assert_eq!(token(&authorizer).await, "1");
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
        sleep(seconds(1)).await;
        assert_eq!((token(&authorizer).await.as_str(), calls(&tokens)), ("2", 2));
    }

    #[tokio::test(start_paused = true)]
    async fn credential_is_used_until_it_expires_if_it_cannot_be_renewed() {
        let lifetime = Some(seconds(1000));
        let (tokens, authorizer) = authorizer(Tokens { lifetime, ..Tokens::default() });
        assert_eq!(token(&authorizer).await, "1");
        tokens.fails.store(true, SeqCst);
        for _ in 0..989 {
            sleep(seconds(1)).await;
            assert_eq!(token(&authorizer).await, "1");
        }
        // The back-off limits the number of renewals.
        assert!((20..30).contains(&calls(&tokens)), "{}", calls(&tokens));
        sleep(seconds(1)).await;
        assert!(authorizer.authorization().await.is_err());
        tokens.fails.store(false, SeqCst);
        sleep(seconds(10)).await;
        let expected = (calls(&tokens) + 1).to_string();
        assert_eq!(token(&authorizer).await, expected);
    }

    #[tokio::test(start_paused = true)]
    async fn renewal_time_of_the_credential_is_used() {
        let credential = |renew_before| {
            let now = SystemTime::UNIX_EPOCH;
            let credential = Credential::bearer("1").expires_at(now + seconds(1000));
            let credential = match renew_before {
                Some(time) => credential.renew_before(seconds(time)),
                None => credential,
            };
            let times = Times::of(&credential, now).unwrap();
            let since = |time: SystemTime| time.duration_since(now).unwrap().as_secs();
            (since(times.renew), since(times.end))
        };
        assert_eq!(credential(None), (750, 990));
        assert_eq!(credential(Some(0)), (1000, 990));
        assert_eq!(credential(Some(100)), (900, 990));
        assert_eq!(credential(Some(900)), (500, 990));
        let long = Credential::bearer("1").expires_at(SystemTime::UNIX_EPOCH + seconds(100_000));
        let times = Times::of(&long, SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!(times.renew, SystemTime::UNIX_EPOCH + seconds(99_700));
    }

    #[tokio::test(start_paused = true)]
    async fn rejected_credential_is_renewed_once() {
        let (tokens, authorizer) = authorizer(Tokens::default());
        let first = authorizer.authorization().await.unwrap();
        for _ in 0..20 {
            authorizer.reject(&first);
        }
        let all = join_all((0..20).map(|_| token(&authorizer))).await;
        assert!(all.iter().all(|token| token == "2"), "{all:?}");
        // A late response to a request with the first one.
        authorizer.reject(&first);
        assert_eq!((token(&authorizer).await.as_str(), calls(&tokens)), ("2", 2));
        assert_eq!(*tokens.rejected.lock().unwrap(), [Credential::bearer("1")]);
    }

    #[tokio::test(start_paused = true)]
    async fn credential_that_is_returned_again_is_requested_once_a_second() {
        let (tokens, authorizer) = authorizer(Tokens { repeats: true, ..Tokens::default() });
        let first = authorizer.authorization().await.unwrap();
        for _ in 0..20 {
            authorizer.reject(&first);
            assert_eq!(authorizer.authorization().await.unwrap(), first);
        }
        assert_eq!(calls(&tokens), 2);
        advance(seconds(1)).await;
        authorizer.reject(&first);
        assert_eq!((token(&authorizer).await.as_str(), calls(&tokens)), ("1", 3));
    }

    #[tokio::test(start_paused = true)]
    async fn changed_credential_is_used_by_the_next_call() {
        let (tokens, authorizer) = authorizer(Tokens::default());
        assert_eq!(token(&authorizer).await, "1");
        tokens.changed.store(true, SeqCst);
        assert_eq!((token(&authorizer).await.as_str(), calls(&tokens)), ("2", 2));
        // An incomplete change does not matter as long as the previous credential is accepted.
        tokens.changed.store(true, SeqCst);
        tokens.fails.store(true, SeqCst);
        assert_eq!((token(&authorizer).await.as_str(), calls(&tokens)), ("2", 3));
        assert_eq!((token(&authorizer).await.as_str(), calls(&tokens)), ("2", 3));
        tokens.fails.store(false, SeqCst);
        advance(seconds(1)).await;
        assert_eq!(token(&authorizer).await, "4");
    }

    #[tokio::test(start_paused = true)]
    async fn credential_that_arrives_expired_is_used() {
        let (tokens, authorizer) = authorizer(Tokens { lifetime: None, ..Tokens::default() });
        let expired = Credential::bearer("1").expires_at(SystemTime::UNIX_EPOCH);
        let current = Current::new(expired, paused_clock(), None).unwrap();
        *authorizer.lock() = Some(current);
        assert_eq!((token(&authorizer).await.as_str(), calls(&tokens)), ("1", 0));
    }

    #[tokio::test(start_paused = true)]
    async fn provider_that_does_not_return_times_out() {
        #[derive(Debug)]
        struct Silent;
        impl CredentialProvider for Silent {
            fn credential<'a>(
                &'a self,
                _rejected: Option<&'a Credential>,
            ) -> BoxFuture<'a, Result<Credential, CredentialError>> {
                std::future::pending().boxed()
            }
        }
        let start = Instant::now();
        let error = Authorizer::new(Arc::new(Silent)).authorization().await.unwrap_err();
        assert_eq!((error.kind(), start.elapsed()), (ErrorKind::Timeout, seconds(300)), "{error}");
    }

    #[tokio::test]
    async fn credential_that_cannot_be_sent_is_an_error() {
        let error = Authorizer::fixed(Credential::bearer("hu\nsh")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(!format!("{error} {error:?}").contains("hu"), "{error:?}");
    }
}
