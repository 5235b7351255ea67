//! A server that records requests and responds to each with 503, so that a client makes all the attempts that it may make.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

/// A request, as far as the configuration determines it.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    pub(crate) at: Instant,
    /// The path without its query.
    pub(crate) path: String,
    /// `Basic` credentials are decoded.
    pub(crate) authorization: String,
    pub(crate) body: Vec<u8>,
}

/// How the server responds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// 503, and the client may retry immediately.
    Unavailable,
    /// 503 without `Retry-After`, so that the client chooses its waits.
    UnavailableWithoutTime,
    /// Accepts uploads, and delays the responses of the first until this many are in flight.
    Uploads(usize),
}

pub(crate) struct Recorder {
    pub(crate) port: u16,
    state: Arc<State>,
}

struct State {
    mode: Mode,
    requests: Mutex<Vec<Recorded>>,
    uploads: Mutex<Uploads>,
    changed: Condvar,
}

#[derive(Default)]
struct Uploads {
    in_flight: usize,
    most_in_flight: usize,
    /// Responses are not delayed any more.
    is_released: bool,
}

/// How long the server waits for the uploads that it expects.
const DEADLINE: Duration = Duration::from_secs(30);

/// How long it then waits for one more, which there must not be.
const EXCESS: Duration = Duration::from_millis(300);

impl Recorder {
    pub(crate) fn start(mode: Mode) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State {
            mode,
            requests: Mutex::default(),
            uploads: Mutex::default(),
            changed: Condvar::new(),
        });
        let shared = Arc::clone(&state);
        // Ends with the process.
        thread::spawn(move || {
            for stream in listener.incoming() {
                let state = Arc::clone(&shared);
                thread::spawn(move || state.serve(&stream.unwrap()));
            }
        });
        Self { port, state }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Returns the requests but those that lakectl sends in addition: its statistics.
    pub(crate) fn requests(&self) -> Vec<Recorded> {
        self.state.requests.lock().unwrap().clone()
    }

    pub(crate) fn most_uploads_in_flight(&self) -> usize {
        self.state.uploads.lock().unwrap().most_in_flight
    }
}

impl State {
    /// Serves one connection until the client closes it.
    fn serve(&self, stream: &TcpStream) {
        let mut reader = BufReader::new(stream);
        loop {
            let mut first = String::new();
            if reader.read_line(&mut first).unwrap_or(0) == 0 {
                return;
            }
            let mut target = first.split(' ');
            let (method, target) = (target.next().unwrap().to_owned(), target.next().unwrap().to_owned());
            let path = target.split('?').next().unwrap().to_owned();
            let (mut length, mut is_chunked, mut authorization) = (0, false, String::new());
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap_or(0) == 0 {
                    return;
                }
                let Some((name, value)) = line.trim_end().split_once(": ") else { break };
                match &*name.to_ascii_lowercase() {
                    "content-length" => length = value.parse().unwrap(),
                    "transfer-encoding" => is_chunked = true,
                    "authorization" => authorization = readable(value),
                    _ => {}
                }
            }
            let body = if is_chunked { read_chunks(&mut reader) } else { read(&mut reader, length) };
            let at = Instant::now();
            let response = self.response(&method, &path);
            if !path.ends_with("/statistics") {
                self.requests.lock().unwrap().push(Recorded { at, path, authorization, body });
            }
            let mut stream = stream;
            if stream.write_all(response.as_bytes()).is_err() {
                return;
            }
        }
    }

    fn response(&self, method: &str, path: &str) -> String {
        const EMPTY_LIST: &str = r#"{"pagination":{"has_more":false,"next_offset":"","results":0,"max_per_page":1000},"results":[]}"#;
        const OBJECT: &str = r#"{"path":"a","path_type":"object","physical_address":"mem://a","checksum":"0cc175b9c0f1b6a831c399e269772661","size_bytes":1,"mtime":1}"#;
        const BRANCH: &str = r#"{"id":"main","commit_id":"1"}"#;
        const LOGIN: &str = r#"{"token":"iam","token_expiration":9999999999}"#;
        if path.ends_with("/statistics") {
            return response(204, "", "");
        }
        if path.ends_with("/auth/external/principal/login") {
            return response(200, "", LOGIN);
        }
        match self.mode {
            Mode::Unavailable => response(503, "Retry-After: 0\r\n", r#"{"message":"busy"}"#),
            Mode::UnavailableWithoutTime => response(503, "", r#"{"message":"busy"}"#),
            Mode::Uploads(expected) if method == "POST" && path.ends_with("/objects") => {
                self.upload(expected);
                response(201, "", OBJECT)
            }
            Mode::Uploads(_) if path.ends_with("/config") => response(
                200,
                "",
                r#"{"version_config":{"version":"1.84.0"},"storage_config":{"blockstore_type":"mem","blockstore_namespace_example":"mem://","blockstore_namespace_ValidityRegex":"^mem://","default_namespace_prefix":"mem://","pre_sign_support":false,"pre_sign_support_ui":false,"import_support":false,"import_validity_regex":"^"}}"#,
            ),
            Mode::Uploads(_) if path.ends_with("/branches/main") => response(200, "", BRANCH),
            Mode::Uploads(_) => response(200, "", EMPTY_LIST),
        }
    }

    /// Returns when all expected uploads are in flight and no more of them arrive.
    fn upload(&self, expected: usize) {
        let mut uploads = self.uploads.lock().unwrap();
        uploads.in_flight += 1;
        uploads.most_in_flight = uploads.most_in_flight.max(uploads.in_flight);
        self.changed.notify_all();
        let is_awaited = |uploads: &mut Uploads| !uploads.is_released && uploads.in_flight < expected;
        let (uploads, _) = self.changed.wait_timeout_while(uploads, DEADLINE, is_awaited).unwrap();
        let is_exact = |uploads: &mut Uploads| !uploads.is_released && uploads.in_flight == expected;
        let (mut uploads, _) = self.changed.wait_timeout_while(uploads, EXCESS, is_exact).unwrap();
        uploads.is_released = true;
        uploads.in_flight -= 1;
        self.changed.notify_all();
    }
}

fn response(status: u16, headers: &str, body: &str) -> String {
    let length = if status == 204 { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    format!(
        "HTTP/1.1 {status} Recorded\r\nX-Request-Id: 7\r\nContent-Type: application/json\r\n{headers}{length}\r\n{body}"
    )
}

fn readable(authorization: &str) -> String {
    let basic = authorization.strip_prefix("Basic ").and_then(|pair| BASE64_STANDARD.decode(pair).ok());
    match basic.and_then(|pair| String::from_utf8(pair).ok()) {
        Some(pair) => format!("Basic {pair}"),
        None => authorization.to_owned(),
    }
}

fn read(reader: &mut BufReader<&TcpStream>, length: usize) -> Vec<u8> {
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    body
}

fn read_chunks(reader: &mut BufReader<&TcpStream>) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let length = usize::from_str_radix(line.trim_end(), 16).unwrap();
        body.extend(read(reader, length));
        // The end of the chunk.
        reader.read_line(&mut line).unwrap();
        if length == 0 {
            return body;
        }
    }
}
