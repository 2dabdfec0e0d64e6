"""Every permission of the template's roles, with a use that fails without it; and what the roles must not do."""

import json
from dataclasses import dataclass
from typing import Callable

from roles import many
from samcli.yamlhelper import yaml_parse
from support.command import ROOT

TEMPLATE = yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))
ROLES = {"IndexerRole": "Indexer", "SearchRole": "Search"}
# With vector bases there is one more.
ALL_ROLES = ROLES | {"BackfillRole": "Backfill"}


@dataclass(frozen=True)
class Permission:
    """One action of a statement, on one of its resources."""

    role: str
    sid: str
    action: str
    # Names the resource in the template's text.
    resource: str
    use: Callable

    @property
    def key(self):
        """What it is called in the template."""
        return self.role, self.sid, self.action, self.resource

    def __str__(self):
        return " ".join(self.key)


def rows(role, sid, uses):
    """Permissions of a statement, from uses by (action, resource)."""
    return [Permission(role, sid, action, resource, use) for (action, resource), use in uses.items()]


def logs(function):
    """The statement about a function's log."""
    group = f"{function}:*"
    return {
        ("logs:CreateLogStream", group): lambda uses: uses.logs(function, "logs:CreateLogStream"),
        ("logs:PutLogEvents", group): lambda uses: uses.logs(function, "logs:PutLogEvents"),
    }


def sends(*queues):
    """The right to send to queues."""
    return {
        ("sqs:SendMessage", f'["{queue}", "Arn"]'): (lambda queue: lambda uses: uses.sends(queue))(queue)
        for queue in queues
    }


CATALOG, UPLOADS = "${CatalogBucket.Arn}/catalog/*", "${CatalogBucket.Arn}/uploads/*"
INDEX = "${IndexBucket.Arn}/${IndexPrefix}/*"
TABLE, FAILED = '["Table", "Arn"]', "${Table.Arn}/index/failed"
STREAM = '["Table", "StreamArn"]'
LISTS = {
    ("s3:ListBucket", '["CatalogBucket", "Arn"]'): lambda uses: uses.lists("CatalogBucket"),
    ("s3:ListBucket", '["IndexBucket", "Arn"]'): lambda uses: uses.lists("IndexBucket"),
}
QUEUES = {
    (action, f'["{queue}", "Arn"]'): (lambda call, queue: lambda uses: getattr(uses, call)(queue))(call, queue)
    for action, call in [
        ("sqs:ReceiveMessage", "receives"), ("sqs:DeleteMessage", "deletes"), ("sqs:GetQueueAttributes", "sees"),
    ]
    for queue in ["ChangesQueue", "RetryQueue"]
}

ALWAYS = [
    *rows("IndexerRole", "ReadsPictures", {("s3:GetObject", CATALOG): lambda uses: uses.indexes()}),
    *rows("IndexerRole", "TellsMissingFromDenied", LISTS),
    *rows("IndexerRole", "WritesIndex", {
        ("s3:GetObject", INDEX): lambda uses: uses.indexes(),
        ("s3:PutObject", INDEX): lambda uses: uses.indexes(),
        ("s3:DeleteObject", INDEX): lambda uses: uses.deletes_segments(),
        ("s3:AbortMultipartUpload", INDEX): lambda uses: uses.aborts(),
    }),
    *rows("IndexerRole", "ReadsProductsAndRecordsImages", {
        ("dynamodb:BatchGetItem", TABLE): lambda uses: uses.indexes(),
        ("dynamodb:BatchWriteItem", TABLE): lambda uses: uses.indexes(),
        ("dynamodb:DeleteItem", TABLE): lambda uses: uses.removes(),
    }),
    *rows("IndexerRole", "FindsFailures", {("dynamodb:Query", FAILED): lambda uses: uses.removes()}),
    *rows("IndexerRole", "TakesChanges", QUEUES),
    *rows("IndexerRole", "QueuesChangesAndMaintenance", sends("ChangesQueue", "RetryQueue")),
    *rows("IndexerRole", "TakesChangedProducts", {
        ("dynamodb:DescribeStream", STREAM): lambda uses: uses.stream("dynamodb:DescribeStream"),
        ("dynamodb:GetRecords", STREAM): lambda uses: uses.stream("dynamodb:GetRecords"),
        ("dynamodb:GetShardIterator", STREAM): lambda uses: uses.stream("dynamodb:GetShardIterator"),
    }),
    *rows("IndexerRole", "FindsStream", {
        ("dynamodb:ListStreams", "${Table.Arn}/stream/*"): lambda uses: uses.stream("dynamodb:ListStreams"),
    }),
    *rows("IndexerRole", "GivesUp", sends("ProductDeadLetters", "InvocationDeadLetters")),
    *rows("IndexerRole", "Logs", logs("indexer")),
    *rows("SearchRole", "ReadsPictures", {
        ("s3:GetObject", CATALOG): lambda uses: uses.links(),
        ("s3:GetObject", UPLOADS): lambda uses: uses.searches_uploads(),
    }),
    *rows("SearchRole", "LetsShoppersUpload", {("s3:PutObject", UPLOADS): lambda uses: uses.takes_uploads()}),
    *rows("SearchRole", "ReadsIndex", {("s3:GetObject", INDEX): lambda uses: uses.searches_anew()}),
    *rows("SearchRole", "TellsMissingFromDenied", LISTS),
    *rows("SearchRole", "ReadsProducts", {("dynamodb:BatchGetItem", TABLE): lambda uses: uses.joins_metadata()}),
    *rows("SearchRole", "CountsFailures", {("dynamodb:Query", FAILED): lambda uses: uses.counts_failures()}),
    *rows("SearchRole", "Logs", logs("search")),
]
KEY = '{"Ref": "KmsKeyArn"}'
VECTOR_BASE = '"${Table.Arn}-base-*"'
VECTOR_BASE_INDEXES = {
    "SearchesVectors": ("dynamodb:SearchVectors", "/index/by-vector"),
    "FindsRowsOfProducts": ("dynamodb:Query", "/index/by-product"),
}


def of_vector_bases(role, sid, *actions):
    """What a function may do with vector bases, and with their indexes."""
    use = lambda action, index="": lambda uses: uses.vector_base(action, index)
    for of_index, (action, index) in VECTOR_BASE_INDEXES.items():
        yield Permission(role, of_index, action, f"${{Table.Arn}}-base-*{index}", use(action, index))
    for action in actions:
        yield Permission(role, sid, action, VECTOR_BASE, use(action))


def granted(sid, resource, arn, *actions, role="BackfillRole"):
    """Permissions, by default of the function that backfills, of which the emulator is asked whether it grants them."""
    use = lambda action: lambda uses: uses.is_granted(action, arn(uses.arns))
    return rows(role, sid, {(action, resource): use(action) for action in actions})


BACKFILL = [
    *granted("ReadsImages", CATALOG, lambda arns: arns.catalog("/catalog/x.jpg"), "s3:GetObject"),
    *granted("TellsMissingFromDenied", '["CatalogBucket", "Arn"]', lambda arns: arns.catalog(), "s3:ListBucket"),
    *granted("TellsMissingFromDeniedInIndex", '["IndexBucket", "Arn"]', lambda arns: arns.index(), "s3:ListBucket"),
    *granted("ReadsIndex", INDEX, lambda arns: arns.index("/index/segments/x.seg"), "s3:GetObject"),
    *granted("WritesManifest", "/manifest.json", lambda arns: arns.index("/index/manifest.json"), "s3:PutObject"),
    *granted("KeepsGenerations", "/manifests/*", lambda arns: arns.index("/index/manifests/1.json"), "s3:PutObject"),
    *granted(
        "ReadsProductsAndRecordsImages", TABLE, lambda arns: arns.table(),
        "dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "dynamodb:DeleteItem",
    ),
    *granted("FindsFailures", FAILED, lambda arns: arns.table("/index/failed"), "dynamodb:Query"),
    *granted(
        "ReadsAndWritesRows", VECTOR_BASE, lambda arns: arns.table("-base-probe"),
        "dynamodb:BatchGetItem", "dynamodb:PutItem",
    ),
    *granted(
        "TakesRequests", '["BackfillQueue", "Arn"]', lambda arns: arns.queue("BackfillQueue"),
        "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes",
    ),
    *granted(
        "LeavesChangesToIndexer", '["ChangesQueue", "Arn"]', lambda arns: arns.queue("ChangesQueue"), "sqs:SendMessage"
    ),
    *rows("BackfillRole", "Logs", logs("backfill")),
    *rows("BackfillRole", "ReadsEncoder", {
        ("s3:GetObject", "${Folder}/*"): lambda uses: uses.is_granted("s3:GetObject", uses.arns.encoder()),
    }),
]

OPTIONAL = [
    *BACKFILL,
    *granted(
        "SeesBackfill", '["BackfillQueue", "Arn"]', lambda arns: arns.queue("BackfillQueue"),
        "sqs:GetQueueAttributes", role="IndexerRole",
    ),
    *rows("SearchRole", "ScansTable", {("dynamodb:Scan", TABLE): lambda uses: uses.audits()}),
    *rows("SearchRole", "ReadsEncoder", {("s3:GetObject", "${Folder}/*"): lambda uses: uses.starts("Search")}),
    *rows("IndexerRole", "ReadsEncoder", {("s3:GetObject", "${Folder}/*"): lambda uses: uses.starts("Indexer")}),
    *of_vector_bases("SearchRole", "ReadsRows", "dynamodb:BatchGetItem"),
    *rows("SearchRole", "ScansRows", {("dynamodb:Scan", VECTOR_BASE): lambda uses: uses.vector_base("dynamodb:Scan")}),
    *of_vector_bases(
        "IndexerRole", "ReadsAndWritesRows", "dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:Scan"
    ),
    *(
        row
        for role in ALL_ROLES
        for row in rows(role, "UsesKey", {
            ("kms:Decrypt", KEY): lambda uses: uses.key("decrypt"),
            ("kms:GenerateDataKey", KEY): lambda uses: uses.key("generate_data_key"),
        })
    ),
]


def policies():
    """(role, policy document) for every role and policy of the template."""
    for name, resource in TEMPLATE["Resources"].items():
        properties = resource["Properties"]
        if resource["Type"] == "AWS::IAM::Role":
            assert not properties.get("ManagedPolicyArns")
            yield from ((name, policy["PolicyDocument"]) for policy in properties["Policies"])
        elif resource["Type"] == "AWS::IAM::ManagedPolicy":
            # A role that is there under a condition only stands second in it.
            roles = [role["Fn::If"][1] if "Fn::If" in role else role for role in properties["Roles"]]
            yield from ((role["Ref"], properties["PolicyDocument"]) for role in roles)


def in_template():
    """(role, sid, action, text of the resource) of every permission of the template."""
    return [
        (role, statement["Sid"], action, json.dumps(resource))
        for role, document in policies()
        for statement in document["Statement"]
        for action in many(statement["Action"])
        for resource in many(statement["Resource"])
    ]


# What no role may do, whatever else is switched on: a call, and what it is made with.
FORBIDDEN = {
    "SearchRole": [
        ("s3", "put_object", lambda s: {"Bucket": s.catalog, "Key": "catalog/x.jpg"}),
        ("s3", "delete_object", lambda s: {"Bucket": s.catalog, "Key": "catalog/x.jpg"}),
        ("s3", "delete_object", lambda s: {"Bucket": s.catalog, "Key": "uploads/x.jpg"}),
        ("s3", "get_object", lambda s: {"Bucket": s.catalog, "Key": "private/x.jpg"}),
        ("s3", "put_object", lambda s: {"Bucket": s.index, "Key": "index/manifest.json"}),
        ("s3", "delete_object", lambda s: {"Bucket": s.index, "Key": "index/manifest.json"}),
        ("s3", "get_object", lambda s: {"Bucket": s.index, "Key": "other/manifest.json"}),
        ("sqs", "receive_message", lambda s: {"QueueUrl": s.resource("ChangesQueue")}),
        ("sqs", "send_message", lambda s: {"QueueUrl": s.resource("ChangesQueue"), "MessageBody": "{}"}),
        ("sqs", "purge_queue", lambda s: {"QueueUrl": s.resource("DeadLetters")}),
        ("dynamodb", "put_item", lambda s: {"TableName": s.table, "Item": item()}),
        ("dynamodb", "delete_item", lambda s: {"TableName": s.table, "Key": item()}),
        ("dynamodb", "batch_write_item", lambda s: {"RequestItems": {s.table: [{"PutRequest": {"Item": item()}}]}}),
        ("logs", "create_log_stream", lambda s: {"logGroupName": f"/lookalike/{s.name}/indexer", "logStreamName": "x"}),
    ],
    "IndexerRole": [
        ("s3", "get_object", lambda s: {"Bucket": s.catalog, "Key": "uploads/x.jpg"}),
        ("s3", "put_object", lambda s: {"Bucket": s.catalog, "Key": "catalog/x.jpg"}),
        ("s3", "put_object", lambda s: {"Bucket": s.catalog, "Key": "uploads/x.jpg"}),
        ("s3", "delete_object", lambda s: {"Bucket": s.catalog, "Key": "catalog/x.jpg"}),
        ("s3", "put_object", lambda s: {"Bucket": s.index, "Key": "other/manifest.json"}),
        ("s3", "delete_object", lambda s: {"Bucket": s.index, "Key": "other/manifest.json"}),
        ("sqs", "send_message", lambda s: {"QueueUrl": s.resource("DeadLetters"), "MessageBody": "{}"}),
        ("sqs", "receive_message", lambda s: {"QueueUrl": s.resource("DeadLetters")}),
        ("sqs", "purge_queue", lambda s: {"QueueUrl": s.resource("ChangesQueue")}),
        ("dynamodb", "scan", lambda s: {"TableName": s.table}),
        ("dynamodb", "update_item", lambda s: {"TableName": s.table, "Key": item()}),
        ("dynamodb", "delete_table", lambda s: {"TableName": s.table}),
        ("lambda", "invoke", lambda s: {"FunctionName": s.outputs["SearchFunction"]}),
        ("iam", "list_roles", lambda s: {}),
        ("logs", "create_log_stream", lambda s: {"logGroupName": f"/lookalike/{s.name}/search", "logStreamName": "x"}),
    ],
}


def item():
    """The key of a product in the table."""
    return {"product_id": {"S": "x"}, "item": {"S": "product"}}
