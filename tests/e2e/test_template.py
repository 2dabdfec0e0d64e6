"""The deployment's template, and its sample events."""

import base64
import itertools
import json
import re

import pytest
from samcli.lib.providers.api_provider import ApiProvider
from samcli.lib.providers.sam_stack_provider import SamLocalStackProvider
from samcli.yamlhelper import yaml_parse
from support.command import ROOT, lookalike, run, tool

EVENTS = sorted((ROOT / "infra" / "events").glob("*.json"))


@pytest.fixture(scope="module")
def template():
    return yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["template.yaml", "infra/local.yaml"])
def test_sam_validates_and_lints_the_template(name):
    variables = {"AWS_DEFAULT_REGION": "eu-central-1", "SAM_CLI_TELEMETRY": "0"}
    command = [tool("sam"), "validate", "--lint", "--template", ROOT / name]
    validated = run(command, variables, cwd=ROOT).expect()
    assert "is a valid SAM Template" in validated.stdout + validated.stderr


def test_the_stack_has_every_output_that_the_command_reads(template):
    source = (ROOT / "crates" / "cli" / "src" / "target.rs").read_text(encoding="utf-8")
    table = re.search(r"STACK_OUTPUTS: .*? = \[(.*?)\];", source, re.DOTALL).group(1)
    wanted = dict(re.findall(r'\("(\w+)", "(\w+)"\)', table))
    assert "LOOKALIKE_CATALOG_BUCKET" in wanted
    assert set(wanted.values()) <= set(template["Outputs"])


def statements(template, role):
    """Returns what a role allows: actions and resources, each as a list of text."""
    as_list = lambda value: value if isinstance(value, list) else [value]
    properties = template["Resources"][role]["Properties"]
    policies = properties.get("Policies", [properties])
    for statement in (s for policy in policies for s in policy["PolicyDocument"]["Statement"]):
        assert statement["Effect"] == "Allow"
        yield as_list(statement["Action"]), [json.dumps(r) for r in as_list(statement["Resource"])]


def actions(template, *roles):
    return {action for role in roles for allowed, _ in statements(template, role) for action in allowed}


# Calls of the SDK whose permission has another name than the call.
PERMISSIONS = {
    "head_bucket": "s3:ListBucket",
    "head_object": "s3:GetObject",
    "list_objects_v2": "s3:ListBucket",
    "create_multipart_upload": "s3:PutObject",
    "upload_part": "s3:PutObject",
    "complete_multipart_upload": "s3:PutObject",
}


# What is allowed only with Engine=dynamodb.
VECTOR_BASE_POLICIES = ("SearchVectorBasePolicy", "IndexerVectorBasePolicy")


def calls_of_the_adapters():
    """Returns the permission for each SDK call in the adapters' code."""
    operations = re.compile(
        r"\.((?:get|put|head|delete|list)_(?:object\w*|bucket\w*|item)|upload_part\w*|\w+_multipart_upload"
        r"|batch_\w+_item|update_item|query|scan|search_vectors|transact_\w+)\(\)"
    )
    for path in (ROOT / "crates" / "aws" / "src").rglob("*.rs"):
        if "tests" in path.parts:
            continue
        for name in operations.findall(path.read_text(encoding="utf-8").split("#[cfg(test)]")[0]):
            plain = "".join(part.capitalize() for part in name.split("_"))
            of_table = re.search(r"Item|Query|Scan|Transact|Vectors", plain)
            yield PERMISSIONS.get(name) or ("dynamodb:" if of_table else "s3:") + plain


def test_the_functions_have_exactly_the_permissions_that_their_code_needs(template):
    called = set(calls_of_the_adapters())
    assert {"s3:GetObject", "s3:PutObject", "dynamodb:BatchGetItem", "dynamodb:Query"} <= called
    # Only if the operator enabled audits may everything be read.
    audit = template["Resources"]["AuditPolicy"]
    assert audit["Condition"] == "Audits" and audit["Properties"]["Roles"] == [{"Ref": "SearchRole"}]
    assert template["Parameters"]["AuditSeconds"]["Default"] == 0
    assert actions(template, "AuditPolicy") == {"dynamodb:Scan"}
    both = {"Fn::And": [{"Condition": "Audits"}, {"Condition": "UsesVectorBases"}]}
    of_rows = template["Resources"]["VectorBaseAuditPolicy"]
    assert of_rows["Properties"]["Roles"] == [{"Ref": "SearchRole"}]
    assert template["Conditions"][of_rows["Condition"]] == both
    everything = json.dumps({"Fn::Sub": "${Table.Arn}-base-*"})
    assert list(statements(template, "VectorBaseAuditPolicy")) == [(["dynamodb:Scan"], [everything])]
    allowed = actions(template, "IndexerRole", "SearchRole")
    assert allowed.isdisjoint({"dynamodb:Scan", "dynamodb:SearchVectors"})
    allowed |= {"dynamodb:Scan"} | actions(template, *VECTOR_BASE_POLICIES)
    of_stores = {action for action in allowed if action.startswith(("s3:", "dynamodb:"))}
    # Lambda reads the table's stream with the indexer's role.
    of_stream = {f"dynamodb:{call}" for call in ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")}
    assert of_stores == called | of_stream
    assert of_stream.isdisjoint(actions(template, "SearchRole"))
    assert not [action for action in allowed if "*" in action]
    for role in ("IndexerRole", "SearchRole", *VECTOR_BASE_POLICIES):
        assert not [r for _, resources in statements(template, role) for r in resources if r == '"*"']
    assert {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"} <= actions(
        template, "IndexerRole"
    )


def test_vector_bases_may_only_be_used_where_they_are_chosen(template):
    assert template["Parameters"]["Engine"]["Default"] == "segments"
    assert template["Conditions"]["UsesVectorBases"] == {"Fn::Equals": [{"Ref": "Engine"}, "dynamodb"]}
    assert template["Outputs"]["Engine"]["Value"] == {"Ref": "Engine"}
    source = (ROOT / "crates" / "cli" / "src" / "target.rs").read_text(encoding="utf-8")
    assert 'ENGINE_OUTPUT: &str = "Engine"' in source and 'VECTOR_BASES: &str = "dynamodb"' in source
    schema = ROOT / "crates" / "aws" / "src" / "dynamodb" / "vector_base" / "schema.rs"
    indexes = dict(re.findall(r'const (BY_\w+): &str = "([\w-]+)"', schema.read_text(encoding="utf-8")))
    tables = "${Table.Arn}-base-*"
    wanted = {
        "dynamodb:SearchVectors": f"{tables}/index/{indexes['BY_VECTOR']}",
        "dynamodb:Query": f"{tables}/index/{indexes['BY_PRODUCT']}",
        "dynamodb:BatchGetItem": tables,
    }
    writing = {"dynamodb:PutItem": tables, "dynamodb:Scan": tables}
    for policy, role, expected in zip(
        VECTOR_BASE_POLICIES, ("SearchRole", "IndexerRole"), (wanted, wanted | writing), strict=True
    ):
        resource = template["Resources"][policy]
        assert resource["Condition"] == "UsesVectorBases"
        assert resource["Properties"]["Roles"] == [{"Ref": role}]
        found = {action: where for allowed, where in statements(template, policy) for action in allowed}
        found = {action: where for action, where in found.items() if action.startswith("dynamodb:")}
        assert found == {action: [json.dumps({"Fn::Sub": where})] for action, where in expected.items()}


def test_searching_changes_nothing(template):
    writing = [
        (action, resources)
        for policy in ("SearchRole", "SearchVectorBasePolicy")
        for allowed, resources in statements(template, policy)
        for action in allowed
        if re.search("Put|Write|Delete|Update|Send", action) and not action.startswith("logs:")
    ]
    assert len(writing) == 1
    action, resources = writing[0]
    assert action == "s3:PutObject"
    assert len(resources) == 1 and "/uploads/*" in resources[0]


def test_every_watched_metric_is_emitted(template):
    named = set()
    sources = [(ROOT / "crates" / crate / "src").rglob("*.rs") for crate in ["core", "indexing", "search"]]
    for path in itertools.chain(*sources):
        named |= set(re.findall(r'"([A-Z][A-Za-z]+)"', path.read_text(encoding="utf-8")))
    resources = template["Resources"].values()
    alarms = [r["Properties"] for r in resources if r["Type"] == "AWS::CloudWatch::Alarm"]
    watched = {alarm["MetricName"] for alarm in alarms if alarm.get("Namespace") == "lookalike"}
    assert watched
    body = next(r for r in resources if r["Type"] == "AWS::CloudWatch::Dashboard")
    body = body["Properties"]["DashboardBody"]["Fn::Sub"]
    for widget in json.loads(re.sub(r"\$\{[\w.:]+\}", "x", body))["widgets"]:
        namespace = name = None
        for namespace_or_dot, name_or_dot, *_ in widget["properties"]["metrics"]:
            if namespace_or_dot == "...":
                continue
            namespace = namespace if namespace_or_dot == "." else namespace_or_dot
            name = name if name_or_dot == "." else name_or_dot
            if namespace == "lookalike":
                watched.add(name)
    assert watched <= named
    source = (ROOT / "crates" / "aws" / "src" / "cloudwatch" / "emf.rs").read_text(encoding="utf-8")
    assert 'NAMESPACE: &str = "lookalike"' in source
    dimension = re.search(r'DIMENSION: &str = "(\w+)"', source).group(1)
    ours = [alarm for alarm in alarms if alarm.get("Namespace") == "lookalike"]
    assert all([d["Name"] for d in alarm["Dimensions"]] == [dimension] for alarm in ours)


def test_changed_products_reach_the_indexer(template):
    resources = template["Resources"]
    assert resources["Table"]["Properties"]["StreamSpecification"] == {"StreamViewType": "KEYS_ONLY"}
    events = resources["Indexer"]["Properties"]["Events"].values()
    (stream,) = [event["Properties"] for event in events if event["Type"] == "DynamoDB"]
    assert stream["Stream"] == {"Fn::GetAtt": ["Table", "StreamArn"]}
    assert stream["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert stream["DestinationConfig"]["OnFailure"]["Destination"] == {"Fn::GetAtt": ["ProductDeadLetters", "Arn"]}
    (pattern,) = stream["FilterCriteria"]["Filters"]
    wanted = json.loads(pattern["Pattern"])["dynamodb"]["Keys"]
    for path in EVENTS:
        records = json.loads(path.read_text(encoding="utf-8")).get("Records", [])
        for record in records:
            if record.get("eventSource") == "aws:dynamodb":
                of_product = not record["dynamodb"]["Keys"]["item"]["S"].startswith("image#")
                item = record["dynamodb"]["Keys"]["item"]["S"]
                assert (item in wanted["item"]["S"]) == of_product
    for allowed, where in statements(template, "IndexerRole"):
        if "dynamodb:GetRecords" in allowed:
            assert where == [json.dumps({"Fn::GetAtt": ["Table", "StreamArn"]})]


def test_the_template_accepts_the_names_that_the_functions_accept(template):
    pattern = template["Parameters"]["Filterable"]["AllowedPattern"]
    variables = {
        "LOOKALIKE_CATALOG_BUCKET": "catalog",
        "LOOKALIKE_INDEX_BUCKET": "index",
        "LOOKALIKE_TABLE": "lookalike",
    }
    for name in ("price", " in stock", "Größe", "nothing", "a=b", "price<5", "not", " and ", "!"):
        told = lookalike("status", extra_environment=variables | {"LOOKALIKE_FILTERABLE": name})
        taken = "LOOKALIKE_FILTERABLE" not in told.expect(1).stderr
        assert bool(re.fullmatch(pattern, name)) == taken, name
    variable = template["Globals"]["Function"]["Environment"]["Variables"]["LOOKALIKE_FILTERABLE"]
    assert variable == {"Fn::Join": [",", {"Ref": "Filterable"}]}
    assert template["Outputs"]["FilterableAttributes"]["Value"] == variable


def test_a_batch_has_time_for_six_attempts(template):
    seconds = template["Mappings"]["VisibilityOfTimeout"]
    parameters = template["Parameters"]
    assert {int(timeout) for timeout in seconds} == set(parameters["IndexerTimeout"]["AllowedValues"])
    window = parameters["BatchingWindow"]["MaxValue"]
    for timeout, visibility in seconds.items():
        assert visibility["Seconds"] >= 6 * int(timeout) + window


def test_an_image_is_given_up_only_when_no_try_can_be_running(template):
    resources = template["Resources"]
    indexer = resources["Indexer"]["Properties"]
    assert indexer["Environment"]["Variables"]["LOOKALIKE_INDEXER_SECONDS"] == indexer["Timeout"]
    visibility = {"Fn::FindInMap": ["VisibilityOfTimeout", indexer["Timeout"], "Seconds"]}
    for queue in ("ChangesQueue", "RetryQueue"):
        assert resources[queue]["Properties"]["VisibilityTimeout"] == visibility


def test_no_more_metrics_are_watched_by_default_than_are_free(template):
    watched = {"IsMonitored": 0, "IsFullyMonitored": 0, "MonitorsVectorBases": 0}
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::CloudWatch::Alarm":
            metrics = resource["Properties"].get("Metrics", [])
            watched[resource["Condition"]] += sum("MetricStat" in metric for metric in metrics) or 1
    assert watched == {"IsMonitored": 10, "IsFullyMonitored": 4, "MonitorsVectorBases": 2}
    conditions = template["Conditions"]
    expected = [{"Condition": "IsMonitored"}, {"Condition": "UsesVectorBases"}]
    assert conditions["MonitorsVectorBases"] == {"Fn::And": expected}
    # What it costs is said where it is chosen.
    costs = template["Parameters"]["Monitoring"]["Description"]
    assert "on two more, for about 0.20 USD" in costs and "on four more, for about 0.40 USD" in costs


def test_what_a_vector_base_needs_is_watched(template):
    alarms = {
        resource["Properties"]["MetricName"]: resource["Properties"]
        for resource in template["Resources"].values()
        if resource.get("Condition") == "MonitorsVectorBases"
    }
    assert alarms.keys() == {"RowsWaiting", "VectorBaseFailures"}
    assert all(alarm["Dimensions"] == [{"Name": "function", "Value": {"Ref": "Search"}}] for alarm in alarms.values())
    # Nothing is measured while nothing changes, and what waited goes on waiting.
    assert alarms["RowsWaiting"]["TreatMissingData"] == "ignore"
    source = ROOT / "crates" / "indexing" / "src" / "vector_base" / "drain.rs"
    of_a_run = re.search(r"MAX_ROWS: u64 = ([\d_]+)", source.read_text(encoding="utf-8")).group(1)
    assert alarms["RowsWaiting"]["Threshold"] > 2 * int(of_a_run)


def test_searches_and_uploads_have_rates_of_their_own(template):
    resources, parameters = template["Resources"], template["Parameters"]
    stage = resources["ApiStage"]["Properties"]
    routes = {r["Properties"]["RouteKey"]: n for n, r in resources.items() if r["Type"] == "AWS::ApiGatewayV2::Route"}
    default = resources[routes["$default"]]["Properties"]
    for route, settings in stage["RouteSettings"].items():
        # API Gateway refuses settings of a route that does not exist yet.
        assert routes[route] in resources["ApiStage"]["DependsOn"]
        for limit in ("ThrottlingRateLimit", "ThrottlingBurstLimit"):
            own = parameters[settings[limit]["Ref"]]["Default"]
            assert own < parameters[stage["DefaultRouteSettings"][limit]["Ref"]]["Default"]
        own = resources[routes[route]]["Properties"]
        assert {**own, "RouteKey": None} == {**default, "RouteKey": None}, "it is guarded in another way"
    assert set(stage["RouteSettings"]) == {"POST /search", "POST /uploads"}


def test_addresses_are_only_logged_if_the_operator_wants_them(template):
    settings = template["Resources"]["ApiStage"]["Properties"]["AccessLogSettings"]
    with_address, without = (
        json.loads("".join(part if isinstance(part, str) else part["Fn::If"][which] for part in settings["Format"]["Fn::Join"][1]))
        for which in (1, 2)
    )
    assert with_address.pop("address") == "$context.identity.sourceIp"
    assert with_address == without
    assert not [field for field in without.values() if "sourceIp" in field or "query" in field.lower()]
    assert template["Parameters"]["LogAddresses"]["Default"] == "false"


def test_changes_that_wait_too_long_raise_an_alarm_in_each_queue(template):
    alarms = [r["Properties"] for r in template["Resources"].values() if r["Type"] == "AWS::CloudWatch::Alarm"]
    thresholds = {
        alarm["Dimensions"][0]["Value"]["Fn::GetAtt"][0]: alarm["Threshold"]
        for alarm in alarms
        if alarm.get("MetricName") == "ApproximateAgeOfOldestMessage"
    }
    assert thresholds.keys() == {"ChangesQueue", "RetryQueue"}
    # An image that kills the process is delivered three times at most before it is given up, which must not raise an
    # alarm.
    longest = max(visibility["Seconds"] for visibility in template["Mappings"]["VisibilityOfTimeout"].values())
    assert thresholds["RetryQueue"] > 3 * longest + max(template["Parameters"]["IndexerTimeout"]["AllowedValues"])


def test_nothing_is_open_unencrypted_or_kept_forever(template):
    resources = template["Resources"]
    of_type = lambda kind: {n: r["Properties"] for n, r in resources.items() if r["Type"] == kind}
    buckets, queues = of_type("AWS::S3::Bucket"), of_type("AWS::SQS::Queue")
    assert len(buckets) == 2 and len(queues) == 6
    for bucket in buckets.values():
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        assert bucket["BucketEncryption"]
    assert all(queue["SqsManagedSseEnabled"] for queue in queues.values())
    guarded = {
        json.dumps(target)
        for kind, field in (("AWS::S3::BucketPolicy", "Bucket"), ("AWS::SQS::QueuePolicy", "Queues"))
        for policy in of_type(kind).values()
        for target in (policy[field] if isinstance(policy[field], list) else [policy[field]])
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Deny"
        and statement["Condition"].get("Bool") == {"aws:SecureTransport": "false"}
        and statement["Principal"] == "*"
    }
    assert guarded == {json.dumps({"Ref": name}) for name in [*buckets, *queues]}
    groups = of_type("AWS::Logs::LogGroup")
    assert len(groups) == 4
    assert all(group["RetentionInDays"] for group in groups.values())


def test_the_template_accepts_the_origins_that_the_function_accepts(template):
    parameter = template["Parameters"]["CorsOrigins"]
    takes = lambda origin: re.fullmatch(parameter["AllowedPattern"], origin)
    for origin in ("*", "https://shop.example", " http://localhost:3000", "http://[::1]:8080"):
        assert takes(origin), origin
    for origin in ("", "shop.example", "https://*.shop.example", "https://shop.example/", "null"):
        assert not takes(origin), origin
    for origin, starts in (("https://shop.example", True), ("https://*.shop.example", False)):
        variables = {
            "LOOKALIKE_CATALOG_BUCKET": "catalog",
            "LOOKALIKE_INDEX_BUCKET": "index",
            "LOOKALIKE_TABLE": "lookalike",
            "LOOKALIKE_CORS_ORIGINS": origin,
        }
        refused = lookalike("status", extra_environment=variables).expect(1).stderr
        assert ("LOOKALIKE_CORS_ORIGINS" not in refused) == starts


def test_shared_caches_keep_only_public_answers(template):
    variables = template["Resources"]["Search"]["Properties"]["Environment"]["Variables"]
    assert variables["LOOKALIKE_CACHE_SECONDS"] == {"Ref": "CacheSeconds"}
    assert variables["LOOKALIKE_AUTHORIZATION"] == {"Ref": "Authorization"}
    stores = {f"LOOKALIKE_{name}": "lookalike" for name in ("CATALOG_BUCKET", "INDEX_BUCKET", "TABLE")}
    parameters = template["Parameters"]
    seconds = [parameters["CacheSeconds"][bound] for bound in ("Default", "MinValue", "MaxValue")]
    assert seconds[0] == 60
    taken = [("CACHE_SECONDS", str(value)) for value in seconds]
    taken += [("AUTHORIZATION", value) for value in parameters["Authorization"]["AllowedValues"]]
    refused = [("CACHE_SECONDS", str(seconds[2] + 1)), ("AUTHORIZATION", "none")]
    for name, value in taken + refused:
        said = lookalike("status", extra_environment=stores | {f"LOOKALIKE_{name}": value}).expect(1).stderr
        assert (f"LOOKALIKE_{name}" in said) == ((name, value) in refused), said


def test_the_indexer_never_writes_where_it_listens(template):
    for allowed, resources in statements(template, "IndexerRole"):
        if any(re.search("s3:(Put|Delete|Abort)", action) for action in allowed):
            assert not [resource for resource in resources if "CatalogBucket" in resource]
    resources = template["Resources"]
    prefixes = {
        rule["Value"]
        for bucket in resources.values()
        if bucket["Type"] == "AWS::S3::Bucket"
        for notification in bucket["Properties"]
        .get("NotificationConfiguration", {})
        .get("QueueConfigurations", [])
        for rule in notification["Filter"]["S3Key"]["Rules"]
    }
    assert prefixes == {"catalog/"}


def test_sam_local_can_be_told_an_endpoint_that_is_never_deployed(template):
    # The SAM CLI only sets variables that the template declares.
    variables = template["Globals"]["Function"]["Environment"]["Variables"]
    assert variables["AWS_ENDPOINT_URL"] == {"Ref": "AWS::NoValue"}


def test_sam_local_finds_the_routes():
    stacks, _ = SamLocalStackProvider.get_stacks(str(ROOT / "template.yaml"))
    routes = {
        (method, route.path): (route.function_name, route.payload_format_version)
        for route in ApiProvider(stacks, disable_authorizer=True).api.routes
        for method in route.methods
    }
    assert set(routes.values()) == {("Search", "2.0")}
    assert {("GET", "/health"), ("X-AMAZON-APIGATEWAY-ANY-METHOD", "$default")} <= set(routes)


def test_there_are_sample_events():
    assert len(EVENTS) >= 8


@pytest.mark.parametrize("path", EVENTS, ids=lambda path: path.stem)
def test_a_sample_event_is_valid(path, tmp_path):
    event = json.loads(path.read_text(encoding="utf-8"))
    assert isinstance(event, dict)
    if event.get("isBase64Encoded"):
        picture = tmp_path / "body"
        picture.write_bytes(base64.b64decode(event["body"], validate=True))
        lookalike("embed", picture).expect()
    elif event.get("body"):
        assert isinstance(json.loads(event["body"]), dict)
