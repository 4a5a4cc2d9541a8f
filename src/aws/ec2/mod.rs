//! EC2 and VPC.

pub mod address;
mod agent;
mod answer;
pub mod default_security_group;
pub mod flow_logs;
mod interfaces;
pub mod internet_gateway;
pub mod launch_template;
mod list;
pub mod nat_gateway;
pub mod peering;
pub mod return_routes;
pub mod route_table;
mod routes;
pub mod rule;
pub mod s3_endpoint;
pub mod security_group;
pub mod security_group_rule;
pub mod servers;
pub mod subnet;
pub mod survey;
pub mod tag;
mod template_data;
pub mod vpc;

pub use agent::user_data;
