"""Tests of the sandbox: a really started adapter, called over HTTP with boto3."""
