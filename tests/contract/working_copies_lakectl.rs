//! Working copies that `lakectl local` and this crate use in turn.
//!
//! The tests need the path of a lakectl in the variable `LAKECTL`, so they are ignored by default:
//!
//! ```text
//! LAKECTL=/usr/local/bin/lakectl cargo test --test contract working_copies_lakectl -- --ignored
//! ```

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Instant;

use lakefs::{Branch, ErrorKind, PullConflicts, Uri, WorkingCopy};
use tempfile::TempDir;

use crate::support::{Fixture, commit_objects, files, object_paths, read_text, upload_objects, write_files};

const INDEX: &str = ".lakefs_ref.yaml";

struct Lab {
    fixture: Fixture,
    main: Branch,
    home: TempDir,
    directory: TempDir,
    copy: WorkingCopy,
}

impl Lab {
    async fn new(test: &str) -> Self {
        let fixture = Fixture::new().await;
        let main = fixture.main(test).await;
        let objects = [("data/a", "1"), ("data/b/c", "2"), ("data/d e", "3"), ("other", "4")];
        commit_objects(&main, "first", &objects).await;
        let (home, directory) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let copy = fixture.client.working_copy(directory.path());
        let copy = copy.with_cache_dir(home.path().join("cache"));
        Self { fixture, main, home, directory, copy }
    }

    fn root(&self) -> &Path {
        self.directory.path()
    }

    fn uri(&self) -> Uri {
        Uri::new(self.main.repository().name(), "main", "data/").unwrap()
    }

    /// Runs `lakectl local` for the directory.
    async fn lakectl(&self, command: &str, arguments: &[&str]) -> Output {
        let program = std::env::var_os("LAKECTL").expect("LAKECTL is the path of a lakectl");
        let [id, secret] = self.fixture.access_key();
        let endpoint = self.fixture.endpoint().trim_end_matches("/api/v1").to_owned();
        let mut process = Command::new(program);
        process.args(["local", command]).args(arguments).arg(self.root());
        process
            .env_clear()
            .env("HOME", self.home.path())
            .env("PATH", "/usr/bin:/bin")
            .env("LAKECTL_SERVER_ENDPOINT_URL", endpoint)
            .env("LAKECTL_CREDENTIALS_ACCESS_KEY_ID", id)
            .env("LAKECTL_CREDENTIALS_SECRET_ACCESS_KEY", secret);
        tokio::task::spawn_blocking(move || process.output().unwrap()).await.unwrap()
    }

    /// Runs `lakectl local`, which must succeed, and returns what it prints.
    async fn run(&self, command: &str, arguments: &[&str]) -> String {
        let output = self.lakectl(command, arguments).await;
        let text = printed(&output);
        assert!(output.status.success(), "lakectl local {command}: {text}");
        text
    }

    /// Returns the changes that `lakectl local status` prints: source, change and path.
    async fn status_of_lakectl(&self) -> Vec<String> {
        let text = self.run("status", &[]).await;
        let rows = text.lines().filter(|line| line.contains('║') && !line.contains("SOURCE"));
        rows.map(|row| {
            let cells: Vec<_> =
                row.split(['║', '│']).map(str::trim).filter(|cell| !cell.is_empty()).collect();
            cells.join(" ")
        })
        .collect()
    }

    /// Returns the changes of the status: source, change and path.
    async fn status(&self) -> Vec<String> {
        let status = self.copy.status().await.unwrap();
        let mut rows = BTreeMap::new();
        for (source, changes) in [("local", &status.local), ("remote", &status.remote)] {
            for change in changes {
                let kind = format!("{:?}", change.kind).to_lowercase().replace("changed", "modified");
                let kind = if status.conflicts.contains(&change.path) { "conflict".to_owned() } else { kind };
                rows.entry(change.path.clone()).or_insert(format!("{source} {kind} {}", change.path));
            }
        }
        rows.into_values().collect()
    }

    async fn assert_same_status(&self, expected: &[&str]) {
        assert_eq!(self.status_of_lakectl().await, expected, "lakectl");
        assert_eq!(self.status().await, expected);
    }

    fn write(&self, files: &[(&str, &str)]) {
        write_files(self.root(), files);
    }

    fn files(&self) -> String {
        let mut files = files(self.root());
        assert!(files.remove(INDEX).is_some());
        let files: Vec<_> = files.into_iter().map(|(name, content)| format!("{name}={content}")).collect();
        files.join(" ")
    }

    async fn assert_base_is_head(&self) {
        let head = self.main.get().await.unwrap().commit_id;
        assert_eq!(self.copy.get().await.unwrap().base, head);
        let index = fs::read_to_string(self.root().join(INDEX)).unwrap();
        assert!(index.contains(&head), "{index}");
    }
}

fn printed(output: &Output) -> String {
    let text = [&*output.stdout, &*output.stderr].concat();
    String::from_utf8_lossy(&text).into_owned()
}

#[ignore = "needs a lakectl in LAKECTL"]
#[tokio::test]
async fn lakectl_01_directory_of_this_crate_is_used_by_lakectl() {
    let lab = Lab::new("lakectl_01").await;
    lab.copy.clone_from(&lab.uri()).await.unwrap();
    lab.assert_same_status(&[]).await;

    lab.write(&[("a", "changed"), ("new/f", "5")]);
    fs::remove_file(lab.root().join("d e")).unwrap();
    let changes = ["local modified a", "local removed d e", "local added new/f"];
    lab.assert_same_status(&changes).await;
    lab.run("commit", &["-m", "by lakectl"]).await;
    lab.assert_base_is_head().await;
    lab.assert_same_status(&[]).await;
    assert_eq!(read_text(&lab.main.object("data/a")).await, "changed");
    assert_eq!(object_paths(lab.main.objects()).await, ["data/a", "data/b/c", "data/new/f", "other"]);

    commit_objects(&lab.main, "remote", &[("data/a", "remote"), ("data/g", "6")]).await;
    lab.assert_same_status(&["remote modified a", "remote added g"]).await;
    lab.copy.pull().await.unwrap();
    lab.assert_base_is_head().await;
    lab.assert_same_status(&[]).await;

    lab.write(&[("a", "again")]);
    lab.copy.commit("by this crate").await.unwrap();
    lab.assert_base_is_head().await;
    lab.assert_same_status(&[]).await;

    lab.main.delete_objects(["data/g"]).await.unwrap();
    commit_objects(&lab.main, "remote", &[("data/b/c", "remote")]).await;
    lab.run("pull", &[]).await;
    lab.assert_base_is_head().await;
    lab.assert_same_status(&[]).await;
    assert_eq!(lab.files(), "a=again b/c=remote new/f=5");
}

#[ignore = "needs a lakectl in LAKECTL"]
#[tokio::test]
async fn lakectl_02_directory_of_lakectl_is_used_by_this_crate() {
    let lab = Lab::new("lakectl_02").await;
    let uri = lab.uri().to_string();
    lab.run("clone", &[&uri]).await;
    lab.assert_same_status(&[]).await;
    assert_eq!(lab.files(), "a=1 b/c=2 d e=3");

    lab.write(&[("a", "changed"), ("new", "5")]);
    lab.assert_same_status(&["local modified a", "local added new"]).await;
    lab.copy.commit("by this crate").await.unwrap();
    lab.assert_base_is_head().await;
    lab.assert_same_status(&[]).await;

    // A conflict in both.
    commit_objects(&lab.main, "remote", &[("data/a", "remote"), ("data/b/c", "remote")]).await;
    lab.write(&[("a", "local")]);
    lab.assert_same_status(&["local conflict a", "remote modified b/c"]).await;
    let refused = lab.lakectl("commit", &["-m", "by lakectl"]).await;
    assert!(!refused.status.success() && printed(&refused).contains("Conflicts found"), "{refused:?}");
    let refused = lab.lakectl("pull", &[]).await;
    assert!(!refused.status.success(), "{refused:?}");
    for error in [lab.copy.pull().await.unwrap_err(), lab.copy.commit("x").await.unwrap_err()] {
        assert_eq!((error.kind(), &*error.conflicts()[0].path), (ErrorKind::MergeConflict, "data/a"));
    }
    assert_eq!(lab.files(), "a=local b/c=2 d e=3 new=5");
    lab.copy.pull().conflicts(PullConflicts::KeepLocal).await.unwrap();
    lab.assert_same_status(&["local modified a"]).await;
    lab.run("commit", &["-m", "by lakectl"]).await;
    assert_eq!(read_text(&lab.main.object("data/a")).await, "local");
    lab.assert_base_is_head().await;
    lab.assert_same_status(&[]).await;

    // Both restore the files of the base, and move to another ref.
    let base = lab.copy.get().await.unwrap().base;
    lab.write(&[("a", "x"), ("z", "x")]);
    lab.run("checkout", &["--yes"]).await;
    lab.assert_same_status(&[]).await;
    lab.copy.checkout("main~1").await.unwrap();
    lab.assert_same_status(&[]).await;
    assert_eq!(lab.files(), "a=remote b/c=remote d e=3 new=5");
    let repository = lab.main.repository();
    let ref_uri = Uri::new(repository.name(), "main", None).unwrap().to_string();
    lab.run("checkout", &["--yes", "--ref", &ref_uri]).await;
    assert_eq!(lab.copy.get().await.unwrap().base, base);
    lab.assert_same_status(&[]).await;
    assert_eq!(lab.files(), "a=local b/c=remote d e=3 new=5");
}

#[ignore = "needs a lakectl in LAKECTL"]
#[tokio::test]
async fn lakectl_03_interrupted_operations_are_recognized_by_both() {
    let lab = Lab::new("lakectl_03").await;
    lab.copy.clone_from(&lab.uri()).await.unwrap();
    let clean = fs::read_to_string(lab.root().join(INDEX)).unwrap();
    let base = lab.copy.get().await.unwrap().base;
    upload_objects(&lab.main, &[("data/a", "second"), ("data/b/c", "second")]).await;
    let second = lab.main.commit("second").await.unwrap();
    let interrupt = |at_head: &str, operation: &str, update: &str| {
        let text = clean.replace(&base, at_head);
        let text = text.replace("active_operation: ''", &format!("active_operation: {operation}"));
        fs::write(lab.root().join(INDEX), text + update).unwrap();
    };

    // A pull of this crate stopped after one file: lakectl refuses, and completes it with `--force`.
    lab.write(&[("a", "second")]);
    let update = format!("update:\n  from: {base}\n  to: {}\n", second.id);
    interrupt(&base, "pull", &update);
    let refused = lab.lakectl("status", &[]).await;
    assert!(printed(&refused).contains("pull operation was interrupted"), "{refused:?}");
    lab.run("pull", &["--force"]).await;
    lab.assert_base_is_head().await;
    lab.assert_same_status(&[]).await;

    // A checkout of this crate stopped after one file: lakectl completes it.
    lab.write(&[("b/c", "2")]);
    interrupt(&base, "checkout", &format!("update:\n  from: {}\n  to: {base}\n", second.id));
    lab.run("checkout", &["--yes"]).await;
    assert_eq!(lab.files(), "a=1 b/c=2 d e=3");

    // A pull that was interrupted in lakectl leaves the old base.
    lab.write(&[("a", "second")]);
    interrupt(&base, "pull", "");
    lab.copy.pull().await.unwrap();
    lab.assert_base_is_head().await;
    lab.assert_same_status(&[]).await;
    assert_eq!(lab.files(), "a=second b/c=second d e=3");
}

/// `LAKEFS_TEST_FILES` sets the number of files.
#[ignore = "needs a lakectl in LAKECTL"]
#[tokio::test]
async fn lakectl_04_status_takes_less_time_than_that_of_lakectl() {
    let count = std::env::var("LAKEFS_TEST_FILES").map_or(2000, |count| count.parse().unwrap());
    let lab = Lab::new("lakectl_04").await;
    lab.copy.create(&lab.uri()).await.unwrap();
    for number in 0..count {
        let path = lab.root().join(format!("{:03}/{number:06}", number % 100));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, number.to_string()).unwrap();
    }
    lab.copy.commit("many files").await.unwrap();
    let (mut own, mut lakectl) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        let start = Instant::now();
        assert!(lab.copy.status().await.unwrap().is_clean());
        own.push(start.elapsed());
        let start = Instant::now();
        assert_eq!(lab.status_of_lakectl().await, [""; 0]);
        lakectl.push(start.elapsed());
    }
    let start = Instant::now();
    let copy = lab.copy.clone().with_cache_dir(None);
    assert!(copy.status().await.unwrap().is_clean());
    let without_cache = start.elapsed();
    own.sort();
    lakectl.sort();
    println!("{count} files: {own:?}, without a cache {without_cache:?}, lakectl {lakectl:?}");
    assert!(own[2] < lakectl[2], "{own:?} {lakectl:?}");
}
