"""IAM's decisions about what a user's or role's policies allow."""

import json
import unittest

from .base import Case

TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}]})
MALMO = "arn:aws:rds:eu-north-1:123456789012:db:malmo"
OTHER = "arn:aws:rds:eu-north-1:123456789012:db:malmo2"


class Simulation(Case):
    def setUp(self) -> None:
        self.control("POST", "reset")
        self.iam = self.client("iam")

    def role(self, *statements: dict) -> str:
        arn = self.iam.create_role(RoleName="mover", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
        policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
        self.iam.put_role_policy(RoleName="mover", PolicyName="p", PolicyDocument=policy)
        return arn

    def ask(self, arn: str, action: str, resource: str = "*", **context: str) -> tuple[str, list[str]]:
        entries = [{"ContextKeyName": key.replace("__", ":").replace("_", "/"), "ContextKeyType": "string",
                    "ContextKeyValues": [value]} for key, value in context.items()]
        answer = self.iam.simulate_principal_policy(
            PolicySourceArn=arn, ActionNames=[action], ResourceArns=[resource], ContextEntries=entries)
        result = answer["EvaluationResults"][0]
        return result["EvalDecision"], result["MissingContextValues"]

    def test_actions_and_resources(self) -> None:
        arn = self.role({"Effect": "Allow", "Action": ["rds:Create*", "rds:deleteDBInstance"], "Resource": MALMO})
        self.assertEqual(self.ask(arn, "rds:CreateDBInstance", MALMO), ("allowed", []))
        self.assertEqual(self.ask(arn, "rds:DeleteDBInstance", MALMO), ("allowed", []))
        self.assertEqual(self.ask(arn, "rds:CreateDBInstance", OTHER), ("implicitDeny", []))
        self.assertEqual(self.ask(arn, "rds:ModifyDBInstance", MALMO), ("implicitDeny", []))
        self.assertEqual(self.ask(arn, "rds:CreateDBInstance"), ("implicitDeny", []))

    def test_a_deny_wins(self) -> None:
        arn = self.role({"Effect": "Allow", "Action": "*", "Resource": "*"},
                        {"Effect": "Deny", "Action": "rds:Delete*", "Resource": "*"})
        self.assertEqual(self.ask(arn, "rds:CreateDBInstance", MALMO)[0], "allowed")
        self.assertEqual(self.ask(arn, "rds:DeleteDBInstance", MALMO)[0], "explicitDeny")

    def test_conditions(self) -> None:
        arn = self.role({"Effect": "Allow", "Action": "ec2:CreateTags", "Resource": "*", "Condition": {
            "StringEquals": {"aws:RequestTag/city": "malmo"}, "Null": {"ec2:CreateAction": "false"}}})
        self.assertEqual(self.ask(arn, "ec2:CreateTags"), ("implicitDeny", ["aws:RequestTag/city"]))
        tagged = {"aws__RequestTag_city": "malmo"}
        self.assertEqual(self.ask(arn, "ec2:CreateTags", **tagged)[0], "implicitDeny")
        self.assertEqual(self.ask(arn, "ec2:CreateTags", **tagged, ec2__CreateAction="CreateVpc")[0], "allowed")
        other = {"aws__RequestTag_city": "lund"}
        self.assertEqual(self.ask(arn, "ec2:CreateTags", **other, ec2__CreateAction="CreateVpc")[0], "implicitDeny")

    def test_managed_policies_count_and_strangers_are_not_found(self) -> None:
        arn = self.role({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"})
        self.assertEqual(self.ask(arn, "ec2:DescribeVpcs")[0], "implicitDeny")
        self.iam.attach_role_policy(RoleName="mover", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
        self.assertEqual(self.ask(arn, "ec2:DescribeVpcs")[0], "allowed")
        self.refused("NoSuchEntity", self.iam.simulate_principal_policy, PolicySourceArn=arn + "x",
                     ActionNames=["ec2:DescribeVpcs"])

    def test_the_sandboxs_caller_may_everything_until_it_has_policies(self) -> None:
        arn = self.client("sts").get_caller_identity()["Arn"].replace(":sts:", ":iam:")
        self.assertEqual(self.ask(arn, "rds:CreateDBInstance", MALMO)[0], "allowed")
        self.iam.create_user(UserName="moto")
        self.assertEqual(self.ask(arn, "rds:CreateDBInstance", MALMO)[0], "implicitDeny")

    def test_long_answers_come_in_pages(self) -> None:
        arn = self.role({"Effect": "Allow", "Action": "*", "Resource": "*"})
        actions = [f"ec2:Describe{n}" for n in range(60)]
        pages = self.iam.get_paginator("simulate_principal_policy").paginate(
            PolicySourceArn=arn, ActionNames=actions, ResourceArns=[MALMO, OTHER])
        lengths = [len(page["EvaluationResults"]) for page in pages]
        self.assertEqual(lengths, [100, 20])


if __name__ == "__main__":
    unittest.main()
