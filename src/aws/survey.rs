//! One look at a city: every list that AWS has of it, each asked for at most once, and only when somebody needs it.
//!
//! A resource that can't have changed or gone while another refers to it is proven by that one and not asked for: a NAT gateway
//! proves its Elastic IP, a service its task definition's revision, a listener its certificate. That is how a plan of a whole
//! city stays under 30 calls (docs/decisions/reading.md).

use super::Aws;
use super::ec2::survey::Ec2Lists;
use super::iam::survey::IamLists;
use super::logs::survey::LogsLists;
use std::sync::Arc;

/// The lists, by service. A fresh one for every look.
pub struct Survey {
    /// Whom to ask.
    pub aws: Arc<Aws>,
    pub(super) ec2: Ec2Lists,
    pub(super) iam: IamLists,
    pub(super) logs: LogsLists,
}

impl Survey {
    /// A look that has asked nothing yet.
    pub fn new(aws: Arc<Aws>) -> Self {
        Self {
            aws,
            ec2: Ec2Lists::default(),
            iam: IamLists::default(),
            logs: LogsLists::default(),
        }
    }
}
