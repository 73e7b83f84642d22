"""Two real processes train like one process with twice the batch size."""

import os
import subprocess
import sys
from pathlib import Path

import torch

PROGRAM = """
import sys
from dataclasses import replace
from pathlib import Path

import torch
from brushwork.networks import PasticheConfig
from brushwork.training.config import OptimizerConfig, Recipe
from brushwork.training.data_config import DataConfig
from brushwork.training.process import find_process, leave_processes
from brushwork.training.progress import TermMeans
from brushwork.training.setup import open_batches, prepare
from brushwork.training.train import batch_loss, lead_minutes

torch.set_num_threads(1)
pictures, target = map(Path, sys.argv[1:])
recipe = Recipe(
    precision="f32",
    # No batch norm: each process would take the statistics of its own half.
    network=PasticheConfig(styles=("0", "1", "2"), width=0.125, encoder_norm="instance"),
    data=DataConfig(contents=(str(pictures / "contents"),), styles=(str(pictures / "styles"),), batch=4,
                    content_sides=(32,), style_sides=(32,), short_side=48),
)
process = find_process("cpu")
setup = prepare(recipe, None, process)
with open_batches(recipe, process) as batches:
    total, terms = batch_loss(setup, recipe, batches.batch(0))
means = TermMeans()
means.add({"total": terms["total"]})
means.join(process)
assert torch.isclose(torch.tensor(means.check(1)["total"]), terms["total"].mean()) == (process.world == 1)
logged = means.record(1, 1, 0.0, 0.0)
total.backward()
if process.lead:
    torch.save({name: p.grad for name, p in setup.network.named_parameters() if p.grad is not None}
               | {"logged": torch.tensor([logged.terms["total"], logged.pastiches])}, target)
assert lead_minutes(1.0 + process.rank, process) == 1  # clocks differ, and all plan by the first
del setup, total
leave_processes()
"""


def test_two_processes_have_the_gradients_of_one_with_twice_the_batch_size(pictures: Path, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    subprocess.run([sys.executable, program, pictures, tmp_path / "one.pt"], check=True, env=environment)
    subprocess.run([*torchrun, program, pictures, tmp_path / "two.pt"], check=True, env=environment)
    one, two = (torch.load(tmp_path / name, weights_only=True) for name in ("one.pt", "two.pt"))
    assert one.keys() == two.keys() and len(one) > 20
    for name, gradient in one.items():
        torch.testing.assert_close(two[name], gradient, rtol=1e-3, atol=1e-6 + 1e-4 * float(gradient.abs().max()))
