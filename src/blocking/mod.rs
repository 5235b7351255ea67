//! For programs without a runtime: `.wait()` in the place of `.await`.
//!
//! Handles, requests and data are those of the rest of this crate. [`Wait`] sends a request and blocks the thread until
//! there is an answer, [`Iterate`] makes an iterator of a list, and [`Blocking`] gives what is read or written as it
//! moves the traits of [`std::io`].
//!
//! ```no_run
//! use std::io;
//!
//! use lakefs::blocking::{Blocking, Iterate as _, Wait as _};
//! use lakefs::{Body, Client};
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let repository = Client::from_env()?.repository("example");
//!     let branch = repository.branch("experiment1");
//!     branch.create("main").wait()?;
//!     branch.object("data.csv").upload(Body::file("data.csv")).content_type("text/csv").wait()?;
//!     branch.commit("Add data").wait()?;
//!     for commit in branch.log().iterate() {
//!         println!("{}", commit?.message);
//!     }
//!     let mut reader = Blocking::new(branch.object("data.csv").reader().wait()?);
//!     io::copy(&mut reader, &mut io::stdout())?;
//!     Ok(())
//! }
//! ```
//!
//! All of it may be called from any thread that may block, also from one of tokio's own for that
//! (`spawn_blocking`, `block_in_place`). In asynchronous code it would hold up the runtime: it fails there with
//! [`InvalidRequest`](crate::ErrorKind::InvalidRequest), and `.await` is the way.

use std::future::poll_fn;
use std::io::{self, BufRead, Read, Seek, SeekFrom, Write};
use std::pin::{Pin, pin};
use std::sync::OnceLock;
use std::task::{Context, Waker};

use bytes::Bytes;
use futures::Stream;
use futures::stream::try_unfold;
use tokio::io::{
    AsyncBufRead, AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncSeek, AsyncSeekExt as _,
    AsyncWrite, AsyncWriteExt as _,
};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::{coop, spawn_blocking};

use crate::{Body, Error, ErrorKind, Result};

/// How much is read at once from a reader that blocks.
const CHUNK: usize = 256 * 1024;

/// Requests, and all else that can be awaited and can fail.
pub trait Wait: IntoFuture {
    /// Does what `.await` does, and blocks the thread until it is done.
    ///
    /// # Errors
    /// Those of the request. [`InvalidRequest`](ErrorKind::InvalidRequest): this is asynchronous code.
    fn wait(self) -> Self::Output;
}

impl<T, E: From<Error>, F: IntoFuture<Output = Result<T, E>>> Wait for F {
    fn wait(self) -> Result<T, E> {
        block_on(self.into_future())?
    }
}

/// Lists.
pub trait Iterate: Stream + Sized {
    /// Makes an iterator of the list. It asks the server for a page whenever the last one is used up.
    fn iterate(self) -> Items<Self>;
}

impl<T, S: Stream<Item = Result<T>> + Unpin> Iterate for S {
    fn iterate(self) -> Items<S> {
        Items(self)
    }
}

/// The items of a list; see [`Iterate`].
#[derive(Debug)]
#[must_use = "a list asks for nothing until it is consumed"]
pub struct Items<S>(S);

impl<T, S: Stream<Item = Result<T>> + Unpin> Iterator for Items<S> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Result<T>> {
        block_on(poll_fn(|cx| Pin::new(&mut self.0).poll_next(cx))).unwrap_or_else(|error| Some(Err(error)))
    }
}

/// A reader or writer of [`std::io`] over an asynchronous one, such as an [`ObjectReader`](crate::ObjectReader).
#[derive(Debug)]
pub struct Blocking<T>(T);

impl<T> Blocking<T> {
    /// Wraps it.
    pub fn new(asynchronous: T) -> Self {
        Self(asynchronous)
    }

    /// What it wraps.
    pub fn get_ref(&self) -> &T {
        &self.0
    }

    /// Gives back what it wraps.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T: AsyncRead + Unpin> Read for Blocking<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        block_on(self.0.read(buffer))?
    }
}

impl<T: AsyncBufRead + Unpin> BufRead for Blocking<T> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        block_on(self.0.fill_buf())?
    }

    fn consume(&mut self, bytes: usize) {
        self.0.consume(bytes);
    }
}

impl<T: AsyncSeek + Unpin> Seek for Blocking<T> {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        block_on(self.0.seek(position))?
    }
}

impl<T: AsyncWrite + Unpin> Write for Blocking<T> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        block_on(self.0.write(buffer))?
    }

    fn flush(&mut self) -> io::Result<()> {
        block_on(self.0.flush())?
    }
}

impl<T: AsyncWrite + Unpin> Blocking<T> {
    /// Says that all has been written, and waits until it has arrived. A writer that is dropped before has written
    /// nothing.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn shutdown(&mut self) -> io::Result<()> {
        block_on(self.0.shutdown())?
    }
}

impl Body {
    /// What a reader has that blocks, to its end: [`reader`](Self::reader) for [`std::io`].
    pub fn blocking_reader(reader: impl Read + Send + 'static) -> Self {
        Self::stream(try_unfold(reader, |reader| async {
            let read = spawn_blocking(move || chunk(reader)).await.map_err(io::Error::other)?;
            read.map(|(chunk, reader)| (!chunk.is_empty()).then_some((chunk, reader)))
        }))
    }
}

fn chunk<R: Read>(mut reader: R) -> io::Result<(Bytes, R)> {
    let mut chunk = Vec::new();
    reader.by_ref().take(CHUNK as u64).read_to_end(&mut chunk)?;
    Ok((chunk.into(), reader))
}

/// Runs a future to its end on this thread; its connections live on in a runtime of the whole program.
fn block_on<F: Future>(future: F) -> Result<F::Output> {
    if is_asynchronous() {
        return Err(failed("this is asynchronous code: await it, or call it by spawn_blocking"));
    }
    Ok(runtime()?.block_on(future))
}

/// Whether a future of tokio is being run on this thread, which must not block.
///
/// There, and only there, tokio lets a future do just so much at a time; a thread that may block has no such budget.
fn is_asynchronous() -> bool {
    const MORE_THAN_ANY_BUDGET: usize = 1024;
    let has_budget = || pin!(coop::consume_budget()).poll(&mut Context::from_waker(Waker::noop())).is_ready();
    Handle::try_current().is_ok() && !(0..MORE_THAN_ANY_BUDGET).all(|_| has_budget())
}

fn runtime() -> Result<&'static Handle> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    if RUNTIME.get().is_none() {
        let mut builder = Builder::new_multi_thread();
        let builder = builder.worker_threads(1).thread_name("lakefs").enable_all();
        let runtime =
            builder.build().map_err(|error| failed("no thread can be started").with_source(error))?;
        if let Err(superfluous) = RUNTIME.set(runtime) {
            superfluous.shutdown_background();
        }
    }
    RUNTIME.get().map(Runtime::handle).ok_or_else(|| failed("there is no runtime"))
}

fn failed(message: &str) -> Error {
    Error::new(ErrorKind::InvalidRequest, "wait", message)
}
