//! Removes the code that is compiled for tests only.

use super::tokens::Token;

/// The code of a file that is not only for tests.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct WithoutTestCode {
    pub(crate) tokens: Vec<Token>,
    /// The names of modules with files of their own that are compiled for tests only.
    pub(crate) test_modules: Vec<String>,
}

/// Removes everything under a `cfg` attribute that holds in test builds only, such as `#[cfg(test)]` and
/// `#[cfg(all(test, unix))]`, but not `#[cfg(any(test, unix))]`.
pub(crate) fn without_test_code(tokens: &[Token]) -> WithoutTestCode {
    let mut code = WithoutTestCode { tokens: Vec::new(), test_modules: Vec::new() };
    let mut at = 0;
    while at < tokens.len() {
        let inner = usize::from(text(tokens, at + 1) == "!");
        let is_cfg = text(tokens, at) == "#"
            && text(tokens, at + 1 + inner) == "["
            && text(tokens, at + 2 + inner) == "cfg";
        if !is_cfg || !requires_test(tokens, &mut (at + 4 + inner)) {
            code.tokens.push(tokens[at].clone());
            at += 1;
        } else if inner == 1 {
            // The attribute applies to everything around it, to the end of the block or of the file.
            at = skip(tokens, at, &[]);
        } else {
            let item = skip_attributes(tokens, at);
            if text(tokens, item) == "mod" && text(tokens, item + 2) == ";" {
                code.test_modules.push(text(tokens, item + 1).to_owned());
            }
            at = end_of_item(tokens, item);
        }
    }
    code
}

fn text(tokens: &[Token], at: usize) -> &str {
    tokens.get(at).map_or("", |token| &token.text)
}

/// Reads one condition of a `cfg` attribute, and returns true if it holds in test builds only.
fn requires_test(tokens: &[Token], at: &mut usize) -> bool {
    let name = text(tokens, *at);
    *at += 1;
    if text(tokens, *at) != "(" {
        // `test`, `unix` or `feature = "name"`.
        let end = skip(tokens, *at, &[","]);
        let is_test = name == "test" && text(tokens, *at) != "=";
        *at = end;
        return is_test;
    }
    *at += 1;
    let mut conditions = Vec::new();
    while !matches!(text(tokens, *at), ")" | "") {
        conditions.push(requires_test(tokens, at));
        if text(tokens, *at) == "," {
            *at += 1;
        }
    }
    *at += 1;
    match name {
        "all" => conditions.contains(&true),
        "any" => !conditions.is_empty() && !conditions.contains(&false),
        _ => false,
    }
}

/// Returns the index of the first of these tokens, or of the closing bracket of the block around `at`.
fn skip(tokens: &[Token], mut at: usize, ends: &[&str]) -> usize {
    let mut depth = 0_usize;
    while at < tokens.len() {
        match text(tokens, at) {
            end if depth == 0 && ends.contains(&end) => return at,
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" if depth == 0 => return at,
            "}" | ")" | "]" => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    at
}

/// Skips attributes and the visibility.
fn skip_attributes(tokens: &[Token], mut at: usize) -> usize {
    while text(tokens, at) == "#" {
        at = skip(tokens, at + 2, &[]) + 1;
    }
    if text(tokens, at) == "pub" {
        at += 1;
        if text(tokens, at) == "(" {
            at = skip(tokens, at + 1, &[]) + 1;
        }
    }
    at
}

/// Returns the index after an item, a statement, a field, a variant, an argument or a match arm.
fn end_of_item(tokens: &[Token], start: usize) -> usize {
    const ITEMS: &[&str] = &[
        "async",
        "const",
        "enum",
        "extern",
        "fn",
        "impl",
        "macro_rules",
        "mod",
        "static",
        "struct",
        "trait",
        "type",
        "union",
        "unsafe",
        "use",
        "let",
    ];
    let is_field = text(tokens, start + 1) == ":" && text(tokens, start + 2) != ":";
    if is_field || !ITEMS.contains(&text(tokens, start)) {
        let end = skip(tokens, start, &[",", ";", "{"]);
        return match text(tokens, end) {
            "{" => after_block(tokens, end),
            "," | ";" => end + 1,
            _ => end,
        };
    }
    let ends_with_semicolon = match text(tokens, start) {
        "use" | "static" | "type" | "let" => true,
        "const" => !matches!(text(tokens, start + 1), "fn" | "async" | "unsafe" | "extern" | "{"),
        _ => false,
    };
    let end = skip(tokens, start, if ends_with_semicolon { &[";"] } else { &[";", "{"] });
    match text(tokens, end) {
        "{" => after_block(tokens, end),
        ";" => end + 1,
        _ => end,
    }
}

fn after_block(tokens: &[Token], open: usize) -> usize {
    skip(tokens, open + 1, &[]) + 1
}

#[cfg(test)]
mod tests {
    use super::super::tokens::tokens;
    use super::*;

    #[track_caller]
    fn assert_code(source: &str, expected: &str) {
        let texts = |tokens: Vec<Token>| tokens.into_iter().map(|token| token.text).collect::<Vec<_>>();
        assert_eq!(texts(without_test_code(&tokens(source)).tokens), texts(tokens(expected)), "{source}");
    }

    #[test]
    fn conditions_that_hold_in_test_builds_only_exempt_their_item() {
        for condition in
            ["test", "all(test, unix)", "all(unix, all(feature = \"a\", test))", "any(test, all(test, unix))"]
        {
            assert_code(&format!("#[cfg({condition})] mod a {{ b!(); }} c!();"), "c!();");
        }
        for condition in [
            "any(test, feature = \"a\")",
            "not(test)",
            "all(not(test), unix)",
            "feature = \"test\"",
            "test = \"a\"",
            "any()",
            "all()",
        ] {
            let source = format!("#[cfg({condition})] mod a {{ b!(); }} c!();");
            assert_code(&source, &source);
        }
        let source = "#[cfg_attr(test, derive(Debug))] struct A;";
        assert_code(source, source);
    }

    #[test]
    fn exemption_ends_with_the_item() {
        for item in [
            "use a::{b, c};",
            "pub(crate) mod a { fn b() {} }",
            "#[allow(a)] #[b(c)] fn f<A, B>(a: [u8; 2], b: (A, B)) -> [u8; 2] { [1; 2] }",
            "const A: B = if c { d() } else { e() };",
            "const fn f() {}",
            "static A: B = B { c: 1 };",
            "pub struct A(B);",
            "struct A { b: C }",
            "impl<A, B> C for D<A, B> where A: B {}",
            "macro_rules! a { () => {}; }",
            "thread_local! { static A: B = c(); }",
            "let a = if b { c } else { d };",
            "a.b(c, d);",
        ] {
            assert_code(&format!("#[cfg(test)] {item} fn after() {{}}"), "fn after() {}");
        }
        assert_code("struct A { #[cfg(test)] pub(crate) b: C, d: E }", "struct A { d: E }");
        assert_code("struct A { #[cfg(test)] b: C } fn d() {}", "struct A { } fn d() {}");
        assert_code("match a { #[cfg(test)] B => c(), D => e() }", "match a { D => e() }");
        assert_code("f(#[cfg(test)] a, b)", "f(b)");
    }

    #[test]
    fn inner_attribute_exempts_the_module_around_it() {
        assert_code("mod a { #![cfg(test)] fn b() {} } fn c() {}", "mod a { } fn c() {}");
        assert_code("#![cfg(test)] fn a() {} fn b() {}", "");
    }

    #[test]
    fn test_modules_with_a_file_are_named() {
        let code = without_test_code(&tokens("#[cfg(test)] pub(crate) mod a; mod b; #[cfg(test)] mod c {}"));
        assert_eq!(code.test_modules, ["a"]);
    }
}
