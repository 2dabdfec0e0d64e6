"""Vector bases on another implementation of DynamoDB's vector indexes than that of the local cloud."""

from support.command import ROOT, run

TEST = "vector_bases_conform_on_an_emulator"
# With what is not compiled yet.
TIME = 30 * 60.0


def test_vector_bases_conform(emulator):
    command = ["cargo", "test", "--workspace", "--test", "adapters", "--", "--ignored", "--exact", TEST]
    outcome = run(command, emulator.environment, timeout=TIME, cwd=ROOT).expect()
    assert f"test {TEST} ... ok" in outcome.stdout, outcome.stdout
