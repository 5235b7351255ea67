//! `network.http2.enabled`: the protocols that a program offers to a server with TLS.

use std::io::Write as _;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;

use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::ServerConnection;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::case::COMPLETE;
use crate::check_all;
use crate::program::{Program, Setup};

const VARIABLE: &str = "LAKECTL_NETWORK_HTTP2_ENABLED";

/// A server with TLS that prefers HTTP/2, and records the protocol of each connection.
struct TlsServer {
    endpoint: String,
    certificate: String,
    protocols: Arc<Mutex<Vec<Option<String>>>>,
}

impl TlsServer {
    fn start() -> Self {
        let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(own.signing_key.serialize_der()));
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![own.cert.der().clone()], key)
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let protocols = Arc::<Mutex<Vec<_>>>::default();
        let recorded = Arc::clone(&protocols);
        // Ends with the process.
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut connection = ServerConnection::new(Arc::clone(&config)).unwrap();
                while connection.is_handshaking() && connection.complete_io(&mut stream).is_ok() {}
                if connection.is_handshaking() {
                    continue;
                }
                let protocol =
                    connection.alpn_protocol().map(|name| String::from_utf8(name.to_vec()).unwrap());
                recorded.lock().unwrap().push(protocol);
                // No response is needed.
                connection.send_close_notify();
                _ = connection.complete_io(&mut stream);
                _ = stream.flush();
            }
        });
        Self { endpoint, certificate: own.cert.pem(), protocols }
    }
}

/// A value in the file, a variable, and the protocols of lakectl and of the client.
struct Row {
    file: Option<&'static str>,
    variable: Option<&'static str>,
    lakectl: Option<&'static str>,
    client: &'static str,
}

/// What the client does where HTTP/2 is on.
const ON: &str = if cfg!(feature = "http2") { "h2" } else { "http/1.1" };

/// lakectl uses HTTP/2 by default. The client uses it only if it is on explicitly, and only with the feature `http2`.
const ROWS: &[Row] = &[
    Row { file: None, variable: None, lakectl: Some("h2"), client: "http/1.1" },
    Row { file: Some("null"), variable: None, lakectl: Some("h2"), client: "http/1.1" },
    Row { file: Some("true"), variable: None, lakectl: Some("h2"), client: ON },
    Row { file: Some("\"true\""), variable: None, lakectl: Some("h2"), client: ON },
    Row { file: Some("1"), variable: None, lakectl: Some("h2"), client: ON },
    Row { file: Some("false"), variable: None, lakectl: None, client: "http/1.1" },
    Row { file: Some("\"\""), variable: None, lakectl: None, client: "http/1.1" },
    Row { file: Some("false"), variable: Some("true"), lakectl: Some("h2"), client: ON },
    Row { file: Some("true"), variable: Some("false"), lakectl: None, client: "http/1.1" },
    Row { file: Some("true"), variable: Some(""), lakectl: Some("h2"), client: ON },
];

impl Row {
    fn check(&self, program: &Program) -> Option<String> {
        let server = TlsServer::start();
        let mut setup = Setup::new(server.endpoint.clone());
        let network = self.file.map(|value| format!("network: {{ http2: {{ enabled: {value} }} }}\n"));
        let retries = "LAKECTL_SERVER_RETRIES_ENABLED";
        setup.write(".lakectl.yaml", &format!("{COMPLETE}{}", network.unwrap_or_default()));
        setup.write("ca.pem", &server.certificate);
        setup.set("SSL_CERT_FILE", "{home}/ca.pem");
        setup.set(retries, "false");
        if let Some(value) = self.variable {
            setup.set(VARIABLE, value);
        }
        let report = setup.list(program);
        let protocols = server.protocols.lock().unwrap();
        let expected = match program {
            Program::Lakectl(_) => self.lakectl,
            Program::Client => Some(self.client),
        };
        let is_expected =
            !protocols.is_empty() && protocols.iter().all(|protocol| protocol.as_deref() == expected);
        let shown = (self.file, self.variable);
        (!is_expected).then(|| format!("{shown:?}: expected {expected:?}, offered {protocols:?}, {report:?}"))
    }
}

#[test]
fn http_version_has_the_outcome_of_the_table() {
    check_all(ROWS, Row::check);
}
