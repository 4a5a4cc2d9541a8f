//! Whether the containers fit the instances.

use super::Context;
use crate::spec::{catalogue::InstanceTypeData, finding::Finding};

/// The fewest instances are not more than the most.
pub fn bounds(context: &Context<'_>, out: &mut Vec<Finding>) {
    let capacity = &context.spec.capacity;
    if capacity.min > capacity.max {
        out.push(Finding::at("capacity.min", format!("min {} is more than max {}", capacity.min, capacity.max)).and("capacity.max"));
    }
}

/// One image runs on all instances, so they have one architecture.
pub fn architecture(context: &Context<'_>, out: &mut Vec<Finding>) {
    let instances = &context.spec.capacity.instances;
    let Some(first) = instances.first() else { return };
    let wanted = first.data().architecture;
    for (index, other) in instances.iter().enumerate().filter(|(_, other)| other.data().architecture != wanted) {
        let message = format!("`{other}` is {}, but `{first}` is {}", other.data().architecture.name(), wanted.name());
        out.push(Finding::at(format!("capacity.instances[{index}]"), message).and("capacity.instances[0]").help("use instance types of one architecture"));
    }
}

/// The type with the least room decides.
fn smallest<'a>(context: &Context<'a>) -> Option<&'a InstanceTypeData> {
    let all = context.spec.capacity.instances.iter().map(|kind| kind.data());
    all.min_by_key(|data| (data.task_memory(), data.cpu_units()))
}

/// A task fits every instance type by itself.
pub fn fits(context: &Context<'_>, out: &mut Vec<Finding>) {
    let Some(data) = smallest(context) else { return };
    for (name, service) in context.spec.services.iter() {
        let asks = [
            ("cpu", service.cpu, data.cpu_units(), format!("{} units: 1024 a vCPU (D)", data.cpu_units())),
            ("memory", service.memory, data.task_memory(), format!("{} of its {} MiB: the system and the ECS agent keep the rest (E)", data.task_memory(), data.memory)),
        ];
        for (field, asked, _, why) in asks.into_iter().filter(|(_, asked, there, _)| asked > there) {
            out.push(
                Finding::at(format!("services.{name}.{field}"), format!("a task of `{name}` doesn't fit `{}`: {asked} of {field}", data.name))
                    .and("capacity.instances")
                    .help(format!("`{}` has {why}", data.name)),
            );
        }
    }
}

/// All services at their largest fit the most instances.
pub fn room(context: &Context<'_>, out: &mut Vec<Finding>) {
    let (Some(data), capacity) = (smallest(context), &context.spec.capacity) else { return };
    let most = u64::from(capacity.max);
    for (what, there) in [("cpu", data.cpu_units()), ("memory", data.task_memory())] {
        let services = context.spec.services.iter();
        let asked: u64 = services.map(|(_, s)| u64::from(s.max) * u64::from(if what == "cpu" { s.cpu } else { s.memory })).sum();
        let there = most * u64::from(there);
        if asked > there {
            let message = format!("the services at their max ask for {asked} of {what}, {most} × `{}` have {there}", data.name);
            let finding = Finding::at("capacity.max", message).and("capacity.instances");
            let fields = context.spec.services.iter().flat_map(|(name, _)| [format!("services.{name}.max"), format!("services.{name}.{what}")]);
            out.push(fields.fold(finding, Finding::and).help("raise capacity.max, or lower max of the services"));
        }
    }
}
