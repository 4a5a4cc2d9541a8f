//! A saved plan is carried out exactly, or refused because state or world moved on.

use super::harness::World;

#[test]
fn exactly_that_or_nothing() {
    let world = World::new();
    let file = world.file("malmo").with_extension("plan");
    let path = file.to_str().unwrap();
    world.run(&["plan", "malmo", "--out", path]).expect(0);
    world.run(&["apply", "malmo", path, "--yes"]).expect(0);
    world.run(&["plan", "malmo", "--detailed-exitcode"]).expect(0);

    let stale = world.run(&["apply", path, "--yes"]).expect(1);
    assert!(stale.err.contains("the state has moved on"), "{}", stale.err);

    world.edit("malmo", "max: 8", "max: 9");
    world.run(&["plan", "malmo", "--out", path]).expect(0);
    world.python("meddle.py", &["malmo", "backup-days"]);
    let moved = world.run(&["apply", "malmo", path, "--yes"]).expect(1);
    assert!(moved.err.contains("the world has moved on") && moved.err.contains("rds/instance"), "{}", moved.err);

    std::fs::write(&file, "{ \"version\": 1").unwrap();
    let damaged = world.run(&["apply", "malmo", path, "--yes"]).expect(1);
    assert!(damaged.err.contains("is not a plan of this version"), "{}", damaged.err);
}
