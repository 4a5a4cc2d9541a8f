//! A run of the command to which something happens at a step: it is killed, a line is cut, a server dies.

use crate::harness::World;
use serde_json::json;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How a run went to which something happened.
pub struct Accident {
    /// The step that the run had begun last when it ended.
    pub landed: Option<String>,
    /// When it happened; `None`: the step never came.
    pub at: Option<Instant>,
    pub code: Option<i32>,
    pub said: String,
}

/// Runs the command; `act` is called with its process id so long after it has begun the step. If it survives that, it is killed as it begins the
/// step `last`.
pub fn happens(
    mut command: Command,
    step: &str,
    after: Duration,
    last: Option<&str>,
    act: impl FnOnce(u32),
) -> Accident {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut accident = Accident { landed: None, at: None, code: None, said: String::new() };
    let mut act = Some(act);
    for line in BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok) {
        if let Some(begun) = begun(&line) {
            accident.landed = Some(begun.to_owned());
            if begun == step
                && let Some(act) = act.take()
            {
                pause(after);
                act(child.id());
                accident.at = Some(Instant::now());
            } else if last == Some(begun) && accident.at.is_some() {
                kill(child.id());
            }
        }
        accident.said.push_str(&(line + "\n"));
    }
    accident.code = child.wait().unwrap().code();
    accident
}

/// The step that a line tells the begin of: `  12.3 s + cutover/data  freeze writes …`
fn begun(line: &str) -> Option<&str> {
    let (_, step) = line.strip_suffix(" …")?.split_once("/data")?;
    step.split_once("  ").map(|(_, step)| step)
}

#[expect(clippy::disallowed_methods, reason = "the thread reads lines and has nothing else to do")]
fn pause(length: Duration) {
    std::thread::sleep(length);
}

/// SIGKILL.
pub fn kill(pid: u32) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
}

/// A server crashes and recovers: of PostgreSQL one of its processes is killed, which it takes for damaged memory; the sandbox kills
/// MariaDB's only one and starts it again.
pub fn crash(world: &World, city: &str, role: &str) {
    let status = world.ask("status");
    let servers = status["databases"]["servers"].as_array().unwrap();
    let server = servers.iter().find(|server| server["city"] == city && server["role"] == role).unwrap();
    if server["engine"] == "mysql" {
        return world.control("crash", &json!({ "city": city, "role": role }));
    }
    let log = std::path::Path::new(server["log"].as_str().unwrap());
    let pidfile = std::fs::read_to_string(log.with_file_name("data").join("postmaster.pid")).unwrap();
    let parent = pidfile.lines().next().unwrap().to_owned();
    let children = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap();
    let writer = |pid: &&str| {
        std::fs::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.contains("background writer"))
    };
    kill(children.split_whitespace().find(writer).unwrap().parse().unwrap());
}

#[test]
fn steps_are_read_from_progress_lines() {
    assert_eq!(begun("  71.8 s + cutover/data  freeze writes …"), Some("freeze writes"));
    assert_eq!(begun("   9.1 s + rds/data-complete  build indexes …"), Some("build indexes"));
    assert_eq!(begun("  72.6 s + cutover/data  freeze writes: 424 ms"), None);
}
