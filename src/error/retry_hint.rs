//! Errors that are retried less than the retry policy permits.

/// Whether an error that may be temporary is retried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum RetryHint {
    /// As the retry policy permits.
    #[default]
    Policy,
    /// For a short time: it is unlikely to be temporary.
    Briefly,
    /// Not at all: the configuration of the client, of the server or of the network is wrong.
    Never,
}
