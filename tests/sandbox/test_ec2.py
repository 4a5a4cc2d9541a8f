"""EC2: lifecycles, client tokens, things in use, duplicates, images, addresses."""

import unittest

from .base import REGION, Case

IMAGE = "resolve:ssm:/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id"
ARM = IMAGE.replace("2023/", "2023/arm64/")


class Ec2(Case):
    def setUp(self) -> None:
        self.control("POST", "reset")
        self.net = self.network()
        self.ec2 = self.client("ec2")

    def nat(self, token: str = "t-1") -> dict:
        self.allocation = getattr(self, "allocation", None) or self.ec2.allocate_address(Domain="vpc")["AllocationId"]
        return self.ec2.create_nat_gateway(
            SubnetId=self.net["subnets"][0], AllocationId=self.allocation, ClientToken=token,
            TagSpecifications=[{"ResourceType": "natgateway", "Tags": [{"Key": "migrate:city", "Value": "malmo"}]}],
        )["NatGateway"]

    def nat_state(self, name: str) -> str:
        return self.ec2.describe_nat_gateways(NatGatewayIds=[name])["NatGateways"][0]["State"]

    def test_nat_gateway_lives_over_time(self) -> None:
        nat = self.nat()
        name = nat["NatGatewayId"]
        self.assertEqual(self.nat_state(name), "pending")
        self.pass_time(120)
        self.assertEqual(self.nat_state(name), "available")
        found = self.ec2.describe_nat_gateways(Filters=[{"Name": "tag:migrate:city", "Values": ["malmo"]}])
        self.assertEqual(found["NatGateways"][0]["NatGatewayAddresses"][0]["AllocationId"], self.allocation)
        none = self.ec2.describe_nat_gateways(Filters=[{"Name": "tag:migrate:city", "Values": ["drammen"]}])
        self.assertEqual(none["NatGateways"], [])
        self.refused("InvalidIPAddress.InUse", self.ec2.release_address, AllocationId=self.allocation)
        self.refused("DependencyViolation", self.ec2.delete_subnet, SubnetId=self.net["subnets"][0])
        self.ec2.delete_nat_gateway(NatGatewayId=name)
        self.assertEqual(self.nat_state(name), "deleting")
        self.refused("DependencyViolation", self.ec2.delete_subnet, SubnetId=self.net["subnets"][0])
        self.pass_time(62)
        self.assertEqual(self.nat_state(name), "deleted")
        self.ec2.release_address(AllocationId=self.allocation)
        self.ec2.delete_subnet(SubnetId=self.net["subnets"][0])
        self.refused("NatGatewayNotFound", self.nat_state, name="nat-0123456789abcdef0")

    def test_two_vpcs_have_one_peering_connection(self) -> None:
        other = self.ec2.create_vpc(CidrBlock="10.40.0.0/16")["Vpc"]["VpcId"]
        tags = [{"ResourceType": "vpc-peering-connection", "Tags": [{"Key": "migrate:city", "Value": "malmo"}]}]

        def ask() -> str:
            made = self.ec2.create_vpc_peering_connection(VpcId=self.net["vpc"], PeerVpcId=other, TagSpecifications=tags)
            return made["VpcPeeringConnection"]["VpcPeeringConnectionId"]

        def listed(city: str) -> list[str]:
            found = self.ec2.describe_vpc_peering_connections(Filters=[{"Name": "tag:migrate:city", "Values": [city]}])
            return [one["Status"]["Code"] for one in found["VpcPeeringConnections"]]

        name = ask()
        self.assertEqual(ask(), name)
        self.assertEqual((listed("malmo"), listed("drammen")), (["pending-acceptance"], []))
        self.ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=name)
        self.refused("InvalidStateTransition", self.ec2.accept_vpc_peering_connection, VpcPeeringConnectionId=name)
        table = self.ec2.create_route_table(VpcId=self.net["vpc"])["RouteTable"]["RouteTableId"]
        self.ec2.create_route(RouteTableId=table, DestinationCidrBlock="10.40.0.0/16", VpcPeeringConnectionId=name)

        def state() -> str:
            routes = self.ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
            return next(route["State"] for route in routes if route.get("VpcPeeringConnectionId") == name)

        self.assertEqual(state(), "active")
        self.ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=name)
        self.assertEqual((state(), listed("malmo")), ("blackhole", ["deleted"]))
        self.assertNotEqual(ask(), name)

    def test_a_route_to_what_is_gone_is_a_black_hole(self) -> None:
        nat = self.nat()["NatGatewayId"]
        self.pass_time(120)
        gateway = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=self.net["vpc"])
        table = self.ec2.create_route_table(VpcId=self.net["vpc"])["RouteTable"]["RouteTableId"]
        self.ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
        self.ec2.create_route(RouteTableId=table, DestinationCidrBlock="192.0.2.0/24", GatewayId=gateway)

        def states() -> list[str]:
            routes = self.ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
            return sorted(r["State"] for r in routes if r.get("GatewayId") != "local")

        self.assertEqual(states(), ["active", "active"])
        self.ec2.delete_nat_gateway(NatGatewayId=nat)
        self.assertEqual(states(), ["active", "blackhole"])
        self.pass_time(70)  # its address is mapped until it is gone
        self.ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=self.net["vpc"])
        self.assertEqual(states(), ["blackhole", "blackhole"])

    def refused_token(self, call, **kwargs) -> None:
        self.refused("IdempotentParameterMismatch", call, **kwargs)

    def test_client_tokens(self) -> None:
        self.assertEqual(self.nat()["NatGatewayId"], self.nat()["NatGatewayId"])
        self.assertEqual(len(self.ec2.describe_nat_gateways()["NatGateways"]), 1)
        run = dict(ImageId="ami-12345678", MinCount=2, MaxCount=2, SubnetId=self.net["subnets"][0], ClientToken="run")
        first = [i["InstanceId"] for i in self.ec2.run_instances(**run)["Instances"]]
        self.assertEqual(first, [i["InstanceId"] for i in self.ec2.run_instances(**run)["Instances"]])
        self.refused_token(self.ec2.run_instances, **{**run, "MinCount": 1, "MaxCount": 1})
        template = dict(LaunchTemplateName="t", LaunchTemplateData={"ImageId": IMAGE}, ClientToken="lt")
        self.assertEqual(self.ec2.create_launch_template(**template)["LaunchTemplate"]["LaunchTemplateId"],
                         self.ec2.create_launch_template(**template)["LaunchTemplate"]["LaunchTemplateId"])
        table = dict(VpcId=self.net["vpc"], ClientToken="rt")
        self.assertEqual(self.ec2.create_route_table(**table)["RouteTable"]["RouteTableId"],
                         self.ec2.create_route_table(**table)["RouteTable"]["RouteTableId"])
        endpoint = dict(VpcId=self.net["vpc"], ServiceName=f"com.amazonaws.{REGION}.s3", ClientToken="ep")
        self.assertEqual(self.ec2.create_vpc_endpoint(**endpoint)["VpcEndpoint"]["VpcEndpointId"],
                         self.ec2.create_vpc_endpoint(**endpoint)["VpcEndpoint"]["VpcEndpointId"])

    def test_flow_logs(self) -> None:
        self.client("logs").create_log_group(logGroupName="/flow")
        role = self.client("iam").create_role(RoleName="flow", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        asked = dict(ResourceType="VPC", ResourceIds=[self.net["vpc"]], TrafficType="ALL", LogGroupName="/flow",
                     DeliverLogsPermissionArn=role, ClientToken="fl", MaxAggregationInterval=60,
                     TagSpecifications=[{"ResourceType": "vpc-flow-log", "Tags": [{"Key": "a", "Value": "b"}]}])
        first = self.ec2.create_flow_logs(**asked)
        self.assertEqual(first["FlowLogIds"], self.ec2.create_flow_logs(**asked)["FlowLogIds"])
        seen = self.ec2.describe_flow_logs(
            Filters=[{"Name": "resource-id", "Values": [self.net["vpc"]]}])["FlowLogs"]
        self.assertEqual([(f["TrafficType"], f["LogGroupName"], f["FlowLogStatus"], f["Tags"]) for f in seen],
                         [("ALL", "/flow", "ACTIVE", [{"Key": "a", "Value": "b"}])])

    def test_a_vpc_in_use_stays(self) -> None:
        gateway = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=self.net["vpc"])
        table = self.ec2.create_route_table(VpcId=self.net["vpc"])["RouteTable"]["RouteTableId"]
        tied = self.ec2.associate_route_table(RouteTableId=table, SubnetId=self.net["subnets"][0])["AssociationId"]
        route = dict(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
        self.ec2.create_route(**route)
        self.refused("RouteAlreadyExists", self.ec2.create_route, **route)
        nat = self.nat()["NatGatewayId"]
        self.refused("DependencyViolation", self.ec2.delete_vpc, VpcId=self.net["vpc"])
        self.refused("DependencyViolation", self.ec2.delete_internet_gateway, InternetGatewayId=gateway)
        self.refused("DependencyViolation", self.ec2.detach_internet_gateway, InternetGatewayId=gateway,
                     VpcId=self.net["vpc"])
        self.refused("DependencyViolation", self.ec2.delete_route_table, RouteTableId=table)
        self.ec2.delete_nat_gateway(NatGatewayId=nat)
        self.pass_time(62)
        self.ec2.disassociate_route_table(AssociationId=tied)
        self.ec2.delete_route_table(RouteTableId=table)
        self.ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=self.net["vpc"])
        self.ec2.delete_internet_gateway(InternetGatewayId=gateway)
        for subnet in self.net["subnets"]:
            self.ec2.delete_subnet(SubnetId=subnet)
        self.ec2.delete_vpc(VpcId=self.net["vpc"])
        self.refused("InvalidVpcID.NotFound", self.ec2.describe_vpcs, VpcIds=[self.net["vpc"]])

    def group(self, name: str) -> str:
        return self.ec2.create_security_group(GroupName=name, Description="d", VpcId=self.net["vpc"])["GroupId"]

    def test_security_groups(self) -> None:
        one, two = self.group("one"), self.group("two")
        self.refused("InvalidGroup.Duplicate", self.group, name="one")
        rule = {"IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080, "UserIdGroupPairs": [{"GroupId": one}]}
        web = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80,
               "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "web"}]}
        added = self.ec2.authorize_security_group_ingress(
            GroupId=two, IpPermissions=[rule, web],
            TagSpecifications=[{"ResourceType": "security-group-rule", "Tags": [{"Key": "k", "Value": "v"}]}])
        self.assertEqual(len(added["SecurityGroupRules"]), 2)
        other = {**web, "FromPort": 443, "ToPort": 443}
        self.refused("InvalidPermission.Duplicate", self.ec2.authorize_security_group_ingress, GroupId=two,
                     IpPermissions=[other, web])
        rules = self.ec2.describe_security_group_rules(
            Filters=[{"Name": "group-id", "Values": [two]}])["SecurityGroupRules"]
        inbound = sorted((r["FromPort"], r.get("CidrIpv4"), r.get("ReferencedGroupInfo", {}).get("GroupId"),
                          r.get("Description"), str(r["Tags"])) for r in rules if not r["IsEgress"])
        tags = str([{"Key": "k", "Value": "v"}])
        self.assertEqual(inbound, [(80, "0.0.0.0/0", None, "web", tags), (8080, None, one, None, tags)])
        described = self.ec2.describe_security_groups(GroupIds=[two])["SecurityGroups"][0]
        self.assertEqual(len(described["IpPermissions"]), 2)
        self.refused("DependencyViolation", self.ec2.delete_security_group, GroupId=one)
        self.ec2.revoke_security_group_ingress(
            GroupId=two, SecurityGroupRuleIds=[r["SecurityGroupRuleId"] for r in added["SecurityGroupRules"]])
        self.ec2.delete_security_group(GroupId=one)
        instance = self.ec2.run_instances(ImageId="ami-1", MinCount=1, MaxCount=1, SubnetId=self.net["subnets"][0],
                                          SecurityGroupIds=[two])["Instances"][0]["InstanceId"]
        self.refused("DependencyViolation", self.ec2.delete_security_group, GroupId=two)
        self.refused("DependencyViolation", self.ec2.delete_subnet, SubnetId=self.net["subnets"][0])
        self.ec2.terminate_instances(InstanceIds=[instance])
        self.ec2.delete_security_group(GroupId=two)
        self.ec2.delete_subnet(SubnetId=self.net["subnets"][0])

    def test_groups_of_databases_and_interfaces_stay(self) -> None:
        used, rds = self.group("db"), self.client("rds")
        rds.create_db_subnet_group(DBSubnetGroupName="g", DBSubnetGroupDescription="d", SubnetIds=self.net["subnets"])
        rds.create_db_instance(DBInstanceIdentifier="d", DBInstanceClass="db.t4g.micro", Engine="mysql",
                               EngineVersion="8.0.42", MasterUsername="u", MasterUserPassword="password1",
                               AllocatedStorage=20, DBSubnetGroupName="g", VpcSecurityGroupIds=[used])
        self.refused("DependencyViolation", self.ec2.delete_security_group, GroupId=used)
        self.refused("DependencyViolation", self.ec2.delete_subnet, SubnetId=self.net["subnets"][1])
        held = self.group("eni")
        eni = self.ec2.create_network_interface(SubnetId=self.net["subnets"][0], Groups=[held])["NetworkInterface"]
        self.refused("DependencyViolation", self.ec2.delete_security_group, GroupId=held)
        listed = self.ec2.describe_network_interfaces(
            Filters=[{"Name": "group-id", "Values": [held]}])["NetworkInterfaces"]
        self.assertEqual([i["NetworkInterfaceId"] for i in listed], [eni["NetworkInterfaceId"]])
        self.ec2.delete_network_interface(NetworkInterfaceId=eni["NetworkInterfaceId"])
        self.ec2.delete_security_group(GroupId=held)
        default = self.ec2.describe_security_groups(Filters=[
            {"Name": "vpc-id", "Values": [self.net["vpc"]]},
            {"Name": "group-name", "Values": ["default"]}])["SecurityGroups"][0]["GroupId"]
        self.refused("CannotDelete", self.ec2.delete_security_group, GroupId=default)

    def test_images_by_parameter(self) -> None:
        ssm = self.client("ssm")
        for image, kind in ((IMAGE, "t3.small"), (ARM, "t4g.small")):
            wanted = ssm.get_parameter(Name=image.removeprefix("resolve:ssm:"))["Parameter"]["Value"]
            self.assertTrue(wanted.startswith("ami-"))
            name = kind.replace(".", "-")
            self.ec2.create_launch_template(
                LaunchTemplateName=name, LaunchTemplateData={"ImageId": image, "InstanceType": kind})
            kept = self.ec2.describe_launch_template_versions(LaunchTemplateName=name)["LaunchTemplateVersions"][0]
            self.assertEqual(kept["LaunchTemplateData"]["ImageId"], image)
            started = self.ec2.run_instances(
                LaunchTemplate={"LaunchTemplateName": name}, MinCount=1, MaxCount=1,
                SubnetId=self.net["subnets"][0])["Instances"][0]
            self.assertEqual((started["ImageId"], started["InstanceType"]), (wanted, kind))
            direct = self.ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]
            self.assertEqual(direct["ImageId"], wanted)
        self.refused("InvalidParameterValue", self.ec2.run_instances, ImageId="resolve:ssm:/none", MinCount=1, MaxCount=1)

    def test_tags_of_a_template_and_of_what_it_launches(self) -> None:
        tags = [{"Key": "migrate:city", "Value": "malmo"}]
        data = {"ImageId": IMAGE, "InstanceType": "t3.small",
                "TagSpecifications": [{"ResourceType": "instance", "Tags": tags}]}
        self.ec2.create_launch_template(
            LaunchTemplateName="malmo", LaunchTemplateData=data,
            TagSpecifications=[{"ResourceType": "launch-template", "Tags": tags}])
        kept = self.ec2.describe_launch_template_versions(LaunchTemplateName="malmo", Versions=["$Latest"])
        self.assertEqual(kept["LaunchTemplateVersions"][0]["LaunchTemplateData"], data)
        found = self.ec2.describe_launch_templates(Filters=[{"Name": "tag:migrate:city", "Values": ["malmo"]}])
        self.assertEqual(found["LaunchTemplates"][0]["Tags"], tags)

    def test_dry_run_has_no_effect(self) -> None:
        before = len(self.ec2.describe_vpcs()["Vpcs"])
        self.refused("DryRunOperation", self.ec2.create_vpc, CidrBlock="10.9.0.0/16", DryRun=True)
        self.refused("DryRunOperation", self.ec2.delete_vpc, VpcId=self.net["vpc"], DryRun=True)
        self.assertEqual(len(self.ec2.describe_vpcs()["Vpcs"]), before)

    def test_endpoints_are_gateways_and_go(self) -> None:
        made = self.ec2.create_vpc_endpoint(VpcId=self.net["vpc"], ServiceName=f"com.amazonaws.{REGION}.s3")
        name = made["VpcEndpoint"]["VpcEndpointId"]
        self.assertEqual(made["VpcEndpoint"]["VpcEndpointType"], "Gateway")
        self.ec2.delete_vpc_endpoints(VpcEndpointIds=[name])
        left = self.ec2.describe_vpc_endpoints(Filters=[{"Name": "vpc-id", "Values": [self.net["vpc"]]}])
        self.assertEqual(left["VpcEndpoints"], [])

    def test_tags_are_found_by_tag(self) -> None:
        self.ec2.create_tags(Resources=[self.net["vpc"]], Tags=[{"Key": "migrate:city", "Value": "malmo"},
                                                                {"Key": "migrate:address", "Value": "vpc/main"}])
        found = lambda city: [(t["ResourceId"], t["Key"]) for t in self.ec2.describe_tags(  # noqa: E731
            Filters=[{"Name": "tag:migrate:city", "Values": [city]}])["Tags"]]
        self.assertEqual(sorted(found("malmo")), [(self.net["vpc"], "migrate:address"), (self.net["vpc"], "migrate:city")])
        self.assertEqual(found("drammen"), [])

    def test_vpc_attributes(self) -> None:
        self.ec2.modify_vpc_attribute(VpcId=self.net["vpc"], EnableDnsHostnames={"Value": True})
        seen = self.ec2.describe_vpc_attribute(VpcId=self.net["vpc"], Attribute="enableDnsHostnames")
        self.assertTrue(seen["EnableDnsHostnames"]["Value"])
        seen = self.ec2.describe_vpc_attribute(VpcId=self.net["vpc"], Attribute="enableDnsSupport")
        self.assertTrue(seen["EnableDnsSupport"]["Value"])


if __name__ == "__main__":
    unittest.main()
