//! Ref expressions: `main`, `v1`, `5ab3…`, `main~2`, `main^2~`, `main@`, `main$`.

use super::error::{Context, Error, ErrorKind, Result};

/// A modifier after the base of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Modifier {
    /// `~n`: the n-th ancestor along first parents.
    Ancestor(i64),
    /// `^n`: the n-th parent; `^0` is the commit itself.
    Parent(i64),
    /// `@`: a branch without its uncommitted changes.
    Committed,
    /// `$`: a branch with its uncommitted changes.
    Staging,
}

/// A parsed ref expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RefExpression<'a> {
    pub(crate) base: &'a str,
    pub(crate) modifiers: Vec<Modifier>,
}

const MODIFIER_CHARS: [char; 4] = ['~', '^', '@', '$'];

impl<'a> RefExpression<'a> {
    pub(crate) fn parse(expression: &'a str) -> Result<Self> {
        let end = expression.find(MODIFIER_CHARS).unwrap_or(expression.len());
        let (base, mut rest) = expression.split_at(end);
        if base.is_empty() {
            return Err(ErrorKind::InvalidRef.into());
        }
        let mut modifiers = Vec::new();
        while let Some(kind) = rest.chars().next() {
            let end = rest[1..].find(MODIFIER_CHARS).map_or(rest.len(), |end| end + 1);
            let (modifier, tail) = rest.split_at(end);
            modifiers.push(Modifier::parse(kind, modifier)?);
            rest = tail;
        }
        Ok(Self { base, modifiers })
    }
}

impl Modifier {
    fn parse(kind: char, text: &str) -> Result<Self> {
        let count = || match &text[1..] {
            "" => Ok(1),
            digits => digits
                .parse()
                .map_err(|_| Error::from(ErrorKind::InvalidRef))
                .context(format_args!("could not parse modifier {text}")),
        };
        match kind {
            '~' => Ok(Self::Ancestor(count()?)),
            '^' => Ok(Self::Parent(count()?)),
            '@' if text.len() == 1 => Ok(Self::Committed),
            '$' if text.len() == 1 => Ok(Self::Staging),
            _ => Err(ErrorKind::InvalidRef.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(expression: &str) -> Option<(&str, Vec<Modifier>)> {
        RefExpression::parse(expression).ok().map(|parsed| (parsed.base, parsed.modifiers))
    }

    #[test]
    fn expression_is_parsed_to_base_and_modifiers() {
        use Modifier::{Ancestor, Committed, Parent, Staging};
        assert_eq!(parsed("main"), Some(("main", vec![])));
        assert_eq!(parsed("main~"), Some(("main", vec![Ancestor(1)])));
        assert_eq!(parsed("main~2^3"), Some(("main", vec![Ancestor(2), Parent(3)])));
        assert_eq!(parsed("main^0"), Some(("main", vec![Parent(0)])));
        assert_eq!(parsed("main@"), Some(("main", vec![Committed])));
        assert_eq!(parsed("main$~"), Some(("main", vec![Staging, Ancestor(1)])));
        assert_eq!(parsed("é~+1"), Some(("é", vec![Ancestor(1)])));
        for bad in ["", "~", "@", "$x", "main@1", "main$x", "main~x", "main^1x"] {
            assert_eq!(parsed(bad), None, "{bad}");
        }
    }
}
