//! The account's roles, with their policies and instance profiles, in one call.

use crate::aws::memo::Memo;
use crate::aws::{Survey, call};
use crate::engine::CloudResult;
use aws_sdk_iam::types::{EntityType, RoleDetail};
use std::sync::Arc;

/// IAM's lists.
#[derive(Default)]
pub struct IamLists {
    roles: Memo<Vec<RoleDetail>>,
}

impl Survey {
    /// The roles whose names begin with `<city>-`. The call has no filter for names; it answers a thousand roles at a time.
    pub async fn roles(&self) -> CloudResult<Arc<Vec<RoleDetail>>> {
        let ask = async {
            let request = self.aws.iam.get_account_authorization_details().filter(EntityType::Role).max_items(1000);
            let mut pages = request.into_paginator().send();
            let prefix = format!("{}-", self.aws.city);
            let mut roles = Vec::new();
            while let Some(page) = pages.next().await {
                let page = page.map_err(call("iam:GetAccountAuthorizationDetails"))?;
                let all = page.role_detail_list.unwrap_or_default();
                roles.extend(all.into_iter().filter(|r| r.role_name().is_some_and(|name| name.starts_with(&prefix))));
            }
            Ok(roles)
        };
        self.iam.roles.get(ask).await
    }
}
