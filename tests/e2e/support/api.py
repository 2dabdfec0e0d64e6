"""The features of the service under test, from its own document."""


class Api:
    """The OpenAPI document."""

    def __init__(self, system):
        self.document = system.get("/openapi.json")

    def takes(self, parameter, path="/search", method="post"):
        """Returns true if a route has a query parameter."""
        parameters = self.document["paths"][path][method].get("parameters", [])
        return parameter in {one["name"] for one in parameters}

    def answers(self, schema, member):
        """Returns true if a schema has a member."""
        return member in self._members(self.document["components"]["schemas"][schema])

    def _members(self, schema):
        if "$ref" in schema:
            schema = self.document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        members = set(schema.get("properties", {}))
        return members.union(*(self._members(part) for part in schema.get("allOf", [])))
