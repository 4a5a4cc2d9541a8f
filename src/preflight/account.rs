//! Whose credentials they are.

use super::check::{Check, Subject};
use super::finding::Verdict;
use crate::aws::call;
use crate::engine::CloudResult;
use async_trait::async_trait;

/// The check.
pub struct Account;

#[async_trait]
impl Check for Account {
    fn name(&self) -> &'static str {
        "account"
    }

    fn concerns(&self, _: &Subject<'_>) -> bool {
        true
    }

    async fn look(&self, subject: &Subject<'_>) -> CloudResult<Verdict> {
        let me = subject.aws.sts.get_caller_identity().send().await.map_err(call("sts:GetCallerIdentity"))?;
        Ok(judge(me.account().unwrap_or_default(), me.arn().unwrap_or_default(), &subject.aws.account))
    }
}

fn judge(mine: &str, arn: &str, wanted: &str) -> Verdict {
    let mut verdict = Verdict::default();
    if mine != wanted {
        verdict.fail(
            format!("the credentials are of account {mine} ({arn}), the city lives in {wanted}"),
            "set AWS_PROFILE, or `assume_role` in the city file",
        );
    } else if arn.ends_with(":root") {
        verdict.warn(
            "these are the credentials of the account's root, who may do everything",
            "make a role with `migrate policy CITY --role apply` and use that",
        );
    }
    verdict.or_ok(format!("{arn} of account {mine}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preflight::Level;

    #[test]
    fn a_strangers_account_fails_and_root_is_told() {
        let judge = |mine, arn| judge(mine, arn, "123456789012").worst();
        assert_eq!(judge("123456789012", "arn:aws:iam::123456789012:user/ada"), Level::Ok);
        assert_eq!(judge("123456789012", "arn:aws:iam::123456789012:root"), Level::Warn);
        assert_eq!(judge("999999999999", "arn:aws:iam::999999999999:user/ada"), Level::Fail);
    }
}
