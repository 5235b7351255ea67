//! Generates `lakefs::api` from the contract in `openapi/`.

#[path = "build/mod.rs"]
mod codegen;
#[path = "build/source.rs"]
mod source;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs, io};

fn main() -> ExitCode {
    for input in ["build.rs", "build", "openapi/lakefs.json", "openapi/docs.toml"] {
        println!("cargo::rerun-if-changed={input}");
    }
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("cargo::error={error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), codegen::Error> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let contract = read(&root.join("openapi/lakefs.json"))?;
    let docs = read(&root.join("openapi/docs.toml"))?;
    let codegen::Generated { file, mismatches } = codegen::generate(&contract, &docs)?;
    if let Some(first) = mismatches.unused.first() {
        return Err(codegen::Error::new(format!(
            "openapi/docs.toml documents {first}, which is not generated"
        )));
    }
    for item in mismatches.undocumented {
        println!("cargo::warning=openapi/docs.toml does not document {item}");
    }
    let target = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("api.rs");
    fs::write(&target, source::text(&file)).map_err(|error| file_error(&target, &error))
}

fn read(path: &Path) -> Result<String, codegen::Error> {
    fs::read_to_string(path).map_err(|error| file_error(path, &error))
}

fn file_error(path: &Path, error: &io::Error) -> codegen::Error {
    codegen::Error::new(format!("{}: {error}", path.display()))
}
