"""S3, IAM, SNS, Logs, SSM, ECR, Secrets Manager, Service Quotas."""

import json
import unittest

from .base import Case

POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}]})
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ecs-tasks.amazonaws.com"}}]})


class Others(Case):
    def setUp(self) -> None:
        self.control("POST", "reset")

    def test_s3_conditions(self) -> None:
        s3 = self.client("s3")
        s3.create_bucket(Bucket="state", CreateBucketConfiguration={"LocationConstraint": "eu-north-1"})
        s3.put_bucket_versioning(Bucket="state", VersioningConfiguration={"Status": "Enabled"})
        first = s3.put_object(Bucket="state", Key="k", Body=b"1", IfNoneMatch="*")["ETag"]
        self.refused("PreconditionFailed", s3.put_object, Bucket="state", Key="k", Body=b"2", IfNoneMatch="*")
        second = s3.put_object(Bucket="state", Key="k", Body=b"2", IfMatch=first)["ETag"]
        self.refused("PreconditionFailed", s3.put_object, Bucket="state", Key="k", Body=b"3", IfMatch=first)
        self.refused("NoSuchKey", s3.put_object, Bucket="state", Key="none", Body=b"3", IfMatch=first)
        self.refused("PreconditionFailed", s3.delete_object, Bucket="state", Key="k", IfMatch=first)
        s3.delete_object(Bucket="state", Key="k", IfMatch=second)
        self.refused("NoSuchKey", s3.get_object, Bucket="state", Key="k")
        s3.put_object(Bucket="state", Key="k", Body=b"4", IfNoneMatch="*")
        self.assertEqual(len(s3.list_object_versions(Bucket="state")["Versions"]), 3)
        self.assertEqual(s3.get_bucket_versioning(Bucket="state")["Status"], "Enabled")
        self.refused("BucketNotEmpty", s3.delete_bucket, Bucket="state")
        self.refused("BucketAlreadyOwnedByYou", s3.create_bucket, Bucket="state",
                     CreateBucketConfiguration={"LocationConstraint": "eu-north-1"})

    def test_s3_versioning_is_told_as_s3_does(self) -> None:
        s3 = self.client("s3")
        s3.create_bucket(Bucket="state", CreateBucketConfiguration={"LocationConstraint": "eu-north-1"})
        bodies = []
        s3.meta.events.register("after-call", lambda http_response, **_: bodies.append(http_response.text))
        self.assertNotIn("Status", s3.get_bucket_versioning(Bucket="state"))
        s3.put_bucket_versioning(Bucket="state", VersioningConfiguration={"Status": "Enabled"})
        self.assertEqual(s3.get_bucket_versioning(Bucket="state")["Status"], "Enabled")
        # The element's name matters to SDKs that parse strictly.
        self.assertEqual([body.count("<VersioningConfiguration") for body in bodies], [1, 0, 1])

    def test_a_new_bucket_is_private_and_encrypted(self) -> None:
        s3 = self.client("s3")
        s3.create_bucket(Bucket="state", CreateBucketConfiguration={"LocationConstraint": "eu-north-1"})
        block = s3.get_public_access_block(Bucket="state")["PublicAccessBlockConfiguration"]
        self.assertEqual(set(block.values()), {True})
        rule = s3.get_bucket_encryption(Bucket="state")["ServerSideEncryptionConfiguration"]["Rules"][0]
        self.assertEqual(rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"], "AES256")
        owner = s3.get_bucket_ownership_controls(Bucket="state")["OwnershipControls"]["Rules"]
        self.assertEqual(owner, [{"ObjectOwnership": "BucketOwnerEnforced"}])
        policy = {"Version": "2012-10-17", "Statement": [
            {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::state/*",
             "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]}
        s3.put_bucket_policy(Bucket="state", Policy=json.dumps(policy))
        self.assertEqual(json.loads(s3.get_bucket_policy(Bucket="state")["Policy"]), policy)

    def test_iam_roles(self) -> None:
        iam = self.client("iam")
        iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST, Tags=[{"Key": "a", "Value": "b"}])
        self.refused("EntityAlreadyExists", iam.create_role, RoleName="r", AssumeRolePolicyDocument=TRUST)
        iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=POLICY)
        managed = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
        iam.attach_role_policy(RoleName="r", PolicyArn=managed)
        iam.create_instance_profile(InstanceProfileName="ip")
        iam.add_role_to_instance_profile(InstanceProfileName="ip", RoleName="r")
        role = next(r for r in iam.get_account_authorization_details(Filter=["Role"])["RoleDetailList"]
                    if r["RoleName"] == "r")
        self.assertEqual([p["PolicyName"] for p in role["RolePolicyList"]], ["p"])
        self.assertEqual([p["PolicyArn"] for p in role["AttachedManagedPolicies"]], [managed])
        self.assertEqual([p["InstanceProfileName"] for p in role["InstanceProfileList"]], ["ip"])
        self.assertEqual(role["Tags"], [{"Key": "a", "Value": "b"}])
        self.refused("DeleteConflict", iam.delete_role, RoleName="r")
        iam.remove_role_from_instance_profile(InstanceProfileName="ip", RoleName="r")
        self.refused("DeleteConflict", iam.delete_role, RoleName="r")
        iam.detach_role_policy(RoleName="r", PolicyArn=managed)
        self.refused("DeleteConflict", iam.delete_role, RoleName="r")
        iam.delete_role_policy(RoleName="r", PolicyName="p")
        iam.delete_role(RoleName="r")
        iam.delete_instance_profile(InstanceProfileName="ip")

    def test_service_linked_roles(self) -> None:
        iam = self.client("iam")
        for service, name in (("ecs.amazonaws.com", "AWSServiceRoleForECS"),
                              ("ecs.application-autoscaling.amazonaws.com",
                               "AWSServiceRoleForApplicationAutoScaling_ECSService")):
            made = iam.create_service_linked_role(AWSServiceName=service)["Role"]
            self.assertEqual(made["RoleName"], name)
            self.assertEqual(iam.get_role(RoleName=name)["Role"]["Arn"], made["Arn"])
            self.assertTrue(made["Arn"].endswith(f"/{name}"))
            self.refused("InvalidInput", iam.create_service_linked_role, AWSServiceName=service)

    def test_mail_subscriptions_stay_pending(self) -> None:
        sns = self.client("sns")
        topic = sns.create_topic(Name="t", Tags=[{"Key": "a", "Value": "b"}])["TopicArn"]
        self.assertEqual(sns.create_topic(Name="t", Tags=[{"Key": "a", "Value": "b"}])["TopicArn"], topic)
        self.assertEqual(sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ops@malmobybike.example")
                         ["SubscriptionArn"], "pending confirmation")
        sns.subscribe(TopicArn=topic, Protocol="https", Endpoint="https://malmobybike.example/")
        listed = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
        self.assertEqual([s["SubscriptionArn"] == "PendingConfirmation" for s in listed], [True, False])
        self.assertEqual(listed[0]["Endpoint"], "ops@malmobybike.example")

    def test_logs(self) -> None:
        logs = self.client("logs")
        logs.create_log_group(logGroupName="/malmo/web", tags={"a": "b"})
        self.refused("ResourceAlreadyExistsException", logs.create_log_group, logGroupName="/malmo/web")
        logs.put_retention_policy(logGroupName="/malmo/web", retentionInDays=30)
        seen = logs.describe_log_groups(logGroupNamePrefix="/malmo")["logGroups"][0]
        self.assertEqual(seen["retentionInDays"], 30)
        self.assertEqual(logs.list_tags_for_resource(resourceArn=seen["logGroupArn"])["tags"], {"a": "b"})
        logs.create_log_group(logGroupName="/aws/rds/malmo/log")
        logs.create_log_group(logGroupName="/drammen/malmo")
        found = logs.describe_log_groups(logGroupNamePattern="/malmo/")["logGroups"]
        self.assertEqual([group["logGroupName"] for group in found], ["/aws/rds/malmo/log", "/malmo/web"])

    def test_images_have_their_own_digests(self) -> None:
        ecr = self.client("ecr")
        ecr.create_repository(repositoryName="bikes-web")
        digests = set()
        for tag in ("1", "2"):
            manifest = json.dumps({"schemaVersion": 2, "layers": [], "config": {
                "digest": "sha256:" + tag * 64, "size": 1},
                "mediaType": "application/vnd.docker.distribution.manifest.v2+json"})
            ecr.put_image(repositoryName="bikes-web", imageManifest=manifest, imageTag=tag)
            which = dict(repositoryName="bikes-web", imageIds=[{"imageTag": tag}])
            digest = ecr.describe_images(**which)["imageDetails"][0]["imageDigest"]
            self.assertEqual(ecr.batch_get_image(**which)["images"][0]["imageId"]["imageDigest"], digest)
            digests.add(digest)
        self.assertEqual(len(digests), 2)
        self.refused("ImageNotFoundException", ecr.describe_images, repositoryName="bikes-web",
                     imageIds=[{"imageTag": "3"}])
        self.refused("RepositoryNotFoundException", ecr.describe_images, repositoryName="none",
                     imageIds=[{"imageTag": "3"}])

    def test_quotas(self) -> None:
        quotas = self.client("service-quotas")
        for service, code in (("ec2", "L-0263D0A3"), ("vpc", "L-F678F1CE")):
            self.assertEqual(quotas.get_service_quota(ServiceCode=service, QuotaCode=code)["Quota"]["Value"], 5.0)
            self.assertIn(code, [q["QuotaCode"] for q in quotas.list_service_quotas(ServiceCode=service)["Quotas"]])
        self.refused("NoSuchResourceException", quotas.get_service_quota, ServiceCode="vpc", QuotaCode="L-00000000")
        which = {"ServiceCode": "ec2", "QuotaCode": "L-0263D0A3"}
        quotas.request_service_quota_increase(**which, DesiredValue=8)
        self.assertEqual(quotas.get_service_quota(**which)["Quota"]["Value"], 8.0)
        self.assertEqual(quotas.get_aws_default_service_quota(**which)["Quota"]["Value"], 5.0)

    def test_secrets(self) -> None:
        secrets = self.client("secretsmanager")
        made = secrets.create_secret(Name="malmo/x", SecretString="s")
        self.refused("ResourceExistsException", secrets.create_secret, Name="malmo/x", SecretString="s")
        self.assertEqual(secrets.get_secret_value(SecretId=made["ARN"])["SecretString"], "s")
        self.refused("ResourceNotFoundException", secrets.describe_secret, SecretId="malmo/none")

    def test_the_current_version_is_the_one_with_the_label(self) -> None:
        secrets = self.client("secretsmanager")
        first = secrets.create_secret(Name="login", SecretString="old")["VersionId"]
        second = secrets.put_secret_value(SecretId="login", SecretString="new", VersionStages=["ahead"])["VersionId"]
        self.assertEqual(secrets.get_secret_value(SecretId="login")["SecretString"], "old")
        for source, target, text in ((first, second, "new"), (second, first, "old")):
            secrets.update_secret_version_stage(
                SecretId="login", VersionStage="AWSCURRENT", RemoveFromVersionId=source, MoveToVersionId=target)
            self.assertEqual(secrets.get_secret_value(SecretId="login")["SecretString"], text)


if __name__ == "__main__":
    unittest.main()
