//! A lexer for Rust that knows as much as import paths need: identifiers, punctuation, and what is not code.

/// An identifier or one character of punctuation, with its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) line: usize,
}

/// The tokens of a source, without comments, strings, characters, lifetimes and numbers.
pub(crate) fn tokens(source: &str) -> Vec<Token> {
    let chars: Vec<char> = source.chars().collect();
    let at = |index: usize| chars.get(index).copied().unwrap_or('\0');
    let (mut tokens, mut index, mut line) = (Vec::new(), 0, 1);
    while index < chars.len() {
        let start = index;
        match at(index) {
            '/' if at(index + 1) == '/' => {
                while index < chars.len() && at(index) != '\n' {
                    index += 1;
                }
            }
            '/' if at(index + 1) == '*' => {
                let mut depth = 0;
                loop {
                    match (at(index), at(index + 1)) {
                        ('/', '*') => (depth, index) = (depth + 1, index + 2),
                        ('*', '/') => (depth, index) = (depth - 1, index + 2),
                        _ => index += 1,
                    }
                    if depth == 0 || index >= chars.len() {
                        break;
                    }
                }
            }
            '"' => index = end_of_string(&chars, index),
            '\'' => index = end_of_quote(&chars, index),
            char if char.is_alphabetic() || char == '_' => {
                while at(index).is_alphanumeric() || at(index) == '_' {
                    index += 1;
                }
                let text: String = chars[start..index].iter().collect();
                let raw = text.ends_with('r') && text.len() <= 2;
                let hashes = (index..).take_while(|&index| at(index) == '#').count();
                if raw && at(index + hashes) == '"' {
                    index = end_of_raw_string(&chars, index + hashes, hashes);
                } else if text == "r" && hashes == 1 {
                    // A raw identifier, whose name follows.
                    index += 1;
                } else if !(text.len() == 1
                    && matches!(at(index), '"' | '\'')
                    && matches!(at(start), 'b' | 'c'))
                {
                    tokens.push(Token { text, line });
                }
            }
            char if char.is_ascii_digit() => {
                while at(index).is_alphanumeric() || at(index) == '_' {
                    index += 1;
                }
            }
            char => {
                index += 1;
                if !char.is_whitespace() {
                    tokens.push(Token { text: char.to_string(), line });
                }
            }
        }
        line += chars[start..index.min(chars.len())].iter().filter(|&&char| char == '\n').count();
    }
    tokens
}

fn end_of_string(chars: &[char], start: usize) -> usize {
    let mut index = start + 1;
    while index < chars.len() && chars[index] != '"' {
        index += if chars[index] == '\\' { 2 } else { 1 };
    }
    index + 1
}

fn end_of_raw_string(chars: &[char], start: usize, hashes: usize) -> usize {
    let mut index = start + 1;
    while index < chars.len() {
        let closed =
            chars[index] == '"' && (1..=hashes).all(|offset| chars.get(index + offset) == Some(&'#'));
        index += 1;
        if closed {
            return index + hashes;
        }
    }
    index
}

/// The end of a character or of a lifetime.
fn end_of_quote(chars: &[char], start: usize) -> usize {
    match (chars.get(start + 1), chars.get(start + 2)) {
        (Some('\\'), _) => {
            let mut index = start + 3;
            while index < chars.len() && chars[index] != '\'' {
                index += 1;
            }
            index + 1
        }
        (_, Some('\'')) => start + 3,
        _ => {
            let mut index = start + 1;
            while chars.get(index).is_some_and(|char| char.is_alphanumeric() || *char == '_') {
                index += 1;
            }
            index
        }
    }
}
