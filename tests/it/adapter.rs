//! The sandbox's own tests, in Python: each asks a really started adapter with boto3.

use super::harness::{Ran, World, root};
use std::process::Command;

#[test]
fn behaves_like_aws() {
    let world = World::new();
    world.run_with(&["sandbox", "start"], &[]).expect(0); // makes the virtual environment
    let python = world.status()["python"].as_str().unwrap().to_owned();
    let mut command = Command::new(python);
    command
        .args(["-m", "unittest", "discover", "--start-directory", "tests/sandbox", "--top-level-directory", "."])
        .current_dir(root())
        .env("PYTHONDONTWRITEBYTECODE", "1");
    let ran = Ran::of(&mut command).expect(0);
    assert!(ran.err.contains("\nOK"), "{}", ran.err);
}
