"""The roles of a stack's functions: their credentials, and their policies with a permission taken away."""

import json
from contextlib import contextmanager

from botocore.exceptions import ClientError

TEST_POLICY = "WhatIsLeft"
DENIED = {"AccessDenied", "AccessDeniedException", "403", "AuthorizationError"}


class Role:
    """The role of one function."""

    def __init__(self, stack, logical):
        self.stack = stack
        self.logical = logical
        self.name = stack.resource(logical)
        self.iam = stack.client("iam")
        self.arn = self.iam.get_role(RoleName=self.name)["Role"]["Arn"]

    def credentials(self):
        """Credentials as the function has them: root is trusted for as long as it takes to ask."""
        role = self.iam.get_role(RoleName=self.name)["Role"]
        trusted = json.loads(json.dumps(role["AssumeRolePolicyDocument"]))
        account = role["Arn"].split(":")[4]
        asking = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "sts:AssumeRole"}
        trusted["Statement"].append(asking)
        self.iam.update_assume_role_policy(RoleName=self.name, PolicyDocument=json.dumps(trusted))
        try:
            assumed = self.stack.client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="test")
        finally:
            original = json.dumps(role["AssumeRolePolicyDocument"])
            self.iam.update_assume_role_policy(RoleName=self.name, PolicyDocument=original)
        return assumed["Credentials"]

    def inline(self):
        """Its own policies: documents by name."""
        names = self.iam.list_role_policies(RoleName=self.name)["PolicyNames"]
        return {
            name: self.iam.get_role_policy(RoleName=self.name, PolicyName=name)["PolicyDocument"] for name in names
        }

    def attached(self):
        """Policies that the template attaches under a condition: documents by ARN."""
        documents = {}
        for policy in self.iam.list_attached_role_policies(RoleName=self.name)["AttachedPolicies"]:
            arn = policy["PolicyArn"]
            version = self.iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
            found = self.iam.get_policy_version(PolicyArn=arn, VersionId=version)
            documents[arn] = found["PolicyVersion"]["Document"]
        return documents

    def permissions(self):
        """Every (statement, action, resource) that it has."""
        for document in [*self.inline().values(), *self.attached().values()]:
            for statement in document["Statement"]:
                for action in many(statement["Action"]):
                    for resource in many(statement["Resource"]):
                        yield statement["Sid"], action, resource

    @contextmanager
    def without(self, sid, action, resource):
        """Takes one permission away for as long as the block runs."""
        for name, document in self.inline().items():
            if has(document, sid):
                self.put(name, reduced(document, sid, action, resource))
                try:
                    yield
                finally:
                    self.put(name, document)
                return
        arn, document = next((arn, document) for arn, document in self.attached().items() if has(document, sid))
        self.iam.detach_role_policy(RoleName=self.name, PolicyArn=arn)
        left = reduced(document, sid, action, resource)
        try:
            if left["Statement"]:
                self.put(TEST_POLICY, left)
            yield
        finally:
            if left["Statement"]:
                self.iam.delete_role_policy(RoleName=self.name, PolicyName=TEST_POLICY)
            self.iam.attach_role_policy(RoleName=self.name, PolicyArn=arn)

    def put(self, name, document):
        """Replaces a policy of its own."""
        self.iam.put_role_policy(RoleName=self.name, PolicyName=name, PolicyDocument=json.dumps(document))


def many(value):
    """A list, of one where the policy has no list."""
    return value if isinstance(value, list) else [value]


def has(document, sid):
    """Whether a policy has a statement."""
    return any(statement["Sid"] == sid for statement in document["Statement"])


def reduced(document, sid, action, resource):
    """A policy without one action of one statement on one resource; its other resources keep it."""
    statements = []
    for statement in document["Statement"]:
        if statement["Sid"] != sid:
            statements.append(statement)
            continue
        actions, resources = many(statement["Action"]), many(statement["Resource"])
        assert action in actions and resource in resources
        kept = [other for other in actions if other != action]
        if kept:
            statements.append(statement | {"Action": kept})
        elsewhere = [other for other in resources if other != resource]
        if elsewhere:
            statements.append(statement | {"Sid": f"{sid}Elsewhere", "Action": action, "Resource": elsewhere})
    return document | {"Statement": statements}


def is_denied(call):
    """Whether a call is refused for want of a permission; other errors are not swallowed."""
    try:
        call()
    except ClientError as error:
        if error.response["Error"]["Code"] in DENIED:
            return True
        raise
    return False
