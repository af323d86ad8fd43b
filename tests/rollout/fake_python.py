"""`python -m rollout` with a fake in the place of Pulumi and AWS; `FAILING_UPDATE` names a stack whose update fails."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from rollout import pulumi_deployer
from rollout.__main__ import main
from rollout.options import DeployerOptions
from rollout.plan import Plan, PlannedStack, build_plan
from tests.rollout.fake_deployer import TABLE_ARNS, FakeDeployer


class FakeDeployerOfExample(FakeDeployer):
    """Knows nothing of earlier processes, so the hub's stack always has its outputs."""

    def __init__(self, plan: Plan) -> None:
        failing = os.environ.get("FAILING_UPDATE")
        super().__init__(plan, {("update", failing): 1} if failing else {})
        self._hub = plan.hub

    def outputs(self, stack: PlannedStack) -> Mapping[str, object]:
        hub_outputs = {key: arn.replace("1" * 12, self._hub.account_id) for key, arn in TABLE_ARNS.items()}
        return hub_outputs if stack.name == self._hub.name else {}


def create_deployer(options: DeployerOptions) -> FakeDeployer:
    """In the place of `PulumiDeployer`. Says with which program and secrets provider."""
    sys.stderr.write(f"program: {options.program}, secrets provider: {options.secrets_provider}\n")
    return FakeDeployerOfExample(build_plan(Path(sys.argv[-1]).read_text(encoding="utf-8")))


if __name__ == "__main__":
    assert sys.argv[1:3] == ["-m", "rollout"], sys.argv
    pulumi_deployer.PulumiDeployer = create_deployer  # type: ignore[assignment,misc]
    sys.exit(main(sys.argv[3:]))
