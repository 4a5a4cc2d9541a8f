//! Whether the images are in the registry. They were looked up for the plan: what wasn't found has no digest.

use super::check::{Check, Subject};
use super::finding::Verdict;
use crate::engine::CloudResult;
use crate::engine::plan::Goal;
use async_trait::async_trait;
use std::collections::BTreeMap;

/// The check.
pub struct Images;

#[async_trait]
impl Check for Images {
    fn name(&self) -> &'static str {
        "images"
    }

    fn concerns(&self, subject: &Subject<'_>) -> bool {
        subject.plan.goal == Goal::City
    }

    async fn look(&self, subject: &Subject<'_>) -> CloudResult<Verdict> {
        Ok(judge(&subject.plan.lookups.images))
    }
}

fn judge(images: &BTreeMap<String, String>) -> Verdict {
    let mut verdict = Verdict::default();
    for (image, pinned) in images {
        if !pinned.contains("@sha256:") {
            verdict.fail(
                format!("there is no image {image}"),
                format!("docker push {image}, or change the tag in the city file"),
            );
        }
    }
    verdict.or_ok(format!("{} images are in their registries", images.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preflight::Level;

    #[test]
    fn an_image_without_a_digest_is_not_there() {
        let images = |pinned: &str| BTreeMap::from([("repo/web:1".to_owned(), pinned.to_owned())]);
        assert_eq!(judge(&images("repo/web@sha256:abc")).worst(), Level::Ok);
        let verdict = judge(&images("repo/web:1"));
        assert_eq!(verdict.worst(), Level::Fail);
        assert!(verdict.0[0].1.contains("repo/web:1"));
    }
}
