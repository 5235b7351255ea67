//! Ends with the process that started this one.

use std::io::Read as _;
use std::{io, process, thread};

/// Exits when standard input is closed: its other end is in the parent, which may have been killed.
pub(crate) fn exit_with_parent() {
    thread::spawn(|| {
        let mut ignored = [0; 64];
        while matches!(io::stdin().read(&mut ignored), Ok(1..)) {}
        process::exit(1);
    });
}
