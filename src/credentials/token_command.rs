//! Tokens that a program prints.

use std::ffi::OsString;
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use futures::future::{BoxFuture, try_join3};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;

use crate::http::credential::{Credential, CredentialError, CredentialProvider};

/// The size that no output with a token exceeds.
const MAX_OUTPUT: u64 = 1024 * 1024;

/// How many characters of the standard error of a failed program are shown.
const MAX_MESSAGE: usize = 1000;

/// A program whose standard output is a token.
///
/// The client runs it before the first request, before the token expires, and when the server rejects the token. The
/// output is used without white space around it. No shell is involved. The program inherits the environment and the
/// directory of this one; its standard input is empty. If it fails, the error contains what it wrote to its standard
/// error, and never its output.
///
/// ```
/// # fn main() -> lakefs::Result<()> {
/// use std::time::Duration;
/// use lakefs::{Client, TokenCommand};
///
/// let command = TokenCommand::new("vault")
///     .args(["read", "-field=token", "lakefs/token"])
///     .token_ttl(Duration::from_secs(3600));
/// let client = Client::builder().endpoint("http://localhost:8000").credentials(command).build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct TokenCommand {
    program: OsString,
    args: Vec<OsString>,
    timeout: Duration,
    token_ttl: Option<Duration>,
}

impl TokenCommand {
    /// Creates a command without arguments. A program without a path is searched in `PATH`.
    #[must_use]
    pub fn new(program: impl Into<OsString>) -> Self {
        let (timeout, token_ttl) = (Duration::from_secs(30), None);
        Self { program: program.into(), args: Vec::new(), timeout, token_ttl }
    }

    /// Adds an argument. `Debug` shows arguments, so do not pass secrets in them.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<S: Into<OsString>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets how long the program may run. It is killed after that time. Default: 30 seconds.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets how long a token is valid after the start of the program. Default: until the server rejects it.
    #[must_use]
    pub fn token_ttl(mut self, ttl: Duration) -> Self {
        self.token_ttl = Some(ttl);
        self
    }

    pub(super) fn provider(self) -> impl CredentialProvider + 'static {
        Provider(self)
    }
}

#[derive(Debug)]
struct Provider(TokenCommand);

impl CredentialProvider for Provider {
    fn credential<'a>(
        &'a self,
        _rejected: Option<&'a Credential>,
    ) -> BoxFuture<'a, Result<Credential, CredentialError>> {
        Box::pin(async move {
            let start = SystemTime::now();
            let run = tokio::time::timeout(self.0.timeout, self.run()).await;
            let token = run.unwrap_or_else(|_| {
                Err(format!("{} did not end within {:?}", self.name(), self.0.timeout).into())
            })?;
            let expiry = self.0.token_ttl.and_then(|ttl| start.checked_add(ttl));
            let credential = Credential::bearer(token);
            Ok(match expiry {
                Some(expiry) => credential.expires_at(expiry),
                None => credential,
            })
        })
    }
}

impl Provider {
    /// Runs the program, and returns its output. The program is killed if this is dropped.
    async fn run(&self) -> Result<String, CredentialError> {
        let mut child = Command::new(&self.0.program)
            .args(&self.0.args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("{} cannot be started: {error}", self.name()))?;
        let (output, messages) = (child.stdout.take(), child.stderr.take());
        let run = try_join3(read(output), read(messages), child.wait()).await;
        let (output, messages, status) =
            run.map_err(|error| format!("the output of {} cannot be read: {error}", self.name()))?;
        // An invalid character is not repeated: the output can be a token.
        let output =
            String::from_utf8(output).map_err(|_| self.problem("printed bytes that are not text"))?;
        let token = output.trim();
        if !status.success() {
            let messages = shown(&String::from_utf8_lossy(&messages), token);
            return Err(format!("{} failed with {status}{messages}", self.name()).into());
        }
        if token.is_empty() {
            return Err(self.problem("printed no token"));
        }
        Ok(token.to_owned())
    }

    fn name(&self) -> String {
        format!("the token command {}", self.0.program.display())
    }

    fn problem(&self, problem: &str) -> CredentialError {
        format!("{} {problem}", self.name()).into()
    }
}

async fn read(stream: Option<impl AsyncRead + Unpin>) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let Some(stream) = stream else { return Ok(bytes) };
    stream.take(MAX_OUTPUT + 1).read_to_end(&mut bytes).await?;
    if u64::try_from(bytes.len()).is_ok_and(|size| size <= MAX_OUTPUT) {
        Ok(bytes)
    } else {
        Err(std::io::Error::new(std::io::ErrorKind::InvalidData, "it is larger than 1 MiB"))
    }
}

/// The end of the standard error on one line, for a message. A token that a program prints there as well is removed.
fn shown(messages: &str, token: &str) -> String {
    let messages = messages.trim();
    let messages = if token.is_empty() { messages.to_owned() } else { messages.replace(token, "<redacted>") };
    let skipped = messages.chars().count().saturating_sub(MAX_MESSAGE);
    let text: String = messages.chars().skip(skipped).collect();
    if text.is_empty() { text } else { format!(": {}", text.escape_debug()) }
}
