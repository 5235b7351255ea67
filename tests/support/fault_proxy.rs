//! A proxy in front of any lakeFS that loses responses and requests, or gives up before the server is done.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::scripted_server::read_request;

/// Forwards requests to a server, one a connection, and applies the planned faults.
pub(crate) struct FaultProxy {
    endpoint: String,
    state: Arc<State>,
    serving: JoinHandle<()>,
}

struct State {
    upstream: String,
    faults: Mutex<Vec<Planned>>,
    /// The request lines of all requests that reached the server.
    forwarded: Mutex<Vec<String>>,
}

struct Planned {
    method: &'static str,
    path_end: String,
    fault: ProxyFault,
}

/// What happens to a request. In each case the client gets a 504 in the proxy's own words.
#[derive(Clone)]
pub(crate) enum ProxyFault {
    /// The server never receives the request.
    LoseRequest,
    /// The server processes the request. The response is lost.
    LoseResponse,
    /// The server processes the request. The client gets the 504 when this is notified.
    LoseResponseAfter(Arc<Notify>),
    /// The client gets the 504 at once. The server receives the request after this time.
    GiveUp(Duration),
}

impl FaultProxy {
    /// Starts a proxy in front of a server.
    pub(crate) async fn start(upstream: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let upstream =
            upstream.strip_prefix("http://").expect("an http server").trim_end_matches('/').to_owned();
        let state = Arc::new(State { upstream, faults: Mutex::default(), forwarded: Mutex::default() });
        let serving = tokio::spawn(serve(listener, Arc::clone(&state)));
        Self { endpoint, state, serving }
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Plans a fault for the next request with this method whose path, without the query, ends with `path_end`.
    pub(crate) fn plan(&self, method: &'static str, path_end: &str, fault: ProxyFault) {
        let path_end = path_end.to_owned();
        self.state.faults.lock().unwrap().push(Planned { method, path_end, fault });
    }

    /// How many requests with this method whose path ends with `path_end` reached the server.
    pub(crate) fn forwarded(&self, method: &str, path_end: &str) -> usize {
        let lines = self.state.forwarded.lock().unwrap();
        lines.iter().filter(|line| is_for(line, method, path_end)).count()
    }

    /// Returns true if all planned faults were applied.
    pub(crate) fn is_idle(&self) -> bool {
        self.state.faults.lock().unwrap().is_empty()
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Returns true if a request line, such as `GET /a?b HTTP/1.1`, has this method and this end of the path.
fn is_for(line: &str, method: &str, path_end: &str) -> bool {
    let mut words = line.split(' ');
    words.next() == Some(method)
        && words.next().is_some_and(|target| target.split('?').next().unwrap_or_default().ends_with(path_end))
}

async fn serve(listener: TcpListener, state: Arc<State>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        // A client that closes its connection is no failure of a test.
        tokio::spawn(handle(stream, Arc::clone(&state)));
    }
}

async fn handle(mut stream: TcpStream, state: Arc<State>) -> io::Result<()> {
    let (head, request) = read_request(&mut stream).await?;
    let fault = state.take(head.lines().next().unwrap_or_default());
    let response = match fault {
        None => state.forward(&request).await?,
        Some(fault) => {
            match fault {
                ProxyFault::LoseRequest => {}
                ProxyFault::LoseResponse => drop(state.forward(&request).await?),
                ProxyFault::LoseResponseAfter(gate) => {
                    state.forward(&request).await?;
                    gate.notified().await;
                }
                ProxyFault::GiveUp(delay) => {
                    let state = Arc::clone(&state);
                    tokio::spawn(async move {
                        tokio::time::sleep(delay).await;
                        state.forward(&request).await
                    });
                }
            }
            b"HTTP/1.1 504 Gateway Timeout\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: 24\r\n\r\n\
              upstream request timeout"
                .to_vec()
        }
    };
    stream.write_all(&response).await?;
    stream.shutdown().await
}

impl State {
    /// Takes the fault of a request.
    fn take(&self, line: &str) -> Option<ProxyFault> {
        let mut faults = self.faults.lock().unwrap();
        let at = faults.iter().position(|planned| is_for(line, planned.method, &planned.path_end))?;
        Some(faults.remove(at).fault)
    }

    /// Sends a request to the server on a connection of its own, and returns the response.
    async fn forward(&self, request: &[u8]) -> io::Result<Vec<u8>> {
        let line_end = request.windows(2).position(|pair| pair == b"\r\n").unwrap_or_default();
        self.forwarded.lock().unwrap().push(String::from_utf8_lossy(&request[..line_end]).into_owned());
        let mut server = TcpStream::connect(&self.upstream).await?;
        server.write_all(&request[..line_end]).await?;
        server.write_all(b"\r\nConnection: close").await?;
        server.write_all(&request[line_end..]).await?;
        let mut response = Vec::new();
        server.read_to_end(&mut response).await?;
        Ok(response)
    }
}
