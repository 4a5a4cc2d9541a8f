//! Finds a Python that can make virtual environments.

use std::process::Command;

use super::error::SandboxError;

/// The oldest version that every pinned package supports (D, PyPI metadata).
const OLDEST: (u32, u32) = (3, 10);
/// Prints `3 11 venv-or-missing-module`.
const PROBE: &str = "import sys, importlib.util as u
print(*sys.version_info[:2], next((m for m in ('venv', 'ensurepip') if u.find_spec(m) is None), '-'))";

/// A usable interpreter: the command and its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Python {
    pub(super) command: String,
    pub(super) version: (u32, u32),
}

/// The interpreter named in `MIGRATE_SANDBOX_PYTHON`, else `python3`, else `python`.
pub(super) fn find() -> Result<Python, SandboxError> {
    let named = std::env::var("MIGRATE_SANDBOX_PYTHON").ok().filter(|name| !name.is_empty());
    let commands = named.map_or_else(|| vec!["python3".into(), "python".into()], |name| vec![name]);
    choose(&commands)
}

/// The first of `commands` that will do; else the reason why the first that exists won't.
fn choose(commands: &[String]) -> Result<Python, SandboxError> {
    let mut reason = None;
    for command in commands {
        let output = Command::new(command).args(["-I", "-c", PROBE]).output();
        let Some(text) = output.ok().and_then(|output| String::from_utf8(output.stdout).ok()) else { continue };
        match judge(command, &text) {
            Some(Ok(python)) => return Ok(python),
            Some(Err(error)) => reason = reason.or(Some(error)),
            None => {}
        }
    }
    Err(reason.unwrap_or_else(|| SandboxError::PythonMissing { tried: commands.join(", ") }))
}

/// What the probe's answer means; `None` when it isn't one (a Python 2, another program).
fn judge(command: &str, answer: &str) -> Option<Result<Python, SandboxError>> {
    let mut words = answer.split_whitespace();
    let version = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let missing = words.next()?;
    let command = command.to_owned();
    Some(if version < OLDEST {
        Err(SandboxError::PythonTooOld {
            command,
            found: format!("{}.{}", version.0, version.1),
            wanted: format!("{}.{}", OLDEST.0, OLDEST.1),
        })
    } else if missing == "-" {
        Ok(Python { command, version })
    } else {
        Err(SandboxError::VenvMissing { command, module: missing.to_owned() })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_judged() {
        assert!(matches!(judge("p", "3 11 -"), Some(Ok(Python { version: (3, 11), .. }))));
        assert!(matches!(judge("p", "3 9 -"), Some(Err(SandboxError::PythonTooOld { .. }))));
        assert!(matches!(judge("p", "3 12 ensurepip"), Some(Err(SandboxError::VenvMissing { .. }))));
        assert!(judge("p", "Python 2.7").is_none());
    }

    #[test]
    fn a_missing_python_says_how_to_get_one() {
        let error = choose(&["/nonexistent/python3".to_owned()]).expect_err("there is none");
        assert!(matches!(error, SandboxError::PythonMissing { .. }));
        assert!(error.hint().is_some_and(|hint| hint.contains("apt install")));
    }
}
