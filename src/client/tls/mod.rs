//! TLS: the library that is used, and its settings.
//!
//! One of the features `rustls-aws-lc`, `rustls` and `native-tls` is used, the first that is enabled in this order:
//! `rustls` is on by default, so enabling `rustls-aws-lc` is the more specific choice, and reqwest prefers rustls to
//! native-tls, too.

#[cfg(not(any(feature = "rustls", feature = "rustls-aws-lc", feature = "native-tls")))]
mod absent;
#[cfg(any(feature = "rustls", feature = "rustls-aws-lc"))]
mod certificates;
#[cfg(all(feature = "native-tls", not(any(feature = "rustls", feature = "rustls-aws-lc"))))]
mod native;
#[cfg(any(feature = "rustls", feature = "rustls-aws-lc"))]
mod rustls_config;
mod settings;
#[cfg(any(feature = "rustls", feature = "rustls-aws-lc"))]
mod verifier;

#[cfg(not(any(feature = "rustls", feature = "rustls-aws-lc", feature = "native-tls")))]
pub(super) use absent::Tls;
#[cfg(all(feature = "native-tls", not(any(feature = "rustls", feature = "rustls-aws-lc"))))]
pub(super) use native::Tls;
#[cfg(any(feature = "rustls", feature = "rustls-aws-lc"))]
pub(super) use rustls_config::Tls;
pub(crate) use settings::{ClientCertificate, TlsSettings};
