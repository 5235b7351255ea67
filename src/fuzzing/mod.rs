//! Entry points of the fuzz targets in `fuzz/`, which need internals of the crate.
//!
//! Compiled for `cargo fuzz`, which sets `cfg(fuzzing)`, and for the unit tests, which run the seeds of all targets. Each
//! function takes arbitrary bytes, calls one part of the crate with them, and panics if that part breaks a promise.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a panic reports a finding")]
#![cfg_attr(
    not(test),
    allow(unreachable_pub, reason = "the functions are public for the package in `fuzz/`")
)]

#[cfg(feature = "config")]
mod configuration;
mod content_ranges;
mod errors;
#[cfg(feature = "fs")]
mod file_names;
mod headers;
mod input;
mod pager;
mod responses;
mod uris;

#[cfg(feature = "config")]
pub use configuration::{config_file, durations};
pub use content_ranges::content_ranges;
pub use errors::errors;
#[cfg(feature = "fs")]
pub use file_names::file_names;
pub use headers::headers;
pub use pager::pager;
pub use responses::responses;
pub use uris::{request_urls, uris};

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    type Target = fn(&[u8]);

    /// The targets that the features of this build have.
    const TARGETS: &[(&str, Target)] = &[
        #[cfg(feature = "config")]
        ("config_file", super::config_file),
        ("content_ranges", super::content_ranges),
        #[cfg(feature = "config")]
        ("durations", super::durations),
        ("errors", super::errors),
        #[cfg(feature = "fs")]
        ("file_names", super::file_names),
        ("headers", super::headers),
        ("pager", super::pager),
        ("request_urls", super::request_urls),
        ("responses", super::responses),
        ("uris", super::uris),
    ];

    #[test]
    fn seeds_of_all_targets_pass() {
        let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
        // The published package has no seeds.
        if !seeds.exists() {
            return;
        }
        for (name, target) in TARGETS {
            target(b"");
            let mut count = 0;
            for seed in fs::read_dir(seeds.join(name)).unwrap() {
                let seed = seed.unwrap().path();
                println!("{}", seed.display());
                target(&fs::read(seed).unwrap());
                count += 1;
            }
            assert!(count > 0, "{name} has no seeds");
        }
    }
}
