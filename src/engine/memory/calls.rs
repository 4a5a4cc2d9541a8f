//! The AWS calls that a kind's create, update, delete and read come to: for the rates at which they may be made.

use super::script::Fault;
use crate::engine::kind::{Identity, KindInfo};

/// What is done to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// It is made.
    Create,
    /// It is changed.
    Update,
    /// It is deleted.
    Delete,
    /// It is looked at.
    Read,
}

impl Verb {
    /// Whether this can happen to such a call and is something else there than any other fault.
    pub fn fits(self, fault: Fault) -> bool {
        match self {
            Self::Create => true,
            Self::Update => fault != Fault::Hidden,
            // That something isn't found is how a delete succeeds.
            Self::Delete => !matches!(fault, Fault::Hidden | Fault::Half | Fault::NotYet | Fault::Quota),
            // A read has no effect that could come without an answer.
            Self::Read => matches!(
                fault,
                Fault::Throttled
                    | Fault::Internal
                    | Fault::Unavailable
                    | Fault::Reset
                    | Fault::TimedOut
                    | Fault::NotYet
                    | Fault::Denied
                    | Fault::DiesBefore
                    | Fault::Sleeps
            ),
        }
    }

    /// The verb that a moment's name begins with.
    pub fn of(moment: &str) -> Option<Self> {
        let all = [Self::Create, Self::Update, Self::Delete, Self::Read];
        all.into_iter().find(|verb| moment.split(' ').next() == Some(verb.name()))
    }

    /// `create`
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Read => "read",
        }
    }
}

/// Service (as requests are signed for it) and operation of each call, in their order.
pub fn calls(info: &KindInfo, verb: Verb) -> Vec<(&'static str, String)> {
    let (service, noun) = info.name.split_once(':').unwrap_or(("", info.name));
    let service = match service {
        "ec2" => "ec2",
        "rds" => "rds",
        "ecs" => "ecs",
        "elb" => "elasticloadbalancing",
        "route53" => "route53",
        "cloudwatch" => "monitoring",
        _ => "",
    };
    let first = match (verb, info.identity, noun) {
        (Verb::Create, Identity::Mark { made_by }, _) => made_by.rsplit(':').next().unwrap_or(made_by).to_owned(),
        (Verb::Create | Verb::Update, _, "alarm") => "PutMetricAlarm".into(),
        (Verb::Create, _, "s3-endpoint") => "CreateVpcEndpoint".into(),
        (Verb::Create, _, "security-group-rule") => "AuthorizeSecurityGroupIngress".into(),
        (Verb::Create, _, "default-security-group") => "CreateTags".into(),
        (Verb::Create, ..) => format!("Create{}", camel(noun)),
        (Verb::Update, ..) => format!("Modify{}", camel(noun)),
        (Verb::Delete, ..) => format!("Delete{}", camel(noun)),
        (Verb::Read, ..) => format!("Describe{}", camel(noun)),
    };
    let second = match (verb, noun) {
        (Verb::Create, "vpc" | "subnet") => &["ModifyAttribute"][..],
        (Verb::Create, "internet-gateway") => &["AttachInternetGateway"],
        (Verb::Create, "route-table") => &["CreateRoute", "AssociateRouteTable", "AssociateRouteTable"],
        (Verb::Create, "security-group" | "default-security-group") => &["RevokeSecurityGroupEgress"],
        (Verb::Create, "capacity-provider") => &["PutClusterCapacityProviders"],
        (Verb::Create, "weighted-records" | "shift" | "health-check") => &["ChangeResourceRecordSets"],
        (Verb::Delete, "internet-gateway") => &["DetachInternetGateway"],
        (Verb::Delete, "route-table") => &["DisassociateRouteTable", "DisassociateRouteTable"],
        _ => &[],
    };
    std::iter::once(first).chain(second.iter().map(|name| (*name).to_owned())).map(|name| (service, name)).collect()
}

fn camel(noun: &str) -> String {
    noun.split('-').map(|word| word[..1].to_uppercase() + &word[1..]).collect()
}
