//! AWS as the engine sees it: one file a kind of resource, each behind the small trait [`resource::Resource`].

pub mod acm;
pub mod adopt;
pub mod answers;
pub mod autoscaling;
pub mod batch;
pub mod bucket;
pub mod buckets;
pub mod calls;
pub mod census;
pub mod client;
pub mod clock;
pub mod cloud;
pub mod cloudwatch;
pub mod data;
pub mod ec2;
pub mod ecs;
pub mod elb;
pub mod error;
pub mod iam;
pub mod live;
pub mod logs;
pub mod lookup;
pub mod memo;
pub mod pacing;
pub mod policy;
pub mod rds;
pub mod resource;
pub mod route53;
pub mod scaling;
pub mod sns;
pub mod stray;
pub mod survey;
pub mod tags;
pub mod web;

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
    &Erased::<ec2::internet_gateway::InternetGateway>::NEW,
    &Erased::<ec2::address::ElasticIp>::NEW,
    &Erased::<ec2::nat_gateway::NatGateway>::NEW,
    &Erased::<ec2::peering::Peering>::NEW,
    &Erased::<ec2::route_table::RouteTable>::NEW,
    &Erased::<ec2::return_routes::ReturnRoutes>::NEW,
    &Erased::<ec2::s3_endpoint::S3Endpoint>::NEW,
    &Erased::<ec2::flow_logs::FlowLogs>::NEW,
    &Erased::<ec2::default_security_group::DefaultSecurityGroup>::NEW,
    &Erased::<ec2::security_group::SecurityGroup>::NEW,
    &Erased::<ec2::security_group_rule::SecurityGroupRule>::NEW,
    &Erased::<ec2::launch_template::LaunchTemplate>::NEW,
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
    &Erased::<ecs::service::Service>::NEW,
    &Erased::<acm::certificate::Certificate>::NEW,
    &Erased::<elb::target_group::TargetGroup>::NEW,
    &Erased::<elb::targets::Targets>::NEW,
    &Erased::<elb::load_balancer::LoadBalancer>::NEW,
    &Erased::<elb::listener::Listener>::NEW,
    &Erased::<elb::rule::Rule>::NEW,
    &Erased::<elb::rule_order::RuleOrder>::NEW,
    &Erased::<elb::target_check::TargetCheck>::NEW,
    &Erased::<scaling::target::Target>::NEW,
    &Erased::<scaling::policy::Policy>::NEW,
    &Erased::<sns::topic::Topic>::NEW,
    &Erased::<sns::subscription::Subscription>::NEW,
    &Erased::<cloudwatch::alarm::Alarm>::NEW,
    &Erased::<cloudwatch::dashboard::Dashboard>::NEW,
    &Erased::<route53::validation::ValidationRecords>::NEW,
    &Erased::<route53::health_check::HealthCheck>::NEW,
    &Erased::<route53::weighted::WeightedRecords>::NEW,
    &Erased::<route53::shift::Shift>::NEW,
    &Erased::<route53::alias::Alias>::NEW,
    &Erased::<answers::Answers>::NEW,
    &Erased::<data::copy::Copy>::NEW,
    &Erased::<data::complete::Completed>::NEW,
    &Erased::<data::switch::Switched>::NEW,
];
