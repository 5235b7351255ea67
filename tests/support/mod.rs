//! A server that answers what it was told, whatever it is asked: for replies that no lakeFS should give.

use std::fmt::Write as _;
use std::io;
use std::sync::{Arc, Mutex};

use lakefs::{Client, ClientBuilder, RetryPolicy};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// One reply a connection, in the order given. Then nobody listens any more.
pub(crate) struct Script {
    endpoint: String,
    requests: Arc<Mutex<Vec<String>>>,
    playing: JoinHandle<()>,
}

/// What goes over the wire.
#[derive(Clone)]
pub(crate) struct Reply {
    bytes: Vec<u8>,
    /// The connection stays, and nothing more comes.
    hangs: bool,
}

impl Reply {
    /// A reply as a server would write it.
    pub(crate) fn new(status: u16, content_type: &str, body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let mut head =
            format!("HTTP/1.1 {status} As Scripted\r\nConnection: close\r\nX-Request-Id: request-7\r\n");
        if !content_type.is_empty() {
            _ = write!(head, "Content-Type: {content_type}\r\n");
        }
        if !matches!(status, 204 | 304) {
            _ = write!(head, "Content-Length: {}\r\n", body.len());
        }
        let bytes = [head.as_bytes(), b"\r\n", body].concat();
        Self { bytes, hangs: false }
    }

    /// A reply of lakeFS.
    pub(crate) fn json(status: u16, body: impl AsRef<[u8]>) -> Self {
        Self::new(status, "application/json", body)
    }

    /// None: the connection is closed when the request has come.
    pub(crate) fn none() -> Self {
        Self { bytes: Vec::new(), hangs: false }
    }

    /// None: the connection stays, and nothing comes.
    pub(crate) fn silence() -> Self {
        Self { bytes: Vec::new(), hangs: true }
    }

    /// With another header.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        let behind_status = self.bytes.windows(2).position(|pair| pair == b"\r\n").unwrap() + 2;
        let header = format!("{name}: {value}\r\n");
        self.bytes.splice(behind_status..behind_status, header.into_bytes());
        self
    }

    /// Without its last bytes.
    pub(crate) fn cut(mut self, bytes: usize) -> Self {
        self.bytes.truncate(self.bytes.len() - bytes);
        self
    }
}

impl Script {
    pub(crate) async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let replies: Vec<_> = replies.into_iter().collect();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::default();
        let playing = tokio::spawn(play(listener, replies, Arc::clone(&requests)));
        Self { endpoint, requests, playing }
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Configures a client that sends every request once.
    pub(crate) fn builder(&self) -> ClientBuilder {
        Client::builder().endpoint(&self.endpoint).access_key("key", "hush").retries(RetryPolicy::none())
    }

    pub(crate) fn client(&self) -> Client {
        self.builder().build().unwrap()
    }

    /// The heads of the requests that have come, in lower case.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        self.playing.abort();
    }
}

async fn play(listener: TcpListener, replies: Vec<Reply>, requests: Arc<Mutex<Vec<String>>>) {
    let mut hanging = Vec::new();
    for reply in replies {
        let (mut stream, _) = listener.accept().await.unwrap();
        let request = read(&mut stream).await.unwrap();
        requests.lock().unwrap().push(request.to_ascii_lowercase());
        // The client need not wait for the end.
        _ = stream.write_all(&reply.bytes).await;
        if reply.hangs {
            hanging.push(stream);
        }
    }
    if !hanging.is_empty() {
        std::future::pending::<()>().await;
    }
}

/// Reads a request to its end, and gives its head.
async fn read(stream: &mut TcpStream) -> io::Result<String> {
    let mut request = Vec::new();
    loop {
        stream.read_buf(&mut request).await?;
        let Some(head) = request.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { continue };
        let text = String::from_utf8_lossy(&request[..head]).into_owned();
        let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.map_or(0, |length| length.parse().unwrap());
        while request.len() < head + 4 + length {
            stream.read_buf(&mut request).await?;
        }
        return Ok(text);
    }
}
