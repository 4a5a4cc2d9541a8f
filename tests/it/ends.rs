//! The ends of a move, with real databases: taken down, given up, finished; and that nobody is led to a side that can't serve.

use super::harness::{World, breathe};
use super::killed::kill_at;
use super::moved::{Led, all_there, all_there_in_mysql, led, led_to};
use serde_json::json;
use sqlx::{ConnectOptions, Connection, Executor};
use std::collections::BTreeSet;

/// What of a move is on a PostgreSQL server, counted without the program's own eyes.
const LEFT: &str = "SELECT (SELECT count(*) FROM pg_replication_slots) + (SELECT count(*) FROM pg_subscription)
    + (SELECT count(*) FROM pg_publication) + (SELECT count(*) FROM pg_namespace WHERE nspname = 'migrate')
    + (SELECT count(*) FROM pg_roles WHERE rolname ~ '^migrate') + (SELECT count(*) FROM pg_trigger WHERE tgname ~ 'gate')
    + (SELECT count(*) FROM pg_db_role_setting WHERE 'default_transaction_read_only=on' = ANY (setconfig))";

/// The same on MariaDB.
const LEFT_IN_MYSQL: &str = "SELECT (SELECT COUNT(*) FROM mysql.user WHERE user LIKE 'migrate\\_%')
    + (SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name LIKE 'migrate\\_%')
    + (SELECT COUNT(*) FROM information_schema.triggers WHERE trigger_name LIKE 'migrate\\_%')
    + (SELECT COUNT(*) FROM information_schema.processlist WHERE command LIKE 'Binlog Dump%' OR user = 'system user') + @@GLOBAL.read_only";

/// The server of today, as its administrator sees it, wherever the secret leads.
fn today(world: &World) -> Led {
    let status = world.status();
    let servers = status["databases"]["servers"].as_array().unwrap();
    let server = servers.iter().find(|server| server["role"] == "legacy").unwrap();
    let mut login = world.python("login.py", &[server["password_in"].as_str().unwrap()]);
    login["host"] = server["host"].clone();
    login["port"] = server["port"].clone();
    led(world, login)
}

fn number(login: &Led, sql: &'static str) -> i64 {
    let look = async {
        match login.login["engine"] == "mysql" {
            true => sqlx::query_scalar(sql).fetch_one(&mut login.mysql().connect().await.unwrap()).await.unwrap(),
            false => sqlx::query_scalar(sql).fetch_one(&mut login.postgres().connect().await.unwrap()).await.unwrap(),
        }
    };
    tokio::runtime::Runtime::new().unwrap().block_on(look)
}

/// Whether this login may write: to PostgreSQL.
fn writes(login: &Led) -> Result<(), String> {
    let work = async {
        let mut connection = login.postgres().connect().await.map_err(|error| error.to_string())?;
        let done = connection.execute("UPDATE stations SET name = name").await;
        connection.close().await.map_err(|error| error.to_string())?;
        done.map(drop).map_err(|error| error.to_string())
    };
    tokio::runtime::Runtime::new().unwrap().block_on(work)
}

/// `destroy` ends, nothing of the city is left, nor of the move on today's server, and saying it again does no harm.
fn taken_down(world: &World, city: &str) {
    let left = if city == "drammen" { LEFT_IN_MYSQL } else { LEFT };
    let destroy = ["destroy", city, "--yes", "--delete-database", city, "--accept-interruption", "10m"];
    world.run(&destroy).expect(0);
    assert_eq!(number(&today(world), left), 0);
    let there = world.python("inventory.py", &[city]);
    assert_eq!(there["count"], json!(0), "{there}");
    world.run(&destroy).expect(0);
}

/// Where users are led now.
fn users(world: &World) -> BTreeSet<String> {
    let answers = world.answers("www.malmobybike.example", "/");
    answers.iter().map(|answer| answer["leads_to"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_city_is_taken_down_after_its_move_and_after_a_rollback() {
    let world = World::with_databases();
    world.run(&["apply", "malmo", "--yes"]).expect(0);
    let new = all_there(&world);
    taken_down(&world, "malmo");
    let old = all_there(&world);
    assert_ne!(old, new, "today's database serves, with every row");
    world.run(&["apply", "malmo", "--yes"]).expect(0);
    world.run(&["rollback", "malmo", "--yes"]).expect(0);
    taken_down(&world, "malmo");
    assert_eq!(all_there(&world), old);
}

#[test]
fn a_move_that_was_cut_off_leaves_nothing_behind_and_can_be_taken_back() {
    let world = World::with_databases();
    world.run(&["plan", "malmo"]).expect(0); // starts the sandbox
    let old = all_there(&world);
    let mut child = world.spawn_quietly(&["apply", "malmo", "--yes"]);
    while !world.said().contains("copy users: ") {
        assert!(child.try_wait().unwrap().is_none(), "{}", world.said());
        breathe();
    }
    child.kill().unwrap(); // SIGKILL, before it is recorded that anything was made there
    child.wait().unwrap();
    world.run(&["state", "unlock", "malmo", "--force"]).expect(0);
    assert!(number(&today(&world), LEFT) > 0);
    taken_down(&world, "malmo");

    // Handed over, and not recorded: the secret is about to be pointed to the new side.
    let apply = ["apply", "malmo", "--yes"];
    kill_at(&world, &apply, ("secretsmanager", "UpdateSecretVersionStage", 2), "before");
    assert!(writes(&today(&world)).unwrap_err().contains("does not take writes"));
    assert!(world.run(&["abandon", "malmo", "--yes"]).expect(1).err.contains("is served by its new side"));
    world.run(&["rollback", "malmo", "--yes"]).expect(0);
    assert_eq!((writes(&today(&world)), all_there(&world)), (Ok(()), old));
    world.run(&["abandon", "malmo", "--yes"]).expect(0);
    assert_eq!(number(&today(&world), LEFT), 0);
}

#[test]
fn a_move_is_given_up_whatever_the_new_side_is_like() {
    let world = World::with_databases();
    world.run(&["apply", "malmo", "--yes"]).expect(0);
    let refused = world.run(&["abandon", "malmo", "--yes"]).expect(1);
    assert!(
        refused.err.contains("is served by its new side") && refused.err.contains("rollback malmo"),
        "{}",
        refused.err
    );
    let lost = "--new-side-is-lost=malmo";
    assert!(world.run(&["abandon", "malmo", "--yes", lost]).expect(1).err.contains("isn't lost"));
    world.run(&["rollback", "malmo", "--yes"]).expect(0);
    let refused = world.run(&["finish", "malmo", "--yes"]).expect(1);
    assert!(refused.err.contains("abandon malmo"), "{}", refused.err);

    let given_up = world.run(&["abandon", "malmo", "--yes", "--output", "json"]).expect(0).json();
    assert!(given_up["new_side"].is_null() && given_up["removed"].as_array().unwrap().len() > 4, "{given_up}");
    assert_eq!(number(&today(&world), LEFT), 0);
    let old = all_there(&world);
    let again = world.run(&["abandon", "malmo", "--yes", "--output", "json"]).expect(0).json();
    assert_eq!(again["removed"], json!([]));
    let plan = world.run(&["plan", "malmo"]).expect(0).out;
    assert!(plan.contains("+ rds/data  data:copy") && plan.contains("+ cutover/data  data:switch"), "{plan}");

    // It is copied anew and moves; then the new database is deleted behind everybody's back.
    world.run(&["apply", "malmo", "--yes"]).expect(0);
    assert_ne!(all_there(&world), old);
    world.python("ends.py", &["malmo", "no-rds"]);
    let refused = world.run(&["rollback", "malmo", "--yes"]).expect(1);
    assert!(refused.out.contains("the new database doesn't answer") && refused.out.contains(lost), "{}", refused.out);
    assert_eq!(users(&world), ["balancer".to_owned()].into(), "nothing was changed");
    assert!(world.run(&["abandon", "malmo", "--yes"]).expect(1).err.contains(lost));
    world.run(&["abandon", "malmo", "--yes", lost]).expect(0);
    assert_eq!(number(&today(&world), LEFT), 0);
    let led = led_to(&world);
    assert_eq!(led.address, old, "the service is led back");
    assert_eq!(writes(&led), Ok(()));
    world.run(&["rollback", "malmo", "--yes"]).expect(0);
    assert_eq!(users(&world), ["legacy".to_owned()].into(), "and so are the users");
    taken_down(&world, "malmo");
}

#[test]
fn a_move_of_mysql_is_given_up_ahead_of_it_and_after_a_rollback() {
    let world = World::with_databases();
    world.run(&["apply", "drammen", "--yes", "--until", "rds"]).expect(0);
    assert!(number(&today(&world), LEFT_IN_MYSQL) > 0);
    let given_up = world.run(&["abandon", "drammen", "--yes", "--output", "json"]).expect(0).json();
    assert!(given_up["new_side"].is_null(), "{given_up}");
    assert_eq!(number(&today(&world), LEFT_IN_MYSQL), 0);
    let old = all_there_in_mysql(&world);
    world.run(&["apply", "drammen", "--yes"]).expect(0);
    assert_ne!(all_there_in_mysql(&world), old);
    world.run(&["rollback", "drammen", "--yes"]).expect(0);
    world.control("stop-server", &json!({ "city": "drammen", "role": "rds" }));
    let given_up = world.run(&["abandon", "drammen", "--yes", "--output", "json"]).expect(0).json();
    assert!(given_up["new_side"].is_string(), "nobody answered there: {given_up}");
    assert_eq!(number(&today(&world), LEFT_IN_MYSQL), 0);
    assert_eq!(all_there_in_mysql(&world), old);
    taken_down(&world, "drammen");
}

#[test]
fn after_the_end_of_a_move_the_city_stands_without_todays_servers() {
    let world = World::with_databases();
    world.run(&["apply", "malmo", "--yes"]).expect(0);
    assert_ne!(world.python("ends.py", &["malmo", "leads"]), json!([]));
    world.run(&["finish", "malmo", "--yes"]).expect(0);
    assert_eq!(world.python("ends.py", &["malmo", "leads"]), json!([]), "nothing leads there");
    world.run(&["plan", "malmo", "--detailed-exitcode"]).expect(0);
    let new = all_there(&world);

    world.python("ends.py", &["malmo", "gone"]);
    world.control("stop-server", &json!({ "city": "malmo", "role": "legacy" }));
    let status = world.run(&["status", "malmo"]).expect(0).out;
    assert!(status.contains("the new database serves") && status.contains("no way back"), "{status}");
    world.run(&["finish", "malmo", "--yes"]).expect(0);
    world.run(&["plan", "malmo", "--detailed-exitcode"]).expect(0);
    world.edit("malmo", "ops@malmobybike.example", "night@malmobybike.example");
    world.edit("malmo", "LOG_LEVEL: info", "LOG_LEVEL: debug");
    world.run(&["apply", "malmo", "--yes"]).expect(0);
    assert_eq!(all_there(&world), new);

    let gone = ["destroy", "malmo", "--yes", "--delete-database", "malmo", "--take-down=malmo"];
    world.run(&gone).expect(0);
    let status = world.run(&["status", "malmo"]).expect(0).out;
    assert!(status.contains("none serves") && !status.contains("the legacy database serves"), "{status}");
}

#[test]
fn nobody_is_led_back_to_a_side_that_cannot_serve_and_services_keep_their_login() {
    let world = World::with_databases();
    world.run(&["apply", "malmo", "--yes"]).expect(0);
    let refused = |why: &str| {
        for command in
            [&["rollback", "malmo", "--yes"][..], &["destroy", "malmo", "--yes", "--delete-database", "malmo"]]
        {
            let ran = world.run(command).expect(1);
            assert!(ran.out.contains(why) && ran.err.contains("nothing was changed"), "{}{}", ran.out, ran.err);
        }
        assert_eq!(users(&world), ["balancer".to_owned()].into());
        writes(&led(&world, world.python("ends.py", &["malmo", "task"]))).unwrap();
    };
    world.python("ends.py", &["malmo", "stop"]);
    refused("would take the users, but is stop");
    world.python("ends.py", &["malmo", "start"]);
    world.control("stop-server", &json!({ "city": "malmo", "role": "legacy" }));
    refused("the legacy database, which would serve, doesn't answer");
    world.control("start-server", &json!({ "city": "malmo", "role": "legacy" }));
    world.control("databases", &json!({ "seconds": 60 }));

    // RDS changes the master's password; the tasks were given theirs when they started.
    let (given, master) = (world.python("ends.py", &["malmo", "task"]), world.python("ends.py", &["malmo", "master"]));
    assert_ne!(given["username"], master["username"]);
    world.control("advance", &json!({ "seconds": 7 * 86_400 + 3_600 }));
    assert_ne!(world.python("ends.py", &["malmo", "master"])["password"], master["password"]);
    let old_master = writes(&led(&world, master)).unwrap_err();
    assert!(old_master.contains("password authentication failed"), "{old_master}");
    let service = led(&world, given);
    writes(&service).unwrap();
    // No more rights than it had, and none of RDS's.
    let rights = "SELECT (SELECT count(*) FROM pg_roles WHERE rolname = current_user AND rolsuper)
        + (SELECT count(*) FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid JOIN pg_roles u ON u.oid = m.member
           WHERE u.rolname = current_user AND g.rolname ~ '^rds')";
    assert_eq!(number(&service, rights), 0);

    let back = world.run(&["rollback", "malmo", "--yes", "--output", "json"]).expect(0).json();
    let interruption = back["data"]["handed_over"]["interruption_ms"].as_u64().unwrap();
    assert!(interruption < 30_000 && back["data"]["serves"] == "old", "{back}");
    all_there(&world);
    world.run(&["apply", "malmo", "--yes"]).expect(0);
    world.control("advance", &json!({ "seconds": 7 * 86_400 + 3_600 }));
    world.run(&["finish", "malmo", "--yes"]).expect(0);
    all_there(&world);
}
