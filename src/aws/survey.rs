//! One look at a city: every list that AWS has of it, each asked for at most once, and only when somebody needs it.
//!
//! A resource that can't have changed or gone while another refers to it is proven by that one and not asked for: a NAT gateway
//! proves its Elastic IP, a service its task definition's revision, a listener its certificate. That is how a plan of a whole
//! city stays under 30 calls (docs/decisions/reading.md).

use super::Aws;
use super::acm::survey::AcmLists;
use super::autoscaling::survey::AutoScalingLists;
use super::census::Census;
use super::cloudwatch::survey::CloudWatchLists;
use super::ec2::survey::Ec2Lists;
use super::ecs::service_survey::ServiceLists;
use super::ecs::survey::EcsLists;
use super::elb::neighbours::Neighbours;
use super::elb::survey::ElbLists;
use super::iam::survey::IamLists;
use super::logs::survey::LogsLists;
use super::rds::survey::RdsLists;
use super::route53::survey::Route53Lists;
use super::scaling::survey::ScalingLists;
use super::sns::survey::SnsLists;
use std::sync::Arc;

/// The lists, by service. A fresh one for every look.
pub struct Survey {
    /// Whom to ask.
    pub aws: Arc<Aws>,
    /// Who is known, where the look is at the whole city.
    pub census: Option<Census>,
    /// Whom to share lists with that can't be narrowed to the city.
    pub(super) neighbours: Option<Arc<Neighbours>>,
    /// Whether lists hold what bears the city's tag only.
    pub(super) only_city: bool,
    pub(super) acm: AcmLists,
    pub(super) autoscaling: AutoScalingLists,
    pub(super) cloudwatch: CloudWatchLists,
    pub(super) ec2: Ec2Lists,
    pub(super) ecs: EcsLists,
    pub(super) elb: ElbLists,
    pub(super) iam: IamLists,
    pub(super) logs: LogsLists,
    pub(super) rds: RdsLists,
    pub(super) route53: Route53Lists,
    pub(super) scaling: ScalingLists,
    pub(super) services: ServiceLists,
    pub(super) sns: SnsLists,
}

impl Survey {
    /// A look at the whole city.
    pub fn whole(aws: Arc<Aws>, census: Census, neighbours: Option<Arc<Neighbours>>) -> Self {
        Self { census: Some(census), neighbours, ..Self::new(aws) }
    }

    /// A look for something that may belong to anybody yet.
    pub fn of_everybody(aws: Arc<Aws>) -> Self {
        Self { only_city: false, ..Self::new(aws) }
    }

    /// Whether what one thing proves of another may take the place of a question: only in a look at the whole city, whose plan asks for
    /// the thing itself before it concludes from it that something must go. Who waits for one thing asks for that thing.
    pub fn proves(&self) -> bool {
        self.census.is_some()
    }

    /// A look that has asked nothing yet.
    pub fn new(aws: Arc<Aws>) -> Self {
        Self {
            aws,
            census: None,
            neighbours: None,
            only_city: true,
            acm: AcmLists::default(),
            autoscaling: AutoScalingLists::default(),
            cloudwatch: CloudWatchLists::default(),
            ec2: Ec2Lists::default(),
            ecs: EcsLists::default(),
            elb: ElbLists::default(),
            iam: IamLists::default(),
            logs: LogsLists::default(),
            rds: RdsLists::default(),
            route53: Route53Lists::default(),
            scaling: ScalingLists::default(),
            services: ServiceLists::default(),
            sns: SnsLists::default(),
        }
    }
}
