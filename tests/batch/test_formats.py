"""Every kind of file through a run: in memory, by strips, and with each way to tile."""

from pathlib import Path

import numpy as np
import pytest

from brushwork import images
from brushwork.batch.options import Options
from brushwork.batch.plan import plan
from brushwork.batch.run import run
from brushwork.model_folder import ModelFolder
from brushwork.runtime.openvino import OpenVINORuntime
from brushwork.stylizer import Stylizer
from tests.images.test_conversion import FILES


@pytest.fixture(scope="module")
def stylizer(table_folder: ModelFolder) -> Stylizer:
    runtime = OpenVINORuntime(table_folder.path, "digest", precision="f32")
    return Stylizer(runtime, styles=table_folder.styles, width=0.25)


@pytest.mark.parametrize("name", FILES)
def test_a_pastiche_does_not_depend_on_how_its_content_was_read(
    name: str, stylizer: Stylizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A picture so small is sampled whole, so the fast statistics are exact, too."""
    (tmp_path / name).write_bytes(FILES[name])
    pastiches = {}
    for mode, large in (("never", 10**9), ("never", 0), ("fast", 0), ("exact", 0)):
        monkeypatch.setattr("brushwork.batch.run.LARGE", large)
        jobs = plan([str(tmp_path / name)], ["dots"], str(tmp_path / f"{mode}-{large}.png"))
        (record,) = run(jobs, lambda: stylizer, Options(tile=mode, depth=16))
        assert record.error is None
        pastiches[mode, large] = images.open(record.pastiche), record.notices
    whole, notices = pastiches.pop(("never", 10**9))
    assert len(pastiches) == 3
    for pastiche, said in pastiches.values():
        assert said == notices
        np.testing.assert_allclose(pastiche.image, whole.image, atol=2 / 255)
        assert (pastiche.alpha is None) == (whole.alpha is None)
        if whole.alpha is not None:
            np.testing.assert_allclose(pastiche.alpha, whole.alpha, atol=1 / 255)
