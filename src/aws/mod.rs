//! AWS as the engine sees it: one file a kind of resource, each behind the small trait [`resource::Resource`].

pub mod autoscaling;
pub mod client;
pub mod cloud;
pub mod ec2;
pub mod ecs;
pub mod error;
pub mod iam;
pub mod logs;
pub mod memo;
pub mod rds;
pub mod resource;
pub mod survey;
pub mod tags;

pub use client::Aws;
pub use cloud::AwsCloud;
pub use error::call;
pub use resource::{Found, Making, Resource, Sought};
pub use survey::Survey;

use resource::{Erased, Kind};

/// Every kind that a plan may hold. A new kind is its file, one line here, and its use in a phase.
pub static KINDS: &[&dyn Kind] = &[
    &Erased::<ec2::vpc::Vpc>::NEW,
    &Erased::<ec2::subnet::Subnet>::NEW,
    &Erased::<iam::role::Role>::NEW,
    &Erased::<iam::instance_profile::InstanceProfile>::NEW,
    &Erased::<logs::group::LogGroup>::NEW,
    &Erased::<rds::subnet_group::SubnetGroup>::NEW,
    &Erased::<rds::parameter_group::ParameterGroup>::NEW,
    &Erased::<rds::instance::Instance>::NEW,
    &Erased::<ecs::cluster::Cluster>::NEW,
    &Erased::<autoscaling::group::Group>::NEW,
    &Erased::<ecs::capacity_provider::CapacityProvider>::NEW,
    &Erased::<ecs::task_definition::TaskDefinition>::NEW,
];
