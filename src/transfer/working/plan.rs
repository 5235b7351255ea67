//! Decides what changes of a ref do to a directory with local changes, and finds conflicts.

use std::path::Path;

use crate::transfer::dir::local_files::local_path;
use crate::transfer::working::base::BaseEntry;
use crate::transfer::working::files::{Stamp, has_checksum};
use crate::transfer::working::scan::{LocalChange, Scan, ancestors};

/// What an update does with the files that both sides changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum OnConflict {
    /// Nothing is changed.
    #[default]
    Refuse,
    /// The local file stays.
    KeepLocal,
    /// The object replaces the local file.
    TakeRemote,
    /// All local changes are [discarded](Plan::discard), also those at the path of an object.
    Discard,
}

/// A change of the ref.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RemoteChange {
    pub(crate) name: String,
    /// The object; `None` if it was removed.
    pub(crate) entry: Option<BaseEntry>,
    /// There was no object before.
    pub(crate) is_added: bool,
}

/// A step of an update. `expected` is the local file before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Write {
        entry: BaseEntry,
        expected: Option<Stamp>,
    },
    /// Sets the modification time of a file that has the content already.
    Touch {
        entry: BaseEntry,
        expected: Stamp,
    },
    Remove {
        name: String,
        expected: Stamp,
    },
}

/// The steps of an update.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) actions: Vec<Action>,
    /// The names of the files that both sides changed differently.
    pub(crate) conflicts: Vec<String>,
    /// The names of the files that both sides changed in the same way.
    pub(crate) identical: Vec<String>,
}

impl Plan {
    /// Plans the update of a directory. `scan` compares it with the commit before the changes, and watches their names.
    /// Reads files that both sides changed.
    pub(crate) fn new(root: &Path, remote: &[RemoteChange], scan: &Scan, on_conflict: OnConflict) -> Self {
        let mut plan = Self::default();
        for change in remote {
            plan.add(root, change, scan, on_conflict);
        }
        plan
    }

    /// Plans to discard the local changes of files that are not in `remote`.
    pub(crate) fn discard(&mut self, remote: &[RemoteChange], scan: &Scan) {
        for LocalChange { name, stamp, base } in &scan.changes {
            if remote.binary_search_by(|change| (*change.name).cmp(name)).is_ok() {
                continue;
            }
            match (base, *stamp) {
                (Some(entry), expected) => {
                    self.actions.push(Action::Write { entry: entry.clone(), expected });
                }
                (None, Some(expected)) => self.actions.push(Action::Remove { name: name.clone(), expected }),
                (None, None) => {}
            }
        }
    }

    fn add(&mut self, root: &Path, remote: &RemoteChange, scan: &Scan, on_conflict: OnConflict) {
        let RemoteChange { name, entry, .. } = remote;
        let expected = scan.stamps.get(name).copied();
        let take = |plan: &mut Self| match (entry, expected) {
            (Some(entry), expected) => plan.actions.push(Action::Write { entry: entry.clone(), expected }),
            (None, Some(expected)) => plan.actions.push(Action::Remove { name: name.clone(), expected }),
            (None, None) => {}
        };
        // Something that is no file, or a directory with local files, is never replaced.
        if scan.is_unsupported(name) || entry.is_some() && is_blocked(name, scan, on_conflict) {
            return self.conflicts.push(name.clone());
        }
        if scan.change(name).is_none() {
            return take(self);
        }
        match (entry, expected) {
            (None, None) => self.identical.push(name.clone()),
            (Some(entry), Some(stamp))
                if entry.compare(&stamp) == Some(true)
                    || has_checksum(root, &local_path(root, name), entry.bytes, &entry.checksum) =>
            {
                self.identical.push(name.clone());
                if stamp.modified.0 != entry.modified {
                    self.actions.push(Action::Touch { entry: entry.clone(), expected: stamp });
                }
            }
            _ => match on_conflict {
                OnConflict::Refuse => self.conflicts.push(name.clone()),
                OnConflict::KeepLocal => {}
                OnConflict::TakeRemote | OnConflict::Discard => take(self),
            },
        }
    }
}

/// Whether a local file is where a directory has to be, or the other way round.
fn is_blocked(name: &str, scan: &Scan, on_conflict: OnConflict) -> bool {
    let exists = |change: &LocalChange| change.stamp.is_some();
    let directory = format!("{name}/");
    let is_file_above = ancestors(name).any(|above| scan.change(above).is_some_and(exists));
    let has_unsupported_below = scan
        .unsupported
        .range(directory.clone()..)
        .next()
        .is_some_and(|(name, _)| name.starts_with(&directory));
    let has_files_below = scan.below(&directory).any(exists);
    has_unsupported_below || (on_conflict != OnConflict::Discard && (is_file_above || has_files_below))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::fs;
    use std::sync::atomic::AtomicBool;

    use super::*;
    use crate::transfer::working::scan::scan;

    /// Plans an update of a directory with the local files. `base` and `remote` have the objects before and after it.
    fn plan(
        local: &[(&str, &str)],
        base: &[(&str, &str)],
        remote: &[(&str, Option<&str>)],
        on_conflict: OnConflict,
    ) -> (Vec<String>, Vec<String>) {
        let root = tempfile::tempdir().unwrap();
        for (name, data) in local {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, data).unwrap();
        }
        let remote: Vec<_> = remote
            .iter()
            .map(|(name, data)| RemoteChange {
                name: (*name).to_owned(),
                entry: data.map(|data| BaseEntry::of_data(name, data)),
                is_added: false,
            })
            .collect();
        let watched: HashSet<_> = remote.iter().map(|change| change.name.clone()).collect();
        let base = base.iter().map(|(name, data)| Ok(BaseEntry::of_data(name, data)));
        let scan = scan(root.path(), base, &watched, &AtomicBool::new(false)).unwrap();
        let plan = Plan::new(root.path(), &remote, &scan, on_conflict);
        let describe = |action: &Action| match action {
            Action::Write { entry, expected: None } => format!("+{}", entry.name),
            Action::Write { entry, .. } => format!("~{}", entry.name),
            Action::Touch { entry, .. } => format!("={}", entry.name),
            Action::Remove { name, .. } => format!("-{name}"),
        };
        (plan.actions.iter().map(describe).collect(), plan.conflicts)
    }

    const BASE: [(&str, &str); 4] = [("a", "1"), ("b", "1"), ("c", "1"), ("d", "1")];

    #[test]
    fn changes_of_the_ref_are_applied_to_unchanged_files() {
        let remote = [("a", Some("2")), ("b", None), ("e/f", Some("2"))];
        let (actions, conflicts) = plan(&BASE, &BASE, &remote, OnConflict::Refuse);
        assert_eq!((actions.join(" "), conflicts.len()), ("~a -b +e/f".to_owned(), 0));
    }

    #[test]
    fn files_that_both_sides_changed_are_conflicts_unless_they_are_equal() {
        let local = [("a", "2"), ("b", "3"), ("d", "9"), ("e", "2"), ("f", "3")];
        let remote = [
            ("a", Some("2")),
            ("b", Some("2")),
            ("c", None),
            ("d", None),
            ("e", Some("2")),
            ("f", Some("2")),
        ];
        for (on_conflict, expected, conflicts) in [
            (OnConflict::Refuse, "=a =e", "b d f"),
            (OnConflict::KeepLocal, "=a =e", ""),
            (OnConflict::TakeRemote, "=a ~b -d =e ~f", ""),
        ] {
            let (actions, found) = plan(&local, &BASE, &remote, on_conflict);
            assert_eq!((&*actions.join(" "), &*found.join(" ")), (expected, conflicts), "{on_conflict:?}");
        }
        let (actions, conflicts) = plan(&[], &BASE, &[("a", Some("2")), ("b", None)], OnConflict::Refuse);
        assert_eq!((actions.len(), conflicts.join(" ")), (0, "a".to_owned()));
        let (actions, _) = plan(&[], &BASE, &[("a", Some("2"))], OnConflict::TakeRemote);
        assert_eq!(actions, ["+a"]);
    }

    #[test]
    fn local_file_in_the_place_of_a_directory_is_a_conflict() {
        let remote = [("x", Some("2")), ("y/z", Some("2"))];
        let (actions, conflicts) = plan(&[("x/local", ""), ("y", "")], &[], &remote, OnConflict::KeepLocal);
        assert_eq!((actions.len(), conflicts.join(" ")), (0, "x y/z".to_owned()));
        // The ref itself replaces a file by a directory.
        let remote = [("a", None), ("a/b", Some("2"))];
        let (actions, conflicts) = plan(&BASE, &BASE, &remote, OnConflict::Refuse);
        assert_eq!((actions.join(" "), conflicts.len()), ("-a +a/b".to_owned(), 0));
    }

    #[cfg(unix)]
    #[test]
    fn symbolic_link_is_never_replaced() {
        let root = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/", root.path().join("a")).unwrap();
        let scan = scan(root.path(), std::iter::empty(), &HashSet::new(), &AtomicBool::new(false)).unwrap();
        let remote = ["a", "a/b"].map(|name| RemoteChange {
            name: name.to_owned(),
            entry: Some(BaseEntry::of_data(name, "")),
            is_added: true,
        });
        let plan = Plan::new(root.path(), &remote, &scan, OnConflict::TakeRemote);
        assert_eq!((plan.actions.len(), plan.conflicts), (0, vec!["a".to_owned(), "a/b".to_owned()]));
    }
}
