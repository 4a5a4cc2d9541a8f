//! One look at a city: every list that AWS has of it, each asked for at most once, and only when somebody needs it.
//!
//! A resource that can't have changed or gone while another refers to it is proven by that one and not asked for: a NAT gateway
//! proves its Elastic IP, a service its task definition's revision, a listener its certificate. That is how a plan of a whole
//! city stays under 30 calls (docs/decisions/reading.md).

use super::Aws;
use super::acm::survey::AcmLists;
use super::cloudwatch::survey::CloudWatchLists;
use super::ec2::survey::Ec2Lists;
use super::ecs::service_survey::ServiceLists;
use super::elb::survey::ElbLists;
use super::route53::survey::Route53Lists;
use super::scaling::survey::ScalingLists;
use super::sns::survey::SnsLists;
use std::sync::Arc;

/// The lists, by service. A fresh one for every look.
pub struct Survey {
    /// Whom to ask.
    pub aws: Arc<Aws>,
    pub(super) acm: AcmLists,
    pub(super) cloudwatch: CloudWatchLists,
    pub(super) ec2: Ec2Lists,
    pub(super) elb: ElbLists,
    pub(super) route53: Route53Lists,
    pub(super) scaling: ScalingLists,
    pub(super) services: ServiceLists,
    pub(super) sns: SnsLists,
}

impl Survey {
    /// A look that has asked nothing yet.
    pub fn new(aws: Arc<Aws>) -> Self {
        Self {
            aws,
            acm: AcmLists::default(),
            cloudwatch: CloudWatchLists::default(),
            ec2: Ec2Lists::default(),
            elb: ElbLists::default(),
            route53: Route53Lists::default(),
            scaling: ScalingLists::default(),
            services: ServiceLists::default(),
            sns: SnsLists::default(),
        }
    }
}
