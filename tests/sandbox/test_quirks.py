"""What other emulators answer wrongly, on demand."""

import unittest
import urllib.error

from .base import Case


class Routes(Case):
    def setUp(self) -> None:
        self.control("POST", "reset")
        self.ec2 = self.client("ec2")
        self.vpc = self.network()["vpc"]
        gateway = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=self.vpc)
        table = self.ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"]
        self.ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
        self.gateway = gateway

    def routes(self) -> list[set]:
        """(destination, gateway) of each table of the VPC, that with more routes first."""
        tables = self.ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [self.vpc]}])["RouteTables"]
        found = [{(r["DestinationCidrBlock"], r["GatewayId"]) for r in table["Routes"]} for table in tables]
        return sorted(found, key=lambda routes: -len(routes))

    def test_routes_that_are_not_true(self) -> None:
        local, out = ("10.41.0.0/16", "local"), ("0.0.0.0/0", self.gateway)
        true = [{local, out}, {local}]
        self.assertEqual(self.routes(), true)
        for quirks, shown in (
            ({"local_routes": "wrong"}, [{("172.31.0.0/16", "local"), out}, {("172.31.0.0/16", "local")}]),
            ({"local_routes": "missing"}, [{out}, set()]),
            ({"other_routes": "missing"}, [{local}, {local}]),
            ({"local_routes": "missing", "other_routes": "missing"}, [set(), set()]),
        ):
            self.control("POST", "quirks", quirks)
            self.assertEqual(self.routes(), shown)
            self.assertEqual(self.control("GET", "status")["quirks"], quirks)
            self.assertEqual(self.ec2.describe_vpcs(VpcIds=[self.vpc])["Vpcs"][0]["CidrBlock"], "10.41.0.0/16")
        self.control("POST", "quirks", {})
        self.assertEqual(self.routes(), true)

    def test_nonsense_and_reset(self) -> None:
        self.control("POST", "quirks", {"local_routes": "wrong"})
        with self.assertRaises(urllib.error.HTTPError):
            self.control("POST", "quirks", {"local_routes": "odd"})
        self.assertEqual(self.control("GET", "status")["quirks"], {"local_routes": "wrong"})
        self.control("POST", "reset")
        self.assertEqual(self.control("GET", "status")["quirks"], {})


if __name__ == "__main__":
    unittest.main()
