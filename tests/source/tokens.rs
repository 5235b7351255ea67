//! A lexer for Rust that knows as much as paths need: identifiers, punctuation, strings, and what is not code.

/// An identifier, a number, a string with its quotes, or one character of punctuation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) line: usize,
}

/// Returns the tokens of a source, without comments, characters and lifetimes. Raw identifiers lose their `r#`.
pub(crate) fn tokens(source: &str) -> Vec<Token> {
    let chars: Vec<char> = source.chars().collect();
    let at = |index: usize| chars.get(index).copied().unwrap_or('\0');
    let (mut tokens, mut index, mut line) = (Vec::new(), 0, 1);
    while index < chars.len() {
        let start = index;
        let mut push = |from: usize, to: usize, quote: &str| {
            let text: String = chars[from..to.min(chars.len())].iter().collect();
            tokens.push(Token { text: format!("{quote}{text}{quote}"), line });
        };
        match at(index) {
            '/' if at(index + 1) == '/' => index = end_of_line(&chars, index),
            '/' if at(index + 1) == '*' => index = end_of_comment(&chars, index),
            '"' => {
                index = end_of_string(&chars, index);
                push(start + 1, index - 1, "\"");
            }
            '\'' => index = end_of_quote(&chars, index),
            char if is_word(char) && !char.is_ascii_digit() => {
                index = end_of_word(&chars, index);
                let word: String = chars[start..index].iter().collect();
                let hashes = chars[index..].iter().take_while(|&&char| char == '#').count();
                let is_prefix = matches!(&*word, "b" | "c") && matches!(at(index), '"' | '\'');
                if matches!(&*word, "r" | "br" | "cr") && at(index + hashes) == '"' {
                    let open = index + hashes;
                    index = end_of_raw_string(&chars, open, hashes);
                    push(open + 1, index - hashes - 1, "\"");
                } else if word == "r" && hashes == 1 {
                    index += 1;
                } else if !is_prefix {
                    push(start, index, "");
                }
            }
            char if char.is_ascii_digit() => {
                index = end_of_word(&chars, index);
                push(start, index, "");
            }
            char => {
                index += 1;
                if !char.is_whitespace() {
                    push(start, index, "");
                }
            }
        }
        line += chars[start..index.min(chars.len())].iter().filter(|&&char| char == '\n').count();
    }
    tokens
}

fn is_word(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

fn end_of_word(chars: &[char], start: usize) -> usize {
    chars[start..].iter().position(|&char| !is_word(char)).map_or(chars.len(), |length| start + length)
}

fn end_of_line(chars: &[char], start: usize) -> usize {
    chars[start..].iter().position(|&char| char == '\n').map_or(chars.len(), |length| start + length)
}

fn end_of_comment(chars: &[char], start: usize) -> usize {
    let (mut index, mut depth) = (start, 0);
    loop {
        match (chars.get(index), chars.get(index + 1)) {
            (Some('/'), Some('*')) => (depth, index) = (depth + 1, index + 2),
            (Some('*'), Some('/')) => (depth, index) = (depth - 1, index + 2),
            (None, _) => return index,
            _ => index += 1,
        }
        if depth == 0 {
            return index;
        }
    }
}

fn end_of_string(chars: &[char], start: usize) -> usize {
    let mut index = start + 1;
    while index < chars.len() && chars[index] != '"' {
        index += if chars[index] == '\\' { 2 } else { 1 };
    }
    index + 1
}

fn end_of_raw_string(chars: &[char], open: usize, hashes: usize) -> usize {
    let closes = |index: usize| {
        chars[index] == '"' && (1..=hashes).all(|offset| chars.get(index + offset) == Some(&'#'))
    };
    (open + 1..chars.len()).find(|&index| closes(index)).unwrap_or(chars.len()) + 1 + hashes
}

/// Returns the end of a character or of a lifetime.
fn end_of_quote(chars: &[char], start: usize) -> usize {
    match (chars.get(start + 1), chars.get(start + 2)) {
        (Some('\\'), _) => {
            let close = chars.iter().skip(start + 3).position(|&char| char == '\'');
            close.map_or(chars.len(), |length| start + 3 + length + 1)
        }
        (_, Some('\'')) => start + 3,
        _ => end_of_word(chars, start + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_tokens(source: &str, expected: &[&str]) {
        assert_eq!(tokens(source).iter().map(|token| &*token.text).collect::<Vec<_>>(), expected, "{source}");
    }

    #[test]
    fn comments_characters_and_lifetimes_are_left_out() {
        assert_tokens("a // b\n/* c /* d */ e */ f //", &["a", "f"]);
        assert_tokens("/// a\n//! b\nc /* d", &["c"]);
        assert_tokens(r"'a' '\'' '\\' b'c' '\u{1F44D}' d", &["d"]);
        assert_tokens("&'a b<'static> 'c: loop", &["&", "b", "<", ">", ":", "loop"]);
    }

    #[test]
    fn numbers_do_not_hide_what_follows() {
        assert_tokens("1.5e3 0x1F 4_u8 0..=a", &["1", ".", "5e3", "0x1F", "4_u8", "0", ".", ".", "=", "a"]);
        assert_tokens("a.0.b", &["a", ".", "0", ".", "b"]);
    }

    #[test]
    fn strings_of_every_kind_are_one_token() {
        assert_tokens(r#""a::b" b"c" "\"d" c"e" f"#, &["\"a::b\"", "\"c\"", "\"\\\"d\"", "\"e\"", "f"]);
        let raw = "r\"a\" br#\"b\"c\"# cr##\"d\"#e\"## f";
        assert_tokens(raw, &["\"a\"", "\"b\"c\"", "\"d\"#e\"", "f"]);
    }

    #[test]
    fn raw_identifiers_are_plain_identifiers() {
        assert_tokens("r#type r b c br", &["type", "r", "b", "c", "br"]);
    }

    #[test]
    fn lines_are_counted_in_comments_and_strings() {
        let lines: Vec<_> = tokens("a /*\n*/ b\n\"\n\" c").iter().map(|token| token.line).collect();
        assert_eq!(lines, [1, 2, 3, 4]);
    }
}
