//! The environment of the process, as far as the configuration depends on it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Where the configuration comes from. Tests implement it without the environment of their process.
pub(crate) trait Environment {
    /// Returns the value of an environment variable.
    fn variable(&self, name: &str) -> Option<OsString>;

    /// Returns the home directory of the user.
    fn home_dir(&self) -> Option<PathBuf>;

    /// Reads a file to its end.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
}

/// The environment of this process.
#[derive(Debug)]
pub(crate) struct ProcessEnvironment;

impl Environment for ProcessEnvironment {
    fn variable(&self, name: &str) -> Option<OsString> {
        env::var_os(name)
    }

    fn home_dir(&self) -> Option<PathBuf> {
        // With an empty path, the configuration would be read from the working directory.
        env::home_dir().filter(|home| !home.as_os_str().is_empty())
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        fs::read(path)
    }
}

#[cfg(test)]
pub(super) mod fake {
    use std::collections::HashMap;

    use super::*;

    /// An environment in memory. Its home directory is `/home`.
    #[derive(Default)]
    pub(crate) struct FakeEnvironment {
        pub(crate) variables: HashMap<String, OsString>,
        pub(crate) files: HashMap<PathBuf, Vec<u8>>,
        #[cfg_attr(not(feature = "config"), allow(dead_code, reason = "only the tests of the file set it"))]
        pub(crate) has_no_home: bool,
    }

    impl FakeEnvironment {
        pub(crate) fn new(variables: &[(&str, &str)]) -> Self {
            let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).into()));
            Self { variables: variables.collect(), ..Self::default() }
        }

        pub(crate) fn file(mut self, path: &str, content: impl AsRef<[u8]>) -> Self {
            self.files.insert(path.into(), content.as_ref().to_vec());
            self
        }
    }

    impl Environment for FakeEnvironment {
        fn variable(&self, name: &str) -> Option<OsString> {
            self.variables.get(name).cloned()
        }

        fn home_dir(&self) -> Option<PathBuf> {
            (!self.has_no_home).then(|| "/home".into())
        }

        fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
            let is_directory = self.files.keys().any(|file| file != path && file.starts_with(path));
            match self.files.get(path) {
                Some(content) => Ok(content.clone()),
                None if is_directory => Err(io::ErrorKind::IsADirectory.into()),
                None => Err(io::ErrorKind::NotFound.into()),
            }
        }
    }
}
