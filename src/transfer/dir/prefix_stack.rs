//! Remembers which names are prefixes of the names that follow.

/// Finds the names that are a parent directory of a later name.
///
/// The names must be pushed and queried in byte order. Names with a common prefix are then adjacent, so the stack holds
/// no more names than one name has characters.
#[derive(Debug, Default)]
pub(crate) struct PrefixStack(Vec<String>);

impl PrefixStack {
    /// Returns the pushed name that `name` is below, with a slash between the two.
    pub(crate) fn parent_of(&mut self, name: &str) -> Option<&str> {
        while self.0.last().is_some_and(|pushed| !name.starts_with(&**pushed)) {
            self.0.pop();
        }
        self.0.iter().map(|pushed| &**pushed).find(|pushed| name[pushed.len()..].starts_with('/'))
    }

    /// Pushes the name that [`parent_of`](Self::parent_of) was last called with.
    pub(crate) fn push(&mut self, name: &str) {
        self.0.push(name.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parent_is_found_among_names_with_a_common_prefix() {
        let mut stack = PrefixStack::default();
        for (name, parent) in [
            ("a", None),
            ("a-b", None),
            ("a/b", Some("a")),
            ("a/b/c", Some("a")),
            ("a0", None),
            ("b", None),
            ("b/c", Some("b")),
            ("bc", None),
        ] {
            assert_eq!(stack.parent_of(name), parent, "{name}");
            if parent.is_none() {
                stack.push(name);
            }
        }
        assert!(stack.0.len() <= 2, "{stack:?}");
    }
}
