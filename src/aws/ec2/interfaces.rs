//! Network interfaces that a load balancer, a task or a function left behind: nobody uses them, and they keep a subnet or a
//! security group from being deleted.

use super::list::filter;
use crate::aws::{Aws, call};
use crate::engine::error::gone_is_fine;
use crate::engine::{CloudResult, ErrorClass};

/// What came of deleting a subnet or a security group. Where something still uses it, first deletes the unattached interfaces
/// whose `filter_name` is `id`, and then hands the error on: the call succeeds when it is repeated.
pub async fn clear_on_dependency(aws: &Aws, deleted: CloudResult<()>, filter_name: &str, id: &str) -> CloudResult<()> {
    if !matches!(&deleted, Err(error) if error.class == ErrorClass::Dependency) {
        return deleted;
    }
    let unattached = filter("status", "available");
    let found = aws.ec2.describe_network_interfaces().filters(filter(filter_name, id)).filters(unattached).send().await;
    for interface in found.map_err(call("ec2:DescribeNetworkInterfaces"))?.network_interfaces() {
        let id = interface.network_interface_id().unwrap_or_default();
        let gone = aws.ec2.delete_network_interface().network_interface_id(id).send().await;
        gone_is_fine(gone.map(drop).map_err(call("ec2:DeleteNetworkInterface")))?;
    }
    deleted
}
