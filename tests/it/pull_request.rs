//! What a pull request's comment says of cities: `.github/plan.sh`, in a repository of its own.

use super::harness::{Ran, World, root};
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// A repository whose branch `main` has Malmö's and Drammen's files.
struct Repository(TempDir);

impl Repository {
    fn new() -> Self {
        let repository = Self(TempDir::new().unwrap());
        std::fs::create_dir(repository.path().join("cities")).unwrap();
        for city in ["malmo", "drammen"] {
            let file = format!("cities/{city}.yaml");
            std::fs::copy(root().join(&file), repository.path().join(&file)).unwrap();
        }
        repository.git(&["init", "--quiet", "--initial-branch", "main"]);
        repository.commit();
        repository.git(&["checkout", "--quiet", "-b", "change"]);
        repository
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn git(&self, args: &[&str]) {
        let identity = ["-c", "user.name=anna", "-c", "user.email=anna@example.org"];
        Ran::of(Command::new("git").args(identity).args(args).current_dir(self.path())).expect(0);
    }

    fn commit(&self) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", "a change"]);
    }

    /// The script's exit code and the comment; `None` if there is none.
    fn comment(&self, world: &World, credentials: bool) -> (Option<i32>, Option<String>) {
        let mut script = world.command(&[]);
        let binary = script.get_program().to_owned();
        script = {
            let mut bash = Command::new("bash");
            bash.arg(root().join(".github/plan.sh")).arg("main").current_dir(self.path());
            let set = script.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())));
            bash.envs(set).env_remove("MIGRATE_CITIES").env("MIGRATE", binary);
            bash
        };
        if credentials {
            script.envs(world.exports()).env("CREDENTIALS", "true");
        }
        let file = self.path().join("comment.md");
        let _ = std::fs::remove_file(&file);
        let ran = Ran::of(&mut script);
        (ran.code, std::fs::read_to_string(file).ok())
    }
}

#[test]
fn a_file_that_is_taken_from_a_city_that_stands_fails() {
    let (world, repository) = (World::new(), Repository::new());
    world.run(&["apply", "malmo", "--yes", "--until", "vpc"]).expect(0);
    world.run(&["plan", "drammen"]).expect(0); // gives the sandbox its legacy side
    assert_eq!(repository.comment(&world, true), (Some(0), None), "no city is touched");

    std::fs::remove_file(repository.path().join("cities/malmo.yaml")).unwrap();
    repository.commit();
    let (code, comment) = repository.comment(&world, true);
    let comment = comment.unwrap();
    assert_eq!(code, Some(1), "{comment}");
    for part in ["### malmo stands", "migrate destroy malmo", "git checkout main -- cities/malmo.yaml"] {
        assert!(comment.contains(part), "no `{part}` in {comment}");
    }
    let (code, blind) = repository.comment(&world, false);
    assert_eq!(code, Some(1));
    assert!(blind.unwrap().contains("whether the city stands can't be seen"));

    world.run(&["destroy", "malmo", "--yes"]).expect(0);
    let (code, comment) = repository.comment(&world, true);
    assert_eq!(code, Some(0), "{comment:?}");
    assert!(comment.unwrap().contains("nothing of the city stands"));
}

#[test]
fn a_renamed_file_is_one_taken_away_and_a_new_one() {
    let (world, repository) = (World::new(), Repository::new());
    world.run(&["apply", "malmo", "--yes", "--until", "vpc"]).expect(0);
    repository.git(&["mv", "cities/malmo.yaml", "cities/lund.yaml"]);
    repository.commit();
    let (code, comment) = repository.comment(&world, true);
    let comment = comment.unwrap();
    assert_eq!(code, Some(1), "{comment}");
    assert!(comment.contains("### malmo stands") && comment.contains("renamed"), "{comment}");
    assert!(comment.contains("lund"), "the new file is planned: {comment}");
}

#[test]
fn a_changed_file_is_planned() {
    let (world, repository) = (World::new(), Repository::new());
    let file = repository.path().join("cities/drammen.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("backup_days: 7", "backup_days: 9")).unwrap();
    repository.commit();
    let (code, comment) = repository.comment(&world, false);
    let comment = comment.unwrap();
    assert_eq!(code, Some(0), "{comment}");
    assert!(comment.starts_with("<!-- migrate plan -->\n_Without AWS credentials"), "{comment}");
    assert!(comment.contains("**drammen** (eu-north-1): Plan: ") && !comment.contains("malmo"), "{comment}");

    std::fs::write(&file, text.replace("backup_days: 7", "backup_days: many")).unwrap();
    repository.commit();
    let (code, comment) = repository.comment(&world, false);
    assert_eq!(code, Some(1));
    assert!(comment.unwrap().contains("database.backup_days"), "what is wrong is in the comment");
}
