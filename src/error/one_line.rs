//! Text of unknown origin as a part of one line.

use std::fmt::{self, Write as _};

/// The longest part, in characters.
const MAX_LENGTH: usize = 2000;

/// Displays a text on one line: line breaks and tabs become a space, other control characters are escaped, and a long text
/// is cut.
pub(super) struct OneLine<'a>(pub(super) &'a str);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut length = 0;
        let mut is_after_space = false;
        for c in self.0.trim().chars() {
            let is_break = matches!(c, '\t'..='\r' | '\u{85}' | '\u{2028}' | '\u{2029}');
            if is_break && is_after_space {
                continue;
            }
            is_after_space = is_break || c == ' ';
            if length >= MAX_LENGTH {
                return f.write_char('…');
            }
            if is_break {
                f.write_char(' ')?;
                length += 1;
            } else if c.is_control() || is_bidirectional_control(c) {
                let escaped = c.escape_unicode();
                length += escaped.len();
                write!(f, "{escaped}")?;
            } else {
                f.write_char(c)?;
                length += 1;
            }
        }
        Ok(())
    }
}

/// Whether a character changes the order in which a terminal shows the characters around it.
fn is_bidirectional_control(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_displayed_on_one_line() {
        for (text, expected) in [
            ("no changes", "no changes"),
            ("1 error occurred:\n\t* hook failed\r\n\n", "1 error occurred: * hook failed"),
            ("a\u{2028}b\u{85}c", "a b c"),
            ("\u{1b}[31mred\0", "\\u{1b}[31mred\\u{0}"),
            ("a\u{202e}b", "a\\u{202e}b"),
            ("two  spaces", "two  spaces"),
            ("é日本", "é日本"),
        ] {
            assert_eq!(OneLine(text).to_string(), expected);
        }
    }

    #[test]
    fn long_text_is_cut() {
        let exact = "ä".repeat(MAX_LENGTH);
        assert_eq!(OneLine(&exact).to_string(), exact);
        let long = OneLine(&format!("{exact}b")).to_string();
        assert_eq!(long, format!("{exact}…"));
        assert!(OneLine(&"\0".repeat(64 * 1024)).to_string().len() < MAX_LENGTH + 10);
    }
}
