//! The text of the generated source.
//!
//! Nothing reads it but the compiler, so it is not formatted. It only has line breaks, for the positions in messages.

use std::fmt::Write as _;

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use quote::ToTokens as _;

/// Returns the source of a file.
pub(crate) fn text(file: &syn::File) -> String {
    let mut text = String::new();
    write(file.to_token_stream(), &mut text);
    text
}

fn write(tokens: TokenStream, text: &mut String) {
    for token in tokens {
        // Writing to a string cannot fail.
        let _ = match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{\n", "}\n"),
                    Delimiter::Bracket => ("[", "]\n"),
                    Delimiter::None => ("", ""),
                };
                text.push_str(open);
                write(group.stream(), text);
                text.push_str(close);
                Ok(())
            }
            TokenTree::Punct(punct) if matches!(punct.as_char(), ';' | ',') => writeln!(text, "{punct}"),
            TokenTree::Punct(punct) if punct.spacing() == Spacing::Joint => write!(text, "{punct}"),
            token => write!(text, "{token} "),
        };
    }
}
