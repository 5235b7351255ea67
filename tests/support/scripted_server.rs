//! A server that sends prepared responses, whatever the request: for responses that no lakeFS sends on request.

use std::fmt::Write as _;
use std::io;
use std::sync::{Arc, Mutex};

use lakefs::{Client, ClientBuilder, RetryPolicy};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Accepts one connection for each prepared response, in order, and stops listening after the last one.
pub(crate) struct ScriptedServer {
    endpoint: String,
    requests: Arc<Mutex<Vec<[String; 2]>>>,
    serving: JoinHandle<()>,
}

/// The bytes that the server writes to one connection.
#[derive(Clone)]
pub(crate) struct ScriptedResponse {
    bytes: Vec<u8>,
    /// Keep the connection open after these bytes.
    stalls: bool,
}

impl ScriptedResponse {
    /// A complete response. An empty content type sends no such header.
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
        Self { bytes, stalls: false }
    }

    /// A complete JSON response.
    pub(crate) fn json(status: u16, body: impl AsRef<[u8]>) -> Self {
        Self::new(status, "application/json", body)
    }

    /// The metadata of an object of `size` bytes with a pre-signed URL.
    pub(crate) fn signed_object(url: &str, size: usize) -> Self {
        let stats = format!(
            r#"{{"checksum":"of parts-2","mtime":1700000000,"path":"a","path_type":"object","physical_address":"{url}","size_bytes":{size}}}"#
        );
        Self::json(200, stats)
    }

    /// No response: closes the connection after the request.
    pub(crate) fn connection_closed() -> Self {
        Self { bytes: Vec::new(), stalls: false }
    }

    /// No response: keeps the connection open and sends nothing.
    pub(crate) fn stalled() -> Self {
        Self { bytes: Vec::new(), stalls: true }
    }

    /// Keeps the connection open after these bytes.
    pub(crate) fn then_stalled(mut self) -> Self {
        self.stalls = true;
        self
    }

    /// Adds a header.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        let headers_start = self.bytes.windows(2).position(|pair| pair == b"\r\n").unwrap() + 2;
        let header = format!("{name}: {value}\r\n");
        self.bytes.splice(headers_start..headers_start, header.into_bytes());
        self
    }

    /// Leaves out the header by which lakeFS is recognised, as the response of another server.
    pub(crate) fn without_request_id(mut self) -> Self {
        const HEADER: &[u8] = b"X-Request-Id: request-7\r\n";
        let start = self.bytes.windows(HEADER.len()).position(|part| part == HEADER).unwrap();
        self.bytes.drain(start..start + HEADER.len());
        self
    }

    /// Leaves out the last `bytes` bytes and keeps the connection open there.
    pub(crate) fn stalling_before_last(self, bytes: usize) -> Self {
        Self { stalls: true, ..self.without_last(bytes) }
    }

    /// Leaves out the last `bytes` bytes and closes the connection there.
    pub(crate) fn without_last(mut self, bytes: usize) -> Self {
        self.bytes.truncate(self.bytes.len() - bytes);
        self
    }
}

impl ScriptedServer {
    /// Starts a server on a free local port.
    pub(crate) async fn start(responses: impl IntoIterator<Item = ScriptedResponse>) -> Self {
        let responses: Vec<_> = responses.into_iter().collect();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::default();
        let serving = tokio::spawn(serve(listener, responses, Arc::clone(&requests)));
        Self { endpoint, requests, serving }
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Returns the builder of a client that does not retry.
    pub(crate) fn builder(&self) -> ClientBuilder {
        Client::builder().endpoint(&self.endpoint).access_key("key", "hush").retries(RetryPolicy::none())
    }

    /// Returns a client that does not retry.
    pub(crate) fn client(&self) -> Client {
        self.builder().build().unwrap()
    }

    /// Returns the heads of the requests so far, in lower case.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().iter().map(|[head, _]| head.to_ascii_lowercase()).collect()
    }

    /// Returns the bodies of the requests so far.
    pub(crate) fn bodies(&self) -> Vec<String> {
        self.requests.lock().unwrap().iter().map(|[_, body]| body.clone()).collect()
    }
}

impl Drop for ScriptedServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(
    listener: TcpListener,
    responses: Vec<ScriptedResponse>,
    requests: Arc<Mutex<Vec<[String; 2]>>>,
) {
    let mut stalled = Vec::new();
    for response in responses {
        let (mut stream, _) = listener.accept().await.unwrap();
        let (head, request) = read_request(&mut stream).await.unwrap();
        let body = String::from_utf8_lossy(&request[head.len() + 4..]).into_owned();
        requests.lock().unwrap().push([head, body]);
        // The client may close the connection before it has read everything.
        _ = stream.write_all(&response.bytes).await;
        if response.stalls {
            stalled.push(stream);
        }
    }
    if !stalled.is_empty() {
        std::future::pending::<()>().await;
    }
}

/// Reads one request with its body. Returns its head as text, and all its bytes.
pub(super) async fn read_request(stream: &mut TcpStream) -> io::Result<(String, Vec<u8>)> {
    let mut request = Vec::new();
    loop {
        read_more(stream, &mut request).await?;
        let Some(head) = request.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { continue };
        let text = String::from_utf8_lossy(&request[..head]).into_owned();
        let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.map_or(0, |length| length.parse().unwrap());
        while request.len() < head + 4 + length {
            read_more(stream, &mut request).await?;
        }
        return Ok((text, request));
    }
}

/// Reads at least one byte.
async fn read_more(stream: &mut TcpStream, request: &mut Vec<u8>) -> io::Result<()> {
    match stream.read_buf(request).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}
