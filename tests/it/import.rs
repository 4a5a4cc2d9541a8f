//! What was made by hand: taken over where it is what the city wants, told where it stands in the way, or is a stray.

use super::harness::World;
use serde_json::{Value, json};

fn make(world: &World, args: &[&str]) -> String {
    world.python("by_hand.py", args).as_str().unwrap().to_owned()
}

fn change(plan: &Value, address: &str) -> Option<Value> {
    let changes = plan[0]["plan"]["changes"].as_array().unwrap();
    changes.iter().find(|change| change["address"] == address).cloned()
}

#[test]
fn what_is_wanted_like_that_is_taken_over_and_anything_else_refused() {
    let world = World::new();
    let plan = world.run(&["plan", "malmo", "--output", "json"]).expect(0).json();
    let description = change(&plan, "security-groups/service").unwrap()["props"]["description"].clone();
    let (vpc, wrong) = (make(&world, &["vpc", "10.41.0.0/16"]), make(&world, &["vpc", "10.99.0.0/16"]));

    let refused = world.run(&["import", "malmo", "vpc/vpc", &wrong, "--yes"]).expect(1);
    assert!(refused.err.contains("cidr: is \"10.99.0.0/16\", wanted \"10.41.0.0/16\""), "{}", refused.err);
    assert_eq!(world.python("by_hand.py", &["tags", &wrong]), json!({}), "what is refused is left as it is");
    let unknown = world.run(&["import", "malmo", "vpc/vpx", &vpc, "--yes"]).expect(1);
    assert!(unknown.err.contains("did you mean vpc/vpc?"), "{}", unknown.err);
    world.run(&["import", "malmo", "vpc/vpc", "vpc-00000000", "--yes"]).expect(1);
    let nameless = world.run(&["import", "malmo", "security-groups/rule.service-https", "sgr-1", "--yes"]).expect(1);
    assert!(nameless.err.contains("no id of their own"), "{}", nameless.err);

    let imported = world.run(&["import", "malmo", "vpc/vpc", &vpc, "--yes"]).expect(0);
    assert!(imported.err.contains("done: malmo: 1 of 1 changes"), "{}", imported.err);
    let tags = json!({ "Name": "malmo-vpc", "migrate:city": "malmo", "migrate:address": "vpc/vpc" });
    assert_eq!(world.python("by_hand.py", &["tags", &vpc]), tags);
    let taken = world.run(&["import", "malmo", "vpc/vpc", &wrong, "--yes"]).expect(1);
    assert!(taken.err.contains(&format!("vpc/vpc is taken: {vpc} stands there")), "{}", taken.err);

    let hole = ["group", "malmo-service", description.as_str().unwrap(), "malmo"];
    let group = make(&world, &hole);
    world.run(&["import", "malmo", "security-groups/service", &group, "--yes"]).expect(0);
    let plan = world.run(&["plan", "malmo", "--output", "json"]).expect(0).json();
    let network = change(&plan, "vpc/vpc").unwrap();
    assert_eq!((&network["action"], &network["outputs"]["id"]), (&json!("update"), &json!(vpc)), "only its attribute");
    let service = change(&plan, "security-groups/service").unwrap();
    assert_eq!((&service["action"], &service["outputs"]["id"]), (&json!("update"), &json!(group)));
    let fields = service["fields"].as_array().unwrap();
    assert!(fields.len() == 1 && fields[0]["path"] == "foreign_rules", "{fields:?}");
    assert!(fields[0]["old"].to_string().contains("tcp 22 from 0.0.0.0/0"), "{fields:?}");

    world.run(&["apply", "malmo", "--yes", "--until", "security-groups"]).expect(0);
    let plan = world.run(&["plan", "malmo", "--output", "json"]).expect(0).json();
    assert_eq!((change(&plan, "vpc/vpc"), change(&plan, "security-groups/service")), (None, None));

    // A stray beside what was taken over: deleting it waits for it alone.
    let stray = make(&world, &["stray-vpc", "malmo", "10.98.0.0/16"]);
    world.run(&["destroy", "malmo", "--stray", &stray, "--yes"]).expect(0);
    assert_eq!(world.python("by_hand.py", &["there", &stray]), json!(false));
    assert_eq!(world.python("by_hand.py", &["there", &vpc]), json!(true));

    make(&world, &["role", "malmo-ecs-instance"]);
    let in_the_way = world.run(&["plan", "malmo"]).expect(1);
    let way_out = "migrate import malmo ecs/role.instance malmo-ecs-instance";
    assert!(in_the_way.err.contains("NotOurs") && in_the_way.err.contains(way_out), "{}", in_the_way.err);
    world.run(&["import", "malmo", "ecs/role.instance", "malmo-ecs-instance", "--yes"]).expect(0);
    world.run(&["plan", "malmo"]).expect(0);
}

#[test]
fn a_stray_is_told_and_goes_only_when_it_is_named() {
    let world = World::new();
    world.run(&["apply", "malmo", "--yes"]).expect(0);
    assert_eq!(world.run(&["status", "malmo", "--output", "json"]).expect(0).json()["strays"], json!([]));

    let table = make(&world, &["stray-routes", "malmo"]);
    let plan = world.run(&["plan", "malmo", "--detailed-exitcode"]).expect(0);
    let way_out = format!("`migrate destroy malmo --stray {table}` deletes it");
    assert!(
        plan.out.contains(&format!("stray: {table} (ec2:route-table")) && plan.out.contains(&way_out),
        "{}",
        plan.out
    );

    let (address, queue) = (make(&world, &["stray-address", "malmo"]), make(&world, &["stray-queue", "malmo"]));
    let status = world.run(&["status", "malmo", "--output", "json"]).expect(0).json();
    let strays: Vec<_> = status["strays"].as_array().unwrap().iter().map(|s| s["id"].as_str().unwrap()).collect();
    let mut expected = [table.as_str(), address.as_str(), queue.as_str()];
    expected.sort_unstable();
    assert_eq!(strays, expected);
    world.edit("malmo", "max: 8", "max: 9");
    let changed = world.run(&["plan", "malmo"]).expect(0);
    assert!([&table, &address, &queue].iter().all(|id| changed.out.contains(*id)), "{}", changed.out);
    world.run(&["apply", "malmo", "--yes"]).expect(0);
    assert!(world.python("by_hand.py", &["there", &address]) == json!(true), "apply touches no stray");

    let foreign = world.run(&["destroy", "malmo", "--stray", &queue, "--yes"]).expect(1);
    assert!(foreign.err.contains("delete it in AWS"), "{}", foreign.err);
    world.run(&["destroy", "malmo", "--stray", "rtb-00000000", "--yes"]).expect(1);
    for id in [&table, &address] {
        world.run(&["destroy", "malmo", "--stray", id, "--yes"]).expect(0);
        assert_eq!(world.python("by_hand.py", &["there", id]), json!(false));
    }
    world.run(&["plan", "malmo", "--detailed-exitcode"]).expect(0);
}
