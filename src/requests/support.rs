//! What the requests of the handles have in common.

/// Makes a request a future: `.await` sends it.
macro_rules! awaits {
    ($request:ty => $output:ty) => {
        impl IntoFuture for $request {
            type Output = $crate::Result<$output>;
            type IntoFuture = futures::future::BoxFuture<'static, Self::Output>;

            fn into_future(self) -> Self::IntoFuture {
                Box::pin(self.send())
            }
        }
    };
}

/// A setter for an option that is there or not.
macro_rules! flags {
    ($($(#[$doc:meta])* $name:ident => $($field:ident).+;)+) => {
        $($(#[$doc])* pub fn $name(mut self, yes: bool) -> Self {
            self.$($field).+ = yes.then_some(true);
            self
        })+
    };
}

pub(crate) use {awaits, flags};

/// Sets what was said, and leaves out what was not.
pub(crate) trait When: Sized {
    fn when<V>(self, value: Option<V>, set: impl FnOnce(Self, V) -> Self) -> Self {
        match value {
            Some(value) => set(self, value),
            None => self,
        }
    }
}

impl<T> When for T {}

pub(crate) use crate::error::optional as opt;
