//! Every AWS call that `migrate` may make, and the right that it takes: THE list. The policies that `migrate policy` prints are made
//! from it, preflight asks for what is in it, and tests hold the sources and a city's whole life in the sandbox to it.
//!
//! Which resources and which conditions an action understands is from the Service Authorization Reference.

mod network;
mod reads;
mod writes;

/// Who makes the calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// `plan`, `status`, `state show`, and preflight: changes nothing.
    Plan,
    /// `apply` and `destroy`.
    Apply,
    /// `import`, besides what `apply` may: marks as the city's what somebody made by hand.
    Import,
    /// `bootstrap`, once for an account and region.
    Bootstrap,
}

/// A condition: operator, key, and the values of which one must hold.
pub type Condition = (&'static str, &'static str, &'static [&'static str]);

/// What is there already bears the city's tag.
const OURS: Condition = ("StringEquals", "aws:ResourceTag/migrate:city", &["{city}"]);
/// What is made gets the city's tag in the same call.
const MARKED: Condition = ("StringEquals", "aws:RequestTag/migrate:city", &["{city}"]);

/// Calls that are allowed on the same resources under the same conditions: one statement of a policy.
#[derive(Debug)]
pub struct Grant {
    /// The statement's id.
    pub sid: &'static str,
    /// Who needs it.
    pub role: Role,
    /// Calls that the code makes, `service:Operation`. A call may stand in two grants: a subnet is made in a VPC.
    pub calls: &'static [&'static str],
    /// Rights that AWS asks of whoever makes those calls, such as for the tags that a create carries.
    pub also: &'static [&'static str],
    /// The resources: ARNs with `{account}`, `{region}`, `{city}`, `{state}`, `{logs}` (the buckets) in them.
    pub on: &'static [&'static str],
    /// All of them must hold. A value with `{host}` stands for one value for each name that the city answers to.
    pub when: &'static [Condition],
    /// Why it is no narrower.
    pub why: &'static str,
}

/// All grants, `plan`'s first.
pub fn grants() -> impl Iterator<Item = &'static Grant> + Clone {
    reads::GRANTS.iter().chain(network::GRANTS).chain(writes::GRANTS)
}

impl Grant {
    /// The IAM actions: those of the calls, then those that AWS asks for besides.
    pub fn actions(&self) -> impl Iterator<Item = &'static str> {
        self.calls.iter().copied().map(action).chain(self.also.iter().copied())
    }

    /// True where the conditions tell resources that are there already: by their tag.
    pub fn by_owner(&self) -> bool {
        self.when.iter().any(|(_, key, _)| key.starts_with("aws:ResourceTag/"))
    }
}

/// The IAM action of a call. S3 alone names some of them differently.
pub fn action(call: &'static str) -> &'static str {
    match call {
        "s3:ListBuckets" => "s3:ListAllMyBuckets",
        "s3:ListObjectsV2" => "s3:ListBucket",
        "s3:GetPublicAccessBlock" => "s3:GetBucketPublicAccessBlock",
        "s3:PutPublicAccessBlock" => "s3:PutBucketPublicAccessBlock",
        "s3:PutBucketEncryption" => "s3:PutEncryptionConfiguration",
        "s3:PutBucketLifecycleConfiguration" => "s3:PutLifecycleConfiguration",
        other => other,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    /// Every text in the sources that looks like a call: `"ec2:CreateVpc"`.
    fn named_in(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                named_in(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") && !path.to_string_lossy().contains("aws/calls") {
                let text = std::fs::read_to_string(&path).unwrap();
                // What stands in tests is never called.
                let code = text.split("#[cfg(test)]").next().unwrap_or_default();
                found.extend(code.split('"').filter(|part| is_call(part)).map(str::to_owned));
            }
        }
    }

    fn is_call(text: &str) -> bool {
        let services: BTreeSet<_> = grants().flat_map(|g| g.calls).filter_map(|call| call.split(':').next()).collect();
        let Some((service, operation)) = text.split_once(':') else { return false };
        (services.contains(service) || service == "elb")
            && operation.starts_with(|c: char| c.is_ascii_uppercase())
            && operation.chars().all(|c| c.is_ascii_alphanumeric())
    }

    #[test]
    fn the_list_is_what_the_sources_call_neither_less_nor_more() {
        let mut called = BTreeSet::new();
        named_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut called);
        // Rights in the policies of roles that the city makes for others.
        let given = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents", "sns:Publish"];
        let given = given.map(str::to_owned).into_iter().collect::<BTreeSet<_>>();
        let called: BTreeSet<_> =
            called.difference(&given).filter(|call| !call.ends_with("AssumeRole")).cloned().collect();
        let listed: BTreeSet<_> = grants().flat_map(|grant| grant.calls).map(|call| (*call).to_owned()).collect();
        let missing: Vec<_> = called.difference(&listed).collect();
        assert!(missing.is_empty(), "called, but not in src/aws/calls/: {missing:?}");
        let unused: Vec<_> = listed.difference(&called).collect();
        assert!(unused.is_empty(), "in src/aws/calls/, but never called: {unused:?}");
    }

    #[test]
    fn plans_role_only_reads() {
        let reads = ["Describe", "Get", "List", "Head", "BatchGet", "Simulate"];
        for action in grants().filter(|grant| grant.role == Role::Plan).flat_map(Grant::actions) {
            let operation = action.split(':').nth(1).unwrap();
            assert!(reads.iter().any(|verb| operation.starts_with(verb)), "{action}");
        }
    }

    #[test]
    fn whoever_may_do_something_to_everything_says_why() {
        for grant in grants() {
            assert!(!grant.on.is_empty() && grant.actions().count() > 0, "{}", grant.sid);
            assert!(!grant.on.contains(&"*") || !grant.why.is_empty(), "{} is for everything: why?", grant.sid);
        }
        let sids: BTreeSet<_> = grants().map(|grant| grant.sid).collect();
        assert_eq!(sids.len(), grants().count(), "every statement has its own id");
    }
}
