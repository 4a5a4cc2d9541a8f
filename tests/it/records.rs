//! The records of a city: only what has changed moves, nobody is led back by anybody but the operator, and the way back restores what the zone
//! had.

use super::harness::World;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

const ZONE: &str = "malmobybike.example";
const WWW: &str = "www.malmobybike.example";
const API: &str = "api.malmobybike.example";
const OLD: [&str; 2] = ["198.51.100.10", "198.51.100.11"];

/// A world where Malmö's legacy side stands, and its zone holds these records in place of its own.
fn world(records: &[Value]) -> World {
    let world = World::new();
    world.run(&["plan", "malmo"]).expect(0);
    for (record, name) in zone(&world).into_iter().map(|record| (record.clone(), record["Name"].clone())) {
        if records.iter().any(|one| format!("{}.", one["Name"].as_str().unwrap()) == name) {
            change(&world, &[("DELETE", record)]);
        }
    }
    for record in records {
        change(&world, &[("UPSERT", record.clone())]);
    }
    world
}

fn plain(name: &str, ttl: u32, addresses: &[&str]) -> Value {
    let values: Vec<Value> = addresses.iter().map(|address| json!({ "Value": address })).collect();
    json!({ "Name": name, "Type": "A", "TTL": ttl, "ResourceRecords": values })
}

fn change(world: &World, changes: &[(&str, Value)]) {
    let texts: Vec<String> = changes.iter().flat_map(|(action, set)| [(*action).to_owned(), set.to_string()]).collect();
    let args: Vec<&str> = [ZONE, "change"].into_iter().chain(texts.iter().map(String::as_str)).collect();
    world.python("records.py", &args);
}

/// What is in the zone.
fn zone(world: &World) -> Vec<Value> {
    world.python("records.py", &[ZONE, "list"]).as_array().unwrap().clone()
}

/// The record sets of a name.
fn of(world: &World, name: &str) -> Vec<Value> {
    zone(world).into_iter().filter(|set| set["Name"] == format!("{name}.")).collect()
}

/// The one record of a name is an alias by which nobody is led back.
#[track_caller]
fn is_over(world: &World, name: &str) {
    let sets = of(world, name);
    let [set] = &sets[..] else { panic!("{name}: {sets:?}") };
    assert_eq!((&set["Type"], &set["SetIdentifier"]), (&json!("A"), &Value::Null), "{set}");
    assert_eq!(set["AliasTarget"]["EvaluateTargetHealth"], false, "{set}");
}

/// How many of a name's users are led to each side: `balancer`, `legacy`.
fn shares(world: &World, name: &str) -> BTreeMap<String, f64> {
    let answers = world.answers(name, "/healthz");
    let mut shares = BTreeMap::new();
    for answer in answers {
        *shares.entry(answer["leads_to"].as_str().unwrap().to_owned()).or_default() +=
            answer["share"].as_f64().unwrap();
    }
    shares
}

/// Runs it, and looks all the while where the users of these names are led.
fn watched(world: &World, args: &[&str], names: &[&str]) -> Vec<Vec<BTreeMap<String, f64>>> {
    let mut child = world.spawn_quietly(args);
    let mut seen: Vec<Vec<BTreeMap<String, f64>>> = names.iter().map(|_| Vec::new()).collect();
    while child.try_wait().unwrap().is_none() {
        for (name, seen) in names.iter().zip(&mut seen) {
            let now = shares(world, name);
            if seen.last() != Some(&now) {
                seen.push(now);
            }
        }
        std::thread::park_timeout(Duration::from_millis(20));
    }
    assert!(child.wait().unwrap().success(), "{}", world.said());
    seen
}

fn everybody(side: &str) -> BTreeMap<String, f64> {
    [(side.to_owned(), 1.0)].into()
}

fn apply(world: &World) {
    world.run(&["apply", "malmo", "--yes"]).expect(0);
}

#[test]
fn each_name_has_its_own_addresses_and_gets_exactly_them_back() {
    let before = [plain(API, 45, &OLD[1..]), plain(WWW, 50, &OLD[..1]), plain("old.malmobybike.example", 300, &OLD)];
    let world = world(&before);
    let had = zone(&world);
    apply(&world);
    is_over(&world, WWW);
    is_over(&world, API);
    world.run(&["plan", "malmo", "--detailed-exitcode"]).expect(0);

    // Back: pairs, each with its own addresses, all users on them.
    let seen = watched(&world, &["rollback", "malmo", "--yes"], &[WWW]);
    assert_eq!(seen[0].last(), Some(&everybody("legacy")), "{seen:?}");
    for (name, address) in [(WWW, OLD[0]), (API, OLD[1])] {
        let sets = of(&world, name);
        let legacy = sets.iter().find(|set| set["SetIdentifier"] == "legacy").unwrap();
        assert_eq!((&legacy["Weight"], &legacy["TTL"]), (&json!(100), &json!(60)));
        assert_eq!(legacy["ResourceRecords"], json!([{ "Value": address }]));
        let new = sets.iter().find(|set| set["SetIdentifier"] == "new").unwrap();
        assert_eq!((&new["Weight"], &new["AliasTarget"]["EvaluateTargetHealth"]), (&json!(0), &json!(false)));
        assert!(new["HealthCheckId"].is_string(), "{new}");
    }
    apply(&world);
    is_over(&world, WWW);
    world.run(&["destroy", "malmo", "--yes", "--delete-database", "malmo"]).expect(0);
    assert_eq!(zone(&world), had, "the zone is as it was, and no proof of a certificate is left");
}

#[test]
fn a_name_that_is_added_later_moves_alone_and_one_that_is_taken_out_leads_nobody_back() {
    let follows = json!({ "Name": API, "Type": "CNAME", "TTL": 60, "ResourceRecords": [{ "Value": WWW }] });
    let world = world(&[plain(WWW, 60, &OLD), follows.clone()]);
    world.edit(
        "malmo",
        "records: [www.malmobybike.example, api.malmobybike.example]",
        "records: [www.malmobybike.example]",
    );
    apply(&world);

    change(&world, &[("DELETE", follows), ("CREATE", plain(API, 60, &OLD[1..]))]);
    world.edit(
        "malmo",
        "records: [www.malmobybike.example]",
        "records: [www.malmobybike.example, api.malmobybike.example]",
    );
    let plan = world.run(&["plan", "malmo"]).expect(0).out;
    assert!(!plan.contains("deleted outside"), "{plan}");
    for step in ["~ cutover/shift.5", "~ cutover/shift.100", "~ cutover/alias", "+ cutover/records.api"] {
        assert!(plan.contains(step), "no {step} in\n{plan}");
    }
    let seen = watched(&world, &["apply", "malmo", "--yes"], &[WWW, API]);
    assert_eq!(seen[0], [everybody("balancer")], "nobody of the others moves");
    assert_eq!((&seen[1][0], seen[1].last()), (&everybody("legacy"), Some(&everybody("balancer"))), "{:?}", seen[1]);
    assert!(seen[1].len() > 2, "step by step: {:?}", seen[1]);
    is_over(&world, API);
    world.run(&["plan", "malmo", "--detailed-exitcode"]).expect(0);

    world.edit(
        "malmo",
        "records: [www.malmobybike.example, api.malmobybike.example]",
        "records: [www.malmobybike.example]",
    );
    let plan = world.run(&["plan", "malmo"]).expect(0).out;
    assert!(
        plan.contains("- cutover/records.api") && plan.contains("nobody answers api.malmobybike.example"),
        "{plan}"
    );
    let unsaid = world.run(&["apply", "malmo", "--yes"]).expect(1);
    assert!(unsaid.err.contains("--replace cutover/records.api.malmobybike.example"), "{}", unsaid.err);
    let consent = ["apply", "malmo", "--yes", "--replace", "cutover/records.api.malmobybike.example"];
    let seen = watched(&world, &consent, &[WWW]);
    assert_eq!(seen[0], [everybody("balancer")]);
    assert_eq!(of(&world, API), [] as [Value; 0], "today's servers would refuse what its users write");
    world.run(&["plan", "malmo", "--detailed-exitcode"]).expect(0);
}

#[test]
fn a_name_that_is_taken_out_before_its_users_moved_gets_its_record_back() {
    let world = world(&[plain(WWW, 60, &OLD), plain(API, 45, &OLD[1..])]);
    apply(&world);
    world.run(&["rollback", "malmo", "--yes"]).expect(0);
    world.edit(
        "malmo",
        "records: [www.malmobybike.example, api.malmobybike.example]",
        "records: [www.malmobybike.example]",
    );
    world.edit(
        "malmo",
        "hosts: [www.malmobybike.example, api.malmobybike.example]",
        "hosts: [www.malmobybike.example]",
    );
    // All but what users notice is done now.
    let tomorrow = jiff::Timestamp::now().in_tz("Etc/UTC").unwrap().tomorrow().unwrap();
    let day = tomorrow.strftime("%a").to_string().to_lowercase();
    world.window("malmo", &format!("{{ days: [{day}], start: \"23:00\", length: 30m, time_zone: Etc/UTC }}"));
    world.run(&["apply", "malmo", "--yes"]).expect(3);
    assert_eq!(
        of(&world, API),
        [json!({ "Name": format!("{API}."), "Type": "A", "TTL": 45, "ResourceRecords": [{ "Value": OLD[1] }] })]
    );
}

#[test]
fn steps_that_change_after_the_move_are_only_recorded() {
    let world = world(&[]);
    apply(&world);
    world.edit("malmo", "window:", "cutover: { steps: [10, 25, 100] }\nwindow:");
    let plan = world.run(&["plan", "malmo"]).expect(0).out;
    assert!(!plan.contains("+ cutover/") && !plan.contains("- cutover/"), "{plan}");
    let seen = watched(&world, &["apply", "malmo", "--yes"], &[WWW, API]);
    assert_eq!(seen, [[everybody("balancer")], [everybody("balancer")]]);
    world.run(&["plan", "malmo", "--detailed-exitcode"]).expect(0);
    let steps = world.run(&["state", "list", "malmo"]).expect(0).out;
    assert!(steps.contains("shift.10") && steps.contains("shift.25") && !steps.contains("shift.5 "), "{steps}");
    let seen = watched(&world, &["rollback", "malmo", "--yes"], &[WWW]);
    assert_eq!(seen[0].last(), Some(&everybody("legacy")));
}

/// How long a change took, as the run says.
fn took(said: &str, address: &str) -> f64 {
    let line = said.lines().find(|line| line.contains(&format!("{address}  done in"))).unwrap();
    let number = line.rsplit("done in ").next().unwrap().trim_end_matches(" s");
    number.parse().unwrap_or_else(|_| panic!("{line}"))
}

#[test]
fn a_bake_takes_its_time_by_awss_clock_whatever_ours_says() {
    let world = world(&[]);
    // 40 minutes are 2.7 s here.
    world.edit("malmo", "window:", "cutover: { steps: [100], bake: 40m }\nwindow:");
    for ahead in [600, -600] {
        world.control("clock", &json!({ "ahead": ahead }));
        let run = world.run(&["apply", "malmo", "--yes"]).expect(0);
        let seconds = took(&(run.err + &run.out), "cutover/shift.100");
        assert!((2.5..60.0).contains(&seconds), "{seconds} s with AWS's clock {ahead} s ahead");
        world.run(&["rollback", "malmo", "--yes"]).expect(0);
    }
}

#[test]
fn an_application_that_refuses_the_citys_names_is_found_before_anybody_moves() {
    let world = world(&[]);
    world.edit("malmo", "LOG_LEVEL: info", "LOG_LEVEL: info, ALLOWED_HOSTS: www.malmobybike.example");
    let refused = world.run(&["apply", "malmo", "--yes"]).expect(1);
    let said = refused.out + &refused.err;
    assert!(said.contains("https://api.malmobybike.example/healthz") && said.contains("answers 400"), "{said}");
    assert!(said.contains("allow the host api.malmobybike.example"), "{said}");
    assert_eq!(shares(&world, WWW), everybody("legacy"));
    world.edit(
        "malmo",
        "ALLOWED_HOSTS: www.malmobybike.example",
        "ALLOWED_HOSTS: \".malmobybike.example,.elb.amazonaws.com\"",
    );
    apply(&world);
    is_over(&world, API);
}

#[test]
fn nobody_moves_before_route_53_sees_the_new_side_as_healthy() {
    let world = world(&[]);
    apply(&world);
    world.run(&["rollback", "malmo", "--yes"]).expect(0);
    world.control("speed", &json!({ "speed": 20 }));
    world.python("by_hand_health.py", &["/nothing"]);
    world.control("advance", &json!({ "seconds": 600 }));
    let run = world.run(&["apply", "malmo", "--yes"]).expect(0);
    let said = run.out + &run.err;
    assert!(said.contains("Route 53 sees the new side as unhealthy: 0 of 16"), "{said}");
    is_over(&world, WWW);
}

#[test]
fn what_cannot_be_moved_is_found_before_anything_is_made() {
    let strange = |id: &str| {
        let set = json!({ "SetIdentifier": id, "Weight": 50 });
        let mut plain = plain(API, 60, &OLD);
        plain.as_object_mut().unwrap().extend(set.as_object().unwrap().clone());
        plain
    };
    let world = world(&[plain(WWW, 60, &OLD), strange("eu")]);
    change(
        &world,
        &[(
            "CREATE",
            json!({ "Name": WWW, "Type": "AAAA", "TTL": 300, "ResourceRecords": [{ "Value": "2001:db8::1" }] }),
        )],
    );
    let before = zone(&world);
    let refused = world.run(&["apply", "malmo", "--yes"]).expect(1);
    for says in [
        "api.malmobybike.example is answered by 1 weighted records (eu)",
        "has a record of type AAAA beside",
        "--change-batch",
    ] {
        assert!(refused.out.contains(says), "no `{says}` in\n{}", refused.out);
    }
    assert_eq!(zone(&world), before);
    assert_eq!(world.run(&["state", "list", "malmo"]).out, "", "nothing was made");
    // The commands mend it.
    for line in refused.out.lines().filter(|line| line.contains("--change-batch '")) {
        let batch: Value = serde_json::from_str(line.split('\'').nth(1).unwrap()).unwrap();
        for one in batch["Changes"].as_array().unwrap() {
            let action = one["Action"].as_str().unwrap();
            if action == "DELETE" {
                change(&world, &[(action, one["ResourceRecordSet"].clone())]);
            }
        }
        let made = batch["Changes"].as_array().unwrap().iter().filter(|one| one["Action"] == "CREATE");
        made.for_each(|one| change(&world, &[("CREATE", one["ResourceRecordSet"].clone())]));
    }
    apply(&world);
    is_over(&world, API);
}

#[test]
fn a_second_file_that_names_the_same_records_takes_nothing() {
    let world = world(&[]);
    apply(&world);
    let text = std::fs::read_to_string(world.file("malmo")).unwrap();
    std::fs::remove_file(world.file("malmo")).unwrap();
    std::fs::write(world.file("lund"), text.replace("10.41.0.0/16", "10.77.0.0/16")).unwrap();
    // Without the flag: the sandbox would plant a zone of its own for Lund.
    let refused = world.run_with(&["apply", "lund", "--yes"], &world.exports()).expect(1);
    let said = refused.out + &refused.err;
    assert!(said.contains("www.malmobybike.example is an alias of"), "{said}");
    assert!(said.contains("a load balancer of the city malmo in eu-north-1"), "{said}");
    is_over(&world, WWW);
    assert_eq!(shares(&world, WWW), everybody("balancer"));
}

#[test]
fn a_zone_that_was_made_again_is_found_and_filled() {
    let world = world(&[]);
    apply(&world);
    world.python("records.py", &[ZONE, "again"]);
    let plan = world.run(&["plan", "malmo"]).expect(0).out;
    for made in ["+ alb/certificate-records", "+ cutover/records.www.malmobybike.example", "there is no A record"] {
        assert!(plan.contains(made), "no `{made}` in\n{plan}");
    }
    world.run(&["status", "malmo"]).expect(0);
    // The mend for a city that serves: an alias of its load balancer.
    let balancer = plan.split("\"DNSName\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let zone = plan.split("\"HostedZoneId\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    for name in [WWW, API] {
        let alias = json!({ "HostedZoneId": zone, "DNSName": balancer, "EvaluateTargetHealth": false });
        change(&world, &[("CREATE", json!({ "Name": name, "Type": "A", "AliasTarget": alias }))]);
    }
    let seen = watched(&world, &["apply", "malmo", "--yes"], &[WWW, API]);
    assert_eq!(seen, [[everybody("balancer")], [everybody("balancer")]]);
    world.run(&["plan", "malmo", "--detailed-exitcode"]).expect(0);
}

#[test]
fn the_proof_of_a_certificate_stays_while_somebody_needs_it() {
    let world = world(&[]);
    apply(&world);
    let proofs = |world: &World| {
        zone(world).into_iter().filter(|set| set["Type"] == "CNAME").map(|set| set["Name"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(proofs(&world).len(), 2);
    // Somebody else's certificate for one of the names needs the same record.
    world.python("certificate.py", &[WWW]);
    world.run(&["destroy", "malmo", "--yes", "--delete-database", "malmo"]).expect(0);
    let left = proofs(&world);
    assert!(left.len() == 1 && left[0].as_str().unwrap().contains(WWW), "{left:?}");
    // It was there before the city comes again: it isn't the city's, whoever made it.
    world.python("certificate.py", &["--delete"]);
    apply(&world);
    assert_eq!(proofs(&world).len(), 2);
    world.run(&["destroy", "malmo", "--yes", "--delete-database", "malmo"]).expect(0);
    assert_eq!(proofs(&world), [] as [Value; 0], "it bears our mark, and nobody needs it any more");
}
