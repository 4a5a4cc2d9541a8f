//! The virtual environment with moto, made once in the user's cache and shared by all sandboxes.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::error::SandboxError;
use super::files::{REQUIREMENTS, fingerprint};
use super::python::{self, Python};

/// Makes the environment if need be, and returns its interpreter.
///
/// `progress` is told what takes long. A lock on a file keeps two processes from doing it at once;
/// an environment that was left half made is made again.
pub(super) fn prepare(cache: &Path, progress: &mut dyn FnMut(&str)) -> Result<PathBuf, SandboxError> {
    fs::create_dir_all(cache).map_err(SandboxError::io(cache))?;
    let lock_path = cache.join("venv.lock");
    let lock = File::create(&lock_path).map_err(SandboxError::io(&lock_path))?;
    let python = python::find()?;
    let folder = cache.join(name(&python));
    let complete = folder.join("complete");
    let interpreter = folder.join("bin").join("python");
    if !complete.exists() {
        lock.lock().map_err(SandboxError::io(&lock_path))?;
    }
    if !complete.exists() {
        make(&python, &folder, &interpreter, progress)?;
        fs::write(&complete, "").map_err(SandboxError::io(&complete))?;
    }
    Ok(interpreter)
}

/// The folder's name: it changes with Python's version and the pinned packages.
fn name(python: &Python) -> String {
    let (major, minor) = python.version;
    format!("venv-{}", fingerprint([REQUIREMENTS, &format!("{major}.{minor}")]))
}

fn make(
    python: &Python,
    folder: &Path,
    interpreter: &Path,
    progress: &mut dyn FnMut(&str),
) -> Result<(), SandboxError> {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(SandboxError::io(folder))?;
    }
    progress("making a virtual environment for the sandbox (once)");
    run("python -m venv", Command::new(&python.command).args(["-m", "venv"]).arg(folder))?;
    let list = folder.join("requirements.txt");
    fs::write(&list, REQUIREMENTS).map_err(SandboxError::io(&list))?;
    progress("installing moto and its dependencies into it (once, about 40 MB)");
    let pip = ["-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--quiet", "--requirement"];
    run("pip install", Command::new(interpreter).args(pip).arg(&list))
}

fn run(step: &str, command: &mut Command) -> Result<(), SandboxError> {
    let output = command.output().map_err(SandboxError::io(command.get_program()))?;
    if output.status.success() {
        return Ok(());
    }
    let text = [output.stdout, output.stderr].concat();
    Err(SandboxError::Install { step: step.to_owned(), output: last_lines(&String::from_utf8_lossy(&text)) })
}

/// The end of a program's output, which has the reason.
pub(super) fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.trim().lines().collect();
    lines[lines.len().saturating_sub(8)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_an_output_is_kept() {
        let text: String = (0..20).map(|n| format!("line {n}\n")).collect();
        assert!(last_lines(&text).starts_with("line 12\n"));
        assert!(last_lines(&text).ends_with("line 19"));
        assert_eq!(last_lines(""), "");
    }
}
