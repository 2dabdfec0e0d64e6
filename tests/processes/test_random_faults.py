"""Whatever happens to processes, network, clocks and cloud: once it is over, the index is what the shop has."""

from collections import Counter

from agreement import check_garbage, check_index, check_pages, check_searches, settle
from faults import Faults


def test_everything_agrees_after_faults(make_world, seed, request, figures):
    world = make_world(seed)
    faults = Faults(world, seed)
    world.open()
    faults.run(request.config.getoption("--seconds"))
    world.end_changes()
    dead = settle(world)

    check_index(world)
    for at in range(len(world.searchers)):
        check_searches(world, at)
    check_pages(world)
    check_garbage(world)
    assert world.shoppers.wrong == []
    assert world.shoppers.unexplained(faults.felt) == []
    for function in world.functions.values():
        assert function.deaths == [], f"{function.name} ended by itself"

    requests = sum((link.injected for link in world.links.values()), Counter())
    figures(f"seed {seed}: faults {dict(sorted(faults.counts.items()))}")
    figures(f"  requests hit {dict(sorted(requests.items()))}")
    figures(f"  shop {world.shop.counts}, dead letters {len(dead)}")
    figures(f"  searches {dict(sorted(world.shoppers.counts.items()))}")
    deliveries = sum(poller.deliveries for poller in world.pollers)
    lost = sum(poller.lost for poller in world.pollers)
    kills = sum(function.kills for function in world.functions.values())
    timeouts = sum(function.timeouts for function in world.functions.values())
    figures(f"  {deliveries} deliveries, {lost} without an answer; {kills} processes killed, {timeouts} timed out")
