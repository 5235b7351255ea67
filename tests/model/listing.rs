//! What a list shows of sorted names: prefix, delimiter and start.

/// The label of a common prefix in a list of objects.
pub(crate) const PREFIX: &str = "prefix";

/// The label of a common prefix in a diff.
pub(crate) const PREFIX_CHANGED: &str = "prefix_changed";

/// The options of a list.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(crate) prefix: &'static str,
    /// Empty for none.
    pub(crate) delimiter: &'static str,
    /// Empty for the start.
    pub(crate) after: &'static str,
    pub(crate) page_size: u16,
}

impl View {
    /// Returns the items of the list: each path with its label, and each common prefix with `group` as its label.
    ///
    /// A list that starts after a common prefix skips the paths under it. A list that starts after one of these paths has
    /// the prefix if more of them follow or, in a list of objects, if that path exists.
    pub(crate) fn items(&self, paths: Vec<(String, String)>, group: &str) -> Vec<String> {
        let mut items: Vec<String> = Vec::new();
        for (path, label) in paths {
            let Some(rest) = path.strip_prefix(self.prefix) else { continue };
            let end = match self.delimiter {
                "" => None,
                delimiter => rest.find(delimiter).map(|at| self.prefix.len() + at + delimiter.len()),
            };
            let is_before = match end {
                Some(_) if group == PREFIX => &*path < self.after,
                _ => &*path <= self.after,
            };
            let item = match end {
                _ if is_before => continue,
                Some(end) if path[..end] == *self.after => continue,
                Some(end) => format!("{group} {}", &path[..end]),
                None => format!("{label} {path}"),
            };
            if items.last() != Some(&item) {
                items.push(item);
            }
        }
        items
    }
}
