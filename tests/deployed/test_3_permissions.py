"""Each permission of the roles is needed, and what they must not do is denied."""

import pytest
from permissions import ALWAYS, FORBIDDEN, OPTIONAL, ROLES, in_template
from roles import Role, is_denied
from uses import KEY, Uses

OF_OPTIONS = {(permission.role, permission.sid) for permission in OPTIONAL}


def test_the_table_has_every_permission_of_the_template():
    listed = [*ALWAYS, *OPTIONAL]
    left = in_template()
    for permission in listed:
        role, sid, action, resource = permission.key
        found = [entry for entry in left if entry[:3] == (role, sid, action) and resource in entry[3]]
        assert len(found) == 1, f"{permission}: {found}"
        left.remove(found[0])
    assert not left, "no use is listed that needs these"


@pytest.fixture(scope="module")
def roles(shop):
    """Both roles."""
    return {name: Role(shop, name) for name in ROLES}


@pytest.fixture(scope="module")
def credentials(roles):
    """Credentials of both roles."""
    return {name: role.credentials() for name, role in roles.items()}


@pytest.fixture(scope="module")
def quiet(shop):
    """Nobody polls the queues, or what must fail here would be tried again in half an hour."""
    with shop.unpolled():
        yield
        shop.s3.delete_object(Bucket=shop.catalog, Key=KEY)
        assert shop.invoke("Indexer", shop.event("s3-delete", KEY))["removed"] == 1


@pytest.mark.parametrize("permission", ALWAYS, ids=str)
def test_without_a_permission_a_use_fails(permission, shop, roles, credentials, quiet, pictures):
    role = roles[permission.role]
    wanted = [entry for entry in in_template() if entry[0] == permission.role and entry[:2] not in OF_OPTIONS]
    granted = list(role.permissions())
    assert [entry[1:3] for entry in wanted] == [entry[:2] for entry in granted]
    place = next(i for i, entry in enumerate(wanted) if entry[1:3] == permission.key[1:3] and permission.resource in entry[3])
    uses = Uses(shop, pictures[0].bytes, role.arn, credentials[permission.role])
    assert permission.use(uses)
    with role.without(*granted[place]):
        assert not permission.use(uses), "it is not needed"
    assert permission.use(uses)


@pytest.mark.parametrize(
    ("role", "service", "call", "arguments"),
    [(role, *forbidden) for role, list_ in FORBIDDEN.items() for forbidden in list_],
)
def test_a_role_may_not(role, service, call, arguments, shop, credentials):
    client = shop.client(service, credentials=credentials[role])
    assert is_denied(lambda: getattr(client, call)(**arguments(shop)))
