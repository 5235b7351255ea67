//! The model: what a repository holds, and what each write does to it. It knows nothing of a server.
//!
//! A commit is known by its number. Numbers ascend with time, so they order a log.

use std::collections::BTreeMap;

use lakefs::{ErrorKind, MergeStrategy};

/// The result of an operation of the model.
pub(crate) type Outcome<T> = Result<T, ErrorKind>;

/// The objects of a commit or of a branch, by path.
pub(crate) type Tree = BTreeMap<String, Object>;

/// What lakeFS compares to tell whether an object differs from another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) data: &'static str,
    pub(crate) media_type: &'static str,
    /// The value of a key.
    pub(crate) metadata: String,
}

/// An object. `write` is the number of the write that made it: two objects of the same content can differ in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Object {
    pub(crate) content: Content,
    write: u32,
}

/// A commit. The first commit of a repository has no tree, which differs from an empty one.
#[derive(Clone, Debug)]
pub(crate) struct Commit {
    pub(crate) message: String,
    pub(crate) parents: Vec<usize>,
    pub(crate) generation: usize,
    tree: Option<Tree>,
}

impl Commit {
    pub(crate) fn tree(&self) -> Tree {
        self.tree.clone().unwrap_or_default()
    }
}

/// A branch: its head, and its uncommitted changes, with `None` for a deleted object.
#[derive(Clone, Debug)]
pub(crate) struct Branch {
    pub(crate) head: usize,
    staged: BTreeMap<String, Option<Object>>,
    /// Whether the server may keep entries that change nothing. See [`Model::uncertain`].
    sealed: bool,
}

/// A ref expression.
#[derive(Clone, Debug)]
pub(crate) enum Ref {
    Branch(&'static str),
    /// `main@`: without the uncommitted changes.
    Committed(&'static str),
    /// `main~1`: an ancestor of the head.
    Ancestor(&'static str, usize),
    Tag(&'static str),
    /// The commit with this number, modulo the number of commits.
    Commit(usize),
}

/// How an object differs between two trees, as lakeFS names it.
pub(crate) type Change = (String, &'static str);

/// A repository.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) commits: Vec<Commit>,
    pub(crate) branches: BTreeMap<&'static str, Branch>,
    pub(crate) tags: BTreeMap<&'static str, usize>,
    writes: u32,
}

impl Model {
    pub(crate) fn new() -> Self {
        let root = Commit {
            message: "Repository created".to_owned(),
            parents: Vec::new(),
            generation: 1,
            tree: None,
        };
        let main = Branch { head: 0, staged: BTreeMap::new(), sealed: false };
        Self {
            commits: vec![root],
            branches: BTreeMap::from([("main", main)]),
            tags: BTreeMap::new(),
            writes: 0,
        }
    }

    pub(crate) fn branch(&self, name: &str) -> Outcome<&Branch> {
        self.branches.get(name).ok_or(ErrorKind::NotFound)
    }

    fn branch_mut(&mut self, name: &str) -> Outcome<&mut Branch> {
        self.branches.get_mut(name).ok_or(ErrorKind::NotFound)
    }

    /// Returns the commit that a ref names.
    pub(crate) fn resolve(&self, reference: &Ref) -> Outcome<usize> {
        match reference {
            Ref::Branch(name) | Ref::Committed(name) => Ok(self.branch(name)?.head),
            Ref::Tag(name) => self.tags.get(name).copied().ok_or(ErrorKind::NotFound),
            Ref::Commit(number) => Ok(number % self.commits.len()),
            Ref::Ancestor(name, steps) => {
                let mut commit = self.branch(name)?.head;
                for _ in 0..*steps {
                    commit = *self.commits[commit].parents.first().ok_or(ErrorKind::NotFound)?;
                }
                Ok(commit)
            }
        }
    }

    /// Returns the objects that a ref shows: for a branch, with its uncommitted changes.
    pub(crate) fn view(&self, reference: &Ref) -> Outcome<Tree> {
        let mut tree = self.commits[self.resolve(reference)?].tree();
        if let Ref::Branch(name) = reference {
            for (path, object) in &self.branch(name)?.staged {
                match object {
                    Some(object) => tree.insert(path.clone(), object.clone()),
                    None => tree.remove(path),
                };
            }
        }
        Ok(tree)
    }

    pub(crate) fn read(&self, reference: &Ref, path: &str) -> Outcome<Content> {
        self.view(reference)?.remove(path).map(|object| object.content).ok_or(ErrorKind::NotFound)
    }

    pub(crate) fn put(&mut self, branch: &str, path: &str, content: Content) -> Outcome<()> {
        self.writes += 1;
        let object = Object { content, write: self.writes };
        self.branch_mut(branch)?.staged.insert(path.to_owned(), Some(object));
        Ok(())
    }

    /// Uploads an object unless one exists.
    pub(crate) fn put_new(&mut self, branch: &'static str, path: &str, content: Content) -> Outcome<()> {
        if self.view(&Ref::Branch(branch))?.contains_key(path) {
            return Err(ErrorKind::PreconditionFailed);
        }
        self.put(branch, path, content)
    }

    /// Whether the head commit of a branch has an object with this content, and the branch has not changed it.
    pub(crate) fn is_committed(&self, branch: &str, path: &str, content: &Content) -> bool {
        self.branch(branch).is_ok_and(|branch| {
            let committed = self.commits[branch.head].tree().get(path).map(|object| object.content.clone());
            !branch.staged.contains_key(path) && committed.as_ref() == Some(content)
        })
    }

    pub(crate) fn set_metadata(&mut self, branch: &'static str, path: &str, value: String) -> Outcome<()> {
        let content = self.read(&Ref::Branch(branch), path)?;
        self.put(branch, path, Content { metadata: value, ..content })
    }

    pub(crate) fn copy(&mut self, source: &Ref, from: &str, branch: &str, to: &str) -> Outcome<()> {
        let content = self.read(source, from)?;
        self.put(branch, to, content)
    }

    /// Deletes objects. Deleting what does not exist changes nothing.
    pub(crate) fn delete(&mut self, branch: &'static str, paths: &[String]) -> Outcome<()> {
        let head = self.commits[self.branch(branch)?.head].tree();
        let branch = self.branch_mut(branch)?;
        for path in paths {
            if head.contains_key(path) {
                branch.staged.insert(path.clone(), None);
            } else {
                branch.staged.remove(path);
            }
        }
        Ok(())
    }

    pub(crate) fn delete_prefix(&mut self, branch: &'static str, prefix: &str) -> Outcome<()> {
        let view = self.view(&Ref::Branch(branch))?;
        let paths: Vec<_> = view.into_keys().filter(|path| path.starts_with(prefix)).collect();
        self.delete(branch, &paths)
    }

    /// Discards the uncommitted changes of the paths that `discards` accepts.
    pub(crate) fn reset(&mut self, branch: &str, discards: impl Fn(&str) -> bool) -> Outcome<()> {
        let branch = self.branch_mut(branch)?;
        branch.staged.retain(|path, _| !discards(path));
        branch.sealed = !branch.staged.is_empty();
        Ok(())
    }

    pub(crate) fn uncommitted(&self, branch: &'static str) -> Outcome<Vec<Change>> {
        let head = self.commits[self.branch(branch)?.head].tree();
        Ok(changes(&head, &self.view(&Ref::Branch(branch))?))
    }

    /// Returns true if the branch has changes that a merge or a revert into it would refuse.
    fn is_dirty(&self, branch: &str) -> bool {
        self.branches.get(branch).is_some_and(|branch| !branch.staged.is_empty())
    }

    /// Returns true if it depends on the server's bookkeeping whether the branch counts as changed: something was written,
    /// but nothing differs from the head.
    pub(crate) fn is_uncertain(&self, branch: &'static str) -> bool {
        let Ok(changes) = self.uncommitted(branch) else { return false };
        self.branches
            .get(branch)
            .is_some_and(|branch| changes.is_empty() && (branch.sealed || !branch.staged.is_empty()))
    }

    pub(crate) fn commit(
        &mut self,
        branch: &'static str,
        message: &str,
        allow_empty: bool,
    ) -> Outcome<usize> {
        let head = self.branch(branch)?.head;
        if self.uncommitted(branch)?.is_empty() && !allow_empty {
            self.branch_mut(branch)?.sealed = true;
            return Err(ErrorKind::NoChanges);
        }
        let tree = self.view(&Ref::Branch(branch))?;
        self.append(branch, message, vec![head], Some(tree))
    }

    /// Adds a commit and moves a branch without uncommitted changes to it.
    fn append(
        &mut self,
        branch: &str,
        message: &str,
        parents: Vec<usize>,
        tree: Option<Tree>,
    ) -> Outcome<usize> {
        let generation = 1 + parents.iter().map(|parent| self.commits[*parent].generation).max().unwrap_or(0);
        let commit = self.commits.len();
        self.commits.push(Commit { message: message.to_owned(), parents, generation, tree });
        *self.branch_mut(branch)? = Branch { head: commit, staged: BTreeMap::new(), sealed: false };
        Ok(commit)
    }

    pub(crate) fn create_branch(&mut self, name: &'static str, source: &Ref) -> Outcome<()> {
        // A missing source wins over an existing branch.
        let head = self.resolve(source)?;
        if self.branches.contains_key(name) {
            return Err(ErrorKind::AlreadyExists);
        }
        self.branches.insert(name, Branch { head, staged: BTreeMap::new(), sealed: false });
        Ok(())
    }

    pub(crate) fn delete_branch(&mut self, name: &str) -> Outcome<()> {
        if name == "main" {
            return Err(ErrorKind::WriteProtected);
        }
        self.branches.remove(name).map(|_| ()).ok_or(ErrorKind::NotFound)
    }

    pub(crate) fn create_tag(&mut self, name: &'static str, source: &Ref) -> Outcome<usize> {
        let commit = self.resolve(source)?;
        if self.tags.contains_key(name) {
            return Err(ErrorKind::AlreadyExists);
        }
        self.tags.insert(name, commit);
        Ok(commit)
    }

    pub(crate) fn delete_tag(&mut self, name: &str) -> Outcome<()> {
        self.tags.remove(name).map(|_| ()).ok_or(ErrorKind::NotFound)
    }

    pub(crate) fn merge(
        &mut self,
        source: &Ref,
        branch: &'static str,
        message: &str,
        options: MergeOptions,
    ) -> Outcome<usize> {
        let head = self.branch(branch)?.head;
        if self.is_dirty(branch) {
            return Err(ErrorKind::UncommittedChanges);
        }
        let source = self.resolve(source)?;
        let [base, ours, theirs] =
            [self.merge_base(source, head), head, source].map(|commit| self.commits[commit].tree.clone());
        let tree = if base == theirs {
            if !options.allow_empty {
                return Err(ErrorKind::NoChanges);
            }
            ours
        } else {
            three_way(base, ours, theirs, options.strategy)?
        };
        let commit = self.append(branch, message, vec![head, source], tree)?;
        if options.squash {
            // The generation counts the source.
            self.commits[commit].parents.pop();
        }
        Ok(commit)
    }

    /// Undoes the changes of a commit against one of its parents, whose number counts from 1; 0 is its only parent.
    pub(crate) fn revert(
        &mut self,
        commit: &Ref,
        parent: usize,
        branch: &'static str,
        message: &str,
    ) -> Outcome<usize> {
        let commit = &self.commits[self.resolve(commit)?];
        if parent == 0 && commit.parents.len() > 1 {
            return Err(ErrorKind::InvalidRequest);
        }
        let base = commit.tree.clone();
        let theirs = match commit.parents.get(parent.saturating_sub(1)) {
            Some(parent) => self.commits[*parent].tree.clone(),
            // The first commit counts as a change of nothing.
            None if parent == 0 => None,
            None => return Err(ErrorKind::InvalidRequest),
        };
        let head = self.branch(branch)?.head;
        if self.is_dirty(branch) {
            return Err(ErrorKind::UncommittedChanges);
        }
        let ours = self.commits[head].tree.clone();
        if base == theirs {
            return Err(ErrorKind::NoChanges);
        }
        let tree = three_way(base, ours.clone(), theirs, None)?;
        if tree == ours {
            return Err(ErrorKind::NoChanges);
        }
        self.append(branch, message, vec![head], tree)
    }

    /// Moves a branch without uncommitted changes.
    pub(crate) fn hard_reset(&mut self, branch: &str, target: &Ref) -> Outcome<()> {
        let head = self.resolve(target)?;
        self.branch_mut(branch)?.head = head;
        Ok(())
    }

    /// Returns the commits from which both commits descend, or which they are, nearest first: the one that a walk from both
    /// commits reaches first, which takes the commit of the highest generation next, and the newest of several.
    pub(crate) fn merge_base(&self, left: usize, right: usize) -> usize {
        if left == right {
            return left;
        }
        let mut reached = BTreeMap::from([(left, [true, false]), (right, [false, true])]);
        let mut waiting = vec![left, right];
        loop {
            waiting.sort_by_key(|commit| (self.commits[*commit].generation, *commit));
            let Some(commit) = waiting.pop() else { return 0 };
            let from = reached[&commit];
            for parent in &self.commits[commit].parents {
                if !reached.contains_key(parent) {
                    waiting.push(*parent);
                }
                let sides = reached.entry(*parent).or_default();
                *sides = [sides[0] || from[0], sides[1] || from[1]];
                if *sides == [true, true] {
                    return *parent;
                }
            }
        }
    }

    /// Returns the differences of two refs: of their ends, or what the right side changed since the merge base.
    pub(crate) fn diff(&self, left: &Ref, right: &Ref, two_dot: bool) -> Outcome<Vec<Change>> {
        let (left, right) = (self.resolve(left)?, self.resolve(right)?);
        let [ours, theirs] = [left, right].map(|commit| self.commits[commit].tree());
        if two_dot {
            return Ok(changes(&ours, &theirs));
        }
        let base = self.commits[self.merge_base(left, right)].tree();
        let content = |tree: &Tree, path: &str| tree.get(path).map(|object| object.content.clone());
        let mut result = changes(&base, &theirs);
        result.retain(|(path, _)| content(&ours, path) != content(&theirs, path));
        for (path, kind) in &mut result {
            if content(&ours, path) != content(&base, path) {
                *kind = "conflict";
            }
        }
        Ok(result)
    }

    /// Returns the commits that a ref descends from, and itself, the newest first.
    pub(crate) fn log(&self, reference: &Ref, first_parent: bool) -> Outcome<Vec<usize>> {
        let mut waiting = std::collections::BTreeSet::from([self.resolve(reference)?]);
        let mut log = Vec::new();
        while let Some(commit) = waiting.pop_last() {
            log.push(commit);
            let parents = &self.commits[commit].parents;
            waiting.extend(parents.iter().take(if first_parent { 1 } else { parents.len() }));
        }
        Ok(log)
    }

    /// Returns true if a commit with one parent changes the object at `path`.
    pub(crate) fn touches(&self, commit: usize, path: &str) -> bool {
        match self.commits[commit].parents[..] {
            [parent] => changes(&self.commits[parent].tree(), &self.commits[commit].tree())
                .iter()
                .any(|(changed, _)| changed == path),
            _ => false,
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct MergeOptions {
    pub(crate) strategy: Option<MergeStrategy>,
    pub(crate) squash: bool,
    pub(crate) allow_empty: bool,
}

/// Returns what differs in content between two trees, in the order of the paths.
fn changes(old: &Tree, new: &Tree) -> Vec<Change> {
    let paths: std::collections::BTreeSet<_> = old.keys().chain(new.keys()).collect();
    let change = |path: &String| {
        let kind = match (old.get(path), new.get(path)) {
            (None, _) => "added",
            (_, None) => "removed",
            (Some(old), Some(new)) if old.content == new.content => return None,
            _ => "changed",
        };
        Some((path.clone(), kind))
    };
    paths.into_iter().filter_map(change).collect()
}

/// Applies the changes from `base` to `theirs` to `ours`. Where `ours` has other changes, the strategy decides.
fn three_way(
    base: Option<Tree>,
    ours: Option<Tree>,
    theirs: Option<Tree>,
    strategy: Option<MergeStrategy>,
) -> Outcome<Option<Tree>> {
    // Sides that did not change are recognised as a whole.
    if base == ours {
        return Ok(theirs);
    }
    let [base, mut ours, theirs] = [base, ours, theirs].map(Option::unwrap_or_default);
    for (path, _) in changes(&base, &theirs) {
        let content = |tree: &Tree| tree.get(&path).map(|object| object.content.clone());
        let (old, own, new) = (content(&base), content(&ours), content(&theirs));
        if own != old && own != new {
            match strategy {
                None => return Err(ErrorKind::MergeConflict),
                Some(MergeStrategy::DestinationWins) => continue,
                Some(_) => {}
            }
        }
        match theirs.get(&path) {
            Some(object) => ours.insert(path, object.clone()),
            None => ours.remove(&path),
        };
    }
    // Of two equal objects, the one of the source stays.
    for (path, object) in &mut ours {
        if let Some(equal) = theirs.get(path).filter(|other| other.content == object.content) {
            *object = equal.clone();
        }
    }
    Ok(Some(ours))
}
