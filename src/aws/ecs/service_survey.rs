//! The city's services in ECS: one call for up to ten of them.

use crate::aws::batch::Batch;
use crate::aws::{Survey, call};
use crate::engine::CloudResult;
use aws_sdk_ecs::types::Service;
use std::sync::Arc;

/// The services that were asked for.
pub type ServiceLists = Batch<Vec<Service>>;

/// How many services one call may ask for (D).
const AT_ONCE: usize = 10;

impl Survey {
    /// Services of a cluster, the one named so among them, if it is there.
    pub async fn services(&self, cluster: &str, name: &str) -> CloudResult<Arc<Vec<Service>>> {
        let ask = async |names: Vec<String>| {
            let mut all = Vec::new();
            for some in names.chunks(AT_ONCE) {
                let request = self.aws.ecs.describe_services().cluster(cluster).set_services(Some(some.to_vec()));
                match request.send().await.map_err(call("ecs:DescribeServices")) {
                    Ok(answer) => all.extend(answer.services.unwrap_or_default()),
                    Err(error) if error.is_not_found() => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(all)
        };
        self.services.get(name, ask).await
    }
}
