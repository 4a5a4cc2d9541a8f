//! The account's roles, with their policies and instance profiles, in one call.

use super::tag;
use crate::aws::memo::Memo;
use crate::aws::{Survey, call, tags};
use crate::engine::cloud::Stray;
use crate::engine::{Address, CloudResult};
use aws_sdk_iam::types::{EntityType, RoleDetail};
use std::sync::Arc;

/// IAM's lists.
#[derive(Default)]
pub struct IamLists {
    roles: Memo<Vec<RoleDetail>>,
}

/// The city's roles, if they were asked for: those of its name's prefix that bear its tag.
pub fn tagged(survey: &Survey) -> Vec<Stray> {
    let roles = survey.iam.roles.peek();
    let city = |role: &&RoleDetail| tag::city(role.tags()) == Some(&survey.aws.city);
    let stray = |role: &RoleDetail| {
        let address = role.tags().iter().find(|tag| tag.key() == tags::ADDRESS).map(|tag| Address::from(tag.value()));
        Some(Stray { id: role.role_name()?.to_owned(), kind: "iam:role".into(), address })
    };
    roles.iter().flat_map(|roles| roles.iter()).filter(city).filter_map(stray).collect()
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
