//! AWS as the engine sees it: one file a kind of resource, each behind the small trait [`resource::Resource`].

pub mod client;
pub mod cloud;
pub mod ec2;
pub mod error;
pub mod iam;
pub mod logs;
pub mod memo;
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
    &Erased::<ec2::address::ElasticIp>::NEW,
    &Erased::<ec2::default_security_group::DefaultSecurityGroup>::NEW,
    &Erased::<ec2::flow_logs::FlowLogs>::NEW,
    &Erased::<ec2::internet_gateway::InternetGateway>::NEW,
    &Erased::<ec2::launch_template::LaunchTemplate>::NEW,
    &Erased::<ec2::nat_gateway::NatGateway>::NEW,
    &Erased::<ec2::route_table::RouteTable>::NEW,
    &Erased::<ec2::s3_endpoint::S3Endpoint>::NEW,
    &Erased::<ec2::security_group::SecurityGroup>::NEW,
    &Erased::<ec2::security_group_rule::SecurityGroupRule>::NEW,
    &Erased::<ec2::subnet::Subnet>::NEW,
    &Erased::<ec2::vpc::Vpc>::NEW,
    &Erased::<iam::role::Role>::NEW,
    &Erased::<iam::instance_profile::InstanceProfile>::NEW,
    &Erased::<logs::group::LogGroup>::NEW,
];
