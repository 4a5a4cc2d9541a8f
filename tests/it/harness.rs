//! A sandbox of its own for each test, and the binary run in it.

use serde_json::Value;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How many times as fast as at AWS time passes in tests: a database of 15 minutes takes a second.
pub const SPEED: &str = "900";

/// Longer than any command takes on a machine that is busy with other things.
const LONG: Duration = Duration::from_secs(900);

/// A sandbox, a folder of city files, and the binary.
pub struct World {
    home: TempDir,
    cities: TempDir,
    /// Whether databases are real servers.
    databases: &'static str,
    /// Their size, where nobody but the test writes to them.
    megabytes: Option<u32>,
}

/// What a run of the binary came to.
pub struct Ran {
    /// The exit code; `None` after a signal.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Ran {
    /// Runs it to its end. What it says goes to files: nothing that it leaves running is waited for.
    pub fn of(command: &mut Command) -> Self {
        let (mut out, mut err) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
        let mut child = command.stdout(out.try_clone().unwrap()).stderr(err.try_clone().unwrap()).spawn().unwrap();
        let Some(status) = ended(&mut child, LONG) else {
            let _ = child.kill();
            panic!("{command:?} doesn't end:\n{}\n{}", said(&mut out), said(&mut err));
        };
        Self { code: status.code(), out: said(&mut out), err: said(&mut err) }
    }

    /// Fails unless the exit code is `code`.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "\n--- out\n{}\n--- err\n{}", self.out, self.err);
        self
    }

    /// Standard output as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap()
    }
}

/// How a child has ended; `None`: it goes on after `limit`.
pub fn ended(child: &mut Child, limit: Duration) -> Option<ExitStatus> {
    let begun = Instant::now();
    loop {
        let status = child.try_wait().unwrap();
        if status.is_some() || begun.elapsed() > limit {
            return status;
        }
        breathe();
    }
}

/// Before something is looked at again.
#[expect(clippy::disallowed_methods, reason = "there are no tasks here")]
pub fn breathe() {
    std::thread::sleep(Duration::from_millis(5));
}

fn said(file: &mut std::fs::File) -> String {
    let mut bytes = Vec::new();
    file.rewind().and_then(|()| file.read_to_end(&mut bytes)).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

impl World {
    /// With copies of the project's city files; the sandbox starts with the first command.
    pub fn new() -> Self {
        let world =
            Self { home: TempDir::new().unwrap(), cities: TempDir::new().unwrap(), databases: "off", megabytes: None };
        for entry in std::fs::read_dir(root().join("cities")).unwrap() {
            let path = entry.unwrap().path();
            let city = path.file_stem().unwrap().to_str().unwrap();
            std::fs::copy(&path, world.file(city)).unwrap();
            world.window(
                city,
                "{ days: [mon, tue, wed, thu, fri, sat, sun], start: \"00:00\", length: 24h, time_zone: Etc/UTC }",
            );
        }
        world
    }

    /// The same, with real database servers, and somebody who writes to them.
    pub fn with_databases() -> Self {
        let mut world = Self::new();
        world.databases = "on";
        world
    }

    /// The same, the legacy ones of about that size, and nobody writes to them but the test.
    pub fn with_databases_of(megabytes: u32) -> Self {
        let mut world = Self::with_databases();
        world.megabytes = Some(megabytes);
        world
    }

    /// The file of a city.
    pub fn file(&self, city: &str) -> PathBuf {
        self.cities.path().join(format!("{city}.yaml"))
    }

    /// Gives a city another window; without one it is open at any time.
    pub fn window(&self, city: &str, window: &str) {
        let text = std::fs::read_to_string(self.file(city)).unwrap();
        let line = text.lines().find(|line| line.starts_with("window:")).unwrap();
        std::fs::write(self.file(city), text.replacen(line, &format!("window: {window}"), 1)).unwrap();
    }

    /// Replaces text in a city's file; it must be there.
    #[track_caller]
    pub fn edit(&self, city: &str, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.file(city)).unwrap();
        assert!(text.contains(from), "no `{from}` in {city}.yaml");
        std::fs::write(self.file(city), text.replacen(from, to, 1)).unwrap();
    }

    /// The binary (`MIGRATE_TEST_BINARY`: another one, such as a release build) with these arguments, in this world, without any credentials of the machine.
    pub fn command(&self, args: &[&str]) -> Command {
        let other = std::env::var_os("MIGRATE_TEST_BINARY");
        let mut command = Command::new(other.unwrap_or_else(|| env!("CARGO_BIN_EXE_migrate").into()));
        command
            .args(args)
            .env("MIGRATE_CITIES", self.cities.path())
            .env("MIGRATE_SANDBOX_HOME", self.home.path())
            .env("MIGRATE_SANDBOX_SPEED", SPEED)
            .env("MIGRATE_SANDBOX_DATABASES", self.databases)
            .env("NO_COLOR", "1")
            .env("AWS_CONFIG_FILE", "/nonexistent")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
            .current_dir(self.cities.path())
            .stdin(Stdio::null());
        for name in ["AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL", "AWS_REGION"] {
            command.env_remove(name);
        }
        if let Some(megabytes) = self.megabytes {
            command.env("MIGRATE_SANDBOX_MEGABYTES", megabytes.to_string()).env("MIGRATE_SANDBOX_RIDES", "0");
        }
        command
    }

    /// Runs `migrate --sandbox ARGS`.
    pub fn run(&self, args: &[&str]) -> Ran {
        let args: Vec<&str> = ["--sandbox"].into_iter().chain(args.iter().copied()).collect();
        Ran::of(&mut self.command(&args))
    }

    /// Runs `migrate --sandbox ARGS`, again with the consents that it asks for.
    pub fn consenting(&self, args: &[&str]) -> Ran {
        let ran = self.run(args);
        let wants = ran.err.split("if that is what you want, add ").nth(1).filter(|_| ran.code == Some(1));
        let Some(flags) = wants.map(|rest| rest.lines().next().unwrap_or_default().to_owned()) else { return ran };
        self.run(&args.iter().copied().chain(flags.split_whitespace()).collect::<Vec<_>>())
    }

    /// Runs `migrate ARGS` without the sandbox flag, with these variables.
    pub fn run_with(&self, args: &[&str], env: &[(String, String)]) -> Ran {
        let mut command = self.command(args);
        command.envs(env.iter().map(|(name, value)| (name, value)));
        Ran::of(&mut command)
    }

    /// Starts `migrate --sandbox ARGS` and lets it run; `said` is what it says.
    pub fn spawn_quietly(&self, args: &[&str]) -> Child {
        let args: Vec<&str> = ["--sandbox"].into_iter().chain(args.iter().copied()).collect();
        let said = std::fs::File::create(self.home.path().join("said")).unwrap();
        self.command(&args).stdout(said.try_clone().unwrap()).stderr(said).spawn().unwrap()
    }

    /// What the last one that `spawn_quietly` started has said.
    pub fn said(&self) -> String {
        std::fs::read_to_string(self.home.path().join("said")).unwrap()
    }

    /// `migrate sandbox status --output json`.
    pub fn status(&self) -> Value {
        Ran::of(&mut self.command(&["sandbox", "status", "--output", "json"])).expect(0).json()
    }

    /// An address of the sandbox that is running.
    fn control_address(&self, path: &str) -> String {
        let file = std::fs::read(self.home.path().join("endpoint.json")).unwrap();
        let endpoint: Value = serde_json::from_slice(&file).unwrap();
        format!("{}/_sandbox/{path}", endpoint["endpoint"].as_str().unwrap())
    }

    /// The sandbox's control address: POSTs `body` to it.
    pub fn control(&self, path: &str, body: &Value) {
        ureq::post(self.control_address(path)).send_json(body).unwrap();
    }

    /// The sandbox's control address: GETs from it.
    pub fn ask(&self, path: &str) -> Value {
        ureq::get(self.control_address(path)).call().unwrap().body_mut().read_json().unwrap()
    }

    /// What somebody gets who asks for `https://HOST/PATH` now, for every answer that DNS may give.
    pub fn answers(&self, host: &str, path: &str) -> Vec<Value> {
        self.ask(&format!("reach?host={host}&path={path}"))["answers"].as_array().unwrap().clone()
    }

    /// Takes every fault out of the sandbox.
    pub fn forget_faults(&self) {
        ureq::delete(self.control_address("faults")).call().unwrap();
    }

    /// The variables that point other programs at the sandbox, and this one too: at the sandbox's pace.
    pub fn exports(&self) -> Vec<(String, String)> {
        let started = Ran::of(&mut self.command(&["sandbox", "start"])).expect(0);
        let lines = started.out.lines().filter_map(|line| line.strip_prefix("export ")?.split_once('='));
        let exported = lines.map(|(name, value)| (name.to_owned(), value.trim_matches(['"', '\'']).to_owned()));
        exported.chain([("MIGRATE_TIME_SCALE".to_owned(), SPEED.to_owned())]).collect()
    }

    /// Runs a Python script of `tests/it/` with boto3 against the sandbox, and reads its JSON.
    #[track_caller]
    pub fn python(&self, script: &str, args: &[&str]) -> Value {
        let python = self.status()["python"].as_str().unwrap().to_owned();
        let mut command = Command::new(python);
        command.arg(root().join("tests/it").join(script)).args(args).envs(self.exports());
        Ran::of(&mut command).expect(0).json()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // Not by `Ran`: who drops this may be panicking already.
        let _ = self.command(&["sandbox", "stop"]).output();
    }
}

/// The project's folder.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
