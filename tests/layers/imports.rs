//! The imports of a module: paths, and the modules that they lead to.

use std::collections::BTreeSet;

use crate::tokens::{Token, tokens};

/// One import of a module.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Import {
    /// The module that it leads to, by its path from the root of the crate; empty for the root itself.
    pub(crate) target: Vec<String>,
    /// The path as it is written, with the groups of a `use` spelled out.
    pub(crate) path: String,
    pub(crate) line: usize,
}

/// The imports of the source of `module`, where the crate has these modules.
pub(crate) fn imports(source: &str, module: &[String], modules: &BTreeSet<Vec<String>>) -> Vec<Import> {
    let tokens = tokens(source);
    let mut reader = Reader { tokens: &tokens, at: 0, modules, found: Vec::new() };
    reader.items(module, module);
    reader.found
}

struct Reader<'a> {
    tokens: &'a [Token],
    at: usize,
    modules: &'a BTreeSet<Vec<String>>,
    found: Vec<Import>,
}

impl Reader<'_> {
    fn peek(&self, ahead: usize) -> &str {
        self.tokens.get(self.at + ahead).map_or("", |token| &token.text)
    }

    fn matches(&self, texts: &[&str]) -> bool {
        texts.iter().enumerate().all(|(ahead, text)| self.peek(ahead) == *text)
    }

    /// Reads to the end of the block that `scope` is, a module inside the file of `module`.
    fn items(&mut self, scope: &[String], module: &[String]) {
        let mut depth = 0_usize;
        while self.at < self.tokens.len() {
            if self.matches(&["#", "[", "cfg", "(", "test", ")", "]"]) {
                self.at += 7;
                self.skip_item();
            } else if self.matches(&["use"]) {
                self.at += 1;
                self.use_tree(&mut Vec::new(), scope, module);
            } else if self.matches(&["mod"]) && self.peek(2) == "{" {
                let mut inner = scope.to_vec();
                inner.push(self.peek(1).to_owned());
                self.at += 3;
                self.items(&inner, module);
            } else if matches!(self.peek(0), "crate" | "super" | "self") && self.is_path() {
                let line = self.tokens[self.at].line;
                let path = self.path();
                self.import(&path, line, scope);
            } else {
                match self.peek(0) {
                    "{" => depth += 1,
                    "}" if depth == 0 => {
                        self.at += 1;
                        return;
                    }
                    "}" => depth -= 1,
                    _ => {}
                }
                self.at += 1;
            }
        }
    }

    /// Whether `::` and a name follow, and nothing that makes this the middle of a path.
    fn is_path(&self) -> bool {
        let middle =
            self.at >= 2 && self.tokens[self.at - 1].text == ":" && self.tokens[self.at - 2].text == ":";
        !middle && self.peek(1) == ":" && self.peek(2) == ":"
    }

    fn path(&mut self) -> Vec<String> {
        let mut path = vec![self.peek(0).to_owned()];
        self.at += 1;
        while self.matches(&[":", ":"]) && is_name(self.peek(2)) {
            path.push(self.peek(2).to_owned());
            self.at += 3;
        }
        path
    }

    /// Reads a tree of a `use`, which `path` leads to.
    fn use_tree(&mut self, path: &mut Vec<String>, scope: &[String], module: &[String]) {
        let (begin, line) = (path.len(), self.tokens[self.at].line);
        loop {
            match self.peek(0) {
                ":" => self.at += 1,
                "{" => {
                    self.at += 1;
                    while self.peek(0) != "}" {
                        self.use_tree(path, scope, module);
                        if self.peek(0) == "," {
                            self.at += 1;
                        }
                    }
                    self.at += 1;
                    break;
                }
                "*" => {
                    self.at += 1;
                    self.import(path, line, scope);
                    break;
                }
                name if is_name(name) => {
                    path.push(name.to_owned());
                    self.at += 1;
                    if self.peek(0) == "as" {
                        self.at += 2;
                    }
                    if self.peek(0) != ":" {
                        if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
                            path.pop();
                        }
                        self.import(path, line, scope);
                        break;
                    }
                }
                _ => break,
            }
        }
        path.truncate(begin);
    }

    /// Skips an item with its block or to its semicolon, further attributes included.
    fn skip_item(&mut self) {
        let mut depth = 0_usize;
        while self.at < self.tokens.len() {
            match self.peek(0) {
                "{" | "(" | "[" => depth += 1,
                "}" | ")" | "]" => depth = depth.saturating_sub(1),
                _ => {}
            }
            let ends = depth == 0 && matches!(self.peek(0), ";" | "}");
            self.at += 1;
            if ends {
                return;
            }
        }
    }

    fn import(&mut self, path: &[String], line: usize, scope: &[String]) {
        let mut absolute = scope.to_vec();
        let mut rest = path;
        match path.first().map(String::as_str) {
            Some("crate") => {
                absolute.clear();
                rest = &path[1..];
            }
            Some("self") => rest = &path[1..],
            Some("super") => {}
            // Another crate, or a child: only the second is a module here.
            Some(child) if self.modules.contains(&[scope, &[child.to_owned()]].concat()) => {}
            _ => return,
        }
        while let Some((first, others)) = rest.split_first()
            && first == "super"
        {
            absolute.pop();
            rest = others;
        }
        absolute.extend_from_slice(rest);
        while !self.modules.contains(&absolute) && absolute.pop().is_some() {}
        self.found.push(Import { target: absolute, path: path.join("::"), line });
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|char: char| char.is_alphabetic() || char == '_') && text != "as"
}
