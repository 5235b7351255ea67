//! The cases: an operation, the state that it needs, and the call.

use std::fmt::Debug;
use std::pin::Pin;

use lakefs::Result;

use crate::world::World;

pub(crate) type Step = Pin<Box<dyn Future<Output = Result<String>> + Send>>;
type Prepare = Box<dyn Fn(World) -> Step + Send + Sync>;
type Call = Box<dyn Fn(World, String) -> Step + Send + Sync>;

/// What an operation does to the server. This is what lakeFS does, not what the client assumes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Changes nothing.
    Read,
    /// Changes something. A second application leaves the same state.
    Idempotent,
    /// Changes something, and a second application changes more, or fails. The client must find out whether it took
    /// effect.
    Checked,
    /// Changes something, and a second application changes more, or fails. The client may not be able to find out
    /// whether it took effect.
    Once,
}

/// An operation that reads the effect of an emulated one.
pub(crate) struct Reader {
    pub(crate) operation: &'static str,
    /// Its response before the emulated operation succeeds, and afterwards.
    pub(crate) before: (u16, &'static str),
    pub(crate) after: (u16, &'static str),
}

pub(crate) struct Case {
    /// The operation, and the variant of the call in parentheses.
    pub(crate) name: &'static str,
    pub(crate) effect: Effect,
    /// The responses of an operation that the test server does not implement, or performs only once.
    pub(crate) emulated: Vec<(u16, &'static str)>,
    /// The operations that read the effect of the emulated one.
    pub(crate) readers: Vec<Reader>,
    pub(crate) has_repository: bool,
    pub(crate) prepare: Prepare,
    pub(crate) call: Call,
}

impl Case {
    /// The name of the operation, as that of the method of `lakefs::api::Client`.
    pub(crate) fn operation(&self) -> &'static str {
        self.name.split(' ').next().unwrap()
    }

    /// Sets what happens before the call. Its value is passed to the call.
    pub(crate) fn prepare<F>(mut self, prepare: impl Fn(World) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<String>> + Send + 'static,
    {
        self.prepare = Box::new(move |world| Box::pin(prepare(world)));
        self
    }

    pub(crate) fn without_repository(mut self) -> Self {
        self.has_repository = false;
        self
    }

    /// Emulates the operation with these responses. `NOW` in them is the time at which the case is prepared.
    pub(crate) fn emulated(mut self, responses: impl IntoIterator<Item = (u16, &'static str)>) -> Self {
        self.emulated = responses.into_iter().collect();
        self
    }

    /// Emulates an operation that reads what this one changes.
    pub(crate) fn read_by(
        mut self,
        operation: &'static str,
        before: (u16, &'static str),
        after: (u16, &'static str),
    ) -> Self {
        self.readers.push(Reader { operation, before, after });
        self
    }
}

/// A case that calls `call`. Its value must be the same in every run.
pub(crate) fn case<F>(
    name: &'static str,
    effect: Effect,
    call: impl Fn(World, String) -> F + Send + Sync + 'static,
) -> Case
where
    F: Future<Output = Result<String>> + Send + 'static,
{
    Case {
        name,
        effect,
        emulated: Vec::new(),
        readers: Vec::new(),
        has_repository: true,
        prepare: Box::new(|_| Box::pin(async { Ok(String::new()) })),
        call: Box::new(move |world, value| Box::pin(call(world, value))),
    }
}

/// The value of a call, for comparison.
#[expect(clippy::unnecessary_wraps, reason = "it is the last expression of calls")]
pub(crate) fn value(value: impl Debug) -> Result<String> {
    Ok(format!("{value:?}"))
}
