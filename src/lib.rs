//! A client for lakeFS.
pub mod api; mod credentials; mod error; pub mod models; mod operation; mod redact; mod retry; mod transport;
pub use credentials::Credentials; pub use error::{Error, ErrorKind, Result}; pub use retry::Retries;
