//! Finds the paths in the code of a file: in `use` declarations, in expressions and types, and in attributes.

use crate::source::Token;

/// A path, with the module in which it is written. That module may be one inside the file.
#[derive(Debug)]
pub(crate) struct CodePath {
    pub(crate) scope: Vec<String>,
    pub(crate) segments: Vec<String>,
    pub(crate) line: usize,
}

/// One path of a `use` declaration, with its groups spelled out.
#[derive(Debug)]
pub(crate) struct Use {
    pub(crate) path: CodePath,
    /// The name that it brings into scope.
    pub(crate) name: String,
    pub(crate) is_glob: bool,
}

/// Returns the paths of `use` declarations and all other paths with at least two segments.
pub(crate) fn paths(code: &[Token], module: &[String]) -> (Vec<Use>, Vec<CodePath>) {
    let mut reader = Reader { code, at: 0, scope: module.to_vec(), uses: Vec::new(), others: Vec::new() };
    reader.block();
    (reader.uses, reader.others)
}

struct Reader<'a> {
    code: &'a [Token],
    at: usize,
    scope: Vec<String>,
    uses: Vec<Use>,
    others: Vec<CodePath>,
}

impl Reader<'_> {
    fn peek(&self, ahead: usize) -> &str {
        self.code.get(self.at + ahead).map_or("", |token| &token.text)
    }

    fn before(&self, back: usize) -> &str {
        self.at.checked_sub(back).map_or("", |at| &self.code[at].text)
    }

    fn line(&self) -> usize {
        self.code.get(self.at).map_or(0, |token| token.line)
    }

    /// Reads to the end of the block of the current scope, or to the end of the file.
    fn block(&mut self) {
        let mut depth = 0_usize;
        while self.at < self.code.len() {
            match self.peek(0) {
                "use" => {
                    self.at += 1;
                    self.use_tree(&mut Vec::new(), false);
                    continue;
                }
                "extern" if self.peek(1) == "crate" => {
                    self.extern_crate();
                    continue;
                }
                "mod" if self.peek(2) == "{" => {
                    self.scope.push(self.peek(1).to_owned());
                    self.at += 3;
                    self.block();
                    self.scope.pop();
                    continue;
                }
                "#" => self.attribute(),
                "{" => depth += 1,
                "}" if depth == 0 => {
                    self.at += 1;
                    return;
                }
                "}" => depth -= 1,
                name if is_name(name) && self.starts_path() => {
                    self.path();
                    continue;
                }
                _ => {}
            }
            self.at += 1;
        }
    }

    /// Returns true if a path with several segments starts here. `pub(in path)` names an ancestor and imports nothing.
    fn starts_path(&self) -> bool {
        let is_rest = self.before(1) == ":" && self.before(2) == ":";
        let is_member = self.before(1) == "." && self.before(2) != ".";
        let is_macro_parameter = self.before(1) == "$" && self.peek(0) != "crate";
        let is_visibility = self.before(1) == "in" && self.before(2) == "(" && self.before(3) == "pub";
        let goes_on = self.peek(1) == ":" && self.peek(2) == ":" && is_name(self.peek(3));
        goes_on && !is_rest && !is_member && !is_macro_parameter && !is_visibility
    }

    fn path(&mut self) {
        let line = self.line();
        let mut segments = vec![self.peek(0).to_owned()];
        self.at += 1;
        while self.peek(0) == ":" && self.peek(1) == ":" && is_name(self.peek(2)) {
            segments.push(self.peek(2).to_owned());
            self.at += 3;
        }
        self.others.push(CodePath { scope: self.scope.clone(), segments, line });
    }

    /// Finds paths in the strings of an attribute, such as `#[serde(with = "crate::dates")]`. Docs are exempt. The other
    /// paths of the attribute are found like those of any code.
    fn attribute(&mut self) {
        let start = self.at + 1 + usize::from(self.peek(1) == "!");
        if self.code.get(start).is_none_or(|token| token.text != "[")
            || self.code.get(start + 1).is_some_and(|token| token.text == "doc")
        {
            return;
        }
        let mut depth = 0_usize;
        for token in &self.code[start..] {
            match &*token.text {
                "[" => depth += 1,
                "]" => depth -= 1,
                text => {
                    let path =
                        text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or_default();
                    let segments: Vec<_> = path.split("::").map(|name| name.trim().to_owned()).collect();
                    if segments.len() > 1 && segments.iter().all(|name| is_name(name)) {
                        self.others.push(CodePath { scope: self.scope.clone(), segments, line: token.line });
                    }
                }
            }
            if depth == 0 {
                return;
            }
        }
    }

    /// Reads `extern crate self as name;`, which is another name for `crate`.
    fn extern_crate(&mut self) {
        let line = self.line();
        if self.peek(2) == "self" {
            let path = CodePath { scope: self.scope.clone(), segments: vec!["crate".to_owned()], line };
            self.uses.push(Use { path, name: self.peek(4).to_owned(), is_glob: false });
        }
        self.at += 3;
    }

    /// Reads a tree of a `use`, which `path` leads to. `::name` is another crate, even if a module has that name.
    fn use_tree(&mut self, path: &mut Vec<String>, is_external: bool) {
        let (length, line) = (path.len(), self.line());
        let is_external = is_external || (length == 0 && self.peek(0) == ":");
        loop {
            match self.peek(0) {
                ":" => self.at += 1,
                "$" if length == 0 && self.peek(1) == "crate" => self.at += 1,
                "{" => {
                    self.at += 1;
                    while !matches!(self.peek(0), "}" | "") {
                        let before = self.at;
                        self.use_tree(path, is_external);
                        if self.peek(0) == "," || self.at == before {
                            self.at += 1;
                        }
                    }
                    self.at += 1;
                    break;
                }
                "*" => {
                    self.at += 1;
                    if !is_external {
                        self.add_use(path, None, line, true);
                    }
                    break;
                }
                name if is_name(name) => {
                    path.push(name.to_owned());
                    self.at += 1;
                    let alias = (self.peek(0) == "as").then(|| self.peek(1).to_owned());
                    self.at += if alias.is_some() { 2 } else { 0 };
                    if self.peek(0) == ":" {
                        continue;
                    }
                    if !is_external {
                        self.add_use(path, alias, line, false);
                    }
                    break;
                }
                _ => break,
            }
        }
        path.truncate(length);
    }

    fn add_use(&mut self, path: &[String], alias: Option<String>, line: usize, is_glob: bool) {
        let segments = match path {
            [first @ .., last] if !first.is_empty() && last == "self" => first,
            path => path,
        };
        let name = alias.or_else(|| segments.last().cloned()).unwrap_or_default();
        let path = CodePath { scope: self.scope.clone(), segments: segments.to_vec(), line };
        self.uses.push(Use { path, name, is_glob });
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|char: char| char.is_alphabetic() || char == '_') && text != "as"
}
