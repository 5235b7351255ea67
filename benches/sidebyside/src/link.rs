//! The links between the contenders and the server: loopback, or a proxy that delays every byte.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use lakefs_bench::BoxError;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, tcp};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};

/// How long the proxy delays bytes in each direction.
pub(crate) const DELAY: Duration = Duration::from_millis(20);

/// How many bytes are read at a time.
const CHUNK: usize = 64 * 1024;

/// How many chunks may be on their way in one direction of a connection. This does not limit a link of 1 GB/s.
const CHUNKS: usize = 512;

/// What connects a contender with the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    Loopback,
    /// A round trip takes 40 ms. The bandwidth is not limited.
    Delayed,
}

impl Link {
    pub(crate) const ALL: [Self; 2] = [Self::Loopback, Self::Delayed];

    /// The name on the command line, in headings and in file names.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Loopback => "loopback",
            Self::Delayed => "40ms",
        }
    }
}

/// The argument with which this program runs as a proxy.
pub(crate) const PROXY_ARGUMENT: &str = "delay-proxy";

/// A proxy for TCP that delays the bytes of both directions. It ends when it is dropped.
///
/// It is a process of its own: the peak memory of a contender starts with that of the process that starts it.
pub(crate) struct DelayProxy {
    process: Child,
    url: String,
}

impl DelayProxy {
    /// Starts a proxy in front of a server, given as `http://HOST:PORT`.
    pub(crate) fn start(server: &str) -> Result<Self, BoxError> {
        let mut command = Command::new(std::env::current_exe()?);
        let mut process = command.args([PROXY_ARGUMENT, server]).stdout(Stdio::piped()).spawn()?;
        let mut url = String::new();
        let stdout = process.stdout.take().ok_or("the output of the proxy cannot be read")?;
        BufReader::new(stdout).read_line(&mut url)?;
        Ok(Self { process, url: url.trim().to_owned() })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for DelayProxy {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

/// Prints the URL of the proxy, and runs it until the process is ended.
pub(crate) fn run_proxy(server: &str) -> Result<(), BoxError> {
    let host = server.strip_prefix("http://").ok_or("the delayed link needs a server at http://HOST:PORT")?;
    let host = host.trim_end_matches('/').to_owned();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("http://{}", listener.local_addr()?);
        loop {
            let (client, _) = listener.accept().await?;
            let host = host.clone();
            tokio::spawn(async move {
                // The handshake of TCP takes a round trip.
                sleep(2 * DELAY).await;
                if let Ok(server) = TcpStream::connect(host).await {
                    forward(client, server);
                }
            });
        }
    })
}

fn forward(client: TcpStream, server: TcpStream) {
    _ = client.set_nodelay(true);
    _ = server.set_nodelay(true);
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::spawn(delay(from_client, to_server));
    tokio::spawn(delay(from_server, to_client));
}

/// Forwards the bytes of one direction. Ends with the connection.
async fn delay(mut from: tcp::OwnedReadHalf, mut to: tcp::OwnedWriteHalf) {
    let (sender, mut chunks) = mpsc::channel::<(Instant, Vec<u8>)>(CHUNKS);
    tokio::spawn(async move {
        while let Some((time, chunk)) = chunks.recv().await {
            sleep_until(time).await;
            if to.write_all(&chunk).await.is_err() {
                return;
            }
        }
        _ = to.shutdown().await;
    });
    let mut buffer = vec![0; CHUNK];
    while let Ok(bytes @ 1..) = from.read(&mut buffer).await {
        if sender.send((Instant::now() + DELAY, buffer[..bytes].to_vec())).await.is_err() {
            return;
        }
    }
}
